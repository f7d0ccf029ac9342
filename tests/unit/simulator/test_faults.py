# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a fault is written, matches and counts. What each kind does to a request: ``tests/unit/plugins/matrix``."""

from __future__ import annotations

import pytest

BINDINGS, REQUEUE = "/api/v1/bindings/", "/api/v1/extracts/requeue/"
BODY = {"extract_ids": [101, 102]}


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


def test_fault_that_is_due_first_fires_and_the_next_waits(ask_small):
    first, due = {"status": {"code": 501}}, {"method": "get", "path": "bindings/$", "skip": 3, "status": {"code": 503}}
    rows = ask_small.control("POST", "faults", [first, {"status": {"code": 502}, "times": 2}, due])
    assert rows[0] == {"method": None, "path": None, "skip": 0, "times": 1, "work": False, **first, "matches": 0, "fired": 0}
    requests = [*[("GET", f"{BINDINGS}?page=1")] * 4, ("GET", "/api/extracts/"), ("GET", BINDINGS)]
    assert [ask_small(*request).status for request in requests] == [501, 502, 502, 503, 200, 200]
    assert [(fault["matches"], fault["fired"]) for fault in ask_small.control("GET", "faults")] == [(6, 1), (6, 2), (5, 1)]
    ask_small.simulator.fault(status={"code": 500})
    assert (ask_small.control("DELETE", "faults"), ask_small("GET", BINDINGS).status) == ([], 200)


@pytest.mark.parametrize("data", [
    None, {}, {"method": "GET"}, {"drop": "before", "cut": 1}, {"drop": "sometimes"}, {"cut": "20"}, {"status": 500},
    {"status": {"code": "500"}}, {"delay": {"when": "before"}}, {"drip": {"seconds": 1, "part": "head"}}, {"redirect": {}},
    {"mutate": {"add": []}}, {"cut": 1, "skip": -1}, {"cut": 1, "times": 0}, {"cut": 1, "path": "("}, {"cut": 1, "after": 1},
], ids=repr)
def test_fault_that_makes_no_sense_is_refused(ask_small, data):
    assert isinstance(ask_small.refuses("faults", data), str)
