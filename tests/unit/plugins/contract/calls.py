# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A call of every module and of the role, in one world. Not tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    WORKSPACE,
    World,
    moment,
    setting,
    uuid,
)

Row = dict[str, Any]
EMEA = "a0000000-0000-4000-8000-000000000002"
SECRET = "s3cr3t-of-the-account"
TEN = {"time": "10:00:00"}
BIGQUERY = {"project": "acme-dwh", "dataset": "marketing"}
BLOB = {"container": "c", "account_key": SECRET}
ONE, TWO = uuid(456), uuid(457)


def acme() -> World:
    """Two workspaces; three datastreams with a history, whose bindings to destination 789 are disabled, and one of 456 to destination 790, which is enabled."""
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
    "destinations": ("destination_info", {"type": "bigquery", "name": "DWH"}),
    "names": ("directory_info", {"workspaces": ["*"], "datastreams": ["*"], "connections": ["*"]}),
    "loads": ("load_info", {"target_id": 789}),
    "ledger": ("requeue_info", {"target_id": 789}),
    "deployment": ("deployment_info", {"variables": {"target_id": 789}}),
}
