# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.entries import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.file import DEFAULT_PATH, LOOK, PREDICT, WRITE, LedgerFile

HOST = "acme.example"
ALL = [WRITE, PREDICT, LOOK]
READING = [PREDICT, LOOK]


def snapshot(folder):
    """Everything in a folder: kind and permissions, and of files the bytes."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None) for path in sorted(Path(folder).rglob("*"))
    }


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def fill(path, host=HOST, extracts=300):
    """Makes a ledger with so many extracts in it, in every status."""
    with Ledger(str(path), host, WRITE) as ledger:
        entries = [Entry(5, one, 456, "2026-01-01T00:00:00Z", "pending", None) for one in range(1, extracts + 1)]
        ledger.plan(entries, {5: 456}, {5: [("2026-01-01T00:00:00Z", None)]}, taken_up=True)
        ledger.dispatched(ledger.intend([5], [1, 2]), but=[1])
    return path.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger" / "requeue.sqlite3"


# Making


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_it_is_made_for_this_user_only(path, umask):
    before = os.umask(umask)
    try:
        with LedgerFile(str(path), HOST, WRITE) as ledger:
            assert ledger.path == str(path)
            with ledger.transaction() as connection:
                connection.execute("INSERT INTO load VALUES (1, 2, 3, 4, NULL, NULL, NULL)")
                kinds = {one.name: mode(one) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700
    assert kinds.pop("requeue.sqlite3-journal") == 0o600
    assert kinds == {"requeue.sqlite3": 0o600, "requeue.sqlite3.lock": 0o600}


def test_folders_above_are_made_too(tmp_path):
    path = tmp_path / "a" / "b" / "c" / "requeue.sqlite3"
    with LedgerFile(str(path), HOST, WRITE):
        assert mode(path.parent) == 0o700
        assert mode(path) == 0o600


def test_what_is_there_keeps_its_permissions(path):
    path.parent.mkdir(mode=0o755)
    path.parent.chmod(0o750)
    path.touch()
    path.chmod(0o640)
    with LedgerFile(str(path), HOST, WRITE):
        pass
    assert (mode(path.parent), mode(path)) == (0o750, 0o640)


def test_it_is_found_in_the_home_by_default(tmp_path):
    with LedgerFile(DEFAULT_PATH, HOST, WRITE) as ledger:
        assert ledger.path == str(tmp_path / "home" / ".ansible" / "adverity" / "requeue.sqlite3")
    assert mode(tmp_path / "home" / ".ansible" / "adverity") == 0o700


@pytest.mark.parametrize("name", ["a b", "a?mode=ro", "a#b", "a%20b", "file:a", "Z\u00fcrich \U0001f600", "'; DROP TABLE load; --", "a&vfs=unix-none"])
def test_any_name_is_just_a_name(tmp_path, name):
    for purpose in ALL:
        with LedgerFile(str(tmp_path / name), HOST, purpose) as ledger:
            assert ledger.instance == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([name, name + ".lock"])


def test_a_relative_name_is_of_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with LedgerFile("requeue.sqlite3", HOST, WRITE) as ledger:
        monkeypatch.chdir("/")
        assert ledger.path == str(tmp_path / "requeue.sqlite3")
    assert (tmp_path / "requeue.sqlite3").exists()


def test_a_link_leads_to_the_ledger(tmp_path, path):
    fill(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    for purpose in ALL:
        with LedgerFile(str(link), HOST, purpose) as ledger:
            assert ledger.instance == 1


@pytest.mark.parametrize("purpose", READING)
def test_reading_where_there_is_none_makes_nothing_and_finds_nothing(tmp_path, path, purpose):
    with Ledger(str(path), HOST, purpose) as ledger:
        assert list(ledger.entries()) == []
        assert ledger.backfills() == {}
        assert ledger.status([1])(5, 1) is None
        assert ledger.busy is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("purpose", READING)
@pytest.mark.parametrize("host", [HOST, "never.seen"])
def test_reading_leaves_every_byte_as_it_is(path, purpose, host):
    fill(path)
    before = snapshot(path.parent)
    with Ledger(str(path), host, purpose) as ledger:
        assert len(list(ledger.entries())) == (300 if host == HOST else 0)
    assert snapshot(path.parent) == before


@pytest.mark.parametrize("purpose", READING)
def test_reading_needs_no_lock_file(path, purpose):
    fill(path)
    Path(str(path) + ".lock").unlink()
    before = snapshot(path.parent)
    with Ledger(str(path), HOST, purpose) as ledger:
        assert len(list(ledger.entries())) == 300
        assert ledger.busy is False
    assert snapshot(path.parent) == before


def test_an_empty_file_is_a_ledger_that_was_not_begun(path):
    path.parent.mkdir()
    path.touch()
    for purpose in READING:
        with Ledger(str(path), HOST, purpose) as ledger:
            assert list(ledger.entries()) == []
        assert path.read_bytes() == b""
    with Ledger(str(path), HOST, WRITE) as ledger:
        assert ledger.instance == 1
    assert path.read_bytes().startswith(b"SQLite format 3\x00")


def test_hosts_have_their_own_numbers(path):
    for host, number in [("a", 1), ("b", 2), ("a", 1)]:
        with LedgerFile(str(path), host, WRITE) as ledger:
            assert ledger.instance == number


# What is no ledger


def flip(content, start, length=8):
    return content[:start] + bytes(255 - byte for byte in content[start : start + length]) + content[start + length :]


def foreign(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


DAMAGED = {
    "garbage": lambda content: bytes(range(256)) * 40,
    "text": lambda content: b"not a ledger\n",
    "one byte": lambda content: content[:1],
    "magic alone": lambda content: content[:16],
    "half a header": lambda content: content[:50],
    "header alone": lambda content: content[:100],
    "half a page": lambda content: content[:2048],
    "one page": lambda content: content[:4096],
    "half": lambda content: content[: len(content) // 2],
    "a page less": lambda content: content[:-4096],
    "half a page less": lambda content: content[:-2048],
    "a byte less": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "zeros after the header": lambda content: content[:100] + bytes(len(content) - 100),
    "magic flipped": lambda content: flip(content, 0),
    "schema flipped": lambda content: flip(content, 100),
    "page 2 flipped": lambda content: flip(content, 4096),
    "page 3 flipped": lambda content: flip(content, 2 * 4096),
    "last page flipped": lambda content: flip(content, len(content) - 4096),
    "cells flipped": lambda content: flip(content, len(content) - 4096, 256),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_ledger_is_named_and_left_as_it_is(path, damage):
    content = fill(path)
    assert len(content) > 4 * 4096
    path.write_bytes(DAMAGED[damage](content))
    before = snapshot(path.parent)
    for purpose in ALL:
        with pytest.raises(LedgerError) as caught, LedgerFile(str(path), HOST, purpose):
            pass
        result = caught.value.result()
        assert result["msg"].startswith(f"The ledger {path} cannot be used: ")
        assert "It was left as it is." in result["msg"]
        assert "\n" not in result["msg"]
        assert result["ledger"] == str(path)
        assert snapshot(path.parent) == before


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["CREATE TABLE load (x)", "INSERT INTO load VALUES (1)"], "not a ledger of this collection"),
        (["CREATE TABLE other (x)"], "not a ledger of this collection"),
        (["PRAGMA journal_mode = WAL", "CREATE TABLE other (x)"], "not a ledger of this collection"),
        (["PRAGMA application_id = 7"], "not a ledger of this collection"),
        (["PRAGMA user_version = 1"], "not a ledger of this collection"),
        (["PRAGMA application_id = 0x41444C47", "PRAGMA user_version = 2"], "newer version of this collection"),
        (["PRAGMA application_id = 0x41444C47", "PRAGMA user_version = 1", "CREATE TABLE other (x)"], "its tables are not those of a ledger"),
    ],
)
def test_another_database_is_no_ledger_and_left_as_it_is(path, statements, says):
    path.parent.mkdir()
    foreign(path, *statements)
    before = snapshot(path.parent)
    for purpose in ALL:
        with pytest.raises(LedgerError, match=says), LedgerFile(str(path), HOST, purpose):
            pass
        assert snapshot(path.parent) == before


@pytest.mark.parametrize("purpose", ALL)
def test_a_newer_ledger_is_not_touched(path, purpose):
    fill(path)
    foreign(path, "PRAGMA user_version = 99")
    before = snapshot(path.parent)
    with pytest.raises(LedgerError, match=r"newer version of this collection wrote it \(format 99, this one knows 1\)"), LedgerFile(str(path), HOST, purpose):
        pass
    assert snapshot(path.parent) == before


def test_no_flipped_byte_leads_to_anything_but_a_ledger_error(path):
    content = fill(path, extracts=40)
    for position in list(range(100)) + list(range(100, len(content), 61)):
        path.write_bytes(flip(content, position, 1))
        try:
            with Ledger(str(path), HOST, LOOK) as ledger:
                for entry in ledger.entries():
                    assert isinstance(entry, Entry)
                ledger.status([1, 2])(5, 1)
                ledger.backfills()
        except LedgerError:
            pass
        assert path.read_bytes() == flip(content, position, 1)


# What cannot be opened


@pytest.mark.parametrize("purpose", ALL)
def test_a_folder_is_no_ledger(tmp_path, purpose):
    before = snapshot(tmp_path)
    with pytest.raises(LedgerError, match="it is not a file"), LedgerFile(str(tmp_path), HOST, purpose):
        pass
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("below", ["requeue.sqlite3", "deeper/requeue.sqlite3", "deeper/still/requeue.sqlite3"])
def test_below_a_file_there_can_be_no_ledger(tmp_path, below):
    (tmp_path / "file").write_text("text")
    before = snapshot(tmp_path)
    for purpose in ALL:
        with pytest.raises(LedgerError) as caught, LedgerFile(str(tmp_path / "file" / below), HOST, purpose):
            pass
        assert str(tmp_path / "file" / below) in str(caught.value)
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize("purpose", ALL)
def test_a_link_to_nowhere_is_no_ledger(tmp_path, purpose):
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "requeue.sqlite3")
    with pytest.raises(LedgerError), LedgerFile(str(tmp_path / "link"), HOST, purpose):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800b", "x" * 300])
def test_what_can_be_no_name_is_a_ledger_error(tmp_path, name):
    for purpose in ALL:
        with pytest.raises(LedgerError), LedgerFile(str(tmp_path / name), HOST, purpose):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_no_ledger(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for purpose in ALL:
        with pytest.raises(LedgerError, match="it is not a file"), LedgerFile(str(tmp_path / "pipe"), HOST, purpose):
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
            with Ledger(str(path), HOST, purpose) as ledger:
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
    os.chmod(str(path) + ".lock", 0o666)
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
    os.chmod(str(path) + ".lock", 0o444)
    open_folder.chmod(0o555)
    assert as_nobody(fork, try_open(path, LOOK)) == "3 entries"


def test_a_lock_file_of_somebody_else_is_named_too(fork, open_folder):
    path = open_folder / "requeue.sqlite3"
    fill(path, extracts=3)
    path.chmod(0o666)
    open_folder.chmod(0o777)
    for purpose in (WRITE, PREDICT):
        said = as_nobody(fork, try_open(path, purpose))
        assert said.startswith(f"LedgerError: The ledger {path} cannot be used: ")


# Transactions


def test_a_transaction_is_all_or_nothing(path):
    with LedgerFile(str(path), HOST, WRITE) as ledger:
        with pytest.raises(KeyError), ledger.transaction() as connection:
            connection.execute("INSERT INTO load VALUES (1, 2, 3, 4, NULL, NULL, NULL)")
            raise KeyError
        with ledger.transaction() as connection:
            connection.execute("INSERT INTO load VALUES (1, 2, 4, 4, NULL, NULL, NULL)")
        assert ledger.connection.execute("SELECT extract_id FROM load").fetchall() == [(4,)]


@pytest.mark.parametrize(
    "statement",
    [
        "nonsense", "INSERT INTO post VALUES (1, 'lost', NULL)", "INSERT INTO instance (host) VALUES ('acme.example')",
        "INSERT INTO gone VALUES (1)",
    ],
)
def test_what_sqlite_says_becomes_a_ledger_error_and_is_rolled_back(path, statement):
    with LedgerFile(str(path), HOST, WRITE) as ledger:
        with pytest.raises(LedgerError, match="cannot be used"), ledger.transaction() as connection:
            connection.execute("INSERT INTO load VALUES (1, 2, 3, 4, NULL, NULL, NULL)")
            connection.execute(statement)
        assert ledger.connection.execute("SELECT count(*) FROM load").fetchone() == (0,)


def test_a_commit_ends_with_a_write_and_not_with_a_removal(path):
    """What SQLite syncs is the write; a removal may be undone by a power failure, and the journal takes the commit back."""
    with LedgerFile(str(path), HOST, WRITE) as ledger:
        with ledger.transaction() as connection:
            connection.execute("INSERT INTO load VALUES (1, 2, 3, 4, NULL, NULL, NULL)")
        assert ledger.connection.execute("PRAGMA synchronous").fetchone() == (2,)
        journal = path.with_name("requeue.sqlite3-journal").read_bytes()
        assert journal[:28] == bytes(28)
        assert any(journal)
    assert sorted(one.name for one in path.parent.iterdir()) == ["requeue.sqlite3", "requeue.sqlite3.lock"]


def test_a_full_disk_is_a_ledger_error(path):
    with LedgerFile(str(path), HOST, WRITE) as ledger:
        pages = ledger.connection.execute("PRAGMA page_count").fetchone()[0]
        ledger.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerError, match="full"), ledger.transaction() as connection:
            rows = ((1, 2, one, 4, "x" * 100, None, None) for one in range(1000))
            connection.executemany("INSERT INTO load VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        assert ledger.connection.execute("SELECT count(*) FROM load").fetchone() == (0,)


def test_a_closed_ledger_says_so(path):
    ledger = LedgerFile(str(path), HOST, WRITE)
    with ledger:
        pass
    with pytest.raises(LedgerError, match="is not open"), ledger.transaction():
        pass


def test_what_a_killed_run_left_half_way_is_undone(path, fork):
    fill(path, extracts=3)

    def work(child):
        with Ledger(str(path), HOST, WRITE) as ledger, ledger.transaction() as connection:
            connection.execute("PRAGMA cache_size = 1")  # so that it spills to the file before it is committed
            rows = ((1, 6, one, 4, "x" * 100, None, None) for one in range(5000))
            connection.executemany("INSERT INTO load VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            child.say("spilt")
            child.wait()

    child = fork(work)
    assert child.hear() == "spilt"
    child.kill()
    assert path.stat().st_size > 100000
    with Ledger(str(path), HOST, LOOK) as ledger:
        assert [entry.binding_id for entry in ledger.entries()] == [5, 5, 5]


# One run at a time


def hold(path, purpose=WRITE, host=HOST):
    """Opens the ledger, says what it found, and holds it until it is told to go."""

    def work(child):
        child.say("opening")
        with LedgerFile(str(path), host, purpose) as ledger:
            child.say(f"busy {ledger.busy:d} waited {ledger.waited > 0.1:d}")
            child.wait()

    return work


FREE, WAITED, SEEN = "busy 0 waited 0", "busy 1 waited 1", "busy 1 waited 0"


@pytest.mark.parametrize(("first", "second"), [(WRITE, WRITE), (WRITE, PREDICT), (PREDICT, WRITE)])
@pytest.mark.parametrize("killed", [False, True])
def test_the_second_run_waits_for_the_first_however_that_ends(path, fork, first, second, killed):
    fill(path, extracts=3)
    holder = fork(hold(path, first))
    assert (holder.hear(), holder.hear()) == ("opening", FREE)
    waiter = fork(hold(path, second))
    assert waiter.hear() == "opening"
    assert waiter.hear(0.25) is None
    if killed:
        holder.kill()
    else:
        holder.go()
    assert waiter.hear() == WAITED
    waiter.go()
    assert waiter.end() == 0


@pytest.mark.parametrize(("first", "second"), [(PREDICT, PREDICT), (PREDICT, LOOK)])
def test_reading_does_not_wait_for_reading(path, fork, first, second):
    fill(path, extracts=3)
    holder = fork(hold(path, first))
    assert (holder.hear(), holder.hear()) == ("opening", FREE)
    other = fork(hold(path, second))
    assert (other.hear(), other.hear()) == ("opening", FREE)


def test_looking_does_not_wait_and_says_that_a_run_is_at_work(path, fork):
    fill(path, extracts=3)
    holder = fork(hold(path))
    assert (holder.hear(), holder.hear()) == ("opening", FREE)
    with Ledger(str(path), HOST, LOOK) as ledger:
        assert (ledger.busy, ledger.waited) == (True, 0.0)
        assert len(list(ledger.entries())) == 3
    holder.go()
    holder.end()
    with LedgerFile(str(path), HOST, LOOK) as ledger:
        assert ledger.busy is False


@pytest.mark.parametrize("purpose", ALL)
def test_instances_do_not_wait_for_each_other(path, fork, purpose):
    fill(path, host="other.example", extracts=3)
    fill(path, extracts=3)
    holder = fork(hold(path, host="other.example"))
    assert (holder.hear(), holder.hear()) == ("opening", FREE)
    child = fork(hold(path, purpose))
    assert (child.hear(), child.hear()) == ("opening", FREE)


def test_an_instance_that_the_ledger_does_not_know_waits_for_nobody(path, fork):
    fill(path, extracts=3)
    holder = fork(hold(path))
    assert (holder.hear(), holder.hear()) == ("opening", FREE)
    for purpose in READING:
        child = fork(hold(path, purpose, host="never.seen"))
        assert (child.hear(), child.hear()) == ("opening", FREE)


def test_a_run_that_fails_lets_go(path, fork):
    fill(path, extracts=3)

    def work(child):
        try:
            with LedgerFile(str(path), HOST, WRITE):
                raise KeyError
        except KeyError:
            child.say("failed")
        child.wait()

    child = fork(work)
    assert child.hear() == "failed"
    other = fork(hold(path))
    assert (other.hear(), other.hear()) == ("opening", FREE)


def test_first_runs_at_once_make_one_ledger(path, fork):
    """Nobody may see it half made. It takes several attempts to meet the moment."""

    def work(host, purpose):
        def open_it(child):
            while True:
                where = child.wait()
                if not where:
                    return
                with LedgerFile(where, host, purpose):
                    pass
                child.say("fine")

        return open_it

    kinds = [(HOST, WRITE), ("other.example", WRITE), (HOST, WRITE), (HOST, PREDICT), (HOST, LOOK)]
    children = [fork(work(*kind)) for kind in kinds]
    for attempt in range(40):
        for child in children:
            child.go(str(path.parent / str(attempt) / "requeue.sqlite3"))
        assert [child.hear() for child in children] == ["fine"] * len(children)


def test_four_first_runs_at_once_take_turns(path, fork):
    inside = path.parent.parent / "inside"

    def work(child):
        child.wait()
        for _turn in range(5):
            with LedgerFile(str(path), HOST, WRITE) as ledger:
                os.mkdir(inside)  # fails where somebody else is in
                with ledger.transaction() as connection:
                    connection.execute("INSERT INTO load SELECT 1, 1, count(*), 1, NULL, NULL, NULL FROM load")
                os.rmdir(inside)
        child.say("done")

    children = [fork(work) for _one in range(4)]
    for child in children:
        child.go()
    assert [child.hear() for child in children] == ["done"] * 4
    with LedgerFile(str(path), HOST, LOOK) as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM load").fetchone() == (20,)
        assert ledger.connection.execute("SELECT id, host FROM instance").fetchall() == [(1, HOST)]
