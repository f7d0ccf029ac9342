# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._resources import jobs
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World, moment


def row(job_id, state_label="Running", **more):
    return {"id": job_id, "state_label": state_label, "type": "Fetch", "scheduled": "2026-01-01T05:00:00Z", "datastream": {"id": 456}, **more}


@pytest.mark.parametrize(
    ("more", "finished"),
    [
        ({}, False),
        ({"state_label": "Scheduled"}, False),
        *[({"state_label": label}, True) for label in ("Success", "FAILED", "cancelled", "Discarded", "Stale")],
        ({"state_label": "Erfolgreich"}, False),
        ({"state_label": "Erfolgreich", "job_end": "2026-01-01T05:00:00Z"}, True),
        ({"state_label": "L\u00e4uft", "job_end": "2026-01-01T05:00:00Z", "state": 1}, False),
        ({"state_label": None, "job_end": None}, False),
    ],
)
def test_job_is_finished_by_its_label_or_by_an_end(more, finished):
    assert jobs.Job.from_row(row(1, **more)).finished is finished


@pytest.mark.parametrize("datastream", [{}, {"datastream": None}, {"datastream": "x"}, {"datastream": {"id": True}}])
def test_job_that_does_not_name_its_datastream_is_that_of_a_list_of_one(begin, datastream):
    scene, bare = begin(World()), {"id": 1, "type": "Import", "state_label": "Running", **datastream}
    for asked, found in (([456], [456]), ([456, 457], []), (None, [None])):
        scene.show(jobs.PATH, bare)
        assert [job.row["datastream_id"] for job in jobs.read(scene.client, asked)] == found


@pytest.mark.parametrize(
    ("datastream_ids", "filters", "ids"), [([456], [["datastream_id", "456"]], [2]), ([456, 457], [], [1, 2]), (None, [], [1, 2, 3])]
)
def test_read_asks_for_one_list_of_several_datastreams(begin, datastream_ids, filters, ids):
    world = World().datastream(456).datastream(457).datastream(458)
    world.data["jobs"] = [{"id": number, "datastream_id": 458 - number % 3, "scheduled": moment()} for number in (1, 2, 3)]
    scene = begin(world)
    assert [job.id for job in jobs.read(scene.client, datastream_ids)] == ids
    assert [request["query"] for request in scene.requests()] == [[["page_size", "100"], *filters]]


def test_bounds_are_asked_for_with_a_margin_and_decided_here(begin):
    scene = begin(World())
    starts = {1: "2026-01-01T04:59:59Z", 2: "2026-01-01T05:00:00Z", 5: "2026-01-01T06:00:01Z"}
    scene.show(jobs.PATH, *(row(number, job_start=start) for number, start in starts.items()), row(3), row(4, scheduled=None))
    found = jobs.read(scene.client, None, "2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z")
    assert [job.id for job in found] == [2, 3, 4]
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"  # these leave no margin
    jobs.read(scene.client, None, first, last)
    sent = [[["start", "2026-01-01T04:59:59Z"], ["end", "2026-01-01T06:00:01Z"]], [["start", first], ["end", last]]]
    assert [request["query"][1:] for request in scene.requests()] == sent


# Waiting


def lasting(job_id, seconds, result="success", **more):
    """A job that ends so many seconds after the wait began."""
    return {"id": job_id, "datastream_id": 456, "scheduled": moment(seconds=10), "end": moment(seconds=-seconds), "result": result, **more}


SINCE = {"start": moment(hours=1)}
# The jobs, the options beside wait and poll_interval, what is found, the pauses in seconds, and the jobs that are read one by one.
WAITS = {
    "jobs that the list shows no more": (
        [lasting(1, 10), lasting(2, 30, "failed")], {"wait": 600}, {1: "Success", 2: "Failed"}, [15, 22.5], [1, 2],
    ),
    "a job whose state is another now": (
        [lasting(1, 10, "stale"), lasting(2, 30, start=moment(seconds=-20))], {"wait": 600, "states": ["running "], **SINCE}, {1: "Stale"}, [15], [],
    ),
    "a job that appears meanwhile": (
        [lasting(1, 10), lasting(2, 30, known=moment(seconds=-10))], {"wait": 600, **SINCE}, {1: "Success", 2: "Success"}, [15, 22.5], [],
    ),
    "a job that ended before": ([lasting(1, -5)], {"wait": 600, **SINCE}, {1: "Success"}, [], []),
    "longer than there is time": ([lasting(1, 60), lasting(2, -5)], {"wait": 20, **SINCE}, {1: "Running", 2: "Success"}, [15, 5], []),
    "a job that is deleted": ([lasting(1, 60)], {"wait": 600}, {}, [15], [1]),
}  # fmt: skip


@pytest.mark.parametrize("case", WAITS)
def test_wait_follows_each_job_to_its_end(begin, case):
    rows, options, found, pauses, followed = WAITS[case]
    world = World().datastream(456)
    world.data["jobs"] = rows
    scene = begin(world)
    if case == "a job that is deleted":
        scene.service.script(path=jobs.PATH, skip=1, changes={"remove": {"jobs": [1]}})
    result = scene.run("job_info", poll_interval=15, **options)
    assert ({job["id"]: job["state_label"] for job in result["jobs"]}, scene.waits) == (found, pauses)
    assert result["unfinished"] == [number for number, label in found.items() if label == "Running"]
    assert [request["path"] for request in scene.requests() if request["path"] != jobs.PATH] == [f"{jobs.PATH}{number}/" for number in followed]


@pytest.mark.parametrize(
    ("states", "ids", "is_told"),
    [(["Running", "stale ", "DISCARDED"], [], False), (["PAUSED "], [1], False), (["Finished"], [], True), (["Finished", "Paused", "running"], [1], True)],
)
def test_wanted_state_that_nobody_knows_and_no_job_has_is_told(begin, states, ids, is_told):
    scene = begin(World())
    scene.show(jobs.PATH, row(1, "Paused", job_end="2026-01-01T00:00:00Z"))
    result = scene.run("job_info", states=states)
    assert [job["id"] for job in result["jobs"]] == ids
    assert ["state 'Finished'" in warning for warning in result["warnings"]] == [True] * is_told
