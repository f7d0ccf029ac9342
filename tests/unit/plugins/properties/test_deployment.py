# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promise over any history of a team's two destinations; what may happen in one, and what has to be true, stands in ``story``.

``ADVERITY_HISTORIES=3600 pytest -s tests/unit/plugins/properties/test_deployment.py -k any_history`` makes up other histories for an hour, says how many,
and shrinks the first one that fails. ``FOUND`` holds what was found so.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.story import LAST_POINT, Story, Teller
from hypothesis import given, seed
from hypothesis import strategies as st

HISTORIES = st.randoms(use_true_random=False).map(lambda random: Teller(random).history())
EACH_TIME = 60  # histories
SECONDS = float(os.environ.get("ADVERITY_HISTORIES", 0))

SWITCHED_TWICE = [("wait", 1.0), ("hand", 5), ("fetch", 1), ("wait", 1.0), ("hand", 5)]
FOUND = {
    "all extracts of which it is unknown whether they are loaded are bad": (
        {"undated": True, "most_rows": 1, "enabled": [5]},
        [
            (
                "pair",
                {"target_id": 70, "kind": "disable", "events": {14: [("wait", 1.0), ("hand", 5), ("fetch", 1), ("hand", 5)]}},
                {"target_id": 70, "kind": "requeue", "events": {0: [("fetch", 1), ("vanish", 2)]}},
                [33],
            ),
            ("fetch", 1),
            ("pair", {"target_id": 70, "events": {36: [("vanish", 2)], 37: [("spoil", 4)]}}, {"target_id": 70, "events": {22: [("vanish", 0)]}}, []),
            ("spoil", 3),
        ],
    ),
    "a refused extract is tried once more after everything was sent, and the answer is lost": (
        {},
        [
            ("run", {"target_id": 71, "events": {20: [("fetch", 1), ("spoil", 4)]}}),
            ("settle",),
            ("run", {"target_id": 70, "kind": "requeue", "faults": {3: "lost after", 5: "lost before"}}),
        ],
    ),
    "disabled, then enabled in the second of the reading by a run that was killed, and the list does not tell the state": (
        {"hidden": ["enabled"], "pace": 0.05},
        [("run", {"kind": "disable", "target_id": 71}), ("wait", 1.0), ("run", {"ends": ("killed", 16), "target_id": 71}), ("fetch", 1)],
    ),
    "enabled by a run that was killed, and again by the next one in the same second": (
        {"fine": ["updated", "created"], "hidden": ["enabled"], "pace": 0.05},
        [
            ("run", {"ends": ("killed", 19), "target_id": 70}),
            ("fetch", 1),
            ("run", {"ends": ("killed", 17), "target_id": 70}),
            ("pair", {"target_id": 70}, {"events": {5: [("fetch", 1)]}, "target_id": 71}, []),
        ],
    ),
    "enabled by a run that was killed, in the second of the last change, and a requeue comes next": (
        {"hidden": ["enabled"], "pace": 0.05},
        [
            ("run", {"ends": ("killed", 21), "faults": {3: "lost after", 4: "lost before"}, "target_id": 71}),
            ("run", {"events": {2: [("fetch", 1)]}, "kind": "requeue", "target_id": 71}),
        ],
    ),
    "a window, of extracts that do not tell their time": (
        {"enabled": [5], "undated": True},
        [
            ("run", {"kind": "requeue", "limit": 1, "target_id": 70, "ends": ("killed", 20)}),
            ("run", {"created_from": 3, "on_refused": "skip", "target_id": 70}),
        ],
    ),
    "disabled by a run that was killed, and the list does not tell the state": (
        {"hidden": ["enabled", "updated"], "enabled": [5]},
        [
            ("run", {"target_id": 70}),
            ("pair", {"target_id": 71}, {"target_id": 70, "kind": "role off", "events": {13: [("fetch", 1)]}, "ends": ("killed", 13)}, [12, 20, 15, 0, 11]),
            ("run", {"target_id": 70}),
        ],
    ),
    "both extracts of a datastream are bad": ({"enabled": [5]}, [("spoil", 1), ("run", {"target_id": 70, "events": {4: [("spoil", 3)]}})]),
    "enabled by a run that was killed, in the second of the last change, and the list does not tell the state": (
        {"pace": 0.05, "hidden": ["enabled"], "enabled": [5]},
        [("run", {"target_id": 70, "kind": "requeue"}), ("run", {"target_id": 70, "ends": ("killed", 17)}), ("fetch", 1)],
    ),
    "the list does not tell the state, nor the answer the time": (
        {"pace": 0.05, "untold": ["updated"], "hidden": ["enabled"]},
        [("run", {"target_id": 70, "created_from": 3}), ("fetch", 2)],
    ),
    "enabled by somebody between two tasks of the role": (
        {"pace": 1.0},
        [("pair", {"target_id": 70, "on_unknown": "skip"}, {"target_id": 70, "kind": "enable"}, [3]), ("fetch", 1)],
    ),
}


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


