# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    InputError,
    Lost,
    NotReached,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import destinations, fields, objects
from ansible_collections.adverity.management.plugins.module_utils._resources.destinations import DestinationPlan
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
LOST = Lost("POST", PATH, "got no answer")
BUSY = Refused("POST", PATH, 500, "oops")
MASK = "********"
HOSTILE = ["it's \"quoted\"", "Ads \N{ROCKET}", "a/b/../c?d=e#f", "  leading", "trailing ", "{{ lookup('env', 'HOME') }}", "x" * 300, "789"]


def described(rows):
    return {name: fields.parse(row) for name, row in rows.items()}


def row(number=789, name="DWH", **more):
    return dict({"id": number, "name": name, "stack": 12, "auth": 34, "project": "acme", "dataset": "marketing", "logo_url": "/x.svg"}, **more)


def expect_list(client, path, *rows):
    client.expect("GET", path, answer={"count": len(rows), "next": None, "previous": None, "results": list(rows)})


def expect_bindings(client, *rows):
    client.expect("GET", "/api/v1/bindings/", {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": list(rows), "count": len(rows)})


class Talk:
    """What the module asks before it writes, and then the module."""

    def __init__(self, client, ledger):
        self.client = client
        self.ledger = {"ledger": str(ledger), "ledger_password": None, "ledger_wait": 5}

    def expect(self, *rows, fields=None, connection=None, workspace=True):
        expect_list(self.client, destinations.TYPES, *TYPES)
        if workspace:
            expect_list(self.client, "/api/stacks/", *STACKS)
        if connection:
            expect_list(self.client, "/api/connection-types/", {"id": 3, "name": "x", "slug": "bigquery"})
            expect_list(self.client, "/api/connection-types/3/connections/", *connection)
        self.client.expect("OPTIONS", PATH, answer={"name": "List", "actions": {"POST": FIELDS}} if fields is None else fields)
        expect_list(self.client, PATH, *rows)
        return self

    def expect_new(self, *rows, **more):
        """The same, and the look under the lock: it is not there."""
        self.expect(*rows, **more)
        expect_list(self.client, PATH, *rows)
        return self

    def run(self, check_mode=False, **options):
        names = ("name", "workspace", "target_id", "connection", "connection_type", "settings")
        params = {**dict.fromkeys(names), "type": "bigquery", "force_settings": False, "state": "present", **self.ledger}
        if "target_id" not in options:
            params.update(name="DWH", workspace="EMEA")
        return in_process.run_with("adverity_destination", self.client, {**params, **options}, check_mode)


@pytest.fixture(name="talk")
def fixture_talk(scripted, tmp_path):
    return Talk(scripted, tmp_path / "ledger.sqlite3")


# Creating


def test_one_that_is_not_there_is_created_by_one_request(talk, scripted):
    talk.expect_new(row(1, "Other"), row(2, stack=13), connection=[{"id": 34, "name": "Account"}])
    body = {"name": "DWH", "auth": 34, "stack": 12, "project": "acme"}
    scripted.expect("POST", PATH, body=body, answer=row(is_schema_mapping_required=False))
    expect_list(scripted, PATH, row(1, "Other"), row(2, stack=13), row())
    result = talk.run(connection="Account", settings={"project": "acme"})
    assert (result["changed"], result["created"], result["warnings"]) == (True, True, [])
    assert result["destination"] == row(is_schema_mapping_required=False)
    assert result["diff"] == {"before": {}, "after": body}
    assert result["changes"]["project"] == {"before": None, "after": "acme"}


def test_check_mode_predicts_it_without_an_id(talk):
    talk.expect_new()
    result = talk.run(True, settings={"project": "acme", "passphrase": "open sesame"})
    assert (result["changed"], result["created"]) == (True, True)
    assert result["destination"] == {"name": "DWH", "stack": 12, "project": "acme", "passphrase": MASK}
    assert result["diff"]["after"]["passphrase"] == MASK


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_goes_out_as_it_is_and_is_found_again(talk, scripted, name):
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": name, "stack": 12, "project": "p"}, answer=row(name=name))
    expect_list(scripted, PATH, row(name=name))
    assert talk.run(name=name, settings={"project": "p"})["created"] is True
    talk.expect(row(name=name, project="p"), row(1, name + "x"), row(2, "x" + name))
    again = talk.run(name=name, settings={"project": "p"})
    assert (again["changed"], again["destination"]["id"]) == (False, 789)


@pytest.mark.parametrize("error", [LOST, BUSY, UnreadableAnswer("what"), NotReached("POST", PATH, "x"), Refused("POST", PATH, 400, "name: no.")])
def test_a_failure_says_whether_anything_may_have_been_created(talk, scripted, error):
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, "project": "acme"}, answer=error)
    with pytest.raises(AdverityError) as caught:
        talk.run(settings={"project": "acme"})
    says = caught.value.result()["msg"]
    if error.not_executed:
        assert says.endswith("Nothing was written.")
    else:
        assert "Whether destination 'DWH' was written is unknown. Not written: none. Run it again: it reads first" in says


