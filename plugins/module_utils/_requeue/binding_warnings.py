# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a user should know of bindings before anything is sent: warnings of a requeue, and of the plan of a deployment. Pure."""

from __future__ import annotations

import typing as t

from .._api import text
from .._ledger.history import BindingHistory, Window
from .._ledger.rows import Entry
from .._resources import bindings
from .._resources.bindings import Binding
from .decision import Action

_LEFT_ALONE = (
    "This run does not send it. Look into the table at the destination. Datastream > Activity proves that it is"
    " loaded only where the datastream has one destination. If the"
    " history is missing, deploy_destination_backfill: always sends it; if it is there,"
    " deploy_destination_backfill: recorded records that it is loaded"
    " (of the module: backfill: always, state: recorded)."
)
_DISABLED_BETWEEN = (
    "This run does not send it. Look into the table at the destination. If the history is missing,"
    " deploy_destination_backfill: always sends it. If it is there, run once with deploy_destination_backfill: recorded and"
    " deploy_destination_backfill_to: the time when the binding was disabled or the assignment deleted. Then run with"
    " deploy_destination_backfill: always, which sends the rest (of the module: state: recorded and created_to, then"
    " backfill: always). Without that time, recorded also records as loaded what was fetched in between, and no run sends it."
)
_ALONE = (  # why the history of bindings is left alone, in the order of the warnings
    "Already enabled, and the ledger has no record of whether the history was loaded",
    "Already enabled when the ledger saw them first, and it records only a part of the history",
    "Enabled when the ledger saw them first, changed since then, and it has no record of whether the history was loaded",
    "Assigned again: the history was sent into this destination before, through an assignment that no longer exists",
)


def warnings_of(
    selected: t.Sequence[Binding],
    histories: t.Mapping[int, BindingHistory],
    actions: t.Mapping[int, Action],
    window: Window,
    remade_ids: t.Collection[int] = (),
) -> list[str]:
    """What a user should know of the selected bindings before anything is sent."""
    groups: dict[str, list[Binding]] = {}
    for binding in selected:
        if actions[binding.id] is Action.LEFT_ALONE:
            reason = _reason_alone(binding.id in remade_ids, histories[binding.id])
            groups.setdefault(reason, []).append(binding)
    warnings = [
        _alone_warning(reason, bindings.labels(groups[reason])) for reason in _ALONE if reason in groups
    ]
    for binding in selected:
        is_left = actions[binding.id] is Action.NONE
        wider = None if is_left else histories[binding.id].wider_window(window)
        if wider:
            warnings.append(
                f"The ledger records a wider backfill of {binding.label}: {window_words(wider)}. This"
                f" run selects {window_words(window)}."
                " Nothing is taken back."
            )
    return warnings


def _reason_alone(is_remade: bool, history: BindingHistory) -> str:
    """Why the history of a binding is left alone."""
    unrecorded, in_part, changed, remade = _ALONE
    if is_remade:
        return remade
    if history.has_backfill:
        return in_part
    return changed if history.began_enabled and history.was_changed else unrecorded


def remade_warning(labels: str) -> str:
    """Of bindings in whose place others were, through which the history was sent."""
    return _alone_warning(_ALONE[-1], labels)


def _alone_warning(reason: str, labels: str) -> str:
    """Of bindings whose history is left alone, why, and what to do."""
    return f"{reason}: {labels}. {_DISABLED_BETWEEN if reason in _ALONE[2:] else _LEFT_ALONE}"


def refused_warnings(refused: t.Sequence[Entry]) -> list[str]:
    """Of what Adverity refused in an earlier run, and no run tries again."""
    if not refused:
        return []
    return [f"Adverity refused these extracts before, and they are left out: {entries_by_binding(refused)}."]


def left_open_warnings(entries: t.Sequence[Entry]) -> list[str]:
    """Of what is open for bindings that are left alone."""
    if not entries:
        return []
    return [
        "Open for bindings that are left alone:"
        f" {entries_by_binding(entries)}. To settle or send these extracts, run"
        " adverity_requeue with extract_ids and binding_ids."
    ]


def entries_by_binding(entries: t.Iterable[Entry]) -> str:
    """The extracts of entries of the ledger by binding, in words."""
    return by_binding((entry.binding_id, entry.extract_id) for entry in entries)


def by_binding(pairs: t.Iterable[tuple[int, int]]) -> str:
    """Extracts by binding, in words."""
    found: dict[int, list[int]] = {}
    for binding_id, extract_id in pairs:
        found.setdefault(binding_id, []).append(extract_id)
    return text.several(
        [f"extracts {text.ids(sorted(ids))} for binding {binding_id}" for binding_id, ids in found.items()],
        20,
    )


def window_words(window: Window | None) -> str | None:
    """A window of history, in words; None for none."""
    if window is None:
        return None
    parts = [f"{word} {moment}" for word, moment in zip(("from", "to"), window) if moment]
    return " ".join(parts) or "the whole history"
