# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to one destination: runs of the role, others who enable and disable, and datastreams that go on fetching. Not tests."""

from __future__ import annotations

from collections import Counter

from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import Killed, Model, uuid
from hypothesis import strategies as st

TARGET = 70
STREAMS = [1, 2]
BINDING_OF = {1: 5, 2: 9}

RUNS = st.tuples(st.just("run"), st.none() | st.integers(0, 24), st.sampled_from(["when_needed", "when_needed", "always"]))
FETCHES = st.tuples(st.just("fetch"), st.sampled_from(STREAMS))
SWITCHES = st.tuples(st.just("switch"), st.sampled_from(STREAMS))


class Story:
    """What happens to one destination, and what has to be true of it."""

    def __init__(self, folder):
        self.ledger = folder + "/ledger"
        self.service = Model(
            {
                "datastreams": [
                    {"id": one, "uuid": uuid(one), "name": "-", "workspace": "-", "enabled": True, "active_mode": None, "smart": None} for one in STREAMS
                ],
                "bindings": [{"id": BINDING_OF[one], "datastream_id": one, "target_id": TARGET, "enabled": False} for one in STREAMS],
                "extracts": [],
            }
        )
        self.by_itself = []  # (extract, binding)
        self.history = []  # what has to be sent
        self.gaps = {one: [] for one in BINDING_OF.values()}  # fetched since the binding was disabled
        for _time in range(2):
            for one in STREAMS:
                self.fetch(one)

    def fetch(self, datastream_id):
        """One more extract. It loads by itself where the binding is enabled; otherwise it is history for the run that enables it."""
        pair = (100 + len(self.service.extracts), BINDING_OF[datastream_id])
        self.service.extracts.append({"id": pair[0], "datastream_id": datastream_id, "created": self.service.tick()})
        if self.service.bindings[pair[1]]["enabled"]:
            self.by_itself.append(pair)
        else:
            self.gaps[pair[1]].append(pair)
            self.history.append(pair)

    def switch(self, datastream_id):
        """Somebody else enables or disables the binding.

        Enabling is left out as long as a run that was killed may have enabled the binding without a note of when: then nothing says since when
        it loads by itself. And what was fetched before somebody else enables it again is theirs to load: the role cannot tell it from the rest.
        """
        binding_id = BINDING_OF[datastream_id]
        row = self.service.bindings[binding_id]
        if not row["enabled"] and not self.noted(row):
            return
        row.update(enabled=not row["enabled"], updated=self.service.tick())
        if row["enabled"]:
            self.history = [pair for pair in self.history if pair not in self.gaps[binding_id]]
        self.gaps[binding_id] = []

    def noted(self, row):
        """Whether the ledger knows since when the binding is enabled, or, where it is not, that no run was about to enable it."""
        rows = self.call("adverity_requeue_info", binding_ids=[row["id"]], ledger=self.ledger)["backfills"]
        if not rows or rows[0]["planned_at"]:
            return False
        return any(period["until"] is None for period in rows[0]["self_loading"])

    def call(self, name, **options):
        return self.service.call(name, **options)

    def run(self, kill_at=None, backfill="when_needed", **options):
        """The role; where it stops at what is unknown, the user looks, and decides so."""
        self.service.kill_at = kill_at
        try:
            in_process.deploy(self.call, TARGET, backfill=backfill, ledger=self.ledger, batch_size=2, **options)
        except Killed:
            pass
        except AdverityError as error:
            self.service.kill_at = None
            self.decide(error.facts["unknown_extract_ids"], backfill)
        finally:
            self.service.kill_at = None
        for row in self.service.bindings.values():
            if row["enabled"]:
                self.gaps[row["id"]] = []

    def decide(self, unknown, backfill):
        assert unknown
        sent = {extract_id for extract_id, _binding_id in self.service.loads}
        self.run(backfill=backfill, on_unknown="skip")
        missing = [one for one in unknown if one not in sent]
        if missing:
            self.call("adverity_requeue", extract_ids=missing, target_id=TARGET, on_unknown="requeue", ledger=self.ledger, batch_size=2)

    def check(self):
        assert set(Counter(self.service.loads).values()) <= {1}
        assert not set(self.service.loads) & set(self.by_itself)
