# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting, on a clock of its own: when it reads, when it ends, and what it shows."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import clock as real_clock
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._api.polling import Pace, poll
from ansible_collections.adverity.management.plugins.module_utils._api.progress import FILE


class Clock:
    """A clock that moves on when somebody sleeps, ``late`` by so much, and by the cost of a reading. ``on_sleep`` is called before."""

    def __init__(self):
        self.now, self.cost, self.late, self.pauses = 1000.0, 0.0, 0.0, []
        self.on_sleep = lambda: None

    def sleep(self, seconds):
        self.on_sleep()
        self.pauses.append(seconds)
        self.now += seconds + self.late

    def read(self):
        self.now += self.cost
        return self.now


@pytest.fixture
def clock(monkeypatch):
    held = Clock()
    monkeypatch.setattr(real_clock, "monotonic", lambda: held.now)
    monkeypatch.setattr(real_clock, "sleep", held.sleep)
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
def test_pauses_grow_to_a_limit_and_never_beyond_the_end(clock, pace, cost, finished_at, pauses, waited):
    clock.cost = cost
    result = poll(pace, clock.read, lambda now: finished_at is not None and now >= finished_at, str)
    assert clock.pauses == pauses
    assert result == (1000 + waited, waited)


def test_clock_that_misses_a_moment_is_no_reason_to_wait_for_it(clock):
    clock.late = -1e-7
    poll(Pace(20, 15), clock.read, lambda _now: False, str)
    assert len(clock.pauses) == 2


def test_error_ends_it(clock):
    def read():
        raise AdverityError("no")

    with pytest.raises(AdverityError, match="no"):
        poll(Pace(600, 15), read, bool, str)
    assert clock.pauses == []


def test_who_watches_sees_how_far_it_is(clock, tmp_path, monkeypatch):
    path, seen = tmp_path / "progress", []
    monkeypatch.setenv(FILE, str(path))
    clock.on_sleep = lambda: seen.append(json.loads(path.read_text("utf-8")))
    poll(Pace(20, 15), clock.read, lambda _now: False, lambda now: f"now {now:g}")
    assert seen == [{"line": "now 1000", "left": 20.0}, {"line": "now 1015", "left": 5.0}]
