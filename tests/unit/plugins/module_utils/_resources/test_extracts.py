# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of extracts: its order, its bounds and its limit. That both bounds are included, whatever the API does: contract/test_requeues.py."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import periods
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts
from ansible_collections.adverity.management.plugins.module_utils._resources.extracts import Extracts, Meaning
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"


def day(number):
    return f"2026-01-{number:02}T05:00:00Z"


def row(extract_id, created=None, **more):
    return {"id": extract_id, **({} if created is None else {"created": created}), **more}


def collect(*rows):
    """Extracts of these rows of the list."""
    found = Extracts()
    for each in rows:
        found.append(each)
    return found


def four_days(begin, **switches):
    """A scene with the extracts 1 to 4, one a day."""
    world = World().datastream(456, name="Ads")
    for number in (1, 2, 3, 4):
        world.extract(number, 456, day(number))
    return begin(world, **switches)


def read_newest(scene, limit, created_to=None):
    return [each["id"] for each in extracts.read_rows(scene.client, 456, None, created_to, limit)]


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ([row(1, day(1)), row(2, day(2))], [1, 2]),
        ([row(2, day(1)), row(1, day(2))], [2, 1]),
        ([row(2, day(2)), row(1, day(1))], [1, 2]),
        ([row(9, day(1)), row(8, day(1))], [8, 9]),
        ([row(10, "2026-01-01T05:00:00+02:00"), row(9, "2026-01-01T04:00:00Z")], [10, 9]),
        # Where one does not say, the order of times is not known: IDs are all there is.
        ([row(2, day(1)), row(1)], [1, 2]),
        ([row(10), row(9)], [9, 10]),
        ([row(2, "soon"), row(1, day(5))], [1, 2]),
        ([row(2, 20260101), row(1, {})], [1, 2]),
        ([], []),
    ],
)
def test_sorted_extracts_are_oldest_first(rows, ids):
    found = collect(*rows)
    found.sort()
    assert [each.id for each in found] == ids


@pytest.mark.parametrize(
    ("text", "created"),
    [
        (FIRST, FIRST),
        ("2026-01-01T05:00Z", "2026-01-01T05:00Z"),
        ("2026-01-01T07:00:01+02:00", "2026-01-01T05:00:01Z"),
        ("2026-01-01T05:00:02.5Z", "2026-01-01T05:00:02.5Z"),
        ("2026-01-01T05:00:03.000Z", "2026-01-01T05:00:03.000Z"),
        ("2026-01-01T05:00:04.123456789Z", "2026-01-01T05:00:04.123456Z"),
        (LAST, LAST),
        ("soon", None),
    ],
)
def test_created_has_one_form_and_is_as_precise_as_the_row(text, created):
    assert [each.created for each in collect(row(1, text))] == [created]


def test_extracts_with_a_meaning_or_since_a_moment_are_found():
    labels = ["Loaded", "Collected", "Loaded", "Loaded", None]
    times = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03", "2026-01-04T00:00:00Z"]
    found = collect(*(row(number, created, state_label=label) for number, (label, created) in enumerate(zip(labels, times), 1)))
    assert [each.id for each in found.having(Meaning.LOADED)] == [1, 3, 4]
    assert list(found.having(Meaning.LOADING)) == []
    assert [each.id for each in found.created_since(periods.interval("2026-01-01T12:00:00Z")[0])] == [2, 3, 4, 5]


# Bounds


@pytest.mark.parametrize(
    ("bounds", "filters"),
    [
        ((day(2), None), [["created_from", "2026-01-02T04:59:59Z"]]),
        ((None, day(3)), [["created_to", "2026-01-03T05:00:01Z"]]),
        (("2026-01-02T00:00:00Z", "2026-01-03T23:59:59.999999Z"), [["created_from", "2026-01-01T23:59:59Z"], ["created_to", "2026-01-04T00:00:00Z"]]),
        ((FIRST, LAST), [["created_from", FIRST], ["created_to", LAST]]),
    ],
)
def test_read_asks_for_a_little_more_than_the_bounds(begin, bounds, filters):
    scene = four_days(begin)
    extracts.read(scene.client, 456, *bounds)
    assert [request["query"] for request in scene.requests()] == [[["datastream_id", "456"], ["ordering", "-created"], *filters]]


def test_read_without_times_in_the_list_takes_what_the_filter_of_the_api_lets_through(begin):
    scene = four_days(begin, extract_fields="id")
    assert [each.id for each in extracts.read(scene.client, 456, day(2), day(3))] == [2, 3]


# Whole rows, and a limit


@pytest.mark.parametrize(
    ("limit", "created_to", "pages", "ids"),
    [(2, None, 1, [3, 4]), (1, None, 1, [4]), (3, None, 2, [2, 3, 4]), (1, "2026-01-02T23:00:00Z", 1, [2]), (99, None, 2, [1, 2, 3, 4])],
)
def test_rows_with_a_limit_are_read_until_the_newest_have_come(begin, limit, created_to, pages, ids):
    scene = four_days(begin, extract_page_size=2)
    assert read_newest(scene, limit, created_to) == ids
    assert len(scene.requests()) == pages


def test_limit_counts_only_what_is_within_the_bounds(begin):
    scene = four_days(begin)
    scene.show(extracts.PATH, row(4, day(4)), row(3, day(3)), second_page=[row(2, day(2))])
    assert read_newest(scene, 1, day(2)) == [2]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([row(1, day(1)), row(2, day(2))], [row(3, day(3)), row(4, day(4))]),  # oldest first, whatever was asked for
        ([row(4, day(4)), row(2)], [row(3, day(3))]),  # one does not say
        ([row(2), row(1)], [row(4), row(3)]),  # none says
        ([row(3, day(3)), row(4, day(4))], [row(2, day(2))]),
    ],
)
def test_list_that_does_not_come_newest_first_is_read_to_its_end_and_again(begin, first, second):
    scene = four_days(begin)
    for _reading in range(2):
        scene.show(extracts.PATH, *first, second_page=second)
    assert read_newest(scene, 2) == [3, 4]
    assert [["page", "2"] in request["query"] for request in scene.requests()] == [False, True, False, True]
