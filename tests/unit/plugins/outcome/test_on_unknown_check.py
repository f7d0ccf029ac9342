# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``on_unknown: check`` and ``on_failed`` of adverity_requeue: what is settled by what Adverity shows, and what becomes of a failed load."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Unfinished
from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins.outcome.scene import HOST, outcomes, world

POST, ISSUES = "/api/v1/extracts/requeue/", "/api/errors/"
KINDS = ("requeued", "skipped", "unknown", "refused", "failed", "remaining")
REASON = "Import: Loading extract {0} failed. (https://simulator.example/issues/1/)"


def lose(it, how="lost after", **options):
    """A request without a response: carried out, or not."""
    it.faults = [("POST", POST, how)]
    with pytest.raises(Unfinished):
        it.send(**options)


def try_to_send(it, check_mode=False, **options):
    """The result of a run, and the message if it fails."""
    try:
        result = it.run("adverity_requeue", check_mode, datastream_ids=[1], binding_ids=[12], **options)
    except Unfinished as error:
        result = error.result()
    ids = {name: result[name + "_extract_ids"] for name in KINDS if result[name + "_extract_ids"]}
    return ids, result.get("msg", ""), result.get("warnings", [])


def posts(it):
    return [row["body"]["extract_ids"] for row in it.simulator.requests if row["path"] == POST]


def kinds(it, extract_id, binding_id=12):
    """What the ledger records of an extract, by kind and reason."""
    with Ledger(it.ledger, None, HOST, LOOK) as ledger:
        return [(event.kind, event.reason) for one in sent.read(ledger, [binding_id], [extract_id]) for event in one.events]


@pytest.mark.parametrize("seconds", [5, 30])
def test_what_was_carried_out_is_dispatched_and_the_rest_is_sent(begin, seconds):
    """While it is being processed, and when it is loaded."""
    it = begin(world(extracts=4))
    lose(it, batch_size=2)
    it.wait(seconds)
    predicted = try_to_send(it, check_mode=True, on_unknown="check", batch_size=2)
    assert predicted[0] == {"requeued": [103, 104], "skipped": [101, 102]}
    assert kinds(it, 101) == [(EventKind.INTENDED, None)]
    assert try_to_send(it, on_unknown="check", batch_size=2) == predicted
    assert posts(it) == [[101, 102], [103, 104]]
    assert kinds(it, 101)[1] == (
        (EventKind.DISPATCHED, "Adverity is processing the extract") if seconds == 5 else
        (EventKind.LOADED, "it was not loaded before the request, and is loaded now")
    )  # fmt: skip
    assert sorted(it.simulator.arrivals) == [(each, 12) for each in (101, 102, 103, 104)]
    assert try_to_send(it, on_unknown="check")[0] == {"skipped": [101, 102, 103, 104]}
    it.wait(30)
    assert set(outcomes(it.look(wait=60)).values()) == {"loaded"}


def test_without_evidence_it_stays_unknown_and_the_run_stops(begin):
    it = begin(world(extracts=4))
    lose(it, "lost before", batch_size=2)
    it.wait(30)
    predicted = try_to_send(it, check_mode=True, on_unknown="check")
    ids, message, warnings = try_to_send(it, on_unknown="check")
    assert (ids, warnings) == ({"unknown": [101, 102], "remaining": [103, 104]}, [])
    assert (
        "What Adverity shows does not settle it: extracts 101-102 for binding 12 (Adverity has collected the extract, and shows no load of it)." in message
    )
    assert "on_unknown: check" not in message
    assert predicted[1] == message.replace("Sent in this run:", "A real run would send")
    assert posts(it) == []
    assert kinds(it, 101) == [(EventKind.INTENDED, None)]


def test_a_failed_load_is_recorded_named_and_left_out(begin):
    it = begin(world(extracts=4))
    it.fail(101)
    lose(it, batch_size=2)
    it.wait(30)
    predicted = try_to_send(it, check_mode=True, on_unknown="check")
    ids, message, (warning,) = try_to_send(it, on_unknown="check")
    assert predicted == (ids, message, [warning])
    assert ids == {"requeued": [103, 104], "skipped": [102], "failed": [101]}
    assert warning == (
        f"Adverity shows that the load of these extracts failed, and they are left out: extracts 101 for binding 12 ({REASON.format(101)}). Correct the"
        " cause in Adverity, then set on_failed: requeue to send them again (in the role, deploy_destination_on_failed: requeue)."
    )
    assert kinds(it, 101) == [(EventKind.INTENDED, None), (EventKind.FAILED, REASON.format(101))]
    # Every later run names it.
    assert try_to_send(it) == ({"skipped": [102, 103, 104], "failed": [101]}, "", [warning])


