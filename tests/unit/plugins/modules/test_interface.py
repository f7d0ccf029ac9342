# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public interface: what playbooks are written against does not change by accident."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible.module_utils import basic
from ansible_collections.adverity.management.plugins.module_utils._api import client, transport
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
    "workspace_ids": "[str]",
    "workspace_scope": "str ancestors|descendants|family",
    "enabled": "bool",
    "active_pulling_mode": "str smart|smart-bundle|schedule",
}
CHOICE = {"datastream_ids": "[str] alias:datastream_id", "filters": FILTERS, "all_datastreams": "bool"}
BINDING_IDS = {"binding_ids": "[int] alias:binding_id"}
LEDGER = {
    "ledger": "path =~/.ansible/adverity/requeue.sqlite3 ADVERITY_LEDGER",
    "ledger_password": "str no_log ADVERITY_LEDGER_PASSWORD",
    "ledger_wait": "int =300 ADVERITY_LEDGER_WAIT",
}
REQUEUE_SELECTION = {
    "extract_ids": "[int]",
    "datastream_ids": "[int] alias:datastream_id",
    "created_from": "str",
    "created_to": "str",
    **BINDING_IDS,
    "target_id": "int",
    **LEDGER,
}
REQUEUE_HOW = {
    "sequential": "bool =True",
    "batch_size": "int =50",
    "force": "bool =False",
    "on_unknown": "str =fail fail|check|requeue|skip|dispatched",
    "on_refused": "str =fail fail|skip",
    "on_failed": "str =skip skip|fail|requeue",
}
DESTINATION = {"name": "str", "workspace": "str", "target_id": "int"}
SETTINGS, FORCE_SETTINGS, STATE = {"settings": "dict"}, {"force_settings": "bool =False"}, {"state": "str =present present|absent"}
OPTIONS = {
    "adverity_assignment": {
        "type": "str required",
        "target_id": "int",
        "assignments": {"datastream_id": "int required", "table_name": "str", **SETTINGS},
        **FORCE_SETTINGS,
        **STATE,
        **LEDGER,
    },
    "adverity_destination": {
        "type": "str required", **DESTINATION, "connection": "str", "connection_type": "str", **SETTINGS, **FORCE_SETTINGS, **STATE, **LEDGER,
    },
    "adverity_destination_info": {"type": "str", **DESTINATION, "schema": "bool =False"},
    "adverity_directory_info": {"workspaces": "[str]", "datastreams": "[raw]", "connections": "[str]", "connection_types": "[str]"},
    "adverity_binding": {"enabled": "bool required", **BINDING_IDS, "datastream_id": "int", "target_id": "int", **LEDGER},
    "adverity_binding_info": {**BINDING_IDS, "datastream_id": "int", "target_id": "int", "enabled": "bool"},
    "adverity_datastream": {**CHOICE, "enabled": "bool", "pulling_mode": "str smart|schedule"},
    "adverity_datastream_info": {"datastream_ids": "[str] alias:datastream_id", **FILTERS},
    "adverity_smart_pulling": {
        **CHOICE,
        "is_active": "bool",
        "frequency": "str daily|weekly|monthly",
        "refresh_range": {"value": "int required", "unit": "str required day|week|month"},
        "deadline": "str",
        "reset": "[str] refresh_range|deadline",
    },
    "adverity_smart_pulling_info": {"datastream_ids": "[str] alias:datastream_id", **FILTERS},
    "adverity_extract_info": {"datastream_ids": "[int] required alias:datastream_id", "created_from": "str", "created_to": "str", "limit": "int"},
    "adverity_job_info": {
        "datastream_ids": "[int] alias:datastream_id", "start": "str", "end": "str", "states": "[str]", "wait": "int =0", "poll_interval": "int =15",
    },
    "adverity_issue_info": {"datastream_ids": "[int] alias:datastream_id", "since": "str", "acknowledged": "bool", "stages": "[str]"},
    "adverity_deployment_info": {**LEDGER, "variables": "dict required", "names": "[str] =[]"},
    "adverity_ledger_copy": {
        "source": "path required",
        "source_password": "str no_log",
        "destination": "path required",
        "destination_password": "str no_log ADVERITY_LEDGER_PASSWORD",
        "source_instance": "str",
        "ledger_wait": LEDGER["ledger_wait"],
    },
    "adverity_requeue": {
        **REQUEUE_SELECTION,
        **REQUEUE_HOW,
        "limit": "int",
        "state_labels": "dict ={}",
        "backfill": "str =always always|when_needed|never|recorded",
        "state": "str =requeued requeued|planned|recorded",
        "enabled_bindings": "[dict]",
    },
    "adverity_requeue_info": {**REQUEUE_SELECTION, "summary_only": "bool =False"},
    "adverity_load_info": {
        **REQUEUE_SELECTION, "wait": "int =0", "poll_interval": "int =15", "state_labels": "dict ={}",
        "outcomes": "[str] loaded|failed|loading|unconfirmed",
    },
}


