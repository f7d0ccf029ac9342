# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What names mean: workspaces (stacks), datastreams and connections, on the older API with integer IDs (docsite, "Destinations by name").

The functions that look for a name take what was read, not clients: they are pure. Names are compared exactly, character by character.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

from .._api import text
from .._api.errors import InputError, Refused
from .._api.linked_list import read_linked
from .._api.paging import Row

if t.TYPE_CHECKING:
    from .._api.client import Client
    from .datastreams import Datastream

WORKSPACES = "/api/stacks/"
DATASTREAMS = "/api/datastreams/"
CONNECTION_TYPES = "/api/connection-types/"


class HasName(t.Protocol):
    """Something that users ask for by a name, or by its integer ID."""

    @property
    def id(self) -> int:
        """Its integer ID."""

    @property
    def name(self) -> t.Any:
        """Its name, as the API returned it."""

    @property
    def names(self) -> tuple[t.Any, ...]:
        """All that users may ask for it by, beside its ID."""

    @property
    def label(self) -> str:
        """Its name and ID for a message, and its workspace where that is told."""


Named = t.TypeVar("Named", bound=HasName)


@dataclass(frozen=True)
class NamedObject:
    """An object of the older API. ``row`` is what the API returned."""

    id: int
    name: t.Any
    row: Row = field(repr=False, compare=False)

    @property
    def names(self) -> tuple[t.Any, ...]:
        """All that users may ask for it by, beside its ID."""
        return (self.name,)

    @property
    def label(self) -> str:
        """Its name and ID for a message."""
        return label(self.id, self.name, self.row.get("workspace"))


@dataclass(frozen=True)
class Connection(NamedObject):
    """A connection."""

    @classmethod
    def from_row(cls, row: Row) -> Connection:
        """The connection of a row with an integer ID."""
        return cls(row["id"], row.get("name"), row)


Slugged = t.TypeVar("Slugged", bound="NamedWithSlug")


@dataclass(frozen=True)
class NamedWithSlug(NamedObject):
    """An object that has a slug beside its name."""

    slug: t.Any

    @classmethod
    def from_row(cls: type[Slugged], row: Row) -> Slugged:
        """The object of a row with an integer ID."""
        return cls(row["id"], row.get("name"), row, row.get("slug"))

    @property
    def names(self) -> tuple[t.Any, ...]:
        """Its name and slug."""
        return (self.name, self.slug)


class Workspace(NamedWithSlug):
    """A workspace."""


class ObjectType(NamedWithSlug):
    """A type of destinations or of connections. Its ID differs from one instance to the next."""


class NamedDatastream(t.NamedTuple):
    """A datastream with both IDs, as far as they can be linked: ``note`` says why ``uuid`` is None. ``workspace`` is a name."""

    id: int
    uuid: str | None
    name: t.Any
    workspace: t.Any
    workspace_id: t.Any
    enabled: t.Any
    note: str | None

    @classmethod
    def from_row(cls, row: Row) -> NamedDatastream:
        """The datastream of a row of the older list, which has neither UUIDs nor names of workspaces."""
        return cls(row["id"], None, row.get("name"), None, row.get("stack_id"), row.get("enabled"), None)

    @property
    def names(self) -> tuple[t.Any, ...]:
        """Its name and UUID."""
        return (self.name, self.uuid)

    @property
    def label(self) -> str:
        """Its name, ID and workspace for a message."""
        return label(self.id, self.name, self.workspace)


def read_list(client: Client, path: str) -> list[Row]:
    """All rows of one list of the older API, each with an integer ``id``. Whether each of these lists has pages is not known (docsite)."""
    return read_linked(client, path, {}, list[Row], bare=True)


def read_workspaces(client: Client) -> list[Workspace]:
    """The workspaces the key can see."""
    return [Workspace.from_row(row) for row in read_list(client, WORKSPACES)]


def read_types(client: Client, path: str) -> list[ObjectType]:
    """The types of destinations or of connections."""
    return [ObjectType.from_row(row) for row in read_list(client, path)]


