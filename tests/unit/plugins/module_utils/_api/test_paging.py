# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a list counts as whole, and in which other ways it is read where it does not. Lists that change meanwhile: test_shifting_lists.py."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import errors, linked_list, numbered_list
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._api.scripted import open_client
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import respond

PATH = "/api/list/"
NEXT = "https://acme.example/api/list/?page=2"
SECOND = {"page": ["2"]}  # what that link asks for


def open_pages(pages):
    """A client that gets these pages in their order, a second apart; a number is a refusal with that status."""
    dates = (f"Thu, 01 Jan 2026 12:00:{second:02} GMT" for second in range(1, 60))
    return open_client(*(page if isinstance(page, int) else respond(200, json.dumps(page).encode(), Date=next(dates)) for page in pages), retries=0)


def asked_for(client):
    return [(request.path, request.params or {}) for request in client.transport.requests]


def read(function, *readings, **more):
    """The ids of a list, or the error; what is asked for are these pages, and no others. A reading is [(parameters, page), ...]."""
    requests = [request for reading in readings for request in reading]
    client = open_pages(page for _params, page in requests)
    try:
        found = [row["id"] for row in function(client, PATH, **more)]
    except errors.AdverityError as error:
        found = error
    assert asked_for(client) == [(PATH, params) for params, _page in requests]
    return found


def rows(*ids):
    """Rows with these ids; a pair is an id and a time."""
    return [{"id": each[0], "at": each[1]} if isinstance(each, tuple) else {"id": each} for each in ids]


# Numbered pages


def numbered(*pages, page_size=100, **more):
    """A reading of pages, each of ids and a count, or a status."""
    size = {"page_size": page_size} if page_size else {}
    asked = [{**more, **size, **({"page": number} if page_size or number > 1 else {})} for number in range(1, len(pages) + 1)]
    return list(zip(asked, (page if isinstance(page, int) else {"items": rows(*page[0]), "count": page[1]} for page in pages)))


def read_numbered(*readings, params=None, **more):
    return read(numbered_list.read_numbered, *readings, params=params or {}, **more)


SIZES = pytest.mark.parametrize("size", [{"page_size": 100}, {"page_size": None}], ids=str)


@SIZES
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
def test_numbered_list_is_whole_with_as_many_ids_as_its_count(pages, ids, size):
    assert read_numbered(numbered(*pages, **size), **size) == ids
    assert read_numbered(numbered(*pages, **size, target_id=789), params={"target_id": 789}, **size) == ids


@pytest.mark.parametrize(
    "pages",
    [
        [([1, 2], 4), ([], 4)],  # ends before its count
        [([1, 2], 4), ([3, 4], 5)],  # the count rises
        [([1, 2], 4), ([3], 3)],  # the count falls
        [([1, 2, 3], 2)],  # more than it counts
        [([], 1)],
    ],
)
def test_numbered_list_that_does_not_add_up_is_read_three_times(pages):
    contradiction = numbered(*pages)
    assert read_numbered(contradiction, contradiction, numbered(([7, 8], 2))) == [7, 8]
    error = read_numbered(*[contradiction] * 3)
    assert "returned an inconsistent list 3 times" in str(error)
    assert (type(error), error.result()["path"]) == (errors.IncompleteList, PATH)


@SIZES
@pytest.mark.parametrize(
    "pages",
    [
        [([1, 2], 4), ([2, 4], 4), ([], 4)],  # 3 never comes
        [([1, 2], 4), ([1, 2], 4)],  # ignores the page
        [([1, 1], 2), ([1], 2)],
    ],
)
def test_numbered_list_with_rows_that_come_twice_is_read_by_id_once(pages, size):
    twice = numbered(*pages, **size)
    assert read_numbered(twice, numbered(([1, 2], 4), ([3, 4], 4), **size, ordering="id"), **size) == [1, 2, 3, 4]
    for by_id in ([400], [404], [422], pages):
        error = read_numbered(twice, numbered(*by_id, **size, ordering="id"), twice, twice, **size)
        assert "returned an inconsistent list 4 times" in str(error)


@pytest.mark.parametrize("readings", [[numbered(([1], 2), 403)], [numbered(([1, 1], 2), ([1], 2)), numbered(403, ordering="id")]])
def test_refusal_of_a_numbered_list_passes_through(readings):
    assert isinstance(read_numbered(*readings), errors.Refused)


def test_numbered_list_is_as_old_as_its_first_page():
    """A binding on page 1 can be changed while page 2 is read: nothing is certain of it after the first answer."""
    client = open_pages(page for _params, page in numbered(([1], 2), ([2], 2)))
    numbered_list.read_numbered(client, PATH, {})
    assert client.date.second == 1


