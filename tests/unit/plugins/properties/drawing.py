# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Worlds and selections for the properties. Not tests."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ansible_collections.adverity.management.tests.unit.plugins.properties.service import WORKSPACES, moment, uuid
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

DATASTREAMS = [1, 2, 3]
TARGETS = [70, 71]
BINDINGS = [5, 9, 12, 30]
EXTRACTS = list(range(100, 108))
PAGE = 3  # so many of them are on a page


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
    """Rows of three datastreams, two destinations, and some bindings (also several of one datastream to one destination)."""
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
        "targets": [{"id": number} for number in TARGETS],
        "bindings": [
            {
                "id": number,
                "datastream_id": draw(st.sampled_from(DATASTREAMS)),
                "target_id": draw(st.sampled_from(TARGETS)),
                "enabled": draw(st.sampled_from([True, True, False])),
            }
            for number in draw(st.lists(st.sampled_from(BINDINGS), unique=True, min_size=1))
        ],
    }


@st.composite
def extract_lists(draw: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Extracts, in no order of their ids, and the switches for how they are listed. More than a page of those that were created at the same time come for
    certain only in the order of their ids."""
    rows = [
        {"id": number, "datastream_id": draw(st.sampled_from(DATASTREAMS)), "created": moment(-3600 * draw(st.integers(1, 4)))}
        for number in draw(st.lists(st.sampled_from(EXTRACTS), unique=True))
    ]
    most = max(Counter((row["datastream_id"], row["created"]) for row in rows).values(), default=0)
    ordering = "with_id" if most >= PAGE or draw(st.booleans()) else "ignored"
    ties = draw(st.sampled_from(["stable", "by_page", "random"]))
    return rows, {"extract_page_size": PAGE, "extract_ties": ties, "extract_ordering": ordering}


def optional(**strategies: Any) -> Any:
    """Options of which any may be left out."""
    return st.fixed_dictionaries({}, optional=strategies)


def some(numbers: list[int]) -> Any:
    return st.lists(st.sampled_from(numbers), min_size=1, max_size=4)


INTO = optional(binding_ids=some(BINDINGS), target_id=st.sampled_from(TARGETS))
BOUNDS = optional(created_from=st.sampled_from([moment(-7200), moment(-7201)]), created_to=st.sampled_from([moment(-7200), moment(-10800)]))


@st.composite
def requeues(draw: Any) -> dict[str, Any]:
    """Options of ``adverity_requeue`` that ask for nothing twice."""
    if draw(st.integers(0, 3)):
        which = dict({"datastream_ids": draw(some(DATASTREAMS))}, **draw(BOUNDS))
    else:
        which = {"extract_ids": draw(some(EXTRACTS))}
    how = optional(
        batch_size=st.integers(1, 3),
        limit=st.integers(1, 4),
        sequential=st.booleans(),
        on_unknown=st.sampled_from(["fail", "skip"]),
        state=st.sampled_from(["requeued", "requeued", "planned"]),
    )
    return dict(which, **draw(INTO), **draw(how))


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
