# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role without Ansible around it, from its own files; what the tests of crashes, secrets and completeness share."""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Callable
from typing import Any

import jinja2
import jinja2.meta
import yaml
from ansible_collections.adverity.management.plugins.filter.deployment_steps import deployment_steps
from ansible_collections.adverity.management.plugins.filter.deployment_summary import deployment_summary
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import in_process

ROLE = in_process.ROOT / "roles" / "deploy_destination"
PREFIX = "deploy_destination_"
COLLECTION = "adverity.management."
_KEYWORDS = {"name", "register", "when", "vars", "check_mode", "diff", "changed_when", "failed_when", "loop", "loop_control"}
_JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined)
_JINJA.tests["failed"] = lambda result: bool(result.get("failed"))
_OURS = {f"{COLLECTION}{filter.__name__}": filter for filter in (deployment_steps, deployment_summary)}
_JINJA.filters.update(_OURS, from_yaml=yaml.safe_load)


def deploy(call: Callable[..., dict[str, Any]], check_mode: bool = False, ignore_errors: bool = False, **variables: Any) -> Deployment:
    """Runs the role ``deploy_destination`` as its files say: each of its modules as call(name, **options), with ``check_mode`` where it is on.

    ``variables`` are those of the role, without its prefix; one that is None is not given. What a module raises ends the role, as a failed task does, or with
    ``ignore_errors`` is the result of that task. The error has the ``deployment``: what was shown until then.
    """
    given = {PREFIX + name: value for name, value in variables.items() if value is not None}
    deployment = Deployment(call, {**_read("defaults/main.yml"), **_read("vars/main.yml"), **given}, check_mode, ignore_errors)
    try:
        deployment.include("main.yml")
    except AdverityError as error:
        error.deployment = deployment
        raise
    return deployment


