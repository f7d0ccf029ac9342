# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a list counts as whole, and in which other ways it is read where it does not."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import linked_list, numbered_list, paging
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    IncompleteList,
    Refused,
    UnreadableAnswer,
)

PATH = "/api/list/"
NEXT = "https://acme.example/api/list/?page=2"


def rows(*ids):
    """Rows with these ids; a pair is an id and a time."""
    return [{"id": one[0], "at": one[1]} if isinstance(one, tuple) else {"id": one} for one in ids]


def refusal(status):
    return Refused("GET", PATH, status, "No.")


# Numbered pages


def numbered(client, pages, page_size=100, **more):
    """Expects these pages, each of (ids, count)."""
    for number, (ids, count) in enumerate(pages, 1):
        asked = {**more, **({"page_size": page_size} if page_size else {})}
        if page_size or number > 1:
            asked["page"] = number
        client.expect("GET", PATH, asked, answer={"items": rows(*ids), "count": count})


def read_ids(client, **more):
    return [row["id"] for row in numbered_list.read_numbered(client, PATH, {}, **more)]


@pytest.mark.parametrize("page_size", [100, None])
@pytest.mark.parametrize(
    ("pages", "ids"),
    [
        ([([], 0)], []),
        ([(["b", "a"], 2)], ["b", "a"]),
        ([(range(100), 230), (range(100, 200), 230), (range(200, 230), 230)], [*range(230)]),
        ([(range(230), 230)], [*range(230)]),  # all at once, whatever the page size is
        ([([1, 2], 4), ([2, 3], 4), ([4], 4)], [1, 2, 3, 4]),  # a row moved over the edge of a page
    ],
)
def test_numbered_list_is_whole_with_as_many_ids_as_its_count(scripted, pages, ids, page_size):
    numbered(scripted, pages, page_size)
    assert read_ids(scripted, page_size=page_size) == ids


def test_whole_rows_come_back_and_the_filters_go_with_every_page(scripted):
    first, second = [{"id": 1, "name": "a"}], [{"id": 2, "name": None}]
    filters = {"target_id": 789}
    for page, items in ((1, first), (2, second)):
        scripted.expect("GET", PATH, {"target_id": 789, "page_size": 100, "page": page}, answer={"items": items, "count": 2, "more": "ignored"})
    assert numbered_list.read_numbered(scripted, PATH, filters) == first + second
    assert filters == {"target_id": 789}


@pytest.mark.parametrize(
    "reading",
    [
        [([1, 2], 4), ([], 4)],  # ends before its count
        [([1, 2], 4), ([3, 4], 5)],  # the count rises
        [([1, 2], 4), ([3], 3)],  # the count falls
        [([1, 2, 3], 2)],  # more than it counts
        [([], 1)],
    ],
)
def test_numbered_list_that_does_not_add_up_is_read_again_twice(scripted, reading):
    numbered(scripted, reading)
    numbered(scripted, [([7, 8], 2)])
    assert read_ids(scripted) == [7, 8]
    for _time in range(3):
        numbered(scripted, reading)
    with pytest.raises(IncompleteList, match="returned an inconsistent list 3 times") as caught:
        read_ids(scripted)
    assert caught.value.result()["path"] == PATH


@pytest.mark.parametrize("page_size", [100, None])
@pytest.mark.parametrize(
    "reading",
    [
        [([1, 2], 4), ([2, 4], 4), ([], 4)],  # 3 never comes
        [([1, 2], 4), ([1, 2], 4)],  # ignores the page
        [([1, 1], 2), ([1], 2)],
    ],
)
def test_numbered_list_with_rows_that_come_twice_is_read_by_id_once(scripted, reading, page_size):
    numbered(scripted, reading, page_size)
    numbered(scripted, [([1, 2], 4), ([3, 4], 4)], page_size, ordering="id")
    assert read_ids(scripted, page_size=page_size) == [1, 2, 3, 4]
    for status in (400, 404, 422, None):
        numbered(scripted, reading, page_size)
        if status:
            asked = {"page_size": page_size, "page": 1} if page_size else {}
            scripted.expect("GET", PATH, {"ordering": "id", **asked}, answer=refusal(status))
        else:
            numbered(scripted, reading, page_size, ordering="id")
        numbered(scripted, reading, page_size)
        numbered(scripted, reading, page_size)
        with pytest.raises(IncompleteList, match="returned an inconsistent list 4 times .* different rows among .* may differ from page to page"):
            read_ids(scripted, page_size=page_size)


