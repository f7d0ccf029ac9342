# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a binding loads by itself while it is enabled is not sent to it, and what it missed while it was not is."""

from __future__ import annotations

from adverity_harness.scenes import EXTRACTS
from adverity_harness.worlds import NOW, World, moment


def test_extracts_fetched_after_enabling_are_left_to_the_binding(begin):
    world = World().datastream(456, extracts=3).binding(123, 456)
    scene = begin(world)
    # The datastream fetches after the binding was enabled, before its history is listed for sending.
    later = {"id": 999, "datastream_id": 456, "created": NOW.replace(minute=5).strftime("%Y-%m-%dT%H:%M:%SZ")}
    scene.service.fault(method="GET", path=EXTRACTS, mutate={"add": {"extracts": [later]}})

    scene.deploy(target_id=789)
    assert [row["id"] for row in scene.service.world.extracts.values()][-1] == 999
    assert scene.loads(123) == world.aged(456)
    scene.deploy(target_id=789, backfill="always")
    assert scene.loads(123) == world.aged(456)


def test_enabled_again_it_gets_what_it_missed_and_nothing_else(begin):
    world = World().datastream(456, extracts=3).binding(123, 456)
    scene = begin(world)
    scene.deploy(target_id=789)
    scene.fetch(901, 456)
    scene.deploy(target_id=789, enabled=False)
    scene.fetch(902, 456)
    scene.fetch(903, 456)
    scene.forget()

    scene.deploy(target_id=789)
    assert scene.patches() == [(123, {"enabled": True})]
    assert [(body["binding_ids"], body["extract_ids"]) for body in scene.posts()] == [([123], [902, 903])]
    assert scene.loads(123) == [*world.aged(456), 902, 903]


def test_changed_by_hand_it_is_asked_about_what_nobody_can_know(begin):
    """Somebody disables the binding, an extract is missed, somebody enables it again: the ledger sees a later change that is not its own."""
    world = World().datastream(456, extracts=3).binding(123, 456)
    scene = begin(world)
    scene.deploy(target_id=789)
    scene.service.switch_binding(123, False)
    scene.fetch(901, 456)
    scene.service.switch_binding(123, True)
    scene.fetch(902, 456)  # this one loads by itself
    scene.forget()

    for backfill in ("when_needed", "always"):
        stopped = scene.deploy(target_id=789, backfill=backfill, fails=True).left_open
        assert stopped["unknown_extract_ids"] == [901]
        assert "not by this ledger" in stopped["msg"]
        assert scene.writes() == []

    scene.deploy(target_id=789, on_unknown="requeue")
    assert [body["extract_ids"] for body in scene.posts()] == [[901]]
    scene.forget()
    scene.deploy(target_id=789)
    assert scene.writes() == []


def test_a_wider_window_sends_the_rest_and_a_narrower_one_says_that_it_takes_nothing_back(begin):
    world = World().datastream(456, extracts=6).binding(123, 456)
    scene = begin(world)
    aged = world.aged(456)
    scene.deploy(target_id=789, backfill_from=moment(days=2.5))
    assert scene.loads(123) == aged[4:]
    scene.deploy(target_id=789)
    assert sorted(scene.loads(123)) == sorted(aged)
    scene.forget()
    scene.deploy(target_id=789, backfill_from=moment(days=2.5), warnings=("a wider backfill of binding 123",))
    assert scene.writes() == []