class Deployment:
    """A run of the role, and what came of it: ``results`` of the tasks by the names under which they are registered, ``lines`` and ``data`` of the summary.

    It knows the little of Ansible that the role uses. Anything else in the role's files is an error, so that nothing is passed over.
    """

    def __init__(self, call: Callable[..., dict[str, Any]], variables: dict[str, Any], check_mode: bool, ignore_errors: bool) -> None:
        self.results: dict[str, dict[str, Any]] = {}
        self.lines: list[str] = []
        self.data: dict[str, Any] = {}
        self._call, self._check_mode, self._ignore_errors = call, check_mode, ignore_errors
        self._variables = dict(variables, omit=_OMIT, query=self._query)

    @property
    def requeued(self) -> dict[str, Any]:
        """The result of the task that sends, empty where it did not run."""
        return self.results.get("__deploy_destination_requeued", {})

    def include(self, file: str, when: str = "true", more: dict[str, Any] | None = None) -> None:
        """Runs the tasks of a file, each of them where ``when`` holds, which may use the variables in ``more``."""
        for task in _read("tasks/" + file):
            self._run(task, when, more or {})

    def _run(self, task: dict[str, Any], applied: str, more: dict[str, Any]) -> None:
        (action,) = set(task) - _KEYWORDS
        options = task[action]
        wanted = self._evaluate(applied, {**self._variables, **more}) and ("when" not in task or self._evaluate(task["when"], self._variables))
        if not isinstance(wanted, bool):
            raise TypeError(f"{task['name']}: when is {wanted!r}, which newer versions of Ansible refuse")
        result: dict[str, Any] = {"changed": False, "skipped": True}
        variables = dict(self._variables, **task.get("vars", {}))
        if "loop" in task:
            for one in self._evaluate(task["loop"].strip()[2:-2], variables):
                scope = {task["loop_control"]["loop_var"]: one}
                self.include(self._template(options["file"], {**variables, **scope}), options["apply"]["when"], scope)
        elif wanted:
            result = self._act(action, options, task, variables)
            if "changed_when" in task and task["changed_when"] is not False:
                raise NotImplementedError(f"changed_when: {task['changed_when']}")
        if "register" in task:
            self._variables[task["register"]] = self.results[task["register"]] = result

    def _query(self, plugin: str, pattern: str) -> list[str]:
        """The lookup plugin of that name."""
        if plugin != "ansible.builtin.varnames":
            raise NotImplementedError(plugin)
        return [name for name in self._variables if re.search(pattern, name)]

    def _act(self, action: str, options: Any, task: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        check_mode = task.get("check_mode", self._check_mode)
        if action == "ansible.builtin.include_tasks":
            self.include(options)
            return {}
        values = {name: self._template(value, variables) for name, value in options.items()}
        values = {name: value for name, value in values.items() if value is not _OMIT}
        if action == "ansible.builtin.debug":
            (self.lines,) = values.values()
            return {}
        if action == "ansible.builtin.set_stats":
            self.data = values["data"][PREFIX[:-1]]
            return {}
        if action == "ansible.builtin.assert":
            if self._evaluate(values["that"], variables):
                return {}
            facts = {name: value for name, value in self.requeued.items() if name not in ("msg", "failed", "changed", "skipped")}
            raise AdverityError(values["fail_msg"], **facts)
        name = action.removeprefix(COLLECTION)
        if name not in in_process.MODULES:
            raise NotImplementedError(action)
        # Modules tell whether they only pretended in main(), which does not run here.
        try:
            return dict(self._call(name, **values, **({"check_mode": True} if check_mode else {})), check_mode=check_mode)
        except AdverityError as error:
            result = dict(error.result(), failed=True)
            if "failed_when" in task:
                result["failed"] = self._evaluate(str(task["failed_when"]), {**variables, task["register"]: result})
            if result["failed"] and not self._ignore_errors:
                raise
            return result

    def _template(self, value: Any, variables: dict[str, Any]) -> Any:
        """A value of a file in which each template is replaced by what it comes to."""
        if isinstance(value, dict):
            return {name: self._template(one, variables) for name, one in value.items()}
        if isinstance(value, list):
            return [self._template(one, variables) for one in value]
        if not isinstance(value, str) or not ("{{" in value or "{%" in value):
            return value
        text = value.strip()
        if not (text.startswith("{{") and text.endswith("}}")):
            raise NotImplementedError(f"a template with text around it: {value}")
        return self._evaluate(text[2:-2], variables)

    def _evaluate(self, text: str, variables: dict[str, Any]) -> Any:
        expression, names = _compile(text)
        values = {name: variables[name] for name in names if name in variables}
        found = expression(**{name: value if name in self.results else self._template(value, variables) for name, value in values.items()})
        if isinstance(found, jinja2.Undefined):
            raise jinja2.UndefinedError(f"{text} is not defined")
        return list(found) if isinstance(found, types.GeneratorType) else found  # as Ansible does


def prepare() -> None:
    """Reads all that a run of a module or of the role needs, for processes that are forked by the hundred."""
    for name in in_process.MODULES:
        in_process.spec_of(name)
    for path in sorted(ROLE.glob("*/main.yml")) + sorted(ROLE.glob("tasks/*.yml")):
        _compile_all(_read(str(path.relative_to(ROLE))))


def _compile_all(value: Any) -> None:
    if isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            _compile_all(one)
        if isinstance(value, dict) and isinstance(value.get("when"), str):
            _compile(value["when"])
    elif isinstance(value, str) and value.strip().startswith("{{"):
        _compile(value.strip()[2:-2])


_OMIT = object()


@functools.cache
def _compile(text: str) -> tuple[Callable[..., Any], set[str]]:
    text = text.strip()
    return _JINJA.compile_expression(text, undefined_to_none=False), jinja2.meta.find_undeclared_variables(_JINJA.parse("{{ " + text + " }}"))


@functools.cache
def _read(file: str) -> Any:
    return yaml.safe_load((ROLE / file).read_text(encoding="utf-8"))
