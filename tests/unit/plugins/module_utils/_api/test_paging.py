# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import linked_list, numbered_list, paging
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    IncompleteList,
    NotReached,
    Refused,
    UnreadableAnswer,
)

PATH = "/api/list/"


def rows(*ids):
    return [{"id": one} for one in ids]


def numbered(client, pages, page_size=100, first=1, **more):
    """Expects these pages, each of (ids, count)."""
    for number, (ids, count) in enumerate(pages, first):
        asked = {**more, **({"page_size": page_size} if page_size else {})}
        if page_size or number > 1:
            asked["page"] = number
        client.expect("GET", PATH, asked, answer={"items": rows(*ids), "count": count})


def read_ids(client, **more):
    return [row["id"] for row in numbered_list.read_numbered(client, PATH, {}, **more)]


# Numbered pages


def test_an_empty_list(scripted):
    numbered(scripted, [([], 0)])
    assert read_ids(scripted) == []


def test_whole_rows_come_back_and_the_filters_go_with_every_page(scripted):
    first, second = [{"id": 1, "name": "a"}], [{"id": 2, "name": None}]
    filters = {"target_id": 789}
    scripted.expect("GET", PATH, {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": first, "count": 2})
    scripted.expect("GET", PATH, {"target_id": 789, "page_size": 100, "page": 2}, answer={"items": second, "count": 2, "more": "ignored"})
    assert numbered_list.read_numbered(scripted, PATH, filters) == first + second
    assert filters == {"target_id": 789}


def test_three_pages(scripted):
    numbered(scripted, [(range(100), 230), (range(100, 200), 230), (range(200, 230), 230)])
    assert read_ids(scripted) == list(range(230))


def test_a_service_that_sends_smaller_pages_than_asked_for(scripted):
    numbered(scripted, [(range(50), 130), (range(50, 100), 130), (range(100, 130), 130)])
    assert read_ids(scripted) == list(range(130))


def test_a_service_that_sends_everything_at_once(scripted):
    numbered(scripted, [(range(230), 230)])
    assert read_ids(scripted) == list(range(230))


def test_without_a_page_size_nothing_about_pages_is_asked_until_it_is_needed(scripted):
    numbered(scripted, [(range(230), 230)], page_size=None)
    assert read_ids(scripted, page_size=None) == list(range(230))
    numbered(scripted, [(range(50), 70), (range(50, 70), 70)], page_size=None)
    assert read_ids(scripted, page_size=None) == list(range(70))


def test_ids_may_be_text(scripted):
    scripted.expect("GET", PATH, {"page_size": 100, "page": 1}, answer={"items": rows("b", "a"), "count": 2})
    assert read_ids(scripted) == ["b", "a"]


def test_rows_that_moved_over_the_edge_of_a_page_count_once(scripted):
    numbered(scripted, [([1, 2], 4), ([2, 3], 4), ([4], 4)])
    assert read_ids(scripted) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "reading",
    [
        [([1, 2], 4), ([], 4)],  # ends before its count
        [([1, 2], 4), ([3, 4], 5)],  # the count rises
        [([1, 2], 4), ([3], 3)],  # the count falls
        [([1, 2, 3], 2)],  # more than it counts
        [([1], 0)],
        [([], 1)],
    ],
)
def test_what_does_not_add_up_is_read_again_and_is_never_taken_for_the_whole(scripted, reading):
    numbered(scripted, reading)
    numbered(scripted, [([1, 2], 2)])
    assert read_ids(scripted) == [1, 2]
    for _time in range(3):
        numbered(scripted, reading)
    with pytest.raises(UnreadableAnswer, match="returned an inconsistent list 3 times") as caught:
        read_ids(scripted)
    assert caught.value.result()["path"] == PATH


@pytest.mark.parametrize("paged", [100, None])
@pytest.mark.parametrize(
    "reading",
    [
        [([1, 2], 4), ([2, 4], 4), ([], 4)],  # 3 never comes
        [([1, 2], 4), ([1, 2], 4)],  # ignores the page
        [([1, 1], 2), ([1], 2)],
    ],
)
def test_numbered_pages_of_which_rows_come_twice_are_read_by_id(scripted, reading, paged):
    numbered(scripted, reading, paged)
    numbered(scripted, [([1, 2], 4), ([3, 4], 4)], paged, ordering="id")
    assert read_ids(scripted, page_size=paged) == [1, 2, 3, 4]
    # An order that is not taken, or that changes nothing, is tried once.
    for refusal in (400, 404, 422, None):
        numbered(scripted, reading, paged)
        if refusal:
            asked = {"page_size": paged, "page": 1} if paged else {}
            scripted.expect("GET", PATH, {"ordering": "id", **asked}, answer=Refused("GET", PATH, refusal, "ordering"))
        else:
            numbered(scripted, reading, paged, ordering="id")
        numbered(scripted, reading, paged)
        numbered(scripted, reading, paged)
        with pytest.raises(IncompleteList, match="returned an inconsistent list 4 times .* different rows among .* may differ from page to page"):
            read_ids(scripted, page_size=paged)


def test_another_refusal_of_the_reading_by_id_passes_through(scripted):
    numbered(scripted, [([1, 1], 2), ([1], 2)])
    scripted.expect("GET", PATH, {"ordering": "id", "page_size": 100, "page": 1}, answer=Refused("GET", PATH, 403, "Forbidden."))
    with pytest.raises(Refused, match="Forbidden"):
        read_ids(scripted)


def test_what_is_no_list_is_an_error_at_once(scripted):
    table = [
        None, [], "text", 7, {}, {"items": None, "count": 0}, {"items": {}, "count": 0}, {"results": [], "count": 0}, {"items": "abc", "count": 3},
        {"items": [None], "count": 1}, {"items": [7], "count": 1}, {"items": [[]], "count": 1}, {"items": [{}], "count": 1},
        {"items": [{"id": None}], "count": 1}, {"items": [{"id": 1.5}], "count": 1}, {"items": [{"id": [1]}], "count": 1},
        {"items": [{"id": True}], "count": 1},
        {"items": []}, {"items": [], "count": None}, {"items": [], "count": "0"}, {"items": [], "count": 0.0}, {"items": [], "count": False},
        {"items": rows(1), "count": True}, {"items": [], "count": -1}, {"items": [], "count": []}, {"items": [], "count": float("nan")},
    ]
    for data in table:
        scripted.expect("GET", PATH, {"page_size": 100, "page": 1}, answer=data)
        with pytest.raises(UnreadableAnswer, match="^GET /api/list/ returned JSON that lacks "):
            read_ids(scripted)


@pytest.mark.parametrize("error", [Refused("GET", PATH, 403, "Forbidden."), NotReached("GET", PATH, "x"), AdverityError("x")])
def test_errors_of_the_service_pass_through(scripted, error):
    numbered(scripted, [([1], 2)])
    scripted.expect("GET", PATH, {"page_size": 100, "page": 2}, answer=error)
    with pytest.raises(type(error)) as caught:
        read_ids(scripted)
    assert caught.value is error


# Linked pages


def linked(client, pages, start=None):
    """Expects these pages, each a dict with ids or rows, and count and next where given; ``then`` is where the following page is asked for.

    ``start`` are the parameters of the first one.
    """
    where, asked = PATH, start or {}
    for page in pages:
        results = [row if isinstance(row, dict) else {"id": row} for row in page["ids"]]
        answer = {"results": results, **{name: page[name] for name in ("count", "next") if name in page}}
        client.expect("GET", where, asked, answer=answer)
        where, asked = page.get("then", (PATH, {"page": ["2"]}))


def falling(row):
    """As if the list were ordered by this, the newest first."""
    return -row["id"]


def read_linked(client, moment=falling, **more):
    return [row["id"] for row in linked_list.read_linked(client, PATH, {}, list, moment and linked_list.Times(moment), **more)]


NEXT = "https://acme.example/api/list/?page=2"


@pytest.mark.parametrize(
    "pages",
    [
        [{"ids": [], "count": 0, "next": None}],
        [{"ids": [1, 2], "count": 2, "next": None}],
        [{"ids": [1, 2]}],
        [{"ids": [1, 2], "count": None}],
        [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [3], "count": 3, "next": None}],
        # Something more came meanwhile.
        [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [3, 4], "count": 4, "next": None}],
        # Something new came first: it is not among the rows, but pushes one that is over the edge of the page.
        [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [2, 3], "count": 4, "next": None}],
        # A row moved over the edge of the page.
        [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [2, 3], "count": 3, "next": None}],
    ],
)
def test_linked_pages(scripted, pages):
    linked(scripted, pages)
    expected = list(dict.fromkeys(one for page in pages for one in page["ids"]))
    assert read_linked(scripted) == expected


