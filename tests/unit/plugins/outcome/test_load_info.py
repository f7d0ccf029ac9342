# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What adverity_load_info says of what was sent, what it costs, and what it records. Each reason by itself: messages/outcomes.py and _outcome/test_judge.py."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import BINDINGS, EXTRACTS
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import FAILED, LABELS, outcomes, world
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import HOST

JOBS, ISSUES = "/api/jobs/", "/api/errors/"
UNSURE = "may have changed the state of the extract, too"


def test_what_was_sent_is_followed_to_its_end_and_recorded(begin):
    it, failed = begin(world(extracts=3)), FAILED.format(102)
    it.fail(102)
    it.send()
    result = it.look(wait=3600)
    assert outcomes(result) == {(12, 101): "loaded", (12, 102): "failed", (12, 103): "loaded"}
    assert result["counts"] == {"loaded": 2, "failed": 1, "loading": 0, "unconfirmed": 0}
    assert (result["failed_extract_ids"], result["unconfirmed"], result["changed"], result["jobs"]) == ([102], [], False, [])
    assert 20 <= result["waited"] < 60
    assert result["loads"][1] == {
        "extract_id": 102, "datastream_id": 1, "binding_id": 12, "created": "2025-06-01T00:02:00Z", "outcome": "failed", "label": "Import Error",
        "since": result["loads"][1]["since"], "reason": failed, "issue": "https://simulator.example/issues/1/",
    }  # fmt: skip
    assert it.statuses() == {(12, 101): ("dispatched", None), (12, 102): ("failed", failed), (12, 103): ("dispatched", None)}
    assert it.seen_loaded() == [(12, 101), (12, 103)]


def test_what_is_recorded_as_loaded_is_not_looked_at_again(begin):
    it = begin()
    it.send()
    it.look(wait=60)
    it.forget()
    result = it.look(wait=60)
    assert outcomes(result) == {(12, 101): "loaded", (12, 102): "loaded"}
    assert result["loads"][0]["reason"].startswith("it was not loaded before the request, and is loaded now (recorded 2026-01-01T12:")
    assert it.requests() == []


def test_each_round_costs_one_list_of_jobs_one_of_issues_and_a_page_for_each_datastream_that_is_not_settled(begin):
    """Five datastreams, of which one loads faster than the others: 20 s, and 100 s."""
    it = begin(world(datastreams=5, extracts=50), load_seconds=100)
    it.send(binding_ids=(12, 22, 32, 42))
    it.service.change({"loading": {"load_seconds": 20}})
    it.send(binding_ids=(52,))
    it.forget()
    assert it.look(wait=600)["counts"] == {"loaded": 250, "failed": 0, "loading": 0, "unconfirmed": 0}
    asked = Counter(row["path"] for row in it.requests("GET"))
    of_datastream = Counter(dict(row["query"])["datastream_id"] for row in it.requests("GET", EXTRACTS))
    rounds = asked[ISSUES]
    assert rounds > 3
    assert of_datastream["5"] < rounds
    assert of_datastream == {**dict.fromkeys("1234", rounds), "5": of_datastream["5"]}
    assert asked == {JOBS: rounds, ISSUES: rounds, BINDINGS: 1, EXTRACTS: sum(of_datastream.values())}
    assert it.writes() == []


def test_only_the_pages_with_the_extracts_are_read(begin):
    it = begin(world(extracts=250))
    for extract_ids, pages in (([349, 350], 1), ([102], 3)):
        it.send(extract_ids)
        it.forget()
        it.look()
        assert len(it.requests("GET", EXTRACTS)) == pages


def test_a_failure_ends_the_wait_for_its_extract_alone(begin):
    it = begin(load_seconds=10)
    it.fail(101)
    it.send([101])
    it.service.change({"loading": {"load_seconds": 300}})
    it.send([102])
    result = it.look(wait=3600)
    assert outcomes(result) == {(12, 101): "failed", (12, 102): "loaded"}
    assert 300 <= result["waited"] < 400