def read_datastreams(client: Client, wanted: t.Iterable[t.Any] = ()) -> list[NamedDatastream]:
    """The datastreams the key can see, with integer IDs alone.

    Where rows of the list do not tell their workspace, those that ``wanted`` names are read one by one.
    """
    rows = read_list(client, DATASTREAMS)
    names = {str(each.get("name") if isinstance(each, dict) else each) for each in wanted}
    for row in rows:
        if "stack_id" not in row and {str(row["id"]), row.get("name")} & names:
            row.update(client.get(f"{DATASTREAMS}{row['id']}/"))
    return [NamedDatastream.from_row(row) for row in rows]


def read_connections(client: Client, connection_types: list[ObjectType]) -> list[Connection]:
    """The connections of these types, their rows with the ``connection_type`` (slug). One list for each type: there is none of all (docsite)."""
    found = []
    for kind in connection_types:
        try:
            rows = read_list(client, f"{CONNECTION_TYPES}{kind.id}/connections/")
        except Refused as error:
            if error.status == 405:
                error.say(
                    "The API does not list connections, so none can be found by name. Use the ID of the connection."
                )
            raise
        found += [Connection.from_row(dict(row, connection_type=kind.slug)) for row in rows]
    return found


def find(
    things: list[Named], wanted: t.Any, what: str, where: str = "", elsewhere: t.Iterable[Named] = ()
) -> Named:
    """The one that has the name ``wanted``, or, where none has, the id. Raises InputError for none and for several.

    ``where`` are all ``things``, for the message; ``elsewhere`` are those of this name that are not there.
    """
    found = [each for each in things if isinstance(wanted, str) and wanted in each.names]
    found = found or [each for each in things if str(each.id) == str(wanted)]
    if len(found) == 1:
        return found[0]
    asked = f"The {what} {quoted(wanted)}"
    if found:
        raise InputError(
            f"{asked} is ambiguous. It fits {listed(found)}. Use the ID. Nothing was changed.",
            ambiguous=[each.id for each in found],
        )
    other = listed(elsewhere)
    hint = f" A {what} of this name is in another workspace: {other}." if other else ""
    raise InputError(
        f"{asked} does not exist among the {len(things)}{where} that this key can see: {listed(things) or 'none'}.{hint}"
        " Nothing was changed."
    )


def find_exact(things: list[Named], name: str, what: str) -> Named | None:
    """The one with this name, None where there is none. Raises InputError for several.

    A name that differs in spaces at its ends alone is an error: the API may have taken them away.
    """
    found, what = [each for each in things if each.name == name], f"The {what} {quoted(name)}"
    if len(found) > 1:
        fits = f"It fits {listed(found)}. Select one by its ID, or rename or delete the others"
        raise InputError(f"{what} is ambiguous. {fits}.", ambiguous=[each.id for each in found])
    similar = [
        each
        for each in things
        if not found and isinstance(each.name, str) and each.name.strip() == name.strip()
    ]
    if similar:
        other = f"{listed(similar)} differs only in spaces at the ends of its name"
        raise InputError(
            f"{what} does not exist, but {other}. Nothing was created. Use the existing name, or rename that one."
        )
    return found[0] if found else None


def find_workspace(workspaces: list[Workspace], wanted: t.Any) -> Workspace:
    """The workspace of this name, slug or id."""
    return find(workspaces, wanted, "workspace")


def pick(
    things: list[Named], wanted: list[t.Any], find_one: t.Callable[[list[Named], t.Any], Named]
) -> list[Named]:
    """Each that is wanted, in their order; all where one is ``*``."""
    return things if "*" in wanted else [find_one(things, each) for each in wanted]


def find_type(types: list[ObjectType], wanted: t.Any) -> ObjectType:
    """The type of destinations or of connections with this slug or name."""
    return find(types, wanted, "type")


def find_connection(connections: list[Connection], wanted: t.Any) -> Connection:
    """The connection of this name or id."""
    return find(connections, wanted, "connection")


