# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When a binding was enabled, derived from what was seen of it and written to it. Pure: no clock, no network, no database.

A binding loads automatically what is fetched while it is enabled. The API shows its present state and the time of its last change, so that what was
before is known only as far as somebody looked. The rules:

- A row with an older ``updated`` than one already known is stale: it proves nothing.
- A state that was read is certain until the time of the reading, as far as the clocks of the response and of ``updated`` agree. The next change that
  shows began at some time after it: what lies between is *unknown*.
- A change by this ledger happened between the last reading before it and its response. ``updated`` of the response tells when, if it is newer than the
  one known and lies in these bounds. If it is newer and lies elsewhere, the clocks differ, and either may be right.
- A time is known as precisely as it is written: ``10:05`` may be any moment of that minute.

All times are in UTC. Inside, they are whole microseconds since the year 1, and a time as text is the interval in which it lies.
"""

from __future__ import annotations

import enum
import math
import typing as t
from datetime import timedelta

from .._spec import times

Moment = int  # microseconds since the year 1
Interval = tuple[Moment, Moment]  # from the first moment to the one after the last

SECOND = 1_000_000
MAX_LAG = 60 * SECOND  # by which a list may be behind a write that was interrupted


class State(enum.Enum):
    """What is known of a binding in a period."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    UNKNOWN = "unknown"


class Reason(str, enum.Enum):
    """Why it is unknown whether a binding loaded an extract automatically."""

    OWN = "own"  # a run was enabling or disabling the binding
    INTERRUPTED = "interrupted"  # the same, and the run was interrupted
    ELSEWHERE = "elsewhere"  # somebody else changed the binding
    SAME_SECOND = "same second"  # created at the time of the change, as far as times are told
    UNDATED = "undated"  # the API does not show when it was created
    NO_CLOCK = "no clock"  # the API did not show when the binding was read
    UNDER_WAY = "under way"  # Adverity is processing it, without a request of this ledger
    REMADE = "remade"  # the assignment was made again, and the one before it was or may have been enabled
    UNREADABLE = "unreadable"  # the list in which it may be cannot be read, and the request names no binding
    ENABLED = "enabled"  # a binding of its datastream was enabled when it was created, and the request names no binding


class Period(t.NamedTuple):
    """From ``since`` up to, and without, ``until``; None: until now."""

    since: Moment
    until: Moment | None
    state: State
    reason: Reason | None = None

    def overlaps(self, interval: Interval) -> bool:
        """Whether the interval has a moment of this period."""
        return self.since < interval[1] and (self.until is None or interval[0] < self.until)


class Uncertainty(t.NamedTuple):
    """Why it is unknown whether an extract was loaded; with the period, where there is one."""

    reason: str
    since: str | None = None
    until: str | None = None


def interval(text: str) -> Interval:
    """The interval in which a time lies. Raises ValueError."""
    time = times.parse_precise(text)
    if time is None:
        raise ValueError(f"{text!r} is not a time")
    first = (time.moment - times.YEAR_1) // times.FINEST
    return first, first + time.precision // times.FINEST


def show(moment: Moment) -> str:
    """A moment as the API writes times; fractions of a second only where there are any."""
    return times.show(times.YEAR_1 + timedelta(microseconds=moment))


def was_loaded(periods: t.Sequence[Period], created: Interval | None, shown: str | None = None) -> bool | Uncertainty:
    """Whether a binding with these periods loaded an extract automatically that was created then; an Uncertainty where nobody can know."""
    if created is None:
        return Uncertainty(Reason.UNDATED) if any(period.state is not State.DISABLED for period in periods) else False
    states = set()
    for period in periods:
        if period.overlaps(created):
            if period.state is State.UNKNOWN:
                since, until = (show(moment) if moment else None for moment in (period.since, period.until))
                return Uncertainty(period.reason or Reason.ELSEWHERE, since, until)
            states.add(period.state)
    if len(states) > 1 or (State.ENABLED in states and created[0] < periods[0].since):
        return Uncertainty(Reason.SAME_SECOND, shown, shown)
    return State.ENABLED in states


