# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Looking what became of extracts that were sent: reads what Adverity shows of them, and judges it. Changes nothing, neither there nor in the ledger.

Each round reads one list of jobs, one of issues, and of each datastream that is not settled as many pages of extracts as it takes, mostly one.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .._api import clock, text
from .._api.client import Client
from .._api.errors import AdverityError, Refused, RequestError, UnreadableAnswer
from .._ledger import sent as ledger_sent
from .._ledger.ledger import Ledger
from .._ledger.sent import Sent
from .._ledger.status import Event, EventKind, Status
from .._ledger.turns import ALL_ENABLED
from .._resources import bindings, extracts, issues, jobs
from .._resources.binding_state import stops_the_run
from .._resources.jobs import LONGEST_QUEUE
from .._resources.labels import Labels
from .._spec import times
from . import others
from .judge import Evidence, Judgement, Outcome, Reading, judge
from .recovery import WORDS, Recovery
from .since_failure import of_failed

Pair = tuple[int, int]  # binding, extract
SETTLED = (Outcome.LOADED, Outcome.FAILED)
_LONGEST_FETCH = timedelta(days=1)  # a fetch that began earlier has ended before the request
_NO_LIST = "the request named no binding, so that the state before it is not known"
_NO_REQUEST = "the ledger has no request for it"


@dataclass(frozen=True)
class Load:
    """An extract that was sent to a binding, and what became of it. ``is_recorded``: the ledger has this outcome from an earlier look."""

    sent: Sent
    judgement: Judgement
    is_recorded: bool = False

    @property
    def pair(self) -> Pair:
        """The binding and the extract."""
        return (self.sent.binding_id, self.sent.extract_id)

    @property
    def is_open(self) -> bool:
        """Whether a later look may tell more."""
        return self.judgement.can_change


class _Round(t.NamedTuple):
    """What one round read, by datastream. ``unreadable``: of one whose extracts could not be listed the error."""

    states: dict[int, extracts.States]
    unreadable: dict[int, AdverityError]
    issues: dict[int | None, list[issues.Issue]]
    jobs: dict[int | None, list[jobs.Job]]
    bindings: dict[int, list[others.MergedBinding]]
    now: datetime


