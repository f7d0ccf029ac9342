# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enabling and disabling bindings: what is written, and what the ledger records before and after each write."""

from __future__ import annotations

import contextlib
import types
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    LedgerError,
    Lost,
    NotReached,
    Refused,
    Unfinished,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.periods import Reason, State, show
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._resources import binding_state, bindings
from ansible_collections.adverity.management.plugins.module_utils._resources.binding_state import EnabledPlan, set_enabled

PATH = bindings.PATH
OLD, NEW, SEEN = "2026-01-01T00:00:00Z", "2026-02-01T00:00:05Z", "2026-02-01T00:00:00Z"
START = datetime(2026, 2, 1, tzinfo=timezone.utc)


def row(binding_id, **more):
    return dict({"id": binding_id, "datastream_id": 456, "target_id": 789}, **more)


def disabled(*binding_ids):
    return [row(each, enabled=False, updated=OLD) for each in binding_ids]


@pytest.fixture
def histories(sqlite_place):
    def histories():
        with sqlite_place.open(LOOK) as ledger:
            return ledger.histories()

    return histories


@pytest.fixture
def service(scripted, monkeypatch, histories):
    """What is asked of it, and what it answers. Its clock and that of this machine begin at SEEN, and go on only by what a request takes.

    ``pending`` are the bindings of which the ledger knew that a write was on its way, at each write.
    """
    pending = []
    scripted.date = START
    clock = types.SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(binding_state, "machine_clock", types.SimpleNamespace(monotonic=lambda: clock.seconds))
    takes = []
    real = scripted.request

    def request(*arguments, **more):
        if arguments[0] == "PATCH":
            pending.append([each for each, history in histories().items() if history.is_write_pending])
        clock.seconds += takes.pop(0)
        scripted.date = START + timedelta(seconds=int(clock.seconds))
        return real(*arguments, **more)

    monkeypatch.setattr(scripted, "request", request)

    class Scripted:
        def lists(self, *rows, takes_seconds=0.0, answer=None):
            takes.append(takes_seconds)
            answer = answer or {"items": list(rows), "count": len(rows)}
            scripted.expect("GET", PATH, {"target_id": 789, "page_size": 100, "page": 1}, answer=answer)

        def patch(self, binding_id, enabled=True, answer=None, takes_seconds=0.0, **more):
            takes.append(takes_seconds)
            answer = row(binding_id, enabled=enabled, **more) if answer is None else answer
            scripted.expect("PATCH", f"{PATH}{binding_id}/", body={"enabled": enabled}, answer=answer)

    service = Scripted()
    service.pending = pending
    return service


@pytest.fixture
def run(scripted, sqlite_place):
    def run(enabled=True, check_mode=False, wait=20, **options):
        chosen = {"binding_ids": None, "datastream_id": None, "target_id": 789, **options}
        params = dict(chosen, enabled=enabled, ledger=sqlite_place.ledger, ledger_password=None, ledger_wait=wait)
        return set_enabled(scripted, params, check_mode).as_dict()

    return run


def unknown_periods(history):
    return [(show(each.since), each.until and show(each.until), each.reason) for each in history.periods if each.state is State.UNKNOWN]


def at(second):
    """So many seconds after SEEN, as a time."""
    return f"2026-02-01T00:00:{second:02}Z"


# The plan


def test_only_what_is_not_known_to_be_right_is_due():
    for state, enabled, due in [(True, True, 0), (False, True, 1), (True, False, 1), (False, False, 0), (None, True, 1), (None, False, 1)]:
        assert len(EnabledPlan([bindings.Binding.from_row(row(1))], enabled, {1: state}).due) == due


def test_what_differs_is_written_and_recorded(service, run, histories):
    service.lists(row(4), row(5, enabled=False, updated=OLD, name="a"), row(6, enabled=True, updated=OLD))
    service.patch(4)
    service.patch(5, updated=NEW)
    result = run()
    assert (result["changed"], result["affected"]) == (True, {"binding_ids": [4, 5]})
    assert [each["enabled"] for each in result["bindings"]] == [True, True, True]
    assert result["bindings"][1] == row(5, enabled=True, name="a", updated=NEW)
    assert result["diff"] == {
        "before": {"binding 4 (datastream 456 to destination 789)": {"enabled": None}, "binding 5 (datastream 456 to destination 789)": {"enabled": False}},
        "after": {"binding 4 (datastream 456 to destination 789)": {"enabled": True}, "binding 5 (datastream 456 to destination 789)": {"enabled": True}},
    }
    assert service.pending == [[4], [5]]
    known = histories()
    assert list(known) == [4, 5, 6]  # also of what was neither known nor written
    assert (known[5].enabled, known[5].updated, known[5].is_write_pending, known[5].has_backfill) == (True, NEW, False, False)
    assert [fact.kind for fact in known[5].facts] == [FactKind.ROW, FactKind.WRITE, FactKind.ANSWER]
    assert known[5].periods[-1].state is State.ENABLED
    assert [reason for _since, _until, reason in unknown_periods(known[5])] == [Reason.OWN]