@pytest.mark.parametrize(
    ("link", "then"),
    [
        ("https://acme.example/api/list/?page=2", (PATH, {"page": ["2"]})),
        ("http://elsewhere.example:8080/api/list/?page=2&a=1&a=2", (PATH, {"page": ["2"], "a": ["1", "2"]})),
        ("//elsewhere.example/api/list/?page=2", (PATH, {"page": ["2"]})),
        ("///api/list/?page=2", (PATH, {"page": ["2"]})),
        ("https://user:password@elsewhere.example/api/list/?page=2", (PATH, {"page": ["2"]})),
        ("/api/list/?cursor=a%2Fb%3D&empty=", (PATH, {"cursor": ["a/b="], "empty": [""]})),
        ("https://acme.example/api/list/2/", ("/api/list/2/", {})),
        ("https://acme.example/api/list/?page=2#part", (PATH, {"page": ["2"]})),
        ("https://acme.example/@elsewhere.example/?x=1", ("/@elsewhere.example/", {"x": ["1"]})),
    ],
)
def test_only_path_and_query_of_a_next_link_are_followed(scripted, link, then):
    linked(scripted, [{"ids": [1], "count": 2, "next": link, "then": then}, {"ids": [2], "count": 2, "next": None}])
    assert read_linked(scripted) == [1, 2]


