# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Five thousand extracts in one task: few requests, one connection, and memory that does not grow while they are sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from adverity_harness.runs import LONGEST, module
from adverity_harness.worlds import KEY, World

# The module as ansible-core would start it, but in a process whose memory can be looked at; it closes with its peak, in KiB.
START = """
import json, resource, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.argv[1].encode(), "legacy"
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.modules import adverity_requeue
clock.monotonic = lambda: 0.0  # a connection that was idle for more than a second is not used for a POST
try:
    adverity_requeue.main()
finally:
    print()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def big_world(extracts):
    """Datastream 456 with so many extracts, for binding 123."""
    return World().datastream(456, extracts=extracts).binding(123, 456, enabled=True)


def test_5000_extracts_take_few_requests(begin):
    world = big_world(5000)
    scene = begin(world)
    run = scene.play([module("requeue", datastream_id=456, target_id=789)])
    assert run.one("adverity_requeue")["extract_count"] == 5000
    assert scene.loads(123) == world.aged(456)
    assert len(scene.requests()) <= 5000 / 50 + 5000 / 100 + 2
    assert {len(body["extract_ids"]) for body in scene.posts()} == {50}

    scene.forget()
    again = scene.play([module("requeue", datastream_id=456, target_id=789)])
    assert again.one("adverity_requeue")["changed"] is False
    assert scene.writes() == []
    assert len(scene.requests()) <= 5000 / 100 + 2


def start(scene):
    """Start the module by itself."""
    arguments = {"instance": scene.url, "api_key": KEY, "ledger": str(scene.ledger), "datastream_ids": [456], "target_id": 789}
    paths = [str(scene.collections), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**scene.environment(), "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", START, json.dumps({"ANSIBLE_MODULE_ARGS": arguments})]
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


@pytest.fixture(name="measured")
def fixture_measured(begin):
    """What 1,000 and 5,000 extracts take."""
    return measure(begin(big_world(1000)), 20), measure(begin(big_world(5000)), 100)


def test_memory_and_connections_do_not_grow_with_what_was_sent(measured):
    (_first, _last, small), (first, last, large) = measured
    assert last - first < 1024
    # The list itself is held: five times as long it may take a few megabytes more.
    assert large - small < 16 * 1024
