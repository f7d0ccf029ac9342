# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``deploy_destination_wait``, ``_on_failed`` and ``_state_labels``: a deployment that follows what it sent to its end."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import world

POST = "/api/v1/extracts/requeue/"
ISSUE = "Import - Loading extract 102 failed. (https://simulator.example/issues/1/)"
WORLD = world(extracts=3, enabled=(3,))
IN_REASON = ISSUE.replace(" - ", ": ")


def deploy(it, check_mode=False, **variables):
    """The run of the role for destination 1."""
    return role_in_process.deploy(it.run, check_mode=check_mode, ledger=it.ledger, target_id=1, **variables)


def fail_to_deploy(it, **variables):
    """What the role says when it fails."""
    with pytest.raises(AdverityError) as failed:
        deploy(it, **variables)
    return str(failed.value)


def posts(it):
    return [row["body"]["extract_ids"] for row in it.simulator.requests if row["path"] == POST]


def test_everything_is_loaded(begin):
    it = begin(WORLD)
    run = deploy(it, wait=600)
    assert run.lines == ["Destination 1, Destination 1", "datastream 1, binding 11 - enabled now, 3 extracts sent, 3 loaded"]
    assert run.data["loads"]["counts"] == {"loaded": 3, "failed": 0, "loading": 0, "unconfirmed": 0}
    assert sorted(it.simulator.arrivals) == [(101, 11), (102, 11), (103, 11)]
    assert it.waited < 600  # not to the end of the time


def test_the_next_run_asks_only_for_the_bindings(begin):
    """What the ledger records as loaded needs no look."""
    it = begin(WORLD)
    deploy(it, wait=600)
    begin = len(it.simulator.requests)
    again = deploy(it, wait=600)
    assert it.asked(begin) == [("GET", "/api/v1/bindings/")]
    assert again.lines == ["Destination 1, Destination 1 - nothing to do", "datastream 1, binding 11 - enabled before, nothing to send, 3 loaded"]
    assert again.data["changed"] is False


def test_without_wait_nothing_is_looked_at(begin):
    it = begin(WORLD)
    run = deploy(it, waits=600)
    [misspelt] = run.results["__deploy_destination_plan"]["warnings"]
    assert misspelt.startswith("deploy_destination_waits is no variable of the role")
    assert "Sent means dispatched" in run.lines[2]
    assert "loads" not in run.data
    assert not [path for _method, path in it.asked() if path in ("/api/jobs/", "/api/errors/")]


def test_check_mode_does_not_wait(begin):
    it = begin(WORLD)
    run = deploy(it, check_mode=True, wait=600)
    assert run.lines[-1] == "datastream 1, binding 11 - enable, send 3 extracts"
    assert (it.waited, posts(it)) == (0.0, [])


def test_the_time_is_over_and_the_next_run_goes_on(begin):
    it = begin(WORLD, load_seconds=300)
    run = deploy(it, wait=60)
    assert run.lines[1:] == [
        "datastream 1, binding 11 - enabled now, 3 extracts sent, 3 still loading",
        "Still loading when the time to wait was over. Run it again to look again",
    ]
    assert it.waited == 60
    again = deploy(it, wait=600)
    assert again.lines[1] == "datastream 1, binding 11 - enabled before, nothing to send, 3 loaded"
    assert posts(it) == [[101, 102, 103]]


def test_a_failed_load_fails_the_role_after_everything_else(begin):
    it = begin(WORLD)
    it.fail(102)
    said = fail_to_deploy(it, wait=600)
    assert said == (
        f"The load of 1 extract failed: 102 (extract 102, binding 11: {IN_REASON}). Correct the cause in Adverity."
        " Then set deploy_destination_on_failed: requeue to send them again, or warn to leave them out."
    )
    again = fail_to_deploy(it, wait=600)  # the ledger names it now, once
    assert again.count(IN_REASON) == 1
    assert posts(it) == [[101, 102, 103]]


def test_a_failed_load_is_a_line_with_warn(begin):
    it = begin(WORLD)
    it.fail(102)
    run = deploy(it, wait=600, on_failed="warn")
    assert run.lines == [
        "Destination 1, Destination 1",
        "datastream 1, binding 11 - enabled now, 3 extracts sent, 2 loaded, 1 failed",
        f"failed - extract 102, binding 11 - {ISSUE}",
    ]
    assert "open" not in run.data
    assert [row["extract_id"] for row in run.data["loads"]["failed"]] == [102]


def test_a_failed_load_is_sent_again_by_the_next_run(begin):
    it = begin(WORLD)
    it.fail(102)
    assert "the next run sends them again" in fail_to_deploy(it, wait=600, on_failed="requeue")
    it.simulator.change({"mend": [102]})
    run = deploy(it, wait=600, on_failed="requeue")
    assert run.lines[1] == "datastream 1, binding 11 - enabled before, 1 extracts sent, 2 done before, 3 loaded"
    assert posts(it) == [[101, 102, 103], [102]]


def test_labels_that_nobody_knows_prove_nothing_until_the_user_says_what_they_mean(begin):
    it = begin(WORLD, state_labels="translated")
    run = deploy(it, wait=600)
    assert run.lines[1].endswith("3 extracts sent, 3 unconfirmed")
    assert run.lines[2].startswith("unconfirmed - 3 extracts - ")
    assert run.lines[3].startswith("Nothing that Adverity shows tells whether the unconfirmed extracts were loaded.")
    assert list(run.data["loads"]["unconfirmed"].values()) == [[101, 102, 103]]
    known = deploy(it, wait=600, state_labels="{Gesammelt: collected, In Verarbeitung: loading, Importiert: loaded}")
    assert known.lines[1].endswith("nothing to send, 3 loaded")


@pytest.mark.parametrize(
    ("path", "fault", "said"),
    [
        ("/api/jobs/", "500 before", "GET /api/jobs/"),
        ("/api/errors/", "500 before", "GET /api/errors/"),
        ("/api/errors/", "not reached", "did not reach"),
    ],
)
def test_an_error_while_the_role_waits_comes_after_the_summary(begin, path, fault, said):
    it = begin(WORLD)
    it.faults = [("GET", path, fault)]
    with pytest.raises(AdverityError) as failed:
        deploy(it, wait=600)
    assert said in str(failed.value)
    run = failed.value.deployment
    assert run.lines[:3] == [
        "Destination 1, Destination 1",
        "Failed while looking at what became of the loads, after everything else was done",
        "datastream 1, binding 11 - enabled now, 3 extracts sent",
    ]
    assert run.lines[-2:] == ["Something is left open, see the last task", "Correct the cause and run it again. What was done is not done twice"]
    assert (run.data["extract_count"], run.data["failed_step"], run.data["open"]) == (3, "follow", [str(failed.value)])
    assert posts(it) == [[101, 102, 103]]
    again = deploy(it, wait=600)
    assert again.data["loads"]["counts"]["loaded"] == 3
    assert posts(it) == [[101, 102, 103]]


def test_an_error_while_the_role_waits_hides_nothing_that_is_open(begin):
    it = begin(WORLD)
    it.simulator.world.refused.add(102)
    it.faults = [("GET", "/api/jobs/", "500 before")]
    said = fail_to_deploy(it, wait=600, batch_size=1)
    assert "Adverity refused 1 extracts" in said
    assert "GET /api/jobs/" in said
