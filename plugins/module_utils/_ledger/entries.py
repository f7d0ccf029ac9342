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

from .._spec import times
from .file import LedgerFile

PENDING, UNKNOWN, DISPATCHED = "pending", "unknown", "dispatched"

# Stands for the binding where none was named: all that were enabled then.
ALL_ENABLED = 0

Period = tuple[str, t.Optional[str]]  # since (exclusive), until (inclusive; None: still)
_ON_DISK = {UNKNOWN: "intended", DISPATCHED: "dispatched"}


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


class Post(t.NamedTuple):
    """A POST that is noted: its number in the ledger, and what it is about."""

    id: int
    binding_ids: t.Sequence[int]
    extract_ids: t.Sequence[int]


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
        query = (
            "SELECT binding_id, extract_id, datastream_id, created, post, status, at FROM load LEFT JOIN post ON post.id = load.post"
            " WHERE instance = ? ORDER BY datastream_id, created, extract_id, binding_id"
        )
        with self.errors():
            for binding_id, extract_id, datastream_id, created, post, status, at in self.connection.execute(query, (self.instance,)):
                if (
                    (extracts is None or extract_id in extracts)
                    and (bindings is None or binding_id in bindings)
                    and (datastreams is None or datastream_id in datastreams)
                ):
                    told = PENDING if post is None else DISPATCHED if status == "dispatched" else UNKNOWN
                    yield Entry(binding_id, extract_id, datastream_id, created, told, at)

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
        planned_at = None if taken_up else times.now()
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO load (instance, binding_id, extract_id, datastream_id, created) VALUES (?, ?, ?, ?, ?)",
                ((self.instance, entry.binding_id, entry.extract_id, entry.datastream_id, entry.created) for entry in entries),
            )
            connection.executemany(
                "DELETE FROM load WHERE instance = ? AND binding_id = ? AND extract_id = ? AND post IS NULL",
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
        posts: dict[tuple[str, str | None], int | None] = {}
        with self.transaction() as connection:
            for entry in entries:
                known = entry.status, entry.at
                if known not in posts:
                    posts[known] = None if entry.status == PENDING else self._post(_ON_DISK[entry.status], entry.at)
                connection.execute(
                    "INSERT INTO load (instance, binding_id, extract_id, datastream_id, created, post) VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (instance, binding_id, extract_id) DO UPDATE SET post = excluded.post",
                    (self.instance, *entry[:4], posts[known]),
                )
            connection.executemany(
                "INSERT OR REPLACE INTO backfill (instance, binding_id, datastream_id, planned_at, updated, self_loading)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                ((self.instance, *backfill[:4], json.dumps(backfill.self_loading)) for backfill in backfills),
            )

    def intend(self, binding_ids: t.Sequence[int], extract_ids: t.Sequence[int], confirmed: Post | None = None) -> Post:
        """Notes that these are about to be sent. ``confirmed`` is one to be noted as dispatched in the same commit."""
        with self.transaction():
            if confirmed is not None:
                self._dispatched(confirmed)
            post = Post(self._post("intended", times.now()), binding_ids, extract_ids)
            self._move(post, "before = post, post = ?", post.id)
        return post

    def withdraw(self, post: Post) -> None:
        """Takes an intention back: the service certainly did nothing."""
        with self.transaction() as connection:
            self._move(post, "post = before")
            connection.execute("DELETE FROM post WHERE id = ?", (post.id,))

    def dispatched(self, post: Post, but: t.Sequence[int] = ()) -> None:
        """Notes that the service said it dispatched these, all ``but`` some extracts, which stay as they are."""
        with self.transaction() as connection:
            if but:
                ((at,),) = connection.execute("SELECT at FROM post WHERE id = ?", (post.id,))
                self._move(post._replace(extract_ids=but), "post = ?", self._post("intended", at))
            self._dispatched(post)

    def _dispatched(self, post: Post) -> None:
        self.connection.execute("UPDATE post SET status = 'dispatched', at = ? WHERE id = ?", (times.now(), post.id))

    def _post(self, status: str, at: str | None) -> int:
        return t.cast(int, self.connection.execute("INSERT INTO post (status, at) VALUES (?, ?)", (status, at)).lastrowid)

    def _move(self, post: Post, change: str, *values: int) -> None:
        """Changes what stands of these extracts, for each of these bindings."""
        marks = ", ".join("?" * len(post.extract_ids))
        query = f"UPDATE load SET {change} WHERE instance = ? AND binding_id = ? AND extract_id IN ({marks})"
        self.connection.executemany(query, ((*values, self.instance, binding_id, *post.extract_ids) for binding_id in post.binding_ids))


def _read_periods(text: str) -> list[Period]:
    """Raises ValueError."""
    periods = []
    for since, until in json.loads(text):
        periods.append((since, until))
    return periods
