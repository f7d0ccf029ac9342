# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that does CONNECT and nothing else, and records every byte that it could read."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Proxy:
    """`asked` are the hosts and ports of CONNECT, `heard` is all that came from clients, their requests to the proxy included."""

    def __init__(self, listening: socket.socket, refusal: bytes) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.asked: list[str] = []
        self.heard = b""
        self._listening, self._refusal = listening, refusal
        self._over = threading.Event()

    def serve(self) -> None:
        """Serve until it is over."""
        self._listening.settimeout(0.05)
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError, socket.timeout):
                client, _address = self._listening.accept()
                threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def end(self) -> None:
        """Stop serving."""
        self._over.set()

    def _tunnel(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(600)
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(4096)
                if not more:
                    return
                head += more
            self.heard += head
            method, where, _version = head.split(b"\r\n")[0].decode().split()
            self.asked.append(where if method == "CONNECT" else f"{method} {where}")
            if method != "CONNECT" or self._refusal:
                client.sendall(self._refusal or b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                return
            host, port = where.rsplit(":", 1)
            with socket.create_connection((host, int(port)), 600) as service:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self._pass_on, args=(service, client), daemon=True)
                back.start()
                self._pass_on(client, service, listen=True)
                back.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket, listen: bool = False) -> None:
        with contextlib.suppress(OSError):
            while True:
                content = source.recv(65536)
                if listen:
                    self.heard += content
                if not content:
                    break
                sink.sendall(content)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def open_proxy(refusal: bytes = b"") -> Iterator[Proxy]:
    """Open a proxy on a loopback port; with `refusal` it answers every request with that."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = Proxy(listening, refusal)
        thread = threading.Thread(target=proxy.serve)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.end()
            thread.join()
