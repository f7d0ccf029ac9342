# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._spec import times


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "moment", "precision", "readable"),
    [
        ("2024-01-15", utc(2024, 1, 15), DAY, "2024-01-15"),
        ("0001-01-01", utc(1, 1, 1), DAY, "0001-01-01"),
        (" 2024-01-15 10:00 ", utc(2024, 1, 15, 10), MINUTE, "2024-01-15T10:00Z"),
        ("2024-01-15T10:00:07Z", utc(2024, 1, 15, 10, 0, 7), SECOND, "2024-01-15T10:00:07Z"),
        ("2024-01-15T10:00:07z", utc(2024, 1, 15, 10, 0, 7), SECOND, "2024-01-15T10:00:07Z"),
        ("2024-01-15T10:00:07", utc(2024, 1, 15, 10, 0, 7), SECOND, "2024-01-15T10:00:07Z"),
        ("2024-01-15T10:00:00 +02:00", utc(2024, 1, 15, 8), SECOND, "2024-01-15T08:00:00Z"),
        ("2024-01-15T10:00:00+0530", utc(2024, 1, 15, 4, 30), SECOND, "2024-01-15T04:30:00Z"),
        ("2024-01-15T23:30:00-11:00", utc(2024, 1, 16, 10, 30), SECOND, "2024-01-16T10:30:00Z"),
        ("2024-01-15T10:00:07.0Z", utc(2024, 1, 15, 10, 0, 7), SECOND / 10, "2024-01-15T10:00:07.0Z"),
        ("2024-01-15T10:00:00,5Z", utc(2024, 1, 15, 10, 0, 0, 500000), SECOND / 10, "2024-01-15T10:00:00.5Z"),
        ("2024-01-15T10:00:07.250Z", utc(2024, 1, 15, 10, 0, 7, 250000), SECOND / 1000, "2024-01-15T10:00:07.250Z"),
        ("2024-01-15T10:00:07.000001Z", utc(2024, 1, 15, 10, 0, 7, 1), SECOND / 1000000, "2024-01-15T10:00:07.000001Z"),
        ("2024-01-15T10:00:07,123456789Z", utc(2024, 1, 15, 10, 0, 7, 123456), SECOND / 1000000, "2024-01-15T10:00:07.123456Z"),
    ],
)
def test_text_is_read_with_its_precision_and_has_one_form(text, moment, precision, readable):
    time = times.parse_precise(text)
    assert (time.moment, time.precision, time.has_fraction) == (moment, precision, precision < SECOND)
    for parsed in (times.parse(text), times.parse_or_none(text)):
        assert (parsed, parsed.utcoffset()) == (moment, timedelta(0))
    assert times.readable(text) == times.readable(readable) == readable


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2024", "2024-01", "2024-1-5", "24-01-15", "2024-13-01", "2024-00-10", "2023-02-29", "2023-02-29T10:00:00Z", "0000-01-01",
        "2024-01-15T", "2024-01-15T10", "2024-01-15T24:00:00Z", "2024-01-15T10:60Z", "2024-01-15T10:00:61Z", "2024-01-15T10:00:00.Z",
        "2024-01-15T10:00:00ZZ", "2024-01-15T10:00:00+2", "2024-01-15T10:00:00+24:00", "2024-01-15T10:00:00+01:99", "2024-01-15Z",
        "2024-01-15\n2024-01-16", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "\u0662\u0660\u0662\u0664-\u0660\u0661-\u0661\u0665",
        20240115, None, True, ["2024-01-15"], float("nan"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text):
    assert times.parse_or_none(text) is times.parse_precise(text) is times.readable(text) is None
    with pytest.raises(ValueError, match=r"."):
        times.parse(text)


AT = "2024-01-15T10:00:07"


@pytest.mark.parametrize(
    ("a", "b", "order"),
    [
        # Whole seconds: the same one does not tell.
        (AT + "Z", AT + "Z", 0),
        ("2024-01-15T10:00:06Z", AT + "Z", -1),
        # Seconds and fractions: inside the second nothing is told, whichever of the two has them.
        (AT + "Z", AT + ".999999Z", 0),
        ("2024-01-15T10:00:06.999999Z", AT + "Z", -1),
        # Both with fractions: they decide, as far as the shorter one goes.
        (AT + ".000001Z", AT + ".000002Z", -1),
        (AT + ".123Z", AT + ".123999Z", 0),
        (AT + ".123Z", AT + ".124000Z", -1),
        (AT + ".0Z", "2024-01-15T10:00:06.9Z", 1),
        (AT + ".1234567Z", AT + ".1234568Z", 0),
        # Coarser than seconds.
        ("2024-01-15T10:00Z", "2024-01-15T10:00:59.999999Z", 0),
        ("2024-01-15T10:00Z", "2024-01-15T10:01:00Z", -1),
        ("2024-01-15", "2024-01-15T23:59:59Z", 0),
        ("2024-01-15", "2024-01-16T00:00:00Z", -1),
        # Each in its own offset.
        ("2024-01-15T12:00:07+02:00", AT + ".4Z", 0),
        # The edges of time.
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.5Z", 0),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", -1),
    ],
)
def test_compare_tells_what_the_coarser_precision_tells(a, b, order):
    for one, other in ((a, b), (times.parse_precise(a), times.parse_precise(b)), (a, times.parse_precise(b))):
        assert times.compare(one, other) == order
        assert times.compare(other, one) == -order


def test_moment_without_a_text_is_known_to_the_second_and_what_is_no_time_is_not_compared():
    assert times.compare(times.Time(utc(2024, 1, 15, 10)), "2024-01-15T10:00:00.7Z") == 0
    assert times.compare(times.Time(utc(2024, 1, 15, 10)), "2024-01-15T10:00:01Z") == -1
    with pytest.raises(ValueError, match="is neither a date"):
        times.compare("soon", "2024-01-15T10:00:00Z")
