# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Histories that went wrong once, kept as the steps that the machine prints. Each step judges itself (see ``History.judge``): a test without an assertion of
its own asserts that nothing is twice, and that a run which ends well has nothing open.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.unit.plugins.machine.history import LABELS

FIRST = "before POST /api/v1/extracts/requeue/"
ENABLED = [5001, 5002, 5003]  # the bindings of destination 70
DAY = 86400.0


def held(history, datastream_id, target_id=70):
    """The extracts that a table holds."""
    return {pair.extract_id for pair in history.held if pair[1:] == (datastream_id, target_id)}


def of(history, datastream_id):
    """The extracts of a datastream that Adverity has."""
    return {one for one in history.listed if history.datastream_of[one] == datastream_id}


def failed(run):
    return run.run.error is not None


# A1
@pytest.mark.parametrize(("extracts", "page_size"), [(20, 7), (20, 3), (43, 20)])
def test_deploy_of_extracts_with_equal_times_whose_order_changes_from_page_to_page_sends_all(begin_history, extracts, page_size):
    history = begin_history(same_time=True, ties=True, page_size=page_size, extracts=extracts)
    run = history.deploy()
    assert failed(run) or held(history, 4001) == of(history, 4001)
    history.end()


# A4
def test_deploy_where_the_answer_to_a_patch_has_the_old_time_sends_or_names(begin_history):
    history = begin_history(old_updated=True)
    history.deploy()
    history.end()


# A5
def test_row_that_lags_behind_a_disabling_proves_nothing(begin_history):
    history = begin_history(lag=2)
    history.deploy()
    history.deploy()
    history.deploy()
    history.wait(60.0)
    history.switch(70, False)
    history.wait(5.0)
    history.fetch(4001)
    history.wait(5.0)
    history.deploy()
    history.end()


# A6
@pytest.mark.parametrize("ahead", [5.0, 30.0, 300.0])
def test_extract_of_the_disabled_time_is_sent_or_named_where_date_is_ahead(begin_history, ahead):
    history = begin_history(date_ahead=ahead)
    history.deploy()
    history.wait(600.0)
    history.switch(70, False)
    history.wait(2.0)
    history.fetch(4001)
    history.wait(2.0)
    history.deploy()
    history.end()


# A7
def test_requeue_twice_without_date_does_not_send_what_loaded_by_itself(begin_history):
    history = begin_history(answers=["no_date"], enabled=ENABLED)
    history.requeue(target_id=70)
    history.wait(60.0)
    history.fetch(4001)
    history.wait(60.0)
    history.requeue(target_id=70)
    history.end()


# A8
@pytest.mark.parametrize("before", [{"state": "planned"}, {"backfill": "never"}, {"backfill": "when_needed"}], ids=str)
def test_requeue_after_planning_sends_what_it_would_have_sent_alone(begin_history, before):
    alone = begin_history(enabled=ENABLED).requeue(target_id=70)
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70, **before)
    run = history.requeue(target_id=70)
    assert len(alone.facts["requeued_extract_ids"]) == 6
    assert run.facts["requeued_extract_ids"] == alone.facts["requeued_extract_ids"]


# A9
@pytest.mark.parametrize("on_unknown", ["fail", "dispatched", "skip"])
def test_unknown_outcome_stays_unknown_while_the_list_lacks_its_extracts(begin_history, on_unknown):
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70, faults={"POST 1": "lost after"})
    history.unlist(4001)
    history.requeue(target_id=70, on_unknown="skip", on_refused="skip")
    history.list_again()
    history.requeue(target_id=70, on_unknown=on_unknown)
    history.requeue(target_id=70, on_unknown=on_unknown, on_refused="skip")
    history.end()


# A10
@pytest.mark.parametrize("options", [{"batch_size": 1, "on_refused": "skip"}, {"on_refused": "skip"}, {}], ids=str)
def test_refusal_because_of_a_binding_is_narrowed_to_that_binding(begin_history, options):
    history = begin_history(enabled=[5001, 5004])
    history.refuse_binding(5004)
    run = history.requeue(datastream_ids=[4001], **options)
    assert held(history, 4001, 70) == of(history, 4001)
    assert held(history, 4001, 71) == set()
    assert run.named("refused_extract_ids", "remaining_extract_ids") == of(history, 4001) or run.tells(5004)
    history.end()


# A11
def test_refused_force_does_not_make_what_was_dispatched_due_again(begin_history):
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70)
    history.refuse(0)
    history.requeue(target_id=70, force=True, on_refused="skip")
    history.mend()
    history.requeue(target_id=70)
    history.end()


