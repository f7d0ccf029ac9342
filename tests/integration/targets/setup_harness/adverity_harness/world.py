# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world in which a simulator begins, in the few words that a test needs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from .place import load_simulator

Row = dict[str, Any]
NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
WORKSPACE = "a0000000-0000-4000-8000-000000000001"
KEY = "k3y-5d0c1b7e94f2a680-that-must-not-show"
READ_ONLY_KEY = "r34d-77aa02d1c3b5e6f8-that-must-not-show"


def moment(**ago: float) -> str:
    """Return the time so long before the world's now, as the service writes it: ``moment(days=3)``."""
    return (NOW - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


class World:
    """A world to begin with. Its clock stands at NOW and moves on by a second with each write; all methods return the world itself."""

    def __init__(self) -> None:
        self.data: Row = {
            "now": moment(),
            "keys": {
                "tester": {"key": KEY},
                "reader": {"key": READ_ONLY_KEY, "scopes": ["datastream:read", "destination:read", "workspace:read"]},
            },
            "workspaces": [{"id": WORKSPACE, "name": "Acme"}],
            "datastreams": [],
            "targets": [],
            "bindings": [],
            "extracts": [],
        }

    def datastream(self, identity: int, extracts: int = 0, **fields: Any) -> World:
        """Add a datastream that fetched so many extracts, one a day, the last one a day ago.

        The extracts' ids are not in the order of their age, so that whoever sorts by id is found out.
        """
        self.data["datastreams"].append({"id": identity, "name": f"Datastream {identity}", **fields})
        step = next(step for step in (37, 41, 43) if math.gcd(step, extracts or 1) == 1)
        for number in range(extracts):
            one = identity * 10000 + 1 + number * step % extracts
            self.extract(one, identity, moment(days=extracts - number))
        return self

    def extract(self, identity: int, datastream: int, created: str) -> World:
        """Add one extract."""
        self.data["extracts"].append({"id": identity, "datastream_id": datastream, "created": created})
        return self

    def binding(self, identity: int, datastream: int, target: int = 789, enabled: bool = False, **fields: Any) -> World:
        """Add a binding, with its destination where that is new."""
        if target not in [row["id"] for row in self.data["targets"]]:
            self.data["targets"].append({"id": target, "name": f"Destination no. {target}"})
        row = {"id": identity, "datastream_id": datastream, "target_id": target, "enabled": enabled}
        self.data["bindings"].append({**row, "created": moment(days=900), "updated": moment(days=400), **fields})
        return self

    def aged(self, datastream: int) -> list[int]:
        """Return the ids of a datastream's extracts, oldest first."""
        rows = [row for row in self.data["extracts"] if row["datastream_id"] == datastream]
        return [row["id"] for row in sorted(rows, key=lambda row: row["created"])]


def ordinary_world() -> World:
    """Return a world with four datastreams and two destinations; the bindings 55, 56 and 123 are enabled, 140 is not available."""
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True).binding(55, 456, target=790, enabled=True)
    world.datastream(457, extracts=3).binding(124, 457).binding(56, 457, target=790, enabled=True)
    return world.datastream(458, extracts=3).binding(125, 458).datastream(459).binding(140, 459, available=False)


def many_datastreams(count: int, *kinds: Row) -> World:
    """Return a world of so many datastreams, with the integer IDs from 1, which have these fields in turn."""
    world = World()
    for number in range(1, count + 1):
        world.datastream(number, **kinds[(number - 1) % len(kinds)])
    return world


def setting(is_active: bool = True, frequency: str = "daily", refresh_range: Row | None = None, deadline: Row | None = None) -> Row:
    """Return a smart-pulling setting as the service holds it; None stands for the default."""
    return {"is_active": is_active, "frequency": frequency, "refresh_range": refresh_range, "deadline": deadline}


def uuid(number: int) -> str:
    """Return the UUID of the datastream with this integer ID."""
    return load_simulator().readable_uuid("d5", number)


def uuids(numbers: Iterable[int]) -> list[str]:
    """Return the UUIDs of the datastreams with these integer IDs."""
    return [uuid(number) for number in numbers]


def label(number: int) -> str:
    """Return how a diff calls a datastream of a World."""
    return f"Datastream {number} ({uuid(number)})"


def chunks(ids: list[str]) -> list[list[str]]:
    """Return the ids in parts of 50, as many as one request may name."""
    return [ids[start : start + 50] for start in range(0, len(ids), 50)]
