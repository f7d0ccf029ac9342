# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's rules for what awx_setup makes: fields with their kinds, and what has to fit together.

Written after ansible/awx at e21dd0a0933fd544d1fe2513c54fe41203775eb5: the serializers in awx/api/serializers.py (Project, Inventory,
Host, ExecutionEnvironment, Credential, JobTemplate, WorkflowJobTemplate and its nodes, Schedule, Team, NotificationTemplate), the models
in awx/main/models/ (jobs.py, projects.py, inventory.py, execution_environments.py, workflow.py, base.py, schedules.py),
awx/main/validators.py (the name of an image), awx/api/fields.py (a choice that is null means the empty one) and
awx/main/utils/ansible.py (which files are playbooks).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from awx_credential_types import Refusal, check_credential, check_injectors, check_inputs

Row = dict[str, Any]
Store = dict[str, dict[int, Row]]
IMAGE = re.compile(
    r"([a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*(:[0-9]+)?/)?[a-z0-9]+(([_.]|__|-*)[a-z0-9]+)*(/[a-z0-9]+(([_.]|__|-*)[a-z0-9]+)*)*"
    r"(:\w[\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
PLAYBOOK = re.compile(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):", re.M)


@dataclass(frozen=True)
class Field:
    """A field: `kind` is str, int, bool, dict, variables, choice, or the name of the list that its id is from."""

    kind: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    most: int = 0

    def check(self, name: str, value: Any, store: Store) -> Any:
        """Return the value as AWX keeps it."""
        if self.kind == "choice":
            value = value or ""
            if value not in self.choices:
                raise Refusal(name, f"{value!r} is not a valid choice.")
        elif value is None:
            if self.default is not None or self.required:
                raise Refusal(name, "This field may not be null.")
        elif self.kind in ("str", "variables"):
            self._check_text(name, value)
        elif self.kind in ("int", "bool", "dict"):
            if type(value).__name__ != self.kind or (self.kind == "int" and value < 0):
                raise Refusal(name, f"{value!r} is no {self.kind}.")
        elif value not in store[self.kind]:
            raise Refusal(name, f"Invalid pk {value!r} - object does not exist.")
        return value

    def _check_text(self, name: str, value: Any) -> None:
        if not isinstance(value, str):
            raise Refusal(name, "Not a valid string.")
        if self.required and not value.strip():
            raise Refusal(name, "This field may not be blank.")
        if self.most and len(value) > self.most:
            raise Refusal(name, f"Ensure this field has no more than {self.most} characters.")
        if self.kind == "variables" and not isinstance(yaml.safe_load(value or "{}"), dict):
            raise Refusal(name, "Neither JSON nor YAML of variables.")


NAME, TEXT, OFF = Field("str", required=True, most=512), Field("str", ""), Field("bool", False)
OWNED = {"name": NAME, "description": TEXT, "organization": Field("organizations")}
NEVER_TWICE = ("name", "organization")


def playbooks_of(folder: Path) -> list[str]:
    """Return the playbooks that AWX offers of a project with these files."""
    left_out = {"roles", "tasks", "group_vars", "host_vars"}
    paths = [path.relative_to(folder) for end in ("yml", "yaml") for path in folder.glob(f"playbooks/**/*.{end}")]
    return sorted(
        str(path)
        for path in paths
        if not any(part in left_out or part.startswith(".") for part in path.parent.parts)
        and PLAYBOOK.search((folder / path).read_text("utf-8"))
    )


def _check_kind(row: Row, kind: str, store: Store) -> None:
    credential = store["credentials"].get(row["credential"])
    if credential and store["credential_types"][credential["credential_type"]]["kind"] != kind:
        raise Refusal("credential", f"Only a credential of the kind {kind} can be associated.")


def check_project(row: Row, _old: Row | None, store: Store) -> None:
    """A git project needs its address, and has a credential for source control if any."""
    _check_kind(row, "scm", store)
    if row["scm_type"] and not row["scm_url"]:
        raise Refusal("scm_url", "SCM URL is required.")
    if row["scm_type"] == "" and row["scm_update_on_launch"]:
        raise Refusal("scm_update_on_launch", "Not for manual projects.")


def check_host(row: Row, _old: Row | None, store: Store) -> None:
    """Hosts belong to plain inventories."""
    if store["inventories"][row["inventory"]]["kind"]:
        raise Refusal("detail", "Only a plain inventory has hosts of its own.")


def check_image(row: Row, old: Row | None, store: Store) -> None:
    """An image has a name that a registry takes, and a credential for a registry if any; its organization stays."""
    _check_kind(row, "registry", store)
    if not IMAGE.fullmatch(row["image"]):
        raise Refusal("image", f"The container image name {row['image']} is not valid")
    if old and row["organization"] not in (None, old["organization"]):
        raise Refusal("organization", "Cannot change the organization of an execution environment")


def check_credential_type(row: Row, old: Row | None, store: Store) -> None:
    """What people make is of kind cloud or net. The inputs of one that has credentials stay."""
    check_inputs(row["inputs"])
    check_injectors(row["injectors"], row["inputs"])
    if old and old["inputs"] != row["inputs"] and any(one["credential_type"] == old["id"] for one in store["credentials"].values()):
        raise Refusal("detail", "Modifications to inputs are not allowed for credential types that are in use", 403)


def check_owned_credential(row: Row, _old: Row | None, store: Store) -> None:
    """A credential has an owner, and inputs that fit its type."""
    if not row["organization"]:
        raise Refusal("detail", "Missing 'user', 'team', or 'organization'.")
    check_credential(store["credential_types"][row["credential_type"]], row["inputs"])


def check_job_template(row: Row, _old: Row | None, store: Store) -> None:
    """A job template has an inventory, and a playbook that its project holds; its organization is that of the project."""
    project = store["projects"][row["project"]]
    if not row["playbook"] or row["playbook"] not in project["playbook_files"]:
        raise Refusal("playbook", f"Playbook not found for project: {row['playbook']}")
    if row["inventory"] is None:
        raise Refusal("inventory", "You must either set a default value or ask to prompt on launch.")
    row["organization"] = project["organization"]


def check_schedule(row: Row, _old: Row | None, _store: Store) -> None:
    """A schedule has a start and a rule (awx/main/models/schedules.py, awx/main/validators.py)."""
    if not re.fullmatch(r"DTSTART(;TZID=[\w/]+)?:\d{8}T\d{6}Z? RRULE:FREQ=(MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY);.*INTERVAL=\d+.*", row["rrule"]):
        raise Refusal("rrule", "DTSTART and RRULE with FREQ and INTERVAL are required.")


def _nothing(_row: Row, _old: Row | None, _store: Store) -> None:
    pass


@dataclass(frozen=True)
class Resource:
    """One list of AWX: its fields, which of them are unique together, and what else has to hold."""

    fields: dict[str, Field]
    unique: tuple[str, ...] = NEVER_TWICE
    check: Callable[[Row, Row | None, Store], None] = _nothing
    sub_lists: dict[str, str] = field(default_factory=dict)

    def fill(self, given: Row, old: Row | None, rows: dict[int, Row], store: Store) -> Row:
        """Return the row that comes of a POST (without `old`) or a PATCH, beside these `rows`. Fields that AWX does not know are passed over, as there."""
        row = dict(old or {})
        for name, rule in self.fields.items():
            if name in given:
                row[name] = rule.check(name, given[name], store)
            elif old is None:
                if rule.required:
                    raise Refusal(name, "This field is required.")
                row[name] = copy.deepcopy(rule.default)
        self.check(row, old, store)
        for other in rows.values():
            if self.unique and other is not old and all(other[name] == row[name] for name in self.unique):
                raise Refusal("__all__", f"There is one with the same {' and '.join(self.unique)} already.")
        return row


# What can be prompted for at the launch of a job template, and the setting that allows it.
LAUNCH_PROMPTS = {
    name: f"ask_{setting}_on_launch"
    for name, setting in {
        "credentials": "credential", "diff_mode": "diff_mode", "inventory": "inventory", "job_tags": "tags", "job_type": "job_type",
        "limit": "limit", "scm_branch": "scm_branch", "skip_tags": "skip_tags", "verbosity": "verbosity",
    }.items()
}
_JOBS = {"survey_enabled": OFF, "allow_simultaneous": OFF, "extra_vars": Field("variables", ""), "ask_variables_on_launch": OFF}

NOTIFIED = ("notification_templates_started", "notification_templates_success", "notification_templates_error")

# Types of credentials that AWX brings along, as far as they matter here (awx/main/models/credential.py).
MANAGED_TYPES: list[Row] = [
    {
        "name": "Source Control",
        "kind": "scm",
        "inputs": {
            "fields": [
                {"id": "username", "label": "Username", "type": "string"},
                {"id": "password", "label": "Password", "type": "string", "secret": True},
                {"id": "ssh_key_data", "label": "SCM Private Key", "type": "string", "secret": True},
                {"id": "ssh_key_unlock", "label": "Private Key Passphrase", "type": "string", "secret": True},
            ]
        },
    },
    {
        "name": "Container Registry",
        "kind": "registry",
        "inputs": {
            "fields": [
                {"id": "host", "label": "Authentication URL", "type": "string"},
                {"id": "username", "label": "Username", "type": "string"},
                {"id": "password", "label": "Password or Token", "type": "string", "secret": True},
                {"id": "verify_ssl", "label": "Verify SSL", "type": "boolean"},
            ],
            "required": ["host"],
        },
    },
]
# The roles on an object that people can have (awx/main/models: JobTemplate, WorkflowJobTemplate).
ROLES = {
    "job_templates": ("admin_role", "execute_role", "read_role"),
    "workflow_job_templates": ("admin_role", "execute_role", "approval_role", "read_role"),
}

RESOURCES = {
    "organizations": Resource({"name": NAME, "description": TEXT}, ("name",)),
    "instance_groups": Resource({"name": NAME}, ("name",)),
    "projects": Resource(
        {
            **OWNED,
            "scm_type": Field("choice", "", choices=("", "git", "svn", "insights", "archive")),
            "scm_url": Field("str", "", most=1024),
            "scm_branch": Field("str", "", most=256),
            "scm_update_on_launch": OFF,
            "credential": Field("credentials"),
        },
        check=check_project,
    ),
    "execution_environments": Resource(
        {
            **OWNED,
            "image": Field("str", required=True, most=1024),
            "pull": Field("choice", "", choices=("", "always", "missing", "never")),
            "credential": Field("credentials"),
        },
        ("name",),
        check_image,
    ),
    "inventories": Resource(
        {
            **OWNED,
            "organization": Field("organizations", required=True),
            "kind": Field("choice", "", choices=("", "smart", "constructed")),
            "host_filter": Field("str"),
            "variables": Field("variables", ""),
        }
    ),
    "hosts": Resource(
        {
            "name": NAME,
            "description": TEXT,
            "inventory": Field("inventories", required=True),
            "enabled": Field("bool", True),
            "variables": Field("variables", ""),
        },
        ("name", "inventory"),
        check_host,
    ),
    "credential_types": Resource(
        {
            "name": NAME,
            "description": TEXT,
            "kind": Field("choice", required=True, choices=("cloud", "net")),
            "inputs": Field("dict", {}),
            "injectors": Field("dict", {}),
        },
        ("name", "kind"),
        check_credential_type,
    ),
    "credentials": Resource(
        {**OWNED, "credential_type": Field("credential_types", required=True), "inputs": Field("dict", {})},
        ("organization", "name", "credential_type"),
        check_owned_credential,
    ),
    "job_templates": Resource(
        {
            "name": NAME,
            "description": TEXT,
            "job_type": Field("choice", "run", choices=("run", "check")),
            "project": Field("projects", required=True),
            "playbook": Field("str", "", most=1024),
            "inventory": Field("inventories"),
            "execution_environment": Field("execution_environments"),
            "prevent_instance_group_fallback": OFF,
            "use_fact_cache": OFF,
            **_JOBS,
            **dict.fromkeys(LAUNCH_PROMPTS.values(), OFF),
        },
        check=check_job_template,
        sub_lists={"credentials": "credentials", "instance_groups": "instance_groups", **dict.fromkeys(NOTIFIED, "notification_templates")},
    ),
    "workflow_job_templates": Resource(
        {**OWNED, **_JOBS}, sub_lists=dict.fromkeys((*NOTIFIED, "notification_templates_approvals"), "notification_templates")
    ),
    "workflow_job_template_nodes": Resource(
        {
            "identifier": NAME,
            "workflow_job_template": Field("workflow_job_templates", required=True),
            "unified_job_template": Field("unified_job_templates"),
        },
        ("identifier", "workflow_job_template"),
        sub_lists=dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
    ),
    "teams": Resource({**OWNED, "organization": Field("organizations", required=True)}),
    "notification_templates": Resource(
        {
            **OWNED,
            "organization": Field("organizations", required=True),
            "notification_type": Field("choice", required=True, choices=("email", "slack", "webhook")),
            "notification_configuration": Field("dict", {}),
            "messages": Field("dict"),
        }
    ),
    "schedules": Resource(
        {
            "name": NAME,
            "unified_job_template": Field("unified_job_templates", required=True),
            "rrule": Field("str", required=True),
            "extra_data": Field("dict", {}),
            "enabled": Field("bool", True),
        },
        ("name", "unified_job_template"),
        check_schedule,
    ),
    "workflow_approval_templates": Resource({"name": NAME, "description": TEXT, "timeout": Field("int", 0)}, ()),
}
