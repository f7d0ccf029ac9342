# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: each work as a bare script does it, with one requests.Session and nothing else. ``python script.py WORK``.

It reads, works out what differs, writes that, and checks each status; it records nothing, and takes every answer at its word.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import requests

INSTANCE = os.environ["ADVERITY_INSTANCE"]
TARGET = 789


def call(session: requests.Session, method: str, path: str, **options: Any) -> Any:
    """Return the JSON of an answer; anything but success is an error."""
    answer = session.request(method, INSTANCE + path, timeout=30, **options)
    answer.raise_for_status()
    return answer.json()


def read(session: requests.Session, path: str, **filters: Any) -> list[dict[str, Any]]:
    """Return all rows of a list, page by page."""
    rows: list[dict[str, Any]] = []
    page, count = 0, 1
    while len(rows) < count:
        page += 1
        data = call(session, "GET", path, params={**filters, "page": page})
        rows += data["items"] if "items" in data else data["results"]
        count = data["count"]
    return rows


def read_bindings(session: requests.Session) -> list[dict[str, Any]]:
    return read(session, "/api/v1/bindings/", target_id=TARGET, page_size=100)


def read_extracts(session: requests.Session, datastream_id: int) -> list[int]:
    return [row["id"] for row in read(session, "/api/extracts/", datastream_id=datastream_id, ordering="created")]


def requeue(session: requests.Session, binding: dict[str, Any], extract_ids: list[int]) -> None:
    for start in range(0, len(extract_ids), 50):
        body = {"extract_ids": extract_ids[start : start + 50], "binding_ids": [binding["id"]], "sequential": True}
        call(session, "POST", "/api/v1/extracts/requeue/", json=body)


def enable(session: requests.Session, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        call(session, "PATCH", f"/api/v1/bindings/{row['id']}/", json={"enabled": True})


def bindings(session: requests.Session) -> None:
    """Enable what is disabled."""
    enable(session, [row for row in read_bindings(session) if not row["enabled"]])


def datastreams(session: requests.Session) -> None:
    """Put what is on its schedule to smart."""
    ids = [row["id"] for row in read(session, "/api/v1/datastreams/", active_pulling_mode="schedule")]
    for start in range(0, len(ids), 50):
        chosen = {"datastream_id": ids[start : start + 50]}
        call(session, "PATCH", "/api/v1/datastreams/", params=chosen, json={"pulling": {"active_mode": "smart"}})


def backfill(session: requests.Session) -> None:
    """Load every extract of the destination's only datastream."""
    (binding,) = read_bindings(session)
    requeue(session, binding, read_extracts(session, binding["datastream_id"]))


def role(session: requests.Session) -> None:
    """Enable what is disabled, and load the history of just that."""
    due = [row for row in read_bindings(session) if not row["enabled"]]
    history = [read_extracts(session, row["datastream_id"]) for row in due]
    enable(session, due)
    for row, extract_ids in zip(due, history):
        requeue(session, row, extract_ids)


WORKS = {"bindings": bindings, "datastreams": datastreams, "backfill": backfill, "role": role}

if __name__ == "__main__":
    with requests.Session() as one:
        one.headers["Authorization"] = "Bearer " + os.environ["ADVERITY_API_KEY"]
        WORKS[sys.argv[1]](one)
