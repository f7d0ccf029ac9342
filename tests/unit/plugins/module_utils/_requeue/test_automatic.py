# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.sent import Sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import Event, EventKind
from ansible_collections.adverity.management.plugins.module_utils._requeue import automatic
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts
from ansible_collections.adverity.management.plugins.module_utils._resources.labels import Labels
from ansible_collections.adverity.management.plugins.module_utils._spec import times

NOW = datetime.now(timezone.utc).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def request(kind=EventKind.DISPATCHED, age=HOUR, **label):
    """A request of so long ago. ``label``: what the list showed before it."""
    return Event(1, kind, times.show(NOW - age), clock=NOW - age, has_label=bool(label), **label)


SEEN_LOADED = Event(2, EventKind.LOADED, times.show(NOW))


@pytest.mark.parametrize(
    ("events", "created", "is_own"),
    [
        ([request(label="Collected")], HOUR, True),
        ([request(label="Loaded")], HOUR, True),
        ([request(label="Processing")], 2 * HOUR, False),
        ([request(label="Processing")], 2 * DAY, True),  # its own processing was over
        ([request(label="?")], 2 * HOUR, False),
        ([request()], 2 * HOUR, False),
        ([request()], 2 * DAY, True),
        ([request(label="Collected"), request(label="Processing")], HOUR, True),
        ([request(label="Collected"), SEEN_LOADED], HOUR, False),  # it was over
        ([request(age=7 * DAY, label="Collected")], 8 * DAY, False),  # too long ago
        ([request(EventKind.INTENDED, label="Collected")], HOUR, False),
        ([request(EventKind.REFUSED)], HOUR, False),
        ([Event(1, EventKind.DISPATCHED, times.show(NOW), "by the user")], 2 * DAY, False),
    ],
)
def test_request_of_the_ledger_explains_that_adverity_is_processing_an_extract(events, created, is_own):
    found = extracts.Extracts()
    found.append({"id": 11, "created": times.show(NOW - created), "state_label": "Processing"})
    assert automatic._is_own_load(Sent(5, 11, 456, None, tuple(events)), found[0], Labels()) is is_own
