# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup with the real modules of awx.awx, against a stand-in: what it makes, by variables, after an earlier version, and what it refuses."""

from __future__ import annotations

import copy
import json
import re
import shutil
import textwrap

import pytest
import yaml
from adverity_harness.place import ROOT
from awx_jobs import data
from awx_stand_in import ENCRYPTED, VARIABLES, Setup, StandIn, awx_collection

ENTERED = {"instance": "acme.datatap.adverity.com", "api_key": "entered-in-awx"}
WORKFLOW, TYPE = "Adverity: check, approve, deploy", "Adverity Management API"
TEMPLATES = [f"Adverity: {template['name']}" for template in data("job_templates")]


@pytest.fixture(name="awx")
def fixture_awx():
    """An AWX with nothing in it but its organization Default."""
    with StandIn() as awx:
        yield awx


@pytest.fixture(name="setup")
def fixture_setup(tmp_path, awx):
    return Setup(tmp_path, awx)


@pytest.fixture(name="done", scope="module")
def fixture_done(tmp_path_factory):
    """AWX after the first run of awx_setup, and the controller that ran it: its run is ``first``. Tests leave it as they found it."""
    with StandIn() as awx:
        setup = Setup(tmp_path_factory.mktemp("setup"), awx)
        setup.first = setup.run()
        yield setup


def test_first_run_makes_everything(done):
    made = {name: [row for row in rows.values() if not row.get("managed")] for name, rows in done.awx.store.items()}
    assert {name: sorted(row.get("name") or row["identifier"] for row in rows) for name, rows in made.items() if rows} == {
        "organizations": ["Default"],
        "projects": ["Adverity"],
        "execution_environments": ["Adverity"],
        "inventories": ["Adverity"],
        "hosts": ["localhost"],
        "credential_types": [TYPE],
        "credentials": ["Adverity"],
        "job_templates": sorted(TEMPLATES),
        "workflow_job_templates": [WORKFLOW],
        "workflow_job_template_nodes": ["approve", "check", "decide", "deploy"],
        "workflow_approval_templates": ["Approve the deployment"],
    }
    assert "Enter the instance, the API key and the ledger in the credential Adverity" in done.first.output
    assert "Without a ledger, jobs refuse to load data" in done.first.output


