# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook ``report``: what it reads, the page that it writes, and what that says where ids are wrong or little can be read.

How the page looks, and its filter, are seen in a browser by the tests in ``tests/page``; ``_deploy/test_report.py`` tests the lines of the summary.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from html.parser import HTMLParser

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.scenes import open_scene
from adverity_harness.world import KEY, READ_ONLY_KEY, World, moment, uuid

REPORT = "adverity.management.report"
VOID = {"meta", "br", "link", "img", "input", "hr", "base"}


class Page(HTMLParser):
    """The text of a page by the ID of each element around it, and where its links lead to."""

    def __init__(self, path):
        super().__init__()
        self.texts, self.links, self._open = defaultdict(str), [], []
        self.feed(path.read_text("utf-8"))
        assert self._open == [], "an element is never closed"

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self._open.append(dict(attrs).get("id"))

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        for identity in {"page", *self._open}:
            self.texts[identity] += data

    def says(self, identity="page"):
        return " ".join(self.texts[identity].split())


def page_of(run):
    return Page(run.folder / "adverity-report.html")


def report(scene, fails=False, check=False, env=None, **variables):
    extra_vars = {f"report_{name}": value for name, value in variables.items()}
    return scene.play(REPORT, fails=fails, check=check, env=env, extra_vars=extra_vars)


MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TEMPLATE = "{{ 7 * 7 }}{% raw %}"


def world_with_odd_names():
    """Four destinations and seven datastreams, some of which have names that must not be taken for anything else."""
    world = World()
    for number, name in enumerate((MARKUP, TEMPLATE, "Google", "Meta", "LinkedIn", "x", "x"), 451):
        world.datastream(number, extracts=10, name=name)
    for number in (121, 122, 123):
        world.binding(number, 330 + number, enabled=True, updated=moment(hours=1))  # after the extracts, so that these are due
    world.binding(124, 454).binding(125, 455, target=790).binding(126, 456, target=791).binding(127, 457, target=792)
    world.data["targets"][0].update(name=TEMPLATE, type=MARKUP)
    return world


@pytest.fixture(name="written", scope="module")
def fixture_written(tmp_path_factory):
    """A report: the scene, the file, the run, and the page.

    Of what binding 121 shall load all is sent, of 122 a part, of 123 a part with an unknown outcome; 124 is planned.
    """
    folder = tmp_path_factory.mktemp("report")
    with open_scene(folder, world_with_odd_names()) as scene:
        scene.service.world.targets[792]["name"] = ""  # what a seed file does not take
        scene.service.fault(method="POST", skip=3, drop="before")
        sent = [
            module("requeue", datastream_id=451, target_id=789),
            module("requeue", datastream_id=452, target_id=789, limit=4),
            refused(module("requeue", datastream_id=453, target_id=789, batch_size=3)),
            module("requeue", datastream_id=454, target_id=789, state="planned"),
        ]
        scene.play(sent)
        scene.forget()
        path = folder / "page.html"
        run = report(scene, file=str(path), datastream_uuids={"451": uuid(451), 453: uuid(453).upper(), "999": uuid(999)})
        yield scene, path, run, Page(path)


def test_it_only_reads_and_little(written):
    scene, path, run, _page = written
    assert scene.writes() == []
    asked = Counter(row["path"] for row in scene.requests())
    assert asked["/api/extracts/"] == 3, "one page of each datastream of which something was sent"
    assert (asked["/api/jobs/"], asked["/api/errors/"]) == (2, 2)
    assert sum(asked.values()) <= 13
    assert run.changed == 1
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_name_is_text_and_nothing_else_and_stands_beside_its_id(written):
    _scene, path, _run, page = written
    assert KEY[:8] not in path.read_text("utf-8")
    assert page.links == []
    shown = {"destination-789": TEMPLATE, "binding-121": MARKUP, "binding-122": TEMPLATE, "destination-792": "Destination without a name"}
    assert [place for place, name in shown.items() if name not in page.says(place)] == []
    for number in (121, 122):  # by a UUID that somebody gave, or by a name that is unique
        assert "pulling mode: custom schedule" in page.says(f"binding-{number}")


def test_the_counts_are_those_of_the_ledger_and_what_needs_attention_is_named(written):
    _scene, _path, run, page = written
    assert [page.says(name) for name in ("destinations", "bindings", "dispatched", "pending", "unknown")] == ["4", "3 of 7", "17", "10", "3"]
    assert [run.custom["report"]["extracts"][name] for name in ("dispatched", "pending", "unknown")] == [17, 10, 3]
    said = {
        121: "10 dispatched of 10 in the ledger",
        122: "4 dispatched · 6 pending of 10 in the ledger",
        123: "3 dispatched · 4 pending · 3 unknown of 10 in the ledger",
        124: "Planned, not started",  # which extracts these are is decided when its binding is enabled
        125: "No backfill in the ledger",
    }
    assert [number for number, words in said.items() if words not in page.says(f"binding-{number}")] == []
    for place, numbers in {"unknown": (123,), "pending": (122, 124), "disabled": (125, 126, 127)}.items():
        assert all(f"binding {number}" in page.says(f"attention-{place}") for number in numbers)
    assert "binding 121" not in page.says("attention")
    # That something is loaded is said only where Adverity shows it.
    assert [number for number in range(121, 128) if "loaded" in page.says(f"binding-{number}")] == [121, 122, 123]
    assert "Adverity shows 3 loaded · 3 unconfirmed" in page.says("binding-123"), "also of what the ledger records as unknown"
    assert [word for word in ("complete", "finished", "done", "success") if word in page.says().lower()] == []


