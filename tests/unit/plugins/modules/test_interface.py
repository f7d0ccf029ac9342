# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public interface: what playbooks are written against does not change by accident."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible.module_utils import basic
from ansible_collections.adverity.management.plugins.module_utils._api import client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import in_process

ROOT, MODULES = in_process.ROOT, in_process.MODULES
UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"

# Of each option: type, then what else there is to it. A type in brackets is a list of that type.
CONNECTION = {
    "instance": "str required ADVERITY_INSTANCE",
    "api_key": "str required no_log ADVERITY_API_KEY",
    "validate_certs": "bool =True ADVERITY_VALIDATE_CERTS",
    "ca_path": "path ADVERITY_CA_PATH",
    "timeout": "float =30.0 ADVERITY_TIMEOUT",
    "retries": "int =4 ADVERITY_RETRIES",
    "retry_max_delay": "float =60.0 ADVERITY_RETRY_MAX_DELAY",
}
FILTERS = {
    "workspace_ids": "[uuid]",
    "workspace_scope": "str ancestors|descendants|family",
    "enabled": "bool",
    "active_pulling_mode": "str smart|smart-bundle|schedule",
}
CHOICE = {"datastream_ids": "[uuid] alias:datastream_id", "filters": FILTERS, "all_datastreams": "bool"}
BINDING_IDS = {"binding_ids": "[id] alias:binding_id"}
LEDGER = {
    "ledger": "ledger =~/.ansible/adverity/requeue.sqlite3 ADVERITY_LEDGER",
    "ledger_password": "str no_log ADVERITY_LEDGER_PASSWORD",
    "ledger_wait": "number =300 ADVERITY_LEDGER_WAIT",
}
REQUEUE_SELECTION = {
    "extract_ids": "[id]",
    "datastream_ids": "[id] alias:datastream_id",
    "created_from": "time",
    "created_to": "time",
    **BINDING_IDS,
    "target_id": "id",
    **LEDGER,
}
REQUEUE_HOW = {
    "sequential": "bool =True",
    "batch_size": "number =50",
    "force": "bool =False",
    "on_unknown": "str =fail fail|check|requeue|skip|dispatched",
    "on_refused": "str =fail fail|skip",
    "on_failed": "str =skip skip|fail|requeue",
}
DESTINATION = {"name": "str", "workspace": "str", "target_id": "id"}
SETTINGS, FORCE_SETTINGS, STATE = {"settings": "dictionary"}, {"force_settings": "bool =False"}, {"state": "str =present present|absent"}
OPTIONS = {
    "adverity_assignment": {
        "type": "str required",
        "target_id": "id",
        "assignments": {"datastream_id": "id required", "table_name": "str", **SETTINGS},
        **FORCE_SETTINGS,
        **STATE,
        **LEDGER,
    },
    "adverity_destination": {
        "type": "str required", **DESTINATION, "connection": "str", "connection_type": "str", **SETTINGS, **FORCE_SETTINGS, **STATE, **LEDGER,
    },
    "adverity_destination_info": {"type": "str", **DESTINATION, "schema": "bool =False"},
    "adverity_directory_info": {"workspaces": "[str]", "datastreams": "[raw]", "connections": "[str]", "connection_types": "[str]"},
    "adverity_binding": {"enabled": "bool required", **BINDING_IDS, "datastream_id": "id", "target_id": "id", **LEDGER},
    "adverity_binding_info": {**BINDING_IDS, "datastream_id": "id", "target_id": "id", "enabled": "bool"},
    "adverity_datastream": {**CHOICE, "enabled": "bool", "pulling_mode": "str smart|schedule"},
    "adverity_datastream_info": {"datastream_ids": "[uuid] alias:datastream_id", **FILTERS},
    "adverity_smart_pulling": {
        **CHOICE,
        "is_active": "bool",
        "frequency": "str daily|weekly|monthly",
        "refresh_range": {"value": "number required", "unit": "str required day|week|month"},
        "deadline": "time of day",
        "reset": "[str] refresh_range|deadline",
    },
    "adverity_smart_pulling_info": {"datastream_ids": "[uuid] alias:datastream_id", **FILTERS},
    "adverity_extract_info": {"datastream_ids": "[id] required alias:datastream_id", "created_from": "time", "created_to": "time", "limit": "number"},
    "adverity_job_info": {
        "datastream_ids": "[id] alias:datastream_id", "start": "time", "end": "time", "states": "[str]", "wait": "number =0", "poll_interval": "number =15",
    },
    "adverity_issue_info": {"datastream_ids": "[id] alias:datastream_id", "since": "time", "acknowledged": "bool", "stages": "[str]"},
    "adverity_deployment_info": {**LEDGER, "variables": "dict required", "names": "[str] =[]"},
    "adverity_ledger_copy": {
        "source": "ledger required",
        "source_password": "str no_log",
        "destination": "ledger required",
        "destination_password": "str no_log ADVERITY_LEDGER_PASSWORD",
        "source_instance": "str",
        "ledger_wait": LEDGER["ledger_wait"],
    },
    "adverity_requeue": {
        **REQUEUE_SELECTION,
        **REQUEUE_HOW,
        "limit": "number",
        "state_labels": "dict ={}",
        "backfill": "str =always always|when_needed|never|recorded",
        "state": "str =requeued requeued|planned|recorded",
        "enabled_bindings": "[dict]",
    },
    "adverity_requeue_info": {**REQUEUE_SELECTION, "summary_only": "bool =False"},
    "adverity_load_info": {
        **REQUEUE_SELECTION, "wait": "number =0", "poll_interval": "number =15", "state_labels": "dict ={}",
        "outcomes": "[str] loaded|failed|loading|unconfirmed",
    },
}


