# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's decisions one by one: what a binding's state and the ledger's memory of it make of its history, and what is said about it."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._deploy.plan import empty_plan, make_backfill, make_plan
from ansible_collections.adverity.management.plugins.module_utils._spec import times

T0, T1, T2, T3, NOW = (f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3, 4, 9))
HALF_LATER = "2026-01-02T00:00:00.500000Z"  # later than T1, though as text it is less


@pytest.fixture(autouse=True)
def _fixed_now(monkeypatch):
    monkeypatch.setattr(times, "now", lambda: NOW)


def row(number=5, enabled=False, updated=T2, datastream_id=1, **more):
    fields = {"id": number, "datastream_id": datastream_id, "target_id": 70, "target_name": "Lake", "enabled": enabled, "updated": updated}
    fields.update(more)
    return {name: value for name, value in fields.items() if value is not ...}


def knows(number=5, finished=True, planned_at=None, periods=(), dispatched=3, changed=None):
    self_loading = [{"since": since, "until": until} for since, until in periods]
    known = {"binding_id": number, "finished": finished, "planned_at": planned_at, "updated": changed}
    return {**known, "self_loading": self_loading, "dispatched": dispatched}


def cut_off(**more):
    return knows(finished=False, planned_at=T1, **more)


def periods_of(plan, number=5):
    return [(one["since"], one["until"]) for one in plan["self_loading"].get(number, [])]


OPEN, PAST = [(T1, None)], [(T0, T1)]
# The binding, what the ledger knows, backfill, enabled: what happens to its history, whether it is written, and the periods.
DECISIONS = {
    "new": (row(), None, "when_needed", True, ("backfill", True, [])),
    "new, always": (row(), None, "always", True, ("backfill", True, [])),
    "new, never": (row(), None, "never", True, ("none", True, [])),
    "enabled by somebody": (row(enabled=True), None, "when_needed", True, ("left alone", False, [])),
    "enabled by somebody, always": (row(enabled=True), None, "always", True, ("backfill", False, [(T2, None)])),
    "enabled by somebody, never": (row(enabled=True), None, "never", True, ("none", False, [])),
    "done": (row(enabled=True), knows(periods=OPEN), "when_needed", True, ("done", False, [])),
    "done, always": (row(enabled=True), knows(periods=OPEN), "always", True, ("backfill", False, OPEN)),
    "done, never": (row(enabled=True), knows(periods=OPEN), "never", True, ("none", False, [])),
    "unfinished": (row(enabled=True), knows(finished=False, periods=OPEN), "when_needed", True, ("backfill", False, OPEN)),
    "killed before it was noted": (row(enabled=True), knows(finished=False, planned_at=T1), "when_needed", True, ("backfill", False, [(T2, None)])),
    "the same for the second time": (row(enabled=True), knows(finished=False, periods=PAST), "when_needed", True, ("backfill", False, [*PAST, (T2, None)])),
    "no time but that of the plan": (
        row(enabled=True, updated=...), knows(finished=False, planned_at=T1), "when_needed", True, ("backfill", False, [(T1, None)]),
    ),
    "no time at all": (row(enabled=True, updated=...), knows(finished=False), "when_needed", True, ("backfill", False, [])),
    "disabled again": (row(), knows(periods=OPEN), "when_needed", True, ("backfill", True, [(T1, T2)])),
    "disabled again, for the second time": (row(updated=T3), knows(periods=[*PAST, (T2, None)]), "when_needed", True, ("backfill", True, [*PAST, (T2, T3)])),
    "disabled before it was enabled": (row(updated=T0), knows(periods=OPEN), "when_needed", True, ("backfill", True, [(T1, T1)])),
    "disabled within a second": (row(updated=HALF_LATER), knows(periods=OPEN), "when_needed", True, ("backfill", True, [(T1, HALF_LATER)])),
    "disabled nobody knows when": (row(updated=...), knows(periods=OPEN), "when_needed", True, ("backfill", True, [(T1, NOW)])),
    "cut off, and nobody else": (row(), cut_off(changed=T2), "when_needed", True, ("backfill", True, [])),
    "cut off, disabled by somebody": (row(), cut_off(changed=T1), "when_needed", True, ("backfill", True, [(T1, T2)])),
    "cut off, enabled by that or by somebody": (row(enabled=True), cut_off(changed=T1), "when_needed", True, ("backfill", False, [(T2, None)])),
    "cut off for the second time": (row(updated=T3), cut_off(changed=T2, periods=PAST), "when_needed", True, ("backfill", True, [*PAST, (T2, T3)])),
    "cut off, disabled within a second": (row(updated=HALF_LATER), cut_off(changed=T1), "when_needed", True, ("backfill", True, [(T1, HALF_LATER)])),
    "cut off, the change not told": (row(updated=...), cut_off(changed=T1), "when_needed", True, ("backfill", True, [])),
    "cut off, untold": (row(enabled=...), cut_off(changed=T1), "when_needed", True, ("backfill", True, [(T2, None)])),
    "cut off, untold, nobody else": (row(enabled=...), cut_off(changed=T2), "when_needed", True, ("backfill", True, [])),
    "untold": (row(enabled=...), None, "when_needed", True, ("backfill", True, [])),
    "untold, but noted": (row(enabled=...), knows(periods=OPEN), "when_needed", True, ("done", True, [])),
    "untold, noted, unfinished": (row(enabled=...), knows(finished=False, periods=OPEN), "when_needed", True, ("backfill", True, OPEN)),
    "to be disabled": (row(enabled=True), knows(periods=OPEN), "when_needed", False, ("none", True, [])),
    "to be disabled, always": (row(enabled=True), None, "always", False, ("none", True, [])),
    "disabled already": (row(), None, "when_needed", False, ("none", False, [])),
}  # fmt: skip


