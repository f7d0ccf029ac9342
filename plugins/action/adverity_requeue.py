# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module adverity_requeue and, while it sends, shows every 30 seconds how far it is. It decides nothing and changes nothing of the result."""

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
from ansible_collections.adverity.management.plugins.module_utils._requeue.progress import FILE

SECONDS = "ADVERITY_PROGRESS_SECONDS"  # how often, in the controller's environment; 0 for never


class ActionModule(ActionBase):
    """The module with a watcher beside it. On another machine than the controller it runs without one."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The module's result."""
        result = super().run(tmp, task_vars)
        seconds = _interval()
        watched = seconds > 0 and self._connection.transport == "local" and not self._task.async_val and not self._task.check_mode
        folder = tempfile.mkdtemp(prefix="adverity-") if watched else ""
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(os.path.join(folder, "progress"), seconds, done), daemon=True)
        try:
            if watched:
                self._task.environment = [*(self._task.environment or []), {FILE: os.path.join(folder, "progress")}]
                watcher.start()
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        finally:
            done.set()
            if watched:
                watcher.join()
                shutil.rmtree(folder, ignore_errors=True)
        return result


def describe(state: dict[str, t.Any], seconds: float) -> str:
    """One line on a sending that has taken so many seconds."""
    parts = [] if state["datastream_id"] is None else [f"datastream {state['datastream_id']}"]
    if state["binding_ids"]:
        parts.append(f"binding {text.ids(state['binding_ids'])}")
    parts += [text.line(name) for name in state["targets"]]
    left = seconds * (state["total"] - state["sent"]) / state["sent"] if state["sent"] else 0
    time_left = f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"
    return f"Sending: {', '.join([*parts, ''])}{state['sent']} of {state['total']} extracts, about {time_left} left"


def _interval() -> float:
    with contextlib.suppress(ValueError):
        return float(os.environ.get(SECONDS) or 30)
    return 30.0


def _watch(path: str, seconds: float, done: threading.Event) -> None:
    """Shows the file's content every so many seconds, on standard error: a callback that writes JSON to standard output stays whole."""
    begun: float | None = None
    shown = time.monotonic()
    while not done.wait(min(seconds, 1.0) / 2):
        state = _read(path)
        if state is None:
            shown = time.monotonic()
            continue
        begun = begun if begun is not None else time.monotonic()
        if time.monotonic() - shown >= seconds:
            shown = time.monotonic()
            Display().display(describe(state, shown - begun), stderr=True)


def _read(path: str) -> dict[str, t.Any] | None:
    try:
        with open(path, encoding="utf-8") as file:
            return t.cast("dict[str, t.Any]", json.load(file))
    except (OSError, ValueError):
        return None
