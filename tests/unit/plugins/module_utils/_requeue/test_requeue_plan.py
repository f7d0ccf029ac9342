# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, BindingHistory, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.periods import Reason, Uncertainty
from ansible_collections.adverity.management.plugins.module_utils._ledger.periods import interval as interval_of
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import Status
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.plugins.module_utils._requeue import plan as _plan
from ansible_collections.adverity.management.plugins.module_utils._requeue.decision import LOST, Choices
from ansible_collections.adverity.management.plugins.module_utils._requeue.select import Loads
from ansible_collections.adverity.management.plugins.module_utils._resources.extracts import Extract

DISPATCHED, PENDING, REFUSED, UNKNOWN, FAILED = Status.DISPATCHED, Status.PENDING, Status.REFUSED, Status.UNKNOWN, Status.FAILED

LISTS = ("waiting", "skipped", "loaded", "confirmed", "recorded", "refused", "failed")


def created(day):
    return None if day is None else f"2026-01-{day:02}T00:00:00Z"


def extract(extract_id, day=None):
    return Extract(extract_id, created(day), None if day is None else interval_of(created(day)))


def load(extract_id, *binding_ids, datastream_id=456, day=None):
    return Loads(datastream_id, binding_ids, [extract(extract_id, day)])


def make(loads, known=None, histories=None, batch_size=50, limit=None, **choices):
    """``known``: {(binding, extract): status}."""

    def statuses(binding_id, extract_ids):
        return {each: known[binding_id, each] for each in extract_ids if (binding_id, each) in (known or {})}

    return _plan.make(loads, statuses, histories or {}, _plan.Options(batch_size, limit, Choices(**choices)))


def shape(plan):
    return [(batch.datastream_id, batch.binding_ids, batch.extract_ids) for batch in plan.batches]


def pairs(some):
    return [pair[1:] for pair in some]


def later(plan):
    return pairs(pair for batch in plan.later for pair in batch.pairs())


def test_plan_of_nothing_is_empty():
    plan = make([])
    assert (shape(plan), plan.unknown, plan.extract_count, list(plan.due()), later(plan)) == ([], {}, 0, [], [])


@pytest.mark.parametrize(("count", "batch_size", "sizes"), [(1, 50, [1]), (50, 50, [50]), (130, 50, [50, 50, 30]), (3, 1, [1, 1, 1])])
def test_batches_are_cut_and_the_order_is_kept(count, batch_size, sizes):
    ids = list(range(10 * count, 0, -10))
    plan = make([Loads(456, (5,), [extract(one) for one in ids])], batch_size=batch_size)
    assert [len(batch.extract_ids) for batch in plan.batches] == sizes
    assert [one for batch in plan.batches for one in batch.extract_ids] == ids
    assert plan.extract_count == count


def test_a_batch_is_of_one_datastream_and_of_the_same_bindings():
    plan = make([load(1, 5, 6), load(2, 5, 6), load(3, 5), load(4, 5, datastream_id=457), load(5, 5, 6), load(6), load(7)])
    assert shape(plan) == [(456, (5, 6), [1, 2]), (456, (5,), [3]), (457, (5,), [4]), (456, (5, 6), [5]), (456, (), [6, 7])]


@pytest.mark.parametrize(
    ("binding_ids", "of_ledger", "named"),
    [((5, 6), (5, 6), [(456, 5, 1), (456, 6, 1), (456, 5, 2), (456, 6, 2)]), ((), (ALL_ENABLED,), [(456, ALL_ENABLED, 1), (456, ALL_ENABLED, 2)])],
)
def test_batch_names_its_pairs_and_the_bindings_of_the_ledger(binding_ids, of_ledger, named):
    [batch] = make([load(1, *binding_ids), load(2, *binding_ids)]).batches
    assert (batch.binding_ids, batch.ledger_bindings, list(batch.pairs())) == (binding_ids, of_ledger, named)


@pytest.mark.parametrize(
    ("binding_ids", "ids", "parts"),
    [
        ((5,), [3, 1, 2, 9, 7], [((5,), [3, 1, 2]), ((5,), [9, 7])]),
        ((5, 6, 7), [1, 2], [((5,), [1, 2]), ((6,), [1, 2]), ((7,), [1, 2])]),
    ],
)
def test_parts_of_a_batch_by_binding_then_by_extract(binding_ids, ids, parts):
    batch = _plan.Batch(456, binding_ids, ids)
    assert [(part.binding_ids, part.extract_ids) for part in batch.parts()] == parts
    assert {part.datastream_id for part in batch.parts()} == {456}


