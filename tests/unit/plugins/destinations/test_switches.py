# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From nothing to nothing, by name, whatever the service is like where nobody has written that down.

Never a second destination, never a second assignment. Each step alone, under each switch, with check mode before it: contract/test_unknowns.py.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.unit.plugins.destinations.scene import BIGQUERY, EMEA

SECRET = "open-sesame-4711"
SNOWFLAKE = {"account": "acme", "database": "dwh", "username": "loader", "password": SECRET}
NAMES = ["it's \"quoted\"", "Ads \N{ROCKET}", "a/b/../c?d=e#f", "  leading", "trailing  ", "{{ lookup('env', 'HOME') }}", "{% raw %}", "x" * 300, "456", "null"]


SWITCHES = [
    {},
    {"related_objects": "nested", "target_changes": "put", "target_rows": "short", "datastream_rows": "short"},
    {"target_changes": "put", "target_options": "refused", "mapping_ids": "other", "unknown_settings": "ignore"},
    {"list_page_size": 1, "next_host": "other", "target_names": "unique", "mapping_change": "keep", "double_assignment": "refuse"},
    {"binding_appears": "never", "created_status": 200, "mapping_enabled": "disabled"},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_from_nothing_to_nothing(begin, switches):
    it = begin(**switches)

    def step(count, module, **options):
        """It writes so often, perhaps with PUT after a PATCH that is not allowed, and the second time nothing."""
        first, written = it.run(module, **options), it.written()
        second = it.run(module, **options)
        assert (first["changed"], written.count(written[0]), second["changed"], it.written()) == (True, count, False, [])
        return first

    named = {"type": "bigquery", "workspace": "EMEA", "connection": "Account"}
    created = step(1, "destination", **named, name="DWH", settings=BIGQUERY)
    assert (created["created"], created["diff"]["after"]) == (True, {"name": "DWH", "auth": 30, "stack": 2, **BIGQUERY})
    assert [(row["name"], row["workspace"], row["auth"]) for row in it.targets] == [("DWH", EMEA, 30)]

    ours = {"type": "bigquery", "target_id": created["destination"]["id"]}
    changed = {**BIGQUERY, "dataset": "sales", "force_string": "true"}
    told = switches.get("target_options") != "refused"  # without a description of the fields, text stays text
    after = {"dataset": "sales", "force_string": True if told else "true"}
    assert step(1, "destination", **named, name="DWH", settings=changed)["diff"]["after"] == after
    assert step(1, "destination", **ours, name="DWH 2", settings=changed)["changes"] == {"name": {"before": "DWH", "after": "DWH 2"}}
    assert it.run("destination", **named, name="DWH 2", settings=changed)["changed"] is False
    assert [(row["name"], row["settings"]["dataset"], row["settings"]["force_string"]) for row in it.targets] == [("DWH 2", "sales", True)]

    found = it.run("directory_info", datastreams=["Meta", {"name": "Google", "workspace": "EMEA"}])["datastreams"]
    assert [row["id"] for row in found] == [457, 456]
    meta, google = {"datastream_id": 457, "table_name": "meta"}, {"datastream_id": 456, "settings": {"write_disposition": 2}}
    result = it.run("assignment", **ours, assignments=[meta, google])
    ids = {row["datastream_id"]: row["id"] for row in it.bindings}
    assert (it.written(), [row["enabled"] for row in it.bindings]) == ([("POST", "mappings")] * 2, [False, False])
    if switches.get("binding_appears") == "never":
        assert [row["binding_id"] for row in result["assignments"]] == [None, None]
        it.service.world.unseen.clear()
    again = it.run("assignment", **ours, assignments=[meta, google])
    assert (again["changed"], [row["binding_id"] for row in again["assignments"]]) == (False, [ids[457], ids[456]])
    google["settings"]["write_disposition"] = 1
    assert step(1, "assignment", **ours, assignments=[meta, google])["affected"] == {"datastream_ids": [456]}

    ours["state"] = "absent"
    step(2, "binding", binding_ids=list(ids.values()), enabled=True)
    for module, options in (("assignment", {"assignments": [{"datastream_id": 457}]}), ("destination", {"name": "DWH 2"})):
        assert "still has enabled bindings" in it.run(module, **ours, **options)["msg"]
    assert it.writes() == []
    step(2, "binding", binding_ids=list(ids.values()), enabled=False)
    step(1, "assignment", **ours, assignments=[{"datastream_id": 457}])
    step(1, "destination", **{**ours, "type": "BigQuery"}, name="DWH 2")
    assert (it.targets, it.bindings) == ([], [])


@pytest.mark.parametrize("secrets", ["masked", "absent", "null"])
@pytest.mark.parametrize("options", ["metadata", "refused"])
@pytest.mark.parametrize("changes", ["patch", "put"])
def test_secrets_are_written_when_created_or_forced_and_never_shown(begin, secrets, options, changes):
    it = begin(secrets=secrets, target_options=options, target_changes=changes)
    it.secret.append(SECRET)
    named = {"type": "snowflake", "connection": None, "settings": SNOWFLAKE}
    results = [it.destination(**named), it.destination(**named)]
    assert (results[1]["changed"], it.written()) == (False, [("POST", "targets")])
    assert "cannot be compared: password" in results[1]["warnings"][-1]

    named["settings"] = {**SNOWFLAKE, "database": "other"}
    result = it.destination(**named)
    if changes == "patch":
        assert result["diff"] == {"before": {"database": "dwh"}, "after": {"database": "other"}}
    else:
        # Where nothing tells that there is a secret, the service refuses the PUT.
        assert result["failed"] is True
        assert (secrets, options) == ("absent", "refused") or "it would lose password" in result["msg"]
        assert it.targets[0]["settings"]["database"] == "dwh"
    assert it.targets[0]["settings"]["password"] == SECRET
    assert it.destination(**named, force_settings=True)["changed"] is True
    assert {name: it.targets[0]["settings"][name] for name in ("password", "database")} == {"password": SECRET, "database": "other"}
    it.run("destination_info", type="snowflake", schema=True)


@pytest.mark.parametrize("spaces", ["kept", "trimmed"])
@pytest.mark.parametrize("name", NAMES)
def test_any_name_makes_one_destination_and_one_assignment(begin, spaces, name):
    it = begin(text_blanks=spaces)
    is_changed = spaces == "trimmed" and name != name.strip()

    def as_expected(result, says, **facts):
        return says in result["msg"] if is_changed else {name: result[name] for name in facts} == facts

    assert as_expected(it.destination(name=name), "Use that name", created=True)
    assert as_expected(it.destination(name=name), "differs only in spaces", changed=False)
    (target,) = it.targets
    assert target["name"] == (name.strip() if is_changed else name)
    wanted = {"datastream_id": 456, "table_name": name}
    assert ["another table_name" in warning for warning in it.assign(target["id"], wanted)["warnings"]] == [True] * is_changed
    assert as_expected(it.assign(target["id"], wanted), "differs only in spaces", changed=False)
    assert [row["table_name"] for row in it.bindings] == [target["name"]]


FAULTS = [{"drop": "after"}, {"drop": "before"}, {"cut": 5}, {"status": {"code": 502}}]
FAULTS += [{"status": {"code": 500}, "work": True}, {"html": {"code": 200}, "work": True}]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_an_answer_lost_after_a_post_leads_to_no_second_one(begin, fault):
    it = begin()
    it.service.fault(method="POST", **fault)
    message = it.destination()["msg"]
    assert "Whether destination 'DWH' was written is unknown. Not written: none. Run it again: it reads first" in message
    assert it.written() == [("POST", "targets")]
    it.destination()
    (target,) = it.targets
    wanted = [{"datastream_id": number} for number in (456, 457, 458)]
    it.service.fault(method="POST", path=None, skip=1, **fault)
    result = it.assign(target["id"], *wanted)
    assert (result["affected"], result["remaining"]) == ({"datastream_ids": [456]}, {"datastream_ids": [457, 458]})
    assert "Whether assignment of datastream 457 was written is unknown. Not written: assignment of datastream 458." in result["msg"]
    assert [it.assign(target["id"], *wanted)["changed"] for _time in range(2)] == [True, False]
    assert sorted(row["datastream_id"] for row in it.bindings) == [456, 457, 458]


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": {"code": 503}}], ids=str)
def test_deleting_is_repeated(begin, fault):
    it = begin()
    it.options["retries"] = 1
    ours = {"type": "bigquery", "target_id": it.destination()["destination"]["id"]}
    it.run("assignment", **ours, assignments=[{"datastream_id": 456}])
    for module, options in (("assignment", {"assignments": [{"datastream_id": 456}]}), ("destination", {"name": "DWH"})):
        it.service.fault(method="DELETE", **fault)
        assert it.run(module, **ours, state="absent", **options)["changed"] is True
    assert (it.targets, it.bindings) == ([], [])


def test_requests_do_not_grow_with_names(begin):
    it = begin()
    it.run("directory_info", workspaces=["*"], datastreams=["Meta", 456, 458, {"name": "Google", "workspace": "DACH"}])
    assert [row["path"] for row in it.requests()] == ["/api/stacks/", "/api/datastreams/", "/api/v1/datastreams/"]
    it.forget()
    it.destination()
    assert [row["method"] for row in it.requests()] == ["GET", "GET", "GET", "GET", "OPTIONS", "GET", "GET", "POST", "GET"]


def test_what_people_rename_meanwhile_is_neither_made_again_nor_overwritten(begin):
    it = begin()
    target_id = it.destination()["destination"]["id"]
    it.forget()
    # Between the read and the write the destination gets another name, and the change still goes to the one that was read.
    it.service.fault(method="PATCH", mutate={"edit": {"targets": [{"id": target_id, "name": "Renamed"}]}})
    it.destination(settings={"dataset": "sales"})
    assert it.written() == [("PATCH", "targets")]
    assert [(row["name"], row["settings"]["dataset"]) for row in it.targets] == [("Renamed", "sales")]
    # A datastream that is renamed after it was looked up is assigned by its id.
    it.service.fault(method="POST", mutate={"edit": {"datastreams": [{"id": 457, "name": "Other"}]}})
    assert it.assign(target_id, {"datastream_id": 457, "table_name": "meta"})["assignments"][0]["datastream"] == 457


def test_what_people_delete_meanwhile_is_told(begin):
    it = begin()
    target_id = it.destination()["destination"]["id"]
    it.service.fault(method="PATCH", mutate={"remove": {"targets": [target_id]}})
    message = it.destination(settings={"dataset": "sales"})["msg"]
    assert ("returned 404: Not found." in message, "Nothing was written." in message, it.targets) == (True, True, [])
    assert it.destination()["created"] is True
