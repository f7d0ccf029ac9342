# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Destinations (targets) and assignments (mappings) on the older API. A mapping is the same thing as a binding of `/api/v1/`."""

from __future__ import annotations

from ..calls import ID, Call, Refusal, reached_datastreams, reached_workspaces
from ..fields import REQUIRED, TYPE, WORKSPACE, Kind, an_object, flag, numbered, or_null, text, whole
from ..messages import Answer
from ..older import MASK, Form, listed, metadata, not_allowed, not_found, read_form, related
from ..values import Row, exact_time
from .directory import find_type

OTHER_IDS = 1_000_000  # with the switch mapping_ids=other a mapping's id is so much more than its binding's


# --- destinations ---

def target_form(call: Call, kind: Row) -> Form:
    """The fields of a destination of this type."""
    stacks = {row["stack_id"]: row for row in reached_workspaces(call).values()}
    places = {row["id"] for row in stacks.values()}

    def find_connection(identity: int) -> Row | None:
        row = call.world.connections.get(identity)
        return row if row and row["workspace"] in places else None

    read_only = {"read_only": True}
    return {
        "id": {"type": "integer", "label": "ID", **read_only}, "name": {"type": "string", "label": "Name", "required": True},
        "stack": {"type": "field", "label": "Workspace", "required": True, "find": stacks.get},
        "auth": {"type": "field", "label": "Authorization", "required": kind["connection"], "null": not kind["connection"], "find": find_connection},
        **kind["fields"],
        "is_schema_mapping_required": {"type": "boolean", "label": "Schema mapping required", **read_only},
        "logo_url": {"type": "string", "label": "Logo", **read_only}, "url": {"type": "string", "label": "URL", **read_only}}


def _shown(call: Call, fields: Form, settings: Row) -> Row:
    """The type's own fields as they read back."""
    secrets, shown = call.switches["secrets"], {}
    for name, field in fields.items():
        value = settings.get(name, field.get("default"))
        if not field.get("secret") or value is None:
            shown[name] = value
        elif secrets != "absent":
            shown[name] = MASK if secrets == "masked" else None
    return shown if secrets != "absent" else {name: value for name, value in shown.items() if not fields[name].get("secret")}


def target_row(call: Call, kind: Row, row: Row, whole: bool = True) -> Row:
    """A destination as it reads back."""
    place = f"{call.base_url}/api/target-types/{kind['id']}/targets/{row['id']}/"
    if not whole:
        return {"id": row["id"], "name": row["name"], "url": place}
    workspace, connection = call.world.workspaces[row["workspace"]], call.world.connections.get(row["auth"] or 0)
    return {"id": row["id"], "name": row["name"], "stack": related(call, workspace["stack_id"], workspace["name"]),
            "auth": related(call, row["auth"], connection["name"] if connection else None), **_shown(call, kind["fields"], row["settings"]),
            "is_schema_mapping_required": bool(row["settings"].get("schema_mapping")),
            "logo_url": f"{call.base_url}/static/logos/{kind['slug']}.svg", "url": place}


def _targets(call: Call) -> tuple[Row, list[Row]]:
    kind, reach = find_type(call, "target_types"), reached_workspaces(call)
    return kind, [row for _id, row in sorted(call.world.targets.items()) if row["type"] == kind["class"] and row["workspace"] in reach]


def find_target(call: Call) -> tuple[Row, Row]:
    """The type and the destination whose ids are in the path."""
    kind, rows = _targets(call)
    for row in rows:
        if row["id"] == int(call.arguments[1]):
            return kind, row
    raise not_found()


def target_options(call: Call) -> Row:
    """OPTIONS /api/target-types/{type}/targets/: the fields, to those who may write; by switch refused, or without fields for all."""
    kind, answer = find_type(call, "target_types"), call.switches["target_options"]
    if answer == "refused":
        raise not_allowed(call.method)
    may_write = answer == "metadata" and "destination:write" in call.key["scopes"]
    return metadata(f"{kind['name']} Target List", target_form(call, kind), may_write)


def list_targets(call: Call) -> Row:
    """GET /api/target-types/{type}/targets/."""
    kind, rows = _targets(call)
    if call.switches["targets_list"] == "refused":
        raise not_allowed(call.method)
    return listed(call, rows, lambda row: target_row(call, kind, row, call.switches["target_rows"] == "full"))


