# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a requeue tells: its result, its diff, its warnings, and what an error has to say. Pure."""

from __future__ import annotations

import types
import typing as t

from .._api import text
from .._api.errors import AdverityError, Unfinished
from .._api.paging import Row
from .._ledger.history import BindingHistory, Window
from .._ledger.ledger import Ledger
from .._ledger.periods import Reason, Uncertainty
from .._ledger.rows import Entry
from .._ledger.turns import ALL_ENABLED
from .._resources import bindings
from .decision import LOST, Action, Choices
from .plan import Batch, Pair, Plan
from .select import Unreadable
from .send import Refusal, Sending, Stop

_LOOK_YOURSELF = (
    "look in Adverity whether they were loaded"
    " (Datastream > Activity for extracts and their state, Issues for errors), then set on_unknown:"
    " requeue sends them again (rows that did arrive are loaded twice);"
    " dispatched records that they were loaded, and sends the rest; skip sends the rest and leaves them unknown; fail, the default, stops here again."
    " In the role, the variable is deploy_destination_on_unknown."
)
WAYS_ON = f"First set on_unknown: check, which settles what Adverity shows of a lost request. For the rest, {_LOOK_YOURSELF}"
WAYS_ON_AFTER_CHECK = f"Now {_LOOK_YOURSELF}"
WAYS_ON_REFUSED = (
    "Correct the cause in Adverity and run it again to retry them; or set on_refused: skip to leave them out (in the role,"
    " deploy_destination_on_refused: skip)."
)
_COUNTS = ("requeued", "skipped", "recorded", "loaded_by_itself", "unknown", "refused", "failed", "remaining")
_REASONS = {
    LOST: "an earlier run received no response, sent them without naming bindings, or found that Adverity was processing them",
    Reason.UNDATED: "the API does not show when they were created, and the binding was enabled at some time",
    Reason.SAME_SECOND: "possibly loaded automatically: they were created in the very second in which the binding was enabled or disabled",
    Reason.OWN: "possibly loaded automatically: they were created while a run was enabling or disabling the binding",
    Reason.INTERRUPTED: "possibly loaded automatically: they were created while a run that was interrupted was enabling or disabling the binding",
    Reason.ELSEWHERE: "possibly loaded automatically: the binding was changed, but not by this ledger, and they were created before that change",
    Reason.NO_CLOCK: "possibly loaded automatically: the API did not show when the binding was read",
    Reason.UNDER_WAY: "possibly loaded automatically: Adverity is processing them, and this ledger has no request for them",
    Reason.REMADE: "possibly loaded automatically, through an assignment to the same destination that is no more",
    Reason.UNREADABLE: "possibly loaded automatically: the extracts of a datastream whose binding was enabled cannot be listed now",
    Reason.ENABLED: "possibly loaded automatically: a binding of their datastream was enabled, and neither binding_ids nor target_id says which one is meant",
}


