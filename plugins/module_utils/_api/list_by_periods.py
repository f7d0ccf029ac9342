# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Reading a list with times by first pages alone, for lists whose pages may differ in their order. What makes a list whole: ``paging.py``."""

from __future__ import annotations

import typing as t

from .paging import Inconsistent, Row, Rows, Unordered, page_count, page_rows, with_integers

if t.TYPE_CHECKING:
    from datetime import datetime

    from .client import Client, Params


class Times(t.NamedTuple):
    """The creation times of a list that the API sorts by them, the newest first, and of which it gives a part on request.

    ``of`` is the time of a row, or None; ``until`` are the parameters for the rows up to a time, or a little later.
    """

    of: t.Callable[[Row], datetime | None]
    until: t.Callable[[datetime], Params] | None = None


def read_by_periods(
    client: Client,
    path: str,
    params: Params,
    start: t.Callable[[], Rows],
    time_of: t.Callable[[Row], datetime | None],
    until: t.Callable[[datetime], Params],
    enough: t.Callable[[Rows], bool] | None,
) -> Rows:
    """The rows of a list with times, by first pages alone: each of the rows up to the last time on the one before.

    A page is in one order, so the first one has every row that is newer than its last. Those of that last time come again on the next first page, all
    of them: where they fill it, nothing shows that they are all.
    """
    reading = _Reading(path, start(), time_of)
    asked = dict(params)
    while True:
        data = client.get(path, asked)
        reading.take(data)
        is_last = data.get("next") is None
        if is_last or (enough is not None and enough(reading.rows)):
            break
        asked = {**params, **until(reading.next_edge())}
    if is_last:
        reading.check_complete()
    return reading.rows


class _Reading(t.Generic[Rows]):
    """One reading by periods. ``rows`` are those that came, each once."""

    def __init__(self, path: str, rows: Rows, time_of: t.Callable[[Row], datetime | None]) -> None:
        self.rows = rows
        self._path, self._time_of = path, time_of
        self._seen = set[int]()
        self._least: int | None = None  # so many rows there are, as the first page said
        self._edge: datetime | None = None  # the time of the last row on the page before
        self._at_edge = set[int]()
        self._page: list[tuple[int, datetime]] = []  # the ids and times of the last page

    def take(self, data: t.Any) -> None:
        """Takes the first page of a period. Raises Unordered where it is not in order, or lacks rows of the page before."""
        rows = page_rows(self._path, data, "results")
        times = [(row["id"], moment) for row in rows if (moment := self._time_of(row)) is not None]
        if len(times) < len(rows) or any(
            later > sooner for (_id, sooner), (_next_id, later) in zip(times, times[1:])
        ):
            raise Unordered("rows did not come in the order that was asked for")
        if not self._at_edge.issubset(row["id"] for row in rows):
            raise Unordered("a period does not have the rows that were created at its end")
        if self._least is None:
            self._least = page_count(self._path, data) if data.get("count") is not None else 0
        for row in rows:
            if with_integers(self._path, row, "id")["id"] not in self._seen:
                self._seen.add(row["id"])
                self.rows.append(row)
        self._page = times

    def next_edge(self) -> datetime:
        """The time of the last row, up to which the next period goes. Raises Unordered where it is that of the page before."""
        if not self._page or (self._edge is not None and self._page[-1][1] >= self._edge):
            raise Unordered("more rows than one page has were created at the same time")
        self._edge = self._page[-1][1]
        self._at_edge = {row_id for row_id, moment in self._page if moment == self._edge}
        return self._edge

    def check_complete(self) -> None:
        """Raises Inconsistent where there are fewer rows than the first page said."""
        if self._least is not None and len(self._seen) < self._least:
            raise Inconsistent(f"count is {self._least}, but there are {len(self._seen)} rows")
