# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role as Ansible runs it: the order of its steps, check mode, ignored errors, variables as text. Its decisions: tests/unit/plugins/contract."""

from __future__ import annotations

import re

import yaml
from adverity_harness.observed_api import BINDINGS, REQUEUE
from adverity_harness.place import ROOT
from adverity_harness.runs import COLLECTION, at, refused, role
from adverity_harness.world import World, setting, uuid, uuids

LIST, SMART = "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
BOTH = uuids([456, 457])
FORBIDDEN = {"code": 403, "body": {"detail": "Forbidden."}}


def three(**fields):
    world = World()
    for number in range(3):
        world.datastream(456 + number, extracts=2, **fields).binding(123 + number, 456 + number)
    return world


def deploy(scene, check=False, **variables):
    extra_vars = {f"deploy_destination_{name}": value for name, value in variables.items()}
    return scene.play(f"{COLLECTION}.deploy_destination", check=check, diff=True, extra_vars=extra_vars)


def summaries(run):
    return [result["msg"] for result in run.of("Show the summary")]


def test_steps_come_in_their_order_as_check_mode_tells_before_and_once(begin):
    scene = begin(three(enabled=False, smart=setting(), active_mode="schedule"), switches={"smart_coupling": "independent"})
    weekly = {"is_active": True, "frequency": "weekly"}
    wanted = dict(
        target_id=789, datastream_ids=[456, 457], batch_size=1,
        datastream_uuids=BOTH, datastream_enabled=True, pulling_mode="smart", smart_pulling=weekly,
    )  # fmt: skip
    before = scene.datastreams()
    planned = deploy(scene, check=True, **wanted)
    assert (scene.writes(), scene.datastreams(), scene.ledger.parent.exists()) == ([], before, False)

    done = deploy(scene, **wanted)
    enabled = [("PATCH", f"{BINDINGS}{number}/", {"enabled": True}) for number in (123, 124)]
    sent = [
        ("POST", REQUEUE, {"extract_ids": [extract], "binding_ids": [datastream - 333], "sequential": True})
        for datastream in (456, 457) for extract in scene.world.aged(datastream)
    ]  # fmt: skip
    assert [(row["method"], row["path"], row["body"]) for row in scene.writes()] == [
        ("PUT", SMART, weekly), ("PATCH", LIST, {"pulling": {"active_mode": "smart"}}), *enabled, *sent, ("PATCH", LIST, {"enabled": True}),
    ]  # fmt: skip
    words = "2 datastreams by UUID - "
    due = [words + text for text in ("set the smart schedule", "set the pulling mode", "enable")]
    assert [line for line in summaries(planned)[0] if words in line] == due
    assert done.changed == planned.changed
    assert done.custom["deploy_destination"] == {**planned.custom["deploy_destination"], "check_mode": False}
    diffs = [[run.of(name)[0]["diff"] for name in ("adverity_smart_pulling", "adverity_binding")] for run in (planned, done)]
    assert diffs[0] == diffs[1]
    assert [line for line in done.output.splitlines() if line.startswith("+ ") and line.strip("+ ,") == '"frequency": "weekly"']

    scene.forget()
    again = deploy(scene, target_id=789, datastream_ids=[456, 457])
    assert (scene.writes(), again.changed) == ([], 0)
    assert len(again.output.splitlines()) <= 30, "hardly more than a screen"


def test_check_mode_of_the_tasks_alone_is_told_as_such(begin):
    scene = begin(World().datastream(456, extracts=3).binding(123, 456))
    task = role(target_id=789)
    task["ansible.builtin.include_role"]["apply"] = {"check_mode": True}
    run = scene.play([task])
    assert scene.writes() == []
    assert summaries(run) == [
        [
            "Destination 789, Destination no. 789",
            "Check mode, nothing was written. A real run would",
            "datastream 456, binding 123 - enable, send 3 extracts",
        ]
    ]
    assert run.custom["deploy_destination"]["check_mode"] is True


