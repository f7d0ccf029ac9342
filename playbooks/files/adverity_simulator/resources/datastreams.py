# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datastreams and smart pulling (pulling guide)."""

from __future__ import annotations

import copy
from typing import Any, Callable

from ..calls import Call, Refusal, invalid, one_page, reached_datastreams, related
from ..fields import REQUIRED, TYPE, WORKSPACE, Kind, anything, default_slug, first_of, flag, numbered, one_of, or_null, text, whole
from ..values import ACTIVE_MODES, DEFAULT_RANGE, MAX_IDS, PAGE_SIZE, WORKSPACE_SCOPES, Row, read_smart, read_uuid, readable_uuid


def smart_row(smart: Row | None, switches: Row) -> Row | None:
    """A smart-pulling setting as it reads back: the switch smart_defaults says how defaults show."""
    if smart is None or switches["smart_defaults"] == "null":
        return smart
    return {**smart, "refresh_range": smart["refresh_range"] or dict(DEFAULT_RANGE),
            "deadline": smart["deadline"] or {"time": None}}


def datastream_row(call: Call, row: Row) -> Row:
    """A datastream as the guide prints it: its id is the UUID."""
    workspace = call.world.workspaces[row["workspace"]]
    return {"id": row["uuid"], "name": row["name"], "enabled": row["enabled"],
            "workspace": {"id": workspace["id"], "name": workspace["name"]},
            "pulling": {"active_mode": row["active_mode"], "smart": smart_row(row["smart"], call.switches),
                        "smart_bundle": row["smart_bundle"]}}


def targeted(call: Call, capped: bool) -> list[Row]:
    """The datastreams that the query chooses: all that the key reaches where it has no filter.

    422 for bad values, for more than 50 datastream_id values where `capped`, and by switch for unknown ones.
    """
    wanted, named = call.uuids("datastream_id"), call.uuids("workspace_id")
    scope = call.choice("workspace_scope", WORKSPACE_SCOPES)
    enabled = call.choice("enabled", ("true", "false"))
    mode = call.choice("active_pulling_mode", ACTIVE_MODES)
    if capped and len(wanted) > MAX_IDS:
        raise invalid("query", "datastream_id", f"List should have at most {MAX_IDS} items", "too_long")
    rows = list(reached_datastreams(call).values())
    if call.switches["unknown_datastream"] == "error":
        unknown = sorted(set(wanted) - {row["uuid"] for row in rows})
        if unknown:
            raise Refusal(422, f"Unknown datastreams: {', '.join(unknown)}")
    workspaces = related(call.world, set(named), scope)
    chosen = set(wanted)
    return [row for row in rows
            if (not wanted or row["uuid"] in chosen)
            and (not named or row["workspace"] in workspaces)
            and (enabled is None or row["enabled"] == (enabled == "true"))
            and (mode is None or row["active_mode"] == mode)]


def list_datastreams(call: Call) -> Row:
    """GET /api/v1/datastreams/: `{count, items}`; how it pages is a switch."""
    rows = targeted(call, capped=call.switches["get_datastream_cap"] == "on")
    paging = call.switches["datastream_paging"]
    shown = one_page(call, rows) if paging == "pages" else rows if paging == "all" else rows[:PAGE_SIZE]
    return {"count": len(rows), "items": [datastream_row(call, row) for row in shown]}


def apply_to(call: Call, rows: list[Row], change: Callable[[Row], None]) -> Row:
    """Change each row; answer the UUIDs of those that read back differently than before."""
    call.world.tick()
    affected = []
    for row in rows:
        before = copy.deepcopy(datastream_row(call, row))
        change(row)
        if datastream_row(call, row) != before:
            affected.append(row["uuid"])
    return {"affected": {"datastream_ids": affected}}


def patch_datastreams(call: Call) -> Row:
    """PATCH /api/v1/datastreams/: `enabled` and/or `pulling.active_mode`; 400 and nothing done without a schedule."""
    body = call.json()
    if "enabled" not in body and "pulling" not in body:
        raise invalid("body", None, "enabled or pulling is required", "missing")
    if "enabled" in body and not isinstance(body["enabled"], bool):
        raise invalid("body", "enabled", "Input should be a valid boolean", "bool_type")
    mode = None
    if "pulling" in body:
        mode = body["pulling"].get("active_mode") if isinstance(body["pulling"], dict) else None
        if mode not in ("smart", "schedule"):
            raise invalid("body", "pulling.active_mode", "Input should be smart or schedule")
    rows = targeted(call, capped=True)
    unscheduled = [row["uuid"] for row in rows if not row["has_schedule"]]
    if mode == "schedule" and unscheduled:
        raise Refusal(400, f"Datastreams without a fetch schedule: {', '.join(unscheduled)}")
    coupled = call.switches["smart_coupling"] == "coupled"

    def change(row: Row) -> None:
        if "enabled" in body:
            row["enabled"] = body["enabled"]
        if mode:
            row["active_mode"] = mode
        if coupled and mode == "smart":
            row["smart"] = {**(row["smart"] or {"frequency": "daily", "refresh_range": None, "deadline": None}),
                            "is_active": True}
        elif coupled and mode == "schedule" and row["smart"]:
            row["smart"] = {**row["smart"], "is_active": False}

    return apply_to(call, rows, change)


def put_smart(call: Call) -> Row:
    """PUT /api/v1/datastreams/pulling/smart/: replaces the whole setting; what is left out falls to its default."""
    setting, problems = read_smart(call.json(), accept_null=call.switches["smart_null"] == "accept")
    if problems:
        raise Refusal(422, problems)
    coupled = call.switches["smart_coupling"] == "coupled"

    def change(row: Row) -> None:
        row["smart"] = copy.deepcopy(setting)
        if coupled and setting["is_active"]:
            row["active_mode"] = "smart"
        elif coupled and row["active_mode"] == "smart":
            row["active_mode"] = "schedule" if row["has_schedule"] else None

    return apply_to(call, targeted(call, capped=True), change)


def _smart(value: Any) -> Row:
    """A check of a smart-pulling setting."""
    if not isinstance(value, dict):
        raise ValueError(f"an object is due, not {value!r}")
    setting, problems = read_smart(value)
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, row['loc'][1:]))}: {row['msg']}" for row in problems))
    return setting


def _default_mode(row: Row, _world: Any) -> str | None:
    if row["smart"] and row["smart"]["is_active"]:
        return "smart"
    return "schedule" if row["has_schedule"] else None


KINDS = [
    Kind("datastream_types", TYPE, unique=("slug",)),
    Kind(
        "datastreams", {
            "id": (whole, REQUIRED), "uuid": (read_uuid, lambda row, world: readable_uuid("d5", row["id"])), "name": (text, numbered("Datastream")),
            **WORKSPACE, "enabled": (flag, True), "has_schedule": (flag, True), "smart": (or_null(_smart), None), "smart_bundle": (anything, None),
            "active_mode": (or_null(one_of(*ACTIVE_MODES)), _default_mode), "type": (text, first_of("datastream_types")), "slug": (text, default_slug),
            "description": (anything, ""), "datatype": (text, "Live"), "auth": (or_null(whole), None)},
        references={"workspace": ("workspaces", "id"), "type": ("datastream_types", "slug"), "auth": ("connections", "id")},
        removed_with=("workspace",), unique=("uuid",)),
]
ROUTES = [
    ("GET", r"/api/v1/datastreams/", "datastream:read", list_datastreams),
    ("PATCH", r"/api/v1/datastreams/", "datastream:write", patch_datastreams),
    ("PUT", r"/api/v1/datastreams/pulling/smart/", "datastream:write", put_smart),
]
