# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignments: what is planned, and which binding belongs to which.

Whole lives of them, whatever the service is like: destinations/test_switches.py.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Refused
from ansible_collections.adverity.management.plugins.module_utils._resources import assignments
from ansible_collections.adverity.management.plugins.module_utils._resources.assignment_plan import AssignmentPlan
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import Binding
from ansible_collections.adverity.management.plugins.module_utils._resources.changes import apply
from ansible_collections.adverity.management.tests.unit.plugins import in_process

PATH = "/api/target-types/70/targets/789/mappings/"
BINDINGS = "/api/v1/bindings/"
MASK = "********"


def mapping(number, datastream=456, table="google", **more):
    return dict({"id": number, "target": 789, "datastream": datastream, "table_name": table, "enabled": False}, **more)


def binding(number, datastream=456, enabled=False):
    return {"id": number, "datastream_id": datastream, "target_id": 789, "target_name": "DWH", "enabled": enabled}


def read(*rows):
    return [Binding.from_row(row) for row in rows]


def wanted(datastream=456, table=None, **settings):
    return {"datastream_id": datastream, "table_name": table, "settings": settings or None}


def plan(present, *asked, **options):
    return AssignmentPlan([assignments.Assignment.from_row(row) for row in present], assignments.wanted(list(asked)), **options)


class Talk:
    """What the module asks, and the module."""

    def __init__(self, client, ledger):
        self.client = client
        self.ledger = {"ledger": str(ledger), "ledger_password": None, "ledger_wait": 5}

    def expect(self, *rows, readings=1):
        """``readings`` are two where some are not there: the second one is under the lock."""
        types = [{"id": 70, "name": "BigQuery", "slug": "bigquery"}]
        for path, results in ("/api/target-types/", types), *[(PATH, list(rows))] * readings:
            self.client.expect("GET", path, answer={"count": len(results), "next": None, "previous": None, "results": results})

    def expect_post(self, number, datastream=456, **more):
        body = {"datastream": datastream, "enabled": False, **more}
        self.client.expect("POST", PATH, body=body, answer={"id": number, "target": 789, "table_name": None, **body})

    def expect_bindings(self, *rows, answer=None):
        answer = answer or {"items": list(rows), "count": len(rows)}
        self.client.expect("GET", BINDINGS, {"target_id": 789, "page_size": 100, "page": 1}, answer=answer)

    def run(self, *named, check_mode=False, **options):
        params = {"type": "bigquery", "target_id": 789, "force_settings": False, "state": "present", "assignments": list(named), **self.ledger, **options}
        return in_process.run_with("adverity_assignment", self.client, params, check_mode)


@pytest.fixture(name="waits", autouse=True)
def fixture_waits(monkeypatch):
    """Nobody really waits for a binding; how long it would have been stands here."""
    recorded = []
    monkeypatch.setattr(assignments.clock, "sleep", recorded.append)
    return recorded


@pytest.fixture(name="talk")
def fixture_talk(scripted, tmp_path):
    return Talk(scripted, tmp_path / "ledger.sqlite3")


def ids(result):
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
def test_what_is_due(present, asked, absent, steps):
    assert [(step.action.value, step.body) for step in plan(present, *asked, absent=absent).steps] == steps


@pytest.mark.parametrize(
    ("present", "asked", "says"),
    [
        ([mapping(3), mapping(4)], [wanted()], "'google' .id 3., 'google' .id 4."),
        ([mapping(3), mapping(4)], [wanted(table="google")], "'google' .id 3., 'google' .id 4."),
        *[
            ([], [wanted(table=one), wanted(table=two)], "datastream 456 is listed twice. Set a different table_name for each.")
            for one, two in ((None, None), (None, "a"), ("a", "a"), ("a", None))
        ],
        ([mapping(3)], [wanted(table=" google")], "differs only in spaces"),
        *[
            ([], [dict(wanted(), settings={name: True})], f"must not have {name}. An assignment is created disabled.")
            for name in ("datastream", "table_name", "enabled")
        ],
    ],
)
def test_what_cannot_be_planned(present, asked, says):
    with pytest.raises(InputError, match=says):
        plan(present, *asked)


@pytest.mark.parametrize("there", [{"token": MASK}, {}, {"token": None}])
def test_a_setting_that_does_not_read_back_is_written_only_where_that_is_forced(there):
    for force in (False, True):
        planned = plan([mapping(2, **there)], wanted(token="open sesame"), force=force)
        assert planned.unreadable == {456: ["token"]}
        assert [step.body for step in planned.due] == [{"token": "open sesame"}] * force
        result = planned.result(apply(planned.changes(PATH), None, True, None)).as_dict()
        assert "sesame" not in json.dumps(result)


@pytest.mark.parametrize(
    ("row", "bound"),
    [
        (mapping(2), [binding(22, enabled=True)]),
        (mapping(2), [binding(22, enabled=None)]),
        (mapping(2, enabled=True), []),
        ({"id": 2, "datastream": 456}, []),
        (mapping(2), [binding(22), binding(23, enabled=True)]),
    ],
)
def test_one_that_is_not_known_to_be_disabled_keeps_all_from_being_deleted(row, bound):
    with pytest.raises(InputError, match="The assignment of datastream 456 (was|is) not"):
        plan([mapping(1, 455), row], wanted(455), wanted(), absent=True).refuse_enabled(read(binding(21, 455), *bound))


def test_of_two_tables_the_disabled_one_can_be_deleted():
    planned = plan([mapping(2, table="a"), mapping(3, table="b")], wanted(table="a"), absent=True)
    planned.refuse_enabled(read(binding(2), binding(3, enabled=True)))
    assert [step.present.id for step in planned.due] == [2]


