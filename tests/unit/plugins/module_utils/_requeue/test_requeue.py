# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import threading

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    InputError,
    LedgerError,
    NotReached,
    Refused,
    Unfinished,
)
from ansible_collections.adverity.management.plugins.module_utils._api.transport import RequestsTransport
from ansible_collections.adverity.management.plugins.module_utils._ledger import store as stores
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._requeue.wording import WAYS_ON
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import (
    BINDING,
    DATASTREAM,
    TARGET,
    Service,
    add_binding,
    counts,
    day,
    fails,
    ids_of,
    known,
    now,
    one_binding,
    posted,
    requeue,
    stand,
)

# The main job


def test_130_extracts_go_in_three_requests_oldest_first_and_only_once(make_service, run, place):
    service = make_service(extracts=130)
    service.extracts[DATASTREAM].reverse()
    ids = list(range(101, 231))
    result = run(service)
    assert service.posts == [
        {"extract_ids": ids[:50], "sequential": True, "binding_ids": [BINDING]},
        {"extract_ids": ids[50:100], "sequential": True, "binding_ids": [BINDING]},
        {"extract_ids": ids[100:], "sequential": True, "binding_ids": [BINDING]},
    ]
    assert result == {
        "changed": True,
        "requeued_extract_ids": ids, "skipped_extract_ids": [], "unknown_extract_ids": [], "refused_extract_ids": [],
        "failed_extract_ids": [], "remaining_extract_ids": [],
        "extract_count": 130,
        "batches": [
            {"datastream_id": DATASTREAM, "binding_ids": [BINDING], "extract_count": count, "message": f"Dispatched requeue for {count} extract(s)."}
            for count in (50, 50, 30)
        ],
        "summary": [dict(counts(requeued=130), datastream_id=DATASTREAM, binding_id=BINDING)],
        "bindings": [
            {"binding_id": BINDING, "datastream_id": DATASTREAM, "target_id": TARGET, "target_name": "", "enabled": True, "action": "backfill"}
        ],
        "ledger": place.shown, "warnings": [],
        "diff": {"before": {"binding 5": {"dispatched": 0}}, "after": {"binding 5": {"dispatched": 130}}},
    }
    json.dumps(result)
    assert stand(service, place) == one_binding(dispatched=ids)
    assert len(service.reads) == 2
    assert service.server.connections == 1
    again = run(service)
    assert len(service.posts) == 3
    assert (again["changed"], again["extract_count"], ids_of(again)) == (False, 0, {"skipped": ids})
    assert again["batches"] == []
    assert again["diff"] == {"before": {"binding 5": {"dispatched": 130}}, "after": {"binding 5": {"dispatched": 130}}}


def test_what_is_new_is_sent_and_the_rest_is_not(service, run, place):
    run(service)
    service.extracts[DATASTREAM].append({"id": 50, "created": day(9)})
    assert ids_of(run(service)) == {"requeued": [50], "skipped": [101, 102, 103]}
    assert service.posts[1]["extract_ids"] == [50]


@pytest.mark.parametrize(("sequential", "batch_size", "sizes"), [(True, 1, [1, 1, 1]), (False, 2, [2, 1]), (False, 50, [3])])
def test_options_of_the_request(service, run, sequential, batch_size, sizes):
    run(service, sequential=sequential, batch_size=batch_size)
    assert [len(post["extract_ids"]) for post in service.posts] == sizes
    assert {post["sequential"] for post in service.posts} == {sequential}


def test_bare_extracts_name_no_binding(service, run, place):
    result = run(service, extract_ids=[7, 3, 7])
    assert service.posts == [{"extract_ids": [3, 7], "sequential": True}]
    assert service.reads == []
    assert result["batches"] == [{"datastream_id": None, "binding_ids": [], "extract_count": 2, "message": "Dispatched requeue for 2 extract(s)."}]
    assert result["summary"] == [dict(counts(requeued=2), datastream_id=None, binding_id=None)]
    assert result["diff"]["after"] == {"all enabled bindings": {"dispatched": 2}}
    assert stand(service, place) == {(0, 3): "dispatched", (0, 7): "dispatched"}
    assert ids_of(run(service, extract_ids=[3, 7, 8])) == {"requeued": [8], "skipped": [3, 7]}


def test_nothing_to_do_is_no_request_and_no_change(service, run):
    service.extracts[DATASTREAM] = []
    result = run(service)
    assert (result["changed"], result["summary"], result["diff"]) == (False, [], {"before": {}, "after": {}})
    assert service.posts == []


@pytest.mark.parametrize("created", [None, "no time", 7])
def test_extracts_without_times_go_in_the_order_of_their_ids(service, run, created):
    service.extracts[DATASTREAM] = [{"id": one, **({} if created is None else {"created": created})} for one in (9, 7, 8)]
    run(service)
    assert service.posts[0]["extract_ids"] == [7, 8, 9]


# What becomes of a POST


