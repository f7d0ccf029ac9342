# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for the tests of the simulator, which is found by its path in the repository."""

from __future__ import annotations

import http.client
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "playbooks" / "files"))

from adverity_simulator import Simulator, default_world
from adverity_simulator.messages import read_request

DEMO_KEY = "demo-key-0123456789"


@dataclass
class Reply:
    """What came back: the body parsed where it says that it is JSON, else text."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def rows(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.body
        return self.body["items" if "items" in self.body else "results"]

    @property
    def ids(self) -> list[int]:
        """The IDs of the rows; of a UUID, the number that it ends in."""
        return [row["id"] if isinstance(row["id"], int) else int(row["id"][-12:]) for row in self.rows]


class Client:
    """Requests to a simulator in this process, as bytes in and bytes out; only the socket is missing. ``key=None`` sends no Authorization."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.stays = True  # whether the connection is kept after the last response

    def __call__(self, method: str, path: str, body: Any = None, key: str | None = DEMO_KEY, headers: dict[str, str] | None = None) -> Reply:
        """Raises ConnectionError where the connection ends without a whole response."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        fields = {"Authorization": f"Bearer {key}"} if key is not None else {}
        fields.update(headers or {}, **{"Content-Length": str(len(content))})
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        sending = self.simulator.respond(read_request(io.BytesIO("\r\n".join(lines).encode() + content), lambda _content: None), 1)
        self.stays = sending.stay
        head, _blank, content = sending.content.partition(b"\r\n\r\n")
        status, _newline, lines = head.partition(b"\r\n")
        names = {name.lower(): value for name, value in http.client.parse_headers(io.BytesIO(lines + b"\r\n\r\n")).items()}
        if not head or len(content) < int(names.get("content-length", 0)):
            raise ConnectionError(content)
        is_json = names.get("content-type") == "application/json"
        return Reply(int(status.split()[1]), json.loads(content) if is_json else content.decode(), names)

    def control(self, method: str, what: str, body: Any = None) -> Any:
        """A call of the control API, which is to succeed."""
        reply = self(method, f"/_simulator/{what}", body, key=None)
        assert reply.status == 200, reply.body
        return reply.body

    def refuses(self, what: str, body: Any) -> str:
        """What the control API says to a body that makes no sense, which changes nothing."""
        before, method = self.state(), "PATCH" if what == "switches" else "POST"
        reply = self(method, f"/_simulator/{what}", body, key=None)
        assert (reply.status, self.state()) == (400, before)
        return reply.body["detail"]

    def state(self) -> Any:
        """All that a request could change, without the keys."""
        simulator = self.simulator
        return ({**simulator.world.data(), "keys": None}, simulator.loads, dict(simulator.switches), list(simulator.faults), list(simulator.scripts))

    def later(self, seconds: float) -> None:
        """Let the clock go on."""
        self.simulator.change({"clock": {"forward": seconds}})


@pytest.fixture(name="start")
def fixture_start():
    """A Client with a new simulator: start(world, switches=...)."""
    return lambda world=None, **options: Client(Simulator(world, **{"port": None, **options}))


@pytest.fixture(name="ask")
def fixture_ask(start):
    """A Client with a simulator of the default world, its clock fixed."""
    return start(default_world("2026-03-10T12:00:00Z"))


@pytest.fixture(name="small")
def fixture_small():
    """A small world to change and start: one workspace, datastream 1 with three extracts, two bindings."""
    return {
        "now": "2026-01-01T00:00:00Z",
        "keys": {"all": {"key": DEMO_KEY}},
        "workspaces": [{"id": "a0000000-0000-4000-8000-000000000001"}],
        "datastreams": [{"id": 1}],
        "targets": [{"id": 10}, {"id": 11}],
        "bindings": [{"id": 5, "datastream_id": 1, "target_id": 10},
                     {"id": 6, "datastream_id": 1, "target_id": 11, "enabled": False}],
        "extracts": [{"datastream_id": 1, "first_id": 101, "count": 3, "from": "2025-06-01T05:00:00Z"}],
    }


@pytest.fixture(name="ask_small")
def fixture_ask_small(start, small):
    """A Client with a simulator of the small world."""
    return start(small)
