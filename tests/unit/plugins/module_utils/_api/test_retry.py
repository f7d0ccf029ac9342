# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import retry
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Lost, NotReached, Refused

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
SETTINGS = ("GET", "OPTIONS", "PATCH", "PUT", "DELETE")
POSTS = ("POST", "anything", "get")


@pytest.mark.parametrize(
    ("methods", "retry_after", "statuses"),
    [
        # What may pass; of a POST, only where the API certainly did not execute it, and will.
        (SETTINGS, None, {408, 425, 429, 500, 502, 503, 504}),
        (SETTINGS, 1.0, {408, 425, 429, 500, 502, 503, 504}),
        (POSTS, None, {429}),
        (POSTS, 0.0, {429, 503}),
        (POSTS, 1.0, {429, 503}),
    ],
)
def test_statuses_after_which_a_request_is_repeated(methods, retry_after, statuses):
    for method in methods:
        assert {status for status in range(300, 600) if retry.may_repeat(Refused(method, "/a/", status, "x", retry_after))} == statuses


@pytest.mark.parametrize("method", [*SETTINGS, *POSTS])
def test_without_a_response(method):
    assert retry.may_repeat(Lost(method, "/a/", "x")) is (method in SETTINGS)
    assert retry.may_repeat(NotReached(method, "/a/", "x"))
    assert not retry.may_repeat(NotReached(method, "/a/", "x", repeatable=False))


@pytest.mark.parametrize(("tries", "full"), [(1, 0.5), (2, 1.0), (4, 4.0), (7, 32.0), (8, 60.0), (101, 60.0)])
def test_waits_double_up_to_the_cap_and_are_spread(tries, full):
    waits = {retry.wait(tries, None, 60.0) for _time in range(50)}
    assert len(waits) > 1
    assert all(0.75 * full <= one <= full for one in waits)


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 01 Jan 2026 12:00:30 GMT", "Thu, 01 Jan 2026 13:00:30 +0100", "Thu, 01 Jan 2026 12:00:30 -0000", "Thu, 01 Jan 2026 12:00:30",
        "Thursday, 01-Jan-26 12:00:30 GMT", "Thu Jan  1 12:00:30 2026",
    ],
)  # fmt: skip
def test_dates_are_read_in_utc(text):
    date = retry.read_date(text)
    assert (date, date.tzinfo) == (datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc), timezone.utc)
    assert retry.read_retry_after(text, NOON) == 30.0


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("120", 120), (" 7 ", 7), ("007", 7), ("Thu, 01 Jan 2026 11:00:00 GMT", 0), ("9" * 5000, 999999999)])
def test_retry_after_is_read_and_a_date_counts_from_now(text, seconds):
    assert retry.read_retry_after(text, NOON) == seconds
    assert 3e9 < retry.read_retry_after("Thu, 01 Jan 2150 00:00:00 GMT") < 4e9


@pytest.mark.parametrize(
    "text",
    [
        None, "", "   ", ",,,,", "\x00", "soon", "2026-01-01T12:00:30Z", "Thu, 99 Jan 2026 12:00:30 GMT", "Thu, 01 Jan 2026 12:00:30 +999999",
        "Thu, 01 Jan 99999 12:00:30 GMT", "Thu, 01 Jan 2026", "Fri, 31 Dec 9999 23:59:59 -0100", "-1", "1.5", "nan", "\u0663", "\u00b2",
    ],
)  # fmt: skip
def test_what_is_no_time_to_come_back_is_none(text):
    assert retry.read_retry_after(text, NOON) is None
    assert retry.read_date(text) is None
