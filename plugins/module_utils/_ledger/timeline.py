# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The periods of a binding, built from what was seen of it and written to it. Pure. The rules stand in
``periods.py``.
"""

from __future__ import annotations

import math

from .._spec import times
from .clocks import Clocks, Reading, WriteTime, hull
from .periods import SECOND, Interval, Moment, Period, Reason, State, ended, first_periods, interval

MAX_LAG = 60 * SECOND  # by which a list may be behind a write that was interrupted


class Timeline:
    """The periods of a binding, built from what was seen of it and written to it, in that order.

    ``enabled`` and ``updated``: its state and the time of its last change, as far as they are known.
    ``change_count``: how many changes were noticed. ``initial``: whether it was enabled when it was first
    seen (``began_enabled``), and no change was noticed since. ``pending_write``: a state that was about to be
    written, as long as it is unknown whether it was.
    """

    def __init__(self) -> None:
        self.enabled: bool | None = None
        self.updated: str | None = None
        self.change_count = 0
        self.initial = self.began_enabled = False
        self.pending_write: bool | None = None
        self.periods: list[Period] = []
        self._seen = False
        self._told = False  # whether the last row told anything
        self._readings: list[Moment] = []  # clocks of the readings since the last change
        self._clocks = Clocks()
        self._write_clock: str | None = None
        self._written_at: Moment | None = None  # the clock of the response to the last own write
        # The clock before an earlier write of which it is unknown whether it was executed.
        self._interrupted_at: Moment | None = None
        # Bounds of the last change, if it was an own write whose time no response told, and whether it changed the state.
        self._untimed: Interval | None = None
        self._untimed_flip = False

    def observe(self, row: Reading) -> None:
        """Takes a row of the list."""
        if not self._seen:
            self._begin(row)
            return
        order = self._compare(row.updated)
        if order < 0:
            self._told = False  # a stale row: somebody may have changed the binding since
            return
        self._told = row.tells_anything
        self._clocks.compare(row)
        if self._disproves_write(row, order):
            self.pending_write = None
        if order > 0 and row.updated:
            self._observe_change(row.enabled, row.updated, row.clock)
        elif row.enabled is not None and self._shows_flip(row):
            self._observe_flip(row.enabled, row.clock, is_certain=not self._may_lag(row.clock))
        elif self._told:
            self._observe_same(row)

    def begin_write(self, enabled: bool, clock: str | None) -> None:
        """Takes that a write is about to be sent. ``clock``: that of the last response before it."""
        if self.pending_write is not None and self._interrupted_at is None:
            self._interrupted_at = self._before_write()
        self.pending_write, self._write_clock = enabled, clock

    def confirm_write(
        self, enabled: bool, updated: str | None, clock: str | None, seconds: float | None
    ) -> None:
        """Takes the response to the write. ``seconds``: how long before it, at most, the binding was read
        last.
        """
        written = self._time_of_write(updated, clock)
        certain = self._certain_before_change(written, seconds)
        unchanged = enabled is self.enabled and self._interrupted_at is None
        if self._interrupted_at is not None:
            certain = min(certain, self._interrupted_at)
        self._interrupted_at = None
        self._seen, self.pending_write, self._write_clock = True, None, None
        self._written_at = interval(clock)[0] if clock else None
        if updated and self._compare(updated) > 0:
            self.updated = updated
        if not unchanged:
            self._change(enabled, certain, written.end, Reason.OWN)
        self._untimed, self._untimed_flip = written.untimed, not unchanged
        self._read_at(clock)

    def clip_initial(self, clock: str | None) -> None:
        """Takes that a run begins to send into a binding that was enabled when it was first seen: what is loaded
        automatically counts from now on."""
        if not self.initial:
            return
        self.initial = False
        if clock is None:
            self.periods = [Period(self.periods[0].since, None, State.UNKNOWN, Reason.NO_CLOCK)]
            return
        counted_since = self._clocks.earliest(interval(clock)[0])
        self.periods = [
            period._replace(since=max(period.since, counted_since))
            for period in self.periods
            if period.until is None or period.until > counted_since
        ]

    def finished(self) -> tuple[Period, ...]:
        """The periods, when nothing more is known. A write without a response may have arrived, unless a
        later row showed the state.
        """
        if self.pending_write is None or (
            self.pending_write is self.enabled and self._interrupted_at is None
        ):
            return tuple(self.periods)
        certain = self._certain_until()
        return (*ended(self.periods, certain), Period(certain, None, State.UNKNOWN, Reason.INTERRUPTED))

    def removed(self) -> tuple[Period, ...]:
        """The periods of a binding that was removed at some time after the last reading."""
        certain = self._last_certain()
        if self.pending_write is not None:
            certain = min(certain, self._certain_until())
        known = ended(self.periods, certain)
        since = known[-1].until if known else None
        return (*known, Period(certain if since is None else since, None, State.UNKNOWN, Reason.ELSEWHERE))

    def _begin(self, row: Reading) -> None:
        """Takes the first row."""
        self._seen, self.enabled, self.updated = True, row.enabled, row.updated
        self._told = row.tells_anything
        self._clocks.compare(row)
        start = row.updated or row.clock
        if row.enabled is not None and start:
            self.periods = first_periods(row.enabled, start, interval(row.clock)[0] if row.clock else None)
        elif row.enabled:
            self.periods = [Period(0, None, State.UNKNOWN, Reason.NO_CLOCK)]
        self.initial = self.began_enabled = row.enabled is True
        if self._told:
            self._read_at(row.clock)

    def _compare(self, updated: str | None) -> int:
        """-1 where this time of the last change is older than the one known, 0 where it is equal, else 1."""
        if updated is None or self.updated is None:
            return 1 if updated else 0
        return times.compare(updated, self.updated)

    def _disproves_write(self, row: Reading, order: int) -> bool:
        """Whether a row shows that the pending write was not executed. A row without a change may lag behind
        a write that was sent just before. ``order``: that of its ``updated``, see ``_compare``.
        """
        if self.pending_write is None or order > 0 or row.enabled is self.pending_write:
            return False  # no write, or a change, which is looked at next
        if not row.tells_anything or row.clock is None or self._write_clock is None:
            return False
        return interval(row.clock)[0] - interval(self._write_clock)[0] >= MAX_LAG

    def _shows_flip(self, row: Reading) -> bool:
        """Whether a row shows another state, or the first one after the state was unknown. As long as nothing of it counts, the
        state at first sight is none that was unknown.
        """
        is_first_known = self._is_unknown() and not self.initial and row.clock is not None
        return row.enabled is not self.enabled or is_first_known

    def _observe_change(self, enabled: bool | None, updated: str, clock: str | None) -> None:
        """A row with a newer time: the last of one or more changes was then."""
        first, last = interval(updated)
        is_own = self._is_time_of_write(enabled, first)
        untimed, self._untimed = self._untimed, None
        if untimed is not None and is_own:
            self._widen_write(untimed, first, last)
            self.updated = updated
            self._read_at(clock)
            return
        same_state = enabled is None or enabled is self.enabled
        # The first time that is told at all may be older than the first reading.
        first_time = (
            self.updated is None
            and self.change_count == 0
            and same_state
            and bool(self._readings)
            and last <= self._readings[0]
        )
        if not first_time:
            interrupted = self.pending_write is not None and enabled in (None, self.pending_write)
            self._change(
                enabled,
                self._certain_before(first),
                last,
                Reason.INTERRUPTED if interrupted else Reason.ELSEWHERE,
            )
        self.updated = updated
        self._read_at(clock)

    def _is_time_of_write(self, enabled: bool | None, first: Moment) -> bool:
        """Whether a row with a newer time, from ``first``, shows when the last own write was. A later time may be that of a change
        by somebody else, and then a row without the state does not tell what it is now.
        """
        if self._untimed is None:
            return False
        return first < self._untimed[1] if enabled is None else enabled is self.enabled

    def _observe_same(self, row: Reading) -> None:
        """A row that shows no change. After an own write that changed the state, it shows that the write was
        at the time already known, as far as times are written.
        """
        if row.updated and row.enabled is not None and self._untimed and self._untimed_flip:
            untimed, self._untimed = self._untimed, None
            first, last = interval(row.updated)
            if untimed[0] - last < MAX_LAG:  # otherwise writes do not change "updated"
                self._widen_write(untimed, first, last)
        self._read_at(row.clock)

    def _widen_write(self, bounds: Interval, first: Moment, last: Moment) -> None:
        """The time of an own write is told by a later row: as far as it lies outside of the bounds, nobody
        knows which clock is right.
        """
        if last <= bounds[0]:
            self._clocks.take_ahead(bounds[1] - first)
        if first >= bounds[1]:
            self.change_count += 1  # perhaps it is the time of a change by somebody else
        state = self.periods.pop()
        since = state.since
        if self.periods and self.periods[-1].state is State.UNKNOWN:
            since = self.periods.pop().since
        since = min(since, first)
        while self.periods and self.periods[-1].since >= since:
            self.periods.pop()
        if self.periods:
            self.periods[-1] = self.periods[-1]._replace(until=since)
        changed = max(state.since, last)
        self.periods += [Period(since, changed, State.UNKNOWN, Reason.OWN), state._replace(since=changed)]

    def _may_lag(self, clock: str | None) -> bool:
        """Whether a list that was read then may be behind a write of this ledger."""
        return (
            clock is not None
            and self._written_at is not None
            and interval(clock)[0] - self._written_at < MAX_LAG
        )

    def _observe_flip(self, enabled: bool, clock: str | None, is_certain: bool) -> None:
        """A row with another state, or the first one after the state was unknown, and no newer time that
        would tell since when.
        """
        if self.enabled is None and not self._is_unknown():
            self.enabled = enabled  # the rows before it did not show the state
            if enabled and self.updated:
                self.periods = first_periods(True, self.updated, min(self._readings, default=None))
            elif enabled:
                self.periods = [Period(0, None, State.UNKNOWN, Reason.ELSEWHERE)]
        else:
            reason = Reason.INTERRUPTED if self.pending_write is enabled else Reason.ELSEWHERE
            self._change(
                enabled,
                self._last_certain(),
                self._clocks.latest(interval(clock)[1]) if clock and is_certain else None,
                reason,
            )
        if is_certain:
            self._read_at(clock)

    def _time_of_write(self, updated: str | None, clock: str | None) -> WriteTime:
        """When an own write changed the binding. ``updated`` and ``clock``: of the response to it."""
        shown = interval(updated) if updated else None
        bounds = (interval(self._write_clock)[0], interval(clock)[1]) if self._write_clock and clock else None
        if shown and self._compare(updated) > 0:
            start, end = self._clocks.time_of_write(shown, bounds)
            if clock:  # it may be the time of a change that somebody made just before the write
                end = max(end, self._clocks.latest(interval(clock)[1]))
            return WriteTime(start, end, True)
        if bounds is None:
            return WriteTime(
                self._last_certain(), self._clocks.latest(interval(clock)[1]) if clock else None, False
            )
        corrected = self._clocks.earliest(bounds[0]), self._clocks.latest(bounds[1])
        if shown and corrected[0] < shown[1]:
            return WriteTime(*hull(shown, corrected), False)  # perhaps the time of the change before
        return WriteTime(*corrected, False)

    def _certain_before_change(self, written: WriteTime, seconds: float | None) -> Moment:
        """Until when the state before an own write is certain. ``seconds``: how long before its response, at
        most, the binding was read last.
        """
        if written.is_timed and seconds is not None and self._told:
            return written.start - math.ceil(seconds * SECOND)
        if written.is_timed or not self._readings:
            return self._certain_before(written.start)
        return written.start

    def _change(self, enabled: bool | None, certain: Moment, changed: Moment | None, reason: Reason) -> None:
        """The state so far was certain until ``certain``, is unknown until ``changed`` (None: nobody knows
        when), and is ``enabled`` from then on.
        """
        since = certain
        if self._is_unknown():
            since = self.periods.pop().since
        else:
            self.periods = ended(self.periods, certain)
        if self.periods and self.periods[-1].until is not None:
            since = max(since, self.periods[-1].until)
            if self.periods[-1] == Period(self.periods[-1].since, since, State.UNKNOWN, reason):
                since = self.periods.pop().since
        self.enabled, self.initial, self.pending_write, self._readings = enabled, False, None, []
        self._untimed = None
        self.change_count += 1
        if enabled is None or changed is None:
            self.periods.append(Period(since, None, State.UNKNOWN, reason))
            return
        if since < changed:
            self.periods.append(Period(since, changed, State.UNKNOWN, reason))
        self.periods.append(Period(max(changed, since), None, State.ENABLED if enabled else State.DISABLED))

    def _is_unknown(self) -> bool:
        return (
            bool(self.periods) and self.periods[-1].until is None and self.periods[-1].state is State.UNKNOWN
        )

    def _read_at(self, clock: str | None) -> None:
        if clock is not None:
            self._readings.append(interval(clock)[0])

    def _before_write(self) -> Moment:
        """The latest moment that is certainly before the pending write."""
        return (
            self._last_certain()
            if self._write_clock is None
            else self._clocks.earliest(interval(self._write_clock)[0])
        )

    def _certain_until(self) -> Moment:
        """The latest moment that is certainly before the pending write, and before one of which it is unknown
        whether it was executed.
        """
        return self._before_write() if self._interrupted_at is None else self._interrupted_at

    def _last_certain(self) -> Moment:
        """The latest moment at which the present state was read; the time of the last change, where no
        reading has a clock.
        """
        known = [self._clocks.earliest(reading) for reading in self._readings]
        return max([*known, interval(self.updated)[0] if self.updated else 0])

    def _certain_before(self, moment: Moment) -> Moment:
        """The same, up to ``moment``. Without any, it is the moment itself: nothing is known of the time
        before.
        """
        known = [self._clocks.earliest(reading) for reading in self._readings]
        if self.updated:
            known.append(interval(self.updated)[0])  # a reading is no earlier than the change that it showed
        return max((each for each in known if each <= moment), default=moment)
