# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ledger in a PostgreSQL database, one memory for all machines. What stands in it: ``ledger.py``.

A turn is a set of advisory locks of the session: they end with the connection, however that ends. Nothing ever connects again in the middle of a run,
because the turn would be lost.
"""

from __future__ import annotations

import contextlib
import traceback
import typing as t
import zlib
from urllib.parse import parse_qsl, urlsplit

from ansible.module_utils.basic import missing_required_lib

from .._api import text
from .._api.errors import InputError, LedgerError, MissingLibrary
from .store import DAMAGED, LOOK, TABLES, VERSION, WRITE, Values, failed

try:
    import psycopg
    import psycopg.errors
except ImportError:
    _PSYCOPG_MISSING: str | None = traceback.format_exc()
else:
    _PSYCOPG_MISSING = None

SCHEMA = "adverity_management"
_LAYOUT = {"schema": SCHEMA + ".", "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "by_key": ""}
STATEMENTS = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    *(statement.format(**_LAYOUT) for statement in TABLES),
    f"CREATE TABLE {SCHEMA}.format (version INTEGER NOT NULL)",
    f"INSERT INTO {SCHEMA}.format VALUES ({VERSION})",
)
_LOCKS = 0x41440000  # the first of two numbers of an advisory lock; the instance is added
_MAKING = _LOCKS - 1


class PostgresqlStore:
    """See ``store.Store``. For reading, a database in which no run has made the tables is empty."""

    def __init__(self, url: str, password: str | None) -> None:
        self.shown = check_url(url)
        if _PSYCOPG_MISSING:
            raise MissingLibrary(missing_required_lib("psycopg", reason="for a ledger in PostgreSQL"), exception=_PSYCOPG_MISSING)
        self._password = password
        self._connection: t.Any = None
        self._writes = False

    def open(self, purpose: str) -> bool:
        self._writes = purpose == WRITE
        given: dict[str, t.Any] = {"password": self._password} if self._password else {}
        with self._errors():
            self._connection = psycopg.connect(self.shown, autocommit=True, application_name="adverity.management", connect_timeout=30, **given)
            self._refuse_pooler()
            self._connection.execute("SET synchronous_commit = on")
            self._connection.execute("SET idle_session_timeout = 0" if self._connection.info.server_version >= 140000 else "SELECT 1")
            self._connection.execute(f"SET search_path = {SCHEMA}")
            version = self._version()
            if version is None and self._writes:
                self._make_tables()
                version = self._version()
            elif not self._writes and purpose != LOOK:
                self._check_writable()
        if version is not None and version > VERSION:
            raise failed(
                self.shown, f"a newer version of this collection wrote it (format {version}, this one knows {VERSION})",
                "Update the collection on this machine. Nothing was changed.",
            )
        return version is not None

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def read(self, statement: str, values: Values = ()) -> list[tuple[t.Any, ...]]:
        with self._errors():
            return t.cast("list[tuple[t.Any, ...]]", self._execute(statement, values).fetchall())

    def iterate(self, statement: str, values: Values = ()) -> t.Iterator[tuple[t.Any, ...]]:
        with self._errors(), self._open_connection.transaction(), self._open_connection.cursor(name="rows") as cursor:
            cursor.itersize = 10000
            yield from cursor.execute(_placed(statement), values)

    @contextlib.contextmanager
    def transaction(self) -> t.Iterator[None]:
        with self._errors(), self._open_connection.transaction():
            yield

    def write(self, statement: str, values: Values = ()) -> int:
        with self._errors():
            return t.cast(int, self._execute(statement, values).rowcount)

    def write_many(self, statement: str, rows: t.Iterable[Values]) -> int:
        with self._errors(), self._open_connection.cursor() as cursor:
            cursor.executemany(_placed(statement), rows)
            count: int = cursor.rowcount
            return max(0, count)

    def insert(self, statement: str, values: Values) -> int:
        with self._errors():
            return t.cast(int, self._execute(statement + " RETURNING id", values).fetchone()[0])

    def try_turn(self, instance: int, binding_ids: t.Sequence[int] | None) -> bool:
        # The whole instance is held alone, by runs that predict, too: no lock is shared by these and excludes each run that writes to a binding.
        shared = "" if self._writes else "_shared"
        wanted = [("", 0)] if binding_ids is None else [("_shared", 0), *((shared, _key(one)) for one in sorted(binding_ids))]
        for how, key in wanted:
            if not self.read(f"SELECT pg_try_advisory_lock{how}(?, ?)", (_LOCKS + instance, key))[0][0]:
                self.give_turn_back()
                return False
        return True

    def give_turn_back(self) -> None:
        self.read("SELECT pg_advisory_unlock_all()")

    def is_busy(self, instance: int) -> bool:
        statement = (
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = ? AND pid <> pg_backend_pid()"
            " AND mode = 'ExclusiveLock' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return bool(self.read(statement, (_LOCKS + instance,))[0][0])

    def _execute(self, statement: str, values: Values) -> t.Any:
        return self._open_connection.execute(_placed(statement), values)

    @property
    def _open_connection(self) -> t.Any:
        if self._connection is None:
            raise LedgerError(f"The ledger {self.shown} is not open.", ledger=self.shown)
        return self._connection

    def _refuse_pooler(self) -> None:
        """A pooler may give each transaction another session, and the turn belongs to a session. It shows by the process that answers."""
        if self._connection.execute("SELECT pg_backend_pid()").fetchone()[0] != self._connection.info.backend_pid:
            raise failed(
                self.shown, "the connection goes through a pooler, such as PgBouncer, which may change the session in the middle of a run",
                "Set ledger to the address of the PostgreSQL server itself. Nothing was changed.",
            )

    def _version(self) -> int | None:
        if self._connection.execute("SELECT to_regclass(%s)", (SCHEMA + ".format",)).fetchone()[0] is None:
            return None
        row = self._connection.execute("SELECT version FROM format").fetchone()
        if row is None:
            raise failed(self.shown, "it is damaged (it has no version)", DAMAGED)
        return t.cast(int, row[0])

    def _make_tables(self) -> None:
        """Two first runs at once make them once. The lock comes before the transaction: one that began earlier would not see the other run's tables."""
        self._connection.execute("SELECT pg_advisory_lock(%s, 0)", (_MAKING,))
        try:
            with self._connection.transaction():
                if self._version() is None:
                    for statement in STATEMENTS:
                        self._connection.execute(statement)
        finally:
            self._connection.execute("SELECT pg_advisory_unlock_all()")

    def _check_writable(self) -> None:
        """In check mode: what a real run would stumble over."""
        may = f"has_table_privilege('{SCHEMA}.turn', 'INSERT')" if self._version() else "has_database_privilege(current_database(), 'CREATE')"
        allowed, read_only = self._connection.execute(f"SELECT {may}, current_setting('transaction_read_only')::boolean").fetchone()
        if read_only:
            raise psycopg.errors.ReadOnlySqlTransaction("the server is read-only, as a standby is")
        if not allowed:
            raise psycopg.errors.InsufficientPrivilege("permission denied for the database")

    @contextlib.contextmanager
    def _errors(self) -> t.Iterator[None]:
        """Turns what psycopg says into a LedgerError that names the database, and never the password."""
        try:
            yield
        except psycopg.Error as error:
            reason = text.line(str(error) or type(error).__name__, self._password or "").rstrip(".")
            raise failed(self.shown, reason, _next_step(error)) from error


