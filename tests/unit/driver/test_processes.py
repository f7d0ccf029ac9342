# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is stopped: it ends within seconds and leaves no process, whatever its tools have started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DRIVER = Path(__file__).resolve().parents[2] / "driver"
LONGEST = 300.0  # seconds after which a run counts as one that does not stop; it takes two, but not where much else shares its cores

# A tool as bad as they come: it ignores signals, and so does a child that leaves the session, and one whose parent ends at once.
TOOL = """
trap "" HUP INT TERM
echo $$ >> "$PIDS"
setsid sh -c 'trap "" HUP INT TERM; echo $$ >> "$PIDS"; sleep 600; sleep 600' &
(setsid sh -c 'trap "" HUP INT TERM; echo $$ >> "$PIDS"; sleep 600; sleep 600' &)
sleep 600
sleep 600
"""

# The driver with two benches at work at the same time; of a real one only the copy of the collection is missing. Once stopped, no next stage begins.
RUN = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import processes, stages

class Bare(stages.Bench):
    def __post_init__(self):
        self.environment, self.copy = dict(os.environ), Path.cwd()

def tool(bench):
    bench.run("sh", "-c", sys.argv[2])

stages.STAGES.update(first=tool, second=tool)
processes.stop_on_signals()
names = ["first", "second"]
stages.run_beside([(Bare(name, Path(), Path(), []), names) for name in ("tests", "checks")])
"""


@pytest.fixture(name="pids")
def fixture_pids(tmp_path):
    """Where the tools write their process ids; none of them outlives the test."""
    path = tmp_path / "pids"
    path.touch()
    yield path
    for pid in map(int, path.read_text("utf-8").split()):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def alive(pid):
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "XZ"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_leaves_no_process(tmp_path, pids, number):
    """Six processes of two tools are at work when the signal comes, and none of them would end by itself."""
    environment = {**os.environ, "PIDS": str(pids)}
    with open(tmp_path / "output", "w+b") as output:
        run = subprocess.Popen(
            [sys.executable, "-B", "-c", RUN, str(DRIVER), TOOL], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            limit = time.monotonic() + LONGEST
            while len(pids.read_text("utf-8").split()) < 6:
                assert time.monotonic() < limit, (tmp_path / "output").read_text("utf-8")
                assert run.poll() is None, (tmp_path / "output").read_text("utf-8")
                time.sleep(0.02)
            found = [int(word) for word in pids.read_text("utf-8").split()]
            assert all(map(alive, found))
            run.send_signal(number)
            assert run.wait(timeout=LONGEST) == 128 + number
        finally:
            run.kill()
            run.wait()
    assert [pid for pid in map(int, pids.read_text("utf-8").split()) if Path(f"/proc/{pid}").exists()] == []  # no zombie either
    assert len(pids.read_text("utf-8").split()) == 6  # nothing was started after the signal
    assert (tmp_path / "output").read_text("utf-8").endswith(f"Stopped by {signal.Signals(number).name}.\n")


def test_a_tool_that_ends_leaves_no_process_of_its_session(tmp_path, pids):
    """What a tool has left in the background is ended with it, or the output would never end."""
    script = RUN.replace('processes.stop_on_signals()\n', "").replace('"first", "second"', '"first"')
    tool = 'sh -c \'echo $$ >> "$PIDS"; sleep 600\' >/dev/null & while [ ! -s "$PIDS" ]; do sleep 0.02; done'
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, str(DRIVER), tool], env={**os.environ, "PIDS": str(pids)}, cwd=tmp_path, timeout=LONGEST, check=False
    )
    assert done.returncode == 0
    assert [pid for pid in map(int, pids.read_text("utf-8").split()) if alive(pid)] == []
