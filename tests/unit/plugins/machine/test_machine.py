# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promise over any history, on both stores. The steps stand in ``history``, what has to be true after each of them in ``judgement``.

``MACHINE_SECONDS=3600 pytest -s tests/unit/plugins/machine/test_machine.py`` makes up other histories for an hour on each store, and says how many steps they
had. With ``MACHINE_SHRINK=0`` it does not look for the shortest history that fails. What a failure prints can be run: ``state.init(...)`` begins a history,
and each line after it is a step. Kept as an example it stands in ``test_examples``.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from typing import ClassVar

from ansible_collections.adverity.management.tests.unit.plugins.machine.service import BINDINGS, DATASTREAMS, LABELS, SWITCHES, TARGETS
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import FAULTS
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

SECONDS = float(os.environ.get("MACHINE_SECONDS", 0))
EACH_TIME = 40  # histories
MOST_TIMES = 4
PHASES = [Phase.generate] if os.environ.get("MACHINE_SHRINK") == "0" else [Phase.generate, Phase.shrink]
STEPS = 20  # in a history, at most
SPOILED = ["refuse", "refuse_binding", "close_binding", "hide_extracts", "break_requeues", "unlist"]
LAST_POINT = 45  # about so many points has a run of the role


def _often(value, other):
    return st.sampled_from([value, value, value, other])


def _rarely(values):
    return st.one_of(st.none(), st.none(), st.none(), values)


def _given(**options):
    """Options as they are typed: without those that are not given."""
    return st.fixed_dictionaries(options).map(lambda values: {name: value for name, value in values.items() if value is not None})


WINDOWS = [("2025-12-29T00:00:00Z", None), (None, "2025-12-29T12:00:00Z"), ("2025-12-30T00:00:00Z", "2026-06-01T00:00:00Z")]
HOW = {
    "on_unknown": _rarely(st.sampled_from(["skip", "requeue", "check", "check"])), "on_failed": _rarely(st.just("requeue")),
    "on_refused": _rarely(st.just("skip")), "batch_size": _rarely(st.sampled_from([1, 2])),
}  # fmt: skip
VARIABLES = _given(
    target_id=_often(70, 71),
    force=_rarely(st.just(True)),
    backfill=_rarely(st.sampled_from(["always", "never"])),
    enabled=_rarely(st.just(False)),
    window=_rarely(st.sampled_from(WINDOWS)),
    datastream_ids=_rarely(st.just([DATASTREAMS[0]])),
    **HOW,
)
CHOICES = st.one_of(
    _given(target_id=_often(70, 71)),
    _given(datastream_ids=st.sampled_from([[DATASTREAMS[0]], list(DATASTREAMS)]), target_id=_rarely(st.just(70))),
    _given(extract_places=st.lists(st.integers(0, 7), min_size=1, max_size=3), target_id=_rarely(st.just(70))),
)
OPTIONS = _given(
    force=_rarely(st.just(True)),
    limit=_rarely(st.sampled_from([1, 3])),
    state=_rarely(st.just("planned")),
    window=_rarely(st.sampled_from(WINDOWS)),
    backfill=_rarely(st.just("when_needed")),
    **HOW,
)
LOOKS = _given(target_id=_rarely(st.sampled_from(TARGETS)), wait=st.sampled_from([0, 0, 20, 90]), poll_interval=st.just(5))
REQUESTS = [f"{method} {number}" for method, most in (("GET", 8), ("PATCH", 3), ("POST", 4)) for number in range(1, most + 1)]
FAULT = st.dictionaries(st.sampled_from(REQUESTS), st.sampled_from(sorted(FAULTS)), min_size=1, max_size=2)
KILLED_AT = st.none() | st.integers(1, LAST_POINT)
ACTIVE = st.integers(0, 1)
BINDING = st.sampled_from(sorted(BINDINGS))
DATASTREAM = st.sampled_from(DATASTREAMS)
SECONDS_LATER = st.sampled_from([0.3, 1.0, 2.5, 7.0, 70.0])


def _tells_no_time_of_a_write(world):
    """Whether no answer tells when a binding was written, before something is sent: then ``Date`` is all there is, and nothing can show that it is wrong."""
    answers = world.get("answers", ())
    return "no_updated" in answers or (world.get("lag") and (world.get("old_updated") or "patch_untold" in answers))


