# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations: what is sent, what is refused, and what is shown. Whatever the API is like: contract/test_unknowns.py."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Refused
from ansible_collections.adverity.management.plugins.module_utils._resources import destinations, fields, objects
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import Binding
from ansible_collections.adverity.management.plugins.module_utils._resources.destination_plan import DestinationPlan
from ansible_collections.adverity.management.plugins.module_utils._resources.destinations import Destination, Identifying
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import WORKSPACE, World

EMEA = "a0000000-0000-4000-8000-000000000002"
PATH = "/api/target-types/21/targets/"
BIGQUERY = {"project": "acme", "dataset": "marketing"}
MASK = "********"


def field(kind, **more):
    return fields.Field.from_row({"type": kind, "required": False, "read_only": False, **more})


FIELDS = {
    "id": field("integer", read_only=True),
    "name": field("string", required=True),
    "stack": field("field", required=True),
    "auth": field("field"),
    "project": field("string", required=True),
    "dataset": field("string"),
    "schema_mapping": field("boolean"),
    "headers_formatting": field("choice", choices=[{"value": 1, "display_name": "None"}, {"value": 2, "display_name": "Lower"}]),
    "batch": field("integer"),
    "passphrase": field("password"),
    "logo_url": field("url", read_only=True),
}
ROW = {
    "id": 789, "name": "DWH", "stack": 1, "auth": 34, "project": "acme", "dataset": "marketing", "schema_mapping": False, "headers_formatting": 1,
    "batch": 5, "logo_url": "/x.svg",
}  # fmt: skip


def plan_of(there, settings, described=None, force=False):
    """What is to be written of a destination with this row, or of a new one."""
    present, identifying = (Destination.from_row(there), Identifying()) if there else (None, Identifying("DWH", workspace_id=1))
    return DestinationPlan(present, identifying, settings, FIELDS if described is None else described, force)


@pytest.fixture(name="warehouse")
def fixture_warehouse(begin):
    """Begins a scene with destinations 788 and 789, named DWH in two workspaces, and 790; with a disabled binding of 789."""

    def begin_warehouse(**switches):
        world = World().datastream(456)
        world.data["workspaces"].append({"id": EMEA, "name": "EMEA", "parent": WORKSPACE})
        world.data["connections"] = [{"id": 34, "name": "Account", "type": "bigquery"}]
        for number, name, workspace in ((788, "DWH", EMEA), (789, "DWH", WORKSPACE), (790, "Other", WORKSPACE)):
            world.data["targets"].append({"id": number, "name": name, "workspace": workspace, "auth": 34, "settings": BIGQUERY})
        return begin(world.binding(5, 456), **switches)

    return begin_warehouse


def provide(scene, **options):
    named = {} if "target_id" in options else {"name": "DWH", "workspace": "Acme"}
    return scene.run("destination", **{"type": "bigquery", **named, **options})


# Creating


def test_destination_that_does_not_exist_is_created_by_one_request(warehouse):
    scene = warehouse()
    result = provide(scene, name="New", connection="34", settings=BIGQUERY)
    body = {"name": "New", "stack": 1, "auth": 34, **BIGQUERY}
    assert [(row["method"], row["path"], row["body"]) for row in scene.writes()] == [("POST", PATH, body)]
    assert (result["failed"], result["created"], result["destination"]["id"]) == (False, True, 791)
    assert result["diff"] == {"before": {}, "after": body}
    assert result["changes"]["project"] == {"before": None, "after": "acme"}


