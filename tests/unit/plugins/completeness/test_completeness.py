# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every documented parameter and field has its option or its return key, and every option that claims to be sent is seen in a request.

Drift fails in either direction: between the tables and the service (as the simulator answers it), and between the tables and the modules.
"""

from __future__ import annotations

import json
import os
import re

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.completeness import tables
from ansible_collections.adverity.management.tests.unit.plugins.completeness.tables import (
    BY_NAME,
    DOCUMENTED,
    HEADERS,
    LOCAL,
    LOCAL_CONNECTION,
)
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

HOST = "acme.example"
STREAM, WORKSPACE = "d5000000-0000-4000-8000-000000000459", "a0000000-0000-4000-8000-000000000004"  # LinkedIn Ads | DACH
LEDGER = {"ledger": None}  # each run gets its own
CHOSEN = {"datastream_ids": [STREAM]}

# How each option that is sent is set, and what is to be seen in the request. Options of the same call that differ are written once.
SENT = {
    "adverity_binding.datastream_id": ({"datastream_id": 456, "enabled": True}, "456"),
    "adverity_binding.target_id": ({"target_id": 790, "enabled": True}, "790"),
    "adverity_binding.binding_ids": ({"binding_ids": [123], "enabled": True}, "123"),
    "adverity_binding.enabled": ({"binding_ids": [123], "enabled": True}, True),
    "adverity_binding_info.datastream_id": ({"datastream_id": 456}, "456"),
    "adverity_binding_info.target_id": ({"target_id": 790}, "790"),
    "adverity_requeue_info.target_id": (dict(LEDGER, target_id=790), "790"),
    "adverity_load_info.target_id": (dict(LEDGER, target_id=790), "790"),
    "adverity_requeue.target_id": (dict(LEDGER, datastream_ids=[456], target_id=790), "790"),
    "adverity_requeue.datastream_ids": (dict(LEDGER, datastream_ids=[457]), "457"),
    "adverity_requeue.created_from": (dict(LEDGER, datastream_ids=[457], created_from="2020-01-02"), "2020-01-01T23:59:59Z"),
    "adverity_requeue.created_to": (dict(LEDGER, datastream_ids=[457], created_to="2100-01-02T10:00:00Z"), "2100-01-02T10:00:01Z"),
    "adverity_requeue.extract_ids": (dict(LEDGER, extract_ids=[101, 103]), [101, 103]),
    "adverity_requeue.binding_ids": (dict(LEDGER, datastream_ids=[457], binding_ids=[130], limit=1), [130]),
    "adverity_requeue.sequential": (dict(LEDGER, extract_ids=[101], sequential=False), False),
    "adverity_extract_info.datastream_ids": ({"datastream_ids": [457]}, "457"),
    "adverity_extract_info.created_from": ({"datastream_ids": [457], "created_from": "2020-01-02"}, "2020-01-01T23:59:59Z"),
    "adverity_extract_info.created_to": ({"datastream_ids": [457], "created_to": "2100-01-02T10:00:00Z"}, "2100-01-02T10:00:01Z"),
    "adverity_extract_info.limit": ({"datastream_ids": [457], "limit": 2}, "-created"),
    "adverity_job_info.datastream_ids": ({"datastream_ids": [457]}, "457"),
    "adverity_job_info.start": ({"start": "2020-01-02"}, "2020-01-01T23:59:59Z"),
    "adverity_job_info.end": ({"end": "2100-01-02T10:00:00Z"}, "2100-01-02T10:00:01Z"),
    "adverity_issue_info.datastream_ids": ({"datastream_ids": [457]}, "457"),
    "adverity_issue_info.stages": ({"stages": ["Fetch"]}, "true"),
    "adverity_datastream.datastream_ids": (dict(CHOSEN, enabled=False), STREAM),
    "adverity_datastream.enabled": (dict(CHOSEN, enabled=False), False),
    "adverity_datastream.pulling_mode": (dict(CHOSEN, pulling_mode="schedule"), "schedule"),
    "adverity_smart_pulling.datastream_ids": (dict(CHOSEN, frequency="daily"), STREAM),
    "adverity_smart_pulling.is_active": (dict(CHOSEN, is_active=False), False),
    "adverity_smart_pulling.frequency": (dict(CHOSEN, frequency="daily"), "daily"),
    "adverity_smart_pulling.refresh_range.value": (dict(CHOSEN, refresh_range={"value": 3, "unit": "month"}), 3),
    "adverity_smart_pulling.refresh_range.unit": (dict(CHOSEN, refresh_range={"value": 3, "unit": "month"}), "month"),
    "adverity_smart_pulling.deadline": (dict(CHOSEN, deadline="10:30"), "10:30:00"),
}
for _module, _nested, _more in (
    ("adverity_datastream_info", False, {}),
    ("adverity_smart_pulling_info", False, {}),
    ("adverity_datastream", True, {"enabled": True}),
    ("adverity_smart_pulling", True, {"is_active": True, "frequency": "weekly", "refresh_range": {"value": 3, "unit": "month"}, "reset": ["deadline"]}),
):
    for _name, _filters, _seen in (
        ("datastream_ids", {"datastream_ids": [STREAM]}, STREAM),
        ("workspace_ids", {"workspace_ids": [WORKSPACE]}, WORKSPACE),
        ("workspace_scope", {"workspace_ids": [WORKSPACE], "workspace_scope": "family"}, "family"),
        ("enabled", {"enabled": False, "workspace_ids": [WORKSPACE]}, "false"),
        ("active_pulling_mode", {"active_pulling_mode": "smart"}, "smart"),
    ):
        if not _nested:
            SENT[f"{_module}.{_name}"] = (_filters, _seen)
        elif _name != "datastream_ids":
            SENT[f"{_module}.filters.{_name}"] = (dict(_more, filters=_filters), _seen)


@pytest.fixture(name="simulator")
def fixture_simulator():
    simulator = in_process.import_simulator().Simulator(port=None)
    with in_process.connected(lambda params: connection.connect(params, SimulatorTransport(simulator))):
        yield simulator


@pytest.fixture(name="run")
def fixture_run(simulator, tmp_path):
    """Runs a module against the simulator."""

    def run(name, options):
        options = dict(options, instance=HOST, api_key=in_process.KEY, retries=0)
        if "ledger" in in_process.spec_of(name)[0]:
            options["ledger"] = str(tmp_path / str(len(os.listdir(tmp_path))))
        if "source" in options:
            options.update(source=str(tmp_path / "source"), destination=str(tmp_path / "destination"))
            with Ledger(options["source"], None, HOST, WRITE) as ledger:
                ledger.note({}, [BindingRow(5, 456, 789, 0)])
        return in_process.run(name, options)

    return run


def matches(endpoint, request):
    method, path = endpoint
    return request["method"] == method and re.fullmatch(path.replace("{id}", r"\d+"), request["path"]) is not None


def flatten(value, path=""):
    """The names of a JSON value's leaves, as in the table, each with its values."""
    found = {}
    if isinstance(value, dict):
        pairs = [(path + "." * bool(path) + name, inner) for name, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(path + "[]", inner) for inner in value]
    else:
        return {path: [value]}
    for name, inner in pairs:
        for leaf, values in flatten(inner, name).items():
            found.setdefault(leaf, []).extend(values)
    return found