@pytest.mark.parametrize(
    "outcome",
    [
        302, 500, 502, 503, 504, "lost", "reset", "cut", "html", [], "text", {"extract_ids": None}, {"extract_ids": "101"}, {"extract_ids": {"101": 1}},
        {"extract_ids": []}, {"extract_ids": ["101", "102", "103"]}, {"extract_ids": [1, 2, 3]}, {"extract_ids": [[101], None, {}]},
    ],
)  # fmt: skip
def test_where_the_outcome_is_unknown_the_ledger_says_so_and_the_next_run_does_not_send_it(service, run, place, outcome):
    service.outcomes = [outcome]
    result = fails(run, Unfinished, service, batch_size=3)
    assert len(service.posts) == 1
    assert stand(service, place) == one_binding(unknown=[101, 102, 103])
    assert ids_of(result) == {"unknown": [101, 102, 103]}
    assert (result["changed"], result["extract_count"]) == (True, 0)
    assert result["msg"].startswith("Sent in this run: 0 extracts. Still open: Datastream 456, binding 5: POST /api/v1/extracts/requeue/ ")
    assert f"The outcome for extracts 101-103 is unknown and recorded as such. {WAYS_ON}" in result["msg"]
    assert place.shown in result["msg"]
    stopped = fails(run, Unfinished, service)
    assert len(service.posts) == 1
    assert stopped["msg"].startswith(
        "Sent in this run: 0 extracts. Still open: It is unknown whether these extracts are loaded: extracts 101-103 for binding 5 (an earlier run"
        " received no response"
    )
    assert WAYS_ON in stopped["msg"]
    assert (stopped["changed"], ids_of(stopped)) == (False, {"unknown": [101, 102, 103]})


@pytest.mark.parametrize(("status", "posts"), [(401, 1), (403, 1), (407, 1), (408, 1), (423, 1), (400, 5), (404, 5), (405, 5), (409, 5), (413, 5), (422, 5)])
def test_a_refusal_of_everything_leaves_them_to_be_sent(service, run, place, status, posts):
    """What says nothing about the extracts is not narrowed down; what might, is, and where nothing of a batch is taken it stops after that batch."""
    service.outcomes = [status] * posts
    result = fails(run, Refused if status in (401, 407) else Unfinished, service)
    assert len(service.posts) == posts
    assert stand(service, place) == one_binding(pending=[101, 102, 103])
    assert (result["changed"], ids_of(result)) == (False, {"remaining": [101, 102, 103]})
    assert f"status {status}" in result["msg"]
    assert {
        1: "run it again when the cause is corrected" if status not in (401, 407) else "Correct the cause and run it again: what was dispatched is not sent",
        5: "The extracts are probably not the cause; if they are, set batch_size: 1 and on_refused: skip.",
    }[posts] in result["msg"]
    assert ids_of(run(service)) == {"requeued": [101, 102, 103]}


@pytest.mark.parametrize("outcomes", [["429 then"], ["503 then"], ["429 then", "503 then", "429 then"]])
def test_a_refusal_that_passes_is_tried_again(service, run, place, waits, outcomes):
    service.outcomes = list(outcomes)
    result = run(service)
    assert (result["changed"], ids_of(result)) == (True, {"requeued": [101, 102, 103]})
    assert len(service.posts) == len(outcomes) + 1
    assert len(waits) == len(outcomes)
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103])


def test_a_refusal_that_does_not_pass_leaves_them_to_be_sent(service, run, place):
    service.outcomes = [429] * 5
    result = fails(run, Refused, service)
    assert len(service.posts) == 5
    assert (result["changed"], ids_of(result)) == (False, {"remaining": [101, 102, 103]})
    assert stand(service, place) == one_binding(pending=[101, 102, 103])


def test_lost_after_a_refusal_is_not_known(service, run, place):
    service.outcomes = ["429 then", "lost"]
    fails(run, Unfinished, service)
    assert len(service.posts) == 2
    assert stand(service, place) == one_binding(unknown=[101, 102, 103])


def test_a_service_that_is_gone_leaves_them_to_be_sent(service, run, make_client, place):
    client = make_client(service.server, retries=2)
    real = client.transport.session.send

    def send(request, **more):
        if request.method == "POST":
            service.server.stop()
            client.transport.session.close()
        return real(request, **more)

    client.transport.session.send = send
    with pytest.raises(NotReached) as caught:
        requeue(client, place)
    result = caught.value.result()
    assert (result["changed"], ids_of(result)) == (False, {"remaining": [101, 102, 103]})
    assert stand(service, place) == one_binding(pending=[101, 102, 103])


@pytest.mark.parametrize(
    ("outcome", "sent", "unknown"),
    [({"extract_ids": [101, 103]}, [101, 103], [102]), ({"extract_ids": [103]}, [103], [101, 102]), ({"extract_ids": [103, 7, 102, 103]}, [102, 103], [101])],
)
def test_an_answer_that_leaves_some_out(service, run, place, outcome, sent, unknown):
    service.outcomes = [outcome]
    result = fails(run, Unfinished, service)
    assert stand(service, place) == one_binding(dispatched=sent, unknown=unknown)
    assert (result["changed"], ids_of(result)) == (True, {"requeued": sent, "unknown": unknown})
    assert "it does not name extracts" in result["msg"]
    assert ids_of(run(service, on_unknown="requeue")) == {"requeued": unknown, "skipped": sent}


def test_an_answer_that_names_none(service, run, place, monkeypatch):
    service.outcomes = [{"extract_ids": []}]
    monkeypatch.setattr(Ledger, "dispatched", None)  # nothing is there to be noted
    result = fails(run, Unfinished, service)
    assert stand(service, place) == one_binding(unknown=[101, 102, 103])
    assert ids_of(result) == {"unknown": [101, 102, 103]}
    assert "it does not name extracts 101-103 as dispatched" in result["msg"]
    assert "could not record" not in result["msg"]


