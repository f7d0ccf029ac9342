# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Jobs: what Adverity does or has done for a datastream. Rows are those of the older API, as other clients have seen them."""

from __future__ import annotations

import operator
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .._api import polling, text
from .._api.client import Client
from .._api.errors import Refused, UnreadableAnswer
from .._api.linked_list import Times, read_linked
from .._api.paging import PAGE_SIZE, Row, with_integers
from .._spec import times
from .references import integer_id

PATH = "/api/jobs/"
LONGEST_QUEUE = timedelta(
    days=2
)  # a job that does not start within two days is discarded: what was sent before that is over
FETCH = "fetch"
# Labels after which nothing comes. Another one, which nobody knows, counts as unfinished only while the job has no end.
_FINISHED = frozenset(("success", "failed", "cancelled", "discarded", "stale"))
# All labels that are documented.
STATES = ("Scheduled", "Running", "Success", "Failed", "Cancelled", "Discarded", "Stale")
_RUNNING = 1  # the only number of a state that is known
# Whether start and end include their own moment is not known, so it is asked for a little more and the rest is decided here.
_MARGIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Job:
    """A job. Times are aware, in UTC; None where the API does not tell them. ``row`` is what the API returned."""

    id: int
    type: str
    state_label: str
    datastream_id: int | None
    scheduled: datetime | None
    start: datetime | None
    end: datetime | None
    finished: bool
    row: Row = field(repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Row, datastream_id: int | None = None) -> Job:
        """The job of a row. ``datastream_id`` is that of a list of one datastream, for a row that does not name its own."""
        label, end = text.line(row.get("state_label") or ""), times.parse_or_none(row.get("job_end"))
        own = integer_id(row.get("datastream"))
        datastream_id = own if own is not None else datastream_id
        running = row.get("state") == _RUNNING and not isinstance(row.get("state"), bool)
        return cls(
            id=row["id"],
            type=text.line(row.get("type") or ""),
            state_label=label,
            datastream_id=datastream_id,
            scheduled=times.parse_or_none(row.get("scheduled")),
            start=times.parse_or_none(row.get("job_start")),
            end=end,
            finished=label.casefold() in _FINISHED or (end is not None and not running),
            row=dict(row, datastream_id=datastream_id),
        )

    @property
    def is_fetch(self) -> bool:
        """Whether it fetches. What other jobs are called is not known."""
        return self.type.casefold() == FETCH


def read(
    client: Client, datastream_ids: list[int] | None = None, start: str | None = None, end: str | None = None
) -> list[Job]:
    """Jobs, oldest first: those that are scheduled or running and, with ``start``, all that began (or are to begin) then or later.

    One list is read however many datastreams there are. A row that does not name its datastream belongs to none of several.
    """
    only = datastream_ids[0] if datastream_ids is not None and len(datastream_ids) == 1 else None
    query = _query(only, start, end)
    period = _Period(times.parse(start) if start else None, times.parse(end) if end else None)
    rows = read_linked(
        client, PATH, query, list[Row], Times(lambda row: times.parse_or_none(row.get("scheduled")))
    )
    jobs = [
        job
        for job in (Job.from_row(row, only) for row in rows)
        if period.contains(job.start or job.scheduled)
    ]
    chosen = [job for job in jobs if datastream_ids is None or job.datastream_id in datastream_ids]
    return sorted(chosen, key=operator.attrgetter("id"))


class _Period(t.NamedTuple):
    """From ``first`` to ``last``, both included; None: no bound."""

    first: datetime | None
    last: datetime | None

    def contains(self, moment: datetime | None) -> bool:
        """Whether a moment is in the period. One that the API does not tell counts as in it."""
        if moment is None:
            return True
        return (self.first is None or self.first <= moment) and (self.last is None or moment <= self.last)


def _query(datastream_id: int | None, start: str | None, end: str | None) -> dict[str, t.Any]:
    """What the list is asked for."""
    query: dict[str, t.Any] = {"page_size": PAGE_SIZE}
    if datastream_id is not None:
        query["datastream_id"] = datastream_id
    if start:
        query["start"] = _moved(start, -_MARGIN)
    if end:
        query["end"] = _moved(end, _MARGIN)
    return query


def read_one(client: Client, job: Job) -> Job | None:
    """The job as it is now; None where it is no longer there."""
    path = f"{PATH}{job.id}/"
    try:
        row = client.get(path)
    except Refused as error:
        if error.status == 404:
            return None
        raise
    if not isinstance(row, dict) or with_integers(path, row, "id")["id"] != job.id:
        raise UnreadableAnswer(f"GET {path} returned success, but not that job.", method="GET", path=path)
    return Job.from_row(row, job.datastream_id)


class Choice(t.NamedTuple):
    """Which jobs are wanted. ``states`` are labels, in any case; None for all."""

    datastream_ids: list[int] | None
    start: str | None
    end: str | None
    states: list[str] | None


class Watch:
    """Readings of the jobs of a choice. A job that was unfinished in one reading is followed to its end, although the list may no longer show it then,
    or its state no longer be one that is wanted."""

    def __init__(self, client: Client, choice: Choice) -> None:
        self._client, self._choice = client, choice
        self._followed: dict[int, Job] = {}
        states = choice.states
        self._states = None if states is None else {state.strip().casefold() for state in states}
        self._seen = {state.casefold() for state in STATES}

    def read(self) -> list[Job]:
        """The jobs as they are now, oldest first."""
        choice = self._choice
        listed = {job.id: job for job in read(self._client, choice.datastream_ids, choice.start, choice.end)}
        self._seen.update(job.state_label.casefold() for job in listed.values())
        found = {id_: job for id_, job in listed.items() if self._is_wanted(job)}
        for id_, job in self._followed.items():
            now = listed.get(id_) or (job if job.finished else read_one(self._client, job))
            if now is not None:
                found[id_] = now
        self._followed = {id_: job for id_, job in found.items() if id_ in self._followed or not job.finished}
        return [found[id_] for id_ in sorted(found)]

    def _is_wanted(self, job: Job) -> bool:
        return self._states is None or job.state_label.casefold() in self._states

    def unknown_states(self) -> list[str]:
        """The wanted states that are not documented, and that no job had: perhaps a typing error."""
        return [state for state in self._choice.states or () if state.strip().casefold() not in self._seen]


def unfinished(jobs: t.Iterable[Job]) -> list[int]:
    """The ids of those that have not ended."""
    return [job.id for job in jobs if not job.finished]


def wait(client: Client, choice: Choice, pace: polling.Pace) -> tuple[list[Job], list[str]]:
    """The jobs, after none of them is unfinished or the time is over, and the wanted states that nobody knows."""
    watch = Watch(client, choice)

    def describe(jobs: list[Job]) -> str:
        rest = unfinished(jobs)
        return f"{len(rest)} of {len(jobs)} jobs unfinished ({text.ids(rest, 5)})"

    found = polling.poll(pace, watch.read, lambda jobs: not unfinished(jobs), describe)[0]
    return found, watch.unknown_states()


def states_warning(unknown: list[str]) -> str:
    """Of wanted states that nobody knows."""
    shown = ", ".join(repr(text.line(state, longest=40)) for state in unknown[:5])
    return f"states: no job is in state {shown}, and this state is not known. Known states are: {', '.join(STATES)}."


def _moved(moment: str, by: timedelta) -> str:
    try:
        return times.show((times.parse(moment) + by).replace(microsecond=0))
    except OverflowError:
        return moment
