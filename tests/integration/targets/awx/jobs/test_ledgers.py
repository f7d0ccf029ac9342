# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs whose ledger outlives them, in PostgreSQL and on a volume, and jobs that have none. Everything else is gone when a job ends."""

from __future__ import annotations

import pytest
from jobs import CHECK, DEPLOY, RESUME

NOWHERE: dict[str, str] = {}


def test_check_deploy_and_deploy_again(awx_with, scene, world):
    awx = awx_with
    checked = awx.launch(CHECK, target_id=789)
    assert checked.ok, checked.output
    assert scene.writes() == []
    assert checked.stats["deploy_destination"]["bindings"][0]["requeued"] == 60
    assert "send 60 extracts" in checked.output

    done = awx.launch(DEPLOY, target_id=789)
    assert done.ok, done.output
    assert done.stats["deploy_destination"]["extract_count"] == 63
    assert "60 extracts sent" in done.output
    assert (scene.loads(123), scene.loads(124)) == (world.aged(456), world.aged(457))

    scene.forget()
    again = awx.launch(DEPLOY, target_id=789)
    assert again.ok, again.output
    assert "nothing to do" in again.output
    assert scene.writes() == []

    told = awx.launch("report")
    assert told.ok, told.output
    counts = told.stats["report"]["extracts"]
    assert {status: count for status, count in counts.items() if count} == {"dispatched": 63}


@pytest.mark.parametrize("cancelled", [False, True], ids=["killed", "cancelled"])
def test_interrupted_while_it_sends_and_launched_again(awx_with, scene, world, cancelled):
    awx = awx_with
    scene.service.fault(method="POST", skip=1, hold="after")
    job = awx.launch(DEPLOY, target_id=789, kill_when=lambda: scene.service.held, cancelled=cancelled)
    assert not job.ok
    scene.release()
    scene.service.faults.clear()
    loaded = scene.loads(123)
    assert loaded == world.aged(456)
    scene.forget()

    # What was under way is unknown; what was answered is known.
    stopped = awx.launch(DEPLOY, target_id=789)
    assert not stopped.ok
    assert sorted(stopped.failure["unknown_extract_ids"]) == sorted(world.aged(456)[50:])
    assert scene.posts() == []

    # Somebody found them in Adverity.
    resumed = awx.launch(RESUME, target_id=789, datastream_ids="456, 457", on_unknown="dispatched")
    assert resumed.ok, resumed.output
    assert (scene.loads(123), scene.loads(124)) == (world.aged(456), world.aged(457))
    scene.forget()
    assert awx.launch(DEPLOY, target_id=789).ok
    assert scene.writes() == []


def test_interrupted_before_it_sends_and_launched_again(awx_with, scene, world):
    awx = awx_with
    scene.service.fault(method="PATCH", hold="after")
    awx.launch(DEPLOY, target_id=789, datastream_ids="456", kill_when=lambda: scene.service.held, cancelled=True)
    scene.release()
    scene.service.faults.clear()
    assert scene.enabled() == [123]
    done = awx.launch(DEPLOY, target_id=789, datastream_ids="456")
    assert done.ok, done.output
    assert scene.loads(123) == world.aged(456)


def test_a_failed_job_is_resumed(awx_with, scene, world):
    awx = awx_with
    scene.service.fault(method="POST", skip=1, status={"code": 401, "body": {"detail": "no"}})
    failed = awx.launch(DEPLOY, target_id=789, datastream_ids="456")
    assert len(failed.failure["remaining_extract_ids"]) == 10
    scene.service.faults.clear()
    scene.forget()
    resumed = awx.launch(RESUME, target_id=789, datastream_ids="456")
    assert resumed.ok, resumed.output
    assert [post["extract_ids"] for post in scene.posts()] == [world.aged(456)[50:]]
    assert scene.loads(123) == world.aged(456)


@pytest.mark.parametrize("ledger", [NOWHERE, {"ledger": "", "ledger_password": ""}], ids=["never touched", "emptied"])
def test_without_a_ledger_a_job_loads_nothing_and_says_so(awx, scene, ledger):
    refused = awx.launch(DEPLOY, target_id=789, ledger=ledger)
    assert not refused.ok
    assert refused.failure["msg"].startswith("This is AWX job 1, and its ledger would be gone with it")
    assert "the credential type has fields for it" in refused.failure["msg"]
    assert scene.writes() == []
    # Enabling alone needs no ledger.
    enabled = awx.launch(DEPLOY, target_id=789, ledger=ledger, backfill="never")
    assert enabled.ok, enabled.output
    assert (scene.enabled(), scene.posts()) == ([123, 124], [])


def test_a_wrong_password_changes_nothing(awx, scene, database):
    refused = awx.launch(DEPLOY, target_id=789, ledger={**database, "ledger_password": "wr0ng-pa55word"})
    assert not refused.ok
    assert "password" in refused.failure["msg"]
    assert "wr0ng-pa55word" not in refused.output
    assert scene.writes() == []


def test_a_password_in_the_url_is_refused_and_not_shown(awx, scene, database):
    url = database["ledger"].replace("adverity@", "adverity:wr0ng-pa55word@")
    refused = awx.launch(DEPLOY, target_id=789, ledger={"ledger": url})
    assert not refused.ok
    assert "ledger_password" in refused.failure["msg"]
    assert "wr0ng-pa55word" not in refused.output
    assert scene.writes() == []
