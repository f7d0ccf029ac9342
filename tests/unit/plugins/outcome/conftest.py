# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes of what becomes of loads: the simulator in process, a ledger in a file."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import Scene, world


@pytest.fixture(name="simulator", scope="module")
def fixture_simulator():
    return in_process.import_simulator().Simulator(port=None)


@pytest.fixture(name="begin")
def fixture_begin(simulator, tmp_path, monkeypatch):
    """Begins a scene: begin(world(extracts=4), load_seconds=100)."""
    in_process.spare_the_disk(monkeypatch.setattr)
    return lambda data=None, **more: Scene(simulator, str(tmp_path / "requeue.sqlite3"), data or world(), **more)
