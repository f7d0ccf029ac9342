# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""230 datastreams: each filter alone and together, many ids in one call, and the three ways in which the list may page."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import uuid, uuids
from adverity_harness.runs import module, refused
from adverity_harness.scenes import open_scene
from adverity_harness.worlds import WORKSPACE, World

COUNT = 230
EMEA, DACH, AMERICAS = (f"a0000000-0000-4000-8000-00000000000{number}" for number in (2, 3, 4))
PLACES = (WORKSPACE, EMEA, DACH, AMERICAS)  # DACH is below EMEA; EMEA and AMERICAS are below WORKSPACE
MODES = ["smart", "schedule", "smart-bundle", None, "smart", "schedule", "smart"]


def streams(enabled=None, mode="any", places=PLACES):
    """The UUIDs of the datastreams of the world below for which these hold, in the service's order: what the filters must find."""
    return [
        uuid(number)
        for number in range(1, COUNT + 1)
        if enabled in (None, number % 3 != 0) and mode in ("any", MODES[number % 7]) and PLACES[number % 4] in places
    ]


def world():
    """230 datastreams, a third of them disabled, in all modes, over four workspaces."""
    result = World()
    result.data["workspaces"] += [
        {"id": EMEA, "name": "EMEA", "parent": WORKSPACE},
        {"id": DACH, "name": "DACH", "parent": EMEA},
        {"id": AMERICAS, "name": "Americas", "parent": WORKSPACE},
    ]
    for number in range(1, COUNT + 1):
        place, mode = PLACES[number % 4], MODES[number % 7]
        result.datastream(number, enabled=number % 3 != 0, workspace=place, active_mode=mode)
    return result


# What is asked for, what of it goes to the service, and what must be found.
FILTERS = {
    "one workspace": (dict(workspace_ids=[DACH]), {("workspace_id", DACH)}, streams(places=[DACH])),
    "two workspaces": (
        dict(workspace_ids=[AMERICAS.upper(), EMEA, AMERICAS]),
        {("workspace_id", AMERICAS), ("workspace_id", EMEA)},
        streams(places=[EMEA, AMERICAS]),
    ),
    "and those above": (
        dict(workspace_ids=[DACH], workspace_scope="ancestors"),
        {("workspace_id", DACH), ("workspace_scope", "ancestors")},
        streams(places=[DACH, EMEA, WORKSPACE]),
    ),
    "and those below": (
        dict(workspace_ids=[EMEA], workspace_scope="descendants"),
        {("workspace_id", EMEA), ("workspace_scope", "descendants")},
        streams(places=[EMEA, DACH]),
    ),
    "and both": (
        dict(workspace_ids=[EMEA], workspace_scope="family"),
        {("workspace_id", EMEA), ("workspace_scope", "family")},
        streams(places=[WORKSPACE, EMEA, DACH]),
    ),
    "enabled": (dict(enabled=True), {("enabled", "true")}, streams(enabled=True)),
    "disabled": (dict(enabled=False), {("enabled", "false")}, streams(enabled=False)),
    "smart": (dict(active_pulling_mode="smart"), {("active_pulling_mode", "smart")}, streams(mode="smart")),
    "smart bundle": (dict(active_pulling_mode="smart-bundle"), {("active_pulling_mode", "smart-bundle")}, streams(mode="smart-bundle")),
    "custom schedule": (dict(active_pulling_mode="schedule"), {("active_pulling_mode", "schedule")}, streams(mode="schedule")),
    "state and mode": (
        dict(enabled=True, active_pulling_mode="schedule"),
        {("enabled", "true"), ("active_pulling_mode", "schedule")},
        streams(enabled=True, mode="schedule"),
    ),
    "workspace and state": (
        dict(workspace_ids=[EMEA], enabled=False),
        {("workspace_id", EMEA), ("enabled", "false")},
        streams(enabled=False, places=[EMEA]),
    ),
    "all of them": (
        dict(workspace_ids=[EMEA], workspace_scope="descendants", enabled=True, active_pulling_mode="smart"),
        {("workspace_id", EMEA), ("workspace_scope", "descendants"), ("enabled", "true"), ("active_pulling_mode", "smart")},
        streams(enabled=True, mode="smart", places=[EMEA, DACH]),
    ),
}
NAMED = uuids([200, 3, 77, 12, 2, 1, 150])  # with ids, in their order, those for which the filters hold


def with_ids(found):
    """Those of NAMED that are among the found."""
    return [one for one in NAMED if one in found]


@pytest.fixture(name="listed", scope="module")
def fixture_listed(tmp_path_factory):
    """One run with all filters, for the list, with ids too, and as the choice of a change; gives the run, and its requests by task."""
    tasks = []
    for name, (given, _sent, _found) in FILTERS.items():
        tasks.append(module("datastream_info", name, **given))
    ids_too = dict(FILTERS["all of them"][0], datastream_ids=NAMED)
    tasks.append(module("datastream_info", "ids too", **ids_too))
    for name, (given, _sent, _found) in FILTERS.items():
        if name in ("two workspaces", "disabled", "all of them"):
            tasks.append({**module("datastream", f"chosen: {name}", filters=given, enabled=True), "check_mode": True})
    chosen = module("datastream", "chosen: ids too", filters=FILTERS["state and mode"][0], datastream_id=NAMED, enabled=False)
    tasks.append({**chosen, "check_mode": True})
    with open_scene(tmp_path_factory.mktemp("listed"), world()) as scene:
        run = scene.play(tasks)
        by_connection = {}
        for row in scene.requests():
            by_connection.setdefault(row["connection"], []).append(row)
        assert len(by_connection) == len(tasks)
        yield run, dict(zip([task["name"] for task in tasks], by_connection.values()))
        assert scene.writes() == []


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_goes_to_the_service_and_finds_what_it_says(listed, name):
    run, requests = listed
    _given, sent, found = FILTERS[name]
    result = run.one(name)
    assert [row["id"] for row in result["datastreams"]] == found
    assert result["count"] == len(found) > 0
    assert result["changed"] is False
    for row in requests[name]:
        assert {(key, value) for key, value in row["query"] if key != "page"} == sent


