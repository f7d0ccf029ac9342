# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._spec import times


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


def test_parse():
    table = [
        ("2024-01-15", utc(2024, 1, 15)),
        ("2024-01-15T10:00:00Z", utc(2024, 1, 15, 10)),
        ("2024-01-15T10:00:00z", utc(2024, 1, 15, 10)),
        ("2024-01-15T10:00:00", utc(2024, 1, 15, 10)),
        ("2024-01-15 10:00", utc(2024, 1, 15, 10)),
        ("  2024-01-15T10:00:00Z\n", utc(2024, 1, 15, 10)),
        ("2024-01-15 10:00:00+00:00", utc(2024, 1, 15, 10)),
        ("2024-01-15T10:00:00 +02:00", utc(2024, 1, 15, 8)),
        ("2024-01-15T10:00:00+0530", utc(2024, 1, 15, 4, 30)),
        ("2024-01-15T23:30:00-01:00", utc(2024, 1, 16, 0, 30)),
        ("2024-01-15T10:00:00.5Z", utc(2024, 1, 15, 10, 0, 0, 500000)),
        ("2024-01-15T10:00:00,123456789Z", utc(2024, 1, 15, 10, 0, 0, 123456)),
        ("2024-02-29", utc(2024, 2, 29)),
        ("0001-01-01", utc(1, 1, 1)),
    ]
    for text, moment in table:
        assert times.parse(text) == moment
        assert times.parse(text).utcoffset() == timedelta(0)


def test_a_date_as_an_end_includes_its_whole_day():
    assert times.parse("2024-01-15", end_of_day=True) == utc(2024, 1, 15, 23, 59, 59, 999999)
    assert times.parse("9999-12-31", end_of_day=True) == utc(9999, 12, 31, 23, 59, 59, 999999)


def test_a_time_as_an_end_is_that_time():
    assert times.parse("2024-01-15T00:00", end_of_day=True) == utc(2024, 1, 15)


WRONG = [
    "",
    "yesterday",
    "2024",
    "2024-01",
    "2024-1-5",
    "24-01-15",
    "2024-13-01",
    "2024-00-10",
    "2023-02-29",
    "0000-01-01",
    "2024-01-15T",
    "2024-01-15T10",
    "2024-01-15T24:00:00Z",
    "2024-01-15T10:60Z",
    "2024-01-15T10:00:61Z",
    "2024-01-15T10:00:00.Z",
    "2024-01-15T10:00:00ZZ",
    "2024-01-15T10:00:00+2",
    "2024-01-15T10:00:00+24:00",
    "2024-01-15T10:00:00+01:99",
    "2024-01-15Z",
    "2024-01-15\n2024-01-16",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "\u0662\u0660\u0662\u0664-\u0660\u0661-\u0661\u0665",
    20240115,
    None,
    True,
    ["2024-01-15"],
    float("nan"),
]


def test_what_is_no_time_is_refused():
    for text in WRONG:
        assert times.parse_or_none(text) is None, text
        with pytest.raises(ValueError, match=r"."):
            times.parse(text)


def test_a_refusal_quotes_little():
    with pytest.raises(ValueError, match="2024-01-15T10:00:00Z") as caught:
        times.parse("x\n" * 100000)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_parse_or_none_reads_what_can_be_read():
    assert times.parse_or_none("2024-01-15T10:00:00Z") == utc(2024, 1, 15, 10)


def test_parse_precise():
    second = timedelta(seconds=1)
    table = [
        ("2024-01-15T10:00:07Z", utc(2024, 1, 15, 10, 0, 7), second, False),
        ("2024-01-15T10:00:07+02:00", utc(2024, 1, 15, 8, 0, 7), second, False),
        ("2024-01-15T10:00Z", utc(2024, 1, 15, 10), 60 * second, False),
        ("2024-01-15", utc(2024, 1, 15), 86400 * second, False),
        ("2024-01-15T10:00:07.0Z", utc(2024, 1, 15, 10, 0, 7), second / 10, True),
        ("2024-01-15T10:00:07.25Z", utc(2024, 1, 15, 10, 0, 7, 250000), second / 100, True),
        ("2024-01-15T10:00:07.250Z", utc(2024, 1, 15, 10, 0, 7, 250000), second / 1000, True),
        ("2024-01-15T10:00:07.000001Z", utc(2024, 1, 15, 10, 0, 7, 1), second / 1000000, True),
        ("2024-01-15T10:00:07.000001999Z", utc(2024, 1, 15, 10, 0, 7, 1), second / 1000000, True),
    ]
    for text, moment, precision, has_fraction in table:
        time = times.parse_precise(text)
        assert (time.moment, time.precision, time.has_fraction) == (moment, precision, has_fraction), text
    for text in WRONG:
        assert times.parse_precise(text) is None


