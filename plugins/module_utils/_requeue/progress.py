# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How far a sending is, for whoever watches: the action plugin of adverity_requeue names a file in the environment, and shows what stands in it."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from .._api import clock
from .plan import Batch
from .send import Progress

FILE = "ADVERITY_PROGRESS_FILE"
_EVERY = 0.5  # seconds between two notes


def watcher(total: int, targets: t.Mapping[int, str]) -> Progress | None:
    """What to call after each request with its batch and how many extracts are sent by then; None where nobody watches. ``targets`` are the names of
    the bindings' destinations. A note that cannot be written is no error: the sending matters."""
    path = os.environ.get(FILE)
    if not path:
        return None
    last = 0.0

    def note(batch: Batch, sent: int) -> None:
        nonlocal last
        if clock.monotonic() - last < _EVERY:
            return
        last = clock.monotonic()
        names = sorted({targets[one] for one in batch.binding_ids if targets.get(one)})
        state = {"datastream_id": batch.datastream_id, "binding_ids": batch.binding_ids, "targets": names, "sent": sent, "total": total}
        with contextlib.suppress(OSError):
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump(state, file)
            os.replace(path + ".new", path)

    return note
