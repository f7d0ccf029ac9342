# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting, on a clock of its own: when it reads, when it ends, and what it shows."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import progress
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._api.polling import Pace, poll


class Clock:
    """A clock that moves on when somebody sleeps, and by the cost of a reading."""

    def __init__(self, cost=0.0):
        self.now, self.cost, self.pauses = 1000.0, cost, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def read(self):
        self.now += self.cost
        return self.now


def run(pace, clock, finished=lambda _now: False, describe=str):
    return poll(pace, clock.read, finished, describe, clock.sleep, clock)


def test_without_a_wait_it_reads_once():
    clock = Clock()
    assert run(Pace(0, 15), clock) == (1000.0, 0.0)
    assert clock.pauses == []


def test_it_ends_when_it_is_finished():
    clock = Clock()
    assert run(Pace(600, 15), clock, lambda now: now >= 1030) == (1037.5, 37.5)
    assert clock.pauses == [15, 22.5]


def test_it_ends_with_a_last_reading_when_the_time_is_over():
    clock = Clock(cost=1.0)
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
def test_pauses_grow_to_a_limit_and_never_beyond_the_end(pace, pauses):
    clock = Clock()
    run(pace, clock)
    assert clock.pauses[: len(pauses)] == pauses
    assert sum(clock.pauses) == pace.wait


def test_an_error_ends_it():
    def read():
        raise AdverityError("no")

    with pytest.raises(AdverityError, match="no"):
        poll(Pace(600, 15), read, bool, str, pytest.fail)


def test_who_watches_sees_how_far_it_is(tmp_path, monkeypatch):
    path = tmp_path / "progress"
    monkeypatch.setenv(progress.FILE, str(path))
    seen, clock = [], Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock)

    def sleep(seconds):
        seen.append(json.loads(path.read_text("utf-8")))
        clock.sleep(seconds)

    poll(Pace(20, 15), clock.read, lambda _now: False, lambda now: f"now {now:g}", sleep, clock)
    assert seen == [{"line": "now 1000", "left": 20.0}, {"line": "now 1015", "left": 5.0}]
