# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger of an older format: brought to the newest one by the first run that writes, once, and as a whole. Newer formats: those of this test."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import postgresql, schema, sent, sqlite
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ALL, ROW, entry, refusal, statuses

OLD = schema.OLDEST
THIS = schema.VERSION
NEWEST = THIS + 2
NEWER = (
    schema.Migration(THIS + 1, ("ALTER TABLE {schema}binding ADD COLUMN label TEXT", "UPDATE {schema}binding SET label = 'of the next format'")),
    schema.Migration(THIS + 2, ("CREATE TABLE {schema}extra (id {id}, x TEXT)", "INSERT INTO {schema}extra (x) SELECT label FROM {schema}binding")),
)
STATEMENTS = 4  # of both
BOTH = {101: "dispatched", 102: "pending"}


@pytest.fixture
def collection(monkeypatch):
    """Makes the collection one that knows the formats up to ``version``. ``before(number)`` is called before each statement of a migration."""

    def become(version, before=lambda _number: None):
        migrations = [migration for migration in (*schema.MIGRATIONS, *NEWER) if migration.version <= version]

        def statements_from(from_version):
            for number, statement in enumerate(schema.statements_from(from_version, migrations)):
                before(number)
                yield statement

        for module in (sqlite, postgresql):
            monkeypatch.setattr(module, "VERSION", version)
            monkeypatch.setattr(module, "statements_from", statements_from)
        monkeypatch.setattr(postgresql, "STATEMENTS", (
            f"CREATE SCHEMA {postgresql.SCHEMA}",
            *(statement.format(**postgresql._LAYOUT) for statement in schema.statements_from(None, migrations)),
            f"CREATE TABLE {postgresql.SCHEMA}.format (version INTEGER NOT NULL)",
            f"INSERT INTO {postgresql.SCHEMA}.format VALUES ({version})",
        ))  # fmt: skip
        sqlite._expected_tables.cache_clear()

    yield become
    sqlite._expected_tables.cache_clear()


@pytest.fixture
def old_ledger(ledger_place):
    """A ledger of this format with something in it."""
    with ledger_place.open() as ledger:
        ledger.note({5: [ROW]}, [BindingRow(5, 456, 789, 0)], [entry(101), entry(102)])
        ledger.dispatched(ledger.intend([5], [101]))
    assert version(ledger_place) == THIS
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
        assert [row[1:] for row in ledger.binding_rows().values()] == [(456, 789, 2)]
        return statuses(ledger)


def check_migrated(place):
    """It has the newest format, all that it had before, and each migration was made once."""
    assert (version(place), place.run("SELECT x FROM extra"), stand(place)) == (NEWEST, [("of the next format",)], BOTH)


def test_run_that_writes_brings_the_ledger_to_the_newest_format_and_no_other_run_does(old_ledger, collection):
    before = old_ledger.content()
    collection(NEWEST)
    for purpose in (LOOK, PREDICT):
        says = f"a run that writes has to bring it from format {THIS} to {NEWEST} first. Run once without check mode, then run this again."
        assert refusal(old_ledger.ledger, purpose) == f"The ledger {old_ledger.shown} cannot be used: {says} Nothing was changed."
    assert old_ledger.content() == before
    for purpose in (WRITE, PREDICT, WRITE):
        assert stand(old_ledger, purpose) == BOTH
        check_migrated(old_ledger)


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


def test_run_that_finds_the_old_format_and_comes_second_migrates_nothing(old_ledger, collection, store, monkeypatch):
    collection(NEWEST)
    overtake(monkeypatch, store, lambda: stand(old_ledger, WRITE))
    assert stand(old_ledger, WRITE) == BOTH
    check_migrated(old_ledger)


def test_run_that_a_newer_collection_overtakes_does_not_take_the_format_back(old_ledger, collection, store, monkeypatch):
    collection(NEWEST)
    overtake(monkeypatch, store, lambda: set_version(old_ledger, 99))
    assert "a newer version of this collection wrote it (format 99" in refusal(old_ledger.ledger)
    assert version(old_ledger) == 99


@pytest.mark.parametrize("killed_at", range(STATEMENTS))
def test_migration_that_is_killed_leaves_the_old_format_and_the_next_run_finishes_it(old_ledger, collection, fork, killed_at):
    def kill(number):
        if os.getpid() != parent and number == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    parent = os.getpid()
    collection(NEWEST, kill)
    child = fork(lambda _child: old_ledger.open().__enter__())
    assert child.end() == -signal.SIGKILL
    assert version(old_ledger) == THIS
    assert stand(old_ledger, WRITE) == BOTH
    check_migrated(old_ledger)


def test_ledger_of_format_3_goes_on(ledger_place, collection):
    """The oldest format: it has no record of what was shown before a request."""
    collection(OLD)
    with ledger_place.open() as ledger:
        ledger.note({}, entries=[entry(each) for each in (101, 102, 103)])
    ledger_place.run("INSERT INTO event (instance, kind, at) VALUES (1, 'dispatched', '2026-01-01T00:00:00Z')")
    ledger_place.run("INSERT INTO event (instance, kind, at, pairs) VALUES (1, 'intended', '2026-01-01T00:00:00Z', '[[5],[102]]')")
    ledger_place.run("UPDATE load SET event = extract_id - 100 WHERE extract_id < 103")
    collection(THIS)
    with ledger_place.open() as ledger:
        ledger.dispatched(ledger.intend([5], [103]))
        assert statuses(ledger) == {101: "dispatched", 102: "unknown", 103: "dispatched"}
        assert [each.extract_id for each in ledger.open_entries()] == [102]
        assert [each.events[0].has_label for each in sent.read(ledger, [5], [101, 102, 103])] == [False] * 3
