# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a process of its own, and what a bench has to know of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worlds import Work

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "playbooks" / "files" / "adverity_simulator"


class Service:
    """A simulator that listens at `url`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def control(self, method: str, name: str) -> Any:
        """Return what the control API answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with contextlib.closing(connection):
            connection.request(method, f"/_simulator/{name}")
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {name}: {answer.status} {content[:500]!r}")
        return json.loads(content)

    def begin(self) -> None:
        """Begin anew with the first world."""
        self.control("POST", "reset")

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since the beginning, or since the last call of this."""
        rows: list[dict[str, Any]] = self.control("GET", "requests")
        self.control("DELETE", "requests")
        return rows


@contextlib.contextmanager
def serve(work: Work, latency: int, folder: Path) -> Iterator[Service]:
    """Run the simulator with this work's world, and so many milliseconds before each answer."""
    seed, port_file = folder / "seed.json", folder / "port"
    seed.write_text(json.dumps(work.world), "utf-8")
    port_file.unlink(missing_ok=True)
    command = [sys.executable, str(PROGRAM), "--port", "0", "--port-file", str(port_file), "--seed", str(seed), "--latency-ms", str(latency)]
    command += ["--stop-with-parent", "--stop-after", "7200"]
    with open(folder / "simulator.log", "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        limit = time.monotonic() + 60
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"the simulator does not start: {(folder / 'simulator.log').read_text('utf-8', 'replace')}")
            time.sleep(0.02)
        yield Service(int(port_file.read_text("ascii")))
    finally:
        process.terminate()
        process.wait()
