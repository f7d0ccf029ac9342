# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else a report may meet: ids that are not there, rows that say little, keys that may not see everything, a play of one's own."""

from __future__ import annotations

import json

import pytest
from adverity_harness.runs import module
from adverity_harness.worlds import READ_ONLY_KEY, World
from page import REPORT, Page, report


@pytest.mark.parametrize(
    ("wrong", "words"), [([789, 4711], "no binding to destination 4711 was found"), ([], "names no integer id")]
)
def test_destinations_that_are_not_there(begin, wrong, words):
    scene = begin(World().datastream(456).binding(123, 456))
    run = report(scene, target_ids=wrong, fails=True)
    assert words in run.failures[0]["msg"]
    assert not (run.folder / "adverity-report.html").exists()


def test_rows_of_which_the_service_says_little(begin):
    world = World().datastream(456, extracts=2).binding(123, 456, enabled=True)
    scene = begin(world, switches={"binding_rows": "ids"})
    scene.play([module("requeue", extract_ids=world.aged(456))])
    run = report(scene)
    page = Page((run.folder / "adverity-report.html").read_text("utf-8"))
    assert "enabled: ?" in page.says("binding-123")
    assert "Destination without a name" in page.says("destination-789")
    assert "Sent to all bindings that were enabled" in page.says("elsewhere")
    assert "2 dispatched of 2 in the ledger" in page.says("elsewhere")


def test_nothing_at_all_with_a_key_that_may_only_read(begin):
    run = report(begin(World()), env={"ADVERITY_API_KEY": READ_ONLY_KEY})
    page = Page((run.folder / "adverity-report.html").read_text("utf-8"))
    assert "The key reaches no bindings" in page.says(None)
    assert page.says("bindings") == "0 of 0"


def test_a_key_without_a_right_to_the_datastreams(begin):
    world = World().datastream(456).binding(123, 456)
    world.data["keys"]["tester"]["scopes"] = ["destination:read"]
    scene = begin(world)
    assert "datastream:read" in report(scene, fails=True).failures[0]["msg"]
    assert report(scene, pulling_modes=False).changed == 1


def test_in_a_play_of_ones_own(begin, tmp_path):
    scene = begin(World().datastream(456).binding(123, 456))
    playbook = tmp_path / "mine.yml"
    playbook.write_text(json.dumps([{"name": "Report", "ansible.builtin.import_playbook": REPORT, "vars": {"report_file": str(tmp_path / "x.html")}}]))
    scene.play(str(playbook))
    assert (tmp_path / "x.html").is_file()
