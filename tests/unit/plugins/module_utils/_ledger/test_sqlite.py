# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger as a file: where it is, how it is made, what is damaged, what cannot be opened, what a commit leaves behind, and whose lock it is."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import re
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import sqlite_locks
from ansible_collections.adverity.management.plugins.module_utils._ledger.holder import this_run
from ansible_collections.adverity.management.plugins.module_utils._ledger.path import absolute_path
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite_errors import next_step
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DEFAULT_LEDGER
from ansible_collections.adverity.management.tests.unit.plugins.places import SqlitePlace
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ALL, INSERT, ROW, entry, open_at, read_all, refusal


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def fill(place, extracts=3):
    """Makes a ledger with so many extracts in it, and returns its bytes."""
    with place.open() as ledger:
        ledger.note({5: [ROW]}, entries=[entry(number) for number in range(1, extracts + 1)])
        ledger.dispatched(ledger.intend([5], [1, 2]), but=[1])
    return place.path.read_bytes()


# Where it is


def test_path_below_the_home_is_found(monkeypatch):
    assert absolute_path(DEFAULT_LEDGER) == os.environ["HOME"] + "/.ansible/adverity/requeue.sqlite3"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: pwd.struct_passwd(("me", "x", 1, 1, "", "/of-the-list", "/bin/sh")))
    assert absolute_path(DEFAULT_LEDGER) == "/of-the-list/.ansible/adverity/requeue.sqlite3"


