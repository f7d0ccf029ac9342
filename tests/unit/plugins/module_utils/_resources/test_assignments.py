# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    InputError,
    Lost,
    NotReached,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import assignments
from ansible_collections.adverity.management.tests.unit.plugins import in_process

PATH = "/api/target-types/70/targets/789/mappings/"
BINDINGS = "/api/v1/bindings/"
MASK = "********"
HOSTILE = ["it's \"quoted\"", "ads \N{ROCKET}", "a/b/../c?d=e#f", "  leading", "trailing ", "{{ lookup('env', 'HOME') }}", "x" * 300, "1", ""]


def mapping(number, datastream=456, table="google", **more):
    return dict({"id": number, "target": 789, "datastream": datastream, "table_name": table, "enabled": False}, **more)


def binding(number, datastream=456, enabled=False):
    return {"id": number, "datastream_id": datastream, "target_id": 789, "target_name": "DWH", "enabled": enabled}


def wanted(datastream=456, table=None, **settings):
    return {"datastream_id": datastream, "table_name": table, "settings": settings or None}


class Talk:
    """What the module asks before it writes and after it, and the module."""

    def __init__(self, client, ledger):
        self.client = client
        self.ledger = {"ledger": str(ledger), "ledger_password": None, "ledger_wait": 5}

    def expect_new(self, *rows):
        """The same, and the look under the lock: some are not there."""
        self.expect(*rows)
        self.client.expect("GET", PATH, answer={"count": len(rows), "next": None, "previous": None, "results": list(rows)})
        return self

    def expect(self, *rows):
        types = [{"id": 70, "name": "BigQuery", "slug": "bigquery"}]
        self.client.expect("GET", "/api/target-types/", answer={"count": 1, "next": None, "previous": None, "results": types})
        self.client.expect("GET", PATH, answer={"count": len(rows), "next": None, "previous": None, "results": list(rows)})
        return self

    def expect_post(self, number, datastream=456, answer=None, **more):
        body = {"datastream": datastream, "enabled": False, **more}
        self.client.expect("POST", PATH, body=body, answer=answer or {"id": number, "target": 789, "table_name": None, **body})
        return self

    def expect_bindings(self, *rows):
        self.client.expect("GET", BINDINGS, {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": list(rows), "count": len(rows)})
        return self

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


# Creating


def test_those_that_are_missing_are_created_disabled_and_their_bindings_told(talk):
    talk.expect_new(mapping(1, 455, "a"), mapping(2, 456))
    talk.expect_post(3, 457, table_name="meta", write_disposition=1)
    talk.expect_bindings(binding(21, 455), binding(22, 456, True), binding(23, 457))
    result = talk.run(wanted(457, "meta", write_disposition=1), wanted(456))
    assert ids(result) == [(3, 457, 23, "created"), (2, 456, 22, "unchanged")]
    assert result["assignments"][0]["table_name"] == "meta"
    assert (result["changed"], result["affected"], result["warnings"]) == (True, {"datastream_ids": [457]}, [])
    after = {"datastream": 457, "table_name": "meta", "enabled": False, "write_disposition": 1}
    assert result["diff"] == {"before": {"datastream 457, table 'meta'": {}}, "after": {"datastream 457, table 'meta'": after}}


def test_check_mode_predicts_and_writes_nothing(talk):
    talk.expect_new(mapping(2, 456, write_disposition=0)).expect_bindings(binding(22))
    result = talk.run(wanted(457, "meta"), wanted(456, write_disposition=1), check_mode=True)
    assert ids(result) == [(None, 457, None, "created"), (2, 456, 22, "changed")]
    assert (result["changed"], result["affected"]) == (True, {"datastream_ids": [457, 456]})


def test_check_mode_of_a_destination_that_is_still_to_be_created_asks_nothing(talk):
    result = talk.run(wanted(457, "meta"), wanted(456), check_mode=True, target_id=None)
    assert ids(result) == [(None, 457, None, "created"), (None, 456, None, "created")]
    assert result["affected"] == {"datastream_ids": [457, 456]}


@pytest.mark.parametrize(("check_mode", "state"), [(False, "present"), (False, "absent"), (True, "absent")])
def test_without_a_destination_nothing_else_is_possible(talk, check_mode, state):
    with pytest.raises(InputError, match="target_id is required"):
        talk.run(wanted(), check_mode=check_mode, target_id=None, state=state)


def test_a_second_run_reads_and_changes_nothing(talk):
    talk.expect(mapping(2, 456), mapping(3, 457, "meta", write_disposition=1)).expect_bindings(binding(22), binding(23, 457))
    result = talk.run(wanted(456), wanted(457, "meta", write_disposition=1))
    assert (result["changed"], result["affected"], result["diff"]) == (False, {"datastream_ids": []}, {"before": {}, "after": {}})


@pytest.mark.parametrize("name", HOSTILE)
def test_any_table_name_goes_out_as_it_is_and_is_found_again(talk, name):
    talk.expect_new().expect_post(3, table_name=name).expect_bindings(binding(23))
    assert talk.run(wanted(table=name))["changed"] is True
    talk.expect(mapping(3, table=name)).expect_bindings(binding(23))
    assert talk.run(wanted(table=name))["changed"] is False


def test_another_table_is_another_assignment(talk):
    talk.expect_new(mapping(3, table="a")).expect_post(4, table_name="b").expect_bindings(binding(3), binding(4))
    result = talk.run(wanted(table="a"), wanted(table="b"))
    assert ids(result) == [(3, 456, 3, "unchanged"), (4, 456, 4, "created")]


@pytest.mark.parametrize("table", [None, "google"])
def test_two_that_fit_are_an_error_that_lists_them(talk, table):
    talk.expect(mapping(3), mapping(4))
    with pytest.raises(InputError) as caught:
        talk.run(wanted(table=table))
    assert "'google' (id 3), 'google' (id 4)" in str(caught.value)


@pytest.mark.parametrize(("one", "two"), [(None, None), (None, "a"), ("a", "a"), ("a", None)])
def test_the_same_assignment_twice_is_refused(talk, one, two):
    talk.expect()
    with pytest.raises(InputError, match="datastream 456 stands there twice. Set a different table_name for each."):
        talk.run(wanted(table=one), wanted(table=two))


def test_a_table_name_that_the_service_changes_is_told_and_leads_to_no_second_one(talk):
    talk.expect_new().expect_post(3, table_name=" google", answer=mapping(3)).expect_bindings(binding(23))
    result = talk.run(wanted(table=" google"))
    assert result["assignments"][0]["table_name"] == "google"
    assert result["warnings"] == ["Adverity keeps another table_name than was asked for, of datastreams 456. Use the name that it keeps."]
    talk.expect(mapping(3))
    with pytest.raises(InputError, match="differs only in white space"):
        talk.run(wanted(table=" google"))


@pytest.mark.parametrize("name", ["datastream", "table_name", "enabled"])
def test_settings_cannot_enable_or_move_an_assignment(talk, name):
    talk.expect()
    with pytest.raises(InputError, match=f"must not have {name}. An assignment is created disabled."):
        talk.run(dict(wanted(), settings={name: True}))


def test_an_empty_list_is_refused(talk):
    with pytest.raises(InputError, match="assignments is empty"):
        talk.run()


@pytest.mark.parametrize("datastream", [{"id": 456, "name": "Google"}, 456])
def test_a_datastream_may_be_nested_in_the_row(talk, datastream):
    talk.expect(mapping(2, datastream)).expect_bindings(binding(22))
    assert ids(talk.run(wanted())) == [(2, 456, 22, "unchanged")]


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
    links = assignments.link([assignments.parse(row) for row in rows], bound)
    assert {identity: row["id"] for identity, row in links.items()} == expected


def test_a_binding_that_does_not_show_at_once_is_waited_for(talk, waits):
    talk.expect_new().expect_post(3).expect_bindings().expect_bindings().expect_bindings(binding(23))
    result = talk.run(wanted())
    assert ids(result) == [(3, 456, 23, "created")]
    assert waits == [0.5, 1.0]


def test_after_some_seconds_it_is_told_that_it_does_not_show(talk, waits):
    talk.expect_new(mapping(2, 457)).expect_post(3)
    for _reading in range(5):
        talk.expect_bindings()
    result = talk.run(wanted())
    assert sum(waits) == 5
    assert ids(result) == [(3, 456, None, "created")]
    assert result["warnings"] == [
        "The binding is not known of datastreams 456: it does not show yet, or several cannot be told apart. List them with adverity_binding_info."
    ]


def test_nobody_waits_for_bindings_of_other_datastreams(talk, waits):
    talk.expect(mapping(2, 457), mapping(3)).expect_bindings(binding(23))
    assert talk.run(wanted())["warnings"] == []
    assert waits == []


def test_two_bindings_of_one_assignment_are_told(talk, waits):
    talk.expect_new().expect_post(3).expect_bindings(binding(3), binding(4))
    assert "cannot be told apart" in talk.run(wanted())["warnings"][0]
    assert waits == []


def test_when_bindings_cannot_be_read_the_result_tells_what_was_done(talk, scripted):
    talk.expect_new().expect_post(3)
    scripted.expect("GET", BINDINGS, {"target_id": 789, "page_size": 100, "page": 1}, answer=Refused("GET", BINDINGS, 500, "x"))
    with pytest.raises(Refused) as caught:
        talk.run(wanted())
    result = caught.value.result()
    assert (result["changed"], result["affected"]) == (True, {"datastream_ids": [456]})
    assert result["msg"].endswith("The assignments are as asked. Run this again to get their bindings.")


# Changing


def test_settings_that_differ_are_written_by_one_request(talk, scripted):
    talk.expect(mapping(2, write_disposition=0, partition_by_date=True))
    scripted.expect("PATCH", f"{PATH}2/", body={"write_disposition": 1}, answer=mapping(2, write_disposition=1))
    talk.expect_bindings(binding(22))
    result = talk.run(wanted(write_disposition=1, partition_by_date="true"))
    assert ids(result) == [(2, 456, 22, "changed")]
    label = "datastream 456, table 'google'"
    assert result["diff"] == {"before": {label: {"write_disposition": 0}}, "after": {label: {"write_disposition": 1}}}


@pytest.mark.parametrize("there", [{"token": MASK}, {}, {"token": None}])
def test_a_setting_that_does_not_read_back_is_written_only_where_that_is_forced(talk, scripted, there):
    talk.expect(mapping(2, **there)).expect_bindings(binding(22))
    result = talk.run(wanted(token="open sesame"))
    assert result["changed"] is False
    assert "settings of datastream 456, so they cannot be compared: token." in result["warnings"][0]
    talk.expect(mapping(2, **there))
    scripted.expect("PATCH", f"{PATH}2/", body={"token": "open sesame"}, answer=mapping(2, token="open sesame"))
    talk.expect_bindings(binding(22))
    result = talk.run(wanted(token="open sesame"), force_settings=True)
    assert result["changed"] is True
    assert "sesame" not in json.dumps(result)


# A failure half way

UNKNOWN = "Whether assignment of datastream 457 was written is unknown. Not written: assignment of datastream 458."


@pytest.mark.parametrize(
    ("error", "claim"),
    [
        (Refused("POST", PATH, 400, "no"), "Not written: assignments of datastreams 457-458."),
        (NotReached("POST", PATH, "x"), "Not written: assignments of datastreams 457-458."),
        (Lost("POST", PATH, "x"), UNKNOWN),
        (Refused("POST", PATH, 502, "x"), UNKNOWN),
        (UnreadableAnswer("x"), UNKNOWN),
    ],
)
def test_a_failure_half_way_says_what_was_done_and_the_next_run_does_the_rest(talk, error, claim):
    talk.expect_new(mapping(1, 455))
    talk.expect_post(2).expect_post(3, 457, answer=error)
    everything = [wanted(455), wanted(456), wanted(457), wanted(458)]
    with pytest.raises(AdverityError) as caught:
        talk.run(*everything)
    result = caught.value.result()
    assert result["msg"].endswith(
        f"Written before that: assignment of datastream 456. {claim} Run it again: it reads first and writes only what differs."
    )
    assert (result["changed"], result["affected"], result["remaining"]) == (True, {"datastream_ids": [456]}, {"datastream_ids": [457, 458]})
    assert [row["datastream_id"] for row in result["assignments"]] == [455, 456]
    # The lost one was carried out after all.
    there = [mapping(1, 455), mapping(2, 456, None)] + ([] if error.not_executed else [mapping(3, 457, None)])
    talk.expect_new(*there)
    if error.not_executed:
        talk.expect_post(3, 457)
    talk.expect_post(4, 458).expect_bindings(*(binding(20 + number, 454 + number) for number in (1, 2, 3, 4)))
    assert len(ids(talk.run(*everything))) == 4


def test_a_failure_at_the_first_says_that_nothing_was_done(talk):
    talk.expect_new().expect_post(2, answer=Refused("POST", PATH, 403, "Forbidden."))
    with pytest.raises(Refused) as caught:
        talk.run(wanted())
    result = caught.value.result()
    assert result["msg"].endswith(" Nothing was written.")
    assert (result["changed"], result["status"]) == (False, 403)


# Deleting


@pytest.mark.parametrize("check_mode", [True, False])
def test_disabled_assignments_are_deleted_and_missing_ones_are_no_change(talk, scripted, check_mode):
    talk.expect(mapping(2), mapping(3, 457)).expect_bindings(binding(22), binding(23, 457, True))
    if not check_mode:
        scripted.expect("DELETE", f"{PATH}2/")
    result = talk.run(wanted(), wanted(999), check_mode=check_mode, state="absent")
    assert ids(result) == [(2, 456, None, "deleted"), (None, 999, None, "unchanged")]
    assert (result["changed"], result["affected"]) == (True, {"datastream_ids": [456]})
    assert result["diff"]["before"]["datastream 456, table 'google'"]["id"] == 2


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
def test_one_that_is_enabled_keeps_all_from_being_deleted(talk, row, bound):
    talk.expect(mapping(1, 455), row).expect_bindings(binding(21, 455), *bound)
    with pytest.raises(InputError, match="The assignment of datastream 456 (was|is) not"):
        talk.run(wanted(455), wanted(), state="absent")


def test_of_two_tables_the_disabled_one_is_deleted(talk, scripted):
    talk.expect(mapping(2, table="a"), mapping(3, table="b")).expect_bindings(binding(2), binding(3, enabled=True))
    scripted.expect("DELETE", f"{PATH}2/")
    assert talk.run(wanted(table="a"), state="absent")["changed"] is True


def test_where_nothing_is_due_no_binding_is_read(talk):
    talk.expect()
    assert talk.run(wanted(), state="absent")["changed"] is False


@pytest.mark.parametrize("datastream", [[], [456], "456", {"name": "x"}, None])
def test_answer_whose_datastream_is_no_id_has_none(datastream):
    assignment = assignments.parse(mapping(1, datastream))
    assert assignment.datastream_id is None
    assert assignments.link([assignment], [binding(21, 456)]) == {}