@pytest.mark.parametrize("datastream", [[], [456], "456", {"name": "x"}, None])
def test_answer_whose_datastream_is_no_id_has_none(datastream):
    assignment = assignments.Assignment.from_row(mapping(1, datastream))
    assert assignment.datastream_id is None
    assert assignments.link([assignment], read(binding(21, 456))) == {}


# Bindings


@pytest.mark.parametrize(
    ("rows", "bound", "expected"),
    [
        ([mapping(1)], [binding(9)], {1: 9}),
        ([mapping(1)], [], {}),
        ([mapping(1), mapping(2)], [binding(1), binding(2)], {1: 1, 2: 2}),
        ([mapping(1), mapping(2)], [binding(8), binding(9)], {}),
        ([mapping(1), mapping(2)], [binding(1)], {}),
        ([mapping(1)], [binding(1), binding(2)], {}),
        ([mapping(1), mapping(2, 457)], [binding(2), binding(1, 457)], {1: 2, 2: 1}),
        ([], [binding(1)], {}),
    ],
)
def test_a_binding_is_told_only_where_it_is_certain(rows, bound, expected):
    links = assignments.link([assignments.Assignment.from_row(row) for row in rows], read(*bound))
    assert {identity: found.id for identity, found in links.items()} == expected


@pytest.mark.parametrize(
    ("readings", "waited", "links"),
    [
        ([[], [], [binding(23)]], [0.5, 1.0], {3: 23}),
        ([[]] * 5, [0.5, 1.0, 1.5, 2.0], {}),
        ([[binding(3), binding(4)]], [], {}),  # they cannot be told apart
        ([[binding(23)]], [], {3: 23}),  # nobody waits for that of another datastream
    ],
)
def test_a_binding_that_does_not_show_at_once_is_waited_for(talk, scripted, waits, readings, waited, links):
    for rows in readings:
        talk.expect_bindings(*rows)
    present = [assignments.Assignment.from_row(mapping(3)), assignments.Assignment.from_row(mapping(2, 457))]
    found = assignments.read_links(scripted, 789, present, {456})
    assert ({one: each.id for one, each in found.items()}, waits) == (links, waited)


# The module


def test_what_is_missing_is_created_disabled_what_differs_is_changed_and_bindings_are_told(talk, scripted):
    talk.expect(mapping(1, 455, "a"), mapping(2, write_disposition=0), readings=2)
    talk.expect_post(3, 457, table_name="meta", write_disposition=1)
    scripted.expect("PATCH", f"{PATH}2/", body={"write_disposition": 1}, answer=mapping(2, write_disposition=1))
    talk.expect_bindings(binding(21, 455), binding(22, 456, True))
    talk.expect_bindings(binding(21, 455), binding(22, 456, True), binding(23, 457))
    result = talk.run(wanted(457, "meta", write_disposition=1), wanted(write_disposition=1), wanted(455))
    assert ids(result) == [(3, 457, 23, "created"), (2, 456, 22, "changed"), (1, 455, 21, "unchanged")]
    assert result["assignments"][0]["table_name"] == "meta"
    assert (result["changed"], result["affected"], result["warnings"]) == (True, {"datastream_ids": [457, 456]}, [])
    created = {"datastream": 457, "table_name": "meta", "enabled": False, "write_disposition": 1}
    new, old = "datastream 457, table 'meta'", "datastream 456, table 'google'"
    assert result["diff"] == {"before": {new: {}, old: {"write_disposition": 0}}, "after": {new: created, old: {"write_disposition": 1}}}


def test_check_mode_of_a_destination_that_is_still_to_be_created_asks_nothing(talk):
    result = talk.run(wanted(457, "meta"), wanted(456), check_mode=True, target_id=None)
    assert ids(result) == [(None, 457, None, "created"), (None, 456, None, "created")]
    assert result["affected"] == {"datastream_ids": [457, 456]}


@pytest.mark.parametrize(("check_mode", "state"), [(False, "present"), (False, "absent"), (True, "absent")])
def test_without_a_destination_nothing_else_is_possible(talk, check_mode, state):
    with pytest.raises(InputError, match="target_id is required"):
        talk.run(wanted(), check_mode=check_mode, target_id=None, state=state)


def test_when_bindings_cannot_be_read_the_result_tells_what_was_done(talk):
    talk.expect(readings=2)
    talk.expect_post(3)
    talk.expect_bindings(answer=Refused("GET", BINDINGS, 500, "x"))
    with pytest.raises(Refused) as caught:
        talk.run(wanted())
    result = caught.value.result()
    assert (result["changed"], result["affected"]) == (True, {"datastream_ids": [456]})
    assert result["msg"].endswith("The assignments are written. Run it again to read their bindings.")


def test_what_is_deleted_is_told_and_without_anything_due_no_binding_is_read(talk, scripted):
    talk.expect(mapping(2), mapping(3, 457))
    talk.expect_bindings(binding(22), binding(23, 457, True))
    scripted.expect("DELETE", f"{PATH}2/")
    result = talk.run(wanted(), wanted(999), state="absent")
    assert ids(result) == [(2, 456, None, "deleted"), (None, 999, None, "unchanged")]
    assert (result["changed"], result["affected"]) == (True, {"datastream_ids": [456]})
    assert result["diff"]["before"]["datastream 456, table 'google'"]["id"] == 2
    talk.expect()
    assert talk.run(wanted(), state="absent")["changed"] is False
