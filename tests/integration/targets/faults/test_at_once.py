# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several runs at the same time on one ledger: one after the other they send what is due, and each extract goes out once."""

from __future__ import annotations

from adverity_harness.runs import module
from adverity_harness.waiting import WaitingRun
from adverity_harness.worlds import World


def test_four_requeues_at_once_send_each_extract_once(begin):
    world = World().datastream(456, extracts=120).binding(123, 456, enabled=True)
    scene = begin(world)
    task = module("requeue", datastream_id=456, target_id=789, batch_size=10, ledger_wait=900)
    # The first one is held at its second request until the others are at work too. They have to wait for it.
    scene.service.fault(method="POST", skip=1, hold="before")
    first = scene.start([module("requeue", datastream_id=456, target_id=789, batch_size=10, timeout=900)])
    first.wait(until=lambda: scene.service.held)
    waiting = [WaitingRun(scene, f"waiting{number}", [task]) for number in range(3)]
    for other in waiting:
        other.see()
    others = [other.run for other in waiting]
    assert len(scene.posts()) == 2
    scene.release()
    for run in (first, *others):
        run.wait()
        run.check(fails=False, may_warn=("Waited",))

    assert scene.loads(123) == world.aged(456)
    results = [run.one("adverity_requeue") for run in (first, *others)]
    assert [result["extract_count"] for result in results] == [120, 0, 0, 0]
    assert [result["changed"] for result in results] == [True, False, False, False]
    assert all(len(result["skipped_extract_ids"]) == 120 for result in results[1:])


def test_four_requeues_with_a_limit_share_the_work(begin):
    world = World().datastream(456, extracts=120).binding(123, 456, enabled=True)
    scene = begin(world)
    runs = [scene.start([module("requeue", datastream_id=456, target_id=789, limit=30, batch_size=7)]) for _number in range(4)]
    for run in runs:
        run.wait()
        run.check(fails=False, may_warn=("Waited",))
    assert sorted(scene.loads(123)) == sorted(world.aged(456))
    results = [run.one("adverity_requeue") for run in runs]
    assert [result["extract_count"] for result in results] == [30, 30, 30, 30]
    assert sorted(len(result["remaining_extract_ids"]) for result in results) == [0, 30, 60, 90]
