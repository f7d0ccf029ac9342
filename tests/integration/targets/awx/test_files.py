# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in playbooks/files/awx fits the role, the playbooks, the modules and the guide."""

from __future__ import annotations

import re

import pytest
import yaml
from adverity_harness.place import ROOT
from awx_jobs import FILES, data, inject, is_taken

SURVEYS = sorted(path.stem for path in FILES.glob("survey_*.yml"))
ASKED = {question["variable"]: question for name in SURVEYS for question in data(name)["spec"]}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_credential_type_hides_what_is_secret_and_requires_instance_and_key_alone():
    inputs = data("credential_type")["inputs"]
    # AWX fills in the type where it is missing, and the next run would find a difference.
    assert all("type" in field for field in inputs["fields"])
    assert [field["id"] for field in inputs["fields"] if field.get("secret")] == ["api_key", "ledger_password"]
    # A job that loads nothing, as a report, needs no ledger.
    assert inputs["required"] == ["instance", "api_key"]


def test_credential_hands_over_what_is_entered_and_what_is_left_empty_as_empty_text(tmp_path):
    given = inject({"instance": "acme", "api_key": "k", "ledger": "", "skip_certificate_check": False}, tmp_path)
    empty = {"ADVERITY_LEDGER": "", "ADVERITY_LEDGER_PASSWORD": "", "ADVERITY_CA_PATH": "", "ADVERITY_VALIDATE_CERTS": "true"}
    assert given == {"ADVERITY_INSTANCE": "acme", "ADVERITY_API_KEY": "k", **empty}
    assert inject({"instance": "acme", "api_key": "k"}, tmp_path) == given
    url = "postgresql://adverity@db.example.com/ledger?sslmode=verify-full"
    given = inject({"ledger": url, "ledger_password": "p", "ca_bundle": PEM, "skip_certificate_check": True}, tmp_path)
    assert [given[name] for name in empty] == [url, "p", str(tmp_path / "injected"), "false"]
    # Jinja takes away one line break at the end of a template, not of what is put into it.
    assert (tmp_path / "injected").read_text("utf-8") == PEM


@pytest.mark.parametrize("name", SURVEYS)
def test_surveys_ask_for_what_there_is(name):
    spec_of_role = yaml.safe_load((ROOT / "roles" / "deploy_destination" / "meta" / "argument_specs.yml").read_text("utf-8"))
    of_report = re.findall(r"^#   (report_\w+) ", (ROOT / "playbooks" / "report.yml").read_text("utf-8"), re.M)
    known = {**{variable: {} for variable in of_report}, **spec_of_role["argument_specs"]["main"]["options"]}
    spec = data(name)["spec"]
    assert len({question["variable"] for question in spec}) == len(spec)
    for question in spec:
        option = known[question["variable"]]
        assert "default" not in question or is_taken(question, question["default"]), "AWX drops such a default"
        assert not (question["required"] and "default" in question), question["variable"]
        assert [question.get(part) for part in ("type", "choices", "max")] == [ASKED[question["variable"]].get(part) for part in ("type", "choices", "max")]
        if "choices" in option:
            assert question["choices"] == [choice for choice in option["choices"] if choice]  # the empty one is for who leaves it out
        if isinstance(option.get("default"), bool):
            assert question["choices"] == ["yes", "no"]
            assert question["default"] == ("yes" if option["default"] else "no")
        elif "default" in option:
            assert question["default"] == option["default"]


def test_an_interrupted_backfill_is_resumed_for_named_datastreams_only():
    # Left out they would mean all of the destination, and enable what nobody asked for.
    (named,) = [question for question in data("survey_resume")["spec"] if question["variable"] == "deploy_destination_datastream_ids"]
    assert (named["required"], is_taken(named, ""), is_taken(named, "456, 457")) == (True, False, True)


def test_job_templates_launch_playbooks_and_surveys_that_are_there():
    templates = {row["name"]: row for row in data("job_templates")}
    for template in templates.values():
        # AWX offers a playbook of a project that has one of these lines (awx/main/utils/ansible.py).
        text = (ROOT / "playbooks" / template["playbook"]).read_text("utf-8")
        assert re.search(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", text, re.M)
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
    assert "deploy_destination_create" not in ASKED
    fixed = {template["name"]: template.get("extra_vars", {}) for template in data("job_templates")}
    must_exist = {"deploy_destination_create": False}
    assert {name: row for name, row in fixed.items() if row} == {"deploy destination": must_exist, "deploy destination, check only": must_exist}


def test_the_guide_names_each_question_with_its_type():
    guide = (ROOT / "docs" / "docsite" / "rst" / "awx.rst").read_text("utf-8")
    table = guide[guide.index("docsite.awx_questions:") : guide.index("# launch.yml")]
    rows = dict(re.findall(r"^    \* - ``(\w+)``\n      - (.*)$", table, re.M))
    kinds = {"integer": "number", "text": "text", "textarea": "text", "multiplechoice": "one of"}
    assert set(rows) == set(ASKED)
    for name, question in ASKED.items():
        assert rows[name].startswith(kinds[question["type"]]), name
        assert [choice for choice in question.get("choices", []) if f'``"{choice}"``' not in rows[name]] == []
