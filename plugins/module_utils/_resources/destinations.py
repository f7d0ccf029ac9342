# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Destinations (targets): reading them, and finding one by type, workspace and name (docsite, "Destinations by name"). Writing: ``destination_plan.py``."""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass

from .._api import text
from .._api.errors import InputError, Refused, UnreadableAnswer
from .._api.paging import Row
from . import directory, fields, objects
from .bindings import Binding
from .fields import Fields
from .references import identity

if t.TYPE_CHECKING:
    from .._api.client import Client

TYPES = "/api/target-types/"


@dataclass(frozen=True)
class Destination(directory.NamedObject):
    """A destination. ``workspace_id`` is None where the API does not tell it."""

    workspace_id: t.Any

    @classmethod
    def from_row(cls, row: Row) -> Destination:
        """The destination of a row with an integer ID."""
        return cls(row["id"], row.get("name"), row, identity(row.get("stack")))

    def may_be_in(self, workspace_id: int | None) -> bool:
        """Whether the row does not say that it is in another workspace."""
        return "stack" not in self.row or self.workspace_id == workspace_id


class Choice(t.NamedTuple):
    """Which destinations are wanted. None takes any."""

    id: int | None = None
    name: str | None = None
    workspace_id: int | None = None

    def may_fit(self, destination: Destination) -> bool:
        """Whether nothing that the row tells contradicts it: rows of the list may omit fields."""
        wanted = {"id": self.id, "name": self.name, "stack": self.workspace_id}
        row = destination.row
        return all(value in (None, identity(row.get(name, value))) for name, value in wanted.items())


@dataclass(frozen=True)
class Identifying:
    """What options of their own say of a destination, beside its settings. None where they are not given."""

    name: str | None = None
    connection_id: int | None = None
    workspace_id: int | None = None

    def fields(self, is_new: bool) -> Row:
        """What is given, as fields of the API. A destination that exists is not moved to another workspace."""
        workspace_id = self.workspace_id if is_new else None
        fields = {"name": self.name, "auth": self.connection_id, "stack": workspace_id}
        return {name: value for name, value in fields.items() if value is not None}


def read_type(client: Client, wanted: str) -> directory.ObjectType:
    """The destination type of this slug or name. Raises InputError."""
    return directory.find_type(directory.read_types(client, TYPES), wanted)


def path(type_id: int, target_id: int | None = None) -> str:
    """Where the destinations of a type are, or one of them."""
    return f"{TYPES}{type_id}/targets/" + (f"{target_id}/" if target_id is not None else "")


def read(client: Client, type_id: int, target_id: int | None = None) -> list[Destination]:
    """The destinations of a type. Whether the API lists them is not documented: where it does not (405), the one with ``target_id``, if it exists."""
    try:
        return [Destination.from_row(row) for row in directory.read_list(client, path(type_id))]
    except Refused as error:
        if error.status != 405:
            raise
        if target_id is None:
            error.say("The API does not list destinations, so none can be found by name. Set target_id.")
            raise
    try:
        return [Destination.from_row(objects.read(client, path(type_id, target_id)))]
    except Refused as error:
        if error.status != 404:
            raise
    return []


def fetch_missing_fields(
    client: Client, type_id: int, listed: list[Destination], choice: Choice, needed: t.Iterable[str]
) -> list[Destination]:
    """Those that are chosen, with the fields ``needed``: rows of the list may omit fields."""
    candidates = [each for each in listed if choice.may_fit(each)]
    whole = [
        Destination.from_row({**each.row, **objects.read(client, path(type_id, each.id))})
        if any(name not in each.row for name in needed)
        else each
        for each in candidates
    ]
    return [each for each in whole if choice.may_fit(each)]