class Watch:
    """Looks again and again at what was sent, until it is settled. ``jobs``: those of the datastreams, as they were read last, by id."""

    def __init__(self, client: Client, ledger: Ledger, pairs: t.Iterable[Pair], labels: Labels) -> None:
        """``pairs`` have to be in the ledger as sent."""
        self._client, self._ledger, self._labels = client, ledger, labels
        self._pairs = frozenset(pairs)
        self._readings: dict[int, list[Reading]] = {}
        self._requests: dict[Pair, int] = {}  # the request that was last for it when it was first looked at
        self._loads: dict[Pair, Load] = {}
        self._bindings: list[bindings.Binding] | None = None
        self.jobs: dict[int, jobs.Job] = {}

    def read(self) -> list[Load]:
        """One round. All loads as they are now, by binding and extract."""
        if not self._loads:
            self._begin()
        datastreams = self._open_datastreams()
        if datastreams:
            found = self._read_round(datastreams)
            for datastream_id, extract_ids in datastreams.items():
                self._judge_datastream(datastream_id, extract_ids, found)
        return self.loads

    @property
    def loads(self) -> list[Load]:
        """All loads as they were judged last, by binding and extract."""
        return [self._loads[pair] for pair in sorted(self._loads)]

    def _begin(self) -> None:
        """Takes what the ledger records. What it records as loaded needs no look."""
        by_binding: dict[int, list[int]] = {}
        for binding_id, extract_id in sorted(self._pairs):
            by_binding.setdefault(binding_id, []).append(extract_id)
        for binding_id, extract_ids in by_binding.items():
            for sent in ledger_sent.read(self._ledger, [binding_id], extract_ids):
                self._take(sent, _recorded(sent))

    def _take(self, sent: Sent, load: Load) -> None:
        self._loads[load.pair] = load
        request = others.last_request(sent)
        if request is not None:
            self._requests.setdefault(load.pair, request.id)

    def _open_datastreams(self) -> dict[int, list[int]]:
        """The datastreams that are to be read, and of each the extracts. A failure that is recorded is looked at once more: it may have been repaired."""
        found: dict[int, set[int]] = {}
        for load in self._loads.values():
            if load.is_open and load.sent.datastream_id is not None:
                found.setdefault(load.sent.datastream_id, set()).add(load.sent.extract_id)
        return {datastream_id: sorted(found[datastream_id]) for datastream_id in sorted(found)}

    def _read_round(self, datastreams: t.Mapping[int, list[int]]) -> _Round:
        """The ledger is read after Adverity: a request that came in between can have changed nothing of what was shown."""
        ids = list(datastreams)
        if self._bindings is None:
            self._bindings = bindings.read(self._client, ids[0] if len(ids) == 1 else None)
        states: dict[int, extracts.States] = {}
        unreadable: dict[int, AdverityError] = {}
        for datastream_id, extract_ids in datastreams.items():
            try:
                states[datastream_id] = extracts.read_states(self._client, datastream_id, extract_ids)
                self._take_readings(extract_ids, states[datastream_id].labels)
            except (RequestError, UnreadableAnswer) as error:
                if stops_the_run(error):
                    raise
                unreadable[datastream_id] = error
        now = self._client.date or clock.now()
        found_issues = issues.read(self._client, ids)
        found_jobs = jobs.read(
            self._client, ids, start=times.show(self._first_job(now).replace(microsecond=0))
        )
        self.jobs.update((job.id, job) for job in found_jobs)
        seen = {
            each: row for each, row in self._ledger.binding_rows().items() if row.datastream_id in datastreams
        }
        listed = [binding for binding in self._bindings if binding.datastream_id in datastreams]
        merged = others.merge_bindings(listed, seen, self._ledger.histories(list(seen)))
        return _Round(
            states, unreadable, _by_datastream(found_issues), _by_datastream(found_jobs), merged, now
        )

    def _take_readings(self, extract_ids: t.Iterable[int], labels: t.Mapping[int, str | None]) -> None:
        """Adds a reading of each extract, where it differs from the last one."""
        at = None if self._client.date is None else times.show(self._client.date)
        for extract_id in extract_ids:
            reading = Reading(labels.get(extract_id), at, extract_id in labels)
            before = self._readings.setdefault(extract_id, [])
            if not before or (before[-1].label, before[-1].listed) != (reading.label, reading.listed):
                before.append(reading)

    def _first_job(self, now: datetime) -> datetime:
        """Since when jobs tell something: those of requests that were sent longer ago than a job waits are over."""
        oldest = now - LONGEST_QUEUE
        moments = [self._sent_at(load) for load in self._loads.values() if load.is_open]
        return min((max(moment or oldest, oldest) for moment in moments), default=oldest) - _LONGEST_FETCH

    @staticmethod
    def _sent_at(load: Load) -> datetime | None:
        request = others.last_request(load.sent)
        return request.clock if request else None

    def _judge_datastream(self, datastream_id: int, extract_ids: list[int], found: _Round) -> None:
        of_extract: dict[int, list[Sent]] = {}
        recorded = [each.id for each in found.bindings.get(datastream_id, ())]
        for sent in ledger_sent.read(self._ledger, [*recorded, ALL_ENABLED], extract_ids):
            of_extract.setdefault(sent.extract_id, []).append(sent)
        for extract_id in extract_ids:
            for sent in of_extract.get(extract_id, ()):
                before = self._loads.get((sent.binding_id, extract_id))
                if before is not None and before.is_open:
                    now = Load(sent, self._judge(sent, of_extract[extract_id], found))
                    is_recovered = before.is_recorded and self._has_recovered(
                        sent, of_extract[extract_id], found
                    )
                    self._take(sent, _recovered(now) if is_recovered else _keep_failure(before, now))

    def _has_recovered(self, sent: Sent, of_extract: list[Sent], found: _Round) -> bool:
        """Whether an extract whose load is recorded as failed is seen to be loaded since."""
        datastream_id = t.cast(int, sent.datastream_id)
        if datastream_id in found.unreadable or sent.status is not Status.FAILED:
            return False
        label = self._readings[sent.extract_id][-1].label
        of_datastream = found.bindings.get(datastream_id, ())
        return of_failed(sent, label, of_extract, of_datastream, self._labels) is Recovery.LOADED

    def _judge(self, sent: Sent, of_extract: list[Sent], found: _Round) -> Judgement:
        """``of_extract``: everything that was sent of the extract, for all bindings."""
        request, datastream_id = others.last_request(sent), t.cast(int, sent.datastream_id)
        if request is None:
            return Judgement(Outcome.UNCONFIRMED, _NO_REQUEST)
        if request.id != self._requests.get((sent.binding_id, sent.extract_id)):
            return Judgement(Outcome.UNCONFIRMED, "another run has sent it again meanwhile")
        if datastream_id in found.unreadable:
            return _unreadable(found.unreadable[datastream_id])
        of_datastream = tuple(found.jobs.get(datastream_id, ()))
        automatic = others.automatic_loads(sent, request, found.bindings.get(datastream_id, ()))
        evidence = Evidence(
            sent_at=others.sent_at(request),
            baseline=self._labels.meaning(request.label) if request.has_label else None,
            readings=tuple(self._readings[sent.extract_id]),
            extract_id=sent.extract_id,
            issues=tuple(found.issues.get(datastream_id, ())),
            jobs=of_datastream,
            others=(*others.other_requests(sent, request, of_extract), *automatic),
            fetched_since=_has_fetched(
                request.clock, found.states[datastream_id].newest, of_datastream, found.now
            ),
            known=_failures_before(request, of_extract),
        )
        judgement = judge(evidence, self._labels)
        is_over = request.clock is not None and found.now - request.clock > LONGEST_QUEUE
        return (
            replace(judgement, can_change=False)
            if is_over and judgement.outcome is Outcome.UNCONFIRMED
            else judgement
        )


