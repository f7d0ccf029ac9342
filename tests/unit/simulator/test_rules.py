# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bindings, datastreams, smart pulling, extracts and requeues, as the guides of the API document them; keys, scopes and paths of every request."""

from __future__ import annotations

import pytest
from adverity_simulator import readable_uuid

ROOT, EMEA, DACH = (readable_uuid("a0", number) for number in (1, 2, 4))
BINDINGS, DATASTREAMS, SMART = "/api/v1/bindings/", "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
EXTRACTS, REQUEUE = "/api/extracts/", "/api/v1/extracts/requeue/"
STACKS, TYPES, CONNECTIONS = "/api/stacks/", "/api/target-types/", "/api/connection-types/121/connections/"
TARGETS, MAPPINGS = f"{TYPES}21/targets/", f"{TYPES}21/targets/789/mappings/"
SETTING = {"is_active": True, "frequency": "daily"}


def streams(*numbers):
    """A query for datastreams."""
    return "&".join(f"datastream_id={readable_uuid('d5', number)}" for number in numbers)


# --- keys and paths; scopes: plugins/completeness/test_scopes.py ---

@pytest.mark.parametrize("value", [None, "Bearer ", "Token demo-key-0123456789", "demo-key-0123456789"])
def test_key_that_is_no_bearer_token_is_401(ask, value):
    reply = ask("GET", BINDINGS, key=None, headers={"Authorization": value} if value else {})
    assert (reply.status, reply.body) == (401, {"detail": "Unauthorized"})


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/api/v1/nothing/", 404), ("GET", "/api/v2/datastreams/", 404), ("PATCH", f"{BINDINGS}abc/", 404), ("PATCH", BINDINGS[:-1], 404),
    ("GET", BINDINGS[:-1], 301),  # to the list with its slash
    ("GET", f"{BINDINGS}123/", 405), ("POST", BINDINGS, 405), ("POST", STACKS, 405), ("PATCH", "/api/datastreams/456/", 405), ("POST", TYPES, 405),
    ("PUT", TARGETS, 405), ("PUT", f"{MAPPINGS}123/", 405), ("OPTIONS", MAPPINGS, 405), ("POST", CONNECTIONS, 405),
    # of another type or destination; and by slug where an ID is due
    ("GET", f"{STACKS}nowhere/", 404), ("GET", "/api/datastreams/999/", 404), ("GET", "/api/datastream-types/21/datastreams/", 404),
    ("GET", "/api/connection-types/21/connections/", 404), ("GET", f"{TYPES}121/targets/", 404), ("GET", f"{TYPES}bigquery/targets/", 404),
    ("GET", f"{TARGETS}790/", 404), ("GET", f"{TARGETS}790/mappings/", 404), ("GET", f"{MAPPINGS}55/", 404),
])
def test_path_or_method_that_does_not_exist_is_404_or_405(ask, method, path, status):
    before = ask.state()
    reply = ask(method, path, {})
    assert (reply.status, ask.state()) == (status, before)
    if status == 405:
        assert reply.body == {"detail": "Method Not Allowed" if "/v1/" in path else f'Method "{method}" not allowed.'}


def test_key_reaches_its_workspace_and_those_below(ask):
    key, all_datastreams = ask.simulator.world.keys["demo"], list(range(456, 468))
    for workspace, ids in ((ROOT, all_datastreams), (EMEA, [456, 457, 458, 459, 460, 466]), (DACH, [459, 460])):
        key["workspace"] = workspace
        assert ask("GET", DATASTREAMS).ids == ids
        assert {row["datastream_id"] for row in ask("GET", BINDINGS).rows} <= set(ids)
    assert [row["name"] for row in ask("GET", STACKS).rows] == [row["name"] for row in ask("GET", "/api/v1/workspaces/").rows] == ["DACH"]
    assert [ask("GET", f"{EXTRACTS}{query}").body["count"] for query in ("", "?datastream_id=456")] == [104, 0]
    before = ask.state()
    assert ask("PATCH", f"{BINDINGS}123/", {"enabled": True}).status == ask("GET", f"{STACKS}emea/").status == 404
    assert ask("POST", REQUEUE, {"extract_ids": [101]}).status == 400
    assert ask.state() == before
    assert ask("PATCH", f"{DATASTREAMS}?{streams(456)}", {"enabled": False}).body == {"affected": {"datastream_ids": []}}


