# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is promised whatever the service does where its documents are silent: one promise a switch, under all of its values.

A promise is a function of `act`, which runs tasks against a service for each value at once, and of the scenes by value. What it asserts of
a scene does not depend on the value, or it says why.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Callable, NamedTuple

from adverity_harness.crowds import uuid, uuids
from adverity_harness.place import load_simulator
from adverity_harness.runs import module, refused, role
from adverity_harness.scenes import EXTRACTS
from adverity_harness.side_by_side import Case, open_cases
from adverity_harness.worlds import NOW, READ_ONLY_KEY, World

NUMBERS = {"extract_page_size": [2, 100], "list_page_size": [1, 100]}


class Promise(NamedTuple):
    """A promise under all values of a switch, and the world in which it is tried."""

    switch: str
    world: Callable[[], World]
    keep: Callable[[Any, Any], None]

    @property
    def values(self) -> list[Any]:
        """The values of the switch."""
        return NUMBERS.get(self.switch) or list(load_simulator().SWITCHES[self.switch][0])

    def __str__(self) -> str:
        return f"{self.switch}: {self.keep.__name__}"

    def try_out(self, folder: Path) -> None:
        """Try it under all values at once."""
        cases = {value: Case(self.world(), {self.switch: value}) for value in self.values}
        assert len(cases) > 1
        with open_cases(folder, cases) as crew:
            self.keep(crew.act, crew.scenes)


PROMISES: list[Promise] = []


def whatever(*switches: str, world: Callable[[], World]) -> Callable[[Any], Any]:
    """Register a promise for each of these switches."""

    def register(keep: Any) -> Any:
        PROMISES.extend(Promise(switch, world, keep) for switch in switches)
        return keep

    return register


def history(extracts: int = 7, enabled: bool = False) -> Callable[[], World]:
    """A datastream with history, and one binding of it."""
    return lambda: World().datastream(456, extracts=extracts).binding(123, 456, enabled=enabled)


def ids(rows: list[Any]) -> list[Any]:
    """The ids of these rows."""
    return [row["id"] for row in rows]


# --- bindings ---


@whatever("binding_rows", world=history())
def a_binding_ends_up_enabled(act, scenes):
    task = dict(target_id=789, enabled=True)
    told = act([module("binding", "on", **task), module("binding", "again", **task), module("binding_info", "known")])
    for value, scene in scenes.items():
        on, again, known = (told.one(value, title) for title in ("on", "again", "known"))
        assert scene.enabled() == [123]
        assert on["affected"] == {"binding_ids": [123]}
        assert [row["enabled"] for row in on["bindings"]] == [True]
        # Where a row does not tell its state, the ledger tells what the last write was.
        assert again["changed"] is False, value
        assert scene.patches() == [(123, {"enabled": True})]
        assert ids(known["bindings"]) == [123]


@whatever("binding_rows", world=history())
def a_deployment_loads_history_once(act, scenes):
    deploy = role(target_id=789)
    act([deploy])
    for scene in scenes.values():
        scene.fetch(999, 456)
        scene.forget()
    act([deploy])
    act([role(target_id=789, backfill="always")])
    for value, scene in scenes.items():
        assert scene.loads(123) == scene.world.aged(456), value
        assert scene.posts() == []
        assert scene.enabled() == [123]
        assert scene.patches() == []


def _one_unavailable() -> World:
    return history()().datastream(457, extracts=2).binding(124, 457, available=False)


@whatever("unavailable_bindings", world=_one_unavailable)
def an_unavailable_binding_is_an_error_and_the_others_are_served(act, scenes):
    tasks = [refused(module("binding", "it", binding_ids=[124], enabled=True)), refused(role(target_id=789, datastream_ids=[457]))]
    told = act([*tasks, role(target_id=789, datastream_ids=[456])])
    for value, scene in scenes.items():
        assert told.one(value, "it")["failed"] is True
        assert "124" in told.one(value, "it")["msg"]
        assert len(told.run.failures) == 4
        assert scene.enabled() == [123]
        assert scene.loads(124) == []
        assert scene.loads(123) == scene.world.aged(456)


# --- datastreams ---


def _crowd() -> World:
    world = World()
    for number in range(1, 121):
        world.datastream(number, enabled=False)
    return world


