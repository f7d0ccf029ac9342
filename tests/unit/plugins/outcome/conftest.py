# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes of what becomes of loads."""

from __future__ import annotations

import pytest


@pytest.fixture(name="begin")
def fixture_begin(begin):
    """Begins a scene: begin(world(extracts=4), load_seconds=100)."""
    from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import LoadScene, world

    return lambda data=None, **more: begin(data or world(), LoadScene, **more)
