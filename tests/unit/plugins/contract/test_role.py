# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role deploy_destination: what is written in which order, what check mode tells before, what is left open, and the run after it. Its lines: messages."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import BINDINGS, REQUEUE
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    World,
    moment,
    setting,
    uuid,
    uuids,
)

LIST, SMART = "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
TEN = {"time": "10:00:00"}
WEEKLY = {"is_active": True, "frequency": "weekly"}
BOTH = uuids([456, 457])


def history(extracts=3, **fields):
    return World().datastream(456, extracts=extracts, **fields).binding(123, 456)


def writes(scene):
    """What was written, in order: method, path, what it names, and the body; of a requeue how many extracts it sends."""
    rows = scene.writes()
    named = [[value for name, value in row["query"] if name == "datastream_id"] for row in rows]
    bodies = [len(row["body"]["extract_ids"]) if row["path"] == REQUEUE else row["body"] for row in rows]
    return [(row["method"], row["path"], ids, body) for row, ids, body in zip(rows, named, bodies)]


# --- the order ---


def two(**fields):
    """Two datastreams with a history for destination 789, and one of another destination."""
    world = history(60, **fields).datastream(457, extracts=2, **fields).binding(124, 457)
    return world.datastream(458, extracts=1, **fields).binding(125, 458, target=790)


SENDING = [
    ("PATCH", f"{BINDINGS}123/", [], {"enabled": True}), ("PATCH", f"{BINDINGS}124/", [], {"enabled": True}),
    ("POST", REQUEUE, [], 50), ("POST", REQUEUE, [], 10), ("POST", REQUEUE, [], 2),
]  # fmt: skip
PUT = ("PUT", SMART, BOTH, {**WEEKLY, "deadline": TEN})


def test_settings_then_mode_then_sending_and_datastreams_are_enabled_last(begin):
    scene = begin(two(enabled=False, smart=setting(deadline=TEN), active_mode="schedule"), smart_coupling="independent")
    before = scene.datastreams()
    wanted = {"target_id": 789, "datastream_uuids": BOTH, "datastream_enabled": True, "pulling_mode": "smart", "smart_pulling": WEEKLY}
    with scene.no_write():
        planned = scene.deploy(True, **wanted)
    done = scene.deploy(**wanted)
    mode = ("PATCH", LIST, BOTH, {"pulling": {"active_mode": "smart"}})
    assert writes(scene) == [PUT, mode, *SENDING, ("PATCH", LIST, BOTH, {"enabled": True})]
    assert scene.changed_fields(before) == {key: {"enabled": True, "smart": setting(True, "weekly", deadline=TEN), "active_mode": "smart"} for key in BOTH}
    assert done.data == {**planned.data, "check_mode": False}
    assert done.data["written_datastream_ids"] == {"smart_pulling": BOTH, "pulling_mode": BOTH, "enabled": BOTH}
    scene.forget()
    scene.deploy(**wanted)
    assert scene.writes() == []
    assert not [name for name, row in scene.results if row.get("changed")]
    # Where only the datastreams differ, there is something to do.
    assert scene.deploy(**{**wanted, "datastream_enabled": False}).lines[-1].endswith(" - disabled now")


def test_datastreams_are_disabled_first_and_a_mode_that_moved_by_itself_is_not_written(begin):
    scene = begin(two(enabled=True, smart=setting(False, deadline=TEN), active_mode="schedule"), smart_coupling="coupled")
    wanted = {  # as it comes from a survey, where all is text
        "target_id": "789", "datastream_uuids": ",".join(BOTH), "datastream_enabled": "no", "pulling_mode": "smart",
        "smart_pulling": {"is_active": "true", "frequency": "weekly"},
    }  # fmt: skip
    scene.deploy(**wanted)
    assert writes(scene) == [PUT, ("PATCH", LIST, BOTH, {"enabled": False}), *SENDING]
    scene.forget()
    scene.deploy(**wanted)
    assert scene.writes() == []


def test_only_what_is_asked_for_is_written_and_disabling_sends_nothing(begin):
    scene = begin(two(enabled=False))
    scene.deploy(target_id=789, datastream_ids=[457], datastream_uuids=[uuid(457)], datastream_enabled=True, backfill="never")
    assert writes(scene) == [SENDING[1], ("PATCH", LIST, [uuid(457)], {"enabled": True})]
    scene.forget()
    assert scene.deploy(target_id=789, enabled=False).data["written_binding_ids"] == [124]
    assert writes(scene) == [("PATCH", f"{BINDINGS}124/", [], {"enabled": False})]


