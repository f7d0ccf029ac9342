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
        {
            **dict.fromkeys(("datastream_ids", "backfill", "on_unknown", "sequential", "batch_size", "pulling_mode"), ""),
            **dict.fromkeys(("smart_pulling", "settings", "create"), ""),
            "enabled": "true",
            "force": "no",
        },
    ],
    ids=["typed", "empty"],
)
def test_answers_come_as_text(awx, scene, answers):
    checked = awx.launch(CHECK, target_id="789", **answers)
    assert checked.ok, checked.output
    assert [row["requeued"] for row in checked.stats["deploy_destination"]["bindings"]] == [60, 3]
    assert scene.writes() == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"datastream_ids": "456; 457"}, "'456; 457' is not a positive whole number"),
        ({"backfill_from": "01.02.2024"}, "'01.02.2024' is neither a date"),
        ({"enabled": "perhaps"}, "'perhaps' is not a valid boolean"),
    ],
)
def test_what_cannot_be_understood_is_refused(awx, scene, answer, said):
    refused = awx.launch(DEPLOY, target_id=789, **answer)
    assert f"deploy_destination_{next(iter(answer))}'" in refused.failure["msg"]
    assert said in refused.failure["msg"]
    assert refused.failure["msg"].endswith("Nothing was changed.")
    assert scene.requests() == []
