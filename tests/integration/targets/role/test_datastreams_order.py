# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment that prepares the datastreams too: what is written in which order, what check mode says of it, and the run after it."""

from __future__ import annotations

from adverity_harness.crowds import altered, setting, snapshot, uuid, uuids
from adverity_harness.scenes import BINDINGS, REQUEUE
from adverity_harness.worlds import World

LIST, SMART = "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
TEN = {"time": "10:00:00"}
WEEKLY = {"is_active": True, "frequency": "weekly"}


def world(**fields):
    """Two datastreams that shall load into destination 789, with a history, and one that is nobody's business."""
    result = World().datastream(456, extracts=60, **fields).binding(123, 456).datastream(457, extracts=2, **fields).binding(124, 457)
    return result.datastream(458, extracts=1, **fields).binding(125, 458, target=790)


def writes(scene):
    """What was written, in order: method, path, what it names, and the body; of a requeue how many extracts it loads."""
    told = []
    for row in scene.writes():
        named = [value for name, value in row["query"] if name == "datastream_id"]
        told.append((row["method"], row["path"], named, len(row["body"]["extract_ids"]) if row["path"] == REQUEUE else row["body"]))
    return told


def actions(run):
    """What each task that changes things returned about it, without what differs by nature in check mode."""
    names = ("adverity_smart_pulling", "adverity_datastream", "adverity_binding")
    told = [(name, result["changed"], result["affected"], result["diff"]) for name in names for result in run.of(name)]
    # The first of the role's requeue tasks writes the plan, the second sends.
    return told, run.of("adverity_requeue")[-1]["requeued_extract_ids"]


def summary(run):
    """What the last tasks told: the lines about datastreams as a whole, and the data about them."""
    lines = [line for line in run.of("Show the summary")[0]["msg"] if "by UUID" in line or "nothing" in line]
    return lines, run.custom["deploy_destination"]["written_datastream_ids"]


BOTH = uuids([456, 457])
LOADING = [
    ("PATCH", f"{BINDINGS}123/", [], {"enabled": True}),
    ("PATCH", f"{BINDINGS}124/", [], {"enabled": True}),
    ("POST", REQUEUE, [], 50),
    ("POST", REQUEUE, [], 10),
    ("POST", REQUEUE, [], 2),
]
PUT = ("PUT", SMART, BOTH, {**WEEKLY, "deadline": TEN})
MODE = ("PATCH", LIST, BOTH, {"pulling": {"active_mode": "smart"}})


def test_settings_then_mode_then_the_loading_and_switching_on_last(begin):
    scene = begin(world(enabled=False, smart=setting(deadline=TEN), active_mode="schedule"), switches={"smart_coupling": "independent"})
    before = snapshot(scene)
    wanted = dict(target_id=789, datastream_uuids=BOTH, datastream_enabled=True, pulling_mode="smart", smart_pulling=WEEKLY)

    planned = scene.deploy(**wanted, check=True, diff=True)
    assert scene.writes() == []
    assert snapshot(scene) == before
    assert not scene.ledger.parent.exists()

    done = scene.deploy(**wanted, diff=True)
    assert writes(scene) == [PUT, MODE, *LOADING, ("PATCH", LIST, BOTH, {"enabled": True})]
    shall = {"enabled": True, "smart": setting(True, "weekly", deadline=TEN), "active_mode": "smart"}
    assert altered(scene, before) == dict.fromkeys(BOTH, shall)

    assert actions(planned) == actions(done)
    assert planned.changed == done.changed
    written = {"smart_pulling": BOTH, "pulling_mode": BOTH, "enabled": BOTH}
    words = "2 datastreams by UUID - "
    nothing = "Check mode, nothing was written. A real run would"
    assert summary(planned) == ([nothing, words + "set the smart schedule", words + "set the pulling mode", words + "enable"], written)
    assert summary(done) == ([words + "smart schedule set now", words + "pulling mode set now", words + "enabled now"], written)

    scene.forget()
    again = scene.deploy(**wanted)
    assert scene.writes() == []
    assert again.changed == 0
    assert summary(again) == (["Destination 789, Destination no. 789 - nothing to do"], {name: [] for name in written})
    # Where only they differ, there was something to do.
    assert summary(scene.deploy(**dict(wanted, datastream_enabled=False), check=True))[0] == [nothing, words + "disable"]
    assert summary(scene.deploy(**dict(wanted, datastream_enabled=False)))[0] == [words + "disabled now"]


def test_switching_off_comes_before_the_loading_and_a_mode_that_moved_by_itself_is_not_written(begin):
    scene = begin(world(enabled=True, smart=setting(False, deadline=TEN), active_mode="schedule"), switches={"smart_coupling": "coupled"})
    before = snapshot(scene)
    wanted = dict(  # as it comes from a survey, where all is text
        target_id="789",
        datastream_uuids=",".join(BOTH),
        datastream_enabled="no",
        pulling_mode="smart",
        smart_pulling={"is_active": "true", "frequency": "weekly"},
    )
    scene.deploy(**wanted)
    assert writes(scene) == [PUT, ("PATCH", LIST, BOTH, {"enabled": False}), *LOADING]
    shall = {"enabled": False, "smart": setting(True, "weekly", deadline=TEN), "active_mode": "smart"}
    assert altered(scene, before) == dict.fromkeys(BOTH, shall)
    scene.forget()
    again = scene.deploy(**wanted)
    assert scene.writes() == []
    assert again.changed == 0


def test_only_what_is_asked_for_is_written(begin):
    scene = begin(world(enabled=False))
    before = snapshot(scene)
    scene.deploy(target_id=789, datastream_ids=[457], datastream_uuids=[uuid(457)], datastream_enabled=True, backfill="never")
    assert writes(scene) == [LOADING[1], ("PATCH", LIST, [uuid(457)], {"enabled": True})]
    assert altered(scene, before) == {uuid(457): {"enabled": True}}