@pytest.mark.parametrize("by_id", [False, True])
def test_other_errors_of_a_numbered_list_pass_through(scripted, by_id):
    numbered(scripted, [([1, 1], 2), ([1], 2)] if by_id else [([1], 2)])
    asked = {"page_size": 100, "page": 1, "ordering": "id"} if by_id else {"page_size": 100, "page": 2}
    scripted.expect("GET", PATH, asked, answer=refusal(403))
    with pytest.raises(Refused):
        read_ids(scripted)


def test_numbered_list_is_as_old_as_its_first_page():
    """A binding on page 1 can be changed while page 2 is read: nothing is certain of it after the first answer."""

    class Clock:
        date = None

        def get(self, _path, asked):
            self.date = asked["page"]
            return {"items": rows(asked["page"]), "count": 3}

    client = Clock()
    assert read_ids(client) == [1, 2, 3]
    assert client.date == 1


NO_ROWS = [None, {}, [None], [7], [{}], [{"id": None}], [{"id": 1.5}], [{"id": True}]]
NO_COUNTS = ["0", 0.0, False, -1]


@pytest.mark.parametrize(
    "data",
    [
        None, [], "text", {"items": []}, {"items": [], "count": None},
        *({"items": some, "count": 1} for some in NO_ROWS), *({"items": [], "count": count} for count in NO_COUNTS),
    ],
)  # fmt: skip
def test_what_is_no_numbered_list_is_an_error_at_once(scripted, data):
    scripted.expect("GET", PATH, {"page_size": 100, "page": 1}, answer=data)
    with pytest.raises(UnreadableAnswer, match="^GET /api/list/ returned JSON that lacks "):
        read_ids(scripted)


# Linked pages


def page(*ids, count=None, more=False):
    return {"results": rows(*ids), "count": count, "next": NEXT if more else None}


def ask(params, *pages):
    """One reading: what is asked for first, and the pages, or an error instead of the last."""
    return params, pages


def plain(*pages):
    return ask({}, *pages)


def by_id(*pages):
    return ask({"ordering": "-id"}, *pages)


def until(time, *pages):
    return ask({"until": time}, *pages)


def read_linked(client, readings, times, enough=None, params=None):
    """The ids of a list that is read in these ways, or the message of the error."""
    for asked, pages in readings:
        for number, one in enumerate(pages):
            client.expect("GET", PATH, {"page": ["2"]} if number else asked, answer=one)
    is_enough = enough and (lambda kept: len(kept) >= enough)
    try:
        return [row["id"] for row in linked_list.read_linked(client, PATH, params or {}, list, times, is_enough)]
    except IncompleteList as error:
        return error.result()["msg"]


# How the rows are ordered.
FALLING = linked_list.Times(lambda row: -row["id"])  # the newest first
ID_IS_TIME = linked_list.Times(lambda row: row["id"])
SAME = linked_list.Times(lambda _row: 7)
UNTOLD = linked_list.Times(lambda _row: None)
PARTLY = linked_list.Times(lambda row: None if row["id"] == 2 else -row["id"])
SAME_AT_EDGE = linked_list.Times(lambda row: {1: 9, 2: 8, 3: 8, 4: 7}[row["id"]])
AT = linked_list.Times(lambda row: row.get("at"), lambda at: {"until": at + 1})

IN_TWO = plain(page(1, 2, count=3, more=True), page(3, count=3))
UNCOUNTED = plain(page(1, 2, more=True), page(3))
GREW = plain(page(1, 2, count=3, more=True), page(2, 3, count=4))
# Two pages of four rows that were created at the same time. The second is cut out of another order than the first: 3 never comes.
SPLIT = plain(page(1, 2, count=4, more=True), page(2, 4, count=4))
SPLIT_UNCOUNTED = plain(page(1, 2, more=True), page(2, 4))
NOTHING_NEW = plain(page(1, 2, count=4, more=True), page(2, 1, count=4, more=True))
DESCENDING = by_id(page(4, 3, count=4, more=True), page(2, 1, count=4))
DESCENDING_UNCOUNTED = by_id(page(4, 3, more=True), page(2, 1))
IGNORED = by_id(page(1, 2, count=4, more=True))

