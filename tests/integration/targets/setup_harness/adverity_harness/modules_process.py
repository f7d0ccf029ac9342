# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that runs modules: it imports all of them once, and forks for each run. It needs nothing of the harness but `quick_python`.

It is started with the address of its socket and the folder of collections. A connection brings JSON with the module's name, its options and its
environment, and gets JSON with the exit status and what the module printed.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from quick_python import serve


def main() -> None:
    """Import the modules, and serve."""
    address, collections = sys.argv[1:]
    sys.path.append(collections)
    package = importlib.import_module("ansible_collections.adverity.management.plugins.modules")
    names = [path.stem for folder in package.__path__ for path in Path(folder).glob("adverity_*.py")]
    modules = {name: importlib.import_module(f"{package.__name__}.{name}") for name in names}
    serve(address, lambda connection: _run(connection, modules))


def _run(connection: socket.socket, modules: dict[str, Any]) -> None:
    """Run a module in this process, as Ansible would, and end."""
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
    main()
