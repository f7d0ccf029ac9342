# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a ledger holds of an instance, read: its bindings with their histories, and its entries with their status."""

from __future__ import annotations

import hashlib
import json
import typing as t

from . import statements as sql
from .history import BindingFact, BindingHistory
from .rows import BindingRow, Entry, chunks, event_from, fact_from, pairs_from, status_of_one
from .status import Event, Status, derive_status, loaded_at
from .store import DAMAGED, Store, failed
from .turns import ALL_ENABLED

# What tells two ledgers apart: statements, and which columns of their rows. The numbers of events are their own in each ledger.
_CONTENT = ((sql.READ_FACTS, 0, None), (sql.READ_EVENTS, 1, None), (sql.READ_LOADS, 0, 4))
_LOADED = (Status.DISPATCHED, Status.RECORDED, Status.FAILED, Status.UNKNOWN)


class LedgerContent:
    """What a ledger holds of one instance, which is its number there; None where the ledger does not know it, and nothing is found. Every method raises
    LedgerError where the place fails."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.instance: int | None = None

    @property
    def shown(self) -> str:
        """The place, for messages and results."""
        return self.store.shown

    def binding_rows(self) -> dict[int, BindingRow]:
        """The bindings that the ledger has seen, by id."""
        rows = [] if self.instance is None else self.store.read(sql.BINDINGS, (self.instance,))
        return {row[0]: BindingRow(*row) for row in rows}

    def histories(self, binding_ids: t.Collection[int] | None = None) -> dict[int, BindingHistory]:
        """The history of each binding that has facts, by id."""
        if self.instance is None:
            return {}
        statement, values = sql.of_bindings(sql.FACTS, binding_ids)
        facts: dict[int, list[BindingFact]] = {}
        for binding_id, *fact in self.store.read(statement, (self.instance, *values)):
            if binding_ids is None or binding_id in binding_ids:
                facts.setdefault(binding_id, []).append(self._unpack(fact_from, fact))
        return {
            binding_id: self._unpack(BindingHistory, of_binding) for binding_id, of_binding in facts.items()
        }

    def statuses(self, binding_id: int, extract_ids: t.Sequence[int]) -> dict[int, Status]:
        """The status of these extracts for one binding; what was never planned is missing.

        What was sent without naming bindings may have gone to any of them: it makes the extract unknown for each binding that has no outcome of its
        own, and what went to any binding makes it unknown for "all enabled".
        """
        found = self._own_statuses(binding_id, extract_ids)
        with_loads = [row.binding_id for row in self.binding_rows().values() if row.total]
        others = (
            [each for each in with_loads if each != binding_id]
            if binding_id == ALL_ENABLED
            else [ALL_ENABLED] * (ALL_ENABLED in with_loads)
        )
        for other in others:
            for extract_id, status in self._own_statuses(other, extract_ids).items():
                if status in _LOADED and found.get(extract_id) not in _LOADED:
                    found[extract_id] = Status.UNKNOWN
        return found

    def _own_statuses(self, binding_id: int, extract_ids: t.Sequence[int]) -> dict[int, Status]:
        found: dict[int, Status] = {}
        if self.instance is None:
            return found
        of_binding = (self.instance, binding_id)
        has_further = bool(self.store.read(sql.HAS_FURTHER_EVENTS, of_binding))
        for ids in chunks(extract_ids):
            rows = self.store.read(sql.with_ids(sql.STATUSES_OF, ids), (*of_binding, *ids))
            further = self._further_events(binding_id, ids) if has_further else {}
            for extract_id, event_id, kind in rows:
                if extract_id in further:
                    found[extract_id] = derive_status([event_from(event_id, kind), *further[extract_id]])[0]
                else:
                    found[extract_id] = status_of_one(event_id, kind)
        return found

    def _further_events(self, binding_id: int, extract_ids: t.Sequence[int] | None) -> dict[int, list[Event]]:
        """The events after the first one, by extract."""
        if extract_ids is None:
            rows = self.store.read(sql.FURTHER_EVENTS, (self.instance, binding_id))
        else:
            rows = self.store.read(
                sql.with_ids(sql.FURTHER_EVENTS_OF, extract_ids), (self.instance, binding_id, *extract_ids)
            )
        events: dict[int, list[Event]] = {}
        for extract_id, *event in rows:
            events.setdefault(extract_id, []).append(event_from(*event))
        return events

    def entries(
        self, binding_ids: t.Collection[int] | None = None, extract_ids: t.Sequence[int] | None = None
    ) -> t.Iterator[Entry]:
        """The entries of these bindings, by binding and age; with ``extract_ids`` of these alone."""
        for row in sorted(self.binding_rows().values()):
            if row.total and (binding_ids is None or row.binding_id in binding_ids):
                for ids in [None] if extract_ids is None else list(chunks(extract_ids)):
                    yield from self._entries_of(row.binding_id, ids)

    def _entries_of(self, binding_id: int, extract_ids: t.Sequence[int] | None) -> t.Iterator[Entry]:
        further = self._further_events(binding_id, extract_ids)
        statement = sql.LOADS_BY_AGE if extract_ids is None else sql.with_ids(sql.LOADS_OF, extract_ids)
        for extract_id, datastream_id, created, *event in self.store.iterate(
            statement, (self.instance, binding_id, *(extract_ids or ()))
        ):
            first = [] if event[0] is None else [event_from(*event)]
            events = [*first, *further.get(extract_id, ())]
            status, decisive = derive_status(events)
            at, reason = (decisive.at, decisive.reason) if decisive else (None, None)
            yield Entry(
                binding_id,
                extract_id,
                datastream_id,
                created,
                status,
                at,
                reason,
                loaded_at(events) if len(events) > 1 else None,
            )

    def pending_entries(self, binding_ids: t.Collection[int]) -> list[Entry]:
        """The entries of these bindings that are pending."""
        statement, values = sql.of_bindings(sql.PENDING_LOADS, binding_ids)
        rows = [] if self.instance is None else self.store.read(statement, (self.instance, *values))
        return [Entry(*row) for row in rows if row[0] in binding_ids]

    def open_entries(self, binding_ids: t.Collection[int] | None = None) -> list[Entry]:
        """The entries that have events, and none of these says that they are dispatched. It costs what there is of these, not what the ledger holds."""
        pairs: dict[int, set[int]] = {}
        for (stored,) in [] if self.instance is None else self.store.read(sql.OPEN_EVENTS, (self.instance,)):
            of_bindings, extract_ids = self._unpack(pairs_from, stored)
            for binding_id in of_bindings:
                if binding_ids is None or binding_id in binding_ids:
                    pairs.setdefault(binding_id, set()).update(extract_ids)
        entries = [
            entry
            for binding_id, extract_ids in pairs.items()
            for ids in chunks(sorted(extract_ids))
            for entry in self._entries_of(binding_id, ids)
        ]
        return [entry for entry in entries if entry.status is not Status.DISPATCHED]

    def pending_counts(self) -> dict[int, int]:
        """How many entries are pending, by binding."""
        return {} if self.instance is None else dict(self.store.read(sql.PENDING_COUNTS, (self.instance,)))

    def content(self) -> str:
        """A digest of what the ledger holds of the instance, the same for a copy in another store, where fractions may be rounded."""
        digest = hashlib.sha256()
        for statement, first, last in _CONTENT:
            for row in self.store.iterate(statement, (self.instance,)):
                values = [each for each in row[first:last] if not isinstance(each, float)]
                digest.update(json.dumps(values).encode())
        return digest.hexdigest()

    def _unpack(self, read: t.Callable[[t.Any], t.Any], stored: t.Any) -> t.Any:
        """What stands in the ledger, read. Raises LedgerError where it is none of what this collection writes."""
        try:
            return read(stored)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise failed(self.shown, "it is damaged (a row cannot be read)", DAMAGED) from error
