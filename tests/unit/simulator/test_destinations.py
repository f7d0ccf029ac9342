# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The older API: workspaces, datastreams, connections and types by name; destinations and assignments, made and changed, strictly."""

from __future__ import annotations

import http.client

import pytest
from adverity_simulator import World, default_world, readable_uuid

ROOT, EMEA, AMERICAS, DACH = (readable_uuid("a0", number) for number in range(1, 5))
STACKS, TYPES = "/api/stacks/", "/api/target-types/"
BIGQUERY = f"{TYPES}21/targets/"
MAPPINGS = f"{BIGQUERY}789/mappings/"
BINDINGS = "/api/v1/bindings/"
NEW = {"name": "Marketing DWH", "stack": 2, "auth": 31, "project": "acme-dwh", "dataset": "marketing"}
# each request of the older API, with the scope it needs and its status
REQUESTS = [
    ("GET", "/api/v1/workspaces/", None, "workspace:read", 200),
    ("GET", STACKS, None, "workspace:read", 200),
    ("GET", f"{STACKS}emea/", None, "workspace:read", 200),
    ("GET", "/api/datastreams/", None, "datastream:read", 200),
    ("GET", "/api/datastreams/456/", None, "datastream:read", 200),
    ("GET", "/api/datastream-types/", None, "datastream:read", 200),
    ("GET", "/api/datastream-types/221/datastreams/", None, "datastream:read", 200),
    ("GET", "/api/connection-types/", None, None, 200),
    ("GET", "/api/connection-types/121/connections/", None, None, 200),
    ("GET", TYPES, None, "destination:read", 200),
    ("OPTIONS", BIGQUERY, None, "destination:read", 200),
    ("GET", BIGQUERY, None, "destination:read", 200),
    ("POST", BIGQUERY, NEW, "destination:write", 201),
    ("GET", f"{BIGQUERY}789/", None, "destination:read", 200),
    ("PATCH", f"{BIGQUERY}789/", {"name": "Renamed"}, "destination:write", 200),
    ("DELETE", f"{BIGQUERY}789/", None, "destination:write", 204),
    ("GET", MAPPINGS, None, "destination:read", 200),
    ("POST", MAPPINGS, {"datastream": 462}, "destination:write", 201),
    ("GET", f"{MAPPINGS}123/", None, "destination:read", 200),
    ("PATCH", f"{MAPPINGS}123/", {"table_name": "t"}, "destination:write", 200),
    ("DELETE", f"{MAPPINGS}123/", None, "destination:write", 204),
]


def names(reply):
    """The names of the rows on a page."""
    assert reply.status == 200, reply.body
    assert set(reply.body) == {"count", "next", "previous", "results"}
    return [row["name"] for row in reply.body["results"]]


def world(ask):
    """All that a write could change."""
    return ask.simulator.world.data()


# --- keys, scopes, methods, faults ---

@pytest.mark.parametrize(("method", "path", "body", "scope", "status"), REQUESTS)
def test_each_request_needs_a_key_and_its_own_scope(ask, method, path, body, scope, status):
    keys, before = ask.simulator.world.keys, world(ask)
    assert ask(method, path, body, key="wrong").status == 401
    if scope:
        keys["demo"]["scopes"] = [name for name in keys["demo"]["scopes"] if name != scope]
        reply = ask(method, path, body)
        assert (reply.status, reply.body) == (403, {"detail": "Forbidden."})
    assert {**world(ask), "keys": 0} == {**before, "keys": 0}
    keys["demo"]["scopes"] = [scope] if scope else []
    assert ask(method, path, body).status == status
    changed = {**world(ask), "keys": 0} != {**before, "keys": 0}
    assert changed == (method not in ("GET", "OPTIONS"))


