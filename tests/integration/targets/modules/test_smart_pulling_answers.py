# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service says it changed is held against what was asked for, and a failure half way tells what was done."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import altered, changes, chunks, crowd, label, setting, snapshot, uuid, uuids
from adverity_harness.runs import module

WEEKS, TEN = {"value": 2, "unit": "week"}, {"time": "10:00:00"}


def test_fewer_and_more_than_asked_for_are_told(begin):
    scene = begin(crowd(6, {"smart": setting()}))
    said = uuids([1, 2, 3, 5, 6, 55])
    scene.service.fault(method="PUT", json={"affected": {"datastream_ids": said}})
    run = scene.play([module("smart_pulling", all_datastreams=True, frequency="weekly")], warnings=(f": {uuid(4)}.", f": {uuid(55)}."))
    fewer, more = run.warnings
    assert "did not change these datastreams" in fewer
    assert "also changed datastreams that were not requested" in more
    assert run.one("adverity_smart_pulling")["affected"]["datastream_ids"] == said


FAULTS = {
    "refused": (dict(status={"code": 400, "body": {"detail": "Not today."}}), "Not today.", 1),
    "no answer": (dict(drop="before", times=None), "tried 2 times", 2),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_in_the_second_put_tells_what_the_first_did(begin, name):
    fault, words, tries = FAULTS[name]
    scene = begin(crowd(120, {"smart": setting(refresh_range=WEEKS)}))
    before = snapshot(scene)
    first, second, third = chunks(uuids(range(1, 121)))
    scene.service.fault(method="PUT", skip=1, **fault)
    tasks = [module("smart_pulling", all_datastreams=True, deadline="10:00")]
    (failure,) = scene.play(tasks, fails=True, env={"ADVERITY_RETRIES": "1"}).failures
    assert [change.ids for change in changes(scene)] == [first] + [second] * tries
    assert altered(scene, before) == {one: {"smart": setting(refresh_range=WEEKS, deadline=TEN)} for one in first}
    assert failure["changed"] is True
    assert failure["affected"]["datastream_ids"] == first
    assert failure["remaining"]["datastream_ids"] == second + third
    assert list(failure["diff"]["after"]) == [label(number) for number in range(1, 51)]
    assert [row["pulling"]["smart"]["deadline"] for row in failure["datastreams"]] == [TEN] * 50 + [None] * 70
    assert words in failure["msg"]
    assert "50 datastreams (affected). Not confirmed: 70 (remaining)" in failure["msg"]
    assert all(one in failure["msg"] for one in second)
    assert not any(one in failure["msg"] for one in first + third)
