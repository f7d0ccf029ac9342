# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Bindings: which datastream loads into which destination, and whether it does (bindings guide)."""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.errors import AdverityError, InputError, UnreadableAnswer
from .._api.paging import Row, read_numbered, with_integers
from .._spec import selection

if t.TYPE_CHECKING:  # every task that uses a filter of ours would load requests, for nothing
    from .._api.client import Client

PATH = "/api/v1/bindings/"


def read(client: Client, datastream_id: int | None = None, target_id: int | None = None) -> list[Row]:
    """The bindings the key can see, by id, of one datastream and/or one destination where these are given."""
    both = {"datastream_id": datastream_id, "target_id": target_id}
    given = {name: value for name, value in both.items() if value is not None}
    rows = [with_integers(PATH, row, "id", *both) for row in read_numbered(client, PATH, given)]
    # Once more, so that no binding is ever written that was not meant.
    return sorted((row for row in rows if all(row[name] == value for name, value in given.items())), key=lambda row: row["id"])


def read_chosen(client: Client, binding_ids: list[int] | None, datastream_id: int | None, target_id: int | None) -> list[Row]:
    """The bindings for which everything holds that is given; every one of ``binding_ids`` must be among them. Raises InputError.

    There is no read of one binding by its id (contract), so ids are looked up in the list.
    """
    rows = read(client, datastream_id, target_id)
    where = place(datastream_id, target_id)
    if binding_ids is not None:
        selection.refuse_unknown("binding_ids", binding_ids, (row["id"] for row in rows), where)
        wanted = set(binding_ids)
        rows = [row for row in rows if row["id"] in wanted]
    return rows


def place(datastream_id: int | None, target_id: int | None) -> str:
    """Where a binding was looked for, in words."""
    parts = []
    if datastream_id is not None:
        parts.append(f"datastream_id {datastream_id}")
    if target_id is not None:
        parts.append(f"target_id {target_id}")
    return "among the bindings this key can see" + (" with " + " and ".join(parts) if parts else "")


def state(row: Row) -> bool | None:
    """Whether the binding is enabled; None where the row does not say (contract: it is not known whether list rows do)."""
    enabled = row.get("enabled")
    return enabled if isinstance(enabled, bool) else None


class EnabledPlan:
    """Which bindings have to be written so that all of ``rows`` are ``enabled``.

    A row that does not tell its state is written too, and with ``touch`` every one.
    """

    def __init__(self, rows: list[Row], enabled: bool, touch: bool = False) -> None:
        self.rows, self.enabled = rows, enabled
        self.due = [row for row in rows if touch or state(row) is not enabled]

    def result(self, done: dict[int, Row]) -> dict[str, t.Any]:
        """The module's result, ``done`` being the bindings that were (or, in check mode, would be) written, as they are then, by id."""
        changed = [row for row in self.due if row["id"] in done]
        return {
            "changed": bool(changed),
            "bindings": [done.get(row["id"], row) for row in self.rows],
            "affected": {"binding_ids": [row["id"] for row in changed]},
            "diff": {
                "before": {label(row): {"enabled": state(row)} for row in changed},
                "after": {label(row): {"enabled": self.enabled} for row in changed},
            },
        }

    def predicted(self) -> dict[int, Row]:
        """The bindings that are due, as they will be but for their ``updated``."""
        return {row["id"]: dict(row, enabled=self.enabled) for row in self.due}

    def apply(self, client: Client) -> dict[int, Row]:
        """One PATCH for each binding that is due. An error carries the result so far, and ``remaining``: what was not done."""
        done: dict[int, Row] = {}
        for row in self.due:
            try:
                done[row["id"]] = dict(row, **_set_enabled(client, row["id"], self.enabled))
            except AdverityError as error:
                rest = [one["id"] for one in self.due if one["id"] not in done]
                error.facts = dict(self.result(done), remaining={"binding_ids": rest}, **error.facts)
                error.say("Bindings written before that: {0}.".format(text.ids(done) or "none"))
                if getattr(error, "did_nothing", True):
                    error.say(f"Not written: {text.ids(rest)}.")
                else:
                    error.say("Whether binding {0} was written is not known. Not written: {1}.".format(row["id"], text.ids(rest[1:]) or "none"))
                raise
        return done


def label(row: Row) -> str:
    """A binding, in words a person can place."""
    target = row.get("target_name") or "target {0}".format(row.get("target_id"))
    return "binding {0} (datastream {1} to {2})".format(row["id"], row.get("datastream_id"), target)


def _set_enabled(client: Client, binding_id: int, enabled: bool) -> Row:
    path = f"{PATH}{binding_id}/"
    row = client.request("PATCH", path, body={"enabled": enabled}).data
    if not isinstance(row, dict) or row.get("id") != binding_id or row.get("enabled") is not enabled:
        raise UnreadableAnswer(
            f"PATCH {path} with enabled {enabled} was answered with success, but not with that binding in that state."
            " Look at the binding before running this again.",
            method="PATCH",
            path=path,
        )
    return row


def refuse_none(rows: list[Row], datastream_id: int | None, target_id: int | None) -> None:
    """Raises InputError where no binding was found: bindings are made in the user interface only (bindings guide)."""
    if not rows:
        raise InputError(
            f"No binding found {place(datastream_id, target_id)}. Check the ids and the key's workspace; the API cannot create a binding,"
            " assign the destination to the datastream in Adverity first."
        )
