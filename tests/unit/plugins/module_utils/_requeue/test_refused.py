# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts that Adverity refuses: found by halving, named with its words, and in nobody's way."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import created, ids_of, world

FIFTY = list(range(101, 151))


@pytest.fixture(name="begin_refusing")
def fixture_begin_refusing(begin_requeues):
    """Begins a scene with so many extracts, some of which Adverity refuses."""

    def begin(extracts, refused=()):
        scene = begin_requeues(world(extracts=extracts))
        scene.service.world.refused.update(refused)
        return scene

    return begin


@pytest.mark.parametrize("refused", [{101}, {126}, {150}, {101, 102}, {101, 125, 126, 150}, set(FIFTY) - {133}, set(FIFTY[1:])], ids=len)
def test_refused_extracts_are_found_and_the_others_are_sent_in_order(begin_refusing, refused):
    scene = begin_refusing(60, refused)
    result = scene.send_and_fail()
    others = [each for each in range(101, 161) if each not in refused]
    assert (scene.loads(12), ids_of(result)) == (others, {"requeued": others, "refused": sorted(refused)})
    assert scene.by_status() == {"dispatched": others, "refused": sorted(refused)}
    assert len(refused) > 1 or len(scene.posts()) - 2 <= 12


@pytest.mark.parametrize("status", [401, 403, 407, 408, 423, 425, 429])
@pytest.mark.parametrize("sent", [[], [101, 102]], ids=str)
def test_refusal_that_does_not_concern_the_extracts_is_not_narrowed_down(begin_refusing, status, sent):
    scene = begin_refusing(4)
    scene.respond(*[200] * bool(sent), status)
    result = scene.send_and_fail(unfinished=status not in (401, 407, 429), batch_size=2)
    rest = FIFTY[len(sent) : 4]
    assert scene.sent() == [*([sent] if sent else []), rest[:2]]
    assert scene.by_status() == {"pending": rest, **({"dispatched": sent} if sent else {})}
    assert (result["requeued_extract_ids"], result["remaining_extract_ids"]) == (sent, rest)
    assert f"status {status}" in result["msg"]
    assert ("run it again when the cause is corrected" if result.get("unfinished") else "Correct the cause and run it again") in result["msg"]
    assert ("This request needs destination:write" in result["msg"]) is (status == 403)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422])
def test_other_refusals_are_narrowed_down(begin_refusing, status):
    scene = begin_refusing(4)
    scene.respond(status, 200, status, status)
    result = scene.send_and_fail()
    assert scene.sent() == [[101, 102, 103, 104], [101, 102], [103, 104], [103], [104]]
    assert ids_of(result) == {"requeued": [101, 102, 104], "refused": [103]}
    assert f"extracts 103 with {status}: status {status}" in result["msg"]
    assert "Not sent" not in result["msg"]


def test_batch_that_is_refused_extract_by_extract_stops_its_datastream(begin_refusing):
    scene = begin_refusing(12, range(105, 109))
    result = scene.send_and_fail(batch_size=4)
    assert scene.sent() == [[101, 102, 103, 104], [105, 106, 107, 108], [105, 106], [105], [106], [107, 108], [107], [108]]
    assert (
        "Datastream 1, binding 12: Adverity refused each of 4 extracts, also alone (400: Extracts not found: 105). The extracts are probably not the"
        " cause; if they are, set batch_size: 1 and on_refused: skip."
    ) in result["msg"]
    assert scene.by_status() == {"dispatched": [101, 102, 103, 104], "pending": list(range(105, 113))}


@pytest.mark.parametrize(
    ("before", "refused", "tried"),
    [
        (None, range(103, 131), range(101, 113)),  # ten of them
        (None, range(102, 131, 2), range(101, 131)),  # here and there
        (110, range(105, 131), range(101, 116)),  # one that was refused before neither counts nor interrupts the count
    ],
)
def test_ten_single_extracts_that_are_refused_in_succession_stop_the_datastream(begin_refusing, before, refused, tried):
    scene = begin_refusing(30, refused)
    if before:
        scene.send(on_refused="skip", created_from=created(before - 100), created_to=created(before - 100))
    scene.forget()
    result = scene.send_and_fail(batch_size=1)
    assert scene.sent() == [[each] for each in tried]
    assert result["refused_extract_ids"] == [each for each in tried if each in refused]
    assert result["remaining_extract_ids"] == [each for each in range(101, 131) if each not in tried]
    assert ("Adverity refused 10 extracts in succession" in result["msg"]) is bool(result["remaining_extract_ids"])


def test_lost_response_while_a_refusal_is_narrowed_down_leaves_its_extract_unknown(begin_refusing):
    scene = begin_refusing(4)
    scene.respond(404, 404, 404, "lost")
    result = scene.send_and_fail()
    assert ids_of(result) == {"refused": [101], "unknown": [102], "remaining": [103, 104]}
    assert scene.by_status() == {"refused": [101], "unknown": [102], "pending": [103, 104]}
    assert "each of" not in result["msg"]
    assert "got no response" in result["msg"]


def test_refused_extract_is_sent_alone_by_the_next_run(begin_refusing):
    scene = begin_refusing(5, {103})
    scene.send_and_fail()
    assert scene.histories()[12].completed_window is None
    scene.add_extract(190, "2025-06-01T00:02:30Z")
    scene.add_extract(200, created(9))
    scene.forget()
    result = scene.send_and_fail(backfill="when_needed")
    assert scene.sent() == [[190], [103], [200]]
    assert ids_of(result) == {"requeued": [190, 200], "skipped": [101, 102, 104, 105], "refused": [103]}
    scene.service.world.refused.clear()
    assert ids_of(scene.send()) == {"requeued": [103], "skipped": [101, 102, 190, 104, 105, 200]}


def test_refused_extract_that_is_left_out_is_left_out_by_later_runs(begin_refusing):
    scene = begin_refusing(5, {103})
    scene.send(on_refused="skip")
    assert scene.histories()[12].completed_window == (None, None)
    scene.forget()
    for backfill in ("always", "when_needed"):
        result = scene.send(on_refused="skip", backfill=backfill)
        assert (result["changed"], scene.posts()) == (False, [])
        assert result["warnings"] == ["Adverity refused these extracts before, and they are left out: extracts 103 for binding 12."]
    assert ids_of(scene.send(state="planned")) == {}
    assert scene.send_and_fail(backfill="when_needed")["refused_extract_ids"] == [103]


def test_refusal_is_narrowed_down_to_a_binding_and_then_to_an_extract(begin_refusing):
    scene = begin_refusing(3, {102})
    scene.add_binding(15)
    result = scene.send_and_fail()
    assert [(body["binding_ids"], body["extract_ids"]) for body in scene.posts()] == [
        ([12, 15], [101, 102, 103]), ([12], [101, 102, 103]), ([12], [101, 102]), ([12], [101]), ([12], [102]), ([12], [103]),
        ([15], [101, 102, 103]), ([15], [101, 102]), ([15], [101]), ([15], [102]), ([15], [103]),
    ]  # fmt: skip
    assert [(row["binding_id"], row["requeued"], row["refused"]) for row in result["summary"]] == [(12, 2, 1), (15, 2, 1)]
