# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The template "new destination": from answers in text to a destination with its history, and no second one, whatever happens."""

from __future__ import annotations

import pytest
from adverity_harness.worlds import WORKSPACE, World
from jobs import CHECK, DEPLOY, NEW

NAME = 'Müller\'s "DWH" {{ 7 * 7 }}'
WHERE = {"name": NAME, "type": "bigquery", "workspace": "Acme"}
ANSWERS = {
    **WHERE,
    "connection": "Service account",
    "settings": "project: acme-dwh\ndataset: marketing",
    "datastreams": "Google Ads, all\nMeta Ads\n",
}


@pytest.fixture(name="world")
def fixture_world():
    """Two datastreams with a history of 60 and 3 extracts, a connection, and no destination."""
    world = World().datastream(456, extracts=60, name="Google Ads, all").datastream(457, extracts=3, name="Meta Ads")
    world.data["connections"] = [{"id": 31, "name": "Service account", "type": "bigquery", "workspace": WORKSPACE}]
    return world


def made(scene):
    """Name and settings of each destination at the service, and the datastream of each of its bindings by the binding's id."""
    world = scene.service.world
    targets = [(row["name"], row["auth"], row["settings"]["project"]) for row in world.targets.values()]
    return targets, {row["id"]: row["datastream_id"] for row in world.bindings.values()}


def test_check_create_and_again(awx, scene, world):
    checked = awx.launch(NEW, job_type="check", **ANSWERS)
    assert checked.ok, checked.output
    assert scene.writes() == []

    done = awx.launch(NEW, **ANSWERS)
    assert done.ok, done.output
    targets, bindings = made(scene)
    assert targets == [(NAME, 31, "acme-dwh")]
    assert sorted(bindings.values()) == [456, 457]
    assert scene.enabled() == sorted(bindings)
    for binding, datastream in bindings.items():
        assert scene.loads(binding) == world.aged(datastream)
    assert done.stats["deploy_destination"]["extract_count"] == 63

    scene.forget()
    for job in (awx.launch(NEW, **ANSWERS), awx.launch(DEPLOY, **WHERE), awx.launch(DEPLOY, target_id=done.stats["deploy_destination"]["target_id"])):
        assert job.ok, job.output
        assert scene.writes() == []


def test_cancelled_while_it_creates_and_launched_again(awx, scene, world, database):
    awx.ledger = database
    scene.service.fault(method="POST", hold="after")
    awx.launch(NEW, kill_when=lambda: scene.service.held, cancelled=True, **ANSWERS)
    scene.release()
    scene.service.faults.clear()
    assert len(made(scene)[0]) == 1

    done = awx.launch(NEW, **ANSWERS)
    assert done.ok, done.output
    targets, bindings = made(scene)
    assert targets == [(NAME, 31, "acme-dwh")]
    assert sorted(bindings.values()) == [456, 457]
    for binding, datastream in bindings.items():
        assert scene.loads(binding) == world.aged(datastream)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"settings": "project: [acme"}, "deploy_destination_settings cannot be read: it is neither YAML nor JSON (see line 1). Nothing was changed."),
        ({"settings": "acme-dwh"}, "deploy_destination_settings cannot be read: it is no dictionary"),
        ({"datastreams": "- {name: [Google"}, "deploy_destination_datastreams cannot be read: it is neither YAML nor JSON (see line 1). Nothing was changed."),
        ({"settings": '{"projekt": "acme-dwh"}'}, "projekt"),
        ({"type": "bigqueri"}, "bigqueri"),
        ({"workspace": "Acmé"}, "Acmé"),
        ({"datastreams": "Google Ads, all\nTikTok"}, "TikTok"),
    ],
)
def test_wrong_answers_create_nothing(awx, scene, answer, said):
    refused = awx.launch(NEW, **{**ANSWERS, **answer})
    assert not refused.ok
    assert said in refused.failure["msg"]
    assert scene.writes() == []


@pytest.mark.parametrize("template", [DEPLOY, CHECK])
def test_an_existing_destination_has_to_exist(awx, scene, template):
    assert awx.launch(NEW, **ANSWERS).ok
    scene.forget()
    wrong = awx.launch(template, **{**WHERE, "name": NAME.replace("DWH", "DHW")}, datastreams=ANSWERS["datastreams"])
    assert not wrong.ok
    assert "does not exist in the workspace 'Acme', and deploy_destination_create is false. Similar names of this type: " in wrong.failure["msg"]
    assert NAME in wrong.failure["msg"]
    assert wrong.failure["msg"].endswith("Nothing was changed.")
    assert scene.writes() == []


def test_without_a_ledger_that_lasts_nothing_is_created(awx, scene):
    for ledger in ({}, {"ledger": "/ledgr/requeue.sqlite3"}):
        refused = awx.launch(NEW, ledger=ledger, **ANSWERS)
        assert "would be lost with the job: " in refused.failure["msg"]
        assert scene.writes() == []
