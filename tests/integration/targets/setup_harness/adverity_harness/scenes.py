# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scene: the service in a world, and a controller that talks to it. As a plugin of pytest, this file has the fixture that opens scenes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .observed_api import ObservedApi
from .place import collections_path, load_simulator
from .runs import LONGEST, Controller, Row
from .world import World


class Scene(Controller, ObservedApi):
    """A controller with its service: the simulator, in this process, so that a test can look into it and script its faults."""

    def __init__(self, folder: Path, collections: Path, world: World, service: Any) -> None:
        Controller.__init__(self, folder, collections, service.url)
        ObservedApi.__init__(self, world, service)

    def release(self) -> None:
        """Let go what the service holds, after its sender was killed, and wait until that is done."""
        self.service.release()
        limit = time.monotonic() + LONGEST
        while any(row["status"] is None for row in self.service.requests):
            assert time.monotonic() < limit, "the service still holds a request"
            time.sleep(0.005)


@contextlib.contextmanager
def open_scene(folder: Path, world: World, switches: Row | None = None, **options: Any) -> Iterator[Scene]:
    """Open a scene; `options` are those of the simulator."""
    with load_simulator().Simulator(world.data, switches, **options) as service:
        scene = Scene(folder / "controller", collections_path(folder / "collections"), world, service)
        try:
            yield scene
        finally:
            scene.check_manners()


@pytest.fixture(name="begin")
def fixture_begin(tmp_path):
    """Opens scenes that end with the test: ``begin(world, switches={...})``."""
    with contextlib.ExitStack() as stack:
        yield lambda world, **options: stack.enter_context(open_scene(tmp_path / f"scene{len(list(tmp_path.iterdir()))}", world, **options))
