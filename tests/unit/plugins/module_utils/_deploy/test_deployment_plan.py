# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role has to do, from its variables, the bindings and the ledger; and what it says at its end.

What becomes of a history: _requeue/test_decision.py. What is then written, in which order: contract/test_role.py. That each line is given by a run:
messages/lines.py.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._deploy import summary
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World, uuid
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import HOST

LOAD = ["plan", "enable", "send"]
STREAMS = {"datastream_uuids": [uuid(456)]}


def bound(*enabled):
    """A world with the bindings 5, 6, ... of the datastreams 456, 457, ... to destination 789, which are enabled, or not."""
    world = World()
    for number, is_enabled in enumerate(enabled):
        world.datastream(456 + number).binding(5 + number, 456 + number, enabled=is_enabled)
    return world


def plan(scene, check_mode=False, **variables):
    return scene.run("deployment_info", check_mode, variables={"target_id": 789, **variables})


def actions(result):
    return [each["action"] for each in result["bindings"]]


@pytest.mark.parametrize(
    ("enabled", "sent", "variables", "expected", "steps"),
    [
        ([False], [], {}, ["backfill"], LOAD),
        ([True], [], {}, ["left_alone"], []),
        ([True], [], {"backfill": "always"}, ["backfill"], LOAD),
        ([True], [], {"backfill": "never"}, ["none"], []),
        ([False], [], {"backfill": "never"}, ["none"], ["enable"]),
        ([True], [], {"enabled": "no"}, ["none"], ["enable"]),
        ([False], [], {"enabled": "no", "backfill": "always"}, ["none"], []),
        ([True], [], {"backfill": "recorded"}, ["record"], ["enable", "send"]),
        ([True], [456], {}, ["done"], []),
        ([False, True, True], [458], {}, ["backfill", "left_alone", "done"], LOAD),
        ([True], [456], {**STREAMS, "pulling_mode": "smart"}, ["done"], ["prepare"]),
        ([False], [], {**STREAMS, "datastream_enabled": "yes"}, ["backfill"], ["plan", "prepare", "enable", "send", "switch_on"]),
        ([True], [456], {"wait": 60}, ["done"], ["follow"]),
    ],
)
def test_plan_has_an_action_for_each_binding_and_the_steps_that_these_need(begin, enabled, sent, variables, expected, steps):
    """``sent``: the datastreams whose history was sent before."""
    scene = begin(bound(*enabled))
    if sent:
        scene.run("requeue", datastream_ids=sent, target_id=789)
        scene.forget()
    with scene.no_write():
        assert actions(plan(scene, True, **variables)) == expected
    result = plan(scene, **variables)
    assert (actions(result), result["steps"]) == (expected, steps)
    assert (result["changed"], result["target_id"], len(result["warnings"])) == (False, 789, expected.count("left_alone"))
    assert scene.writes() == []


@pytest.mark.parametrize("variables", [{"datastream_ids": "456, 999"}, {}])
def test_run_that_fails_or_has_something_to_do_records_nothing(begin, variables):
    scene = begin(bound(False))
    plan(scene, **variables)
    assert not scene.ledger.exists()


def test_run_with_nothing_to_do_waits_for_nobody(begin):
    scene = begin(bound(True))
    scene.run("requeue", datastream_ids=[456], target_id=789)
    before = scene.histories()[5].facts
    with Ledger(str(scene.ledger), None, HOST, WRITE) as ledger:
        ledger.take_turn([5])
        assert plan(scene)["steps"] == []
    assert scene.histories()[5].facts == before
    assert sum(scene.waits) < 1


# The summary

ON = {"enabled": True}
NEW = {"binding_id": None, "name": "Google Ads", "extract_count": 7}
WRITTEN, FOUND = ({"affected": {"binding_ids": [number]}} for number in (5, 9))
ASSIGNED = {"assignments": [{"datastream_id": 456, "binding_id": 9}]}
NOT_SHOWN = "assigned, but its binding does not show yet. Run this again"


def planned(*bindings, is_enabled=True, **more):
    """The result of a plan for bindings 5, 6, ... that are disabled, and whose history is to be sent, unless they say otherwise."""
    rows = [
        {"binding_id": 5 + number, "datastream_id": 456 + number, "target_name": "DWH", "enabled": False, "action": "backfill", **each}
        for number, each in enumerate(bindings)
    ]
    options = {"enabled": is_enabled, "datastream_enabled": None}
    return {"check_mode": False, "target_id": 789, "name": None, "options": options, "bindings": rows, **more}


def sent(binding_id=5, **counts):
    """The result of a requeue into a binding."""
    changed = any(counts.get(name) for name in ("requeued", "settled"))
    return {"changed": changed, "extract_count": counts.get("requeued", 0), "summary": [{"binding_id": binding_id, **counts}]}


def summarize(plan_result, made=None, enabled=None, requeued=None, assigned=None, failed=None):
    return summary.make(plan_result, made or {}, enabled or {}, requeued or {}, {}, assigned, failed)