def test_twice_is_not_changed_and_a_play_of_ones_own_may_choose_destinations(written):
    scene, path, *_rest = written
    before = path.read_bytes(), path.stat().st_mtime_ns
    same = {"report_file": str(path), "report_datastream_uuids": {451: uuid(451), 453: uuid(453)}}
    chosen = {"report_target_ids": "789, 791", "report_pulling_modes": False}
    playbook = path.with_name("mine.yml")
    plays = [{"name": "Report", "ansible.builtin.import_playbook": REPORT, "vars": variables} for variables in (same, chosen)]
    playbook.write_text(json.dumps(plays), "utf-8")
    run = scene.play(str(playbook))
    assert (run.changed, (path.read_bytes(), path.stat().st_mtime_ns)) == (1, before)
    assert run.custom["report"]["file"] == str(run.folder / "adverity-report.html")
    page = page_of(run)
    assert [page.says(name) for name in ("destinations", "dispatched", "pending", "unknown")] == ["2", "17", "10", "3"]
    assert not {"destination-790", "pulling"} & set(page.texts)


def test_check_mode_writes_no_page_and_without_outcomes_nothing_else_is_asked(written):
    scene, path, *_rest = written
    scene.forget()
    missing = path.with_name("missing.html")
    run = report(scene, file=str(missing), target_ids=[790], outcomes=False, check=True)
    assert (run.changed, missing.exists(), run.custom["report"]["extracts"]["dispatched"]) == (1, False, 0)
    assert not [row["path"] for row in scene.requests() if row["path"] in ("/api/extracts/", "/api/jobs/", "/api/errors/")]


@pytest.mark.parametrize(("wrong", "words"), [([789, 4711], "no binding to destination 4711 was found"), ([], "contains no integer ID")])
def test_destinations_that_are_not_there(written, wrong, words):
    run = report(written[0], target_ids=wrong, fails=True)
    assert words in run.failures[0]["msg"]
    assert not (run.folder / "adverity-report.html").exists()


def test_what_was_refused_or_failed_has_its_reason_and_a_name_of_two_datastreams_links_no_ids(begin):
    world = World().datastream(456, extracts=4, name="Google Ads").datastream(457, name="Google Ads").binding(124, 457)
    world.binding(123, 456, enabled=True, updated=moment(hours=1))
    gone, bad, *_good = world.aged(456)
    world.data["refused"] = [gone]
    scene = begin(world)
    scene.service.world.fail({"extract_id": bad})
    scene.play([module("requeue", extract_ids=world.aged(456), binding_id=123, on_refused="skip")], warnings=(str(gone),))
    run = report(scene)
    page, address = page_of(run), f"{scene.url}/issues/1/"
    assert (page.says("refused"), page.says("failed")) == ("1", "1")
    assert re.search(rf"extract {gone}: (?!no reason recorded).*\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ", page.says("attention-refused"))
    assert f"extract {bad}: Import: Loading extract {bad} failed. ({address}) Open the issue" in page.says("attention")
    assert f"Import Loading extract {bad} failed. Open the issue" in page.says("issues")
    assert page.links == [address] * 2
    assert "2 dispatched · 1 refused · 1 failed of 4 in the ledger" in page.says("binding-123")
    assert "Adverity shows 2 loaded · 1 failed" in page.says("binding-123")
    for number in (123, 124):
        assert "Google Ads" in page.says(f"binding-{number}"), "the older list has the name beside the integer ID"
        assert "pulling mode" not in page.says(f"binding-{number}")


def test_what_cannot_be_read_does_not_keep_the_page_from_being_written(begin):
    world = World().datastream(456, extracts=2).binding(123, 456, enabled=True)
    scene = begin(world, switches={"binding_rows": "ids"})
    first, second = world.aged(456)
    scene.play([module("requeue", extract_ids=[first]), module("requeue", extract_ids=[second], binding_id=123)])
    scene.service.fault(path="/api/datastreams/", status={"code": 404}, times=9)
    scene.service.fault(path="/api/errors/", status={"code": 403}, times=9)
    run = report(scene, env={"ADVERITY_API_KEY": READ_ONLY_KEY})
    said = {
        "binding-123": ("Datastream 456", "enabled: ?"),
        "destination-789": ("Destination without a name",),
        "elsewhere": ("Sent to all bindings that were enabled", "1 dispatched of 1 in the ledger"),
        "pulling": ("The names of the datastreams could not be read", "404"),
        "issues": ("The issues could not be read",),
        "jobs": ("The outcomes of what was sent could not be read",),
    }
    page = page_of(run)
    assert [(place, text) for place, texts in said.items() for text in texts if text not in page.says(place)] == []
    assert "Not read - issues" in run.output


def test_a_key_without_a_right_to_the_datastreams(begin):
    world = World()
    world.data["keys"]["tester"]["scopes"] = ["destination:read"]
    scene = begin(world)
    assert "datastream:read" in report(scene, fails=True).failures[0]["msg"]
    page = page_of(report(scene, pulling_modes=False))
    assert "The key can see no bindings" in page.says()
    assert page.says("bindings") == "0 of 0"
