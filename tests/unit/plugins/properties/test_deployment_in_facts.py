# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with its ledger in facts, over any history: jobs whose files are gone when they end, that are killed, and whose facts may be lost with them.

Nothing is sent twice into a binding. That all is sent in the end cannot be promised where facts are lost: then the role stops, and says so.
"""

from __future__ import annotations

import copy
import tempfile
from collections import Counter

import pytest
from ansible_collections.adverity.management.plugins.module_utils._errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.drawing import prove
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import Killed
from ansible_collections.adverity.management.tests.unit.plugins.properties.story import (
    BINDING_OF,
    FETCHES,
    STREAMS,
    SWITCHES,
    TARGET,
    Story,
)
from hypothesis import example, given
from hypothesis import strategies as st

WHEN = st.sampled_from(["when_needed", "when_needed", "always"])
JOBS = st.tuples(st.just("job"), st.none() | st.integers(0, 24), st.booleans(), WHEN, st.sampled_from(["fail", "skip"]))
CHECKS = st.tuples(st.just("check"))


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


class JobStory(Story):
    """A story of jobs. `facts` are what is kept of the host between them."""

    def __init__(self, folder):
        super().__init__(folder)
        self.facts = {}
        self._jobs = 0
        self.told = []

    def home(self):
        """Each job has a new one, without a ledger."""
        self._jobs += 1
        return "{0}{1}".format(self.ledger, self._jobs)

    def check(self):
        """A check begins a ledger, or notes how things stand, for whoever looks at what it tells."""
        ledger = self.home()
        found = self.call("adverity_binding_info", target_id=TARGET)["bindings"]
        given_fact = self.facts.get("adverity_ledger")
        self.call("adverity_ledger", fact=given_fact, learn=True, bindings=found, ledger=ledger)
        self.facts.update(self.call("adverity_ledger", fact=given_fact, bindings=found, as_fact=True, ledger=ledger).get("ansible_facts", {}))

    def job(self, kill_at=None, lost=False, backfill="when_needed", on_unknown="fail"):
        facts = copy.deepcopy(self.facts)
        self.service.kill_at = kill_at
        try:
            in_process.deploy(self.call, TARGET, backfill=backfill, ledger=self.home(), facts=facts, batch_size=2, on_unknown=on_unknown)
        except Killed:
            pass
        except AdverityError as error:
            self.told.append(str(error))
        finally:
            self.service.kill_at = None
        if not lost:
            self.facts = facts

    def switch(self, datastream_id):
        """Somebody enables or disables it, at any time."""
        row = self.service.bindings[BINDING_OF[datastream_id]]
        row.update(enabled=not row["enabled"], updated=self.service.tick())

    def check_loads(self):
        assert set(Counter(self.service.loads).values()) <= {1}, self.service.loads


@prove(200)
@given(st.lists(JOBS | CHECKS | FETCHES | SWITCHES, min_size=1, max_size=10))
@example(
    [("check",), ("job", 10, False, "when_needed"), ("fetch", 1), ("job", None, True, "when_needed"), ("job", None, False, "when_needed", "skip")]
)
@example([("check",), ("job", 13, False, "when_needed"), ("job", None, True, "when_needed"), ("job", None, False, "when_needed")])
@example([("check",), ("job", 15, True, "when_needed"), ("switch", 1), ("job", None, False, "when_needed")])
@example([("job", None, False, "when_needed"), ("check",), ("job", None, True, "when_needed"), ("job", None, False, "always")])
def test_nothing_is_sent_twice(steps):
    with tempfile.TemporaryDirectory() as folder:
        story = JobStory(folder)
        for what, *how in steps:
            # Somebody looked at what a check told, and at the destination: what was loaded by then is not loaded on purpose once more.
            if what == "check" and story.service.loads:
                continue
            getattr(story, what)(*how)
            story.check_loads()


@prove(60)
@given(st.lists(FETCHES, max_size=4), st.none() | st.integers(0, 24))
def test_where_no_facts_are_lost_all_is_sent_or_asked_about(fetches, kill_at):
    with tempfile.TemporaryDirectory() as folder:
        story = JobStory(folder)
        story.check()
        for _what, datastream_id in fetches:
            story.fetch(datastream_id)
        story.job(kill_at)
        story.job()
        story.check_loads()
        assert set(story.history) <= set(story.service.loads) or "It is not known whether" in "".join(story.told)


def test_job_after_job_with_nothing_but_facts_between_them():
    with tempfile.TemporaryDirectory() as folder:
        story = JobStory(folder)
        story.job()
        assert story.told[0].startswith("The facts of this host hold no ledger")
        assert story.service.writes == []
        story.check()
        story.job()
        assert sorted(story.service.loads) == sorted(story.history)
        for one in STREAMS:
            story.fetch(one)
        before = len(story.service.writes)
        story.job()
        story.job(backfill="always")
        assert len(story.service.writes) == before + 2  # with always: the two bindings are written to, and nothing is sent
        assert sorted(story.service.loads) == sorted(story.history)
