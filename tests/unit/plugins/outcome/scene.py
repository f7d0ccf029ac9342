# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sending and looking with the modules' own code, against the simulator in process, on its clock. Not tests."""

from __future__ import annotations

import contextlib
from unittest import mock

from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import FaultyTransport, SimulatorTransport

HOST = "acme.example"
START = "2026-01-01T12:00:00Z"


def world(datastreams=1, extracts=2, enabled=(2, 3), state="collected", day="2025-06-01", bindings_each=3):
    """Datastream n has the bindings 10n+1, 10n+2, ... to the destinations 1, 2, ..., and the extracts 100n+1, ... Bindings to ``enabled`` have
    been enabled for a year."""
    return {
        "now": START, "step": 1.0, "keys": {"all": {"key": in_process.KEY}}, "workspaces": [{"id": "a0000000-0000-4000-8000-000000000001"}],
        "datastreams": [{"id": number} for number in range(1, datastreams + 1)], "targets": [{"id": number} for number in range(1, bindings_each + 1)],
        "bindings": [
            {"id": 10 * number + place, "datastream_id": number, "target_id": place, "enabled": place in enabled,
             "updated": "2025-01-01T00:00:00Z"}
            for number in range(1, datastreams + 1) for place in range(1, bindings_each + 1)
        ],
        "extracts": [
            {"id": 100 * number + each, "datastream_id": number, "created": f"{day}T{each // 60:02}:{each % 60:02}:00Z", "state": state}
            for number in range(1, datastreams + 1) for each in range(1, extracts + 1)
        ],
    }  # fmt: skip


class Scene:
    """One simulator and one ledger. ``fault``: what the next request meets whose method and path it says, see FAULTS."""

    def __init__(self, simulator, ledger, data, load_seconds=20, process_seconds=0, **switches):
        self.simulator, self.ledger = simulator, ledger
        simulator.reset(data)
        simulator.switches.update(switches)
        simulator.change({"loading": {"load_seconds": load_seconds, "process_seconds": process_seconds}})
        self.faults = []
        self.waited = 0.0

    def client(self):
        return Client("https://" + HOST, in_process.KEY, FaultyTransport(SimulatorTransport(self.simulator), self._fault), retries=0)

    def _fault(self, request):
        for number, (method, path, fault) in enumerate(self.faults):
            if request.method == method and request.path.startswith(path):
                del self.faults[number]
                return fault
        return None

    def run(self, name, check_mode=False, **options):
        """A module's result. Waiting moves the simulator's clock."""
        params = in_process.read_options(name, {"instance": HOST, "api_key": in_process.KEY, "ledger": self.ledger, **options})
        with self._time():
            return in_process.run_with(name, self.client(), params, check_mode)

    @contextlib.contextmanager
    def _time(self):
        with contextlib.ExitStack() as stack:
            for name, replacement in {"sleep": self.wait, "monotonic": self._monotonic, "now": self.simulator.world.now}.items():
                stack.enter_context(mock.patch.object(clock, name, replacement))
            yield

    def _monotonic(self):
        return self.waited

    def send(self, extract_ids=None, binding_ids=(12,), **options):
        """Sends extracts of the datastream of these bindings; all of them without ``extract_ids``."""
        chosen = {"extract_ids": extract_ids} if extract_ids else {"datastream_ids": sorted({each // 10 for each in binding_ids})}
        return self.run("adverity_requeue", binding_ids=list(binding_ids), **chosen, **options)

    def look(self, wait=0, **options):
        return self.run("adverity_load_info", wait=wait, **options)

    def wait(self, seconds):
        self.waited += seconds
        self.simulator.change({"clock": {"forward": seconds}})

    def fail(self, *extract_ids):
        self.simulator.change({"fail": [{"extract_id": each} for each in extract_ids]})

    def enable(self, *binding_ids):
        self.run("adverity_binding", binding_ids=list(binding_ids), enabled=True)

    def statuses(self):
        """{(binding, extract): (status, reason)} as the ledger has it."""
        with Ledger(self.ledger, None, HOST, LOOK) as ledger:
            return {(entry.binding_id, entry.extract_id): (entry.status.value, entry.reason) for entry in ledger.entries()}

    def seen_loaded(self):
        """The bindings and extracts of which the ledger records that Adverity shows them as loaded."""
        with Ledger(self.ledger, None, HOST, LOOK) as ledger:
            return [(entry.binding_id, entry.extract_id) for entry in ledger.entries() if entry.loaded_at]

    def asked(self, begin=0):
        """What was read and written since, as (method, path)."""
        return [(row["method"], row["path"]) for row in self.simulator.requests[begin:]]


def outcomes(result):
    """{(binding, extract): outcome} of a result of adverity_load_info."""
    return {(row["binding_id"], row["extract_id"]): row["outcome"] for row in result["loads"]}
