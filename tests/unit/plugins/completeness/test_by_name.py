# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of the older API is in the simulator, in the modules and on the page about it, and nothing beyond it is claimed.

The table stands in for the design of destinations by name: every request with its fields, and whether the modules need it.
"""

from __future__ import annotations

import re

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

DATASTREAM = "id name slug description enabled datatype datastream_type_id stack_id auth created updated last_fetch next_run absolute_url"
JOB = (
    "id url type job_start job_end range_start range_end scheduled progress duration state state_label manual issues datastream"
)  # fmt: skip
BIGQUERY = "project dataset schema_mapping headers_formatting force_string format_headers column_names_to_lowercase"
TARGET = f"name stack auth {BIGQUERY}"
MAPPING = "datastream table_name enabled write_disposition partition_by_date partition_column_name"
READ_ONLY = "is_schema_mapping_required logo_url url"

# method, path: fields of a body, fields of an answer (of a row in a list); "-" and why where no module sends it
KNOWN: dict[tuple[str, str], tuple[str, str, str]] = {
    ("GET", "/api/stacks/"): ("", "id name slug parent_id counts url", ""),
    ("GET", "/api/stacks/{slug}/"): ("", "id name slug parent_id counts url", "- the list is read once for any number of names"),
    ("GET", "/api/v1/workspaces/"): ("", "id name parent_id", "- its rows are not documented"),
    ("GET", "/api/datastreams/"): ("", DATASTREAM, ""),
    ("GET", "/api/datastreams/{id}/"): ("", DATASTREAM, ""),
    ("GET", "/api/datastreams/{id}/jobs/"): ("", JOB, "- the list of all jobs has the same filter"),
    ("POST", "/api/datastreams/{id}/fetch_fixed/"): ("start end", "status message start end jobs", "- the playbook of a rulebook sends it"),
    ("POST", "/api/jobs/{id}/stop"): ("", JOB, "- nothing is stopped"),
    ("GET", "/api/datastream-types/"): ("", "id name slug url datastreams", "- the list of all datastreams is enough"),
    ("GET", "/api/datastream-types/{type}/datastreams/"): ("", DATASTREAM, "- the list of all datastreams is enough"),
    ("GET", "/api/connection-types/"): ("", "id name slug url connections", ""),
    ("GET", "/api/connection-types/{type}/connections/"): ("", "id name stack is_authorized app user", ""),
    ("GET", "/api/target-types/"): ("", "id name slug url targets", ""),
    ("OPTIONS", "/api/target-types/{type}/targets/"): ("", "name description renders parses actions", ""),
    ("GET", "/api/target-types/{type}/targets/"): ("", f"id {TARGET} {READ_ONLY}", ""),
    ("POST", "/api/target-types/{type}/targets/"): (TARGET, f"id {TARGET} {READ_ONLY}", ""),
    ("GET", "/api/target-types/{type}/targets/{id}/"): ("", f"id {TARGET} {READ_ONLY}", ""),
    ("PATCH", "/api/target-types/{type}/targets/{id}/"): (TARGET, f"id {TARGET} {READ_ONLY}", ""),
    ("PUT", "/api/target-types/{type}/targets/{id}/"): (TARGET, f"id {TARGET} {READ_ONLY}", ""),
    ("DELETE", "/api/target-types/{type}/targets/{id}/"): ("", "", ""),
    ("GET", "/api/target-types/{type}/targets/{target}/mappings/"): ("", f"id target {MAPPING}", ""),
    ("POST", "/api/target-types/{type}/targets/{target}/mappings/"): (MAPPING, f"id target {MAPPING}", ""),
    ("GET", "/api/target-types/{type}/targets/{target}/mappings/{id}/"): ("", f"id target {MAPPING}", "- the list has them"),
    ("PATCH", "/api/target-types/{type}/targets/{target}/mappings/{id}/"): (MAPPING, f"id target {MAPPING}", ""),
    ("DELETE", "/api/target-types/{type}/targets/{target}/mappings/{id}/"): ("", "", ""),
}
USED = [one for one, (_body, _answer, why) in KNOWN.items() if not why]
NEWER = (
    "/api/v1/bindings/", "/api/v1/datastreams/", "/api/extracts/", "/api/v1/extracts/requeue/", "/api/jobs/", "/api/jobs/7/", "/api/errors/",
)  # fmt: skip
PAGE = (in_process.ROOT / "docs" / "docsite" / "rst" / "undocumented.rst").read_text("utf-8").split("What is used of the older API")[1]
NAMED = {"type": "bigquery", "workspace": "EMEA", "name": "DWH"}
SETTINGS = {
    "project": "p", "dataset": "d", "schema_mapping": True, "headers_formatting": 2, "force_string": True, "format_headers": True,
    "column_names_to_lowercase": True,
}  # fmt: skip


def entry(method, path):
    """What the table has of a request; None where it has nothing."""
    for known in KNOWN:
        pattern = re.sub(r"\{slug\}", "[^/]+", re.sub(r"\{(id|type|target)\}", r"\\d+", known[1]))
        if known[0] == method and re.fullmatch(pattern, path):
            return known
    return None


@pytest.fixture(name="story", scope="module")
def fixture_story(tmp_path_factory):
    """Every request that the modules send of their own accord, with its body and answer: each step with the service in one of two moods."""
    sent = []
    for switches in ({}, {"target_changes": "put", "target_rows": "short", "datastream_rows": "short"}):
        simulator = in_process.import_simulator().Simulator(None, switches, port=None)
        with in_process.connected(lambda params, simulator=simulator: connection.connect(params, SimulatorTransport(simulator))):
            tell(str(tmp_path_factory.mktemp("ledger") / "requeue.sqlite3"))
        sent += simulator.requests
    return sent


def tell(ledger):
    def run(module, **options):
        name, own = "adverity_" + module, {"instance": "acme.example", "api_key": in_process.KEY, "retries": 0}
        own.update({"ledger": ledger} if "ledger" in in_process.spec_of(name)[0] else {})
        return in_process.run(name, {**own, **options})

    run("directory_info", workspaces=["*"], datastreams=["Google Ads | EMEA", {"name": "Meta Ads | EMEA", "workspace": "EMEA"}], connections=["*"])
    named = {**NAMED, "connection": "BigQuery service account"}
    target_id = run("destination", **named, settings=SETTINGS)["destination"]["id"]
    run("destination", **named, settings={"project": "q"})
    run("destination_info", schema=True, **NAMED)
    for number in (1, 2):
        fields = {"write_disposition": number, "partition_by_date": number == 1, "partition_column_name": f"day{number}"}
        wanted = {"type": "bigquery", "target_id": target_id, "assignments": [{"datastream_id": 456, "table_name": "t", "settings": fields}]}
        run("assignment", **wanted)
    run("assignment", **wanted, state="absent")
    run("destination", type="bigquery", name="DWH", target_id=target_id, state="absent")


def test_the_simulator_answers_every_request_of_the_table_and_no_other():
    in_process.import_simulator()
    from adverity_simulator.routes import ROUTES

    answered = dict.fromkeys(KNOWN, 0)
    for method, pattern, _scope, _rule in ROUTES:
        example = re.sub(r"\(\[\^/\]\+\)", "emea", re.sub(r"\(\\d\{1,18\}\)", "7", pattern.pattern))
        if example in NEWER or example.startswith("/api/v1/bindings/") or example == "/api/v1/datastreams/pulling/smart/":
            continue  # of the guides, which have a table of their own
        known = entry(method, example)
        assert known is not None, f"{method} {example} is in no document"
        answered[known] += 1
    assert set(answered.values()) == {1}


def test_the_modules_send_what_the_table_says_and_nothing_else(story):
    sent = {entry(row["method"], row["path"]) for row in story if row["path"] not in NEWER}
    assert sent == set(USED)


@pytest.mark.parametrize("known", [one for one in USED if KNOWN[one][0]], ids=" ".join)
def test_every_field_of_a_body_is_sent_and_no_other(story, known):
    bodies = [row["body"] for row in story if entry(row["method"], row["path"]) == known]
    fields = {name for body in bodies for name in body}
    told = set(KNOWN[known][0].split())
    if known[0] == "PATCH":  # one request for what differs
        assert fields
        assert fields <= told
    else:
        assert fields == told


@pytest.mark.parametrize("known", [one for one in KNOWN if KNOWN[one][1]], ids=" ".join)
def test_the_simulator_answers_with_the_fields_of_the_table(known):
    simulator = in_process.import_simulator().Simulator(None, {"target_changes": "both"}, port=None)
    client = Client("https://acme.example", in_process.KEY, SimulatorTransport(simulator), retries=0)

    def type_of(kind, slug):
        return next(one["id"] for one in client.get(f"/api/{kind}-types/")["results"] if one["slug"] == slug)

    method, path = known
    kind = next((kind for kind in ("connection", "datastream") if f"{kind}-types" in path), "target")
    slug = "google-ads" if kind == "datastream" else "bigquery"
    identity = {"/api/jobs/{id}/stop": 9004, "/api/datastreams/{id}/jobs/": 460, "/api/target-types/{type}/targets/{id}/": 789}
    if "mappings" in path:
        bodies = {"POST": {"datastream": 466, "table_name": "x"}, "PATCH": {"enabled": False}}
    else:
        whole = {"name": "x", "stack": 2, "auth": 30, "project": "p", "dataset": "d"}
        bodies = {"POST": {**whole, "start": "2026-01-01", "end": "2026-01-02"} if "fetch" in path else whole, "PATCH": {"dataset": "e"}, "PUT": whole}
    numbers = {"type": type_of(kind, slug), "target": 789, "slug": "emea", "id": identity.get(path, 123 if "mappings" in path else 456)}
    data = client.request(method, path.format(**numbers), body=bodies.get(method)).data
    rows = data.get("results", data.get("items", [data])) if isinstance(data, dict) else data
    assert set(rows[0]) == set(KNOWN[known][1].split())


@pytest.mark.parametrize("known", USED, ids=" ".join)
def test_the_page_names_every_request_that_is_sent(known):
    assert re.search(rf"``{known[0]}``[^\n]*``|``[^\n]*{known[0]}[^\n]* ?{re.escape(known[1])}``|{known[0]} {re.escape(known[1])}``", PAGE)
    assert f"{known[1]}``" in PAGE


def test_the_page_names_no_request_that_is_not_known():
    paths = {path for path in re.findall(r"(/api/[^\s`]+)``", PAGE) if path not in NEWER}
    assert paths <= {path for _method, path in USED}


@pytest.mark.parametrize("name", f"name stack auth project dataset {READ_ONLY.replace(' url', '')} {MAPPING} target parent_id stack_id slug".split())
def test_the_page_names_the_fields(name):
    assert re.search(rf"\b{name}\b", PAGE)
