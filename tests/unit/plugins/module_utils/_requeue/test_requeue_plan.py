# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.entries import ALL_ENABLED, DISPATCHED, PENDING, UNKNOWN
from ansible_collections.adverity.management.plugins.module_utils._requeue import plan as _plan
from ansible_collections.adverity.management.plugins.module_utils._requeue.select import Load
from ansible_collections.adverity.management.plugins.module_utils._resources.extracts import Extract


def load(extract_id, *binding_ids, datastream_id=456, day=None):
    created = None if day is None else datetime(2026, 1, day, tzinfo=timezone.utc)
    return Load(datastream_id, Extract(extract_id, created), binding_ids)


def make(loads, known=None, batch_size=50, limit=None, force=False, on_unknown="fail", self_loading=None):
    known = known or {}
    return _plan.make(loads, lambda *pair: known.get(pair), batch_size, limit, force, on_unknown, self_loading or {})


def shape(plan):
    return [(batch.datastream_id, batch.binding_ids, batch.extract_ids) for batch in plan.batches]


def pairs(some):
    return [pair[1:] for pair in some]


def test_nothing():
    plan = make([])
    assert (shape(plan), plan.skipped, plan.unknown, plan.left, plan.untold, plan.stopped, plan.extract_count) == ([], [], [], [], [], False, 0)


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [(1, 50, [1]), (50, 50, [50]), (51, 50, [50, 1]), (130, 50, [50, 50, 30]), (3, 1, [1, 1, 1]), (5000, 50, [50] * 100)],
)
def test_batches_are_cut_and_the_order_is_kept(count, batch_size, sizes):
    ids = list(range(10 * count, 0, -10))
    plan = make([load(one, 5) for one in ids], batch_size=batch_size)
    assert [len(batch.extract_ids) for batch in plan.batches] == sizes
    assert [one for batch in plan.batches for one in batch.extract_ids] == ids
    assert plan.extract_count == count


def test_a_batch_is_of_one_datastream_and_of_the_same_bindings():
    plan = make([load(1, 5, 6), load(2, 5, 6), load(3, 5), load(4, 5, datastream_id=457), load(5, 5, 6), load(6), load(7)])
    assert shape(plan) == [(456, (5, 6), [1, 2]), (456, (5,), [3]), (457, (5,), [4]), (456, (5, 6), [5]), (456, (), [6, 7])]


def test_without_bindings_none_are_named_and_the_ledger_knows_that():
    [batch] = make([load(1), load(2)]).batches
    assert (batch.binding_ids, batch.ledger_bindings) == ((), (ALL_ENABLED,))
    assert list(batch.pairs()) == [(ALL_ENABLED, 1), (ALL_ENABLED, 2)]


def test_pairs_of_a_batch():
    [batch] = make([load(1, 5, 6), load(2, 5, 6)]).batches
    assert batch.ledger_bindings == (5, 6)
    assert list(batch.pairs()) == [(5, 1), (5, 2), (6, 1), (6, 2)]


@pytest.mark.parametrize(
    ("status", "force", "on_unknown", "where", "stopped"),
    [
        (None, False, "fail", "batches", False),
        (PENDING, False, "fail", "batches", False),
        (PENDING, True, "skip", "batches", False),
        (DISPATCHED, False, "fail", "skipped", False),
        (DISPATCHED, False, "requeue", "skipped", False),
        (DISPATCHED, True, "fail", "batches", False),
        (DISPATCHED, True, "skip", "batches", False),
        (UNKNOWN, False, "fail", "unknown", True),
        (UNKNOWN, True, "fail", "unknown", True),
        (UNKNOWN, False, "skip", "unknown", False),
        (UNKNOWN, True, "skip", "unknown", False),
        (UNKNOWN, False, "requeue", "batches", False),
        (UNKNOWN, True, "requeue", "batches", False),
        (UNKNOWN, False, "dispatched", "skipped", False),
        (UNKNOWN, True, "dispatched", "batches", False),
        (PENDING, False, "dispatched", "batches", False),
        (DISPATCHED, False, "dispatched", "skipped", False),
    ],
)
@pytest.mark.parametrize("binding_ids", [(5,), ()])
def test_what_becomes_of_each_status(status, force, on_unknown, where, stopped, binding_ids):
    binding_id = binding_ids[0] if binding_ids else ALL_ENABLED
    plan = make([load(1, *binding_ids)], {(binding_id, 1): status}, force=force, on_unknown=on_unknown)
    found = {name: pairs(getattr(plan, name)) for name in ("skipped", "unknown", "left", "untold")}
    found["batches"] = [pair for batch in plan.batches for pair in batch.pairs()]
    assert {name: some for name, some in found.items() if some} == {where: [(binding_id, 1)]}
    assert plan.stopped is stopped
    assert pairs(plan.settled) == ([(binding_id, 1)] if (status, on_unknown) == (UNKNOWN, "dispatched") else [])