@pytest.mark.parametrize(("method", "path"), [
    ("POST", STACKS), ("DELETE", f"{STACKS}emea/"), ("POST", "/api/datastreams/"), ("PATCH", "/api/datastreams/456/"), ("POST", TYPES),
    ("PUT", BIGQUERY), ("DELETE", BIGQUERY), ("POST", f"{BIGQUERY}789/"), ("PUT", f"{MAPPINGS}123/"), ("PATCH", MAPPINGS),
    ("POST", "/api/connection-types/121/connections/"), ("OPTIONS", MAPPINGS),
])
def test_a_wrong_method_is_405(ask, method, path):
    before = world(ask)
    reply = ask(method, path, {})
    assert (reply.status, reply.body) == (405, {"detail": f'Method "{method}" not allowed.'})
    assert world(ask) == before


@pytest.mark.parametrize("path", [
    f"{STACKS}nowhere/", "/api/datastreams/999/", "/api/datastream-types/21/datastreams/", "/api/connection-types/21/connections/",
    f"{TYPES}121/targets/", f"{TYPES}bigquery/targets/", f"{BIGQUERY}790/", f"{BIGQUERY}999/", f"{BIGQUERY}790/mappings/", f"{MAPPINGS}55/",
    f"{MAPPINGS}999/",
])
def test_what_is_not_there_is_404(ask, path):
    """A destination of another type, an assignment of another destination, a type's slug in place of its id."""
    assert ask("GET", path).status == 404


def test_faults_and_scripts_meet_these_routes_too(ask):
    ask.simulator.fault(method="POST", path="target-types", drop="after")
    ask.simulator.script(method="GET", path="/targets/", changes={"edit": {"targets": [{"id": 789, "name": "Renamed"}]}})
    with pytest.raises(http.client.RemoteDisconnected):
        ask("POST", BIGQUERY, NEW)
    assert names(ask("GET", BIGQUERY)) == ["Renamed", "Marketing DWH"]


# --- names ---

def test_workspaces_on_both_sides(ask):
    assert [(row["id"], row["name"], row["slug"], row["parent_id"]) for row in ask("GET", STACKS).body["results"]] == [
        (1, "Acme Marketing", "acme-marketing", None), (2, "EMEA", "emea", 1), (3, "Americas", "americas", 1), (4, "DACH", "dach", 2)]
    assert ask("GET", f"{STACKS}emea/").body == {
        "id": 2, "name": "EMEA", "slug": "emea", "parent_id": 1, "counts": {"datastreams": 4, "targets": 0},
        "url": f"{ask.simulator.url}/api/stacks/emea/"}
    assert [row["name"] for row in ask("GET", "/api/v1/workspaces/?page_size=2&page=2").body["items"]] == ["Americas", "DACH"]
    ask.simulator.world.keys["demo"]["workspace"] = EMEA
    assert names(ask("GET", STACKS)) == ["EMEA", "DACH"]
    assert ask("GET", "/api/v1/workspaces/").body["count"] == 2
    assert ask("GET", f"{STACKS}americas/").status == 404


def test_name_and_workspace_link_the_two_ids_of_a_datastream(ask):
    places = {row["id"]: row["name"] for row in ask("GET", STACKS).body["results"]}
    older = {(row["name"], places[row["stack_id"]]): row["id"] for row in ask("GET", "/api/datastreams/").body["results"]}
    newer = {(row["name"], row["workspace"]["name"]): row["id"] for row in ask("GET", "/api/v1/datastreams/").body["items"]}
    assert {pair: readable_uuid("d5", number) for pair, number in older.items()} == newer
    assert len(newer) == 12


def test_a_datastream_with_its_integer_id(ask):
    row = ask("GET", "/api/datastreams/456/").body
    assert row == next(one for one in ask("GET", "/api/datastreams/").body["results"] if one["id"] == 456)
    assert (row["name"], row["slug"], row["stack_id"], row["datastream_type_id"], row["enabled"]) == (
        "Google Ads | EMEA", "google-ads-emea", 2, 221, True)
    assert row["last_fetch"] == ask("GET", "/api/extracts/?datastream_id=456").body["results"][0]["created"]
    assert ask("GET", "/api/datastreams/465/").body["last_fetch"] is None
    assert names(ask("GET", "/api/datastream-types/222/datastreams/")) == ["Meta Ads | EMEA", "Meta Ads | Americas"]
    ask.simulator.world.keys["demo"]["workspace"] = DACH
    assert names(ask("GET", "/api/datastreams/")) == ["LinkedIn Ads | DACH", "Google Ads | DACH"]
    assert ask("GET", "/api/datastreams/456/").status == 404


