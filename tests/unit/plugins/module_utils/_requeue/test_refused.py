# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts that the service refuses: found by halving, named with its words, and in nobody's way."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Refused, Unfinished
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._requeue.wording import WAYS_ON_REFUSED
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import (
    BINDING,
    add_binding,
    counts,
    day,
    fails,
    ids_of,
    known,
    now,
    one_binding,
    posted,
    stand,
)

FIFTY = list(range(101, 151))


@pytest.fixture
def place(sqlite_place):
    return sqlite_place


def taken(service):
    """The extracts of the requests that were not refused, in the order of sending."""
    return [one for post in service.posts for one in post["extract_ids"] if not service.bad.intersection(post["extract_ids"])]


@pytest.mark.parametrize("bad", FIFTY)
def test_one_bad_extract_of_fifty_costs_at_most_twelve_further_requests(make_service, run, place, bad):
    service = make_service(extracts=50)
    service.bad = {bad}
    result = fails(run, Unfinished, service)
    others = [one for one in FIFTY if one != bad]
    assert len(service.posts) - 1 <= 12
    assert taken(service) == others
    assert ids_of(result) == {"requeued": others, "refused": [bad]}
    assert stand(service, place) == one_binding(dispatched=others, refused=[bad])


@pytest.mark.parametrize("on_refused", ["fail", "skip"])
def test_the_refused_one_is_named_and_the_rest_is_sent(make_service, run, place, on_refused):
    service = make_service(extracts=130)
    service.bad = {120}
    options = {"on_refused": on_refused}
    result = fails(run, Unfinished, service, **options) if on_refused == "fail" else run(service, **options)
    others = [one for one in range(101, 231) if one != 120]
    assert taken(service) == others
    assert (ids_of(result), result["changed"], result["extract_count"]) == ({"requeued": others, "refused": [120]}, True, 129)
    assert result["summary"] == [dict(counts(requeued=129, refused=1), datastream_id=456, binding_id=5)]
    assert sum(batch["extract_count"] for batch in result["batches"]) == 129
    if on_refused == "fail":
        assert result["msg"] == (
            "Sent in this run: 129 extracts. Still open: Adverity refused 1 extracts, which are recorded: extracts 120 with 404: status 404."
            f" {WAYS_ON_REFUSED} Everything else that is selected is done. The ledger is {place.shown}."
        )
    else:
        assert result["warnings"] == ["Adverity refused 1 extracts, and they are left out: extracts 120 with 404: status 404."]
    assert known(service, place)[BINDING].completed_window == (None if on_refused == "fail" else (None, None))


@pytest.mark.parametrize("bad", [{101, 102}, {101, 150}, {110, 111, 112}, {101, 125, 126, 150}, set(FIFTY) - {133}, set(FIFTY[1:])])
def test_several_bad_ones(make_service, run, place, bad):
    service = make_service(extracts=60)
    service.bad = bad
    result = fails(run, Unfinished, service)
    others = [one for one in range(101, 161) if one not in bad]
    assert (taken(service), ids_of(result)) == (others, {"requeued": others, "refused": sorted(bad)})
    assert stand(service, place) == one_binding(dispatched=others, refused=sorted(bad))


def test_where_everything_of_a_batch_is_refused_it_stops_after_that_batch(make_service, run, place):
    """It is not the extracts then."""
    service = make_service(extracts=12)
    service.bad = set(range(105, 109))
    result = fails(run, Unfinished, service, batch_size=4)
    assert [post["extract_ids"] for post in service.posts] == [
        [101, 102, 103, 104], [105, 106, 107, 108], [105, 106], [105], [106], [107, 108], [107], [108],
    ]  # fmt: skip
    assert ids_of(result) == {"requeued": [101, 102, 103, 104], "remaining": list(range(105, 113))}
    assert (
        "Datastream 456, binding 5: Adverity refused each of 4 extracts, also alone (404: status 404). The extracts are probably not the cause; if they are,"
        " set batch_size: 1 and on_refused: skip."
    ) in result["msg"]
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103, 104], pending=list(range(105, 113)))