# A12
def test_requeue_by_extract_ids_alone_does_not_send_what_loaded_by_itself(begin_history):
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70)
    history.wait(60.0)
    (number,) = history.fetch(4001)
    history.wait(60.0)
    history.requeue(extract_ids=[number])
    history.requeue(extract_ids=[number], target_id=70)
    history.end()


# Enabled by hand since the ledger saw it last: only a look at the bindings shows that
def test_requeue_by_extract_ids_alone_does_not_send_what_a_binding_loaded_that_was_enabled_by_hand(begin_history):
    history = begin_history()
    history.settle(70)
    history.switch(70, enabled=False)
    history.wait(70.0)
    history.switch_by_hand(5001)
    history.wait(70.0)
    [extract] = history.fetch(4001)
    history.wait(70.0)
    assert extract in history.requeue(extract_ids=[extract]).named("unknown_extract_ids")
    history.end()


def test_requeue_by_extract_ids_alone_does_not_send_what_was_under_way_when_its_binding_was_enabled(begin_history):
    history = begin_history()
    extract = _fetch_under_way(history)
    history.deploy(71, backfill="never")
    history.wait(100.0)
    assert extract in history.requeue(extract_ids=[extract]).named("unknown_extract_ids")
    history.end()


# A13
def test_assignment_made_again_is_left_alone_and_said(begin_history):
    history = begin_history()
    history.deploy()
    history.wait(60.0)
    number = history.assign_again(5001)
    history.wait(60.0)
    run = history.deploy()
    assert run.tells(number)
    assert len(held(history, 4001)) == 2
    before = len(history.loads)
    history.deploy(backfill="always")
    assert [load.pair.extract_id for load in history.loads[before:]] == sorted(of(history, 4001))


# A14
def test_extract_that_is_processed_while_its_binding_is_enabled_is_named_and_not_guessed(begin_history):
    history = begin_history()
    (number,) = history.fetch(4001, processing=90.0)
    history.wait(60.0)
    run = history.deploy()
    assert number in run.named("unknown_extract_ids")
    history.wait(60.0)
    history.end()


def test_extract_that_is_processed_while_bindings_of_two_destinations_are_enabled_is_named_for_both(begin_history):
    history = begin_history()
    (number,) = history.fetch(4001, processing=300.0)
    history.wait(5.0)
    for target_id in (70, 71):
        assert number in history.deploy(target_id).named("unknown_extract_ids")
        history.wait(5.0)
    history.wait(300.0)
    history.end()


def test_extract_that_is_processed_is_named_also_by_its_id_alone(begin_history):
    history = begin_history()
    (number,) = history.fetch(4001, processing=300.0)
    history.wait(5.0)
    history.switch(70)
    assert number in history.requeue(extract_ids=[number]).named("unknown_extract_ids")
    history.wait(300.0)
    history.check()


def test_extract_that_is_processed_when_it_is_planned_is_not_sent_later(begin_history):
    history = begin_history()
    (number,) = history.fetch(4001, processing=60.0)
    history.wait(5.0)
    history.requeue(extract_ids=[number], binding_ids=[5001], state="planned")
    history.switch(70)
    history.wait(100.0)
    assert number in history.requeue(extract_ids=[number], binding_ids=[5001]).named("unknown_extract_ids")


def test_extract_that_an_enabled_binding_is_loading_holds_up_nothing(begin_history):
    history = begin_history()
    history.deploy()
    history.wait(600.0)
    history.fetch(4001, processing=90.0)
    history.wait(5.0)
    assert not failed(history.requeue(target_id=70))
    history.wait(300.0)
    history.end()


# A11 and its relatives
@pytest.mark.parametrize("row_of", ["loaded automatically", "perhaps loaded"])
def test_refusal_of_what_was_loaded_automatically_hides_nothing(begin_history, row_of):
    history = begin_history(pace=0.5)
    if row_of == "loaded automatically":
        history.deploy()
        history.wait(60.0)
        (number,) = history.fetch(4001)
        history.wait(60.0)
        again = {"extract_ids": [number], "binding_ids": [5001], "force": True}
    else:
        history.begin("deploy", target_id=70)
        history.go_until("before PATCH /api/v1/bindings/5001/")
        (number,) = history.fetch(4001)
        history.go_on()
        again = {"target_id": 70, "on_unknown": "requeue"}
    history.simulator.world.refused.add(number)
    assert number in history.requeue(on_refused="skip", **again).named("refused_extract_ids")
    history.mend()
    before = len(history.loads)
    history.requeue(target_id=70)
    assert number not in [load.pair.extract_id for load in history.loads[before:]]


