# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger as a file: where it is, how it is made, what is damaged, what cannot be opened, and what a commit leaves behind."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import sqlite, sqlite_locks
from ansible_collections.adverity.management.plugins.module_utils._ledger.holder import this_run
from ansible_collections.adverity.management.plugins.module_utils._ledger.path import absolute_path
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite_errors import next_step
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DEFAULT_LEDGER
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._ledger.scene import ALL, ROW, entry, open_at, refusal

INSERT = "INSERT INTO load VALUES (1, 2, 3, 4, NULL, NULL)"


def snapshot(folder):
    """Everything in a folder: kind and permissions, and of files the bytes."""
    found = sorted(Path(folder).rglob("*"))
    return {path: (path.lstat().st_mode, path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else None) for path in found}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def fill(path, extracts=3):
    """Makes a ledger with so many extracts in it, in every status."""
    with open_at(path) as ledger:
        ledger.note({5: [ROW]}, entries=[entry(one) for one in range(1, extracts + 1)])
        ledger.dispatched(ledger.intend([5], [1, 2]), but=[1])
        ledger.record(EventKind.REFUSED, [entry(3)], "gone")
    return path.read_bytes()


def read_all(ledger):
    """Everything that a run may ask."""
    ledger.histories()
    ledger.pending_counts()
    ledger.open_entries()
    ledger.pending_entries([5])
    ledger.statuses(5, range(1, 400))
    return list(ledger.entries())


@contextlib.contextmanager
def stored(path):
    """A store that writes."""
    store = SqliteStore(str(path))
    store.open(WRITE)
    try:
        yield store
    finally:
        store.close()


def execute(path, *statements):
    """Statements past the collection."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "above" / "ledger" / "requeue.sqlite3"


# Where it is

@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("a/b", "ledger is 'a/b', a relative path. "),
        ("", "ledger is '', a relative path. "),
        (DEFAULT_LEDGER, f"The default ledger {DEFAULT_LEDGER} cannot be found: HOME is '', which is not an absolute path. Correct HOME, or"),
        ("$NOWHERE/mine", "The ledger $NOWHERE/mine cannot be found: the environment variable NOWHERE is not set. Set NOWHERE, or"),
    ],
)
def test_path_that_is_not_absolute_is_refused(tmp_path, monkeypatch, given, says):
    """A relative path would begin at the playbook, which may be in the installed collection."""
    monkeypatch.setenv("HOME", "")
    monkeypatch.chdir(tmp_path)
    for purpose in ALL:
        with pytest.raises(InputError) as caught:
            open_at(given, purpose)
        assert str(caught.value).startswith(says)
        assert str(caught.value).endswith("Nothing was changed.")
    assert list(tmp_path.iterdir()) == []


def test_path_below_the_home_is_found(monkeypatch):
    assert absolute_path(DEFAULT_LEDGER) == os.environ["HOME"] + "/.ansible/adverity/requeue.sqlite3"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: pwd.struct_passwd(("me", "x", 1, 1, "", "/of-the-list", "/bin/sh")))
    assert absolute_path(DEFAULT_LEDGER) == "/of-the-list/.ansible/adverity/requeue.sqlite3"


@pytest.mark.parametrize("name", ["a b", "a?mode=ro", "a#b", "a%20b", "file:a", "Z\u00fcrich \U0001f600", "'; DROP TABLE load;", "a&vfs=unix-none"])
def test_any_name_is_just_a_name(tmp_path, name):
    fill(tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == [name]
    (tmp_path / "link").symlink_to(tmp_path / name)
    for purpose in ALL:
        with open_at(tmp_path / "link", purpose) as ledger:
            assert len(list(ledger.entries())) == 3


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_new_ledger_is_for_this_user_only(path, umask):
    before = os.umask(umask)
    try:
        with stored(path) as store, store.transaction():
            store.write(INSERT)
            modes = {one.name: mode(one) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700
    assert modes == {"requeue.sqlite3": 0o600, "requeue.sqlite3-journal": 0o600}


def test_empty_file_is_a_ledger_that_was_not_begun_and_keeps_its_permissions(path):
    path.parent.mkdir(parents=True)
    path.touch()
    path.parent.chmod(0o750)
    path.chmod(0o640)
    for purpose in (PREDICT, LOOK):
        with open_at(path, purpose) as ledger:
            assert list(ledger.entries()) == []
        assert path.read_bytes() == b""
    fill(path)
    assert path.read_bytes().startswith(b"SQLite format 3\x00")
    assert (mode(path.parent), mode(path)) == (0o750, 0o640)


# What is no ledger, or a damaged one


def flip(content, start, length=8):
    return content[:start] + bytes(255 - byte for byte in content[start : start + length]) + content[start + length :]


def cut(end):
    return lambda content: content[:end]


RESTORE = "The file was not changed. Restore a current copy"
READING = (PREDICT, LOOK)  # damage inside is found where it is read
IS_LEDGER, NO_LEDGER = "PRAGMA application_id = 0x41444C47", "it is a database, but not a ledger of this collection"
UNUSABLE = [  # what another program made of the file, which runs see it, and what they say
    (lambda content: b"not a ledger\n", ALL, RESTORE),
    (cut(1), ALL, RESTORE),
    (cut(100), ALL, RESTORE),
    (cut(-1), ALL, RESTORE),
    (lambda content: bytes(len(content)), ALL, RESTORE),
    (lambda content: content[:100] + bytes(len(content) - 100), ALL, RESTORE),
    (lambda content: flip(content, 0), ALL, RESTORE),
    (lambda content: flip(content, 100), ALL, RESTORE),
    (cut(4096), READING, RESTORE),
    (cut(-4096), READING, RESTORE),
    (lambda content: flip(content, 2 * 4096), READING, RESTORE),  # page 2 is not read by a run that only reads
    (lambda content: flip(content, len(content) - 4096), READING, RESTORE),
    (["CREATE TABLE load (x)", "INSERT INTO load VALUES (1)"], ALL, NO_LEDGER),
    (["PRAGMA journal_mode = WAL", "CREATE TABLE other (x)"], ALL, NO_LEDGER),
    (["PRAGMA application_id = 7"], ALL, NO_LEDGER),
    (["PRAGMA user_version = 1"], ALL, NO_LEDGER),
    ([IS_LEDGER, "PRAGMA user_version = 4", "CREATE TABLE other (x)"], ALL, "it is damaged (its tables are not those of a ledger). " + RESTORE),
]


@pytest.mark.parametrize(("change", "purposes", "says"), UNUSABLE)
def test_file_that_cannot_be_used_is_named_and_left_as_it_is(path, change, purposes, says):
    if callable(change):
        path.write_bytes(change(fill(path, 3000)))
    else:
        path.parent.mkdir(parents=True)
        execute(path, *change)
    before = snapshot(path.parent)
    for purpose in purposes:
        message = refusal(path, purpose, use=read_all)
        assert message.startswith(f"The ledger {path} cannot be used: ")
        assert says in message
        assert snapshot(path.parent) == before


def test_no_flipped_byte_leads_to_anything_but_a_ledger_error(path):
    content = fill(path, 40)
    for position in [*range(0, 100, 3), *range(100, len(content), 211)]:
        path.write_bytes(flip(content, position, 1))
        with contextlib.suppress(LedgerError), open_at(path, LOOK) as ledger:
            read_all(ledger)
        assert path.read_bytes() == flip(content, position, 1)


# What cannot be opened


@pytest.fixture
def open_folder():
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


def opened_by_nobody(fork, path, purpose):
    """What is found in the ledger, or said of it, in a process without root's rights."""

    def work(child):
        rights = os.getegid(), os.geteuid()
        if os.geteuid() == 0:
            os.setegid(65534)
            os.seteuid(65534)
        try:
            with open_at(path, purpose) as ledger:
                said = f"{len(list(ledger.entries()))} entries"
        except AdverityError as error:
            said = f"{type(error).__name__}: {error}"
        finally:  # at its end the process writes down what it covered
            os.seteuid(rights[1])
            os.setegid(rights[0])
        child.say(said)

    return fork(work).hear()


