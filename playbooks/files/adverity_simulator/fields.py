# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of a world's rows, as a seed file has them: how each is checked, and its default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from .loading import STATES
from .values import ACTIVE_MODES, SCOPES, Row, is_whole, parse_time, read_smart, read_uuid, readable_uuid, slug

if TYPE_CHECKING:
    from .world import World


def _due(what: str, test: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """A check of a seed file's value: returns it, or raises ValueError saying what is due."""
    def check(value: Any) -> Any:
        if not test(value):
            raise ValueError(f"{what} is due, not {value!r}")
        return value
    return check


_whole = _due("a whole number from 1", lambda value: is_whole(value) and value >= 1)
_text = _due("text", lambda value: isinstance(value, str) and bool(value))
_flag = _due("true or false", lambda value: isinstance(value, bool))
_mode = _due(f"one of {', '.join(ACTIVE_MODES)} or null", lambda value: value is None or value in ACTIVE_MODES)
_object = _due("an object", lambda value: isinstance(value, dict))
_scopes = _due(f"a list of {', '.join(SCOPES)}",
               lambda value: isinstance(value, list) and all(scope in SCOPES for scope in value))


def _any(value: Any) -> Any:
    return value


def _uuid_or_null(value: Any) -> str | None:
    return None if value is None else read_uuid(value)


def _moment(value: Any) -> str:
    parse_time(value)
    return str(value)


def _smart(value: Any) -> Row | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f"an object is due, not {value!r}")
    setting, problems = read_smart(value)
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, row['loc'][1:]))}: {row['msg']}" for row in problems))
    return setting