# --- responses, as the guides print them ---

ROW = {"id": 5, "datastream_id": 1, "target_id": 10, "target_name": "Destination 10", "target_type": "BigQueryTarget", "enabled": True,
       "created": "2024-01-15T10:00:00Z", "updated": "2024-01-15T10:00:00Z"}
PULLING = {"active_mode": "schedule", "smart": None, "smart_bundle": None}
DATASTREAM = {"id": readable_uuid("d5", 1), "name": "Datastream 1", "enabled": True, "pulling": PULLING,
              "workspace": {"id": ROOT, "name": f"Workspace {ROOT}"}}
AFFECTED = {"affected": {"datastream_ids": [readable_uuid("d5", 1)]}}
EXTRACT = {
    "id": 103, "created": "2025-06-03T05:00:00Z", "name": "Datastream 1 2025-06-03", "scheduled": "2025-06-03T05:00:00Z", "nrows": 4811,
    "ncols": 18, "filesize": 779382, "state_label": "Collected", "state_color": "grey", "datastream": {"id": 1, "name": "Datastream 1"},
    "metadata": {"datastream_extract_range_start": "2025-05-27", "datastream_extract_range_end": "2025-06-02", "origin_job_id": None}}


@pytest.mark.parametrize(("method", "path", "body", "answer"), [
    ("GET", f"{BINDINGS}?target_id=10&page=1&page_size=20", None, {"items": [ROW], "count": 1}),
    ("PATCH", f"{BINDINGS}5/", {"enabled": False, "target_id": 1, "x": 1}, {**ROW, "enabled": False, "updated": "2026-01-01T00:00:01Z"}),
    ("PATCH", f"{BINDINGS}5/", {"enabled": True}, {**ROW, "updated": "2026-01-01T00:00:01Z"}),
    ("GET", DATASTREAMS, None, {"items": [DATASTREAM], "count": 1}),
    ("PATCH", DATASTREAMS, {"enabled": False}, AFFECTED),
    ("PATCH", DATASTREAMS, {"pulling": {"active_mode": "smart"}}, AFFECTED),
    ("PUT", SMART, {**SETTING, "refresh_range": {"value": 7, "unit": "day"}, "deadline": {"time": "06:00:00"}}, AFFECTED),
    ("GET", f"{EXTRACTS}?created_from=2025-06-03", None, {"count": 1, "next": None, "previous": None, "results": [EXTRACT]}),
    ("GET", f"{EXTRACTS}?datastream_id=9", None, {"count": 0, "next": None, "previous": None, "results": []}),
    ("POST", REQUEUE, {"extract_ids": [103, 101, 102], "sequential": True},
     {"message": "Dispatched requeue for 3 extract(s).", "extract_ids": [101, 102, 103], "extract_count": 3}),
    ("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [5], "sequential": False},
     {"message": "Dispatched requeue for 1 extract(s).", "extract_ids": [101], "extract_count": 1}),
])
def test_response_is_as_documented(ask_small, method, path, body, answer):
    reply = ask_small(method, path, body)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "application/json", answer)


