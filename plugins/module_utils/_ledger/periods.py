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
- A change by this ledger happened between the last reading before it and its response. ``updated`` of the response tells when it began, if it is newer
  than the one known and lies in these bounds. If it is newer and lies elsewhere, the clocks differ, and either may be right. The state is certain from
  the response on: the time that it shows may be that of a change that somebody made just before.
- A time is known as precisely as it is written: ``10:05`` may be any moment of that minute. Where a binding is read for the first time within it, what
  comes between the reading and its end is *unknown*.

All times are in UTC. Inside, they are whole microseconds since the year 1, and a time as text is the interval in which it lies.
"""

from __future__ import annotations

import enum
import typing as t
from datetime import timedelta

from .._spec import times

Moment = int  # microseconds since the year 1
Interval = tuple[Moment, Moment]  # from the first moment to the one after the last

SECOND = 1_000_000


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
    MEANWHILE = "meanwhile"  # it was created shortly before the binding was enabled, and is loaded now
    UNKNOWN_LABEL = "unknown label"  # the same, and what its label means is not known
    REMADE = "remade"  # the assignment was made again, and the one before it was or may have been enabled
    UNREADABLE = "unreadable"  # the list in which it may be cannot be read, and the request names no binding
    ENABLED = "enabled"  # a binding of its datastream was enabled when it was created, and the request names no binding


# What only a look at the right time shows: a later run does not see it any more.
PASSING = (Reason.UNDER_WAY, Reason.MEANWHILE)


class Period(t.NamedTuple):
    """From ``since`` up to, and without, ``until``; None: until now."""

    since: Moment
    until: Moment | None
    state: State
    reason: Reason | None = None

    def overlaps(self, interval: Interval) -> bool:
        """Whether the interval has a moment of this period."""
        return self.since < interval[1] and (self.until is None or interval[0] < self.until)


def ended(periods: t.Sequence[Period], moment: Moment) -> list[Period]:
    """The periods with the open one ended; one that would be empty is dropped."""
    if not periods or periods[-1].until is not None:
        return list(periods)
    last = [periods[-1]._replace(until=moment)] if periods[-1].since < moment else []
    return [*periods[:-1], *last]


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


def first_periods(enabled: bool, changed: str, seen: Moment | None) -> list[Period]:
    """The periods of a binding that was never seen before. ``changed``: the time of its last change; ``seen``: when it was
    read. Until the end of ``changed``, as far as it is written, it is unknown which came first.
    """
    since = interval(changed)[1]
    if not enabled:
        return [Period(since, None, State.DISABLED)]
    unknown = [] if seen is None or seen >= since else [Period(seen, since, State.UNKNOWN, Reason.ELSEWHERE)]
    return [*unknown, Period(since, None, State.ENABLED)]


def show(moment: Moment) -> str:
    """A moment as the API writes times; fractions of a second only where there are any."""
    return times.show(times.YEAR_1 + timedelta(microseconds=moment))


def was_loaded(
    periods: t.Sequence[Period], created: Interval | None, shown: str | None = None
) -> bool | Uncertainty:
    """Whether a binding with these periods loaded an extract automatically that was created then; an Uncertainty where nobody can know."""
    if created is None:
        return (
            Uncertainty(Reason.UNDATED)
            if any(period.state is not State.DISABLED for period in periods)
            else False
        )
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
