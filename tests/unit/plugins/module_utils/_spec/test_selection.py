# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._spec import selection


@pytest.mark.parametrize("empty", [[], {}, ""])
def test_empty_choice_is_refused(empty):
    with pytest.raises(InputError, match="^datastream_ids is empty. An empty list selects neither.*when: datastream_ids . length > 0"):
        selection.refuse_empty({"binding_ids": [1], "datastream_ids": empty}, "binding_ids", "datastream_ids")


@pytest.mark.parametrize("params", [{}, {"ids": None}, {"ids": [0]}, {"ids": {"enabled": False}}, {"other": []}])
def test_what_is_left_out_or_holds_something_is_fine(params):
    selection.refuse_empty(params, "ids")


@pytest.mark.parametrize(
    ("ids", "known", "named", "unknown"),
    [
        ([1, 2], iter([3, 2, 1]), None, None),
        ([], [], None, None),
        ([9, 1, 8, 12], [1, 2], "8-9, 12", [9, 8, 12]),
        (["b", "c", "a"], ["c"], "b, a", ["b", "a"]),
        ([1], ["1"], "1", [1]),  # a number as text is another id
    ],
)
def test_every_unknown_id_is_named(ids, known, named, unknown):
    if named is None:
        selection.refuse_unknown("ids", ids, known, "here")
        return
    with pytest.raises(InputError) as caught:
        selection.refuse_unknown("ids", ids, known, "here")
    assert caught.value.result() == {"msg": f"ids: not found here: {named}. Nothing was changed.", "unknown_ids": unknown}


def test_one_of_them_is_required_and_null_is_none():
    for params in ({"extract_ids": [1]}, {"extract_ids": None, "datastream_ids": [1]}, {"datastream_ids": 0}):
        selection.require_one(params, "extract_ids", "datastream_ids")
    for params in ({}, {"extract_ids": None, "datastream_ids": None}, {"extract_ids": [], "datastream_ids": None}):
        with pytest.raises(InputError, match="^one of the following is required: extract_ids, datastream_ids$"):
            selection.require_one(params, "extract_ids", "datastream_ids")
