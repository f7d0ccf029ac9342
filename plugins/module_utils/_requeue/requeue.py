# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Requeueing extracts once: select, plan, record the plan in the ledger, send. The ledger records nothing in check mode, so that both take the same way."""

from __future__ import annotations

import typing as t

from .._api import clock
from .._api.client import Client
from .._api.errors import AdverityError, InputError, LedgerError
from .._api.paging import Row
from .._ledger import persistence
from .._ledger.history import BindingFact, BindingHistory, FactKind, Window, contains
from .._ledger.ledger import Ledger, open_ledger
from .._ledger.periods import Reason, Uncertainty
from .._ledger.rows import Entry
from .._ledger.status import UNLISTED, EventKind, Status
from .._ledger.store import PREDICT, WRITE
from .._outcome.recovery import Recovery
from .._resources import bindings
from .._spec import times
from . import automatic, failed, listing, plan, progress, select, unlisted
from .check import Checked, check, reasons_of_failures
from .decision import LOST, Action, Choices, binding_action, needs_plan
from .plan import Options, Pair, Plan
from .result import Outcome, show_bindings
from .select import Request, Selection
from .send import Sending
from .unfinished import unfinished_error
from .unlisted import BY_USER, Unlisted
from .wording import (
    describe_refused,
    describe_unknown,
    failed_warning,
    loading_again_warning,
    not_loaded_warning,
    refused_warnings,
    warnings_of,
    window_words,
)

LOADED_BY_BINDING = "loaded automatically by the binding"

Facts = dict[int, list[BindingFact]]


