# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What adverity_load_info says of what was sent, what it costs, and what it records."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, RequestError
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import HOST, Scene, outcomes, world

BINDINGS, EXTRACTS, JOBS, ISSUES = "/api/v1/bindings/", "/api/extracts/", "/api/jobs/", "/api/errors/"
FAILED = "Import: Loading extract 102 failed. (https://simulator.example/issues/1/)"


def test_what_was_sent_is_followed_to_its_end(begin):
    it = begin(world(extracts=3))
    it.fail(102)
    it.send()
    result = it.look(wait=3600)
    assert outcomes(result) == {(12, 101): "loaded", (12, 102): "failed", (12, 103): "loaded"}
    assert result["counts"] == {"loaded": 2, "failed": 1, "loading": 0, "unconfirmed": 0}
    assert (result["failed_extract_ids"], result["unconfirmed"], result["changed"], result["jobs"]) == ([102], [], False, [])
    assert 20 <= result["waited"] < 60
    assert result["loads"][1] == {
        "extract_id": 102, "datastream_id": 1, "binding_id": 12, "created": "2025-06-01T00:02:00Z", "outcome": "failed", "label": "Import Error",
        "since": result["loads"][1]["since"], "reason": FAILED, "issue": "https://simulator.example/issues/1/",
    }  # fmt: skip
    assert it.statuses() == {(12, 101): ("dispatched", None), (12, 102): ("failed", FAILED), (12, 103): ("dispatched", None)}
    assert it.seen_loaded() == [(12, 101), (12, 103)]


def test_what_is_recorded_as_loaded_is_not_looked_at_again(begin):
    it = begin()
    it.send()
    it.look(wait=60)
    before = len(it.simulator.requests)
    result = it.look(wait=60)
    assert outcomes(result) == {(12, 101): "loaded", (12, 102): "loaded"}
    assert result["loads"][0]["reason"].startswith("it was not loaded before the request, and is loaded now (recorded 2026-01-01T12:")
    assert it.asked(before) == []


def test_each_round_costs_one_list_of_jobs_one_of_issues_and_a_page_for_each_datastream_that_is_not_settled(begin):
    """Five datastreams, of which one loads faster than the others: 20 s, and 100 s."""
    it = begin(world(datastreams=5, extracts=50), load_seconds=100)
    it.send(binding_ids=(12, 22, 32, 42))
    it.simulator.change({"loading": {"load_seconds": 20}})
    it.send(binding_ids=(52,))
    begin = len(it.simulator.requests)
    result = it.look(wait=600)
    assert result["counts"] == {"loaded": 250, "failed": 0, "loading": 0, "unconfirmed": 0}
    asked = it.asked(begin)
    rounds = Counter(asked)[("GET", ISSUES)]
    assert rounds > 3
    assert {method for method, _path in asked} == {"GET"}
    assert Counter(asked)[("GET", JOBS)] == rounds
    assert Counter(asked)[("GET", BINDINGS)] == 1
    of_datastream = Counter(dict(row["query"])["datastream_id"] for row in it.simulator.requests[begin:] if row["path"] == EXTRACTS)
    assert [of_datastream[number] for number in "1234"] == [rounds] * 4
    assert of_datastream["5"] < rounds
    assert len(asked) == 2 * rounds + 1 + sum(of_datastream.values())


def test_only_the_page_with_the_extracts_is_read(begin):
    it = begin(world(extracts=250))
    it.send([349, 350])
    begin = len(it.simulator.requests)
    it.look()
    assert [path for _method, path in it.asked(begin)].count(EXTRACTS) == 1
    it.send([102])
    begin = len(it.simulator.requests)
    it.look()
    assert [path for _method, path in it.asked(begin)].count(EXTRACTS) == 3


def test_a_failure_ends_the_wait_for_its_extract_alone(begin):
    it = begin(load_seconds=10)
    it.fail(101)
    it.send([101])
    it.simulator.change({"loading": {"load_seconds": 300}})
    it.send([102])
    result = it.look(wait=3600)
    assert outcomes(result) == {(12, 101): "failed", (12, 102): "loaded"}
    assert 300 <= result["waited"] < 400


def test_the_wait_ends_when_nothing_can_change(begin):
    """What Adverity had loaded before, and shows as loaded at once, stays unconfirmed until the time is over; after two days nothing comes any more."""
    it = begin(world(state="imported"), requeue_processing="never")
    it.send()
    result = it.look(wait=100)
    assert outcomes(result) == {(12, 101): "unconfirmed", (12, 102): "unconfirmed"}
    assert (result["unconfirmed"], result["waited"]) == ([101, 102], 100)
    assert {row["reason"] for row in result["loads"]} == {"it was loaded before the request, and is loaded now"}
    it.wait(3 * 86400)
    assert it.look(wait=100)["waited"] == 0


