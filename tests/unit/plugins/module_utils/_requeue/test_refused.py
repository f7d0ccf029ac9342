# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts that Adverity refuses: found by halving, named with its words, and in nobody's way."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Refused, Unfinished
from ansible_collections.adverity.management.plugins.module_utils._requeue.wording import WAYS_ON_REFUSED
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import BINDING, counts, day, ids_of, one_binding

FIFTY = list(range(101, 151))


@pytest.mark.parametrize("bad", [{101}, {126}, {150}, {101, 102}, {101, 125, 126, 150}, set(FIFTY) - {133}, set(FIFTY[1:])], ids=len)
def test_bad_extracts_are_found_and_the_others_are_sent_in_order(begin, bad):
    scene = begin(extracts=60)
    scene.world.refused = bad
    result = scene.fails()
    others = [one for one in range(101, 161) if one not in bad]
    assert (scene.loads, ids_of(result)) == (others, {"requeued": others, "refused": sorted(bad)})
    assert scene.statuses() == one_binding(dispatched=others, refused=sorted(bad))
    assert len(bad) > 1 or len(scene.posts) - 2 <= 12


@pytest.mark.parametrize("on_refused", ["fail", "skip"])
def test_refused_extract_is_named_with_the_words_of_adverity(begin, on_refused):
    scene = begin(extracts=60)
    scene.world.refused = {120}
    result = scene.fails() if on_refused == "fail" else scene.run(on_refused="skip")
    assert (result["changed"], result["extract_count"], result["summary"]) == (True, 59, [counts(requeued=59, refused=1)])
    words = "extracts 120 with 400: Extracts not found: 120."
    if on_refused == "fail":
        assert result["msg"] == (
            f"Sent in this run: 59 extracts. Still open: Adverity refused 1 extract, as the ledger records now: {words}"
            f" {WAYS_ON_REFUSED} Everything else that is selected is done. The ledger is {scene.ledger}."
        )
    else:
        assert result["warnings"] == [f"Adverity refused 1 extract, left out by this run: {words}"]
    assert scene.histories()[BINDING].completed_window == (None if on_refused == "fail" else (None, None))


NOT_THE_EXTRACTS = {403: Unfinished, 408: Unfinished, 423: Unfinished, 425: Unfinished, 401: Refused, 407: Refused, 429: Refused}


@pytest.mark.parametrize("status", NOT_THE_EXTRACTS)
@pytest.mark.parametrize("number", [0, 1])
def test_refusal_that_says_nothing_about_the_extracts_is_not_narrowed_down(begin, status, number):
    scene = begin(extracts=4)
    scene.outcomes = [200] * number + [status]
    result = scene.fails(NOT_THE_EXTRACTS[status], batch_size=2)
    sent, rest = FIFTY[: 2 * number], FIFTY[2 * number : 4]
    assert scene.batches == [[101, 102], [103, 104]][: number + 1]
    assert scene.statuses() == one_binding(dispatched=sent, pending=rest)
    assert (result["requeued_extract_ids"], result["remaining_extract_ids"]) == (sent, rest)
    assert f"status {status}" in result["msg"]
    advice = "run it again when the cause is corrected" if status < 429 and status not in (401, 407) else "Correct the cause and run it again"
    assert advice in result["msg"]
    assert ("This request needs destination:write" in result["msg"]) is (status == 403)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422])
def test_other_refusals_are_narrowed_down(begin, status):
    scene = begin(extracts=4)
    scene.outcomes = [status, 200, status, status]
    result = scene.fails()
    assert scene.batches == [[101, 102, 103, 104], [101, 102], [103, 104], [103], [104]]
    assert ids_of(result) == {"requeued": [101, 102, 104], "refused": [103]}
    assert f"extracts 103 with {status}: status {status}" in result["msg"]


def test_where_everything_of_a_batch_is_refused_it_stops_after_that_batch(begin):
    scene = begin(extracts=12)
    scene.world.refused = set(range(105, 109))
    result = scene.fails(batch_size=4)
    assert scene.batches == [[101, 102, 103, 104], [105, 106, 107, 108], [105, 106], [105], [106], [107, 108], [107], [108]]
    assert (
        "Datastream 456, binding 5: Adverity refused each of 4 extracts, also alone (400: Extracts not found: 105). The extracts are probably not the"
        " cause; if they are, set batch_size: 1 and on_refused: skip."
    ) in result["msg"]
    assert scene.statuses() == one_binding(dispatched=[101, 102, 103, 104], pending=list(range(105, 113)))


