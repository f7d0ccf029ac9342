# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of fault: what goes over the network, whether the work was done, and how a fault matches and counts."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import types
from email.utils import parsedate_to_datetime

import pytest
from adverity_simulator import FAULTS

BINDINGS, PATCHED = "/api/v1/bindings/", "/api/v1/bindings/6/"
REQUEUE = "/api/v1/extracts/requeue/"
BODY = {"extract_ids": [101, 102]}
LONGEST = 300.0  # seconds, the last resort against what hangs


@pytest.fixture(name="ask")
def fixture_ask(start, small):
    """A Talk with the small world."""
    return start(small)


def loaded(ask):
    """How many loads there were."""
    return len(ask.simulator.loads)


def test_each_kind_says_what_it_does():
    assert all(meaning for _check, meaning in FAULTS.values())
    assert set(FAULTS) == {"status", "drop", "delay", "hold", "cut", "html", "json", "redirect", "count", "drip", "mutate"}


# --- the kinds ---

@pytest.mark.parametrize("work", [False, True])
def test_status(ask, work):
    ask.simulator.fault(method="POST", status={
        "code": 503, "headers": {"Retry-After": "1", "X-From": "proxy"}, "body": {"detail": "later"}, "work": work})
    reply = ask("POST", REQUEUE, BODY)
    assert (reply.status, reply.body) == (503, {"detail": "later"})
    assert (reply.headers["retry-after"], reply.headers["x-from"]) == ("1", "proxy")
    assert loaded(ask) == (2 if work else 0)
    assert ask.simulator.requests[-1]["status"] == 503
    assert ask("POST", REQUEUE, BODY).status == 200


@pytest.mark.parametrize(("do", "content_type", "body"), [
    ({"code": 500}, "application/json", {"detail": "Scripted fault."}),
    ({"code": 502, "body": "bad gateway"}, "text/plain; charset=utf-8", "bad gateway"),
    ({"code": 418, "body": "<p>", "content_type": "text/html"}, "text/html", "<p>"),
    ({"code": 499, "body": [1]}, "application/json", [1]),
    ({"code": 400, "body": ""}, "text/plain; charset=utf-8", ""),
])
def test_bodies_of_a_status(ask, do, content_type, body):
    ask.simulator.fault(status=do)
    reply = ask("GET", BINDINGS)
    assert (reply.status, reply.headers["content-type"], reply.body) == (do["code"], content_type, body)


def test_retry_after_as_a_date(ask):
    ask.simulator.fault(status={"code": 429, "headers": {"Retry-After": "http-date+30"}})
    moment = parsedate_to_datetime(ask("GET", BINDINGS).headers["retry-after"])
    assert 27 < moment.timestamp() - time.time() <= 30


@pytest.mark.parametrize(("when", "done"), [("before", 0), ("after", 2)])
def test_drop(ask, when, done):
    ask.simulator.fault(path="requeue", drop=when)
    with pytest.raises(http.client.RemoteDisconnected):
        ask("POST", REQUEUE, BODY)
    assert loaded(ask) == done
    assert ask.simulator.requests[-1]["status"] is None
    ask.connection.close()
    assert ask("POST", REQUEUE, BODY).status == 200
    assert [row["connection"] for row in ask.simulator.requests] == [1, 2]


@pytest.mark.parametrize(("do", "early"), [
    ({"seconds": 0.5}, 0), ({"seconds": 0.5, "when": "before"}, 0), ({"seconds": 0.5, "when": "after"}, 2)])
def test_delay(ask, monkeypatch, do, early):
    slept, sleeps, over = [], threading.Event(), threading.Event()

    def sleep(seconds):
        slept.append(seconds)
        sleeps.set()
        assert over.wait(LONGEST)

    monkeypatch.setattr(ask.simulator, "sleep", sleep)
    ask.simulator.fault(path="requeue", delay=do)
    replies = []
    thread = threading.Thread(target=lambda: replies.append(ask("POST", REQUEUE, BODY)))
    thread.start()
    assert sleeps.wait(LONGEST)
    assert (slept, replies, loaded(ask)) == ([0.5], [], early)
    over.set()
    thread.join(LONGEST)
    assert replies[0].status == 200
    assert loaded(ask) == 2


@pytest.mark.parametrize(("when", "early"), [("before", 0), ("after", 2)])
def test_hold_and_release(ask, another, when, early):
    ask.simulator.fault(path="requeue", hold=when)
    other = another(ask)
    replies = []
    thread = threading.Thread(target=lambda: replies.append(ask("POST", REQUEUE, BODY)))
    thread.start()
    end = time.monotonic() + LONGEST
    while other.control("GET", "held") == {"held": 0} and time.monotonic() < end:
        time.sleep(0.01)
    assert other.control("GET", "held") == {"held": 1}
    assert (loaded(ask), replies) == (early, [])
    assert other.control("GET", "requests")[-1]["status"] is None
    assert other("GET", BINDINGS).status == 200  # the others are served meanwhile
    assert other.control("POST", "release") == {"released": 1}
    thread.join(LONGEST)
    assert replies[0].status == 200
    assert loaded(ask) == 2
    assert other.control("GET", "held") == {"held": 0}


