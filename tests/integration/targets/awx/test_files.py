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


def test_the_key_alone_is_secret():
    assert [field["id"] for field in data("credential_type")["inputs"]["fields"] if field.get("secret")] == ["api_key"]


def test_credential_sets_what_the_modules_read():
    fragment = (ROOT / "plugins" / "doc_fragments" / "connection.py").read_text("utf-8")
    read = set(re.findall(r"E\((ADVERITY_\w+)\)", fragment))
    names = set(data("credential_type")["injectors"]["env"])
    assert names <= read
    assert names == {"ADVERITY_INSTANCE", "ADVERITY_API_KEY", "ADVERITY_CA_PATH", "ADVERITY_VALIDATE_CERTS"}


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


def test_what_has_to_be_answered_is_what_the_role_requires():
    required = {name for name, option in options().items() if option.get("required")}
    for name in ("survey_deploy", "survey_resume"):
        assert required <= {question["variable"] for question in data(name)["spec"] if question["required"]}


def test_the_deployment_can_be_launched_with_a_destination_alone():
    survey = data("survey_deploy")
    assert complaints(survey, {**defaults(survey), "deploy_destination_target_id": 789}) == []
    assert complaints(survey, defaults(survey)) == ["deploy_destination_target_id is missing"]


def test_a_resume_has_to_name_its_datastreams():
    # Left out they would mean all of the destination, and enable what nobody asked for.
    survey = data("survey_resume")
    answers = {**defaults(survey), "deploy_destination_target_id": 789}
    assert complaints(survey, answers) == ["deploy_destination_datastream_ids is missing"]
    assert complaints(survey, {**answers, "deploy_destination_datastream_ids": ""}) == ["deploy_destination_datastream_ids is too small or too large"]
    assert complaints(survey, {**answers, "deploy_destination_datastream_ids": "456, 457"}) == []


def test_job_templates_launch_playbooks_that_are_there():
    found = playbooks_of(ROOT)
    assert "playbooks/awx_setup.yml" in found
    assert not [path for path in found if "files" in path]
    for template in data("job_templates"):
        assert f"playbooks/{template['playbook']}" in found
        assert template["survey"][: -len(".yml")] in SURVEYS


def test_job_templates_set_variables_that_there_are():
    known = {*options(), *report_variables()}
    for template in data("job_templates"):
        assert {template["ledger"], template.get("ledger_in_facts", template["ledger"])} <= known


def test_templates_that_deploy_keep_the_ledger_in_the_same_place():
    ledgers = {(row["ledger"], row.get("ledger_in_facts")) for row in data("job_templates") if row["playbook"] == "deploy_destination.yml"}
    assert len(ledgers) == 1


def test_workflow_asks_what_its_jobs_ask():
    workflow, templates = data("workflow"), {row["name"]: row for row in data("job_templates")}
    jobs = [templates[node["job_template"]] for node in workflow["nodes"] if "job_template" in node]
    assert {job["survey"] for job in jobs} == {workflow["survey"]}
    assert [job["job_type"] for job in jobs] == ["check", "run"]
