# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules send to the older API, which is not documented, is on the page about it, and the page names nothing else."""

from __future__ import annotations

import re

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process

PAGE = (in_process.ROOT / "docs" / "docsite" / "rst" / "undocumented.rst").read_text("utf-8").split("What is used of the older API")[1]
GUIDES = r"/api/v1/(bindings|datastreams|extracts)/|/api/(extracts|jobs|errors)/"  # these have guides, or a page of their own
NAMED = {"type": "bigquery", "workspace": "EMEA", "name": "DWH"}
SETTINGS = {
    "project": "p", "dataset": "d", "schema_mapping": True, "headers_formatting": 2, "force_string": True, "format_headers": True,
    "column_names_to_lowercase": True,
}  # fmt: skip
FIELDS = {
    "POST targets": {"name", "stack", "auth", *SETTINGS},
    "POST mappings": {"datastream", "table_name", "enabled", "write_disposition", "partition_by_date", "partition_column_name"},
}


@pytest.fixture(name="sent")
def fixture_sent(begin_demo):
    """The requests to the older API of every module that uses it, in each of its ways, and with the service in two of its ways."""
    rows = []
    for switches in ({}, {"target_changes": "put", "target_rows": "short", "datastream_rows": "short"}):
        scene = begin_demo(**switches)
        scene.run("directory_info", workspaces=["*"], datastreams=["Google Ads | EMEA", {"name": "Meta Ads | EMEA", "workspace": "EMEA"}], connections=["*"])
        named = {**NAMED, "connection": "BigQuery service account"}
        target_id = scene.run("destination", **named, settings=SETTINGS)["destination"]["id"]
        scene.run("destination", **named, settings={"project": "q"})
        scene.run("destination_info", schema=True, **NAMED)
        target = {"type": "bigquery", "target_id": target_id}
        for number in (1, 2):
            fields = {"write_disposition": number, "partition_by_date": number == 1, "partition_column_name": f"day{number}"}
            wanted = {**target, "assignments": [{"datastream_id": 456, "table_name": "t", "settings": fields}]}
            assert scene.run("assignment", **wanted)["changed"]
        scene.run("assignment", **wanted, state="absent")
        assert scene.run("destination", name="DWH", **target, state="absent")["changed"]
        rows += [row for row in scene.requests() if not re.match(GUIDES, row["path"])]
    return rows


def test_page_names_each_request_and_no_other(sent):
    named = {path for path in re.findall(r"(/api/[^\s`]+)``", PAGE) if not re.match(GUIDES, path)}
    pattern = {path: re.sub(r"\\{\w+\\}", r"\\d+", re.escape(path)) for path in named}
    found = {(row["method"], path) for row in sent for path in named if re.fullmatch(pattern[path], row["path"])}
    assert [row for row in sent if not any(re.fullmatch(one, row["path"]) for one in pattern.values())] == []
    assert {path for _method, path in found} == named
    for method, path in found:
        assert re.search(rf"``{method}``[^\n]*``|``[^\n]*{method}[^\n]* ?{re.escape(path)}``|{method} {re.escape(path)}``", PAGE), (method, path)


def test_body_has_every_field_of_the_page_and_no_other(sent):
    for key, fields in FIELDS.items():
        method, kind = key.split()
        bodies = {method: [row["body"] for row in sent if row["method"] == method and kind == row["path"].rstrip("0123456789/").split("/")[-1]]
                  for method in (method, "PATCH", "PUT")}  # fmt: skip
        assert {name for body in bodies[method] for name in body} == fields
        assert {name for body in bodies["PATCH"] + bodies["PUT"] for name in body} <= fields
        assert bodies["PATCH"]


def test_page_names_each_field():
    names = {"is_schema_mapping_required", "logo_url", "target", "parent_id", "stack_id", "slug", "project", "dataset"}
    names |= set().union(*FIELDS.values()) - set(SETTINGS)
    assert names - set(re.findall(r"\w+", PAGE)) == set()
