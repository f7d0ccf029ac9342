# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module as a task: what Ansible makes of its options, and what it prints. What modules do is tested in process, secrets in the target role."""

from __future__ import annotations

import pytest
from adverity_harness.calls import CHANGES, READS, acme
from adverity_harness.place import ROOT
from adverity_harness.runs import COLLECTION, module, refused
from adverity_harness.world import KEY, World, setting, uuid, uuids

NOWHERE = {"ADVERITY_INSTANCE": None, "ADVERITY_API_KEY": None}
NAMES = ["it's \"quoted\"", "Ads \N{ROCKET}", "a/b/../c?d=e#f", " spaces  ", "{{ lookup('env', 'HOME') }}", "{{ 1 + 1 }}", "x" * 300, "2024", "n, m"]
DAYS, HALF_PAST_SIX = {"value": 3, "unit": "month"}, {"time": "06:30:00"}


@pytest.fixture(name="scene")
def fixture_scene(begin):
    return begin(acme())


def as_written(value):
    """A value as people and templates write it: numbers as templates, lists as text, yes and no."""
    if isinstance(value, dict):
        return {name: as_written(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_written(each) for each in value] if isinstance(value[0], dict) else ",".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{{{{ {value} }}}}" if isinstance(value, int) else value


# Tasks in which more is odd: what one task registers is an option of another one. The other modules have a task made of the first of their calls.
ODD_TASKS = [
    {**module("directory_info", workspaces="Acme", datastreams=["*"], connections=["Service account"]), "register": "found"},
    module("datastream_info", datastream_ids="{{ ids | join(',') }}", enabled="no"),
    module("datastream", datastream_id="{{ ids[0] }}", enabled="{{ false }}", pulling_mode="{{ 'smart' }}"),
    module("smart_pulling", datastream_ids="{{ ids[1:] }}", refresh_range={"value": "3", "unit": "month"}, deadline="06:30", is_active="false"),
    {
        **module("destination", type="bigquery", name="New", workspace="Acme", connection="Service account", settings="{{ bigquery }}"),
        "register": "made",
    },
    module(
        "assignment", type="bigquery", target_id="{{ made.destination.id | default(omit) }}",
        assignments="{{ [{'datastream_id': found.datastreams[0].id | string, 'table_name': 'n, m'}] }}",
    ),
    module("binding_info", binding_id="123", target_id="{{ target }}"),
    module("extract_info", datastream_id="456,457", limit="{{ 2 }}", created_to="2026-03-10"),
    module("requeue", datastream_id="{{ 455 + 1 }}", target_id="{{ target }}", batch_size="4", sequential="no", timeout="{{ 60 }}"),
    module("requeue_info", target_id="{{ target | string }}", summary_only="yes"),
    module("load_info", target_id="{{ target }}", datastream_id="456", wait="0", state_labels={"Importiert": "loaded"}),
    module("job_info", datastream_id=456, start="2026-01-01", wait="0"),
    module("issue_info", stages="Import,Load", acknowledged="no"),
    module("deployment_info", variables={"target_id": "789", "datastream_ids": "456, 457"}),
    module("ledger_copy", source="{{ kept }}", destination="{{ kept }}.copy"),
]  # fmt: skip
CALLS = {f"adverity_{name}": module(name, **as_written(options)) for name, options in reversed([*CHANGES.values(), *READS.values()]) if name != "role"}
TASKS = [*(task for name, task in CALLS.items() if name not in {odd["name"] for odd in ODD_TASKS}), *ODD_TASKS]
CHANGING = {f"adverity_{name}" for name, _options in CHANGES.values() if name != "role"} | {"adverity_ledger_copy"}


def test_every_module_takes_what_ansible_makes_of_its_options(scene):
    variables = {"ids": uuids([456, 457]), "target": 789, "bigquery": {"project": "acme-dwh", "dataset": "marketing"}, "kept": str(scene.ledger)}
    assert {one.stem for one in (ROOT / "plugins" / "modules").glob("adverity_*.py")} == {task["name"] for task in TASKS}
    before = scene.datastreams()
    allowed = ("Not enabled: binding 123",)  # by the time of the real run it is
    planned = scene.play(TASKS[:-1], check=True, diff=True, extra_vars=variables, warnings=allowed)
    assert scene.writes() == []
    assert not scene.ledger.exists()
    shown = planned.output.splitlines()
    assert any(f"Google Ads ({uuid(456)})" in line for line in shown)
    assert '-        "enabled": true' in shown
    assert '+        "enabled": false' in shown

    # The connection comes from the action group, and not from the environment.
    group = {f"group/{COLLECTION}.adverity": {"instance": scene.url, "api_key": KEY, "retries": 0}}
    allowed = ("Already enabled, and the ledger has no record",)  # what deployment_info says of the binding from which nothing was sent
    done = scene.play(TASKS, extra_vars=variables, env=NOWHERE, module_defaults=group, warnings=allowed)
    changed = {row["task"] for row in done.outcomes if row["result"]["changed"]}
    assert changed == CHANGING
    assert {row["task"] for row in planned.outcomes if row["result"]["changed"]} == CHANGING - {"adverity_ledger_copy"}
    assert scene.changed_fields(before) == {
        uuid(456): {"enabled": False, "active_mode": "smart"},
        uuid(457): {"smart": setting(False, "daily", DAYS, HALF_PAST_SIX)},
    }
    assert [(row["name"], row["auth"]) for row in scene.service.world.targets.values()][3:] == [("New", 31)]
    assert [row["table_name"] for row in scene.service.world.bindings.values()][-1] == "n, m"
    assert scene.enabled() == [55, 123, 124, 125]
    assert [(len(body["extract_ids"]), body["sequential"]) for body in scene.posts()] == [(4, False), (3, False)]
    assert {row["key"] for row in scene.requests()} == {"tester"}


# By a word of the message: values that Ansible converts, or that templates make of text. All other refusals: tests/unit/plugins/contract/test_refusals.py.
REFUSALS = {
    "binding_ids": module("binding", binding_ids="123,x", enabled=True),
    "target_id": module("binding", target_id="{{ 78.5 }}", enabled=True),
    "enabled": module("binding", target_id=789, enabled="perhaps"),
    "456 is an integer ID": module("datastream", datastream_ids=["{{ 456 }}"], enabled=True),
    "unit": module("smart_pulling", all_datastreams=True, refresh_range={"value": 1, "unit": "year"}),
    "mutually exclusive": module("requeue", extract_ids=[1], datastream_id=456),
}


def test_bad_options_are_refused_by_name(scene):
    run = scene.play([refused({**task, "name": word}) for word, task in REFUSALS.items()])
    assert [row["task"] for row in run.outcomes if row["status"] == "failed"] == list(REFUSALS)
    for word in REFUSALS:
        assert word in run.one(word)["msg"]
    assert scene.requests() == []


def test_no_name_is_evaluated_trimmed_or_cut(begin):
    world = World()
    for number, name in enumerate(NAMES, 500):
        world.datastream(number, name=name)
    scene = begin(world)
    each = {"loop": "{{ names }}", "loop_control": {"loop_var": "one"}}
    create = {**module("destination", "create", type="file", workspace="Acme", name="{{ one }}"), **each}
    run = scene.play(
        [
            module("directory_info", "look up", datastreams=["*"]) | {"register": "found"},
            {"name": "Names", "ansible.builtin.set_fact": {"names": "{{ found.datastreams | map(attribute='name') | list }}"}},
            create,
            {**create, "name": "again"},
            module("directory_info", "find", datastreams="{{ names }}"),
            module("destination_info", "list", type="file"),
        ]
    )
    assert [row["name"] for row in run.one("find")["datastreams"]] == NAMES
    assert [row["name"] for row in run.one("list")["destinations"]] == NAMES
    assert [row["body"]["name"] for row in scene.requests("POST")] == NAMES
    assert scene.requests("PATCH") == []


def test_the_playbook_that_moves_a_ledger_names_the_new_one_only_after_the_move(scene):
    scene.play([module("binding", binding_ids=[123], enabled=True), module("requeue", datastream_id=456, target_id=789)])
    new = f"{scene.ledger}.new"
    variables = {"ledger_copy_from": str(scene.ledger), "ledger_copy_to": new}
    shown = [
        scene.play("adverity.management.ledger_copy", check=check, extra_vars=variables).one("Show where the ledger is now")["msg"]
        for check in (True, False, True)
    ]
    count = len(scene.world.aged(456))
    moved = [f"Records of {count} extracts for 1 binding are in {new}", "Set ADVERITY_LEDGER to this ledger on every machine"]
    planned = ["Nothing was moved, because this is check mode", f"A real run moves the records of {count} extracts for 1 binding to {new}"]
    assert shown == [planned, moved, moved]  # the last one finds it moved


def test_the_playbook_that_fetches_again_says_in_check_mode_that_it_did_not(scene):
    job = {"id": 9, "datastream_id": 456, "range_start": "2026-01-01", "range_end": "2026-01-02", "state_label": "Failed"}
    variables = {"ansible_eda": {"event": {"job": job}}}
    message = scene.play("adverity.management.fetch_again", check=True, extra_vars=variables).one("Report the fetch")["msg"]
    assert message.strip() == "Datastream 456: job 9 was failed. The days from 2026-01-01 to 2026-01-02 would be fetched again."
    assert scene.writes() == []
