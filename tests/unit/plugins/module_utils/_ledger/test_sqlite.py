# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger as a file: how it is made, what is none, what cannot be opened, and what a commit leaves behind."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import resource
import shutil
import signal
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import sqlite
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.holder import this_run
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import place_of_ledger
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DEFAULT_LEDGER

HOST = "acme.example"
ALL = [WRITE, PREDICT, LOOK]
READING = [PREDICT, LOOK]
INSERT = "INSERT INTO load VALUES (1, 2, 3, 4, NULL, NULL)"

ROW = BindingFact(FactKind.ROW, enabled=True, updated="2026-01-01T00:00:00Z")


def open_at(path, purpose=WRITE, host=HOST):
    return Ledger(str(path), None, host, purpose, 5)


def snapshot(folder):
    """Everything in a folder: kind and permissions, and of files the bytes."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None) for path in sorted(Path(folder).rglob("*"))
    }


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def fill(path, host=HOST, extracts=300):
    """Makes a ledger with so many extracts in it, in every status."""
    with open_at(path, host=host) as ledger:
        ledger.note({5: [ROW]}, entries=[Entry(5, one, 456, "2026-01-01T00:00:00Z") for one in range(1, extracts + 1)])
        ledger.dispatched(ledger.intend([5], [1, 2]), but=[1])
        ledger.record(EventKind.REFUSED, [Entry(5, 3, 456, None)], "gone")
    return path.read_bytes()


@contextlib.contextmanager
def stored(path):
    """A store that writes."""
    store = SqliteStore(str(path))
    store.open(WRITE)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger" / "requeue.sqlite3"


# Making


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_it_is_made_for_this_user_only(path, umask):
    before = os.umask(umask)
    try:
        with stored(path) as store, store.transaction():
            store.write(INSERT)
            kinds = {one.name: mode(one) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700
    assert kinds == {"requeue.sqlite3": 0o600, "requeue.sqlite3-journal": 0o600}


def test_folders_above_are_made_too(tmp_path):
    path = tmp_path / "a" / "b" / "c" / "requeue.sqlite3"
    with open_at(path):
        assert mode(path.parent) == 0o700
        assert mode(path) == 0o600


def test_what_is_there_keeps_its_permissions(path):
    path.parent.mkdir(mode=0o755)
    path.parent.chmod(0o750)
    path.touch()
    path.chmod(0o640)
    with open_at(path):
        pass
    assert (mode(path.parent), mode(path)) == (0o750, 0o640)


def test_it_is_found_in_the_home_by_default(tmp_path):
    with open_at(DEFAULT_LEDGER) as ledger:
        assert ledger.shown == str(tmp_path / "home" / ".ansible" / "adverity" / "requeue.sqlite3")
    assert mode(tmp_path / "home" / ".ansible" / "adverity") == 0o700


@pytest.mark.parametrize("name", ["a b", "a?mode=ro", "a#b", "a%20b", "file:a", "Z\u00fcrich \U0001f600", "'; DROP TABLE load; --", "a&vfs=unix-none"])
def test_any_name_is_just_a_name(tmp_path, name):
    for purpose in ALL:
        with open_at(tmp_path / name, purpose) as ledger:
            ledger.take_turn([5])
            if purpose == WRITE:
                ledger.note({5: [ROW]})
            assert list(ledger.histories()) == [5]
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["requeue.sqlite3", "./requeue.sqlite3", "../requeue.sqlite3", "a/b", "", "."])
def test_a_relative_path_is_refused(tmp_path, monkeypatch, name):
    """It would be relative to the folder of the playbook, which may be the installed collection."""
    monkeypatch.chdir(tmp_path)
    for purpose in ALL:
        with pytest.raises(InputError) as caught:
            open_at(name, purpose)
        assert str(caught.value).startswith(f"ledger is {name!r}, a relative path.")
        assert "Set ledger to an absolute path" in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] in ([], ["home"])


def place_of(option):
    """The path of a ledger, as a module gets it."""
    return place_of_ledger(DEFAULT_LEDGER)(option)


@pytest.mark.parametrize(
    ("option", "home", "says"),
    [
        ("", None, "The default ledger ~/.ansible/adverity/requeue.sqlite3 cannot be found: HOME is not set and this user has no home folder. Set HOME, or"),
        ("~/mine", None, "The ledger ~/mine cannot be found: HOME is not set and this user has no home folder. Set HOME, or set ledger"),
        ("$HOME/mine", None, "The ledger $HOME/mine cannot be found: the environment variable HOME is not set. Set HOME, or set ledger"),
        ("${LEDGERS}/mine", "/home/me", "The ledger ${LEDGERS}/mine cannot be found: the environment variable LEDGERS is not set. Set LEDGERS, or"),
        ("~no-such-user/mine", "/home/me", "The ledger ~no-such-user/mine cannot be found: there is no user 'no-such-user' with a home folder. Correct"),
        ("", "", "The default ledger ~/.ansible/adverity/requeue.sqlite3 cannot be found: HOME is '', which is not an absolute path. Correct HOME, or"),
        ("~", "mine", "The ledger ~ cannot be found: HOME is 'mine', which is not an absolute path. Correct HOME, or set ledger (or ADVERITY_LEDGER) to an"),
    ],
)
def test_a_home_that_is_not_there_is_named(tmp_path, monkeypatch, option, home, says):
    """As in a container whose user is in no list of users."""
    def no_user(name_or_number):
        raise KeyError(name_or_number)

    monkeypatch.setattr(pwd, "getpwuid", no_user)
    if home is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", home)
    monkeypatch.chdir(tmp_path)
    for purpose in ALL:
        with pytest.raises(InputError) as caught, open_at(place_of(option), purpose):
            pass
        assert str(caught.value).startswith(says)
        assert "relative path" not in str(caught.value)
        assert str(caught.value).endswith("to an absolute path or to the URL of a PostgreSQL database. Nothing was changed.")
    assert list(tmp_path.iterdir()) == []


def test_without_home_the_list_of_users_tells_it(tmp_path, monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: pwd.struct_passwd(("me", "x", 1, 1, "", str(tmp_path / "of-the-list"), "/bin/sh")))
    with open_at(place_of("")) as ledger:
        assert ledger.shown == str(tmp_path / "of-the-list" / ".ansible" / "adverity" / "requeue.sqlite3")


def test_a_link_leads_to_the_ledger(tmp_path, path):
    fill(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    for purpose in ALL:
        with open_at(link, purpose) as ledger:
            assert len(list(ledger.entries())) == 300


@pytest.mark.parametrize("purpose", READING)
@pytest.mark.parametrize("host", [HOST, "never.seen"])
def test_reading_leaves_every_byte_as_it_is(path, purpose, host):
    fill(path)
    before = snapshot(path.parent)
    with open_at(path, purpose, host) as ledger:
        assert len(list(ledger.entries())) == (300 if host == HOST else 0)
    assert snapshot(path.parent) == before


def test_an_empty_file_is_a_ledger_that_was_not_begun(path):
    path.parent.mkdir()
    path.touch()
    for purpose in READING:
        with open_at(path, purpose) as ledger:
            assert list(ledger.entries()) == []
        assert path.read_bytes() == b""
    with open_at(path) as ledger:
        ledger.note({5: [ROW]})
    assert path.read_bytes().startswith(b"SQLite format 3\x00")


# What is no ledger


def flip(content, start, length=8):
    return content[:start] + bytes(255 - byte for byte in content[start : start + length]) + content[start + length :]


def foreign(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


DAMAGED = {  # by its header and length
    "garbage": lambda content: bytes(range(256)) * 40,
    "text": lambda content: b"not a ledger\n",
    "one byte": lambda content: content[:1],
    "magic alone": lambda content: content[:16],
    "half a header": lambda content: content[:50],
    "header alone": lambda content: content[:100],
    "half a page": lambda content: content[:2048],
    "half a page less": lambda content: content[:-2048],
    "a byte less": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "zeros after the header": lambda content: content[:100] + bytes(len(content) - 100),
    "magic flipped": lambda content: flip(content, 0),
    "schema flipped": lambda content: flip(content, 100),
}
DAMAGED_INSIDE = {  # found where it is read
    "one page": lambda content: content[:4096],
    "half": lambda content: content[: len(content) // 2 // 4096 * 4096],
    "a page less": lambda content: content[:-4096],
    "page 3 flipped": lambda content: flip(content, 2 * 4096),  # page 2 is not read by a run that only reads
    "last page flipped": lambda content: flip(content, len(content) - 4096),
    "every page flipped": lambda content: content[:4096] + b"".join(flip(content[at : at + 4096], 0) for at in range(4096, len(content), 4096)),
}


def read_all(ledger):
    """Everything that a run may ask."""
    ledger.histories()
    ledger.binding_rows()
    ledger.pending_counts()
    ledger.open_entries()
    ledger.pending_entries([5])
    ledger.statuses(5, range(1, 400))
    return [entry for entry in ledger.entries() if isinstance(entry, Entry)]


def check_refusal(caught, path):
    result = caught.value.result()
    assert result["msg"].startswith(f"The ledger {path} cannot be used: ")
    assert "The file was not changed. Restore a current copy" in result["msg"]
    assert "\n" not in result["msg"]
    assert result["ledger"] == str(path)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_ledger_is_named_and_left_as_it_is(path, damage):
    content = fill(path)
    assert len(content) > 4 * 4096
    path.write_bytes(DAMAGED[damage](content))
    before = snapshot(path.parent)
    for purpose in ALL:
        with pytest.raises(LedgerError) as caught, open_at(path, purpose):
            pass
        check_refusal(caught, path)
        assert snapshot(path.parent) == before


@pytest.mark.parametrize("damage", DAMAGED_INSIDE)
def test_damage_inside_is_found_where_it_is_read(path, damage):
    path.write_bytes(DAMAGED_INSIDE[damage](fill(path, extracts=3000)))
    before = snapshot(path.parent)
    for purpose in READING:
        with pytest.raises(LedgerError) as caught, open_at(path, purpose) as ledger:
            read_all(ledger)
        check_refusal(caught, path)
        assert snapshot(path.parent) == before


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["CREATE TABLE load (x)", "INSERT INTO load VALUES (1)"], "not a ledger of this collection"),
        (["CREATE TABLE other (x)"], "not a ledger of this collection"),
        (["PRAGMA journal_mode = WAL", "CREATE TABLE other (x)"], "not a ledger of this collection"),
        (["PRAGMA application_id = 7"], "not a ledger of this collection"),
        (["PRAGMA user_version = 1"], "not a ledger of this collection"),
        (["PRAGMA application_id = 0x41444C47", "PRAGMA user_version = 99"], "newer version of this collection"),
        (["PRAGMA application_id = 0x41444C47", "PRAGMA user_version = 1", "CREATE TABLE backfill (x)"], "an older version of this collection wrote it"),
        (["PRAGMA application_id = 0x41444C47", "PRAGMA user_version = 4", "CREATE TABLE other (x)"], "its tables are not those of a ledger"),
    ],
)
def test_another_database_is_no_ledger_and_left_as_it_is(path, statements, says):
    path.parent.mkdir()
    foreign(path, *statements)
    before = snapshot(path.parent)
    for purpose in ALL:
        with pytest.raises(LedgerError, match=says), open_at(path, purpose):
            pass
        assert snapshot(path.parent) == before


@pytest.mark.parametrize("purpose", ALL)
def test_a_newer_ledger_is_not_touched(path, purpose):
    fill(path)
    foreign(path, "PRAGMA user_version = 99")
    before = snapshot(path.parent)
    told = r"newer version of this collection wrote it \(format 99, this one knows 4\)\. Update the collection on this machine\. Nothing was changed"
    with pytest.raises(LedgerError, match=told), open_at(path, purpose):
        pass
    assert snapshot(path.parent) == before


@pytest.mark.parametrize("part", range(4))
def test_no_flipped_byte_leads_to_anything_but_a_ledger_error(path, part):
    content = fill(path, extracts=40)
    positions = [*range(0, 100, 3), *range(100, len(content), 211)]
    for position in positions[part::4]:
        path.write_bytes(flip(content, position, 1))
        with contextlib.suppress(LedgerError), open_at(path, LOOK) as ledger:
            read_all(ledger)
        assert path.read_bytes() == flip(content, position, 1)


# What cannot be opened


@pytest.mark.parametrize("purpose", ALL)
def test_a_folder_is_no_ledger(tmp_path, purpose):
    before = snapshot(tmp_path)
    with pytest.raises(LedgerError, match="it is not a file"), open_at(tmp_path, purpose):
        pass
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("below", ["requeue.sqlite3", "deeper/requeue.sqlite3", "deeper/still/requeue.sqlite3"])
def test_below_a_file_there_can_be_no_ledger(tmp_path, below):
    (tmp_path / "file").write_text("text")
    before = snapshot(tmp_path)
    for purpose in ALL:
        with pytest.raises(LedgerError) as caught, open_at(tmp_path / "file" / below, purpose):
            pass
        assert str(tmp_path / "file" / below) in str(caught.value)
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize("purpose", ALL)
def test_a_link_to_nowhere_is_no_ledger(tmp_path, purpose):
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "requeue.sqlite3")
    with pytest.raises(LedgerError), open_at(tmp_path / "link", purpose):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800b", "x" * 300])
def test_what_can_be_no_name_is_a_ledger_error(tmp_path, name):
    for purpose in ALL:
        with pytest.raises(LedgerError), open_at(tmp_path / name, purpose):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_no_ledger(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for purpose in ALL:
        with pytest.raises(LedgerError, match="it is not a file"), open_at(tmp_path / "pipe", purpose):
            pass


@pytest.fixture
def open_folder():
    """A folder that every user can reach, unlike pytest's own."""
    folder = tempfile.mkdtemp(prefix="ledger-")
    os.chmod(folder, 0o755)
    yield Path(folder)
    shutil.rmtree(folder)