def test_after_a_lost_answer_the_next_run_finds_what_was_created(talk, scripted):
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, "project": "acme"}, answer=LOST)
    with pytest.raises(Lost):
        talk.run(settings={"project": "acme"})
    talk.expect(row())
    assert talk.run(settings={"project": "acme"})["changed"] is False


@pytest.mark.parametrize("answer", [None, [], "ok", {}, {"id": "789"}, {"id": None}, {"id": True}, {"id": 0}])
def test_an_answer_without_an_id_is_no_success(talk, scripted, answer):
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, "project": "acme"}, answer=answer)
    with pytest.raises(UnreadableAnswer, match="not an object and its id"):
        talk.run(settings={"project": "acme"})


def test_two_runs_that_create_the_same_one_are_told(talk, scripted):
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, "project": "acme"}, answer=row())
    expect_list(scripted, PATH, row(), row(790))
    with pytest.raises(AdverityError) as caught:
        talk.run(settings={"project": "acme"})
    result = caught.value.result()
    assert "at the same time: 'DWH' (id 789), 'DWH' (id 790). Delete one of them. Destination 789 was created." in result["msg"]
    assert (result["changed"], result["created"], result["destination"]["id"]) == (True, True, 789)


def test_a_name_that_the_service_changes_is_told_and_leads_to_no_second_one(talk, scripted):
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": " DWH", "stack": 12, "project": "acme"}, answer=row())
    expect_list(scripted, PATH, row())
    with pytest.raises(AdverityError, match="Adverity keeps the name ' DWH' as 'DWH'. Use that name."):
        talk.run(name=" DWH", settings={"project": "acme"})
    talk.expect(row())
    with pytest.raises(InputError, match="differs only in white space at the ends of its name. Nothing was created"):
        talk.run(name=" DWH", settings={"project": "acme"})


def test_when_the_list_cannot_be_read_after_creating_the_result_tells_of_it(talk, scripted):
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, "project": "acme"}, answer=row())
    scripted.expect("GET", PATH, answer=NotReached("GET", PATH, "x"))
    with pytest.raises(NotReached) as caught:
        talk.run(settings={"project": "acme"})
    result = caught.value.result()
    assert result["msg"].endswith("Destination 789 was created.")
    assert (result["changed"], result["destination"]["id"]) == (True, 789)


# Changing


def test_equal_is_nothing(talk):
    talk.expect(row(), connection=[{"id": 34, "name": "Account"}])
    result = talk.run(connection="Account", settings={"project": "acme", "dataset": "marketing"})
    assert (result["changed"], result["created"], result["changes"], result["diff"]) == (False, False, {}, {"before": {}, "after": {}})
    assert result["destination"] == row()


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_differs_is_written_by_one_request_and_nothing_else(talk, scripted, check_mode):
    talk.expect(row(), connection=[{"id": 35, "name": "Account"}])
    body = {"auth": 35, "dataset": "sales"}
    if not check_mode:
        scripted.expect("PATCH", f"{PATH}789/", body=body, answer=row(**body))
    result = talk.run(check_mode, connection="Account", settings={"project": "acme", "dataset": "sales"})
    assert (result["changed"], result["created"]) == (True, False)
    assert result["destination"] == row(**body)
    assert result["diff"] == {"before": {"auth": 34, "dataset": "marketing"}, "after": body}
    assert result["changes"] == {"auth": {"before": 34, "after": 35}, "dataset": {"before": "marketing", "after": "sales"}}


