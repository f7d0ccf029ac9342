# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ledger records: the same in each store. The status that follows from events: ``test_status.py``."""

from __future__ import annotations

import itertools
import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import events
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry, Request
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import Event, EventKind, Status, derive_status, loaded_at
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.plugins.module_utils._spec import times
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import (
    INSERT,
    ROW,
    entry,
    facts,
    read_all,
    refusal,
    statuses,
)

PENDING, UNKNOWN, DISPATCHED, REFUSED = Status.PENDING, Status.UNKNOWN, Status.DISPATCHED, Status.REFUSED


@pytest.fixture
def ledger(ledger_place):
    with ledger_place.open() as opened:
        yield opened


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
    return {row.binding_id: row.total for row in ledger.binding_rows().values()}


def pairs(entries):
    return [(each.binding_id, each.extract_id) for each in entries]


NOTHING = ([], {}, {}, {}, {}, [], [])


# Entries


def test_entries_come_by_binding_and_age(ledger):
    planned = [
        entry(1, created="2026-01-03T00:00:00Z"), entry(2, created="2026-01-02T00:00:00Z"), entry(3, created="2026-01-02T00:00:00Z"),
        entry(9, 7, datastream_id=455), entry(8, ALL_ENABLED, datastream_id=None), entry(2, 4, created="2026-01-02T00:00:00Z"),
    ]  # fmt: skip
    ledger.note({}, entries=planned)
    assert list(ledger.entries()) == [planned[at] for at in (4, 5, 1, 2, 0, 3)]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ((None, [1]), [(5, 1), (6, 1)]),
        (([5, 7],), [(5, 1), (5, 2), (7, 3)]),
        (([6, 7], [1, 3]), [(6, 1), (7, 3)]),
        ((None, []), []),
        (([],), []),
        ((None, range(1, 2000)), [(5, 1), (5, 2), (6, 1), (7, 3)]),
        ((range(1000), None), [(5, 1), (5, 2), (6, 1), (7, 3)]),
    ],
)
def test_entries_are_those_for_which_all_that_is_given_holds(ledger, choice, found):
    ledger.note({}, entries=[entry(1), entry(2), entry(1, 6), entry(3, 7, datastream_id=457)])
    assert pairs(ledger.entries(*choice)) == found


def test_entries_are_written_in_portions_so_that_they_need_not_all_be_held(ledger, monkeypatch):
    monkeypatch.setattr(events, "_IN_MEMORY", 10)
    entries = (entry(number, 5 + number % 2) for number in range(1, 101))
    assert len(next(events.in_portions(entries))) == 10
    ledger.note({}, entries=entries)
    assert totals(ledger) == {5: 45, 6: 45}


def test_instances_have_no_records_of_each_other(ledger_place):
    with ledger_place.open() as ledger:
        put(ledger, 5, 1, DISPATCHED)
        ledger.note({5: [ROW]})
    with ledger_place.open(host="other.example") as ledger:
        assert read_all(ledger) == NOTHING
        put(ledger, 5, 1, UNKNOWN)
    with ledger_place.open(LOOK) as ledger:
        assert statuses(ledger) == {1: "dispatched"}
        assert facts(ledger) == {5: [ROW]}


def test_largest_ids_fit(ledger):
    largest = 2**63 - 1
    ledger.note({largest: [ROW]}, [BindingRow(largest, largest, largest, 0)], [entry(largest, largest, datastream_id=largest)])
    ledger.take_turn([largest])
    ledger.dispatched(ledger.intend([largest], [largest]))
    assert ledger.statuses(largest, [largest]) == {largest: DISPATCHED}
    assert ledger.binding_rows() == {largest: BindingRow(largest, largest, largest, 1)}


@pytest.mark.parametrize("status", [PENDING, UNKNOWN, DISPATCHED, REFUSED])
def test_planning_again_changes_nothing_that_is_recorded(ledger, status):
    put(ledger, 5, 1, status)
    before = list(ledger.entries())
    ledger.note({}, entries=[Entry(5, 1, 999, "2030-01-01T00:00:00Z"), entry(2)])
    assert [each for each in ledger.entries() if each.extract_id == 1] == before
    assert totals(ledger) == {5: 2}