def test_an_answer_that_names_more_is_a_warning(service, run, place):
    service.outcomes = [{"extract_ids": [101, 102, 103, 7, "x\n", None]}]
    result = run(service)
    assert ids_of(result) == {"requeued": [101, 102, 103]}
    [warning] = result["warnings"]
    assert "also dispatched extracts that were not requested: [7, 'x\\n', None]" in warning
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103])


@pytest.mark.parametrize(
    ("message", "shown"), [(None, ""), ("", ""), ("two\nlines", "two lines"), (7, "7"), ("x" * 1000, "x" * 299 + "\u2026"), ({"a": 1}, "{'a': 1}")]
)
def test_the_message_is_one_line_whatever_it_is(service, run, message, shown):
    service.outcomes = [{"message": message}]
    assert run(service)["batches"][0]["message"] == shown


def test_an_answer_without_a_message(service, run):
    service.outcomes = [lambda request: service.answer(200, {"extract_ids": [103, 102, 101]})]
    result = run(service)
    # The order is that of sending, whatever order the answer has.
    assert result["requeued_extract_ids"] == [101, 102, 103]
    assert result["batches"] == [{"datastream_id": DATASTREAM, "binding_ids": [BINDING], "extract_count": 3, "message": ""}]


@pytest.mark.parametrize(
    ("outcome", "ledger", "ids"),
    [
        (403, {"dispatched": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("lost", {"dispatched": [101], "unknown": [102], "pending": [103]}, {"requeued": [101], "unknown": [102], "remaining": [103]}),
        ("html", {"dispatched": [101], "unknown": [102], "pending": [103]}, {"requeued": [101], "unknown": [102], "remaining": [103]}),
    ],
)
def test_a_failure_half_way_tells_what_was_done_and_what_was_not(service, run, place, outcome, ledger, ids):
    service.outcomes = [200, outcome]
    result = fails(run, Unfinished, service, batch_size=1)
    assert len(service.posts) == 2
    assert stand(service, place) == one_binding(**ledger)
    assert (result["changed"], result["extract_count"], ids_of(result)) == (True, 1, ids)
    assert result["msg"].startswith("Sent in this run: 1 extracts. Still open: Datastream 456, binding 5: POST ")
    assert [batch["extract_count"] for batch in result["batches"]] == [1]
    [row] = result["summary"]
    assert (row["requeued"], row["unknown"], row["remaining"]) == (1, len(ids.get("unknown", [])), len(ids["remaining"]))
    # Every extract ends up loaded once, except the one in doubt, of which the user decides.
    run(service, on_unknown="skip")
    assert sorted(posted(service)) == ([101, 102, 102, 103] if outcome == 403 else [101, 102, 103])


# The ledger failing


@pytest.mark.parametrize(
    ("method", "call", "outcomes", "posts", "ledger", "ids"),
    [
        ("note", 1, [], 0, {}, None),
        ("note", 2, [], 0, {}, None),
        ("note", 3, [], 3, {"dispatched": [101, 102, 103]}, None),  # that everything is done
        ("intend", 1, [], 0, {"pending": [101, 102, 103]}, {"remaining": [101, 102, 103]}),
        ("intend", 2, [], 1, {"dispatched": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("intend", 2, ["429 then"], 1, {"pending": [101, 102, 103]}, {"remaining": [101, 102, 103]}),
        ("withdraw", 1, [403], 1, {"unknown": [101], "pending": [102, 103]}, {"unknown": [101], "remaining": [102, 103]}),
        ("withdraw", 1, ["429 then"], 1, {"unknown": [101], "pending": [102, 103]}, {"unknown": [101], "remaining": [102, 103]}),
        ("dispatched", 1, [], 3, {"dispatched": [101, 102, 103]}, {"requeued": [101, 102, 103]}),  # it is tried twice
        ("dispatched and later", 1, [], 3, {"dispatched": [101, 102], "unknown": [103]}, {"requeued": [101, 102, 103]}),
        ("intend and later", 1, [], 0, {"pending": [101, 102, 103]}, {"remaining": [101, 102, 103]}),
        ("intend and later", 2, [], 1, {"unknown": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("intend and later", 3, [], 2, {"dispatched": [101], "unknown": [102], "pending": [103]}, {"requeued": [101, 102], "remaining": [103]}),
    ],
)
def test_a_ledger_that_fails_stops_everything_and_nothing_is_sent_twice(service, run, place, monkeypatch, method, call, outcomes, posts, ledger, ids):
    service.outcomes = list(outcomes)
    broken, _and, later = method.partition(" and ")
    calls = []

    def fail_at(name):
        real = getattr(Ledger, name)

        def failing(self, *args, **more):
            calls.append(name)
            if (later and calls.count(broken) >= call) or (name == broken and calls.count(broken) == call):
                raise stores.failed(self.shown, "disk I/O error", "Mend it.")
            return real(self, *args, **more)

        return failing

    with monkeypatch.context() as patched:
        for name in ("note", "intend", "withdraw", "dispatched"):
            patched.setattr(Ledger, name, fail_at(name))
        result = fails(run, LedgerError, service, batch_size=1)
    assert f"The ledger {place.shown} cannot be used: disk I/O error" in result["msg"]
    assert len(service.posts) == posts
    assert stand(service, place) == one_binding(**ledger)
    assert (ids_of(result) if ids else None) == ids
    unknown = ledger.get("unknown", [])
    if later and unknown:  # this run knows better than the ledger it leaves behind
        assert f"The ledger could not record that extracts {unknown[0]} were dispatched" in result["msg"]
    if unknown:
        assert fails(run, AdverityError, service)["unknown_extract_ids"] == unknown
        assert len(service.posts) == posts
    else:
        run(service)
        loaded = [one for post in service.posts[0 if not outcomes else 1 :] for one in post["extract_ids"]]
        assert loaded == [101, 102, 103]


# Force, unknown, limit


def test_force_sends_again(service, run, place):
    run(service)
    result = run(service, force=True)
    assert (result["changed"], ids_of(result)) == (True, {"requeued": [101, 102, 103]})
    assert len(service.posts) == 2
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_a_forced_one_that_is_refused_is_dispatched_all_the_same(service, run, place):
    run(service)
    service.outcomes = [403]
    fails(run, Unfinished, service, force=True)
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103])
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_what_was_dispatched_is_not_sent_unasked_after_a_forced_one_was_refused(service, run, place):
    """A refusal of a later request does not take back what arrived."""
    run(service)
    service.bad = {102}
    assert fails(run, Unfinished, service, force=True, batch_size=1)["refused_extract_ids"] == [102]
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103])
    posts, service.bad = len(service.posts), set()
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}
    assert ids_of(run(service, on_refused="skip")) == {"skipped": [101, 102, 103]}
    assert len(service.posts) == posts


def test_a_forced_one_that_is_lost_is_not_known(service, run, place):
    run(service)
    service.outcomes = ["lost"]
    fails(run, Unfinished, service, force=True)
    assert stand(service, place) == one_binding(unknown=[101, 102, 103])


@pytest.mark.parametrize(
    ("on_unknown", "force", "ids", "after"),
    [
        ("skip", False, {"requeued": [103], "skipped": [101], "unknown": [102]}, {"dispatched": [101, 103], "unknown": [102]}),
        ("skip", True, {"requeued": [101, 103], "unknown": [102]}, {"dispatched": [101, 103], "unknown": [102]}),
        ("requeue", False, {"requeued": [102, 103], "skipped": [101]}, {"dispatched": [101, 102, 103]}),
        ("requeue", True, {"requeued": [101, 102, 103]}, {"dispatched": [101, 102, 103]}),
        ("dispatched", False, {"requeued": [103], "skipped": [101, 102]}, {"dispatched": [101, 102, 103]}),
        ("dispatched", True, {"requeued": [101, 103], "skipped": [102]}, {"dispatched": [101, 102, 103]}),
    ],
)
def test_the_ways_on_where_something_is_unknown(service, run, place, on_unknown, force, ids, after):
    service.outcomes = [200, "lost"]
    fails(run, Unfinished, service, batch_size=1)
    fails(run, Unfinished, service)
    assert len(service.posts) == 2
    result = run(service, on_unknown=on_unknown, force=force)
    assert (result["changed"], ids_of(result)) == (True, ids)
    assert stand(service, place) == one_binding(**after)
    assert posted(service, 2) == ids["requeued"]


def test_what_did_arrive_can_be_told_and_is_told_once(service, run, place):
    service.outcomes = ["lost"]
    fails(run, Unfinished, service)
    results = [run(service, on_unknown="dispatched") for _time in range(2)]
    assert [one["changed"] for one in results] == [True, False]
    assert [ids_of(one) for one in results] == [{"skipped": [101, 102, 103]}] * 2
    assert len(service.posts) == 1
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103])


