# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run costs does not grow with what the ledger records: each statement finds its rows by an index. No clock: the plans of both databases."""

from __future__ import annotations

import re

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.postgresql import PostgresqlStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.plugins.module_utils._requeue import report
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ROW, entry


@pytest.fixture
def statements(monkeypatch, ledger_place):
    """The statements that a ledger runs, each with its first values."""
    seen = {}
    store = PostgresqlStore if "://" in ledger_place.ledger else SqliteStore

    def watch(name, real):
        def watched(self, statement, values=()):
            values = list(values) if name == "write_many" else values
            for first in values[:1] if name == "write_many" else [values]:
                seen.setdefault(re.sub(r"(\?, )+\?", "?, ..", statement), (statement, first))
            return real(self, statement, values)

        monkeypatch.setattr(store, name, watched)

    for name in ("read", "iterate", "write", "write_many", "insert"):
        watch(name, getattr(store, name))
    return seen


def requeue_one(ledger):
    """What a requeue of one extract asks and writes."""
    ledger.take_turn([5])
    ledger.histories([5])
    ledger.statuses(5, [1])
    ledger.pending_entries([5])
    ledger.note({5: [ROW]}, entries=[entry(1)])
    ledger.withdraw(ledger.intend([5], [1]))
    ledger.dispatched(ledger.intend([5], [1]))
    ledger.record(EventKind.REFUSED, [entry(1)], "gone")
    ledger.record(EventKind.DISPATCHED, [entry(1)])
    ledger.statuses(5, [1])
    ledger.note({5: [ROW]})


def requeue_bare(ledger):
    ledger.take_turn(None)
    ledger.statuses(ALL_ENABLED, [1])
    ledger.note({}, entries=[entry(1, ALL_ENABLED)])
    ledger.dispatched(ledger.intend([ALL_ENABLED], [1]))


def look(ledger):
    ledger.take_turn([5])
    ledger.open_entries([5])
    list(ledger.entries([6], [1]))


def summarize(ledger):
    report._count_all(ledger, None)
    ledger.histories()


ABOUT_ENTRIES = r"(load|load_event|event|binding_fact)\b"
READS_ALL = "|".join((
    r"\s*SEARCH (load|load_event) USING PRIMARY KEY \(instance=\?\)",  # all of the instance
    rf"\s*SCAN {ABOUT_ENTRIES}(?!.* USING .*INDEX (load_pending|event_open))",
    rf".*Seq Scan on {ABOUT_ENTRIES}",
))  # fmt: skip


@pytest.mark.parametrize("work", [requeue_one, requeue_bare, look, summarize])
def test_no_statement_reads_all_entries(ledger_place, statements, work):
    with ledger_place.open() as ledger:
        ledger.note({6: [ROW]}, entries=[entry(number, 6) for number in range(1, 3001)])
        for start in range(1, 2500, 50):
            ledger.dispatched(ledger.intend([6], list(range(start, start + 50))))
    with ledger_place.open() as ledger:
        statements.clear()
        work(ledger)
        about_entries = [asked for short, asked in statements.items() if re.search(rf"\b{ABOUT_ENTRIES}", short)]
    assert about_entries
    with ledger_place.open(LOOK) as ledger:
        if "://" in ledger_place.ledger:
            ledger.store.read("SELECT set_config('enable_seqscan', 'off', false), set_config('plan_cache_mode', 'force_custom_plan', false)")
        for statement, values in about_entries:
            if not statement.startswith("INSERT INTO event"):  # numbered by the database: it has nothing to look for
                plan = ledger.store.read(("EXPLAIN " if "://" in ledger_place.ledger else "EXPLAIN QUERY PLAN ") + statement, values)
                assert not [row for row in plan if re.match(READS_ALL, row[-1])], statement
