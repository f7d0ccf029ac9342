# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server: connections on a loopback address, requests one after the other."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import ssl
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from .messages import Answer, Sending, read_request

if TYPE_CHECKING:
    from .service import Simulator


class Server(socketserver.ThreadingTCPServer):
    """Accepts connections on a loopback address; a thread for each."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, simulator: Simulator, host: str, port: int, certfile: str | None, keyfile: str | None) -> None:
        if host != "localhost" and not _is_loopback(host):
            raise ValueError(f"{host} is not a loopback address; the simulator serves no others")
        self.simulator = simulator
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.tls: ssl.SSLContext | None = None
        if certfile:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                self.tls.load_cert_chain(certfile, keyfile)
            except OSError as exc:
                raise ValueError(f"certificate {certfile}: {exc}") from None
        super().__init__((host, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that vanish are everyday; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Handler(socketserver.StreamRequestHandler):
    """One connection: requests one after the other, each answered in one write."""

    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        """Number the connection and, with a certificate, shake hands (here, so that nobody else waits for it)."""
        if self.server.tls:
            self.request.settimeout(60)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.request.settimeout(None)
        self.number = self.server.simulator.opened(self.request)
        super().setup()

    def handle(self) -> None:
        """Answer requests until the client, a fault or the end of the simulator closes the connection."""
        simulator = self.server.simulator
        stay = True
        while stay and not simulator.stopped.is_set():
            try:
                request = read_request(self.rfile, self.request.sendall)
            except ValueError as exc:
                self.request.sendall(Answer(400, {"detail": f"Bad request: {exc}"}).encode(keep_alive=False))
                return
            if request is None:
                return
            try:
                sending = simulator.respond(request, self.number)
            except Exception:  # a bug here must not pass for a lost connection
                traceback.print_exc()
                sending = Sending(Answer(500, {"detail": "The simulator has a bug."}).encode(keep_alive=False), False)
            self._send(sending)
            stay = sending.stay
            if simulator.stopping:
                threading.Thread(target=simulator.stop, daemon=True).start()

    def _send(self, sending: Sending) -> None:
        sent = 0
        if sending.pause:
            sent, end = sending.start, time.monotonic() + sending.limit
            self.request.sendall(sending.content[:sent])
            while sent < len(sending.content) and time.monotonic() < end:
                if self.server.simulator.stopped.wait(sending.pause):
                    return
                self.request.sendall(sending.content[sent:sent + 1])
                sent += 1
        if sending.content[sent:]:
            self.request.sendall(sending.content[sent:])

    def finish(self) -> None:
        """Forget the connection."""
        self.server.simulator.closed(self.request)
        super().finish()
        if self.server.tls:  # the server knows only the socket beneath
            with contextlib.suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)
            self.request.close()