def test_what_went_without_a_binding_and_did_arrive_can_be_told(service, run):
    service.outcomes = ["lost"]
    fails(run, Unfinished, service, extract_ids=[101])
    fails(run, AdverityError, service)
    assert ids_of(run(service, on_unknown="dispatched")) == {"requeued": [102, 103], "skipped": [101]}
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_only_what_was_chosen_can_stop(service, run):
    service.outcomes = ["lost"]
    fails(run, Unfinished, service, created_to=day(1))
    result = run(service, created_from=day(2))
    assert ids_of(result) == {"requeued": [102, 103]}


def test_a_limit_is_walked_through_call_by_call(make_service, run, place):
    service = make_service(extracts=5)
    ids = [101, 102, 103, 104, 105]
    for sent in (2, 4, 5, 5):
        before = len(posted(service))
        result = run(service, limit=2)
        expected = {"requeued": ids[before:sent], "skipped": ids[:before], "remaining": ids[sent:]}
        assert ids_of(result) == {name: some for name, some in expected.items() if some}
        assert result["changed"] is (sent > before)
        assert stand(service, place) == one_binding(dispatched=ids[:sent], pending=ids[sent:])
    assert [post["extract_ids"] for post in service.posts] == [[101, 102], [103, 104], [105]]


# Several bindings