def show_target(call: Call) -> Row:
    """GET /api/target-types/{type}/targets/{id}/."""
    return target_row(call, *find_target(call))


def _read_target(call: Call, kind: Row, known: Row | None, partial: bool) -> Row:
    """The row of a destination out of a body, on top of the known one. 400 by switch where its name is taken in the workspace."""
    values = read_form(call, target_form(call, kind), partial)
    row: Row = {**(known or {}), "type": kind["class"], "settings": dict(known["settings"] if known else {})}
    if "stack" in values:
        row["workspace"] = next(place["id"] for place in call.world.workspaces.values() if place["stack_id"] == values["stack"])
    for name, value in values.items():
        if name in ("name", "auth"):
            row[name] = value
        elif name != "stack":
            row["settings"][name] = value
    same = [other for other in call.world.targets.values() if all(other[name] == row[name] for name in ("name", "type", "workspace"))]
    if call.switches["target_names"] == "unique" and any(other["id"] != row.get("id") for other in same):
        raise Refusal(400, {"name": ["A destination with this name exists in this workspace."]})
    return row


def create_target(call: Call) -> Answer:
    """POST /api/target-types/{type}/targets/."""
    kind = find_type(call, "target_types")
    row = _read_target(call, kind, None, partial=False)
    call.world.tick()
    row["id"] = call.world.next_id("targets")
    call.world.put("targets", row)
    return Answer(call.switches["created_status"], target_row(call, kind, call.world.targets[row["id"]]))


def change_target(call: Call) -> Row:
    """PATCH or PUT /api/target-types/{type}/targets/{id}/: PUT replaces the whole; by switch only one of the two is allowed."""
    kind, known = find_target(call)
    if call.switches["target_changes"] not in ("both", call.method.lower()):
        raise not_allowed(call.method)
    row = _read_target(call, kind, known, partial=call.method == "PATCH")
    call.world.tick()
    call.world.put("targets", row)
    return target_row(call, kind, row)


def delete_target(call: Call) -> Answer:
    """DELETE /api/target-types/{type}/targets/{id}/: its assignments go with it, enabled or not."""
    _kind, row = find_target(call)
    call.world.tick()
    call.world.remove("targets", row["id"])
    return Answer(204, None)


# --- assignments ---

def mapping_form(call: Call, kind: Row) -> Form:
    """The fields of an assignment to a destination of this type. A table name that is left out is the datastream's slug."""
    return {
        "id": {"type": "integer", "label": "ID", "read_only": True}, "target": {"type": "field", "label": "Destination", "read_only": True},
        "datastream": {"type": "field", "label": "Datastream", "required": True, "find": reached_datastreams(call).get},
        "table_name": {"type": "string", "label": "Table name"},
        "enabled": {"type": "boolean", "label": "Enabled", "default": call.switches["mapping_enabled"] == "enabled"},
        **(kind["mapping_fields"] or {})}


def mapping_row(call: Call, kind: Row, row: Row) -> Row:
    """An assignment as it reads back."""
    target, datastream = call.world.targets[row["target_id"]], call.world.datastreams[row["datastream_id"]]
    return {"id": row["id"] + _more(call), "target": related(call, target["id"], target["name"]),
            "datastream": related(call, datastream["id"], datastream["name"]),
            "table_name": datastream["slug"] if row["table_name"] is None else row["table_name"],
            "enabled": row["enabled"], **_shown(call, kind["mapping_fields"] or {}, row["settings"])}


def _more(call: Call) -> int:
    return OTHER_IDS if call.switches["mapping_ids"] == "other" else 0


def _mappings(call: Call) -> tuple[Row, Row, list[Row]]:
    kind, target = find_target(call)
    reach = reached_datastreams(call)
    return kind, target, [row for _id, row in sorted(call.world.bindings.items())
                          if row["target_id"] == target["id"] and row["available"] and row["datastream_id"] in reach]


def find_mapping(call: Call) -> tuple[Row, Row]:
    """The type of destination and the binding whose mapping's id is in the path."""
    kind, _target, rows = _mappings(call)
    for row in rows:
        if row["id"] + _more(call) == int(call.arguments[2]):
            return kind, row
    raise not_found()


