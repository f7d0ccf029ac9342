# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's decisions over any history: runs of it (also killed ones), others who enable and disable, and a datastream that goes on fetching.

No extract is sent twice into a binding, none that the binding loaded by itself is sent, and everything from before is sent in the end. The times
that the service tells are exact here. What nobody can know is left out: see ``Story.switch``.
"""

from __future__ import annotations

import json
import re
import tempfile

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.story import FETCHES, RUNS, SWITCHES, TARGET, Story
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


@prove(120)
@given(st.lists(RUNS | FETCHES | SWITCHES, min_size=1, max_size=9))
@example([("run", 6, "when_needed"), ("fetch", 1), ("run", None, "when_needed")])
@example([("run", None, "when_needed"), ("fetch", 1), ("switch", 1), ("fetch", 1), ("run", 11, "when_needed"), ("fetch", 1)])
@example([("run", None, "when_needed"), ("switch", 1), ("fetch", 1), ("switch", 1), ("fetch", 1), ("run", None, "always")])
def test_any_history(steps):
    with tempfile.TemporaryDirectory() as folder:
        story = Story(folder)
        for what, *how in steps:
            getattr(story, what)(*how)
            story.check()
        story.run()
        story.check()
        assert set(story.history) <= set(story.service.loads)
        assert all(row["enabled"] for row in story.service.bindings.values())
        # And again: nothing is left to do.
        before = (list(story.service.loads), len(story.service.writes))
        story.run()
        assert (story.service.loads, len(story.service.writes)) == before


def test_the_sequence_is_that_of_the_role():
    """What these tests run in place of the role has the role's modules and filters in the role's order."""
    role = in_process.ROOT / "roles" / "deploy_destination" / "tasks" / "main.yml"
    text = role.read_text(encoding="utf-8")
    called = []
    story = Story(tempfile.gettempdir())

    def call(name, **options):
        called.append(name)
        answers = {
            "adverity_binding_info": {"bindings": list(story.service.bindings.values())},
            "adverity_requeue_info": {"backfills": []},
            "adverity_binding": {"bindings": []},
            "adverity_ledger": {"known": True, "moved": [], "ansible_facts": {}},
        }
        json.dumps(options)
        return answers.get(name, {})

    in_process.deploy(call, TARGET, ledger="-", facts={})
    assert re.findall(r"__deploy_destination_state: (\w+)", text) == ["planned", "requeued"]
    order = re.findall(r"adverity\.management\.(adverity_\w+):|include_tasks: (\w+_to_\w+)\.yml", text)
    assert [name or "adverity_ledger" for name, _file in order] == called
    assert [file for _name, file in order if file] == ["facts_to_ledger", "ledger_to_facts", "ledger_to_facts"]

    # Without the facts: the same, but for what carries the ledger.
    with_facts = [name for name in called if name != "adverity_ledger"]
    called.clear()
    in_process.deploy(call, TARGET, ledger="-")
    assert called == with_facts
