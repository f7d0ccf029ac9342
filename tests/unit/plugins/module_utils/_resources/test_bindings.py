# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Lost, NotReached, Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings
from ansible_collections.adverity.management.plugins.modules import adverity_binding

PATH = bindings.PATH


def row(binding_id, datastream_id=456, target_id=789, **more):
    return dict({"id": binding_id, "datastream_id": datastream_id, "target_id": target_id}, **more)


def expect_list(client, *rows, **filters):
    client.expect("GET", PATH, dict(filters, page_size=100, page=1), answer={"items": list(rows), "count": len(rows)})


def expect_patch(client, binding_id, enabled, answer=None):
    if answer is None:
        answer = row(binding_id, enabled=enabled, updated="2026-01-01T00:00:00Z")
    client.expect("PATCH", f"{PATH}{binding_id}/", body={"enabled": enabled}, answer=answer)


# Reading


@pytest.mark.parametrize("filters", [{}, {"datastream_id": 456}, {"target_id": 789}, {"datastream_id": 456, "target_id": 789}])
def test_read_asks_with_what_is_given_and_sorts_by_id(scripted, filters):
    expect_list(scripted, row(10), row(9), row(100), **filters)
    assert [one["id"] for one in bindings.read(scripted, **filters)] == [9, 10, 100]


def test_read_sees_all_pages(scripted):
    for page, ids in enumerate([range(100), range(100, 200), range(200, 230)], 1):
        items = [row(one + 1) for one in ids]
        scripted.expect("GET", PATH, {"page_size": 100, "page": page}, answer={"items": items, "count": 230})
    assert len(bindings.read(scripted)) == 230


def test_a_row_that_was_not_asked_for_is_not_taken(scripted):
    """A filter that something on the way ignored must not put other bindings into the user's hand."""
    expect_list(scripted, row(1), row(2, target_id=790), row(3, datastream_id=457), target_id=789, datastream_id=456)
    assert [one["id"] for one in bindings.read(scripted, 456, 789)] == [1]


@pytest.mark.parametrize("name", ["id", "datastream_id", "target_id"])
def test_rows_with_other_ids_than_integers_are_an_error(scripted, name):
    for value in ("1", "x", 0, -1, None, 1.0, True, [1], {"id": 1}, 2**64):
        expect_list(scripted, row(5), dict(row(6), **{name: value}))
        with pytest.raises(UnreadableAnswer, match="lacks"):
            bindings.read(scripted)


@pytest.mark.parametrize("name", ["datastream_id", "target_id"])
def test_rows_without_their_ids_are_an_error(scripted, name):
    rows = [row(5), row(6)]
    del rows[1][name]
    expect_list(scripted, *rows)
    with pytest.raises(UnreadableAnswer, match=name):
        bindings.read(scripted)


def test_read_selected_takes_the_ids(scripted):
    expect_list(scripted, row(1), row(2), row(3))
    assert [one["id"] for one in bindings.read_selected(scripted, [3, 1, 3], None, None)] == [1, 3]


def test_read_selected_without_ids_takes_all_that_is_left(scripted):
    expect_list(scripted, row(1), row(2), target_id=789)
    assert [one["id"] for one in bindings.read_selected(scripted, None, None, 789)] == [1, 2]


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
    assert "cannot create a binding" in str(caught.value)
    bindings.refuse_none([row(1)], *ids)


def test_state():
    table = [
        ({"enabled": True}, True), ({"enabled": False}, False), ({}, None), ({"enabled": None}, None), ({"enabled": 1}, None),
        ({"enabled": "false"}, None),
    ]
    for more, state in table:
        assert bindings.state(row(1, **more)) is state


@pytest.mark.parametrize(
    ("one", "label"),
    [
        (row(1, target_name="BigQuery | DWH"), "binding 1 (datastream 456 to BigQuery | DWH)"),
        (row(1), "binding 1 (datastream 456 to target 789)"),
        (row(1, target_name=None), "binding 1 (datastream 456 to target 789)"),
    ],
)
def test_label(one, label):
    assert bindings.label(one) == label


# Planning and writing


def test_only_what_is_not_known_to_be_right_is_due():
    table = [
        ({"enabled": True}, True, False),
        ({"enabled": False}, True, True),
        ({"enabled": True}, False, True),
        ({"enabled": False}, False, False),
        ({}, True, True),
        ({}, False, True),
        ({"enabled": None}, False, True),
        ({"enabled": 0}, False, True),
        ({"enabled": "true"}, True, True),
    ]
    for more, enabled, due in table:
        assert [one["id"] for one in bindings.EnabledPlan([row(1, **more)], enabled).due] == ([1] if due else [])


