# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes in which destinations and assignments are named."""

from __future__ import annotations

import pytest


@pytest.fixture(name="begin")
def fixture_begin(begin):
    """Begins a scene: begin(target_names="unique")."""
    from ansible_collections.adverity.management.tests.unit.plugins.destinations.scene import NamedScene, world

    return lambda **switches: begin(world(), NamedScene, **switches)
