# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup with the real modules of awx.awx, against a stand-in that obeys AWX's rules."""

from __future__ import annotations

import json

import pytest
from awx_credential_types import ENCRYPTED, can_start
from awx_setups import data

pytestmark = pytest.mark.xdist_group("awx_setup")  # one run for all that look at what it made
ENTERED = {"instance": "acme.datatap.adverity.com", "api_key": "entered-in-awx"}


def test_first_run_makes_everything(done):
    made = {
        name: sorted(row.get("name") or row["identifier"] for row in rows.values() if not row.get("managed")) for name, rows in done.awx.store.items()
    }
    assert made == {
        "organizations": ["Default"],
        "instance_groups": [],
        "projects": ["Adverity"],
        "execution_environments": ["Adverity"],
        "inventories": ["Adverity"],
        "hosts": ["localhost"],
        "credential_types": ["Adverity Management API"],
        "credentials": ["Adverity"],
        "job_templates": sorted(f"Adverity: {template['name']}" for template in data("job_templates")),
        "workflow_job_templates": ["Adverity: check, approve, deploy"],
        "workflow_job_template_nodes": ["approve", "check", "decide", "deploy"],
        "teams": [],
        "notification_templates": [],
        "schedules": [],
        "workflow_approval_templates": ["Approve the deployment"],
    }
    assert done.first.changed > 0
    assert "Enter the instance, the API key and the ledger in the credential Adverity" in done.first.output
    assert "Without a ledger, jobs refuse to load data" in done.first.output


def test_what_is_kept_is_what_the_files_say(done):
    wanted = data("credential_type")
    kept = done.awx.named("credential_types", "Adverity Management API")
    assert {name: kept[name] for name in wanted} == wanted
    for template in data("job_templates"):
        row = done.awx.named("job_templates", f"Adverity: {template['name']}")
        survey = template.get("survey", "")
        assert done.awx.surveys.get(row["id"]) == (data(survey[: -len(".yml")]) if survey else None)
        assert row["playbook"] == f"playbooks/{template['playbook']}"
        assert (row["job_type"], row["allow_simultaneous"]) == (template["job_type"], True)  # jobs take turns by the ledger
        assert (row["survey_enabled"], row["ask_variables_on_launch"], row["prevent_instance_group_fallback"]) == (bool(survey), False, False)
        assert row["ask_job_type_on_launch"] is (template["name"] == "new destination")
        assert json.loads(row["extra_vars"]) == template.get("extra_vars", {})
        credentials = [] if template["name"] == "nothing to approve" else [done.awx.named("credentials", "Adverity")["id"]]
        assert done.awx.related.get((row["id"], "credentials"), []) == credentials


def test_templates_in_the_variables_of_the_host_are_kept(done):
    target = done.awx.named("hosts", "localhost")
    assert target["enabled"]
    assert json.loads(target["variables"]) == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }


def test_nothing_is_deployed_before_the_approval(done):
    awx = done.awx
    nodes = {name: awx.named("workflow_job_template_nodes", name) for name in ("check", "decide", "approve", "deploy")}
    runs = {name: awx._known()["unified_job_templates"][row["unified_job_template"]]["name"] for name, row in nodes.items()}
    assert runs == {
        "check": "Adverity: deploy destination, check only",
        "decide": "Adverity: nothing to approve",
        "approve": "Approve the deployment",
        "deploy": "Adverity: deploy destination",
    }
    ways = {key: ids for key, ids in awx.related.items() if key[1].endswith("_nodes") and ids}
    assert ways == {
        (nodes["check"]["id"], "success_nodes"): [nodes["decide"]["id"]],
        (nodes["decide"]["id"], "failure_nodes"): [nodes["approve"]["id"]],
        (nodes["approve"]["id"], "success_nodes"): [nodes["deploy"]["id"]],
    }
    # An approval that nobody gives must not wait for ever.
    assert awx.named("workflow_approval_templates", "Approve the deployment")["timeout"] == 86400
    workflow = awx.named("workflow_job_templates", "Adverity: check, approve, deploy")
    assert (workflow["survey_enabled"], workflow["allow_simultaneous"]) == (True, True)
    assert awx.surveys[workflow["id"]] == data("survey_deploy")


def test_second_run_changes_nothing_and_leaves_the_secret_alone(done):
    credential = done.awx.named("credentials", "Adverity")
    kind = done.awx.named("credential_types", "Adverity Management API")
    assert not can_start(kind, credential["inputs"])
    credential["inputs"] = dict(ENTERED)
    assert can_start(kind, credential["inputs"])
    assert done.awx._shown(credential)["inputs"] == {**ENTERED, "api_key": ENCRYPTED}
    done.awx.requests.clear()
    again = done.run()
    assert done.awx.writes() == []
    assert again.changed == 0
    assert len(done.awx.requests) > 20
    assert credential["inputs"] == ENTERED
    credential["inputs"] = {}


def test_an_update_writes_what_differs_alone(done):
    report = done.awx.named("job_templates", "Adverity: report")
    report["description"] = "changed by hand"
    done.awx.requests.clear()
    before = report["extra_vars"]
    done.run(awx_setup_report_file="/data/report.html")
    assert [write[:2] for write in done.awx.writes()] == [("PATCH", f"job_templates/{report['id']}/")]
    assert report["description"] != "changed by hand"
    assert json.loads(report["extra_vars"]) == {"report_file": "/data/report.html"}
    report["extra_vars"] = before