def test_nothing_unknown_costs_nothing(begin):
    it = begin(world(extracts=4))
    begin = len(it.simulator.requests)
    try_to_send(it, on_unknown="check")
    assert [path for _method, path in it.asked(begin)] == ["/api/v1/bindings/", "/api/extracts/", POST]


def test_only_what_is_selected_is_settled(begin):
    it = begin(world(extracts=4))
    lose(it)
    it.wait(30)
    it.run("adverity_requeue", extract_ids=[102], binding_ids=[12], on_unknown="check")
    assert {each: len(kinds(it, each)) for each in (101, 102, 103, 104)} == {101: 1, 102: 2, 103: 1, 104: 1}
    with pytest.raises(Unfinished):
        it.run("adverity_requeue", datastream_ids=[1], binding_ids=[12], created_to="2025-06-01T00:02:30Z")
    it.run("adverity_requeue", datastream_ids=[1], binding_ids=[12], created_from="2025-06-01T00:03:00Z", on_unknown="check")
    assert {each: len(kinds(it, each)) for each in (101, 102, 103, 104)} == {101: 1, 102: 2, 103: 2, 104: 2}


def test_what_cannot_be_read_stays_unknown_with_a_warning(begin):
    it = begin(world(extracts=4))
    lose(it, batch_size=2)
    it.wait(30)
    it.faults = [("GET", ISSUES, "500 before")]
    ids, message, _warnings = try_to_send(it, on_unknown="check")
    assert ids == {"unknown": [101, 102], "remaining": [103, 104]}
    assert "What Adverity shows of 2 extracts with an unknown outcome cannot be read: GET /api/errors/ returned 500" in message


def test_labels_of_ones_own_instance(begin):
    it = begin(world(extracts=4), state_labels="translated")
    lose(it)
    it.wait(30)
    assert try_to_send(it, on_unknown="check")[0] == {"unknown": [101, 102, 103, 104]}
    known = {"Gesammelt": "collected", "Importiert": "loaded"}
    assert try_to_send(it, on_unknown="check", state_labels=known)[0] == {"skipped": [101, 102, 103, 104]}


def test_planning_and_recording_check_nothing(begin):
    it = begin(world(extracts=4))
    lose(it)
    it.wait(30)
    begin = len(it.simulator.requests)
    it.run("adverity_requeue", datastream_ids=[1], binding_ids=[12], state="planned", on_unknown="check")
    assert ISSUES not in [path for _method, path in it.asked(begin)]
    it.run("adverity_requeue", datastream_ids=[1], binding_ids=[12], state="recorded", on_unknown="check")
    assert ISSUES not in [path for _method, path in it.asked(begin)]


# on_failed


@pytest.fixture(name="failed")
def fixture_failed(begin):
    """101 has failed, the others are loaded."""
    it = begin(world(extracts=4))
    it.fail(101)
    it.send()
    assert it.look(wait=60)["failed_extract_ids"] == [101]
    it.simulator.change({"mend": [101]})
    return it


@pytest.mark.parametrize("options", [{"on_failed": "requeue"}, {"force": True}])
def test_a_failed_extract_is_sent_again_on_demand_and_settled_by_a_later_load(failed, options):
    it = failed
    predicted = try_to_send(it, check_mode=True, **options)
    assert predicted[0]["requeued"] == ([101] if "on_failed" in options else [101, 102, 103, 104])
    assert try_to_send(it, **options) == predicted
    assert it.statuses()[12, 101] == ("dispatched", None)
    assert try_to_send(it, on_failed="requeue")[0] == {"skipped": [101, 102, 103, 104]}
    assert outcomes(it.look(wait=60))[12, 101] == "loaded"
    assert [kind for kind, _reason in kinds(it, 101)] == [EventKind.DISPATCHED, EventKind.FAILED, EventKind.DISPATCHED, EventKind.LOADED]


def test_on_failed_fail_does_everything_else_first(failed):
    it = failed
    it.simulator.fetch(1, 105, at="2025-07-01T00:00:00Z")
    ids, message, _warnings = try_to_send(it, on_failed="fail", force=False)
    assert ids["failed"] == [101]
    assert message.startswith("Sent in this run: 1 extracts; done before: 3. Still open: The load of extracts 101 failed.")
    assert REASON.format(101) in message


def test_a_run_that_has_nothing_else_to_do_names_it(failed):
    it = failed
    ids, _message, warnings = try_to_send(it, backfill="when_needed")
    assert ids == {"skipped": [102, 103, 104], "failed": [101]}
    assert REASON.format(101) in warnings[0]
