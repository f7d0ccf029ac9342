# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in playbooks/files/awx: AWX accepts it, and it fits the role, the playbooks and the modules."""

from __future__ import annotations

import copy
import re

import pytest
import yaml
from adverity_harness.place import ROOT
from awx_rules import Refusal, check_credential_type, check_survey, complaints, defaults, launch_variables
from awx_setups import FILES, data
from awx_stand_in import playbooks

SURVEYS = sorted(path.stem for path in FILES.glob("survey_*.yml"))


def options():
    """The options of the role, by name."""
    path = ROOT / "roles" / "deploy_destination" / "meta" / "argument_specs.yml"
    return yaml.safe_load(path.read_text("utf-8"))["argument_specs"]["main"]["options"]


def report_variables():
    """The variables that the playbook report says it takes."""
    return set(re.findall(r"^#   (report_\w+) ", (ROOT / "playbooks" / "report.yml").read_text("utf-8"), re.M))


def test_credential_type_is_accepted_and_hides_what_is_secret():
    kind = data("credential_type")
    check_credential_type(kind)
    assert kind["kind"] == "cloud"
    # AWX fills in the type where it is missing, and the next run would find a difference.
    assert all("type" in field for field in kind["inputs"]["fields"])
    assert [field["id"] for field in kind["inputs"]["fields"] if field.get("secret")] == ["api_key", "ledger_password"]
    # A job that loads nothing, as a report, needs no ledger.
    assert kind["inputs"]["required"] == ["instance", "api_key"]


def test_credential_sets_what_the_modules_read():
    texts = [path.read_text("utf-8") for folder in ("doc_fragments", "modules") for path in (ROOT / "plugins" / folder).glob("*.py")]
    read = {name for text in texts for name in re.findall(r"E\((ADVERITY_\w+)\)", text)}
    names = set(data("credential_type")["injectors"]["env"])
    assert names <= read
    connection = {"ADVERITY_INSTANCE", "ADVERITY_API_KEY", "ADVERITY_CA_PATH", "ADVERITY_VALIDATE_CERTS"}
    assert names == {*connection, "ADVERITY_LEDGER", "ADVERITY_LEDGER_PASSWORD"}


def changed(name, *path, value):
    """One of the files with another value at a place."""
    whole = part = copy.deepcopy(data(name))
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return whole


FIELD = {"id": "one", "label": "One", "type": "string"}


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (check_credential_type, changed("credential_type", "inputs", "fields", value=[FIELD, FIELD])),
        (check_credential_type, changed("credential_type", "inputs", "fields", value=[{**FIELD, "type": "integer"}])),
        (check_credential_type, changed("credential_type", "inputs", "fields", value=[{**FIELD, "type": "boolean", "secret": True}])),
        (check_credential_type, changed("credential_type", "injectors", "env", value={"PYTHONPATH": "x"})),
        (check_credential_type, changed("credential_type", "injectors", "env", value={"A": "{{ another }}"})),
        (check_credential_type, changed("credential_type", "injectors", value={"env": {"A": "{{ tower.filename }}"}})),
        (check_survey, changed("survey_deploy", "spec", value=[])),
        (check_survey, changed("survey_deploy", "spec", 0, "type", value="boolean")),
        (check_survey, changed("survey_deploy", "spec", 0, "variable", value="deploy_destination_name")),
        (check_survey, changed("survey_deploy", "spec", 0, "default", value="789")),
        (check_survey, changed("survey_deploy", "spec", 6, "default", value="maybe")),
    ],
)
def test_the_rules_refuse(check, wrong):
    with pytest.raises(Refusal):
        check(wrong)


@pytest.mark.parametrize("name", SURVEYS)
def test_surveys_are_accepted_and_ask_for_what_there_is(name):
    survey = data(name)
    check_survey(survey)
    given = {question["variable"]: question["default"] for question in survey["spec"] if "default" in question}
    assert defaults(survey) == given, "a default is dropped"
    known = {**{variable: {} for variable in report_variables()}, **options()}
    for question in survey["spec"]:
        option = known[question["variable"]]
        assert not (question["required"] and "default" in question), question["variable"]
        if "choices" in option:
            assert question["choices"] == [choice for choice in option["choices"] if choice]  # the empty one is for who leaves it out
        if isinstance(option.get("default"), bool):
            assert question["choices"] == ["yes", "no"]
            assert question["default"] == ("yes" if option["default"] else "no")
        elif "default" in option:
            assert question["default"] == option["default"]


def test_every_question_means_the_same_in_all_surveys():
    seen = {}
    for name in SURVEYS:
        for question in data(name)["spec"]:
            known = seen.setdefault(question["variable"], question)
            assert [question.get(part) for part in ("type", "choices", "max")] == [known.get(part) for part in ("type", "choices", "max")]


