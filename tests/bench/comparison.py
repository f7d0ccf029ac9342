# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each work with the collection, with uri, and with the script: seconds, what went over the network, memory."""

from __future__ import annotations

import shutil
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from runs import OURS, PING, SCRIPT, URI, RunError, Service, command_of, play_of, run, serve
from works import Row, Work

CONTENDERS = (OURS, URI, SCRIPT)
TOO_MANY = 500  # so many writes would take the uri side ten minutes, for each run: it is left out


@dataclass
class Samples:
    """What was measured of one contender at one work and latency; no seconds: nothing was."""

    seconds: list[float] = field(default_factory=list)
    requests: int = 0
    connections: int = 0
    memory: float | None = None  # MiB, peak

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass
class Measured:
    """One line of the report: a work at a latency in milliseconds, by contender.

    `pings` are the seconds of the smallest play with a module, one measured after each run of ours: a machine is not as fast at all times.
    """

    title: str
    latency: int
    samples: dict[str, Samples] = field(default_factory=lambda: {name: Samples() for name in CONTENDERS})
    pings: list[float] = field(default_factory=list)

    @property
    def ping(self) -> float:
        return statistics.median(self.pings)

    @property
    def ratio(self) -> str:
        """How many times faster than uri the collection is; a dash where that was left out."""
        return f"{self.samples[URI].median / self.samples[OURS].median:.1f}" if self.samples[URI].seconds else "-"

    @property
    def beyond(self) -> str:
        """What the collection takes beyond the smallest play with a module, as a multiple of the script."""
        return f"{(self.samples[OURS].median - self.ping) / self.samples[SCRIPT].median:.2f}"


class Comparison:
    """All runs that compare. What is made for them is below `folder`; each is repeated `repeat` times."""

    def __init__(self, folder: Path, repeat: int) -> None:
        self.folder, self.repeat = folder, repeat
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def idle(self) -> float:
        """Return the seconds of a play without a task. It and a ping are run before that, so that everything is compiled."""
        for tasks in ((PING,), ()):
            self._time(*tasks)
        return statistics.median([self._time() for _number in range(self.repeat)])

    def _time(self, *tasks: Row) -> float:
        return run(play_of(self.folder, *tasks), self.folder / "idle")[0]

    def measure(self, work: Work, latency: int) -> list[Measured]:
        """Measure a work, and where it has one its second run, with all contenders in turn."""
        lines = [Measured(title, latency) for title in (work.title, work.again) if title]
        with serve(work.world, latency, self.folder) as service:
            for _number in range(self.repeat):
                self._once(service, SCRIPT, work, lines)
                self._once(service, OURS, work, lines)
            if sum(work.writes.values()) < TOO_MANY:
                for _number in range(self.repeat):
                    self._once(service, URI, work, lines)
            # The memory of the collection's modules is looked at in a run that is not timed.
            home = self._begin(service, OURS)
            for line in lines:
                line.samples[OURS].memory = self._run(service, OURS, work, home, watch=True)[1]
        return lines

    def _once(self, service: Service, contender: str, work: Work, lines: list[Measured]) -> None:
        """Run a contender, check that it did the work that was asked for, and note what that took."""
        home, expected = self._begin(service, contender), work.writes
        for line in lines:
            samples = line.samples[contender]
            seconds, memory = self._run(service, contender, work, home)
            rows = service.requests()
            sent = Counter(str(row["method"]) for row in rows if row["method"] not in ("GET", "OPTIONS"))
            if dict(sent) != expected or any(row["status"] not in (200, 201) for row in rows):
                raise RunError(f"the work is to send {expected}, but {dict(sent)} was sent: {Counter(row['status'] for row in rows)}")
            samples.seconds.append(seconds)
            samples.requests, samples.connections = len(rows), len({row["connection"] for row in rows})
            if contender == SCRIPT:
                samples.memory = memory
            elif contender == OURS:
                line.pings.append(self._time(PING))
            expected = {}  # the second time

    def _begin(self, service: Service, contender: str) -> Path:
        """Begin anew; return a home that nothing has happened in yet."""
        service.begin()
        home = self.folder / f"home-{contender}"
        shutil.rmtree(home, ignore_errors=True)
        return home

    def _run(self, service: Service, contender: str, work: Work, home: Path, watch: bool = False) -> tuple[float, float]:
        return run(command_of(contender, work.name, self.folder), home, service.url, watch)
