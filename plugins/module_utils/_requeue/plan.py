# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a requeue does with the extracts that are chosen: pure, from these and what the ledger knows of them to requests."""

from __future__ import annotations

import typing as t
from array import array

from .._ledger.ledger import ALL_ENABLED, Entry
from .._ledger.timeline import Doubt, Record
from . import decision
from .select import Loads

Pair = tuple[t.Optional[int], int, int]  # datastream id, binding id, extract id


class Options(t.NamedTuple):
    """How a requeue is done; see the options of adverity_requeue."""

    batch_size: int = 50
    limit: int | None = None
    force: bool = False
    on_unknown: str = "fail"
    on_refused: str = "fail"


class Batch(t.NamedTuple):
    """One POST. ``binding_ids`` is empty where none are named. ``alone``: an extract that the service refused before."""

    datastream_id: int | None
    binding_ids: tuple[int, ...]
    extract_ids: list[int]
    alone: bool = False

    @property
    def ledger_bindings(self) -> tuple[int, ...]:
        """The bindings under which the ledger knows it."""
        return self.binding_ids or (ALL_ENABLED,)

    def pairs(self) -> t.Iterator[Pair]:
        """Each extract with each binding."""
        return ((self.datastream_id, binding_id, extract_id) for extract_id in self.extract_ids for binding_id in self.ledger_bindings)

    def halves(self) -> list[Batch]:
        """The same as two requests, in the same order."""
        middle = (len(self.extract_ids) + 1) // 2
        return [self._replace(extract_ids=self.extract_ids[:middle]), self._replace(extract_ids=self.extract_ids[middle:])]


class Plan:
    """``batches`` in the order of sending, ``later`` those over the limit, which a later call sends, and of the rest what happens to it.

    ``skipped``: dispatched before. ``loaded``: the binding loaded it by itself. ``unknown``: nobody can know, with the reason, and not to be sent.
    ``confirmed``: unknown until now, and dispatched by the user's word. ``refused``: the service refused it before, and it is left out.
    All of these are in the order of ``loads``.
    """

    def __init__(self, loads: t.Sequence[Loads] = ()) -> None:
        self.loads = loads
        self.batches: list[Batch] = []
        self.later: list[Batch] = []
        self.skipped: list[Pair] = []
        self.loaded: list[Pair] = []
        self.unknown: dict[Pair, Doubt] = {}
        self.confirmed: list[Pair] = []
        self.refused: list[Pair] = []

    @property
    def extract_count(self) -> int:
        """How many extracts the batches hold; each stands in one batch."""
        return sum(len(batch.extract_ids) for batch in self.batches)

    def due(self) -> t.Iterator[Entry]:
        """All that is to be sent, also by a later call, for the ledger."""
        return self.entries(pair for batches in (self.batches, self.later) for batch in batches for pair in batch.pairs())

    def entries(self, pairs: t.Iterable[Pair], **known: t.Any) -> t.Iterator[Entry]:
        """Pairs in their order, for the ledger. There can be millions: each finds its extract in the one after the last."""
        extracts = (extract for loads in self.loads for extract in loads.extracts)
        extract: t.Any = None
        for datastream_id, binding_id, extract_id in pairs:
            if extract is None or extract.id != extract_id:
                for extract in extracts:
                    if extract.id == extract_id:
                        break
            yield Entry(binding_id, extract_id, datastream_id, extract.created, **known)

    def unlisted(self, entries: list[Entry]) -> list[Entry]:
        """Those of the ledger's entries whose extracts the service did not list."""
        missing = {entry.extract_id for entry in entries}
        for loads in self.loads if missing else ():
            missing.difference_update(extract.id for extract in loads.extracts)
        return [entry for entry in entries if entry.extract_id in missing]


def make(
    loads: t.Sequence[Loads],
    statuses: t.Callable[[int, t.Sequence[int]], t.Mapping[int, str]],
    records: t.Mapping[int, Record],
    options: Options,
) -> Plan:
    """Batches of at most ``batch_size`` extracts that go to the same bindings of the same datastream, in the order of ``loads``; at most ``limit``
    extracts. ``statuses`` tells what the ledger knows of extracts, by binding."""
    plan = Plan(loads)
    count = 0
    for datastream_id, binding_ids, extracts in loads:
        extract_ids = array("q", (extract.id for extract in extracts))  # as a list, millions of them would take five times the memory
        known = {binding_id: statuses(binding_id, extract_ids) for binding_id in binding_ids or (ALL_ENABLED,)}
        for extract in extracts:
            due, alone = [], False
            for binding_id, status_of in known.items():
                pair = (datastream_id, binding_id, extract.id)
                does, doubt = decision.of_extract(
                    records.get(binding_id), status_of.get(extract.id), extract.created, options.force, options.on_unknown, options.on_refused
                )
                alone = alone or does == decision.SEND_ALONE
                if does in (decision.SEND, decision.SEND_ALONE):
                    due.append(binding_id)
                elif does == decision.SETTLE:
                    plan.confirmed.append(pair)
                elif does == decision.LEAVE_OUT and doubt is not None:
                    plan.unknown[pair] = doubt
                else:
                    {decision.SKIP: plan.skipped, decision.LOADED: plan.loaded, decision.LEAVE_OUT: plan.refused}[does].append(pair)
            if due:
                batches = plan.batches if options.limit is None or count < options.limit else plan.later
                _put(batches, Batch(datastream_id, tuple(due) if binding_ids else (), [extract.id], alone), options.batch_size)
                count += 1
    return plan


def _put(batches: list[Batch], batch: Batch, batch_size: int) -> None:
    last = batches[-1] if batches else None
    if last is None or last[:2] != batch[:2] or last.alone or batch.alone or len(last.extract_ids) >= batch_size:
        batches.append(batch)
    else:
        last.extract_ids.extend(batch.extract_ids)
