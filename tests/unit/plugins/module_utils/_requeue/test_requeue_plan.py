# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How what is due goes into batches, and where everything else stands. What becomes of each extract: test_decision.py."""

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

DISPATCHED, REFUSED, UNKNOWN, FAILED = Status.DISPATCHED, Status.REFUSED, Status.UNKNOWN, Status.FAILED
LISTS = ("waiting", "skipped", "loaded", "confirmed", "recorded", "refused", "failed", "unknown")


def created(day):
    return f"2026-01-{day:02}T00:00:00Z"


def loads(*extract_ids, bindings=(5,), datastream_id=456, may_be_loaded=None):
    """Extracts without a time."""
    return Loads(datastream_id, bindings, [Extract(each, None, None) for each in extract_ids], may_be_loaded or {})


def dated(*extract_ids, bindings=(5,)):
    """Extracts that were created on the day that is their number."""
    return Loads(456, bindings, [Extract(each, created(each), interval_of(created(each))) for each in extract_ids])


def make(some, known=None, histories=None, batch_size=50, limit=None, **choices):
    """``known``: {(binding, extract): status}."""

    def statuses(binding_id, extract_ids):
        return {each: known[binding_id, each] for each in extract_ids if (binding_id, each) in (known or {})}

    return _plan.make(some, statuses, histories or {}, _plan.Options(batch_size, limit, Choices(**choices)))


def enabled(since=None, until=None):
    """A binding that was disabled from the beginning, and enabled in this period; written by runs that no clock bounds."""
    facts = [BindingFact(FactKind.ROW, enabled=False, updated="2025-01-01T00:00:00Z")]
    for state, day in ((True, since), (False, until)):
        if day is not None:
            facts.append(BindingFact(FactKind.WRITE, clock=created(day), enabled=state))
            facts.append(BindingFact(FactKind.ANSWER, clock=created(day), enabled=state, updated=created(day), seconds=0.0))
    return BindingHistory(facts)


def rest_of(plan):
    """What is in no batch, as (binding, extract), by the list in which it is."""
    found = {name: [pair[1:] for pair in getattr(plan, name)] for name in LISTS}
    found["later"] = [pair[1:] for batch in plan.later for pair in batch.pairs()]
    return {name: pairs for name, pairs in found.items() if pairs}