def check_url(url: str) -> str:
    """The URL, if it can be one and holds no password. No message of this shows a password. Raises InputError."""
    try:
        parts = urlsplit(url)
        names = {name.lower() for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
        secret = bool(parts.password) or not names.isdisjoint(("password", "sslpassword"))
    except ValueError as error:
        raise InputError(f"ledger is a URL that cannot be read: {text.line(error)}. It must be like postgresql://user@host:5432/database.") from error
    if secret:
        raise InputError(
            "ledger is a URL with a password in it (not shown). Set ledger_password or ADVERITY_LEDGER_PASSWORD instead, or a password file (PGPASSFILE),"
            " and remove the password from the URL. Nothing was changed."
        )
    if parts.scheme not in ("postgresql", "postgres"):
        raise InputError(f"ledger is a URL with {parts.scheme + '://'!r}. It must be an absolute path, or a URL like postgresql://user@host:5432/database.")
    return url


def _key(binding_id: int) -> int:
    """The second number of a lock: 31 bits from 1. Two bindings that share one only wait for each other."""
    return zlib.crc32(str(binding_id).encode()) % (2**31 - 1) + 1


_PLACED: dict[str, str] = {}


def _placed(statement: str) -> str:
    """The statement with psycopg's marks for values."""
    if statement not in _PLACED:
        _PLACED[statement] = statement.replace("?", "%s")
    return _PLACED[statement]


def _next_step(error: Exception) -> str:
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return "Set ledger to the primary server (for example with several hosts and target_session_attrs=read-write in the URL)."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "Give the role the rights on the ledger's tables. Where it must not create them, an administrator runs once: " + "; ".join(STATEMENTS) + ";"
    if isinstance(error, psycopg.errors.DiskFull):
        return "Free space on the server, then run it again. What was noted before is not lost."
    return "Check the URL, ledger_password and the server, then run it again. What was noted before is not lost."
