# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Requeueing extracts once: select, plan, record the plan in the ledger, send. The ledger records nothing in check mode, so that both take the same way."""

from __future__ import annotations

import typing as t

from .._api import clock, text
from .._api.client import Client
from .._api.errors import AdverityError, LedgerError
from .._ledger import persistence
from .._ledger.history import BindingFact, FactKind
from .._ledger.ledger import Ledger, open_ledger
from .._ledger.periods import Uncertainty
from .._ledger.rows import Entry
from .._ledger.status import EventKind, Status
from .._ledger.store import PREDICT, WRITE
from .._outcome.recovery import Recovery
from .._spec import times
from . import automatic, failed, listing, plan, progress, recording, refusals, select, unlisted
from .actions import choose_actions, left_open_entries, refused_entries
from .binding_decision import BindingDecision, decisions
from .binding_warnings import left_open_warnings, refused_warnings, warnings_of, window_words
from .check import Checked, check, reasons_of_failures
from .decision import Action, Pair, needs_plan
from .options import RequeueOptions, read_options
from .plan import Options, Plan
from .result import Outcome
from .select import Request, Selection
from .send import Sending
from .unfinished import describe_refused, unfinished_error
from .unlisted import BY_USER, Unlisted
from .wording import describe_unknown, failed_warning, loading_again_warning, not_loaded_warning

LOADED_BY_BINDING = "loaded automatically by the binding"


