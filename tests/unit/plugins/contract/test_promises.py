# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What takes several steps, whatever the service does where its documents are silent: a promise, under all values of a switch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    NOW,
    World,
    many_datastreams,
    setting,
    uuids,
)
from ansible_collections.adverity.management.tests.unit.plugins import in_process

SWITCHES = in_process.import_simulator().SWITCHES


def whatever(*switches):
    """Gives a test each value of each of these switches, as ``switch``: its name, and the value."""
    pairs = [(switch, value) for switch in switches for value in SWITCHES[switch][0]]
    return pytest.mark.parametrize("switch", pairs, ids=lambda pair: f"{pair[0]}={pair[1]}")


@pytest.fixture(name="start")
def fixture_start(begin, switch):
    """Opens a scene with the switch."""
    return lambda world: begin(world, **dict([switch]))


def ids(rows):
    return [row["id"] for row in rows]


@whatever("unavailable_bindings")
def test_binding_that_is_not_available_is_an_error_and_others_are_served(start):
    scene = start(World().datastream(456, extracts=7).binding(123, 456).datastream(457, extracts=2).binding(124, 457, available=False))
    assert "124" in scene.run("binding", binding_ids=[124], enabled=True)["msg"]
    assert scene.role_failure(target_id=789, datastream_ids=[457])
    scene.deploy(target_id=789, datastream_ids=[456])
    assert (scene.enabled(), scene.loads(124), scene.loads(123)) == ([123], [], scene.world.aged(456))


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


FROM, TO = NOW - timedelta(days=30), NOW - timedelta(days=20)


def at(base, seconds=0):
    """The moment so many seconds after another, as the service writes it."""
    return (base + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@whatever("extract_bounds", "extract_bounds_format")
def test_both_bounds_are_included_or_there_is_an_error(start, switch):
    world = World().datastream(456).binding(123, 456, enabled=True)
    for number, created in enumerate([at(FROM, -1), at(FROM), at(FROM, 1), at(TO, -1), at(TO), at(TO, 1)], 1):
        world.extract(number, 456, created)
    scene = start(world)
    bounds = {"datastream_id": 456, "created_from": at(FROM), "created_to": at(TO)}
    listed, sent = scene.run("extract_info", **bounds), scene.run("requeue", **bounds, target_id=789)
    if switch[1] == "date":
        assert (listed["failed"], sent["failed"], scene.loads(123)) == (True, True, [])
        assert "created_from" in listed["msg"]
        return
    assert ids(listed["extracts"]) == scene.loads(123) == [2, 3, 4, 5]
    assert scene.run("requeue", **bounds, target_id=789)["changed"] is False


@whatever("unknown_settings", "target_options")
def test_unknown_setting_does_not_pass_unnoticed(start, switch):
    scene = start(World())
    wrong = scene.run("destination", type="file", workspace="Acme", name="Exports", settings={"colour": "red"})
    assert (wrong["failed"], scene.service.world.targets) == (True, {})
    assert "colour" in wrong["msg"]
    # What OPTIONS tells is enough to refuse it here; without that the service does.
    assert [row["status"] for row in scene.requests("POST")] == ([400] if switch[1] in ("bare", "refused") else [])