WORLDS = st.fixed_dictionaries({"load_seconds": st.sampled_from([0.0, 3.0, 30.0])}, optional={
    "pace": st.sampled_from([0.05, 0.5, 1.0]), "enabled": st.sampled_from([[5001], [5001, 5002], [5004]]), "extracts": st.sampled_from([1, 4]),
    "page_size": st.sampled_from([2, 3]), "same_time": st.just(True), "old_updated": st.just(True), "minutes": st.just(True), "ties": st.just(True),
    "lag": st.sampled_from([1, 2]), "date_ahead": st.sampled_from([-5.0, 5.0, 30.0]),
    "answers": st.lists(st.sampled_from(sorted(SWITCHES)), min_size=1, max_size=2, unique=True),
}).filter(lambda world: not (world.get("date_ahead") and _tells_no_time_of_a_write(world)))  # fmt: skip


class Machine(RuleBasedStateMachine):
    """Each rule is a step of a history."""

    begin_history: ClassVar = None
    count: ClassVar[Counter] = Counter()

    def __init__(self):
        super().__init__()
        self.history = None

    @initialize(world=WORLDS)
    def init(self, world):
        self.history = self.begin_history(**world)

    def _step(self):
        self.count["steps"] += 1
        return self.history

    # Runs

    @rule(variables=VARIABLES, killed_at=KILLED_AT, rehearsed=st.booleans())
    def deploy(self, variables, killed_at=None, rehearsed=False):
        self._step().deploy(killed_at=killed_at, rehearsed=rehearsed, **self._variables(variables))

    @rule(variables=VARIABLES, faults=FAULT)
    def deploy_with_faults(self, variables, faults):
        self._step().deploy(faults=faults, **self._variables(variables))

    @rule(choice=CHOICES, options=OPTIONS, killed_at=KILLED_AT, rehearsed=st.booleans())
    def requeue(self, choice, options, killed_at=None, rehearsed=False):
        self._step().requeue(killed_at=killed_at, rehearsed=rehearsed, **self._options(choice, options))

    @rule(choice=CHOICES, options=OPTIONS, faults=FAULT)
    def requeue_with_faults(self, choice, options, faults):
        self._step().requeue(faults=faults, **self._options(choice, options))

    @rule(target_id=st.sampled_from(TARGETS), enabled=st.booleans(), killed_at=KILLED_AT, rehearsed=st.booleans())
    def switch(self, target_id, enabled, killed_at=None, rehearsed=False):
        self._step().switch(target_id, enabled, killed_at=killed_at, rehearsed=rehearsed)

    @rule(look=LOOKS, killed_at=_rarely(st.integers(1, LAST_POINT // 2)), rehearsed=st.booleans())
    def look(self, look, killed_at=None, rehearsed=False):
        """At once, or while time passes."""
        self._step().look(killed_at=killed_at, rehearsed=rehearsed, **look)

    @precondition(lambda self: len(self.history.active) < 2)
    @rule(look=LOOKS, points=st.integers(0, LAST_POINT // 2))
    def begin_look(self, look, points):
        self._step().begin("look", points, state_labels=LABELS, **look)

    @precondition(lambda self: len(self.history.active) < 2)
    @rule(variables=VARIABLES, points=st.integers(0, LAST_POINT))
    def begin_deploy(self, variables, points):
        self._step().begin("deploy", points, **self._variables(variables))

    @precondition(lambda self: len(self.history.active) < 2)
    @rule(choice=CHOICES, options=OPTIONS, points=st.integers(0, LAST_POINT // 2))
    def begin_requeue(self, choice, options, points):
        self._step().begin("requeue", points, **self._options(choice, options))

    @precondition(lambda self: self.history.active)
    @rule(number=ACTIVE, points=st.integers(1, LAST_POINT // 2))
    def go_on(self, number, points):
        self._step().go_on(number, points)

    @precondition(lambda self: self.history.active)
    @rule(number=ACTIVE, how=_often("kill", "orphan"))
    def stop(self, number, how):
        getattr(self._step(), how)(number)

    @rule(killed_at=_rarely(st.integers(1, 10)))
    def move_ledger(self, killed_at):
        self._step().move_ledger(killed_at)

    # People, retention, fetches, time

    @rule(seconds=SECONDS_LATER, ahead=st.sampled_from([0.0, 0.0, -90.0, 90.0]))
    def wait(self, seconds, ahead):
        self._step().wait(seconds)
        self.history.set_clock(ahead)

    @rule(datastream_id=DATASTREAM, count=st.sampled_from([1, 1, 3]), processing=st.sampled_from([0.0, 0.0, 0.0, 12.0, 60.0]))
    def fetch(self, datastream_id, count, processing=0.0):
        history = self._step()
        rows = history.service.world.bindings.values()
        # What nobody can see stands on the ledger's page: that of another binding explains any load, and a load that is shown late looks like none.
        is_hidden = any(row["enabled"] for row in rows if row["datastream_id"] == datastream_id)
        is_hidden = is_hidden or history.service.simulator.switches["requeue_processing"] != "at_once"
        history.fetch(datastream_id, count, 0.0 if is_hidden else processing)

    @rule(binding_id=BINDING, between=st.sampled_from([None, *DATASTREAMS]), seconds=SECONDS_LATER)
    def switch_by_hand(self, binding_id, between, seconds):
        """Once, or twice with an extract in between."""
        history = self._step()
        history.wait(seconds)
        history.switch_by_hand(binding_id)
        if between:
            history.wait(seconds)
            history.fetch(between)
            history.wait(seconds)
            history.switch_by_hand(binding_id)

    @rule(binding_id=BINDING)
    def assign_again(self, binding_id):
        self._step().assign_again(binding_id)

    @rule(place=st.integers(0, 9))
    def delete(self, place):
        self._step().delete(place)

    @rule(place=st.integers(0, 9), binding_id=_rarely(BINDING))
    def fail(self, place, binding_id):
        self._step().fail(place, binding_id)

    @rule(place=st.integers(0, 9), target_id=st.sampled_from(TARGETS), look=LOOKS)
    def fail_to_load(self, place, target_id, look):
        """An extract is sent, its load fails, and somebody looks."""
        history = self._step()
        history.fail(place)
        if history.listed:
            history.requeue(extract_ids=[history.extract_at(place)], target_id=target_id, force=True)
        history.look(**look)

    @rule(what=st.sampled_from(SPOILED), place=st.integers(0, 9))
    def spoil(self, what, place):
        """Something turns bad, until it is mended."""
        numbers = {"refuse": [place], "refuse_binding": sorted(BINDINGS), "close_binding": sorted(BINDINGS)}.get(what, DATASTREAMS)
        getattr(self._step(), what)(numbers[place % len(numbers)])

    @precondition(lambda self: self.history.service.unhealthy)
    @rule()
    def mend(self):
        self._step().mend()

    @precondition(lambda self: not self.history.active and not self.history.service.unhealthy)
    @rule(target_id=st.sampled_from(TARGETS))
    def settle(self, target_id):
        self._step().settle(target_id)

    def teardown(self):
        if self.history is not None:
            try:
                if sys.exc_info()[0] is None:  # a step that failed is what there is to tell
                    self.history.end()
                self.count.update(self.history.count, histories=1)
            finally:
                self.history.close()

    def _variables(self, variables):
        window = variables.get("window", (None, None))
        bounds = {"backfill_from": window[0], "backfill_to": window[1]}
        return {name: value for name, value in {**variables, **bounds, "window": None}.items() if value is not None}

    def _options(self, choice, options):
        window = options.get("window", (None, None))
        chosen = {**choice, **options, "created_from": window[0], "created_to": window[1], "window": None}
        places = chosen.pop("extract_places", None)
        if places is not None:
            chosen.update(extract_ids=sorted({self.history.extract_at(place) or 1 for place in places}), created_from=None, created_to=None)
            if chosen.get("target_id") is None:
                chosen["backfill"] = None  # it is decided by binding, and refused where none is named
        return {name: value for name, value in chosen.items() if value is not None}


# A run is worth something only where all of this happens.
HAPPENS = ("killed", "fetched", "switched by hand", "assigned again", "moved", "rehearsed", "ended well", "judged for what is healthy", "AdverityError",
           "failing", "loaded, claimed", "failed, claimed", "unconfirmed, claimed", "loading, claimed")


def test_any_history(begin_history, monkeypatch):
    until, count = time.monotonic() + SECONDS, Counter()
    monkeypatch.setattr(Machine, "begin_history", staticmethod(begin_history))
    monkeypatch.setattr(Machine, "count", count)
    profile = settings(
        max_examples=EACH_TIME, stateful_step_count=STEPS, database=None, deadline=None, print_blob=False,
        suppress_health_check=list(HealthCheck), phases=PHASES, report_multiple_bugs=False,
    )  # fmt: skip
    number = random.getrandbits(32) if SECONDS else 0  # without a time, the histories are always the same
    while time.monotonic() < until or not all(count[what] for what in HAPPENS):
        assert SECONDS or number < MOST_TIMES, count
        run_state_machine_as_test(seed(number)(Machine), settings=profile)
        number += 1
    print(dict(count))
