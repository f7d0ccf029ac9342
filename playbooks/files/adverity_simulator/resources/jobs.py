# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs and issues (the older API, as other clients have seen it)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from ..calls import ID, Call, Refusal, reached_datastreams
from ..fields import REQUIRED, Fields, Kind, day, flag, moment, one_of, or_null, text, whole
from ..loading import is_acknowledged, job_state
from ..older import listed, not_found
from ..values import Row, exact_time, format_time, parse_time

STATE_NUMBERS = {"Scheduled": 0, "Running": 1, "Success": 2, "Failed": 3, "Cancelled": 4, "Discarded": 5, "Stale": 6}  # made up, but for 1


def _datastream(call: Call, identity: int) -> Row:
    row = call.world.datastreams[identity]
    stack = call.world.workspaces[row["workspace"]]
    return {"id": identity, "name": row["name"],
            "stack": {"id": stack["stack_id"], "name": stack["name"], "slug": stack["slug"]}}


def _moment(text: str | None) -> str | None:
    return format_time(parse_time(text)) if text else None


def _seconds(start: str | None, end: str | None) -> float | None:
    return (parse_time(end) - parse_time(start)).total_seconds() if start and end else None


def _labels(call: Call, issue: Row) -> Row:
    """The labels of an issue."""
    stages = {"fetch": "Fetch", "transform": "Transform", "load": call.switches["load_stage_label"]}
    return {"type_label": issue["type"].capitalize(), "extraction_stage_label": stages[issue["stage"]], "error_cause_label": issue["cause"]}


def job_row(call: Call, job: Row) -> Row:
    """A job as it is now. Times that are to come are not told."""
    now, state = call.world.now(), job_state(call.world, job, call.world.now())
    begun = job["start"] if job["start"] and parse_time(job["start"]) <= now and state != "Discarded" else None
    ended = job["end"] if begun and state not in ("Running", "Scheduled") else None
    place = f"{call.base_url}/api/jobs/{job['id']}/"
    issues = [{"message": issue["message"], **_labels(call, issue), "url": f"{call.base_url}/api/errors/{issue['id']}/"}
              for issue in call.world.issues.values() if issue["job_id"] == job["id"] and parse_time(issue["start"]) <= now]
    for issue in issues:
        issue.pop("error_cause_label", None)
    progress = 0.0 if not begun else 1.0 if ended else _share(job, now)
    row = {"id": job["id"], "url": place, "type": "Fetch" if job["type"] == "fetch" else call.switches["load_job_type"],
           "job_start": _moment(begun), "job_end": _moment(ended), "range_start": job["range_start"], "range_end": job["range_end"],
           "scheduled": _moment(job["scheduled"]), "progress": progress, "duration": _seconds(begun, ended), "state": STATE_NUMBERS[state],
           "state_label": state, "manual": job["manual"], "issues": issues, "datastream": _datastream(call, job["datastream_id"])}
    if job["type"] != "fetch" and call.switches["load_job_datastream"] == "absent":
        del row["datastream"]
    return row


def _share(job: Row, now: datetime) -> float:
    if not job["end"]:
        return 0.5
    whole = _seconds(job["start"], job["end"]) or 1.0
    return round((now - parse_time(job["start"])).total_seconds() / whole, 2)


def _bound(call: Call, name: str) -> datetime | None:
    text = call.last(name)
    try:
        return None if text is None else parse_time(text)
    except ValueError:
        raise Refusal(400, {name: ["Enter a valid date/time."]}) from None


def _number(call: Call, name: str) -> int | None:
    text = call.last(name)
    if text is not None and not re.fullmatch(r"\d{1,18}", text):
        raise Refusal(400, {name: ["Enter a number."]})
    return None if text is None else int(text)


