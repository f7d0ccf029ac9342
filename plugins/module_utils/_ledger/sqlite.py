# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ledger as a file of SQLite. What stands in it: ``ledger.py``.

The journal is SQLite's rollback journal, not the write-ahead log: that one is not made for the network file systems on which homes and volumes lie.
While a run writes, it is kept from commit to commit: a commit then ends with a synced write. By default it would end with the removal of the
journal, which nobody syncs: after a power failure it could be back, and take back an intention that a POST had followed.

A turn is a lock of the operating system on bytes of the database file itself, far behind its content: whatever path leads to the file, it is the same
lock, and it ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
import struct
import typing as t
from urllib.parse import quote

from .._api import text
from .._api.errors import InputError, LedgerError
from .store import DAMAGED, LOOK, TABLES, VERSION, WRITE, Values, failed

_APPLICATION_ID = 0x41444C47  # so that no other program's database is taken for a ledger
_SMALLEST = 512  # bytes: one of SQLite's smallest pages
_LAYOUT = {"schema": "", "id": "INTEGER PRIMARY KEY", "by_key": " WITHOUT ROWID"}
_TABLES = tuple(statement.format(**_LAYOUT) for statement in TABLES)
_SPAN = 2**40  # bytes of locks for one instance; SQLite's own locks are at 2**30, below the first of them
# These locks belong to the open file. The older kind belongs to the process, and ends when any file handle for the database is closed.
_SET_LOCK = getattr(fcntl, "F_OFD_SETLK", fcntl.F_SETLK)
_GET_LOCK = getattr(fcntl, "F_OFD_GETLK", fcntl.F_GETLK)


class SqliteStore:
    """See ``store.Store``. For reading, a ledger that does not exist, or was made and not written to, is empty."""

    def __init__(self, path: str) -> None:
        path = os.path.expanduser(path)
        if not os.path.isabs(path):
            raise InputError(
                f"ledger is {path!r}, a relative path. What it is relative to depends on where the playbook is, so the next run may not find the same file."
                " Set ledger to an absolute path, for example with a playbook_dir or a home in it. Nothing was changed."
            )
        self.shown = os.path.normpath(path)
        self._connection: sqlite3.Connection | None = None
        self._file: int | None = None
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
            # mode=rw, also for reading: a transaction that a killed run left half way can be rolled back.
            uri = f"file:{quote(self.shown)}?mode=rw"
            self._connection = sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None)
            return self._check()

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error, ValueError):  # nothing here is worth an error, or hides one
                if self._writes and self._connection.execute("PRAGMA journal_mode").fetchone() == ("persist",):
                    self._connection.execute("PRAGMA busy_timeout = 0")
                    self._connection.execute("PRAGMA journal_mode = DELETE")  # removes the journal that was kept
            self._connection.close()
        if self._file is not None:
            os.close(self._file)
        self._connection = self._file = None

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
            return self._open_connection.execute(statement, values).rowcount

    def write_many(self, statement: str, rows: t.Iterable[Values]) -> int:
        with self._errors():
            return max(0, self._open_connection.executemany(statement, rows).rowcount)

    def insert(self, statement: str, values: Values) -> int:
        with self._errors():
            return t.cast(int, self._open_connection.execute(statement, values).lastrowid)

    def try_turn(self, instance: int, binding_ids: t.Sequence[int] | None) -> bool:
        kind = fcntl.F_WRLCK if self._writes else fcntl.F_RDLCK
        spans = [(0, _SPAN)] if binding_ids is None else [(binding_id % _SPAN, 1) for binding_id in sorted(binding_ids)]
        with self._errors():
            for start, length in spans:
                try:
                    self._lock(_SET_LOCK, kind, instance, start, length)
                except (BlockingIOError, PermissionError):
                    self.give_turn_back()
                    return False
        return True

    def give_turn_back(self) -> None:
        if self._file is not None:
            with self._errors():
                self._lock(_SET_LOCK, fcntl.F_UNLCK, 0, 0, 0)

    def is_busy(self, instance: int) -> bool:
        with self._errors():
            found = self._lock(_GET_LOCK, fcntl.F_WRLCK, instance, 0, _SPAN)
        kind: int = struct.unpack_from("h", found)[0]
        return kind != fcntl.F_UNLCK

    def _lock(self, command: int, kind: int, instance: int, start: int, length: int) -> bytes:
        """One operation on the locks of the file; a length of 0 reaches to its end."""
        if self._file is None:
            raise OSError(0, "it is not open")
        wanted = struct.pack("hhqqi4x", kind, os.SEEK_SET, (instance + 1) * _SPAN + start, length, 0)
        return fcntl.fcntl(self._file, command, wanted)

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
            raise failed(self.shown, text.foreign(reason), _next_step(error, reason)) from error

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
            raise sqlite3.DatabaseError("it is not a database")  # SQLite would take some of these for empty ones
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
        names = ("application_id", "user_version", "page_size")
        application, version, size = (connection.execute("PRAGMA " + name).fetchone()[0] for name in names)
        found = {row[0] for row in connection.execute("SELECT sql FROM sqlite_master")}
        if application != _APPLICATION_ID and (application or version or found):
            raise sqlite3.DatabaseError("it is a database, but not a ledger of this collection")
        if version > VERSION:
            raise sqlite3.DatabaseError(f"a newer version of this collection wrote it (format {version}, this one knows {VERSION})")
        if 0 < version < VERSION:
            raise sqlite3.DatabaseError(f"an older version of this collection wrote it (format {version}, this one knows {VERSION})")
        if os.path.getsize(self.shown) % size:  # SQLite takes what is missing of the last page for zeroes
            raise sqlite3.DatabaseError("it is damaged (its end is missing)")
        if found and not found.issuperset(_TABLES):
            raise sqlite3.DatabaseError("it is damaged (its tables are not those of a ledger)")
        connection.execute("COMMIT")
        if self._writes:
            connection.execute("PRAGMA journal_mode = PERSIST")
            if not found:
                self._make_tables()
        return bool(found) or self._writes

    def _make_tables(self) -> None:
        with self.transaction():
            connection = self._open_connection
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")


def _may_write(place: str) -> bool:
    return os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _next_step(error: Exception, reason: str) -> str:
    if "full" in reason or getattr(error, "errno", None) == 28:
        return "Free space on the disk, then run it again. What was noted before is not lost."
    if "locked" in reason:
        return "Another program holds the file. End it, then run it again."
    if "newer version" in reason:
        return "Update the collection on this machine. Nothing was changed."
    if "older version" in reason:
        return "The file was not changed. Finish its backfills with that version, then set ledger to a new path: the page on upgrading says how."
    if isinstance(error, OSError):
        return "The file was not changed. Make the place usable for this user, or set ledger to another one."
    return "The file was not changed. " + DAMAGED
