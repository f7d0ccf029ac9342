# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator in the test's process, behind the seam where the bytes would leave; and what can be put around a transport or a ledger's store:
faults, and points at which a run stands still or ends. Not tests.
"""

from __future__ import annotations

import contextlib
import http.client
import io
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, cast
from urllib.parse import unquote

from ansible_collections.adverity.management.plugins.module_utils._api.transport import NoResponse, Request, Response, Transport
from ansible_collections.adverity.management.tests.unit.plugins import in_process

_messages = import_module(in_process.import_simulator().__name__ + ".messages")


class SimulatorTransport:
    """Hands each request to a simulator, and returns what it answers. Its faults ``drop`` and ``cut`` end without a response; ``drip`` is for the server
    alone."""

    def __init__(self, simulator: Any) -> None:
        self.simulator = simulator

    def send(self, request: Request) -> Response:
        values = [(name, value if isinstance(value, (list, tuple)) else [value]) for name, value in (request.params or {}).items()]
        query = [(name, str(value)) for name, some in values for value in some]
        headers = {name.lower(): value for name, value in request.headers.items()}
        sending = self.simulator.respond(_messages.Request(request.method, unquote(request.path), query, headers, request.body or b"", True), 0)
        if sending.pause:
            raise NotImplementedError("a drip takes time, which only the server has")
        head, _blank, content = sending.content.partition(b"\r\n\r\n")
        if not head:
            raise lost(request, "the connection was closed")
        status, _newline, lines = head.partition(b"\r\n")
        fields = http.client.parse_headers(io.BytesIO(lines + b"\r\n\r\n"))
        if len(content) < int(fields.get("Content-Length", 0)):
            raise lost(request, "the connection was closed in the middle of it")
        return Response(int(status.split()[1]), cast("Any", fields), content)


class _TooSlow(Exception):
    """The service takes longer than the client waits: ``due`` is when it is ready."""

    def __init__(self, due: float) -> None:
        super().__init__()
        self.due = due


class SlowTransport:
    """A simulator whose faults ``delay`` take time that is held: ``pass_time`` lets it pass, ``clock`` tells it, both in seconds.

    A response that takes longer than ``timeout`` is lost. What the service has to do by then it does later, when that time has come; ``late`` keeps it,
    for this transport and those after it.
    """

    def __init__(
        self, simulator: Any, timeout: float, pass_time: Callable[[float], None], clock: Callable[[], float], late: list[tuple[float, Request]]
    ) -> None:
        self._simulator, self._timeout, self._pass_time, self._clock, self._late = simulator, timeout, pass_time, clock, late
        self._inner = SimulatorTransport(simulator)
        simulator.sleep = self._sleep

    def _sleep(self, seconds: float) -> None:
        if seconds > self._timeout:
            raise _TooSlow(self._clock() + seconds)
        self._pass_time(seconds)

    def send(self, request: Request) -> Response:
        self.catch_up()
        try:
            return self._inner.send(request)
        except _TooSlow as slow:
            fault = next(fault for fault in self._simulator.faults if fault.fired and fault.kind == "delay")
            if fault.do.get("when", "before") == "before":
                self._late.append((slow.due, request))
            self._pass_time(self._timeout)
            raise lost(request, "no answer in time") from slow

    def catch_up(self) -> None:
        """The service does what is due by now. It leaves no trace in the log of requests."""
        faults, requests = self._simulator.faults, list(self._simulator.requests)
        for due, request in sorted(self._late, key=lambda one: one[0]):
            if due <= self._clock():
                self._simulator.faults = []
                self._late.remove((due, request))
                self._inner.send(request)
        self._simulator.faults, self._simulator.requests[:] = faults, requests


def lost(request: Request, words: str) -> NoResponse:
    """The request went out, and no response came back."""
    return NoResponse("got no response from the simulator", words, body_taken=request.body is not None)


def respond(status: int, body: bytes = b'{"detail": "A fault."}', **headers: str) -> Response:
    """A response that no simulator gave."""
    fields = http.client.HTTPMessage()
    for name, value in {"Content_Type": "application/json", **headers}.items():
        fields[name.replace("_", "-")] = value
    return Response(status, cast("Any", fields), body)


def _after(fault: Callable[[Request], Response]) -> Callable[[Transport, Request], Response]:
    def send(transport: Transport, request: Request) -> Response:
        transport.send(request)
        return fault(request)

    return send


def _lose(request: Request) -> Response:
    raise lost(request, "a fault")


def _not_reached(_transport: Transport, _request: Request) -> Response:
    raise NoResponse("did not reach the simulator")


# What can go wrong with one request: whether it is carried out all the same, and what comes back.
FAULTS: dict[str, Callable[[Transport, Request], Response]] = {
    "not reached": _not_reached,
    "lost before": lambda _transport, request: _lose(request),
    "lost after": _after(_lose),
    "429": lambda _transport, _request: respond(429, Retry_After="1"),
    "503": lambda _transport, _request: respond(503, Retry_After="1"),
    "500 before": lambda _transport, _request: respond(500),
    "500 after": _after(lambda _request: respond(500)),
}


class FaultyTransport:
    """``find`` says of each request which fault it meets, or None."""

    def __init__(self, transport: Transport, find: Callable[[Request], str | None]) -> None:
        self._transport, self._find = transport, find

    def send(self, request: Request) -> Response:
        fault = self._find(request)
        return FAULTS[fault](self._transport, request) if fault else self._transport.send(request)


class Killed(BaseException):
    """The process ends here. Whoever raises it at one point has to raise it at each later one: a process that is gone writes nothing."""


class TransportWithPoints:
    """Calls ``point`` before and after each request, with what there is to do or was done."""

    def __init__(self, transport: Transport, point: Callable[[str], Any]) -> None:
        self._transport, self._point = transport, point

    def send(self, request: Request) -> Response:
        self._point(f"before {request.method} {request.path}")
        try:
            return self._transport.send(request)
        finally:
            self._point(f"after {request.method} {request.path}")


class StoreWithPoints:
    """A ledger's store that calls ``point`` before and after each transaction."""

    def __init__(self, store: Any, point: Callable[[str], Any]) -> None:
        self._store, self._point = store, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self._point("before commit")
        with self._store.transaction():
            yield
        self._point("after commit")