@pytest.mark.parametrize("name", ["a b", "a?mode=ro", "a#b", "a%20b", "file:a", "Z\u00fcrich \U0001f600", "'; DROP TABLE load;", "a&vfs=unix-none"])
def test_any_name_is_just_a_name(tmp_path, name):
    fill(SqlitePlace(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    (tmp_path / "link").symlink_to(tmp_path / name)
    for purpose in ALL:
        with open_at(tmp_path / "link", purpose) as ledger:
            assert len(list(ledger.entries())) == 3


def test_new_ledger_and_its_folder_are_for_this_user_only(tmp_path):
    place = SqlitePlace(tmp_path / "above" / "ledger" / "requeue.sqlite3")
    umask = os.umask(0)
    try:
        fill(place)
    finally:
        os.umask(umask)
    assert (mode(place.path.parent), mode(place.path)) == (0o700, 0o600)


def test_empty_file_is_a_ledger_that_was_not_begun_and_keeps_its_permissions(sqlite_place):
    path = sqlite_place.path
    path.touch()
    path.parent.chmod(0o750)
    path.chmod(0o640)
    for purpose in (PREDICT, LOOK):
        with sqlite_place.open(purpose) as ledger:
            assert list(ledger.entries()) == []
        assert path.read_bytes() == b""
    fill(sqlite_place)
    assert (mode(path.parent), mode(path)) == (0o750, 0o640)


# What is no ledger, or a damaged one


def flip(content, start, length=8):
    return content[:start] + bytes(255 - byte for byte in content[start : start + length]) + content[start + length :]


def cut(end):
    return lambda content: content[:end]


def flipped(start):
    return lambda content: flip(content, start % len(content))


RESTORE = "The file was not changed. Restore a current copy"
READING = (PREDICT, LOOK)  # damage inside is found where it is read
NO_LEDGER = "it is a database, but not a ledger of this collection"


@pytest.mark.parametrize(
    ("change", "purposes", "says"),
    [
        # What another program made of the file, which runs see it, and what they say.
        (lambda _content: b"not a ledger\n", ALL, RESTORE),
        (cut(100), ALL, RESTORE),
        (cut(-1), ALL, RESTORE),
        (lambda content: bytes(len(content)), ALL, RESTORE),
        (lambda content: content[:100] + bytes(len(content) - 100), ALL, RESTORE),
        (flipped(100), ALL, RESTORE),
        (cut(4096), READING, RESTORE),
        (cut(-4096), READING, RESTORE),
        (flipped(2 * 4096), READING, RESTORE),  # page 2 is not read by a run that only reads
        (flipped(-4096), READING, RESTORE),
        ("CREATE TABLE load (x)", ALL, NO_LEDGER),
        ("PRAGMA journal_mode = WAL; CREATE TABLE other (x)", ALL, NO_LEDGER),
        ("PRAGMA application_id = 7", ALL, NO_LEDGER),
        ("PRAGMA user_version = 1", ALL, NO_LEDGER),
        (
            "PRAGMA application_id = 0x41444C47; PRAGMA user_version = 4; CREATE TABLE other (x)", ALL,
            "it is damaged (its tables are not those of a ledger). " + RESTORE,
        ),
    ],
)  # fmt: skip
def test_file_that_cannot_be_used_is_named_and_left_as_it_is(sqlite_place, change, purposes, says):
    path = sqlite_place.path
    if callable(change):
        path.write_bytes(change(fill(sqlite_place, 3000)))
    else:
        for statement in change.split("; "):
            sqlite_place.run(statement)
    before = sqlite_place.content()
    for purpose in purposes:
        message = refusal(path, purpose, use=read_all)
        assert message.startswith(f"The ledger {path} cannot be used: ")
        assert says in message
        assert sqlite_place.content() == before


def test_no_flipped_byte_leads_to_anything_but_a_ledger_error(sqlite_place):
    content = fill(sqlite_place, 40)
    for position in [*range(0, 100, 3), *range(100, len(content), 211)]:
        sqlite_place.path.write_bytes(flip(content, position, 1))
        with contextlib.suppress(LedgerError), sqlite_place.open(LOOK) as ledger:
            read_all(ledger)
        assert sqlite_place.path.read_bytes() == flip(content, position, 1)


# What cannot be opened


@pytest.mark.parametrize(
    ("below", "folder_mode", "file_mode", "refused"),
    [
        ("requeue.sqlite3", 0o777, 0o444, [WRITE, PREDICT]),
        ("requeue.sqlite3", 0o555, 0o666, [WRITE, PREDICT]),
        ("requeue.sqlite3", 0o777, 0o000, ALL),
        ("requeue.sqlite3", 0o000, 0o666, ALL),
        ("requeue.sqlite3", 0o555, None, [WRITE, PREDICT]),
        ("deeper/still/requeue.sqlite3", 0o555, None, [WRITE, PREDICT]),
    ],
)
@pytest.mark.parametrize("purpose", ALL)
def test_ledger_without_the_right_to_use_it_is_named(below, folder_mode, file_mode, refused, purpose):
    user = os.geteuid()
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:  # which every user can reach, unlike pytest's own
        place = SqlitePlace(Path(folder) / below)
        if file_mode is not None:
            fill(place)
            place.path.chmod(file_mode)
        os.chmod(folder, folder_mode)
        os.seteuid(user or 65534)  # root has all rights
        try:
            if purpose in refused:
                assert refusal(place.path, purpose).startswith(f"The ledger {place.path} cannot be used: ")
            else:
                with place.open(purpose) as ledger:
                    assert len(list(ledger.entries())) == (0 if file_mode is None else 3)
        finally:
            os.seteuid(user)
            os.chmod(folder, 0o777)
        assert list(Path(folder).iterdir()) == ([] if file_mode is None else [place.path])


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
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "requeue.sqlite3")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.rglob("*"))
    for purpose in ALL:
        assert re.match(f"The ledger .* cannot be used: .*{says}", refusal(tmp_path / name, purpose))
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_bytes() == b""


# What the system or SQLite says

NO_LOCK = "Two runs could not keep out of each other's way there. Copy the file"
DISK = "what was recorded before is not lost. Check the disk. If it is sound: copy the file to a local disk"
USABLE = "The file was not changed. Make the place usable for this user"


