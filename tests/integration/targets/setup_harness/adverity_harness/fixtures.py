# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugin with which run_tests.sh starts pytest: fixtures for all targets."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from .scenes import Scene, open_scene
from .worlds import World


@pytest.fixture(name="begin")
def fixture_begin(tmp_path):
    """Opens scenes that end with the test: ``begin(world, switches={...})``."""
    with ExitStack() as stack:

        def begin(world: World, **options: Any) -> Scene:
            folder = tmp_path / f"scene{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(open_scene(folder, world, **options))

        yield begin
