# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Waiting: read, show how far it is, pause, read again, until it is finished or the time is over. What it waits for is the caller's business."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import clock, progress

Result = t.TypeVar("Result")
_GROWTH = 1.5  # from one pause to the next
_SHORTEST = 0.001  # seconds: what is left below that is no pause, and a clock need not show that it passed


@dataclass(frozen=True)
class Pace:
    """How long to wait in all, and from one reading to the next, in seconds. The pauses grow from ``interval`` to ``longest_interval``."""

    wait: float
    interval: float
    longest_interval: float = 60.0


def poll(
    pace: Pace,
    read: t.Callable[[], Result],
    finished: t.Callable[[Result], bool],
    describe: t.Callable[[Result], str],
) -> tuple[Result, float]:
    """The last reading, and how many seconds it took. It reads at least once, and once more when the time is over.

    ``describe`` says in one line how far a reading is; whoever watches sees it. An error of ``read`` ends the waiting.
    """
    show = progress.writer()
    begun = clock.monotonic()
    pause = pace.interval
    while True:
        result = read()
        waited = clock.monotonic() - begun
        left = pace.wait - waited
        if finished(result) or left < _SHORTEST:
            return result, waited
        if show:
            show({"line": describe(result), "left": left})
        clock.sleep(min(pause, left))
        pause = min(pause * _GROWTH, max(pace.longest_interval, pace.interval))
