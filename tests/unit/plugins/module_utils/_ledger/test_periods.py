# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a binding was enabled, from what was seen of it. Times are seconds of one minute: ``at(5)`` is 10:00:05."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import (
    BindingFact,
    BindingHistory,
    FactKind,
    contains,
    redundant_fact,
)
from ansible_collections.adverity.management.plugins.module_utils._ledger.periods import Reason, Uncertainty, interval


def at(second):
    """A time within an hour, as the API writes it."""
    return None if second is None else f"2026-03-01T{10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


def row(enabled, updated, clock):
    return BindingFact(FactKind.ROW, enabled=enabled, updated=at(updated), clock=at(clock))


def write(enabled, clock):
    return BindingFact(FactKind.WRITE, enabled=enabled, clock=at(clock))


def answer(enabled, updated, clock):
    return BindingFact(FactKind.ANSWER, enabled=enabled, updated=at(updated), clock=at(clock), seconds=1.0)


def backfill(kind, clock=None, window=(None, None)):
    return BindingFact(FactKind(kind), at=at(0), clock=at(clock), window=window)


def reasons(found):
    """True (loaded automatically), False, or the reason why that is unknown."""
    return [each.reason if isinstance(each, Uncertainty) else each for each in found]


NO_CLOCK, OWN, ELSEWHERE, INTERRUPTED = Reason.NO_CLOCK, Reason.OWN, Reason.ELSEWHERE, Reason.INTERRUPTED
DISABLED, SEEN = row(False, 0, 100), row(True, 0, 100)
ENABLING = [DISABLED, write(True, 100), answer(True, 101, 101)]  # read at 100, enabled at 101
UNTIMED = [row(False, None, 100), write(True, 100), answer(True, 101, 101)]
AGAIN = [row(False, 100, 100), write(True, 100), answer(True, 100, 100), row(False, 100, 101)]  # written in the second of the change before
DISABLING = [write(False, 200), answer(False, 201, 201)]
AHEAD = [row(False, 0, 104), write(True, 104), answer(True, 100, 105)]  # the clock of the responses, by 5 s (A6)
STALE = [row(True, 101, 210), row(True, 101, 220), row(False, 201, 230)]
NO_STATE = [row(None, None, 100), write(True, 100)]
MINUTE = BindingFact(FactKind.ROW, enabled=True, updated="2026-03-01T10:01Z", clock=at(70))


