# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a survey sends, and jobs that keep their ledger on a volume, or nowhere."""

from __future__ import annotations

import pytest
from jobs import CHECK, DEPLOY

NOWHERE: dict[str, bool] = {}


def test_without_memory_a_job_loads_nothing_and_says_so(awx, scene):
    refused = awx.launch(DEPLOY, target_id=789, memory=NOWHERE)
    assert not refused.ok
    assert refused.failure["msg"].startswith("This is AWX job 1, and the ledger of what was sent would be gone with it")
    assert scene.writes() == []
    # Enabling alone needs no memory.
    assert awx.launch(DEPLOY, target_id=789, memory=NOWHERE, backfill="never").ok
    assert (scene.enabled(), scene.posts()) == ([123, 124], [])


def test_a_volume_outlives_the_job(awx, scene, world, tmp_path):
    volume = {"deploy_destination_ledger": str(tmp_path / "volume" / "requeue.sqlite3")}
    scene.service.fault(method="POST", skip=1, hold="after")
    awx.launch(DEPLOY, target_id=789, memory=volume, kill_when=lambda: scene.service.held, cancelled=True)
    scene.release()
    scene.forget()
    stopped = awx.launch(DEPLOY, target_id=789, memory=volume)
    assert sorted(stopped.failure["unknown_extract_ids"]) == sorted(world.aged(456)[50:])  # these and no others
    assert awx.launch(DEPLOY, target_id=789, memory=volume, on_unknown="dispatched").ok
    assert (scene.loads(123), scene.loads(124)) == (world.aged(456), world.aged(457))


@pytest.mark.parametrize(
    "answers",
    [
        {"datastream_ids": "456, 457", "enabled": "yes", "backfill_from": "", "backfill_to": "2026-03-09"},
        {"datastream_ids": "", "enabled": "true", "backfill": "", "on_unknown": "", "sequential": "", "batch_size": "", "force": "no", "pulling_mode": ""},
    ],
    ids=["typed", "empty"],
)
def test_answers_come_as_text(awx, scene, answers):
    checked = awx.launch(CHECK, target_id="789", **answers)
    assert checked.ok, checked.output
    assert [row["requeued"] for row in checked.stats["deploy_destination"]["bindings"]] == [60, 3]
    assert scene.writes() == []


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"datastream_ids": "456; 457"}, "deploy_destination_datastream_ids: '456; 457' is not a positive whole number"),
        ({"backfill_from": "01.02.2024"}, "deploy_destination_backfill_from: '01.02.2024' is neither a date"),
        ({"enabled": "perhaps"}, "deploy_destination_enabled: 'perhaps' is neither yes nor no"),
    ],
)
def test_what_cannot_be_understood_is_refused(awx, scene, answers, said):
    refused = awx.launch(DEPLOY, target_id=789, **answers)
    assert said in refused.failure["msg"]
    assert scene.requests() == []
