# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A destination and its assignments, created by a run that is killed at any request, with and without that request having arrived."""

from __future__ import annotations

import contextlib
import itertools

from ansible_collections.adverity.management.tests.unit.plugins.properties.service import Service
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import Killed, TransportWithPoints


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
