# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bindings (bindings guide)."""

from __future__ import annotations

from .calls import Call, Refusal, invalid, one_page, reached_datastreams
from .values import Row, format_time
from .world import World


def binding_row(world: World, row: Row) -> Row:
    """A binding as the guide prints it."""
    target = world.targets[row["target_id"]]
    return {"id": row["id"], "datastream_id": row["datastream_id"], "target_id": row["target_id"],
            "target_name": target["name"], "target_type": target["type"], "enabled": row["enabled"],
            "created": row["created"], "updated": row["updated"]}


def list_bindings(call: Call) -> Row:
    """GET /api/v1/bindings/: `{items, count}`, filtered by datastream_id and target_id."""
    wanted = {name: call.whole(name) for name in ("datastream_id", "target_id")}
    datastreams = reached_datastreams(call)
    rows = [row for _id, row in sorted(call.world.bindings.items())
            if row["datastream_id"] in datastreams
            and (row["available"] or call.switches["unavailable_bindings"] == "listed")
            and all(value is None or row[name] == value for name, value in wanted.items())]
    items = [binding_row(call.world, row) for row in one_page(call, rows)]
    if call.switches["binding_rows"] == "no_enabled":
        items = [{name: value for name, value in item.items() if name != "enabled"} for item in items]
    elif call.switches["binding_rows"] == "ids":
        items = [{name: item[name] for name in ("id", "datastream_id", "target_id")} for item in items]
    return {"items": items, "count": len(rows)}


def patch_binding(call: Call) -> Row:
    """PATCH /api/v1/bindings/{id}/: sets `enabled`, refreshes `updated` each time, answers the binding."""
    body = call.json()
    if "enabled" not in body:
        raise invalid("body", "enabled", "Field required", "missing")
    if not isinstance(body["enabled"], bool):
        raise invalid("body", "enabled", "Input should be a valid boolean", "bool_type")
    row = call.world.bindings.get(int(call.argument or 0))
    if row is None or not row["available"] or row["datastream_id"] not in reached_datastreams(call):
        raise Refusal(404, "Not Found")
    row["enabled"] = body["enabled"]
    row["updated"] = format_time(call.world.tick())
    return binding_row(call.world, row)
