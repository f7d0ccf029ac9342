# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a requeue plans and what came of it: its result, its diff, and what an error that ends it has to say.
Pure.
"""

from __future__ import annotations

import types
import typing as t

from .._api import text
from .._api.errors import AdverityError
from .._ledger.ledger import Ledger
from .binding_decision import BindingDecision
from .decision import Pair
from .plan import Batch, Plan
from .select import Unreadable
from .send import Refusal, Sending, Stop
from .wording import WAYS_ON

_COUNTS = (
    "requeued",
    "skipped",
    "recorded",
    "settled",
    "loaded_by_itself",
    "unknown",
    "refused",
    "failed",
    "remaining",
)


class Outcome:
    """What a run plans and what came of it so far: ``sent``, ``refused``, ``stops``, and ``unknown_now``, of unknown outcome since this run.
    ``settled``: by binding and extract, what was open before and is recorded as settled by this run, besides what the plan confirms.

    ``unreadable``: the datastreams whose extracts cannot be listed. ``checked``: what ``on_unknown: check`` found of extracts that stay unknown, by binding
    and extract.
    """

    def __init__(
        self,
        plan: Plan,
        bindings: list[BindingDecision],
        unreadable: t.Sequence[Unreadable] = (),
        checked: t.Mapping[tuple[int, int], str] = types.MappingProxyType({}),
        settled: t.Iterable[tuple[int, int]] = (),
    ) -> None:
        self.plan = plan
        self.checked = checked
        self.settled = set(settled)
        self.bindings = bindings
        self.unreadable = unreadable
        self.sent: list[tuple[Batch, str]] = []
        self.refused: list[Refusal] = []
        self.stops: list[Stop] = []
        self.unknown_now: list[Pair] = []
        self._result: dict[str, t.Any] | None = None

    def pretend(self) -> None:
        """Takes all that is planned as sent, in check mode."""
        self.sent, self._result = [(batch, "") for batch in self.plan.batches], None

    def take(self, sending: Sending) -> None:
        """Takes over what a sending has come to."""
        self.sent, self.refused, self.stops = sending.sent, sending.refused, sending.stops
        self.unknown_now, self._result = sending.unknown_pairs(), None

    def result(self) -> dict[str, t.Any]:
        """The module's result: what was sent, skipped, is unknown, refused, failed, left; by extract, and counted by binding in ``summary``."""
        if self._result is None:
            self._result = self._make_result()
        return self._result

    def _make_result(self) -> dict[str, t.Any]:
        plan = self.plan
        requeued = list(dict.fromkeys(each for batch, _message in self.sent for each in batch.extract_ids))
        unknown, refused, remaining = self.rest()
        here = {pair[2] for pairs in (unknown, refused, remaining, plan.failed) for pair in pairs}.union(
            requeued
        )
        return {
            "changed": bool(
                requeued
                or self.unknown_now
                or plan.confirmed
                or plan.recorded
                or self.refused
                or self.settled
            ),
            "bindings": [decision.as_dict() for decision in self.bindings],
            "requeued_extract_ids": requeued,
            "skipped_extract_ids": ids(
                pair
                for pair in plan.skipped + plan.loaded + plan.confirmed + plan.recorded
                if pair[2] not in here
            ),
            "unknown_extract_ids": ids(unknown),
            "refused_extract_ids": ids(refused),
            "failed_extract_ids": ids(plan.failed),
            "remaining_extract_ids": ids(remaining),
            "extract_count": len(requeued),
            "batches": [
                {
                    "datastream_id": batch.datastream_id,
                    "binding_ids": list(batch.binding_ids),
                    "extract_count": len(batch.extract_ids),
                    "message": message,
                }
                for batch, message in self.sent
            ],
            "summary": self._summary(unknown, refused, remaining),
        }

    def diff(self) -> dict[str, t.Any]:
        """By binding, how many of the selected extracts are dispatched or recorded as loaded, before and after."""
        before, after = {}, {}
        for row in self._summary([], [], []):
            name = f"binding {row['binding_id']}" if row["binding_id"] else "all enabled bindings"
            before[name] = {"dispatched": row["skipped"] - row["recorded"] - row["settled"]}
            after[name] = {"dispatched": row["skipped"] + row["requeued"]}
        return {"before": before, "after": after}

    def listed(self, binding_ids: t.Iterable[int]) -> list[int]:
        """Those of the bindings whose extracts could be listed."""
        unlisted = {each for unreadable in self.unreadable for each in unreadable.binding_ids}
        return [each for each in binding_ids if each not in unlisted]

    def incomplete_binding_ids(self, on_refused: str) -> set[int | None]:
        """The bindings of which not everything that is selected is done."""
        stops = (
            ("remaining", "unknown", "failed", "refused")
            if on_refused == "fail"
            else ("remaining", "unknown", "failed")
        )
        incomplete = {
            row["binding_id"] for row in self.result()["summary"] if any(row[name] for name in stops)
        }
        return incomplete.union(each for unreadable in self.unreadable for each in unreadable.binding_ids)

    def explain(self, error: AdverityError, sending: Sending, ledger: Ledger) -> None:
        """Adds to an error that ended the run what was asked, what was done before, and what to do next."""
        self.take(sending)
        result = self.result()
        error.facts = dict(result, **error.facts)
        batch, journal = sending.batch, sending.journal
        error.say(f"Request: load extracts {text.ids(batch.extract_ids)}{_into(batch)}.")
        error.say(
            f"Dispatched in this run: {text.counted(result['extract_count'], 'extract')}. Not sent: {len(result['remaining_extract_ids'])}."
        )
        if journal.unsaved is not None:
            error.say(
                f"The ledger could not record that extracts {text.ids(journal.unsaved.extract_ids)} were dispatched, so the next run stops at them as unknown."
                " Set on_unknown: dispatched, which records that they were sent."
            )
        if self.unknown_now:
            error.say(
                f"The outcome for extracts {text.ids(ids(self.unknown_now))} is unknown and recorded as such"
                f" in the ledger {ledger.shown}."
            )
            error.say(WAYS_ON)
        elif journal.unsaved is None:
            error.say("Correct the cause and run it again: what was dispatched is not sent again.")

    def rest(self) -> tuple[list[Pair], list[Pair], list[Pair]]:
        """What is unknown, refused and remaining."""
        refused = [pair for refusal in self.refused for pair in refusal.batch.pairs()]
        handled = {pair for batch, _message in self.sent for pair in batch.pairs()}.union(
            self.unknown_now, refused
        )
        batches = (*self.plan.batches, *self.plan.later)
        remaining = [pair for batch in batches for pair in batch.pairs() if pair not in handled]
        return (
            list(self.plan.unknown) + self.unknown_now,
            self.plan.refused + refused,
            remaining + self.plan.waiting + self.plan.over_limit,
        )

    def _summary(
        self, unknown: list[Pair], refused: list[Pair], remaining: list[Pair]
    ) -> list[dict[str, t.Any]]:
        plan = self.plan
        sent = [pair for batch, _message in self.sent for pair in batch.pairs()]
        lists = (
            sent,
            plan.skipped + plan.confirmed + plan.recorded,
            plan.recorded,
            plan.confirmed + [pair for pair in plan.skipped if pair[1:] in self.settled],
            plan.loaded,
            unknown,
            refused,
            plan.failed,
            remaining,
        )
        rows: dict[tuple[int | None, int], dict[str, t.Any]] = {}
        for name, pairs in zip(_COUNTS, lists):
            for datastream_id, binding_id, _extract_id in pairs:
                key = (datastream_id, binding_id)
                if key not in rows:
                    rows[key] = dict(
                        dict.fromkeys(_COUNTS, 0), datastream_id=datastream_id, binding_id=binding_id or None
                    )
                rows[key][name] += 1
        return list(rows.values())


def _into(batch: Batch) -> str:
    of = "" if batch.datastream_id is None else f" of datastream {batch.datastream_id}"
    return of + (
        f" into binding {text.ids(batch.binding_ids)}" if batch.binding_ids else " into all enabled bindings"
    )


def ids(pairs: t.Iterable[Pair]) -> list[int]:
    """The IDs of the extracts, each once."""
    return list(dict.fromkeys(pair[2] for pair in pairs))
