# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP messages: requests are read, and responses are written."""

from __future__ import annotations

import http
import json
from dataclasses import dataclass, field
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote


@dataclass
class Request:
    """A request that was read; header names are in lower case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    keep_alive: bool

    def payload(self) -> Any:
        """The body for the log: JSON where it is JSON, else text; None where there is none."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return self.body.decode("utf-8", "replace")


@dataclass
class Answer:
    """An answer to be; a body that is text goes out as it is, anything else as JSON."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, keep_alive: bool) -> bytes:
        """The bytes of status line, headers and body."""
        is_text = isinstance(self.body, str)
        content = (self.body if is_text else json.dumps(self.body)).encode()
        headers = {"Content-Type": "text/plain; charset=utf-8" if is_text else "application/json", **self.headers,
                   "Content-Length": str(len(content)), "Connection": "keep-alive" if keep_alive else "close"}
        if self.status == 204:  # has no body
            content = b""
            del headers["Content-Type"], headers["Content-Length"]
        try:
            phrase = http.HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content


@dataclass
class Sending:
    """The bytes of an answer (none: close without one), and whether the connection stays open after them.

    From `start` on one byte goes every `pause` seconds; what is left after `limit` seconds goes at once.
    """

    content: bytes
    stay: bool
    start: int = 0
    pause: float = 0.0
    limit: float = 0.0


def read_request(stream: Any, send: Callable[[bytes], None]) -> Request | None:
    """The next request of a connection; None at its end. ValueError where the bytes are no HTTP/1.x request."""
    line = stream.readline(65537)
    if not line.strip():
        return None
    method, target, version = line.decode("latin-1").split()
    if not version.startswith("HTTP/1."):
        raise ValueError(f"{version} is not served")
    headers: dict[str, str] = {}
    while True:
        line = stream.readline(65537)
        if line in (b"\r\n", b"\n"):
            break
        if not line or len(headers) > 200:
            raise ValueError("the headers do not end")
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ValueError("a header has no colon")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise ValueError("Transfer-Encoding is not served; send Content-Length")
    if headers.get("expect", "").lower() == "100-continue":
        send(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = int(headers.get("content-length", "0"))
    body = stream.read(length) if length else b""
    if len(body) < length:
        return None
    if "://" in target.partition("?")[0]:  # the absolute form, as it goes to a proxy
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _mark, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True) if query else []
    # Every answer has its body, which nobody reads after HEAD; so the connection ends there.
    close = version != "HTTP/1.1" or method == "HEAD" or headers.get("connection", "").lower() == "close"
    return Request(method, unquote(path), pairs, headers, body, keep_alive=not close)
