# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns by binding: who waits for whom, in each store. Each run is a process of its own."""

from __future__ import annotations

import os
import socket
import time

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Time

HOST = "acme.example"

ROW = BindingFact(FactKind.ROW, enabled=True, updated="2026-01-01T00:00:00Z")


@pytest.fixture
def place(ledger_place):
    """A ledger that knows the instance."""
    with ledger_place.open():
        pass
    return ledger_place


WAITS = "waits"


def hold_clock(child):
    """In the child: its time stands still, except where it waits. It says each time that it waits, and tries again when it is told to go."""
    seconds = 0.0

    def sleep(pause):
        nonlocal seconds
        seconds += pause
        child.say(WAITS)
        child.wait()

    clock.sleep, clock.monotonic = sleep, lambda: seconds


def hear_after_waiting(child):
    """What a child says that waited for a turn which is free now. A server may take a moment to see that the other run is no more."""
    while True:
        child.go()
        said = child.hear()
        if said != WAITS:
            return said
        time.sleep(0.01)


def hold(place, binding_ids, purpose=WRITE, host=HOST, wait=600.0):
    """Opens the ledger, takes the turn, says so, and holds it until it is told to go."""

    def work(child):
        hold_clock(child)
        child.wait()  # forked before anybody has a turn: a lock that is inherited is held here, too
        child.say("opening")
        try:
            with place.open(purpose, host, wait) as ledger:
                child.wait()
                again = ledger.take_turn(binding_ids)
                child.say(f"again {again:d} waited {ledger.waited > 0:d}")
                child.wait()
        except LedgerError as error:
            child.say(str(error))

    return work


AT_ONCE = "again 0 waited 0"


def start(child):
    """Opens its ledger, and lets it ask for its turn."""
    child.go()
    assert child.hear() == "opening"
    child.go()


SAME, OVERLAPPING, OTHER = ([5, 6], [6, 5]), ([5, 6], [6, 7]), ([5, 6], [7, 8])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (WRITE, WRITE), (WRITE, PREDICT), (PREDICT, WRITE),
    ],
)  # fmt: skip
@pytest.mark.parametrize("bindings", [SAME, OVERLAPPING, ([5], None), (None, [5]), (None, None)])
@pytest.mark.parametrize("killed", [False, True])
def test_the_second_run_waits_for_the_first_however_that_ends(place, fork, first, second, bindings, killed):
    holder = fork(hold(place, bindings[0], first))
    start(holder)
    assert holder.hear() == AT_ONCE
    waiter = fork(hold(place, bindings[1], second))
    start(waiter)
    assert waiter.hear() == WAITS
    for _look in range(3):
        waiter.go()
        assert waiter.hear() == WAITS
    if killed:
        holder.kill()
    else:
        holder.go()
        assert holder.end() == 0
    # A run in check mode leaves no trace, and what was read beside it stays true. Otherwise it may be out of date.
    assert hear_after_waiting(waiter) == f"again {first == WRITE:d} waited 1"
    waiter.go()
    assert waiter.end() == 0


@pytest.mark.parametrize(("first", "second"), [(WRITE, WRITE), (WRITE, PREDICT), (PREDICT, WRITE)])
def test_runs_of_other_bindings_do_not_wait(place, fork, first, second):
    holder, other = fork(hold(place, OTHER[0], first)), fork(hold(place, OTHER[1], second))
    for child in (holder, other):
        start(child)
        assert child.hear() == AT_ONCE


@pytest.mark.parametrize("bindings", [SAME, OVERLAPPING, OTHER])
def test_runs_in_check_mode_do_not_wait_for_each_other(place, fork, bindings):
    for some in bindings:
        child = fork(hold(place, some, PREDICT))
        start(child)
        assert child.hear() == AT_ONCE


@pytest.mark.parametrize("bindings", [[5], None])
def test_looking_does_not_wait_and_says_that_a_run_is_at_work(place, fork, bindings):
    holder = fork(hold(place, bindings))
    start(holder)
    assert holder.hear() == AT_ONCE
    with place.open(LOOK) as ledger:
        assert (ledger.busy, ledger.waited, list(ledger.entries())) == (True, 0.0, [])
    holder.go()
    holder.end()
    with place.open(LOOK) as ledger:
        assert ledger.busy is False


def test_instances_do_not_wait_for_each_other(place, fork):
    for host in (HOST, "other.example", "third.example"):
        child = fork(hold(place, None, host=host))
        start(child)
        assert child.hear() == AT_ONCE


