# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the role ``deploy_destination`` says at its end: data for ``set_stats``, and the same as lines for a person. Pure."""

from __future__ import annotations

from .._api.paging import Row
from . import summary_lines
from .loads import LoadResult
from .progress import Results, progress
from .results import (
    AssignmentResult,
    BindingResult,
    DestinationResult,
    PlanResult,
    RequeueResult,
    RoleRun,
    written_uuids,
)
from .summary_data import summarize


def of_role(plan: Row, results: Results) -> Row:
    """``lines`` and ``data`` of a run of the role, and ``open``: messages about what is left open, and that of a
    step that failed without its task. ``results``: see ``progress()``."""
    if plan.get("failed"):
        return {"lines": [summary_lines.NOT_PLANNED], "data": {"failed_step": "plan"}, "open": []}
    so_far = progress(plan["steps"], results)

    def result_of(step: str, name: str) -> Row:
        return results[name] if step in so_far.steps else {}

    switched = "switched_on" if "switch_on" in so_far.steps else "switched_off"
    summary = make(
        plan,
        results["made"] if plan["create"] else {},
        result_of("enable", "enabled"),
        result_of("send", "requeued"),
        {
            "smart_pulling": result_of("prepare", "scheduled"),
            "pulling_mode": result_of("prepare", "mode_set"),
            "enabled": result_of("prepare", switched),
        },
        results["assigned"] if plan["assign"] else {},
        so_far.failed,
        result_of("follow", "followed"),
    )
    errors = [] if so_far.error is None else [so_far.error]
    return dict(summary, open=errors + summary["data"].get("open", []))


def make(
    plan: Row,
    made: Row,
    enabled: Row,
    requeued: Row,
    datastreams: dict[str, Row],
    assigned: Row | None = None,
    failed: str | None = None,
    followed: Row | None = None,
) -> Row:
    """``lines`` and ``data``, from the results of ``adverity_deployment_info``, ``adverity_destination``, ``adverity_binding``, ``adverity_requeue``,
    those of the datastreams, ``adverity_assignment`` and ``adverity_load_info``: see ``RoleRun``."""
    run = RoleRun(
        PlanResult.of(plan),
        DestinationResult.of(made),
        BindingResult.of(enabled),
        RequeueResult.of(requeued),
        written_uuids(datastreams),
        AssignmentResult.of(assigned or {}),
        failed,
        LoadResult.of(followed or {}),
    )
    summary = summarize(run)
    return {"lines": summary_lines.make(summary), "data": summary.data()}
