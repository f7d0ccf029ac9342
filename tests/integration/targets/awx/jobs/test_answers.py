# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a survey sends: text, and empty text for what nobody answered."""

from __future__ import annotations

import pytest
from jobs import CHECK, DEPLOY


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
