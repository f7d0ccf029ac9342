# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of settings: in the shapes of the options, also for a smart bundle, for a default and for no setting."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import setting, uuid
from adverity_harness.runs import module
from adverity_harness.worlds import World

DAYS, WEEKS = {"value": 7, "unit": "day"}, {"value": 2, "unit": "week"}


@pytest.mark.parametrize(("shown", "default"), [("null", None), ("value", DAYS)])
def test_the_list_has_the_shapes_of_the_options(begin, shown, default):
    whole = setting(True, "weekly", WEEKS, {"time": "06:30:00"})
    world = World().datastream(1, smart=whole, active_mode="smart-bundle", smart_bundle={"name": "Old"})
    scene = begin(world.datastream(2, smart=setting()).datastream(3, has_schedule=False), switches={"smart_defaults": shown})
    run = scene.play([module("smart_pulling_info", "all"), module("smart_pulling_info", "some", active_pulling_mode="smart", enabled=True)])
    rows = [
        {"is_active": True, "frequency": "weekly", "refresh_range": WEEKS, "deadline": "06:30:00", "active_mode": "smart-bundle"},
        {"is_active": True, "frequency": "daily", "refresh_range": default, "deadline": None, "active_mode": "smart"},
        {"is_active": None, "frequency": None, "refresh_range": None, "deadline": None, "active_mode": None},
    ]
    rows = [{"datastream_id": uuid(number), "name": f"Datastream {number}", **row} for number, row in enumerate(rows, 1)]
    everyone, some = run.told_by("all", "some")
    assert (everyone["smart_pulling"], everyone["count"]) == (rows, 3)
    assert (some["smart_pulling"], some["count"]) == (rows[1:2], 1)
    assert run.changed == 0
