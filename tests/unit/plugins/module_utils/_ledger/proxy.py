# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection to PostgreSQL that is lost, or whose answers are changed. Not tests."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import quote

from ansible_collections.adverity.management.tests.unit.plugins.places import LONGEST

# What becomes of a connection at a request: it goes on; is lost before the request arrives; while it is carried out; or when its answer is on the way.
PASS, BEFORE, DURING, AFTER = "pass", "before", "during", "after"


class Proxy:
    """Stands between client and PostgreSQL server, on a TCP port of loopback. ``on_request`` sees each request and says what becomes of the connection;
    ``change_answer`` may change what the server sends."""

    def __init__(self, server, on_request=lambda _request: PASS, change_answer=lambda answer: answer):
        self._target = str(server.folder / ".s.PGSQL.5432")
        self._on_request, self._change_answer = on_request, change_answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def url(self, database, role="postgres", **parameters):
        more = "&".join(f"{name}={quote(value, safe='')}" for name, value in {"gssencmode": "disable", **parameters}.items())
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}?{more}"

    def _accept(self):
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            self._open += [client, server]
            silent = threading.Event()
            for work, pair in ((self._requests, (client, server, silent)), (self._answers, (server, client, silent))):
                self._threads.append(threading.Thread(target=work, args=pair, daemon=True))
                self._threads[-1].start()

    def _requests(self, client, server, silent):
        with contextlib.suppress(OSError):
            for content in self._read_requests(client):
                does = self._on_request(content)
                if does == BEFORE:
                    break
                if does == AFTER:
                    silent.set()
                server.sendall(content)
                if does == DURING:
                    break
        _shut(client, server)

    def _read_requests(self, client):
        """What the client sends, cut where it begins to wait for an answer. The first messages have no type: the start, and requests for encryption."""
        stream = client.makefile("rb")
        started, request = False, b""
        while True:
            kind = stream.read(1) if started else b""
            length = stream.read(4)
            if len(length) < 4:
                return
            body = stream.read(int.from_bytes(length, "big") - 4)
            started = started or body[:2] == b"\x00\x03"
            request += kind + length + body
            if kind in (b"", b"Q", b"S", b"p", b"X"):
                yield request
                request = b""

    def _answers(self, server, client, silent):
        with contextlib.suppress(OSError):
            while True:
                content = server.recv(65536)
                if not content or silent.is_set():
                    break
                client.sendall(self._change_answer(content))
        _shut(client, server)

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        _shut(*self._open)
        for thread in self._threads:
            thread.join(LONGEST)
        for one in self._open:
            one.close()


def _shut(*sockets):
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
