# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Assignments of datastreams to a destination: *mappings* on the older API, *bindings* on the newer one (docsite, "Destinations by name").

One is identified by destination, datastream and, where it is given, table name. A new one is always disabled: ``adverity_binding`` enables it.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

from .._api import clock
from .._api.errors import InputError
from .._api.paging import Row
from . import bindings, destinations, directory
from .bindings import Binding
from .references import integer_id

if t.TYPE_CHECKING:
    from .._api.client import Client

# How soon a new assignment shows among the bindings is not documented: it is looked for after so many seconds each time.
_PAUSES = (0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Assignment:
    """An assignment. What the API does not show of it is None. ``row`` is what the API returned."""

    id: int
    datastream_id: int | None
    table_name: t.Any
    row: Row = field(repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Row) -> Assignment:
        """The assignment of a row with an integer ID."""
        return cls(row["id"], integer_id(row.get("datastream")), row.get("table_name"), row)

    @property
    def name(self) -> t.Any:
        """Its table name: it goes by that among those of its datastream."""
        return self.table_name

    @property
    def names(self) -> tuple[t.Any, ...]:
        """All that users may ask for it by, beside its ID."""
        return (self.table_name,)

    @property
    def label(self) -> str:
        """Its table name and ID for a message."""
        return directory.label(self.id, self.table_name, self.row.get("workspace"))

    @property
    def is_disabled(self) -> bool:
        """Whether it is certainly disabled."""
        return self.row.get("enabled") is False


@dataclass(frozen=True)
class WantedAssignment:
    """What users ask for. Without a table name any that the datastream has will do. ``settings`` are None where they are not given."""

    datastream_id: int
    table_name: str | None
    settings: Row | None

    def as_dict(self) -> Row:
        """As an item of the option ``assignments``."""
        return {
            "datastream_id": self.datastream_id,
            "table_name": self.table_name,
            "settings": self.settings,
        }


def wanted(option: list[Row]) -> list[WantedAssignment]:
    """What the option ``assignments`` asks for."""
    return [WantedAssignment(each["datastream_id"], each["table_name"], each["settings"]) for each in option]


def path(type_id: int, target_id: int, mapping_id: int | None = None) -> str:
    """Where the assignments of a destination are, or one of them."""
    return (
        destinations.path(type_id, target_id)
        + "mappings/"
        + (f"{mapping_id}/" if mapping_id is not None else "")
    )


def read(client: Client, type_id: int, target_id: int) -> list[Assignment]:
    """The assignments of a destination."""
    return [Assignment.from_row(row) for row in directory.read_list(client, path(type_id, target_id))]


def find(present: list[Assignment], datastream_id: int, table_name: str | None) -> Assignment | None:
    """The assignment of a datastream, with this table name where one is given; None where there is none. Raises InputError where it is ambiguous."""
    of_datastream = list({each.id: each for each in present if each.datastream_id == datastream_id}.values())
    if table_name is not None:
        return directory.find_exact(
            of_datastream, table_name, f"assignment of datastream {datastream_id} to the table"
        )
    if len(of_datastream) > 1:
        raise InputError(
            f"Datastream {datastream_id} has several assignments here: {directory.listed(of_datastream)}. Set table_name."
        )
    return of_datastream[0] if of_datastream else None


def link(present: list[Assignment], listed: list[Binding]) -> dict[int, Binding]:
    """The binding of each assignment, by the assignment's id, as far as it is certain. Pure.

    Whether both have the same id is not documented. One assignment and one binding of a datastream belong together; where there are several of each
    they are told apart only where their ids are the same.
    """
    links: dict[int, Binding] = {}
    for datastream_id in {each.datastream_id for each in present}:
        assignment_ids = [each.id for each in present if each.datastream_id == datastream_id]
        binding_by_id = {each.id: each for each in listed if each.datastream_id == datastream_id}
        if len(assignment_ids) == len(binding_by_id) == 1:
            links[assignment_ids[0]] = next(iter(binding_by_id.values()))
        elif set(assignment_ids) == set(binding_by_id):
            links.update(binding_by_id)
    return links


def read_links(
    client: Client, target_id: int, present: list[Assignment], datastream_ids: t.Container[int]
) -> dict[int, Binding]:
    """``link`` with the bindings of a destination. Waits a few seconds until those of these datastreams show; some may still be missing."""
    expected = Counter(each.datastream_id for each in present if each.datastream_id in datastream_ids)
    for pause in (*_PAUSES, None):
        listed = bindings.read(client, target_id=target_id)
        if pause is None or not expected - Counter(binding.datastream_id for binding in listed):
            break
        clock.sleep(pause)
    return link(present, listed)