def ignoring(**variables):
    """A task that imports the role, and goes on where it fails."""
    task = role(**variables)
    task["ansible.builtin.import_role"] = task.pop("ansible.builtin.include_role")
    return {**task, "ignore_errors": True}


def test_where_errors_are_ignored_the_summary_says_what_is_so_and_no_later_step_breaks_the_order(begin):
    binding, request, plan = (begin(three(enabled=False)) for _each in range(3))
    binding.service.fault(method="PATCH", skip=1, status=FORBIDDEN)
    request.service.fault(method="POST", skip=1, status=FORBIDDEN)
    plan.ledger.parent.write_text("no folder")
    enabling = {"datastream_uuids": [uuid(456)], "datastream_enabled": True, "batch_size": 1}
    run = request.play([at(binding, ignoring(target_id=789)), ignoring(target_id=789, **enabling), at(plan, ignoring(target_id=789))])
    others, told, nothing = summaries(run)
    assert [line.split(" - ")[-1] for line in others[1:4]] == [
        "enabled now, 2 extracts sent", "not enabled, history not sent", "enabled now, 2 extracts sent",
    ]  # fmt: skip
    assert binding.enabled() == [123, 125]
    assert "datastream 456, binding 123 - enabled now, 1 extract sent, 1 not sent yet" in told
    assert "1 datastream by UUID - not enabled, because something is left open" in told
    assert others[-1] == told[-1] == "Something is left open, see the last task"
    assert not [row for row in request.writes() if row["path"] == LIST], "its first fetch would come before its history"
    assert nothing == ["Nothing was done, because the deployment could not be planned. See the error above"]
    assert plan.writes() == []


SPEC = yaml.safe_load((ROOT / "roles" / "deploy_destination" / "meta" / "argument_specs.yml").read_text("utf-8"))
EMPTY = dict.fromkeys((name.removeprefix("deploy_destination_") for name in SPEC["argument_specs"]["main"]["options"]), "")
# By a word of the message: Ansible's check of the role's arguments, and two that go through it. All others: _deploy/test_deployment_options.py.
REFUSALS = {
    "when_needed, always, never": {"backfill": "sometimes"},
    "is a UUID, but this option takes an integer ID": {"datastream_ids": [uuid(456)]},
    "Supported parameters": {"smart_pulling": {"deadlin": "06:30"}, "datastream_uuids": [uuid(456)]},
}


def test_variables_come_as_text_from_a_survey_or_empty_and_wrong_ones_are_refused_by_name(begin):
    scene = begin(three().datastream(460, extracts=3).binding(130, 460, target=790))
    typed = dict(
        target_id="789", datastream_ids="456,457", enabled="true", sequential="no", batch_size="1", force="false",
        backfill="when_needed", on_unknown="fail",
    )  # fmt: skip
    wrong = [refused(role(**{"target_id": 789, **variables})) for variables in REFUSALS.values()]
    run = scene.play([*wrong, role(**typed), role(**{**EMPTY, "target_id": 790})])
    assert len(run.failures) == len(REFUSALS)
    for failure, (word, variables) in zip(run.failures, REFUSALS.items()):
        assert word in failure["msg"]
        assert f"deploy_destination_{next(iter(variables))}" in failure["msg"]
    assert [number for number, _body in scene.patches()] == [123, 124, 130], "what was refused wrote nothing"
    assert [(body["binding_ids"], len(body["extract_ids"]), body["sequential"]) for body in scene.posts()] == [
        *[([123], 1, False)] * 2, *[([124], 1, False)] * 2, ([130], 3, True),
    ]  # fmt: skip


def test_an_error_that_ends_the_writing_is_the_message_of_the_last_task_after_the_summary(begin):
    scene = begin(three(enabled=False))
    scene.service.fault(method="POST", skip=1, status={"code": 401, "body": {"detail": "Expired."}})
    run = scene.play([role(target_id=789, batch_size=1)], fails=True)
    (failure,) = run.failures
    assert re.match(r"POST /api/v1/\S+ returned 401: .*Check api_key", failure["msg"])
    assert "failed_when" not in run.output
    assert run.custom["deploy_destination"]["failed_step"] == "send"
