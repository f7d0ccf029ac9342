# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What is refused before anything is sent or recorded. Pure."""

from __future__ import annotations

import typing as t

from .._api.errors import InputError
from .._resources import bindings
from .options import RequeueOptions
from .plan import Plan
from .select import Request, Selection


def refuse_undecided(request: Request, options: RequeueOptions) -> None:
    """What is needed is decided, and what is loaded is recorded, for each binding, and of all that are enabled nothing tells which they are."""
    if not request.names_extracts_alone:
        return
    if options.backfill == "when_needed":
        raise InputError(
            "backfill: when_needed is decided for each binding, and extract_ids alone names none. Set binding_ids or target_id, or"
            " omit backfill. Nothing was sent."
        )
    if options.backfill == "recorded":
        raise InputError(
            "What is loaded is recorded for each binding, and extract_ids alone names none. Set binding_ids or target_id. Nothing was"
            " changed."
        )


def refuse_disabled(
    plan: Plan, selected: Selection, enabled_ids: t.Collection[int], check_mode: bool
) -> list[str]:
    """Raises InputError where a binding that is to be sent into is disabled; in check mode, returns a warning instead. ``enabled_ids``: those
    that an earlier task would enable.
    """
    used = {binding_id for batch in plan.batches for binding_id in batch.binding_ids}.difference(enabled_ids)
    disabled = [
        binding
        for binding in selected.bindings
        if binding.id in used and selected.histories[binding.id].enabled is False
    ]
    if not disabled:
        return []
    if check_mode:
        return [
            f"Not enabled: {bindings.labels(disabled)}. A real run fails, unless an earlier task enables it, which in check mode only pretends to."
        ]
    raise InputError(
        f"Not enabled: {bindings.labels(disabled)}. Enable it with adverity.management.adverity_binding first. Nothing was sent."
    )


def refuse_lost_ledger(lost: str | None, sends: bool) -> None:
    """Raises InputError where a run would send, or record, and its ledger is lost with its AWX job: the next job would not know. ``lost``: why it is, see
    ``persistence.refusal``.
    """
    if sends and lost:
        raise InputError(f"{lost} Nothing was changed.")
