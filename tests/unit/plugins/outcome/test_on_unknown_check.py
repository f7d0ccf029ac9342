# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``on_unknown: check`` and ``on_failed`` of adverity_requeue: what is settled by what Adverity shows, and what becomes of a failed load."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import FAILED, LABELS, outcomes, world
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import HOST

KINDS = ("requeued", "skipped", "unknown", "refused", "failed", "remaining")
ALL = [101, 102, 103, 104]


@pytest.fixture(name="lose")
def fixture_lose(begin):
    """Begins a scene in which no response came to a request that was carried out, or was not."""

    def lose(drop="after", batch_size=2, seconds=30, failing=(), **switches):
        it = begin(world(extracts=4), **switches)
        it.fail(*failing)
        it.service.fault(method="POST", drop=drop)
        assert it.send(batch_size=batch_size)["failed"] is True
        it.pass_time(seconds)
        it.forget()
        return it

    return lose


def try_to_send(it, check_mode=False, **options):
    """The result of a run, and the message if it fails."""
    result = it.send(check_mode=check_mode, **options)
    ids = {name: result[name + "_extract_ids"] for name in KINDS if result[name + "_extract_ids"]}
    return ids, result.get("msg", ""), result["warnings"]


def events(it, extract_id):
    """What the ledger records of an extract, by kind and reason."""
    with Ledger(str(it.ledger), None, HOST, LOOK) as ledger:
        return [(event.kind, event.reason) for one in sent.read(ledger, [12], [extract_id]) for event in one.events]


@pytest.mark.parametrize(
    ("seconds", "kind", "reason"),
    [
        (5, EventKind.DISPATCHED, "Adverity is processing the extract"),
        (30, EventKind.LOADED, "it was not loaded before the request, and is loaded now"),
    ],
)
def test_what_was_carried_out_is_dispatched_and_the_rest_is_sent(lose, seconds, kind, reason):
    it = lose(seconds=seconds)
    predicted = try_to_send(it, check_mode=True, on_unknown="check", batch_size=2)
    assert predicted[0] == {"requeued": [103, 104], "skipped": [101, 102]}
    assert events(it, 101) == [(EventKind.INTENDED, None)]
    assert try_to_send(it, on_unknown="check", batch_size=2) == predicted
    assert it.sent() == [[103, 104]]
    assert events(it, 101)[1] == (kind, reason)
    assert sorted(it.service.arrivals) == [(each, 12) for each in ALL]
    assert try_to_send(it, on_unknown="check")[0] == {"skipped": ALL}
    it.pass_time(30)
    assert set(outcomes(it.look(wait=60)).values()) == {"loaded"}


def test_without_evidence_it_stays_unknown_and_the_run_stops(lose):
    it = lose(drop="before")
    predicted = try_to_send(it, check_mode=True, on_unknown="check")
    ids, message, warnings = try_to_send(it, on_unknown="check")
    assert (ids, warnings) == ({"unknown": [101, 102], "remaining": [103, 104]}, [])
    assert (
        "What Adverity shows does not settle it: extracts 101-102 for binding 12 (Adverity has collected the extract, and shows no load of it)." in message
    )
    assert "on_unknown: check" not in message
    assert predicted[1] == message.replace("Sent in this run:", "A real run would send")
    assert it.sent() == []
    assert events(it, 101) == [(EventKind.INTENDED, None)]


def test_a_failed_load_is_recorded_named_and_left_out(lose):
    it, reason = lose(failing=[101]), FAILED.format(101)
    predicted = try_to_send(it, check_mode=True, on_unknown="check")
    ids, message, (warning,) = try_to_send(it, on_unknown="check")
    assert predicted == (ids, message, [warning])
    assert ids == {"requeued": [103, 104], "skipped": [102], "failed": [101]}
    assert warning == (
        f"Adverity shows that the load of these extracts failed, and they are left out: extracts 101 for binding 12 ({reason}). Correct the"
        " cause in Adverity, then set on_failed: requeue to send them again (in the role, deploy_destination_on_failed: requeue)."
    )
    assert events(it, 101) == [(EventKind.INTENDED, None), (EventKind.FAILED, reason)]
    # Every later run names it.
    assert try_to_send(it) == ({"skipped": [102, 103, 104], "failed": [101]}, "", [warning])


