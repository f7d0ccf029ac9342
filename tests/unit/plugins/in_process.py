# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules without Ansible around them: options through the argument spec, then ``run()``. And the role's sequence of modules.

Not tests; what the tests of crashes, properties and completeness share.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._deploy import memory
from ansible_collections.adverity.management.plugins.module_utils._deploy.plan import make_backfill, make_plan
from ansible_collections.adverity.management.plugins.module_utils._ledger.file import LedgerFile

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


class _Built(BaseException):
    """Ends ``main()`` where it has told its argument spec."""


def spec_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a module gives to AnsibleModule: the argument spec, and the rules beside it."""
    if name not in _specs:
        told: dict[str, Any] = {}

        def build(**given: Any) -> None:
            told.update(given)
            raise _Built

        with mock.patch.object(load(name), "AnsibleModule", build):
            try:
                load(name).main()
            except _Built:
                pass
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
    return validated.validated_parameters


def run(name: str, options: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    """A module's result. Raises SpecError, or what the module turns into a failed result."""
    function = load(name).run
    params = read_options(name, options)
    return function(params, check_mode) if "check_mode" in inspect.signature(function).parameters else function(params)


def spare_the_disk(set_attribute: Callable[..., Any] = setattr) -> None:
    """Ledgers no longer wait for the disk. What a process wrote survives its own end in any case: the waiting is for the end of the machine."""
    connect = LedgerFile._connect

    def without_waiting(ledger: LedgerFile, on_disk: bool) -> Any:
        connection = connect(ledger, on_disk)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    set_attribute(LedgerFile, "_connect", without_waiting)


def deploy(
    call: Callable[..., dict[str, Any]],
    target_id: int,
    datastream_ids: list[int] | None = None,
    enabled: bool = True,
    backfill: str = "when_needed",
    facts: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The modules and filters of the role ``deploy_destination`` in its order (``tasks/main.yml``), each module as call(name, **options).

    ``options`` are those of ``adverity_requeue``; ``facts`` those of the host, where the ledger is kept in them. Returns the result of
    ``adverity_requeue``, empty where it did not run.
    """
    ledger = {"ledger": options["ledger"]}
    written: dict[str, Any] = {}
    requeued: dict[str, Any] = {}
    found = call("adverity_binding_info", target_id=target_id)["bindings"]

    learned = {"known": True, "moved": []}
    if facts is not None:
        learned = call("adverity_ledger", fact=facts.get("adverity_ledger"), learn=True, bindings=found, **ledger)

    def tell() -> None:
        if facts is not None and learned["known"]:
            fact = facts.get("adverity_ledger")
            bindings = [row for row in found + written.get("bindings", []) if row["id"] not in learned["moved"]]
            facts.update(call("adverity_ledger", fact=fact, bindings=bindings, as_fact=True, **ledger).get("ansible_facts", {}))

    backfills = []
    if found and enabled and backfill != "never":
        backfills = call("adverity_requeue_info", binding_ids=[row["id"] for row in found], summary_only=True, **ledger)["backfills"]
    plan = make_plan(found, backfills, target_id, datastream_ids, enabled, backfill, facts is not None)
    refusal = memory.refuse(plan, None, facts is not None, None, learned["known"], learned["moved"], False)
    if refusal:
        raise InputError(refusal)
    due = plan["planned_ids"] + plan["resumed_ids"]
    try:
        if plan["planned_ids"]:
            call("adverity_requeue", state="planned", target_id=target_id, **make_backfill(plan, [], True, False), **options)
            tell()
        writes = plan["write_ids"] + (plan["resumed_ids"] if facts is not None else [])
        if writes:
            written = call("adverity_binding", binding_ids=writes, target_id=target_id, enabled=enabled, touch=facts is not None)
        wanted = make_backfill(plan, written.get("bindings", []), False, False)
        if due:
            requeued = call("adverity_requeue", state="requeued", target_id=target_id, **wanted, **options)
    except Exception:
        tell()
        raise
    tell()
    return requeued