def test_job_and_issue_are_as_other_clients_have_seen_them(ask):
    job, issue = (next(row for row in ask("GET", path).rows if row["id"] == number) for path, number in (
        ("/api/jobs/?start=2026-01-01", 9001), ("/api/errors/?show_issue_tags=true", 71)))
    shared = {"message": "The account is suspended.", "type_label": "Error", "extraction_stage_label": "Fetch"}
    streams = {"id": 460, "name": "Google Ads | DACH", "stack": {"id": 4, "name": "DACH", "slug": "dach"}}
    span = {"range_start": "2026-03-02", "range_end": "2026-03-08"}
    start, end = "2026-03-09T12:00:00Z", "2026-03-09T13:00:00Z"
    place, issue_place = (f"{ask.simulator.url}/api/{path}/" for path in ("jobs/9001", "errors/71"))
    assert job == {
        "id": 9001, "url": place, "type": "Fetch", "job_start": start, "job_end": end, **span, "scheduled": start, "progress": 1.0, "duration": 3600.0,
        "state": 3, "state_label": "Failed", "manual": False, "issues": [{**shared, "url": issue_place}], "datastream": streams}
    assert issue == {
        "id": 71, "start": end, "end": None, "duration": None, **shared, "error_cause_label": "Account", "datastream": streams, "extract": None,
        "job": {"url": place, "job_start": start, **span}, "ack": True, "occurrences": 1, "url": f"{ask.simulator.url}/issues/71/"}


# --- lists ---

@pytest.mark.parametrize(("path", "ids"), [  # filters together: plugins/contract/test_datastreams.py
    (f"{BINDINGS}?datastream_id=456", [55, 123, 133]), (f"{BINDINGS}?datastream_id=456&target_id=789", [123]), (f"{BINDINGS}?datastream_id=1", []),
    (f"{BINDINGS}?unknown=1&target_id=792", [135]),
    (f"{DATASTREAMS}?{streams(457, 461, 457)}", [457, 461]),
    (f"{DATASTREAMS}?{streams(457).upper().replace('DATASTREAM_ID', 'datastream_id')}", [457]),
    (f"{DATASTREAMS}?workspace_id={DACH}&workspace_scope=ancestors", [456, 457, 458, 459, 460, 464, 465, 466, 467]),
    (f"{DATASTREAMS}?workspace_id={readable_uuid('ff', 1)}", []),
    (f"{DATASTREAMS}?enabled=false", [460, 466]), (f"{DATASTREAMS}?active_pulling_mode=smart-bundle", [463]),
    (f"{EXTRACTS}?datastream_id=465", []), (f"{EXTRACTS}?datastream_id=458&ordering=created&state=12", []),
])
def test_filter_of_a_list_chooses_and_is_counted(ask, path, ids):
    reply = ask("GET", path)
    assert (reply.ids, reply.body["count"]) == (ids, len(ids))


@pytest.mark.parametrize(("path", "status"), [
    *[(f"{path}?{query}", 422) for path in (BINDINGS, DATASTREAMS)
      for query in ("page=0", "page=", "page_size=101", "page_size=x")],
    (f"{BINDINGS}?{streams(456)}", 422), (f"{BINDINGS}?target_id=", 422),
    *[(f"{DATASTREAMS}?{query}", 422) for query in (
        "datastream_id=456", "datastream_id=", "workspace_id=1", "workspace_scope=all", "enabled=yes", "enabled=", "active_pulling_mode=null",
        "active_pulling_mode=Smart")],
    *[(f"{EXTRACTS}?{query}", 400) for query in (streams(456), "datastream_id=", "created_from=yesterday", "created_to=2025-13-01",
                                                 "created_to=20250101", "created_from=2025-01-01T00:00:00+00:00", "state=collected", "state=")],
    *[(path, 400) for path in ("/api/jobs/?start=soon", "/api/jobs/?datastream_id=x", "/api/jobs/?stack=x", "/api/errors/?datastream_id=x")],
])
def test_bad_filter_is_refused_and_named(ask, path, status):
    reply, name = ask("GET", path), path.partition("?")[2].partition("=")[0]
    assert reply.status == status
    if status == 422:
        assert reply.body["detail"][0]["loc"] == ["query", name]
        assert set(reply.body["detail"][0]) == {"loc", "msg", "type"}
        if DATASTREAMS in path and "page" not in name:  # a write with such a filter changes nothing
            before = ask.state()
            assert ask("PATCH", path, {"enabled": False}).status == ask("PUT", path.replace(DATASTREAMS, SMART), SETTING).status == 422
            assert ask.state() == before
    else:
        assert list(reply.body) == [name]


