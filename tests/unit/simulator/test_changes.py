# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens without a caller: people who switch bindings, fetches that load by themselves, retention, clocks. Now, and scripted."""

from __future__ import annotations

import http.client
import itertools
from datetime import timedelta

import pytest
from adverity_simulator import World, parse_time
from adverity_simulator.clock import Clock

BINDINGS, EXTRACTS, REQUEUE = "/api/v1/bindings/", "/api/extracts/", "/api/v1/extracts/requeue/"


@pytest.fixture(name="ask")
def fixture_ask(start, small):
    """A Talk with the small world, three extracts and pages of two."""
    return start(small, switches={"extract_page_size": 2})


def ids(ask, page):
    """The extracts on a page."""
    return [row["id"] for row in ask("GET", f"{EXTRACTS}?page={page}").body["results"]]


# --- the clock ---

def test_a_clock_stands_still_but_for_its_step(small):
    world = World({**small, "step": 0.25})
    assert [world.tick().isoformat() for _write in range(2)] == ["2026-01-01T00:00:00.250000+00:00", "2026-01-01T00:00:00.500000+00:00"]
    assert world.now() == parse_time("2026-01-01T00:00:00.5Z")
    assert (world.data()["now"], world.data()["step"]) == ("2026-01-01T00:00:00.500000Z", 0.25)
    assert World(world.data()).data() == world.data()


def test_the_machines_clock_has_fractions_and_may_be_ahead():
    clock = Clock({"ahead": 3600})
    assert len({clock.now() for _reading in range(1000)}) > 1
    clock.set({"forward": 60})
    difference = clock.now() - Clock().now()
    assert timedelta(seconds=3659) < difference < timedelta(seconds=3661)
    assert clock.data() == {"now": None, "step": 1.0, "ahead": 3660.0}


@pytest.mark.parametrize("data", [{"now": "x"}, {"step": -1}, {"ahead": True}, {"forward": "1"}, {"later": 1}, {"step": 2, "now": 7}])
def test_a_clock_that_makes_no_sense_is_left_alone(data):
    clock = Clock({"now": "2026-01-01T00:00:00Z"})
    with pytest.raises(ValueError, match=r"now|step|ahead|forward|later"):
        clock.set(data)
    assert clock.data() == {"now": "2026-01-01T00:00:00Z", "step": 1.0, "ahead": 0.0}


def test_the_clock_over_http(ask):
    assert ask.control("POST", "changes", {"clock": {"forward": 0.5}}) == [None]
    assert ask.control("GET", "clock") == {"now": "2026-01-01T00:00:00.500000Z", "step": 1.0, "ahead": 0.0}


# --- people and fetches ---

def test_a_fetch_loads_by_itself_where_the_binding_is_enabled(ask):
    simulator = ask.simulator
    assert simulator.fetch(1) == {"id": 104, "datastream_id": 1, "created": "2026-01-01T00:00:01Z", "state": "collected", "job_id": 1}
    simulator.switch_binding(6, True)
    simulator.fetch(1, 200)
    simulator.switch_binding(5, False)
    assert simulator.world.bindings[5]["updated"] == "2026-01-01T00:00:04Z"
    simulator.world.bindings[6]["available"] = False
    simulator.fetch(1)
    assert [(row["extract_id"], row["binding_id"]) for row in simulator.self_loads] == [(104, 5), (200, 5), (200, 6)]
    assert simulator.self_loads[0] == {"extract_id": 104, "binding_id": 5, "datastream_id": 1, "at": "2026-01-01T00:00:01Z"}
    assert ask.control("GET", "self_loads") == simulator.self_loads
    assert sorted(simulator.world.extracts) == [101, 102, 103, 104, 200, 201]
    assert simulator.loads == []


def test_arrivals_are_loads_of_both_kinds(ask):
    ask.simulator.fetch(1)
    ask("POST", REQUEUE, {"extract_ids": [104, 101]})
    assert sorted(ask.simulator.arrivals) == [(101, 5), (104, 5), (104, 5)]
    ask.simulator.reset()
    assert ask.simulator.arrivals == []


