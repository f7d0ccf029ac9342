# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs, timed from outside: seconds, what went over the network, memory."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import contenders
from service import Service, serve
from worlds import Work

LONGEST = 1200.0  # seconds for one run
EMPTY, PING = contenders.PLAYBOOKS / "empty.yml", contenders.PLAYBOOKS / "ping.yml"
TOO_MANY = 500  # so many writes would take the uri side ten minutes, for each run: it is left out


class RunError(Exception):
    """A run failed, or did another work than the one asked for."""


@dataclass
class Samples:
    """What was measured of one contender at one work and latency; no seconds: nothing was."""

    seconds: list[float] = field(default_factory=list)
    requests: int = 0
    connections: int = 0
    memory: float | None = None  # MiB, peak

    @property
    def median(self) -> float:
        """The middle one of the runs, in seconds."""
        return statistics.median(self.seconds)


@dataclass
class Measured:
    """One line of the report: a work at a latency in milliseconds, by contender.

    `pings` are the seconds of the smallest play with a module, one measured after each run of ours: a machine is not as fast at all times.
    """

    title: str
    latency: int
    samples: dict[str, Samples]
    pings: list[float] = field(default_factory=list)

    @property
    def ping(self) -> float:
        """The middle one of the pings, in seconds."""
        return statistics.median(self.pings)


def run(command: list[str], environment: dict[str, str], watch: bool = False) -> tuple[float, float]:
    """Run a command to its end; return its seconds, and a peak of memory in MiB.

    That is the command's own (``wait4``), or with `watch`, which would disturb a run that is timed, that of the largest module of the collection.
    """
    home = Path(environment["HOME"])
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "output", "wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        peak = _watch(process) if watch else 0
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RunError(f"{' '.join(command)} ended with {process.returncode}:\n{(home / 'output').read_text('utf-8', 'replace')[-3000:]}")
    return seconds, (peak or usage.ru_maxrss) / 1024


def _watch(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a process; return the peak memory, in KiB, of the largest module of ours that ran meanwhile."""
    peak, limit = 0, time.monotonic() + LONGEST
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None and time.monotonic() < limit:
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if int(path.name) > process.pid and b"AnsiballZ_adverity_" in (path / "cmdline").read_bytes():
                    found = re.search(r"VmHWM:\s*(\d+) kB", (path / "status").read_text("ascii"))
                    peak = max(peak, int(found[1]) if found else 0)
        time.sleep(0.01)
    return peak


class Course:
    """All runs of a bench. What is made for them is below `folder`; each is repeated `runs` times."""

    def __init__(self, folder: Path, runs: int) -> None:
        self.folder, self.runs = folder, runs
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def idle(self) -> float:
        """Return the seconds of a play without a task. It and a ping are run before that, so that everything is compiled."""
        for path in (PING, EMPTY):
            self._time(path)
        return statistics.median([self._time(EMPTY) for _number in range(self.runs)])

    def _time(self, path: Path) -> float:
        return run(contenders.playbook(path), contenders.environment("", self.folder / "idle"))[0]

    def measure(self, work: Work, latency: int) -> list[Measured]:
        """Measure a work, and where it has one its second run, with all contenders in turn."""
        titles = [work.title, *filter(None, [work.again])]
        lines = [Measured(title, latency, {name: Samples() for name in contenders.CONTENDERS}) for title in titles]
        with serve(work, latency, self.folder) as service:
            for _number in range(self.runs):
                for contender in (contenders.FLOOR, contenders.OURS):
                    self._once(service, contender, work, lines)
            if sum(work.writes.values()) < TOO_MANY:
                for _number in range(self.runs):
                    self._once(service, contenders.URI, work, lines)
            self._look(service, work, lines)
        return lines

    def _once(self, service: Service, contender: str, work: Work, lines: list[Measured]) -> None:
        home = self._home(contender)
        service.begin()
        for line in lines:
            seconds, memory = self._run(service, contender, work, home)
            self._note(line.samples[contender], service.requests(), {} if line is not lines[0] else work.writes)
            line.samples[contender].seconds.append(seconds)
            if contender == contenders.FLOOR:
                line.samples[contender].memory = memory
            elif contender == contenders.OURS:
                line.pings.append(self._time(PING))

    def _note(self, samples: Samples, rows: list[dict[str, object]], writes: dict[str, int]) -> None:
        """Note what went over the network, and check that it is the work that was asked for."""
        sent = Counter(str(row["method"]) for row in rows if row["method"] not in ("GET", "OPTIONS"))
        if dict(sent) != writes or any(row["status"] not in (200, 201) for row in rows):
            raise RunError(f"the work is to send {writes}, but {dict(sent)} was sent, with the answers {Counter(row['status'] for row in rows)}")
        samples.requests, samples.connections = len(rows), len({row["connection"] for row in rows})

    def _look(self, service: Service, work: Work, lines: list[Measured]) -> None:
        """Look at the memory of the collection's modules, in a run that is not timed."""
        home = self._home(contenders.OURS)
        service.begin()
        for line in lines:
            _seconds, line.samples[contenders.OURS].memory = self._run(service, contenders.OURS, work, home, watch=True)

    def _run(self, service: Service, contender: str, work: Work, home: Path, watch: bool = False) -> tuple[float, float]:
        environment = dict(contenders.environment(service.url, home), BENCH_COUNT=str(len(work.world["datastreams"])))
        return run(contenders.command(contender, work.name), environment, watch)

    def _home(self, contender: str) -> Path:
        """Return a home that nothing has happened in yet."""
        home = self.folder / f"home-{contender}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        return home
