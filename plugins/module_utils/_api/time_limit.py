# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""How long one whole answer may take. requests and urllib3 know a timeout between two bytes only, so an answer that drips would have no end."""

from __future__ import annotations

import io
import socket
import typing as t

from . import clock
from .final_response import FinalResponse

_TIMES, _LEAST = 10, 60.0


def of_whole_answer(timeout: float) -> float:
    """Seconds for a whole answer, where the option ``timeout`` is so many."""
    return max(_LEAST, _TIMES * timeout)


class TooSlow(socket.timeout):
    """The answer went on coming for longer than a whole one may take."""


class _TimedReader(io.RawIOBase):
    """The bytes of one answer as they come, for so many seconds. A read that has begun by then still ends by the socket's own timeout."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        self._raw, self._seconds, self._until = raw, seconds, clock.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        if clock.monotonic() > self._until:
            raise TooSlow(f"{self._seconds:g} s")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def limit_answers(session: t.Any, seconds: float) -> None:
    """Each answer in this ``requests`` session must be there within so many seconds: head and body, from the end of the request on."""
    from requests.adapters import HTTPAdapter

    class Response(FinalResponse):
        def __init__(self, *args: t.Any, **more: t.Any) -> None:
            super().__init__(*args, **more)
            self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), seconds))

    def limit(manager: t.Any) -> t.Any:
        pools = {}
        for scheme, pool in manager.pool_classes_by_scheme.items():
            connection = type("Connection", (pool.ConnectionCls,), {"response_class": Response})
            pools[scheme] = type("Pool", (pool,), {"ConnectionCls": connection})
        manager.pool_classes_by_scheme = pools
        return manager

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **more: t.Any) -> None:
            super().init_poolmanager(*args, **more)
            limit(self.poolmanager)

        def proxy_manager_for(self, proxy: str, **more: t.Any) -> t.Any:
            known = proxy in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **more)
            return manager if known else limit(manager)

    session.mount("https://", Adapter())
    session.mount("http://", Adapter())
