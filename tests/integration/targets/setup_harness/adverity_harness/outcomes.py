# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of tasks, whoever carried them out: ansible-playbook (see `runs`), or `direct` without it."""

from __future__ import annotations

from typing import Any

from .worlds import KEY, READ_ONLY_KEY

Row = dict[str, Any]
COLLECTION = "adverity.management"


class Outcomes:
    """Results of tasks in order, each a row with ``task``, ``action``, ``host``, ``status`` and ``result``; and all that was printed."""

    def __init__(self) -> None:
        self.output = ""
        self.outcomes: list[Row] = []

    def rows(self, name: str) -> list[Row]:
        """Return the rows of the tasks with this name (or this module, as ``adverity_requeue``) that were not skipped."""
        wanted = (name, f"{COLLECTION}.{name}")
        return [one for one in self.outcomes if one["status"] != "skipped" and (one["task"] == name or one["action"] in wanted)]

    def of(self, name: str) -> list[Row]:
        """Return the results in these rows."""
        return [one["result"] for one in self.rows(name)]

    def told_by(self, *titles: str) -> list[Row]:
        """Return the results of the tasks with these names, each of which ran once."""
        return [self.one(title) for title in titles]

    def one(self, name: str) -> Row:
        """Return the result of the only task with this name (or this module) that was not skipped."""
        found = self.of(name)
        assert len(found) == 1, f"{len(found)} tasks {name!r} in:\n{self.output}"
        return found[0]

    @property
    def failures(self) -> list[Row]:
        """The results of all tasks that failed, also where the play went on."""
        return [one["result"] for one in self.outcomes if one["status"] == "failed"]

    @property
    def left_open(self) -> Row:
        """The result of the one task of the role that did everything else and left something open."""
        (found,) = [one["result"] for one in self.outcomes if one["result"].get("unfinished") is True]
        return found

    @property
    def warnings(self) -> list[str]:
        """What was warned of."""
        return [text for one in self.outcomes for text in one["result"].get("warnings", ())]

    def check_told(self, warnings: tuple[str, ...] = (), may_warn: tuple[str, ...] = ()) -> None:
        """Check what holds for all that is ever printed: no traceback, no secret, nothing deprecated.

        `warnings` are words of those expected: each of them has to come, and no others may, but for `may_warn`. Line breaks are
        set by Ansible, so white space does not count.
        """
        shown = f"\n{self.output[-6000:]}"
        for sign in ("Traceback (most recent call last)", "MODULE FAILURE", "[DEPRECATION WARNING]", KEY, READ_ONLY_KEY):
            assert sign not in self.output, f"{sign!r} in the output{shown}"
        given = ["".join(text.split()) for text in self.warnings]
        expected = ["".join(text.split()) for text in warnings]
        assert not [text for text in expected if not any(text in one for one in given)], f"a warning is missing: {self.warnings}{shown}"
        expected += ["".join(text.split()) for text in may_warn]
        assert not [one for one in given if not any(text in one for text in expected)], f"a warning was not expected: {self.warnings}{shown}"
