# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The older API: workspaces, datastreams, connections and types by name; destinations and assignments, made and changed, strictly."""

from __future__ import annotations

import pytest
from adverity_simulator import readable_uuid

EMEA, AMERICAS, DACH = (readable_uuid("a0", number) for number in range(2, 5))
STACKS, TYPES, BINDINGS = "/api/stacks/", "/api/target-types/", "/api/v1/bindings/"
BIGQUERY = f"{TYPES}21/targets/"
MAPPINGS = f"{BIGQUERY}789/mappings/"
NEW = {"name": "Marketing DWH", "stack": 2, "auth": 31, "project": "acme-dwh", "dataset": "marketing"}
REQUIRED, PK = "This field is required.", 'Invalid pk "{}" - object does not exist.'
NULL, UNKNOWN, NO_STRING = "This field may not be null.", "This field is not known.", "Not a valid string."


def names(reply):
    """The names of the rows on a page."""
    return [row["name"] for row in reply.rows]


def part(row, *fields):
    """Some fields of a row."""
    return tuple(row[name] for name in fields)


# --- names ---

def test_workspaces_that_the_key_reaches_are_the_same_in_both_apis(ask):
    assert [part(row, "id", "name", "slug", "parent_id") for row in ask("GET", STACKS).rows] == [
        (1, "Acme Marketing", "acme-marketing", None), (2, "EMEA", "emea", 1), (3, "Americas", "americas", 1), (4, "DACH", "dach", 2)]
    assert ask("GET", f"{STACKS}emea/").body == {
        "id": 2, "name": "EMEA", "slug": "emea", "parent_id": 1, "counts": {"datastreams": 4, "targets": 0},
        "url": f"{ask.simulator.url}/api/stacks/emea/"}
    assert names(ask("GET", "/api/v1/workspaces/?page_size=2&page=2")) == ["Americas", "DACH"]
    ask.simulator.world.keys["demo"]["workspace"] = EMEA
    assert names(ask("GET", STACKS)) == names(ask("GET", "/api/v1/workspaces/")) == ["EMEA", "DACH"]
    assert ask("GET", f"{STACKS}americas/").status == 404


def test_older_row_of_a_datastream_has_an_integer_id_and_its_last_fetch(ask):
    row = ask("GET", "/api/datastreams/456/").body
    assert row in ask("GET", "/api/datastreams/").rows
    assert part(row, "name", "slug", "stack_id", "datastream_type_id", "enabled") == ("Google Ads | EMEA", "google-ads-emea", 2, 221, True)
    assert row["last_fetch"] == ask("GET", "/api/extracts/?datastream_id=456").rows[0]["created"]
    assert ask("GET", "/api/datastreams/465/").body["last_fetch"] is None


# --- destinations; what OPTIONS shows: plugins/contract/test_refusals.py and plugins/destinations ---

def test_destination_is_created_changed_and_deleted(ask):
    reply = ask("POST", BIGQUERY, NEW)
    made = reply.body
    assert (reply.status, made) == (201, {
        "id": 793, **NEW, "schema_mapping": False, "headers_formatting": 1, "force_string": False, "format_headers": True,
        "column_names_to_lowercase": False, "is_schema_mapping_required": False, "logo_url": f"{ask.simulator.url}/static/logos/bigquery.svg",
        "url": f"{ask.simulator.url}{BIGQUERY}793/"})
    assert ask("GET", f"{BIGQUERY}793/").body == made == ask("GET", BIGQUERY).rows[-1]
    changed = ask("PATCH", f"{BIGQUERY}793/", {"dataset": "other", "schema_mapping": "true"}).body
    assert changed == {**made, "dataset": "other", "schema_mapping": True, "is_schema_mapping_required": True}
    reply = ask("DELETE", f"{BIGQUERY}793/")
    assert (reply.status, reply.body, "content-type" in reply.headers) == (204, "", False)
    assert ask("DELETE", f"{BIGQUERY}793/").status == 404
    assert ask("POST", BIGQUERY, NEW).body["id"] == 794  # no ID is given twice


