# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Histories on both stores."""

from __future__ import annotations

import contextlib

import pytest


@pytest.fixture
def begin_history(tmp_path, ledger_place, monkeypatch):
    """Begins a history, as ``begin_history(pace=0.1)``: ledgers in this store, and nothing in them. The one before it is closed."""
    # pytest reads this file before pytest-ansible has told Python where the collection is.
    from ansible_collections.adverity.management.tests.unit.plugins import in_process
    from ansible_collections.adverity.management.tests.unit.plugins.machine.history import History
    from ansible_collections.adverity.management.tests.unit.plugins.places import SqlitePlace

    in_process.spare_the_disk(monkeypatch.setattr)
    places = [ledger_place, SqlitePlace(tmp_path / "other" / "ledger.sqlite3")]
    with contextlib.ExitStack() as open_history:

        def begin(**world):
            open_history.close()
            for place in places:
                place.empty()
            history = History(places, **world)
            open_history.callback(history.close)
            return history

        yield begin
