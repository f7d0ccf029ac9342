# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Histories on both stores."""

from __future__ import annotations

import contextlib

import pytest

# The collection is imported inside the fixtures: pytest reads this file before pytest-ansible has told Python where the collection is.


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    from ansible_collections.adverity.management.tests.unit.plugins import in_process

    in_process.spare_the_disk(monkeypatch.setattr)


@pytest.fixture
def begin_history(tmp_path, ledger_place):
    """Begins a history, as ``begin_history(pace=0.1)``: ledgers in this store, and nothing in them. The one before it is closed."""
    from ansible_collections.adverity.management.tests.unit.plugins.machine.history import History
    from ansible_collections.adverity.management.tests.unit.plugins.places import SqlitePlace

    with contextlib.ExitStack() as stack:

        def begin(**world):
            stack.close()
            folder = tmp_path / f"history_{len(list(tmp_path.iterdir()))}"
            (folder / "other").mkdir(parents=True)
            other = SqlitePlace(folder / "other" / "ledger.sqlite3")
            if hasattr(ledger_place, "server"):
                ledger_place.server.empty(ledger_place.database)
                places = [ledger_place, other]
            else:
                (folder / "first").mkdir()
                places = [SqlitePlace(folder / "first" / "ledger.sqlite3"), other]
            history = History(places, **world)
            stack.callback(history.close)
            return history

        yield begin


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_place(request, tmp_path):
    """A place for a ledger, in each store."""
    from ansible_collections.adverity.management.tests.unit.plugins.places import PostgresPlace, SqlitePlace

    if request.param == "sqlite":
        yield SqlitePlace(tmp_path / "unused")
        return
    place = PostgresPlace(request.getfixturevalue("postgres"))
    yield place
    place.server.give_back(place.database)