def test_cut(ask):
    ask.simulator.fault(path="requeue", cut=20)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask("POST", REQUEUE, BODY)
    assert caught.value.partial == b'{"message": "Dispatc'
    assert caught.value.expected > 20
    assert loaded(ask) == 2


def test_a_cut_past_the_end_closes_the_connection_unannounced(ask):
    ask.simulator.fault(path="requeue", cut=10000)
    reply = ask("POST", REQUEUE, BODY)
    assert (reply.status, reply.headers["connection"], reply.body["extract_count"]) == (200, "keep-alive", 2)
    with pytest.raises(ConnectionError):
        ask("GET", BINDINGS)


@pytest.mark.parametrize("part", ["body", "all"])
def test_a_drip(ask, monkeypatch, part):
    """A byte in 0.25 s for a second, then the rest: the headers come at once where it is the body that drips."""
    seconds, read = [0.0], threading.Semaphore(0)

    def wait(pause):
        """The time goes on when what was sent is read: otherwise bytes could come together."""
        if part == "body" or seconds[0]:
            assert read.acquire(timeout=LONGEST)
        seconds[0] += pause
        return False

    monkeypatch.setattr("adverity_simulator.server.time", types.SimpleNamespace(monotonic=lambda: seconds[0]))
    monkeypatch.setattr(ask.simulator.stopped, "wait", wait)
    ask.simulator.fault(path="requeue", drip={"seconds": 0.25, "limit": 1, "part": part})
    with socket.create_connection(("127.0.0.1", ask.simulator.port), timeout=LONGEST) as connection:
        body = json.dumps(BODY).encode()
        connection.sendall(b"POST /api/v1/extracts/requeue/ HTTP/1.1\r\nAuthorization: Bearer demo-key-0123456789\r\n"
                           b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        parts = []
        while content := connection.recv(65536):
            parts.append(content)
            read.release()
    assert seconds == [1.0]
    dripped = parts[1:4] if part == "body" else parts[:3]  # the fourth byte may come with the rest
    assert [len(one) for one in dripped] == [1, 1, 1]
    assert parts[0].endswith(b"\r\n\r\n") or part == "all"
    assert len(parts) - (part == "body") in (4, 5)
    assert b"".join(parts).endswith(b'"extract_count": 2}')
    assert loaded(ask) == 2


def test_a_drip_ends_with_its_bytes_and_keeps_the_connection(ask):
    ask.simulator.fault(path="nowhere", drip={"seconds": 0.001})
    assert ask("GET", "/nowhere/").body == {"detail": "Not Found"}
    assert ask("GET", BINDINGS).status == 200
    assert [row["connection"] for row in ask.simulator.requests] == [1, 1]


def test_a_drip_ends_with_the_simulator(ask, monkeypatch):
    real, drips = ask.simulator.stopped.wait, threading.Event()
    monkeypatch.setattr(ask.simulator.stopped, "wait", lambda pause: (drips.set(), real(pause))[1])
    ask.simulator.fault(drip={"seconds": 60})
    thread = threading.Thread(target=lambda: drips.wait(LONGEST) and ask.simulator.stop())
    thread.start()
    with pytest.raises(http.client.IncompleteRead):
        ask("GET", BINDINGS)
    thread.join(LONGEST)


@pytest.mark.parametrize("work", [False, True])
def test_html(ask, work):
    ask.simulator.fault(path="requeue", html={"code": 200, "work": work})
    reply = ask("POST", REQUEUE, BODY)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reply.body.startswith("<!DOCTYPE html>")
    assert loaded(ask) == (2 if work else 0)


@pytest.mark.parametrize("body", [{"items": "none"}, [], None, 7, "text"])
@pytest.mark.parametrize("work", [False, True])
def test_json_of_another_shape(ask, body, work):
    ask.simulator.fault(path="requeue", json=body, work=work)
    reply = ask("POST", REQUEUE, BODY)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "application/json", body)
    assert loaded(ask) == (2 if work else 0)


@pytest.mark.parametrize("code", [None, 307])
def test_redirect(ask, code):
    ask.simulator.fault(path="requeue", redirect={"to": "https://elsewhere.example/x", **({"code": code} if code else {})})
    reply = ask("POST", REQUEUE, BODY)
    assert (reply.status, reply.headers["location"]) == (code or 302, "https://elsewhere.example/x")
    assert loaded(ask) == 0


@pytest.mark.parametrize("difference", [3, -1])
def test_a_count_that_lies(ask, difference):
    for path in (BINDINGS, "/api/v1/datastreams/", "/api/extracts/"):
        ask.simulator.fault(count=difference)
        lie = ask("GET", path).body
        truth = ask("GET", path).body
        assert lie == {**truth, "count": truth["count"] + difference}