def test_bindings_with_different_histories_get_what_each_lacks(make_service, run, place):
    service = make_service(extracts=4)
    run(service, created_to=day(2))
    add_binding(service, 6)
    run(service, binding_ids=[6], created_from=day(2), created_to=day(3))
    result = run(service)
    assert [(post["binding_ids"], post["extract_ids"]) for post in service.posts[2:]] == [([6], [101]), ([5], [103]), ([5, 6], [104])]
    assert ids_of(result) == {"requeued": [101, 103, 104], "skipped": [102]}
    assert result["summary"] == [
        dict(counts(requeued=2, skipped=2), datastream_id=DATASTREAM, binding_id=6),
        dict(counts(requeued=2, skipped=2), datastream_id=DATASTREAM, binding_id=5),
    ]
    assert set(stand(service, place).values()) == {"dispatched"}
    assert len(stand(service, place)) == 8
    assert ids_of(run(service)) == {"skipped": [101, 102, 103, 104]}


def test_a_request_for_two_bindings_that_is_lost_is_unknown_for_both(service, run, place):
    add_binding(service, 6)
    service.outcomes = ["lost"]
    result = fails(run, Unfinished, service)
    assert set(stand(service, place).values()) == {"unknown"}
    assert len(stand(service, place)) == 6
    assert result["unknown_extract_ids"] == [101, 102, 103]
    assert "Datastream 456, binding 5-6: POST" in result["msg"]
    assert [row["unknown"] for row in result["summary"]] == [3, 3]


def test_two_datastreams_go_one_after_the_other(service, run):
    add_binding(service, 6, 457)
    service.extracts[457] = [{"id": 51, "created": "2020-01-01T00:00:00Z"}]
    result = run(service, datastream_ids=[DATASTREAM, 457], target_id=TARGET)
    assert [(post["binding_ids"], post["extract_ids"]) for post in service.posts] == [([5], [101, 102, 103]), ([6], [51])]
    assert [row["datastream_id"] for row in result["summary"]] == [456, 457]


def test_a_disabled_binding_is_refused_and_nothing_is_sent(service, run, place):
    service.bindings[0]["enabled"] = False
    assert "Not enabled: binding 5" in fails(run, InputError, service, binding_ids=[5])["msg"]
    assert service.posts == []
    assert stand(service, place) == {}


# All enabled bindings


def test_what_went_to_all_is_not_known_of_each(service, run, place):
    run(service, extract_ids=[101])
    result = fails(run, AdverityError, service)
    assert result["unknown_extract_ids"] == [101]
    assert "sent them without naming bindings" in result["msg"]
    assert ids_of(run(service, on_unknown="skip")) == {"requeued": [102, 103], "unknown": [101]}
    assert ids_of(run(service, on_unknown="requeue")) == {"requeued": [101], "skipped": [102, 103]}
    # Now it has an outcome of its own.
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_what_went_to_one_is_not_known_of_all(service, run, place):
    run(service, created_to=day(1))
    result = fails(run, AdverityError, service, extract_ids=[101, 102])
    assert result["unknown_extract_ids"] == [101]
    assert "Still open: It is unknown whether these extracts are loaded: extracts 101 (an earlier run received no response" in result["msg"]
    assert ids_of(run(service, extract_ids=[101, 102], on_unknown="skip")) == {"requeued": [102], "unknown": [101]}
    assert ids_of(run(service, extract_ids=[101, 102], on_unknown="requeue")) == {"requeued": [101], "skipped": [102]}


def test_what_is_only_planned_for_all_is_sent_to_one(service, run):
    run(service, extract_ids=[101], state="planned")
    assert ids_of(run(service)) == {"requeued": [101, 102, 103]}


# Plans

WHOLE = {"created_from": None, "created_to": None}


def test_a_plan_names_bindings_and_window_and_nothing_is_listed_or_sent(service, run, place):
    service.bindings[0].update(enabled=False, updated=day(1))
    service.clock = 0
    result = run(service, state="planned", target_id=TARGET)
    assert (service.posts, len(service.reads)) == ([], 1)
    assert (result["changed"], ids_of(result), result["batches"], result["bindings"][0]["action"]) == (True, {}, [], "backfill")
    assert result["diff"] == {"before": {"binding 5": {"planned": None}}, "after": {"binding 5": {"planned": "the whole history"}}}
    assert stand(service, place) == {}
    history = known(service, place)[BINDING]
    assert (history.planned_window, history.has_backfill, history.enabled, history.completed_window) == ((None, None), True, False, None)
    assert run(service, state="planned", target_id=TARGET)["changed"] is False
    service.bindings[0].update(enabled=True, updated=now(5))
    service.clock = 10
    assert ids_of(run(service, target_id=TARGET, backfill="when_needed")) == {"requeued": [101, 102, 103]}
    history = known(service, place)[BINDING]
    assert (history.planned_window, history.planned_at, history.completed_window) == (None, None, (None, None))


@pytest.mark.parametrize(("clock", "says"), [(10, "before that change, before 2026-07-02T13:46:51Z)"), (None, "they were created before that change)")])
def test_where_no_time_is_shown_it_is_unknown_since_when_a_binding_is_enabled(service, run, clock, says):
    """Neither ``updated``, nor the time of the first reading."""
    service.bindings[0]["enabled"] = False
    run(service, state="planned", target_id=TARGET)
    service.bindings[0]["enabled"] = True
    service.clock = clock
    result = fails(run, Unfinished, service, target_id=TARGET, backfill="when_needed")
    assert (service.posts, ids_of(result)) == ([], {"unknown": [101, 102, 103]})
    assert says in result["msg"]


