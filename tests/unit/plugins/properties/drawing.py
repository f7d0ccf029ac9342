# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Worlds and selections for the properties. Not tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.adverity.management.tests.unit.plugins.properties.service import WORKSPACES, uuid
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

DATASTREAMS = [1, 2, 3]


def prove(examples: int, derandomize: bool = True) -> Any:
    """The same examples each time, so many, and nothing kept between runs."""
    return settings(max_examples=examples, derandomize=derandomize, database=None, deadline=None, suppress_health_check=list(HealthCheck))


RANGES = st.fixed_dictionaries({"value": st.integers(1, 3), "unit": st.sampled_from(["day", "week", "month"])})
TIMES = st.sampled_from(["06:00:00", "06:30:00", "23:30:00"])
FREQUENCIES = st.sampled_from(["daily", "weekly", "monthly"])
SMART = st.fixed_dictionaries(
    {
        "is_active": st.booleans(),
        "frequency": FREQUENCIES,
        "refresh_range": st.none() | RANGES,
        "deadline": st.none() | st.fixed_dictionaries({"time": TIMES}),
    }
)


@st.composite
def worlds(draw: Any) -> dict[str, Any]:
    """Rows of three datastreams."""
    return {
        "datastreams": [
            {
                "id": number,
                "uuid": uuid(number),
                "name": f"Stream {number}",
                "workspace": draw(st.sampled_from(WORKSPACES)) if number > 1 else WORKSPACES[0],
                "enabled": draw(st.booleans()),
                "has_schedule": draw(st.sampled_from([True, True, True, False])),
                "active_mode": draw(st.sampled_from(["smart", "schedule", "smart-bundle", None])),
                "smart": draw(st.none() | SMART),
            }
            for number in DATASTREAMS
        ],
    }


def optional(**strategies: Any) -> Any:
    """Options of which any may be left out."""
    return st.fixed_dictionaries({}, optional=strategies)


@st.composite
def chosen_datastreams(draw: Any) -> dict[str, Any]:
    """The options that choose datastreams for a change."""
    filters = optional(
        workspace_ids=st.lists(st.sampled_from(WORKSPACES), min_size=1, unique=True),
        enabled=st.booleans(),
        active_pulling_mode=st.sampled_from(["smart", "schedule", "smart-bundle"]),
    ).filter(bool)
    ids = st.lists(st.sampled_from([uuid(one) for one in DATASTREAMS]), min_size=1)
    way = draw(st.integers(0, 3))
    if way == 0:
        return {"all_datastreams": True}
    chosen = {}
    if way != 1:
        chosen["datastream_ids"] = draw(ids)
    if way != 2:
        chosen["filters"] = draw(filters)
    return chosen


DATASTREAM_CHANGES = optional(enabled=st.booleans(), pulling_mode=st.sampled_from(["smart", "schedule"])).filter(bool)
SMART_CHANGES = optional(
    is_active=st.booleans(),
    frequency=FREQUENCIES,
    refresh_range=RANGES,
    deadline=TIMES,
    reset=st.lists(st.sampled_from(["refresh_range", "deadline"]), min_size=1, unique=True),
).filter(bool)