def carriers(*places):
    """What the table names as carriers in these places."""
    return {carrier for field in DOCUMENTED if field.place in places for carrier in field.carriers}


def nested(spec, path):
    """The names of all options, those inside others with their path."""
    for name, option in spec.items():
        yield path + name
        if "options" in option:
            yield from nested(option["options"], path + name + ".")


# The tables themselves


def test_a_row_says_what_carries_it_or_why_nothing_does():
    assert [field for field in DOCUMENTED if bool(field.carriers) == bool(field.why_none)] == []
    keys = [(field.endpoint, field.place, field.name) for field in DOCUMENTED]
    assert len(keys) == len(set(keys))


# The tables and the service


EXAMPLES = {  # a request for each endpoint, so that the service shows all that it looks at
    tables.BINDINGS: ("/api/v1/bindings/", {}, None),
    tables.BINDING: ("/api/v1/bindings/123/", {}, {"enabled": True}),
    tables.DATASTREAMS: ("/api/v1/datastreams/", {}, None),
    tables.DATASTREAM: ("/api/v1/datastreams/", {"datastream_id": [STREAM]}, {"enabled": False, "pulling": {"active_mode": "schedule"}}),
    tables.SMART: (
        "/api/v1/datastreams/pulling/smart/",
        {"datastream_id": [STREAM]},
        {"is_active": True, "frequency": "daily", "refresh_range": {"value": 1, "unit": "day"}, "deadline": {"time": "10:00:00"}},
    ),
    tables.EXTRACTS: ("/api/extracts/", {"datastream_id": 456, "created_from": "2020-01-01", "created_to": "2100-01-01"}, None),
    tables.JOBS: ("/api/jobs/", {"datastream_id": 460, "start": "2020-01-01", "end": "2100-01-01"}, None),
    tables.JOB: ("/api/jobs/9001/", {}, None),
    tables.ISSUES: ("/api/errors/", {}, None),
    tables.REQUEUE: ("/api/v1/extracts/requeue/", {}, {"extract_ids": [101], "binding_ids": [55], "sequential": True}),
}


