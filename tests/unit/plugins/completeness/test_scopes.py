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
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import CHANGES, READS, acme
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process

SIMULATOR = in_process.import_simulator()
ROUTES = importlib.import_module(SIMULATOR.__name__ + ".resources").ROUTES
PAGES = in_process.ROOT / "docs" / "docsite" / "rst"
PAGE = (PAGES / "authentication.rst").read_text("utf-8")
SCOPE = re.compile(r"`((?:datastream|destination|workspace):(?:read|write))`")
TABLE = yaml.safe_load(re.search(r"^ {4}deploy_destination_name: .+\n(?: {4}.+\n)+", (PAGES / "quick_start.rst").read_text("utf-8"), re.M)[0])
BY_NAME = {name.replace(role_in_process.PREFIX, "", 1): value for name, value in TABLE.items()}
SMART = {"is_active": True, "frequency": "daily"}
# What those rows of the page stand for that name no module, by their first words: variables of the role, or modules with their options, in the demo's world.
# The other rows stand for all calls of the modules that they name.
TASKS = {
    "Deploy an existing destination by its ID": [("role", {"target_id": 789})],
    "Deploy by names": [("role", {**BY_NAME, "connection": "31"})],
    "Also set": [("role", {**BY_NAME, "connection": "31", "pulling_mode": "smart", "datastream_enabled": False, "smart_pulling": SMART})],
    "Create a report with the playbook": [
        ("binding_info", {}),
        ("requeue_info", {"summary_only": True}),
        ("datastream_info", {}),
        ("directory_info", {"datastreams": ["*"]}),
    ],
}
# Modules without a row: no scope is known for the lists of jobs and issues, and the role plans with deployment_info.
UNNAMED = {"adverity_deployment_info", "adverity_issue_info", "adverity_job_info", "adverity_load_info"}
MORE_THAN = {"Also set": "Deploy by names"}  # rows that name what is needed beyond another row
FOUND = re.findall(r"^    \* - ((?:.+\n)(?: {8}.+\n)*)      - (.+)\n      - (.+)\n", PAGE, re.M)[1:]
# The rows of the page, by their first words: modules, documented scopes, assumed scopes.
ROWS = {
    re.split(":|, with|`", task)[0].strip(): (re.findall(r"\.adverity_(\w+)#module`", task), set(SCOPE.findall(first)), set(SCOPE.findall(second)))
    for task, first, second in FOUND
}


def row_of(words):
    """The scopes of one row of the page: documented, assumed."""
    _modules, documented, assumed = ROWS[words]
    if words in MORE_THAN:
        basis = row_of(MORE_THAN[words])
        documented, assumed = documented | basis[0], assumed | basis[1]
    return documented, assumed - documented


def calls_of(modules):
    """The calls of these modules, first of those that change something."""
    return [call for call in (*CHANGES.values(), *READS.values()) if call[0] in modules]


def run_row(scene, words):
    """The result of what a row of the page stands for: of the last task, or of the first that fails."""
    result = {"failed": False}
    for name, options in TASKS.get(words) or calls_of(ROWS[words][0]):
        if name == "role":
            try:
                result = {"failed": False, **scene.deploy(**options).requeued}
            except AdverityError as error:
                result = {"failed": True, **error.result()}
        else:
            result = scene.run(name, **options)
        if result["failed"]:
            break
    return result


@pytest.fixture(name="start")
def fixture_start(begin, begin_demo):
    """A scene for a row of the page, whose key has these scopes, or all."""

    def start(words, scopes_of_key=None, **switches):
        scene = begin_demo(**switches) if words in TASKS else begin(acme(), **switches)
        if scopes_of_key is not None:
            for key in scene.service.world.keys.values():
                key["scopes"] = sorted(scopes_of_key)
        return scene

    return start


def test_each_row_of_the_page_names_its_modules_or_stands_in_tasks():
    assert {words for words, (modules, *_scopes) in ROWS.items() if not modules} == set(TASKS)
    assert len(ROWS) == len(FOUND)


def test_page_names_each_module():
    unnamed = {name for name in in_process.MODULES if f".{name}#module`" not in PAGE}
    assert unnamed == UNNAMED, "name each in a row of the page 'Keys and scopes', or in UNNAMED"


@pytest.mark.parametrize("words", ROWS)
def test_row_of_the_page_names_the_scopes_of_its_requests(start, words):
    scene = start(words)
    result = run_row(scene, words)
    assert not result["failed"], result["msg"]
    # No scope is known for the list of connections: the page says so below the table.
    sent = [row for row in scene.requests() if not row["path"].startswith("/api/connection-types/")]
    needed = [(scopes.needed(row["method"], row["path"]), scopes.documented(row["path"])) for row in sent]
    documented = {scope for scope, certain in needed if certain}
    assert row_of(words) == (documented, {scope for scope, _certain in needed} - documented)


@pytest.mark.parametrize("words", ROWS)
def test_documented_scopes_suffice_where_the_older_api_checks_none(start, words):
    documented, _assumed = row_of(words)
    assert run_row(start(words, documented, older_scopes="open"), words)["failed"] is False


@pytest.mark.parametrize("words", ROWS)
def test_all_scopes_of_a_row_suffice_and_a_403_names_the_one_that_is_missing(start, words):
    needed = set().union(*row_of(words))
    assert run_row(start(words, needed), words)["failed"] is False
    for missing in needed:
        message = run_row(start(words, needed - {missing}), words)["msg"]
        assert ("returned 403" in message, message.count(f"This request needs {missing}")) == (True, 1)


def test_scopes_of_the_collection_are_those_of_the_simulator():
    for method, pattern, scope, _rule in ROUTES:
        path = re.sub(r"\(.+?\)", "1", pattern.pattern)
        assert scopes.needed(method, path) == scope, f"{path}: add it to RESOURCES in _api/scopes.py"
        assert len([other for same, other, *_rest in ROUTES if same == method and other.fullmatch(path)]) == 1, f"{method} {path} has two rules"
    for beginning, _resource in scopes.RESOURCES:
        assert [pattern for _method, pattern, *_rest in ROUTES if pattern.pattern.startswith(beginning)], beginning


@pytest.mark.parametrize(("page", "sentence"), [
    ("docs/docsite/rst/quick_start.rst", r"Create an API key in the root workspace[^.]*\."), ("README.md", r"For deployments, the key needs[^.]*\."),
])  # fmt: skip
def test_key_that_a_first_page_names_suffices_for_what_the_page_does(start, page, sentence):
    text = (in_process.ROOT / page).read_text("utf-8").replace("\n", " ")
    named = set(SCOPE.findall(re.search(sentence, text)[0]))

    assert named == set().union(*row_of("Deploy by names"))
    scene = start("Deploy by names", named)
    assert scene.deploy(**BY_NAME).requeued["extract_count"] > 0
    assert run_row(scene, "Deploy an existing destination by its ID")["failed"] is False
    assert run_row(scene, "Create a report with the playbook")["failed"] is False
