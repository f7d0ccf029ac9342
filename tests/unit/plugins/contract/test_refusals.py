# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: an error of readable length that says what is wrong, and nothing is written; where no look at the service is needed, nothing is asked.

What argument specs refuse stands in modules/test_interface.py, what the options of the connection must be in _api/test_connection.py.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import BIGQUERY, EMEA
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    WORKSPACE,
    ordinary_world,
    setting,
    uuid,
    uuids,
)
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.messages.pages import fits, messages_with

SECRET = "hunter2-in-the-address"
LOAD = {"datastream_id": 456, "target_id": 789}
OFF, WEEKLY = {"enabled": False}, {"is_active": True, "frequency": "weekly"}
EVERY = {"all_datastreams": True}
ONE, UNKNOWN = uuid(456), uuid(9999)
HERE = {"target_id": 789, "datastream_uuids": [ONE], "backfill": "never"}  # of the role
ONE_UNKNOWN = {**HERE, "datastream_uuids": [ONE, UNKNOWN]}
NEW = {"type": "bigquery", "name": "New", "workspace": "Acme", "connection": "Account", "settings": BIGQUERY}


@pytest.fixture(name="scene")
def fixture_scene(begin):
    """Datastreams with histories and bindings: 55, 56 and 123 are enabled, 140 is not available. Two destinations have the same name."""
    world = ordinary_world()
    world.data["workspaces"].append({"id": EMEA, "name": "EMEA", "parent": WORKSPACE})
    for number, place in enumerate((WORKSPACE, EMEA), 1):
        world.datastream(number, name="Google", workspace=place, smart=setting())
    world.data["connections"] = [{"id": 30, "name": "Account", "type": "bigquery", "workspace": WORKSPACE}]
    world.data["targets"] += [{"id": number, "name": "Twice", "workspace": WORKSPACE} for number in (700, 701)]
    return begin(world)


