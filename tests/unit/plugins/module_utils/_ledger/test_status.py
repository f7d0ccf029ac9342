# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status of an extract, from its events."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import Event, EventKind, Status, derive_status, loaded_at

INTENDED, DISPATCHED, REFUSED, RECORDED = EventKind.INTENDED, EventKind.DISPATCHED, EventKind.REFUSED, EventKind.RECORDED
FAILED, LOADED, UNDER_WAY, NOT_ARRIVED = EventKind.FAILED, EventKind.LOADED, EventKind.UNDER_WAY, EventKind.NOT_ARRIVED


def derive(kinds):
    return derive_status([Event(number, kind) for number, kind in enumerate(kinds, 1)])


@pytest.mark.parametrize(
    ("kinds", "status", "decisive", "loaded"),
    [
        ([], Status.PENDING, None, None),
        ([INTENDED], Status.UNKNOWN, 1, None),
        ([DISPATCHED], Status.DISPATCHED, 1, None),
        ([REFUSED, REFUSED], Status.REFUSED, 2, None),
        ([REFUSED, DISPATCHED], Status.DISPATCHED, 2, None),
        # What was dispatched is not forgotten, whatever became of a later request (A11).
        ([DISPATCHED, REFUSED], Status.DISPATCHED, 1, None),
        # A request without a response stays unknown, also if a later one is refused, or its extract is not listed any more (A9).
        ([INTENDED, REFUSED], Status.UNKNOWN, 1, None),
        ([DISPATCHED, INTENDED], Status.UNKNOWN, 2, None),
        ([UNDER_WAY], Status.UNKNOWN, 1, None),
        # It is settled by a later request that is confirmed, and by the user.
        ([INTENDED, DISPATCHED], Status.DISPATCHED, 2, None),
        ([INTENDED, RECORDED], Status.RECORDED, 2, None),
        ([UNDER_WAY, RECORDED], Status.RECORDED, 2, None),
        ([REFUSED, RECORDED], Status.RECORDED, 2, None),
        # The user says that it did not arrive: it is as if it had not been sent.
        ([INTENDED, NOT_ARRIVED], Status.PENDING, None, None),
        ([INTENDED, NOT_ARRIVED, REFUSED], Status.REFUSED, 3, None),
        ([UNDER_WAY, NOT_ARRIVED, INTENDED], Status.UNKNOWN, 3, None),
        ([DISPATCHED, INTENDED, NOT_ARRIVED], Status.DISPATCHED, 1, None),
        # A failed load stays failed until a later one is dispatched, or seen as loaded.
        ([DISPATCHED, FAILED, REFUSED], Status.FAILED, 2, None),
        ([INTENDED, FAILED], Status.FAILED, 2, None),
        ([DISPATCHED, FAILED, LOADED], Status.DISPATCHED, 3, "3"),
        ([DISPATCHED, FAILED, DISPATCHED], Status.DISPATCHED, 3, None),
        # That it was seen to be loaded confirms what was dispatched, and settles what was not known. The last time counts, of what was sent last.
        ([DISPATCHED, LOADED, LOADED], Status.DISPATCHED, 1, "3"),
        ([INTENDED, LOADED], Status.DISPATCHED, 2, "2"),
        ([INTENDED, LOADED, REFUSED], Status.DISPATCHED, 2, "2"),
        ([DISPATCHED, INTENDED, LOADED], Status.DISPATCHED, 1, "3"),
        ([UNDER_WAY, LOADED], Status.DISPATCHED, 2, "2"),
        ([RECORDED, LOADED], Status.DISPATCHED, 2, "2"),
        ([DISPATCHED, LOADED, DISPATCHED], Status.DISPATCHED, 3, None),
        ([DISPATCHED, LOADED, INTENDED], Status.UNKNOWN, 3, None),
        ([DISPATCHED, LOADED, FAILED], Status.FAILED, 3, None),
    ],
)
def test_status_follows_from_all_events(kinds, status, decisive, loaded):
    events = [Event(number, kind, str(number)) for number, kind in enumerate(kinds, 1)]
    found, event = derive_status(events)
    assert (found, event and event.id, loaded_at(events)) == (status, decisive, loaded)


@pytest.mark.parametrize("length", range(1, 5))
def test_a_later_refusal_changes_nothing_but_pending(length):
    for kinds in itertools.product(EventKind, repeat=length):
        before, after = derive(kinds)[0], derive([*kinds, REFUSED])[0]
        assert after is (Status.REFUSED if before is Status.PENDING else before)