def test_refusal_of_the_service_stops_the_deployment_before_anything_is_sent(begin):
    world = history(enabled=False, smart=setting(False)).datastream(457, extracts=3, enabled=False, has_schedule=False, active_mode="smart")
    scene = begin(world.binding(124, 457))
    before = scene.state()
    wanted = {"target_id": 789, "datastream_uuids": BOTH, "datastream_enabled": True, "pulling_mode": "schedule"}
    assert f"Datastreams without a fetch schedule: {uuid(457)}" in scene.role_failure(**wanted)["msg"]
    assert (len(scene.writes()), scene.state()) == (1, before)  # the one that was refused
    scene.service.world.datastreams[457]["has_schedule"] = True
    scene.deploy(**wanted)
    assert scene.enabled() == [123, 124]
    assert {(row["active_mode"], row["enabled"]) for row in scene.datastreams().values()} == {("schedule", True)}
    assert (scene.loads(123), scene.loads(124)) == (world.aged(456), world.aged(457))


# --- what each binding gets ---


def test_each_binding_of_a_destination_gets_what_it_needs(begin):
    world = history(60).datastream(457, extracts=3).binding(124, 457)
    world.datastream(458, extracts=5).binding(125, 458, enabled=True, updated=moment(days=2.5))
    world.datastream(459, extracts=4).binding(126, 459).binding(127, 459)
    world.datastream(460).binding(128, 460).datastream(461, extracts=2).binding(129, 461, target=790)
    scene = begin(world)
    aged = {number: world.aged(number) for number in (456, 457, 458, 459)}
    first = scene.deploy(target_id=789)
    (warning,) = {text for _name, row in scene.results for text in row["warnings"]}
    assert "binding 125" in warning
    assert "backfill: always" in warning
    assert [one for one, _body in scene.patches()] == [123, 124, 126, 127, 128]
    assert scene.enabled() == [123, 124, 125, 126, 127, 128]
    # Datastream by datastream; the one that is bound twice is sent to both bindings with one request.
    sent = [([123], aged[456][:50]), ([123], aged[456][50:]), ([124], aged[457]), ([126, 127], aged[459])]
    assert [(body["binding_ids"], body["extract_ids"]) for body in scene.posts()] == sent
    assert {row["binding_id"]: row["backfill"] for row in first.data["bindings"]} == {
        **dict.fromkeys((123, 124, 126, 127, 128), "backfill"), 125: "left_alone",
    }  # fmt: skip
    counts = dict.fromkeys(("skipped", "recorded", "settled", "loaded_by_itself", "unknown", "refused", "failed", "remaining"), 0)
    row = {"binding_id": 123, "datastream_id": 456, "name": None, "written": True, "backfill": "backfill", "requeued": 60, **counts}
    assert first.data["bindings"][0] == row
    scene.forget()
    second = scene.deploy(target_id=789)
    assert [row["path"] for row in scene.requests()] == [BINDINGS]
    assert second.lines[0].endswith(" - nothing was done, see the warnings")
    assert {row["binding_id"]: row["backfill"] for row in second.data["bindings"]} == {
        **dict.fromkeys((123, 124, 126, 127, 128), "done"), 125: "left_alone",
    }  # fmt: skip
    # A run that only looked changes nothing of what is sent: asked to, the one that was left alone gets all of its history, the others nothing twice.
    scene.deploy(target_id=789, backfill="always")
    assert [(body["binding_ids"], body["extract_ids"]) for body in scene.posts()] == [([125], aged[458])]
    assert [scene.loads(binding) for binding in (123, 124, 126, 127, 125, 129)] == [aged[456], aged[457], aged[459], aged[459], aged[458], []]


@pytest.mark.parametrize("shown", ["hidden", "listed"])
def test_binding_that_is_not_available_is_an_error_and_others_are_served(begin, shown):
    world = history().datastream(457, extracts=2).binding(124, 457, available=False)
    scene = begin(world, unavailable_bindings=shown)
    assert "124" in scene.run("binding", binding_ids=[124], enabled=True)["msg"]
    assert scene.role_failure(target_id=789, datastream_ids=[457])
    scene.deploy(target_id=789, datastream_ids=[456])
    assert (scene.enabled(), scene.loads(124), scene.loads(123)) == ([123], [], scene.world.aged(456))
