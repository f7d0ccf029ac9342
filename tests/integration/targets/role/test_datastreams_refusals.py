# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be done with the datastreams is refused before the deployment writes anything, and the other way round."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import altered, setting, snapshot, uuid, uuids
from adverity_harness.runs import refused, role
from adverity_harness.scenes import open_scene
from adverity_harness.worlds import World

ONE, STRANGER = uuid(456), uuid(9999)
HERE = dict(target_id=789, datastream_uuids=[ONE], backfill="never")
TWO = dict(HERE, datastream_uuids=[ONE, STRANGER])
WEEKLY = {"frequency": "weekly"}
REFUSALS = {
    "unknown destination": (
        dict(HERE, target_id=4711, datastream_enabled=False, pulling_mode="smart", smart_pulling=WEEKLY),
        "No binding found",
        "target_id 4711",
    ),
    "not bound": (dict(HERE, datastream_ids=[9], datastream_enabled=False), "datastream_ids", "9"),
    "unknown, to be switched on": (dict(TWO, datastream_enabled=True, backfill="always"), "not found among the datastreams", STRANGER),
    "unknown, to be switched off": (dict(TWO, datastream_enabled=False), "not found among the datastreams", STRANGER),
    "unknown, to be set": (dict(TWO, smart_pulling=WEEKLY), "not found among the datastreams", STRANGER),
    "integer ids": (dict(HERE, datastream_uuids=[456], datastream_enabled=True), "456 is an integer id", "takes a UUID"),
    "none": (dict(HERE, datastream_uuids=[], datastream_enabled=True), "deploy_destination_datastream_uuids is empty", ""),
    "settings, but no datastreams": (
        dict(target_id=789, backfill="never", pulling_mode="smart"),
        "deploy_destination_datastream_uuids, and neither is given",
    ),
    "nothing to set": (dict(HERE, smart_pulling={}, pulling_mode="smart"), "one of the following is required", "frequency"),
    "not on the half hour": (dict(HERE, smart_pulling={"deadline": "06:10"}, datastream_enabled=False), "06:10 is not on the half hour"),
    "a range and its reset": (
        dict(HERE, smart_pulling={"refresh_range": {"value": 1, "unit": "day"}, "reset": ["refresh_range"]}),
        "refresh_range: set and also named in reset",
    ),
    "no such setting": (dict(HERE, smart_pulling={"deadlin": "06:30"}), "deadlin", "Supported parameters"),
    "no such mode": (dict(HERE, pulling_mode="smart-bundle"), "deploy_destination_pulling_mode", "smart, schedule"),
}


@pytest.fixture(name="refusals", scope="module")
def fixture_refusals(tmp_path_factory):
    """One run with all of them; gives the failed results by name, the scene, and the datastreams before."""
    world = World().datastream(456, extracts=3, smart=setting(), active_mode="schedule").binding(123, 456)
    with open_scene(tmp_path_factory.mktemp("refusals"), world) as scene:
        before = snapshot(scene)
        run = scene.play([refused(role(**variables)) for variables, *_words in REFUSALS.values()])
        assert len(run.failures) == len(REFUSALS), run.output
        yield dict(zip(REFUSALS, run.failures)), scene, before


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused_and_says_why(refusals, name):
    results, _scene, _before = refusals
    for word in REFUSALS[name][1:]:
        assert word in results[name]["msg"]


def test_nothing_was_written(refusals):
    _results, scene, before = refusals
    assert scene.writes() == []
    assert snapshot(scene) == before
    assert scene.enabled() == []


def test_what_the_service_refuses_stops_the_deployment_before_it_loads(begin):
    world = World().datastream(456, extracts=3, enabled=False, smart=setting(False)).binding(123, 456)
    scene = begin(world.datastream(457, extracts=3, enabled=False, has_schedule=False, active_mode="smart").binding(124, 457))
    before = snapshot(scene)
    wanted = dict(target_id=789, datastream_uuids=uuids([456, 457]), datastream_enabled=True, pulling_mode="schedule")
    refusal = scene.deploy(**wanted, fails=True).failures[0]["msg"]
    assert f"Datastreams without a fetch schedule: {uuid(457)}" in refusal
    assert [row["method"] for row in scene.writes()] == ["PATCH"]  # the one that was refused
    assert altered(scene, before) == {}
    assert scene.enabled() == []

    scene.service.world.datastreams[457]["has_schedule"] = True
    scene.deploy(**wanted)
    assert scene.enabled() == [123, 124]
    assert {row["active_mode"] for row in snapshot(scene).values()} == {"schedule"}
    assert {row["enabled"] for row in snapshot(scene).values()} == {True}
    assert scene.loads(123) == world.aged(456)
    assert scene.loads(124) == world.aged(457)
