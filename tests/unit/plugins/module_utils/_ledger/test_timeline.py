# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every comparison of two times at its edge: before, in the same second, after; with fractions on one side and on both."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import timeline
from ansible_collections.adverity.management.plugins.module_utils._ledger.timeline import (
    ELSEWHERE,
    INTERRUPTED,
    OWN,
    SAME_SECOND,
    UNDATED,
    Doubt,
    Record,
    contains,
    finished,
    is_loaded,
    planned,
    see,
    taken_up,
)


def at(second, fraction=""):
    """A time in one minute."""
    return f"2026-01-01T00:00:{second:02}{'.' if fraction else ''}{fraction}Z"


# Which extracts a binding loaded by itself: periods of being enabled

ENABLED = Record(enabled_periods=((at(10), at(20)),))
OPEN = Record(enabled_periods=((at(10), None),))
FINE = Record(enabled_periods=((at(10, "50"), at(20, "50")),))
SINCE, UNTIL = Doubt(SAME_SECOND, at(10), at(10)), Doubt(SAME_SECOND, at(20), at(20))


@pytest.mark.parametrize(
    ("record", "created", "loaded"),
    [
        (ENABLED, at(9), False),
        (ENABLED, at(9, "999999"), False),
        (ENABLED, at(10), SINCE),
        (ENABLED, at(10, "0"), SINCE),
        (ENABLED, at(10, "999"), SINCE),
        (ENABLED, at(11), True),
        (ENABLED, at(11, "0"), True),
        (ENABLED, at(19, "999"), True),
        (ENABLED, at(20), UNTIL),
        (ENABLED, at(20, "000001"), UNTIL),
        (ENABLED, at(20, "999"), UNTIL),
        (ENABLED, at(21), False),
        (OPEN, at(9), False),
        (OPEN, at(10), SINCE),
        (OPEN, at(10, "5"), SINCE),
        (OPEN, at(11), True),
        (OPEN, at(59), True),
        # Fractions on both sides decide, at the precision of the coarser.
        (FINE, at(10), Doubt(SAME_SECOND, at(10, "50"), at(10, "50"))),
        (FINE, at(10, "49"), False),
        (FINE, at(10, "4999"), False),
        (FINE, at(10, "50"), Doubt(SAME_SECOND, at(10, "50"), at(10, "50"))),
        (FINE, at(10, "5099"), Doubt(SAME_SECOND, at(10, "50"), at(10, "50"))),
        (FINE, at(10, "51"), True),
        (FINE, at(10, "6"), True),
        (FINE, at(10, "5"), Doubt(SAME_SECOND, at(10, "50"), at(10, "50"))),
        (FINE, at(20, "49"), True),
        (FINE, at(20, "50"), Doubt(SAME_SECOND, at(20, "50"), at(20, "50"))),
        (FINE, at(20, "51"), False),
        (FINE, at(20), Doubt(SAME_SECOND, at(20, "50"), at(20, "50"))),
        (FINE, at(21), False),
        # Nothing known of being enabled.
        (Record(), at(10), False),
        (Record(), None, False),
        (ENABLED, None, Doubt(UNDATED)),
        (OPEN, None, Doubt(UNDATED)),
        (Record(unknown_periods=((at(10), at(20), ELSEWHERE),)), None, Doubt(UNDATED)),
        # Two periods that touch in one second, as when it was switched off and on again: nobody knows of that second.
        (Record(enabled_periods=((at(10), at(20)), (at(20), None))), at(20), UNTIL),
        (Record(enabled_periods=((at(10), at(20)), (at(20), None))), at(19), True),
        (Record(enabled_periods=((at(10), at(20)), (at(20), None))), at(21), True),
        # Enabled and disabled within one second.
        (Record(enabled_periods=((at(10), at(10)),)), at(9), False),
        (Record(enabled_periods=((at(10), at(10)),)), at(10), SINCE),
        (Record(enabled_periods=((at(10), at(10)),)), at(11), False),
    ],
)
def test_periods_of_being_enabled(record, created, loaded):
    assert is_loaded(record, created) == loaded


