# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What is written so that a destination is as asked, or is gone: the plan, and the results of ``adverity_destination``."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._api import secrets
from .._api.errors import AdverityError
from .._api.paging import Row
from .._ledger.ledger import open_ledger
from .._ledger.store import PREDICT, WRITE
from .._spec.result import Diff, Result
from . import bindings, destinations, directory, fields, objects
from .changes import Noun, apply
from .destinations import Destination, Identifying, path
from .fields import Field, Fields

if t.TYPE_CHECKING:
    from .._api.client import Client

_DESTINATIONS = Noun("destination", "destinations")


@dataclass(frozen=True)
class DestinationChange:
    """Creates a destination, or changes it: None is present of one that is to be created. What comes of it is a row, as results show it."""

    type_id: int
    present: Destination | None
    body: Row
    fields: Fields

    @property
    def ids(self) -> list[int | str]:
        """Its id; its name while it has none."""
        return [directory.quoted(self.body["name"]) if self.present is None else self.present.id]

    def preview(self) -> Row:
        """The destination as it will be. One that is to be created has no id."""
        return {**({} if self.present is None else self.present.row), **self.body}

    def send(self, client: Client) -> Row:
        """The destination as it is then."""
        if self.present is None:
            return objects.create(client, path(self.type_id), self.body)
        where = path(self.type_id, self.present.id)
        return {**self.present.row, **objects.change(client, where, self.body, self.fields)}


@dataclass(frozen=True)
class DestinationDeletion:
    """Deletes a destination."""

    type_id: int
    present: Destination

    @property
    def ids(self) -> list[int]:
        """Its id."""
        return [self.present.id]

    def preview(self) -> Destination:
        """The destination as it was."""
        return self.present

    def send(self, client: Client) -> Destination:
        """The destination as it was."""
        objects.delete(client, path(self.type_id, self.present.id))
        return self.present


class DestinationPlan:
    """What to write so that a destination is as asked: None is present of one that is to be created.

    ``settings`` are the type's own fields, ``listed`` the destinations of the type. Raises InputError for settings that cannot be.
    """

    def __init__(
        self,
        present: Destination | None,
        identifying: Identifying,
        settings: Row,
        fields_of_type: Fields,
        force: bool = False,
        listed: t.Sequence[Destination] = (),
    ) -> None:
        secrets.register(
            *secrets.secret_fields(settings, lambda name: fields.is_secret(name, fields_of_type))
        )
        given = identifying.fields(present is None)
        fields.check(settings, given, fields_of_type, present is None)
        typed = {
            name: fields.typed(value, fields_of_type.get(name, Field())) for name, value in settings.items()
        }
        wanted = {**given, **typed}
        diff = (
            objects.SettingsDiff(wanted, [])
            if present is None
            else objects.compare(present.row, wanted, force, fields_of_type)
        )
        self.present, self.fields = present, fields_of_type
        self.body, self.unreadable = diff.changes, diff.unreadable
        self.is_unchecked = bool(settings) and not fields_of_type
        self.perhaps_renamed = (
            destinations.perhaps_renamed(list(listed), identifying, typed, fields_of_type)
            if present is None
            else []
        )

    @property
    def warnings(self) -> list[str]:
        """What the user has to know of a plan, also where nothing is written."""
        warnings = []
        if self.perhaps_renamed:
            warnings.append(
                f"The workspace has no destination {directory.quoted(self.body['name'])} of this type, so a new one is created."
                f" It may be an existing one that was renamed, with the same settings or a similar name: {directory.listed(self.perhaps_renamed)}."
                " To use that one, set target_id (in the role, deploy_destination_target_id) to its ID, and omit the name."
            )
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
        return [DestinationChange(type_id, self.present, self.body, self.fields)] if self.body else []

    def confirm(self, client: Client, type_id: int, row: Row) -> None:
        """Raises AdverityError where the new destination would not be found by its name: the API keeps another, or two runs created one each."""
        name = self.body["name"]
        try:
            listed = destinations.read(client, type_id)
            if row.get("name", name) != name:
                kept = directory.quoted(row["name"])
                raise AdverityError(
                    f"Adverity keeps the name {directory.quoted(name)} as {kept}. Use that name."
                )
            workspace_id = self.body["stack"]
            same = [each for each in listed if each.name == name and each.workspace_id == workspace_id]
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
        present = {} if self.present is None else self.present.row
        hide = objects.unreadable_names(self.body, present or row)
        old, new = objects.mask(present, hide, self.fields), objects.mask(self.body, hide, self.fields)
        values = {
            "created": self.present is None,
            "destination": objects.mask(row, hide, self.fields),
            "changes": {name: {"before": old.get(name), "after": new[name]} for name in self.body},
        }
        return Result(
            bool(self.body),
            values,
            Diff({name: old[name] for name in self.body if name in old}, new),
            self.warnings,
        )


def provide(client: Client, params: dict[str, t.Any], check_mode: bool) -> Result:
    """The result of ``adverity_destination`` with these parameters, for one that is to exist. A lock keeps two runs from creating it twice."""
    ledger = open_ledger(params, client.host, PREDICT if check_mode else WRITE)  # not opened yet
    kind = destinations.read_type(client, params["type"])
    workspace_id = connection_id = None
    if params["workspace"] is not None:
        workspace_id = directory.find_workspace(directory.read_workspaces(client), params["workspace"]).id
    if params["connection"] is not None:
        connection_id = directory.look_up_connection(
            client, params["connection"], kind, params["connection_type"]
        )
    identifying = Identifying(params["name"], connection_id, workspace_id)
    settings = params["settings"] or {}
    fields_of_type = destinations.read_fields(client, kind.id)

    def make_plan() -> DestinationPlan:
        present, listed = destinations.locate(client, kind.id, identifying, params["target_id"], settings)
        return DestinationPlan(
            present, identifying, settings, fields_of_type, params["force_settings"], listed
        )

    plan = make_plan()
    if plan.present is not None:
        return _write(plan, client, kind.id, check_mode)
    with ledger:
        ledger.lock_names(
            [("destination", kind.id, t.cast(int, workspace_id), params["name"])],
            f"the lock of the new destination {directory.quoted(params['name'])}",
        )
        return _write(make_plan(), client, kind.id, check_mode)  # another run may have created it meanwhile


def _write(plan: DestinationPlan, client: Client, type_id: int, check_mode: bool) -> Result:
    applied = apply(plan.changes(type_id), client, check_mode, _DESTINATIONS)
    applied.check()
    row = applied.made[0] if applied.made else t.cast(Destination, plan.present).row
    if plan.present is None and not check_mode:
        plan.confirm(client, type_id, row)
    return plan.result(row)


def delete(client: Client, params: dict[str, t.Any], check_mode: bool) -> Result:
    """The result of ``adverity_destination`` with these parameters, for one that is to be gone."""
    target_id = params["target_id"]
    type_id = destinations.read_type(client, params["type"]).id
    listed = destinations.read(client, type_id, target_id)
    present = destinations.find_absent(listed, target_id, params["name"])
    row = present.row if present else {}
    shown: Row = {name: row[name] for name in ("id", "name", "stack") if name in row}
    if present:
        destinations.refuse_enabled(bindings.read(client, target_id=target_id), f"Destination {target_id}")
        apply([DestinationDeletion(type_id, present)], client, check_mode, _DESTINATIONS).check()
    values = {"created": False, "destination": shown or None, "changes": {}}
    return Result(bool(present), values, Diff(shown, {}))