def test_nothing_unknown_costs_nothing(begin):
    it = begin(world(extracts=4))
    try_to_send(it, on_unknown="check")
    assert [row["path"] for row in it.requests()] == ["/api/v1/bindings/", "/api/extracts/", "/api/v1/extracts/requeue/"]


def test_only_what_is_selected_is_settled(lose):
    it = lose(batch_size=50)
    it.send([102], on_unknown="check")
    assert [len(events(it, each)) for each in ALL] == [1, 2, 1, 1]
    assert it.send(created_to="2025-06-01T00:02:30Z")["failed"] is True
    it.send(created_from="2025-06-01T00:03:00Z", on_unknown="check")
    assert [len(events(it, each)) for each in ALL] == [1, 2, 2, 2]


def test_what_cannot_be_read_stays_unknown_with_a_warning(lose):
    it = lose()
    it.service.fault(path="/api/errors/", status={"code": 500})
    ids, message, _warnings = try_to_send(it, on_unknown="check")
    assert ids == {"unknown": [101, 102], "remaining": [103, 104]}
    assert "What Adverity shows of 2 extracts with an unknown outcome cannot be read: GET /api/errors/ returned 500" in message


def test_labels_of_ones_own_instance(lose):
    it = lose(batch_size=50, state_labels="translated")
    assert try_to_send(it, on_unknown="check")[0] == {"unknown": ALL}
    assert try_to_send(it, on_unknown="check", state_labels=LABELS)[0] == {"skipped": ALL}


@pytest.mark.parametrize("state", ["planned", "recorded"])
def test_planning_and_recording_check_nothing(lose, state):
    it = lose()
    it.send(state=state, on_unknown="check")
    assert it.requests("GET", "/api/errors/") == []


@pytest.fixture(name="failed")
def fixture_failed(begin):
    """101 has failed, the others are loaded; the cause is corrected."""
    it = begin(world(extracts=4))
    it.fail(101)
    it.send()
    assert it.look(wait=60)["failed_extract_ids"] == [101]
    it.service.change({"mend": [101]})
    return it


@pytest.mark.parametrize("options", [{"on_failed": "requeue"}, {"force": True}])
def test_a_failed_extract_is_sent_again_on_demand_and_settled_by_a_later_load(failed, options):
    predicted = try_to_send(failed, check_mode=True, **options)
    assert predicted[0]["requeued"] == ([101] if "on_failed" in options else ALL)
    assert try_to_send(failed, **options) == predicted
    assert failed.statuses()[12, 101] == ("dispatched", None)
    assert try_to_send(failed, on_failed="requeue")[0] == {"skipped": ALL}
    assert outcomes(failed.look(wait=60))[12, 101] == "loaded"
    assert [kind for kind, _reason in events(failed, 101)] == [EventKind.DISPATCHED, EventKind.FAILED, EventKind.DISPATCHED, EventKind.LOADED]


def test_on_failed_fail_does_everything_else_first(failed):
    failed.service.fetch(1, 105, at="2025-07-01T00:00:00Z")
    ids, message, _warnings = try_to_send(failed, on_failed="fail", force=False)
    assert ids["failed"] == [101]
    assert message.startswith("Sent in this run: 1 extract; done before: 3. Still open: The load of extracts 101 failed.")
    assert FAILED.format(101) in message


def test_a_run_that_has_nothing_else_to_do_names_it(failed):
    ids, _message, warnings = try_to_send(failed, backfill="when_needed")
    assert ids == {"skipped": [102, 103, 104], "failed": [101]}
    assert FAILED.format(101) in warnings[0]
