# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the messages about options, names, destinations and assignments. Not tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._resources import assignments
from ansible_collections.adverity.management.plugins.module_utils._spec import kinds
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.crowds import uuid, uuids
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.worlds import WORKSPACE, World
from ansible_collections.adverity.management.tests.unit.plugins.contract.calls import BIGQUERY, EMEA, acme
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import Given, Row, Stage, answers, run, status, task

LOAD = {"datastream_id": 456, "target_id": 790}
NEW = {"type": "bigquery", "name": "New", "workspace": "Acme", "connection": "Service account", "settings": BIGQUERY}
OURS = {"type": "bigquery", "target_id": 790}
WEEKLY = {"is_active": True, "frequency": "weekly"}
SECRET = "hush-this-word-must-not-show"


def assign(*wanted: Row, **more: Any) -> tuple[str, Row]:
    """A task that assigns datastreams to destination 790."""
    return "assignment", {**OURS, "assignments": list(wanted), **more}


def assigning(*wanted: Row, world: Any = acme, switches: Row | None = None, faults: Any = (), before: Any = (), **more: Any) -> Given:
    """The same as a run."""
    module, options = assign(*wanted, **more)
    return task(module, world=world, switches=switches, faults=faults, before=before, **options)


def named_twice() -> World:
    """Two destinations, and two datastreams, of one name each."""
    world = acme()
    world.data["targets"] += [{"id": number, "name": "Twice", "workspace": WORKSPACE, "settings": BIGQUERY} for number in (700, 701)]
    for number in (1, 2):
        world.datastream(number, name="Google", workspace=EMEA)
    return world


def spaced() -> World:
    """A destination whose name ends with a space."""
    world = acme()
    world.data["targets"].append({"id": 700, "name": "Spaced ", "workspace": WORKSPACE, "settings": BIGQUERY})
    return world


def without_yaml(stage: Stage) -> Any:
    """Settings as text, where Python has no YAML."""
    stage.patch.setattr(kinds, "HAS_YAML", False)
    return task("destination", **{**NEW, "settings": "project: x"})(stage)


def created_twice(stage: Stage) -> Any:
    """Another program creates a destination of the same name at the same time."""
    scene = stage.open(acme())
    twin = {"id": 900, "name": "New", "workspace": WORKSPACE, "settings": BIGQUERY, "type": "BigQueryTarget"}
    scene.service.script(method="POST", path="targets", when="after", changes={"add": {"targets": [twin]}})
    return run(scene, "destination", **NEW)


def locked_name(kind: str) -> Given:
    """A run holds the lock of what another one would create."""

    def given(stage: Stage) -> Any:
        scene, found = stage.open(acme()), []
        module, options = ("destination", NEW) if kind == "destination" else assign({"datastream_id": 457})

        def second(_world: Any) -> None:
            if not found:
                found.append(None)
                scene.service.scripts.clear()
                found[0] = run(scene, module, **options, ledger_wait=0)

        scene.service.script(method="POST", path="targets", changes=second)
        return [run(scene, module, **options), found]

    return given


def hidden_bindings(stage: Stage) -> Any:
    """The bindings cannot be read after the assignments are written."""
    stage.patch.setattr(assignments, "_PAUSES", ())
    return assigning({"datastream_id": 457}, faults=[status(400, "v1/bindings")])(stage)


def ambiguous_bindings(stage: Stage) -> Any:
    """An assignment whose binding does not show yet."""
    return assigning({"datastream_id": 457}, switches={"binding_appears": "never"})(stage)


def shows_no_settings(stage: Stage) -> Any:
    """Datastreams that come without their smart schedule."""
    row = {"id": uuid(456), "name": "Google Ads", "enabled": True}
    return task("smart_pulling", datastream_ids=[uuid(456)], **WEEKLY, faults=answers("v1/datastreams", {"items": [row], "count": 1}))(stage)


def affected(*ids: str) -> list[Row]:
    """A change of datastreams to which the API responds with these."""
    return [{"method": "PATCH", "path": "datastreams", "json": {"affected": {"datastream_ids": list(ids)}}}]