@pytest.mark.parametrize("endpoint", tables.ENDPOINTS, ids=" ".join)
def test_the_service_knows_what_the_table_has(simulator, monkeypatch, endpoint):
    """Of each request: the query parameters that the service looks at, and the fields that it answers."""
    asked, module = set(), in_process.import_simulator()
    every = module.Call.every
    monkeypatch.setattr(module.Call, "every", lambda call, name: asked.add(name) or every(call, name))
    path, params, body = EXAMPLES[endpoint]
    answer = Client("https://acme.example", in_process.KEY, SimulatorTransport(simulator), retries=0).request(endpoint[0], path, params, body).data
    for place, seen in (("query", asked), ("answer", set(flatten(answer)))):
        told = {field.name for field in DOCUMENTED if field.endpoint == endpoint and field.place == place}
        # Of an object that is null nothing but its own name is seen.
        assert {name for name in seen if not any(one.startswith(name + ".") for one in told)} == told, place


# The tables and the modules


@pytest.mark.parametrize("name", [name for name in in_process.MODULES if name not in BY_NAME])
def test_every_option_is_carried_or_local(name):
    carried = {one.split(".", 1)[1] for one in carriers("query", "body", "path") if one.startswith(name + ".")}
    local = set(LOCAL.get(name, "").split())
    assert carried & local == set()
    around = {one.split(".")[0] for one in carried if "." in one}
    assert set(nested(in_process.spec_of(name)[0], "")) == {*carried, *local, *around, *HEADERS, *LOCAL_CONNECTION.split()}


def test_every_option_that_reaches_the_wire_is_driven_there():
    assert set(SENT) == carriers("query", "body", "path")


def place_of(field, request):
    """What a request holds where a field says."""
    if field.place == "query":
        return [value for name, value in request["query"] if name == field.name]
    if field.place == "path":
        return re.findall(r"\d+(?=/$)", request["path"])
    return [request["body"][field.name]] if field.name in (request["body"] or {}) else flatten(request["body"]).get(field.name, [])


