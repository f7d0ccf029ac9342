# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a requeue, for any loads and any memory: every pair stands in one place, the batches hold what is due, in order and not too much."""

from __future__ import annotations

from itertools import groupby

from ansible_collections.adverity.management.plugins.module_utils._ledger.periods import Reason, Uncertainty
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import Status
from ansible_collections.adverity.management.plugins.module_utils._requeue import plan as _plan
from ansible_collections.adverity.management.plugins.module_utils._requeue.decision import Choices
from ansible_collections.adverity.management.plugins.module_utils._requeue.select import Loads
from ansible_collections.adverity.management.plugins.module_utils._resources.extracts import Extract
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.service import moment
from hypothesis import given
from hypothesis import strategies as st

STATUSES = st.sampled_from([None, None, *Status])
LOADED = st.lists(st.sampled_from(["no", "no", "yes", "maybe"]), min_size=9, max_size=9)  # by the second of creation; the last one: without a time
CREATED = st.none() | st.integers(0, 7)
BINDINGS = st.sampled_from([(), (5,), (5, 9), (9,)])
HOW = st.builds(
    _plan.Options,
    batch_size=st.sampled_from([1, 2, 3, 50]),
    limit=st.none() | st.integers(1, 60),
    choices=st.builds(
        Choices,
        force=st.booleans(),
        on_unknown=st.sampled_from(["fail", "check", "requeue", "skip", "dispatched"]),
        on_refused=st.sampled_from(["fail", "skip"]),
        on_failed=st.sampled_from(["skip", "fail", "requeue"]),
        record=st.sampled_from([False, False, False, True]),
    ),
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


class History:
    """Stands in for the history of a binding: whether it loaded what was created in a second."""

    def __init__(self, by_second):
        self._by_second = by_second

    def of(self, second):
        return self._by_second[8 if second is None else second]

    def was_loaded(self, created, shown):
        second = None if shown is None else [moment(each) for each in range(8)].index(shown)
        return {"no": False, "yes": True, "maybe": Uncertainty(Reason.ELSEWHERE)}[self.of(second)]


@prove(250)
@given(loads(), st.lists(STATUSES, min_size=11, max_size=11), HOW, st.dictionaries(st.sampled_from([5, 9]), st.builds(History, LOADED)))
def test_plan(drawn, statuses, how, histories):
    rows, created = drawn
    choices = how.choices

    def status(binding_id, extract_id):
        return statuses[(3 * extract_id + binding_id) % len(statuses)]

    def fate(binding_id, extract_id):
        """What happens to an extract for a binding, said once more and plainly."""
        known = status(binding_id, extract_id)
        loaded = histories[binding_id].of(created[extract_id]) if binding_id in histories else "no"
        if known in ("dispatched", "recorded"):
            return "due" if choices.force and not choices.record else "skipped"
        if choices.record:
            return "loaded" if loaded == "yes" and known is None else "recorded"
        if known == "failed":
            return "due" if choices.force or choices.on_failed == "requeue" else "failed"
        if known == "refused" and choices.on_refused == "skip" and not choices.force:
            return "refused"
        sent = "alone" if known == "refused" else "due"
        if known == "unknown" or loaded == "maybe":
            return {"requeue": sent, "dispatched": "confirmed"}.get(choices.on_unknown, "unknown")
        return "loaded" if loaded == "yes" and not choices.force else sent

    def statuses_of(binding_id, extract_ids):
        return {one: status(binding_id, one) for one in extract_ids if status(binding_id, one)}

    plan = _plan.make(rows, statuses_of, histories, how)
    expected = {name: [] for name in ("skipped", "unknown", "loaded", "refused", "confirmed", "recorded", "failed", "waiting")}
    due = []
    for datastream_id, binding_ids, extracts, _may_be_loaded in rows:
        held = set()
        for extract in extracts:
            fates = {binding_id: fate(binding_id, extract.id) for binding_id in binding_ids or (0,)}
            # What comes after an unknown one in the same binding waits.
            fates = {binding_id: "waiting" if each in ("due", "alone") and binding_id in held else each for binding_id, each in fates.items()}
            held.update(binding_id for binding_id, each in fates.items() if each == "unknown" and choices.on_unknown in ("fail", "check"))
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
    assert {name: list(getattr(plan, name)) for name in expected} == expected
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