def test_what_is_wrong_after_creating_is_told_with_what_was_created(warehouse):
    scene = warehouse()
    other_run = {"add": {"targets": [{"id": 800, "name": "New", "workspace": WORKSPACE}]}}
    scene.service.script(method="POST", when="after", changes=other_run)
    result = provide(scene, name="New", connection="34", settings=BIGQUERY)
    assert result["msg"].endswith("at the same time: 'New' (id 791), 'New' (id 800). Delete one of them. Destination 791 was created.")
    assert (result["changed"], result["created"], result["destination"]["id"]) == (True, True, 791)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"name": "M"}, [789, 790]),  # not 788, which is in another workspace
        ({"name": "Others", "settings": {**BIGQUERY, "project": "another"}}, []),
        ({"name": "M", "connection": "35"}, []),
    ],
)
def test_a_new_destination_that_may_be_a_renamed_one_warns(warehouse, options, named, check_mode):
    scene = warehouse()
    scene.service.change({"add": {"connections": [{"id": 35, "name": "Second", "type": "bigquery"}]}})
    new = {"type": "bigquery", "workspace": "Acme", "connection": "34", "settings": BIGQUERY, **options}
    result = scene.run("destination", check_mode, **new)
    warnings = " ".join(result["warnings"])
    assert (result["created"], "was renamed" in warnings) == (True, bool(named))
    assert [number for number in (788, 789, 790) if f"(id {number})" in warnings] == named
    assert [row["method"] for row in scene.writes()] == ([] if check_mode else ["POST"])
    assert provide(scene, name="DWH")["warnings"] == [], "one that is found"


@pytest.mark.parametrize(("name", "found"), [("Othr", [790]), ("Brand new", [])])
def test_where_no_setting_is_listed_a_similar_name_may_be_a_renamed_destination(name, found):
    listed = [Destination.from_row({"id": number, "name": "Other", "stack": workspace}) for number, workspace in ((790, 1), (791, 2))]
    renamed = destinations.perhaps_renamed(listed, Identifying(name, 34, 1), BIGQUERY, FIELDS)
    assert [each.id for each in renamed] == found


# Changing


def test_text_from_a_template_goes_out_as_the_type_of_the_field():
    plan = plan_of(ROW, {"project": "acme", "schema_mapping": "true", "headers_formatting": "2", "batch": "20"})
    assert plan.body == {"schema_mapping": True, "headers_formatting": 2, "batch": 20}


@pytest.mark.parametrize(
    ("there", "wanted", "differs"),
    [
        (True, True, False), (True, "true", False), (True, "True", False), (True, False, True), (1, "1", False), (1, 1, False), (1, "2", True),
        (None, None, False), (None, "x", True), ("a", "a ", True), ([1], [1], False), ([1, 2], [2, 1], True), ({"a": 1}, {"a": 1}, False),
        ("", None, True), ({"id": 5, "name": "x"}, 5, False), ({"id": 5, "name": "x"}, 6, True), (0, False, False), ("1", 1, True),
    ],
)  # fmt: skip
def test_settings_are_compared_as_they_read_back(there, wanted, differs):
    assert bool(plan_of({**ROW, "thing": there}, {"thing": wanted}, {}).body) is differs


def test_list_without_workspaces_is_completed_by_each_destination_of_that_name(warehouse):
    scene = warehouse(target_rows="short", related_objects="nested")
    assert provide(scene)["destination"]["id"] == 789
    assert [row["path"] for row in scene.requests() if row["path"].startswith(PATH + "7")] == [f"{PATH}788/", f"{PATH}789/"]


@pytest.mark.parametrize(("target_id", "status", "found"), [(None, 405, None), (789, 200, [789]), (4711, 404, []), (789, 403, None), (789, 500, None)])
def test_where_destinations_are_not_listed_the_id_is_needed(warehouse, target_id, status, found):
    scene = warehouse(targets_list="refused")
    if status in (403, 500):  # of the list, and of the one
        scene.service.fault(path=f"{PATH}$" if status == 403 else f"{PATH}789/", status={"code": status})
    if found is not None:
        assert [each.id for each in destinations.read(scene.client, 21, target_id)] == found
    else:
        with pytest.raises(Refused) as caught:
            destinations.read(scene.client, 21, target_id)
        assert caught.value.status == status
        assert ("none can be found by name. Set target_id." in caught.value.result()["msg"]) is (target_id is None)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": None}, "Set name and workspace, or target_id."),
        ({"workspace": None}, "Set name and workspace, or target_id."),
        *[({option: ""}, f"{option} is empty") for option in ("name", "type", "workspace", "connection")],
    ],
)
def test_options_that_name_nothing_are_refused_before_anything_is_asked(warehouse, options, says):
    scene = warehouse()
    assert says in provide(scene, **options)["msg"]
    assert scene.requests() == []