def test_connections_by_type_and_reach(ask):
    assert names(ask("GET", "/api/connection-types/121/connections/")) == ["BigQuery | Global", "BigQuery service account"]
    assert names(ask("GET", "/api/connection-types/123/connections/")) == []
    ask.simulator.world.keys["demo"]["workspace"] = AMERICAS
    assert names(ask("GET", "/api/connection-types/124/connections/")) == ["Google Ads | Americas"]


@pytest.mark.parametrize(("query", "found"), [("search=GOOG", ["Google Sheets"]), ("search=delta-lake", ["Databricks Delta Lake"]), ("search=none", [])])
def test_search_narrows_lists_of_types(ask, query, found):
    assert names(ask("GET", f"{TYPES}?{query}")) == found


def test_search_is_for_types_alone(ask):
    assert len(names(ask("GET", "/api/datastreams/?search=Meta"))) == 12


def test_type_ids_differ_from_one_instance_to_the_next(start, small):
    seen = []
    for first in (21, 5000):
        reply = start({**small, "first_type_id": first})("GET", f"{TYPES}?search=bigquery")
        seen.append(reply.body["results"][0])
    assert [row["id"] for row in seen] == [21, 5000]
    assert {(row["name"], row["slug"]) for row in seen} == {("BigQuery", "bigquery")}
    assert seen[1]["targets"].endswith("/api/target-types/5000/targets/")


def test_a_seed_may_bring_types_of_its_own(start, small):
    small["target_types"] = [{"id": 3, "name": "Ours", "class": "OurTarget", "fields": {"size": {"type": "integer", "label": "Size", "required": True}},
                              "mapping_fields": {}}]
    small["targets"] = [{"id": 10, "type": "OurTarget"}, {"id": 11, "type": "S3Target"}]
    ask = start(small)
    assert [(row["id"], row["name"], row["slug"]) for row in ask("GET", TYPES).body["results"]] == [(3, "Ours", "ours"), (4, "S3", "s3")]
    assert ask("POST", f"{TYPES}3/targets/", {"name": "One", "stack": 1}).body == {"size": ["This field is required."]}
    assert ask("POST", f"{TYPES}4/targets/11/mappings/", {"datastream": 1}).body == {"detail": "Destinations of the type S3 take no assignments."}


def test_workspaces_of_one_name_have_slugs_of_their_own():
    rows = World({"workspaces": [{"id": readable_uuid("a0", number), "name": name} for number, name in enumerate(("A b", "A/b", "\u00e9", "A  b"), 1)]})
    assert [row["slug"] for row in rows.workspaces.values()] == ["a-b", "a-b-2", "workspace-3", "a-b-4"]


@pytest.mark.parametrize("path", [STACKS, "/api/datastreams/", TYPES, BIGQUERY, MAPPINGS])
def test_pages_are_linked(ask, path):
    ask.simulator.switches.update({"list_page_size": 1, "next_host": "other"})
    ask.simulator.world.put("targets", {"id": 900})
    first, second = ask("GET", f"{path}?a=b").body, ask("GET", f"{path}?page=2&a=b").body
    assert first["next"] == f"http://elsewhere.example{path}?a=b&page=2"
    assert (first["previous"], second["previous"]) == (None, f"http://elsewhere.example{path}?a=b")
    assert first["results"][0]["id"] < second["results"][0]["id"]
    assert ask("GET", f"{path}?page={first['count'] + 1}").body == {"detail": "Invalid page."}


# --- destinations ---

