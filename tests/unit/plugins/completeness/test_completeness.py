# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every parameter that the guides document has an option that reaches the request, and every field has its return key.

The guides are those about bindings, pulling and requeue; of jobs and issues it is what other clients have seen. What changes of datastreams, filters of
datastreams and requeues step by step send stands in contract. ``Scene.run()`` compares the keys of each result with the documented ones.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import HOST

STREAM, WORKSPACE = "d5000000-0000-4000-8000-000000000459", "a0000000-0000-4000-8000-000000000004"  # LinkedIn Ads | DACH
BINDINGS, EXTRACTS, JOBS, ISSUES = "GET /api/v1/bindings/", "GET /api/extracts/", "GET /api/jobs/", "GET /api/errors/"
DATASTREAMS, BINDING, REQUEUE = "GET /api/v1/datastreams/", "PATCH /api/v1/bindings/123/", "POST /api/v1/extracts/requeue/"
IDS = {"datastream_ids": [STREAM]}
FILTERS = {"workspace_ids": [WORKSPACE], "workspace_scope": "family", "enabled": False, "active_pulling_mode": "smart"}
FILTERED = {"workspace_id": WORKSPACE, "workspace_scope": "family", "enabled": "false", "active_pulling_mode": "smart"}
# Bounds are sent a second wider, and what is beyond them is left out by the rows.
BOUNDS, BOUNDED = ("2020-01-02", "2100-01-02T10:00:00Z"), ("2020-01-01T23:59:59Z", "2100-01-02T10:00:01Z")
CREATED, CREATED_SENT = (dict(zip(("created_from", "created_to"), values)) for values in (BOUNDS, BOUNDED))
# A module with options, a request, and parameters or fields that stand in one such request.
SENT = [
    ("binding_info", {"datastream_id": 456, "target_id": 790}, BINDINGS, {"datastream_id": "456", "target_id": "790"}),
    ("binding", {"datastream_id": 456, "target_id": 790, "enabled": True}, BINDINGS, {"datastream_id": "456", "target_id": "790"}),
    ("smart_pulling_info", IDS, DATASTREAMS, {"datastream_id": STREAM}),
    ("smart_pulling_info", FILTERS, DATASTREAMS, FILTERED),
    ("smart_pulling", {"filters": FILTERS, "frequency": "daily"}, DATASTREAMS, FILTERED),
    ("extract_info", {"datastream_ids": [457], **CREATED}, EXTRACTS, {"datastream_id": "457", **CREATED_SENT}),
    ("extract_info", {"datastream_ids": [457], "limit": 2}, EXTRACTS, {"ordering": "-created"}),
    ("requeue", {"datastream_ids": [457], **CREATED}, EXTRACTS, {"datastream_id": "457", **CREATED_SENT}),
    ("requeue", {"datastream_ids": [456], "target_id": 790}, BINDINGS, {"target_id": "790"}),
    ("requeue", {"datastream_ids": [457], "binding_ids": [130], "limit": 1}, REQUEUE, {"binding_ids": [130], "sequential": True}),
    ("requeue_info", {"target_id": 790}, BINDINGS, {"target_id": "790"}),
    ("load_info", {"target_id": 790}, BINDINGS, {"target_id": "790"}),
    ("job_info", {"datastream_ids": [457]}, JOBS, {"datastream_id": "457"}),
    ("job_info", dict(zip(("start", "end"), BOUNDS)), JOBS, dict(zip(("start", "end"), BOUNDED))),
    ("issue_info", {"datastream_ids": [457], "stages": ["Fetch"]}, ISSUES, {"datastream_id": "457", "show_issue_tags": "true"}),
]

