# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One datastream with two years of history: planned, done, and not done again."""

from __future__ import annotations

from adverity_harness.runs import role
from adverity_harness.worlds import World

RESULTS = ("requeued_extract_ids", "skipped_extract_ids", "unknown_extract_ids", "remaining_extract_ids", "extract_count")


def counts(run):
    """What the role hands on about its only binding, without what differs in check mode."""
    handed_on = run.custom["deploy_destination"]
    assert len(handed_on["bindings"]) == 1
    return {name: value for name, value in handed_on.items() if name != "check_mode"}


def test_130_extracts_are_sent_once_and_check_mode_tells_it_before(begin):
    world = World().datastream(456, extracts=130).binding(123, 456).binding(55, 456, target=790, enabled=True)
    scene = begin(world)
    aged = world.aged(456)

    # The plan, before anything happens.
    planned = scene.deploy(target_id=789, datastream_ids=[456], check=True)
    assert scene.writes() == []
    assert not scene.ledger.parent.exists()

    # The real run does just that: one change, then the history in three requests, oldest first across all of them.
    done = scene.deploy(target_id=789, datastream_ids=[456])
    assert scene.patches() == [(123, {"enabled": True})]
    assert scene.posts() == [
        {"extract_ids": aged[start : start + 50], "binding_ids": [123], "sequential": True} for start in (0, 50, 100)
    ]
    assert [row["method"] for row in scene.writes()] == ["PATCH", "POST", "POST", "POST"]
    assert scene.loads(123) == aged
    assert scene.loads(55) == []

    told, sent = planned.of("adverity_requeue")[-1], done.of("adverity_requeue")[-1]
    assert {name: told[name] for name in RESULTS} == {name: sent[name] for name in RESULTS}
    assert [batch["extract_count"] for batch in told["batches"]] == [len(body["extract_ids"]) for body in scene.posts()]
    assert told["requeued_extract_ids"] == aged
    assert counts(planned) == counts(done)
    assert planned.custom["deploy_destination"]["check_mode"] is True
    assert planned.changed == done.changed
    assert counts(done)["extract_count"] == 130
    assert counts(done)["written_binding_ids"] == [123]
    assert counts(done)["bindings"][0] == {
        "binding_id": 123,
        "datastream_id": 456,
        "name": None,
        "written": True,
        "backfill": "backfill",
        "requeued": 130,
        "skipped": 0,
        "recorded": 0,
        "loaded_by_itself": 0,
        "unknown": 0,
        "refused": 0,
        "failed": 0,
        "remaining": 0,
    }
    for run in (planned, done):
        summary = [line for line in run.of("ansible.builtin.debug")[-1]["msg"] if "binding 123" in line]
        assert len(summary) == 1
        assert "456" in summary[0]
        assert "130" in summary[0]

    # Once more: nothing is left to do, and nothing is done.
    scene.forget()
    again = scene.deploy(target_id=789, datastream_ids=[456])
    assert scene.writes() == []
    assert again.changed == 0
    assert len(again.output.splitlines()) <= 26  # hardly more than a screen
    assert "skipping" not in done.output
    assert counts(again)["extract_count"] == 0
    assert counts(again)["bindings"][0]["backfill"] == "done"
    assert [row["path"] for row in scene.requests()] == ["/api/v1/bindings/"]
    assert len(scene.loads(123)) == 130


def test_check_mode_of_the_tasks_alone_is_told_as_such(begin):
    scene = begin(World().datastream(456, extracts=3).binding(123, 456))
    task = role(target_id=789)
    task["ansible.builtin.include_role"]["apply"] = {"check_mode": True}
    run = scene.play([task])
    assert scene.writes() == []
    assert run.of("ansible.builtin.debug")[-1]["msg"] == [
        "Destination 789, Destination no. 789",
        "Check mode, nothing was written. A real run would",
        "datastream 456, binding 123 - enable, send 3 extracts",
    ]
    assert run.custom["deploy_destination"]["check_mode"] is True
