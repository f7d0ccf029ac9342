# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What becomes of a binding's history, and of each extract of it: pure. Nothing else decides any of this.

Due is what is chosen and neither dispatched nor certainly loaded by itself. What nobody can know is unknown. The rest goes on.
"""

from __future__ import annotations

from .._ledger.ledger import DISPATCHED, REFUSED, UNKNOWN
from .._ledger.timeline import Doubt, Record, Window, contains, is_loaded

# What happens to the history of a binding.
BACKFILL, DONE, LEFT_ALONE, NONE = "backfill", "done", "left_alone", "none"
ACTIONS = (BACKFILL, DONE, LEFT_ALONE, NONE)

# What happens to one extract for one binding.
SEND, SEND_ALONE, SKIP, LOADED, LEAVE_OUT, SETTLE = "send", "send alone", "skip", "loaded by itself", "leave out", "settle"

LOST = "lost"  # a POST whose outcome is not known


def action(record: Record, backfill: str, window: Window) -> str:
    """``backfill`` is ``always``, ``when_needed`` or ``never``.

    When needed, the history goes into the bindings that are not enabled yet, since this run or the next task enables them, and into those that the ledger
    has backfilled, as far as something of the window may be missing. A binding of which it has no such record is left alone.
    """
    if backfill == "never":
        return NONE
    if backfill == "always" or record.enabled is not True:
        return BACKFILL
    if not record.known:
        return LEFT_ALONE
    return DONE if contains(record.covered, window) else BACKFILL


def of_extract(
    record: Record | None, status: str | None, created: str | None, force: bool, on_unknown: str, on_refused: str
) -> tuple[str, Doubt | None]:
    """What happens to an extract, and why nobody can know whether it is loaded, where that is so. An unknown one that is sent has its doubt, too."""
    doubt = Doubt(LOST) if status == UNKNOWN else None
    if status == DISPATCHED:
        return (SEND if force else SKIP), None
    if status == REFUSED:
        return (LEAVE_OUT if on_refused == "skip" and not force else SEND_ALONE), None
    if status != UNKNOWN:
        loaded = False if record is None else is_loaded(record, created)
        if loaded is True:
            return (SEND if force else LOADED), None
        doubt = loaded if isinstance(loaded, Doubt) else None
    if doubt is None or on_unknown == "requeue":
        return SEND, doubt
    return (SETTLE if on_unknown == "dispatched" else LEAVE_OUT), doubt
