# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How far a run of the role ``deploy_destination`` has come, from the results of its tasks. Pure.

Most steps end the role where they fail, unless the play ignores errors (``ignore_errors``). Then the step that
failed is the last one: no binding is enabled without its plan in the ledger, and no datastream before its
history was sent. The plugins ``deployment_steps`` and ``deployment_summary`` call this.
"""

from __future__ import annotations

import typing as t

Results = t.Mapping[str, dict[str, t.Any]]

# The steps in order, each with the tasks whose failure is that of the step, as the role registers them. A step
# that an earlier run of the role in the same play had can still have results: only the steps of the plan count.
TASKS = {
    "create": ("made", "assigned"),
    "plan": ("planned",),
    "prepare": ("found", "scheduled", "mode_set", "switched_off"),
    "enable": ("enabled",),
    "send": ("requeued",),
    "switch_on": ("switched_on",),
    "follow": ("followed",),
}
# Their tasks never fail, so that the summary comes first. The last task of the role shows the message.
_QUIET = {"enable": "enabled", "send": "requeued"}


class Progress(t.NamedTuple):
    """``failed``: the first step that failed. ``steps``: those of the plan that ran or can run: the later ones
    do not, and datastreams are not enabled where something is left open, because their next fetch would be
    loaded before the rest of the history. ``error``: the message of a step that failed, but not its task.
    """

    failed: str | None
    steps: list[str]
    error: str | None


def progress(planned: t.Sequence[str], results: Results) -> Progress:
    """How far a run has come. ``planned``: the steps of its plan. ``results``: of the tasks so far, by the names
    under which the role registers them; empty where a task has not run."""
    failed = next((step for step in TASKS if step in planned and _has_failed(step, results)), None)
    steps = list(planned[: planned.index(failed) + 1] if failed else planned)
    if any(results[task].get("unfinished") for step, task in _QUIET.items() if step in planned):
        steps = [step for step in steps if step != "switch_on"]
    return Progress(failed, steps, results[_QUIET[failed]]["msg"] if failed in _QUIET else None)


def _has_failed(step: str, results: Results) -> bool:
    of_step = [results[task] for task in TASKS[step]]
    if step in _QUIET:
        return any("msg" in result and "unfinished" not in result for result in of_step)
    if step == "follow":
        return any("msg" in result and "loads" not in result for result in of_step)
    return any(result.get("failed") for result in of_step)
