# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook ``report`` says in its output: which lines, in which order. Each line by itself, from real runs: messages/lines.py."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._deploy import report
from ansible_collections.adverity.management.plugins.module_utils._ledger import persistence

NOT_SEEN = "If the assignment or the destination was deleted, there is nothing to do. If not, run this with a key that can see the binding"
NONE = {"dispatched": 0, "pending": 0, "unknown": 0, "refused": 0}


def binding(binding_id, target_id=789, **more):
    return {"id": binding_id, "datastream_id": binding_id + 300, "target_id": target_id, "target_name": f"DWH {target_id}", "enabled": True, **more}


def backfill(binding_id, **counts):
    return {"binding_id": binding_id, "datastream_id": binding_id + 300, **NONE, "planned_at": None, **counts}


def ledger(*backfills, **more):
    counts = {name: sum(row[name] for row in backfills) for name in NONE}
    return {"counts": counts, "backfills": list(backfills), "in_progress": False, **more}


def test_report_has_totals_then_what_needs_attention_then_each_destination():
    bindings = [binding(1), binding(2, enabled=False), binding(3, 12, target_name="evil\r\nTASK")]
    planned, partly = backfill(3, planned_at="2026-01-01"), backfill(2, planned_at="2026-01-01", dispatched=5, pending=2, refused=1)
    assert report.make(bindings, ledger(backfill(1, dispatched=60), partly, backfill(9, unknown=4), planned)) == [
        "2 destinations, 2 of 3 bindings enabled",
        "Ledger - 65 dispatched, 0 recorded, 2 pending, 4 unknown, 1 refused, 0 failed",
        "Needs attention - binding 2, datastream 302, destination 789, DWH 789 - 5 dispatched, 2 pending, 1 refused",
        "Needs attention - binding 3, datastream 303, destination 12, evil TASK - planned, not started",
        "Not seen by this key - binding 9, datastream 309 - 4 unknown",
        NOT_SEEN,
        "Destination 12, evil TASK - 1 of 1 binding enabled, 1 backfill planned",
        "Destination 789, DWH 789 - 1 of 2 bindings enabled, 65 dispatched, 2 pending, 1 refused",
    ]


@pytest.mark.parametrize("bindings", [[binding(1)], []])
def test_binding_that_is_not_listed_needs_no_attention_and_the_ledger_is_not_said_to_be_settled(bindings):
    found = ledger(backfill(9, failed=1), backfill(8, planned_at="2026-01-01"), backfill(7, dispatched=5), backfill(1, dispatched=2))
    lines = report.make(bindings, found)
    assert lines[2:5] == [
        "Not seen by this key - binding 9, datastream 309 - 1 failed",
        "Not seen by this key - binding 8, datastream 308 - planned, not started",
        NOT_SEEN,
    ]
    assert not [line for line in lines if line.startswith(("Needs attention", "Nothing in the ledger"))]


def test_outcomes_open_issues_and_jobs_stand_between_them():
    seen = [{"binding_id": number, "loaded": 3, "failed": 1, "loading": 0, "unconfirmed": 2} for number in (1, 2)]
    outcomes = {"counts": {"loaded": 3, "failed": 1}, "bindings": seen}
    issues = [
        {"id": 1, "datastream_id": 301, "message": "Old.", "ack": True},
        {"id": 2, "datastream_id": 301, "message": "Table: locked.\nTASK", "extraction_stage_label": "Import", "url": "https://acme.example/2/"},
        {"id": 3, "datastream_id": None, "message": None, "url": "javascript:alert(1)", "ack": False},
    ]
    jobs = {"jobs": [{"id": 8, "datastream_id": 301, "type": "Fetch", "state_label": "Running"}, {"id": 9, "datastream_id": 301}], "unfinished": [8]}
    shown = report.Shown(outcomes, {"issues": issues}, jobs)
    backfills = ledger(backfill(1, dispatched=6), backfill(2, dispatched=5, failed=1))
    assert report.make([binding(1), binding(2, 12)], backfills, shown)[2:] == [
        "Of what was sent - 3 loaded, 1 failed to load, 0 loading, 0 unconfirmed",
        "Needs attention - binding 2, datastream 302, destination 12, DWH 12 - 5 dispatched, 1 failed",
        "Open issue",
        "Open issue - datastream 301 - Import - Table - locked. TASK - https://acme.example/2/",
        "Under way - datastream 301 - Fetch, Running",
        "Destination 12, DWH 12 - 1 of 1 binding enabled, 5 dispatched, 1 failed, 3 loaded, 2 unconfirmed",
        "Destination 789, DWH 789 - 1 of 1 binding enabled, 6 dispatched, 3 loaded, 1 failed to load, 2 unconfirmed",
    ]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "report_file names no path on a volume"),
        ("/dev/shm/report.html", ""),
        ("/opt/none/report.html", "the folder /opt/none does not exist in the job"),
    ],
)
def test_job_of_awx_writes_no_page_where_it_would_be_lost(path, reason, monkeypatch):
    assert persistence.no_page(path) == ""
    monkeypatch.setenv("JOB_ID", "7")
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    assert persistence.no_page(path) == reason
