# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where the file of a ledger is. Reads the environment, and nothing else."""

from __future__ import annotations

import os
import re

from .._api.errors import InputError
from .._spec.options import DEFAULT_LEDGER


def absolute_path(given: str, option: str = "ledger") -> str:
    """The absolute path of what an option says. Raises InputError, which says why there is none."""
    home = os.environ.get("HOME")
    path = (
        given
        if given[:2] in ("~", "~/") and home is not None and not os.path.isabs(home)
        else os.path.expanduser(given)
    )
    if os.path.isabs(path):
        return path
    user, variable = re.match(r"~([^/]*)", path), re.match(r"\$\{?(\w+)", path)
    if user is None and variable is None:
        raise InputError(
            f"{option} is {path!r}, a relative path. What it is relative to depends on where the playbook is,"
            " so the next run may not find the same file."
            f" Set {option} to an absolute path, for example with a playbook_dir or a home in it. Nothing was"
            " changed."
        )
    if variable:
        why, remedy = f"the environment variable {variable[1]} is not set", f"Set {variable[1]}"
    elif user and user[1]:
        why, remedy = f"there is no user {user[1]!r} with a home folder", "Correct the name"
    elif home is None:
        why, remedy = "HOME is not set and this user has no home folder", "Set HOME"
    else:
        why, remedy = f"HOME is {home!r}, which is not an absolute path", "Correct HOME"
    or_variable = " (or ADVERITY_LEDGER)" if option == "ledger" else ""
    what = "The default ledger" if path == DEFAULT_LEDGER else "The ledger"
    raise InputError(
        f"{what} {path} cannot be found: {why}. {remedy}, or set {option}{or_variable} to an absolute"
        " path or to the URL of a PostgreSQL database."
        " Nothing was changed."
    )