@pytest.mark.parametrize(
    ("first", "second", "changed"),
    [
        ({}, {}, False),
        ({}, {"created_from": day(2)}, False),
        ({"created_from": day(2)}, {}, True),
        ({"created_from": day(2)}, {"created_from": day(2)}, False),
        ({"created_from": day(2), "created_to": day(3)}, {"created_from": day(2)}, True),
    ],
)
def test_a_plan_that_reaches_further_is_a_change(service, run, first, second, changed):
    assert run(service, state="planned", target_id=TARGET, **first)["changed"] is True
    predicted = run(service, check_mode=True, state="planned", target_id=TARGET, **second)["changed"]
    assert run(service, state="planned", target_id=TARGET, **second)["changed"] is predicted is changed


def test_a_plan_of_extracts_by_id_is_written_extract_by_extract(service, run, place):
    options = {"state": "planned", "extract_ids": [101, 103], "binding_ids": [BINDING]}
    result = run(service, **options)
    assert (result["changed"], ids_of(result), service.posts) == (True, {"remaining": [101, 103]}, [])
    assert stand(service, place) == one_binding(pending=[101, 103])
    assert ids_of(run(service, extract_ids=[101, 103], binding_ids=[BINDING])) == {"requeued": [101, 103]}


def test_what_is_pending_and_not_listed_stays_pending_and_is_told(service, run, place):
    """Nothing is dropped from a plan because of one reading: a list that shifts while it is read may miss a row."""
    run(service, limit=1)
    missed = service.extracts[DATASTREAM].pop(1)
    result = run(service)
    assert posted(service) == [101, 103]
    [warning] = result["warnings"]
    assert warning == (
        "Pending, but not in the API's list of extracts now: extracts 102 for binding 5. They stay pending until they are listed. If they were deleted,"
        " set on_refused: skip."
    )
    assert stand(service, place) == one_binding(dispatched=[101, 103], pending=[102])
    # Not complete: the next run lists again, and sends what was missed.
    service.extracts[DATASTREAM].append(missed)
    assert ids_of(run(service, backfill="when_needed")) == {"requeued": [102], "skipped": [101, 103]}
    assert ids_of(run(service, backfill="when_needed")) == {}


def test_what_was_deleted_is_recorded_as_refused_where_the_user_says_so(service, run, place):
    run(service, limit=1)
    del service.extracts[DATASTREAM][1]
    [warning] = run(service, on_refused="skip")["warnings"]
    assert warning.endswith("extracts 102 for binding 5. They are recorded as refused.")
    assert stand(service, place) == one_binding(dispatched=[101, 103], refused=[102])
    result = run(service, on_refused="skip", backfill="when_needed")
    assert (result["warnings"], result["bindings"][0]["action"], len(service.posts)) == ([], "done", 2)


STAYS_UNKNOWN = "They stay unknown until they are listed, or until on_unknown: dispatched records that they were loaded."


@pytest.mark.parametrize(
    ("options", "after", "said"),
    [
        ({"on_unknown": "skip"}, {"unknown": [103], "dispatched": [101, 102]}, STAYS_UNKNOWN),
        ({"on_unknown": "skip", "on_refused": "skip"}, {"unknown": [103], "dispatched": [101, 102]}, STAYS_UNKNOWN),
        ({"on_unknown": "dispatched"}, {"dispatched": [101, 102, 103]}, None),
    ],
)
def test_what_is_unknown_and_was_deleted_does_not_stop_every_later_run(service, run, place, options, after, said):
    """It can be neither sent nor named to be sent: the user says that it was loaded, or leaves it out. That it is not listed settles nothing."""
    run(service, limit=2)
    service.outcomes = ["lost"]
    fails(run, Unfinished, service)
    deleted = service.extracts[DATASTREAM].pop()
    warnings = run(service, **options)["warnings"]
    assert [warning.partition("103 for binding 5. ")[2] for warning in warnings] == ([said] if said else [])
    assert stand(service, place) == one_binding(**after)
    # Listed again, it is still not sent unasked.
    service.extracts[DATASTREAM].append(deleted)
    posts = len(service.posts)
    run(service, on_unknown="skip")
    assert (len(service.posts), stand(service, place)) == (posts, one_binding(**after))


def test_what_was_sent_and_vanished_stays_known(service, run, place):
    run(service)
    del service.extracts[DATASTREAM][1]
    result = run(service)
    assert (ids_of(result), result["warnings"]) == ({"skipped": [101, 103]}, [])
    assert stand(service, place) == one_binding(dispatched=[101, 102, 103])


@pytest.mark.parametrize(("bounds", "outside"), [({"created_from": day(2)}, "101"), ({"created_to": day(1)}, "102")])
def test_what_is_pending_outside_of_the_window_is_told(service, run, place, bounds, outside):
    """A narrow run after a wide one that was interrupted."""
    service.extracts[DATASTREAM].pop()
    run(service, state="planned", extract_ids=[101, 102], binding_ids=[5])
    [warning] = run(service, **bounds)["warnings"]
    assert warning == f"Still pending, but outside of what this run selects: 1 extracts, extracts {outside} for binding 5."
    assert {status for (_binding, one), status in stand(service, place).items() if str(one) == outside} == {"pending"}
    assert run(service)["warnings"] == []


