# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of fault: what goes over the network, whether the work was done, and how a fault matches and counts."""

from __future__ import annotations

import threading
import time
from email.utils import parsedate_to_datetime

import pytest

BINDINGS, PATCHED, REQUEUE = "/api/v1/bindings/", "/api/v1/bindings/6/", "/api/v1/extracts/requeue/"
BODY = {"extract_ids": [101, 102]}
ANSWER = {"message": "Dispatched requeue for 2 extract(s).", "extract_ids": [101, 102], "extract_count": 2}
ELSEWHERE = "https://elsewhere.example/x"
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

PAGE = "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body><h1>Sign in</h1></body></html>\n"


@pytest.mark.parametrize("work", [False, True])
@pytest.mark.parametrize(("fault", "status", "kind", "body"), [
    ({"status": {"code": 500}}, 500, "application/json", {"detail": "Scripted fault."}),
    ({"status": {"code": 502, "body": "bad gateway"}}, 502, "text/plain; charset=utf-8", "bad gateway"),
    ({"status": {"code": 418, "body": "<p>", "content_type": "text/html"}}, 418, "text/html", "<p>"),
    ({"html": {}}, 200, "text/html; charset=utf-8", PAGE), ({"html": {"code": 403}}, 403, "text/html; charset=utf-8", PAGE),
    *(({"json": body}, 200, "application/json", body) for body in ({"items": "none"}, None)),
    ({"redirect": {"to": ELSEWHERE}}, 302, "text/plain; charset=utf-8", ""),
    ({"redirect": {"to": ELSEWHERE, "code": 307}}, 307, "text/plain; charset=utf-8", ""),
])
def test_another_response_with_or_without_the_work(ask, fault, status, kind, body, work):
    (name, do), = fault.items()
    given = {name: {**do, "work": work}} if name in ("status", "html") else {**fault, "work": work}
    ask.simulator.fault(path="requeue", **given)
    reply = ask("POST", REQUEUE, BODY)
    assert (reply.status, reply.headers["content-type"], reply.body) == (status, kind, body)
    assert reply.headers.get("location") == (ELSEWHERE if name == "redirect" else None)
    assert (loaded(ask), ask.simulator.requests[-1]["status"]) == (2 if work else 0, status)
    assert ask("POST", REQUEUE, BODY).body == ANSWER  # it fires once


def test_headers_of_a_status(ask):
    ask.simulator.fault(status={"code": 429, "headers": {"Retry-After": "http-date+30", "X-From": "proxy"}})
    headers = ask("GET", BINDINGS).headers
    assert headers["x-from"] == "proxy"
    assert 27 < parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time() <= 30


@pytest.mark.parametrize(("fault", "received", "done"), [
    ({"drop": "before"}, b"", 0), ({"drop": "after"}, b"", 2), ({"cut": 20}, b'{"message": "Dispatc', 2)])
def test_a_connection_that_ends_without_a_whole_response(ask, fault, received, done):
    ask.simulator.fault(path="requeue", **fault)
    with pytest.raises(ConnectionError) as caught:
        ask("POST", REQUEUE, BODY)
    assert (caught.value.args, loaded(ask), ask.stays) == ((received,), done, False)
    assert ask.simulator.requests[-1]["status"] == (None if "drop" in fault else 200)


@pytest.mark.parametrize(("do", "early"), [
    ({"seconds": 0.5}, 0), ({"seconds": 0.5, "when": "before"}, 0), ({"seconds": 0.5, "when": "after"}, 2)])
def test_delay(ask, do, early):
    seen = []
    ask.simulator.sleep = lambda seconds: seen.append((seconds, loaded(ask)))
    ask.simulator.fault(path="requeue", delay=do)
    assert ask("POST", REQUEUE, BODY).body == ANSWER
    assert (seen, loaded(ask)) == ([(0.5, early)], 2)


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


@pytest.mark.parametrize("path", [BINDINGS, "/api/v1/datastreams/", "/api/extracts/"])
def test_a_count_that_lies(ask, path):
    ask.simulator.fault(count=-1)
    lie, truth = ask("GET", path).body, ask("GET", path).body
    assert lie == {**truth, "count": truth["count"] - 1}


def test_rows_that_come_and_go_between_two_pages(ask):
    ask.simulator.fault(method="GET", skip=1, mutate={
        "remove": {"bindings": [5], "extracts": [101]},
        "add": {"bindings": [{"id": 7, "datastream_id": 1, "target_id": 10}, {"id": 6, "datastream_id": 1, "target_id": 10}],
                "extracts": [{"id": 104, "datastream_id": 1, "created": "2025-06-09T00:00:00Z"}]}})
    assert ask("GET", BINDINGS).ids == [5, 6]
    assert [(row["id"], row["target_id"], row["enabled"]) for row in ask("GET", BINDINGS).rows] == [(6, 10, True), (7, 10, True)]
    assert ask("GET", "/api/extracts/").ids == [104, 103, 102]


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
