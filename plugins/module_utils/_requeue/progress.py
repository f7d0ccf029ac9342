# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How far a sending is, as the action plugin of adverity_requeue reads it."""

from __future__ import annotations

import typing as t

from .._api import progress
from .plan import Batch
from .send import Progress


def watcher(total: int, targets: t.Mapping[int, str]) -> Progress | None:
    """What to call after each request with its batch and how many extracts are sent by then; None where nobody watches. ``targets`` are the names of
    the bindings' destinations."""
    write = progress.writer()
    if write is None:
        return None

    def note(batch: Batch, sent: int) -> None:
        names = sorted({targets[binding_id] for binding_id in batch.binding_ids if targets.get(binding_id)})
        write(
            {
                "datastream_id": batch.datastream_id,
                "binding_ids": batch.binding_ids,
                "targets": names,
                "sent": sent,
                "total": total,
            }
        )

    return note
