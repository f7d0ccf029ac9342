# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations and assignments: what is refused, out of reach, or gone. The rest stands in plugins/destinations and plugins/contract."""

from __future__ import annotations

import pytest
from adverity_simulator import readable_uuid

EMEA, AMERICAS = readable_uuid("a0", 2), readable_uuid("a0", 3)
BIGQUERY = "/api/target-types/21/targets/"
MAPPINGS = f"{BIGQUERY}789/mappings/"
NEW = {"name": "Marketing DWH", "stack": 2, "auth": 31, "project": "acme-dwh", "dataset": "marketing"}
REQUIRED, PK, UNKNOWN = "This field is required.", 'Invalid pk "{}" - object does not exist.', "This field is not known."


@pytest.mark.parametrize(("path", "body", "wrong"), [
    (BIGQUERY, {}, {name: [REQUIRED] for name in NEW}), (BIGQUERY, b"{", {"detail": "JSON parse error"}),
    (BIGQUERY, [], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    *((BIGQUERY, {**NEW, name: value}, {name: [message]}) for name, value, message in (
        ("stack", 9, PK.format(9)), ("auth", None, "This field may not be null."), ("name", ["a"], "Not a valid string."),
        ("force_string", "perhaps", "Must be a valid boolean."), ("stack", "emea", "Incorrect type. Expected pk value, received str."))),
    (BIGQUERY, {**NEW, "headers_formatting": 9, "mode": 1}, {"headers_formatting": ['"9" is not a valid choice.'], "mode": [UNKNOWN]}),
    (MAPPINGS, {"colour": 1}, {"datastream": [REQUIRED], "colour": [UNKNOWN]}), (MAPPINGS, {"datastream": 999}, {"datastream": [PK.format(999)]}),
], ids=repr)
def test_bad_body_is_refused_with_every_wrong_field(ask, path, body, wrong):
    before = ask.state()
    reply = ask("POST", path, body)
    assert (reply.status, reply.body, ask.state()) == (400, wrong, before)


def test_text_is_converted_to_the_type_of_its_field(ask):
    for name, given, value in (("headers_formatting", "2", 2), ("force_string", "on", True), ("stack", "3", 3), ("project", 7, "7")):
        assert ask("PATCH", f"{BIGQUERY}789/", {name: given}).body[name] == value


def test_foreign_workspace_is_out_of_reach(ask):
    ask.simulator.world.put("targets", {"id": 900, "workspace": AMERICAS, "name": "Theirs"})
    ask.simulator.world.keys["demo"]["workspace"] = EMEA
    before = ask.state()
    assert ask("POST", BIGQUERY, {**NEW, "stack": 3}).body == {"stack": [PK.format(3)]}
    assert ask("POST", BIGQUERY, {**NEW, "auth": 30}).body == {"auth": [PK.format(30)]}
    for method, path, body in (("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("GET", "mappings/", None)):
        assert ask(method, f"{BIGQUERY}900/{path}", body).status == 404
    assert ask.state() == before


def test_deleted_destination_is_gone_with_its_assignments_and_its_id(ask):
    made = ask("POST", BIGQUERY, NEW).body["id"]
    mappings = f"{BIGQUERY}{made}/mappings/"
    assert [ask("POST", mappings, {"datastream": 462}).body["id"] for _number in range(2)] == [141, 142]
    assert (ask("DELETE", f"{mappings}141/").status, ask("GET", mappings).ids) == (204, [142])
    assert [ask("DELETE", f"{BIGQUERY}{made}/").status for _number in range(2)] == [204, 404]
    assert ask("GET", f"/api/v1/bindings/?target_id={made}").ids == []
    assert ask("POST", BIGQUERY, NEW).body["id"] == made + 1
