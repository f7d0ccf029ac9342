# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Destinations (targets): found by type, workspace and name, and what has to be written so that one is as asked (docsite, "Destinations by name").

Pure but for the functions that take a client.
"""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass

from .._api import secrets, text
from .._api.errors import AdverityError, InputError, Refused, UnreadableAnswer
from .._api.paging import Row
from .._spec.result import Diff, Result
from . import directory, fields, objects
from .bindings import Binding
from .changes import Noun
from .fields import Field, Fields
from .references import identity

if t.TYPE_CHECKING:
    from .._api.client import Client

TYPES = "/api/target-types/"
DESTINATIONS = Noun("destination", "destinations")


def read_type(client: Client, wanted: str) -> Row:
    """The destination type of this slug or name. Raises InputError."""
    return directory.find_type(directory.read_list(client, TYPES), wanted)


def path(type_id: int, target_id: int | None = None) -> str:
    """Where the destinations of a type are, or one of them."""
    return f"{TYPES}{type_id}/targets/" + (f"{target_id}/" if target_id is not None else "")


def read(client: Client, type_id: int, target_id: int | None = None) -> list[Row]:
    """The destinations of a type. Whether the API lists them is not documented: where it does not (405), the one with ``target_id``, if it exists."""
    try:
        return directory.read_list(client, path(type_id))
    except Refused as error:
        if error.status != 405:
            raise
        if target_id is None:
            error.say("The API does not list destinations, so none can be found by name. Set target_id.")
            raise
    try:
        return [objects.read(client, path(type_id, target_id))]
    except Refused as error:
        if error.status != 404:
            raise
    return []


def fetch_missing_fields(
    client: Client, type_id: int, rows: list[Row], identifying: Row, needed: t.Iterable[str]
) -> list[Row]:
    """The rows that nothing in ``identifying`` contradicts, with the fields ``needed``: rows of the list may omit fields.

    A field that is None in ``identifying`` may be anything.
    """
    candidates = [row for row in rows if _holds(row, identifying)]
    whole = [
        {**row, **objects.read(client, path(type_id, row["id"]))}
        if any(name not in row for name in needed)
        else row
        for row in candidates
    ]
    return [row for row in whole if _holds(row, identifying)]


def _holds(row: Row, identifying: Row) -> bool:
    return all(value in (None, identity(row.get(name, value))) for name, value in identifying.items())


def read_fields(client: Client, type_id: int) -> Fields:
    """What the type takes. Empty where the API does not say."""
    try:
        data = client.request("OPTIONS", path(type_id)).data
        return {str(name): fields.parse(dict(row)) for name, row in data["actions"]["POST"].items()}
    except Refused as error:
        if error.status in (401, 429) or (error.status >= 500 and error.status != 501):
            raise
    except (UnreadableAnswer, KeyError, TypeError, ValueError, AttributeError):
        pass
    return {}


def find(rows: list[Row], name: str, workspace_id: int) -> Row | None:
    """The destination of this name in this workspace, None where there is none. Raises InputError where it is ambiguous."""
    return directory.find_exact(
        [row for row in rows if _is_in(row, workspace_id)], "name", name, "destination"
    )


def _is_in(row: Row, workspace_id: int) -> bool:
    """Whether the row does not say that the destination is in another workspace."""
    return bool(identity(row.get("stack", workspace_id)) == workspace_id)


def similar(rows: list[Row], name: str) -> list[Row]:
    """The destinations whose names are like this one, or the same but for case, spaces or the workspace, the most similar first."""

    def plain(value: t.Any) -> str:
        return " ".join(str(value).casefold().split())

    names = dict.fromkeys(plain(row.get("name")) for row in rows)
    near = difflib.get_close_matches(plain(name), names, n=5, cutoff=0.6)
    return [row for each in near for row in rows if plain(row.get("name")) == each]


def locate(
    client: Client,
    type_id: int,
    identifying: Row,
    workspace_id: int | None,
    target_id: int | None,
    settings: t.Iterable[str],
) -> Row | None:
    """The destination, by ``target_id`` or else by its name in a workspace, with the fields that are asked for as far as the API returns them."""
    wanted = {"id": target_id, "name": None if target_id else identifying["name"]}
    listed = read(client, type_id, target_id)
    whole = {
        row["id"]: row
        for row in fetch_missing_fields(client, type_id, listed, wanted, ["stack", *identifying, *settings])
    }
    rows = [whole.get(row["id"], row) for row in listed]
    if target_id is None:
        return find(rows, identifying["name"], t.cast(int, workspace_id))
    row = directory.find(rows, target_id, "destination")
    if workspace_id is not None and not _is_in(row, workspace_id):
        raise InputError(
            f"Destination {target_id} is in workspace {row['stack']}, not in workspace {workspace_id}. A destination is not moved."
        )
    return row


def find_absent(rows: list[Row], target_id: int, name: str) -> Row | None:
    """The destination to delete: id and name must agree. None where neither exists. Raises InputError."""
    found = [row for row in rows if row.get("name") == name or row["id"] == target_id]
    if found and not any(row["id"] == target_id and row.get("name") == name for row in found):
        raise InputError(
            f"target_id {target_id} and the name {directory.quoted(name)} do not agree: there is {directory.listed(found)}."
        )
    return next((row for row in found if row["id"] == target_id), None)


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


@dataclass(frozen=True)
class DestinationChange:
    """Creates a destination, or changes it. ``row`` is the present one, None for one that is to be created."""

    type_id: int
    row: Row | None
    body: Row
    fields: Fields

    @property
    def ids(self) -> list[int | str]:
        """Its id; its name while it has none."""
        return [directory.quoted(self.body["name"]) if self.row is None else self.row["id"]]

    def preview(self) -> Row:
        """The destination as it will be. One that is to be created has no id."""
        return {**(self.row or {}), **self.body}

    def send(self, client: Client) -> Row:
        """The destination as it is then."""
        if self.row is None:
            return objects.create(client, path(self.type_id), self.body)
        return dict(
            self.row, **objects.change(client, path(self.type_id, self.row["id"]), self.body, self.fields)
        )


@dataclass(frozen=True)
class DestinationDeletion:
    """Deletes a destination."""

    type_id: int
    row: Row

    @property
    def ids(self) -> list[int]:
        """Its id."""
        return [self.row["id"]]

    def preview(self) -> Row:
        """The destination as it was."""
        return self.row

    def send(self, client: Client) -> Row:
        """The destination as it was."""
        objects.delete(client, path(self.type_id, self.row["id"]))
        return self.row


class DestinationPlan:
    """What to write so that a destination is as asked. ``row`` is the present one, None for one that is to be created.

    ``identifying`` holds ``name``, ``stack``, ``auth`` as far as given, ``settings`` the type's own fields. Raises InputError for settings that cannot be.
    """

    def __init__(
        self, row: Row | None, identifying: Row, settings: Row, fields_of_type: Fields, force: bool = False
    ) -> None:
        secrets.register(
            *secrets.secret_fields(settings, lambda name: fields.is_secret(name, fields_of_type))
        )
        fields.check(settings, identifying, fields_of_type, row is None)
        typed = {
            name: fields.typed(value, fields_of_type.get(name, Field())) for name, value in settings.items()
        }
        wanted = {**identifying, **typed}
        diff = (
            objects.SettingsDiff(wanted, [])
            if row is None
            else objects.compare(row, wanted, force, fields_of_type)
        )
        self.row, self.fields = row, fields_of_type
        self.body, self.unreadable = diff.changes, diff.unreadable
        self.is_unchecked = bool(settings) and not fields_of_type

    @property
    def warnings(self) -> list[str]:
        """What the user has to know of a plan, also where nothing is written."""
        warnings = []
        if self.is_unchecked:
            warnings.append(
                "The API does not say which fields this destination type takes. The settings were not checked in advance."
            )
        if self.unreadable:
            is_forced = self.unreadable[0] in self.body
            what = (
                "were written because force_settings is set"
                if is_forced
                else "were not written. To write them, set force_settings"
            )
            names = ", ".join(self.unreadable)
            warnings.append(
                f"The API does not return these settings, so they cannot be compared: {names}. They {what}."
            )
        return warnings

    def changes(self, type_id: int) -> list[DestinationChange]:
        """At most one."""
        return [DestinationChange(type_id, self.row, self.body, self.fields)] if self.body else []

    def confirm(self, client: Client, type_id: int, row: Row) -> None:
        """Raises AdverityError where the new destination would not be found by its name: the API keeps another, or two runs created one each."""
        name = self.body["name"]
        try:
            rows = read(client, type_id)
            if row.get("name", name) != name:
                kept = directory.quoted(row["name"])
                raise AdverityError(
                    f"Adverity keeps the name {directory.quoted(name)} as {kept}. Use that name."
                )
            same = [
                each
                for each in rows
                if each.get("name") == name and identity(each.get("stack")) == self.body["stack"]
            ]
            if len(same) > 1:
                raise AdverityError(
                    f"Two runs created the same destination at the same time: {directory.listed(same)}. Delete one of them."
                )
        except AdverityError as error:
            error.say(f"Destination {row['id']} was created.")
            error.facts = {**self.result(row).as_dict(), **error.facts}
            raise

    def result(self, row: Row) -> Result:
        """The module's result, ``row`` being the destination as it is (or, in check mode, will be)."""
        hide = objects.unreadable_names(self.body, self.row or row)
        old, new = objects.mask(self.row or {}, hide, self.fields), objects.mask(self.body, hide, self.fields)
        values = {
            "created": self.row is None,
            "destination": objects.mask(row, hide, self.fields),
            "changes": {name: {"before": old.get(name), "after": new[name]} for name in self.body},
        }
        return Result(
            bool(self.body),
            values,
            Diff({name: old[name] for name in self.body if name in old}, new),
            self.warnings,
        )
