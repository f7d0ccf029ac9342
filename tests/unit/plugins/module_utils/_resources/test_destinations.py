# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations: what is sent, what is refused, and what is shown.

Whole lives of them, whatever the service is like: destinations/test_switches.py.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    InputError,
    NotReached,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import destinations, directory, fields, objects
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import Binding
from ansible_collections.adverity.management.plugins.module_utils._resources.destinations import Destination, DestinationPlan, Identifying
from ansible_collections.adverity.management.tests.unit.plugins import in_process

TYPES = [{"id": 70, "name": "BigQuery", "slug": "bigquery"}, {"id": 71, "name": "Google Sheets", "slug": "google-sheets"}]
STACKS = [{"id": 12, "name": "EMEA", "slug": "emea"}, {"id": 13, "name": "DACH", "slug": "dach"}]
PATH = "/api/target-types/70/targets/"
FIELDS = {
    "id": {"type": "integer", "required": False, "read_only": True, "label": "ID"},
    "name": {"type": "string", "required": True, "read_only": False, "label": "Name"},
    "stack": {"type": "field", "required": True, "read_only": False, "label": "Workspace"},
    "auth": {"type": "field", "required": False, "read_only": False, "label": "Connection"},
    "project": {"type": "string", "required": True, "read_only": False, "label": "Project"},
    "dataset": {"type": "string", "required": False, "read_only": False, "label": "Dataset"},
    "schema_mapping": {"type": "boolean", "required": False, "read_only": False, "label": "Schema mapping"},
    "headers_formatting": {
        "type": "choice", "required": False, "read_only": False, "label": "Headers",
        "choices": [{"value": 1, "display_name": "None"}, {"value": 2, "display_name": "Lower"}],
    },
    "batch": {"type": "integer", "required": False, "read_only": False, "label": "Batch"},
    "passphrase": {"type": "password", "required": False, "read_only": False, "label": "Passphrase"},
    "logo_url": {"type": "url", "required": False, "read_only": True, "label": "Logo"},
}  # fmt: skip
PARSED = {name: fields.Field.from_row(row) for name, row in FIELDS.items()}
ACME = {"project": "acme"}
NO_PATCH = Refused("PATCH", PATH, 405, "Method not allowed.")
MASK = "********"


def row(number=789, name="DWH", **more):
    return dict({"id": number, "name": name, "stack": 12, "auth": 34, "project": "acme", "dataset": "marketing", "logo_url": "/x.svg"}, **more)


def read(*rows):
    return [Destination.from_row(one) for one in rows]


def plan_of(there, settings, described=PARSED, force=False):
    """What is to be written of a destination with this row, or of a new one."""
    present, identifying = (Destination.from_row(there), Identifying()) if there else (None, Identifying("DWH", workspace_id=12))
    return DestinationPlan(present, identifying, settings, described, force)


def expect_list(client, path, *rows):
    client.expect("GET", path, answer={"count": len(rows), "next": None, "previous": None, "results": list(rows)})


@pytest.fixture(name="run")
def fixture_run(scripted, tmp_path):
    def run(check_mode=False, **options):
        params = {
            **dict.fromkeys(("name", "workspace", "target_id", "connection", "connection_type", "settings")), "type": "bigquery",
            "force_settings": False, "state": "present", "ledger": str(tmp_path / "ledger.sqlite3"), "ledger_password": None, "ledger_wait": 5,
        }  # fmt: skip
        if "target_id" not in options:
            params.update(name="DWH", workspace="EMEA")
        return in_process.run_with("adverity_destination", scripted, {**params, **options}, check_mode)

    return run


@pytest.fixture(name="expect_post")
def fixture_expect_post(scripted):
    """Expects that a destination is created: looked for, looked for again under the lock, and one POST."""

    def expect_post(answer):
        expect_list(scripted, destinations.TYPES, *TYPES)
        expect_list(scripted, "/api/stacks/", *STACKS)
        scripted.expect("OPTIONS", PATH, answer={"name": "List", "actions": {"POST": FIELDS}})
        expect_list(scripted, PATH)
        expect_list(scripted, PATH)
        scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, "project": "acme"}, answer=answer)

    return expect_post


