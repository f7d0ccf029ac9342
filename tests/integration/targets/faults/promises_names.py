# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promises about destinations, assignments and names, see promises.py."""

from __future__ import annotations

from typing import Any

from adverity_harness.runs import module, refused, role
from adverity_harness.worlds import World
from promises import whatever

FILE = {"type": "file", "workspace": "Acme", "name": "Exports"}
BLOB = {"type": "azure-blob", "workspace": "Acme", "name": "Blobs"}
SECRET = "s3cr3t-of-the-account"


def _named() -> World:
    world = World().datastream(456, name="Google Ads").datastream(457, name="Meta Ads").binding(123, 456, target=789)
    world.data["connections"] = [{"id": 31, "name": "Service account"}]
    return world


def destinations(scene: Any, name: str) -> list[Any]:
    """What the service has under this name."""
    return [row for row in scene.service.world.targets.values() if row["name"].strip() == name]


@whatever("target_rows", "target_changes", "target_names", "created_status", "related_objects", "list_page_size", world=_named)
def a_destination_is_made_once_and_then_only_changed(act, scenes):
    for scene in scenes.values():
        scene.service.world.put("targets", {"id": 700, "type": "FileTarget", "name": "Another"})
    made = module("destination", "made", **FILE, settings={"schema_mapping": 1})
    tasks = [{**made, "name": "foretold", "check_mode": True}, made, {**made, "name": "again"}]
    changed = module("destination", "changed", **FILE, settings={"schema_mapping": 0})
    told = act([*tasks, changed, module("destination_info", "known", type="file")])
    for value, scene in scenes.items():
        results = [told.one(value, title) for title in ("foretold", "made", "again", "changed")]
        assert [(row["changed"], row["created"]) for row in results] == [(True, True), (True, True), (False, False), (True, False)], value
        (row,) = destinations(scene, "Exports")
        assert row["settings"]["schema_mapping"] == 0
        assert results[1]["destination"]["id"] == results[3]["destination"]["id"] == row["id"]
        assert [one["name"] for one in told.one(value, "known")["destinations"]] == ["Another", "Exports"]
        writes = [one["method"] for one in scene.writes() if one["method"] != "OPTIONS" and one["status"] != 405]
        assert writes in (["POST", "PATCH"], ["POST", "PUT"]), value


@whatever("targets_list", world=_named)
def a_destination_that_cannot_be_found_by_name_is_not_made_blindly(act, scenes):
    by_id = dict(type="bigquery", target_id=789, name="Renamed")
    told = act([refused(module("destination", "by name", **FILE)), module("destination", "by id", **by_id), module("destination", "again", **by_id)])
    for value, scene in scenes.items():
        by_name = told.one(value, "by name")
        assert by_name["failed"] is (value == "refused")
        assert len(destinations(scene, "Exports")) == (0 if value == "refused" else 1)
        assert value != "refused" or "Set target_id" in by_name["msg"]
        assert [told.one(value, title)["changed"] for title in ("by id", "again")] == [True, False]
        assert scene.service.world.targets[789]["name"] == "Renamed"


@whatever("unknown_settings", "target_options", world=_named)
def an_unknown_setting_does_not_pass_unnoticed(act, scenes):
    told = act([refused(module("destination", "wrong", **FILE, settings={"colour": "red"}))])
    for value, scene in scenes.items():
        wrong = told.one(value, "wrong")
        assert wrong["failed"] is True
        assert "colour" in wrong["msg"]
        assert destinations(scene, "Exports") == []
        # What OPTIONS tells is enough to refuse it here; without that the service does.
        assert [row["status"] for row in scene.writes() if row["method"] == "POST"] == ([400] if value in ("bare", "refused") else [])


@whatever("text_blanks", world=_named)
def blanks_at_the_ends_of_a_name_do_not_make_a_second_destination(act, scenes):
    task = module("destination", "made", **{**FILE, "name": " Exports "})
    told = act([refused(task), refused({**task, "name": "again"})])
    for value, scene in scenes.items():
        assert len(destinations(scene, "Exports")) == 1, value
        assert told.one(value, "again")["failed"] is (value == "trimmed")
        assert value == "kept" or "'Exports'" in told.one(value, "again")["msg"]


