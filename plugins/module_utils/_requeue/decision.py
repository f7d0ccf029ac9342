# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What becomes of the history of a binding, and of each extract for it: pure. Nothing else decides any of this.

Sent is what is selected and was neither sent before nor certainly loaded automatically. What nobody can know is unknown: it is named, and holds up nothing
but what comes after it in the same binding.
"""

from __future__ import annotations

import enum
import typing as t

from .._ledger.history import BindingHistory, Window, contains
from .._ledger.periods import Uncertainty
from .._ledger.status import Status
from .._outcome.recovery import Recovery


class Action(str, enum.Enum):
    """What happens to the history of a binding."""

    BACKFILL = "backfill"
    RECORD = "record"  # recorded as loaded, by the user's word
    DONE = "done"
    LEFT_ALONE = "left_alone"
    NONE = "none"


class ExtractAction(enum.Enum):
    """What happens to an extract for a binding."""

    SEND = "send"
    SEND_ALONE = "send alone"  # in a request of its own, because Adverity refused it before
    SKIP = "skip"  # sent before
    LOADED = "loaded"  # the binding loaded it automatically
    CONFIRM = "confirm"  # recorded as dispatched, by the user's word
    RECORD = "record"  # recorded as loaded, by the user's word
    LEAVE_UNKNOWN = "leave unknown"
    LEAVE_REFUSED = "leave refused"
    LEAVE_FAILED = "leave failed"


LOST = "lost"  # a request without a response
SEEN_LOADED = (
    "seen loaded"  # its load failed, and its label says loaded now, which something else may explain
)
_SENT = (Status.DISPATCHED, Status.RECORDED)
Pair = tuple[t.Optional[int], int, int]  # datastream id, binding id, extract id
Statuses = t.Callable[
    [int, t.Sequence[int]], t.Mapping[int, Status]
]  # what the ledger records of extracts, by binding


class Choices(t.NamedTuple):
    """The options of adverity_requeue that decide about an extract. ``record``: ``state: recorded``."""

    force: bool = False
    on_unknown: str = "fail"
    on_refused: str = "fail"
    on_failed: str = "skip"
    record: bool = False


def binding_action(
    history: BindingHistory, backfill: str, window: Window, has_open: bool = False, is_remade: bool = False
) -> Action:
    """``backfill`` is ``always``, ``when_needed``, ``recorded`` or ``never``.

    When needed, the history goes into bindings that are not enabled yet, since this run or the next task enables them, and into those that the ledger has
    backfilled, as far as something of the window may be missing. ``has_open``: extracts of the binding are recorded without being done, or are to be
    sent again (``force``). ``is_remade``: the history of its datastream went into this destination before, through a binding that is no more. It goes
    there again only as far as the user asked for it since: a period that is asked for is no order for the rest. The same holds for a binding that was
    enabled when it was first seen, also after it was disabled: nobody knows what of its history was loaded before.
    """
    if backfill == "never":
        return Action.NONE
    if backfill == "recorded":
        return Action.RECORD
    if backfill == "always":
        return Action.BACKFILL
    if (is_remade or history.began_enabled) and not history.was_asked_for(window):
        return Action.LEFT_ALONE
    if history.enabled is not True:
        return Action.BACKFILL
    if not history.has_backfill:
        return Action.LEFT_ALONE
    return Action.DONE if contains(history.completed_window, window) and not has_open else Action.BACKFILL


def needs_plan(history: BindingHistory, window: Window) -> bool:
    """Whether a backfill of this window, which is due, has to be planned. An enabled binding whose plan was
    taken up needs no further one: what is missing of its history shows without.
    """
    is_taken_up = history.enabled and history.has_backfill and history.planned_window is None
    return not is_taken_up and not history.plans(window)


def extract_action(
    status: Status | None,
    loaded: t.Callable[[], bool | Uncertainty],
    choices: Choices,
    recovery: Recovery = Recovery.NONE,
) -> tuple[ExtractAction, Uncertainty | None]:
    """What happens to an extract, and why it is unknown whether it is loaded, where that is so, also if it is sent all the same.

    ``loaded`` tells whether the binding loaded it automatically; it is asked only where that matters. ``recovery``: what became of a failed one since.
    """
    if choices.record:
        return _recording_action(status, loaded)
    if status is Status.FAILED:
        return _failed_action(choices, recovery)
    action = _action_by_status(status, choices)
    if action is not None:
        return action, None
    sending = ExtractAction.SEND_ALONE if status is Status.REFUSED else ExtractAction.SEND
    is_loaded = Uncertainty(LOST) if status is Status.UNKNOWN else loaded()
    if isinstance(is_loaded, Uncertainty):
        return _uncertain_action(sending, choices.on_unknown), is_loaded
    return (ExtractAction.LOADED if is_loaded and not choices.force else sending), None


def _recording_action(
    status: Status | None, loaded: t.Callable[[], bool | Uncertainty]
) -> tuple[ExtractAction, Uncertainty | None]:
    """What happens to an extract where the history is recorded as loaded, by the user's word."""
    if status in _SENT:
        return ExtractAction.SKIP, None
    is_loaded = loaded() if status in (None, Status.PENDING) else False
    if isinstance(is_loaded, Uncertainty):
        return ExtractAction.RECORD, is_loaded
    return (ExtractAction.LOADED if is_loaded and status is None else ExtractAction.RECORD), None


def _action_by_status(status: Status | None, choices: Choices) -> ExtractAction | None:
    """What happens to an extract where its status says enough; None where it matters whether the binding
    loaded it automatically.
    """
    if status in _SENT:
        return ExtractAction.SEND if choices.force else ExtractAction.SKIP
    if status is Status.REFUSED and choices.on_refused == "skip" and not choices.force:
        return ExtractAction.LEAVE_REFUSED
    return None


def _failed_action(choices: Choices, recovery: Recovery) -> tuple[ExtractAction, Uncertainty | None]:
    """What happens to an extract whose load failed. What Adverity shows as loaded since is not sent again."""
    if choices.force:
        return ExtractAction.SEND, None
    if recovery is Recovery.LOADED:
        return ExtractAction.SKIP, None
    if choices.on_failed != "requeue" or recovery is Recovery.LOADING:
        return ExtractAction.LEAVE_FAILED, None
    if recovery is Recovery.UNTOLD:
        return _uncertain_action(ExtractAction.SEND, choices.on_unknown), Uncertainty(SEEN_LOADED)
    return ExtractAction.SEND, None


def _uncertain_action(sending: ExtractAction, on_unknown: str) -> ExtractAction:
    """What happens to an extract of which it is unknown whether it is loaded. ``sending``: how it goes if it
    is sent.
    """
    actions = {"requeue": sending, "dispatched": ExtractAction.CONFIRM}
    return actions.get(on_unknown, ExtractAction.LEAVE_UNKNOWN)