def test_what_is_kept_is_what_the_files_say(done):
    wanted, kept = data("credential_type"), done.awx.named("credential_types", TYPE)
    assert {name: kept[name] for name in wanted} == wanted
    for template in data("job_templates"):
        row = done.awx.named("job_templates", f"Adverity: {template['name']}")
        survey = template.get("survey", "")
        assert done.awx.surveys.get(row["id"]) == (data(survey) if survey else None)
        assert row["playbook"] == f"playbooks/{template['playbook']}"
        assert (row["job_type"], row["allow_simultaneous"]) == (template["job_type"], True)  # jobs take turns by the ledger
        assert (row["survey_enabled"], row["use_fact_cache"], "ask_variables_on_launch" in row) == (bool(survey), False, False)
        assert row["ask_job_type_on_launch"] is (template["name"] == "new destination")
        assert json.loads(row["extra_vars"]) == template.get("extra_vars", {})
        credentials = [] if template["name"] == "nothing to approve" else [done.awx.named("credentials", "Adverity")["id"]]
        assert done.awx.related.get((row["id"], "credentials"), []) == credentials
    # A template in the variables of the host is kept as it is.
    target = done.awx.named("hosts", "localhost")
    assert json.loads(target["variables"]) == {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def test_the_nodes_of_the_workflow_are_what_the_file_says(done):
    awx, wanted = done.awx, data("workflow")
    nodes = {node["identifier"]: awx.named("workflow_job_template_nodes", node["identifier"]) for node in wanted["nodes"]}
    for node in wanted["nodes"]:
        kept = nodes[node["identifier"]]
        template = awx.rows("unified_job_templates")[kept["unified_job_template"]]
        assert template["name"] == (node["approval"]["name"] if "approval" in node else f"Adverity: {node['job_template']}")
        for way in ("success_nodes", "failure_nodes", "always_nodes"):
            assert awx.related.get((kept["id"], way), []) == [nodes[name]["id"] for name in node.get(way, [])]
    # An approval that nobody gives must not wait for ever.
    assert awx.named("workflow_approval_templates", "Approve the deployment")["timeout"] == 86400
    workflow = awx.named("workflow_job_templates", WORKFLOW)
    assert (workflow["survey_enabled"], workflow["allow_simultaneous"]) == (True, True)
    assert awx.surveys[workflow["id"]] == data("survey_deploy")


def test_an_update_writes_what_differs_alone_and_leaves_the_secret(done):
    credential, report = done.awx.named("credentials", "Adverity"), done.awx.named("job_templates", "Adverity: report")
    before = copy.deepcopy(report)
    credential["inputs"] = dict(ENTERED)
    report["description"] = "changed by hand"
    done.awx.requests.clear()
    done.run(awx_setup_report_file="/data/report.html")
    assert [write[:2] for write in done.awx.writes()] == [("PATCH", f"job_templates/{report['id']}/")]
    assert report["description"] == before["description"]
    assert json.loads(report["extra_vars"]) == {"report_file": "/data/report.html"}
    assert credential["inputs"] == ENTERED
    credential.pop("inputs")
    report.update(before)


def test_each_template_has_an_example_in_the_guide_that_is_launched(done):
    guide = (ROOT / "docs" / "docsite" / "rst" / "awx.rst").read_text("utf-8")
    (shown,) = re.findall(r"^    # launch\.yml\n((?:    .*\n|\n)+)", guide, re.M)
    tasks = yaml.safe_load(textwrap.dedent(shown))
    done.act(tasks)
    assert {name for name, _variables in done.awx.launched} == {*TEMPLATES, WORKFLOW} - {"Adverity: nothing to approve"}
    for task, (_name, variables) in zip(tasks, done.awx.launched):
        (options,) = [options for action, options in task.items() if action.startswith("awx.awx.")]
        asked = options["extra_vars"]
        assert set(asked if isinstance(asked, dict) else {"deploy_destination_target_id"}) <= set(variables), "an answer was dropped"
    launched = dict(reversed(done.awx.launched))
    assert launched["Adverity: deploy destination"]["deploy_destination_target_id"] == 789
    assert launched["Adverity: new destination"]["deploy_destination_settings"] == "dataset: marketing\nproject: acme-dwh\n"
    assert launched["Adverity: resume backfill"]["deploy_destination_datastream_ids"] == "456, 457"


RULE = "DTSTART;TZID=Europe/Vienna:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1"
GIT_PASSWORD, REGISTRY_PASSWORD, MAIL_PASSWORD = "g1t-pa55word-x", "r3g1stry-pa55word-x", "m41l-pa55word-x"
MORE = {
    "awx_setup_launchers": ["Marketing"],
    "awx_setup_approvers": ["Data leads"],
    "awx_setup_viewers": ["Finance"],
    "awx_setup_scm_credential": "Git",
    "awx_setup_scm_inputs": {"username": "reader", "password": GIT_PASSWORD},
    "awx_setup_registry_credential": "Registry",
    "awx_setup_registry_inputs": {"host": "registry.example.com", "username": "puller", "password": REGISTRY_PASSWORD, "verify_ssl": True},
    "awx_setup_schedules": [
        {"name": "Every night", "rrule": RULE, "answers": {"deploy_destination_target_id": 789}},
        {"name": "Report", "template": "report", "rrule": RULE, "enabled": False},
    ],
    "awx_setup_notification_templates": [{
        "name": "Mail to operations", "notification_type": "email",
        "notification_configuration": {"host": "mail.example.com", "password": MAIL_PASSWORD, "recipients": ["ops@example.com"]},
    }],
    "awx_setup_notifications": {"error": ["Mail to operations"], "approvals": ["Mail to operations"]},
}  # fmt: skip


def test_teams_credentials_schedules_and_notifications_by_variables_once_and_again(awx, setup):
    for name in ("Marketing", "Data leads", "Finance", "Others"):
        awx.add("teams", {"name": name, "organization": 1})
    run = setup.run(**MORE)
    assert [secret for secret in (GIT_PASSWORD, REGISTRY_PASSWORD, MAIL_PASSWORD) if secret in run.output] == []
    for name in TEMPLATES:
        # An approver has to see the plan, which is the output of the check.
        assert [awx.teams_with("job_templates", name, role) for role in ("execute_role", "read_role")] == [["Marketing"], ["Data leads", "Finance"]]
    roles = ("admin_role", "execute_role", "approval_role", "read_role")
    teams = [awx.teams_with("workflow_job_templates", WORKFLOW, role) for role in roles]
    assert teams == [[], ["Marketing"], ["Data leads"], ["Data leads", "Finance"]]

    git, registry = awx.named("credentials", "Git"), awx.named("credentials", "Registry")
    assert (git["inputs"], registry["inputs"]) == (MORE["awx_setup_scm_inputs"], MORE["awx_setup_registry_inputs"])
    assert awx.named("projects", "Adverity")["credential"] == git["id"]
    assert awx.named("execution_environments", "Adverity")["credential"] == registry["id"]

    nightly, report = awx.named("schedules", "Every night"), awx.named("schedules", "Report")
    assert nightly["unified_job_template"] == awx.named("workflow_job_templates", WORKFLOW)["id"]
    assert nightly["extra_data"] == {"deploy_destination_target_id": 789}
    assert (nightly["rrule"], nightly["enabled"], report["enabled"]) == (RULE, True, False)
    assert report["unified_job_template"] == awx.named("job_templates", "Adverity: report")["id"]

    mail, workflow = awx.named("notification_templates", "Mail to operations")["id"], awx.named("workflow_job_templates", WORKFLOW)["id"]
    told = {name: awx.related.get((awx.named("job_templates", name)["id"], "notification_templates_error"), []) for name in TEMPLATES}
    assert told == {name: [mail] * (name != "Adverity: nothing to approve") for name in TEMPLATES}
    assert awx.related[workflow, "notification_templates_approvals"] == [mail]

    awx.requests.clear()
    again = setup.run(**MORE)
    assert (awx.writes(), again.changed) == ([], 0)

    # After a rotation.
    changed = {"awx_setup_scm_inputs": {"username": "reader", "password": "n3w-pa55word-x"}, "awx_setup_update_secrets": True}
    rotated = setup.run(**{**MORE, **changed})
    assert git["inputs"]["password"] == "n3w-pa55word-x"
    assert awx._shown(git)["inputs"]["password"] == ENCRYPTED
    assert "n3w-pa55word-x" not in rotated.output


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"awx_setup_scm_url": ""}, "awx_setup_scm_url"),
        ({"awx_setup_image": ""}, "awx_setup_image"),
        ({"awx_setup_launchers": "Marketing"}, "awx_setup_launchers must be a list. Nothing was changed."),
        ({"awx_setup_scm_inputs": {"username": "x"}}, "Source Control are given, but not its name. Nothing was changed."),
        ({}, "Neither awx.awx nor ansible.controller is installed, and nothing was changed."),
    ],
)
def test_wrong_variables_or_no_collection_are_told_before_anything_is_asked(tmp_path, awx, wrong, said):
    run = Setup(tmp_path, awx, collection=bool(wrong)).run(fails=True, **wrong)
    assert said in run.failures[-1].get("msg", "") + str(run.failures[-1].get("results"))
    assert awx.requests == []


