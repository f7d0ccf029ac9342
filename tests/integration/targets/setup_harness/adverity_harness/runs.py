# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook, and what they left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Callable

from .world import KEY, READ_ONLY_KEY

Row = dict[str, Any]
COLLECTION = "adverity.management"
LONGEST = 1800.0  # seconds for one run, also on a machine that has much else to do: the last resort against one that hangs
CALLBACKS = Path(__file__).with_name("callback")
TOKEN = "ADVERITY_HARNESS_RUN"


def module(short_name: str, title: str = "", /, **options: Any) -> Row:
    """Return a task with a module of the collection: ``module("binding", enabled=True)`` is ``adverity_binding``."""
    return {"name": title or f"adverity_{short_name}", f"{COLLECTION}.adverity_{short_name}": options}


def role(role_name: str = "deploy_destination", /, **variables: Any) -> Row:
    """Return a task that includes the role; the variables' names go without the role's prefix."""
    return {
        "name": f"Role {role_name}",
        "ansible.builtin.include_role": {"name": f"{COLLECTION}.{role_name}"},
        "vars": {f"{role_name}_{key}": value for key, value in variables.items()},
    }


def refused(task: Row) -> Row:
    """Return the task so that the play goes on after it failed. Its result still says that it did."""
    return {"name": "A refusal", "block": [task], "rescue": [{"name": "Go on", "ansible.builtin.meta": "noop"}]}


def at(scene: Any, task: Row) -> Row:
    """Return the task for the service and the ledger of a scene, in the play of another one."""
    return {"name": "Elsewhere", "block": [task], "environment": {"ADVERITY_INSTANCE": scene.url, "ADVERITY_LEDGER": str(scene.ledger)}}


def kill_all(token: str, keep: tuple[int, ...] = ()) -> None:
    """Kill the processes of a run, which share a variable of the environment (some leave their process group), but for those to keep."""
    mark = f"{TOKEN}={token}".encode()
    for _again in range(3):  # a process that was just being born is seen the second time
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                pid = int(path.parent.name)
                if pid not in keep and mark in path.read_bytes().split(b"\0"):
                    os.kill(pid, signal.SIGKILL)


