# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a run of the role ``deploy_destination`` has to do, before anything is written.

What becomes of a history is decided in ``_requeue/decision.py``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from .._api.client import Client
from .._api.errors import InputError, LedgerError
from .._ledger import persistence
from .._ledger.history import BindingHistory, Window
from .._ledger.ledger import Ledger, open_ledger
from .._ledger.rows import Entry
from .._ledger.store import LOOK, WRITE
from .._requeue import binding_warnings, select
from .._requeue.actions import choose_actions, left_open_entries, refused_entries
from .._requeue.binding_decision import BindingDecision, decisions
from .._requeue.decision import Action, binding_action
from .._requeue.select import Selection
from .._resources import bindings, extracts
from .._resources.binding_state import read_timed
from .._resources.bindings import Binding
from .._spec import selection
from .._spec.result import Result
from . import named as names
from . import options as variables
from .named import Named
from .options import RoleVariables

_NOTING = frozenset({"plan", "enable", "send"})  # steps that record what the API shows of the bindings
_SENDING = (Action.BACKFILL, Action.RECORD)  # what becomes of a history that is not left as it is


def make(client: Client, params: dict[str, t.Any], check_mode: bool) -> Result:
    """The result of ``adverity_deployment_info``, with ``warnings``. Raises InputError where the variables
    are wrong or name what is not there.
    """
    given = variables.read(params["variables"])
    # A place that cannot be a ledger is refused before the API is asked anything.
    ledger = open_ledger(params, client.host, LOOK)
    named = names.find(client, given)
    options = _complete(given, named)
    state = _read_state(client, options, named)
    decided = _decide(ledger, options, named.target_id, state)
    missing = _missing_bindings(client, options, named, _missing_actions(options, state, decided), check_mode)
    plan = DeploymentPlan(options, named, decided.bindings(), missing, check_mode)
    if plan.sends:
        _refuse_lost_ledger(params["ledger"])  # before anything is created, too
    if not check_mode and not _NOTING.intersection(plan.steps()):
        _note_seen(client, params, decided.selected)
    of_bindings = [*decided.warnings(options.window), *_remade_warnings(missing)]
    warnings = [*variables.misspelt(params["names"]), *_destination_warnings(named), *of_bindings]
    return Result(False, plan.result(), warnings=warnings)


@dataclasses.dataclass(frozen=True)
class MissingBinding:
    """A binding that does not exist yet. ``extract_count``: of its history; None where a later task counts it."""

    decision: BindingDecision
    extract_count: int | None

    def as_dict(self) -> dict[str, t.Any]:
        """For a result."""
        return dict(self.decision.as_dict(), extract_count=self.extract_count)


@dataclasses.dataclass(frozen=True)
class DeploymentPlan:
    """What a run has to do.

    ``options``: the variables as they are meant. ``named``: what they name. ``existing``: what happens to
    each binding. ``missing``: those that do not exist yet.
    """

    options: RoleVariables
    named: Named
    existing: list[BindingDecision]
    missing: list[MissingBinding]
    check_mode: bool

    @property
    def decisions(self) -> list[BindingDecision]:
        """What happens to each binding, also to those that do not exist yet."""
        return [*self.existing, *(each.decision for each in self.missing)]

    @property
    def sends(self) -> bool:
        """Whether the history of a binding is to be sent, or to be recorded as loaded."""
        return _is_any(self.decisions, *_SENDING)

    def steps(self) -> list[str]:
        """What there is to do, in order: the names of the role's files of tasks. Bindings that check mode
        does not create are not there for the later steps.
        """
        options = self.options
        present = self.existing if self.check_mode else self.decisions
        sends = _is_any(present, *_SENDING)
        steps = {
            "create": self.named.creates or self.named.assigns,
            "plan": _is_any(present, Action.BACKFILL),
            "prepare": options.datastream_uuids is not None,
            "enable": sends or any(each.enabled is not options.enabled for each in present),
            "send": sends,
            "switch_on": options.datastream_enabled is True,
            "follow": bool(options.wait) and options.enabled and bool(present) and not self.check_mode,
        }
        return [name for name, is_due in steps.items() if is_due]

    def result(self) -> dict[str, t.Any]:
        """The module's result: ``create`` says whether the destination is to be created or changed;
        ``assignments`` are what to assign to it.
        """
        datastream_names = {datastream.id: datastream.name for datastream in self.named.datastreams}
        rows = [each.as_dict() for each in self.existing] + [each.as_dict() for each in self.missing]
        return {
            "options": self.options.shown(),
            "target_id": self.named.target_id,
            "name": self.options.name,
            "connection_id": self.named.connection_id,
            "create": self.named.creates,
            "assignments": [each.as_dict() for each in self.named.wanted_assignments],
            "assign": self.named.assigns,
            "bindings": [dict(row, name=datastream_names.get(row["datastream_id"])) for row in rows],
            "steps": self.steps(),
        }


