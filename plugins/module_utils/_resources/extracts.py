# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Extracts of a datastream, from the older list (requeue guide and contract: only the ``id`` of a row is certain)."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from .._api.client import Client
from .._api.paging import Row, read_linked, with_integers
from .._spec import times as _times

PATH = "/api/extracts/"

# Whether the service's bounds include the moment itself is not known (contract), so it is asked for a little more and the rest is decided here.
_MARGIN = timedelta(seconds=1)


class Extract(t.NamedTuple):
    """What has to be known of an extract to requeue it."""

    id: int
    created: str | None


def read(client: Client, datastream_id: int, created_from: str | None = None, created_to: str | None = None) -> list[Extract]:
    """The extracts of one datastream that were created within the bounds (both included), oldest first."""

    def keep(row: Row) -> Extract:
        return Extract(with_integers(PATH, row, "id")["id"], _times.readable(row.get("created")))

    inside = within(created_from, created_to)
    extracts = read_linked(client, PATH, _filters(datastream_id, created_from, created_to, "created"), keep)
    return oldest_first([extract for extract in extracts if inside(_times.parse_or_none(extract.created))])


def read_rows(
    client: Client, datastream_id: int, created_from: str | None, created_to: str | None, limit: int | None
) -> list[Row]:
    """As ``read``, but whole rows, each with its integer ``datastream_id``; with ``limit`` only the newest so many."""

    inside = within(created_from, created_to)

    def created(row: Row) -> datetime | None:
        return _times.parse_or_none(row.get("created"))

    def enough(rows: list[Row]) -> bool:
        # Only a list that really came newest first may be left before its end.
        times = [created(row) for row in rows]
        falling = all(a is not None and b is not None and a >= b for a, b in zip(times, times[1:]))
        return limit is not None and falling and sum(inside(one) for one in times) >= limit

    order = "created" if limit is None else "-created"
    rows = read_linked(client, PATH, _filters(datastream_id, created_from, created_to, order), lambda row: with_integers(PATH, row, "id"), enough)
    by_id = {row["id"]: dict(row, datastream_id=datastream_id) for row in rows}
    chosen = oldest_first([one for one in (Extract(row["id"], _times.readable(row.get("created"))) for row in rows) if inside(_times.parse_or_none(one.created))])
    return [by_id[one.id] for one in (chosen if limit is None else chosen[-limit:])]


def within(created_from: str | None, created_to: str | None) -> t.Callable[[datetime | None], bool]:
    """Whether a time is within the bounds, both included. A time that the service did not tell passes: then its own filter has decided."""
    start = _times.parse(created_from) if created_from else None
    end = _times.parse(created_to) if created_to else None

    def inside(created: datetime | None) -> bool:
        return created is None or ((start is None or start <= created) and (end is None or created <= end))

    return inside


def oldest_first(extracts: list[Extract]) -> list[Extract]:
    """By creation; by id where the service does not tell the creation of each."""
    if all(extract.created is not None for extract in extracts):
        return sorted(extracts, key=lambda extract: ((extract.created or "")[:-1], extract.id))
    return sorted(extracts, key=lambda extract: extract.id)


def _filters(datastream_id: int, created_from: str | None, created_to: str | None, ordering: str) -> dict[str, t.Any]:
    filters: dict[str, t.Any] = {"datastream_id": datastream_id, "ordering": ordering}
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