@pytest.mark.parametrize(
    ("reason", "created", "loaded"),
    [
        (ELSEWHERE, at(9), False),
        (ELSEWHERE, at(10), True),
        (ELSEWHERE, at(10, "9"), True),
        (ELSEWHERE, at(15), True),
        (ELSEWHERE, at(20), True),
        (ELSEWHERE, at(20, "9"), True),
        (ELSEWHERE, at(21), False),
        (OWN, at(9), False),
        (OWN, at(10), True),
        (OWN, at(10, "9"), True),
        (OWN, at(15), True),
        (OWN, at(20), True),
        (OWN, at(20, "1"), True),
        (OWN, at(21), False),
        (INTERRUPTED, at(10), True),
        (INTERRUPTED, at(20), True),
    ],
)
def test_unknown_periods(reason, created, loaded):
    """With the seconds at both ends: nobody knows in which part of them the change was."""
    record = Record(unknown_periods=((at(10), at(20), reason),))
    assert is_loaded(record, created) == (Doubt(reason, at(10), at(20)) if loaded else False)


@pytest.mark.parametrize(("created", "loaded"), [(at(9), False), (at(10), True), (at(59), True)])
def test_an_unknown_period_without_an_end(created, loaded):
    assert is_loaded(Record(unknown_periods=((at(10), None, ELSEWHERE),)), created) == (Doubt(ELSEWHERE, at(10), None) if loaded else False)


def test_what_is_unknown_counts_more_than_what_is_certain():
    record = Record(enabled_periods=((at(5), at(30)),), unknown_periods=((at(10), at(20), ELSEWHERE),))
    assert is_loaded(record, at(15)) == Doubt(ELSEWHERE, at(10), at(20))
    assert is_loaded(record, at(25)) is True


# What the service shows of a binding, folded into what was known

DISABLED_AT_10 = Record(456, False, at(5), at(10))
ENABLED_AT_10 = Record(456, True, at(5), at(10), enabled_periods=((at(5), None),))


def periods(record):
    return record.enabled_periods, record.unknown_periods


@pytest.mark.parametrize(
    ("enabled", "updated", "seen", "expected"),
    [
        (True, at(5), at(10), ((at(5), None),)),
        (True, at(5, "25"), at(10), ((at(5, "25"), None),)),
        (True, None, at(10), ((at(10), None),)),
        (True, "no time", at(10), ((at(10), None),)),
        (True, 7, at(10), ((at(10), None),)),
        (True, at(60), at(10), ((at(10), None),)),  # second 60 is none
        (True, at(5), None, ((at(5), None),)),
        (True, None, None, ()),
        (False, at(5), at(10), ()),
        (None, at(5), at(10), ()),
        (None, None, None, ()),
    ],
)
def test_seen_for_the_first_time(enabled, updated, seen, expected):
    record = see(Record(456), enabled, updated, seen)
    assert periods(record) == (expected, ())
    assert (record.datastream_id, record.enabled, record.seen, record.writing) == (456, enabled, seen, None)
    assert record.updated == (updated if updated in (at(5), at(5, "25")) else None)


@pytest.mark.parametrize("before", [DISABLED_AT_10, ENABLED_AT_10])
@pytest.mark.parametrize(
    ("updated", "seen", "later"),
    [(at(5), at(12), at(12)), (at(5), at(8), at(10)), (at(5), None, at(10)), (at(5, "0"), at(12), at(12)), (at(5, "9"), at(12), at(12))],
)
def test_no_change_extends_what_is_certain(before, updated, seen, later):
    """The clock of the service never goes back, and a fraction that was not there before is no change."""
    record = see(before, before.enabled, updated, seen)
    assert (record.seen, periods(record), record.covered) == (later, periods(before), before.covered)


