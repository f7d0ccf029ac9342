# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the API does, whoever sends and looks, and whenever: *loaded* is only said of what the destination holds, *failed* only of what failed, no run
contradicts what an earlier one claimed, and the ledger records nothing else.

It is the modules' own way from the options to the result, with a ledger that outlives each run.
"""

from __future__ import annotations

import contextlib
from collections import Counter

import hypothesis.strategies as st
import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import HOST, Scene, world
from hypothesis import HealthCheck, given, seed, settings

SWITCHES = (
    "state_labels", "requeue_processing", "failed_reload", "enable_loads_history", "processing_at_enable", "load_jobs", "load_job_type",
    "load_job_datastream", "issue_extract", "issue_tags", "load_stage_label", "acknowledged_issues", "job_bounds", "date_header", "extract_fields",
)  # fmt: skip
LABELS = {"Gesammelt": "collected", "In Verarbeitung": "loading", "Importiert": "loaded", "Importfehler": "failed"}
OLD, NEW = (101, 102), (103, 104)
BINDINGS = (11, 12, 13)
FINAL = ("loaded", "failed")


class Story:
    """Runs that send and look; meanwhile fetches come, bindings are switched, answers get lost, and loads fail."""

    def __init__(self, scene):
        self.scene = scene
        self.claimed = {}  # (binding, extract): what was claimed last, and after how many loads
        self.counts = Counter()

    def send(self, extract_ids, binding_ids, options, fault):
        self.scene.faults = [("POST", "/api/v1/extracts/requeue/", fault)] if fault else []
        extract_ids = [each for each in extract_ids if each in self.scene.simulator.world.extracts] or [OLD[0]]
        self._run("adverity_requeue", extract_ids=extract_ids, binding_ids=binding_ids, **options)

    def look(self, wait, check_mode):
        result = self._run("adverity_load_info", wait=wait, state_labels=LABELS, poll_interval=5, check_mode=check_mode)
        for row in result["loads"] if result else ():
            self._check(row)

    def _check(self, row):
        pair = (row["extract_id"], row["binding_id"])
        assert row["reason"]
        simulator, outcome = self.scene.simulator, row["outcome"]
        self.counts[outcome] += 1
        if outcome == "loaded":
            assert pair in simulator.holds, row
        if outcome == "failed":
            assert pair in simulator.failed, row
        if outcome in FINAL:
            # Each claim is true of one load, where there are several into the same binding: a later one may end otherwise.
            loads = sum((load.extract_id, load.binding_id) == pair for load in simulator.world.history)
            before, at = self.claimed.get(pair, (outcome, 0))
            assert before == outcome or loads > min(at, 1), (row, before)
            self.claimed[pair] = (outcome, loads)

    def check_ledger(self):
        with Ledger(self.scene.ledger, None, HOST, LOOK) as ledger:
            for one in sent.read(ledger, BINDINGS, OLD + NEW):
                kinds = {event.kind for event in one.events}
                assert EventKind.LOADED not in kinds or (one.extract_id, one.binding_id) in self.scene.simulator.holds
                assert EventKind.FAILED not in kinds or (one.extract_id, one.binding_id) in self.scene.simulator.failed

    def wait(self, seconds):
        self.scene.wait(seconds)

    def fetch(self, fails):
        world_ = self.scene.simulator.world
        if max(world_.extracts) < max(NEW):
            self.scene.simulator.fetch(1, None if fails else max(world_.extracts) + 1, fails=fails)

    def switch(self, binding_id, enabled):
        self._run("adverity_binding", binding_ids=[binding_id], enabled=enabled)

    def switch_by_hand(self, binding_id, enabled):
        self.scene.simulator.switch_binding(binding_id, enabled)

    def fail(self, extract_id, binding_id):
        self.scene.simulator.change({"fail": [{"extract_id": extract_id, "binding_id": binding_id}]})

    def mend(self, extract_id):
        self.scene.simulator.change({"mend": [extract_id]})

    def _run(self, name, check_mode=False, **options):
        """The result, or None where the module fails: then a user would read the message."""
        with contextlib.suppress(AdverityError):
            return self.scene.run(name, check_mode, **options)
        return None


EXTRACT_IDS = st.lists(st.sampled_from(OLD + NEW), min_size=1, max_size=2, unique=True)
OPTIONS = st.sampled_from([{}, {}, {"force": True}, {"on_unknown": "requeue"}, {"on_unknown": "skip"}, {"batch_size": 1}, {"state": "planned"}])
STEPS = {  # name: (how often it comes, what it is given)
    "send": (2, [EXTRACT_IDS, st.sampled_from([[12]] * 5 + [[13], [11], [11, 12]]), OPTIONS, st.sampled_from([None] * 5 + ["lost before", "lost after"])]),
    "look": (6, [st.sampled_from([0, 0, 20, 90]), st.sampled_from([False, False, True])]),
    "wait": (3, [st.sampled_from([1, 5, 15, 40, 3 * 86400])]),
    "fetch": (2, [st.booleans()]),
    "switch": (1, [st.sampled_from(BINDINGS), st.sampled_from([True, True, False])]),
    "switch_by_hand": (1, [st.sampled_from(BINDINGS), st.booleans()]),
    "fail": (2, [st.sampled_from(OLD + NEW), st.sampled_from([*BINDINGS, None])]),
    "mend": (1, [st.sampled_from(OLD + NEW)]),
}
NAMES = [name for name, (times_, _given) in STEPS.items() for _time in range(times_)]


def draw_scene(draw, simulator, ledger):
    """A world, its switches, and how long things take there."""
    table = in_process.import_simulator().SWITCHES
    switches = {name: draw(st.sampled_from(table[name][0])) for name in SWITCHES if draw(st.integers(0, 3)) == 3}
    enabled, day = draw(st.sampled_from([(2, 3), (2, 3), (2,), (1, 2)])), draw(st.sampled_from(["2025-06-01", "2025-06-01", "2026-01-01"]))
    data = world(enabled=enabled, state=draw(st.sampled_from(["collected", "imported", "import_error"])), day=day)
    return Scene(simulator, ledger, data, draw(st.sampled_from([3, 20, 60])), draw(st.sampled_from([0, 15])), **switches)


@pytest.mark.parametrize("part", range(2))  # so that they run side by side
def test_nothing_is_claimed_that_is_not_so(simulator, tmp_path, monkeypatch, part):
    in_process.spare_the_disk(monkeypatch.setattr)
    counts, number = Counter(), iter(range(10**6))

    @seed(part)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def tell(data):
        story = Story(draw_scene(data.draw, simulator, str(tmp_path / f"{next(number)}.sqlite3")))
        if data.draw(st.booleans()):
            story.fail(data.draw(st.sampled_from(OLD)), None)
        story.send(list(OLD), [12], {}, None)
        for _step in range(data.draw(st.integers(1, 8))):
            name = data.draw(st.sampled_from(NAMES))
            getattr(story, name)(*(data.draw(given_) for given_ in STEPS[name][1]))
        story.look(90, False)
        story.check_ledger()
        counts.update(story.counts)

    tell()
    assert min(counts[outcome] for outcome in FINAL) > 5, "too little was claimed to be wrong"
