# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ledger as a file: finding, making, checking and locking it. What stands in it: ``_ledger.py``.

The journal is SQLite's rollback journal, not the write-ahead log: that one is not made for the network file systems on which homes and volumes lie.
While a run writes, it is kept from commit to commit: a commit then ends with a synced write. By default it would end with the removal of the
journal, which nobody syncs: after a power failure it could be back, and take back an intention that a POST had followed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
import time
import typing as t
from urllib.parse import quote

from .._api.errors import LedgerError

DEFAULT_PATH = "~/.ansible/adverity/requeue.sqlite3"

WRITE, PREDICT, LOOK = "write", "predict", "look"

_APPLICATION_ID = 0x41444C47  # so that no other program's database is taken for a ledger
_VERSION = 1
_SMALLEST = 512  # bytes: one of SQLite's smallest pages
_SCHEMA = (
    "CREATE TABLE instance (id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE)",
    # A POST, and when it was intended or dispatched.
    "CREATE TABLE post (id INTEGER PRIMARY KEY, status TEXT NOT NULL CHECK (status IN ('intended', 'dispatched')), at TEXT)",
    # binding_id 0: sent without naming a binding, so to all that were enabled then. post: the last one that it went with, null while it is
    # pending; before: the one before that.
    "CREATE TABLE load ("
    " instance INTEGER NOT NULL, binding_id INTEGER NOT NULL, extract_id INTEGER NOT NULL, datastream_id INTEGER, created TEXT,"
    " post INTEGER, before INTEGER, PRIMARY KEY (instance, binding_id, extract_id)) WITHOUT ROWID",
    # planned_at: a plan was written and not taken up yet; updated: the binding's last change that a run has seen.
    # self_loading: JSON, [[since, until or null], ...].
    "CREATE TABLE backfill ("
    " instance INTEGER NOT NULL, binding_id INTEGER NOT NULL, datastream_id INTEGER, planned_at TEXT, updated TEXT,"
    " self_loading TEXT NOT NULL DEFAULT '[]',"
    " PRIMARY KEY (instance, binding_id)) WITHOUT ROWID",
)

_Opened = t.TypeVar("_Opened", bound="LedgerFile")


