# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else a report may meet: ids that are not there, rows that say little, keys that may not see everything, a play of one's own."""

from __future__ import annotations

import json
import re

import pytest
from adverity_harness.runs import module
from adverity_harness.worlds import READ_ONLY_KEY, World, moment
from page import REPORT, Page, report


@pytest.mark.parametrize(
    ("wrong", "words"), [([789, 4711], "no binding to destination 4711 was found"), ([], "contains no integer ID")]
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
    assert "The key can see no bindings" in page.says(None)
    assert page.says("bindings") == "0 of 0"


def test_a_key_without_a_right_to_the_datastreams(begin):
    world = World().datastream(456).binding(123, 456)
    world.data["keys"]["tester"]["scopes"] = ["destination:read"]
    scene = begin(world)
    assert "datastream:read" in report(scene, fails=True).failures[0]["msg"]
    assert report(scene, pulling_modes=False).changed == 1


def test_a_name_that_two_datastreams_have_links_no_ids(begin):
    world = World().datastream(456, name="Google Ads").datastream(457, name="Google Ads").datastream(458, name="Meta Ads")
    run = report(begin(world.binding(123, 456).binding(124, 457).binding(125, 458)))
    page = Page((run.folder / "adverity-report.html").read_text("utf-8"))
    for number in (123, 124):
        assert "Google Ads" in page.says(f"binding-{number}"), "the older list has the name beside the integer id"
        assert "pulling mode" not in page.says(f"binding-{number}")
    assert "Meta Ads" in page.says("binding-125")
    assert "pulling mode: custom schedule" in page.says("binding-125")


def test_names_that_cannot_be_read_do_not_keep_the_page_from_being_written(begin):
    scene = begin(World().datastream(456).binding(123, 456))
    scene.service.fault(path="/api/datastreams/", status={"code": 404}, times=9)
    page = Page((report(scene).folder / "adverity-report.html").read_text("utf-8"))
    assert "Datastream 456" in page.says("binding-123")
    assert "The names of the datastreams could not be read" in page.says("pulling")
    assert "404" in page.says("pulling")


def test_what_was_refused_stands_there_with_reason_and_time(begin):
    world = World().datastream(456, extracts=4).binding(123, 456, enabled=True, updated=moment(hours=1))
    gone = world.aged(456)[1]
    world.data["refused"] = [gone]
    scene = begin(world)
    requeue = {"extract_ids": world.aged(456), "binding_id": 123, "on_refused": "skip"}
    scene.play([module("requeue", **requeue)], warnings=(str(gone),))
    page = Page((report(scene).folder / "adverity-report.html").read_text("utf-8"))
    assert page.says("refused") == "1"
    assert f"extract {gone}: " in page.says("attention-refused")
    assert "no reason recorded" not in page.says("attention-refused")
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", page.says("attention-refused"))
    assert "3 dispatched · 1 refused of 4 in the ledger" in page.says("binding-123")


def test_what_failed_to_load_has_its_issue_and_is_recorded(begin):
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True, updated=moment(hours=1))
    scene = begin(world)
    bad = world.aged(456)[1]
    scene.service.world.fail({"extract_id": bad})
    scene.play([module("requeue", extract_ids=world.aged(456), binding_id=123)])
    run = report(scene)
    page = Page((run.folder / "adverity-report.html").read_text("utf-8"))
    address = f"{scene.url}/issues/1/"
    assert f"extract {bad}: Import: Loading extract {bad} failed. ({address}) Open the issue" in page.says("attention-failed")
    assert f"Datastream 456 datastream 456 Import Loading extract {bad} failed. Open the issue" in page.says("issues")
    assert [attrs["href"] for tag, attrs in page.tags if tag == "a"] == [address] * 2
    assert "2 dispatched · 1 failed of 3 in the ledger" in page.says("binding-123")
    assert "Adverity shows 2 loaded · 1 failed" in page.says("binding-123")
    assert f"Open issue - datastream 456 - Import - Loading extract {bad} failed - {address}" in run.output
    assert "Of what was sent - 2 loaded, 1 failed to load, 0 loading, 0 unconfirmed" in run.output
    assert page.says("failed") == "1", "a deployment can send it again"


def test_without_outcomes_nothing_else_is_asked(begin):
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True, updated=moment(hours=1))
    scene = begin(world)
    scene.play([module("requeue", extract_ids=world.aged(456), binding_id=123)])
    scene.forget()
    page = Page((report(scene, outcomes=False).folder / "adverity-report.html").read_text("utf-8"))
    assert not [row["path"] for row in scene.requests() if row["path"] in ("/api/extracts/", "/api/jobs/", "/api/errors/")]
    assert "issues" not in page.words
    assert "Adverity shows" not in page.says("binding-123")


def test_outcomes_that_cannot_be_read_do_not_keep_the_page_from_being_written(begin):
    world = World().datastream(456, extracts=1).binding(123, 456, enabled=True, updated=moment(hours=1))
    scene = begin(world)
    scene.play([module("requeue", extract_ids=world.aged(456), binding_id=123)])
    scene.service.fault(path="/api/errors/", status={"code": 403}, times=9)
    run = report(scene)
    page = Page((run.folder / "adverity-report.html").read_text("utf-8"))
    assert "The issues could not be read" in page.says("issues")
    assert "The outcomes of what was sent could not be read" in page.says("jobs")
    assert "Not read - issues" in run.output


def test_in_a_play_of_ones_own(begin, tmp_path):
    scene = begin(World().datastream(456).binding(123, 456))
    playbook = tmp_path / "mine.yml"
    playbook.write_text(json.dumps([{"name": "Report", "ansible.builtin.import_playbook": REPORT, "vars": {"report_file": str(tmp_path / "x.html")}}]))
    scene.play(str(playbook))
    assert (tmp_path / "x.html").is_file()
