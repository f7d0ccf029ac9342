# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    InputError,
    LedgerError,
    Lost,
    NotReached,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._ledger.entries import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.file import LOOK
from ansible_collections.adverity.management.plugins.module_utils._requeue import run as _run

DATASTREAM, TARGET, BINDING = 456, 789, 5


def day(number):
    return f"2026-{1 + (number - 1) // 28:02}-{1 + (number - 1) % 28:02}T05:00:00Z"


class Service:
    """Bindings, extracts and the requeue as the guides describe them. ``outcomes`` are what happens to the next POSTs instead of success."""

    def __init__(self, answer, extracts=3):
        self.answer = answer
        self.bindings = [{"id": BINDING, "datastream_id": DATASTREAM, "target_id": TARGET, "enabled": True}]
        self.extracts = {DATASTREAM: [{"id": 100 + number, "created": day(number)} for number in range(1, extracts + 1)]}
        self.outcomes = []
        self.posts = []
        self.reads = []

    def __call__(self, request):
        url = urlsplit(request.target)
        asked = {name: int(values[0]) for name, values in parse_qs(url.query).items() if name.endswith("_id")}
        if request.method == "GET":
            self.reads.append(request.target)
            if url.path == "/api/v1/bindings/":
                rows = [row for row in self.bindings if all(row[name] == value for name, value in asked.items())]
                return self.answer(200, {"items": rows, "count": len(rows)})
            rows = self.extracts.get(asked["datastream_id"], [])
            return self.answer(200, {"count": len(rows), "next": None, "previous": None, "results": rows})
        assert (request.method, url.path) == ("POST", "/api/v1/extracts/requeue/")
        self.posts.append(request.json)
        outcome = self.outcomes.pop(0) if self.outcomes else 200
        return outcome(request) if callable(outcome) else self.post(request, outcome)

    def post(self, request, outcome):
        ids = request.json["extract_ids"]
        done = {"message": f"Dispatched requeue for {len(ids)} extract(s).", "extract_ids": ids, "extract_count": len(ids)}
        if outcome == "lost":
            return lambda talk: False
        if outcome == "reset":
            return lambda talk: talk.reset()
        if outcome == "cut":
            return self.answer(200, done, cut=20)
        if outcome == "html":
            return self.answer(200, body=b"<title>Log in</title>", content_type="text/html")
        if outcome == "429 then":
            return self.answer(429, {"detail": "slow down"})
        if outcome == "503 then":
            return self.answer(503, {"detail": "later"}, headers={"Retry-After": "1"})
        if isinstance(outcome, dict):
            return self.answer(200, dict(done, **outcome))
        if not isinstance(outcome, int):
            return self.answer(200, outcome)
        return self.answer(outcome, done if outcome == 200 else {"detail": f"status {outcome}"})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger" / "requeue.sqlite3"


@pytest.fixture
def make_service(make_server, answer):
    def make(**options):
        service = Service(answer, **options)
        service.server = make_server(default=service)
        return service

    return make


@pytest.fixture
def service(make_service):
    return make_service()


@pytest.fixture
def run(make_client, path):
    """Runs a requeue as the module does: run(service, check_mode=False, option=...)."""
    clients = {}

    def run(service, check_mode=False, **options):
        client = clients.get(service) or clients.setdefault(service, make_client(service.server))
        return _run.requeue(client, params(path, **options), check_mode)

    return run


def params(path, **options):
    plain = dict.fromkeys(("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id", "limit", "self_loading"))
    plain.update(ledger=str(path), sequential=True, batch_size=50, force=False, on_unknown="fail", state="requeued", assume_enabled=False)
    if "extract_ids" not in options:
        plain["datastream_ids"] = [DATASTREAM]
    return dict(plain, **options)


def fails(run, kind, *args, **options):
    """The result of a run that is to fail."""
    with pytest.raises(kind) as caught:
        run(*args, **options)
    result = caught.value.result()
    assert "\n" not in result["msg"]
    return result


def stand(service, path):
    """What the ledger says: {(binding, extract): status}."""
    with Ledger(str(path), f"127.0.0.1:{service.server.port}", LOOK) as ledger:
        return {(entry.binding_id, entry.extract_id): entry.status for entry in ledger.entries()}


def one_binding(**statuses):
    return {(BINDING, extract_id): status for status, ids in statuses.items() for extract_id in ids}


def snapshot(folder):
    return {str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in Path(folder).rglob("*")}


def ids_of(result):
    return {name: result[name + "_extract_ids"] for name in ("requeued", "skipped", "unknown", "remaining") if result[name + "_extract_ids"]}


# The main job