NO_ROWS = [None, {}, [None], [7], [{}], [{"id": None}], [{"id": 1.5}], [{"id": True}]]
NO_COUNTS = ["0", 0.0, False, -1]
NO_NUMBERED = [None, [], "text", {"items": []}]
NO_NUMBERED += [*({"items": value, "count": 1} for value in NO_ROWS), *({"items": [], "count": value} for value in NO_COUNTS)]
NO_LINKED = [None, {"items": []}]
NO_LINKED += [*({"results": value} for value in [*NO_ROWS, [{"id": "1"}]]), *({"results": [], "count": value} for value in NO_COUNTS)]


@pytest.mark.parametrize("page", NO_NUMBERED)
def test_what_is_no_numbered_list_is_an_error_at_once(page):
    error = read_numbered([({"page_size": 100, "page": 1}, page)])
    assert isinstance(error, errors.UnreadableAnswer)
    assert str(error).startswith("GET /api/list/ returned JSON that lacks ")


# Linked pages


def more(*ids, of=None):
    """A page that names a next one. ``of``: the count of the list."""
    return {"results": rows(*ids), "count": of, "next": NEXT}


def last(*ids, of=None):
    return {**more(*ids, of=of), "next": None}


def asked(params, *pages):
    return [(SECOND if number else params, page) for number, page in enumerate(pages)]


def plain(*pages):
    return asked({}, *pages)


def by_id(*pages):
    return asked({"ordering": "-id"}, *pages)


def until(time, *pages):
    return asked({"until": time}, *pages)


def read_linked(*readings, times, enough=None, params=None):
    is_enough = enough and (lambda kept: len(kept) >= enough)
    return read(linked_list.read_linked, *readings, params=params or {}, start=list, times=times, enough=is_enough)


# How the rows are ordered.
FALLING = linked_list.Times(lambda row: -row["id"])  # the newest first
RISING = linked_list.Times(lambda row: row["id"])
SAME = linked_list.Times(lambda _row: 7)
UNTOLD = linked_list.Times(lambda _row: None)
PARTLY = linked_list.Times(lambda row: None if row["id"] == 2 else -row["id"])
SAME_AT_EDGE = linked_list.Times(lambda row: {1: 9, 2: 8, 3: 8, 4: 7}[row["id"]])
AT = linked_list.Times(lambda row: row.get("at"), lambda at: {"until": at + 1})

IN_TWO = plain(more(1, 2, of=3), last(3, of=3))
UNCOUNTED = plain(more(1, 2), last(3))
GREW = plain(more(1, 2, of=3), last(2, 3, of=4))
# Two pages of four rows that were created at the same time. The second is cut out of another order than the first: 3 never comes.
SPLIT = plain(more(1, 2, of=4), last(2, 4, of=4))
SPLIT_UNCOUNTED = plain(more(1, 2), last(2, 4))
NOTHING_NEW = plain(more(1, 2, of=4), more(2, 1, of=4))
DESCENDING = by_id(more(4, 3, of=4), last(2, 1, of=4))
DESCENDING_UNCOUNTED = by_id(more(4, 3), last(2, 1))
IGNORED = by_id(more(1, 2, of=4))
FOUR = plain(more(1, 2, of=4), last(3, 4, of=4))

