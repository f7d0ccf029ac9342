# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Assignments of datastreams to a destination: *mappings* on the older surface, *bindings* on the newer one (docsite, "Destinations by name").

One is identified by destination, datastream and, where it is given, table name. A new one is always disabled: ``adverity_binding`` enables it.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import replace

from .._api import clock, text
from .._api.errors import AdverityError, InputError
from .._api.paging import Row
from .._spec.result import Diff, Result
from . import bindings, destinations, directory

if t.TYPE_CHECKING:
    from .._api.client import Client

# How soon a new assignment shows among the bindings is not documented: it is looked for after so many seconds each time.
_PAUSES = (0.5, 1.0, 1.5, 2.0)


def path(type_id: int, target_id: int, mapping_id: int | None = None) -> str:
    """Where the assignments of a destination are, or one of them."""
    return destinations.path(type_id, target_id) + "mappings/" + (f"{mapping_id}/" if mapping_id is not None else "")


def read(client: Client, type_id: int, target_id: int) -> list[Row]:
    """The assignments of a destination: ``id``, ``datastream``, ``table_name``, ``enabled`` and the type's own settings."""
    return directory.read_list(client, path(type_id, target_id))


def find(rows: list[Row], datastream_id: int, table_name: str | None) -> Row | None:
    """The assignment of a datastream, with this table name where one is given; None where there is none. Raises InputError where it is ambiguous."""
    rows = [row for row in rows if stream(row) == datastream_id]
    if table_name is not None:
        return destinations.one_of(rows, "table_name", table_name, f"assignment of datastream {datastream_id} to the table")
    if len(rows) > 1:
        raise InputError(f"Datastream {datastream_id} has several assignments here: {directory.listed(rows, 'table_name')}. Set table_name.")
    return rows[0] if rows else None


def stream(row: Row) -> int | None:
    """The integer id of an assignment's datastream, None where the API does not show it."""
    found = destinations.identity(row.get("datastream"))
    return found if isinstance(found, int) else None


def link(rows: list[Row], bound: list[Row]) -> dict[int, Row]:
    """The binding of each assignment, by the assignment's id, as far as it is certain. Pure.

    Whether both have the same id is not documented. One assignment and one binding of a datastream belong together; where there are several of each
    they are told apart only where their ids are the same.
    """
    found: dict[int, Row] = {}
    for datastream_id in {stream(row) for row in rows}:
        ours = [row["id"] for row in rows if stream(row) == datastream_id]
        theirs = {row["id"]: row for row in bound if row["datastream_id"] == datastream_id}
        if len(ours) == len(theirs) == 1:
            found[ours[0]] = next(iter(theirs.values()))
        elif set(ours) == set(theirs):
            found.update(theirs)
    return found


def read_links(client: Client, target_id: int, rows: list[Row], wanted: t.Container[int]) -> dict[int, Row]:
    """``link`` with the bindings of a destination. Waits a few seconds until those of the datastreams ``wanted`` show; some may still be missing."""
    expected = Counter(stream(row) for row in rows if stream(row) in wanted)
    for pause in (*_PAUSES, None):
        bound = bindings.read(client, target_id=target_id)
        if pause is None or not expected - Counter(row["datastream_id"] for row in bound):
            break
        clock.sleep(pause)
    return link(rows, bound)


class Step(t.NamedTuple):
    """One assignment: what is there (nothing where it is empty), what to send, and what that does: created, changed, deleted, unchanged."""

    datastream_id: int
    row: Row
    body: Row
    action: str