def requeue(client: Client, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_requeue`` with these parameters. The ledger is opened before the API is asked anything."""
    request = select.read_request(params, check_mode)
    lost = persistence.refusal(params["ledger"])  # before it is opened, which makes its folder
    with open_ledger(params, client.host, PREDICT if check_mode or lost else WRITE) as ledger:
        return Run(client, ledger, request, params, lost).result()


def open_binding_ids(ledger: Ledger, binding_ids: t.Collection[int], on_refused: str) -> set[int]:
    """Those of the bindings for which the ledger records extracts that are not done."""
    if not binding_ids:
        return set()
    not_done = {Status.PENDING, Status.UNKNOWN, Status.FAILED}.union(
        [Status.REFUSED] if on_refused == "fail" else []
    )
    stopped = {
        entry.binding_id
        for entry in ledger.open_entries(binding_ids)
        if entry.status in not_done and entry.reason != UNLISTED
    }
    return stopped.union(ledger.pending_counts()).intersection(binding_ids)


def choose_actions(
    ledger: Ledger, selected: Selection, backfill: str, window: Window, on_refused: str
) -> dict[int, Action]:
    """What happens to the history of each selected binding."""
    open_ids = open_binding_ids(ledger, list(selected.histories), on_refused)
    return {
        binding_id: binding_action(
            history, backfill, window, binding_id in open_ids, binding_id in selected.remade_ids
        )
        for binding_id, history in selected.histories.items()
    }


def refused_entries(ledger: Ledger, actions: t.Mapping[int, Action]) -> list[Entry]:
    """What Adverity refused for the bindings whose history counts as sent."""
    done = [binding_id for binding_id, action in actions.items() if action is Action.DONE]
    return (
        [
            entry
            for entry in ledger.open_entries(done)
            if entry.status is Status.REFUSED and entry.reason != UNLISTED
        ]
        if done
        else []
    )


class Run:
    """One run of ``adverity_requeue``."""

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        request: Request,
        params: dict[str, t.Any],
        lost: str | None = None,
    ) -> None:
        self._client, self._ledger, self._request, self._params = client, ledger, request, params
        self._lost = lost  # why what is recorded would be lost, see ``persistence.refusal``
        self._window: Window = request.window
        self._state = (
            "recorded"
            if params["backfill"] == "recorded" and params["state"] == "requeued"
            else params["state"]
        )
        self._warnings: list[str] = []

    def result(self) -> dict[str, t.Any]:
        """The module's result, with ``warnings``. Raises Unfinished where something is left open after everything else was done."""
        selected = select.choose_bindings(self._client, self._ledger, self._request)
        if self._ledger.waited > 1:
            self._warnings.append(
                f"Waited {self._ledger.waited:.0f} s for another run that held the ledger {self._ledger.shown}."
            )
        actions = choose_actions(
            self._ledger, selected, self._params["backfill"], self._window, self._params["on_refused"]
        )
        self._warnings += refused_warnings(refused_entries(self._ledger, actions))
        self._warnings += warnings_of(
            selected.rows, selected.histories, actions, self._window, selected.remade_ids
        )
        shown = show_bindings(selected.rows, selected.histories, actions)
        due_ids = [
            binding_id for binding_id, action in actions.items() if action in (Action.BACKFILL, Action.RECORD)
        ]
        self._note_seen(selected)
        if self._state == "planned" and self._request.extract_ids is None:
            return self._plan_windows(
                selected, [each for each in due_ids if actions[each] is Action.BACKFILL], shown
            )
        outcome = self._plan_extracts(selected, due_ids, shown)
        if self._state == "planned":
            return self._record_plan(outcome, selected, due_ids)
        if self._state == "recorded":
            return self._record_as_loaded(outcome, selected, due_ids)
        return self._send_extracts(outcome, selected, due_ids)

    def _note_seen(self, selected: Selection) -> None:
        """Records what the API shows of the bindings, whatever the run does about it."""
        self._ledger.note(
            {binding_id: [fact] for binding_id, fact in selected.facts.items()}, selected.binding_rows()
        )

    def _report(self, result: dict[str, t.Any], outcome: Outcome) -> dict[str, t.Any]:
        return dict(
            result,
            ledger=self._ledger.shown,
            diff=result.get("diff", outcome.diff()),
            warnings=self._warnings,
        )

    # Planning a window: the plan names bindings and window, and what is in it is listed once, when it is sent.

    def _plan_windows(self, selected: Selection, due_ids: list[int], shown: list[Row]) -> dict[str, t.Any]:
        self._refuse_forgetful_job(bool(due_ids))
        outcome = Outcome(Plan(), shown)
        outcome.plan.unknown = self._unknown_in_window(due_ids)
        histories = selected.histories
        new = [each for each in due_ids if needs_plan(histories[each], self._window)]
        self._ledger.note(
            {each: [BindingFact(FactKind.PLANNED, times.now(), window=self._window)] for each in new}
        )
        diff = {
            "before": {
                f"binding {each}": {"planned": window_words(histories[each].planned_window)} for each in new
            },
            "after": {f"binding {each}": {"planned": window_words(self._window)} for each in new},
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
            (entry.datastream_id, entry.binding_id, entry.extract_id): Uncertainty(LOST) for entry in unknown
        }

    # Planning extracts

    def _plan_extracts(self, selected: Selection, due_ids: list[int], shown: list[Row]) -> Outcome:
        loads: list[select.Loads] = []
        unreadable: list[select.Unreadable] = []
        if due_ids or not selected.rows:
            client, ledger, request = self._client, self._ledger, self._request
            loads, unreadable = listing.list_extracts(client, ledger, request, selected, due_ids)
        checked = self._check_unknown(due_ids)
        recoveries = self._look_at_failed(loads, due_ids)
        options = self._options(recoveries)
        made = plan.make(loads, checked.over(self._ledger.statuses), selected.histories, options)
        now = self._client.date or clock.now()
        doubtful = automatic.not_loaded(made.doubtful, selected.histories, now)
        if doubtful:
            self._warnings.append(not_loaded_warning(doubtful))
        self._warn_of_failed(made, recoveries, checked)
        outcome = Outcome(made, shown, unreadable, checked.reasons)
        if self._state == "requeued":
            self._refuse_disabled(made, selected)
        self._refuse_forgetful_job(bool(made.batches or made.recorded))
        return outcome

    def _check_unknown(self, due_ids: list[int]) -> Checked:
        """What Adverity shows of the selected extracts with an unknown outcome, recorded in the ledger."""
        if self._params["on_unknown"] != "check" or self._state != "requeued" or not due_ids:
            return Checked()
        entries = [entry for entry in self._ledger.open_entries(due_ids) if entry.status is Status.UNKNOWN]
        unknown = [entry for entry in entries if self._request.selects(entry)]
        checked = check(self._client, self._ledger, unknown, self._request.labels)
        checked.record(self._ledger)
        self._warnings += checked.warnings
        return checked

    def _look_at_failed(self, loads: list[select.Loads], due_ids: list[int]) -> failed.Recoveries:
        """What became of extracts whose load failed before, recorded in the ledger. It does not matter where they are sent, or recorded, in any case."""
        if self._params["force"] or self._state == "recorded" or not due_ids:
            return {}
        recoveries = failed.look_at_failed(self._client, self._ledger, loads, due_ids, self._request.labels)
        if self._state == "requeued":
            failed.record(self._ledger, loads, recoveries)
        return recoveries

    def _warn_of_failed(self, made: Plan, recoveries: failed.Recoveries, checked: Checked) -> None:
        again = [pair for pair in made.failed if recoveries.get(pair[1:]) is Recovery.LOADING]
        left = [pair for pair in made.failed if pair not in again]
        if left:
            self._warnings.append(failed_warning(reasons_of_failures(self._ledger, left, checked)))
        if again:
            self._warnings.append(loading_again_warning(pair[1:] for pair in again))

    def _choices(self) -> Choices:
        params = self._params
        return Choices(
            params["force"],
            params["on_unknown"],
            params["on_refused"],
            params["on_failed"],
            self._state == "recorded",
        )

    def _options(self, recoveries: failed.Recoveries) -> Options:
        return Options(self._params["batch_size"], self._params["limit"], self._choices(), recoveries)

    def _facts_of_sending(self, outcome: Outcome, selected: Selection, due_ids: list[int]) -> Facts:
        """What the ledger records of the bindings before anything is sent: that the window was listed, or that a run begins to send into them."""
        if self._request.extract_ids is not None:
            used = {binding_id for batch in outcome.plan.batches for binding_id in batch.binding_ids}
            return {
                each: [BindingFact(FactKind.SENDING, clock=selected.facts[each].clock)]
                for each in used
                if selected.histories[each].is_initial
            }
        return {
            each: [BindingFact(FactKind.LISTED, clock=selected.facts[each].clock, window=self._window)]
            for each in outcome.listed(due_ids)
            if _is_news(selected.histories[each])
        }

    def _record_plan(self, outcome: Outcome, selected: Selection, due_ids: list[int]) -> dict[str, t.Any]:
        """The result of ``state: planned`` for extracts that are named."""
        new = self._has_unrecorded(outcome.plan)
        self._ledger.note({}, entries=outcome.plan.due())
        self._ledger.record(EventKind.DISPATCHED, outcome.plan.entries(outcome.plan.confirmed), BY_USER)
        self._record_under_way(outcome.plan)
        return self._report(dict(outcome.result(), changed=new or bool(outcome.plan.confirmed)), outcome)

    def _record_as_loaded(
        self, outcome: Outcome, selected: Selection, due_ids: list[int]
    ) -> dict[str, t.Any]:
        """The result of ``state: recorded``."""
        self._ledger.note(self._facts_of_sending(outcome, selected, due_ids))
        self._ledger.record(EventKind.RECORDED, outcome.plan.entries(outcome.plan.recorded), BY_USER)
        self._record_completion(outcome, selected, due_ids)
        self._refuse_unfinished(outcome)
        return self._report(outcome.result(), outcome)

    def _send_extracts(self, outcome: Outcome, selected: Selection, due_ids: list[int]) -> dict[str, t.Any]:
        """The result of ``state: requeued``."""
        made = outcome.plan
        not_listed = self._find_unlisted(made, outcome.listed(due_ids))
        self._warnings += not_listed.warnings()
        made.failed += not_listed.unsettled_failed()
        self._ledger.note(self._facts_of_sending(outcome, selected, due_ids), entries=made.due())
        self._ledger.record(EventKind.DISPATCHED, made.entries(made.confirmed), BY_USER)
        self._ledger.record(EventKind.RECORDED, made.entries(made.no_longer_due), LOADED_BY_BINDING)
        not_listed.settle(self._ledger)
        self._record_under_way(made)
        if self._ledger.writes:
            self._send(outcome)
        else:
            outcome.pretend()
        try:
            self._record_completion(outcome, selected, due_ids, not_listed.unsettled_binding_ids())
        except LedgerError as error:
            error.facts = dict(outcome.result(), **error.facts)
            error.say(f"Dispatched in this run, and recorded: {outcome.result()['extract_count']} extracts.")
            raise
        self._refuse_unfinished(outcome)
        self._warn_of_left_out(outcome)
        return self._report(outcome.result(), outcome)

    def _find_unlisted(self, made: Plan, due_ids: list[int]) -> Unlisted:
        """What the ledger has as open for these bindings, and the API does not list. Extracts that are named
        need no list.
        """
        if self._request.extract_ids is not None or not due_ids:
            return Unlisted()
        return unlisted.find(self._ledger, made, self._request, due_ids, self._choices())

    def _record_under_way(self, made: Plan) -> None:
        """A later run does not see any more that these were under way."""
        under_way = (
            pair
            for pair, uncertainty in made.unknown.items()
            if uncertainty.reason in (Reason.UNDER_WAY, Reason.MEANWHILE)
        )
        self._ledger.record(EventKind.UNDER_WAY, made.entries(under_way))

    def _refuse_unfinished(self, outcome: Outcome) -> None:
        """Raises Unfinished where something is left open, with the keys of a result; the warnings stand in its message."""
        error = unfinished_error(outcome, self._ledger, self._choices(), not self._ledger.writes)
        if error is not None:
            error.facts.update(ledger=self._ledger.shown, diff=outcome.diff())
            for warning in self._warnings:
                error.say(warning)
            raise error

    def _send(self, outcome: Outcome) -> None:
        targets = {row["binding_id"]: row["target_name"] for row in outcome.bindings}
        watch = progress.watcher(outcome.plan.extract_count, targets)
        sending = Sending(
            self._client,
            self._ledger,
            self._params["sequential"],
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

    def _record_completion(
        self, outcome: Outcome, selected: Selection, due_ids: list[int], unsettled_ids: t.Collection[int] = ()
    ) -> None:
        """Records the bindings of which everything in the window is done. ``unsettled_ids``: of these
        something is open that the API does not list.
        """
        if self._request.extract_ids is not None:
            return
        incomplete = outcome.incomplete_binding_ids(self._params["on_refused"]).union(unsettled_ids)
        done = [each for each in due_ids if each not in incomplete]
        news = [
            each for each in done if not contains(selected.histories[each].completed_window, self._window)
        ]
        self._ledger.note({each: [BindingFact(FactKind.FINISHED, window=self._window)] for each in news})

    def _warn_of_left_out(self, outcome: Outcome) -> None:
        if outcome.plan.unknown:
            self._warnings.append(
                f"Left out, because it is unknown whether they are loaded: {describe_unknown(outcome.plan.unknown)}."
            )
        if outcome.refused:
            self._warnings.append(
                f"Adverity refused {len(outcome.refused)} extracts, and they are left out: {describe_refused(outcome.refused)}."
            )
        refused_before = [
            Entry(binding_id, extract_id, datastream_id, None)
            for datastream_id, binding_id, extract_id in outcome.plan.refused
        ]
        self._warnings += refused_warnings(refused_before)

    def _has_unrecorded(self, made: Plan) -> bool:
        """Whether something that is due is not in the ledger yet."""
        ids: dict[int, list[int]] = {}
        for entry in made.due():
            ids.setdefault(entry.binding_id, []).append(entry.extract_id)
        return any(
            len(self._ledger.statuses(binding_id, some)) < len(some) for binding_id, some in ids.items()
        )

    # Refusals before anything is sent

    def _refuse_disabled(self, made: Plan, selected: Selection) -> None:
        used = {binding_id for batch in made.batches for binding_id in batch.binding_ids}
        disabled = [
            row
            for row in selected.rows
            if row["id"] in used and selected.histories[row["id"]].enabled is False
        ]
        disabled = [row for row in disabled if row["id"] not in self._request.enabled_ids]
        if disabled and not self._ledger.writes:
            self._warnings.append(
                f"Not enabled: {bindings.labels(disabled)}. A real run refuses this, unless an earlier task enables it, which in check mode only pretends to."
            )
        elif disabled:
            raise InputError(
                f"Not enabled: {bindings.labels(disabled)}. Enable it with adverity.management.adverity_binding first. Nothing was sent."
            )

    def _refuse_forgetful_job(self, sends: bool) -> None:
        """An AWX job whose ledger is lost with it must not send anything: the next job would not know."""
        if sends and self._lost:
            raise InputError(f"{self._lost} Nothing was changed.")


def _is_news(history: BindingHistory) -> bool:
    """Whether it is to be recorded that the window was listed: for the first time, or where a plan is taken up by it."""
    return history.is_initial or not history.has_backfill or history.planned_window is not None
