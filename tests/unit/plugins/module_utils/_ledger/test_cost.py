# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run costs does not grow with what the ledger records: each statement finds its rows by an index. No clock: the plans of both databases."""

from __future__ import annotations

import re
import types

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.plugins.module_utils._requeue import report
from ansible_collections.adverity.management.tests.unit.plugins.places import HOST

OTHERS = 3000  # entries of other bindings

ROW = BindingFact(FactKind.ROW, enabled=True, updated="2026-01-01T00:00:00Z")


@pytest.fixture
def place(ledger_place):
    """A ledger with many entries beside those in question, in every status."""
    with ledger_place.open() as ledger:
        ledger.note({6: [ROW]}, entries=[Entry(6, one, 456, "2026-01-01T00:00:00Z") for one in range(1, OTHERS + 1)])
        for start in range(1, OTHERS - 500, 50):
            ledger.dispatched(ledger.intend([6], list(range(start, start + 50))))
    return ledger_place


@pytest.fixture
def statements(monkeypatch, ledger_place):
    """The statements that a ledger runs, each with its first values."""
    seen = {}
    store = SqliteStore
    if "://" in ledger_place.ledger:
        from ansible_collections.adverity.management.plugins.module_utils._ledger.postgresql import PostgresqlStore as store

    def watch(name):
        real = getattr(store, name)

        def watched(self, statement, values=()):
            rows = list(values) if name == "write_many" else values
            if rows or name != "write_many":
                seen.setdefault(re.sub(r"(\?, )+\?", "?, ..", statement), (statement, rows[0] if name == "write_many" else rows))
            return real(self, statement, rows)

        monkeypatch.setattr(store, name, watched)

    for name in ("read", "iterate", "write", "write_many", "insert"):
        watch(name)
    return seen


def requeue_one(ledger):
    """What a requeue of one extract asks and writes."""
    ledger.take_turn([5])
    ledger.histories([5])
    ledger.statuses(5, [1])
    ledger.pending_entries([5])
    ledger.note({5: [ROW]}, entries=[Entry(5, 1, 456, "2026-01-01T00:00:00Z")])
    ledger.withdraw(ledger.intend([5], [1]))
    ledger.dispatched(ledger.intend([5], [1]))
    ledger.record(EventKind.REFUSED, [Entry(5, 1, 456, None)], "gone")
    ledger.record(EventKind.DISPATCHED, [Entry(5, 1, 456, None)])
    ledger.statuses(5, [1])
    ledger.note({5: [ROW]})


def requeue_bare(ledger):
    ledger.take_turn(None)
    ledger.statuses(ALL_ENABLED, [1])
    ledger.note({}, entries=[Entry(ALL_ENABLED, 1, None, None)])
    ledger.dispatched(ledger.intend([ALL_ENABLED], [1]))


def plan_bindings(ledger):
    ledger.take_turn([5])
    ledger.open_entries([5])
    ledger.note({5: [ROW]})


def look_at_one(ledger):
    return list(ledger.entries([6], [1]))


def summarize(ledger):
    report._count_all(ledger, None)
    ledger.histories()


def plans(place, statement, values):
    """How the database finds the rows of load and post, as text."""
    if "://" not in place.ledger:
        with place.open(LOOK) as ledger:
            return [row[3] for row in ledger.store.read("EXPLAIN QUERY PLAN " + statement, values)]
    with Ledger(place.ledger, None, HOST, LOOK) as ledger:
        ledger.store.read("SELECT set_config('enable_seqscan', 'off', false), set_config('plan_cache_mode', 'force_custom_plan', false)")
        return [row[0] for row in ledger.store.read("EXPLAIN " + statement, values)]


@pytest.mark.parametrize("work", [requeue_one, requeue_bare, plan_bindings, look_at_one, summarize])
def test_no_statement_reads_all_entries(place, statements, work):
    with place.open() as ledger:
        statements.clear()
        work(ledger)
        run = dict(statements)
    about_entries = {one: asked for one, asked in run.items() if re.search(r"\b(load|load_event|event|binding_fact)\b", one)}
    assert about_entries
    for statement, values in about_entries.values():
        if statement.startswith("INSERT INTO event"):
            continue  # numbered by the database: it has nothing to look for
        for line in plans(place, statement, values):
            assert not re.match(r"\s*SEARCH (load|load_event) USING PRIMARY KEY \(instance=\?\)", line), (statement, line)  # all of the instance
            assert not re.match(r"\s*SCAN (load|load_event|event|binding_fact)\b(?!.* USING .*INDEX (load_pending|event_open))", line), (statement, line)
            assert not re.search(r"Seq Scan on (load|load_event|event|binding_fact)\b", line), (statement, line)


@pytest.mark.parametrize("work", [requeue_one, requeue_bare, plan_bindings, look_at_one, summarize])
def test_opening_and_working_read_as_many_rows_beside_many_entries_as_beside_none(ledger_place, statements, monkeypatch, work):
    """Rows that come back, in an empty ledger and beside many."""
    counts = []
    for entries in (0, OTHERS):
        with ledger_place.open() as ledger:
            if entries:
                ledger.note({6: [ROW]}, entries=(Entry(6, one, 456, None) for one in range(10, entries)))
                for start in range(10, entries, 50):
                    ledger.dispatched(ledger.intend([6], list(range(start, min(start + 50, entries)))))
        got = types.SimpleNamespace(rows=0)
        with ledger_place.open() as ledger, monkeypatch.context() as patched:
            real = type(ledger.store).read

            def read(self, statement, values=(), real=real, got=got):
                rows = real(self, statement, values)
                got.rows += len(rows)
                return rows

            patched.setattr(type(ledger.store), "read", read)
            work(ledger)
        counts.append(got.rows)
    assert counts[1] <= counts[0] + 30  # rows of the other binding itself, and what the first round left