def test_where_both_have_fractions_they_tell_a_change_in_the_same_second():
    before = ENABLED_AT_10._replace(updated=at(5, "10"), seen=at(5))
    assert see(before, True, at(5, "10"), at(9)).unknown_periods == ()
    assert see(before, True, at(5, "11"), at(9)).updated == at(5, "11")
    assert see(before, True, at(5, "11"), at(9)).enabled_periods == ((at(5), at(5)), (at(5, "11"), None))


@pytest.mark.parametrize("before", [DISABLED_AT_10, ENABLED_AT_10])
@pytest.mark.parametrize("seen", [at(12), None])
def test_rows_that_tell_nothing_change_nothing_and_prove_nothing(before, seen):
    """Neither enabled nor updated: nothing speaks of a change, but nothing is certain either."""
    assert see(before, None, None, seen) == before
    assert see(before, None, "no time", seen) == before


def test_a_row_without_its_state_but_with_its_last_change():
    assert see(ENABLED_AT_10, None, at(5), at(12)) == ENABLED_AT_10._replace(seen=at(12))
    changed = see(ENABLED_AT_10._replace(covered=(None, None)), None, at(11), at(12))
    assert (changed.enabled, changed.updated, changed.covered) == (None, at(11), None)
    assert is_loaded(changed, at(12)) == Doubt(ELSEWHERE, at(10), None)


def test_a_row_without_its_last_change_but_with_its_state():
    assert see(ENABLED_AT_10, True, None, at(12)) == ENABLED_AT_10
    off = see(ENABLED_AT_10, False, None, at(12))
    assert periods(off) == (((at(5), at(10)),), ((at(10), at(12), ELSEWHERE),))
    assert (off.enabled, off.seen) == (False, at(12))


@pytest.mark.parametrize(
    ("before", "enabled", "then"),
    [
        ((), True, ((at(5), None),)),
        (((at(1), at(3)),), True, ((at(1), at(3)), (at(5), None))),
        (((at(5), None),), True, ((at(5), None),)),  # it is told already
        (((at(1), at(3)),), False, ((at(1), at(3)),)),
    ],
)
def test_a_row_that_tells_the_state_at_last(before, enabled, then):
    """The state is that since the last change, which is the one that was known."""
    hidden = Record(updated=at(5), seen=at(10), enabled_periods=before)
    after = see(hidden, enabled, at(5), at(12))
    assert (after.enabled, after.seen, after.enabled_periods) == (enabled, at(12), then)


@pytest.mark.parametrize(
    ("before", "enabled", "enabled_periods"),
    [
        (DISABLED_AT_10, True, ((at(20), None),)),  # enabled by hand
        (DISABLED_AT_10, False, ()),  # enabled and disabled by hand
        (ENABLED_AT_10, False, ((at(5), at(10)),)),  # disabled by hand
        (ENABLED_AT_10, True, ((at(5), at(10)), (at(20), None))),  # disabled and enabled by hand
    ],
)
def test_changed_elsewhere(before, enabled, enabled_periods):
    """Between what was seen last and the last change nobody knows, both seconds included."""
    record = see(before._replace(covered=(None, None)), enabled, at(20), at(30))
    assert periods(record) == (enabled_periods, ((at(10), at(20), ELSEWHERE),))
    assert (record.enabled, record.updated, record.seen, record.covered) == (enabled, at(20), at(30), None)
    assert is_loaded(record, at(10)) == is_loaded(record, at(15)) == is_loaded(record, at(20)) == Doubt(ELSEWHERE, at(10), at(20))
    assert is_loaded(record, at(21)) is enabled
    assert is_loaded(record, at(9)) is bool(before.enabled)


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        (at(9), ()),  # before it was seen last: the clocks of its answers and of its rows may differ
        (at(10), ()),
        (at(10, "9"), ()),
        (at(11), ((at(10), at(11), ELSEWHERE),)),
    ],
)
def test_a_change_about_when_it_was_seen_last(change, unknown):
    record = see(DISABLED_AT_10, True, change, at(30))
    assert (record.unknown_periods, record.enabled_periods) == (unknown, ((change, None),))


