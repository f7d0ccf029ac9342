# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A shell in which a test types what the documentation says."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

from adverity_harness.runs import LONGEST, ansible_playbook


def shell(home: Path, script: str) -> str:
    """Run a script as somebody would type it; whatever it leaves running ends with it. Return what it printed."""
    # What ansible-test needs to find its ansible-core stays: PYTHONPATH, and its own variables.
    environment = {name: value for name, value in os.environ.items() if name.startswith("ANSIBLE_TEST_") or not name.startswith(("ADVERITY_", "ANSIBLE_"))}
    folders = f"{Path(ansible_playbook()).parent}{os.pathsep}{os.environ['PATH']}"
    environment.update(HOME=str(home), PATH=folders, LC_ALL="C.UTF-8", ANSIBLE_NOCOLOR="true", ANSIBLE_REMOTE_TEMP=str(home / ".ansible" / "tmp"))
    log = home / "log"
    with open(log, "wb") as stream:
        process = subprocess.Popen(
            ["bash", "-eu", "-c", script], cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )
        try:
            status = process.wait(timeout=3 * LONGEST)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    output = log.read_text("utf-8")
    assert status == 0, output
    return output


def typed(page: str) -> list[str]:
    """What a page asks to type, line by line."""
    return re.findall(r"^    \$ (.+)$", page, re.M)
