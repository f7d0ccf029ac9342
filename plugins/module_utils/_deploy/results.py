# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The results of the modules that a run of the role ``deploy_destination`` has called, as the play registered
them, read into types. A result is empty where its module did not run, and incomplete where it failed. Pure.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._api.paging import Row
from .loads import LoadResult

DATASTREAM_SETTINGS = ("smart_pulling", "pulling_mode", "enabled")
# If one of these steps fails, bindings may not be as asked, and no history was sent.
_UP_TO_ENABLE = ("create", "plan", "prepare", "enable")


class PlannedBinding(t.NamedTuple):
    """A binding that the run concerns. One that did not exist when it was planned has no ID.

    ``action``: what happens to its history. ``name``: of its datastream, where that goes by its name.
    ``extract_count``: of the history of one without an ID, where check mode has counted it.
    """

    binding_id: int | None
    datastream_id: int
    target_name: str
    enabled: bool | None
    action: str
    name: str | None
    extract_count: int

    @classmethod
    def from_row(cls, row: Row) -> PlannedBinding:
        """A binding of the result of ``adverity_deployment_info``."""
        return cls(
            row["binding_id"],
            row["datastream_id"],
            row.get("target_name") or "",
            row.get("enabled"),
            row["action"],
            row.get("name") or None,
            row.get("extract_count") or 0,
        )


@dataclass(frozen=True)
class PlanResult:
    """What ``adverity_deployment_info`` has returned. ``datastream_count``: of those that are named by UUID."""

    check_mode: bool
    target_id: int | None
    name: str | None
    assigns: bool
    steps: tuple[str, ...]
    enabled: bool
    on_failed: str
    datastream_enabled: bool
    datastream_count: int
    bindings: list[PlannedBinding]

    @classmethod
    def of(cls, result: Row) -> PlanResult:
        """Of a result that is complete."""
        options = result["options"]
        return cls(
            check_mode=result["check_mode"],
            target_id=result["target_id"],
            name=result["name"],
            assigns=bool(result.get("assign")),
            steps=tuple(result.get("steps", ())),
            enabled=options["enabled"],
            on_failed=options.get("on_failed", "fail"),
            datastream_enabled=bool(options["datastream_enabled"]),
            datastream_count=len(options.get("datastream_uuids") or ()),
            bindings=[PlannedBinding.from_row(row) for row in result["bindings"]],
        )


@dataclass(frozen=True)
class DestinationResult:
    """What ``adverity_destination`` has returned."""

    changed: bool
    created: bool
    target_id: int | None

    @classmethod
    def of(cls, result: Row) -> DestinationResult:
        """Of any result."""
        target_id = result.get("destination", {}).get("id")
        return cls(bool(result.get("changed")), result.get("created", False), target_id)


@dataclass(frozen=True)
class BindingResult:
    """What ``adverity_binding`` has returned.

    ``written_ids``: the bindings that were enabled or disabled. ``not_written_ids``: those that a run that
    went on in spite of that could not write. ``unknown_ids``: those with an unknown outcome. ``left_open``:
    the message of such a run.
    """

    written_ids: list[int]
    not_written_ids: list[int]
    unknown_ids: list[int]
    left_open: str | None

    @classmethod
    def of(cls, result: Row) -> BindingResult:
        """Of any result."""
        return cls(
            _affected(result, "binding_ids"),
            list(result["remaining"]["binding_ids"]) if result.get("unfinished") else [],
            list(result.get("unknown", {}).get("binding_ids", [])),
            _left_open(result),
        )


class Counts(t.NamedTuple):
    """How many extracts of a binding were sent, and what became of the others."""

    requeued: int = 0
    skipped: int = 0
    recorded: int = 0
    settled: int = 0
    loaded_by_itself: int = 0
    unknown: int = 0
    refused: int = 0
    failed: int = 0
    remaining: int = 0

    @classmethod
    def from_row(cls, row: Row) -> Counts:
        """Of an item of ``summary``."""
        return cls(*[row.get(name, 0) for name in cls._fields])


class FoundBinding(t.NamedTuple):
    """A binding that a module has found after the run was planned. Where it does not tell what happens to the history, ``action`` is None."""

    binding_id: int
    datastream_id: int
    enabled: bool | None = None
    action: str | None = None


