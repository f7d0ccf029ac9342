# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action plugin that runs its module and, meanwhile, shows every 30 seconds how far it is. It decides nothing and changes nothing of the result."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.adverity.management.plugins.module_utils._api import text
from ansible_collections.adverity.management.plugins.module_utils._api.progress import FILE, State

SECONDS = "ADVERITY_PROGRESS_SECONDS"  # how often, in the controller's environment; 0 for never


class WatchedAction(ActionBase):
    """The module with a watcher beside it. On another machine than the controller it runs without one."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def describe(self, state: State, seconds: float) -> str:
        """One line on a state that the module wrote, so many seconds after the first one."""
        return describe_wait(state)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The module's result."""
        result = super().run(tmp, task_vars)
        seconds = interval()
        watched = seconds > 0 and self._connection.transport == "local" and not self._task.async_val
        folder = tempfile.mkdtemp(prefix="adverity-") if watched else ""
        done = threading.Event()
        watcher = threading.Thread(
            target=_watch, args=(os.path.join(folder, "progress"), seconds, done, self.describe), daemon=True
        )
        try:
            if watched:
                self._task.environment = [
                    *(self._task.environment or []),
                    {FILE: os.path.join(folder, "progress")},
                ]
                watcher.start()
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        finally:
            done.set()
            if watched:
                watcher.join()
                shutil.rmtree(folder, ignore_errors=True)
        return result


def describe_wait(state: State) -> str:
    """One line on a module that waits."""
    return f"Waiting: {text.line(state['line'])}, {show_seconds(state['left'])} left at most"


def show_seconds(seconds: float) -> str:
    """A duration, short: ``89 s``, ``2 min``."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def interval() -> float:
    """How many seconds pass between two lines; 0 for never."""
    with contextlib.suppress(ValueError):
        return float(os.environ.get(SECONDS) or 30)
    return 30.0


def _watch(
    path: str, seconds: float, done: threading.Event, describe: t.Callable[[State, float], str]
) -> None:
    """Shows the file's content every so many seconds, on standard error: a callback that writes JSON to standard output stays whole."""
    begun: float | None = None
    shown = time.monotonic()
    while not done.wait(min(seconds, 1.0) / 2):
        state = read_state(path)
        if state is None:
            shown = time.monotonic()
            continue
        begun = begun if begun is not None else time.monotonic()
        if time.monotonic() - shown >= seconds:
            shown = time.monotonic()
            Display().display(describe(state, shown - begun), stderr=True)


def read_state(path: str) -> State | None:
    """What stands in the file; None where it is not there or not whole."""
    try:
        with open(path, encoding="utf-8") as file:
            return t.cast(State, json.load(file))
    except (OSError, ValueError):
        return None
