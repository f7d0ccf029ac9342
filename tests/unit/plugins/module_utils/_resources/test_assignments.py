# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignments: what is planned, and which binding belongs to which. Whatever the API is like: contract/test_unknowns.py."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._resources import assignments
from ansible_collections.adverity.management.plugins.module_utils._resources.assignment_plan import AssignmentPlan
from ansible_collections.adverity.management.plugins.module_utils._resources.assignments import Assignment
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import Binding
from ansible_collections.adverity.management.plugins.module_utils._resources.changes import apply
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World

PATH = "/api/target-types/21/targets/789/mappings/"


def mapping(number, datastream=456, table="google", **more):
    return {"id": number, "target": 789, "datastream": datastream, "table_name": table, "enabled": False, **more}


def binding(number, datastream_id=456, enabled=False):
    return Binding.from_row({"id": number, "datastream_id": datastream_id, "target_id": 789, "enabled": enabled})


def wanted(datastream_id=456, table=None, **settings):
    return {"datastream_id": datastream_id, "table_name": table, "settings": settings or None}


def plan(present, *asked, **options):
    return AssignmentPlan([Assignment.from_row(row) for row in present], assignments.wanted(list(asked)), **options)


def run(scene, *asked, check_mode=False, **options):
    return scene.run("assignment", check_mode, **{"type": "bigquery", "target_id": 789, "assignments": list(asked), **options})


def shown(result):
    return [(row["id"], row["datastream_id"], row["binding_id"], row["action"]) for row in result["assignments"]]


# The plan


@pytest.mark.parametrize(
    ("present", "asked", "absent", "steps"),
    [
        ([mapping(2)], [wanted()], False, [("unchanged", {})]),
        ([mapping(2, {"id": 456, "name": "Google"})], [wanted()], False, [("unchanged", {})]),
        ([], [wanted()], False, [("created", {"datastream": 456, "enabled": False})]),
        ([], [wanted(table="")], False, [("created", {"datastream": 456, "table_name": "", "enabled": False})]),
        (
            [mapping(3, table="a")], [wanted(table="a"), wanted(table="b")], False,
            [("unchanged", {}), ("created", {"datastream": 456, "table_name": "b", "enabled": False})],
        ),
        ([mapping(2, x=0, y=True)], [wanted(x=1, y="true")], False, [("changed", {"x": 1})]),
        ([mapping(2), mapping(3, 457)], [wanted(457), wanted(999)], True, [("deleted", {}), ("unchanged", {})]),
    ],
)  # fmt: skip
def test_plan_has_a_step_for_each_assignment_that_is_asked_for(present, asked, absent, steps):
    assert [(step.action.value, step.body) for step in plan(present, *asked, absent=absent).steps] == steps


@pytest.mark.parametrize(
    ("present", "asked", "says"),
    [
        ([mapping(3), mapping(4)], [wanted()], "'google' .id 3., 'google' .id 4."),
        ([mapping(3), mapping(4)], [wanted(table="google")], "'google' .id 3., 'google' .id 4."),
        *[
            ([], [wanted(table=first), wanted(table=second)], "datastream 456 is listed twice. Set a different table_name for each.")
            for first, second in ((None, None), (None, "a"), ("a", "a"), ("a", None))
        ],
        *[
            ([], [{**wanted(), "settings": {name: True}}], f"must not have {name}. An assignment is created disabled.")
            for name in ("datastream", "table_name", "enabled")
        ],
    ],
)
def test_plan_of_what_is_ambiguous_or_no_setting_is_refused(present, asked, says):
    with pytest.raises(InputError, match=says):
        plan(present, *asked)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("there", [{"token": "********"}, {}])
def test_setting_that_does_not_read_back_is_written_only_where_that_is_forced_and_never_shown(there, force):
    planned = plan([mapping(2, **there)], wanted(token="open sesame"), force=force)
    assert planned.unreadable == {456: ["token"]}
    assert [step.body for step in planned.due] == [{"token": "open sesame"}] * force
    assert "sesame" not in json.dumps(planned.result(apply(planned.changes(PATH), None, True, None)).as_dict())


@pytest.mark.parametrize(
    ("row", "bindings"),
    [
        (mapping(2), [binding(22, enabled=True)]),
        (mapping(2), [binding(22, enabled=None)]),
        (mapping(2, enabled=True), []),
        ({"id": 2, "datastream": 456}, []),
        (mapping(2), [binding(22), binding(23, enabled=True)]),
    ],
)
def test_assignment_that_is_not_known_to_be_disabled_keeps_all_from_being_deleted(row, bindings):
    with pytest.raises(InputError, match="The assignment of datastream 456 (was|is) not"):
        plan([mapping(1, 455), row], wanted(455), wanted(), absent=True).refuse_enabled([binding(21, 455), *bindings])


def test_of_two_tables_the_disabled_one_can_be_deleted():
    planned = plan([mapping(2, table="a", enabled=None), mapping(3, table="b")], wanted(table="a"), absent=True)
    planned.refuse_enabled([binding(2), binding(3, enabled=True)])
    assert [step.present.id for step in planned.due] == [2]