class LedgerFile:
    """An open ledger for one instance (``host``), as a context manager.

    With ``WRITE`` it is made where it does not exist, and held by one run at a time: another run waits (``waited``, in seconds), and so no
    run ever sees what a living one has under way. ``PREDICT`` is for check mode: it makes and writes nothing, but waits, and fails, as the
    real run would. ``LOOK`` reads what there is and waits for nobody; ``busy`` then says that a run is at work.
    """

    def __init__(self, path: str, host: str, purpose: str) -> None:
        self.path = os.path.abspath(os.path.expanduser(path))
        self.host, self.purpose = host, purpose
        self.write = purpose == WRITE
        self.waited = 0.0
        self.busy = False
        self.instance = -1
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None

    def __enter__(self: _Opened) -> _Opened:
        try:
            with self.errors():
                self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: t.Any) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error, ValueError):  # nothing here is worth an error, or hides one
                if self.write and self._connection.execute("PRAGMA journal_mode").fetchone() == ("persist",):
                    self._connection.execute("PRAGMA journal_mode = DELETE")  # removes the journal that was kept
            self._connection.close()
        if self._lock is not None:
            os.close(self._lock)
        self._connection = self._lock = None

    @property
    def connection(self) -> sqlite3.Connection:
        """The open database. Statements outside ``transaction`` are for reading."""
        if self._connection is None:
            raise LedgerError(f"The ledger {self.path} is not open.", ledger=self.path)
        return self._connection

    @contextlib.contextmanager
    def transaction(self) -> t.Iterator[sqlite3.Connection]:
        """All or nothing, and on disk when it ends."""
        with self.errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def errors(self) -> t.Iterator[None]:
        """Turns what SQLite and the system say into a LedgerError that names the file."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise LedgerError(
                f"The ledger {self.path} cannot be used: {text}. It was left as it is. Mend or move it away, or name another one with the option ledger;"
                " without the old one nothing is known of what was dispatched before.",
                ledger=self.path,
            ) from error

    def _open(self) -> None:
        exists = self._exists()
        if self.purpose != LOOK:
            self._check_writable(exists)
        if self.write and not exists:
            self._make()
        self._connection = self._connect(exists or self.write)
        if exists:
            self._check()
        if self.write:
            self._prepare()
        row = self._connection.execute("SELECT id FROM instance WHERE host = ?", (self.host,)).fetchone()
        if row:
            self.instance = row[0]
            self._take_turn()

    def _exists(self) -> bool:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            if os.path.islink(self.path):
                raise  # what it leads to is not there, and may be on a volume that is missing
            return False
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a file")
        if 0 < found.st_size < _SMALLEST:
            raise sqlite3.DatabaseError("it is not a database")  # SQLite would take some of these for empty ones
        return True

    def _make(self) -> None:
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder):
            os.makedirs(os.path.dirname(folder), exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _check_writable(self, exists: bool) -> None:
        """So that nothing is asked for, let alone sent, that could not be written down; in check mode what a real run would stumble over."""
        folder = os.path.dirname(self.path)
        while not exists and folder != os.path.dirname(folder) and not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        for place in ([self.path] if exists else []) + [folder]:
            if not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                raise OSError(0, "{0} is not writable".format("it" if place == self.path else "the folder " + place))
            if place == folder and not os.path.isdir(folder):
                raise OSError(0, f"{folder} is not a folder")

    def _connect(self, on_disk: bool) -> sqlite3.Connection:
        # mode=rw, also for reading: it makes no file, but a transaction that a killed run left half way can be rolled back.
        uri = f"file:{quote(self.path)}?mode=rw" if on_disk else "file::memory:"
        connection = sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None)
        if not on_disk:
            for statement in _SCHEMA:
                connection.execute(statement)
        return connection

    def _check(self) -> None:
        connection = self.connection
        connection.execute("BEGIN")  # one view of it, while another run may be making it
        names = ("application_id", "user_version", "page_size")
        application, version, size = (connection.execute("PRAGMA " + name).fetchone()[0] for name in names)
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != _APPLICATION_ID and (application or version or tables):
            raise sqlite3.DatabaseError("it is a database, but not a ledger of this collection")
        if version > _VERSION:
            raise sqlite3.DatabaseError(f"a newer version of this collection wrote it (format {version}, this one knows {_VERSION})")
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError("it is damaged ({0})".format(" ".join(found.split())))
        if os.path.getsize(self.path) % size:  # SQLite takes what is missing of the last page for zeroes
            raise sqlite3.DatabaseError("it is damaged (its end is missing)")
        if tables and not {row[0] for row in connection.execute("SELECT sql FROM sqlite_master")}.issuperset(_SCHEMA):
            raise sqlite3.DatabaseError("it is damaged (its tables are not those of a ledger)")
        if not tables and not self.write:
            for statement in _SCHEMA:  # made, but killed before its first commit: for reading it is empty
                connection.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE"))
        connection.execute("COMMIT")

    def _prepare(self) -> None:
        self.connection.execute("PRAGMA journal_mode = PERSIST")
        with self.transaction() as connection:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.execute("INSERT OR IGNORE INTO instance (host) VALUES (?)", (self.host,))

    def _take_turn(self) -> None:
        """One run at a time for an instance: a byte of the lock file is its turn. The system gives it back however the run ends."""
        path = self.path + ".lock"
        if self.write:
            self._lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        elif os.path.exists(path):
            self._lock = os.open(path, os.O_RDONLY)
        else:
            return
        kind = fcntl.LOCK_EX if self.write else fcntl.LOCK_SH
        try:
            fcntl.lockf(self._lock, kind | fcntl.LOCK_NB, 1, self.instance)
        except (BlockingIOError, PermissionError):
            self.busy = True
            if self.purpose != LOOK:
                started = time.monotonic()
                fcntl.lockf(self._lock, kind, 1, self.instance)
                self.waited = time.monotonic() - started
