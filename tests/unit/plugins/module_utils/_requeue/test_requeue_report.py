# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What adverity_requeue_info tells of a ledger, and what it asks the API for."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import created, world

NOW, SINCE, CHANGED = "2026-01-01T12:00:00Z", "2025-12-09T00:00:00Z", "2025-12-31T00:00:00Z"
NONE = {"pending": 0, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}


def seen(enabled, updated):
    return BindingFact(FactKind.ROW, at=updated, clock=updated, enabled=enabled, updated=updated)


LISTED, FINISHED = (BindingFact(kind, at=SINCE, clock=SINCE) for kind in (FactKind.LISTED, FactKind.FINISHED))


@pytest.fixture(name="scene")
def fixture_scene(begin_requeues):
    """In the ledger, binding 12 has an extract of each status; 13 has one that is pending; 22 is planned; 23 was only seen; 32 is
    complete; and one extract was sent to all that are enabled. Adverity has the bindings 13 and 23."""
    scene = begin_requeues(world(datastreams=2, enabled=(3,)))
    with scene.open_ledger(WRITE) as ledger:
        pairs = [(12, 1), (12, 2), (12, 3), (12, 4), (12, 5), (12, 6), (13, 3), (32, 1)]
        entries = {pair: Entry(*pair, 1, created(pair[1])) for pair in pairs}
        facts = {
            12: [seen(True, SINCE), LISTED, seen(True, CHANGED)],
            22: [seen(False, CHANGED), BindingFact(FactKind.PLANNED, at=NOW)],
            23: [seen(True, CHANGED)],
            32: [seen(True, SINCE), LISTED, FINISHED],
        }
        ledger.note(facts, [BindingRow(22, 2, 2, 0), BindingRow(23, 2, 3, 0)], [*entries.values(), Entry(ALL_ENABLED, 9, None, None)])
        ledger.dispatched(ledger.intend([12], [1, 2]), but=[2])
        ledger.dispatched(ledger.intend([ALL_ENABLED], [9]))
        ledger.dispatched(ledger.intend([32], [1]))
        ledger.record(EventKind.REFUSED, [entries[12, 4]._replace(reason="404: gone")])
        ledger.record(EventKind.RECORDED, [entries[12, 5]], "recorded by the user")
        ledger.record(EventKind.FAILED, [entries[12, 6]])
    return scene


def extract(extract_id, binding_id, status, **more):
    of_pair = {"extract_id": extract_id, "binding_id": binding_id, "datastream_id": 1, "created": created(extract_id), "status": status}
    return {**dict.fromkeys(("dispatched_at", "refused_at", "failed_at", "loaded_at", "reason")), **of_pair, **more}


def backfill(binding_id, **more):
    unseen = {"planned_at": None, "enabled": None, "updated": None, "enabled_periods": [], "unknown_periods": []}
    return {**NONE, **unseen, "binding_id": binding_id, "datastream_id": 1, **more}


def periods_since(changed):
    """Of a binding that is enabled, and was changed in that second; what was so before is not known."""
    second = changed.replace("00Z", "01Z")
    unknown = {"since": SINCE, "until": second, "reason": "elsewhere"}
    return {"enabled_periods": [{"since": second, "until": None}], "unknown_periods": [unknown]}


def test_report_has_each_extract_and_each_backfill(scene):
    result = scene.run("requeue_info")
    assert (result["changed"], result["in_progress"], result["ledger"]) == (False, False, str(scene.ledger))
    assert result["extracts"] == [
        extract(9, None, "dispatched", datastream_id=None, created=None, dispatched_at=NOW),
        extract(1, 12, "dispatched", dispatched_at=NOW),
        extract(2, 12, "unknown"),
        extract(3, 12, "pending"),
        extract(4, 12, "refused", refused_at=NOW, reason="404: gone"),
        extract(5, 12, "recorded", reason="recorded by the user"),
        extract(6, 12, "failed", failed_at=NOW),
        extract(3, 13, "pending"),
        extract(1, 32, "dispatched", dispatched_at=NOW),
    ]
    assert result["counts"] == {"pending": 2, "dispatched": 3, "recorded": 1, "unknown": 1, "refused": 1, "failed": 1}
    assert result["backfills"] == [
        backfill(None, datastream_id=None, dispatched=1, finished=True),
        backfill(12, **dict.fromkeys(NONE, 1), finished=False, enabled=True, updated=CHANGED, **periods_since(CHANGED)),
        backfill(13, pending=1, finished=False),
        backfill(22, datastream_id=2, planned_at=NOW, updated=CHANGED, enabled=False, finished=False),
        backfill(32, dispatched=1, enabled=True, updated=SINCE, finished=True, **periods_since(SINCE)),
    ]
    assert scene.requests() == []


@pytest.mark.parametrize(
    ("options", "extracts", "bindings"),
    [
        ({"extract_ids": [3]}, [(12, 3), (13, 3)], [None, 12, 13, 22, 32]),
        ({"binding_ids": [13]}, [(13, 3)], [13]),
        ({"binding_ids": [22, 23]}, [], [22]),
        ({"datastream_ids": [1]}, [*((12, each) for each in range(1, 7)), (13, 3), (32, 1)], [12, 13, 32]),
        ({"datastream_ids": [2]}, [], [22]),
        ({"datastream_ids": [1], "binding_ids": [13, 22]}, [(13, 3)], [13]),
        ({"created_from": created(2), "created_to": created(2)}, [(None, 9), (12, 2)], [None, 12, 13, 22, 32]),
        ({"extract_ids": [99]}, [], [None, 12, 13, 22, 32]),
        ({"target_id": 3}, [(13, 3)], [13]),
        ({"target_id": 3, "binding_ids": [12]}, [], []),
    ],
    ids=str,
)
def test_options_choose_extracts_and_backfills(scene, options, extracts, bindings):
    result = scene.run("requeue_info", **options)
    assert [(row["binding_id"], row["extract_id"]) for row in result["extracts"]] == extracts
    assert [row["binding_id"] for row in result["backfills"]] == bindings
    assert sum(result["counts"].values()) == len(extracts)
    summary = scene.run("requeue_info", summary_only=True, **options)
    assert [summary[name] for name in ("extracts", "counts", "backfills")] == [[], result["counts"], result["backfills"]]
