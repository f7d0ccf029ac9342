# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ordinary case costs, in requests: 100 datastreams, of which each request takes 50 ms by the clock."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Run, Time, held
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

WORKSPACE = "a0000000-0000-4000-8000-000000000001"
WORLD = {
    "now": "2026-01-01T00:00:00Z",
    "step": 0,
    "keys": {"demo": {"key": in_process.KEY, "workspace": WORKSPACE}},
    "workspaces": [{"id": WORKSPACE, "name": "Acme"}],
    "datastreams": [{"id": number} for number in range(1, 101)],
    "targets": [{"id": 70, "name": "DWH"}],
    "bindings": [
        {"id": 1000 + number, "datastream_id": number, "target_id": 70, "enabled": False, "updated": "2025-01-01T00:00:00Z"} for number in range(1, 101)
    ],
    "extracts": [{"first_id": number * 1000, "datastream_id": number, "count": 60, "from": "2025-06-01"} for number in range(1, 101)],
}


class Timed:
    """A transport that takes 50 ms for each request."""

    def __init__(self, simulator, time, requests):
        self.transport, self.simulator, self.time, self.requests = SimulatorTransport(simulator), simulator, time, requests

    def send(self, request):
        self.time.move(0.05)
        self.simulator.world.clock.fixed = self.time.now()
        self.requests[request.method, request.path.split("/")[-2 if request.path.endswith("/") else -1]] += 1
        return self.transport.send(request)


@pytest.fixture
def deploy(tmp_path):
    simulator, time, requests = in_process.import_simulator().Simulator(WORLD, port=None), Time(), Counter()

    def run():
        requests.clear()
        done = Run(
            lambda call: role_in_process.deploy(call, target_id=70, ledger=str(tmp_path / "ledger")), lambda: Timed(simulator, time, requests), time
        ).go_on()
        assert done.error is None
        return done.result, dict(requests)

    with held(time):
        yield run


def test_first_run_costs_four_requests_for_each_datastream_and_at_most_fourteen_more(deploy):
    """For each the list of its extracts, two requeues of at most 50, and the binding. Then four lists of bindings for the tasks, and at most ten for reading
    them again while they are enabled, each two seconds, so that few extracts become unknown."""
    done, requests = deploy()
    assert done.data["extract_count"] == 6000
    by_path = Counter()
    for (method, path), count in requests.items():
        by_path[method, path if not path.isdigit() else "one"] += count
    assert (by_path["PATCH", "one"], by_path["POST", "requeue"], by_path["GET", "extracts"]) == (100, 200, 100)
    assert sum(by_path.values()) - 400 <= 14, by_path


def test_second_run_costs_one_request(deploy):
    deploy()
    assert deploy()[1] == {("GET", "bindings"): 1}
