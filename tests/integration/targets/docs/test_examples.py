# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of modules and pages run as they are written, in a world that has what they name. Only the instance is another one."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import textwrap

import pytest
import yaml
from adverity_harness.observed_api import check_named
from adverity_harness.place import ROOT, load_simulator
from adverity_harness.runs import module
from adverity_harness.scenes import open_scene
from adverity_harness.world import KEY, World
from adverity_harness.world import WORKSPACE as ROOT_WORKSPACE

PREFIX = "adverity.management."
INSTANCE = "acme.datatap.adverity.com"
OLD_INSTANCE = "acme-old.datatap.adverity.com"  # in a test it is the same: no service is renamed
FILE = "warehouse.yml"
MEMORY, DATABASE = "~/.ansible/adverity/requeue.sqlite3", "postgresql://adverity@db.example.com/ledger"
WORKSPACE, STREAM, OTHER = "5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11", "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10", "0d7c5e52-8a4b-4b7e-9d0c-6f0a4a3a5b21"
# What examples take from somewhere else.
VARIABLES = {
    "adverity_api_key": KEY,
    "vault_adverity_api_key": KEY,
    "vault_adverity_root_key": KEY,
    "vault_adverity_workspace_key": KEY,
    "vault_ledger_password": "not needed for a file",
    "wanted": [STREAM, OTHER],
    "markets": [{"name": "EMEA", "datastreams": [STREAM], "deadline": "06:30"}, {"name": "DACH", "datastreams": [OTHER], "deadline": "07:00"}],
}
# Pages of which every example is for playbooks.
PAGES = ("README.md", "roles/deploy_destination/README.md", *(f"docs/docsite/rst/{name}.rst" for name in (
    "authentication", "deploy", "destinations", "finish", "follow", "ledger_care", "many_datastreams", "quick_start", "recipes")))
# These enable what is disabled; the others need it to be enabled.
GUIDES = tuple(f"docs/docsite/rst/{name}.rst" for name in ("authentication", "deploy", "many_datastreams", "quick_start"))
ENABLING = ("README.md", "roles/deploy_destination/README.md", "adverity_binding", *GUIDES)


def world(name, text):
    """A world that has what the example of a page or module names; binding 123 is enabled, or not.

    Kinds of rows that are not named here are those of the demo.
    """
    enabled = name not in ENABLING
    deletes = "target_id: 789\n    name: Marketing DWH" in text  # a destination with this name, of which no binding is enabled
    setting = {"is_active": True, "frequency": "daily", "deadline": {"time": "05:00:00"}}
    made = World()
    made.data["workspaces"].append({"id": WORKSPACE, "name": "EMEA", "parent": ROOT_WORKSPACE})
    made.datastream(456, uuid=STREAM, workspace=WORKSPACE, enabled=False, smart=setting, active_mode="schedule")
    for number, name in enumerate(("Google Ads", "Meta Ads", "Google Ads | EMEA", "Meta Ads | EMEA"), 458):
        made.datastream(number, extracts=2, name=name, workspace=WORKSPACE, smart=setting)
    made.data["connections"] = [{"id": 34, "name": "BigQuery service account", "type": "bigquery", "workspace": WORKSPACE}]
    made.datastream(457, extracts=5, uuid=OTHER, enabled=False, smart=setting)
    for number, month in enumerate(("2024-01", "2024-02", "2024-03", "2025-05", "2026-01", "2026-02"), 101):
        made.extract(number, 456, f"{month}-15T05:00:00Z")
    made.binding(123, 456, enabled=enabled).binding(124, 457, target=790 if deletes else 789, enabled=True).binding(55, 456, target=790)
    made.data["jobs"] = [{"id": 9001, "datastream_id": 456, "scheduled": "2099-01-01T05:00:00Z"}]
    if deletes:
        made.data["targets"][0]["name"] = "Marketing DWH"
    return {**load_simulator().default_world(made.data["now"]), **made.data}


def documented_in(path):
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "EXAMPLES":
            return [ast.literal_eval(node.value)]
    raise AssertionError(f"{path} has no EXAMPLES")


