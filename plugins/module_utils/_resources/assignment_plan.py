# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What to write so that the assignments of a destination are as asked, and what came of it. Pure but for the functions that take a client."""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass, replace

from .._api import text
from .._api.errors import AdverityError, InputError
from .._api.paging import Row
from .._spec.result import Diff, Result
from . import assignments, destinations, directory, objects
from .assignments import Assignment, WantedAssignment
from .bindings import Binding
from .changes import Applied, Noun

if t.TYPE_CHECKING:
    from .._api.client import Client

ASSIGNMENTS = Noun("assignment of datastream", "assignments of datastreams", "datastream_ids")


class Action(enum.Enum):
    """What happens to an assignment, as a result names it."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Step:
    """What has to be done for one assignment. ``present`` is what is there, None for nothing; ``body`` is what to send."""

    datastream_id: int
    present: Assignment | None
    body: Row
    action: Action

    @property
    def row(self) -> Row:
        """The present row; empty where there is none."""
        return {} if self.present is None else self.present.row

    @property
    def predicted(self) -> Row:
        """The row as it will be. One that is to be created has no id."""
        return {**self.row, **self.body}


class Written(t.NamedTuple):
    """A step that was made, and the row as it is then; a deleted one as it was."""

    step: Step
    row: Row


@dataclass(frozen=True)
class AssignmentChange:
    """Creates, changes or deletes one assignment. ``path`` is that of the list."""

    path: str
    step: Step

    @property
    def ids(self) -> list[int]:
        """Its datastream."""
        return [self.step.datastream_id]

    def preview(self) -> Written:
        """The row as it will be."""
        return Written(self.step, self.step.predicted)

    def send(self, client: Client) -> Written:
        """The row as it is then."""
        step = self.step
        if step.present is None:
            return Written(
                step, {"datastream": step.datastream_id, **objects.create(client, self.path, step.body)}
            )
        where = f"{self.path}{step.present.id}/"
        if step.action is Action.DELETED:
            objects.delete(client, where)
            return Written(step, step.row)
        return Written(step, dict(step.row, **objects.change(client, where, step.body, {})))


class AssignmentPlan:
    """What to write so that the assignments are as asked. Raises InputError where one is ambiguous or stands there twice. Pure.

    ``present`` are the assignments of the destination.
    """

    def __init__(
        self,
        present: list[Assignment],
        asked: list[WantedAssignment],
        absent: bool = False,
        force: bool = False,
    ) -> None:
        self.present = present
        self.unreadable: dict[int, list[str]] = {}
        _refuse_twice(asked)
        self.steps = [self._step(each, absent, force) for each in asked]
        self.due = [step for step in self.steps if step.action is not Action.UNCHANGED]

    def _step(self, asked: WantedAssignment, absent: bool, force: bool) -> Step:
        datastream_id, settings = asked.datastream_id, asked.settings or {}
        found = assignments.find(self.present, datastream_id, asked.table_name)
        own = [name for name in ("datastream", "table_name", "enabled") if name in settings]
        if own:
            raise InputError(
                f"assignments: settings of datastream {datastream_id} must not have {', '.join(own)}. An assignment is created disabled."
            )
        if absent:
            return Step(datastream_id, found, {}, Action.UNCHANGED if found is None else Action.DELETED)
        if found is None:
            table = {} if asked.table_name is None else {"table_name": asked.table_name}
            return Step(
                datastream_id,
                None,
                {"datastream": datastream_id, **table, "enabled": False, **settings},
                Action.CREATED,
            )
        diff = objects.compare(found.row, settings, force, {})
        if diff.unreadable:
            self.unreadable[datastream_id] = diff.unreadable
        return Step(datastream_id, found, diff.changes, Action.CHANGED if diff.changes else Action.UNCHANGED)

    @property
    def new_datastreams(self) -> list[int]:
        """The datastreams with an assignment to create, each once."""
        return sorted({step.datastream_id for step in self.steps if step.action is Action.CREATED})

    def bindings_of(self, listed: list[Binding]) -> list[list[Binding]]:
        """The bindings of each step, of those that are listed: one where it is certain, all of the datastream where they cannot be told apart, none of an
        assignment that is to be created, or whose binding does not show yet."""
        links = assignments.link(self.present, listed)
        return [_bindings_of(step, links, listed) for step in self.steps]

    def refuse_enabled(self, listed: list[Binding]) -> None:
        """Raises InputError where an assignment that is to be deleted is enabled, or not known to be disabled."""
        links = assignments.link(self.present, listed)
        for step in self.due:
            of_step = _bindings_of(step, links, listed)
            destinations.refuse_enabled(of_step, f"The assignment of datastream {step.datastream_id}")
            if not of_step and step.present is not None and not step.present.is_disabled:
                raise InputError(
                    f"The assignment of datastream {step.datastream_id} is not known to be disabled and was not deleted."
                )

    def changes(self, where: str) -> list[AssignmentChange]:
        """Those that are due, one for each assignment. ``where`` is the path of the list; a preview needs none."""
        return [AssignmentChange(where, step) for step in self.due]

    def finish(self, client: Client, target_id: int, applied: Applied[Written]) -> Result:
        """The module's result with each binding. An error carries what was done."""
        done = self._done(applied)
        created = [assignments.Assignment.from_row(row) for _step, row in done if "id" in row]
        present = list({each.id: each for each in [*self.present, *created]}.values())
        try:
            links = assignments.read_links(
                client, target_id, present, {step.datastream_id for step in self.steps}
            )
        except AdverityError as error:
            error.facts = {**self.result(applied).as_dict(), **error.facts}
            error.say("The assignments are written. Run it again to read their bindings.")
            raise
        return replace(
            self.result(applied, links), warnings=[*self._unreadable_warnings(), *_link_warnings(done, links)]
        )

    def _unreadable_warnings(self) -> list[str]:
        return [
            f"The API does not return these settings of datastream {datastream_id}, so they cannot be compared: {', '.join(names)}."
            " They are written only where force_settings is set."
            for datastream_id, names in self.unreadable.items()
        ]

    def _done(self, applied: Applied[Written]) -> list[Written]:
        """Of the steps those that were made, and those for which nothing is to do, in their order."""
        made = iter(applied.made)
        done = []
        for step in self.steps:
            written = Written(step, step.predicted) if step.action is Action.UNCHANGED else next(made, None)
            done += [] if written is None else [written]
        return done

    def result(self, applied: Applied[Written], links: t.Mapping[int, Binding] | None = None) -> Result:
        """The module's result: the assignments as they are (in check mode: will be) after the changes that were made."""
        done = self._done(applied)
        changed = [written for written in done if written.step.action is not Action.UNCHANGED]
        diffs = {_label(written.step): _diff(written) for written in changed}
        return Result(
            bool(changed),
            {
                "assignments": [_shown(written, links or {}) for written in done],
                "affected": {"datastream_ids": [written.step.datastream_id for written in changed]},
            },
            Diff(
                {label: before for label, (before, _after) in diffs.items()},
                {label: after for label, (_before, after) in diffs.items()},
            ),
        )


