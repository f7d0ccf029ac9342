# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a binding's history and of each extract, as tables over everything that can be known."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, BindingHistory, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.periods import Reason, Uncertainty
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import Status
from ansible_collections.adverity.management.plugins.module_utils._outcome.recovery import Recovery
from ansible_collections.adverity.management.plugins.module_utils._requeue.decision import (
    LOST,
    SEEN_LOADED,
    Action,
    Choices,
    ExtractAction,
    binding_action,
    extract_action,
    needs_plan,
)

WINDOW, WIDER, NARROWER = ("2026-01-02T00:00:00Z", None), (None, None), ("2026-01-03T00:00:00Z", None)


def history(enabled, completed=None, planned=None, reenabled=False, was_disabled=False, was_enabled=False):
    """A binding that is seen in a state. ``completed`` and ``planned`` are windows; ``reenabled``: somebody enabled it again since;
    ``was_disabled``, ``was_enabled``: it was so when it was first seen."""
    facts = [BindingFact(FactKind.ROW, clock="2026-02-01T00:00:00Z", enabled=enabled, updated="2026-01-01T00:00:00Z")]
    if was_disabled or was_enabled:
        facts.insert(0, BindingFact(FactKind.ROW, clock="2025-12-31T00:00:00Z", enabled=was_enabled, updated="2025-12-01T00:00:00Z"))
    if planned:
        facts.append(BindingFact(FactKind.PLANNED, at="2026-02-01T00:00:00Z", window=planned))
    if completed:
        facts += [BindingFact(kind, clock="2026-02-01T00:00:00Z", window=completed) for kind in (FactKind.LISTED, FactKind.FINISHED)]
    if reenabled:
        facts.append(BindingFact(FactKind.ROW, clock="2026-02-03T00:00:00Z", enabled=enabled, updated="2026-02-02T00:00:00Z"))
    return BindingHistory(facts)


@pytest.mark.parametrize(
    ("known", "backfill", "more", "action"),
    [
        (history(True, WINDOW), "never", {"has_open": True}, Action.NONE),
        (history(False), "always", {}, Action.BACKFILL),
        (history(True, WINDOW), "always", {}, Action.BACKFILL),
        (history(True), "always", {"is_remade": True}, Action.BACKFILL),
        (history(False), "recorded", {}, Action.RECORD),
        (history(True, WINDOW), "recorded", {"is_remade": True}, Action.RECORD),
        (BindingHistory(), "when_needed", {}, Action.BACKFILL),
        (history(False), "when_needed", {}, Action.BACKFILL),
        (history(None), "when_needed", {}, Action.BACKFILL),
        (history(False, WINDOW), "when_needed", {}, Action.BACKFILL),
        (history(True), "when_needed", {}, Action.LEFT_ALONE),
        (history(True, planned=WINDOW), "when_needed", {}, Action.BACKFILL),
        (history(True, WINDOW), "when_needed", {}, Action.DONE),
        (history(True, WIDER), "when_needed", {}, Action.DONE),
        (history(True, NARROWER, was_disabled=True), "when_needed", {}, Action.BACKFILL),
        (history(True, NARROWER), "when_needed", {}, Action.LEFT_ALONE),
        (history(True, WINDOW), "when_needed", {"has_open": True}, Action.BACKFILL),
        (history(True, WINDOW, reenabled=True), "when_needed", {}, Action.BACKFILL),
        # Enabled when it was first seen, and disabled since.
        (history(False, was_enabled=True), "when_needed", {}, Action.LEFT_ALONE),
        (history(None, was_enabled=True), "when_needed", {}, Action.LEFT_ALONE),
        (history(False, NARROWER, was_enabled=True), "when_needed", {}, Action.LEFT_ALONE),
        (history(True, NARROWER, reenabled=True), "when_needed", {}, Action.LEFT_ALONE),
        (history(False, WINDOW, was_enabled=True), "when_needed", {}, Action.BACKFILL),
        # In place of another binding, through which the history was sent.
        (history(False), "when_needed", {"is_remade": True}, Action.LEFT_ALONE),
        (history(False, planned=NARROWER), "when_needed", {"is_remade": True}, Action.LEFT_ALONE),
        (history(False, planned=WINDOW), "when_needed", {"is_remade": True}, Action.BACKFILL),
        (history(True, WINDOW, reenabled=True), "when_needed", {"is_remade": True}, Action.BACKFILL),
        (history(True, WINDOW), "when_needed", {"is_remade": True}, Action.DONE),
    ],
)
def test_history_of_a_binding_is_sent_recorded_or_left_alone(known, backfill, more, action):
    assert binding_action(known, backfill, WINDOW, **more) is action


MAYBE = Uncertainty(Reason.ELSEWHERE, "2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z")
UNKNOWN = Uncertainty(LOST)
SENT = (Status.DISPATCHED, Status.RECORDED)
NEW = (None, Status.PENDING)


