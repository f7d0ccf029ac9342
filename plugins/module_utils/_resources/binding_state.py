# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Enabling and disabling bindings, recorded in the ledger: when a binding was enabled decides what it loads automatically (bindings guide).

What was read of a binding proves its state until then. So that little time stays unknown, the bindings are read again where the last reading is older
than two seconds, and each write and its response are recorded.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import timedelta

from .._api import clock as machine_clock
from .._api import text
from .._api.client import Client
from .._api.errors import AdverityError, Lost, NotReached, Refused, RequestError, Unfinished, UnreadableAnswer
from .._api.paging import Row
from .._ledger.history import BindingFact, BindingHistory, FactKind
from .._ledger.ledger import Ledger, open_ledger
from .._ledger.rows import BindingRow
from .._ledger.store import PREDICT, WRITE
from .._spec import times
from .._spec.result import Diff, Result
from . import bindings
from .changes import Applied, Noun, apply

BINDINGS = Noun("binding", "bindings", "binding_ids")
MAX_AGE = 2.0  # seconds
_MAX_FAILURES = 3  # so many writes without a certain outcome in succession: it is not the bindings


class Reading(t.NamedTuple):
    """What was read, the clock of the API when it was, at the latest, and when it began by this machine's monotonic clock, in seconds."""

    rows: t.Any
    clock: str | None
    started: float


def read_timed(client: Client, read: t.Callable[[], t.Any]) -> Reading:
    """What ``read`` returns, and when it was read. A list of several pages began before the response that carries its time."""
    started = machine_clock.monotonic()
    rows = read()
    seconds = int(machine_clock.monotonic() - started)
    return Reading(
        rows, None if client.date is None else times.show(client.date - timedelta(seconds=seconds)), started
    )


def row_fact(row: Row, clock: str | None) -> BindingFact:
    """What a row of the list of bindings shows."""
    return BindingFact(
        FactKind.ROW, clock=clock, enabled=bindings.state(row), updated=times.readable(row.get("updated"))
    )


def stops_the_run(error: AdverityError) -> bool:
    """Whether a request failed for a reason that concerns every other request, too: the network, the key, a proxy, a limit of requests."""
    return isinstance(error, NotReached) or getattr(error, "status", None) in (401, 407, 429)


def set_enabled(client: Client, params: dict[str, t.Any], check_mode: bool) -> Result:
    """The result of ``adverity_binding`` with these parameters.

    The bindings are read under their lock, so that none is written that another run has written already. One that cannot be written does not hold up the
    others: Unfinished is raised at the end, and names it.
    """
    with open_ledger(params, client.host, PREDICT if check_mode else WRITE) as ledger:
        return _Run(client, ledger, params).result()


class EnabledPlan:
    """Which bindings have to be written so that all of ``rows`` are ``enabled``. Pure.

    ``states`` are their states by id, as far as they are known. One whose state is not known is written, too.
    """

    def __init__(self, rows: list[Row], enabled: bool, states: t.Mapping[int, bool | None]) -> None:
        self.rows, self.enabled = rows, enabled
        self._states = states
        self.due = [row for row in rows if states[row["id"]] is not enabled]

    def result(self, written: t.Mapping[int, Row], present: t.Mapping[int, Row]) -> Result:
        """The module's result, ``written`` being the bindings that were (or, in check mode, would be) written, as they are then, by id; ``present`` those
        that were read again meanwhile."""
        changed = [row for row in self.due if row["id"] in written]
        values = {
            "bindings": [written.get(row["id"]) or present.get(row["id"], row) for row in self.rows],
            "affected": {"binding_ids": [row["id"] for row in changed]},
        }
        before = {bindings.label(row): {"enabled": self._states[row["id"]]} for row in changed}
        return Result(
            bool(changed), values, Diff(before, {label: {"enabled": self.enabled} for label in before})
        )


@dataclass(frozen=True)
class _BindingChange:
    """Enables or disables one binding, in a run that records it."""

    row: Row
    run: _Run

    @property
    def ids(self) -> list[int]:
        """Its id."""
        return [self.row["id"]]

    def preview(self) -> Row:
        """The binding as it will be but for its ``updated``."""
        return dict(self.row, enabled=self.run.enabled)

    def send(self, _client: Client) -> Row | None:
        """The binding as it is then; None where somebody else wrote it meanwhile."""
        return self.run.write(self.row)


