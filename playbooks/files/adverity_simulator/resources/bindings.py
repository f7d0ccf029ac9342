# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bindings (bindings guide)."""

from __future__ import annotations

from typing import Any

from ..calls import ID, Call, Refusal, invalid, one_page, reached_datastreams
from ..fields import REQUIRED, Kind, an_object, flag, moment, or_null, text, whole
from ..values import Row, parse_time, shown_time


def binding_row(call: Call, row: Row, form: str) -> Row:
    """A binding as the guide prints it; `form` says how `updated` reads (switches row_updated, patch_updated)."""
    target, precision = call.world.targets[row["target_id"]], call.switches["updated_precision"]
    moment = parse_time(row["updated"])
    updated: Any = shown_time(moment, precision)
    if form == "unreadable":
        updated = updated[:17] + "60" + updated[19:]
    elif form == "number":
        updated = int(moment.timestamp())
    shown = {"id": row["id"], "datastream_id": row["datastream_id"], "target_id": row["target_id"],
             "target_name": target["name"], "target_type": target["type"], "enabled": row["enabled"],
             "created": shown_time(parse_time(row["created"]), precision), "updated": updated}
    if form == "absent":
        del shown["updated"]
    return shown


def _unseen(call: Call, identity: int) -> bool:
    """Whether this read does not show a new binding yet (switch binding_appears)."""
    left = call.world.unseen.get(identity, 0)
    if left == 1:
        del call.world.unseen[identity]
    elif left:
        call.world.unseen[identity] = left - 1
    return left != 0


def list_bindings(call: Call) -> Row:
    """GET /api/v1/bindings/: `{items, count}`, filtered by datastream_id and target_id."""
    wanted = {name: call.whole(name) for name in ("datastream_id", "target_id")}
    datastreams = reached_datastreams(call)
    rows = [row for _id, row in sorted(call.world.bindings.items())
            if row["datastream_id"] in datastreams
            and (row["available"] or call.switches["unavailable_bindings"] == "listed")
            and all(value is None or row[name] == value for name, value in wanted.items())]
    rows = [row for row in rows if not _unseen(call, row["id"])]
    items = [binding_row(call, row, call.switches["row_updated"]) for row in one_page(call, rows)]
    fields = call.switches["binding_rows"]
    if fields == "ids":
        items = [{name: item[name] for name in ("id", "datastream_id", "target_id")} for item in items]
    elif fields != "full":
        items = [{name: value for name, value in item.items() if f"no_{name}" != fields} for item in items]
    return {"items": items, "count": len(rows)}


def patch_binding(call: Call) -> Row:
    """PATCH /api/v1/bindings/{id}/: sets `enabled`, refreshes `updated` each time, answers the binding."""
    body = call.json()
    if "enabled" not in body:
        raise invalid("body", "enabled", "Field required", "missing")
    if not isinstance(body["enabled"], bool):
        raise invalid("body", "enabled", "Input should be a valid boolean", "bool_type")
    row = call.world.bindings.get(int(call.arguments[0]))
    if row is None or not row["available"] or row["id"] in call.world.unseen or row["datastream_id"] not in reached_datastreams(call):
        raise Refusal(404, "Not Found")
    was_enabled = row["enabled"]
    call.world.switch_binding(row["id"], body["enabled"])
    if body["enabled"] and not was_enabled and call.switches["enable_loads_history"] == "yes":
        call.world.load_history(row["id"])
    return binding_row(call, row, call.switches["patch_updated"])


KINDS = [Kind(
    "bindings", {
        "id": (whole, REQUIRED), "datastream_id": (whole, REQUIRED), "target_id": (whole, REQUIRED), "enabled": (flag, True), "available": (flag, True),
        "created": (moment, "2024-01-15T10:00:00Z"), "updated": (moment, lambda row, world: row["created"]),
        "table_name": (or_null(text), None), "settings": (an_object, {})},
    references={"datastream_id": ("datastreams", "id"), "target_id": ("targets", "id")}, removed_with=("datastream_id", "target_id"))]
ROUTES = [
    ("GET", r"/api/v1/bindings/", "destination:read", list_bindings),
    ("PATCH", rf"/api/v1/bindings/{ID}", "destination:write", patch_binding),
]
