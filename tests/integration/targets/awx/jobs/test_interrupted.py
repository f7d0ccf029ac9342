# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that are killed, cancelled or refused half way, and launched again, with a ledger in either store."""

from __future__ import annotations

import pytest
from jobs import DEPLOY, RESUME


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

    # What was under way is unknown; what was answered is known. The other datastream is not held up.
    stopped = awx.launch(DEPLOY, target_id=789)
    assert not stopped.ok
    assert sorted(stopped.left_open["unknown_extract_ids"]) == sorted(world.aged(456)[50:])
    assert [post["binding_ids"] for post in scene.posts()] == [[124]]

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