def test_apply_writes_what_is_due_by_id_and_nothing_else(scripted):
    rows = [row(1, enabled=False, name="a"), row(2, enabled=True), row(3)]
    plan = bindings.EnabledPlan(rows, True)
    expect_patch(scripted, 1, True)
    expect_patch(scripted, 3, True)
    result = plan.result(plan.apply(scripted))
    assert result["changed"] is True
    assert result["affected"] == {"binding_ids": [1, 3]}
    assert [(one["id"], one["enabled"]) for one in result["bindings"]] == [(1, True), (2, True), (3, True)]
    assert result["bindings"][0] == row(1, enabled=True, name="a", updated="2026-01-01T00:00:00Z")
    assert result["diff"] == {
        "before": {"binding 1 (datastream 456 to target 789)": {"enabled": False}, "binding 3 (datastream 456 to target 789)": {"enabled": None}},
        "after": {"binding 1 (datastream 456 to target 789)": {"enabled": True}, "binding 3 (datastream 456 to target 789)": {"enabled": True}},
    }


def test_nothing_due_is_no_request_and_no_change(scripted):
    rows = [row(1, enabled=True)]
    plan = bindings.EnabledPlan(rows, True)
    result = plan.result(plan.apply(scripted))
    assert result == {"changed": False, "bindings": rows, "affected": {"binding_ids": []}, "diff": {"before": {}, "after": {}}}


def test_check_mode_predicts_what_apply_does(scripted):
    rows = [row(1, enabled=False), row(2, enabled=True), row(3)]
    plan = bindings.EnabledPlan(rows, True)
    predicted = plan.result(plan.predicted())
    assert rows[0]["enabled"] is False
    for one in (1, 3):
        expect_patch(scripted, one, True, row(one, enabled=True))
    assert plan.result(plan.apply(scripted)) == predicted


@pytest.mark.parametrize(
    ("error", "claim"),
    [
        (Refused("PATCH", PATH, 404, "Not found."), "Not written: 2-3."),
        (NotReached("PATCH", PATH, "x"), "Not written: 2-3."),
        (Lost("PATCH", PATH, "x"), "Whether binding 2 was written is not known. Not written: 3."),
        (Refused("PATCH", PATH, 500, "x"), "Whether binding 2 was written is not known. Not written: 3."),
    ],
)
def test_a_failure_half_way_says_what_was_done_and_what_was_not(scripted, error, claim):
    plan = bindings.EnabledPlan([row(one, enabled=False) for one in (1, 2, 3)], True)
    expect_patch(scripted, 1, True)
    expect_patch(scripted, 2, True, error)
    with pytest.raises(type(error)) as caught:
        plan.apply(scripted)
    result = caught.value.result()
    assert result["msg"].endswith("Bindings written before that: 1. " + claim)
    assert result["changed"] is True
    assert result["affected"] == {"binding_ids": [1]}
    assert result["remaining"] == {"binding_ids": [2, 3]}
    assert [one["enabled"] for one in result["bindings"]] == [True, False, False]
    assert (result["method"], result["path"]) == ("PATCH", PATH)


def test_a_failure_at_the_first_says_that_nothing_was_done(scripted):
    plan = bindings.EnabledPlan([row(1, enabled=False)], True)
    expect_patch(scripted, 1, True, Refused("PATCH", PATH, 403, "Forbidden."))
    with pytest.raises(Refused) as caught:
        plan.apply(scripted)
    result = caught.value.result()
    assert result["msg"].endswith("Bindings written before that: none. Not written: 1.")
    assert (result["changed"], result["status"]) == (False, 403)


@pytest.mark.parametrize(
    "answer",
    [
        [], "ok", {"affected": 1}, row(2, enabled=True), row(1), row(1, enabled=False), row(1, enabled=None), row(1, enabled=1), row(1, enabled="true"),
        row("1", enabled=True), {"enabled": True},
    ],
)
def test_an_answer_that_is_not_this_binding_in_this_state_is_an_error(scripted, answer):
    plan = bindings.EnabledPlan([row(1, enabled=False)], True)
    expect_patch(scripted, 1, True, answer)
    with pytest.raises(UnreadableAnswer, match="but not with that binding in that state") as caught:
        plan.apply(scripted)
    assert "Whether binding 1 was written is not known" in caught.value.result()["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_module_in_check_mode_reads_and_writes_nothing(scripted, monkeypatch, check_mode):
    expect_list(scripted, row(5, enabled=False), row(6, enabled=True), target_id=789)
    if not check_mode:
        expect_patch(scripted, 5, True)
    monkeypatch.setattr(adverity_binding, "connect", lambda params: scripted)
    result = adverity_binding.run({"binding_ids": None, "datastream_id": None, "target_id": 789, "enabled": True, "touch": False}, check_mode)
    assert (result["changed"], result["affected"]) == (True, {"binding_ids": [5]})


def test_touch_writes_what_is_as_asked_for_too():
    rows = [row(5, enabled=True), row(6, enabled=False)]
    assert [one["id"] for one in bindings.EnabledPlan(rows, True, touch=True).due] == [5, 6]
