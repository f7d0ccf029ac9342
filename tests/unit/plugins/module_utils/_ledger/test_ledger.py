# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ledger means: the same in each store."""

from __future__ import annotations

import collections
import itertools
import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import events
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry, Request
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind, Status
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.plugins.module_utils._spec import times

PENDING, UNKNOWN, DISPATCHED, REFUSED, RECORDED = Status.PENDING, Status.UNKNOWN, Status.DISPATCHED, Status.REFUSED, Status.RECORDED


@pytest.fixture
def ledger(ledger_place):
    with ledger_place.open() as opened:
        yield opened


@pytest.fixture
def clock(monkeypatch):
    """Every look at it is a second later."""
    ticks = itertools.count()
    monkeypatch.setattr(times, "now", lambda: f"2026-01-01T00:00:{next(ticks):02}Z")


def entry(extract_id, binding_id=5, created=None, datastream_id=456, **more):
    return Entry(binding_id, extract_id, datastream_id, created, **more)


def put(ledger, binding_id, extract_id, status):
    """Brings one extract for one binding into a status."""
    if status is None:
        return
    ledger.note({}, entries=[entry(extract_id, binding_id)])
    if status == REFUSED:
        ledger.record(EventKind.REFUSED, [entry(extract_id, binding_id)], "404: gone")
    elif status != PENDING:
        post = ledger.intend([binding_id], [extract_id])
        if status == DISPATCHED:
            ledger.dispatched(post)


def totals(ledger):
    return {row.binding_id: (row.datastream_id, row.total) for row in ledger.binding_rows().values()}


def stand(ledger, *choice):
    return [(one.binding_id, one.extract_id, one.status, one.at) for one in ledger.entries(*choice)]


# Entries


def test_what_was_planned_is_pending(ledger):
    ledger.note({}, entries=[entry(1, created="2026-01-01T00:00:00Z"), entry(2, created="2025-01-01T00:00:00Z")])
    assert list(ledger.entries()) == [
        Entry(5, 2, 456, "2025-01-01T00:00:00Z", PENDING, None, None),
        Entry(5, 1, 456, "2026-01-01T00:00:00Z", PENDING, None, None),
    ]


def test_many_entries_are_written_down_in_parts(ledger, monkeypatch):
    monkeypatch.setattr(events, "_IN_MEMORY", 3)
    wanted = [entry(extract_id, binding_id) for extract_id in range(1, 6) for binding_id in (5, 6)]
    ledger.note({}, entries=iter(wanted))
    ledger.note({}, entries=[*wanted, entry(6, 5)])
    assert {(one.binding_id, one.extract_id) for one in ledger.entries()} == {(one.binding_id, one.extract_id) for one in [*wanted, entry(6, 5)]}
    assert totals(ledger) == {5: (456, 6), 6: (456, 5)}


def test_writing_many_entries_down_does_not_hold_them_all(ledger, monkeypatch):
    monkeypatch.setattr(events, "_IN_MEMORY", 10)
    alive, most = set(), []

    class Watched(Entry):
        def __del__(self):
            alive.discard(self.extract_id)

    def entries():
        for number in range(1, 101):
            alive.add(number)
            most.append(len(alive))
            yield Watched(5, number, 456, None)

    ledger.note({}, entries=entries())
    assert max(most) <= 20