class Plan:
    """What to write so that the assignments are as asked. Raises InputError where one is ambiguous or stands there twice. Pure.

    ``wanted`` holds dicts of ``datastream_id``, ``table_name`` and ``settings``; the latter two may be None. ``rows`` are the present assignments.
    """

    def __init__(self, rows: list[Row], wanted: list[Row], absent: bool = False, force: bool = False) -> None:
        self.rows = rows
        self.unreadable: dict[int, list[str]] = {}
        asked: dict[int, list[str | None]] = {}
        for one in wanted:
            names = asked.setdefault(one["datastream_id"], [])
            names.append(one["table_name"])
            if len(names) > 1 and (None in names or len(set(names)) < len(names)):
                raise InputError(f"assignments: datastream {one['datastream_id']} stands there twice. Set a different table_name for each.")
        self.steps = [self._step(one, find(rows, one["datastream_id"], one["table_name"]) or {}, absent, force) for one in wanted]
        self.due = [step for step in self.steps if step.action != "unchanged"]

    def _step(self, one: Row, row: Row, absent: bool, force: bool) -> Step:
        datastream_id, settings = one["datastream_id"], one["settings"] or {}
        own = [name for name in ("datastream", "table_name", "enabled") if name in settings]
        if own:
            raise InputError(f"assignments: settings of datastream {datastream_id} must not have {', '.join(own)}. An assignment is created disabled.")
        if absent:
            return Step(datastream_id, row, {}, "deleted" if row else "unchanged")
        if not row:
            table = {} if one["table_name"] is None else {"table_name": one["table_name"]}
            return Step(datastream_id, {}, {"datastream": datastream_id, **table, "enabled": False, **settings}, "created")
        body, hidden = destinations.differing(row, settings, force, {})
        if hidden:
            self.unreadable[datastream_id] = hidden
        return Step(datastream_id, row, body, "changed" if body else "unchanged")

    @property
    def new_datastreams(self) -> list[int]:
        """The datastreams with an assignment to create, each once."""
        return sorted({step.datastream_id for step in self.steps if step.action == "created"})

    def bindings_of(self, bound: list[Row]) -> list[list[Row]]:
        """The bindings of each step, of those that are listed: one where it is certain, all of the datastream where they cannot be told apart, none of an
        assignment that is to be created, or whose binding does not show yet."""
        links = link(self.rows, bound)
        found = []
        for step in self.steps:
            of_datastream = [row for row in bound if row["datastream_id"] == step.datastream_id]
            certain = [links[step.row["id"]]] if step.row and step.row["id"] in links else of_datastream
            found.append(certain if step.row else [])
        return found

    def refuse_enabled(self, bound: list[Row]) -> None:
        """Raises InputError where an assignment that is to be deleted is enabled, or not known to be disabled."""
        links = link(self.rows, bound)
        for step in self.due:
            linked = [links[step.row["id"]]] if step.row["id"] in links else [row for row in bound if row["datastream_id"] == step.datastream_id]
            destinations.refuse_enabled(linked, f"The assignment of datastream {step.datastream_id}")
            if not linked and step.row.get("enabled") is not False:
                raise InputError(f"The assignment of datastream {step.datastream_id} is not known to be disabled and was not deleted.")

    def predicted(self) -> list[Row]:
        """The assignment of each step as it will be, in their order. One that is to be created has no id."""
        return [{**step.row, **step.body} for step in self.steps]

    def apply(self, client: Client, type_id: int, target_id: int) -> list[Row]:
        """One request for each assignment that is due; the assignments as they are then. An error carries the result so far, and ``remaining``."""
        done: list[Row] = []
        for step in self.steps:
            try:
                done.append(_write(client, path(type_id, target_id), step))
            except AdverityError as error:
                rest = [one.datastream_id for one in self.steps[len(done) :] if one.action != "unchanged"]
                error.facts = dict(self.result(done).as_dict(), remaining={"datastream_ids": rest}, **error.facts)
                written = text.ids(step.datastream_id for step in self.due[: len(self.due) - len(rest)])
                error.say(f"Assignments written before that: datastreams {written}." if written else "No assignment was written before that.")
                unknown = not getattr(error, "not_executed", True)
                if unknown:
                    error.say(f"Whether that of datastream {step.datastream_id} was written is unknown.")
                error.say(f"Not written: {text.ids(rest[unknown:]) or 'none'}. Run this again: it reads the assignments first and creates none twice.")
                raise
        return done

    def finish(self, client: Client, target_id: int, done: list[Row]) -> Result:
        """The module's result with each binding, and ``warnings``. An error carries what was done."""
        rows = list({row["id"]: row for row in self.rows + done if "id" in row}.values())
        try:
            links = read_links(client, target_id, rows, {step.datastream_id for step in self.steps})
        except AdverityError as error:
            error.facts = dict(self.result(done).as_dict(), **error.facts)
            error.say("The assignments are as asked. Run this again to get their bindings.")
            raise
        warnings = [
            f"The service does not return these settings of datastream {datastream_id}, so they cannot be compared: {', '.join(names)}."
            " They are written only where force_settings is set."
            for datastream_id, names in self.unreadable.items()
        ]
        there = [(step, row) for step, row in zip(self.steps, done) if "id" in row]
        unknown = [step.datastream_id for step, row in there if row["id"] not in links]
        if unknown:
            why = "it does not show yet, or several cannot be told apart. List them with adverity_binding_info"
            warnings.append(f"The binding is not known of datastreams {text.ids(sorted(unknown))}: {why}.")
        renamed = [step.datastream_id for step, row in there if step.body.get("table_name", row.get("table_name")) != row.get("table_name")]
        if renamed:
            warnings.append(f"The service keeps another table_name than was asked for, of datastreams {text.ids(sorted(renamed))}. Use the name that it keeps.")
        return replace(self.result(done, links), warnings=warnings)

    def result(self, done: list[Row], links: dict[int, Row] | None = None) -> Result:
        """The module's result. ``done`` are the assignments of the first steps, as they are (in check mode: will be) after these."""
        rows, before, after = [], {}, {}
        for step, row in zip(self.steps, done):
            hide = destinations.unread(step.body, step.row or row)
            binding = (links or {}).get(row.get("id", 0), {})
            shown = {"id": None, **destinations.masked(row, hide, {}), "datastream_id": step.datastream_id, "binding_id": binding.get("id")}
            rows.append(dict(shown, action=step.action))
            if step.action != "unchanged":
                table = {**step.body, **step.row}.get("table_name")
                label = f"datastream {step.datastream_id}" + (f", table {directory.quoted(table)}" if table is not None else "")
                names = step.body or step.row
                before[label] = destinations.masked({name: value for name, value in step.row.items() if name in names}, hide, {})
                after[label] = destinations.masked(step.body, hide, {})
        written = [step.datastream_id for step in self.steps[: len(done)] if step.action != "unchanged"]
        return Result(bool(after), {"assignments": rows, "affected": {"datastream_ids": written}}, Diff(before, after))


def _write(client: Client, where: str, step: Step) -> Row:
    if step.action == "created":
        return {"datastream": step.datastream_id, **destinations.create(client, where, step.body)}
    if step.action == "changed":
        return dict(step.row, **destinations.change(client, f"{where}{step.row['id']}/", step.body, {}))
    if step.action == "deleted":
        destinations.delete(client, f"{where}{step.row['id']}/")
    return step.row
