# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import Binding
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World


def row(binding_id, datastream_id=456, target_id=789, **more):
    return {"id": binding_id, "datastream_id": datastream_id, "target_id": target_id, **more}


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, [2, 9, 10, 100]),
        ({"datastream_id": 456}, [2, 9, 100]),
        ({"target_id": 789}, [9, 10, 100]),
        ({"datastream_id": 456, "target_id": 789}, [9, 100]),
    ],
)
def test_read_sends_its_filters_and_takes_no_row_that_they_do_not_fit(begin, filters, ids):
    scene = begin(World())
    scene.show(bindings.PATH, row(10, datastream_id=457), row(9), row(100), row(2, target_id=790))
    assert [each.id for each in bindings.read(scene.client, **filters)] == ids
    paging = [["page_size", "100"], ["page", "1"]]
    assert [request["query"] for request in scene.requests()] == [[[name, str(number)] for name, number in filters.items()] + paging]


@pytest.mark.parametrize("wrong", [row("1"), row(1, datastream_id=None), row(1, target_id=0)], ids=str)
def test_read_row_with_an_id_that_is_no_positive_integer_fails(begin, wrong):
    scene = begin(World())
    scene.show(bindings.PATH, row(5), wrong)
    with pytest.raises(UnreadableAnswer, match="lacks"):
        bindings.read(scene.client)


def test_enabled_is_none_where_the_row_has_no_boolean():
    shown = [{"enabled": True}, {"enabled": False}, {}, {"enabled": None}, {"enabled": 1}, {"enabled": "false"}]
    assert [Binding.from_row(row(1, **more)).enabled for more in shown] == [True, False, None, None, None, None]
