# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Histories that went wrong once, kept as the steps that the machine prints. Each step judges itself, and each history comes to its end after the test: one
without an assertion of its own asserts that nothing is twice, that a run which ends well has nothing open, and that nothing is missing at the end.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.unit.plugins.machine.service import LABELS

BEFORE_SENDING = "before POST /api/v1/extracts/requeue/"
ENABLED = [5001, 5002, 5003]  # the bindings of destination 70
DAY = 86400.0


@pytest.fixture(name="begin_history")
def fixture_begin_history(begin_history):
    """Begins a history, which comes to its end with the test, or when the next one begins."""
    begun = []

    def begin(**world):
        if begun:
            begun.pop().end()
        begun.append(begin_history(**world))
        return begun[-1]

    yield begin
    begun.pop().end()


@pytest.fixture
def history(begin_history):
    return begin_history()


def held(history, datastream_id, target_id=70):
    """The extracts that a table holds."""
    return {pair.extract_id for pair in history.loads.held if pair.table == (datastream_id, target_id)}


def extracts_of(history, *datastream_ids):
    """The extracts of datastreams that Adverity has."""
    return {one for one in history.listed if history.service.datastream_of[one] in datastream_ids}


def sent(history, run):
    """The extracts that a run sent."""
    return [load.pair.extract_id for load in history.loads.all if load.run is run]


def assert_others_are_sent(history):
    """The datastreams 4002 and 4003 got their history, whatever 4001 has."""
    assert held(history, 4002) | held(history, 4003) == extracts_of(history, 4002, 4003)


# Lists that change while they are read


@pytest.mark.parametrize(("extracts", "page_size"), [(20, 7), (20, 3), (43, 20)])
def test_deploy_of_extracts_with_equal_times_whose_order_changes_from_page_to_page_sends_all(begin_history, extracts, page_size):
    history = begin_history(same_time=True, ties=True, page_size=page_size, extracts=extracts)
    assert history.deploy().error or held(history, 4001) == extracts_of(history, 4001)


@pytest.mark.parametrize("on_unknown", ["fail", "dispatched", "skip"])
def test_unknown_outcome_stays_unknown_while_the_list_lacks_its_extracts(begin_history, on_unknown):
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70, faults={"POST 1": "lost after"})
    history.unlist(4001)
    history.requeue(target_id=70, on_unknown="skip", on_refused="skip")
    history.list_again()
    history.requeue(target_id=70, on_unknown=on_unknown)
    history.requeue(target_id=70, on_unknown=on_unknown, on_refused="skip")


def test_extracts_that_no_list_shows_for_a_while_stay_unknown_in_their_own_table(history):
    history.deploy(faults={"POST 1": "lost before"})
    history.unlist(4001)
    history.deploy(target_id=71)
    history.list_again()


def test_list_that_cannot_be_read_is_named_and_does_not_hold_up_the_others(history):
    history.hide_extracts(4001)
    run = history.deploy()
    assert run.error
    assert run.tells(4001)
    assert_others_are_sent(history)


# Clocks, and rows that lag or have old times


def test_deploy_where_the_answer_to_a_patch_has_the_old_time_sends_or_names(begin_history):
    begin_history(old_updated=True).deploy()


def test_row_that_lags_behind_a_disabling_proves_nothing(begin_history):
    history = begin_history(lag=2)
    for _time in range(3):
        history.deploy()
    history.after(60.0).switch(70, False)
    history.after(5.0).fetch(4001)
    history.after(5.0).deploy()


@pytest.mark.parametrize("ahead", [5.0, 30.0, 300.0])
def test_extract_of_the_disabled_time_is_sent_or_named_where_date_is_ahead(begin_history, ahead):
    history = begin_history(date_ahead=ahead)
    history.deploy()
    history.after(600.0).switch(70, False)
    history.after(2.0).fetch(4001)
    history.after(2.0).deploy()


@pytest.mark.parametrize("answers", [["no_date"], ["no_date", "no_updated"]], ids=" and ".join)
def test_requeue_twice_without_date_does_not_send_what_loaded_automatically(begin_history, answers):
    history = begin_history(answers=answers, enabled=ENABLED)
    history.requeue(target_id=70)
    history.after(60.0).fetch(4001)
    history.after(60.0).requeue(target_id=70)