def test_two_backfills_of_different_destinations_overlap_in_time(place, fork):
    """Each notes its intentions while the other one is between its own."""

    def send(binding_ids):
        def work(child):
            with place.open() as ledger:
                ledger.take_turn(binding_ids)
                ledger.note({}, entries=[Entry(one, extract, 456, None) for one in binding_ids for extract in (1, 2)])
                for extract in (1, 2):
                    post = ledger.intend(binding_ids, [extract])
                    child.say(f"sending {extract}")
                    child.wait()
                    ledger.dispatched(post)
            child.say("done")

        return work

    first, second = fork(send([5, 6])), fork(send([7, 8]))
    assert (first.hear(), second.hear()) == ("sending 1", "sending 1")
    first.go()
    assert first.hear() == "sending 2"
    second.go()
    assert second.hear() == "sending 2"
    second.go()
    assert second.hear() == "done"
    first.go()
    assert first.hear() == "done"
    with place.open(LOOK) as ledger:
        assert {(one.binding_id, one.extract_id, one.status) for one in ledger.entries()} == {
            (binding, extract, "dispatched") for binding in (5, 6, 7, 8) for extract in (1, 2)
        }


# Waiting too long


@pytest.mark.parametrize(("job", "awx"), [(None, None), ("42", None), ("42", "https://awx.example")])
@pytest.mark.parametrize("bindings", [[5, 6], None])
def test_who_waits_too_long_names_the_holder(place, fork, monkeypatch, job, awx, bindings):
    with monkeypatch.context() as patched:
        for name, value in (("JOB_ID", job), ("AWX_HOST", awx)):
            if value:
                patched.setenv(name, value)
        holder = fork(hold(place, bindings))
    start(holder)
    assert holder.hear() == AT_ONCE
    held = Time()
    monkeypatch.setattr(clock, "monotonic", held.monotonic)
    monkeypatch.setattr(clock, "sleep", held.move)
    with pytest.raises(LedgerError) as caught, place.open(wait=3) as ledger:
        ledger.take_turn([6, 7])
    assert 3 < held.seconds <= 3.25  # it looks four times a second
    result = caught.value.result()
    who = f"host {socket.gethostname()}, process {holder.pid}{', AWX job 42' if awx else ''}, since 20"
    assert f"Another run holds a lock that this run needs in the ledger {place.shown}: {who}" in result["msg"]
    assert "This run waited 3 s (ledger_wait). Nothing was changed. Let that run finish, or end it, then run this again." in result["msg"]
    assert result["ledger"] == place.shown


def refusal(place, wanted, purpose=WRITE):
    """What a run is told that does not wait."""
    with pytest.raises(LedgerError) as caught, place.open(purpose, wait=0) as ledger:
        ledger.take_turn(wanted)
    message = str(caught.value)
    assert message.startswith(f"Another run holds a lock that this run needs in the ledger {place.shown}: ")
    return message


def hold_now(place, fork, binding_ids, purpose=WRITE):
    """A run that holds these bindings."""
    holder = fork(hold(place, binding_ids, purpose))
    start(holder)
    assert holder.hear().endswith(" waited 0")
    return holder


def hold_and_end(place, binding_ids):
    """A run of this process that held these bindings, and is over."""
    with place.open() as ledger:
        ledger.take_turn(binding_ids)


@pytest.mark.parametrize("before", [[5], None])
@pytest.mark.parametrize("held", [[5], None])
def test_a_run_in_check_mode_that_holds_is_named_and_not_who_held_before(place, fork, before, held):
    hold_and_end(place, before)
    holder = hold_now(place, fork, held, PREDICT)
    message = refusal(place, [5])
    assert f": host {socket.gethostname()}, process {holder.pid}, in check mode" in message
    assert f"process {os.getpid()}" not in message
    assert message == refusal(place, None)


def test_who_is_in_check_mode_itself_is_told_the_holder(place, fork):
    hold_and_end(place, [5, 6])
    writer, beside = hold_now(place, fork, [5]), hold_now(place, fork, [6], PREDICT)
    message = refusal(place, [5, 6], PREDICT)
    assert f"process {writer.pid}" in message
    assert f"process {beside.pid}" not in message  # two runs in check mode do not exclude each other
    assert f"process {os.getpid()}" not in message


def test_who_holds_another_binding_or_held_one_later_is_not_named(place, fork):
    holder, beside = hold_now(place, fork, [5]), hold_now(place, fork, [7])
    hold_and_end(place, [6])
    message = refusal(place, [5, 6])
    assert f": host {socket.gethostname()}, process {holder.pid}, since 20" in message
    for other in (beside.pid, os.getpid()):
        assert f"process {other}" not in message


