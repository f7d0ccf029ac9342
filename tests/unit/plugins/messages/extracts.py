# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the messages about extracts: sent, left open, recorded, and the reasons of an outcome. Not tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import failed
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World, moment
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import (
    Given,
    Row,
    Stage,
    Step,
    fault,
    meanwhile,
    status,
    story,
    task,
)

ONE, NEW = 4560001, 999
LOAD = {"datastream_id": 456, "target_id": 790}
SEND = {"extract_ids": [ONE], "binding_ids": [55], "force": True, "on_unknown": "requeue"}
LOST = {"method": "POST", "drop": "after"}
LATER = "2026-03-10T12:30:00Z"  # after the request, and before the look
HOUR = {"clock": {"forward": 3600}}
SLOW = {"loading": {"load_seconds": 10**7}}  # longer than anybody waits
DELETE = {"remove": {"extracts": [ONE]}}
C, L, F, P, O = "collected", "imported", "import_error", "processing", "overwritten"  # noqa: E741
ISSUE = {"add": {"issues": [{"id": 71, "datastream_id": 456, "extract_id": ONE, "start": LATER, "stage": "load", "message": "No such table."}]}}


def one_extract() -> World:
    """A datastream that fetched an extract, with an enabled binding to destination 790."""
    return World().datastream(456, extracts=1).binding(55, 456, target=790, enabled=True)


def history() -> World:
    """The same with three extracts."""
    return World().datastream(456, extracts=3).binding(55, 456, target=790, enabled=True)


def old_extract(**binding: Any) -> World:
    """The same with an extract of ten days ago, and another enabled binding."""
    world = World().datastream(456).extract(ONE, 456, moment(days=10)).binding(55, 456, target=790, enabled=True)
    return world.binding(56, 456, enabled=True, **binding)


def three_datastreams() -> World:
    """Each with an extract and an enabled binding."""
    world = World()
    for number in (1, 2, 3):
        world.datastream(number, extracts=1).binding(100 + number, number, enabled=True)
    return world


def show(state: str) -> Row:
    """Adverity shows a state of the extract."""
    return {"edit": {"extracts": [{"id": ONE, "state": state}]}}


def switch(name: str, value: str) -> Step:
    return lambda scene: scene.service.switches.update({name: value})


def fetch(scene: Any) -> Any:
    return scene.fetch(NEW, 456)


def outcome(*steps: Step, before: str = C, world: Any = one_extract, **switches: Any) -> Given:
    """The extract is in a state, and is sent; then these steps. The simulator shows no state of its own."""
    return story(show(before), SLOW, ("requeue", SEND), *steps, world=world, **{"requeue_processing": "never", **switches})


def looked(before: str, *after: str, steps: tuple[Step, ...] = (), **switches: Any) -> Given:
    """The extract was in a state, was sent, and then is in others, one at each look. An hour passes before the first one."""
    looks = [
        lambda scene, number=number, state=state: scene.service.script(method="GET", path="api/extracts", skip=number, changes=show(state))
        for number, state in enumerate(after)
    ]
    return outcome(HOUR, *steps, *looks, ("load_info", {"wait": 600 if len(after) > 1 else 0}), before=before, **switches)


NO_STATE_BEFORE: Row = {"state_labels": "translated", "steps": (switch("state_labels", "newer"),)}


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


def same_second() -> World:
    """An extract of the second in which the binding was enabled."""
    updated = moment(days=1).replace("Z", ".5Z")
    return World().datastream(456).extract(ONE, 456, moment(days=1)).binding(55, 456, target=790, enabled=True, updated=updated)


def recording(check_mode: bool) -> Given:
    """``state: recorded`` for two datastreams, of which one cannot be listed."""
    options = {"target_id": 789, "datastream_ids": [1, 2], "state": "recorded", "check_mode": check_mode}
    return task("requeue", world=three_datastreams, **options, faults=[status(400, "api/extracts")])


# Extracts of a datastream whose binding was enabled when they were created, sent by their IDs alone.
NAMED_ALONE: tuple[Step, Step] = (fetch, ("requeue", {"extract_ids": [NEW], "retries": 0}))

NEEDED = {**LOAD, "backfill": "when_needed"}