# Creating


def test_one_that_is_not_there_is_created_by_one_request(run, expect_post, scripted):
    expect_post(row(is_schema_mapping_required=False))
    expect_list(scripted, PATH, row(1, "Other"), row(2, stack=13), row())
    result = run(settings=ACME)
    assert (result["changed"], result["created"], result["warnings"]) == (True, True, [])
    assert result["destination"] == row(is_schema_mapping_required=False)
    assert result["diff"] == {"before": {}, "after": {"name": "DWH", "stack": 12, **ACME}}
    assert result["changes"]["project"] == {"before": None, "after": "acme"}


@pytest.mark.parametrize("answer", [None, [], "ok", {}, {"id": "789"}, {"id": None}, {"id": True}, {"id": 0}])
def test_an_answer_without_an_id_is_no_success(scripted, answer):
    scripted.expect("POST", PATH, answer=answer)
    with pytest.raises(UnreadableAnswer, match="not an object and its id"):
        objects.create(scripted, PATH, None)


AFTER_THE_POST = {
    "two runs at once": (
        [row(), row(790)], "at the same time: 'DWH' (id 789), 'DWH' (id 790). Delete one of them. Destination 789 was created.",
    ),
    "another name is kept": ([row(name="dwh")], "Adverity keeps the name 'DWH' as 'dwh'. Use that name. Destination 789 was created."),
    "no list": (NotReached("GET", PATH, "x"), "Destination 789 was created."),
}  # fmt: skip


@pytest.mark.parametrize("case", AFTER_THE_POST)
def test_what_is_found_wrong_after_creating_is_told_with_what_was_created(run, expect_post, scripted, case):
    answer, says = AFTER_THE_POST[case]
    is_listed = isinstance(answer, list)
    expect_post(answer[0] if is_listed else row())
    scripted.expect("GET", PATH, answer={"count": len(answer), "next": None, "results": answer} if is_listed else answer)
    with pytest.raises(AdverityError) as caught:
        run(settings=ACME)
    result = caught.value.result()
    assert result["msg"].endswith(says)
    assert (result["changed"], result["created"], result["destination"]["id"]) == (True, True, 789)


# Changing


def test_text_from_a_template_goes_out_as_the_type_of_the_field(scripted):
    settings = {"project": "acme", "schema_mapping": "true", "batch": "20", "headers_formatting": "2"}
    old = {"schema_mapping": False, "batch": 1, "headers_formatting": 1}
    body = {"schema_mapping": True, "batch": 20, "headers_formatting": 2}
    plan = plan_of(row(**old), settings)
    scripted.expect("PATCH", f"{PATH}789/", body=body, answer={"id": 789, **body})
    (change,) = plan.changes(70)
    result = plan.result(change.send(scripted)).as_dict()
    assert (result["destination"], result["diff"]) == (row(**body), {"before": old, "after": body})


@pytest.mark.parametrize(
    ("there", "wanted", "differs"),
    [
        (True, True, False), (True, "true", False), (True, "True", False), (True, False, True), (1, "1", False), (1, 1, False), (1, "2", True),
        (None, None, False), (None, "x", True), ("a", "a ", True), ([1], [1], False), ([1, 2], [2, 1], True), ({"a": 1}, {"a": 1}, False), ("", None, True),
        ({"id": 5, "name": "x"}, 5, False), ({"id": 5, "name": "x"}, 6, True), (0, False, False), ("1", 1, True),
    ],
)  # fmt: skip
def test_settings_are_compared_as_they_read_back(there, wanted, differs):
    plan = plan_of(row(thing=there), {"thing": wanted}, {})
    assert bool(plan.body) is differs


def test_a_list_that_lacks_fields_is_completed_by_each_object_of_that_name(scripted):
    expect_list(scripted, PATH, {"id": 788, "name": "DWH"}, {"id": 789, "name": "DWH"}, {"id": 790, "name": "Other"})
    scripted.expect("GET", f"{PATH}788/", answer=row(788, stack=13))
    scripted.expect("GET", f"{PATH}789/", answer=row(stack={"id": 12, "name": "EMEA"}))
    assert destinations.locate(scripted, 70, Identifying("DWH"), 12, None, ACME).id == 789