def test_130_extracts_go_in_three_requests_oldest_first_and_only_once(make_service, run, path):
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
        "requeued_extract_ids": ids, "skipped_extract_ids": [], "unknown_extract_ids": [], "remaining_extract_ids": [], "extract_count": 130,
        "batches": [
            {"extract_ids": some, "binding_ids": [BINDING], "message": f"Dispatched requeue for {len(some)} extract(s)."}
            for some in (ids[:50], ids[50:100], ids[100:])
        ],
        "summary": [{"datastream_id": DATASTREAM, "binding_id": BINDING, "requeued": 130, "skipped": 0, "unknown": 0, "remaining": 0}],
        "ledger": str(path), "warnings": [],
        "diff": {"before": {"binding 5": {"dispatched": 0}}, "after": {"binding 5": {"dispatched": 130}}},
    }
    assert stand(service, path) == one_binding(dispatched=ids)
    assert len(service.reads) == 2
    assert service.server.connections == 1
    again = run(service)
    assert len(service.posts) == 3
    assert (again["changed"], again["extract_count"], ids_of(again)) == (False, 0, {"skipped": ids})
    assert again["batches"] == []
    assert again["diff"] == {"before": {"binding 5": {"dispatched": 130}}, "after": {"binding 5": {"dispatched": 130}}}


def test_what_is_new_is_sent_and_the_rest_is_not(service, run, path):
    run(service)
    service.extracts[DATASTREAM].append({"id": 50, "created": day(9)})
    assert ids_of(run(service)) == {"requeued": [50], "skipped": [101, 102, 103]}
    assert service.posts[1]["extract_ids"] == [50]


@pytest.mark.parametrize(("sequential", "batch_size", "sizes"), [(True, 1, [1, 1, 1]), (False, 2, [2, 1]), (False, 50, [3])])
def test_options_of_the_request(service, run, sequential, batch_size, sizes):
    run(service, sequential=sequential, batch_size=batch_size)
    assert [len(post["extract_ids"]) for post in service.posts] == sizes
    assert {post["sequential"] for post in service.posts} == {sequential}


def test_bare_extracts_name_no_binding(service, run, path):
    result = run(service, extract_ids=[7, 3, 7])
    assert service.posts == [{"extract_ids": [3, 7], "sequential": True}]
    assert service.reads == []
    assert result["batches"] == [{"extract_ids": [3, 7], "binding_ids": [], "message": "Dispatched requeue for 2 extract(s)."}]
    assert result["summary"] == [{"datastream_id": None, "binding_id": None, "requeued": 2, "skipped": 0, "unknown": 0, "remaining": 0}]
    assert result["diff"]["after"] == {"all enabled bindings": {"dispatched": 2}}
    assert stand(service, path) == {(0, 3): "dispatched", (0, 7): "dispatched"}
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
    ("outcome", "kind"),
    [
        (302, Refused), (500, Refused), (502, Refused), (503, Refused), (504, Refused),
        ("lost", Lost), ("reset", Lost), ("cut", Lost), ("html", UnreadableAnswer),
        ([], UnreadableAnswer), ("text", UnreadableAnswer), ({"extract_ids": None}, UnreadableAnswer), ({"extract_ids": "101"}, UnreadableAnswer),
        ({"extract_ids": {"101": 1}}, UnreadableAnswer), ({"extract_ids": []}, UnreadableAnswer), ({"extract_ids": ["101", "102", "103"]}, UnreadableAnswer),
        ({"extract_ids": [1, 2, 3]}, UnreadableAnswer), ({"extract_ids": [[101], None, {}]}, UnreadableAnswer),
    ],
)
def test_where_the_outcome_is_not_known_the_ledger_says_so_and_the_next_run_stops(service, run, path, outcome, kind):
    service.outcomes = [outcome]
    result = fails(run, kind, service, batch_size=3)
    assert len(service.posts) == 1
    assert stand(service, path) == one_binding(unknown=[101, 102, 103])
    assert ids_of(result) == {"unknown": [101, 102, 103]}
    assert (result["changed"], result["extract_count"]) == (True, 0)
    assert "Asked for: to load extracts 101-103 of datastream 456 into binding 5." in result["msg"]
    assert f"Whether extracts 101-103 are being loaded is not known; the ledger {path} remembers that." in result["msg"]
    assert _run.WAYS_ON in result["msg"]
    stopped = fails(run, AdverityError, service)
    assert len(service.posts) == 1
    assert stopped["msg"].startswith("It is not known whether extracts 101-103 were loaded into binding 5: ")
    assert _run.WAYS_ON in stopped["msg"]
    assert (stopped["changed"], ids_of(stopped)) == (False, {"unknown": [101, 102, 103]})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 409, 413, 422])
