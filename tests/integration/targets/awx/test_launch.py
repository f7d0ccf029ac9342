# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Launches by awx.awx.job_launch of what awx_setup made: the destination alone is enough, and wrong answers start nothing."""

from __future__ import annotations

import json
import re
import textwrap

import pytest
import yaml
from adverity_harness.place import ROOT
from adverity_harness.runs import refused
from awx_setups import FILES, data
from awx_surveys import defaults

pytestmark = pytest.mark.xdist_group("awx_setup")  # with test_setup.py, whose run it shares
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
    "deploy_destination_on_failed": "fail",
    "deploy_destination_wait": 0,
}


@pytest.fixture(name="awx")
def fixture_awx(done):
    """AWX after awx_setup, with a credential that is filled in, and without jobs of other tests."""
    credential = done.awx.named("credentials", "Adverity")
    before, credential["inputs"] = credential["inputs"], {"instance": "acme.datatap.adverity.com", "api_key": "entered-in-awx"}
    done.awx.jobs.clear()
    yield done.awx
    credential["inputs"] = before


def launch(template, **options):
    """A task that launches a template."""
    return {"name": "Launch", "awx.awx.job_launch": {"job_template": template, **options}}


def documented():
    """The tasks in the guide that launch something."""
    guide = (ROOT / "docs" / "docsite" / "rst" / "awx.rst").read_text("utf-8")
    (shown,) = re.findall(r"^    # launch\.yml\n((?:    .*\n|\n)+)", guide, re.M)
    return yaml.safe_load(textwrap.dedent(shown))


def test_each_template_has_an_example_in_the_guide_that_is_launched(done, awx):
    tasks = documented()
    run = done.act(tasks)
    jobs = list(awx.jobs.values())
    names = {row["id"]: row["name"] for name in ("job_templates", "workflow_job_templates") for row in awx.store[name].values()}
    launched = [names[job.get("job_template") or job["workflow_job_template"]] for job in jobs]
    assert set(launched) == set(names.values()) - {"Adverity: nothing to approve"}
    for task, job in zip(tasks, jobs):
        (options,) = [options for action, options in task.items() if action.startswith("awx.awx.")]
        told, got = run.one(task["name"]), json.loads(job["extra_vars"])
        assert (told["id"], told["changed"]) == (job["id"], True)
        # Each answer reached the job: nothing was dropped, and nothing was refused.
        asked = options["extra_vars"]
        assert set(asked if isinstance(asked, dict) else {"deploy_destination_target_id"}) <= set(got)
    variables = dict(zip(launched, (json.loads(job["extra_vars"]) for job in jobs)))
    first = json.loads(jobs[0]["extra_vars"])
    assert first == {"deploy_destination_create": False, **OTHERS, "deploy_destination_target_id": 789}
    assert variables["Adverity: new destination"]["deploy_destination_settings"] == "dataset: marketing\nproject: acme-dwh\n"
    assert variables["Adverity: resume backfill"]["deploy_destination_datastream_ids"] == "456, 457"


def test_the_guide_names_each_question_with_its_type():
    guide = (ROOT / "docs" / "docsite" / "rst" / "awx.rst").read_text("utf-8")
    table = guide[guide.index("docsite.awx_questions:") : guide.index("# launch.yml")]
    rows = dict(re.findall(r"^    \* - ``(\w+)``\n      - (.*)$", table, re.M))
    kinds = {"integer": "number", "text": "text", "textarea": "text", "multiplechoice": "one of"}
    asked = {question["variable"]: question for path in FILES.glob("survey_*.yml") for question in data(path.stem)["spec"]}
    assert set(rows) == set(asked)
    for name, question in asked.items():
        assert rows[name].startswith(kinds[question["type"]]), name
        for choice in question.get("choices", []):
            assert f'``"{choice}"``' in rows[name]


def test_the_others_too(done, awx):
    by_name = {"deploy_destination_name": "DWH", "deploy_destination_type": "bigquery", "deploy_destination_workspace": "EMEA"}
    new = {**by_name, "deploy_destination_datastreams": "Google Ads\nMeta Ads"}
    tasks = [
        launch(DEPLOY, extra_vars=by_name),
        launch(f"{DEPLOY}, check only", extra_vars={"deploy_destination_target_id": 789}),
        launch("Adverity: new destination", job_type="check", extra_vars=new),
        launch("Adverity: resume backfill", extra_vars={"deploy_destination_target_id": 789, "deploy_destination_datastream_ids": "456"}),
        launch("Adverity: report", extra_vars={"deploy_destination_force": True}),
    ]
    done.act(tasks)
    jobs = list(awx.jobs.values())
    assert [job["job_type"] for job in jobs] == ["run", "check", "check", "run", "run"]
    variables = [json.loads(job["extra_vars"]) for job in jobs]
    assert variables[0] == {"deploy_destination_create": False, **OTHERS, **by_name}
    assert variables[1] == {"deploy_destination_create": False, **OTHERS, "deploy_destination_target_id": 789}
    assert variables[2] == {**defaults(data("survey_new")), **new}
    assert variables[3]["deploy_destination_on_unknown"] == "fail"
    assert variables[4] == {}  # a variable that no question asks for does not reach the job


REFUSALS = {
    "deploy_destination_target_id is no integer": launch(DEPLOY, extra_vars={"deploy_destination_target_id": "seven"}),
    "target_id is no integer": launch(DEPLOY, extra_vars={"deploy_destination_target_id": "789"}),
    "enabled is none of the choices": launch(DEPLOY, extra_vars={"deploy_destination_target_id": 789, "deploy_destination_enabled": True}),
    "datastream_ids is no string": launch(DEPLOY, extra_vars={"deploy_destination_target_id": 789, "deploy_destination_datastream_ids": [456, 457]}),
    "deploy_destination_target_id is too small": launch(DEPLOY, extra_vars={"deploy_destination_target_id": 0}),
    "on_unknown is none of the choices": launch(DEPLOY, extra_vars={"deploy_destination_on_unknown": "guess"}),
    "deploy_destination_datastream_ids is missing": launch("Adverity: resume backfill", extra_vars={"deploy_destination_target_id": 789}),
    "deploy_destination_type is missing": launch("Adverity: new destination", extra_vars={"deploy_destination_name": "DWH"}),
    "does not allow for it to be overridden": launch(DEPLOY, job_type="check", extra_vars={"deploy_destination_target_id": 789}),
}


def test_a_wrong_launch_starts_no_job(done, awx):
    run = done.act([refused(task) for task in REFUSALS.values()])
    assert len(run.failures) == len(REFUSALS)
    for failure, complaint in zip(run.failures, REFUSALS):
        assert complaint in json.dumps(failure)
    assert awx.jobs == {}


def test_an_empty_credential_starts_no_job(done, awx):
    awx.named("credentials", "Adverity")["inputs"] = {"instance": "acme.datatap.adverity.com", "api_key": ""}
    run = done.act([launch(DEPLOY, wait=True, extra_vars={"deploy_destination_target_id": 789})], fails=True)
    assert "does not provide one or more required fields" in json.dumps(run.failures)
