# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts whose load is recorded as failed, and what becomes of them afterwards: somebody sends them again in Adverity, or retention deletes them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, Unfinished
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import outcomes, world
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

POST = "/api/v1/extracts/requeue/"


@pytest.fixture(name="scene")
def fixture_scene(begin):
    """The load of extract 102 into binding 12 is recorded as failed, and its cause is corrected."""

    def make(by_role=False, **more):
        it = begin(world(extracts=3, enabled=(3,) if by_role else (2, 3)), **more)
        it.fail(102)
        if by_role:
            deploy(it)
        else:
            it.send()
        it.wait(60)
        assert outcomes(it.look())[12, 102] == "failed"
        it.simulator.world.failing.clear()
        return it

    return make


def deploy(it, **variables):
    return role_in_process.deploy(it.run, ledger=it.ledger, target_id=2, **variables)


def send_by_hand(it, extract_id=102, binding_id=12, wait=60):
    """Somebody requeues an extract in Adverity."""
    headers = {"Authorization": "Bearer " + in_process.KEY, "Content-Type": "application/json"}
    body = json.dumps({"extract_ids": [extract_id], "binding_ids": [binding_id]}).encode()
    SimulatorTransport(it.simulator).send(Request("POST", POST, {}, headers, body))
    it.wait(wait)


def send_again(it, check_mode=False, **options):
    """What a run sends, and its result."""
    before = len(it.simulator.requests)
    try:
        result = it.run("adverity_requeue", check_mode, **{"binding_ids": [12], **options})
    except Unfinished as error:
        result = error.result()
    return [row["body"]["extract_ids"] for row in it.simulator.requests[before:] if row["path"] == POST], result


def warned(result, words):
    """The warnings, or the part of the message, that has these words."""
    return [one for one in [*result.get("warnings", []), result.get("msg", "")] if words in one]


@pytest.mark.parametrize("on_failed", ["skip", "fail", "requeue"])
@pytest.mark.parametrize("switches", [{}, {"requeue_processing": "never"}, {"acknowledged_issues": "hidden"}, {"state_labels": "older"}], ids=str)
def test_what_somebody_has_sent_again_in_adverity_is_settled_and_not_sent(scene, on_failed, switches):
    it = scene(**switches)
    send_by_hand(it)
    posts, rehearsed = send_again(it, True, on_failed=on_failed)
    assert (posts, rehearsed["requeued_extract_ids"], rehearsed["failed_extract_ids"]) == ([], [], [])
    posts, result = send_again(it, on_failed=on_failed)
    assert (posts, "msg" in result, result["failed_extract_ids"]) == ([], False, [])
    assert it.statuses()[12, 102][0] == "dispatched"
    assert (12, 102) in it.seen_loaded()
    assert outcomes(it.look())[12, 102] == "loaded"
    posts, result = send_again(it, on_failed="requeue")
    assert (posts, result["skipped_extract_ids"]) == ([], [101, 102, 103])


def test_labels_of_the_own_instance_are_understood(scene):
    labels = {"Gesammelt": "collected", "In Verarbeitung": "loading", "Importiert": "loaded", "Importfehler": "failed"}
    it = scene()
    it.simulator.switches["state_labels"] = "translated"
    send_by_hand(it)
    assert send_again(it, on_failed="requeue", state_labels=labels)[0] == []
    assert it.statuses()[12, 102][0] == "dispatched"


def test_what_adverity_is_processing_again_is_not_sent_in_this_run(scene):
    it = scene()
    send_by_hand(it, wait=5)
    posts, result = send_again(it, on_failed="requeue")
    assert (posts, result["failed_extract_ids"]) == ([], [102])
    assert warned(result, "Adverity is still loading them: extracts 102 for binding 12. They are not sent in this run.")
    assert it.statuses()[12, 102][0] == "failed"
    it.wait(60)
    assert send_again(it, on_failed="requeue")[0] == []
    assert it.statuses()[12, 102][0] == "dispatched"


