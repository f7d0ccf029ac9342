# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world: the default one, seeds and what is wrong with them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from adverity_simulator import World, default_world, parse_time, readable_uuid

ROOT, ABSENT = readable_uuid("a0", 1), readable_uuid("a0", 9)


# --- the default world ---

@pytest.mark.parametrize("now", ["2026-03-01T05:59:59Z", "2024-02-29T00:00:00Z", "2026-06-01T06:00:00Z"])  # the last: a Monday and a first
def test_datastream_456_has_130_extracts_over_two_years(now):
    world, end = World(default_world(now)), parse_time(now)
    rows = [row for row in world.extracts.values() if row["datastream_id"] == 456]
    assert [row["id"] for row in rows] == list(range(101, 231))
    moments = [parse_time(row["created"]) for row in rows]
    assert moments == sorted(set(moments))
    assert all(moment.weekday() == 0 or moment.day == 1 for moment in moments)
    assert end - timedelta(days=8) < moments[-1] <= end
    assert timedelta(days=720) < end - moments[0] < timedelta(days=760)
    assert max(parse_time(row["created"]) for row in world.extracts.values()) <= end + timedelta(hours=1)


def test_default_world_is_as_documented():
    world = World(default_world())
    assert (world.datastreams[456]["name"], world.targets[789]["name"]) == ("Google Ads | EMEA", "BigQuery | Marketing DWH")
    assert [len(rows) for rows in (world.workspaces, world.datastreams, world.connections, world.targets)] == [4, 12, 6, 4]
    assert sorted(row["enabled"] for row in world.bindings.values() if row["target_id"] == 789) == [False] * 4 + [True]
    assert {row["active_mode"] for row in world.datastreams.values()} == {"smart", "schedule", "smart-bundle", None}
    assert {row["state"] for row in world.extracts.values() if row["datastream_id"] == 458} == {"collected"}
    assert (world.keys["demo"]["key"], world.keys["demo"]["workspace"], len(world.keys["demo"]["scopes"])) == ("demo-key-0123456789", ROOT, 5)
    read = ["datastream:read", "destination:read", "workspace:read"]
    assert world.keys["read-only"] == {"key": "read-only-key-0123456789", "workspace": ROOT, "scopes": read}
    assert world.keys["americas"]["key"] == "americas-key-0123456789"
    assert "destination:write" not in world.keys["americas"]["scopes"]
    assert (world.data()["now"], datetime.now(timezone.utc) - world.now() < timedelta(seconds=5)) == (None, True)


# --- seeds ---

BINDING = {"id": 5, "datastream_id": 1, "target_id": 10}
SERIES = {"first_id": 1, "datastream_id": 1, "count": 2, "from": "2025-01-01"}


@pytest.mark.parametrize(("change", "message"), [
    ({"surprise": 1}, "surprise"), ({"now": "soon"}, "'soon' is not a time"), ({"refused": [True]}, "refused: a list of extract ids"),
    ({"bindings": {}}, "bindings: a list is due"), ({"bindings": [7]}, "bindings, row 1: an object is due"),
    ({"bindings": [{"id": 5}]}, "bindings, row 1: datastream_id is missing"), ({"bindings": [BINDING, BINDING]}, "bindings, row 2: the id is there twice"),
    ({"bindings": [{**BINDING, "target_id": 12}]}, "target_id 12 does not exist"), ({"bindings": [{**BINDING, "colour": 1}]}, "unknown field colour"),
    ({"datastreams": [{"id": 1, "smart": {"is_active": True}}]}, "smart: frequency:"),
    ({"datastreams": [{"id": 1}, {"id": 2, "uuid": readable_uuid("d5", 1)}]}, "is there twice"),
    ({"workspaces": [{"id": ROOT, "parent": ABSENT}]}, "parent .* does not exist"),
    ({"extracts": [{"id": 2, "datastream_id": 1, "created": "2025-01-01"}, SERIES]}, "extract 2 is there twice"),
    ({"keys": [1]}, "keys: an object"), ({"keys": {"a": {"key": "k", "scopes": ["all"]}}}, "a list of datastream:read"),
    ({"keys": {"a": {"key": "k", "workspace": ABSENT}}}, "key a: workspace .* does not exist"),
])
def test_bad_seed_is_one_line_that_names_what_is_wrong(small, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        World({**small, **change})
    assert "\n" not in str(caught.value)