def look_up_connection(
    client: Client, wanted: str, target_type: ObjectType, connection_type: str | None
) -> int:
    """The id of the connection of this name; digits are an id. Raises InputError.

    It is looked for in ``connection_type``; without that in the connection type with the slug or name of the destination's type, then in all others.
    """
    if wanted.isascii() and wanted.isdigit():
        return int(wanted)
    kinds = read_types(client, CONNECTION_TYPES)
    near = [kind for kind in kinds if set(kind.names) & set(target_type.names) - {None}]
    if connection_type is not None:
        near = kinds = [find_type(kinds, connection_type)]
    connections = read_connections(client, near)
    if not any(each.name == wanted for each in connections):
        connections += read_connections(client, [kind for kind in kinds if kind not in near])
    return find_connection(connections, wanted).id


def find_datastream(
    described: list[NamedDatastream], wanted: t.Any, workspaces: list[Workspace]
) -> NamedDatastream:
    """The datastream of this name, UUID or integer ID, or of a dict of ``name`` and ``workspace``. ``described`` are those of ``describe``."""
    if isinstance(wanted, dict):
        workspace = find_workspace(workspaces, wanted.get("workspace"))
        here = [each for each in described if each.workspace_id == workspace.id]
        wanted = wanted.get("name")
        elsewhere = [each for each in described if each.name == wanted and each not in here]
        return find(here, wanted, "datastream", f" in the workspace {quoted(workspace.name)}", elsewhere)
    return find(described, wanted, "datastream")


def _pair(name: t.Any, workspace: t.Any) -> tuple[str | None, str | None]:
    """A name and that of its workspace; None for what is no text."""
    return name if isinstance(name, str) else None, workspace if isinstance(workspace, str) else None


def describe(
    older: list[NamedDatastream], workspaces: list[Workspace], newer: list[Datastream] | None = None
) -> list[NamedDatastream]:
    """The datastreams of ``older`` with their workspace and, where ``newer`` (those of the list with UUIDs) is given, with the UUID.

    Nothing public maps one id to the other. The pair of name and workspace name stands on both sides: where it is unique on both it is the link;
    otherwise ``uuid`` is None and ``note`` says why.
    """
    workspace_names = {workspace.id: workspace.name for workspace in workspaces}
    placed = [each._replace(workspace=workspace_names.get(each.workspace_id)) for each in older]
    if newer is None:
        return placed
    counts = Counter(_pair(each.name, each.workspace) for each in placed)
    uuids: dict[t.Any, list[str]] = {}
    for datastream in newer:
        uuids.setdefault(_pair(datastream.name, datastream.workspace.get("name")), []).append(datastream.id)
    return [_link(each, counts, uuids) for each in placed]


def _link(
    datastream: NamedDatastream, counts: t.Mapping[t.Any, int], uuids: t.Mapping[t.Any, list[str]]
) -> NamedDatastream:
    """The datastream with its UUID, or why it has none. ``counts``: how many integer IDs a pair has."""
    pair = _pair(datastream.name, datastream.workspace)
    here, there = counts[pair], uuids.get(pair, [])
    if datastream.workspace is None:
        note = "No UUID: the workspace is not among those that this key can see."
    elif here == len(there) == 1:
        return datastream._replace(uuid=there[0])
    else:
        note = f"No UUID: the pair of name and workspace fits {here} integer IDs and {len(there)} UUIDs."
    return datastream._replace(note=note)


def quoted(name: t.Any) -> str:
    """A name for a message: in quotes, on one line. Spaces at its ends show."""
    name = str(name)
    return "'{0}{1}{2}'".format(
        " " * name.startswith(" "), text.line(name), " " * (name.endswith(" ") and name != " ")
    )


def label(number: int, name: t.Any, workspace: t.Any = None) -> str:
    """A name for a message, with the ID, and the name of the workspace where it is told."""
    place = "" if workspace is None else f", workspace {quoted(workspace)}"
    return f"{quoted(name)} (id {number}{place})"


def listed(things: t.Iterable[HasName], most: int = 20) -> str:
    """Several for a message, by name and id, and with the workspace where they tell it."""
    return text.several([each.label for each in things], most)
