# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scopes of a key: the page "Keys and scopes", the quick start and the README name what suffices, and page, simulator and the hint of a 403 agree."""

from __future__ import annotations

import importlib
import re

import pytest
import yaml
from ansible_collections.adverity.management.plugins.module_utils._api import scopes
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process

SIMULATOR = in_process.import_simulator()
ROUTES = importlib.import_module(SIMULATOR.__name__ + ".resources").ROUTES
PAGES = in_process.ROOT / "docs" / "docsite" / "rst"
PAGE = (PAGES / "authentication.rst").read_text("utf-8")
SCOPE = re.compile(r"`((?:datastream|destination|workspace):(?:read|write))`")
STREAM = "d5000000-0000-4000-8000-000000000459"
TABLE = yaml.safe_load(re.search(r"^ {4}deploy_destination_name: .+\n(?: {4}.+\n)+", (PAGES / "quick_start.rst").read_text("utf-8"), re.M)[0])
BY_NAME = {name.replace(role_in_process.PREFIX, "", 1): value for name, value in TABLE.items()}
TYPED = {"type": "bigquery", "name": "New", "workspace": "EMEA", "connection": "31", "settings": {"project": "p", "dataset": "d"}}

SMART = {"is_active": True, "frequency": "daily"}
# What a row of the page stands for, by words of its first cell: modules with their options, or variables of the role.
TASKS = {
    "List bindings": [("binding_info", {})],
    "Enable or disable bindings": [("binding", {"target_id": 789, "enabled": False})],
    "Send extracts": [("requeue", {"datastream_ids": [457], "binding_ids": [130], "limit": 1})],
    "Read the ledger": [("requeue_info", {"target_id": 789})],
    "List extracts": [("extract_info", {"datastream_ids": [456]})],
    "Look up workspaces": [("directory_info", {"workspaces": ["*"], "datastreams": ["*"]})],
    "List destinations": [("destination_info", {"workspace": "EMEA"})],
    "delete destinations": [("destination", TYPED), ("destination", {"type": "bigquery", "name": "New", "state": "absent"})],
    "delete assignments": [("assignment", {"type": "bigquery", "target_id": 789, "assignments": [{"datastream_id": 462}]})],
    "by its ID": [("role", {"target_id": 789})],
    "by names": [("role", {**BY_NAME, "connection": "31"})],
    "Also set": [("role", {**BY_NAME, "connection": "31", "pulling_mode": "smart", "datastream_enabled": False, "smart_pulling": SMART})],
    "their smart schedules": [("datastream_info", {}), ("smart_pulling_info", {})],
    "Change datastreams": [
        ("datastream", {"datastream_ids": [STREAM], "enabled": False}),
        ("smart_pulling", {"datastream_ids": [STREAM], "frequency": "daily"}),
    ],
    "Create a report": [
        ("binding_info", {}),
        ("requeue_info", {"summary_only": True}),
        ("datastream_info", {}),
        ("directory_info", {"datastreams": ["*"]}),
    ],
    "Move a ledger": [],
}
# Modules without a row: no scope is known for the lists of jobs and issues, and the role plans with deployment_info.
UNNAMED = {"adverity_deployment_info", "adverity_issue_info", "adverity_job_info", "adverity_load_info"}
MORE_THAN = {"Also set": "by names"}  # rows that name what is needed beyond another row
# The rows of the page: the first cell, documented scopes, assumed scopes.
ROWS = [(task, set(SCOPE.findall(first)), set(SCOPE.findall(second))) for task, first, second in re.findall(
    r"^    \* - ((?:.+\n)(?: {8}.+\n)*)      - (.+)\n      - (.+)\n", PAGE, re.M)][1:]  # fmt: skip


def row_of(words):
    """The scopes of one row of the page: documented, assumed."""
    ((_task, documented, assumed),) = [row for row in ROWS if words in row[0]]
    if words in MORE_THAN:
        basis = row_of(MORE_THAN[words])
        documented, assumed = documented | basis[0], assumed | basis[1]
    return documented, assumed - documented