@pytest.mark.parametrize(
    ("facts", "seconds", "expected"),
    [
        ([], [50], [False]),
        ([DISABLED], [50, 99, 150], [False, False, False]),
        # Enabled, and read for the first time in the second, or in the minute, in which it was changed.
        ([row(True, 100, 100), backfill("listed", 100)], [99, 100, 101], [False, ELSEWHERE, True]),
        ([MINUTE, backfill("listed", 80)], [70, 80, 119, 120], [False, *[ELSEWHERE] * 2, True]),
        ([MINUTE, backfill("listed", 130)], [80, 129, 130], [False, False, True]),
        ([MINUTE, backfill("listed")], [69, 80, 130], [False, *[NO_CLOCK] * 2]),
        # Enabled when it was seen first, and nothing tells since when, or when that was.
        ([row(True, None, None), row(True, None, 100)], [50, 150], [False, False]),
        ([row(True, None, None), backfill("listed")], [50, 300], [NO_CLOCK, NO_CLOCK]),
        ([row(True, None, None), row(True, None, 90), backfill("listed", 100)], [99, 300], [False, NO_CLOCK]),
        ([row(True, None, None), backfill("listed", 100), row(True, None, 200)], [99, 150, 250], [False, ELSEWHERE, True]),
        ([row(None, None, 100), row(True, None, 200)], [50, 250], [ELSEWHERE, ELSEWHERE]),
        ([row(None, None, 100), row(True, None, 200), row(True, None, 300)], [250, 301], [ELSEWHERE, True]),
        # An own write: unknown from the last reading before it to the second of the change.
        (ENABLING, [50, 99, 100, 101, 102, 300], [False, False, OWN, OWN, True, True]),
        ([*ENABLING, row(True, 101, 200)], [150, 250], [True, True]),
        ([*ENABLING, write(True, 200), answer(True, 201, 201)], [150, 200, 201, 250], [True] * 4),  # once more: nothing changes
        ([row(False, 0, 70), write(True, 70), MINUTE._replace(kind=FactKind.ANSWER, seconds=1.0)], [58, 60, 119, 120], [False, OWN, OWN, True]),
        ([*ENABLING, *DISABLING], [102, 198, 200, 201, 202], [True, True, OWN, OWN, False]),
        # The response has the time of before (A4): the change is between the clocks of the responses.
        ([DISABLED, write(True, 100), answer(True, 0, 101)], [50, 99, 100, 101, 102], [False, False, OWN, OWN, True]),
        ([DISABLED, write(True, 100), answer(True, 0, 101), row(True, 101, 200)], [99, 101, 102, 250], [False, OWN, True, True]),
        # It has none.
        ([DISABLED, write(True, 100), answer(True, None, 101)], [99, 100, 101, 102], [False, OWN, OWN, True]),
        ([DISABLED, write(True, 100), answer(True, None, 101), row(None, 101, 200)], [99, 100, 102, 250], [False, OWN, True, True]),
        # The clock of the responses is ahead, also when somebody else changes the binding.
        (AHEAD, [98, 99, 100, 105, 106], [False, OWN, OWN, OWN, True]),
        ([*AHEAD, row(True, 103, 300)], [98, 102, 200], [False, OWN, True]),
        ([*AHEAD, row(True, 120, 300)], [98, 119, 121], [False, ELSEWHERE, True]),
        # The same where only a later row has the time.
        ([row(False, 0, 130), write(True, 130), answer(True, None, 131), row(True, 100, 140)], [99, 100, 131, 132], [False, *[OWN] * 2, True]),
        # The response has the time of before, and that lies in the bounds (the binding was changed a second ago).
        ([row(False, 100, 100), write(True, 100), answer(True, 100, 103)], [99, 100, 103, 104], [False, *[OWN] * 2, True]),
        # The clock of the responses is behind by 50 s.
        ([row(False, 0, 49), write(True, 50), answer(True, 100, 50)], [48, 60, 101, 102], [False, OWN, OWN, True]),
        # A row that shows a later change than its own clock tells the same, by 51 s.
        ([DISABLED, row(True, 250, 200), write(False, 300), answer(False, None, 301)], [340, 352, 360], [OWN, OWN, False]),
        # The response shows the time of a change that somebody made just before the write.
        ([DISABLED, write(True, 100), answer(True, 101, 103), row(True, 103, 200)], [99, 102, 103, 104], [False, OWN, OWN, True]),
        # No clock at all: the time that passed since the reading tells.
        ([row(False, 0, None), write(True, None), answer(True, 101, None)], [50, 99, 100, 102], [False, False, OWN, True]),
        ([row(False, 0, None), write(True, None), answer(True, None, None)], [50], [OWN]),
        # A stale row proves nothing (A5).
        ([*ENABLING, *DISABLING, *STALE], [205, 215, 225], [False, False, False]),
        # Changed by somebody else: unknown from the last reading to the time of the last change.
        ([*ENABLING, row(True, 101, 200), row(True, 250, 300)], [199, 200, 250, 251], [True, ELSEWHERE, ELSEWHERE, True]),
        ([*ENABLING, row(False, 250, 300)], [100, 200, 251], [OWN, ELSEWHERE, False]),
        # The same without times, or with a time that did not move: unknown between the readings.
        ([row(True, None, 100), write(True, 100), row(False, None, 300)], [200, 301], [ELSEWHERE, False]),
        ([*ENABLING, row(True, 101, 200), row(False, 101, 300)], [199, 250, 301], [True, ELSEWHERE, False]),
        ([row(False, None, 100), row(False, 50, 200)], [50, 150], [False, False]),  # the first time that is told is an old one
        # A list without times may be behind a write of the last minute.
        ([*UNTIMED, row(False, None, 102), row(True, None, 300)], [150, 301], [ELSEWHERE, True]),
        ([*UNTIMED, row(False, None, 102), row(False, None, 300)], [150, 301], [ELSEWHERE, False]),
        # So may be one with times, where the binding was written in the second of the change before.
        (AGAIN, [150], [ELSEWHERE]),
        ([*AGAIN, row(True, 100, 200)], [150, 201], [ELSEWHERE, True]),
        # A change that is older than a reading that missed it.
        ([*ENABLING, row(True, 101, 200), row(True, 150, 300)], [120, 151, 201], [ELSEWHERE, True, True]),
        # An interrupted write may have been executed.
        ([DISABLED, write(True, 100)], [99, 100, 500], [False, INTERRUPTED, INTERRUPTED]),
        ([DISABLED, write(True, 100), row(True, 101, 200)], [99, 101, 102], [False, INTERRUPTED, True]),
        ([DISABLED, write(True, 100), row(False, 0, 110)], [99, 100, 500], [False, INTERRUPTED, INTERRUPTED]),  # may lag
        ([DISABLED, write(True, 100), row(False, 0, 160)], [99, 100, 500], [False, False, False]),
        ([row(False, 0, None), write(True, None), row(False, 0, None)], [50, 500], [INTERRUPTED, INTERRUPTED]),
        ([*NO_STATE, row(None, None, 300), write(True, 300), answer(True, 301, 301)], [99, 200, 302], [False, OWN, True]),
        # The list does not show the state.
        ([row(None, 0, 100), write(True, 100), answer(True, 101, 101)], [50, 102], [False, True]),
        ([*NO_STATE, answer(True, 101, 101), row(None, None, 200)], [50, 102, 250], [False, True, True]),
        ([*ENABLING, row(None, 250, 300)], [150, 250, 400], [ELSEWHERE, ELSEWHERE, ELSEWHERE]),
        # Enabled when it was first seen: nothing counts before a run sends into it, so that the user who asks for its history gets all of it.
        ([SEEN], [50, 150], [False, False]),
        ([SEEN, backfill("planned")], [50, 150], [False, False]),
        ([SEEN, row(True, 0, 110), row(True, 0, 120)], [50, 150], [False, False]),
        ([SEEN, backfill("planned"), row(True, 0, 200), backfill("listed", 200)], [150, 199, 201], [False, False, True]),
        ([SEEN, backfill("planned"), row(True, 0, 200), backfill("sending", 200)], [150, 199, 201], [False, False, True]),
        ([row(True, 0, None), backfill("listed"), row(True, 0, None)], [50], [NO_CLOCK]),  # nobody knows what was there at the reading (A7)
        ([SEEN, *DISABLING], [50, 150, 250], [True, True, False]),
    ],
)
def test_what_was_loaded_automatically_follows_from_what_was_seen(facts, seconds, expected):
    history = BindingHistory(facts)
    assert reasons(history.was_loaded(interval(at(second)), at(second)) for second in seconds) == expected


