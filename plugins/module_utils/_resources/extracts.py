# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Extracts of a datastream, from the older list (requeue guide and contract: only the ``id`` of a row is certain).

The list is read newest first: so what happens to it meanwhile cannot hide an extract. Extracts of one fetch can be created at the same time, and the
order of those may differ from page to page: where it does, the list is read in the order of ids, or by periods (``linked_list.read_linked``).
"""

from __future__ import annotations

import contextlib
import typing as t
from array import array
from collections.abc import Sequence
from datetime import datetime, timedelta

from .._api.client import Client
from .._api.errors import AdverityError, IncompleteList
from .._api.linked_list import Times, read_linked
from .._api.paging import Row
from .._spec import times as _times
from .labels import Labels, Meaning

PATH = "/api/extracts/"

# Whether the API's bounds include the moment itself is not known (contract), so it is asked for a little more and the rest is decided here.
_MARGIN = timedelta(seconds=1)


class Extract(t.NamedTuple):
    """What has to be known of an extract to requeue it. ``created`` is as ``times.readable`` has it, None where the API does not show it; ``interval`` is
    the same in microseconds since the year 1: the first moment that it may mean, and the one after the last. ``label``: of its state, None where the API
    shows none; ``meaning``: of that label."""

    id: int
    created: str | None
    interval: tuple[int, int] | None = None
    meaning: Meaning = Meaning.UNKNOWN
    label: str | None = None


class _State(t.NamedTuple):
    label: str | None
    meaning: Meaning


class Extracts(Sequence[Extract]):
    """Extracts in four columns: a datastream can have millions of them, and as objects they would take ten times the memory."""

    def __init__(
        self,
        inside: t.Callable[[datetime | None], bool] = lambda _created: True,
        meanings: Labels | None = None,
    ) -> None:
        """``inside`` says of a time of creation whether such an extract is wanted at all. ``meanings``: of labels; None: those that are known."""
        self._inside, self._meanings = inside, meanings or Labels()
        # Times are in microseconds, and the number of digits of a second: _UNTOLD where the API does not show it, -2 for minutes, -3 for days.
        self._ids, self._moments, self._digits, self._states = array("q"), array("q"), array("b"), array("b")
        self._labels: list[_State] = [
            _State(None, Meaning.UNKNOWN)
        ]  # each once; ``_states`` has the place of each extract's here
        self._places: dict[t.Any, int] = {}

    def append(self, row: Row) -> None:
        """Takes a row of the API, with an integer ID."""
        time = _times.parse_precise(row.get("created"))
        if self._inside(time and time.moment):
            self._ids.append(row["id"])
            self._moments.append((time.moment - _times.YEAR_1) // _times.FINEST if time else 0)
            self._digits.append(time.digits if time else _UNTOLD)
            self._states.append(self._place_of(row.get("state_label")))

    def _place_of(self, label: t.Any) -> int:
        """The place of a label. Of more labels than the API can have the rest counts as none."""
        if not isinstance(label, str):
            return 0
        place = self._places.get(label)
        if place is None:
            state = _State(label[:_LONGEST_LABEL], self._meanings.meaning(label))
            place = len(self._labels) if len(self._labels) < _MAX_LABELS else 0
            self._labels += [state] if place else []
            self._places[label] = place
        return place

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> t.Iterator[Extract]:
        return map(
            _extract, self._ids, self._moments, self._digits, map(self._labels.__getitem__, self._states)
        )

    def labels(self) -> t.Iterator[tuple[int, str | None]]:
        """Of each extract its id and label, without the cost of the rest."""
        return zip(self._ids, (self._labels[place].label for place in self._states))

    def having(self, meaning: Meaning) -> t.Iterator[Extract]:
        """Those whose label means this, without the cost of the others: of millions, mostly few are asked for."""
        places = {place for place, state in enumerate(self._labels) if state.meaning is meaning}
        for number, place in enumerate(self._states) if places else ():
            if place in places:
                yield self[number]

    def created_since(self, moment: int) -> t.Iterator[Extract]:
        """Those that were created then or later, in microseconds since the year 1, or at a time that is told to the minute or
        day only, without the cost of the others.
        """
        for number, created in enumerate(self._moments):
            if created >= moment or self._digits[number] < _UNTOLD:
                yield self[number]

    @t.overload
    def __getitem__(self, index: int) -> Extract:
        pass

    @t.overload
    def __getitem__(self, index: slice) -> list[Extract]:
        pass

    def __getitem__(self, index: int | slice) -> Extract | list[Extract]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return _extract(
            self._ids[index], self._moments[index], self._digits[index], self._labels[self._states[index]]
        )

    def sort(self) -> None:
        """Oldest first, then by id; by id alone where the API does not tell the creation of each."""
        for column in (
            self._ids,
            self._moments,
            self._digits,
            self._states,
        ):  # they come newest first: this does nearly all
            column.reverse()
        order = sorted(range(len(self)), key=self._ids.__getitem__)
        if _UNTOLD not in self._digits:
            order.sort(key=self._moments.__getitem__)
        self._ids, self._moments = (
            array("q", map(column.__getitem__, order)) for column in (self._ids, self._moments)
        )
        self._digits, self._states = (
            array("b", map(column.__getitem__, order)) for column in (self._digits, self._states)
        )


_LENGTHS = {
    -2: 60_000_000,
    -3: 86_400_000_000,
    **{digits: 10 ** (6 - digits) for digits in range(7)},
}  # microseconds, by the number of digits
_UNTOLD = -1  # in place of the digits of a second
_MAX_LABELS, _LONGEST_LABEL = (
    50,
    60,
)  # a column holds the first in a byte; a label that is cut means nothing to anybody


def _extract(extract_id: int, moment: int, digits: int, state: _State) -> Extract:
    if digits == _UNTOLD:
        return Extract(extract_id, None, None, state.meaning, state.label)
    shown = _times.show_digits(_times.YEAR_1 + timedelta(microseconds=moment), digits)
    return Extract(extract_id, shown, (moment, moment + _LENGTHS[digits]), state.meaning, state.label)


def read(
    client: Client,
    datastream_id: int,
    created_from: str | None = None,
    created_to: str | None = None,
    meanings: Labels | None = None,
) -> Extracts:
    """The extracts of one datastream that were created within the bounds (both included), oldest first. Errors name the datastream.
    ``meanings``: of the labels of their states.

    Raises IncompleteList where the API does not return all of them: then nothing is known of those that are missing.
    """
    inside = within(created_from, created_to)
    with _naming(datastream_id):
        extracts = read_linked(
            client,
            PATH,
            _filters(datastream_id, created_from, created_to),
            lambda: Extracts(inside, meanings),
            _TIMES,
        )
    extracts.sort()
    return extracts


def read_rows(
    client: Client, datastream_id: int, created_from: str | None, created_to: str | None, limit: int | None
) -> list[Row]:
    """As ``read``, but whole rows, each with its integer ``datastream_id``; with ``limit`` only the newest so many."""
    inside = within(created_from, created_to)

    def enough(rows: list[Row]) -> bool:
        return limit is not None and sum(inside(_created(row)) for row in rows) >= limit

    with _naming(datastream_id):
        rows = read_linked(
            client, PATH, _filters(datastream_id, created_from, created_to), list[Row], _TIMES, enough
        )
    selected = Extracts(inside)
    for row in rows:
        selected.append(row)
    selected.sort()
    by_id = {row["id"]: dict(row, datastream_id=datastream_id) for row in rows}
    return [by_id[extract.id] for extract in (selected if limit is None else selected[-limit:])]


class States:
    """What the list of a datastream shows of some extracts. ``labels``: of those that it has; ``newest``: the latest time of creation that was read."""

    def __init__(self, extract_ids: t.Collection[int]) -> None:
        self.labels: dict[int, str | None] = {}
        self.newest: datetime | None = None
        self._wanted = extract_ids

    def append(self, row: Row) -> None:
        """Takes a row of the API, with an integer ID."""
        created = _created(row)
        if created is not None and (self.newest is None or created > self.newest):
            self.newest = created
        if row["id"] in self._wanted:
            label = row.get("state_label")
            self.labels[row["id"]] = label if isinstance(label, str) else None

    @property
    def is_complete(self) -> bool:
        """Whether every extract has come."""
        return len(self.labels) == len(self._wanted)


def read_states(client: Client, datastream_id: int, extract_ids: t.Collection[int]) -> States:
    """The states of these extracts of a datastream. It reads as many pages as it takes to find them; one that is not listed takes all."""
    with _naming(datastream_id):
        wanted = frozenset(extract_ids)
        return read_linked(
            client, PATH, _filters(datastream_id, None, None), lambda: States(wanted), _TIMES, _has_all
        )


def _has_all(states: States) -> bool:
    return states.is_complete


@contextlib.contextmanager
def _naming(datastream_id: int) -> t.Iterator[None]:
    """Errors say which datastream it is: the path of the list does not."""
    try:
        yield
    except AdverityError as error:
        if isinstance(error, IncompleteList):
            error.say("If it stays, select a shorter period, whose extracts fit on one page of the list.")
        error.say(f"The extracts of datastream {datastream_id} were not read.")
        raise


def _created(row: Row) -> datetime | None:
    return _times.parse_or_none(row.get("created"))


def _until(moment: datetime) -> Row:
    return {"created_to": _moved(_times.show(moment), _MARGIN)}


_TIMES = Times(_created, _until)


def within(created_from: str | None, created_to: str | None) -> t.Callable[[datetime | None], bool]:
    """Whether a time is within the bounds, both included. A time that the API did not tell passes: then its own filter has decided."""
    start = _times.parse(created_from) if created_from else None
    end = _times.parse(created_to) if created_to else None

    def inside(created: datetime | None) -> bool:
        return created is None or ((start is None or start <= created) and (end is None or created <= end))

    return inside


def _filters(datastream_id: int, created_from: str | None, created_to: str | None) -> dict[str, t.Any]:
    filters: dict[str, t.Any] = {"datastream_id": datastream_id, "ordering": "-created"}
    if created_from:
        filters["created_from"] = _moved(created_from, -_MARGIN)
    if created_to:
        filters["created_to"] = _moved(created_to, _MARGIN)
    return filters


def _moved(moment: str, by: timedelta) -> str:
    try:
        return _times.show((_times.parse(moment) + by).replace(microsecond=0))
    except OverflowError:
        return moment
