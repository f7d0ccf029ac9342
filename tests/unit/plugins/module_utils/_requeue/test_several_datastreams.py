# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in one datastream holds up nothing but what comes after it there: the others go on, and the run names it at its end."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Refused, Unfinished
from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import ALL_ENABLED
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import TARGET, day, ids_of

GROUPS = [[101, 102, 103], [201, 202, 203], [301, 302, 303], [401, 402, 403]]


@pytest.fixture
def scene(scene):
    """Datastreams 456 to 459, each with a binding to the same destination: 5, 7, 8, 9."""
    for datastream_id, binding_id, ids in zip((457, 458, 459), (7, 8, 9), GROUPS[1:]):
        scene.add_datastream(datastream_id, binding_id, ids)
    return scene


def flat(groups):
    return [each for group in groups for each in group]


def test_unknown_outcome_holds_up_what_comes_after_it_in_its_binding_alone(scene):
    scene.outcomes = [200] * 4 + ["lost"]
    ids = GROUPS[1]
    lost = scene.fails(target_id=TARGET, batch_size=1)
    assert scene.by_status() == {"dispatched": [each for each in flat(GROUPS) if each not in ids[1:]], "unknown": [ids[1]], "pending": [ids[2]]}
    assert (lost["unknown_extract_ids"], lost["remaining_extract_ids"]) == ([ids[1]], [ids[2]])
    assert "Datastream 457, binding 7: " in lost["msg"]
    # One more extract of each datastream: three are sent, the fourth waits.
    for place, group in enumerate(GROUPS):
        scene.add_extract(10 * group[0], day(20), 456 + place)
    new = [10 * group[0] for group in GROUPS if group is not ids]
    for check_mode in (True, False):
        result = scene.fails(check_mode=check_mode, target_id=TARGET)
        assert (result["requeued_extract_ids"], result["remaining_extract_ids"]) == (new, [ids[2], 10 * ids[0]])
        assert f"Not sent, because they come after these in the same binding: extracts {ids[2]}, {10 * ids[0]}." in result["msg"]
    assert scene.posted[-3:] == new
    # The user settles it, and the rest goes, in its order.
    assert scene.run(target_id=TARGET, on_unknown="dispatched")["requeued_extract_ids"] == [ids[2], 10 * ids[0]]


def test_what_is_done_is_recorded_as_complete_by_binding(scene):
    scene.outcomes = ["lost"]
    scene.fails(target_id=TARGET)
    assert {each: history.completed_window for each, history in scene.histories().items()} == {5: None, 7: (None, None), 8: (None, None), 9: (None, None)}
    reads = len(scene.reads)
    result = scene.fails(target_id=TARGET, backfill="when_needed")
    assert [row["action"] for row in result["bindings"]] == ["backfill", "done", "done", "done"]
    assert scene.reads[reads:] == ["/api/v1/bindings/", "/api/extracts/"]


@pytest.mark.parametrize(
    ("outcomes", "kind"),
    [
        ([500, 500, 200, 500], Unfinished),
        ([403, 403, 200, 403], Unfinished),
        ([500, 500, 500], Refused),
        ([403, 403, 403], Refused),
        ([200, 401], Refused),
        ([200, 407], Refused),
        ([200, 500, 401], Refused),
    ],
)
def test_failure_ends_the_run_where_it_concerns_the_key_or_the_third_datastream_in_succession(scene, outcomes, kind):
    scene.outcomes = list(outcomes)
    result = scene.fails(kind, target_id=TARGET)
    assert len(scene.posts) == len(outcomes)
    sent, unknown = (flat(group for group, outcome in zip(GROUPS, outcomes) if outcome == status) for status in (200, 500))
    rest = [each for each in flat(GROUPS) if each not in sent + unknown]
    expected = {"requeued": sent, "unknown": unknown, "remaining": rest}
    assert ids_of(result) == {name: ids for name, ids in expected.items() if ids}
    assert scene.by_status() == {status: ids for status, ids in {"dispatched": sent, "unknown": unknown, "pending": rest}.items() if ids}
    assert ("Request: load extracts " in result["msg"]) is (kind is Refused)
    assert ("It is the same for 3 datastreams in succession" in result["msg"]) is (len(set(outcomes)) == 1)
    # What is not in doubt is sent by the next run, once.
    assert scene.run(target_id=TARGET, on_unknown="skip")["requeued_extract_ids"] == rest


def test_datastream_with_several_bindings_fails_once(scene):
    """Three datastreams in succession end the run, not three requests."""
    for binding_id in (51, 52):
        scene.add_binding(binding_id, 456)
    scene.outcomes = [404, 500, 500, 500]
    assert sorted(scene.fails(target_id=TARGET)["requeued_extract_ids"]) == flat(GROUPS[1:])


# Lists that cannot be read