def test_rows_that_come_and_go_between_two_pages(ask):
    ask.simulator.fault(method="GET", skip=1, mutate={
        "remove": {"bindings": [5], "extracts": [101]},
        "add": {"bindings": [{"id": 7, "datastream_id": 1, "target_id": 10}, {"id": 6, "datastream_id": 1, "target_id": 10}],
                "extracts": [{"id": 104, "datastream_id": 1, "created": "2025-06-09T00:00:00Z"}]}})
    assert [row["id"] for row in ask("GET", BINDINGS).body["items"]] == [5, 6]
    items = ask("GET", BINDINGS).body["items"]
    assert [(row["id"], row["target_id"], row["enabled"]) for row in items] == [(6, 10, True), (7, 10, True)]
    assert [row["id"] for row in ask("GET", "/api/extracts/").body["results"]] == [104, 103, 102]


def test_what_depends_on_a_row_goes_with_it(ask):
    ask.simulator.fault(mutate={"remove": {"datastreams": [1]}})
    assert ask("GET", BINDINGS).body == {"items": [], "count": 0}
    assert ask("GET", "/api/extracts/").body["count"] == 0
    assert ask("GET", "/api/v1/datastreams/").body["count"] == 0


# --- matching and counting ---

def statuses(ask, *requests):
    """The statuses of some requests, one after the other."""
    return [ask(method, path, {"enabled": True} if method == "PATCH" else None).status for method, path in requests]


def test_method_and_path_choose(ask):
    ask.simulator.fault(method="patch", path=r"bindings/\d+/$", status={"code": 500}, times=None)
    assert statuses(ask, ("GET", BINDINGS), ("PATCH", PATCHED), ("PATCH", "/api/v1/datastreams/"), ("PATCH", PATCHED)) == [
        200, 500, 200, 500]


def test_the_path_is_searched_without_the_query(ask):
    ask.simulator.fault(path="page_size", status={"code": 500})
    assert statuses(ask, ("GET", f"{BINDINGS}?page_size=1")) == [200]


def test_skip_and_times(ask):
    fault = ask.simulator.fault(path="bindings", skip=2, times=2, status={"code": 500})
    assert statuses(ask, *[("GET", BINDINGS)] * 6) == [200, 200, 500, 500, 200, 200]
    assert (fault.matches, fault.fired) == (6, 2)


def test_the_first_that_is_due_fires_and_the_next_waits(ask):
    ask.simulator.fault(status={"code": 501})
    ask.simulator.fault(status={"code": 502}, times=2)
    ask.simulator.fault(method="GET", skip=4, status={"code": 503})
    assert statuses(ask, *[("GET", BINDINGS)] * 6) == [501, 502, 502, 200, 503, 200]


def test_the_control_surface_has_no_faults(ask):
    ask.simulator.fault(times=None, status={"code": 500})
    assert ask.control("GET", "requests") == []
    assert statuses(ask, ("GET", BINDINGS)) == [500]


def test_faults_over_http(ask):
    row = {"method": "GET", "path": "bindings", "status": {"code": 500}, "skip": 0, "times": 3, "work": False}
    assert ask.control("POST", "faults", [row, {"drop": "after"}])[0] == {**row, "matches": 0, "fired": 0}
    assert statuses(ask, ("GET", BINDINGS)) == [500]
    assert [(fault["matches"], fault["fired"]) for fault in ask.control("GET", "faults")] == [(1, 1), (1, 0)]
    assert ask.control("DELETE", "faults") == []
    assert statuses(ask, ("GET", BINDINGS)) == [200]
    ask.control("POST", "faults", {"html": {}})
    assert isinstance(ask("GET", BINDINGS).body, str)


@pytest.mark.parametrize("data", [
    None, "drop", {}, {"method": "GET"}, {"drop": "before", "cut": 1}, {"drop": "sometimes"}, {"cut": "20"}, {"count": 1.5},
    {"status": 500}, {"status": {"code": "500"}}, {"delay": 2}, {"delay": {"when": "before"}}, {"hold": True}, {"html": 1},
    {"drip": 1}, {"drip": {}}, {"drip": {"seconds": 0}}, {"drip": {"seconds": 1, "limit": 1000}}, {"drip": {"seconds": 1, "part": "head"}},
    {"drip": {"seconds": 1, "bytes": 2}}, {"cut": 1, "method": 7}, {"redirect": {}},
    {"mutate": {"fetch": {"datastream_id": "1"}}}, {"mutate": {"change": {}}}, {"mutate": {"add": []}}, {"mutate": {"remove": {"loads": [1]}}},
    {"cut": 1, "extra": 1}, {"cut": 1, "skip": -1}, {"cut": 1, "times": 0}, {"cut": 1, "times": "2"}, {"cut": 1, "path": "("},
], ids=repr)
def test_a_fault_that_makes_no_sense_is_refused(ask, data):
    reply = ask("POST", "/_simulator/faults", data, key=None)
    assert reply.status == 400
    assert isinstance(reply.body["detail"], str)
    assert ask.simulator.faults == []
