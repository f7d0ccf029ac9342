# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a requeue tells: its result, its diff, its warnings, and what an error has to say. Pure."""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.errors import AdverityError
from .._api.paging import Row
from .._ledger import timeline
from .._ledger.ledger import Ledger
from .._ledger.timeline import Doubt, Record, Window
from .._resources import bindings
from . import decision
from .plan import Batch, Pair, Plan
from .send import Refusal, Sending

WAYS_ON = (
    "Check in Adverity whether they were loaded (Datastream > Activity for extracts and their state, Issues for errors), then set on_unknown:"
    " requeue sends them again (rows that did arrive are loaded twice);"
    " dispatched records that they were loaded, and sends the rest; skip sends the rest and leaves them unknown; fail, the default, stops here again."
)
WAYS_ON_REFUSED = (
    "Correct the cause in Adverity and run it again to retry them; or set on_refused: skip to leave them out."
)
_COUNTS = ("requeued", "skipped", "loaded_by_itself", "unknown", "refused", "remaining")
_REASONS = {
    decision.LOST: "an earlier run was cut off before the service answered, or sent them without naming bindings",
    timeline.UNDATED: "the service does not say when they were created, and the binding was enabled at some time",
    timeline.SAME_SECOND: "they were created in the very second in which the binding was enabled or disabled",
    timeline.OWN: "they were created while a run was enabling or disabling the binding",
    timeline.INTERRUPTED: "they were created while a run that was cut off was enabling or disabling the binding",
    timeline.ELSEWHERE: "the binding was changed, but not by this ledger, and they were created before that change",
}


