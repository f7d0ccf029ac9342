# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the reasons of an outcome. Not tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World, moment
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import Given, Row, Stage
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import Scene

ONE = 4560001
SEND = {"extract_ids": [ONE], "binding_ids": [55], "force": True, "on_unknown": "requeue"}
LATER = "2026-03-10T12:30:00Z"  # after the request, and before the look
C, L, F, P, O = "collected", "imported", "import_error", "processing", "overwritten"  # noqa: E741
ISSUE = {"id": 71, "datastream_id": 456, "extract_id": ONE, "start": LATER, "stage": "load", "message": "No such table."}


def one_extract(**more: Any) -> World:
    """A datastream that fetched an extract, with an enabled binding to destination 790."""
    return World().datastream(456, extracts=1).binding(55, 456, target=790, enabled=True, **more)


def show(state: str) -> Row:
    """The state that Adverity shows of the extract."""
    return {"edit": {"extracts": [{"id": ONE, "state": state}]}}


def sent(stage: Stage, before: str, world: World | None = None, **switches: Any) -> Scene:
    """A scene in which the extract was in a state, and was sent. The simulator shows no state of its own."""
    scene = stage.open(world or one_extract(), **{"requeue_processing": "never", **switches})
    scene.service.change(show(before), {"loading": {"load_seconds": 10**7}})
    assert not scene.run("requeue", **SEND)["failed"]
    return scene


def looked(before: str, *after: str, issue: Row | None = None, changes: tuple[Row, ...] = (), unknown_before: bool = False, **switches: Any) -> Given:
    """The extract was in a state, was sent, and then is in others, one at each look. An hour passes before the first one."""

    def given(stage: Stage) -> Any:
        scene = sent(stage, before, **({**switches, "state_labels": "translated"} if unknown_before else switches))
        if unknown_before:
            scene.service.switches["state_labels"] = "newer"
        scene.service.change({"clock": {"forward": 3600}}, *([{"add": {"issues": [{**ISSUE, **issue}]}}] if issue is not None else []), *changes)
        for number, state in enumerate(after):
            scene.service.script(method="GET", path="api/extracts", skip=number, changes=show(state))
        return scene.run("load_info", wait=600 if len(after) > 1 else 0)

    return given


def another_state(stage: Stage) -> Any:
    """A state in a language that the collection does not know."""
    return sent(stage, C, state_labels="translated").run("load_info")


def not_listed(stage: Stage) -> Any:
    """The extract was deleted since."""
    scene = sent(stage, C)
    scene.service.change({"remove": {"extracts": [ONE]}})
    return scene.run("load_info")


def sent_twice(stage: Stage) -> Any:
    """The extract was sent to two bindings at once."""
    scene = sent(stage, C, one_extract().binding(56, 456, target=789, enabled=True))
    scene.run("requeue", **{**SEND, "binding_ids": [56]})
    scene.service.change(show(L))
    return scene.run("load_info")


def enabled_since(stage: Stage) -> Any:
    """Another binding of the datastream is enabled, and was not long ago."""
    scene = sent(stage, C, one_extract().binding(56, 456, target=789, enabled=True, updated=moment(hours=1)))
    scene.service.change(show(L))
    return scene.run("load_info")


def running_job(stage: Stage) -> Any:
    """A request that started a job, which goes on."""
    return sent(stage, C, load_jobs="request").run("load_info")


def sent_without_bindings(stage: Stage) -> Any:
    """The request named extracts alone."""
    scene = stage.open(one_extract())
    scene.run("requeue", extract_ids=[ONE])
    return scene.run("load_info")


def never_requested(stage: Stage) -> Any:
    """What Adverity was processing without a request, and the user says that it is dispatched."""
    scene = stage.open(one_extract())
    scene.service.change(show(P))
    options = {"extract_ids": [ONE], "binding_ids": [55]}
    return [scene.run("requeue", **options), scene.run("requeue", **options, on_unknown="dispatched"), scene.run("load_info")]


def sent_again(stage: Stage) -> Any:
    """Another run sends the extract between two looks."""
    scene, done = sent(stage, C), []

    def again(_world: Any) -> None:
        if not done:
            done.append(scene.run("requeue", **SEND))

    scene.service.script(method="GET", path="api/extracts", skip=1, changes=again)
    return scene.run("load_info", wait=60)


def mended(stage: Stage) -> Any:
    """A load failed; then somebody sent the extract in Adverity."""
    scene = sent(stage, C)
    scene.service.change({"clock": {"forward": 3600}}, show(F))
    scene.run("load_info")
    scene.service.change(show(L))
    return [scene.run("load_info"), scene.run("requeue_info")]


ROWS: dict[str, Given] = {
    "it was not loaded before the request, and is loaded now": looked(C, L),
    "it was being processed after the request, and is loaded now": looked(L, P, L),
    "its load failed before, and Adverity shows it as loaded now": mended,
    "Adverity shows an error of the extract": looked(C, F),
    "job ... of its datastream has not ended": running_job,
    "Adverity has collected the extract, and shows no load of it": looked(C, C),
    "a later extract has overwritten it": looked(C, O),
    "Adverity shows a state that the collection does not know": another_state,
    "Adverity does not list the extract any more": not_listed,
    "it was loaded before the request, and is loaded now": looked(L, L),
    "it is loaded now, but its state before the request is not known": looked(C, L, unknown_before=True),
    "it is loaded now, but Adverity was already processing it when the request was sent": looked(P, L),
    "it is loaded now, but an issue began after the request": looked(C, L, issue={}),
    "it has failed, but its state before the request is not known": looked(C, F, unknown_before=True),
    "it has failed, but Adverity was already processing it when the request was sent": looked(P, F),
    "it had failed before the request, and Adverity shows no load since": looked(F, F),
    "it was loaded again, but this issue may be about it": looked(L, P, L, issue={}, issue_extract="null"),
    "it was loaded again, but a later fetch may have acknowledged an issue about it": looked(L, P, L, changes=({"fetch": {"datastream_id": 456}},)),
    "another request for binding ... may have changed the state of the extract, too": sent_twice,
    "the automatic load into binding ... may have changed the state of the extract, too": enabled_since,
    "the request named no binding, so that the state before it is not known": sent_without_bindings,
    "the ledger has no request for it": never_requested,
    "another run has sent it again meanwhile": sent_again,
}
