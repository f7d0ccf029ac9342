# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What these tests share: an HTTP server on loopback that answers as it is told, and other processes."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import socket
import socketserver
import struct
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

# The collection is imported inside the fixtures: pytest reads this file before pytest-ansible has told Python where the collection is.

KEY = "s3cret-key-0123456789"
LONGEST = 300.0  # seconds, the last resort against what hangs: nothing here is to be over in time


class Received(NamedTuple):
    """One request as it came over the network. ``connection`` counts TCP connections from 1."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Talk(socketserver.StreamRequestHandler):
    """One connection at the server's end: each request is answered by the next step."""

    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.socket: socket.socket = self.request
        self.socket.settimeout(LONGEST)
        self.server.closed.append(threading.Event())
        self.server.open.append(self.socket)
        self.number = len(self.server.closed)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while first := self.rfile.readline():
                self.first = first.decode("latin-1").strip()
                lines = iter(lambda: self.rfile.readline().decode("latin-1").strip(), "")
                self.headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
                if not self.server.steps:
                    self.server.unexpected.append(self.first)
                    return
                if not self.server.steps.pop(0)(self):
                    return

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.socket.close()
        self.server.closed[self.number - 1].set()

    def received(self, read_body: bool = True) -> None:
        """Takes the rest of the request, and records it."""
        method, target, _version = self.first.split(" ")
        body = self.rfile.read(int(self.headers.get("content-length", "0"))) if read_body else b""
        self.server.requests.append(Received(self.number, method, target, self.headers, body))


# A step takes the rest of its request, answers, and says whether the connection stays open.
Step = Callable[[Talk], bool]


class Server(socketserver.ThreadingTCPServer):
    """Answers request after request with the steps it was given, in their order. A request without a step is recorded as a mistake."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.steps: list[Step] = []
        self.unexpected: list[str] = []
        self.open: list[socket.socket] = []
        self.closed: list[threading.Event] = []  # for each connection
        super().__init__(("127.0.0.1", 0), Talk)
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def connections(self) -> int:
        return len(self.closed)

    def stop(self) -> None:
        self.shutdown()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def answer(
        self,
        status: int = 200,
        data: Any = None,
        *,
        body: bytes | None = None,
        content_type: str | None = "application/json",
        headers: dict[str, str] | None = None,
        cut: int | None = None,
        close: bool = False,
    ) -> Server:
        """The next request gets ``data`` as JSON, or ``body`` as it is. ``cut`` sends only so many bytes of it, under its full length, and closes."""
        content = json.dumps(data).encode() if body is None else body
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
        if content_type:
            lines.append("Content-Type: " + content_type)
        lines.extend("{0}: {1}".format(*header) for header in (headers or {}).items())
        head = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"

        def step(talk: Talk) -> bool:
            talk.received()
            talk.socket.sendall(head + content[:cut])
            return cut is None and not close

        self.steps.append(step)
        return self

    def drop(self, read_body: bool = True) -> Server:
        """The next request gets no answer. Without its body, the connection is reset."""

        def step(talk: Talk) -> bool:
            talk.received(read_body)
            if not read_body:
                talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False

        self.steps.append(step)
        return self


@pytest.fixture
def make_server():
    """Starts servers that stop with the test. Then every step must have been used, and nothing else been asked for."""
    servers: list[Server] = []

    def make() -> Server:
        servers.append(Server())
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
    assert [server.unexpected for server in servers] == [[] for _server in servers]
    assert [len(server.steps) for server in servers] == [0 for _server in servers], "steps that were never asked for"


@pytest.fixture
def server(make_server) -> Server:
    return make_server()


@pytest.fixture
def make_client():
    """Makes real clients that end with the test."""
    from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
    from ansible_collections.adverity.management.plugins.module_utils._api.transport import RequestsTransport

    with contextlib.ExitStack() as stack:

        def make(where: Any, **options: Any) -> Any:
            url = getattr(where, "url", where)
            transport = RequestsTransport(url, options.pop("verify", True), options.pop("timeout", LONGEST))
            stack.callback(transport.session.close)
            return Client(url, options.pop("api_key", KEY), transport, **options)

        yield make


@pytest.fixture(autouse=True)
def waits(monkeypatch) -> list[float]:
    """Nobody really waits for a further try; how long it would have been stands here. Turns of a ledger are waited for."""
    from ansible_collections.adverity.management.plugins.module_utils._api import client

    recorded: list[float] = []
    monkeypatch.setattr(client, "clock", types.SimpleNamespace(sleep=recorded.append))
    return recorded


class Child:
    """A forked process that does ``work(child)``; parent and child speak in lines over a pipe. An exception in ``work`` is said, too."""

    def __init__(self, work: Callable[[Child], None]) -> None:
        self._pipe, self._inner = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=self._run, args=(work,))
        self._process.start()
        self._inner.close()

    def _run(self, work: Callable[[Child], None]) -> None:
        self._pipe = self._inner
        try:
            work(self)
        except BaseException:
            self.say("failed: " + traceback.format_exc().replace("\n", " | "))
            raise

    def say(self, text: str) -> None:
        self._pipe.send(text)

    def go(self) -> None:
        self.say("go")

    def wait(self) -> None:
        """In the child: until the parent says ``go``."""
        self._pipe.recv()

    def hear(self) -> str:
        """The next line of the child. Raises EOFError where it has ended."""
        assert self._pipe.poll(LONGEST), f"the other process says nothing for {LONGEST:g} s"
        return str(self._pipe.recv())

    def kill(self) -> None:
        self._process.kill()
        self.end()

    def end(self) -> int | None:
        """Waits for its end, and returns its exit code; the negative number of a signal that killed it."""
        self._process.join(LONGEST)
        return self._process.exitcode


@pytest.fixture
def fork():
    """Starts other processes: fork(work) gives a Child. What still runs when the test ends is killed."""
    children: list[Child] = []

    def start(work: Callable[[Child], None]) -> Child:
        children.append(Child(work))
        return children[-1]

    yield start
    for child in children:
        child.kill()
