# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a requeue, for any loads and any memory: every pair stands in one place, the batches hold what is due, in order and not too much."""

from __future__ import annotations

from itertools import groupby

from ansible_collections.adverity.management.plugins.module_utils._ledger.timeline import ELSEWHERE, Record
from ansible_collections.adverity.management.plugins.module_utils._requeue import plan as _plan
from ansible_collections.adverity.management.plugins.module_utils._requeue.select import Loads
from ansible_collections.adverity.management.plugins.module_utils._resources.extracts import Extract
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import moment
from hypothesis import given
from hypothesis import strategies as st

STATUSES = st.sampled_from([None, None, "pending", "unknown", "dispatched", "refused"])
SINCE, UNTIL = st.sampled_from([1, 3, 5]), st.sampled_from([None, 2, 4, 6])
PERIODS = st.lists(st.tuples(SINCE, UNTIL), max_size=2)
CREATED = st.none() | st.integers(0, 7)
BINDINGS = st.sampled_from([(), (5,), (5, 9), (9,)])
HOW = st.builds(
    _plan.Options,
    batch_size=st.sampled_from([1, 2, 3, 50]),
    limit=st.none() | st.integers(1, 60),
    force=st.booleans(),
    on_unknown=st.sampled_from(["fail", "requeue", "skip", "dispatched"]),
    on_refused=st.sampled_from(["fail", "skip"]),
)


@st.composite
def loads(draw):
    """Loads of one or two datastreams, of which each goes to the same bindings. Also long ones, beyond the most that a request takes. And by the number
    of each extract the second in which it was created."""
    rows, created = [], {}
    for datastream_id in draw(st.sampled_from([[1], [1, 2], [None]])):
        extracts = []
        count = draw(st.integers(0, 5) | st.integers(45, 105))
        seconds = draw(st.lists(CREATED, min_size=min(count, 8), max_size=min(count, 8)))
        for place in range(count):
            second = created[len(created) + 1] = seconds[place % len(seconds)]
            extracts.append(Extract(len(created), None if second is None else moment(second)))
        rows.append(Loads(datastream_id, draw(BINDINGS), extracts))
    return rows, created


def shown(periods, *more):
    return tuple((moment(since), None if until is None else moment(until), *more) for since, until in periods)


@prove(250)
@given(loads(), st.lists(STATUSES, min_size=11, max_size=11), HOW, st.dictionaries(st.sampled_from([5, 9]), st.tuples(PERIODS, PERIODS)))
def test_plan(drawn, statuses, how, periods):
    rows, created = drawn

    def status(binding_id, extract_id):
        return statuses[(3 * extract_id + binding_id) % len(statuses)]

    def by_itself(binding_id, second):
        """Whether it loaded by itself, said once more and plainly: 'maybe' at the edges, and where nobody knows."""
        enabled, unknown = periods.get(binding_id, ([], []))
        if second is None:
            return "maybe" if enabled or unknown else "no"
        if any(since <= second <= (9 if until is None else until) for since, until in unknown):
            return "maybe"
        for since, until in enabled:
            if since < second < (9 if until is None else until):
                return "yes"
            if since == second <= (9 if until is None else until) or since < second == until:
                return "maybe"
        return "no"

    def fate(binding_id, extract_id):
        known = status(binding_id, extract_id)
        if known == "dispatched":
            return "due" if how.force else "skipped"
        if known == "refused":
            return "refused" if how.on_refused == "skip" and not how.force else "alone"
        loaded = "maybe" if known == "unknown" else by_itself(binding_id, created[extract_id])
        if loaded == "maybe":
            return {"requeue": "due", "dispatched": "confirmed"}.get(how.on_unknown, "unknown")
        return "loaded" if loaded == "yes" and not how.force else "due"

    def statuses_of(binding_id, extract_ids):
        return {one: status(binding_id, one) for one in extract_ids if status(binding_id, one)}

    records = {one: Record(enabled_periods=shown(enabled), unknown_periods=shown(unknown, ELSEWHERE)) for one, (enabled, unknown) in periods.items()}
    plan = _plan.make(rows, statuses_of, records, how)
    expected = {"skipped": [], "unknown": [], "loaded": [], "refused": [], "confirmed": []}
    due = []
    for datastream_id, binding_ids, extracts in rows:
        for extract in extracts:
            fates = {binding_id: fate(binding_id, extract.id) for binding_id in binding_ids or (0,)}
            for binding_id, one in fates.items():
                expected.get(one, []).append((datastream_id, binding_id, extract.id))
            some = tuple(binding_id for binding_id, one in fates.items() if one in ("due", "alone"))
            if some:
                due.append((datastream_id, some if binding_ids else (), "alone" in fates.values(), extract.id))
    cut = len(due) if how.limit is None else how.limit
    batches = [(batch.datastream_id, batch.binding_ids, batch.alone, one) for batch in plan.batches for one in batch.extract_ids]
    # Everything in one place, in order.
    assert batches == due[:cut]
    later = [pair for batch in plan.later for pair in batch.pairs()]
    assert later == [(datastream_id, binding_id, one) for datastream_id, named, _alone, one in due[cut:] for binding_id in named or (0,)]
    assert (plan.skipped, list(plan.unknown), plan.loaded) == (expected["skipped"], expected["unknown"], expected["loaded"])
    assert (plan.refused, plan.confirmed) == (expected["refused"], expected["confirmed"])
    assert plan.extract_count == len(batches)
    # None over its size, and a new one only where it must be; one that was refused before goes alone.
    sizes = []
    for (_datastream_id, _named, alone), group in groupby(due[:cut], key=lambda one: one[:3]):
        length = len(list(group))
        sizes += [1] * length if alone else [how.batch_size] * (length // how.batch_size) + [length % how.batch_size] * bool(length % how.batch_size)
    assert [len(batch.extract_ids) for batch in plan.batches] == sizes
    for batch in plan.batches:
        assert batch.ledger_bindings == (batch.binding_ids or (0,))
        assert list(batch.pairs()) == [(batch.datastream_id, binding_id, one) for one in batch.extract_ids for binding_id in batch.ledger_bindings]
