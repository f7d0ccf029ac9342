# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Requeueing extracts once: the plan of ``_requeue_plan`` written into the ledger and sent (requeue guide; the ledger's promise)."""

from __future__ import annotations

import contextlib
import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import AdverityError, LedgerError, UnreadableAnswer
from .._ledger.entries import DISPATCHED, PENDING, Entry, Ledger, Period, Post
from .._ledger.file import PREDICT, WRITE
from .._resources import extracts
from .._spec import times
from . import plan as _plan
from .plan import Batch, Pair, Plan
from .select import Choice, Wish, look_up

PATH = "/api/v1/extracts/requeue/"

WAYS_ON = (
    "Look in Adverity whether they were loaded. Then: on_unknown: requeue sends them again (where the first request did arrive, their rows are"
    " loaded twice); on_unknown: dispatched notes that they were loaded, and sends the rest; on_unknown: skip sends the rest and leaves them open;"
    " on_unknown: fail, the default, stops here again."
)


def requeue(client: Client, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_requeue`` with these parameters. The ledger is opened before the service is asked anything."""
    periods = sort_periods(params["self_loading"])
    only_plan = params["state"] == "planned"
    chosen = ("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id")
    options = {name: params[name] for name in chosen}
    wish = Wish(**options, period_ids=list(periods), only_enabled=not only_plan, pretending=check_mode, assuming=params["assume_enabled"])
    with Ledger(params["ledger"], client.host, PREDICT if check_mode else WRITE) as ledger:
        choice = look_up(client, wish)
        status = ledger.status({load.extract.id for load in choice.loads})
        how = (params["batch_size"], params["limit"], params["force"], params["on_unknown"], periods)
        plan = _plan.make(choice.loads, status, *how)
        run = Run(plan, choice.warnings)
        if plan.stopped:
            raise _stop(run, ledger)
        gone = find_gone(ledger, choice, wish)
        run.warn(ledger, gone)
        new = only_plan and (is_new(ledger, choice, plan, status, periods) or bool(gone or plan.settled))
        if not check_mode:
            if plan.settled:
                ledger.learn(settled(choice, plan), [])
            ledger.plan(entries(choice, plan), choice.bindings, periods, not only_plan, gone, choice.updated)
        if only_plan:
            return dict(run.result(), changed=new, ledger=ledger.path, diff=run.diff(), warnings=run.warnings)
        if check_mode:
            run.pretend()
        else:
            run.send(client, ledger, params["sequential"])
        return dict(run.result(), ledger=ledger.path, diff=run.diff(), warnings=run.warnings)


def sort_periods(given: list[dict[str, t.Any]] | None) -> dict[int, list[Period]]:
    """The option ``self_loading`` by binding."""
    periods: dict[int, list[Period]] = {}
    for one in given or []:
        periods.setdefault(one["binding_id"], []).append((one["since"], one["until"]))
    return periods


def is_new(
    ledger: Ledger, choice: Choice, plan: Plan, status: t.Callable[[int, int], str | None], periods: dict[int, list[Period]]
) -> bool:
    """Whether writing the plan down as planned tells the ledger anything."""
    backfills = ledger.backfills()
    if any(one not in backfills or not backfills[one].planned_at for one in choice.bindings):
        return True
    if any(backfills[one].updated != updated for one, updated in choice.updated.items()):
        return True
    if any(backfills[one].self_loading != known for one, known in periods.items()):
        return True
    return any(status(entry.binding_id, entry.extract_id) is None for entry in entries(choice, plan))


def entries(choice: Choice, plan: Plan) -> t.Iterator[Entry]:
    """What is due, for the ledger."""
    due = [(batch.datastream_id, *pair) for batch in plan.batches for pair in batch.pairs()] + plan.left
    return _entries(choice, due, PENDING)


def settled(choice: Choice, plan: Plan) -> t.Iterator[Entry]:
    """What the user says was dispatched, for the ledger."""
    return _entries(choice, plan.settled, DISPATCHED)


def _entries(choice: Choice, pairs: list[Pair], status: str) -> t.Iterator[Entry]:
    created = {load.extract.id: times.show(load.extract.created) for load in choice.loads if load.extract.created is not None}
    return (Entry(binding_id, extract_id, one, created.get(extract_id), status, None) for one, binding_id, extract_id in pairs)


def find_gone(ledger: Ledger, choice: Choice, wish: Wish) -> list[tuple[int, int]]:
    """What is pending within the user's choice, but not in the service's list any more: it can never be sent."""
    if choice.listed is None:
        return []
    inside = extracts.within(wish.created_from, wish.created_to)
    bounded = wish.created_from or wish.created_to
    return [
        (entry.binding_id, entry.extract_id)
        for entry in ledger.entries(binding_ids=choice.bindings)
        if entry.status == PENDING
        and entry.extract_id not in choice.listed
        and (inside(times.parse_or_none(entry.created)) if entry.created else not bounded)
    ]


class Run:
    """A plan being sent, and what came of it so far."""

    def __init__(self, plan: Plan, warnings: list[str]) -> None:
        self.plan = plan
        self.sent: list[tuple[Batch, str | None]] = []
        self.in_doubt: list[Pair] = []
        self.warnings = list(warnings)

    def warn(self, ledger: Ledger, gone: list[tuple[int, int]]) -> None:
        """Collects what the user should know beside the plan."""
        if ledger.waited > 1:
            self.warnings.append(f"Waited {ledger.waited:.0f} s for another run that held the ledger {ledger.path}.")
        if gone:
            shown = text.ids(sorted({extract_id for _binding_id, extract_id in gone}))
            self.warnings.append(f"Planned earlier, but no longer in the service's list, and so dropped from the plan: extracts {shown}.")
        if self.plan.untold:
            shown = text.ids(sorted({pair[2] for pair in self.plan.untold}))
            self.warnings.append(
                f"The service does not say when these were created, so they may have loaded by themselves, and were left out: extracts {shown}."
            )

    def pretend(self) -> None:
        """As if every batch had been sent."""
        self.sent = [(batch, None) for batch in self.plan.batches]

    def send(self, client: Client, ledger: Ledger, sequential: bool) -> None:
        """Sends the batches one after the other. An error carries the result so far."""
        notes = _Notes(ledger)
        try:
            for batch in self.plan.batches:
                notes.batch = batch
                self._send_one(client, notes, sequential)
            notes.save()
        except BaseException as error:
            with contextlib.suppress(LedgerError):
                notes.save()
            if isinstance(error, AdverityError):
                self._explain(error, notes, ledger.path)
            raise

    def _send_one(self, client: Client, notes: _Notes, sequential: bool) -> None:
        batch = notes.batch
        body: dict[str, t.Any] = {"extract_ids": batch.extract_ids, "sequential": sequential}
        if batch.binding_ids:
            body["binding_ids"] = list(batch.binding_ids)
        data = client.request("POST", PATH, body=body, before=notes.intend, undo=notes.withdraw).data
        answered = data.get("extract_ids") if isinstance(data, dict) else None
        if not isinstance(answered, list):
            raise _doubt("it does not say which extracts")
        confirmed = [one for one in batch.extract_ids if one in answered]
        notes.confirm(confirmed)
        self.sent.append((batch._replace(extract_ids=confirmed), text.line(data.get("message") or "")))
        if notes.standing:
            raise _doubt(f"it leaves out {text.ids(notes.standing)} of those")
        more = [one for one in answered if one not in batch.extract_ids]
        if more:
            self.warnings.append(f"The service says that it also dispatched extracts which were not asked for: {more!r:.200}.")

    def _explain(self, error: AdverityError, notes: _Notes, ledger_path: str) -> None:
        """Adds to the error what was asked for, what was done before, and what to do next."""
        batch, in_doubt = notes.batch, notes.standing
        into = "into binding " + text.ids(batch.binding_ids) if batch.binding_ids else "into all enabled bindings"
        of = "" if batch.datastream_id is None else f" of datastream {batch.datastream_id}"
        self.in_doubt = [(batch.datastream_id, binding_id, one) for binding_id in batch.ledger_bindings for one in in_doubt]
        facts = self.result()
        error.facts = dict(facts, **error.facts)
        error.say(f"Asked for: to load extracts {text.ids(batch.extract_ids)}{of} {into}.")
        error.say("Dispatched in this run: {0} extracts; left: {1}.".format(facts["extract_count"], len(facts["remaining_extract_ids"])))
        if notes.unsaved is not None:
            error.say(
                f"That extracts {text.ids(notes.unsaved.extract_ids)} were dispatched could not be written down, so the next run will stop at them as unknown:"
                " on_unknown: dispatched tells it that they were."
            )
        if in_doubt:
            error.say(f"Whether extracts {text.ids(in_doubt)} are being loaded is not known; the ledger {ledger_path} remembers that.")
            error.say(WAYS_ON)
        elif notes.unsaved is None:
            error.say("Run it again when the cause is mended: what was dispatched is not sent again.")

    def result(self) -> dict[str, t.Any]:
        """The module's result: what was sent, skipped, is unknown, is left; by extract, and counted by binding in ``summary``."""
        requeued = [one for batch, _message in self.sent for one in batch.extract_ids]
        unknown = self.plan.unknown + self.in_doubt
        settled = set(requeued).union(pair[2] for pair in self.in_doubt)
        left = [
            (batch.datastream_id, binding_id, one)
            for batch in self.plan.batches
            for binding_id, one in batch.pairs()
            if one not in settled
        ] + self.plan.left
        elsewhere = settled.union(pair[2] for pair in unknown + left)
        return {
            "changed": bool(settled or self.plan.settled),
            "requeued_extract_ids": requeued,
            "skipped_extract_ids": _ids(pair for pair in self.plan.skipped if pair[2] not in elsewhere),
            "unknown_extract_ids": _ids(unknown),
            "remaining_extract_ids": _ids(left),
            "extract_count": len(requeued),
            "batches": [
                {"extract_ids": batch.extract_ids, "binding_ids": list(batch.binding_ids), "message": message} for batch, message in self.sent
            ],
            "summary": self._summary(unknown, left),
        }

    def diff(self) -> dict[str, t.Any]:
        """By binding, how many of the chosen extracts are dispatched, before and after."""
        before, after = {}, {}
        for row in self._summary(self.plan.unknown + self.in_doubt, []):
            name = "binding {0}".format(row["binding_id"]) if row["binding_id"] else "all enabled bindings"
            before[name] = {"dispatched": row["skipped"]}
            after[name] = {"dispatched": row["skipped"] + row["requeued"]}
        return {"before": before, "after": after}

    def _summary(self, unknown: list[Pair], left: list[Pair]) -> list[dict[str, t.Any]]:
        sent = [(batch.datastream_id, binding_id, one) for batch, _message in self.sent for binding_id, one in batch.pairs()]
        rows: dict[tuple[int | None, int], dict[str, t.Any]] = {}
        for name, pairs in (("requeued", sent), ("skipped", self.plan.skipped), ("unknown", unknown), ("remaining", left)):
            for datastream_id, binding_id, _extract_id in pairs:
                empty = {
                    "datastream_id": datastream_id,
                    "binding_id": binding_id or None,
                    "requeued": 0,
                    "skipped": 0,
                    "unknown": 0,
                    "remaining": 0,
                }
                rows.setdefault((datastream_id, binding_id), empty)[name] += 1
        return list(rows.values())


def _stop(run: Run, ledger: Ledger) -> AdverityError:
    """The error for a plan that holds extracts of unknown outcome. It is the same in check mode."""
    into = sorted({binding_id for _datastream, binding_id, _extract in run.plan.unknown if binding_id})
    facts = run.result()
    error = AdverityError(
        "It is not known whether extracts {0} were loaded{1}: an earlier run was cut off before the service answered, or sent them without naming"
        " bindings. The ledger {2} remembers that. Nothing was sent now.".format(
            text.ids(facts["unknown_extract_ids"]),
            f" into binding {text.ids(into)}" if into else "",
            ledger.path,
        ),
        **facts,
    )
    error.say(WAYS_ON)
    return error


class _Notes:
    """What the ledger is told of the batches on their way.

    What the service confirmed is written together with the next intention, before that goes out: one commit for each batch, not two.
    ``standing`` are the extracts of ``batch`` that may be on their way, ``unsaved`` is what is confirmed and not yet written.
    """

    batch: Batch
    _post: Post

    def __init__(self, ledger: Ledger) -> None:
        self.standing: list[int] = []
        self.unsaved: Post | None = None
        self._ledger = ledger

    def intend(self) -> None:
        self._post = self._ledger.intend(self.batch.ledger_bindings, self.batch.extract_ids, self.unsaved)
        self.unsaved = None
        self.standing = self.batch.extract_ids

    def withdraw(self) -> None:
        self._ledger.withdraw(self._post)
        self.standing = []

    def confirm(self, extract_ids: list[int]) -> None:
        taken = set(extract_ids)
        self.unsaved = self._post._replace(extract_ids=extract_ids) if extract_ids else None
        self.standing = [one for one in self.standing if one not in taken]

    def save(self) -> None:
        if self.unsaved is not None:
            self._ledger.dispatched(self.unsaved, self.standing)
            self.unsaved = None


def _doubt(what: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"POST {PATH} was answered with success, but {what} it dispatched.", method="POST", path=PATH)


def _ids(pairs: t.Iterable[Pair]) -> list[int]:
    return list(dict.fromkeys(pair[2] for pair in pairs))
