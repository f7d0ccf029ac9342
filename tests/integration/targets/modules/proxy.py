# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that does CONNECT and nothing else, and records every byte that it could read."""

from __future__ import annotations

import select
import socket
import socketserver
import threading


class Proxy(socketserver.ThreadingTCPServer):
    """Use it as a context manager. `asked` are the hosts and ports of CONNECT, `heard` is all that came from clients, their requests to the proxy included.

    With `refusal` it answers every request with that.
    """

    daemon_threads = True

    def __init__(self, refusal: bytes = b"") -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[str] = []
        self.heard = b""
        self.refusal = refusal
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class _Tunnel(socketserver.StreamRequestHandler):
    rbufsize = 0  # what follows the head is read from the socket
    server: Proxy

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        self.server.heard += head
        method, where, _version = head.split(b"\r\n")[0].decode().split()
        self.server.asked.append(where if method == "CONNECT" else f"{method} {where}")
        if method != "CONNECT" or self.server.refusal:
            self.wfile.write(self.server.refusal or b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        host, port = where.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 600) as service:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            sinks = {self.connection: service, service: self.connection}
            while True:
                for source in select.select(list(sinks), [], [])[0]:
                    content = source.recv(65536)
                    if not content:
                        return
                    self.server.heard += content if source is self.connection else b""
                    sinks[source].sendall(content)
