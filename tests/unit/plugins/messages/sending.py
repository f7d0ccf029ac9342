# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the messages about extracts that are sent, are left open, or are recorded. Not tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import failed
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World, moment
from ansible_collections.adverity.management.tests.unit.plugins.messages.outcomes import ONE, SEND, C, F, L, one_extract, sent, show
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import Given, Row, Stage, status, task

LOAD = {"datastream_id": 456, "target_id": 790}
LOST = {"method": "POST", "drop": "after"}


def crowd() -> World:
    """Three datastreams with an extract and an enabled binding each."""
    world = World()
    for number in (1, 2, 3):
        world.datastream(number, extracts=1).binding(100 + number, number, enabled=True)
    return world


def history() -> World:
    """A datastream with three extracts and an enabled binding."""
    return World().datastream(456, extracts=3).binding(55, 456, target=790, enabled=True)


def breaking(method: str, number: int) -> Given:
    """From a call of a method of the ledger on, its place fails."""

    def given(stage: Stage) -> Any:
        scene, calls = stage.open(history()), []

        def broken(name: str) -> Any:
            real = getattr(Ledger, name)

            def call(ledger: Ledger, *args: Any, **more: Any) -> Any:
                calls.append(name)
                if calls.count(method) >= number:
                    raise failed(ledger.shown, "disk I/O error", "Check the disk.")
                return real(ledger, *args, **more)

            return call

        for name in ("note", "intend", "withdraw", "dispatched"):
            stage.patch.setattr(Ledger, name, broken(name))
        return scene.run("requeue", **LOAD, batch_size=1)

    return given


def gone(stage: Stage) -> Any:
    """An extract that Adverity refused is not listed any more."""
    scene = stage.open(history())
    scene.service.change({"refuse": [scene.world.aged(456)[0]]})
    scene.run("requeue", **LOAD)
    scene.service.change({"remove": {"extracts": [scene.world.aged(456)[0]]}})
    return scene.run("requeue", **LOAD)


def loaded_by_another(stage: Stage) -> Any:
    """A load failed; then the extract was sent to another binding, and is loaded."""
    world = World().datastream(456).extract(ONE, 456, moment(days=10)).binding(55, 456, target=790, enabled=True).binding(56, 456, enabled=True)
    scene = sent(stage, C, world)
    scene.service.change({"clock": {"forward": 3600}}, show(F))
    scene.run("load_info")
    scene.run("requeue", **{**SEND, "binding_ids": [56]})
    scene.service.change({"clock": {"forward": 3600}}, show(L))
    return scene.run("requeue", extract_ids=[ONE], binding_ids=[55], on_failed="requeue")


def same_second(stage: Stage) -> Any:
    """An extract of the second in which the binding was enabled; the API did not show at first that it is."""
    updated = moment(days=1).replace("Z", ".5Z")
    world = World().datastream(456).extract(ONE, 456, moment(days=1)).binding(55, 456, target=790, enabled=True, updated=updated)
    scene = stage.open(world, updated_precision="fraction", binding_rows="no_enabled")
    scene.run("requeue", **LOAD, state="planned")
    scene.service.switches["binding_rows"] = "full"
    return scene.run("requeue", **LOAD)


def no_clock(stage: Stage) -> Any:
    """The API does not tell its time."""
    scene = stage.open(one_extract(), date_header="off")
    return [scene.run("requeue", **LOAD), scene.service.fetch(456), scene.run("requeue", **LOAD)]


def named_alone(*faults: Row) -> Given:
    """Extracts without a binding, of a datastream whose binding was enabled when they were created."""

    def given(stage: Stage) -> Any:
        scene = stage.open(one_extract())
        scene.run("requeue", **LOAD)
        new = scene.fetch(999, 456)
        for fault in faults:
            scene.service.fault(**fault)
        return scene.run("requeue", extract_ids=[new], retries=0)

    return given


def overtaken(stage: Stage) -> Any:
    """Extracts that were planned, and that the binding has loaded automatically."""
    scene = stage.open(World().datastream(456, extracts=3).binding(55, 456, target=790))
    scene.run("binding", binding_ids=[55], enabled=True)
    new = scene.fetch(999, 456)
    scene.run("requeue", extract_ids=[new], binding_ids=[55], state="planned", force=True)
    return [scene.run("requeue", **LOAD), scene.run("requeue_info")]


def recorded(stage: Stage) -> Any:
    """A history that the user records as loaded."""
    scene = stage.open(history())
    return [scene.run("requeue", **LOAD, state="recorded"), scene.run("requeue_info")]


def unlisted(stage: Stage) -> Any:
    """A failed extract that is not listed any more, and is settled."""
    scene = sent(stage, C)
    scene.service.change({"clock": {"forward": 3600}}, show(F))
    scene.run("load_info")
    scene.service.change({"remove": {"extracts": [ONE]}})
    return [scene.run("requeue", **LOAD, on_failed="skip"), scene.run("requeue_info")]


def recording(check_mode: bool) -> Given:
    """``state: recorded`` for two datastreams, of which one cannot be listed."""
    return task("requeue", world=crowd, target_id=789, datastream_ids=[1, 2], state="recorded", check_mode=check_mode,
                faults=[status(400, "api/extracts")])  # fmt: skip


ROWS: dict[str, Given] = {
    "It is the same for ... datastreams in succession": task("requeue", world=crowd, target_id=789, faults=[LOST] * 3),
    "The ledger could not record that extracts": breaking("intend", 2),
    "Dispatched in this run, and recorded": breaking("note", 3),
    "are in none of the other lists, and were not sent": task(
        "requeue", world=crowd, target_id=789, extract_ids=[10001, 20001], faults=[status(400, "api/extracts")],
    ),
    "If they were deleted, set on_refused: skip, which records that": gone,
    "Recorded as loaded in this run": recording(False),
    "A real run would record as loaded": recording(True),
    "into all enabled bindings": task("requeue", world=one_extract, extract_ids=[ONE], faults=[status(401, "requeue", "POST")]),
    # Why it is unknown
    "but another request or an automatic load may explain that": loaded_by_another,
    "they were created in the second": same_second,
    "the API did not show when the binding was read": no_clock,
    "whose binding was enabled cannot be listed now": named_alone(status(400, "api/extracts")),
    "and neither binding_ids nor target_id says which one is meant": named_alone(),
    # What the ledger records
    "loaded automatically by the binding": overtaken,
    "recorded by the user": recorded,
    "it is no longer in the API's list of extracts": unlisted,
}  # fmt: skip