def test_options_describe_the_fields(ask):
    body = ask("OPTIONS", BIGQUERY).body
    fields = body["actions"]["POST"]
    assert body["parses"] == ["application/json"]
    assert list(fields) == [
        "id", "name", "stack", "auth", "project", "dataset", "schema_mapping", "headers_formatting", "force_string", "format_headers",
        "column_names_to_lowercase", "is_schema_mapping_required", "logo_url", "url"]
    assert fields["name"] == {"type": "string", "required": True, "read_only": False, "label": "Name"}
    assert [name for name, field in fields.items() if field["required"]] == ["name", "stack", "auth", "project", "dataset"]
    assert [name for name, field in fields.items() if field["read_only"]] == ["id", "is_schema_mapping_required", "logo_url", "url"]
    assert fields["headers_formatting"]["choices"][0] == {"value": 1, "display_name": "None"}
    assert all(set(field) <= {"type", "required", "read_only", "label", "choices"} for field in fields.values())
    sheets = ask("OPTIONS", f"{TYPES}22/targets/").body["actions"]["POST"]
    assert (sheets["mode"]["type"], [choice["value"] for choice in sheets["mode"]["choices"]]) == ("choice", [1, 2])


def test_a_destination_from_nothing(ask):
    reply = ask("POST", BIGQUERY, NEW)
    made = reply.body
    assert reply.status == 201
    assert made == {
        "id": 793, **NEW, "schema_mapping": False, "headers_formatting": 1, "force_string": False, "format_headers": True,
        "column_names_to_lowercase": False, "is_schema_mapping_required": False, "logo_url": f"{ask.simulator.url}/static/logos/bigquery.svg",
        "url": f"{ask.simulator.url}{BIGQUERY}793/"}
    assert ask("GET", f"{BIGQUERY}793/").body == made == ask("GET", BIGQUERY).body["results"][-1]
    changed = ask("PATCH", f"{BIGQUERY}793/", {"dataset": "other", "schema_mapping": "true"}).body
    assert changed == {**made, "dataset": "other", "schema_mapping": True, "is_schema_mapping_required": True}
    reply = ask("DELETE", f"{BIGQUERY}793/")
    assert (reply.status, reply.body, reply.headers.get("content-type")) == (204, "", None)
    assert ask("DELETE", f"{BIGQUERY}793/").status == 404
    assert [row["connection"] for row in ask.simulator.requests] == [1] * len(ask.simulator.requests)


def test_ids_are_not_given_twice(ask):
    first = ask("POST", BIGQUERY, NEW).body["id"]
    ask("DELETE", f"{BIGQUERY}{first}/")
    assert ask("POST", BIGQUERY, NEW).body["id"] == first + 1
    mapping = ask("POST", MAPPINGS, {"datastream": 462}).body["id"]
    ask("DELETE", f"{MAPPINGS}{mapping}/")
    assert ask("POST", MAPPINGS, {"datastream": 462}).body["id"] == mapping + 1


@pytest.mark.parametrize("name", ["It's \"quoted\"", "a/b?c=d&e", "\U0001f680 rocket", "{{ lookup('pipe', 'id') }}", "x" * 300, "7", "line\nbreak"])
def test_names_read_back_as_they_were_written(ask, name):
    identity = ask("POST", BIGQUERY, {**NEW, "name": name}).body["id"]
    assert ask("GET", f"{BIGQUERY}{identity}/").body["name"] == name
    assert ask("PATCH", f"{BIGQUERY}789/", {"name": name}).body["name"] == name
    ask("POST", f"{BIGQUERY}{identity}/mappings/", {"datastream": 456})
    assert [row["target_name"] for row in ask("GET", f"{BINDINGS}?target_id={identity}").body["items"]] == [name]


REQUIRED, PK = "This field is required.", 'Invalid pk "{}" - object does not exist.'


