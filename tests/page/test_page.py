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
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import ADDRESSES, HOSTILE, TEMPLATE, calm, hostile, many, not_seen, world, write_pages
from playwright.sync_api import sync_playwright

WORLDS = {"hostile": hostile(), "many": many(), "calm": calm(), "not seen": not_seen(), "nothing": world([], [], [], [])}

# What sticks out of the window, or of the box around it.
OUTSIDE = """[...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility()).filter((one) => {
  const box = one.getBoundingClientRect(); return box.right > innerWidth + 0.5 || box.left < -0.5;
}).map((one) => one.outerHTML.slice(0, 80))"""
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def type_words(page, words):
    """Type into the filter, as a reader would; return what it tells."""
    page.locator("#filter input").fill("")
    page.locator("#filter input").press_sequentially(words)
    return page.evaluate("document.querySelector('#filter output').value")


def seen(page, selector):
    """Return the text of the elements that a reader sees, one line each."""
    return [" ".join(text.split()) for text in page.locator(selector).filter(visible=True).all_inner_texts()]


@pytest.fixture(name="paths", scope="module")
def fixture_paths(tmp_path_factory):
    return write_pages(tmp_path_factory.mktemp("pages"), **WORLDS)


@pytest.fixture(name="show", scope="module")
def fixture_show(paths):
    """Opens a page: ``show(name, width)``."""
    program = os.environ.get("PAGE_BROWSER") or shutil.which("chromium")
    assert program, "there is no Chromium on PATH"
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser:

        def show(name, width=1280, dark=False, script=True):
            options = {"viewport": {"width": width, "height": 900}, "color_scheme": "dark" if dark else "light", "java_script_enabled": script}
            page = browser.new_page(**options, is_mobile=width < 600)
            page.requested, page.errors = [], []
            page.on("request", lambda request: page.requested.append(request.url))
            page.on("console", lambda message: page.errors.append(message.text))
            page.on("pageerror", lambda error: page.errors.append(str(error)))
            page.goto(paths[name].as_uri())
            return page

        yield show


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", WORLDS)
def test_page_fits_its_window_and_everybody_can_read_it_and_it_asks_for_nothing(show, name, width, dark):
    page = show(name, width, dark)
    if os.environ.get("PAGE_PICTURES"):
        page.screenshot(path=f"{os.environ['PAGE_PICTURES']}/{name}-{width}-{'dark' if dark else 'light'}.png", full_page=True)
    page.evaluate(OPEN_ALL)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    found = Axe().run(page)  # axe-core looks at contrast, names, headings and the like
    assert found.violations_count == 0, found.generate_report()
    assert {"color-contrast", "html-has-lang"} <= {rule["id"] for rule in found.response["passes"]}
    assert (len(page.requested), page.errors) == (1, [])
    page.close()


def test_light_and_dark_differ(show):
    light, dark = (show("calm", dark=dark).evaluate("getComputedStyle(document.body).backgroundColor") for dark in (False, True))
    assert light != dark


def test_names_are_text(show):
    page = show("hostile")
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.title") == "Adverity destinations and backfills"
    assert page.evaluate("document.querySelectorAll('img, h1 + h1, script').length") == 1, "the filter's script alone"
    assert page.evaluate("document.querySelectorAll('[onmouseover], [onerror]').length") == 0
    headings = "\n".join(seen(page, "summary"))
    for name in (name for name in HOSTILE[:4] if name.strip()):
        assert " ".join(name.split()) in headings
    content = page.evaluate("document.documentElement.textContent")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", content)
    assert "next [31mred TASK [all is well]" in content, "one line"
    assert page.evaluate("[...document.links].map((one) => one.getAttribute('href'))") == [ADDRESSES[0]], "only what is the address of a page"


def test_what_needs_attention_comes_first_and_is_grouped(show):
    page = show("many")
    assert page.evaluate("document.querySelector('main').firstElementChild.id") == "attention"
    kinds = ("Unknown outcome", "Refused extracts", "Not sent yet", "Disabled bindings")
    assert seen(page, "#attention summary") == [f"{kind} 1 binding" for kind in kinds]
    unknown, refused, pending, disabled = seen(page, "#attention .binding")
    assert unknown.startswith("Google Ads 200 → Warehouse 066 | EMEA (66) enabled binding 200 datastream 1200 pulling mode: smart schedule EMEA")
    assert "extract 7001: Extract 7001 does not exist. 2026-03-10T12:00:00Z extract 7002: Schema mismatch." in refused
    assert "12 pending" in pending
    assert "Warehouse 042" in disabled


