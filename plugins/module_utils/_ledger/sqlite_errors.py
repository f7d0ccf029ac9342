# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a user can do where a ledger as a file of SQLite cannot be used: pure, from what SQLite and the system
say.
"""

from __future__ import annotations

import errno
import typing as t

from .store import DAMAGED

NO_LOCKS = (
    errno.ENOLCK,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
)  # what a file system answers that does not lock files
_BROKEN = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT)
_LOCAL = (
    "Copy the file to a local disk while no run is at work, and set {option} to it; or set {option} to a"
    " PostgreSQL database."
)
_UNUSABLE = "The file was not changed. Make the place usable for this user, or set {option} to another one."


class _Advice(t.NamedTuple):
    """What to do where the reason has one of these ``words``, or the error one of these numbers."""

    words: tuple[str, ...]
    numbers: tuple[int, ...]
    next_step: str


_ADVICE = (  # the first that fits holds
    _Advice(
        ("full",),
        (errno.ENOSPC,),
        "Free space on the disk, then run it again. What was recorded before is not lost.",
    ),
    _Advice(
        (), NO_LOCKS, f"Two runs could not keep out of each other's way there. {_LOCAL} Nothing was changed."
    ),
    _Advice(
        ("disk I/O error", "locking protocol"),
        _BROKEN,
        "The disk or the connection to it fails, or its file system does not lock files, as some network"
        " file systems and volumes of containers do."
        " The ledger need not be damaged: what was recorded before is not lost. Check the disk. If it is"
        f" sound: {_LOCAL[0].lower()}{_LOCAL[1:]}",
    ),
    _Advice(("locked",), (), "Another program holds the file. End it, then run it again."),
    _Advice(("newer version",), (), "Update the collection on this machine. Nothing was changed."),
    _Advice(
        ("has to bring it",), (), "Run once without check mode, then run this again. Nothing was changed."
    ),
    _Advice(
        ("older version",),
        (),
        "The file was not changed. Finish its backfills with that version, then set {option} to a new path:"
        " the page on upgrading says how.",
    ),
    _Advice(("unable to open", "readonly", "permission"), (), _UNUSABLE),
)


def next_step(error: Exception, reason: str, option: str = "ledger") -> str:
    """What to do about an error. ``reason``: what SQLite or the system says of it. ``option``: the one that names the file."""
    return _advice(error, reason).replace("{option}", option)


def _advice(error: Exception, reason: str) -> str:
    number = getattr(error, "errno", None)
    for advice in _ADVICE:
        if number in advice.numbers or any(word in reason for word in advice.words):
            return advice.next_step
    return _UNUSABLE if isinstance(error, OSError) else "The file was not changed. " + DAMAGED