def described(option):
    """An option of an argument spec in the words of the tables above."""
    if option.get("options"):
        return {name: described(one) for name, one in option["options"].items()}
    kind = str(option.get("type", "str"))
    words = ["[{0}]".format(str(option["elements"])) if kind == "list" else kind]
    words += [word for word in ("required", "no_log") if option.get(word)]
    if option.get("default") is not None:
        words.append("={0}".format(option["default"]))
    words += ["alias:" + alias for alias in option.get("aliases", [])]
    if option.get("choices"):
        words.append("|".join(option["choices"]))
    if option.get("fallback"):
        function, names = option["fallback"]
        assert function is basic.env_fallback
        words += names
    return " ".join(words)


def test_every_module_is_in_the_table():
    assert sorted(OPTIONS) == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_options(name):
    spec, _rules = in_process.spec_of(name)
    assert {option: described(one) for option, one in spec.items()} == {**CONNECTION, **OPTIONS[name]}


@pytest.mark.parametrize(
    ("name", "options", "taken"),
    [
        ("adverity_binding", {"binding_id": 7, "enabled": "yes"}, {"binding_ids": [7], "enabled": True}),
        ("adverity_binding", {"datastream_id": "456", "target_id": 789, "enabled": False}, {"datastream_id": 456, "target_id": 789}),
        ("adverity_destination", {"type": "t", "name": " {{ x }} ", "settings": {"a": {"b": 1}}}, {"name": " {{ x }} ", "settings": {"a": {"b": 1}}}),
        (
            "adverity_assignment",
            {"type": "t", "assignments": [{"datastream_id": "4"}]},
            {"assignments": [{"datastream_id": 4, "table_name": None, "settings": None}], "target_id": None},
        ),
        ("adverity_directory_info", {"datastreams": [456, "Ads, new", {"name": "x"}]}, {"datastreams": [456, "Ads, new", {"name": "x"}]}),
        ("adverity_extract_info", {"datastream_id": "456,457"}, {"datastream_ids": [456, 457]}),
        ("adverity_job_info", {"start": "2026-01-31", "end": "2026-01-31"}, {"start": "2026-01-31T00:00:00Z", "end": "2026-01-31T23:59:59.999999Z"}),
        ("adverity_issue_info", {"since": "2026-01-31", "acknowledged": "no"}, {"since": "2026-01-31T00:00:00Z", "acknowledged": False}),
        ("adverity_requeue", {"target_id": 789, "created_from": "2026-01-31"}, {"created_from": "2026-01-31T00:00:00Z", "backfill": "always"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": "$HOME/ledger", "ledger_wait": "0"}, {"ledger": "/home/deploy/ledger", "ledger_wait": 0}),
        ("adverity_requeue", {"binding_id": 5, "ledger": " "}, {"ledger": "/home/deploy/.ansible/adverity/requeue.sqlite3"}),
        ("adverity_requeue", {"binding_id": 5, "ledger": "postgresql://$x@h/~"}, {"ledger": "postgresql://$x@h/~", "ledger_password": None}),
        ("adverity_requeue_info", {}, {"summary_only": False, "ledger": "/home/deploy/.ansible/adverity/requeue.sqlite3", "ledger_wait": 300}),
        ("adverity_datastream", {"datastream_id": UUID.upper(), "enabled": True}, {"datastream_ids": [UUID]}),
        ("adverity_smart_pulling", {"all_datastreams": True, "deadline": "06:30"}, {"deadline": "06:30:00"}),
    ],
)
def test_options_that_are_taken(monkeypatch, name, options, taken):
    monkeypatch.setenv("HOME", "/home/deploy")
    parameters = in_process.read_options(name, {"instance": "acme.example", "api_key": "key", **options})
    assert {option: parameters[option] for option in taken} == taken


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("adverity_binding", {"binding_ids": [UUID], "enabled": True}, "takes an integer ID"),
        ("adverity_extract_info", {"datastream_id": UUID}, "takes an integer ID"),
        ("adverity_issue_info", {"since": "soon"}, "neither a date like"),
        ("adverity_extract_info", {"datastream_id": 1, "limit": 0}, "0 is not a whole number of at least 1"),
        ("adverity_requeue", {"extract_ids": [1], "created_from": "2026-01-01"}, "parameters are mutually exclusive: extract_ids|created_from"),
        ("adverity_requeue", {"extract_ids": [1], "created_to": "2026-01-01"}, "parameters are mutually exclusive: extract_ids|created_to"),
        ("adverity_requeue", {"created_from": "2026-01-01"}, "one of the following is required: extract_ids, datastream_ids, binding_ids, target_id"),
        ("adverity_requeue", {"extract_ids": [1], "ledger_wait": "-1"}, "'-1' is not a whole number from 0 to 2592000"),
        ("adverity_requeue", {"extract_ids": [1], "batch_size": 51}, "not a whole number from 1 to 50"),
        ("adverity_destination", {"type": "t", "name": "x", "state": "absent"}, "state is absent but all of the following are missing: target_id"),
        ("adverity_destination", {"type": "t", "target_id": UUID}, "takes an integer ID"),
        ("adverity_destination", {"type": "t", "name": "x", "connection_type": "c"}, "missing parameter(s) required by 'connection_type': connection"),
        ("adverity_destination_info", {"schema": True}, "schema is True but all of the following are missing: type"),
        ("adverity_assignment", {"type": "t", "assignments": [{"datastream_id": UUID}]}, "takes an integer ID"),
        ("adverity_directory_info", {}, "one of the following is required: workspaces, datastreams, connections"),
        ("adverity_directory_info", {"workspaces": ["x"], "connection_types": ["c"]}, "missing parameter(s) required by 'connection_types': connections"),
        ("adverity_datastream", {"datastream_id": 456, "enabled": True}, "takes a UUID"),
        ("adverity_smart_pulling", {"datastream_id": UUID, "deadline": "06:10"}, "not on the half hour"),
        ("adverity_smart_pulling", {"datastream_id": UUID, "refresh_range": {"value": 0, "unit": "day"}}, "not a whole number of at least 1"),
    ],
)
def test_options_that_are_refused(name, options, says):
    """Beside what the table of options says: what is required, and choices."""
    with pytest.raises(in_process.SpecError, match=re.escape(says)):
        in_process.read_options(name, {"instance": "acme.example", "api_key": "key", **options})


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


