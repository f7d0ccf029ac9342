# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's rules for surveys, and for the answers to them.

Written after ansible/awx at e21dd0a0933fd544d1fe2513c54fe41203775eb5: awx/api/views/__init__.py (JobTemplateSurveySpec, for the
questions), awx/main/models/mixins.py (SurveyJobTemplateMixin, for answers, defaults, and the variables of a job) and
awx/main/constants.py (the types).
"""

from __future__ import annotations

from typing import Any

from awx_credential_types import ENCRYPTED, Refusal

Row = dict[str, Any]
TYPES: dict[str, Any] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (int, float),
}


def _refuse(number: int, text: str) -> None:
    raise Refusal("error", f"survey question {number}: {text}")


def check_survey(survey: Row) -> None:
    """Refuse a survey that AWX refuses."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(name), kind):
            raise Refusal("error", f"{name} is missing, or of the wrong type")
    if not survey["spec"]:
        raise Refusal("error", "spec is empty")
    seen = set()
    for number, question in enumerate(survey["spec"]):
        if not isinstance(question, dict):
            _refuse(number, "no object")
        for name, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
            if not isinstance(question.get(name), kind):
                _refuse(number, f"{name} is missing, or of the wrong type")
        if question["variable"] in seen:
            _refuse(number, f"{question['variable']} is asked for twice")
        seen.add(question["variable"])
        _check_question(number, question)


def _check_question(number: int, question: Row) -> None:
    kind, default = question["type"], question.get("default", "")
    if kind not in TYPES:
        _refuse(number, f"there is no type {kind}")
    if default != "" and not isinstance(default, TYPES[kind]):
        _refuse(number, "the default is of the wrong type")
    for name in ("min", "max"):
        if not isinstance(question.get(name), (int, type(None))):
            _refuse(number, f"{name} is no integer")
    if kind in ("multiplechoice", "multiselect"):
        if "choices" not in question:
            _refuse(number, "no choices")
        defaults = default.splitlines()
        if (kind == "multiplechoice" and len(defaults) > 1) or any(one not in question["choices"] for one in defaults):
            _refuse(number, "the default is none of the choices, or several")
    if isinstance(default, str) and default.startswith(ENCRYPTED):
        _refuse(number, "the default is a reserved word")


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
        if kind in ("text", "textarea", "password") and not isinstance(value, str):
            found.append(f"{name} is no string")
        elif kind == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
            found.append(f"{name} is no integer")
        elif kind == "multiplechoice" and value not in question["choices"]:
            found.append(f"{name} is none of the choices")
        elif kind in ("text", "textarea", "integer"):
            low, high = question.get("min"), question.get("max")
            if (low is not None and size < low) or (high is not None and size > high):
                found.append(f"{name} is too small or too large")
    return found


def defaults(survey: Row) -> Row:
    """Return the variables that a job gets when nobody answers anything: the defaults, without those that do not fit their question."""
    given = {question["variable"]: question["default"] for question in survey["spec"] if question.get("default") is not None}
    wrong = {text.split()[0] for text in complaints(survey, given) if not text.endswith("is missing")}
    return {name: value for name, value in given.items() if name not in wrong}


def launch_variables(survey: Row, fixed: Row, answers: Row, all_accepted: bool = False) -> tuple[Row, Row]:
    """Return the variables of a job that is launched with these answers, and those that AWX ignores; raise Refusal where it refuses the launch.

    `fixed` are the template's own variables, which the survey's defaults override. `all_accepted` is the setting ask_variables_on_launch.
    """
    found = complaints(survey, answers)
    if found:
        raise Refusal("variables_needed_to_start", "; ".join(found))
    asked = {question["variable"] for question in survey["spec"]}
    accepted = {name: value for name, value in answers.items() if all_accepted or name in asked}
    ignored = {name: value for name, value in answers.items() if name not in accepted and fixed.get(name) != value}
    return {**fixed, **defaults(survey), **accepted}, ignored
