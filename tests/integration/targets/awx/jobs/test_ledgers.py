# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs whose ledger outlives them, in PostgreSQL and on a volume, and jobs that have none. Everything else is gone when a job ends."""

from __future__ import annotations

from pathlib import Path

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
    # Without a path on a volume there is the summary, and no page, and nothing says that there were one.
    assert "2 of 2 bindings enabled" in told.output
    assert "63 dispatched" in told.output
    assert "No page was written - no path on a volume is named in report_file" in told.output
    assert told.stats["report"]["file"] is None


def test_a_report_on_a_volume_and_one_that_would_be_lost(awx, volume):
    page = Path(volume["ledger"]).with_name("report.html")
    told = awx.launch("report", variables={"report_file": str(page)})
    assert told.ok, told.output
    assert f"{page} - written" in told.output
    assert "bindings enabled" in page.read_text("utf-8")
    lost = awx.launch("report", variables={"report_file": "/tmp/adverity-report.html"})
    assert lost.ok, lost.output
    assert "No page was written - /tmp is in /tmp" in lost.output
    assert not Path("/tmp/adverity-report.html").exists()


@pytest.mark.parametrize("ledger", [NOWHERE, {"ledger": "", "ledger_password": ""}], ids=["never touched", "emptied"])
def test_without_a_ledger_a_job_loads_nothing_and_says_so(awx, scene, ledger):
    refused = awx.launch(DEPLOY, target_id=789, ledger=ledger)
    assert not refused.ok
    assert refused.failure["msg"].startswith("This is AWX job 1, and its ledger ")
    assert "In the credential, set Ledger to a PostgreSQL URL" in refused.failure["msg"]
    assert scene.writes() == []
    # Enabling alone needs no ledger.
    enabled = awx.launch(DEPLOY, target_id=789, ledger=ledger, backfill="never")
    assert enabled.ok, enabled.output
    assert (scene.enabled(), scene.posts()) == ([123, 124], [])


@pytest.mark.parametrize("place", ["home", "job", "root", "typo", "tmp"])
def test_a_ledger_that_is_lost_with_the_job_is_refused_before_anything_is_written(awx, scene, volume, tmp_path, place):
    job = awx.folder / "job1"
    ledgers = {
        "home": "~/requeue.sqlite3",
        "job": str(job / "requeue.sqlite3"),
        "root": "/opt/requeue.sqlite3",
        "typo": volume["ledger"].replace("adverity-volume", "adverity-volum"),
        "tmp": "/tmp/requeue.sqlite3",
    }
    refused = awx.launch(DEPLOY, target_id=789, ledger={"ledger": ledgers[place]})
    assert not refused.ok
    assert "would be lost with the job: " in refused.failure["msg"]
    assert refused.failure["msg"].endswith("Nothing was changed.")
    assert scene.writes() == []
    assert not Path(ledgers["typo"]).parent.exists()
    assert not Path(ledgers[place]).exists()


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