# Options that may not be empty, by module, and what else a call of it needs.
EMPTY = {
    "assignment": "assignments", "binding": "binding_ids", "binding_info": "binding_ids", "datastream": "datastream_ids filters",
    "datastream_info": "datastream_ids workspace_ids", "directory_info": "workspaces datastreams connections", "extract_info": "datastream_ids",
    "issue_info": "datastream_ids stages", "job_info": "datastream_ids states", "load_info": "extract_ids datastream_ids binding_ids",
    "requeue": "extract_ids datastream_ids binding_ids", "requeue_info": "extract_ids datastream_ids binding_ids",
    "smart_pulling": "datastream_ids filters", "smart_pulling_info": "datastream_ids workspace_ids",
}  # fmt: skip
# These select nothing, or come from other tasks.
MAY_BE_EMPTY = {
    "adverity_requeue.enabled_bindings", "adverity_deployment_info.names", "adverity_smart_pulling.reset", "adverity_load_info.outcomes",
    "adverity_directory_info.connection_types",
}  # fmt: skip
BESIDE = {
    "assignment": {"type": "bigquery", "target_id": 789}, "binding": {"enabled": True}, "datastream": OFF, "requeue": {"target_id": 789},
    "smart_pulling": WEEKLY,
}  # fmt: skip
# Places that no ledger can be at, and what is said of them; and a call of each module that opens one.
LEDGERS = {
    "requeue.sqlite3": "ledger is 'requeue.sqlite3', a relative path.",
    f"postgresql://u:{SECRET}@h/d": "ledger is a URL with a password in it (not shown).",
    "mysql://h/d": "ledger is a URL with 'mysql://'.",
}
OPENING = {
    "assignment": {"type": "bigquery", "target_id": 790, "assignments": [{"datastream_id": 458}]}, "binding": {"enabled": True, "target_id": 789},
    "destination": NEW, "deployment_info": {"variables": {"target_id": 789}}, "load_info": {}, "requeue": LOAD, "requeue_info": {},
}  # fmt: skip
SELECTS_NOTHING = "An empty list selects neither everything nor nothing"
# The module, its options, and words of its message.
UNASKED = {
    **{
        f"{module} with empty {option}": (
            module, {**BESIDE.get(module, {}), option: {} if option == "filters" else []}, f"{option} is empty. {SELECTS_NOTHING}",
        )
        for module, options in EMPTY.items() for option in options.split()
    },
    **{
        f"{module} with a ledger at {ledger[:5]}": (module, {**options, "ledger": ledger}, says)
        for module, options in OPENING.items() for ledger, says in LEDGERS.items()
    },
    "bindings chosen by null": ("binding", {"enabled": True, "binding_ids": None, "target_id": None}, "binding_ids, datastream_id, target_id"),
    "jobs the wrong way round": ("job_info", {"start": "2025-02-01", "end": "2025-01-31"}, "start", "later"),
    "nothing to send, by null": ("requeue", {"datastream_ids": None}, "extract_ids, datastream_ids"),
    **{
        f"bounds of a {module} the wrong way round": (
            module, {**LOAD, "created_from": "2025-02-01", "created_to": "2025-01-31"},
            "created_from (2025-02-01T00:00:00Z) is later than created_to (2025-01-31T23:59:59.999999Z). Nothing was changed.",
        )
        for module in ("requeue", "requeue_info")
    },
    "datastreams by nulls": ("datastream", {**OFF, "datastream_ids": None, "filters": None}, "datastream_ids, filters or all_datastreams"),
    "datastreams by false": ("datastream", {**OFF, "all_datastreams": False}, "datastream_ids, filters or all_datastreams"),
    "filters of nulls": ("datastream", {**OFF, "filters": {"enabled": None, "workspace_ids": None}}, "filters is empty"),
    "no workspaces": ("datastream", {**OFF, "filters": {"workspace_ids": []}}, "workspace_ids is empty"),
    "a scope alone": ("datastream", {**OFF, "filters": {"workspace_scope": "family"}}, "workspace_ids"),
    "no change": ("datastream", EVERY, "enabled, pulling_mode"),
    "an empty reset": ("smart_pulling", {**EVERY, "reset": []}, "is_active, frequency, refresh_range, deadline, reset"),
    "ids and names": (
        "role", {"target_id": 789, "type": "a", "datastream_ids": [1], "datastreams": ["A"]}, "mutually exclusive", "deploy_destination_datastreams",
    ),
    "id and name": ("role", {"target_id": 789, "name": "A"}, "mutually exclusive", "deploy_destination_target_id|deploy_destination_name"),
    "relative ledger": ("role", {"target_id": 789, "ledger": "ledgers/mine"}, "'ledgers/mine'"),
    "password in the ledger": ("role", {"target_id": 789, "ledger": f"postgresql://me:{SECRET}@db/x"}, "ADVERITY_LEDGER_PASSWORD"),
}
ASKED = {
    **{
        f"{module} with a ledger that cannot be opened": (module, {**options, "ledger": "/dev/null/ledger"}, "The ledger /dev/null/ledger cannot be used")
        for module, options in {**OPENING, "role": {"target_id": 789}}.items()
    },
    "an unknown binding": ("binding", {"enabled": True, "binding_ids": [123, 4711, 124]}, "binding_ids", "4711"),
    "a binding that is not available": ("binding", {"enabled": True, "binding_id": 140}, "binding_ids", "140"),
    "a binding of another destination": ("binding", {"enabled": True, "binding_ids": [123, 55], "target_id": 789}, "target_id 789", "55"),
    "a binding of another datastream": ("binding", {"enabled": True, "binding_id": 124, "datastream_id": 456}, "datastream_id 456", "124"),
    "an unknown destination": ("binding", {"enabled": True, "target_id": 4711}, "4711"),
    "an unknown datastream": ("binding", {"enabled": True, "datastream_id": 4711}, "4711"),
    "an unknown destination in the ledger": ("requeue_info", {"target_id": 4711}, "4711"),
    "a binding of another destination to load into": ("requeue", {"datastream_id": 456, "binding_ids": [123, 55], "target_id": 789}, "target_id 789", "55"),
    "an unknown datastream to load": ("requeue", {"datastream_ids": [456, 4711]}, "datastream_ids", "4711"),
    "an unknown datastream for a destination": ("requeue", {"datastream_ids": [4711], "target_id": 789}, "datastream_ids", "4711"),
    "an unknown extract": ("requeue", {"extract_ids": [4711], "binding_ids": [123]}, "extract_ids"),
    "an unknown extract beside a known one": ("requeue", {"extract_ids": [4560001, 4711], "target_id": 789}, "extract_ids", "4711"),
    "an extract of another datastream": ("requeue", {"extract_ids": [4570001], "binding_ids": [123]}, "extract_ids", "456"),
    "unknown bindings to load into": ("requeue", {"datastream_id": 456, "binding_ids": [123, 4711]}, "binding_ids", "4711"),
    "bindings of another datastream": ("requeue", {"datastream_id": 456, "binding_ids": [123, 56]}, "binding_ids", "datastream_id 456", "56"),
    "a binding for none of the extracts": ("requeue", {"extract_ids": [4560001], "binding_ids": [123, 56]}, "binding_ids", "56"),
    "a disabled binding": ("requeue", {"datastream_id": 457, "target_id": 789}, "binding 124"),
    "no enabled binding": ("requeue", {"datastream_id": 458}, "458"),
    "a datastream without that destination": ("requeue", {"datastream_ids": [456, 458], "target_id": 790}, "458", "target_id 790"),
    "an unknown datastream to change": ("datastream", {**OFF, "datastream_ids": [ONE, UNKNOWN]}, UNKNOWN),
    "an unknown datastream to change, with filters": ("datastream", {"datastream_ids": [ONE, UNKNOWN], "filters": OFF, "enabled": True}, UNKNOWN),
    "an unknown datastream to set": ("smart_pulling", {**WEEKLY, "datastream_ids": [ONE, UNKNOWN]}, UNKNOWN),
    "a setting of nothing to keep": ("smart_pulling", {"datastream_ids": uuids([1, 457]), "frequency": "weekly"}, "is_active", uuid(457)),
    "a reset of nothing to keep": ("smart_pulling", {"datastream_ids": uuids([1, 457]), "reset": ["deadline"]}, "is_active, frequency", uuid(457)),
    "an unknown type": ("destination", {**NEW, "type": "BigQueri"}, "'BigQueri'"),
    "an unknown connection": ("destination", {**NEW, "connection": "Nobody"}, "'Nobody'", "'Account' (id 30)"),
    "assignments of nothing": ("assignment", {"type": "bigquery", "target_id": 4711, "assignments": [{"datastream_id": 456}]}, "/api/target-types/"),
    "unknown beside known": ("role", {"target_id": 789, "datastream_ids": [456, 457, 9999]}, "datastream_ids", "9999"),
    "nothing bound": ("role", {"target_id": 700}, "target_id 700"),
    "unknown destination": (
        "role", {**HERE, "target_id": 4711, "datastream_enabled": False, "pulling_mode": "smart", "smart_pulling": WEEKLY}, "target_id 4711",
    ),
    "unknown, to be enabled": ("role", {**ONE_UNKNOWN, "datastream_enabled": True, "backfill": "always"}, UNKNOWN),
    "unknown, to be disabled": ("role", {**ONE_UNKNOWN, "datastream_enabled": False}, UNKNOWN),
    "unknown, to be set": ("role", {**ONE_UNKNOWN, "smart_pulling": {"frequency": "weekly"}}, UNKNOWN),
}  # fmt: skip


