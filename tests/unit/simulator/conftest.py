# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for the tests of the simulator: it is found by its path in the repository and spoken to over HTTP."""

from __future__ import annotations

import http.client
import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FILES = Path(__file__).resolve().parents[3] / "playbooks" / "files"
sys.path.insert(0, str(FILES))

from adverity_simulator import Simulator, default_world

DEMO_KEY = "demo-key-0123456789"


@dataclass
class Reply:
    """What came back: the body parsed where it says that it is JSON, else text."""

    status: int
    body: Any
    headers: dict[str, str]


class Talk:
    """One kept connection to a simulator; `key=None` sends no Authorization."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=300)

    def __call__(self, method: str, path: str, body: Any = None, key: str | None = DEMO_KEY,
                 headers: dict[str, str] | None = None) -> Reply:
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        content = answer.read().decode()
        names = {name.lower(): value for name, value in answer.getheaders()}
        if names.get("content-type", "").startswith("application/json"):
            content = json.loads(content)
        return Reply(answer.status, content, names)

    def control(self, method: str, what: str, body: Any = None) -> Any:
        """A call of the control API, which is to succeed."""
        reply = self(method, f"/_simulator/{what}", body, key=None)
        assert reply.status == 200, reply.body
        return reply.body


@pytest.fixture(name="start")
def fixture_start():
    """Starts simulators that end with the test: start(world, switches=...) gives a Talk."""
    with ExitStack() as stack:
        def start(world: dict | None = None, **options: Any) -> Talk:
            simulator = stack.enter_context(Simulator(world, **options))
            talk = Talk(simulator)
            stack.callback(talk.connection.close)
            return talk
        yield start


@pytest.fixture(name="another")
def fixture_another():
    """Opens further connections to a simulator: another(ask) gives a Talk."""
    with ExitStack() as stack:
        def another(ask: Talk) -> Talk:
            talk = Talk(ask.simulator)
            stack.callback(talk.connection.close)
            return talk
        yield another


@pytest.fixture(name="ask")
def fixture_ask(start):
    """A Talk with a simulator of the default world, its clock fixed."""
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
