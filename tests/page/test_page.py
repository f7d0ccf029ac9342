# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a reader sees it: in Chromium, narrow and wide, light and dark, with hostile names and with a hundred destinations.

``PAGE_PICTURES=FOLDER`` keeps a picture of each.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path

import pytest
from browser import Browser, find_browser
from pages import ADDRESSES, HOSTILE, TEMPLATE, calm, hostile, many, world, write_pages

WORLDS = {"hostile": hostile(), "many": many(), "calm": calm(), "nothing": world([], [], [], [])}
SEEN = [(name, width, dark) for name in WORLDS for width in (390, 1280) for dark in (False, True)]

# Of each piece of text that is seen: its colour against what lies behind it (WCAG 2, contrast ratio), as text. A colour is [r, g, b, a].
CONTRAST = """(() => {
  const parse = (text) => { const found = text.match(/[\\d.]+/g).map(Number); return found.length > 3 ? found : [...found, 1]; };
  const over = (front, back) => [0, 1, 2].map((at) => front[at] * front[3] + back[at] * (1 - front[3])).concat(1);
  const light = (color) => { const [r, g, b] = color.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (element) => {
    const color = element ? parse(getComputedStyle(element).backgroundColor) : [255, 255, 255, 1];
    return color[3] === 1 ? color : over(color, behind(element.parentElement));
  };
  const pieces = [];
  const look = (element, color, text) => {
    const back = behind(element);
    const [one, other] = [light(over(parse(color), back)), light(back)].sort((a, b) => b - a);
    pieces.push([Math.round((one + 0.05) / (other + 0.05) * 100) / 100, text.trim().slice(0, 60)]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element.tagName === "SCRIPT" || !walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    look(element, getComputedStyle(element).color, walker.currentNode.data);
  }
  const input = document.querySelector("#filter input");
  look(input, getComputedStyle(input, "::placeholder").color, "placeholder");
  look(input, getComputedStyle(input).color, "input");
  return pieces;
})()"""
# What sticks out of the window, or of the box around it.
OUTSIDE = """[...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility()).filter((one) => {
  const box = one.getBoundingClientRect(); return box.right > innerWidth + 0.5 || box.left < -0.5;
}).map((one) => one.outerHTML.slice(0, 80))"""
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def type_words(browser, words):
    """Type into the filter, as a reader would; return what it tells."""
    browser.run("(() => { const input = document.querySelector('#filter input'); input.value = ''; input.focus(); })()")
    browser.call("Input.insertText", text=words)
    browser.run("document.querySelector('#filter input').dispatchEvent(new Event('input'))")
    return browser.run("document.querySelector('#filter output').value")


def seen(browser, selector):
    """Return the text of the elements that a reader sees, one line each."""
    found = browser.run(f"[...document.querySelectorAll({selector!r})].filter((one) => one.checkVisibility()).map((one) => one.innerText)")
    return [" ".join(text.split()) for text in found]


@pytest.fixture(name="paths", scope="module")
def fixture_paths(tmp_path_factory):
    """The pages, by the names of their worlds."""
    return write_pages(tmp_path_factory.mktemp("pages"), **WORLDS)


@pytest.fixture(name="browser", scope="module")
def fixture_browser(tmp_path_factory):
    """One browser for all tests."""
    program = find_browser()
    assert program, "there is no Chromium on PATH"
    with Browser(program, tmp_path_factory.mktemp("browser") / "home") as browser:
        yield browser


@pytest.fixture(name="shown", scope="module", params=SEEN, ids=lambda one: f"{one[0]}-{one[1]}-{'dark' if one[2] else 'light'}")
def fixture_shown(request, browser, paths):
    """The browser with one of the pages, all of it unfolded."""
    name, width, dark = request.param
    browser.show(paths[name], width, dark)
    if os.environ.get("PAGE_PICTURES"):
        browser.picture(Path(os.environ["PAGE_PICTURES"]) / f"{name}-{width}-{'dark' if dark else 'light'}.png", whole=True)
    browser.run(OPEN_ALL)
    return browser


def test_nothing_scrolls_sideways(shown):
    assert shown.run("document.scrollingElement.scrollWidth <= innerWidth"), shown.run(OUTSIDE)
    assert shown.run(OUTSIDE) == []


def test_text_stands_out_from_what_lies_behind_it(shown):
    pieces = shown.run(CONTRAST)
    assert len(pieces) > 20
    assert [(ratio, text) for ratio, text in pieces if ratio < 4.5] == []


