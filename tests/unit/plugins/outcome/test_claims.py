# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the API does and whatever happens: *loaded* is only said of what the destination holds, *failed* only of what failed, and no reading
contradicts what was claimed from the one before.

The story reads what the collection would read, at its own pace, on the simulator's clock. It knows of the API no more than the judge does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.linked_list import read_linked
from ansible_collections.adverity.management.plugins.module_utils._outcome.judge import (
    Evidence,
    Other,
    Outcome,
    Reading,
    judge,
    may_overlap,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import issues, jobs
from ansible_collections.adverity.management.plugins.module_utils._resources.labels import Labels
from ansible_collections.adverity.management.plugins.module_utils._spec import times
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport
from hypothesis import HealthCheck, given, seed, settings

OLD, NEW = (101, 102), (103, 104)  # fetched this morning, and while a story goes on
BINDINGS = (5, 6, 7)
FINAL = (Outcome.LOADED, Outcome.FAILED)
SWITCHES = (
    "state_labels", "requeue_processing", "failed_reload", "enable_loads_history", "processing_at_enable", "load_jobs", "load_job_type",
    "load_job_datastream", "issue_extract", "issue_tags", "load_stage_label", "acknowledged_issues", "job_bounds",
)  # fmt: skip
START = "2026-01-01T12:00:00Z"


def small_world(enabled, state="collected", day="2025-06-01"):
    return {
        "now": START, "step": 1.0, "keys": {"all": {"key": in_process.KEY}}, "workspaces": [{"id": "a0000000-0000-4000-8000-000000000001"}],
        "datastreams": [{"id": 1}], "targets": [{"id": 10}, {"id": 11}, {"id": 12}],
        "bindings": [{"id": number, "datastream_id": 1, "target_id": number + 5, "enabled": number in enabled} for number in BINDINGS],
        "extracts": [{"id": number, "datastream_id": 1, "created": f"{day}T0{number - 100}:00:00Z", "state": state}
                     for number in OLD],
    }  # fmt: skip


def open_client(simulator):
    """A client of the simulator, which never waits."""
    return Client("https://acme.example", in_process.KEY, SimulatorTransport(simulator), retries=0)


@dataclass
class Sent:
    """An extract that was sent to a binding, and what was seen of it since."""

    extract_id: int
    binding_id: int
    sent_at: times.Time
    baseline: object
    readings: list = field(default_factory=list)
    others: list = field(default_factory=list)
    claim: Outcome | None = None
    fetches: int = 0


class Claims:
    """Send, wait, look; meanwhile fetches come, bindings are switched, and loads fail."""

    labels = Labels({"Gesammelt": "collected", "In Verarbeitung": "loading", "Importiert": "loaded", "Importfehler": "failed"})

    def __init__(self, simulator, world, switches=None, load_seconds=20, process_seconds=0):
        self.simulator = simulator
        simulator.reset(world)
        simulator.switches.update(switches or {})
        simulator.change({"loading": {"load_seconds": load_seconds, "process_seconds": process_seconds}})
        self.client = open_client(simulator)
        self.sent, self.enabled_at, self.fetched = [], {}, 0

    def rows(self):
        return {row["id"]: row for row in read_linked(self.client, "/api/extracts/", {"datastream_id": 1}, list)}

    def enabled(self):
        return [row["id"] for row in self.client.get("/api/v1/bindings/")["items"] if row["enabled"]]

    def now(self):
        return times.Time(self.client.date)

    def send(self, extract_ids, binding_ids, failing=None):
        if failing:
            self.fail(failing, None)
        rows = self.rows()
        sent_at, enabled = self.now(), self.enabled()
        extract_ids = [one for one in extract_ids if one in rows]
        if not extract_ids:
            return
        self.client.request("POST", "/api/v1/extracts/requeue/", body={"extract_ids": extract_ids, "binding_ids": binding_ids})
        for extract_id in extract_ids:
            new = [Sent(extract_id, one, sent_at, self.labels.meaning(rows[extract_id]["state_label"]), fetches=self.fetched) for one in binding_ids]
            before = [one for one in self.sent if one.extract_id == extract_id]
            created = times.parse_precise(rows[extract_id]["created"])
            for one in new:
                one.others += [Other(two.binding_id) for two in new if two is not one]
                one.others += [Other(two.binding_id) for two in before if two.claim not in FINAL and may_overlap(two.sent_at, sent_at)]
                # What other bindings may load of their own accord: what was fetched while they were enabled, and perhaps what was there before.
                if may_overlap(created, sent_at):
                    one.others += [Other(number, True) for number in enabled if number != one.binding_id]
                one.others += [Other(number, True) for number in self.enabled_at if number != one.binding_id]
            for two in before:
                two.others += [Other(one.binding_id) for one in new]
            self.sent += new

    def follow(self, fetches):
        """Look while something is being done, and when it is over."""
        self.look()
        self.wait(self.simulator.world.load_seconds * 0.6)
        self.look()
        self.wait(self.simulator.world.load_seconds)
        if fetches:
            self.fetch(False)
        self.look()

    def wait(self, seconds):
        self.simulator.change({"clock": {"forward": seconds}})

    def look(self):
        rows = self.rows()
        at = times.show(self.now().moment)
        found_issues = tuple(one for one in issues.read(self.client, [1]))
        found_jobs = tuple(jobs.read(self.client, [1], start=START))
        for one in self.sent:
            row = rows.get(one.extract_id)
            one.readings.append(Reading(row.get("state_label"), at) if row else Reading(None, at, listed=False))
            evidence = Evidence(
                one.sent_at, one.baseline, tuple(one.readings), one.extract_id, found_issues, found_jobs, tuple(one.others), self.fetched > one.fetches
            )
            self.check(one, judge(evidence, self.labels))

    def check(self, one, found):
        pair = (one.extract_id, one.binding_id)
        if found.outcome is Outcome.LOADED:
            assert pair in self.simulator.holds, (one, found)
        if found.outcome is Outcome.FAILED:
            assert pair in self.simulator.failed, (one, found)
        if found.outcome in FINAL:
            # Where Adverity loads into the same binding by itself as well, there are two loads: each claim is true of one of them.
            loads = [load for load in self.simulator.world.history if (load.extract_id, load.binding_id) == pair]
            assert one.claim in (None, found.outcome) or len(loads) > 1, (one, found)
            one.claim = found.outcome
        assert found.reason

    def fetch(self, fails):
        if self.fetched == len(NEW):
            return
        self.simulator.fetch(1, None if fails else max(self.simulator.world.extracts) + 1, fails=fails)
        self.fetched += 1

    def switch(self, binding_id, enabled):
        self.client.request("PATCH", f"/api/v1/bindings/{binding_id}/", body={"enabled": enabled})
        if enabled:
            self.enabled_at[binding_id] = self.now()
            for one in self.sent:
                if one.binding_id != binding_id:
                    one.others.append(Other(binding_id, True))

    def fail(self, extract_id, binding_id):
        self.simulator.change({"fail": [{"extract_id": extract_id, "binding_id": binding_id}]})

    def mend(self, extract_id):
        self.simulator.change({"mend": [extract_id]})


def draw_claims(draw, simulator):
    """A world, its switches, and how long things take there."""
    enabled, day = draw(st.sampled_from([(), (), (5,), (5, 6)])), draw(st.sampled_from(["2026-01-01", "2025-06-01"]))
    world = small_world(enabled, draw(st.sampled_from(["imported", "collected", "import_error"])), day)
    table = in_process.import_simulator().SWITCHES
    switches = {name: draw(st.sampled_from(table[name][0])) for name in SWITCHES}
    return Claims(simulator, world, switches, draw(st.sampled_from([3, 20, 60])), draw(st.sampled_from([0, 15])))


EXTRACT_IDS = st.lists(st.sampled_from(OLD + NEW), min_size=1, max_size=2, unique=True)
STEPS = {  # name: (how often it comes, what it is given)
    "send": (4, [EXTRACT_IDS, st.sampled_from([[6], [6], [7], [5], [5, 6]]), st.sampled_from([None, *OLD, *OLD, *NEW])]),
    "follow": (5, [st.booleans()]),
    "look": (2, []),
    "wait": (3, [st.sampled_from([1, 5, 15, 40])]),
    "fetch": (2, [st.booleans()]),
    "switch": (1, [st.sampled_from((7, 6)), st.booleans()]),
    "fail": (1, [st.sampled_from(OLD + NEW), st.sampled_from([*BINDINGS, None])]),
    "mend": (1, [st.sampled_from(OLD + NEW)]),
}
NAMES = [name for name, (times_, _given) in STEPS.items() for _time in range(times_)]


@pytest.fixture(name="simulator")
def fixture_simulator():
    return in_process.import_simulator().Simulator(port=None)


@pytest.mark.parametrize("part", range(2))  # so that they run side by side
def test_nothing_is_claimed_that_is_not_so(simulator, part):
    claimed = Counter()

    @seed(part)
    @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def tell(data):
        claims = draw_claims(data.draw, simulator)
        claims.send(data.draw(EXTRACT_IDS), [6], data.draw(st.sampled_from([None, *OLD])))
        for _step in range(data.draw(st.integers(1, 8))):
            name = data.draw(st.sampled_from(NAMES))
            getattr(claims, name)(*(data.draw(given_) for given_ in STEPS[name][1]))
        claims.follow(False)
        claimed.update(one.claim for one in claims.sent)

    tell()
    assert min(claimed[outcome] for outcome in FINAL) > 5, "the judge said too little to be wrong"


# Some of it step by step


def test_each_outcome_is_reached(simulator):
    """The judge is not silent: in the plainest of all services, a load is seen to end, and another one to fail."""
    claims = Claims(simulator, small_world(()))
    simulator.change({"fail": [{"extract_id": 102}]})
    claims.send([101, 102], [6])
    claims.look()
    assert [one.claim for one in claims.sent] == [None, None]
    claims.wait(20)
    claims.look()
    assert [one.claim for one in claims.sent] == [Outcome.LOADED, Outcome.FAILED]


@pytest.mark.parametrize(("processing", "expected"), [("at_once", [Outcome.LOADED, Outcome.FAILED]), ("never", [None, Outcome.FAILED])])
def test_history_that_another_binding_had_loaded(simulator, processing, expected):
    claims = Claims(simulator, small_world((5,), "imported"))
    simulator.switches["requeue_processing"] = processing
    simulator.change({"fail": [{"extract_id": 102}]})
    claims.send([101, 102], [6])
    claims.look()
    claims.wait(20)
    claims.look()
    assert [one.claim for one in claims.sent] == expected


@pytest.mark.parametrize("issue", ["null", "hidden"])
def test_a_failed_load_that_leaves_its_label_and_whose_issue_tells_nothing(simulator, issue):
    """The label is back at loaded, and the issue names no extract, or was acknowledged by a fetch: nothing is claimed."""
    claims = Claims(simulator, small_world((), "imported", "2026-01-01"))
    simulator.switches.update({"failed_reload": "keeps", "issue_extract": "null" if issue == "null" else "object", "acknowledged_issues": "hidden"})
    claims.send([101], [6], failing=101)
    claims.follow(fetches=issue == "hidden")
    (sent,) = claims.sent
    assert [reading.label for reading in sent.readings] == ["Processing", "Processing", "Loaded"]
    assert (sent.claim, simulator.failed, issue == "null" or issues.read(claims.client) == []) == (None, {(101, 6)}, True)