def test_entries_come_by_binding_and_age(ledger):
    ledger.note(
        {},
        entries=[
            entry(1, created="2026-01-03T00:00:00Z"),
            entry(2, created="2026-01-02T00:00:00Z"),
            entry(3, created="2026-01-02T00:00:00Z"),
            entry(9, 7, datastream_id=455),
            entry(8, ALL_ENABLED, datastream_id=None),
            entry(2, 4, created="2026-01-02T00:00:00Z"),
        ],
    )
    assert [(one.datastream_id, one.extract_id, one.binding_id) for one in ledger.entries()] == [
        (None, 8, 0), (456, 2, 4), (456, 2, 5), (456, 3, 5), (456, 1, 5), (455, 9, 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ((), [(5, 1), (5, 2), (6, 1), (7, 3)]),
        ((None, [1]), [(5, 1), (6, 1)]),
        (([5, 7],), [(5, 1), (5, 2), (7, 3)]),
        (([6, 7], [1, 3]), [(6, 1), (7, 3)]),
        (([7], [1]), []),
        ((None, []), []),
        (([],), []),
        ((None, range(1, 2000)), [(5, 1), (5, 2), (6, 1), (7, 3)]),
        ((range(1000), None), [(5, 1), (5, 2), (6, 1), (7, 3)]),
    ],
)
def test_entries_for_which_all_that_is_given_holds(ledger, choice, found):
    ledger.note({}, entries=[entry(1), entry(2), entry(1, 6), entry(3, 7, datastream_id=457)])
    assert [(one.binding_id, one.extract_id) for one in ledger.entries(*choice)] == found


def test_instances_know_nothing_of_each_other(ledger_place):
    with ledger_place.open() as ledger:
        put(ledger, 5, 1, DISPATCHED)
        put(ledger, 5, 3, REFUSED)
        ledger.note({5: [ROW]})
    with ledger_place.open(host="other.example") as ledger:
        assert (stand(ledger), ledger.histories(), totals(ledger), ledger.pending_counts()) == ([], {}, {}, {})
        assert (ledger.statuses(5, [1]), ledger.open_entries(), ledger.pending_entries([5])) == ({}, [], [])
        put(ledger, 5, 1, PENDING)
        ledger.intend([5], [1])
    with ledger_place.open(LOOK) as ledger:
        assert [one[:3] for one in stand(ledger)] == [(5, 1, DISPATCHED), (5, 3, REFUSED)]
        assert recorded(ledger) == {5: [ROW]}


def test_the_largest_ids_fit(ledger):
    largest = 2**63 - 1
    ledger.note({largest: [ROW]}, [BindingRow(largest, largest, largest, 0)], [entry(largest, largest, datastream_id=largest)])
    ledger.take_turn([largest])
    ledger.dispatched(ledger.intend([largest], [largest]))
    assert ledger.statuses(largest, [largest]) == {largest: DISPATCHED}
    assert totals(ledger) == {largest: (largest, 1)}


@pytest.mark.parametrize("purpose", [PREDICT, LOOK])
def test_reading_where_there_is_none_makes_nothing_and_finds_nothing(ledger_place, purpose):
    before = ledger_place.content()
    with ledger_place.open(purpose) as ledger:
        assert ledger.take_turn([5]) is False
        assert (stand(ledger), ledger.histories(), ledger.statuses(5, [1]), ledger.pending_counts(), totals(ledger)) == ([], {}, {}, {}, {})
        assert (ledger.open_entries(), ledger.pending_entries([5]), ledger.busy, ledger.waited) == ([], [], False, 0.0)
        assert ledger.shown == ledger_place.shown
    assert ledger_place.content() == before


@pytest.mark.parametrize("purpose", [PREDICT, LOOK])
@pytest.mark.parametrize("host", ["acme.example", "never.seen"])
def test_reading_writes_nothing(ledger_place, purpose, host):
    with ledger_place.open() as ledger:
        ledger.take_turn([5])
        for one, status in enumerate((PENDING, UNKNOWN, DISPATCHED, REFUSED), 1):
            put(ledger, 5, one, status)
    before = ledger_place.content()
    with ledger_place.open(purpose, host) as ledger:
        ledger.take_turn([5])
        assert len(stand(ledger)) == (4 if host == "acme.example" else 0)
        ledger.take_turn(None)
        assert (ledger.busy, len(ledger.open_entries())) == (False, 2 if host == "acme.example" else 0)
    assert ledger_place.content() == before