def test_pending_entries_come_by_age(ledger):
    for binding_id, (extract_id, status) in itertools.product((5, 6, 7), enumerate((PENDING, UNKNOWN, DISPATCHED, REFUSED, PENDING), 1)):
        put(ledger, binding_id, extract_id, status)
    found = ledger.pending_entries([5, 7])
    assert sorted(pairs(found)) == [(5, 1), (5, 5), (7, 1), (7, 5)]
    assert [each.extract_id for each in found] == [1, 1, 5, 5]
    assert ledger.pending_counts() == {5: 2, 6: 2, 7: 2}
    assert {each.binding_id for each in ledger.pending_entries(range(6, 1000))} == {6, 7}


# Reading


@pytest.mark.parametrize("purpose", [PREDICT, LOOK])
def test_reading_where_there_is_none_finds_and_makes_nothing(ledger_place, purpose):
    before = ledger_place.content()
    with ledger_place.open(purpose) as ledger:
        assert ledger.take_turn([5]) is False
        assert read_all(ledger) == NOTHING
        assert (ledger.busy, ledger.waited, ledger.shown) == (False, 0.0, ledger_place.shown)
    assert ledger_place.content() == before


@pytest.mark.parametrize("purpose", [PREDICT, LOOK])
@pytest.mark.parametrize(("host", "counts"), [("acme.example", [4, 0, 1, 1, 4, 2, 1]), ("never.seen", [0] * 7)])
def test_ledger_that_is_not_opened_for_writing_records_nothing(ledger_place, purpose, host, counts):
    with ledger_place.open() as ledger:
        ledger.take_turn([5])
        for extract_id, status in enumerate((PENDING, UNKNOWN, DISPATCHED, REFUSED), 1):
            put(ledger, 5, extract_id, status)
    before = ledger_place.content()
    with ledger_place.open(purpose, host) as ledger:
        ledger.take_turn([5])
        assert [len(each) for each in read_all(ledger)] == counts
        ledger.take_turn(None)
        assert ledger.busy is False
        ledger.note({5: [ROW]}, [BindingRow(6, 456, 789, 0)], [entry(2)])
        ledger.record(EventKind.RECORDED, [entry(1)])
        ledger.withdraw_write(1)
    assert ledger_place.content() == before


def test_closed_ledger_says_so(ledger_place):
    with ledger_place.open() as ledger:
        pass
    for work in (ledger.histories, lambda: ledger.note({5: [ROW]}), lambda: ledger.take_turn([5]), lambda: ledger.withdraw(Request(1, [5], [1]))):
        with pytest.raises(LedgerError, match="is not open"):
            work()


# The way of an extract

STEPS = ["request", "confirmed request", "withdrawn request", *(kind for kind in EventKind if kind not in (EventKind.INTENDED, EventKind.DISPATCHED))]
WAYS = [way for length in (0, 1, 2) for way in itertools.product(STEPS, repeat=length)]
WAYS += [("confirmed request", EventKind.REFUSED, *way) for way in WAYS if "withdrawn request" in way]


def test_every_event_of_an_extract_is_kept(ledger, monkeypatch):
    """What is recorded of each, after each way that it may go: its status, the event that decides it, and whether it is open."""
    seconds = itertools.count()
    monkeypatch.setattr(times, "now", lambda: f"second {next(seconds)}")
    ledger.note({}, entries=[entry(extract_id) for extract_id in range(len(WAYS))])
    expected, is_open = {}, set()

    def happen(happened, kind, reason=None):
        happened.append(Event(len(happened), kind, f"second {next(seconds) - 1}", reason))

    for extract_id, way in enumerate(WAYS):
        happened = []
        for step in way:
            if step in EventKind.__members__.values():
                ledger.record(step, [entry(extract_id)], "why")
                happen(happened, step, "why")
                continue
            request = ledger.intend([5], [extract_id])
            assert ledger.statuses(5, [extract_id]) == {extract_id: UNKNOWN}
            if step == "withdrawn request":
                ledger.withdraw(request)
                continue
            if step == "confirmed request":
                ledger.dispatched(request)
            happen(happened, EventKind.DISPATCHED if step == "confirmed request" else EventKind.INTENDED)
        status, event = derive_status(happened)
        at, reason = (event.at, event.reason) if event else (None, None)
        expected[extract_id] = entry(extract_id, status=status, at=at, reason=reason, loaded_at=loaded_at(happened) if len(happened) > 1 else None)
        if status is not DISPATCHED and any(each.kind not in (EventKind.DISPATCHED, EventKind.LOADED) for each in happened):
            is_open.add(extract_id)
    assert {each.extract_id: each for each in ledger.entries()} == expected
    assert ledger.statuses(5, range(len(WAYS))) == {each: found.status for each, found in expected.items()}
    assert {each.extract_id: each for each in ledger.open_entries([5])} == {each: expected[each] for each in is_open}
    assert ledger.open_entries([6]) == []


