# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens without a caller, now and scripted: people who switch bindings, fetches, loads that take time, jobs, issues, retention, the clock."""

from __future__ import annotations

import pytest
from adverity_simulator import parse_time

BINDINGS, EXTRACTS, REQUEUE, JOBS, ISSUES = "/api/v1/bindings/", "/api/extracts/", "/api/v1/extracts/requeue/", "/api/jobs/", "/api/errors/"
PAST = f"{JOBS}?start=2025-01-01"


@pytest.fixture(name="ask")
def fixture_ask(start, small):
    """A Client with the small world."""
    return start(small)


def self_loads(ask):
    """What has loaded by itself, as (extract, binding)."""
    return [(row["extract_id"], row["binding_id"]) for row in ask.simulator.self_loads]


def requeue(ask):
    assert ask("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [5]}).status == 200


# --- the clock ---

def test_clock_that_goes_back_leaves_the_bindings_as_they_are(ask):
    off = {"switch": {"binding_id": 5, "enabled": False}}
    ask.simulator.change({"clock": {"forward": 3600}}, off, {"clock": {"forward": -2400}}, {"fetch": {"datastream_id": 1}})
    assert self_loads(ask) == []
    assert ask("PATCH", f"{BINDINGS}5/", {"enabled": True}).status == 200
    ask.simulator.fetch(1)
    assert self_loads(ask) == [(105, 5)]


# --- people and fetches ---

def test_fetch_at_a_time_loads_into_the_bindings_that_were_enabled_then(ask):
    simulator = ask.simulator
    for second, enabled in ((10, False), (20, True), (20, False), (30, True)):
        simulator.switch_binding(5, enabled, f"2026-01-01T00:00:{second}Z")
    for number, second in enumerate(("09.999", "10", "19.999", "20", "29.999", "30"), 300):
        simulator.fetch(1, number, f"2026-01-01T00:00:{second}Z")
    assert self_loads(ask) == [(300, 5), (305, 5)]
    assert simulator.world.bindings[5]["updated"] == "2026-01-01T00:00:30Z"
    assert simulator.world.now() == parse_time("2026-01-01T00:00:00Z"), "a time that is given moves the clock"


@pytest.mark.parametrize(("change", "message"), [
    ({"switch": {"binding_id": 7, "enabled": True}}, "no binding 7"), ({"switch": {"binding_id": 5}}, "enabled is due"),
    ({"switch": {"binding_id": 5, "enabled": True, "at": "2025-12-31T00:00:00Z"}}, "switched after"),
    ({"fetch": {"datastream_id": 2}}, "there is no datastream 2"), ({"fetch": {"datastream_id": 1, "id": 101}}, "101 is there already"),
    ([{"refuse": [101]}, {"fetch": {"datastream_id": 1, "at": "noon"}}], "'noon' is not a time"),
    ({"edit": {"bindings": [{"id": 7}]}}, "there is no 7 in bindings"), ({"refuse": 101}, "a list of ids"),
    ({"add": {"extracts": {}}}, "a list is due"), ({"clock": {"step": -1}}, "step"), ({"clock": {"later": 1}}, "clock"),
    ({"colour": 1}, "an object of remove, add"), ({"fail": [{"extract": 1}]}, "failing"), ({"loading": {"load_seconds": -1}}, "load_seconds"),
])
def test_change_that_makes_no_sense_is_refused(ask, change, message):
    ask.simulator.switch_binding(5, True, "2026-01-01T00:00:00Z")
    assert message in ask.refuses("changes", change)


def test_loads_over_http_are_listed_by_time_with_those_by_themselves(ask):
    ask.simulator.change({"loading": {"load_seconds": 60}}, {"fail": [{"extract_id": 104}]}, {"fetch": {"datastream_id": 1}})
    requeue(ask)
    ask.later(59)
    ask.simulator.fetch(1, at="2026-01-01T00:00:01.500000Z")
    assert [[row[name] for name in ("extract_id", "binding_id", "request", "state")] for row in ask.control("GET", "loads")] == [
        [104, 5, None, "failed"], [105, 5, None, "queued"], [101, 5, 1, "queued"]]


# --- loads, jobs, issues ---

def test_job_of_a_fetch_runs_while_its_extract_is_processed(ask):
    ask.simulator.change({"loading": {"process_seconds": 60}}, {"fetch": {"datastream_id": 1}})
    ask.later(30)
    (row,) = ask("GET", JOBS).rows
    assert [row[name] for name in ("state", "state_label", "job_end", "progress")] == [1, "Running", None, 0.5]
    extract = ask("GET", EXTRACTS).rows[0]
    assert (extract["metadata"]["origin_job_id"], extract["state_label"]) == (row["id"], "Processing")


def test_failed_fetch_makes_an_issue_and_discards_what_follows(ask):
    add = [{"id": 7, "datastream_id": 1, "scheduled": "2026-01-01T00:00:00Z", "start": "2026-01-01T01:00:00Z"},
           {"id": 8, "datastream_id": 1, "scheduled": "2026-01-02T00:00:00Z"}]
    ask.simulator.change({"add": {"jobs": add}}, {"fetch": {"datastream_id": 1, "fails": True}})
    assert {row["id"]: row["state_label"] for row in ask("GET", PAST).rows} == {7: "Discarded", 8: "Scheduled", 9: "Failed"}
    (issue,) = ask("GET", f"{ISSUES}?datastream_id=1").rows
    assert (issue["extraction_stage_label"], issue["extract"], issue["ack"]) == ("Fetch", None, False)
    assert issue["job"]["url"].endswith("/api/jobs/9/")
    assert ask("GET", f"{JOBS}9/").body["issues"] == [
        {"message": "Job 9 failed to fetch.", "type_label": "Error", "extraction_stage_label": "Fetch", "url": f"{ask.simulator.url}/api/errors/1/"}]
    assert len(ask.simulator.world.extracts) == 3


def test_job_that_is_stopped_loads_nothing(start, small):
    ask = start({**small, "load_seconds": 10}, switches={"load_jobs": "request"})
    requeue(ask)
    assert ask("POST", f"{JOBS}1/stop", {}).body["state_label"] == "Cancelled"
    assert [ask("POST", f"{JOBS}{number}/stop", {}).status for number in (1, 2)] == [400, 404]
    ask.later(20)
    assert (ask.simulator.holds, ask.simulator.failed) == (set(), {(101, 5)})


def test_jobs_and_issues_of_other_workspaces_are_not_shown(start):
    ask = start()
    ask.simulator.fetch(456, fails=True)
    key = {"key": "americas-key-0123456789"}
    assert [ask("GET", f"{path}datastream_id=456").body["count"] for path in (f"{PAST}&", f"{ISSUES}?")] == [1, 3]
    assert [ask("GET", path, **key).body["count"] for path in (PAST, ISSUES)] == [0, 0]
    assert [ask("GET", path, **key).status for path in (f"{JOBS}1/", "/api/datastreams/456/jobs/")] == [404, 404]
    assert [ask("GET", f"{PAST}&datastream_id=456&stack={number}").body["count"] for number in (2, 3)] == [1, 0]


# --- scripts ---

def test_script_over_http_changes_the_world_before_its_request(ask):
    row = {"method": "GET", "path": "extracts", "skip": 1, "times": 1, "when": "before", "changes": [{"remove": {"extracts": [101]}}]}
    assert ask.control("POST", "scripts", row) == [{**row, "matches": 0, "fired": 0}]
    assert [ask("GET", EXTRACTS).body["count"] for _request in range(3)] == [3, 2, 2]
    assert [(script["matches"], script["fired"]) for script in ask.control("GET", "scripts")] == [(3, 1)]
    ask.control("POST", "reset")
    assert ask.control("GET", "scripts") == []