WHOLE = {
    "empty": (FALLING, [plain(page(count=0))], []),
    "one page": (FALLING, [plain(page(1, 2, count=2))], [1, 2]),
    "one page without a count or an order": (UNTOLD, [plain(page(1, 2, 3))], [1, 2, 3]),
    "two pages": (FALLING, [IN_TWO], [1, 2, 3]),
    "more came at the end": (FALLING, [plain(page(1, 2, count=3, more=True), page(3, 4, count=4))], [1, 2, 3, 4]),
    "a new row in front pushed one over the edge": (FALLING, [GREW], [1, 2, 3]),
    "a row moved over the edge": (FALLING, [plain(page(1, 2, count=3, more=True), page(2, 3, count=3))], [1, 2, 3]),
    # Where only names are looked up, any order will do.
    "names in two pages": (None, [IN_TWO], [1, 2, 3]),
    "names by id in another order": (None, [SPLIT, by_id(page(2, 1, count=4, more=True), page(4, 3, count=4))], [2, 1, 4, 3]),
    # Where rows can slip through, a second reading has to have every row of the first.
    "rising": (ID_IS_TIME, [IN_TWO] * 2, [1, 2, 3]),
    "without times": (UNTOLD, [IN_TWO] * 2, [1, 2, 3]),
    "one without a time": (PARTLY, [IN_TWO] * 2, [1, 2, 3]),
    "without a count": (FALLING, [UNCOUNTED] * 2, [1, 2, 3]),
    "without a count on the first page": (FALLING, [plain(page(1, 2, more=True), page(3, count=3))] * 2, [1, 2, 3]),
    "not falling inside a page": (FALLING, [plain(page(2, 1, count=3, more=True), page(3, count=3))] * 2, [2, 1, 3]),
    "one came between the readings": (UNTOLD, [IN_TWO, plain(page(1, 2, count=4, more=True), page(3, 5, count=4))], [1, 2, 3, 5]),
    "one went between the readings": (UNTOLD, [plain(page(1, 2, count=3, more=True), page(4, count=3)), IN_TWO, IN_TWO], [1, 2, 3]),
    "a reading that does not add up confirms nothing": (UNTOLD, [IN_TWO, plain(page(1, 2, count=3)), IN_TWO], [1, 2, 3]),
    # As many rows as count are not enough: where some come twice, others are missing.
    "split": (SAME, [SPLIT, DESCENDING], [4, 3, 2, 1]),
    "nothing new": (SAME, [NOTHING_NEW, DESCENDING], [4, 3, 2, 1]),
    "split without a count": (SAME, [SPLIT_UNCOUNTED, DESCENDING_UNCOUNTED, DESCENDING_UNCOUNTED], [4, 3, 2, 1]),
    # That the list grew explains rows that come twice only where the order is certain at the edges of its pages.
    "grew, of one time": (SAME, [GREW, DESCENDING], [4, 3, 2, 1]),
    "grew, of one time at the edge": (SAME_AT_EDGE, [GREW, DESCENDING], [4, 3, 2, 1]),
    "one went and one came": (FALLING, [plain(page(1, 2, count=3, more=True), page(2, count=3)), by_id(page(2, 1, count=2))], [2, 1]),
    "an order by id that is not observed": (SAME, [SPLIT, IGNORED, plain(page(1, 2, count=4, more=True), page(3, 4, count=4))], [1, 2, 3, 4]),
    "an order by id that is refused": (SAME, [SPLIT, by_id(refusal(400)), plain(page(1, 2, count=2))], [1, 2]),
    "a page that is gone": (FALLING, [plain(page(1, 2, count=3, more=True), refusal(404)), plain(page(1, 2, count=2))], [1, 2]),
}


@pytest.mark.parametrize(("times", "readings", "ids"), WHOLE.values(), ids=WHOLE)
def test_linked_list_is_read_until_it_is_whole(scripted, times, readings, ids):
    assert read_linked(scripted, readings, times) == ids


@pytest.mark.parametrize(
    "pages",
    [
        [page(1, 2, count=3)],  # ends before its count
        [page(1, 2, count=1)],  # more than it counts
        [page(more=True)],  # nothing, for ever
        [page(1, more=True), page(more=True)],
        [page(1, 2, count=3, more=True), page(3, count=2)],  # the count falls
        [page(1, 2, count=3, more=True), page(count=0)],
    ],
)
def test_linked_list_that_does_not_add_up_is_read_again_three_times(scripted, pages):
    assert read_linked(scripted, [plain(*pages), plain(page(7, count=1))], FALLING) == [7]
    assert "returned an inconsistent list 4 times" in read_linked(scripted, [plain(*pages)] * 4, FALLING)


