# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both bounds are included; a history is planned first and sent bit by bit; and no piece of the key shows, whatever the API says.

Other requeues: module_utils/_requeue.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import KEY, NOW, World, uuid

NONE = {"pending": 0, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}


def history(extracts=3, **fields):
    """A datastream with history, and an enabled binding of it."""
    return World().datastream(456, extracts=extracts).binding(123, 456, **{"enabled": True, **fields})


# --- what is sent ---

FROM, TO = NOW - timedelta(days=30), NOW - timedelta(days=20)


def at(base, seconds=0):
    """The moment so many seconds after another, as the service writes it."""
    return (base + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("switches", [{"extract_bounds": "inclusive"}, {"extract_bounds": "exclusive"}, {"extract_bounds_format": "date"}], ids=str)
def test_both_bounds_are_included_or_there_is_an_error(begin, switches):
    world = World().datastream(456).binding(123, 456, enabled=True)
    for number, created in enumerate([at(FROM, -1), at(FROM), at(FROM, 1), at(TO, -1), at(TO), at(TO, 1)], 1):
        world.extract(number, 456, created)
    scene = begin(world, **switches)
    bounds = {"datastream_id": 456, "created_from": at(FROM), "created_to": at(TO)}
    listed, sent = scene.run("extract_info", **bounds), scene.run("requeue", **bounds, target_id=789)
    if "extract_bounds_format" in switches:
        assert (listed["failed"], sent["failed"], scene.loads(123)) == (True, True, [])
        assert "created_from" in listed["msg"]
        return
    assert [row["id"] for row in listed["extracts"]] == scene.loads(123) == [2, 3, 4, 5]
    assert scene.run("requeue", **bounds, target_id=789)["changed"] is False


def test_plan_is_kept_and_sent_later_bit_by_bit(begin):
    scene = begin(World().datastream(456, extracts=25).binding(123, 456).binding(55, 456, target=790))
    aged, both = scene.world.aged(456), {"datastream_id": 456, "binding_ids": [123, 55]}
    _predicted, plan, _again = scene.rehearse("requeue", **both, state="planned")
    assert (plan["changed"], plan["remaining_extract_ids"], plan["requeued_extract_ids"]) == (True, [], [])  # what is in it is listed when it is sent
    planned = scene.run("requeue_info", **both)
    assert planned["counts"] == NONE
    assert [(row["binding_id"], row["pending"], row["finished"], bool(row["planned_at"])) for row in planned["backfills"]] == [
        (55, 0, False, True), (123, 0, False, True),
    ]  # fmt: skip
    scene.run("binding", binding_ids=[123, 55], enabled=True)
    results = [scene.run("requeue", **both, limit=10, batch_size=4, sequential=False) for _bit in range(4)]
    assert [body["extract_ids"] for body in scene.posts()] == [aged[:4], aged[4:8], aged[8:10], aged[10:14], aged[14:18], aged[18:20], aged[20:24], aged[24:]]
    assert {(*sorted(body["binding_ids"]), body["sequential"]) for body in scene.posts()} == {(55, 123, False)}
    assert [(row["extract_count"], row["remaining_extract_ids"], row["changed"]) for row in results] == [
        (10, aged[10:], True), (10, aged[20:], True), (5, [], True), (0, [], False),
    ]  # fmt: skip
    assert scene.loads(123) == scene.loads(55) == aged
    done = scene.run("requeue_info", **both, summary_only=True)
    assert (done["counts"], done["extracts"]) == ({**NONE, "dispatched": 50}, [])
    assert all(row["finished"] for row in done["backfills"])


# --- the key, in whatever the API says ---


# Responses that repeat the key. Errors with a body of any kind: properties/test_any_input.py.
ECHOES = {
    "detail": {"status": {"code": 401, "body": {"detail": f"Invalid header Authorization: Bearer {KEY}"}}},
    "name of a field": {"status": {"code": 403, "body": {KEY: "is not allowed"}}},
    "cut in the middle of the key": {"status": {"code": 400, "body": "x" * 280 + KEY, "content_type": "text/plain"}},
    "status 200, no JSON": {"status": {"code": 200, "body": f"Bearer {KEY}", "content_type": "text/plain"}},
    "redirect": {"redirect": {"to": f"https://elsewhere.example/?token={KEY}"}},
    "next page": {"json": {"count": 2, "next": f"no address {KEY}", "previous": None, "results": [{"id": 1}]}},
    "another shape": {"json": {"items": [{"id": KEY}], "count": 1, "results": [{"id": KEY}]}},
}
CALLS = {
    "GET": ("extract_info", {"datastream_id": 456}),
    "PATCH": ("binding", {"target_id": 789, "enabled": True}),
    "PUT": ("smart_pulling", {"datastream_ids": [uuid(456)], "is_active": True, "frequency": "daily"}),
    "POST": ("requeue", {"datastream_id": 456, "target_id": 789}),
}


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("echo", ECHOES)
def test_no_piece_of_the_key_shows_where_a_response_repeats_it(begin, method, echo):
    scene = begin(history(enabled=method == "POST"))
    scene.secret.append(KEY[:8])
    scene.service.fault(method=method, times=None, **ECHOES[echo])
    module, options = CALLS[method]
    result = scene.run(module, **options)
    assert result["failed"] is True
    assert "********" in json.dumps(result["invocation"])
    assert KEY.encode()[:8] not in (scene.ledger.read_bytes() if scene.ledger.exists() else b"")


def test_no_piece_of_the_key_is_kept_where_a_success_repeats_it(begin):
    scene = begin(history())
    scene.secret.append(KEY[:8])
    aged = scene.world.aged(456)
    scene.service.fault(method="POST", json={"message": f"Dispatched for {KEY}.", "extract_ids": aged, "extract_count": 3})
    done = scene.run("requeue", datastream_id=456, target_id=789)
    assert done["extract_count"] == 3
    assert "********" in done["batches"][0]["message"]
    assert KEY.encode()[:8] not in scene.ledger.read_bytes()
