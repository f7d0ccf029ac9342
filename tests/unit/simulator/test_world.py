# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world: the default one, seeds and what is wrong with them, the clock."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone

import pytest
from adverity_simulator import Simulator, World, default_world, parse_time, readable_uuid

PATCHED = "/api/v1/bindings/6/"


# --- the default world ---

@pytest.mark.parametrize("now", [
    "2026-03-10T12:00:00Z", "2026-03-01T05:59:59Z", "2026-03-01T06:00:00Z", "2026-06-01T04:00:00Z", "2024-02-29T00:00:00Z",
    "2026-06-01T06:00:00Z",  # a Monday and a first of the month
])
def test_datastream_456_has_130_extracts_over_two_years(now):
    world = World(default_world(now))
    rows = [row for row in world.extracts.values() if row["datastream_id"] == 456]
    assert [row["id"] for row in rows] == list(range(101, 231))
    moments = [parse_time(row["created"]) for row in rows]
    assert moments == sorted(set(moments))
    assert all(moment.weekday() == 0 or moment.day == 1 for moment in moments)
    end = parse_time(now)
    assert end - timedelta(days=8) < moments[-1] <= end
    assert timedelta(days=720) < end - moments[0] < timedelta(days=760)
    assert max(parse_time(row["created"]) for row in world.extracts.values()) <= end + timedelta(hours=1)


def test_what_the_default_world_promises():
    world = World(default_world())
    assert world.datastreams[456]["name"] == "Google Ads | EMEA"
    assert (world.bindings[123]["datastream_id"], world.bindings[123]["target_id"]) == (456, 789)
    assert world.bindings[123]["enabled"] is False
    assert world.targets[789]["name"] == "BigQuery | Marketing DWH"
    states = [row["enabled"] for row in world.bindings.values() if row["target_id"] == 789]
    assert (states.count(True), states.count(False)) == (1, 4)
    assert {row["active_mode"] for row in world.datastreams.values()} == {"smart", "schedule", "smart-bundle", None}
    assert world.keys["demo"] == {
        "key": "demo-key-0123456789", "workspace": readable_uuid("a0", 1),
        "scopes": ["datastream:read", "datastream:write", "destination:read", "destination:write", "workspace:read"]}
    assert world.keys["read-only"]["scopes"] == ["datastream:read", "destination:read", "workspace:read"]
    assert "destination:write" not in world.keys["americas"]["scopes"]
    assert world.data()["now"] is None
    assert datetime.now(timezone.utc) - world.now() < timedelta(seconds=5)


def test_a_world_is_plain_data_and_comes_back_the_same():
    data = default_world("2026-03-10T12:00:00Z")
    whole = World(json.loads(json.dumps(data))).data()
    assert World(copy.deepcopy(whole)).data() == whole
    assert whole["now"] == "2026-03-10T12:00:00Z"
    assert len(whole["extracts"]) > 500


# --- seeds ---

def test_what_a_seed_may_leave_out(small):
    world = World(small)
    workspace = readable_uuid("a0", 1)
    assert world.datastreams == {1: {
        "id": 1, "uuid": readable_uuid("d5", 1), "name": "Datastream 1", "workspace": workspace, "enabled": True,
        "has_schedule": True, "active_mode": "schedule", "smart": None, "smart_bundle": None, "type": "google-ads",
        "slug": "datastream-1", "description": "", "datatype": "Live", "auth": None}}
    assert world.bindings[6] == {
        "id": 6, "datastream_id": 1, "target_id": 11, "enabled": False, "available": True,
        "created": "2024-01-15T10:00:00Z", "updated": "2024-01-15T10:00:00Z", "table_name": None, "settings": {}}
    assert world.targets[10] == {
        "id": 10, "name": "Destination 10", "type": "BigQueryTarget", "workspace": workspace, "auth": None, "settings": {}}
    assert world.workspaces[workspace] == {
        "id": workspace, "name": f"Workspace {workspace}", "parent": None, "stack_id": 1, "slug": f"workspace-{workspace}"}
    assert world.keys["all"]["workspace"] == workspace
    assert len(world.keys["all"]["scopes"]) == 5
    assert world.extracts[103] == {"id": 103, "datastream_id": 1, "created": "2025-06-03T05:00:00Z", "state": "collected", "job_id": None}


