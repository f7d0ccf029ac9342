# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service, and an AWX whose jobs talk to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from adverity_harness.worlds import World
from jobs import Awx


@pytest.fixture(name="world")
def fixture_world():
    """Two datastreams, of which destination 789 shall get the history of 60 and 3 extracts."""
    return World().datastream(456, extracts=60).binding(123, 456).datastream(457, extracts=3).binding(124, 457)


@pytest.fixture(name="scene")
def fixture_scene(begin, world):
    """The service."""
    return begin(world)


@pytest.fixture(name="awx")
def fixture_awx(tmp_path, scene):
    """An AWX whose jobs talk to that service. In the end the key stands in nothing that it keeps."""
    awx = Awx(tmp_path / "awx", scene)
    yield awx
    awx.check_secrets()
