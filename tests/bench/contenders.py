# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does the work, as commands: the collection, ``ansible.builtin.uri``, a bare script; and plays that do nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from worlds import KEY

HERE = Path(__file__).resolve().parent
PLAYBOOKS = HERE / "playbooks"
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


def environment(url: str, home: Path) -> dict[str, str]:
    """Return the environment of a run: a home of its own, and compiled Python files kept beside it, as on any machine that runs things twice."""
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
    return kept
