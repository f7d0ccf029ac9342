# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's rules for credential types and credentials, and how it hands a credential to a job.

Written after ansible/awx at e21dd0a0933fd544d1fe2513c54fe41203775eb5: awx/main/fields.py (CredentialTypeInputField,
CredentialTypeInjectorField, CredentialInputField), awx/main/constants.py (the names that are not allowed), awx/api/serializers.py
(CredentialTypeSerializer) and awx/main/models/credential.py (inject_credential). ``credential_type_schema.json`` holds the shapes.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft4Validator

Row = dict[str, Any]
SCHEMA = json.loads(Path(__file__).with_name("credential_type_schema.json").read_text("utf-8"))
RESERVED = {
    "AD_HOC_COMMAND_ID", "AWX_HOST", "CACHE", "CALLBACK_CONNECTION", "CALLBACK_QUEUE", "INVENTORY_HOSTVARS",
    "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID", "JOB_CALLBACK_DEBUG", "JOB_ID", "MAX_EVENT_RES",
    "PATH", "PROJECT_REVISION", "PYTHONPATH", "REST_API_TOKEN", "REST_API_URL", "SUPERVISOR_CONFIG_PATH",
    "VIRTUAL_ENV",
}
ENCRYPTED = "$encrypted$"


class Refusal(Exception):
    """AWX would answer 400 (or `status`) with this body."""

    def __init__(self, field: str, text: str, status: int = 400) -> None:
        super().__init__(f"{field}: {text}")
        self.body, self.status = {field: [text]}, status


def check_shape(field: str, schema: Row, value: Any) -> None:
    """Refuse what does not have the shape that the schema asks for."""
    for error in Draft4Validator(schema).iter_errors(value):
        raise Refusal(field, f"{'/'.join(map(str, error.absolute_path))}: {error.message}")


def check_inputs(inputs: Row) -> None:
    """Refuse inputs of a credential type that AWX refuses; fill in the type of a field that has none, as AWX does."""
    check_shape("inputs", SCHEMA["inputs"], inputs)
    fields = inputs.get("fields", [])
    twice = [name for name, count in Counter(field["id"] for field in fields).items() if count > 1]
    if twice:
        raise Refusal("inputs", f"field ids more than once: {twice}")
    for field in fields:
        kind = field.setdefault("type", "string")
        if field["id"] == "tower":
            raise Refusal("inputs", "tower is reserved")
        if "default" in field and not isinstance(field["default"], {"string": str, "boolean": bool}[kind]):
            raise Refusal("inputs", f"the default of {field['id']} is no {kind}")
        if kind != "string" and {"choices", "multiline", "format", "secret"} & set(field):
            raise Refusal("inputs", f"{field['id']} has an option that is for strings")
        if field.get("ask_at_runtime"):
            raise Refusal("inputs", "ask_at_runtime is not for custom types")


class _Named:
    """What ``tower`` is in a template: it has a file name only where a file is injected."""

    def __init__(self, **names: Any) -> None:
        self.__dict__.update(names)


def check_injectors(injectors: Row, inputs: Row) -> None:
    """Refuse injectors that AWX refuses: by their shape, their names, or templates that use what is no field."""
    check_shape("injectors", SCHEMA["injectors"], injectors)
    for name in injectors.get("env", {}):
        if name.startswith("ANSIBLE_") or name in RESERVED:
            raise Refusal("injectors", f"the variable {name} is not allowed")
    files = list(injectors.get("file", {}))
    if "template" in files:
        if len(files) > 1:
            raise Refusal("injectors", "several files need names")
        tower = _Named(filename="/a/file")
    else:
        tower = _Named(filename=_Named(**{name.split(".")[1]: "/a/file" for name in files})) if files else _Named()
    known = {field["id"]: "EXAMPLE" for field in inputs.get("fields", [])}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for group in ("file", "env", "extra_vars"):
        for name, template in injectors.get(group, {}).items():
            try:
                environment.from_string(template).render(known, tower=tower)
            except TemplateError as error:
                raise Refusal("injectors", f"{group} {name}: {error}") from error


def check_credential(credential_type: Row, inputs: Row) -> None:
    """Refuse inputs of a credential that are no fields of its type, or of another type than these."""
    properties = {field["id"]: {"type": field["type"]} for field in credential_type["inputs"].get("fields", [])}
    check_shape("inputs", {"type": "object", "properties": properties, "additionalProperties": False}, inputs)


def secret_fields(credential_type: Row) -> list[str]:
    """Return the ids of the fields whose values AWX does not show."""
    return [field["id"] for field in credential_type["inputs"].get("fields", []) if field.get("secret")]


def can_start(credential_type: Row, inputs: Row) -> bool:
    """Tell whether a job with this credential may start: every required field is filled in (awx/main/models/unified_jobs.py)."""
    return all(inputs.get(name) not in (None, "") for name in credential_type["inputs"].get("required", []))


def inject(credential_type: Row, inputs: Row, folder: Path) -> dict[str, str]:
    """Return the environment that a job gets from a credential; its file is written into `folder`.

    Empty strings are as if they were not there, and a boolean that was never set is False, whatever default it has.
    """
    known: Row = {name: value for name, value in inputs.items() if isinstance(value, bool) or value}
    for field in credential_type["inputs"]["fields"]:
        if field["type"] == "boolean":
            known.setdefault(field["id"], False)
    environment = ImmutableSandboxedEnvironment()
    tower = _Named()
    for name, template in credential_type["injectors"].get("file", {}).items():
        assert name == "template", "files with names are not needed here"
        path = folder / "injected"
        path.write_text(environment.from_string(template).render(known), "utf-8")
        path.chmod(0o600)
        tower = _Named(filename=str(path))
    templates = credential_type["injectors"].get("env", {})
    return {name: environment.from_string(template).render(known, tower=tower) for name, template in templates.items()}
