# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Reading whole lists, of both kinds the service has, so that none is cut short and none is read for ever.

A list is complete with as many different ids as its ``count``. While it is read it may change, and where rows have no certain order among each other
(extracts that were created at the same time) their order may be another one on each page: then some come twice and others never. What does not add up is
read again, in another way where rows came twice, a few times in all; then it is an error.
"""

from __future__ import annotations

import functools
import typing as t
from array import array
from urllib.parse import parse_qsl, urlsplit

from . import text
from .errors import IncompleteList, Refused, UnreadableAnswer

if t.TYPE_CHECKING:  # every task that uses a filter of ours would load requests, for nothing
    from datetime import datetime

    from .client import Client, Params

PAGE_SIZE = 100  # the most the bindings guide allows
# Readings of a list that contradict each other. Four let one change interfere with a list that has to be read twice anyway.
_NUMBERED_READINGS, _LINKED_READINGS = 3, 4
# What an API may answer to an order or a period that it does not take.
_NOT_TAKEN = (400, 404, 422)

Row = dict[str, t.Any]


class _Rows(t.Protocol):
    """What takes the rows of one reading: a list, or something smaller."""

    def append(self, row: Row, /) -> t.Any:
        """Take one row."""


Rows = t.TypeVar("Rows", bound=_Rows)
Result = t.TypeVar("Result")


class _Inconsistent(Exception):
    """The pages of one reading contradict each other."""


class _Unordered(_Inconsistent):
    """Rows came twice, or not in the order that was asked for: others may be missing. The same reading may give the same again."""


class Times(t.NamedTuple):
    """The creation times of a list that the API sorts by them, the newest first, and of which it gives a part on request.

    ``of`` is the time of a row, or None; ``until`` are the parameters for the rows up to a time, or a little later.
    """

    of: t.Callable[[Row], datetime | None]
    until: t.Callable[[datetime], Params] | None = None


def read_numbered(client: Client, path: str, params: Params, page_size: int | None = PAGE_SIZE) -> list[Row]:
    """All rows of a ``{items, count}`` list, each with its ``id``, in the service's order.

    It is complete when as many distinct ids were seen as ``count`` says on every page. With ``page_size`` None nothing about pages is asked
    for until a second page turns out to be needed: for lists whose paging is not documented (contract). The client's ``date`` is then that of
    the first page: what stands there may have changed while the others were read.
    """

    def read(params: Params) -> list[Row]:
        seen: dict[t.Any, Row] = {}
        expected = first_date = None
        page, delivered = 1, 0
        while True:
            asked = dict(params)
            if page_size is not None:
                asked["page_size"] = page_size
            if page_size is not None or page > 1:
                asked["page"] = page
            data = client.get(path, asked)
            first_date = client.date if page == 1 else first_date
            rows, count = _rows(path, data, "items"), _count(path, data)
            if expected is not None and count != expected:
                raise _Inconsistent(f"count changed from {expected} to {count} between two pages")
            expected = count
            before = len(seen)
            seen.update((row["id"], row) for row in rows)
            delivered += len(rows)
            if len(seen) == count:
                client.date = first_date
                return list(seen.values())
            if len(seen) > count or len(seen) == before:
                raise _contradiction(count, len(seen), delivered, f"up to page {page} there")
            page += 1

    def read_by_id() -> list[Row]:  # whether these lists take an order is not documented
        return _if_taken(lambda: read({**params, "ordering": "id"}))

    return _read_until_consistent(path, _NUMBERED_READINGS, lambda: read(params), read_by_id)


def read_linked(
    client: Client,
    path: str,
    params: Params,
    start: t.Callable[[], Rows],
    times: Times | None = None,
    enough: t.Callable[[Rows], bool] | None = None,
    bare: bool = False,
) -> Rows:
    """The rows of a ``{count, next, previous, results}`` list of things with integer ids. ``bare`` takes a list without pages, too.

    Each reading puts its rows, each once, into a new ``start()``. ``enough`` may end a reading of what really comes newest first after a page,
    given what was put there so far. Of ``next`` only the path and the query are followed: the host in it may be another one, and the key never
    goes there (contract).

    A list has to have as many different ids as its ``count``, or as the rows that came where it has none. Only where the order is certain at the
    edges of the pages, and ``count`` rose, may the newest be missing: they arrived after the first page.

    From page to page a row is skipped, too, where one before it was deleted meanwhile. Newest first, something that arrives at the same time makes
    up for that, and otherwise ``count`` falls: then the list is read again. Where by ``times`` the list is not the newest first, or has no
    ``count``, several pages are taken only after a second reading that has every row of the first: so none of these was deleted meanwhile.
    ``params`` has to ask for the newest first, therefore; without ``times`` the list is taken as it comes, for those who look up names.

    Where rows came twice the list is read in the order of its ids, and by periods (``_read_by_periods``).
    """
    earlier: t.Iterable[int] | None = None

    def read(params: Params, order: t.Callable[[Row], t.Any] | None, only_falling: bool = False) -> Rows:
        """One reading. By ``order`` rows are to be falling; with ``only_falling`` they must be, and all of them are read."""
        nonlocal earlier
        reading = _Reading(path, start(), order)
        where, asked = path, dict(params)
        while True:
            data = _get_next(client, where, asked) if reading.pages else client.get(where, asked)
            if bare and isinstance(data, list):
                data = {"results": data}
            has_news = reading.take(data)
            if only_falling and not reading.is_falling:
                raise _Unordered("rows did not come in the order that was asked for")
            if enough is not None and not only_falling and reading.has_no_gap and enough(reading.rows):
                return reading.rows
            if data.get("next") is None:
                break
            if not has_news:
                raise reading.without_news(data)
            where, asked = _next(path, data["next"])
        reading.check_complete()
        if times is None or reading.proves_itself or (earlier is not None and reading.seen.issuperset(earlier)):
            return reading.rows
        earlier = array("q", reading.seen)
        raise _Inconsistent("rows of one reading are missing in the next")

    def read_by_id() -> Rows:
        return _if_taken(lambda: read({**params, "ordering": "-id"}, (lambda row: row["id"]) if times else None, only_falling=times is not None))

    other_ways = [read_by_id]
    if times is not None and times.until is not None:
        by_periods = functools.partial(_read_by_periods, client, path, params, start, times.of, times.until, enough)
        other_ways.insert(0 if enough else 1, lambda: _if_taken(by_periods))  # in the order of ids all have to be read
    return _read_until_consistent(path, _LINKED_READINGS, lambda: read(params, times and times.of), *other_ways)


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

    def take(self, data: t.Mapping[str, t.Any]) -> bool:
        """Takes a page. Returns whether it has rows that did not come before."""
        rows, before, edge = _rows(self._path, data, "results"), len(self.seen), self._last
        self.pages += 1
        self._delivered += len(rows)
        for row in rows:
            if with_integers(self._path, row, "id")["id"] not in self.seen:
                self._take_row(row, None if len(self.seen) > before else edge)
        has_news = len(self.seen) > before
        self.is_certain = self.is_certain and (self.pages == 1 or has_news)
        self._take_count(_count(self._path, data) if data.get("count") is not None else None)
        return has_news

    def _take_row(self, row: Row, edge: t.Any) -> None:
        """``edge``: the place of the last row of the page before, if this is the first one that is new on its page."""
        place = self._order(row) if self._order else None
        self.is_falling = self.is_falling and place is not None and (self._last is None or place <= self._last)
        self.is_certain = self.is_certain and (edge is None or place != edge)
        self._last = place
        self.seen.add(row["id"])
        self.rows.append(row)

    def _take_count(self, count: int | None) -> None:
        previous = self._counts[-1] if self._counts else None
        if previous is not None and count is not None and count < previous:
            raise _Inconsistent(f"count fell from {previous} to {count} between two pages")
        self._counts.append(count)

    @property
    def _is_explained(self) -> bool:
        """Whether no row came twice, but for those that what arrived in front, and was not seen, pushed to a further page."""
        first, last = self._counts[0], self._counts[-1]
        arrived = last - first if first is not None and last is not None and None not in self._counts and self.is_falling and self.is_certain else 0
        return self._delivered - len(self.seen) <= arrived

    @property
    def has_no_gap(self) -> bool:
        """Whether nothing is missing among the rows that came so far."""
        return self.is_falling and self._is_explained

    @property
    def proves_itself(self) -> bool:
        """Whether no second reading is needed to know that no row was skipped."""
        return self.pages == 1 or (self.is_falling and None not in self._counts)

    def without_news(self, data: t.Mapping[str, t.Any]) -> _Inconsistent:
        """What is wrong with a page that brings nothing new, and names a next one."""
        if data.get("results"):
            return _Unordered("a page has only rows that came before, so the order may differ from page to page")
        return _Inconsistent("a page has no rows, but names a next page")

    def check_complete(self) -> None:
        """Raises _Inconsistent where there are not as many rows as the last page said."""
        count = self._counts[-1]
        expected = self._delivered if count is None else count
        if len(self.seen) != expected and not (self._is_explained and self._delivered == expected):
            raise _contradiction(count, len(self.seen), self._delivered, "there")


def _read_by_periods(
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
    kept, seen = start(), set[int]()
    asked = dict(params)
    least = 0
    edge: datetime | None = None
    at_edge = set[int]()
    while True:
        data = client.get(path, asked)
        rows = _rows(path, data, "results")
        moments = [moment for moment in map(time_of, rows) if moment is not None]
        if len(moments) < len(rows) or any(later > sooner for sooner, later in zip(moments, moments[1:])):
            raise _Unordered("rows did not come in the order that was asked for")
        if not at_edge.issubset(row["id"] for row in rows):
            raise _Unordered("a period does not have the rows that were created at its end")
        if edge is None:
            least = _count(path, data) if data.get("count") is not None else 0
        for row in rows:
            if with_integers(path, row, "id")["id"] not in seen:
                seen.add(row["id"])
                kept.append(row)
        if data.get("next") is None or (enough is not None and enough(kept)):
            break
        if not rows or (edge is not None and moments[-1] >= edge):
            raise _Unordered("more rows than one page has were created at the same time")
        edge = moments[-1]
        at_edge = {row["id"] for row, moment in zip(rows, moments) if moment == edge}
        asked = {**params, **until(edge)}
    if data.get("next") is None and len(seen) < least:
        raise _Inconsistent(f"count is {least}, but there are {len(seen)} rows")
    return kept


def with_integers(path: str, row: Row, *names: str) -> Row:
    """The row, in which these are integer ids. Any other kind would be found neither in the ledger nor among what the user named."""
    for name in names:
        value = row.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
            raise _misshapen(path, f"an integer id {name!r} in each row")
    return row


def _read_until_consistent(path: str, readings: int, read: t.Callable[[], Result], *other_ways: t.Callable[[], Result]) -> Result:
    """The first result. After so many readings that contradict themselves it is an error.

    Where rows came twice each of ``other_ways`` gets its turn, and then ``read`` again. One that does not give the order it asks for does not count.
    """
    reason, way, left, done = "", read, readings, 0
    ways = iter(other_ways)
    while left:
        done += 1
        try:
            return way()
        except _Inconsistent as error:
            unordered = isinstance(error, _Unordered)
            if way is read or not unordered:
                reason = str(error)
                left -= 1
            if unordered:
                way = next(ways, read)
    raise IncompleteList(
        f"The service returned an inconsistent list {done} times (GET {path}): {reason}. The partial list was not used."
        " If rows are being added or removed now, run this again later.",
        method="GET",
        path=path,
    )


def _if_taken(read: t.Callable[[], Result]) -> Result:
    """A reading with parameters that the API may not take."""
    try:
        return read()
    except Refused as error:
        if error.status in _NOT_TAKEN:
            raise _Unordered(f"another order or period was answered with {error.status}: {error.text}") from error
        raise


def _contradiction(count: int | None, different: int, delivered: int, where: str) -> _Inconsistent:
    counted = f"count is {count}, but " if count is not None else ""
    if different < delivered:
        return _Unordered(f"{counted}{where} are {different} different rows among {delivered}, so the order may differ from page to page")
    return _Inconsistent(f"{counted}{where} are {different} rows")


def _get_next(client: Client, where: str, asked: Params) -> t.Any:
    try:
        return client.get(where, asked)
    except Refused as error:
        if error.status == 404:  # "Invalid page.": the list became shorter meanwhile (contract)
            raise _Inconsistent(f"the next page does not exist: {error.text}") from error
        raise


def _next(path: str, link: t.Any) -> tuple[str, Params]:
    try:
        url = urlsplit(link if isinstance(link, str) else "")
    except ValueError:
        url = urlsplit("")
    shown = text.line(url.path, longest=len(url.path) + 1)  # messages show it
    if not url.path.startswith("/") or url.path.startswith("//") or shown != url.path:
        raise UnreadableAnswer(f"GET {path} was answered with a next page that is not a URL: {text.foreign(repr(link), 200)}.", method="GET", path=path)
    asked: dict[str, list[str]] = {}
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        asked.setdefault(name, []).append(value)
    return url.path, dict(asked)


def _rows(path: str, data: t.Any, key: str) -> list[Row]:
    rows = data.get(key) if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and type(row.get("id")) in (int, str) for row in rows):
        raise _misshapen(path, f"a list {key!r} of objects with an id")
    return rows


def _count(path: str, data: t.Any) -> int:
    count = data.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise _misshapen(path, "a whole number 'count'")
    return count


def _misshapen(path: str, expected: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"GET {path} was answered with JSON that lacks {expected}.", method="GET", path=path)