@pytest.mark.parametrize("updated", [None, 1700000000, "2026-02-01T00:00:60Z", "soon"])
def test_an_answer_without_a_readable_updated_is_bounded_by_the_clock(service, run, histories, updated):
    """One that kept the old time would never be sent; one that cannot be read is no reason to fail after the write."""
    service.lists(*disabled(5))
    service.patch(5, takes_seconds=3.0, **({} if updated is None else {"updated": updated}))
    assert run()["changed"] is True
    [*_before, period] = histories()[5].periods
    assert (show(period.since), period.until, period.state) == (at(4), None, State.ENABLED)


def test_what_the_list_does_not_tell_is_known_from_the_write_before(service, run, histories):
    service.lists(row(5))
    service.patch(5, updated=NEW)
    assert run()["changed"] is True
    service.lists(row(5))
    assert run()["changed"] is False
    service.lists(row(5))
    service.patch(5, enabled=False)
    assert run(enabled=False)["changed"] is True
    assert histories()[5].enabled is False


# Little time at risk


@pytest.mark.parametrize(("seconds", "readings"), [(0.5, [0, 5, 10]), (0.05, [0])])
def test_bindings_are_read_again_where_the_last_reading_is_old(service, run, histories, seconds, readings):
    """Ten bindings. Each is unknown for some seconds at most, however long the run takes."""
    ids = list(range(11, 26))
    written = set()
    for number, each in enumerate(ids):
        if number in readings:
            service.lists(*(row(one, enabled=one in written, updated=at(number // 2) if one in written else OLD) for one in ids))
        service.patch(each, takes_seconds=seconds, updated=at(int((number + 1) * seconds)))
        written.add(each)
    assert run()["affected"] == {"binding_ids": ids}
    for history in histories().values():
        [(since, until, reason)] = unknown_periods(history)
        assert reason is Reason.OWN
        assert 0 <= (datetime.fromisoformat(until[:19]) - datetime.fromisoformat(since[:19])).total_seconds() <= 4


def test_one_that_somebody_else_enabled_meanwhile_is_not_written(service, run):
    service.lists(*disabled(5, 6, 7))
    service.patch(5, takes_seconds=3.0, updated=at(3))
    service.lists(row(5, enabled=True, updated=at(3)), row(6, enabled=True, updated=at(2)), *disabled(7))
    service.patch(7, updated=at(3))
    result = run()
    assert result["affected"] == {"binding_ids": [5, 7]}
    assert [each["enabled"] for each in result["bindings"]] == [True, True, True]


def test_a_list_that_cannot_be_read_again_stops_nothing(service, run):
    service.lists(*disabled(5, 6))
    service.patch(5, takes_seconds=3.0, updated=at(3))
    service.lists(answer=Refused("GET", PATH, 500, "no"))
    service.patch(6, updated=at(3))
    assert run()["affected"] == {"binding_ids": [5, 6]}


# Failures

NOT_6_TO_9 = "Written before that: binding 5. Not written: bindings 6-9."
NOT_9 = "Written before that: binding 5. Whether bindings 6-8 were written is unknown. Not written: binding 9."


def refused(status):
    return Refused("PATCH", PATH, status, "No.")


@pytest.mark.parametrize(
    ("errors", "unknown", "ends_with"),
    [
        # One that cannot be written does not hold up the others, nor do three that were certainly not written.
        ([refused(404)], [], None),
        ([refused(404)] * 3, [], None),
        ([refused(500)], [6], None),
        ([Lost("PATCH", PATH, "x")], [6], None),
        ([UnreadableAnswer("x", method="PATCH", path=PATH)], [6], None),
        # What concerns every request ends the run.
        ([NotReached("PATCH", PATH, "x")], [], NOT_6_TO_9),
        ([refused(401)], [], NOT_6_TO_9),
        ([refused(429)], [], NOT_6_TO_9),
        ([Lost("PATCH", PATH, "x")] * 3, [6, 7, 8], NOT_9),
        ([refused(500)] * 3, [6, 7, 8], NOT_9),
    ],
)
def test_bindings_that_cannot_be_written_end_the_run_only_where_others_cannot_be_either(service, run, histories, errors, unknown, ends_with):
    service.lists(*disabled(5, 6, 7, 8, 9))
    outcomes = dict(zip([6, 7, 8], errors))
    for each in [5, *outcomes] if ends_with else [5, 6, 7, 8, 9]:
        service.patch(each, answer=outcomes.get(each), updated=NEW)
    with pytest.raises(type(errors[0]) if ends_with else Unfinished) as caught:
        run()
    result = caught.value.result()
    written = [5] if ends_with else [each for each in (5, 6, 7, 8, 9) if each not in outcomes]
    open_ids = [each for each in (5, 6, 7, 8, 9) if each not in written]
    assert (result["changed"], result["affected"], result["remaining"]) == (True, {"binding_ids": written}, {"binding_ids": open_ids})
    assert (result["unknown"], result.get("unfinished", False)) == ({"binding_ids": unknown}, not ends_with)
    assert [each["id"] for each in result["bindings"] if each["enabled"]] == written
    if ends_with:
        assert result["msg"].endswith(f"{ends_with} Run it again: it reads first and writes only what differs.")
        assert (result["method"], result["path"]) == ("PATCH", PATH)
    else:
        done = result["msg"].partition(". Still open, not enabled: binding 6 (datastream 456 to destination 789): " + str(errors[0]))
        assert (done[0][:30], bool(done[1])) == ("Bindings enabled in this run: ", True)
        assert "deploy_destination_datastream_ids" in result["msg"]
    known = histories()
    assert [each for each in known if known[each].enabled] == written
    assert [each for each in known if known[each].is_write_pending] == unknown


@pytest.mark.parametrize(
    "answer",
    [
        [], "ok", {"affected": 1}, row(2, enabled=True), row(1), row(1, enabled=False), row(1, enabled=1), row("1", enabled=True), {"enabled": True},
    ],
)  # fmt: skip
def test_an_answer_that_is_not_this_binding_in_this_state_is_an_error(service, run, histories, answer):
    service.lists(*disabled(1))
    service.patch(1, answer=answer)
    with pytest.raises(Unfinished, match="but the response does not show the binding as"):
        run()
    assert histories()[1].is_write_pending is True


# Locks


def test_a_binding_that_another_run_has_enabled_meanwhile_is_not_written_again(service, run, monkeypatch):
    """Both read it as disabled; the second one reads again when it has the lock, and the first time of enabling stays."""
    turns = iter([True, False])
    monkeypatch.setattr(Ledger, "take_turn", lambda _ledger, _ids: next(turns))
    service.lists(*disabled(5))
    service.lists(row(5, enabled=True, updated=NEW))
    result = run()
    assert (result["changed"], result["bindings"][0]["updated"]) == (False, NEW)


def test_while_another_run_holds_the_binding_nothing_is_written(service, run, fork, sqlite_place):
    def work(child):
        with sqlite_place.open() as ledger:
            ledger.take_turn([5])
            child.say("held")
            child.wait()

    assert fork(work).hear() == "held"
    for check_mode in (False, True):
        service.lists(*disabled(5))
        with pytest.raises(LedgerError, match="Another run holds"):
            run(wait=0, check_mode=check_mode)


# A PATCH whose answer is lost

SHOWS, SHOWS_NOT = ({"enabled": True, "updated": "2026-01-01T00:00:07Z"}, {"enabled": False, "updated": OLD})


@pytest.mark.parametrize(
    ("lost", "shown", "options", "methods", "updated"),
    [
        (500, SHOWS, {}, ["PATCH", "GET"], "2026-01-01T00:00:07Z"),
        (504, SHOWS, {}, ["PATCH", "GET"], "2026-01-01T00:00:07Z"),
        (None, SHOWS, {"retries": 0}, ["PATCH", "GET"], "2026-01-01T00:00:07Z"),
        (None, SHOWS_NOT, {}, ["PATCH", "GET", "PATCH"], "2026-01-01T00:00:09Z"),
        (None, {"enabled": None}, {}, ["PATCH", "GET", "PATCH"], "2026-01-01T00:00:09Z"),
        (None, None, {}, ["PATCH", "GET"], None),
    ],
)
def test_after_a_lost_answer_the_binding_is_read_and_written_again_only_where_it_shows_no_write(
    server, make_client, sqlite_place, monkeypatch, lost, shown, options, methods, updated
):
    """``lost`` is a status; None is a connection that ends. ``shown`` is what is read then; None where it cannot be read."""

    def listed(**fields):
        server.answer(200, {"items": [row(1, **fields), row(2, enabled=False)], "count": 2})

    monkeypatch.setattr(binding_state, "machine_clock", types.SimpleNamespace(monotonic=lambda: 0.0))
    listed(**SHOWS_NOT)
    server.drop() if lost is None else server.answer(lost, {"detail": "x"})
    server.answer(403, {"detail": "no"}) if shown is None else listed(**shown)
    if len(methods) == 3:
        server.answer(200, row(1, enabled=True, updated=updated))
    params = {"binding_ids": [1], "datastream_id": None, "target_id": None, "enabled": True, "ledger_password": None, "ledger_wait": 0}
    with contextlib.ExitStack() as stack:
        caught = stack.enter_context(pytest.raises(Unfinished)) if updated is None else None
        result = set_enabled(make_client(server, **options), dict(params, ledger=sqlite_place.ledger), False).as_dict()
    assert [request.method for request in server.requests[1:]] == methods
    assert "datastream_id=456" in server.requests[2].target
    if caught is None:
        assert (result["changed"], result["bindings"][0]["updated"]) == (True, updated)
    else:
        assert caught.value.facts["unknown"] == {"binding_ids": [1]}
