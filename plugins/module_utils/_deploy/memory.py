# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Whether the role ``deploy_destination`` may load anything, by what it remembers: pure. A lost ledger must not look like a first run."""

from __future__ import annotations

import typing as t

from .._api import text

_ELSE = " deploy_destination_backfill: never enables without loading. Nothing was changed."


def refuse(
    plan: dict[str, t.Any], job: t.Any, in_facts: bool, path: t.Any, known: bool, moved: t.Collection[int], looked_at: bool
) -> str | None:
    """Why this plan must not be carried out, or None.

    ``job`` is the number of the AWX job, if this is one; ``in_facts``: the ledger is kept in facts; ``path``: one was named; ``known``: the ledger
    or the facts have heard of this instance; ``moved``: the bindings that changed since these saw them;
    ``looked_at``: this is a check that somebody started to look at it, and so no step of a workflow.
    """
    if not plan["planned_ids"] and not plan["resumed_ids"]:
        return None
    if in_facts and not known and not looked_at:
        return (
            "The facts of this host hold no ledger for this instance. Either nothing was ever loaded from here, or the ledger was lost, and then what was"
            " loaded before would be loaded again. Run this in check mode first (--check, or the job template for checking, by itself and not in a"
            " workflow): that begins a ledger, and shows what would be sent. If that is right, run this again." + _ELSE
        )
    lost = [one for one in plan["new_ids"] if one in moved]
    if in_facts and lost and not looked_at:
        return (
            f"The ledger knows nothing of a backfill of binding {text.ids(lost)}, but of an earlier state of it, and it was changed since: by somebody, or by a job whose"
            " facts were lost with what it sent. That would be loaded again. Look in Adverity what was loaded; if nothing was, run this in check mode"
            f" (--check, or the job template for checking, by itself and not in a workflow), which notes how things stand, and then again.{_ELSE}"
        )
    if job and not in_facts and not path:
        return (
            f"This is AWX job {job}, and the ledger of what was sent would be gone with it: the next job would not know what this one loaded."
            " Keep it in the facts of the host (deploy_destination_ledger_in_facts: true, with fact storage enabled in the job template), or on a volume"
            f" (deploy_destination_ledger, or ADVERITY_LEDGER).{_ELSE}"
        )
    return None
