# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole modules, as Ansible runs them: nothing that they print holds a secret, and what is none stays readable."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import text
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Refused
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.main import run_main

SECRET, PATH = "open-sesame-4711", "/api/target-types/70/targets/"
TYPES = [{"id": 70, "name": "BigQuery", "slug": "bigquery"}]
FIELDS = {"project": {"type": "string"}, "mode": {"type": "integer"}, "phrase": {"type": "string", "write_only": True}, "region": {"type": "string"}}
SETTINGS = {"project": "acme-dwh", "mode": 789, "phrase": SECRET, "region": "EU"}


@pytest.fixture(name="run")
def fixture_run(scripted):
    def run(module, options, sends=True):
        with in_process.connected(lambda _params: scripted):
            ended = run_main(module, {"instance": "acme.example", "api_key": "k3y-0123456789", **options})
        assert SECRET not in ended.said
        assert "k3y" not in ended.said
        assert ended.logged or not sends
        return ended.result

    return run


def expect_list(client, path, *rows):
    client.expect("GET", path, answer={"count": len(rows), "next": None, "previous": None, "results": list(rows)})


def expect_reads(client):
    expect_list(client, "/api/target-types/", *TYPES)
    expect_list(client, "/api/stacks/", {"id": 12, "name": "EMEA", "slug": "emea"})
    client.expect("OPTIONS", PATH, answer={"actions": {"POST": FIELDS}})
    expect_list(client, PATH)
    expect_list(client, PATH)  # once more under the lock


DESTINATION = {"type": "bigquery", "name": "DWH", "workspace": "EMEA", "settings": SETTINGS}


def test_a_destination_is_shown_without_its_secrets_and_with_everything_else(scripted, run):
    expect_reads(scripted)
    row = {"id": 789, "name": "DWH", "stack": 12, "project": "acme-dwh", "mode": 789, "region": "EU"}
    scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, **SETTINGS}, answer=row)
    expect_list(scripted, PATH, row)
    result = run("adverity_destination", DESTINATION)
    assert result["destination"] == row
    assert result["diff"]["after"] == {"name": "DWH", "stack": 12, **SETTINGS, "phrase": "********"}
    assert result["invocation"]["module_args"]["settings"] == "********"
    assert result["invocation"]["module_args"]["name"] == "DWH"


def test_what_the_service_quotes_is_hidden_and_its_message_stays_readable(scripted, run):
    expect_reads(scripted)
    said = json.dumps({"phrase": [f"{SECRET} is too easy"], "region": ["EU is full"]}).encode()
    body = {"name": "DWH", "stack": 12, **SETTINGS}
    scripted.expect("POST", PATH, body=body, answer=lambda: Refused("POST", PATH, 400, text.body(said, "application/json")))
    result = run("adverity_destination", DESTINATION)
    assert result["failed"] is True
    assert 'returned 400: phrase: ******** is too easy; region: EU is full.' in result["msg"]
    assert result["status"] == 400


def test_settings_of_assignments_are_hidden_in_the_same_way(scripted, run):
    where = PATH + "789/mappings/"
    for answer in ({"id": 3, "datastream": 456, "table_name": "t"}, lambda: Refused("POST", where, 400, text.foreign(f"phrase: {SECRET}?"))):
        expect_list(scripted, "/api/target-types/", *TYPES)
        expect_list(scripted, where)
        expect_list(scripted, where)  # once more under the lock
        scripted.expect("POST", where, body={"datastream": 456, "table_name": "t", "enabled": False, "phrase": SECRET, "mode": 1}, answer=answer)
        if isinstance(answer, dict):
            bindings = {"items": [{"id": 3, "datastream_id": 456, "target_id": 789}], "count": 1}
            scripted.expect("GET", "/api/v1/bindings/", {"target_id": 789, "page_size": 100, "page": 1}, answer=bindings)
        one = {"datastream_id": 456, "table_name": "t", "settings": {"phrase": SECRET, "mode": 1}}
        result = run("adverity_assignment", {"type": "bigquery", "target_id": 789, "assignments": [one]})
        assert result["invocation"]["module_args"]["assignments"] == [{"datastream_id": 456, "table_name": "t", "settings": "********"}]
        assert result.get("failed", False) is not isinstance(answer, dict)


@pytest.mark.parametrize("name", in_process.MODULES)
def test_nothing_is_marked_as_a_whole_that_holds_more_than_a_secret(name):
    marked = {option for option, one in in_process.spec_of(name)[0].items() if one.get("no_log")}
    assert marked <= {"api_key", "ledger_password", "source_password", "destination_password"}


BROKEN = {
    "adverity_destination": [
        {**DESTINATION, "settings": {"password": SECRET}, "state": "bogus"},
        {**DESTINATION, "settings": f"password={SECRET}", "state": "bogus"},
        {**DESTINATION, "settings": f"{{password: {SECRET}"},
        {**DESTINATION, "setings": {"password": SECRET}},
        {**DESTINATION, "target_id": SECRET, "settings": {"password": SECRET}},
    ],
    "adverity_assignment": [
        {"type": "t", "assignments": [{"datastream_id": "x", "settings": {"password": SECRET}}]},
        {"type": "t", "assignments": json.dumps([{"datastream_id": "x", "settings": {"phrase": SECRET}}])},
    ],
    "adverity_deployment_info": [
        {"variables": {"settings": {"phrase": SECRET}}, "retries": "many"},
        {"variables": json.dumps({"settings": {"phrase": SECRET}}), "retries": "many"},
        {"variables": {"name": "x", "settings": {"phrase": SECRET}, "bogus": 1}},
        {"variables": {"name": "x", "datastreams": [{"name": "y", "settings": {"password": SECRET}}]}},
    ],
    "adverity_requeue": [
        {"extract_ids": [1], "ledger_pasword": SECRET},
        {"extract_ids": [1], "ledger_password": SECRET, "ledger_wait": SECRET},
        *({"extract_ids": [1], "ledger": place.format(SECRET)} for place in (
            "postgresql://me:{0}#x@db/ledger", "postgresql://db/ledger?passwor%64={0}", "host=db password = '{0}' dbname=ledger", "mysql://me:{0}@db/ledger",
        )),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("module", "options"), [(module, options) for module, some in BROKEN.items() for options in some])
def test_options_that_are_refused_are_shown_without_secrets(run, module, options):
    result = run(module, options, sends=False)
    assert result["failed"] is True
    assert result["msg"]


def test_an_empty_password_hides_nothing(run):
    """Automation controllers set a variable for each field of a credential, also of one that is left empty."""
    result = run("adverity_requeue", {"extract_ids": [1], "ledger_password": "", "ledger": "relative"}, sends=False)
    assert result["msg"].startswith("ledger is 'relative', a relative path.")
    shown = result["invocation"]["module_args"]
    assert (shown["api_key"], shown["ledger_password"], shown["ledger"], shown["force"]) == ("********", "", "relative", False)
