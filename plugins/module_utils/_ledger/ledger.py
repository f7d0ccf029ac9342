# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the collection remembers of requeues, because the service remembers nothing (requeue guide, contract). Written once for every store.

Of each extract and binding: *pending* (planned), *intended* (a POST may be on its way), *dispatched* (the service said so), *refused* (the service
does not take it). Who holds the turn of a binding and finds something intended knows that the run which noted it is gone: for everybody else that is
*unknown*.
"""

from __future__ import annotations

import itertools
import json
import typing as t

from .._spec import times
from . import store as stores
from .store import LOOK, PREDICT, WRITE, Store
from .timeline import Record
from .turns import ALL_ENABLED, Turns

PENDING, DISPATCHED, UNKNOWN, REFUSED = "pending", "dispatched", "unknown", "refused"
STATUSES = (PENDING, DISPATCHED, UNKNOWN, REFUSED)

_FROM_DISK = {"intended": UNKNOWN, "dispatched": DISPATCHED, "refused": REFUSED}
_AT_ONCE = 500  # values in one statement
_IN_MEMORY = 10_000  # entries: there can be millions to write down


class Entry(t.NamedTuple):
    """One extract for one binding, as it stands in the ledger. ``at``: when it was dispatched or refused, or when that became unknown."""

    binding_id: int
    extract_id: int
    datastream_id: int | None
    created: str | None
    status: str = PENDING
    at: str | None = None
    reason: str | None = None


class Post(t.NamedTuple):
    """A POST that is noted: its number in the ledger, and what it is about."""

    id: int
    binding_ids: t.Sequence[int]
    extract_ids: t.Sequence[int]


class Ledger:
    """The ledger of one instance (``host``), as a context manager.

    ``purpose``: WRITE makes it where it does not exist; PREDICT is for check mode, writes nothing, but waits and fails as a real run would; LOOK reads what
    there is and waits for nobody. ``wait``: seconds to wait for a turn that another run has. ``moved``: also open one whose content was moved away.
    """

    def __init__(self, place: str, password: str | None, host: str, purpose: str, wait: float = 300, moved: bool = False) -> None:
        self.store: Store = stores.find(place, password)
        self._host, self._purpose, self._wait, self._moved = host, purpose, wait, moved
        self.instance: int | None = None
        self._turns: Turns | None = None

    def __enter__(self) -> Ledger:
        try:
            if self.store.open(self._purpose):
                self._find_instance()
        except BaseException:
            self.store.close()
            raise
        return self

    def __exit__(self, *_exception: t.Any) -> None:
        self.store.close()

    @property
    def shown(self) -> str:
        """The place, for messages and results."""
        return self.store.shown

    @property
    def waited(self) -> float:
        """For how many seconds this ledger waited for its turns."""
        return self._turns.waited if self._turns else 0.0

    @property
    def busy(self) -> bool:
        """Whether another run holds a turn of this instance."""
        return self.instance is not None and self.store.is_busy(self.instance)

    def _find_instance(self) -> None:
        statement = "SELECT id, moved_to FROM instance WHERE host = ?"
        rows = self.store.read(statement, (self._host,))
        if not rows and self._purpose == WRITE:
            with self.store.transaction():
                self.store.write("INSERT INTO instance (host) VALUES (?) ON CONFLICT (host) DO NOTHING", (self._host,))
            rows = self.store.read(statement, (self._host,))
        if rows and rows[0][1] and self._purpose != LOOK and not self._moved:
            raise stores.failed(self.shown, f"its content was moved to {rows[0][1]}", f"Set ledger to {rows[0][1]}. Nothing was changed.")
        if rows:
            self.instance = int(rows[0][0])
            self._turns = Turns(self.store, self.instance, self._purpose, self._wait)

    def origin(self) -> tuple[str | None, str | None]:
        """Where the content of this instance was moved to, and where it was copied from."""
        rows = self.store.read("SELECT moved_to, copied_from FROM instance WHERE id = ?", (self.instance,)) if self.instance is not None else []
        return (rows[0][0], rows[0][1]) if rows else (None, None)

    def set_origin(self, column: str, place: str) -> None:
        """Notes ``moved_to`` or ``copied_from``."""
        self.store.write(f"UPDATE instance SET {column} = ? WHERE id = ?", (place, self.instance))

    def take_turn(self, binding_ids: t.Collection[int] | None) -> bool:
        """Holds these bindings (None: the whole instance) until the ledger is closed. Raises LedgerError where somebody else has them for too long.

        True: other runs were at work since this ledger was opened or asked last, so that what was read of these bindings may be out of date.
        """
        return self._turns is not None and self._turns.take(binding_ids)

    # Reading

    def records(self, binding_ids: t.Collection[int] | None = None) -> dict[int, Record]:
        """What is known of each binding, by its id."""
        if self.instance is None:
            return {}
        statement = "SELECT binding_id, record FROM binding WHERE instance = ?"
        narrowed, values = _narrowed(binding_ids)
        rows = self.store.read(statement + narrowed, (self.instance, *values))
        return {binding_id: self._unpack(_record_from, record) for binding_id, record in rows if binding_ids is None or binding_id in binding_ids}

    def statuses(self, binding_id: int, extract_ids: t.Sequence[int]) -> dict[int, str]:
        """The status of these extracts for one binding; what was never planned is missing.

        What was sent without naming bindings may have gone to any of them: it makes the extract unknown for each binding that has no outcome of its
        own, and what went to any binding makes it unknown for "all enabled".
        """
        known = self._own_statuses(binding_id, extract_ids)
        if self.instance is None:
            return known
        bindings = [row[0] for row in self.store.read("SELECT binding_id FROM binding WHERE instance = ? AND total > 0", (self.instance,))]
        others = [one for one in bindings if one != binding_id] if binding_id == ALL_ENABLED else [ALL_ENABLED] * (ALL_ENABLED in bindings)
        for other in others:
            for extract_id, status in self._own_statuses(other, extract_ids).items():
                if status in (DISPATCHED, UNKNOWN) and known.get(extract_id) not in (DISPATCHED, UNKNOWN):
                    known[extract_id] = UNKNOWN
        return known

    def _own_statuses(self, binding_id: int, extract_ids: t.Sequence[int]) -> dict[int, str]:
        known: dict[int, str] = {}
        if self.instance is None:
            return known
        for start in range(0, len(extract_ids), _AT_ONCE):
            some = extract_ids[start : start + _AT_ONCE]
            statement = (
                "SELECT load.extract_id, load.post, post.status FROM load LEFT JOIN post ON post.id = load.post"
                f" WHERE load.instance = ? AND load.binding_id = ? AND load.extract_id IN ({_marks(some)})"
            )
            known.update((one, _status(post, status)) for one, post, status in self.store.read(statement, (self.instance, binding_id, *some)))
        return known

    def entries(self, binding_ids: t.Collection[int] | None = None, extract_ids: t.Sequence[int] | None = None) -> t.Iterator[Entry]:
        """The entries of these bindings, by binding, datastream and age; with ``extract_ids`` of these alone."""
        if self.instance is None:
            return
        known = self.store.read("SELECT binding_id FROM binding WHERE instance = ? AND total > 0", (self.instance,))
        chosen = sorted(row[0] for row in known if binding_ids is None or row[0] in binding_ids)
        statement = (
            "SELECT load.binding_id, load.extract_id, load.datastream_id, load.created, load.post, post.status, post.at, post.reason"
            " FROM load LEFT JOIN post ON post.id = load.post WHERE load.instance = ? AND load.binding_id = ?{} ORDER BY load.created, load.extract_id"
        )
        chunks = [None] if extract_ids is None else [extract_ids[start : start + _AT_ONCE] for start in range(0, len(extract_ids), _AT_ONCE)]
        for binding_id in chosen:
            for some in chunks:
                narrowed = "" if some is None else f" AND load.extract_id IN ({_marks(some)})"
                for row in self.store.iterate(statement.format(narrowed), (self.instance, binding_id, *(some or ()))):
                    yield Entry(row[0], row[1], row[2], row[3], _status(row[4], row[5]), row[6], row[7])

    def pending_entries(self, binding_ids: t.Collection[int]) -> list[Entry]:
        """The entries of these bindings that are pending."""
        narrowed, values = _narrowed(binding_ids)
        columns = "binding_id, extract_id, datastream_id, created"
        statement = f"SELECT {columns} FROM load WHERE instance = ? AND post IS NULL{narrowed} ORDER BY created, extract_id"
        rows = [] if self.instance is None else self.store.read(statement, (self.instance, *values))
        return [Entry(*row[:4]) for row in rows if row[0] in binding_ids]

    def stopped_entries(self, binding_ids: t.Collection[int] | None = None) -> list[Entry]:
        """The entries that are unknown or refused. It costs what there is of these, not what the ledger remembers."""
        found: list[Entry] = []
        statement = "SELECT id, status, at, reason, pairs FROM post WHERE instance = ? AND status <> 'dispatched'"
        for number, status, at, reason, pairs in [] if self.instance is None else self.store.read(statement, (self.instance,)):
            bindings, extracts = self._unpack(_pairs_from, pairs)
            of_post = "SELECT extract_id, datastream_id, created FROM load WHERE instance = ? AND binding_id = ? AND post = ? AND extract_id IN "
            for binding_id in bindings:
                if binding_ids is None or binding_id in binding_ids:
                    rows = self.store.read(f"{of_post}({_marks(extracts)}) ORDER BY extract_id", (self.instance, binding_id, number, *extracts))
                    found += [Entry(binding_id, row[0], row[1], row[2], _status(number, status), at, reason) for row in rows]
        return found

    def pending(self) -> dict[int, int]:
        """How many entries are pending, by binding."""
        if self.instance is None:
            return {}
        statement = "SELECT binding_id, count(*) FROM load WHERE instance = ? AND post IS NULL GROUP BY binding_id"
        return dict(self.store.read(statement, (self.instance,)))

    def totals(self) -> dict[int, tuple[int | None, int]]:
        """For each binding its datastream, and how many entries there are."""
        if self.instance is None:
            return {}
        rows = self.store.read("SELECT binding_id, datastream_id, total FROM binding WHERE instance = ?", (self.instance,))
        return {binding_id: (datastream_id, total) for binding_id, datastream_id, total in rows}

    def _unpack(self, read: t.Callable[[str], t.Any], stored: str) -> t.Any:
        """What stands in the ledger as JSON. Raises LedgerError where it is none of what this collection writes."""
        try:
            return read(stored)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise stores.failed(self.shown, "it is damaged (a row cannot be read)", stores.DAMAGED) from error

    # Writing

    def note(self, records: t.Mapping[int, Record], entries: t.Iterable[Entry] = ()) -> None:
        """Writes down what is known of bindings, and entries: what is not known yet becomes pending, what is known stays as it is."""
        with self.store.transaction():
            self._save(records)
            self._add(entries)

    def settle(self, entries: t.Iterable[Entry]) -> None:
        """Writes entries down with a status and a reason that the user gives, in place of what was known of them."""
        alike: dict[tuple[int, str, str | None], list[Entry]] = {}
        for entry in entries:
            alike.setdefault((entry.binding_id, entry.status, entry.reason), []).append(entry)
        with self.store.transaction():
            for (binding_id, status, reason), some in alike.items():
                self._add(some)
                for start in range(0, len(some), _AT_ONCE):
                    extract_ids = [entry.extract_id for entry in some[start : start + _AT_ONCE]]
                    post = self._post(status, Post(0, [binding_id], extract_ids), reason)
                    self._move(post, "post = ?", post.id)

    def intend(self, binding_ids: t.Sequence[int], extract_ids: t.Sequence[int], confirmed: Post | None = None) -> Post:
        """Notes that these are about to be sent. ``confirmed`` is one to be noted as dispatched in the same commit."""
        with self.store.transaction():
            if confirmed is not None:
                self._set_dispatched(confirmed)
            post = self._post("intended", Post(0, binding_ids, extract_ids))
            self._move(post, "before = post, post = ?", post.id)
        return post

    def withdraw(self, post: Post) -> None:
        """Takes an intention back: the service certainly did nothing."""
        with self.store.transaction():
            self._move(post, "post = before")
            self.store.write("DELETE FROM post WHERE id = ?", (post.id,))

    def dispatched(self, post: Post, but: t.Sequence[int] = ()) -> None:
        """Notes that the service said it dispatched these, all ``but`` some extracts, which stay unknown."""
        with self.store.transaction():
            if but:
                left = self._post("intended", post._replace(extract_ids=but))
                self._move(left, "post = ?", left.id)
            self._set_dispatched(post)

    def refused(self, binding_ids: t.Sequence[int], extract_id: int, reason: str) -> None:
        """Notes that the service refused an extract, and why."""
        with self.store.transaction():
            post = self._post("refused", Post(0, binding_ids, [extract_id]), reason)
            self._move(post, "before = post, post = ?", post.id)

    def _save(self, records: t.Mapping[int, Record]) -> None:
        statement = (
            "INSERT INTO binding (instance, binding_id, datastream_id, record) VALUES (?, ?, ?, ?) ON CONFLICT (instance, binding_id)"
            " DO UPDATE SET datastream_id = excluded.datastream_id, record = excluded.record"
        )
        rows = [(self.instance, binding_id, record.datastream_id, json.dumps(record._asdict())) for binding_id, record in records.items()]
        self.store.write_many(statement, rows)

    def _add(self, entries: t.Iterable[Entry]) -> None:
        statement = (
            "INSERT INTO load (instance, binding_id, extract_id, datastream_id, created) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (instance, binding_id, extract_id) DO NOTHING"
        )
        rest = iter(entries)
        while chunk := list(itertools.islice(rest, _IN_MEMORY)):
            by_binding: dict[int, list[Entry]] = {}
            for entry in chunk:
                by_binding.setdefault(entry.binding_id, []).append(entry)
            for binding_id, some in by_binding.items():
                added = self.store.write_many(statement, ((self.instance, *entry[:4]) for entry in some))
                self.store.write(
                    "INSERT INTO binding (instance, binding_id, datastream_id, total, record) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (instance, binding_id) DO UPDATE SET total = binding.total + excluded.total",
                    (self.instance, binding_id, some[0].datastream_id, added, json.dumps(Record(some[0].datastream_id)._asdict())),
                )

    def _set_dispatched(self, post: Post) -> None:
        self.store.write("UPDATE post SET status = 'dispatched', at = ?, pairs = NULL WHERE id = ?", (times.now(), post.id))

    def _post(self, status: str, post: Post, reason: str | None = None) -> Post:
        statement = "INSERT INTO post (instance, status, at, reason, pairs) VALUES (?, ?, ?, ?, ?)"
        pairs = None if status == "dispatched" else json.dumps([list(post.binding_ids), list(post.extract_ids)])
        return post._replace(id=self.store.insert(statement, (self.instance, status, times.now(), reason, pairs)))

    def _move(self, post: Post, change: str, *values: int) -> None:
        """Changes what stands of these extracts, for each of these bindings."""
        statement = f"UPDATE load SET {change} WHERE instance = ? AND binding_id = ? AND extract_id IN ({_marks(post.extract_ids)})"
        for binding_id in post.binding_ids:
            self.store.write(statement, (*values, self.instance, binding_id, *post.extract_ids))


def open_ledger(params: dict[str, t.Any], host: str, purpose: str) -> Ledger:
    """The ledger that a module's options name, not opened yet. Raises InputError."""
    return Ledger(params["ledger"], params["ledger_password"], host, purpose, params["ledger_wait"])


