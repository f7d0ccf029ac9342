# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts whose load is recorded as failed, and what becomes of them afterwards: somebody sends them again in Adverity, or retention deletes them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import REQUEUE
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import KEY
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import LABELS, outcomes, world
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport


@pytest.fixture(name="scene")
def fixture_scene(begin):
    """The load of extract 102 into binding 12 is recorded as failed, and its cause is corrected."""

    def make(by_role=False, **switches):
        it = begin(world(extracts=3, enabled=(3,) if by_role else (2, 3)), **switches)
        it.fail(102)
        if by_role:
            it.deploy(target_id=2)
        else:
            it.send()
        it.pass_time(60)
        assert outcomes(it.look())[12, 102] == "failed"
        it.service.world.failing.clear()
        it.forget()
        return it

    return make


def send_by_hand(it, wait=60):
    """Somebody requeues extract 102 in Adverity. It leaves no trace in the log of requests."""
    body = json.dumps({"extract_ids": [102], "binding_ids": [12]}).encode()
    SimulatorTransport(it.service).send(Request("POST", REQUEUE, {}, {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"}, body))
    del it.service.requests[-1]
    it.pass_time(wait)


def send_again(it, check_mode=False, **options):
    """What a run sends, and its result."""
    it.forget()
    result = it.run("requeue", check_mode, **{"binding_ids": [12], **options})
    return it.sent(), result


def warned(result, words):
    """The warnings, or the part of the message, that has these words."""
    return [one for one in [*result["warnings"], result.get("msg", "")] if words in one]


@pytest.mark.parametrize("on_failed", ["skip", "fail", "requeue"])
@pytest.mark.parametrize("switches", [{}, {"requeue_processing": "never"}, {"acknowledged_issues": "hidden"}, {"state_labels": "older"}], ids=str)
def test_what_somebody_has_sent_again_in_adverity_is_settled_and_not_sent(scene, on_failed, switches):
    it = scene(**switches)
    send_by_hand(it)
    posts, rehearsed = send_again(it, True, on_failed=on_failed)
    assert (posts, rehearsed["requeued_extract_ids"], rehearsed["failed_extract_ids"]) == ([], [], [])
    posts, result = send_again(it, on_failed=on_failed)
    assert (posts, result["failed"], result["failed_extract_ids"]) == ([], False, [])
    assert it.statuses()[12, 102][0] == "dispatched"
    assert (12, 102) in it.seen_loaded()
    assert outcomes(it.look())[12, 102] == "loaded"
    posts, result = send_again(it, on_failed="requeue")
    assert (posts, result["skipped_extract_ids"]) == ([], [101, 102, 103])


def test_labels_of_the_own_instance_are_understood(scene):
    it = scene()
    it.service.switches["state_labels"] = "translated"
    send_by_hand(it)
    assert send_again(it, on_failed="requeue", state_labels=LABELS)[0] == []
    assert it.statuses()[12, 102][0] == "dispatched"


def test_what_adverity_is_processing_again_is_not_sent_in_this_run(scene):
    it = scene()
    send_by_hand(it, wait=5)
    posts, result = send_again(it, on_failed="requeue")
    assert (posts, result["failed_extract_ids"]) == ([], [102])
    assert warned(result, "Adverity is still loading them: extracts 102 for binding 12. They are not sent in this run.")
    assert it.statuses()[12, 102][0] == "failed"
    it.pass_time(60)
    assert send_again(it, on_failed="requeue")[0] == []
    assert it.statuses()[12, 102][0] == "dispatched"


def test_loaded_that_another_request_may_explain_is_unknown(scene):
    it = scene()
    it.send([102], binding_ids=(13,))
    it.pass_time(60)
    assert outcomes(it.look(binding_ids=[12]))[12, 102] == "failed"
    assert send_again(it, on_failed="skip")[1]["failed_extract_ids"] == [102]
    posts, result = send_again(it, on_failed="requeue")
    assert (posts, result["unknown_extract_ids"]) == ([], [102])
    assert it.statuses()[12, 102][0] == "failed"
    assert send_again(it, on_failed="requeue", on_unknown="requeue")[0] == [[102]]


def test_a_label_that_said_loaded_when_the_load_failed_shows_nothing(scene):
    it = scene(failed_reload="keeps")
    it.fail(101)
    send_again(it, extract_ids=[101], force=True)
    it.pass_time(60)
    assert [outcomes(it.look(extract_ids=[101]))[12, 101] for _time in range(2)] == ["failed"] * 2
    it.service.world.failing.clear()
    assert send_again(it, on_failed="requeue")[0] == [[101, 102]]


def test_a_failed_extract_that_is_no_longer_listed_is_named_and_settled(scene):
    it = scene()
    it.service.world.remove("extracts", 102)
    for check_mode in (True, False):
        posts, result = send_again(it, check_mode, on_failed="fail")
        assert (posts, result["failed_extract_ids"]) == ([], [102])
        assert warned(result, "Failed, but not in the API's list of extracts now: extracts 102 for binding 12. They cannot be sent any more.")
        assert "Still open: The load of extracts 102 failed." in result["msg"]
    result = send_again(it, on_failed="skip")[1]
    assert result["failed"] is False
    assert warned(result, "The ledger records that, and later runs do not list them.")
    assert it.statuses()[12, 102] == ("failed", "it is no longer in the API's list of extracts")
    result = send_again(it, on_failed="fail")[1]
    assert (result["failed"], result["warnings"]) == (False, [])
    assert (12, 102) not in outcomes(it.look())


def test_a_refused_extract_that_is_no_longer_listed_is_named_and_settled(scene):
    it = scene()
    refused = it.fetch(199, 1)
    it.service.world.refused.add(refused)
    send_again(it, extract_ids=[refused], force=True, on_refused="skip")
    it.service.world.refused.clear()
    it.service.world.remove("extracts", refused)
    assert it.statuses()[12, refused][0] == "refused"
    for _time in range(2):
        result = send_again(it, on_refused="fail")[1]
        assert warned(result, f"Refused, but not in the API's list of extracts now: extracts {refused} for binding 12. They cannot be sent any more.")
    send_again(it, on_refused="skip")
    assert warned(send_again(it, on_refused="skip")[1], "Refused") == []


@pytest.mark.parametrize(("on_failed", "fails", "wait"), [("fail", True, 60), ("warn", False, 0), ("requeue", False, 60)])
def test_the_role_settles_a_failed_extract_that_is_no_longer_listed(scene, on_failed, fails, wait):
    it = scene(by_role=True)
    it.service.world.remove("extracts", 102)
    for _time in range(2):
        if fails:
            assert "Failed, but not in the API's list of extracts now" in it.fails(target_id=2, on_failed=on_failed, wait=wait)["msg"]
        else:
            it.deploy(target_id=2, on_failed=on_failed, wait=wait)
    it.deploy(target_id=2, on_failed="warn", wait=wait)
    it.deploy(target_id=2, on_failed="fail", wait=wait)
