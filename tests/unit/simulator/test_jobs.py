# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads that take time, jobs and issues."""

from __future__ import annotations

import pytest

JOBS, ISSUES, EXTRACTS, REQUEUE = "/api/jobs/", "/api/errors/", "/api/extracts/", "/api/v1/extracts/requeue/"
JOB = {"id", "url", "type", "job_start", "job_end", "range_start", "range_end", "scheduled", "progress", "duration", "state", "state_label", "manual",
       "issues", "datastream"}
ISSUE = {"id", "start", "end", "duration", "message", "type_label", "extraction_stage_label", "error_cause_label", "datastream", "extract", "job", "ack",
         "occurrences", "url"}
PAST = f"{JOBS}?start=2025-01-01"


@pytest.fixture(name="small_ask")
def fixture_small_ask(start, small):
    return start(small)


def later(ask, seconds):
    """Let the clock go on."""
    ask.simulator.change({"clock": {"forward": seconds}})


def labels(ask, query=PAST):
    """The states of jobs, by id."""
    return {row["id"]: row["state_label"] for row in ask("GET", query).body["results"]}


def test_a_fetch_is_a_job_and_its_extract_names_it(small_ask):
    small_ask.simulator.change({"loading": {"process_seconds": 60}}, {"fetch": {"datastream_id": 1}})
    (row,) = small_ask("GET", JOBS).body["results"]
    assert set(row) == JOB
    assert (row["type"], row["state"], row["state_label"], row["job_end"], row["progress"]) == ("Fetch", 1, "Running", None, 0.0)
    assert row["datastream"]["stack"] == {"id": 1, "name": row["datastream"]["stack"]["name"], "slug": row["datastream"]["stack"]["slug"]}
    (extract, *_others) = small_ask("GET", EXTRACTS).body["results"]
    assert (extract["metadata"]["origin_job_id"], extract["state_label"]) == (row["id"], "Processing")
    later(small_ask, 30)
    assert small_ask("GET", f"{JOBS}1/").body["progress"] == 0.5
    later(small_ask, 30)
    assert small_ask("GET", JOBS).body["count"] == 0
    row = small_ask("GET", "/api/datastreams/1/jobs/?start=2026-01-01").body["results"][0]
    assert (row["state_label"], row["job_end"], row["duration"], row["progress"]) == ("Success", "2026-01-01T00:01:01Z", 60.0, 1.0)


