# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role has to do, from its variables, the bindings and the ledger; and what it says at its end."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._deploy import plan as _plan
from ansible_collections.adverity.management.plugins.module_utils._deploy import summary
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings as _bindings
from ansible_collections.adverity.management.tests.unit.plugins import in_process

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
OFF, ON = {"enabled": False, "updated": "2026-01-01T00:00:00Z"}, {"enabled": True, "updated": "2026-01-01T00:00:00Z"}
CLOCK = "2026-01-02T00:00:00Z"


def sent(*window):
    """A binding that was seen enabled, and its history of a window sent."""
    return [
        BindingFact(FactKind.ROW, at=CLOCK, clock=CLOCK, **ON),
        *(BindingFact(kind, at=CLOCK, clock=CLOCK, window=window or (None, None)) for kind in (FactKind.LISTED, FactKind.FINISHED)),
    ]


KNOWN = {5: sent()}
LOAD = ["plan", "enable", "send"]


def row(binding_id, datastream_id=456, **more):
    return dict({"id": binding_id, "datastream_id": datastream_id, "target_id": 789, "target_name": "DWH"}, **more)


@pytest.fixture
def make(scripted, sqlite_place):
    def make(*rows, facts=None, removed=None, check_mode=False, **variables):
        scripted.expect("GET", _bindings.PATH, {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": list(rows), "count": len(rows)})
        if facts or removed:
            with sqlite_place.open(host=scripted.host) as ledger:
                ledger.note(facts or {}, [removed] if removed else [], [Entry(removed.binding_id, 1, removed.datastream_id, None)] if removed else [])
        before = sqlite_place.content()
        params = {"ledger": sqlite_place.ledger, "ledger_password": None, "ledger_wait": 0, "names": [], "variables": {"target_id": "789", **variables}}
        try:
            result = in_process.as_dict(_plan.make(scripted, params, check_mode))
        except InputError:
            assert sqlite_place.content() == before
            raise
        if check_mode or {"plan", "enable", "send"}.intersection(result["steps"]):
            assert sqlite_place.content() == before
        return result

    return make


@pytest.mark.parametrize(
    ("rows", "facts", "variables", "actions", "steps"),
    [
        ([row(5, **OFF)], {}, {}, ["backfill"], LOAD),
        ([row(5, **ON)], {}, {}, ["left_alone"], []),
        ([row(5, **ON)], {}, {"backfill": "always"}, ["backfill"], LOAD),
        ([row(5, **ON)], {}, {"backfill": "never"}, ["none"], []),
        ([row(5, **OFF)], {}, {"backfill": "never"}, ["none"], ["enable"]),
        ([row(5, **ON)], {}, {"enabled": "no"}, ["none"], ["enable"]),
        ([row(5, **OFF)], {}, {"enabled": "no", "backfill": "always"}, ["none"], []),
        ([row(5, **ON)], KNOWN, {}, ["done"], []),
        ([row(5)], KNOWN, {}, ["done"], []),  # the list does not tell, the ledger does
        ([row(5, **ON)], {}, {"backfill": "recorded"}, ["record"], ["enable", "send"]),
        ([row(5, **ON)], {5: sent("2026-01-01T00:00:00Z", None)}, {}, ["left_alone"], []),  # enabled by hand, and a part was asked for
        ([row(5, **ON)], {5: [sent()[0], BindingFact(FactKind.PLANNED, at=CLOCK)]}, {}, ["backfill"], LOAD),
        ([row(5, **{**ON, "updated": "2026-01-03T00:00:00Z"})], KNOWN, {}, ["backfill"], LOAD),  # switched by hand
        ([row(5, **OFF), row(6, 457, **ON), row(7, 458, **ON)], {7: sent()}, {}, ["backfill", "left_alone", "done"], LOAD),
        ([row(5, **ON)], KNOWN, {"datastream_uuids": UUID, "pulling_mode": "smart"}, ["done"], ["prepare"]),
        ([row(5, **OFF)], {}, {"datastream_uuids": UUID, "datastream_enabled": "yes"}, ["backfill"], ["plan", "prepare", "enable", "send", "switch_on"]),
    ],
)
def test_what_has_to_be_done(make, rows, facts, variables, actions, steps):
    result = make(*rows, facts=facts, **variables)
    assert [one["action"] for one in result["bindings"]] == actions
    assert (result["changed"], result["steps"], result["target_id"]) == (False, steps, 789)
    assert len(result["warnings"]) == actions.count("left_alone")


@pytest.mark.parametrize(("backfill", "action", "steps"), [("when_needed", "left_alone", ["enable"]), ("always", "backfill", LOAD)])
def test_an_assignment_that_was_made_again_is_left_alone(make, backfill, action, steps):
    result = make(row(5, **OFF), removed=BindingRow(4, 456, 789, 0), backfill=backfill)
    assert ([each["action"] for each in result["bindings"]], result["steps"]) == ([action], steps)
    assert [warning.partition(":")[0] for warning in result["warnings"]] == (["Assigned again"] if action == "left_alone" else [])


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_with_nothing_to_do_records_what_it_saw(make, scripted, sqlite_place, check_mode):
    """So that a later change by hand leaves unknown what was fetched since this run, not since the deployment."""
    scripted.date = datetime(2026, 1, 9, tzinfo=timezone.utc)
    assert make(row(5, **ON), row(6, 457, **ON), facts=KNOWN, check_mode=check_mode)["steps"] == []
    with sqlite_place.open(LOOK, scripted.host) as ledger:
        histories = ledger.histories()
    assert list(histories) == ([5] if check_mode else [5, 6])
    assert histories[5].facts[-1].clock == (CLOCK if check_mode else "2026-01-09T00:00:00Z")
    assert len(histories[5].facts) == (3 if check_mode else 4)


def test_a_run_with_nothing_to_do_waits_for_nobody(make, scripted, sqlite_place, fork):
    def work(child):
        with sqlite_place.open(host=scripted.host) as ledger:
            ledger.take_turn([5])
            child.say("held")
            child.wait()

    child = fork(work)
    assert child.hear() == "held"
    result = make(row(5, **ON), facts=KNOWN)
    assert ([each["action"] for each in result["bindings"]], result["steps"]) == (["done"], [])
    with sqlite_place.open(LOOK, scripted.host) as ledger:
        assert len(ledger.histories()[5].facts) == 3


def test_only_the_datastreams_that_are_named(make):
    rows = [row(5, **OFF), row(6, 457, **OFF), row(7, 458, **OFF)]
    assert [one["binding_id"] for one in make(*rows, datastream_ids="458, 456")["bindings"]] == [5, 7]
    with pytest.raises(InputError) as caught:
        make(*rows, datastream_ids="456, 999")
    assert str(caught.value) == (
        "deploy_destination_datastream_ids: not found among the datastreams that are bound to target_id 789, as far as this key can see: 999."
        " Nothing was changed."
    )


def test_wrong_variables_are_refused_before_anything_is_asked(scripted):
    with pytest.raises(InputError, match="deploy_destination_batch_size"):
        _plan.make(scripted, {"variables": {"target_id": 789, "batch_size": "51"}}, False)


def test_the_options_are_those_of_the_modules(make):
    options = make(row(5, **OFF), datastream_ids="456\n", force="yes", on_unknown="skip", on_refused="skip", batch_size="7")["options"]
    meant = {"datastream_ids": [456], "force": True, "on_unknown": "skip", "on_refused": "skip", "batch_size": 7}
    assert {name: options[name] for name in meant} == meant
    assert make(row(5, **OFF), enabled="no")["options"]["backfill"] == "never"


# The summary


def plan_of(*actions, enabled=True, target_name="DWH", **options):
    return {
        "check_mode": False,
        "target_id": 789,
        "name": None,
        "options": dict({"enabled": enabled, "datastream_enabled": None}, **options),
        "bindings": [
            {"binding_id": 5 + number, "datastream_id": 456 + number, "target_id": 789, "target_name": target_name, "enabled": False, "action": action}
            for number, action in enumerate(actions)
        ],
    }


def counted(binding_id, **more):
    names = ("requeued", "skipped", "recorded", "loaded_by_itself", "unknown", "refused", "failed", "remaining")
    return dict(dict.fromkeys(names, 0), binding_id=binding_id, **more)


WRITTEN = {"affected": {"binding_ids": [5]}}


@pytest.mark.parametrize(
    ("plan", "enabled", "requeued", "check_mode", "lines"),
    [
        (
            plan_of("done", target_name="evil\n\nTASK [x]\x1b[31m"), {}, {}, False,
            ["Destination 789, evil TASK [x] [31m - nothing to do", "datastream 456, binding 5 - enabled before, nothing to send"],
        ),
        (
            plan_of("backfill", "done"), WRITTEN, {"extract_count": 3, "summary": [counted(5, requeued=3, skipped=1, loaded_by_itself=2)]}, False,
            [
                "Destination 789, DWH",
                "datastream 456, binding 5 - enabled now, 3 extracts sent, 1 done before, 2 loaded automatically",
                "datastream 457, binding 6 - enabled before, nothing to send",
                "Sent means dispatched. Adverity loads in the background. See Datastream > Activity", "for the state of each extract, and Issues for errors.",
            ],
        ),
        (
            plan_of("backfill"), WRITTEN, {"extract_count": 3, "summary": [counted(5, requeued=3, unknown=1, refused=2, remaining=4)]}, True,
            [
                "Destination 789, DWH", "Check mode, nothing was written. A real run would",
                "datastream 456, binding 5 - enable, send 3 extracts, 1 unknown, 2 refused, 4 not sent yet",
            ],
        ),
        (plan_of("none", enabled=False), WRITTEN, {}, False, ["Destination 789, DWH", "datastream 456, binding 5 - disabled now"]),
        (
            plan_of("none", enabled=False), WRITTEN, {}, True,
            ["Destination 789, DWH", "Check mode, nothing was written. A real run would", "datastream 456, binding 5 - disable"],
        ),
    ],
)  # fmt: skip
def test_the_lines_of_the_summary(plan, enabled, requeued, check_mode, lines):
    made = summary.make(dict(plan, check_mode=check_mode), {}, enabled, requeued, {})
    assert made["lines"] == lines
    assert not any(":" in line or line != line.strip() for line in lines)


def test_the_data_of_the_summary():
    requeued = {"extract_count": 3, "summary": [counted(5, requeued=3, refused=1)]}
    datastreams = {"pulling_mode": {"affected": {"datastream_ids": [UUID]}}, "enabled": {}}
    assert summary.make(plan_of("backfill", "done"), {}, WRITTEN, requeued, datastreams)["data"] == {
        "target_id": 789, "name": None, "created": False, "enabled": True, "check_mode": False, "written_binding_ids": [5], "extract_count": 3,
        "changed": True,
        "written_datastream_ids": {"smart_pulling": [], "pulling_mode": [UUID], "enabled": []},
        "bindings": [
            dict(counted(5, requeued=3, refused=1), datastream_id=456, name=None, written=True, backfill="backfill"),
            dict(counted(6), datastream_id=457, name=None, written=False, backfill="done"),
        ],
    }  # fmt: skip


@pytest.mark.parametrize(("check_mode", "line"), [(False, "2 datastreams by UUID - disabled now"), (True, "2 datastreams by UUID - disable")])
def test_datastreams_by_uuid_in_the_summary(check_mode, line):
    datastreams = {"enabled": {"affected": {"datastream_ids": ["a", "b"]}}, "smart_pulling": {"affected": {"datastream_ids": ["a"]}}}
    plan = dict(plan_of("done", datastream_enabled=False), check_mode=check_mode)
    lines = summary.make(plan, {}, {}, {}, datastreams)["lines"]
    assert line in lines
    assert any(one.startswith("1 datastream by UUID - ") for one in lines)


def new_binding(datastream_id, name, **more):
    return dict({"binding_id": None, "datastream_id": datastream_id, "target_id": None, "enabled": False, "action": "backfill", "name": name}, **more)


@pytest.mark.parametrize(
    ("check_mode", "requeued", "lines"),
    [
        (
            True, {},
            ["Destination DWH", "Check mode, nothing was written. A real run would", "destination - create",
             "datastream 456, Google Ads - assign, enable, send 7 extracts"],
        ),
        (
            False,
            {"bindings": [{"binding_id": 9, "datastream_id": 456, "action": "backfill", "enabled": True}], "summary": [counted(9, requeued=7)],
             "extract_count": 7},
            ["Destination 800, DWH", "destination - created now", "datastream 456, Google Ads, binding 9 - enabled now, 7 extracts sent",
             "Sent means dispatched. Adverity loads in the background. See Datastream > Activity", "for the state of each extract, and Issues for errors."],
        ),
        (
            False, {},
            ["Destination 800, DWH", "destination - created now", "datastream 456, Google Ads - assigned, but its binding does not show yet. Run this again"],
        ),
    ],
)  # fmt: skip
def test_the_summary_of_a_new_destination(check_mode, requeued, lines):
    plan = dict(plan_of(), check_mode=check_mode, target_id=None, name="DWH", bindings=[new_binding(456, "Google Ads", extract_count=7)])
    made = {"changed": True, "created": True, "destination": {} if check_mode else {"id": 800}}
    result = summary.make(plan, made, {"affected": {"binding_ids": [9] if requeued else []}}, requeued, {})
    assert result["lines"] == lines
    assert result["data"]["created"] is True


# The summary where a step failed, and the play goes on (ignore_errors)

LOST = {"affected": {"binding_ids": [5]}, "remaining": {"binding_ids": [6, 7]}, "unknown": {"binding_ids": [6]}}


@pytest.mark.parametrize(
    ("failed", "enabled", "requeued", "states"),
    [
        ("plan", {}, {}, ["not enabled, history not sent", "not enabled, history not sent", "not enabled, history not sent"]),
        (
            "enable", dict(LOST, unknown={"binding_ids": []}), {},
            ["enabled now, history not sent", "not enabled, history not sent", "not enabled, history not sent"],
        ),
        ("enable", LOST, {}, ["enabled now, history not sent", "unknown whether it is enabled, history not sent", "not enabled, history not sent"]),
        ("send", WRITTEN, {"msg": "no"}, ["enabled now, sending failed, see the error", *["enabled before, sending failed, see the error"] * 2]),
        (
            "send", WRITTEN, {"extract_count": 2, "summary": [counted(5, requeued=2, remaining=1), counted(6, unknown=4)]},
            ["enabled now, 2 extracts sent, 1 not sent yet", "enabled before, 0 extracts sent, 4 unknown", "enabled before, 0 extracts sent"],
        ),
        ("switch_on", WRITTEN, {"extract_count": 2, "summary": [counted(5, requeued=2)]}, [
            "enabled now, 2 extracts sent", "enabled before, 0 extracts sent", "enabled before, 0 extracts sent"]),
    ],
)  # fmt: skip
def test_the_summary_of_a_step_that_failed_says_what_is_so(failed, enabled, requeued, states):
    result = summary.make(plan_of("backfill", "backfill", "backfill"), {}, enabled, requeued, {}, failed=failed)
    found = [line.split(" - ")[1] for line in result["lines"] if line.startswith("datastream")]
    assert found == states
    assert result["lines"][0] == "Destination 789, DWH"
    assert result["lines"][1].startswith("Failed while ")
    assert result["lines"][-1] == "Correct the cause and run it again. What was done is not done twice"
    assert result["data"]["failed_step"] == failed


def test_what_was_enabled_before_is_so_where_a_step_failed():
    plan = plan_of("backfill", "backfill", enabled=True)
    plan["bindings"][0]["enabled"], plan["bindings"][1]["enabled"] = True, None
    result = summary.make(plan, {}, {"affected": {"binding_ids": []}, "remaining": {"binding_ids": [6]}}, {}, {}, failed="enable")
    assert [line.split(" - ")[1] for line in result["lines"] if line.startswith("datastream")] == [
        "enabled before, history not sent", "not written, history not sent",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("failed", "assigned", "state"),
    [
        ("create", {}, "not assigned, history not sent"),
        ("create", {"affected": {"datastream_ids": [456]}}, "assigned, but its binding does not show yet. Run this again, history not sent"),
        ("enable", {"assignments": [{"datastream_id": 456, "binding_id": 9}]}, "not enabled, history not sent"),
        (None, {"assignments": [{"datastream_id": 456, "binding_id": 9}]}, "enabled now"),
    ],
)
def test_a_new_binding_is_what_its_assignment_says(failed, assigned, state):
    action = "backfill" if failed else "none"
    plan = dict(plan_of(), target_id=None, name="DWH", bindings=[new_binding(456, "Google Ads", action=action)])
    result = summary.make(plan, {}, {} if failed else {"affected": {"binding_ids": [9]}}, {}, {}, assigned, failed)
    assert [line.split(" - ")[1] for line in result["lines"] if line.startswith("datastream")] == [state]


def test_the_summary_of_a_plan_that_failed():
    assert summary.make({"failed": True, "msg": "no"}, {}, {}, {}, {}) == {
        "lines": ["Nothing was done, because the deployment could not be planned. See the error above"], "data": {"failed_step": "plan"},
    }  # fmt: skip
