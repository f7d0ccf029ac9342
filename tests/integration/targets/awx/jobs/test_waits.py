# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that wait for the loads: what they show, and that a cancelled one is no loss, with a ledger in either store."""

from __future__ import annotations

from jobs import DEPLOY


def test_it_shows_progress_is_cancelled_and_the_next_one_goes_on(awx_with, scene, world):
    awx = awx_with
    scene.service.change({"loading": {"load_seconds": 3600}})
    waiting = "Waiting: 0 of 63 extracts loaded, 0 failed, 63 loading, 0 unconfirmed"
    job = awx.launch(DEPLOY, target_id=789, wait=3000, kill_when=lambda: waiting in awx.printed(), cancelled=True)
    assert not job.ok
    scene.service.change({"clock": {"forward": 7200}})
    scene.forget()
    done = awx.launch(DEPLOY, target_id=789, wait=3000)
    assert done.ok, done.output
    assert scene.writes() == []
    assert (scene.loads(123), scene.loads(124)) == (world.aged(456), world.aged(457))
    assert done.stats["deploy_destination"]["loads"]["counts"] == {"loaded": 63, "failed": 0, "loading": 0, "unconfirmed": 0}


def test_a_failed_load_fails_the_job_and_the_next_one_sends_it_again(awx, scene, world):
    bad = world.aged(457)[1]
    scene.service.change({"fail": {"extract_id": bad}})
    failed = awx.launch(DEPLOY, target_id=789, wait=60)
    assert not failed.ok
    assert f"The load of 1 extract failed: {bad}" in failed.output
    assert scene.loads(123) == world.aged(456)
    scene.service.change({"mend": [bad]})
    scene.forget()
    again = awx.launch(DEPLOY, target_id=789, wait=60, on_failed="requeue")
    assert again.ok, again.output
    assert [post["extract_ids"] for post in scene.posts()] == [[bad]]