class _OfDatastream(t.Protocol):
    @property
    def datastream_id(self) -> int | None:
        """The datastream, None where it is not told."""


Thing = t.TypeVar("Thing", bound=_OfDatastream)


def _by_datastream(things: t.Iterable[Thing]) -> dict[int | None, list[Thing]]:
    found: dict[int | None, list[Thing]] = {}
    for each in things:
        found.setdefault(each.datastream_id, []).append(each)
    return found


def _recorded(sent: Sent) -> Load:
    """What the ledger records of the outcome. What is not settled by it is open."""
    if sent.binding_id == ALL_ENABLED or sent.datastream_id is None:
        return Load(sent, Judgement(Outcome.UNCONFIRMED, _NO_LIST))
    if sent.status is Status.FAILED:
        reason = next(event.reason for event in reversed(sent.events) if event.kind is EventKind.FAILED)
        return Load(sent, Judgement(Outcome.FAILED, reason or "", can_change=True), True)
    newest = sent.events[-1]
    if newest.kind is EventKind.LOADED:
        return Load(
            sent, Judgement(Outcome.LOADED, f"{newest.reason or 'loaded'} (recorded {newest.at})"), True
        )
    return Load(sent, Judgement(Outcome.UNCONFIRMED, "not looked at", can_change=True))


def _failures_before(request: Event, of_extract: t.Iterable[Sent]) -> frozenset[str]:
    """What was recorded of failures of an extract before a request, for whichever binding."""
    events = (event for sent in of_extract for event in sent.events)
    return frozenset(
        event.reason or "" for event in events if event.kind is EventKind.FAILED and event.id < request.id
    )


def _has_fetched(
    since: datetime | None, newest: datetime | None, of_datastream: t.Iterable[jobs.Job], now: datetime
) -> bool:
    """Whether the datastream has fetched since then, or may have."""
    if since is None or now - since > LONGEST_QUEUE or (newest is not None and newest >= since):
        return True
    return any(job.is_fetch and (job.end is None or job.end >= since) for job in of_datastream)


def _unreadable(error: AdverityError) -> Judgement:
    is_gone = isinstance(error, Refused) and error.status == 404
    return Judgement(Outcome.UNCONFIRMED, text.line(error).rstrip("."), can_change=not is_gone)


def _recovered(now: Load) -> Load:
    """A recorded failure whose extract is seen to be loaded since."""
    return Load(
        now.sent, replace(now.judgement, outcome=Outcome.LOADED, reason=WORDS, can_change=False, issue=None)
    )


def _keep_failure(before: Load, now: Load) -> Load:
    """A failure that is recorded stays one until its extract is seen to be loaded."""
    if not before.is_recorded or now.judgement.outcome is Outcome.LOADED:
        return now
    label, since = now.judgement.label, now.judgement.since
    return Load(now.sent, replace(before.judgement, can_change=False, label=label, since=since), True)
