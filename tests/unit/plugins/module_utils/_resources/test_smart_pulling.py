# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Smart-pulling settings: what is kept, set and reset, which datastreams share a PUT, and settings in shapes that the guide does not show.

What is sent for which settings, and what comes of it: contract/test_datastreams.py.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import smart_pulling
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    setting,
    uuid,
    uuids,
)

WEEK = {"value": 7, "unit": "day"}
SIX = {"time": "06:00:00"}
NOTHING = {"is_active": None, "frequency": None, "refresh_range": None, "deadline": None, "reset": None}


def stream(number, smart, mode="smart"):
    pulling = {"active_mode": mode, "smart": smart, "smart_bundle": {"some": "thing"}}
    return Datastream.from_row({"id": uuid(number), "name": f"Stream {number}", "enabled": True, "pulling": pulling})


def plan(streams, **wanted):
    return smart_pulling.plan(streams, {**NOTHING, **wanted})


def requests(changes):
    """The body of each request, and the UUIDs that it names."""
    return [(request.body, request.ids) for change in changes for request in change.in_chunks()]


# What is kept


def test_default_is_kept_by_leaving_it_out():
    shown = [setting(), setting(deadline={"time": None}, refresh_range={"value": None, "unit": None}), {"is_active": True, "frequency": "daily"}]
    streams = [stream(number, smart) for number, smart in enumerate(shown, 1)]
    assert requests(plan(streams, frequency="weekly")) == [({"is_active": True, "frequency": "weekly"}, uuids([1, 2, 3]))]


@pytest.mark.parametrize("deadline", [SIX, {"time": "06:00"}, "06:00:00", "06:00"])
def test_deadline_is_read_however_it_is_shown(deadline):
    streams = [stream(1, setting(deadline=deadline))]
    assert plan(streams, deadline="06:00:00") == []
    ((body, _ids),) = requests(plan(streams, frequency="weekly"))
    assert body["deadline"] == SIX


def test_smart_bundle_stays_as_it_is():
    streams = [stream(1, setting(), mode="smart-bundle")]
    [row] = write(None, streams, plan(streams, frequency="weekly"), True).as_dict()["datastreams"]
    assert row["pulling"] == {"active_mode": "smart-bundle", "smart_bundle": {"some": "thing"}, "smart": setting(frequency="weekly")}


@pytest.mark.parametrize("shown", [{"deadline": None}, {"deadline": {"time": None}}, {"deadline": {}}, {}], ids=str)
def test_reset_of_what_shows_no_value_is_not_due(shown):
    assert plan([stream(1, {"is_active": True, "frequency": "daily", **shown})], reset=["deadline", "refresh_range"]) == []


# Nothing to keep


def test_datastream_without_a_setting_needs_what_the_api_insists_on():
    streams = [stream(1, setting()), stream(2, None), stream(3, {"is_active": None, "frequency": None}), stream(4, setting(frequency=None))]
    with pytest.raises(InputError) as caught:
        plan(streams, deadline="06:00:00")
    named = [f"Stream {number} ({uuid(number)})" for number in (2, 3, 4)]
    assert f"No current value to keep for is_active, frequency of {named[0]}, {named[1]}; for frequency of {named[2]}. " in str(caught.value)
    with pytest.raises(InputError, match="for frequency of Stream 2"):
        plan(streams, is_active=True)
    assert len(plan(streams, is_active=True, frequency="weekly")) == 1


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("refresh_range", [{"value": 7}, {"value": "7", "unit": "day"}, {"value": True, "unit": "day"}, "7 days"]),
        ("deadline", ["soon", {"time": "6 am"}, {"time": 6}, {"time": "06:00\n"}, 6]),
        ("is_active", ["yes"]),
        ("frequency", [1]),
    ],
)
def test_value_that_cannot_be_read_is_not_sent_back(name, values):
    new = {"refresh_range": WEEK, "deadline": "06:00:00", "is_active": True, "frequency": "weekly"}
    other = "refresh_range" if name == "deadline" else "deadline"
    for value in values:
        streams = [stream(1, {**setting(), name: value})]
        with pytest.raises(InputError, match=f"keep for {name} of Stream 1"):
            plan(streams, **{other: new[other]})
        assert len(plan(streams, **{name: new[name]})) == 1


@pytest.mark.parametrize("pulling", [None, "smart", {}, {"active_mode": "smart"}, {"smart": "daily"}, {"smart": []}], ids=str)
def test_row_that_does_not_tell_its_setting_is_not_written(pulling):
    with pytest.raises(UnreadableAnswer, match="Stream 1"):
        plan([Datastream.from_row({"id": uuid(1), "name": "Stream 1", "pulling": pulling})], is_active=True, frequency="daily")


# The list

NONE = dict.fromkeys(setting())


@pytest.mark.parametrize(
    ("smart", "shown"),
    [
        (setting(refresh_range=WEEK, deadline={"time": "06:00"}), setting(refresh_range=WEEK, deadline="06:00:00")),
        (setting(deadline={"time": None}), setting()),
        (None, NONE),
        (setting(refresh_range="7 days", deadline={"time": "6 am"}), setting(refresh_range="7 days", deadline="6 am")),
    ],
)
def test_setting_is_shown_as_options_take_it(smart, shown):
    assert smart_pulling.show(stream(1, smart)) == {"datastream_id": uuid(1), "name": "Stream 1", "active_mode": "smart", **shown}