# A13 and its relatives
@pytest.mark.parametrize("state", ["recorded", "planned"])
def test_assignment_that_was_made_again_stays_one_after_one_extract_of_it(begin_history, state):
    history = begin_history()
    history.deploy()
    history.wait(60.0)
    number = history.assign_again(5001)
    (new,) = history.fetch(4001)
    history.wait(60.0)
    history.requeue(extract_ids=[901 if state == "recorded" else new], binding_ids=[number], state=state)
    before = len(history.loads)
    history.deploy()
    assert [load.pair for load in history.loads[before:] if load.pair.datastream_id == 4001] == []
    history.check()


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_enabling_that_was_interrupted_and_a_row_that_lags_before_the_assignment_was_made_again(begin_history, lag):
    history = begin_history(lag=lag)
    history.begin("switch", target_id=70, enabled=True)
    history.go_until("after PATCH /api/v1/bindings/5001/")
    history.kill()
    history.wait(5.0)
    history.fetch(4001)
    history.wait(5.0)
    history.requeue(target_id=70, state="planned")
    history.wait(2.0)
    history.assign_again(5001)
    history.wait(120.0)
    history.deploy()
    history.check()


# A15
def test_run_that_waited_while_its_ledger_was_moved_finds_that_out(begin_history):
    history = begin_history(enabled=ENABLED)
    history.begin("requeue", target_id=70, limit=1)
    history.go_until(FIRST)
    history.begin("requeue", target_id=70)
    history.go_until("waits", 1)
    history.go_on(0)
    history.move_ledger()
    history.go_on(0)
    history.requeue(target_id=70)
    history.end()


# A16
def test_copy_that_was_overtaken_after_a_kill_is_noticed(begin_history):
    for point in range(1, 20):
        history = begin_history(enabled=ENABLED)
        history.requeue(target_id=70, limit=1)
        history.move_ledger(killed_at=point)
        history.requeue(target_id=70)
        history.move_ledger()
        history.requeue(target_id=70)
        history.end()


def test_ledger_is_moved_there_and_back(begin_history):
    history = begin_history()
    history.deploy()
    assert not failed(history.move_ledger())
    history.fetch(4001)
    history.deploy()
    assert not failed(history.move_ledger())
    history.deploy()
    history.end()


# B1
def test_extract_that_is_fetched_while_bindings_are_enabled_holds_up_only_itself(begin_history):
    history = begin_history(pace=0.5)
    before = history.listed
    history.begin("deploy", target_id=70)
    history.go_until("after PATCH /api/v1/bindings/5001/")
    (number,) = history.fetch(4003)
    history.go_on()
    assert {pair.extract_id for pair in history.held if pair.target_id == 70} >= before
    again = history.deploy()
    assert again.named() <= {number}
    history.end()


# B2
@pytest.mark.parametrize("fault", ["lost after", "lost before", "500 after"])
def test_unknown_outcome_holds_up_only_its_own_datastream(begin_history, fault):
    history = begin_history()
    history.deploy(faults={"POST 1": fault})
    run = history.deploy()
    assert failed(run)
    assert run.named("unknown_extract_ids") <= of(history, 4001)
    assert (held(history, 4002), held(history, 4003)) == (of(history, 4002), of(history, 4003))
    history.end()


def test_unknown_outcome_of_a_killed_run_holds_up_only_its_own_datastream(begin_history):
    history = begin_history()
    history.begin("deploy", target_id=70)
    history.go_until(FIRST)
    history.kill()
    run = history.deploy()
    assert failed(run)
    assert (held(history, 4002), held(history, 4003)) == (of(history, 4002), of(history, 4003))
    history.end()


# B3
def test_binding_that_cannot_be_enabled_is_named_and_the_others_get_their_history(begin_history):
    history = begin_history(answers=["closed_listed"])
    history.close_binding(5002)
    run = history.deploy()
    assert failed(run)
    assert run.tells(5002)
    assert (held(history, 4001), held(history, 4003)) == (of(history, 4001), of(history, 4003))
    assert [history.simulator.world.bindings[one]["enabled"] for one in (5001, 5003)] == [True, True]
    history.end()


# B4
def test_datastream_of_refused_extracts_does_not_hold_up_the_others(begin_history):
    history = begin_history(extracts=35)
    history.simulator.world.refused.update(of(history, 4001))
    run = history.deploy(on_refused="skip", batch_size=1)
    assert (held(history, 4002), held(history, 4003)) == (of(history, 4002), of(history, 4003))
    assert run.named("refused_extract_ids", "remaining_extract_ids") == of(history, 4001)
    history.end()