@pytest.mark.parametrize(
    ("advice", "errors"),
    [
        (NO_LOCK, [OSError(number, "") for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)]),
        (DISK, [OSError(number, "") for number in (errno.EIO, errno.ESTALE, errno.ETIMEDOUT)]),
        (DISK, [sqlite3.OperationalError(words) for words in ("disk I/O error", "locking protocol")]),
        (USABLE, [OSError(errno.ENOTDIR, "")]),
        (USABLE, [sqlite3.OperationalError(words) for words in ("unable to open database file", "attempt to write a readonly database")]),
        (RESTORE, [sqlite3.OperationalError(words) for words in ("database disk image is malformed", "no such column: pairs")]),
    ],
)
def test_advice_fits_what_the_system_says(advice, errors):
    for error in errors:
        assert advice in next_step(error, str(error))


def test_file_system_without_locks_is_named(sqlite_place, monkeypatch):
    before = fill(sqlite_place)

    def refuse(_file, command, *_more):
        raise OSError(errno.ENOLCK, "No locks available") if command == sqlite_locks._GET_LOCK else AssertionError(command)

    monkeypatch.setattr(sqlite_locks.fcntl, "fcntl", refuse)
    for purpose in ALL:
        says = f"The ledger {sqlite_place.path} cannot be used: its file system does not lock files (No locks available). {NO_LOCK}"
        assert refusal(sqlite_place.path, purpose).startswith(says)
    assert sqlite_place.path.read_bytes() == before


def test_full_disk_loses_nothing_that_was_noted_before(sqlite_place):
    fill(sqlite_place)

    def fill_the_file(ledger):
        [[pages]] = ledger.store.read("PRAGMA page_count")
        ledger.store.read(f"PRAGMA max_page_count = {pages}")
        ledger.note({}, entries=(entry(number, created="x" * 100) for number in range(10, 1000)))

    says = "cannot be used: database or disk is full. Free space on the disk, then run it again. What was recorded before is not lost."
    assert refusal(sqlite_place.path, use=fill_the_file).endswith(says)
    with sqlite_place.open(LOOK) as ledger:
        assert len(list(ledger.entries())) == 3


def test_commit_ends_with_a_write_and_not_with_a_removal(sqlite_place):
    """What SQLite syncs is the write; a removal may be undone by a power failure, and the journal takes the commit back."""
    with sqlite_place.open() as ledger:
        with ledger.store.transaction():
            ledger.store.write(INSERT)
        assert ledger.store.read("PRAGMA synchronous") == [(2,)]
        journal = sqlite_place.path.with_name("requeue.sqlite3-journal").read_bytes()
        assert journal[:28] == bytes(28)
        assert any(journal)
    assert list(sqlite_place.path.parent.iterdir()) == [sqlite_place.path]


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


def test_all_paths_to_one_file_share_the_lock(sqlite_place, tmp_path):
    path = sqlite_place.path
    with sqlite_place.open() as holder:
        holder.take_turn([5])
        (tmp_path / "symbolic").symlink_to(path)
        os.link(path, tmp_path / "hard")
        (tmp_path / "folder").symlink_to(path.parent)
        for other in ("symbolic", "hard", f"folder/{path.name}", f"place/../place/./{path.name}"):
            with open_at(f"{tmp_path}/{other}", LOOK) as ledger:
                assert ledger.busy is True


def test_lock_of_a_file_is_not_lost_when_the_process_opens_it_elsewhere(sqlite_place, fork):
    """Locks of the older kind end when any handle for the file is closed, as by a second ledger in one process."""

    def work(child):
        child.wait()  # forked before there is a lock: one that is inherited is held here, too
        with sqlite_place.open(LOOK) as ledger:
            child.say(str(ledger.busy))

    child = fork(work)
    with sqlite_place.open() as ledger:
        ledger.take_turn([5])
        with sqlite_place.open(LOOK):
            pass
        sqlite_place.path.read_bytes()
        child.go()
        assert child.hear() == "True"
