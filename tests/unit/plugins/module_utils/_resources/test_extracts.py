# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._ledger import periods
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts

PATH = extracts.PATH


def day(number):
    return f"2026-01-{number:02}T05:00:00Z"


def row(extract_id, created=None, **more):
    return dict({"id": extract_id}, **({} if created is None else {"created": created}), **more)


def expect_list(client, *rows, following=None, **filters):
    asked = dict({"datastream_id": 456, "ordering": "-created"}, **filters)
    client.expect("GET", PATH, asked, answer={"count": None, "next": following, "previous": None, "results": list(rows)})


def read_ids(client, *bounds):
    return [one.id for one in extracts.read(client, 456, *bounds)]


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ([row(1, day(1)), row(2, day(2))], [1, 2]),
        ([row(2, day(1)), row(1, day(2))], [2, 1]),
        # Newest first, whatever was asked for.
        ([row(2, day(2)), row(1, day(1))], [1, 2]),
        ([row(9, day(1)), row(8, day(1))], [8, 9]),
        ([row(10, "2026-01-01T05:00:00+02:00"), row(9, "2026-01-01T04:00:00Z")], [10, 9]),
        # Where one does not say, the order of times is not known: ids are all there is.
        ([row(2, day(1)), row(1)], [1, 2]),
        ([row(10), row(9)], [9, 10]),
        ([row(2, "soon"), row(1, day(5))], [1, 2]),
        ([row(2, 20260101), row(1, {})], [1, 2]),
        ([], []),
    ],
)
def test_read_is_oldest_first(scripted, rows, ids):
    expect_list(scripted, *rows)
    assert read_ids(scripted) == ids


def test_read_keeps_what_is_needed(scripted):
    expect_list(scripted, row(1, day(1), name="x", nrows=5))
    assert list(extracts.read(scripted, 456)) == [extracts.Extract(1, day(1), periods.interval(day(1)))]


