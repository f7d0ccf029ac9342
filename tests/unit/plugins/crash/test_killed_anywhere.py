# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIGKILL at every point where the ledger changes or a request is sent, one after the other, then run again; in both stores.

What counts is the service's own record of loads: each extract once in each binding, unless the user asked for more, and at the end all of them.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest
from ansible_collections.adverity.management.tests.unit.plugins.crash.scene import in_doubt, scenes

EXTRACTS = [101, 103, 105, 107, 109]  # no neighbours: so a message names each
BINDINGS = [55, 123]
ALL = Counter((extract, binding) for extract in EXTRACTS for binding in BINDINGS)
BATCHES = [[101, 103], [105, 107], [109]]

NAMED = {"datastream_ids": [456], "binding_ids": BINDINGS, "batch_size": 2}
BARE = {"extract_ids": EXTRACTS, "batch_size": 2}
BUSY = {"method": "POST", "skip": 1, "status": {"code": 429, "headers": {"Retry-After": "0"}}}


OF_A_CHANGE = ["before", "before transaction", "begun", "before commit", "committed", "after"]
# Every batch passes the first ones; with its intention the batch before it is noted as dispatched. The last batch of all is noted by itself.
OF_A_BATCH = [*((moment, "intend") for moment in OF_A_CHANGE), *((moment, "POST /api/v1/extracts/requeue/") for moment in ("before", "after"))]
AT_THE_END = [(moment, "dispatched") for moment in OF_A_CHANGE]


@pytest.fixture
def scene(ledger_place):
    with scenes(ledger_place) as one:
        yield one


def world(enabled=True):
    workspace = "a0000000-0000-4000-8000-000000000001"
    return {
        "now": "2026-02-01T00:00:00Z",
        "keys": {"demo": {"key": "demo-key-0123456789", "workspace": workspace}},
        "workspaces": [{"id": workspace, "name": "Acme", "parent": None}],
        "datastreams": [{"id": 456, "workspace": workspace}],
        "targets": [{"id": 789}, {"id": 790}],
        "bindings": [
            {"id": 55, "datastream_id": 456, "target_id": 790, "enabled": enabled},
            {"id": 123, "datastream_id": 456, "target_id": 789, "enabled": enabled},
        ],
        "extracts": [{"id": one, "datastream_id": 456, "created": f"2025-01-{one - 100:02d}T05:00:00Z"} for one in EXTRACTS],
    }


def arrived(scene, extracts, binding=55):
    """A look into Adverity: whether these were loaded. Of one request all were, or none."""
    loaded = {(extract, binding) in scene.loads() for extract in extracts}
    assert len(loaded) == 1
    return loaded.pop()


def decide(scene, doubtful, way, **options):
    """The user sends those in doubt again, leaves them out, or does one of these after a look. Returns what is there twice, as was asked for."""
    there, both = arrived(scene, doubtful), Counter(itertools.product(doubtful, BINDINGS))
    on_unknown = way if way in ("requeue", "skip") else "skip" if there else "requeue"
    outcome = scene.run(on_unknown=on_unknown, **options)
    assert outcome.error is None
    if on_unknown == "skip":
        assert outcome.result["unknown_extract_ids"] == doubtful
        assert Counter(scene.loads()) == (ALL if there else ALL - both)  # everything else goes, each once
        if not there:
            assert scene.run(on_unknown="requeue", **options).result["requeued_extract_ids"] == doubtful
    return both if there and on_unknown == "requeue" else Counter()


def finish(scene, killed, way, **options):
    """Runs it again after a kill, until it is through. Returns what may be there twice, because the user asked for it."""
    doubtful, posts = killed.doubtful, len(scene.posts())
    again = scene.run(**options)
    if not doubtful:
        assert again.error is None
        return Counter()
    # It sends nothing, since all that is left comes after those in doubt, and names exactly these.
    assert len(scene.posts()) == posts
    assert again.facts["unknown_extract_ids"] == doubtful
    assert again.facts["remaining_extract_ids"] == [each for each in EXTRACTS if each > doubtful[-1]]
    named = re.findall(r"extracts ([\d, -]+?)(?: for binding \d+)? \(an earlier run", again.error)
    assert set(named) == {", ".join(map(str, doubtful))}
    return decide(scene, doubtful, way, **options)


