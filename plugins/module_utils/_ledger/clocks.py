# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The clock of the API's responses, and that of ``updated``: how far they differ, and what a time then tells.
Pure.
"""

from __future__ import annotations

import typing as t

from .periods import Interval, Moment, interval


class Reading(t.NamedTuple):
    """A row of the list; each value is None where the API does not show it. ``clock``: of the response."""

    enabled: bool | None
    updated: str | None
    clock: str | None

    @property
    def tells_anything(self) -> bool:
        """Whether it shows the state, or the time of its last change."""
        return self.enabled is not None or self.updated is not None


class WriteTime(t.NamedTuple):
    """Within which moments an own write changed the binding (``end`` is None: until nobody knows when), and
    whether ``updated`` told it.
    """

    start: Moment
    end: Moment | None
    is_timed: bool

    @property
    def untimed(self) -> Interval | None:
        """The bounds of a write whose time no response told."""
        return None if self.is_timed or self.end is None else (self.start, self.end)


class Clocks:
    """How far the two clocks differ, at most, as far as rows and responses have shown it; in microseconds.

    ``_ahead``: by how much the clock of responses is ahead of ``updated``. ``_behind``: by how much it is
    behind: a row showed a change that was later than its own response.
    """

    def __init__(self) -> None:
        self._ahead = self._behind = 0

    def earliest(self, moment: Moment) -> Moment:
        """A moment of the clock of responses as ``updated`` would tell it, if it is early."""
        return moment - self._ahead

    def latest(self, moment: Moment) -> Moment:
        """The same, if it is late."""
        return moment + self._behind

    def take_ahead(self, difference: int) -> None:
        """Takes that the clock of responses may be ahead by so much."""
        self._ahead = max(self._ahead, difference)

    def compare(self, row: Reading) -> None:
        """A row cannot show a change that is later than itself: then the clock of responses is behind that of
        ``updated``.
        """
        if row.updated and row.clock and interval(row.updated)[0] >= interval(row.clock)[1]:
            self._behind = max(self._behind, interval(row.updated)[1] - interval(row.clock)[0])

    def time_of_write(self, updated: Interval, bounds: Interval | None) -> Interval:
        """When a write changed a binding whose response shows ``updated``. ``bounds``: between which
        responses, where they have a clock. If it lies elsewhere, the clocks differ, and either may be right.
        """
        if bounds is None or (updated[0] < bounds[1] and bounds[0] < updated[1]):
            return updated
        if updated[1] <= bounds[0]:
            self.take_ahead(bounds[1] - updated[0])
        else:
            self._behind = max(self._behind, updated[1] - bounds[0])
        return hull(updated, bounds)


def hull(first: Interval, second: Interval) -> Interval:
    """The interval from the start of the earlier to the end of the later one."""
    return min(first[0], second[0]), max(first[1], second[1])
