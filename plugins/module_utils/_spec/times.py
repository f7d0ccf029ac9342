# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Points in time. The API writes them in UTC, like ``2024-01-15T10:00:00Z`` (contract).

Whether it writes fractions of a second, and the same ones everywhere, is not known. Two times are told apart at the precision of the coarser one.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta, timezone

from .._api import clock

_TIME = re.compile(
    r"^(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](?P<hour>\d\d):(\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<offset>Z|z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?$",
    re.ASCII,
)
# As the API writes it: read by the standard library, which takes a third of the time.
_USUAL = re.compile(r"^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\dZ\Z", re.ASCII)
_NORMAL = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z\Z", re.ASCII)
_DAY, _MINUTE, SECOND, FINEST = (
    timedelta(days=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
    timedelta(microseconds=1),
)
_LAST_MOMENT = _DAY - FINEST
YEAR_1 = datetime(1, 1, 1, tzinfo=timezone.utc)


class Time(t.NamedTuple):
    """A moment as a text tells it: at ``moment`` (aware, in UTC) or later, but within ``precision``."""

    moment: datetime
    precision: timedelta = SECOND

    @property
    def has_fraction(self) -> bool:
        """Whether the text had fractions of a second."""
        return self.precision < SECOND

    @property
    def digits(self) -> int:
        """How many digits of a second the text had; -2 where it told only the minute, -3 where only the day."""
        if self.precision > SECOND:
            return -2 if self.precision == _MINUTE else -3
        return len(str(SECOND // self.precision)) - 1 if self.has_fraction else 0


def parse(text: str, end_of_day: bool = False) -> datetime:
    """A date, or a date and time, as an aware datetime in UTC. Without an offset it is taken as UTC.

    A bare date means its first moment, or its last one with ``end_of_day``. Raises ValueError.
    """
    moment, precision = _read(text)
    return moment + _LAST_MOMENT if end_of_day and precision == _DAY else moment


def parse_or_none(text: t.Any) -> datetime | None:
    """What the API sent as a time; None where it sent none, or nothing that can be read as one."""
    time = parse_precise(text)
    return time and time.moment


def parse_precise(text: t.Any) -> Time | None:
    """As ``parse_or_none``, with the precision of the text."""
    try:
        return _read(text)
    except ValueError:
        return None


def compare(a: str | Time, b: str | Time) -> int:
    """-1 where ``a`` is before ``b``, 1 where it is after, and 0 where the precision of the coarser one does not tell. Raises ValueError."""
    if isinstance(a, str) and isinstance(b, str) and _NORMAL.match(a) and _NORMAL.match(b):
        shorter = min(len(a), len(b)) - 1  # both as ``readable`` has them: text tells, up to where both go
        return (a[:shorter] > b[:shorter]) - (a[:shorter] < b[:shorter])
    one, other = (_read(each) if isinstance(each, str) else each for each in (a, b))
    unit = max(one.precision, other.precision)
    first, second = ((each.moment - YEAR_1) // unit for each in (one, other))
    return (first > second) - (first < second)


def _read(text: t.Any) -> Time:
    given = text.strip() if isinstance(text, str) else ""
    if _USUAL.match(given):
        return Time(datetime.fromisoformat(given[:-1] + "+00:00"))
    match = _TIME.match(given)
    if not match:
        raise ValueError(
            f"{text!r:.80} is neither a date like 2024-01-15 nor a time like 2024-01-15T10:00:00Z"
        )
    fraction = (match["fraction"] or "")[:6]
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, "0")), timezone.utc)
    return Time(_to_utc(moment, match["offset"]), _precision(match, fraction))


def _to_utc(moment: datetime, offset: str | None) -> datetime:
    """A moment that was written with this offset, in UTC. Raises ValueError where there is no such time."""
    if not offset or offset in "Zz":
        return moment
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    try:
        return moment + shift if offset[0] == "-" else moment - shift
    except OverflowError as error:
        raise ValueError(str(error)) from error


def _precision(match: re.Match[str], fraction: str) -> timedelta:
    """How precisely a time is written. ``fraction``: its digits of a second, at most six."""
    if fraction:
        units: int = 10 ** (6 - len(fraction))
        return FINEST * units
    if match["second"]:
        return SECOND
    return _MINUTE if match["hour"] else _DAY


def show(moment: datetime) -> str:
    """The way the API writes a time; fractions of a second only where there are any."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def show_digits(moment: datetime, digits: int) -> str:
    """The same of a time in UTC, with so many digits of a second, zeros included; see ``Time.digits`` for fewer than none."""
    if digits < 0:
        return moment.isoformat()[:16] + "Z" if digits == -2 else moment.isoformat()[:10]
    return moment.isoformat(timespec="microseconds")[: 20 + digits if digits else 19] + "Z"


def now() -> str:
    """The present moment, to the second."""
    return show(clock.now().replace(microsecond=0))


def readable(text: t.Any) -> str | None:
    """What the API sent as a time, in one form: ``2024-01-15T10:00:00Z``, with a fraction where it wrote one, ``2024-01-15T10:00Z`` where it wrote no
    seconds. None where it sent none, or nothing that can be read as one."""
    if isinstance(text, str) and _USUAL.match(text) and parse_precise(text):
        return text
    time = parse_precise(text)
    if time is None:
        return None
    return show_digits(time.moment, time.digits)


def latest(*moments: str | None) -> str | None:
    """The latest of these times; None where there is none."""
    known = [moment for moment in moments if moment is not None]
    latest_one = known[0] if known else None
    for moment in known[1:]:
        if latest_one is None or compare(moment, latest_one) > 0:
            latest_one = moment
    return latest_one
