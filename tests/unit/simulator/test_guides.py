# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request of the three guides, sent as it is written there, and the answer held against the one printed there.

The table is in our own words. `CURLS` says how many curl examples each section of a guide has: when a guide gains
one, the number there is raised, and the table has to follow.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from adverity_simulator import SCOPES

BINDINGS, PULLING, REQUEUE = "destination-bindings", "pulling-mode-and-smart-schedule", "requeue-extracts"
KEYS = {"full": "key-with-all-scopes", "read": "key-with-read-scopes"}
WORKSPACE = "11111111-2222-4333-8444-555555555555"
DATASTREAM = "66666666-7777-4888-8999-000000000000"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SMART = {"is_active": True, "frequency": "daily", "refresh_range": {"value": 7, "unit": "day"}, "deadline": None}
AFFECTED = {"affected": {"datastream_ids": [DATASTREAM]}}
EMPTY = {"items": [], "count": 0}


@dataclass
class Request:
    """One request of a guide and what is to come back; `curl` says whether the guide has it as a curl example."""

    guide: str
    section: str
    method: str
    path: str
    status: int = 200
    answer: Any = None
    query: str = ""
    body: Any = None
    key: str | None = "full"
    pulling: dict = field(default_factory=lambda: {"active_mode": "smart", "smart": SMART})
    curl: bool = True
    also: str = ""  # what tells apart two requests of a section

    def __str__(self) -> str:
        return f"{self.guide}: {self.section}{self.also and ', '}{self.also}"


def binding(enabled: Any, updated: Any = "2024-06-01T14:32:00Z") -> dict:
    """A binding as the bindings guide prints it."""
    return {"id": 123, "datastream_id": 456, "target_id": 789, "target_name": "My BigQuery Destination",
            "target_type": "BigQueryTarget", "enabled": enabled, "created": "2024-01-15T10:00:00Z", "updated": updated}


def bindings(section: str, query: str = "", answer: Any = None, **rest: Any) -> Request:
    """A list of bindings. The guide prints three fields of a row and dots."""
    rows = {"items": [binding(bool, MOMENT)], "count": 1}
    return Request(BINDINGS, section, "GET", "/api/v1/bindings/", query=query, answer=answer or rows, **rest)


def patch(section: str, body: Any, status: int = 200, answer: Any = None, number: int = 123, **rest: Any) -> Request:
    """A PATCH of a binding."""
    return Request(BINDINGS, section, "PATCH", f"/api/v1/bindings/{number}/", status, answer, body=body, **rest)


def datastreams(section: str, method: str, body: Any = None, path: str = "/api/v1/datastreams/", **rest: Any) -> Request:
    """A request of the pulling guide; a write is narrowed to one datastream."""
    rest.setdefault("query", f"datastream_id={DATASTREAM}" if method != "GET" else "")
    rest.setdefault("answer", AFFECTED)
    return Request(PULLING, section, method, path, body=body, **rest)


def listed(**rest: Any) -> Request:
    """The list of datastreams, with smart schedule active."""
    row = {"id": DATASTREAM, "name": str, "enabled": True, "workspace": {"id": WORKSPACE, "name": str},
           "pulling": {"active_mode": "smart", "smart": SMART, "smart_bundle": None}}
    rest.setdefault("answer", {"count": 1, "items": [row]})
    return datastreams("Listing datastreams", "GET", **rest)


def requeue(section: str, body: Any, status: int = 200, **rest: Any) -> Request:
    """A requeue; what is printed for it follows from the ids."""
    ids = body.get("extract_ids", [])
    answer = {"message": f"Dispatched requeue for {len(ids)} extract(s).", "extract_ids": ids, "extract_count": len(ids)}
    rest.setdefault("answer", answer)
    return Request(REQUEUE, section, "POST", "/api/v1/extracts/requeue/", status, body=body, **rest)


def error_body(status: int) -> Any:
    """What an error answers; the guides do not print it, so only that there is text or a list in `detail`."""
    return {"detail": list if status == 422 else str}