def test_a_next_that_is_no_address_is_an_error(scripted):
    table = [
        "", "page=2", "?page=2", "next/", "https://elsewhere.example", "//", "https://acme.example//elsewhere.example/x/", "http://[::1",
        7, True, [], {}, ["https://acme.example/a/"],
    ]
    for link in table:
        linked(scripted, [{"ids": [1], "count": 2, "next": link}])
        with pytest.raises(UnreadableAnswer, match="a next page that is not a URL"):
            read_linked(scripted)


def test_the_key_never_goes_to_another_host(server, make_server, make_client):
    other = make_server()
    server.answer(200, {"count": 2, "next": other.url + PATH + "?page=2", "results": rows(1)})
    server.answer(200, {"count": 2, "next": None, "results": rows(2)})
    assert read_linked(make_client(server)) == [1, 2]
    assert [request.target for request in server.requests] == [PATH, PATH + "?page=2"]
    assert other.connections == 0


@pytest.mark.parametrize(
    "pages",
    [
        [{"ids": [1, 2], "count": 3, "next": None}],  # ends before its count
        [{"ids": [1, 2], "count": 1, "next": None}],  # more than it counts
        [{"ids": [], "next": NEXT}],  # nothing, for ever
        [{"ids": [1], "next": NEXT}, {"ids": [], "next": NEXT}],
        [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [3], "count": 2, "next": None}],  # the count falls
        [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [], "count": 0, "next": None}],
    ],
)
def test_links_that_do_not_add_up_are_read_again_and_never_for_ever(scripted, pages):
    linked(scripted, pages)
    linked(scripted, [{"ids": [1, 2], "count": 2, "next": None}])
    assert read_linked(scripted) == [1, 2]
    for _time in range(4):
        linked(scripted, pages)
    with pytest.raises(UnreadableAnswer, match="returned an inconsistent list 4 times"):
        read_linked(scripted)


# Linked pages of which the order is not certain

BY_ID = {"ordering": "-id"}
# Two pages of four rows that were created at the same time. The second is cut out of another order than the first: 3 never comes.
SPLIT = [{"ids": [1, 2], "count": 4, "next": NEXT}, {"ids": [2, 4], "count": 4, "next": None}]
SPLIT_UNCOUNTED = [{"ids": page["ids"], "next": page["next"]} for page in SPLIT]
DESCENDING = [{"ids": [4, 3], "count": 4, "next": NEXT}, {"ids": [2, 1], "count": 4, "next": None}]


def of_one_time(_row):
    return 7