def as_nobody(fork, work):
    """What ``work`` returns when it runs in another process without root's rights."""

    def drop(child):
        rights = os.getegid(), os.geteuid()
        if os.geteuid() == 0:
            os.setegid(65534)
            os.seteuid(65534)
        try:
            said = work()
        finally:  # at its end the process writes down what it covered
            os.seteuid(rights[1])
            os.setegid(rights[0])
        child.say(said.replace("\n", " "))

    child = fork(drop)
    said = child.hear()
    assert child.end() == 0, said
    return said


def try_open(path, purpose):
    def work():
        try:
            with open_at(path, purpose) as ledger:
                return f"{len(list(ledger.entries()))} entries"
        except AdverityError as error:
            return f"{type(error).__name__}: {error}"

    return work


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
@pytest.mark.parametrize("locked", ["file", "folder", "both"])
def test_a_ledger_that_cannot_be_written_is_named(fork, open_folder, purpose, locked):
    path = open_folder / "requeue.sqlite3"
    fill(path, extracts=3)
    path.chmod(0o666 if locked == "folder" else 0o444)
    open_folder.chmod(0o777 if locked == "file" else 0o555)
    before = snapshot(open_folder)
    said = as_nobody(fork, try_open(path, purpose))
    assert said.startswith(f"LedgerError: The ledger {path} cannot be used: ")
    assert snapshot(open_folder) == before


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
@pytest.mark.parametrize("below", ["requeue.sqlite3", "deeper/requeue.sqlite3", "deeper/still/requeue.sqlite3"])
def test_a_ledger_that_cannot_be_made_is_named(fork, open_folder, purpose, below):
    open_folder.chmod(0o555)
    said = as_nobody(fork, try_open(open_folder / below, purpose))
    assert said.startswith(f"LedgerError: The ledger {open_folder / below} cannot be used: ")
    assert snapshot(open_folder) == {}


