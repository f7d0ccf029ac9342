# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._resources import issues
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World

ROW = {"id": 1, "start": "2026-01-01T05:00:00Z", "type_label": "Error", "extraction_stage_label": "Import", "message": "It failed.", "ack": False,
       "datastream": {"id": 456}, "extract": {"id": 101}, "url": "https://acme.example/issues/1/"}  # fmt: skip
ANY = issues.Choice(None, None, None)


def test_issue_of_a_row_that_tells_little():
    issue = issues.Issue.from_row({"id": 1, "extract": None, "ack": "yes", "start": "soon", "message": None}, 456)
    assert (issue.extract_id, issue.acknowledged, issue.start, issue.datastream_id) == (None, None, None, 456)
    assert (issue.stage_label, issue.message) == ("", "")
    assert issues.Issue.from_row({"id": 1, "extract": 7, "datastream": 8}, 456).datastream_id == 8
    assert issues.Issue.from_row({"id": 1, "message": "a\nb\x1b[0m"}).message == "a b [0m"


@pytest.mark.parametrize(
    ("datastream_ids", "filters", "ids"), [([456], [["datastream_id", "456"]], [2]), ([457, 456], [], [1, 2]), (None, [], [1, 2, 3])]
)
def test_read_asks_for_one_list_with_labels(begin, datastream_ids, filters, ids):
    world = World().datastream(456).datastream(457).datastream(458)
    world.data["issues"] = [{"id": number, "datastream_id": 458 - number % 3, "start": ROW["start"]} for number in (1, 2, 3)]
    scene = begin(world)
    assert [issue.id for issue in issues.read(scene.client, datastream_ids)] == ids
    assert [request["query"] for request in scene.requests()] == [[["page_size", "100"], ["show_issue_tags", "true"], *filters]]


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
def test_select_takes_what_matches_and_is_never_too_old_without_a_time(choice, ids):
    later = {"id": 2, "start": "2026-01-02T05:00:00Z", "ack": True, "extraction_stage_label": "Load"}
    rows = [ROW, {**ROW, **later}, {**ROW, "id": 3, "start": None, "ack": None, "extraction_stage_label": ""}]
    assert [issue.id for issue in issues.select([issues.Issue.from_row(row) for row in rows], choice)] == ids