def _is_any(decisions: list[BindingDecision], *actions: Action) -> bool:
    return any(each.action in actions for each in decisions)


def _complete(given: RoleVariables, named: Named) -> RoleVariables:
    """The variables as they are meant: with the UUIDs of the datastreams that go by their names, and without
    a backfill of what is to be disabled.
    """
    uuids = given.datastream_uuids if named.datastream_uuids is None else named.datastream_uuids
    backfill = given.backfill if given.enabled else "never"
    return dataclasses.replace(given, datastream_uuids=uuids, backfill=backfill)


@dataclasses.dataclass(frozen=True)
class _State:
    """What the API shows: all bindings of the destination, when they were read (the API's ``Date``), those of
    them that are meant, and the IDs of the datastreams that are named and have no binding yet.
    """

    listed: list[Binding]
    clock: str | None
    meant: list[Binding]
    unbound_ids: list[int]


def _read_state(client: Client, options: RoleVariables, named: Named) -> _State:
    """What the API shows of the bindings. Raises InputError where one that must be there is not."""
    target_id = named.target_id
    reading = read_timed(
        client, lambda: [] if target_id is None else bindings.read(client, target_id=target_id)
    )
    listed = reading.found
    by_datastream = named.bindings_by_datastream(listed)
    unbound_ids = [datastream.id for datastream, bound in zip(named.datastreams, by_datastream) if not bound]
    meant = [] if target_id is None else _choose(listed, target_id, options, by_datastream)
    return _State(listed, reading.clock, meant, unbound_ids)


def _choose(
    listed: list[Binding], target_id: int, options: RoleVariables, by_datastream: list[list[Binding]]
) -> list[Binding]:
    """The bindings of the destination that are meant. ``by_datastream``: those of the assignments that are
    asked for.
    """
    if options.datastreams:
        meant_ids = {binding.id for bound in by_datastream for binding in bound}
        return [binding for binding in listed if binding.id in meant_ids]
    bindings.refuse_none(listed, None, target_id)
    if options.datastream_ids is None:
        return listed
    where = f"among the datastreams that are bound to target_id {target_id}, as far as this key can see"
    selection.refuse_unknown(
        variables.PREFIX + "datastream_ids",
        options.datastream_ids,
        (binding.datastream_id for binding in listed),
        where,
    )
    return [binding for binding in listed if binding.datastream_id in options.datastream_ids]


@dataclasses.dataclass(frozen=True)
class _Decided:
    """What happens to the history of each binding that exists.

    ``selected``: what the ledger records of them. ``sent_before``: the datastreams whose history was sent
    into the destination through a binding that is no more. ``refused``: what Adverity refused and stays left
    out. ``left_open``: what is open for bindings that are left alone.
    """

    selected: Selection
    actions: dict[int, Action]
    sent_before: frozenset[int | None]
    refused: list[Entry]
    left_open: list[Entry]

    def bindings(self) -> list[BindingDecision]:
        """What happens to each binding."""
        return decisions(self.selected.bindings, self.selected.histories, self.actions)

    def warnings(self, window: Window) -> list[str]:
        """What a user should know of them before anything is sent."""
        selected = self.selected
        warnings = binding_warnings.warnings_of(
            selected.bindings, selected.histories, self.actions, window, selected.remade_ids
        )
        left_open = binding_warnings.left_open_warnings(self.left_open)
        return binding_warnings.refused_warnings(self.refused) + left_open + warnings