def test_a_fetch_at_a_time_knows_how_things_stood_then(ask):
    simulator = ask.simulator
    for second, enabled in ((10, False), (20, True), (20, False), (30, True)):
        simulator.switch_binding(5, enabled, f"2026-01-01T00:00:{second}Z")
    for number, second in enumerate(("09.999", "10", "19.999", "20", "29.999", "30"), 300):
        simulator.fetch(1, number, f"2026-01-01T00:00:{second}Z")
    assert [row["extract_id"] for row in simulator.self_loads] == [300, 305]
    assert simulator.world.bindings[5]["updated"] == "2026-01-01T00:00:30Z"
    assert simulator.world.now() == parse_time("2026-01-01T00:00:00Z")  # a time that is given moves no clock


def test_in_one_second_the_real_moment_decides(ask):
    """The clock moves a quarter of a second with each write; what is shown is the same second throughout."""
    ask.simulator.change({"clock": {"step": 0.125}})
    ask.simulator.fetch(1, 301)
    first = ask("PATCH", f"{BINDINGS}5/", {"enabled": False}).body["updated"]
    ask.simulator.fetch(1, 302)
    second = ask("PATCH", f"{BINDINGS}5/", {"enabled": True}).body["updated"]
    ask.simulator.fetch(1, 303)
    assert {first, second, *(row["created"] for row in ask("GET", EXTRACTS).body["results"])} == {"2026-01-01T00:00:00Z"}
    assert [row["extract_id"] for row in ask.simulator.self_loads] == [301, 303]


@pytest.mark.parametrize(("change", "message"), [
    ({"switch": {"binding_id": 7, "enabled": True}}, "no binding 7"), ({"fetch": {"datastream_id": 2}}, "there is no datastream 2"),
    ({"fetch": {"datastream_id": 1, "id": 101}}, "101 is there already"), ({"edit": {"bindings": [{"id": 7}]}}, "there is no 7 in bindings"),
    ({"switch": {"binding_id": 5, "enabled": True, "at": "2025-12-31T00:00:00Z"}}, "switched after"),
    ({"switch": {"binding_id": 5}}, "enabled is due"), ({"switch": {"enabled": True}}, "binding_id is due"), ({"fetch": {}}, "datastream_id is due"),
    ({"fetch": {"datastream_id": 1, "at": "noon"}}, "'noon' is not a time"), ({"refuse": 101}, "a list of ids"), ({"add": {"extracts": {}}}, "a list is due"),
    ({"clock": {"step": -1}}, "step"), ({"colour": 1}, "an object of remove, add"), ("fetch", "an object of remove, add"),
])
def test_a_change_that_makes_no_sense_is_refused(ask, change, message):
    ask.simulator.switch_binding(5, True, "2026-01-01T00:00:00Z")
    before = ask.control("GET", "world")
    reply = ask("POST", "/_simulator/changes", change, key=None)
    assert reply.status == 400
    assert message in reply.body["detail"]
    assert ask.control("GET", "world") == before


def test_all_changes_over_http(ask):
    told = ask.control("POST", "changes", [
        {"refuse": [102, 103]}, {"accept": [103]}, {"switch": {"binding_id": 6, "enabled": True, "at": "2026-01-01T00:00:00Z"}},
        {"fetch": {"datastream_id": 1}}, {"remove": {"extracts": [101]}, "add": {"extracts": [{"id": 90, "datastream_id": 1, "created": "2025-01-01"}]}},
        {"edit": {"targets": [{"id": 10, "name": "Renamed"}]}},
    ])
    world = ask.simulator.world
    assert told == [None, None, world.bindings[6], world.extracts[104], None, None, None]
    assert (world.refused, sorted(world.extracts), len(world.self_loads)) == ({102}, [90, 102, 103, 104], 2)
    assert ask("GET", BINDINGS).body["items"][0]["target_name"] == "Renamed"


# --- extracts that are refused ---

def test_one_refused_extract_refuses_the_whole_request(ask):
    ask.simulator.world.refused.add(102)
    assert ask("POST", REQUEUE, {"extract_ids": [101, 102, 103]}).status == 400
    assert ask.simulator.loads == []
    assert ask("POST", REQUEUE, {"extract_ids": [103, 101]}).status == 200
    assert ask("GET", EXTRACTS).body["count"] == 3  # it is listed all the same
    assert ask.control("GET", "world")["refused"] == [102]


