# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._resources import issues

PATH = issues.PATH
ANY = issues.Choice(None, None, None)


def row(issue_id, **more):
    return {"id": issue_id, "start": "2026-01-01T05:00:00Z", "type_label": "Error", "extraction_stage_label": "Import", "message": "It failed.", "ack": False,
            "datastream": {"id": 456}, "extract": {"id": 101}, "url": "https://acme.example/issues/1/", **more}  # fmt: skip


def expect_list(client, *rows, **params):
    answer = {"count": len(rows), "next": None, "previous": None, "results": list(rows)}
    client.expect("GET", PATH, {"page_size": 100, "show_issue_tags": "true", **params}, answer=answer)


def test_what_is_read_of_a_row(scripted):
    expect_list(scripted, row(1), datastream_id=456)
    (issue,) = issues.read(scripted, [456])
    assert (issue.datastream_id, issue.extract_id, issue.acknowledged, issue.stage_label, issue.type_label) == (456, 101, False, "Import", "Error")
    assert issue.start.moment.isoformat() == "2026-01-01T05:00:00+00:00"
    assert issue.row == {**row(1), "datastream_id": 456}


def test_what_a_row_does_not_tell():
    issue = issues.Issue.from_row({"id": 1, "extract": None, "ack": "yes", "start": "soon", "message": None})
    assert (issue.extract_id, issue.acknowledged, issue.start, issue.stage_label, issue.message, issue.datastream_id) == (None, None, None, "", "", None)
    assert issues.Issue.from_row({"id": 1, "extract": 7, "datastream": 8}).extract_id == 7
    assert issues.Issue.from_row({"id": 1, "message": "a\nb\x1b[0m"}).message == "a b [0m"


def test_one_list_for_several_datastreams(scripted):
    expect_list(scripted, row(3), row(2, datastream={"id": 458}), row(1, datastream={"id": 457}))
    assert [issue.id for issue in issues.read(scripted, [457, 456])] == [1, 3]


@pytest.mark.parametrize(
    ("choice", "ids"),
    [
        (ANY, [1, 2, 3]),
        (ANY._replace(since="2026-01-01T05:00:00Z"), [1, 2, 3]),
        (ANY._replace(since="2026-01-01T05:00:01Z"), [2, 3]),
        (ANY._replace(acknowledged=True), [2]),
        (ANY._replace(acknowledged=False), [1]),
        (ANY._replace(stages=["IMPORT ", "load"]), [1, 2]),
        (ANY._replace(stages=["x"]), []),
    ],
)
def test_which_are_selected(choice, ids):
    rows = [row(1), row(2, start="2026-01-02T05:00:00Z", ack=True, extraction_stage_label="Load"), row(3, start=None, ack=None, extraction_stage_label="")]
    assert [issue.id for issue in issues.select([issues.Issue.from_row(one) for one in rows], choice)] == ids
