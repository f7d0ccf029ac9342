# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the role ``deploy_destination`` says at its end: data for ``set_stats``, and the same as lines for a person. Pure."""

from __future__ import annotations

from .._api.paging import Row
from . import summary_lines
from .loads import LoadResult
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
    if plan.get("failed"):
        return {"lines": [summary_lines.NOT_PLANNED], "data": {"failed_step": "plan"}}
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