# Only a later row, or a time to the minute, tells when a binding was written.
AHEAD = [
    {"date_ahead": 5.0, "minutes": True},
    {"date_ahead": 5.0, "minutes": True, "old_updated": True},
    {"date_ahead": 30.0, "answers": ["patch_untold"]},
]


@pytest.mark.parametrize("world", AHEAD, ids=str)
def test_extract_just_after_an_enabling_is_not_sent_where_date_is_ahead(begin_history, world):
    history = begin_history(**world)
    history.begin(target_id=70, until="after PATCH /api/v1/bindings/5003/")
    history.after(1.0).fetch(4003)
    history.go_on()


# No response tells when the write was, in the minute or second of the change before it.
@pytest.mark.parametrize("world", [{"minutes": True}, {"answers": ["patch_untold"]}, {"old_updated": True}], ids=str)
@pytest.mark.parametrize("seconds", [0.3, 2.0])
def test_extract_just_before_an_enabling_is_sent_or_named_where_date_is_behind(begin_history, world, seconds):
    history = begin_history(date_ahead=-5.0, **world)
    history.assign_again(5002)
    history.after(seconds).fetch(4002)
    history.after(0.3).settle(70)


# The time of before lies between the responses before and after the write.
def test_answer_with_the_old_time_of_the_same_second_proves_nothing(begin_history):
    history = begin_history(old_updated=True)
    history.switch()
    history.assign_again(5003)
    history.begin(target_id=70, until="before PATCH /api/v1/bindings/5005/")
    history.fetch(4003)
    history.after(3.0).go_on()


# Somebody enables a binding by hand while the list still shows it as it was before a write of a run.
def test_stale_row_before_a_write_does_not_tell_how_long_the_state_was_certain(begin_history):
    history = begin_history(enabled=[5001, 5002], date_ahead=5.0, lag=2)
    history.switch(enabled=False, killed_at=14)
    history.after(7.5).switch_by_hand(5001)
    for _time in range(2):
        history.after(7.0).fetch(4001)
    history.after(7.0).switch(enabled=True)


# The response to a write has the time of a change that somebody made between the reading and the write.
def test_response_with_the_time_of_a_change_by_hand_does_not_tell_when_the_run_wrote(begin_history):
    history = begin_history(old_updated=True)
    history.deploy(70)
    history.begin(target_id=71, backfill_from="2025-12-30T00:00:00Z", until="before PATCH /api/v1/bindings/5004/")
    for _time in range(2):
        history.after(2.0).switch_by_hand(5004)
    history.after(5.0).fetch(4001)
    history.after(2.5).end_runs()


def test_response_just_after_a_change_by_hand_does_not_tell_when_the_run_wrote(begin_history):
    history = begin_history(old_updated=True, pace=0.5)
    history.begin("deploy", 9, target_id=70, backfill="never", until="before PATCH /api/v1/bindings/5002/")
    for _time in range(2):
        history.after(2.0).switch_by_hand(5002)
    history.after(2.4).fetch(4002)
    history.end_runs()


def test_later_change_by_hand_that_a_row_shows_without_its_state_is_not_taken_for_the_own_write(begin_history):
    history = begin_history(answers=["no_enabled", "patch_untold"])
    history.deploy(70, backfill="never")
    history.after(70.0).switch_by_hand(5002)
    history.settle(70)
    history.fetch(4002)


# Times of bindings are written to the minute, so that none shows that ``Date`` is behind.
def test_binding_that_is_changed_twice_in_a_minute_is_unknown_for_that_minute(begin_history):
    history = begin_history(answers=["patch_untold"], date_ahead=-5.0, minutes=True)
    for _time in range(2):
        history.after(7.0).switch_by_hand(5004)
    history.begin("deploy", 39, target_id=71)
    history.begin("deploy", 23, target_id=71, enabled=False)
    history.after(2.0).fetch(4001)
    history.after(1.0).end_runs()


