# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Adverity showed before a request stands in the ledger with the request, and is read back for each extract."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import baseline, postgresql, schema, sent, sqlite
from ansible_collections.adverity.management.plugins.module_utils._ledger.baseline import Baseline
from ansible_collections.adverity.management.plugins.module_utils._ledger.rows import Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind, Status
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from hypothesis import given
from hypothesis import strategies as st

CLOCK = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
LABELS = {101: "Collected", 102: "Loaded", 103: "Loaded", 105: None}


@pytest.mark.parametrize(
    ("labels", "stored"),
    [
        ({101: "Collected", 102: "Collected"}, '"Collected"'),
        ({101: None}, "null"),
        (LABELS, '[101,105,"ab2c","Collected","Loaded",null]'),
        ({101: "a", 102: "b", 103: "a"}, '[101,103,"aba","a","b"]'),
        ({101: "\u00dcber\ud800schrieben"}, '"\\u00dcber\\ud800schrieben"'),
    ],
)
def test_labels_as_they_are_stored(labels, stored):
    assert Baseline(CLOCK, labels).stored() == (1767323045, stored)
    assert baseline.decode(stored, list(labels)) == labels
    assert baseline.moment(1767323045) == CLOCK


def test_nothing_is_stored_where_no_list_was_read():
    assert Baseline().stored() == (None, None)
    assert Baseline(CLOCK).only([101]).stored() == (1767323045, None)


@given(st.dictionaries(st.integers(1, 2**63 - 1), st.one_of(st.none(), st.text(max_size=60)), min_size=1, max_size=50))
def test_whatever_the_labels_are_they_read_back(labels):
    _seconds, stored = Baseline(CLOCK, labels).stored()
    assert stored.isascii()
    assert baseline.decode(stored, sorted(labels)) == labels
    assert baseline.span(stored) in (None, (min(labels), max(labels)))


@pytest.mark.parametrize("turn", [50, 25, 10])
def test_an_ordinary_request_takes_less_than_a_byte_for_each_extract(turn):
    """Fifty extracts of a history: all alike, or loaded before up to some day."""
    labels = {4_000_000 + number: "Collected" if number < turn else "Loaded" for number in range(50)}
    seconds, stored = Baseline(CLOCK, labels).stored()
    size = len(seconds.to_bytes(8, "big").lstrip(b"\0")) + len(stored)
    assert size <= 50 or len(set(labels.values())) > 1
    assert size <= 1.1 * 50


@pytest.mark.parametrize("stored", ['[101,103,"aba","a"]', '[101,103,"a2","a"]', '["x"]', "7", "[]", "{", '[101,102,"ab",1,2]'])
def test_what_does_not_fit_together_tells_nothing(ledger_place, stored):
    with ledger_place.open() as ledger:
        ledger.note({}, entries=[Entry(5, each, 456, None) for each in (101, 102, 103)])
        ledger.dispatched(ledger.intend([5], [101, 102, 103], baseline=Baseline(CLOCK, {101: "a", 102: "b", 103: "a"})))
    ledger_place.run(f"UPDATE event SET baseline = '{stored}'")
    with ledger_place.open(LOOK) as ledger:
        assert [each.events[0].has_label for each in sent.read(ledger, [5], [101])] == [False]


def noted(ledger, binding_id=5, extract_ids=(101, 102, 103, 105)):
    """{extract: (status, clock, label) of its last event} as the ledger has it."""
    found = sent.read(ledger, [binding_id], list(extract_ids))
    return {one.extract_id: (one.status, one.events[-1].clock, one.events[-1].label if one.events[-1].has_label else "-") for one in found}


def expected(labels=None, status=Status.DISPATCHED):
    return {extract_id: (status, CLOCK, label) for extract_id, label in (labels or LABELS).items()}


@pytest.fixture
def place(ledger_place):
    """A ledger with entries of two bindings."""
    with ledger_place.open() as ledger:
        ledger.note({}, entries=[Entry(binding_id, each, 456, None) for binding_id in (5, 6) for each in range(100, 120)])
    return ledger_place


def test_each_extract_reads_back_what_was_shown_of_it(place):
    with place.open() as ledger:
        first = ledger.intend([5, 6], list(LABELS), baseline=Baseline(CLOCK, LABELS))
        assert noted(ledger) == noted(ledger, 6) == expected(status=Status.UNKNOWN)
        second = ledger.intend([5], [110, 111], first, Baseline(CLOCK, {110: "Loaded", 111: "Loaded"}))
        ledger.dispatched(second)
    with place.open(LOOK) as ledger:
        assert noted(ledger) == noted(ledger, 6) == expected()
        assert noted(ledger, 6, [103]) == {103: (Status.DISPATCHED, CLOCK, "Loaded")}
        assert noted(ledger, 5, [111]) == {111: (Status.DISPATCHED, CLOCK, "Loaded")}
        assert noted(ledger, 5, [112]) == {}  # only planned