@pytest.mark.parametrize(
    ("below", "folder_mode", "file_mode", "refused"),
    [
        ("requeue.sqlite3", 0o777, 0o444, [WRITE, PREDICT]),
        ("requeue.sqlite3", 0o555, 0o666, [WRITE, PREDICT]),
        ("requeue.sqlite3", 0o555, 0o444, [WRITE, PREDICT]),
        ("requeue.sqlite3", 0o777, 0o000, ALL),
        ("requeue.sqlite3", 0o000, 0o666, ALL),
        ("requeue.sqlite3", 0o555, None, [WRITE, PREDICT]),
        ("deeper/still/requeue.sqlite3", 0o555, None, [WRITE, PREDICT]),
    ],
)
def test_ledger_without_the_right_to_use_it_is_named(fork, open_folder, below, folder_mode, file_mode, refused):
    folder = open_folder / "folder"
    folder.mkdir()
    if file_mode is not None:
        fill(folder / below)
        (folder / below).chmod(file_mode)
    folder.chmod(folder_mode)
    before = snapshot(open_folder)
    for purpose in ALL:
        found = "0 entries" if file_mode is None else "3 entries"
        if purpose in refused:
            found = f"LedgerError: The ledger {folder / below} cannot be used: "
        assert opened_by_nobody(fork, folder / below, purpose).startswith(found)
    assert snapshot(open_folder) == before
    folder.chmod(0o777)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("folder", "it is not a file"),
        ("pipe", "it is not a file"),
        ("file/requeue.sqlite3", ""),
        ("file/deeper/still/requeue.sqlite3", ""),
        ("link", "No such file"),
        ("a\x00b", ""),
        ("a\ud800b", ""),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_can_be_no_ledger_is_named_and_left_as_it_is(tmp_path, name, says):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "requeue.sqlite3")
    os.mkfifo(tmp_path / "pipe")
    before = snapshot(tmp_path)
    for purpose in ALL:
        message = refusal(tmp_path / name, purpose)
        assert "cannot be used: " in message
        assert says in message
        assert snapshot(tmp_path) == before