# B5
def test_datastream_whose_requeues_are_answered_with_500_does_not_hold_up_the_others(begin_history):
    history = begin_history(extracts=4)
    history.break_requeues(4001)
    run = history.deploy(on_unknown="skip", batch_size=1)
    assert (held(history, 4002), held(history, 4003)) == (of(history, 4002), of(history, 4003))
    assert len(run.named("unknown_extract_ids")) == 1, "it stops at the first one"
    history.end()


# B6
def test_list_that_cannot_be_read_is_named_and_does_not_hold_up_the_others(begin_history):
    history = begin_history()
    history.hide_extracts(4001)
    run = history.deploy()
    assert failed(run)
    assert run.tells(4001)
    assert (held(history, 4002), held(history, 4003)) == (of(history, 4002), of(history, 4003))
    history.end()


# B7
def test_run_with_nothing_to_do_notes_what_it_saw(begin_history):
    history = begin_history()
    history.deploy()
    history.wait(DAY)
    (first,) = history.fetch(4001)
    history.wait(DAY)
    history.deploy()
    history.wait(DAY)
    history.switch_by_hand(5001)
    history.wait(60.0)
    (second,) = history.fetch(4001)
    history.wait(60.0)
    history.switch_by_hand(5001)
    run = history.deploy()
    assert run.named("unknown_extract_ids") <= {second}
    assert first not in run.named()
    history.end()


# What the machine found. The relatives of A6: a clock that is ahead, where only a later row, or a time to the minute, tells when a binding was written
AHEAD = [
    {"date_ahead": 5.0, "minutes": True},
    {"date_ahead": 5.0, "minutes": True, "old_updated": True},
    {"date_ahead": 30.0, "answers": ["patch_untold"]},
]


@pytest.mark.parametrize("world", AHEAD, ids=str)
def test_extract_just_after_an_enabling_is_not_sent_where_date_is_ahead(begin_history, world):
    history = begin_history(**world)
    history.begin("deploy", target_id=70)
    history.go_until("after PATCH /api/v1/bindings/5003/")
    history.wait(1.0)
    history.fetch(4003)
    history.go_on()
    history.end()


# The relative of A4: the time of before, which lies between the responses before and after the write
def test_answer_with_the_old_time_of_the_same_second_proves_nothing(begin_history):
    history = begin_history(old_updated=True)
    history.switch()
    history.assign_again(5003)
    history.begin("deploy", target_id=70)
    history.go_until("before PATCH /api/v1/bindings/5005/")
    history.fetch(4003)
    history.wait(3.0)
    history.go_on()
    history.end()


# The relatives of A13: the assignment before did not get the history, but was enabled; also where a list lags that has no times
@pytest.mark.parametrize("world", [{}, {"lag": 2, "answers": ["no_updated"]}], ids=str)
def test_what_an_assignment_that_is_no_more_loaded_by_itself_is_not_sent_again(begin_history, world):
    history = begin_history(**world)
    history.begin("deploy", target_id=70)
    history.go_until("after PATCH /api/v1/bindings/5003/")
    history.kill()
    history.wait(2.0)
    (number,) = history.fetch(4002)
    history.wait(2.0)
    history.assign_again(5002)
    run = history.deploy()
    assert number not in run.facts.get("requeued_extract_ids", [])
    history.end()


def test_what_an_assignment_that_is_no_more_loaded_after_it_was_seen_last_is_not_sent_again(begin_history):
    history = begin_history()
    history.requeue(target_id=71, state="planned")
    history.wait(2.0)
    history.switch_by_hand(5004)
    history.wait(2.0)
    (number,) = history.fetch(4001)
    history.assign_again(5004)
    run = history.deploy(71)
    assert run.named("unknown_extract_ids") == {number}
    history.end()


# A binding that is enabled, and left alone because the ledger has no record of it, is recorded all the same: an assignment in its place is told from it
def test_what_a_binding_that_was_left_alone_loaded_is_not_sent_again_after_it_was_assigned_again(begin_history):
    history = begin_history(enabled=[5001])
    history.deploy(datastream_ids=[4001])
    history.wait(2.0)
    (number,) = history.fetch(4001)
    history.wait(2.0)
    history.assign_again(5001)
    run = history.deploy()
    assert number not in run.facts.get("requeued_extract_ids", [])
    history.end()