def test_single_extracts_refused_one_after_the_other_stop_at_the_tenth(make_service, run, place):
    service = make_service(extracts=30)
    service.bad = set(range(103, 131))
    result = fails(run, Unfinished, service, batch_size=1)
    assert posted(service) == list(range(101, 113))
    assert ids_of(result)["requeued"] == [101, 102]
    assert ids_of(result)["refused"] == list(range(103, 113))
    assert ids_of(result)["remaining"] == list(range(113, 131))
    assert "Adverity refused 10 extracts in succession" in result["msg"]


def test_single_extracts_that_are_refused_here_and_there_stop_nothing(make_service, run, place):
    service = make_service(extracts=30)
    service.bad = set(range(102, 131, 2))
    result = fails(run, Unfinished, service, batch_size=1)
    assert posted(service) == list(range(101, 131))
    assert ids_of(result) == {"requeued": list(range(101, 131, 2)), "refused": list(range(102, 131, 2))}


def test_one_that_was_refused_before_neither_counts_nor_interrupts_the_count(make_service, run, place):
    service = make_service(extracts=30)
    service.bad = set(range(105, 131))
    run(service, on_refused="skip", created_from=day(10), created_to=day(10))
    posts = len(service.posts)
    result = fails(run, Unfinished, service, batch_size=1)
    assert [post["extract_ids"] for post in service.posts[posts:]] == [[one] for one in range(101, 116)]
    assert ids_of(result)["refused"] == list(range(105, 116))
    assert "Adverity refused 10 extracts in succession" in result["msg"]


@pytest.mark.parametrize("status", [401, 403, 407, 408, 423, 425, 429])
@pytest.mark.parametrize("place_of_it", [0, 1, 2])
def test_what_says_nothing_about_the_extracts_is_not_narrowed_down(make_service, run, place, status, place_of_it):
    service = make_service(extracts=6)
    service.outcomes = [200] * place_of_it + [status] * 5
    result = fails(run, Refused if status in (401, 407, 429) else Unfinished, service, batch_size=2)
    sent = FIFTY[: 2 * place_of_it]
    assert taken(service)[: len(sent)] == sent
    assert {tuple(post["extract_ids"]) for post in service.posts[place_of_it:]} == {(101 + len(sent), 102 + len(sent))}
    assert ids_of(result).get("requeued", []) == sent
    assert ids_of(result)["remaining"] == FIFTY[len(sent) : 6]
    assert stand(service, place) == one_binding(dispatched=sent, pending=FIFTY[len(sent) : 6])


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422, 451])
def test_which_refusals_are_narrowed_down(make_service, run, place, status):
    service = make_service(extracts=4)
    service.outcomes = [status, 200, status, status]
    result = fails(run, Unfinished, service)
    assert [post["extract_ids"] for post in service.posts] == [[101, 102, 103, 104], [101, 102], [103, 104], [103], [104]]
    assert (ids_of(result), f"extracts 103 with {status}: status {status}" in result["msg"]) == ({"requeued": [101, 102, 104], "refused": [103]}, True)


def test_while_it_narrows_down_an_answer_is_lost(make_service, run, place):
    service = make_service(extracts=8)
    service.outcomes = [404, 404, "lost"]
    result = fails(run, Unfinished, service)
    assert [post["extract_ids"] for post in service.posts] == [list(range(101, 109)), [101, 102, 103, 104], [101, 102]]
    assert ids_of(result) == {"unknown": [101, 102], "remaining": list(range(103, 109))}
    assert stand(service, place) == one_binding(unknown=[101, 102], pending=list(range(103, 109)))


