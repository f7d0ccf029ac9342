# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes in which extracts are sent, and what becomes of their loads is looked at. Not tests."""

from __future__ import annotations

from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import HOST, Scene

LABELS = {"Gesammelt": "collected", "In Verarbeitung": "loading", "importiert": "loaded", "Importfehler": "failed"}
FAILED = "Import: Loading extract {0} failed. (https://simulator.example/issues/1/)"


def world(datastreams=1, extracts=2, enabled=(2, 3), state="collected", day="2025-06-01"):
    """Datastream n has the bindings 10n+1, 10n+2, 10n+3 to the destinations 1, 2, 3, and the extracts 100n+1, ... Bindings to ``enabled`` have
    been enabled for a year."""
    result = World()
    result.data["now"] = "2026-01-01T12:00:00Z"
    for number in range(1, datastreams + 1):
        result.datastream(number)
        for place in (1, 2, 3):
            result.binding(10 * number + place, number, place, place in enabled, updated="2025-01-01T00:00:00Z")
        result.data["extracts"] += [
            {"id": 100 * number + each, "datastream_id": number, "created": f"{day}T{each // 60:02}:{each % 60:02}:00Z", "state": state}
            for each in range(1, extracts + 1)
        ]
    return result


class LoadScene(Scene):
    """A scene in which a load takes ``load_seconds``, after ``process_seconds`` of processing. Nothing is tried again."""

    def __init__(self, folder, data, load_seconds=20, process_seconds=0, **switches):
        super().__init__(folder, data, **switches)
        self.options["retries"] = 0
        self.service.change({"loading": {"load_seconds": load_seconds, "process_seconds": process_seconds}})

    def send(self, extract_ids=None, binding_ids=(12,), check_mode=False, **options):
        """Sends extracts of the datastream of these bindings; all of them without ``extract_ids``."""
        chosen = {"extract_ids": extract_ids} if extract_ids else {"datastream_ids": sorted({each // 10 for each in binding_ids})}
        return self.run("requeue", check_mode, binding_ids=list(binding_ids), **chosen, **options)

    def look(self, wait=0, **options):
        return self.run("load_info", wait=wait, **options)

    def fail(self, *extract_ids):
        """Loads of these extracts fail."""
        self.service.change({"fail": [{"extract_id": each} for each in extract_ids]})

    def statuses(self):
        """{(binding, extract): (status, reason)} as the ledger has it."""
        with Ledger(str(self.ledger), None, HOST, LOOK) as ledger:
            return {(entry.binding_id, entry.extract_id): (entry.status.value, entry.reason) for entry in ledger.entries()}

    def seen_loaded(self):
        """The bindings and extracts of which the ledger records that Adverity shows them as loaded."""
        with Ledger(str(self.ledger), None, HOST, LOOK) as ledger:
            return [(entry.binding_id, entry.extract_id) for entry in ledger.entries() if entry.loaded_at]

    def sent(self):
        """The extracts of each requeue since the last ``forget``."""
        return [body["extract_ids"] for body in self.posts()]


def outcomes(result):
    """{(binding, extract): outcome} of a result of adverity_load_info."""
    return {(row["binding_id"], row["extract_id"]): row["outcome"] for row in result["loads"]}