# A period that is planned for an assignment that was made again is no order for the rest of its history
@pytest.mark.parametrize("state", ["planned", "requeued"])
def test_a_period_for_an_assignment_that_was_made_again_is_no_order_for_the_rest(begin_history, state):
    history = begin_history(extracts=4)
    history.deploy(71)
    history.wait(2.0)
    history.assign_again(5004)
    if state == "requeued":
        history.switch(71)
    history.requeue(target_id=71, state=state, created_to="2025-12-29T00:00:00Z")
    before = len(history.loads)
    run = history.deploy(71)
    assert history.loads[before:] == []
    assert any(warning.startswith("Assigned again") for warning in run.warnings)
    history.end()


# The relative of A6: a clock that is behind, and a write whose time no response tells, in the minute or second of the change before it
@pytest.mark.parametrize("world", [{"minutes": True}, {"answers": ["patch_untold"]}, {"old_updated": True}], ids=str)
@pytest.mark.parametrize("seconds", [0.3, 2.0])
def test_extract_just_before_an_enabling_is_sent_or_named_where_date_is_behind(begin_history, world, seconds):
    history = begin_history(date_ahead=-5.0, **world)
    history.assign_again(5002)
    history.wait(seconds)
    history.fetch(4002)
    history.wait(0.3)
    history.settle(70)
    history.end()


# A period that is asked for of a binding that somebody enabled by hand is no order for what it loaded before
def test_a_period_for_a_binding_that_was_enabled_by_hand_is_no_order_for_the_rest(begin_history):
    history = begin_history(enabled=[5004])
    history.switch(71)
    history.wait(7.0)
    history.fetch(4001)
    history.wait(70.0)
    history.deploy(71, backfill="always", backfill_to="2025-12-29T00:00:00Z")
    before = len(history.loads)
    run = history.deploy(71)
    assert history.loads[before:] == []
    assert any(warning.startswith("Already enabled") for warning in run.warnings)
    history.end()


# Extracts by their ids alone, while Adverity processes them: the message names no binding
def test_requeue_of_extracts_alone_that_are_under_way_names_them(begin_history):
    history = begin_history()
    history.deploy()
    history.wait(5.0)
    extracts = history.fetch(4001, 2, processing=60.0)
    run = history.requeue(extract_ids=extracts)
    assert failed(run)
    assert run.named("unknown_extract_ids") == set(extracts)
    history.wait(70.0)
    history.end()


# A list that lacks extracts for a while: a run that sends into another table has not seen them
def test_extracts_that_no_list_shows_for_a_while_stay_unknown_in_their_own_table(begin_history):
    history = begin_history()
    history.deploy(faults={"POST 1": "lost before"})
    history.unlist(4001)
    history.deploy(target_id=71)
    history.list_again()
    history.end()


# A run that asks for everything, and an assignment that is made again before it reads the bindings
def test_requeue_that_began_before_an_assignment_was_made_again_sends_into_the_new_one(begin_history):
    history = begin_history(extracts=4)
    history.deploy(backfill="always", backfill_from="2025-12-30T00:00:00Z")
    history.begin("requeue", 2, datastream_ids=[4001, 4002, 4003])
    history.assign_again(5001)
    history.deploy()
    history.end()


# Somebody enables a binding by hand while the list still shows it as it was before a write of a run
def test_stale_row_before_a_write_does_not_tell_how_long_the_state_was_certain(begin_history):
    history = begin_history(enabled=[5001, 5002], date_ahead=5.0, lag=2)
    history.switch(enabled=False, killed_at=14)
    history.wait(7.5)
    history.switch_by_hand(5001)
    for _time in range(2):
        history.wait(7.0)
        history.fetch(4001)
    history.wait(7.0)
    history.switch(enabled=True)
    history.end()


# The API does not show when extracts were created: what an enabled binding loads automatically is unknown, also in check mode
def test_check_mode_says_that_extracts_without_a_time_will_be_unknown(begin_history):
    history = begin_history(answers=["undated"])
    history.deploy(rehearsed=True)
    history.end()


# An extract that Adverity is processing when its binding is enabled, and has loaded when the list is read
def _fetch_under_way(history, processing=60.0):
    [extract] = history.fetch(4001, processing=processing)
    history.wait(5.0)
    return extract


def _is_unknown(history, extract):
    assert extract in history.last.named("unknown_extract_ids")
    history.end()