WHOLE = {
    "empty": (FALLING, [plain(last(of=0))], []),
    "one page": (FALLING, [plain(last(1, 2, of=2))], [1, 2]),
    "one page without a count or an order": (UNTOLD, [plain(last(1, 2, 3))], [1, 2, 3]),
    "two pages": (FALLING, [IN_TWO], [1, 2, 3]),
    "more came at the end": (FALLING, [plain(more(1, 2, of=3), last(3, 4, of=4))], [1, 2, 3, 4]),
    "a new row in front pushed one over the edge": (FALLING, [GREW], [1, 2, 3]),
    "a row moved over the edge": (FALLING, [plain(more(1, 2, of=3), last(2, 3, of=3))], [1, 2, 3]),
    # Where only names are looked up, any order will do.
    "names in two pages": (None, [IN_TWO], [1, 2, 3]),
    "names by id in another order": (None, [SPLIT, by_id(more(2, 1, of=4), last(4, 3, of=4))], [2, 1, 4, 3]),
    # Where rows can slip through, a second reading has to have every row of the first.
    "rising": (RISING, [IN_TWO] * 2, [1, 2, 3]),
    "without times": (UNTOLD, [IN_TWO] * 2, [1, 2, 3]),
    "one without a time": (PARTLY, [IN_TWO] * 2, [1, 2, 3]),
    "without a count": (FALLING, [UNCOUNTED] * 2, [1, 2, 3]),
    "without a count on the first page": (FALLING, [plain(more(1, 2), last(3, of=3))] * 2, [1, 2, 3]),
    "not falling inside a page": (FALLING, [plain(more(2, 1, of=3), last(3, of=3))] * 2, [2, 1, 3]),
    "one came between the readings": (UNTOLD, [IN_TWO, plain(more(1, 2, of=4), last(3, 5, of=4))], [1, 2, 3, 5]),
    "one went between the readings": (UNTOLD, [plain(more(1, 2, of=3), last(4, of=3)), IN_TWO, IN_TWO], [1, 2, 3]),
    "a reading that does not add up confirms nothing": (UNTOLD, [IN_TWO, plain(last(1, 2, of=3)), IN_TWO], [1, 2, 3]),
    # As many rows as count are not enough: where some come twice, others are missing.
    "split": (SAME, [SPLIT, DESCENDING], [4, 3, 2, 1]),
    "nothing new": (SAME, [NOTHING_NEW, DESCENDING], [4, 3, 2, 1]),
    "split without a count": (SAME, [SPLIT_UNCOUNTED, DESCENDING_UNCOUNTED, DESCENDING_UNCOUNTED], [4, 3, 2, 1]),
    # That the list grew explains rows that come twice only where the order is certain at the edges of its pages.
    "grew, of one time": (SAME, [GREW, DESCENDING], [4, 3, 2, 1]),
    "grew, of one time at the edge": (SAME_AT_EDGE, [GREW, DESCENDING], [4, 3, 2, 1]),
    "one went and one came": (FALLING, [plain(more(1, 2, of=3), last(2, of=3)), by_id(last(2, 1, of=2))], [2, 1]),
    "an order by id that is not observed": (SAME, [SPLIT, IGNORED, FOUR], [1, 2, 3, 4]),
    "an order by id that is refused": (SAME, [SPLIT, by_id(400), plain(last(1, 2, of=2))], [1, 2]),
    "a page that is gone": (FALLING, [plain(more(1, 2, of=3), 404), plain(last(1, 2, of=2))], [1, 2]),
}


@pytest.mark.parametrize(("times", "readings", "ids"), WHOLE.values(), ids=WHOLE)
def test_linked_list_is_read_until_it_is_whole(times, readings, ids):
    assert read_linked(*readings, times=times) == ids


@pytest.mark.parametrize(
    "pages",
    [
        [last(1, 2, of=3)],  # ends before its count
        [last(1, 2, of=1)],  # more than it counts
        [more()],  # nothing, for ever
        [more(1), more()],
        [more(1, 2, of=3), last(3, of=2)],  # the count falls
        [more(1, 2, of=3), last(of=0)],
    ],
)
def test_linked_list_that_does_not_add_up_is_read_four_times(pages):
    assert read_linked(plain(*pages), plain(last(7, of=1)), times=FALLING) == [7]
    assert "returned an inconsistent list 4 times" in str(read_linked(*[plain(*pages)] * 4, times=FALLING))


@pytest.mark.parametrize(
    ("times", "enough", "readings", "ids"),
    [
        (RISING, 2, [plain(more(3, 2, of=99))], [3, 2]),
        (RISING, 3, [plain(more(3, 2, of=3), last(1, of=3))], [3, 2, 1]),
        # What is not the newest first is never enough.
        (UNTOLD, 1, [plain(more(3, 2, of=3), last(1, of=3))] * 2, [3, 2, 1]),
        # More rows that come twice than arrived are not explained by that.
        (FALLING, 4, [plain(more(1, 2, 3, of=5), last(2, 3, 5, of=6)), DESCENDING], [4, 3, 2, 1]),
        (FALLING, 4, [plain(more(1, 2, 3, of=5), last(3, 5, of=5)), DESCENDING], [4, 3, 2, 1]),
    ],
)
def test_enough_ends_a_reading_that_is_the_newest_first(times, enough, readings, ids):
    assert read_linked(*readings, times=times, enough=enough) == ids


# By periods

OF_TWO_FETCHES = plain(more((5, 9), (4, 9), (3, 5), of=6), last((3, 5), (1, 5), of=6))
BY_ID_IGNORED = by_id(more((4, 9), (5, 9), (2, 5), of=6))
NEWEST = more((6, 9), (5, 9), (4, 9), (2, 5), of=6)
OLDEST = last((3, 5), (2, 5), (1, 5), of=3)
TWO_OF_ONE_TIME, ONE_OF_EACH = plain(more((6, 9), (5, 9), of=6)), plain(more((6, 9), (3, 5), of=6))


