# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in one datastream holds up nothing but what comes after it there: the others go on, and the run names it at its end."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Refused, Unfinished
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import (
    TARGET,
    add_binding,
    add_datastream,
    day,
    fails,
    ids_of,
    known,
    now,
    posted,
    stand,
)

FIRST = [101, 102, 103]


@pytest.fixture
def place(sqlite_place):
    return sqlite_place


@pytest.fixture
def service(make_service):
    """Datastreams 456 to 459, each with a binding to the same destination: 5, 7, 8, 9."""
    service = make_service()
    service.ids = [FIRST, *(add_datastream(service, datastream_id, binding_id) for datastream_id, binding_id in ((457, 7), (458, 8), (459, 9)))]
    return service


def by_status(service, place):
    found = {}
    for (_binding, extract_id), status in stand(service, place).items():
        found.setdefault(str(status.value), []).append(extract_id)
    return {status: sorted(ids) for status, ids in found.items()}


@pytest.mark.parametrize("number", [0, 1, 3])
def test_an_unknown_outcome_holds_up_what_comes_after_it_in_its_binding_alone(service, run, place, number):
    service.outcomes = [200] * (3 * number + 1) + ["lost"]
    ids = service.ids[number]
    lost = fails(run, Unfinished, service, target_id=TARGET, batch_size=1)
    others = [each for some in service.ids if some is not ids for each in some]
    assert by_status(service, place) == {"dispatched": sorted([*others, ids[0]]), "unknown": [ids[1]], "pending": [ids[2]]}
    assert ids_of(lost) == {"requeued": [each for some in service.ids for each in some if each not in ids[1:]], "unknown": [ids[1]], "remaining": [ids[2]]}
    assert f"Datastream {456 + number}, binding " in lost["msg"]
    # One more extract of each datastream: three are sent, the fourth waits.
    new = [{"id": 10 * each[0], "created": day(20)} for each in service.ids]
    for rows, row in zip(service.extracts.values(), new):
        rows.append(row)
    posts = len(service.posts)
    for check_mode in (True, False):
        result = fails(run, Unfinished, service, check_mode=check_mode, target_id=TARGET)
        assert (result["unknown_extract_ids"], result["remaining_extract_ids"]) == ([ids[1]], [ids[2], 10 * ids[0]])
        assert result["requeued_extract_ids"] == [row["id"] for row in new if row["id"] != 10 * ids[0]]
        assert f"Not sent, because they come after these in the same binding: extracts {ids[2]}, {10 * ids[0]}." in result["msg"]
    assert posted(service, posts) == [row["id"] for row in new if row["id"] != 10 * ids[0]]
    # The user settles it, and the rest goes, in its order.
    assert ids_of(run(service, target_id=TARGET, on_unknown="dispatched"))["requeued"] == [ids[2], 10 * ids[0]]
    assert set(by_status(service, place)) == {"dispatched"}


def test_what_is_done_is_recorded_as_complete_by_binding(service, run, place):
    service.outcomes = ["lost"]
    fails(run, Unfinished, service, target_id=TARGET)
    assert {each: history.completed_window for each, history in known(service, place).items()} == {5: None, 7: (None, None), 8: (None, None), 9: (None, None)}
    reads = len(service.reads)
    result = fails(run, Unfinished, service, target_id=TARGET, backfill="when_needed")
    assert [row["action"] for row in result["bindings"]] == ["backfill", "done", "done", "done"]
    assert len(service.reads) - reads == 2  # the bindings, and the extracts of one datastream


@pytest.mark.parametrize("on_unknown", ["fail", "skip"])
def test_a_datastream_that_fails_is_stopped_after_one_request(service, run, place, on_unknown):
    service.outcomes = [200, 500]
    result = fails(run, Unfinished, service, target_id=TARGET, batch_size=1, on_unknown=on_unknown)
    assert posted(service) == [101, 102, *(each for some in service.ids[1:] for each in some)]
    assert (result["unknown_extract_ids"], result["remaining_extract_ids"]) == ([102], [103])
    assert "Datastream 456, binding 5: POST /api/v1/extracts/requeue/ returned 500" in result["msg"]


