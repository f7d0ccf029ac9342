# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datastreams by the hundred: their UUIDs, the changes of them that went over the network, and what a change left behind."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import NamedTuple

from .place import load_simulator
from .watching import DATASTREAMS, Row, Watched
from .worlds import World

PATHS = {"PATCH": DATASTREAMS + "/", "PUT": DATASTREAMS + "/pulling/smart/"}


class Change(NamedTuple):
    """One request that changes datastreams: the datastreams it names are `ids`."""

    method: str
    ids: list[str]
    body: Row


def uuid(number: int) -> str:
    """Return the UUID of the datastream with this integer ID."""
    return load_simulator().readable_uuid("d5", number)


def uuids(numbers: Iterable[int]) -> list[str]:
    """Return the UUIDs of the datastreams with these integer IDs."""
    return [uuid(number) for number in numbers]


def label(number: int) -> str:
    """Return how a diff calls a datastream of a World."""
    return f"Datastream {number} ({uuid(number)})"


def crowd(count: int, *kinds: Row) -> World:
    """Return a world of so many datastreams, with the integer IDs from 1, which have these fields in turn."""
    world = World()
    for number in range(1, count + 1):
        world.datastream(number, **kinds[(number - 1) % len(kinds)])
    return world


def setting(is_active: bool = True, frequency: str = "daily", refresh_range: Row | None = None, deadline: Row | None = None) -> Row:
    """Return a smart-pulling setting as the service holds it; None stands for the default."""
    return {"is_active": is_active, "frequency": frequency, "refresh_range": refresh_range, "deadline": deadline}


def put(smart: Row) -> Row:
    """Return the body that brings this setting about: a default is had by leaving it out."""
    return {name: value for name, value in smart.items() if value is not None}


def chunks(ids: list[str]) -> list[list[str]]:
    """Return the ids in parts of 50."""
    return [ids[start : start + 50] for start in range(0, len(ids), 50)]


def changes(scene: Watched) -> list[Change]:
    """Return the changes of datastreams that were sent since the last `forget`."""
    rows = [row for row in scene.writes() if row["path"].startswith(DATASTREAMS)]
    for row in rows:
        assert row["path"] == PATHS.get(row["method"]), row
        assert {name for name, _value in row["query"]} == {"datastream_id"}, row
    return [Change(row["method"], [value for _name, value in row["query"]], row["body"]) for row in rows]


def snapshot(scene: Watched) -> dict[str, Row]:
    """Return what the service holds of each datastream now, by UUID."""
    return {row["uuid"]: copy.deepcopy(row) for row in scene.service.world.datastreams.values()}


def altered(scene: Watched, before: dict[str, Row]) -> dict[str, Row]:
    """Return the fields that are no longer as in the snapshot, by UUID."""
    result: dict[str, Row] = {}
    for one, row in snapshot(scene).items():
        fields = {name: value for name, value in row.items() if value != before[one][name]}
        result.update({one: fields} if fields else {})
    return result
