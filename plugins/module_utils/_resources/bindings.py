# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Bindings: which datastream loads into which destination, and whether it does (bindings guide)."""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.errors import AdverityError, InputError
from .._api.numbered_list import read_numbered
from .._api.paging import Row, with_integers
from .._spec import selection

if t.TYPE_CHECKING:  # every task that uses a filter of ours would load requests, for nothing
    from .._api.client import Client

PATH = "/api/v1/bindings/"


class Binding(t.NamedTuple):
    """A binding; there may be a hundred thousand of them. ``enabled`` is None where the API does not say (contract: it is not known whether
    rows of the list do). ``row`` is what the API returned."""

    id: int
    datastream_id: int
    target_id: int
    enabled: bool | None
    row: Row

    @classmethod
    def from_row(cls, row: Row) -> Binding:
        """The binding of a row with integer IDs."""
        enabled = row.get("enabled")
        return cls(
            row["id"],
            row["datastream_id"],
            row["target_id"],
            enabled if isinstance(enabled, bool) else None,
            row,
        )

    @property
    def target_name(self) -> str:
        """The name of its destination, on one line; empty where the API does not tell it."""
        return text.line(self.row.get("target_name") or "")

    @property
    def created(self) -> t.Any:
        """When it was made, as the API wrote it."""
        return self.row.get("created")

    @property
    def updated(self) -> t.Any:
        """When it was last changed, as the API wrote it."""
        return self.row.get("updated")

    @property
    def label(self) -> str:
        """The binding, in words a person can place."""
        target = self.target_name or f"destination {self.target_id}"
        return f"binding {self.id} (datastream {self.datastream_id} to {target})"

    def changed(self, fields: Row) -> Binding:
        """The binding with these fields of its row."""
        return Binding.from_row({**self.row, **fields})


def read(client: Client, datastream_id: int | None = None, target_id: int | None = None) -> list[Binding]:
    """The bindings the key can see, by id, of one datastream and/or one destination where these are given. Errors name these."""
    both = {"datastream_id": datastream_id, "target_id": target_id}
    given = {name: value for name, value in both.items() if value is not None}
    try:
        rows = [with_integers(PATH, row, "id", *both) for row in read_numbered(client, PATH, given)]
    except AdverityError as error:
        if given:
            error.say(f"The bindings with {_filters(given)} were not read.")
        raise
    # Once more, so that no binding is ever written that was not meant.
    meant = (row for row in rows if all(row[name] == value for name, value in given.items()))
    return sorted(map(Binding.from_row, meant), key=lambda binding: binding.id)


def read_selected(
    client: Client, binding_ids: list[int] | None, datastream_id: int | None, target_id: int | None
) -> list[Binding]:
    """The bindings for which everything holds that is given; every one of ``binding_ids`` must be among them. Raises InputError.

    There is no read of one binding by its id (contract), so ids are looked up in the list.
    """
    return select(read(client, datastream_id, target_id), binding_ids, datastream_id, target_id)


def select(
    listed: list[Binding], binding_ids: list[int] | None, datastream_id: int | None, target_id: int | None
) -> list[Binding]:
    """Those of the bindings that ``binding_ids`` name; all with None. ``datastream_id`` and ``target_id`` are what they were read by. Raises InputError."""
    if binding_ids is None:
        return listed
    where = place(datastream_id, target_id)
    selection.refuse_unknown("binding_ids", binding_ids, (each.id for each in listed), where)
    wanted = set(binding_ids)
    return [each for each in listed if each.id in wanted]


def place(datastream_id: int | None, target_id: int | None) -> str:
    """Where a binding was looked for, in words."""
    both = {"datastream_id": datastream_id, "target_id": target_id}
    given = {name: value for name, value in both.items() if value is not None}
    return "among the bindings this key can see" + (f" with {_filters(given)}" if given else "")


def _filters(given: dict[str, int]) -> str:
    return " and ".join(f"{name} {value}" for name, value in given.items())


def labels(listed: t.Iterable[Binding]) -> str:
    """Some bindings, in words; past 20 the rest is counted."""
    return text.several([binding.label for binding in listed], 20)


def refuse_none(found: list[Binding], datastream_id: int | None, target_id: int | None) -> None:
    """Raises InputError where no binding was found."""
    if not found:
        raise InputError(
            f"No binding found {place(datastream_id, target_id)}. Check the ids and the key's workspace. To assign the destination to a datastream, use"
            " adverity.management.adverity_assignment, or Adverity. Nothing was changed."
        )