RETURNS = {
    "adverity_assignment": "assignments affected remaining",
    "adverity_destination": "destination created changes",
    "adverity_destination_info": "destinations count schemas",
    "adverity_directory_info": "workspaces datastreams connections",
    "adverity_binding": "bindings affected remaining unknown unfinished check_mode",
    "adverity_binding_info": "bindings count",
    "adverity_datastream": "datastreams affected remaining",
    "adverity_datastream_info": "datastreams count",
    "adverity_smart_pulling": "datastreams affected remaining",
    "adverity_smart_pulling_info": "smart_pulling count",
    "adverity_extract_info": "extracts count",
    "adverity_job_info": "jobs count unfinished",
    "adverity_issue_info": "issues count",
    "adverity_deployment_info": "options bindings steps name target_id create connection_id assign assignments check_mode",
    "adverity_ledger_copy": "source destination binding_count extract_count check_mode",
    "adverity_requeue": "requeued_extract_ids skipped_extract_ids unknown_extract_ids refused_extract_ids failed_extract_ids remaining_extract_ids"
    " extract_count batches bindings summary ledger unfinished check_mode",
    "adverity_requeue_info": "extracts counts backfills in_progress ledger",
    "adverity_load_info": "loads bindings counts failed_extract_ids unconfirmed jobs waited ledger",
}


@pytest.mark.parametrize("name", MODULES)
def test_return_values(name):
    assert set(yaml.safe_load(in_process.load(name).RETURN)) == set(RETURNS[name].split())


# What holds modules together


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


def test_a_missing_library_is_told(monkeypatch):
    monkeypatch.setattr(transport, "_REQUESTS_MISSING", "Traceback: no requests")
    with pytest.raises(AdverityError, match="requests"):
        in_process.run("adverity_binding_info", {"instance": "acme.example", "api_key": "key"})