def test_a_change_elsewhere_without_a_clock_of_the_service():
    """No header Date: what is certain ends with the last change."""
    before = see(Record(456), True, at(5), None)
    record = see(before, True, at(20), None)
    assert periods(record) == (((at(5), at(5)), (at(20), None)), ((at(5), at(20), ELSEWHERE),))
    assert is_loaded(record, at(12)) == Doubt(ELSEWHERE, at(5), at(20))
    assert see(DISABLED_AT_10._replace(seen=None), True, None, None).unknown_periods == ((at(5), None, ELSEWHERE),)


# This ledger's own writes


def test_own_write():
    before = see(Record(456), False, at(5), at(10))
    record = see(before._replace(writing=True), True, at(12), at(13), own=True)
    assert periods(record) == (((at(12), None),), ((at(10), at(12), OWN),))
    assert (record.enabled, record.updated, record.seen, record.writing) == (True, at(12), at(13), None)
    for created, loaded in [
        (at(9), False), *((at(one), Doubt(OWN, at(10), at(12))) for one in (10, 11, 12)), (at(13), True),
    ]:  # fmt: skip
        assert is_loaded(record, created) == loaded


def test_own_write_within_a_second_leaves_one_second():
    before = see(Record(456), False, at(5), at(10))
    record = see(before._replace(writing=True), True, at(10), at(10), own=True)
    assert periods(record) == (((at(10), None),), ())
    assert [is_loaded(record, one) for one in (at(9), at(11))] == [False, True]
    assert is_loaded(record, at(10)) == Doubt(SAME_SECOND, at(10), at(10))


@pytest.mark.parametrize(("updated", "since"), [(None, at(13)), ("no time", at(13)), (1700000000, at(13)), (at(60), at(13))])
def test_own_write_whose_answer_tells_no_time(updated, since):
    """Then it happened between what was seen before and the answer's own time (issue: an answer without updated kept the old time)."""
    before = see(Record(456), False, at(5), at(10))
    record = see(before._replace(writing=True), True, updated, at(13), own=True)
    assert periods(record) == (((since, None),), ((at(10), since, OWN),))
    assert record.updated == at(13)
    assert is_loaded(record, at(11)) == Doubt(OWN, at(10), at(13))
    # The next row tells it, and that is no change by somebody else.
    assert see(record, True, at(12), at(20)) == record._replace(updated=at(12), seen=at(20))
    assert see(record, None, at(12), at(20)).enabled_periods == record.enabled_periods


def test_own_write_out_of_an_unknown_state_whose_answer_tells_no_time():
    record = see(see(Record(456), None, at(5), at(10)), True, None, at(13), own=True)
    assert periods(record) == (((at(13), None),), ((at(10), at(13), OWN),))


def test_own_write_whose_answer_tells_no_time_at_all():
    before = see(Record(456), False, at(5), at(10))
    record = see(before._replace(writing=True), True, None, None, own=True)
    assert is_loaded(record, at(11)) == is_loaded(record, at(59)) != False  # noqa: E712
    assert is_loaded(record, at(9)) is False


def test_own_disabling():
    record = see(ENABLED_AT_10._replace(writing=False), False, at(12), at(13), own=True)
    assert periods(record) == (((at(5), at(10)),), ((at(10), at(12), OWN),))
    assert [is_loaded(record, one) for one in (at(8), at(13))] == [True, False]


@pytest.mark.parametrize(("shown", "reason"), [(True, INTERRUPTED), (False, ELSEWHERE)])
def test_a_write_that_was_interrupted(shown, reason):
    """Noted before it went out: where the binding is as it was to be, it was this ledger's; otherwise it was somebody else."""
    before = DISABLED_AT_10._replace(writing=True)
    record = see(before, shown, at(12), at(20))
    assert record.unknown_periods == ((at(10), at(12), reason),)
    assert record.enabled_periods == (((at(12), None),) if shown else ())
    assert record.writing is None


