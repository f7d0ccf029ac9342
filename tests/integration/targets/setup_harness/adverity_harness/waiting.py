# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are seen to wait for another run: a test need not guess after how many seconds they do."""

from __future__ import annotations

import os
import re

from .place import ROOT
from .runs import Controller, Row

# Python runs this file as it starts. The module waits for its turn in pauses of this length, and nothing else in a run does.
SITE = """import os, time

def sleep(seconds, real=time.sleep):
    if seconds == {poll}:
        open({waits!r}, "w").close()
    real(seconds)

time.sleep = sleep
"""


class WaitingRun:
    """A run that may have to wait for its turn in the ledger, and says so in a file."""

    def __init__(self, controller: Controller, name: str, play: list[Row]) -> None:
        folder = controller.folder / name
        folder.mkdir()
        self._waits = folder / "waits"
        turns = (ROOT / "plugins" / "module_utils" / "_ledger" / "turns.py").read_text("utf-8")
        (poll,) = re.findall(r"^_POLL = ([\d.]+)", turns, re.M)
        (folder / "sitecustomize.py").write_text(SITE.format(poll=poll, waits=str(self._waits)), "utf-8")
        path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.run = controller.start(play, env={"PYTHONPATH": path})

    def see(self) -> None:
        """Wait until it waits."""
        self.run.wait(until=self._waits.exists)
        assert self._waits.exists(), f"the run was over before it waited:\n{self.run.output}"
