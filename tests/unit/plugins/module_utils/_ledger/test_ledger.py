# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import itertools

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.entries import (
    ALL_ENABLED,
    DISPATCHED,
    PENDING,
    UNKNOWN,
    Backfill,
    Entry,
    Ledger,
)
from ansible_collections.adverity.management.plugins.module_utils._ledger.file import LOOK, WRITE
from ansible_collections.adverity.management.plugins.module_utils._spec import times

HOST = "acme.example"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "requeue.sqlite3")


@pytest.fixture
def ledger(path):
    with Ledger(path, HOST, WRITE) as opened:
        yield opened


@pytest.fixture
def clock(monkeypatch):
    """Every look at it is a second later."""
    ticks = itertools.count()
    monkeypatch.setattr(times, "now", lambda: f"2026-01-01T00:00:{next(ticks):02}Z")


def entry(extract_id, binding_id=5, created=None, datastream_id=456):
    return Entry(binding_id, extract_id, datastream_id, created, PENDING, None)


def plan(ledger, *entries, bindings=None, self_loading=None, taken_up=True, gone=(), updated=None):
    ledger.plan(entries, {5: 456} if bindings is None else bindings, self_loading or {}, taken_up, gone, updated)


def put(ledger, binding_id, extract_id, status):
    """Brings one extract for one binding into a status."""
    if status is None:
        return
    plan(ledger, entry(extract_id, binding_id), bindings={})
    if status != PENDING:
        post = ledger.intend([binding_id], [extract_id])
        if status == DISPATCHED:
            ledger.dispatched(post)


def stand(ledger, **filters):
    return [(one.binding_id, one.extract_id, one.status, one.at) for one in ledger.entries(**filters)]


# Entries


def test_what_was_planned_is_pending(ledger):
    plan(ledger, entry(1, created="2026-01-01T00:00:00Z"), entry(2))
    assert list(ledger.entries()) == [
        Entry(5, 2, 456, None, PENDING, None),
        Entry(5, 1, 456, "2026-01-01T00:00:00Z", PENDING, None),
    ]


def test_entries_come_by_datastream_and_age(ledger):
    plan(
        ledger,
        entry(1, created="2026-01-03T00:00:00Z"),
        entry(2, created="2026-01-02T00:00:00Z"),
        entry(3, created="2026-01-02T00:00:00Z"),
        entry(9, 7, datastream_id=455),
        entry(8, ALL_ENABLED, datastream_id=None),
        entry(2, 4, created="2026-01-02T00:00:00Z"),
    )
    assert [(one.datastream_id, one.extract_id, one.binding_id) for one in ledger.entries()] == [
        (None, 8, 0), (455, 9, 7), (456, 2, 4), (456, 2, 5), (456, 3, 5), (456, 1, 5),
    ]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [(5, 1), (5, 2), (6, 1), (7, 3)]),
        ({"extract_ids": [1]}, [(5, 1), (6, 1)]),
        ({"binding_ids": [5, 7]}, [(5, 1), (5, 2), (7, 3)]),
        ({"datastream_ids": [457]}, [(7, 3)]),
        ({"extract_ids": {1, 2}, "binding_ids": {5: 456}, "datastream_ids": (456,)}, [(5, 1), (5, 2)]),
        ({"extract_ids": [1], "datastream_ids": [457]}, []),
        ({"extract_ids": []}, []),
        ({"binding_ids": []}, []),
        ({"datastream_ids": []}, []),
        ({"extract_ids": range(1, 100000)}, [(5, 1), (5, 2), (6, 1), (7, 3)]),
    ],
)
def test_entries_for_which_all_that_is_given_holds(ledger, filters, found):
    plan(ledger, entry(1), entry(2), entry(1, 6), entry(3, 7, datastream_id=457))
    assert sorted((one.binding_id, one.extract_id) for one in ledger.entries(**filters)) == found