def test_where_patch_is_not_allowed_the_whole_object_is_put(warehouse):
    scene = warehouse(target_changes="put", related_objects="nested")
    provide(scene, settings={"dataset": "sales"})
    kept = {"schema_mapping": False, "headers_formatting": 1, "force_string": False, "format_headers": True, "column_names_to_lowercase": False}
    assert [(row["method"], row["body"]) for row in scene.writes()] == [
        ("PATCH", {"dataset": "sales"}),
        ("PUT", {"name": "DWH", "stack": 1, "auth": 34, "project": "acme", "dataset": "sales", **kept}),
    ]


def test_patch_that_is_refused_for_another_reason_is_not_followed_by_a_put(warehouse):
    scene = warehouse()
    scene.service.fault(method="PATCH", status={"code": 400})
    assert provide(scene, settings={"dataset": "sales"})["status"] == 400
    assert [row["method"] for row in scene.writes()] == ["PATCH"]


# What a type takes


@pytest.mark.parametrize(
    "fault",
    [
        *[{"status": {"code": code}} for code in (403, 405, 501)], {"html": {}},
        *[{"json": data} for data in ({"name": "List"}, {"actions": {}}, {"actions": {"PUT": {}}}, [], {"actions": {"POST": []}})],
    ],
    ids=str,
)  # fmt: skip
def test_where_options_says_nothing_settings_are_not_checked_and_that_is_told(warehouse, fault):
    scene = warehouse()
    scene.service.fault(method="OPTIONS", **fault)
    result = provide(scene, settings={"dataset": "sales"})
    assert scene.writes()[0]["body"] == {"dataset": "sales"}
    assert len(result["warnings"]) == 1


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_where_options_fails_the_run_fails(warehouse, status):
    scene = warehouse()
    scene.service.fault(method="OPTIONS", status={"code": status})
    assert provide(scene, settings={"dataset": "sales"}, retries=0)["status"] == status


def test_wrong_setting_is_an_error_that_lists_what_the_type_takes():
    with pytest.raises(InputError) as caught:
        plan_of(None, {"headers_formatting": "low", "auth": 5, "a": 1, "b": 2, "logo_url": "x"})
    assert str(caught.value) == (
        "Settings of this destination type: auth is set by the option connection; headers_formatting is none of its choices; a is unknown; b is unknown;"
        " logo_url is read-only; project is missing. It takes: project (string, required); dataset (string); schema_mapping (boolean); headers_formatting"
        " (choice, one of 1, 2); batch (integer); passphrase (password). Nothing was written."
    )


def test_required_connection_is_named_as_the_option_and_of_an_existing_destination_nothing_is_missing():
    described = {**FIELDS, "auth": field("field", required=True)}
    with pytest.raises(InputError, match="connection is missing"):
        fields.check({"project": "p"}, {"name": "x", "stack": 1}, described, True)
    fields.check({"dataset": "x"}, {}, described, False)


# Secrets. Forced, changed by PUT, and in the response: destinations/test_switches.py.


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("there", [{"passphrase": MASK}, {"passphrase": "\N{BULLET}" * 5}, {"passphrase": None}, {"passphrase": ""}, {}], ids=str)
def test_secret_that_does_not_read_back_is_written_only_where_that_is_forced(there, force):
    plan = plan_of({**ROW, **there}, {"passphrase": "open sesame", "project": "acme"}, force=force)
    assert plan.body == ({"passphrase": "open sesame"} if force else {})
    assert f"they cannot be compared: passphrase. They were {'written because' if force else 'not written.'}" in plan.warnings[0]
    assert "open sesame" not in json.dumps(plan.result({**ROW, **there, **plan.body}).as_dict())