@pytest.mark.parametrize("moment", [of_one_time, None])
@pytest.mark.parametrize("pages", [SPLIT, [SPLIT[0], {"ids": [2, 1], "count": 4, "next": NEXT}]])
def test_as_many_rows_as_count_are_not_enough(scripted, pages, moment):
    linked(scripted, pages)
    linked(scripted, DESCENDING, BY_ID)
    assert read_linked(scripted, moment) == [4, 3, 2, 1]


def test_without_a_count_rows_that_come_twice_tell_that_others_are_missing(scripted):
    descending = [{"ids": page["ids"], "next": page["next"]} for page in DESCENDING]
    linked(scripted, SPLIT_UNCOUNTED)
    linked(scripted, descending, BY_ID)
    linked(scripted, descending, BY_ID)
    assert read_linked(scripted, of_one_time) == [4, 3, 2, 1]
    # That a page goes on with an older row explains nothing either: in front of it one of the same time may have been left out.
    linked(scripted, [{"ids": [1, 2], "next": NEXT}, {"ids": [2, 3], "next": None}])
    linked(scripted, descending, BY_ID)
    linked(scripted, descending, BY_ID)
    assert read_linked(scripted, falling) == [4, 3, 2, 1]
    linked(scripted, [{"ids": [1, 2], "next": NEXT}, {"ids": [2], "next": None}])
    linked(scripted, descending, BY_ID)
    assert read_linked(scripted, None) == [4, 3, 2, 1]


def test_a_list_that_grew_is_complete_where_the_order_is_certain_at_the_edges_of_its_pages(scripted):
    grown = [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [2, 3], "count": 4, "next": None}]
    linked(scripted, grown)
    assert read_linked(scripted, falling) == [1, 2, 3]
    for moment in (of_one_time, {1: 9, 2: 8, 3: 8}.get):
        linked(scripted, grown)
        linked(scripted, DESCENDING, BY_ID)
        assert read_linked(scripted, lambda row, moment=moment: moment(row["id"] if moment is not of_one_time else row)) == [4, 3, 2, 1]


def test_more_rows_that_come_twice_than_arrived_are_not_explained_by_that(scripted):
    for pages in (
        [{"ids": [1, 2, 3], "count": 5, "next": NEXT}, {"ids": [2, 3, 5], "count": 6, "next": None}],
        [{"ids": [1, 2, 3], "count": 5, "next": NEXT}, {"ids": [3, 5], "count": 5, "next": None}],
    ):
        linked(scripted, pages)
        linked(scripted, DESCENDING, BY_ID)
        assert read_linked(scripted, falling, enough=lambda kept: len(kept) >= 4) == [4, 3, 2, 1]


def test_one_row_went_and_one_came(scripted):
    linked(scripted, [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [2], "count": 3, "next": None}])
    linked(scripted, [{"ids": [2, 1], "count": 2, "next": None}], BY_ID)
    assert read_linked(scripted, falling) == [2, 1]


def test_an_order_by_id_that_is_not_observed_is_given_up_at_the_first_page(scripted):
    for answer in ({"count": 4, "next": NEXT, "results": rows(1, 2)}, Refused("GET", PATH, 400, "ordering: Select a valid choice.")):
        linked(scripted, SPLIT)
        scripted.expect("GET", PATH, BY_ID, answer=answer)
        linked(scripted, [{"ids": [1, 2], "count": 4, "next": NEXT}, {"ids": [3, 4], "count": 4, "next": None}])
        assert read_linked(scripted, of_one_time) == [1, 2, 3, 4]


def test_where_no_way_gives_all_rows_it_is_an_error(scripted):
    for _limit in range(2):
        linked(scripted, SPLIT)
        linked(scripted, SPLIT[:1], BY_ID)
        for _reading in range(3):
            linked(scripted, SPLIT)
        with pytest.raises(IncompleteList, match="count is 4, but there are 3 different rows among 4") as caught:
            read_linked(scripted, of_one_time)
        assert caught.value.result()["path"] == PATH


def test_names_are_looked_up_in_any_order(scripted):
    """There the order by id need not be observed: what counts is that all rows come."""
    linked(scripted, SPLIT)
    linked(scripted, [{"ids": [2, 1], "count": 4, "next": NEXT}, {"ids": [4, 3], "count": 4, "next": None}], BY_ID)
    assert read_linked(scripted, None) == [2, 1, 4, 3]


def timed(*pairs):
    return [{"id": one, "at": at} for one, at in pairs]


