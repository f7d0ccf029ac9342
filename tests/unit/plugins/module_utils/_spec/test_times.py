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


def test_now_is_the_present_to_the_second():
    before = datetime.now(timezone.utc).replace(microsecond=0)
    text = times.now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
    assert before <= times.parse(text) <= datetime.now(timezone.utc)