def _refuse_twice(asked: list[WantedAssignment]) -> None:
    names: dict[int, list[str | None]] = {}
    for each in asked:
        names.setdefault(each.datastream_id, []).append(each.table_name)
    for datastream_id, tables in names.items():
        if len(tables) > 1 and (None in tables or len(set(tables)) < len(tables)):
            raise InputError(
                f"assignments: datastream {datastream_id} is listed twice. Set a different table_name for each."
            )


def _bindings_of(step: Step, links: t.Mapping[int, Binding], listed: list[Binding]) -> list[Binding]:
    """The binding of a step, or, where it is not certain which that is, all of its datastream."""
    if step.present is None:
        return []
    if step.present.id in links:
        return [links[step.present.id]]
    return [binding for binding in listed if binding.datastream_id == step.datastream_id]


def _link_warnings(done: list[Written], links: t.Mapping[int, Binding]) -> list[str]:
    warnings = []
    there = [(step, row) for step, row in done if "id" in row]
    unlinked = [step.datastream_id for step, row in there if row["id"] not in links]
    if unlinked:
        why = "they are not listed yet, or several cannot be told apart. List them with adverity_binding_info"
        warnings.append(f"The bindings of datastreams {text.ids(sorted(unlinked))} are not known: {why}.")
    renamed = [
        step.datastream_id
        for step, row in there
        if step.body.get("table_name", row.get("table_name")) != row.get("table_name")
    ]
    if renamed:
        warnings.append(
            f"Adverity keeps another table_name than was asked for, of datastreams {text.ids(sorted(renamed))}. Use the name that it keeps."
        )
    return warnings


def _label(step: Step) -> str:
    table = {**step.body, **step.row}.get("table_name")
    return f"datastream {step.datastream_id}" + (
        f", table {directory.quoted(table)}" if table is not None else ""
    )


def _shown(written: Written, links: t.Mapping[int, Binding]) -> Row:
    step, row = written
    hide = objects.unreadable_names(step.body, step.row or row)
    binding = links.get(row.get("id", 0))
    masked = objects.mask(row, hide, {})
    return {
        "id": None,
        **masked,
        "datastream_id": step.datastream_id,
        "binding_id": None if binding is None else binding.id,
        "action": step.action.value,
    }


def _diff(written: Written) -> tuple[Row, Row]:
    """What a changed assignment was, and what it is then."""
    step, row = written
    hide = objects.unreadable_names(step.body, step.row or row)
    names = step.body or step.row
    before = {name: value for name, value in step.row.items() if name in names}
    return objects.mask(before, hide, {}), objects.mask(step.body, hide, {})