def enumerate_kills(scene, begin, after_each, **options):
    """For every point there is: begin anew, kill there, and go on from it. Returns the points of a run that reaches none of them."""
    for number in itertools.count():
        begin()
        outcome = scene.run(kill_at=number, **options)
        if not outcome.killed:
            assert outcome.error is None
            assert len(outcome.points) == number
            return outcome.points
        after_each(outcome)
    raise AssertionError


@pytest.mark.parametrize("options", [NAMED, BARE], ids=["named bindings", "all enabled bindings"])
def test_killed_anywhere(scene, options):
    """Each way on is gone from the same kill, where that left something in doubt. (One way in PostgreSQL: the ways do not depend on the store.)"""

    def after_each(killed):
        ways = ["after a look"] if scene.in_postgresql or not killed.doubtful else ["requeue", "skip", "after a look"]
        for way in ways:
            if way != ways[0]:
                scene.begin(**world())
                killed = scene.run(kill_at=len(killed.points) - 1, **options)
            twice = finish(scene, killed, way, **options)
            loads = scene.loads()
            assert Counter(loads) == ALL + twice
            # Whatever came before, nothing more is ever sent.
            scene.run(on_unknown="skip", **options)
            assert scene.loads() == loads

    points = enumerate_kills(scene, lambda: scene.begin(**world()), after_each, **options)
    # The enumeration went through all three batches, each with all its points.
    passed = [(moment, what) for moment, what, extracts in points if what in {name for _moment, name in OF_A_BATCH + AT_THE_END}]
    assert passed == OF_A_BATCH * len(BATCHES) + AT_THE_END
    assert [extracts for moment, what, extracts in points if moment == "before" and what.startswith("POST")] == BATCHES


def test_killed_anywhere_around_a_refusal(scene):
    """The second request is answered with 429 first: the intention is taken back, and noted again."""

    def begin():
        scene.begin(**world())
        scene.simulator.fault(**BUSY)

    def after_each(killed):
        twice = finish(scene, killed, "after a look", **NAMED)
        assert Counter(scene.loads()) == ALL + twice

    points = enumerate_kills(scene, begin, after_each, **NAMED)
    assert [extracts for moment, what, extracts in points if (moment, what) == ("before", "intend")] == [BATCHES[0], BATCHES[1], BATCHES[1], BATCHES[2]]
    assert [moment for moment, what, extracts in points if what == "withdraw"] == OF_A_CHANGE


def test_killed_again_while_it_is_finished(scene):
    """A second kill, at a point of the run that finishes the first one; pairs of points, spread over all there are."""
    scene.begin(**world())
    count = len(scene.run(**NAMED).points)
    for first in range(count):
        scene.begin(**world())
        killed = scene.run(kill_at=first, **NAMED)
        there = killed.doubtful and arrived(scene, killed.doubtful)
        again = scene.run(kill_at=first * 7 % count, on_unknown="skip" if there else "requeue", **NAMED)
        left = in_doubt(killed, again)
        last = scene.run(**NAMED)
        assert last.facts.get("unknown_extract_ids", []) == left
        # Of two requests in doubt one may have arrived and one not: the user names what is to be sent.
        missing = [one for one in left if (one, 55) not in scene.loads()]
        if missing:
            scene.run(extract_ids=missing, binding_ids=BINDINGS, batch_size=2, on_unknown="requeue")
        scene.run(on_unknown="skip", **NAMED)
        assert Counter(scene.loads()) == ALL


