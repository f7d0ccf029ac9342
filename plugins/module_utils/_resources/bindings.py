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
    return sorted((row for row in rows if all(row[name] == value for name, value in given.items())), key=lambda row: row["id"])


def read_selected(client: Client, binding_ids: list[int] | None, datastream_id: int | None, target_id: int | None) -> list[Row]:
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
    both = {"datastream_id": datastream_id, "target_id": target_id}
    given = {name: value for name, value in both.items() if value is not None}
    return "among the bindings this key can see" + (f" with {_filters(given)}" if given else "")


def _filters(given: dict[str, int]) -> str:
    return " and ".join(f"{name} {value}" for name, value in given.items())


def state(row: Row) -> bool | None:
    """Whether the binding is enabled; None where the row does not say (contract: it is not known whether list rows do)."""
    enabled = row.get("enabled")
    return enabled if isinstance(enabled, bool) else None


class EnabledPlan:
    """Which bindings have to be written so that all of ``rows`` are ``enabled``.

    ``states`` are their states by id, as far as they are known. One whose state is not known is written, too.
    """

    def __init__(self, rows: list[Row], enabled: bool, states: t.Mapping[int, bool | None]) -> None:
        self.rows, self.enabled = rows, enabled
        self._states = states
        self.due = [row for row in rows if states[row["id"]] is not enabled]

    def result(self, done: dict[int, Row]) -> dict[str, t.Any]:
        """The module's result, ``done`` being the bindings that were (or, in check mode, would be) written, as they are then, by id."""
        changed = [row for row in self.due if row["id"] in done]
        return {
            "changed": bool(changed),
            "bindings": [done.get(row["id"], row) for row in self.rows],
            "affected": {"binding_ids": [row["id"] for row in changed]},
            "diff": {
                "before": {label(row): {"enabled": self._states[row["id"]]} for row in changed},
                "after": {label(row): {"enabled": self.enabled} for row in changed},
            },
        }

    def predicted(self) -> dict[int, Row]:
        """The bindings that are due, as they will be but for their ``updated``."""
        return {row["id"]: dict(row, enabled=self.enabled) for row in self.due}

    def apply(self, client: Client, done: dict[int, Row], answered: t.Callable[[int, Row], None]) -> None:
        """One PATCH for each binding that is due; each answer goes into ``done`` and to ``answered``.

        An error carries the result so far, and ``remaining``: what was not done.
        """
        for row in self.due:
            try:
                answer = _set_enabled(client, row, self.enabled)
            except AdverityError as error:
                rest = [one["id"] for one in self.due if one["id"] not in done]
                error.facts = dict(self.result(done), remaining={"binding_ids": rest}, **error.facts)
                error.say(f"Bindings written before that: {text.ids(done) or 'none'}.")
                if getattr(error, "not_executed", True):
                    error.say(f"Not written: {text.ids(rest)}.")
                else:
                    error.say(f"Whether binding {row['id']} was written is unknown. Not written: {text.ids(rest[1:]) or 'none'}.")
                error.say("Run it again: it reads the bindings first and writes only what differs.")
                raise
            answered(row["id"], answer)
            done[row["id"]] = dict(row, **answer)


def label(row: Row) -> str:
    """A binding, in words a person can place."""
    target = text.line(row.get("target_name") or "") or f"target {row.get('target_id')}"
    return f"binding {row['id']} (datastream {row.get('datastream_id')} to {target})"


def labels(rows: list[Row]) -> str:
    """Some bindings, in words; past 20 the rest is counted."""
    return text.several([label(row) for row in rows], 20)


def _set_enabled(client: Client, row: Row, enabled: bool) -> Row:
    path = f"{PATH}{row['id']}/"

    def confirm() -> Row | None:
        """After a lost answer: the binding as it is, where it is as it should be. Repeating the write would move its ``updated``."""
        now = [one for one in read(client, row["datastream_id"], row["target_id"]) if one["id"] == row["id"]]
        return now[0] if now and state(now[0]) is enabled else None

    answer = client.request("PATCH", path, body={"enabled": enabled}, confirm=confirm).data
    if not isinstance(answer, dict) or answer.get("id") != row["id"] or answer.get("enabled") is not enabled:
        raise UnreadableAnswer(
            f"PATCH {path} with enabled {enabled} was answered with success, but not with that binding in that state."
            " Look at the binding in Adverity before you run this again.",
            method="PATCH",
            path=path,
        )
    return answer


def refuse_none(rows: list[Row], datastream_id: int | None, target_id: int | None) -> None:
    """Raises InputError where no binding was found."""
    if not rows:
        raise InputError(
            f"No binding found {place(datastream_id, target_id)}. Check the ids and the key's workspace. To assign the destination to a datastream, use"
            " adverity.management.adverity_assignment, or Adverity. Nothing was changed."
        )