STACK = "datastream.id datastream.name datastream.stack.id datastream.stack.name datastream.stack.slug"
PULLING = "pulling.active_mode pulling.smart.is_active pulling.smart.frequency pulling.smart.refresh_range.value pulling.smart.refresh_range.unit"
# A module with options, a request, where its rows stand in the response and in the result, and the fields that both have.
RETURNED = {
    "binding_info": ({"target_id": 789}, BINDINGS, "items", "bindings",
                     "id datastream_id target_id target_name target_type enabled created updated"),
    "binding": ({"binding_ids": [123], "enabled": True}, BINDING, "", "bindings",
                "id datastream_id target_id target_name target_type enabled created updated"),
    "datastream_info": (IDS, DATASTREAMS, "items", "datastreams",
                        f"id name enabled workspace.id workspace.name pulling.smart_bundle pulling.smart.deadline.time {PULLING}"),
    "smart_pulling_info": (IDS, DATASTREAMS, "items", "smart_pulling", "name"),
    "extract_info": ({"datastream_ids": [457]}, EXTRACTS, "results", "extracts",
                     "id created name scheduled nrows ncols filesize state_label state_color metadata.origin_job_id datastream.id datastream.name"
                     " metadata.datastream_extract_range_start metadata.datastream_extract_range_end"),
    "job_info": ({"start": "2020-01-01"}, JOBS, "results", "jobs",
                 "id url type job_start job_end range_start range_end scheduled progress duration state state_label manual issues[].message"
                 f" issues[].type_label issues[].extraction_stage_label issues[].url {STACK}"),
    "issue_info": ({}, ISSUES, "results", "issues",
                   "id start end duration message type_label extraction_stage_label error_cause_label ack occurrences url extract.id extract.url"
                   f" job.url job.job_start job.range_start job.range_end {STACK}"),
}  # fmt: skip


@pytest.fixture(name="scene")
def fixture_scene(begin_demo):
    return begin_demo()


@pytest.mark.parametrize(("name", "options", "request_line", "expected"), SENT)
def test_option_reaches_the_request(scene, name, options, request_line, expected):
    result = scene.run(name, **options)
    assert not result["failed"], result["msg"]
    sent = [{**dict(row["query"]), **(row["body"] or {})} for row in scene.requests() if f"{row['method']} {row['path']}" == request_line]
    assert any({**row, **expected} == row for row in sent), sent


def values_of(row, field):
    """The values of a field such as ``issues[].message``, which has to be there unless the object around it is null."""
    name, _dot, rest = field.partition(".")
    value = row[name.removesuffix("[]")] if row else None
    values = value if name.endswith("[]") else [value]
    return [inner for one in values for inner in values_of(one, rest)] if rest else values


@pytest.mark.parametrize("name", RETURNED)
def test_documented_field_is_returned_as_it_is(scene, monkeypatch, name):
    options, request_line, there, here, fields = RETURNED[name]
    answers, send = [], Client._send

    def record(client, method, path, *more):
        answers.append((f"{method} {path}", send(client, method, path, *more)))
        return answers[-1][1]

    monkeypatch.setattr(Client, "_send", record)
    result = scene.run(name, **options)
    rows = [row for line, answer in answers if line == request_line for row in (answer[there] if there else [answer])]
    assert len(rows) == len(result[here]) > 0
    assert result.get("count", len(rows)) == len(rows)
    for field in fields.split():
        values, returned = (sorted(json.dumps(value) for row in some for value in values_of(row, field)) for some in (rows, result[here]))
        assert values == returned, field


def test_smart_schedule_is_returned_flat(scene):
    (row,), (flat,) = scene.run("datastream_info", **IDS)["datastreams"], scene.run("smart_pulling_info", **IDS)["smart_pulling"]
    smart = row["pulling"]["smart"]
    assert flat == {
        "datastream_id": row["id"], "name": row["name"], "active_mode": row["pulling"]["active_mode"],
        **{name: smart[name] for name in ("is_active", "frequency", "refresh_range")}, "deadline": (smart["deadline"] or {}).get("time"),
    }  # fmt: skip


def test_copy_returns_what_is_documented(scene, tmp_path):
    ledgers = {"source": str(tmp_path / "source"), "destination": str(tmp_path / "destination")}
    with Ledger(ledgers["source"], None, HOST, WRITE) as ledger:
        ledger.note({}, [BindingRow(5, 456, 789, 0)])
    assert scene.run("ledger_copy", **ledgers)["failed"] is False  # contract runs the other modules
