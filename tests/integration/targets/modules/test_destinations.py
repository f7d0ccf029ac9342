# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""adverity_destination, adverity_assignment, adverity_directory_info and their lists, by name and over the network."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.worlds import READ_ONLY_KEY, WORKSPACE, World

EMEA, DACH = (f"a0000000-0000-4000-8000-00000000000{number}" for number in (2, 3))
SECRET = "open-sesame-4711"
BIGQUERY = {"project": "acme-dwh", "dataset": "marketing"}
SNOWFLAKE = {"account": "acme", "database": "dwh", "username": "loader", "password": SECRET}
NAMES = ["it's \"quoted\"", "Ads \N{ROCKET}", "a/b/../c?d=e#f", "  leading", "trailing  ", "{{ lookup('env', 'HOME') }}", "{{ 1 + 1 }}", "x" * 300]
NAMES += ["2024", "n, m"]


def acme():
    """A company with two workspaces below it, two connections and three datastreams."""
    world = World()
    world.data["workspaces"] += [{"id": EMEA, "name": "EMEA", "parent": WORKSPACE}, {"id": DACH, "name": "DACH", "parent": EMEA}]
    world.data["connections"] = [
        {"id": 30, "name": "Account", "type": "bigquery", "workspace": EMEA},
        {"id": 31, "name": "Another", "type": "bigquery", "workspace": EMEA},
    ]
    world.datastream(456, name="Google", workspace=EMEA).datastream(457, name="Meta", workspace=EMEA)
    return world.datastream(458, name="Google", workspace=DACH)


def destination(title="", **options):
    named = {} if "target_id" in options else {"name": "DWH", "workspace": "EMEA"}
    task = module("destination", title)
    task["adverity.management.adverity_destination"] = {"type": "bigquery", "connection": "Account", "settings": BIGQUERY, **named, **options}
    return task


def listing(title="", **options):
    task = module("destination_info", title)
    task["adverity.management.adverity_destination_info"] = options
    return task


def assignment(title="", **options):
    return module("assignment", title, **{"type": "bigquery", "target_id": "{{ made.destination.id }}", **options})


def targets(scene):
    return [(row["name"], row["workspace"], row["auth"], row["settings"].get("dataset")) for row in scene.service.world.targets.values()]


def test_from_nothing_to_nothing_step_by_step(begin):
    scene = begin(acme())
    wanted = [
        {"datastream_id": "{{ found.datastreams[0].id }}", "table_name": "google"},
        {"datastream_id": "{{ found.datastreams[1].id }}", "table_name": "meta", "settings": {"write_disposition": 2}},
    ]
    ids = "{{ assigned.assignments | map(attribute='binding_id') }}"
    absent = {"connection": None, "settings": None, "target_id": "{{ made.destination.id }}", "name": "DWH", "state": "absent"}
    run = scene.play(
        [
            {**module("directory_info", "look up", datastreams=[{"name": "Google", "workspace": "EMEA"}, "Meta"]), "register": "found"},
            {**destination("check"), "check_mode": True, "diff": True},
            {**assignment("check all", target_id=None, assignments=wanted), "check_mode": True},
            {**destination("create"), "diff": True, "register": "made"},
            destination("again"),
            {**destination("check change", settings={"dataset": "sales"}), "check_mode": True, "diff": True},
            {**destination("change", settings={"dataset": "sales"}), "diff": True},
            {**assignment("check assign", assignments=wanted), "check_mode": True, "diff": True},
            {**assignment("assign", assignments=wanted), "diff": True, "register": "assigned"},
            assignment("assign again", assignments=wanted),
            module("binding", "enable", binding_ids=ids, enabled=True),
            assignment("assigned and enabled", assignments=wanted),
            refused(assignment("unassign too early", assignments=wanted[:1], state="absent")),
            refused(destination("delete too early", **absent)),
            listing("list", name="DWH", workspace="emea", type="BigQuery", schema=True),
            module("binding", "disable", binding_ids=ids, enabled=False),
            {**assignment("check unassign", assignments=wanted[:1], state="absent"), "check_mode": True},
            assignment("unassign", assignments=wanted[:1], state="absent"),
            assignment("unassign again", assignments=wanted[:1], state="absent"),
            {**destination("check delete", **absent), "check_mode": True},
            destination("delete", **absent),
            destination("delete again", **absent),
        ]
    )
    told = {one["task"]: one["result"] for one in run.outcomes}
    assert [told[title]["changed"] for title in ("check", "create", "again", "check change", "change")] == [True, True, False, True, True]
    assert told["check"]["diff"] == told["create"]["diff"] == {"before": {}, "after": {"name": "DWH", "auth": 30, "stack": 2, **BIGQUERY}}
    assert told["check"]["destination"] == told["check"]["diff"]["after"]
    assert told["check change"]["diff"] == told["change"]["diff"] == {"before": {"dataset": "marketing"}, "after": {"dataset": "sales"}}
    assert [row["action"] for row in told["check all"]["assignments"]] == ["created", "created"]
    for title in ("check assign", "assign"):
        assert told[title]["affected"] == told["check all"]["affected"] == {"datastream_ids": [456, 457]}
        assert told[title]["diff"]["after"]["datastream 457, table 'meta'"]["enabled"] is False
    assert [told[title]["changed"] for title in ("assign again", "assigned and enabled", "unassign", "unassign again")] == [False, False, True, False]
    assert [told[title]["changed"] for title in ("check delete", "delete", "delete again")] == [True, True, False]
    for title in ("unassign too early", "delete too early"):
        assert "still has enabled bindings. Disable them first with adverity_binding: binding" in told[title]["msg"]
    assert [row["name"] for row in told["list"]["destinations"]] == ["DWH"]
    assert told["list"]["schemas"]["bigquery"]["project"]["required"] is True

    writes = [(row["method"], row["path"].split("/")[-2] if row["method"] == "POST" else row["path"].split("/")[-3]) for row in scene.writes()]
    assert [one for one in writes if one[0] != "OPTIONS"] == [
        ("POST", "targets"), ("PATCH", "targets"), ("POST", "mappings"), ("POST", "mappings"), ("PATCH", "bindings"), ("PATCH", "bindings"),
        ("PATCH", "bindings"), ("PATCH", "bindings"), ("DELETE", "mappings"), ("DELETE", "targets"),
    ]  # fmt: skip
    assert [row["body"]["enabled"] for row in scene.requests("POST") if "mappings" in row["path"]] == [False, False]
    assert targets(scene) == []
    assert all(len({row["connection"]}) == 1 for row in scene.requests())


