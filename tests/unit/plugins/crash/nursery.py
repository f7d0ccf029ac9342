# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs modules in processes that can be killed: a program of its own, started by the tests in ``crash``.

It reads jobs, a line of JSON each, and answers each with a line of JSON. For a job it forks: the copy has everything imported already, does the
work, and says every *point* that it passes, one at each moment where the ledger changes or a request is sent. With ``kill_at`` it kills itself at that point,
as the system would: nothing is cleaned up. All points are set from here; what is shipped has no hooks.

A job: ``work`` (the name of a module, or ``deploy``), ``options``, ``kill_at`` (a number from 0, or null).
Its answer: ``points`` (``[moment, what, extract ids]``), ``killed``, and ``result``, or ``error`` with ``facts`` and ``kind``.
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
CHANGES = ("note", "record", "begin_write", "withdraw_write", "intend", "withdraw", "dispatched")
STORES = (SqliteStore, PostgresqlStore)


class Points:
    """The points of one run: says each, and kills at the one that was asked for."""

    def __init__(self, pipe: int, kill_at: int | None) -> None:
        self._pipe, self._kill_at = pipe, kill_at
        self._count = 0
        self._inside: tuple[str, list[int]] = ("open", [])

    def say(self, **what: Any) -> None:
        os.write(self._pipe, json.dumps(what).encode() + b"\n")

    def at(self, moment: str) -> None:
        self.say(point=[moment, *self._inside])
        self._count += 1
        if self._count - 1 == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextlib.contextmanager
    def inside(self, what: str, extract_ids: list[int]) -> Any:
        """Points before and after something, whether it succeeds or not."""
        outside, self._inside = self._inside, (what, list(extract_ids))
        self.at("before")
        try:
            yield
        finally:
            self.at("after")
            self._inside = outside

    def set(self) -> None:
        """Wraps what changes the ledger and what speaks to the service."""
        told = {"intend": lambda args: args[1], "dispatched": lambda args: args[0].extract_ids}
        for name in CHANGES:
            self._wrap(Ledger, name, told.get(name, lambda args: []))
        self._wrap(Ledger, "take_turn", lambda args: [])
        self._wrap(Client, "_send", lambda args: (args[3] or {}).get("extract_ids", []), lambda args: f"{args[0]} {args[1]}")
        for store in STORES:
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
        function = getattr(owner, name)

        @functools.wraps(function)
        def with_points(itself: Any, *args: Any, **more: Any) -> Any:
            with self.inside(label(args) if label else name, extracts(args)):
                return function(itself, *args, **more)

        setattr(owner, name, with_points)


def work(job: dict[str, Any], points: Points) -> None:
    """In the copy: the job itself. Says its outcome."""
    points.set()
    connection = job["connection"]

    def call(name: str, /, **options: Any) -> dict[str, Any]:
        return in_process.run(name, dict(connection, **options))

    try:
        if job["work"] == "deploy":
            result = role_in_process.deploy(call, **job["options"]).requeued
        else:
            result = call(job["work"], **job["options"])
        points.say(result=result)
    except AdverityError as error:
        facts = error.result()
        points.say(error=facts.pop("msg"), facts=facts, kind=type(error).__name__)


def do(job: dict[str, Any]) -> dict[str, Any]:
    """Forks, and puts together what the copy says until it has ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        points = Points(writing, job["kill_at"])
        try:
            work(job, points)
        except BaseException:
            points.say(bug=traceback.format_exc())
        os._exit(0)
    os.close(writing)
    answer: dict[str, Any] = {"points": []}
    with open(reading, encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            if "point" in said:
                answer["points"].append(said["point"])
            else:
                answer.update(said)
    status = os.waitpid(pid, 0)[1]
    answer["killed"] = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return answer


def main() -> None:
    role_in_process.prepare()
    in_process.spare_the_disk()
    gc.freeze()  # so that a copy shares as much memory as it can
    for line in sys.stdin:
        print(json.dumps(do(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
