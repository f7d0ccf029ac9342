# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ledger in a PostgreSQL database, one memory for all machines. What stands in it: ``ledger.py``.

A turn is a set of advisory locks of the session: they end with the connection, however that ends. Nothing ever connects again in the middle of a run,
because the turn would be lost. The session of a machine that is no more ends within two minutes: ``postgresql_session.py``.

A text that is not plain ASCII is kept as a JSON string in ASCII, so that it does not matter which encoding the database has.
"""

from __future__ import annotations

import contextlib
import json
import typing as t
import zlib

from .._api import text
from .._api.errors import LedgerError
from .holder import Holder, describe, from_label, this_run
from .postgresql_session import Server
from .schema import OLDEST, VERSION, statements_from
from .store import DAMAGED, LOOK, PREDICT, WRITE, Values, failed

try:
    import psycopg
    import psycopg.errors
except ImportError:
    pass  # said in postgresql_session

SCHEMA = "adverity_management"
_LAYOUT = {"schema": SCHEMA + ".", "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "by_key": ""}
_FORMAT = f"{SCHEMA}.format"
STATEMENTS = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    *(statement.format(**_LAYOUT) for statement in statements_from(None)),
    f"CREATE TABLE {_FORMAT} (version INTEGER NOT NULL)",
    f"INSERT INTO {_FORMAT} VALUES ({VERSION})",
)
_LOCKS = 0x41440000  # the first of two numbers of an advisory lock; the instance is added
_MAKING = _LOCKS - 1
_OTHERS = (  # the locks of other sessions on an instance
    " FROM pg_locks lock LEFT JOIN pg_stat_activity session ON session.pid = lock.pid WHERE lock.locktype = 'advisory' AND lock.classid::bigint = ?"
    " AND lock.objsubid = 2 AND lock.granted AND lock.pid <> pg_backend_pid()"
    " AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_TEXT = 25  # PostgreSQL's number of the type
_QUOTE = '"'


class PostgresqlStore:
    """See ``store.Store``. For reading, a database in which no run has made the tables is empty."""

    def __init__(self, url: str, password: str | None, option: str = "ledger") -> None:
        """``option``: the option that names the URL, for messages."""
        self._server = Server(url, password, option)
        self.shown = self._server.url
        self._connection: t.Any = None
        self._writes = False

    def open(self, purpose: str) -> bool:
        self._writes = purpose == WRITE
        with self._errors():
            label = this_run().label(purpose == PREDICT)
            self._connection = self._server.connect(label)
            self._connection.execute(f"SET search_path = {SCHEMA}")
            version = self._version()
            if version is not None and version < OLDEST:
                raise failed(
                    self.shown,
                    f"an older version of this collection wrote it (format {version}, this one knows {VERSION})",
                    f"Nothing was changed. Finish its backfills with that version, then set {self._server.option} to another"
                    " database: the page on upgrading says how.",
                )
            if (version is None or version < VERSION) and self._writes:
                self._migrate()
                version = self._version()
            elif not self._writes and purpose != LOOK:
                self._check_writable()
        if version is not None and version > VERSION:
            raise failed(
                self.shown,
                f"a newer version of this collection wrote it (format {version}, this one knows {VERSION})",
                "Update the collection on this machine. Nothing was changed.",
            )
        if version is not None and version < VERSION:
            raise failed(
                self.shown,
                f"a run that writes has to bring it from format {version} to {VERSION} first",
                "Run once without check mode, then run this again. Nothing was changed.",
            )
        return version is not None

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                # The server ends a session only some time after it was closed.
                if not self._connection.closed:
                    self._connection.execute("SELECT pg_advisory_unlock_all()")
                self._connection.close()
        self._connection = None

    def read(self, statement: str, values: Values = ()) -> list[tuple[t.Any, ...]]:
        with self._errors():
            return list(_readable(self._execute(statement, values)))

    def iterate(self, statement: str, values: Values = ()) -> t.Iterator[tuple[t.Any, ...]]:
        with (
            self._errors(),
            self._open_connection.transaction(),
            self._open_connection.cursor(name="rows") as cursor,
        ):
            cursor.itersize = 10000
            yield from _readable(cursor.execute(_placed(statement), _stored(values)))

    @contextlib.contextmanager
    def transaction(self) -> t.Iterator[None]:
        with self._errors(), self._open_connection.transaction():
            yield

    def write(self, statement: str, values: Values = ()) -> int:
        with self._errors():
            return t.cast(int, self._execute(statement, values).rowcount)

    def write_many(self, statement: str, rows: t.Iterable[Values]) -> int:
        with self._errors(), self._open_connection.cursor() as cursor:
            cursor.executemany(_placed(statement), map(_stored, rows))
            count: int = cursor.rowcount
            return max(0, count)

    def insert(self, statement: str, values: Values) -> int:
        with self._errors():
            return t.cast(int, self._execute(statement + " RETURNING id", values).fetchone()[0])

    def try_turn(self, instance: int, binding_ids: t.Sequence[int] | None) -> bool:
        # The whole instance is held alone, by runs that predict, too: no lock is shared by these and excludes each run that writes to a binding.
        shared = "" if self._writes else "_shared"
        wanted = (
            [("", 0)]
            if binding_ids is None
            else [("_shared", 0), *((shared, _key(binding_id)) for binding_id in sorted(binding_ids))]
        )
        for how, key in wanted:
            if not self.read(f"SELECT pg_try_advisory_lock{how}(?, ?)", (_LOCKS + instance, key))[0][0]:
                self.give_turn_back()
                return False
        return True

    def give_turn_back(self) -> None:
        self.read("SELECT pg_advisory_unlock_all()")

    def is_busy(self, instance: int) -> bool:
        return bool(
            self.read(
                f"SELECT EXISTS (SELECT{_OTHERS} AND lock.mode = 'ExclusiveLock')", (_LOCKS + instance,)
            )[0][0]
        )

    def holders(self, instance: int, binding_ids: t.Sequence[int] | None) -> list[Holder]:
        columns = (
            "lock.pid, lock.objid::bigint, lock.mode, session.application_name, session.usename::text,"
            " to_char(session.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        )
        rows = self.read(f"SELECT {columns}{_OTHERS} ORDER BY 1, 2", (_LOCKS + instance,))
        keys = set() if binding_ids is None else {_key(binding_id) for binding_id in binding_ids}
        found = {}
        for pid, key, mode, *session in rows:
            # The whole instance is wanted, or held; or one of the bindings is, and not only by runs that predict as this one does.
            if (
                binding_ids is None
                or (key == 0 and mode == "ExclusiveLock")
                or (key in keys and (self._writes or mode == "ExclusiveLock"))
            ):
                found[pid] = session
        return [Holder(_who(pid, *session), _way_to_end(pid)) for pid, session in found.items()]

    def _execute(self, statement: str, values: Values) -> t.Any:
        return self._open_connection.execute(_placed(statement), _stored(values))

    @property
    def _open_connection(self) -> t.Any:
        if self._connection is None:
            raise LedgerError(f"The ledger {self.shown} is not open.", ledger=self.shown)
        return self._connection

    def _version(self) -> int | None:
        if self._connection.execute("SELECT to_regclass(%s)", (SCHEMA + ".format",)).fetchone()[0] is None:
            return None
        row = self._connection.execute("SELECT version FROM format").fetchone()
        if row is None:
            raise failed(self.shown, "it is damaged (it has no version)", DAMAGED)
        return t.cast(int, row[0])

    def _migrate(self) -> None:
        """Makes the tables, or brings them to the newest format. Two runs at once do so once.

        The lock comes before the transaction: one that began earlier would not see the other run's tables."""
        self._connection.execute("SELECT pg_advisory_lock(%s, 0)", (_MAKING,))
        try:
            with self._connection.transaction():
                version = self._version()
                for statement in STATEMENTS if version is None else statements_from(version):
                    self._connection.execute(statement.format(**_LAYOUT))
                if version is not None:
                    self._connection.execute(f"UPDATE {_FORMAT} SET version = {max(version, VERSION)}")
        finally:
            self._connection.execute("SELECT pg_advisory_unlock_all()")

    def _check_writable(self) -> None:
        """In check mode: what a real run would stumble over."""
        may = (
            f"has_table_privilege('{SCHEMA}.turn', 'INSERT')"
            if self._version()
            else "has_database_privilege(current_database(), 'CREATE')"
        )
        allowed, read_only = self._connection.execute(
            f"SELECT {may}, current_setting('transaction_read_only')::boolean"
        ).fetchone()
        if read_only:
            raise psycopg.errors.ReadOnlySqlTransaction("the server is read-only, as a standby is")
        if not allowed:
            raise psycopg.errors.InsufficientPrivilege("permission denied for the database")

    @contextlib.contextmanager
    def _errors(self) -> t.Iterator[None]:
        """Turns what psycopg says into a LedgerError that names the database, and never the password."""
        try:
            yield
        except (psycopg.Error, UnicodeError) as error:
            reason = text.foreign(str(error) or type(error).__name__).rstrip(".")
            raise failed(self.shown, reason, _next_step(error, self._server.option)) from error