def test_extract_in_the_minute_in_which_a_binding_was_enabled_by_hand_is_not_sent_where_times_are_told_to_the_minute(begin_history):
    history = begin_history(minutes=True)
    history.after(7.0).switch_by_hand(5003)
    history.settle(70)
    history.look(wait=0, poll_interval=5)
    history.fail(2)
    history.requeue(extract_ids=[history.extract_at(2)], target_id=70, force=True)
    history.look(target_id=70, wait=0, poll_interval=5)
    history.after(0.3).switch_by_hand(5001)
    history.after(0.3).fetch(4003)
    history.after(0.3).switch_by_hand(5001)


# A ``Date`` that is behind: the issue of a load that failed before looks as if it began after the request that sends the extract again.
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
        run = history.after(seconds).look(target_id=target_id)
        assert [row for row in run.facts["loads"] if row["outcome"] == "failed"] == []


# What holds up only itself


def test_extract_that_is_fetched_while_bindings_are_enabled_holds_up_only_itself(begin_history):
    history = begin_history(pace=0.5)
    before = history.listed
    history.begin(target_id=70, until="after PATCH /api/v1/bindings/5001/")
    [extract] = history.fetch(4003)
    history.go_on()
    assert held(history, 4001) | held(history, 4002) | held(history, 4003) >= before
    assert history.deploy().named() <= {extract}


@pytest.mark.parametrize("fault", ["lost after", "lost before", "500 after"])
def test_unknown_outcome_holds_up_only_its_own_datastream(history, fault):
    history.deploy(faults={"POST 1": fault})
    run = history.deploy()
    assert run.error
    assert run.unknown <= extracts_of(history, 4001)
    assert_others_are_sent(history)


def test_unknown_outcome_of_a_killed_run_holds_up_only_its_own_datastream(history):
    history.begin(target_id=70, until=BEFORE_SENDING)
    history.kill()
    assert history.deploy().error
    assert_others_are_sent(history)


def test_binding_that_cannot_be_enabled_is_named_and_the_others_get_their_history(begin_history):
    history = begin_history(answers=["closed_listed"])
    history.close_binding(5002)
    run = history.deploy()
    assert run.error
    assert run.tells(5002)
    assert held(history, 4001) | held(history, 4003) == extracts_of(history, 4001, 4003)
    assert [history.service.world.bindings[one]["enabled"] for one in (5001, 5003)] == [True, True]


def test_datastream_of_refused_extracts_does_not_hold_up_the_others(begin_history):
    history = begin_history(extracts=35)
    history.service.world.refused.update(extracts_of(history, 4001))
    run = history.deploy(on_refused="skip", batch_size=1)
    assert_others_are_sent(history)
    assert run.named("refused_extract_ids", "remaining_extract_ids") == extracts_of(history, 4001)


def test_datastream_whose_requeues_return_500_does_not_hold_up_the_others(begin_history):
    history = begin_history(extracts=4)
    history.break_requeues(4001)
    run = history.deploy(on_unknown="skip", batch_size=1)
    assert_others_are_sent(history)
    assert len(run.unknown) == 1, "it stops at the first one"


# Refusals


@pytest.mark.parametrize("options", [{"batch_size": 1, "on_refused": "skip"}, {"on_refused": "skip"}, {}], ids=str)
def test_refusal_because_of_a_binding_is_narrowed_to_that_binding(begin_history, options):
    history = begin_history(enabled=[5001, 5004])
    history.refuse_binding(5004)
    run = history.requeue(datastream_ids=[4001], **options)
    assert held(history, 4001, 70) == extracts_of(history, 4001)
    assert held(history, 4001, 71) == set()
    assert run.named("refused_extract_ids", "remaining_extract_ids") == extracts_of(history, 4001) or run.tells(5004)


def test_refused_force_does_not_make_what_was_dispatched_due_again(begin_history):
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70)
    history.refuse(0)
    history.requeue(target_id=70, force=True, on_refused="skip")
    history.mend()
    history.requeue(target_id=70)


@pytest.mark.parametrize("state", ["loaded automatically", "possibly loaded"])
def test_refusal_of_what_was_loaded_automatically_hides_nothing(begin_history, state):
    history = begin_history(pace=0.5)
    if state == "loaded automatically":
        history.deploy()
        [extract] = history.after(60.0).fetch(4001)
        history.wait(60.0)
        again = {"extract_ids": [extract], "binding_ids": [5001], "force": True}
    else:
        history.begin(target_id=70, until="before PATCH /api/v1/bindings/5001/")
        [extract] = history.fetch(4001)
        history.go_on()
        again = {"target_id": 70, "on_unknown": "requeue"}
    history.service.world.refused.add(extract)
    assert extract in history.requeue(on_refused="skip", **again).named("refused_extract_ids")
    history.mend()
    assert extract not in sent(history, history.requeue(target_id=70))