def _whole_or_null(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _text_or_null(value: Any) -> str | None:
    return None if value is None else _text(value)


def _object_or_null(value: Any) -> Row | None:
    return None if value is None else _object(value)


def _default_mode(row: Row, _world: World) -> str | None:
    if row["smart"] and row["smart"]["is_active"]:
        return "smart"
    return "schedule" if row["has_schedule"] else None


def _next_stack(_row: Row, world: World) -> int:
    return 1 + max((row["stack_id"] for row in world.workspaces.values()), default=0)


def _slug(row: Row, _world: World) -> str:
    return slug(row["name"], f"x-{row['id']}")


def _workspace_slug(row: Row, world: World) -> str:
    text = slug(row["name"], f"workspace-{row['stack_id']}")
    return f"{text}-{row['stack_id']}" if any(other["slug"] == text for other in world.workspaces.values()) else text


def _first_of(kind: str) -> Callable[[Row, World], str]:
    return lambda row, world: next((one["slug"] for one in getattr(world, kind).values()), "")


def _one_of(*names: str) -> Callable[[Any], Any]:
    return _due(f"one of {', '.join(names)}", lambda value: value in names)


def _moment_or_null(value: Any) -> str | None:
    return None if value is None else _moment(value)


def _day_or_null(value: Any) -> str | None:
    return None if value is None else str(parse_time(value).date())


def _first_workspace(_row: Row, world: World) -> str:
    return next(iter(world.workspaces), "")


REQUIRED = object()
_TYPE = {"id": (_whole, REQUIRED), "name": (_text, REQUIRED), "slug": (_text, _slug)}
# kind of row: {field: (check, default)}; a default may be worked out from the row as far as it is read, and the world
FIELDS: dict[str, dict[str, tuple[Callable[[Any], Any], Any]]] = {
    "workspaces": {
        "id": (read_uuid, REQUIRED), "name": (_text, lambda row, world: f"Workspace {row['id']}"),
        "parent": (_uuid_or_null, None), "stack_id": (_whole, _next_stack), "slug": (_text, _workspace_slug)},
    "connection_types": _TYPE,
    "connections": {
        "id": (_whole, REQUIRED), "name": (_text, lambda row, world: f"Connection {row['id']}"),
        "type": (_text, _first_of("connection_types")), "workspace": (read_uuid, _first_workspace), "is_authorized": (_flag, True),
        "app": (_whole_or_null, None), "user": (_whole_or_null, None)},
    "datastream_types": _TYPE,
    "datastreams": {
        "id": (_whole, REQUIRED), "uuid": (read_uuid, lambda row, world: readable_uuid("d5", row["id"])),
        "name": (_text, lambda row, world: f"Datastream {row['id']}"), "workspace": (read_uuid, _first_workspace),
        "enabled": (_flag, True), "has_schedule": (_flag, True), "smart": (_smart, None),
        "smart_bundle": (_any, None), "active_mode": (_mode, _default_mode),
        "type": (_text, _first_of("datastream_types")), "slug": (_text, _slug), "description": (_any, ""),
        "datatype": (_text, "Live"), "auth": (_whole_or_null, None)},
    "target_types": {
        **_TYPE, "class": (_text, lambda row, world: f"{row['name'].replace(' ', '')}Target"), "connection": (_flag, False),
        "fields": (_object, {}), "mapping_fields": (_object_or_null, None)},
    "targets": {
        "id": (_whole, REQUIRED), "name": (_text, lambda row, world: f"Destination {row['id']}"),
        "type": (_text, "BigQueryTarget"), "workspace": (read_uuid, _first_workspace), "auth": (_whole_or_null, None),
        "settings": (_object, {})},
    "bindings": {
        "id": (_whole, REQUIRED), "datastream_id": (_whole, REQUIRED), "target_id": (_whole, REQUIRED),
        "enabled": (_flag, True), "available": (_flag, True), "created": (_moment, "2024-01-15T10:00:00Z"),
        "updated": (_moment, lambda row, world: row["created"]), "table_name": (_text_or_null, None), "settings": (_object, {})},
    "extracts": {
        "id": (_whole, REQUIRED), "datastream_id": (_whole, REQUIRED), "created": (_moment, REQUIRED),
        "state": (_one_of(*STATES), "collected"), "job_id": (_whole_or_null, None)},
    "jobs": {
        "id": (_whole, REQUIRED), "datastream_id": (_whole, REQUIRED), "type": (_one_of("fetch", "load"), "fetch"),
        "scheduled": (_moment, REQUIRED), "start": (_moment_or_null, lambda row, world: row["scheduled"]), "end": (_moment_or_null, None),
        "result": (_one_of("success", "failed", "cancelled", "stale"), "success"), "manual": (_flag, False),
        "range_start": (_day_or_null, None), "range_end": (_day_or_null, None),
        "known": (_moment, "2000-01-01T00:00:00Z")},  # since when the list shows it
    "issues": {
        "id": (_whole, REQUIRED), "datastream_id": (_whole, REQUIRED), "extract_id": (_whole_or_null, None), "job_id": (_whole_or_null, None),
        "start": (_moment, REQUIRED), "end": (_moment_or_null, None), "stage": (_one_of("fetch", "transform", "load"), "load"),
        "type": (_one_of("error", "warning"), "error"), "cause": (_text, "Unknown"), "message": (_text, "Something failed."),
        "ack": (_flag, False), "occurrences": (_whole, 1), "range_start": (_day_or_null, None), "range_end": (_day_or_null, None)},
    "series": {
        "datastream_id": (_whole, REQUIRED), "first_id": (_whole, REQUIRED), "count": (_whole, REQUIRED),
        "from": (_moment, REQUIRED), "every_hours": (_whole, 24), "state": (_one_of(*STATES), "collected")},
    "keys": {"key": (_text, REQUIRED), "scopes": (_scopes, list(SCOPES)), "workspace": (read_uuid, _first_workspace)},
}
TYPES = ("target_types", "connection_types", "datastream_types")
KINDS = ("workspaces", *TYPES, "connections", "datastreams", "targets", "bindings", "extracts", "jobs", "issues")  # in the order in which they refer to others
REFERENCES = {  # kind: {its field: (the kind that it refers to, the field there)}
    "datastreams": {"workspace": ("workspaces", "id"), "type": ("datastream_types", "slug"), "auth": ("connections", "id")},
    "connections": {"workspace": ("workspaces", "id"), "type": ("connection_types", "slug")},
    "targets": {"workspace": ("workspaces", "id"), "auth": ("connections", "id")},
    "bindings": {"datastream_id": ("datastreams", "id"), "target_id": ("targets", "id")},
    "extracts": {"datastream_id": ("datastreams", "id")},
    "jobs": {"datastream_id": ("datastreams", "id")},
    "issues": {"datastream_id": ("datastreams", "id")},
}
UNIQUE = {  # kind: further fields of which no two rows have the same
    "workspaces": ("stack_id", "slug"), "datastreams": ("uuid",), "target_types": ("slug", "class"), "connection_types": ("slug",),
    "datastream_types": ("slug",)}
DEPENDENTS = {  # kind: (other kind, its field that refers to the first)
    "workspaces": (("datastreams", "workspace"), ("targets", "workspace"), ("connections", "workspace")), "targets": (("bindings", "target_id"),),
    "datastreams": (("bindings", "datastream_id"), ("extracts", "datastream_id"), ("jobs", "datastream_id"),
                    ("issues", "datastream_id")),
}