def test_instances_know_nothing_of_each_other(path):
    with Ledger(path, HOST, WRITE) as ledger:
        put(ledger, 5, 1, DISPATCHED)
        plan(ledger, self_loading={5: [("2026-01-01T00:00:00Z", None)]})
    with Ledger(path, "other.example", WRITE) as ledger:
        assert stand(ledger) == []
        assert ledger.backfills() == {}
        assert ledger.status([1])(5, 1) is None
        put(ledger, 5, 1, PENDING)
        ledger.intend([5], [1])
        plan(ledger, gone=[(5, 1)], bindings={})
    with Ledger(path, HOST, LOOK) as ledger:
        assert [one[:3] for one in stand(ledger)] == [(5, 1, DISPATCHED)]
        assert list(ledger.backfills()) == [5]


def test_the_largest_ids_fit(ledger):
    largest = 2**63 - 1
    plan(ledger, entry(largest, largest, datastream_id=largest), bindings={largest: largest})
    ledger.dispatched(ledger.intend([largest], [largest]))
    assert ledger.status([largest])(largest, largest) == DISPATCHED


# The way of an extract


def test_intend_and_dispatched(ledger, clock):
    plan(ledger, entry(1), entry(2), entry(3))
    post = ledger.intend([5], [1, 2])
    assert stand(ledger) == [(5, 1, UNKNOWN, "2026-01-01T00:00:00Z"), (5, 2, UNKNOWN, "2026-01-01T00:00:00Z"), (5, 3, PENDING, None)]
    ledger.dispatched(post, but=[2])
    assert stand(ledger) == [(5, 1, DISPATCHED, "2026-01-01T00:00:01Z"), (5, 2, UNKNOWN, "2026-01-01T00:00:00Z"), (5, 3, PENDING, None)]


def test_several_bindings_at_once(ledger, clock):
    plan(ledger, entry(1), entry(2), entry(1, 6), entry(2, 6), entry(1, 7))
    ledger.dispatched(ledger.intend([5, 6], [1, 2]), but=[1])
    assert [one[:3] for one in sorted(stand(ledger))] == [
        (5, 1, UNKNOWN), (5, 2, DISPATCHED), (6, 1, UNKNOWN), (6, 2, DISPATCHED), (7, 1, PENDING),
    ]


def test_withdraw_brings_back_what_was_before(ledger, clock):
    for extract_id, status in enumerate([PENDING, UNKNOWN, DISPATCHED], 1):
        put(ledger, 5, extract_id, status)
    was = stand(ledger)
    post = ledger.intend([5], [1, 2, 3])
    assert {one[2] for one in stand(ledger)} == {UNKNOWN}
    ledger.withdraw(post)
    assert stand(ledger) == was


def test_a_forced_one_that_is_refused_stays_dispatched_with_its_old_time(ledger, clock):
    put(ledger, 5, 1, DISPATCHED)
    [(_binding, _extract, _status, at)] = stand(ledger)
    for _refusal in range(3):
        ledger.withdraw(ledger.intend([5], [1]))
    assert stand(ledger) == [(5, 1, DISPATCHED, at)]
    ledger.dispatched(ledger.intend([5], [1]))
    assert stand(ledger)[0][2:] > (DISPATCHED, at)


def test_withdraw_touches_nothing_else(ledger, clock):
    plan(ledger, entry(1), entry(2), entry(1, 6))
    first = ledger.intend([5], [1])
    ledger.intend([6], [1])
    ledger.withdraw(first)
    assert sorted(one[:3] for one in stand(ledger)) == [(5, 1, PENDING), (5, 2, PENDING), (6, 1, UNKNOWN)]


def test_what_was_never_planned_cannot_be_intended_or_dispatched(ledger):
    ledger.withdraw(ledger.intend([5], [1]))
    ledger.dispatched(ledger.intend([5], [1]))
    assert stand(ledger) == []


