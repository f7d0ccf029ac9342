# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger of an older format: brought to the newest one by the first run that writes, once, and as a whole."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import postgresql, schema, sent, sqlite
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ALL, ROW, entry, refusal, statuses

OLD, THIS = schema.OLDEST, schema.VERSION
STATEMENTS = len(schema.statements_from(OLD))
RECORDED = {101: "dispatched", 102: "unknown", 103: "pending"}


@pytest.fixture
def old_ledger(ledger_place, monkeypatch):
    """A ledger of the oldest format with something in it. It has no record of what was shown before a request."""
    statements = schema.statements_from(None, schema.MIGRATIONS[:1])
    with monkeypatch.context() as older:
        for module in (sqlite, postgresql):
            older.setattr(module, "VERSION", OLD)
            older.setattr(module, "statements_from", lambda _version: statements)
        older.setattr(postgresql, "STATEMENTS", (
            f"CREATE SCHEMA {postgresql.SCHEMA}",
            *(statement.format(**postgresql._LAYOUT) for statement in statements),
            f"CREATE TABLE {postgresql.SCHEMA}.format (version INTEGER NOT NULL)",
            f"INSERT INTO {postgresql.SCHEMA}.format VALUES ({OLD})",
        ))  # fmt: skip
        sqlite._expected_tables.cache_clear()
        with ledger_place.open() as ledger:
            ledger.note({5: [ROW]}, [BindingRow(5, 456, 789, 0)], [entry(each) for each in (101, 102, 103)])
    sqlite._expected_tables.cache_clear()
    ledger_place.run("INSERT INTO event (instance, kind, at) VALUES (1, 'dispatched', '2026-01-01T00:00:00Z')")
    ledger_place.run("INSERT INTO event (instance, kind, at, pairs) VALUES (1, 'intended', '2026-01-01T00:00:00Z', '[[5],[102]]')")
    ledger_place.run("UPDATE load SET event = extract_id - 100 WHERE extract_id < 103")
    assert version(ledger_place) == OLD
    return ledger_place


@pytest.fixture
def store(old_ledger):
    return postgresql.PostgresqlStore if "://" in old_ledger.ledger else sqlite.SqliteStore


def version(place):
    [[number]] = place.run("SELECT version FROM format" if "://" in place.ledger else "PRAGMA user_version")
    return number


def set_version(place, number):
    place.run(f"UPDATE format SET version = {number}" if "://" in place.ledger else f"PRAGMA user_version = {number}")


def stand(place, purpose=LOOK):
    with place.open(purpose) as ledger:
        assert [row[1:] for row in ledger.binding_rows().values()] == [(456, 789, 3)]
        return statuses(ledger)


def check_migrated(place):
    """It has the newest format and all that it had before; each statement fails where it is made twice."""
    assert (version(place), stand(place)) == (THIS, RECORDED)


def test_run_that_writes_brings_the_ledger_to_the_newest_format_and_no_other_run_does(old_ledger):
    before = old_ledger.content()
    for purpose in (LOOK, PREDICT):
        says = f"a run that writes has to bring it from format {OLD} to {THIS} first. Run once without check mode, then run this again."
        assert refusal(old_ledger.ledger, purpose) == f"The ledger {old_ledger.shown} cannot be used: {says} Nothing was changed."
    assert old_ledger.content() == before
    for purpose in (WRITE, PREDICT, WRITE):
        assert stand(old_ledger, purpose) == RECORDED
        check_migrated(old_ledger)
    with old_ledger.open() as ledger:
        ledger.dispatched(ledger.intend([5], [103]))
        assert statuses(ledger) == {**RECORDED, 103: "dispatched"}
        assert [each.extract_id for each in ledger.open_entries()] == [102]
        assert [each.events[0].has_label for each in sent.read(ledger, [5], [101, 102, 103])] == [False] * 3


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (99, "a newer version of this collection wrote it (format 99, this one knows 4). Update the collection"),
        (2, "an older version of this collection wrote it (format 2, this one knows 4)"),
    ],
)
def test_format_that_this_collection_does_not_know_is_named_and_left_as_it_is(old_ledger, number, says):
    set_version(old_ledger, number)
    for purpose in ALL:
        assert refusal(old_ledger.ledger, purpose).startswith(f"The ledger {old_ledger.shown} cannot be used: {says}")
    assert version(old_ledger) == number


def overtake(monkeypatch, store, other_run):
    """Between reading the format and the migration, the other run is there."""
    migrate = store._migrate

    def overtaken(self):
        monkeypatch.setattr(store, "_migrate", migrate)
        other_run()
        migrate(self)

    monkeypatch.setattr(store, "_migrate", overtaken)


def test_run_that_finds_the_old_format_and_comes_second_migrates_nothing(old_ledger, store, monkeypatch):
    overtake(monkeypatch, store, lambda: stand(old_ledger, WRITE))
    assert stand(old_ledger, WRITE) == RECORDED
    check_migrated(old_ledger)


def test_run_that_a_newer_collection_overtakes_does_not_take_the_format_back(old_ledger, store, monkeypatch):
    overtake(monkeypatch, store, lambda: set_version(old_ledger, 99))
    assert "a newer version of this collection wrote it (format 99" in refusal(old_ledger.ledger)
    assert version(old_ledger) == 99


@pytest.mark.parametrize("killed_at", range(STATEMENTS))
def test_migration_that_is_killed_leaves_the_old_format_and_the_next_run_finishes_it(old_ledger, monkeypatch, fork, killed_at):
    def statements_from(from_version):
        for number, statement in enumerate(schema.statements_from(from_version)):
            if from_version is not None and os.getpid() != parent and number == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement

    parent = os.getpid()
    for module in (sqlite, postgresql):
        monkeypatch.setattr(module, "statements_from", statements_from)
    child = fork(lambda _child: old_ledger.open().__enter__())
    assert child.end() == -signal.SIGKILL
    assert version(old_ledger) == OLD
    assert stand(old_ledger, WRITE) == RECORDED
    check_migrated(old_ledger)