def list_jobs(call: Call) -> Row:
    """GET /api/jobs/ and /api/datastreams/{id}/jobs/: without `start` only what is scheduled or running. The order is that of `scheduled`."""
    world, reached = call.world, reached_datastreams(call)
    datastream_id = int(call.arguments[0]) if call.arguments else _number(call, "datastream_id")
    if call.arguments and datastream_id not in reached:
        raise not_found()
    start, end, stack = _bound(call, "start"), _bound(call, "end"), _number(call, "stack")
    call.last("page_size")
    inclusive = call.switches["job_bounds"] == "inclusive"
    found = []
    for job in world.jobs.values():
        state, moment = job_state(world, job, world.now()), parse_time(job["start"] or job["scheduled"])
        stack_id = world.workspaces[world.datastreams[job["datastream_id"]]["workspace"]]["stack_id"]
        if job["datastream_id"] not in reached or (datastream_id is not None and job["datastream_id"] != datastream_id):
            continue
        if parse_time(job["known"]) > world.now() or (stack is not None and stack != stack_id):
            continue
        if start is None and state not in ("Scheduled", "Running"):
            continue
        if (start is not None and (moment < start or (moment == start and not inclusive))) or (
                end is not None and (moment > end or (moment == end and not inclusive))):
            continue
        found.append(job)
    found.sort(key=lambda job: (parse_time(job["scheduled"]), job["id"]), reverse=not (call.last("ordering") or "-").startswith("s"))
    return listed(call, found, lambda job: job_row(call, job))


def _job(call: Call) -> Row:
    job: Row | None = call.world.jobs.get(int(call.arguments[0]))
    if job is None or job["datastream_id"] not in reached_datastreams(call):
        raise not_found()
    return job


def show_job(call: Call) -> Row:
    """GET /api/jobs/{id}/."""
    return job_row(call, _job(call))


def stop_job(call: Call) -> Row:
    """POST /api/jobs/{id}/stop: an unfinished job is cancelled, and with it the loads that it has not ended."""
    job, now = _job(call), call.world.tick()
    if job_state(call.world, job, now) not in ("Scheduled", "Running"):
        raise Refusal(400, "The job is not running.")
    moment = exact_time(now)
    job.update(result="cancelled", end=moment, start=job["start"] if job["start"] and parse_time(job["start"]) <= now else moment)
    for load in call.world.history:
        if load.job_id == job["id"] and load.end > now:
            load.end, load.fails = now, True
    return job_row(call, job)


def list_issues(call: Call) -> Row:
    """GET /api/errors/, newest first."""
    world, reached, now = call.world, reached_datastreams(call), call.world.now()
    datastream_id = _number(call, "datastream_id")
    call.last("page_size")
    found = [issue for issue in world.issues.values()
             if issue["datastream_id"] in reached and parse_time(issue["start"]) <= now
             and (datastream_id is None or issue["datastream_id"] == datastream_id)
             and not (call.switches["acknowledged_issues"] == "hidden" and is_acknowledged(world, issue, now))]
    found.sort(key=lambda issue: (parse_time(issue["start"]), issue["id"]), reverse=True)
    return listed(call, found, lambda issue: issue_row(call, issue, now))


def issue_row(call: Call, issue: Row, now: datetime) -> Row:
    """An issue with the fields that other clients have seen."""
    world = call.world
    job, extract = world.jobs.get(issue["job_id"] or 0), world.extracts.get(issue["extract_id"] or 0)
    shown_job: Any = None
    if job:
        shown_job = {"url": f"{call.base_url}/api/jobs/{job['id']}/", "job_start": _moment(job["start"]), "range_start": job["range_start"],
                     "range_end": job["range_end"]}
    shown_extract = {"id": extract["id"], "url": f"{call.base_url}/api/extracts/{extract['id']}/"} if extract else None
    ended = issue["end"] if issue["end"] and parse_time(issue["end"]) <= now else None
    asked = call.last("show_issue_tags") in ("true", "1") or call.switches["issue_tags"] == "shown"
    return {"id": issue["id"], "start": _moment(issue["start"]), "end": _moment(ended), "duration": _seconds(issue["start"], ended),
            "message": issue["message"], **(_labels(call, issue) if asked else {}), "datastream": _datastream(call, issue["datastream_id"]),
            "extract": shown_extract if call.switches["issue_extract"] == "object" else None, "job": shown_job,
            "ack": is_acknowledged(world, issue, now), "occurrences": issue["occurrences"],
            "url": f"{call.base_url}/issues/{issue['id']}/"}


