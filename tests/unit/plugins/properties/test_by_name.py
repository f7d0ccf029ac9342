# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of what creates: any names, any settings, killed at any request, with and without the last one having arrived."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError
from ansible_collections.adverity.management.plugins.module_utils._resources import assignments, destinations, directory, fields
from ansible_collections.adverity.management.plugins.module_utils._resources.assignment_plan import Action, AssignmentPlan
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text(max_size=5) | st.sampled_from(["A", "a", " A", "A ", "{{ A }}", "1", "12", "x" * 300])
VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "1", "true", "x", "X"]) | st.lists(st.integers(0, 2), max_size=2)
SETTINGS = st.dictionaries(st.sampled_from(["project", "dataset", "mode", "password", "list"]), VALUES, max_size=5)


# Names


@prove(300)
@given(st.lists(NAMES, max_size=6), NAMES)
def test_a_name_finds_what_has_exactly_this_name_or_nothing(names, wanted):
    rows = [{"id": number + 100, "name": name, "stack": 5} for number, name in enumerate(names)]
    fits = [row for row in rows if row["name"] == wanted]
    if len(fits) > 1 or (not fits and any(name.strip() == wanted.strip() for name in names)):
        with pytest.raises(InputError) as caught:
            destinations.find(rows, wanted, 5)
        assert "\n" not in str(caught.value)
        assert [row["id"] for row in fits] == caught.value.facts.get("ambiguous", [])
    else:
        assert [destinations.find(rows, wanted, 5)] == (fits or [None])
    assert destinations.find(rows, wanted, 6) is None


@prove(300)
@given(st.lists(st.tuples(NAMES, st.sampled_from([1, 2, 3])), max_size=5), st.lists(st.tuples(NAMES, st.sampled_from(["A", "B", "C"])), max_size=5))
def test_ids_are_linked_only_where_the_pair_is_unique_on_both_sides(older, newer):
    places = [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}, {"id": 3, "name": "B"}]
    left = [{"id": number, "name": name, "stack_id": stack} for number, (name, stack) in enumerate(older, 1)]
    right = [{"id": f"uuid{number}", "name": name, "workspace": {"name": place}} for number, (name, place) in enumerate(newer)]
    of = {1: "A", 2: "B", 3: "B"}
    for row, (name, stack) in zip(directory.describe(left, places, right), older):
        here = sum((other, of[where]) == (name, of[stack]) for other, where in older)
        there = [one["id"] for one in right if (one["name"], one["workspace"]["name"]) == (name, of[stack])]
        assert row["uuid"] == (there[0] if here == len(there) == 1 else None)
        assert (row["note"] is None) is (row["uuid"] is not None)


# Settings


@prove(500)
@given(SETTINGS, SETTINGS, st.booleans())
def test_what_is_written_is_equal_afterwards_and_nothing_else_is_touched(there, wanted, force):
    row = {"id": 1, "name": "DWH", "stack": 5, **there}
    plan = destinations.DestinationPlan(row, {"name": "DWH"}, wanted, {}, force)
    assert set(plan.body) <= set(wanted)
    [after] = [change.preview() for change in plan.changes(70)] or [row]
    assert {name: after[name] for name in row if name not in plan.body} == {name: row[name] for name in row if name not in plan.body}
    again = destinations.DestinationPlan(after, {"name": "DWH"}, wanted, {})
    assert again.body == {}
    for name, value in wanted.items():
        assert name in plan.unreadable or fields.is_same(value, after[name])
    result = json.dumps(plan.result(after).as_dict()["diff"])
    assert all(json.dumps({"password": value})[1:-1] not in result for value in ("1", "true", "x", "X"))


@prove(300)
@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.none() | st.sampled_from(["a", "b"])), max_size=5),
    st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.none() | st.sampled_from(["a", "b"])), min_size=1, max_size=4),
)
def test_after_the_plan_every_assignment_exists_once_and_disabled(there, wanted):
    rows = [{"id": number, "datastream": stream, "table_name": table, "enabled": True} for number, (stream, table) in enumerate(there, 1)]
    present = [assignments.parse(row) for row in rows]
    asked = [assignments.WantedAssignment(stream, table, {}) for stream, table in wanted]
    try:
        plan = AssignmentPlan(present, asked)
    except InputError:
        streams = [stream for stream, _table in [*there, *wanted]]
        assert len(streams) > len(set(streams))  # nothing is ambiguous where each datastream stands there once
        return
    made = [{"id": 100 + number, "table_name": None, **step.body} for number, step in enumerate(plan.steps) if step.action is Action.CREATED]
    assert all(row["enabled"] is False for row in made)
    present += [assignments.parse(row) for row in made]
    assert AssignmentPlan(present, [one for one in asked if one.table_name]).due == []
    assert [step for step in plan.steps if step.action not in (Action.CREATED, Action.UNCHANGED)] == []


# Killed anywhere


class Killed(BaseException):
    """The end of a process."""


def deploy(simulator):
    def run(module, **options):
        return in_process.run("adverity_" + module, {"instance": simulator.url, "api_key": in_process.KEY, "retries": 0, "type": "bigquery", **options})

    made = run(
        "destination", name="New | DWH", workspace="EMEA", connection="BigQuery service account", settings={"project": "p", "dataset": "d"}
    )
    wanted = [{"datastream_id": 456, "table_name": "a"}, {"datastream_id": 457, "settings": {"write_disposition": 2}}, {"datastream_id": 458}]
    return [made, run("assignment", target_id=made["destination"]["id"], assignments=wanted)]


def made_by(simulator):
    """The new destinations, and the assignments to them."""
    found = [row for row in simulator.world.targets.values() if row["name"] == "New | DWH"]
    ids = [row["id"] for row in found]
    return found, [row for row in simulator.world.bindings.values() if row["target_id"] in ids]


@pytest.mark.parametrize("arrived", [False, True])
def test_killed_at_any_request_and_run_again_nothing_is_there_twice(monkeypatch, arrived):
    send: Any = Client._send
    left = 0

    def send_or_die(client, *args):
        nonlocal left
        left -= 1
        if left == 0 and not arrived:
            raise Killed
        answer = send(client, *args)
        if left == 0:
            raise Killed
        return answer

    monkeypatch.setattr(Client, "_send", send_or_die)
    with in_process.import_simulator().Simulator() as simulator:
        for point in range(1, 40):
            simulator.reset()
            left = point
            with contextlib.suppress(Killed):
                deploy(simulator)
                assert left >= 0
                break
            left = 0
            deploy(simulator)
            targets, bindings = made_by(simulator)
            assert len(targets) == 1, point
            assert sorted(row["datastream_id"] for row in bindings) == [456, 457, 458], point
            assert not any(row["enabled"] for row in bindings)
            assert [result["changed"] for result in deploy(simulator)] == [False, False], point
        assert point == 17, "the points are counted, so that none is left out"


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": {"code": 500}, "work": True}], ids=str)
def test_any_one_answer_lost_and_run_again_nothing_is_there_twice(fault):
    with in_process.import_simulator().Simulator() as simulator:
        for point in range(14):
            simulator.reset()
            simulator.fault(skip=point, **fault)
            with contextlib.suppress(AdverityError):
                deploy(simulator)
            deploy(simulator)
            targets, bindings = made_by(simulator)
            assert (len(targets), len(bindings)) == (1, 3), point
            assert not any(row["enabled"] for row in bindings)
