# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in refuses what AWX refuses: without this, the other tests would prove nothing."""

from __future__ import annotations

import copy
import json
import urllib.error
import urllib.request

import pytest
from awx_credential_types import Refusal, check_credential, check_injectors, check_inputs
from awx_setups import data
from awx_stand_in import TOKEN
from awx_surveys import check_survey

RULE = "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"


def field(**options):
    """Inputs of one field."""
    return {"fields": [{"id": "one", "label": "One", "type": "string", **options}]}


@pytest.mark.parametrize(
    "inputs",
    [
        {"fields": [{"id": "one"}]},
        {"fields": [{"id": "one", "label": "One"}, {"id": "one", "label": "Two"}]},
        {"fields": [], "optional": []},
        field(type="integer"),
        field(id="1st"),
        field(id="tower"),
        field(default=True),
        field(type="boolean", default="no"),
        field(type="boolean", secret=True),
        field(type="boolean", multiline=True),
        field(placeholder="x"),
        field(choices=[]),
        field(ask_at_runtime=True),
        {"required": "one"},
    ],
)
def test_inputs_of_a_credential_type(inputs):
    with pytest.raises(Refusal):
        check_inputs(inputs)


@pytest.mark.parametrize(
    "injectors",
    [
        {"env": {"ANSIBLE_CONFIG": "x"}},
        {"env": {"PYTHONPATH": "x"}},
        {"env": {"A-B": "x"}},
        {"env": {"A": True}},
        {"env": {"A": "\u00e9"}},
        {"env": {"A": "{{ another }}"}},
        {"env": {"A": "{{ one"}},
        {"env": {"A": "{{ tower.filename }}"}},
        {"env": {"A": "{{ one.__class__.__mro__ }}"}},
        {"file": {"one": "x"}},
        {"file": {"template": "x", "template.two": "y"}},
        {"vars": {"a": "b"}},
    ],
)
def test_injectors_of_a_credential_type(injectors):
    with pytest.raises(Refusal):
        check_injectors(injectors, field())


@pytest.mark.parametrize("inputs", [{"instance": True}, {"skip_certificate_check": "no"}, {"validate_certs": True}])
def test_inputs_of_a_credential(inputs):
    with pytest.raises(Refusal):
        check_credential(data("credential_type"), inputs)


def question(**options):
    """A change to the survey's first question that has choices. None takes an option away."""
    survey = copy.deepcopy(data("survey_deploy"))
    number = next(number for number, one in enumerate(survey["spec"]) if one["type"] == "multiplechoice")
    survey["spec"][number] = {name: value for name, value in {**survey["spec"][number], **options}.items() if value is not None}
    return survey


@pytest.mark.parametrize(
    "survey",
    [
        {"name": "A", "spec": [{}]},
        {"name": "A", "description": "", "spec": []},
        {"name": "A", "description": "", "spec": ["one"]},
        question(question_name=None),
        question(required="yes"),
        question(variable="deploy_destination_target_id"),
        question(type="boolean"),
        question(type="integer"),
        question(choices=None),
        question(default="maybe"),
        question(default="yes\nno"),
        question(default=True),
        question(min="1"),
        question(type="text", default="$encrypted$"),
    ],
)
def test_surveys(survey):
    with pytest.raises(Refusal):
        check_survey(survey)