def test_extract_without_a_time_is_unknown_where_the_binding_was_enabled():
    assert BindingHistory(ENABLING).was_loaded(None) == Uncertainty(Reason.UNDATED)
    assert BindingHistory([DISABLED]).was_loaded(None) is False


def test_extract_whose_minute_began_before_the_periods_is_unknown():
    history = BindingHistory([row(True, 100, 200), backfill("listed", 330)])
    assert reasons([history.was_loaded(interval("2026-03-01T10:05Z"))]) == [Reason.SAME_SECOND]


def test_extract_older_than_the_assignment_is_unknown_where_the_one_before_was_enabled():
    history = BindingHistory([row(False, 150, 160)], [BindingHistory([SEEN])])
    assert reasons(history.was_loaded(interval(at(second))) for second in (50, 155)) == [Reason.REMADE, False]


def test_what_the_backfills_of_a_binding_add_up_to():
    january, first_half = ("2026-01-01T00:00:00Z", "2026-01-31T23:59:59Z"), ("2026-01-01T00:00:00Z", "2026-06-30T23:59:59Z")
    history = BindingHistory([DISABLED, backfill("planned", window=first_half)])
    assert (history.has_backfill, history.planned_window, history.completed_window) == (True, first_half, None)
    assert history.plans(january)
    assert not history.plans((None, None))
    history = history.with_fact(backfill("listed", 100, january))
    assert history.planned_window == first_half  # a part of it is no reason to forget the plan
    history = history.with_fact(backfill("listed", 100, first_half)).with_fact(backfill("finished", window=first_half))
    assert (history.planned_window, history.completed_window) == (None, first_half)
    history = history.with_fact(backfill("finished", window=january))
    assert history.completed_window == first_half
    # After a change by somebody else, something of it may be missing.
    assert history.with_fact(row(False, 500, 600)).completed_window is None
    assert history.with_fact(write(True, 600)).completed_window is None


@pytest.mark.parametrize(
    ("facts", "new", "redundant"),
    [
        ([row(True, 0, 100)], row(True, 0, 200), None),
        ([row(True, 0, 100), row(True, 0, 200)], row(True, 0, 300), 1),
        ([answer(True, 0, 100), row(True, 0, 200)], row(True, 0, 300), 1),
        ([row(True, 0, 100), row(True, 0, 200)], row(True, 0, None), None),
        ([row(True, 0, 100), row(True, 0, 200)], row(False, 300, 300), None),
        ([row(True, 0, 100), backfill("finished"), row(True, 0, 200)], row(True, 0, 300), None),
        ([row(True, 0, 100), row(True, 0, 200)], write(False, 300), None),
    ],
)
def test_of_rows_that_show_the_same_the_first_and_the_last_are_kept(facts, new, redundant):
    assert redundant_fact(facts, new) == (None if redundant is None else facts[redundant])


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (None, (None, None), False),
        ((None, None), (None, None), True),
        ((None, None), (at(0), at(9)), True),
        ((at(0), at(9)), (None, None), False),
        ((at(0), None), (at(1), at(9)), True),
        ((at(2), None), (at(1), at(9)), False),
        ((None, at(9)), (at(1), at(9)), True),
        ((None, at(8)), (at(1), at(9)), False),
    ],
)
def test_window_contains_another(outer, inner, expected):
    assert contains(outer, inner) is expected
