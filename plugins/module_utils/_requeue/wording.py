# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The words of a requeue for a person: what failed, what is unknown and why, and what to do next. Pure."""

from __future__ import annotations

import typing as t

from .._api import text
from .._ledger.periods import Reason, Uncertainty
from .binding_warnings import by_binding
from .decision import LOST, SEEN_LOADED, Pair

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


def _between(uncertainty: Uncertainty) -> str:
    if uncertainty.since is None:
        return f", before {uncertainty.until}" if uncertainty.until else ""
    if uncertainty.since == uncertainty.until:
        return f", {uncertainty.since}"
    return f", between {uncertainty.since} and {uncertainty.until or 'now'}"
