# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import retry
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Lost, NotReached, Refused

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def test_reads_and_settings_are_repeated_after_what_may_pass():
    table = [408, 425, 429, 500, 502, 503, 504]
    for status in table:
        for method in ("GET", "OPTIONS", "PATCH", "PUT", "DELETE"):
            assert retry.may_repeat(Refused(method, "/a/", status, "x"))
            assert retry.may_repeat(Refused(method, "/a/", status, "x", 1.0))


def test_nothing_is_repeated_after_what_will_not_pass():
    table = [301, 302, 307, 400, 401, 403, 404, 405, 409, 422, 501, 505]
    for status in table:
        for method in ("GET", "PATCH", "PUT", "POST", "DELETE", "get"):
            assert not retry.may_repeat(Refused(method, "/a/", status, "x"))
            assert not retry.may_repeat(Refused(method, "/a/", status, "x", 1.0))


def test_a_post_is_repeated_only_where_the_service_certainly_did_not_execute_it_and_will():
    table = [
        (408, None, False),
        (408, 1.0, False),
        (425, 1.0, False),
        (429, None, True),
        (429, 1.0, True),
        (500, None, False),
        (500, 1.0, False),
        (502, 1.0, False),
        (503, None, False),
        (503, 0.0, True),
        (503, 1.0, True),
        (504, 1.0, False),
    ]
    for status, retry_after, repeat in table:
        for method in ("POST", "anything"):
            assert retry.may_repeat(Refused(method, "/a/", status, "x", retry_after)) is repeat


@pytest.mark.parametrize(("method", "repeat"), [("GET", True), ("PATCH", True), ("PUT", True), ("POST", False), ("DELETE", True), ("OPTIONS", True)])
def test_after_a_lost_answer(method, repeat):
    assert retry.may_repeat(Lost(method, "/a/", "x")) is repeat


def test_without_a_connection_everything_is_repeated_unless_that_is_hopeless():
    for method in ("GET", "PATCH", "PUT", "POST", "DELETE"):
        assert retry.may_repeat(NotReached(method, "/a/", "x"))
        assert not retry.may_repeat(NotReached(method, "/a/", "x", repeatable=False))


@pytest.mark.parametrize(("tries", "full"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (7, 32.0), (8, 60.0), (101, 60.0)])
def test_waits_double_up_to_the_cap_and_are_spread(tries, full):
    waits = {retry.wait(tries, None, 60.0) for _time in range(50)}
    assert len(waits) > 1
    assert all(0.75 * full <= one <= full for one in waits)


@pytest.mark.parametrize(("asked", "longest", "wait"), [(0.0, 60.0, 0.0), (7.0, 60.0, 7.0), (61.0, 60.0, 60.0), (1e9, 60.0, 60.0), (5.0, 0.0, 0.0)])
def test_what_the_server_asks_for_is_waited_up_to_the_cap(asked, longest, wait):
    assert retry.wait(3, asked, longest) == wait


def test_a_cap_of_nothing_waits_for_nothing():
    assert retry.wait(4, None, 0.0) == 0.0


def test_read_retry_after():
    table = [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 13:00:30 +0100", 30.0),
        ("Thu, 01 Jan 2026 12:00:30", 30.0),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("   ", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("\u0663", None),
        ("\u00b2", None),
        ("1, 2", None),
        ("Thu, 99 Jan 2026 12:00:30 GMT", None),
        ("Thu, 01 Jan 2026 12:00:30 +999999", None),
        ("Thu, 01 Jan 99999 12:00:30 GMT", None),
        ("Thu, 01 Jan 2026", None),
        (",,,,", None),
        ("\x00", None),
        ("2026-01-01T12:00:30Z", None),
    ]
    for value, seconds in table:
        assert retry.read_retry_after(value, NOON) == seconds


def test_a_huge_number_of_seconds_is_still_a_number():
    assert retry.read_retry_after("9" * 5000, NOON) >= 99999999.0


def test_a_date_counts_from_now_where_no_moment_is_given():
    assert 3e9 < retry.read_retry_after("Thu, 01 Jan 2150 00:00:00 GMT") < 4e9


def test_read_date():
    moment = datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc)
    table = [
        ("Thu, 01 Jan 2026 12:00:30 GMT", moment),
        ("Thu, 01 Jan 2026 13:00:30 +0100", moment),
        ("Thu, 01 Jan 2026 12:00:30 -0000", moment),
        ("Thursday, 01-Jan-26 12:00:30 GMT", moment),
        ("Thu Jan  1 12:00:30 2026", moment),
        (None, None),
        ("", None),
        ("7", None),
        ("2026-01-01T12:00:30Z", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
    ]
    for value, expected in table:
        date = retry.read_date(value)
        assert date == expected, value
        assert date is None or date.tzinfo is timezone.utc