@pytest.mark.parametrize(
    ("there", "wanted", "differs"),
    [
        (True, True, False), (True, "true", False), (True, "True", False), (True, False, True), (1, "1", False), (1, 1, False), (1, "2", True),
        (None, None, False), (None, "x", True), ("a", "a ", True), ([1], [1], False), ([1, 2], [2, 1], True), ({"a": 1}, {"a": 1}, False), ("", None, True),
        ({"id": 5, "name": "x"}, 5, False), ({"id": 5, "name": "x"}, 6, True), (0, False, False), ("1", 1, True),
    ],
)  # fmt: skip
def test_settings_are_compared_as_they_read_back(there, wanted, differs):
    plan = DestinationPlan(row(thing=there), {}, {"thing": wanted}, {})
    assert bool(plan.body) is differs


def test_text_from_a_template_goes_out_as_the_type_of_the_field(talk, scripted):
    talk.expect(row(schema_mapping=False, batch=1, headers_formatting=1))
    body = {"schema_mapping": True, "batch": 20, "headers_formatting": 2}
    scripted.expect("PATCH", f"{PATH}789/", body=body, answer=row(**body))
    talk.run(settings={"schema_mapping": "true", "batch": "20", "headers_formatting": "2"})


def test_a_list_that_lacks_fields_is_completed_by_the_one_object(talk, scripted):
    talk.expect({"id": 789, "name": "DWH"}, {"id": 790, "name": "Other"})
    scripted.expect("GET", f"{PATH}789/", answer=row())
    assert talk.run(settings={"project": "acme"})["changed"] is False
    talk.expect({"id": 788, "name": "DWH"}, {"id": 789, "name": "DWH"})
    scripted.expect("GET", f"{PATH}788/", answer=row(788, stack=13))
    scripted.expect("GET", f"{PATH}789/", answer=row())
    assert talk.run(settings={"project": "acme"})["destination"]["id"] == 789


def test_two_of_one_name_are_an_error_that_lists_both(talk):
    talk.expect(row(), row(800))
    with pytest.raises(InputError, match="is ambiguous. It fits 'DWH' .id 789., 'DWH' .id 800."):
        talk.run(settings={"project": "acme"})


def test_by_id_the_name_is_changed(talk, scripted):
    talk.expect(row(), row(790), workspace=False)
    scripted.expect("PATCH", f"{PATH}789/", body={"name": "DWH 2"}, answer=row(name="DWH 2"))
    assert talk.run(target_id=789, name="DWH 2")["destination"]["name"] == "DWH 2"


def test_by_id_another_workspace_is_refused(talk):
    talk.expect(row())
    with pytest.raises(InputError, match="Destination 789 is in workspace 12, not in workspace 13. A destination is not moved."):
        talk.run(target_id=789, workspace="DACH")


def test_an_id_that_does_not_exist_is_an_error(talk):
    talk.expect(row(), workspace=False)
    with pytest.raises(InputError, match="The destination '4711' does not exist"):
        talk.run(target_id=4711)


def test_a_failed_change_says_what_the_next_run_does(talk, scripted):
    talk.expect(row())
    scripted.expect("PATCH", f"{PATH}789/", body={"dataset": "x"}, answer=Lost("PATCH", PATH, "x"))
    with pytest.raises(Lost) as caught:
        talk.run(settings={"dataset": "x"})
    assert "Whether destination 789 was written is unknown. Not written: none. Run it again" in caught.value.result()["msg"]


# What is unknown of the service


def refused_list(client):
    client.expect("GET", PATH, answer=Refused("GET", PATH, 405, "Method not allowed."))


def prepare(client, *, workspace):
    expect_list(client, destinations.TYPES, *TYPES)
    if workspace:
        expect_list(client, "/api/stacks/", *STACKS)
    client.expect("OPTIONS", PATH, answer={"actions": {"POST": FIELDS}})


def test_without_a_list_the_id_is_asked_for(talk, scripted):
    prepare(scripted, workspace=True)
    refused_list(scripted)
    with pytest.raises(Refused) as caught:
        talk.run()
    assert "none can be found by name. Set target_id." in caught.value.result()["msg"]


def test_without_a_list_the_id_is_enough(talk, scripted):
    prepare(scripted, workspace=False)
    refused_list(scripted)
    scripted.expect("GET", f"{PATH}789/", answer=row())
    assert talk.run(target_id=789, settings={"project": "acme"})["changed"] is False


