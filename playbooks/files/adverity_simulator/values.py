# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What values look like: times, ids, smart-pulling settings."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timezone
from typing import Any

Row = dict[str, Any]  # one JSON object
SCOPES = ("datastream:read", "datastream:write", "destination:read", "destination:write", "workspace:read")
ACTIVE_MODES = ("smart", "smart-bundle", "schedule")
FREQUENCIES = ("daily", "weekly", "monthly")
UNITS = ("day", "week", "month")
WORKSPACE_SCOPES = ("ancestors", "descendants", "family")
DEFAULT_RANGE = {"value": 7, "unit": "day"}  # what smart_defaults=value shows; the real default is not published
PAGE_SIZE, MAX_PAGE_SIZE = 50, 100  # bindings guide, "Pagination"
MAX_IDS = 50  # extracts in one requeue (requeue guide), datastreams in one call (release notes)


def parse_time(value: str) -> datetime:
    """A moment in UTC from ISO 8601 text (`2024-01-15T10:00:00Z`, `2024-01-15`); ValueError for anything else."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d($|[T ])", value):
        raise ValueError(f"{value!r} is not a time like 2024-01-15T10:00:00Z")
    # Before Python 3.11 a fraction has three digits or six, and Z is unknown.
    whole = value[:-1] + "+00:00" if value.endswith("Z") else value
    if "." in whole:
        whole = re.sub(r"\.(\d{1,6})", lambda found: f".{found[1]:0<6}", whole)
    moment = datetime.fromisoformat(whole)
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def format_time(moment: datetime) -> str:
    """The way the guides print a moment: UTC, whole seconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def exact_time(moment: datetime) -> str:
    """A moment with its fraction of a second, where it has one."""
    return moment.isoformat().replace("+00:00", "Z")


def shown_time(moment: datetime, precision: str) -> str:
    """A moment as an answer shows it: cut to the `second`, or with all digits of its `fraction`."""
    return format_time(moment) if precision == "second" else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(timezone.utc)


def is_whole(value: Any) -> bool:
    """True for a JSON integer; `true` is none, although Python counts it as one."""
    return isinstance(value, int) and not isinstance(value, bool)


def read_uuid(value: Any) -> str:
    """A UUID in its usual form; ValueError for anything else."""
    try:
        return str(uuid.UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"a UUID is due, not {value!r}") from None


def slug(name: str, otherwise: str) -> str:
    """A name as it stands in an address: `google-ads-emea`; where nothing is left of it, the other text."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or otherwise


def readable_uuid(prefix: str, number: int) -> str:
    """A UUID in which a person can read the number: `readable_uuid("d5", 456)` ends in ...000000000456."""
    return f"{prefix:0<8}-0000-4000-8000-{number:012d}"


def problem(place: str, name: str | None, message: str, kind: str = "value_error") -> Row:
    """One entry of a 422 answer; `name` may have dots."""
    return {"loc": [place, *(name.split(".") if name else [])], "msg": message, "type": kind}


def read_smart(data: Row, accept_null: bool = True) -> tuple[Row, list[Row]]:
    """A smart-pulling setting from a body or seed, and what is wrong with it; what is left out is null: the default."""
    problems: list[Row] = []

    def wrong(name: str, message: str) -> None:
        problems.append(problem("body", name, message))

    if not isinstance(data.get("is_active"), bool):
        wrong("is_active", "Input should be a valid boolean")
    if data.get("frequency") not in FREQUENCIES:
        wrong("frequency", f"Input should be one of {', '.join(FREQUENCIES)}")
    for name in ("refresh_range", "deadline"):
        if not isinstance(data.get(name), (dict, type(None))) or (
                name in data and data[name] is None and not accept_null):
            wrong(name, "Input should be an object")
    refresh_range, deadline = (data[name] if isinstance(data.get(name), dict) else None
                               for name in ("refresh_range", "deadline"))
    if refresh_range is not None:
        if not is_whole(refresh_range.get("value")) or refresh_range["value"] < 1:
            wrong("refresh_range.value", "Input should be a whole number from 1")
        if refresh_range.get("unit") not in UNITS:
            wrong("refresh_range.unit", f"Input should be one of {', '.join(UNITS)}")
    if deadline is not None:
        if deadline.get("time", "") is None and accept_null:
            deadline = None
        elif not re.fullmatch(r"([01]\d|2[0-3]):(00|30):00", str(deadline.get("time"))):
            wrong("deadline.time", "Input should be HH:MM:SS on the half hour")
    setting = {
        "is_active": data.get("is_active"), "frequency": data.get("frequency"),
        "refresh_range": refresh_range and {name: refresh_range.get(name) for name in ("value", "unit")},
        "deadline": deadline and {"time": deadline.get("time")},
    }
    return setting, problems