def fetch_fixed(call: Call) -> Row:
    """POST /api/datastreams/{id}/fetch_fixed/: fetches these days at once."""
    datastream_id, body = int(call.arguments[0]), call.json()
    if datastream_id not in reached_datastreams(call):
        raise not_found()
    wrong = {name: ["This field is required."] for name in ("start", "end") if not isinstance(body.get(name), str)}
    if wrong:
        raise Refusal(400, wrong)
    row = call.world.fetch(datastream_id)
    job = call.world.jobs[row["job_id"]]
    job.update(manual=True, range_start=body["start"][:10], range_end=body["end"][:10])
    return {"status": "ok", "message": "Fetch scheduled.", "start": body["start"], "end": body["end"],
            "jobs": [{"id": job["id"], "url": f"{call.base_url}/api/jobs/{job['id']}/"}]}


def _demo_range(now: datetime) -> Row:
    return {"datastream_id": 460, "range_start": str((now - timedelta(days=8)).date()), "range_end": str((now - timedelta(days=2)).date())}


def _demo_jobs(now: datetime) -> list[Row]:
    """The jobs of datastream 460, which is disabled: yesterday's fetch failed, one that was due after it was discarded, one runs."""
    def at(**before: int) -> str:
        return format_time(now - timedelta(**before))

    return [{**_demo_range(now), **job} for job in (
        {"id": 9001, "scheduled": at(days=1), "start": at(days=1), "end": at(hours=23), "result": "failed"},
        {"id": 9002, "scheduled": at(hours=23, minutes=30), "start": at(hours=22)},
        {"id": 9003, "scheduled": at(hours=5), "end": at(hours=4)},
        {"id": 9004, "scheduled": at(minutes=1), "manual": True},
    )]


def _demo_issues(now: datetime) -> list[Row]:
    """An issue of the fetch that failed, and two of loads."""
    ended, later = (format_time(now - timedelta(hours=hours)) for hours in (23, 3))
    return [{**_demo_range(now), **issue} for issue in (
        {"id": 71, "job_id": 9001, "start": ended, "stage": "fetch", "message": "The account is suspended.", "cause": "Account"},
        {"id": 72, "extract_id": 101, "datastream_id": 456, "start": later, "message": "Loading extract 101 failed."},
        {"id": 73, "extract_id": 102, "datastream_id": 456, "start": later, "type": "warning", "message": "Three rows were dropped."},
    )]


_RANGE: Fields = {"range_start": (or_null(day), None), "range_end": (or_null(day), None)}
_OF_DATASTREAM: Any = {"references": {"datastream_id": ("datastreams", "id")}, "removed_with": ("datastream_id",)}
KINDS = [
    Kind("jobs", {
        "id": (whole, REQUIRED), "datastream_id": (whole, REQUIRED), "type": (one_of("fetch", "load"), "fetch"), "scheduled": (moment, REQUIRED),
        "start": (or_null(moment), lambda row, world: row["scheduled"]), "end": (or_null(moment), None),
        "result": (one_of("success", "failed", "cancelled", "stale"), "success"), "manual": (flag, False), **_RANGE,
        "known": (moment, "2000-01-01T00:00:00Z")},  # since when the list shows it
        demo=_demo_jobs, **_OF_DATASTREAM),
    Kind("issues", {
        "id": (whole, REQUIRED), "datastream_id": (whole, REQUIRED), "extract_id": (or_null(whole), None), "job_id": (or_null(whole), None),
        "start": (moment, REQUIRED), "end": (or_null(moment), None), "stage": (one_of("fetch", "transform", "load"), "load"),
        "type": (one_of("error", "warning"), "error"), "cause": (text, "Unknown"), "message": (text, "Something failed."), "ack": (flag, False),
        "occurrences": (whole, 1), **_RANGE}, demo=_demo_issues, **_OF_DATASTREAM),
]
ROUTES = [
    ("GET", r"/api/jobs/", None, list_jobs),
    ("GET", rf"/api/jobs/{ID}", None, show_job),
    ("POST", rf"/api/jobs/{ID}stop", None, stop_job),
    ("GET", rf"/api/datastreams/{ID}jobs/", "datastream:read", list_jobs),
    ("GET", r"/api/errors/", None, list_issues),
    ("POST", rf"/api/datastreams/{ID}fetch_fixed/", "datastream:write", fetch_fixed),
]
