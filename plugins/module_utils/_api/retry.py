# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When a request may go out again, and after how long. Pure: no clock, no network."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from .errors import Lost, NotReached, Refused, RequestError

# A GET changes nothing; PATCH and PUT set a value, and setting it twice is setting it once (bindings and pulling guides).
# Deleting twice is deleting once, too; the second time may be answered with 404. A POST loads or creates again each time (requeue guide).
_SAFE_TO_REPEAT = frozenset(("GET", "OPTIONS", "PATCH", "PUT", "DELETE"))
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
_FIRST_WAIT = 0.5


def may_repeat(error: RequestError) -> bool:
    """Whether the same request may be sent once more.

    Reads and settings: after anything that may pass. A POST: only where the API certainly did nothing and
    will do something later, which are no connection, 429, and 503 that names a time.
    """
    if isinstance(error, NotReached):
        return error.repeatable
    if error.method in _SAFE_TO_REPEAT:
        return isinstance(error, Lost) or (isinstance(error, Refused) and error.status in _PASSING)
    return isinstance(error, Refused) and error.not_executed and error.status in (429, 503)


def wait(tries: int, retry_after: float | None, longest: float) -> float:
    """Seconds to wait after so many tries: what the server asked for, else doubling from half a second.

    The latter is spread a little, so that jobs that failed together do not come back together. Never over ``longest``.
    """
    if retry_after is not None:
        return min(retry_after, longest)
    return min(_FIRST_WAIT * 2.0 ** (tries - 1), longest) * random.uniform(0.75, 1.0)


def read_retry_after(value: str | None, at: datetime | None = None) -> float | None:
    """The header ``Retry-After``, in seconds or as an HTTP date, as seconds from now; None where it says nothing readable."""
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    moment = read_date(value)
    return None if moment is None else max(0.0, (moment - (at or datetime.now(timezone.utc))).total_seconds())


def read_date(value: str | None) -> datetime | None:
    """An HTTP date as an aware datetime in UTC; None where it is none."""
    try:
        moment = parsedate_to_datetime(value or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
