# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promises about states, jobs and issues, see promises.py."""

from __future__ import annotations

from adverity_harness.runs import module
from promises import history, whatever

LABELS = {"newer": "Loaded", "older": "Imported", "upper": "LOADED", "translated": "Importiert"}


def _sent(act, scenes, *reading):
    """Sends the history of a binding into loads that take a minute; the newest two fail. Returns what is read then and, called again, later."""
    for scene in scenes.values():
        newest = [{"extract_id": extract_id} for extract_id in scene.world.aged(456)[-2:]]
        scene.service.change({"loading": {"load_seconds": 60}}, {"fail": newest})
    act([module("requeue", "sent", datastream_id=456, target_id=789)])

    def later(seconds):
        for scene in scenes.values():
            scene.service.change({"clock": {"forward": seconds}})
        return act(list(reading))

    return later


@whatever("state_labels", "requeue_processing", "failed_reload", world=history(enabled=True))
def states_are_returned_as_adverity_shows_them(act, scenes):
    later = _sent(act, scenes, module("extract_info", "listed", datastream_id=456))
    told = later(90)
    for value, scene in scenes.items():
        labels = [row["state_label"] for row in told.one(value, "listed")["extracts"]]
        assert labels[:-2] == [LABELS.get(value, "Loaded")] * (len(labels) - 2), value
        assert LABELS.get(value, "Loaded") not in labels[-2:]
        assert len(scene.posts()) == 1


@whatever("load_jobs", "load_job_type", "load_job_datastream", "job_bounds", world=history(enabled=True))
def jobs_are_listed_and_waited_for(act, scenes):
    for scene in scenes.values():
        if scene.service.switches["load_job_type"] == "Load" or scene.service.switches["load_job_datastream"] == "absent":
            scene.service.switches["load_jobs"] = "request"
        scene.service.change({"fetch": {"datastream_id": 456}}, {"clock": {"forward": 60}})  # so that what was fetched has been loaded
    every = dict(datastream_id=456, start=next(iter(scenes.values())).service.world.jobs[1]["scheduled"])
    later = _sent(act, scenes, module("job_info", "jobs", **every), module("job_info", "waited", **every, wait=1, poll_interval=1))
    during, after = later(1), later(90)
    for value, scene in scenes.items():
        count = len(scene.service.world.jobs)
        assert during.one(value, "jobs")["count"] == after.one(value, "jobs")["count"] == count, value
        assert len(during.one(value, "waited")["unfinished"]) == count - 1
        assert after.one(value, "waited")["unfinished"] == []
        assert {row["datastream_id"] for row in after.one(value, "jobs")["jobs"]} == {456}


@whatever("issue_extract", "issue_tags", "load_stage_label", "acknowledged_issues", world=history(enabled=True))
def issues_of_loads_are_listed_with_their_stage(act, scenes):
    later = _sent(act, scenes, module("issue_info", "issues", datastream_id=456, stages=["import", "load"]), module("issue_info", "none", stages=["Fetch"]))
    told = later(90)
    for value in scenes:
        rows = told.one(value, "issues")["issues"]
        assert [row["type_label"] for row in rows] == ["Error", "Error"], value
        assert told.one(value, "none")["count"] == 0


@whatever("enable_loads_history", "processing_at_enable", world=history())
def a_binding_is_enabled_by_one_write_whatever_adverity_loads_then(act, scenes):
    for scene in scenes.values():
        scene.service.change({"loading": {"process_seconds": 60}}, {"fetch": {"datastream_id": 456}})
    told = act([module("binding", "on", binding_id=123, enabled=True), module("binding", "again", binding_id=123, enabled=True)])
    for value, scene in scenes.items():
        assert [told.one(value, title)["changed"] for title in ("on", "again")] == [True, False]
        assert scene.patches() == [(123, {"enabled": True})]
        assert scene.posts() == []
