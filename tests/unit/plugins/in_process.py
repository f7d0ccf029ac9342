# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules without Ansible around them: options through the argument spec, then ``run()``.

Not tests; what the tests of crashes, properties and completeness share. ansible-core's units of modules have no Jinja: the role stands in role_in_process.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._spec import module as runner
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

ROOT = Path(__file__).resolve().parents[3]
KEY = "demo-key-0123456789"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("adverity_*.py"))
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")

_specs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}


def import_simulator() -> Any:
    """The simulator, a package beside the playbooks, outside of any other."""
    folder = str(ROOT / "playbooks" / "files")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module("adverity_simulator")


def load(name: str) -> Any:
    """A module of the collection, as a Python module."""
    return importlib.import_module("ansible_collections.adverity.management.plugins.modules." + name)


@contextlib.contextmanager
def connected(connect: Callable[[dict[str, Any]], Any]) -> Iterator[None]:
    """While it lasts, every module has the client that ``connect(params)`` gives."""
    with mock.patch.object(runner, "connect", connect):
        yield


class _Built(BaseException):
    """Ends ``main()`` where it has told its argument spec."""


def spec_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a module gives to Module: the argument spec, and the rules beside it."""
    if name not in _specs:
        told: dict[str, Any] = {}

        def build(**given: Any) -> None:
            told.update(given)
            raise _Built

        with mock.patch.object(runner, "Module", build), contextlib.suppress(_Built):
            load(name).main()
        _specs[name] = told["argument_spec"], {rule: told[rule] for rule in RULES if rule in told}
    return _specs[name]


class SpecError(ValueError):
    """The argument spec refuses the options."""


def read_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """A module's parameters, as its argument spec makes them of options."""
    spec, rules = spec_of(name)
    validated = ArgumentSpecValidator(spec, **rules).validate(options)
    if validated.error_messages:
        raise SpecError("; ".join(validated.error_messages))
    return dict(validated.validated_parameters)


def run(name: str, options: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    """A module's result. Raises SpecError, or what the module turns into a failed result."""
    params = read_options(name, options)
    return run_with(name, runner.connect(params), params, check_mode)


def run_with(name: str, client: Any, params: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    """The result of a module with this client and these parameters. Raises what the module turns into a failed result."""
    return as_dict(load(name).run(client, params, check_mode))


def as_dict(result: Result) -> dict[str, Any]:
    """A result with its warnings, as a dict."""
    return dict(result.as_dict(), warnings=result.warnings)


def spare_the_disk(set_attribute: Callable[..., Any] = setattr) -> None:
    """Ledgers no longer wait for the disk. What a process wrote survives its own end in any case: the waiting is for the end of the machine."""
    check = SqliteStore._check

    def without_waiting(store: SqliteStore) -> bool:
        store._open_connection.execute("PRAGMA synchronous = OFF")
        return check(store)

    set_attribute(SqliteStore, "_check", without_waiting)
