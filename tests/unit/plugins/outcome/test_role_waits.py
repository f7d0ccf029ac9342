# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``deploy_destination_wait``, ``_on_failed`` and ``_state_labels``: a deployment that follows what it sent to its end."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import BINDINGS
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import FAILED, world

REASON = FAILED.format(102)
DESTINATION = "Destination 2, Destination no. 2"
EVERYTHING = [[101, 102, 103]]


@pytest.fixture(name="start")
def fixture_start(begin_requeues):
    """Begins a scene in which destination 2 is to be deployed, with three extracts."""
    return lambda **more: begin_requeues(world(enabled=(), disabled=(2,)), **more)


def deploy(scene, check_mode=False, **variables):
    return scene.deploy(check_mode, **{"target_id": 2, "wait": 600, **variables})


def fail_to_deploy(scene, **variables):
    """What the role says when it fails."""
    return scene.role_failure(**{"target_id": 2, "wait": 600, **variables})["msg"]


def test_role_waits_until_everything_is_loaded_and_the_next_run_asks_only_for_the_bindings(start):
    scene = start()
    run = deploy(scene)
    assert run.lines == [DESTINATION, "datastream 1, binding 12 - enabled now, 3 extracts sent, 3 loaded"]
    assert run.data["loads"]["counts"] == {"loaded": 3, "failed": 0, "loading": 0, "unconfirmed": 0}
    assert scene.loads(12) == [101, 102, 103]
    assert scene.seconds < 600  # not to the end of the time
    scene.forget()
    again = deploy(scene)
    assert [(row["method"], row["path"]) for row in scene.requests()] == [("GET", BINDINGS)]
    assert again.lines == [DESTINATION + " - nothing to do", "datastream 1, binding 12 - enabled before, nothing to send, 3 loaded"]
    assert again.data["changed"] is False


def test_role_in_check_mode_does_not_wait(start):
    scene = start()
    assert deploy(scene, check_mode=True).lines[-1] == "datastream 1, binding 12 - enable, send 3 extracts"
    assert (scene.seconds, scene.writes()) == (0.0, [])


def test_failed_load_fails_the_role_after_everything_else(start):
    scene = start()
    scene.make_loads_fail(102)
    assert fail_to_deploy(scene) == (
        f"The load of 1 extract failed: 102 (extract 102, binding 12: {REASON}). Correct the cause in Adverity."
        " Then set deploy_destination_on_failed: requeue to send them again, or warn to leave them out."
    )
    assert fail_to_deploy(scene).count(REASON) == 1  # the ledger names it now, once
    assert scene.sent() == EVERYTHING


def test_failed_load_is_a_line_of_the_summary_with_warn(start):
    scene = start()
    scene.make_loads_fail(102)
    run = deploy(scene, on_failed="warn")
    assert run.lines == [
        DESTINATION,
        "datastream 1, binding 12 - enabled now, 3 extracts sent, 2 loaded, 1 failed",
        f"failed - extract 102, binding 12 - {REASON.replace(': ', ' - ')}",
    ]
    assert "open" not in run.data
    assert [row["extract_id"] for row in run.data["loads"]["failed"]] == [102]


def test_failed_load_is_sent_again_by_the_next_run_with_requeue(start):
    scene = start()
    scene.make_loads_fail(102)
    assert "the next run sends them again" in fail_to_deploy(scene, on_failed="requeue")
    scene.service.change({"mend": [102]})
    assert deploy(scene, on_failed="requeue").lines[1] == "datastream 1, binding 12 - enabled before, 1 extract sent, 2 done before, 3 loaded"
    assert scene.sent() == [*EVERYTHING, [102]]


def test_load_with_labels_that_nobody_explained_is_unconfirmed_until_the_user_explains_them(start):
    scene = start(state_labels="translated")
    run = deploy(scene)
    assert run.lines[1].endswith("3 extracts sent, 3 unconfirmed")
    assert run.lines[2].startswith("unconfirmed - 3 extracts - ")
    assert list(run.data["loads"]["unconfirmed"].values()) == EVERYTHING
    explained = deploy(scene, state_labels="{Gesammelt: collected, In Verarbeitung: loading, Importiert: loaded}")
    assert explained.lines[1].endswith("nothing to send, 3 loaded")


@pytest.mark.parametrize("path", ["/api/jobs/", "/api/errors/"])
def test_error_while_the_role_waits_comes_after_the_summary(start, path):
    scene = start()
    scene.service.fault(path=path, drop="before")
    with pytest.raises(AdverityError, match=f"GET {path}") as failed:
        deploy(scene)
    run = failed.value.deployment
    assert run.lines[:3] == [
        DESTINATION,
        "Failed while looking at what became of the loads, after everything else was done",
        "datastream 1, binding 12 - enabled now, 3 extracts sent",
    ]
    assert run.lines[-2:] == ["Something is left open, see the last task", "Correct the cause and run it again. What was done is not done twice"]
    assert (run.data["extract_count"], run.data["failed_step"], run.data["open"]) == (3, "follow", [str(failed.value)])
    assert deploy(scene).data["loads"]["counts"]["loaded"] == 3
    assert scene.sent() == EVERYTHING


def test_error_while_the_role_waits_hides_nothing_that_is_open(start):
    scene = start()
    scene.service.world.refused.add(102)
    scene.service.fault(path="/api/jobs/", status={"code": 500})
    message = fail_to_deploy(scene, batch_size=1)
    assert "Adverity refused 1 extract," in message
    assert "GET /api/jobs/" in message
