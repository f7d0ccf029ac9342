# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of datastreams: which requests leave, what check mode says of them before, and what they leave behind."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import Change, altered, changes, chunks, crowd, label, rehearse, setting, snapshot, uuid, uuids
from adverity_harness.runs import module
from adverity_harness.worlds import World

TO_SMART = {"pulling": {"active_mode": "smart"}}
TO_SCHEDULE = {"pulling": {"active_mode": "schedule"}}


# The options, what the odd ones are that have to change (the even ones are as they shall be), and how each of these reads otherwise.
WRITES = {
    "enable": (dict(enabled=True), {"enabled": False}, {"enabled": True}, {"enabled": True}),
    "disable": (dict(enabled=False), {"enabled": True}, {"enabled": False}, {"enabled": False}),
    "smart": (dict(pulling_mode="smart"), {"active_mode": "schedule"}, {"active_mode": "smart"}, TO_SMART),
    "schedule": (dict(pulling_mode="schedule"), {"active_mode": "smart"}, {"active_mode": "schedule"}, TO_SCHEDULE),
}


@pytest.mark.parametrize(
    ("name", "coupling"),
    [("enable", "coupled"), ("disable", "coupled"), *((name, coupling) for name in ("smart", "schedule") for coupling in ("coupled", "independent"))],
)
def test_only_those_that_differ_are_written_fifty_at_a_time(begin, name, coupling):
    options, was, shall, body = WRITES[name]
    scene = begin(crowd(230, {**was, "smart": setting()}, {**shall, "smart": setting()}), switches={"smart_coupling": coupling})
    before = snapshot(scene)
    due = uuids(range(1, 231, 2))
    assert len(due) == 115

    told = rehearse(scene, "datastream", all_datastreams=True, **options)
    assert told.changes == [Change("PATCH", part, body) for part in chunks(due)]
    assert len(told.changes) == 3
    now = altered(scene, before)
    assert list(now) == due
    for fields in now.values():
        # Where both move each other, leaving smart schedule makes it inactive, in the service.
        moved = {"smart": setting(False)} if (name, coupling) == ("schedule", "coupled") else {}
        assert fields == {**shall, **moved}

    assert told.done["affected"]["datastream_ids"] == due
    assert told.done["changed"] is True
    assert [row["id"] for row in told.done["datastreams"]] == uuids(range(1, 231))
    assert [row["id"] for row in told.again["datastreams"]] == uuids(range(1, 231))
    assert told.done["diff"] == {
        "before": {label(number): was for number in range(1, 231, 2)},
        "after": {label(number): shall for number in range(1, 231, 2)},
    }


@pytest.mark.parametrize(("enabled", "order"), [(True, [TO_SMART, {"enabled": True}]), (False, [{"enabled": False}, TO_SMART])])
def test_mode_and_state_at_once(begin, enabled, order):
    world = crowd(130, {"enabled": not enabled, "active_mode": "schedule"}, {"enabled": enabled, "active_mode": "smart"})
    scene = begin(world, switches={"smart_coupling": "independent"})
    due, both = uuids(range(1, 131, 2)), {"enabled": enabled, "active_mode": "smart"}
    before = snapshot(scene)
    told = rehearse(scene, "datastream", all_datastreams=True, enabled=enabled, pulling_mode="smart")
    # It changes its mode while it is disabled.
    assert told.changes == [Change("PATCH", part, body) for body in order for part in chunks(due)]
    assert told.done["affected"]["datastream_ids"] == due
    assert told.done["diff"]["before"][label(65)] == {"enabled": not enabled, "active_mode": "schedule"}
    assert told.done["diff"]["after"][label(65)] == both
    assert altered(scene, before) == dict.fromkeys(due, both)


def test_the_diff_that_people_see_names_the_datastreams(begin):
    scene = begin(World().datastream(1, enabled=False).datastream(2, enabled=True))
    run = scene.play([module("datastream", all_datastreams=True, enabled=True)], check=True, diff=True)
    shown = run.output[run.output.index("--- before") : run.output.index("PLAY RECAP")]
    assert label(1) in shown
    assert '-        "enabled": false' in shown.splitlines()
    assert '+        "enabled": true' in shown.splitlines()
    assert label(2) not in run.output
    assert scene.writes() == []


def test_filters_find_nothing_the_second_time(begin):
    scene = begin(crowd(60, {"enabled": False}, {"enabled": True}))
    told = rehearse(scene, "datastream", filters={"enabled": False}, enabled=True)
    assert told.changes == [Change("PATCH", uuids(range(1, 61, 2)), {"enabled": True})]
    assert told.again["datastreams"] == []


def test_a_filter_that_the_service_passes_over_does_not_widen_the_change(begin):
    scene = begin(crowd(4, {"enabled": False}, {"enabled": True}))
    everyone = [
        {"id": uuid(number), "name": f"Datastream {number}", "enabled": number % 2 == 0, "pulling": {"active_mode": "schedule"}} for number in range(1, 5)
    ]
    scene.service.fault(method="GET", json={"count": 4, "items": everyone})
    scene.play([module("datastream", filters={"enabled": False}, pulling_mode="smart")])
    assert changes(scene) == [Change("PATCH", uuids([1, 3]), TO_SMART)]


