# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of a pooler of PostgreSQL as it takes to notice one: the session begins with another process than the one that answers."""

from __future__ import annotations

import socketserver
import struct
import threading

ROLE, STRANGER, OWN = "adverity", 4711, 4712  # two ids of processes


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


_READY = _message(b"Z", b"I")
_WELCOME = _message(b"R", struct.pack("!i", 0)) + _message(b"K", struct.pack("!ii", STRANGER, 1)) + _READY
_NUMBER = str(OWN).encode()
_ROWS = (
    _message(b"T", struct.pack("!h", 1) + b"pg_backend_pid\0" + struct.pack("!ihihih", 0, 0, 23, 4, -1, 0))
    + _message(b"D", struct.pack("!hi", 1, len(_NUMBER)) + _NUMBER)
    + _message(b"C", b"SELECT 1\0")
    + _READY
)


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Welcomes whoever comes, and answers every query with the one number."""
        self._read()
        self.wfile.write(_WELCOME)
        while self.rfile.read(1) == b"Q":
            self._read()
            self.wfile.write(_ROWS)

    def _read(self) -> bytes:
        return self.rfile.read(struct.unpack("!i", self.rfile.read(4))[0] - 4)


class Pooler:
    """The pooler, on loopback, as a context manager. `url` is what somebody would set `ledger` to."""

    def __enter__(self) -> Pooler:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session)
        self._server.daemon_threads = True
        self.url = f"postgresql://{ROLE}@127.0.0.1:{self._server.server_address[1]}/ledger?sslmode=disable&gssencmode=disable"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