class Run:
    """One run of ansible-playbook that is under way or over.

    `outcomes` are the results of its tasks in order, each a row with ``task``, ``action``, ``status`` and ``result``; `changed` is how many
    changed something, `custom` is what set_stats handed on, and `output` is all that was printed.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], token: str) -> None:
        self.folder, self.process, self.token = folder, process, token
        self.output, self.changed = "", 0
        self.outcomes: list[Row] = []
        self.custom: Row = {}

    def wait(self, until: Callable[[], Any] | None = None) -> None:
        """Wait for the end, or with `until` for what comes first: that it holds, or the end."""
        limit = time.monotonic() + LONGEST
        while self.process.poll() is None and not (until is not None and until()):
            if time.monotonic() > limit:
                self.kill()
                raise AssertionError(f"ansible-playbook did not end in {LONGEST:g} s:\n{self.output}")
            time.sleep(0.01)
        if self.process.poll() is not None:
            self._read()

    def kill(self) -> None:
        """Kill everything that the run started, all at once as far as can be: nothing gets the chance to tidy up."""
        kill_all(self.token)
        self.process.kill()
        self.process.wait()
        self._read()

    def _read(self) -> None:
        self.output = "".join((self.folder / name).read_text("utf-8", "replace") for name in ("stdout", "stderr"))
        record = self.folder / "record"
        self.outcomes = []
        for line in record.read_text("utf-8").splitlines() if record.exists() else []:
            row = json.loads(line)
            if "hosts" in row:
                self.changed, self.custom = row["hosts"].get("localhost", {}).get("changed", 0), row["custom"]
            else:
                self.outcomes.append(row)

    @property
    def warnings(self) -> list[str]:
        """What was warned of, each with its line breaks taken out."""
        stderr = (self.folder / "stderr").read_text("utf-8", "replace")
        return [" ".join(text.split()) for text in re.findall(r"^\[WARNING\]: (.*?)(?=^\[|\Z)", stderr, re.M | re.S)]

    def of(self, name: str) -> list[Row]:
        """Return the results of the tasks with this name (or this module, as ``adverity_requeue``) that were not skipped."""
        actions = (name, f"{COLLECTION}.{name}")
        return [row["result"] for row in self.outcomes if row["status"] != "skipped" and (row["task"] == name or row["action"] in actions)]

    def one(self, name: str) -> Row:
        """Return the result of the only task with this name (or this module) that was not skipped."""
        found = self.of(name)
        assert len(found) == 1, f"{len(found)} tasks {name!r} in:\n{self.output}"
        return found[0]

    @property
    def failures(self) -> list[Row]:
        return [one["result"] for one in self.outcomes if one["status"] == "failed"]

    def check(self, fails: bool = False, warnings: tuple[str, ...] = (), may_warn: tuple[str, ...] = ()) -> None:
        """Check what holds for every run that came to its end: no traceback, no secret, nothing deprecated.

        `warnings` are words of those expected: each of them has to come, and no others may, but for `may_warn`. Line breaks are set by Ansible, so
        white space does not count.
        """
        shown = f"\n{self.output[-6000:]}"
        assert (self.process.returncode != 0) is fails, f"ended with {self.process.returncode}{shown}"
        for sign in ("Traceback (most recent call last)", "MODULE FAILURE", "[DEPRECATION WARNING]", KEY, READ_ONLY_KEY):
            assert sign not in self.output, f"{sign!r} in the output{shown}"
        given, expected, possible = (["".join(text.split()) for text in texts] for texts in (self.warnings, warnings, may_warn))
        assert not [text for text in expected if not any(text in one for one in given)], f"a warning is missing: {self.warnings}{shown}"
        expected += possible
        assert not [one for one in given if not any(text in one for text in expected)], f"a warning was not expected: {self.warnings}{shown}"


class Controller:
    """Somebody's machine with ansible-playbook on it, a home and a ledger. `url` is the service's."""

    def __init__(self, folder: Path, collections: Path, url: str) -> None:
        self.folder, self.collections, self.url = folder, collections, url
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.ledger = folder / "ledger" / "requeue.sqlite3"
        self.inventory = folder / "inventory"
        self.inventory.write_text("localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n", "utf-8")
        self._runs = 0

    def environment(self) -> dict[str, str]:
        """Return the environment of a run. What ansible-test has set for its own purposes, as for coverage, stays."""
        inside = "ANSIBLE_TEST_CI" in os.environ
        taken = ("ADVERITY_", "PYTEST_") if inside else ("ADVERITY_", "ANSIBLE_", "PYTEST_")  # pytest's name the test: no two runs would be the same
        result = {name: value for name, value in os.environ.items() if not name.startswith(taken)}
        enabled = [name for name in (result.get("ANSIBLE_CALLBACKS_ENABLED"), "adverity_record") if name]
        result.update(
            ADVERITY_API_KEY=KEY,
            ADVERITY_INSTANCE=self.url,
            ADVERITY_LEDGER=str(self.ledger),
            ADVERITY_RETRY_MAX_DELAY="0.05",  # tests do not wait for what the service does not ask for
            ANSIBLE_CALLBACKS_ENABLED=",".join(enabled),
            ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS),
            ANSIBLE_COLLECTIONS_PATH=str(self.collections),
            ANSIBLE_DEPRECATION_WARNINGS="true",
            ANSIBLE_FORCE_COLOR="false",
            ANSIBLE_NOCOLOR="true",
            ANSIBLE_REMOTE_TEMP=str(self.home / ".ansible" / "tmp"),  # otherwise it is in the home that the system knows
            HOME=str(self.home),
            LC_ALL="C.UTF-8",
        )
        return result

    def start(
        self,
        play: list[Row] | str,
        *,
        check: bool = False,
        diff: bool = False,
        verbosity: int = 0,
        extra_vars: Row | None = None,
        env: dict[str, str | None] | None = None,
        module_defaults: Row | None = None,
        quick: bool = False,
    ) -> Run:
        """Start ansible-playbook, on tasks or on a playbook of the collection; `env` adds variables, or takes those that are None away.

        With `quick` it pipes modules to their interpreter: for runs that are not to be killed.
        """
        self._runs += 1
        folder = self.folder / f"run{self._runs}"
        folder.mkdir()
        token = uuid.uuid4().hex
        if isinstance(play, str):
            playbook = play
        else:
            playbook = str(folder / "playbook.yml")
            content = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": play}
            content.update({"module_defaults": module_defaults} if module_defaults else {})
            Path(playbook).write_text(json.dumps([content], indent=1), "utf-8")
        (folder / "vars.json").write_text(json.dumps(extra_vars or {}), "utf-8")
        command = [ansible_playbook(), "-i", str(self.inventory), "-e", f"@{folder / 'vars.json'}", playbook]
        command += ["--check"] * check + ["--diff"] * diff + ["-" + "v" * verbosity] * bool(verbosity)
        quicker = {"ANSIBLE_PIPELINING": "true"} if quick else {}
        environment: dict[str, str | None] = {**self.environment(), **quicker, **(env or {})}
        environment.update({"ADVERITY_HARNESS_RECORD": str(folder / "record"), TOKEN: token})
        given = {name: value for name, value in environment.items() if value is not None}
        with open(folder / "stdout", "wb") as stdout, open(folder / "stderr", "wb") as stderr:
            process = subprocess.Popen(command, cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        return Run(folder, process, token)

    def play(
        self,
        play: list[Row] | str,
        *,
        fails: bool = False,
        warnings: tuple[str, ...] = (),
        kill_when: Callable[[], Any] | None = None,
        **options: Any,
    ) -> Run:
        """Run ansible-playbook to its end and check what holds for every run; or kill it as soon as `kill_when` holds."""
        run = self.start(play, quick=kill_when is None, **options)
        try:
            run.wait(kill_when)
            if kill_when is not None:
                assert run.process.poll() is None, f"the run was over before it could be killed:\n{run.output}"
        finally:
            if run.process.poll() is None:
                run.kill()
        if kill_when is None:
            run.check(fails, warnings)
        return run


def ansible_playbook() -> str:
    """Return the command: that of the Python which runs the tests, or under ansible-test the one on PATH.

    First on PATH there is ansible-test's wrapper (``python.py``, linked under many names), which with coverage measures
    ansible-core too and makes a run take twice as long. It is passed over: modules are measured all the same.
    """
    folders = [str(Path(sys.executable).parent)] if "ANSIBLE_TEST_CI" not in os.environ else []
    for folder in folders + os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which("ansible-playbook", path=folder)
        if found and Path(found).resolve().name != "python.py":
            return found
    raise AssertionError("there is no ansible-playbook on PATH")
