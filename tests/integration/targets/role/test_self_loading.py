# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a binding loads by itself while it is enabled is not sent to it, and what it missed while it was not is."""

from __future__ import annotations

from adverity_harness.scenes import EXTRACTS
from adverity_harness.worlds import NOW, World


def test_extracts_fetched_after_enabling_are_left_to_the_binding(begin):
    world = World().datastream(456, extracts=3).binding(123, 456)
    scene = begin(world)
    # The datastream fetches just after the binding was enabled, before its history is listed for sending.
    later = {"id": 999, "datastream_id": 456, "created": NOW.replace(minute=5).strftime("%Y-%m-%dT%H:%M:%SZ")}
    scene.service.fault(method="GET", path=EXTRACTS, skip=1, mutate={"add": {"extracts": [later]}})

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

    scene.deploy(target_id=789, warnings=("Enabled again: binding 123",))
    assert scene.patches() == [(123, {"enabled": True})]
    assert [(body["binding_ids"], body["extract_ids"]) for body in scene.posts()] == [([123], [902, 903])]
    assert scene.loads(123) == [*world.aged(456), 902, 903]
