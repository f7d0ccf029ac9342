# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Launches by awx.awx.job_launch of what awx_setup made: the destination alone is enough, and wrong answers start nothing."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from adverity_harness.place import ROOT
from awx_setups import Setup, data
from awx_stand_in import StandIn
from awx_surveys import defaults

DEPLOY = "Adverity: deploy destination"
# Every answer that a job gets besides the destination.
OTHERS = {
    "deploy_destination_name": "",
    "deploy_destination_type": "",
    "deploy_destination_workspace": "",
    "deploy_destination_datastreams": "",
    "deploy_destination_datastream_ids": "",
    "deploy_destination_enabled": "yes",
    "deploy_destination_backfill": "when_needed",
    "deploy_destination_backfill_from": "",
    "deploy_destination_backfill_to": "",
    "deploy_destination_on_unknown": "fail",
    "deploy_destination_on_refused": "fail",
}


@pytest.fixture(name="done", scope="module")
def fixture_done(tmp_path_factory):
    """AWX after awx_setup, with a credential that is filled in."""
    with StandIn() as awx:
        setup = Setup(tmp_path_factory.mktemp("setup"), awx)
        setup.run()
        awx.named("credentials", "Adverity")["inputs"] = {"instance": "acme.datatap.adverity.com", "api_key": "entered-in-awx"}
        yield setup


@pytest.fixture(name="awx")
def fixture_awx(done):
    """That AWX, without jobs of other tests."""
    done.awx.jobs.clear()
    return done.awx


def launch(template, **options):
    """A task that launches a template."""
    return {"name": "Launch", "awx.awx.job_launch": {"job_template": template, **options}}


def documented():
    """The task in the guide, and the one in the playbook's introduction."""
    guide = (ROOT / "docs" / "docsite" / "rst" / "awx.rst").read_text("utf-8")
    introduction = (ROOT / "playbooks" / "awx_setup.yml").read_text("utf-8")
    shown = [re.search(r"^    - name: Deploy destination 789\n(?:    .*\n)+", guide, re.M), re.search(r"^#   - name: .*\n(?:#   .*\n)+", introduction, re.M)]
    assert all(shown)
    return [yaml.safe_load(re.sub(r"^#", "", one[0], flags=re.M)) for one in shown]


def test_the_documented_launch_takes_the_destination_alone(done, awx):
    tasks, other = documented()
    assert tasks == other
    assert tasks[0]["awx.awx.job_launch"]["extra_vars"] == {"deploy_destination_target_id": 789}
    run = done.act(tasks)
    (job,) = awx.jobs.values()
    told = run.one("Deploy destination 789")
    assert (told["id"], told["status"], told["changed"]) == (job["id"], "successful", True)
    assert json.loads(job["extra_vars"]) == {"deploy_destination_target_id": 789, **OTHERS}
    assert job["job_type"] == "run"


def test_the_others_too(done, awx):
    by_name = {"deploy_destination_name": "DWH", "deploy_destination_type": "bigquery", "deploy_destination_workspace": "EMEA"}
    new = {**by_name, "deploy_destination_datastreams": "Google Ads\nMeta Ads"}
    tasks = [
        launch(DEPLOY, extra_vars=by_name),
        launch(f"{DEPLOY}, check only", extra_vars={"deploy_destination_target_id": 789}),
        launch("Adverity: new destination", job_type="check", extra_vars=new),
        launch("Adverity: resume backfill", extra_vars={"deploy_destination_target_id": 789, "deploy_destination_datastream_ids": "456"}),
        launch("Adverity: report"),
    ]
    done.act(tasks)
    jobs = list(awx.jobs.values())
    assert [job["job_type"] for job in jobs] == ["run", "check", "check", "run", "run"]
    variables = [json.loads(job["extra_vars"]) for job in jobs]
    assert variables[0] == {**OTHERS, **by_name}
    assert variables[1] == {**OTHERS, "deploy_destination_target_id": 789}
    assert variables[2] == {**defaults(data("survey_new")), **new}
    assert variables[3]["deploy_destination_on_unknown"] == "fail"
    assert variables[4] == {}


@pytest.mark.parametrize(
    ("task", "complaint"),
    [
        (launch(DEPLOY, extra_vars={"deploy_destination_target_id": "seven"}), "deploy_destination_target_id is no integer"),
        (launch(DEPLOY, extra_vars={"deploy_destination_target_id": 0}), "deploy_destination_target_id is too small"),
        (launch(DEPLOY, extra_vars={"deploy_destination_target_id": 789, "deploy_destination_on_unknown": "guess"}), "on_unknown is none of the choices"),
        (launch("Adverity: resume backfill", extra_vars={"deploy_destination_target_id": 789}), "deploy_destination_datastream_ids is missing"),
        (launch("Adverity: new destination", extra_vars={"deploy_destination_name": "DWH"}), "deploy_destination_type is missing"),
        (launch(DEPLOY, job_type="check", extra_vars={"deploy_destination_target_id": 789}), "does not allow for it to be overridden"),
    ],
)
def test_a_wrong_launch_starts_no_job(done, awx, task, complaint):
    run = done.act([task], fails=True)
    assert complaint in json.dumps(run.failures)
    assert awx.jobs == {}


def test_a_variable_that_nobody_asks_for_does_not_reach_the_job(done, awx):
    done.act([launch(DEPLOY, extra_vars={"deploy_destination_target_id": 789, "deploy_destination_force": True})])
    (job,) = awx.jobs.values()
    assert "deploy_destination_force" not in job["extra_vars"]


def test_an_empty_credential_starts_no_job(done, awx):
    credential = awx.named("credentials", "Adverity")
    filled, credential["inputs"] = credential["inputs"], {"instance": "acme.datatap.adverity.com", "api_key": ""}
    run = done.act([launch(DEPLOY, wait=True, extra_vars={"deploy_destination_target_id": 789})], fails=True)
    credential["inputs"] = filled
    assert "does not provide one or more required fields" in json.dumps(run.failures)
