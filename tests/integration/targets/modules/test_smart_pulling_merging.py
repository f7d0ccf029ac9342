# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings are merged: what is asked for changes, what is not named stays, and equal results share a PUT."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import Change, altered, chunks, crowd, label, put, rehearse, setting, snapshot, uuid, uuids
from adverity_harness.worlds import World

DAYS, WEEKS = {"value": 7, "unit": "day"}, {"value": 2, "unit": "week"}
HALF_PAST_SIX, TEN = {"time": "06:30:00"}, {"time": "10:00:00"}


def test_120_datastreams_with_one_setting_are_three_puts(begin):
    # Half of them have nothing yet, the others something else: the result is the same for all.
    other = setting(False, "monthly", WEEKS, TEN)
    scene = begin(crowd(120, {"smart": None}, {"smart": other}), switches={"smart_null": "refuse"})
    wanted = setting(True, "weekly", DAYS, HALF_PAST_SIX)
    everyone = uuids(range(1, 121))
    options = dict(is_active=True, frequency="weekly", refresh_range=DAYS, deadline="06:30")

    told = rehearse(scene, "smart_pulling", filters={"enabled": True}, **options)
    assert told.changes == [Change("PUT", part, wanted) for part in chunks(everyone)]
    assert len(told.changes) == 3
    assert {one: row["smart"] for one, row in snapshot(scene).items()} == dict.fromkeys(everyone, wanted)
    assert told.done["changed"] is True
    assert told.done["affected"]["datastream_ids"] == everyone
    assert [row["pulling"]["smart"] for row in told.done["datastreams"]] == [wanted] * 120
    assert told.done["diff"] == {
        "before": {label(number): other if number % 2 == 0 else dict.fromkeys(wanted) for number in range(1, 121)},
        "after": {label(number): wanted for number in range(1, 121)},
    }


def test_only_those_that_differ_are_written(begin):
    world = crowd(230, {"smart": setting(deadline=HALF_PAST_SIX)}, {"smart": setting(deadline=TEN)}, {"smart": setting(True, "weekly", DAYS, TEN)})
    scene = begin(world)
    before = snapshot(scene)
    due = range(1, 231, 3)
    assert len(due) == 77
    told = rehearse(scene, "smart_pulling", all_datastreams=True, deadline="10:00:00")
    assert told.changes == [Change("PUT", part, put(setting(deadline=TEN))) for part in chunks(uuids(due))]
    assert altered(scene, before) == {one: {"smart": setting(deadline=TEN)} for one in uuids(due)}
    assert told.done["affected"]["datastream_ids"] == uuids(due)
    assert told.done["diff"] == {
        "before": {label(number): {"deadline": HALF_PAST_SIX} for number in due},
        "after": {label(number): {"deadline": TEN} for number in due},
    }


GROUPS = [
    setting(True, "daily", DAYS, None),
    setting(True, "weekly", WEEKS, HALF_PAST_SIX),
    setting(False, "monthly", None, TEN),
]
NEW = {  # the option as it is typed, as the service holds it, and how many of the groups it changes
    "is_active": (False, False, 2),
    "frequency": ("daily", "daily", 2),
    "refresh_range": ({"value": 3, "unit": "month"}, {"value": 3, "unit": "month"}, 3),
    "deadline": ("23:30", {"time": "23:30:00"}, 3),
}


@pytest.mark.parametrize("option", NEW)
def test_three_groups_and_one_new_option_are_one_put_a_group_and_nothing_else_is_lost(begin, option):
    world = crowd(90, *({"smart": group, "active_mode": "smart"} for group in GROUPS))
    scene = begin(world, switches={"smart_null": "refuse", "smart_coupling": "independent"})
    before = snapshot(scene)
    typed, held, count = NEW[option]
    merged = [{**group, option: held} for group in GROUPS]
    due = [place for place in range(3) if merged[place] != GROUPS[place]]
    members = {place: range(place + 1, 91, 3) for place in due}

    told = rehearse(scene, "smart_pulling", all_datastreams=True, **{option: typed})
    assert told.changes == [Change("PUT", uuids(members[place]), put(merged[place])) for place in due]
    assert len(told.changes) == count
    assert altered(scene, before) == {uuid(number): {"smart": merged[place]} for place in due for number in members[place]}
    assert told.done["diff"] == {
        "before": {label(number): {option: GROUPS[place][option]} for place in due for number in members[place]},
        "after": {label(number): {option: held} for place in due for number in members[place]},
    }


def test_a_default_that_shows_as_a_value_is_kept(begin):
    scene = begin(
        World().datastream(1, smart=setting()).datastream(2, smart=setting(refresh_range=WEEKS)),
        switches={"smart_defaults": "value", "smart_null": "refuse"},
    )
    told = rehearse(scene, "smart_pulling", all_datastreams=True, frequency="weekly")
    assert told.changes == [
        Change("PUT", [uuid(1)], {"is_active": True, "frequency": "weekly", "refresh_range": DAYS}),
        Change("PUT", [uuid(2)], {"is_active": True, "frequency": "weekly", "refresh_range": WEEKS}),
    ]


@pytest.mark.parametrize(("coupling", "active"), [("coupled", True), ("coupled", False), ("independent", True)])
def test_being_active_and_the_mode_whether_or_not_they_move_each_other(begin, coupling, active):
    was = {"smart": setting(not active, deadline=TEN), "active_mode": "schedule" if active else "smart", "smart_bundle": {"name": "Old"}}
    scene = begin(crowd(2, was), switches={"smart_coupling": coupling})
    before = snapshot(scene)
    told = rehearse(scene, "smart_pulling", all_datastreams=True, is_active=active)
    assert told.changes == [Change("PUT", uuids([1, 2]), put(setting(active, deadline=TEN)))]
    assert told.done["diff"]["after"] == {label(1): {"is_active": active}, label(2): {"is_active": active}}
    moved = {"active_mode": "smart" if active else "schedule"} if coupling == "coupled" else {}
    shall = {"smart": setting(active, deadline=TEN), **moved}
    assert altered(scene, before) == {uuid(1): shall, uuid(2): shall}