@pytest.mark.parametrize(("target_id", "status", "found"), [(None, 405, None), (789, 405, [row()]), (789, 404, []), (789, 500, None)])
def test_where_destinations_are_not_listed_the_id_is_needed(scripted, target_id, status, found):
    """``status`` is of the list where it is refused, or of the object; ``found`` is None where that is an error."""
    scripted.expect("GET", PATH, answer=Refused("GET", PATH, 405, "Method not allowed."))
    if target_id is not None:
        scripted.expect("GET", f"{PATH}789/", answer=row() if found else Refused("GET", PATH, status, "No."))
    if found is not None:
        assert [one.row for one in destinations.read(scripted, 70, target_id)] == found
    else:
        with pytest.raises(Refused) as caught:
            destinations.read(scripted, 70, target_id)
        assert ("none can be found by name. Set target_id." in caught.value.result()["msg"]) is (target_id is None)


@pytest.mark.parametrize(
    ("workspace_id", "target_id", "says"),
    [
        (13, 789, "Destination 789 is in workspace 12, not in workspace 13. A destination is not moved."),
        (None, 4711, "The destination '4711' does not exist"),
    ],
)
def test_an_id_that_does_not_fit_is_an_error(scripted, workspace_id, target_id, says):
    expect_list(scripted, PATH, row())
    with pytest.raises(InputError, match=says):
        destinations.locate(scripted, 70, Identifying(), workspace_id, target_id, {})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": None}, "Set name and workspace, or target_id."),
        ({"workspace": None}, "Set name and workspace, or target_id."),
        *[({option: ""}, f"{option} is empty") for option in ("name", "type", "workspace", "connection")],
    ],
)
def test_options_that_name_nothing_are_refused_before_anything_is_asked(run, options, says):
    with pytest.raises(InputError, match=says):
        run(**options)


def test_where_patch_is_not_allowed_the_whole_object_is_put(scripted):
    there = row(schema_mapping=False, headers_formatting=1, batch=5, passphrase="plain", url="/x/", stack={"id": 12, "name": "EMEA"})
    scripted.expect("PATCH", PATH, body={"dataset": "sales"}, answer=NO_PATCH).expect("GET", PATH, answer=there)
    whole = {
        "name": "DWH", "stack": 12, "auth": 34, "project": "acme", "dataset": "sales", "schema_mapping": False, "headers_formatting": 1, "batch": 5,
        "passphrase": "plain",
    }  # fmt: skip
    scripted.expect("PUT", PATH, body=whole, answer=there)
    objects.change(scripted, PATH, {"dataset": "sales"}, PARSED)


# What a type takes


@pytest.mark.parametrize(
    "answer",
    [
        Refused("OPTIONS", PATH, 403, "Forbidden."), Refused("OPTIONS", PATH, 405, "x"), Refused("OPTIONS", PATH, 501, "x"), UnreadableAnswer("empty"),
        {"name": "List"}, {"actions": {}}, {"actions": {"PUT": {}}}, [], {"actions": {"POST": []}},
    ],
)  # fmt: skip
def test_where_options_says_nothing_settings_are_not_checked_and_that_is_told(scripted, answer):
    scripted.expect("OPTIONS", PATH, answer=answer)
    plan = plan_of(row(), {"dataset": "x"}, destinations.read_fields(scripted, 70))
    assert plan.body == {"dataset": "x"}
    assert plan.warnings == ["The API does not say which fields this destination type takes. The settings were not checked in advance."]


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_where_options_fails_the_run_fails(scripted, status):
    scripted.expect("OPTIONS", PATH, answer=Refused("OPTIONS", PATH, status, "x"))
    with pytest.raises(Refused):
        destinations.read_fields(scripted, 70)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"project": "p", "projekt": "x"}, "projekt is unknown."),
        ({"project": "p", "logo_url": "x"}, "logo_url is read-only."),
        ({"dataset": "x"}, "project is missing."),
        ({"project": "p", "headers_formatting": 3}, "headers_formatting is none of its choices."),
        ({"project": "p", "headers_formatting": "low"}, "headers_formatting is none of its choices."),
        ({"project": "p", "name": "x"}, "name is set by the option name."),
        ({"project": "p", "auth": 5}, "auth is set by the option connection."),
        ({"a": 1, "b": 2}, "a is unknown; b is unknown; project is missing."),
    ],
)
def test_a_wrong_setting_is_an_error_that_lists_what_the_type_takes(settings, says):
    with pytest.raises(InputError) as caught:
        plan_of(None, settings)
    assert str(caught.value) == (
        f"Settings of this destination type: {says} It takes: project (string, required); dataset (string); schema_mapping (boolean);"
        " headers_formatting (choice, one of 1, 2); batch (integer); passphrase (password). Nothing was written."
    )


