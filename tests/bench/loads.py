# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures in its own process, with the simulator in it and on its clock, so that no second is waited: ``loads.py wait FOLDER DATASTREAMS EXTRACTS`` and
``loads.py baseline FOLDER EXTRACTS PAIRS``. Prints JSON. What the ledger writes is not waited for by the disk either: it is the work that is measured."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from typing import Any
from unittest import mock

from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._outcome.loads import load_info
from ansible_collections.adverity.management.plugins.module_utils._requeue import send
from ansible_collections.adverity.management.plugins.module_utils._requeue.requeue import requeue
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

START, LONG_AGO, TARGET = "2026-01-01T12:00:00Z", "2019-01-01T00:00:00Z", 789
LONGEST_LOAD, INTERVAL = 60.0, 15
PATHS = {"/api/jobs/": "jobs", "/api/errors/": "issues", "/api/extracts/": "extracts", "/api/v1/bindings/": "bindings"}


class Bench:
    """A simulator, a client of it, and a clock that both share."""

    def __init__(self, folder: str, datastreams: int, extracts: int) -> None:
        self.simulator = in_process.import_simulator().Simulator(port=None)
        numbers = range(1, datastreams + 1)
        self.world = {
            "now": START, "step": 0, "keys": {"bench": {"key": in_process.KEY}},
            "workspaces": [{"id": "a0000000-0000-4000-8000-000000000001"}], "datastreams": [{"id": number} for number in numbers],
            "targets": [{"id": TARGET}],
            "bindings": [{"id": 1000 + number, "datastream_id": number, "target_id": TARGET, "enabled": True, "updated": LONG_AGO} for number in numbers],
            "extracts": [{"datastream_id": number, "first_id": number * 100_000 + 1, "count": extracts, "from": LONG_AGO, "state": "collected"}
                         for number in numbers],
        }  # fmt: skip
        self.folder = tempfile.mkdtemp(dir=folder)  # a ledger that records an earlier bench would send nothing
        self.datastreams, self.waited, self._ledgers = datastreams, 0.0, 0
        self.begin()

    def begin(self) -> None:
        """The world anew, and a new ledger."""
        self.simulator.reset(self.world)
        self._ledgers += 1
        self.ledger = f"{self.folder}/loads{self._ledgers}.sqlite3"
        self.client = Client("https://acme.example", in_process.KEY, SimulatorTransport(self.simulator), retries=0)

    def options(self, name: str, **options: Any) -> dict[str, Any]:
        """A module's parameters."""
        return in_process.read_options(name, {"instance": "acme.example", "api_key": in_process.KEY, "ledger": self.ledger, "target_id": TARGET, **options})

    def send(self) -> None:
        """Everything, datastream by datastream; the loads take from one second to a minute."""
        for number in range(1, self.datastreams + 1):
            self.simulator.change({"loading": {"load_seconds": LONGEST_LOAD * number / self.datastreams}})
            requeue(self.client, self.options("adverity_requeue", datastream_ids=[number]), False)

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.simulator.change({"clock": {"forward": seconds}})

    def monotonic(self) -> float:
        return self.waited

    def rounds(self, begin: int) -> list[dict[str, int]]:
        """How many requests of which kind each round made: a round ends with its list of jobs."""
        rounds: list[Counter[str]] = [Counter()]
        for row in self.simulator.requests[begin:]:
            rounds[-1][PATHS[row["path"]]] += 1
            if row["path"] == "/api/jobs/":
                rounds.append(Counter())
        return [dict(one) for one in rounds if one]


def poll_plainly(bench: Bench) -> int:
    """What a script does: reads the same lists until every extract is loaded. It knows of no failure, no other request, and no extract that was loaded
    before. Returns how many it saw."""
    open_ids, loaded, pause = set(range(1, bench.datastreams + 1)), 0, float(INTERVAL)
    while True:
        for number in sorted(open_ids):
            rows = bench.client.get("/api/extracts/", {"datastream_id": number, "ordering": "-created"})["results"]
            if all(row["state_label"] in ("Loaded", "Imported") for row in rows):
                open_ids.remove(number)
                loaded += len(rows)
        bench.client.get("/api/errors/", {"page_size": 100})
        bench.client.get("/api/jobs/", {"page_size": 100})
        if not open_ids:
            return loaded
        bench.wait(pause)
        pause = min(pause * 1.5, 60.0)


def measure_wait(folder: str, datastreams: int, extracts: int) -> dict[str, Any]:
    """Waiting for all of them, with the module's own code, and with the script."""
    bench = Bench(folder, datastreams, extracts)
    with mock.patch.multiple(clock, sleep=bench.wait, monotonic=bench.monotonic, now=bench.simulator.world.now):
        bench.send()
        begin, started = len(bench.simulator.requests), time.process_time()
        found = load_info(bench.client, bench.options("adverity_load_info", wait=3600, poll_interval=INTERVAL), False)
        seconds = time.process_time() - started
    rounds = bench.rounds(begin)
    if found["counts"]["loaded"] != datastreams * extracts:
        raise RuntimeError(found["counts"])
    bench.begin()
    with mock.patch.multiple(clock, sleep=bench.wait, monotonic=bench.monotonic, now=bench.simulator.world.now):
        bench.send()
        begin, started = len(bench.simulator.requests), time.process_time()
        if poll_plainly(bench) != datastreams * extracts:
            raise RuntimeError("the script did not see all of them")
        script = time.process_time() - started
    return {"seconds": seconds, "script": script, "rounds": rounds, "rounds of the script": bench.rounds(begin)}


def measure_baseline(folder: str, extracts: int, pairs: int) -> dict[str, Any]:
    """A backfill that records what was shown before, beside one that does not, in turn: of each the one that was disturbed least."""
    bench = Bench(folder, 1, extracts)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * pairs + 2):
        recorded = (number + number // 2) % 2 == 0  # each goes first in every other pair
        bench.begin()
        with mock.patch.object(send.Sending, "_labels_of", send.Sending._labels_of if recorded else _nothing):
            params = bench.options("adverity_requeue", datastream_ids=[1])
            started = time.process_time()
            requeue(bench.client, params, False)
            if number > 1:  # the first pair warms up
                seconds[recorded].append(time.process_time() - started)
    best = {recorded: min(taken) for recorded, taken in seconds.items()}
    return {"seconds": best[True], "without": best[False], "ratio": best[True] / best[False]}


def _nothing(_sending: Any, _batch: Any) -> None:
    """In place of the labels of a batch."""


if __name__ == "__main__":
    in_process.spare_the_disk()
    what, where, *numbers = sys.argv[1:]
    print(json.dumps({"wait": measure_wait, "baseline": measure_baseline}[what](where, *map(int, numbers))))
