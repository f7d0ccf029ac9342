# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How far a module is, for whoever watches: the action plugin beside it names a file in the environment, and shows what stands in it."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from . import clock

FILE = "ADVERITY_PROGRESS_FILE"
_EVERY = 0.5  # seconds between two notes

State = dict[str, t.Any]  # a JSON object; its action plugin knows how to read it


def writer() -> t.Callable[[State], None] | None:
    """What to call with the state as often as it changes; None where nobody watches.

    It writes at most twice a second. A file that cannot be written is no error: the work matters.
    """
    path = os.environ.get(FILE)
    if not path:
        return None
    last = 0.0

    def write(state: State) -> None:
        nonlocal last
        if clock.monotonic() - last < _EVERY:
            return
        last = clock.monotonic()
        with contextlib.suppress(OSError):
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump(state, file)
            os.replace(path + ".new", path)

    return write
