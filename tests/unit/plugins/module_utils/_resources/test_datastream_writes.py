# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of datastreams: which are due, and what is made of responses. Which requests leave for which change: contract/test_datastreams.py."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._resources import datastream_plan
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import (
    many_datastreams,
    uuid,
    uuids,
)

TO_SMART, TO_SCHEDULE = ({"pulling": {"active_mode": mode}} for mode in ("smart", "schedule"))
ON = {"enabled": True, "active_mode": "schedule"}
OFF = {**ON, "enabled": False}


def affected(ids):
    return {"affected": {"datastream_ids": ids}}


@pytest.mark.parametrize(
    ("shown", "enabled", "mode", "bodies"),
    [
        *[({"pulling": {"active_mode": mode}}, None, "schedule", [TO_SCHEDULE]) for mode in ("smart-bundle", "smart", None)],
        ({"pulling": {"active_mode": "schedule"}}, None, "schedule", []),
        ({"enabled": True, **TO_SCHEDULE}, True, "smart", [TO_SMART]),
        ({"enabled": True, **TO_SCHEDULE}, False, "smart", [{"enabled": False}, TO_SMART]),
        ({"enabled": False, **TO_SCHEDULE}, True, "smart", [TO_SMART, {"enabled": True}]),
        # A row that does not tell is written.
        *[
            (shown, True, "smart", [TO_SMART, {"enabled": True}])
            for shown in ({}, {"enabled": None, "pulling": None}, {"enabled": "yes", "pulling": "smart"})
        ],
    ],
)
def test_plan_has_the_changes_in_which_a_row_differs(shown, enabled, mode, bodies):
    changes = datastream_plan.plan([Datastream.from_row({"id": uuid(1), **shown})], enabled, mode)
    assert [change.body for change in changes if change.patches] == bodies


def test_row_that_tells_nothing_is_predicted_with_what_is_asked_for(begin):
    scene = begin(many_datastreams(1, {}))
    scene.show("/api/v1/datastreams/", {"id": uuid(1), "pulling": "smart"})
    result = scene.run("datastream", True, datastream_ids=uuids([1]), enabled=True, pulling_mode="smart")
    assert result["datastreams"] == [{"id": uuid(1), "enabled": True, "pulling": {"active_mode": "smart"}}]


def test_datastream_that_changed_although_nobody_asked_for_it_is_told_under_any_spelling(begin):
    scene = begin(many_datastreams(2, ON, OFF))
    scene.service.fault(method="PATCH", json=affected([uuid(1), uuid(2), uuid(9).upper()]))
    result = scene.run("datastream", datastream_ids=uuids([1, 2]), enabled=False)
    assert result["affected"] == {"datastream_ids": uuids([1, 2, 9])}
    assert [row["enabled"] for row in result["datastreams"]] == [False, False]
    (warning,) = result["warnings"]
    assert [each in warning for each in uuids([1, 2, 9])] == [False, True, True]


@pytest.mark.parametrize("response", [[], {}, {"affected": None}, {"affected": {}}, affected(uuid(1)), affected([456])], ids=str)
def test_response_that_does_not_say_what_changed_fails(begin, response):
    scene = begin(many_datastreams(2, ON))
    scene.service.fault(method="PATCH", json=response)
    assert scene.run("datastream", datastream_ids=uuids([1, 2]), enabled=False)["remaining"] == {"datastream_ids": uuids([1, 2])}


@pytest.mark.parametrize(("status", "is_explained"), [(400, True), (500, False)])
def test_refused_mode_is_explained_where_a_schedule_may_be_missing(begin, status, is_explained):
    scene = begin(many_datastreams(1, {"active_mode": "smart"}))
    scene.service.fault(method="PATCH", status={"code": status})
    result = scene.run("datastream", datastream_ids=uuids([1]), pulling_mode="schedule", retries=0)
    assert ("custom fetch schedule" in result["msg"]) is is_explained


def test_failure_after_the_mode_leaves_the_state_to_be_done_and_keeps_the_warning(begin):
    scene = begin(many_datastreams(1, OFF))
    scene.service.fault(method="PATCH", json=affected(uuids([1, 9])))
    scene.service.fault(method="PATCH", status={"code": 400})
    result = scene.run("datastream", datastream_ids=uuids([1]), enabled=True, pulling_mode="smart")
    assert [request["body"] for request in scene.writes()] == [TO_SMART, {"enabled": True}]
    assert (result["affected"], result["remaining"]) == ({"datastream_ids": uuids([1, 9])}, {"datastream_ids": uuids([1])})
    assert [(row["enabled"], row["pulling"]["active_mode"]) for row in result["datastreams"]] == [(False, "smart")]
    assert "not requested: " + uuid(9) in result["msg"]
    assert "custom fetch schedule" not in result["msg"]
