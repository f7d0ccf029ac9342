# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only a destination is named: every datastream that is bound to it gets what it needs."""

from __future__ import annotations

from adverity_harness.worlds import World, moment


def actions(run):
    """What the role says happened to the history of each binding."""
    return {row["binding_id"]: row["backfill"] for row in run.custom["deploy_destination"]["bindings"]}


def test_each_binding_gets_what_it_needs(begin):
    world = World().datastream(456, extracts=60).binding(123, 456)
    world.datastream(457, extracts=3).binding(124, 457)
    world.datastream(458, extracts=5).binding(125, 458, enabled=True, updated=moment(days=2.5))
    world.datastream(459, extracts=4).binding(126, 459).binding(127, 459)
    world.datastream(460).binding(128, 460)
    world.datastream(461, extracts=2).binding(129, 461, target=790)
    scene = begin(world)
    alone = "no record of whether the history was loaded: binding 125 (datastream 458 to Destination no. 789)"

    first = scene.deploy(target_id=789, warnings=(alone,))
    assert "backfill: always" in first.warnings[0]
    assert [identity for identity, _body in scene.patches()] == [123, 124, 126, 127, 128]
    assert scene.enabled() == [123, 124, 125, 126, 127, 128]
    # Datastream by datastream; the one that is bound twice loads into both bindings with one request.
    aged = {number: world.aged(number) for number in (456, 457, 458, 459)}
    assert [(body["binding_ids"], body["extract_ids"]) for body in scene.posts()] == [
        ([123], aged[456][:50]),
        ([123], aged[456][50:]),
        ([124], aged[457]),
        ([126, 127], aged[459]),
    ]
    assert actions(first) == {123: "backfill", 124: "backfill", 125: "left_alone", 126: "backfill", 127: "backfill", 128: "backfill"}
    assert first.custom["deploy_destination"]["extract_count"] == 67

    scene.forget()
    second = scene.deploy(target_id=789, warnings=(alone,))
    assert scene.writes() == []
    assert second.changed == 0
    assert actions(second) == {123: "done", 124: "done", 125: "left_alone", 126: "done", 127: "done", 128: "done"}

    # Asked to load it always, the one that was left alone gets all of its history: a run that only looked or planned changes
    # nothing of what is sent. The others get nothing twice.
    scene.deploy(target_id=789, backfill="always")
    assert [(body["binding_ids"], body["extract_ids"]) for body in scene.posts()] == [([125], aged[458])]
    assert scene.patches() == []
    for binding, datastream in {123: 456, 124: 457, 126: 459, 127: 459}.items():
        assert scene.loads(binding) == aged[datastream]
    assert scene.loads(125) == aged[458]
    assert scene.loads(129) == []


def test_variables_come_as_text_from_a_survey_too(begin):
    world = World().datastream(456, extracts=3).binding(123, 456).datastream(457, extracts=3).binding(124, 457)
    scene = begin(world.datastream(458, extracts=3).binding(125, 458))
    scene.deploy(
        target_id="789",
        datastream_ids="456,457",
        enabled="true",
        sequential="no",
        batch_size="2",
        force="false",
        backfill="when_needed",
        on_unknown="fail",
    )
    assert [identity for identity, _body in scene.patches()] == [123, 124]
    assert scene.posts() == [
        {"extract_ids": part, "binding_ids": [binding], "sequential": False}
        for binding, datastream in ((123, 456), (124, 457))
        for part in (world.aged(datastream)[:2], world.aged(datastream)[2:])
    ]


def test_never_only_enables_and_disabling_loads_nothing(begin):
    scene = begin(World().datastream(456, extracts=3).binding(123, 456).datastream(457, extracts=3).binding(124, 457, enabled=True))

    scene.deploy(target_id=789, backfill="never")
    assert scene.patches() == [(123, {"enabled": True})]
    assert scene.posts() == []

    scene.forget()
    off = scene.deploy(target_id=789, enabled=False)
    assert scene.patches() == [(123, {"enabled": False}), (124, {"enabled": False})]
    assert scene.posts() == []
    assert off.custom["deploy_destination"]["written_binding_ids"] == [123, 124]

    scene.forget()
    again = scene.deploy(target_id=789, enabled=False)
    assert scene.writes() == []
    assert again.changed == 0


def test_only_the_history_within_bounds(begin):
    world = World().datastream(456).binding(123, 456)
    for number, created in enumerate(("2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z", "2025-02-01T10:00:00Z", "2025-03-31T23:59:59Z", "2025-04-01T00:00:00Z")):
        world.extract(20 - number, 456, created)
    scene = begin(world)
    scene.deploy(target_id=789, datastream_ids=[456], backfill_from="2025-01-01", backfill_to="2025-03-31")
    assert [body["extract_ids"] for body in scene.posts()] == [[19, 18, 17]]
