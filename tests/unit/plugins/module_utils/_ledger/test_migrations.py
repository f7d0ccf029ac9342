# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger of an older format: brought to the newest one by the first run that writes, once, and as a whole. The newer formats are those of this test."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import postgresql, schema, sqlite
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE

THIS = schema.VERSION
NEWEST = THIS + 2
NEWER = (
    schema.Migration(
        THIS + 1,
        ("ALTER TABLE {schema}binding ADD COLUMN label TEXT", "UPDATE {schema}binding SET label = 'of the next format' WHERE binding_id = 5"),
    ),
    schema.Migration(
        THIS + 2,
        ("CREATE TABLE {schema}extra (id {id}, words TEXT)", "INSERT INTO {schema}extra (words) SELECT label FROM {schema}binding"),
    ),
)
STATEMENTS = 4  # of both


@pytest.fixture
def old_ledger(ledger_place):
    """A ledger of this format with something in it."""
    with ledger_place.open() as ledger:
        facts = {5: [BindingFact(FactKind.ROW, enabled=True, updated="2026-01-01T00:00:00Z")]}
        ledger.note(facts, [BindingRow(5, 456, 789, 0)], [Entry(5, 101, 456, "2026-01-01T00:00:00Z"), Entry(5, 102, 456, "2026-01-02T00:00:00Z")])
        ledger.dispatched(ledger.intend([5], [101]))
    assert version(ledger_place) == THIS
    return ledger_place


@pytest.fixture
def newer_collection(monkeypatch):
    """From now on the collection knows two further formats. ``newer_collection(before)``: ``before(number)`` is called before each statement of a migration."""

    def begin(before=lambda _number: None):
        migrations = (*schema.MIGRATIONS, *NEWER)

        def statements_from(from_version):
            for number, statement in enumerate(schema.statements_from(from_version, migrations)):
                before(number)
                yield statement

        for module in (sqlite, postgresql):
            monkeypatch.setattr(module, "VERSION", NEWEST)
            monkeypatch.setattr(module, "statements_from", statements_from)
        monkeypatch.setattr(postgresql, "STATEMENTS", (
            f"CREATE SCHEMA {postgresql.SCHEMA}",
            *(statement.format(**postgresql._LAYOUT) for statement in schema.statements_from(None, migrations)),
            f"CREATE TABLE {postgresql.SCHEMA}.format (version INTEGER NOT NULL)",
            f"INSERT INTO {postgresql.SCHEMA}.format VALUES ({NEWEST})",
        ))  # fmt: skip
        sqlite._expected_tables.cache_clear()

    yield begin
    sqlite._expected_tables.cache_clear()


def version(place):
    [[number]] = place.run("SELECT version FROM format" if "://" in place.ledger else "PRAGMA user_version")
    return number


def store_of(place):
    return postgresql.PostgresqlStore if "://" in place.ledger else sqlite.SqliteStore


def statuses(place, purpose=LOOK):
    with place.open(purpose) as ledger:
        assert [(row.datastream_id, row.target_id, row.total) for row in ledger.binding_rows().values()] == [(456, 789, 2)]
        return {entry.extract_id: entry.status.value for entry in ledger.entries()}


BOTH = {101: "dispatched", 102: "pending"}


def test_run_that_writes_brings_the_ledger_to_the_newest_format_and_keeps_what_is_in_it(old_ledger, newer_collection):
    newer_collection()
    assert statuses(old_ledger, WRITE) == BOTH
    assert version(old_ledger) == NEWEST
    assert old_ledger.run("SELECT words FROM extra") == [("of the next format",)]
    assert statuses(old_ledger) == BOTH
    assert statuses(old_ledger, PREDICT) == BOTH
    with old_ledger.open() as ledger:
        ledger.dispatched(ledger.intend([5], [102]))
    assert statuses(old_ledger) == {101: "dispatched", 102: "dispatched"}
    assert old_ledger.run("SELECT count(*) FROM extra") == [(1,)]


def test_new_ledger_has_the_newest_format_at_once(ledger_place, newer_collection):
    newer_collection()
    with ledger_place.open():
        pass
    assert version(ledger_place) == NEWEST
    assert ledger_place.run("SELECT label FROM binding") == []