# What a run does not send again


@pytest.mark.parametrize("before", [{"state": "planned"}, {"backfill": "never"}, {"backfill": "when_needed"}], ids=str)
def test_requeue_after_planning_sends_what_it_would_have_sent_alone(begin_history, before):
    alone = begin_history(enabled=ENABLED).requeue(target_id=70)
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70, **before)
    run = history.requeue(target_id=70)
    assert len(alone.facts["requeued_extract_ids"]) == 6
    assert run.facts["requeued_extract_ids"] == alone.facts["requeued_extract_ids"]


def test_requeue_by_extract_ids_alone_does_not_send_what_loaded_automatically(begin_history):
    history = begin_history(enabled=ENABLED)
    history.requeue(target_id=70)
    extracts = history.after(60.0).fetch(4001)
    history.after(60.0).requeue(extract_ids=extracts)
    history.requeue(extract_ids=extracts, target_id=70)


def test_requeue_by_extract_ids_alone_does_not_send_what_a_binding_loaded_that_was_enabled_by_hand(history):
    history.settle(70)
    history.switch(70, enabled=False)
    history.after(70.0).switch_by_hand(5001)
    extracts = history.after(70.0).fetch(4001)
    assert history.after(70.0).requeue(extract_ids=extracts).unknown >= set(extracts)


def test_run_with_nothing_to_do_records_what_it_saw(history):
    history.deploy()
    [first] = history.after(DAY).fetch(4001)
    history.after(DAY).deploy()
    history.after(DAY).switch_by_hand(5001)
    [second] = history.after(60.0).fetch(4001)
    history.after(60.0).switch_by_hand(5001)
    run = history.deploy()
    assert run.unknown <= {second}
    assert first not in run.named()


def test_a_period_for_a_binding_that_was_enabled_by_hand_is_no_order_for_the_rest(begin_history):
    history = begin_history(enabled=[5004])
    history.switch(71)
    history.after(7.0).fetch(4001)
    history.after(70.0).deploy(71, backfill="always", backfill_to="2025-12-29T00:00:00Z")
    run = history.deploy(71)
    assert sent(history, run) == []
    assert any(warning.startswith("Already enabled") for warning in run.warnings)


# Assignments that are deleted and made again


def test_assignment_made_again_is_left_alone_and_said(history):
    history.deploy()
    number = history.after(60.0).assign_again(5001)
    run = history.after(60.0).deploy()
    assert run.tells(number)
    assert len(held(history, 4001)) == 2
    assert sent(history, history.deploy(backfill="always")) == sorted(extracts_of(history, 4001))


@pytest.mark.parametrize("state", ["recorded", "planned"])
def test_assignment_that_was_made_again_stays_one_after_one_extract_of_it(history, state):
    history.deploy()
    number = history.after(60.0).assign_again(5001)
    [new] = history.fetch(4001)
    history.after(60.0).requeue(extract_ids=[901 if state == "recorded" else new], binding_ids=[number], state=state)
    assert not extracts_of(history, 4001).intersection(sent(history, history.deploy()))


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_enabling_that_was_interrupted_and_a_row_that_lags_before_the_assignment_was_made_again(begin_history, lag):
    history = begin_history(lag=lag)
    history.begin("switch", target_id=70, enabled=True, until="after PATCH /api/v1/bindings/5001/")
    history.kill()
    history.after(5.0).fetch(4001)
    history.after(5.0).requeue(target_id=70, state="planned")
    history.after(2.0).assign_again(5001)
    history.after(120.0).deploy()


# The assignment before did not get the history, but was enabled; also where a list lags that has no times.
@pytest.mark.parametrize("world", [{}, {"lag": 2, "answers": ["no_updated"]}], ids=str)
def test_what_an_assignment_that_is_no_more_loaded_automatically_is_not_sent_again(begin_history, world):
    history = begin_history(**world)
    history.begin(target_id=70, until="after PATCH /api/v1/bindings/5003/")
    history.kill()
    [extract] = history.after(2.0).fetch(4002)
    history.after(2.0).assign_again(5002)
    assert extract not in sent(history, history.deploy())