@pytest.mark.parametrize("case", list(DECISIONS))
def test_decision(case):
    binding, known, backfill, enabled, (deed, written, periods) = DECISIONS[case]
    plan = make_plan([binding], [known] if known else [], 70, None, enabled, backfill)
    assert plan["bindings"] == [dict(binding, deed=deed, written=written, dispatched=3 if known else 0)]
    assert plan["write_ids"] == ([5] if written else [])
    assert plan["planned_ids"] == ([5] if written and deed == "backfill" else [])
    assert plan["resumed_ids"] == ([5] if not written and deed == "backfill" else [])
    assert periods_of(plan) == periods
    assert plan["new_ids"] == ([5] if deed == "backfill" and not known else [])
    assert list(plan["self_loading"]) == ([5] if deed == "backfill" else [])
    assert plan["datastreams"] == {5: 1}
    assert plan["refusal"] is None


def test_no_plan():
    assert empty_plan("why") == {
        "bindings": [],
        "write_ids": [], "planned_ids": [], "resumed_ids": [], "new_ids": [], "warnings": [],
        "datastreams": {}, "self_loading": {}, "refusal": "why",
    }  # fmt: skip


# Which bindings are meant


@pytest.mark.parametrize(("wanted", "meant"), [(None, [5, 9, 12]), ([1], [5, 12]), ([2], [9]), ([1, 1], [5, 12])])
def test_datastreams(wanted, meant):
    rows = [row(), row(9, datastream_id=2), row(12)]
    assert [one["id"] for one in make_plan(rows, [], 70, wanted, True, "when_needed")["bindings"]] == meant


def test_refused_datastreams():
    with pytest.raises(InputError, match=r"^datastream_ids: not found among the datastreams that are bound to target_id 70, as far as this key can see: 8\."):
        make_plan([row()], [], 70, [1, 8], True, "when_needed")


def test_no_binding():
    with pytest.raises(InputError, match=r"No binding found .* target_id 70\."):
        make_plan([], [], 70, None, True, "when_needed")


def test_with_a_ledger_in_facts_a_run_that_was_cut_off_may_have_sent():
    for in_facts, since in ((False, T2), (True, T1)):
        plan = make_plan([row(enabled=True)], [cut_off(changed=T1)], 70, None, True, "when_needed", in_facts)
        assert periods_of(plan) == [(since, None)]
        plan = make_plan([row(enabled=True)], [cut_off(changed=T2)], 70, None, True, "when_needed", in_facts)
        assert periods_of(plan) == [(T2, None)]


# What is said


def warnings(*rows, known=(), enabled=True, backfill="when_needed"):
    return make_plan(list(rows), list(known), 70, None, enabled, backfill)["warnings"]


