# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the messages about options, names, destinations and assignments. Not tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._resources import assignments
from ansible_collections.adverity.management.plugins.module_utils._spec import kinds
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import BIGQUERY, EMEA, acme
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    WORKSPACE,
    World,
    uuid,
    uuids,
)
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import (
    Given,
    Row,
    answers,
    meanwhile,
    patched,
    status,
    story,
    task,
)

NEW = {"type": "bigquery", "name": "New", "workspace": "Acme", "connection": "Service account", "settings": BIGQUERY}
TARGET_790 = {"type": "bigquery", "target_id": 790}
WEEKLY = {"is_active": True, "frequency": "weekly"}
BLOBS = {"type": "azure-blob", "name": "Blobs", "workspace": "Acme"}
SECRET = "hush-this-word-must-not-show"
KEYED = {"settings": {"container": "c", "account_key": SECRET}}


def assign(*wanted: Row, **more: Any) -> tuple[str, Row]:
    """A task that assigns datastreams to destination 790."""
    return "assignment", {**TARGET_790, "assignments": list(wanted), **more}


def assigning(*wanted: Row, world: Any = acme, switches: Row | None = None, faults: Any = (), before: Any = (), **more: Any) -> Given:
    """The same as a run."""
    module, options = assign(*wanted, **more)
    return task(module, world=world, switches=switches, faults=faults, before=before, **options)


def named_alike() -> World:
    """Two destinations, and two datastreams, of one name each; and a destination whose name ends with a space."""
    world = acme()
    world.data["targets"].append({"id": 702, "name": "Spaced ", "workspace": WORKSPACE, "settings": BIGQUERY})
    world.data["targets"] += [{"id": number, "name": "Twice", "workspace": WORKSPACE, "settings": BIGQUERY} for number in (700, 701)]
    for number in (1, 2):
        world.datastream(number, name="Google", workspace=EMEA)
    return world


def affected(*ids: str) -> list[Row]:
    """A change of datastreams to which the API responds with these."""
    return [{"method": "PATCH", "path": "datastreams", "json": {"affected": {"datastream_ids": list(ids)}}}]


def locked_name(module: str, options: Row) -> Given:
    """A run holds the lock of what another one would create."""
    return story(meanwhile((module, {**options, "ledger_wait": 0}), method="POST", path="targets"), (module, options))


TWIN = {"id": 900, "name": "New", "workspace": WORKSPACE, "settings": BIGQUERY, "type": "BigQueryTarget"}
NO_SETTINGS = {"id": uuid(456), "name": "Google Ads", "enabled": True}

ROWS: dict[str | tuple[str, ...], Given] = {
    "states: no job is in state": task("job_info", states=["Runs"]),
    "it is not JSON, and PyYAML is not installed": patched(
        task("destination", **{**NEW, "settings": "project: x"}), (kinds, "HAS_YAML", False),
    ),
    # Names
    "differs only in spaces at the ends of its name": task("destination", **{**NEW, "name": "Spaced"}, world=named_alike),
    "The API does not list connections": task("destination", **NEW, switches={"connections_list": "refused"}),
    "The API does not list destinations": task("destination", **NEW, switches={"targets_list": "refused"}),
    "No UUID: the workspace is not among": task(
        "directory_info", datastreams=["*"], faults=answers("api/stacks", {"count": 0, "next": None, "previous": None, "results": []}),
    ),
    "No UUID: the pair of name and workspace fits": task("directory_info", datastreams=["*"], world=named_alike),
    # Destinations
    "is not known to be disabled and was not deleted": assigning(
        {"datastream_id": 456}, state="absent", faults=answers("v1/bindings", {"items": [], "count": 0}),
    ),
    "It may be an existing one that was renamed": task("destination", **{**NEW, "name": "M"}, before=[("destination", NEW)]),
    "The API does not say which fields this destination type takes": task("destination", **NEW, switches={"target_options": "bare"}),
    "They were not written. To write them, set force_settings": task(
        "destination", **BLOBS, **KEYED, before=[("destination", {**BLOBS, **KEYED})],
    ),
    "They were written because force_settings is set": task(
        "destination", **BLOBS, **KEYED, force_settings=True, before=[("destination", {**BLOBS, **KEYED})],
    ),
    "Adverity keeps the name": task("destination", **{**NEW, "name": "New "}, switches={"text_blanks": "trimmed"}),
    "Two runs created the same destination at the same time": story(
        meanwhile({"add": {"targets": [TWIN]}}, method="POST", path="targets", when="after"), ("destination", NEW),
    ),
    "The API takes no PATCH here": task(
        "destination", **BLOBS, settings={"container": "d"}, switches={"target_changes": "put"}, before=[("destination", {**BLOBS, **KEYED})],
    ),
    "Another run holds the lock of the new destination": locked_name("destination", NEW),
    "Another run holds the lock of new assignments": locked_name(*assign({"datastream_id": 457})),
    # Assignments
    "The API does not return these settings of datastream": assigning(
        {"datastream_id": 456, "settings": {"secret_token": SECRET}},
    ),
    "has several assignments here": assigning(
        {"datastream_id": 457}, before=[assign({"datastream_id": 457, "table_name": "a"}, {"datastream_id": 457, "table_name": "b"})],
    ),
    "The bindings of datastreams ... are not known": assigning({"datastream_id": 457}, switches={"binding_appears": "never"}),
    "Adverity keeps another table_name": assigning({"datastream_id": 457, "table_name": "meta "}, switches={"text_blanks": "trimmed"}),
    ("The assignments are written", "The bindings with ... were not read"): patched(
        assigning({"datastream_id": 457}, faults=[status(400, "v1/bindings")]), (assignments, "_PAUSES", ()),
    ),
    # Datastreams
    "The API does not return the smart schedule": task(
        "smart_pulling", datastream_ids=[uuid(456)], **WEEKLY, faults=answers("v1/datastreams", {"items": [NO_SETTINGS], "count": 1}),
    ),
    "did not change these datastreams, although they differed": task("datastream", datastream_ids=uuids([456]), enabled=False, faults=affected()),
    "also changed datastreams that were not requested": task(
        "datastream", datastream_ids=uuids([456]), enabled=False, faults=affected(*uuids([456, 457])),
    ),
    "is no variable of the role, and has no effect": task("role", target_id=789, backfil="never"),
    "cannot be linked to a UUID": task(
        "role", target_id=789, type="bigquery", datastreams=["Trade Desk"], datastream_enabled=True,
        faults=answers("v1/datastreams", {"items": [], "count": 0}),
    ),
}  # fmt: skip
