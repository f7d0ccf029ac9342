# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the lines of the summary, of the report, and of a module that waits. Not tests."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.adverity.management.plugins.action import adverity_requeue
from ansible_collections.adverity.management.plugins.filter.report_summary import report_summary
from ansible_collections.adverity.management.plugins.module_utils._api import progress
from ansible_collections.adverity.management.plugins.plugin_utils import watched_action
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import BIGQUERY, acme
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World, uuid
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import (
    Given,
    Row,
    Stage,
    Step,
    fault,
    meanwhile,
    status,
    story,
    task,
)
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import Scene

MOMENT = "2026-03-10T11:00:00Z"
PATCHED, POSTED = "bindings/", "extracts/requeue"
SEND = {"datastream_id": 456, "target_id": 790}
NEW = {"name": "New", "type": "bigquery", "workspace": "Acme", "connection": "31", "settings": BIGQUERY, "datastreams": ["Google Ads", "Meta Ads"]}
STREAMS = {"datastream_uuids": [uuid(456)]}
WAIT = {"wait": 60, "target_id": 789}
SETTLED = {"target_id": 790, "on_unknown": "dispatched", "before": [fault(method="POST", path=POSTED, drop="after"), ("requeue", SEND)]}
FAILS = [{"fail": [{"extract_id": 4570001}]}]


def deployed(check_mode: bool = False, faults: Any = (), before: Any = (), changes: Any = (), switches: Row | None = None, **variables: Any) -> Given:
    """The lines of a run of the role."""
    given = task("role", faults=faults, before=before, changes=changes, switches=switches, check_mode=check_mode, ignore_errors=True, **variables)
    return lambda stage: given(stage)["lines"]


def report(scene: Scene, *also: str) -> Any:
    """The lines of the report, with the results of these modules, too."""
    return report_summary(scene.run("binding_info")["bindings"], scene.run("requeue_info"), *(scene.run(name) for name in also))["lines"]


def reported(*steps: Step) -> Given:
    return story(*steps, lambda scene: report(scene, "load_info", "issue_info", "job_info"))


def failing_datastreams() -> World:
    """Many, of which each load will fail with a reason of its own."""
    world = World()
    for number in range(1, 13):
        world.datastream(number, extracts=1).binding(100 + number, number)
    world.data["failing"] = [{"extract_id": each["id"]} for each in world.data["extracts"]]
    return world


def great_world() -> World:
    """More destinations, issues and jobs than the report lists."""
    world = World()
    for number in range(1, 103):
        world.datastream(number).binding(1000 + number, number, target=2000 + number)
    world.data["jobs"] = [{"id": each, "datastream_id": 1, "scheduled": MOMENT, "start": MOMENT} for each in range(1, 23)]
    world.data["issues"] = [{"id": each, "datastream_id": 1, "start": MOMENT, "message": "No."} for each in range(1, 23)]
    return world


def great_report(scene: Scene) -> Any:
    found, ledger = scene.run("binding_info")["bindings"], scene.run("requeue_info")
    planned = [{**ledger["backfills"][0], "binding_id": row["id"] + shift} for row in found for shift in (0, 10**6)]
    return report_summary(found, {**ledger, "backfills": planned}, {}, scene.run("issue_info"), scene.run("job_info"))["lines"]


def watched(stage: Stage, module: str, check_mode: bool = False, **options: Any) -> list[str]:
    """What the action plugin of a module would show, from the file that the module writes."""
    place, scene, shown = stage.folder / "progress", stage.open(acme()), []
    describe = adverity_requeue.describe if module == "requeue" else lambda state, _seconds: watched_action.describe_wait(state)

    def look(_world: Any) -> None:
        if place.exists():
            shown.append(describe(json.loads(place.read_text("utf-8")), 120))

    scene.service.change({"loading": {"load_seconds": 600}})
    if module != "requeue":
        scene.run("requeue", **SEND)
        scene.service.change({"add": {"jobs": [{"id": 9, "datastream_id": 456, "scheduled": MOMENT, "start": MOMENT}]}})
    scene.pass_time(10)
    stage.patch.setenv(progress.FILE, str(place))
    scene.service.script(times=None, changes=look)
    scene.run(module, check_mode, **options)
    return shown