def test_request_for_several_bindings_is_confirmed_for_all_but_some_extracts_whatever_another_one_does(ledger):
    ledger.note({}, entries=[entry(1), entry(2), entry(1, 6), entry(2, 6), entry(1, 7)])
    request = ledger.intend([5, 6], [1, 2])
    ledger.withdraw(ledger.intend([6, 7], [1]))
    ledger.dispatched(request, but=[1])
    assert [each.status for each in ledger.entries()] == [UNKNOWN, DISPATCHED, UNKNOWN, DISPATCHED, PENDING]
    assert pairs(ledger.open_entries()) == [(5, 1), (6, 1)]


def test_what_was_never_planned_cannot_be_sent(ledger):
    ledger.withdraw(ledger.intend([5], [1]))
    ledger.dispatched(ledger.intend([5], [1]))
    assert list(ledger.entries()) == []


def test_record_of_an_extract_that_was_not_planned_adds_it(ledger):
    put(ledger, 5, 1, PENDING)
    ledger.record(EventKind.RECORDED, [entry(1, reason="its own"), entry(7, 6)], "checked")
    assert statuses(ledger) == {1: "recorded", 7: "recorded"}
    assert [each.reason for each in ledger.entries()] == ["its own", "checked"]
    assert totals(ledger) == {5: 1, 6: 1}


def test_requests_have_any_size(ledger):
    bindings, extracts = list(range(1, 41)), list(range(1, 51))
    ledger.note({}, entries=[entry(one, binding) for one in extracts for binding in bindings])
    post = ledger.intend(bindings, extracts)
    assert len(ledger.open_entries()) == 2000
    ledger.withdraw(post)
    assert [each.status for each in ledger.entries()] == [PENDING] * 2000
    ledger.record(EventKind.DISPATCHED, [entry(one, 99) for one in range(1, 1202)])
    assert ledger.statuses(99, range(1, 1300)) == dict.fromkeys(range(1, 1202), DISPATCHED)


def test_request_that_is_confirmed_or_withdrawn_leaves_no_list_of_extracts(ledger, ledger_place):
    ledger.note({}, entries=[entry(one) for one in range(1, 5)])
    ledger.withdraw(ledger.intend([5], [1, 2, 3]))
    ledger.dispatched(ledger.intend([5], [1, 2]))
    ledger.intend([5], [3])
    ledger.record(EventKind.LOADED, [entry(1)])
    rows = ledger_place.run("SELECT kind, pairs FROM event ORDER BY id")
    assert [(kind, stored and json.loads(stored)) for kind, stored in rows] == [("dispatched", None), ("intended", [[5], [3]]), ("loaded", None)]


# What a status means for others

OWN = [None, PENDING, UNKNOWN, DISPATCHED, REFUSED]


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("other", OWN)
def test_what_went_to_all_may_have_gone_to_each_and_the_other_way_round(ledger, own, other):
    went = other in (UNKNOWN, DISPATCHED)
    for binding_id, other_id, extract_id in ((5, ALL_ENABLED, 1), (ALL_ENABLED, 6, 2)):
        put(ledger, other_id, extract_id, other)
        put(ledger, binding_id, extract_id, own)
        assert ledger.statuses(binding_id, [extract_id]).get(extract_id) == (UNKNOWN if went and own not in (UNKNOWN, DISPATCHED) else own)
    # A binding of which nothing is recorded may be one of all. Other extracts do not matter.
    assert ledger.statuses(7, [1]) == ({1: UNKNOWN} if went else {})
    assert ledger.statuses(7, [3]) == ledger.statuses(5, []) == {}


