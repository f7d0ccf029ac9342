# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Datastreams: reading them, and selecting those that a change is for (pulling guide).

A filter is sent to the API and, where a row tells, also held against the row: one that the API passes over must not widen a change.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._api import text
from .._api.client import MOST_IDS, Client, Params
from .._api.errors import IncompleteList, InputError, Refused, UnreadableAnswer
from .._api.numbered_list import read_numbered
from .._api.paging import Row
from .._spec import selection
from .._spec.kinds import to_uuid

PATH = "/api/v1/datastreams/"
# With one of these the API may refuse a request that names a datastream it does not know, or it skips that one (contract: not visible_ids).
_MAY_MEAN_UNKNOWN = (400, 404, 422)


@dataclass(frozen=True)
class Datastream:
    """A datastream of the list with UUIDs. ``enabled`` is None where the row does not say. ``row`` is what the API returned."""

    id: str
    name: t.Any
    enabled: bool | None
    row: Row = field(repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Row) -> Datastream:
        """The datastream of a row with a UUID."""
        enabled = row.get("enabled")
        return cls(row["id"], row.get("name"), enabled if isinstance(enabled, bool) else None, row)

    @property
    def pulling(self) -> Row:
        """How it fetches; empty where the row does not say."""
        pulling = self.row.get("pulling")
        return pulling if isinstance(pulling, dict) else {}

    @property
    def active_mode(self) -> t.Any:
        """``smart``, ``smart-bundle`` or ``schedule``; None for no schedule, and where the row does not say."""
        return self.pulling.get("active_mode")

    @property
    def workspace(self) -> Row:
        """Its workspace; empty where the row does not say."""
        workspace = self.row.get("workspace")
        return workspace if isinstance(workspace, dict) else {}

    @property
    def label(self) -> str:
        """The datastream, in words a person can place."""
        name = text.line(self.name or "", longest=100)
        return f"{name} ({self.id})" if name else str(self.id)


class Filters(t.NamedTuple):
    """Which datastreams are wanted. None takes any."""

    workspace_ids: list[str] | None = None
    workspace_scope: str | None = None
    enabled: bool | None = None
    active_pulling_mode: str | None = None

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any]) -> Filters:
        """The options of ``adverity_datastream_info``, as far as they are given."""
        return cls(*[options.get(name) for name in cls._fields])

    def query(self) -> Params:
        """What the API is asked with."""
        asked: Params = {}
        if self.workspace_ids:
            asked["workspace_id"] = selection.once(self.workspace_ids)
        if self.enabled is not None:
            asked["enabled"] = "true" if self.enabled else "false"
        if self.workspace_scope is not None:
            asked["workspace_scope"] = self.workspace_scope
        if self.active_pulling_mode is not None:
            asked["active_pulling_mode"] = self.active_pulling_mode
        return asked

    def may_fit(self, datastream: Datastream) -> bool:
        """Whether nothing that the row tells contradicts a filter. Which workspaces a scope reaches the API alone knows."""
        if datastream.enabled is not None and self.enabled not in (None, datastream.enabled):
            return False
        tells_mode = "active_mode" in datastream.pulling
        if tells_mode and self.active_pulling_mode not in (None, datastream.active_mode):
            return False
        if not self.workspace_ids or self.workspace_scope:
            return True
        where = datastream.workspace.get("id")
        return not isinstance(where, str) or where.lower() in self.workspace_ids


_ALL = Filters()


def check_selection(params: dict[str, t.Any]) -> None:
    """Raises InputError where the options do not select datastreams. Nothing empty ever means all."""
    selection.refuse_empty(params, "datastream_ids")
    if params["filters"] is not None:
        given = {name: value for name, value in params["filters"].items() if value is not None}
        selection.refuse_empty({"filters": given}, "filters")
        selection.refuse_empty(given, "workspace_ids")
    elif params["datastream_ids"] is None and not params["all_datastreams"]:
        raise InputError("Select datastreams with datastream_ids, filters or all_datastreams: true.")


def read_selected(client: Client, params: dict[str, t.Any]) -> list[Datastream]:
    """The datastreams that a module's options select. Raises InputError where an id is not one that the key can see."""
    ids, filters = params["datastream_ids"], Filters.of(params["filters"] or {})
    found = read(client, ids, filters)
    if ids is not None:
        seen = {datastream.id for datastream in found}
        missing = [each for each in ids if each not in seen]
        if missing and params["filters"]:  # is it unknown, or only not what the filters let through?
            seen.update(datastream.id for datastream in read(client, missing))
        selection.refuse_unknown(
            "datastream_ids", selection.once(ids), seen, "among the datastreams this key can see"
        )
    return found


def read(client: Client, ids: list[str] | None = None, filters: Filters = _ALL) -> list[Datastream]:
    """The datastreams the key can see, of ``ids`` where these are given and in their order; of these the ones for which all filters hold.

    An id that the key cannot see is left out.
    """
    asked = filters.query()
    if ids is None:
        listed = _list(client, asked)
    else:
        ids = selection.once(ids)
        found: dict[str, Datastream] = {}
        for start in range(0, len(ids), MOST_IDS):
            found.update((each.id, each) for each in _read_ids(client, ids[start : start + MOST_IDS], asked))
        listed = [found[each] for each in ids if each in found]
    return [datastream for datastream in listed if filters.may_fit(datastream)]


def _read_ids(client: Client, ids: list[str], asked: Params) -> list[Datastream]:
    """The datastreams of at most 50 ids, also where the API refuses a request that names one it does not know."""
    try:
        return _list(client, dict(asked, datastream_id=ids))
    except Refused as error:
        if error.status not in _MAY_MEAN_UNKNOWN:
            raise
        visible_ids = _find_visible(client, ids)
        if len(visible_ids) == len(ids):
            raise  # it was refused for another reason
        if not visible_ids:
            client.get(PATH)  # raises where the list itself is refused: that says nothing about the ids
            return []
    return _list(client, dict(asked, datastream_id=visible_ids))


def _find_visible(client: Client, ids: list[str]) -> list[str]:
    """Those of the ids that the API knows: a refused request is halved, until it names a single one."""
    try:
        found = {datastream.id for datastream in _list(client, {"datastream_id": ids})}
        return [each for each in ids if each in found]
    except Refused as error:
        if error.status not in _MAY_MEAN_UNKNOWN:
            raise
    if len(ids) == 1:
        return []
    middle = len(ids) // 2
    return _find_visible(client, ids[:middle]) + _find_visible(client, ids[middle:])


def _list(client: Client, asked: Params) -> list[Datastream]:
    try:
        rows = read_numbered(client, PATH, asked, page_size=None)
    except IncompleteList as error:
        error.say(
            "If the API never returns more of this list, select fewer datastreams at a time, with datastream_ids or narrower filters."
        )
        raise
    try:
        return [Datastream.from_row(dict(row, id=to_uuid(row["id"]))) for row in rows]
    except ValueError as error:
        raise UnreadableAnswer(
            f"GET {PATH} returned a datastream whose id is not a UUID: {error}.",
            method="GET",
            path=PATH,
        ) from error