def read_timed(client, params=None, **more):
    times = linked_list.Times(lambda row: row.get("at"), lambda at: {"until": at + 1})
    return [row["id"] for row in linked_list.read_linked(client, PATH, params or {}, list, times, **more)]


OF_TWO_FETCHES = [
    {"ids": timed((5, 9), (4, 9), (3, 5)), "count": 6, "next": NEXT},
    {"ids": timed((3, 5), (1, 5)), "count": 6, "next": None},
]
BY_ID_IGNORED = [{"ids": timed((4, 9), (5, 9), (2, 5)), "count": 6, "next": NEXT}]


def test_by_periods_first_pages_alone_are_read(scripted):
    linked(scripted, OF_TWO_FETCHES, {"a": 1})
    linked(scripted, BY_ID_IGNORED, {"a": 1, **BY_ID})
    linked(scripted, [{"ids": timed((6, 9), (5, 9), (4, 9), (2, 5)), "count": 6, "next": NEXT}], {"a": 1})
    linked(scripted, [{"ids": timed((3, 5), (2, 5), (1, 5)), "count": 3, "next": None}], {"a": 1, "until": 6})
    assert read_timed(scripted, {"a": 1}) == [6, 5, 4, 2, 3, 1]


def test_by_periods_a_later_filter_takes_the_place_of_the_one_that_was_there(scripted):
    linked(scripted, OF_TWO_FETCHES, {"until": 20})
    linked(scripted, BY_ID_IGNORED, {"until": 20, **BY_ID})
    linked(scripted, [{"ids": timed((6, 9), (5, 9), (4, 9), (3, 5)), "count": 6, "next": NEXT}], {"until": 20})
    linked(scripted, [{"ids": timed((3, 5), (2, 5), (1, 5)), "count": 3, "next": None}], {"until": 6})
    assert read_timed(scripted, {"until": 20}) == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "periods",
    [
        [[{"id": 6, "at": 9}, {"id": 5}]],  # one has no time
        [timed((3, 5), (6, 9))],  # not the newest first
        [timed((6, 9), (5, 9)), timed((6, 9), (5, 9))],  # as many of one time as a page has, or a filter that is not observed
        [timed((6, 9), (5, 9)), timed((6, 9), (3, 5))],  # the filter takes away what was there before: and what else?
    ],
)
def test_periods_that_prove_nothing_are_not_used(scripted, periods):
    linked(scripted, OF_TWO_FETCHES)
    linked(scripted, BY_ID_IGNORED, BY_ID)
    for number, some in enumerate(periods):
        linked(scripted, [{"ids": some, "count": 6, "next": NEXT}], {"until": 10} if number else {})
    for _reading in range(3):
        linked(scripted, OF_TWO_FETCHES)
    with pytest.raises(IncompleteList, match="count is 6, but there are 4 different rows among 5"):
        read_timed(scripted)


def test_periods_that_the_service_does_not_take_are_not_used(scripted):
    linked(scripted, OF_TWO_FETCHES)
    linked(scripted, BY_ID_IGNORED, BY_ID)
    linked(scripted, [{"ids": timed((6, 9), (3, 5)), "count": 6, "next": NEXT}])
    scripted.expect("GET", PATH, {"until": 6}, answer=Refused("GET", PATH, 400, "Enter a valid date."))
    for _reading in range(3):
        linked(scripted, OF_TWO_FETCHES)
    with pytest.raises(IncompleteList):
        read_timed(scripted)


def test_periods_that_lack_rows_are_read_again(scripted):
    linked(scripted, OF_TWO_FETCHES)
    linked(scripted, BY_ID_IGNORED, BY_ID)
    first = [{"ids": timed((6, 9), (5, 9), (4, 9), (2, 5)), "count": 6, "next": NEXT}]
    linked(scripted, first)
    linked(scripted, [{"ids": timed((2, 5), (1, 5)), "count": 2, "next": None}], {"until": 6})  # 3 was deleted meanwhile
    linked(scripted, [dict(first[0], count=5)])
    linked(scripted, [{"ids": timed((2, 5), (1, 5)), "count": 2, "next": None}], {"until": 6})
    assert read_timed(scripted) == [6, 5, 4, 2, 1]