def test_no_name_is_ever_evaluated_trimmed_or_cut(begin):
    world = acme()
    for number, name in enumerate(NAMES):
        world.datastream(500 + number, name=name, workspace=DACH)
    scene = begin(world)
    each = {"loop": "{{ names }}", "loop_control": {"loop_var": "one"}}
    run = scene.play(
        [
            module("directory_info", "look up", datastreams=["*"]) | {"register": "found"},
            {"name": "Names", "ansible.builtin.set_fact": {"names": "{{ found.datastreams | selectattr('id', '>=', 500) | map(attribute='name') | list }}"}},
            {**destination("create", name="{{ one }}"), **each},
            {**destination("again", name="{{ one }}"), **each},
            {**module("directory_info", "find", datastreams="{{ names }}"), "register": "again"},
            {**listing("list", type="bigquery")},
        ]
    )
    assert [row["name"] for row in run.one("find")["datastreams"]] == NAMES
    assert [row["id"] for row in run.one("find")["datastreams"]] == list(range(500, 500 + len(NAMES)))
    assert [row["name"] for row in run.one("list")["destinations"]] == NAMES
    assert [row["body"]["name"] for row in scene.requests("POST")] == NAMES
    assert scene.requests("PATCH") == []


def test_secrets_show_nowhere(begin):
    scene = begin(acme())
    snowflake = {"type": "snowflake", "connection": None, "settings": SNOWFLAKE}
    run = scene.start(
        [
            {**destination("check", **snowflake), "check_mode": True},
            destination("create", **snowflake),
            destination("again", **snowflake),
            destination("force", **snowflake, force_settings=True),
            refused(destination("refused", **{**snowflake, "settings": {**SNOWFLAKE, "host": "x"}})),
            listing("list", type="snowflake"),
        ],
        diff=True,
        verbosity=4,
    )
    run.wait()
    assert run.process.returncode == 0, run.output
    assert run.one("again")["changed"] is False
    assert run.one("force")["changed"] is True
    assert "host is unknown. It takes: account (string, required); database (string, required);" in run.one("refused")["msg"]
    assert any("cannot be compared: password. They were not written." in text for text in run.warnings)
    assert [row["settings"]["password"] for row in scene.service.world.targets.values()] == [SECRET]
    # The play itself is shown neither; its tasks are.
    assert SECRET not in run.output.replace((run.folder / "playbook.yml").read_text("utf-8"), "")
    assert SECRET not in (run.folder / "record").read_text("utf-8")


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": {"code": 502}, "work": True}], ids=["no answer", "502"])
def test_after_a_lost_answer_the_next_run_makes_no_second_one(begin, fault):
    scene = begin(acme())
    everything = [
        {**destination("create"), "register": "made"},
        assignment("assign", assignments=[{"datastream_id": number} for number in (456, 457, 458)]),
    ]
    scene.service.fault(method="POST", **fault)
    run = scene.play(everything, fails=True)
    assert "was written is unknown. Not written: none. Run it again: it reads first and writes only what differs." in run.failures[0]["msg"]
    assert len(targets(scene)) == 1
    scene.service.fault(method="POST", skip=1, **fault)
    failed = scene.play(everything, fails=True).failures[0]
    says = "Written before that: assignment of datastream 456. Whether assignment of datastream 457 was written is unknown."
    assert f"{says} Not written: assignment of datastream 458." in failed["msg"]
    assert (failed["affected"], failed["remaining"], failed["changed"]) == ({"datastream_ids": [456]}, {"datastream_ids": [457, 458]}, True)
    run = scene.play(everything)
    assert [row["action"] for row in run.one("assign")["assignments"]] == ["unchanged", "unchanged", "created"]
    assert scene.play(everything).changed == 0
    assert len(targets(scene)) == 1
    assert sorted(row["datastream_id"] for row in scene.service.world.bindings.values()) == [456, 457, 458]
    assert scene.enabled() == []


