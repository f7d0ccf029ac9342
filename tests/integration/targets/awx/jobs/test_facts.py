# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger in facts, from job to job: everything else is gone when a job ends."""

from __future__ import annotations

import json

from jobs import CHECK, DEPLOY, RESUME


def test_check_deploy_and_deploy_again(awx, scene, world):
    for refused in (awx.launch(DEPLOY, target_id=789), awx.launch(CHECK, target_id=789, workflow=True), awx.launch(DEPLOY, target_id=789)):
        assert not refused.ok
        assert "Run this in check mode first" in refused.failure["msg"]
    assert scene.writes() == []

    checked = awx.launch(CHECK, target_id=789)
    assert checked.ok
    assert scene.writes() == []
    assert checked.stats["deploy_destination"]["bindings"][0]["requeued"] == 60
    assert "send 60 extracts" in checked.output

    done = awx.launch(DEPLOY, target_id=789)
    assert done.ok
    assert done.stats["deploy_destination"]["extract_count"] == 63
    assert "enabled now, 60 extracts sent" in done.output
    assert (scene.loads(123), scene.loads(124)) == (world.aged(456), world.aged(457))

    scene.forget()
    again = awx.launch(DEPLOY, target_id=789)
    assert again.ok
    assert "nothing had to be done" in again.output
    assert scene.writes() == []
    facts = json.loads(json.loads(awx.facts["s1_localhost"])["__payload__"]) if "s1_localhost" in awx.facts else json.loads(awx.facts["localhost"])
    assert set(facts) == {"adverity_ledger"}

    told = awx.launch("report")
    assert told.ok
    assert told.stats["report"]["extracts"] == {"dispatched": 63, "pending": 0, "unknown": 0}


def test_killed_while_it_sends_and_launched_again(awx, scene, world):
    awx.launch(CHECK, target_id=789)
    scene.service.fault(method="POST", skip=1, hold="after")
    killed = awx.launch(DEPLOY, target_id=789, kill_when=lambda: scene.service.held)
    assert not killed.ok
    scene.release()
    loaded = scene.loads(123)
    assert loaded == world.aged(456)
    scene.forget()

    stopped = awx.launch(RESUME, target_id=789, datastream_ids="456, 457")
    assert not stopped.ok
    assert sorted(stopped.failure["unknown_extract_ids"]) == sorted(world.aged(456) + world.aged(457))
    assert "on_unknown: dispatched" in stopped.failure["msg"]
    assert scene.posts() == []

    # Whoever looked found 456 loaded, and 457 not.
    settled = awx.launch(RESUME, target_id=789, datastream_ids="456", on_unknown="dispatched")
    assert settled.ok
    assert scene.posts() == []
    assert awx.launch(RESUME, target_id=789, datastream_ids="457", on_unknown="requeue").ok
    assert (scene.loads(123), scene.loads(124)) == (world.aged(456), world.aged(457))
    scene.forget()
    assert awx.launch(DEPLOY, target_id=789).ok
    assert scene.writes() == []


def test_a_cancelled_job_loses_its_facts_and_nothing_is_sent_twice(awx, scene, world):
    awx.launch(CHECK, target_id=789)
    # The first job fails half way: its facts are kept, and in them what is left.
    scene.service.fault(method="POST", skip=1, status={"code": 422, "body": {"detail": "no"}})
    failed = awx.launch(DEPLOY, target_id=789, datastream_ids="456")
    assert len(failed.failure["remaining_extract_ids"]) == 10
    scene.service.faults.clear()

    # The second one sends the rest, is cancelled, and its facts are lost.
    scene.service.fault(method="POST", hold="after")
    awx.launch(RESUME, target_id=789, datastream_ids="456", kill_when=lambda: scene.service.held, cancelled=True)
    scene.release()
    scene.service.faults.clear()
    assert scene.loads(123) == world.aged(456)
    scene.forget()

    stopped = awx.launch(DEPLOY, target_id=789, datastream_ids="456")
    assert not stopped.ok
    assert sorted(stopped.failure["unknown_extract_ids"]) == sorted(world.aged(456)[50:])
    assert "a job whose facts were lost" in " ".join(stopped.output.split())
    assert scene.posts() == []
    assert scene.loads(123) == world.aged(456)


def test_a_lost_first_job_is_no_reason_to_load_again(awx, scene, world):
    awx.launch(CHECK, target_id=789)
    scene.service.fault(method="POST", skip=1, hold="after")
    awx.launch(DEPLOY, target_id=789, datastream_ids="456", kill_when=lambda: scene.service.held, cancelled=True)
    scene.release()
    scene.service.faults.clear()
    scene.forget()

    # What it enabled is left alone; where somebody has disabled it in between, nothing is done.
    after = awx.launch(DEPLOY, target_id=789, datastream_ids="456")
    assert after.ok
    assert "history left alone" in after.output
    assert scene.writes() == []
    awx.launch(DEPLOY, target_id=789, datastream_ids="456", enabled="no")
    scene.forget()
    refused = awx.launch(DEPLOY, target_id=789, datastream_ids="456")
    assert "it was changed since" in refused.failure["msg"]
    assert scene.writes() == []
    assert scene.loads(123) == world.aged(456)
