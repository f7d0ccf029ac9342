# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that the simulator keeps: keys and scopes, reach, pages, caps, writes, requeue."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from adverity_simulator import readable_uuid

ROOT, EMEA, AMERICAS, DACH = (readable_uuid("a0", number) for number in range(1, 5))
BINDINGS, DATASTREAMS, SMART = "/api/v1/bindings/", "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
EXTRACTS, REQUEUE = "/api/extracts/", "/api/v1/extracts/requeue/"
SETTING = {"is_active": True, "frequency": "daily"}
# each request of the service, with the scope it needs
REQUESTS = [
    ("GET", BINDINGS, None, "destination:read"),
    ("PATCH", f"{BINDINGS}123/", {"enabled": True}, "destination:write"),
    ("GET", DATASTREAMS, None, "datastream:read"),
    ("PATCH", DATASTREAMS, {"enabled": False}, "datastream:write"),
    ("PUT", SMART, SETTING, "datastream:write"),
    ("GET", EXTRACTS, None, "datastream:read"),
    ("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [123]}, "destination:write"),
]
WRITES = [request for request in REQUESTS if request[0] != "GET"]


def d5(number):
    """The UUID of a datastream of the default world."""
    return readable_uuid("d5", number)


def state(ask):
    """All that a write could change."""
    return ask.simulator.world.data(), ask.simulator.loads


def listed(ask, query="", **rest):
    """The last digits of the UUIDs in the list of datastreams."""
    reply = ask("GET", f"{DATASTREAMS}?{query}", **rest)
    assert reply.status == 200, reply.body
    assert reply.body["count"] == len(reply.body["items"])
    return [int(row["id"][-12:]) for row in reply.body["items"]]


def affected(reply):
    """The last digits of the UUIDs that a write changed."""
    assert reply.status == 200, reply.body
    return [int(identity[-12:]) for identity in reply.body["affected"]["datastream_ids"]]


def pairs(ask):
    """What has been loaded, as (extract, binding)."""
    return [(row["extract_id"], row["binding_id"]) for row in ask.simulator.loads]


# --- keys and scopes ---

@pytest.mark.parametrize("headers", [
    {}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": "Token demo-key-0123456789"},
    {"Authorization": "demo-key-0123456789"},
], ids=["none", "wrong", "empty", "other scheme", "no scheme"])
@pytest.mark.parametrize(("method", "path", "body", "scope"), REQUESTS)
def test_without_a_valid_key_all_is_401(ask, method, path, body, scope, headers):
    before = state(ask)
    reply = ask(method, path, body, key=None, headers=headers)
    assert (reply.status, type(reply.body["detail"])) == (401, str)
    assert state(ask) == before


@pytest.mark.parametrize(("method", "path", "body", "scope"), REQUESTS)
def test_each_request_needs_its_own_scope_and_no_other(ask, method, path, body, scope):
    keys = ask.simulator.world.keys
    before = state(ask)
    keys["demo"]["scopes"] = [name for name in keys["demo"]["scopes"] if name != scope]
    if scope:
        reply = ask(method, path, body)
        assert (reply.status, reply.body) == (403, {"detail": "Forbidden."})
        assert state(ask)[0]["bindings"] == before[0]["bindings"]
        assert state(ask)[0]["datastreams"] == before[0]["datastreams"]
        assert ask.simulator.loads == []
    keys["demo"]["scopes"] = [scope] if scope else []
    assert ask(method, path, body).status == 200


# --- paths ---

@pytest.mark.parametrize(("method", "path", "body", "scope"), REQUESTS)
def test_a_path_without_its_slash(ask, method, path, body, scope):
    reply = ask(method, path[:-1], body)
    if method == "GET":
        assert (reply.status, reply.headers["location"]) == (301, path)
    else:
        assert reply.status == 404


def test_paths_and_methods_that_do_not_exist(ask):
    assert ask("GET", "/api/v1/nothing/").status == 404
    assert ask("GET", "/api/v2/datastreams/").status == 404
    assert ask("GET", f"{BINDINGS}123/").status == 405
    assert ask("DELETE", f"{BINDINGS}123/").status == 405
    assert ask("POST", BINDINGS, {}).status == 405
    assert ask("PATCH", f"{BINDINGS}abc/", {"enabled": True}).status == 404


# --- what a key reaches ---

def test_a_key_of_the_root_reaches_all(ask):
    assert listed(ask) == list(range(456, 468))


def test_a_key_reaches_its_workspace_and_below_alone(ask):
    keys = ask.simulator.world.keys
    keys["demo"]["workspace"] = EMEA
    assert listed(ask) == [456, 457, 458, 459, 460, 466]
    assert {row["datastream_id"] for row in ask("GET", BINDINGS).body["items"]} == {456, 457, 458, 459}
    keys["demo"]["workspace"] = DACH
    assert listed(ask) == [459, 460]
    assert listed(ask, f"datastream_id={d5(456)}") == []
    assert ask("GET", f"{EXTRACTS}?datastream_id=456").body["count"] == 0
    assert ask("GET", EXTRACTS).body["count"] == 104


def test_a_write_reaches_no_further_than_the_key(ask):
    ask.simulator.world.keys["demo"]["workspace"] = DACH
    before = state(ask)
    assert ask("PATCH", f"{BINDINGS}123/", {"enabled": True}).status == 404
    assert ask("POST", REQUEUE, {"extract_ids": [101]}).status == 400
    assert affected(ask("PATCH", f"{DATASTREAMS}?datastream_id={d5(456)}", {"enabled": False})) == []
    assert state(ask)[0]["datastreams"] == before[0]["datastreams"]
    assert state(ask)[0]["bindings"] == before[0]["bindings"]
    assert ask.simulator.loads == []
    assert affected(ask("PATCH", DATASTREAMS, {"enabled": False})) == [459]


# --- bindings ---

@pytest.fixture(name="many")
def fixture_many(start, small):
    """230 bindings and 230 datastreams."""
    small["datastreams"] = [{"id": number} for number in range(1, 231)]
    small["bindings"] = [{"id": number, "datastream_id": number, "target_id": 10} for number in range(1, 231)]
    return start(small)


@pytest.mark.parametrize(("query", "first", "last"), [
    ("", 1, 50), ("page=2", 51, 100), ("page=5", 201, 230), ("page_size=100", 1, 100), ("page=3&page_size=100", 201, 230),
    ("page=12&page_size=20", 221, 230),
])
@pytest.mark.parametrize("path", [BINDINGS, DATASTREAMS])
def test_pages(many, path, query, first, last):
    reply = many("GET", f"{path}?{query}")
    assert reply.body["count"] == 230
    ids = [row["id"] if path == BINDINGS else int(row["id"][-12:]) for row in reply.body["items"]]
    assert ids == list(range(first, last + 1))


@pytest.mark.parametrize("path", [BINDINGS, DATASTREAMS])
def test_a_page_past_the_end_is_empty(many, path):
    assert many("GET", f"{path}?page=6").body == {"items": [], "count": 230}


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=", "page_size=0", "page_size=101", "page_size=x"])
@pytest.mark.parametrize("path", [BINDINGS, DATASTREAMS])
def test_a_bad_page_is_422(many, path, query):
    reply = many("GET", f"{path}?{query}")
    assert reply.status == 422
    assert reply.body["detail"][0]["loc"] == ["query", query.split("=")[0]]
    assert set(reply.body["detail"][0]) == {"loc", "msg", "type"}


@pytest.mark.parametrize(("query", "ids"), [
    ("datastream_id=456", [55, 123, 133]), ("target_id=789", [123, 124, 125, 126, 127]),
    ("datastream_id=456&target_id=789", [123]), ("datastream_id=1", []), ("unknown=1&target_id=792", [135]),
])
def test_filters_of_the_bindings(ask, query, ids):
    reply = ask("GET", f"{BINDINGS}?{query}")
    assert [row["id"] for row in reply.body["items"]] == ids
    assert reply.body["count"] == len(ids)


@pytest.mark.parametrize("query", [f"datastream_id={readable_uuid('d5', 456)}", "target_id=x", "target_id="])
def test_a_binding_filter_that_is_no_number_is_422(ask, query):
    assert ask("GET", f"{BINDINGS}?{query}").status == 422


def test_a_patch_refreshes_updated_each_time_and_says_what_it_is_now(ask):
    first = ask("PATCH", f"{BINDINGS}123/", {"enabled": True}).body
    second = ask("PATCH", f"{BINDINGS}123/", {"enabled": True, "target_id": 1, "id": 7}).body
    assert (first["enabled"], first["updated"]) == (True, "2026-03-10T12:00:01Z")
    assert second == {**first, "updated": "2026-03-10T12:00:02Z"}
    assert ask("GET", f"{BINDINGS}?datastream_id=456&target_id=789").body["items"] == [second]
    assert ask("PATCH", f"{BINDINGS}123/", {"enabled": False}).body["enabled"] is False


@pytest.mark.parametrize("number", [999, 140], ids=["unknown", "unavailable"])
def test_a_patch_of_what_is_not_there_is_404(ask, number):
    before = state(ask)
    assert ask("PATCH", f"{BINDINGS}{number}/", {"enabled": True}).status == 404
    assert state(ask) == before


BAD_BODIES = [(b"", 422), (b"  ", 422), (b"[]", 422), (b"true", 422), (b"{", 400), (b"\xff\xfe{", 400), (b"enabled=true", 400)]


@pytest.mark.parametrize(("body", "status"), [
    *BAD_BODIES, ({}, 422), ({"Enabled": True}, 422), *[({"enabled": value}, 422) for value in (None, "true", 1, 0, [], {})],
])
def test_a_bad_patch_of_a_binding_changes_nothing(ask, body, status):
    before = state(ask)
    assert ask("PATCH", f"{BINDINGS}123/", body).status == status
    assert state(ask) == before


# --- datastreams ---

@pytest.mark.parametrize(("query", "numbers"), [
    (f"datastream_id={d5(457)}", [457]),
    (f"datastream_id={d5(457)}&datastream_id={d5(461)}&datastream_id={d5(457).upper()}", [457, 461]),
    (f"workspace_id={DACH}", [459, 460]),
    (f"workspace_id={DACH}&workspace_id={AMERICAS}", [459, 460, 461, 462, 463]),
    (f"workspace_id={DACH}&workspace_scope=ancestors", [456, 457, 458, 459, 460, 464, 465, 466, 467]),
    (f"workspace_id={EMEA}&workspace_scope=descendants", [456, 457, 458, 459, 460, 466]),
    (f"workspace_id={EMEA}&workspace_scope=family", [456, 457, 458, 459, 460, 464, 465, 466, 467]),
    (f"workspace_id={readable_uuid('ff', 1)}", []),
    ("enabled=false", [460, 466]),
    ("active_pulling_mode=smart", [457, 459, 462, 464]),
    ("active_pulling_mode=smart-bundle", [463]),
    ("active_pulling_mode=schedule", [456, 458, 460, 461, 467]),
    (f"workspace_id={EMEA}&workspace_scope=descendants&enabled=true&active_pulling_mode=smart", [457, 459]),
    (f"datastream_id={d5(457)}&enabled=false", []),
])
def test_filters_of_the_datastreams(ask, query, numbers):
    assert listed(ask, query) == numbers
    assert affected(ask("PATCH", f"{DATASTREAMS}?{query}", {"pulling": {"active_mode": "smart"}})) == [
        number for number in numbers if number not in (457, 459, 462, 464)]


@pytest.mark.parametrize("query", [
    "datastream_id=456", "datastream_id=", "workspace_id=1", "workspace_scope=all", "enabled=yes", "enabled=",
    "active_pulling_mode=null", "active_pulling_mode=Smart",
])
@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", DATASTREAMS, None), ("PATCH", DATASTREAMS, {"enabled": False}), ("PUT", SMART, SETTING)])
def test_a_bad_filter_is_422_and_changes_nothing(ask, method, path, body, query):
    before = state(ask)
    assert ask(method, f"{path}?{query}", body).status == 422
    assert state(ask) == before


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", DATASTREAMS, None), ("PATCH", DATASTREAMS, {"enabled": False}), ("PUT", SMART, SETTING)])
def test_at_most_50_datastreams_in_a_call(many, method, path, body):
    query = "&".join(f"datastream_id={d5(number)}" for number in range(1, 52))
    before = state(many)
    assert many(method, f"{path}?{query}", body).status == 422
    assert state(many) == before
    reply = many(method, f"{path}?{query.rpartition('&')[0]}", body)
    assert reply.status == 200
    if method != "GET":
        assert affected(reply) == list(range(1, 51))


def test_a_write_without_a_filter_hits_everything(many):
    assert affected(many("PATCH", DATASTREAMS, {"enabled": False})) == list(range(1, 231))
    assert affected(many("PUT", SMART, SETTING)) == list(range(1, 231))


def test_only_what_really_changed_is_answered(ask):
    query = f"?datastream_id={d5(456)}&datastream_id={d5(460)}"
    assert affected(ask("PATCH", DATASTREAMS + query, {"enabled": True})) == [460]
    assert affected(ask("PATCH", DATASTREAMS + query, {"enabled": True})) == []
    assert affected(ask("PATCH", DATASTREAMS + query, {"enabled": False, "pulling": {"active_mode": "smart"}})) == [456, 460]
    assert affected(ask("PUT", SMART + query, SETTING)) == []
    assert affected(ask("PUT", SMART + query, {**SETTING, "frequency": "weekly"})) == [456, 460]
    assert affected(ask("PUT", SMART + query, {**SETTING, "frequency": "weekly"})) == []


def test_schedule_mode_is_all_or_nothing(ask):
    query = f"?datastream_id={d5(457)}&datastream_id={d5(465)}"
    before = state(ask)
    reply = ask("PATCH", DATASTREAMS + query, {"enabled": False, "pulling": {"active_mode": "schedule"}})
    assert reply.status == 400
    assert d5(465) in reply.body["detail"]
    assert state(ask) == before
    assert affected(ask("PATCH", f"{DATASTREAMS}?datastream_id={d5(457)}", {"pulling": {"active_mode": "schedule"}})) == [457]


@pytest.mark.parametrize(("body", "status"), [
    *BAD_BODIES, ({}, 422), ({"enabled": None}, 422), ({"enabled": "false"}, 422), ({"pulling": {}}, 422),
    ({"pulling": "smart"}, 422), ({"pulling": {"active_mode": None}}, 422), ({"pulling": {"active_mode": "smart-bundle"}}, 422),
])
def test_a_bad_patch_of_datastreams_changes_nothing(ask, body, status):
    before = state(ask)
    assert ask("PATCH", DATASTREAMS, body).status == status
    assert state(ask) == before


def test_a_put_replaces_the_whole_setting(ask):
    query = f"?datastream_id={d5(457)}"

    def smart():
        return ask("GET", DATASTREAMS + query).body["items"][0]["pulling"]["smart"]

    full = {"is_active": True, "frequency": "monthly", "refresh_range": {"value": 3, "unit": "month"},
            "deadline": {"time": "23:30:00"}}
    assert affected(ask("PUT", SMART + query, {**full, "unknown": 1})) == [457]
    assert smart() == full
    assert affected(ask("PUT", SMART + query, SETTING)) == [457]
    assert smart() == {**SETTING, "refresh_range": None, "deadline": None}


@pytest.mark.parametrize(("body", "status", "named"), [
    *[(body, status, None) for body, status in BAD_BODIES],
    ({}, 422, "is_active"), ({"is_active": True}, 422, "frequency"), ({"frequency": "daily"}, 422, "is_active"),
    ({**SETTING, "is_active": "true"}, 422, "is_active"), ({**SETTING, "is_active": None}, 422, "is_active"),
    ({**SETTING, "frequency": "hourly"}, 422, "frequency"), ({**SETTING, "frequency": None}, 422, "frequency"),
    *[({**SETTING, "refresh_range": value}, 422, "refresh_range") for value in (
        7, [], {}, {"value": 7}, {"unit": "day"}, {"value": 0, "unit": "day"}, {"value": "7", "unit": "day"},
        {"value": 1.5, "unit": "day"}, {"value": True, "unit": "day"}, {"value": 7, "unit": "year"})],
    *[({**SETTING, "deadline": value}, 422, "deadline") for value in (
        "06:00:00", {}, {"time": "06:10:00"}, {"time": "06:00"}, {"time": "24:00:00"}, {"time": "25:30:00"},
        {"time": "06:30:01"}, {"time": 6})],
])
def test_a_bad_setting_changes_nothing(ask, body, status, named):
    before = state(ask)
    reply = ask("PUT", SMART, body)
    assert reply.status == status
    if named:
        assert reply.body["detail"][0]["loc"][:2] == ["body", named]
    assert state(ask) == before


@pytest.mark.parametrize("deadline", ["00:00:00", "00:30:00", "06:30:00", "19:00:00", "23:30:00"])
def test_deadlines_on_the_half_hour(ask, deadline):
    assert ask("PUT", f"{SMART}?datastream_id={d5(457)}", {**SETTING, "deadline": {"time": deadline}}).status == 200


# --- extracts ---

def walk(ask, path):
    """The ids over all pages, by `next`; every page but the last one is full."""
    ids, links, previous = [], [path], None
    while links[-1]:
        body = ask("GET", links[-1]).body
        assert body["previous"] == previous
        ids += [row["id"] for row in body["results"]]
        previous = f"{ask.simulator.url}{links[-1]}"
        links.append(body["next"] and body["next"][len(ask.simulator.url):])
    assert len(links) < 200
    return ids


def test_extracts_follow_next_to_the_end(start, small):
    ask = start(small, switches={"extract_page_size": 2})
    assert walk(ask, f"{EXTRACTS}?datastream_id=1&ordering=created") == [101, 102, 103]
    assert walk(ask, f"{EXTRACTS}?datastream_id=1&ordering=-created") == [103, 102, 101]
    assert walk(ask, f"{EXTRACTS}?datastream_id=1") == [103, 102, 101]


def test_the_default_datastream_has_130_extracts_in_two_pages(ask):
    ids = walk(ask, f"{EXTRACTS}?datastream_id=456&ordering=created")
    assert ids == list(range(101, 231))
    row = ask("GET", f"{EXTRACTS}?datastream_id=456&ordering=created").body["results"][0]
    assert set(row) == {"id", "created", "name", "scheduled", "nrows", "ncols", "filesize", "state_label", "state_color",
                        "datastream", "metadata"}
    assert row["datastream"] == {"id": 456, "name": "Google Ads | EMEA"}
    assert set(row["metadata"]) == {"datastream_extract_range_start", "datastream_extract_range_end", "origin_job_id"}


def test_next_is_absolute_and_takes_its_host_from_the_request(ask):
    reply = ask("GET", f"{EXTRACTS}?datastream_id=456&state=12", headers={"Host": "acme.example:81"})
    link = urlsplit(reply.body["next"])
    assert (link.scheme, link.netloc, link.path) == ("http", "acme.example:81", EXTRACTS)
    assert link.query == "datastream_id=456&state=12&page=2"


@pytest.mark.parametrize("page", ["3", "0", "-1", "x", ""])
def test_a_page_that_is_not_there(ask, page):
    reply = ask("GET", f"{EXTRACTS}?datastream_id=456&page={page or '%20'}")
    assert (reply.status, reply.body) == (404, {"detail": "Invalid page."})


def test_no_extracts_are_one_empty_page(ask):
    empty = {"count": 0, "next": None, "previous": None, "results": []}
    assert ask("GET", f"{EXTRACTS}?datastream_id=465").body == empty
    assert ask("GET", f"{EXTRACTS}?datastream_id=1").body == empty
    assert ask("GET", f"{EXTRACTS}?datastream_id=465&page=2").status == 404


def test_the_state_filter(start, small):
    small["extracts"].append({"id": 200, "datastream_id": 1, "created": "2025-06-01T06:00:00Z", "state": "failed"})
    ask = start(small)
    assert [row["id"] for row in ask("GET", f"{EXTRACTS}?state=13").body["results"]] == [200]
    assert ask("GET", f"{EXTRACTS}?state=1").body["count"] == 3
    assert ask("GET", f"{EXTRACTS}?state=12").body["count"] == 0


@pytest.mark.parametrize("query", [f"datastream_id={d5(456)}", "datastream_id=", "created_from=yesterday", "created_to=2025-13-01",
                                   "created_from=2025-01-01T00:00:00+00:00", "created_to=20250101",
                                   "state=collected", "state="])
def test_a_bad_extract_filter_is_400(ask, query):
    reply = ask("GET", f"{EXTRACTS}?{query}")
    assert (reply.status, list(reply.body)) == (400, [query.split("=")[0]])


# --- requeue ---

@pytest.mark.parametrize("sequential", [{}, {"sequential": True}, {"sequential": False}])
def test_requeue_loads_into_all_enabled_bindings_oldest_first(ask, sequential):
    reply = ask("POST", REQUEUE, {"extract_ids": [103, 101, 102], **sequential})
    assert reply.body == {"message": "Dispatched requeue for 3 extract(s).", "extract_ids": [101, 102, 103], "extract_count": 3}
    assert pairs(ask) == [(extract, binding) for extract in (101, 102, 103) for binding in (55, 133)]


def test_the_order_is_that_of_time_and_not_of_ids(start, small):
    small["extracts"] = [{"id": 1, "datastream_id": 1, "created": "2025-03-01T00:00:00Z"},
                         {"id": 2, "datastream_id": 1, "created": "2025-01-01T00:00:00.500000Z"},
                         {"id": 3, "datastream_id": 1, "created": "2025-02-01T00:00:00+02:00"}]
    ask = start(small)
    assert ask("POST", REQUEUE, {"extract_ids": [1, 2, 3]}).body["extract_ids"] == [2, 3, 1]
    assert [row["extract_id"] for row in ask.simulator.loads] == [2, 3, 1]


def test_requeue_to_named_bindings(ask):
    ask("POST", REQUEUE, {"extract_ids": [101, 102], "binding_ids": [133]})
    assert pairs(ask) == [(101, 133), (102, 133)]


def test_each_post_loads_again(ask):
    body = {"extract_ids": [101], "binding_ids": [55]}
    for _round in range(3):
        assert ask("POST", REQUEUE, body).status == 200
    assert pairs(ask) == [(101, 55)] * 3
    assert [row["request"] for row in ask.simulator.loads] == [1, 2, 3]


def test_an_id_given_twice_is_loaded_twice(ask):
    assert ask("POST", REQUEUE, {"extract_ids": [101, 101], "binding_ids": [55]}).body["extract_count"] == 2
    assert pairs(ask) == [(101, 55)] * 2


def test_extracts_of_two_datastreams_go_to_the_bindings_of_each(ask):
    ask("POST", REQUEUE, {"extract_ids": [101, 457001]})
    assert sorted(pairs(ask)) == [(101, 55), (101, 133), (457001, 130)]
    ask.simulator.reset()
    ask("POST", REQUEUE, {"extract_ids": [101, 457001], "binding_ids": [55, 130]})
    assert sorted(pairs(ask)) == [(101, 55), (457001, 130)]


def test_50_extracts_are_taken_and_51_are_not(ask):
    assert ask("POST", REQUEUE, {"extract_ids": list(range(101, 152))}).status == 422
    assert ask.simulator.loads == []
    assert ask("POST", REQUEUE, {"extract_ids": list(range(101, 151))}).status == 200
    assert len(ask.simulator.loads) == 100


@pytest.mark.parametrize(("body", "status"), [
    *BAD_BODIES, ({}, 422), ({"binding_ids": [55]}, 422),
    *[({"extract_ids": value}, 422) for value in (None, [], 101, "101", ["101"], [True], [1.5], {})],
    *[({"extract_ids": [101], "binding_ids": value}, 422) for value in (None, [], 55, ["55"], [d5(456)])],
    *[({"extract_ids": [101], "sequential": value}, 422) for value in (None, "yes", 1)],
    ({"extract_ids": [101, 999]}, 400), ({"extract_ids": [101], "binding_ids": [999]}, 400),
    ({"extract_ids": [101], "binding_ids": [55, 130]}, 400), ({"extract_ids": [101], "binding_ids": [140]}, 400),
])
def test_a_requeue_that_is_refused_loads_nothing(ask, body, status):
    before = state(ask)
    assert ask("POST", REQUEUE, body).status == status
    assert state(ask) == before


def test_a_load_is_queued_first_and_done_when_its_time_has_come(ask):
    ask.simulator.change({"loading": {"load_seconds": 60}})
    ask("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [55]})
    row = ask.control("GET", "loads")[0]
    assert row == {"extract_id": 101, "binding_id": 55, "datastream_id": 456, "request": 1, "state": "queued",
                   "at": "2026-03-10T12:00:01Z"}
    ask.simulator.change({"clock": {"forward": 59}})
    assert ask.simulator.loads == [row]
    ask.simulator.change({"clock": {"forward": 1}})
    assert ask.simulator.loads == [{**row, "state": "done"}]
