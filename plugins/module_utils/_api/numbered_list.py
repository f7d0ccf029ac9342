# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Reading whole ``{items, count}`` lists, whose pages have numbers. What makes a list whole: ``paging.py``."""

from __future__ import annotations

import typing as t

from .paging import (
    PAGE_SIZE,
    Inconsistent,
    Row,
    contradiction,
    if_taken,
    page_count,
    page_rows,
    read_until_consistent,
)

if t.TYPE_CHECKING:  # every task that uses a filter of ours would load requests, for nothing
    from .client import Client, Params

_READINGS = 3


def read_numbered(client: Client, path: str, params: Params, page_size: int | None = PAGE_SIZE) -> list[Row]:
    """All rows of a ``{items, count}`` list, each with its ``id``, in the API's order.

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
            rows, count = page_rows(path, data, "items"), page_count(path, data)
            if expected is not None and count != expected:
                raise Inconsistent(f"count changed from {expected} to {count} between two pages")
            expected = count
            before = len(seen)
            seen.update((row["id"], row) for row in rows)
            delivered += len(rows)
            if len(seen) == count:
                client.date = first_date
                return list(seen.values())
            if len(seen) > count or len(seen) == before:
                raise contradiction(count, len(seen), delivered, f"up to page {page} there")
            page += 1

    def read_by_id() -> list[Row]:  # whether these lists take an order is not documented
        return if_taken(lambda: read({**params, "ordering": "id"}))

    return read_until_consistent(path, _READINGS, lambda: read(params), read_by_id)