TABLE = [
    # --- bindings ---
    bindings("Listing all destination bindings"),
    bindings("Filtering by datastream", "datastream_id=456"),
    bindings("Filtering by destination", "target_id=789"),
    bindings("Combining filters", "datastream_id=456&target_id=789"),
    bindings("Combining filters", "datastream_id=456&target_id=790", EMPTY, also="nothing found", curl=False),
    bindings("Pagination", "page=1&page_size=50", also="defaults", curl=False),
    bindings("Pagination", "page=1&page_size=20"),
    bindings("Prerequisites", key="read", also="the read scope lists", curl=False),
    patch("Disabling a binding", {"enabled": False}, answer=binding(False)),
    patch("Re-enabling a binding", {"enabled": True}, answer=binding(True)),
    patch("Re-enabling a binding", {"enabled": True, "target_id": 1, "datastream_id": 1, "x": 1}, answer=binding(True),
          also="other fields are ignored", curl=False),
    patch("Error reference", {"enabled": True}, 401, error_body(401), key=None, also="no header", curl=False),
    patch("Error reference", {"enabled": True}, 401, error_body(401), key="other", also="wrong key", curl=False),
    patch("Error reference", {"enabled": True}, 403, error_body(403), key="read", also="read scope", curl=False),
    patch("Error reference", {"enabled": True}, 404, error_body(404), number=999, also="unknown", curl=False),
    patch("Error reference", {"enabled": True}, 404, error_body(404), number=124, also="unavailable", curl=False),
    patch("Error reference", {"enabled": True}, 404, error_body(404), number=125, also="not reached", curl=False),
    patch("Error reference", None, 422, error_body(422), also="empty body", curl=False),
    patch("Error reference", {}, 422, error_body(422), also="field missing", curl=False),
    patch("Error reference", {"enabled": None}, 422, error_body(422), also="null", curl=False),
    # --- pulling ---
    listed(),
    listed(query=f"datastream_id={DATASTREAM}", also="datastream_id", curl=False),
    listed(query=f"datastream_id={WORKSPACE}&datastream_id={DATASTREAM}", also="repeated", curl=False),
    listed(query=f"workspace_id={WORKSPACE}", also="workspace_id", curl=False),
    *[listed(query=f"workspace_id={WORKSPACE}&workspace_scope={scope}", also=scope, curl=False)
      for scope in ("ancestors", "descendants", "family")],
    listed(query="enabled=true", also="enabled", curl=False),
    listed(query="enabled=false", answer=EMPTY, also="disabled", curl=False),
    listed(query="active_pulling_mode=smart", also="smart", curl=False),
    *[listed(query=f"active_pulling_mode={mode}", answer=EMPTY, also=mode, curl=False)
      for mode in ("smart-bundle", "schedule")],
    datastreams("Enabling or disabling datastreams", "PATCH", {"enabled": False}),
    datastreams("Enabling or disabling datastreams", "PATCH", {"enabled": True},
                answer={"affected": {"datastream_ids": []}}, also="already so", curl=False),
    datastreams("Switching to smart schedule", "PATCH", {"pulling": {"active_mode": "smart"}},
                pulling={"active_mode": "schedule"}),
    datastreams("Switching to custom schedule", "PATCH", {"pulling": {"active_mode": "schedule"}}),
    datastreams("Switching to custom schedule", "PATCH", {"pulling": {"active_mode": "schedule"}},
                pulling={"active_mode": "smart", "smart": SMART, "has_schedule": False}, status=400,
                answer=error_body(400), also="without a fetch schedule", curl=False),
    datastreams("Configuring smart-pulling settings", "PUT", {**SMART, "deadline": {"time": "06:00:00"}},
                path="/api/v1/datastreams/pulling/smart/"),
    datastreams("Configuring smart-pulling settings", "PUT", {"is_active": True, "frequency": "weekly"},
                path="/api/v1/datastreams/pulling/smart/", also="required fields alone", curl=False),
    # --- requeue ---
    Request(REQUEUE, "Discovering extract and binding IDs", "GET", "/api/extracts/", query="datastream_id=456",
            answer=re.compile(r'.*"results": \[\{"id": 103, .*"id": 102, .*"id": 101, .*')),
    requeue("Requeueing extracts sequentially", {"extract_ids": [101, 102, 103]}),
    requeue("Requeueing extracts sequentially", {"extract_ids": [101, 102, 103], "sequential": True},
            also="said explicitly", curl=False),
    requeue("Requeueing extracts in parallel", {"extract_ids": [101, 102], "sequential": False}),
    requeue("Requeueing extracts to a specific destination binding", {"extract_ids": [101], "binding_ids": [55]}),
    # The guide's codes for the first four are lost: any refusal of the caller's doing will do.
    requeue("Error reference", {"extract_ids": [999]}, 4, answer=dict, also="unknown extract", curl=False),
    requeue("Error reference", {"extract_ids": [101], "binding_ids": [56]}, 4, answer=dict, also="foreign", curl=False),
    requeue("Error reference", {"extract_ids": list(range(101, 152))}, 4, answer=dict, also="51 extracts", curl=False),
    requeue("Error reference", {}, 4, answer=dict, also="no extract_ids", curl=False),
    requeue("Error reference", {"extract_ids": [101]}, 403, answer={"detail": "Forbidden."}, key="read",
            also="read scope", curl=False),
]
CURLS = {
    (BINDINGS, "Listing all destination bindings"): 1,
    (BINDINGS, "Filtering by datastream"): 1,
    (BINDINGS, "Filtering by destination"): 1,
    (BINDINGS, "Combining filters"): 1,
    (BINDINGS, "Pagination"): 1,
    (BINDINGS, "Disabling a binding"): 1,
    (BINDINGS, "Re-enabling a binding"): 1,
    (PULLING, "Listing datastreams"): 1,
    (PULLING, "Enabling or disabling datastreams"): 1,
    (PULLING, "Switching to smart schedule"): 1,
    (PULLING, "Switching to custom schedule"): 1,
    (PULLING, "Configuring smart-pulling settings"): 1,
    (REQUEUE, "Discovering extract and binding IDs"): 1,
    (REQUEUE, "Requeueing extracts sequentially"): 1,
    (REQUEUE, "Requeueing extracts in parallel"): 1,
    (REQUEUE, "Requeueing extracts to a specific destination binding"): 1,
}


