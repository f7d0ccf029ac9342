# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What adverity_load_info says of what was sent, what it costs, and what it records. Each reason by itself: messages/extracts.py and
_outcome/test_judge.py."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import BINDINGS, EXTRACTS
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import FAILED, created, outcomes, world

JOBS, ISSUES = "/api/jobs/", "/api/errors/"
UNSURE = "may have changed the state of the extract, too"


def test_loads_are_followed_to_their_end_and_recorded(begin_requeues):
    scene, failed = begin_requeues(), FAILED.format(102)
    scene.make_loads_fail(102)
    scene.send(target_id=2)
    result = scene.look(wait=3600)
    assert outcomes(result) == {(12, 101): "loaded", (12, 102): "failed", (12, 103): "loaded"}
    assert result["counts"] == {"loaded": 2, "failed": 1, "loading": 0, "unconfirmed": 0}
    assert (result["failed_extract_ids"], result["unconfirmed"], result["changed"], result["jobs"]) == ([102], [], False, [])
    assert 20 <= result["waited"] < 60
    assert result["loads"][1] == {
        "extract_id": 102, "datastream_id": 1, "binding_id": 12, "created": created(2), "outcome": "failed", "label": "Import Error",
        "since": result["loads"][1]["since"], "reason": failed, "issue": "https://simulator.example/issues/1/",
    }  # fmt: skip
    recorded = [(entry.status.value, entry.reason) for entry in scene.entries().values()]
    assert recorded == [("dispatched", None), ("failed", failed), ("dispatched", None)]
    assert scene.seen_loaded() == [(12, 101), (12, 103)]


def test_each_round_lists_jobs_and_issues_once_and_the_datastreams_that_are_not_settled(begin_requeues):
    """Five datastreams, of which one loads faster than the others: 20 s, and 100 s."""
    scene = begin_requeues(world(datastreams=5, extracts=50), load_seconds=100)
    scene.send(binding_ids=[12, 22, 32, 42])
    scene.service.change({"loading": {"load_seconds": 20}})
    scene.send(binding_ids=[52])
    scene.forget()
    assert scene.look(wait=600)["counts"] == {"loaded": 250, "failed": 0, "loading": 0, "unconfirmed": 0}
    asked = Counter(row["path"] for row in scene.requests("GET"))
    of_datastream = Counter(dict(row["query"])["datastream_id"] for row in scene.requests("GET", EXTRACTS))
    rounds = asked[ISSUES]
    assert rounds > 3
    assert of_datastream["5"] < rounds
    assert of_datastream == {**dict.fromkeys("1234", rounds), "5": of_datastream["5"]}
    assert asked == {JOBS: rounds, ISSUES: rounds, BINDINGS: 1, EXTRACTS: sum(of_datastream.values())}
    assert scene.writes() == []


@pytest.mark.parametrize(("extract_ids", "pages"), [([349, 350], 1), ([102], 3)], ids=str)
def test_only_the_pages_with_the_extracts_are_read(begin_requeues, extract_ids, pages):
    scene = begin_requeues(world(extracts=250))
    scene.send(extract_ids=extract_ids, binding_ids=[12])
    scene.forget()
    scene.look()
    assert len(scene.requests("GET", EXTRACTS)) == pages


def test_wait_lasts_to_its_end_where_something_may_change_and_not_two_days_later(begin_requeues):
    """What Adverity had loaded before, and shows as loaded at once, stays unconfirmed."""
    scene = begin_requeues(world(state="imported"), requeue_processing="never")
    scene.send(target_id=2)
    result = scene.look(wait=100)
    assert (result["unconfirmed"], result["waited"]) == ([101, 102, 103], 100)
    scene.pass_time(3 * 86400)
    assert scene.look(wait=100)["waited"] == 0


def test_end_of_a_job_ends_the_wait(begin_requeues):
    scene = begin_requeues(world(state="imported"), requeue_processing="never", load_jobs="request")
    scene.send(target_id=2)
    result = scene.look(wait=3600)
    assert set(outcomes(result).values()) == {"unconfirmed"}
    assert 20 <= result["waited"] < 60
    assert [(row["state_label"], row["datastream_id"]) for row in result["jobs"]] == [("Success", 1)]


@pytest.mark.parametrize("requests", [[[12], [12]], [[12], [13]], [[12, 13]]], ids=str)
def test_requests_for_one_extract_at_the_same_time_confirm_none_of_them(begin_requeues, requests):
    scene = begin_requeues(world(enabled=(2, 3)))
    for binding_ids in requests:
        scene.send(extract_ids=[101], binding_ids=binding_ids, force=True)
    result = scene.look(wait=60)
    assert set(outcomes(result).values()) == {"unconfirmed"}
    assert {row["reason"] for row in result["loads"]} <= {f"another request for binding {number} {UNSURE}" for number in (12, 13)}
    assert set(scene.statuses().values()) == {"dispatched"}


@pytest.mark.parametrize("first", ["loaded", "unconfirmed"])
def test_second_request_counts_after_the_first_was_seen_to_end_or_two_days_later(begin_requeues, first):
    scene = begin_requeues(world(enabled=(2, 3)))
    scene.send(extract_ids=[101], binding_ids=[12])
    if first == "loaded":
        scene.look(wait=60)
    else:
        scene.pass_time(2 * 86400 + 60)
    scene.send(extract_ids=[101], binding_ids=[13])
    assert outcomes(scene.look(wait=60)) == {(12, 101): first, (13, 101): "loaded"}


def enable(scene):
    scene.run("binding", binding_ids=[13], enabled=True)
    scene.pass_time(60)