@pytest.mark.parametrize(
    ("statuses", "loaded", "options", "action", "uncertain"),
    [
        (NEW, False, {}, ExtractAction.SEND, None),
        (NEW, True, {}, ExtractAction.LOADED, None),
        (NEW, True, {"force": True}, ExtractAction.SEND, None),
        (NEW, MAYBE, {}, ExtractAction.LEAVE_UNKNOWN, MAYBE),
        (NEW, MAYBE, {"force": True}, ExtractAction.LEAVE_UNKNOWN, MAYBE),
        (NEW, MAYBE, {"on_unknown": "skip"}, ExtractAction.LEAVE_UNKNOWN, MAYBE),
        (NEW, MAYBE, {"on_unknown": "requeue"}, ExtractAction.SEND, MAYBE),
        (NEW, MAYBE, {"on_unknown": "dispatched"}, ExtractAction.CONFIRM, MAYBE),
        (NEW, False, {"record": True}, ExtractAction.RECORD, None),
        (NEW, MAYBE, {"record": True}, ExtractAction.RECORD, MAYBE),
        ([None], True, {"record": True}, ExtractAction.LOADED, None),
        ([Status.PENDING, Status.UNKNOWN, Status.REFUSED], True, {"record": True}, ExtractAction.RECORD, None),
        (SENT, False, {}, ExtractAction.SKIP, None),
        (SENT, MAYBE, {"on_unknown": "requeue"}, ExtractAction.SKIP, None),
        (SENT, False, {"force": True}, ExtractAction.SEND, None),
        (SENT, False, {"force": True, "record": True}, ExtractAction.SKIP, None),
        ([Status.UNKNOWN], False, {}, ExtractAction.LEAVE_UNKNOWN, UNKNOWN),
        ([Status.UNKNOWN], True, {}, ExtractAction.LEAVE_UNKNOWN, UNKNOWN),
        ([Status.UNKNOWN], False, {"force": True}, ExtractAction.LEAVE_UNKNOWN, UNKNOWN),
        ([Status.UNKNOWN], False, {"on_unknown": "requeue"}, ExtractAction.SEND, UNKNOWN),
        ([Status.UNKNOWN], False, {"on_unknown": "dispatched", "force": True}, ExtractAction.CONFIRM, UNKNOWN),
        ([Status.UNKNOWN], False, {"record": True}, ExtractAction.RECORD, None),
        ([Status.REFUSED], False, {}, ExtractAction.SEND_ALONE, None),
        ([Status.REFUSED], True, {}, ExtractAction.LOADED, None),
        ([Status.REFUSED], True, {"force": True}, ExtractAction.SEND_ALONE, None),
        ([Status.REFUSED], MAYBE, {}, ExtractAction.LEAVE_UNKNOWN, MAYBE),
        ([Status.REFUSED], MAYBE, {"on_unknown": "requeue"}, ExtractAction.SEND_ALONE, MAYBE),
        ([Status.REFUSED], MAYBE, {"on_refused": "skip"}, ExtractAction.LEAVE_REFUSED, None),
        ([Status.REFUSED], False, {"on_refused": "skip"}, ExtractAction.LEAVE_REFUSED, None),
        ([Status.REFUSED], False, {"on_refused": "skip", "force": True}, ExtractAction.SEND_ALONE, None),
        ([Status.REFUSED], False, {"record": True}, ExtractAction.RECORD, None),
        ([Status.FAILED], False, {}, ExtractAction.LEAVE_FAILED, None),
        ([Status.FAILED], True, {"on_unknown": "requeue", "on_refused": "skip"}, ExtractAction.LEAVE_FAILED, None),
        ([Status.FAILED], False, {"on_failed": "requeue"}, ExtractAction.SEND, None),
        ([Status.FAILED], False, {"force": True}, ExtractAction.SEND, None),
        ([Status.FAILED], False, {"record": True}, ExtractAction.RECORD, None),
    ],
)
def test_extract_is_sent_or_not_by_its_status_and_what_was_loaded_automatically(statuses, loaded, options, action, uncertain):
    for status in statuses:
        assert extract_action(status, lambda: loaded, Choices(**options)) == (action, uncertain)


@pytest.mark.parametrize(
    ("known", "needs"),
    [
        (history(False), True),
        (history(True), True),
        (history(True, WINDOW), False),
        (history(False, WINDOW), True),
        (history(False, planned=WINDOW), False),
        (history(False, planned=WIDER), False),
        (history(False, planned=NARROWER), True),
    ],
)
def test_history_that_is_due_needs_a_plan_that_reaches_as_far(known, needs):
    assert needs_plan(known, WINDOW) is needs


@pytest.mark.parametrize(
    ("recovery", "options", "action", "reason"),
    [
        (Recovery.NONE, {}, ExtractAction.LEAVE_FAILED, None),
        (Recovery.NONE, {"on_failed": "requeue"}, ExtractAction.SEND, None),
        (Recovery.LOADED, {}, ExtractAction.SKIP, None),
        (Recovery.LOADED, {"on_failed": "requeue"}, ExtractAction.SKIP, None),
        (Recovery.LOADING, {"on_failed": "requeue", "on_unknown": "requeue"}, ExtractAction.LEAVE_FAILED, None),
        (Recovery.UNTOLD, {"on_unknown": "requeue"}, ExtractAction.LEAVE_FAILED, None),
        (Recovery.UNTOLD, {"on_failed": "requeue"}, ExtractAction.LEAVE_UNKNOWN, SEEN_LOADED),
        (Recovery.UNTOLD, {"on_failed": "requeue", "on_unknown": "dispatched"}, ExtractAction.CONFIRM, SEEN_LOADED),
        (Recovery.UNTOLD, {"on_failed": "requeue", "on_unknown": "requeue"}, ExtractAction.SEND, SEEN_LOADED),
        (Recovery.LOADED, {"force": True}, ExtractAction.SEND, None),
        (Recovery.LOADING, {"force": True}, ExtractAction.SEND, None),
    ],
)
def test_extract_whose_load_failed_is_sent_or_not_by_what_became_of_it_since(recovery, options, action, reason):
    found, uncertain = extract_action(Status.FAILED, lambda: False, Choices(**options), recovery)
    assert (found, uncertain and uncertain.reason) == (action, reason)