def test_the_next_run_tries_it_again_in_a_request_of_its_own(make_service, run, place):
    service = make_service(extracts=5)
    service.bad = {103}
    fails(run, Unfinished, service)
    service.extracts[456] += [{"id": 90, "created": "2026-01-02T12:00:00Z"}, {"id": 200, "created": "2026-02-01T00:00:00Z"}]
    posts = len(service.posts)
    result = fails(run, Unfinished, service, backfill="when_needed")
    assert [post["extract_ids"] for post in service.posts[posts:]] == [[90], [103], [200]]
    assert ids_of(result) == {"requeued": [90, 200], "skipped": [101, 102, 104, 105], "refused": [103]}
    service.bad = set()
    assert ids_of(run(service)) == {"requeued": [103], "skipped": [101, 102, 90, 104, 105, 200]}
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103, 104, 105, 90, 200])


def test_one_that_is_skipped_is_left_out_in_later_runs(make_service, run, place):
    service = make_service(extracts=5)
    service.bad = {103}
    run(service, on_refused="skip")
    posts = len(service.posts)
    for backfill in ("always", "when_needed"):
        result = run(service, on_refused="skip", backfill=backfill)
        assert (result["changed"], len(service.posts)) == (False, posts)
        assert result["warnings"] == ["Adverity refused these extracts before, and they are left out: extracts 103 for binding 5."]
    assert ids_of(run(service, on_refused="skip")) == {"skipped": [101, 102, 104, 105], "refused": [103]}
    # A run that does not leave it out tries it again.
    assert fails(run, Unfinished, service, backfill="when_needed")["refused_extract_ids"] == [103]
    service.bad = set()
    assert ids_of(run(service, on_refused="skip", force=True))["requeued"] == [101, 102, 103, 104, 105]


def test_sent_again_on_the_users_word_and_refused_it_is_refused(make_service, run, place):
    """on_unknown: requeue says that it did not arrive. What Adverity refuses then is not unknown any more."""
    service = make_service(extracts=5)
    service.outcomes = ["lost"]
    fails(run, Unfinished, service)
    service.bad = {103}
    result = fails(run, Unfinished, service, on_unknown="requeue")
    assert ids_of(result) == {"requeued": [101, 102, 104, 105], "refused": [103]}
    assert stand(service, place) == one_binding(dispatched=[101, 102, 104, 105], refused=[103])
    assert ids_of(fails(run, Unfinished, service)) == {"skipped": [101, 102, 104, 105], "refused": [103]}
    assert ids_of(run(service, on_refused="skip")) == {"skipped": [101, 102, 104, 105], "refused": [103]}


@pytest.mark.parametrize("backfill", ["always", "when_needed"])
def test_what_was_to_be_sent_again_and_could_not_be_stays_unknown(make_service, run, place, backfill):
    """The user says so again: what was dispatched before that is not taken for done."""
    service = make_service(extracts=2)
    run(service, extract_ids=[101], binding_ids=[BINDING])
    service.outcomes = ["lost", 403]
    fails(run, Unfinished, service, force=True)
    fails(run, Unfinished, service, on_unknown="requeue")
    assert stand(service, place) == one_binding(unknown=[101, 102])
    assert ids_of(run(service, backfill=backfill, on_unknown="requeue")) == {"requeued": [101, 102]}


def test_loaded_automatically_and_refused_when_it_was_forced_it_is_not_sent_later(make_service, run):
    service = make_service(extracts=2)
    service.clock, service.bindings[0]["updated"] = 0, day(1)
    run(service)
    service.clock = 60
    service.extracts[456].append({"id": 300, "created": now(30)})
    service.bad = {300}
    result = fails(run, Unfinished, service, force=True)
    assert result["refused_extract_ids"] == [300]
    service.bad, posts = set(), len(service.posts)
    assert run(service)["summary"][0]["loaded_by_itself"] == 1
    assert len(service.posts) == posts


def test_the_words_of_a_request_without_a_response_are_its_own(make_service, run):
    """While a refusal is narrowed down: one extract is refused, the next request gets no response, and the rest is not tried."""
    service = make_service(extracts=4)
    service.outcomes = [404, 404, 404, "lost"]
    result = fails(run, Unfinished, service)
    assert (result["refused_extract_ids"], result["unknown_extract_ids"], result["remaining_extract_ids"]) == ([101], [102], [103, 104])
    assert "each of" not in result["msg"]
    assert "got no answer" in result["msg"]
    assert "POST /api/v1/extracts/requeue/ got no answer from 127.0.0.1: POST" not in result["msg"]


