# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks without ansible-playbook, for what Ansible has no part in: a module decides it, and the service sees it.

Each module is a process that gets its options as from Ansible, runs its ``main()`` and answers in JSON. These processes are forks of one that has
imported all modules. The role is carried out from its own files. As a program, this file is the process that forks.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

COLLECTION = "adverity.management."


class Failed(Exception):
    """A module failed."""


class Direct:
    """The process that forks; it ends with this one. `collections` is what ANSIBLE_COLLECTIONS_PATH would be, `folder` is its own, with a short path."""

    def __init__(self, python: str, collections: Path, folder: Path) -> None:
        self.address, self.collections = folder / "direct", collections
        process = subprocess.Popen([python, __file__, str(self.address), str(collections)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(process.communicate)  # the end of its input is its end
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "the process that imports the modules has ended"

    def run(self, name: str, options: dict[str, Any], environment: dict[str, str]) -> str:
        """Run a module and return what it printed. Anything beside its JSON is an error, and so is another end than its own."""
        with socket.socket(socket.AF_UNIX) as place:
            place.connect(str(self.address))
            place.sendall(json.dumps([name, options, environment]).encode())
            place.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: place.recv(65536), b""))
        status, printed = json.loads(answer)
        assert status == int('"failed": true' in printed), f"{name} ended with {status}: {printed}"
        return printed


class Carried:
    """Tasks as they are carried out, one after the other."""

    def __init__(self, direct: Direct, environment: dict[str, str], check: bool, diff: bool) -> None:
        self.outcomes: list[dict[str, Any]] = []
        self.printed: list[str] = []
        self._direct, self._environment = direct, environment
        self._check, self._diff = check, diff

    def act(self, task: dict[str, Any]) -> None:
        """Carry out a task, or a role that is included; raise Failed where it fails outside of a block that is rescued."""
        if "block" in task:
            try:
                for one in task["block"]:
                    self.act(one)
            except Failed:
                assert "rescue" in task
            return
        (action,) = set(task) - {"name", "vars", "check_mode", "diff"}
        check = task.get("check_mode", self._check)
        if action == "ansible.builtin.include_role":
            deploy = _import_role(self._direct.collections)
            deploy(self._call, check, **{name.partition("deploy_destination_")[2]: value for name, value in task.get("vars", {}).items()})
        else:
            self._call(action.removeprefix(COLLECTION), task["name"], diff=task.get("diff", self._diff), check_mode=check, **task[action])

    def _call(self, name: str, title: str = "", /, *, diff: bool = False, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        assert "{{" not in json.dumps(options), f"only Ansible knows templates: {options}"
        ours = {"_ansible_check_mode": check_mode, "_ansible_diff": diff, "_ansible_module_name": COLLECTION + name}
        printed = self._direct.run(name, {**options, **ours}, self._environment)
        self.printed.append(printed)
        result: dict[str, Any] = json.loads(printed)
        failed = result.pop("failed", False)
        if "warnings" in result:  # a text, or since ansible-core 2.19 an event
            result["warnings"] = [one if isinstance(one, str) else one["event"]["msg"] for one in result["warnings"]]
        shown = {"task": title or name, "action": COLLECTION + name, "host": "localhost", "status": "failed" if failed else "ok", "result": result}
        self.outcomes.append(shown)
        if failed:
            raise Failed(result["msg"])
        return result


def _import_role(collections: Path) -> Any:
    """The role without Ansible, as the unit tests have it."""
    if str(collections) not in sys.path:
        sys.path.append(str(collections))
    return importlib.import_module("ansible_collections.adverity.management.tests.unit.plugins.in_process").deploy


def _serve() -> None:
    from quick_python import serve

    sys.path.append(sys.argv[2])
    package = importlib.import_module("ansible_collections.adverity.management.plugins.modules")
    names = [path.stem for folder in package.__path__ for path in Path(folder).glob("adverity_*.py")]
    modules = {name: importlib.import_module(f"{package.__name__}.{name}") for name in names}
    serve(sys.argv[1], lambda connection: _run(connection, modules))


def _run(connection: socket.socket, modules: dict[str, Any]) -> None:
    from ansible.module_utils import basic

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    name, options, environment = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(environment["HOME"])
    basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode(), "legacy"
    status: Any = 1
    with tempfile.TemporaryFile() as printed:
        for number in (1, 2):
            os.dup2(printed.fileno(), number)
        try:
            modules[name].main()
        except SystemExit as end:
            status = end.code
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        printed.seek(0)
        connection.sendall(json.dumps([status, printed.read().decode()]).encode())
    os._exit(0)


if __name__ == "__main__":
    _serve()