def test_each_of_two_holders_is_named(place, fork):
    holders = [hold_now(place, fork, [5]), hold_now(place, fork, [6], PREDICT)]
    message = refusal(place, [6, 5])
    assert all(f"process {holder.pid}" in message for holder in holders)
    assert message.count("in check mode") == 1
    assert any(f"process {holder.pid}" in refusal(place, None) for holder in holders)


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
def test_a_run_that_was_killed_is_not_named(place, fork, purpose):
    killed = hold_now(place, fork, [5])
    killed.kill()
    holder = fork(hold(place, [5], purpose))
    start(holder)
    assert holder.hear().startswith("again ")
    message = refusal(place, [5])
    assert f"process {holder.pid}" in message
    assert f"process {killed.pid}" not in message


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
def test_a_holder_on_another_machine_is_not_taken_for_one_on_this(place, fork, monkeypatch, purpose):
    with monkeypatch.context() as patched:
        patched.setattr(socket, "gethostname", lambda: "other-machine")
        holder = hold_now(place, fork, [5], purpose)
    message = refusal(place, [5])
    file_in_check_mode = purpose == PREDICT and "://" not in place.ledger
    where = f"process {holder.pid} on another machine" if file_in_check_mode else f"host other-machine, process {holder.pid}"
    assert f": {where}{', in check mode' if purpose == PREDICT else ''}" in message
    assert socket.gethostname() not in message


@pytest.mark.parametrize("wait", [0, 0.3])
def test_a_holder_that_cannot_be_told_is_not_another_one(place, fork, monkeypatch, wait):
    """It may end between the last try and the question."""
    hold_and_end(place, [5])
    hold_now(place, fork, [5])
    with place.open(wait=wait) as ledger:
        monkeypatch.setattr(type(ledger.store), "holders", lambda *_arguments: [])
        with pytest.raises(LedgerError, match=r": the ledger does not show which\. This run waited") as caught:
            ledger.take_turn([5])
    assert "process" not in str(caught.value)


def test_one_of_two_bindings_that_is_held_takes_nothing(place, fork):
    """All or nothing: what it got of its turn it gives back."""
    holder, other = fork(hold(place, [6])), fork(hold(place, [5]))
    start(holder)
    assert holder.hear() == AT_ONCE
    with place.open(wait=0) as ledger:
        with pytest.raises(LedgerError):
            ledger.take_turn([5, 6])
        start(other)
        assert other.hear() == AT_ONCE


def test_the_turn_ends_with_an_exception(place, fork):
    def work(child):
        try:
            with place.open() as ledger:
                ledger.take_turn([5])
                raise KeyError
        except KeyError:
            child.say("failed")
        child.wait()

    child = fork(work)
    assert child.hear() == "failed"
    with place.open(wait=0) as ledger:
        ledger.take_turn([5])


def test_a_turn_may_be_changed_for_another(place, fork):
    """As when a binding appears between two readings: the old turn is given back."""
    child = fork(hold(place, [5]))
    with place.open(wait=0) as ledger:
        ledger.take_turn([5])
        assert ledger.take_turn([5]) is False
        assert ledger.take_turn([6]) is False
        start(child)
        assert child.hear() == "again 1 waited 0"  # somebody had it a moment ago
        with pytest.raises(LedgerError):
            ledger.take_turn([5, 6])


# What was read before the turn


@pytest.mark.parametrize(("others", "again"), [([5], True), ([4, 5], True), (None, True), ([6], False)])
@pytest.mark.parametrize("mine", [WRITE, PREDICT])
def test_others_that_had_a_turn_meanwhile_are_noticed(place, others, again, mine):
    """Also where nobody has to wait: they came and went after this ledger was opened."""
    with place.open(mine) as ledger:
        with place.open() as other:
            other.take_turn(others)
        assert ledger.take_turn([5]) is again
        # In the turn nothing changes any more.
        assert ledger.take_turn([5]) is False


def test_a_turn_of_the_whole_instance_notices_any_other(place):
    with place.open() as ledger:
        with place.open() as other:
            other.take_turn([77])
        assert ledger.take_turn(None) is True


@pytest.mark.parametrize("mine", [WRITE, PREDICT])
@pytest.mark.parametrize("ends", ["before the turn is asked for", "while it is waited for"])
def test_a_run_that_was_at_work_when_this_one_opened_is_noticed(place, fork, monkeypatch, mine, ends):
    """It may have written while this one read, and it signed before."""

    def work(child):
        with place.open() as ledger:
            ledger.take_turn([5])
            child.say("at work")
            child.wait()
            ledger.note({5: [ROW]})
        child.say("done")

    child = fork(work)
    assert child.hear() == "at work"
    with place.open(mine) as ledger:

        def let_it_end(_pause=0.0):
            child.go()
            assert child.hear() == "done"
            monkeypatch.setattr(clock, "sleep", time.sleep)

        if ends == "before the turn is asked for":
            let_it_end()
        else:
            monkeypatch.setattr(clock, "sleep", let_it_end)
        assert ledger.take_turn([5]) is True
        assert child.end() == 0, "it was not waited for"
        assert ledger.take_turn([5]) is False