KINDS = {
    "an integer ID": "id", "a UUID": "uuid", "a whole number": "number", "a time": "time", "a time of day": "time of day", "a path or a URL": "ledger",
    "a dictionary": "dictionary",
}  # fmt: skip


def described(option):
    """An option of an argument spec in the words of the tables above."""
    if option.get("options"):
        return {name: described(one) for name, one in option["options"].items()}
    kind, elements = (KINDS.get(getattr(one, "__name__", ""), one) for one in (option.get("type", "str"), option.get("elements")))
    words = [f"[{elements}]" if kind == "list" else str(kind)]
    words += [word for word in ("required", "no_log") if option.get(word)]
    if option.get("default") is not None:
        words.append(f"={option['default']}")
    words += ["alias:" + alias for alias in option.get("aliases", [])]
    if option.get("choices"):
        words.append("|".join(option["choices"]))
    if option.get("fallback"):
        function, names = option["fallback"]
        assert function is basic.env_fallback
        words += names
    return " ".join(words)


# What else of its options a module refuses together, or needs together.
REQUEUE_EXCLUSIVE, EXCLUSIVE = ("extract_ids", "datastream_ids"), [("all_datastreams", "datastream_ids"), ("all_datastreams", "filters")]
RULES = {
    "adverity_binding": {"required_one_of": [("binding_ids", "datastream_id", "target_id")]},
    "adverity_datastream": {"mutually_exclusive": EXCLUSIVE},
    "adverity_datastream_info": {"required_by": {"workspace_scope": "workspace_ids"}},
    "adverity_destination": {"required_if": [("state", "absent", ("target_id", "name"))], "required_by": {"connection_type": "connection"}},
    "adverity_destination_info": {"required_if": [("schema", True, ("type",))]},
    "adverity_directory_info": {
        "required_one_of": [("workspaces", "datastreams", "connections")], "required_by": {"connection_types": "connections"},
    },
    "adverity_load_info": {"mutually_exclusive": [REQUEUE_EXCLUSIVE]},
    "adverity_requeue": {
        "mutually_exclusive": [REQUEUE_EXCLUSIVE, ("extract_ids", "created_from"), ("extract_ids", "created_to")],
        "required_one_of": [("extract_ids", "datastream_ids", "binding_ids", "target_id")],
    },
    "adverity_requeue_info": {"mutually_exclusive": [REQUEUE_EXCLUSIVE]},
    "adverity_smart_pulling": {"mutually_exclusive": EXCLUSIVE},
    "adverity_smart_pulling_info": {"required_by": {"workspace_scope": "workspace_ids"}},
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_argument_spec_is_as_released(name):
    spec, rules = in_process.spec_of(name)
    assert {option: described(one) for option, one in spec.items()} == {**CONNECTION, **OPTIONS[name]}
    assert rules == RULES.get(name, {})


@pytest.mark.parametrize(
    ("name", "options", "taken"),
    [
        ("adverity_assignment", {"type": "t", "assignments": [{"datastream_id": "4"}]},
         {"assignments": [{"datastream_id": 4, "table_name": None, "settings": None}]}),
        ("adverity_job_info", {"start": "2026-01-31", "end": "2026-01-31"}, {"start": "2026-01-31T00:00:00Z", "end": "2026-01-31T23:59:59.999999Z"}),
        ("adverity_issue_info", {"since": "2026-01-31"}, {"since": "2026-01-31T00:00:00Z"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": "$HOME/ledger"}, {"ledger": "/home/deploy/ledger"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": " "}, {"ledger": "/home/deploy/.ansible/adverity/requeue.sqlite3"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": "postgresql://$x@h/~"}, {"ledger": "postgresql://$x@h/~"}),
    ],
)  # fmt: skip
def test_option_is_converted(monkeypatch, name, options, taken):
    monkeypatch.setenv("HOME", "/home/deploy")
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


def test_options_come_from_the_environment(monkeypatch):
    values = {
        "INSTANCE": "acme.example", "API_KEY": "key", "VALIDATE_CERTS": "no", "CA_PATH": "~/ca.pem", "TIMEOUT": "5", "RETRIES": "0",
        "RETRY_MAX_DELAY": "1.5", "LEDGER": "postgresql://u@h/d", "LEDGER_PASSWORD": "s3cret", "LEDGER_WAIT": "7",
    }  # fmt: skip
    for one, value in values.items():
        monkeypatch.setenv("ADVERITY_" + one, value)
    monkeypatch.setenv("HOME", "/home/deploy")
    parameters = in_process.read_options("adverity_requeue", {"extract_ids": [1]})
    expected = ("acme.example", "key", False, "/home/deploy/ca.pem", 5.0, 0, 1.5, "postgresql://u@h/d", "s3cret", 7)
    assert tuple(parameters[option] for option in (*CONNECTION, *LEDGER)) == expected
    monkeypatch.setenv("ADVERITY_LEDGER", "")  # as an unset field of an AWX credential
    assert in_process.read_options("adverity_requeue", {"extract_ids": [1]})["ledger"] == "/home/deploy/.ansible/adverity/requeue.sqlite3"


# What is returned


def test_one_action_group_holds_every_module():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    assert sorted(runtime["action_groups"]["adverity"]) == MODULES
    assert list(runtime["action_groups"]) == ["adverity"]


def test_the_version_is_that_of_the_collection():
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))
    assert galaxy["version"] == client.VERSION


# A module without requests, or with a bad host, says so


@pytest.mark.parametrize(
    ("source_instance", "says"),
    [
        ("acme.example/page", "source_instance is 'acme.example/page', but it must be a host name, or https://host[:port], without a path"),
        ("HTTPS://Old.example:443", "has no records of old.example, so there is nothing to move"),
    ],
)
def test_the_old_host_of_an_instance_is_read_as_the_instance_is(tmp_path, source_instance, says):
    options = {"source": str(tmp_path / "a"), "destination": str(tmp_path / "b"), "source_instance": source_instance}
    with pytest.raises(AdverityError, match=re.escape(says)):
        in_process.run("adverity_ledger_copy", {"instance": "acme.example", "api_key": "key", **options}, check_mode=True)