def test_fifty_extracts_for_many_bindings(ledger):
    bindings, extracts = range(1, 41), range(1, 51)
    plan(ledger, *(entry(one, binding) for one in extracts for binding in bindings))
    post = ledger.intend(list(bindings), list(extracts))
    assert collections.Counter(one[2] for one in stand(ledger)) == {UNKNOWN: 2000}
    ledger.withdraw(post)
    assert {one[2] for one in stand(ledger)} == {PENDING}


def test_what_is_confirmed_is_noted_with_the_next_intention(ledger, clock):
    plan(ledger, entry(1), entry(2))
    first = ledger.intend([5], [1])
    ledger.intend([5], [2], confirmed=first)
    assert stand(ledger) == [(5, 1, DISPATCHED, "2026-01-01T00:00:01Z"), (5, 2, UNKNOWN, "2026-01-01T00:00:02Z")]


def posts(ledger):
    return ledger.connection.execute("SELECT status, at FROM post").fetchall()


def test_a_post_is_noted_once_and_one_that_was_taken_back_not_at_all(ledger, clock):
    plan(ledger, *(entry(one) for one in range(1, 6)))
    ledger.withdraw(ledger.intend([5], [1, 2, 3]))
    assert posts(ledger) == []
    at = "2026-02-01T00:00:00Z"
    known = [(1, DISPATCHED, at), (2, DISPATCHED, at), (3, UNKNOWN, at), (4, DISPATCHED, None), (5, PENDING, None)]
    ledger.learn([Entry(5, one, 456, None, *what) for one, *what in known], [])
    assert posts(ledger) == [("dispatched", at), ("intended", at), ("dispatched", None)]
    assert [one[1:] for one in stand(ledger)] == known


def test_a_post_that_the_ledger_has_no_more_is_unknown(ledger):
    """As after a repair by hand: it was sent once, so it is not pending."""
    put(ledger, 5, 1, DISPATCHED)
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM post")
    assert [one[:3] for one in stand(ledger)] == [(5, 1, UNKNOWN)]


def test_an_intention_is_on_disk_before_anything_is_sent(ledger, path, fork):
    plan(ledger, entry(1))
    ledger.intend([5], [1])

    def look(child):
        with Ledger(path, HOST, LOOK) as other:
            child.say(str([one[:3] for one in stand(other)]))

    assert fork(look).hear() == "[(5, 1, 'unknown')]"


def test_a_killed_run_leaves_its_intention(path, fork):
    def work(child):
        with Ledger(path, HOST, WRITE) as ledger:
            plan(ledger, entry(1), entry(2))
            ledger.intend([5], [1])
            child.say("intended")
            child.wait()

    child = fork(work)
    assert child.hear() == "intended"
    child.kill()
    with Ledger(path, HOST, WRITE) as ledger:
        assert [one[:3] for one in stand(ledger)] == [(5, 1, UNKNOWN), (5, 2, PENDING)]


# What a status means for others


OWN = [None, PENDING, UNKNOWN, DISPATCHED]


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("to_all", OWN)
def test_what_went_to_all_may_have_gone_to_each_of_them(ledger, own, to_all):
    put(ledger, ALL_ENABLED, 1, to_all)
    put(ledger, 5, 1, own)
    expected = own if own in (UNKNOWN, DISPATCHED) else UNKNOWN if to_all in (UNKNOWN, DISPATCHED) else own
    status = ledger.status([1])
    assert status(5, 1) == expected
    # A binding of which nothing is known may be one of them, too.
    assert status(6, 1) == (UNKNOWN if to_all in (UNKNOWN, DISPATCHED) else None)


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("to_one", OWN)
def test_what_went_to_one_makes_it_unknown_for_all(ledger, own, to_one):
    put(ledger, ALL_ENABLED, 1, own)
    put(ledger, 5, 1, to_one)
    expected = own if own in (UNKNOWN, DISPATCHED) else UNKNOWN if to_one in (UNKNOWN, DISPATCHED) else own
    assert ledger.status([1])(ALL_ENABLED, 1) == expected


