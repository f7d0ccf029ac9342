# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a requeue does: pure, from the loads that are wanted and what the ledger knows of them, to batches."""

from __future__ import annotations

import typing as t

from .._ledger.entries import ALL_ENABLED, DISPATCHED, UNKNOWN, Period
from .._resources.extracts import Extract
from .._spec import times
from .select import Load

Pair = tuple[t.Optional[int], int, int]  # datastream id, binding id, extract id


class Batch(t.NamedTuple):
    """One POST. ``binding_ids`` is empty where none are named."""

    datastream_id: int | None
    binding_ids: tuple[int, ...]
    extract_ids: list[int]

    @property
    def ledger_bindings(self) -> tuple[int, ...]:
        """The bindings under which the ledger knows it."""
        return self.binding_ids or (ALL_ENABLED,)

    def pairs(self) -> t.Iterator[tuple[int, int]]:
        """Each binding with each extract."""
        return ((binding_id, extract_id) for binding_id in self.ledger_bindings for extract_id in self.extract_ids)


class Plan:
    """``batches`` in the order of sending, and of the rest what happens to it.

    ``skipped``: dispatched before; of these ``settled``: unknown until now, and dispatched by the user's word. ``unknown``: outcome unknown, and
    not to be sent. ``left``: over the limit. ``untold``: the service does not
    tell when it was created, so not whether the binding loaded it by itself. ``stopped``: unknown ones forbid sending anything.
    """

    def __init__(self, stop_at_unknown: bool) -> None:
        self.batches: list[Batch] = []
        self.skipped: list[Pair] = []
        self.settled: list[Pair] = []
        self.unknown: list[Pair] = []
        self.left: list[Pair] = []
        self.untold: list[Pair] = []
        self._stop_at_unknown = stop_at_unknown

    @property
    def stopped(self) -> bool:
        return self._stop_at_unknown and bool(self.unknown)

    @property
    def extract_count(self) -> int:
        """How many extracts the batches hold; each stands in one batch."""
        return sum(len(batch.extract_ids) for batch in self.batches)


def make(
    loads: t.Iterable[Load],
    status: t.Callable[[int, int], str | None],
    batch_size: int,
    limit: int | None,
    force: bool,
    on_unknown: str,
    self_loading: t.Mapping[int, list[Period]],
) -> Plan:
    """Batches of at most ``batch_size`` extracts that go to the same bindings of the same datastream, in the order of ``loads``.

    What is dispatched is left out unless ``force``; what is unknown only goes with ``on_unknown`` ``requeue``, and counts as dispatched with
    ``dispatched``. At most ``limit`` extracts.
    What a binding loaded by itself is no part of the plan at all, unless it was planned before.
    """
    plan = Plan(on_unknown == "fail")
    itself = {binding_id: loaded_itself(periods) for binding_id, periods in self_loading.items()}
    count = 0
    for datastream_id, extract, binding_ids in loads:
        due = []
        for binding_id in binding_ids or (ALL_ENABLED,):
            known = status(binding_id, extract.id)
            if known is None and binding_id in itself:
                loaded = itself[binding_id](extract)
                if loaded is None:
                    plan.untold.append((datastream_id, binding_id, extract.id))
                if loaded is not False:
                    continue
            if known == UNKNOWN and on_unknown == "dispatched":
                plan.settled.append((datastream_id, binding_id, extract.id))
                known = DISPATCHED
            if known == UNKNOWN and on_unknown != "requeue":
                plan.unknown.append((datastream_id, binding_id, extract.id))
            elif known == DISPATCHED and not force:
                plan.skipped.append((datastream_id, binding_id, extract.id))
            else:
                due.append(binding_id)
        if not due:
            continue
        if limit is not None and count >= limit:
            plan.left.extend((datastream_id, binding_id, extract.id) for binding_id in due)
            continue
        count += 1
        named = tuple(due) if binding_ids else ()
        last = plan.batches[-1] if plan.batches else None
        if last is None or last.datastream_id != datastream_id or last.binding_ids != named or len(last.extract_ids) >= batch_size:
            last = Batch(datastream_id, named, [])
            plan.batches.append(last)
        last.extract_ids.append(extract.id)
    return plan


def loaded_itself(periods: list[Period]) -> t.Callable[[Extract], bool | None]:
    """Whether a binding that was enabled in these periods got an extract without a requeue; None where that cannot be told."""
    parsed = [(times.parse(since), times.parse(until) if until else None) for since, until in periods]

    def loaded(extract: Extract) -> bool | None:
        created = extract.created
        if created is None:
            return None if parsed else False
        return any(since < created and (until is None or created <= until) for since, until in parsed)

    return loaded
