# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook that skip its imports, which are most of what it takes to start.

A process imports ansible-core once and forks for each run. The fork reads the configuration anew, under the environment of its run. As a
program, this file is that process; it needs nothing of the harness.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# What ansible-core reads as it is imported is the same for all runs; a run in which anything else differs starts a process of its own.
DIFFERING = ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_FORKS", "ANSIBLE_INJECT_INVOCATION", "ANSIBLE_PIPELINING", "ANSIBLE_REMOTE_TEMP", "HOME")
OURS = ("ADVERITY_", "CONTROLLER_")  # ansible-core does not read these


class Fork:
    """A run; it can be asked what a Popen can."""

    def __init__(self, origin: Forking, pid: int) -> None:
        self.origin, self.pid = origin, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while the run is under way."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status; with a timeout in seconds raise TimeoutExpired where that takes longer."""
        if self.returncode is None:
            if not select.select([self.origin.process.stdout], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("ansible-playbook", timeout or 0)
            self.returncode = self.origin.answer()
            self.origin.busy.release()
        return self.returncode

    def kill(self) -> None:
        """Kill the run, if it is still under way."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Forking:
    """The process that forks, one run at a time; it ends with this one."""

    def __init__(self, python: str, playbook_command: str, environment: dict[str, str]) -> None:
        self.environment, self.busy = environment, threading.Lock()
        self.process = subprocess.Popen(
            [python, __file__, playbook_command], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        atexit.register(self.process.communicate)  # the end of its input is its end

    def fits(self, environment: dict[str, str], asked: Iterable[str]) -> bool:
        """Tell whether a run with this environment can be a fork; `asked` are the variables that its test sets or takes away."""
        differing = {name for name, _value in environment.items() ^ self.environment.items() if not name.startswith(OURS)} - set(DIFFERING)
        assert differing <= set(asked), f"no run is a fork where the environment changes by itself: {differing - set(asked)}"
        return not differing

    def start(self, command: list[str], folder: Path, environment: dict[str, str]) -> Fork | None:
        """Start a run whose output goes to files in its folder; None where another one is under way."""
        if not self.busy.acquire(blocking=False):
            return None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([command, str(folder), environment]).encode() + b"\n")
        return Fork(self, self.answer())

    def answer(self) -> int:
        """Return the next number that the process writes."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process that imports ansible-core has ended"
        return int(line)


def _serve() -> None:
    command = sys.argv[1]
    requests, answers = sys.stdin.buffer, os.dup(1)  # no run inherits it
    os.dup2(2, 1)
    from ansible import constants
    from ansible.cli.playbook import main as run_playbook
    from ansible.executor import playbook_executor, task_queue_manager  # noqa: F401
    from ansible.utils.path import cleanup_tmp_file

    atexit.unregister(cleanup_tmp_file)
    shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
    modules = os.path.join(os.environ["HOME"], "modules")
    os.mkdir(modules)
    gc.freeze()  # what is here now is never looked at again, so that the forks share it
    for line in iter(requests.readline, b""):
        pid = os.fork()
        if not pid:
            requests.close()
            os.close(answers)
            words, folder, environment = json.loads(line)
            _become(folder, environment, constants, modules)
            sys.argv = [command, *words]
            sys.exit(run_playbook())
        os.write(answers, b"%d\n" % pid)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _become(folder: str, environment: dict[str, str], constants: Any, modules: str) -> None:
    """Turn into a process that was started in a folder, with an environment and nothing to read, and take up the configuration there.

    `modules` is the folder of what ansible-core makes of each module before it runs: of the same module every time the same.
    """
    os.chdir(folder)
    sys.executable = environment.pop("ADVERITY_HARNESS_PYTHON")  # which becomes ansible_playbook_python
    os.environ.clear()
    os.environ.update(environment)
    for number, name, flags in ((0, os.devnull, os.O_RDONLY), (1, "stdout", os.O_WRONLY | os.O_CREAT), (2, "stderr", os.O_WRONLY | os.O_CREAT)):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    for name in constants.config.get_configuration_definitions():
        constants.set_constant(name, constants.config.get_config_value(name, variables=vars(constants)))
    constants.set_constant("DEFAULT_INTERNAL_POLL_INTERVAL", 0.005)  # seconds; ansible-core wakes up every millisecond, for plays with many hosts
    os.symlink(modules, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))


if __name__ == "__main__":
    _serve()
