# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process


@pytest.fixture(name="begin_demo")
def fixture_begin_demo(begin):
    """Begins scenes of the simulator's default world, with its key for everything."""

    def begin_demo(**switches):
        scene = begin(SimpleNamespace(data=in_process.import_simulator().default_world("2026-03-10T12:00:00Z")), **switches)
        scene.options.update(api_key=in_process.KEY, retries=0)
        return scene

    return begin_demo