ROWS: dict[str | tuple[str, ...], Given] = {
    # The summary
    "Destination ... - nothing to do": deployed(target_id=789, before=[("role", {"target_id": 789})]),
    "Destination ... - nothing was done, see the warnings": deployed(
        target_id=789, before=[("binding", {"target_id": 789, "enabled": True}), ("role", {"target_id": 789})],
    ),
    "Check mode, nothing was written. A real run would": deployed(True, target_id=789),
    "Nothing was done, because the deployment could not be planned": deployed(target_id=4711),
    ("creating the destination and its assignments", "not assigned"): deployed(**NEW, faults=[status(401, "targets", "POST")]),
    "writing the plan into the ledger": deployed(target_id=789, faults=[status(400, "v1/bindings/$", skip=1)]),
    "setting the datastreams": deployed(target_id=789, **STREAMS, pulling_mode="smart", faults=[status(401, "datastreams", "PATCH")]),
    ("writing the bindings", "... - not enabled, ...", "..., history not sent"): deployed(target_id=789, faults=[status(401, PATCHED, "PATCH")]),
    (
        "sending the history", "Failed while ..., see the error. The later steps did not run",
        "Correct the cause and run it again. What was done is not done twice",
    ): deployed(target_id=789, faults=[status(401, POSTED, "POST")]),
    "enabling the datastreams": deployed(
        target_id=789, **STREAMS, datastream_enabled=True, faults=[status(401, "datastreams", "PATCH")],
        changes=[{"edit": {"datastreams": [{"id": 456, "enabled": False}]}}],
    ),
    "Failed while looking at what became of the loads, after everything else was done": deployed(**WAIT, faults=[status(403, "api/errors")]),
    ("Something is left open, see the last task", "... by UUID - not enabled, because something is left open"): deployed(
        target_id=789, **STREAMS, datastream_enabled=True, changes=[{"refuse": [4560001]}],
    ),
    "Sent means dispatched. Adverity loads in the background": deployed(target_id=789),
    "assigned, but its binding does not show yet. Run this again": deployed(**NEW, switches={"binding_appears": "never"}),
    "nothing to send": deployed(target_id=789, before=[("role", {"target_id": 789})], datastream_ids=[456], **STREAMS, pulling_mode="smart"),
    "history not sent, see the warning": deployed(target_id=790, **STREAMS, pulling_mode="smart"),
    "sending failed, see the error": deployed(target_id=789, faults=[status(401, "api/extracts")]),
    "unknown whether it is enabled": deployed(target_id=789, faults=[
        {"method": "PATCH", "path": PATCHED, "drop": "before"}, status(400, "v1/bindings/$", skip=3)]),
    "... - not written, ...": deployed(target_id=789, faults=[status(401, PATCHED, "PATCH")], switches={"binding_rows": "no_enabled"}),
    "... extracts as loaded": deployed(target_id=790, backfill="recorded"),
    "set the smart schedule": deployed(True, target_id=789, **STREAMS, smart_pulling={"frequency": "weekly"}),
    "smart schedule set now": deployed(target_id=789, **STREAMS, smart_pulling={"frequency": "weekly"}),
    "set the pulling mode": deployed(True, target_id=789, **STREAMS, pulling_mode="smart"),
    "pulling mode set now": deployed(target_id=789, **STREAMS, pulling_mode="smart"),
    "... extracts sent, ... done before": deployed(
        target_id=789, before=[("role", {"target_id": 789, "backfill_from": "2026-03-08", "datastream_ids": [456]})], backfill="always",
    ),
    "... extracts sent, ... settled as dispatched": deployed(**SETTLED),
    "send ... extracts, settle ... as dispatched": deployed(True, **SETTLED),
    "not sent yet": deployed(target_id=789, changes=[{"refuse": list(range(4560001, 4560008))}]),
    ("Still loading when the time to wait was over", "Adverity is processing the extract"): task(
        "role", **WAIT, changes=[{"loading": {"load_seconds": 10**6}}],
    ),
    "Nothing that Adverity shows tells whether the unconfirmed extracts were loaded": task("role", **WAIT, changes=[{"fail": [{"extract_id": 4560001}]}]),
    "Then set deploy_destination_on_failed: requeue to send them again, or warn to leave them out": task("role", **WAIT, changes=FAILS),
    "the next run sends them again": task("role", **WAIT, changes=FAILS, on_failed="requeue"),
    "and ... more, see the result of Follow the loads": task("role", **WAIT, world=failing_datastreams),
    # The report
    ("This ledger is empty", "no backfill in the ledger"): reported(),
    "A run is in progress. What it is sending now counts as unknown": story(meanwhile(report, method="POST", path=POSTED), ("requeue", SEND)),
    (
        "Nothing in the ledger is pending, unknown, refused or failed", "Of what was sent - ... loaded, ... failed to load, ... loading, ... unconfirmed",
    ): reported(("requeue", SEND)),
    "Not read - outcomes - ...": reported(("requeue", SEND), fault(**status(403, "api/errors"))),
    "Needs attention - binding ..., datastream ..., destination ... - ...": reported(("requeue", {**SEND, "limit": 1})),
    ("planned, not started", "enabled, ... backfill planned"): reported(("requeue", {**SEND, "state": "planned"})),
    (
        "Not seen by this key - binding ..., datastream ... - ...", "there is nothing to do. If not, run this with a key that can see the binding",
    ): reported(("requeue", {**SEND, "limit": 1}), {"remove": {"bindings": [55]}}),
    "all bindings that were enabled": story(
        fault(method="POST", path=POSTED, drop="after"), ("requeue", {"extract_ids": [4560001]}), report,
    ),
    (
        "and ... more destinations", "and ... more bindings need attention", "and ... more bindings are not seen by this key", "and ... more open issues",
        "and ... more jobs under way",
    ): story(
        ("requeue", {"target_id": 2001, "datastream_ids": [1], "state": "planned"}), great_report, world=great_world,
    ),
    # Progress
    "Sending: datastream ..., binding ..., ... of ... extracts, about ... left":
        lambda stage: watched(stage, "requeue", **SEND, batch_size=2),
    "Waiting: ... of ... extracts loaded, ... failed, ... loading, ... unconfirmed, ... left at most": lambda stage: watched(stage, "load_info", wait=60),
    "Waiting: ... of ... jobs unfinished (...), ... left at most": lambda stage: watched(stage, "job_info", wait=60),
}  # fmt: skip
