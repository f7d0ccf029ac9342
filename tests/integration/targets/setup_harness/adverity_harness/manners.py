# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one slip that would change every datastream of a company: a write that does not name its datastreams.

Each scene is held against this when it ends, so that it holds for every request of every target.
"""

from __future__ import annotations

import uuid
from typing import Any

DATASTREAMS = "/api/v1/datastreams"
MOST_IDS = 50


def check_named(requests: list[dict[str, Any]]) -> None:
    """Check rows of the simulator's log: what is no GET on datastreams names 1 to 50 of them, each by a UUID."""
    for row in requests:
        if row["method"] == "GET" or not row["path"].startswith(DATASTREAMS):
            continue
        named = [value for name, value in row["query"] if name == "datastream_id"]
        assert named, f"a change of datastreams that names none, so that it means all: {row}"
        assert len(named) <= MOST_IDS, f"a change of {len(named)} datastreams at once: {row}"
        for value in named:
            assert _is_uuid(value), f"a change of datastreams that names one by {value!r}: {row}"


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
