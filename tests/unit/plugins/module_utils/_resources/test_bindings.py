# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import Binding

PATH = bindings.PATH


def row(binding_id, datastream_id=456, target_id=789, **more):
    return dict({"id": binding_id, "datastream_id": datastream_id, "target_id": target_id}, **more)


def expect_list(client, *rows, **filters):
    client.expect("GET", PATH, dict(filters, page_size=100, page=1), answer={"items": list(rows), "count": len(rows)})


# Reading


@pytest.mark.parametrize("filters", [{}, {"datastream_id": 456}, {"target_id": 789}, {"datastream_id": 456, "target_id": 789}])
def test_read_asks_with_what_is_given_and_sorts_by_id(scripted, filters):
    expect_list(scripted, row(10), row(9), row(100), **filters)
    assert [one.id for one in bindings.read(scripted, **filters)] == [9, 10, 100]


def test_a_row_that_was_not_asked_for_is_not_taken(scripted):
    """A filter that something on the way ignored must not put other bindings into the user's hand."""
    expect_list(scripted, row(1), row(2, target_id=790), row(3, datastream_id=457), target_id=789, datastream_id=456)
    assert [one.id for one in bindings.read(scripted, 456, 789)] == [1]


@pytest.mark.parametrize("name", ["id", "datastream_id", "target_id"])
def test_rows_with_other_ids_than_integers_are_an_error(scripted, name):
    without = {key: value for key, value in row(6).items() if key != name}
    for wrong in (without, *(dict(row(6), **{name: value}) for value in ("1", "x", 0, -1, None, 1.0, True, [1], {"id": 1}, 2**64))):
        expect_list(scripted, row(5), wrong)
        with pytest.raises(UnreadableAnswer, match="lacks"):
            bindings.read(scripted)


def test_read_selected_takes_the_ids_or_all_that_is_left(scripted):
    for binding_ids, found in (([3, 1, 3], [1, 3]), (None, [1, 2, 3])):
        expect_list(scripted, row(1), row(2), row(3), target_id=789)
        assert [one.id for one in bindings.read_selected(scripted, binding_ids, None, 789)] == found


@pytest.mark.parametrize("rows", [[], [row(1)]])
def test_an_unknown_id_is_named_also_beside_known_ones(scripted, rows):
    expect_list(scripted, *rows, datastream_id=456, target_id=789)
    with pytest.raises(InputError) as caught:
        bindings.read_selected(scripted, [1, 7, 8] if rows else [7, 8], 456, 789)
    assert str(caught.value) == (
        "binding_ids: not found among the bindings this key can see with datastream_id 456 and target_id 789: 7-8. Nothing was changed."
    )
    assert caught.value.result()["unknown_ids"] == [7, 8]


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        ((None, None), "No binding found among the bindings this key can see. Check"),
        ((456, None), "with datastream_id 456. Check"),
        ((None, 789), "with target_id 789. Check"),
        ((456, 789), "with datastream_id 456 and target_id 789. Check"),
    ],
)
def test_no_binding_at_all_is_an_error_that_says_where(ids, says):
    with pytest.raises(InputError) as caught:
        bindings.refuse_none([], *ids)
    assert says in str(caught.value)
    assert "use adverity.management.adverity_assignment, or Adverity. Nothing was changed." in str(caught.value)
    bindings.refuse_none([Binding.from_row(row(1))], *ids)


def test_enabled():
    shown = [{"enabled": True}, {"enabled": False}, {}, {"enabled": None}, {"enabled": 1}, {"enabled": "false"}]
    assert [Binding.from_row(row(1, **more)).enabled for more in shown] == [True, False, None, None, None, None]


def test_label():
    assert Binding.from_row(row(1, target_name="BigQuery | DWH")).label == "binding 1 (datastream 456 to BigQuery | DWH)"
    for unnamed in (row(1), row(1, target_name=None)):
        assert Binding.from_row(unnamed).label == "binding 1 (datastream 456 to destination 789)"