def test_times_come_in_one_form_as_precise_as_the_service_tells_them(scripted):
    table = [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2026-01-01T05:00Z", "2026-01-01T05:00Z"),
        ("2026-01-01T07:00:01+02:00", "2026-01-01T05:00:01Z"),
        ("2026-01-01T05:00:02.5Z", "2026-01-01T05:00:02.5Z"),
        ("2026-01-01T05:00:03.000Z", "2026-01-01T05:00:03.000Z"),
        ("2026-01-01T05:00:04.123456789Z", "2026-01-01T05:00:04.123456Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ]
    expect_list(scripted, *(row(number, text) for number, (text, _shown) in enumerate(table, 1)))
    assert [one.created for one in extracts.read(scripted, 456)] == [shown for _text, shown in table]
    expect_list(scripted, row(1, "soon"), row(2, day(1)))
    assert [one.created for one in extracts.read(scripted, 456)] == [None, day(1)]


def test_what_was_read_is_a_sequence(scripted):
    expect_list(scripted, row(3, day(3)), row(2, day(2)), row(1, day(1)))
    found = extracts.read(scripted, 456)
    first, second, third = found
    assert (len(found), found[0], found[-1], found[1:]) == (3, first, third, [second, third])
    assert second in found
    assert extracts.Extract(9, None) not in found
    with pytest.raises(IndexError):
        found[3]


def test_ids_that_are_no_integers_are_an_error(scripted):
    table = ["1", "x", 0, -1, 1.0, True, None, [1], 2**64]
    for value in table:
        """As text they would not be found in the ledger, and so be sent twice."""
        for limit in (None, 1):
            expect_list(scripted, row(7, day(2)), row(value, day(1)))
            with pytest.raises(UnreadableAnswer, match="lacks"):
                extracts.read_rows(scripted, 456, None, None, limit)
        expect_list(scripted, row(7), row(value))
        with pytest.raises(UnreadableAnswer, match="lacks"):
            extracts.read(scripted, 456)


@pytest.mark.parametrize(
    ("bounds", "filters"),
    [
        ((day(2), None), {"created_from": "2026-01-02T04:59:59Z"}),
        ((None, day(3)), {"created_to": "2026-01-03T05:00:01Z"}),
        (("2026-01-02T00:00:00Z", "2026-01-03T23:59:59.999999Z"), {"created_from": "2026-01-01T23:59:59Z", "created_to": "2026-01-04T00:00:00Z"}),
        (("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"), {"created_from": "0001-01-01T00:00:00Z", "created_to": "9999-12-31T23:59:59.999999Z"}),
    ],
)
def test_the_service_is_asked_for_a_little_more_than_the_bounds(scripted, bounds, filters):
    expect_list(scripted, **filters)
    assert read_ids(scripted, *bounds) == []


@pytest.mark.parametrize(
    ("bounds", "ids"),
    [
        ((day(2), None), [2, 3, 4]), ((None, day(2)), [1, 2]), ((day(2), day(3)), [2, 3]), ((day(2), day(2)), [2]),
        (("2026-01-02T05:00:00.000001Z", day(3)), [3]),
    ],
)
def test_the_bounds_are_decided_here_both_included(scripted, bounds, ids):
    filters = extracts._filters(456, *bounds)
    scripted.expect("GET", PATH, filters, answer={"results": [row(one, day(one)) for one in (1, 2, 3, 4)], "next": None})
    assert read_ids(scripted, *bounds) == ids


def test_where_the_service_does_not_tell_times_its_own_filter_has_decided(scripted):
    scripted.expect("GET", PATH, extracts._filters(456, day(2), day(3)), answer={"results": [row(2), row(3)], "next": None})
    assert read_ids(scripted, day(2), day(3)) == [2, 3]


def test_within():
    table = [
        (None, None, None, True),
        (None, None, day(1), True),
        (day(1), day(2), None, True),
        (day(1), day(2), day(1), True),
        (day(1), day(2), day(2), True),
        (day(1), day(2), "2026-01-01T04:59:59.999999Z", False),
        (day(1), day(2), "2026-01-02T05:00:00.000001Z", False),
    ]
    for start, end, moment, inside in table:
        moment = None if moment is None else datetime.fromisoformat(moment.replace("Z", "+00:00"))
        assert extracts.within(start, end)(moment) is inside


# Whole rows, for the info module


def test_rows_come_whole_with_their_datastream_oldest_first(scripted):
    expect_list(scripted, row(2, day(2), name="b"), row(1, day(1), datastream={"id": 456, "name": "Ads"}))
    rows = extracts.read_rows(scripted, 456, None, None, None)
    assert rows == [
        {"id": 1, "created": day(1), "datastream": {"id": 456, "name": "Ads"}, "datastream_id": 456},
        {"id": 2, "created": day(2), "name": "b", "datastream_id": 456},
    ]


NEXT = "https://acme.example/api/extracts/?page=2"


def test_with_a_limit_reading_ends_as_soon_as_the_newest_are_there(scripted):
    expect_list(scripted, row(4, day(4)), row(3, day(3)), following=NEXT)
    assert [one["id"] for one in extracts.read_rows(scripted, 456, None, None, 2)] == [3, 4]


@pytest.mark.parametrize(
    ("first", "second", "newest"),
    [
        ([row(1, day(1)), row(2, day(2))], [row(3, day(3)), row(4, day(4))], [3, 4]),  # oldest first, whatever was asked for
        ([row(4, day(4)), row(2)], [row(3, day(3))], [3, 4]),  # one does not say
        ([row(2), row(1)], [row(4), row(3)], [3, 4]),  # none says
        ([row(3, day(3)), row(4, day(4))], [row(2, day(2))], [3, 4]),
    ],
)
def test_a_list_that_did_not_come_newest_first_is_read_to_its_end_and_again(scripted, first, second, newest):
    for _reading in range(2):
        expect_list(scripted, *first, following=NEXT)
        scripted.expect("GET", PATH, {"page": ["2"]}, answer={"results": second, "next": None})
    assert [one["id"] for one in extracts.read_rows(scripted, 456, None, None, 2)] == newest


def test_a_limit_counts_only_what_is_within_the_bounds(scripted):
    filters = extracts._filters(456, None, day(2))
    scripted.expect("GET", PATH, filters, answer={"results": [row(4, day(4)), row(3, day(3))], "next": NEXT})
    scripted.expect("GET", PATH, {"page": ["2"]}, answer={"results": [row(2, day(2))], "next": NEXT})
    assert [one["id"] for one in extracts.read_rows(scripted, 456, None, day(2), 1)] == [2]


def test_a_limit_beyond_what_there_is_gives_all(scripted):
    expect_list(scripted, row(2, day(2)), row(1, day(1)))
    assert [one["id"] for one in extracts.read_rows(scripted, 456, None, None, 99)] == [1, 2]


def test_extracts_with_a_meaning_are_found_without_the_others():
    found = extracts.Extracts()
    labels = ["Loaded", "Collected", "Loaded", "Loaded", None]
    times = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03", "2026-01-04T00:00:00Z"]
    for number, (label, created) in enumerate(zip(labels, times), 1):
        found.append({"id": number, "created": created, "state_label": label})
    since = periods.interval("2026-01-01T12:00:00Z")[0]
    assert [each.id for each in found.having(extracts.Meaning.LOADED)] == [1, 3, 4]
    assert [each.id for each in found.created_since(since)] == [2, 3, 4, 5]
    assert list(found.having(extracts.Meaning.LOADING)) == []