@pytest.mark.parametrize(
    ("outcomes", "kind", "posts"),
    [
        ([500, 500, 200, 500], Unfinished, 4),
        ([403, 403, 200, 403], Unfinished, 4),
        ([500, 500, 500], Refused, 3),
        ([403, 403, 403], Refused, 3),
        ([200, 401], Refused, 2),
        ([200, 407], Refused, 2),
        ([200, 500, 401], Refused, 3),
    ],
)
def test_when_a_failure_ends_the_run(service, run, place, outcomes, kind, posts):
    """Where it concerns the key or the network, or the third datastream in succession."""
    service.outcomes = list(outcomes)
    result = fails(run, kind, service, target_id=TARGET)
    assert len(service.posts) == posts
    groups = dict(zip(map(tuple, service.ids), outcomes))
    assert result["requeued_extract_ids"] == [each for some, outcome in groups.items() for each in some if outcome == 200]
    assert result["unknown_extract_ids"] == [each for some, outcome in groups.items() for each in some if outcome == 500]
    expected = {"dispatched": result["requeued_extract_ids"], "unknown": result["unknown_extract_ids"], "pending": result["remaining_extract_ids"]}
    assert by_status(service, place) == {status: sorted(ids) for status, ids in expected.items() if ids}
    if kind is Refused:
        assert "Request: load extracts " in result["msg"]
    # What is not in doubt is sent by the next run, once.
    run(service, target_id=TARGET, on_unknown="skip")
    assert sorted(each for post, outcome in zip(service.posts, [*outcomes, *[200] * 9]) if outcome in (200, 500) for each in post["extract_ids"]) == sorted(
        each for some in service.ids for each in some
    )


def test_many_refused_extracts_of_one_datastream_do_not_hold_up_the_others(service, run):
    add_datastream(service, 460, 3, count=35)
    service.bad = {row["id"] for row in service.extracts[460]}
    result = fails(run, Unfinished, service, target_id=TARGET, batch_size=1, on_refused="skip")
    healthy = [each for some in service.ids for each in some]
    assert sorted(set(posted(service)) - service.bad) == sorted(healthy)
    assert len(result["refused_extract_ids"]) == 10
    assert len(result["remaining_extract_ids"]) == 25
    assert "Datastream 460, binding 3: Adverity refused 10 extracts in succession" in result["msg"]


def test_a_datastream_whose_extracts_cannot_be_listed_is_named_and_the_others_go_on(service, run, place):
    service.unreadable = {457}
    for check_mode in (True, False):
        result = fails(run, Unfinished, service, check_mode=check_mode, target_id=TARGET)
        assert result["requeued_extract_ids"] == [each for some in (service.ids[0], *service.ids[2:]) for each in some]
        assert "Datastream 457, binding 7: GET /api/extracts/ returned 500" in result["msg"]
    histories = known(service, place)
    assert (histories[5].completed_window, histories[7].has_backfill) == ((None, None), False)
    posts, service.unreadable = len(service.posts), set()
    assert run(service, target_id=TARGET)["requeued_extract_ids"] == service.ids[1]
    assert [post["binding_ids"] for post in service.posts[posts:]] == [[7]]


def test_beside_a_list_that_cannot_be_read_the_others_are_compared_with_the_ledger(service, run):
    run(service, target_id=TARGET, limit=1)
    pending = service.ids[2][0]
    service.extracts[458] = service.extracts[458][1:]
    service.unreadable = {457}
    result = fails(run, Unfinished, service, target_id=TARGET)
    assert f"Pending, but not in the API's list of extracts now: extracts {pending} for binding 8." in result["msg"]


def test_a_deleted_datastream_does_not_hold_up_extracts_that_are_named_alone(service, run):
    service.bindings[0]["updated"] = day(1)
    service.clock = 0
    run(service, target_id=TARGET)
    service.gone = {456}
    assert run(service, extract_ids=[9999])["requeued_extract_ids"] == [9999]


def test_extracts_that_are_named_are_sent_as_far_as_their_lists_can_be_read(service, run):
    service.unreadable = {457}
    wanted = [service.ids[2][0], service.ids[1][0]]
    result = fails(run, Unfinished, service, target_id=TARGET, extract_ids=wanted)
    assert result["requeued_extract_ids"] == wanted[:1]
    assert f"Extracts {wanted[1]} are in none of the other lists, and were not sent." in result["msg"]


def test_extracts_that_are_named_alone_and_may_be_in_a_list_that_cannot_be_read_are_unknown(service, run):
    service.bindings[0]["updated"] = day(1)
    service.clock = 0
    run(service, target_id=TARGET)
    service.unreadable = {456}
    result = fails(run, Unfinished, service, extract_ids=[9999])
    assert result["unknown_extract_ids"] == [9999]
    assert "cannot be listed now" in result["msg"]


def test_a_datastream_with_several_bindings_fails_once(service, run):
    """Three in succession end the run: datastreams, not requests."""
    for binding_id in (51, 52):
        add_binding(service, binding_id, 456)
    service.outcomes = [404, 500, 500, 500]
    result = fails(run, Unfinished, service, target_id=TARGET)
    assert sorted(result["requeued_extract_ids"]) == sorted(each for some in service.ids[1:] for each in some)


# Extracts that Adverity is processing


