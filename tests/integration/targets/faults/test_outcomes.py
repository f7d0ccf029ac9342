# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault for each outcome of each kind of call, over HTTP, as tasks of a play, with the run after it. All faults: tests/unit/plugins/matrix."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.worlds import World

FAULTS = {
    "survived": {"status": {"code": 500}},
    "refused": {"status": {"code": 403, "body": {"detail": "Not today."}}},
    "unknown": {"html": {"code": 200}, "work": True},
    "cut": {"cut": 20},
}
LOST = {"drop": "after"}
# The method, the module and its options, and for each fault whether the call succeeds and what the second run changes.
CALLS = {
    "list": ("GET", "binding_info", {"target_id": 789}, {"survived": (True, False), "refused": (False, False), "cut": (True, False)}),
    "PATCH binding": (
        "PATCH", "binding", {"target_id": 789, "enabled": True}, {"survived": (True, False), "refused": (False, True), "unknown": (False, False)},
    ),
    "PATCH datastreams": (
        "PATCH", "datastream", {"all_datastreams": True, "enabled": False}, {"survived": (True, False), "refused": (False, True), "unknown": (False, False)},
    ),
    "PUT smart": (
        "PUT", "smart_pulling", {"all_datastreams": True, "frequency": "weekly", "is_active": True},
        {"survived": (True, False), "refused": (False, True), "cut": (True, False)},
    ),
}  # fmt: skip


def world():
    """A datastream with six extracts, and a binding."""
    return World().datastream(456, extracts=6).binding(123, 456)


def failed(run):
    """The names of the tasks that failed."""
    return {row["task"] for row in run.outcomes if row["status"] == "failed"}


@pytest.mark.parametrize("name", CALLS)
def test_call_and_the_run_after_it(begin, name):
    method, short_name, options, cases = CALLS[name]
    tasks, scenes = [], {}
    for fault in cases:
        scenes[fault] = begin(world())
        scenes[fault].service.fault(method=method, **FAULTS[fault])
        connection = {"instance": scenes[fault].url, "ledger": str(scenes[fault].ledger)} if short_name == "binding" else {"instance": scenes[fault].url}
        tasks += [refused(module(short_name, f"{fault}, {title}", **options, **connection)) for title in ("call", "again")]
    run = next(iter(scenes.values())).play(tasks)
    for fault, (succeeds, due) in cases.items():
        assert scenes[fault].service.faults[0].fired == 1
        assert (f"{fault}, call" in failed(run)) is not succeeds, fault
        assert (f"{fault}, again" in failed(run), run.one(f"{fault}, again")["changed"]) == (False, due), fault
        assert len(scenes[fault].writes()) == (0 if method == "GET" else 2 if due or fault in ("survived", "cut") else 1), fault


def test_requeue_and_the_run_after_it(begin):
    cases = {"survived": {"status": {"code": 429, "headers": {"Retry-After": "1"}}}, "refused": FAULTS["refused"], "unknown": LOST}
    tasks, scenes = [], {}
    for title, fault in cases.items():
        scene = scenes[title] = begin(World().datastream(456, extracts=6).binding(123, 456, enabled=True))
        scene.service.fault(method="POST", skip=1, **fault)
        options = {"datastream_id": 456, "target_id": 789, "batch_size": 2, "instance": scene.url, "ledger": str(scene.ledger)}
        tasks += [refused(module("requeue", f"{title}, {number}", **options)) for number in (1, 2)]
    run = next(iter(scenes.values())).play(tasks)
    aged = next(iter(scenes.values())).world.aged(456)
    told = {title: run.told_by(f"{title}, 1", f"{title}, 2") for title in cases}
    assert failed(run) == {"refused, 1", "unknown, 1", "unknown, 2"}
    assert told["refused"][0]["remaining_extract_ids"] == aged[2:]
    assert [row["unknown_extract_ids"] for row in told["unknown"]] == [aged[2:4]] * 2
    assert "on_unknown" in told["unknown"][1]["msg"]
    assert [scene.loads(123) for scene in scenes.values()] == [aged, aged, aged[:4]]
    assert [len(scene.posts()) for scene in scenes.values()] == [4, 4, 2]
