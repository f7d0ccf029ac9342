# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks of the collection, run by ansible-rulebook against the simulator: a rule fires one of our playbooks, and one names a failed load."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time

import pytest
from adverity_harness.place import collections_path, load_simulator

KEY = "s3cret-of-the-rulebook"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
LONGEST = 120  # seconds for what should take a few: a JVM starts, and the machine may be busy
WORLD = {
    "keys": {"all": {"key": KEY}}, "workspaces": [{"id": "a0000000-0000-4000-8000-000000000001"}],
    "datastreams": [{"id": 456, "name": "Google Ads"}, {"id": 457}], "targets": [{"id": 10}], "load_seconds": 0,
    "bindings": [{"id": 5, "datastream_id": 456, "target_id": 10}],
    "extracts": [{"id": 101, "datastream_id": 456, "created": "2026-01-01T05:00:00Z"}],
}  # fmt: skip


class Rulebook:
    """A rulebook that runs: what it has printed so far, and what the API was asked."""

    def __init__(self, process, output, simulator):
        self._process, self._output, self.simulator = process, output, simulator

    def text(self):
        return self._output.read_text("utf-8")

    def until(self, happened, what):
        end = time.monotonic() + LONGEST
        while not happened():
            waits = time.monotonic() < end and self._process.poll() is None
            assert waits, f"{what} did not come:\n{self.text()}"
            time.sleep(0.05)

    def readings(self):
        return sum(row["path"] == "/api/jobs/" and row["status"] == 200 for row in list(self.simulator.requests))

    def read_on(self, more=2):
        seen = self.readings()
        self.until(lambda: self.readings() >= seen + more, "another reading")

    def fetches(self):
        return [(row["path"], row["body"]) for row in list(self.simulator.requests) if row["method"] == "POST"]


@pytest.fixture(name="run")
def fixture_run(tmp_path):
    """Starts rulebooks that end with the test."""
    with contextlib.ExitStack() as stack:

        def run(name):
            simulator = stack.enter_context(load_simulator().Simulator(WORLD, {"issue_tags": "asked"}))
            (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"localhost": LOCAL}}}))
            (tmp_path / "vars.yml").write_text("adverity_interval: 1\n")
            environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path(tmp_path)), "ADVERITY_INSTANCE": simulator.url,
                           "ADVERITY_API_KEY": KEY, "PYTHONUNBUFFERED": "1"}  # fmt: skip
            command = ["ansible-rulebook", "--rulebook", f"adverity.management.{name}", "-i", "inventory.yml", "--vars", "vars.yml"]
            output = tmp_path / "output"
            with open(output, "wb") as stream:
                process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=stream, stderr=stream)
            stack.callback(process.wait)
            stack.callback(process.kill)
            rulebook = Rulebook(process, output, simulator)
            rulebook.until(rulebook.readings, "the first reading")
            rulebook.read_on(1)
            return rulebook

        yield run


def test_a_fetch_that_has_failed_is_fetched_again_once_and_somebody_is_told(run):
    rulebook = run("fetch_again")
    job = rulebook.simulator.fetch(456, fails=True)
    rulebook.until(rulebook.fetches, "another fetch")
    assert rulebook.fetches() == [("/api/datastreams/456/fetch_fixed/", {"start": job["range_start"], "end": job["range_end"]})]
    rulebook.until(lambda: f"Datastream 456: job {job['id']} was failed" in rulebook.text(), "the message")
    rulebook.simulator.fetch(456, fails=True)  # the same datastream, the same day
    rulebook.read_on()
    rulebook.simulator.fetch(457, fails=True)
    rulebook.until(lambda: len(rulebook.fetches()) > 1, "the fetch of the other datastream")
    assert [path for path, _body in rulebook.fetches()] == [f"/api/datastreams/{number}/fetch_fixed/" for number in (456, 457)]
    assert KEY not in rulebook.text()


def test_a_load_that_has_failed_is_named_in_a_message(run):
    rulebook = run("failed_load")
    rulebook.simulator.fetch(457, fails=True)  # an issue of a fetch is none of a load
    rulebook.read_on()
    rulebook.simulator.change({"add": {"issues": [{"id": 9, "datastream_id": 456, "extract_id": 101, "start": "2026-01-01T05:00:00Z",
                                                   "message": "Loading extract 101 failed."}]}})  # fmt: skip
    told = "Load failed in Google Ads: Loading extract 101 failed. See "
    rulebook.until(lambda: told in rulebook.text(), "the message")
    rulebook.read_on()
    assert rulebook.text().count("Load failed in") == rulebook.text().count(told) == 1
    assert KEY not in rulebook.text()
