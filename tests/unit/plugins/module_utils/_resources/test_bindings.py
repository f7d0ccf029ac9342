# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Lost, NotReached, Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings

PATH = bindings.PATH
AGAIN = "Run it again: it reads the bindings first and writes only what differs."


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
    assert "use adverity.management.adverity_assignment, or Adverity. Nothing was changed." in str(caught.value)
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


def make(rows, enabled):
    """The plan for rows whose state is what they say."""
    return bindings.EnabledPlan(rows, enabled, {row["id"]: bindings.state(row) for row in rows})


def apply(plan, client):
    """Writes what is due, and returns the result."""
    done, answered = {}, []
    plan.apply(client, done, lambda binding_id, answer: answered.append((binding_id, answer["enabled"])))
    assert answered == [(row["id"], plan.enabled) for row in plan.due]
    return plan.result(done)


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
        assert [one["id"] for one in make([row(1, **more)], enabled).due] == ([1] if due else [])


def test_apply_writes_what_is_due_by_id_and_nothing_else(scripted):
    rows = [row(1, enabled=False, name="a"), row(2, enabled=True), row(3)]
    plan = make(rows, True)
    expect_patch(scripted, 1, True)
    expect_patch(scripted, 3, True)
    result = apply(plan, scripted)
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
    plan = make(rows, True)
    result = apply(plan, scripted)
    assert result == {"changed": False, "bindings": rows, "affected": {"binding_ids": []}, "diff": {"before": {}, "after": {}}}


def test_check_mode_predicts_what_apply_does(scripted):
    rows = [row(1, enabled=False), row(2, enabled=True), row(3)]
    plan = make(rows, True)
    predicted = plan.result(plan.predicted())
    assert rows[0]["enabled"] is False
    for one in (1, 3):
        expect_patch(scripted, one, True, row(one, enabled=True))
    assert apply(plan, scripted) == predicted


@pytest.mark.parametrize(
    ("error", "claim"),
    [
        (Refused("PATCH", PATH, 404, "Not found."), "Not written: 2-3."),
        (NotReached("PATCH", PATH, "x"), "Not written: 2-3."),
        (Lost("PATCH", PATH, "x"), "Whether binding 2 was written is unknown. Not written: 3."),
        (Refused("PATCH", PATH, 500, "x"), "Whether binding 2 was written is unknown. Not written: 3."),
    ],
)
def test_a_failure_half_way_says_what_was_done_and_what_was_not(scripted, error, claim):
    plan = make([row(one, enabled=False) for one in (1, 2, 3)], True)
    expect_patch(scripted, 1, True)
    expect_patch(scripted, 2, True, error)
    with pytest.raises(type(error)) as caught:
        apply(plan, scripted)
    result = caught.value.result()
    assert result["msg"].endswith(f"Bindings written before that: 1. {claim} {AGAIN}")
    assert result["changed"] is True
    assert result["affected"] == {"binding_ids": [1]}
    assert result["remaining"] == {"binding_ids": [2, 3]}
    assert [one["enabled"] for one in result["bindings"]] == [True, False, False]
    assert (result["method"], result["path"]) == ("PATCH", PATH)


def test_a_failure_at_the_first_says_that_nothing_was_done(scripted):
    plan = make([row(1, enabled=False)], True)
    expect_patch(scripted, 1, True, Refused("PATCH", PATH, 403, "Forbidden."))
    with pytest.raises(Refused) as caught:
        apply(plan, scripted)
    result = caught.value.result()
    assert result["msg"].endswith(f"Bindings written before that: none. Not written: 1. {AGAIN}")
    assert (result["changed"], result["status"]) == (False, 403)


@pytest.mark.parametrize(
    "answer",
    [
        [], "ok", {"affected": 1}, row(2, enabled=True), row(1), row(1, enabled=False), row(1, enabled=None), row(1, enabled=1), row(1, enabled="true"),
        row("1", enabled=True), {"enabled": True},
    ],
)
def test_an_answer_that_is_not_this_binding_in_this_state_is_an_error(scripted, answer):
    plan = make([row(1, enabled=False)], True)
    expect_patch(scripted, 1, True, answer)
    with pytest.raises(UnreadableAnswer, match="but not with that binding in that state") as caught:
        apply(plan, scripted)
    assert "Whether binding 1 was written is unknown" in caught.value.result()["msg"]


def test_what_is_known_from_elsewhere_counts_where_the_row_does_not_say():
    rows = [row(1), row(2), row(3, enabled=True)]
    assert [one["id"] for one in bindings.EnabledPlan(rows, True, {1: True, 2: False, 3: True}).due] == [2]


# A PATCH whose answer is lost


@pytest.fixture
def write(server, make_client):
    """Enables binding 1 at a server that is scripted."""

    def write(**options):
        return apply(make([row(1, enabled=False)], True), make_client(server, **options))

    return write


def listed(server, enabled, updated):
    rows = [row(1, enabled=enabled, updated=updated), row(2, enabled=False)]
    return server.answer(200, {"items": rows, "count": 2})


def methods(server):
    return [request.method for request in server.requests]


@pytest.mark.parametrize("lose", ["drop", "cut", 500, 502, 504])
def test_after_a_lost_answer_the_binding_is_read_and_not_written_again(server, write, lose):
    """Its updated is that of the one write."""
    if lose == "drop":
        server.drop()
    elif lose == "cut":
        server.answer(200, row(1, enabled=True), cut=10)
    else:
        server.answer(lose, {"detail": "x"})
    listed(server, True, "2026-01-01T00:00:07Z")
    result = write()
    assert methods(server) == ["PATCH", "GET"]
    assert "datastream_id=456" in server.requests[1].target
    assert (result["changed"], result["bindings"][0]["updated"]) == (True, "2026-01-01T00:00:07Z")


def test_where_the_lost_write_was_not_carried_out_it_is_repeated(server, write):
    server.drop()
    listed(server, False, "2025-01-01T00:00:00Z")
    server.answer(200, row(1, enabled=True, updated="2026-01-01T00:00:09Z"))
    result = write()
    assert methods(server) == ["PATCH", "GET", "PATCH"]
    assert result["bindings"][0]["updated"] == "2026-01-01T00:00:09Z"


def test_where_the_binding_cannot_be_read_after_a_lost_answer_it_is_not_written_again(server, write):
    server.drop()
    server.answer(403, {"detail": "no"})
    with pytest.raises(Lost) as caught:
        write()
    assert methods(server) == ["PATCH", "GET"]
    assert "Whether binding 1 was written is unknown. Not written: none." in caught.value.result()["msg"]


def test_where_the_list_does_not_tell_the_state_the_write_is_repeated(server, write):
    server.drop()
    server.answer(200, {"items": [row(1)], "count": 1})
    server.answer(200, row(1, enabled=True))
    assert write()["changed"] is True
    assert methods(server) == ["PATCH", "GET", "PATCH"]


def test_a_last_try_that_is_lost_is_looked_at_too(server, write):
    server.drop()
    listed(server, True, "2026-01-01T00:00:07Z")
    assert write(retries=0)["changed"] is True
