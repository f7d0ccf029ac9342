# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to the service's default, of which it is not known how it reads back."""

from __future__ import annotations

from adverity_harness.crowds import Change, altered, changes, label, rehearse, setting, snapshot, uuid, uuids
from adverity_harness.runs import module
from adverity_harness.worlds import World

WEEKS, TEN = {"value": 2, "unit": "week"}, {"time": "10:00:00"}


def test_where_a_default_shows_as_nothing(begin):
    world = World().datastream(1, smart=setting(True, "weekly", WEEKS, TEN)).datastream(2, smart=setting(False, "daily", WEEKS))
    scene = begin(world.datastream(3, smart=setting()), switches={"smart_defaults": "null", "smart_null": "refuse"})
    before = snapshot(scene)
    told = rehearse(scene, "smart_pulling", all_datastreams=True, reset=["refresh_range", "deadline"])
    assert told.changes == [
        Change("PUT", [uuid(1)], {"is_active": True, "frequency": "weekly"}),
        Change("PUT", [uuid(2)], {"is_active": False, "frequency": "daily"}),
    ]
    assert told.done["diff"]["before"] == {label(1): {"refresh_range": WEEKS, "deadline": TEN}, label(2): {"refresh_range": WEEKS}}
    assert told.done["diff"]["after"] == {label(1): {"refresh_range": None, "deadline": None}, label(2): {"refresh_range": None}}
    assert altered(scene, before) == {
        uuid(1): {"smart": setting(True, "weekly")},
        uuid(2): {"smart": setting(False, "daily")},
    }


def test_one_is_reset_while_another_is_kept_and_a_third_is_set(begin):
    scene = begin(World().datastream(1, smart=setting(True, "weekly", WEEKS, TEN)))
    before = snapshot(scene)
    told = rehearse(scene, "smart_pulling", datastream_id=uuid(1), reset=["deadline"], frequency="monthly")
    assert told.changes == [Change("PUT", [uuid(1)], {"is_active": True, "frequency": "monthly", "refresh_range": WEEKS})]
    assert altered(scene, before) == {uuid(1): {"smart": setting(True, "monthly", WEEKS)}}


def test_where_a_default_shows_as_a_value_the_service_says_whether_it_is_a_change(begin):
    world = World().datastream(1, smart=setting(refresh_range=WEEKS, deadline=TEN)).datastream(2, smart=setting())
    scene = begin(world, switches={"smart_defaults": "value", "smart_null": "refuse"})

    def reset(title, *names, **more):
        return {**module("smart_pulling", title, all_datastreams=True, reset=list(names)), "diff": True, **more}

    run = scene.play(
        [
            reset("In check mode", "refresh_range", "deadline", check_mode=True),
            reset("Really", "refresh_range", "deadline"),
            reset("Again", "refresh_range", "deadline"),
            reset("Only the deadline", "deadline"),
        ]
    )
    predicted, done, again, deadline = run.told_by("In check mode", "Really", "Again", "Only the deadline")
    # Nobody can tell from a range that it is the default: it is written, and the answer tells. No deadline can be told from one.
    put = Change("PUT", uuids([1, 2]), {"is_active": True, "frequency": "daily"})
    assert changes(scene) == [put, put]
    assert [set(talk) for talk in scene.talks()] == [{"GET"}, {"GET", "PUT"}, {"GET", "PUT"}, {"GET"}]
    assert {row["uuid"]: row["smart"] for row in snapshot(scene).values()} == dict.fromkeys(uuids([1, 2]), setting())
    assert predicted["affected"]["datastream_ids"] == uuids([1, 2])
    assert done["affected"]["datastream_ids"] == [uuid(1)]
    assert done["diff"]["after"] == {label(1): {"refresh_range": None, "deadline": None}}
    for result in (again, deadline):
        assert result["changed"] is False
        assert result["affected"]["datastream_ids"] == []