def _decide(ledger: Ledger, options: RoleVariables, target_id: int | None, state: _State) -> _Decided:
    with ledger:
        ledger.refuse_moved()
        selected = select.look_at(
            ledger, state.meant, state.listed, state.clock, options.backfill == "always"
        )
        actions = choose_actions(
            ledger, selected, options.backfill, options.window, options.on_refused, options.force
        )
        refused, left_open = refused_entries(ledger, actions), left_open_entries(ledger, actions)
    sent_before = frozenset(
        datastream_id for datastream_id, sent_into in selected.sent_pairs if sent_into == target_id
    )
    return _Decided(selected, actions, sent_before, refused, left_open)


def _missing_actions(options: RoleVariables, state: _State, decided: _Decided) -> list[tuple[int, Action]]:
    """What happens to the history of each datastream that has no binding yet: its ID, and the action."""
    window = options.window
    return [
        (
            datastream_id,
            binding_action(
                BindingHistory(), options.backfill, window, is_remade=datastream_id in decided.sent_before
            ),
        )
        for datastream_id in state.unbound_ids
    ]


def _missing_bindings(
    client: Client, options: RoleVariables, named: Named, actions: list[tuple[int, Action]], check_mode: bool
) -> list[MissingBinding]:
    """Bindings that do not exist yet. In check mode the later tasks cannot see them, so their history is
    counted here.
    """
    name = options.name or ""
    return [
        MissingBinding(
            BindingDecision(None, datastream_id, named.target_id, name, False, action),
            _count_extracts(client, datastream_id, options) if check_mode and action in _SENDING else None,
        )
        for datastream_id, action in actions
    ]


def _count_extracts(client: Client, datastream_id: int, options: RoleVariables) -> int:
    return len(extracts.read(client, datastream_id, options.backfill_from, options.backfill_to))


def _destination_warnings(named: Named) -> list[str]:
    return [] if named.destination is None else named.destination.warnings


def _remade_warnings(missing: list[MissingBinding]) -> list[str]:
    """Of bindings that do not exist yet, in whose place others were, through which the history was sent."""
    decisions = [each.decision for each in missing]
    remade = [f"datastream {each.datastream_id}" for each in decisions if each.action is Action.LEFT_ALONE]
    return [binding_warnings.remade_warning(", ".join(remade))] if remade else []


def _refuse_lost_ledger(ledger: str) -> None:
    lost = persistence.refusal(ledger)
    if lost:
        raise InputError(
            f"{lost} To enable without sending, set {variables.PREFIX}backfill: never. Nothing was changed."
        )


def _note_seen(client: Client, params: dict[str, t.Any], selected: Selection) -> None:
    """Records what the API showed of the bindings, in a run that has nothing else to do with them. If another
    run is at work, it does so itself.
    """
    if not selected.bindings or persistence.refusal(params["ledger"]):
        return
    rows = {row.binding_id: row for row in selected.binding_rows()}
    with (
        contextlib.suppress(LedgerError),
        open_ledger(dict(params, ledger_wait=0), client.host, WRITE) as ledger,
    ):
        ledger.take_turn(list(rows))
        recorded = ledger.histories(list(rows))
        unchanged = [
            each
            for each in rows
            if recorded.get(each, BindingHistory()).facts == selected.histories[each].facts[:-1]
        ]
        ledger.note({each: [selected.facts[each]] for each in unchanged}, [rows[each] for each in unchanged])
