# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the ledger has as open and the API does not list now. Nothing is dropped from a plan because of one
reading.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._api import text
from .._ledger.ledger import Ledger
from .._ledger.rows import Entry
from .._ledger.status import UNLISTED, EventKind, Status
from .binding_warnings import entries_by_binding
from .decision import Choices, Pair
from .plan import Plan
from .select import Request

BY_USER = "recorded by the user"
_NEXT_STEPS = {  # by status, and by whether the options say what becomes of them
    (Status.PENDING, True): "They are recorded as refused.",
    (
        Status.PENDING,
        False,
    ): "They stay pending until they are listed. If they were deleted, set on_refused: skip.",
    (Status.UNKNOWN, False): (
        "They stay unknown until they are listed, or until on_unknown: dispatched records that they were"
        " loaded."
    ),
    (
        Status.FAILED,
        True,
    ): "They cannot be sent any more. The ledger records that, and later runs do not list them.",
    (Status.FAILED, False): (
        "They cannot be sent any more. If they were deleted, set on_failed: skip, which records that (in the role,"
        " deploy_destination_on_failed: warn)."
    ),
    (
        Status.REFUSED,
        True,
    ): "They cannot be sent any more. The ledger records that, and later runs do not list them.",
    (Status.REFUSED, False): (
        "They cannot be sent any more. If they were deleted, set on_refused: skip, which records that."
    ),
}
_EVENTS = {
    Status.PENDING: EventKind.REFUSED,
    Status.REFUSED: EventKind.REFUSED,
    Status.FAILED: EventKind.FAILED,
}
_STATUSES = (
    Status.PENDING,
    Status.UNKNOWN,
    Status.FAILED,
    Status.REFUSED,
)  # in the order in which they are named


@dataclasses.dataclass(frozen=True)
class Unlisted:
    """Entries of the ledger that a run does not find in the lists, by status: those that it selects, and those ``outside`` of that."""

    entries: t.Mapping[Status, t.Sequence[Entry]] = dataclasses.field(default_factory=dict)
    outside: t.Mapping[Status, t.Sequence[Entry]] = dataclasses.field(default_factory=dict)
    choices: Choices = dataclasses.field(default_factory=Choices)

    def warnings(self) -> list[str]:
        """What a user should know of them before anything is sent."""
        warnings = [
            f"Still {status.value}, but outside of what this run selects: {text.counted(len(entries), 'extract')}, {entries_by_binding(entries)}."
            for status, entries in self.outside.items()
            if entries
        ]
        for status, entries in self.entries.items():
            if entries:
                warnings += self._warnings_of(status, entries)
        return warnings

    def settle(self, ledger: Ledger) -> None:
        """Records what the options say of them."""
        for status, entries in self.entries.items():
            if not self._is_settled(status):
                continue
            if status is Status.UNKNOWN:
                ledger.record(EventKind.DISPATCHED, [entry._replace(reason=BY_USER) for entry in entries])
            else:
                ledger.record(_EVENTS[status], [entry._replace(reason=UNLISTED) for entry in entries])

    def unsettled_binding_ids(self) -> set[int]:
        """The bindings of which one stays open."""
        return {
            entry.binding_id
            for status, entries in self.entries.items()
            for entry in entries
            if not self._is_settled(status)
        }

    def unsettled_failed(self) -> list[Pair]:
        """The failed ones that stay open."""
        return [] if self._is_settled(Status.FAILED) else self._pairs(Status.FAILED)

    def settled(self) -> list[Pair]:
        """Those of which the options say what becomes of them."""
        return [pair for status in self.entries if self._is_settled(status) for pair in self._pairs(status)]

    def confirmed(self) -> list[Pair]:
        """Those of an unknown outcome that were dispatched, by the user's word."""
        return self._pairs(Status.UNKNOWN) if self._is_settled(Status.UNKNOWN) else []

    def _pairs(self, status: Status) -> list[Pair]:
        entries = self.entries.get(status, ())
        return [(entry.datastream_id, entry.binding_id, entry.extract_id) for entry in entries]

    def _is_settled(self, status: Status) -> bool:
        """Whether the options say what becomes of them. An unknown outcome is not settled by an extract that
        is not there.
        """
        if status is Status.UNKNOWN:
            return self.choices.on_unknown == "dispatched"
        return (
            self.choices.on_failed != "fail" if status is Status.FAILED else self.choices.on_refused == "skip"
        )

    def _warnings_of(self, status: Status, entries: t.Sequence[Entry]) -> list[str]:
        next_step = _NEXT_STEPS.get((status, self._is_settled(status)))
        if next_step is None:
            return []
        missing = f"{status.value.capitalize()}, but not in the API's list of extracts now"
        return [f"{missing}: {entries_by_binding(entries)}. {next_step}"]


def find(ledger: Ledger, plan: Plan, request: Request, binding_ids: list[int], choices: Choices) -> Unlisted:
    """What the ledger has as open for these bindings, without what the plan lists, and what is recorded as gone."""
    open_entries = plan.unlisted(
        [entry for entry in ledger.open_entries(binding_ids) if entry.reason != UNLISTED]
    )
    pending = plan.unlisted(ledger.pending_entries(binding_ids)) + _with_status(open_entries, Status.PENDING)
    found = {status: _with_status(open_entries, status) for status in _STATUSES}
    found[Status.PENDING] = pending
    selected, outside = (
        {
            status: [entry for entry in entries if request.would_list(entry) is is_selected]
            for status, entries in found.items()
        }
        for is_selected in (True, False)
    )
    return Unlisted(selected, outside, choices)


def _with_status(entries: list[Entry], status: Status) -> list[Entry]:
    return [entry for entry in entries if entry.status is status]
