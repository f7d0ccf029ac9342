# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes in which extracts are sent, and what becomes of their loads is looked at. Not tests."""

from __future__ import annotations

from collections import defaultdict

from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import HOST, Scene

LABELS = {"Gesammelt": "collected", "In Verarbeitung": "loading", "importiert": "loaded", "Importfehler": "failed"}
FAILED = "Import: Loading extract {0} failed. (https://simulator.example/issues/1/)"
KINDS = ("requeued", "skipped", "unknown", "refused", "failed", "remaining")


def created(number, day="2025-06-01"):
    """When the extract with this number in its datastream was created: one a minute."""
    return f"{day}T{number // 60:02}:{number % 60:02}:00Z"


def world(datastreams=1, extracts=3, enabled=(2,), disabled=(), state="collected", day="2025-06-01"):
    """Datastream n has the extracts 100n+1, 100n+2, ..., and the binding 10n+d to each of the destinations d. What is enabled has been so
    for a year."""
    result = World()
    result.data["now"] = "2026-01-01T12:00:00Z"
    for number in range(1, datastreams + 1):
        result.datastream(number)
        for target_id in sorted((*enabled, *disabled)):
            result.binding(10 * number + target_id, number, target_id, target_id in enabled, updated="2025-01-01T00:00:00Z")
        result.data["extracts"] += [
            {"id": 100 * number + each, "datastream_id": number, "created": created(each, day), "state": state} for each in range(1, extracts + 1)
        ]
    return result


class RequeueScene(Scene):
    """A scene in which a load takes ``load_seconds``, after ``process_seconds`` of processing. Nothing is tried again."""

    def __init__(self, folder, data, load_seconds=20, process_seconds=0, **switches):
        super().__init__(folder, data, **switches)
        self.options["retries"] = 0
        self.service.change({"loading": {"load_seconds": load_seconds, "process_seconds": process_seconds}})

    def add_extract(self, extract_id, created_at, datastream_id=1):
        row = {"id": extract_id, "datastream_id": datastream_id, "created": created_at, "state": "collected"}
        self.service.change({"add": {"extracts": [row]}})

    def add_binding(self, binding_id, datastream_id=1, target_id=2):
        row = {"id": binding_id, "datastream_id": datastream_id, "target_id": target_id, "enabled": True, "updated": "2025-01-01T00:00:00Z"}
        self.service.change({"add": {"bindings": [row]}})

    def respond(self, *outcomes):
        """What comes of the next requeues: 200, another status, the body of a response with 200, or "lost" for none. Only those with 200
        are carried out."""
        for number, outcome in enumerate(outcomes):
            fault = {"json": outcome}
            if outcome == "lost":
                fault = {"drop": "before"}
            elif isinstance(outcome, int):
                fault = {"status": {"code": outcome, "body": {"detail": f"status {outcome}"}}}
            if outcome != 200:
                self.service.fault(method="POST", path="requeue", skip=number, **fault)

    def send(self, check_mode=False, **options):
        """What adverity_requeue returns; for datastream 1, where nothing else is chosen."""
        if not {"extract_ids", "target_id", "binding_ids", "datastream_ids"}.intersection(options):
            options["datastream_ids"] = [1]
        result = self.run("requeue", check_mode, **options)
        return {name: value for name, value in result.items() if name not in ("invocation", "check_mode")}

    def send_and_fail(self, check_mode=False, unfinished=True, **options):
        """The result of a run that fails, as a rule at its end, with something left open."""
        result = self.send(check_mode, **options)
        assert (result["failed"], result.get("unfinished", False)) == (True, unfinished), result
        assert "\n" not in result["msg"]
        return result

    def sent(self):
        """The extracts of each requeue since the last ``forget``."""
        return [body["extract_ids"] for body in self.posts()]

    def look(self, wait=0, **options):
        return self.run("load_info", wait=wait, **options)

    def make_loads_fail(self, *extract_ids):
        """Loads of these extracts fail from now on."""
        self.service.change({"fail": [{"extract_id": each} for each in extract_ids]})

    def open_ledger(self, purpose=LOOK):
        return Ledger(str(self.ledger), None, HOST, purpose)

    def entries(self):
        """{(binding, extract): entry} of the ledger."""
        with self.open_ledger() as ledger:
            return {(entry.binding_id, entry.extract_id): entry for entry in ledger.entries()}

    def statuses(self):
        """{(binding, extract): status} as the ledger has it."""
        return {pair: entry.status.value for pair, entry in self.entries().items()}

    def by_status(self):
        """The extracts of each status; one that has it for two bindings is there twice."""
        found = defaultdict(list)
        for (_binding_id, extract_id), status in self.statuses().items():
            found[status].append(extract_id)
        return {status: sorted(ids) for status, ids in found.items()}

    def seen_loaded(self):
        """The bindings and extracts of which the ledger records that Adverity shows them as loaded."""
        return [pair for pair, entry in self.entries().items() if entry.loaded_at]

    def events(self, extract_id, binding_id=12):
        """What the ledger records of an extract."""
        with self.open_ledger() as ledger:
            return [event for one in sent.read(ledger, [binding_id], [extract_id]) for event in one.events]


def ids_of(result):
    """The extracts of a result of adverity_requeue, by what became of them."""
    return {name: result[name + "_extract_ids"] for name in KINDS if result[name + "_extract_ids"]}


def outcomes(result):
    """{(binding, extract): outcome} of a result of adverity_load_info."""
    return {(row["binding_id"], row["extract_id"]): row["outcome"] for row in result["loads"]}
