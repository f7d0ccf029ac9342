# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow asks for an approval where there is something to approve, and only there."""

from __future__ import annotations

from jobs import DECIDE, DEPLOY
from workflows import Workflow


def test_it_asks_once_and_then_no_more(awx, scene, world):
    first = Workflow(awx, target_id=789)
    assert (first.ok, first.asked, list(first.jobs)) == (True, True, ["check", "decide", "deploy"])
    assert "This is not an error" in first.jobs["decide"].failure["msg"]
    assert scene.loads(123) == world.aged(456)
    scene.forget()
    again = Workflow(awx, target_id=789)
    assert (again.ok, again.asked, list(again.jobs)) == (True, False, ["check", "decide"])
    assert all(job.ok for job in again.jobs.values())
    assert scene.writes() == []


def test_what_nobody_approves_is_not_deployed(awx, scene):
    refused = Workflow(awx, approves=False, target_id=789)
    assert (refused.ok, refused.asked, list(refused.jobs)) == (False, True, ["check", "decide"])
    assert scene.writes() == []


def test_a_check_that_fails_asks_nobody(awx, scene):
    failed = Workflow(awx, target_id=4711)
    assert (failed.ok, failed.asked, list(failed.jobs)) == (False, False, ["check"])
    assert scene.writes() == []


def test_what_only_changes_a_switch_is_approved_too(awx, scene):
    assert awx.launch(DEPLOY, target_id=789).ok
    assert Workflow(awx, approves=False, target_id=789, enabled="no").asked


def test_launched_by_itself_it_approves_nothing(awx):
    alone = awx.launch(DECIDE)
    assert not alone.ok
    assert "There is no result of a check" in alone.failure["msg"]