def test_one_that_is_refused_does_not_stop_a_plan(make_service, run, place):
    service = make_service(extracts=5)
    service.bad = {103}
    run(service, on_refused="skip")
    result = run(service, state="planned")
    assert (result["changed"], ids_of(result)) == (False, {})


def test_a_refusal_is_narrowed_down_to_a_binding_and_then_to_an_extract(make_service, run, place):
    service = make_service(extracts=3)
    add_binding(service, 6)
    service.bad = {102}
    result = fails(run, Unfinished, service)
    assert [(post["binding_ids"], post["extract_ids"]) for post in service.posts] == [
        ([5, 6], [101, 102, 103]), ([5], [101, 102, 103]), ([5], [101, 102]), ([5], [101]), ([5], [102]), ([5], [103]),
        ([6], [101, 102, 103]), ([6], [101, 102]), ([6], [101]), ([6], [102]), ([6], [103]),
    ]  # fmt: skip
    assert [(row["binding_id"], row["requeued"], row["refused"]) for row in result["summary"]] == [(5, 2, 1), (6, 2, 1)]
    assert {pair for pair, status in stand(service, place).items() if status == "refused"} == {(5, 102), (6, 102)}


@pytest.mark.parametrize(
    ("options", "of_refused", "posts"),
    [
        # It is not the extracts: nothing is recorded as refused, and the rest of that binding is not tried.
        ({}, "pending", [([5, 6], 4), ([5], 4), ([6], 4), ([6], 2), ([6], 1), ([6], 1), ([6], 2), ([6], 1), ([6], 1)]),
        ({"batch_size": 1, "on_refused": "skip"}, "refused", [([5, 6], 1), ([5], 1), ([6], 1)] * 4),
    ],
)
def test_a_binding_into_which_nothing_goes_does_not_hold_up_another_of_the_same_request(make_service, run, place, options, of_refused, posts):
    service = make_service(extracts=4)
    add_binding(service, 6)
    service.bad_bindings = {6}
    result = run(service, **options) if options else fails(run, Unfinished, service)
    assert [(post["binding_ids"], len(post["extract_ids"])) for post in service.posts] == posts
    of_both = stand(service, place)
    assert {pair: status for pair, status in of_both.items() if pair[0] == 5} == one_binding(dispatched=[101, 102, 103, 104])
    assert {status for pair, status in of_both.items() if pair[0] == 6} == {of_refused}
    assert [(row["binding_id"], row["requeued"]) for row in result["summary"]] == [(5, 4), (6, 0)]
    sent, service.bad_bindings = len(service.posts), set()
    run(service)
    assert {tuple(post["binding_ids"]) for post in service.posts[sent:]} == {(6,)}
    assert set(stand(service, place).values()) == {"dispatched"}


def test_the_ledger_has_the_services_words_in_one_line(make_service, run, place):
    service = make_service(extracts=2)
    words = "gone\n\x1b[31mTASK [evil]\u202e"
    service.outcomes = [404, 200, lambda request: service.answer(404, {"detail": words})]
    result = fails(run, Unfinished, service)
    assert "\x1b" not in result["msg"]
    with place.open(LOOK, f"127.0.0.1:{service.server.port}") as ledger:
        [entry] = ledger.open_entries()
    assert (entry.extract_id, entry.status, entry.reason) == (102, "refused", "404: gone [31mTASK [evil]")
    assert entry.at is not None


def test_bare_extracts_are_narrowed_down_too(make_service, run, place):
    service = make_service()
    service.bad = {8}
    result = fails(run, Unfinished, service, extract_ids=[7, 8, 9])
    assert [post.get("binding_ids") for post in service.posts] == [None] * len(service.posts)
    assert (ids_of(result), stand(service, place)) == (
        {"requeued": [7, 9], "refused": [8]}, {(0, 7): "dispatched", (0, 8): "refused", (0, 9): "dispatched"},
    )  # fmt: skip