def test_the_end_of_a_job_ends_the_wait(begin):
    it = begin(world(state="imported"), requeue_processing="never", load_jobs="request")
    it.send()
    result = it.look(wait=3600)
    assert outcomes(result) == {(12, 101): "unconfirmed", (12, 102): "unconfirmed"}
    assert 20 <= result["waited"] < 60
    assert [(row["state_label"], row["datastream_id"]) for row in result["jobs"]] == [("Success", 1)]


def test_a_request_without_bindings_has_no_baseline(begin):
    it = begin()
    it.run("adverity_requeue", extract_ids=[101])
    result = it.look(wait=60)
    assert outcomes(result) == {(None, 101): "unconfirmed"}
    assert result["loads"][0]["reason"] == "the request named no binding, so that the state before it is not known"
    assert result["waited"] == 0


# Never more than was seen


@pytest.mark.parametrize("requests", [[(12,), (12,)], [(12,), (13,)], [(12, 13)]], ids=str)
def test_requests_for_one_extract_at_the_same_time_tell_nothing_of_any(begin, requests):
    it = begin()
    for binding_ids in requests:
        it.send([101], binding_ids, force=True)
    result = it.look(wait=60)
    assert set(outcomes(result).values()) == {"unconfirmed"}
    assert {row["reason"] for row in result["loads"]} <= {
        f"another request for binding {number} may have changed the state of the extract, too" for number in (12, 13)
    }
    assert {status for status, _reason in it.statuses().values()} == {"dispatched"}


@pytest.mark.parametrize("first", ["loaded", "unconfirmed"])
def test_second_request_counts_after_the_first_was_seen_to_end_or_two_days_later(begin, first):
    it = begin()
    it.send([101])
    if first == "loaded":
        it.look(wait=60)
    else:
        it.wait(2 * 86400 + 60)
    it.send([101], (13,))
    assert outcomes(it.look(wait=60)) == {(12, 101): first, (13, 101): "loaded"}


@pytest.mark.parametrize(("day", "expected"), [("2026-01-01", "unconfirmed"), ("2025-06-01", "loaded")])
def test_extract_that_another_binding_may_have_loaded_automatically_is_unconfirmed(begin, day, expected):
    it = begin(world(enabled=(1, 2), day=day))
    it.send([101])
    result = it.look(wait=60)
    assert outcomes(result) == {(12, 101): expected}
    automatic = "the automatic load into binding 11 may have changed the state of the extract, too"
    assert (result["loads"][0]["reason"] == automatic) is (expected == "unconfirmed")


@pytest.mark.parametrize("enable", [Scene.enable, lambda it, binding_id: it.simulator.switch_binding(binding_id, True)], ids=["by us", "by hand"])
def test_binding_that_was_enabled_today_may_load_its_history(begin, enable):
    it = begin(world(enabled=(2,)), enable_loads_history="yes")
    enable(it, 13)
    it.wait(60)
    it.send([101])
    assert outcomes(it.look(wait=60)) == {(12, 101): "unconfirmed"}


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        (lambda it: it.enable(13), "the automatic load into binding 13 may have changed the state of the extract, too"),
        (lambda it: it.send([101], force=True), "another run has sent it again meanwhile"),
    ],
    ids=["enables another binding", "sends it again"],
)
def test_what_another_run_does_meanwhile_is_seen_in_each_round(begin, do, reason):
    it = begin(world(enabled=(2,)), enable_loads_history="yes", load_seconds=40)
    it.send([101])
    pass_time, done = it.wait, []

    def wait(seconds):
        pass_time(seconds)
        if not done:
            done.append(seconds)
            do(it)

    it.wait = wait
    result = it.look(wait=100)
    assert (outcomes(result), result["loads"][0]["reason"]) == ({(12, 101): "unconfirmed"}, reason)


def test_failed_load_that_leaves_its_label_and_whose_issue_names_no_extract_is_unconfirmed(begin):
    it = begin(world(state="imported"), failed_reload="keeps", issue_extract="null")
    it.fail(101)
    it.send([101])
    assert outcomes(it.look(wait=60)) == {(12, 101): "unconfirmed"}


