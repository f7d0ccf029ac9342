# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator in the test's process, and modules that run against it. Not tests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Transport
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport
from hypothesis import HealthCheck, settings

Row = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
CONNECTION = {"instance": "acme.example", "api_key": in_process.KEY, "retries": 0}
WORKSPACES = ["a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"]


def prove(examples: int) -> Any:
    """The same examples each time, so many, and nothing kept between runs."""
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def moment(seconds: int) -> str:
    """So many seconds after the beginning, the way the service writes it."""
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def uuid(number: int) -> str:
    return f"d5000000-0000-4000-8000-{number:012d}"


class Service:
    """A simulator that begins with these rows, or with its own world, and these switches. ``transport`` is how modules reach it."""

    def __init__(self, rows: Row | None = None, **switches: Any) -> None:
        workspaces = [{"id": WORKSPACES[0], "name": "Acme"}, {"id": WORKSPACES[1], "name": "EMEA", "parent": WORKSPACES[0]}]
        world = {"now": moment(0), "keys": {"demo": {"key": in_process.KEY}}, "workspaces": workspaces, **(rows or {})}
        self.simulator = in_process.import_simulator().Simulator(world if rows is not None else None, switches, port=None)
        self.transport: Transport = SimulatorTransport(self.simulator)

    def client(self) -> Client:
        return Client("https://" + CONNECTION["instance"], in_process.KEY, self.transport, retries=0)

    def call(self, name: str, /, check_mode: bool = False, **options: Any) -> Row:
        params = in_process.read_options(name, dict(CONNECTION, **options))
        return in_process.run_with(name, self.client(), params, check_mode)
