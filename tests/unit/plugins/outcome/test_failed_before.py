# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts whose load is recorded as failed, and what becomes of them: they are sent again, here or in Adverity, or retention deletes them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import REQUEUE
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import KEY
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import FAILED, LABELS, created, ids_of, outcomes, world
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport


@pytest.fixture(name="begin_failed")
def fixture_begin_failed(begin_requeues):
    """Begins a scene in which the load of extract 102 into binding 12 is recorded as failed, and its cause is corrected."""

    def begin(**switches):
        scene = begin_requeues(world(enabled=(2, 3)), **switches)
        scene.make_loads_fail(102)
        scene.send(target_id=2)
        scene.pass_time(60)
        assert outcomes(scene.look(state_labels=LABELS))[12, 102] == "failed"
        scene.service.world.failing.clear()
        scene.forget()
        return scene

    return begin


ALL = [101, 102, 103]


def send_by_hand(scene, wait=60):
    """Somebody requeues extract 102 in Adverity. It leaves no trace in the log of requests."""
    body = json.dumps({"extract_ids": [102], "binding_ids": [12]}).encode()
    SimulatorTransport(scene.service).send(Request("POST", REQUEUE, {}, {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"}, body))
    del scene.service.requests[-1]
    scene.pass_time(wait)


def send_again(scene, check_mode=False, **options):
    """What a run sends, and its result."""
    scene.forget()
    result = scene.send(check_mode, binding_ids=[12], state_labels=LABELS, **options)
    return scene.sent(), result


@pytest.mark.parametrize(("options", "sent"), [({"on_failed": "requeue"}, [102]), ({"force": True}, ALL)], ids=str)
def test_failed_extract_is_sent_again_on_demand_and_settled_by_a_later_load(begin_failed, options, sent):
    scene = begin_failed()
    assert send_again(scene, True, **options)[1]["requeued_extract_ids"] == sent
    assert send_again(scene, **options)[0] == [sent]
    assert scene.statuses()[12, 102] == "dispatched"
    assert ids_of(send_again(scene, on_failed="requeue")[1]) == {"skipped": ALL}
    assert outcomes(scene.look(wait=60))[12, 102] == "loaded"
    assert [event.kind for event in scene.events(102)] == [EventKind.DISPATCHED, EventKind.FAILED, EventKind.DISPATCHED, EventKind.LOADED]


def test_failed_extract_fails_the_run_with_on_failed_fail_after_everything_else(begin_failed):
    scene = begin_failed()
    scene.add_extract(105, created(9))
    posts, result = send_again(scene, on_failed="fail")
    assert (posts, result["unfinished"], result["failed_extract_ids"]) == ([[105]], True, [102])
    assert result["msg"].startswith("Sent in this run: 1 extract; done before: 2. Still open: The load of extracts 102 failed.")
    assert FAILED.format(102) in result["msg"]


def test_failed_extract_is_named_by_a_run_that_has_nothing_else_to_do(begin_failed):
    result = send_again(begin_failed(), backfill="when_needed")[1]
    assert ids_of(result) == {"skipped": [101, 103], "failed": [102]}
    assert FAILED.format(102) in result["warnings"][0]


@pytest.mark.parametrize("on_failed", ["skip", "fail", "requeue"])
@pytest.mark.parametrize(
    "switches",
    [{}, {"requeue_processing": "never"}, {"acknowledged_issues": "hidden"}, {"state_labels": "older"}, {"state_labels": "translated"}],
    ids=str,
)
def test_failed_extract_that_somebody_has_sent_again_in_adverity_is_settled_and_not_sent(begin_failed, on_failed, switches):
    scene = begin_failed(**switches)
    send_by_hand(scene)
    for check_mode in (True, False):
        posts, result = send_again(scene, check_mode, on_failed=on_failed)
        assert (posts, result["failed"], result["requeued_extract_ids"], result["failed_extract_ids"]) == ([], False, [], [])
    assert scene.statuses()[12, 102] == "dispatched"
    assert (12, 102) in scene.seen_loaded()
    posts, result = send_again(scene, on_failed="requeue")
    assert (posts, result["skipped_extract_ids"]) == ([], ALL)


def test_failed_extract_that_adverity_is_processing_again_is_not_sent_by_this_run(begin_failed):
    scene = begin_failed()
    send_by_hand(scene, wait=5)
    posts, result = send_again(scene, on_failed="requeue")
    assert (posts, result["failed_extract_ids"], scene.statuses()[12, 102]) == ([], [102], "failed")
    assert "Adverity is still loading them: extracts 102 for binding 12. They are not sent in this run." in result["warnings"][0]
    scene.pass_time(60)
    assert send_again(scene, on_failed="requeue")[0] == []
    assert scene.statuses()[12, 102] == "dispatched"


def test_failed_extract_whose_label_said_loaded_when_its_load_failed_is_sent(begin_failed):
    scene = begin_failed(failed_reload="keeps")
    scene.make_loads_fail(101)
    send_again(scene, extract_ids=[101], force=True)
    scene.pass_time(60)
    assert [outcomes(scene.look(extract_ids=[101]))[12, 101] for _time in range(2)] == ["failed"] * 2
    scene.service.world.failing.clear()
    assert send_again(scene, on_failed="requeue")[0] == [[101, 102]]


def test_failed_extract_that_is_no_longer_listed_is_named_until_the_user_settles_it(begin_failed):
    scene = begin_failed()
    scene.service.change({"remove": {"extracts": [102]}})
    for check_mode in (True, False):
        posts, result = send_again(scene, check_mode, on_failed="fail")
        assert (posts, result["failed_extract_ids"]) == ([], [102])
        assert "Failed, but not in the API's list of extracts now: extracts 102 for binding 12. They cannot be sent any more." in result["msg"]
        assert "Still open: The load of extracts 102 failed." in result["msg"]
    result = send_again(scene, on_failed="skip")[1]
    assert (result["failed"], result["failed_extract_ids"], len(result["warnings"])) == (False, [], 1)
    assert "The ledger records that, and later runs do not list them." in result["warnings"][0]
    entry = scene.entries()[12, 102]
    assert (entry.status.value, entry.reason) == ("failed", "it is no longer in the API's list of extracts")
    result = send_again(scene, on_failed="fail")[1]
    assert (result["failed"], result["warnings"]) == (False, [])
    assert (12, 102) not in outcomes(scene.look())


def test_refused_extract_that_is_no_longer_listed_is_named_until_the_user_settles_it(begin_failed):
    scene = begin_failed()
    refused = scene.fetch(199, 1)
    scene.service.change({"refuse": [refused]})
    send_again(scene, extract_ids=[refused], force=True, on_refused="skip")
    scene.service.change({"accept": [refused]}, {"remove": {"extracts": [refused]}})
    assert scene.statuses()[12, refused] == "refused"
    named = f"Refused, but not in the API's list of extracts now: extracts {refused} for binding 12. They cannot be sent any more."
    for on_refused, is_named in (("fail", True), ("fail", True), ("skip", True), ("skip", False)):
        assert any(named in warning for warning in send_again(scene, on_refused=on_refused)[1]["warnings"]) is is_named


def test_failed_extract_whose_loaded_label_another_request_may_explain_is_unknown(begin_failed):
    scene = begin_failed()
    scene.send(extract_ids=[102], binding_ids=[13])
    scene.pass_time(60)
    assert outcomes(scene.look(binding_ids=[12]))[12, 102] == "failed"
    assert send_again(scene, on_failed="skip")[1]["failed_extract_ids"] == [102]
    posts, result = send_again(scene, on_failed="requeue")
    assert (posts, result["unknown_extract_ids"], scene.statuses()[12, 102]) == ([], [102], "failed")
    assert send_again(scene, on_failed="requeue", on_unknown="requeue")[0] == [[102]]


@pytest.mark.parametrize(("on_failed", "wait"), [("fail", 60), ("warn", 0), ("requeue", 60)])
def test_role_settles_a_failed_extract_that_is_no_longer_listed(begin_requeues, on_failed, wait):
    scene = begin_requeues(world(enabled=(), disabled=(2,)))
    scene.make_loads_fail(102)
    scene.deploy(target_id=2)
    scene.pass_time(60)
    scene.look()
    scene.service.change({"remove": {"extracts": [102]}})
    if on_failed == "fail":
        assert "Failed, but not in the API's list of extracts now" in scene.role_failure(target_id=2, on_failed=on_failed, wait=wait)["msg"]
        scene.deploy(target_id=2, on_failed="warn", wait=wait)
    else:
        scene.deploy(target_id=2, on_failed=on_failed, wait=wait)
    scene.deploy(target_id=2, on_failed="fail", wait=wait)