def test_an_older_credential_type_in_use_is_refused_before_anything_is_changed(awx, setup):
    older = copy.deepcopy(data("credential_type"))  # that of version 0.1.0: no ledger
    older["inputs"]["fields"] = [field for field in older["inputs"]["fields"] if not field["id"].startswith("ledger")]
    older["injectors"]["env"] = {name: value for name, value in older["injectors"]["env"].items() if "LEDGER" not in name}
    ident = awx.add("credential_types", older)["id"]
    for name in ("Adverity", "Staging"):
        awx.add("credentials", {"name": name, "organization": 1, "credential_type": ident, "inputs": {"instance": "acme.datatap.adverity.com"}})
    (failure,) = setup.run(fails=True).failures
    assert f"The credential type {TYPE} is that of another version" in failure["msg"]
    assert "Nothing was changed." in failure["msg"]
    assert "delete these credentials, run this playbook again, and enter the values again: Adverity, Staging." in failure["msg"]
    assert awx.writes() == []


def test_what_an_older_version_left_behind_goes(done):
    awx = done.awx
    awx.named("credential_types", TYPE)["injectors"]["env"].pop("ADVERITY_LEDGER")  # new injectors are no reason to refuse
    awx.add("hosts", {"name": "s1_localhost", "inventory": awx.named("inventories", "Adverity")["id"], "enabled": False})
    host = awx.named("hosts", "localhost")
    host["description"] = "Where the playbooks run. Its facts may hold the ledger, do not clear them."
    for row in awx.store["job_templates"].values():
        row.update(use_fact_cache=True, extra_vars=json.dumps({"deploy_destination_ledger_in_facts": True}))
    # The workflow of an older version went from the check to the approval.
    nodes = {name: awx.named("workflow_job_template_nodes", name)["id"] for name in ("check", "decide", "approve")}
    awx.related[nodes["check"], "success_nodes"] = [nodes["approve"]]
    awx.related[nodes["decide"], "failure_nodes"] = []
    done.run()
    assert awx.named("credential_types", TYPE)["injectors"] == data("credential_type")["injectors"]
    assert [row["name"] for row in awx.store["hosts"].values()] == ["localhost"]
    assert host["description"] == "The execution environment itself."
    assert not [row for row in awx.store["job_templates"].values() if row["use_fact_cache"] or "ledger" in row["extra_vars"]]
    assert awx.related[nodes["check"], "success_nodes"] == [nodes["decide"]]
    assert awx.related[nodes["decide"], "failure_nodes"] == [nodes["approve"]]