def test_where_patch_is_not_allowed_the_whole_object_is_put(talk, scripted):
    there = row(schema_mapping=False, headers_formatting=1, batch=5, passphrase="plain", url="/x/", stack={"id": 12, "name": "EMEA"})
    talk.expect(there)
    scripted.expect("PATCH", f"{PATH}789/", body={"dataset": "sales"}, answer=Refused("PATCH", PATH, 405, "Method not allowed."))
    scripted.expect("GET", f"{PATH}789/", answer=there)
    whole = {
        "name": "DWH", "stack": 12, "auth": 34, "project": "acme", "dataset": "sales", "schema_mapping": False, "headers_formatting": 1, "batch": 5,
        "passphrase": "plain",
    }  # fmt: skip
    scripted.expect("PUT", f"{PATH}789/", body=whole, answer=dict(there, dataset="sales"))
    result = talk.run(settings={"dataset": "sales"})
    assert result["destination"]["dataset"] == "sales"
    assert result["destination"]["passphrase"] == MASK


@pytest.mark.parametrize("there", [{"passphrase": "****"}, {"passphrase": None}, {"passphrase": ""}, {}])
def test_a_put_that_would_lose_a_secret_is_not_sent(talk, scripted, there):
    there = row(schema_mapping=False, headers_formatting=1, batch=5, **there)
    talk.expect(there)
    scripted.expect("PATCH", f"{PATH}789/", body={"dataset": "sales"}, answer=Refused("PATCH", PATH, 405, "Method not allowed."))
    scripted.expect("GET", f"{PATH}789/", answer=there)
    with pytest.raises(InputError, match="it would lose passphrase, whose values cannot be read. Name them in settings, and set force_settings"):
        talk.run(settings={"dataset": "sales"})


@pytest.mark.parametrize(
    "answer",
    [
        Refused("OPTIONS", PATH, 403, "Forbidden."), Refused("OPTIONS", PATH, 405, "x"), Refused("OPTIONS", PATH, 501, "x"), UnreadableAnswer("empty"),
        {"name": "List"}, {"actions": {}}, {"actions": {"PUT": {}}}, [], None, {"actions": {"POST": []}},
    ],
)  # fmt: skip
def test_where_options_says_nothing_there_is_a_warning_and_the_run_goes_on(talk, scripted, answer):
    talk.expect(row(), fields=answer if answer is not None else "")
    scripted.expect("PATCH", f"{PATH}789/", body={"dataset": "x"}, answer=row(dataset="x"))
    result = talk.run(settings={"dataset": "x"})
    assert result["warnings"] == ["The API does not say which fields this destination type takes. The settings were not checked in advance."]


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_where_options_fails_the_run_fails(talk, scripted, status):
    expect_list(scripted, destinations.TYPES, *TYPES)
    expect_list(scripted, "/api/stacks/", *STACKS)
    scripted.expect("OPTIONS", PATH, answer=Refused("OPTIONS", PATH, status, "x"))
    with pytest.raises(Refused):
        talk.run(settings={"dataset": "x"})


# Settings are checked before anything is written


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
def test_a_wrong_setting_is_an_error_that_lists_what_the_type_takes(talk, settings, says):
    talk.expect()
    with pytest.raises(InputError) as caught:
        talk.run(settings=settings)
    assert f"Settings of this destination type: {says}" in str(caught.value)
    assert (
        "It takes: project (string, required); dataset (string); schema_mapping (boolean); headers_formatting (choice, one of 1, 2); batch (integer);"
        " passphrase (password). Nothing was written." in str(caught.value)
    )


def test_a_required_connection_is_named_as_the_option():
    with pytest.raises(InputError, match="connection is missing"):
        fields.check({"project": "p"}, {"name": "x", "stack": 1}, described({**FIELDS, "auth": {"required": True}}), True)


def test_of_an_existing_one_nothing_is_missing():
    fields.check({"dataset": "x"}, {}, described(FIELDS), False)


# Secrets


@pytest.mark.parametrize("there", [{"passphrase": "********"}, {"passphrase": "\N{BULLET}" * 5}, {"passphrase": None}, {"passphrase": ""}, {}])
@pytest.mark.parametrize("force", [False, True])
def test_a_secret_that_does_not_read_back_is_written_only_where_that_is_forced(talk, scripted, there, force):
    talk.expect(row(**there))
    if "passphrase" not in there:
        scripted.expect("GET", f"{PATH}789/", answer=row(**there))
    if force:
        scripted.expect("PATCH", f"{PATH}789/", body={"passphrase": "open sesame"}, answer=row(passphrase="open sesame"))
    result = talk.run(settings={"passphrase": "open sesame", "project": "acme"}, force_settings=force)
    assert result["changed"] is force
    assert "open sesame" not in json.dumps(result)
    assert "they cannot be compared: passphrase. They were " + ("written because" if force else "not written.") in result["warnings"][0]


