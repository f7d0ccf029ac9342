# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a run of the role ``deploy_destination`` has to do, before anything is written. What becomes of a history is decided in ``_requeue/decision.py``."""

from __future__ import annotations

import contextlib
import typing as t

from .._api.client import Client
from .._api.errors import InputError, LedgerError
from .._api.paging import Row
from .._ledger import persistence
from .._ledger.history import BindingHistory, Window
from .._ledger.ledger import Ledger, open_ledger
from .._ledger.rows import Entry
from .._ledger.store import LOOK, WRITE
from .._requeue import result, select
from .._requeue.decision import Action, binding_action
from .._requeue.requeue import choose_actions, refused_entries
from .._requeue.select import Selection
from .._resources import assignments, bindings, datastreams, destinations, directory, extracts
from .._resources.assignment_plan import AssignmentPlan
from .._resources.binding_state import read_timed
from .._resources.references import identity
from .._spec import selection, times
from .._spec.result import Result
from . import options as variables

Options = dict[str, t.Any]

_NOTING = frozenset({"plan", "enable", "send"})  # steps that record what the API shows of the bindings


def make(client: Client, params: dict[str, t.Any], check_mode: bool) -> Result:
    """The result of ``adverity_deployment_info``, with ``warnings``. Raises InputError where the variables are wrong or name what is not there.

    ``options`` are the variables as they are meant; ``create`` says whether the destination is to be created or changed; ``assignments`` are what to
    assign to it; ``bindings`` what happens to each binding, those that do not exist yet without an id; ``steps`` what
    there is to do, in order: the names of the role's files of tasks.
    """
    options = variables.read(params["variables"])
    ledger = open_ledger(params, client.host, LOOK)  # a place that cannot be one is refused before anything is asked
    settings = options.pop("settings")
    names = _Names(client, options)
    destination, named = names.find_destination(settings or {})
    target_id = options["target_id"] or destination.get("id")
    places = names.find_datastreams()
    mapped = AssignmentPlan(names.read_assignments(target_id), assignments.wanted(_wanted(options, places))) if places else None
    if places and names.needs_uuids:
        options["datastream_uuids"] = _uuids(places)
    reading = read_timed(client, lambda: [] if target_id is None else bindings.read(client, target_id=target_id))
    by_place = mapped.bindings_of(reading.rows) if mapped else []
    rows = [] if target_id is None else _choose(reading.rows, target_id, options, by_place)
    selected, actions, sent_before, refused = _decide(ledger, dict(options, target_id=target_id), rows, reading.rows, reading.clock)
    if not options["enabled"]:
        options["backfill"] = "never"
    warnings = result.refused_warnings(refused)
    warnings += result.warnings_of(rows, selected.histories, actions, _window(options), selected.remade_ids)
    bound = result.show_bindings(rows, selected.histories, actions)
    called = {one["id"]: one["name"] for one in places}
    unbound = _unbound(client, options, target_id, [one for one, some in zip(places, by_place) if not some], check_mode, sent_before)
    remade = [f"datastream {row['datastream_id']}" for row in unbound if row["action"] == Action.LEFT_ALONE]
    warnings += [result.remade_warning(", ".join(remade))] if remade else []
    bound += unbound
    if any(row["action"] in (Action.BACKFILL, Action.RECORD) for row in bound):
        _refuse_lost_ledger(params["ledger"])  # before anything is created, too
    create = named is not None and bool(named.body)
    assign = bool(mapped and mapped.due) or (create and bool(places))
    steps = _steps(options, create or assign, bound, check_mode)
    if not check_mode and not _NOTING.intersection(steps):
        _note_seen(client, params, selected)
    values = {
        "options": options,
        "target_id": target_id,
        "name": options["name"],
        "connection_id": names.connection_id,
        "create": create,
        "assignments": _wanted(options, places) if mapped else [],
        "assign": assign,
        "bindings": [dict(row, name=called.get(row["datastream_id"])) for row in bound],
        "steps": steps,
    }
    return Result(False, values, warnings=[*(named.warnings if named else []), *warnings])