def test_a_turn_before_this_ledger_was_opened_is_no_news(place):
    with place.open() as other:
        other.take_turn([5])
    with place.open() as ledger:
        assert ledger.take_turn([5]) is False


def test_the_one_that_waited_reads_what_the_other_wrote(place, fork):
    def work(child):
        child.wait()  # forked first: a lock of the first run would be this process's, too
        hold_clock(child)
        with place.open() as ledger:
            before = ledger.histories()
            child.say("open")
            while ledger.take_turn([5]):
                before = ledger.histories()
            child.say(f"{before[5].updated}")

    child = fork(work)
    with place.open() as first:
        first.take_turn([5])
        child.go()
        assert child.hear() == "open"
        assert child.hear() == WAITS
        first.note({5: [ROW]})
        child.go()
        assert child.hear() == WAITS
    assert hear_after_waiting(child) == "2026-01-01T00:00:00Z"


# Many at once


def test_first_runs_at_once_make_one_ledger(ledger_place, fork):
    """Nobody may see it half made."""

    def work(host, purpose):
        def open_it(child):
            child.wait()
            with ledger_place.open(purpose, host):
                child.say("fine")

        return open_it

    children = [fork(work(*kind)) for kind in [(HOST, WRITE), ("b.example", WRITE), (HOST, WRITE), (HOST, PREDICT), (HOST, LOOK)]]
    for child in children:
        child.go()
    assert [child.hear() for child in children] == ["fine"] * 5
    assert sorted(host for [host] in ledger_place.run("SELECT name FROM host")) == [HOST, "b.example"]


def test_four_first_runs_at_once_take_turns(ledger_place, fork, tmp_path):
    inside = tmp_path / "inside"

    def work(child):
        child.wait()
        for _turn in range(3):
            with ledger_place.open() as ledger:
                ledger.take_turn([5])
                os.mkdir(inside)  # fails where somebody else is in
                ledger.note({}, entries=[Entry(5, len(list(ledger.entries())) + 1, 456, None)])
                os.rmdir(inside)
        child.say("done")

    children = [fork(work) for _one in range(4)]
    for child in children:
        child.go()
    assert [child.hear() for child in children] == ["done"] * 4
    with ledger_place.open(LOOK) as ledger:
        assert [entry.extract_id for entry in ledger.entries()] == list(range(1, 13))


# Several paths to one file


@pytest.mark.parametrize("kind", ["symbolic link", "hard link", "link to the folder", "another way to write it"])
@pytest.mark.parametrize("turned", [False, True])
def test_all_paths_to_one_file_share_the_turn(sqlite_place, tmp_path, fork, kind, turned):
    from ansible_collections.adverity.management.tests.unit.plugins.places import SqlitePlace

    with sqlite_place.open():
        pass
    other = tmp_path / "other"
    if kind == "symbolic link":
        other.symlink_to(sqlite_place.path)
    elif kind == "hard link":
        os.link(sqlite_place.path, other)
    elif kind == "link to the folder":
        other.symlink_to(sqlite_place.path.parent)
        other = other / sqlite_place.path.name
    else:
        other = tmp_path / "place" / ".." / "place" / "." / sqlite_place.path.name
    second = SqlitePlace(other)
    first, second = (second, sqlite_place) if turned else (sqlite_place, second)
    holder = fork(hold(first, [5]))
    start(holder)
    assert holder.hear() == AT_ONCE
    with second.open(LOOK) as ledger:
        assert ledger.busy is True
    with pytest.raises(LedgerError, match=f"process {holder.pid}"), second.open(wait=0) as ledger:
        ledger.take_turn([5])
    with second.open(wait=0) as ledger:
        ledger.take_turn([6])


def test_the_turn_of_a_file_is_not_lost_when_the_process_opens_it_elsewhere(sqlite_place, fork):
    """Locks of the older kind end when any handle for the file is closed, as by a second ledger in one process."""
    child = fork(hold(sqlite_place, [5], wait=0))
    with sqlite_place.open() as ledger:
        ledger.take_turn([5])
        with sqlite_place.open(LOOK):
            pass
        sqlite_place.path.read_bytes()
        start(child)
        assert child.hear() == WAITS
        assert hear_after_waiting(child).startswith("Another run holds a lock that this run needs")