def test_without_times_a_window_does_not_tell_what_was_deleted(service, run, place):
    """The service lists what is in the window; what is in the ledger may be outside of it, and is neither refused nor forgotten."""
    service.extracts[DATASTREAM] = [{"id": one} for one in (101, 102, 103)]
    service.outcomes = ["lost"]
    fails(run, Unfinished, service, batch_size=1)
    listed, service.extracts[DATASTREAM] = service.extracts[DATASTREAM], []
    [warning] = run(service, created_from=day(3), on_unknown="skip", on_refused="skip")["warnings"]
    assert warning == "Still pending, but outside of what this run selects: 2 extracts, extracts 102-103 for binding 5."
    assert stand(service, place) == one_binding(unknown=[101], pending=[102, 103])
    service.extracts[DATASTREAM] = listed
    run(service, on_unknown="skip")
    assert stand(service, place) == one_binding(unknown=[101], dispatched=[102, 103])


def test_planning_names_what_is_unknown_and_goes_on(service, run, place):
    service.outcomes = ["lost"]
    fails(run, Unfinished, service)
    for options in ({}, {"target_id": TARGET}, {"extract_ids": [101, 102, 103], "binding_ids": [5]}):
        for check_mode in (True, False):
            assert run(service, check_mode=check_mode, state="planned", **options)["unknown_extract_ids"] == [101, 102, 103]
    assert run(service, state="planned", created_to=day(2))["unknown_extract_ids"] == [101, 102]
    assert len(service.posts) == 1


@pytest.mark.parametrize("backfill", ["when_needed", "never", "always"])
def test_planning_changes_nothing_that_is_sent(make_service, run, place, backfill):
    """An enabled binding of which nothing is known: what was fetched before the first run that sends is sent, planned or not."""
    service = make_service(extracts=6)
    service.bindings[0]["updated"] = day(3)
    service.clock = 0
    run(service, state="planned", target_id=TARGET, backfill=backfill)
    assert ids_of(run(service, target_id=TARGET)) == {"requeued": list(range(101, 107))}


# Recorded as loaded


@pytest.mark.parametrize("options", [{"state": "recorded"}, {"backfill": "recorded"}])
def test_what_is_recorded_as_loaded_is_not_sent(service, run, place, options):
    service.bindings[0]["updated"] = day(1)
    service.clock = 0
    posts = len(service.posts)
    predicted = run(service, check_mode=True, target_id=TARGET, **options)
    assert stand(service, place) == {}
    result = run(service, target_id=TARGET, **options)
    assert result == predicted
    assert (result["changed"], ids_of(result), len(service.posts)) == (True, {"skipped": [101, 102, 103]}, posts)
    assert result["summary"] == [dict(counts(skipped=3, recorded=3), datastream_id=DATASTREAM, binding_id=BINDING)]
    assert stand(service, place) == one_binding(recorded=[101, 102, 103])
    again = run(service, target_id=TARGET, **options)
    assert (again["changed"], ids_of(again)) == (False, {"skipped": [101, 102, 103]})
    # The history counts as loaded, and what comes later is sent or loaded automatically as ever.
    assert run(service, target_id=TARGET, backfill="when_needed")["bindings"][0]["action"] == "done"
    service.extracts[DATASTREAM].append({"id": 90, "created": day(1)})
    assert ids_of(run(service, target_id=TARGET)) == {"requeued": [90], "skipped": [101, 102, 103]}
    assert posted(service) == [90]


def test_recording_settles_whatever_was_open(service, run, place):
    service.bad = {102}
    service.outcomes = [404, 200, 404, "lost"]
    fails(run, Unfinished, service, batch_size=2, created_to=day(3))
    assert "unknown" in stand(service, place).values()
    run(service, state="recorded")
    assert set(stand(service, place).values()) <= {"recorded", "dispatched"}
    assert ids_of(run(service, on_refused="fail"))["skipped"] == [101, 102, 103]


def test_recording_narrows_to_what_is_named(service, run, place):
    run(service, state="recorded", extract_ids=[102], binding_ids=[BINDING])
    assert stand(service, place) == one_binding(recorded=[102])
    assert ids_of(run(service)) == {"requeued": [101, 103], "skipped": [102]}


# Check mode


def scene_nothing(service, run):
    pass


def scene_some_sent(service, run):
    run(service, created_to=day(1))


def scene_unknown(service, run):
    service.outcomes = [200, "lost"]
    fails(run, Unfinished, service, batch_size=1)


def scene_planned(service, run):
    run(service, state="planned")
    run(service, limit=1)
    del service.extracts[DATASTREAM][1]


def scene_two_bindings(service, run):
    run(service, created_to=day(1))
    add_binding(service, 6)


def scene_refused(service, run):
    service.bad = {102}
    fails(run, AdverityError, service)


def scene_complete(service, run):
    run(service)


def scene_enabled_periods(service, run):
    """Extracts around the time of its enabling, and a change by hand."""
    service.bindings[0]["updated"] = day(2)
    run(service, created_to=day(1))
    service.bindings[0]["updated"] = day(3)