def test_a_required_connection_is_named_as_the_option_and_of_an_existing_destination_nothing_is_missing():
    described = {**PARSED, "auth": fields.Field.from_row({"required": True})}
    with pytest.raises(InputError, match="connection is missing"):
        fields.check({"project": "p"}, {"name": "x", "stack": 1}, described, True)
    fields.check({"dataset": "x"}, {}, described, False)


# Secrets


@pytest.mark.parametrize("there", [{"passphrase": MASK}, {"passphrase": "\N{BULLET}" * 5}, {"passphrase": None}, {"passphrase": ""}, {}])
def test_a_secret_that_does_not_read_back_is_written_only_where_that_is_forced_and_no_put_loses_it(scripted, there):
    there = row(schema_mapping=False, headers_formatting=1, batch=5, **there)
    for force in (False, True):
        plan = plan_of(there, {"passphrase": "open sesame", **ACME}, force=force)
        assert plan.body == ({"passphrase": "open sesame"} if force else {})
        assert "they cannot be compared: passphrase. They were " + ("written because" if force else "not written.") in plan.warnings[0]
        assert "open sesame" not in json.dumps(plan.result({**there, **plan.body}).as_dict())
    scripted.expect("PATCH", PATH, body={"dataset": "sales"}, answer=NO_PATCH).expect("GET", PATH, answer=there)
    with pytest.raises(InputError, match="it would lose passphrase, whose values cannot be read. Name them in settings, and set force_settings"):
        objects.change(scripted, PATH, {"dataset": "sales"}, PARSED)


@pytest.mark.parametrize("there", [{"project": "****"}, {}])
def test_a_secret_that_nothing_but_the_answer_tells_of_is_hidden_too(there):
    """The service masks it, or leaves it out, although its metadata calls it a string like any other."""
    answer = {name: value for name, value in row().items() if name != "project"}
    result = plan_of(None, {"project": "open sesame"}).result({**answer, **there}).as_dict()
    assert "open sesame" not in json.dumps(result)
    assert result["diff"]["after"]["project"] == MASK


def test_a_secret_that_reads_back_plainly_is_compared_but_not_shown():
    for old, due in (("old secret", True), ("open sesame", False)):
        plan = plan_of(row(passphrase=old), {"passphrase": "open sesame"})
        result = plan.result(row(passphrase="open sesame")).as_dict()
        assert (result["changed"], plan.warnings) == (due, [])
        assert "secret" not in json.dumps(result)
        assert "sesame" not in json.dumps(result)


@pytest.mark.parametrize(
    "name", ["password", "passwd", "client_secret", "access_token", "credentials", "private_key", "api_key", "account_key", "connection_string", "AccessKey"]
)
def test_without_metadata_a_secret_is_known_by_its_name(name):
    assert objects.mask({"config": {name: "open sesame"}, name: "x", "project": "p"}, (), {}) == {
        "config": {name: MASK}, name: MASK, "project": "p"
    }  # fmt: skip


# Deleting