def test_other_extracts_and_bindings_do_not_matter(ledger):
    put(ledger, ALL_ENABLED, 2, DISPATCHED)
    put(ledger, 5, 3, DISPATCHED)
    status = ledger.status([1, 2, 3])
    assert [status(5, 1), status(6, 3), status(ALL_ENABLED, 1)] == [None, None, None]


def test_only_what_was_asked_about_is_known(ledger):
    put(ledger, 5, 1, DISPATCHED)
    assert ledger.status([2])(5, 1) is None


# Plans


@pytest.mark.parametrize("status", [PENDING, UNKNOWN, DISPATCHED])
def test_planning_again_changes_nothing_of_what_is_known(ledger, clock, status):
    put(ledger, 5, 1, status)
    before = list(ledger.entries())
    plan(ledger, Entry(5, 1, 999, "2030-01-01T00:00:00Z", PENDING, None), entry(2))
    assert [one for one in ledger.entries() if one.extract_id == 1] == before


def test_a_plan_that_is_not_taken_up_has_its_time_until_one_is(ledger, clock):
    change, later = "2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z"
    plan(ledger, taken_up=False, updated={5: change})
    assert ledger.backfills() == {5: Backfill(5, 456, "2026-01-01T00:00:00Z", change, [])}
    plan(ledger, taken_up=False, updated={5: later})
    assert ledger.backfills()[5].updated == later
    plan(ledger, taken_up=False, updated={})
    assert ledger.backfills()[5].updated is None
    plan(ledger, taken_up=True, updated={5: later})
    assert ledger.backfills() == {5: Backfill(5, 456, None, later, [])}


def test_a_plan_may_be_for_a_binding_alone(ledger):
    plan(ledger, bindings={5: 456, 6: 457, 7: None}, taken_up=False)
    assert [(one.binding_id, one.datastream_id) for one in ledger.backfills().values()] == [(5, 456), (6, 457), (7, None)]
    assert stand(ledger) == []


def test_periods_replace_those_of_the_bindings_they_name(ledger):
    first, second = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), ("2026-02-01T00:00:00Z", None)
    plan(ledger, bindings={5: 456, 6: 456}, self_loading={5: [first], 6: [first]})
    plan(ledger, bindings={5: 456, 6: 456}, self_loading={5: [first, second]})
    assert {one: known.self_loading for one, known in ledger.backfills().items()} == {5: [first, second], 6: [first]}
    plan(ledger, bindings={}, self_loading={6: []})
    assert ledger.backfills()[6].self_loading == []


def test_periods_of_a_binding_that_is_not_known_are_not_kept(ledger):
    plan(ledger, bindings={}, self_loading={5: [("2026-01-01T00:00:00Z", None)]})
    assert ledger.backfills() == {}


@pytest.mark.parametrize(("status", "left"), [(PENDING, []), (UNKNOWN, [1]), (DISPATCHED, [1])])
def test_what_is_gone_is_dropped_only_while_it_is_pending(ledger, status, left):
    put(ledger, 5, 1, status)
    put(ledger, 6, 1, PENDING)
    plan(ledger, gone=[(5, 1), (5, 99)])
    assert [one.extract_id for one in ledger.entries(binding_ids=[5])] == left
    assert [one.extract_id for one in ledger.entries(binding_ids=[6])] == [1]


def test_a_plan_that_fails_leaves_nothing_of_itself(ledger):
    def broken():
        yield entry(1)
        raise LedgerError("no more")

    with pytest.raises(LedgerError, match="no more"):
        ledger.plan(broken(), {5: 456}, {}, True)
    assert stand(ledger) == []
    assert ledger.backfills() == {}


@pytest.mark.parametrize("text", ["", "{", "[[1]]", "[[1, 2, 3]]"])
def test_periods_that_cannot_be_read_are_a_damaged_ledger(ledger, text):
    plan(ledger)
    with ledger.transaction() as connection:
        connection.execute("UPDATE backfill SET self_loading = ?", (text,))
    with pytest.raises(LedgerError, match="cannot be used"):
        ledger.backfills()
