# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workspaces, datastreams, connections and types by name: the older API with integer IDs, and `/api/v1/workspaces/`."""

from __future__ import annotations

from typing import Any

from ..calls import ID, Call, one_page, reached_datastreams, reached_workspaces
from ..fields import REQUIRED, TYPE, WORKSPACE, Kind, first_of, flag, numbered, or_null, text, whole
from ..older import listed, not_allowed, not_found
from ..values import Row, format_time, read_uuid, slug


def list_workspaces(call: Call) -> Row:
    """GET /api/v1/workspaces/: `{items, count}`. Its rows are not documented: here UUID, name and the parent's UUID."""
    rows = list(reached_workspaces(call).values())
    items = [{"id": row["id"], "name": row["name"], "parent_id": row["parent"]} for row in one_page(call, rows)]
    if call.switches["workspace_rows"] == "id":
        items = [{"id": item["id"]} for item in items]
    return {"items": items, "count": len(rows)}


def stack_row(call: Call, row: Row) -> Row:
    """A workspace as the older API shows it."""
    world = call.world
    parent = world.workspaces.get(row["parent"] or "")
    counts = {kind: sum(other["workspace"] == row["id"] for other in getattr(world, kind).values()) for kind in ("datastreams", "targets")}
    return {"id": row["stack_id"], "name": row["name"], "slug": row["slug"], "parent_id": parent and parent["stack_id"], "counts": counts,
            "url": f"{call.base_url}/api/stacks/{row['slug']}/"}


def list_stacks(call: Call) -> Row:
    """GET /api/stacks/: the workspaces that the key reaches."""
    rows = sorted(reached_workspaces(call).values(), key=lambda row: int(row["stack_id"]))
    return listed(call, rows, lambda row: stack_row(call, row))


def show_stack(call: Call) -> Row:
    """GET /api/stacks/{slug}/."""
    for row in reached_workspaces(call).values():
        if row["slug"] == call.arguments[0]:
            return stack_row(call, row)
    raise not_found()


def find_type(call: Call, kind: str) -> Row:
    """The type whose id is in the path."""
    row: Row | None = getattr(call.world, kind).get(int(call.arguments[0]))
    if row is None:
        raise not_found()
    return row


def _list_types(call: Call, kind: str, **links: str) -> Row:
    """A list of types; `search` narrows it by what name or slug contain."""
    wanted = (call.last("search") or "").lower()
    rows = [row for _id, row in sorted(getattr(call.world, kind).items()) if wanted in row["name"].lower() or wanted in row["slug"].lower()]
    folder = f"{call.base_url}/api/{kind.replace('_', '-')}/"

    def show(row: Row) -> Row:
        place = f"{folder}{row['id']}/"
        return {"id": row["id"], "name": row["name"], "slug": row["slug"], "url": place, **{name: f"{place}{end}/" for name, end in links.items()}}

    return listed(call, rows, show)


def list_target_types(call: Call) -> Row:
    """GET /api/target-types/."""
    return _list_types(call, "target_types", targets="targets")


def list_connection_types(call: Call) -> Row:
    """GET /api/connection-types/."""
    return _list_types(call, "connection_types", connections="connections")


def list_datastream_types(call: Call) -> Row:
    """GET /api/datastream-types/."""
    return _list_types(call, "datastream_types", datastreams="datastreams")


def list_connections(call: Call) -> Any:
    """GET /api/connection-types/{type}/connections/: an envelope like the others, or by switch a bare list, or 405."""
    kind, reach, shape = find_type(call, "connection_types"), reached_workspaces(call), call.switches["connections_list"]
    rows = [row for _id, row in sorted(call.world.connections.items()) if row["type"] == kind["slug"] and row["workspace"] in reach]

    def show(row: Row) -> Row:
        return {"id": row["id"], "name": row["name"], "stack": call.world.workspaces[row["workspace"]]["stack_id"],
                "is_authorized": row["is_authorized"], "app": row["app"], "user": row["user"]}

    if shape == "refused":
        raise not_allowed(call.method)
    return [show(row) for row in rows] if shape == "list" else listed(call, rows, show)