def list_mappings(call: Call) -> Row:
    """GET /api/target-types/{type}/targets/{target}/mappings/."""
    kind, _target, rows = _mappings(call)
    return listed(call, rows, lambda row: mapping_row(call, kind, row))


def show_mapping(call: Call) -> Row:
    """GET /api/target-types/{type}/targets/{target}/mappings/{id}/."""
    return mapping_row(call, *find_mapping(call))


def _settings(values: Row) -> Row:
    return {name: value for name, value in values.items() if name not in ("datastream", "table_name", "enabled")}


def create_mapping(call: Call) -> Answer:
    """POST /api/target-types/{type}/targets/{target}/mappings/: 400 for a type that takes none. The binding shows at once or, by switch, later."""
    kind, target, rows = _mappings(call)
    if kind["mapping_fields"] is None:
        raise Refusal(400, f"Destinations of the type {kind['name']} take no assignments.")
    values = read_form(call, mapping_form(call, kind), partial=False)
    if call.switches["double_assignment"] == "refuse" and any(row["datastream_id"] == values["datastream"] for row in rows):
        raise Refusal(400, {"non_field_errors": ["The fields target, datastream must make a unique set."]})
    moment, identity = exact_time(call.world.tick()), call.world.next_id("bindings")
    call.world.put("bindings", {
        "id": identity, "datastream_id": values["datastream"], "target_id": target["id"], "enabled": values["enabled"], "created": moment,
        "table_name": values["table_name"], "settings": _settings(values)})
    appears = call.switches["binding_appears"]
    if appears:
        call.world.unseen[identity] = None if appears == "never" else appears
    return Answer(call.switches["created_status"], mapping_row(call, kind, call.world.bindings[identity]))


def change_mapping(call: Call) -> Row:
    """PATCH /api/target-types/{type}/targets/{target}/mappings/{id}/: `enabled` switches the binding, other fields refresh `updated` by switch."""
    kind, row = find_mapping(call)
    values = read_form(call, mapping_form(call, kind), partial=True)
    row["datastream_id"] = values.get("datastream", row["datastream_id"])
    row["table_name"] = values.get("table_name", row["table_name"])
    row["settings"] = {**row["settings"], **_settings(values)}
    if "enabled" in values or call.switches["mapping_change"] == "refresh":
        call.world.switch_binding(row["id"], bool(values.get("enabled", row["enabled"])))
    return mapping_row(call, kind, row)


def delete_mapping(call: Call) -> Answer:
    """DELETE /api/target-types/{type}/targets/{target}/mappings/{id}/, enabled or not."""
    _kind, row = find_mapping(call)
    call.world.tick()
    call.world.remove("bindings", row["id"])
    return Answer(204, None)


_TARGETS = rf"/api/target-types/{ID}targets/"
_MAPPINGS = rf"{_TARGETS}{ID}mappings/"
KINDS = [
    Kind("target_types", {
        **TYPE, "class": (text, lambda row, world: f"{row['name'].replace(' ', '')}Target"), "connection": (flag, False),
        "fields": (an_object, {}), "mapping_fields": (or_null(an_object), None)}, unique=("slug", "class")),
    Kind(
        "targets", {
            "id": (whole, REQUIRED), "name": (text, numbered("Destination")), "type": (text, "BigQueryTarget"), **WORKSPACE,
            "auth": (or_null(whole), None), "settings": (an_object, {})},
        references={"workspace": ("workspaces", "id"), "auth": ("connections", "id")}, removed_with=("workspace",)),
]
ROUTES = [
    ("OPTIONS", _TARGETS, "destination:read", target_options),
    ("GET", _TARGETS, "destination:read", list_targets),
    ("POST", _TARGETS, "destination:write", create_target),
    ("GET", _TARGETS + ID, "destination:read", show_target),
    ("PATCH", _TARGETS + ID, "destination:write", change_target),
    ("PUT", _TARGETS + ID, "destination:write", change_target),
    ("DELETE", _TARGETS + ID, "destination:write", delete_target),
    ("GET", _MAPPINGS, "destination:read", list_mappings),
    ("POST", _MAPPINGS, "destination:write", create_mapping),
    ("GET", _MAPPINGS + ID, "destination:read", show_mapping),
    ("PATCH", _MAPPINGS + ID, "destination:write", change_mapping),
    ("DELETE", _MAPPINGS + ID, "destination:write", delete_mapping),
]