def test_labels_of_ones_own_instance(begin):
    it = begin(state_labels="translated")
    it.fail(102)
    it.send()
    known = {"Gesammelt": "collected", "In Verarbeitung": "loading", "importiert": "loaded", "Importfehler": "failed"}
    it.wait(30)
    result = it.look(wait=10)
    assert outcomes(result) == {(12, 101): "unconfirmed", (12, 102): "unconfirmed"}
    assert result["loads"][0]["reason"] == "Adverity shows a state that the collection does not know; state_labels can add it"
    assert outcomes(it.look(state_labels=known)) == {(12, 101): "loaded", (12, 102): "failed"}
    with pytest.raises(InputError, match="must be one of: collected, loading, loaded, failed"):
        it.look(state_labels={"Importiert": "done"})


def test_an_extract_or_a_datastream_that_is_gone(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.simulator.change({"remove": {"extracts": [102], "datastreams": [2]}})
    result = it.look(wait=60)
    assert outcomes(result) == {(12, 101): "loaded", (12, 102): "unconfirmed", (22, 201): "unconfirmed", (22, 202): "unconfirmed"}
    assert result["loads"][1]["reason"] == "Adverity does not list the extract any more"


def test_a_list_that_cannot_be_read_now_holds_up_only_its_datastream(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.wait(30)
    it.faults = [("GET", EXTRACTS, "500 before")]
    result = it.look()
    assert outcomes(result) == {(12, 101): "unconfirmed", (12, 102): "unconfirmed", (22, 201): "loaded", (22, 202): "loaded"}
    assert result["loads"][0]["reason"].startswith("GET /api/extracts/ returned 500")
    it.faults = [("GET", EXTRACTS, "500 before")]
    assert set(outcomes(it.look(wait=60)).values()) == {"loaded"}


def test_what_was_seen_before_an_error_is_recorded(begin):
    it = begin(load_seconds=10)
    it.send([101])
    it.simulator.change({"loading": {"load_seconds": 100}})
    it.send([102])
    it.wait(15)
    real = it.wait

    def wait(seconds):
        real(seconds)
        it.faults = [("GET", ISSUES, "not reached")]

    it.wait = wait
    with pytest.raises(RequestError):
        it.look(wait=60)
    it.wait = real
    assert it.seen_loaded() == [(12, 101)]


# A failure


def test_a_failure_stays_one_until_its_extract_is_seen_to_be_loaded(begin):
    it = begin(world(day="2026-01-01", enabled=(2,)), acknowledged_issues="hidden")
    it.fail(102)
    it.send([102])
    assert outcomes(it.look(wait=60)) == {(12, 102): "failed"}
    it.simulator.fetch(1)  # the issue is no longer listed
    result = it.look(wait=60)
    assert (outcomes(result), result["waited"], result["loads"][0]["reason"]) == ({(12, 102): "failed"}, 0, FAILED)
    assert it.statuses() == {(12, 102): ("failed", FAILED)}
    it.simulator.change({"mend": [102]})
    it.send([102], force=True)
    assert outcomes(it.look(wait=60)) == {(12, 102): "loaded"}
    assert it.statuses()[12, 102][0] == "dispatched"


# The ledger


def test_check_mode_returns_the_same_and_records_nothing(begin):
    it = begin()
    it.fail(102)
    it.send()
    it.wait(30)
    predicted = it.run("adverity_load_info", check_mode=True)
    assert it.seen_loaded() == []
    result = it.look()
    assert predicted["loads"] == result["loads"]
    assert predicted["warnings"] == result["warnings"] == []
    assert it.seen_loaded() == [(12, 101)]


def test_without_a_ledger_nothing_is_made(begin, tmp_path):
    it = begin()
    result = it.look(target_id=2)
    assert (result["loads"], result["counts"]) == ([], {"loaded": 0, "failed": 0, "loading": 0, "unconfirmed": 0})
    assert list(tmp_path.glob("requeue*")) == []


def test_what_another_run_holds_is_not_waited_for(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.wait(30)
    with Ledger(it.ledger, None, HOST, WRITE) as other:
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
    it.wait(30)
    monkeypatch.setattr("os.access", lambda *_args, **_more: False)
    result = it.look()
    assert set(outcomes(result).values()) == {"loaded"}
    assert result["warnings"][0].startswith("What was seen of 2 extracts was not recorded: The ledger ")


def test_what_is_chosen(begin):
    it = begin(world(datastreams=2))
    it.send(binding_ids=(12, 22))
    it.send([101], (13,), state="recorded")
    assert set(outcomes(it.look())) == {(12, 101), (12, 102), (22, 201), (22, 202)}
    assert set(outcomes(it.look(target_id=2, datastream_ids=[2]))) == {(22, 201), (22, 202)}
    assert set(outcomes(it.look(extract_ids=[101, 202], binding_ids=[12]))) == {(12, 101)}
    assert set(outcomes(it.look(created_from="2025-06-01T00:02:00Z"))) == {(12, 102), (22, 202)}
