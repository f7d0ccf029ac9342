# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad choices of what to load: each with its own message that says what is wrong, and nothing sent."""

from __future__ import annotations

import pytest
from adverity_harness.refusals import UUID, ordinary_world, try_all
from adverity_harness.runs import module

LOAD = dict(datastream_id=456, target_id=789)


def requeue(**options):
    """A task that would load extracts."""
    return module("requeue", **options)


# A task, and words of its message.
CASES = {
    "nothing to load": (requeue(batch_size=10), "one of the following is required", "extract_ids, datastream_ids"),
    "nothing to load, by null": (requeue(datastream_ids=None), "one of the following is required"),
    "no extracts": (requeue(extract_ids=[]), "extract_ids is empty"),
    "no datastreams": (requeue(datastream_ids=[]), "datastream_ids is empty"),
    "no bindings": (requeue(datastream_id=456, binding_ids=[]), "binding_ids is empty"),
    "extracts and datastreams": (requeue(extract_ids=[1], datastream_id=456), "mutually exclusive", "extract_ids", "datastream_ids"),
    "a binding of another destination to load into": (requeue(datastream_id=456, binding_ids=[123, 55], target_id=789), "target_id 789", "55"),
    "an unknown datastream to load": (requeue(datastream_ids=[4711], target_id=789), "datastream_ids", "4711"),
    "an unknown one beside a known one": (requeue(datastream_ids=[456, 4711]), "datastream_ids", "4711"),
    "an unknown extract": (requeue(extract_ids=[4711], binding_ids=[123]), "none of extract_ids"),
    "an unknown extract beside a known one": (requeue(extract_ids=[4560001, 4711], target_id=789), "extract_ids", "4711"),
    "an extract of another datastream": (requeue(extract_ids=[4570001], binding_ids=[123]), "none of extract_ids", "456"),
    "unknown bindings to load into": (requeue(datastream_id=456, binding_ids=[123, 4711]), "binding_ids", "4711"),
    "bindings of another datastream": (requeue(datastream_id=456, binding_ids=[123, 56]), "binding_ids", "datastream_id 456", "56"),
    "a binding for none of the extracts": (requeue(extract_ids=[4560001], binding_ids=[123, 56]), "binding_ids", "56"),
    "a disabled binding": (requeue(datastream_id=457, target_id=789), "Not enabled", "binding 124"),
    "no enabled binding": (requeue(datastream_id=458), "no enabled binding", "458"),
    "a datastream without that destination": (requeue(datastream_ids=[456, 458], target_id=790), "458", "target_id 790"),
    "a UUID for an extract": (requeue(extract_ids=[UUID]), UUID, "is a UUID"),
    "a UUID for a datastream to load": (requeue(datastream_ids=[456, UUID], target_id=789), UUID, "is a UUID"),
    "no extracts at a time": (requeue(**LOAD, batch_size=0), "batch_size", "1 to 50"),
    "too many extracts at a time": (requeue(**LOAD, batch_size=51), "batch_size", "1 to 50"),
    "no extracts at all": (requeue(**LOAD, limit=0), "limit", "at least 1"),
    "a limit that is no number": (requeue(**LOAD, limit="all"), "limit", "all"),
    "an unknown way on": (requeue(**LOAD, on_unknown="retry"), "on_unknown", "fail, requeue, skip", "retry"),
    "an unknown state": (requeue(**LOAD, state="present"), "state", "requeued, planned", "present"),
    "bounds for extracts": (requeue(extract_ids=[4560001], created_from="2025-01-01"), "mutually exclusive", "created_from"),
    "bounds for a load the wrong way round": (requeue(**LOAD, created_from="2025-02-01", created_to="2025-01-31"), "later than"),
    "a bound that is no time": (requeue(**LOAD, created_from="2025-01-01T25:00:00Z"), "created_from", "hour must be in"),
    "a way on that does not exist": (requeue(**LOAD, on_refused="ask"), "on_refused", "fail, skip"),
    "a relative ledger": (requeue(**LOAD, ledger="here/ledger"), "relative path", "here/ledger"),
}


@pytest.fixture(name="tried", scope="module")
def fixture_tried(tmp_path_factory):
    """All of them tried in one run."""
    with try_all(tmp_path_factory.mktemp("tried"), ordinary_world(), CASES) as tried:
        yield tried


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_and_the_message_says_why(tried, name):
    tried.check_told(name, *CASES[name][1:])


def test_nothing_was_written(tried):
    assert tried.scene.writes() == []
    assert tried.scene.enabled() == [55, 56, 123]
