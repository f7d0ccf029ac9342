# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in one datastream holds up nothing but what comes after it there: the others go on, and the run names it at its end."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import BINDINGS, EXTRACTS
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import world

GROUPS = [[101, 102, 103], [201, 202, 203], [301, 302, 303], [401, 402, 403]]
ALL = [extract_id for group in GROUPS for extract_id in group]


@pytest.fixture(name="scene")
def fixture_scene(begin_requeues):
    """Datastreams 1 to 4, each with a binding to destination 2: 12, 22, 32, 42."""
    return begin_requeues(world(datastreams=4))


def test_history_that_is_sent_is_recorded_as_complete_by_binding(scene):
    scene.respond("lost")
    scene.send_and_fail(target_id=2)
    whole = (None, None)
    assert {each: history.completed_window for each, history in scene.histories().items()} == {12: None, 22: whole, 32: whole, 42: whole}
    scene.forget()
    result = scene.send_and_fail(target_id=2, backfill="when_needed")
    assert [row["action"] for row in result["bindings"]] == ["backfill", "done", "done", "done"]
    assert [row["path"] for row in scene.requests("GET")] == [BINDINGS, EXTRACTS]


@pytest.mark.parametrize(
    ("outcomes", "unfinished"),
    [
        ([500, 500, 200, 500], True), ([403, 403, 200, 403], True), ([500, 500, 500], False), ([403, 403, 403], False), ([200, 401], False),
        ([200, 407], False), ([200, 500, 401], False),
    ],
)  # fmt: skip
def test_failure_ends_the_run_where_it_concerns_the_key_or_the_third_datastream_in_succession(scene, outcomes, unfinished):
    scene.respond(*outcomes)
    result = scene.send_and_fail(unfinished=unfinished, target_id=2)
    assert len(scene.posts()) == len(outcomes)
    outcome_of = {extract_id: outcome for group, outcome in zip(GROUPS, outcomes) for extract_id in group}
    sent, unknown = ([each for each in ALL if outcome_of.get(each) == status] for status in (200, 500))
    rest = [each for each in ALL if each not in sent + unknown]
    assert [result[name + "_extract_ids"] for name in ("requeued", "unknown", "remaining")] == [sent, unknown, rest]
    statuses = scene.by_status()
    assert [statuses.get(status, []) for status in ("dispatched", "unknown", "pending")] == [sent, unknown, rest]
    assert ("Request: load extracts " in result["msg"]) is not unfinished
    assert ("It is the same for 3 datastreams in succession" in result["msg"]) is (len(set(outcomes)) == 1)
    assert scene.send(target_id=2, on_unknown="skip")["requeued_extract_ids"] == rest


def test_datastream_with_several_bindings_fails_once(scene):
    """Three datastreams in succession end the run, not three requests."""
    for binding_id in (15, 16):
        scene.add_binding(binding_id)
    scene.respond(404, 500, 500, 500)
    assert sorted(scene.send_and_fail(target_id=2)["requeued_extract_ids"]) == ALL[3:]


# Lists that cannot be read


def test_list_that_cannot_be_read_does_not_matter_where_all_extracts_that_are_named_are_in_others(scene):
    scene.service.fault(method="GET", path=EXTRACTS, skip=1, status={"code": 500})
    assert scene.send(target_id=2, extract_ids=[301])["requeued_extract_ids"] == [301]


@pytest.mark.parametrize("fault", [{"status": {"code": 401}}, {"status": {"code": 429}}, {"drop": "before"}], ids=str)
@pytest.mark.parametrize("options", [{}, {"extract_ids": [301]}], ids=str)
def test_list_that_cannot_be_read_for_a_reason_that_concerns_every_request_ends_the_run(scene, fault, options):
    scene.service.fault(method="GET", path=EXTRACTS, skip=1, **fault)
    assert "GET /api/extracts/" in scene.send_and_fail(unfinished=False, target_id=2, **options)["msg"]
    assert (len(scene.requests("GET", EXTRACTS)), scene.posts()) == (2, [])


@pytest.mark.parametrize(("processing", "says"), [(GROUPS[0], True), ([102], False)])
def test_destination_that_seems_to_load_its_history_automatically_is_named(scene, processing, says):
    scene.service.change({"edit": {"extracts": [{"id": each, "state": "processing"} for each in processing]}})
    result = scene.send_and_fail(target_id=2)
    assert result["unknown_extract_ids"] == processing
    assert not [each for batch in scene.sent() for each in batch if each in processing]
    assert "on_unknown: check" not in result["msg"]  # no request is lost, so that a check settles nothing
    assert ("Everything is being processed for binding 12: this destination seems to load its history automatically." in result["msg"]) is says


def test_each_request_is_recorded_with_the_labels_that_its_extracts_had_before(scene):
    """A request that is split, a datastream that stops, and one after it: each extract keeps its own label."""

    def labels(binding_id, *extract_ids):
        found = [event for each in extract_ids for event in scene.events(each, binding_id) if event.is_request]
        return [event.label if event.has_label else "-" for event in found]

    scene.add_binding(15)
    states = {101: "imported", 103: "import_error", 203: "imported", 302: "imported"}
    scene.service.change({"edit": {"extracts": [{"id": each, "state": state} for each, state in states.items()]}}, {"refuse": [102]})
    scene.send_and_fail(target_id=2, datastream_ids=[1, 2])
    assert [labels(binding_id, 101, 103) for binding_id in (12, 15)] == [["Loaded", "Import Error"]] * 2
    assert labels(22, 201, 202, 203) == ["Collected", "Collected", "Loaded"]
    scene.respond(500)
    scene.send_and_fail(datastream_ids=[3, 4], batch_size=1)
    assert (labels(32, 301), labels(42, *GROUPS[3])) == (["Collected"], ["Collected"] * 3)
    scene.send(extract_ids=[302], on_unknown="skip")
    assert labels(ALL_ENABLED, 302) == ["-"]
