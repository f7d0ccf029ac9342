# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a binding's history and of each extract, as tables over everything that can be known."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import DISPATCHED, PENDING, REFUSED, UNKNOWN
from ansible_collections.adverity.management.plugins.module_utils._ledger.timeline import ELSEWHERE, SAME_SECOND, UNDATED, Doubt, Record
from ansible_collections.adverity.management.plugins.module_utils._requeue import decision
from ansible_collections.adverity.management.plugins.module_utils._requeue.decision import (
    BACKFILL,
    DONE,
    LEAVE_OUT,
    LEFT_ALONE,
    LOADED,
    LOST,
    NONE,
    SEND,
    SEND_ALONE,
    SETTLE,
    SKIP,
)

WINDOW, WIDER, NARROWER = ("2026-01-02T00:00:00Z", None), (None, None), ("2026-01-03T00:00:00Z", None)


@pytest.mark.parametrize(
    ("record", "backfill", "does"),
    [
        (Record(enabled=False), "never", NONE),
        (Record(enabled=True), "never", NONE),
        (Record(), "never", NONE),
        (Record(enabled=False), "always", BACKFILL),
        (Record(enabled=True), "always", BACKFILL),
        (Record(enabled=True, known=True, covered=WINDOW), "always", BACKFILL),
        (Record(enabled=False), "when_needed", BACKFILL),
        (Record(enabled=None), "when_needed", BACKFILL),
        (Record(enabled=False, known=True, covered=WINDOW), "when_needed", BACKFILL),
        (Record(enabled=True), "when_needed", LEFT_ALONE),
        (Record(enabled=True, enabled_periods=(("2026-01-01T00:00:00Z", None),)), "when_needed", LEFT_ALONE),
        (Record(enabled=True, known=True), "when_needed", BACKFILL),
        (Record(enabled=True, known=True, plan=WINDOW), "when_needed", BACKFILL),
        (Record(enabled=True, known=True, covered=WINDOW), "when_needed", DONE),
        (Record(enabled=True, known=True, covered=WIDER), "when_needed", DONE),
        (Record(enabled=True, known=True, covered=NARROWER), "when_needed", BACKFILL),
    ],
)
def test_the_history_of_a_binding(record, backfill, does):
    assert decision.action(record, backfill, WINDOW) == does


ENABLED = Record(enabled_periods=(("2026-01-10T00:00:00Z", None),))
UNCERTAIN = Record(unknown_periods=(("2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z", ELSEWHERE),))
EARLY, IN_IT, LATER = "2026-01-01T00:00:00Z", "2026-01-10T00:00:00Z", "2026-01-15T00:00:00Z"
SAME = Doubt(SAME_SECOND, IN_IT, IN_IT)
BETWEEN = Doubt(ELSEWHERE, "2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z")


@pytest.mark.parametrize("status", [None, PENDING])
@pytest.mark.parametrize(
    ("record", "created", "loaded"),
    [
        (None, None, False), (None, EARLY, False), (Record(), None, False), (ENABLED, EARLY, False), (ENABLED, LATER, True), (ENABLED, IN_IT, SAME),
        (ENABLED, None, Doubt(UNDATED)), (UNCERTAIN, LATER, BETWEEN), (UNCERTAIN, EARLY, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("on_unknown", ["fail", "requeue", "skip", "dispatched"])
@pytest.mark.parametrize("on_refused", ["fail", "skip"])
def test_what_is_new_or_pending(status, record, created, loaded, force, on_unknown, on_refused):
    """Due is what is neither dispatched nor certainly loaded by itself; what nobody can know is settled by on_unknown, forced or not."""
    does, doubt = decision.of_extract(record, status, created, force, on_unknown, on_refused)
    if isinstance(loaded, Doubt):
        assert (does, doubt) == ({"requeue": SEND, "dispatched": SETTLE}.get(on_unknown, LEAVE_OUT), loaded)
    else:
        assert (does, doubt) == (LOADED if loaded and not force else SEND, None)


@pytest.mark.parametrize("record", [None, Record(), ENABLED, UNCERTAIN])
@pytest.mark.parametrize("created", [None, EARLY, IN_IT, LATER])
def test_a_status_counts_more_than_any_period(record, created):
    for force, on_unknown, on_refused in itertools.product((False, True), ("fail", "requeue", "skip", "dispatched"), ("fail", "skip")):
        how = (record, created, force, on_unknown, on_refused)

        def of(status, how=how):
            return decision.of_extract(how[0], status, *how[1:])

        assert of(DISPATCHED) == (SEND if force else SKIP, None)
        assert of(REFUSED) == (LEAVE_OUT if on_refused == "skip" and not force else SEND_ALONE, None)
        assert of(UNKNOWN) == ({"requeue": SEND, "dispatched": SETTLE}.get(on_unknown, LEAVE_OUT), Doubt(LOST))
