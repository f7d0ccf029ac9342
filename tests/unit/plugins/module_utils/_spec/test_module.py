# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules print and log about their options holds no secret, which a scene checks with each run, and what is none stays readable."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import SECRET, acme

BLOBS = {"type": "azure-blob", "name": "Blobs", "workspace": "Acme", "settings": {"container": "c", "account_key": SECRET}}


@pytest.fixture
def scene(begin):
    opened = begin(acme())
    opened.secret.append(SECRET)
    return opened


def test_destination_is_shown_without_its_secret_and_with_everything_else(scene):
    result = scene.run("destination", **BLOBS)
    assert [(row["body"]["container"], row["body"]["account_key"]) for row in scene.writes()] == [("c", SECRET)]
    after = result["diff"]["after"]
    assert (after["name"], after["container"], after["account_key"]) == ("Blobs", "c", "********")
    options = result["invocation"]["module_args"]
    assert (options["name"], options["settings"]) == ("Blobs", "********")
    assert "Invoked with " in scene.said


def test_settings_of_assignments_are_hidden_and_what_the_api_quotes_of_them(scene):
    scene.service.fault(method="POST", path="mappings", status={"code": 400, "body": {"detail": f"{SECRET}?"}})
    wanted = {"datastream_id": 457, "table_name": "t", "settings": {"secret_token": SECRET}}
    result = scene.run("assignment", type="bigquery", target_id=790, assignments=[wanted])
    assert [row["body"]["secret_token"] for row in scene.writes()] == [SECRET]
    assert result["invocation"]["module_args"]["assignments"] == [{**wanted, "settings": "********"}]
    assert "returned 400: ********?" in result["msg"]


def test_secret_that_the_api_quotes_is_hidden_and_its_message_stays_readable(scene):
    body = {"account_key": [f"{SECRET} is too easy"], "container": ["c is full"]}
    scene.service.fault(method="POST", path="targets", status={"code": 400, "body": body})
    result = scene.run("destination", **BLOBS)
    assert "returned 400: account_key: ******** is too easy; container: c is full." in result["msg"]
    assert (result["failed"], result["status"]) == (True, 400)


SEND, PASSWORD = {"extract_ids": [1]}, {"password": SECRET}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("destination", {**BLOBS, "settings": PASSWORD, "state": "bogus"}),
        ("destination", {**BLOBS, "settings": f"password={SECRET}", "state": "bogus"}),
        ("destination", {**BLOBS, "settings": f"{{password: {SECRET}"}),
        ("destination", {**BLOBS, "setings": PASSWORD}),
        ("destination", {**BLOBS, "settings": PASSWORD, "target_id": SECRET}),
        ("assignment", {"type": "t", "assignments": [{"datastream_id": "x", "settings": PASSWORD}]}),
        ("assignment", {"type": "t", "assignments": json.dumps([{"datastream_id": "x", "settings": {"phrase": SECRET}}])}),
        ("deployment_info", {"variables": {"settings": {"phrase": SECRET}}, "retries": "many"}),
        ("deployment_info", {"variables": json.dumps({"settings": {"phrase": SECRET}}), "retries": "many"}),
        ("deployment_info", {"variables": {"name": "x", "settings": {"phrase": SECRET}, "bogus": 1}}),
        ("deployment_info", {"variables": {"name": "x", "datastreams": [{"name": "y", "settings": PASSWORD}]}}),
        ("requeue", {**SEND, "ledger_pasword": SECRET}),
        ("requeue", {**SEND, "ledger_password": SECRET, "ledger_wait": SECRET}),
        ("requeue", {**SEND, "ledger": f"postgresql://me:{SECRET}#x@db/ledger"}),
        ("requeue", {**SEND, "ledger": f"postgresql://db/ledger?passwor%64={SECRET}"}),
        ("requeue", {**SEND, "ledger": f"host=db password = '{SECRET}' dbname=ledger"}),
        ("requeue", {**SEND, "ledger": f"mysql://me:{SECRET}@db/ledger"}),
    ],
)
def test_options_that_are_refused_are_shown_without_secrets(scene, module, options):
    result = scene.run(module, **options)
    assert (result["failed"], bool(result["msg"]), scene.requests()) == (True, True, [])


def test_empty_password_hides_nothing(scene):
    """Automation controllers set a variable for each field of a credential, also of one that is left empty."""
    result = scene.run("requeue", **SEND, ledger_password="", ledger="relative")
    assert result["msg"].startswith("ledger is 'relative', a relative path.")
    options = result["invocation"]["module_args"]
    assert (options["api_key"], options["ledger_password"], options["ledger"], options["force"]) == ("********", "", "relative", False)