@pytest.mark.parametrize(("body", "wrong"), [
    ({}, {name: [REQUIRED] for name in NEW}), (b"", {name: [REQUIRED] for name in NEW}), ([], {"non_field_errors": None}), (b"{", {"detail": None}),
    ({**NEW, "stack": 9}, {"stack": [PK.format(9)]}), ({**NEW, "auth": 99}, {"auth": [PK.format(99)]}),
    ({**NEW, "auth": None}, {"auth": ["This field may not be null."]}), ({**NEW, "stack": "emea"}, {"stack": None}), ({**NEW, "stack": True}, {"stack": None}),
    ({**NEW, "name": None}, {"name": ["This field may not be null."]}), ({**NEW, "name": ["a"]}, {"name": ["Not a valid string."]}),
    ({**NEW, "name": True}, {"name": ["Not a valid string."]}), ({**NEW, "force_string": "perhaps"}, {"force_string": ["Must be a valid boolean."]}),
    ({**NEW, "headers_formatting": 9}, {"headers_formatting": ['"9" is not a valid choice.']}),
    ({**NEW, "headers_formatting": 9, "mode": 1}, {"headers_formatting": None, "mode": ["This field is not known."]}),
], ids=repr)
def test_a_bad_destination_is_refused_with_every_wrong_field(ask, body, wrong):
    before = world(ask)
    reply = ask("POST", BIGQUERY, body)
    assert (reply.status, set(reply.body)) == (400, set(wrong))
    assert all(message in (None, reply.body[name]) for name, message in wrong.items())
    assert world(ask) == before


@pytest.mark.parametrize(("body", "name", "value"), [
    ({"headers_formatting": "2"}, "headers_formatting", 2), ({"force_string": "on"}, "force_string", True), ({"force_string": 0}, "force_string", False),
    ({"stack": "3"}, "stack", 3), ({"project": 7}, "project", "7"),
])
def test_text_is_converted_where_the_framework_does_so(ask, body, name, value):
    assert ask("PATCH", f"{BIGQUERY}789/", body).body[name] == value


def test_numbers_of_an_integer_field(ask):
    body = {"name": "S", "stack": 1, "account": "a", "database": "d", "username": "u", "password": "p"}
    snowflake = f"{TYPES}25/targets/"
    assert ask("POST", snowflake, {**body, "port": "8443"}).body["port"] == 8443
    for port in ("many", True, 1.5, None, "-"):
        assert set(ask("POST", snowflake, {**body, "port": port}).body) == {"port"}


def test_a_foreign_workspace_is_out_of_reach(ask):
    ask.simulator.world.put("targets", {"id": 900, "workspace": AMERICAS, "name": "Theirs"})
    ask.simulator.world.keys["demo"]["workspace"] = EMEA
    before = world(ask)
    assert ask("POST", BIGQUERY, {**NEW, "stack": 3}).body == {"stack": [PK.format(3)]}
    assert ask("POST", BIGQUERY, {**NEW, "auth": 30}).body == {"auth": [PK.format(30)]}
    assert names(ask("GET", BIGQUERY)) == []
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert ask(method, f"{BIGQUERY}900/", body).status == 404
    assert ask("GET", f"{BIGQUERY}900/mappings/").status == 404
    assert world(ask) == before
    assert ask("POST", BIGQUERY, NEW).status == 201


def test_what_is_deleted_takes_its_assignments_along(ask):
    assert ask("DELETE", f"{BIGQUERY}789/").status == 204
    assert ask("GET", f"{BINDINGS}?target_id=789").body == {"items": [], "count": 0}


# --- assignments ---

