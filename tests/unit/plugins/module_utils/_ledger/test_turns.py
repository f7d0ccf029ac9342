# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks of bindings: who waits for whom, and who is named, in each store. A lock belongs to an open ledger, so that one process can be many runs."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.tests.unit.plugins.places import HOST
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ROW, refusal
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Time


@pytest.fixture
def place(ledger_place):
    """A ledger that has a record of the instance."""
    with ledger_place.open():
        pass
    return ledger_place


@pytest.fixture
def hold(place, monkeypatch):
    """Begins runs that hold locks until they are closed. Returns the ledger, and the number of its process."""
    processes = itertools.count(1001)
    with contextlib.ExitStack() as stack:

        def begin(binding_ids, purpose=WRITE, host=HOST):
            process = next(processes)
            with monkeypatch.context() as patched:
                patched.setattr(os, "getpid", lambda: process)
                ledger = stack.enter_context(place.open(purpose, host, wait=60))  # a session before it may take a moment to end
                ledger.take_turn(binding_ids)
            return ledger, process

        yield begin


def hold_and_end(place, binding_ids):
    with place.open() as ledger:
        ledger.take_turn(binding_ids)


def refusal_of_turn(place, wanted, purpose=WRITE):
    """What a run is told that does not wait."""
    return refusal(place.ledger, purpose, use=lambda ledger: ledger.take_turn(wanted), wait=0)


# Waiting


@pytest.mark.parametrize(("first", "second"), [(WRITE, WRITE), (WRITE, PREDICT), (PREDICT, WRITE)])
@pytest.mark.parametrize("bindings", [([5, 6], [6, 5]), ([5, 6], [6, 7]), ([5], None), (None, [5]), (None, None)])
def test_second_run_waits_until_the_first_has_ended(place, hold, monkeypatch, first, second, bindings):
    holder, _process = hold(bindings[0], first)
    pauses = []

    def sleep(pause):
        pauses.append(pause)
        if len(pauses) == 3:
            holder.__exit__(None, None, None)

    monkeypatch.setattr(clock, "sleep", sleep)
    with place.open(second, wait=600) as ledger:
        # A run in check mode leaves no trace, and what was read beside it stays true. Otherwise it may be out of date.
        assert ledger.take_turn(bindings[1]) is (first == WRITE)
        assert ledger.waited > 0
    assert pauses[:3] == [0.25] * 3  # the server may take another moment to end the session


@pytest.mark.parametrize(
    "runs",
    [
        [([5, 6], WRITE), ([7, 8], WRITE), ([9], PREDICT)],  # other bindings
        [([5], PREDICT), ([6], WRITE)],
        [([5, 6], PREDICT), ([6, 5], PREDICT), ([6, 7], PREDICT)],  # check mode
        [(None, WRITE), (None, WRITE, "other.example"), (None, WRITE, "third.example")],  # other instances
    ],
)
def test_runs_that_do_not_exclude_each_other_do_not_wait(hold, runs):
    for run in runs:
        ledger, _process = hold(*run)
        assert ledger.waited < 1


@pytest.mark.parametrize("bindings", [[5], None])
def test_looking_does_not_wait_and_says_that_a_run_is_at_work(place, hold, bindings):
    holder, _process = hold(bindings)
    with place.open(LOOK) as ledger:
        assert (ledger.busy, ledger.waited, list(ledger.entries())) == (True, 0.0, [])
        holder.__exit__(None, None, None)
        assert ledger.busy is False  # although the server may still end the session


def test_lock_is_had_as_a_whole_and_may_be_changed_for_another(place, hold):
    """As when a binding appears between two readings: the old lock is given back, and what it got of one that it cannot have."""
    hold([6])
    with place.open(wait=0) as ledger:
        with pytest.raises(LedgerError):
            ledger.take_turn([5, 6])
        assert [ledger.take_turn(each) for each in ([5], [5], [7])] == [False] * 3
        hold([5])
        with pytest.raises(LedgerError):
            ledger.take_turn([5, 7])


# Waiting too long


@pytest.mark.parametrize(("environment", "told"), [({}, ""), ({"JOB_ID": "42"}, ""), ({"JOB_ID": "42", "AWX_HOST": "https://a"}, ", AWX job 42")])
@pytest.mark.parametrize("bindings", [[5, 6], None])
def test_who_waits_too_long_is_told_the_holder(place, hold, monkeypatch, environment, told, bindings):
    with monkeypatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        _holder, process = hold(bindings)
    held = Time()
    monkeypatch.setattr(clock, "monotonic", held.monotonic)
    monkeypatch.setattr(clock, "sleep", held.move)
    with pytest.raises(LedgerError) as caught, place.open(wait=3) as ledger:
        ledger.take_turn([6, 7])
    assert 3 < held.seconds <= 3.25  # it looks four times a second
    result = caught.value.result()
    who = f"host {socket.gethostname()}, process {process}{told}, since 20"
    assert f"Another run holds a lock that this run needs in the ledger {place.shown}: {who}" in result["msg"]
    assert "This run waited 3 s (ledger_wait). Nothing was changed. Let that run finish, or end it, then run this again." in result["msg"]
    assert result["ledger"] == place.shown


