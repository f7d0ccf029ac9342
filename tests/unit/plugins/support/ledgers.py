# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the ledger share. Not tests."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.tests.unit.plugins.places import HOST

INSERT = "INSERT INTO load VALUES (1, 2, 3, 4, NULL, NULL)"
ALL = (WRITE, PREDICT, LOOK)
DAY = "2026-01-01T00:00:00Z"
ROW = BindingFact(FactKind.ROW, DAY, enabled=True, updated=DAY)


def entry(extract_id, binding_id=5, created=DAY, datastream_id=456, **more):
    return Entry(binding_id, extract_id, datastream_id, created, **more)


def open_at(place, purpose=WRITE, password=None, wait=5, host=HOST):
    return Ledger(str(place), password, host, purpose, wait)


def refusal(place, purpose=WRITE, password=None, use=lambda _ledger: None, wait=5):
    """What is said of a ledger that cannot be opened, or not be used: one line, and never the password."""
    with pytest.raises(AdverityError) as caught, open_at(place, purpose, password, wait) as ledger:
        use(ledger)
    message = caught.value.result()["msg"]
    assert "\n" not in message
    assert not password or password not in str(caught.value.result())
    return message


def statuses(ledger):
    """The status of each extract."""
    return {each.extract_id: each.status.value for each in ledger.entries()}


def facts(ledger, *choice):
    """The facts by binding, without their numbers."""
    return {binding_id: [fact._replace(id=None) for fact in history.facts] for binding_id, history in ledger.histories(*choice).items()}


def read_all(ledger):
    """All that a run may ask."""
    known = [each[:2] + each[4:5] for each in ledger.entries()], ledger.histories(), ledger.binding_rows(), ledger.pending_counts()
    return *known, ledger.statuses(5, range(1, 400)), ledger.open_entries(), ledger.pending_entries([5])
