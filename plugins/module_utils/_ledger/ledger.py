# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The record of requeues that the API does not keep: facts of bindings, and events of extracts on their way into bindings. Written once for every store.
What it holds is read in ``content.py``.

Nothing that is recorded is overwritten by something later. What the facts of a binding mean is derived in ``history.py``, the status of an extract in
``status.py``. Who holds the lock of a binding and finds a request without a response knows that the run which sent it is no more: its outcome is unknown.
"""

from __future__ import annotations

import typing as t

from .._spec import times
from . import statements as sql
from . import stores
from .baseline import NO_BASELINE, Baseline
from .content import LedgerContent
from .events import EventRecords, in_portions
from .history import BindingFact, FactKind, redundant_fact
from .rows import BindingRow, Entry, Request, chunks, fact_from
from .status import EventKind
from .store import LOOK, WRITE, failed
from .turns import NAMES, Turns, name_key


class Ledger(LedgerContent):
    """The ledger of one instance (``host``), as a context manager.

    ``purpose``: WRITE makes it where it does not exist; PREDICT is for check mode: it waits and fails as WRITE would, and its writing methods do nothing;
    LOOK reads what there is and waits for nobody. ``wait``: seconds to wait for a lock that another run holds. ``moved``: also open one whose content was
    moved away. ``option``: the option that names the place, for messages. Every method raises LedgerError where the place fails.
    """

    def __init__(
        self,
        place: str,
        password: str | None,
        host: str,
        purpose: str,
        wait: float = 300,
        moved: bool = False,
        option: str = "ledger",
    ) -> None:
        super().__init__(stores.find(place, password, option))
        self.host, self.option = host, option
        self.exists = False  # whether there is something to read
        self._purpose, self._wait, self._moved = purpose, wait, moved
        self._turns: Turns | None = None

    def __enter__(self) -> Ledger:
        try:
            self.exists = self.store.open(self._purpose)
            if self.exists:
                self._find_instance()
        except BaseException:
            self.store.close()
            raise
        return self

    def __exit__(self, *_exception: t.Any) -> None:
        self.store.close()

    @property
    def waited(self) -> float:
        """For how many seconds this ledger waited for its locks."""
        return self._turns.waited if self._turns else 0.0

    @property
    def busy(self) -> bool:
        """Whether another run holds a lock of this instance."""
        return self.instance is not None and self.store.is_busy(self.instance)

    @property
    def writes(self) -> bool:
        """Whether this ledger records anything: not in check mode."""
        return self._purpose == WRITE

    def _find_instance(self) -> None:
        rows = self.store.read(sql.FIND_INSTANCE, (self.host,))
        if not rows and self.writes:
            with self.store.transaction():
                self.store.write(sql.ADD_HOST, (self.host, self.store.insert(sql.ADD_INSTANCE, ())))
            rows = self.store.read(sql.FIND_INSTANCE, (self.host,))
        if rows:
            self.instance = int(rows[0][0])
            self._refuse_moved()
            self._turns = Turns(self.store, self.instance, self._purpose, self._wait)

    def _refuse_moved(self) -> None:
        if self._purpose != LOOK and not self._moved:
            self.refuse_moved()

    def refuse_moved(self) -> None:
        """Raises LedgerError where the content of the instance was moved away, or may have been."""
        moved_to, content = self._last_move() or (None, "")
        if moved_to and not content:
            raise failed(
                self.shown,
                f"a move to {moved_to} was begun and is not finished",
                "Finish it: run adverity.management.adverity_ledger_copy again with this source and this destination. Nothing was changed.",
            )
        if moved_to:
            raise failed(
                self.shown,
                f"its content was moved to {moved_to}",
                f"Set ledger to {moved_to}. Nothing was changed.",
            )

    def moved_to(self) -> str | None:
        """Where the content of this instance was moved to, also if that is not finished; None where it is here."""
        last = self._last_move()
        return last[0] if last else None

    def has_begun_move(self) -> bool:
        """Whether a move of this instance was begun and is not finished."""
        last = self._last_move()
        return last is not None and not last[1]

    def _last_move(self) -> tuple[str, str] | None:
        """Where the content of this instance was moved to, and the summary of it; None where it is here."""
        moves = self.moves()
        return moves[-1][1:] if moves and moves[-1][0] == "to" else None

    def moves(self) -> list[tuple[str, str, str]]:
        """The moves of this instance, oldest first: ``to`` or ``from``, the other place, and a summary of what was moved, empty where it is not finished."""
        return (
            []
            if self.instance is None
            else [(row[0], row[1], row[2]) for row in self.store.read(sql.MOVES, (self.instance,))]
        )

    def take_turn(self, binding_ids: t.Collection[int] | None) -> bool:
        """Locks these bindings (None: the whole instance) until the ledger is closed. Raises LedgerError where another run holds them for too long.

        True: other runs were at work since this ledger was opened or asked last, so that what was read of these bindings may be out of date.
        """
        if self._turns is None:
            return False
        others = self._turns.take(binding_ids)
        self._refuse_moved()
        return others

    def try_turn(self, binding_ids: t.Collection[int]) -> bool:
        """As ``take_turn``, but without waiting: False if another run holds the lock of any of these bindings."""
        if self._turns is None or not self._turns.try_take(binding_ids):
            return False
        self._refuse_moved()
        return True

    def lock_names(self, names: t.Iterable[tuple[str | int, ...]], what: str) -> None:
        """Locks what is about to be created, until the ledger is closed. Raises LedgerError where another run holds one of these for too long.

        ``names``: of each object its kind and what it is known by. ``what``: these locks in a message. In place of ``take_turn``, not beside it.
        """
        if self.instance is not None:
            keys = [name_key(self.instance, *name) for name in names]
            Turns(self.store, NAMES, self._purpose, self._wait, what).take(keys)
            self._refuse_moved()

    # Writing. In check mode, nothing of this does anything.

    @property
    def _records(self) -> EventRecords:
        return EventRecords(self.store, self.instance)

    def note(
        self,
        facts: t.Mapping[int, t.Sequence[BindingFact]],
        rows: t.Iterable[BindingRow] = (),
        entries: t.Iterable[Entry] = (),
    ) -> None:
        """Records new facts of bindings, by binding, what these are, and entries that are pending from now on. Entries that are recorded stay as they are."""
        if not (self.writes and (facts or rows or entries)):
            return
        with self.store.transaction():
            for row in rows:
                self.store.write(
                    sql.SAVE_BINDING, (self.instance, row.binding_id, row.datastream_id, row.target_id, 0)
                )
            for binding_id, of_binding in facts.items():
                self._add_facts(binding_id, of_binding)
            self._records.add_loads(entries)

    def _add_facts(self, binding_id: int, facts: t.Sequence[BindingFact]) -> None:
        recorded = []
        if any(fact.kind is FactKind.ROW for fact in facts):
            statement, values = sql.of_bindings(sql.FACTS, [binding_id])
            recorded = [
                self._unpack(fact_from, row[1:])
                for row in self.store.read(statement, (self.instance, *values))
            ]
        for fact in facts:
            redundant = redundant_fact(recorded, fact)
            if redundant is not None:
                self.store.write(sql.DROP_FACT, (redundant.id,))
                recorded.remove(redundant)
            recorded.append(fact._replace(id=self._insert_fact(binding_id, fact)))

    def begin_write(
        self, binding_id: int, fact: BindingFact, before: t.Mapping[int, t.Sequence[BindingFact]]
    ) -> int:
        """Records that a binding is about to be enabled or disabled, and in the same commit the facts ``before``. Returns the number of the fact."""
        with self.store.transaction():
            for each, facts in before.items():
                self._add_facts(each, facts)
            return self._insert_fact(binding_id, fact)

    def _insert_fact(self, binding_id: int, fact: BindingFact) -> int:
        enabled = None if fact.enabled is None else int(fact.enabled)
        values = (
            fact.kind.value,
            fact.at or times.now(),
            fact.clock,
            enabled,
            fact.updated,
            fact.seconds,
            *fact.window,
        )
        return self.store.insert(sql.ADD_FACT, (self.instance, binding_id, *values))

    def withdraw_write(self, number: int) -> None:
        """Takes that back: the API certainly did nothing."""
        if self.writes:
            with self.store.transaction():
                self.store.write(sql.DROP_FACT, (number,))

    def record(
        self,
        kind: EventKind,
        entries: t.Iterable[Entry],
        reason: str | None = None,
        labels: t.Mapping[int, str | None] | None = None,
    ) -> None:
        """Records an event of these entries, which the user decided or Adverity shows. ``reason`` is for those that have none of their own. ``labels``: what
        Adverity shows of their state, by extract."""
        if not self.writes:
            return
        for chunk in in_portions(entries):
            alike: dict[tuple[int, str | None], list[Entry]] = {}
            for entry in chunk:
                alike.setdefault((entry.binding_id, entry.reason or reason), []).append(entry)
            with self.store.transaction():
                for (binding_id, why), entries_alike in alike.items():
                    self._records.add_loads(entries_alike)
                    for ids in chunks([entry.extract_id for entry in entries_alike]):
                        shown = NO_BASELINE if labels is None else Baseline(labels=labels).only(ids)
                        self._records.add(kind, [binding_id], ids, why, shown)

    def intend(
        self,
        binding_ids: t.Sequence[int],
        extract_ids: t.Sequence[int],
        confirmed: Request | None = None,
        baseline: Baseline = NO_BASELINE,
    ) -> Request:
        """Records that these are about to be sent, and what the API showed of them before. ``confirmed`` is a request to be recorded as dispatched in the
        same commit."""
        with self.store.transaction():
            if confirmed is not None:
                self._records.confirm(confirmed)
            return self._records.add(EventKind.INTENDED, binding_ids, extract_ids, baseline=baseline)

    def withdraw(self, request: Request) -> None:
        """Takes a request back: the API certainly did nothing, so there is no event."""
        with self.store.transaction():
            self._records.drop(request)

    def dispatched(self, request: Request, but: t.Sequence[int] = ()) -> None:
        """Records that the API confirmed a request, for all ``but`` some extracts, of which it stays unknown."""
        with self.store.transaction():
            if but:
                self._records.split_off(request, but)
            self._records.confirm(request)


def open_ledger(params: dict[str, t.Any], host: str, purpose: str) -> Ledger:
    """The ledger that a module's options name, not opened yet. Raises InputError."""
    return Ledger(params["ledger"], params["ledger_password"], host, purpose, params["ledger_wait"])
