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


def read(client: Client, datastream_id: int | None = None, target_id: int | None = None) -> list[Row]:
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
    return sorted(
        (row for row in rows if all(row[name] == value for name, value in given.items())),
        key=lambda row: row["id"],
    )


def read_selected(
    client: Client, binding_ids: list[int] | None, datastream_id: int | None, target_id: int | None
) -> list[Row]:
    """The bindings for which everything holds that is given; every one of ``binding_ids`` must be among them. Raises InputError.

    There is no read of one binding by its id (contract), so ids are looked up in the list.
    """
    return select(read(client, datastream_id, target_id), binding_ids, datastream_id, target_id)


def select(
    rows: list[Row], binding_ids: list[int] | None, datastream_id: int | None, target_id: int | None
) -> list[Row]:
    """Those of the rows that ``binding_ids`` name; all with None. ``datastream_id`` and ``target_id`` are what they were read by. Raises InputError."""
    where = place(datastream_id, target_id)
    if binding_ids is not None:
        selection.refuse_unknown("binding_ids", binding_ids, (row["id"] for row in rows), where)
        wanted = set(binding_ids)
        rows = [row for row in rows if row["id"] in wanted]
    return rows


def place(datastream_id: int | None, target_id: int | None) -> str:
    """Where a binding was looked for, in words."""
    both = {"datastream_id": datastream_id, "target_id": target_id}
    given = {name: value for name, value in both.items() if value is not None}
    return "among the bindings this key can see" + (f" with {_filters(given)}" if given else "")


def _filters(given: dict[str, int]) -> str:
    return " and ".join(f"{name} {value}" for name, value in given.items())


def state(row: Row) -> bool | None:
    """Whether the binding is enabled; None where the row does not say (contract: it is not known whether list rows do)."""
    enabled = row.get("enabled")
    return enabled if isinstance(enabled, bool) else None


def label(row: Row) -> str:
    """A binding, in words a person can place."""
    target = text.line(row.get("target_name") or "") or f"destination {row.get('target_id')}"
    return f"binding {row['id']} (datastream {row.get('datastream_id')} to {target})"


def labels(rows: list[Row]) -> str:
    """Some bindings, in words; past 20 the rest is counted."""
    return text.several([label(row) for row in rows], 20)


def refuse_none(rows: list[Row], datastream_id: int | None, target_id: int | None) -> None:
    """Raises InputError where no binding was found."""
    if not rows:
        raise InputError(
            f"No binding found {place(datastream_id, target_id)}. Check the ids and the key's workspace. To assign the destination to a datastream, use"
            " adverity.management.adverity_assignment, or Adverity. Nothing was changed."
        )
