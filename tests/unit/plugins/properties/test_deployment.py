# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promise over any history; see ``story``."""

from __future__ import annotations

import tempfile

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.story import STEPS, WORLDS, Story
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


def tell(world, steps):
    """A story from its beginning to its end. Returns what was in it, counted."""
    with tempfile.TemporaryDirectory() as folder, Story(folder, **world).told() as story:
        for what, *how in steps:
            getattr(story, what)(*how)
            story.check()
        story.end()
        return story.count


@prove(100)
@given(WORLDS, st.lists(STEPS, min_size=1, max_size=7))
def test_any_history(world, steps):
    tell(world, steps)