def test_hosts_have_their_own_numbers(ledger_place):
    for host in ("a", "b", "a"):
        with ledger_place.open(host=host):
            pass
    assert [host for _id, host in sorted(ledger_place.run("SELECT instance, name FROM host"))] == ["a", "b"]


@pytest.mark.parametrize("purpose", ["write", "predict"])
def test_an_instance_that_was_moved_is_named_and_not_used(ledger_place, purpose):
    with ledger_place.open() as ledger:
        put(ledger, 5, 1, DISPATCHED)
        instance = ledger.instance
    ledger_place.run(f"INSERT INTO move (instance, direction, place, content, at) VALUES ({instance}, 'to', 'postgresql://db.example/ledger', '', '')")
    with pytest.raises(LedgerError) as caught, ledger_place.open(purpose):
        pass
    assert "its content was moved to postgresql://db.example/ledger. Set ledger to postgresql://db.example/ledger. Nothing was changed." in str(caught.value)
    with ledger_place.open(LOOK) as ledger:
        assert len(stand(ledger)) == 1
    with ledger_place.open(host="other.example") as ledger:
        put(ledger, 5, 1, PENDING)


# The way of an extract


def test_intend_and_dispatched(ledger, clock):
    ledger.note({}, entries=[entry(1), entry(2), entry(3)])
    post = ledger.intend([5], [1, 2])
    assert stand(ledger) == [(5, 1, UNKNOWN, "2026-01-01T00:00:00Z"), (5, 2, UNKNOWN, "2026-01-01T00:00:00Z"), (5, 3, PENDING, None)]
    ledger.dispatched(post._replace(extract_ids=[1]), but=[2])
    assert stand(ledger) == [(5, 1, DISPATCHED, "2026-01-01T00:00:02Z"), (5, 2, UNKNOWN, "2026-01-01T00:00:01Z"), (5, 3, PENDING, None)]
    assert [(one.extract_id, one.status) for one in ledger.open_entries()] == [(2, UNKNOWN)]


def test_several_bindings_at_once(ledger, clock):
    ledger.note({}, entries=[entry(1), entry(2), entry(1, 6), entry(2, 6), entry(1, 7)])
    ledger.dispatched(ledger.intend([5, 6], [1, 2]), but=[1])
    assert [one[:3] for one in stand(ledger)] == [(5, 1, UNKNOWN), (5, 2, DISPATCHED), (6, 1, UNKNOWN), (6, 2, DISPATCHED), (7, 1, PENDING)]


def test_withdraw_brings_back_what_was_before(ledger, clock):
    for extract_id, status in enumerate([PENDING, UNKNOWN, DISPATCHED, REFUSED], 1):
        put(ledger, 5, extract_id, status)
    was = stand(ledger)
    post = ledger.intend([5], [1, 2, 3, 4])
    assert {one[2] for one in stand(ledger)} == {UNKNOWN}
    ledger.withdraw(post)
    assert stand(ledger) == was


def test_a_forced_one_that_is_withdrawn_stays_dispatched_with_its_old_time(ledger, clock):
    put(ledger, 5, 1, DISPATCHED)
    [(_binding, _extract, _status, at)] = stand(ledger)
    for _refusal in range(3):
        ledger.withdraw(ledger.intend([5], [1]))
    assert stand(ledger) == [(5, 1, DISPATCHED, at)]
    ledger.dispatched(ledger.intend([5], [1]))
    assert stand(ledger)[0][2:] > (DISPATCHED, at)


def test_withdraw_changes_nothing_else(ledger, clock):
    ledger.note({}, entries=[entry(1), entry(2), entry(1, 6)])
    first = ledger.intend([5], [1])
    ledger.intend([6], [1])
    ledger.withdraw(first)
    assert [one[:3] for one in stand(ledger)] == [(5, 1, PENDING), (5, 2, PENDING), (6, 1, UNKNOWN)]