@dataclass(frozen=True)
class RequeueResult:
    """What ``adverity_requeue`` has returned. ``changed``: also where it only recorded something in the ledger.
    ``counts`` by binding are None where it did not come to send.
    ``left_open``: the message of a run that has left something open.
    """

    changed: bool
    extract_count: int
    counts: dict[int | None, Counts] | None
    bindings: list[FoundBinding]
    failed_extract_ids: t.Collection[int]
    left_open: str | None

    @classmethod
    def of(cls, result: Row) -> RequeueResult:
        """Of any result."""
        summary = result.get("summary")
        bindings = [
            FoundBinding(row["binding_id"], row["datastream_id"], row.get("enabled"), row.get("action"))
            for row in result.get("bindings", [])
        ]
        return cls(
            bool(result.get("changed")),
            result.get("extract_count", 0),
            None if summary is None else {row["binding_id"]: Counts.from_row(row) for row in summary},
            bindings,
            result.get("failed_extract_ids") or (),
            _left_open(result),
        )


@dataclass(frozen=True)
class AssignmentResult:
    """What ``adverity_assignment`` has returned. ``datastream_ids``: those that were assigned; ``bindings``: as far as they show."""

    datastream_ids: list[int]
    bindings: list[FoundBinding]

    @classmethod
    def of(cls, result: Row) -> AssignmentResult:
        """Of any result."""
        shown = (row for row in result.get("assignments", []) if row["binding_id"] is not None)
        bindings = [FoundBinding(row["binding_id"], row["datastream_id"]) for row in shown]
        return cls(_affected(result, "datastream_ids"), bindings)


@dataclass(frozen=True)
class RoleRun:
    """A run of the role.

    ``written_uuids``: of the datastreams in which something was set, by what that is. ``failed`` is the step of
    the plan that failed, where the play goes on in spite of it (``ignore_errors``): the later steps did not run.
    """

    plan: PlanResult
    made: DestinationResult
    enabled: BindingResult
    requeued: RequeueResult
    written_uuids: dict[str, list[str]]
    assigned: AssignmentResult
    failed: str | None
    followed: LoadResult

    @property
    def check_mode(self) -> bool:
        """Whether nothing was written."""
        return self.plan.check_mode

    @property
    def left_open(self) -> list[str]:
        """The messages of modules that have left something open."""
        messages = (self.enabled.left_open, self.requeued.left_open)
        return [message for message in messages if message is not None]

    def is_new(self, binding: PlannedBinding) -> bool:
        """Whether a binding was created in this run, and does not show yet."""
        is_assigned = self.failed != "create" or binding.datastream_id in self.assigned.datastream_ids
        return binding.binding_id is None and is_assigned

    @property
    def failed_before_sending(self) -> bool:
        """Whether a step failed after which bindings may not be as asked, and no history was sent."""
        return self.failed in _UP_TO_ENABLE

    def bindings(self) -> list[PlannedBinding]:
        """The planned bindings. Those that did not exist have the IDs and states that later modules have found."""
        planned_ids = {binding.binding_id for binding in self.plan.bindings}
        requeued_ids = {binding.binding_id for binding in self.requeued.bindings}
        assigned = [each for each in self.assigned.bindings if each.binding_id not in requeued_ids]
        later: dict[int, list[FoundBinding]] = {}
        for each in (*self.requeued.bindings, *assigned):
            if each.binding_id not in planned_ids:
                later.setdefault(each.datastream_id, []).append(each)
        return [
            _merge(binding, later[binding.datastream_id].pop(0))
            if binding.binding_id is None and later.get(binding.datastream_id)
            else binding
            for binding in self.plan.bindings
        ]


def written_uuids(datastreams: t.Mapping[str, Row]) -> dict[str, list[str]]:
    """The datastreams in which something was set, by what that is, from the results of the modules that set it."""
    return {name: _affected(datastreams.get(name, {}), "datastream_ids") for name in DATASTREAM_SETTINGS}


def _merge(planned: PlannedBinding, found: FoundBinding) -> PlannedBinding:
    if found.action is None:
        return planned._replace(binding_id=found.binding_id)
    return planned._replace(binding_id=found.binding_id, enabled=found.enabled, action=found.action)


def _affected(result: Row, key: str) -> list[t.Any]:
    return list(result.get("affected", {}).get(key, []))


def _left_open(result: Row) -> str | None:
    return result["msg"] if result.get("unfinished") else None