def test_what_an_assignment_that_is_no_more_loaded_after_it_was_seen_last_is_not_sent_again(history):
    history.requeue(target_id=71, state="planned")
    history.after(2.0).switch_by_hand(5004)
    extracts = history.after(2.0).fetch(4001)
    history.assign_again(5004)
    assert history.deploy(71).unknown == set(extracts)


# A binding that is enabled, and left alone because the ledger has no record of it, is recorded all the same: an assignment in its place is told from it.
def test_what_a_binding_that_was_left_alone_loaded_is_not_sent_again_after_it_was_assigned_again(begin_history):
    history = begin_history(enabled=[5001])
    history.deploy(datastream_ids=[4001])
    [extract] = history.after(2.0).fetch(4001)
    history.after(2.0).assign_again(5001)
    assert extract not in sent(history, history.deploy())


@pytest.mark.parametrize("state", ["planned", "requeued"])
def test_a_period_for_an_assignment_that_was_made_again_is_no_order_for_the_rest(begin_history, state):
    history = begin_history(extracts=4)
    history.deploy(71)
    history.after(2.0).assign_again(5004)
    if state == "requeued":
        history.switch(71)
    history.requeue(target_id=71, state=state, created_to="2025-12-29T00:00:00Z")
    run = history.deploy(71)
    assert sent(history, run) == []
    assert any(warning.startswith("Assigned again") for warning in run.warnings)


# A run that asks for everything, and an assignment that is made again before it reads the bindings.
def test_requeue_that_began_before_an_assignment_was_made_again_sends_into_the_new_one(begin_history):
    history = begin_history(extracts=4)
    history.deploy(backfill="always", backfill_from="2025-12-30T00:00:00Z")
    history.begin("requeue", 2, datastream_ids=[4001, 4002, 4003])
    history.assign_again(5001)
    history.deploy()


# A run from before the assignment was made again goes on, and records what the API refuses. What was loaded automatically before stays unknown.


def test_run_from_before_decides_nothing_about_what_the_assignment_before_loaded(history):
    history.begin("deploy", points=35, backfill_from="2025-12-29T00:00:00Z", on_refused="skip", on_unknown="check", target_id=70)
    history.assign_again(5003)
    history.assign_again(5002)
    history.after(0.6).fetch(4001)
    history.after(0.3).assign_again(5001)
    history.after(70.0).switch_by_hand(5004)
    history.after(70.0).fetch(4003)
    history.after(70.0).switch_by_hand(5004)
    history.look(wait=20, poll_interval=5, target_id=70, rehearsed=True)
    history.deploy(on_failed="requeue")
    history.go_on()
    history.deploy()


# Ledgers that are moved


def test_run_that_waited_while_its_ledger_was_moved_finds_that_out(begin_history):
    history = begin_history(enabled=ENABLED)
    history.begin("requeue", target_id=70, limit=1, until=BEFORE_SENDING)
    history.begin("requeue", target_id=70, until="waits")
    history.go_on(0)
    history.move_ledger()
    history.go_on(0)
    history.requeue(target_id=70)


def test_copy_that_was_overtaken_after_a_kill_is_noticed(begin_history):
    for point in range(1, 20):
        history = begin_history(enabled=ENABLED)
        history.requeue(target_id=70, limit=1)
        history.move_ledger(killed_at=point)
        history.requeue(target_id=70)
        history.move_ledger()
        history.requeue(target_id=70)


def test_run_that_stood_still_while_its_ledger_was_moved_there_and_back(begin_history):
    for point in range(1, 12):
        history = begin_history()
        history.switch(target_id=71)
        history.begin("deploy", points=3, target_id=70)
        history.move_ledger()
        history.move_ledger(killed_at=point)
        history.go_on()
        history.deploy(backfill="always")


def test_ledger_is_moved_there_and_back(history):
    history.deploy()
    assert history.move_ledger().error is None
    history.fetch(4001)
    history.deploy()
    assert history.move_ledger().error is None
    history.deploy()


# Extracts under way: Adverity processes them when a binding is enabled, and may load them


