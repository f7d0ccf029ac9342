# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The session of a ledger in PostgreSQL: one connection, which holds the locks of a run, and ends soon after its machine is no more."""

from __future__ import annotations

import os
import traceback
import typing as t

from ansible.module_utils.basic import missing_required_lib

from .._api import secrets
from .._api.errors import InputError, MissingLibrary
from .postgresql_url import check_url
from .store import failed

try:
    import psycopg
    from psycopg.adapt import Loader
    from psycopg.conninfo import conninfo_to_dict
except ImportError:
    _PSYCOPG_MISSING: str | None = traceback.format_exc()
else:
    _PSYCOPG_MISSING = None

    class _LenientLoader(Loader):
        """Reads a text of a database that does not know its encoding. What is there may have been written in any."""

        def load(self, data: t.Any) -> str:
            return str(data, "utf-8", "replace")


# A machine that is no more is noticed by the other end: after 30 seconds of silence and three questions, or 60 seconds without a receipt.
_KEEPALIVES: dict[str, t.Any] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60000,
}
_SERVER_KEEPALIVES = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


class Server:
    """The server of a ledger. ``option``: the one that names its URL, for messages. Raises InputError and MissingLibrary where no connection can be tried."""

    def __init__(self, url: str, password: str | None, option: str) -> None:
        self.url, self.option, self._password = check_url(url, option), option, password
        if "\0" in url + (password or ""):  # what follows it would be lost
            raise self._no_text()
        secrets.register(password, os.environ.get("PGPASSWORD"))
        if _PSYCOPG_MISSING:
            raise MissingLibrary(
                missing_required_lib("psycopg", reason="for a ledger in PostgreSQL"),
                exception=_PSYCOPG_MISSING,
            )

    def connect(self, label: str) -> t.Any:
        """A connection of psycopg, in autocommit mode. ``label``: what the server shows of this run. Raises InputError, LedgerError and psycopg's errors."""
        connection = self._open(label)
        try:
            self._refuse_pooler(connection)
            _end_with_the_machine(connection)
            connection.execute("SET synchronous_commit = on")
            if connection.info.server_version >= 140000:
                connection.execute("SET idle_session_timeout = 0")
        except BaseException:
            connection.close()
            raise
        return connection

    def _open(self, label: str) -> t.Any:
        """What the URL says of keepalives and times wins. The encoding is that of psycopg's texts, whatever the database has."""
        try:
            chosen = conninfo_to_dict(self.url)
            wanted = {"connect_timeout": 30, **_KEEPALIVES}
            given = {name: value for name, value in wanted.items() if name not in chosen}
            if self._password:
                given["password"] = self._password
            connection = psycopg.connect(
                self.url, autocommit=True, fallback_application_name=label, client_encoding="UTF8", **given
            )
        except UnicodeError as error:  # half of a character
            raise self._no_text() from error
        if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
            # Otherwise the server refuses to hand out what is no UTF-8.
            connection.execute("SET client_encoding = SQL_ASCII")
            connection.adapters.register_loader("text", _LenientLoader)
        return connection

    def _no_text(self) -> InputError:
        return InputError(
            f"{self.option} or {self.option}_password has a character that PostgreSQL does not accept. Neither is shown. Correct them. Nothing was changed."
        )

    def _refuse_pooler(self, connection: t.Any) -> None:
        """A pooler may give each transaction another session, and the turn belongs to a session. It shows by the process that answers."""
        if connection.execute("SELECT pg_backend_pid()").fetchone()[0] != connection.info.backend_pid:
            raise failed(
                self.url,
                "the connection goes through a pooler, such as PgBouncer, which may change the session in the middle of a run",
                f"Set {self.option} to the address of the PostgreSQL server itself. Nothing was changed.",
            )


def _end_with_the_machine(connection: t.Any) -> None:
    """The server ends this session, and its locks, soon after this machine is no more. Options that the URL gives to the server win."""
    wanted = ", ".join(f"('{name}', '{value}')" for name, value in _SERVER_KEEPALIVES.items())
    connection.execute(
        f"SELECT set_config(name, wanted.value, false) FROM (VALUES {wanted}) AS wanted (name, value)"
        " JOIN pg_settings USING (name) WHERE source <> 'client'"
    )