def test_what_was_never_planned_cannot_be_intended_or_dispatched(ledger):
    ledger.withdraw(ledger.intend([5], [1]))
    ledger.dispatched(ledger.intend([5], [1]))
    assert stand(ledger) == []


def test_fifty_extracts_for_many_bindings(ledger):
    bindings, extracts = range(1, 41), range(1, 51)
    ledger.note({}, entries=[entry(one, binding) for one in extracts for binding in bindings])
    post = ledger.intend(list(bindings), list(extracts))
    assert collections.Counter(one[2] for one in stand(ledger)) == {UNKNOWN: 2000}
    assert len(ledger.open_entries()) == 2000
    ledger.withdraw(post)
    assert {one[2] for one in stand(ledger)} == {PENDING}


def test_what_is_confirmed_is_noted_with_the_next_intention(ledger, clock):
    ledger.note({}, entries=[entry(1), entry(2)])
    first = ledger.intend([5], [1])
    ledger.intend([5], [2], confirmed=first)
    assert stand(ledger) == [(5, 1, DISPATCHED, "2026-01-01T00:00:01Z"), (5, 2, UNKNOWN, "2026-01-01T00:00:02Z")]


def test_a_refusal_has_its_time_and_reason(ledger, clock):
    ledger.note({}, entries=[entry(1, created="2025-12-31T00:00:00Z"), entry(1, 6), entry(2)])
    ledger.record(EventKind.REFUSED, [entry(1), entry(1, 6)], "404: no such extract")
    refused = {"status": REFUSED, "at": "2026-01-01T00:00:00Z", "reason": "404: no such extract"}
    second = {**refused, "at": "2026-01-01T00:00:01Z"}
    assert collections.Counter(ledger.entries()) == collections.Counter([entry(1, created="2025-12-31T00:00:00Z", **refused), entry(2), entry(1, 6, **second)])
    assert ledger.open_entries() == [entry(1, created="2025-12-31T00:00:00Z", **refused), entry(1, 6, **second)]
    assert ledger.open_entries([6]) == [entry(1, 6, **second)]
    # Tried again and taken: it is dispatched, and nothing of the refusal is left.
    ledger.dispatched(ledger.intend([5, 6], [1]))
    assert (ledger.statuses(5, [1]), ledger.open_entries()) == ({1: DISPATCHED}, [])


@pytest.mark.parametrize("status", [PENDING, UNKNOWN, REFUSED, DISPATCHED])
@pytest.mark.parametrize(("kind", "reason"), [(EventKind.DISPATCHED, None), (EventKind.RECORDED, "checked"), (EventKind.REFUSED, "deleted")])
def test_what_the_user_says_settles_what_was_open(ledger, clock, status, kind, reason):
    put(ledger, 5, 1, status)
    put(ledger, 5, 2, PENDING)
    ledger.record(kind, [entry(1), entry(7, 6)], reason)
    [settled, other, new] = ledger.entries()
    # Of what was sent, a refusal takes nothing back.
    expected = status if kind is EventKind.REFUSED and status in (UNKNOWN, DISPATCHED) else Status(kind.value)
    assert (settled.extract_id, settled.status, settled.at is not None) == (1, expected, True)
    assert (other.extract_id, other.status) == (2, PENDING)
    assert (new.binding_id, new.extract_id, new.status, new.reason) == (6, 7, Status(kind.value), reason)
    assert [each.extract_id for each in ledger.open_entries()] == [each.extract_id for each in (settled, new) if each.status is not DISPATCHED]
    assert {binding: total for binding, (_datastream, total) in totals(ledger).items()} == {5: 2, 6: 1}