class Outcome:
    """What a run plans and what came of it so far: ``sent``, ``refused``, ``stops``, and ``unknown_now``, of unknown outcome since this run.

    ``unreadable``: the datastreams whose extracts cannot be listed. ``checked``: what ``on_unknown: check`` found of extracts that stay unknown, by binding
    and extract.
    """

    def __init__(
        self,
        plan: Plan,
        bindings: list[Row],
        unreadable: t.Sequence[Unreadable] = (),
        checked: t.Mapping[tuple[int, int], str] = types.MappingProxyType({}),
    ) -> None:
        self.plan = plan
        self.checked = checked
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
        unknown, refused, remaining = self._rest()
        here = {pair[2] for pairs in (unknown, refused, remaining, plan.failed) for pair in pairs}.union(requeued)
        return {
            "changed": bool(requeued or self.unknown_now or plan.confirmed or plan.recorded or self.refused),
            "bindings": self.bindings,
            "requeued_extract_ids": requeued,
            "skipped_extract_ids": _ids(pair for pair in plan.skipped + plan.loaded + plan.confirmed + plan.recorded if pair[2] not in here),
            "unknown_extract_ids": _ids(unknown),
            "refused_extract_ids": _ids(refused),
            "failed_extract_ids": _ids(plan.failed),
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
        """By binding, how many of the selected extracts are dispatched or recorded as loaded, before and after."""
        before, after = {}, {}
        for row in self._summary([], [], []):
            name = f"binding {row['binding_id']}" if row["binding_id"] else "all enabled bindings"
            before[name] = {"dispatched": row["skipped"] - row["recorded"]}
            after[name] = {"dispatched": row["skipped"] + row["requeued"]}
        return {"before": before, "after": after}

    def listed(self, binding_ids: t.Iterable[int]) -> list[int]:
        """Those of the bindings whose extracts could be listed."""
        unlisted = {each for unreadable in self.unreadable for each in unreadable.binding_ids}
        return [each for each in binding_ids if each not in unlisted]

    def incomplete_binding_ids(self, on_refused: str) -> set[int | None]:
        """The bindings of which not everything that is selected is done."""
        stops = ("remaining", "unknown", "failed", "refused") if on_refused == "fail" else ("remaining", "unknown", "failed")
        incomplete = {row["binding_id"] for row in self.result()["summary"] if any(row[name] for name in stops)}
        return incomplete.union(each for unreadable in self.unreadable for each in unreadable.binding_ids)

    def explain(self, error: AdverityError, sending: Sending, ledger: Ledger) -> None:
        """Adds to an error that ended the run what was asked, what was done before, and what to do next."""
        self.take(sending)
        result = self.result()
        error.facts = dict(result, **error.facts)
        batch, journal = sending.batch, sending.journal
        error.say(f"Request: load extracts {text.ids(batch.extract_ids)}{_into(batch)}.")
        error.say(f"Dispatched in this run: {result['extract_count']} extracts. Not sent: {len(result['remaining_extract_ids'])}.")
        if journal.unsaved is not None:
            error.say(
                f"The ledger could not record that extracts {text.ids(journal.unsaved.extract_ids)} were dispatched, so the next run stops at them as unknown:"
                " on_unknown: dispatched tells it that they were."
            )
        if self.unknown_now:
            error.say(f"The outcome for extracts {text.ids(_ids(self.unknown_now))} is unknown and recorded as such in the ledger {ledger.shown}.")
            error.say(WAYS_ON)
        elif journal.unsaved is None:
            error.say("Correct the cause and run it again: what was dispatched is not sent again.")

    def unfinished_error(self, ledger: Ledger, choices: Choices, check_mode: bool) -> AdverityError | None:
        """The error at the end of a run that leaves something open: what was done, what is open and why, and what settles it. None where nothing is."""
        unknown = self.plan.unknown if choices.on_unknown != "skip" else {}
        refused = self.refused if choices.on_refused == "fail" else []
        failed = _ids(self.plan.failed) if choices.on_failed == "fail" else []
        hints = dict.fromkeys(getattr(unreadable.error, "hint", "") for unreadable in self.unreadable)
        stops = [*map(self._stop_item, self.stops), *map(_unreadable_item, self.unreadable), *hints]
        items = [item for item in (self._unknown_item(unknown, choices.on_unknown), *stops, _refused_item(refused), _failed_item(failed)) if item]
        if not items:
            return None
        result = self.result()
        recorded = len(_ids(self.plan.recorded))
        done = f"{'A real run would send' if check_mode else 'Sent in this run:'} {result['extract_count']} extracts"
        if recorded:
            done = f"{'A real run would record as loaded' if check_mode else 'Recorded as loaded in this run:'} {recorded} extracts"
        before = len(result["skipped_extract_ids"]) - recorded
        if before > 0:
            done += f"; done before: {before}"
        error = Unfinished(f"{done}. Still open: " + " ".join(items), **result)
        later = {pair for batch in self.plan.later for pair in batch.pairs()}.union(self.plan.waiting)
        stopped = _ids(pair for pair in self._rest()[2] if pair not in later)
        if stopped:
            error.say(f"Not sent for this reason: extracts {text.ids(stopped)}.")
        waiting = _ids(self.plan.waiting)
        if unknown and waiting:
            error.say(f"Not sent, because they come after these in the same binding: extracts {text.ids(waiting)}.")
        error.say(f"Everything else that is selected is done. The ledger is {ledger.shown}.")
        return error

    def _unknown_item(self, unknown: t.Mapping[Pair, Uncertainty], on_unknown: str) -> str:
        if not unknown:
            return ""
        sentence = f"It is unknown whether these extracts are loaded: {describe_unknown(unknown)}."
        by_itself = self._loads_history_itself(unknown)
        if by_itself:
            sentence += f" Everything is being processed for binding {text.ids(by_itself)}: this destination seems to load its history automatically."
        checked = {pair[1:]: self.checked[pair[1:]] for pair in unknown if pair[1:] in self.checked}
        if checked:
            sentence += f" What Adverity shows does not settle it: {_with_reasons(checked)}."
        return f"{sentence} {WAYS_ON_AFTER_CHECK if on_unknown == 'check' else WAYS_ON}"

    def _loads_history_itself(self, unknown: t.Mapping[Pair, Uncertainty]) -> list[int]:
        """The bindings of which every extract is under way without a request: the destination seems to load its history automatically."""
        counts = {row["binding_id"]: row for row in self.result()["summary"]}
        under_way: dict[int, int] = {}
        for (_datastream_id, binding_id, _extract_id), uncertainty in unknown.items():
            if binding_id == ALL_ENABLED:
                continue  # nobody knows which bindings these were
            under_way[binding_id] = under_way.get(binding_id, 0) + (uncertainty.reason == Reason.UNDER_WAY)
        return [each for each, count in under_way.items() if count > 1 and counts[each]["unknown"] == count and not counts[each]["requeued"]]

    def _stop_item(self, stop: Stop) -> str:
        where = "" if stop.batch.datastream_id is None else f"Datastream {stop.batch.datastream_id}, binding {text.ids(stop.batch.binding_ids)}: "
        sentence = f"{where}{stop.reason}."
        if stop.unknown:
            return f"{sentence} The outcome for extracts {text.ids(stop.unknown)} is unknown and recorded as such. {WAYS_ON}"
        return f"{sentence} The rest of it was not sent; run it again when the cause is corrected."

    def _rest(self) -> tuple[list[Pair], list[Pair], list[Pair]]:
        """What is unknown, refused and remaining."""
        refused = [pair for refusal in self.refused for pair in refusal.batch.pairs()]
        handled = {pair for batch, _message in self.sent for pair in batch.pairs()}.union(self.unknown_now, refused)
        batches = (*self.plan.batches, *self.plan.later)
        remaining = [pair for batch in batches for pair in batch.pairs() if pair not in handled]
        return list(self.plan.unknown) + self.unknown_now, self.plan.refused + refused, remaining + self.plan.waiting

    def _summary(self, unknown: list[Pair], refused: list[Pair], remaining: list[Pair]) -> list[dict[str, t.Any]]:
        plan = self.plan
        sent = [pair for batch, _message in self.sent for pair in batch.pairs()]
        lists = (sent, plan.skipped + plan.confirmed + plan.recorded, plan.recorded, plan.loaded, unknown, refused, plan.failed, remaining)
        rows: dict[tuple[int | None, int], dict[str, t.Any]] = {}
        for name, pairs in zip(_COUNTS, lists):
            for datastream_id, binding_id, _extract_id in pairs:
                key = (datastream_id, binding_id)
                if key not in rows:
                    rows[key] = dict(dict.fromkeys(_COUNTS, 0), datastream_id=datastream_id, binding_id=binding_id or None)
                rows[key][name] += 1
        return list(rows.values())


def _unreadable_item(unreadable: Unreadable) -> str:
    words = unreadable.error.result()["msg"].replace(getattr(unreadable.error, "hint", ""), "").replace("  ", " ")
    missing = f" Extracts {text.ids(unreadable.extract_ids)} are in none of the other lists, and were not sent." if unreadable.extract_ids else ""
    return f"Datastream {unreadable.datastream_id}, binding {text.ids(unreadable.binding_ids)}: {words}{missing}"


def _refused_item(refused: t.Sequence[Refusal]) -> str:
    if not refused:
        return ""
    return f"Adverity refused {len(refused)} extracts, which are recorded: {describe_refused(refused)}. {WAYS_ON_REFUSED}"


def _failed_item(failed: t.Sequence[int]) -> str:
    """The warning says why, and what to do."""
    return f"The load of extracts {text.ids(failed)} failed." if failed else ""


def show_bindings(rows: list[Row], histories: t.Mapping[int, BindingHistory], actions: t.Mapping[int, Action]) -> list[Row]:
    """The selected bindings, their state as far as it is known, and what happens to the history of each."""
    return [
        {
            "binding_id": row["id"],
            "datastream_id": row["datastream_id"],
            "target_id": row["target_id"],
            "target_name": text.line(row.get("target_name") or ""),
            "enabled": histories[row["id"]].enabled,
            "action": actions[row["id"]].value,
        }
        for row in rows
    ]


def warnings_of(
    rows: list[Row], histories: t.Mapping[int, BindingHistory], actions: t.Mapping[int, Action], window: Window, remade_ids: t.Collection[int] = ()
) -> list[str]:
    """What a user should know of the selected bindings before anything is sent."""
    alone = [row for row in rows if actions[row["id"]] is Action.LEFT_ALONE]
    remade = [row for row in alone if row["id"] in remade_ids]
    unrecorded = [row for row in alone if row["id"] not in remade_ids]
    warnings = []
    if unrecorded:
        warnings.append(
            f"Already enabled, and the ledger has no record of whether the history was loaded: {bindings.labels(unrecorded)}. {_LEFT_ALONE}"
        )
    if remade:
        warnings.append(remade_warning(bindings.labels(remade)))
    for row in rows:
        wider = None if actions[row["id"]] is Action.NONE else histories[row["id"]].wider_window(window)
        if wider:
            warnings.append(
                f"The ledger records a wider backfill of {bindings.label(row)}: {window_words(wider)}. This run selects {window_words(window)}."
                " Nothing is taken back."
            )
    return warnings


def remade_warning(labels: str) -> str:
    """Of bindings in whose place others were, through which the history was sent."""
    return f"Assigned again: the history was sent into this destination before, through an assignment that is no more: {labels}. {_LEFT_ALONE}"


def refused_warnings(refused: t.Sequence[Entry]) -> list[str]:
    """Of what Adverity refused in an earlier run, and no run tries again."""
    if not refused:
        return []
    return [f"Adverity refused these extracts before, and they are left out: {by_binding((entry.binding_id, entry.extract_id) for entry in refused)}."]


def failed_warning(reasons: t.Mapping[tuple[int, int], str]) -> str:
    """Of extracts whose load failed and that are left out, by binding and extract."""
    return (
        f"Adverity shows that the load of these extracts failed, and they are left out: {_with_reasons(reasons)}. Correct the cause in Adverity, then set"
        " on_failed: requeue to send them again (in the role, deploy_destination_on_failed: requeue)."
    )


def _with_reasons(reasons: t.Mapping[tuple[int, int], str]) -> str:
    """Extracts by binding and reason, in words."""
    groups: dict[tuple[int, str], list[int]] = {}
    for (binding_id, extract_id), reason in reasons.items():
        groups.setdefault((binding_id, reason), []).append(extract_id)
    shown = [
        f"extracts {text.ids(sorted(ids))} for binding {binding_id}{f' ({reason})' if reason else ''}" for (binding_id, reason), ids in groups.items()
    ]
    return text.several(shown, 20)


def by_binding(pairs: t.Iterable[tuple[int, int]]) -> str:
    """Extracts by binding, in words."""
    found: dict[int, list[int]] = {}
    for binding_id, extract_id in pairs:
        found.setdefault(binding_id, []).append(extract_id)
    return text.several([f"extracts {text.ids(sorted(ids))} for binding {binding_id}" for binding_id, ids in found.items()], 20)


_LEFT_ALONE = (
    "This run does not send it. Check in Adverity (Datastream > Activity for extracts and their state, Issues for errors) and at the destination. If the"
    " history is missing, deploy_destination_backfill: always sends it; if it is there, deploy_destination_backfill: recorded writes down that it is loaded"
    " (of the module: backfill: always, state: recorded)."
)


def window_words(window: Window | None) -> str | None:
    """A window of history, in words; None for none."""
    if window is None:
        return None
    parts = [f"{word} {moment}" for word, moment in zip(("from", "to"), window) if moment]
    return " ".join(parts) or "the whole history"


def describe_unknown(unknown: t.Mapping[Pair, Uncertainty]) -> str:
    """Unknown extracts by binding and reason, in words."""
    groups: dict[tuple[int, Uncertainty], list[int]] = {}
    for (_datastream_id, binding_id, extract_id), uncertainty in unknown.items():
        groups.setdefault((binding_id, uncertainty), []).append(extract_id)
    shown = [
        f"extracts {text.ids(extract_ids)}{f' for binding {binding_id}' if binding_id else ''} ({_REASONS[uncertainty.reason]}{_between(uncertainty)})"
        for (binding_id, uncertainty), extract_ids in groups.items()
    ]
    return text.several(shown, 20)


def describe_refused(refused: t.Sequence[Refusal]) -> str:
    """Refused extracts with the service's words."""
    groups: dict[str, list[int]] = {}
    for refusal in refused:
        groups.setdefault(refusal.reason, []).extend(refusal.batch.extract_ids)
    return text.several([f"extracts {text.ids(extract_ids)} with {reason}" for reason, extract_ids in groups.items()], 20)


def _between(uncertainty: Uncertainty) -> str:
    if uncertainty.since is None:
        return f", before {uncertainty.until}" if uncertainty.until else ""
    if uncertainty.since == uncertainty.until:
        return f", {uncertainty.since}"
    return f", between {uncertainty.since} and {uncertainty.until or 'now'}"


def _into(batch: Batch) -> str:
    of = "" if batch.datastream_id is None else f" of datastream {batch.datastream_id}"
    return of + (f" into binding {text.ids(batch.binding_ids)}" if batch.binding_ids else " into all enabled bindings")


def _ids(pairs: t.Iterable[Pair]) -> list[int]:
    return list(dict.fromkeys(pair[2] for pair in pairs))
