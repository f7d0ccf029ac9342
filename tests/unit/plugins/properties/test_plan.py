# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a requeue, for any loads and any memory: every pair stands in one place, the batches hold what is due, in order and not too much."""

from __future__ import annotations

from itertools import groupby

from ansible_collections.adverity.management.plugins.module_utils._requeue import plan as _plan
from ansible_collections.adverity.management.plugins.module_utils._requeue.select import Load
from ansible_collections.adverity.management.plugins.module_utils._resources.extracts import Extract
from ansible_collections.adverity.management.plugins.module_utils._spec import times as _times
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import moment
from hypothesis import given
from hypothesis import strategies as st

STATUSES = st.sampled_from([None, None, "pending", "unknown", "dispatched"])
ENDS = st.sampled_from([None, *(moment(second) for second in (2, 4, 6))])
PERIODS = st.lists(st.tuples(st.sampled_from([moment(second) for second in (1, 3, 5)]), ENDS), max_size=2)
CREATED = st.none() | st.integers(0, 7)
BINDINGS = st.sampled_from([(), (5,), (5, 9), (9,)])


@st.composite
def loads(draw):
    """Loads of one or two datastreams, of which each goes to the same bindings. Also long ones, beyond the most that a request takes."""
    rows = []
    number = 0
    for datastream_id in draw(st.sampled_from([[1], [1, 2], [None]])):
        binding_ids = draw(BINDINGS)
        count = draw(st.integers(0, 5) | st.integers(45, 105))
        times = draw(st.lists(CREATED, min_size=min(count, 8), max_size=min(count, 8)))
        for place in range(count):
            number += 1
            created = times[place % len(times)]
            rows.append(Load(datastream_id, Extract(number, None if created is None else _times.parse(moment(created))), binding_ids))
    return rows


@prove(250)
@given(
    loads(),
    st.lists(STATUSES, min_size=11, max_size=11),
    st.sampled_from([1, 2, 3, 50]),
    st.none() | st.integers(1, 60),
    st.booleans(),
    st.sampled_from(["fail", "requeue", "skip"]),
    st.dictionaries(st.sampled_from([5, 9]), PERIODS),
)
def test_plan(loads, statuses, batch_size, limit, force, on_unknown, periods):
    def status(binding_id, extract_id):
        return statuses[(3 * extract_id + binding_id) % len(statuses)]

    def fate(load, binding_id):
        """Where a pair belongs, said once more and plainly."""
        known, created = status(binding_id, load.extract.id), load.extract.created
        if known is None and periods.get(binding_id):
            if created is None:
                return "untold"
            for since, until in periods[binding_id]:
                if _times.parse(since) < created and (until is None or created <= _times.parse(until)):
                    return "by itself"
        if known == "unknown":
            return "due" if on_unknown == "requeue" else "unknown"
        return "skipped" if known == "dispatched" and not force else "due"

    plan = _plan.make(loads, status, batch_size, limit, force, on_unknown, periods)
    expected = {"due": [], "skipped": [], "unknown": [], "untold": [], "by itself": []}
    due = []
    for load in loads:
        fates = [(binding_id, fate(load, binding_id)) for binding_id in load.binding_ids or (0,)]
        for binding_id, one in fates:
            expected[one].append((load.datastream_id, binding_id, load.extract.id))
        some = tuple(binding_id for binding_id, one in fates if one == "due")
        if some:
            due.append((load.datastream_id, some if load.binding_ids else (), load.extract.id))
    cut = len(due) if limit is None else limit
    batches = [(batch.datastream_id, batch.binding_ids, one) for batch in plan.batches for one in batch.extract_ids]
    # Everything in one place, in order.
    assert batches == due[:cut]
    assert plan.left == [(datastream_id, binding_id, one) for datastream_id, named, one in due[cut:] for binding_id in named or (0,)]
    assert (plan.skipped, plan.unknown, plan.untold) == (expected["skipped"], expected["unknown"], expected["untold"])
    assert plan.stopped is bool(on_unknown == "fail" and expected["unknown"])
    assert plan.extract_count == len(batches)
    # None over its size, and a new one only where it must be.
    sizes = []
    for _where, group in groupby(due[:cut], key=lambda one: one[:2]):
        length = len(list(group))
        sizes += [batch_size] * (length // batch_size) + ([length % batch_size] if length % batch_size else [])
    assert [len(batch.extract_ids) for batch in plan.batches] == sizes
    for batch in plan.batches:
        assert batch.ledger_bindings == (batch.binding_ids or (0,))
        assert list(batch.pairs()) == [(binding_id, one) for binding_id in batch.ledger_bindings for one in batch.extract_ids]
