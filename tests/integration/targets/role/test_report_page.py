# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that ``adverity.management.report`` writes: what it says, that it is one file, and that no name gets out of its place.

How it looks, and its filter, are seen in a browser by the tests in ``tests/page``.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from adverity_harness.crowds import uuid
from adverity_harness.runs import module
from adverity_harness.scenes import open_scene
from adverity_harness.worlds import KEY, World, moment
from page import Page, report

REFERRING = {"src", "href", "srcset", "action", "formaction", "data", "poster", "background", "cite", "ping", "manifest", "xlink:href"}

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
ATTRIBUTE = "\" onmouseover=\"alert(3)\" x='"
CLOSING = "</bdi></strong></section></main><h1>Taken over</h1><!--"
TEMPLATE = "{{ 7 * 7 }}{% raw %}"
RIGHT_TO_LEFT = "חשבון שיווק | إعلانات \u202egnp.exe"
LONG = "Marketing_Performance_" * 25
STYLE = "x;background:url(https://evil.example/x)"


def hostile_world():
    """Four destinations and nine datastreams whose names are anything but words."""
    names = [MARKUP, ATTRIBUTE, CLOSING, TEMPLATE, RIGHT_TO_LEFT, LONG, STYLE, "x", "x"]
    world = World()
    for number, name in enumerate(names, 451):
        world.datastream(number, extracts=10, name=name)
    for number in (121, 122, 123):
        world.binding(number, 330 + number, enabled=True, updated=moment(hours=1))  # after the extracts, so that these are due
    world.binding(124, 454)
    world.binding(125, 455, target=790).binding(126, 456, target=791).binding(127, 458, target=792)
    for row, name in zip(world.data["targets"], (CLOSING, ATTRIBUTE, LONG, "x")):
        row["name"] = name
    world.data["targets"][0]["type"] = MARKUP
    return world


def spoil(scene):
    """What a seed file does not take: names that are empty, white space, or no text at all."""
    scene.service.world.targets[792]["name"] = ""
    scene.service.world.datastreams[458]["name"] = "  "
    scene.service.world.datastreams[459]["name"] = None


def backfill(scene):
    """Load: 121 wholly, of 122 a part, of 123 a part with an unknown outcome; 124 is planned."""
    scene.play([module("requeue", datastream_id=451, target_id=789), module("requeue", datastream_id=452, target_id=789, limit=4)])
    scene.service.fault(method="POST", skip=1, drop="before")
    scene.play([module("requeue", datastream_id=453, target_id=789, batch_size=3)], fails=True)
    scene.play([module("requeue", datastream_id=454, target_id=789, state="planned")])


@pytest.fixture(name="written", scope="module")
def fixture_written(tmp_path_factory):
    """The scene, the file and the run of a report on a hostile world; and what the page says."""
    folder = tmp_path_factory.mktemp("report")
    with open_scene(folder, hostile_world()) as scene:
        spoil(scene)
        backfill(scene)
        scene.forget()
        path = folder / "page.html"
        mapping = {"451": uuid(451), 453: uuid(453).upper(), "458": uuid(458), "999": uuid(999)}
        run = report(scene, file=str(path), datastream_uuids=mapping, verbosity=3)
        yield scene, path, run, mapping, Page(path.read_text("utf-8"))


def test_it_only_reads(written):
    scene, path, run, _mapping, _page = written
    assert scene.writes() == []
    asked = Counter(row["path"] for row in scene.requests())
    assert asked["/api/extracts/"] == 3, "one page of each datastream of which something was sent"
    assert (asked["/api/jobs/"], asked["/api/errors/"]) == (2, 2)
    assert sum(asked.values()) <= 13
    assert run.changed == 1
    assert path.stat().st_mode & 0o777 == 0o640
    extracts = run.custom["report"]["extracts"]
    assert [extracts[name] for name in ("dispatched", "pending", "unknown")] == [17, 10, 3]