def fetch_under_way(history, processing=60.0):
    [extract] = history.fetch(4001, processing=processing)
    history.wait(5.0)
    return extract


def enable_two_destinations_meanwhile(history):
    """A binding is enabled without a history; another one of the datastream is enabled later, and gets the extract by a request."""
    history.wait(5.0)
    extract = fetch_under_way(history)
    history.deploy(71, backfill="never")
    history.after(100.0).deploy(70)
    return extract


def test_extract_under_way_is_named_and_not_guessed(history):
    extract = fetch_under_way(history, processing=90.0)
    assert extract in history.after(55.0).deploy().unknown
    history.wait(60.0)


def test_extract_under_way_is_named_for_both_of_two_destinations(history):
    extract = fetch_under_way(history, processing=300.0)
    for target_id in (70, 71):
        assert extract in history.deploy(target_id).unknown
        history.wait(5.0)
    history.wait(300.0)


def test_extract_under_way_is_named_also_by_its_id_alone(history):
    extract = fetch_under_way(history, processing=300.0)
    history.switch(70)
    assert extract in history.requeue(extract_ids=[extract]).unknown
    history.wait(300.0)


def test_extracts_under_way_that_enabled_bindings_will_load_are_named_by_their_ids_alone(history):
    history.deploy()
    extracts = history.after(5.0).fetch(4001, 2, processing=60.0)
    run = history.requeue(extract_ids=extracts)
    assert run.error
    assert run.unknown == set(extracts)
    history.wait(70.0)


def test_extract_under_way_when_it_is_planned_is_not_sent_later(history):
    extract = fetch_under_way(history)
    history.requeue(extract_ids=[extract], binding_ids=[5001], state="planned")
    history.switch(70)
    assert extract in history.after(100.0).requeue(extract_ids=[extract], binding_ids=[5001]).unknown


def test_extract_under_way_into_a_binding_that_is_enabled_holds_up_nothing(history):
    history.deploy()
    history.wait(600.0)
    fetch_under_way(history, processing=90.0)
    assert history.requeue(target_id=70).error is None
    history.wait(300.0)


def test_extract_under_way_when_its_binding_was_enabled_is_not_sent_by_its_id_alone(history):
    extract = fetch_under_way(history)
    history.deploy(71, backfill="never")
    assert extract in history.after(100.0).requeue(extract_ids=[extract]).unknown


def test_extract_under_way_is_unknown_after_a_run_that_was_killed_before_it_listed(history):
    extract = fetch_under_way(history)
    history.begin(target_id=70, until="before GET /api/extracts/")
    history.kill()
    assert extract in history.after(100.0).deploy().unknown


def test_extract_under_way_is_unknown_where_its_list_could_not_be_read(history):
    extract = fetch_under_way(history)
    history.hide_extracts(4001)
    history.deploy()
    history.mend()
    assert extract in history.after(1000.0).deploy().unknown


def test_extract_under_way_is_unknown_where_the_history_is_sent_later(history):
    extract = fetch_under_way(history)
    history.switch(70)
    assert extract in history.after(600.0).requeue(target_id=70).unknown


def test_extract_under_way_is_unknown_where_enabling_takes_longer_than_its_processing(begin_history):
    history = begin_history(pace=2.0)
    extract = fetch_under_way(history, processing=25.0)
    assert extract in history.deploy().unknown


def test_extract_under_way_is_unknown_although_a_request_for_another_binding_was_sent_meanwhile(begin_history):
    history = begin_history(load_seconds=120.0)
    history.deploy(70)
    history.wait(200.0)
    extract = fetch_under_way(history)
    history.requeue(extract_ids=[extract], target_id=70, force=True)
    assert extract in history.deploy(71).unknown


def test_extract_under_way_is_unknown_with_labels_that_the_user_explained(begin_history):
    history = begin_history(answers=["foreign_labels"])
    extract = fetch_under_way(history, processing=300.0)
    assert extract in history.deploy(state_labels=LABELS).unknown
    history.wait(600.0)


def test_fresh_extract_with_a_label_that_nobody_explained_is_unknown_until_it_is_explained(begin_history):
    history = begin_history(answers=["foreign_labels"])
    extract = fetch_under_way(history)
    assert extract in history.deploy().unknown
    assert extract in history.after(100.0).deploy(state_labels=LABELS).unknown


