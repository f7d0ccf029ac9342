# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading datastreams: a filter or an ID that the API passes over does not widen the choice, and a refusal is told apart from an unknown ID.

Which filters are sent, and what they find: contract/test_datastreams.py.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Refused
from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream, Filters
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    many_datastreams,
    uuid,
    uuids,
)

EMEA, DACH = (f"a0000000-0000-4000-8000-{number:012d}" for number in (1, 2))
SHOWN = {"enabled": True, "workspace": {"id": EMEA}, "pulling": {"active_mode": "smart"}}


def select(scene, ids=None, filters=None):
    params = {"datastream_ids": ids, "filters": filters, "all_datastreams": None}
    return [each.id for each in datastreams.read_selected(scene.client, params)]


@pytest.mark.parametrize(
    ("filters", "shown", "may_fit"),
    [
        ({}, {}, True),
        ({"workspace_ids": [DACH, EMEA]}, {}, True),
        ({"workspace_ids": [EMEA]}, {"workspace": {"id": EMEA.upper()}}, True),
        ({"workspace_ids": [DACH]}, {}, False),
        ({"workspace_ids": [DACH], "workspace_scope": "family"}, {}, True),  # the row does not tell
        ({"workspace_ids": [DACH]}, {"workspace": None}, True),
        ({"workspace_ids": [DACH]}, {"workspace": EMEA}, True),
        ({"enabled": True}, {}, True),
        ({"enabled": False}, {}, False),
        ({"enabled": False}, {"enabled": None}, True),
        ({"active_pulling_mode": "smart"}, {}, True),
        ({"active_pulling_mode": "schedule"}, {}, False),
        ({"active_pulling_mode": "schedule"}, {"pulling": {"active_mode": None}}, False),
        ({"active_pulling_mode": "schedule"}, {"pulling": None}, True),
        ({"active_pulling_mode": "schedule"}, {"pulling": "smart"}, True),
    ],
)
def test_filters_take_a_row_that_does_not_contradict_them(filters, shown, may_fit):
    assert Filters(**filters).may_fit(Datastream.from_row({"id": uuid(1), **SHOWN, **shown})) is may_fit


def test_select_takes_no_row_that_the_filters_and_the_ids_do_not_fit_and_any_spelling_of_an_id(begin):
    scene = begin(many_datastreams(3, {}))
    scene.show(datastreams.PATH, {"id": uuid(1), "enabled": True}, {"id": uuid(2).upper(), "enabled": False}, {"id": uuid(3)})
    assert select(scene, uuids([2]), {"enabled": False}) == uuids([2])
    assert [request["query"] for request in scene.requests()] == [[["enabled", "false"], ["datastream_id", uuid(2)]]]


def test_select_looks_without_the_filters_for_ids_that_do_not_pass_them(begin):
    scene = begin(many_datastreams(3, {}, {"enabled": False}, {}))
    assert select(scene, uuids([1, 2, 3]), {"enabled": False}) == uuids([2])
    assert scene.requests()[1]["query"] == [["datastream_id", uuid(1)], ["datastream_id", uuid(3)]]


# Refusals. Unknown IDs are an error of their own; other reasons are told as they are.


def test_select_names_all_unknown_ids_where_the_api_refuses_them(begin):
    scene = begin(many_datastreams(2, {}), unknown_datastream="error")
    with pytest.raises(InputError) as caught:
        select(scene, uuids([1, 8, 2, 9]))
    assert caught.value.facts["unknown_ids"] == uuids([8, 9])
    assert [each in str(caught.value) for each in uuids([1, 2, 8, 9])] == [False, False, True, True]
    asked = [[value for _name, value in request["query"]] for request in scene.requests()]
    assert asked == [uuids(each) for each in ([1, 8, 2, 9], [1, 8, 2, 9], [1, 8], [1], [8], [2, 9], [2], [9], [1, 2])]


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ([400, 400], "unknown"),
        ([404, 404], "unknown"),
        ([422, 422], "unknown"),
        ([404, 404, 404], 404),  # the whole list is refused, too
        ([422], 422),  # the ID is found by itself
        ([422, 500], 500),
        *[([status], status) for status in (401, 403, 429, 500)],
    ],
)
def test_refusal_means_unknown_ids_only_where_the_list_is_not_refused_without_them(begin, statuses, outcome):
    scene = begin(many_datastreams(1, {}))
    for status in statuses:
        scene.service.fault(path=datastreams.PATH, status={"code": status})
    if outcome == "unknown":
        assert datastreams.read(scene.client, uuids([1])) == []
    else:
        with pytest.raises(Refused) as caught:
            select(scene, uuids([1]))
        assert caught.value.status == outcome
