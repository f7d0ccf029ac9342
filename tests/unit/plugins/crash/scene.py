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
from ansible_collections.adverity.management.tests.unit.plugins.places import Postgres, PostgresPlace


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


class Scene:
    """One service and one ledger after the other, for run after run."""

    def __init__(self, simulator: Any, nursery: Any, folder: Path, server: Postgres | None) -> None:
        self.simulator, self._nursery, self._folder, self._server = simulator, nursery, folder, server
        self._number = 0
        self._place: PostgresPlace | None = None
        self.ledger = ""

    def begin(self, **world: Any) -> None:
        """A fresh world and a fresh ledger."""
        self.simulator.reset(world)
        self._number += 1
        self.end()
        if self._server is None:
            self.ledger = str(self._folder / str(self._number) / "requeue.sqlite3")
        else:
            self._place = PostgresPlace(self._server)
            self.ledger = self._place.ledger

    @property
    def in_postgresql(self) -> bool:
        """Whether the ledgers are in a PostgreSQL."""
        return self._server is not None

    def end(self) -> None:
        """Gives the database back."""
        if self._server is not None and self._place is not None:
            self._server.give_back(self._place.database)
        self._place = None

    def run(self, kill_at: int | None = None, work: str = "adverity_requeue", **options: Any) -> Outcome:
        """A run of a module, or of the role (``deploy``), in a process of its own."""
        connection = {"instance": self.simulator.url, "api_key": in_process.KEY, "retries": 1, "timeout": 300, "retry_max_delay": 0}
        options = dict({"ledger": self.ledger}, **options)
        job = {"work": work, "connection": connection, "options": options, "kill_at": kill_at}
        self._nursery.stdin.write(json.dumps(job) + "\n")
        self._nursery.stdin.flush()
        said = json.loads(self._nursery.stdout.readline())
        assert "bug" not in said, said["bug"]
        assert said["killed"] == (kill_at is not None and len(said["points"]) == kill_at + 1)
        return Outcome(said["points"], said["killed"], said.get("result", {}), said.get("error"), said.get("facts", {}))

    def loads(self) -> list[tuple[int, int]]:
        """What the service loaded, in its order: (extract, binding)."""
        return [(row["extract_id"], row["binding_id"]) for row in self.simulator.loads]

    def arrived(self, extract_id: int, binding_id: int) -> bool:
        """A look into the service."""
        return (extract_id, binding_id) in self.loads()

    def posts(self) -> list[dict[str, Any]]:
        """The bodies of the requeues that reached the service."""
        return [row["body"] for row in self.simulator.requests if row["method"] == "POST"]


@contextmanager
def scenes(folder: Path, server: Postgres | None = None) -> Iterator[Scene]:
    """A scene with its two processes, which end with it. Ledgers are in files in ``folder``, or in databases of the server."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path), PYTHONWARNINGS="error")
    # Its thousands of copies are not measured: each would leave a file, and putting these together takes minutes.
    for name in [name for name in environment if name.startswith(("ADVERITY_", "COVERAGE_"))]:
        del environment[name]
    script = str(Path(__file__).with_name("nursery.py"))
    command = [sys.executable, script]
    with in_process.import_simulator().Simulator() as simulator, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as nursery:
        scene = Scene(simulator, nursery, folder, server)
        try:
            yield scene
        finally:
            scene.end()
            nursery.stdin.close()
            assert nursery.wait(300) == 0
