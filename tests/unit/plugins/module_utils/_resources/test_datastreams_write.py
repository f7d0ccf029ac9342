# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enabling, disabling and switching datastreams: which requests leave, and what is made of their answers."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    InputError,
    Lost,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import datastream_plan
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.tests.unit.plugins import in_process

LIST = "/api/v1/datastreams/"
SMART = "/api/v1/datastreams/pulling/smart/"
TO_SMART = {"pulling": {"active_mode": "smart"}}
TO_SCHEDULE = {"pulling": {"active_mode": "schedule"}}


def uuid(number):
    return f"d5000000-0000-4000-8000-{number:012d}"


def row(number, enabled=True, mode="schedule"):
    pulling = {"active_mode": mode, "smart": None, "smart_bundle": None}
    return {"id": uuid(number), "name": f"Stream {number}", "enabled": enabled, "pulling": pulling}


def ids(*numbers):
    return [uuid(number) for number in numbers]


def affected(named):
    return {"affected": {"datastream_ids": list(named)}}


def send(client, rows, enabled=None, pulling_mode=None):
    return in_process.as_dict(write(client, rows, datastream_plan.plan(rows, enabled, pulling_mode), False))


def predict(rows, enabled=None, pulling_mode=None):
    return in_process.as_dict(write(None, rows, datastream_plan.plan(rows, enabled, pulling_mode), True))


def expect(client, body, named, answer=None, method="PATCH", path=LIST):
    client.expect(method, path, {"datastream_id": named}, body, affected(named) if answer is None else answer)


# --- no write leaves without naming its datastreams ---

NO_NAMES = [
    None,
    {},
    {"enabled": "true"},
    {"workspace_id": ids(1)},
    {"datastream_id": None},
    {"datastream_id": []},
    {"datastream_id": uuid(1)},
    {"datastream_id": [None]},
    {"datastream_id": [""]},
    {"datastream_id": [456]},
    {"datastream_id": ids(*range(51))},
]