@pytest.mark.parametrize("there", [{"project": "****"}, {}])
def test_a_secret_that_nothing_but_the_answer_tells_of_is_hidden_too(talk, scripted, there):
    """The service masks it, or leaves it out, although its metadata calls it a string like any other."""
    answer = {name: value for name, value in row().items() if name != "project"}
    talk.expect_new()
    scripted.expect("POST", PATH, body={"name": "DWH", "stack": 12, "project": "open sesame"}, answer={**answer, **there})
    expect_list(scripted, PATH, row())
    result = talk.run(settings={"project": "open sesame"})
    assert "open sesame" not in json.dumps(result)
    assert result["diff"]["after"]["project"] == MASK


def test_a_secret_that_reads_back_plainly_is_compared_but_not_shown(talk, scripted):
    talk.expect(row(passphrase="old secret"))
    scripted.expect("PATCH", f"{PATH}789/", body={"passphrase": "open sesame"}, answer=row(passphrase="open sesame"))
    result = talk.run(settings={"passphrase": "open sesame"})
    assert result["changed"] is True
    assert "secret" not in json.dumps(result)
    assert "sesame" not in json.dumps(result)
    talk.expect(row(passphrase="open sesame"))
    result = talk.run(settings={"passphrase": "open sesame"})
    assert (result["changed"], result["warnings"]) == (False, [])
    assert "sesame" not in json.dumps(result)


@pytest.mark.parametrize(
    "name", ["password", "passwd", "client_secret", "access_token", "credentials", "private_key", "api_key", "account_key", "connection_string", "AccessKey"]
)
def test_without_metadata_a_secret_is_known_by_its_name(name):
    assert objects.mask({"config": {name: "open sesame"}, name: "x", "project": "p"}, (), {}) == {
        "config": {name: MASK}, name: MASK, "project": "p"
    }  # fmt: skip


# Deleting


def expect_delete(scripted, *rows, bindings=()):
    expect_list(scripted, destinations.TYPES, *TYPES)
    expect_list(scripted, PATH, *rows)
    if bindings is not None:
        expect_bindings(scripted, *bindings)


def binding(number, enabled):
    return {"id": number, "datastream_id": 456, "target_id": 789, "target_name": "DWH", "enabled": enabled}


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_destination_without_enabled_bindings_is_deleted(talk, scripted, check_mode):
    expect_delete(scripted, row(), row(790), bindings=[binding(5, False)])
    if not check_mode:
        scripted.expect("DELETE", f"{PATH}789/")
    result = talk.run(check_mode, state="absent", target_id=789, name="DWH")
    shown = {"id": 789, "name": "DWH", "stack": 12}
    diff = {"before": shown, "after": {}}
    assert result == {"changed": True, "created": False, "destination": shown, "changes": {}, "diff": diff, "warnings": []}


def test_what_is_not_there_is_no_change(talk, scripted):
    expect_delete(scripted, row(790, "Other"), bindings=None)
    result = talk.run(state="absent", target_id=789, name="DWH")
    assert (result["changed"], result["destination"]) == (False, None)


@pytest.mark.parametrize("rows", [[row(name="Other")], [row(790)], [row(name="Other"), row(790)]])
def test_id_and_name_must_agree(talk, scripted, rows):
    expect_delete(scripted, *rows, bindings=None)
    with pytest.raises(InputError, match="target_id 789 and the name 'DWH' do not agree: there is '"):
        talk.run(state="absent", target_id=789, name="DWH")


@pytest.mark.parametrize("enabled", [True, None, "false"])
def test_enabled_bindings_are_in_the_way(talk, scripted, enabled):
    expect_delete(scripted, row(), bindings=[binding(5, False), binding(6, enabled)])
    with pytest.raises(InputError) as caught:
        talk.run(state="absent", target_id=789, name="DWH")
    assert "Destination 789 was not deleted: it still has enabled bindings" in str(caught.value)
    assert caught.value.result()["binding_ids"] == [6]