def run_row(scene, words):
    """The result of what a row of the page stands for: of the last task, or of the first that fails."""
    result = {"failed": False}
    for name, options in TASKS[words]:
        if name == "role":
            try:
                result = {"failed": False, **scene.deploy(**options).requeued}
            except AdverityError as error:
                result = {"failed": True, **error.result()}
        else:
            by_id = {"target_id": result["destination"]["id"]} if options.get("state") == "absent" else {}
            result = scene.run(name, **options, **by_id)
        if result["failed"]:
            break
    return result


@pytest.fixture(name="start")
def fixture_start(begin_demo):
    """A scene whose key has these scopes."""

    def start(scopes_of_key, **switches):
        scene = begin_demo(**switches)
        scene.service.world.keys["demo"]["scopes"] = sorted(scopes_of_key)
        return scene

    return start


def test_each_row_of_the_page_is_tried():
    found = {task: [words for words in TASKS if words in task] for task, *_scopes in ROWS}
    assert [task for task, words in found.items() if not words] == [], "rows of the page without a task in TASKS"
    assert sorted(words for each in found.values() for words in each) == sorted(TASKS)
    assert len(ROWS) == len(TASKS)


def test_page_names_each_module():
    unnamed = {name for name in in_process.MODULES if f".{name}#module`" not in PAGE}
    assert unnamed == UNNAMED, "name each in a row of the page 'Keys and scopes'"


@pytest.mark.parametrize("words", TASKS)
def test_row_of_the_page_names_the_scopes_of_its_requests(begin_demo, words):
    scene = begin_demo()
    result = run_row(scene, words)
    assert not result["failed"], result["msg"]
    needed = [(scopes.needed(row["method"], row["path"]), scopes.documented(row["path"])) for row in scene.requests()]
    documented = {scope for scope, certain in needed if certain}
    assert row_of(words) == (documented, {scope for scope, _certain in needed} - documented)


@pytest.mark.parametrize("words", TASKS)
def test_documented_scopes_suffice_where_the_older_api_checks_none(start, words):
    documented, _assumed = row_of(words)
    assert run_row(start(documented, older_scopes="open"), words)["failed"] is False


@pytest.mark.parametrize("words", TASKS)
def test_all_scopes_of_a_row_suffice_and_a_403_names_the_one_that_is_missing(start, words):
    needed = set().union(*row_of(words))
    assert run_row(start(needed), words)["failed"] is False
    for missing in needed:
        message = run_row(start(needed - {missing}), words)["msg"]
        assert ("returned 403" in message, message.count(f"This request needs {missing}")) == (True, 1)


def test_scopes_of_the_collection_are_those_of_the_simulator():
    for method, pattern, scope, _rule in ROUTES:
        path = re.sub(r"\(.+?\)", "1", pattern.pattern)
        assert scopes.needed(method, path) == scope, f"{path}: add it to RESOURCES in _api/scopes.py"
    for beginning, _resource in scopes.RESOURCES:
        assert [pattern for _method, pattern, *_rest in ROUTES if pattern.pattern.startswith(beginning)], beginning


@pytest.mark.parametrize(("page", "sentence"), [
    ("docs/docsite/rst/quick_start.rst", r"Create an API key in the root workspace[^.]*\."), ("README.md", r"For deployments, the key needs[^.]*\."),
])  # fmt: skip
def test_key_that_a_first_page_names_suffices_for_what_the_page_does(start, page, sentence):
    text = (in_process.ROOT / page).read_text("utf-8").replace("\n", " ")
    named = set(SCOPE.findall(re.search(sentence, text)[0]))

    assert named == set().union(*row_of("by names"))
    scene = start(named)
    assert scene.deploy(**BY_NAME).requeued["extract_count"] > 0
    assert run_row(scene, "by its ID")["failed"] is False
    assert run_row(scene, "Create a report")["failed"] is False