def test_linked_page_names_the_host_and_the_query_of_the_request(ask):
    query = "datastream_id=456&ordering=created&state=12"
    body = ask("GET", f"{EXTRACTS}?{query}", headers={"Host": "acme.example:81"}).body
    assert (body["previous"], body["next"]) == (None, f"https://acme.example:81{EXTRACTS}?{query}&page=2")
    body = ask("GET", f"{EXTRACTS}?{query}&page=2", headers={"Host": "acme.example:81"}).body
    assert (body["previous"], body["next"]) == (f"https://acme.example:81{EXTRACTS}?{query}", None)


def test_state_filter_takes_numbers(start, small):
    small["extracts"].append({"id": 200, "datastream_id": 1, "created": "2025-06-01T06:00:00Z", "state": "failed"})
    ask = start(small)
    assert [ask("GET", f"{EXTRACTS}?state={number}").ids for number in (13, 12, 1)] == [[200], [], [103, 102, 101]]


# --- writes ---

PATCHES = [{}, {"Enabled": True}, *({"enabled": value} for value in (None, "true", 1))]
PATTERNS = [{"pulling": value} for value in ({}, "smart", {"active_mode": None}, {"active_mode": "smart-bundle"})]
SETTINGS = [
    {}, {"is_active": True}, {"frequency": "daily"}, {**SETTING, "is_active": "true"}, {**SETTING, "frequency": "hourly"},
    *({**SETTING, "refresh_range": value} for value in (
        7, {}, {"value": 7}, {"value": 0, "unit": "day"}, {"value": "7", "unit": "day"},
        {"value": True, "unit": "day"}, {"value": 7, "unit": "year"})),
    *({**SETTING, "deadline": value} for value in ("06:00:00", {}, *({"time": time} for time in ("06:10:00", "06:00", "24:00:00", "06:30:01", 6)))),
]
REQUEUES = [
    {}, {"binding_ids": [55]}, *({"extract_ids": value} for value in (None, [], 101, ["101"], [True], list(range(101, 152)))),
    *({"extract_ids": [101], "binding_ids": value} for value in (None, [], 55, ["55"])),
    *({"extract_ids": [101], "sequential": value} for value in (None, 1)),
]
UNKNOWN = [{"extract_ids": [101, 999]}, *({"extract_ids": [101], "binding_ids": value} for value in ([999], [55, 130], [140]))]
NO_OBJECTS = [(b"", 422), (b"[]", 422), (b"{", 400), (b"\xff\xfe{", 400)]


@pytest.mark.parametrize(("method", "path", "bodies"), [
    ("PATCH", f"{BINDINGS}123/", [*NO_OBJECTS, *((body, 422) for body in PATCHES)]),
    ("PATCH", f"{BINDINGS}999/", [({"enabled": True}, 404)]), ("PATCH", f"{BINDINGS}140/", [({"enabled": True}, 404)]),  # 140 is unavailable
    ("PATCH", DATASTREAMS, [*NO_OBJECTS, *((body, 422) for body in PATCHES + PATTERNS)]),
    ("PUT", SMART, [*NO_OBJECTS, *((body, 422) for body in SETTINGS)]),
    ("POST", REQUEUE, [*NO_OBJECTS, *((body, 422) for body in REQUEUES), *((body, 400) for body in UNKNOWN)]),
])
def test_bad_body_is_refused_and_changes_nothing(ask, method, path, bodies):
    before = ask.state()
    for body, status in bodies:
        reply = ask(method, path, body)
        assert (reply.status, type(reply.body["detail"])) == (status, list if status == 422 else str), body
        assert ask.state() == before, body