def test_fresh_extract_that_is_collected_is_sent_as_soon_as_its_label_is_explained(begin_history):
    history = begin_history(answers=["foreign_labels"])
    [extract] = history.fetch(4001)
    assert extract in history.after(60.0).deploy().unknown
    assert history.deploy(state_labels=LABELS).error is None
    assert extract in held(history, 4001)


def test_extract_that_another_binding_loaded_shortly_before_is_sent(begin_history):
    history = begin_history(enabled=[5004])
    [extract] = history.fetch(4001)
    assert extract in sent(history, history.after(600.0).deploy())


def test_request_for_another_binding_does_not_explain_that_an_extract_is_loaded(history):
    extract = enable_two_destinations_meanwhile(history)
    assert extract in history.deploy(71, backfill="always").unknown


def test_extract_that_was_loaded_meanwhile_has_the_same_reason_in_the_next_run(history):
    extract = enable_two_destinations_meanwhile(history)
    for _run in range(2):
        run = history.deploy(71, backfill="always")
        assert extract in run.unknown
        assert "less than an hour before the binding was enabled" in run.text
    assert "an earlier run was interrupted" not in run.text


# A binding that is enabled in the second in which it was made has no period in which it was disabled.
def test_extract_under_way_is_unknown_for_a_binding_that_is_enabled_as_soon_as_it_is_made(begin_history):
    history = begin_history(answers=["patch_untold"])
    [extract] = history.fetch(4001, processing=12.0)
    history.assign_again(5004)
    history.deploy(71, backfill_to="2025-12-29T12:00:00Z")
    assert extract in history.after(60.0).deploy(71).unknown


# Adverity loads the extract into both destinations that are enabled one after the other.
def test_binding_that_was_enabled_after_an_extract_was_created_does_not_explain_that_it_is_loaded(history):
    extract = fetch_under_way(history)
    history.switch(70)
    history.after(5.0).switch(71)
    assert extract in history.after(100.0).deploy(71, backfill="always").unknown


def test_binding_that_was_just_made_does_not_explain_that_an_extract_is_loaded(begin_history):
    history = begin_history(pace=1.0)
    history.assign_again(5004)
    history.fetch(4001, processing=12.0)
    history.deploy(killed_at=9)
    history.switch(70)


# What was sent into another binding hides that the extract was loaded before.
@pytest.mark.parametrize("state", ["being loaded again", "failed"])
def test_extract_loaded_while_its_binding_was_enabled_is_unknown_whatever_became_of_it_since(begin_history, state):
    history = begin_history(load_seconds=30.0)
    extract = fetch_under_way(history)
    history.switch(71)
    history.after(100.0).deploy(70, on_unknown="skip")
    if state == "failed":
        history.fail(sorted(history.listed).index(extract), 5001)
    history.requeue(extract_ids=[extract], target_id=70, force=True)
    history.wait(100.0 if state == "failed" else 10.0)
    assert extract in history.deploy(71, backfill="always").unknown


def test_extract_that_was_collected_when_it_was_sent_is_sent_into_a_second_destination(history):
    history.fetch(4001)
    history.after(60.0).deploy(70)
    assert history.after(600.0).deploy(71, rehearsed=True).error is None
    assert held(history, 4001, 71) == extracts_of(history, 4001)


# An extract counts as loaded automatically, and Adverity shows that it is not


@pytest.mark.parametrize("seconds", [600.0, 7200.0])
def test_extract_that_was_under_way_when_its_binding_was_disabled_is_named(history, seconds):
    history.deploy()
    history.wait(60.0)
    extract = fetch_under_way(history)
    history.switch(70, enabled=False)
    history.after(seconds).switch(70)
    run = history.after(60.0).requeue(target_id=70)
    assert any("does not show them as loaded" in warning and str(extract) in warning for warning in run.warnings)
    assert sent(history, history.requeue(extract_ids=[extract], target_id=70, force=True)) == [extract]


