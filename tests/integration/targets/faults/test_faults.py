# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault of each outcome over HTTP, and a run that is killed, each with the run after it.

All faults: tests/unit/plugins/matrix. Every point at which a run can be killed: tests/unit/plugins/crash. Two runs at the same time: ../docs/test_messages.py.
"""

from __future__ import annotations

from adverity_harness.runs import at, module, refused
from adverity_harness.world import World

SURVIVED, REFUSED = {"status": {"code": 500}}, {"status": {"code": 403, "body": {"detail": "Not today."}}}
BUSY = {"status": {"code": 429, "headers": {"Retry-After": "1"}}}
LIST, BINDING = ("GET", "binding_info", {"target_id": 789}), ("PATCH", "binding", {"target_id": 789, "enabled": True})
REQUEUE = ("POST", "requeue", {"datastream_id": 456, "target_id": 789, "batch_size": 2})
# The call, the fault, whether the call and the one after it fail, what the second one changes, and how many requests wrote.
CASES = {
    "a list that is read again": (LIST, SURVIVED, (False, False), False, 0),
    "a list that is refused": (LIST, REFUSED, (True, False), False, 0),
    "a list that breaks off": (LIST, {"cut": 20}, (False, False), False, 0),
    "a change that is sent again": (BINDING, SURVIVED, (False, False), False, 2),
    "a change that is refused": (BINDING, REFUSED, (True, False), True, 2),
    "a change without a usable answer": (BINDING, {"html": {"code": 200}, "work": True}, (True, False), False, 1),
    "a requeue that is sent again": (REQUEUE, BUSY, (False, False), False, 4),
    "a requeue that is refused": (REQUEUE, REFUSED, (True, False), True, 4),
    "a requeue without an answer": (REQUEUE, {"drop": "after"}, (True, True), False, 2),
}


def test_each_outcome_of_a_call_and_the_run_after_it(begin):
    tasks, scenes = [], {}
    for name, ((method, short_name, options), fault, *_expected) in CASES.items():
        scene = scenes[name] = begin(World().datastream(456, extracts=6).binding(123, 456, enabled=short_name == "requeue"))
        scene.service.fault(method=method, skip=int(method == "POST"), **fault)
        tasks += [at(scene, refused(module(short_name, f"{name}, {number}", **options))) for number in (1, 2)]
    run = next(iter(scenes.values())).play(tasks)
    failed = {row["task"] for row in run.outcomes if row["status"] == "failed"}
    for name, (_call, _fault, fails, changes, writes) in CASES.items():
        assert scenes[name].service.faults[0].fired == 1
        assert tuple(f"{name}, {number}" in failed for number in (1, 2)) == fails, name
        assert (run.one(f"{name}, 2")["changed"], len(scenes[name].writes())) == (changes, writes), name
    aged = scenes["a requeue that is refused"].world.aged(456)
    assert [scene.loads(123) for name, scene in scenes.items() if "a requeue" in name] == [aged, aged, aged[:4]]
    assert run.one("a requeue that is refused, 1")["remaining_extract_ids"] == aged[2:]
    unknown = [run.one(f"a requeue without an answer, {number}") for number in (1, 2)]
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
