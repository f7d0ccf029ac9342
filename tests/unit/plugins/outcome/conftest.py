# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes of what becomes of loads."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import LoadScene, world


@pytest.fixture(name="begin")
def fixture_begin(tmp_path, monkeypatch):
    """Begins a scene: begin(world(extracts=4), load_seconds=100)."""
    in_process.spare_the_disk(monkeypatch.setattr)
    with contextlib.ExitStack() as stack:
        yield lambda data=None, **more: stack.enter_context(LoadScene(tmp_path, data or world(), **more))
