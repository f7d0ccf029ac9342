# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.entries import ALL_ENABLED, PENDING, Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.file import WRITE
from ansible_collections.adverity.management.plugins.module_utils._requeue import report as _report
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings as _bindings
from ansible_collections.adverity.management.plugins.module_utils._spec import times


@pytest.fixture
def path(tmp_path):
    return tmp_path / "requeue.sqlite3"


@pytest.fixture
def filled(path, scripted, monkeypatch):
    """Binding 5: one of each; 6: planned; 7, of another datastream: a plan alone; all enabled: one sent."""
    ticks = itertools.count()
    monkeypatch.setattr(times, "now", lambda: f"2026-02-01T00:00:{next(ticks):02}Z")
    with Ledger(str(path), scripted.host, WRITE) as ledger:
        rows = [(5, 1), (5, 2), (5, 3), (6, 3)]
        entries = [Entry(binding, one, 456, f"2026-01-0{one}T00:00:00Z", PENDING, None) for binding, one in rows]
        ledger.plan([*entries, Entry(ALL_ENABLED, 9, None, None, PENDING, None)], {5: 456, 6: 456}, {5: [("2026-01-09T00:00:00Z", None)]}, taken_up=True)
        ledger.plan([], {7: 457}, {}, taken_up=False, updated={7: "2026-01-31T00:00:00Z"})
        ledger.dispatched(ledger.intend([5], [1, 2]), but=[2])
        ledger.dispatched(ledger.intend([ALL_ENABLED], [9]))
    return path


@pytest.fixture
def report(scripted, path):
    def ask(**options):
        plain = dict.fromkeys(("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id"))
        return _report.report(scripted, {**plain, "ledger": str(path), "summary_only": False, **options})

    return ask


def found(result):
    return [(row["binding_id"], row["extract_id"]) for row in result["extracts"]]


def test_everything(filled, report):
    result = report()
    assert result["changed"] is False
    assert result["extracts"] == [
        {"extract_id": 9, "datastream_id": None, "binding_id": None, "status": "dispatched", "dispatched_at": "2026-02-01T00:00:04Z"},
        {"extract_id": 1, "datastream_id": 456, "binding_id": 5, "status": "dispatched", "dispatched_at": "2026-02-01T00:00:02Z"},
        {"extract_id": 2, "datastream_id": 456, "binding_id": 5, "status": "unknown", "dispatched_at": None},
        {"extract_id": 3, "datastream_id": 456, "binding_id": 5, "status": "pending", "dispatched_at": None},
        {"extract_id": 3, "datastream_id": 456, "binding_id": 6, "status": "pending", "dispatched_at": None},
    ]
    assert result["counts"] == {"pending": 2, "dispatched": 2, "unknown": 1}
    none = {"pending": 0, "dispatched": 0, "unknown": 0, "planned_at": None, "updated": None, "self_loading": []}
    assert result["backfills"] == [
        {**none, "binding_id": None, "datastream_id": None, "dispatched": 1, "finished": True},
        {
            **none, "binding_id": 5, "datastream_id": 456, "pending": 1, "dispatched": 1, "unknown": 1, "finished": False,
            "self_loading": [{"since": "2026-01-09T00:00:00Z", "until": None}],
        },
        {**none, "binding_id": 6, "datastream_id": 456, "pending": 1, "finished": False},
        {**none, "binding_id": 7, "datastream_id": 457, "planned_at": "2026-02-01T00:00:00Z", "updated": "2026-01-31T00:00:00Z", "finished": False},
    ]
    assert (result["in_progress"], result["ledger"]) == (False, str(filled))
    json.dumps(result)


@pytest.mark.parametrize(
    ("options", "extracts", "bindings"),
    [
        ({"extract_ids": [3]}, [(5, 3), (6, 3)], [5, 6, 7]),
        ({"binding_ids": [6]}, [(6, 3)], [6]),
        ({"binding_ids": [7]}, [], [7]),
        ({"datastream_ids": [456]}, [(5, 1), (5, 2), (5, 3), (6, 3)], [5, 6]),
        ({"datastream_ids": [457]}, [], [7]),
        ({"datastream_ids": [456], "binding_ids": [6, 7]}, [(6, 3)], [6]),
        ({"created_from": "2026-01-02T00:00:00Z", "created_to": "2026-01-02T00:00:00Z"}, [(None, 9), (5, 2)], [None, 5, 6, 7]),
        ({"extract_ids": [99]}, [], [5, 6, 7]),
    ],
)
def test_what_is_chosen(filled, report, options, extracts, bindings):
    result = report(**options)
    assert found(result) == extracts
    assert [row["binding_id"] for row in result["backfills"]] == bindings
    assert sum(result["counts"].values()) == len(extracts)


def expect_bindings(scripted, *ids):
    rows = [{"id": one, "datastream_id": 456, "target_id": 789} for one in ids]
    scripted.expect("GET", _bindings.PATH, {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": rows, "count": len(rows)})


@pytest.mark.parametrize(("options", "extracts"), [({}, [(6, 3)]), ({"binding_ids": [5, 6]}, [(6, 3)]), ({"binding_ids": [5]}, [])])
def test_a_target_is_looked_up(filled, report, scripted, options, extracts):
    expect_bindings(scripted, 6, 8)
    result = report(target_id=789, **options)
    assert found(result) == extracts
    assert [row["binding_id"] for row in result["backfills"]] == [binding for binding, _extract in extracts]


def test_a_target_without_bindings_is_an_error(filled, report, scripted):
    expect_bindings(scripted)
    with pytest.raises(InputError, match="No binding found among the bindings this key can see with target_id 789"):
        report(target_id=789)


def test_a_summary_is_the_same_without_the_extracts(filled, report):
    assert report(summary_only=True) == dict(report(), extracts=[])


def test_where_there_is_no_ledger_nothing_is_known_and_nothing_is_made(report, path, tmp_path):
    result = report(binding_ids=[5])
    assert (result["extracts"], result["backfills"], result["in_progress"]) == ([], [], False)
    assert result["counts"] == {"pending": 0, "dispatched": 0, "unknown": 0}
    assert list(tmp_path.iterdir()) == []


def test_no_byte_is_written(filled, report, tmp_path):
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    report()
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_run_at_work_is_seen(path, scripted, report, fork):
    def work(child):
        with Ledger(str(path), scripted.host, WRITE) as ledger:
            ledger.plan([Entry(5, 1, 456, None, PENDING, None)], {5: 456}, {}, taken_up=True)
            ledger.intend([5], [1])
            child.say("at work")
            child.wait()

    child = fork(work)
    assert child.hear() == "at work"
    result = report()
    assert (result["in_progress"], result["counts"]["unknown"]) == (True, 1)
    child.go()
    child.end()
    assert report()["in_progress"] is False


def test_a_damaged_ledger_is_named(report, path):
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(LedgerError, match="requeue.sqlite3 cannot be used"):
        report()
