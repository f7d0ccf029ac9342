# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Reading whole lists, of both kinds the API has, so that none is cut short and none is read for ever.

A list is complete with as many different ids as its ``count``. While it is read it may change, and where rows have no certain order among each other
(extracts that were created at the same time) their order may be another one on each page: then some come twice and others never. What does not add up is
read again, in another way where rows came twice, a few times in all; then it is an error.
"""

from __future__ import annotations

import typing as t

from .errors import IncompleteList, Refused, UnreadableAnswer

PAGE_SIZE = 100  # the most the bindings guide allows
_NOT_TAKEN = (400, 404, 422)

Row = dict[str, t.Any]


class AnyRows(t.Protocol):
    """What takes the rows of one reading: a list, or something smaller."""

    def append(self, row: Row, /) -> t.Any:
        """Take one row."""


Rows = t.TypeVar("Rows", bound=AnyRows)
Result = t.TypeVar("Result")


class Inconsistent(Exception):
    """The pages of one reading contradict each other."""


class Unordered(Inconsistent):
    """Rows came twice, or not in the order that was asked for: others may be missing. The same reading may give the same again."""


def read_until_consistent(
    path: str, readings: int, read: t.Callable[[], Result], *other_ways: t.Callable[[], Result]
) -> Result:
    """The first result. After so many readings that contradict themselves it is an error.

    Where rows came twice each of ``other_ways`` gets its turn, and then ``read`` again. One that does not give the order it asks for does not count.
    """
    reason, way, left, done = "", read, readings, 0
    ways = iter(other_ways)
    while left:
        done += 1
        try:
            return way()
        except Inconsistent as error:
            unordered = isinstance(error, Unordered)
            if way is read or not unordered:
                reason = str(error)
                left -= 1
            if unordered:
                way = next(ways, read)
    raise IncompleteList(
        f"The API returned an inconsistent list {done} times (GET {path}): {reason}. The partial list was not used."
        " If rows are being added or removed now, run this again later.",
        method="GET",
        path=path,
    )


def if_taken(read: t.Callable[[], Result]) -> Result:
    """A reading with parameters that the API may not take."""
    try:
        return read()
    except Refused as error:
        if error.status in _NOT_TAKEN:
            raise Unordered(f"another order or period returned {error.status}: {error.text}") from error
        raise


def contradiction(count: int | None, different: int, delivered: int, where: str) -> Inconsistent:
    counted = f"count is {count}, but " if count is not None else ""
    if different < delivered:
        return Unordered(
            f"{counted}{where} are {different} different rows among {delivered}, so the order may differ from page to page"
        )
    return Inconsistent(f"{counted}{where} are {different} rows")


def with_integers(path: str, row: Row, *names: str) -> Row:
    """The row, in which these are integer IDs. Any other kind would be found neither in the ledger nor among what the user named."""
    for name in names:
        value = row.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
            raise misshapen(path, f"an integer ID {name!r} in each row")
    return row


def page_rows(path: str, data: t.Any, key: str) -> list[Row]:
    rows = data.get(key) if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and type(row.get("id")) in (int, str) for row in rows
    ):
        raise misshapen(path, f"a list {key!r} of objects with an id")
    return rows


def page_count(path: str, data: t.Any) -> int:
    count = data.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise misshapen(path, "a whole number 'count'")
    return count


def misshapen(path: str, expected: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"GET {path} returned JSON that lacks {expected}.", method="GET", path=path)
