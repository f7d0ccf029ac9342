# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Issues: what went wrong in a datastream, and at which stage. The path of their list says errors. Rows are those that other clients have seen."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._api import text
from .._api.client import Client
from .._api.linked_list import Times, read_linked
from .._api.paging import PAGE_SIZE, Row
from .._spec import times
from .references import integer_id

PATH = "/api/errors/"


@dataclass(frozen=True)
class Issue:
    """An issue. ``start`` is when it began, None where that is not told; labels are empty where they are not told. ``row`` is what the API returned."""

    id: int
    start: times.Time | None
    type_label: str
    stage_label: str
    message: str
    datastream_id: int | None
    extract_id: int | None
    acknowledged: bool | None
    url: str
    row: Row = field(repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Row, datastream_id: int | None = None) -> Issue:
        """The issue of a row. ``datastream_id`` is that of a list of one datastream, for a row that does not name its own."""
        own = integer_id(row.get("datastream"))
        datastream_id = own if own is not None else datastream_id
        ack = row.get("ack")
        return cls(
            id=row["id"],
            start=times.parse_precise(row.get("start")),
            type_label=text.line(row.get("type_label") or ""),
            stage_label=text.line(row.get("extraction_stage_label") or ""),
            message=text.foreign(row.get("message") or ""),
            datastream_id=datastream_id,
            extract_id=integer_id(row.get("extract")),
            acknowledged=ack if isinstance(ack, bool) else None,
            url=text.line(row.get("url") or ""),
            row=dict(row, datastream_id=datastream_id),
        )


def read(client: Client, datastream_ids: list[int] | None = None) -> list[Issue]:
    """Issues, oldest first. One list is read however many datastreams there are. The labels are asked for: otherwise they may be missing."""
    params: dict[str, t.Any] = {"page_size": PAGE_SIZE, "show_issue_tags": "true"}
    only = datastream_ids[0] if datastream_ids is not None and len(datastream_ids) == 1 else None
    if only is not None:
        params["datastream_id"] = only
    rows = read_linked(
        client, PATH, params, list[Row], Times(lambda row: times.parse_or_none(row.get("start")))
    )
    issues = [Issue.from_row(row, only) for row in rows]
    return sorted(
        (issue for issue in issues if datastream_ids is None or issue.datastream_id in datastream_ids),
        key=lambda issue: issue.id,
    )


class Choice(t.NamedTuple):
    """Which issues are wanted, beside their datastreams. None takes any. An issue that does not tell when it began is never too old."""

    since: str | None
    acknowledged: bool | None
    stages: list[str] | None


def select(issues: list[Issue], choice: Choice) -> list[Issue]:
    """Those that match."""
    since = times.parse(choice.since) if choice.since else None
    stages = None if choice.stages is None else {stage.strip().casefold() for stage in choice.stages}
    return [
        issue
        for issue in issues
        if (since is None or issue.start is None or issue.start.moment >= since)
        and (choice.acknowledged is None or issue.acknowledged is choice.acknowledged)
        and (stages is None or issue.stage_label.casefold() in stages)
    ]