def test_a_refusal_leaves_them_to_be_sent(service, run, path, status):
    service.outcomes = [status]
    result = fails(run, Refused, service)
    assert len(service.posts) == 1
    assert stand(service, path) == one_binding(pending=[101, 102, 103])
    assert (result["changed"], ids_of(result)) == (False, {"remaining": [101, 102, 103]})
    assert f"status {status}" in result["msg"]
    assert "Run it again when the cause is mended" in result["msg"]
    assert ids_of(run(service)) == {"requeued": [101, 102, 103]}


@pytest.mark.parametrize("outcomes", [["429 then"], ["503 then"], ["429 then", "503 then", "429 then"]])
def test_a_refusal_that_passes_is_tried_again(service, run, path, waits, outcomes):
    service.outcomes = list(outcomes)
    result = run(service)
    assert (result["changed"], ids_of(result)) == (True, {"requeued": [101, 102, 103]})
    assert len(service.posts) == len(outcomes) + 1
    assert len(waits) == len(outcomes)
    assert stand(service, path) == one_binding(dispatched=[101, 102, 103])


def test_a_refusal_that_does_not_pass_leaves_them_to_be_sent(service, run, path):
    service.outcomes = [429] * 5
    result = fails(run, Refused, service)
    assert len(service.posts) == 5
    assert (result["changed"], ids_of(result)) == (False, {"remaining": [101, 102, 103]})
    assert stand(service, path) == one_binding(pending=[101, 102, 103])


def test_lost_after_a_refusal_is_not_known(service, run, path):
    service.outcomes = ["429 then", "lost"]
    fails(run, Lost, service)
    assert len(service.posts) == 2
    assert stand(service, path) == one_binding(unknown=[101, 102, 103])


def test_a_service_that_is_gone_leaves_them_to_be_sent(service, run, make_client, path):
    client = make_client(service.server, retries=2)
    real = client._session.send

    def send(request, **more):
        if request.method == "POST":
            service.server.stop()
            client._session.close()
        return real(request, **more)

    client._session.send = send
    with pytest.raises(NotReached) as caught:
        _run.requeue(client, params(path), False)
    result = caught.value.result()
    assert (result["changed"], ids_of(result)) == (False, {"remaining": [101, 102, 103]})
    assert stand(service, path) == one_binding(pending=[101, 102, 103])


@pytest.mark.parametrize(
    ("outcome", "sent", "unknown"),
    [({"extract_ids": [101, 103]}, [101, 103], [102]), ({"extract_ids": [103]}, [103], [101, 102]), ({"extract_ids": [103, 7, 102, 103]}, [102, 103], [101])],
)
def test_an_answer_that_leaves_some_out(service, run, path, outcome, sent, unknown):
    service.outcomes = [outcome]
    result = fails(run, UnreadableAnswer, service)
    assert stand(service, path) == one_binding(dispatched=sent, unknown=unknown)
    assert (result["changed"], ids_of(result)) == (True, {"requeued": sent, "unknown": unknown})
    assert "it leaves out" in result["msg"]
    assert ids_of(run(service, on_unknown="requeue")) == {"requeued": unknown, "skipped": sent}


def test_an_answer_that_names_none(service, run, path, monkeypatch):
    service.outcomes = [{"extract_ids": []}]
    monkeypatch.setattr(Ledger, "dispatched", None)  # nothing is there to be noted
    result = fails(run, UnreadableAnswer, service)
    assert stand(service, path) == one_binding(unknown=[101, 102, 103])
    assert ids_of(result) == {"unknown": [101, 102, 103]}
    assert "it leaves out 101-103 of those" in result["msg"]
    assert "could not be written down" not in result["msg"]


def test_an_answer_that_names_more_is_a_warning(service, run, path):
    service.outcomes = [{"extract_ids": [101, 102, 103, 7, "x\n", None]}]
    result = run(service)
    assert ids_of(result) == {"requeued": [101, 102, 103]}
    [warning] = result["warnings"]
    assert "also dispatched extracts which were not asked for: [7, 'x\\n', None]" in warning
    assert stand(service, path) == one_binding(dispatched=[101, 102, 103])


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
    assert result["batches"] == [{"extract_ids": [101, 102, 103], "binding_ids": [BINDING], "message": ""}]