def _key(binding_id: int) -> int:
    """The second number of a lock: 31 bits from 1. Two bindings that share one only wait for each other."""
    return zlib.crc32(str(binding_id).encode()) % (2**31 - 1) + 1


def _who(pid: int, label: str | None, role: str | None, since: str | None) -> str:
    """What the server tells of a session. Of other roles' sessions it does not tell everybody everything."""
    holder = from_label(label or "")
    if holder:
        return describe(*holder, since)
    named = f", application {label}" if label else ""
    return f"session {pid} of the server{named}{f', role {role}' if role else ''}{f', since {since}' if since else ''}"


def _way_to_end(pid: int) -> str:
    return f"If its machine no longer exists, PostgreSQL ends its session within two minutes. To end it at once, run there: SELECT pg_terminate_backend({pid})"


def _stored(values: Values) -> Values:
    """Values as a database of any encoding can hold them."""
    for value in values:
        if value.__class__ is str and (not value.isascii() or value.startswith(_QUOTE) or "\0" in value):
            return [
                json.dumps(value)
                if value.__class__ is str and (not value.isascii() or value[:1] == _QUOTE or "\0" in value)
                else value
                for value in values
            ]
    return values


def _readable(cursor: t.Any) -> t.Iterator[tuple[t.Any, ...]]:
    """The rows, with their texts as they were before they were stored."""
    texts = [number for number, column in enumerate(cursor.description) if column.type_code == _TEXT]
    for row in cursor:
        for number in texts:
            if row[number] and row[number][0] == _QUOTE:
                row = tuple(_text(value) if at in texts else value for at, value in enumerate(row))
                break
        yield row


def _text(stored: str | None) -> str | None:
    """The text. One that only looks like a JSON string was written before texts were stored like this."""
    try:
        return json.loads(stored) if stored and stored[0] == _QUOTE else stored
    except ValueError:
        return stored


_PLACED: dict[str, str] = {}


def _placed(statement: str) -> str:
    """The statement with psycopg's marks for values."""
    if statement not in _PLACED:
        _PLACED[statement] = statement.replace("?", "%s")
    return _PLACED[statement]


def _next_step(error: Exception, option: str) -> str:
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return f"Set {option} to the primary server (for example with several hosts and target_session_attrs=read-write in the URL)."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            "Give the role the rights on the ledger's tables. Where it must not create them, an administrator runs once: "
            + "; ".join(STATEMENTS)
            + ";"
        )
    if isinstance(error, psycopg.errors.DiskFull):
        return "Free space on the server, then run it again. What was recorded before is not lost."
    return f"Check the URL, {option}_password and the server, then run it again. What was recorded before is not lost."
