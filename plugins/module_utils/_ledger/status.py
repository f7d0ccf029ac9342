# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What became of an extract for a binding, from the events that the ledger records of it. Pure.

Events are added and never replaced, so a later event cannot hide an earlier one.
"""

from __future__ import annotations

import enum
import typing as t
from datetime import datetime

UNLISTED = (
    "it is no longer in the API's list of extracts"  # a reason: such an extract cannot be sent any more
)


class EventKind(str, enum.Enum):
    """One thing that happened to extracts on their way into bindings."""

    INTENDED = "intended"  # a request was about to be sent, and no response is recorded
    UNDER_WAY = "under_way"  # Adverity was processing the extract without a request of this ledger, when the binding was enabled
    DISPATCHED = "dispatched"  # the API confirmed the request, or the user did
    REFUSED = "refused"  # Adverity refused the extract
    NOT_ARRIVED = "not_arrived"  # by the user's word, the request without a response before it loaded nothing
    RECORDED = "recorded"  # loaded, by the user's word
    FAILED = "failed"  # Adverity shows that the load failed
    LOADED = "loaded"  # Adverity shows that it was loaded


class Status(str, enum.Enum):
    """The status of an extract for a binding."""

    PENDING = "pending"
    DISPATCHED = "dispatched"
    RECORDED = "recorded"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    FAILED = "failed"


class Event(t.NamedTuple):
    """``at``: when it was recorded, in UTC. ``reason``: why, for a refusal and for what the user decided. ``id`` grows from event to event.

    Of a request, where that is read: ``clock``, the time of the API's last response before it, and ``label``, that of the extract's state then.
    ``has_label``: whether a list was read then.
    """

    id: int
    kind: EventKind
    at: str | None = None
    reason: str | None = None
    clock: datetime | None = None
    label: str | None = None
    has_label: bool = False

    @property
    def is_request(self) -> bool:
        """Whether a request was sent, or was about to be. What the user says of one has a reason."""
        return self.kind in (EventKind.INTENDED, EventKind.DISPATCHED) and self.reason is None


_STATUS_OF_ANSWER = {
    EventKind.DISPATCHED: Status.DISPATCHED,
    EventKind.LOADED: Status.DISPATCHED,
    EventKind.RECORDED: Status.RECORDED,
    EventKind.FAILED: Status.FAILED,
}


def derive_status(events: t.Iterable[Event]) -> tuple[Status, Event | None]:
    """The status after these events, oldest first, and the event that decides it.

    A request without a response, or a load that Adverity may have begun itself, stays unknown until a later request is confirmed, the outcome is seen, or
    the user settles it. What was dispatched stays dispatched: a refusal of a later request does not take it back. That it was seen to be loaded only
    confirms that (``loaded_at``).
    """
    open_request = answer = refusal = None
    for event in events:
        if event.kind in (EventKind.INTENDED, EventKind.UNDER_WAY):
            open_request = event
        elif event.kind is EventKind.NOT_ARRIVED:
            open_request = None
        elif event.kind is EventKind.REFUSED:
            refusal = event
        elif event.kind is not EventKind.LOADED or answer is None or answer.kind is not EventKind.DISPATCHED:
            open_request, answer = None, event
        else:
            open_request = None
    if open_request is not None:
        return Status.UNKNOWN, open_request
    if answer is not None:
        return _STATUS_OF_ANSWER[answer.kind], answer
    if refusal is not None:
        return Status.REFUSED, refusal
    return Status.PENDING, None


def loaded_at(events: t.Iterable[Event]) -> str | None:
    """When it was recorded that Adverity shows an extract as loaded; None where nothing is recorded, or something was sent, or has failed, since."""
    at = None
    for event in events:
        if event.kind is EventKind.LOADED:
            at = event.at
        elif event.kind in (EventKind.INTENDED, EventKind.UNDER_WAY, EventKind.FAILED) or event.is_request:
            at = None
    return at
