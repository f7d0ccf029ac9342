# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Reading whole ``{count, next, previous, results}`` lists, whose pages name the next one. What makes a list whole: ``paging.py``."""

from __future__ import annotations

import functools
import typing as t
from array import array
from urllib.parse import parse_qsl, urlsplit

from . import text
from .errors import Refused, UnreadableAnswer
from .list_by_periods import Times, read_by_periods
from .paging import (
    Inconsistent,
    Row,
    Rows,
    Unordered,
    contradiction,
    if_taken,
    page_count,
    page_rows,
    read_until_consistent,
    with_integers,
)

if t.TYPE_CHECKING:
    from .client import Client, Params

_READINGS = 4

Order = t.Callable[[Row], t.Any]


def read_linked(
    client: Client,
    path: str,
    params: Params,
    start: t.Callable[[], Rows],
    times: Times | None = None,
    enough: t.Callable[[Rows], bool] | None = None,
    bare: bool = False,
) -> Rows:
    """The rows of a ``{count, next, previous, results}`` list of things with integer IDs. ``bare`` takes a list without pages, too.

    Each reading puts its rows, each once, into a new ``start()``. ``enough`` may end a reading of what really comes newest first after a page,
    given what was put there so far. Of ``next`` only the path and the query are followed: the host in it may be another one, and the key never
    goes there (contract).

    A list has to have as many different ids as its ``count``, or as the rows that came where it has none. Only where the order is certain at the
    edges of the pages, and ``count`` rose, may the newest be missing: they arrived after the first page.

    From page to page a row is skipped, too, where one before it was deleted meanwhile. Newest first, something that arrives at the same time makes
    up for that, and otherwise ``count`` falls: then the list is read again. Where by ``times`` the list is not the newest first, or has no
    ``count``, several pages are taken only after a second reading that has every row of the first: so none of these was deleted meanwhile.
    ``params`` has to ask for the newest first, therefore; without ``times`` the list is taken as it comes, for those who look up names.

    Where rows came twice the list is read in the order of its ids, and by periods (``read_by_periods``).
    """
    is_whole = _Deletions(times is not None).is_whole

    def read(
        asked: Params,
        order: Order | None,
        is_enough: t.Callable[[Rows], bool] | None = None,
        only_falling: bool = False,
    ) -> Rows:
        """One reading. By ``order`` rows are to be falling; with ``only_falling`` they must be."""
        reading = _Reading(path, start(), order)
        for data in _pages(client, path, asked, bare):
            reading.take(data)
            if only_falling and not reading.is_falling:
                raise Unordered("rows did not come in the order that was asked for")
            if is_enough is not None and reading.has_no_gap and is_enough(reading.rows):
                return reading.rows
        reading.check_complete()
        if not is_whole(reading):
            raise Inconsistent("rows of one reading are missing in the next")
        return reading.rows

    def read_by_id() -> Rows:  # in the order of ids all have to be read
        order = None if times is None else _by_id
        return if_taken(lambda: read({**params, "ordering": "-id"}, order, only_falling=times is not None))

    other_ways = [read_by_id]
    if times is not None and times.until is not None:
        by_periods = functools.partial(
            read_by_periods, client, path, params, start, times.of, times.until, enough
        )
        other_ways.insert(0 if enough else 1, lambda: if_taken(by_periods))
    return read_until_consistent(
        path, _READINGS, lambda: read(params, times and times.of, enough), *other_ways
    )


def _by_id(row: Row) -> t.Any:
    return row["id"]


def _pages(client: Client, path: str, asked: Params, bare: bool) -> t.Iterator[t.Any]:
    """The pages of one reading. Without ``bare`` whoever takes them refuses a list without pages."""
    data = client.get(path, dict(asked))
    while True:
        data = {"results": data} if bare and isinstance(data, list) else data
        yield data
        if data.get("next") is None:
            return
        data = _get_next(client, *_next(path, data["next"]))


class _Deletions:
    """Whether rows of a list that is read several times may have been skipped, because others were deleted meanwhile.

    Where order and ``count`` do not tell, a second reading has to have every row of the first. Without times that is not asked.
    """

    def __init__(self, matter: bool) -> None:
        self._matter = matter
        self._earlier: t.Iterable[int] | None = None

    def is_whole(self, reading: _Reading[t.Any]) -> bool:
        """Whether no row of this reading can be missing, by it and the one before."""
        if (
            not self._matter
            or reading.proves_itself
            or (self._earlier is not None and reading.seen.issuperset(self._earlier))
        ):
            return True
        self._earlier = array("q", reading.seen)
        return False


