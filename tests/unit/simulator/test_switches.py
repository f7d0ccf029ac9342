# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every value of every switch: what it makes the service answer."""

from __future__ import annotations

import pytest
from adverity_simulator import DEFAULT_RANGE, SWITCHES, Switches, readable_uuid

BINDINGS, DATASTREAMS, SMART = "/api/v1/bindings/", "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
EXTRACTS, REQUEUE = "/api/extracts/", "/api/v1/extracts/requeue/"
ONE, UNKNOWN = readable_uuid("d5", 1), readable_uuid("d5", 999)
SETTING = {"is_active": True, "frequency": "daily"}
CASES = {}


def case(name, *values):
    """The test that is to hold for these values of a switch; it gets a Talk (small world) and the value."""
    def register(function):
        for value in values:
            CASES[name, value] = function
        return function
    return register


def pulling(ask):
    """How datastream 1 reads."""
    return ask("GET", f"{DATASTREAMS}?datastream_id={ONE}").body["items"][0]["pulling"]


def ids(reply):
    """The extracts on a page."""
    return [row["id"] for row in reply.body["results"]]


@case("binding_rows", "full", "no_enabled", "no_updated", "ids")
def binding_rows(ask, value):
    row = ask("GET", BINDINGS).body["items"][0]
    whole = {"id", "datastream_id", "target_id", "target_name", "target_type", "created", "updated", "enabled"}
    assert set(row) == {
        "full": whole, "no_enabled": whole - {"enabled"}, "no_updated": whole - {"updated"}, "ids": {"id", "datastream_id", "target_id"},
    }[value]
    assert set(ask("PATCH", f"{BINDINGS}5/", {"enabled": True}).body) == whole


MOMENT = "2026-01-01T00:00:00.250000Z"
READINGS = {"readable": "2026-01-01T00:00:00Z", "present": "2026-01-01T00:00:00Z", "unreadable": "2026-01-01T00:00:60Z",
            "number": 1767225600, "absent": None}


@case("row_updated", "readable", "unreadable", "number")
def row_updated(ask, value):
    ask.simulator.world.bindings[5]["updated"] = MOMENT
    assert ask("GET", BINDINGS).body["items"][0]["updated"] == READINGS[value]
    assert ask("PATCH", f"{BINDINGS}5/", {"enabled": True}).body["updated"] == "2026-01-01T00:00:01Z"


@case("patch_updated", "present", "absent", "unreadable", "number")
def patch_updated(ask, value):
    ask.simulator.change({"clock": {"now": MOMENT, "step": 0}})
    body = ask("PATCH", f"{BINDINGS}5/", {"enabled": True}).body
    assert ("updated" in body, body.get("updated")) == (value != "absent", READINGS[value])
    assert ask("GET", BINDINGS).body["items"][0]["updated"] == "2026-01-01T00:00:00Z"


@case("updated_precision", "second", "fraction")
def updated_precision(ask, value):
    ask.simulator.change({"clock": {"now": MOMENT, "step": 0.5}})
    expected = "2026-01-01T00:00:00Z" if value == "second" else "2026-01-01T00:00:00.750000Z"
    assert ask("PATCH", f"{BINDINGS}5/", {"enabled": True}).body["updated"] == expected
    row = ask("GET", BINDINGS).body["items"][0]
    assert (row["updated"], row["created"]) == (
        expected, "2024-01-15T10:00:00Z" if value == "second" else "2024-01-15T10:00:00.000000Z")


@case("unavailable_bindings", "hidden", "listed")
def unavailable_bindings(ask, value):
    ask.simulator.world.bindings[6]["available"] = False
    expected = [5] if value == "hidden" else [5, 6]
    reply = ask("GET", BINDINGS)
    assert ([row["id"] for row in reply.body["items"]], reply.body["count"]) == (expected, len(expected))
    assert ask("PATCH", f"{BINDINGS}6/", {"enabled": True}).status == 404


@case("datastream_paging", "pages", "all", "ignored")
def datastream_paging(ask, value):
    for number in range(2, 121):
        ask.simulator.world.put("datastreams", {"id": number})
    seen = {}
    for query in ("", "page=2", "page=2&page_size=100", "page=9"):
        reply = ask("GET", f"{DATASTREAMS}?{query}")
        assert reply.body["count"] == 120
        numbers = [int(row["id"][-12:]) for row in reply.body["items"]]
        seen[query] = (numbers[0], numbers[-1]) if numbers else None
    first, whole = (1, 50), (1, 120)
    assert list(seen.values()) == {"pages": [first, (51, 100), (101, 120), None], "all": [whole] * 4,
                                   "ignored": [first] * 4}[value]