def read_fields(client: Client, type_id: int) -> Fields:
    """What the type takes. Empty where the API does not say."""
    try:
        data = client.request("OPTIONS", path(type_id)).data
        return {str(name): fields.Field.from_row(dict(row)) for name, row in data["actions"]["POST"].items()}
    except Refused as error:
        if error.status in (401, 429) or (error.status >= 500 and error.status != 501):
            raise
    except (UnreadableAnswer, KeyError, TypeError, ValueError, AttributeError):
        pass
    return {}


def find(present: list[Destination], name: str, workspace_id: int | None) -> Destination | None:
    """The destination of this name in this workspace, None where there is none. Raises InputError where it is ambiguous."""
    return directory.find_exact(
        [each for each in present if each.may_be_in(workspace_id)], name, "destination"
    )


def similar(present: list[Destination], name: str) -> list[Destination]:
    """The destinations whose names are like this one, or the same but for case, spaces or the workspace, the most similar first."""

    def plain(value: t.Any) -> str:
        return " ".join(str(value).casefold().split())

    names = dict.fromkeys(plain(each.name) for each in present)
    near = difflib.get_close_matches(plain(name), names, n=5, cutoff=0.6)
    return [each for similar_name in near for each in present if plain(each.name) == similar_name]


def perhaps_renamed(
    listed: list[Destination], identifying: Identifying, settings: Row, fields_of_type: Fields
) -> list[Destination]:
    """Of all of the type, those that may be the destination that no longer has its name.

    They are in its workspace, and none of the given settings that can be read differs. At least one of these is the same, or the name is similar.
    """
    here = [each for each in listed if each.may_be_in(identifying.workspace_id)]
    similar_names = similar(here, identifying.name or "")
    wanted = {**Identifying(connection_id=identifying.connection_id).fields(False), **settings}
    found = []
    for each in here:
        diff = objects.compare(each.row, wanted, False, fields_of_type)
        is_same = not set(settings) <= set(diff.unreadable)
        if not diff.changes and (is_same or each in similar_names):
            found.append(each)
    return found


def locate(
    client: Client,
    type_id: int,
    identifying: Identifying,
    target_id: int | None,
    settings: t.Iterable[str],
) -> tuple[Destination | None, list[Destination]]:
    """The destination, by ``target_id`` or else by its name in a workspace, with the fields that are asked for as far as the API returns them.

    With it, all of its type.
    """
    workspace_id = identifying.workspace_id
    choice = Choice(target_id, None if target_id else identifying.name)
    listed = read(client, type_id, target_id)
    needed = ["stack", *identifying.fields(False), *settings]
    whole = {each.id: each for each in fetch_missing_fields(client, type_id, listed, choice, needed)}
    present = [whole.get(each.id, each) for each in listed]
    if target_id is None:
        return find(present, t.cast(str, identifying.name), workspace_id), present
    found = directory.find(present, target_id, "destination")
    if workspace_id is not None and not found.may_be_in(workspace_id):
        raise InputError(
            f"Destination {target_id} is in workspace {found.row['stack']}, not in workspace {workspace_id}. A destination is not moved."
        )
    return found, present


def find_absent(present: list[Destination], target_id: int, name: str) -> Destination | None:
    """The destination to delete: id and name must agree. None where neither exists. Raises InputError."""
    found = [each for each in present if each.name == name or each.id == target_id]
    if found and not any(each.id == target_id and each.name == name for each in found):
        raise InputError(
            f"target_id {target_id} and the name {directory.quoted(name)} do not agree: there is {directory.listed(found)}."
        )
    return next((each for each in found if each.id == target_id), None)


def refuse_enabled(listed: list[Binding], what: str) -> None:
    """Raises InputError where one of these bindings is enabled, or not known to be disabled."""
    enabled = [binding for binding in listed if binding.enabled is not False]
    if enabled:
        shown = text.several([text.line(binding.label) for binding in enabled], 20)
        ids = [binding.id for binding in enabled]
        raise InputError(
            f"{what} was not deleted: it still has enabled bindings. Disable them first with adverity_binding: {shown}.",
            binding_ids=ids,
        )