class Fetching:
    """Bindings that are not enabled yet, while their datastream goes on fetching."""

    def __init__(self, scene):
        self.scene = scene

    def begin(self, *targets):
        self.scene.begin(**world(enabled=False))
        self.bindings = [number for number, row in self.scene.simulator.world.bindings.items() if row["target_id"] in targets]
        self.due = Counter(itertools.product(EXTRACTS, self.bindings))

    def fetch(self):
        """One more extract: it loads automatically where a binding is enabled by now, and is history where it is not."""
        here = self.scene.simulator.world
        number = here.next_id("extracts")
        here.put("extracts", {"id": number, "datastream_id": 456, "created": here.tick().strftime("%Y-%m-%dT%H:%M:%SZ")})
        here.tick()
        self.due.update((number, one) for one in self.bindings if not here.bindings[one]["enabled"])

    def wait(self):
        """A minute, for which a list may lag behind a write that was under way: until then it is unknown whether that was executed."""
        self.scene.simulator.change({"clock": {"forward": 60}})

    def check(self):
        """All that was due arrived, once, and nothing that loaded automatically."""
        assert Counter(self.scene.loads()) == self.due


DEPLOYED = {"work": "deploy", "target_id": 789, "batch_size": 2}


def test_the_deployment_killed_anywhere(scene):
    """Planned, enabled, requeued: killed at every point of all three and between them."""
    fetching = Fetching(scene)

    def finish(killed):
        fetching.fetch()
        fetching.wait()
        again = scene.run(**DEPLOYED)
        assert bool(again.error) == bool(killed.doubtful)
        if again.error:
            assert again.facts["unknown_extract_ids"] == killed.doubtful
            there = arrived(scene, killed.doubtful, 123)
            again = scene.run(on_unknown="dispatched" if there else "requeue", **DEPLOYED)
            assert again.error is None
        fetching.fetch()
        fetching.check()
        # And again: nothing is left to do, and nothing that loaded by itself is sent.
        posts = scene.posts()
        assert scene.run(**DEPLOYED).error is None
        assert scene.posts() == posts
        assert scene.simulator.world.bindings[55]["enabled"] is False

    points = enumerate_kills(scene, lambda: fetching.begin(789), finish, **DEPLOYED)
    patches = [number for number, (moment, what, _extracts) in enumerate(points) if what == "PATCH /api/v1/bindings/123/"]
    notes = [number for number, (moment, what, _extracts) in enumerate(points) if (moment, what) == ("committed", "note")]
    posts = [number for number, (moment, what, _extracts) in enumerate(points) if what.startswith("POST")]
    [write] = [number for number, (moment, what, _extracts) in enumerate(points) if (moment, what) == ("committed", "begin_write")]
    # Planned, recorded that it is about to be enabled, enabled, recorded when; and all extracts before the first of them is sent.
    assert len(patches) == 2
    assert notes[0] < write < patches[0] < patches[1]
    assert len([number for number in notes if patches[1] < number < posts[0]]) >= 2
    assert len(posts) == 2 * len(BATCHES)


@pytest.mark.parametrize("lost", [None, {"drop": "after"}], ids=["answered", "answer lost"])
def test_the_enabling_killed_anywhere(scene, lost):
    """Two bindings in a task of somebody's own playbook, and the requeue after it; also where the answer to the first PATCH is lost."""
    fetching = Fetching(scene)
    enabling = {"work": "adverity_binding", "binding_ids": BINDINGS, "enabled": True}
    planning = {"state": "planned", "binding_ids": BINDINGS}

    def begin():
        fetching.begin(789, 790)
        assert scene.run(**planning).error is None
        if lost:
            scene.simulator.fault(method="PATCH", **lost)

    def finish(killed):
        fetching.fetch()
        fetching.wait()
        assert scene.run(**enabling).error is None
        fetching.fetch()
        assert scene.run(binding_ids=BINDINGS, backfill="when_needed").error is None
        fetching.check()

    points = enumerate_kills(scene, begin, finish, **enabling)
    patched = [what for moment, what, _extracts in points if moment == "before" and what.startswith("PATCH")]
    assert patched == [f"PATCH /api/v1/bindings/{one}/" for one in BINDINGS]
