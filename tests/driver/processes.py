# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that the driver starts, and an end to all of them: also of those that left their session, or lost their parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
PATIENCE = 1.0  # seconds that a process gets to end by itself; all is over within 5 seconds on a machine that is not overloaded
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

# Held while a process is started, so that none is born unseen while all are ended. The same thread may take it again: a signal can
# arrive in the middle of a start.
_starting = threading.RLock()


def start(command: tuple[str, ...], **options: Any) -> subprocess.Popen[str]:
    """Start a process as the leader of a session of its own; `options` are those of Popen."""
    with _starting:
        return subprocess.Popen(command, start_new_session=True, text=True, **options)


def end(process: subprocess.Popen[str]) -> None:
    """End a process with all that it started and left behind, servers and hung workers too."""
    below = descendants(process.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    _send(signal.SIGKILL, below)
    process.wait()


def descendants(root: int) -> list[int]:
    """Return the ids of all live processes below `root`. Empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]  # the name before may hold anything
            if state not in "XZ":
                children.setdefault(int(parent), []).append(int(path.parent.name))
    found, seen = [], [root]
    while seen:
        below = children.pop(seen.pop(), [])
        found += below
        seen += below
    return found


def _send(number: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end_all() -> None:
    """End everything below this process: politely, so that servers can tidy up, and then not. Nobody can wait for any of it afterwards."""
    limit = time.monotonic() + PATIENCE
    _send(signal.SIGTERM, descendants(os.getpid()))
    while left := descendants(os.getpid()):
        if time.monotonic() > limit:
            _send(signal.SIGKILL, left)
        time.sleep(0.05)
    with contextlib.suppress(ChildProcessError):  # in a container there may be nobody else who buries the dead
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _stop(number: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    with _starting:
        end_all()
        sys.stdout.flush()
        print(f"Stopped by {signal.Signals(number).name}.", file=sys.stderr, flush=True)
        os._exit(128 + number)  # other threads may be waiting for what was ended: nothing waits for them


def stop_on_signals(handler: Callable[[int, FrameType | None], None] = _stop) -> None:
    """Let a signal to stop end this process with everything that it has started, within seconds. Another handler has to do so itself.

    Orphans become its children (on Linux), so that they are found.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for each in SIGNALS:
        signal.signal(each, handler)
