# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no other test would notice: that a killed run does nothing more, and that one that waits takes no time."""

from __future__ import annotations

import time

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Run, Time, held
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

REQUEUE = "/api/v1/extracts/requeue/"


@pytest.fixture
def simulator():
    return in_process.import_simulator().Simulator(port=None)


@pytest.fixture
def begin(simulator, tmp_path):
    """Begins a run that sends three extracts, one by one."""
    clock = Time()
    options = {"ledger": str(tmp_path / "ledger"), "extract_ids": [101, 102, 103], "binding_ids": [55], "batch_size": 1, "ledger_wait": 60}
    with held(clock):
        yield lambda: Run(lambda call: call("adverity_requeue", **options), lambda: SimulatorTransport(simulator), clock)


def test_run_has_points_at_requests_and_commits(begin):
    run = begin().go_on()
    assert run.result["requeued_extract_ids"] == [101, 102, 103]
    post = [f"before POST {REQUEUE}", f"after POST {REQUEUE}"]
    assert [one for one in run.points if "POST" in one] == post * 3
    assert run.points[run.points.index(post[0]) - 1] == "after commit", "the intention stands in the ledger before the request goes out"


@pytest.mark.parametrize(("where", "loads"), [("before", 0), ("after", 1)])
def test_run_that_is_killed_at_a_request_sends_and_writes_nothing_more(simulator, begin, where, loads):
    run = begin()
    while not run.points or run.points[-1] != f"{where} POST {REQUEUE}":
        run.go_on(1)
    run.kill()
    assert (run.killed, run.result, run.error, len(simulator.loads)) == (True, None, None, loads)
    assert begin().go_on().error.facts["unknown_extract_ids"] == [101]


def test_run_that_waits_for_another_one_stands_still_and_takes_no_time(begin, monkeypatch):
    first, second = begin(), begin()
    while not first.points or "POST" not in first.points[-1]:
        first.go_on(1)
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("real time passes"))
    second.go_on(100)
    assert (second.waits, second.ended) == (True, False)
    first.go_on()
    assert second.go_on().result["skipped_extract_ids"] == [101, 102, 103]
