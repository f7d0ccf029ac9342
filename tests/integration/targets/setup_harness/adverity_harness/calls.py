# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A call of every module and of the role, in one world; what they send, and what they return. Tests of several suites are made of it."""

from __future__ import annotations

from .world import WORKSPACE, Row, World, moment, setting, uuid

EMEA = "a0000000-0000-4000-8000-000000000002"
SECRET = "s3cr3t-of-the-account"
TEN = {"time": "10:00:00"}
BIGQUERY = {"project": "acme-dwh", "dataset": "marketing"}
BLOB = {"container": "c", "account_key": SECRET}
ONE, TWO = uuid(456), uuid(457)


def acme() -> World:
    """Two workspaces; three datastreams with a history, whose bindings to destination 789 are disabled, and one of 456 to destination 790, which is enabled.

    Of datastream 458, a job is running, and an issue is open.
    """
    world = World()
    world.data["workspaces"].append({"id": EMEA, "name": "EMEA", "parent": WORKSPACE})
    world.data["connections"] = [{"id": 31, "name": "Service account", "type": "bigquery", "workspace": WORKSPACE}]
    same = {"smart": setting(deadline=TEN), "active_mode": "schedule", "workspace": EMEA}
    world.datastream(456, extracts=7, name="Google Ads", **same).datastream(457, extracts=3, name="Meta Ads", **same)
    world.datastream(458, extracts=2, name="Trade Desk", enabled=False, workspace=WORKSPACE)
    world.binding(123, 456).binding(124, 457).binding(125, 458).binding(55, 456, target=790, enabled=True, updated=moment(hours=1))
    world.data["targets"].append({"id": 791})
    for row, name in zip(world.data["targets"], ("DWH", "Sales", "Old")):
        row.update(name=name, workspace=WORKSPACE, settings=dict(BIGQUERY))
    world.data["jobs"] = [{"id": 9001, "datastream_id": 458, "scheduled": moment(hours=2)}]
    world.data["issues"] = [{"id": 71, "datastream_id": 458, "job_id": 9001, "extract_id": 4580001, "start": moment(hours=1)}]
    return world


# What changes something: the module, or "role", and its options.
CHANGES: dict[str, tuple[str, Row]] = {
    "enable bindings": ("binding", {"target_id": 789, "enabled": True}),
    "disable a binding": ("binding", {"binding_ids": [55], "enabled": False}),
    "send a history": ("requeue", {"datastream_ids": [456], "target_id": 790, "batch_size": 3}),
    "send extracts": ("requeue", {"extract_ids": [4560001, 4560003], "binding_ids": [55]}),
    "plan a backfill": ("requeue", {"datastream_ids": [456], "target_id": 789, "state": "planned"}),
    "record a history": ("requeue", {"datastream_ids": [456], "target_id": 790, "state": "recorded"}),
    "disable datastreams": ("datastream", {"filters": {"enabled": True}, "enabled": False}),
    "change the pulling mode": ("datastream", {"datastream_ids": [ONE, TWO], "pulling_mode": "smart"}),
    "change a smart schedule": ("smart_pulling", {"datastream_ids": [TWO, ONE], "frequency": "weekly", "refresh_range": {"value": 2, "unit": "month"}}),
    "reset a smart schedule": ("smart_pulling", {"datastream_ids": [ONE], "reset": ["deadline"]}),
    "create a destination": (
        "destination", {"type": "bigquery", "name": "New", "workspace": "Acme", "connection": "Service account", "settings": BIGQUERY},
    ),
    "create a destination with a secret": ("destination", {"type": "azure-blob", "name": "Blobs", "workspace": "Acme", "settings": BLOB}),
    "change a destination": ("destination", {"type": "bigquery", "target_id": 789, "name": "DWH", "settings": {"dataset": "sales"}}),
    "delete a destination": ("destination", {"type": "bigquery", "target_id": 791, "name": "Old", "state": "absent"}),
    "assign datastreams": (
        "assignment", {"type": "bigquery", "target_id": 790, "assignments": [{"datastream_id": 457, "table_name": "meta"}, {"datastream_id": 458}]},
    ),
    "change an assignment": (
        "assignment", {"type": "bigquery", "target_id": 789, "assignments": [{"datastream_id": 456, "settings": {"write_disposition": 2}}]},
    ),
    "delete an assignment": ("assignment", {"type": "bigquery", "target_id": 789, "assignments": [{"datastream_id": 458}], "state": "absent"}),
    "deploy by id": ("role", {"target_id": 789}),
    "deploy by name": (
        "role", {
            "name": "New", "type": "bigquery", "workspace": "Acme", "connection": "31", "settings": BIGQUERY, "datastreams": ["Google Ads", "Meta Ads"],
            "datastream_enabled": False, "pulling_mode": "smart", "smart_pulling": {"is_active": True},
        },
    ),
}  # fmt: skip
# What only looks.
READS: dict[str, tuple[str, Row]] = {
    "bindings": ("binding_info", {"target_id": 789}),
    "datastreams": ("datastream_info", {}),
    "settings": ("smart_pulling_info", {"datastream_ids": [ONE, TWO]}),
    "extracts": ("extract_info", {"datastream_ids": [456], "limit": 5}),
    "jobs": ("job_info", {}),
    "issues": ("issue_info", {}),
    "destinations": ("destination_info", {"type": "bigquery", "name": "DWH", "workspace": "Acme"}),
    "names": ("directory_info", {"workspaces": ["*"], "datastreams": ["*"], "connections": ["*"]}),
    "loads": ("load_info", {"target_id": 789}),
    "ledger": ("requeue_info", {"target_id": 789}),
    "deployment": ("deployment_info", {"variables": {"target_id": 789}}),
}