@whatever("datastream_paging", "get_datastream_cap", world=_crowd)
def a_list_is_whole_or_an_error(act, scenes):
    everyone = uuids(range(1, 121))
    told = act(
        [
            refused(module("datastream_info", "all")),
            module("datastream_info", "named", datastream_ids=everyone),
            module("datastream", "on", datastream_ids=everyone, enabled=True),
            module("datastream", "again", datastream_ids=everyone, enabled=True),
        ]
    )
    for value, scene in scenes.items():
        whole, named, on, again = (told.one(value, title) for title in ("all", "named", "on", "again"))
        if value == "ignored":
            assert "select fewer datastreams at a time" in whole["msg"]
            assert "datastreams" not in whole
        else:
            assert ids(whole["datastreams"]) == everyone
        assert ids(named["datastreams"]) == everyone
        assert on["affected"] == {"datastream_ids": everyone}
        assert again["changed"] is False
        assert all(row["enabled"] for row in scene.service.world.datastreams.values())
        assert len(scene.writes()) == 3


@whatever("unknown_datastream", world=lambda: World().datastream(1, enabled=False).datastream(2, enabled=False))
def a_datastream_that_is_not_there_is_an_error_before_anything_is_written(act, scenes):
    named = uuids([1, 999, 2])
    told = act(
        [
            refused(module("datastream", "on", datastream_ids=named, enabled=True)),
            refused(module("smart_pulling", "set", datastream_ids=named, is_active=True, frequency="daily")),
            module("datastream_info", "listed", datastream_ids=named),
        ]
    )
    messages = set()
    for value, scene in scenes.items():
        for title in ("on", "set"):
            messages.add(told.one(value, title)["msg"])
            assert told.one(value, title)["unknown_ids"] == [uuid(999)]
        assert ids(told.one(value, "listed")["datastreams"]) == uuids([1, 2])
        assert scene.writes() == []
    assert len(messages) == 1
    assert "Nothing was changed" in messages.pop()


# --- smart pulling ---

DEFAULTS = {"is_active": True, "frequency": "daily", "refresh_range": None, "deadline": None}
SET = {"is_active": True, "frequency": "daily", "refresh_range": {"value": 2, "unit": "month"}, "deadline": {"time": "06:30:00"}}
SETTINGS = ("is_active", "frequency", "refresh_range", "deadline")


@whatever("smart_defaults", "smart_null", world=lambda: World().datastream(1, smart=DEFAULTS).datastream(2, smart=SET))
def what_is_not_named_stays_and_what_is_reset_reads_as_never_set(act, scenes):
    both = uuids([1, 2])
    weekly = dict(datastream_ids=both, frequency="weekly")
    reset = dict(datastream_ids=[both[1]], reset=["refresh_range", "deadline"])
    told = act(
        [
            module("smart_pulling_info", "before"),
            {**module("smart_pulling", "foretold", **weekly), "check_mode": True},
            module("smart_pulling", "weekly", **weekly),
            module("smart_pulling", "weekly again", **weekly),
            module("smart_pulling_info", "between"),
            module("smart_pulling", "reset", **reset),
            module("smart_pulling", "reset again", **reset),
            module("smart_pulling_info", "after"),
        ]
    )
    for value, scene in scenes.items():
        before, between, after = (
            [{name: row[name] for name in SETTINGS} for row in told.one(value, title)["smart_pulling"]] for title in ("before", "between", "after")
        )
        assert between == [{**row, "frequency": "weekly"} for row in before], value
        assert after == [between[0], between[0]], value
        changed = {title: told.one(value, title)["affected"]["datastream_ids"] for title in ("foretold", "weekly", "weekly again", "reset", "reset again")}
        assert changed == {"foretold": both, "weekly": both, "weekly again": [], "reset": [both[1]], "reset again": []}
        for row in scene.writes():
            assert None not in row["body"].values(), "a null was sent"


@whatever("smart_coupling", world=lambda: World().datastream(1, smart={**DEFAULTS, "is_active": False}, active_mode="schedule"))
def setting_and_mode_hold_together_and_stay(act, scenes):
    def both(title, active, mode):
        return [
            module("smart_pulling", f"{title}, setting", datastream_ids=uuids([1]), is_active=active),
            module("datastream", f"{title}, mode", datastream_ids=uuids([1]), pulling_mode=mode),
        ]

    told = act(
        [
            *both("on", True, "smart"),
            *both("on again", True, "smart"),
            module("smart_pulling_info", "is on"),
            *both("off", False, "schedule"),
            *both("off again", False, "schedule"),
            module("smart_pulling_info", "is off"),
        ]
    )
    for value in scenes:
        for title in ("on", "off"):
            first, again = ([told.one(value, f"{name}, {part}")["changed"] for part in ("setting", "mode")] for name in (title, f"{title} again"))
            assert first[0] is True, "the setting was another one, whatever follows from it"
            assert again == [False, False], value
        for title, expected in {"is on": (True, "smart"), "is off": (False, "schedule")}.items():
            (row,) = told.one(value, title)["smart_pulling"]
            assert (row["is_active"], row["active_mode"]) == expected


