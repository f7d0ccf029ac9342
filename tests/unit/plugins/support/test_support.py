# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator behind the seam: faults, points, and time that is held."""

from __future__ import annotations

import time

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Lost, NotReached, Refused
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Run, Time, held
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import FAULTS, FaultyTransport, SimulatorTransport

REQUEUE = "/api/v1/extracts/requeue/"


@pytest.fixture
def simulator():
    return in_process.import_simulator().Simulator(port=None)


def open_client(transport, waits, retries=0):
    return Client("https://acme.example", in_process.KEY, transport, retries, sleep=waits.append)


def test_simulator_without_a_port_answers_in_process(simulator):
    client = open_client(SimulatorTransport(simulator), [])
    assert client.get("/api/v1/bindings/", {"target_id": 789, "page_size": 100})["count"] == 5
    assert client.date is not None
    client.request("PATCH", "/api/v1/bindings/123/", body={"enabled": True})
    assert simulator.world.bindings[123]["enabled"] is True
    assert simulator.requests[-1]["headers"]["user-agent"].startswith("adverity.management/")
    with pytest.raises(Refused, match="404"):
        client.get("/api/nothing/")


@pytest.mark.parametrize(
    ("fault", "error", "loads"),
    [
        ("not reached", NotReached, 0), ("lost before", Lost, 0), ("lost after", Lost, 1), ("429", Refused, 0),
        ("503", Refused, 0), ("500 before", Refused, 0), ("500 after", Refused, 1),
    ],
)
def test_fault_of_a_post_says_what_is_known(simulator, fault, error, loads):
    transport = FaultyTransport(SimulatorTransport(simulator), lambda _request: fault)
    with pytest.raises(error) as caught:
        open_client(transport, []).request("POST", REQUEUE, body={"extract_ids": [101], "binding_ids": [123]})
    assert len(simulator.loads) == loads
    assert caught.value.not_executed is (fault in ("not reached", "429", "503"))


def test_every_fault_is_tried():
    assert set(FAULTS) == {"not reached", "lost before", "lost after", "429", "503", "500 before", "500 after"}


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"cut": 3}])
def test_connection_that_the_simulator_closes_is_lost(simulator, fault):
    simulator.fault(method="POST", **fault)
    with pytest.raises(Lost):
        open_client(SimulatorTransport(simulator), []).request("POST", REQUEUE, body={"extract_ids": [101], "binding_ids": [123]})
    assert len(simulator.loads) == 1


def test_client_waits_through_the_function_that_it_is_given(simulator):
    faults, waits = ["429", None], []
    transport = FaultyTransport(SimulatorTransport(simulator), lambda _request: faults.pop(0))
    open_client(transport, waits, retries=1).get("/api/v1/bindings/")
    assert waits == [1.0]


@pytest.fixture
def begin(simulator, tmp_path):
    clock = Time()

    def start(name, **options):
        def work(call):
            return call(name, ledger=str(tmp_path / "ledger"), **options)

        return Run(work, lambda: SimulatorTransport(simulator), clock)

    with held(clock):
        yield start


BACKFILL = {"name": "adverity_requeue", "extract_ids": [101, 102, 103], "binding_ids": [55], "batch_size": 1}


def test_run_has_points_at_requests_and_commits(simulator, begin):
    run = begin(**BACKFILL).go_on()
    assert run.result["requeued_extract_ids"] == [101, 102, 103]
    post = [f"before POST {REQUEUE}", f"after POST {REQUEUE}"]
    assert [one for one in run.points if "POST" in one] == post * 3
    first = run.points.index(post[0])
    assert run.points[first - 1] == "after commit", "the intention stands in the ledger before the request goes out"


@pytest.mark.parametrize("after", [0, 1])
def test_run_that_is_killed_at_a_request_sends_and_writes_nothing_more(simulator, begin, after):
    run = begin(**BACKFILL)
    while not run.points or run.points[-1] != ("after" if after else "before") + " POST " + REQUEUE:
        run.go_on(1)
    run.kill()
    assert (run.killed, run.result, run.error) == (True, None, None)
    assert len(simulator.loads) == after
    again = begin(**BACKFILL).go_on()
    assert again.error.facts["unknown_extract_ids"] == [101]
    assert len(simulator.loads) in (after, after + 2)


def test_run_that_waits_for_another_one_stands_still_and_takes_no_time(begin, monkeypatch):
    first, second = begin(**BACKFILL, ledger_wait=60), begin(**BACKFILL, ledger_wait=60)
    while not first.points or "POST" not in first.points[-1]:
        first.go_on(1)
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("real time passes"))
    second.go_on(100)
    assert second.waits
    assert not second.ended
    first.go_on()
    second.go_on()
    assert second.result["skipped_extract_ids"] == [101, 102, 103]
