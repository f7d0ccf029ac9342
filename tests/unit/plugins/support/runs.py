# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of modules and of the role in the test's process that can stand still between two points, go on, and be killed. Not tests.

A run is a thread, but only one thread is ever at work: whoever lets a run go on waits until it stands at a point again, or has ended. Points are before and
after each request and each transaction of the ledger, and where a run waits. Time is held: it moves where ``Time`` is told to move it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

from ansible_collections.adverity.management.plugins.module_utils._api import clock, connection
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Transport
from ansible_collections.adverity.management.plugins.module_utils._ledger import stores
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import Killed, StoreWithPoints, TransportWithPoints

CONNECTION = {"instance": "acme.example", "api_key": in_process.KEY, "retries": 1}
_LONG = 600.0  # seconds, real ones, in which a run has to come to its next point


class Time:
    """The time of a test: ``seconds`` since ``start``. ``ahead`` is by how many seconds the clock of the machine that runs modules is before it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)) -> None:
        self.start, self.seconds, self.ahead = start, 0.0, 0.0

    def move(self, seconds: float) -> None:
        self.seconds = round(self.seconds + seconds, 6)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def machine_now(self) -> datetime:
        return self.now() + timedelta(seconds=self.ahead)


class Run:
    """One run: ``work(call)``, in which call(name, check_mode=False, **options) is a module's result.

    When it has ended it was ``killed``, or has a ``result``, or an ``error`` that a user would see.
    """

    def __init__(self, work: Callable[[Callable[..., dict[str, Any]]], Any], transport: Callable[[], Transport], time: Time) -> None:
        self.points: list[str] = []
        self.result: Any = None
        self.error: AdverityError | None = None
        self.ended = self.killed = self.waits = False
        self._bug: BaseException | None = None
        self._orphaned = False
        self._work, self._transport, self._time = work, transport, time
        self._left: float = 0
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)

    def go_on(self, points: float = float("inf")) -> Run:
        """So many points further, or to its end; where it waits for another run it stands still at once, if the number is limited."""
        if not self.ended:
            if self._thread.ident is None:
                self._thread.start()
            self._left = points
            self._go.release()
            if not self._stands.acquire(timeout=_LONG):
                raise AssertionError(f"the run does not come to its next point, after {self.points[-3:]}")
        if self._bug is not None:
            bug, self._bug = self._bug, None
            raise bug
        return self

    def kill(self) -> None:
        """The process of the module and that of Ansible end where it stands."""
        self.killed = True
        self.go_on()

    def orphan(self) -> None:
        """Ansible ends where it stands; the module that it has started goes on to its own end, and no other is started."""
        self._orphaned = True

    def _live(self) -> None:
        self._go.acquire()
        _HERE.run = self
        try:
            if not self.killed:
                self.result = self._work(self._call)
        except Killed:
            self.killed = True
        except AdverityError as error:
            self.error = error
        except BaseException as bug:
            self._bug = bug
        finally:
            self.ended = True
            self._stands.release()

    def _call(self, name: str, /, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        if self._orphaned:
            raise Killed
        return in_process.run(name, dict(CONNECTION, **options), check_mode)

    def point(self, name: str) -> None:
        if self.killed:
            raise Killed
        self.points.append(name)
        self.waits = name == "waits"
        self._left = min(self._left, 1) if self.waits and self._left != float("inf") else self._left
        self._left -= 1
        if self._left <= 0:
            self._stands.release()
            self._go.acquire()
            if self.killed:
                raise Killed

    def open_transport(self) -> Transport:
        return TransportWithPoints(self._transport(), self.point)

    def sleep(self, seconds: float) -> None:
        self._time.move(seconds)
        self.point("waits")


_HERE = threading.local()  # .run: the run that this thread is


def _point(name: str) -> None:
    _HERE.run.point(name)


def _sleep(seconds: float) -> None:
    _HERE.run.sleep(seconds)


@contextlib.contextmanager
def held(time: Time) -> Iterator[None]:
    """While it lasts, modules that a Run calls speak to its transport, ledgers have points, and the time is this one."""
    find = stores.find
    with contextlib.ExitStack() as stack:
        stack.enter_context(in_process.connected(lambda params: connection.connect(params, _HERE.run.open_transport())))
        stack.enter_context(mock.patch.object(stores, "find", lambda *place: StoreWithPoints(find(*place), _point)))
        stack.enter_context(mock.patch.object(clock, "sleep", _sleep))
        stack.enter_context(mock.patch.object(clock, "monotonic", time.monotonic))
        stack.enter_context(mock.patch.object(clock, "now", time.machine_now))
        yield
