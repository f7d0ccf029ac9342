# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What takes several steps, whatever the service does where its documents are silent: a promise, under all values of a switch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    NOW,
    READ_ONLY_KEY,
    World,
    many_datastreams,
    setting,
    uuid,
    uuids,
)
from ansible_collections.adverity.management.tests.unit.plugins import in_process

SWITCHES = in_process.import_simulator().SWITCHES
NUMBERS = {"extract_page_size": [2, 100]}
HISTORY = {"datastream_id": 456, "target_id": 789}


def whatever(*switches):
    """Gives a test each value of each of these switches, as ``switch``: its name, and the value."""
    pairs = [(switch, value) for switch in switches for value in NUMBERS.get(switch) or SWITCHES[switch][0]]
    return pytest.mark.parametrize("switch", pairs, ids=lambda pair: f"{pair[0]}={pair[1]}")


@pytest.fixture(name="start")
def fixture_start(begin, switch):
    """Opens a scene with the switch."""
    return lambda world: begin(world, **dict([switch]))


def history(extracts=7, enabled=False):
    """A datastream with history, and one binding of it."""
    return World().datastream(456, extracts=extracts).binding(123, 456, enabled=enabled)


def ids(rows):
    return [row["id"] for row in rows]


# --- bindings ---


@whatever("unavailable_bindings")
def test_binding_that_is_not_available_is_an_error_and_others_are_served(start):
    scene = start(history().datastream(457, extracts=2).binding(124, 457, available=False))
    assert "124" in scene.run("binding", binding_ids=[124], enabled=True)["msg"]
    assert scene.role_failure(target_id=789, datastream_ids=[457])
    scene.deploy(target_id=789, datastream_ids=[456])
    assert (scene.enabled(), scene.loads(124), scene.loads(123)) == ([123], [], scene.world.aged(456))


# --- datastreams and settings ---


@whatever("datastream_paging", "get_datastream_cap")
def test_list_is_whole_or_an_error(start, switch):
    scene, everyone = start(many_datastreams(120, {"enabled": False})), uuids(range(1, 121))
    whole = scene.run("datastream_info")
    if switch[1] == "ignored":
        assert whole["failed"] is True
        assert "datastreams" not in whole
        assert "datastream_ids" in whole["msg"]
        assert scene.run("smart_pulling_info")["failed"] is True
        with scene.no_write():
            assert scene.run("datastream", all_datastreams=True, enabled=True)["failed"] is True
            assert scene.run("smart_pulling", filters={"enabled": False}, is_active=True, frequency="weekly")["failed"] is True
    else:
        assert ids(whole["datastreams"]) == everyone
    assert ids(scene.run("datastream_info", datastream_ids=everyone)["datastreams"]) == everyone
    _predicted, done, _again = scene.rehearse("datastream", datastream_ids=everyone, enabled=True)
    assert done["affected"] == {"datastream_ids": everyone}
    assert len(scene.writes()) == 3


@whatever("unknown_datastream")
@pytest.mark.parametrize("rest", [[], [1, 2]])
def test_datastream_that_is_not_there_is_an_error_before_anything_is_written(start, rest):
    scene, named = start(many_datastreams(2, {"enabled": False, "smart": setting()})), uuids([*rest[:1], 999, *rest[1:]])
    with scene.no_write():
        results = [
            scene.run("datastream", datastream_ids=named, enabled=True),
            scene.run("datastream", datastream_ids=named, enabled=True, filters={"enabled": True}),
            scene.run("smart_pulling", datastream_ids=named, frequency="weekly"),
        ]
    for result in results:
        assert (result["failed"], result["unknown_ids"]) == (True, [uuid(999)])
        assert uuid(999) in result["msg"]
        assert uuid(1) not in result["msg"]
    assert ids(scene.run("datastream_info", datastream_ids=named)["datastreams"]) == uuids(rest)


@whatever("smart_defaults", "smart_null")
def test_setting_that_is_not_named_stays_and_one_that_is_reset_reads_as_never_set(start):
    two_months = setting(refresh_range={"value": 2, "unit": "month"}, deadline={"time": "06:30:00"})
    scene, both = start(World().datastream(1, smart=setting()).datastream(2, smart=two_months)), uuids([1, 2])

    def read():
        return [[row[name] for name in ("is_active", "frequency", "refresh_range", "deadline")] for row in scene.run("smart_pulling_info")["smart_pulling"]]

    before = read()
    assert scene.rehearse("smart_pulling", datastream_ids=both, frequency="weekly")[1]["affected"]["datastream_ids"] == both
    between = read()
    assert between == [[active, "weekly", *rest] for active, _frequency, *rest in before]
    # A range that shows may be the default or not: only the response tells whether resetting it was a change.
    assert scene.run("smart_pulling", datastream_ids=[both[1]], reset=["refresh_range", "deadline"])["affected"]["datastream_ids"] == [both[1]]
    assert scene.run("smart_pulling", datastream_ids=[both[1]], reset=["refresh_range", "deadline"])["changed"] is False
    assert read() == [between[0]] * 2
    assert not [row for row in scene.writes() if None in row["body"].values()], "a null was sent"


# --- extracts ---

FROM, TO = NOW - timedelta(days=30), NOW - timedelta(days=20)


