# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public interface: what playbooks are written against does not change by accident."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible.module_utils import basic
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.documentation import read_documentation

ROOT, MODULES = in_process.ROOT, in_process.MODULES
UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"

# What the options take whose type says no more than int, str, dict or path. Others in _id or _ids take integer IDs, or datastream_ids of some modules UUIDs.
KINDS = {
    "a UUID": {"workspace_ids"},
    "a whole number": {"batch_size", "ledger_wait", "limit", "poll_interval", "value", "wait"},
    "a time": {"created_from", "created_to", "end", "since", "start"},
    "a time of day": {"deadline"},
    "a dictionary": {"settings"},
    "a path or a URL": {"destination", "ledger", "source"},
}
WITH_UUIDS = ("adverity_datastream", "adverity_datastream_info", "adverity_smart_pulling", "adverity_smart_pulling_info")
SECRETS = {"api_key", "ledger_password", "source_password", "destination_password"}
ENVIRONMENT = {
    "instance": "ADVERITY_INSTANCE", "api_key": "ADVERITY_API_KEY", "validate_certs": "ADVERITY_VALIDATE_CERTS", "ca_path": "ADVERITY_CA_PATH",
    "timeout": "ADVERITY_TIMEOUT", "retries": "ADVERITY_RETRIES", "retry_max_delay": "ADVERITY_RETRY_MAX_DELAY", "ledger": "ADVERITY_LEDGER",
    "ledger_password": "ADVERITY_LEDGER_PASSWORD", "ledger_wait": "ADVERITY_LEDGER_WAIT", "destination_password": "ADVERITY_LEDGER_PASSWORD",
}  # fmt: skip
# What each module that has this option refuses together, or needs together.
SHARED_RULES = {
    "all_datastreams": {"mutually_exclusive": [("all_datastreams", "datastream_ids"), ("all_datastreams", "filters")]},
    "extract_ids": {"mutually_exclusive": [("extract_ids", "datastream_ids")]},
    "workspace_scope": {"required_by": {"workspace_scope": "workspace_ids"}},
}
# And what else a module does.
RULES = {
    "adverity_binding": {"required_one_of": [("binding_ids", "datastream_id", "target_id")]},
    "adverity_destination": {"required_if": [("state", "absent", ("target_id", "name"))], "required_by": {"connection_type": "connection"}},
    "adverity_destination_info": {"required_if": [("schema", True, ("type",))]},
    "adverity_directory_info": {
        "required_one_of": [("workspaces", "datastreams", "connections")], "required_by": {"connection_types": "connections"},
    },
    "adverity_requeue": {
        "mutually_exclusive": [("extract_ids", "created_from"), ("extract_ids", "created_to")],
        "required_one_of": [("extract_ids", "datastream_ids", "binding_ids", "target_id")],
    },
}  # fmt: skip


FACTS = {"type": "str", "elements": None, "default": None, "required": False, "aliases": [], "choices": None}  # and what they are where nothing is said


def described(options, inner):
    """What argument specs and documentation both say of options."""
    return {
        name: {**{fact: row.get(fact, otherwise) for fact, otherwise in FACTS.items()}, "options": described(row.get(inner) or {}, inner)}
        for name, row in options.items()
    }


def every_option(options):
    """The options with those inside them."""
    return [pair for name, row in options.items() for pair in ((name, row), *every_option(row.get("options") or {}))]


def listed(rules):
    """Each rule of its own."""
    return sorted((kind, each) for kind, some in rules.items() for each in (some.items() if isinstance(some, dict) else some))


@pytest.mark.parametrize("name", MODULES)
def test_options_are_as_documented(name):
    spec, rules = in_process.spec_of(name)
    assert described(spec, "options") == described(read_documentation(name)["options"], "suboptions")
    expected = [RULES.get(name, {}), *(shared for option, shared in SHARED_RULES.items() if option in spec)]
    assert listed(rules) == sorted(each for some in expected for each in listed(some))