@pytest.mark.parametrize(
    ("outcome", "ledger", "ids"),
    [
        (404, {"dispatched": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("lost", {"dispatched": [101], "unknown": [102], "pending": [103]}, {"requeued": [101], "unknown": [102], "remaining": [103]}),
        ("html", {"dispatched": [101], "unknown": [102], "pending": [103]}, {"requeued": [101], "unknown": [102], "remaining": [103]}),
    ],
)
def test_a_failure_half_way_tells_what_was_done_and_what_was_not(service, run, path, outcome, ledger, ids):
    service.outcomes = [200, outcome]
    result = fails(run, AdverityError, service, batch_size=1)
    assert len(service.posts) == 2
    assert stand(service, path) == one_binding(**ledger)
    assert (result["changed"], result["extract_count"], ids_of(result)) == (True, 1, ids)
    assert "Asked for: to load extracts 102 of datastream 456 into binding 5." in result["msg"]
    assert "Dispatched in this run: 1 extracts; left: {0}.".format(len(ids["remaining"])) in result["msg"]
    assert [batch["extract_ids"] for batch in result["batches"]] == [[101]]
    [row] = result["summary"]
    assert (row["requeued"], row["unknown"], row["remaining"]) == (1, len(ids.get("unknown", [])), len(ids["remaining"]))
    # Every extract ends up loaded once, except the one in doubt, of which the user decides.
    run(service, on_unknown="skip")
    posted = [one for post in service.posts for one in post["extract_ids"]]
    assert sorted(posted) == ([101, 102, 102, 103] if outcome == 404 else [101, 102, 103])


# The ledger failing


@pytest.mark.parametrize(
    ("method", "call", "outcomes", "posts", "ledger", "ids"),
    [
        ("plan", 1, [], 0, {}, None),
        ("intend", 1, [], 0, {"pending": [101, 102, 103]}, {"remaining": [101, 102, 103]}),
        ("intend", 2, [], 1, {"dispatched": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("intend", 2, ["429 then"], 1, {"pending": [101, 102, 103]}, {"remaining": [101, 102, 103]}),
        ("withdraw", 1, [404], 1, {"unknown": [101], "pending": [102, 103]}, {"unknown": [101], "remaining": [102, 103]}),
        ("withdraw", 1, ["429 then"], 1, {"unknown": [101], "pending": [102, 103]}, {"unknown": [101], "remaining": [102, 103]}),
        ("dispatched", 1, [], 3, {"dispatched": [101, 102, 103]}, {"requeued": [101, 102, 103]}),  # it is tried twice
        ("dispatched and later", 1, [], 3, {"dispatched": [101, 102], "unknown": [103]}, {"requeued": [101, 102, 103]}),
        ("intend and later", 1, [], 0, {"pending": [101, 102, 103]}, {"remaining": [101, 102, 103]}),
        ("intend and later", 2, [], 1, {"unknown": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("intend and later", 3, [], 2, {"dispatched": [101], "unknown": [102], "pending": [103]}, {"requeued": [101, 102], "remaining": [103]}),
    ],
)
def test_a_ledger_that_fails_stops_everything_and_nothing_is_sent_twice(service, run, path, monkeypatch, method, call, outcomes, posts, ledger, ids):
    service.outcomes = list(outcomes)
    broken, _and, later = method.partition(" and ")
    calls = []

    def fail_at(name):
        real = getattr(Ledger, name)

        def failing(self, *args):
            calls.append(name)
            if (later and calls.count(broken) >= call) or (name == broken and calls.count(broken) == call):
                with self.transaction():
                    raise sqlite3.OperationalError("disk I/O error")
            return real(self, *args)

        return failing

    with monkeypatch.context() as patched:
        for name in ("plan", "intend", "withdraw", "dispatched"):
            patched.setattr(Ledger, name, fail_at(name))
        result = fails(run, LedgerError, service, batch_size=1)
    assert f"The ledger {path} cannot be used: disk I/O error" in result["msg"]
    assert len(service.posts) == posts
    assert stand(service, path) == one_binding(**ledger)
    assert (ids_of(result) if ids else None) == ids
    unknown = ledger.get("unknown", [])
    if later and unknown:  # this run knows better than the ledger it leaves behind
        assert f"That extracts {unknown[0]} were dispatched could not be written down" in result["msg"]
    if unknown:
        assert fails(run, AdverityError, service)["unknown_extract_ids"] == unknown
        assert len(service.posts) == posts
    else:
        run(service)
        loaded = [one for post in service.posts[0 if not outcomes else 1 :] for one in post["extract_ids"]]
        assert loaded == [101, 102, 103]


def test_a_damaged_ledger_stops_before_the_service_is_asked_anything(service, run, path):
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)
    for check_mode in (False, True):
        result = fails(run, LedgerError, service, check_mode=check_mode)
        assert str(path) in result["msg"]
    assert service.server.requests == []
    assert path.read_bytes() == b"garbage" * 1000


# Force, unknown, limit


def test_force_sends_again(service, run, path):
    run(service)
    result = run(service, force=True)
    assert (result["changed"], ids_of(result)) == (True, {"requeued": [101, 102, 103]})
    assert len(service.posts) == 2
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_a_forced_one_that_is_refused_is_dispatched_all_the_same(service, run, path):
    run(service)
    service.outcomes = [404]
    fails(run, Refused, service, force=True)
    assert stand(service, path) == one_binding(dispatched=[101, 102, 103])
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_a_forced_one_that_is_lost_is_not_known(service, run, path):
    run(service)
    service.outcomes = ["lost"]
    fails(run, Lost, service, force=True)
    assert stand(service, path) == one_binding(unknown=[101, 102, 103])


@pytest.mark.parametrize(
    ("on_unknown", "force", "ids", "after"),
    [
        ("skip", False, {"requeued": [103], "skipped": [101], "unknown": [102]}, {"dispatched": [101, 103], "unknown": [102]}),
        ("skip", True, {"requeued": [101, 103], "unknown": [102]}, {"dispatched": [101, 103], "unknown": [102]}),
        ("requeue", False, {"requeued": [102, 103], "skipped": [101]}, {"dispatched": [101, 102, 103]}),
        ("requeue", True, {"requeued": [101, 102, 103]}, {"dispatched": [101, 102, 103]}),
        ("dispatched", False, {"requeued": [103], "skipped": [101, 102]}, {"dispatched": [101, 102, 103]}),
        ("dispatched", True, {"requeued": [101, 102, 103]}, {"dispatched": [101, 102, 103]}),
    ],
)
def test_the_ways_on_where_something_is_unknown(service, run, path, on_unknown, force, ids, after):
    service.outcomes = [200, "lost"]
    fails(run, Lost, service, batch_size=1)
    fails(run, AdverityError, service, force=force)
    result = run(service, on_unknown=on_unknown, force=force)
    assert (result["changed"], ids_of(result)) == (True, ids)
    assert stand(service, path) == one_binding(**after)
    posted = [one for post in service.posts[2:] for one in post["extract_ids"]]
    assert posted == ids["requeued"]


def test_what_did_arrive_can_be_told_and_is_told_once(service, run, path):
    service.outcomes = ["lost"]
    fails(run, Lost, service)
    results = [run(service, on_unknown="dispatched") for _time in range(2)]
    assert [one["changed"] for one in results] == [True, False]
    assert [ids_of(one) for one in results] == [{"skipped": [101, 102, 103]}] * 2
    assert len(service.posts) == 1
    assert stand(service, path) == one_binding(dispatched=[101, 102, 103])


def test_what_went_without_a_binding_and_did_arrive_can_be_told(service, run):
    service.outcomes = ["lost"]
    fails(run, Lost, service, extract_ids=[101], datastream_ids=None, binding_ids=None, target_id=None)
    fails(run, AdverityError, service)
    assert ids_of(run(service, on_unknown="dispatched")) == {"requeued": [102, 103], "skipped": [101]}
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_only_what_was_chosen_can_stop(service, run):
    service.outcomes = ["lost"]
    fails(run, Lost, service, created_to=day(1))
    result = run(service, created_from=day(2))
    assert ids_of(result) == {"requeued": [102, 103]}


def test_a_limit_is_walked_through_call_by_call(make_service, run, path):
    service = make_service(extracts=5)
    ids = [101, 102, 103, 104, 105]
    for sent in (2, 4, 5, 5):
        before = len([one for post in service.posts for one in post["extract_ids"]])
        result = run(service, limit=2)
        expected = {"requeued": ids[before:sent], "skipped": ids[:before], "remaining": ids[sent:]}
        assert ids_of(result) == {name: some for name, some in expected.items() if some}
        assert result["changed"] is (sent > before)
        assert stand(service, path) == one_binding(dispatched=ids[:sent], pending=ids[sent:])
    assert [post["extract_ids"] for post in service.posts] == [[101, 102], [103, 104], [105]]


# Several bindings


def add_binding(service, binding_id, datastream_id=DATASTREAM, **more):
    service.bindings.append(dict({"id": binding_id, "datastream_id": datastream_id, "target_id": TARGET, "enabled": True}, **more))


def test_bindings_with_different_histories_get_what_each_lacks(make_service, run, path):
    service = make_service(extracts=4)
    run(service, created_to=day(2))
    add_binding(service, 6)
    run(service, binding_ids=[6], created_from=day(2), created_to=day(3))
    result = run(service)
    assert [(post["binding_ids"], post["extract_ids"]) for post in service.posts[2:]] == [([6], [101]), ([5], [103]), ([5, 6], [104])]
    assert ids_of(result) == {"requeued": [101, 103, 104], "skipped": [102]}
    assert result["summary"] == [
        {"datastream_id": DATASTREAM, "binding_id": 6, "requeued": 2, "skipped": 2, "unknown": 0, "remaining": 0},
        {"datastream_id": DATASTREAM, "binding_id": 5, "requeued": 2, "skipped": 2, "unknown": 0, "remaining": 0},
    ]
    assert set(stand(service, path).values()) == {"dispatched"}
    assert len(stand(service, path)) == 8
    assert ids_of(run(service)) == {"skipped": [101, 102, 103, 104]}


def test_a_request_for_two_bindings_that_is_lost_is_unknown_for_both(service, run, path):
    add_binding(service, 6)
    service.outcomes = ["lost"]
    result = fails(run, Lost, service)
    assert set(stand(service, path).values()) == {"unknown"}
    assert len(stand(service, path)) == 6
    assert result["unknown_extract_ids"] == [101, 102, 103]
    assert "into binding 5-6." in result["msg"]
    assert [row["unknown"] for row in result["summary"]] == [3, 3]


def test_two_datastreams_go_one_after_the_other(service, run):
    add_binding(service, 6, 457)
    service.extracts[457] = [{"id": 51, "created": "2020-01-01T00:00:00Z"}]
    result = run(service, datastream_ids=[DATASTREAM, 457], target_id=TARGET)
    assert [(post["binding_ids"], post["extract_ids"]) for post in service.posts] == [([5], [101, 102, 103]), ([6], [51])]
    assert [row["datastream_id"] for row in result["summary"]] == [456, 457]


def test_a_disabled_binding_is_refused_and_nothing_is_sent(service, run, path):
    service.bindings[0]["enabled"] = False
    assert "Not enabled: binding 5" in fails(run, InputError, service, binding_ids=[5])["msg"]
    assert service.posts == []
    assert stand(service, path) == {}


# All enabled bindings


def test_what_went_to_all_is_not_known_of_each(service, run, path):
    run(service, extract_ids=[101])
    result = fails(run, AdverityError, service)
    assert result["unknown_extract_ids"] == [101]
    assert "sent them without naming bindings" in result["msg"]
    assert ids_of(run(service, on_unknown="skip")) == {"requeued": [102, 103], "unknown": [101]}
    assert ids_of(run(service, on_unknown="requeue")) == {"requeued": [101], "skipped": [102, 103]}
    # Now it has an outcome of its own.
    assert ids_of(run(service)) == {"skipped": [101, 102, 103]}


def test_what_went_to_one_is_not_known_of_all(service, run, path):
    run(service, created_to=day(1))
    result = fails(run, AdverityError, service, extract_ids=[101, 102])
    assert result["unknown_extract_ids"] == [101]
    assert result["msg"].startswith("It is not known whether extracts 101 were loaded: ")
    assert ids_of(run(service, extract_ids=[101, 102], on_unknown="skip")) == {"requeued": [102], "unknown": [101]}
    assert ids_of(run(service, extract_ids=[101, 102], on_unknown="requeue")) == {"requeued": [101], "skipped": [102]}


def test_what_is_only_planned_for_all_is_sent_to_one(service, run):
    run(service, extract_ids=[101], state="planned")
    assert ids_of(run(service)) == {"requeued": [101, 102, 103]}


# Plans


def test_a_plan_is_written_and_nothing_is_sent(service, run, path):
    service.bindings[0]["enabled"] = False
    result = run(service, state="planned", binding_ids=[5])
    assert service.posts == []
    assert (result["changed"], ids_of(result), result["batches"]) == (True, {"remaining": [101, 102, 103]}, [])
    assert stand(service, path) == one_binding(pending=[101, 102, 103])
    assert run(service, state="planned", binding_ids=[5])["changed"] is False
    service.bindings[0]["enabled"] = True
    assert ids_of(run(service)) == {"requeued": [101, 102, 103]}


@pytest.mark.parametrize(
    "change",
    [
        lambda service, options: service.extracts[DATASTREAM].append({"id": 200, "created": day(20)}),
        lambda service, options: service.extracts[DATASTREAM].pop(),
        lambda service, options: options.update(self_loading=[{"binding_id": 5, "since": day(9), "until": None}]),
        lambda service, options: options.update(limit=None),
        lambda service, options: service.bindings.append({"id": 6, "datastream_id": DATASTREAM, "target_id": TARGET, "enabled": True}),
    ],
)
def test_a_plan_that_tells_the_ledger_something_new_is_a_change(service, run, path, change):
    options = {"state": "planned", "limit": 2, "self_loading": [{"binding_id": 5, "since": day(20), "until": None}]}
    assert run(service, **options)["changed"] is True
    before = stand(service, path)
    assert run(service, **options)["changed"] is False
    change(service, options)
    predicted = run(service, check_mode=True, **options)["changed"]
    assert stand(service, path) == before
    changed = run(service, **options)["changed"]
    # The limit is of what is sent; the plan holds the rest, too.
    assert changed is predicted is (options["limit"] == 2)


def test_a_plan_with_a_limit_is_a_whole_plan(service, run, path):
    result = run(service, state="planned", limit=1)
    assert ids_of(result) == {"remaining": [101, 102, 103]}
    assert stand(service, path) == one_binding(pending=[101, 102, 103])


def test_what_vanished_is_dropped_from_the_plan_and_told(service, run, path):
    run(service, state="planned")
    del service.extracts[DATASTREAM][1]
    result = run(service)
    assert service.posts[0]["extract_ids"] == [101, 103]
    assert result["warnings"] == ["Planned earlier, but no longer in the service's list, and so dropped from the plan: extracts 102."]
    assert stand(service, path) == one_binding(dispatched=[101, 103])
    assert run(service)["warnings"] == []


def test_what_was_sent_and_vanished_stays_known(service, run, path):
    run(service)
    del service.extracts[DATASTREAM][1]
    result = run(service)
    assert (ids_of(result), result["warnings"]) == ({"skipped": [101, 103]}, [])
    assert stand(service, path) == one_binding(dispatched=[101, 102, 103])


@pytest.mark.parametrize("bounds", [{"created_from": day(2)}, {"created_to": day(1)}, {"created_from": day(1), "created_to": day(1)}])
def test_only_within_the_bounds_something_can_have_vanished(service, run, path, bounds):
    service.extracts[DATASTREAM] = [{"id": 101, "created": day(1)}, {"id": 102, "created": day(2)}, {"id": 103}]
    run(service, state="planned")
    assert run(service, state="planned", **bounds)["warnings"] == []
    assert stand(service, path) == one_binding(pending=[101, 102, 103])


def test_without_bounds_what_has_no_time_can_have_vanished(service, run, path):
    service.extracts[DATASTREAM] = [{"id": 101}, {"id": 102}]
    run(service, state="planned")
    service.extracts[DATASTREAM].pop()
    assert run(service, state="planned")["changed"] is True
    assert stand(service, path) == one_binding(pending=[101])


def test_what_a_binding_loaded_by_itself_is_left_out(service, run, path):
    result = run(service, self_loading=[{"binding_id": 5, "since": day(1), "until": day(2)}])
    assert ids_of(result) == {"requeued": [101, 103]}
    assert stand(service, path) == one_binding(dispatched=[101, 103])
    with Ledger(str(path), f"127.0.0.1:{service.server.port}", LOOK) as ledger:
        assert ledger.backfills()[5].self_loading == [(day(1), day(2))]


def test_what_may_have_loaded_by_itself_is_left_out_and_told(service, run):
    del service.extracts[DATASTREAM][2]["created"]
    result = run(service, self_loading=[{"binding_id": 5, "since": day(20), "until": None}])
    assert service.posts[0]["extract_ids"] == [101, 102]
    [warning] = result["warnings"]
    assert "does not say when these were created" in warning
    assert "extracts 103" in warning


def test_several_periods_of_a_binding_go_together():
    given = [{"binding_id": 5, "since": "a", "until": "b"}, {"binding_id": 6, "since": "c", "until": None}, {"binding_id": 5, "since": "d", "until": None}]
    assert _run.sort_periods(given) == {5: [("a", "b"), ("d", None)], 6: [("c", None)]}
    assert _run.sort_periods(None) == _run.sort_periods([]) == {}


def test_planning_stops_at_what_is_unknown(service, run, path):
    service.outcomes = ["lost"]
    fails(run, Lost, service)
    assert fails(run, AdverityError, service, state="planned")["unknown_extract_ids"] == [101, 102, 103]


# Check mode


def scene_nothing(service, run):
    pass


def scene_some_sent(service, run):
    run(service, created_to=day(1))


def scene_unknown(service, run):
    service.outcomes = [200, "lost"]
    fails(run, Lost, service, batch_size=1)


def scene_planned(service, run):
    run(service, state="planned")
    del service.extracts[DATASTREAM][0]


def scene_two_bindings(service, run):
    run(service, created_to=day(1))
    add_binding(service, 6)


@pytest.mark.parametrize("scene", [scene_nothing, scene_some_sent, scene_unknown, scene_planned, scene_two_bindings])
@pytest.mark.parametrize(
    "options",
    [
        {}, {"limit": 1}, {"batch_size": 1}, {"force": True}, {"on_unknown": "skip"}, {"on_unknown": "requeue"}, {"on_unknown": "dispatched"},
        {"state": "planned"}, {"state": "planned", "on_unknown": "dispatched"},
        {"state": "planned", "limit": 1, "on_unknown": "skip"}, {"extract_ids": [101, 7], "on_unknown": "skip"}, {"extract_ids": [101], "binding_ids": [5]},
        {"created_from": day(2)}, {"self_loading": [{"binding_id": 5, "since": day(1), "until": None}]},
    ],
)
def test_check_mode_predicts_the_same_and_writes_no_byte(service, run, tmp_path, scene, options):
    scene(service, run)
    before, posts = snapshot(tmp_path), len(service.posts)

    def outcome(check_mode):
        try:
            result = run(service, check_mode=check_mode, **options)
        except AdverityError as error:
            result = error.result()
        for batch in result.get("batches", []):
            batch["message"] = bool(batch["message"])
            assert batch["message"] is not check_mode
            del batch["message"]
        return result

    predicted = outcome(True)
    assert snapshot(tmp_path) == before
    assert len(service.posts) == posts
    assert outcome(False) == predicted
    assert sum(len(post["extract_ids"]) for post in service.posts[posts:]) == len(predicted.get("requeued_extract_ids", []))


def test_check_mode_on_a_ledger_that_could_not_be_written_fails_as_the_real_run_would(service, run, tmp_path):
    (tmp_path / "file").write_text("")
    for check_mode in (True, False):
        with pytest.raises(LedgerError):
            run(service, check_mode=check_mode, ledger=str(tmp_path / "file" / "ledger"))
    assert service.server.requests == []


def test_check_mode_warns_of_a_disabled_binding(service, run):
    service.bindings[0]["enabled"] = False
    result = run(service, check_mode=True, binding_ids=[5])
    assert (result["changed"], ids_of(result)) == (True, {"requeued": [101, 102, 103]})
    assert "Not enabled: binding 5" in result["warnings"][0]


# Several runs


def in_child(path, **options):
    def work(child):
        client = Client(child.wait(), "key", retries=0)
        try:
            result = _run.requeue(client, params(path, **options), False)
            child.say(str(result["requeued_extract_ids"]))
        except AdverityError as error:
            child.say(type(error).__name__)

    return work


def test_four_runs_at_once_send_every_extract_once(fork, answer, make_server, path):
    # Forked before there are threads.
    children = [fork(in_child(path, batch_size=10)) for _run in range(4)]
    service = Service(answer, extracts=60)
    service.server = make_server(default=service)
    for child in children:
        child.go(service.server.url)
    said = sorted(child.hear() for child in children)
    assert said == sorted([str(list(range(101, 161))), "[]", "[]", "[]"])
    assert [one for post in service.posts for one in post["extract_ids"]] == list(range(101, 161))


def test_a_run_that_is_killed_during_a_post(fork, answer, make_server, make_client, path):
    child = fork(in_child(path, batch_size=1))
    service = Service(answer)
    service.server = make_server(default=service)
    arrived, killed = threading.Event(), threading.Event()

    def hold(_request):
        arrived.set()
        killed.wait(10)
        return lambda talk: False

    service.outcomes = [200, hold]
    child.go(service.server.url)
    assert arrived.wait(10)
    child.kill()
    killed.set()
    assert stand(service, path) == one_binding(dispatched=[101], unknown=[102], pending=[103])
    client = make_client(service.server)
    with pytest.raises(AdverityError, match="It is not known whether extracts 102 were loaded into binding 5"):
        _run.requeue(client, params(path), False)
    assert len(service.posts) == 2
    result = _run.requeue(client, params(path, on_unknown="requeue"), False)
    assert ids_of(result) == {"requeued": [102, 103], "skipped": [101]}


def test_a_run_that_is_killed_between_its_plan_and_the_first_post_is_finished_by_the_next(fork, answer, make_server, make_client, path):
    def work(child):
        client = Client(child.wait(), "key", retries=0)
        client.request = lambda *args, **more: (child.say("about to send"), child.wait())
        real = client._send
        client.get = lambda where, asked=None: real("GET", where, asked, None)
        _run.requeue(client, params(path), False)

    child = fork(work)
    service = Service(answer)
    service.server = make_server(default=service)
    child.go(service.server.url)
    assert child.hear() == "about to send"
    child.kill()
    assert stand(service, path) == one_binding(pending=[101, 102, 103])
    assert ids_of(_run.requeue(make_client(service.server), params(path), False)) == {"requeued": [101, 102, 103]}
    assert len(service.posts) == 1


def test_waiting_long_for_another_run_is_told(service, run, monkeypatch):
    real = Ledger.__enter__

    def enter(self):
        opened = real(self)
        opened.waited = 7.4
        return opened

    monkeypatch.setattr(Ledger, "__enter__", enter)
    [warning] = run(service)["warnings"]
    assert warning.startswith("Waited 7 s for another run that held the ledger ")


def test_another_instance_is_another_story(make_service, run, path):
    first, second = make_service(), make_service()
    run(first)
    assert ids_of(run(second)) == {"requeued": [101, 102, 103]}
    assert ids_of(run(first)) == {"skipped": [101, 102, 103]}


def test_the_key_is_not_in_the_ledger(service, run, path, key):
    service.outcomes = [{"message": key}, "lost"]
    with pytest.raises(Lost):
        run(service, batch_size=1)
    for one in path.parent.iterdir():
        assert key.encode() not in one.read_bytes()