@pytest.mark.parametrize(
    ("held", "wanted", "purpose", "named"),
    [
        ([([5], PREDICT)], [5], WRITE, [0]),
        ([([5], PREDICT)], None, WRITE, [0]),
        ([(None, PREDICT)], [5], WRITE, [0]),
        ([([5], WRITE), ([6], PREDICT)], [6, 5], WRITE, [0, 1]),
        ([([5], WRITE), ([6], PREDICT)], [5, 6], PREDICT, [0]),  # two runs in check mode do not exclude each other
        ([([5], WRITE), ([7], WRITE)], [5, 6], WRITE, [0]),
    ],
)
@pytest.mark.parametrize("before", [[5, 6], None])
def test_those_are_named_that_hold_what_is_wanted_and_not_who_held_it_before(place, hold, held, wanted, purpose, named, before):
    hold_and_end(place, before)
    processes = [hold(*run)[1] for run in held]
    message = refusal_of_turn(place, wanted, purpose)
    assert [number for number, process in enumerate(processes) if f"process {process}" in message] == named
    assert message.count("in check mode") == sum(held[number][1] == PREDICT for number in named)
    assert message.count(", since 20") >= sum(held[number][1] == WRITE for number in named)
    assert f"process {os.getpid()}" not in message
    assert "another machine" not in message


def test_holder_on_another_machine_is_not_taken_for_one_on_this(place, hold, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(socket, "gethostname", lambda: "other-machine")
        _holder, process = hold([5])
    assert f": host other-machine, process {process}, since 20" in refusal_of_turn(place, [5])


def test_holder_that_ends_before_it_is_asked_for_is_not_taken_for_another(place, hold, monkeypatch):
    hold_and_end(place, [5])
    ledger, _process = hold([5])
    monkeypatch.setattr(type(ledger.store), "holders", lambda *_arguments: [])
    message = refusal_of_turn(place, [5])
    assert ": the ledger does not show which. This run waited" in message
    assert "process" not in message


# What was read before the lock


@pytest.mark.parametrize(
    ("mine", "others", "again"), [([5], [5], True), ([5], [4, 5], True), ([5], None, True), ([5], [6], False), (None, [77], True)]
)
@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
def test_others_that_had_a_lock_meanwhile_are_noticed(place, mine, others, again, purpose):
    """Also where nobody has to wait: they came and went after this ledger was opened."""
    hold_and_end(place, mine)  # before it was opened: no news
    with place.open(purpose) as ledger:
        hold_and_end(place, others)
        assert ledger.take_turn(mine) is again
        assert ledger.take_turn(mine) is False  # from now on nothing changes any more


@pytest.mark.parametrize("purpose", [WRITE, PREDICT])
@pytest.mark.parametrize("waits", [False, True])
def test_run_that_was_at_work_when_this_one_opened_is_noticed(place, hold, monkeypatch, purpose, waits):
    """It may have written while this one read, and it signed before."""
    holder, _process = hold([5])
    pauses = []

    def let_it_end(pause=0.0):
        if not pauses:
            holder.note({5: [ROW]})
            holder.__exit__(None, None, None)
        pauses.append(pause)

    with place.open(purpose) as ledger:
        assert ledger.histories() == {}
        monkeypatch.setattr(clock, "sleep", let_it_end)
        if not waits:
            let_it_end()
        assert [ledger.take_turn([5]) for _time in range(2)] == [True, False]
        assert list(ledger.histories()) == [5]
    assert pauses


# Many at once


def test_first_runs_at_once_make_one_ledger(ledger_place, fork):
    """Nobody may see it half made."""

    def open_it(host, purpose):
        def work(child):
            child.wait()
            with ledger_place.open(purpose, host):
                child.say("fine")

        return work

    children = [fork(open_it(*run)) for run in [(HOST, WRITE), ("b.example", WRITE), (HOST, WRITE), (HOST, PREDICT), (HOST, LOOK)]]
    for child in children:
        child.go()
    assert [child.hear() for child in children] == ["fine"] * 5
    assert sorted(host for [host] in ledger_place.run("SELECT name FROM host")) == [HOST, "b.example"]