@pytest.mark.parametrize("name", MODULES)
def test_option_has_the_kind_secrecy_and_variable_of_its_name(name):
    for option, row in every_option(in_process.spec_of(name)[0]):
        kinds = {kind for kind, names in KINDS.items() if option in names}
        if not kinds and option.endswith(("_id", "_ids")):
            kinds = {"a UUID" if option == "datastream_ids" and name in WITH_UUIDS else "an integer ID"}
        found = {getattr(row[key], "__name__", None) for key in ("type", "elements") if key in row} - {None}
        assert found == kinds, f"{option}: correct its type, or add its name to KINDS"
        assert (row.get("no_log") is True) is (option in SECRETS), option
        assert row.get("fallback", (basic.env_fallback, [None])) == (basic.env_fallback, [ENVIRONMENT.get(option)]), option


@pytest.mark.parametrize(
    ("name", "options", "taken"),
    [
        ("adverity_assignment", {"type": "t", "assignments": [{"datastream_id": "4"}]},
         {"assignments": [{"datastream_id": 4, "table_name": None, "settings": None}]}),
        ("adverity_job_info", {"start": "2026-01-31", "end": "2026-01-31"}, {"start": "2026-01-31T00:00:00Z", "end": "2026-01-31T23:59:59.999999Z"}),
        ("adverity_issue_info", {"since": "2026-01-31"}, {"since": "2026-01-31T00:00:00Z"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": "$HOME/ledger"}, {"ledger": "/home/deploy/ledger"}),
        ("adverity_requeue", {"binding_id": 5}, {"ledger": "/home/deploy/.ansible/adverity/requeue.sqlite3"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": " "}, {"ledger": "/home/deploy/.ansible/adverity/requeue.sqlite3"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": "postgresql://$x@h/~"}, {"ledger": "postgresql://$x@h/~"}),
    ],
)  # fmt: skip
def test_option_is_converted(monkeypatch, name, options, taken):
    monkeypatch.setenv("HOME", "/home/deploy")
    monkeypatch.setenv("ADVERITY_LEDGER", "")  # as an unset field of an AWX credential gives it
    parameters = in_process.read_options(name, {"instance": "acme.example", "api_key": "key", **options})
    assert {option: parameters[option] for option in taken} == taken


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("extract_info", {"datastream_id": 1, "limit": 0}, "of at least 1"),
        ("job_info", {"wait": -1}, "from 0 to 2592000"),
        ("job_info", {"poll_interval": 0}, "from 1 to 2592000"),
        ("load_info", {"wait": -1}, "from 0 to 2592000"),
        ("load_info", {"poll_interval": 0}, "from 1 to 2592000"),
        ("requeue", {"extract_ids": [1], "ledger_wait": -1}, "from 0 to 2592000"),
        ("requeue", {"extract_ids": [1], "batch_size": 0}, "from 1 to 50"),
        ("smart_pulling", {"datastream_id": UUID, "refresh_range": {"value": 0, "unit": "day"}}, "of at least 1"),
    ],
)
def test_number_out_of_bounds_is_refused(name, options, says):
    with pytest.raises(in_process.SpecError, match=f"is not a whole number {says}"):
        in_process.read_options("adverity_" + name, {"instance": "acme.example", "api_key": "key", **options})


def test_one_action_group_holds_every_module():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    group = runtime["action_groups"]["adverity"]
    assert sorted(group) == MODULES, f"missing in meta/runtime.yml: {set(MODULES) - set(group)}"
    assert list(runtime["action_groups"]) == ["adverity"]


def test_module_that_waits_has_an_action_plugin():
    waiting = {name for name in MODULES if "poll_interval" in in_process.spec_of(name)[0]}
    missing = waiting - {path.stem for path in (ROOT / "plugins" / "action").glob("*.py")}
    assert missing == set(), "missing in plugins/action: nobody sees how far the module is"


@pytest.mark.parametrize(
    ("source_instance", "says"),
    [
        ("acme.example/page", "source_instance is 'acme.example/page', but it must be a host name, or https://host[:port], without a path"),
        ("HTTPS://Old.example:443", "has no records of old.example, so there is nothing to move"),
    ],
)
def test_source_instance_of_ledger_copy_is_read_as_an_instance(tmp_path, source_instance, says):
    options = {"source": str(tmp_path / "a"), "destination": str(tmp_path / "b"), "source_instance": source_instance}
    with pytest.raises(AdverityError, match=re.escape(says)):
        in_process.run("adverity_ledger_copy", {"instance": "acme.example", "api_key": "key", **options}, check_mode=True)