@pytest.mark.parametrize(("row", "mode"), [
    ({"smart": {"is_active": True, "frequency": "daily"}}, "smart"),
    ({"smart": {"is_active": False, "frequency": "daily"}}, "schedule"),
    ({"has_schedule": False}, None),
    ({"has_schedule": False, "active_mode": "smart-bundle"}, "smart-bundle"),
])
def test_the_mode_that_a_seed_leaves_out(small, row, mode):
    small["datastreams"] = [{"id": 1, **row}]
    assert World(small).datastreams[1]["active_mode"] == mode


def test_a_long_series(small):
    small["extracts"] = [{"datastream_id": 1, "first_id": 1001, "count": 5000, "from": "2024-01-01T05:00:00Z", "every_hours": 1}]
    world = World(small)
    assert len(world.extracts) == 5000
    assert world.extracts[6000]["created"] == "2024-07-27T12:00:00Z"


@pytest.mark.parametrize(("change", "message"), [
    ({"surprise": 1}, "surprise"),
    ({"now": "soon"}, "'soon' is not a time"),
    ({"now": 5}, "5 is not a time"),
    ({"step": -1}, "step: a number from 0"), ({"step": "1"}, "step: a number of seconds"), ({"ahead": None}, "ahead: a number of seconds"),
    ({"refused": [True]}, "refused: a list of extract ids"), ({"refused": 1}, "refused: a list of extract ids"),
    ({"bindings": {}}, "bindings: a list is due"),
    ({"bindings": [7]}, "bindings, row 1: an object is due"),
    ({"bindings": [{"id": 5}]}, "bindings, row 1: datastream_id is missing"),
    ({"bindings": [{"id": 5, "datastream_id": 2, "target_id": 10}]}, "datastream_id 2 does not exist"),
    ({"bindings": [{"id": 5, "datastream_id": 1, "target_id": 12}]}, "target_id 12 does not exist"),
    ({"bindings": [{"id": 5, "datastream_id": 1, "target_id": 10}] * 2}, "bindings, row 2: the id is there twice"),
    ({"bindings": [{"id": 5, "datastream_id": 1, "target_id": 10, "enabled": "no"}]}, "enabled: true or false is due"),
    ({"bindings": [{"id": 5, "datastream_id": 1, "target_id": 10, "colour": "red"}]}, "unknown field colour"),
    ({"bindings": [{"id": 5, "datastream_id": 1, "target_id": 10, "created": "x"}]}, "created: 'x' is not a time"),
    ({"datastreams": [{"id": True}]}, "id: a whole number from 1 is due"),
    ({"datastreams": [{"id": 1, "uuid": "456"}]}, "uuid: a UUID is due"),
    ({"datastreams": [{"id": 1, "uuid": 456}]}, "uuid: a UUID is due"),
    ({"datastreams": [{"id": 1, "name": ""}]}, "name: text is due"),
    ({"datastreams": [{"id": 1, "active_mode": "slow"}]}, "active_mode: one of"),
    ({"datastreams": [{"id": 1, "smart": 7}]}, "smart: an object is due"),
    ({"datastreams": [{"id": 1, "smart": {"is_active": True}}]}, "smart: frequency:"),
    ({"datastreams": [{"id": 1, "workspace": readable_uuid("a0", 9)}]}, "workspace 'a0000000-.*' does not exist"),
    ({"datastreams": [{"id": 1}, {"id": 2, "uuid": readable_uuid("d5", 1)}]}, "is there twice"),
    ({"workspaces": [{"id": readable_uuid("a0", 1), "parent": readable_uuid("a0", 2)}]}, "parent .* does not exist"),
    ({"workspaces": []}, "does not exist"),
    ({"workspaces": [{"id": readable_uuid("a0", number), "stack_id": 1} for number in (1, 2)]}, "the stack_id 1 is there twice"),
    ({"datastreams": [{"id": 1, "type": "nothing"}]}, "type 'nothing' does not exist"),
    ({"connections": [{"id": 1, "type": "nothing"}]}, "type 'nothing' does not exist"),
    ({"targets": [{"id": 1, "auth": 5}]}, "auth 5 does not exist"), ({"first_type_id": 0}, "first_type_id: a whole number from 1"),
    ({"targets": [{"id": 1, "settings": []}]}, "settings: an object is due"),
    ({"extracts": [{"id": 1, "datastream_id": 1}]}, "extracts, row 1: created is missing"),
    ({"extracts": [{"id": 1, "datastream_id": 9, "created": "2025-01-01"}]}, "datastream_id 9 does not exist"),
    ({"extracts": [{"first_id": 1, "datastream_id": 1, "count": 0, "from": "2025-01-01"}]}, "count: a whole number"),
    ({"extracts": [{"first_id": 1, "datastream_id": 1, "count": 2, "from": "2025-01-01"},
                   {"id": 2, "datastream_id": 1, "created": "2025-01-01"}]}, "extracts, row 2: the id is there twice"),
    ({"extracts": [{"id": 2, "datastream_id": 1, "created": "2025-01-01"},
                   {"first_id": 1, "datastream_id": 1, "count": 2, "from": "2025-01-01"}]}, "extract 2 is there twice"),
    ({"keys": []}, None),
    ({"keys": [1]}, "keys: an object"),
    ({"keys": {"a": {}}}, "key a: key is missing"),
    ({"keys": {"a": {"key": "k", "scopes": ["all"]}}}, "key a: scopes: a list of"),
    ({"keys": {"a": {"key": "k", "workspace": readable_uuid("a0", 9)}}}, "key a: workspace .* does not exist"),
])
def test_a_bad_seed_is_one_line_that_names_what_is_wrong(small, change, message):
    small.update(change)
    if message is None:
        assert World(small).keys == {}
        return
    with pytest.raises(ValueError, match=message) as caught:
        World(small)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [[], "world", 7])
