# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""5,000 extracts in one task: one connection, and memory that does not grow while they are sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from adverity_harness.runs import LONGEST
from adverity_harness.world import KEY, World

# The module as a process whose memory can be looked at, with options from a file. A connection that was idle for a second is not used for a POST.
START = """
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.modules import adverity_requeue
clock.monotonic = lambda: 0.0
adverity_requeue.main()
"""


def start(scene):
    """Start the module."""
    arguments = {"instance": scene.url, "api_key": KEY, "ledger": str(scene.ledger), "datastream_ids": [456], "target_id": 789}
    (scene.home / "arguments.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), "utf-8")
    paths = [str(scene.collections), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**scene.environment(), "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", START, str(scene.home / "arguments.json")]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def memory_at_post(scene, process, number):
    """The memory of the process in KiB when the service holds its request of this number."""
    limit = time.monotonic() + LONGEST
    while not scene.service.held or len(scene.posts()) < number:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < limit
        time.sleep(0.005)
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    scene.service.release()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def test_memory_and_connections_do_not_grow_with_what_was_sent(begin):
    scene = begin(World().datastream(456, extracts=5000).binding(123, 456, enabled=True))
    for skip in (0, 99):
        scene.service.fault(method="POST", skip=skip, hold="before")
    with start(scene) as process:
        first, last = memory_at_post(scene, process, 1), memory_at_post(scene, process, 100)
        output, _errors = process.communicate(timeout=LONGEST)
    assert json.loads(output)["extract_count"] == 5000
    assert len({row["connection"] for row in scene.requests()}) == 1
    assert last - first < 1024
