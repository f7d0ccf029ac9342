# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A requeue records with each request what the API showed of its extracts before. That costs no request."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Unfinished
from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import (
    BINDING,
    DATASTREAM,
    NOW,
    add_binding,
    add_datastream,
    fails,
)

CLOCK = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=NOW)


def label(service, **labels):
    """Rows of extracts get these labels: x101="Loaded"."""
    rows = {row["id"]: row for some in service.extracts.values() for row in some}
    for name, text in labels.items():
        rows[int(name[1:])]["state_label"] = text


def baselines(service, place, binding_id=BINDING):
    """{extract: [label of each request]}, "-" where none was recorded, and the clocks of all."""
    ids = [row["id"] for some in service.extracts.values() for row in some]
    with place.open(LOOK, f"127.0.0.1:{service.server.port}") as ledger:
        found = sent.read(ledger, [binding_id], ids)
    labels = {one.extract_id: [event.label if event.has_label else "-" for event in one.events if event.is_request] for one in found}
    return labels, {event.clock for one in found for event in one.events if event.is_request}


def test_each_extract_has_the_label_that_the_list_showed(make_service, run, place):
    service = make_service(extracts=5)
    service.clock = 0
    label(service, x101="Loaded", x102="Collected", x103="Collected", x105=7)
    run(service, batch_size=3)
    assert baselines(service, place) == ({101: ["Loaded"], 102: ["Collected"], 103: ["Collected"], 104: [None], 105: [None]}, {None})
    assert [url.split("?")[0] for url in service.reads] == ["/api/v1/bindings/", "/api/extracts/"]


def test_the_clock_is_that_of_the_last_response_before_the_request(service, run, place):
    service.clock = 0
    run(service, extract_ids=[101], binding_ids=None, target_id=None)  # which reads nothing that has a clock
    assert baselines(service, place, ALL_ENABLED) == ({101: ["-"]}, {None})
    service.post = lambda request, _outcome, post=service.post: service.answer(
        200, {"message": "", "extract_ids": request.json["extract_ids"]}, headers=service.date()
    )
    run(service, batch_size=1, extract_ids=[102, 103], binding_ids=[BINDING])
    assert baselines(service, place) == ({102: [None], 103: [None]}, {None, CLOCK})


def test_extracts_that_are_named_for_a_binding_have_theirs(service, run, place):
    label(service, x101="Collected", x102="Loaded")
    run(service, extract_ids=[102], binding_ids=[BINDING])
    assert baselines(service, place)[0] == {102: ["Loaded"]}
    label(service, x102="Failed")
    run(service, extract_ids=[102], binding_ids=[BINDING], force=True)
    assert baselines(service, place)[0] == {102: ["Loaded", "Failed"]}


def test_several_datastreams_bindings_and_refusals(service, run, place):
    """A request that is split, a datastream that stops, and one after it: each extract keeps its own label."""
    ids = add_datastream(service, 457, 6, count=4)
    add_binding(service, 7)
    label(service, x101="Loaded", x102="Collected", x103="Failed", **{f"x{each}": f"State {each}" for each in ids})
    service.bad = {102}
    fails(run, Unfinished, service, datastream_ids=[DATASTREAM, 457])
    expected = {101: ["Loaded"], 103: ["Failed"]}
    for binding_id in (BINDING, 7):
        assert {each: labels for each, labels in baselines(service, place, binding_id)[0].items() if labels} == expected
    assert baselines(service, place, 6)[0] == {each: [f"State {each}"] for each in ids}


def test_after_a_stopped_datastream_the_next_one_has_its_labels(service, run, place):
    ids = add_datastream(service, 457, 6)
    label(service, **{f"x{each}": f"State {each}" for each in (101, 102, 103, *ids)})
    service.outcomes = [500]
    fails(run, Unfinished, service, datastream_ids=[DATASTREAM, 457], batch_size=1)
    assert baselines(service, place)[0] == {101: ["State 101"]}
    assert baselines(service, place, 6)[0] == {each: [f"State {each}"] for each in ids}


def test_more_labels_than_there_can_be_count_as_none(make_service, run, place):
    service = make_service(extracts=120)
    label(service, **{f"x{number}": f"State {number}" for number in range(102, 221)}, x101="x" * 100)
    run(service)
    labels = [found for (found,) in baselines(service, place)[0].values()]
    assert labels[0] in ("x" * 60, None)
    assert sum(found is not None for found in labels) == 49
    assert all(found in (None, "x" * 60, f"State {each}") for each, found in zip(range(101, 221), labels))


@pytest.mark.parametrize("text", ["Processing", "PROCESSING"])
def test_what_is_under_way_is_still_seen(service, run, text):
    label(service, x102=text)
    assert "Adverity is processing them" in fails(run, Unfinished, service)["msg"]
