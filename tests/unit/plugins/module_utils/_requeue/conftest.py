# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes for requeues: the simulator in process, and a ledger in a file."""

from __future__ import annotations

import pytest

# The collection is imported inside the fixtures: see the conftest above.


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Makes a scene: begin(extracts=50, enabled=False)."""
    from ansible_collections.adverity.management.tests.unit.plugins import in_process
    from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import Scene

    in_process.spare_the_disk(monkeypatch.setattr)
    return lambda **options: Scene(tmp_path / "requeue.sqlite3", **options)


@pytest.fixture
def scene(begin):
    return begin()
