# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does the work, as commands: the collection, ``ansible.builtin.uri``, a bare script; and plays that do nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from service import ROOT
from worlds import KEY

HERE = Path(__file__).resolve().parent
PLAYBOOKS = HERE / "playbooks"
CALLBACKS = ROOT / "tests" / "integration" / "targets" / "setup_harness" / "adverity_harness" / "callback"
OURS, URI, FLOOR = "ours", "uri", "floor"
CONTENDERS = (OURS, URI, FLOOR)


def command(contender: str, work: str) -> list[str]:
    """Return the command with which a contender does a work."""
    if contender == FLOOR:
        return [sys.executable, str(HERE / "floor.py"), work]
    return playbook(PLAYBOOKS / f"{contender}_{work}.yml")


def playbook(path: Path) -> list[str]:
    """Return the command that runs a playbook."""
    return [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(path)]


def environment(url: str, home: Path, record: Path | None = None) -> dict[str, str]:
    """Return the environment of a run: a home of its own, and compiled Python files kept beside it, as on any machine that runs things twice.

    With `record` each task's result is written there, which takes time.
    """
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    kept.update(
        ADVERITY_API_KEY=KEY,
        ADVERITY_INSTANCE=url,
        ANSIBLE_FORCE_COLOR="false",
        ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
        ANSIBLE_NOCOLOR="true",
        ANSIBLE_REMOTE_TEMP=str(home / ".ansible" / "tmp"),
        HOME=str(home),
        PYTHONPYCACHEPREFIX=str(home.parent / "pycache"),
    )
    if record is not None:
        names = {"ANSIBLE_CALLBACKS_ENABLED": "adverity_record", "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS)}
        kept.update(names, ADVERITY_HARNESS_RECORD=str(record))
    return kept


def recorded(record: Path) -> list[dict[str, Any]]:
    """Return the tasks that a run went through, from its record."""
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    return [row for row in rows if "task" in row]


def is_module(task: dict[str, Any]) -> bool:
    """Tell whether a task started a module of the collection."""
    return str(task["action"]).startswith("adverity.management.adverity_") and task["status"] != "skipped"


def same_tasks(tasks: Iterable[dict[str, Any]], path: Path) -> Path:
    """Write a play that goes through as many tasks and does nothing: ``ping`` for each module, and what is skipped is skipped."""
    plain: list[dict[str, Any]] = []
    for task in tasks:
        if is_module(task):
            plain.append({"name": "Nothing", "ansible.builtin.ping": {}})
        else:
            skipped = {"when": False} if task["status"] == "skipped" else {}
            plain.append({"name": "Nothing", "ansible.builtin.debug": {"msg": "Nothing"}, **skipped})
    play = {"name": "Benchmark", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": plain}
    play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    path.write_text(json.dumps([play], indent=1), "utf-8")
    return path