@pytest.mark.parametrize(
    ("status", "options", "where"),
    [
        (None, {}, "batches"),
        (DISPATCHED, {}, "skipped"),
        (DISPATCHED, {"force": True}, "batches"),
        (UNKNOWN, {}, "unknown"),
        (UNKNOWN, {"on_unknown": "dispatched"}, "confirmed"),
        (REFUSED, {}, "batches"),
        (REFUSED, {"on_refused": "skip"}, "refused"),
        (FAILED, {}, "failed"),
        (None, {"record": True}, "recorded"),
    ],
)
@pytest.mark.parametrize("binding_ids", [(5,), ()])
def test_what_becomes_of_each_status(status, options, where, binding_ids):
    binding_id = binding_ids[0] if binding_ids else ALL_ENABLED
    plan = make([load(1, *binding_ids)], {} if status is None else {(binding_id, 1): status}, **options)
    found = {name: pairs(getattr(plan, name)) for name in ("later", *LISTS)}
    found.update(batches=pairs(pair for batch in plan.batches for pair in batch.pairs()), unknown=pairs(plan.unknown))
    assert {name: some for name, some in found.items() if some} == {where: [(binding_id, 1)]}


def test_bindings_with_different_histories():
    known = {(5, 1): DISPATCHED, (5, 2): DISPATCHED, (6, 2): DISPATCHED, (6, 3): DISPATCHED, (5, 5): UNKNOWN}
    plan = make([Loads(456, (5, 6), [extract(one) for one in range(1, 7)])], known, on_unknown="skip")
    assert shape(plan) == [(456, (6,), [1]), (456, (5,), [3]), (456, (5, 6), [4]), (456, (6,), [5]), (456, (5, 6), [6])]
    assert pairs(plan.skipped) == [(5, 1), (5, 2), (6, 2), (6, 3)]
    assert plan.unknown == {(456, 5, 5): Uncertainty(LOST)}


# Something unknown


def test_what_comes_after_the_first_unknown_one_in_the_same_binding_waits():
    """And nothing else does: neither the other binding of the same datastream nor another datastream."""
    loads = [
        Loads(456, (5, 6), [extract(number) for number in range(1, 6)]),
        Loads(457, (7,), [extract(11), extract(12)]),
        Loads(458, (8,), [extract(21), extract(22)]),
    ]
    known = {(5, 2): UNKNOWN, (5, 3): DISPATCHED, (6, 4): REFUSED, (7, 11): UNKNOWN}
    plan = make(loads, known)
    assert shape(plan) == [(456, (5, 6), [1]), (456, (6,), [2, 3]), (456, (6,), [4]), (456, (6,), [5]), (458, (8,), [21, 22])]
    assert plan.unknown == {(456, 5, 2): Uncertainty(LOST), (457, 7, 11): Uncertainty(LOST)}
    assert (pairs(plan.waiting), pairs(plan.skipped)) == ([(5, 4), (5, 5), (7, 12)], [(5, 3)])
    assert [(entry.binding_id, entry.extract_id) for entry in plan.due()][-3:] == [(5, 4), (5, 5), (7, 12)]


@pytest.mark.parametrize(("on_unknown", "sent", "waiting"), [("fail", [1], [3]), ("check", [1], [3]), ("skip", [1, 3], []), ("dispatched", [1, 3], [])])
def test_option_that_settles_the_unknown_one_holds_up_nothing(on_unknown, sent, waiting):
    plan = make([Loads(456, (5,), [extract(number) for number in (1, 2, 3)])], {(5, 2): UNKNOWN}, on_unknown=on_unknown)
    assert [each for batch in plan.batches for each in batch.extract_ids] == sent
    assert [each for _binding, each in pairs(plan.waiting)] == waiting


def test_what_waits_does_not_count_for_the_limit():
    plan = make([Loads(456, (5,), [extract(number) for number in range(1, 4)]), load(11, 7), load(12, 7)], {(5, 1): UNKNOWN}, limit=1)
    assert (shape(plan), later(plan), pairs(plan.waiting)) == ([(456, (7,), [11])], [(7, 12)], [(5, 2), (5, 3)])


def test_what_adverity_is_processing_is_unknown_unless_the_ledger_sent_it():
    under_way = {1: Uncertainty(Reason.UNDER_WAY), 2: Uncertainty(Reason.UNDER_WAY)}
    plan = make([Loads(456, (5,), [extract(1), extract(2), extract(3)], under_way)], {(5, 1): DISPATCHED})
    assert (pairs(plan.skipped), plan.unknown, pairs(plan.waiting)) == ([(5, 1)], {(456, 5, 2): Uncertainty(Reason.UNDER_WAY)}, [(5, 3)])


def test_an_extract_that_was_refused_before_goes_alone():
    plan = make([Loads(456, (5, 6), [extract(one) for one in range(1, 6)])], {(5, 2): REFUSED, (6, 4): REFUSED})
    assert [(batch.extract_ids, batch.alone) for batch in plan.batches] == [([1], False), ([2], True), ([3], False), ([4], True), ([5], False)]
    assert {batch.binding_ids for batch in plan.batches} == {(5, 6)}


