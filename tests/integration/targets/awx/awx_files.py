# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in playbooks/files/awx, and how it gets to a job: the environment of a credential, and the variables of a survey.

Written after awx/main/models/credential.py (inject_credential) and awx/main/models/mixins.py (SurveyJobTemplateMixin) of ansible/awx at
e21dd0a0933fd544d1fe2513c54fe41203775eb5.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from adverity_harness.place import ROOT
from jinja2.sandbox import ImmutableSandboxedEnvironment

Row = dict[str, Any]
FILES = ROOT / "playbooks" / "files" / "awx"


def data(name: str) -> Any:
    """Return what one of the files holds."""
    return yaml.safe_load((FILES / name).with_suffix(".yml").read_text("utf-8"))


def inject(inputs: Row, folder: Path) -> dict[str, str]:
    """Return the environment that a job gets from a credential of our type; its file is written into `folder`.

    Empty strings are as if they were not there, and a boolean that was never set is False, whatever default it has.
    """
    kind = data("credential_type")
    known: Row = {field["id"]: False for field in kind["inputs"]["fields"] if field["type"] == "boolean"}
    known.update({name: value for name, value in inputs.items() if isinstance(value, bool) or value})
    environment, path = ImmutableSandboxedEnvironment(), folder / "injected"
    path.write_text(environment.from_string(kind["injectors"]["file"]["template"]).render(known), "utf-8")
    path.chmod(0o600)
    known["tower"] = SimpleNamespace(filename=str(path))
    return {name: environment.from_string(text).render(known) for name, text in kind["injectors"]["env"].items()}


def is_taken(question: Row, value: Any) -> bool:
    """Tell whether AWX takes this value as the answer to a question, or as its default."""
    if question["type"] == "multiplechoice":
        return value in question["choices"]
    if isinstance(value, bool) or not isinstance(value, int if question["type"] == "integer" else str):
        return False
    size = len(value) if isinstance(value, str) else value
    return bool(question.get("min", size) <= size <= question.get("max", size))


def variables_of(survey: Row, answers: Row) -> Row:
    """Return the variables of a job that is launched with these answers. AWX drops what no question asks for, and takes the defaults."""
    spec = {question["variable"]: question for question in survey["spec"]}
    given = {name: value for name, value in answers.items() if name in spec}
    refused = [name for name, value in given.items() if not is_taken(spec[name], value)]
    refused += [name for name, question in spec.items() if question["required"] and name not in given]
    assert not refused, f"AWX would refuse {refused} of {answers}"
    return {**{name: question["default"] for name, question in spec.items() if "default" in question}, **given}
