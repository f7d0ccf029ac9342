# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""adverity_extract_info, whatever the service's list is like where nobody has written that down."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module
from adverity_harness.scenes import EXTRACTS
from adverity_harness.worlds import World, moment

SWITCHES = {
    "as most clients saw it": {},
    "newest first, short pages, no count": {"extract_ordering": "ignored", "extract_page_size": 3, "extract_count": "off"},
    "bounds that leave out their own moment": {"extract_bounds": "exclusive", "extract_page_size": 3},
}


def ids(result):
    """The ids of the extracts in a result."""
    return [row["id"] for row in result["extracts"]]


@pytest.mark.parametrize("switches", SWITCHES.values(), ids=SWITCHES.keys())
def test_extracts_are_listed_oldest_first(begin, switches):
    world = World().datastream(456, extracts=10).datastream(457, extracts=4)
    scene = begin(world, switches=switches)
    aged, others = world.aged(456), world.aged(457)
    run = scene.play(
        [
            module("extract_info", "all", datastream_id=456),
            module("extract_info", "the newest of two", datastream_ids=[457, 456, 457], limit=3),
            module("extract_info", "between", datastream_id=456, created_from=moment(days=7), created_to=moment(days=4)),
            module("extract_info", "of one day", datastream_id=456, created_from=moment(days=5)[:10], created_to=moment(days=5)[:10]),
            module("extract_info", "the newest of those between", datastream_id=456, created_from=moment(days=7), created_to=moment(days=4), limit=2),
            module("extract_info", "of nothing", datastream_id=4711),
        ]
    )
    everything, newest, between, day, both, nothing = run.told_by(
        "all", "the newest of two", "between", "of one day", "the newest of those between", "of nothing"
    )
    assert ids(everything) == aged
    assert ids(newest) == others[-3:] + aged[-3:]
    assert ids(between) == aged[3:7]
    assert ids(day) == aged[5:6]
    assert ids(both) == aged[5:7]
    assert ids(nothing) == []
    for result in (everything, newest, between, day, both, nothing):
        assert result["count"] == len(result["extracts"])
        assert result["changed"] is False
    assert {row["datastream_id"] for row in newest["extracts"]} == {456, 457}
    assert scene.writes() == []


def test_the_newest_one_of_many_takes_one_page(begin):
    world = World().datastream(456, extracts=250)
    scene = begin(world)
    run = scene.play([module("extract_info", datastream_id=456, limit=1)])
    assert ids(run.one("adverity_extract_info")) == world.aged(456)[-1:]
    assert len(scene.requests("GET", EXTRACTS)) == 1


def test_rows_that_hold_nothing_but_ids_are_enough(begin):
    world = World().datastream(456, extracts=10)
    scene = begin(world, switches={"extract_fields": "id", "extract_page_size": 4})
    run = scene.play([module("extract_info", datastream_id=456)])
    assert ids(run.one("adverity_extract_info")) == sorted(world.aged(456))
    assert {row["datastream_id"] for row in run.one("adverity_extract_info")["extracts"]} == {456}
