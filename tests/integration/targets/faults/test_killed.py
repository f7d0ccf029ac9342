# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed, and runs at the same time on one ledger. Every point at which a run can be killed: tests/unit/plugins/crash."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.waiting import WaitingRun
from adverity_harness.world import World


@pytest.fixture(name="scene")
def fixture_scene(begin):
    """Datastream 456 with 120 extracts for binding 123: three requests of 50, 50 and 20."""
    return begin(World().datastream(456, extracts=120).binding(123, 456, enabled=True))


def requeue(**options):
    """A task that sends the history of datastream 456 into destination 789."""
    return module("requeue", datastream_id=456, target_id=789, **options)


def test_killed_during_a_request_the_next_run_stops_until_the_user_decides(scene):
    aged = scene.world.aged(456)
    scene.service.fault(method="POST", skip=1, hold="after")
    scene.play([requeue()], kill_when=lambda: scene.service.held)
    scene.release()
    assert scene.loads(123) == aged[:100]
    scene.forget()
    run = scene.play([refused({**requeue(), "check_mode": True}), refused(requeue()), requeue(on_unknown="skip")], warnings=("Left out",))
    assert [row["unknown_extract_ids"] for row in run.failures] == [aged[50:100]] * 2
    for words in ("on_unknown: requeue", "dispatched", "skip", "binding 123", str(scene.ledger)):
        assert words in run.failures[1]["msg"]
    assert [body["extract_ids"] for body in scene.posts()] == [aged[100:]]
    assert scene.loads(123) == aged
    assert run.of("adverity_requeue")[-1]["skipped_extract_ids"] == aged[:50]


def test_requeues_at_once_send_each_extract_once(scene):
    # The first one is held at its second request until the other is at work too, which has to wait for it.
    scene.service.fault(method="POST", skip=1, hold="before")
    first = scene.start([requeue(timeout=900)])
    first.wait(until=lambda: scene.service.held)
    waiting = WaitingRun(scene, "waiting", [requeue(ledger_wait=900)])
    waiting.see()
    assert len(scene.posts()) == 2
    scene.release()
    for run in (first, waiting.run):
        run.wait()
        run.check(may_warn=("Waited",))
    assert scene.loads(123) == scene.world.aged(456)
    assert [run.one("adverity_requeue")["extract_count"] for run in (first, waiting.run)] == [120, 0]