def test_extract_under_way_is_unknown_after_a_run_that_was_killed_before_it_listed(begin_history):
    history = begin_history()
    extract = _fetch_under_way(history)
    history.begin(target_id=70)
    history.go_until("before GET /api/extracts/")
    history.kill()
    history.wait(100.0)
    history.deploy()
    _is_unknown(history, extract)


def test_extract_under_way_is_unknown_where_its_list_could_not_be_read(begin_history):
    history = begin_history()
    extract = _fetch_under_way(history)
    history.hide_extracts(4001)
    history.deploy()
    history.mend()
    history.wait(1000.0)
    history.deploy()
    _is_unknown(history, extract)


def test_extract_under_way_is_unknown_where_the_history_is_sent_later(begin_history):
    history = begin_history()
    extract = _fetch_under_way(history)
    history.switch(70)
    history.wait(600.0)
    history.requeue(target_id=70)
    _is_unknown(history, extract)


def test_extract_under_way_is_unknown_where_enabling_takes_longer_than_its_processing(begin_history):
    history = begin_history(pace=2.0)
    extract = _fetch_under_way(history, processing=25.0)
    history.deploy()
    _is_unknown(history, extract)


def test_extract_under_way_is_unknown_although_a_request_for_another_binding_was_sent_meanwhile(begin_history):
    history = begin_history(load_seconds=120.0)
    history.deploy(70)
    history.wait(200.0)
    extract = _fetch_under_way(history)
    history.requeue(extract_ids=[extract], target_id=70, force=True)
    history.deploy(71)
    _is_unknown(history, extract)


def test_extract_under_way_is_unknown_with_labels_that_the_user_explained(begin_history):
    history = begin_history(answers=["foreign_labels"])
    extract = _fetch_under_way(history, processing=300.0)
    history.deploy(state_labels=LABELS)
    history.wait(600.0)
    _is_unknown(history, extract)


def test_extract_that_another_binding_loaded_shortly_before_is_sent(begin_history):
    history = begin_history(enabled=[5004])
    [extract] = history.fetch(4001)
    history.wait(600.0)
    history.deploy()
    assert extract in history.last.named("requeued_extract_ids")
    history.end()


# An extract counts as loaded automatically, and Adverity shows that it is not
@pytest.mark.parametrize("seconds", [600.0, 7200.0])
def test_extract_that_was_under_way_when_its_binding_was_disabled_is_named(begin_history, seconds):
    history = begin_history()
    history.deploy()
    history.wait(60.0)
    extract = _fetch_under_way(history)
    history.switch(70, enabled=False)
    history.wait(seconds)
    history.switch(70)
    history.wait(60.0)
    run = history.requeue(target_id=70)
    assert any("does not show them as loaded" in warning and str(extract) in warning for warning in run.warnings)


def test_extract_whose_automatic_load_failed_is_named(begin_history):
    history = begin_history()
    history.deploy(wait=60)
    history.wait(60.0)
    history.simulator.world.fail({"extract_id": 907, "binding_id": None})
    history.fetch(4001)
    history.wait(60.0)
    run = history.requeue(extract_ids=[907], target_id=70)
    assert any("does not show them as loaded: extracts 907 for binding 5001 (Import Error)" in warning for warning in run.warnings)


# A ``Date`` that is behind: the issue of a load that failed before looks as if it began after the request that sends the extract again
@pytest.mark.parametrize("ahead", [0.0, -5.0, -15.0, -120.0])
@pytest.mark.parametrize("answers", [[], ["never_processing"], ["later_processing"], ["never_processing", "reload_keeps"]], ids=str)
@pytest.mark.parametrize("target_id", [70, 71])
def test_issue_of_the_load_before_is_no_failure_of_the_next_one(begin_history, ahead, answers, target_id):
    history = begin_history(date_ahead=ahead, answers=answers, load_seconds=10.0, extracts=1)
    history.fail(0)
    history.deploy(wait=30)
    history.mend()
    if target_id == 71:
        history.deploy(71)
    else:
        history.requeue(target_id=70, on_failed="requeue")
    for seconds in (3.0, 30.0):
        history.wait(seconds)
        run = history.look(target_id=target_id)
        assert [row for row in run.facts["loads"] if row["outcome"] == "failed"] == []
    history.end()


# Enabled without a history; another binding of the datastream is enabled later, and gets the extract by a request
def _load_meanwhile(history):
    history.wait(5.0)
    extract = _fetch_under_way(history)
    history.deploy(71, backfill="never")
    history.wait(100.0)
    history.deploy(70)
    return extract


