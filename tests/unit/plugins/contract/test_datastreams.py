# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datastreams and smart schedules: what the lists find, and which requests a change sends. Check mode and a second run are looked at with each change."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    WORKSPACE,
    World,
    chunks,
    label,
    many_datastreams,
    setting,
    uuid,
    uuids,
)

COUNT = 230
EMEA, DACH, AMERICAS = (f"a0000000-0000-4000-8000-00000000000{number}" for number in (2, 3, 4))
PLACES = (WORKSPACE, EMEA, DACH, AMERICAS)  # DACH is below EMEA; EMEA and AMERICAS are below WORKSPACE
MODES = ["smart", "schedule", "smart-bundle", None, "smart", "schedule", "smart"]
DAYS, WEEKS = {"value": 7, "unit": "day"}, {"value": 2, "unit": "week"}
HALF_PAST_SIX, TEN = {"time": "06:30:00"}, {"time": "10:00:00"}


def streams(enabled=None, mode="any", places=PLACES):
    """The UUIDs of the datastreams of `company` for which these hold, in the service's order."""
    return [
        uuid(number)
        for number in range(1, COUNT + 1)
        if enabled in (None, number % 3 != 0) and mode in ("any", MODES[number % 7]) and PLACES[number % 4] in places
    ]


def company():
    """230 datastreams, a third of them disabled, in all modes, over four workspaces."""
    world = World()
    world.data["workspaces"] += [
        {"id": place, "name": name, "parent": parent}
        for place, name, parent in ((EMEA, "EMEA", WORKSPACE), (DACH, "DACH", EMEA), (AMERICAS, "Americas", WORKSPACE))
    ]
    for number in range(1, COUNT + 1):
        world.datastream(number, enabled=number % 3 != 0, workspace=PLACES[number % 4], active_mode=MODES[number % 7])
    return world


def ids(result):
    return [row["id"] for row in result["datastreams"]]


# --- lists ---

# What is asked for, what of it goes to the service, and what must be found.
FILTERS = {
    "two workspaces": (
        {"workspace_ids": [AMERICAS.upper(), EMEA, AMERICAS]}, {("workspace_id", AMERICAS), ("workspace_id", EMEA)}, streams(places=[EMEA, AMERICAS]),
    ),
    "family": (
        {"workspace_ids": [EMEA], "workspace_scope": "family"},
        {("workspace_id", EMEA), ("workspace_scope", "family")}, streams(places=[WORKSPACE, EMEA, DACH]),
    ),
    "state and mode": (
        {"enabled": True, "active_pulling_mode": "schedule"},
        {("enabled", "true"), ("active_pulling_mode", "schedule")}, streams(enabled=True, mode="schedule"),
    ),
    "all of them": (
        {"workspace_ids": [EMEA], "workspace_scope": "descendants", "enabled": True, "active_pulling_mode": "smart"},
        {("workspace_id", EMEA), ("workspace_scope", "descendants"), ("enabled", "true"), ("active_pulling_mode", "smart")},
        streams(enabled=True, mode="smart", places=[EMEA, DACH]),
    ),
}  # fmt: skip
NAMED = uuids([200, 3, 77, 12, 2, 1, 150])  # in their order, with filters those for which both hold


@pytest.mark.parametrize("name", FILTERS)
def test_filter_goes_to_the_service_and_chooses_for_lists_and_changes(begin, name):
    given, sent, found = FILTERS[name]
    scene = begin(company())
    listed = scene.run("datastream_info", **given)
    assert (ids(listed), listed["count"], listed["changed"]) == (found, len(found), False)
    chosen = scene.run("datastream", True, filters=given, enabled=True)
    assert ids(chosen) == found
    assert chosen["affected"]["datastream_ids"] == [one for one in found if one in streams(enabled=False)]
    for row in scene.requests():
        assert {(key, value) for key, value in row["query"] if key != "page"} == sent
    both = [one for one in NAMED if one in found]
    assert ids(scene.run("datastream_info", datastream_ids=NAMED, **given)) == both
    assert ids(scene.run("datastream", True, datastream_ids=NAMED, filters=given, enabled=True)) == both


@pytest.mark.parametrize("unknown", ["skip", "error"])
def test_ids_are_asked_for_fifty_at_a_time_and_come_in_the_order_given(begin, unknown):
    scene = begin(company(), unknown_datastream=unknown)
    asked = uuids(number * 37 % COUNT + 1 for number in range(120))
    spelled = [one.replace("-", "") if place % 2 else one.upper() for place, one in enumerate(asked)]
    assert ids(scene.run("datastream_info", datastream_ids=[*spelled, asked[7]])) == asked
    named = [[value for name, value in row["query"] if name == "datastream_id"] for row in scene.requests()]
    assert named == [asked[:50], asked[50:100], asked[100:]]
    assert [row["datastream_id"] for row in scene.run("smart_pulling_info", datastream_ids=asked)["smart_pulling"]] == asked
    scene.forget()
    assert ids(scene.run("datastream_info", datastream_ids=[*asked[:60], uuid(9999), *asked[60:]])) == asked
    assert len(scene.requests()) <= {"skip": 3, "error": 20}[unknown]