def written_in(name):
    text = (ROOT / name).read_text("utf-8")
    if name.endswith(".md"):
        return re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    blocks = re.findall(r"^\.\. code-block:: yaml(?:\+jinja)?\n\n((?: {4}.*\n|\n)+)", text, re.M)
    return [textwrap.dedent(block) for block in blocks]


MODULES = {path.stem: documented_in(path) for path in sorted((ROOT / "plugins" / "modules").glob("adverity_*.py"))}
GUIDED = {name: written_in(name) for name in PAGES}
WARNINGS = ("Already enabled, and the ledger has no", "The ledger records a wider backfill of binding 123")


def plays(name, number, text, url, folder):
    """The plays that run an example, with a service and a ledger of its own."""
    ledger = folder / f"{name.replace('/', '_')}{number}" / "requeue.sqlite3"
    # Each example has a ledger of its own, and the database of the team is another file: no example is about how PostgreSQL is reached.
    here = text.replace(INSTANCE, url).replace(OLD_INSTANCE, url)
    rows = yaml.safe_load(here.replace(MEMORY, str(ledger)).replace(DATABASE, str(ledger.with_name("team.sqlite3"))))
    if isinstance(rows, dict):  # variables of the role, in a file of their own
        (folder / FILE).write_text(text, "utf-8")
        rows = [{"hosts": "localhost", "gather_facts": False, "vars": rows, "roles": [PREFIX + "deploy_destination"]}]
    elif "hosts" not in rows[0]:
        # What is moved has to be there.
        before = [module("requeue", datastream_id=456, target_id=789)] if name == "adverity_ledger_copy" else []
        rows = [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": before + rows}]
    mark = {"name": "Mark", "hosts": "localhost", "gather_facts": False, "tasks": [{"name": name, "ansible.builtin.debug": {"msg": number}}]}
    environment = {"ADVERITY_INSTANCE": url, "ADVERITY_LEDGER": str(ledger)}
    return [mark, *({**row, "environment": environment} for row in rows)]


@pytest.fixture(name="ran", scope="module")
def fixture_ran(tmp_path_factory):
    """All examples, run in one play: by place, what the tasks with our modules brought, as names and results."""
    folder, examples = tmp_path_factory.mktemp("examples"), {**MODULES, **GUIDED}
    with contextlib.ExitStack() as stack:
        scene = stack.enter_context(open_scene(folder, World()))
        services, content = [], []
        for name, texts in examples.items():
            for number, text in enumerate(texts):
                services.append(stack.enter_context(load_simulator().Simulator(world(name, text))))
                content += plays(name, number, text, services[-1].url, folder)
        playbook = folder / "playbook.json"
        playbook.write_text(json.dumps(content))
        run = scene.play(str(playbook), extra_vars=VARIABLES, warnings=WARNINGS)
        brought, place = {}, ""
        for one in run.outcomes:
            if one["action"].startswith(PREFIX) and one["status"] != "skipped":
                brought.setdefault(place, []).append((one["action"][len(PREFIX) :], one["result"]))
            elif one["task"] in examples:
                place = one["task"]
        for service in services:
            check_named(service.requests)
        return brought


@pytest.mark.parametrize("name", [*MODULES, *GUIDED])
def test_its_examples_run(ran, name):
    assert {**MODULES, **GUIDED}[name], "there is no example"
    assert name in ran, "none of our modules ran"
    assert not [result for _module, result in ran[name] if result.get("failed")]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_stands_in_its_own_examples_and_does_something(ran, name):
    mine = [result for module, result in ran[name] if module == name]
    assert len(mine) == sum(text.count(f"{PREFIX}{name}:") for text in MODULES[name])
    if not name.endswith("_info"):
        assert any(result["changed"] for result in mine)
    counts = [result["count"] for result in mine if "count" in result]
    if name.endswith("_info") and counts and name != "adverity_requeue_info":
        assert any(counts), "the world has nothing of what the example asks for"


@pytest.mark.parametrize("name", [name for name in GUIDED if "deploy" in name or name in ("README.md", "docs/docsite/rst/quick_start.rst")])
def test_a_page_with_the_role_really_loads(ran, name):
    counts = [result["extract_count"] for module, result in ran[name] if module == "adverity_requeue"]
    assert max(counts) > 0
