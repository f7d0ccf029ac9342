# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Adverity showed before a request stands in the ledger with the request, and is read back for each extract."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import baseline, sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.baseline import Baseline
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind, Status
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import entry
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


@given(st.dictionaries(st.integers(1, 2**63 - 1), st.one_of(st.none(), st.text(max_size=60)), min_size=1, max_size=50))
def test_whatever_the_labels_are_they_read_back(labels):
    _seconds, stored = Baseline(CLOCK, labels).stored()
    assert stored.isascii()
    assert baseline.decode(stored, sorted(labels)) == labels
    assert baseline.span(stored) in (None, (min(labels), max(labels)))


@pytest.mark.parametrize("stored", ['[101,103,"aba","a"]', '[101,103,"a2","a"]', '["x"]', "7", "[]", "{", '[101,102,"ab",1,2]'])
def test_what_does_not_fit_together_tells_nothing(place, stored):
    with place.open() as ledger:
        ledger.dispatched(ledger.intend([5], [101, 102, 103], baseline=Baseline(CLOCK, {101: "a", 102: "b", 103: "a"})))
    place.run(f"UPDATE event SET baseline = '{stored}'")
    with place.open(LOOK) as ledger:
        assert [each.events[0].has_label for each in sent.read(ledger, [5], [101])] == [False]


def noted(ledger, binding_id=5, extract_ids=(101, 102, 103, 105)):
    """{extract: (status, clock, label) of its last event} as the ledger has it."""
    found = sent.read(ledger, [binding_id], list(extract_ids))
    return {each.extract_id: (each.status, each.events[-1].clock, each.events[-1].label if each.events[-1].has_label else "-") for each in found}


def expected(labels, status=Status.DISPATCHED):
    return {extract_id: (status, CLOCK, label) for extract_id, label in labels.items()}


@pytest.fixture
def place(ledger_place):
    """A ledger with entries of two bindings."""
    with ledger_place.open() as ledger:
        ledger.note({}, entries=[entry(each, binding_id) for binding_id in (5, 6) for each in range(100, 120)])
    return ledger_place


def test_each_extract_reads_back_what_was_shown_of_it(place):
    with place.open() as ledger:
        first = ledger.intend([5, 6], list(LABELS), baseline=Baseline(CLOCK, LABELS))
        assert noted(ledger) == noted(ledger, 6) == expected(LABELS, Status.UNKNOWN)
        second = ledger.intend([5], [110, 111], first, Baseline(CLOCK, {110: "Loaded", 111: "Loaded"}))
        ledger.dispatched(second)
        ledger.record(EventKind.FAILED, [entry(113)], labels={113: "Failed", 114: "Loaded"})
    with place.open(LOOK) as ledger:
        assert noted(ledger) == noted(ledger, 6) == expected(LABELS)
        assert noted(ledger, 6, [103]) == {103: (Status.DISPATCHED, CLOCK, "Loaded")}
        assert noted(ledger, 5, [111]) == {111: (Status.DISPATCHED, CLOCK, "Loaded")}
        assert noted(ledger, 5, [112, 113]) == {113: (Status.FAILED, None, "Failed")}  # the other one is only planned


def test_response_that_does_not_confirm_all_splits_it(place):
    with place.open() as ledger:
        ledger.dispatched(ledger.intend([5, 6], list(LABELS), baseline=Baseline(CLOCK, LABELS)), but=[102, 105])
        split = {**expected({101: "Collected", 103: "Loaded"}), **expected({102: "Loaded", 105: None}, Status.UNKNOWN)}
        assert noted(ledger) == noted(ledger, 6) == split


def test_each_request_for_an_extract_has_its_own_also_one_without_a_clock_or_a_list(place):
    later = Baseline(CLOCK.replace(hour=9), {101: "Failed", 102: "Loaded"})
    with place.open() as ledger:
        for shown in (Baseline(CLOCK, LABELS), later, Baseline(None, {101: "Loaded"}), Baseline(CLOCK), Baseline()):
            ledger.dispatched(ledger.intend([5], list(shown.labels or [101]), baseline=shown))
        read = sent.read(ledger, [5], [101, 102, 103])
        found = {each.extract_id: [(event.clock, event.has_label, event.label) for event in each.events] for each in read}
    nothing = [(None, True, "Loaded"), (CLOCK, False, None), (None, False, None)]
    assert found == {
        101: [(CLOCK, True, "Collected"), (later.clock, True, "Failed"), *nothing],
        102: [(CLOCK, True, "Loaded"), (later.clock, True, "Loaded")],
        103: [(CLOCK, True, "Loaded")],
    }
