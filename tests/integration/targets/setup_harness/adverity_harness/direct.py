# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks without ansible-playbook, for what Ansible has no part in: a module decides it, and the service sees it.

Each module is a process that gets its options as from Ansible, runs its ``main()`` and answers in JSON (see `modules_process`). The role is carried
out from its own files, as the unit tests do it.
"""

from __future__ import annotations

import importlib
import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .outcomes import COLLECTION, Outcomes, Row
from .quick_python import start_serving
from .runs import STARTING, ansible_playbook, python_of, short_folder

ADDRESSES: list[str] = []  # of the process that runs modules, once there is one


class Failed(Exception):
    """A module failed."""


class Carried(Outcomes):
    """Tasks as they are carried out, one after the other. `collections` is what ANSIBLE_COLLECTIONS_PATH would be, `environment` is that of the modules."""

    def __init__(self, collections: Path, environment: Mapping[str, str], diff: bool = False) -> None:
        super().__init__()
        self._collections, self._environment, self._diff = collections, environment, diff

    def act(self, task: Row) -> None:
        """Carry out a task, or a role that is included; raise Failed where it fails outside of a block that is rescued."""
        if "block" in task:
            try:
                for one in task["block"]:
                    self.act(one)
            except Failed:
                assert "rescue" in task
            return
        (action,) = set(task) - {"name", "vars", "check_mode"}
        check = task.get("check_mode", False)
        if action == "ansible.builtin.include_role":
            _deploy(self._collections)(self._call, check, **{name.partition("deploy_destination_")[2]: value for name, value in task["vars"].items()})
        else:
            self._call(action.rpartition(".")[2], task["name"], check_mode=check, **task[action])

    def _call(self, name: str, title: str = "", /, *, check_mode: bool = False, **options: Any) -> Row:
        assert "{{" not in json.dumps(options), f"only Ansible knows templates: {options}"
        action = f"{COLLECTION}.{name}"
        printed = self._run(name, {**options, "_ansible_check_mode": check_mode, "_ansible_diff": self._diff, "_ansible_module_name": action})
        result: Row = json.loads(printed)
        if result.pop("_ansible_new_secrets", None):  # since 2.22: what ansible-core is to hide; nobody else gets it
            printed = json.dumps(result)
        self.output += printed
        failed = result.pop("failed", False)
        if "warnings" in result:  # a text, or since ansible-core 2.19 an event
            result["warnings"] = [one if isinstance(one, str) else one["event"]["msg"] for one in result["warnings"]]
        status = "failed" if failed else "ok"
        self.outcomes.append({"task": title or name, "action": action, "host": "localhost", "status": status, "result": result})
        if failed:
            raise Failed(result["msg"])
        return result

    def _run(self, name: str, options: Row) -> str:
        """Run a module and return what it printed."""
        with socket.socket(socket.AF_UNIX) as place:
            place.connect(_address(self._collections))
            place.sendall(json.dumps([name, options, dict(self._environment)]).encode())
            place.shutdown(socket.SHUT_WR)
            status, printed = json.loads(b"".join(iter(lambda: place.recv(65536), b"")))
        assert status == int('"failed": true' in printed), f"{name} ended with {status}: {printed}"
        assert isinstance(printed, str)
        return printed


def _address(collections: Path) -> str:
    """The address of the process that runs modules, which ends with this one."""
    with STARTING:
        if not ADDRESSES:
            address = str(short_folder() / "modules")
            start_serving(python_of(ansible_playbook()), str(Path(__file__).with_name("modules_process.py")), address, str(collections))
            ADDRESSES.append(address)
    return ADDRESSES[0]


def _deploy(collections: Path) -> Any:
    """The role without Ansible, as the unit tests have it."""
    if str(collections) not in sys.path:
        sys.path.append(str(collections))
    return importlib.import_module("ansible_collections.adverity.management.tests.unit.plugins.role_in_process").deploy