@whatever("secrets", world=_named)
def a_secret_is_written_once_and_never_shown(act, scenes):
    settings = {"container": "c", "account_key": SECRET}
    task = module("destination", "made", **BLOB, settings=settings)
    forced = module("destination", "forced", **BLOB, settings=settings, force_settings=True)
    told = act([task, {**task, "name": "again"}, forced], warnings=("account_key",), diff=True)
    for value, scene in scenes.items():
        assert [told.one(value, title)["changed"] for title in ("made", "again", "forced")] == [True, False, True], value
        assert [row["body"].get("account_key") for row in scene.writes() if row["method"] != "OPTIONS"] == [SECRET, SECRET]
        (row,) = destinations(scene, "Blobs")
        assert row["settings"]["account_key"] == SECRET
    assert SECRET not in told.run.output


@whatever("mapping_ids", "mapping_enabled", "mapping_change", "double_assignment", world=_named)
def assignments_are_made_once_and_disabled(act, scenes):
    wanted = [{"datastream_id": 456, "settings": {"write_disposition": 2}}, {"datastream_id": 457, "table_name": "meta"}]
    task = module("assignment", "made", target_id=789, type="bigquery", assignments=wanted)
    told = act([task, {**task, "name": "again"}, module("binding", "on", binding_ids=[124], enabled=True)])
    for value, scene in scenes.items():
        made, again = told.one(value, "made"), told.one(value, "again")
        assert [(row["action"], row["binding_id"]) for row in made["assignments"]] == [("changed", 123), ("created", 124)], value
        assert (again["changed"], [row["binding_id"] for row in again["assignments"]]) == (False, [123, 124])
        assert sorted(scene.service.world.bindings) == [123, 124]
        assert scene.enabled() == [124]
        assert [row["body"]["enabled"] for row in scene.requests("POST")] == [False]


@whatever("binding_appears", world=_named)
def an_assignment_is_there_also_where_its_binding_shows_later(act, scenes):
    task = module("assignment", "made", target_id=789, type="bigquery", assignments=[{"datastream_id": 457}])
    told = act([task, {**task, "name": "again"}], warnings=("it does not show yet",))
    for value, scene in scenes.items():
        made, again = told.one(value, "made"), told.one(value, "again")
        assert made["assignments"][0]["binding_id"] == (None if value == "never" else 124)
        assert (made["changed"], again["changed"]) == (True, False)
        assert len(scene.requests("POST")) == 1


@whatever("workspace_rows", "datastream_rows", world=_named)
def names_and_ids_are_told_as_far_as_the_service_tells_them(act, scenes):
    told = act([module("directory_info", "all", workspaces=["*"], datastreams=["*"], connections=["Service account"])])
    for value in scenes:
        row = told.one(value, "all")
        assert [(one["id"], one["name"]) for one in row["workspaces"]] == [(1, "Acme")]
        assert [(one["id"], one["name"]) for one in row["datastreams"]] == [(456, "Google Ads"), (457, "Meta Ads")], value
        assert [(one["id"], one["connection_type"]) for one in row["connections"]] == [(31, "bigquery")]
        # Without the workspace nothing links the two ids, and none is guessed.
        assert all((one["uuid"] is None) is (value == "short") for one in row["datastreams"])


@whatever("older_scopes", world=_named)
def a_key_with_the_scopes_of_the_page_suffices_and_a_403_names_what_is_missing(act, scenes):
    wanted = role(
        name="One", type="bigquery", workspace="Acme", connection="31", settings={"project": "p", "dataset": "d"}, datastreams=["Google Ads"],
    )
    keys = {value: scene.service.world.keys["tester"] for value, scene in scenes.items()}
    for key in keys.values():
        key["scopes"] = ["destination:read", "destination:write", "datastream:read"]
    told = act([refused(module("directory_info", "without", workspaces=["*"]))])
    for value in scenes:
        without = told.one(value, "without")
        assert without.get("failed", False) is (value == "checked")
        assert value == "open" or "Check the scopes of the key. This request needs workspace:read." in without["msg"]
    for key in keys.values():
        key["scopes"] = [*key["scopes"], "workspace:read"]
    act([wanted])
    for scene in scenes.values():
        assert len(destinations(scene, "One")) == 1


@whatever("connections_list", world=_named)
def a_connection_is_found_by_name_or_given_by_id(act, scenes):
    target = dict(type="bigquery", workspace="Acme", settings={"project": "p", "dataset": "d"})
    told = act([refused(module("destination", "by name", **target, name="One", connection="Service account")),
                module("destination", "by id", **target, name="Two", connection="31")])
    for value, scene in scenes.items():
        assert [row["auth"] for row in destinations(scene, "Two")] == [31]
        by_name = told.one(value, "by name")
        assert len(destinations(scene, "One")) == (0 if by_name["failed"] else 1)
        assert "/api/connection-types/121/connections/" in by_name["msg"] if by_name["failed"] else value != "refused"