def test_a_response_that_does_not_confirm_all_splits_it(place):
    with place.open() as ledger:
        ledger.dispatched(ledger.intend([5, 6], list(LABELS), baseline=Baseline(CLOCK, LABELS)), but=[102, 105])
        for binding_id in (5, 6):
            assert noted(ledger, binding_id) == {
                **expected({101: "Collected", 103: "Loaded"}), **expected({102: "Loaded", 105: None}, Status.UNKNOWN)
            }  # fmt: skip


def test_a_request_that_was_taken_back_leaves_nothing(place):
    with place.open() as ledger:
        ledger.withdraw(ledger.intend([5], list(LABELS), baseline=Baseline(CLOCK, LABELS)))
        assert noted(ledger) == {}


def test_each_request_for_an_extract_has_its_own(place):
    with place.open() as ledger:
        ledger.dispatched(ledger.intend([5], list(LABELS), baseline=Baseline(CLOCK, LABELS)))
        later = CLOCK.replace(hour=9)
        ledger.dispatched(ledger.intend([5], [102, 103, 110], baseline=Baseline(later, {102: "Failed", 103: "Loaded", 110: "Failed"})))
        found = {one.extract_id: [(event.clock, event.label) for event in one.events] for one in sent.read(ledger, [5], [101, 102, 103])}
        assert found == {101: [(CLOCK, "Collected")], 102: [(CLOCK, "Loaded"), (later, "Failed")], 103: [(CLOCK, "Loaded"), (later, "Loaded")]}


def test_without_a_clock_or_a_list(place):
    with place.open() as ledger:
        ledger.dispatched(ledger.intend([5], [101], baseline=Baseline(None, {101: "Loaded"})))
        ledger.dispatched(ledger.intend([5], [102], baseline=Baseline(CLOCK)))
        ledger.dispatched(ledger.intend([5], [103]))
        assert noted(ledger, 5, [101, 102, 103]) == {
            101: (Status.DISPATCHED, None, "Loaded"), 102: (Status.DISPATCHED, CLOCK, "-"), 103: (Status.DISPATCHED, None, "-")
        }  # fmt: skip


def test_what_was_seen_to_be_loaded_is_not_open_any_more(place):
    """What a summary costs does not grow with what is loaded."""
    with place.open() as ledger:
        ledger.dispatched(ledger.intend([5], [101, 102]))
        ledger.record(EventKind.LOADED, [Entry(5, 101, 456, None)])
        ledger.record(EventKind.FAILED, [Entry(5, 102, 456, None)], "Import: no table.")
        assert [(entry.extract_id, entry.status, entry.reason) for entry in ledger.open_entries([5])] == [(102, Status.FAILED, "Import: no table.")]
    assert [json.loads(pairs) for (pairs,) in place.run("SELECT pairs FROM event WHERE pairs IS NOT NULL")] == [[[5], [102]]]


@pytest.fixture
def format_3(ledger_place, monkeypatch):
    """A ledger of format 3 with what such a collection records."""
    with monkeypatch.context() as patched:
        migrations = schema.MIGRATIONS[:1]
        for module in (sqlite, postgresql):
            patched.setattr(module, "VERSION", 3)
            patched.setattr(module, "statements_from", lambda version: schema.statements_from(version, migrations))
        patched.setattr(postgresql, "STATEMENTS", (
            f"CREATE SCHEMA {postgresql.SCHEMA}",
            *(statement.format(**postgresql._LAYOUT) for statement in schema.statements_from(None, migrations)),
            f"CREATE TABLE {postgresql.SCHEMA}.format (version INTEGER NOT NULL)",
            f"INSERT INTO {postgresql.SCHEMA}.format VALUES (3)",
        ))  # fmt: skip
        sqlite._expected_tables.cache_clear()
        with ledger_place.open() as ledger:
            ledger.note({}, entries=[Entry(5, each, 456, None) for each in (101, 102, 103)])
        ledger_place.run("INSERT INTO event (instance, kind, at) VALUES (1, 'dispatched', '2026-01-01T00:00:00Z')")
        ledger_place.run("INSERT INTO event (instance, kind, at, pairs) VALUES (1, 'intended', '2026-01-01T00:00:00Z', '[[5],[102]]')")
        ledger_place.run("UPDATE load SET event = 1 WHERE extract_id = 101")
        ledger_place.run("UPDATE load SET event = 2 WHERE extract_id = 102")
    sqlite._expected_tables.cache_clear()
    return ledger_place


def test_a_ledger_of_format_3_goes_on(format_3):
    with format_3.open() as ledger:
        assert {entry.extract_id: entry.status for entry in ledger.entries()} == {
            101: Status.DISPATCHED, 102: Status.UNKNOWN, 103: Status.PENDING
        }  # fmt: skip
        assert noted(ledger) == {101: (Status.DISPATCHED, None, "-"), 102: (Status.UNKNOWN, None, "-")}
        ledger.dispatched(ledger.intend([5], [103], baseline=Baseline(CLOCK, {103: "Loaded"})))
        assert noted(ledger)[103] == (Status.DISPATCHED, CLOCK, "Loaded")
