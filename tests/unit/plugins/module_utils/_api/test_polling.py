# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting, on a clock of its own: when it reads, when it ends, and what it shows."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.module_utils._api.polling import Pace, poll
from ansible_collections.adverity.management.plugins.module_utils._api.progress import FILE
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Time


@pytest.fixture
def time(monkeypatch):
    held = Time()
    held.seconds, held.pauses = 1000.0, []
    monkeypatch.setattr(clock, "monotonic", held.monotonic)
    monkeypatch.setattr(clock, "sleep", lambda seconds: (held.pauses.append(seconds), held.move(seconds)))
    return held


@pytest.mark.parametrize(
    ("pace", "cost", "finished_at", "pauses", "waited"),
    [
        (Pace(0, 15), 0, None, [], 0),
        (Pace(600, 15), 0, 1030, [15, 22.5], 37.5),
        # The last reading is when the time is over.
        (Pace(300, 15), 0, None, [15, 22.5, 33.75, 50.625, 60, 60, 58.125], 300),
        (Pace(300, 90), 0, None, [90, 90, 90, 30], 300),
        (Pace(100, 20, 30), 0, None, [20, 30, 30, 20], 100),
        (Pace(2, 15), 0, None, [2], 2),
        (Pace(60, 15), 1, None, [15, 22.5, 19.5], 61),
    ],
)
def test_pauses_grow_to_a_limit_and_never_beyond_the_end(time, pace, cost, finished_at, pauses, waited):
    def read():
        time.move(cost)
        return time.seconds

    result = poll(pace, read, lambda seconds: finished_at is not None and seconds >= finished_at, str)
    assert time.pauses == pauses
    assert result == (1000 + waited, waited)


def test_clock_that_misses_a_moment_is_no_reason_to_wait_for_it(time, monkeypatch):
    monkeypatch.setattr(clock, "monotonic", lambda: time.seconds - 1e-7 * len(time.pauses))
    poll(Pace(20, 15), bool, bool, str)
    assert len(time.pauses) == 2


def test_who_watches_sees_how_far_it_is(time, tmp_path, monkeypatch):
    path, seen = tmp_path / "progress", []
    monkeypatch.setenv(FILE, str(path))
    monkeypatch.setattr(clock, "sleep", lambda seconds: (seen.append(json.loads(path.read_text("utf-8"))), time.move(seconds)))
    poll(Pace(20, 15), time.monotonic, lambda _seconds: False, lambda seconds: f"now {seconds:g}")
    assert seen == [{"line": "now 1000", "left": 20.0}, {"line": "now 1015", "left": 5.0}]
