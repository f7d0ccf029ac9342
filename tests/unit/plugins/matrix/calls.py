# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The six kinds of call: what is asked for, the fault put in its place, and the verdict on what came of it. Not tests.

A verdict never rests on the module's word alone: a list is held against the world, a write against what the service then holds, a requeue
against its record of loads. It gives the outcome and how often the request that met the fault was sent; whatever else has to hold is asserted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import (
    BINDINGS,
    EXTRACTS,
    PATHS,
    REQUEUE,
)
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    World,
    chunks,
    moment,
    uuids,
)
from ansible_collections.adverity.management.tests.unit.plugins.matrix.expected import FAULTS
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import Row, Scene

SURVIVED, ERROR, UNKNOWN = "survived", "error", "unknown"
Verdict = tuple[str, int]


class Call(NamedTuple):
    """One kind of call: a module with its options. `finish` gives a verdict on a second run, when the fault is over, where that makes sense."""

    world: Callable[[], World]
    method: str
    path: str
    module: str
    options: Row
    judge: Callable[[Scene, Row], Verdict]
    finish: Callable[[Scene, Row, str], str] | None = None
    rows: Mapping[str, Row] = MappingProxyType({})

    def fault(self, name: str) -> Row:
        """Return a fault in the simulator's words, for the second request of this kind."""
        fault = {"method": self.method, "path": self.path + "$", "skip": 1, **FAULTS[name]}
        if "mutate" in fault:
            fault["mutate"] = {fault["mutate"]: self.rows[fault["mutate"]]}
        return fault


# --- lists: 201 rows, in pages of 100 ---


def _bindings_world() -> World:
    world = World().datastream(456)
    for number in range(1001, 1202):
        world.binding(number, 456)
    return world


def _judge_list(path: str, key: str, scene: Scene, result: Row) -> Verdict:
    reads = scene.requests("GET", path)
    assert reads == scene.requests(), "a list wrote"
    sent = sum(dict(row["query"]).get("page") == "2" for row in reads)
    if result["failed"]:
        assert key not in result, "part of a list"
        assert path in result["msg"]
        return ERROR, sent
    assert sorted(row["id"] for row in result[key]) == sorted(getattr(scene.service.world, key)), "not the list as it is"
    return SURVIVED, sent


# --- PATCH binding: three bindings, one by one ---


def _judge_binding(scene: Scene, result: Row) -> Verdict:
    patches = scene.patches()
    sent = patches.count((2, {"enabled": True}))
    if not result["failed"]:
        assert result["affected"] == {"binding_ids": [1, 2, 3]}
        assert scene.enabled() == [1, 2, 3]
        assert sorted(_ids(patches)) == _ids(patches)  # a lasting fault meets the third one, too
        assert {1, 2, 3} == set(_ids(patches))
        return SURVIVED, sent
    third = patches.count((3, {"enabled": True}))
    assert _ids(patches) == [1] + [2] * sent + [3] * third
    # What concerns one binding does not hold up the next one, which a lasting fault meets, too.
    assert result.get("unfinished", False) is (third > 0)
    written, unknown = result["affected"]["binding_ids"], set(result["unknown"]["binding_ids"])
    assert result["changed"] is True
    assert (written, third > 1) in (([1, 3], False), ([1], True)) if third else written == [1]
    assert result["remaining"] == {"binding_ids": [each for each in (2, 3) if each not in written]}
    assert [row["id"] for row in result["bindings"] if row["enabled"] and row["id"] not in unknown] == written
    assert set(scene.enabled()) - unknown == set(written)
    if unknown:
        assert 2 in unknown
        return UNKNOWN, sent
    return ERROR, sent


def _ids(patches: list[tuple[int, Row]]) -> list[int]:
    return [one for one, _body in patches]


def _finish_binding(scene: Scene, again: Row, outcome: str) -> str:
    assert scene.enabled() == [1, 2, 3]
    due = again["affected"]["binding_ids"]
    assert _ids(scene.patches()) == due
    assert due in ([[]] if outcome == SURVIVED else [[], [2], [3], [2, 3]])
    return "does the rest" if due else "changes nothing"


# --- PATCH datastreams and PUT smart: 120 datastreams, 50 at a time ---

DATASTREAMS = uuids(range(1, 121))
SMART = {"is_active": True, "frequency": "daily", "refresh_range": {"value": 7, "unit": "day"}, "deadline": None}
DONE: dict[str, tuple[str, Any]] = {"PATCH": ("enabled", True), "PUT": ("smart", {**SMART, "frequency": "weekly"})}


def _datastreams_world() -> World:
    world = World()
    for number in range(1, 121):
        world.datastream(number, enabled=False, smart=SMART)
    return world


def _done(method: str, scene: Scene) -> list[str]:
    """The datastreams that are as they shall be; the others are untouched."""
    name, value = DONE[method]
    rows = scene.datastreams()
    other, kept = {"enabled": ("smart", SMART), "smart": ("enabled", False)}[name]
    for row in rows.values():
        assert row[other] == kept
        assert row[name] in (value, False, SMART)
    return [one for one, row in rows.items() if row[name] == value]


def _named(method: str, scene: Scene) -> list[list[str]]:
    return [[value for _name, value in row["query"]] for row in scene.requests(method, PATHS[method])]


