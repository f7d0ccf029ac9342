# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugin with which run_tests.sh starts pytest: fixtures for all targets, and which tests stay together."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from .scenes import Scene, open_scene
from .worlds import World


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Keep the tests that share a run of their file in one worker; all others go where there is time."""
    for item in items:
        used = (item._fixtureinfo.name2fixturedefs[name][-1] for name in item.fixturenames if name in item._fixtureinfo.name2fixturedefs)
        if any(fixture.scope == "module" for fixture in used):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(name="begin")
def fixture_begin(tmp_path):
    """Opens scenes that end with the test: ``begin(world, switches={...})``."""
    with ExitStack() as stack:

        def begin(world: World, **options: Any) -> Scene:
            folder = tmp_path / f"scene{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(open_scene(folder, world, **options))

        yield begin
