# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a requeue does with the extracts that are chosen: pure, from these and what the ledger knows of them to requests."""

from __future__ import annotations

import functools
import types
import typing as t
from array import array

from .._ledger.history import BindingHistory
from .._ledger.periods import PASSING, Reason, Uncertainty
from .._ledger.rows import Entry
from .._ledger.status import Status
from .._ledger.turns import ALL_ENABLED
from .._outcome.recovery import Recovery
from .._resources.extracts import Extract, Extracts
from .._resources.labels import Meaning
from .decision import LOST, Choices, ExtractAction, Pair, Statuses, extract_action
from .select import Loads

LOST_REQUEST = Uncertainty(LOST)
_SETTLING = (ExtractAction.CONFIRM, ExtractAction.RECORD)
_SENDING = frozenset((ExtractAction.SEND, ExtractAction.SEND_ALONE))
_NOT_LOADED = frozenset((Meaning.COLLECTED, Meaning.FAILED))


class Options(t.NamedTuple):
    """How a requeue is done; see the options of adverity_requeue. ``recoveries``: what became of extracts whose load failed, by binding and extract."""

    batch_size: int = 50
    limit: int | None = None
    choices: Choices = Choices()
    recoveries: t.Mapping[tuple[int, int], Recovery] = types.MappingProxyType({})


class Batch(t.NamedTuple):
    """One POST. ``binding_ids`` is empty where none are named. ``alone``: an extract that the API refused before."""

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
        return (
            (self.datastream_id, binding_id, extract_id)
            for extract_id in self.extract_ids
            for binding_id in self.ledger_bindings
        )

    def for_binding(self, binding_id: int) -> Batch:
        """The same for one of its bindings; none is named where none was."""
        return self._replace(binding_ids=(binding_id,) if self.binding_ids else ())

    def parts(self) -> list[Batch]:
        """The same as smaller requests, to find out what of it is refused: by binding, then the halves of its extracts, in the same order."""
        if len(self.binding_ids) > 1:
            return [self.for_binding(binding_id) for binding_id in self.binding_ids]
        middle = (len(self.extract_ids) + 1) // 2
        return [
            self._replace(extract_ids=self.extract_ids[:middle]),
            self._replace(extract_ids=self.extract_ids[middle:]),
        ]


class Plan:
    """``batches`` in the order of sending, ``later`` those over the limit, which a later call sends, and of the rest what happens to it.

    ``waiting``: to be sent, but after one of unknown outcome in the same binding. ``skipped``: sent before. ``loaded``: the binding loaded it
    automatically. ``unknown``: nobody can know, with the reason, and not to be sent. ``confirmed`` and ``recorded``: dispatched, or loaded, by the user's
    word; ``over_limit``: the same, left for a later call. ``uncertain``: nobody
    can know, and it is to be sent, or is over the limit. ``refused`` and ``failed``: Adverity refused it before, or its load failed, and it is left
    out. ``resent``: in ``batches``, although the ledger records that it may be loaded. ``no_longer_due``: of ``loaded``, those that the ledger
    has as pending. ``doubtful``: of ``loaded``, those that Adverity shows as not loaded. All of these are in the order of ``loads``.
    """

    def __init__(self, loads: t.Sequence[Loads] = ()) -> None:
        self.loads = loads
        self.batches: list[Batch] = []
        self.later: list[Batch] = []
        self.waiting: list[Pair] = []
        self.resent: list[Pair] = []
        self.no_longer_due: list[Pair] = []
        self.doubtful: dict[Pair, Extract] = {}
        self.skipped: list[Pair] = []
        self.loaded: list[Pair] = []
        self.unknown: dict[Pair, Uncertainty] = {}
        self.confirmed: list[Pair] = []
        self.recorded: list[Pair] = []
        self.over_limit: list[Pair] = []
        self.uncertain: dict[Pair, Uncertainty] = {}
        self.refused: list[Pair] = []
        self.failed: list[Pair] = []

        self.extract_count = 0  # of the batches; each extract stands in one
        self._settled_count = 0  # of what is confirmed or recorded, and is not in a batch

    def has_room(self, limit: int | None) -> bool:
        """Whether one more extract may be sent, or recorded by the user's word."""
        return limit is None or self.extract_count + self._settled_count < limit

    def settle(self) -> None:
        """Takes that an extract is confirmed or recorded for at least one binding, and sent to none."""
        self._settled_count += 1

    def add(self, batch: Batch, options: Options) -> None:
        """Adds the batch of one extract to the last batch, where both go the same way, else as a batch of its own."""
        batches = self.batches if self.has_room(options.limit) else self.later
        self.extract_count += batches is self.batches
        last = batches[-1] if batches else None
        if (
            last is None
            or last[:2] != batch[:2]
            or last.alone
            or batch.alone
            or len(last.extract_ids) >= options.batch_size
        ):
            batches.append(batch)
        else:
            last.extract_ids.extend(batch.extract_ids)

    def due(self) -> t.Iterator[Entry]:
        """All that is to be sent, also by a later call, for the ledger."""
        yield from self.entries(
            pair for batches in (self.batches, self.later) for batch in batches for pair in batch.pairs()
        )
        yield from self.entries(self.waiting)

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

    def labels(self) -> t.Iterator[tuple[int, str | None]]:
        """The extracts in the order of sending, each with the label of its state; without those whose list was not read."""
        for loads in self.loads:
            if isinstance(loads.extracts, Extracts):
                yield from loads.extracts.labels()
            elif loads.datastream_id is not None:
                yield from ((extract.id, extract.label) for extract in loads.extracts)

    def unlisted(self, entries: list[Entry]) -> list[Entry]:
        """Those of the ledger's entries whose extracts the API did not list."""
        missing = {entry.extract_id for entry in entries}
        for loads in self.loads if missing else ():
            missing.difference_update(extract.id for extract in loads.extracts)
        return [entry for entry in entries if entry.extract_id in missing]