# --- changes ---

TO_SMART = {"pulling": {"active_mode": "smart"}}
INDEPENDENT = {"smart_coupling": "independent"}
# The datastreams, in turn; the switches; the module and its options for all of them; the bodies in order, each with the places in turn of whom it is for; and
# the fields of each before and after, as the diff shows them.
CHANGES = {
    "disable": (
        [{"enabled": True}, {"enabled": False}], {}, "datastream", {"enabled": False},
        [({"enabled": False}, [0])], {0: ({"enabled": True}, {"enabled": False})},
    ),
    # A datastream changes its mode while it is disabled.
    "mode and on": (
        [{"enabled": False, "active_mode": "schedule"}, {"enabled": True, "active_mode": "smart"}], INDEPENDENT, "datastream",
        {"enabled": True, "pulling_mode": "smart"}, [(TO_SMART, [0]), ({"enabled": True}, [0])],
        {0: ({"enabled": False, "active_mode": "schedule"}, {"enabled": True, "active_mode": "smart"})},
    ),
    "mode and off": (
        [{"enabled": True, "active_mode": "schedule"}, {"enabled": False, "active_mode": "smart"}], INDEPENDENT, "datastream",
        {"enabled": False, "pulling_mode": "smart"}, [({"enabled": False}, [0]), (TO_SMART, [0])],
        {0: ({"enabled": True, "active_mode": "schedule"}, {"enabled": False, "active_mode": "smart"})},
    ),
    "one setting for nothing and something else": (
        [{"smart": None}, {"smart": setting(False, "monthly", WEEKS, TEN)}], {"smart_null": "refuse"}, "smart_pulling",
        {"is_active": True, "frequency": "weekly", "refresh_range": DAYS, "deadline": "06:30"},
        [(setting(True, "weekly", DAYS, HALF_PAST_SIX), [0, 1])],
        {
            0: (dict.fromkeys(setting()), setting(True, "weekly", DAYS, HALF_PAST_SIX)),
            1: (setting(False, "monthly", WEEKS, TEN), setting(True, "weekly", DAYS, HALF_PAST_SIX)),
        },
    ),
    "back to defaults": (
        [{"smart": setting(True, "weekly", WEEKS, TEN)}, {"smart": setting(False, "daily", WEEKS)}, {"smart": setting()}],
        {"smart_null": "refuse"}, "smart_pulling", {"reset": ["refresh_range", "deadline"]},
        [({"is_active": True, "frequency": "weekly"}, [0]), ({"is_active": False, "frequency": "daily"}, [1])],
        {
            0: ({"refresh_range": WEEKS, "deadline": TEN}, {"refresh_range": None, "deadline": None}),
            1: ({"refresh_range": WEEKS}, {"refresh_range": None}),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_change_is_sent_to_those_that_differ_fifty_at_a_time_and_changes_nothing_else(begin, name):
    kinds, switches, module, options, bodies, fields = CHANGES[name]
    scene = begin(many_datastreams(130, *kinds), **switches)
    before = scene.datastreams()
    members = {place: list(range(place + 1, 131, len(kinds))) for place in range(len(kinds))}
    _predicted, done, again = scene.rehearse(module, all_datastreams=True, **options)
    method = {"datastream": "PATCH", "smart_pulling": "PUT"}[module]
    sent = [(body, uuids(sorted(number for place in places for number in members[place]))) for body, places in bodies]
    assert scene.datastream_changes() == [(method, part, body) for body, whole in sent for part in chunks(whole)]
    due = sorted((number, place) for place in fields for number in members[place])
    assert done["affected"]["datastream_ids"] == uuids(number for number, _place in due)
    assert done["diff"] == {
        side: {label(number): fields[place][which] for number, place in due} for which, side in enumerate(("before", "after"))
    }
    assert ids(done) == ids(again) == uuids(range(1, 131))
    after = {uuid(number): fields[place][1] for number, place in due}
    smart = module == "smart_pulling"
    now = {one: row["smart"] if smart else row for one, row in scene.changed_fields(before).items()}
    shown = {one: {name: value for name, value in row.items() if name in after[one]} for one, row in now.items()}
    assert shown == after


@pytest.mark.parametrize("switches", [{"smart_defaults": "null"}, {"smart_defaults": "value"}, {"smart_null": "refuse"}], ids=str)
def test_setting_that_is_not_named_stays_and_one_that_is_reset_reads_as_never_set(begin, switches):
    two_months = setting(refresh_range={"value": 2, "unit": "month"}, deadline={"time": "06:30:00"})
    world, both = World().datastream(1, smart=setting()).datastream(2, smart=two_months), uuids([1, 2])
    scene = begin(world, **switches)

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
