# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``on_unknown: check`` of adverity_requeue: what is settled by what Adverity shows."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import FAILED, LABELS, created, ids_of, world

ALL = [101, 102, 103, 104]


@pytest.fixture(name="lose")
def fixture_lose(begin_requeues):
    """Begins a scene in which no response came to the request for 101 and 102, and 30 seconds have passed. ``drop``: before or after it
    was carried out."""

    def lose(drop="after", batch_size=2, seconds=30, failing=(), **switches):
        scene = begin_requeues(world(extracts=4), **switches)
        scene.make_loads_fail(*failing)
        scene.service.fault(method="POST", drop=drop)
        scene.send_and_fail(batch_size=batch_size)
        scene.pass_time(seconds)
        scene.forget()
        return scene

    return lose


def recorded(scene, extract_id):
    """What the ledger records of an extract, by kind and reason."""
    return [(event.kind, event.reason) for event in scene.events(extract_id)]


@pytest.mark.parametrize(
    ("seconds", "kind", "reason"),
    [
        (5, EventKind.DISPATCHED, "Adverity is processing the extract"),
        (30, EventKind.LOADED, "it was not loaded before the request, and is loaded now"),
    ],
)
def test_unknown_extract_that_adverity_shows_as_sent_is_recorded_and_the_rest_is_sent(lose, seconds, kind, reason):
    scene = lose(seconds=seconds)
    predicted = scene.send(True, on_unknown="check", batch_size=2)
    assert ids_of(predicted) == {"requeued": [103, 104], "skipped": [101, 102]}
    assert recorded(scene, 101) == [(EventKind.INTENDED, None)]
    result = scene.send(on_unknown="check", batch_size=2)
    assert (ids_of(result), result["warnings"]) == (ids_of(predicted), predicted["warnings"])
    assert scene.sent() == [[103, 104]]
    assert recorded(scene, 101)[1] == (kind, reason)
    assert scene.loads(12) == ALL
    assert ids_of(scene.send(on_unknown="check")) == {"skipped": ALL}


@pytest.mark.parametrize(("on_unknown", "gone"), [("check", []), ("dispatched", []), ("dispatched", [102])])
def test_run_that_only_settles_has_changed_something_and_counts_it(lose, on_unknown, gone):
    """Otherwise a workflow that asks for an approval ends after its check, and nothing is ever settled. ``gone``: not listed any more."""
    scene = lose(batch_size=50)
    scene.service.change({"remove": {"extracts": gone}})
    for check_mode in (True, False):
        result = scene.send(check_mode, on_unknown=on_unknown)
        assert (result["changed"], sorted(result["skipped_extract_ids"]), scene.sent()) == (True, ALL, [])
        assert [(row["skipped"], row["settled"]) for row in result["summary"]] == [(4, 4)]
        assert result["diff"] == {"before": {"binding 12": {"dispatched": 0}}, "after": {"binding 12": {"dispatched": 4}}}
    again = scene.send(on_unknown=on_unknown)
    assert (again["changed"], again["summary"][0]["settled"]) == (False, 0)


def test_role_that_only_settles_says_so_and_has_changed_something(lose):
    scene = lose(batch_size=50)
    scene.role_failure(target_id=2)
    planned, done, again = (scene.deploy(check_mode, target_id=2, on_unknown="check") for check_mode in (True, False, False))
    assert planned.lines[-1] == "datastream 1, binding 12 - enabled before, send 0 extracts, settle 4 as dispatched"
    assert done.lines[-1] == "datastream 1, binding 12 - enabled before, 0 extracts sent, 4 settled as dispatched"
    assert (done.data["changed"], done.data["bindings"][0]["settled"]) == (True, 4)
    assert {**planned.data, "check_mode": False} == done.data
    assert (again.data["changed"], again.lines[0].endswith(" - nothing to do")) == (False, True)


def test_settling_as_failed_changes_something(lose):
    scene = lose(failing=ALL, batch_size=50)
    results = [scene.send(check_mode, on_unknown="check") for check_mode in (True, False, False)]
    assert [(result["changed"], result["failed_extract_ids"]) for result in results] == [(True, ALL), (True, ALL), (False, ALL)]
    assert [result["summary"][0]["settled"] for result in results] == [0, 0, 0]


def test_unknown_extract_without_evidence_stays_unknown_and_the_run_stops(lose):
    scene = lose(drop="before")
    predicted = scene.send_and_fail(True, on_unknown="check")
    result = scene.send_and_fail(on_unknown="check")
    assert (ids_of(result), result["warnings"], scene.sent()) == ({"unknown": [101, 102], "remaining": [103, 104]}, [], [])
    reason = "Adverity has collected the extract, and shows no load of it"
    assert f"What Adverity shows does not settle it: extracts 101-102 for binding 12 ({reason})." in result["msg"]
    assert "Not sent, because they come after these in the same binding: extracts 103-104." in result["msg"]
    assert "on_unknown: check" not in result["msg"]
    assert predicted["msg"] == result["msg"].replace("Sent in this run:", "A real run would send")
    assert recorded(scene, 101) == [(EventKind.INTENDED, None)]


def test_unknown_extract_whose_load_failed_is_recorded_named_and_left_out(lose):
    scene, reason = lose(failing=[101]), FAILED.format(101)
    predicted = scene.send(True, on_unknown="check")
    result = scene.send(on_unknown="check")
    [warning] = result["warnings"]
    assert f"extracts 101 for binding 12 ({reason})" in warning
    assert ids_of(result) == {"requeued": [103, 104], "skipped": [102], "failed": [101]}
    assert (ids_of(predicted), predicted["warnings"]) == (ids_of(result), [warning])
    assert recorded(scene, 101) == [(EventKind.INTENDED, None), (EventKind.FAILED, reason)]
    again = scene.send()
    assert (ids_of(again), again["warnings"]) == ({"skipped": [102, 103, 104], "failed": [101]}, [warning])


def test_check_of_a_ledger_without_unknown_extracts_asks_for_nothing(begin_requeues):
    scene = begin_requeues()
    scene.send(on_unknown="check")
    assert [row["path"] for row in scene.requests()] == ["/api/v1/bindings/", "/api/extracts/", "/api/v1/extracts/requeue/"]


def test_check_settles_only_what_is_selected(lose):
    scene = lose(batch_size=50)
    scene.send(extract_ids=[102], binding_ids=[12], on_unknown="check")
    assert [len(scene.events(each)) for each in ALL] == [1, 2, 1, 1]
    scene.send(created_from=created(3), on_unknown="check")
    assert [len(scene.events(each)) for each in ALL] == [1, 2, 2, 2]


def test_unknown_extract_stays_unknown_where_what_adverity_shows_cannot_be_read(lose):
    scene = lose()
    scene.service.fault(path="/api/errors/", status={"code": 500})
    result = scene.send_and_fail(on_unknown="check")
    assert ids_of(result) == {"unknown": [101, 102], "remaining": [103, 104]}
    assert "What Adverity shows of 2 extracts with an unknown outcome cannot be read: GET /api/errors/ returned 500" in result["msg"]


def test_check_understands_the_labels_that_the_user_explains(lose):
    scene = lose(batch_size=50, state_labels="translated")
    assert ids_of(scene.send(on_unknown="check")) == {"unknown": ALL}
    assert ids_of(scene.send(on_unknown="check", state_labels=LABELS)) == {"skipped": ALL}


@pytest.mark.parametrize("state", ["planned", "recorded"])
def test_planning_and_recording_check_nothing(lose, state):
    scene = lose()
    scene.send(state=state, on_unknown="check")
    assert scene.requests("GET", "/api/errors/") == []