def test_a_reason_for_each_refusal_and_a_count_of_the_rest(show):
    page = show("hostile")
    lines = [text for text in seen(page, "#attention .refusals li") if not text.startswith("extract 1")]
    assert sum(text.startswith("extract 2") for text in lines) == 20
    assert "and 5 more; adverity_requeue_info lists them all" in lines
    assert "extract 300: no reason recorded 2026-03-10T12:00:00Z" in lines


def test_a_calm_page_says_so(show):
    for name in ("calm", "nothing"):
        page = show(name, 390)
        assert seen(page, "#attention p") == ["Nothing: every binding is enabled, and the ledger records no extract as pending, unknown, refused or failed."]


def test_a_binding_that_the_key_cannot_see_needs_no_attention_and_is_listed_with_what_to_do(show):
    page = show("not seen")
    assert seen(page, "#attention p") == [
        "Nothing: every binding that this key can see is enabled, and the ledger records no extract of them as pending, unknown, refused or failed."
    ]
    lines = seen(page, "#elsewhere > p, #elsewhere .binding")
    assert lines[0].startswith("This key cannot see these bindings. If the assignment or the destination was deleted, there is nothing to do")
    assert [re.search(r"binding \d .* of \d in the ledger", line)[0] for line in lines[1:]] == [
        "binding 2 datastream 1002 0 dispatched · 4 unknown of 4 in the ledger",
        "binding 3 datastream 1003 0 dispatched · 1 refused of 1 in the ledger",
    ]
    assert "extract 7003: Extract 7003 does not exist." in lines[2]


def test_a_hundred_destinations_are_a_hundred_lines(show):
    page = show("many")
    lines = seen(page, ".destination > summary")
    assert len(lines) == 100
    assert lines[0] == "Warehouse 001 | APAC destination 1, BigQueryTarget; 3 of 3 enabled"
    assert lines[41] == "Warehouse 042 | EMEA destination 42, BigQueryTarget; 2 of 3 enabled"
    heights = page.evaluate("[...document.querySelectorAll('.destination')].map((one) => one.getBoundingClientRect().height)")
    assert max(heights) < 60
    assert seen(page, ".destination .binding") == []


def test_the_filter(show):
    page = show("many", 390)
    before = seen(page, "summary")
    assert type_words(page, "warehouse 001 apac") == "3 of 300 bindings shown", "words of a destination's name count for its bindings"
    assert len(seen(page, ".destination > summary")) == 1
    assert len(seen(page, ".destination .binding")) == 3
    assert type_words(page, "GOOGLE ADS unknown") == "1 of 300 bindings shown"
    assert len(seen(page, "#attention .binding")) == 1
    assert type_words(page, "disabled") == "1 of 300 bindings shown"
    assert type_words(page, "no such name") == "0 of 300 bindings shown"
    assert seen(page, "summary") == []
    assert type_words(page, "") == ""
    assert seen(page, "summary") == before
    assert seen(page, ".destination .binding") == [], "folded, as at the beginning"


def test_it_is_whole_without_the_script(show):
    page = show("many", script=False)
    assert seen(page, "#filter") == []
    assert len(seen(page, ".destination > summary")) == 100
    assert page.evaluate("(() => { document.querySelector('.destination > summary').click(); return document.querySelector('.destination').open; })()")


def test_the_policy_lets_just_this_script_run(show, paths):
    """A script whose hash is another one does not run; the message says which hash the template has to name."""
    script = re.search(r"<script>(.*)</script>", paths["calm"].read_text("utf-8"), re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in TEMPLATE.read_text("utf-8"), f"report.js was changed: put sha256-{digest} into the template"
    page = show("calm")
    page.evaluate("""(() => {
      const made = document.createElement("script");
      made.textContent = "document.title = 'taken over'";
      document.body.append(made);
    })()""")
    assert page.evaluate("document.title") == "Adverity destinations and backfills"


def test_every_value_in_the_template_is_escaped_or_a_number():
    """Each expression is a macro's text, which has been through this itself, or ends as an integer or escaped."""
    text = TEMPLATE.read_text("utf-8")
    macros = {name for name in re.findall(r"{% macro (\w+)", text) if not name.startswith("raw_")}
    shown = re.findall(r"{{(.*?)}}", re.sub(r"{% macro raw_.*?{%- endmacro %}", "", text, flags=re.S), re.S)
    odd = [one for one in shown if not re.search(r"\| (e|int) $", one) and re.match(r" (\w+)\(", one + " (")[1] not in macros]
    assert len(shown) > 30
    assert odd == []