def test_the_newest_are_not_enough_where_rows_came_twice(scripted):
    """Then the periods come first: in the order of ids all rows would have to be read."""
    pages = [{"ids": timed((6, 9), (5, 5), (4, 5)), "count": 9, "next": NEXT}, {"ids": timed((4, 5), (3, 5), (2, 4)), "count": 9, "next": None}]
    linked(scripted, pages)
    linked(scripted, pages[:1])
    linked(scripted, [{"ids": timed((5, 5), (3, 5), (4, 5), (2, 4)), "count": 8, "next": NEXT}], {"until": 6})
    assert read_timed(scripted, enough=lambda kept: len(kept) >= 4) == [6, 5, 4, 3, 2]
    # Where none came twice, or only what the order explains, they are.
    linked(scripted, [pages[0], {"ids": timed((3, 5), (2, 4)), "count": 9, "next": NEXT}])
    assert read_timed(scripted, enough=lambda kept: len(kept) >= 4) == [6, 5, 4, 3, 2]
    linked(scripted, [pages[0], {"ids": timed((4, 5), (2, 4)), "count": 10, "next": NEXT}])
    assert read_timed(scripted, enough=lambda kept: len(kept) >= 4) == [6, 5, 4, 2]


def test_a_page_that_is_gone_means_that_the_list_became_shorter(scripted):
    linked(scripted, [{"ids": [1, 2], "count": 3, "next": NEXT}])
    scripted.expect("GET", PATH, {"page": ["2"]}, answer=Refused("GET", PATH, 404, "Invalid page."))
    linked(scripted, [{"ids": [1, 2], "count": 2, "next": None}])
    assert read_linked(scripted) == [1, 2]


def test_a_list_that_is_not_there_is_what_the_service_says(scripted):
    scripted.expect("GET", PATH, answer=Refused("GET", PATH, 404, "Not found."))
    with pytest.raises(Refused, match="Not found"):
        read_linked(scripted)


@pytest.mark.parametrize("error", [Refused("GET", PATH, 403, "Forbidden."), NotReached("GET", PATH, "x")])
def test_other_errors_of_a_next_page_pass_through(scripted, error):
    linked(scripted, [{"ids": [1, 2], "count": 3, "next": NEXT}])
    scripted.expect("GET", PATH, {"page": ["2"]}, answer=error)
    with pytest.raises(type(error)):
        read_linked(scripted)


def test_what_is_no_linked_list_is_an_error_at_once(scripted):
    table = [
        None, [], {}, {"items": []}, {"results": None}, {"results": {}}, {"results": [None]}, {"results": [{}]}, {"results": [{"id": None}]},
        {"results": [{"id": 1.0}]}, {"results": [{"id": True}]}, {"results": [{"id": "1"}]},
        {"results": [], "count": "0"}, {"results": [], "count": True}, {"results": [], "count": -1},
        {"results": [], "count": 0.0}, {"results": rows(1), "count": True},
    ]
    for data in table:
        scripted.expect("GET", PATH, answer=data)
        with pytest.raises(UnreadableAnswer, match="returned JSON that lacks "):
            read_linked(scripted)


WHOLE = {"ids": [1, 2, 3], "count": 3, "next": None}
IN_TWO = [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [3], "count": 3, "next": None}]
UNCOUNTED = [{"ids": [1, 2], "next": NEXT}, {"ids": [3], "next": None}]


def unordered(row):
    return row["id"]


def untold(_row):
    return None


@pytest.mark.parametrize(
    ("pages", "moment"),
    [
        (IN_TWO, unordered),
        (IN_TWO, untold),
        (IN_TWO, lambda row: None if row["id"] == 2 else -row["id"]),
        (UNCOUNTED, falling),
        ([IN_TWO[0], {"ids": [3]}], falling),
        ([{"ids": [1, 2], "next": NEXT}, IN_TWO[1]], falling),
        ([{"ids": [2, 1], "count": 3, "next": NEXT}, IN_TWO[1]], falling),  # inside a page
    ],
)
def test_where_rows_can_slip_through_a_second_reading_has_to_have_every_row_of_the_first(scripted, pages, moment):
    linked(scripted, pages)
    linked(scripted, pages)
    assert sorted(read_linked(scripted, moment)) == [1, 2, 3]
    # What came meanwhile is no contradiction; what is missing is.
    linked(scripted, [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [4], "count": 3, "next": None}])
    linked(scripted, pages)
    linked(scripted, [IN_TWO[0], {"ids": [3, 5], "count": 4, "next": None}])
    assert sorted(read_linked(scripted, untold)) == [1, 2, 3, 5]