def test_second_of_two_runs_at_once_waits_and_finds_what_the_first_creates(begin):
    scene = begin(acme())
    scene.service.fault(method="POST", hold="before")
    first = scene.start([destination("create", timeout=300)])
    first.wait(lambda: scene.requests("POST"))
    looks = len(scene.requests())
    second = scene.start([destination("create")])
    second.wait(lambda: len(scene.requests()) >= looks + 4)  # types, workspaces, connections, fields; then it looks, and waits
    scene.release()
    for run in (first, second):
        run.wait()
    assert [run.process.returncode for run in (first, second)] == [0, 0]
    assert len(scene.requests("POST")) == len(targets(scene)) == 1


def test_two_runs_at_once_with_different_ledgers_are_told_of_each_other(begin):
    scene = begin(acme())
    scene.service.fault(method="POST", hold="before")
    first = scene.start([destination("create", timeout=900)])  # it is held for as long as the second run takes
    first.wait(lambda: scene.requests("POST"))
    second = scene.start([destination("create", ledger="{{ lookup('env', 'HOME') }}/another.sqlite3")])
    second.wait(lambda: second.process.poll() is not None or len(scene.requests("POST")) > 1)
    second.wait()
    scene.release()
    first.wait()
    assert len(targets(scene)) == 2
    assert [run.process.returncode for run in (first, second)] == [2, 0]
    assert "Two runs created the same destination at the same time: 'DWH' (id 1), 'DWH' (id 2). Delete one of them." in first.failures[0]["msg"]
    third = scene.play(
        [
            refused(destination("ambiguous")),
            destination("delete", connection=None, settings=None, target_id=first.failures[0]["destination"]["id"], name="DWH", state="absent"),
            destination("again"),
        ]
    )
    assert "The destination 'DWH' is ambiguous. It fits 'DWH' (id 1), 'DWH' (id 2)." in third.one("ambiguous")["msg"]
    assert third.one("again")["changed"] is False
    assert len(targets(scene)) == 1


def test_what_can_be_refused_is_refused_before_anything_is_written(begin):
    world = acme()
    world.data["targets"] = [{"id": number, "name": "Twice", "workspace": EMEA} for number in (700, 701)]
    scene = begin(world)
    cases = {
        "workspace": (destination(workspace="Nowhere"), "The workspace 'Nowhere' does not exist among the 3 that this key can see: 'Acme' (id 1)"),
        "type": (destination(type="BigQueri"), "The type 'BigQueri' does not exist"),
        "connection": (destination(connection="Nobody"), "The connection 'Nobody' does not exist among the 2 that this key can see: 'Account' (id 30)"),
        "unknown": (destination(settings={**BIGQUERY, "projekt": 1}), "projekt is unknown. It takes: project (string, required); dataset (string, required);"),
        "missing": (destination(settings={"project": "x"}), "dataset is missing"),
        "choice": (destination(settings={**BIGQUERY, "headers_formatting": 9}), "headers_formatting is none of its choices"),
        "read-only": (destination(settings={**BIGQUERY, "logo_url": "x"}), "logo_url is read-only"),
        "twice": (destination(name="Twice"), "is ambiguous. It fits 'Twice' (id 700), 'Twice' (id 701)"),
        "scope": (destination(api_key=READ_ONLY_KEY), "request needs destination:write, which only keys of the root workspace can have. Nothing was written."),
        "no target": (assignment(target_id=None, assignments=[{"datastream_id": 456}]), "target_id is required"),
        "nobody": (assignment(target_id=4711, assignments=[{"datastream_id": 456}]), "/api/target-types/"),
        "enabling": (assignment(target_id=700, assignments=[{"datastream_id": 456, "settings": {"enabled": True}}]), "must not have enabled"),
        "directory": (module("directory_info", datastreams=["Google"]), "fits 'Google' (id 456, workspace 'EMEA'), 'Google' (id 458, workspace 'DACH')"),
    }
    run = scene.start([refused({**task, "name": name}) for name, (task, _says) in cases.items()])
    run.wait()
    failures = {one["task"]: one["result"] for one in run.outcomes if one["status"] == "failed"}
    assert sorted(failures) == sorted(cases)
    for name, (_task, says) in cases.items():
        assert says in failures[name]["msg"], name
        assert failures[name].get("changed", False) is False
    assert [row for row in scene.writes() if row["method"] != "OPTIONS" and row["key"] != "reader"] == []
    assert len(targets(scene)) == 2
    assert "Traceback" not in run.output
