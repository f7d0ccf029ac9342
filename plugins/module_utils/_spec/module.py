# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How every module runs, and its AnsibleModule: nothing that it prints or logs holds a secret, and values of results stay as they are.

Before 2.22, ansible-core replaces the values of ``no_log`` options wherever they occur in a result, in names, ids and booleans, too. Later tasks would
write what that makes of them. So results are made without secrets here, and ansible-core has nothing to replace.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._api import secrets
from .._api.client import Client
from .._api.connection import CONNECTION_SPEC, connect
from .._api.errors import AdverityError
from .._api.secrets import HIDDEN
from .result import Result

# An option or a variable with fields of Adverity, some of which may be secrets.
_SETTINGS = "settings"
_HOLDS_DICTS = ("dict", "list")

Params = dict[str, t.Any]  # a module's options, as its argument spec makes them
Run = t.Callable[[Client, Params, bool], Result]


def run_module(
    spec: dict[str, t.Any], run: Run, returns_check_mode: bool = False, **rules: t.Any
) -> t.NoReturn:
    """Runs a module. ``spec`` are its options beside those of the connection, ``rules`` what AnsibleModule takes on options that go together.

    ``run(client, params, check_mode)`` does the work: it returns the result, or raises AdverityError. ``returns_check_mode`` puts ``check_mode`` into
    the result, for whoever has to know whether something was only predicted.
    """
    module = Module(argument_spec=dict(CONNECTION_SPEC, **spec), supports_check_mode=True, **rules)
    try:
        result = run(connect(module.params), module.params, module.check_mode)
    except AdverityError as error:
        module.fail_json(**error.result())
    for warning in result.warnings:
        module.warn(warning)
    more = {"check_mode": module.check_mode} if returns_check_mode else {}
    module.exit_json(**more, **result.as_dict())


class Module(AnsibleModule):
    """AnsibleModule, with outputs without secrets. Used as that one."""

    def __init__(self, argument_spec: dict[str, t.Any], **rules: t.Any) -> None:
        super().__init__(argument_spec, **rules)
        _register(self)

    def log(self, msg: t.Any, log_args: dict[str, t.Any] | None = None) -> None:
        """Writes to the system's log. ansible-core calls it with the options, before anything else is done."""
        _register(self)
        if log_args:
            log_args = {name: str(value) for name, value in _shown_options(self).items()}
            msg = "Invoked with " + " ".join(f"{name}={value}" for name, value in log_args.items())
        super().log(msg, log_args)

    def warn(self, warning: str, *args: t.Any, **more: t.Any) -> None:
        """A warning, without secrets."""
        super().warn(secrets.hide_in_message(warning), *args, **more)

    def exit_json(self, **result: t.Any) -> t.NoReturn:
        """Ends with success."""
        self.no_log_values = set()
        super().exit_json(
            **secrets.hide_in_result(dict(result, invocation={"module_args": _shown_options(self)}))
        )
        raise SystemExit(0)

    def fail_json(self, msg: str, **facts: t.Any) -> t.NoReturn:
        """Ends with an error. ansible-core calls it for options that the argument spec refuses, before this object is complete."""
        _register(self)
        self.no_log_values = set()
        facts = secrets.hide_in_result(dict(facts, invocation={"module_args": _shown_options(self)}))
        super().fail_json(secrets.hide_in_message(msg), **facts)
        raise SystemExit(1)


def _register(module: AnsibleModule) -> None:
    """Whatever is secret among a module's options."""
    for name, option in module.argument_spec.items():
        value = module.params.get(name)
        if option.get("no_log"):
            (secrets.register_key if name == "api_key" and isinstance(value, str) else secrets.register)(
                value
            )
    settings = _all_settings(module.params)
    secrets.register(*secrets.secret_fields(settings))
    secrets.register_possible(settings)


def _all_settings(value: t.Any) -> list[t.Any]:
    """Every value that is named ``settings``, at any depth."""
    if isinstance(value, list):
        return [found for inner in value for found in _all_settings(inner)]
    if not isinstance(value, dict):
        return []
    return [
        found
        for name, inner in value.items()
        for found in ([inner] if name == _SETTINGS else _all_settings(inner))
    ]


def _shown_options(module: AnsibleModule) -> dict[str, t.Any]:
    """The options as a result or a log may show them. One that does not exist may be a secret with a misspelt name."""
    known = dict(module.argument_spec)
    known.update(
        {alias: option for option in module.argument_spec.values() for alias in option.get("aliases", ())}
    )
    return {
        name: _shown(name, value, known.get(name, {"no_log": True})) for name, value in module.params.items()
    }


def _shown(name: t.Any, value: t.Any, option: dict[str, t.Any]) -> t.Any:
    """The value of an option, at any depth, without secrets."""
    if not value or isinstance(value, bool):
        return value
    if _is_hidden(name, value, option):
        return HIDDEN
    if isinstance(value, dict):
        return {inner_name: _shown(inner_name, inner, {}) for inner_name, inner in value.items()}
    if isinstance(value, list):
        return [_shown("", item, {"type": option.get("elements")}) for item in value]
    return value


def _is_hidden(name: t.Any, value: t.Any, option: dict[str, t.Any]) -> bool:
    """Whether a value is, or may hold, a secret, whatever is inside it."""
    if option.get("no_log") or name == _SETTINGS or secrets.is_secret_name(str(name)):
        return True
    if not isinstance(value, str):
        return False
    is_unread = str(option.get("type")) in _HOLDS_DICTS  # text that was not converted: it may hold anything
    return is_unread or secrets.holds_any(value)