def test_the_wait_ends_when_nothing_can_change(begin):
    """What Adverity had loaded before, and shows as loaded at once, stays unconfirmed until the time is over; after two days nothing comes any more."""
    it = begin(world(state="imported"), requeue_processing="never")
    it.send()
    result = it.look(wait=100)
    assert (result["unconfirmed"], result["waited"]) == ([101, 102], 100)
    assert {row["reason"] for row in result["loads"]} == {"it was loaded before the request, and is loaded now"}
    it.pass_time(3 * 86400)
    assert it.look(wait=100)["waited"] == 0


def test_the_end_of_a_job_ends_the_wait(begin):
    it = begin(world(state="imported"), requeue_processing="never", load_jobs="request")
    it.send()
    result = it.look(wait=3600)
    assert outcomes(result) == {(12, 101): "unconfirmed", (12, 102): "unconfirmed"}
    assert 20 <= result["waited"] < 60
    assert [(row["state_label"], row["datastream_id"]) for row in result["jobs"]] == [("Success", 1)]


@pytest.mark.parametrize("requests", [[(12,), (12,)], [(12,), (13,)], [(12, 13)]], ids=str)
def test_requests_for_one_extract_at_the_same_time_tell_nothing_of_any(begin, requests):
    it = begin()
    for binding_ids in requests:
        it.send([101], binding_ids, force=True)
    result = it.look(wait=60)
    assert set(outcomes(result).values()) == {"unconfirmed"}
    assert {row["reason"] for row in result["loads"]} <= {f"another request for binding {number} {UNSURE}" for number in (12, 13)}
    assert {status for status, _reason in it.statuses().values()} == {"dispatched"}


@pytest.mark.parametrize("first", ["loaded", "unconfirmed"])
def test_second_request_counts_after_the_first_was_seen_to_end_or_two_days_later(begin, first):
    it = begin()
    it.send([101])
    if first == "loaded":
        it.look(wait=60)
    else:
        it.pass_time(2 * 86400 + 60)
    it.send([101], (13,))
    assert outcomes(it.look(wait=60)) == {(12, 101): first, (13, 101): "loaded"}


def enable(it):
    it.run("binding", binding_ids=[13], enabled=True)
    it.pass_time(60)


def enable_by_hand(it):
    it.service.switch_binding(13, True)
    it.pass_time(60)


def enable_meanwhile(it):
    it.service.script(method="GET", path="api/extracts", skip=2, changes=lambda _world: enable(it))


@pytest.mark.parametrize(
    ("data", "enable_first", "by"),
    [
        ({"enabled": (1, 2), "day": "2026-01-01"}, None, 11), ({"enabled": (1, 2)}, None, None), ({"enabled": (2,)}, enable, 13),
        ({"enabled": (2,)}, enable_by_hand, 13), ({"enabled": (2,)}, enable_meanwhile, 13),
    ],
    ids=["of today", "of last year", "by us", "by hand", "while it waits"],
)  # fmt: skip
def test_extract_that_another_binding_may_have_loaded_automatically_is_unconfirmed(begin, data, enable_first, by):
    it = begin(world(**data), enable_loads_history="yes", load_seconds=40)
    if enable_first:
        enable_first(it)
    it.send([101])
    result = it.look(wait=100)
    assert outcomes(result) == {(12, 101): "unconfirmed" if by else "loaded"}
    assert (result["loads"][0]["reason"] == f"the automatic load into binding {by} {UNSURE}") is bool(by)


def test_labels_of_ones_own_instance(begin):
    it = begin(state_labels="translated")
    it.fail(102)
    it.send()
    it.pass_time(30)
    assert set(outcomes(it.look(wait=10)).values()) == {"unconfirmed"}
    assert outcomes(it.look(state_labels=LABELS)) == {(12, 101): "loaded", (12, 102): "failed"}


