# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of extracts changes while it is read, or its order does. What is there all the time is found, or the reading is an error; it never just
lacks one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import IncompleteList
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request, Response
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts
from ansible_collections.adverity.management.tests.unit.plugins.properties.service import Service, moment, prove
from hypothesis import given
from hypothesis import strategies as st

PAGE, DATASTREAM = 3, 456
ORDERS = {  # a key for the time of creation, by the id; and the order in which the service lists, whatever is asked for
    "newest first": (lambda one: one, "-created"),
    "oldest first": (lambda one: one, "created"),
    "no order": (lambda one: one * 7919 % 101, "created"),
}


class Shifting:
    """A service whose list of extracts 1, 2, ... changes while it is read: after each request come the changes that are due then.

    A change is a number: that of an extract of the beginning to be deleted; 0 stands for a new extract. So many extracts, ``together``, have one time.
    """

    def __init__(
        self,
        there: int,
        changes: list[list[int]],
        order: str = "newest first",
        created: bool = True,
        counted: bool = True,
        together: int = 1,
        ties: str = "stable",
        by_id: bool = False,
    ) -> None:
        self.from_the_beginning = set(range(1, there + 1))
        self.asked: list[dict[str, Any]] = []
        self._next = there + 1
        self._together, self._by_id = together, by_id
        self._place, self._order = ORDERS[order]
        self._shows_age = created
        switches = {"extract_fields": "full" if created else "id", "extract_count": "on" if counted else "off", "extract_ties": ties}
        service = Service(
            {"datastreams": [{"id": DATASTREAM}], "extracts": [self._row(one) for one in range(1, there + 1)]},
            extract_page_size=PAGE, extract_ordering="with_id", next_host="other", **switches,
        )  # fmt: skip
        for number, some in enumerate(changes):
            service.simulator.script(path=extracts.PATH, when="after", skip=number, changes=lambda world, some=some: self._change(world, some))
        self._inner, service.transport = service.transport, self
        self.client = service.client()

    def age(self, one: int) -> tuple[int, int]:
        """By this extracts are oldest first, as far as the service shows it."""
        return self._place(one // self._together) if self._shows_age else 0, one

    def _row(self, one: int) -> dict[str, Any]:
        return {"id": one, "datastream_id": DATASTREAM, "created": moment(60 * self._place(one // self._together))}

    def _change(self, world: Any, changes: list[int]) -> None:
        for change in changes:
            if not change:
                world.put("extracts", self._row(self._next))
                self._next += 1
            elif change in self.from_the_beginning:
                world.remove("extracts", change)
                self.from_the_beginning.discard(change)

    def send(self, request: Request) -> Response:
        self.asked.append({name: value[0] if isinstance(value, list) else value for name, value in (request.params or {}).items()})
        by_id = self._by_id and self.asked[-1].get("ordering") == "-id"
        return self._inner.send(request if by_id else request._replace(params={**(request.params or {}), "ordering": self._order}))


def read(client: Shifting) -> list[int] | None:
    """The ids that were found; None where the list was refused as inconsistent."""
    try:
        found = [one.id for one in extracts.read(client.client, DATASTREAM)]
    except IncompleteList:
        return None
    assert found == sorted(set(found), key=client.age)
    assert client.from_the_beginning <= set(found)
    return found


@prove(700)
@given(
    st.integers(0, 12),
    st.lists(st.lists(st.integers(0, 12), max_size=3), max_size=9),
    st.sampled_from(sorted(ORDERS)),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 1, 1, 2, 5, 13]),
    st.sampled_from(["stable", "by_page", "random"]),
    st.booleans(),
)
def test_any_changes_at_any_time_in_any_order(there, changes, order, created, counted, together, ties, by_id):
    read(Shifting(there, changes, order, created, counted, together, ties, by_id))


TIES = ["by_page", "random"]


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("created", "counted"), [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize(("there", "together"), list(itertools.product([4, 9, 60, 130], [2, 3, 8, 200])))
def test_extracts_of_one_time_are_all_found_where_the_order_of_ids_is_to_be_had(there, together, created, counted, ties):
    client = Shifting(there, [], created=created, counted=counted, together=together, ties=ties, by_id=True)
    assert read(client) == list(range(1, there + 1))
    once = -(-there // PAGE)
    # Twice where there is no count: also what is deleted meanwhile has to be noticed.
    assert len(client.asked) <= once * (2 if counted and created else 3)
    assert {asked["ordering"] for asked in client.asked} <= {"-created", "-id"}


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("there", [4, 9, 60, 130])
def test_extracts_of_one_time_are_all_found_where_they_fit_on_a_page(there, counted, ties):
    client = Shifting(there, [], counted=counted, together=2, ties=ties)
    assert read(client) == list(range(1, there + 1))
    by_period = [asked for asked in client.asked if "created_to" in asked]
    assert by_period or there < 60  # of a few none may come twice
    assert all("page" not in asked for asked in by_period)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("created", "counted"), [(True, True), (True, False), (False, True), (False, False)])
def test_more_extracts_of_one_time_than_fit_on_a_page_are_an_error(created, counted, ties):
    client = Shifting(60, [], created=created, counted=counted, together=100, ties=ties)
    with pytest.raises(IncompleteList, match="so the order may differ from page to page") as caught:
        extracts.read(client.client, DATASTREAM)
    assert "select a shorter period" in caught.value.result()["msg"]
    assert "The extracts of datastream 456 were not read." in caught.value.result()["msg"]


@pytest.mark.parametrize("limit", [1, 3, 4, 7, 20])
@pytest.mark.parametrize("together", [1, 2, 3])
@pytest.mark.parametrize("ties", TIES)
def test_the_newest_are_the_newest(limit, together, ties):
    client = Shifting(20, [], together=together, ties=ties, by_id=True)
    found = [row["id"] for row in extracts.read_rows(client.client, DATASTREAM, None, None, limit)]
    assert len(set(found)) == limit
    # Of those that were created at the same time as the oldest of them any may be among them.
    assert [one // together for one in found] == [one // together for one in range(21 - limit, 21)]
