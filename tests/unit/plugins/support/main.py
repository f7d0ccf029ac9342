# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module from its ``main()``, in the test's process. Not tests."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any, NamedTuple
from unittest import mock

from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS
from ansible_collections.adverity.management.plugins.module_utils._api import secrets
from ansible_collections.adverity.management.tests.unit.plugins import in_process


class Ended(NamedTuple):
    """What a module has printed, and its warnings and lines of the system log."""

    result: dict[str, Any]
    warnings: list[str]
    logged: list[str]

    @property
    def said(self) -> str:
        """All of it."""
        return json.dumps(self, ensure_ascii=False)


def run_main(name: str, options: dict[str, Any], check_mode: bool = False) -> Ended:
    """Runs a module as Ansible does: options come as JSON, the result goes out as JSON."""
    arguments = {"_ansible_check_mode": check_mode, "_ansible_diff": True, "_ansible_module_name": name, **options}
    if "inject_invocation" in PASS_VARS:  # since ansible-core 2.21; before, a result always holds the options
        arguments["_ansible_inject_invocation"] = True
    secrets.forget()  # each module has a process of its own
    warnings: list[str] = []
    logged: list[str] = []
    printed = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()))
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))  # since ansible-core 2.19
        stack.enter_context(mock.patch.object(basic.AnsibleModule, "warn", lambda _module, warning, **_more: warnings.append(warning)))
        stack.enter_context(mock.patch.object(basic.AnsibleModule, "log", lambda _module, msg, log_args=None: logged.append(f"{msg} {log_args}")))
        stack.enter_context(contextlib.redirect_stdout(printed))
        status: Any = None
        try:
            in_process.load(name).main()
        except SystemExit as end:
            status = end.code
    result = json.loads(printed.getvalue())
    result.pop("_ansible_new_secrets", None)  # since 2.22: what ansible-core is to hide; nobody else gets it
    assert bool(result.get("failed")) is bool(status)
    return Ended(result, warnings, logged)