def test_nothing_that_happened_to_an_extract_is_forgotten(ledger, clock):
    put(ledger, 5, 1, DISPATCHED)
    ledger.record(EventKind.REFUSED, [entry(1)], "404: gone")
    assert ledger.statuses(5, [1]) == {1: DISPATCHED}
    lost = ledger.intend([5], [1])
    assert ledger.statuses(5, [1]) == {1: UNKNOWN}
    ledger.record(EventKind.REFUSED, [entry(1)], "404: gone")
    assert ([each.status for each in ledger.entries()], ledger.statuses(5, [1])) == ([UNKNOWN], {1: UNKNOWN})
    ledger.dispatched(ledger.intend([5], [1]))
    assert (ledger.statuses(5, [1]), ledger.open_entries(), lost.extract_ids) == ({1: DISPATCHED}, [], [1])


def test_very_many_can_be_settled(ledger):
    ledger.record(EventKind.DISPATCHED, [entry(one) for one in range(1, 1202)])
    assert set(ledger.statuses(5, range(1, 1300)).values()) == {DISPATCHED}
    assert len(ledger.statuses(5, range(1, 1300))) == 1201


def test_posts_that_are_dispatched_or_withdrawn_leave_no_list_of_extracts(ledger, ledger_place):
    ledger.note({}, entries=[entry(one) for one in range(1, 5)])
    ledger.withdraw(ledger.intend([5], [1, 2, 3]))
    ledger.dispatched(ledger.intend([5], [1, 2]))
    ledger.intend([5], [3])
    ledger.record(EventKind.DISPATCHED, [entry(4)])
    rows = ledger_place.run("SELECT kind, pairs FROM event ORDER BY id")
    assert [(status, pairs and json.loads(pairs)) for status, pairs in rows] == [("dispatched", None), ("intended", [[5], [3]]), ("dispatched", None)]


def test_an_intention_is_there_for_others_before_anything_is_sent(ledger, ledger_place):
    ledger.note({}, entries=[entry(1)])
    ledger.intend([5], [1])
    with ledger_place.open(LOOK) as other:
        assert [one[:3] for one in stand(other)] == [(5, 1, UNKNOWN)]


def test_a_killed_run_leaves_its_intention(ledger_place, fork):
    def work(child):
        with ledger_place.open() as ledger:
            ledger.take_turn([5])
            ledger.note({}, entries=[entry(1), entry(2)])
            ledger.intend([5], [1])
            child.say("intended")
            child.wait()

    child = fork(work)
    assert child.hear() == "intended"
    child.kill()
    with ledger_place.open() as ledger:
        ledger.take_turn([5])
        assert [one[:3] for one in stand(ledger)] == [(5, 1, UNKNOWN), (5, 2, PENDING)]


# What a status means for others

OWN = [None, PENDING, UNKNOWN, DISPATCHED, REFUSED]


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("to_all", OWN)
def test_what_went_to_all_may_have_gone_to_each_of_them(ledger, own, to_all):
    put(ledger, ALL_ENABLED, 1, to_all)
    put(ledger, 5, 1, own)
    went = to_all in (UNKNOWN, DISPATCHED)
    expected = own if own in (UNKNOWN, DISPATCHED) else UNKNOWN if went else own
    assert ledger.statuses(5, [1]).get(1) == expected
    # A binding of which nothing is known may be one of them, too.
    assert ledger.statuses(6, [1]).get(1) == (UNKNOWN if went else None)


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("to_one", OWN)
def test_what_went_to_one_makes_it_unknown_for_all(ledger, own, to_one):
    put(ledger, ALL_ENABLED, 1, own)
    put(ledger, 5, 1, to_one)
    expected = own if own in (UNKNOWN, DISPATCHED) else UNKNOWN if to_one in (UNKNOWN, DISPATCHED) else own
    assert ledger.statuses(ALL_ENABLED, [1]).get(1) == expected


def test_other_extracts_and_bindings_do_not_matter(ledger):
    put(ledger, ALL_ENABLED, 2, DISPATCHED)
    put(ledger, 5, 3, DISPATCHED)
    assert ledger.statuses(5, [1]) == ledger.statuses(6, [3]) == ledger.statuses(ALL_ENABLED, [1]) == {}
    assert ledger.statuses(5, []) == {}


