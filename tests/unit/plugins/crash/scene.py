# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the crash tests share: a simulator with a small world, and processes that are killed at a point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.places import Place


class Outcome(NamedTuple):
    """How a run ended: ``points`` are those it passed, the last one being where it was killed; ``error`` is a message."""

    points: list[list[Any]]
    killed: bool
    result: dict[str, Any]
    error: str | None
    facts: dict[str, Any]

    @property
    def doubtful(self) -> list[int]:
        """The extracts of which this run left open whether they arrived."""
        return in_doubt(self)


def in_doubt(*outcomes: Outcome) -> list[int]:
    """What these runs, one after the other, left open: noted as intended, and neither answered nor taken back since.

    A run goes on to its next batch only when the one before is answered, and notes both in one commit.
    """
    doubt: set[int] = set()
    for outcome in outcomes:
        before, under_way = doubt, set()
        for moment, what, extract_ids in outcome.points:
            if moment == "committed" and what == "intend":
                before, under_way = doubt - under_way, set(extract_ids)
                doubt = before | under_way
            elif moment == "committed" and what == "withdraw":
                doubt, under_way = before, set()
            elif moment == "committed" and what == "dispatched":
                doubt, under_way = doubt - set(extract_ids), set()
    return sorted(doubt)


class CrashScene:
    """A simulator and a ledger, for run after run in processes of their own."""

    def __init__(self, simulator: Any, worker: Any, place: Place) -> None:
        self.simulator, self._worker, self._place = simulator, worker, place

    def begin(self, **world: Any) -> None:
        """A fresh world and a fresh ledger."""
        self.simulator.reset(world)
        self._place.empty()

    @property
    def in_postgresql(self) -> bool:
        return "://" in self._place.ledger

    def run(self, kill_at: int | None = None, work: str = "adverity_requeue", **options: Any) -> Outcome:
        """A run of a module, or of the role (``deploy``)."""
        connection = {"instance": self.simulator.url, "api_key": in_process.KEY, "retries": 1, "timeout": 300, "retry_max_delay": 0}
        job = {"work": work, "connection": connection, "options": {"ledger": self._place.ledger, **options}, "kill_at": kill_at}
        self._worker.stdin.write(json.dumps(job) + "\n")
        self._worker.stdin.flush()
        points, said = [], {}
        while "killed" not in said:
            line = json.loads(self._worker.stdout.readline())
            points += [line.pop("point")] if "point" in line else []
            said.update(line)
        assert "bug" not in said, said["bug"]
        assert said["killed"] == (kill_at is not None and len(points) == kill_at + 1)
        return Outcome(points, said["killed"], said.get("result", {}), said.get("error"), said.get("facts", {}))

    def loads(self) -> list[tuple[int, int]]:
        """What was loaded, in its order: (extract, binding)."""
        return [(row["extract_id"], row["binding_id"]) for row in self.simulator.loads]

    def posts(self) -> list[dict[str, Any]]:
        """The bodies of the requeues that reached the API."""
        return [row["body"] for row in self.simulator.requests if row["method"] == "POST"]


@contextmanager
def scenes(place: Place) -> Iterator[CrashScene]:
    """A scene with its two processes, which end with it."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path), PYTHONWARNINGS="error")
    # Its thousands of copies are not measured: each would leave a file, and putting these together takes minutes.
    environment = {name: value for name, value in environment.items() if not name.startswith(("ADVERITY_", "COVERAGE_"))}
    command = [sys.executable, str(Path(__file__).with_name("worker.py"))]
    with in_process.import_simulator().Simulator() as simulator, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as worker:
        try:
            yield CrashScene(simulator, worker, place)
        finally:
            worker.stdin.close()
        assert worker.wait(300) == 0
