# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .values import Row, exact_time, parse_time, utc_now


class Clock:
    """The machine's clock, `ahead` seconds before it, or one that stands still but for `step` seconds at each write.

    Set by plain data: `now` (a time: the clock stands still there; null: the machine's clock), `step`, `ahead`.
    """

    def __init__(self, data: Row | None = None) -> None:
        self.fixed: datetime | None = None
        self.step, self.ahead = 1.0, 0.0
        self.set(data or {})

    def set(self, data: Row) -> None:
        """Change some of the settings, `forward` moves the clock on by so many seconds; ValueError changes nothing."""
        unknown = sorted(set(data) - {"now", "step", "ahead", "forward"})
        if unknown:
            raise ValueError(f"a clock has no {', '.join(unknown)}")
        numbers = {name: _seconds(name, data.get(name, default))
                   for name, default in (("step", self.step), ("ahead", self.ahead), ("forward", 0.0))}
        if numbers["step"] < 0:
            raise ValueError("step: a number from 0 is due")
        try:
            fixed = self.fixed if "now" not in data else None if data["now"] is None else parse_time(data["now"])
        except ValueError as exc:
            raise ValueError(f"now: {exc}") from None
        self.step, self.ahead = numbers["step"], numbers["ahead"]
        if fixed:
            fixed += timedelta(seconds=numbers["forward"])
        else:
            self.ahead += numbers["forward"]
        self.fixed = fixed

    def data(self) -> Row:
        """The settings, as `set` takes them."""
        return {"now": exact_time(self.fixed) if self.fixed else None, "step": self.step, "ahead": self.ahead}

    def now(self) -> datetime:
        """The present moment, with fractions of a second."""
        return self.fixed or utc_now() + timedelta(seconds=self.ahead)

    def tick(self) -> datetime:
        """A write has come: a clock that stands still moves on by its step. Returns the moment of the write."""
        if self.fixed:
            self.fixed += timedelta(seconds=self.step)
        return self.now()


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e9:
        raise ValueError(f"{name}: a number of seconds is due, not {value!r}")
    return float(value)