def test_without_a_list_one_is_deleted_all_the_same(talk, scripted):
    for answer in (row(), Refused("GET", PATH, 404, "Not found.")):
        expect_list(scripted, destinations.TYPES, *TYPES)
        refused_list(scripted)
        scripted.expect("GET", f"{PATH}789/", answer=answer)
        if isinstance(answer, dict):
            expect_bindings(scripted)
            scripted.expect("DELETE", f"{PATH}789/")
        assert talk.run(state="absent", target_id=789, name="DWH")["changed"] is isinstance(answer, dict)


def test_404_is_success_only_after_an_earlier_try(scripted):
    error = Refused("DELETE", PATH, 404, "Not found.")
    scripted.expect("DELETE", PATH, answer=error)
    with pytest.raises(Refused):
        objects.delete(scripted, PATH)
    error.tries = 2
    scripted.expect("DELETE", PATH, answer=error)
    objects.delete(scripted, PATH)


# Options


@pytest.mark.parametrize("options", [{"name": None}, {"workspace": None}])
def test_name_and_workspace_or_an_id_are_required(talk, options):
    with pytest.raises(InputError, match="Set name and workspace, or target_id."):
        talk.run(**options)


@pytest.mark.parametrize("option", ["name", "type", "workspace", "connection"])
def test_empty_options_are_refused(talk, option):
    with pytest.raises(InputError, match=f"{option} is empty"):
        talk.run(**{option: ""})


@pytest.mark.parametrize("kind", ["BigQuery", "bigquery", "Bigquery"])
def test_a_type_is_found_by_slug_or_name(scripted, kind):
    expect_list(scripted, destinations.TYPES, *TYPES)
    if kind == "Bigquery":
        with pytest.raises(InputError, match="The type 'Bigquery' does not exist among the 2 that this key can see: 'BigQuery' .id 70., 'Google Sheets'"):
            destinations.read_type(scripted, kind)
    else:
        assert destinations.read_type(scripted, kind)["id"] == 70


# The list


def info(client, **options):
    params = {**dict.fromkeys(("type", "name", "workspace", "target_id")), "schema": False, **options}
    return in_process.run_with("adverity_destination_info", client, params)


def test_without_a_type_every_type_is_asked(talk, scripted):
    expect_list(scripted, destinations.TYPES, *TYPES)
    expect_list(scripted, "/api/stacks/", *STACKS)
    expect_list(scripted, PATH, row(), row(700, stack=13))
    scripted.expect("OPTIONS", PATH, answer={"actions": {"POST": FIELDS}})
    expect_list(scripted, "/api/target-types/71/targets/")
    result = info(scripted, workspace="EMEA")
    assert result == {"changed": False, "destinations": [row(type_slug="bigquery")], "count": 1, "schemas": {}, "warnings": []}


def test_where_the_list_tells_no_workspace_each_one_is_read(talk, scripted):
    expect_list(scripted, destinations.TYPES, *TYPES[:1])
    expect_list(scripted, "/api/stacks/", *STACKS)
    expect_list(scripted, PATH, {"id": 788, "name": "DWH"}, {"id": 789, "name": "DWH"}, {"id": 790, "name": "Other"})
    scripted.expect("GET", f"{PATH}788/", answer=row(788, stack=13))
    scripted.expect("GET", f"{PATH}789/", answer=row(stack={"id": 12, "name": "EMEA"}))
    scripted.expect("OPTIONS", PATH, answer={})
    assert [one["id"] for one in info(scripted, workspace="EMEA", name="DWH")["destinations"]] == [789]


def test_the_schema_is_what_the_service_says(talk, scripted):
    for answer in ({"actions": {"POST": FIELDS}}, Refused("OPTIONS", PATH, 403, "Forbidden.")):
        expect_list(scripted, destinations.TYPES, *TYPES)
        expect_list(scripted, PATH, row(passphrase="open sesame"), row(1, "Other"))
        scripted.expect("OPTIONS", PATH, answer=answer)
        result = info(scripted, type="BigQuery", schema=True, name="DWH")
        assert result["count"] == 1
        assert result["schemas"] == {"bigquery": FIELDS if isinstance(answer, dict) else {}}
    assert info_by_id(scripted)["destinations"] == [row(type_slug="bigquery", passphrase=MASK)]


def info_by_id(scripted):
    """Where the service does not list them."""
    expect_list(scripted, destinations.TYPES, *TYPES)
    refused_list(scripted)
    scripted.expect("GET", f"{PATH}789/", answer=row(passphrase="open sesame"))
    scripted.expect("OPTIONS", PATH, answer={"actions": {"POST": FIELDS}})
    return info(scripted, type="bigquery", target_id=789)