def test_compare():
    at = "2024-01-15T10:00:07{0}Z".format
    table = [
        # Whole seconds: the same one does not tell.
        (at(""), at(""), 0),
        ("2024-01-15T10:00:06Z", at(""), -1),
        # Seconds and fractions: inside the second nothing is told, whichever of the two has them.
        (at(""), at(".000000"), 0),
        (at(""), at(".999999"), 0),
        ("2024-01-15T10:00:06.999999Z", at(""), -1),
        ("2024-01-15T10:00:08.000000Z", at(""), 1),
        ("2024-01-15T10:00:06.999Z", at(""), -1),
        # Both with fractions: they decide, as far as the shorter one goes.
        (at(".000001"), at(".000002"), -1),
        (at(".000001"), at(".000001"), 0),
        (at(".123"), at(".123999"), 0),
        (at(".123"), at(".124000"), -1),
        (at(".123"), at(".122999"), 1),
        (at(".5"), at(".59"), 0),
        (at(".5"), at(".6"), -1),
        (at(".0"), "2024-01-15T10:00:06.9Z", 1),
        (at(".1234567"), at(".1234568"), 0),
        # Coarser than seconds.
        ("2024-01-15T10:00Z", "2024-01-15T10:00:59.999999Z", 0),
        ("2024-01-15T10:00Z", "2024-01-15T10:01:00Z", -1),
        ("2024-01-15T10:00Z", "2024-01-15T09:59:59Z", 1),
        ("2024-01-15", "2024-01-15T23:59:59Z", 0),
        ("2024-01-15", "2024-01-16T00:00:00Z", -1),
        ("2024-01-15", "2024-01-14T23:59:59Z", 1),
        # Each in its own offset.
        ("2024-01-15T12:00:07+02:00", at(""), 0),
        ("2024-01-15T12:00:07+02:00", at(".4"), 0),
        ("2024-01-15T12:00:06+02:00", at(""), -1),
        # The edges of time.
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.5Z", 0),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", -1),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", 0),
    ]
    for a, b, order in table:
        for one, other in ((a, b), (times.parse_precise(a), times.parse_precise(b)), (a, times.parse_precise(b))):
            assert times.compare(one, other) == order, (a, b)
            assert times.compare(other, one) == -order, (b, a)


def test_a_moment_without_a_text_is_known_to_the_second():
    assert times.compare(times.Time(utc(2024, 1, 15, 10)), "2024-01-15T10:00:00.7Z") == 0
    assert times.compare(times.Time(utc(2024, 1, 15, 10)), "2024-01-15T10:00:01Z") == -1


def test_what_is_no_time_is_not_compared():
    with pytest.raises(ValueError, match="is neither a date"):
        times.compare("soon", "2024-01-15T10:00:00Z")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (utc(2024, 1, 15, 10), "2024-01-15T10:00:00Z"),
        (utc(2024, 1, 15, 10, 0, 0, 500000), "2024-01-15T10:00:00.500000Z"),
        (datetime(2024, 1, 15, 10, tzinfo=timezone(timedelta(hours=2))), "2024-01-15T08:00:00Z"),
        (utc(9999, 12, 31, 23, 59, 59, 999999), "9999-12-31T23:59:59.999999Z"),
        (utc(1, 1, 1), "0001-01-01T00:00:00Z"),
    ],
)
def test_show(moment, text):
    assert times.show(moment) == text
    assert times.parse(text) == moment


def test_readable():
    table = [
        ("2024-01-15T10:00:00Z", "2024-01-15T10:00:00Z"),
        (" 2024-01-15 10:00 ", "2024-01-15T10:00Z"),
        ("2024-01-15T12:00:00+02:00", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00:00,5Z", "2024-01-15T10:00:00.5Z"),
        ("2024-01-15T10:00:00.000Z", "2024-01-15T10:00:00.000Z"),
        ("2024-01-15T10:00:00.1234567Z", "2024-01-15T10:00:00.123456Z"),
        ("0001-01-01", "0001-01-01"),
        ("2023-02-29T10:00:00Z", None),
        (7, None),
        (None, None),
    ]
    for text, shown in table:
        assert times.readable(text) == shown
        assert shown is None or times.readable(shown) == shown


def test_now_is_the_present_to_the_second():
    before = datetime.now(timezone.utc).replace(microsecond=0)
    text = times.now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
    assert before <= times.parse(text) <= datetime.now(timezone.utc)