def test_loaded_that_another_request_may_explain_is_unknown(scene):
    it = scene()
    it.send([102], binding_ids=(13,))
    it.wait(60)
    assert outcomes(it.look(binding_ids=[12]))[12, 102] == "failed"
    assert send_again(it, on_failed="skip")[1]["failed_extract_ids"] == [102]
    posts, result = send_again(it, on_failed="requeue")
    assert (posts, result["unknown_extract_ids"]) == ([], [102])
    assert warned(result, "their load failed, and Adverity shows them as loaded now, but another request or an automatic load may explain that")
    assert it.statuses()[12, 102][0] == "failed"
    assert send_again(it, on_failed="requeue", on_unknown="requeue")[0] == [[102]]


def test_a_label_that_said_loaded_when_the_load_failed_shows_nothing(scene):
    it = scene(failed_reload="keeps")
    it.fail(101)
    send_again(it, extract_ids=[101], force=True)
    it.wait(60)
    assert outcomes(it.look(extract_ids=[101]))[12, 101] == "failed"
    assert outcomes(it.look(extract_ids=[101]))[12, 101] == "failed"
    it.simulator.world.failing.clear()
    assert send_again(it, on_failed="requeue")[0] == [[101, 102]]


def test_a_failed_extract_that_is_no_longer_listed_is_named_and_settled(scene):
    it = scene()
    it.simulator.world.remove("extracts", 102)
    for check_mode in (True, False):
        posts, result = send_again(it, check_mode, on_failed="fail")
        assert (posts, result["failed_extract_ids"]) == ([], [102])
        assert warned(result, "Failed, but not in the API's list of extracts now: extracts 102 for binding 12. They cannot be sent any more.")
        assert "Still open: The load of extracts 102 failed." in result["msg"]
    result = send_again(it, on_failed="skip")[1]
    assert "msg" not in result
    assert warned(result, "The ledger records that, and later runs do not list them.")
    assert it.statuses()[12, 102] == ("failed", "it is no longer in the API's list of extracts")
    result = send_again(it, on_failed="fail")[1]
    assert ("msg" in result, result["warnings"]) == (False, [])
    assert (12, 102) not in outcomes(it.look())


def test_a_refused_extract_that_is_no_longer_listed_is_named_and_settled(scene):
    it = scene()
    it.simulator.world.refused.add(103)
    it.simulator.fetch(1)
    it.simulator.world.refused.update(it.simulator.world.extracts)
    refused = max(it.simulator.world.extracts)
    send_again(it, extract_ids=[refused], force=True, on_refused="skip")
    it.simulator.world.refused.clear()
    it.simulator.world.remove("extracts", refused)
    assert it.statuses()[12, refused][0] == "refused"
    for _time in range(2):
        result = send_again(it, on_refused="fail")[1]
        assert warned(result, f"Refused, but not in the API's list of extracts now: extracts {refused} for binding 12. They cannot be sent any more.")
    send_again(it, on_refused="skip")
    assert warned(send_again(it, on_refused="skip")[1], "Refused") == []


@pytest.mark.parametrize(("on_failed", "fails", "wait"), [("fail", True, 60), ("warn", False, 0), ("requeue", False, 60)])
def test_the_role_settles_a_failed_extract_that_is_no_longer_listed(scene, on_failed, fails, wait):
    it = scene(by_role=True)
    it.simulator.world.remove("extracts", 102)
    for _time in range(2):
        if fails:
            with pytest.raises(AdverityError) as failure:
                deploy(it, on_failed=on_failed, wait=wait)
            assert "Failed, but not in the API's list of extracts now" in failure.value.result()["msg"]
        else:
            deploy(it, on_failed=on_failed, wait=wait)
    deploy(it, on_failed="warn", wait=wait)
    deploy(it, on_failed="fail", wait=wait)
