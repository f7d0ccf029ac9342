# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The URL of a ledger in PostgreSQL, as users type it: pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from .._api import secrets
from .._api.errors import InputError


def password_options(option: str) -> str:
    """The option for the password of a ledger that ``option`` names, and the environment variable, where there is one."""
    environment = "" if option == "source" else " or ADVERITY_LEDGER_PASSWORD"
    return f"{option}_password{environment}"


def check_url(url: str, option: str) -> str:
    """The URL, if it can be one and holds no password. No message of this shows a password. Raises
    InputError.
    """
    try:
        parts = urlsplit(url)
        names = {name.lower() for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
        secret = (
            bool(parts.password)
            or not names.isdisjoint(("password", "sslpassword"))
            or secrets.hide(url) != url
        )
        readable = (
            not parts.fragment
            and "@" not in parts.path + parts.query
            and not re.search(r"[\x00-\x20\x7f]", url)
        )
    except ValueError:
        secret = readable = False
    if not secret and not readable:
        raise InputError(
            f"{option} is a URL that cannot be read (not shown, because it may hold a password). It must be"
            " like postgresql://user@host:5432/database."
            " Nothing was changed."
        )
    if secret:
        raise InputError(
            f"{option} is a URL with a password in it (not shown). Set {password_options(option)} instead,"
            " or a password file (PGPASSFILE),"
            " and remove the password from the URL. Nothing was changed."
        )
    if parts.scheme not in ("postgresql", "postgres"):
        raise InputError(
            f"{option} is a URL with {parts.scheme + '://'!r}. It must be an absolute path, or a URL like"
            " postgresql://user@host:5432/database."
        )
    return url