@pytest.mark.parametrize(
    ("field", "carrier"),
    [(field, carrier) for field in DOCUMENTED if field.place in ("query", "body", "path") for carrier in field.carriers],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_option_reaches_the_wire(simulator, run, field, carrier):
    options, expected = SENT[carrier]
    run(carrier.split(".")[0], options)
    requests = [request for request in simulator.requests if matches(field.endpoint, request)]
    assert requests
    assert all(request["key"] == "demo" for request in simulator.requests)
    assert any(expected in place_of(field, request) for request in requests)
    assert all(request["headers"].get("content-type") == "application/json" for request in requests if request["method"] != "GET")


def test_what_has_no_option_is_not_sent_by_accident(simulator, run):
    """No request of any of these runs holds a parameter or field that the table does not know, or that it says is not sent."""
    unsent = {
        (field.endpoint, field.place, field.name)
        for field in DOCUMENTED
        if field.why_none and field.place != "answer" and not field.why_none.startswith("every page")
    }
    known = {(field.endpoint, field.place, field.name) for field in DOCUMENTED}
    for carrier, (options, _expected) in SENT.items():
        simulator.reset()
        run(carrier.split(".")[0], options)
        for request in simulator.requests:
            endpoint = next(one for one in tables.ENDPOINTS if matches(one, request))
            body = {name.replace("[]", "") for name in flatten(request["body"])} if request["body"] else set()
            seen = {(endpoint, "query", name) for name, _value in request["query"]} | {(endpoint, "body", name) for name in body}
            assert seen <= known - unsent


RETURNING = {  # a run of each module, after which its return keys are looked at
    "adverity_assignment": {"type": "bigquery", "target_id": 789, "assignments": [{"datastream_id": 456}]},
    "adverity_destination": {"type": "bigquery", "target_id": 789},
    "adverity_destination_info": {"type": "bigquery"},
    "adverity_directory_info": {"workspaces": ["EMEA"]},
    "adverity_binding": {"binding_ids": [123], "enabled": True},
    "adverity_binding_info": {"target_id": 789},
    "adverity_datastream": dict(CHOSEN, enabled=False),
    "adverity_datastream_info": {"datastream_ids": [STREAM]},
    "adverity_smart_pulling": dict(CHOSEN, frequency="daily"),
    "adverity_smart_pulling_info": {"datastream_ids": [STREAM]},
    "adverity_extract_info": {"datastream_ids": [457]},
    "adverity_job_info": {"start": "2020-01-01"},
    "adverity_issue_info": {},
    "adverity_requeue": dict(LEDGER, datastream_ids=[457], batch_size=50),
    "adverity_deployment_info": dict(LEDGER, variables={"target_id": 789}),
    "adverity_ledger_copy": {"source": None, "destination": None},
}


@pytest.mark.parametrize("name", sorted({one.split(".")[0] for one in carriers("answer")}))
def test_what_the_service_answers_is_returned(run, monkeypatch, name):
    """Each documented field of an answer, with the values that were in the answer."""
    answers, send = [], Client._send

    def record(client, method, path, *more):
        answers.append(({"method": method, "path": path}, send(client, method, path, *more)))
        return answers[-1][1]

    monkeypatch.setattr(Client, "_send", record)
    result = run(name, RETURNING[name])
    returned = {}
    for key, value in flatten(result).items():
        returned[key] = sorted(json.dumps(one) for one in value)
    for field in DOCUMENTED:
        for carrier in field.carriers if field.place == "answer" else ():
            module, key = carrier.split(".", 1)
            if module != name:
                continue
            seen = [flatten(data).get(field.name, []) for request, data in answers if matches(field.endpoint, request)]
            values = sorted(json.dumps(one) for some in seen for one in some)
            assert values, carrier
            if field.name == "extract_count":  # of several requests together
                values = [json.dumps(sum(map(json.loads, values)))]
            assert set(values) <= set(returned.get(key, [])), carrier
            if field.endpoint[0] == "POST" or name.endswith("_info"):
                assert values == returned[key], carrier


@pytest.mark.parametrize("name", in_process.MODULES)
def test_a_result_holds_what_is_documented(run, name):
    options = RETURNING.get(name, LEDGER)
    documented = set(re.findall(r"^(\w+):", in_process.load(name).RETURN, re.M))
    result = set(run(name, options))
    assert result - documented <= {"changed", "diff", "warnings"}
    assert documented - result <= {"remaining", "unknown", "unfinished", "check_mode"}
