# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of what creates: any settings, killed at any request, with and without the last one having arrived."""

from __future__ import annotations

import contextlib
import itertools
import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._resources import destinations, fields
from ansible_collections.adverity.management.tests.unit.plugins.properties.service import Service, prove
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import Killed, TransportWithPoints
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "1", "true", "x", "X"]) | st.lists(st.integers(0, 2), max_size=2)
SETTINGS = st.dictionaries(st.sampled_from(["project", "dataset", "mode", "password", "list"]), VALUES, max_size=5)


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


# Killed anywhere


def deploy(service):
    named = {"name": "New | DWH", "workspace": "EMEA", "connection": "BigQuery service account", "settings": {"project": "p", "dataset": "d"}}
    made = service.call("adverity_destination", type="bigquery", **named)
    wanted = [{"datastream_id": 456, "table_name": "a"}, {"datastream_id": 457, "settings": {"write_disposition": 2}}, {"datastream_id": 458}]
    return [made, service.call("adverity_assignment", type="bigquery", target_id=made["destination"]["id"], assignments=wanted)]


def check_made_once(simulator, point):
    """There is one new destination, with one assignment of each datastream, and none is enabled."""
    targets = [row["id"] for row in simulator.world.targets.values() if row["name"] == "New | DWH"]
    rows = [row for row in simulator.world.bindings.values() if row["target_id"] in targets]
    assert (len(targets), sorted(row["datastream_id"] for row in rows)) == (1, [456, 457, 458]), point
    assert not any(row["enabled"] for row in rows)


def test_killed_before_or_after_any_request_and_run_again_nothing_is_there_twice():
    service = Service()
    arrives = service.transport
    for point in itertools.count(1):
        service.simulator.reset()
        points = itertools.count(1)

        def die(_name, points=points, point=point):
            if next(points) >= point:
                raise Killed

        service.transport = TransportWithPoints(arrives, die)
        with contextlib.suppress(Killed):
            deploy(service)
            break
        service.transport = arrives
        deploy(service)
        check_made_once(service.simulator, point)
        assert [result["changed"] for result in deploy(service)] == [False, False], point
    assert point == 33, "the points are counted, so that none is left out"


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": {"code": 500}, "work": True}], ids=str)
def test_any_one_answer_lost_and_run_again_nothing_is_there_twice(fault):
    service = Service()
    for point in range(14):
        service.simulator.reset()
        service.simulator.fault(skip=point, **fault)
        with contextlib.suppress(AdverityError):
            deploy(service)
        deploy(service)
        check_made_once(service.simulator, point)
