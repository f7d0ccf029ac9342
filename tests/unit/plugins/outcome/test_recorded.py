# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts that are recorded as loaded by the user's word, and runs that name no binding: what a later run makes of them."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import ids_of, world

ROLE = {"target_id": 2, "datastream_ids": [1]}
RECORDED = {"state": "recorded"}


def test_limit_holds_for_what_is_recorded(begin_requeues):
    scene = begin_requeues()
    first = scene.send(**RECORDED, binding_ids=[12], limit=1)
    assert (ids_of(first), first["summary"][0]["recorded"]) == ({"skipped": [101], "remaining": [102, 103]}, 1)
    assert scene.by_status() == {"recorded": [101]}
    scene.deploy(**ROLE)
    assert scene.sent() == []  # the rest is neither recorded nor asked for
    assert scene.send(**RECORDED, binding_ids=[12])["summary"][0]["recorded"] == 2
    assert ids_of(scene.send(binding_ids=[12])) == {"skipped": [101, 102, 103]}


def test_limit_holds_for_what_is_settled_as_dispatched(begin_requeues):
    scene = begin_requeues()
    scene.respond("lost", "lost", "lost")
    for extract_id in (101, 102):
        scene.send(binding_ids=[12], extract_ids=[extract_id])
    scene.send(binding_ids=[12], on_unknown="dispatched", limit=1)
    assert scene.by_status() == {"dispatched": [101], "unknown": [102], "pending": [103]}


@pytest.mark.parametrize("how", [RECORDED, {"on_unknown": "dispatched"}], ids=str)
def test_what_a_binding_loads_counts_from_the_first_record_on(begin_requeues, how):
    scene = begin_requeues()
    if how != RECORDED:
        scene.respond("lost")
        scene.send(binding_ids=[12], extract_ids=[101])
    scene.send(**how, binding_ids=[12], extract_ids=[101])
    scene.pass_time(60)
    new = scene.service.fetch(1)["id"]
    scene.pass_time(60)
    scene.forget()
    result = scene.send(binding_ids=[12])
    assert [each for batch in scene.sent() for each in batch] == [102, 103]
    assert new in result["skipped_extract_ids"]


def test_plan_of_what_is_to_be_recorded_is_empty(begin_requeues):
    scene = begin_requeues()
    for choice in ({"binding_ids": [12]}, {"binding_ids": [12], "extract_ids": [101]}):
        assert scene.send(state="planned", backfill="recorded", **choice)["changed"] is False
    assert "names none" in scene.send_and_fail(unfinished=False, state="planned", backfill="recorded", extract_ids=[101])["msg"]
    assert scene.statuses() == {}


def test_force_sends_again_what_a_finished_backfill_has_sent(begin_requeues):
    scene = begin_requeues(world(enabled=(), disabled=(2,)))
    scene.deploy(**ROLE)
    scene.pass_time(60)
    scene.forget()
    scene.deploy(**ROLE, force=True)
    assert scene.sent() == [[101, 102, 103]]


def test_extract_of_a_binding_that_is_done_is_looked_for_and_its_list_holds_up_nothing(begin_requeues):
    scene = begin_requeues(world(2, enabled=(), disabled=(2,)))
    scene.service.change({"refuse": [201]})
    scene.role_failure(target_id=2)
    scene.service.change({"accept": [201]})
    scene.forget()
    scene.service.fault(method="GET", path="extracts", skip=1, status={"code": 500, "body": {"detail": "x"}})
    result = scene.send_and_fail(extract_ids=[101, 201], target_id=2, backfill="when_needed")
    assert (scene.sent(), ids_of(result)["requeued"]) == ([[201]], [201])
    assert "Extracts 101 are in none of the other lists" in result["msg"]
    result = scene.send_and_fail(unfinished=False, extract_ids=[999], target_id=2, backfill="when_needed")
    assert "not found among the extracts of the datastreams of these bindings: 999" in result["msg"]
