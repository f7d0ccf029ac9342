# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From nothing to nothing, by name, whatever the service is like where nobody has written that down: modules against the simulator, in this process.

Never a second destination, never a second assignment. Each step alone, under each switch, with check mode before it: contract/test_unknowns.py.
"""

from __future__ import annotations

import contextlib
import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError, Refused
from ansible_collections.adverity.management.plugins.module_utils._resources import assignments
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

ROOT, EMEA, DACH = (f"a0000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
SECRET = "open-sesame-4711"
SNOWFLAKE = {"account": "acme", "database": "dwh", "username": "loader", "password": SECRET}
BIGQUERY = {"project": "acme-dwh", "dataset": "marketing"}
NAMES = [
    "it's \"quoted\"", "Ads \N{ROCKET}", "a/b/../c?d=e#f", "  leading", "trailing  ", "{{ lookup('env', 'HOME') }}", "{% raw %}", "x" * 300, "456", "null",
]  # fmt: skip


def world():
    return {
        "now": "2026-03-10T12:00:00Z",
        "keys": {"demo": {"key": in_process.KEY}},
        "workspaces": [{"id": ROOT, "name": "Acme"}, {"id": EMEA, "name": "EMEA", "parent": ROOT}, {"id": DACH, "name": "DACH", "parent": EMEA}],
        "connections": [{"id": 30, "name": "Account", "type": "bigquery", "workspace": EMEA}],
        "datastreams": [
            {"id": 456, "name": "Google", "workspace": EMEA}, {"id": 457, "name": "Meta", "workspace": EMEA},
            {"id": 458, "name": "Google", "workspace": DACH},
        ],
        "targets": [{"id": 700, "name": "DWH", "workspace": DACH, "type": "BigQueryTarget", "settings": BIGQUERY}],
        "bindings": [],
        "extracts": [],
    }  # fmt: skip


class Place:
    """A service with its modules."""

    def __init__(self, switches):
        self.simulator = in_process.import_simulator().Simulator(world(), switches, port=None)
        self.seen = 0

    def run(self, module, **options):
        options = {"instance": "acme.example", "api_key": in_process.KEY, "retries": 1, "retry_max_delay": 0, **options}
        with in_process.connected(lambda params: connection.connect(params, SimulatorTransport(self.simulator))):
            return in_process.run("adverity_" + module, options)

    def destination(self, **options):
        named = {} if "target_id" in options else {"name": "DWH", "workspace": "EMEA"}
        return self.run("destination", **{"type": "bigquery", "connection": "Account", "settings": BIGQUERY, **named, **options})

    def assign(self, target_id, *assignments, **options):
        return self.run("assignment", **{"type": "bigquery", "target_id": target_id, "assignments": list(assignments), **options})

    @property
    def targets(self):
        return [row for row in self.simulator.world.targets.values() if row["id"] != 700]

    @property
    def bindings(self):
        return list(self.simulator.world.bindings.values())

    def writes(self):
        """The writes since the last time that this was asked."""
        rows = [row for row in self.simulator.requests if row["method"] not in ("GET", "OPTIONS")]
        self.seen, before = len(rows), self.seen
        return [(row["method"], row["path"].split("/")[-2] if row["method"] == "POST" else row["path"].split("/")[-3]) for row in rows[before:]]


@pytest.fixture(name="begin")
def fixture_begin(monkeypatch):
    monkeypatch.setattr(assignments, "_PAUSES", (0.0,) * 4)
    return lambda **switches: Place(switches)


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"related_objects": "nested", "target_changes": "put", "target_rows": "short", "datastream_rows": "short"},
        {"target_changes": "put", "target_options": "refused", "mapping_ids": "other", "unknown_settings": "ignore"},
        {"list_page_size": 1, "next_host": "other", "target_names": "unique", "mapping_change": "keep", "double_assignment": "refuse"},
        {"binding_appears": "never", "created_status": 200, "mapping_enabled": "disabled"},
    ],
    ids=str,
)
def test_from_nothing_to_nothing(begin, switches):
    place = begin(**switches)
    made = place.destination()
    target_id = made["destination"]["id"]
    assert (made["created"], made["diff"]["after"]) == (True, {"name": "DWH", "auth": 30, "stack": 2, **BIGQUERY})
    assert place.destination()["changed"] is False
    assert (place.writes(), [(row["name"], row["workspace"], row["auth"]) for row in place.targets]) == ([("POST", "targets")], [("DWH", EMEA, 30)])

    changed = {**BIGQUERY, "dataset": "sales", "force_string": "true"}
    told = switches.get("target_options") != "refused"  # without a description of the fields, text stays text
    assert place.destination(settings=changed)["diff"]["after"] == {"dataset": "sales", "force_string": True if told else "true"}
    assert place.destination(settings=changed)["changed"] is False
    assert place.destination(target_id=target_id, name="DWH 2", settings=changed)["changes"] == {"name": {"before": "DWH", "after": "DWH 2"}}
    assert place.destination(name="DWH 2", settings=changed)["changed"] is False
    assert [(row["name"], row["settings"]["dataset"], row["settings"]["force_string"]) for row in place.targets] == [("DWH 2", "sales", True)]
    place.writes()

    found = place.run("directory_info", datastreams=["Meta", {"name": "Google", "workspace": "EMEA"}])["datastreams"]
    assert [row["id"] for row in found] == [457, 456]
    meta, google = {"datastream_id": 457, "table_name": "meta"}, {"datastream_id": 456, "settings": {"write_disposition": 2}}
    result = place.assign(target_id, meta, google)
    assert (place.writes(), [row["enabled"] for row in place.bindings]) == ([("POST", "mappings")] * 2, [False, False])
    ids = {row["datastream_id"]: row["id"] for row in place.bindings}
    if switches.get("binding_appears") == "never":
        assert [row["binding_id"] for row in result["assignments"]] == [None, None]
        assert "The bindings of datastreams 456-457 are not known" in result["warnings"][0]
        place.simulator.world.unseen.clear()
    else:
        assert [row["binding_id"] for row in result["assignments"]] == [ids[457], ids[456]]
    again = place.assign(target_id, meta, google)
    assert (again["changed"], [row["binding_id"] for row in again["assignments"]]) == (False, [ids[457], ids[456]])
    google["settings"]["write_disposition"] = 1
    assert place.assign(target_id, meta, google)["affected"] == {"datastream_ids": [456]}
    assert place.writes() == [("PATCH", "mappings")]

    absent = {"type": "BigQuery", "target_id": target_id, "state": "absent"}
    place.run("binding", binding_ids=list(ids.values()), enabled=True)
    place.writes()
    with pytest.raises(InputError, match="still has enabled bindings"):
        place.assign(target_id, {"datastream_id": 457}, state="absent")
    with pytest.raises(InputError, match="still has enabled bindings"):
        place.run("destination", name="DWH 2", **absent)
    with pytest.raises(InputError, match="do not agree"):
        place.run("destination", name="DWH", **absent)
    assert place.writes() == []
    place.run("binding", binding_ids=list(ids.values()), enabled=False)
    place.writes()
    assert [place.assign(target_id, {"datastream_id": 457}, state="absent")["changed"] for _time in range(2)] == [True, False]
    assert [place.run("destination", name="DWH 2", **absent)["changed"] for _time in range(2)] == [True, False]
    assert place.writes() == [("DELETE", "mappings"), ("DELETE", "targets")]
    assert (place.targets, place.bindings) == ([], [])
    assert 700 in place.simulator.world.targets


def test_where_connections_are_not_listed_the_id_is_needed(begin):
    place = begin(connections_list="refused")
    with pytest.raises(Refused) as caught:
        place.destination()
    assert "none can be found by name. Use the ID of the connection." in caught.value.result()["msg"]
    assert place.destination(connection="30")["created"] is True


@pytest.mark.parametrize("secrets", ["masked", "absent", "null"])
@pytest.mark.parametrize("options", ["metadata", "refused"])
@pytest.mark.parametrize("changes", ["patch", "put"])
def test_secrets_are_written_when_created_or_forced_and_never_shown(begin, secrets, options, changes):
    place = begin(secrets=secrets, target_options=options, target_changes=changes)
    named = {"type": "snowflake", "connection": None, "settings": SNOWFLAKE}
    results = [place.destination(**named), place.destination(**named)]
    assert (results[1]["changed"], place.writes()) == (False, [("POST", "targets")])
    assert "cannot be compared: password" in results[1]["warnings"][-1]

    named["settings"] = {**SNOWFLAKE, "database": "other"}
    if changes == "patch":
        results.append(place.destination(**named))
        assert results[-1]["diff"] == {"before": {"database": "dwh"}, "after": {"database": "other"}}
    else:
        # Where nothing tells that there is a secret, the service refuses the PUT.
        nobody_tells = (secrets, options) == ("absent", "refused")
        with pytest.raises(Refused if nobody_tells else InputError, match=None if nobody_tells else "it would lose password"):
            place.destination(**named)
        assert place.targets[0]["settings"]["database"] == "dwh"
    assert place.targets[0]["settings"]["password"] == SECRET
    results.append(place.destination(**named, force_settings=True))
    assert results[-1]["changed"] is True
    assert (place.targets[0]["settings"]["password"], place.targets[0]["settings"]["database"]) == (SECRET, "other")
    results.append(place.run("destination_info", type="snowflake", schema=True))
    assert SECRET not in json.dumps(results)


@pytest.mark.parametrize("spaces", ["kept", "trimmed"])
@pytest.mark.parametrize("name", NAMES)
def test_any_name_makes_one_destination_and_one_assignment(begin, spaces, name):
    place = begin(text_blanks=spaces)
    is_changed = spaces == "trimmed" and name != name.strip()

    def raises(error, says):
        return pytest.raises(error, match=says) if is_changed else contextlib.nullcontext()

    with raises(AdverityError, "Use that name"):
        assert place.destination(name=name)["created"] is True
    with raises(InputError, "differs only in spaces"):
        assert place.destination(name=name)["changed"] is False
    (target,) = place.targets
    assert target["name"] == (name.strip() if is_changed else name)
    wanted = {"datastream_id": 456, "table_name": name}
    assert ["another table_name" in warning for warning in place.assign(target["id"], wanted)["warnings"]] == [True] * is_changed
    with raises(InputError, "differs only in spaces"):
        assert place.assign(target["id"], wanted)["changed"] is False
    assert [row["table_name"] for row in place.bindings] == [target["name"]]


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "after"}, {"drop": "before"}, {"status": {"code": 500}, "work": True}, {"status": {"code": 502}}, {"cut": 5},
        {"html": {"code": 200}, "work": True},
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_lost_after_a_post_leads_to_no_second_one(begin, fault):
    place = begin()
    place.simulator.fault(method="POST", **fault)
    with pytest.raises(AdverityError) as caught:
        place.destination()
    assert "Whether destination 'DWH' was written is unknown. Not written: none. Run it again: it reads first" in caught.value.result()["msg"]
    assert place.writes() == [("POST", "targets")]
    place.destination()
    (target,) = place.targets
    wanted = [{"datastream_id": number} for number in (456, 457, 458)]
    place.simulator.fault(method="POST", path=None, skip=1, **fault)
    with pytest.raises(AdverityError) as caught:
        place.assign(target["id"], *wanted)
    result = caught.value.result()
    assert (result["affected"], result["remaining"]) == ({"datastream_ids": [456]}, {"datastream_ids": [457, 458]})
    assert "Whether assignment of datastream 457 was written is unknown. Not written: assignment of datastream 458." in result["msg"]
    assert [place.assign(target["id"], *wanted)["changed"] for _time in range(2)] == [True, False]
    assert sorted(row["datastream_id"] for row in place.bindings) == [456, 457, 458]


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": {"code": 503}}], ids=str)
def test_deleting_is_repeated(begin, fault):
    place = begin()
    target_id = place.destination()["destination"]["id"]
    place.assign(target_id, {"datastream_id": 456})
    for module, options in (("assignment", {"assignments": [{"datastream_id": 456}]}), ("destination", {"name": "DWH"})):
        place.simulator.fault(method="DELETE", **fault)
        assert place.run(module, type="bigquery", target_id=target_id, state="absent", **options)["changed"] is True
    assert (place.targets, place.bindings) == ([], [])


def test_requests_do_not_grow_with_names(begin):
    place = begin()
    place.run("directory_info", workspaces=["*"], datastreams=["Meta", 456, 458, {"name": "Google", "workspace": "DACH"}])
    assert [row["path"] for row in place.simulator.requests] == ["/api/stacks/", "/api/datastreams/", "/api/v1/datastreams/"]
    place.destination()
    assert [row["method"] for row in place.simulator.requests[3:]] == ["GET", "GET", "GET", "GET", "OPTIONS", "GET", "GET", "POST", "GET"]


def test_what_people_rename_meanwhile_is_neither_made_again_nor_overwritten(begin):
    place = begin()
    target_id = place.destination()["destination"]["id"]
    place.writes()
    # Between the read and the write the destination gets another name, and the change still goes to the one that was read.
    place.simulator.fault(method="PATCH", mutate={"edit": {"targets": [{"id": target_id, "name": "Renamed"}]}})
    place.destination(settings={"dataset": "sales"})
    assert place.writes() == [("PATCH", "targets")]
    assert [(row["name"], row["settings"]["dataset"]) for row in place.targets] == [("Renamed", "sales")]
    # A datastream that is renamed after it was looked up is assigned by its id.
    place.simulator.fault(method="POST", mutate={"edit": {"datastreams": [{"id": 457, "name": "Other"}]}})
    assert place.assign(target_id, {"datastream_id": 457, "table_name": "meta"})["assignments"][0]["datastream"] == 457


def test_what_people_delete_meanwhile_is_told(begin):
    place = begin()
    target_id = place.destination()["destination"]["id"]
    place.simulator.fault(method="PATCH", mutate={"remove": {"targets": [target_id]}})
    with pytest.raises(Refused) as caught:
        place.destination(settings={"dataset": "sales"})
    message = caught.value.result()["msg"]
    assert ("returned 404: Not found." in message, message.endswith("Nothing was written."), place.targets) == (True, True, [])
    assert place.destination()["created"] is True