def enable_by_hand(scene):
    scene.service.switch_binding(13, True)
    scene.pass_time(60)


def enable_while_it_waits(scene):
    scene.service.script(method="GET", path="api/extracts", skip=2, changes=lambda _world: enable(scene))


@pytest.mark.parametrize(
    ("data", "before", "is_unsure"),
    [
        (world(enabled=(2, 3), day="2026-01-01"), None, True),
        (world(enabled=(2, 3)), None, False),  # of last year
        (world(disabled=(3,)), enable, True),
        (world(disabled=(3,)), enable_by_hand, True),
        (world(disabled=(3,)), enable_while_it_waits, True),
    ],
)
def test_extract_that_another_binding_may_have_loaded_automatically_is_unconfirmed(begin_requeues, data, before, is_unsure):
    scene = begin_requeues(data, enable_loads_history="yes", load_seconds=40)
    if before:
        before(scene)
    scene.send(extract_ids=[101], binding_ids=[12])
    result = scene.look(wait=100)
    assert outcomes(result) == {(12, 101): "unconfirmed" if is_unsure else "loaded"}
    assert (result["loads"][0]["reason"] == f"the automatic load into binding 13 {UNSURE}") is is_unsure


def test_list_that_cannot_be_read_now_holds_up_only_its_datastream(begin_requeues):
    scene = begin_requeues(world(datastreams=2, extracts=2))
    scene.send(target_id=2)
    scene.pass_time(30)
    scene.service.fault(path="api/extracts", status={"code": 500})
    result = scene.look()
    assert outcomes(result) == {(12, 101): "unconfirmed", (12, 102): "unconfirmed", (22, 201): "loaded", (22, 202): "loaded"}
    assert result["loads"][0]["reason"].startswith("GET /api/extracts/ returned 500")
    scene.service.fault(path="api/extracts", status={"code": 500})
    assert set(outcomes(scene.look(wait=60)).values()) == {"loaded"}


def test_load_that_was_seen_before_an_error_is_recorded(begin_requeues):
    scene = begin_requeues(load_seconds=10)
    scene.send(extract_ids=[101], binding_ids=[12])
    scene.service.change({"loading": {"load_seconds": 100}})
    scene.send(extract_ids=[102], binding_ids=[12])
    scene.pass_time(15)
    scene.service.fault(path="api/errors", skip=1, times=None, drop="before")
    assert scene.look(wait=60)["failed"] is True
    assert scene.seen_loaded() == [(12, 101)]


def test_failure_stays_one_until_its_extract_is_seen_to_be_loaded(begin_requeues):
    scene, failed = begin_requeues(world(day="2026-01-01"), acknowledged_issues="hidden"), FAILED.format(102)
    scene.make_loads_fail(102)
    scene.send(extract_ids=[102], binding_ids=[12])
    assert outcomes(scene.look(wait=60)) == {(12, 102): "failed"}
    scene.service.fetch(1)  # the issue is no longer listed
    result = scene.look(wait=60)
    assert (outcomes(result), result["waited"], result["loads"][0]["reason"]) == ({(12, 102): "failed"}, 0, failed)
    scene.service.change({"mend": [102]})
    scene.send(extract_ids=[102], binding_ids=[12], force=True)
    assert outcomes(scene.look(wait=60)) == {(12, 102): "loaded"}
    assert scene.statuses()[12, 102] == "dispatched"


def test_check_mode_returns_the_same_and_records_nothing(begin_requeues):
    scene = begin_requeues()
    scene.make_loads_fail(102)
    scene.send(target_id=2)
    scene.pass_time(30)
    with scene.no_write():
        predicted = scene.run("load_info", True)
    result = scene.look()
    assert (predicted["loads"], predicted["warnings"]) == (result["loads"], result["warnings"])
    assert scene.seen_loaded() == [(12, 101), (12, 103)]


def test_look_does_not_wait_for_a_lock_that_another_run_holds(begin_requeues):
    scene = begin_requeues(world(datastreams=2, extracts=2))
    scene.send(target_id=2)
    scene.pass_time(30)
    with scene.open_ledger(WRITE) as other:
        other.take_turn([12])
        result = scene.look(ledger_wait=300)
    assert set(outcomes(result).values()) == {"loaded"}
    assert result["warnings"] == [
        "What was seen of 2 extracts was not recorded, because another run holds the lock of binding 12. Run this again when that run has ended."
    ]
    assert scene.seen_loaded() == [(22, 201), (22, 202)]


def test_look_into_a_ledger_that_cannot_be_written_only_reads_it(begin_requeues, monkeypatch):
    scene = begin_requeues()
    scene.send(target_id=2)
    scene.pass_time(30)
    monkeypatch.setattr("os.access", lambda *_args, **_more: False)
    result = scene.look()
    assert set(outcomes(result).values()) == {"loaded"}
    assert result["warnings"][0].startswith("What was seen of 3 extracts was not recorded: The ledger ")


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({}, [(12, 101), (12, 102), (22, 201), (22, 202)]),
        ({"target_id": 2, "datastream_ids": [2]}, [(22, 201), (22, 202)]),
        ({"extract_ids": [101, 202], "binding_ids": [12]}, [(12, 101)]),
        ({"created_from": created(2)}, [(12, 102), (22, 202)]),
    ],
    ids=str,
)
def test_options_choose_what_is_looked_at(begin_requeues, options, chosen):
    scene = begin_requeues(world(datastreams=2, extracts=2, enabled=(2, 3)))
    scene.send(target_id=2)
    scene.send(extract_ids=[101], binding_ids=[13], state="recorded")
    assert list(outcomes(scene.look(**options))) == chosen
