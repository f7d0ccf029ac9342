# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes for the tests of the contract."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import open_scene


@pytest.fixture(name="begin")
def fixture_begin(tmp_path, monkeypatch):
    """Opens scenes that end with the test: ``begin(world, extract_bounds="exclusive")``."""
    in_process.spare_the_disk(monkeypatch.setattr)
    with contextlib.ExitStack() as stack:
        yield lambda world, **switches: stack.enter_context(open_scene(tmp_path, world, **switches))
