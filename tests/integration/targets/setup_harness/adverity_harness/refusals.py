# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many tasks that are all to be refused, tried in one run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .outcomes import Row
from .runs import Run, refused
from .scenes import Scene, open_scene
from .worlds import World

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"


def ordinary_world() -> World:
    """Return a world with four datastreams and two destinations; the bindings 55, 56 and 123 are enabled, 140 is not available."""
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True).binding(55, 456, target=790, enabled=True)
    world.datastream(457, extracts=3).binding(124, 457).binding(56, 457, target=790, enabled=True)
    return world.datastream(458, extracts=3).binding(125, 458).datastream(459).binding(140, 459, available=False)


@dataclass
class Tried:
    """What came of it: the scene, the run, and the failed results by the case's name."""

    scene: Scene
    run: Run
    failures: dict[str, Row]

    def check_told(self, name: str, *words: str) -> None:
        """Check that a case was refused, changed nothing, and has these words in a message of readable length."""
        assert name in self.failures, "it was not refused"
        failure = self.failures[name]
        for word in words:
            assert word in failure["msg"]
        assert len(failure["msg"]) < 800
        assert failure.get("changed", False) is False


@contextlib.contextmanager
def try_all(folder: Path, world: World, cases: Mapping[str, tuple[Any, ...]]) -> Iterator[Tried]:
    """Try the tasks, each the first thing in its case."""
    with open_scene(folder, world) as scene:
        run = scene.play([refused({**case[0], "name": name}) for name, case in cases.items()])
        failures = {one["task"]: one["result"] for one in run.outcomes if one["status"] == "failed"}
        yield Tried(scene, run, failures)
