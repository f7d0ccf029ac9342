# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scopes of a key: the page "Keys and scopes", the quick start and the README name what suffices, and page, simulator and the hint of a 403 agree."""

from __future__ import annotations

import importlib
import re

import pytest
import yaml
from ansible_collections.adverity.management.plugins.module_utils._api import connection, scopes
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

SIMULATOR = in_process.import_simulator()
ROUTES = importlib.import_module(SIMULATOR.__name__ + ".routes").ROUTES
PAGES = in_process.ROOT / "docs" / "docsite" / "rst"
SCOPE = re.compile(r"`((?:datastream|destination|workspace):(?:read|write))`")
STREAM = "d5000000-0000-4000-8000-000000000459"
TABLE = yaml.safe_load(re.search(r"^ {4}deploy_destination_name: .+\n(?: {4}.+\n)+", (PAGES / "quick_start.rst").read_text("utf-8"), re.M)[0])
BY_NAME = {name.replace(role_in_process.PREFIX, "", 1): value for name, value in TABLE.items()}
TYPED = {"type": "bigquery", "name": "New", "workspace": "EMEA", "connection": "31", "settings": {"project": "p", "dataset": "d"}}

SMART = {"is_active": True, "frequency": "daily"}
# What a row of the page stands for, by words of its first cell: modules with their options, or variables of the role.
TASKS = {
    "List bindings": [("adverity_binding_info", {})],
    "Enable or disable bindings": [("adverity_binding", {"target_id": 789, "enabled": False})],
    "Send extracts": [("adverity_requeue", {"datastream_ids": [457], "binding_ids": [130], "limit": 1})],
    "Read the ledger": [("adverity_requeue_info", {"target_id": 789})],
    "List extracts": [("adverity_extract_info", {"datastream_ids": [456]})],
    "Look up workspaces": [("adverity_directory_info", {"workspaces": ["*"], "datastreams": ["*"]})],
    "List destinations": [("adverity_destination_info", {"workspace": "EMEA"})],
    "delete destinations": [("adverity_destination", TYPED), ("adverity_destination", {"type": "bigquery", "name": "New", "state": "absent"})],
    "delete assignments": [("adverity_assignment", {"type": "bigquery", "target_id": 789, "assignments": [{"datastream_id": 462}]})],
    "by its ID": [("role", {"target_id": 789})],
    "by names": [("role", {**BY_NAME, "connection": "31"})],
    "Also set": [("role", {**BY_NAME, "connection": "31", "pulling_mode": "smart", "datastream_enabled": False, "smart_pulling": SMART})],
    "their smart schedules": [("adverity_datastream_info", {}), ("adverity_smart_pulling_info", {})],
    "Change datastreams": [
        ("adverity_datastream", {"datastream_ids": [STREAM], "enabled": False}),
        ("adverity_smart_pulling", {"datastream_ids": [STREAM], "frequency": "daily"}),
    ],
    "Create a report": [
        ("adverity_binding_info", {}),
        ("adverity_requeue_info", {"summary_only": True}),
        ("adverity_datastream_info", {}),
        ("adverity_directory_info", {"datastreams": ["*"]}),
    ],
    "Move a ledger": [],
}
MORE_THAN = {"Also set": "by names"}  # rows that name what is needed beyond another row


def rows_of_page():
    """The rows of the table: the first cell, documented scopes, assumed scopes."""
    text = (PAGES / "authentication.rst").read_text("utf-8")
    return [(task, set(SCOPE.findall(first)), set(SCOPE.findall(second))) for task, first, second in re.findall(
        r"^    \* - ((?:.+\n)(?: {8}.+\n)*)      - (.+)\n      - (.+)\n", text, re.M)][1:]  # fmt: skip


ROWS = rows_of_page()


def row_of(words):
    """The scopes of one row of the page: documented, assumed."""
    ((_task, documented, assumed),) = [row for row in ROWS if words in row[0]]
    if words in MORE_THAN:
        basis = row_of(MORE_THAN[words])
        documented, assumed = documented | basis[0], assumed | basis[1]
    return documented, assumed - documented


