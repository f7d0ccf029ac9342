# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What is known of one binding over time, and so which extracts it loaded by itself. Pure: no clock, no network, no database.

A binding loads by itself what is fetched while it is enabled; the service tells only its present state and the time of its last change
(bindings guide). So every run notes what it saw, and until when that was certain: the ``Date`` of the service's answer. Where the last change is
another one than the ledger knows, nobody can say how the binding was between what was seen last and that change: this period is *unknown*.

Times are texts as the service writes them, in UTC. Two of them are compared at the precision of the coarser one.
"""

from __future__ import annotations

import typing as t

from .._spec import times

# Why a period is unknown.
OWN, INTERRUPTED, ELSEWHERE = "own", "interrupted", "elsewhere"

SAME_SECOND, UNDATED = "same second", "undated"

Period = tuple[str, t.Optional[str]]  # since and until; None: until now
UnknownPeriod = tuple[str, t.Optional[str], str]  # the same, and why
Window = tuple[t.Optional[str], t.Optional[str]]  # created_from and created_to, both included; None: no bound


class Doubt(t.NamedTuple):
    """Why nobody can know whether a binding loaded an extract: ``SAME_SECOND``, ``UNDATED``, or the reason of a period; and the period."""

    reason: str
    since: str | None = None
    until: str | None = None


class Record(t.NamedTuple):
    """What the ledger knows of a binding.

    ``enabled``: its state when it was last seen; ``updated``: its last change, then; ``seen``: the service's clock, then. ``writing``: the state that a
    run was about to write, as long as no answer is noted. ``plan``: the window of a backfill that is planned and not taken up;
    ``covered``: the window of which everything is dispatched or loaded by itself. ``known``: the ledger has planned or sent a backfill.
    """

    datastream_id: int | None = None
    enabled: bool | None = None
    updated: str | None = None
    seen: str | None = None
    writing: bool | None = None
    enabled_periods: tuple[Period, ...] = ()
    unknown_periods: tuple[UnknownPeriod, ...] = ()
    planned_at: str | None = None
    plan: Window | None = None
    covered: Window | None = None
    known: bool = False


def see(record: Record, enabled: bool | None, updated: str | None, seen: str | None, own: bool = False) -> Record:
    """The record after the service showed the binding. ``own``: as the answer to this run's own write.

    ``enabled`` and ``updated`` are None where the service does not tell them. Then nothing speaks of a change, but nothing is certain either.
    """
    told = times.readable(updated)
    # A write that was cut off may have arrived: where the service does not tell the state, nobody knows it.
    pending = record.writing is not None and record.writing != record.enabled
    known = None if pending else record.enabled
    was = not record.writing if pending else record.enabled
    interrupted = record.writing == enabled if enabled is not None else pending
    changed = told or (seen if own else None) or record.updated
    after = record._replace(enabled=known if enabled is None else enabled, updated=changed, writing=None)
    if record.updated is None and record.seen is None:
        since = told or seen
        return after._replace(seen=seen, enabled_periods=((since, None),) if enabled and since else ())
    # An earlier time than the one known is no new change: the answer to a write did not tell the time, and that of the answer was noted.
    same_time = told is None or (record.updated is not None and times.compare(told, record.updated) <= 0)
    flipped = enabled is not None and (enabled != record.enabled if own else was is not None and enabled != was)
    if own and not flipped and record.writing is None and record.enabled is not None:
        return after._replace(seen=seen or record.seen)  # written again because the list does not tell the state
    if same_time and not flipped:
        if told is None:
            return after._replace(writing=record.writing)
        if record.enabled is None and enabled and not _is_open(record):
            after = after._replace(enabled_periods=(*record.enabled_periods, (told, None)))
        # A write that was cut off may have changed the binding in the very second of the change that is known.
        certain = record.writing is None or enabled is not None
        return after._replace(seen=times.latest(seen, record.seen) if certain else record.seen, writing=record.writing)
    return _changed(record, after, enabled, told or seen, seen, OWN if own else INTERRUPTED if interrupted else ELSEWHERE)


def _changed(record: Record, after: Record, enabled: bool | None, change: str | None, seen: str | None, reason: str) -> Record:
    """The record after a change, the last of which was at ``change``. What was covered may have gaps now."""
    certain = record.seen or (record.updated if reason == ELSEWHERE else change) or record.updated
    periods = tuple((since, until or times.latest(certain, since)) for since, until in record.enabled_periods)
    unknown = tuple((since, until or change, why) for since, until, why in record.unknown_periods)
    order = -1 if certain is None or change is None else times.compare(certain, change)
    # In one second the state was certain until the change, unless a write that was cut off may have come before. Without a state, it is unknown since then.
    if certain and (order < 0 or (order == 0 and (enabled is None or _may_have_been_written(record)))):
        unknown += ((certain, None if enabled is None else change, reason),)
    if enabled and change:
        periods += ((change, None),)
    return after._replace(enabled=enabled, seen=seen, enabled_periods=periods, unknown_periods=unknown, covered=None)


def is_loaded(record: Record, created: str | None) -> bool | Doubt:
    """Whether the binding loaded an extract by itself that was created then; a Doubt where nobody can know."""
    unknown = record.unknown_periods
    if record.seen and _may_have_been_written(record):
        unknown = (*unknown, (record.seen, None, INTERRUPTED))
    if created is None:
        return Doubt(UNDATED) if record.enabled_periods or unknown else False
    for since, until, reason in unknown:
        after = times.compare(created, since)
        before = -1 if until is None else times.compare(created, until)
        if after >= 0 and before <= 0:
            return Doubt(reason, since, until)
    for since, until in record.enabled_periods:
        after = times.compare(created, since)
        before = -1 if until is None else times.compare(created, until)
        if after > 0 and before < 0:
            return True
        if (after == 0 and before <= 0) or (before == 0 and after > 0):
            return Doubt(SAME_SECOND, since if after == 0 else until, since if after == 0 else until)
    return False


def contains(outer: Window | None, inner: Window) -> bool:
    """Whether everything in the inner window is in the outer one."""
    if outer is None:
        return False
    starts = outer[0] is None or (inner[0] is not None and times.compare(outer[0], inner[0]) <= 0)
    ends = outer[1] is None or (inner[1] is not None and times.compare(inner[1], outer[1]) <= 0)
    return starts and ends


def planned(record: Record, window: Window, now: str) -> Record:
    """The record with a backfill planned for this window. A plan that reaches further stays."""
    if contains(record.plan, window):
        return record._replace(known=True)
    return record._replace(known=True, planned_at=now, plan=window)


def taken_up(record: Record, window: Window) -> Record:
    """The record once every extract of the window is written down as pending. A plan that reaches further stays."""
    if record.plan is not None and contains(window, record.plan):
        record = record._replace(planned_at=None, plan=None)
    return record._replace(known=True)


def sent_into(record: Record) -> Record:
    """The record while something is sent into the binding: its outcome may remain unknown, and then something of what was covered is missing."""
    return record._replace(covered=None)


def finished(record: Record, window: Window) -> Record:
    """The record once everything of the window is dispatched or loaded by itself."""
    return record._replace(known=True, covered=record.covered if contains(record.covered, window) else window)


def _may_have_been_written(record: Record) -> bool:
    """Whether a write was cut off, and the service does not tell the state: it may have arrived."""
    return record.writing is not None and record.enabled is None


def _is_open(record: Record) -> bool:
    return any(until is None for _since, until in record.enabled_periods)
