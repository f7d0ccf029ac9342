# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the collection remembers of requeues, because the service remembers nothing (requeue guide, contract).

Of each extract and binding: *pending* (planned), *intended* (a POST may be on its way), *dispatched* (the service said so). Who holds the
ledger and finds something intended knows that the run which noted it is gone: for everybody else that is *unknown*.
"""

from __future__ import annotations

import json
import typing as t

from . import _times
from ._ledger_file import LedgerFile

PENDING, UNKNOWN, DISPATCHED = "pending", "unknown", "dispatched"

# Stands for the binding where none was named: all that were enabled then.
ALL_ENABLED = 0

Period = tuple[str, t.Optional[str]]  # since (exclusive), until (inclusive; None: still)
_ON_DISK = {"pending": PENDING, "intended": UNKNOWN, "dispatched": DISPATCHED}


class Entry(t.NamedTuple):
    """One extract for one binding, as it stands in the ledger. ``at`` is when it was dispatched, or when that became unknown."""

    binding_id: int
    extract_id: int
    datastream_id: int | None
    created: str | None
    status: str
    at: str | None


class Backfill(t.NamedTuple):
    """What the ledger knows of a binding as a whole.

    ``planned_at``: a plan was written that no run has taken up yet. ``updated``: the binding's last change, as the last run saw it that planned or sent.
    """

    binding_id: int
    datastream_id: int | None
    planned_at: str | None
    updated: str | None
    self_loading: list[Period]


class Ledger(LedgerFile):
    """The entries of one instance."""

    def status(self, extract_ids: t.Collection[int]) -> t.Callable[[int, int], str | None]:
        """The status by binding id and extract id, of these extracts; None for what was never planned.

        What was sent without naming bindings may have gone to any of them: it makes the extract unknown for each binding that has no
        outcome of its own, and what went to any binding makes it unknown for "all enabled".
        """
        known: dict[tuple[int, int], str] = {}
        sent: set[int] = set()
        for entry in self.entries(extract_ids=extract_ids):
            known[entry.binding_id, entry.extract_id] = entry.status
            if entry.status != PENDING and entry.binding_id != ALL_ENABLED:
                sent.add(entry.extract_id)

        def status(binding_id: int, extract_id: int) -> str | None:
            own = known.get((binding_id, extract_id))
            if own in (DISPATCHED, UNKNOWN):
                return own
            if binding_id == ALL_ENABLED:
                return UNKNOWN if extract_id in sent else own
            return UNKNOWN if known.get((ALL_ENABLED, extract_id), PENDING) != PENDING else own

        return status

    def entries(
        self,
        extract_ids: t.Collection[int] | None = None,
        binding_ids: t.Collection[int] | None = None,
        datastream_ids: t.Collection[int] | None = None,
    ) -> t.Iterator[Entry]:
        """The entries for which all that is given holds, by datastream and age."""
        extracts, bindings, datastreams = (None if ids is None else frozenset(ids) for ids in (extract_ids, binding_ids, datastream_ids))
        query = "SELECT binding_id, extract_id, datastream_id, created, status, at FROM load WHERE instance = ?"
        with self.errors():
            for row in self.connection.execute(query + " ORDER BY datastream_id, created, extract_id, binding_id", (self.instance,)):
                binding_id, extract_id, datastream_id, created, status, at = row
                if (
                    (extracts is None or extract_id in extracts)
                    and (bindings is None or binding_id in bindings)
                    and (datastreams is None or datastream_id in datastreams)
                ):
                    yield Entry(binding_id, extract_id, datastream_id, created, _ON_DISK[status], at)

    def binding_ids(self) -> set[int]:
        """The bindings that there are entries for."""
        with self.errors():
            query = "SELECT DISTINCT binding_id FROM load WHERE instance = ?"
            return {row[0] for row in self.connection.execute(query, (self.instance,))}

    def backfills(self) -> dict[int, Backfill]:
        """What is known of each binding as a whole, by its id."""
        query = "SELECT binding_id, datastream_id, planned_at, updated, self_loading FROM backfill WHERE instance = ?"
        with self.errors():
            rows = self.connection.execute(query, (self.instance,)).fetchall()
            return {row[0]: Backfill(row[0], row[1], row[2], row[3], _read_periods(row[4])) for row in rows}

    def plan(
        self,
        entries: t.Iterable[Entry],
        bindings: t.Mapping[int, int | None],
        self_loading: t.Mapping[int, list[Period]],
        taken_up: bool,
        gone: t.Iterable[tuple[int, int]] = (),
        updated: t.Mapping[int, str | None] | None = None,
    ) -> None:
        """Writes a plan down: what is not known yet becomes pending, what is known stays as it is.

        ``bindings`` are the ids of those planned for, with their datastreams; ``self_loading`` replaces what is known of those it names;
        ``taken_up`` says that this run goes on to send it; ``gone`` are pending ones that the service has no longer: they are dropped;
        ``updated`` is when each binding was last changed, as the service tells it.
        """
        planned_at = None if taken_up else _times.now()
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO load (instance, binding_id, extract_id, datastream_id, created, status) VALUES (?, ?, ?, ?, ?, 'pending')",
                ((self.instance, entry.binding_id, entry.extract_id, entry.datastream_id, entry.created) for entry in entries),
            )
            connection.executemany(
                "DELETE FROM load WHERE instance = ? AND binding_id = ? AND extract_id = ? AND status = 'pending'",
                ((self.instance, binding_id, extract_id) for binding_id, extract_id in gone),
            )
            for binding_id, datastream_id in bindings.items():
                connection.execute(
                    "INSERT INTO backfill (instance, binding_id, datastream_id, planned_at, updated) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (instance, binding_id) DO UPDATE"
                    " SET planned_at = excluded.planned_at, updated = excluded.updated",
                    (self.instance, binding_id, datastream_id, planned_at, (updated or {}).get(binding_id)),
                )
            connection.executemany(
                "UPDATE backfill SET self_loading = ? WHERE instance = ? AND binding_id = ?",
                ((json.dumps(periods), self.instance, binding_id) for binding_id, periods in self_loading.items()),
            )

    def learn(self, entries: t.Iterable[Entry], backfills: t.Iterable[Backfill]) -> None:
        """Writes down what another ledger knew, in place of what this one knows of the same."""
        on_disk = {told: status for status, told in _ON_DISK.items()}
        with self.transaction() as connection:
            connection.executemany(
                "INSERT INTO load (instance, binding_id, extract_id, datastream_id, created, status, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (instance, binding_id, extract_id) DO UPDATE SET status = excluded.status, at = excluded.at",
                ((self.instance, *entry[:4], on_disk[entry.status], entry.at) for entry in entries),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO backfill (instance, binding_id, datastream_id, planned_at, updated, self_loading)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                ((self.instance, *backfill[:4], json.dumps(backfill.self_loading)) for backfill in backfills),
            )

    def intend(
        self, binding_ids: t.Sequence[int], extract_ids: t.Sequence[int], dispatched: tuple[t.Sequence[int], t.Sequence[int]] = ((), ())
    ) -> list[tuple[t.Any, ...]]:
        """Notes that these are about to be sent. Returns what ``withdraw`` needs to take that back.

        ``dispatched`` are bindings and extracts to be noted as such in the same commit.
        """
        query = "SELECT status, at, instance, binding_id, extract_id FROM load WHERE " + _which(extract_ids)
        before: list[tuple[t.Any, ...]] = []
        with self.transaction() as connection:
            self._mark("dispatched", *dispatched)
            for binding_id in binding_ids:
                before.extend(connection.execute(query, (self.instance, binding_id, *extract_ids)).fetchall())
            self._mark("intended", binding_ids, extract_ids)
        return before

    def withdraw(self, before: list[tuple[t.Any, ...]]) -> None:
        """Takes an intention back: the service certainly did nothing."""
        with self.transaction() as connection:
            connection.executemany("UPDATE load SET status = ?, at = ? WHERE instance = ? AND binding_id = ? AND extract_id = ?", before)

    def dispatched(self, binding_ids: t.Sequence[int], extract_ids: t.Sequence[int]) -> None:
        """Notes that the service said it dispatched these."""
        with self.transaction():
            self._mark("dispatched", binding_ids, extract_ids)

    def _mark(self, status: str, binding_ids: t.Sequence[int], extract_ids: t.Sequence[int]) -> None:
        for binding_id in binding_ids:
            key = (self.instance, binding_id, *extract_ids)
            self.connection.execute("UPDATE load SET status = ?, at = ? WHERE " + _which(extract_ids), (status, _times.now(), *key))


def _which(extract_ids: t.Sequence[int]) -> str:
    return "instance = ? AND binding_id = ? AND extract_id IN ({0})".format(", ".join("?" * len(extract_ids)))


def _read_periods(text: str) -> list[Period]:
    """Raises ValueError."""
    periods = []
    for since, until in json.loads(text):
        periods.append((since, until))
    return periods