@pytest.mark.parametrize(("params", "later"), [({"a": 1}, {"a": 1, "until": 6}), ({"until": 20}, {"until": 6})])
def test_by_periods_first_pages_alone_are_read(params, later):
    first = [(params, OF_TWO_FETCHES[0][1]), OF_TWO_FETCHES[1]]
    ignored = [({**params, "ordering": "-id"}, BY_ID_IGNORED[0][1])]
    assert read_linked(first, ignored, asked(params, NEWEST), asked(later, OLDEST), times=AT, params=params) == [6, 5, 4, 2, 3, 1]


@pytest.mark.parametrize(
    "periods",
    [
        [plain(more((6, 9), 5, of=6))],  # one has no time
        [plain(more((3, 5), (6, 9), of=6))],  # not the newest first
        [TWO_OF_ONE_TIME, until(10, more((6, 9), (5, 9), of=6))],  # as many of one time as a page has, or a filter that is not observed
        [TWO_OF_ONE_TIME, until(10, more((6, 9), (3, 5), of=6))],  # the filter takes away what was there before: and what else?
        [ONE_OF_EACH, until(6, 400)],
    ],
)
def test_periods_that_prove_nothing_or_are_refused_are_not_used(periods):
    error = read_linked(OF_TWO_FETCHES, BY_ID_IGNORED, *periods, *[OF_TWO_FETCHES] * 3, times=AT)
    assert "count is 6, but there are 4 different rows among 5" in str(error)


def test_periods_that_lack_rows_are_read_again():
    oldest = until(6, last((2, 5), (1, 5), of=2))  # 3 was deleted meanwhile
    readings = [OF_TWO_FETCHES, BY_ID_IGNORED, plain(NEWEST), oldest, plain({**NEWEST, "count": 5}), oldest]
    assert read_linked(*readings, times=AT) == [6, 5, 4, 2, 1]


FIRST = more((6, 9), (5, 5), (4, 5), of=9)
BEFORE_6 = until(6, more((5, 5), (3, 5), (4, 5), (2, 4), of=8))


@pytest.mark.parametrize(
    ("readings", "ids"),
    [
        # Periods come before the order of ids, in which all rows would have to be read.
        ([plain(FIRST, last((4, 5), (3, 5), (2, 4), of=9)), plain(FIRST), BEFORE_6], [6, 5, 4, 3, 2]),
        # Where none came twice, or only what the order explains, the newest are enough.
        ([plain(FIRST, more((3, 5), (2, 4), of=9))], [6, 5, 4, 3, 2]),
        ([plain(FIRST, more((4, 5), (2, 4), of=10))], [6, 5, 4, 2]),
    ],
)
def test_newest_are_enough_unless_rows_came_twice(readings, ids):
    assert read_linked(*readings, times=AT, enough=4) == ids


# Links and rows


@pytest.mark.parametrize(
    ("link", "then"),
    [
        (NEXT, (PATH, SECOND)),
        ("http://elsewhere.example:8080/api/list/?page=2&a=1&a=2", (PATH, {**SECOND, "a": ["1", "2"]})),
        ("//elsewhere.example/api/list/?page=2", (PATH, SECOND)),
        ("///api/list/?page=2", (PATH, SECOND)),
        ("/api/list/?cursor=a%2Fb%3D&empty=", (PATH, {"cursor": ["a/b="], "empty": [""]})),
        ("https://acme.example/api/list/2/", ("/api/list/2/", {})),
        (NEXT + "#part", (PATH, SECOND)),
        ("https://acme.example/@elsewhere.example/?x=1", ("/@elsewhere.example/", {"x": ["1"]})),
    ],
)
def test_only_path_and_query_of_a_next_link_are_followed(link, then):
    client = open_pages([{**last(1), "next": link}, {"results": rows(2)}])
    linked_list.read_linked(client, PATH, {}, list)
    assert asked_for(client) == [(PATH, {}), then]


@pytest.mark.parametrize(
    "link",
    [
        "", "page=2", "?page=2", "https://elsewhere.example", "//", "https://acme.example//elsewhere.example/x/", "http://[::1", 7, ["https://acme.example/a/"],
    ],
)  # fmt: skip
def test_next_that_is_no_address_is_an_error(link):
    error = read_linked(plain({**last(1, of=2), "next": link}), times=FALLING)
    assert "a next page that is not a URL" in str(error)


@pytest.mark.parametrize(("pages", "status"), [([404], 404), ([more(1, 2, of=3), 403], 403)])
def test_refusal_of_a_linked_list_passes_through(pages, status):
    error = read_linked(plain(*pages), times=FALLING)
    assert (type(error), error.status) == (errors.Refused, status)


@pytest.mark.parametrize("page", NO_LINKED)
def test_what_is_no_linked_list_is_an_error_at_once(page):
    assert "returned JSON that lacks " in str(read_linked(plain(page), times=FALLING))
