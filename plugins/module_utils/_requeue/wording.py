# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The words of a requeue for a person: its warnings, what was refused, what is unknown and why, and what to
do next. Pure.
"""

from __future__ import annotations

import typing as t

from .._api import text
from .._ledger.history import BindingHistory, Window
from .._ledger.periods import Reason, Uncertainty
from .._ledger.rows import Entry
from .._resources import bindings
from .._resources.bindings import Binding
from .decision import LOST, SEEN_LOADED, Action
from .plan import Pair
from .send import Refusal

_LOOK_YOURSELF = (
    "look into the table at the destination whether they were loaded. Datastream > Activity proves it only"
    " where the datastream has one destination: an extract has one state for all of them. Then set on_unknown:"
    " requeue sends them again (rows that did arrive are loaded twice);"
    " dispatched records that they were loaded, and sends the rest; skip sends the rest and leaves them"
    " unknown; fail, the default, lists them again and fails."
    " In the role, the variable is deploy_destination_on_unknown."
)
WAYS_ON = (
    "First set on_unknown: check, which settles what Adverity shows of a lost request. For the rest,"
    f" {_LOOK_YOURSELF}"
)
WAYS_ON_AFTER_CHECK = f"Now {_LOOK_YOURSELF}"
WAYS_ON_WITHOUT_CHECK = (
    _LOOK_YOURSELF[0].upper() + _LOOK_YOURSELF[1:]
)  # no request is lost: a check settles nothing
WAYS_ON_REFUSED = (
    "Correct the cause in Adverity and run it again to retry them; or set on_refused: skip to leave them"
    " out (in the role,"
    " deploy_destination_on_refused: skip)."
)
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
_REASONS = {
    LOST: (
        "an earlier run was interrupted while it sent them, received no response, sent them without naming"
        " bindings, or found that Adverity was processing them"
    ),
    SEEN_LOADED: (
        "their load failed, and Adverity shows them as loaded now, but another request or an automatic load may"
        " explain that"
    ),
    Reason.UNDATED: "the API does not show when they were created, and the binding was enabled at some time",
    Reason.SAME_SECOND: (
        "possibly loaded automatically: they were created in the second in which the binding was"
        " enabled or disabled"
    ),
    Reason.OWN: (
        "possibly loaded automatically: they were created while a run was enabling or disabling the binding"
    ),
    Reason.INTERRUPTED: (
        "possibly loaded automatically: they were created while a run that was interrupted was enabling or"
        " disabling the binding"
    ),
    Reason.ELSEWHERE: (
        "possibly loaded automatically: the binding was changed, but not by this ledger, and they were"
        " created before that change"
    ),
    Reason.NO_CLOCK: "possibly loaded automatically: the API did not show when the binding was read",
    Reason.UNDER_WAY: (
        "possibly loaded automatically: Adverity is processing them, and this ledger has no request for them"
    ),
    Reason.MEANWHILE: (
        "possibly loaded automatically: they were created less than an hour before the binding was enabled, and"
        " Adverity shows them as loaded, which no other binding explains"
    ),
    Reason.UNKNOWN_LABEL: (
        "possibly loaded automatically: they were created less than an hour before the binding was enabled, and"
        " Adverity shows a state that state_labels has to explain"
    ),
    Reason.REMADE: (
        "possibly loaded automatically, through an assignment to the same destination that no longer exists"
    ),
    Reason.UNREADABLE: (
        "possibly loaded automatically: the extracts of a datastream whose binding was enabled cannot be"
        " listed now"
    ),
    Reason.ENABLED: (
        "possibly loaded automatically: a binding of their datastream was enabled, and neither binding_ids"
        " nor target_id says which one is meant"
    ),
}


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


def failed_warning(reasons: t.Mapping[tuple[int, int], str]) -> str:
    """Of extracts whose load failed and that are left out, by binding and extract."""
    return (
        "Adverity shows that the load of these extracts failed, and they are left out:"
        f" {with_reasons(reasons)}. Correct the cause in Adverity, then set"
        " on_failed: requeue to send them again (in the role, deploy_destination_on_failed: requeue)."
    )


def not_loaded_warning(labels: t.Mapping[tuple[int, int], str]) -> str:
    """Of extracts that count as loaded automatically, and that Adverity shows as not loaded, by binding and extract."""
    return (
        f"Not sent, but Adverity does not show them as loaded: {with_reasons(labels)}. Their binding was enabled"
        " when they were created, so that they count as loaded automatically. See Datastream > Activity and Issues"
        " in Adverity. To send them, run adverity_requeue with extract_ids, binding_ids and force: true."
    )


def loading_again_warning(pairs: t.Iterable[tuple[int, int]]) -> str:
    """Of extracts whose load failed, and that somebody seems to have sent again in Adverity; by binding and extract."""
    return (
        f"The load of these extracts failed before, and Adverity is still loading them: {by_binding(pairs)}. They"
        " are not sent in this run. Run it again when Adverity has finished (Datastream > Activity)."
    )


def with_reasons(reasons: t.Mapping[tuple[int, int], str]) -> str:
    """Extracts by binding and reason, in words."""
    groups: dict[tuple[int, str], list[int]] = {}
    for (binding_id, extract_id), reason in reasons.items():
        groups.setdefault((binding_id, reason), []).append(extract_id)
    shown = [
        f"extracts {text.ids(sorted(ids))} for binding {binding_id}{f' ({reason})' if reason else ''}"
        for (binding_id, reason), ids in groups.items()
    ]
    return text.several(shown, 20)


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


def describe_unknown(unknown: t.Mapping[Pair, Uncertainty]) -> str:
    """Unknown extracts by binding and reason, in words."""
    groups: dict[tuple[int, Uncertainty], list[int]] = {}
    for (_datastream_id, binding_id, extract_id), uncertainty in unknown.items():
        groups.setdefault((binding_id, uncertainty), []).append(extract_id)
    shown = [
        f"extracts {text.ids(extract_ids)}{f' for binding {binding_id}' if binding_id else ''}"
        f" ({_REASONS[uncertainty.reason]}{_between(uncertainty)})"
        for (binding_id, uncertainty), extract_ids in groups.items()
    ]
    return text.several(shown, 20)


def reason_words(reason: str | None) -> str | None:
    """A reason that the ledger has, in words."""
    return next((words for each, words in _REASONS.items() if each == reason), reason)


def describe_refused(refused: t.Sequence[Refusal]) -> str:
    """Refused extracts with the API's words."""
    groups: dict[str, list[int]] = {}
    for refusal in refused:
        groups.setdefault(refusal.reason, []).extend(refusal.batch.extract_ids)
    return text.several(
        [f"extracts {text.ids(extract_ids)} with {reason}" for reason, extract_ids in groups.items()], 20
    )


def _between(uncertainty: Uncertainty) -> str:
    if uncertainty.since is None:
        return f", before {uncertainty.until}" if uncertainty.until else ""
    if uncertainty.since == uncertainty.until:
        return f", {uncertainty.since}"
    return f", between {uncertainty.since} and {uncertainty.until or 'now'}"