@pytest.mark.parametrize("there", [{"project": "****"}, {}])
def test_secret_that_only_the_response_tells_of_is_hidden(there):
    """It is masked or missing there, although the type calls it a string like any other."""
    response = {name: value for name, value in ROW.items() if name != "project"}
    assert "open sesame" not in json.dumps(plan_of(None, {"project": "open sesame"}).result({**response, **there}).as_dict())


@pytest.mark.parametrize(
    "name",
    [
        "password", "passwd", "client_secret", "access_token", "credentials", "private_key", "api_key", "account_key", "connection_string",
        "AccessKey",
    ],
)  # fmt: skip
def test_secret_without_a_description_is_known_by_its_name(name):
    row = {"config": {name: "open sesame"}, name: "x", "project": "p"}
    assert objects.mask(row, (), {}) == {"config": {name: MASK}, name: MASK, "project": "p"}


# Deleting


@pytest.mark.parametrize("listed", [[(789, "Other")], [(790, "DWH")], [(789, "Other"), (790, "DWH")]])
def test_delete_by_id_and_name_that_do_not_agree_is_refused(listed):
    present = [Destination.from_row({"id": number, "name": name}) for number, name in listed]
    with pytest.raises(InputError, match="target_id 789 and the name 'DWH' do not agree: there is '"):
        destinations.find_absent(present, 789, "DWH")


def test_delete_takes_the_one_with_the_id_also_where_another_has_its_name_and_none_where_neither_exists(warehouse):
    scene = warehouse()
    shown = {"id": 789, "name": "DWH", "stack": 1}
    assert provide(scene, state="absent", target_id=4711, name="Gone")["changed"] is False
    result = provide(scene, state="absent", target_id=789, name="DWH")
    assert [(row["method"], row["path"]) for row in scene.writes()] == [("DELETE", f"{PATH}789/")]
    assert (result["changed"], result["created"], result["destination"], result["changes"]) == (True, False, shown, {})
    assert result["diff"] == {"before": shown, "after": {}}


@pytest.mark.parametrize("enabled", [True, None, "false"])
def test_bindings_that_are_not_known_to_be_disabled_keep_a_destination_from_being_deleted(enabled):
    rows = [{"id": number, "datastream_id": 456, "target_id": 789, "enabled": state} for number, state in ((5, False), (6, enabled))]
    with pytest.raises(InputError, match="Destination 789 was not deleted: it still has enabled bindings") as caught:
        destinations.refuse_enabled([Binding.from_row(row) for row in rows], "Destination 789")
    assert caught.value.result()["binding_ids"] == [6]


def test_404_of_the_first_try_to_delete_is_an_error(warehouse):
    scene = warehouse()
    scene.service.fault(method="DELETE", status={"code": 404})
    assert provide(scene, state="absent", target_id=789, name="DWH")["failed"] is True


# The list


@pytest.mark.parametrize("options", ["metadata", "refused"])
def test_list_with_schema_has_what_the_api_says_of_the_type_and_hides_secrets(warehouse, options):
    scene = warehouse(target_options=options)
    scene.show(PATH, {**ROW, "password": "open sesame"}, {**ROW, "id": 1, "name": "Other"})
    result = scene.run("destination_info", type="BigQuery", schema=True, name="DWH")
    assert result["destinations"] == [{**ROW, "type_slug": "bigquery", "password": MASK}]
    (schema,) = result["schemas"].values()
    assert (schema == {}) is (options == "refused")
    if schema:
        assert schema["project"] == {"type": "string", "required": True, "read_only": False, "label": "Project"}