def test_it_is_one_file_that_fetches_nothing_and_runs_nothing_but_its_filter(written):
    page = written[-1]
    text = written[1].read_text("utf-8")
    for tag, attrs in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form", "svg", "a"), tag  # there is no issue to link to
        assert not REFERRING.intersection(attrs), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
    assert [attrs for tag, attrs in page.tags if tag == "script"] == [{}]
    for style in page.styles:
        assert "url(" not in style
        assert "@import" not in style
    assert all(re.fullmatch(r"flex-grow:\d+", attrs["style"]) for _tag, attrs in page.tags if "style" in attrs)
    policy = next(attrs["content"] for _tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", policy)
    assert "prefers-color-scheme: dark" in text
    assert KEY[:8] not in text


def test_it_can_be_read_by_all(written):
    page = written[-1]
    assert ("html", {"lang": "en"}) in page.tags
    names = page.names()
    assert (names["h1"], names["main"], names["title"]) == (1, 1, 1)
    assert any(attrs.get("name") == "viewport" for _tag, attrs in page.tags)
    bars = [attrs for _tag, attrs in page.tags if attrs.get("class") == "bar"]
    assert bars
    assert all(attrs["aria-hidden"] == "true" for attrs in bars), "the numbers stand beside it"
    identities = [attrs["id"] for _tag, attrs in page.tags if "id" in attrs]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("name", [MARKUP, ATTRIBUTE, CLOSING, TEMPLATE, RIGHT_TO_LEFT, LONG, STYLE])
def test_a_name_is_text_and_nothing_else(written, name):
    page = written[-1]
    shown = " ".join(name.replace("\u202e", " ").split())
    assert shown in page.words["pulling"]
    assert page.names()["h1"] == 1


def test_destinations_have_their_names(written):
    page = written[-1]
    assert CLOSING in page.words["destination-789"]
    assert MARKUP in page.words["destination-789"]
    assert ATTRIBUTE in page.words["destination-790"]
    assert LONG in page.words["destination-791"]
    assert "Destination without a name" in page.says("destination-792")
    assert "Datastream without a name" in page.says("binding-127")


def test_the_counts_are_those_of_the_ledger(written):
    page = written[-1]
    assert page.says("destinations") == "4"
    assert page.says("bindings") == "3 of 7"
    assert [page.says(name) for name in ("dispatched", "pending", "unknown")] == ["17", "10", "3"]
    assert "10 dispatched of 10 in the ledger" in page.says("binding-121")
    assert "4 dispatched · 6 pending of 10 in the ledger" in page.says("binding-122")
    assert "3 dispatched · 4 pending · 3 unknown of 10 in the ledger" in page.says("binding-123")
    assert "Planned, not started" in page.says("binding-124"), "which extracts these are is decided when its binding is enabled"
    assert "No backfill in the ledger" in page.says("binding-125")
    assert "disabled" in page.says("binding-124")
    grown = [attrs["style"] for _tag, attrs in page.tags if "style" in attrs]
    attention, all_of_them = (3, 4, 3, 4, 6), (10, 4, 6, 3, 4, 3)
    assert grown == [f"flex-grow:{number}" for number in attention + all_of_them]


def test_what_needs_attention_comes_first(written):
    page = written[-1]
    identities = [attrs["id"] for _tag, attrs in page.tags if attrs.get("id", "").startswith(("attention", "destination-"))]
    assert identities[:4] == ["attention", "attention-unknown", "attention-pending", "attention-disabled"]
    assert "binding 123" in page.says("attention-unknown")
    assert "binding 122" in page.says("attention-pending")
    assert "binding 124" in page.says("attention-pending"), "planned, and its binding is disabled"
    assert all(f"binding {number}" in page.says("attention-disabled") for number in (125, 126, 127))
    assert "binding 121" not in page.says("attention")


def test_names_and_pulling_modes_stand_beside_ids(written):
    page = written[-1]
    assert "pulling mode: custom schedule" in page.says("binding-121")
    assert MARKUP in page.words["binding-121"]
    assert "pulling mode: custom schedule" in page.says("binding-122"), "by its name, which is unique"
    assert ATTRIBUTE in page.words["binding-122"]
    assert "pulling mode: custom schedule" in page.says("binding-127"), "it has no name, but somebody gave its UUID"


def test_it_says_that_something_is_loaded_only_where_adverity_shows_it(written):
    page = written[-1]
    assert [number for number in range(121, 128) if "loaded" in page.says(f"binding-{number}")] == [121, 122, 123]
    assert "Adverity shows 10 loaded" in page.says("binding-121")
    assert "Adverity shows 3 loaded · 3 unconfirmed" in page.says("binding-123"), "also of what the ledger records as unknown"
    for word in ("complete", "finished", "done", "success"):
        assert word not in page.says(None).lower()


def test_twice_is_not_changed_and_check_mode_writes_nothing(written):
    scene, path, _run, mapping, _page = written
    before, moment = path.read_bytes(), path.stat().st_mtime_ns
    again = report(scene, file=str(path), datastream_uuids=mapping)
    assert again.changed == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, moment)
    other = path.with_name("other.html")
    assert report(scene, file=str(other), check=True).changed == 1
    assert not other.exists()


def test_some_destinations_into_the_current_folder(written):
    scene = written[0]
    run = report(scene, target_ids="789, 791", pulling_modes=False)
    page = Page((run.folder / "adverity-report.html").read_text("utf-8"))
    assert run.custom["report"]["file"] == str(run.folder / "adverity-report.html")
    assert page.says("destinations") == "2"
    assert "destination-790" not in page.words
    assert "pulling" not in page.words
    assert [page.says(name) for name in ("dispatched", "pending", "unknown")] == ["17", "10", "3"]
    assert report(scene, target_ids=[790], file=str(run.folder / "790.html")).custom["report"]["extracts"]["dispatched"] == 0