def test_linked_list_that_no_way_gives_is_an_error(scripted):
    for _limit in range(2):
        message = read_linked(scripted, [SPLIT, IGNORED, SPLIT, SPLIT, SPLIT], SAME)
        assert "5 times (GET /api/list/): count is 4, but there are 3 different rows among 4" in message
    readings = [plain(page(1, 2, count=3, more=True), page(last, count=3)) for last in (3, 4, 5, 6)]
    assert "rows of one reading are missing in the next" in read_linked(scripted, readings, UNTOLD)


@pytest.mark.parametrize(
    ("times", "enough", "readings", "ids"),
    [
        (ID_IS_TIME, 2, [plain(page(3, 2, count=99, more=True))], [3, 2]),
        (ID_IS_TIME, 3, [plain(page(3, 2, count=3, more=True), page(1, count=3))], [3, 2, 1]),
        # What is not the newest first is never enough.
        (UNTOLD, 1, [plain(page(3, 2, count=3, more=True), page(1, count=3))] * 2, [3, 2, 1]),
        # More rows that come twice than arrived are not explained by that.
        (FALLING, 4, [plain(page(1, 2, 3, count=5, more=True), page(2, 3, 5, count=6)), DESCENDING], [4, 3, 2, 1]),
        (FALLING, 4, [plain(page(1, 2, 3, count=5, more=True), page(3, 5, count=5)), DESCENDING], [4, 3, 2, 1]),
    ],
)
def test_enough_ends_a_reading_that_is_the_newest_first(scripted, times, enough, readings, ids):
    assert read_linked(scripted, readings, times, enough) == ids


# By periods

OF_TWO_FETCHES = plain(page((5, 9), (4, 9), (3, 5), count=6, more=True), page((3, 5), (1, 5), count=6))
BY_ID_IGNORED = by_id(page((4, 9), (5, 9), (2, 5), count=6, more=True))
NEWEST = page((6, 9), (5, 9), (4, 9), (2, 5), count=6, more=True)
ONE_OF_EACH = plain(page((6, 9), (3, 5), count=6, more=True))


@pytest.mark.parametrize(("params", "later"), [({"a": 1}, {"a": 1, "until": 6}), ({"until": 20}, {"until": 6})])
def test_by_periods_first_pages_alone_are_read(scripted, params, later):
    oldest = page((3, 5), (2, 5), (1, 5), count=3)
    readings = [
        ask(params, *OF_TWO_FETCHES[1]),
        ask({**params, "ordering": "-id"}, *BY_ID_IGNORED[1]),
        ask(params, NEWEST),
        ask(later, oldest),
    ]
    assert read_linked(scripted, readings, AT, params=params) == [6, 5, 4, 2, 3, 1]


@pytest.mark.parametrize(
    "periods",
    [
        [plain(page((6, 9), 5, count=6, more=True))],  # one has no time
        [plain(page((3, 5), (6, 9), count=6, more=True))],  # not the newest first
        # As many of one time as a page has, or a filter that is not observed.
        [plain(page((6, 9), (5, 9), count=6, more=True)), until(10, page((6, 9), (5, 9), count=6, more=True))],
        # The filter takes away what was there before: and what else?
        [plain(page((6, 9), (5, 9), count=6, more=True)), until(10, page((6, 9), (3, 5), count=6, more=True))],
        [ONE_OF_EACH, until(6, refusal(400))],
    ],
)
def test_periods_that_prove_nothing_or_are_refused_are_not_used(scripted, periods):
    message = read_linked(scripted, [OF_TWO_FETCHES, BY_ID_IGNORED, *periods, *[OF_TWO_FETCHES] * 3], AT)
    assert "count is 6, but there are 4 different rows among 5" in message


def test_periods_that_lack_rows_are_read_again(scripted):
    oldest = until(6, page((2, 5), (1, 5), count=2))  # 3 was deleted meanwhile
    readings = [OF_TWO_FETCHES, BY_ID_IGNORED, plain(NEWEST), oldest, plain({**NEWEST, "count": 5}), oldest]
    assert read_linked(scripted, readings, AT) == [6, 5, 4, 2, 1]