def tell(world, steps):
    """A history from its beginning to its end. Returns what was in it, counted."""
    with tempfile.TemporaryDirectory() as folder, Story(folder, **world).told() as story:
        for what, *how in steps:
            getattr(story, what)(*how)
            story.check()
        story.end()
        return story.count


@pytest.mark.parametrize("case", list(FOUND))
def test_what_was_found(case):
    tell(*FOUND[case])


def at_every_point(history):
    """Histories of a run in which something happens at a point: for every point of the run, until it comes too late."""
    for point in range(2 * LAST_POINT):
        try:
            if tell(*history(point))["late"]:
                assert point > LAST_POINT // 4
                return
        except AssertionError as error:
            raise AssertionError(f"at point {point}: {error}") from error
    raise AssertionError("the run has no end")


@pytest.mark.parametrize("world", [{"pace": 0.3}, {"pace": 1.0, "most_rows": 1}, {"pace": 0.3, "fine": ["created"]}], ids=["seconds", "pages", "fractions"])
def test_switched_by_hand_at_every_point(world):
    """Off, an extract comes, on again; while a run goes through the history for the second time."""
    at_every_point(lambda point: (world, [("run", {"target_id": 70}), ("run", {"target_id": 70, "backfill": "always", "events": {point: SWITCHED_TWICE}})]))


def test_fetched_at_every_point_of_a_disabling():
    """Of what comes in the second of the reading, and in the second of the change, nobody knows."""
    disabling = {"target_id": 70, "kind": "role off"}
    at_every_point(lambda point: ({"pace": 0.7}, [("run", {"target_id": 70}), ("wait", 3.0), ("run", dict(disabling, events={point: [("fetch", 1)]}))]))


def test_killed_at_every_point_and_then_everything_vanishes():
    """What is unknown, and no longer listed, does not stop every later run."""
    gone = [("vanish", 0)] * 5
    at_every_point(lambda point: ({"pace": 0.3}, [("run", {"target_id": 71, "batch_size": 2, "ends": ("killed", point)}), *gone, ("fetch", 1)]))


def test_started_again_at_every_point_of_an_orphan():
    """ansible-playbook is killed alone, the module that it started goes on, and somebody starts the role again at once."""
    orphan = {"target_id": 70, "batch_size": 2}
    at_every_point(
        lambda point: ({"pace": 0.3}, [("pair", dict(orphan, ends=("orphaned", point)), {"target_id": 70, "events": {3: [("fetch", 1)]}}, [point + 1])])
    )


def test_any_history():
    started, number, count = time.monotonic(), 0, Counter()
    while not number or time.monotonic() - started < SECONDS:
        # Numbers that nobody chose; without a limit always the same ones.
        @seed(number if not SECONDS else time.time_ns())
        @prove(EACH_TIME, derandomize=not SECONDS)
        @given(HISTORIES)
        def prop(history):
            count.update(tell(*history), histories=1)

        prop()
        number += 1
    print(dict(count))
    # It is worth something only where all of it happens.
    assert all(count[what] > 2 for what in ("whole", "killed", "orphaned", "hand", "AdverityError", "nothing to do", "dispatched", "requeue")), count
