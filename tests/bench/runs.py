# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a process of its own, and runs beside it: timed from outside, with their peak of memory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from works import KEY, TASKS, Row

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LONGEST = 1200.0  # seconds for one run
OURS, URI, SCRIPT = "ours", "uri", "floor"
PING: Row = {"ansible.builtin.ping": None}  # the smallest task that runs a module


class RunError(Exception):
    """A run failed, or did another work than the one asked for."""


class Service:
    """A simulator that listens at `url`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def _control(self, method: str, name: str) -> Any:
        answer = requests.request(method, f"{self.url}/_simulator/{name}", timeout=120)
        answer.raise_for_status()
        return answer.json()

    def begin(self) -> None:
        self._control("POST", "reset")

    def requests(self) -> list[Row]:
        """Return the requests since the beginning, or since the last call of this."""
        rows: list[Row] = self._control("GET", "requests")
        self._control("DELETE", "requests")
        return rows


@contextlib.contextmanager
def serve(world: Row, latency: int, folder: Path) -> Iterator[Service]:
    """Run the simulator with this world, and so many milliseconds before each response."""
    seed, port = folder / "seed.json", folder / "port"
    seed.write_text(json.dumps(world), "utf-8")
    port.unlink(missing_ok=True)
    command = [sys.executable, str(ROOT / "playbooks" / "files" / "adverity_simulator"), "--port", "0", "--port-file", str(port)]
    command += ["--seed", str(seed), "--latency-ms", str(latency), "--stop-with-parent", "--stop-after", "7200"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while not port.exists():
            if process.poll() is not None:
                raise RunError("the simulator does not start")
            time.sleep(0.02)
        yield Service(int(port.read_text("ascii")))
    finally:
        process.terminate()
        process.wait()


def command_of(contender: str, work: str, folder: Path) -> list[str]:
    if contender == SCRIPT:
        return [sys.executable, str(HERE / "script.py"), work]
    return [*_playbook(HERE / "uri.yml"), "--tags", work] if contender == URI else play_of(folder, TASKS[work])


def play_of(folder: Path, *tasks: Row) -> list[str]:
    play: Row = {"name": "Benchmark", "hosts": "localhost", "connection": "local", "gather_facts": False}
    play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    play["tasks"] = [{"name": "Measure", **task} for task in tasks]
    path = folder / "play.yml"
    path.write_text(json.dumps([play]), "utf-8")
    return _playbook(path)


def _playbook(path: Path) -> list[str]:
    return [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(path)]


def run(command: list[str], home: Path, url: str = "", watch: bool = False, **variables: str) -> tuple[float, float]:
    """Run a command to its end in a home of its own; return its seconds, and a peak of memory in MiB.

    That is the command's own (``wait4``), or with `watch`, which would disturb a run that is timed, that of the largest module of the collection.
    Compiled Python files are kept beside the home, as on any machine that runs things twice.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    environment.update(
        ADVERITY_API_KEY=KEY,
        ADVERITY_INSTANCE=url,
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
        ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_NOCOLOR="true",
        ANSIBLE_REMOTE_TEMP=str(home / ".ansible" / "tmp"),
        HOME=str(home),
        PYTHONPYCACHEPREFIX=str(home.parent / "pycache"),
        **variables,
    )
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
