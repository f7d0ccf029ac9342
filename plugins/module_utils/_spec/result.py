# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a module returns."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Diff:
    """What ``--diff`` shows: JSON values of before and after, by what they belong to."""

    before: dict[str, t.Any]
    after: dict[str, t.Any]


@dataclass(frozen=True)
class Result:
    """The result of a module. ``values`` are its own keys, as JSON; a module that only reads has no ``diff``."""

    changed: bool
    values: dict[str, t.Any]
    diff: Diff | None = None
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, values: dict[str, t.Any]) -> Result:
        """The result that a dict holds: ``changed``, ``warnings`` if there are any, and the values beside them."""
        values = dict(values)
        return cls(values.pop("changed"), warnings=values.pop("warnings", []), values=values)

    def as_dict(self) -> dict[str, t.Any]:
        """The result as JSON has it, without the warnings: Ansible has a place of its own for these."""
        diff = {} if self.diff is None else {"diff": {"before": self.diff.before, "after": self.diff.after}}
        return {"changed": self.changed, **self.values, **diff}
