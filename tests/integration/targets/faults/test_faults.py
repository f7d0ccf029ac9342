# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault of each outcome over HTTP, and a run that is killed, each with the run after it.

All faults: tests/unit/plugins/matrix. Every point at which a run can be killed: tests/unit/plugins/crash. Two runs at the same time: ../docs/test_messages.py.
"""

from __future__ import annotations

from adverity_harness.runs import at, module, refused
from adverity_harness.world import World

# The fault of the second request, whether the run and the one after it fail, what the second one changes, and how many requests wrote.
CASES = {
    "sent again": ({"status": {"code": 429, "headers": {"Retry-After": "1"}}}, (False, False), False, 4),
    "refused": ({"status": {"code": 403, "body": {"detail": "Not today."}}}, (True, False), True, 4),
    "without a response": ({"drop": "after"}, (True, True), False, 2),
}


def test_each_outcome_of_a_request_and_the_run_after_it(begin):
    tasks, scenes = [], {}
    for name, (fault, *_expected) in CASES.items():
        scene = scenes[name] = begin(World().datastream(456, extracts=6).binding(123, 456, enabled=True))
        scene.service.fault(method="POST", skip=1, **fault)
        tasks += [at(scene, refused(module("requeue", f"{name}, {number}", datastream_id=456, target_id=789, batch_size=2))) for number in (1, 2)]
    run = scene.play(tasks)
    failed = {row["task"] for row in run.outcomes if row["status"] == "failed"}
    for name, (_fault, fails, changes, writes) in CASES.items():
        assert scenes[name].service.faults[0].fired == 1
        assert tuple(f"{name}, {number}" in failed for number in (1, 2)) == fails, name
        assert (run.one(f"{name}, 2")["changed"], len(scenes[name].writes())) == (changes, writes), name
    aged = scene.world.aged(456)
    assert [each.loads(123) for each in scenes.values()] == [aged, aged, aged[:4]]
    assert run.one("refused, 1")["remaining_extract_ids"] == aged[2:]
    unknown = [run.one(f"without a response, {number}") for number in (1, 2)]
    assert [row["unknown_extract_ids"] for row in unknown] == [aged[2:4]] * 2
    assert "on_unknown" in unknown[1]["msg"]


def test_killed_during_a_request_the_next_run_stops_until_the_user_decides(begin):
    scene = begin(World().datastream(456, extracts=120).binding(123, 456, enabled=True))  # three requests of 50, 50 and 20
    task = module("requeue", datastream_id=456, target_id=789)
    aged = scene.world.aged(456)
    scene.service.fault(method="POST", skip=1, hold="after")
    scene.play([task], kill_when=lambda: scene.service.held)
    scene.release()
    assert scene.loads(123) == aged[:100]
    scene.forget()
    skip = module("requeue", datastream_id=456, target_id=789, on_unknown="skip")
    run = scene.play([refused({**task, "check_mode": True}), refused(task), skip], warnings=("Left out",))
    assert [row["unknown_extract_ids"] for row in run.failures] == [aged[50:100]] * 2
    for words in ("on_unknown: requeue", "dispatched", "skip", "binding 123", str(scene.ledger)):
        assert words in run.failures[1]["msg"]
    assert [body["extract_ids"] for body in scene.posts()] == [aged[100:]]
    assert scene.loads(123) == aged
    assert run.of("adverity_requeue")[-1]["skipped_extract_ids"] == aged[:50]