def test_bindings_with_different_histories():
    known = {(5, 1): DISPATCHED, (5, 2): DISPATCHED, (6, 2): DISPATCHED, (6, 3): DISPATCHED, (5, 5): UNKNOWN}
    plan = make([load(one, 5, 6) for one in range(1, 7)], known, on_unknown="skip")
    assert shape(plan) == [(456, (6,), [1]), (456, (5,), [3]), (456, (5, 6), [4]), (456, (6,), [5]), (456, (5, 6), [6])]
    assert pairs(plan.skipped) == [(5, 1), (5, 2), (6, 2), (6, 3)]
    assert pairs(plan.unknown) == [(5, 5)]


@pytest.mark.parametrize(
    ("limit", "sent", "left"),
    [(None, [2, 3, 5], []), (1, [2], [(5, 3), (5, 5)]), (2, [2, 3], [(5, 5)]), (3, [2, 3, 5], []), (99, [2, 3, 5], [])],
)
def test_a_limit_counts_what_is_sent(limit, sent, left):
    known = {(5, 1): DISPATCHED, (5, 4): UNKNOWN}
    plan = make([load(one, 5) for one in (1, 2, 3, 4, 5)], known, limit=limit, on_unknown="skip")
    assert [one for batch in plan.batches for one in batch.extract_ids] == sent
    assert pairs(plan.left) == left
    # What is known beyond the limit is told all the same.
    assert (pairs(plan.skipped), pairs(plan.unknown)) == ([(5, 1)], [(5, 4)])


def test_a_limit_counts_extracts_and_not_bindings():
    plan = make([load(1, 5, 6), load(2, 5, 6)], limit=1)
    assert (shape(plan), pairs(plan.left)) == ([(456, (5, 6), [1])], [(5, 2), (6, 2)])


def test_something_unknown_beyond_the_limit_stops_too():
    assert make([load(1, 5), load(2, 5)], {(5, 2): UNKNOWN}, limit=1).stopped


# What a binding loaded by itself


def period(since, until=None):
    return (f"2026-01-{since:02}T00:00:00Z", until and f"2026-01-{until:02}T00:00:00Z")


@pytest.mark.parametrize(
    ("periods", "sent"),
    [
        ([], [1, 2, 3, 4, 5]),
        ([period(3)], [1, 2, 3]),  # what was created at the very moment it was enabled is history
        ([period(2, 4)], [1, 2, 5]),  # what was created at the very moment it was disabled had loaded
        ([period(1, 2), period(4)], [1, 3, 4]),
        ([period(9)], [1, 2, 3, 4, 5]),
        ([period(4, 2)], [1, 2, 3, 4, 5]),
        ([period(1, 3), period(2, 4)], [1, 5]),
    ],
)
def test_what_loaded_by_itself_is_no_part_of_the_plan(periods, sent):
    plan = make([load(day, 5, day=day) for day in range(1, 6)], self_loading={5: periods})
    assert [one for batch in plan.batches for one in batch.extract_ids] == sent
    assert (plan.skipped, plan.unknown, plan.left, plan.untold) == ([], [], [], [])


def test_periods_are_of_their_binding_alone():
    plan = make([load(day, 5, 6, day=day) for day in (1, 2)], self_loading={5: [period(1)]})
    assert shape(plan) == [(456, (5, 6), [1]), (456, (6,), [2])]


@pytest.mark.parametrize(("status", "where"), [(PENDING, "batches"), (DISPATCHED, "skipped"), (UNKNOWN, "unknown")])
def test_what_the_ledger_knows_already_counts_more_than_a_period(status, where):
    plan = make([load(2, 5, day=2)], {(5, 2): status}, self_loading={5: [period(1)]})
    assert [name for name in ("batches", "skipped", "unknown") if getattr(plan, name)] == [where]


def test_what_has_no_time_may_have_loaded_by_itself_and_is_told():
    plan = make([load(1, 5), load(2, 5, day=1), load(3, 6)], self_loading={5: [period(3)]})
    assert shape(plan) == [(456, (5,), [2]), (456, (6,), [3])]
    assert pairs(plan.untold) == [(5, 1)]


def test_what_has_no_time_is_sent_where_there_was_no_period():
    plan = make([load(1, 5)], self_loading={5: []})
    assert (shape(plan), plan.untold) == ([(456, (5,), [1])], [])


@pytest.mark.parametrize("periods", [[("soon", None)], [("2026-01-01", "later")]])
def test_periods_must_be_times(periods):
    with pytest.raises(ValueError, match="neither a date"):
        _plan.loaded_itself(periods)