ROWS: dict[str, Given] = {
    "It is the same for ... datastreams in succession": task("requeue", world=three_datastreams, target_id=789, faults=[LOST] * 3),
    "The ledger could not record that extracts": breaking("intend", 2),
    "Open for bindings that are left alone": story(
        fault(**LOST), ("requeue", {"extract_ids": [ONE], "binding_ids": [55]}), ("requeue", NEEDED), world=one_extract,
    ),
    "Enabled when the ledger saw them first, changed since then": story(
        ("requeue", NEEDED), ("binding", {"binding_ids": [55], "enabled": False}), ("requeue", NEEDED), world=one_extract,
    ),
    "Dispatched in this run, and recorded": breaking("note", 3),
    "are in none of the other lists, and were not sent": task(
        "requeue", world=three_datastreams, target_id=789, extract_ids=[10001, 20001], faults=[status(400, "api/extracts")],
    ),
    "If they were deleted, set on_refused: skip, which records that": story(
        {"refuse": [ONE]}, ("requeue", LOAD), DELETE, ("requeue", LOAD), world=history,
    ),
    "Recorded as loaded in this run": recording(False),
    "A real run would record as loaded": recording(True),
    "into all enabled bindings": task("requeue", world=one_extract, extract_ids=[ONE], faults=[status(401, "requeue", "POST")]),
    # Why it is unknown
    "but another request or an automatic load may explain that": outcome(
        HOUR, show(F), ("load_info", {}), ("requeue", {**SEND, "binding_ids": [56]}), HOUR, show(L),
        ("requeue", {"extract_ids": [ONE], "binding_ids": [55], "on_failed": "requeue"}), world=old_extract,
    ),
    "they were created in the second": story(
        ("requeue", {**LOAD, "state": "planned"}), switch("binding_rows", "full"), ("requeue", LOAD),
        world=same_second, updated_precision="fraction", binding_rows="no_enabled",
    ),
    "the API did not show when the binding was read": story(
        ("requeue", LOAD), {"fetch": {"datastream_id": 456}}, ("requeue", LOAD), world=one_extract, date_header="off",
    ),
    "whose binding was enabled cannot be listed now": story(
        ("requeue", LOAD), NAMED_ALONE[0], fault(**status(400, "api/extracts")), NAMED_ALONE[1], world=one_extract,
    ),
    "and neither binding_ids nor target_id says which one is meant": story(("requeue", LOAD), *NAMED_ALONE, world=one_extract),
    # What the ledger records
    "loaded automatically by the binding": story(
        ("binding", {"binding_ids": [55], "enabled": True}), fetch,
        ("requeue", {"extract_ids": [NEW], "binding_ids": [55], "state": "planned", "force": True}), ("requeue", LOAD), ("requeue_info", {}),
        world=lambda: World().datastream(456, extracts=3).binding(55, 456, target=790),
    ),
    "recorded by the user": story(("requeue", {**LOAD, "state": "recorded"}), ("requeue_info", {}), world=history),
    "it is no longer in the API's list of extracts": outcome(
        HOUR, show(F), ("load_info", {}), DELETE, ("requeue", {**LOAD, "on_failed": "skip"}), ("requeue_info", {}),
    ),
    # The reasons of an outcome
    "it was not loaded before the request, and is loaded now": looked(C, L),
    "it was being processed after the request, and is loaded now": looked(L, P, L),
    "its load failed before, and Adverity shows it as loaded now": outcome(
        HOUR, show(F), ("load_info", {}), show(L), ("load_info", {}), ("requeue_info", {}),
    ),
    "Adverity shows an error of the extract": looked(C, F),
    "job ... of its datastream has not ended": outcome(("load_info", {}), load_jobs="request"),
    "Adverity has collected the extract, and shows no load of it": looked(C, C),
    "a later extract has overwritten it": looked(C, O),
    "Adverity shows a state that the collection does not know": outcome(("load_info", {}), state_labels="translated"),
    "Adverity does not list the extract any more": outcome(DELETE, ("load_info", {})),
    "it was loaded before the request, and is loaded now": looked(L, L),
    "it is loaded now, but its state before the request is not known": looked(C, L, **NO_STATE_BEFORE),
    "it is loaded now, but Adverity was already processing it when the request was sent": looked(P, L),
    "it is loaded now, but an issue began after the request": looked(C, L, steps=(ISSUE,)),
    "it has failed, but its state before the request is not known": looked(C, F, **NO_STATE_BEFORE),
    "it has failed, but Adverity was already processing it when the request was sent": looked(P, F),
    "it had failed before the request, and Adverity shows no load since": looked(F, F),
    "it was loaded again, but this issue may be about it": looked(L, P, L, steps=(ISSUE,), issue_extract="null"),
    "it was loaded again, but a later fetch may have acknowledged an issue about it": looked(L, P, L, steps=({"fetch": {"datastream_id": 456}},)),
    "another request for binding ... may have changed the state of the extract, too": outcome(
        ("requeue", {**SEND, "binding_ids": [56]}), show(L), ("load_info", {}), world=old_extract,
    ),
    "the automatic load into binding ... may have changed the state of the extract, too": outcome(
        show(L), ("load_info", {}), world=lambda: one_extract().binding(56, 456, enabled=True, updated=moment(hours=1)),
    ),
    "the request named no binding, so that the state before it is not known": story(("requeue", {"extract_ids": [ONE]}), ("load_info", {}), world=one_extract),
    "the ledger has no request for it": story(
        show(P), ("requeue", {"extract_ids": [ONE], "binding_ids": [55]}),
        ("requeue", {"extract_ids": [ONE], "binding_ids": [55], "on_unknown": "dispatched"}), ("load_info", {}), world=one_extract,
    ),
    "another run has sent it again meanwhile": outcome(
        meanwhile(("requeue", SEND), method="GET", path="api/extracts", skip=1), ("load_info", {"wait": 60}),
    ),
}  # fmt: skip
