# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``deploy_destination_wait``, ``_on_failed`` and ``_state_labels``: a deployment that follows what it sent to its end."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import world

ISSUE = "Import - Loading extract 102 failed. (https://simulator.example/issues/1/)"
IN_REASON = ISSUE.replace(" - ", ": ")
DESTINATION = "Destination 1, Destination no. 1"
EVERYTHING = [[101, 102, 103]]


@pytest.fixture(name="start")
def fixture_start(begin):
    """Begins a scene in which destination 1 is to be deployed, with three extracts."""
    return lambda **more: begin(world(extracts=3, enabled=(3,)), **more)


def deploy(it, check_mode=False, **variables):
    return it.deploy(check_mode, **{"target_id": 1, "wait": 600, **variables})


def fail_to_deploy(it, **variables):
    """What the role says when it fails."""
    return it.fails(**{"target_id": 1, "wait": 600, **variables})["msg"]


def test_everything_is_loaded_and_the_next_run_asks_only_for_the_bindings(start):
    it = start()
    run = deploy(it)
    assert run.lines == [DESTINATION, "datastream 1, binding 11 - enabled now, 3 extracts sent, 3 loaded"]
    assert run.data["loads"]["counts"] == {"loaded": 3, "failed": 0, "loading": 0, "unconfirmed": 0}
    assert sorted(it.service.arrivals) == [(101, 11), (102, 11), (103, 11)]
    assert it.seconds < 600  # not to the end of the time
    it.forget()
    again = deploy(it)
    assert [(row["method"], row["path"]) for row in it.requests()] == [("GET", "/api/v1/bindings/")]
    assert again.lines == [DESTINATION + " - nothing to do", "datastream 1, binding 11 - enabled before, nothing to send, 3 loaded"]
    assert again.data["changed"] is False


def test_without_wait_nothing_is_looked_at(start):
    it = start()
    run = deploy(it, wait=None, waits=600)
    [misspelt] = run.results["__deploy_destination_plan"]["warnings"]
    assert misspelt.startswith("deploy_destination_waits is no variable of the role")
    assert "Sent means dispatched" in run.lines[2]
    assert "loads" not in run.data
    assert it.requests(path="/api/jobs/") == it.requests(path="/api/errors/") == []


def test_check_mode_does_not_wait(start):
    it = start()
    assert deploy(it, check_mode=True).lines[-1] == "datastream 1, binding 11 - enable, send 3 extracts"
    assert (it.seconds, it.writes()) == (0.0, [])


def test_the_time_is_over_and_the_next_run_goes_on(start):
    it = start(load_seconds=300)
    assert deploy(it, wait=60).lines[1:] == [
        "datastream 1, binding 11 - enabled now, 3 extracts sent, 3 still loading",
        "Still loading when the time to wait was over. Run it again to look again",
    ]
    assert it.seconds == 60
    assert deploy(it).lines[1] == "datastream 1, binding 11 - enabled before, nothing to send, 3 loaded"
    assert it.sent() == EVERYTHING


def test_a_failed_load_fails_the_role_after_everything_else(start):
    it = start()
    it.fail(102)
    assert fail_to_deploy(it) == (
        f"The load of 1 extract failed: 102 (extract 102, binding 11: {IN_REASON}). Correct the cause in Adverity."
        " Then set deploy_destination_on_failed: requeue to send them again, or warn to leave them out."
    )
    assert fail_to_deploy(it).count(IN_REASON) == 1  # the ledger names it now, once
    assert it.sent() == EVERYTHING


def test_a_failed_load_is_a_line_with_warn(start):
    it = start()
    it.fail(102)
    run = deploy(it, on_failed="warn")
    assert run.lines == [
        DESTINATION,
        "datastream 1, binding 11 - enabled now, 3 extracts sent, 2 loaded, 1 failed",
        f"failed - extract 102, binding 11 - {ISSUE}",
    ]
    assert "open" not in run.data
    assert [row["extract_id"] for row in run.data["loads"]["failed"]] == [102]


def test_a_failed_load_is_sent_again_by_the_next_run(start):
    it = start()
    it.fail(102)
    assert "the next run sends them again" in fail_to_deploy(it, on_failed="requeue")
    it.service.change({"mend": [102]})
    assert deploy(it, on_failed="requeue").lines[1] == "datastream 1, binding 11 - enabled before, 1 extract sent, 2 done before, 3 loaded"
    assert it.sent() == [*EVERYTHING, [102]]


def test_labels_that_nobody_knows_prove_nothing_until_the_user_says_what_they_mean(start):
    it = start(state_labels="translated")
    run = deploy(it)
    assert run.lines[1].endswith("3 extracts sent, 3 unconfirmed")
    assert run.lines[2].startswith("unconfirmed - 3 extracts - ")
    assert run.lines[3].startswith("Nothing that Adverity shows tells whether the unconfirmed extracts were loaded.")
    assert list(run.data["loads"]["unconfirmed"].values()) == EVERYTHING
    known = deploy(it, state_labels="{Gesammelt: collected, In Verarbeitung: loading, Importiert: loaded}")
    assert known.lines[1].endswith("nothing to send, 3 loaded")


@pytest.mark.parametrize("path", ["/api/jobs/", "/api/errors/"])
@pytest.mark.parametrize("fault", [{"status": {"code": 500}}, {"drop": "before"}], ids=str)
def test_an_error_while_the_role_waits_comes_after_the_summary(start, path, fault):
    it = start()
    it.service.fault(path=path, **fault)
    with pytest.raises(AdverityError, match=f"GET {path}") as failed:
        deploy(it)
    run = failed.value.deployment
    assert run.lines[:3] == [
        DESTINATION,
        "Failed while looking at what became of the loads, after everything else was done",
        "datastream 1, binding 11 - enabled now, 3 extracts sent",
    ]
    assert run.lines[-2:] == ["Something is left open, see the last task", "Correct the cause and run it again. What was done is not done twice"]
    assert (run.data["extract_count"], run.data["failed_step"], run.data["open"]) == (3, "follow", [str(failed.value)])
    assert deploy(it).data["loads"]["counts"]["loaded"] == 3
    assert it.sent() == EVERYTHING


def test_an_error_while_the_role_waits_hides_nothing_that_is_open(start):
    it = start()
    it.service.world.refused.add(102)
    it.service.fault(path="/api/jobs/", status={"code": 500})
    said = fail_to_deploy(it, batch_size=1)
    assert "Adverity refused 1 extract," in said
    assert "GET /api/jobs/" in said