@pytest.mark.parametrize("method", ["PATCH", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize("path", [LIST, SMART])
@pytest.mark.parametrize("params", NO_NAMES)
def test_the_client_cannot_build_a_change_that_names_no_datastreams(server, make_client, method, path, params):
    with pytest.raises(InputError, match="Nothing was sent"):
        make_client(server).request(method, path, params, {"enabled": True})
    assert server.connections == 0


def test_a_change_of_fifty_goes_out_with_their_names(server, make_client):
    server.answer(200, affected([]))
    make_client(server).request("PATCH", LIST, {"datastream_id": ids(*range(50))}, {"enabled": True})
    assert server.requests[0].target == LIST + "?" + "&".join("datastream_id=" + uuid(number) for number in range(50))


# --- which requests leave ---


def test_only_those_that_differ_are_written(scripted):
    rows = [row(1), row(2, enabled=False), row(3), row(4, enabled=False)]
    expect(scripted, {"enabled": True}, ids(2, 4))
    result = send(scripted, rows, enabled=True)
    assert result["changed"]
    assert result["affected"] == {"datastream_ids": ids(2, 4)}
    assert result["datastreams"] == [row(number) for number in (1, 2, 3, 4)]
    assert result["diff"] == {
        "before": {f"Stream {number} ({uuid(number)})": {"enabled": False} for number in (2, 4)},
        "after": {f"Stream {number} ({uuid(number)})": {"enabled": True} for number in (2, 4)},
    }
    assert result["warnings"] == []
    again = send(scripted, result["datastreams"], enabled=True)
    assert (again["changed"], again["affected"], again["diff"]) == (False, {"datastream_ids": []}, {"before": {}, "after": {}})


@pytest.mark.parametrize("count", [1, 49, 50, 51, 100, 120, 230])
def test_fifty_go_in_a_request(scripted, count):
    rows = [row(number) for number in range(count)]
    for start in range(0, count, 50):
        expect(scripted, TO_SMART, ids(*range(start, min(start + 50, count))))
    result = send(scripted, rows, pulling_mode="smart")
    assert result["affected"]["datastream_ids"] == ids(*range(count))


@pytest.mark.parametrize(
    ("enabled", "order"),
    [(True, [(TO_SMART, [1, 2]), ({"enabled": True}, [2, 3])]), (False, [({"enabled": False}, [1, 4]), (TO_SMART, [1, 2])])],
)
def test_a_mode_changes_while_the_datastream_is_disabled(scripted, enabled, order):
    rows = [row(1), row(2, enabled=False), row(3, enabled=False, mode="smart"), row(4, mode="smart")]
    for body, numbers in order:
        expect(scripted, body, ids(*numbers))
    result = send(scripted, rows, enabled, "smart")
    assert result["datastreams"] == [row(number, enabled, "smart") for number in (1, 2, 3, 4)]
    assert result["affected"]["datastream_ids"] == ids(*sorted({number for _body, numbers in order for number in numbers}))
    both = f"Stream {1 if not enabled else 2} ({uuid(1 if not enabled else 2)})"
    assert result["diff"]["before"][both] == {"enabled": not enabled, "active_mode": "schedule"}
    assert result["diff"]["after"][both] == {"enabled": enabled, "active_mode": "smart"}


@pytest.mark.parametrize("mode", ["smart-bundle", "smart", None])
def test_every_other_mode_is_due_for_schedule(scripted, mode):
    expect(scripted, TO_SCHEDULE, ids(1))
    assert send(scripted, [row(1, mode=mode)], pulling_mode="schedule")["changed"]


@pytest.mark.parametrize("bare", [{}, {"enabled": None, "pulling": None}, {"enabled": "yes", "pulling": "smart"}])
def test_a_row_that_does_not_tell_is_written(scripted, bare):
    rows = [dict(bare, id=uuid(1), name="Stream 1")]
    expect(scripted, TO_SMART, ids(1))
    expect(scripted, {"enabled": True}, ids(1))
    result = send(scripted, rows, True, "smart")
    assert result["datastreams"] == [{"id": uuid(1), "name": "Stream 1", "enabled": True, "pulling": {"active_mode": "smart"}}]


@pytest.mark.parametrize(("enabled", "mode"), list(itertools.product([None, True, False], [None, "smart", "schedule"])))
def test_check_mode_predicts_the_real_run_and_sends_nothing(scripted, enabled, mode):
    kinds = itertools.product([True, False], ["smart", "schedule", "smart-bundle", None])
    rows = [row(number, *kind) for number, kind in enumerate(kinds)]
    predicted = predict(rows, enabled, mode)
    for change in datastream_plan.plan(rows, enabled, mode):
        if change.patches:
            expect(scripted, change.body, change.ids)
    assert send(scripted, rows, enabled, mode) == predicted


# --- what the service says it did ---


def test_fewer_than_asked_for_are_told(scripted):
    expect(scripted, {"enabled": False}, ids(1, 2, 3), affected(ids(3, 1)))
    result = send(scripted, [row(1), row(2), row(3)], enabled=False)
    assert result["affected"] == {"datastream_ids": ids(1, 3)}
    assert [one["enabled"] for one in result["datastreams"]] == [False, True, False]
    assert len(result["diff"]["after"]) == 2
    (warning,) = result["warnings"]
    assert uuid(2) in warning
    assert uuid(1) not in warning


def test_more_than_asked_for_are_told(scripted):
    expect(scripted, {"enabled": False}, ids(1), affected([uuid(1), uuid(2), uuid(9).upper()]))
    result = send(scripted, [row(1), row(2, enabled=False)], enabled=False)
    assert result["affected"] == {"datastream_ids": ids(1, 2, 9)}
    assert result["datastreams"] == [row(1, enabled=False), row(2, enabled=False)]
    (warning,) = result["warnings"]
    assert uuid(2) in warning
    assert uuid(9) in warning
    assert uuid(1) not in warning


def test_nothing_changed_is_not_a_change(scripted):
    expect(scripted, {"enabled": False}, ids(1), affected([]))
    result = send(scripted, [row(1)], enabled=False)
    assert (result["changed"], result["datastreams"], len(result["warnings"])) == (False, [row(1)], 1)


def test_what_an_earlier_try_may_have_changed_counts_as_changed(server, make_client):
    server.drop().answer(200, affected([]))
    result = send(make_client(server), [row(1), row(2)], enabled=False)
    assert len(server.requests) == 2
    assert (result["affected"], result["warnings"]) == ({"datastream_ids": ids(1, 2)}, [])


@pytest.mark.parametrize(
    "answer",
    [[], "done", {}, {"affected": None}, {"affected": ids(1)}, {"affected": {}}, {"affected": {"datastream_ids": uuid(1)}}, affected([456])],
)
def test_an_answer_that_does_not_say_what_changed_is_an_error_with_the_request(scripted, answer):
    rows = [row(number) for number in range(60)]
    expect(scripted, {"enabled": False}, ids(*range(50)))
    expect(scripted, {"enabled": False}, ids(*range(50, 60)), answer)
    with pytest.raises(UnreadableAnswer) as caught:
        send(scripted, rows, enabled=False)
    result = caught.value.result()
    assert all(uuid(number) in result["msg"] for number in range(50, 60))
    assert uuid(49) not in result["msg"]
    assert result["remaining"] == {"datastream_ids": ids(*range(50, 60))}


# --- a failure half way ---


@pytest.mark.parametrize("error", [Refused("PATCH", LIST, 400, "No fetch schedule"), Refused("PATCH", LIST, 500, "Oops"), Lost("PATCH", LIST, "broke")])
def test_a_failure_in_the_second_request_says_what_the_first_did(scripted, error):
    rows = [row(number, mode="smart") for number in range(120)]
    expect(scripted, TO_SCHEDULE, ids(*range(50)))
    expect(scripted, TO_SCHEDULE, ids(*range(50, 100)), error)
    with pytest.raises(type(error)) as caught:
        send(scripted, rows, pulling_mode="schedule")
    result = caught.value.result()
    assert result["changed"]
    assert result["affected"] == {"datastream_ids": ids(*range(50))}
    assert result["remaining"] == {"datastream_ids": ids(*range(50, 120))}
    assert [one["pulling"]["active_mode"] for one in result["datastreams"]] == ["schedule"] * 50 + ["smart"] * 70
    assert len(result["diff"]["before"]) == len(result["diff"]["after"]) == 50
    assert "warnings" not in result
    assert all(uuid(number) in result["msg"] for number in range(50, 100))
    assert uuid(49) not in result["msg"]
    assert uuid(100) not in result["msg"]
    unknown = "Whether 50 datastreams were written is unknown. Not written: 20 datastreams."
    says = "Not written: 70 datastreams." if error.not_executed else unknown
    assert f"Written before that: 50 datastreams. {says} Run it again: it reads first and writes only what differs." in result["msg"]
    assert ("custom fetch schedule" in result["msg"]) is (getattr(error, "status", None) == 400)


def test_a_failure_after_the_mode_leaves_the_state_to_be_done(scripted):
    expect(scripted, TO_SMART, ids(1), affected(ids(1, 9)))
    expect(scripted, {"enabled": True}, ids(1), Refused("PATCH", LIST, 400, "no"))
    with pytest.raises(Refused) as caught:
        send(scripted, [row(1, enabled=False)], True, "smart")
    result = caught.value.result()
    assert result["affected"] == {"datastream_ids": ids(1, 9)}
    assert result["remaining"] == {"datastream_ids": ids(1)}
    assert result["datastreams"] == [row(1, enabled=False, mode="smart")]
    assert "not requested: " + uuid(9) in result["msg"]  # a warning that would get lost
    assert "custom fetch schedule" not in result["msg"]


# --- the module ---


def run(client, check_mode=False, **given):
    params = in_process.read_options("adverity_datastream", dict(given, instance="acme.example", api_key="key"))
    return in_process.run_with("adverity_datastream", client, params, check_mode)


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_module_reads_then_writes_what_differs(scripted, check_mode):
    scripted.expect("GET", LIST, {"enabled": "false"}, answer={"count": 2, "items": [row(1, enabled=False), row(2, enabled=False)]})
    if not check_mode:
        expect(scripted, {"enabled": True}, ids(1, 2))
    result = run(scripted, check_mode, filters={"enabled": False}, enabled=True)
    assert (result["changed"], result["affected"]) == (True, {"datastream_ids": ids(1, 2)})


def test_filters_that_find_nothing_change_nothing(scripted):
    scripted.expect("GET", LIST, {"enabled": "false"}, answer={"count": 0, "items": []})
    result = run(scripted, filters={"enabled": False}, enabled=True)
    assert (result["changed"], result["datastreams"]) == (False, [])


def test_an_unknown_id_beside_a_known_one_stops_before_the_write(scripted):
    scripted.expect("GET", LIST, {"datastream_id": ids(1, 9)}, answer={"count": 1, "items": [row(1)]})
    with pytest.raises(InputError, match=uuid(9)):
        run(scripted, datastream_ids=ids(1, 9), enabled=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [({}, "required"), ({"enabled": None}, "required"), ({"pulling_mode": None}, "smart, schedule"), ({"pulling_mode": "smart-bundle"}, "smart, schedule")],
)
def test_what_asks_for_no_change_is_refused(given, message):
    with pytest.raises((ValueError, InputError), match=message):
        run(None, datastream_id=uuid(1), **given)