def at(base, seconds=0):
    """The moment so many seconds after another, as the service writes it."""
    return (base + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def on_the_border():
    """Extracts 2 and 5 were created at the bounds, the others a second before or after them."""
    world = World().datastream(456).binding(123, 456, enabled=True)
    for number, created in enumerate([at(FROM, -1), at(FROM), at(FROM, 1), at(TO, -1), at(TO), at(TO, 1)], 1):
        world.extract(number, 456, created)
    return world


@whatever("extract_bounds", "extract_bounds_format")
def test_both_bounds_are_included_or_there_is_an_error(start, switch):
    scene = start(on_the_border())
    bounds = {"datastream_id": 456, "created_from": at(FROM), "created_to": at(TO)}
    listed, sent = scene.run("extract_info", **bounds), scene.run("requeue", **bounds, target_id=789)
    if switch[1] == "date":
        assert (listed["failed"], sent["failed"], scene.loads(123)) == (True, True, [])
        assert "created_from" in listed["msg"]
        return
    assert ids(listed["extracts"]) == scene.loads(123) == [2, 3, 4, 5]
    assert scene.run("requeue", **bounds, target_id=789)["changed"] is False


# --- what is sent ---


@whatever("requeue_refusal")
def test_extract_that_is_not_there_is_named_and_others_are_sent(start, switch):
    scene = start(history(enabled=True))
    aged = scene.world.aged(456)
    wrong = scene.run("requeue", extract_ids=[*aged, 999])
    assert (wrong["failed"], wrong["refused_extract_ids"], wrong["unknown_extract_ids"]) == (True, [999], [])
    assert "999" in wrong["msg"]
    counts = scene.run("requeue_info", extract_ids=[*aged, 999])["counts"]
    assert counts == {"pending": 0, "dispatched": 7, "recorded": 0, "unknown": 0, "refused": 1, "failed": 0}
    assert scene.run("requeue", extract_ids=aged)["changed"] is False
    assert sorted(scene.loads(123)) == sorted(aged)
    assert len(scene.posts()) <= 1 + 2 * 6
    assert {row["status"] for row in scene.requests("POST")} == {200, switch[1]}


# --- what became of it ---

@pytest.fixture(name="sent")
def fixture_sent(start):
    """A scene in which a history was sent into loads that take a minute, and the newest two fail."""
    scene = start(history(enabled=True))
    newest = [{"extract_id": extract_id} for extract_id in scene.world.aged(456)[-2:]]
    switches = scene.service.switches
    if switches["load_job_type"] == "Load" or switches["load_job_datastream"] == "absent":
        switches["load_jobs"] = "request"
    scene.service.change({"fetch": {"datastream_id": 456}}, {"clock": {"forward": 60}})  # so that what was fetched has been loaded
    scene.service.change({"loading": {"load_seconds": 60}}, {"fail": newest})
    scene.run("requeue", **HISTORY, created_to=at(NOW, -1))
    return scene


@whatever("load_jobs", "load_job_type", "load_job_datastream", "job_bounds")
def test_jobs_are_listed_and_waited_for(sent):
    every = {"datastream_id": 456, "start": sent.service.world.jobs[1]["scheduled"]}
    listed = sent.run("job_info", **every)
    waited = sent.run("job_info", **every, wait=1, poll_interval=1)
    assert listed["count"] == len(sent.service.world.jobs)
    assert {row["datastream_id"] for row in listed["jobs"]} == {456}
    assert len(waited["unfinished"]) == listed["count"] - 1
    assert sent.waits == [1] * bool(waited["unfinished"])
    assert sent.run("job_info", **every, wait=300, poll_interval=30)["unfinished"] == []


@whatever("issue_extract", "issue_tags", "load_stage_label", "acknowledged_issues")
def test_issues_of_loads_are_listed_with_their_stage(sent):
    sent.pass_time(90)
    rows = sent.run("issue_info", datastream_id=456, stages=["import", "load"])["issues"]
    assert [row["type_label"] for row in rows] == ["Error", "Error"]
    assert sent.run("issue_info", stages=["Fetch"])["count"] == 0


# --- errors ---


@whatever("error_bodies")
def test_error_is_one_line_with_the_words_of_the_service(start):
    scene = start(World().datastream(1, has_schedule=False).binding(123, 1))
    forbidden = scene.run("binding", binding_ids=[123], enabled=True, api_key=READ_ONLY_KEY)["msg"]
    refused = scene.run("datastream", datastream_ids=uuids([1]), pulling_mode="schedule")["msg"]
    assert "PATCH /api/v1/bindings/123/ returned 403: Forbidden." in forbidden
    assert "destination:write" in forbidden
    assert "400: Datastreams without a fetch schedule" in refused
    for message in (forbidden, refused):
        assert "\n" not in message
        assert "{" not in message.split("Requested:", 1)[0]
    assert scene.enabled() == []


# --- settings of destinations ---


@whatever("unknown_settings", "target_options")
def test_unknown_setting_does_not_pass_unnoticed(start, switch):
    scene = start(World())
    wrong = scene.run("destination", type="file", workspace="Acme", name="Exports", settings={"colour": "red"})
    assert (wrong["failed"], scene.service.world.targets) == (True, {})
    assert "colour" in wrong["msg"]
    # What OPTIONS tells is enough to refuse it here; without that the service does.
    assert [row["status"] for row in scene.requests("POST")] == ([400] if switch[1] in ("bare", "refused") else [])