def make(
    loads: t.Sequence[Loads], statuses: Statuses, histories: t.Mapping[int, BindingHistory], options: Options
) -> Plan:
    """Batches of at most ``batch_size`` extracts that go to the same bindings of the same datastream, in the order of ``loads``; at most ``limit``
    extracts. ``statuses`` tells what the ledger records of extracts, by binding."""
    plan = Plan(loads)
    for of_datastream in loads:
        planner = _DatastreamPlanner(plan, of_datastream, statuses, histories, options)
        for extract in of_datastream.extracts:
            planner.add(extract)
    return plan


class _DatastreamPlanner:
    """Adds the extracts of one datastream to a plan, oldest first."""

    def __init__(
        self,
        plan: Plan,
        loads: Loads,
        statuses: Statuses,
        histories: t.Mapping[int, BindingHistory],
        options: Options,
    ) -> None:
        self._plan, self._loads, self._histories, self._options = plan, loads, histories, options
        # As a list, millions of IDs would take five times the memory.
        extract_ids = array("q", (extract.id for extract in loads.extracts))
        self._statuses = {
            binding_id: statuses(binding_id, extract_ids)
            for binding_id in loads.binding_ids or (ALL_ENABLED,)
        }
        self._held: set[int] = set()  # the bindings in which an extract is left open that has to come first
        self._aside = {
            ExtractAction.SKIP: plan.skipped,
            ExtractAction.LOADED: plan.loaded,
            ExtractAction.CONFIRM: plan.confirmed,
            ExtractAction.RECORD: plan.recorded,
            ExtractAction.LEAVE_REFUSED: plan.refused,
            ExtractAction.LEAVE_FAILED: plan.failed,
        }

    def add(self, extract: Extract) -> None:
        """Adds what happens to an extract for each binding."""
        due: dict[int, ExtractAction] = {}
        is_settled = False
        for binding_id, status_of in self._statuses.items():
            status = status_of.get(extract.id)
            was_loaded = functools.partial(_was_loaded, self._loads, self._histories.get(binding_id), extract)
            recovery = self._options.recoveries.get((binding_id, extract.id), Recovery.NONE)
            action, uncertain = extract_action(status, was_loaded, self._options.choices, recovery)
            pair = (self._loads.datastream_id, binding_id, extract.id)
            is_over_limit = action in _SETTLING and not self._plan.has_room(self._options.limit)
            if uncertain is not None and (is_over_limit or action in _SENDING):
                self._plan.uncertain[pair] = uncertain
            if is_over_limit:
                self._plan.over_limit.append(pair)
                self._held.add(binding_id)
            elif action not in _SENDING:
                is_settled = is_settled or action in _SETTLING
                self._put_aside(pair, extract, status, action, uncertain)
            elif binding_id in self._held:
                self._plan.waiting.append(pair)
            else:
                due[binding_id] = action
                self._note_resent(pair, uncertain)
        if due:
            self._plan.add(self._batch(extract, due), self._options)
        elif is_settled:
            self._plan.settle()

    def _put_aside(
        self,
        pair: Pair,
        extract: Extract,
        status: Status | None,
        action: ExtractAction,
        uncertain: Uncertainty | None,
    ) -> None:
        """Adds what is not to be sent."""
        if action is ExtractAction.LEAVE_UNKNOWN:
            self._plan.unknown[pair] = uncertain or Uncertainty(Reason.ELSEWHERE)
            if self._options.choices.on_unknown != "skip":
                self._held.add(pair[1])
            return
        self._aside[action].append(pair)
        if action is ExtractAction.LOADED and extract.meaning in _NOT_LOADED:
            self._plan.doubtful[pair] = extract
        if action is ExtractAction.LOADED and status is Status.PENDING:
            self._plan.no_longer_due.append(pair)

    def _note_resent(self, pair: Pair, uncertain: Uncertainty | None) -> None:
        if uncertain is None or not self._plan.has_room(self._options.limit):
            return
        if uncertain == LOST_REQUEST or uncertain.reason in PASSING:
            self._plan.resent.append(pair)

    def _batch(self, extract: Extract, due: dict[int, ExtractAction]) -> Batch:
        binding_ids = tuple(due) if self._loads.binding_ids else ()
        is_alone = ExtractAction.SEND_ALONE in due.values()
        return Batch(self._loads.datastream_id, binding_ids, [extract.id], is_alone)


def _was_loaded(loads: Loads, history: BindingHistory | None, extract: Extract) -> bool | Uncertainty:
    loaded = False if history is None else history.was_loaded(extract.interval, extract.created)
    return loads.may_be_loaded.get(extract.id, False) if loaded is False else loaded