def older_row(call: Call, row: Row, whole: bool) -> Row:
    """A datastream with its integer ID. Times that are not of this simulator's world are made up."""
    world = call.world
    place = f"{call.base_url}/datastreams/{row['id']}/"
    shown = {"id": row["id"], "name": row["name"], "slug": row["slug"], "absolute_url": place}
    if not whole:
        return shown
    fetched = world.timeline(row["id"])
    kind = next(one["id"] for one in world.datastream_types.values() if one["slug"] == row["type"])
    return {**shown, "description": row["description"], "enabled": row["enabled"], "datatype": row["datatype"], "datastream_type_id": kind,
            "stack_id": world.workspaces[row["workspace"]]["stack_id"], "auth": row["auth"], "created": "2024-01-15T10:00:00Z",
            "updated": "2024-01-15T10:00:00Z", "last_fetch": format_time(fetched[-1][0]) if fetched else None, "next_run": None}


def _older_list(call: Call, rows: list[Row]) -> Row:
    whole = call.switches["datastream_rows"] == "full"
    return listed(call, rows, lambda row: older_row(call, row, whole))


def list_older_datastreams(call: Call) -> Row:
    """GET /api/datastreams/: no filters."""
    return _older_list(call, [row for _id, row in sorted(reached_datastreams(call).items())])


def list_datastreams_of_type(call: Call) -> Row:
    """GET /api/datastream-types/{type}/datastreams/."""
    kind = find_type(call, "datastream_types")
    return _older_list(call, [row for _id, row in sorted(reached_datastreams(call).items()) if row["type"] == kind["slug"]])


def show_older_datastream(call: Call) -> Row:
    """GET /api/datastreams/{id}/."""
    row = reached_datastreams(call).get(int(call.arguments[0]))
    if row is None:
        raise not_found()
    return older_row(call, row, whole=True)


def _next_stack(_row: Row, world: Any) -> int:
    return 1 + max((row["stack_id"] for row in world.workspaces.values()), default=0)


def _workspace_slug(row: Row, world: Any) -> str:
    name = slug(row["name"], f"workspace-{row['stack_id']}")
    return f"{name}-{row['stack_id']}" if any(other["slug"] == name for other in world.workspaces.values()) else name


KINDS = [
    Kind("workspaces", {
        "id": (read_uuid, REQUIRED), "name": (text, numbered("Workspace")), "parent": (or_null(read_uuid), None), "stack_id": (whole, _next_stack),
        "slug": (text, _workspace_slug)}, unique=("stack_id", "slug")),
    Kind("connection_types", TYPE, unique=("slug",)),
    Kind(
        "connections", {
            "id": (whole, REQUIRED), "name": (text, numbered("Connection")), "type": (text, first_of("connection_types")), **WORKSPACE,
            "is_authorized": (flag, True), "app": (or_null(whole), None), "user": (or_null(whole), None)},
        references={"workspace": ("workspaces", "id"), "type": ("connection_types", "slug")}, removed_with=("workspace",)),
]
ROUTES = [
    ("GET", r"/api/v1/workspaces/", "workspace:read", list_workspaces),
    ("GET", r"/api/stacks/", "workspace:read", list_stacks),
    ("GET", r"/api/stacks/([^/]+)/", "workspace:read", show_stack),
    ("GET", r"/api/datastreams/", "datastream:read", list_older_datastreams),
    ("GET", rf"/api/datastreams/{ID}", "datastream:read", show_older_datastream),
    ("GET", r"/api/datastream-types/", "datastream:read", list_datastream_types),
    ("GET", rf"/api/datastream-types/{ID}datastreams/", "datastream:read", list_datastreams_of_type),
    ("GET", r"/api/connection-types/", None, list_connection_types),
    ("GET", rf"/api/connection-types/{ID}connections/", None, list_connections),
    ("GET", r"/api/target-types/", "destination:read", list_target_types),
]
