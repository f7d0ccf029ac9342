# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes in which destinations and assignments are named."""

from __future__ import annotations

import contextlib

import pytest

# The collection is imported inside the fixture: pytest reads this file before pytest-ansible has told Python where the collection is.


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Begins a scene: begin(target_names="unique")."""
    from ansible_collections.adverity.management.tests.unit.plugins import in_process
    from ansible_collections.adverity.management.tests.unit.plugins.destinations.scene import NamedScene, world

    in_process.spare_the_disk(monkeypatch.setattr)
    with contextlib.ExitStack() as stack:
        yield lambda **switches: stack.enter_context(NamedScene(tmp_path, world(), switches))