# The same, by words of the message on the page "Further messages".
SAID_UNASKED = {
    "without a user name or password": ("binding_info", {"instance": f"https://me:{SECRET}@acme.example"}),
    "it is empty or contains white space or control characters": ("binding_info", {"instance": "acme example"}),
    "'...' is not a host name": ("binding_info", {"instance": "acme..example"}),
    "api_key is empty": ("binding_info", {"api_key": ""}),
    "timeout is": ("binding_info", {"timeout": 0}),
    "retries is": ("binding_info", {"retries": -1}),
    "retry_max_delay is": ("binding_info", {"retry_max_delay": -1}),
    "ca_path is": ("binding_info", {"ca_path": "/does/not/exist.pem"}),
    "is not a positive whole number": ("binding_info", {"target_id": "many"}),
    "is not a UUID like": ("datastream_info", {"datastream_ids": ["x"]}),
    "is not a whole number of at least": ("requeue", {**LOAD, "limit": 0}),
    "is not a whole number from": ("requeue", {**LOAD, "batch_size": 51}),
    "is neither a date like": ("extract_info", {"datastream_id": 456, "created_from": "yesterday"}),
    "is later than": ("extract_info", {"datastream_id": 456, "created_from": "2025-02-01", "created_to": "2025-01-31"}, "created_from"),
    "is not a time of day like": ("smart_pulling", {**EVERY, "deadline": "noon"}),
    "is not on the half hour": ("smart_pulling", {**EVERY, "deadline": "06:10"}),
    "it must be a dictionary such as": ("destination", {**NEW, "settings": "project"}),
    "one of the following is required": ("smart_pulling", EVERY, "is_active, frequency, refresh_range, deadline, reset"),
    "set and also named in reset": ("smart_pulling", {**EVERY, "deadline": "06:30", "reset": ["deadline"]}, "deadline: set and also"),
    "target_id is required. It can be omitted only in check mode": ("assignment", {"type": "bigquery", "assignments": [{"datastream_id": 456}]}),
    "Set name and workspace, or target_id.": ("destination", {"type": "bigquery"}),
    "enabled_bindings: the id of a binding is missing or wrong": ("requeue", {**LOAD, "enabled_bindings": [{"enabled": True}]}),
    "but the meaning of a label must be one of": ("load_info", {"datastream_id": 456, "state_labels": {"Importiert": "ready"}}),
    "state_labels has the same label twice": ("load_info", {"datastream_id": 456, "state_labels": {"Importiert": "loaded", "IMPORTIERT": "failed"}}),
    "What is loaded is recorded for each binding": ("requeue", {"extract_ids": [4560001], "state": "recorded"}),
    "when_needed is decided for each binding": ("requeue", {"extract_ids": [4560001], "backfill": "when_needed"}),
    "No such variable": ("deployment_info", {"variables": {"target": 789}}),
    "A destination by name needs type and workspace": ("role", {"name": "DWH"}),
    "these describe a destination by name": ("role", {"target_id": 789, "workspace": "Acme"}),
    "recorded needs deploy_destination_enabled: true": ("role", {"target_id": 789, "backfill": "recorded", "enabled": "no"}),
    "each is a name, or a dict of": ("role", {"target_id": 789, "type": "bigquery", "datastreams": [{"nme": "Google Ads"}]}),
    "settings with secrets are not supported here": (
        "role", {"target_id": 789, "type": "bigquery", "datastreams": [{"name": "Google Ads", "settings": {"password": SECRET}}]},
    ),
}  # fmt: skip
TARGET_790 = {"type": "bigquery", "target_id": 790}
SAID_ASKED = {
    "binding_ids: not bindings of the datastreams in datastream_ids": ("requeue", {"datastream_ids": [457, 458], "binding_ids": [124, 123], "target_id": 789}),
    "binding_ids: none of them is a binding of datastream": ("requeue", {"datastream_ids": [456, 457], "binding_ids": [123], "target_id": 789}),
    "but none of extract_ids is an extract of it": ("requeue", {"extract_ids": [4560001], "binding_ids": [123, 124]}),
    "is ambiguous. It fits ... Use the ID": (
        "directory_info", {"datastreams": ["Google"]}, "'Google' (id 1, workspace 'Acme'), 'Google' (id 2, workspace 'EMEA')",
    ),
    "does not exist among the ... that this key": ("destination", {**NEW, "workspace": "Nowhere"}, "'Nowhere'", "'Acme' (id 1)"),
    "A datastream of this name is in another workspace": (
        "role", {"target_id": 790, "type": "bigquery", "datastreams": [{"name": "Datastream 456", "workspace": "EMEA"}]}, "in the workspace 'EMEA' that",
    ),
    "Select one by its ID, or rename or delete the others": ("destination", {**NEW, "name": "Twice"}, "'Twice' (id 700), 'Twice' (id 701)"),
    "Settings of this destination type": (
        "destination", {**NEW, "settings": {**BIGQUERY, "projekt": 1}}, "project (string, required); dataset (string, required);",
    ),
    "is set by the option": ("destination", {**NEW, "settings": {**BIGQUERY, "name": "x"}}),
    "... is read-only": ("destination", {**NEW, "settings": {**BIGQUERY, "logo_url": "x"}}, "logo_url is read-only"),
    "is none of its choices": ("destination", {**NEW, "settings": {**BIGQUERY, "headers_formatting": 9}}, "headers_formatting"),
    "... is unknown": ("destination", {**NEW, "settings": {**BIGQUERY, "projekt": 1}}, "projekt"),
    "... is missing": ("destination", {**NEW, "settings": {"project": "x"}}, "dataset is missing"),
    "A destination is not moved": ("destination", {**TARGET_790, "workspace": "EMEA"}),
    "do not agree: there is": ("destination", {**TARGET_790, "name": "DWH", "state": "absent"}),
    "was not deleted: it still has enabled bindings": ("destination", {**TARGET_790, "name": "Destination no. 790", "state": "absent"}),
    "An assignment is created disabled": (
        "assignment", {"type": "bigquery", "target_id": 700, "assignments": [{"datastream_id": 456, "settings": {"enabled": True}}]}, "enabled",
    ),
    "Set a different table_name for each": ("assignment", {**TARGET_790, "assignments": [{"datastream_id": 458}, {"datastream_id": 458}]}),
    "not found among the datastreams that are bound to target_id": ("role", {"target_id": 790, "datastream_ids": [456, 458]}, "target_id 790", "458"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*UNASKED, *ASKED, *SAID_UNASKED, *SAID_ASKED])