BINDINGS, EXTRACTS, JOBS, ISSUES = "GET /api/v1/bindings/", "GET /api/extracts/", "GET /api/jobs/", "GET /api/errors/"
DATASTREAMS, REQUEUE = "GET /api/v1/datastreams/", "POST /api/v1/extracts/requeue/"
# Calls whose result has the rows of responses as they are: a pattern of the requests, and the key of the result.
RETURNED = {
    "enable bindings": (r"PATCH /api/v1/bindings/\d+/", "bindings"),
    "bindings": (BINDINGS, "bindings"),
    "datastreams": (DATASTREAMS, "datastreams"),
    "extracts": (EXTRACTS, "extracts"),
    "jobs": (JOBS, "jobs"),
    "issues": (ISSUES, "issues"),
}
FILTERS = {"workspace_ids": [EMEA], "workspace_scope": "family", "enabled": False, "active_pulling_mode": "smart"}
FILTERED = {"workspace_id": EMEA, "workspace_scope": "family", "enabled": "false", "active_pulling_mode": "smart"}
# Bounds are sent a second wider, and what is beyond them is left out by the rows.
BOUNDS, BOUNDED = ("2020-01-02", "2100-01-02T10:00:00Z"), ("2020-01-01T23:59:59Z", "2100-01-02T10:00:01Z")
CREATED, CREATED_SENT = (dict(zip(("created_from", "created_to"), values)) for values in (BOUNDS, BOUNDED))
# What the documented parameters and fields of a request come from: a module with options, the request, and what stands in one such request.
SENT: list[tuple[str, Row, str, Row]] = [
    ("binding_info", {"datastream_id": 456, "target_id": 790}, BINDINGS, {"datastream_id": "456", "target_id": "790"}),
    ("binding", {"datastream_id": 456, "target_id": 790, "enabled": True}, BINDINGS, {"datastream_id": "456", "target_id": "790"}),
    ("smart_pulling_info", {"datastream_ids": [ONE]}, DATASTREAMS, {"datastream_id": ONE}),
    ("smart_pulling_info", FILTERS, DATASTREAMS, FILTERED),
    ("smart_pulling", {"filters": FILTERS, "frequency": "daily"}, DATASTREAMS, FILTERED),
    ("extract_info", {"datastream_ids": [457], **CREATED}, EXTRACTS, {"datastream_id": "457", **CREATED_SENT}),
    ("extract_info", {"datastream_ids": [457], "limit": 2}, EXTRACTS, {"ordering": "-created"}),
    ("requeue", {"datastream_ids": [456], **CREATED}, EXTRACTS, {"datastream_id": "456", **CREATED_SENT}),
    ("requeue", {"datastream_ids": [456], "target_id": 790}, BINDINGS, {"target_id": "790"}),
    ("requeue", {"datastream_ids": [456], "binding_ids": [55], "limit": 1}, REQUEUE, {"binding_ids": [55], "sequential": True}),
    ("requeue_info", {"target_id": 790}, BINDINGS, {"target_id": "790"}),
    ("load_info", {"target_id": 790}, BINDINGS, {"target_id": "790"}),
    ("job_info", {"datastream_ids": [457]}, JOBS, {"datastream_id": "457"}),
    ("job_info", dict(zip(("start", "end"), BOUNDS)), JOBS, dict(zip(("start", "end"), BOUNDED))),
    ("issue_info", {"datastream_ids": [457], "stages": ["Fetch"]}, ISSUES, {"datastream_id": "457", "show_issue_tags": "true"}),
]