@pytest.mark.parametrize("rows", [[row(name="Other")], [row(790)], [row(name="Other"), row(790)]])
def test_id_and_name_must_agree_where_one_is_deleted(rows):
    with pytest.raises(InputError, match="target_id 789 and the name 'DWH' do not agree: there is '"):
        destinations.find_absent(read(*rows), 789, "DWH")


def test_one_is_deleted_also_where_another_has_its_name_and_none_where_neither_is_there(run, scripted):
    assert destinations.find_absent(read(row(790, "Other")), 789, "DWH") is None
    expect_list(scripted, destinations.TYPES, *TYPES)
    expect_list(scripted, PATH, row(), row(790))
    disabled = {"id": 5, "datastream_id": 456, "target_id": 789, "enabled": False}
    scripted.expect("GET", "/api/v1/bindings/", {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": [disabled], "count": 1})
    scripted.expect("DELETE", f"{PATH}789/")
    shown = {"id": 789, "name": "DWH", "stack": 12}
    assert run(state="absent", target_id=789, name="DWH") == {
        "changed": True, "created": False, "destination": shown, "changes": {}, "diff": {"before": shown, "after": {}}, "warnings": [],
    }  # fmt: skip


@pytest.mark.parametrize("enabled", [True, None, "false"])
def test_bindings_that_are_not_known_to_be_disabled_are_in_the_way(enabled):
    rows = [{"id": number, "datastream_id": 456, "target_id": 789, "enabled": state} for number, state in ((5, False), (6, enabled))]
    with pytest.raises(InputError) as caught:
        destinations.refuse_enabled([Binding.from_row(one) for one in rows], "Destination 789")
    assert "Destination 789 was not deleted: it still has enabled bindings" in str(caught.value)
    assert caught.value.result()["binding_ids"] == [6]


def test_404_is_success_only_after_an_earlier_try(scripted):
    error = Refused("DELETE", PATH, 404, "Not found.")
    scripted.expect("DELETE", PATH, answer=error)
    with pytest.raises(Refused):
        objects.delete(scripted, PATH)
    error.tries = 2
    scripted.expect("DELETE", PATH, answer=error)
    objects.delete(scripted, PATH)


# The list


def info(client, **options):
    params = {**dict.fromkeys(("type", "name", "workspace", "target_id")), "schema": False, **options}
    return in_process.run_with("adverity_destination_info", client, params)


def test_without_a_type_every_type_is_asked(scripted):
    expect_list(scripted, destinations.TYPES, *TYPES)
    expect_list(scripted, "/api/stacks/", *STACKS)
    expect_list(scripted, PATH, row(), row(700, stack=13))
    scripted.expect("OPTIONS", PATH, answer={"actions": {"POST": FIELDS}})
    expect_list(scripted, "/api/target-types/71/targets/")
    result = info(scripted, workspace="EMEA")
    assert result == {"changed": False, "destinations": [row(type_slug="bigquery")], "count": 1, "schemas": {}, "warnings": []}


def test_the_schema_is_what_the_service_says_and_secrets_are_hidden(scripted):
    for answer in ({"actions": {"POST": FIELDS}}, Refused("OPTIONS", PATH, 403, "Forbidden.")):
        expect_list(scripted, destinations.TYPES, *TYPES)
        expect_list(scripted, PATH, row(password="open sesame"), row(1, "Other"))
        scripted.expect("OPTIONS", PATH, answer=answer)
        result = info(scripted, type="BigQuery", schema=True, name="DWH")
        assert result["schemas"] == {"bigquery": FIELDS if isinstance(answer, dict) else {}}
        assert result["destinations"] == [row(type_slug="bigquery", password=MASK)]


def test_a_type_is_found_by_slug_or_name():
    types = [directory.ObjectType.from_row(one) for one in TYPES]
    for wanted in ("BigQuery", "bigquery"):
        assert directory.find_type(types, wanted).id == 70
    with pytest.raises(InputError, match="The type 'Bigquery' does not exist among the 2 that this key can see: 'BigQuery' .id 70., 'Google Sheets'"):
        directory.find_type(types, "Bigquery")