def _status(post: int | None, status: str | None) -> str:
    """What the POST of an entry says of it. One that is missing, after a repair by hand, says nothing: the outcome is unknown."""
    return PENDING if post is None else _FROM_DISK.get(status or "", UNKNOWN)


def _marks(values: t.Collection[t.Any]) -> str:
    return ", ".join("?" * len(values))


def _narrowed(binding_ids: t.Collection[int] | None) -> tuple[str, tuple[int, ...]]:
    """The end of a statement that reads of these bindings alone, and its values; of many, all are read."""
    if binding_ids is not None and not binding_ids:
        return " AND 1 = 0", ()  # PostgreSQL knows no empty list
    if binding_ids is None or len(binding_ids) > _AT_ONCE:
        return "", ()
    return f" AND binding_id IN ({_marks(binding_ids)})", tuple(binding_ids)


def _record_from(stored: str) -> Record:
    values = json.loads(stored)
    for name in ("enabled_periods", "unknown_periods"):
        values[name] = tuple(tuple(period) for period in values[name])
    for name in ("plan", "covered"):
        values[name] = values[name] and tuple(values[name])
    return Record(**values)


def _pairs_from(stored: str) -> tuple[list[int], list[int]]:
    bindings, extracts = json.loads(stored)
    return [int(one) for one in bindings], [int(one) for one in extracts]


__all__ = ["ALL_ENABLED", "LOOK", "PREDICT", "WRITE", "Entry", "Ledger", "Post", "open_ledger"]
