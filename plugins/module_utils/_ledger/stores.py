# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which store a ledger has: its place says so."""

from __future__ import annotations

import os
import re

from .._api.errors import InputError
from .._spec.kinds import is_url
from .postgresql_url import password_options
from .store import Store


def find(place: str, password: str | None, option: str = "ledger") -> Store:
    """The store of a place, not opened yet. ``option``: the option that names the place, for messages. Raises InputError."""
    if not is_url(place):
        _refuse_connection(place, option)
        from .sqlite import SqliteStore  # each is loaded only where it is used

        return SqliteStore(place, option)
    from .postgresql import PostgresqlStore

    return PostgresqlStore(place, password, option)


def _refuse_connection(place: str, option: str) -> None:
    """Raises InputError where this is no path, but an attempt to name a database: it may hold a password, so it is not shown."""
    if not os.path.isabs(os.path.expanduser(place)) and re.search(r"[=@]|^\w+:", place):
        raise InputError(
            f"{option} is neither an absolute path nor a URL (not shown, because it may hold a password). If it is to name a PostgreSQL database with key=value"
            " pairs like host=... dbname=..., write that as a URL like postgresql://user@host:5432/database, and set"
            f" {password_options(option)}. Nothing was changed."
        )