def test_nothing_to_say():
    assert warnings(row()) == []
    assert warnings(row(enabled=True), known=[knows(periods=OPEN)]) == []
    assert warnings(row(enabled=...), enabled=False) == []
    assert warnings(row(), known=[knows()]) == []


def test_left_alone():
    (said,) = warnings(row(enabled=True), row(9))
    assert said == (
        "Left alone: binding 5 (datastream 1 to Lake). Enabled before this run, and the ledger knows nothing of a backfill, so whether the history was"
        " loaded cannot be told. backfill: always (deploy_destination_backfill) loads it."
    )


def test_enabled_again():
    (said,) = warnings(row(), row(9, updated=...), known=[knows(periods=OPEN), knows(9, periods=OPEN)])
    assert said == (
        "Enabled again: binding 5 (datastream 1 to Lake), binding 9 (datastream 1 to Lake). What was fetched from its first enabling until its last"
        f" change ({T2}, not known) is taken as loaded by itself, and not sent."
    )
    assert warnings(row(), known=[knows(periods=OPEN)], backfill="never") == []


def test_cut_off():
    (said,) = warnings(row(), row(9, updated=T3), row(12), known=[cut_off(changed=T1), cut_off(number=9, changed=T1), cut_off(number=12, changed=T2)])
    assert said == (
        "Planned by a run that was cut off, changed after that, and disabled now: binding 5 (datastream 1 to Lake), binding 9 (datastream 1 to Lake)."
        f" What was fetched from its last change before that plan until its last change ({T1} to {T2}, {T1} to {T3}), and is not planned, is taken as loaded by"
        " itself, and not sent. Where it is missing at the destination, adverity.management.adverity_requeue with extract_ids and binding_ids sends it."
    )
    assert warnings(row(enabled=True), known=[cut_off(changed=T1)]) == []
    assert warnings(row(), known=[cut_off(changed=T1)], backfill="never") == []


def test_untold():
    (said,) = warnings(row(enabled=...), row(9, enabled=True), known=[knows(9, periods=OPEN)])
    assert said == "The service does not say whether these are enabled, so they are enabled in any case: binding 5 (datastream 1 to Lake)."


@pytest.mark.parametrize(
    ("count", "end"), [(20, "binding 20 (datastream 1 to Lake)"), (21, "binding 20 (datastream 1 to Lake) and 1 more"), (30, "and 10 more")]
)
def test_many(count, end):
    (said,) = warnings(*(row(number, enabled=True) for number in range(1, count + 1)))
    assert said.split(". Enabled before")[0].endswith(end)
    assert said.count("(datastream 1 to Lake), ") == 19


# From the plan to the requeue


def plan_of(*rows, known=()):
    return make_plan(list(rows), list(known), 70, None, True, "when_needed")


def test_before_enabling_only_what_will_be_enabled():
    plan = plan_of(row(), row(9, enabled=True, datastream_id=2), known=[knows(periods=OPEN), knows(9, finished=False, periods=OPEN)])
    assert make_backfill(plan, [], True, False) == {
        "datastream_ids": [1],
        "binding_ids": [5],
        "self_loading": [{"binding_id": 5, "since": T1, "until": T2}],
    }


@pytest.mark.parametrize("check_mode", [True, False])
def test_after_enabling_everything(check_mode):
    plan = plan_of(row(), row(12, datastream_id=1), row(9, enabled=True, datastream_id=2), known=[knows(9, finished=False, periods=OPEN)])
    backfill = make_backfill(plan, [row(enabled=True, updated=T3)], False, check_mode)
    since = [] if check_mode else [{"binding_id": 5, "since": T3, "until": None}, {"binding_id": 12, "since": NOW, "until": None}]
    assert backfill == {
        "datastream_ids": [1, 2],
        "binding_ids": [5, 12, 9],
        "self_loading": [*since, {"binding_id": 9, "since": T1, "until": None}],
    }


def test_a_second_enabling_leaves_the_plan_as_it_is():
    plan = plan_of(row(enabled=...), known=[knows(finished=False, periods=OPEN)])
    for _time in range(2):
        backfill = make_backfill(plan, [row(enabled=True, updated=T3)], False, False)
        assert backfill["self_loading"] == [{"binding_id": 5, "since": T1, "until": None}]
    assert periods_of(plan) == OPEN