def _judge_datastreams(method: str, scene: Scene, result: Row) -> Verdict:
    first, second, third = chunks(DATASTREAMS)
    named = _named(method, scene)
    sent = named.count(second)
    done = _done(method, scene)
    if not result["failed"]:
        assert result["affected"] == {"datastream_ids": DATASTREAMS}
        assert done == DATASTREAMS
        assert named == [first] + [second] * sent + [third]
        return SURVIVED, sent
    assert named == [first] + [second] * sent
    assert result["changed"] is True
    assert result["affected"] == {"datastream_ids": first}
    assert result["remaining"] == {"datastream_ids": second + third}
    assert "Written before that: 50 datastreams. " in result["msg"]
    assert done[:50] == first
    assert not set(done) & set(third)
    if result.get("status", 0) // 100 == 4 or result.get("status") == 503:
        assert done == first, "a refusal that did something"
    return ERROR, sent


def _finish_datastreams(method: str, scene: Scene, again: Row, outcome: str) -> str:
    assert _done(method, scene) == DATASTREAMS
    due = again["affected"]["datastream_ids"]
    assert _named(method, scene) == chunks(due)
    assert due in ([[]] if outcome == SURVIVED else [DATASTREAMS[50:], DATASTREAMS[100:]])
    return "does the rest" if due else "changes nothing"


# --- POST requeue: six extracts, two at a time ---


def _requeue_world() -> World:
    return World().datastream(456, extracts=6).binding(123, 456, enabled=True)


def _judge_requeue(scene: Scene, result: Row) -> Verdict:
    aged = scene.world.aged(456)
    first, second, third = aged[:2], aged[2:4], aged[4:]
    posts = [body["extract_ids"] for body in scene.posts()]
    assert all(body["binding_ids"] == [123] for body in scene.posts())
    sent = posts.count(second)
    loads = scene.loads(123)
    if not result["failed"]:
        halves = [second[:1], second[1:]]  # of a request that was refused, to find out whether it is an extract
        assert posts in ([first] + [second] * sent + [third], [first, second, *halves, third])
        assert loads == aged
        assert result["requeued_extract_ids"] == aged
        return SURVIVED, sent
    status = {row["extract_id"]: row["status"] for row in scene.run("requeue_info", datastream_id=456, target_id=789)["extracts"]}
    assert posts == [first] + [second] * sent
    assert result["requeued_extract_ids"] == first
    assert {one: status[one] for one in first + third} == {**dict.fromkeys(first, "dispatched"), **dict.fromkeys(third, "pending")}
    if {status[one] for one in second} == {"pending"}:
        assert loads == first, "a refusal that loaded something"
        assert result["unknown_extract_ids"] == []
        assert result["remaining_extract_ids"] == second + third
        return ERROR, sent
    assert {status[one] for one in second} == {"unknown"}
    assert loads in (first, first + second)
    assert result["unknown_extract_ids"] == second
    assert result["remaining_extract_ids"] == third
    assert all(str(one) in result["msg"] for one in second)
    assert "on_unknown" in result["msg"]
    return UNKNOWN, sent


def _finish_requeue(scene: Scene, again: Row, outcome: str) -> str:
    """After the second run the record holds each extract once; or that run has stopped, and what is unknown was loaded at most once."""
    aged = scene.world.aged(456)
    posts, loads = [body["extract_ids"] for body in scene.posts()], scene.loads(123)
    if outcome == SURVIVED:
        assert (again["failed"], again["changed"], posts) == (False, False, [])
        assert loads == aged
        return "sends nothing"
    if outcome == ERROR:
        assert (again["failed"], posts) == (False, [aged[2:4], aged[4:]])
        assert loads == aged
        return "sends the rest"
    assert again["failed"] is True
    assert again["unknown_extract_ids"] == aged[2:4]
    assert again["requeued_extract_ids"] == []
    assert again["remaining_extract_ids"] == aged[4:]
    assert posts == []
    assert loads in (aged[:2], aged[:4])
    return "stops and lists them"


CALLS: dict[str, Call] = {
    "bindings list": Call(
        _bindings_world, "GET", BINDINGS, "binding_info", {}, functools.partial(_judge_list, BINDINGS, "bindings"),
        rows={"add": {"bindings": [{"id": 1, "datastream_id": 456, "target_id": 789}]}, "remove": {"bindings": [1001]}},
    ),
    "extracts list": Call(
        lambda: World().datastream(456, extracts=201), "GET", EXTRACTS, "extract_info", {"datastream_id": 456},
        functools.partial(_judge_list, EXTRACTS, "extracts"),
        rows={
            "add": {"extracts": [{"id": 1, "datastream_id": 456, "created": moment(days=500)}]},
            "remove": {"extracts": [World().datastream(456, extracts=201).aged(456)[0]]},
        },
    ),
    "PATCH binding": Call(
        lambda: World().datastream(456).binding(1, 456).binding(2, 456).binding(3, 456), "PATCH", BINDINGS + r"\d+/",
        "binding", {"target_id": 789, "enabled": True}, _judge_binding, _finish_binding,
    ),
    "PATCH datastreams": Call(
        _datastreams_world, "PATCH", PATHS["PATCH"], "datastream", {"all_datastreams": True, "enabled": True},
        functools.partial(_judge_datastreams, "PATCH"), functools.partial(_finish_datastreams, "PATCH"),
    ),
    "PUT smart": Call(
        _datastreams_world, "PUT", PATHS["PUT"], "smart_pulling", {"all_datastreams": True, "frequency": "weekly"},
        functools.partial(_judge_datastreams, "PUT"), functools.partial(_finish_datastreams, "PUT"),
    ),
    "POST requeue": Call(
        _requeue_world, "POST", REQUEUE, "requeue", {"datastream_id": 456, "target_id": 789, "batch_size": 2}, _judge_requeue, _finish_requeue,
    ),
}  # fmt: skip