@pytest.mark.parametrize("purpose", ALL)
def test_a_ledger_that_cannot_be_read_is_named(fork, open_folder, purpose):
    path = open_folder / "requeue.sqlite3"
    fill(path, extracts=3)
    path.chmod(0o000)
    open_folder.chmod(0o777)
    said = as_nobody(fork, try_open(path, purpose))
    assert said.startswith(f"LedgerError: The ledger {path} cannot be used: ")


@pytest.mark.parametrize("purpose", ALL)
def test_a_folder_that_cannot_be_entered_hides_no_ledger(fork, open_folder, purpose):
    path = open_folder / "closed" / "requeue.sqlite3"
    path.parent.mkdir()
    fill(path, extracts=3)
    path.parent.chmod(0o000)
    try:
        said = as_nobody(fork, try_open(path, purpose))
    finally:
        path.parent.chmod(0o700)
    assert said.startswith(f"LedgerError: The ledger {path} cannot be used: ")


def test_looking_needs_no_right_to_write(fork, open_folder):
    path = open_folder / "requeue.sqlite3"
    fill(path, extracts=3)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    assert as_nobody(fork, try_open(path, LOOK)) == "3 entries"


# Transactions


def count(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM load").fetchone()[0]


def test_a_transaction_is_all_or_nothing(path):
    with stored(path) as store:
        with pytest.raises(KeyError), store.transaction():
            store.write(INSERT)
            raise KeyError
        assert count(path) == 0
        with store.transaction():
            store.write(INSERT)
            assert count(path) == 0
        assert count(path) == 1


@pytest.mark.parametrize("statement", ["nonsense", "INSERT INTO event (instance) VALUES (1)", INSERT, "INSERT INTO gone VALUES (1)"])
def test_what_sqlite_says_becomes_a_ledger_error_and_is_rolled_back(path, statement):
    with stored(path) as store:
        with pytest.raises(LedgerError, match="cannot be used"), store.transaction():
            store.write(INSERT)
            store.write(statement)
        assert store.read("SELECT count(*) FROM load") == [(0,)]


def test_a_commit_ends_with_a_write_and_not_with_a_removal(path):
    """What SQLite syncs is the write; a removal may be undone by a power failure, and the journal takes the commit back."""
    with stored(path) as store:
        with store.transaction():
            store.write(INSERT)
        assert store.read("PRAGMA synchronous") == [(2,)]
        journal = path.with_name("requeue.sqlite3-journal").read_bytes()
        assert journal[:28] == bytes(28)
        assert any(journal)
    assert [one.name for one in path.parent.iterdir()] == ["requeue.sqlite3"]


def test_a_full_disk_is_told_with_advice_that_fits(path):
    with open_at(path) as ledger:
        ledger.note({5: [ROW]})
        pages = ledger.store.read("PRAGMA page_count")[0][0]
        ledger.store.read(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerError) as caught:
            ledger.note({}, entries=(Entry(5, one, 456, "x" * 100) for one in range(1000)))
        assert list(ledger.entries()) == []
    assert str(caught.value) == (
        f"The ledger {path} cannot be used: database or disk is full. Free space on the disk, then run it again. What was recorded before is not lost."
    )
    with open_at(path, LOOK) as ledger:
        assert list(ledger.histories()) == [5]


def test_a_disk_that_is_full_from_the_beginning(path, monkeypatch):
    def full(*_arguments, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "mkdir", full)
    with pytest.raises(LedgerError, match=r"No space left on device\. Free space on the disk"), open_at(path):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
@pytest.mark.parametrize("purpose", ALL)
def test_a_file_system_without_locks_is_named(path, monkeypatch, number, purpose):
    fill(path, extracts=3)
    before = snapshot(path.parent)

    def refuse(_file, command, *_more):
        raise OSError(number, os.strerror(number)) if command == sqlite._GET_LOCK else AssertionError(command)

    monkeypatch.setattr(sqlite.fcntl, "fcntl", refuse)
    with pytest.raises(LedgerError) as caught, open_at(path, purpose):
        pass
    assert str(caught.value) == (
        f"The ledger {path} cannot be used: its file system does not lock files ({os.strerror(number)}). Two runs could not keep out of each other's way there."
        " Copy the file to a local disk while no run is at work, and set ledger to it; or set ledger to a PostgreSQL database. Nothing was changed."
    )
    assert snapshot(path.parent) == before


@pytest.mark.parametrize("says", ["disk I/O error", "locking protocol"])
def test_a_disk_that_fails_is_no_damaged_ledger(path, monkeypatch, says):
    fill(path, extracts=3)

    def fail(*_arguments, **_more):
        raise sqlite3.OperationalError(says)

    monkeypatch.setattr(sqlite3, "connect", fail)
    with pytest.raises(LedgerError) as caught, open_at(path):
        pass
    message = str(caught.value)
    assert f"cannot be used: {says}. The disk or the connection to it fails, or its file system does not lock files, as some network" in message
    assert "what was recorded before is not lost. Check the disk. If it is sound: copy the file to a local disk" in message
    assert "Restore" not in message


def test_a_disk_that_fails_while_it_is_written(path, fork):
    """For real: the system refuses to let the file grow, which SQLite calls an I/O error."""
    fill(path, extracts=3)

    def work(child):
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            with open_at(path) as ledger:
                ledger.note({}, entries=(Entry(5, one, 456, "x" * 100) for one in range(10, 1000)))
        except LedgerError as error:
            child.say(str(error))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    said = fork(work).hear()
    assert "cannot be used: disk I/O error. The disk or the connection to it fails" in said
    with open_at(path, LOOK) as ledger:
        assert len(list(ledger.entries())) == 3


@pytest.mark.parametrize(
    ("says", "next_step"),
    [
        ("unable to open database file", "Make the place usable for this user"),
        ("attempt to write a readonly database", "Make the place usable for this user"),
        ("database disk image is malformed", "Restore a current copy"),
        ("no such column: pairs", "Restore a current copy"),
    ],
)
def test_only_damage_asks_for_a_copy(path, monkeypatch, says, next_step):
    with open_at(path) as ledger:
        def fail():
            raise sqlite3.OperationalError(says)

        with pytest.raises(LedgerError, match=f"{says}. The file was not changed. {next_step}"), ledger.store._errors():
            fail()


@pytest.mark.parametrize("binding_ids", [[0], [1, 2, 3], [2**23 - 2], [2**31, 2**62, 2**63 - 1], None])
@pytest.mark.parametrize("instance", [1, 2, 125, 126, 127, 10**6])
@pytest.mark.parametrize("process", [1, 4194303])
def test_the_bytes_of_a_lock_tell_its_holder(monkeypatch, binding_ids, instance, process):
    """They lie behind the content and SQLite's own locks, in what a file may have, apart from those of others; a whole instance covers its bindings."""
    monkeypatch.setattr(os, "getpid", lambda: process)
    spans = sqlite._spans(instance, binding_ids)
    [(whole, length)] = sqlite._spans(instance, None)
    first = sqlite._first_byte(instance)
    assert 2**40 < first <= whole
    assert whole + length == first + sqlite._INSTANCE <= 2**63
    number = sqlite._number(this_run())
    for start, size in spans:
        assert whole <= start < start + size <= whole + length
        assert sqlite._holder_number(instance, start, size) == number
    ends = sorted((start, start + size) for start, size in spans)
    assert all(one[1] < other[0] for one, other in zip(ends, ends[1:]))  # those that touch would become one lock
    assert (number - 1) // sqlite._HOSTS == process


def test_a_file_that_another_program_locks(path, monkeypatch):
    fill(path, extracts=3)
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *arguments, **more: real(*arguments, **dict(more, timeout=0.1)))
    with contextlib.closing(real(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerError, match=r"database is locked\. Another program holds the file\. End it, then run it again\."), open_at(path):
            pass


def test_what_a_killed_run_left_half_way_is_undone(path, fork):
    fill(path, extracts=3)

    def work(child):
        with stored(path) as store, store.transaction():
            store.read("PRAGMA cache_size = 1")  # so that it spills to the file before it is committed
            store.write_many("INSERT INTO load VALUES (?, ?, ?, ?, ?, ?)", ((1, 6, one, 4, "x" * 100, None) for one in range(5000)))
            child.say("spilt")
            child.wait()

    child = fork(work)
    assert child.hear() == "spilt"
    child.kill()
    assert path.stat().st_size > 100000
    with open_at(path, LOOK) as ledger:
        assert [entry.binding_id for entry in ledger.entries()] == [5, 5, 5]
