# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ledger as a file of SQLite. What stands in it: ``ledger.py``.

The journal is SQLite's rollback journal, not the write-ahead log: that one is not made for the network file systems on which homes and volumes lie.
While a run writes, it is kept from commit to commit: a commit then ends with a synced write. By default it would end with the removal of the
journal, which nobody syncs: after a power failure it could be back, and take back an intention that a POST had followed.

A turn is a lock on bytes of the file: ``sqlite_locks.py``.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import stat
import typing as t
from urllib.parse import quote

from .._api import text
from .._api.errors import LedgerError
from .holder import Holder
from .path import absolute_path
from .schema import OLDEST, VERSION, statements_from
from .sqlite_errors import NO_LOCKS, next_step
from .sqlite_locks import FileLocks, holders
from .store import LOOK, WRITE, Values, failed

_APPLICATION_ID = 0x41444C47  # so that no other program's database is taken for a ledger
_SMALLEST = 512  # bytes: one of SQLite's smallest pages
_LAYOUT = {"schema": "", "id": "INTEGER PRIMARY KEY", "by_key": " WITHOUT ROWID"}


class SqliteStore:
    """See ``store.Store``. For reading, a ledger that does not exist, or was made and not written to, is empty."""

    def __init__(self, path: str, option: str = "ledger") -> None:
        """``option``: the one that names the path, for messages."""
        self.shown = os.path.normpath(absolute_path(path, option))
        self._option = option
        self._connection: sqlite3.Connection | None = None
        self._file: int | None = None
        self._locks: FileLocks | None = None
        self._writes = False

    def open(self, purpose: str) -> bool:
        self._writes = purpose == WRITE
        with self._errors():
            exists = self._exists()
            if purpose != LOOK:
                self._check_writable(exists)
            if not exists and not self._writes:
                return False
            if not exists:
                self._make()
            self._file = os.open(self.shown, os.O_RDWR if _may_write(self.shown) else os.O_RDONLY)
            self._locks = FileLocks(self._file, self._writes)
            # mode=rw, also for reading: a transaction that a killed run left half way can be rolled back.
            uri = f"file:{quote(self.shown)}?mode=rw"
            self._connection = sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None)
            return self._check()

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error, ValueError):  # nothing here is worth an error
                mode = self._connection.execute("PRAGMA journal_mode").fetchone()
                if self._writes and mode == ("persist",):
                    self._connection.execute("PRAGMA busy_timeout = 0")
                    self._connection.execute("PRAGMA journal_mode = DELETE")  # removes the journal
            self._connection.close()
        if self._file is not None:
            os.close(self._file)
        self._connection = self._file = self._locks = None

    def read(self, statement: str, values: Values = ()) -> list[tuple[t.Any, ...]]:
        with self._errors():
            return self._open_connection.execute(statement, values).fetchall()

    def iterate(self, statement: str, values: Values = ()) -> t.Iterator[tuple[t.Any, ...]]:
        with self._errors():
            yield from self._open_connection.execute(statement, values)

    @contextlib.contextmanager
    def transaction(self) -> t.Iterator[None]:
        with self._errors():
            connection = self._open_connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def write(self, statement: str, values: Values = ()) -> int:
        with self._errors():
            return self._open_connection.execute(statement, _storable(values)).rowcount

    def write_many(self, statement: str, rows: t.Iterable[Values]) -> int:
        with self._errors():
            return max(0, self._open_connection.executemany(statement, map(_storable, rows)).rowcount)

    def insert(self, statement: str, values: Values) -> int:
        with self._errors():
            return t.cast(int, self._open_connection.execute(statement, _storable(values)).lastrowid)

    def try_turn(self, instance: int, binding_ids: t.Sequence[int] | None) -> bool:
        with self._errors():
            return self._open_locks.try_take(instance, binding_ids)

    def give_turn_back(self) -> None:
        if self._locks is not None:
            with self._errors():
                self._locks.give_back()

    def is_busy(self, instance: int) -> bool:
        with self._errors():
            return self._open_locks.is_busy(instance)

    def holders(self, instance: int, binding_ids: t.Sequence[int] | None) -> list[Holder]:
        with self._errors():
            conflicts = self._open_locks.conflicts(instance, binding_ids)
        signed = self.read(
            "SELECT holder, since FROM turn WHERE instance = ? ORDER BY since DESC", (instance,)
        )
        return holders(instance, conflicts, signed)

    @property
    def _open_locks(self) -> FileLocks:
        if self._locks is None:
            raise OSError(0, "it is not open")
        return self._locks

    @property
    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LedgerError(f"The ledger {self.shown} is not open.", ledger=self.shown)
        return self._connection

    @contextlib.contextmanager
    def _errors(self) -> t.Iterator[None]:
        """Turns what SQLite and the system say into a LedgerError that names the file."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            if getattr(error, "errno", None) in NO_LOCKS:
                reason = f"its file system does not lock files ({reason})"
            raise failed(self.shown, text.foreign(reason), next_step(error, reason, self._option)) from error

    def _exists(self) -> bool:
        try:
            found = os.stat(self.shown)
        except FileNotFoundError:
            if os.path.islink(self.shown):
                raise  # what it leads to is not there, and may be on a volume that is missing
            return False
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a file")
        if 0 < found.st_size < _SMALLEST:
            raise sqlite3.DatabaseError(
                "it is not a database"
            )  # SQLite would take some of these for empty ones
        return True

    def _make(self) -> None:
        folder = os.path.dirname(self.shown)
        if not os.path.isdir(folder):
            os.makedirs(os.path.dirname(folder), exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.shown, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _check_writable(self, exists: bool) -> None:
        """So that nothing is asked for, let alone sent, that could not be written down; in check mode what a real run would stumble over."""
        folder = os.path.dirname(self.shown)
        while not exists and folder != os.path.dirname(folder) and not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        for place in ([self.shown] if exists else []) + [folder]:
            if not _may_write(place):
                raise OSError(0, f"{'it' if place == self.shown else 'the folder ' + place} is not writable")
            if place == folder and not os.path.isdir(folder):
                raise OSError(0, f"{folder} is not a folder")

    def _check(self) -> bool:
        """Whether there are tables to read. Damage elsewhere is found where SQLite reads: what a run costs does not grow with the ledger."""
        connection = self._open_connection
        connection.execute("BEGIN")  # one view of it, while another run may be making it
        header = self._read_header()
        fault = _fault(header, os.path.getsize(self.shown))
        if fault:
            raise sqlite3.DatabaseError(fault)
        connection.execute("COMMIT")
        if self._writes:
            connection.execute("PRAGMA journal_mode = PERSIST")
            if header.version < VERSION:
                self._migrate()
        elif header.tables and header.version < VERSION:
            raise sqlite3.DatabaseError(
                f"a run that writes has to bring it from format {header.version} to {VERSION} first"
            )
        return bool(header.tables) or self._writes

    def _read_header(self) -> _Header:
        connection = self._open_connection
        names = ("application_id", "user_version", "page_size")
        application, version, page_size = (
            connection.execute("PRAGMA " + name).fetchone()[0] for name in names
        )
        tables = frozenset(row[0] for row in connection.execute("SELECT sql FROM sqlite_master"))
        return _Header(application, version, page_size, tables)

    def _migrate(self) -> None:
        """Brings the tables to the newest format. Another run may have done so meanwhile."""
        with self.transaction():
            connection = self._open_connection
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise sqlite3.DatabaseError(_newer(version))
            for statement in statements_from(version or None):
                connection.execute(statement.format(**_LAYOUT))
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


class _Header(t.NamedTuple):
    """What SQLite tells of a database. ``page_size``: in bytes. ``tables``: the definitions of its tables and
    indexes.
    """

    application: int
    version: int
    page_size: int
    tables: frozenset[str]


def _fault(header: _Header, file_size: int) -> str | None:
    """Why a database is not a ledger that can be used; None where nothing speaks against it. ``file_size``:
    in bytes.
    """
    is_in_use = bool(header.application or header.version or header.tables)
    if is_in_use and header.application != _APPLICATION_ID:
        return "it is a database, but not a ledger of this collection"
    if header.version > VERSION:
        return _newer(header.version)
    if 0 < header.version < OLDEST:
        return (
            f"an older version of this collection wrote it (format {header.version}, this one knows"
            f" {VERSION})"
        )
    if file_size % header.page_size:  # SQLite takes what is missing of the last page for zeroes
        return "it is damaged (its end is missing)"
    if header.tables and header.version == VERSION and not header.tables.issuperset(_expected_tables()):
        return "it is damaged (its tables are not those of a ledger)"
    return None


def _newer(version: int) -> str:
    return f"a newer version of this collection wrote it (format {version}, this one knows {VERSION})"


@functools.lru_cache(maxsize=1)
def _expected_tables() -> frozenset[str]:
    """The definitions of all tables and indexes, as SQLite tells them."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements_from(None):
            connection.execute(statement.format(**_LAYOUT))
        return frozenset(
            row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        )


def _storable(values: Values) -> Values:
    """Values as SQLite can hold them: halves of characters, which UTF-8 does not have, are spelt out."""
    for value in values:
        if value.__class__ is str and not value.isascii():
            return [
                one.encode("utf-8", "backslashreplace").decode() if one.__class__ is str else one
                for one in values
            ]
    return values


def _may_write(place: str) -> bool:
    return os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