def test_it_asks_for_nothing_and_reports_no_error(shown):
    asked = [one["params"]["request"]["url"] for one in shown.events if one.get("method") == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("file:")] == []
    assert len(asked) == 1
    assert [one for one in shown.events if one.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")] == []


def test_light_and_dark_differ(browser, paths):
    pages = []
    for dark in (False, True):
        browser.show(paths["calm"], 1280, dark)
        pages.append(browser.run("getComputedStyle(document.body).backgroundColor"))
    assert pages[0] != pages[1]


def test_names_are_text(browser, paths):
    browser.show(paths["hostile"], 1280)
    browser.run(OPEN_ALL)
    assert browser.run("document.title") == "Adverity destinations and backfills"
    assert browser.run("document.querySelectorAll('img, h1 + h1, script').length") == 1, "the filter's script alone"
    assert browser.run("document.querySelectorAll('[onmouseover], [onerror]').length") == 0
    headings = "\n".join(seen(browser, "summary"))
    for name in (name for name in HOSTILE[:4] if name.strip()):
        assert " ".join(name.split()) in headings
    told = browser.run("document.documentElement.textContent")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", told)
    assert "next [31mred TASK [all is well]" in told, "one line"
    assert browser.run("[...document.links].map((one) => one.getAttribute('href'))") == [ADDRESSES[0]], "only what is the address of a page"


def test_what_needs_attention_comes_first_and_is_grouped(browser, paths):
    browser.show(paths["many"], 1280)
    assert browser.run("document.querySelector('main').firstElementChild.id") == "attention"
    kinds = ("Unknown outcome", "Refused extracts", "Not sent yet", "Disabled bindings")
    assert seen(browser, "#attention summary") == [f"{kind} 1 binding" for kind in kinds]
    unknown, refused, pending, disabled = seen(browser, "#attention .binding")
    assert unknown.startswith("Google Ads 200 → Warehouse 066 | EMEA (66) enabled binding 200 datastream 1200 pulling mode: smart schedule EMEA")
    assert "extract 7001: Extract 7001 does not exist. 2026-03-10T12:00:00Z extract 7002: Schema mismatch." in refused
    assert "12 pending" in pending
    assert "Warehouse 042" in disabled


def test_a_reason_for_each_refusal_and_a_count_of_the_rest(browser, paths):
    browser.show(paths["hostile"], 1280)
    lines = [text for text in seen(browser, "#attention .refusals li") if not text.startswith("extract 1")]
    assert sum(text.startswith("extract 2") for text in lines) == 20
    assert "and 5 more; adverity_requeue_info lists them all" in lines
    assert "extract 300: no reason recorded 2026-03-10T12:00:00Z" in lines


def test_a_calm_page_says_so(browser, paths):
    for name in ("calm", "nothing"):
        browser.show(paths[name], 390)
        assert seen(browser, "#attention p") == ["Nothing: every binding is enabled, and the ledger records no extract as pending, unknown, refused or failed."]


def test_a_hundred_destinations_are_a_hundred_lines(browser, paths):
    browser.show(paths["many"], 1280)
    lines = seen(browser, ".destination > summary")
    assert len(lines) == 100
    assert lines[0] == "Warehouse 001 | APAC destination 1, BigQueryTarget; 3 of 3 enabled"
    assert lines[1] == "Warehouse 002 | AMER destination 2, BigQueryTarget; 3 of 3 enabled"
    assert lines[41] == "Warehouse 042 | EMEA destination 42, BigQueryTarget; 2 of 3 enabled"
    heights = browser.run("[...document.querySelectorAll('.destination')].map((one) => one.getBoundingClientRect().height)")
    assert max(heights) < 60
    assert seen(browser, ".destination .binding") == []


def test_the_filter(browser, paths):
    browser.show(paths["many"], 390)
    before = seen(browser, "summary")
    assert type_words(browser, "warehouse 001 apac") == "3 of 300 bindings shown", "words of a destination's name count for its bindings"
    assert len(seen(browser, ".destination > summary")) == 1
    assert len(seen(browser, ".destination .binding")) == 3
    assert type_words(browser, "GOOGLE ADS unknown") == "1 of 300 bindings shown"
    assert len(seen(browser, "#attention .binding")) == 1
    assert type_words(browser, "disabled") == "1 of 300 bindings shown"
    assert type_words(browser, "no such name") == "0 of 300 bindings shown"
    assert seen(browser, "summary") == []
    assert type_words(browser, "") == ""
    assert seen(browser, "summary") == before
    assert seen(browser, ".destination .binding") == [], "folded, as at the beginning"


def test_it_is_whole_without_the_script(browser, paths):
    browser.show(paths["many"], 1280, script=False)
    assert seen(browser, "#filter") == []
    assert len(seen(browser, ".destination > summary")) == 100
    assert browser.run("(() => { document.querySelector('.destination > summary').click(); return document.querySelector('.destination').open; })()")


def test_the_policy_lets_just_this_script_run(browser, paths):
    """A script whose hash is another one does not run; the message says which hash the template has to name."""
    script = re.search(r"<script>(.*)</script>", paths["calm"].read_text("utf-8"), re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in TEMPLATE.read_text("utf-8"), f"report.js was changed: put sha256-{digest} into the template"
    browser.show(paths["calm"], 1280)
    browser.run("""(() => {
      const made = document.createElement("script");
      made.textContent = "document.title = 'taken over'";
      document.body.append(made);
    })()""")
    assert browser.run("document.title") == "Adverity destinations and backfills"


def test_every_value_in_the_template_is_escaped_or_a_number():
    """Each expression is a macro's text, which has been through this itself, or ends as an integer or escaped."""
    text = TEMPLATE.read_text("utf-8")
    macros = {name for name in re.findall(r"{% macro (\w+)", text) if not name.startswith("raw_")}
    shown = re.findall(r"{{(.*?)}}", re.sub(r"{% macro raw_.*?{%- endmacro %}", "", text, flags=re.S), re.S)
    odd = [one for one in shown if not re.search(r"\| (e|int) $", one) and re.match(r" (\w+)\(", one + " (")[1] not in macros]
    assert len(shown) > 30
    assert odd == []
