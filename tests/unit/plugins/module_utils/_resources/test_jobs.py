# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import clock, polling
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import jobs

PATH = jobs.PATH
ALL = jobs.Choice(None, None, None, None)


def row(job_id, state_label="Running", **more):
    return {"id": job_id, "state_label": state_label, "type": "Fetch", "scheduled": "2026-01-01T05:00:00Z", "datastream": {"id": 456}, **more}


def expect_list(client, *rows, **params):
    answer = {"count": len(rows), "next": None, "previous": None, "results": list(rows)}
    client.expect("GET", PATH, {"page_size": 100, **params}, answer=answer)


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
def test_whether_a_job_is_finished(more, finished):
    assert jobs.Job.from_row(row(1, **more)).finished is finished


def test_what_is_read_of_a_row():
    job = jobs.Job.from_row(row(7, job_start="2026-01-01T05:00:01Z", job_end=None, progress=0.5))
    assert (job.id, job.type, job.datastream_id, job.is_fetch, job.end) == (7, "Fetch", 456, True, None)
    assert job.start.isoformat() == "2026-01-01T05:00:01+00:00"
    assert job.row == {**row(7, job_start="2026-01-01T05:00:01Z", job_end=None, progress=0.5), "datastream_id": 456}


@pytest.mark.parametrize("datastream", [{}, {"datastream": None}, {"datastream": "x"}, {"datastream": {"id": True}}])
def test_a_row_that_does_not_name_its_datastream(scripted, datastream):
    bare = {"id": 1, "type": "Import", "state_label": "Running", **datastream}
    expect_list(scripted, bare, datastream_id=456)
    expect_list(scripted, bare)
    expect_list(scripted, bare)
    assert [job.datastream_id for job in jobs.read(scripted, [456])] == [456]
    assert jobs.read(scripted, [456, 457]) == []
    assert [job.row["datastream_id"] for job in jobs.read(scripted)] == [None]


def test_one_list_for_several_datastreams(scripted):
    expect_list(scripted, row(3, datastream={"id": 458}), row(2, datastream={"id": 457}), row(1))
    assert [job.id for job in jobs.read(scripted, [456, 457])] == [1, 2]


def test_bounds_are_asked_for_with_a_margin_and_decided_here(scripted):
    begun = [row(1, job_start="2026-01-01T04:59:59Z"), row(2, job_start="2026-01-01T05:00:00Z"), row(3), row(4, scheduled=None),
             row(5, job_start="2026-01-01T06:00:01Z")]  # fmt: skip
    expect_list(scripted, *begun, start="2026-01-01T04:59:59Z", end="2026-01-01T06:00:01Z")
    found = jobs.read(scripted, None, "2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z")
    assert [job.id for job in found] == [2, 3, 4]
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"  # these leave no margin
    expect_list(scripted, start=first, end=last)
    assert jobs.read(scripted, None, first, last) == []


SINCE = ALL._replace(start="2026-01-01T00:00:00Z")
# What is waited for, and how long; what is read, a list or one job by its id; what is found, and the pauses.
WAITS = {
    "a job that the list shows no more": (
        ALL, 600, [[row(1), row(2)], [row(2)], (1, row(1, "Success")), [], (2, row(2, "Failed"))], [(1, "Success"), (2, "Failed")], [15, 22.5],
    ),
    "a job whose state is another now": (
        ALL._replace(states=["Running"]), 600, [[row(1), row(2, "Scheduled")], [row(1, "Failed"), row(2, "Success")]], [(1, "Failed")], [15],
    ),
    "a job that appears meanwhile": (
        SINCE, 600, [[row(1)], [row(1, "Success"), row(2)], [row(1, "Success"), row(2, "Success")]], [(1, "Success"), (2, "Success")], [15, 22.5],
    ),
    "a job that ended before": (SINCE, 600, [[row(1, "Success")]], [(1, "Success")], []),
    "longer than there is time": (ALL, 20, [[row(1), row(2, "Success")]] * 3, [(1, "Running"), (2, "Success")], [15, 5]),
    "a job that is deleted": (ALL, 600, [[row(1)], [], (1, Refused("GET", PATH, 404, "Not found."))], [], [15]),
}  # fmt: skip


@pytest.mark.parametrize("case", WAITS)
def test_waiting_for(scripted, monkeypatch, case):
    choice, seconds, readings, found, pauses = WAITS[case]
    now, waited = [0.0], []

    def sleep(pause):
        waited.append(pause)
        now[0] += pause

    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    monkeypatch.setattr(clock, "sleep", sleep)
    for reading in readings:
        if isinstance(reading, list):
            expect_list(scripted, *reading, **({} if choice is not SINCE else {"start": "2025-12-31T23:59:59Z"}))
        else:
            scripted.expect("GET", f"{PATH}{reading[0]}/", answer=reading[1])
    jobs_found = jobs.wait(scripted, choice, polling.Pace(seconds, 15))[0]
    assert ([(job.id, job.state_label) for job in jobs_found], waited) == (found, pauses)
    assert jobs.unfinished(jobs_found) == [number for number, label in found if label == "Running"]


@pytest.mark.parametrize("answer", [[], {"id": 2}, {"id": "1"}, {}])
def test_an_answer_of_another_shape(scripted, answer):
    scripted.expect("GET", f"{PATH}1/", answer=answer)
    with pytest.raises(UnreadableAnswer, match="/api/jobs/1/"):
        jobs.read_one(scripted, jobs.Job.from_row(row(1)))


@pytest.mark.parametrize(
    ("states", "unknown"),
    [
        (None, []), (["Running", "stale ", "DISCARDED"], []), (["PAUSED "], []), (["Finished"], ["Finished"]),
        (["Finished", "Paused", "running"], ["Finished"]),
    ],
)  # fmt: skip
def test_a_wanted_state_that_nobody_knows_and_no_job_has_is_told(scripted, states, unknown):
    row = {"id": 1, "type": "Fetch", "state_label": "Paused", "job_end": "2026-01-01T00:00:00Z", "datastream": {"id": 4}}
    expect_list(scripted, row)
    found, told = jobs.wait(scripted, jobs.Choice(None, None, None, states), polling.Pace(0, 15))
    assert told == unknown
    assert len(found) == (states is None or "paused" in [state.lower().strip() for state in states])
    if told:
        assert jobs.states_warning(told) == (
            "states: no job is in state 'Finished', and this state is not known."
            " Known states are: Scheduled, Running, Success, Failed, Cancelled, Discarded, Stale."
        )