@pytest.mark.parametrize(
    ("before", "bad", "tried"),
    [
        (None, range(103, 131), range(101, 113)),  # ten of them
        (None, range(102, 131, 2), range(101, 131)),  # here and there
        (110, range(105, 131), range(101, 116)),  # one that was refused before neither counts nor interrupts the count
    ],
)
def test_ten_single_extracts_that_are_refused_in_succession_stop_the_datastream(begin, before, bad, tried):
    scene = begin(extracts=30)
    scene.world.refused = set(bad)
    if before:
        scene.run(on_refused="skip", created_from=day(before - 100), created_to=day(before - 100))
    posts = len(scene.posts)
    result = scene.fails(batch_size=1)
    assert scene.batches[posts:] == [[one] for one in tried]
    assert result["refused_extract_ids"] == [one for one in tried if one in bad]
    assert result["remaining_extract_ids"] == [one for one in range(101, 131) if one not in tried]
    assert ("Adverity refused 10 extracts in succession" in result["msg"]) is bool(result["remaining_extract_ids"])


def test_lost_response_while_a_refusal_is_narrowed_down_has_its_own_words(begin):
    """One extract is refused, the next request gets no response, and the rest is not tried."""
    scene = begin(extracts=4)
    scene.outcomes = [404, 404, 404, "lost"]
    result = scene.fails()
    assert ids_of(result) == {"refused": [101], "unknown": [102], "remaining": [103, 104]}
    assert scene.statuses() == one_binding(refused=[101], unknown=[102], pending=[103, 104])
    assert "each of" not in result["msg"]
    assert "got no response" in result["msg"]


def test_refused_extract_goes_alone_in_the_next_run(begin):
    scene = begin(extracts=5)
    scene.world.refused = {103}
    scene.fails()
    scene.add_extract(90, "2026-01-02T12:00:00Z")
    scene.add_extract(200, "2026-02-01T00:00:00Z")
    posts = len(scene.posts)
    result = scene.fails(backfill="when_needed")
    assert scene.batches[posts:] == [[90], [103], [200]]
    assert ids_of(result) == {"requeued": [90, 200], "skipped": [101, 102, 104, 105], "refused": [103]}
    scene.world.refused = set()
    assert ids_of(scene.run()) == {"requeued": [103], "skipped": [101, 102, 90, 104, 105, 200]}


def test_refused_extract_that_is_left_out_is_left_out_in_later_runs(begin):
    scene = begin(extracts=5)
    scene.world.refused = {103}
    scene.run(on_refused="skip")
    posts = len(scene.posts)
    for options in ({"backfill": "always"}, {"backfill": "when_needed"}):
        result = scene.run(on_refused="skip", **options)
        assert (result["changed"], len(scene.posts)) == (False, posts)
        assert result["warnings"] == ["Adverity refused these extracts before, and they are left out: extracts 103 for binding 5."]
    assert ids_of(scene.run(state="planned")) == {}
    assert scene.fails(backfill="when_needed")["refused_extract_ids"] == [103]


def test_extract_that_is_sent_again_on_the_users_word_and_refused_is_refused(begin):
    scene = begin(extracts=5)
    scene.outcomes = ["lost"]
    scene.fails()
    scene.world.refused = {103}
    assert ids_of(scene.fails(on_unknown="requeue")) == {"requeued": [101, 102, 104, 105], "refused": [103]}
    assert scene.statuses() == one_binding(dispatched=[101, 102, 104, 105], refused=[103])


def test_extract_that_was_to_be_sent_again_and_could_not_be_stays_unknown(begin):
    """What was dispatched before that is not taken for done."""
    scene = begin(extracts=2)
    scene.run(extract_ids=[101], binding_ids=[BINDING])
    scene.outcomes = ["lost", 403]
    scene.fails(force=True)
    scene.fails(on_unknown="requeue")
    assert scene.statuses() == one_binding(unknown=[101, 102])
    assert ids_of(scene.run(on_unknown="requeue")) == {"requeued": [101, 102]}


def test_refusal_is_narrowed_down_to_a_binding_and_then_to_an_extract(scene):
    scene.add_binding(6)
    scene.world.refused = {102}
    result = scene.fails()
    assert [(post["binding_ids"], post["extract_ids"]) for post in scene.posts] == [
        ([5, 6], [101, 102, 103]), ([5], [101, 102, 103]), ([5], [101, 102]), ([5], [101]), ([5], [102]), ([5], [103]),
        ([6], [101, 102, 103]), ([6], [101, 102]), ([6], [101]), ([6], [102]), ([6], [103]),
    ]  # fmt: skip
    assert result["summary"] == [counts(requeued=2, refused=1), counts(binding_id=6, requeued=2, refused=1)]


def test_bare_extracts_are_narrowed_down_too(scene):
    scene.world.refused = {102}
    result = scene.fails(extract_ids=[101, 102, 103])
    assert {post.get("binding_ids") for post in scene.posts} == {None}
    assert ids_of(result) == {"requeued": [101, 103], "refused": [102]}
    assert scene.statuses() == {(0, 101): "dispatched", (0, 102): "refused", (0, 103): "dispatched"}
