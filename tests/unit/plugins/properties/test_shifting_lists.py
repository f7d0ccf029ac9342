# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of extracts changes while it is read, or its order does. What is there all the time is found, or the reading is an error; it never just
lacks one. Each way of reading by itself: module_utils/_api/test_paging.py."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import IncompleteList
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import WORKSPACE, moment
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport
from hypothesis import HealthCheck, given, settings
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

    def __init__(self, there, changes=(), order="newest first", created=True, counted=True, together=1, ties="stable", by_id=False):
        self.from_the_beginning = set(range(1, there + 1))
        self.asked = []
        self._next = there + 1
        self._together, self._by_id, self._shows_age = together, by_id, created
        self._place, self._order = ORDERS[order]
        switches = {
            "extract_fields": "full" if created else "id", "extract_count": "on" if counted else "off", "extract_ties": ties,
            "extract_page_size": PAGE, "extract_ordering": "with_id", "next_host": "other",
        }  # fmt: skip
        world = {
            "now": moment(), "keys": {"all": {"key": in_process.KEY}}, "workspaces": [{"id": WORKSPACE}], "datastreams": [{"id": DATASTREAM}],
            "extracts": [self._row(one) for one in range(1, there + 1)],
        }  # fmt: skip
        simulator = in_process.import_simulator().Simulator(world, switches, port=None)
        for number, some in enumerate(changes):
            simulator.script(path=extracts.PATH, when="after", skip=number, changes=lambda world, some=some: self._change(world, some))
        self._inner = SimulatorTransport(simulator)
        self.client = Client("https://acme.example", in_process.KEY, self, retries=0)

    def age(self, one):
        """By this extracts are oldest first, as far as the service shows it."""
        return self._place(one // self._together) if self._shows_age else 0, one

    def _row(self, one):
        return {"id": one, "datastream_id": DATASTREAM, "created": moment(minutes=1000 - self._place(one // self._together))}

    def _change(self, world, changes):
        for change in changes:
            if not change:
                world.put("extracts", self._row(self._next))
                self._next += 1
            elif change in self.from_the_beginning:
                world.remove("extracts", change)
                self.from_the_beginning.discard(change)

    def send(self, request):
        self.asked.append({name: value[0] if isinstance(value, list) else value for name, value in (request.params or {}).items()})
        by_id = self._by_id and self.asked[-1].get("ordering") == "-id"
        return self._inner.send(request if by_id else request._replace(params={**(request.params or {}), "ordering": self._order}))


def read(client):
    """The ids that were found; None where the list was refused as inconsistent."""
    try:
        found = [one.id for one in extracts.read(client.client, DATASTREAM)]
    except IncompleteList:
        return None
    assert found == sorted(set(found), key=client.age)
    assert client.from_the_beginning <= set(found)
    return found


@settings(max_examples=700, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
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
def test_list_that_changes_while_it_is_read_is_whole_or_an_error(there, changes, order, created, counted, together, ties, by_id):
    read(Shifting(there, changes, order, created, counted, together, ties, by_id))


TIES = ["by_page", "random"]


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("created", "counted"), [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize(("there", "together"), list(itertools.product([4, 9, 60, 130], [2, 3, 8, 200])))
def test_extracts_of_one_time_are_all_found_where_the_order_of_ids_is_to_be_had(there, together, created, counted, ties):
    client = Shifting(there, created=created, counted=counted, together=together, ties=ties, by_id=True)
    assert read(client) == list(range(1, there + 1))
    once = -(-there // PAGE)
    # Twice where there is no count: also what is deleted meanwhile has to be noticed.
    assert len(client.asked) <= once * (2 if counted and created else 3)
    assert {asked["ordering"] for asked in client.asked} <= {"-created", "-id"}


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("created", "counted"), [(True, True), (True, False), (False, True), (False, False)])
def test_extracts_of_one_time_that_fill_more_than_a_page_are_an_error(created, counted, ties):
    client = Shifting(60, created=created, counted=counted, together=100, ties=ties)
    with pytest.raises(IncompleteList, match="so the order may differ from page to page") as caught:
        extracts.read(client.client, DATASTREAM)
    assert "select a shorter period" in caught.value.result()["msg"]
    assert "The extracts of datastream 456 were not read." in caught.value.result()["msg"]
