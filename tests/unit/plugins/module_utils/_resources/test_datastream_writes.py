# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of datastreams: which are due, and what is made of answers. Which requests leave for which change: contract/test_datastreams.py."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import datastream_plan
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream

LIST = "/api/v1/datastreams/"
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
    selected = [Datastream.from_row(one) for one in rows]
    result = write(client, selected, datastream_plan.plan(selected, enabled, pulling_mode), False)
    return dict(result.as_dict(), warnings=result.warnings)


def expect(client, body, named, answer=None):
    client.expect("PATCH", LIST, {"datastream_id": named}, body, affected(named) if answer is None else answer)


# --- which changes are due ---


@pytest.mark.parametrize(
    ("present", "enabled", "mode", "bodies"),
    [
        *[(row(1, mode=mode), None, "schedule", [TO_SCHEDULE]) for mode in ("smart-bundle", "smart", None)],
        (row(1), None, "schedule", []),
        (row(1), True, "smart", [TO_SMART]),
        (row(1), False, "smart", [{"enabled": False}, TO_SMART]),
        (row(1, enabled=False), True, "smart", [TO_SMART, {"enabled": True}]),
        # A row that does not tell is written.
        *[
            (dict(shown, id=uuid(1)), True, "smart", [TO_SMART, {"enabled": True}])
            for shown in ({}, {"enabled": None, "pulling": None}, {"enabled": "yes", "pulling": "smart"})
        ],
    ],
)
def test_what_is_due_of_a_row(present, enabled, mode, bodies):
    selected = [Datastream.from_row(present)]
    changes = [change for change in datastream_plan.plan(selected, enabled, mode) if change.patches]
    assert [change.body for change in changes] == bodies
    result = write(None, selected, changes, True).as_dict()
    if not present.get("name"):
        assert result["datastreams"] == [{"id": uuid(1), "enabled": True, "pulling": {"active_mode": "smart"}}]


# --- what the service says it did ---


def test_one_that_was_changed_although_nobody_asked_for_it_is_told_under_any_spelling(scripted):
    expect(scripted, {"enabled": False}, ids(1), affected([uuid(1), uuid(2), uuid(9).upper()]))
    result = send(scripted, [row(1), row(2, enabled=False)], enabled=False)
    assert result["affected"] == {"datastream_ids": ids(1, 2, 9)}
    assert result["datastreams"] == [row(1, enabled=False), row(2, enabled=False)]
    (warning,) = result["warnings"]
    assert [one in warning for one in ids(1, 2, 9)] == [False, True, True]


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
    expect(scripted, {"enabled": False}, ids(1, 2), answer)
    with pytest.raises(UnreadableAnswer) as caught:
        send(scripted, [row(1), row(2)], enabled=False)
    result = caught.value.result()
    assert all(one in result["msg"] for one in ids(1, 2))
    assert result["remaining"] == {"datastream_ids": ids(1, 2)}


@pytest.mark.parametrize(("status", "hinted"), [(400, True), (500, False)])
def test_a_refused_mode_is_explained_where_it_may_be_for_want_of_a_schedule(scripted, status, hinted):
    expect(scripted, TO_SCHEDULE, ids(1), Refused("PATCH", LIST, status, "no"))
    with pytest.raises(Refused) as caught:
        send(scripted, [row(1, mode="smart")], pulling_mode="schedule")
    assert ("custom fetch schedule" in caught.value.result()["msg"]) is hinted


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
