# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How events and the extracts that they are about are written. Whoever calls this opens the transaction."""

from __future__ import annotations

import itertools
import json
import typing as t

from .._spec import times
from . import statements as sql
from .baseline import NO_BASELINE, Baseline
from .rows import Entry, Request
from .status import EventKind
from .store import Store

_IN_MEMORY = 10_000  # entries: there can be millions to write down
_WITHOUT_PAIRS = (EventKind.DISPATCHED, EventKind.LOADED)  # nothing is open of these


def in_portions(entries: t.Iterable[Entry]) -> t.Iterator[list[Entry]]:
    """The entries, as many at a time as are held in memory."""
    rest = iter(entries)
    while portion := list(itertools.islice(rest, _IN_MEMORY)):
        yield portion


class EventRecords:
    """The events of one instance in a store."""

    def __init__(self, store: Store, instance: int | None) -> None:
        self._store, self._instance = store, instance

    def add(
        self,
        kind: EventKind,
        binding_ids: t.Sequence[int],
        extract_ids: t.Sequence[int],
        reason: str | None = None,
        baseline: Baseline = NO_BASELINE,
    ) -> Request:
        """Adds an event of these extracts, with each of these bindings, and returns what it is about."""
        number = self._insert(kind, binding_ids, extract_ids, reason, baseline)
        for binding_id in binding_ids:
            if self._write_loads(sql.SET_FIRST_EVENT, (number,), binding_id, extract_ids) < len(extract_ids):
                self._write_loads(sql.ADD_FURTHER_EVENT, (number,), binding_id, extract_ids, number)
        return Request(number, binding_ids, extract_ids, baseline)

    def confirm(self, request: Request) -> None:
        """Makes an intended request a dispatched one."""
        self._store.write(sql.CONFIRM_EVENT, (times.now(), request.id))

    def split_off(self, request: Request, extract_ids: t.Sequence[int]) -> None:
        """Gives these extracts of an intended request an event of their own, of the same kind."""
        others = [each for each in request.extract_ids if each not in extract_ids]
        baseline = request.baseline.only(extract_ids)
        number = self._insert(EventKind.INTENDED, request.binding_ids, extract_ids, None, baseline)
        self._store.write(sql.SET_BASELINE, (request.baseline.only(others).stored()[1], request.id))
        for binding_id in request.binding_ids:
            self._write_loads(sql.MOVE_FIRST_EVENT, (number,), binding_id, extract_ids, request.id)
            self._write_loads(sql.MOVE_FURTHER_EVENT, (number,), binding_id, extract_ids, request.id)

    def drop(self, request: Request) -> None:
        """Removes the event of a request."""
        for binding_id in request.binding_ids:
            self._write_loads(sql.DROP_FIRST_EVENT, (), binding_id, request.extract_ids, request.id)
            self._write_loads(sql.DROP_FURTHER_EVENT, (), binding_id, request.extract_ids, request.id)
        self._store.write(sql.DROP_EVENT, (request.id,))

    def add_loads(self, entries: t.Iterable[Entry]) -> None:
        """Adds the entries that are not recorded yet, as pending."""
        for portion in in_portions(entries):
            by_binding: dict[int, list[Entry]] = {}
            for entry in portion:
                by_binding.setdefault(entry.binding_id, []).append(entry)
            for binding_id, of_binding in by_binding.items():
                rows = ((self._instance, *entry[:4]) for entry in of_binding)
                added = self._store.write_many(sql.ADD_LOAD, rows)
                values = (self._instance, binding_id, of_binding[0].datastream_id, None, added)
                self._store.write(sql.SAVE_BINDING, values)

    def _insert(
        self,
        kind: EventKind,
        binding_ids: t.Sequence[int],
        extract_ids: t.Sequence[int],
        reason: str | None,
        baseline: Baseline,
    ) -> int:
        pairs = None if kind in _WITHOUT_PAIRS else json.dumps([list(binding_ids), list(extract_ids)])
        values = (self._instance, kind.value, times.now(), reason, pairs, *baseline.stored())
        return self._store.insert(sql.ADD_EVENT, values)

    def _write_loads(
        self,
        statement: str,
        first: t.Sequence[int],
        binding_id: int,
        extract_ids: t.Sequence[int],
        *last: int,
    ) -> int:
        values = (*first, self._instance, binding_id, *extract_ids, *last)
        return self._store.write(sql.with_ids(statement, extract_ids), values)
