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
from .bindings import Binding
from .changes import Applied, Noun, apply

BINDINGS = Noun("binding", "bindings", "binding_ids")
MAX_AGE = 2.0  # seconds
_MAX_FAILURES = 3  # so many writes without a certain outcome in succession: it is not the bindings


Found = t.TypeVar("Found")


@dataclass(frozen=True)
class Reading(t.Generic[Found]):
    """What was read, the clock of the API when it was, at the latest, and when it began by this machine's monotonic clock, in seconds."""

    found: Found
    clock: str | None
    started: float


def read_timed(client: Client, read: t.Callable[[], Found]) -> Reading[Found]:
    """What ``read`` returns, and when it was read. A list of several pages began before the response that carries its time."""
    started = machine_clock.monotonic()
    found = read()
    seconds = int(machine_clock.monotonic() - started)
    return Reading(
        found, None if client.date is None else times.show(client.date - timedelta(seconds=seconds)), started
    )


def row_fact(binding: Binding, clock: str | None) -> BindingFact:
    """What the list of bindings shows of one."""
    return BindingFact(
        FactKind.ROW, clock=clock, enabled=binding.enabled, updated=times.readable(binding.updated)
    )


def ledger_row(binding: Binding) -> BindingRow:
    """A binding for the ledger."""
    return BindingRow(binding.id, binding.datastream_id, binding.target_id, 0)


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
    """Which bindings have to be written so that all that are ``selected`` are ``enabled``. Pure.

    ``states`` are their states by id, as far as they are known. One whose state is not known is written, too.
    """

    def __init__(self, selected: list[Binding], enabled: bool, states: t.Mapping[int, bool | None]) -> None:
        self.selected, self.enabled = selected, enabled
        self._states = states
        self.due = [binding for binding in selected if states[binding.id] is not enabled]

    def result(self, written: t.Mapping[int, Binding], present: t.Mapping[int, Binding]) -> Result:
        """The module's result, ``written`` being the bindings that were (or, in check mode, would be) written, as they are then, by id; ``present`` those
        that were read again meanwhile."""
        changed = [binding for binding in self.due if binding.id in written]
        now = [written.get(each.id) or present.get(each.id, each) for each in self.selected]
        values = {
            "bindings": [binding.row for binding in now],
            "affected": {"binding_ids": [binding.id for binding in changed]},
        }
        before = {binding.label: {"enabled": self._states[binding.id]} for binding in changed}
        return Result(
            bool(changed), values, Diff(before, {label: {"enabled": self.enabled} for label in before})
        )


@dataclass(frozen=True)
class _BindingChange:
    """Enables or disables one binding, in a run that records it."""

    binding: Binding
    run: _Run

    @property
    def ids(self) -> list[int]:
        """Its id."""
        return [self.binding.id]

    def preview(self) -> Binding:
        """The binding as it will be but for its ``updated``."""
        return self.binding.changed({"enabled": self.run.enabled})

    def send(self, _client: Client) -> Binding | None:
        """The binding as it is then; None where somebody else wrote it meanwhile."""
        return self.run.write(self.binding)