def test_a_seed_is_an_object(data):
    with pytest.raises(ValueError, match="a world is an object"):
        World(data)


# --- changes ---

def test_put_and_remove_keep_the_timeline(small):
    world = World(small)
    world.put("extracts", {"id": 102, "datastream_id": 1, "created": "2025-07-01T00:00:00Z"})
    world.remove("extracts", 101)
    world.remove("extracts", 101)
    assert [identity for _created, identity in world.timeline(1)] == [103, 102]
    world.remove("workspaces", readable_uuid("a0", 1))
    assert (world.datastreams, world.bindings, world.extracts, world.timeline(1)) == ({}, {}, {}, [])
    for change in (world.put, world.remove):
        with pytest.raises(ValueError, match="there are no keys"):
            change("keys", {})


@pytest.mark.parametrize(("text", "moment"), [
    ("2024-01-15T10:00:00Z", (2024, 1, 15, 10)), ("2024-01-15T12:00:00+02:00", (2024, 1, 15, 10)),
    ("2024-01-15 10:00:00", (2024, 1, 15, 10)), ("2024-01-15", (2024, 1, 15)),
])
def test_times(text, moment):
    assert parse_time(text) == datetime(*moment, tzinfo=timezone.utc)


def test_a_fixed_clock_moves_with_each_write_alone(start, small):
    ask = start(small)
    for expected in ("2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"):
        ask("GET", "/api/v1/bindings/")
        ask("PATCH", PATCHED, {})
        assert ask("PATCH", PATCHED, {"enabled": True}).body["updated"] == expected
    ask("POST", "/api/v1/extracts/requeue/", {"extract_ids": [101]})
    ask("PATCH", "/api/v1/datastreams/", {"enabled": True})
    assert ask.control("GET", "world")["now"] == "2026-01-01T00:00:04Z"


def test_a_real_clock(start, small):
    small["now"] = None
    ask = start(small)
    updated = parse_time(ask("PATCH", PATCHED, {"enabled": True}).body["updated"])
    assert abs(datetime.now(timezone.utc) - updated) < timedelta(seconds=5)


def test_a_bad_world_or_switch_starts_nothing():
    with pytest.raises(ValueError, match="a world has no x"):
        Simulator({"x": 1})
    with pytest.raises(ValueError, match="no switch"):
        Simulator(switches={"x": 1})
