# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ordinary case costs, in requests: 100 datastreams with 60 extracts each, where each request takes 50 ms."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Run, Time, held
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

NUMBERS = range(1, 101)
WORKSPACE = "a0000000-0000-4000-8000-000000000001"
WORLD = {
    "now": "2026-01-01T00:00:00Z",
    "step": 0,
    "keys": {"demo": {"key": in_process.KEY, "workspace": WORKSPACE}},
    "workspaces": [{"id": WORKSPACE, "name": "Acme"}],
    "datastreams": [{"id": number} for number in NUMBERS],
    "targets": [{"id": 70, "name": "DWH"}],
    "bindings": [{"id": 1000 + number, "datastream_id": number, "target_id": 70, "enabled": False, "updated": "2025-01-01T00:00:00Z"} for number in NUMBERS],
    "extracts": [{"first_id": number * 1000, "datastream_id": number, "count": 60, "from": "2025-06-01"} for number in NUMBERS],
}


class TimedTransport(SimulatorTransport):
    def __init__(self, simulator, time):
        super().__init__(simulator)
        self.time = time

    def send(self, request):
        self.time.move(0.05)
        self.simulator.world.clock.fixed = self.time.now()
        return super().send(request)


@pytest.fixture
def deploy(tmp_path):
    """Runs the role, and returns its data, and how many requests of which method and path it sent; numbers in paths are ``*``."""
    simulator, time = in_process.import_simulator().Simulator(WORLD, port=None), Time()

    def run():
        simulator.requests.clear()
        run = Run(lambda call: role_in_process.deploy(call, target_id=70, ledger=str(tmp_path / "ledger")), lambda: TimedTransport(simulator, time), time)
        assert run.go_on().error is None
        paths = [(row["method"], row["path"].strip("/").rpartition("/")[2]) for row in simulator.requests]
        return run.result.data, Counter((method, "*" if path.isdigit() else path) for method, path in paths)

    with held(time):
        yield run


def test_first_run_costs_four_requests_for_each_datastream_and_at_most_fourteen_more(deploy):
    """For each the list of its extracts, two requeues of at most 50, and the binding. Then four lists of bindings for the tasks, and at most ten for reading
    them again while they are enabled, each two seconds, so that few extracts become unknown."""
    data, requests = deploy()
    assert data["extract_count"] == 6000
    assert (requests["PATCH", "*"], requests["POST", "requeue"], requests["GET", "extracts"]) == (100, 200, 100)
    assert sum(requests.values()) - 400 <= 14, requests


def test_second_run_costs_one_request(deploy):
    deploy()
    assert deploy()[1] == {("GET", "bindings"): 1}
