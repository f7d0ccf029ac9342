# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.plugins.module_utils._requeue import report as _report
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings as _bindings
from ansible_collections.adverity.management.plugins.module_utils._spec import times


@pytest.fixture
def place(sqlite_place):
    return sqlite_place


SINCE, CHANGED = "2026-01-09T00:00:00Z", "2026-01-31T00:00:00Z"


def row_fact(enabled, updated):
    return BindingFact(FactKind.ROW, at=updated, clock=updated, enabled=enabled, updated=updated)


LISTED, FINISHED = (BindingFact(kind, at=SINCE, clock=SINCE) for kind in (FactKind.LISTED, FactKind.FINISHED))


@pytest.fixture
def filled(place, scripted, monkeypatch):
    """Binding 5: one of each; 6: planned; 7, of another datastream: a plan alone; 8: only seen; 9: complete; all enabled: one sent."""
    ticks = itertools.count()
    monkeypatch.setattr(times, "now", lambda: f"2026-02-01T00:00:{next(ticks):02}Z")
    with place.open(host=scripted.host) as ledger:
        rows = [(5, 1), (5, 2), (5, 3), (5, 4), (5, 5), (5, 6), (6, 3), (9, 1)]
        entries = {(binding, each): Entry(binding, each, 456, f"2026-01-0{each}T00:00:00Z") for binding, each in rows}
        facts = {
            5: [row_fact(True, SINCE), LISTED, row_fact(True, CHANGED)],
            7: [row_fact(False, CHANGED), BindingFact(FactKind.PLANNED, at="2026-01-31T01:00:00Z")],
            8: [row_fact(True, CHANGED)],
            9: [row_fact(True, SINCE), LISTED, FINISHED],
        }
        seen = [BindingRow(7, 457, 789, 0), BindingRow(8, 458, 789, 0)]
        ledger.note(facts, seen, [*entries.values(), Entry(ALL_ENABLED, 9, None, None)])
        ledger.dispatched(ledger.intend([5], [1, 2]), but=[2])
        ledger.dispatched(ledger.intend([ALL_ENABLED], [9]))
        ledger.dispatched(ledger.intend([9], [1]))
        ledger.record(EventKind.REFUSED, [entries[5, 4]._replace(reason="404: gone")])
        ledger.record(EventKind.RECORDED, [entries[5, 5]], "recorded by the user")
        ledger.record(EventKind.FAILED, [entries[5, 6]])
    return place


@pytest.fixture
def report(scripted, place):
    def ask(**options):
        plain = dict.fromkeys(("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id"))
        return _report.report(scripted, {**plain, "ledger": place.ledger, "ledger_password": None, "ledger_wait": 0, "summary_only": False, **options})

    return ask


def found(result):
    return [(row["binding_id"], row["extract_id"]) for row in result["extracts"]]


def row(extract_id, binding_id, status, created=None, datastream_id=456, **more):
    return {
        "extract_id": extract_id, "datastream_id": datastream_id, "binding_id": binding_id, "created": created, "status": status, "dispatched_at": None,
        "refused_at": None, "failed_at": None, "loaded_at": None, "reason": None, **more,
    }  # fmt: skip