class _Run:
    """One run of ``adverity_binding``."""

    def __init__(self, client: Client, ledger: Ledger, params: dict[str, t.Any]) -> None:
        self._client, self._ledger, self._params = client, ledger, params
        self.enabled: bool = params["enabled"]
        self._histories: dict[int, BindingHistory] = {}
        self._facts: dict[int, list[BindingFact]] = {}  # not recorded yet
        self._reading = Reading([], None, 0.0)
        self._present: dict[int, Row] = {}
        self._not_tried: set[int] = set()
        self._in_succession = 0

    def result(self) -> Result:
        plan = self._plan()
        changes = [_BindingChange(row, self) for row in plan.due]
        if not self._ledger.writes:
            return self._result_of(plan, apply(changes, self._client, True, BINDINGS))
        try:
            rows = [BindingRow(row["id"], row["datastream_id"], row["target_id"], 0) for row in plan.rows]
            self._ledger.note({}, rows)
            applied = apply(changes, self._client, False, BINDINGS, self._stops)
        finally:
            self._save()
        result = self._result_of(plan, applied)
        partial = replace(result, values={**result.values, "unknown": {"binding_ids": applied.unknown_ids}})
        applied.check(partial)
        if applied.failed:
            raise self._unfinished(applied, partial)
        return result

    def _plan(self) -> EnabledPlan:
        """Reads the bindings under their lock, and notes what they show."""
        while True:
            self._reading = read_timed(self._client, self._read)
            rows: list[Row] = self._reading.rows
            if not self._ledger.take_turn([row["id"] for row in rows]):
                break
        known = self._ledger.histories([row["id"] for row in rows])
        facts = {row["id"]: row_fact(row, self._reading.clock) for row in rows}
        self._histories = {
            each: known.get(each, BindingHistory()).with_fact(fact) for each, fact in facts.items()
        }
        self._facts = {each: [fact] for each, fact in facts.items()}
        plan = EnabledPlan(
            rows, self.enabled, {each: history.enabled for each, history in self._histories.items()}
        )
        self._not_tried = {row["id"] for row in plan.due}
        return plan

    def _result_of(self, plan: EnabledPlan, applied: Applied[Row | None]) -> Result:
        return plan.result({row["id"]: row for row in applied.made if row is not None}, self._present)

    def _read(self) -> list[Row]:
        datastream_id, target_id = self._params["datastream_id"], self._params["target_id"]
        rows = bindings.read_selected(self._client, self._params["binding_ids"], datastream_id, target_id)
        bindings.refuse_none(rows, datastream_id, target_id)
        return rows

    def _save(self) -> None:
        facts, self._facts = self._facts, {}
        if facts:
            self._ledger.note(facts)

    def write(self, row: Row) -> Row | None:
        """Writes a binding that is due, unless a new reading shows that somebody else did. The binding as it is then, or None."""
        if machine_clock.monotonic() - self._reading.started > MAX_AGE:
            self._read_again()
        self._not_tried.discard(row["id"])
        if self._histories[row["id"]].enabled is self.enabled:
            return None
        written = self._write(row)
        self._in_succession = 0
        return written

    def _stops(self, error: AdverityError) -> bool:
        if not isinstance(error, (RequestError, UnreadableAnswer)):
            return True
        self._in_succession += not error.not_executed
        return stops_the_run(error) or self._in_succession >= _MAX_FAILURES

    def _read_again(self) -> None:
        """Takes what the API shows now. A list that cannot be read now leaves what is known."""
        datastream_id, target_id = self._params["datastream_id"], self._params["target_id"]
        try:
            self._reading = read_timed(
                self._client, lambda: bindings.read(self._client, datastream_id, target_id)
            )
        except (Refused, Lost, UnreadableAnswer):
            return
        self._present = {row["id"]: row for row in self._reading.rows}
        for row in self._reading.rows:
            if row["id"] in self._not_tried:
                self._take(row["id"], row_fact(row, self._reading.clock))

    def _take(self, binding_id: int, fact: BindingFact) -> None:
        self._histories[binding_id] = self._histories[binding_id].with_fact(fact)
        self._facts.setdefault(binding_id, []).append(fact)

    def _write(self, row: Row) -> Row:
        binding_id = row["id"]
        intention = BindingFact(FactKind.WRITE, clock=_clock(self._client), enabled=self.enabled)
        facts, self._facts = self._facts, {}
        number = self._ledger.begin_write(binding_id, intention, facts)
        try:
            answer = _patch(self._client, row, self.enabled)
        except RequestError as error:
            if error.not_executed:
                self._ledger.withdraw_write(number)
            raise
        self._histories[binding_id] = self._histories[binding_id].with_fact(intention)
        seconds = machine_clock.monotonic() - self._reading.started
        updated = times.readable(answer.get("updated"))
        clock = _clock(self._client)
        self._take(
            binding_id,
            BindingFact(FactKind.ANSWER, clock=clock, enabled=self.enabled, updated=updated, seconds=seconds),
        )
        return dict(row, **answer)

    def _unfinished(self, applied: Applied[Row | None], partial: Result) -> AdverityError:
        word = "enabled" if self.enabled else "disabled"
        failed = [(t.cast(_BindingChange, change).row, error) for change, error in applied.failed]
        hints = dict.fromkeys(hint for _row, error in failed if (hint := getattr(error, "hint", "")))
        shown = [
            f"{bindings.label(row)}: {str(error).removesuffix(getattr(error, 'hint', '')).strip()}"
            for row, error in failed
        ]
        written = [row["id"] for row in applied.made if row is not None]
        return Unfinished(
            f"Bindings {word} in this run: {text.ids(written) or 'none'}. Still open, not {word}: {' '.join([*shown, *hints])}"
            " Correct the cause and run it again: it writes only what differs. To leave a binding out, select the others by binding_ids (in the"
            " role, by deploy_destination_datastream_ids or deploy_destination_datastreams).",
            **partial.as_dict(),
            remaining={"binding_ids": applied.remaining_ids},
        )


def _clock(client: Client) -> str | None:
    return None if client.date is None else times.show(client.date)


def _patch(client: Client, row: Row, enabled: bool) -> Row:
    path = f"{bindings.PATH}{row['id']}/"

    def confirm() -> Row | None:
        """After a lost response: the binding as it is, where it is as it should be. Repeating the write would move its ``updated``."""
        rows = bindings.read(client, row["datastream_id"], row["target_id"])
        present = [each for each in rows if each["id"] == row["id"]]
        return present[0] if present and bindings.state(present[0]) is enabled else None

    answer = client.request("PATCH", path, body={"enabled": enabled}, confirm=confirm).data
    if not isinstance(answer, dict) or answer.get("id") != row["id"] or answer.get("enabled") is not enabled:
        raise UnreadableAnswer(
            f"PATCH {path} returned success, but the response does not show the binding as"
            f" {'enabled' if enabled else 'disabled'}. Run it again: it reads the binding first.",
            method="PATCH",
            path=path,
        )
    return answer
