# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which extracts go into which bindings. What is named and not there: contract/test_refusals.py."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.plugins.module_utils._requeue import select
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import EXTRACTS
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import created, world


@pytest.fixture(name="scene")
def fixture_scene(begin_requeues):
    """Datastreams 1 to 3 with two extracts and three bindings each: to destinations 2 and 3, which are enabled, and to 1."""
    return begin_requeues(world(datastreams=3, extracts=2, enabled=(2, 3), disabled=(1,)))


@pytest.mark.parametrize(
    ("options", "listed", "sent"),
    [
        ({"datastream_ids": [1]}, [1], [([12, 13], [101, 102])]),
        ({"datastream_ids": [2, 1, 2], "target_id": 2}, [2, 1], [([22], [201, 202]), ([12], [101, 102])]),
        ({"datastream_ids": [1], "binding_ids": [13, 12]}, [1], [([12, 13], [101, 102])]),
        ({"datastream_ids": [1], "binding_ids": [13], "target_id": 3}, [1], [([13], [101, 102])]),
        ({"target_id": 2}, [1, 2, 3], [([12], [101, 102]), ([22], [201, 202]), ([32], [301, 302])]),
        ({"binding_ids": [32, 12, 13]}, [1, 3], [([12, 13], [101, 102]), ([32], [301, 302])]),
        ({"extract_ids": [202, 101, 202]}, [], [(None, [101, 202])]),
        ({"extract_ids": [102, 101, 102], "binding_ids": [12]}, [1], [([12], [101, 102])]),
        ({"extract_ids": [201, 101], "target_id": 2}, [1, 2], [([12], [101]), ([22], [201])]),  # nothing is missing any more
        ({"extract_ids": [101], "backfill": "never"}, [], []),
        ({"datastream_ids": [1], "created_from": created(2), "created_to": created(2)}, [1], [([12, 13], [102])]),
    ],
    ids=str,
)
def test_options_choose_bindings_and_extracts(scene, options, listed, sent):
    scene.send(**options)
    assert [(body.get("binding_ids"), body["extract_ids"]) for body in scene.posts()] == sent
    assert [int(dict(row["query"])["datastream_id"]) for row in scene.requests("GET", EXTRACTS)] == listed


@pytest.mark.parametrize(
    ("options", "locked"),
    [
        ({"datastream_ids": [1]}, [11, 12, 13]),  # which of them are enabled is decided under the lock
        ({"datastream_ids": [1], "binding_ids": [12]}, [12]),
        ({"target_id": 2}, [12, 22, 32]),
        ({"extract_ids": [101]}, [11, 12, 13, 22, 32, 99]),  # any binding may be among all that are enabled
    ],
    ids=str,
)
def test_run_locks_all_bindings_that_are_selected(scene, options, locked):
    for binding_id in (11, 12, 13, 22, 32, 99):
        with scene.open_ledger(WRITE) as other:
            other.take_turn([binding_id])
            assert scene.send(backfill="never", ledger_wait=0, **options)["failed"] is (binding_id in locked), binding_id


FROM_THE_SECOND = {"created_from": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("bounds", "created_at", "in_window", "listed"),
    [
        ({}, None, True, True),
        ({}, "2026-01-01T00:00:00Z", True, True),
        (FROM_THE_SECOND, None, True, False),  # whether the API lists it is not known
        (FROM_THE_SECOND, "2026-01-01T00:00:00Z", False, False),
        (FROM_THE_SECOND, "2026-01-02T00:00:00Z", True, True),
    ],
)
def test_entry_of_the_ledger_is_selected_by_the_bounds_or_by_its_id(bounds, created_at, in_window, listed):
    names = ("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id")
    entry, request = Entry(5, 11, 456, created_at), select.Request(**{**dict.fromkeys(names), **bounds})
    assert (request.has_in_window(entry), request.selects(entry), request.would_list(entry)) == (in_window, in_window, listed)
    assert [request._replace(extract_ids=[each]).selects(entry) for each in (11, 12)] == [True, False]


@pytest.mark.parametrize(
    ("row", "sent", "is_remade"),
    [
        (BindingRow(4, 1, 2, 0), 1, True),
        (BindingRow(4, 1, 2, 0), 0, False),
        (BindingRow(4, 1, 3, 0), 1, False),  # of another destination
        (BindingRow(4, 2, 2, 0), 1, False),  # of another datastream
        (BindingRow(4, 1, None, 0), 1, False),
        (BindingRow(12, 1, 2, 0), 1, False),  # still there
    ],
)
def test_binding_is_in_place_of_one_that_is_gone_by_datastream_and_destination(scene, row, sent, is_remade):
    with scene.open_ledger(WRITE) as ledger:
        ledger.note({}, [row], [Entry(row.binding_id, 101, row.datastream_id, None)] * sent)
    warning = scene.send(target_id=2, datastream_ids=[1], backfill="when_needed")["warnings"][-1]
    assert warning.startswith("Assigned again: ") is is_remade