SCENES = [scene_nothing, scene_some_sent, scene_unknown, scene_planned, scene_two_bindings, scene_refused, scene_complete, scene_enabled_periods]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(
    "options",
    [
        {}, {"limit": 1}, {"batch_size": 1, "force": True}, {"on_unknown": "skip", "on_refused": "skip"}, {"on_unknown": "requeue"},
        {"on_unknown": "dispatched", "backfill": "when_needed"}, {"state": "planned"}, {"state": "planned", "on_unknown": "dispatched", "created_to": day(2)},
        {"extract_ids": [101, 7], "on_unknown": "skip"}, {"extract_ids": [101], "binding_ids": [5]}, {"created_from": day(2), "backfill": "when_needed"},
        {"target_id": TARGET, "backfill": "when_needed", "state": "planned"}, {"target_id": TARGET, "backfill": "never"}, {"state": "recorded"},
    ],
)  # fmt: skip
def test_check_mode_predicts_the_same_and_writes_nothing(service, run, place, scene, options):
    scene(service, run)
    service.bad = set()
    before, posts = place.content(), len(service.posts)

    def outcome(check_mode):
        try:
            result = run(service, check_mode=check_mode, **options)
        except AdverityError as error:
            result = error.result()
            result["msg"] = result["msg"].replace("A real run would send", "Sent in this run:")
        for batch in result.get("batches", []):
            assert bool(batch.pop("message")) is not check_mode
        return result

    predicted = outcome(True)
    assert place.content() == before
    assert len(service.posts) == posts
    assert outcome(False) == predicted
    assert len(posted(service, posts)) == len(predicted.get("requeued_extract_ids", []))


def test_check_mode_warns_of_a_disabled_binding(service, run):
    service.bindings[0]["enabled"] = False
    result = run(service, check_mode=True, binding_ids=[5])
    assert (result["changed"], ids_of(result)) == (True, {"requeued": [101, 102, 103]})
    assert "Not enabled: binding 5" in result["warnings"][0]


# Several runs


def open_client(url):
    return Client(url, "key", RequestsTransport(url), retries=0)


def in_child(place, **options):
    def work(child):
        client = open_client(child.wait())
        try:
            result = requeue(client, place, **options)
            child.say(str(result["requeued_extract_ids"]))
        except AdverityError as error:
            child.say(type(error).__name__)

    return work


def test_four_runs_at_once_send_every_extract_once(fork, answer, make_server, place):
    # Forked before there are threads.
    children = [fork(in_child(place, batch_size=10)) for _run in range(4)]
    service = Service(answer, extracts=60)
    service.server = make_server(default=service)
    for child in children:
        child.go(service.server.url)
    said = sorted(child.hear() for child in children)
    assert said == sorted([str(list(range(101, 161))), "[]", "[]", "[]"])
    assert posted(service) == list(range(101, 161))


def test_a_run_that_is_killed_during_a_post(fork, answer, make_server, make_client, place):
    child = fork(in_child(place, batch_size=1))
    service = Service(answer)
    service.server = make_server(default=service)
    arrived, killed = threading.Event(), threading.Event()

    def hold(_request):
        arrived.set()
        killed.wait(300)
        return lambda talk: False

    service.outcomes = [200, hold]
    child.go(service.server.url)
    assert arrived.wait(300)
    child.kill()
    killed.set()
    assert stand(service, place) == one_binding(dispatched=[101], unknown=[102], pending=[103])
    client = make_client(service.server)
    with pytest.raises(Unfinished, match="It is unknown whether these extracts are loaded: extracts 102 for binding 5"):
        requeue(client, place)
    assert len(service.posts) == 2
    result = requeue(client, place, on_unknown="requeue")
    assert ids_of(result) == {"requeued": [102, 103], "skipped": [101]}


def test_a_run_that_is_killed_between_its_plan_and_the_first_post_is_finished_by_the_next(fork, answer, make_server, make_client, place):
    def work(child):
        client = open_client(child.wait())
        client.request = lambda *args, **more: (child.say("about to send"), child.wait())
        real = client._send
        client.get = lambda where, asked=None: real("GET", where, asked, None)
        requeue(client, place)

    child = fork(work)
    service = Service(answer)
    service.server = make_server(default=service)
    child.go(service.server.url)
    assert child.hear() == "about to send"
    child.kill()
    assert stand(service, place) == one_binding(pending=[101, 102, 103])
    assert ids_of(requeue(make_client(service.server), place)) == {"requeued": [101, 102, 103]}
    assert len(service.posts) == 1


def test_waiting_long_for_another_run_is_told(service, run, monkeypatch):
    real = Ledger.__enter__

    def enter(self):
        opened = real(self)
        monkeypatch.setattr(opened._turns, "waited", 7.4)
        return opened

    monkeypatch.setattr(Ledger, "__enter__", enter)
    [warning] = run(service)["warnings"]
    assert warning.startswith("Waited 7 s for another run that held the ledger ")


def test_another_instance_is_another_story(make_service, run, place):
    first, second = make_service(), make_service()
    run(first)
    assert ids_of(run(second)) == {"requeued": [101, 102, 103]}
    assert ids_of(run(first)) == {"skipped": [101, 102, 103]}


def test_the_key_is_not_in_the_ledger(service, run, place, key):
    service.outcomes = [{"message": key}, "lost"]
    fails(run, Unfinished, service, batch_size=1)
    content = place.content()
    assert content
    assert key not in str(content)