def test_what_is_there_already_is_used_and_ansible_controller_too(tmp_path, awx):
    awx.add("projects", {"name": "Ours", "organization": 1, "scm_type": "git", "scm_url": "https://git.example.com/ours.git"})
    awx.add("execution_environments", {"name": "Our image", "image": "registry.example.com/ours"})
    group = awx.add("instance_groups", {"name": "one at a time"})
    setup = Setup(tmp_path, awx, collection=False)
    controller = setup.collections / "ansible_collections" / "ansible" / "controller"
    shutil.copytree(awx_collection(), controller)
    for path in (controller / "plugins" / "lookup").glob("*.py"):
        path.write_text(path.read_text("utf-8").replace("awx.awx", "ansible.controller"), "utf-8")  # they name their own collection
    manifest = json.loads((controller / "MANIFEST.json").read_text("utf-8"))
    manifest["collection_info"].update(namespace="ansible", name="controller")
    (controller / "MANIFEST.json").write_text(json.dumps(manifest), "utf-8")
    setup.run(
        awx_setup_project="Ours", awx_setup_execution_environment="Our image", awx_setup_instance_group="one at a time", awx_setup_prefix="Staging",
        **dict.fromkeys(VARIABLES, ""),
    )  # fmt: skip
    assert [row["name"] for row in awx.store["projects"].values()] == ["Ours"]
    assert [row["name"] for row in awx.store["execution_environments"].values()] == ["Our image"]
    assert awx.named("credentials", "Staging")
    for row in awx.store["job_templates"].values():
        assert awx.related[row["id"], "instance_groups"] == [group["id"]]
        assert row["prevent_instance_group_fallback"]
    template = awx.named("job_templates", "Staging: deploy destination")
    assert template["project"] == awx.named("projects", "Ours")["id"]
    assert template["execution_environment"] == awx.named("execution_environments", "Our image")["id"]
