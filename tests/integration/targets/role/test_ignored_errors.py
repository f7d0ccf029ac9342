# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a play ignores errors, the role stops at the step that failed, and its summary says what is so."""

from __future__ import annotations

from adverity_harness.runs import role
from adverity_harness.worlds import World

FORBIDDEN = {"code": 403, "body": {"detail": "Forbidden."}}
LATER = "Correct the cause and run it again. What was done is not done twice"


def ignoring(**variables):
    """A task that imports the role, and goes on where it fails."""
    task = role(**variables)
    task["ansible.builtin.import_role"] = task.pop("ansible.builtin.include_role")
    return {**task, "ignore_errors": True}


def summaries(run):
    """The lines of each summary of a run."""
    return [result["msg"] for result in run.of("Sum up")]


def three():
    """Three datastreams with a disabled binding each."""
    world = World()
    for number in range(3):
        world.datastream(456 + number, extracts=2).binding(123 + number, 456 + number)
    return world


def test_a_binding_that_could_not_be_enabled_is_not_called_enabled(begin):
    scene = begin(three())
    scene.service.fault(method="PATCH", skip=1, status=FORBIDDEN)
    run = scene.play([ignoring(target_id=789), ignoring(target_id=789)])
    first, second = summaries(run)
    assert [line.split(" - ")[-1] for line in first] == [
        "Destination 789, Destination no. 789",
        "Failed while writing the bindings, see the error. The later steps did not run",
        "enabled now, history not sent",
        "not enabled, history not sent",
        "not enabled, history not sent",
        LATER,
    ]
    assert [line.split(" - ")[-1] for line in second][:4] == [
        "Destination 789, Destination no. 789", "enabled before, 2 extracts sent", "enabled now, 2 extracts sent", "enabled now, 2 extracts sent",
    ]  # fmt: skip
    assert run.custom["deploy_destination"]["extract_count"] == 6
    assert "failed_step" not in run.custom["deploy_destination"]
    assert scene.enabled() == [123, 124, 125]


def test_a_request_that_failed_leaves_its_datastreams_disabled(begin):
    world = three()
    scene = begin(world)
    scene.service.fault(method="POST", skip=1, status=FORBIDDEN)
    uuid = next(row for row in scene.service.world.datastreams.values() if row["id"] == 456)["uuid"]
    run = scene.play([ignoring(target_id=789, datastream_uuids=[uuid], datastream_enabled=True, batch_size=1)])
    (lines,) = summaries(run)
    assert "Failed while sending the history, see the error. The later steps did not run" in lines
    assert "datastream 456, binding 123 - enabled now, 1 extracts sent, 1 not sent yet" in lines
    assert "datastream 457, binding 124 - enabled now, 0 extracts sent, 2 not sent yet" in lines
    assert not [row for row in scene.writes() if row["path"] == "/api/v1/datastreams/"], "its first fetch would come before its history"
    assert run.custom["deploy_destination"]["failed_step"] == "send"


def test_nothing_is_enabled_without_a_plan_in_the_ledger(begin):
    scene = begin(three())
    (scene.folder / "text").write_text("no folder")
    run = scene.play([ignoring(target_id=789, ledger=str(scene.folder / "text" / "requeue.sqlite3"))])
    assert summaries(run) == [["Nothing was done, because the deployment could not be planned. See the error above"]]
    assert run.custom["deploy_destination"] == {"failed_step": "plan"}
    assert scene.writes() == []
