# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of extracts changes while it is read. What is there all the time is found, or the reading is an error; it never just lacks one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import IncompleteList, Refused
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import moment
from hypothesis import given
from hypothesis import strategies as st

PAGE = 3
ORDERS = {
    "newest first": lambda one: -one,
    "oldest first": lambda one: one,
    "no order": lambda one: one * 7919 % 101,
}


class Shifting:
    """Stands in for the client: the list of extracts 1, 2, ... in pages; after each request come the changes that are due then.

    A change is a number: that of an extract of the beginning to be deleted; 0 stands for a new extract.
    """

    def __init__(self, there: int, changes: list[list[int]], order: str = "newest first", created: bool = True, counted: bool = True) -> None:
        self.ids = list(range(1, there + 1))
        self.from_the_beginning = set(self.ids)
        self.requests = 0
        self._changes, self._order, self._created, self._counted = changes, ORDERS[order], created, counted
        self._next = there + 1

    def get(self, _path: str, params: Any) -> Any:
        page = int(params.get("page", ["1"])[0])
        ids = sorted(self.ids, key=self._order)
        if page > 1 and PAGE * (page - 1) >= len(ids):
            raise Refused("GET", extracts.PATH, 404, "Invalid page.")
        rows = [{"id": one, **({"created": moment(one)} if self._created else {})} for one in ids[PAGE * (page - 1) : PAGE * page]]
        more = f"https://elsewhere.example{extracts.PATH}?page={page + 1}" if PAGE * page < len(ids) else None
        answer = {"results": rows, "next": more, **({"count": len(ids)} if self._counted else {})}
        for change in self._changes[self.requests] if self.requests < len(self._changes) else []:
            if change:
                self.ids = [one for one in self.ids if one != change]
                self.from_the_beginning.discard(change)
            else:
                self.ids.append(self._next)
                self._next += 1
        self.requests += 1
        return answer


def read(client: Shifting) -> list[int] | None:
    """The ids that were found; None where the list was refused as inconsistent."""
    try:
        found = [one.id for one in extracts.read(client, 456)]
    except IncompleteList:
        return None
    assert found == sorted(set(found))
    assert client.from_the_beginning <= set(found)
    return found


@pytest.mark.parametrize("there", [4, 7, 9])
def test_one_goes_and_one_comes_between_any_two_pages(there):
    pages = -(-there // PAGE)
    for gap, gone, both in itertools.product(range(pages), range(1, there + 1), ([0], [])):
        for changes in ([gone, *both], [*both, gone]):
            client = Shifting(there, [[]] * gap + [changes])
            assert read(client) is not None
            # What comes at the same time makes up for what goes; otherwise the count tells, unless it was the last page.
            assert client.requests <= (pages if both else 2 * pages) + 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("created", "counted"), [(True, True), (True, False), (False, True), (False, False)])
def test_one_goes_and_one_comes_in_any_list(order, created, counted):
    for gap, gone in itertools.product(range(6), range(1, 8)):
        assert read(Shifting(7, [[]] * gap + [[gone, 0]], order, created, counted)) is not None


def test_any_changes_at_any_time():
    @prove(1000)
    @given(
        st.integers(0, 12), st.lists(st.lists(st.integers(0, 12), max_size=3), max_size=9), st.sampled_from(sorted(ORDERS)), st.booleans(), st.booleans()
    )
    def prop(there, changes, order, created, counted):
        read(Shifting(there, changes, order, created, counted))

    prop()


@pytest.mark.parametrize("there", [0, 1, PAGE, PAGE + 1, 10])
def test_a_list_that_rests_is_read_once(there):
    client = Shifting(there, [])
    assert read(client) == list(range(1, there + 1))
    assert client.requests == max(1, -(-there // PAGE))


def test_the_ways_on_which_rows_slip_are_among_these():
    """Without the second reading one would be missing: so the tests above can fail."""
    client = Shifting(7, [[1, 0]], "oldest first")
    assert client.get("", {})["results"][0]["id"] == 1
    assert [row["id"] for row in client.get("", {"page": ["2"]})["results"]] == [5, 6, 7]
