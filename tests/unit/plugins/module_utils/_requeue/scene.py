# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requeues against the simulator in process, and what goes wrong with their requests. Not tests."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Unfinished
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport, lost, respond

DATASTREAM, TARGET, BINDING = 456, 789, 5
HOST, REQUEUE = "acme.example", "/api/v1/extracts/requeue/"
KINDS = ("requeued", "skipped", "unknown", "refused", "failed", "remaining")


def day(number):
    return f"2026-{1 + (number - 1) // 28:02}-{1 + (number - 1) % 28:02}T05:00:00Z"


def one_binding(**statuses):
    return {(BINDING, extract_id): status for status, ids in statuses.items() for extract_id in ids}


def ids_of(result):
    return {name: result[name + "_extract_ids"] for name in KINDS if result[name + "_extract_ids"]}


def counts(binding_id=BINDING, datastream_id=DATASTREAM, **more):
    """A row of a summary."""
    none = dict.fromkeys(("requeued", "skipped", "recorded", "loaded_by_itself", "unknown", "refused", "failed", "remaining"), 0)
    return {**none, **more, "datastream_id": datastream_id, "binding_id": binding_id}


class Scene:
    """A simulator with a datastream whose extracts are 101, 102, ..., one a day, and with one binding of it.

    ``outcomes`` are what happens to the next requeues instead of success: a status, "lost", or what the response holds. The lists of ``unreadable``
    datastreams cannot be read.
    """

    def __init__(self, ledger, extracts=3, enabled=True, **switches):
        world = {
            "now": "2026-07-02T13:46:40Z", "step": 1.0, "keys": {"all": {"key": in_process.KEY}},
            "workspaces": [{"id": "a0000000-0000-4000-8000-000000000001"}], "targets": [{"id": TARGET, "name": "DWH"}, {"id": 790}],
        }  # fmt: skip
        self.simulator = in_process.import_simulator().Simulator(world, switches, port=None)
        self.world, self.ledger = self.simulator.world, str(ledger)
        self.outcomes, self.unreadable = [], set()
        self.add_datastream(DATASTREAM, BINDING, range(101, 101 + extracts), enabled)

    def add_datastream(self, datastream_id, binding_id, extract_ids, enabled=True):
        """Returns the ids of its extracts."""
        self.world.put("datastreams", {"id": datastream_id})
        self.add_binding(binding_id, datastream_id, enabled=enabled)
        for number, extract_id in enumerate(extract_ids, 1):
            self.add_extract(extract_id, day(number), datastream_id)
        return list(extract_ids)

    def add_binding(self, binding_id, datastream_id=DATASTREAM, target_id=TARGET, enabled=True):
        row = {"id": binding_id, "datastream_id": datastream_id, "target_id": target_id, "enabled": enabled, "updated": "2025-01-01T00:00:00Z"}
        self.world.put("bindings", row)

    def add_extract(self, extract_id, created, datastream_id=DATASTREAM):
        self.world.put("extracts", {"id": extract_id, "datastream_id": datastream_id, "created": created, "state": "collected"})

    def send(self, request):
        """The transport."""
        response = self._replace(request)
        return SimulatorTransport(self.simulator).send(request) if response is None else response

    def _replace(self, request):
        """What comes instead of the simulator's response; None where nothing does. A requeue that is not carried out is logged all the same."""
        if request.method == "GET":
            return respond(500) if (request.params or {}).get("datastream_id") in self.unreadable and "extracts" in request.path else None
        if request.path != REQUEUE:
            return None
        body = json.loads(request.body)
        outcome = self.outcomes.pop(0) if self.outcomes else 200
        if outcome == 200:
            return None
        self.simulator.requests.append({"method": "POST", "path": REQUEUE, "query": [], "body": body})
        if outcome == "lost":
            raise lost(request, "a fault")
        if isinstance(outcome, int):
            return respond(outcome, json.dumps({"detail": f"status {outcome}"}).encode())
        if isinstance(outcome, dict):
            outcome = {"message": "Dispatched.", "extract_ids": body["extract_ids"], **outcome}
        return respond(200, json.dumps(outcome).encode())

    def run(self, check_mode=False, **options):
        """The result of adverity_requeue; for the datastream, where nothing else is chosen."""
        if not {"extract_ids", "target_id", "binding_ids", "datastream_ids"}.intersection(options):
            options["datastream_ids"] = [DATASTREAM]
        return self.call("adverity_requeue", check_mode, **options)

    def call(self, name, check_mode=False, **options):
        params = in_process.read_options(name, {"instance": HOST, "api_key": in_process.KEY, "ledger": self.ledger, **options})
        return in_process.run_with(name, Client("https://" + HOST, in_process.KEY, self, retries=0), params, check_mode)

    def fails(self, kind=Unfinished, **options):
        """The result of a run that is to fail."""
        with pytest.raises(kind) as caught:
            self.run(**options)
        result = caught.value.result()
        assert "\n" not in result["msg"]
        assert result.get("unfinished", False) is isinstance(caught.value, Unfinished)
        return result

    @property
    def reads(self):
        return [row["path"] for row in self.simulator.requests if row["method"] == "GET"]

    @property
    def posts(self):
        """The bodies of the requeues."""
        return [row["body"] for row in self.simulator.requests if row["path"] == REQUEUE]

    @property
    def batches(self):
        return [post["extract_ids"] for post in self.posts]

    @property
    def posted(self):
        return [extract_id for batch in self.batches for extract_id in batch]

    @property
    def loads(self):
        """The extracts that Adverity took, in the order of sending."""
        return [row["extract_id"] for row in self.simulator.loads]

    def open_ledger(self):
        return Ledger(self.ledger, None, HOST, LOOK)

    def statuses(self):
        """What the ledger says: {(binding, extract): status}."""
        with self.open_ledger() as ledger:
            return {(entry.binding_id, entry.extract_id): entry.status for entry in ledger.entries()}

    def by_status(self):
        found = {}
        for (_binding, extract_id), status in self.statuses().items():
            found.setdefault(str(status.value), []).append(extract_id)
        return {status: sorted(ids) for status, ids in found.items()}

    def histories(self):
        """What the ledger knows of bindings."""
        with self.open_ledger() as ledger:
            return ledger.histories()
