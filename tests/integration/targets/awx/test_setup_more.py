# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a platform team adds by variables (teams, credentials, schedules, notifications), and an AWX that an earlier version set up."""

from __future__ import annotations

import copy
import json

import pytest
from awx_credential_types import ENCRYPTED
from awx_setups import data

WORKFLOW = "Adverity: check, approve, deploy"
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
    "awx_setup_notification_templates": [
        {
            "name": "Mail to operations",
            "notification_type": "email",
            "notification_configuration": {"host": "mail.example.com", "password": MAIL_PASSWORD, "recipients": ["ops@example.com"]},
        }
    ],
    "awx_setup_notifications": {"error": ["Mail to operations"], "approvals": ["Mail to operations"]},
}


@pytest.fixture(name="filled")
def fixture_filled(awx, setup):
    """That AWX, with teams."""
    for name in ("Marketing", "Data leads", "Finance", "Others"):
        awx.add("teams", {"name": name, "organization": 1})
    return setup


def test_everything_by_variables_once_and_again(awx, filled):
    run = filled.run(**MORE)
    for secret in (GIT_PASSWORD, REGISTRY_PASSWORD, MAIL_PASSWORD):
        assert secret not in run.output
    templates = [f"Adverity: {template['name']}" for template in data("job_templates")]
    for name in templates:
        assert awx.teams_with("job_templates", name, "execute_role") == ["Marketing"]
        # An approver has to see the plan, which is the output of the check.
        assert awx.teams_with("job_templates", name, "read_role") == ["Data leads", "Finance"]
    workflow = {role: awx.teams_with("workflow_job_templates", WORKFLOW, role) for role in ("admin_role", "execute_role", "approval_role", "read_role")}
    assert workflow == {"admin_role": [], "execute_role": ["Marketing"], "approval_role": ["Data leads"], "read_role": ["Data leads", "Finance"]}

    git, registry = awx.named("credentials", "Git"), awx.named("credentials", "Registry")
    assert (git["inputs"], registry["inputs"]) == (MORE["awx_setup_scm_inputs"], MORE["awx_setup_registry_inputs"])
    assert awx.named("projects", "Adverity")["credential"] == git["id"]
    assert awx.named("execution_environments", "Adverity")["credential"] == registry["id"]

    nightly, report = awx.named("schedules", "Every night"), awx.named("schedules", "Report")
    assert nightly["unified_job_template"] == awx.named("workflow_job_templates", WORKFLOW)["id"]
    assert nightly["extra_data"] == {"deploy_destination_target_id": 789}
    assert (nightly["rrule"], nightly["enabled"], report["enabled"]) == (RULE, True, False)
    assert report["unified_job_template"] == awx.named("job_templates", "Adverity: report")["id"]

    mail = awx.named("notification_templates", "Mail to operations")["id"]
    told = {}
    for name in templates:
        told[name] = awx.related.get((awx.named("job_templates", name)["id"], "notification_templates_error"), [])
    assert told == {name: [mail] * (name != "Adverity: nothing to approve") for name in templates}
    approvals = awx.named("workflow_job_templates", WORKFLOW)["id"], "notification_templates_approvals"
    assert awx.related[approvals] == [mail]

    awx.requests.clear()
    again = filled.run(**MORE)
    assert awx.writes() == []
    assert again.changed == 0

    # After a rotation.
    changed = {"awx_setup_scm_inputs": {"username": "reader", "password": "n3w-pa55word-x"}, "awx_setup_update_secrets": True}
    rotated = filled.run(**{**MORE, **changed})
    assert awx.named("credentials", "Git")["inputs"]["password"] == "n3w-pa55word-x"
    assert awx._shown(awx.named("credentials", "Git"))["inputs"]["password"] == ENCRYPTED
    assert "n3w-pa55word-x" not in rotated.output