def test_an_extract_or_a_datastream_that_is_gone(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.service.change({"remove": {"extracts": [102], "datastreams": [2]}})
    assert outcomes(it.look(wait=60)) == {(12, 101): "loaded", **dict.fromkeys([(12, 102), (22, 201), (22, 202)], "unconfirmed")}


def test_a_list_that_cannot_be_read_now_holds_up_only_its_datastream(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.pass_time(30)
    it.service.fault(path="api/extracts", status={"code": 500})
    result = it.look()
    assert outcomes(result) == {(12, 101): "unconfirmed", (12, 102): "unconfirmed", (22, 201): "loaded", (22, 202): "loaded"}
    assert result["loads"][0]["reason"].startswith("GET /api/extracts/ returned 500")
    it.service.fault(path="api/extracts", status={"code": 500})
    assert set(outcomes(it.look(wait=60)).values()) == {"loaded"}


def test_what_was_seen_before_an_error_is_recorded(begin):
    it = begin(load_seconds=10)
    it.send([101])
    it.service.change({"loading": {"load_seconds": 100}})
    it.send([102])
    it.pass_time(15)
    it.service.fault(path="api/errors", skip=1, times=None, drop="before")
    assert it.look(wait=60)["failed"] is True
    assert it.seen_loaded() == [(12, 101)]


def test_a_failure_stays_one_until_its_extract_is_seen_to_be_loaded(begin):
    it, failed = begin(world(day="2026-01-01", enabled=(2,)), acknowledged_issues="hidden"), FAILED.format(102)
    it.fail(102)
    it.send([102])
    assert outcomes(it.look(wait=60)) == {(12, 102): "failed"}
    it.service.fetch(1)  # the issue is no longer listed
    result = it.look(wait=60)
    assert (outcomes(result), result["waited"], result["loads"][0]["reason"]) == ({(12, 102): "failed"}, 0, failed)
    assert it.statuses() == {(12, 102): ("failed", failed)}
    it.service.change({"mend": [102]})
    it.send([102], force=True)
    assert outcomes(it.look(wait=60)) == {(12, 102): "loaded"}
    assert it.statuses()[12, 102][0] == "dispatched"


def test_check_mode_returns_the_same_and_records_nothing(begin):
    it = begin()
    it.fail(102)
    it.send()
    it.pass_time(30)
    with it.no_write():
        predicted = it.run("load_info", True)
    result = it.look()
    assert predicted["loads"] == result["loads"]
    assert predicted["warnings"] == result["warnings"] == []
    assert it.seen_loaded() == [(12, 101)]


def test_without_a_ledger_nothing_is_made(begin):
    it = begin()
    result = it.look(target_id=2)
    assert (result["loads"], result["counts"]) == ([], {"loaded": 0, "failed": 0, "loading": 0, "unconfirmed": 0})
    assert not it.ledger.exists()


def test_what_another_run_holds_is_not_waited_for(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.pass_time(30)
    with Ledger(str(it.ledger), None, HOST, WRITE) as other:
        other.take_turn([12])
        result = it.look(ledger_wait=300)
    assert set(outcomes(result).values()) == {"loaded"}
    assert result["warnings"] == [
        "What was seen of 2 extracts was not recorded, because another run holds the lock of binding 12. Run this again when that run has ended."
    ]
    assert it.seen_loaded() == [(22, 201), (22, 202)]


def test_a_ledger_that_cannot_be_written_is_read(begin, monkeypatch):
    it = begin()
    it.send()
    it.pass_time(30)
    monkeypatch.setattr("os.access", lambda *_args, **_more: False)
    result = it.look()
    assert set(outcomes(result).values()) == {"loaded"}
    assert result["warnings"][0].startswith("What was seen of 2 extracts was not recorded: The ledger ")


def test_what_is_chosen(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.send([101], (13,), state="recorded")
    for options, found in (
        ({}, {(12, 101), (12, 102), (22, 201), (22, 202)}), ({"target_id": 2, "datastream_ids": [2]}, {(22, 201), (22, 202)}),
        ({"extract_ids": [101, 202], "binding_ids": [12]}, {(12, 101)}), ({"created_from": "2025-06-01T00:02:00Z"}, {(12, 102), (22, 202)}),
    ):  # fmt: skip
        assert set(outcomes(it.look(**options))) == found
