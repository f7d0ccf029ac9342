# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What happens to the history of each selected binding: the decision of ``decision.py`` with what the ledger records. Reads only."""

from __future__ import annotations

import typing as t

from .._ledger.history import Window
from .._ledger.ledger import Ledger
from .._ledger.rows import Entry
from .._ledger.status import UNLISTED, Status
from .decision import Action, binding_action
from .select import Selection


def open_binding_ids(ledger: Ledger, binding_ids: t.Collection[int], on_refused: str) -> set[int]:
    """Those of the bindings for which the ledger records extracts that are not done."""
    if not binding_ids:
        return set()
    not_done = {Status.PENDING, Status.UNKNOWN, Status.FAILED}.union(
        [Status.REFUSED] if on_refused == "fail" else []
    )
    entries = _listed_entries(ledger, list(binding_ids))
    stopped = {entry.binding_id for entry in entries if entry.status in not_done}
    return stopped.union(ledger.pending_counts()).intersection(binding_ids)


def choose_actions(
    ledger: Ledger, selected: Selection, backfill: str, window: Window, on_refused: str, force: bool
) -> dict[int, Action]:
    """What happens to the history of each selected binding."""
    open_ids = open_binding_ids(ledger, list(selected.histories), on_refused)
    return {
        binding_id: binding_action(
            history, backfill, window, force or binding_id in open_ids, binding_id in selected.remade_ids
        )
        for binding_id, history in selected.histories.items()
    }


def refused_entries(ledger: Ledger, actions: t.Mapping[int, Action]) -> list[Entry]:
    """What Adverity refused for the bindings whose history counts as sent."""
    entries = _listed_entries(ledger, _binding_ids(actions, Action.DONE))
    return [entry for entry in entries if entry.status is Status.REFUSED]


def left_open_entries(ledger: Ledger, actions: t.Mapping[int, Action]) -> list[Entry]:
    """What the ledger records as open for the bindings that are left alone."""
    binding_ids = _binding_ids(actions, Action.LEFT_ALONE)
    pending = ledger.pending_entries(binding_ids) if binding_ids else []
    entries = (*_listed_entries(ledger, binding_ids), *pending)
    return [entry for entry in entries if entry.status is not Status.RECORDED]


def _binding_ids(actions: t.Mapping[int, Action], action: Action) -> list[int]:
    """The bindings to which this happens."""
    return [binding_id for binding_id, of_binding in actions.items() if of_binding is action]


def _listed_entries(ledger: Ledger, binding_ids: list[int]) -> list[Entry]:
    """The entries of these bindings that are not dispatched, without those whose extract is gone."""
    entries = ledger.open_entries(binding_ids) if binding_ids else []
    return [entry for entry in entries if entry.reason != UNLISTED]
