# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's rules for credential types, and how a credential gets to a job; for surveys, and how answers get to a job.

Written after ansible/awx at e21dd0a0933fd544d1fe2513c54fe41203775eb5: awx/main/fields.py (CredentialTypeInputField, CredentialTypeInjectorField),
awx/main/constants.py (names that are not allowed), awx/main/models/credential.py (inject_credential), awx/api/views/__init__.py
(JobTemplateSurveySpec) and awx/main/models/mixins.py (SurveyJobTemplateMixin). ``awx_schemas.json`` holds the shapes. Types of fields and questions
that no file of ours has are refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft4Validator

Row = dict[str, Any]
SCHEMAS = json.loads(Path(__file__).with_name("awx_schemas.json").read_text("utf-8"))
RESERVED = {
    "AD_HOC_COMMAND_ID", "AWX_HOST", "CACHE", "CALLBACK_CONNECTION", "CALLBACK_QUEUE", "INVENTORY_HOSTVARS",
    "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID", "JOB_CALLBACK_DEBUG", "JOB_ID", "MAX_EVENT_RES",
    "PATH", "PROJECT_REVISION", "PYTHONPATH", "REST_API_TOKEN", "REST_API_URL", "SUPERVISOR_CONFIG_PATH",
    "VIRTUAL_ENV",
}


class Refusal(Exception):
    """AWX would answer 400 (or `status`) with this text."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def _check_shape(name: str, value: Any) -> None:
    for error in Draft4Validator(SCHEMAS[name]).iter_errors(value):
        raise Refusal(f"{name}, {'/'.join(map(str, error.absolute_path))}: {error.message}")


def _check_once(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise Refusal(f"more than once: {names}")


class _Tower:
    """What ``tower`` is in a template: it has a file name where a file is injected."""

    def __init__(self, filename: str = "") -> None:
        if filename:
            self.filename = filename


def check_credential_type(kind: Row) -> None:
    """Refuse a credential type that AWX refuses: by its shape, by names of variables, or by templates that use what is no field."""
    fields, injectors = kind["inputs"]["fields"], kind["injectors"]
    _check_shape("inputs", kind["inputs"])
    _check_shape("injectors", injectors)
    _check_once([field["id"] for field in fields])
    for field in fields:
        if field["type"] == "boolean" and {"choices", "multiline", "format", "secret"} & set(field):
            raise Refusal(f"{field['id']} has an option that is for strings")
    for name in injectors["env"]:
        if name.startswith("ANSIBLE_") or name in RESERVED:
            raise Refusal(f"the variable {name} is not allowed")
    known = dict.fromkeys((field["id"] for field in fields), "EXAMPLE")
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for name, template in [*injectors.get("file", {}).items(), *injectors["env"].items()]:
        try:
            environment.from_string(template).render(known, tower=_Tower("/a/file" if "file" in injectors else ""))
        except TemplateError as error:
            raise Refusal(f"{name}: {error}") from error


def can_start(kind: Row, inputs: Row) -> bool:
    """Tell whether a job with this credential may start: every required field is filled in (awx/main/models/unified_jobs.py)."""
    return all(inputs.get(name) not in (None, "") for name in kind["inputs"]["required"])


def inject(kind: Row, inputs: Row, folder: Path) -> dict[str, str]:
    """Return the environment that a job gets from a credential; its file is written into `folder`.

    Empty strings are as if they were not there, and a boolean that was never set is False, whatever default it has.
    """
    known: Row = {name: value for name, value in inputs.items() if isinstance(value, bool) or value}
    for field in kind["inputs"]["fields"]:
        if field["type"] == "boolean":
            known.setdefault(field["id"], False)
    environment = ImmutableSandboxedEnvironment()
    path = folder / "injected"
    path.write_text(environment.from_string(kind["injectors"]["file"]["template"]).render(known), "utf-8")
    path.chmod(0o600)
    return {name: environment.from_string(text).render(known, tower=_Tower(str(path))) for name, text in kind["injectors"]["env"].items()}


def check_survey(survey: Row) -> None:
    """Refuse a survey that AWX refuses."""
    _check_shape("survey", survey)
    _check_once([question["variable"] for question in survey["spec"]])
    for question in survey["spec"]:
        if question.get("default", "") not in ("", *question.get("choices", [question.get("default", "")])):
            raise Refusal(f"{question['variable']}: the default is none of the choices")


def complaints(survey: Row, answers: Row) -> list[str]:
    """Return what AWX has against these answers, at launch; also against a default, which it otherwise drops without a word."""
    found = []
    for question in survey["spec"]:
        name, kind = question["variable"], question["type"]
        if name not in answers:
            found += [f"{name} is missing"] * question["required"]
            continue
        value = answers[name]
        size = len(value) if isinstance(value, str) else value
        if kind in ("text", "textarea") and not isinstance(value, str):
            found.append(f"{name} is no string")
        elif kind == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
            found.append(f"{name} is no integer")
        elif kind == "multiplechoice" and value not in question["choices"]:
            found.append(f"{name} is none of the choices")
        elif kind != "multiplechoice" and not question.get("min", size) <= size <= question.get("max", size):
            found.append(f"{name} is too small or too large")
    return found


def defaults(survey: Row) -> Row:
    """Return the variables that a job gets when nobody answers anything: the defaults, without those that do not fit their question."""
    given = {question["variable"]: question["default"] for question in survey["spec"] if question.get("default") is not None}
    wrong = {text.split()[0] for text in complaints(survey, given) if not text.endswith("is missing")}
    return {name: value for name, value in given.items() if name not in wrong}


def launch_variables(survey: Row, fixed: Row, answers: Row) -> Row:
    """Return the variables of a job that is launched with these answers; raise Refusal where AWX refuses that.

    Answers that no question asks for are ignored. `fixed` are the template's own variables, which the survey's defaults override.
    """
    found = complaints(survey, answers)
    if found:
        raise Refusal("; ".join(found))
    asked = {question["variable"] for question in survey["spec"]}
    return {**fixed, **defaults(survey), **{name: value for name, value in answers.items() if name in asked}}