def test_named_ones_are_written_in_the_order_given_and_no_others(begin):
    scene = begin(crowd(60, {"enabled": False}), switches={"unknown_datastream": "error"})
    before = snapshot(scene)
    given = uuids([40, 7, 23])
    told = rehearse(scene, "datastream", datastream_ids=[given[0].upper(), given[1], given[2].replace("-", ""), given[0]], enabled=True)
    assert told.changes == [Change("PATCH", given, {"enabled": True})]
    assert [row["id"] for row in told.done["datastreams"]] == given
    assert altered(scene, before) == {one: {"enabled": True} for one in given}


def test_a_smart_bundle_is_left_as_it_is(begin):
    scene = begin(crowd(2, {"smart_bundle": {"name": "Old bundle"}, "active_mode": "smart-bundle"}))
    before = snapshot(scene)
    moved = rehearse(scene, "datastream", datastream_id=uuid(2), pulling_mode="schedule")
    assert moved.changes == [Change("PATCH", [uuid(2)], TO_SCHEDULE)]
    assert altered(scene, before) == {uuid(2): {"active_mode": "schedule"}}


# --- what the service says it did ---


def test_fewer_than_asked_for_are_told(begin):
    scene = begin(crowd(12, {"enabled": False}, {"enabled": True}))
    # Somebody else is faster with two of them: it happens between the reading and the writing.
    others = [{"id": number, "name": f"Datastream {number}", "enabled": True} for number in (3, 9)]
    scene.service.fault(method="PATCH", mutate={"add": {"datastreams": others}})
    run = scene.play([module("datastream", all_datastreams=True, enabled=True)], warnings=(f"{uuid(3)}, {uuid(9)}.",))
    result = run.one("adverity_datastream")
    assert changes(scene) == [Change("PATCH", uuids([1, 3, 5, 7, 9, 11]), {"enabled": True})]
    assert result["affected"]["datastream_ids"] == uuids([1, 5, 7, 11])
    assert sorted(result["diff"]["after"]) == sorted(label(number) for number in (1, 5, 7, 11))
    assert "did not change these datastreams" in run.warnings[0]


def test_more_than_asked_for_are_told(begin):
    scene = begin(crowd(4, {"enabled": False}, {"enabled": True}))
    said = {"affected": {"datastream_ids": uuids([1, 2, 3, 77])}}
    scene.service.fault(method="PATCH", json=said)
    run = scene.play([module("datastream", all_datastreams=True, enabled=True)], warnings=(f"{uuid(2)}, {uuid(77)}.",))
    assert "also changed datastreams that were not requested" in run.warnings[0]
    assert run.one("adverity_datastream")["affected"]["datastream_ids"] == uuids([1, 3, 2, 77])


# --- a failure half way ---


def test_400_on_schedule_names_the_datastreams_and_what_was_changed_before(begin):
    world = World()
    for number in range(1, 121):
        world.datastream(number, active_mode="smart", has_schedule=number != 77)
    scene = begin(world, switches={"smart_coupling": "independent"})
    before = snapshot(scene)
    everyone = uuids(range(1, 121))
    tasks = [module("datastream", all_datastreams=True, pulling_mode="schedule")]

    failure = scene.play(tasks, fails=True).failures[0]
    first, second, third = chunks(everyone)
    assert [change.ids for change in changes(scene)] == [first, second]  # all or nothing in a request, and nothing after it
    assert altered(scene, before) == {one: {"active_mode": "schedule"} for one in first}
    assert failure["changed"] is True
    assert failure["affected"]["datastream_ids"] == first
    assert failure["remaining"]["datastream_ids"] == second + third
    assert sorted(failure["diff"]["after"]) == sorted(label(number) for number in range(1, 51))
    assert f"Datastreams without a fetch schedule: {uuid(77)}" in failure["msg"]  # the service's own words
    assert "custom fetch schedule" in failure["msg"]
    assert "50 datastreams (affected). Not confirmed: 70 (remaining)" in failure["msg"]
    assert all(one in failure["msg"] for one in second)
    assert not any(one in failure["msg"] for one in first + third)

    # Once it has a schedule, running it again does the rest and no more.
    scene.service.world.datastreams[77]["has_schedule"] = True
    scene.forget()
    rest = scene.play(tasks).one("adverity_datastream")
    assert [change.ids for change in changes(scene)] == chunks(second + third)
    assert rest["affected"]["datastream_ids"] == second + third


def test_an_answer_that_got_lost_is_asked_for_again(begin):
    scene = begin(crowd(120, {"enabled": False}))
    everyone = uuids(range(1, 121))
    scene.service.fault(method="PATCH", skip=1, drop="after")
    run = scene.play([module("datastream", all_datastreams=True, enabled=True)])
    first, second, third = chunks(everyone)
    assert [change.ids for change in changes(scene)] == [first, second, second, third]
    # The second try found them enabled, by the first one: no reason to warn, and a change all the same.
    assert run.one("adverity_datastream")["affected"]["datastream_ids"] == everyone