def run_row(call, words):
    """Run what a row of the page stands for."""
    result = {}
    for name, options in TASKS[words]:
        if name == "role":
            role_in_process.deploy(call, **options)
        else:
            by_id = {"target_id": result["destination"]["id"]} if options.get("state") == "absent" else {}
            result = call(name, **options, **by_id)


@pytest.fixture(name="start")
def fixture_start(tmp_path):
    """Runs a function that gets ``call(module, check_mode, **options)``, with a key that has these scopes; returns the requests."""

    def start(function, key_scopes=None, **switches):
        simulator = SIMULATOR.Simulator(SIMULATOR.default_world("2026-03-10T12:00:00Z"), switches=switches, port=None)
        ledger = tmp_path / f"ledger{len(list(tmp_path.iterdir()))}"
        if key_scopes is not None:
            simulator.world.keys["demo"]["scopes"] = sorted(key_scopes)

        def call(name, /, check_mode=False, **options):
            options = {"instance": "acme.example", "api_key": in_process.KEY, "retries": 0, **options}
            return in_process.run(name, {**options, **({"ledger": str(ledger)} if "ledger" in in_process.spec_of(name)[0] else {})}, check_mode)

        with in_process.connected(lambda params: connection.connect(params, SimulatorTransport(simulator))):
            function(call)
        return list(simulator.requests)

    return start


def test_every_row_of_the_page_is_tried():
    found = [words for task, *_scopes in ROWS for words in TASKS if words in task]
    assert sorted(found) == sorted(TASKS)
    assert len(ROWS) == len(TASKS)


@pytest.mark.parametrize("words", TASKS)
def test_a_row_of_the_page_names_the_scopes_of_its_requests(start, words):
    requests = start(lambda call: run_row(call, words))
    needed = [(scopes.needed(row["method"], row["path"]), scopes.documented(row["path"])) for row in requests]
    documented = {scope for scope, certain in needed if certain}
    assert row_of(words) == (documented, {scope for scope, _certain in needed} - documented)


@pytest.mark.parametrize("words", TASKS)
def test_the_documented_scopes_suffice_where_the_older_api_checks_none(start, words):
    documented, _assumed = row_of(words)
    start(lambda call: run_row(call, words), documented, older_scopes="open")


@pytest.mark.parametrize("words", TASKS)
def test_all_scopes_of_a_row_suffice_and_a_403_names_the_one_that_is_missing(start, words):
    documented, assumed = row_of(words)
    start(lambda call: run_row(call, words), documented | assumed)
    for missing in documented | assumed:
        with pytest.raises(AdverityError) as caught:
            start(lambda call: run_row(call, words), (documented | assumed) - {missing})
        message = caught.value.result()["msg"]
        assert ("returned 403" in message, message.count(f"This request needs {missing}")) == (True, 1)


def test_the_simulator_and_the_table_agree():
    for method, pattern, scope, _rule in ROUTES:
        path = re.sub(r"\(.+?\)", "1", pattern.pattern)
        assert scopes.needed(method, path) == scope, path
    for beginning, _resource in scopes.RESOURCES:
        assert [pattern for _method, pattern, *_rest in ROUTES if pattern.pattern.startswith(beginning)], beginning


@pytest.mark.parametrize(("page", "sentence"), [
    ("docs/docsite/rst/quick_start.rst", r"Create an API key in the root workspace[^.]*\."), ("README.md", r"For deployments, the key needs[^.]*\."),
])  # fmt: skip
def test_the_key_that_a_first_page_names_suffices_for_what_the_page_does(start, page, sentence):
    text = (in_process.ROOT / page).read_text("utf-8").replace("\n", " ")
    named = set(SCOPE.findall(re.search(sentence, text)[0]))

    def follow(call):
        assert role_in_process.deploy(call, **BY_NAME).requeued["extract_count"] > 0
        run_row(call, "by its ID")
        run_row(call, "Create a report")

    assert named == row_of("by names")[0] | row_of("by names")[1]
    start(follow, named)