def world(request: Request) -> dict:
    """What has to be there for the guides' examples; the clock makes `updated` the one that is printed."""
    other = "99999999-2222-4333-8444-555555555555"
    rows = [{"id": 123, "datastream_id": 456, "target_id": 789, "enabled": "Re-enabling" not in request.section},
            {"id": 124, "datastream_id": 456, "target_id": 789, "available": False},
            {"id": 125, "datastream_id": 457, "target_id": 789},
            {"id": 56, "datastream_id": 457, "target_id": 789}]
    if request.guide == REQUEUE:
        rows.append({"id": 55, "datastream_id": 456, "target_id": 790})
    return {
        "now": "2024-06-01T14:31:59Z",
        "keys": {name: {"key": text, "workspace": WORKSPACE,
                        "scopes": [scope for scope in SCOPES if name == "full" or scope.endswith("read")]}
                 for name, text in KEYS.items()},
        "workspaces": [{"id": WORKSPACE}, {"id": other}],
        "datastreams": [{"id": 456, "uuid": DATASTREAM, "workspace": WORKSPACE, **request.pulling},
                        {"id": 457, "workspace": other}],
        "targets": [{"id": 789, "name": "My BigQuery Destination"}, {"id": 790}],
        "bindings": rows,
        "extracts": [{"datastream_id": 456, "first_id": 101, "count": 3, "from": "2024-02-01T05:00:00Z"}],
    }


def differences(expected: Any, seen: Any, where: str = "answer") -> list[str]:
    """Where an answer is not as expected: exact keys and values, or a type or a pattern in place of a value."""
    if isinstance(expected, dict):
        if not isinstance(seen, dict) or set(seen) != set(expected):
            return [f"{where}: {seen!r} has not the keys {sorted(expected)}"]
        return [text for name in expected for text in differences(expected[name], seen[name], f"{where}.{name}")]
    if isinstance(expected, list):
        if not isinstance(seen, list) or len(seen) != len(expected):
            return [f"{where}: {seen!r} is not a list of {len(expected)}"]
        return [text for pair in zip(expected, seen) for text in differences(*pair, where=f"{where}[]")]
    if isinstance(expected, type):
        same = isinstance(seen, expected) and isinstance(seen, bool) == (expected is bool)
        return [] if same else [f"{where}: {seen!r} is no {expected.__name__}"]
    if isinstance(expected, re.Pattern):
        text = seen if isinstance(seen, str) else json.dumps(seen)
        return [] if expected.fullmatch(text) else [f"{where}: {text} is not like {expected.pattern}"]
    # as JSON, since 1 is not true there
    return [] if json.dumps(seen) == json.dumps(expected) else [f"{where}: {seen!r} is not {expected!r}"]


@pytest.mark.parametrize("request_", TABLE, ids=str)
def test_request_of_a_guide(start, request_):
    ask = start(world(request_))
    path = request_.path + (f"?{request_.query}" if request_.query else "")
    body = None if request_.body is None else json.dumps(request_.body).encode()
    headers = {"Content-Type": "application/json"} if request_.method != "GET" else {}
    reply = ask(request_.method, path, body, KEYS.get(request_.key or "", request_.key), headers)
    if request_.status == 4:
        assert 400 <= reply.status < 500
    else:
        assert reply.status == request_.status
    assert reply.headers["content-type"] == "application/json"
    assert differences(request_.answer, reply.body) == []
    sent = ask.simulator.requests[-1]
    assert (sent["method"], sent["path"], sent["body"]) == (request_.method, request_.path, request_.body)


def test_each_curl_example_is_in_the_table():
    assert Counter((request.guide, request.section) for request in TABLE if request.curl) == CURLS
    assert Counter(guide for guide, _section in CURLS) == {BINDINGS: 7, PULLING: 5, REQUEUE: 4}


def test_the_table_has_each_request_once():
    names = [str(request) for request in TABLE]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(("expected", "seen"), [
    ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1}, {}), ([1], []), ({"a": 1}, {"a": True}), (str, 1), (MOMENT, "yesterday"),
    ({"a": {"b": [1]}}, {"a": {"b": [2]}}),
])
def test_a_difference_is_seen(expected, seen):
    assert differences(expected, seen)