def requeue(client: Client, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_requeue`` with these parameters. The ledger is opened before the API is asked anything."""
    request, options = select.read_request(params, check_mode), read_options(params)
    refusals.refuse_undecided(request, options)
    lost = persistence.refusal(params["ledger"])  # before it is opened, which makes its folder
    with open_ledger(params, client.host, PREDICT if check_mode or lost else WRITE) as ledger:
        return Run(client, ledger, request, options, lost).result()


class Run:
    """One run of ``adverity_requeue``."""

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        request: Request,
        options: RequeueOptions,
        lost: str | None = None,
    ) -> None:
        self._client, self._ledger, self._request, self._options = client, ledger, request, options
        self._lost = lost  # why what is recorded would be lost, see ``persistence.refusal``
        self._warnings: list[str] = []

    def result(self) -> dict[str, t.Any]:
        """The module's result, with ``warnings``. Raises Unfinished where something is left open after everything else was done."""
        selected = select.choose_bindings(self._client, self._ledger, self._request)
        if self._ledger.waited > 1:
            self._warnings.append(
                f"Waited {self._ledger.waited:.0f} s for another run that had a lock in the ledger {self._ledger.shown}."
            )
        options, window = self._options, self._request.window
        actions = choose_actions(
            self._ledger, selected, options.backfill, window, options.on_refused, options.force
        )
        self._warnings += refused_warnings(refused_entries(self._ledger, actions))
        self._warnings += left_open_warnings(left_open_entries(self._ledger, actions))
        self._warnings += warnings_of(
            selected.bindings, selected.histories, actions, window, selected.remade_ids
        )
        decided = decisions(selected.bindings, selected.histories, actions)
        # A plan names what is to be sent.
        due_actions = (Action.BACKFILL,) if options.state == "planned" else (Action.BACKFILL, Action.RECORD)
        due_ids = [binding_id for binding_id, action in actions.items() if action in due_actions]
        recording.note_seen(self._ledger, selected)
        if options.state == "planned" and self._request.extract_ids is None:
            return self._plan_windows(selected, due_ids, decided)
        outcome = self._plan_extracts(selected, due_ids, decided)
        if options.state == "planned":
            return self._record_plan(outcome)
        if options.records:
            return self._record_as_loaded(outcome, selected, due_ids)
        return self._send_extracts(outcome, selected, due_ids)

    def _report(self, result: dict[str, t.Any], outcome: Outcome) -> dict[str, t.Any]:
        return dict(
            result,
            ledger=self._ledger.shown,
            diff=result.get("diff", outcome.diff()),
            warnings=self._warnings,
        )

    # Planning a window: the plan names bindings and window, and what is in it is listed once, when it is sent.

    def _plan_windows(
        self, selected: Selection, due_ids: list[int], decided: list[BindingDecision]
    ) -> dict[str, t.Any]:
        refusals.refuse_lost_ledger(self._lost, bool(due_ids))
        outcome, window = Outcome(Plan(), decided), self._request.window
        outcome.plan.unknown = self._unknown_in_window(due_ids)
        histories = selected.histories
        new = [each for each in due_ids if needs_plan(histories[each], window)]
        self._ledger.note({each: [BindingFact(FactKind.PLANNED, times.now(), window=window)] for each in new})
        diff = {
            "before": {
                f"binding {each}": {"planned": window_words(histories[each].planned_window)} for each in new
            },
            "after": {f"binding {each}": {"planned": window_words(window)} for each in new},
        }
        return dict(self._report(outcome.result(), outcome), changed=bool(new), diff=diff)

    def _unknown_in_window(self, due_ids: list[int]) -> dict[Pair, Uncertainty]:
        """What has an unknown outcome in the window, of these bindings."""
        entries = self._ledger.open_entries(due_ids) if due_ids else []
        unknown = [
            entry
            for entry in entries
            if entry.status is Status.UNKNOWN and self._request.has_in_window(entry)
        ]
        return {
            (entry.datastream_id, entry.binding_id, entry.extract_id): recording.uncertainty_of(entry)
            for entry in unknown
        }

    # Planning extracts

    def _plan_extracts(
        self, selected: Selection, due_ids: list[int], decided: list[BindingDecision]
    ) -> Outcome:
        loads: list[select.Loads] = []
        unreadable: list[select.Unreadable] = []
        names_extracts = self._request.extract_ids is not None and self._options.backfill != "never"
        if due_ids or names_extracts:
            client, ledger, request = self._client, self._ledger, self._request
            loads, unreadable = listing.list_extracts(client, ledger, request, selected, due_ids)
        checked = self._check_unknown(due_ids)
        recoveries = self._look_at_failed(loads, due_ids)
        options = self._options
        requeue_plan = plan.make(
            loads,
            checked.over(self._ledger.statuses),
            selected.histories,
            Options(options.batch_size, options.limit, options.choices, recoveries),
        )
        now = self._client.date or clock.now()
        doubtful = automatic.not_loaded(requeue_plan.doubtful, selected.histories, now)
        if doubtful:
            self._warnings.append(not_loaded_warning(doubtful))
        self._warn_of_failed(requeue_plan, recoveries, checked)
        settled = (load.pair for load in checked.settled)
        outcome = Outcome(requeue_plan, decided, unreadable, checked.reasons, settled)
        if options.sends:
            self._warnings += refusals.refuse_disabled(
                requeue_plan, selected, self._request.enabled_ids, not self._ledger.writes
            )
        refusals.refuse_lost_ledger(self._lost, bool(requeue_plan.batches or requeue_plan.recorded))
        return outcome

    def _check_unknown(self, due_ids: list[int]) -> Checked:
        """What Adverity shows of the selected extracts with an unknown outcome, recorded in the ledger."""
        if self._options.on_unknown != "check" or not self._options.sends or not due_ids:
            return Checked()
        entries = [entry for entry in self._ledger.open_entries(due_ids) if entry.status is Status.UNKNOWN]
        unknown = [entry for entry in entries if self._request.selects(entry)]
        checked = check(self._client, self._ledger, unknown, self._request.labels)
        checked.record(self._ledger)
        self._warnings += checked.warnings
        return checked

    def _look_at_failed(self, loads: list[select.Loads], due_ids: list[int]) -> failed.Recoveries:
        """What became of extracts whose load failed before, recorded in the ledger. It does not matter where they are sent, or recorded, in any case."""
        if self._options.force or self._options.records or not due_ids:
            return {}
        recoveries = failed.look_at_failed(self._client, self._ledger, loads, due_ids, self._request.labels)
        if self._options.sends:
            failed.record(self._ledger, loads, recoveries)
        return recoveries

    def _warn_of_failed(self, requeue_plan: Plan, recoveries: failed.Recoveries, checked: Checked) -> None:
        again = [pair for pair in requeue_plan.failed if recoveries.get(pair[1:]) is Recovery.LOADING]
        left = [pair for pair in requeue_plan.failed if pair not in again]
        if left:
            self._warnings.append(failed_warning(reasons_of_failures(self._ledger, left, checked)))
        if again:
            self._warnings.append(loading_again_warning(pair[1:] for pair in again))

    def _record_plan(self, outcome: Outcome) -> dict[str, t.Any]:
        """The result of ``state: planned`` for extracts that are named."""
        new = recording.has_unrecorded(self._ledger, outcome.plan)
        self._ledger.note({}, entries=outcome.plan.due())
        self._ledger.record(EventKind.DISPATCHED, outcome.plan.entries(outcome.plan.confirmed), BY_USER)
        recording.record_under_way(self._ledger, outcome.plan)
        recording.take_recorded_reasons(self._ledger, outcome.plan)
        return self._report(dict(outcome.result(), changed=new or bool(outcome.plan.confirmed)), outcome)

    def _record_as_loaded(
        self, outcome: Outcome, selected: Selection, due_ids: list[int]
    ) -> dict[str, t.Any]:
        """The result of ``state: recorded``. That the window was listed is recorded last: a run that is interrupted before asks no later one
        to send the rest.
        """
        self._ledger.note(recording.facts_of_beginning(selected, outcome.plan.recorded))
        self._ledger.record(EventKind.RECORDED, outcome.plan.entries(outcome.plan.recorded), BY_USER)
        recording.record_under_way(self._ledger, outcome.plan)
        if self._request.extract_ids is None:
            not_listed = self._find_unlisted(outcome.plan, outcome.listed(due_ids))
            self._warnings += not_listed.warnings()
            done_ids = self._done_ids(outcome, due_ids, not_listed.unsettled_binding_ids())
            self._ledger.note(recording.facts_of_sending(self._request, outcome, selected, done_ids))
            recording.record_finished(self._ledger, self._request, selected, done_ids)
        self._refuse_unfinished(outcome)
        return self._report(outcome.result(), outcome)

    def _send_extracts(self, outcome: Outcome, selected: Selection, due_ids: list[int]) -> dict[str, t.Any]:
        """The result of ``state: requeued``."""
        requeue_plan = outcome.plan
        not_listed = self._find_unlisted(requeue_plan, outcome.listed(due_ids))
        self._warnings += not_listed.warnings()
        requeue_plan.failed += not_listed.unsettled_failed()
        facts = recording.facts_of_sending(self._request, outcome, selected, due_ids)
        self._ledger.note(facts, entries=requeue_plan.due())
        self._ledger.record(EventKind.DISPATCHED, requeue_plan.entries(requeue_plan.confirmed), BY_USER)
        self._ledger.record(
            EventKind.RECORDED, requeue_plan.entries(requeue_plan.no_longer_due), LOADED_BY_BINDING
        )
        not_listed.settle(self._ledger)
        requeue_plan.confirmed += not_listed.confirmed()
        outcome.settled.update(pair[1:] for pair in not_listed.settled())
        recording.record_under_way(self._ledger, requeue_plan)
        recording.take_recorded_reasons(self._ledger, requeue_plan)
        if self._ledger.writes:
            self._send(outcome)
        else:
            outcome.pretend()
        try:
            self._record_finished(outcome, selected, due_ids, not_listed.unsettled_binding_ids())
        except LedgerError as error:
            error.facts = dict(outcome.result(), **error.facts)
            error.say(
                f"Dispatched in this run, and recorded: {text.counted(outcome.result()['extract_count'], 'extract')}."
            )
            raise
        self._refuse_unfinished(outcome)
        self._warn_of_left_out(outcome)
        return self._report(outcome.result(), outcome)

    def _find_unlisted(self, requeue_plan: Plan, due_ids: list[int]) -> Unlisted:
        """What the ledger has as open for these bindings, and the API does not list. Extracts that are named
        need no list.
        """
        if self._request.extract_ids is not None or not due_ids:
            return Unlisted()
        return unlisted.find(self._ledger, requeue_plan, self._request, due_ids, self._options.choices)

    def _refuse_unfinished(self, outcome: Outcome) -> None:
        """Raises Unfinished where something is left open, with the keys of a result; the warnings stand in its message."""
        error = unfinished_error(outcome, self._ledger, self._options.choices, not self._ledger.writes)
        if error is not None:
            error.facts.update(ledger=self._ledger.shown, diff=outcome.diff())
            for warning in self._warnings:
                error.say(warning)
            raise error

    def _send(self, outcome: Outcome) -> None:
        targets = {each.binding_id: each.target_name for each in outcome.bindings if each.binding_id}
        watch = progress.watcher(outcome.plan.extract_count, targets)
        sending = Sending(
            self._client,
            self._ledger,
            self._options.sequential,
            watch,
            outcome.plan.resent,
            outcome.plan.labels(),
        )
        try:
            sending.run(outcome.plan.batches)
        except AdverityError as error:
            outcome.explain(error, sending, self._ledger)
            raise
        outcome.take(sending)
        self._warnings += sending.warnings

    def _record_finished(
        self, outcome: Outcome, selected: Selection, due_ids: list[int], unsettled_ids: t.Collection[int] = ()
    ) -> None:
        """Records the bindings of which everything in the window is done. ``unsettled_ids``: of these
        something is open that the API does not list.
        """
        if self._request.extract_ids is None:
            done_ids = self._done_ids(outcome, due_ids, unsettled_ids)
            recording.record_finished(self._ledger, self._request, selected, done_ids)

    def _done_ids(
        self, outcome: Outcome, due_ids: list[int], unsettled_ids: t.Collection[int] = ()
    ) -> list[int]:
        """The bindings of which everything in the window is done."""
        open_ids = outcome.incomplete_binding_ids(self._options.on_refused).union(unsettled_ids)
        return [each for each in due_ids if each not in open_ids]

    def _warn_of_left_out(self, outcome: Outcome) -> None:
        if outcome.plan.unknown:
            self._warnings.append(
                f"Left out, because it is unknown whether they are loaded: {describe_unknown(outcome.plan.unknown)}."
            )
        if outcome.refused:
            self._warnings.append(
                f"Adverity refused {text.counted(len(outcome.refused), 'extract')}, left out by this run: {describe_refused(outcome.refused)}."
            )
        refused_before = [
            Entry(binding_id, extract_id, datastream_id, None)
            for datastream_id, binding_id, extract_id in outcome.plan.refused
        ]
        self._warnings += refused_warnings(refused_before)