def _ended(periods: t.Sequence[Period], moment: Moment) -> list[Period]:
    """The periods with the open one ended; one that would be empty is dropped."""
    if not periods or periods[-1].until is not None:
        return list(periods)
    last = [periods[-1]._replace(until=moment)] if periods[-1].since < moment else []
    return [*periods[:-1], *last]


class Timeline:
    """The periods of a binding, built from what was seen of it and written to it, in that order.

    ``enabled`` and ``updated``: its state and the time of its last change, as far as they are known. ``change_count``: how many changes were noticed.
    ``initial``: whether it was enabled when it was first seen (``began_enabled``), and no change was noticed since. ``pending_write``: a state that was
    about to be written, as long as it is unknown whether it was.
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
        self._clock_ahead = 0  # by how much the clock of responses is ahead of ``updated``, at most
        self._clock_behind = 0  # by how much it is behind: a row showed a change that was later than its own response
        self._write_clock: str | None = None
        self._written_at: Moment | None = None  # the clock of the response to the last own write
        self._interrupted_at: Moment | None = None  # the clock before an earlier write of which it is unknown whether it was executed
        self._untimed: Interval | None = None  # bounds of the last own change whose time no response told

    def observe(self, enabled: bool | None, updated: str | None, clock: str | None) -> None:
        """Takes a row of the list. Each value is None where the API does not show it."""
        if not self._seen:
            self._begin(enabled, updated, clock)
            return
        news = self._compare(updated)
        if news < 0:
            self._told = False  # a stale row: somebody may have changed the binding since the one that it shows
            return
        self._told = enabled is not None or updated is not None
        self._compare_clocks(updated, clock)
        if self.pending_write is not None and self._shows_no_write(news, enabled, clock):
            self.pending_write = None
        if news > 0 and updated:
            self._observe_change(enabled, updated, clock)
        elif enabled is not None and (enabled is not self.enabled or (self._is_unknown() and clock is not None)):
            self._observe_flip(enabled, clock, updated is not None or not self._may_lag(clock))
        elif self._told:
            self._read_at(clock)

    def begin_write(self, enabled: bool, clock: str | None) -> None:
        """Takes that a write is about to be sent. ``clock``: that of the last response before it."""
        if self.pending_write is not None and self._interrupted_at is None:
            self._interrupted_at = self._before_write()
        self.pending_write, self._write_clock = enabled, clock

    def confirm_write(self, enabled: bool, updated: str | None, clock: str | None, seconds: float | None) -> None:
        """Takes the response to the write. ``seconds``: how long before it, at most, the binding was read last."""
        start, end, timed = self._time_of_write(updated, clock)
        interrupted, self._interrupted_at = self._interrupted_at, None
        certain = start
        if timed and seconds is not None and self._told:
            certain = start - math.ceil(seconds * SECOND)
        elif timed or not self._readings:
            certain = self._certain_before(start)
        unchanged = enabled is self.enabled and interrupted is None
        self._seen, self.pending_write, self._write_clock = True, None, None
        self._written_at = interval(clock)[0] if clock else None
        self._untimed = None if timed or end is None else (start, end)
        if updated and self._compare(updated) > 0:
            self.updated = updated
        if not unchanged:
            self._change(enabled, certain if interrupted is None else min(certain, interrupted), end, Reason.OWN)
        self._read_at(clock)

    def clip_initial(self, clock: str | None) -> None:
        """Takes that a run begins to send into a binding that was enabled when it was first seen: what is loaded automatically counts from now on."""
        if not self.initial:
            return
        self.initial = False
        period = self.periods[-1]
        if clock is None:
            self.periods[-1] = period._replace(state=State.UNKNOWN, reason=Reason.NO_CLOCK)
        else:
            self.periods[-1] = period._replace(since=max(period.since, interval(clock)[0] - self._clock_ahead))

    def finished(self) -> tuple[Period, ...]:
        """The periods, when nothing more is known. A write without a response may have arrived, unless a later row showed the state."""
        if self.pending_write is None or (self.pending_write is self.enabled and self._interrupted_at is None):
            return tuple(self.periods)
        certain = self._certain_until()
        return (*_ended(self.periods, certain), Period(certain, None, State.UNKNOWN, Reason.INTERRUPTED))

    def removed(self) -> tuple[Period, ...]:
        """The periods of a binding that was removed at some time after the last reading."""
        certain = min(self._last_certain(), self._certain_until()) if self.pending_write is not None else self._last_certain()
        ended = _ended(self.periods, certain)
        since = ended[-1].until if ended else None
        return (*ended, Period(certain if since is None else since, None, State.UNKNOWN, Reason.ELSEWHERE))

    def _begin(self, enabled: bool | None, updated: str | None, clock: str | None) -> None:
        self._seen, self.enabled, self.updated = True, enabled, updated
        self._told = enabled is not None or updated is not None
        self._compare_clocks(updated, clock)
        start = updated or clock
        if enabled is not None and start:
            self.periods = [Period(interval(start)[1], None, State.ENABLED if enabled else State.DISABLED)]
        self.initial = self.began_enabled = enabled is True and bool(self.periods)
        if self._told:
            self._read_at(clock)

    def _compare_clocks(self, updated: str | None, clock: str | None) -> None:
        """A row cannot show a change that is later than itself: then the clock of responses is behind that of ``updated``."""
        if updated and clock and interval(updated)[0] >= interval(clock)[1]:
            self._clock_behind = max(self._clock_behind, interval(updated)[1] - interval(clock)[0])

    def _compare(self, updated: str | None) -> int:
        """Whether this time of the last change is older (-1), the same (0) or newer (1) than the one known."""
        if updated is None or self.updated is None:
            return 1 if updated else 0
        return times.compare(updated, self.updated)

    def _shows_no_write(self, news: int, enabled: bool | None, clock: str | None) -> bool:
        """Whether a row shows what became of the pending write. A row that shows no change may lag behind a write that was sent just before."""
        if news > 0 or enabled is self.pending_write:
            return False  # that is a change, which is looked at next
        if not self._told or clock is None or self._write_clock is None:
            return False
        return interval(clock)[0] - interval(self._write_clock)[0] >= MAX_LAG

    def _observe_change(self, enabled: bool | None, updated: str, clock: str | None) -> None:
        """A row with a newer time: the last of one or more changes was then."""
        first, last = interval(updated)
        untimed, self._untimed = self._untimed, None
        same_state = enabled is None or enabled is self.enabled
        if untimed is not None and same_state:
            self._widen_write(untimed, first, last)
            self.updated = updated
            self._read_at(clock)
            return
        # The first time that is told at all may be older than the first reading.
        first_time = self.updated is None and self.change_count == 0 and same_state and bool(self._readings) and last <= self._readings[0]
        if not first_time:
            interrupted = self.pending_write is not None and enabled in (None, self.pending_write)
            self._change(enabled, self._certain_before(first), last, Reason.INTERRUPTED if interrupted else Reason.ELSEWHERE)
        self.updated = updated
        self._read_at(clock)

    def _widen_write(self, bounds: Interval, first: Moment, last: Moment) -> None:
        """The time of an own write is told by a later row: as far as it lies outside of the bounds, nobody knows which clock is right."""
        if last <= bounds[0]:
            self._clock_ahead = max(self._clock_ahead, bounds[1] - first)
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
        return clock is not None and self._written_at is not None and interval(clock)[0] - self._written_at < MAX_LAG

    def _observe_flip(self, enabled: bool, clock: str | None, is_certain: bool) -> None:
        """A row with another state, or the first one after the state was unknown, and no newer time that would tell since when."""
        if self.enabled is None and not self._is_unknown():
            self.enabled = enabled  # the rows before it did not show the state
            if enabled and self.updated:
                self.periods.append(Period(interval(self.updated)[1], None, State.ENABLED))
        else:
            reason = Reason.INTERRUPTED if self.pending_write is enabled else Reason.ELSEWHERE
            self._change(enabled, self._last_certain(), interval(clock)[1] + self._clock_behind if clock and is_certain else None, reason)
        if is_certain:
            self._read_at(clock)

    def _time_of_write(self, updated: str | None, clock: str | None) -> tuple[Moment, Moment | None, bool]:
        """Within which moments an own write changed the binding (None: until nobody knows when), and whether ``updated`` told it."""
        bounds = (interval(self._write_clock)[0], interval(clock)[1]) if self._write_clock and clock else None
        told = interval(updated) if updated else None
        if told and self._compare(updated) > 0:
            if bounds is None or (told[0] < bounds[1] and bounds[0] < told[1]):
                return (*told, True)
            if told[1] <= bounds[0]:
                self._clock_ahead = max(self._clock_ahead, bounds[1] - told[0])
            else:
                self._clock_behind = max(self._clock_behind, told[1] - bounds[0])
            return min(told[0], bounds[0]), max(told[1], bounds[1]), True
        if bounds is None:
            return self._last_certain(), interval(clock)[1] + self._clock_behind if clock else None, False
        start, end = bounds[0] - self._clock_ahead, bounds[1] + self._clock_behind
        if told and start < told[1]:
            return min(told[0], start), max(told[1], end), False  # perhaps the time of the change before
        return start, end, False

    def _change(self, enabled: bool | None, certain: Moment, changed: Moment | None, reason: Reason) -> None:
        """The state so far was certain until ``certain``, is unknown until ``changed`` (None: nobody knows when), and is ``enabled`` from then on."""
        since = certain
        if self._is_unknown():
            since = self.periods.pop().since
        else:
            self.periods = _ended(self.periods, certain)
        if self.periods and self.periods[-1].until is not None:
            since = max(since, self.periods[-1].until)
        self.enabled, self.initial, self.pending_write, self._readings = enabled, False, None, []
        self.change_count += 1
        if enabled is None or changed is None:
            self.periods.append(Period(since, None, State.UNKNOWN, reason))
            return
        if since < changed:
            self.periods.append(Period(since, changed, State.UNKNOWN, reason))
        self.periods.append(Period(max(changed, since), None, State.ENABLED if enabled else State.DISABLED))

    def _is_unknown(self) -> bool:
        return bool(self.periods) and self.periods[-1].until is None and self.periods[-1].state is State.UNKNOWN

    def _read_at(self, clock: str | None) -> None:
        if clock is not None:
            self._readings.append(interval(clock)[0])

    def _before_write(self) -> Moment:
        """The latest moment that is certainly before the pending write."""
        return self._last_certain() if self._write_clock is None else interval(self._write_clock)[0] - self._clock_ahead

    def _certain_until(self) -> Moment:
        """The latest moment that is certainly before the pending write, and before one of which it is unknown whether it was executed."""
        return self._before_write() if self._interrupted_at is None else self._interrupted_at

    def _last_certain(self) -> Moment:
        """The latest moment at which the present state was read; the time of the last change, where no reading has a clock."""
        known = [reading - self._clock_ahead for reading in self._readings]
        return max([*known, interval(self.updated)[0] if self.updated else 0])

    def _certain_before(self, moment: Moment) -> Moment:
        """The same, up to ``moment``. Without any, it is the moment itself: nothing is known of the time before."""
        known = [reading - self._clock_ahead for reading in self._readings]
        if self.updated:
            known.append(interval(self.updated)[0])  # a reading is no earlier than the change that it showed
        return max((each for each in known if each <= moment), default=moment)
