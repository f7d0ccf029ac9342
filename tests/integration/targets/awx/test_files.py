# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in playbooks/files/awx: AWX accepts it, and it fits the role, the playbooks and the modules."""

from __future__ import annotations

import re

import pytest
import yaml
from adverity_harness.place import ROOT
from awx_credential_types import check_injectors, check_inputs
from awx_resources import playbooks_of
from awx_setups import FILES, data
from awx_surveys import check_survey, complaints, defaults

SURVEYS = sorted(path.stem for path in FILES.glob("survey_*.yml"))


def options():
    """The options of the role, by name."""
    path = ROOT / "roles" / "deploy_destination" / "meta" / "argument_specs.yml"
    return yaml.safe_load(path.read_text("utf-8"))["argument_specs"]["main"]["options"]


def report_variables():
    """The variables that the playbook report says it takes."""
    return set(re.findall(r"^#   (report_\w+) ", (ROOT / "playbooks" / "report.yml").read_text("utf-8"), re.M))


def test_credential_type_is_accepted():
    kind = data("credential_type")
    check_inputs(kind["inputs"])
    check_injectors(kind["injectors"], kind["inputs"])
    assert kind["kind"] == "cloud"


def test_every_field_has_its_type_named():
    # AWX fills it in where it is missing, and the next run would find a difference.
    assert all("type" in field for field in data("credential_type")["inputs"]["fields"])


def test_the_key_and_the_password_are_secret():
    assert [field["id"] for field in data("credential_type")["inputs"]["fields"] if field.get("secret")] == ["api_key", "ledger_password"]


def test_a_credential_without_a_ledger_is_complete():
    # A job that loads nothing, as a report, needs none.
    assert data("credential_type")["inputs"]["required"] == ["instance", "api_key"]


def test_credential_sets_what_the_modules_read():
    texts = [path.read_text("utf-8") for folder in ("doc_fragments", "modules") for path in (ROOT / "plugins" / folder).glob("*.py")]
    read = {name for text in texts for name in re.findall(r"E\((ADVERITY_\w+)\)", text)}
    names = set(data("credential_type")["injectors"]["env"])
    assert names <= read
    connection = {"ADVERITY_INSTANCE", "ADVERITY_API_KEY", "ADVERITY_CA_PATH", "ADVERITY_VALIDATE_CERTS"}
    assert names == {*connection, "ADVERITY_LEDGER", "ADVERITY_LEDGER_PASSWORD"}


@pytest.mark.parametrize("name", SURVEYS)
def test_surveys_are_accepted(name):
    check_survey(data(name))


@pytest.mark.parametrize("name", SURVEYS)
def test_no_default_is_dropped(name):
    survey = data(name)
    assert defaults(survey) == {question["variable"]: question["default"] for question in survey["spec"] if "default" in question}


@pytest.mark.parametrize("name", SURVEYS)
def test_surveys_ask_for_what_there_is(name):
    known = {**{name: {} for name in report_variables()}, **options()}
    for question in data(name)["spec"]:
        option = known[question["variable"]]
        if "choices" in option:
            assert question["choices"] == [choice for choice in option["choices"] if choice]  # the empty one is for who leaves it out
        if isinstance(option.get("default"), bool):
            assert question["choices"] == ["yes", "no"]
            assert question["default"] == ("yes" if option["default"] else "no")
        elif "default" in option:
            assert question["default"] == option["default"]


@pytest.mark.parametrize("name", SURVEYS)
def test_only_what_has_no_default_is_required(name):
    for question in data(name)["spec"]:
        assert not (question["required"] and "default" in question), question["variable"]


@pytest.mark.parametrize("name", [name for name in SURVEYS if name != "survey_report"])
def test_surveys_ask_for_all_that_the_role_requires(name):
    required = {name for name, option in options().items() if option.get("required")}
    assert required <= {question["variable"] for question in data(name)["spec"] if question["required"]}


@pytest.mark.parametrize("answers", [{"target_id": 789}, {"name": "DWH", "type": "bigquery", "workspace": "EMEA"}], ids=["id", "name"])
def test_the_deployment_can_be_launched_with_a_destination_alone(answers):
    assert complaints(data("survey_deploy"), {f"deploy_destination_{name}": value for name, value in answers.items()}) == []


def test_a_new_destination_needs_what_makes_it_and_its_datastreams():
    asked = ("name", "type", "workspace", "datastreams")
    assert complaints(data("survey_new"), {}) == [f"deploy_destination_{name} is missing" for name in asked]
    assert complaints(data("survey_new"), {f"deploy_destination_{name}": "one" for name in asked}) == []


def test_a_resume_has_to_name_its_datastreams():
    # Left out they would mean all of the destination, and enable what nobody asked for.
    survey = data("survey_resume")
    answers = {"deploy_destination_target_id": 789}
    assert complaints(survey, answers) == ["deploy_destination_datastream_ids is missing"]
    assert complaints(survey, {**answers, "deploy_destination_datastream_ids": ""}) == ["deploy_destination_datastream_ids is too small or too large"]
    assert complaints(survey, {**answers, "deploy_destination_datastream_ids": "456, 457"}) == []


def test_job_templates_launch_playbooks_that_are_there():
    found = playbooks_of(ROOT)
    assert "playbooks/awx_setup.yml" in found
    assert not [path for path in found if "files" in path]
    for template in data("job_templates"):
        assert f"playbooks/{template['playbook']}" in found
        assert template.get("survey", "survey_deploy.yml")[: -len(".yml")] in SURVEYS


def test_only_new_destination_creates_one_and_no_answer_changes_that():
    # AWX takes no variable that no question asks for, and a template's own variable otherwise.
    asked = {question["variable"] for name in SURVEYS for question in data(name)["spec"]}
    assert "deploy_destination_create" not in asked
    fixed = {template["name"]: template.get("extra_vars", {}) for template in data("job_templates")}
    must_exist = {"deploy_destination_create": False}
    assert {name: row for name, row in fixed.items() if row} == {"deploy destination": must_exist, "deploy destination, check only": must_exist}
    assert set().union(*fixed.values()) <= set(options())


def test_every_question_of_a_template_means_the_same_in_all():
    # Who learned one survey knows the others: same variable, same choices, same default.
    seen = {}
    for name in SURVEYS:
        for question in data(name)["spec"]:
            known = seen.setdefault(question["variable"], question)
            assert [question.get(part) for part in ("type", "choices", "max")] == [known.get(part) for part in ("type", "choices", "max")]


def test_workflow_asks_what_its_jobs_ask():
    workflow, templates = data("workflow"), {row["name"]: row for row in data("job_templates")}
    jobs = [templates[node["job_template"]] for node in workflow["nodes"] if "job_template" in node]
    assert {job["survey"] for job in jobs if "survey" in job} == {workflow["survey"]}
    assert [job["job_type"] for job in jobs] == ["check", "run", "run"]


def test_the_job_that_decides_needs_no_key_and_alarms_nobody():
    templates = {row["name"]: row for row in data("job_templates")}
    assert [name for name, row in templates.items() if not row.get("credential", True)] == ["nothing to approve"]
    assert [name for name, row in templates.items() if not row.get("notify", True)] == ["nothing to approve"]