# What the system or SQLite says

DISK = "what was recorded before is not lost. Check the disk. If it is sound: copy the file to a local disk"
USABLE = "The file was not changed. Make the place usable for this user"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Free space on the disk, then run it again."),
        *((OSError(number, ""), "Two runs could not keep out of each other's way there. Copy the file") for number in sqlite.NO_LOCKS),
        *((OSError(number, ""), DISK) for number in (errno.EIO, errno.ESTALE, errno.ETIMEDOUT)),
        *((sqlite3.OperationalError(words), DISK) for words in ("disk I/O error", "locking protocol")),
        (sqlite3.OperationalError("database is locked"), "Another program holds the file. End it, then run it again."),
        (OSError(errno.ENOTDIR, ""), USABLE),
        *((sqlite3.OperationalError(words), USABLE) for words in ("unable to open database file", "attempt to write a readonly database")),
        *((sqlite3.OperationalError(words), RESTORE) for words in ("database disk image is malformed", "no such column: pairs")),
    ],
    ids=str,
)
def test_advice_fits_what_the_system_says(error, advice):
    assert advice in next_step(error, str(error))


def test_file_system_without_locks_is_named(path, monkeypatch):
    fill(path)
    before = snapshot(path.parent)

    def refuse(_file, command, *_more):
        raise OSError(errno.ENOLCK, "No locks available") if command == sqlite_locks._GET_LOCK else AssertionError(command)

    monkeypatch.setattr(sqlite_locks.fcntl, "fcntl", refuse)
    for purpose in ALL:
        message = refusal(path, purpose)
        assert message.startswith(f"The ledger {path} cannot be used: its file system does not lock files (No locks available). Two runs could not")
        assert message.endswith("and set ledger to it; or set ledger to a PostgreSQL database. Nothing was changed.")
        assert snapshot(path.parent) == before


def test_full_disk_loses_nothing_that_was_noted_before(path):
    fill(path)

    def fill_the_file(ledger):
        pages = ledger.store.read("PRAGMA page_count")[0][0]
        ledger.store.read(f"PRAGMA max_page_count = {pages}")
        ledger.note({}, entries=(entry(one, created="x" * 100) for one in range(10, 1000)))

    assert refusal(path, use=fill_the_file) == (
        f"The ledger {path} cannot be used: database or disk is full. Free space on the disk, then run it again. What was recorded before is not lost."
    )
    with open_at(path, LOOK) as ledger:
        assert len(list(ledger.entries())) == 3


# Transactions


def test_transaction_is_all_or_nothing(path):
    with stored(path) as store:
        for statement, error in ((None, KeyError), ("nonsense", LedgerError), (INSERT, LedgerError), ("INSERT INTO gone VALUES (1)", LedgerError)):
            with pytest.raises(error), store.transaction():
                store.write(INSERT)
                if statement is None:
                    raise KeyError
                store.write(statement)
            assert store.read("SELECT count(*) FROM load") == [(0,)]
        with store.transaction():
            store.write(INSERT)
            assert execute(path, "SELECT count(*) FROM load") == [[(0,)]]
        assert execute(path, "SELECT count(*) FROM load") == [[(1,)]]


def test_commit_ends_with_a_write_and_not_with_a_removal(path):
    """What SQLite syncs is the write; a removal may be undone by a power failure, and the journal takes the commit back."""
    with stored(path) as store:
        with store.transaction():
            store.write(INSERT)
        assert store.read("PRAGMA synchronous") == [(2,)]
        journal = path.with_name("requeue.sqlite3-journal").read_bytes()
        assert journal[:28] == bytes(28)
        assert any(journal)
    assert [one.name for one in path.parent.iterdir()] == ["requeue.sqlite3"]


# Locks


@pytest.mark.parametrize("binding_ids", [[0], [1, 2, 3], [2**23 - 2], [2**31, 2**62, 2**63 - 1], None])
@pytest.mark.parametrize("instance", [1, 125, 126, 127, 10**6])
@pytest.mark.parametrize("process", [1, 4194303])
def test_bytes_of_a_lock_tell_its_holder(monkeypatch, binding_ids, instance, process):
    """They lie behind the content and SQLite's own locks, in what a file may have, apart from those of others; a whole instance covers its bindings."""
    monkeypatch.setattr(os, "getpid", lambda: process)
    spans = sqlite_locks._spans(instance, binding_ids)
    [(whole, length)] = sqlite_locks._spans(instance, None)
    first = sqlite_locks._first_byte(instance)
    assert 2**40 < first <= whole
    assert whole + length == first + sqlite_locks._INSTANCE <= 2**63
    number = sqlite_locks._number(this_run())
    for start, size in spans:
        assert whole <= start < start + size <= whole + length
        assert sqlite_locks._holder_number(instance, start, size) == number
    ends = sorted((start, start + size) for start, size in spans)
    assert all(one[1] < other[0] for one, other in zip(ends, ends[1:]))  # those that touch would become one lock
    assert (number - 1) // sqlite_locks._HOSTS == process
