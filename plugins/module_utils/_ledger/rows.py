# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What stands in the rows of a ledger, as typed values. Pure."""

from __future__ import annotations

import json
import typing as t

from . import statements as sql
from .baseline import NO_BASELINE, Baseline
from .history import BindingFact, FactKind
from .status import Event, EventKind, Status, derive_status


class Entry(t.NamedTuple):
    """One extract for one binding, as it stands in the ledger. ``at``: when the event was recorded that decides the status. ``reason``: of that event.
    ``loaded_at``: when it was recorded that Adverity shows it as loaded."""

    binding_id: int
    extract_id: int
    datastream_id: int | None
    created: str | None
    status: Status = Status.PENDING
    at: str | None = None
    reason: str | None = None
    loaded_at: str | None = None


class BindingRow(t.NamedTuple):
    """A binding that the ledger has seen. ``total``: how many extracts it records for it."""

    binding_id: int
    datastream_id: int | None
    target_id: int | None
    total: int


class Request(t.NamedTuple):
    """A request to load extracts that is recorded: the id of its event, and what it is about."""

    id: int
    binding_ids: t.Sequence[int]
    extract_ids: t.Sequence[int]
    baseline: Baseline = NO_BASELINE


def chunks(ids: t.Sequence[int]) -> t.Iterator[t.Sequence[int]]:
    """The ids in parts of which each fits into one statement."""
    return (ids[start : start + sql.MAX_VALUES] for start in range(0, len(ids), sql.MAX_VALUES))


def event_from(number: int, kind: str | None, at: str | None = None, reason: str | None = None) -> Event:
    """An event. One that is missing, after a repair by hand, says nothing: the outcome is unknown."""
    return Event(number, EventKind.INTENDED if kind is None else EventKind(kind), at, reason)


def status_of_one(event_id: int | None, kind: str | None) -> Status:
    """The status after a single event: of most entries there is no other."""
    if kind == "dispatched":
        return Status.DISPATCHED
    return Status.PENDING if event_id is None else derive_status([event_from(event_id, kind)])[0]


def fact_from(row: t.Sequence[t.Any]) -> BindingFact:
    """A fact of a binding. Raises ValueError."""
    number, kind, at, clock, enabled, updated, seconds, created_from, created_to = row
    known = None if enabled is None else bool(enabled)
    return BindingFact(FactKind(kind), at, clock, known, updated, seconds, (created_from, created_to), number)


def pairs_from(stored: str) -> tuple[list[int], list[int]]:
    """The bindings and the extracts of an event. Raises ValueError."""
    binding_ids, extract_ids = json.loads(stored)
    return [int(each) for each in binding_ids], [int(each) for each in extract_ids]