class Outcome:
    """What a run plans and what came of it so far: ``sent``, ``refused``, ``in_doubt`` (of unknown outcome since this run)."""

    def __init__(self, plan: Plan, bindings: list[Row]) -> None:
        self.plan = plan
        self.bindings = bindings
        self.sent: list[tuple[Batch, str]] = []
        self.refused: list[Refusal] = []
        self.in_doubt: list[Pair] = []

    def take(self, sending: Sending) -> None:
        """Takes over what a sending has come to."""
        self.sent, self.refused = sending.sent, sending.refused
        if sending.in_doubt:
            self.in_doubt = list(sending.batch._replace(extract_ids=sending.in_doubt).pairs())

    def result(self) -> dict[str, t.Any]:
        """The module's result: what was sent, skipped, is unknown, refused, left; by extract, and counted by binding in ``summary``."""
        plan = self.plan
        requeued = [one for batch, _message in self.sent for one in batch.extract_ids]
        unknown, refused, remaining = self._rest()
        here = {pair[2] for pairs in (unknown, refused, remaining) for pair in pairs}.union(requeued)
        return {
            "changed": bool(requeued or self.in_doubt or plan.confirmed or self.refused),
            "bindings": self.bindings,
            "requeued_extract_ids": requeued,
            "skipped_extract_ids": _ids(pair for pair in plan.skipped + plan.loaded + plan.confirmed if pair[2] not in here),
            "unknown_extract_ids": _ids(unknown),
            "refused_extract_ids": _ids(refused),
            "remaining_extract_ids": _ids(remaining),
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
        """By binding, how many of the chosen extracts are dispatched, before and after."""
        before, after = {}, {}
        for row in self._summary([], [], []):
            name = f"binding {row['binding_id']}" if row["binding_id"] else "all enabled bindings"
            before[name] = {"dispatched": row["skipped"]}
            after[name] = {"dispatched": row["skipped"] + row["requeued"]}
        return {"before": before, "after": after}

    def explain(self, error: AdverityError, sending: Sending, ledger: Ledger) -> None:
        """Adds to an error what was asked, what was done before, and what to do next."""
        self.take(sending)
        facts = self.result()
        error.facts = dict(facts, **error.facts)
        batch, journal = sending.batch, sending.journal
        error.say(f"Request: load extracts {text.ids(batch.extract_ids)}{_into(batch)}.")
        error.say(f"Dispatched in this run: {facts['extract_count']} extracts. Not sent: {len(facts['remaining_extract_ids'])}.")
        if journal.unsaved is not None:
            error.say(
                f"The ledger could not record that extracts {text.ids(journal.unsaved.extract_ids)} were dispatched, so the next run stops at them as unknown:"
                " on_unknown: dispatched tells it that they were."
            )
        if self.in_doubt:
            error.say(f"The outcome for extracts {text.ids(_ids(self.in_doubt))} is unknown and recorded as such in the ledger {ledger.shown}.")
            error.say(WAYS_ON)
        elif journal.unsaved is None:
            error.say("Correct the cause and run it again: what was dispatched is not sent again.")

    def _rest(self) -> tuple[list[Pair], list[Pair], list[Pair]]:
        """What is unknown, refused and remaining."""
        refused = [pair for refusal in self.refused for pair in refusal.batch.pairs()]
        handled = {one for batch, _message in self.sent for one in batch.extract_ids}.union(pair[2] for pair in self.in_doubt + refused)
        batches = (*self.plan.batches, *self.plan.later)
        remaining = [pair for batch in batches for pair in batch.pairs() if pair[2] not in handled]
        return list(self.plan.unknown) + self.in_doubt, self.plan.refused + refused, remaining

    def _summary(self, unknown: list[Pair], refused: list[Pair], remaining: list[Pair]) -> list[dict[str, t.Any]]:
        sent = [pair for batch, _message in self.sent for pair in batch.pairs()]
        lists = (sent, self.plan.skipped + self.plan.confirmed, self.plan.loaded, unknown, refused, remaining)
        rows: dict[tuple[int | None, int], dict[str, t.Any]] = {}
        for name, pairs in zip(_COUNTS, lists):
            for datastream_id, binding_id, _extract_id in pairs:
                key = (datastream_id, binding_id)
                if key not in rows:
                    rows[key] = dict(dict.fromkeys(_COUNTS, 0), datastream_id=datastream_id, binding_id=binding_id or None)
                rows[key][name] += 1
        return list(rows.values())


def show_bindings(rows: list[Row], records: t.Mapping[int, Record], actions: t.Mapping[int, str]) -> list[Row]:
    """The chosen bindings, their state as far as it is known, and what happens to the history of each."""
    return [
        {
            "binding_id": row["id"],
            "datastream_id": row["datastream_id"],
            "target_id": row["target_id"],
            "target_name": text.line(row.get("target_name") or ""),
            "enabled": records[row["id"]].enabled,
            "action": actions[row["id"]],
        }
        for row in rows
    ]


def warnings_of(rows: list[Row], records: t.Mapping[int, Record], actions: t.Mapping[int, str], window: Window) -> list[str]:
    """What a user should know of the chosen bindings before anything is sent."""
    warnings = []
    alone = [row for row in rows if actions[row["id"]] == decision.LEFT_ALONE]
    if alone:
        warnings.append(
            f"Already enabled, and the ledger has no record of whether the history was loaded: {bindings.labels(alone)}. This run does not send it. Check in"
            " Adverity (Datastream > Activity for extracts and their state, Issues for errors) and at the destination. If the history is missing,"
            " deploy_destination_backfill: always sends it; if it is there, deploy_destination_backfill: recorded writes down that it is loaded"
            " (of the module: backfill: always, state: recorded)."
        )
    for row in rows:
        record = records[row["id"]]
        wider = [known for known in (record.plan, record.covered) if known and known != window and timeline.contains(known, window)]
        if wider and actions[row["id"]] != decision.NONE:
            warnings.append(
                f"The ledger knows a wider backfill of {bindings.label(row)}: {window_words(wider[0])}. This run selects {window_words(window)}."
                " Nothing is taken back."
            )
    return warnings


def window_words(window: Window | None) -> str | None:
    """A window of history, in words; None for none."""
    if window is None:
        return None
    parts = [f"{word} {moment}" for word, moment in zip(("from", "to"), window) if moment]
    return " ".join(parts) or "the whole history"


def unknown_error(outcome: Outcome, ledger: Ledger) -> AdverityError:
    """The error for a plan that holds extracts of which nobody can know whether they are loaded. It is the same in check mode."""
    error = AdverityError(
        f"It is unknown whether these extracts are loaded: {describe_unknown(outcome.plan.unknown)}."
        f" The ledger is {ledger.shown}. Nothing was sent.",
        **outcome.result(),
    )
    error.say(WAYS_ON)
    return error


def describe_unknown(unknown: t.Mapping[Pair, Doubt]) -> str:
    """Unknown extracts by binding and reason, in words."""
    groups: dict[tuple[int, Doubt], list[int]] = {}
    for (_datastream_id, binding_id, extract_id), doubt in unknown.items():
        groups.setdefault((binding_id, doubt), []).append(extract_id)
    shown = [
        f"extracts {text.ids(extract_ids)}{f' for binding {binding_id}' if binding_id else ''} ({_REASONS[doubt.reason]}{_between(doubt)})"
        for (binding_id, doubt), extract_ids in groups.items()
    ]
    return text.several(shown, 20)


def refused_error(outcome: Outcome) -> AdverityError:
    """The error at the end of a run in which the service refused some extracts."""
    facts = outcome.result()
    error = AdverityError(
        f"The service refused {len(outcome.refused)} extracts: {describe_refused(outcome.refused)}. Dispatched in this run: {facts['extract_count']} extracts;"
        " the refused ones are recorded in the ledger.",
        **facts,
    )
    error.say(WAYS_ON_REFUSED)
    return error


def describe_refused(refused: t.Sequence[Refusal]) -> str:
    """Refused extracts with the service's words."""
    groups: dict[str, list[int]] = {}
    for refusal in refused:
        groups.setdefault(refusal.reason, []).extend(refusal.batch.extract_ids)
    return text.several([f"extracts {text.ids(extract_ids)} with {reason}" for reason, extract_ids in groups.items()], 20)


def _between(doubt: Doubt) -> str:
    if doubt.since is None:
        return ""
    if doubt.since == doubt.until:
        return f", {doubt.since}"
    return f", between {doubt.since} and {doubt.until or 'now'}"


def _into(batch: Batch) -> str:
    of = "" if batch.datastream_id is None else f" of datastream {batch.datastream_id}"
    return of + (f" into binding {text.ids(batch.binding_ids)}" if batch.binding_ids else " into all enabled bindings")


def _ids(pairs: t.Iterable[Pair]) -> list[int]:
    return list(dict.fromkeys(pair[2] for pair in pairs))