class _Run:
    """One run of ``adverity_binding``."""

    def __init__(self, client: Client, ledger: Ledger, params: dict[str, t.Any]) -> None:
        self._client, self._ledger, self._params = client, ledger, params
        self.enabled: bool = params["enabled"]
        self._histories: dict[int, BindingHistory] = {}
        self._facts: dict[int, list[BindingFact]] = {}  # not recorded yet
        self._reading: Reading[list[Binding]] = Reading([], None, 0.0)
        self._present: dict[int, Binding] = {}
        self._not_tried: set[int] = set()
        self._in_succession = 0

    def result(self) -> Result:
        plan = self._plan()
        changes = [_BindingChange(binding, self) for binding in plan.due]
        if not self._ledger.writes:
            return self._result_of(plan, apply(changes, self._client, True, BINDINGS))
        try:
            self._ledger.note({}, [ledger_row(binding) for binding in plan.selected])
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
            selected = self._reading.found
            if not self._ledger.take_turn([binding.id for binding in selected]):
                break
        known = self._ledger.histories([binding.id for binding in selected])
        facts = {binding.id: row_fact(binding, self._reading.clock) for binding in selected}
        self._histories = {
            each: known.get(each, BindingHistory()).with_fact(fact) for each, fact in facts.items()
        }
        self._facts = {each: [fact] for each, fact in facts.items()}
        plan = EnabledPlan(
            selected, self.enabled, {each: history.enabled for each, history in self._histories.items()}
        )
        self._not_tried = {binding.id for binding in plan.due}
        return plan

    def _result_of(self, plan: EnabledPlan, applied: Applied[Binding | None]) -> Result:
        return plan.result({each.id: each for each in applied.made if each is not None}, self._present)

    def _read(self) -> list[Binding]:
        datastream_id, target_id = self._params["datastream_id"], self._params["target_id"]
        found = bindings.read_selected(self._client, self._params["binding_ids"], datastream_id, target_id)
        bindings.refuse_none(found, datastream_id, target_id)
        return found

    def _save(self) -> None:
        facts, self._facts = self._facts, {}
        if facts:
            self._ledger.note(facts)

    def write(self, binding: Binding) -> Binding | None:
        """Writes a binding that is due, unless a new reading shows that somebody else did. The binding as it is then, or None."""
        if machine_clock.monotonic() - self._reading.started > MAX_AGE:
            self._read_again()
        self._not_tried.discard(binding.id)
        if self._histories[binding.id].enabled is self.enabled:
            return None
        written = self._write(binding)
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
        self._present = {binding.id: binding for binding in self._reading.found}
        for binding in self._reading.found:
            if binding.id in self._not_tried:
                self._take(binding.id, row_fact(binding, self._reading.clock))

    def _take(self, binding_id: int, fact: BindingFact) -> None:
        self._histories[binding_id] = self._histories[binding_id].with_fact(fact)
        self._facts.setdefault(binding_id, []).append(fact)

    def _write(self, binding: Binding) -> Binding:
        binding_id = binding.id
        intention = BindingFact(FactKind.WRITE, clock=_clock(self._client), enabled=self.enabled)
        facts, self._facts = self._facts, {}
        number = self._ledger.begin_write(binding_id, intention, facts)
        try:
            answer = _patch(self._client, binding, self.enabled)
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
        return binding.changed(answer)

    def _unfinished(self, applied: Applied[Binding | None], partial: Result) -> AdverityError:
        word = "enabled" if self.enabled else "disabled"
        failed = [(t.cast(_BindingChange, change).binding, error) for change, error in applied.failed]
        hints = dict.fromkeys(hint for _binding, error in failed if (hint := getattr(error, "hint", "")))
        shown = [
            f"{binding.label}: {str(error).removesuffix(getattr(error, 'hint', '')).strip()}"
            for binding, error in failed
        ]
        written = [binding.id for binding in applied.made if binding is not None]
        return Unfinished(
            f"Bindings {word} in this run: {text.ids(written) or 'none'}. Still open, not {word}: {' '.join([*shown, *hints])}"
            " Correct the cause and run it again: it writes only what differs. To leave a binding out, select the others by binding_ids (in the"
            " role, by deploy_destination_datastream_ids or deploy_destination_datastreams).",
            **partial.as_dict(),
            remaining={"binding_ids": applied.remaining_ids},
        )


def _clock(client: Client) -> str | None:
    return None if client.date is None else times.show(client.date)


def _patch(client: Client, binding: Binding, enabled: bool) -> Row:
    """What the API returned."""
    path = f"{bindings.PATH}{binding.id}/"

    def confirm() -> Row | None:
        """After a lost response: the binding as it is, where it is as it should be. Repeating the write would move its ``updated``."""
        listed = bindings.read(client, binding.datastream_id, binding.target_id)
        present = next((each for each in listed if each.id == binding.id), None)
        return present.row if present is not None and present.enabled is enabled else None

    answer = client.request("PATCH", path, body={"enabled": enabled}, confirm=confirm).data
    if not isinstance(answer, dict) or answer.get("id") != binding.id or answer.get("enabled") is not enabled:
        raise UnreadableAnswer(
            f"PATCH {path} returned success, but the response does not show the binding as"
            f" {'enabled' if enabled else 'disabled'}. Run it again: it reads the binding first.",
            method="PATCH",
            path=path,
        )
    return answer
