# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and modules with secrets: the whole output, the same on each ansible-core; no secret in anything that a run leaves; and what is written."""

from __future__ import annotations

import re

import pytest
from adverity_harness.runs import module, refused, role
from adverity_harness.world import KEY, WORKSPACE, World

SECRET, PASSWORD, PROXY = "open-sesame-4711", "ledger-pw-0815", "proxy-pw-2342"
SETTINGS = {"account": "acme", "database": "0", "username": "ed", "password": SECRET}
UNREADABLE = "The API does not return these settings, so they cannot be compared: password. They were not written."
VARIABLES = {
    "name": "acme DWH", "type": "snowflake", "workspace": "Acme", "settings": SETTINGS,
    "datastreams": [{"name": "acme Ads", "table_name": "send"}, {"name": "true", "table_name": "plan"}],
}  # fmt: skip
TASKS = {
    "Validating arguments against arg spec 'main' - Deploy a destination - create it, assign and enable datastreams, and send their history once": [
        "ok: [localhost]"
    ],
    "Plan the deployment": ["ok: [localhost]"],
    "Carry out the plan": [
        f"included: roles/deploy_destination/tasks/{step}.yml for localhost => (item={step})" for step in ("create", "plan", "enable", "send")
    ],
    "Create the destination": ["changed: [localhost]"],
    "Assign the datastreams": ["changed: [localhost]"],
    "Record the plan of the backfill in the ledger": ["changed: [localhost]"],
    "Enable or disable the bindings": ["changed: [localhost]"],
    "Send the history": ["changed: [localhost]"],
    "Show the summary": [
        "ok: [localhost] => {",
        '"msg": [',
        '"Destination 1, acme DWH",',
        '"destination - created now",',
        '"datastream 455, acme Ads, binding 1 - enabled now, 3 extracts sent",',
        '"datastream 456, true, binding 2 - enabled now, 0 extracts sent",',
        '"Sent means dispatched. Adverity loads in the background. See Datastream > Activity",',
        '"for the state of each extract, and Issues for errors."',
        "]",
        "}",
    ],
    "Return the result to later jobs": ["ok: [localhost]"],
    "Check that nothing is left open": ["ok: [localhost]"],
}
OUTPUT = [
    "PLAY [Test]",
    "TASK [Role deploy_destination]",
    *(line for title, said in TASKS.items() for line in (f"TASK [adverity.management.deploy_destination : {title}]", *said)),
    "PLAY RECAP",
    "localhost : changed=5 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0",
]


@pytest.fixture(name="scene")
def fixture_scene(begin):
    """Two datastreams, of which none is assigned, and no destination."""
    world = World().datastream(455, extracts=3, name="acme Ads", workspace=WORKSPACE).datastream(456, name="true", workspace=WORKSPACE)
    return begin(world)


def lines(run):
    """What a run printed, without stars, empty lines, and where files are; and without the inclusion of the role, which 2.16 does not print."""
    text = re.sub(r" \*+$", "", (run.folder / "stdout").read_text("utf-8"), flags=re.M)
    text = re.sub(r"^(included: ).*/(roles/\S+)", r"\1\2", text, flags=re.M)
    text = re.sub(r" ok=\d+ ", " ", text)
    text = re.sub(r"^included: adverity\.management\.deploy_destination .*\n", "", text, flags=re.M)
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def test_the_whole_output_is_the_same_on_each_ansible_core(scene):
    run = scene.play([role(**VARIABLES)], env={"ADVERITY_LEDGER_PASSWORD": PASSWORD})
    assert lines(run) == OUTPUT


def test_no_secret_is_in_anything_that_a_run_leaves(scene):
    env = {
        "ADVERITY_LEDGER_PASSWORD": PASSWORD,
        "ANSIBLE_INJECT_INVOCATION": "true",  # newer versions of ansible-core show the arguments of a module only where they are told to
        "ANSIBLE_LOG_PATH": str(scene.folder / "log"),
        "HTTPS_PROXY": f"http://me:{PROXY}@proxy.example:3128",
    }
    quoted = f"Bearer {KEY}"
    for response in ({"code": 401, "body": {"detail": quoted}}, {"code": 200, "body": quoted, "content_type": "text/plain"}):
        scene.service.fault(method="GET", path="errors", status=response)
    tasks = [
        role(**VARIABLES),
        role(**VARIABLES),
        refused(role(**{**VARIABLES, "settings": {**SETTINGS, "bogus": 1}, "name": "acme other"})),
        *[refused(module("issue_info", api_key="{{ the_key }}"))] * 2,
        module("destination_info", type="snowflake"),
    ]
    run = scene.play(tasks, verbosity=4, diff=True, extra_vars={"the_key": KEY}, env=env, warnings=(UNREADABLE,))
    assert "bogus is unknown" in run.failures[0]["msg"]
    assert len(run.failures) == 3
    assert run.custom["deploy_destination"]["name"] == "acme DWH"
    assert scene.loads(next(iter(scene.service.world.bindings))) == scene.world.aged(455)
    assert "EXEC" in run.output
    assert run.output.count('"api_key": "********"') > 10
    for name in ("playbook.yml", "vars.json"):  # the settings and the key stand in them
        (run.folder / name).unlink()
    files = [path for path in scene.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {"log", "record", "stdout"} <= {path.name for path in files}
    for secret in (SECRET, PASSWORD, PROXY, KEY[:16]):
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


def test_what_is_written_does_not_depend_on_the_password(scene):
    run = scene.start([role(**VARIABLES), role(**VARIABLES)], quick=True, env={"ADVERITY_LEDGER_PASSWORD": "e"})
    run.wait()
    assert run.process.returncode == 0, run.output  # on the screen, ansible-core 2.22 hides each "e"
    (target,) = scene.service.world.targets.values()
    assert target["name"] == "acme DWH"
    assert {name: target["settings"][name] for name in SETTINGS} == SETTINGS
    assert [row["body"]["table_name"] for row in scene.writes() if row["path"].endswith("/mappings/")] == ["send", "plan"]
    assert [body["extract_ids"] for body in scene.posts()] == [scene.world.aged(455)]