# Bindings


@pytest.mark.parametrize(
    ("rows", "bindings", "linked"),
    [
        ([mapping(1)], [binding(9)], {1: 9}),
        ([mapping(1)], [], {}),
        ([mapping(1), mapping(2)], [binding(1), binding(2)], {1: 1, 2: 2}),
        ([mapping(1), mapping(2)], [binding(8), binding(9)], {}),
        ([mapping(1), mapping(2)], [binding(1)], {}),
        ([mapping(1)], [binding(1), binding(2)], {}),
        ([mapping(1), mapping(2, 457)], [binding(2), binding(1, 457)], {1: 2, 2: 1}),
        ([], [binding(1)], {}),
        *[([mapping(1, no_id)], [binding(9)], {}) for no_id in ([456], "456", {"name": "x"}, None)],
    ],
)
def test_link_tells_a_binding_only_where_it_is_certain(rows, bindings, linked):
    links = assignments.link([Assignment.from_row(row) for row in rows], bindings)
    assert {identity: found.id for identity, found in links.items()} == linked


@pytest.mark.parametrize(
    ("appears", "waits", "binding_id"), [(0, [], 23), (1, [0.5], 23), (3, [0.5, 1.0, 1.5], 23), ("never", [0.5, 1.0, 1.5, 2.0], None)]
)
def test_new_binding_that_does_not_show_at_once_is_waited_for(begin, appears, waits, binding_id):
    scene = begin(World().datastream(456).datastream(457).binding(22, 456), binding_appears=appears)
    result = run(scene, wanted(457))
    assert (scene.waits, shown(result)) == (waits, [(23, 457, binding_id, "created")])
    assert len(result["warnings"]) == (binding_id is None)


@pytest.mark.parametrize(("asked", "binding_ids"), [([wanted(457)], [23]), ([wanted(table="a"), wanted(table="b")], [None, None])])
def test_bindings_of_other_datastreams_and_those_that_cannot_be_told_apart_are_not_waited_for(begin, asked, binding_ids):
    world = World().datastream(456).datastream(457).datastream(458).binding(24, 458).binding(23, 457)
    scene = begin(world.binding(21, 456, table_name="a").binding(22, 456, table_name="b"), mapping_ids="other")
    scene.service.world.unseen[24] = None
    assert [row["binding_id"] for row in run(scene, *asked)["assignments"]] == binding_ids
    assert scene.waits == []


# The module


def test_missing_assignment_is_created_disabled_and_one_that_differs_is_changed(begin):
    world = World().datastream(455).datastream(456).datastream(457).binding(21, 455, table_name="a")
    scene = begin(world.binding(22, 456, enabled=True, table_name="google", settings={"write_disposition": 2}))
    result = run(scene, wanted(457, "meta", write_disposition=2), wanted(write_disposition=1), wanted(455))
    created = {"datastream": 457, "table_name": "meta", "enabled": False, "write_disposition": 2}
    assert [(row["method"], row["path"], row["body"]) for row in scene.writes()] == [
        ("POST", PATH, created), ("PATCH", f"{PATH}22/", {"write_disposition": 1}),
    ]  # fmt: skip
    assert shown(result) == [(23, 457, 23, "created"), (22, 456, 22, "changed"), (21, 455, 21, "unchanged")]
    assert (result["changed"], result["affected"], result["warnings"]) == (True, {"datastream_ids": [457, 456]}, [])
    new, old = "datastream 457, table 'meta'", "datastream 456, table 'google'"
    assert result["diff"] == {"before": {new: {}, old: {"write_disposition": 2}}, "after": {new: created, old: {"write_disposition": 1}}}


def test_check_mode_without_a_destination_predicts_and_asks_nothing(begin):
    scene = begin(World())
    result = run(scene, wanted(457, "meta"), wanted(456), check_mode=True, target_id=None)
    assert shown(result) == [(None, 457, None, "created"), (None, 456, None, "created")]
    assert result["affected"] == {"datastream_ids": [457, 456]}
    assert "target_id is required" in run(scene, wanted(), check_mode=True, target_id=None, state="absent")["msg"]
    assert scene.requests() == []


def test_disabled_assignment_is_deleted_and_without_anything_due_no_binding_is_read(begin):
    scene = begin(World().datastream(456).datastream(457).binding(22, 456, table_name="google").binding(23, 457, enabled=True))
    result = run(scene, wanted(), wanted(999), state="absent")
    assert [(row["method"], row["path"]) for row in scene.writes()] == [("DELETE", f"{PATH}22/")]
    assert shown(result) == [(22, 456, None, "deleted"), (None, 999, None, "unchanged")]
    assert (result["changed"], result["affected"]) == (True, {"datastream_ids": [456]})
    assert result["diff"]["before"]["datastream 456, table 'google'"]["id"] == 22
    scene.forget()
    assert run(scene, wanted(), state="absent")["changed"] is False
    assert [row["path"] for row in scene.requests()] == ["/api/target-types/", PATH]