ID, BY_NAME = {"target_id": 789}, {"name": "DWH", "type": "bigquery", "workspace": "EMEA"}


@pytest.mark.parametrize(
    ("survey", "answers", "said"),
    [
        ("deploy", ID, []),
        ("deploy", BY_NAME, []),
        ("deploy", {"target_id": "789"}, ["target_id is no integer"]),
        ("deploy", {"target_id": 0}, ["target_id is too small or too large"]),
        ("deploy", {**ID, "enabled": True}, ["enabled is none of the choices"]),
        ("deploy", {**ID, "datastream_ids": [456, 457]}, ["datastream_ids is no string"]),
        ("deploy", {"on_unknown": "guess"}, ["on_unknown is none of the choices"]),
        ("new", {}, ["name is missing", "type is missing", "workspace is missing", "datastreams is missing"]),
        ("new", {**BY_NAME, "datastreams": "one"}, []),
        # Left out they would mean all of the destination, and enable what nobody asked for.
        ("resume", ID, ["datastream_ids is missing"]),
        ("resume", {**ID, "datastream_ids": ""}, ["datastream_ids is too small or too large"]),
        ("resume", {**ID, "datastream_ids": "456, 457"}, []),
    ],
)
def test_which_answers_launch_a_job(survey, answers, said):
    found = complaints(data(f"survey_{survey}"), {f"deploy_destination_{name}": value for name, value in answers.items()})
    assert found == [f"deploy_destination_{text}" for text in said]


def test_nobody_who_answers_little_gets_more_than_the_defaults():
    given = {"deploy_destination_target_id": 789, "deploy_destination_force": True}  # no question asks for the second one
    empty = dict.fromkeys((f"deploy_destination_{name}" for name in (*BY_NAME, "datastreams", "datastream_ids", "backfill_from", "backfill_to")), "")
    assert launch_variables(data("survey_deploy"), {"deploy_destination_create": False}, given) == {
        **empty, "deploy_destination_create": False, "deploy_destination_target_id": 789, "deploy_destination_enabled": "yes",
        "deploy_destination_backfill": "when_needed", "deploy_destination_wait": 0,
        **dict.fromkeys((f"deploy_destination_on_{what}" for what in ("unknown", "refused", "failed")), "fail"),
    }  # fmt: skip


def test_job_templates_launch_playbooks_and_surveys_that_are_there():
    templates = {row["name"]: row for row in data("job_templates")}
    assert "playbooks/awx_setup.yml" in playbooks()
    for template in templates.values():
        assert f"playbooks/{template['playbook']}" in playbooks()
        assert template.get("survey", "survey_deploy.yml")[: -len(".yml")] in SURVEYS
    # The job that decides needs no key, and its failure alarms nobody.
    assert [name for name, row in templates.items() if not row.get("credential", True)] == ["nothing to approve"]
    assert [name for name, row in templates.items() if not row.get("notify", True)] == ["nothing to approve"]
    workflow = data("workflow")
    jobs = [templates[node["job_template"]] for node in workflow["nodes"] if "job_template" in node]
    assert {job["survey"] for job in jobs if "survey" in job} == {workflow["survey"]}
    assert [job["job_type"] for job in jobs] == ["check", "run", "run"]


def test_only_new_destination_creates_one_and_no_answer_changes_that():
    # AWX takes no variable that no question asks for, and a template's own variable otherwise.
    asked = {question["variable"] for name in SURVEYS for question in data(name)["spec"]}
    assert "deploy_destination_create" not in asked
    fixed = {template["name"]: template.get("extra_vars", {}) for template in data("job_templates")}
    must_exist = {"deploy_destination_create": False}
    assert {name: row for name, row in fixed.items() if row} == {"deploy destination": must_exist, "deploy destination, check only": must_exist}
    assert set().union(*fixed.values()) <= set(options())


def test_the_guide_names_each_question_with_its_type():
    guide = (ROOT / "docs" / "docsite" / "rst" / "awx.rst").read_text("utf-8")
    table = guide[guide.index("docsite.awx_questions:") : guide.index("# launch.yml")]
    rows = dict(re.findall(r"^    \* - ``(\w+)``\n      - (.*)$", table, re.M))
    kinds = {"integer": "number", "text": "text", "textarea": "text", "multiplechoice": "one of"}
    asked = {question["variable"]: question for name in SURVEYS for question in data(name)["spec"]}
    assert set(rows) == set(asked)
    for name, question in asked.items():
        assert rows[name].startswith(kinds[question["type"]]), name
        assert [choice for choice in question.get("choices", []) if f'``"{choice}"``' not in rows[name]] == []