def test_extract_whose_automatic_load_failed_is_named(history):
    history.deploy(wait=60)
    history.wait(60.0)
    history.service.world.fail({"extract_id": 907, "binding_id": None})
    history.fetch(4001)
    run = history.after(60.0).requeue(extract_ids=[907], target_id=70)
    assert any("does not show them as loaded: extracts 907 for binding 5001 (Import Error)" in warning for warning in run.warnings)


# The load failed before the run listed the extract.
def test_extract_whose_automatic_load_failed_while_the_run_enabled_bindings_is_sent(history):
    history.begin("deploy", 10, target_id=70)
    [extract] = history.fetch(4002, processing=12.0)
    history.after(2.0).go_on(0, 18)
    history.fail(sorted(history.listed).index(extract), 5002)
    history.wait(20.0)
    history.mend()
    history.end_runs()
    assert (extract, 5002) in history.service.simulator.holds


# What check mode foretells


def test_check_mode_says_that_extracts_without_a_time_will_be_unknown(begin_history):
    begin_history(answers=["undated"]).deploy(rehearsed=True)


def test_check_mode_foretells_that_an_extract_may_have_been_loaded_before_the_run_enabled_its_binding(history):
    history.switch_by_hand(5001)
    history.after(1.0).fetch(4001)
    history.after(1.0).switch_by_hand(5001)
    history.deploy(70, rehearsed=True)


# What is recorded of bindings that a run does not mean, and what is recorded as loaded


@pytest.mark.parametrize("options", [{}, {"state": "planned"}, {"limit": 1}], ids=str)
def test_requeue_by_datastream_is_no_order_for_a_binding_that_is_not_enabled(history, options):
    history.deploy(70)
    history.deploy(71)
    history.after(60.0).assign_again(5004)
    history.after(60.0).requeue(datastream_ids=[4001], **options)
    assert sent(history, history.deploy(71)) == []


@pytest.mark.parametrize("kind", ["requeue", "deploy"])
def test_recording_that_is_killed_at_any_point_sends_nothing_later(begin_history, kind):
    options = {"state": "recorded", "binding_ids": [5001]} if kind == "requeue" else {"backfill": "recorded", "target_id": 70, "datastream_ids": [4001]}
    for points in range(4, 60):
        history = begin_history(enabled=[5001])
        run = history.begin(kind, points, **options)
        if run.ended:
            return
        history.kill()
        assert sent(history, history.after(60.0).deploy(70, datastream_ids=[4001])) == [], points
    raise AssertionError("it never ended")


# What only a look at the right time shows is recorded, also where a limit leaves the extract for later, or the run is killed before it sends it
@pytest.mark.parametrize("options", [{"on_unknown": "dispatched"}, {"state": "recorded"}, {"on_unknown": "requeue"}], ids=str)
def test_extract_under_way_that_is_over_the_limit_is_named_later(begin_history, options):
    history = begin_history(enabled=[5004])
    [extract] = history.after(60.0).fetch(4001, processing=60.0)
    history.after(5.0).switch(70)
    history.requeue(binding_ids=[5001], limit=1, **options)
    run = history.after(200.0).requeue(binding_ids=[5001])
    assert extract in run.named("unknown_extract_ids")


def test_extract_under_way_whose_request_was_killed_is_named_later(begin_history):
    history = begin_history(enabled=[5004])
    [extract] = history.after(60.0).fetch(4001, processing=60.0)
    history.after(5.0).switch(70)
    history.begin("requeue", until=BEFORE_SENDING, binding_ids=[5001], on_unknown="requeue")
    history.kill()
    run = history.after(200.0).requeue(binding_ids=[5001])
    assert extract in run.named("unknown_extract_ids")


def test_check_mode_counts_a_binding_that_is_enabled_already_as_it_is(begin_history):
    history = begin_history(enabled=[5001])
    history.after(5.0).fetch(4001)
    history.after(5.0).deploy(70, backfill="always", rehearsed=True)


# Both bindings of a datastream are enabled while Adverity processes an extract, the first one in the second in which it was created
def test_binding_that_was_enabled_in_the_second_of_an_extract_does_not_explain_that_it_is_loaded(history):
    [extract] = history.after(0.4).fetch(4001, processing=12.0)
    history.deploy(70, on_unknown="requeue")
    history.after(0.5).switch(71)
    run = history.after(20.0).deploy(71, backfill="always")
    assert extract in run.named("unknown_extract_ids")
