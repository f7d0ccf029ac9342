# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every parameter that the guides document has an option that reaches the request, and every field has its return key.

The guides are those about bindings, pulling and requeue; of jobs and issues it is what other clients have seen: the simulator answers with those fields
(tests/unit/simulator/test_rules.py). What changes of datastreams and filters of datastreams send stands in contract. ``Scene.run()``
compares the keys of each result with the documented ones.
"""

from __future__ import annotations

import re

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import (
    CHANGES,
    ONE,
    READS,
    RETURNED,
    SENT,
    acme,
)


@pytest.fixture(name="scene")
def fixture_scene(begin):
    return begin(acme())


@pytest.mark.parametrize(("name", "options", "request_line", "expected"), SENT)
def test_option_reaches_the_request(scene, name, options, request_line, expected):
    result = scene.run(name, **options)
    assert not result["failed"], result["msg"]
    sent = [{**dict(row["query"]), **(row["body"] or {})} for row in scene.requests() if f"{row['method']} {row['path']}" == request_line]
    assert any({**row, **expected} == row for row in sent), sent


def leaves(row, place=""):
    """The fields of a row, with those of what is in it, each as its place and its value."""
    if isinstance(row, dict):
        return {inner for name, value in row.items() for inner in leaves(value, f"{place}.{name}")}
    if isinstance(row, list):
        return {inner for number, value in enumerate(row) for inner in leaves(value, f"{place}[{number}]")}
    return {(place, row)}


@pytest.mark.parametrize("name", RETURNED)
def test_each_field_of_a_response_is_returned_as_it_is(scene, monkeypatch, name):
    (module, options), (request_line, key) = {**CHANGES, **READS}[name], RETURNED[name]
    answers, send = [], Client._send

    def record(client, method, path, *more):
        answers.append((f"{method} {path}", send(client, method, path, *more)))
        return answers[-1][1]

    monkeypatch.setattr(Client, "_send", record)
    result = scene.run(module, **options)
    returned = {row["id"]: leaves(row) for row in result[key]}
    rows = {
        row["id"]: leaves(row) for line, answer in answers if re.fullmatch(request_line, line) for row in answer.get("items", answer.get("results", [answer]))
    }
    assert 0 < len(returned) == result.get("count", len(returned))
    assert set(returned) == set(rows) or "limit" in options
    assert [rows[number] - fields for number, fields in returned.items()] == [set()] * len(returned)


def test_smart_schedule_is_returned_flat(scene):
    (row,), (flat,) = scene.run("datastream_info", datastream_ids=[ONE])["datastreams"], scene.run("smart_pulling_info", datastream_ids=[ONE])["smart_pulling"]
    smart = row["pulling"]["smart"]
    assert flat == {
        "datastream_id": row["id"], "name": row["name"], "active_mode": row["pulling"]["active_mode"],
        **{name: smart[name] for name in ("is_active", "frequency", "refresh_range")}, "deadline": (smart["deadline"] or {}).get("time"),
    }  # fmt: skip