@case("unknown_datastream", "skip", "error")
def unknown_datastream(ask, value):
    query = f"?datastream_id={UNKNOWN}&datastream_id={ONE}"
    before = ask.simulator.world.data()
    replies = [ask("GET", DATASTREAMS + query), ask("PATCH", DATASTREAMS + query, {"enabled": False}),
               ask("PUT", SMART + query, SETTING)]
    if value == "skip":
        assert [reply.status for reply in replies] == [200] * 3
        assert replies[0].body["count"] == 1
        assert replies[1].body == replies[2].body == {"affected": {"datastream_ids": [ONE]}}
    else:
        assert [reply.status for reply in replies] == [422] * 3
        assert UNKNOWN in replies[0].body["detail"]
        assert ask.simulator.world.data()["datastreams"] == before["datastreams"]


@case("get_datastream_cap", "on", "off")
def get_datastream_cap(ask, value):
    query = "&".join(f"datastream_id={readable_uuid('d5', number)}" for number in range(1, 52))
    assert ask("GET", f"{DATASTREAMS}?{query}").status == (422 if value == "on" else 200)
    assert ask("PATCH", f"{DATASTREAMS}?{query}", {"enabled": True}).status == 422


@case("requeue_refusal", 400, 404, 422)
def requeue_refusal(ask, value):
    for body in ({"extract_ids": [999]}, {"extract_ids": [101], "binding_ids": [999]}):
        reply = ask("POST", REQUEUE, body)
        assert (reply.status, type(reply.body["detail"])) == (value, str)
        assert "999" in reply.body["detail"]
    assert ask("POST", REQUEUE, {}).status == 422
    assert ask.simulator.loads == []


@case("requeue_refusal_names", "all", "first", "none")
def requeue_refusal_names(ask, value):
    ask.simulator.world.refused = {102, 103}
    reply = ask("POST", REQUEUE, {"extract_ids": [101, 102, 103]})
    assert (reply.status, [name for name in ("101", "102", "103") if name in reply.body["detail"]]) == (
        400, {"all": ["102", "103"], "first": ["102"], "none": []}[value])
    assert ask.simulator.loads == []


@case("requeue_invalid", 422, 400)
def requeue_invalid(ask, value):
    for body in ({}, {"extract_ids": list(range(51))}, {"extract_ids": [101], "sequential": 1}):
        reply = ask("POST", REQUEUE, body)
        assert (reply.status, set(reply.body["detail"][0])) == (value, {"loc", "msg", "type"})


