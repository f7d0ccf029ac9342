# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the names in the variables of the role ``deploy_destination`` mean, looked up at the API. Reads only."""

from __future__ import annotations

import dataclasses
import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import InputError
from .._api.paging import Row
from .._resources import assignments, datastreams, destinations, directory
from .._resources.assignment_plan import AssignmentPlan
from .._resources.assignments import WantedAssignment
from .._resources.bindings import Binding
from .._resources.destination_plan import DestinationPlan
from .._resources.destinations import Destination, Identifying
from .._resources.directory import NamedDatastream, ObjectType, Workspace
from .._spec import selection
from . import options as variables
from .options import RoleVariables, WantedDatastream


@dataclasses.dataclass(frozen=True)
class Named:
    """What the variables name.

    ``target_id``: the destination; None where it is still to be created. ``destination``: what has to be
    written so that it is as asked; None where it goes by its ID. ``datastreams``: those that go by their
    names, with ``wanted_assignments`` for each, in the same order. ``assignments``: what has to be written
    for these; None where no datastream goes by its name. ``datastream_uuids``: of these datastreams, None
    where no variable needs them.
    """

    target_id: int | None
    connection_id: int | None
    destination: DestinationPlan | None
    datastreams: list[NamedDatastream]
    wanted_assignments: list[WantedAssignment]
    assignments: AssignmentPlan | None
    datastream_uuids: tuple[str, ...] | None

    @property
    def creates(self) -> bool:
        """Whether the destination has to be created or changed."""
        return self.destination is not None and bool(self.destination.body)

    @property
    def assigns(self) -> bool:
        """Whether a datastream has to be assigned; those of a destination that is written are looked at
        again.
        """
        return self.assignments is not None and (self.creates or bool(self.assignments.due))

    def bindings_by_datastream(self, listed: list[Binding]) -> list[list[Binding]]:
        """Of the listed bindings those of each assignment that is asked for, in the order of ``datastreams``."""
        return [] if self.assignments is None else self.assignments.bindings_of(listed)


def find(client: Client, wanted: RoleVariables) -> Named:
    """What is named in the variables. Raises InputError where a name fits nothing, or more than one thing."""
    names = _Names(client, wanted)
    destination, destination_plan = names.find_destination(wanted.settings or {})
    target_id = wanted.target_id or (destination.id if destination else None)
    found = names.find_datastreams()
    asked = _wanted_assignments(wanted.datastreams or (), found)
    return Named(
        target_id,
        names.connection_id,
        destination_plan,
        found,
        asked,
        AssignmentPlan(names.read_assignments(target_id), asked) if found else None,
        _uuids(found) if found and names.needs_uuids else None,
    )


class _Names:
    """What the names in the variables mean. Each list is read once."""

    def __init__(self, client: Client, wanted: RoleVariables) -> None:
        self._client, self._wanted = client, wanted
        self._workspaces: list[Workspace] | None = None
        self._type: ObjectType | None = None
        self.connection_id: int | None = None
        self.needs_uuids = any(getattr(wanted, name) is not None for name in variables.DATASTREAM_OPTIONS)

    def find_destination(self, settings: Row) -> tuple[Destination | None, DestinationPlan | None]:
        """The destination by its name (None: there is none yet), and what has to be written so that it is as
        asked; None where it goes by its id.
        """
        wanted, client = self._wanted, self._client
        if wanted.name is None:
            return None, None
        kind = self._read_type()
        workspace_id = directory.find_workspace(self._read_workspaces(), wanted.workspace).id
        if wanted.connection is not None:
            self.connection_id = directory.look_up_connection(client, wanted.connection, kind, None)
        named = Identifying(wanted.name, self.connection_id, workspace_id)
        present, listed = destinations.locate(client, kind.id, named, None, settings)
        if present is not None:
            plan = DestinationPlan(present, named, settings, {})
            if not plan.body:
                plan.is_unchecked = False  # nothing to write, so nothing to check
                return present, plan
        elif not wanted.create:
            raise self._no_destination(listed, workspace_id)
        fields_of_type = destinations.read_fields(client, kind.id)
        return present, DestinationPlan(present, named, settings, fields_of_type, listed=listed)

    def _no_destination(self, present: list[Destination], workspace_id: int) -> InputError:
        """The error for a destination that must exist. ``present`` are all destinations of the type."""
        workspaces = {workspace.id: workspace.name for workspace in self._read_workspaces()}
        similar = destinations.similar(present, self._wanted.name or "")
        labels = [directory.label(each.id, each.name, workspaces.get(each.workspace_id)) for each in similar]
        shown = text.several(labels, 20)
        return InputError(
            f"{variables.PREFIX}name: the destination {directory.quoted(self._wanted.name)} does not"
            f" exist in the workspace {directory.quoted(workspaces.get(workspace_id))}, and"
            f" {variables.PREFIX}create is false. Similar names of this type: {shown or 'none'}."
            " Nothing was changed."
        )

    def find_datastreams(self) -> list[NamedDatastream]:
        """The datastreams that are named, with both ids where UUIDs are needed."""
        if not self._wanted.datastreams:
            return []
        newer = datastreams.read(self._client) if self.needs_uuids else None
        workspaces = self._read_workspaces()
        wanted = [
            given.name if given.workspace is None else {"name": given.name, "workspace": given.workspace}
            for given in self._wanted.datastreams
        ]
        older = directory.read_datastreams(self._client, wanted)
        described = directory.describe(older, workspaces, newer)
        return [directory.find_datastream(described, name, workspaces) for name in wanted]

    def read_assignments(self, target_id: int | None) -> list[assignments.Assignment]:
        """The assignments of the destination; none where it is still to be created."""
        return [] if target_id is None else assignments.read(self._client, self._read_type().id, target_id)

    def _read_workspaces(self) -> list[Workspace]:
        if self._workspaces is None:
            self._workspaces = directory.read_workspaces(self._client)
        return self._workspaces

    def _read_type(self) -> ObjectType:
        if self._type is None:
            self._type = destinations.read_type(self._client, self._wanted.type or "")
        return self._type


def _wanted_assignments(
    given: t.Sequence[WantedDatastream], found: list[NamedDatastream]
) -> list[WantedAssignment]:
    """The assignments as they are asked for. ``found``: the datastreams that are ``given``, in the same
    order.
    """
    return [
        WantedAssignment(datastream.id, each.table_name, each.settings)
        for each, datastream in zip(given, found)
    ]


def _uuids(found: list[NamedDatastream]) -> tuple[str, ...]:
    """The UUIDs of the datastreams, each once. Raises InputError where one has none."""
    unlinked = next((datastream for datastream in found if datastream.uuid is None), None)
    if unlinked is not None:
        raise InputError(
            f"{variables.PREFIX}datastreams: {directory.quoted(unlinked.name)} cannot be linked to a"
            f" UUID. {unlinked.note} Set {variables.PREFIX}datastream_ids and"
            f" {variables.PREFIX}datastream_uuids instead. Nothing was changed."
        )
    return tuple(selection.once(datastream.uuid for datastream in found if datastream.uuid is not None))