FIRST = page((6, 9), (5, 5), (4, 5), count=9, more=True)


@pytest.mark.parametrize(
    ("readings", "ids"),
    [
        # Periods come before the order of ids, in which all rows would have to be read.
        (
            [
                plain(FIRST, page((4, 5), (3, 5), (2, 4), count=9)),
                plain(FIRST),
                until(6, page((5, 5), (3, 5), (4, 5), (2, 4), count=8, more=True)),
            ],
            [6, 5, 4, 3, 2],
        ),
        # Where none came twice, or only what the order explains, the newest are enough.
        ([plain(FIRST, page((3, 5), (2, 4), count=9, more=True))], [6, 5, 4, 3, 2]),
        ([plain(FIRST, page((4, 5), (2, 4), count=10, more=True))], [6, 5, 4, 2]),
    ],
)
def test_newest_are_enough_unless_rows_came_twice(scripted, readings, ids):
    assert read_linked(scripted, readings, AT, enough=4) == ids


# Links and rows


@pytest.mark.parametrize(
    ("link", "then"),
    [
        ("https://acme.example/api/list/?page=2", (PATH, {"page": ["2"]})),
        ("http://elsewhere.example:8080/api/list/?page=2&a=1&a=2", (PATH, {"page": ["2"], "a": ["1", "2"]})),
        ("//elsewhere.example/api/list/?page=2", (PATH, {"page": ["2"]})),
        ("///api/list/?page=2", (PATH, {"page": ["2"]})),
        ("/api/list/?cursor=a%2Fb%3D&empty=", (PATH, {"cursor": ["a/b="], "empty": [""]})),
        ("https://acme.example/api/list/2/", ("/api/list/2/", {})),
        ("https://acme.example/api/list/?page=2#part", (PATH, {"page": ["2"]})),
        ("https://acme.example/@elsewhere.example/?x=1", ("/@elsewhere.example/", {"x": ["1"]})),
    ],
)
def test_only_path_and_query_of_a_next_link_are_followed(scripted, link, then):
    scripted.expect("GET", PATH, answer={**page(1, count=2), "next": link}).expect("GET", *then, answer=page(2, count=2))
    assert read_linked(scripted, [], FALLING) == [1, 2]


@pytest.mark.parametrize(
    "link",
    [
        "", "page=2", "?page=2", "https://elsewhere.example", "//", "https://acme.example//elsewhere.example/x/", "http://[::1", 7, ["https://acme.example/a/"],
    ],
)  # fmt: skip
def test_next_that_is_no_address_is_an_error(scripted, link):
    with pytest.raises(UnreadableAnswer, match="a next page that is not a URL"):
        read_linked(scripted, [plain({**page(1, count=2), "next": link})], FALLING)


@pytest.mark.parametrize("pages", [[refusal(404)], [page(1, 2, count=3, more=True), refusal(403)]])
def test_other_errors_of_a_linked_list_pass_through(scripted, pages):
    with pytest.raises(Refused) as caught:
        read_linked(scripted, [plain(*pages)], FALLING)
    assert caught.value is pages[-1]


@pytest.mark.parametrize(
    "data",
    [
        None, {"items": []}, {"results": [{"id": "1"}]}, *({"results": some} for some in NO_ROWS), *({"results": [], "count": count} for count in NO_COUNTS),
    ],
)  # fmt: skip
def test_what_is_no_linked_list_is_an_error_at_once(scripted, data):
    with pytest.raises(UnreadableAnswer, match="returned JSON that lacks "):
        read_linked(scripted, [plain(data)], FALLING)


def test_rows_go_where_they_are_wanted_and_next_may_be_missing(scripted):
    scripted.expect("GET", PATH, {"a": 1}, answer={"results": [{"id": 1, "big": "x" * 100}]})

    class Ids(list):
        def append(self, row):
            super().append(row["id"])

    assert linked_list.read_linked(scripted, PATH, {"a": 1}, Ids, FALLING) == [1]


def test_each_row_has_integer_ids():
    row = {"id": 1, "target_id": 2**63 - 1}
    assert paging.with_integers(PATH, row, "id", "target_id") is row
    for value in (0, -1, 2**63, True, 1.0, "1", None):
        with pytest.raises(UnreadableAnswer, match="lacks an integer ID 'target_id' in each row"):
            paging.with_integers(PATH, {**row, "target_id": value}, "id", "target_id")
