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
    """A clock that moves on when somebody sleeps, and by the cost of a reading."""

    def __init__(self):
        self.now, self.cost, self.pauses = 1000.0, 0.0, []

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def read(self):
        self.now += self.cost
        return self.now


@pytest.fixture(name="clock")
def fixture_clock(monkeypatch):
    """The clock of the machine, replaced."""
    held = Clock()
    monkeypatch.setattr(real_clock, "monotonic", lambda: held.now)

    def sleep(seconds):
        held.sleep(seconds)  # a test may replace it

    monkeypatch.setattr(real_clock, "sleep", sleep)
    return held


def run(pace, clock, finished=lambda _now: False, describe=str):
    return poll(pace, clock.read, finished, describe)


def test_without_a_wait_it_reads_once(clock):
    assert run(Pace(0, 15), clock) == (1000.0, 0.0)
    assert clock.pauses == []


def test_it_ends_when_it_is_finished(clock):
    assert run(Pace(600, 15), clock, lambda now: now >= 1030) == (1037.5, 37.5)
    assert clock.pauses == [15, 22.5]


def test_it_ends_with_a_last_reading_when_the_time_is_over(clock):
    clock.cost = 1.0
    result, waited = run(Pace(100, 15), clock)
    assert (result, waited) == (1101.0, 101.0)
    assert sum(clock.pauses) == 100 - len(clock.pauses)


@pytest.mark.parametrize(
    ("pace", "pauses"),
    [
        (Pace(300, 15), [15, 22.5, 33.75, 50.625, 60, 60]),
        (Pace(300, 90), [90, 90, 90, 30]),
        (Pace(100, 20, 30), [20, 30, 30, 20]),
        (Pace(2, 15), [2]),
    ],
)
def test_pauses_grow_to_a_limit_and_never_beyond_the_end(clock, pace, pauses):
    run(pace, clock)
    assert clock.pauses[: len(pauses)] == pauses
    assert sum(clock.pauses) == pace.wait


def test_an_error_ends_it(clock):
    def read():
        raise AdverityError("no")

    with pytest.raises(AdverityError, match="no"):
        poll(Pace(600, 15), read, bool, str)
    assert clock.pauses == []


def test_who_watches_sees_how_far_it_is(clock, tmp_path, monkeypatch):
    path = tmp_path / "progress"
    monkeypatch.setenv(FILE, str(path))
    seen, sleep = [], clock.sleep

    def look_and_sleep(seconds):
        seen.append(json.loads(path.read_text("utf-8")))
        sleep(seconds)

    clock.sleep = look_and_sleep
    run(Pace(20, 15), clock, describe=lambda now: f"now {now:g}")
    assert seen == [{"line": "now 1000", "left": 20.0}, {"line": "now 1015", "left": 5.0}]


def test_a_clock_that_misses_a_moment_is_no_reason_to_wait_for_it(clock):
    sleep = clock.sleep

    def sleep_a_little_less(seconds):
        assert seconds >= 0.001
        sleep(seconds - 1e-7)

    clock.sleep = sleep_a_little_less
    run(Pace(20, 15), clock)
    assert len(clock.pauses) == 2