ROWS: dict[str, Given] = {
    # Connection options
    "without a user name or password": task("binding_info", instance=f"https://me:{SECRET}@acme.example"),
    "it is empty or contains white space or control characters": task("binding_info", instance="acme example"),
    "'...' is not a host name": task("binding_info", instance="acme..example"),
    "api_key is empty": task("binding_info", api_key=""),
    "timeout is": task("binding_info", timeout=0),
    "retries is": task("binding_info", retries=-1),
    "retry_max_delay is": task("binding_info", retry_max_delay=-1),
    "ca_path is": task("binding_info", ca_path="/does/not/exist.pem"),
    # Values
    "is not a positive whole number": task("binding_info", target_id="many"),
    "is not a UUID like": task("datastream_info", datastream_ids=["x"]),
    "is not a whole number of at least": task("requeue", **LOAD, limit=0),
    "is not a whole number from": task("requeue", **LOAD, batch_size=51),
    "is neither a date like": task("extract_info", datastream_id=456, created_from="yesterday"),
    "is later than": task("extract_info", datastream_id=456, created_from="2025-02-01", created_to="2025-01-31"),
    "is not a time of day like": task("smart_pulling", all_datastreams=True, deadline="noon"),
    "is not on the half hour": task("smart_pulling", all_datastreams=True, deadline="06:10"),
    "it must be a dictionary such as": task("destination", **{**NEW, "settings": "project"}),
    "it is not JSON, and PyYAML is not installed": without_yaml,
    "one of the following is required": task("smart_pulling", all_datastreams=True),
    "set and also named in reset": task("smart_pulling", all_datastreams=True, deadline="06:30", reset=["deadline"]),
    "target_id is required. It can be omitted only in check mode": task("assignment", type="bigquery", assignments=[{"datastream_id": 456}]),
    "Set name and workspace, or target_id.": task("destination", type="bigquery"),
    "binding_ids: not bindings of the datastreams in datastream_ids": task("requeue", datastream_ids=[457, 458], binding_ids=[124, 123], target_id=789),
    "binding_ids: none of them is a binding of datastream": task("requeue", datastream_ids=[456, 457], binding_ids=[123], target_id=789),
    "but none of extract_ids is an extract of it": task("requeue", extract_ids=[4560001], binding_ids=[123, 124]),
    "enabled_bindings: the id of a binding is missing or wrong": task("requeue", **LOAD, enabled_bindings=[{"enabled": True}]),
    "but the meaning of a label must be one of": task("load_info", datastream_id=456, state_labels={"Importiert": "ready"}),
    "state_labels has the same label twice": task("load_info", datastream_id=456, state_labels={"Importiert": "loaded", "IMPORTIERT": "failed"}),
    "states: no job is in state": task("job_info", states=["Runs"]),
    # Names
    "is ambiguous. It fits ... Use the ID": task("directory_info", datastreams=["Google"], world=named_twice),
    "does not exist among the": task("directory_info", workspaces=["Nowhere"]),
    "Select one by its ID, or rename or delete the others": task("destination", **{**NEW, "name": "Twice"}, world=named_twice),
    "differs only in spaces at the ends of its name": task("destination", **{**NEW, "name": "Spaced"}, world=spaced),
    "The API does not list connections": task("destination", **NEW, switches={"connections_list": "refused"}),
    "The API does not list destinations": task("destination", **NEW, switches={"targets_list": "refused"}),
    "No UUID: the workspace is not among": task(
        "directory_info", datastreams=["*"], faults=answers("api/stacks", {"count": 0, "next": None, "previous": None, "results": []}),
    ),
    "No UUID: the pair of name and workspace fits": task("directory_info", datastreams=["*"], world=named_twice),
    # Destinations
    "Settings of this destination type": task("destination", **{**NEW, "settings": {**BIGQUERY, "projekt": 1}}),
    "is set by the option": task("destination", **{**NEW, "settings": {**BIGQUERY, "name": "x"}}),
    "... is read-only": task("destination", **{**NEW, "settings": {**BIGQUERY, "logo_url": "x"}}),
    "is none of its choices": task("destination", **{**NEW, "settings": {**BIGQUERY, "headers_formatting": 9}}),
    "... is unknown": task("destination", **{**NEW, "settings": {**BIGQUERY, "projekt": 1}}),
    "... is missing": task("destination", **{**NEW, "settings": {"project": "x"}}),
    "A destination is not moved": task("destination", **OURS, workspace="EMEA"),
    "do not agree: there is": task("destination", **OURS, name="DWH", state="absent"),
    "was not deleted: it still has enabled bindings": task("destination", **OURS, name="Sales", state="absent"),
    "is not known to be disabled and was not deleted": assigning(
        {"datastream_id": 456}, state="absent", faults=answers("v1/bindings", {"items": [], "count": 0}),
    ),
    "The API does not say which fields this destination type takes": task("destination", **NEW, switches={"target_options": "bare"}),
    "They were not written. To write them, set force_settings": task(
        "destination", type="azure-blob", name="Blobs", workspace="Acme", settings={"container": "c", "account_key": SECRET},
        before=[("destination", {"type": "azure-blob", "name": "Blobs", "workspace": "Acme", "settings": {"container": "c", "account_key": SECRET}})],
    ),
    "They were written because force_settings is set": task(
        "destination", type="azure-blob", name="Blobs", workspace="Acme", settings={"container": "c", "account_key": SECRET}, force_settings=True,
        before=[("destination", {"type": "azure-blob", "name": "Blobs", "workspace": "Acme", "settings": {"container": "c", "account_key": SECRET}})],
    ),
    "Adverity keeps the name": task("destination", **{**NEW, "name": "New "}, switches={"text_blanks": "trimmed"}),
    "Two runs created the same destination at the same time": created_twice,
    "The API takes no PATCH here": task(
        "destination", type="azure-blob", name="Blobs", workspace="Acme", settings={"container": "d"}, switches={"target_changes": "put"},
        before=[("destination", {"type": "azure-blob", "name": "Blobs", "workspace": "Acme", "settings": {"container": "c", "account_key": SECRET}})],
    ),
    "Another run holds the lock of the new destination": locked_name("destination"),
    "Another run holds the lock of new assignments": locked_name("assignment"),
    # Assignments
    "The API does not return these settings of datastream": assigning(
        {"datastream_id": 456, "settings": {"secret_token": SECRET}},
    ),
    "An assignment is created disabled": assigning({"datastream_id": 457, "settings": {"enabled": True}}),
    "Set a different table_name for each": assigning({"datastream_id": 457}, {"datastream_id": 457}),
    "has several assignments here": assigning(
        {"datastream_id": 457}, before=[assign({"datastream_id": 457, "table_name": "a"}, {"datastream_id": 457, "table_name": "b"})],
    ),
    "The bindings of datastreams ... are not known": ambiguous_bindings,
    "Adverity keeps another table_name": assigning({"datastream_id": 457, "table_name": "meta "}, switches={"text_blanks": "trimmed"}),
    "The assignments are written": hidden_bindings,
    # Datastreams
    "The API does not return the smart schedule": shows_no_settings,
    "did not change these datastreams, although they differed": task("datastream", datastream_ids=uuids([456]), enabled=False, faults=affected()),
    "also changed datastreams that were not requested": task(
        "datastream", datastream_ids=uuids([456]), enabled=False, faults=affected(*uuids([456, 457])),
    ),
    "No such variable": task("deployment_info", variables={"target": 789}),
    "is no variable of the role, and has no effect": task("role", target_id=789, backfil="never"),
    "A destination by name needs type and workspace": task("role", name="DWH"),
    "these describe a destination by name": task("role", target_id=789, workspace="Acme"),
    "each is a name, or a dict of": task("role", target_id=789, type="bigquery", datastreams=[{"nme": "Google Ads"}]),
    "settings with secrets are not supported here": task(
        "role", target_id=789, type="bigquery", datastreams=[{"name": "Google Ads", "settings": {"password": SECRET}}],
    ),
    "cannot be linked to a UUID": task(
        "role", target_id=789, type="bigquery", datastreams=["Trade Desk"], datastream_enabled=True,
        faults=answers("v1/datastreams", {"items": [], "count": 0}),
    ),
    "not found among the datastreams that are bound to target_id": task("role", target_id=790, datastream_ids=[456, 458]),
}  # fmt: skip