def test_bad_input_is_refused_before_anything_is_written(scene, name):
    scene.secret.append(SECRET)
    module, options, *words = {**UNASKED, **ASKED, **SAID_UNASKED, **SAID_ASKED}[name]
    before = scene.state()
    failure = {"failed": True, **scene.role_failure(**options)} if module == "role" else scene.run(module, **options)
    assert (failure["failed"], failure.get("changed", False)) == (True, False)
    assert len(failure["msg"]) < 800
    assert [word for word in words if word not in failure["msg"]] == [], failure["msg"]
    assert uuid(1) not in failure["msg"]
    assert scene.state() == before
    assert [row for row in scene.writes() if row["key"] != "reader"] == []
    assert scene.requests() == [] or name in ASKED or name in SAID_ASKED
    if name in SAID_UNASKED or name in SAID_ASKED:
        assert fits(messages_with(name), failure["msg"]), failure["msg"]


def test_each_list_option_is_tried_empty():
    lists = {name: [option for option, spec in in_process.spec_of(name)[0].items() if spec.get("type") == "list"] for name in in_process.MODULES}
    named = {f"adverity_{module}": options.split() for module, options in EMPTY.items()}
    left = {f"{name}.{option}" for name, options in lists.items() for option in options if option not in named.get(name, ())}
    assert left == MAY_BE_EMPTY, "add each to EMPTY, or to MAY_BE_EMPTY"