# Facts of bindings

FACTS = [
    BindingFact(FactKind.ROW, "2026-01-01T00:00:00Z"),
    BindingFact(FactKind.WRITE, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", False),
    BindingFact(FactKind.ANSWER, "2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", False, "2026-01-01T00:00Z", 0.25),
    BindingFact(FactKind.PLANNED, "2026-01-01T00:00:00Z", window=(None, "2026-01-01T00:00:00Z")),
    BindingFact(FactKind.LISTED, "2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", window=("2020-01-01T00:00:00Z", None)),
    BindingFact(FactKind.FINISHED, "2026-01-01T00:00:00Z"),
]


def test_facts_are_read_as_they_were_recorded(ledger, ledger_place):
    ledger.note({5: FACTS[:4]}, [BindingRow(5, 456, 789, 0), BindingRow(6, 7, None, 0)])
    ledger.note({5: FACTS[4:], 6: [ROW]}, [BindingRow(5, 456, None, 0)])
    assert facts(ledger, [6, 9]) == {6: [ROW]}
    assert facts(ledger, []) == {}
    assert facts(ledger, range(1000)) == {5: FACTS, 6: [ROW]}
    with ledger_place.open(LOOK) as other:
        assert facts(other) == {5: FACTS, 6: [ROW]}
        assert other.binding_rows() == {5: BindingRow(5, 456, 789, 0), 6: BindingRow(6, 7, None, 0)}


def test_write_that_was_not_executed_leaves_no_fact(ledger):
    number = ledger.begin_write(5, FACTS[1], {5: [ROW], 6: [ROW]})
    assert [fact.kind for fact in facts(ledger)[5]] == [FactKind.ROW, FactKind.WRITE]
    ledger.withdraw_write(number)
    assert facts(ledger) == {5: [ROW], 6: [ROW]}


def test_row_between_two_that_show_the_same_is_dropped(ledger):
    shown = [ROW._replace(clock=f"2026-01-01T00:00:0{second}Z") for second in range(3)]
    for row in shown:
        ledger.note({5: [row]})
    assert facts(ledger) == {5: [shown[0], shown[2]]}


@pytest.mark.parametrize("statement", ["nonsense", INSERT, "INSERT INTO gone VALUES (1)", None])
def test_transaction_that_fails_leaves_nothing(ledger, statement):
    with pytest.raises(LedgerError if statement else KeyError), ledger.store.transaction():
        ledger.store.write(INSERT)
        if statement is None:
            raise KeyError
        ledger.store.write(statement)
    assert ledger.store.read("SELECT count(*) FROM load") == [(0,)]


# A ledger that somebody else wrote to


def test_extract_whose_event_is_missing_is_unknown(ledger, ledger_place):
    """As after a repair by hand."""
    put(ledger, 5, 1, DISPATCHED)
    ledger_place.run("DELETE FROM event")
    assert statuses(ledger) == {1: "unknown"}


@pytest.mark.parametrize(
    "change",
    [
        *(f"UPDATE binding_fact SET {column} = 'soon'" for column in ("kind", "updated", "clock")),
        *(f"UPDATE event SET pairs = '{stored}'" for stored in ("", "[[5]]", "7", '{"a": 1}', '[["x"], [1]]', "[[5], null]")),
    ],
)
def test_row_that_cannot_be_read_is_a_damaged_ledger(ledger_place, change):
    with ledger_place.open() as ledger:
        put(ledger, 5, 1, UNKNOWN)
        ledger.note({5: [ROW]})
    ledger_place.run(change)
    says = f"The ledger {ledger_place.shown} cannot be used: it is damaged (a row cannot be read). Restore a current copy"
    assert refusal(ledger_place.ledger, LOOK, use=read_all).startswith(says)
