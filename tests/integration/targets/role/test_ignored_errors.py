# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a play ignores errors, and where a step leaves something open: the summary says what is so, and no later step breaks the order."""

from __future__ import annotations

import pytest
from adverity_harness.runs import role
from adverity_harness.worlds import World

FORBIDDEN = {"code": 403, "body": {"detail": "Forbidden."}}
OPEN = "Something is left open, see the last task"
SENT = ["Sent means dispatched. Adverity loads in the background. See Datastream > Activity", "for the state of each extract, and Issues for errors."]


def ignoring(**variables):
    """A task that imports the role, and goes on where it fails."""
    task = role(**variables)
    task["ansible.builtin.import_role"] = task.pop("ansible.builtin.include_role")
    return {**task, "ignore_errors": True}


def summaries(run):
    """The lines of each summary of a run."""
    return [result["msg"] for result in run.of("Show the summary")]


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
        "enabled now, 2 extracts sent",
        "not enabled, history not sent",
        "enabled now, 2 extracts sent",
        *SENT,
        OPEN,
    ]
    assert "Still open, not enabled: binding 124" in run.failures[0]["msg"]
    assert [line.split(" - ")[-1] for line in second] == [
        "Destination 789, Destination no. 789",
        "enabled before, history sent before",
        "enabled now, 2 extracts sent",
        "enabled before, history sent before",
        *SENT,
    ]
    assert run.custom["deploy_destination"]["extract_count"] == 2
    assert "open" not in run.custom["deploy_destination"]
    assert scene.enabled() == [123, 124, 125]


def test_a_request_that_failed_leaves_its_datastreams_disabled(begin):
    world = three()
    scene = begin(world)
    scene.service.fault(method="POST", skip=1, status=FORBIDDEN)
    uuid = next(row for row in scene.service.world.datastreams.values() if row["id"] == 456)["uuid"]
    run = scene.play([ignoring(target_id=789, datastream_uuids=[uuid], datastream_enabled=True, batch_size=1)])
    (lines,) = summaries(run)
    assert "datastream 456, binding 123 - enabled now, 1 extracts sent, 1 not sent yet" in lines
    assert "datastream 457, binding 124 - enabled now, 2 extracts sent" in lines
    assert "1 datastream by UUID - not enabled, because something is left open" in lines
    assert OPEN in lines
    assert not [row for row in scene.writes() if row["path"] == "/api/v1/datastreams/"], "its first fetch would come before its history"
    assert "Datastream 456, binding 123" in run.custom["deploy_destination"]["open"][0]


def test_nothing_is_enabled_without_a_plan_in_the_ledger(begin):
    scene = begin(three())
    (scene.folder / "text").write_text("no folder")
    run = scene.play([ignoring(target_id=789, ledger=str(scene.folder / "text" / "requeue.sqlite3"))])
    assert summaries(run) == [["Nothing was done, because the deployment could not be planned. See the error above"]]
    assert run.custom["deploy_destination"] == {"failed_step": "plan"}
    assert scene.writes() == []


@pytest.mark.parametrize("ignores", [True, False])
def test_loads_that_cannot_be_followed_come_after_the_summary(begin, ignores):
    scene = begin(three())
    scene.service.fault(method="GET", path="/api/jobs/", status=FORBIDDEN)
    task = (ignoring if ignores else role)(target_id=789, wait=60)
    run = scene.play([task], **({} if ignores else {"fails": True}))
    (lines,) = summaries(run)
    assert lines[1] == "Failed while looking at what became of the loads, after everything else was done"
    assert "datastream 456, binding 123 - enabled now, 2 extracts sent" in lines
    assert run.custom["deploy_destination"]["failed_step"] == "follow"
    assert "GET /api/jobs/ returned 403" in run.custom["deploy_destination"]["open"][0]
    assert "GET /api/jobs/ returned 403" in run.failures[-1]["msg"]
