# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which steps of the role run, where the play ignores errors."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._deploy.progress import TASKS, progress

STEPS = list(TASKS)
NONE = {name: {} for names in TASKS.values() for name in names}
FAILED = {"failed": True, "msg": "no"}
OPEN = {"failed": False, "unfinished": True, "msg": "one is left"}
QUIET = {"failed": False, "msg": "no"}  # an error of a task that never fails


@pytest.mark.parametrize(
    ("results", "failed", "last", "error"),
    [
        ({}, None, "follow", None),
        *[({task: FAILED}, step, step, None) for step, tasks in TASKS.items() for task in tasks if step not in ("enable", "send")],
        ({"enabled": QUIET}, "enable", "enable", "no"),
        ({"requeued": QUIET}, "send", "send", "no"),
        ({"enabled": QUIET, "planned": FAILED}, "plan", "plan", None),
        ({"followed": {"msg": "over", "loads": []}}, None, "follow", None),
        ({"scheduled": {"changed": False, "skipped": True}}, None, "follow", None),
    ],
)
def test_first_step_that_failed_is_the_last_one(results, failed, last, error):
    found = progress(STEPS, {**NONE, **results})
    assert (found.failed, found.steps, found.error) == (failed, STEPS[: STEPS.index(last) + 1], error)


@pytest.mark.parametrize("task", ["enabled", "requeued"])
def test_datastreams_are_not_enabled_while_something_is_open(task):
    found = progress(STEPS, {**NONE, task: OPEN})
    assert found == (None, [step for step in STEPS if step != "switch_on"], None)


def test_results_of_steps_that_are_not_planned_count_for_nothing():
    results = {**NONE, "enabled": OPEN, "requeued": QUIET, "made": FAILED}
    assert progress(["switch_on"], results) == (None, ["switch_on"], None)
