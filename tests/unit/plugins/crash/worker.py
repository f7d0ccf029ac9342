# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs modules and the role in processes that can be killed: a program of its own, which the tests in ``crash`` start.

It reads jobs, a line of JSON each, and forks for each of them. The copy has everything imported already, does the work, and says every *point* that it passes,
one at each moment where the ledger changes or a request is sent. With ``kill_at`` it kills itself at that point, as the system would: nothing is cleaned up.
All points are set from here; what is shipped has no hooks.

A job: ``work`` (the name of a module, or ``deploy``), ``connection``, ``options``, ``kill_at`` (a number from 0, or null). What is said, in lines of JSON:
``point`` (``[moment, what, extract ids]``) for each point, ``result``, or ``error`` with ``facts``, and last of all ``killed``.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import signal
import sys
import traceback
from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.postgresql import PostgresqlStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._resources import binding_state
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process

binding_state.MAX_AGE = 3600.0  # on a slow machine, some runs would read the bindings again, and have points that others do not have
CHANGES = ("note", "record", "begin_write", "withdraw_write", "intend", "withdraw", "dispatched", "take_turn")


def say(**what: Any) -> None:
    os.write(sys.stdout.fileno(), json.dumps(what).encode() + b"\n")


class Points:
    """The points of one run: says each, and kills at the one that was asked for."""

    def __init__(self, kill_at: int | None) -> None:
        self._left = kill_at
        self._inside: tuple[str, list[int]] = ("open", [])

    def at(self, moment: str) -> None:
        say(point=[moment, *self._inside])
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left = None if self._left is None else self._left - 1

    def set(self) -> None:
        """Wraps what changes the ledger and what speaks to the API."""
        extracts = {"intend": lambda args: args[1], "dispatched": lambda args: args[0].extract_ids}
        for name in CHANGES:
            self._wrap(Ledger, name, extracts.get(name, lambda args: []))
        self._wrap(Client, "_send", lambda args: (args[3] or {}).get("extract_ids", []), lambda args: f"{args[0]} {args[1]}")
        for store in (SqliteStore, PostgresqlStore):
            self._wrap(store, "_migrate", lambda args: [])
            store.transaction = self._with_points(store.transaction)

    def _with_points(self, transaction: Any) -> Any:
        @contextlib.contextmanager
        def with_points(store: Any) -> Any:
            self.at("before transaction")
            with transaction(store):
                self.at("begun")
                yield
                self.at("before commit")
            self.at("committed")

        return with_points

    def _wrap(self, owner: Any, name: str, extracts: Any, label: Any = None) -> None:
        """Points before and after a method, whether it succeeds or not."""
        function = getattr(owner, name)

        @functools.wraps(function)
        def with_points(itself: Any, *args: Any, **more: Any) -> Any:
            outside, self._inside = self._inside, (label(args) if label else name, list(extracts(args)))
            self.at("before")
            try:
                return function(itself, *args, **more)
            finally:
                self.at("after")
                self._inside = outside

        setattr(owner, name, with_points)


def work(job: dict[str, Any]) -> None:
    """In the copy: the job itself."""
    Points(job["kill_at"]).set()

    def call(name: str, /, **options: Any) -> dict[str, Any]:
        return in_process.run(name, {**job["connection"], **options})

    try:
        if job["work"] == "deploy":
            say(result=role_in_process.deploy(call, **job["options"]).requeued)
        else:
            say(result=call(job["work"], **job["options"]))
    except AdverityError as error:
        facts = error.result()
        say(error=facts.pop("msg"), facts=facts)
    except BaseException:
        say(bug=traceback.format_exc())


def main() -> None:
    role_in_process.prepare()
    in_process.spare_the_disk()
    gc.freeze()  # so that a copy shares as much memory as it can
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            work(json.loads(line))
            os._exit(0)
        say(killed=os.waitpid(pid, 0)[1] == signal.SIGKILL)


if __name__ == "__main__":
    main()
