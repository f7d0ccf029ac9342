# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Requeueing extracts once: choose, plan, write the plan into the ledger, send (requeue guide; the ledger's promise)."""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import AdverityError, InputError
from .._api.paging import Row
from .._ledger import persistence
from .._ledger.ledger import DISPATCHED, PENDING, PREDICT, REFUSED, UNKNOWN, WRITE, Entry, Ledger, open_ledger
from .._ledger.timeline import Doubt, Record, Window, finished, planned, sent_into, taken_up
from .._resources import bindings, extracts
from .._spec import times
from . import decision, plan, progress, select
from .plan import Options, Pair, Plan
from .result import Outcome, describe_refused, describe_unknown, refused_error, show_bindings, unknown_error, warnings_of, window_words
from .select import Request, Selection
from .send import Sending

GONE = "it is no longer in the service's list of extracts"


def requeue(client: Client, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_requeue`` with these parameters. The ledger is opened before the service is asked anything."""
    request = select.read_request(params, check_mode)
    lost = persistence.refusal(params["ledger"])  # before it is opened, which makes its folder
    predict = check_mode or lost is not None
    with open_ledger(params, client.host, PREDICT if predict else WRITE) as ledger:
        return Run(client, ledger, request, params, predict, lost).result()


class Run:
    """One run of ``adverity_requeue``."""

    def __init__(self, client: Client, ledger: Ledger, request: Request, params: dict[str, t.Any], check_mode: bool, lost: str | None) -> None:
        self._client, self._ledger, self._request, self._params, self._check_mode = client, ledger, request, params, check_mode
        self._lost = lost  # why what is written down would be lost, see ``persistence.refusal``
        self._window: Window = request.window
        self._warnings: list[str] = []

    def result(self) -> dict[str, t.Any]:
        """The module's result, with ``warnings``."""
        selected = select.choose_bindings(self._client, self._ledger, self._request)
        if self._ledger.waited > 1:
            self._warnings.append(f"Waited {self._ledger.waited:.0f} s for another run that held the ledger {self._ledger.shown}.")
        actions = {one: decision.action(record, self._params["backfill"], self._window) for one, record in selected.records.items()}
        self._warnings += warnings_of(selected.rows, selected.records, actions, self._window)
        shown = show_bindings(selected.rows, selected.records, actions)
        if self._params["state"] == "planned" and self._request.extract_ids is None:
            return self._plan_bindings(selected, actions, shown)
        due_ids = [one for one, action in actions.items() if action == decision.BACKFILL]
        loads = select.list_extracts(self._client, self._request, selected, due_ids) if due_ids or not selected.rows else []
        options = Options(*(self._params[name] for name in Options._fields))
        made = plan.make(loads, self._ledger.statuses, _without_periods(selected, due_ids), options)
        outcome = Outcome(made, shown)
        if made.unknown and options.on_unknown == "fail":
            raise unknown_error(outcome, self._ledger)
        if self._params["state"] != "planned":
            self._refuse_disabled(made, selected)
        self._refuse_forgetful_job(bool(made.batches))
        gone = self._compare_with_ledger(made, due_ids) if self._request.extract_ids is None else []
        records = self._noted(selected, due_ids)
        new = self._params["state"] == "planned" and (records != self._ledger.records(list(records)) or self._is_news(made))
        used = set() if self._params["state"] == "planned" else {one for batch in made.batches for one in batch.binding_ids}
        if not self._check_mode:
            self._ledger.note({one: sent_into(record) if one in used else record for one, record in records.items()}, made.due())
            settled = [entry for entry in gone if entry.status in (DISPATCHED, REFUSED)]
            self._ledger.settle([*made.entries(made.confirmed, status=DISPATCHED), *settled])
        if self._params["state"] == "planned":
            return self._told(dict(outcome.result(), changed=new or bool(made.confirmed)), outcome)
        if self._check_mode:
            outcome.sent = [(batch, "") for batch in made.batches]
        else:
            self._send(outcome)
            waiting = {entry.binding_id for entry in gone if entry.status in (PENDING, UNKNOWN)}
            self._note_end(outcome, records, used, [one for one in due_ids if one not in waiting], options)
        if made.unknown:
            self._warnings.append(f"Left out, because it is unknown whether they are loaded: {describe_unknown(made.unknown)}.")
        return self._told(outcome.result(), outcome)

    def _told(self, result: dict[str, t.Any], outcome: Outcome) -> dict[str, t.Any]:
        return dict(result, ledger=self._ledger.shown, diff=outcome.diff(), warnings=self._warnings)

    def _plan_bindings(self, selected: Selection, actions: dict[int, str], shown: list[Row]) -> dict[str, t.Any]:
        """The result of ``state: planned`` for a window: the plan names bindings and window, and what is in it is listed once, when it is sent."""
        due = [one for one, action in actions.items() if action == decision.BACKFILL]
        self._refuse_forgetful_job(bool(due))
        outcome = Outcome(Plan(), shown)
        stopped = self._ledger.stopped_entries(due) if due else []
        outcome.plan.unknown = {_pair(entry): Doubt(decision.LOST) for entry in stopped if entry.status == UNKNOWN and self._in_window(entry)}
        if outcome.plan.unknown and self._params["on_unknown"] == "fail":
            raise unknown_error(outcome, self._ledger)
        now = times.now()
        before = self._ledger.records(list(actions))
        # An enabled binding whose plan was taken up needs no further one: what is missing of its history shows without.
        due = [one for one in due if not (selected.records[one].enabled and selected.records[one].known and selected.records[one].plan is None)]
        records = {one: planned(record, self._window, now) if one in due else record for one, record in selected.records.items()}
        new = [one for one in due if records[one].plan != before.get(one, Record()).plan or one not in before]
        if not self._check_mode:
            self._ledger.note(records)
        diff = {
            "before": {f"binding {one}": {"planned": window_words(before[one].plan) if one in before else None} for one in new},
            "after": {f"binding {one}": {"planned": window_words(records[one].plan)} for one in new},
        }
        return dict(self._told(outcome.result(), outcome), changed=bool(new), diff=diff)

    def _noted(self, selected: Selection, due_ids: list[int]) -> dict[int, Record]:
        """The records of the bindings once their extracts are written down."""
        records = dict(selected.records)
        for one in selected.new_ids.intersection(due_ids):
            seen = records[one].seen
            records[one] = records[one]._replace(enabled_periods=((seen, None),) if records[one].enabled and seen else ())
        if self._request.extract_ids is None:
            records.update({one: taken_up(records[one], self._window) for one in due_ids})
        return records

    def _is_news(self, made: Plan) -> bool:
        """Whether something that is due is not in the ledger yet."""
        ids: dict[int, list[int]] = {}
        for entry in made.due():
            ids.setdefault(entry.binding_id, []).append(entry.extract_id)
        return any(len(self._ledger.statuses(one, some)) < len(some) for one, some in ids.items())

    def _in_window(self, entry: Entry) -> bool:
        """Whether an entry of the ledger is in the window. One without a time counts as in it."""
        return extracts.within(self._request.created_from, self._request.created_to)(times.parse_or_none(entry.created))

    def _would_be_listed(self, entry: Entry) -> bool:
        """Whether the service lists an entry's extract as long as it is there. In a window that is not known of one without a time."""
        if not (self._request.created_from or self._request.created_to):
            return True
        return times.parse_or_none(entry.created) is not None and self._in_window(entry)

    def _compare_with_ledger(self, made: Plan, due_ids: list[int]) -> list[Entry]:
        """Warns of what is pending and not selected now, and returns what is pending or unknown and not listed, each as it is to be recorded. Nothing
        is dropped from a plan because of one reading."""
        pending = self._ledger.pending_entries(due_ids) if due_ids else []
        unknown = [entry for entry in (self._ledger.stopped_entries(due_ids) if due_ids else []) if entry.status == UNKNOWN]
        gone: list[Entry] = []
        for state, entries in (("pending", pending), ("unknown", unknown)):
            outside: list[Entry] = []
            unlisted: list[Entry] = []
            for entry in made.unlisted(entries):
                (unlisted if self._would_be_listed(entry) else outside).append(entry)
            if outside and entries is pending:
                self._warnings.append(f"Still pending, but outside of what this run selects: {len(outside)} extracts, {_by_binding(outside)}.")
            if unlisted and entries is unknown and self._params["on_unknown"] == "dispatched":
                gone += [entry._replace(status=DISPATCHED) for entry in unlisted]
            elif unlisted:
                skip = self._params["on_refused"] == "skip"
                way_on = "are recorded as refused." if skip else f"stay {state} until they are listed. If they were deleted, set on_refused: skip."
                self._warnings.append(f"{state.capitalize()}, but not in the service's list of extracts now: {_by_binding(unlisted)}. They {way_on}")
                gone += [entry._replace(status=REFUSED, reason=GONE) if skip else entry for entry in unlisted]
        return gone

    def _refuse_disabled(self, made: Plan, selected: Selection) -> None:
        used = {binding_id for batch in made.batches for binding_id in batch.binding_ids}
        disabled = [row for row in selected.rows if row["id"] in used and selected.records[row["id"]].enabled is False]
        disabled = [row for row in disabled if row["id"] not in self._request.enabled_ids]
        if disabled and self._check_mode:
            self._warnings.append(
                f"Not enabled: {bindings.labels(disabled)}. A real run refuses this, unless an earlier task enables it, which in check mode only pretends to."
            )
        elif disabled:
            raise InputError(f"Not enabled: {bindings.labels(disabled)}. Enable it with adverity.management.adverity_binding first. Nothing was sent.")

    def _refuse_forgetful_job(self, sends: bool) -> None:
        """An AWX job whose ledger is lost with it must not send anything: the next job would not know."""
        if sends and self._lost:
            raise InputError(f"{self._lost} Nothing was changed.")

    def _send(self, outcome: Outcome) -> None:
        targets = {row["binding_id"]: row["target_name"] for row in outcome.bindings}
        watch = progress.watcher(outcome.plan.extract_count, targets)
        sending = Sending(self._client, self._ledger, self._params["sequential"], watch)
        try:
            sending.run(outcome.plan.batches)
        except AdverityError as error:
            outcome.explain(error, sending, self._ledger)
            raise
        outcome.take(sending)
        self._warnings += sending.warnings

    def _note_end(self, outcome: Outcome, records: dict[int, Record], used: set[int], listed_ids: list[int], options: Options) -> None:
        """Notes what is covered: the window where all of it was listed, and what was covered before where everything was sent."""
        result = outcome.result()
        stops = ("remaining", "unknown", "refused") if options.on_refused == "fail" else ("remaining", "unknown")
        incomplete = {row["binding_id"] for row in result["summary"] if any(row[name] for name in stops)}
        done = {one: records[one] for one in used if records[one].covered}
        if self._request.extract_ids is None:
            done.update({one: finished(records[one], self._window) for one in listed_ids})
        done = {one: record for one, record in done.items() if one not in incomplete}
        if done:
            self._ledger.note(done)
        if outcome.refused and options.on_refused == "fail":
            raise refused_error(outcome)
        if outcome.refused:
            self._warnings.append(f"The service refused {len(outcome.refused)} extracts, and they are left out: {describe_refused(outcome.refused)}.")


def _without_periods(selected: Selection, due_ids: list[int]) -> dict[int, Record]:
    """The records to plan by. Of a binding that the ledger had no record of, everything is sent that is selected, whenever it was enabled: its present
    state tells nothing of the time before. From now on it is known to load by itself. A plan (``state: planned``) ends at its last change."""
    new = selected.new_ids.intersection(due_ids)
    return {one: record._replace(enabled_periods=()) if one in new else record for one, record in selected.records.items()}


def _pair(entry: Entry) -> Pair:
    return (entry.datastream_id, entry.binding_id, entry.extract_id)


def _by_binding(entries: list[Entry]) -> str:
    found: dict[int, list[int]] = {}
    for entry in entries:
        found.setdefault(entry.binding_id, []).append(entry.extract_id)
    return text.several([f"extracts {text.ids(sorted(ids))} for binding {binding_id}" for binding_id, ids in found.items()], 20)