@pytest.mark.parametrize("name", ["two workspaces", "disabled", "all of them"])
def test_a_change_chooses_by_the_same_filters(listed, name):
    result = listed[0].one(f"chosen: {name}")
    assert [row["id"] for row in result["datastreams"]] == FILTERS[name][2]
    assert result["affected"]["datastream_ids"] == [one for one in FILTERS[name][2] if one in streams(enabled=False)]


def test_ids_and_filters_must_both_hold(listed):
    run, _requests = listed
    for title, filters in {"ids too": "all of them", "chosen: ids too": "state and mode"}.items():
        found = with_ids(FILTERS[filters][2])
        assert 0 < len(found) < len(NAMED)
        assert [row["id"] for row in run.one(title)["datastreams"]] == found


@pytest.mark.parametrize(
    ("paging", "pages"),
    [("pages", [None, "2", "3", "4", "5"]), ("all", [None])],
)
def test_the_whole_list_comes_however_it_pages(begin, paging, pages):
    scene = begin(world(), switches={"datastream_paging": paging})
    run = scene.play([module("datastream_info"), module("smart_pulling_info")])
    assert [row["id"] for row in run.one("adverity_datastream_info")["datastreams"]] == streams()
    assert [row["datastream_id"] for row in run.one("adverity_smart_pulling_info")["smart_pulling"]] == streams()
    assert [dict(row["query"]).get("page") for row in scene.requests()] == pages * 2


def test_a_page_number_that_is_ignored_is_an_error_that_says_what_to_do(begin):
    scene = begin(world(), switches={"datastream_paging": "ignored"})
    few = streams(enabled=True, mode="smart", places=[EMEA])
    assert len(few) < 50
    many = uuids(range(1, 121))
    tasks = [
        refused(module("datastream_info", "list all")),
        refused(module("smart_pulling_info", "list all settings")),
        refused(module("datastream", "switch all", all_datastreams=True, enabled=True)),
        refused(module("smart_pulling", "set all", filters={"enabled": True}, is_active=True, frequency="weekly")),
        module("datastream_info", "few by filters", workspace_ids=[EMEA], enabled=True, active_pulling_mode="smart"),
        module("datastream_info", "many by ids", datastream_ids=many),
    ]
    run = scene.play(tasks)
    assert len(run.failures) == 4
    for failure in run.failures:
        assert "inconsistent list" in failure["msg"]
        assert "select fewer datastreams at a time, with datastream_ids or narrower filters" in failure["msg"]
    assert scene.writes() == []
    talks = scene.talks()
    assert [len(talk) for talk in talks[:4]] == [8, 8, 8, 8]  # three readings and one by id, each of which ends at the page that brings nothing new
    assert [row["id"] for row in run.one("few by filters")["datastreams"]] == few
    assert [row["id"] for row in run.one("many by ids")["datastreams"]] == many
    assert [len(talk) for talk in talks[4:]] == [1, 3]


@pytest.mark.parametrize(("unknown", "reads"), [("skip", 3), ("error", 20)])
def test_120_ids_are_listed_with_three_requests_in_the_order_they_were_given(begin, unknown, reads):
    scene = begin(world(), switches={"unknown_datastream": unknown})
    asked = uuids(number * 37 % COUNT + 1 for number in range(120))
    spelled = [one.replace("-", "") if place % 2 else one.upper() for place, one in enumerate(asked)]
    stranger = uuid(9999)
    run = scene.play(
        [
            module("datastream_info", "known", datastream_ids=[*spelled, asked[7]]),
            module("smart_pulling_info", "known too", datastream_ids=asked),
            module("datastream_info", "with a stranger", datastream_ids=[*asked[:60], stranger, *asked[60:]]),
        ]
    )
    known, settings, rest = run.told_by("known", "known too", "with a stranger")
    assert [row["id"] for row in known["datastreams"]] == asked
    assert [row["datastream_id"] for row in settings["smart_pulling"]] == asked
    assert [row["id"] for row in rest["datastreams"]] == asked
    talks = scene.talks()
    assert [len(talk) for talk in talks[:2]] == [3, 3]
    assert len(talks[2]) <= reads
    named = [[value for name, value in row["query"] if name == "datastream_id"] for row in scene.requests()[:3]]
    assert named == [asked[:50], asked[50:100], asked[100:]]


def test_a_row_shows_what_the_guide_shows(begin):
    smart = {"is_active": True, "frequency": "weekly", "refresh_range": {"value": 2, "unit": "week"}, "deadline": {"time": "06:30:00"}}
    one = World().datastream(1, smart=smart, smart_bundle={"name": "Bundle"}, active_mode="smart-bundle")
    scene = begin(one.datastream(2, enabled=False, has_schedule=False))
    run = scene.play([module("datastream_info")])
    place = {"id": WORKSPACE, "name": "Acme"}
    assert run.one("adverity_datastream_info")["datastreams"] == [
        {
            "id": uuid(1),
            "name": "Datastream 1",
            "enabled": True,
            "workspace": place,
            "pulling": {"active_mode": "smart-bundle", "smart": smart, "smart_bundle": {"name": "Bundle"}},
        },
        {
            "id": uuid(2),
            "name": "Datastream 2",
            "enabled": False,
            "workspace": place,
            "pulling": {"active_mode": None, "smart": None, "smart_bundle": None},
        },
    ]