@pytest.mark.parametrize(
    ("binding", "results", "words"),
    [
        ({"action": "done"}, {}, "enabled before, nothing to send"),
        ({}, {"enabled": WRITTEN, "requeued": sent(requeued=3, skipped=1, loaded_by_itself=2)},
         "enabled now, 3 extracts sent, 1 done before, 2 loaded automatically"),
        ({}, {"enabled": WRITTEN, "requeued": sent(requeued=1, unknown=1, refused=2, failed=3, remaining=4)},
         "enabled now, 1 extract sent, 1 unknown, 2 refused, 3 failed, 4 not sent yet"),
        ({}, {"requeued": sent(requeued=2)}, "enabled before, 2 extracts sent"),
        ({"action": "record"}, {"requeued": sent(recorded=3, skipped=3)}, "enabled before, recorded 3 extracts as loaded"),
        # A step failed, and the play goes on (ignore_errors).
        ({}, {"failed": "plan"}, "not enabled, history not sent"),
        (ON, {"failed": "enable"}, "enabled before, history not sent"),
        ({}, {"failed": "enable", "enabled": WRITTEN}, "enabled now, history not sent"),
        ({}, {"failed": "send", "requeued": sent(requeued=2, remaining=1)}, "enabled before, 2 extracts sent, 1 not sent yet"),
        ({}, {"failed": "switch_on", "enabled": WRITTEN, "requeued": sent(requeued=2)}, "enabled now, 2 extracts sent"),
        # A binding that did not exist yet.
        (NEW, {"enabled": FOUND, "requeued": {**sent(9, requeued=7), "bindings": [
            {"binding_id": 9, "datastream_id": 456, "action": "backfill", "enabled": True}]}}, "enabled now, 7 extracts sent"),
        ({**NEW, "action": "none"}, {"assigned": ASSIGNED, "enabled": FOUND}, "enabled now"),
        (NEW, {"failed": "create", "assigned": {"affected": {"datastream_ids": [456]}}}, f"{NOT_SHOWN}, history not sent"),
        (NEW, {"failed": "enable", "assigned": ASSIGNED}, "not enabled, history not sent"),
    ],
)  # fmt: skip
def test_summary_says_what_is_so_of_a_binding_and_its_history(binding, results, words):
    lines = summarize(planned(binding), **results)["lines"]
    assert [line.split(" - ")[1] for line in lines if line.startswith("datastream")] == [words]


CHECK = "Check mode, nothing was written. A real run would"
BY_NAME = {"target_id": None, "name": "DWH"}
# The plan, the results, and the lines.
SUMMARIES = {
    "nothing to do": (
        planned({"action": "done", "target_name": "evil\n\nTASK [x]\x1b[31m"}), {},
        ["Destination 789, evil TASK [x] [31m - nothing to do", "datastream 456, binding 5 - enabled before, nothing to send"],
    ),
    "sent in check mode": (
        planned({}, check_mode=True), {"enabled": WRITTEN, "requeued": sent(requeued=3)},
        ["Destination 789, DWH", CHECK, "datastream 456, binding 5 - enable, send 3 extracts"],
    ),
    "disabled in check mode": (
        planned({"action": "none"}, is_enabled=False, check_mode=True), {"enabled": WRITTEN},
        ["Destination 789, DWH", CHECK, "datastream 456, binding 5 - disable"],
    ),
    "left open": (
        planned({}), {"requeued": {**sent(requeued=2, remaining=1), "unfinished": True, "msg": "One is left."}},
        ["Destination 789, DWH", "datastream 456, binding 5 - enabled before, 2 extracts sent, 1 not sent yet",
         "Sent means dispatched. Adverity loads in the background. See Datastream > Activity", "for the state of each extract, and Issues for errors.",
         "Something is left open, see the last task"],
    ),
    "created": (
        planned(NEW, **BY_NAME), {"made": {"changed": True, "created": True, "destination": {"id": 800}}},
        ["Destination 800, DWH", "destination - created now", f"datastream 456, Google Ads - {NOT_SHOWN}"],
    ),
    "created in check mode": (
        planned(NEW, **BY_NAME, check_mode=True), {"made": {"changed": True, "created": True, "destination": {}}},
        ["Destination DWH", CHECK, "destination - create", "datastream 456, Google Ads - assign, enable, send 7 extracts"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SUMMARIES)
def test_summary_has_plain_lines_without_colons_and_indentation(case):
    plan_result, results, lines = SUMMARIES[case]
    assert summarize(plan_result, **results)["lines"] == lines
    assert not any(":" in line or line != line.strip() for line in lines)


def test_data_of_the_summary_has_what_each_module_wrote():
    datastreams = {"pulling_mode": {"affected": {"datastream_ids": [uuid(456)]}}, "enabled": {}}
    made = summary.make(planned({}, {"action": "done"}), {}, WRITTEN, sent(requeued=3, refused=1), datastreams)
    none = dict.fromkeys(("requeued", "skipped", "recorded", "settled", "loaded_by_itself", "unknown", "refused", "failed", "remaining"), 0)
    assert made["data"] == {
        "target_id": 789, "name": None, "created": False, "enabled": True, "check_mode": False, "changed": True, "written_binding_ids": [5],
        "written_datastream_ids": {"smart_pulling": [], "pulling_mode": [uuid(456)], "enabled": []}, "extract_count": 3,
        "bindings": [
            {**none, "requeued": 3, "refused": 1, "binding_id": 5, "datastream_id": 456, "name": None, "written": True, "backfill": "backfill"},
            {**none, "binding_id": 6, "datastream_id": 457, "name": None, "written": False, "backfill": "done"},
        ],
    }  # fmt: skip
