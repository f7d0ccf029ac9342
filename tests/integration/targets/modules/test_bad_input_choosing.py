# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad choices of bindings and extracts: each with its own message that says what is wrong, and nothing written."""

from __future__ import annotations

import pytest
from adverity_harness.refusals import UUID, ordinary_world, try_all
from adverity_harness.runs import module


def binding(**options):
    """A task that would enable bindings."""
    return module("binding", enabled=True, **options)


# A task, and words of its message.
CASES = {
    "nothing chosen": (binding(), "one of the following is required", "binding_ids, datastream_id, target_id"),
    "chosen by null": (binding(binding_ids=None, target_id=None), "one of the following is required"),
    "an empty list of bindings": (binding(binding_ids=[]), "binding_ids is empty"),
    "an empty list beside something": (binding(binding_ids=[], target_id=789), "binding_ids is empty"),
    "an unknown binding": (binding(binding_ids=[4711]), "binding_ids", "4711"),
    "an unknown binding beside known ones": (binding(binding_ids=[123, 4711, 124]), "binding_ids", "4711"),
    "a binding that is not available": (binding(binding_id=140), "binding_ids", "140"),
    "a binding of another destination": (binding(binding_ids=[123, 55], target_id=789), "target_id 789", "55"),
    "a binding of another datastream": (binding(binding_id=124, datastream_id=456), "datastream_id 456", "124"),
    "an unknown destination": (binding(target_id=4711), "No binding found", "4711"),
    "an unknown datastream": (binding(datastream_id=4711), "No binding found", "4711"),
    "a UUID for a binding": (binding(binding_ids=[UUID]), UUID, "is a UUID", "integer id"),
    "a UUID for a datastream": (binding(datastream_id=UUID), UUID, "is a UUID", "datastream_id"),
    "a UUID for a destination": (binding(target_id=UUID), UUID, "is a UUID", "target_id"),
    "a name for a destination": (binding(target_id="BigQuery"), "target_id", "BigQuery", "positive whole number"),
    "zero for a binding": (binding(binding_ids=[0]), "binding_ids", "positive whole number"),
    "a negative id": (binding(binding_ids=[123, -5]), "binding_ids", "-5", "positive whole number"),
    "a fraction for an id": (binding(target_id=789.5), "target_id", "789.5", "positive whole number"),
    "true for an id": (binding(target_id=True), "target_id", "positive whole number"),
    "an id beyond all bounds": (binding(target_id=10**30), "target_id", "positive whole number"),
    "neither enabled nor disabled": (module("binding", target_id=789), "missing required arguments", "enabled"),
    "enabled by a word": (module("binding", target_id=789, enabled="perhaps"), "enabled", "perhaps"),
    "a misspelt option": (binding(target_id=789, target_ids=[789]), "target_ids", "Unsupported parameters"),
    "extracts of nothing": (module("extract_info"), "missing required arguments", "datastream_ids"),
    "extracts of an empty list": (module("extract_info", datastream_ids=[]), "datastream_ids is empty"),
    "extracts of a UUID": (module("extract_info", datastream_id=UUID), UUID, "is a UUID"),
    "the newest none": (module("extract_info", datastream_id=456, limit=0), "limit", "at least 1"),
    "extracts from no date": (module("extract_info", datastream_id=456, created_from="yesterday"), "created_from", "yesterday", "2024-01-15"),
    "extracts of no day": (module("extract_info", datastream_id=456, created_to="2024-02-30"), "created_to", "day is out of range"),
    "bounds the wrong way round": (
        module("extract_info", datastream_id=456, created_from="2025-02-01", created_to="2025-01-31"),
        "created_from",
        "later than",
    ),
    "bindings of an empty list": (module("binding_info", binding_ids=[]), "binding_ids is empty"),
    "a ledger's empty list": (module("requeue_info", datastream_ids=[]), "datastream_ids is empty"),
    "a ledger by two ways": (module("requeue_info", extract_ids=[1], datastream_ids=[456]), "mutually exclusive", "extract_ids", "datastream_ids"),
    "a ledger's unknown destination": (module("requeue_info", target_id=4711), "No binding found", "4711"),
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
