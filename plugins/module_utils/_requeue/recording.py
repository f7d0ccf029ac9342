# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a requeue records of bindings in the ledger, before and after it sends."""

from __future__ import annotations

import typing as t

from .._ledger.history import BindingFact, BindingHistory, FactKind, contains
from .._ledger.ledger import Ledger
from .._ledger.periods import PASSING, Uncertainty
from .._ledger.rows import Entry
from .._ledger.status import EventKind
from .decision import Pair
from .plan import LOST_REQUEST, Plan
from .result import Outcome
from .select import Request, Selection


def note_seen(ledger: Ledger, selected: Selection) -> None:
    """Records what the API shows of the bindings, whatever the run does about it."""
    facts = {binding_id: [fact] for binding_id, fact in selected.facts.items()}
    ledger.note(facts, selected.binding_rows())


def facts_of_beginning(selected: Selection, pairs: t.Iterable[Pair]) -> dict[int, list[BindingFact]]:
    """What is recorded of the bindings into which a run sends extracts that were named by their IDs, or of which it records some as
    loaded: from then on, what they load automatically counts.
    """
    binding_ids = {binding_id for _datastream_id, binding_id, _extract_id in pairs}
    return {
        each: [BindingFact(FactKind.SENDING, clock=selected.facts[each].clock)]
        for each in sorted(binding_ids)
        if each in selected.histories and selected.histories[each].is_initial
    }


def facts_of_sending(
    request: Request, outcome: Outcome, selected: Selection, due_ids: t.Collection[int]
) -> dict[int, list[BindingFact]]:
    """What is recorded of the bindings before anything is sent: that the window was listed, or that a run begins to send into them."""
    if request.extract_ids is not None:
        sent = (pair for batch in outcome.plan.batches for pair in batch.pairs())
        return facts_of_beginning(selected, (*sent, *outcome.plan.confirmed))
    return {
        each: [BindingFact(FactKind.LISTED, clock=selected.facts[each].clock, window=request.window)]
        for each in outcome.listed(due_ids)
        if _is_news(selected.histories[each])
    }


def record_under_way(ledger: Ledger, plan: Plan) -> None:
    """Records which extracts were under way, and why: a later run does not see that any more."""
    for uncertain in (plan.unknown, plan.uncertain):  # each is in the order of the lists
        for reason in PASSING:
            pairs = (pair for pair, uncertainty in uncertain.items() if uncertainty.reason is reason)
            ledger.record(EventKind.UNDER_WAY, plan.entries(pairs), reason.value)


def take_recorded_reasons(ledger: Ledger, plan: Plan) -> None:
    """Gives what an earlier run has recorded as unknown the reason that it has recorded with it."""
    lost = {pair[1:]: pair for pair, uncertainty in plan.unknown.items() if uncertainty == LOST_REQUEST}
    for entry in ledger.open_entries({binding_id for binding_id, _extract_id in lost}) if lost else []:
        pair = lost.get((entry.binding_id, entry.extract_id))
        if pair is not None:
            plan.unknown[pair] = uncertainty_of(entry)


def uncertainty_of(entry: Entry) -> Uncertainty:
    """Why the outcome of an entry is unknown."""
    return next((Uncertainty(each) for each in PASSING if each.value == entry.reason), LOST_REQUEST)


def record_finished(
    ledger: Ledger, request: Request, selected: Selection, binding_ids: t.Iterable[int]
) -> None:
    """Records that everything in the window is done for these bindings."""
    window = request.window
    news = [each for each in binding_ids if not contains(selected.histories[each].completed_window, window)]
    ledger.note({each: [BindingFact(FactKind.FINISHED, window=window)] for each in news})


def has_unrecorded(ledger: Ledger, plan: Plan) -> bool:
    """Whether something that is due is not in the ledger yet."""
    ids: dict[int, list[int]] = {}
    for entry in plan.due():
        ids.setdefault(entry.binding_id, []).append(entry.extract_id)
    return any(
        len(ledger.statuses(binding_id, extract_ids)) < len(extract_ids)
        for binding_id, extract_ids in ids.items()
    )


def _is_news(history: BindingHistory) -> bool:
    """Whether it is to be recorded that the window was listed: for the first time, or where a plan is taken up by it."""
    return history.is_initial or not history.has_backfill or history.planned_window is not None
