# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role refuses, before it writes anything."""

from __future__ import annotations

import pytest
from adverity_harness.runs import refused, role
from adverity_harness.scenes import open_scene
from adverity_harness.worlds import World

REFUSALS = {
    "not bound": (dict(target_id=789, datastream_ids=[456, 458]), "target_id 789", "458"),
    "unknown beside known": (dict(target_id=789, datastream_ids=[456, 457, 9999]), "datastream_ids", "9999"),
    "nothing bound": (dict(target_id=790), "No binding found", "target_id 790"),
    "unknown destination": (dict(target_id=4711), "No binding found", "target_id 4711"),
    "empty list": (dict(target_id=789, datastream_ids=[]), "deploy_destination_datastream_ids is empty", ""),
    "UUID": (
        dict(target_id=789, datastream_ids=["d5000000-0000-4000-8000-000000000456"]),
        "deploy_destination_datastream_ids", "is a UUID, but this option takes an integer id",
    ),
    "no destination": (dict(datastream_ids=[456]), "one of the following is required", "deploy_destination_target_id, deploy_destination_name"),
    "no such choice": (dict(target_id=789, backfill="sometimes"), "deploy_destination_backfill", "when_needed, always, never"),
    "no number": (dict(target_id=789, batch_size="many"), "deploy_destination_batch_size", "'many' is not a whole number"),
    "batch too large": (dict(target_id=789, batch_size=51), "batch_size", "51"),
    "batch too small": (dict(target_id=789, batch_size=0), "batch_size", "0"),
    "no date": (dict(target_id=789, backfill_from="last spring"), "'last spring' is neither a date", "deploy_destination_backfill_from"),
    "id and name": (dict(target_id=789, name="A"), "mutually exclusive", "deploy_destination_target_id|deploy_destination_name"),
    "name alone": (dict(name="A"), "deploy_destination_type, deploy_destination_workspace: missing", "Nothing was changed"),
    "connection without a name": (dict(target_id=789, connection="A"), "deploy_destination_connection", "deploy_destination_name is not given"),
    "ids and names": (dict(target_id=789, type="a", datastream_ids=[1], datastreams=["A"]), "mutually exclusive", "deploy_destination_datastreams"),
    "relative ledger": (dict(target_id=789, ledger="ledgers/mine"), "'ledgers/mine'", "relative path"),
    "password in the ledger": (dict(target_id=789, ledger="postgresql://me:hush@db/x"), "a password in it (not shown)", "ADVERITY_LEDGER_PASSWORD"),
    "wrong way round": (dict(target_id=789, backfill_from="2025-02-01", backfill_to="2025-01-01"), "2025-02-01", "later than"),
}


@pytest.fixture(name="refusals", scope="module")
def fixture_refusals(tmp_path_factory):
    """One run with all of them; gives the failed results by name, and the scene."""
    world = World().datastream(456, extracts=3).binding(123, 456).datastream(457, extracts=3).binding(124, 457)
    world.datastream(458, extracts=3).binding(125, 458, target=791)
    world.data["targets"].append({"id": 790, "name": "Nobody's"})
    with open_scene(tmp_path_factory.mktemp("refusals"), world) as scene:
        run = scene.play([refused(role(**variables)) for variables, *_words in REFUSALS.values()])
        assert len(run.failures) == len(REFUSALS), run.output
        yield dict(zip(REFUSALS, run.failures)), scene


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused_and_says_why(refusals, name):
    results, _scene = refusals
    text = results[name]["msg"]
    for word in REFUSALS[name][1:]:
        assert word in text


def test_nothing_was_written(refusals):
    _results, scene = refusals
    assert scene.writes() == []
    assert scene.enabled() == []