# --- extracts ---

FROM, TO = NOW - timedelta(days=30), NOW - timedelta(days=20)


def at(base, seconds=0):
    """The moment so many seconds after another, as the service writes it."""
    return (base + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _on_the_border() -> World:
    world = World().datastream(456).binding(123, 456, enabled=True)
    for number, created in enumerate([at(FROM, -1), at(FROM), at(FROM, 1), at(TO, -1), at(TO), at(TO, 1)], 1):
        world.extract(number, 456, created)
    return world


@whatever("extract_bounds", world=_on_the_border)
def both_bounds_are_included(act, scenes):
    bounds = dict(datastream_id=456, created_from=at(FROM), created_to=at(TO))
    again = module("requeue", "again", **bounds, target_id=789)
    told = act([module("extract_info", "listed", **bounds), module("requeue", "sent", **bounds, target_id=789), again])
    for value, scene in scenes.items():
        assert ids(told.one(value, "listed")["extracts"]) == [2, 3, 4, 5], value
        assert scene.loads(123) == [2, 3, 4, 5], value


@whatever("extract_bounds_format", world=_on_the_border)
def bounds_bring_what_they_say_or_an_error(act, scenes):
    bounds = dict(datastream_id=456, created_from=at(FROM), created_to=at(TO))
    told = act([refused(module("extract_info", "listed", **bounds)), refused(module("requeue", "sent", **bounds, target_id=789))])
    for value, scene in scenes.items():
        for title in ("listed", "sent"):
            if told.one(value, title)["failed"]:
                assert value == "date"
                assert "was answered with 400" in told.one(value, title)["msg"]
                assert "created_from" in told.one(value, title)["msg"]
        assert scene.loads(123) == ([] if value == "date" else [2, 3, 4, 5])


@whatever("extract_bounds", world=history())
def an_extract_of_the_moment_of_enabling_is_named_and_a_later_one_is_not(act, scenes):
    # The clock moves on by a second with the enabling. Both are there before the history is listed for sending.
    border = [{"id": 901, "datastream_id": 456, "created": at(NOW, 1)}, {"id": 902, "datastream_id": 456, "created": at(NOW, 2)}]
    for scene in scenes.values():
        scene.service.fault(method="GET", path=EXTRACTS, skip=1, mutate={"add": {"extracts": border}})
    act([role(target_id=789)])
    for scene in scenes.values():
        assert scene.service.world.bindings[123]["updated"] == border[0]["created"]
    told = act([refused(role(target_id=789, backfill="always"))])
    for value, scene in scenes.items():
        assert scene.loads(123) == scene.world.aged(456), value
    assert len(told.run.failures) == len(scenes)
    assert all("extracts 901 for binding 123" in one["msg"] for one in told.run.failures)
    act([role(target_id=789, backfill="always", on_unknown="requeue")])
    for value, scene in scenes.items():
        assert scene.loads(123) == [*scene.world.aged(456), 901], value


@whatever("extract_fields", world=history())
def history_is_loaded_once_also_where_nobody_tells_its_age(act, scenes):
    act([refused(role(target_id=789))])
    act([role(target_id=789, on_unknown="requeue")])  # where nobody tells their age, it takes somebody who looked
    for scene in scenes.values():
        scene.fetch(999, 456)
        scene.forget()
    told = act([refused(role(target_id=789, backfill="always"))])
    for value, scene in scenes.items():
        assert sorted(scene.loads(123)) == sorted(scene.world.aged(456)), value
        assert scene.writes() == []
    assert len(told.run.failures) == 1
    assert "extracts 999 for binding 123" in told.run.failures[0]["msg"]


def _of_one_fetch() -> World:
    """More extracts than a page has; eight each were created at the same time."""
    world = World().datastream(456).binding(123, 456, enabled=True)
    for number in range(1, 131):
        world.extract(number, 456, at(FROM, number // 8))
    return world


@whatever("extract_ties", world=_of_one_fetch)
def extracts_of_one_time_are_all_sent_once(act, scenes):
    every = dict(datastream_id=456)
    told = act(
        [
            module("extract_info", "listed", **every),
            module("requeue", "sent", **every, target_id=789),
            module("requeue", "again", **every, target_id=789),
        ]
    )
    for value, scene in scenes.items():
        assert ids(told.one(value, "listed")["extracts"]) == list(range(1, 131)), value
        assert scene.loads(123) == list(range(1, 131)), value
        assert told.one(value, "again")["changed"] is False


@whatever("extract_count", "extract_ordering", "extract_page_size", "next_host", world=history(enabled=True))
def extracts_are_all_found_and_go_oldest_first(act, scenes):
    every = dict(datastream_id=456)
    told = act(
        [
            module("extract_info", "listed", **every),
            module("extract_info", "newest", **every, limit=3),
            module("requeue", "sent", **every, target_id=789, batch_size=3),
            module("requeue", "again", **every, target_id=789),
        ]
    )
    for value, scene in scenes.items():
        aged = scene.world.aged(456)
        assert ids(told.one(value, "listed")["extracts"]) == aged, value
        assert ids(told.one(value, "newest")["extracts"]) == aged[-3:], value
        assert scene.loads(123) == aged
        assert [body["extract_ids"] for body in scene.posts()] == [aged[:3], aged[3:6], aged[6:]]
        assert told.one(value, "again")["changed"] is False


# --- requeue ---


@whatever("requeue_refusal", world=history(enabled=True))
def an_extract_that_is_not_there_is_named_and_the_others_are_sent(act, scenes):
    aged = history()().aged(456)
    told = act(
        [
            refused(module("requeue", "wrong", extract_ids=[*aged, 999])),
            module("requeue_info", "known", extract_ids=[*aged, 999]),
            module("requeue", "right", extract_ids=aged),
            module("requeue", "again", extract_ids=aged),
        ]
    )
    for value, scene in scenes.items():
        wrong = told.one(value, "wrong")
        assert (wrong["failed"], wrong["refused_extract_ids"], wrong["unknown_extract_ids"]) == (True, [999], [])
        assert "Extracts not found: 999" in wrong["msg"]
        assert told.one(value, "known")["counts"] == {"pending": 0, "dispatched": 7, "recorded": 0, "unknown": 0, "refused": 1, "failed": 0}
        assert [told.one(value, title)["changed"] for title in ("right", "again")] == [False, False]
        assert sorted(scene.loads(123)) == sorted(aged)
        assert len(scene.posts()) <= 1 + 2 * 6
        assert {row["status"] for row in scene.requests("POST")} == {200, value}


@whatever("requeue_invalid", world=history(60, enabled=True))
def nothing_is_sent_that_the_service_would_call_invalid(act, scenes):
    act([module("requeue", datastream_id=456, target_id=789)])
    for scene in scenes.values():
        assert scene.loads(123) == scene.world.aged(456)
        assert [row["status"] for row in scene.writes()] == [200, 200]


def _disabled() -> World:
    return history()().datastream(457, extracts=2).binding(124, 457, target=790)


@whatever("requeue_disabled_binding", world=_disabled)
def nothing_goes_to_a_binding_that_is_disabled(act, scenes):
    told = act(
        [
            refused(module("requeue", "named", datastream_id=456, target_id=789)),
            refused(module("requeue", "not named", extract_ids=_disabled().aged(457))),
            role(target_id=789),
            role(target_id=789),
        ]
    )
    for value, scene in scenes.items():
        assert "Not enabled: binding 123" in told.one(value, "named")["msg"]
        # Without a binding the service decides; it has none to load to.
        assert told.one(value, "not named")["failed"] is (value == "refuse")
        assert scene.loads(124) == []
        assert scene.loads(123) == scene.world.aged(456)


# --- errors ---


@whatever("error_bodies", world=lambda: World().datastream(1, has_schedule=False).binding(123, 1))
def an_error_is_one_line_with_the_words_of_the_service(act, scenes):
    told = act(
        [
            refused(module("binding", "forbidden", binding_ids=[123], enabled=True, api_key=READ_ONLY_KEY)),
            refused(module("datastream", "refused", datastream_ids=uuids([1]), pulling_mode="schedule")),
        ]
    )
    for value, scene in scenes.items():
        forbidden, without = told.one(value, "forbidden")["msg"], told.one(value, "refused")["msg"]
        assert "PATCH /api/v1/bindings/123/ was answered with 403: Forbidden." in forbidden
        assert "destination:write" in forbidden
        assert "was answered with 400: Datastreams without a fetch schedule" in without
        assert "custom fetch schedule" in without
        for message in (forbidden, without):
            assert "\n" not in message
            assert "{" not in message.split("Requested:", 1)[0]
        assert scene.enabled() == []