BOTH = (5, 6)
UNDER_WAY = dict.fromkeys((1, 2), Uncertainty(Reason.UNDER_WAY))
ONCE_ENABLED = {5: enabled(3), 6: enabled()}
PLANS = {  # extracts, what is known, options, batches, what is in none
    "one datastream and the same bindings in a batch": (
        [loads(1, 2, bindings=BOTH), loads(3), loads(4, datastream_id=457), loads(5, bindings=BOTH), loads(6, 7, bindings=())], {}, {},
        [(456, BOTH, [1, 2]), (456, (5,), [3]), (457, (5,), [4]), (456, BOTH, [5]), (456, (), [6, 7])], {},
    ),
    "each binding gets what it lacks": (
        [loads(1, 2, 3, 4, 5, 6, bindings=BOTH)],
        {(5, 1): DISPATCHED, (5, 2): DISPATCHED, (6, 2): DISPATCHED, (6, 3): DISPATCHED, (5, 5): UNKNOWN}, {"on_unknown": "skip"},
        [(456, (6,), [1]), (456, (5,), [3]), (456, BOTH, [4]), (456, (6,), [5]), (456, BOTH, [6])],
        {"skipped": [(5, 1), (5, 2), (6, 2), (6, 3)], "unknown": [(5, 5)]},
    ),
    "what comes after an unknown one in the same binding waits, and nothing else": (
        [loads(1, 2, 3, 4, 5, bindings=BOTH), loads(11, 12, bindings=(7,), datastream_id=457), loads(21, 22, bindings=(8,), datastream_id=458)],
        {(5, 2): UNKNOWN, (5, 3): DISPATCHED, (6, 4): REFUSED, (7, 11): UNKNOWN}, {},
        [(456, BOTH, [1]), (456, (6,), [2, 3]), (456, (6,), [4]), (456, (6,), [5]), (458, (8,), [21, 22])],
        {"waiting": [(5, 4), (5, 5), (7, 12)], "skipped": [(5, 3)], "unknown": [(5, 2), (7, 11)]},
    ),
    "it waits also where it was checked": ([loads(1, 2)], {(5, 1): UNKNOWN}, {"on_unknown": "check"}, [], {"waiting": [(5, 2)], "unknown": [(5, 1)]}),
    "skip holds up nothing": ([loads(1, 2)], {(5, 1): UNKNOWN}, {"on_unknown": "skip"}, [(456, (5,), [2])], {"unknown": [(5, 1)]}),
    "dispatched confirms it": ([loads(1, 2)], {(5, 1): UNKNOWN}, {"on_unknown": "dispatched"}, [(456, (5,), [2])], {"confirmed": [(5, 1)]}),
    "what waits does not count for the limit": (
        [loads(1, 2, 3), loads(11, 12, bindings=(7,))], {(5, 1): UNKNOWN}, {"limit": 1},
        [(456, (7,), [11])], {"later": [(7, 12)], "waiting": [(5, 2), (5, 3)], "unknown": [(5, 1)]},
    ),
    "a limit counts what is sent, and what is known beyond it is told": (
        [loads(1, 2, 3, 4, 5)], {(5, 1): DISPATCHED, (5, 4): UNKNOWN}, {"limit": 1, "on_unknown": "skip"},
        [(456, (5,), [2])], {"later": [(5, 3), (5, 5)], "skipped": [(5, 1)], "unknown": [(5, 4)]},
    ),
    "a limit counts extracts, not bindings": ([loads(1, 2, bindings=BOTH)], {}, {"limit": 1}, [(456, BOTH, [1])], {"later": [(5, 2), (6, 2)]}),
    "what was refused before goes alone": (
        [loads(1, 2, 3, 4, bindings=BOTH)], {(5, 2): REFUSED, (6, 4): REFUSED}, {}, [(456, BOTH, [each]) for each in (1, 2, 3, 4)], {},
    ),
    "refused and left out": ([loads(1)], {(5, 1): REFUSED}, {"on_refused": "skip"}, [], {"refused": [(5, 1)]}),
    "recorded": ([loads(1)], {}, {"record": True}, [], {"recorded": [(5, 1)]}),
    "without bindings": ([loads(1, 2, bindings=())], {(ALL_ENABLED, 1): DISPATCHED}, {}, [(456, (), [2])], {"skipped": [(ALL_ENABLED, 1)]}),
    "what is under way is unknown unless the ledger sent it": (
        [loads(1, 2, 3, may_be_loaded=UNDER_WAY)], {(5, 1): DISPATCHED}, {}, [], {"skipped": [(5, 1)], "unknown": [(5, 2)], "waiting": [(5, 3)]},
    ),
    "what was loaded automatically is not sent": (
        [dated(1, 2, 3, 4, 5)], {}, {"histories": {5: enabled(2, 4)}, "on_unknown": "skip"},
        [(456, (5,), [1, 5])], {"loaded": [(5, 3)], "unknown": [(5, 2), (5, 4)]},
    ),
    "what has no time is unknown where the binding was ever enabled": (
        [loads(7), dated(1), loads(3, bindings=(6,))], {}, {"histories": ONCE_ENABLED, "on_unknown": "skip"},
        [(456, (5,), [1]), (456, (6,), [3])], {"unknown": [(5, 7)]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_plan_has_each_extract_of_each_binding_in_one_place(name):
    some, known, options, batches, rest = PLANS[name]
    plan = make(some, known, **options)
    assert ([(batch.datastream_id, batch.binding_ids, batch.extract_ids) for batch in plan.batches], rest_of(plan)) == (batches, rest)
    assert plan.extract_count == sum(len(extract_ids) for _datastream, _bindings, extract_ids in batches)
    assert [batch.alone for batch in plan.batches] == [REFUSED in (known.get((5, each)), known.get((6, each))) for _a, _b, (each, *_more) in batches]


def test_entries_for_the_ledger_have_datastream_and_time():
    plan = make([dated(3, 4, bindings=BOTH), loads(9, bindings=(7,), datastream_id=457)], {(6, 3): DISPATCHED}, limit=1)
    assert list(plan.due()) == [
        Entry(5, 3, 456, created(3)), Entry(5, 4, 456, created(4)), Entry(6, 4, 456, created(4)), Entry(7, 9, 457, None),
    ]  # fmt: skip
    assert list(plan.entries(plan.skipped, status=DISPATCHED)) == [Entry(6, 3, 456, created(3), DISPATCHED)]


def test_extract_that_is_pending_and_was_loaded_automatically_is_no_longer_due():
    plan = make([dated(2, 3)], {(5, 2): Status.PENDING}, histories={5: enabled(1)})
    assert (rest_of(plan), plan.no_longer_due) == ({"loaded": [(5, 2), (5, 3)]}, [(456, 5, 2)])


def test_reason_goes_with_what_is_unknown():
    changed = enabled().with_fact(BindingFact(FactKind.ROW, clock=created(2), enabled=False, updated="2025-01-01T00:00:00Z"))
    changed = changed.with_fact(BindingFact(FactKind.ROW, clock=created(9), enabled=False, updated=created(4)))
    assert make([dated(1, 3, 5)], histories={5: changed}).unknown == {(456, 5, 3): Uncertainty(Reason.ELSEWHERE, created(2), "2026-01-04T00:00:01Z")}
    assert make([loads(1)], {(5, 1): UNKNOWN}).unknown == {(456, 5, 1): Uncertainty(LOST)}
    assert make([loads(7)], histories=ONCE_ENABLED).unknown == {(456, 5, 7): Uncertainty(Reason.UNDATED)}