@case("requeue_disabled_binding", "load", "refuse")
def requeue_disabled_binding(ask, value):
    status = 200 if value == "load" else 400
    assert ask("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [6]}).status == status
    assert len(ask.simulator.loads) == (1 if value == "load" else 0)
    assert ask("POST", REQUEUE, {"extract_ids": [101]}).status == 200
    loaded = len(ask.simulator.loads)
    ask.simulator.world.bindings[5]["enabled"] = False
    assert ask("POST", REQUEUE, {"extract_ids": [101]}).status == status
    assert len(ask.simulator.loads) == loaded


@case("smart_defaults", "null", "value")
def smart_defaults(ask, value):
    ask("PUT", f"{SMART}?datastream_id={ONE}", SETTING)
    defaults = (None, None) if value == "null" else (DEFAULT_RANGE, {"time": None})
    assert pulling(ask)["smart"] == {**SETTING, "refresh_range": defaults[0], "deadline": defaults[1]}
    again = ask("PUT", f"{SMART}?datastream_id={ONE}", {**SETTING, "refresh_range": DEFAULT_RANGE})
    assert again.body["affected"]["datastream_ids"] == ([ONE] if value == "null" else [])


@case("smart_null", "accept", "refuse")
def smart_null(ask, value):
    for field, nothing in (("refresh_range", None), ("deadline", None), ("deadline", {"time": None})):
        reply = ask("PUT", f"{SMART}?datastream_id={ONE}", {**SETTING, field: nothing})
        assert reply.status == (200 if value == "accept" else 422)
    assert pulling(ask)["smart"] == (
        {**SETTING, "refresh_range": None, "deadline": None} if value == "accept" else None)


@case("smart_coupling", "coupled", "independent")
def smart_coupling(ask, value):
    def now():
        state = pulling(ask)
        return state["active_mode"], state["smart"] and state["smart"]["is_active"]

    steps = [("PUT", {**SETTING, "is_active": True}), ("PUT", {**SETTING, "is_active": False}),
             ("PATCH", {"pulling": {"active_mode": "smart"}}), ("PATCH", {"pulling": {"active_mode": "schedule"}})]
    seen = [now()]
    for method, body in steps:
        path = SMART if method == "PUT" else DATASTREAMS
        assert ask(method, f"{path}?datastream_id={ONE}", body).status == 200
        seen.append(now())
    assert seen == {
        "coupled": [("schedule", None), ("smart", True), ("schedule", False), ("smart", True), ("schedule", False)],
        "independent": [("schedule", None), ("schedule", True), ("schedule", False), ("smart", False), ("schedule", False)],
    }[value]
    if value == "coupled":  # no schedule to fall back to, and no setting yet
        ask.simulator.world.datastreams[1].update(has_schedule=False, active_mode=None, smart=None)
        ask("PATCH", f"{DATASTREAMS}?datastream_id={ONE}", steps[2][1])
        assert pulling(ask)["smart"] == {**SETTING, "refresh_range": None, "deadline": None}
        ask("PUT", f"{SMART}?datastream_id={ONE}", steps[1][1])
        assert now() == (None, False)


@case("extract_bounds", "inclusive", "exclusive")
def extract_bounds(ask, value):  # created on the first, second and third of June 2025, at five
    inclusive = value == "inclusive"
    for query, with_it, without in [
        ("created_from=2025-06-02T05:00:00Z", [103, 102], [103]), ("created_to=2025-06-02T05:00:00Z", [102, 101], [101]),
        ("created_from=2025-06-02", [103, 102], [103]), ("created_to=2025-06-02", [102, 101], [101]),
        ("created_from=2025-06-02&created_to=2025-06-02", [102], []),
        ("created_from=2025-06-02T04:59:59Z&created_to=2025-06-02T05:00:01Z", [102], [102]),
        ("created_from=2025-06-02T07:00:00%2B02:00", [103, 102], [103]),
    ]:
        assert ids(ask("GET", f"{EXTRACTS}?{query}")) == (with_it if inclusive else without), query


@case("extract_bounds_format", "any", "date")
def extract_bounds_format(ask, value):
    for name in ("created_from", "created_to"):
        assert ask("GET", f"{EXTRACTS}?{name}=2025-06-02T05:00:00Z").status == (200 if value == "any" else 400)
        assert len(ids(ask("GET", f"{EXTRACTS}?{name}=2025-06-02"))) == 2


@case("created_precision", "second", "fraction")
def created_precision(ask, value):
    ask.simulator.change({"fetch": {"datastream_id": 1, "at": "2025-06-03T05:00:00.5Z"}},
                         {"fetch": {"datastream_id": 1, "at": "2025-06-03T05:00:00.25Z"}})
    rows = ask("GET", EXTRACTS).body["results"]
    assert [row["id"] for row in rows] == [104, 105, 103, 102, 101]  # the order is that of the real moments
    assert [row["created"] for row in rows[:3]] == (
        ["2025-06-03T05:00:00Z"] * 3 if value == "second" else [f"2025-06-03T05:00:00.{digits}0000Z" for digits in ("50", "25", "00")])
    assert rows[0]["scheduled"] == rows[0]["created"]
    assert ids(ask("GET", f"{EXTRACTS}?created_from=2025-06-03T05:00:00.3Z")) == [104]
    assert ids(ask("GET", f"{EXTRACTS}?created_from=2025-06-03T05:00:00Z&created_to=2025-06-03T05:00:00Z")) == [103]


@case("extract_fields", "full", "id")
def extract_fields(ask, value):
    row = ask("GET", EXTRACTS).body["results"][0]
    assert row["id"] == 103
    assert len(row) == (11 if value == "full" else 1)


@case("extract_count", "on", "off")
def extract_count(ask, value):
    body = ask("GET", EXTRACTS).body
    assert list(body) == (["count"] if value == "on" else []) + ["next", "previous", "results"]


@case("extract_ordering", "honoured", "with_id", "strict", "ignored")
def extract_ordering(ask, value):
    ask.simulator.world.put("extracts", {"id": 9, "datastream_id": 1, "created": "2030-01-01T00:00:00Z"})
    newest_first = [9, 103, 102, 101]
    assert ids(ask("GET", f"{EXTRACTS}?ordering=created")) == (newest_first if value == "ignored" else newest_first[::-1])
    assert ids(ask("GET", f"{EXTRACTS}?ordering=-created")) == ids(ask("GET", EXTRACTS)) == newest_first
    for asked, by_id in (("id", [9, 101, 102, 103]), ("-id", [103, 102, 101, 9])):
        reply = ask("GET", f"{EXTRACTS}?ordering={asked}")
        if value == "strict":
            assert (reply.status, list(reply.body)) == (400, ["ordering"])
        else:
            assert ids(reply) == (by_id if value == "with_id" else newest_first)


@case("extract_ties", "stable", "by_page", "random")
def extract_ties(ask, value):
    for number in range(200, 260):
        ask.simulator.world.put("extracts", {"id": number, "datastream_id": 1, "created": "2025-06-02T05:00:00Z"})
    ask.simulator.switches.update({"extract_page_size": 25, "extract_ordering": "with_id"})

    def read(ordering):
        return [ids(ask("GET", f"{EXTRACTS}?ordering={ordering}&page={page}")) for page in (1, 2, 3)]

    for ordering in ("created", "-created"):
        first, again = read(ordering), read(ordering)
        flat = [one for page in first for one in page]
        assert (sorted(set(flat)) == [101, 102, 103, *range(200, 260)]) is (value == "stable")
        assert len(flat) == 63
        assert (first == again) is (value != "random")
        assert flat[:: 1 if ordering == "created" else -1][0] == 101
    assert sorted(one for page in read("-id") for one in page) == [101, 102, 103, *range(200, 260)]


@case("extract_page_size", 100, 2)
def extract_page_size(ask, value):
    assert ids(ask("GET", EXTRACTS)) == [103, 102, 101][:value]


@case("next_host", "same", "other")
def next_host(ask, value):
    ask.simulator.switches["extract_page_size"] = 1
    host = ask.simulator.url if value == "same" else "http://elsewhere.example"
    body = ask("GET", f"{EXTRACTS}?page=2").body
    assert (body["next"], body["previous"]) == (f"{host}{EXTRACTS}?page=3", f"{host}{EXTRACTS}")


@case("date_header", "on", "off")
def date_header(ask, value):
    ask.simulator.change({"clock": {"now": "2026-01-01T00:00:59.9Z", "step": 0.2}})
    ask.simulator.fault(method="POST", status={"code": 503})
    replies = [ask("GET", BINDINGS), ask("PATCH", f"{BINDINGS}5/", {"enabled": True}), ask("GET", "/nowhere/"), ask("POST", REQUEUE, {})]
    moments = [f"Thu, 01 Jan 2026 00:{time} GMT" for time in ("00:59", "01:00", "01:00", "01:00")]
    assert [reply.headers.get("date") for reply in replies] == (moments if value == "on" else [None] * 4)


@case("error_bodies", "detail", "message", "text")
def error_bodies(ask, value):
    bodies = [ask("GET", BINDINGS, key=None).body, ask("PUT", SMART, {}).body]
    if value == "text":
        assert bodies[0] == "Unauthorized"
        assert bodies[1].startswith("body.is_active: ")
    elif value == "message":
        assert bodies[0] == {"message": "Unauthorized"}
        assert bodies[1]["message"].startswith("body.is_active: ")
    else:
        assert bodies[0] == {"detail": "Unauthorized"}
        assert bodies[1]["detail"][0]["loc"] == ["body", "is_active"]
    assert ask("GET", f"{EXTRACTS}?page=9").body == {"detail": "Invalid page."}


# --- destinations and names ---

TYPES = "/api/target-types/"
FILE, AZURE = f"{TYPES}23/targets/", f"{TYPES}24/targets/"  # types that take no connection
ASSIGNED = f"{TYPES}21/targets/11/mappings/"
NEW = {"name": "New", "stack": 1}
BLOB = {**NEW, "container": "c", "account_key": "key-of-azure"}


@case("list_page_size", 100, 2)
def list_page_size(ask, value):
    assert [row["name"] for row in ask("GET", TYPES).body["results"]][:3] == ["BigQuery", "Google Sheets", "File"][:value]
    for path, count in ((TYPES, 10), ("/api/connection-types/", 5), ("/api/stacks/", 1)):
        body = ask("GET", path).body
        assert (body["count"], len(body["results"])) == (count, min(count, value))
        assert body["next"] == (f"{ask.simulator.url}{path}?page=2" if count > value else None)
    assert len(ids(ask("GET", EXTRACTS))) == 3


@case("workspace_rows", "full", "id")
def workspace_rows(ask, value):
    row = {"id": readable_uuid("a0", 1), "name": f"Workspace {readable_uuid('a0', 1)}", "parent_id": None}
    assert ask("GET", "/api/v1/workspaces/").body == {"items": [row if value == "full" else {"id": row["id"]}], "count": 1}


@case("datastream_rows", "full", "short")
def datastream_rows(ask, value):
    short = {"id", "name", "slug", "absolute_url"}
    whole = short | {"description", "enabled", "datatype", "datastream_type_id", "stack_id", "auth", "created", "updated", "last_fetch", "next_run"}
    for path in ("/api/datastreams/", "/api/datastream-types/221/datastreams/"):
        assert [set(row) for row in ask("GET", path).body["results"]] == [whole if value == "full" else short]
    assert set(ask("GET", "/api/datastreams/1/").body) == whole


@case("connections_list", "pages", "list", "refused")
def connections_list(ask, value):
    ask.simulator.world.put("connections", {"id": 7})
    reply = ask("GET", "/api/connection-types/121/connections/")
    rows = [{"id": 7, "name": "Connection 7", "stack": 1, "is_authorized": True, "app": None, "user": None}]
    assert (reply.status, reply.body) == {
        "pages": (200, {"count": 1, "next": None, "previous": None, "results": rows}), "list": (200, rows),
        "refused": (405, {"detail": 'Method "GET" not allowed.'})}[value]
    assert ask("GET", "/api/connection-types/99/connections/").status == 404


@case("targets_list", "listed", "refused")
def targets_list(ask, value):
    reply = ask("GET", f"{TYPES}21/targets/")
    if value == "listed":
        assert [row["id"] for row in reply.body["results"]] == [10, 11]
    else:
        assert (reply.status, reply.body) == (405, {"detail": 'Method "GET" not allowed.'})
    assert ask("GET", f"{TYPES}21/targets/10/").body["name"] == "Destination 10"


@case("target_rows", "full", "short")
def target_rows(ask, value):
    whole = ask("GET", f"{TYPES}21/targets/10/").body
    assert ask("GET", f"{TYPES}21/targets/").body["results"][0] == (
        whole if value == "full" else {name: whole[name] for name in ("id", "name", "url")})


@case("target_options", "metadata", "bare", "refused")
def target_options(ask, value):
    reply = ask("OPTIONS", FILE)
    assert reply.status == (405 if value == "refused" else 200)
    if value != "refused":
        assert reply.body["name"] == "File Target List"
        assert ("actions" in reply.body) == (value == "metadata")
        ask.simulator.world.keys["all"]["scopes"] = ["destination:read"]
        assert "actions" not in ask("OPTIONS", FILE).body


@case("target_changes", "patch", "put", "both")
def target_changes(ask, value):
    place = f"{AZURE}{ask('POST', AZURE, {**BLOB, 'schema_mapping': 1}).body['id']}/"
    assert ask("PATCH", place, {"container": "d"}).status == (405 if value == "put" else 200)
    whole = {**BLOB, "container": "e"}
    reply = ask("PUT", place, whole)
    seen = ask("GET", place).body
    if value == "patch":
        assert (reply.status, seen["container"], seen["schema_mapping"]) == (405, "d", 1)
    else:  # what is left out falls to its default, what is required has to be there
        assert (reply.status, seen["container"], seen["schema_mapping"]) == (200, "e", 0)
        assert ask("PUT", place, {**NEW, "container": "f"}).body == {"account_key": ["This field is required."]}
        assert ask("GET", place).body == seen


@case("target_names", "free", "unique")
def target_names(ask, value):
    replies = [ask("POST", FILE, NEW) for _try in range(2)]
    taken = {"name": ["A destination with this name exists in this workspace."]}
    assert [reply.status for reply in replies] == ([201, 201] if value == "free" else [201, 400])
    if value == "unique":
        assert replies[1].body == taken
        other = ask("POST", FILE, {**NEW, "name": "Other"}).body["id"]
        assert ask("PATCH", f"{FILE}{other}/", {"name": "New"}).body == taken
        assert ask("PATCH", f"{FILE}{other}/", {"name": "Other"}).status == 200
    assert ask("POST", AZURE, BLOB).status == 201


@case("text_blanks", "kept", "trimmed")
def text_blanks(ask, value):
    kept = value == "kept"
    assert ask("POST", FILE, {**NEW, "name": "  Two \u00a0"}).body["name"] == ("  Two \u00a0" if kept else "Two")
    assert ask("POST", FILE, {**NEW, "name": "  "}).status == (201 if kept else 400)
    assert ask("POST", FILE, {**NEW, "name": ""}).body == {"name": ["This field may not be blank."]}
    assert ask("POST", ASSIGNED, {"datastream": 1, "table_name": " t"}).body["table_name"] == (" t" if kept else "t")


@case("unknown_settings", "refuse", "ignore")
def unknown_settings(ask, value):
    for path, body, read_only in ((FILE, NEW, "logo_url"), (ASSIGNED, {"datastream": 1}, "target")):
        reply = ask("POST", path, {**body, "colour": "red", read_only: 7, "id": 900})
        if value == "refuse":
            assert (reply.status, reply.body) == (400, {
                "colour": ["This field is not known."], read_only: ["This field is read-only."], "id": ["This field is read-only."]})
        else:
            assert (reply.status, reply.body["id"] == 900, "colour" in reply.body, reply.body[read_only] == 7) == (201, False, False, False)
    assert len(ask.simulator.world.targets) == (2 if value == "refuse" else 3)


@case("secrets", "masked", "absent", "null")
def secrets(ask, value):
    made = ask("POST", AZURE, BLOB)
    place = f"{AZURE}{made.body['id']}/"
    for reply in (made, ask("GET", place), ask("PATCH", place, {"account_key": "another-key"})):
        assert reply.body.get("account_key", "absent") == {"masked": "********", "absent": "absent", "null": None}[value]
        assert reply.body["container"] == "c"
    assert ask.simulator.world.targets[made.body["id"]]["settings"]["account_key"] == "another-key"


@case("related_objects", "id", "nested")
def related_objects(ask, value):
    target = ask("GET", f"{TYPES}21/targets/10/").body
    mapping = ask("GET", f"{TYPES}21/targets/10/mappings/5/").body
    name = ask.simulator.world.workspaces[readable_uuid("a0", 1)]["name"]
    assert (target["stack"], target["auth"], mapping["target"], mapping["datastream"]) == (
        (1, None, 10, 1) if value == "id"
        else ({"id": 1, "name": name}, None, {"id": 10, "name": "Destination 10"}, {"id": 1, "name": "Datastream 1"}))


@case("created_status", 201, 200)
def created_status(ask, value):
    assert (ask("POST", FILE, NEW).status, ask("POST", ASSIGNED, {"datastream": 1}).status) == (value, value)


@case("mapping_ids", "same", "other")
def mapping_ids(ask, value):
    made = ask("POST", ASSIGNED, {"datastream": 1, "enabled": False}).body
    rows = ask("GET", BINDINGS).body["items"]
    assert (rows[-1]["id"], rows[-1]["target_id"], rows[-1]["enabled"]) == (7, 11, False)
    assert made["id"] == (7 if value == "same" else 1_000_007)
    assert ask("GET", f"{ASSIGNED}{made['id']}/").body == made == ask("GET", ASSIGNED).body["results"][-1]
    assert ask("DELETE", f"{ASSIGNED}{7 if value == 'other' else 1_000_007}/").status == 404
    assert ask("PATCH", f"{BINDINGS}7/", {"enabled": True}).status == 200
    assert ask("DELETE", f"{ASSIGNED}{made['id']}/").status == 204
    assert 7 not in ask.simulator.world.bindings


@case("mapping_enabled", "enabled", "disabled")
def mapping_enabled(ask, value):
    made = ask("POST", ASSIGNED, {"datastream": 1}).body
    ask.simulator.fetch(1)
    assert (made["enabled"], (104, 7) in ask.simulator.arrivals) == ((True, True) if value == "enabled" else (False, False))
    assert ask("POST", ASSIGNED, {"datastream": 1, "enabled": False}).body["enabled"] is False


@case("mapping_change", "refresh", "keep")
def mapping_change(ask, value):
    assert ask("PATCH", f"{ASSIGNED}6/", {"table_name": "t"}).body["table_name"] == "t"
    before = "2024-01-15T10:00:00Z"
    assert ask("GET", BINDINGS).body["items"][1]["updated"] == ("2026-01-01T00:00:01Z" if value == "refresh" else before)
    assert ask("PATCH", f"{ASSIGNED}6/", {"enabled": True}).body["enabled"] is True
    assert ask("GET", BINDINGS).body["items"][1]["updated"] != before


@case("double_assignment", "allow", "refuse")
def double_assignment(ask, value):
    reply = ask("POST", ASSIGNED, {"datastream": 1, "table_name": "another"})  # binding 6 is the first
    assert reply.status == (201 if value == "allow" else 400)
    if value == "refuse":
        assert reply.body == {"non_field_errors": ["The fields target, datastream must make a unique set."]}
    assert len(ask("GET", BINDINGS).body["items"]) == (3 if value == "allow" else 2)


@case("binding_appears", 0, 1, 3, "never")
def binding_appears(ask, value):
    made = ask("POST", ASSIGNED, {"datastream": 1}).body["id"]
    ask("GET", f"{BINDINGS}?target_id=10")  # a read that would not show it does not count
    seen = [7 in [row["id"] for row in ask("GET", f"{BINDINGS}?target_id=11").body["items"]] for _read in range(5)]
    later = 5 if value == "never" else value
    assert seen == [False] * later + [True] * (5 - later)
    assert ask("PATCH", f"{BINDINGS}{made}/", {"enabled": True}).status == (404 if value == "never" else 200)
    assert [row["id"] for row in ask("GET", ASSIGNED).body["results"]] == [6, 7]


@case("older_scopes", "checked", "open")
def older_scopes(ask, value):
    ask.simulator.world.keys["all"]["scopes"] = []
    assert ask("GET", "/api/stacks/").status == (403 if value == "checked" else 200)
    assert ask("GET", BINDINGS).status == 403


# --- loads, jobs and issues ---

JOBS, ISSUES = "/api/jobs/", "/api/errors/"
LABELS = {"newer": ("Collected", "Processing", "Loaded"), "older": ("Collected", "Processing", "Imported"), "upper": ("COLLECTED", "PROCESSING", "LOADED"),
          "translated": ("Gesammelt", "In Verarbeitung", "Importiert")}


def label(ask, extract_id=101):
    """What the list says of an extract."""
    return next(row["state_label"] for row in ask("GET", EXTRACTS).body["results"] if row["id"] == extract_id)


def later(ask, seconds):
    """Let the clock go on."""
    ask.simulator.change({"clock": {"forward": seconds}})


def load(ask, *extract_ids, fails=False, binding_ids=(5,)):
    """Requeue, with loads that take ten seconds."""
    ask.simulator.change({"loading": {"load_seconds": 10}})
    if fails:
        ask.simulator.change({"fail": [{"extract_id": extract_id} for extract_id in extract_ids]})
    assert ask("POST", REQUEUE, {"extract_ids": list(extract_ids), "binding_ids": list(binding_ids)}).status == 200


@case("state_labels", "newer", "older", "upper", "translated")
def state_labels(ask, value):
    seen = [label(ask)]
    load(ask, 101)
    seen.append(label(ask))
    later(ask, 10)
    assert (*seen, label(ask)) == LABELS[value]
    assert ids(ask("GET", f"{EXTRACTS}?state=12")) == [101]


@case("requeue_processing", "at_once", "later", "never")
def requeue_processing(ask, value):
    load(ask, 101)
    seen = [label(ask)]
    for _step in range(2):
        later(ask, 5)
        seen.append(label(ask))
    at_once, half_way = value == "at_once", value != "never"
    assert seen == ["Processing" if at_once else "Collected", "Processing" if half_way else "Collected", "Loaded"]


@case("failed_reload", "error", "keeps")
def failed_reload(ask, value):
    load(ask, 101, 102)
    later(ask, 10)
    load(ask, 101, 103, fails=True)
    assert [label(ask, one) for one in (101, 102, 103)] == ["Processing", "Loaded", "Processing"]
    later(ask, 10)
    assert [label(ask, one) for one in (101, 102, 103)] == ["Import Error" if value == "error" else "Loaded", "Loaded", "Import Error"]
    assert (ask.simulator.holds, ask.simulator.failed) == ({(101, 5), (102, 5)}, {(101, 5), (103, 5)})


@case("enable_loads_history", "no", "yes")
def enable_loads_history(ask, value):
    load(ask, 102, binding_ids=[6])
    for _write in range(2):  # the second one changes nothing
        ask("PATCH", f"{BINDINGS}6/", {"enabled": True})
    assert sorted(row["extract_id"] for row in ask.simulator.self_loads) == ([101, 103] if value == "yes" else [])
    assert label(ask, 101) == ("Processing" if value == "yes" else "Collected")
    later(ask, 30)
    assert ask.simulator.holds == ({(101, 6), (102, 6), (103, 6)} if value == "yes" else {(102, 6)})


@case("processing_at_enable", "collected", "loaded")
def processing_at_enable(ask, value):
    ask.simulator.change({"loading": {"process_seconds": 10}}, {"fetch": {"datastream_id": 1}})
    assert ask("PATCH", f"{BINDINGS}6/", {"enabled": True}).body["enabled"] is True
    assert (label(ask, 104), ask.simulator.self_loads) == ("Processing", [])
    later(ask, 10)  # binding 5 was enabled before
    assert [row["binding_id"] for row in ask.simulator.self_loads] == ([5, 6] if value == "loaded" else [5])
    later(ask, 10)
    assert label(ask, 104) == "Loaded"


@case("load_jobs", "none", "request", "extract", "binding")
def load_jobs(ask, value):
    load(ask, 101, 102, binding_ids=[5, 6])
    count = {"none": 0, "request": 1, "extract": 2, "binding": 2}[value]
    body = ask("GET", JOBS).body
    assert (body["count"], {row["state_label"] for row in body["results"]}) == (count, {"Running"} if count else set())
    later(ask, 10)
    assert ask("GET", JOBS).body["count"] == 0
    rows = ask("GET", f"{JOBS}?start=2026-01-01").body["results"]
    assert [(row["type"], row["state_label"], row["job_end"]) for row in rows] == [("Import", "Success", "2026-01-01T00:00:11Z")] * count


@case("load_job_type", "Import", "Load")
def load_job_type(ask, value):
    ask.simulator.switches["load_jobs"] = "request"
    load(ask, 101)
    ask.simulator.fetch(1)
    assert [row["type"] for row in ask("GET", f"{JOBS}?start=2026-01-01").body["results"]] == ["Fetch", value]


@case("load_job_datastream", "present", "absent")
def load_job_datastream(ask, value):
    ask.simulator.switches["load_jobs"] = "request"
    load(ask, 101)
    ask.simulator.fetch(1)
    rows = ask("GET", f"{JOBS}?start=2026-01-01").body["results"]
    assert ["datastream" in row for row in rows] == [True, value == "present"]


@case("job_bounds", "inclusive", "exclusive")
def job_bounds(ask, value):
    ask.simulator.fetch(1, at="2025-12-01T10:00:00Z")
    inclusive = 1 if value == "inclusive" else 0
    for query, count in (("start=2025-12-01T10:00:00Z", inclusive), ("start=2025-12-01T09:59:59Z", 1), ("start=2025-12-01T10:00:01Z", 0),
                         ("start=2025-12-01&end=2025-12-01T10:00:00Z", inclusive), ("start=2025-12-01&end=2025-12-01T10:00:01Z", 1)):
        assert ask("GET", f"{JOBS}?{query}").body["count"] == count, query


@case("issue_extract", "object", "null")
def issue_extract(ask, value):
    load(ask, 101, fails=True)
    assert ask("GET", ISSUES).body["count"] == 0
    later(ask, 10)
    (row,) = ask("GET", ISSUES).body["results"]
    assert (row["extract"] and row["extract"]["id"], row["start"]) == (101 if value == "object" else None, "2026-01-01T00:00:11Z")


@case("issue_tags", "shown", "asked")
def issue_tags(ask, value):
    load(ask, 101, fails=True)
    later(ask, 10)
    for query, shown in (("", value == "shown"), ("?show_issue_tags=true", True)):
        row = ask("GET", f"{ISSUES}{query}").body["results"][0]
        assert [row.get(name) for name in ("type_label", "extraction_stage_label", "error_cause_label")] == (
            ["Error", "Import", "Unknown"] if shown else [None] * 3)


@case("load_stage_label", "Import", "Load")
def load_stage_label(ask, value):
    ask.simulator.switches["load_jobs"] = "request"
    load(ask, 101, fails=True)
    later(ask, 10)
    assert ask("GET", ISSUES).body["results"][0]["extraction_stage_label"] == value
    assert ask("GET", f"{JOBS}1/").body["issues"][0]["extraction_stage_label"] == value


@case("acknowledged_issues", "listed", "hidden", "never")
def acknowledged_issues(ask, value):
    load(ask, 101, fails=True)
    later(ask, 10)
    ask.simulator.fetch(1)  # the range of extract 101 is not in it
    assert [row["ack"] for row in ask("GET", ISSUES).body["results"]] == [False]
    ask.simulator.world.issues[1].update(range_start="2025-12-25", range_end="2025-12-31")
    assert [row["ack"] for row in ask("GET", ISSUES).body["results"]] == {"listed": [True], "hidden": [], "never": [False]}[value]


VALUES = [(name, value) for name, (allowed, _meaning) in SWITCHES.items()
          for value in ((100, 2) if allowed is int else allowed)]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_switch(start, small, name, value):
    CASES[name, value](start(small, switches={name: value}), value)


def test_there_is_a_case_for_each_value_and_no_other():
    assert set(CASES) == set(VALUES)
    assert all(meaning for _allowed, meaning in SWITCHES.values())


def test_the_first_value_is_the_default():
    assert Switches() == {name: 100 if allowed is int else allowed[0] for name, (allowed, _meaning) in SWITCHES.items()}


@pytest.mark.parametrize(("name", "given", "value"), [
    ("requeue_refusal", "404", 404), ("extract_page_size", "7", 7), ("smart_defaults", None, "null"),
    ("extract_count", False, "off"), ("extract_count", True, "on"), ("binding_rows", "ids", "ids"),
])
def test_values_as_command_lines_and_yaml_write_them(name, given, value):
    assert Switches({name: given})[name] == value


@pytest.mark.parametrize(("name", "value"), [
    ("nothing", "on"), ("binding_rows", "some"), ("binding_rows", True), ("requeue_refusal", 500), ("extract_page_size", 0),
    ("extract_page_size", "many"), ("extract_page_size", -1), ("binding_rows", ["full"]),
])
def test_unknown_names_and_values_are_refused(start, small, name, value):
    with pytest.raises(ValueError, match=name):
        Switches({name: value})
    ask = start(small)
    with pytest.raises(ValueError, match=name):
        ask.simulator.switches[name] = value
    reply = ask("PATCH", "/_simulator/switches", {"next_host": "other", name: value}, key=None)
    assert (reply.status, name in reply.body["detail"]) == (400, True)
    assert ask.control("GET", "switches") == Switches()


def test_switches_change_while_it_runs(start, small):
    ask = start(small, switches={"binding_rows": "ids"})
    assert ask.control("PATCH", "switches", {"extract_count": False})["extract_count"] == "off"
    assert ask.control("GET", "switches")["binding_rows"] == "ids"
    assert "count" not in ask("GET", EXTRACTS).body
    ask.simulator.reset()
    assert ask.control("GET", "switches") == Switches({"binding_rows": "ids"})