def send(awx, method, path, body, token=TOKEN):
    """Send one request; return the status."""
    request = urllib.request.Request(f"{awx.url}/api/v2/{path}", json.dumps(body).encode(), {"Authorization": f"Bearer {token}"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(name="filled")
def fixture_filled(awx):
    """AWX with one of each: ids 2 project, 3 inventory, 4 type, 5 and 6 credentials, 7 job template, 8 workflow, 9 and 10 nodes, 11 approval."""
    awx.add("projects", {"name": "P", "organization": 1, "scm_type": "git", "scm_url": "https://git.example.com/p.git"})
    awx.add("inventories", {"name": "I", "organization": 1})
    awx.add("credential_types", data("credential_type"))
    for name in "AB":
        awx.add("credentials", {"name": name, "organization": 1, "credential_type": 4})
    awx.add("job_templates", {"name": "J", "project": 2, "inventory": 3, "playbook": "playbooks/report.yml", "survey_enabled": True})
    awx.surveys[7] = data("survey_resume")
    awx.add("workflow_job_templates", {"name": "W", "organization": 1})
    for name in "ab":
        awx.add("workflow_job_template_nodes", {"identifier": name, "workflow_job_template": 8})
    for child in (9, 10):
        assert send(awx, "POST", "workflow_job_template_nodes/9/success_nodes/", {"id": child}) == (400 if child == 9 else 204)
    assert send(awx, "POST", "job_templates/7/credentials/", {"id": 5}) == 204
    return awx


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "projects/", {"name": "Q", "scm_type": "git"}, 400),
        ("POST", "projects/", {"name": "Q", "scm_type": "github"}, 400),
        ("POST", "projects/", {"name": "P", "organization": 1, "scm_type": "git", "scm_url": "x"}, 400),
        ("POST", "inventories/", {"name": "K"}, 400),
        ("POST", "inventories/", {"name": "K", "organization": 99}, 400),
        ("POST", "inventories/", {"name": "", "organization": 1}, 400),
        ("POST", "inventories/", {"name": "K" * 513, "organization": 1}, 400),
        ("POST", "hosts/", {"name": "h"}, 400),
        ("POST", "hosts/", {"name": "h", "inventory": 3, "variables": "[1]"}, 400),
        ("POST", "hosts/", {"name": "h", "inventory": 3, "enabled": "yes"}, 400),
        ("POST", "execution_environments/", {"name": "e"}, 400),
        ("POST", "execution_environments/", {"name": "e", "image": "x", "pull": "sometimes"}, 400),
        ("POST", "credential_types/", {"name": "t", "kind": "ssh"}, 400),
        ("PATCH", "credential_types/4/", {"inputs": {"fields": []}}, 400),
        ("PATCH", "credential_types/4/", {"inputs": {**data("credential_type")["inputs"], "required": []}}, 403),
        ("POST", "credentials/", {"name": "c", "credential_type": 4}, 400),
        ("POST", "credentials/", {"name": "c", "credential_type": 4, "organization": 1, "inputs": {"key": "x"}}, 400),
        ("POST", "job_templates/7/credentials/", {"id": 6}, 400),
        ("POST", "job_templates/", {"name": "K", "inventory": 3, "playbook": "playbooks/report.yml"}, 400),
        ("POST", "job_templates/", {"name": "K", "project": 2, "playbook": "playbooks/report.yml"}, 400),
        ("POST", "job_templates/", {"name": "K", "project": 2, "inventory": 3, "playbook": "report.yml"}, 400),
        ("POST", "job_templates/", {"name": "J", "project": 2, "inventory": 3, "playbook": "playbooks/report.yml"}, 400),
        ("PATCH", "job_templates/7/", {"extra_vars": "no"}, 400),
        ("PATCH", "job_templates/7/", {"allow_simultaneous": None}, 400),
        ("POST", "job_templates/7/launch/", {"extra_vars": {}}, 400),
        ("POST", "job_templates/7/launch/", {"extra_vars": {"deploy_destination_target_id": "789"}}, 400),
        ("POST", "job_templates/7/launch/", {"extra_vars": {"deploy_destination_target_id": 789, "deploy_destination_datastream_ids": ""}}, 400),
        ("GET", "job_templates/7/launch/", None, 404),
        ("GET", "jobs/7/", None, 404),
        ("PATCH", "projects/2/", {"credential": 5}, 400),
        ("POST", "execution_environments/", {"name": "e", "image": "x", "credential": 5}, 400),
        ("PATCH", "credential_types/9001/", {"name": "mine"}, 403),
        ("POST", "teams/", {"name": "t"}, 400),
        ("POST", "roles/100000/teams/", {"id": 1}, 404),
        ("POST", "schedules/", {"name": "s", "unified_job_template": 7}, 400),
        ("POST", "schedules/", {"name": "s", "unified_job_template": 7, "rrule": "every night"}, 400),
        ("POST", "schedules/", {"name": "s", "unified_job_template": 7, "rrule": RULE, "extra_data": {"deploy_destination_force": "yes"}}, 400),
        ("POST", "schedules/", {"name": "s", "unified_job_template": 7, "rrule": RULE, "extra_data": {"deploy_destination_target_id": "789"}}, 400),
        ("POST", "notification_templates/", {"name": "n", "organization": 1, "notification_type": "pigeon"}, 400),
        ("POST", "workflow_job_template_nodes/", {"identifier": "a", "workflow_job_template": 8}, 400),
        ("POST", "workflow_job_template_nodes/", {"identifier": "c", "workflow_job_template": 8, "unified_job_template": 3}, 400),
        ("POST", "workflow_job_template_nodes/10/success_nodes/", {"id": 9}, 400),
        ("POST", "workflow_job_template_nodes/9/create_approval_template/", {"timeout": -1, "name": "a"}, 400),
        ("POST", "workflow_approval_templates/1/success_nodes/", {"id": 9}, 404),
        ("DELETE", "job_templates/7/", None, 405),
        ("GET", "job_templates/99/", None, 404),
        ("GET", "job_templates/?title=J", None, 400),
    ],
)
def test_resources(filled, method, path, body, status):
    before = copy.deepcopy(filled.store)
    assert send(filled, method, path, body) == status
    assert filled.store == before
    assert filled.jobs == {}


def test_without_the_token_nothing_is_told(awx):
    assert send(awx, "GET", "projects/", None, token="another") == 401
    assert awx.requests == []