def test_request_for_another_binding_does_not_explain_that_an_extract_is_loaded(begin_history):
    history = begin_history()
    extract = _load_meanwhile(history)
    history.deploy(71, backfill="always")
    _is_unknown(history, extract)


# A binding that is enabled in the second in which it was made: it has no period in which it was disabled
def test_extract_under_way_is_unknown_for_a_binding_that_is_enabled_as_soon_as_it_is_made(begin_history):
    history = begin_history(answers=["patch_untold"])
    [extract] = history.fetch(4001, processing=12.0)
    history.assign_again(5004)
    history.deploy(71, backfill_to="2025-12-29T12:00:00Z")
    history.wait(60.0)
    history.deploy(71)
    _is_unknown(history, extract)


# Two destinations that are enabled one after the other while Adverity processes an extract: it loads it into both
def test_binding_that_was_enabled_after_an_extract_was_created_does_not_explain_that_it_is_loaded(begin_history):
    history = begin_history()
    extract = _fetch_under_way(history)
    history.switch(70)
    history.wait(5.0)
    history.switch(71)
    history.wait(100.0)
    history.deploy(71, backfill="always")
    _is_unknown(history, extract)


# The response to a write has the time of a change that somebody made between the reading and the write
def test_response_with_the_time_of_a_change_by_hand_does_not_tell_when_the_run_wrote(begin_history):
    history = begin_history(old_updated=True)
    history.deploy(70)
    history.begin("deploy", target_id=71, backfill_from="2025-12-30T00:00:00Z")
    history.go_until("before PATCH /api/v1/bindings/5004/")
    for _time in range(2):
        history.wait(2.0)
        history.switch_by_hand(5004)
    history.wait(5.0)
    history.fetch(4001)
    history.wait(2.5)
    history.end_runs()
    history.end()


# Times of bindings are written to the minute, so that none shows that ``Date`` is behind
def test_binding_that_is_changed_twice_in_a_minute_is_unknown_for_that_minute(begin_history):
    history = begin_history(answers=["patch_untold"], date_ahead=-5.0, minutes=True)
    for _time in range(2):
        history.wait(7.0)
        history.switch_by_hand(5004)
    history.begin("deploy", 39, target_id=71)
    history.begin("deploy", 23, target_id=71, enabled=False)
    history.wait(2.0)
    history.fetch(4001)
    history.wait(1.0)
    history.end_runs()
    history.end()


# An extract whose automatic load failed before the run listed it has not arrived
def test_extract_whose_automatic_load_failed_while_the_run_enabled_bindings_is_sent(begin_history):
    history = begin_history()
    history.begin("deploy", 10, target_id=70)
    [extract] = history.fetch(4002, processing=12.0)
    history.wait(2.0)
    history.go_on(0, 18)
    history.fail(sorted(history.listed).index(extract), 5002)
    history.wait(20.0)
    history.mend()
    history.end_runs()
    assert (extract, 5002) in history.simulator.holds
    history.end()


# Check mode foretells that the binding is enabled shortly after the extract was created
def test_check_mode_foretells_that_an_extract_may_have_been_loaded_before_the_run_enabled_its_binding(begin_history):
    history = begin_history()
    history.switch_by_hand(5001)
    history.wait(1.0)
    history.fetch(4001)
    history.wait(1.0)
    history.switch_by_hand(5001)
    history.deploy(70, rehearsed=True)
    history.end()


# What was sent into another binding hides that the extract was loaded before
def test_extract_loaded_while_its_binding_was_enabled_is_unknown_although_it_is_being_loaded_again_or_has_failed(begin_history):
    for what in ("again", "failed"):
        history = begin_history(load_seconds=30.0)
        extract = _fetch_under_way(history)
        history.switch(71)
        history.wait(100.0)
        history.deploy(70, on_unknown="skip")
        if what == "failed":
            history.fail(sorted(history.listed).index(extract), 5001)
        history.requeue(extract_ids=[extract], target_id=70, force=True)
        history.wait(10.0 if what == "again" else 100.0)
        history.deploy(71, backfill="always")
        assert extract in history.last.named("unknown_extract_ids"), what


# The same, and the response comes shortly after that change
def test_response_just_after_a_change_by_hand_does_not_tell_when_the_run_wrote(begin_history):
    history = begin_history(old_updated=True, pace=0.5)
    history.begin("deploy", 9, target_id=70, backfill="never")
    history.go_until("before PATCH /api/v1/bindings/5002/")
    for _time in range(2):
        history.wait(2.0)
        history.switch_by_hand(5002)
    history.wait(2.4)
    history.fetch(4002)
    history.end_runs()
    history.end()