def test_an_assignment_is_a_binding(ask):
    made = ask("POST", MAPPINGS, {"datastream": 462, "table_name": "meta", "enabled": False, "write_disposition": 2}).body
    assert made == {"id": 141, "target": 789, "datastream": 462, "table_name": "meta", "enabled": False, "write_disposition": 2,
                    "partition_by_date": False, "partition_column_name": None}
    rows = ask("GET", f"{BINDINGS}?datastream_id=462&target_id=789").body["items"]
    assert [(row["id"], row["enabled"], row["created"], row["updated"]) for row in rows] == [
        (141, False, "2026-03-10T12:00:01Z", "2026-03-10T12:00:01Z")]
    ask("PATCH", f"{BINDINGS}141/", {"enabled": True})
    assert ask("GET", f"{MAPPINGS}141/").body == {**made, "enabled": True}
    changed = ask("PATCH", f"{MAPPINGS}141/", {"partition_by_date": True, "partition_column_name": "day"}).body
    assert changed == {**made, "enabled": True, "partition_by_date": True, "partition_column_name": "day"}
    assert [row["id"] for row in ask("GET", MAPPINGS).body["results"]] == [123, 124, 125, 126, 127, 141]
    assert ask("POST", "/api/v1/extracts/requeue/", {"extract_ids": [462001], "binding_ids": [141]}).status == 200
    assert ask("DELETE", f"{MAPPINGS}141/").status == 204
    assert ask("GET", f"{BINDINGS}?datastream_id=462&target_id=789").body["count"] == 0


def test_a_switch_by_an_assignment_counts_from_its_moment(ask):
    ask.simulator.fetch(456, 900)
    ask("PATCH", f"{MAPPINGS}123/", {"enabled": True})
    ask.simulator.fetch(456, 901)
    assert [row["extract_id"] for row in ask.simulator.self_loads if row["binding_id"] == 123] == [901]


def test_a_table_name_that_is_left_out_is_made_up(ask):
    assert ask("POST", MAPPINGS, {"datastream": 462}).body["table_name"] == "meta-ads-americas"


@pytest.mark.parametrize(("body", "wrong"), [
    ({}, {"datastream": [REQUIRED]}), ({"datastream": 999}, {"datastream": [PK.format(999)]}),
    ({"datastream": readable_uuid("d5", 456)}, {"datastream": ["Incorrect type. Expected pk value, received str."]}),
    ({"datastream": 462, "table_name": ""}, {"table_name": ["This field may not be blank."]}),
    ({"datastream": 462, "enabled": None}, {"enabled": ["This field may not be null."]}),
    ({"datastream": 462, "write_disposition": 3, "colour": 1}, {"write_disposition": ['"3" is not a valid choice.'], "colour": ["This field is not known."]}),
], ids=repr)
def test_a_bad_assignment_is_refused(ask, body, wrong):
    before = world(ask)
    reply = ask("POST", MAPPINGS, body)
    assert (reply.status, reply.body) == (400, wrong)
    assert world(ask) == before


def test_an_assignment_reaches_no_further_than_the_key(ask):
    ask.simulator.world.put("targets", {"id": 900, "workspace": EMEA})
    ask.simulator.world.keys["demo"]["workspace"] = EMEA
    place = f"{BIGQUERY}900/mappings/"
    assert ask("POST", place, {"datastream": 462}).body == {"datastream": [PK.format(462)]}
    assert ask("POST", place, {"datastream": 456}).status == 201


def test_a_destination_made_and_filled_by_names_alone(start):
    """What "from nothing" takes: type, workspace, connection and datastreams are all found by name in the default world."""
    ask = start(default_world("2026-03-10T12:00:00Z"))

    def find(path, name):
        return next(row["id"] for row in ask("GET", path).body["results"] if row["name"] == name)

    stack, kind = find(STACKS, "EMEA"), find(TYPES, "BigQuery")
    connection = find(f"/api/connection-types/{find('/api/connection-types/', 'BigQuery')}/connections/", "BigQuery service account")
    body = {"name": "Marketing DWH", "stack": stack, "auth": connection, "project": "acme-dwh", "dataset": "marketing"}
    target = ask("POST", f"{TYPES}{kind}/targets/", body).body["id"]
    for name in ("Google Ads | EMEA", "Meta Ads | EMEA"):
        ask("POST", f"{TYPES}{kind}/targets/{target}/mappings/", {"datastream": find("/api/datastreams/", name), "enabled": False})
    rows = ask("GET", f"{BINDINGS}?target_id={target}").body["items"]
    assert [(row["datastream_id"], row["target_name"], row["enabled"]) for row in rows] == [(456, "Marketing DWH", False), (457, "Marketing DWH", False)]