# Facts of bindings

ROW = BindingFact(FactKind.ROW, "2026-01-02T00:00:00Z", "2026-01-02T00:00:00.5Z", True, "2026-01-01T00:00:00Z")
FACTS = [
    BindingFact(FactKind.ROW, "2026-01-01T00:00:00Z"),
    BindingFact(FactKind.WRITE, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", False),
    BindingFact(FactKind.ANSWER, "2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", False, "2026-01-01T00:00Z", 0.25),
    BindingFact(FactKind.PLANNED, "2026-01-01T00:00:00Z", window=(None, "2026-01-01T00:00:00Z")),
    BindingFact(FactKind.LISTED, "2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", window=("2020-01-01T00:00:00Z", None)),
    BindingFact(FactKind.FINISHED, "2026-01-01T00:00:00Z"),
]


def recorded(ledger, *choice):
    """The facts by binding, without their numbers."""
    return {binding_id: [fact._replace(id=None) for fact in history.facts] for binding_id, history in ledger.histories(*choice).items()}


def test_facts_are_read_as_they_were_written(ledger, ledger_place):
    ledger.note({5: FACTS[:4]}, [BindingRow(5, 456, 789, 0), BindingRow(6, 7, None, 0)])
    ledger.note({5: FACTS[4:], 6: [ROW]})
    assert recorded(ledger) == {5: FACTS, 6: [ROW]}
    assert recorded(ledger, [6, 9]) == {6: [ROW]}
    assert recorded(ledger, []) == {}
    assert recorded(ledger, range(1000)) == {5: FACTS, 6: [ROW]}
    assert ledger.binding_rows() == {5: BindingRow(5, 456, 789, 0), 6: BindingRow(6, 7, None, 0)}
    with ledger_place.open(LOOK) as other:
        assert recorded(other) == {5: FACTS, 6: [ROW]}


def test_rows_that_show_the_same_are_kept_twice(ledger):
    for day in range(1, 10):
        ledger.note({5: [ROW._replace(clock=f"2026-02-0{day}T00:00:00Z")]})
    assert [fact.clock[:10] for fact in recorded(ledger)[5]] == ["2026-02-01", "2026-02-09"]


def test_facts_and_entries_of_a_binding_do_not_touch_each_other(ledger):
    ledger.note({5: [ROW]}, [BindingRow(5, 456, 789, 0)], [entry(1), entry(2)])
    ledger.note({}, entries=[entry(2), entry(3)])
    ledger.note({5: [ROW._replace(enabled=False)]}, [BindingRow(5, 456, None, 0)])
    assert recorded(ledger) == {5: [ROW, ROW._replace(enabled=False)]}
    assert ledger.binding_rows() == {5: BindingRow(5, 456, 789, 3)}
    assert ledger.pending_counts() == {5: 3}


def test_a_write_that_was_not_executed_leaves_no_fact(ledger):
    number = ledger.begin_write(5, FACTS[1], {5: [ROW], 6: [ROW]})
    assert [fact.kind for fact in recorded(ledger)[5]] == [FactKind.ROW, FactKind.WRITE]
    ledger.withdraw_write(number)
    assert recorded(ledger) == {5: [ROW], 6: [ROW]}


@pytest.mark.parametrize("purpose", [PREDICT, LOOK])
def test_a_ledger_that_was_not_opened_for_writing_records_nothing(ledger_place, purpose):
    with ledger_place.open() as ledger:
        ledger.note({5: [ROW]}, entries=[entry(1)])
    before = ledger_place.content()
    with ledger_place.open(purpose) as ledger:
        ledger.note({5: [ROW._replace(enabled=False)]}, [BindingRow(6, 456, 789, 0)], [entry(2)])
        ledger.record(EventKind.RECORDED, [entry(1)])
        ledger.withdraw_write(1)
    assert ledger_place.content() == before


@pytest.mark.parametrize("status", [PENDING, UNKNOWN, DISPATCHED, REFUSED])
def test_planning_again_changes_nothing_of_what_is_known(ledger, clock, status):
    put(ledger, 5, 1, status)
    before = list(ledger.entries())
    ledger.note({}, entries=[Entry(5, 1, 999, "2030-01-01T00:00:00Z"), entry(2)])
    assert [one for one in ledger.entries() if one.extract_id == 1] == before
    assert totals(ledger)[5][1] == 2


def test_pending_entries(ledger):
    for binding_id in (5, 6, 7):
        for one, status in enumerate((PENDING, UNKNOWN, DISPATCHED, REFUSED, PENDING), 1):
            put(ledger, binding_id, one, status)
    assert [(one.binding_id, one.extract_id, one.status) for one in ledger.pending_entries([5, 7])] in (
        [(5, 1, PENDING), (7, 1, PENDING), (5, 5, PENDING), (7, 5, PENDING)],
        [(7, 1, PENDING), (5, 1, PENDING), (7, 5, PENDING), (5, 5, PENDING)],
    )
    assert ledger.pending_counts() == {5: 2, 6: 2, 7: 2}
    assert {one.binding_id for one in ledger.pending_entries(range(6, 1000))} == {6, 7}


def test_a_note_that_fails_leaves_nothing_of_itself(ledger):
    def broken():
        yield entry(1)
        raise LedgerError("no more")

    with pytest.raises(LedgerError, match="no more"):
        ledger.note({5: [ROW]}, entries=broken())
    assert (stand(ledger), ledger.histories()) == ([], {})


def test_a_closed_ledger_says_so(ledger_place):
    with ledger_place.open() as ledger:
        pass
    for work in (ledger.histories, lambda: ledger.note({5: [ROW]}), lambda: ledger.take_turn([5]), lambda: ledger.withdraw(Request(1, [5], [1]))):
        with pytest.raises(LedgerError, match="is not open"):
            work()


def test_entries_come_row_by_row(ledger):
    """Row by row: the first ones are there before the last ones are read."""
    ledger.note({}, entries=(entry(one) for one in range(1, 12001)))
    rows = ledger.entries()
    assert [next(rows).extract_id for _one in range(3)] == [1, 2, 3]
    assert sum(1 for _row in rows) == 11997


# A ledger that somebody else wrote to


@pytest.mark.parametrize(("column", "stored"), [("kind", "'seen'"), ("updated", "'soon'"), ("clock", "'soon'")])
def test_a_fact_that_cannot_be_read_is_a_damaged_ledger(ledger, ledger_place, column, stored):
    ledger.note({5: [ROW]})
    ledger_place.run(f"UPDATE binding_fact SET {column} = {stored}")
    with pytest.raises(LedgerError) as caught:
        ledger.histories()
    assert f"The ledger {ledger_place.shown} cannot be used: it is damaged (a row cannot be read). Restore a current copy" in str(caught.value)


@pytest.mark.parametrize("stored", ["", "[[5]]", "7", '{"a": 1}', '[["x"], [1]]', "[[5], null]"])
def test_the_extracts_of_a_post_that_cannot_be_read_are_a_damaged_ledger(ledger, ledger_place, stored):
    put(ledger, 5, 1, UNKNOWN)
    ledger_place.run(f"UPDATE event SET pairs = '{stored}'")
    with pytest.raises(LedgerError, match="it is damaged"):
        ledger.open_entries()


def test_a_post_that_the_ledger_has_no_more_is_not_pending(ledger, ledger_place):
    """As after a repair by hand: it was sent once."""
    put(ledger, 5, 1, DISPATCHED)
    ledger_place.run("DELETE FROM event")
    assert ledger.statuses(5, [1]) == {1: UNKNOWN}
    assert [one[:3] for one in stand(ledger)] == [(5, 1, UNKNOWN)]