# --- scripts ---

def test_between_two_pages_one_goes_and_one_comes(ask):
    """`count` stays, and a row slips through: 102 is on neither page."""
    ask.simulator.script(method="GET", path=EXTRACTS, skip=1, changes=[{"remove": {"extracts": [103]}}, {"fetch": {"datastream_id": 1}}])
    pages = [ids(ask, 1), ids(ask, 2)]
    assert pages == [[103, 102], [101]]
    ask.simulator.script(method="GET", path=EXTRACTS, skip=1, changes={"remove": {"extracts": [104]}})
    assert [ids(ask, 1), ask("GET", f"{EXTRACTS}?page=2").status] == [[104, 102], 404]


@pytest.mark.parametrize(("when", "seen"), [("before", False), ("after", True)])
def test_before_and_after_the_work(ask, when, seen):
    script = ask.simulator.script(path="bindings", when=when, times=None, changes={"switch": {"binding_id": 5, "enabled": False}})
    assert ask("GET", BINDINGS).body["items"][0]["enabled"] is seen
    assert ask.simulator.world.bindings[5]["enabled"] is False
    # A PATCH and, in the moment after it, somebody who takes it back.
    assert ask("PATCH", f"{BINDINGS}5/", {"enabled": True}).body["enabled"] is True
    assert ask.simulator.world.bindings[5]["enabled"] is (when == "before")
    assert (script.matches, script.fired) == (2, 2)


@pytest.mark.parametrize(("when", "drop"), list(itertools.product(("before", "after"), repeat=2)))
def test_a_script_runs_beside_a_fault(ask, when, drop):
    ask.simulator.fault(method="PATCH", drop=drop)
    ask.simulator.script(method="PATCH", when=when, changes={"fetch": {"datastream_id": 1}})
    with pytest.raises(http.client.RemoteDisconnected):
        ask("PATCH", f"{BINDINGS}6/", {"enabled": True})
    by_itself = [row["binding_id"] for row in ask.simulator.self_loads]
    assert by_itself == ([5, 6] if (when, drop) == ("after", "after") else [5])


def test_all_scripts_that_are_due_run_in_their_order(ask):
    order = []
    for number, skip in ((1, 0), (2, 1), (3, 0)):
        ask.simulator.script(skip=skip, times=2, changes=lambda world, number=number: order.append((number, len(world.extracts))))
    for _request in range(4):
        ask("GET", BINDINGS)
    assert order == [(1, 3), (3, 3), (1, 3), (2, 3), (3, 3), (2, 3)]
    assert ask.control("GET", "scripts")[0]["changes"] == "a function"


def test_scripts_over_http(ask):
    row = {"method": "GET", "path": "extracts", "skip": 1, "times": 1, "when": "before", "changes": [{"remove": {"extracts": [101]}}]}
    assert ask.control("POST", "scripts", row) == [{**row, "matches": 0, "fired": 0}]
    assert [ids(ask, 1), ids(ask, 1), ask("GET", EXTRACTS).body["count"]] == [[103, 102], [103, 102], 2]
    assert [(script["matches"], script["fired"]) for script in ask.control("GET", "scripts")] == [(3, 1)]
    assert ask.control("GET", "")["scripts"] == 1
    assert ask.control("DELETE", "scripts") == []
    ask.control("POST", "scripts", [row, row])
    ask.control("POST", "reset")
    assert ask.control("GET", "scripts") == []


@pytest.mark.parametrize("data", [
    None, {}, {"changes": 1}, {"changes": [{"paint": 1}]}, {"changes": [], "when": "during"}, {"changes": [], "drop": "before"},
    {"changes": [], "skip": -1}, {"changes": [], "times": 0}, {"changes": [], "path": "("}, {"changes": {"refuse": ["101"]}},
], ids=repr)
def test_a_script_that_makes_no_sense_is_refused(ask, data):
    reply = ask("POST", "/_simulator/scripts", data, key=None)
    assert (reply.status, type(reply.body["detail"])) == (400, str)
    assert ask.simulator.scripts == []


def test_the_control_surface_runs_no_script(ask):
    ask.simulator.script(times=None, changes={"remove": {"extracts": [101]}})
    assert ask.control("GET", "")["extracts"] == 3
