# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What names mean: workspaces (stacks), datastreams and connections, on the older API with integer IDs (docsite, "Destinations by name").

The functions that look for a name take rows, not clients: they are pure. Names are compared exactly, character by character.
"""

from __future__ import annotations

import typing as t
from collections import Counter

from .._api import text
from .._api.errors import InputError, Refused
from .._api.linked_list import read_linked
from .._api.paging import Row

if t.TYPE_CHECKING:
    from .._api.client import Client

WORKSPACES = "/api/stacks/"
DATASTREAMS = "/api/datastreams/"
CONNECTION_TYPES = "/api/connection-types/"


def read_list(client: Client, path: str) -> list[Row]:
    """All rows of one list of the older API, each with an integer ``id``. Whether each of these lists has pages is not known (docsite)."""
    return read_linked(client, path, {}, list[Row], bare=True)


def read_workspaces(client: Client) -> list[Row]:
    """The workspaces the key can see: ``id``, ``name``, ``slug``, ``parent_id``."""
    return read_list(client, WORKSPACES)


def read_datastreams(client: Client, wanted: t.Iterable[t.Any] = ()) -> list[Row]:
    """The datastreams the key can see, with integer IDs: ``id``, ``name``, ``stack_id``.

    Where rows of the list do not tell their workspace, those that ``wanted`` names are read one by one.
    """
    rows = read_list(client, DATASTREAMS)
    names = {str(one.get("name") if isinstance(one, dict) else one) for one in wanted}
    for row in rows:
        if "stack_id" not in row and {str(row["id"]), row.get("name")} & names:
            row.update(client.get(f"{DATASTREAMS}{row['id']}/"))
    return rows


def read_connections(client: Client, connection_types: list[Row]) -> list[Row]:
    """The connections of these types, each with its ``connection_type`` (slug). One list for each type: there is none of all (docsite)."""
    rows = []
    for kind in connection_types:
        try:
            some = read_list(client, f"{CONNECTION_TYPES}{kind['id']}/connections/")
        except Refused as error:
            if error.status == 405:
                error.say(
                    "The API does not list connections, so none can be found by name. Use the ID of the connection."
                )
            raise
        rows += [dict(row, connection_type=kind.get("slug")) for row in some]
    return rows


def find(rows: list[Row], wanted: t.Any, what: str, by: tuple[str, ...] = ("name",)) -> Row:
    """The one row that has the name ``wanted`` in a field of ``by``, or, where none has, the id. Raises InputError for none and for several."""
    found = [row for row in rows if isinstance(wanted, str) and wanted in [row.get(key) for key in by]]
    found = found or [row for row in rows if str(row["id"]) == str(wanted)]
    if len(found) == 1:
        return found[0]
    asked = f"The {what} {quoted(wanted)}"
    if found:
        raise InputError(
            f"{asked} is ambiguous. It fits {listed(found)}. Use the ID.",
            ambiguous=[row["id"] for row in found],
        )
    raise InputError(
        f"{asked} does not exist among the {len(rows)} that this key can see: {listed(rows) or 'none'}."
    )


def find_exact(rows: list[Row], key: str, name: str, what: str) -> Row | None:
    """The one row with this name, None where there is none. Raises InputError for several.

    A name that differs in spaces at its ends alone is an error: the API may have taken them away.
    """
    found, what = [row for row in rows if row.get(key) == name], f"The {what} {quoted(name)}"
    if len(found) > 1:
        fits = f"It fits {listed(found, key)}. Select one by its ID, or rename or delete the others"
        raise InputError(f"{what} is ambiguous. {fits}.", ambiguous=[row["id"] for row in found])
    similar = [
        row
        for row in rows
        if not found and isinstance(row.get(key), str) and row[key].strip() == name.strip()
    ]
    if similar:
        other = f"{listed(similar, key)} differs only in spaces at the ends of its name"
        raise InputError(
            f"{what} does not exist, but {other}. Nothing was created. Use the existing name, or rename that one."
        )
    return found[0] if found else None


def find_workspace(rows: list[Row], wanted: t.Any) -> Row:
    """The workspace of this name, slug or id."""
    return find(rows, wanted, "workspace", ("name", "slug"))


def pick(rows: list[Row], wanted: list[t.Any], find_one: t.Callable[[list[Row], t.Any], Row]) -> list[Row]:
    """The row of each that is wanted, in their order; all rows where one is ``*``."""
    return rows if "*" in wanted else [find_one(rows, one) for one in wanted]


def find_type(rows: list[Row], wanted: t.Any) -> Row:
    """The type of destinations or of connections with this slug or name. Its id differs from one instance to the next."""
    return find(rows, wanted, "type", ("slug", "name"))


def find_connection(rows: list[Row], wanted: t.Any) -> Row:
    """The connection of this name or id."""
    return find(rows, wanted, "connection")


def look_up_connection(client: Client, wanted: str, target_type: Row, connection_type: str | None) -> int:
    """The id of the connection of this name; digits are an id. Raises InputError.

    It is looked for in ``connection_type``; without that in the connection type with the slug or name of the destination's type, then in all others.
    """
    if wanted.isascii() and wanted.isdigit():
        return int(wanted)
    kinds = read_list(client, CONNECTION_TYPES)
    near = [
        kind
        for kind in kinds
        if {kind.get("slug"), kind.get("name")} & {target_type.get("slug"), target_type.get("name")} - {None}
    ]
    if connection_type is not None:
        near = kinds = [find_type(kinds, connection_type)]
    rows = read_connections(client, near)
    if not any(row.get("name") == wanted for row in rows):
        rows += read_connections(client, [kind for kind in kinds if kind not in near])
    return int(find_connection(rows, wanted)["id"])


def find_datastream(rows: list[Row], wanted: t.Any, workspaces: list[Row]) -> Row:
    """The datastream of this name, UUID or integer ID, or of a dict of ``name`` and ``workspace``. ``rows`` are those of ``describe``."""
    if isinstance(wanted, dict):
        place = find_workspace(workspaces, wanted.get("workspace"))
        rows, wanted = [row for row in rows if row["workspace_id"] == place["id"]], wanted.get("name")
    return find(rows, wanted, "datastream", ("name", "uuid"))


def _pair(name: t.Any, workspace: t.Any) -> tuple[str | None, str | None]:
    """A name and that of its workspace; None for what is no text."""
    return name if isinstance(name, str) else None, workspace if isinstance(workspace, str) else None


def describe(older: list[Row], workspaces: list[Row], newer: list[Row] | None = None) -> list[Row]:
    """The datastreams of ``older`` with their workspace and, where ``newer`` (rows of the list with UUIDs) is given, with the UUID.

    Nothing public maps one id to the other. The pair of name and workspace name stands on both sides: where it is unique on both it is the link;
    otherwise ``uuid`` is None and ``note`` says why.
    """
    places = {row["id"]: row for row in workspaces}
    rows = []
    for row in older:
        workspace = {
            "workspace": places.get(row.get("stack_id"), {}).get("name"),
            "workspace_id": row.get("stack_id"),
        }
        rows.append(
            {
                "id": row["id"],
                "uuid": None,
                "name": row.get("name"),
                **workspace,
                "enabled": row.get("enabled"),
                "note": None,
            }
        )
    if newer is None:
        return rows
    counts = Counter(_pair(row["name"], row["workspace"]) for row in rows)
    uuids: dict[t.Any, list[str]] = {}
    for row in newer:
        where = row.get("workspace")
        uuids.setdefault(
            _pair(row.get("name"), where.get("name") if isinstance(where, dict) else None), []
        ).append(row["id"])
    for row in rows:
        pair = _pair(row["name"], row["workspace"])
        here, there = counts[pair], uuids.get(pair, [])
        if row["workspace"] is None:
            row["note"] = "No UUID: the workspace is not among those that this key can see."
        elif here == len(there) == 1:
            row["uuid"] = there[0]
        else:
            row["note"] = (
                f"No UUID: the pair of name and workspace fits {here} integer IDs and {len(there)} UUIDs."
            )
    return rows


def quoted(name: t.Any) -> str:
    """A name for a message: in quotes, on one line. Spaces at its ends show."""
    name = str(name)
    return "'{0}{1}{2}'".format(
        " " * name.startswith(" "), text.line(name), " " * (name.endswith(" ") and name != " ")
    )


def listed(rows: list[Row], key: str = "name", most: int = 20) -> str:
    """Rows for a message, by name and id, and with the workspace where they tell it."""
    places = [
        f", workspace {quoted(row['workspace'])}" if row.get("workspace") is not None else "" for row in rows
    ]
    return text.several(
        [f"{quoted(row.get(key))} (id {row['id']}{place})" for row, place in zip(rows, places)], most
    )