def test_datastream_whose_extracts_cannot_be_listed_is_named_and_the_others_go_on(scene):
    scene.run(target_id=TARGET, limit=1)
    scene.world.remove("extracts", 301)  # pending
    scene.unreadable = {457}
    for check_mode in (True, False):
        result = scene.fails(check_mode=check_mode, target_id=TARGET)
        assert result["requeued_extract_ids"] == [102, 103, 302, 303, *GROUPS[3]]
        assert "Datastream 457, binding 7: GET /api/extracts/ returned 500" in result["msg"]
        assert "Pending, but not in the API's list of extracts now: extracts 301 for binding 8." in result["msg"]
    histories = scene.histories()
    assert (histories[5].completed_window, histories[7].completed_window) == ((None, None), None)
    scene.unreadable = set()
    assert scene.run(target_id=TARGET)["requeued_extract_ids"] == GROUPS[1]


def test_extracts_that_are_named_are_sent_as_far_as_their_lists_can_be_read(scene):
    scene.unreadable = {457}
    result = scene.fails(target_id=TARGET, extract_ids=[301, 201])
    assert result["requeued_extract_ids"] == [301]
    assert "Extracts 201 are in none of the other lists, and were not sent." in result["msg"]


def test_extracts_that_are_named_alone_are_unknown_where_a_binding_may_have_loaded_them(scene):
    scene.run(target_id=TARGET)
    scene.simulator.change({"clock": {"forward": 60}})
    scene.simulator.fetch(456, 900)
    scene.simulator.change({"clock": {"forward": 60}})
    assert scene.run(target_id=TARGET, extract_ids=[900])["summary"][0]["loaded_by_itself"] == 1
    for check_mode in (True, False):
        result = scene.fails(check_mode=check_mode, extract_ids=[900, 9999])
        assert (result["unknown_extract_ids"], result["remaining_extract_ids"]) == ([900], [9999])
        assert "on_unknown: check" not in result["msg"]  # no request is lost, so that a check settles nothing
        assert "Look into the table at the destination" in result["msg"]
        assert "extracts 900 (possibly loaded automatically: a binding of their datastream was enabled, and neither binding_ids nor" in result["msg"]
    scene.unreadable = {456}
    result = scene.fails(extract_ids=[9999])
    assert result["unknown_extract_ids"] == [9999]
    assert "cannot be listed now" in result["msg"]


@pytest.mark.parametrize(("processing", "says"), [(GROUPS[0], True), ([102], False)])
def test_destination_that_seems_to_load_its_history_itself_is_named(scene, processing, says):
    for extract_id in processing:
        scene.world.extracts[extract_id]["state"] = "processing"
    result = scene.fails(target_id=TARGET)
    assert (result["unknown_extract_ids"], set(scene.posted).intersection(processing)) == (processing, set())
    assert ("Everything is being processed for binding 5: this destination seems to load its history automatically." in result["msg"]) is says


# Assignments that are made again


def test_binding_in_place_of_another_through_which_the_history_was_sent_is_left_alone(scene):
    scene.run(target_id=TARGET)
    posts = len(scene.posts)
    scene.world.remove("bindings", 5)
    scene.add_binding(50)
    for check_mode in (True, False):
        result = scene.run(check_mode, target_id=TARGET, backfill="when_needed")
        assert {row["binding_id"]: row["action"] for row in result["bindings"]} == {50: "left_alone", 7: "done", 8: "done", 9: "done"}
        [warning] = result["warnings"]
        assert warning.startswith("Assigned again: the history was sent into this destination before, through an assignment that no longer exists: ")
    scene.run(target_id=TARGET, backfill="always")
    assert [(post["binding_ids"], post["extract_ids"]) for post in scene.posts[posts:]] == [([50], GROUPS[0])]
    assert scene.run(target_id=TARGET, backfill="when_needed")["warnings"] == []


# What the list showed of an extract before its request


def labels(scene, binding_id):
    """{extract: label before each request}, "-" where none was recorded."""
    with scene.open_ledger() as ledger:
        found = sent.read(ledger, [binding_id], flat(GROUPS))
    return {one.extract_id: [event.label if event.has_label else "-" for event in one.events if event.is_request] for one in found}


def test_each_request_is_recorded_with_the_labels_of_its_extracts(scene):
    """A request that is split, a datastream that stops, and one after it: each extract keeps its own label."""
    scene.add_binding(6)
    for extract_id, state in {101: "imported", 103: "import_error", 203: "imported", 302: "imported"}.items():
        scene.world.extracts[extract_id]["state"] = state
    scene.world.refused = {102}
    scene.fails(target_id=TARGET, datastream_ids=[456, 457])
    for binding_id in (5, 6):
        assert {each: found for each, found in labels(scene, binding_id).items() if found} == {101: ["Loaded"], 103: ["Import Error"]}
    assert labels(scene, 7) == {201: ["Collected"], 202: ["Collected"], 203: ["Loaded"]}
    scene.outcomes = [500]
    scene.fails(datastream_ids=[458, 459], batch_size=1)
    assert (labels(scene, 8)[301], labels(scene, 9)) == (["Collected"], {each: ["Collected"] for each in GROUPS[3]})
    scene.run(extract_ids=[302], on_unknown="skip")
    assert labels(scene, ALL_ENABLED) == {302: ["-"]}
