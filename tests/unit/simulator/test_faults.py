# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a fault is written, matches and counts. What each kind does to a request: ``tests/unit/plugins/matrix``."""

from __future__ import annotations

import threading
import time

import pytest

BINDINGS, PATCHED, REQUEUE = "/api/v1/bindings/", "/api/v1/bindings/6/", "/api/v1/extracts/requeue/"
BODY = {"extract_ids": [101, 102]}
ANSWER = {"message": "Dispatched requeue for 2 extract(s).", "extract_ids": [101, 102], "extract_count": 2}
LONGEST = 300.0  # seconds, the last resort against what hangs


@pytest.fixture(name="ask")
def fixture_ask(ask_small):
    """A Talk with the small world."""
    return ask_small


def loaded(ask):
    """How many loads there were."""
    return len(ask.simulator.loads)


def statuses(ask, *requests):
    """The statuses of some requests, one after the other."""
    return [ask(method, path, {"enabled": True} if method == "PATCH" else None).status for method, path in requests]


# --- the kinds ---

@pytest.mark.parametrize("work", [False, True])
@pytest.mark.parametrize(("do", "kind", "body"), [
    ({"code": 500}, "application/json", {"detail": "Scripted fault."}), ({"code": 502, "body": "bad gateway"}, "text/plain; charset=utf-8", "bad gateway"),
    ({"code": 418, "body": "<p>", "content_type": "text/html"}, "text/html", "<p>"),
])
def test_another_status_with_or_without_the_work(ask, do, kind, body, work):
    ask.simulator.fault(path="requeue", status={**do, "work": work})
    reply = ask("POST", REQUEUE, BODY)
    assert (reply.status, reply.headers["content-type"], reply.body) == (do["code"], kind, body)
    assert (loaded(ask), ask.simulator.requests[-1]["status"]) == (2 if work else 0, do["code"])
    assert ask("POST", REQUEUE, BODY).body == ANSWER  # it fires once


@pytest.mark.parametrize(("fault", "received", "done"), [
    ({"drop": "before"}, b"", 0), ({"drop": "after"}, b"", 2), ({"cut": 20}, b'{"message": "Dispatc', 2)])
def test_a_connection_that_ends_without_a_whole_response(ask, fault, received, done):
    ask.simulator.fault(path="requeue", **fault)
    with pytest.raises(ConnectionError) as caught:
        ask("POST", REQUEUE, BODY)
    assert (caught.value.args, loaded(ask), ask.stays) == ((received,), done, False)
    assert ask.simulator.requests[-1]["status"] == (None if "drop" in fault else 200)


@pytest.mark.parametrize(("when", "early"), [("before", 0), ("after", 2)])
def test_hold_and_release(ask, when, early):
    ask.simulator.fault(path="requeue", hold=when)
    replies = []
    thread = threading.Thread(target=lambda: replies.append(ask("POST", REQUEUE, BODY)))
    thread.start()
    end = time.monotonic() + LONGEST
    while ask.control("GET", "held") == {"held": 0} and time.monotonic() < end:
        time.sleep(0.01)
    assert (ask.control("GET", "held"), loaded(ask), replies) == ({"held": 1}, early, [])
    assert ask.control("GET", "requests")[-1]["status"] is None
    assert ask("GET", BINDINGS).status == 200  # the others are served meanwhile
    assert ask.control("POST", "release") == {"released": 1}
    thread.join(LONGEST)
    assert (replies[0].body, loaded(ask), ask.control("GET", "held")) == (ANSWER, 2, {"held": 0})


# --- matching and counting ---

def test_method_and_path_choose(ask):
    ask.simulator.fault(method="patch", path=r"bindings/\d+/$", status={"code": 500}, times=None)
    ask.simulator.fault(path="page_size", status={"code": 501})  # the query is no part of the path
    assert statuses(ask, ("GET", f"{BINDINGS}?page_size=1"), ("PATCH", PATCHED), ("PATCH", "/api/v1/datastreams/"), ("PATCH", PATCHED)) == [
        200, 500, 200, 500]


def test_the_first_that_is_due_fires_and_the_next_waits(ask):
    ask.simulator.fault(status={"code": 501})
    ask.simulator.fault(status={"code": 502}, times=2)
    fault = ask.simulator.fault(method="GET", skip=4, status={"code": 503})
    assert statuses(ask, *[("GET", BINDINGS)] * 6) == [501, 502, 502, 200, 503, 200]
    assert (fault.matches, fault.fired) == (6, 1)


def test_faults_over_http(ask):
    row = {"method": "GET", "path": "bindings", "status": {"code": 500}, "skip": 0, "times": 3, "work": False}
    assert ask.control("POST", "faults", [row, {"drop": "after"}])[0] == {**row, "matches": 0, "fired": 0}  # none concerns the control API
    assert statuses(ask, ("GET", BINDINGS)) == [500]
    assert [(fault["matches"], fault["fired"]) for fault in ask.control("GET", "faults")] == [(1, 1), (1, 0)]
    assert ask.control("DELETE", "faults") == []
    assert statuses(ask, ("GET", BINDINGS)) == [200]


@pytest.mark.parametrize("data", [
    None, {}, {"method": "GET"}, {"drop": "before", "cut": 1}, {"drop": "sometimes"}, {"cut": "20"}, {"status": 500},
    {"status": {"code": "500"}}, {"delay": {"when": "before"}}, {"drip": {"seconds": 1, "part": "head"}}, {"redirect": {}},
    {"mutate": {"add": []}}, {"cut": 1, "extra": 1}, {"cut": 1, "skip": -1}, {"cut": 1, "times": 0}, {"cut": 1, "path": "("},
], ids=repr)
def test_a_fault_that_makes_no_sense_is_refused(ask, data):
    assert isinstance(ask.refuses("faults", data), str)
