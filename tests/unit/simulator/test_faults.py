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


def statuses(ask, *requests):
    """The statuses of some requests, one after the other."""
    return [ask(method, path, {"enabled": True} if method == "PATCH" else None).status for method, path in requests]


# --- what plugins/matrix does not see of a kind ---

@pytest.mark.parametrize(("do", "kind", "body"), [
    ({"code": 500}, "application/json", {"detail": "Scripted fault."}), ({"code": 502, "body": "bad gateway"}, "text/plain; charset=utf-8", "bad gateway"),
    ({"code": 418, "body": "<p>", "content_type": "text/html"}, "text/html", "<p>"),
])
def test_status_fault_has_a_body_and_a_content_type_of_its_own(ask_small, do, kind, body):
    ask_small.simulator.fault(path="requeue", status=do)
    reply = ask_small("POST", REQUEUE, BODY)
    assert (reply.status, reply.headers["content-type"], reply.body) == (do["code"], kind, body)
    assert ask_small.simulator.requests[-1]["status"] == do["code"]


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"cut": 20}])
def test_fault_without_a_whole_response_ends_the_connection(ask_small, fault):
    ask_small.simulator.fault(path="requeue", **fault)
    with pytest.raises(ConnectionError):
        ask_small("POST", REQUEUE, BODY)
    assert ask_small.stays is False
    assert ask_small.simulator.requests[-1]["status"] == (None if "drop" in fault else 200)


@pytest.mark.parametrize(("when", "early"), [("before", 0), ("after", 2)])
def test_request_that_is_held_waits_for_release_and_holds_up_no_other(ask_small, when, early):
    ask_small.simulator.fault(path="requeue", hold=when)
    replies = []
    thread = threading.Thread(target=lambda: replies.append(ask_small("POST", REQUEUE, BODY)))
    thread.start()
    end = time.monotonic() + LONGEST
    while ask_small.control("GET", "held") == {"held": 0} and time.monotonic() < end:
        time.sleep(0.01)
    assert (ask_small.control("GET", "held"), len(ask_small.simulator.loads), replies) == ({"held": 1}, early, [])
    assert ask_small.control("GET", "requests")[-1]["status"] is None
    assert ask_small("GET", BINDINGS).status == 200  # the others are served meanwhile
    assert ask_small.control("POST", "release") == {"released": 1}
    thread.join(LONGEST)
    assert (replies[0].body, len(ask_small.simulator.loads), ask_small.control("GET", "held")) == (ANSWER, 2, {"held": 0})


# --- matching and counting ---

def test_fault_meets_requests_of_its_method_and_path(ask_small):
    ask_small.simulator.fault(method="patch", path=r"bindings/\d+/$", status={"code": 500}, times=None)
    ask_small.simulator.fault(path="page_size", status={"code": 501})  # the query is no part of the path
    assert statuses(ask_small, ("GET", f"{BINDINGS}?page_size=1"), ("PATCH", PATCHED), ("PATCH", "/api/v1/datastreams/"), ("PATCH", PATCHED)) == [
        200, 500, 200, 500]


def test_fault_that_is_due_first_fires_and_the_next_waits(ask_small):
    ask_small.simulator.fault(status={"code": 501})
    ask_small.simulator.fault(status={"code": 502}, times=2)
    fault = ask_small.simulator.fault(method="GET", skip=4, status={"code": 503})
    assert statuses(ask_small, *[("GET", BINDINGS)] * 6) == [501, 502, 502, 200, 503, 200]
    assert (fault.matches, fault.fired) == (6, 1)


def test_faults_are_set_listed_and_removed_over_http(ask_small):
    row = {"method": "GET", "path": "bindings", "status": {"code": 500}, "skip": 0, "times": 3, "work": False}
    assert ask_small.control("POST", "faults", [row, {"drop": "after"}])[0] == {**row, "matches": 0, "fired": 0}  # none concerns the control API
    assert statuses(ask_small, ("GET", BINDINGS)) == [500]
    assert [(fault["matches"], fault["fired"]) for fault in ask_small.control("GET", "faults")] == [(1, 1), (1, 0)]
    assert ask_small.control("DELETE", "faults") == []
    assert statuses(ask_small, ("GET", BINDINGS)) == [200]


@pytest.mark.parametrize("data", [
    None, {}, {"method": "GET"}, {"drop": "before", "cut": 1}, {"drop": "sometimes"}, {"cut": "20"}, {"status": 500},
    {"status": {"code": "500"}}, {"delay": {"when": "before"}}, {"drip": {"seconds": 1, "part": "head"}}, {"redirect": {}},
    {"mutate": {"add": []}}, {"cut": 1, "skip": -1}, {"cut": 1, "times": 0}, {"cut": 1, "path": "("},
], ids=repr)
def test_fault_that_makes_no_sense_is_refused(ask_small, data):
    assert isinstance(ask_small.refuses("faults", data), str)


def test_fault_with_an_unknown_name_is_refused_with_those_that_it_has(ask_small):
    assert ask_small.refuses("faults", {"cut": 1, "after": 1}) == "a fault has no after; it has method, path, skip, times, work"
