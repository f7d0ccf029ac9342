# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thousands of extracts in one task: one connection, and memory that does not grow while they are sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from adverity_harness.runs import LONGEST
from adverity_harness.worlds import KEY, World

# The module on its own, with options from a file, in a process whose memory can be looked at; it closes with its peak, in KiB.
START = """
import resource
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.modules import adverity_requeue
clock.monotonic = lambda: 0.0  # a connection that was idle for more than a second is not used for a POST
try:
    adverity_requeue.main()
finally:
    print()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def start(scene):
    """Start the module by itself."""
    arguments = {"instance": scene.url, "api_key": KEY, "ledger": str(scene.ledger), "datastream_ids": [456], "target_id": 789}
    (scene.home / "arguments.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), "utf-8")
    paths = [str(scene.collections), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**scene.environment(), "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", START, str(scene.home / "arguments.json")]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def resident(process):
    """The memory that a process holds right now, in KiB."""
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def await_hold(scene, process, posts):
    """Wait until the service holds a request that loads, which is the last of so many."""
    limit = time.monotonic() + LONGEST
    while not scene.service.held or len(scene.posts()) < posts:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < limit
        time.sleep(0.005)


def measure(scene, batches):
    """Run the module; return its memory at the first request that loads and at the last one, and its peak, all in KiB."""
    scene.service.fault(method="POST", hold="before")
    scene.service.fault(method="POST", skip=batches - 1, hold="before")
    with start(scene) as process:
        await_hold(scene, process, 1)
        first = resident(process)
        scene.service.release()
        await_hold(scene, process, batches)
        last = resident(process)
        scene.service.release()
        output, _errors = process.communicate(timeout=LONGEST)
    *_before, result, _blank, peak = output.splitlines()
    assert json.loads(result)["extract_count"] == batches * 50
    assert len(scene.talks()) == 1, "more than one connection"
    return first, last, int(peak)


def test_memory_and_connections_do_not_grow_with_what_was_sent(begin):
    scenes = [begin(World().datastream(456, extracts=count).binding(123, 456, enabled=True)) for count in (1000, 5000)]
    (_first, _last, small), (first, last, large) = (measure(scene, batches) for scene, batches in zip(scenes, (20, 100)))
    assert last - first < 1024
    # The list itself is held: five times as long it may take a few megabytes more.
    assert large - small < 16 * 1024
