# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A requeue that is killed: what was dispatched is not sent again, what is unknown is the user's decision, the rest is sent."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.worlds import World

WAYS_ON = ("on_unknown: requeue sends them again", "dispatched records that they were loaded", "skip sends the rest", "fail, the default, stops")


@pytest.fixture(name="world")
def fixture_world():
    """Datastream 456 with 120 extracts for binding 123: three requests of 50, 50 and 20."""
    return World().datastream(456, extracts=120).binding(123, 456, enabled=True)


def requeue(**options):
    """A task that loads the history of datastream 456 into destination 789."""
    return module("requeue", datastream_id=456, target_id=789, **options)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["first", "second", "last"])
@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "lost"])
def test_killed_during_a_post(begin, world, number, arrived):
    scene, aged = begin(world), world.aged(456)
    before, doubtful = aged[: 50 * number], aged[50 * number : 50 * number + 50]
    scene.service.fault(method="POST", skip=number, hold="after" if arrived else "before")
    scene.play([requeue()], kill_when=lambda: scene.service.held)
    assert len(scene.posts()) == number + 1
    scene.release(lost=not arrived)
    assert scene.loads(123) == before + doubtful * arrived
    scene.forget()

    # Nobody can know whether those were loaded: it stops, names them, and tells the ways on; in check mode too. The user decides.
    decision = "skip" if arrived else "requeue"
    stop, decide = requeue(), requeue(on_unknown=decision)
    warned = ("Left out, because it is unknown whether they are loaded",) * (decision == "skip")
    run = scene.play([refused({**stop, "check_mode": True}), refused(stop), decide], warnings=warned)
    assert len(run.failures) == 2
    for stopped in run.failures:
        assert stopped["unknown_extract_ids"] == doubtful
        for word in (*WAYS_ON, *map(str, doubtful), "binding 123", str(scene.ledger)):
            assert word in stopped["msg"]

    # Only then is anything sent: what was left, and the doubtful ones if so decided.
    due = aged[len(before) :] if decision == "requeue" else aged[len(before + doubtful) :]
    assert [body["extract_ids"] for body in scene.posts()] == [due[start : start + 50] for start in range(0, len(due), 50)]
    assert scene.loads(123) == aged
    decided = run.of("adverity_requeue")[-1]
    assert decided["skipped_extract_ids"] == before
    assert decided["unknown_extract_ids"] == (doubtful if decision == "skip" else [])


def test_killed_between_two_posts(begin, world):
    scene, aged = begin(world), world.aged(456)
    # The service asks to wait before the second request, and the run is killed while it does.
    scene.service.fault(method="POST", skip=1, status={"code": 429, "headers": {"Retry-After": "900"}})
    run = scene.start([requeue(retry_max_delay=900)])
    run.wait(until=lambda: [row["status"] for row in scene.requests("POST")] == [200, 429])
    info = scene.play([module("requeue_info", target_id=789, summary_only=True)]).one("adverity_requeue_info")
    assert info["in_progress"] is True
    assert info["counts"] == {"pending": 70, "dispatched": 50, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
    run.kill()
    assert scene.loads(123) == aged[:50]
    scene.forget()
    result = scene.play([requeue()]).one("adverity_requeue")
    assert result["skipped_extract_ids"] == aged[:50]
    assert [body["extract_ids"] for body in scene.posts()] == [aged[50:100], aged[100:]]
    assert scene.loads(123) == aged