@pytest.mark.parametrize("moment", [falling, unordered, untold])
def test_one_page_is_read_once_in_any_order(scripted, moment):
    for page in (WHOLE, {"ids": [1, 2, 3]}):
        linked(scripted, [page])
        assert read_linked(scripted, moment) == [1, 2, 3]


def test_where_only_names_are_looked_up_a_list_in_any_order_is_read_once(scripted):
    for pages in (IN_TWO, UNCOUNTED):
        linked(scripted, pages)
        assert read_linked(scripted, None) == [1, 2, 3]


def test_a_list_in_the_right_order_with_equal_moments_is_read_once(scripted):
    linked(scripted, IN_TWO)
    assert read_linked(scripted, lambda _row: 7) == [1, 2, 3]


def test_what_comes_out_otherwise_each_time_is_an_error(scripted):
    for last in (3, 4, 5, 6):
        linked(scripted, [{"ids": [1, 2], "count": 3, "next": NEXT}, {"ids": [last], "count": 3, "next": None}])
    with pytest.raises(UnreadableAnswer, match="rows of one reading are missing in the next"):
        read_linked(scripted, untold)


def test_a_reading_that_does_not_add_up_confirms_nothing(scripted):
    linked(scripted, IN_TWO)
    linked(scripted, [{"ids": [1, 2], "count": 3, "next": None}])
    linked(scripted, IN_TWO)
    assert read_linked(scripted, untold) == [1, 2, 3]


def test_each_reading_begins_with_nothing(scripted):
    linked(scripted, [{"ids": [1, 2], "count": 3, "next": None}])
    linked(scripted, [{"ids": [7], "count": 1, "next": None}])
    assert read_linked(scripted) == [7]


def test_rows_go_where_they_are_wanted(scripted):
    scripted.expect("GET", PATH, {"a": 1}, answer={"results": [{"id": 1, "big": "x" * 100}], "next": None})

    class Ids(list):
        def append(self, row):
            super().append(row["id"])

    assert linked_list.read_linked(scripted, PATH, {"a": 1}, Ids, linked_list.Times(falling)) == [1]


def test_enough_ends_the_reading_after_a_page(scripted):
    linked(scripted, [{"ids": [3, 2], "count": 99, "next": NEXT}])
    assert read_linked(scripted, unordered, enough=lambda kept: len(kept) >= 2) == [3, 2]
    linked(scripted, [{"ids": [3, 2], "count": 3, "next": NEXT}, {"ids": [1], "count": 3, "next": None}])
    assert read_linked(scripted, unordered, enough=lambda kept: len(kept) >= 3) == [3, 2, 1]


def test_what_is_not_the_newest_first_is_never_enough(scripted):
    for _time in range(2):
        linked(scripted, [{"ids": [3, 2], "count": 3, "next": NEXT}, {"ids": [1], "count": 3, "next": None}])
    assert read_linked(scripted, untold, enough=lambda kept: True) == [3, 2, 1]


@pytest.mark.parametrize("value", [1, 2**63 - 1])
def test_integer_ids_are_let_through(value):
    row = {"id": value, "other": "x"}
    assert paging.with_integers(PATH, row, "id") is row


def test_other_ids_are_not():
    table = [0, -1, 2**63, True, 1.0, "1", None, [1], {}]
    for value in table:
        with pytest.raises(UnreadableAnswer, match="lacks an integer id 'target_id' in each row"):
            paging.with_integers(PATH, {"id": 1, "target_id": value}, "id", "target_id")
        with pytest.raises(UnreadableAnswer, match="'target_id'"):
            paging.with_integers(PATH, {"id": 1}, "id", "target_id")


def test_a_numbered_list_is_as_old_as_its_first_page():
    """A binding on page 1 can be changed while page 2 is read: nothing is certain of it after the first answer."""

    class Clock:
        date = None

        def get(self, _path, asked):
            self.date = asked["page"]
            return {"items": rows(asked["page"]), "count": 3}

    client = Clock()
    assert read_ids(client) == [1, 2, 3]
    assert client.date == 1