def _refuse_lost_ledger(ledger: str) -> None:
    lost = persistence.refusal(ledger)
    if lost:
        raise InputError(f"{lost} To enable without sending, set {variables.PREFIX}backfill: never. Nothing was changed.")


def _steps(options: Options, create: bool, rows: list[Row], check_mode: bool) -> list[str]:
    """What there is to do, in order. Bindings that check mode does not create are not there for the later steps."""
    rows = [row for row in rows if row["binding_id"] or not check_mode]
    load = any(row["action"] in (Action.BACKFILL, Action.RECORD) for row in rows)
    steps = {
        "create": create,
        "plan": any(row["action"] == Action.BACKFILL for row in rows),
        "prepare": options["datastream_uuids"] is not None,
        "enable": load or any(row["enabled"] is not options["enabled"] for row in rows),
        "send": load,
        "switch_on": options["datastream_enabled"] is True,
        "follow": bool(options["wait"]) and options["enabled"] and bool(rows) and not check_mode,
    }
    return [name for name, wanted in steps.items() if wanted]


class _Names:
    """What the names in the variables mean. Each list is read once."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client, self._options = client, options
        self._workspaces: list[Row] | None = None
        self._type: Row | None = None
        self.connection_id: int | None = None
        self.needs_uuids = any(options[name] is not None for name in variables.DATASTREAM_OPTIONS)

    def find_destination(self, settings: Row) -> tuple[Row, destinations.DestinationPlan | None]:
        """The destination by its name (empty: there is none yet), and what has to be written so that it is as asked; None where it goes by its id."""
        options, client = self._options, self._client
        if options["name"] is None:
            return {}, None
        kind = self._read_type()
        workspace_id = directory.find_workspace(self._read_workspaces(), options["workspace"])["id"]
        named: Row = {"name": options["name"]}
        if options["connection"] is not None:
            named["auth"] = self.connection_id = directory.look_up_connection(client, options["connection"], kind, None)
        row = destinations.locate(client, kind["id"], named, workspace_id, None, settings)
        if row is not None:
            plan = destinations.DestinationPlan(row, named, settings, {})
            if not plan.body:
                plan.is_unchecked = False  # nothing to write, so nothing to check
                return row, plan
        elif options["create"]:
            named["stack"] = workspace_id
        else:
            raise self._no_destination(destinations.read(client, kind["id"]), workspace_id)
        return row or {}, destinations.DestinationPlan(row, named, settings, destinations.read_fields(client, kind["id"]))

    def _no_destination(self, rows: list[Row], workspace_id: int) -> InputError:
        """The error for a destination that must exist. ``rows`` are all destinations of the type."""
        workspaces = {row["id"]: row.get("name") for row in self._read_workspaces()}
        similar = destinations.similar(rows, self._options["name"])
        shown = directory.listed([dict(row, workspace=workspaces.get(identity(row.get("stack")))) for row in similar])
        return InputError(
            f"{variables.PREFIX}name: the destination {directory.quoted(self._options['name'])} does not exist in the workspace"
            f" {directory.quoted(workspaces.get(workspace_id))}, and {variables.PREFIX}create is false. Similar names of this type: {shown or 'none'}."
            " Nothing was changed."
        )

    def find_datastreams(self) -> list[Row]:
        """The datastreams that are named, with both ids where UUIDs are needed."""
        if not self._options["datastreams"]:
            return []
        newer = datastreams.read(self._client, None, {}) if self.needs_uuids else None
        places = self._read_workspaces()
        wanted = [one["name"] if one["workspace"] is None else one for one in self._options["datastreams"]]
        rows = directory.describe(directory.read_datastreams(self._client, wanted), places, newer)
        return [directory.find_datastream(rows, one, places) for one in wanted]

    def read_assignments(self, target_id: int | None) -> list[assignments.Assignment]:
        """The assignments of the destination; none where it is still to be created."""
        return [] if target_id is None else assignments.read(self._client, self._read_type()["id"], target_id)

    def _read_workspaces(self) -> list[Row]:
        if self._workspaces is None:
            self._workspaces = directory.read_workspaces(self._client)
        return self._workspaces

    def _read_type(self) -> Row:
        if self._type is None:
            self._type = destinations.read_type(self._client, self._options["type"])
        return self._type


def _wanted(options: Options, places: list[Row]) -> list[Row]:
    return [
        {"datastream_id": place["id"], "table_name": one["table_name"], "settings": one["settings"]} for one, place in zip(options["datastreams"] or [], places)
    ]


def _uuids(places: list[Row]) -> list[str]:
    unlinked = [place for place in places if place["uuid"] is None]
    if unlinked:
        raise InputError(
            f"{variables.PREFIX}datastreams: {directory.quoted(unlinked[0]['name'])} cannot be linked to a UUID. {unlinked[0]['note']} Set"
            f" {variables.PREFIX}datastream_ids and {variables.PREFIX}datastream_uuids instead. Nothing was changed."
        )
    return selection.once([place["uuid"] for place in places])


def _choose(rows: list[Row], target_id: int, options: Options, by_place: list[list[Row]]) -> list[Row]:
    """The bindings of the destination that are meant. ``by_place``: those of the assignments that are asked for."""
    if options["datastreams"]:
        meant = {row["id"] for some in by_place for row in some}
        return [row for row in rows if row["id"] in meant]
    bindings.refuse_none(rows, None, target_id)
    if options["datastream_ids"] is None:
        return rows
    where = f"among the datastreams that are bound to target_id {target_id}, as far as this key can see"
    selection.refuse_unknown(variables.PREFIX + "datastream_ids", options["datastream_ids"], (row["datastream_id"] for row in rows), where)
    return [row for row in rows if row["datastream_id"] in options["datastream_ids"]]


def _decide(
    ledger: Ledger, options: Options, rows: list[Row], listed: list[Row], clock: str | None
) -> tuple[Selection, dict[int, Action], set[int | None], list[Entry]]:
    """What the ledger records of the bindings, what happens to the history of each, the datastreams whose history was sent into the destination through a
    binding that is no more, and what Adverity refused and stays left out."""
    backfill = options["backfill"] if options["enabled"] else "never"
    with ledger:
        ledger.refuse_moved()
        selected = select.look_at(ledger, rows, listed, clock)
        actions = choose_actions(ledger, selected, backfill, _window(options), options["on_refused"])
        refused = refused_entries(ledger, actions)
    sent_before = {datastream_id for datastream_id, target_id in selected.sent_pairs if target_id == options["target_id"]}
    return selected, actions, sent_before, refused


def _window(options: Options) -> Window:
    return (times.readable(options["backfill_from"]), times.readable(options["backfill_to"]))


def _note_seen(client: Client, params: dict[str, t.Any], selected: Selection) -> None:
    """Records what the API showed of the bindings, in a run that has nothing else to do with them. If another run is at work, it does so itself."""
    if not selected.rows or persistence.refusal(params["ledger"]):
        return
    rows = {row.binding_id: row for row in selected.binding_rows()}
    with contextlib.suppress(LedgerError), open_ledger(dict(params, ledger_wait=0), client.host, WRITE) as ledger:
        ledger.take_turn(list(rows))
        recorded = ledger.histories(list(rows))
        unchanged = [each for each in rows if recorded.get(each, BindingHistory()).facts == selected.histories[each].facts[:-1]]
        ledger.note({each: [selected.facts[each]] for each in unchanged}, [rows[each] for each in unchanged])


def _unbound(
    client: Client, options: Options, target_id: int | None, places: list[Row], check_mode: bool, sent_before: t.Collection[int | None]
) -> list[Row]:
    """Bindings that do not exist yet. In check mode the later tasks cannot see them, so their history is counted here."""
    rows = []
    for place in places:
        action = binding_action(BindingHistory(), options["backfill"], _window(options), is_remade=place["id"] in sent_before)
        count = None
        if check_mode and action is Action.BACKFILL:
            count = len(extracts.read(client, place["id"], options["backfill_from"], options["backfill_to"]))
        rows.append(
            {
                "binding_id": None,
                "datastream_id": place["id"],
                "target_id": target_id,
                "target_name": options["name"] or "",
                "enabled": False,
                "action": action.value,
                "extract_count": count,
            }
        )
    return rows
