# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Reading whole lists, of both kinds the service has, so that none is cut short and none is read for ever.

A list may change while it is read. Where what was seen does not add up it is read again, a few times; then it is an error.
"""

from __future__ import annotations

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

Row = dict[str, t.Any]


class _Rows(t.Protocol):
    """What takes the rows of one reading: a list, or something smaller."""

    def append(self, row: Row, /) -> t.Any:
        """Take one row."""


Rows = t.TypeVar("Rows", bound=_Rows)
Result = t.TypeVar("Result")


class _Inconsistent(Exception):
    """The pages of one reading contradict each other."""


def read_numbered(client: Client, path: str, params: Params, page_size: int | None = PAGE_SIZE) -> list[Row]:
    """All rows of a ``{items, count}`` list, each with its ``id``, in the service's order.

    It is complete when as many distinct ids were seen as ``count`` says on every page. With ``page_size`` None nothing about pages is asked
    for until a second page turns out to be needed: for lists whose paging is not documented (contract). The client's ``date`` is then that of
    the first page: what stands there may have changed while the others were read.
    """

    def read() -> list[Row]:
        seen: dict[t.Any, Row] = {}
        expected = first_date = None
        page = 1
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
            if len(seen) == count:
                client.date = first_date
                return list(seen.values())
            if len(seen) > count or len(seen) == before:
                raise _Inconsistent(f"count is {count}, but up to page {page} there are {len(seen)} rows")
            page += 1

    return _read_until_consistent(path, _NUMBERED_READINGS, read)


def read_linked(
    client: Client,
    path: str,
    params: Params,
    start: t.Callable[[], Rows],
    moment: t.Callable[[Row], datetime | None] | None = None,
    enough: t.Callable[[Rows], bool] | None = None,
    bare: bool = False,
) -> Rows:
    """The rows of a ``{count, next, previous, results}`` list of things with integer ids. ``bare`` takes a list without pages, too.

    Each reading puts its rows, each once, into a new ``start()``. ``enough`` may end a reading of what really comes newest first after a page,
    given what was put there so far. Of ``next`` only the path and the query are followed: the host in it may be another one, and the key never
    goes there (contract).

    From page to page a row is skipped only where one before it was deleted meanwhile. Newest first, something that arrives at the same time makes
    up for that, and otherwise ``count`` falls: then the list is read again. Where by ``moment`` the list is not the newest first, or has no
    ``count``, several pages are taken only after a second reading that has every row of the first: so none of these was deleted meanwhile.
    ``params`` has to ask for the newest first, therefore; without ``moment`` the list is taken as it comes, for those who look up names.
    """
    earlier: t.Iterable[int] | None = None

    def read() -> Rows:
        nonlocal earlier
        kept, seen, last = start(), set[int](), None
        falling = counted = True
        count: int | None = None
        where, asked = path, dict(params)
        pages = delivered = 0
        while True:
            data = _get_next(client, where, asked) if pages else client.get(where, asked)
            if bare and isinstance(data, list):
                data = {"results": data}
            rows, before = _rows(path, data, "results"), len(seen)
            pages += 1
            delivered += len(rows)
            for row in rows:
                if with_integers(path, row, "id")["id"] not in seen:
                    seen.add(row["id"])
                    kept.append(row)
                    now = moment(row) if moment else None
                    falling = falling and now is not None and (last is None or now <= last)
                    last = now
            previous, count = count, _count(path, data) if data.get("count") is not None else None
            counted = counted and count is not None
            if previous is not None and count is not None and count < previous:
                raise _Inconsistent(f"count fell from {previous} to {count} between two pages")
            following = data.get("next")
            if falling and enough is not None and enough(kept):
                return kept
            if following is None:
                break
            if len(seen) == before:
                raise _Inconsistent("a page has no new rows, but names a next page")
            where, asked = _next(path, following)
        # What arrived in front was not seen, but pushed as many rows that were seen to a further page.
        if count is not None and count not in (len(seen), delivered):
            raise _Inconsistent(f"count is {count}, but there are {len(seen)} rows")
        if pages == 1 or moment is None or (falling and counted) or (earlier is not None and seen.issuperset(earlier)):
            return kept
        earlier = array("q", seen)
        raise _Inconsistent("rows of one reading are missing in the next")

    return _read_until_consistent(path, _LINKED_READINGS, read)


def with_integers(path: str, row: Row, *names: str) -> Row:
    """The row, in which these are integer ids. Any other kind would be found neither in the ledger nor among what the user named."""
    for name in names:
        value = row.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
            raise _misshapen(path, f"an integer id {name!r} in each row")
    return row


def _read_until_consistent(path: str, readings: int, read: t.Callable[[], Result]) -> Result:
    reason = ""
    for _reading in range(readings):
        try:
            return read()
        except _Inconsistent as error:
            reason = str(error)
    raise IncompleteList(
        f"The service returned an inconsistent list {readings} times (GET {path}): {reason}. The partial list was not used."
        " If rows are being added or removed now, run this again later.",
        method="GET",
        path=path,
    )


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