@pytest.mark.parametrize(("body", "wrong"), [
    ({}, {name: [REQUIRED] for name in NEW}), (b"{", {"detail": "JSON parse error"}),
    ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    *(({**NEW, name: value}, {name: [message]}) for name, value, message in (
        ("stack", 9, PK.format(9)), ("auth", None, NULL), ("name", ["a"], NO_STRING), ("force_string", "perhaps", "Must be a valid boolean."),
        ("stack", "emea", "Incorrect type. Expected pk value, received str."))),
    ({**NEW, "headers_formatting": 9, "mode": 1}, {"headers_formatting": ['"9" is not a valid choice.'], "mode": [UNKNOWN]}),
], ids=repr)
def test_bad_destination_is_refused_with_every_wrong_field(ask, body, wrong):
    before = ask.state()
    reply = ask("POST", BIGQUERY, body)
    assert (reply.status, reply.body, ask.state()) == (400, wrong, before)


def test_text_is_converted_to_the_type_of_its_field(ask):
    for name, given, value in (("headers_formatting", "2", 2), ("force_string", "on", True), ("stack", "3", 3), ("project", 7, "7")):
        assert ask("PATCH", f"{BIGQUERY}789/", {name: given}).body[name] == value


def test_foreign_workspace_is_out_of_reach(ask):
    ask.simulator.world.put("targets", {"id": 900, "workspace": AMERICAS, "name": "Theirs"})
    ask.simulator.world.put("targets", {"id": 901, "workspace": EMEA})
    ask.simulator.world.keys["demo"]["workspace"] = EMEA
    before, place = ask.state(), f"{BIGQUERY}901/mappings/"
    assert ask("POST", BIGQUERY, {**NEW, "stack": 3}).body == {"stack": [PK.format(3)]}
    assert ask("POST", BIGQUERY, {**NEW, "auth": 30}).body == {"auth": [PK.format(30)]}
    assert ask("POST", place, {"datastream": 462}).body == {"datastream": [PK.format(462)]}
    for method, path, body in (("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("GET", "mappings/", None)):
        assert ask(method, f"{BIGQUERY}900/{path}", body).status == 404
    assert ask.state() == before
    assert (ask("POST", BIGQUERY, NEW).status, ask("POST", place, {"datastream": 456}).status) == (201, 201)


# --- assignments ---

def test_assignment_is_a_binding_that_is_created_changed_and_deleted(ask):
    made = ask("POST", MAPPINGS, {"datastream": 462, "table_name": "meta", "enabled": False, "write_disposition": 2}).body
    assert made == {"id": 141, "target": 789, "datastream": 462, "table_name": "meta", "enabled": False, "write_disposition": 2,
                    "partition_by_date": False, "partition_column_name": None}
    (row,) = ask("GET", f"{BINDINGS}?datastream_id=462&target_id=789").rows
    assert part(row, "id", "enabled", "created", "updated") == (141, False, "2026-03-10T12:00:01Z", "2026-03-10T12:00:01Z")
    ask("PATCH", f"{BINDINGS}141/", {"enabled": True})
    assert ask("GET", f"{MAPPINGS}141/").body == {**made, "enabled": True}
    changed = ask("PATCH", f"{MAPPINGS}141/", {"partition_by_date": True, "partition_column_name": "day"}).body
    assert changed == {**made, "enabled": True, "partition_by_date": True, "partition_column_name": "day"}
    assert ask("GET", MAPPINGS).ids == [123, 124, 125, 126, 127, 141]
    assert ask("POST", "/api/v1/extracts/requeue/", {"extract_ids": [462001], "binding_ids": [141]}).status == 200
    assert ask("DELETE", f"{MAPPINGS}141/").status == 204
    assert ask("GET", f"{BINDINGS}?datastream_id=462&target_id=789").ids == []
    assert part(ask("POST", MAPPINGS, {"datastream": 462}).body, "id", "table_name") == (142, "meta-ads-americas")
    assert ask("DELETE", f"{BIGQUERY}789/").status == 204  # with its assignments
    assert ask("GET", f"{BINDINGS}?target_id=789").body == {"items": [], "count": 0}


@pytest.mark.parametrize(("body", "wrong"), [
    ({}, {"datastream": [REQUIRED]}), ({"datastream": 999}, {"datastream": [PK.format(999)]}),
    ({"datastream": 462, "write_disposition": 3, "colour": 1}, {"write_disposition": ['"3" is not a valid choice.'], "colour": [UNKNOWN]}),
], ids=repr)
def test_bad_assignment_is_refused_with_every_wrong_field(ask, body, wrong):
    before = ask.state()
    reply = ask("POST", MAPPINGS, body)
    assert (reply.status, reply.body, ask.state()) == (400, wrong, before)