@pytest.mark.parametrize("seen", [at(12), None])
def test_a_write_that_never_arrived_may_still_arrive(seen):
    """The binding is as before: that there may be a write under way stays noted until it shows."""
    before = DISABLED_AT_10._replace(writing=True)
    assert see(before, False, at(5), seen).writing is True
    assert see(before, None, None, seen).writing is True


def test_rows_that_tell_nothing_and_an_interrupted_write():
    """The next run writes again, and its time is not that of the first write: what is between is unknown."""
    before = see(see(Record(456), None, None, at(10))._replace(writing=True), None, None, at(20))
    record = see(before._replace(writing=True), True, at(22), at(23), own=True)
    assert is_loaded(record, at(15)) == Doubt(OWN, at(10), at(22))
    assert [is_loaded(record, one) for one in (at(9), at(23))] == [False, True]


def test_an_interrupted_write_and_a_list_that_does_not_tell_the_state():
    """It may have arrived: nobody knows the state, until the list tells it or the next run writes it again."""
    open_state = see(ENABLED_AT_10._replace(writing=False), None, None, at(20))
    assert (open_state.enabled, open_state.writing) == (None, False)
    assert see(DISABLED_AT_10._replace(writing=True), None, None, at(20)).enabled is None
    for one, doubt in ((at(9), False), (at(10), Doubt(INTERRUPTED, at(10))), (at(15), Doubt(INTERRUPTED, at(10))), (None, Doubt(UNDATED))):
        assert is_loaded(see(DISABLED_AT_10._replace(writing=True), None, None, at(20)), one) == doubt
    assert see(ENABLED_AT_10._replace(writing=True), None, None, at(20)).enabled is True  # it was to be written again
    again = see(open_state._replace(writing=True), True, at(30), at(31), own=True)
    assert (again.enabled, is_loaded(again, at(15))) == (True, Doubt(OWN, at(10), at(30)))
    told = see(open_state, False, at(15), at(21))
    assert (told.enabled, is_loaded(told, at(12))) == (False, Doubt(INTERRUPTED, at(10), at(15)))
    unchanged = see(open_state, True, at(5), at(21))
    assert (unchanged.enabled, is_loaded(unchanged, at(15))) == (True, True)


def test_an_interrupted_write_in_the_second_of_the_last_change():
    """The list does not tell the state, and its last change is the one that is known: that may be the write, too."""
    before = see(Record(456), None, at(10), at(10))._replace(writing=True)
    record = see(see(before, None, at(10), at(20)), True, at(22), at(23), own=True)
    assert is_loaded(record, at(15)) == Doubt(OWN, at(10), at(22))
    told = see(see(before._replace(enabled=False), False, at(10), at(20)), True, at(22), at(23), own=True)
    assert is_loaded(told, at(15)) is False  # where the list tells the state, it was not written


@pytest.mark.parametrize(("writing", "reason"), [(True, INTERRUPTED), (None, ELSEWHERE)])
def test_a_change_in_the_second_of_the_reading_and_the_list_does_not_tell_the_state(writing, reason):
    """The state was certain until that second. Whether it is another one since then, nobody can say."""
    before = see(Record(456, enabled=False, updated=at(10), seen=at(10)), False, at(10), at(20))._replace(writing=writing)
    record = see(before, None, at(20), at(30))
    assert record.enabled is None
    assert [is_loaded(record, at(one)) for one in (19, 20, 25)] == [False, *[Doubt(reason, at(20), None)] * 2]


def test_an_interrupted_write_and_another_one_in_the_same_second():
    """The time of the first write may be any in that second."""
    before = see(Record(456), None, at(10), at(10))._replace(writing=True)
    first, fetched, second = (at(10).replace("Z", f".{digits}Z") for digits in ("35", "6", "85"))
    record = see(see(before, None, first, at(10)), True, second, at(10), own=True)
    assert is_loaded(record, fetched) == Doubt(OWN, at(10), second)
    assert is_loaded(record, at(10).replace("Z", ".9Z")) is True