def test_an_extract_has_one_state_for_all_its_bindings(small_ask):
    small_ask.simulator.change({"loading": {"load_seconds": 10}}, {"fail": [{"extract_id": 101, "binding_id": 6}]})
    small_ask("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [6]})
    later(small_ask, 5)
    small_ask("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [5]})
    later(small_ask, 5)

    def state():
        return small_ask("GET", f"{EXTRACTS}?datastream_id=1").body["results"][-1]["state_label"]

    assert (state(), small_ask.simulator.failed) == ("Processing", {(101, 6)})
    later(small_ask, 10)
    assert (state(), small_ask.simulator.holds) == ("Loaded", {(101, 5)})
    assert [row["state"] for row in small_ask.simulator.loads] == ["failed", "done"]
    assert small_ask.control("GET", "holds") == [[101, 5]]
    assert small_ask.control("GET", "failed") == [[101, 6]]
    small_ask.simulator.change({"mend": [101]})
    small_ask("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [6]})
    later(small_ask, 10)
    assert small_ask.simulator.holds == {(101, 5), (101, 6)}


def test_a_failed_fetch_makes_an_issue_and_discards_what_follows(small_ask):
    add = [{"id": 7, "datastream_id": 1, "scheduled": "2026-01-01T00:00:00Z", "start": "2026-01-01T01:00:00Z"},
           {"id": 8, "datastream_id": 1, "scheduled": "2026-01-02T00:00:00Z"}]
    small_ask.simulator.change({"add": {"jobs": add}}, {"fetch": {"datastream_id": 1, "fails": True}})
    assert labels(small_ask) == {7: "Discarded", 8: "Scheduled", 9: "Failed"}
    (issue,) = small_ask("GET", f"{ISSUES}?datastream_id=1").body["results"]
    assert set(issue) == ISSUE
    assert (issue["extraction_stage_label"], issue["extract"], issue["ack"]) == ("Fetch", None, False)
    assert issue["job"]["url"].endswith("/api/jobs/9/")
    assert small_ask("GET", f"{JOBS}9/").body["issues"] == [
        {"message": "Job 9 failed to fetch.", "type_label": "Error", "extraction_stage_label": "Fetch", "url": f"{small_ask.simulator.url}/api/errors/1/"}]
    assert len(small_ask.simulator.world.extracts) == 3


def test_a_job_that_does_not_start_for_two_days_is_discarded(small_ask):
    small_ask.simulator.change({"add": {"jobs": [{"id": 7, "datastream_id": 1, "scheduled": "2026-01-01T00:00:00Z", "start": None}]}})
    later(small_ask, 2 * 86400 - 1)
    assert labels(small_ask, JOBS) == {7: "Scheduled"}
    later(small_ask, 1)
    assert labels(small_ask) == {7: "Discarded"}
    assert labels(small_ask, JOBS) == {}


def test_a_job_is_stopped_and_what_it_was_to_load_fails(start, small):
    ask = start(small, switches={"load_jobs": "request"})
    ask.simulator.change({"loading": {"load_seconds": 10}})
    ask("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [5]})
    assert ask("POST", f"{JOBS}1/stop", {}).body["state_label"] == "Cancelled"
    assert ask("POST", f"{JOBS}1/stop", {}).status == 400
    assert ask("POST", f"{JOBS}2/stop", {}).status == 404
    later(ask, 20)
    assert (ask.simulator.holds, ask.simulator.failed) == (set(), {(101, 5)})


@pytest.mark.parametrize("path", [f"{JOBS}?start=soon", f"{JOBS}?datastream_id=x", f"{JOBS}?stack=x", f"{ISSUES}?datastream_id=x"])
def test_a_bad_filter_is_400(small_ask, path):
    assert small_ask("GET", path).status == 400


def test_other_workspaces_are_not_shown(start):
    ask = start()
    ask.simulator.fetch(456, fails=True)
    key = {"headers": {"Authorization": "Bearer americas-key-0123456789"}}
    assert [ask("GET", f"{path}datastream_id=456").body["count"] for path in (f"{PAST}&", f"{ISSUES}?")] == [1, 3]
    assert [ask("GET", path, **key).body["count"] for path in (PAST, ISSUES)] == [0, 0]
    assert [ask("GET", path, **key).status for path in (f"{JOBS}1/", "/api/datastreams/456/jobs/")] == [404, 404]
    stack = next(row["stack_id"] for row in ask.simulator.world.workspaces.values() if row["name"] == "EMEA")
    assert [ask("GET", f"{PAST}&datastream_id=456&stack={number}").body["count"] for number in (stack, stack + 1)] == [1, 0]


def test_a_seed_has_jobs_and_issues_and_what_fails(start, small):
    small.update(jobs=[{"id": 3, "datastream_id": 1, "scheduled": "2025-12-31T00:00:00Z", "end": "2025-12-31T00:05:00Z", "result": "stale"}],
                 issues=[{"id": 4, "datastream_id": 1, "extract_id": 101, "job_id": 3, "start": "2025-12-31T00:05:00Z", "type": "warning"}],
                 failing=[{"extract_id": 101}, {"extract_id": 102, "binding_id": 5}], load_seconds=5, process_seconds=1)
    ask = start(small)
    assert labels(ask) == {3: "Stale"}
    assert ask("GET", ISSUES).body["results"][0]["type_label"] == "Warning"
    data = ask.simulator.world.data()
    assert data["failing"] == [{"extract_id": 101, "binding_id": None}, {"extract_id": 102, "binding_id": 5}]
    assert (data["load_seconds"], data["process_seconds"]) == (5.0, 1.0)
    ask.simulator.change({"edit": {"issues": [{"id": 4, "ack": True}]}})
    assert ask("GET", ISSUES).body["results"][0]["ack"] is True


@pytest.mark.parametrize("change", [
    {"fail": [{"extract": 1}]}, {"fail": [{"extract_id": "1"}]}, {"loading": {"seconds": 1}}, {"loading": {"load_seconds": -1}}, {"mend": ["x"]},
])
def test_a_bad_change_is_refused(small_ask, change):
    assert small_ask("POST", "/_simulator/changes", change, key=None).status == 400
