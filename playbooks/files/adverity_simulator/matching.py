# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests something scripted is for, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .values import Row, is_whole


@dataclass
class Matcher:
    """Matches requests by method and by a pattern that is searched in the path, and counts them.

    It is due after the first `skip` that match, and fires `times` times (None: always).
    """

    method: str | None = None
    path: str | None = None
    skip: int = 0
    times: int | None = 1
    matches: int = 0
    fired: int = 0

    @staticmethod
    def check(what: str, data: Row, *names: str) -> None:
        """ValueError where plain data has other names than a matcher's and these, or values that will not do."""
        known = ("method", "path", "skip", "times", *names)
        unknown = sorted(set(data) - set(known))
        if unknown:
            raise ValueError(f"a {what} has no {', '.join(unknown)}; it has {', '.join(known)}")
        for name, lowest in (("skip", 0), ("times", 1)):
            value = data.get(name, lowest)
            if (not is_whole(value) or value < lowest) and not (name == "times" and value is None):
                raise ValueError(f"{what} {name}: a whole number from {lowest} is due, not {value!r}")
        if not isinstance(data.get("method") or "", str):
            raise ValueError(f"{what} method: text is due")
        try:
            re.compile(data.get("path") or "")
        except (re.error, TypeError) as exc:
            raise ValueError(f"{what} path: {exc}") from None

    def told(self, *names: str) -> Row:
        """The plain data of a matcher, and of further attributes."""
        return {name: getattr(self, name) for name in ("method", "path", "skip", "times", *names, "matches", "fired")}

    def due(self, method: str, path: str) -> bool:
        """Count the request where it matches; True where this may fire on it."""
        if (self.method and self.method.upper() != method) or (self.path and not re.search(self.path, path)):
            return False
        self.matches += 1
        return self.matches > self.skip and (self.times is None or self.fired < self.times)


def only(what: str, data: Any, *names: str) -> Row:
    """The data, where it is an object that has none but these names; else ValueError."""
    if not isinstance(data, dict) or not set(data) <= set(names):
        raise ValueError(f"{what}: an object of {', '.join(names)} is due, not {data!r}")
    return data
