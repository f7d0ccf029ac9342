# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work that is measured, and the world in which the simulator begins for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KEY = "bench-key-0123456789"
TARGET = 789
WORKSPACE = "a0000000-0000-4000-8000-000000000001"
Row = dict[str, Any]

# The task of the collection for each work; uri.yml and script.py do the same.
TASKS: dict[str, Row] = {
    "bindings": {"adverity.management.adverity_binding": {"target_id": TARGET, "enabled": True}},
    "datastreams": {"adverity.management.adverity_datastream": {"filters": {"active_pulling_mode": "schedule"}, "pulling_mode": "smart"}},
    "backfill": {"adverity.management.adverity_requeue": {"datastream_id": 1, "target_id": TARGET}},
    "role": {
        "ansible.builtin.import_role": {"name": "adverity.management.deploy_destination"},
        "vars": {"deploy_destination_target_id": TARGET},
    },
}


@dataclass(frozen=True)
class Work:
    """One piece of work. `name` is that of its task, of its tag in uri.yml, and of its function in script.py.

    `writes` counts the requests per method that it takes, reads aside: whoever sends others did another work. `again` is the title of the
    same thing done once more, which has nothing left to write; empty where that is not measured.
    """

    name: str
    title: str
    world: Row
    writes: dict[str, int]
    again: str = ""


def _world(datastreams: int, mode: str = "schedule", enabled: bool = True, extracts: int = 0) -> Row:
    """Return a world of datastreams with the ids from 1, each bound to TARGET, each with so many extracts, one an hour."""
    numbers = range(1, datastreams + 1)
    series = {"count": extracts, "from": "2019-01-01T00:00:00Z", "every_hours": 1}
    return {
        "keys": {"bench": {"key": KEY}},
        "workspaces": [{"id": WORKSPACE, "name": "Acme"}],
        "datastreams": [{"id": number, "active_mode": mode} for number in numbers],
        "targets": [{"id": TARGET, "name": "Warehouse"}],
        "bindings": [{"id": 1000 + number, "datastream_id": number, "target_id": TARGET, "enabled": enabled} for number in numbers],
        "extracts": [{"datastream_id": number, "first_id": number * 100_000 + 1, **series} for number in numbers if extracts],
    }


def _batches(count: int) -> int:
    return -(-count // 50)


def bindings_to_enable(count: int) -> Work:
    return Work("bindings", f"{count} bindings, all drifted", _world(count, enabled=False), {"PATCH": count})


def bindings_enabled(count: int) -> Work:
    return Work("bindings", f"{count} bindings, none drifted", _world(count), {})


def datastreams(count: int) -> Work:
    return Work("datastreams", f"{count} datastreams to smart", _world(count), {"PATCH": _batches(count)})


def backfill(count: int) -> Work:
    return Work("backfill", f"backfill of {count:,} extracts", _world(1, extracts=count), {"POST": _batches(count)})


def role(count: int, extracts: int) -> Work:
    world = _world(count, enabled=False, extracts=extracts)
    writes = {"PATCH": count, "POST": count * _batches(extracts)}
    return Work("role", f"role, {count} datastreams: first run", world, writes, again=f"role, {count} datastreams: second run")


FULL = [bindings_to_enable(100), bindings_enabled(500), datastreams(230), backfill(5_000), backfill(50_000), role(100, 20)]
QUICK = [bindings_to_enable(5), datastreams(60), backfill(100), role(2, 20)]