# A row that shows the time of a later change by hand, and not the state
def test_later_change_by_hand_that_a_row_shows_without_its_state_is_not_taken_for_the_own_write(begin_history):
    history = begin_history(answers=["no_enabled", "patch_untold"])
    history.deploy(70, backfill="never")
    history.wait(70.0)
    history.switch_by_hand(5002)
    history.settle(70)
    history.fetch(4002)
    history.end()


# A binding that was only made after the extract was created, and was never enabled, explains no load
def test_binding_that_was_just_made_does_not_explain_that_an_extract_is_loaded(begin_history):
    history = begin_history(pace=1.0)
    history.assign_again(5004)
    history.fetch(4001, processing=12.0)
    history.deploy(killed_at=9)
    history.switch(70)
    history.end()


def test_extract_in_the_minute_in_which_a_binding_was_enabled_by_hand_is_not_sent_where_times_are_told_to_the_minute(begin_history):
    history = begin_history(minutes=True, load_seconds=0.0)
    history.wait(7.0)
    history.switch_by_hand(5003)
    history.settle(70)
    history.look(wait=0, poll_interval=5)
    history.fail(2)
    history.requeue(extract_ids=[sorted(history.listed)[2]], target_id=70, force=True)
    history.look(target_id=70, wait=0, poll_interval=5)
    history.wait(0.3)
    history.switch_by_hand(5001)
    history.wait(0.3)
    history.fetch(4003)
    history.wait(0.3)
    history.switch_by_hand(5001)
    history.end()


# Two new destinations within an hour, after a fetch: only the request for the first one has loaded the extract
def test_extract_that_was_collected_when_it_was_sent_is_sent_into_a_second_destination(begin_history):
    history = begin_history()
    history.fetch(4001)
    history.wait(60.0)
    history.deploy(70)
    history.wait(600.0)
    assert not failed(history.deploy(71, rehearsed=True))
    assert held(history, 4001, 71) == of(history, 4001)
    history.end()


def test_extract_that_was_loaded_meanwhile_has_the_same_reason_in_the_next_run(begin_history):
    history = begin_history()
    extract = _load_meanwhile(history)
    for _run in range(2):
        run = history.deploy(71, backfill="always")
        assert extract in run.named("unknown_extract_ids")
        assert "less than an hour before the binding was enabled" in run.words
    assert "an earlier run was interrupted" not in run.words
    history.end()


def test_fresh_extract_with_a_label_that_nobody_explained_is_unknown_until_it_is_explained(begin_history):
    history = begin_history(answers=["foreign_labels"])
    extract = _fetch_under_way(history)
    assert extract in history.deploy().named("unknown_extract_ids")
    history.wait(100.0)
    history.deploy(state_labels=LABELS)
    _is_unknown(history, extract)


def test_fresh_extract_that_is_collected_is_sent_as_soon_as_its_label_is_explained(begin_history):
    history = begin_history(answers=["foreign_labels"])
    [extract] = history.fetch(4001)
    history.wait(60.0)
    assert extract in history.deploy().named("unknown_extract_ids")
    assert not failed(history.deploy(state_labels=LABELS))
    assert extract in held(history, 4001)
    history.end()


# A requeue that names no binding means those that are enabled; what is recorded of the others asks for nothing
@pytest.mark.parametrize("options", [{}, {"state": "planned"}, {"limit": 1}], ids=str)
def test_requeue_by_datastream_is_no_order_for_a_binding_that_is_not_enabled(begin_history, options):
    history = begin_history()
    history.deploy(70)
    history.deploy(71)
    history.wait(60.0)
    history.assign_again(5004)
    history.wait(60.0)
    history.requeue(datastream_ids=[4001], **options)
    loads = len(history.loads)
    history.deploy(71)
    assert history.loads[loads:] == []
    history.end()


# Killed at any point: what was declared as loaded is recorded, or left alone
@pytest.mark.parametrize("kind", ["requeue", "deploy"])
def test_recording_that_is_interrupted_sends_nothing_later(begin_history, kind):
    options = {"state": "recorded", "binding_ids": [5001]} if kind == "requeue" else {"backfill": "recorded", "target_id": 70, "datastream_ids": [4001]}
    for points in range(4, 60):
        history = begin_history(enabled=[5001])
        run = history.begin(kind, points, **options)
        if run.run.ended:
            break
        history.kill()
        history.wait(60.0)
        history.deploy(70, datastream_ids=[4001])
        assert history.loads == [], points
    assert run.run.ended