@pytest.mark.parametrize("purpose", [LOOK, PREDICT])
def test_run_that_does_not_write_says_what_to_do_and_changes_nothing(old_ledger, newer_collection, purpose):
    before = old_ledger.content()
    newer_collection()
    with pytest.raises(LedgerError) as caught, old_ledger.open(purpose):
        pass
    message = caught.value.result()["msg"]
    assert message.startswith(f"The ledger {old_ledger.shown} cannot be used: a run that writes has to bring it from format {THIS} to {NEWEST} first.")
    assert message.endswith("Run once without check mode, then run this again. Nothing was changed.")
    assert old_ledger.content() == before


def test_two_first_runs_at_once_migrate_once(old_ledger, newer_collection, fork):
    newer_collection()

    def work(child):
        child.wait()
        with old_ledger.open() as ledger:
            child.say(str(len(list(ledger.entries()))))

    children = [fork(work) for _run in range(2)]
    for child in children:
        child.go()
    assert [child.hear() for child in children] == ["2", "2"]
    assert version(old_ledger) == NEWEST
    assert old_ledger.run("SELECT words FROM extra") == [("of the next format",)]


def test_run_that_finds_the_old_format_and_comes_second_migrates_nothing(old_ledger, newer_collection, fork, monkeypatch):
    """The first run stands in its migration when the second one has read the format."""
    here = []  # in a child: itself, if it is the first one
    store = store_of(old_ledger)
    migrate = store._migrate

    def wait_in_the_middle(number):
        if number == 2 and here:
            here[0].say("in the middle")
            here[0].wait()

    newer_collection(wait_in_the_middle)

    def first(child):
        here.append(child)
        with old_ledger.open():
            child.say("done")

    def second(child):
        monkeypatch.setattr(store, "_migrate", lambda self: (child.say("begins"), migrate(self)))
        with old_ledger.open() as ledger:
            child.say(str(len(list(ledger.entries()))))

    one = fork(first)
    assert one.hear() == "in the middle"
    two = fork(second)
    assert two.hear() == "begins"
    one.go()
    assert (one.hear(), two.hear()) == ("done", "2")
    assert (version(old_ledger), old_ledger.run("SELECT words FROM extra")) == (NEWEST, [("of the next format",)])


@pytest.mark.parametrize("killed_at", range(STATEMENTS))
def test_migration_that_is_killed_leaves_the_old_format_and_the_next_run_finishes_it(old_ledger, newer_collection, fork, killed_at):
    def kill(number):
        if os.getpid() != parent and number == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    parent = os.getpid()
    newer_collection(kill)

    def work(child):
        with old_ledger.open():
            child.say("it was not killed")

    child = fork(work)
    assert child.hear() is None
    assert os.WTERMSIG(child.end()) == signal.SIGKILL
    with pytest.raises(LedgerError, match=f"a run that writes has to bring it from format {THIS} to {NEWEST} first"), old_ledger.open(LOOK):
        pass
    assert version(old_ledger) == THIS
    assert statuses(old_ledger, WRITE) == BOTH
    assert (version(old_ledger), old_ledger.run("SELECT words FROM extra")) == (NEWEST, [("of the next format",)])


def test_collection_that_does_not_know_the_format_refuses_it(old_ledger, newer_collection, monkeypatch):
    newer_collection()
    assert statuses(old_ledger, WRITE) == BOTH
    monkeypatch.undo()
    sqlite._expected_tables.cache_clear()
    for purpose in (LOOK, PREDICT, WRITE):
        with pytest.raises(LedgerError, match=f"a newer version of this collection wrote it .format {NEWEST}, this one knows {THIS}"), old_ledger.open(purpose):
            pass
    assert version(old_ledger) == NEWEST


def test_run_that_a_newer_collection_overtakes_does_not_take_the_format_back(old_ledger, newer_collection, monkeypatch):
    """Between reading the format and the migration, another run brings the ledger to a format that this collection does not know."""
    newer_collection()
    newest = "UPDATE format SET version = 99" if "://" in old_ledger.ledger else "PRAGMA user_version = 99"
    store = store_of(old_ledger)
    migrate = store._migrate

    def overtaken(self):
        old_ledger.run(newest)
        migrate(self)

    monkeypatch.setattr(store, "_migrate", overtaken)
    with pytest.raises(LedgerError, match="a newer version of this collection wrote it .format 99"), old_ledger.open():
        pass
    assert version(old_ledger) == 99