@pytest.mark.parametrize(
    ("wrong", "complaint", "writes"),
    [
        ({"awx_setup_launchers": "Marketing"}, "awx_setup_launchers must be a list. Nothing was changed.", False),
        ({"awx_setup_scm_inputs": {"username": "x"}}, "Source Control are given, but not its name. Nothing was changed.", False),
        ({"awx_setup_approvers": ["Nobody"]}, "missing items: ['Nobody']", True),
        ({"awx_setup_schedules": [{"name": "S", "rrule": RULE, "answers": {"deploy_destination_create": True}}]}, "not allowed on launch", True),
        ({"awx_setup_schedules": [{"name": "S", "rrule": RULE, "answers": {"deploy_destination_target_id": "789"}}]}, "is no integer", True),
    ],
)
def test_wrong_variables(awx, filled, wrong, complaint, writes):
    run = filled.run(fails=True, **wrong)
    assert complaint in run.output
    assert bool(awx.writes()) is writes


def older_type():
    """The credential type of version 0.1.0: no ledger."""
    kind = copy.deepcopy(data("credential_type"))
    kind["inputs"]["fields"] = [field for field in kind["inputs"]["fields"] if not field["id"].startswith("ledger")]
    kind["injectors"]["env"] = {name: value for name, value in kind["injectors"]["env"].items() if "LEDGER" not in name}
    return kind


def test_an_older_credential_type_in_use_is_refused_before_anything_is_changed(awx, setup):
    ident = awx.add("credential_types", older_type())["id"]
    for name in ("Adverity", "Staging"):
        awx.add("credentials", {"name": name, "organization": 1, "credential_type": ident, "inputs": {"instance": "acme.datatap.adverity.com"}})
    (failure,) = setup.run(fails=True).failures
    assert "The credential type Adverity Management API is that of another version" in failure["msg"]
    assert "Nothing was changed." in failure["msg"]
    assert "delete these credentials, run this playbook again, and enter the values again: Adverity, Staging." in failure["msg"]
    assert awx.writes() == []
    # The way on.
    awx.store["credentials"].clear()
    setup.run()
    assert awx.named("credential_types", "Adverity Management API")["inputs"] == data("credential_type")["inputs"]


def test_new_injectors_are_no_reason_to_refuse(awx, setup):
    kind = data("credential_type")
    kind["injectors"]["env"].pop("ADVERITY_LEDGER")
    ident = awx.add("credential_types", kind)["id"]
    awx.add("credentials", {"name": "Adverity", "organization": 1, "credential_type": ident})
    setup.run()
    assert awx.named("credential_types", "Adverity Management API")["injectors"] == data("credential_type")["injectors"]


def test_what_an_older_version_left_behind_goes(awx, setup):
    setup.run()
    inventory = awx.named("inventories", "Adverity")["id"]
    awx.add("hosts", {"name": "s1_localhost", "inventory": inventory, "enabled": False})
    host = awx.named("hosts", "localhost")
    host["description"] = "Where the playbooks run. Its facts may hold the ledger, do not clear them."
    for row in awx.store["job_templates"].values():
        row.update(use_fact_cache=True, extra_vars=json.dumps({"deploy_destination_ledger_in_facts": True}))
    # The workflow of an older version went from the check to the approval.
    nodes = {name: awx.named("workflow_job_template_nodes", name)["id"] for name in ("check", "decide", "approve")}
    awx.related[nodes["check"], "success_nodes"] = [nodes["approve"]]
    awx.related[nodes["decide"], "failure_nodes"] = []
    setup.run()
    assert [row["name"] for row in awx.store["hosts"].values()] == ["localhost"]
    assert host["description"] == "The execution environment itself."
    for row in awx.store["job_templates"].values():
        assert not row["use_fact_cache"]
        assert "ledger" not in row["extra_vars"]
    assert awx.related[nodes["check"], "success_nodes"] == [nodes["decide"]]
    assert awx.related[nodes["decide"], "failure_nodes"] == [nodes["approve"]]