def test_written_again_because_the_list_does_not_tell():
    """The state is known from the own write before: nothing was changed, and the first time stays."""
    first = see(see(Record(456), None, None, at(10))._replace(writing=True), True, at(11), at(12), own=True)
    again = see(first, True, at(30), at(31), own=True)
    assert periods(again) == periods(first)
    assert (again.updated, again.seen) == (at(30), at(31))
    assert is_loaded(again, at(20)) is True


def test_seconds_are_not_compared_as_text():
    """A fraction is finer than none, whatever its digits; time zones count."""
    assert see(DISABLED_AT_10, False, "2026-01-01T01:00:05+01:00", at(12)).unknown_periods == ()
    assert see(DISABLED_AT_10, False, "2026-01-01T00:00:05+01:00", at(12)).updated == "2025-12-31T23:00:05Z"


# Windows

Z = {number: f"2026-01-0{number}T00:00:00Z" for number in range(1, 10)}


@pytest.mark.parametrize(
    ("outer", "inner", "within"),
    [
        (None, (None, None), False),
        ((None, None), (None, None), True),
        ((None, None), (Z[1], Z[2]), True),
        ((Z[1], None), (None, None), False),
        ((Z[1], None), (Z[1], None), True),
        ((Z[1], None), (Z[2], None), True),
        ((Z[2], None), (Z[1], None), False),
        ((None, Z[2]), (None, None), False),
        ((None, Z[2]), (None, Z[2]), True),
        ((None, Z[2]), (None, Z[1]), True),
        ((None, Z[2]), (None, Z[3]), False),
        ((Z[2], Z[4]), (Z[2], Z[4]), True),
        ((Z[2], Z[4]), (Z[3], Z[3]), True),
        ((Z[2], Z[4]), (Z[1], Z[3]), False),
        ((Z[2], Z[4]), (Z[3], Z[5]), False),
        ((Z[2], Z[4]), (Z[3], None), False),
        ((Z[2], Z[4]), (None, Z[3]), False),
    ],
)
def test_contains(outer, inner, within):
    assert contains(outer, inner) is within


def test_a_plan_that_reaches_further_stays():
    wide = planned(Record(), (None, None), Z[1])
    assert (wide.plan, wide.planned_at, wide.known) == ((None, None), Z[1], True)
    assert planned(wide, (Z[2], Z[3]), Z[4]) == wide
    narrow = planned(Record(), (Z[2], Z[3]), Z[4])
    assert planned(narrow, (None, Z[3]), Z[5]).plan == (None, Z[3])


@pytest.mark.parametrize(
    ("plan", "window", "left"),
    [((None, None), (None, None), None), ((Z[2], None), (None, None), None), ((None, None), (Z[2], None), (None, None)), (None, (None, None), None)],
)
def test_a_plan_is_taken_up_by_a_window_that_holds_it(plan, window, left):
    record = taken_up(Record(plan=plan, planned_at=plan and Z[1]), window)
    assert (record.plan, record.planned_at, record.known) == (left, left and Z[1], True)


@pytest.mark.parametrize(
    ("covered", "window", "then"),
    [
        (None, (Z[2], None), (Z[2], None)),
        ((None, None), (Z[2], None), (None, None)),
        ((Z[2], None), (None, None), (None, None)),
        ((Z[2], Z[3]), (Z[4], Z[5]), (Z[4], Z[5])),  # two that do not touch: the last one, and nothing is claimed of what is between
    ],
)
def test_what_is_covered(covered, window, then):
    record = finished(Record(covered=covered), window)
    assert (record.covered, record.known) == (then, True)


def test_every_reason_has_words():
    from ansible_collections.adverity.management.plugins.module_utils._requeue import decision, result

    assert set(result._REASONS) == {OWN, INTERRUPTED, ELSEWHERE, SAME_SECOND, UNDATED, decision.LOST}
    assert timeline.Doubt("x") == ("x", None, None)