def expect_bindings(scripted, *ids):
    rows = [{"id": one, "datastream_id": 456, "target_id": 789} for one in ids]
    scripted.expect("GET", _bindings.PATH, {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": rows, "count": len(rows)})


def test_everything(filled, report):
    result = report()
    assert result["changed"] is False
    created = {one: f"2026-01-0{one}T00:00:00Z" for one in range(1, 7)}
    assert result["extracts"] == [
        row(9, None, "dispatched", datastream_id=None, dispatched_at="2026-02-01T00:00:04Z"),
        row(1, 5, "dispatched", created[1], dispatched_at="2026-02-01T00:00:02Z"),
        row(2, 5, "unknown", created[2]),
        row(3, 5, "pending", created[3]),
        row(4, 5, "refused", created[4], refused_at="2026-02-01T00:00:07Z", reason="404: gone"),
        row(5, 5, "recorded", created[5], reason="recorded by the user"),
        row(6, 5, "failed", created[6], failed_at="2026-02-01T00:00:09Z"),
        row(3, 6, "pending", created[3]),
        row(1, 9, "dispatched", created[1], dispatched_at="2026-02-01T00:00:06Z"),
    ]
    assert result["counts"] == {"pending": 2, "dispatched": 3, "recorded": 1, "unknown": 1, "refused": 1, "failed": 1}
    none = {
        "pending": 0, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0, "planned_at": None, "enabled": None, "updated": None,
        "enabled_periods": [], "unknown_periods": [],
    }  # fmt: skip
    assert result["backfills"] == [
        {**none, "binding_id": None, "datastream_id": None, "dispatched": 1, "finished": True},
        {
            **none, "binding_id": 5, "datastream_id": 456, "pending": 1, "dispatched": 1, "recorded": 1, "unknown": 1, "refused": 1, "failed": 1,
            "finished": False, "enabled": True, "updated": CHANGED, "enabled_periods": [{"since": CHANGED.replace("00Z", "01Z"), "until": None}],
            "unknown_periods": [{"since": SINCE, "until": CHANGED.replace("00Z", "01Z"), "reason": "elsewhere"}],
        },
        {**none, "binding_id": 6, "datastream_id": 456, "pending": 1, "finished": False},
        {
            **none, "binding_id": 7, "datastream_id": 457, "planned_at": "2026-01-31T01:00:00Z", "updated": CHANGED, "enabled": False, "finished": False,
        },
        {**none, "binding_id": 9, "datastream_id": 456, "dispatched": 1, "enabled": True, "updated": SINCE, "finished": True,
         "enabled_periods": [{"since": SINCE.replace("00Z", "01Z"), "until": None}],
         "unknown_periods": [{"since": SINCE, "until": SINCE.replace("00Z", "01Z"), "reason": "elsewhere"}]},
    ]  # fmt: skip
    assert (result["in_progress"], result["ledger"]) == (False, filled.shown)
    json.dumps(result)


@pytest.mark.parametrize(
    ("options", "extracts", "bindings"),
    [
        ({"extract_ids": [3]}, [(5, 3), (6, 3)], [None, 5, 6, 7, 9]),
        ({"binding_ids": [6]}, [(6, 3)], [6]),
        ({"binding_ids": [7, 8]}, [], [7]),
        ({"datastream_ids": [456]}, [*((5, each) for each in range(1, 7)), (6, 3), (9, 1)], [5, 6, 9]),
        ({"datastream_ids": [457]}, [], [7]),
        ({"datastream_ids": [456], "binding_ids": [6, 7]}, [(6, 3)], [6]),
        ({"created_from": "2026-01-02T00:00:00Z", "created_to": "2026-01-02T00:00:00Z"}, [(None, 9), (5, 2)], [None, 5, 6, 7, 9]),
        ({"extract_ids": [99]}, [], [None, 5, 6, 7, 9]),
        ({"target_id": 789}, [(6, 3)], [6]),  # whose bindings are 6 and 8
        ({"target_id": 789, "binding_ids": [5]}, [], []),
    ],
)
def test_what_is_chosen(filled, report, scripted, options, extracts, bindings):
    for _time in range(2 if "target_id" in options else 0):
        expect_bindings(scripted, 6, 8)
    result = report(**options)
    assert found(result) == extracts
    assert [row["binding_id"] for row in result["backfills"]] == bindings
    assert sum(result["counts"].values()) == len(extracts)
    assert report(summary_only=True, **options) == dict(result, extracts=[])


def test_a_target_without_bindings_is_an_error(filled, report, scripted):
    expect_bindings(scripted)
    with pytest.raises(InputError, match="No binding found among the bindings this key can see with target_id 789"):
        report(target_id=789)


def test_where_there_is_no_ledger_nothing_is_known_and_nothing_is_made(report, place):
    before = place.content()
    result = report(binding_ids=[5])
    assert (result["extracts"], result["backfills"], result["in_progress"]) == ([], [], False)
    assert result["counts"] == {"pending": 0, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
    assert place.content() == before


def test_a_run_at_work_is_seen(place, scripted, report, fork):
    def work(child):
        with place.open(host=scripted.host) as ledger:
            ledger.take_turn([5])
            ledger.note({}, entries=[Entry(5, 1, 456, None)])
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