@pytest.mark.parametrize(
    ("limit", "sent", "left"),
    [(None, [2, 3, 5], []), (1, [2], [(5, 3), (5, 5)]), (3, [2, 3, 5], [])],
)
def test_a_limit_counts_what_is_sent(limit, sent, left):
    known = {(5, 1): DISPATCHED, (5, 4): UNKNOWN}
    plan = make([load(one, 5) for one in (1, 2, 3, 4, 5)], known, limit=limit, on_unknown="skip")
    assert [one for batch in plan.batches for one in batch.extract_ids] == sent
    assert later(plan) == left
    # What is known beyond the limit is told all the same.
    assert (pairs(plan.skipped), pairs(plan.unknown)) == ([(5, 1)], [(5, 4)])
    assert [entry.extract_id for entry in plan.due()] == [2, 3, 5]


def test_a_limit_counts_extracts_and_not_bindings():
    plan = make([load(1, 5, 6), load(2, 5, 6)], limit=1)
    assert (shape(plan), later(plan)) == ([(456, (5, 6), [1])], [(5, 2), (6, 2)])


def test_entries_for_the_ledger():
    plan = make([Loads(456, (5, 6), [extract(1, 3), extract(2, 4)]), Loads(457, (7,), [extract(9)])], {(6, 1): DISPATCHED}, limit=1)
    assert list(plan.due()) == [
        Entry(5, 1, 456, created(3)), Entry(5, 2, 456, created(4)), Entry(6, 2, 456, created(4)), Entry(7, 9, 457, None),
    ]  # fmt: skip
    assert list(plan.entries(plan.skipped, status=DISPATCHED)) == [Entry(6, 1, 456, created(3), DISPATCHED)]


def test_what_the_service_did_not_list():
    plan = make([load(1, 5), load(2, 5)])
    entries = [Entry(5, one, 456, None) for one in (1, 3, 2, 4)]
    assert [entry.extract_id for entry in plan.unlisted(entries)] == [3, 4]
    assert plan.unlisted([]) == []


# What a binding loaded automatically


def enabled(*since_until):
    """A binding that was disabled from the beginning, and enabled in these periods; written by runs that no clock bounds."""
    facts = [BindingFact(FactKind.ROW, enabled=False, updated="2025-01-01T00:00:00Z")]
    for bounds in since_until:
        for state, day in zip((True, False), bounds):
            if day is not None:
                facts.append(BindingFact(FactKind.WRITE, clock=created(day), enabled=state))
                facts.append(BindingFact(FactKind.ANSWER, clock=created(day), enabled=state, updated=created(day), seconds=0.0))
    return BindingHistory(facts)


@pytest.mark.parametrize(
    ("periods", "sent", "loaded", "unknown"),
    [
        ([(3, None)], [1, 2], [4, 5], [3]),
        ([(2, 4)], [1, 5], [3], [2, 4]),
    ],
)
def test_what_was_loaded_automatically_is_not_sent(periods, sent, loaded, unknown):
    plan = make([load(day, 5, day=day) for day in range(1, 6)], histories={5: enabled(*periods)}, on_unknown="skip")
    assert [one for batch in plan.batches for one in batch.extract_ids] == sent
    assert (pairs(plan.loaded), pairs(plan.unknown)) == ([(5, one) for one in loaded], [(5, one) for one in unknown])


@pytest.mark.parametrize(("status", "where"), [(PENDING, "loaded"), (DISPATCHED, "skipped"), (UNKNOWN, "unknown")])
def test_what_is_pending_may_have_been_loaded_automatically_and_what_was_sent_is_known(status, where):
    plan = make([load(2, 5, day=2)], {(5, 2): status}, histories={5: enabled((1, None))})
    assert [name for name in ("batches", "later", *LISTS, "unknown") if getattr(plan, name)] == [where]


@pytest.mark.parametrize(("on_unknown", "sent"), [("fail", []), ("skip", []), ("dispatched", []), ("requeue", [7])])
def test_what_has_no_time_is_unknown_where_the_binding_was_ever_enabled(on_unknown, sent):
    plan = make([load(7, 5), load(2, 5, day=1), load(3, 6)], histories={5: enabled((3, None)), 6: enabled()}, on_unknown=on_unknown)
    assert [one for batch in plan.batches for one in batch.extract_ids] == [*sent, 2, 3]
    assert pairs(plan.confirmed) == ([(5, 7)] if on_unknown == "dispatched" else [])
    assert plan.unknown == ({(456, 5, 7): Uncertainty(Reason.UNDATED)} if on_unknown in ("fail", "skip") else {})


def test_the_reason_goes_with_what_is_unknown():
    changed = enabled().with_fact(BindingFact(FactKind.ROW, clock=created(2), enabled=False, updated="2025-01-01T00:00:00Z"))
    changed = changed.with_fact(BindingFact(FactKind.ROW, clock=created(9), enabled=False, updated=created(4)))
    plan = make([load(day, 5, day=day) for day in (1, 3, 5)], histories={5: changed})
    assert plan.unknown == {(456, 5, 3): Uncertainty(Reason.ELSEWHERE, created(2), "2026-01-04T00:00:01Z")}