class _Reading(t.Generic[Rows]):
    """One reading of a linked list, page by page. ``rows`` are those that came, each once, ``seen`` their ids.

    ``is_falling``: whether they fall by ``order``. ``is_certain``: whether the order is certain at the edges of the pages, too.
    """

    def __init__(self, path: str, rows: Rows, order: t.Callable[[Row], t.Any] | None) -> None:
        self.rows = rows
        self.seen = set[int]()
        self.pages = 0
        self.is_falling = self.is_certain = True
        self._path, self._order = path, order
        self._delivered = 0
        self._last: t.Any = None  # the place in the order of the last row
        self._counts: list[int | None] = []

    def take(self, data: t.Mapping[str, t.Any]) -> None:
        """Takes a page. Raises Inconsistent where it has no rows that did not come before, and yet names a next one."""
        rows, before, edge = page_rows(self._path, data, "results"), len(self.seen), self._last
        self.pages += 1
        self._delivered += len(rows)
        for row in rows:
            if with_integers(self._path, row, "id")["id"] not in self.seen:
                self._take_row(row, None if len(self.seen) > before else edge)
        has_news = len(self.seen) > before
        self.is_certain = self.is_certain and (self.pages == 1 or has_news)
        self._take_count(page_count(self._path, data) if data.get("count") is not None else None)
        if not has_news and data.get("next") is not None:
            raise self._without_news(data)

    def _take_row(self, row: Row, edge: t.Any) -> None:
        """``edge``: the place of the last row of the page before, if this is the first one that is new on its page."""
        place = self._order(row) if self._order else None
        self.is_falling = (
            self.is_falling and place is not None and (self._last is None or place <= self._last)
        )
        self.is_certain = self.is_certain and (edge is None or place != edge)
        self._last = place
        self.seen.add(row["id"])
        self.rows.append(row)

    def _take_count(self, count: int | None) -> None:
        previous = self._counts[-1] if self._counts else None
        if previous is not None and count is not None and count < previous:
            raise Inconsistent(f"count fell from {previous} to {count} between two pages")
        self._counts.append(count)

    @property
    def _is_explained(self) -> bool:
        """Whether no row came twice, but for those that what arrived in front, and was not seen, pushed to a further page."""
        first, last = self._counts[0], self._counts[-1]
        arrived = (
            last - first
            if first is not None
            and last is not None
            and None not in self._counts
            and self.is_falling
            and self.is_certain
            else 0
        )
        return self._delivered - len(self.seen) <= arrived

    @property
    def has_no_gap(self) -> bool:
        """Whether nothing is missing among the rows that came so far."""
        return self.is_falling and self._is_explained

    @property
    def proves_itself(self) -> bool:
        """Whether no second reading is needed to know that no row was skipped."""
        return self.pages == 1 or (self.is_falling and None not in self._counts)

    def _without_news(self, data: t.Mapping[str, t.Any]) -> Inconsistent:
        """What is wrong with a page that brings nothing new, and names a next one."""
        if data.get("results"):
            return Unordered(
                "a page has only rows that came before, so the order may differ from page to page"
            )
        return Inconsistent("a page has no rows, but names a next page")

    def check_complete(self) -> None:
        """Raises Inconsistent where there are not as many rows as the last page said."""
        count = self._counts[-1]
        expected = self._delivered if count is None else count
        if len(self.seen) != expected and not (self._is_explained and self._delivered == expected):
            raise contradiction(count, len(self.seen), self._delivered, "there")


def _get_next(client: Client, where: str, asked: Params) -> t.Any:
    try:
        return client.get(where, asked)
    except Refused as error:
        if error.status == 404:  # "Invalid page.": the list became shorter meanwhile (contract)
            raise Inconsistent(f"the next page does not exist: {error.text}") from error
        raise


def _next(path: str, link: t.Any) -> tuple[str, Params]:
    try:
        url = urlsplit(link if isinstance(link, str) else "")
    except ValueError:
        url = urlsplit("")
    shown = text.line(url.path, longest=len(url.path) + 1)  # messages show it
    if not url.path.startswith("/") or url.path.startswith("//") or shown != url.path:
        raise UnreadableAnswer(
            f"GET {path} returned a next page that is not a URL: {text.foreign(repr(link), 200)}.",
            method="GET",
            path=path,
        )
    asked: dict[str, list[str]] = {}
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        asked.setdefault(name, []).append(value)
    return url.path, dict(asked)