@pytest.mark.parametrize(("label", "unknown"), [("processing", True), ("Loading", True), ("loaded", False), ("queued for a rainy day", False), (None, False)])
def test_what_adverity_is_processing_without_a_request_is_named_and_not_sent(service, run, label, unknown):
    service.extracts[456][1]["state_label"] = label
    if not unknown:
        assert 102 in run(service, target_id=TARGET)["requeued_extract_ids"]
        return
    for check_mode in (True, False):
        result = fails(run, Unfinished, service, check_mode=check_mode, target_id=TARGET)
        assert (result["unknown_extract_ids"], result["remaining_extract_ids"]) == ([102], [103])
        assert "extracts 102 for binding 5 (possibly loaded automatically: Adverity is processing them" in result["msg"]
    assert posted(service) == [101, *(each for some in service.ids[1:] for each in some)]
    # When it is done, nobody sees any more that it was processed: the user says whether it was loaded.
    service.extracts[456][1]["state_label"] = "loaded"
    assert fails(run, Unfinished, service, target_id=TARGET)["unknown_extract_ids"] == [102]
    assert run(service, target_id=TARGET, on_unknown="dispatched")["requeued_extract_ids"] == [103]
    assert 102 not in posted(service)


def test_what_this_ledger_sent_is_not_taken_for_something_automatic(service, run):
    run(service, target_id=TARGET)
    for row in service.extracts[456]:
        row["state_label"] = "processing"
    result = run(service, target_id=TARGET)
    assert (result["changed"], result["unknown_extract_ids"]) == (False, [])


def test_a_destination_that_seems_to_load_its_history_itself_is_named(service, run):
    for row in service.extracts[456]:
        row["state_label"] = "processing"
    result = fails(run, Unfinished, service, target_id=TARGET)
    assert "Everything is being processed for binding 5: this destination seems to load its history automatically." in result["msg"]
    assert 101 not in posted(service)


# An assignment that is made again, and extracts that are named alone


def test_a_binding_in_place_of_another_through_which_the_history_was_sent_is_left_alone(service, run, place):
    run(service, target_id=TARGET)
    posts = len(service.posts)
    service.bindings[0].update(id=50)
    for service.clock, enabled, updated in ((0, False, day(1)), (10, True, now(5))):
        service.bindings[0].update(enabled=enabled, updated=updated)
        for check_mode in (True, False):
            result = run(service, check_mode=check_mode, target_id=TARGET, backfill="when_needed")
            assert {row["binding_id"]: row["action"] for row in result["bindings"]} == {50: "left_alone", 7: "done", 8: "done", 9: "done"}
            [warning] = result["warnings"]
            assert warning.startswith("Assigned again: the history was sent into this destination before, through an assignment that is no more: binding 50 (")
    assert len(service.posts) == posts
    run(service, target_id=TARGET, backfill="always")
    assert [(post["binding_ids"], post["extract_ids"]) for post in service.posts[posts:]] == [([50], FIRST)]
    assert run(service, target_id=TARGET, backfill="when_needed")["warnings"] == []


def test_a_second_binding_of_the_same_datastream_and_destination_is_a_new_one(service, run):
    """The first one is still there."""
    run(service, target_id=TARGET)
    posts = len(service.posts)
    add_binding(service, 50, enabled=False)
    result = run(service, check_mode=True, target_id=TARGET, backfill="when_needed", enabled_bindings=[{"id": 50, "enabled": True}])
    assert {row["binding_id"]: row["action"] for row in result["bindings"]}[50] == "backfill"
    service.bindings[-1]["enabled"] = True
    run(service, binding_ids=[50])
    assert [(post["binding_ids"], post["extract_ids"]) for post in service.posts[posts:]] == [([50], FIRST)]


def test_extracts_that_are_named_alone_get_the_same_answer_as_with_their_binding(service, run):
    """What an enabled binding that the ledger knows loaded automatically is named, and not sent."""
    service.bindings[0]["updated"] = day(1)
    service.clock = 0
    run(service, target_id=TARGET)
    service.extracts[456].append({"id": 300, "created": "2026-07-02T13:47:00Z"})
    service.clock = 60
    assert run(service, target_id=TARGET, extract_ids=[300])["summary"][0]["loaded_by_itself"] == 1
    posts = len(service.posts)
    for check_mode in (True, False):
        result = fails(run, Unfinished, service, check_mode=check_mode, extract_ids=[300, 9999])
        assert (result["unknown_extract_ids"], result["remaining_extract_ids"]) == ([300], [9999])
        assert "extracts 300 (possibly loaded automatically: a binding of their datastream was enabled, and neither binding_ids nor" in result["msg"]
    assert len(service.posts) == posts
    assert run(service, extract_ids=[300, 9999], on_unknown="skip")["requeued_extract_ids"] == [9999]


def test_a_disabled_binding_among_others_refuses_the_run_before_anything_is_sent(service, run):
    service.bindings[2]["enabled"] = False
    fails(run, InputError, service, target_id=TARGET)
    assert service.posts == []
