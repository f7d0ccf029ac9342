# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What adverity_smart_pulling refuses, before it writes anything: a choice that says nothing, and settings the service cannot take."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import crowd, setting, snapshot, uuid
from adverity_harness.refusals import try_all
from adverity_harness.runs import module, refused

ONE, STRANGER = uuid(1), uuid(9999)
WEEKLY = dict(is_active=True, frequency="weekly")

# The options, and what the message must say.
CHOICES = {
    "no selection": (WEEKLY, "Select datastreams with datastream_ids, filters or all_datastreams: true"),
    "no ids": (dict(WEEKLY, datastream_ids=[]), "datastream_ids is empty", "neither everything nor nothing"),
    "no filters": (dict(WEEKLY, filters={}), "filters is empty", "neither everything nor nothing"),
    "no workspaces": (dict(WEEKLY, filters={"workspace_ids": []}), "workspace_ids is empty", "neither everything nor nothing"),
    "integer id": (dict(WEEKLY, datastream_ids=[ONE, 456]), "456 is an integer id", "takes a UUID"),
    "false alone": (dict(WEEKLY, all_datastreams=False), "Select datastreams with datastream_ids, filters or all_datastreams: true"),
}
SETTINGS = {
    "nothing to set": ({}, "one of the following is required: is_active, frequency, refresh_range, deadline, reset"),
    "nothing to reset": (dict(reset=[]), "one of the following is required: is_active, frequency, refresh_range, deadline, reset"),
    "not on the half hour": (dict(deadline="06:10"), "06:10 is not on the half hour", "the minutes must be 00 or 30"),
    "seconds": (dict(deadline="06:30:15"), "06:30:15 is not on the half hour"),
    "25 o'clock": (dict(deadline="25:00"), "'25:00' is not a time of day", "from 00:00 to 23:30"),
    "24 o'clock": (dict(deadline="24:00"), "'24:00' is not a time of day"),
    "an unquoted time": (dict(deadline=630), "630 is a number", "Quote it"),
    "no units": (dict(refresh_range={"value": 0, "unit": "day"}), "0 is not a whole number of at least 1"),
    "true for a number": (dict(refresh_range={"value": True, "unit": "day"}), "True is not a whole number"),
    "a year": (dict(refresh_range={"value": 1, "unit": "year"}), "day, week, month", "year"),
    "no unit": (dict(refresh_range={"value": 1}), "missing required arguments: unit found in refresh_range"),
    "hourly": (dict(frequency="hourly"), "daily, weekly, monthly", "hourly"),
    "a range and its reset": (
        dict(refresh_range={"value": 1, "unit": "day"}, reset=["deadline", "refresh_range"]),
        "refresh_range: set and also named in reset",
    ),
    "a deadline and its reset": (dict(deadline="06:30", reset=["deadline"]), "deadline: set and also named in reset"),
    "reset of what has no default": (dict(reset=["frequency"]), "refresh_range, deadline", "frequency"),
}
REFUSALS = {**CHOICES, **{name: (dict(options, all_datastreams=True), *words) for name, (options, *words) in SETTINGS.items()}}


@pytest.fixture(name="tried", scope="module")
def fixture_tried(tmp_path_factory):
    """One run with all of them."""
    cases = {title: (module("smart_pulling", title, **options), *words) for title, (options, *words) in REFUSALS.items()}
    with try_all(tmp_path_factory.mktemp("refusals"), crowd(2, {"smart": setting()}), cases) as tried:
        yield tried


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused_and_says_why(tried, name):
    tried.check_told(name, *REFUSALS[name][1:])


def test_nothing_was_even_asked(tried):
    assert tried.scene.requests() == []


@pytest.mark.parametrize("unknown", ["skip", "error"])
def test_what_only_the_service_can_tell_stops_the_module_before_it_writes(begin, unknown):
    scene = begin(crowd(4, {"smart": setting()}, {"smart": None}), switches={"unknown_datastream": unknown})
    before = snapshot(scene)
    run = scene.play(
        [
            refused(module("smart_pulling", "a stranger", datastream_ids=[ONE, STRANGER, uuid(2)], **WEEKLY)),
            refused(module("smart_pulling", "nothing to keep", all_datastreams=True, frequency="weekly")),
            refused(module("smart_pulling", "nothing at all to keep", datastream_ids=[ONE, uuid(4)], reset=["deadline"])),
        ]
    )
    stranger, something, anything = run.failures
    assert f"not found among the datastreams this key can see: {STRANGER}." in stranger["msg"]
    assert stranger["unknown_ids"] == [STRANGER]
    assert "No current value to keep for is_active of" in something["msg"]
    assert uuid(2) in something["msg"]
    assert uuid(4) in something["msg"]
    assert "No current value to keep for is_active, frequency of" in anything["msg"]
    assert uuid(4) in anything["msg"]
    for failure in run.failures:
        assert ONE not in failure["msg"]
        assert "Nothing was changed" in failure["msg"]
    assert scene.writes() == []
    assert snapshot(scene) == before
