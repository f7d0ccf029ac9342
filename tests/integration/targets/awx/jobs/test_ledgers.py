# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs whose ledger outlives them, in PostgreSQL and on a volume, and jobs that have none. Everything else is gone when a job ends."""

from __future__ import annotations

import pytest
from jobs import CHECK, DEPLOY

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
