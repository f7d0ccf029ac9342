# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pages and messages say of each other, and of the code, is so."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.adverity.management.plugins.module_utils._deploy.results import Counts

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs" / "docsite" / "rst"
README = (ROOT / "README.md").read_text("utf-8")
PLACES = ("Datastream > Activity", "Datastream &gt; Activity")  # where Adverity shows what became of an extract


def texts():
    """What users read, by path: pages, documentation, messages, surveys, the report."""
    found = {"README.md": README}
    for folder in ("docs/docsite", "playbooks", "plugins", "roles"):
        paths = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".rst", ".md", ".yml", ".py", ".j2")]
        found.update((str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in paths)
    return found


def test_who_is_sent_to_adverity_is_told_where_to_look():
    """In the same sentence, or in one of the two beside it."""
    astray = []
    for name, text in texts().items():
        sentences = re.split(r"(?<=[.:])\s+", " ".join(text.replace('"', " ").split()))
        for number, sentence in enumerate(sentences):
            sent = re.search(r"(?i)\b(?:check(?:ed)?|look) in Adverity\b|[Oo]nly Adverity shows|seen in Adverity only", sentence)
            if sent and not any(place in " ".join(sentences[number : number + 3]) for place in PLACES):
                astray.append((name, sentence))
    assert astray == []


def test_readme_lists_every_guide():
    guides = {path.stem for path in PAGES.glob("*.rst")}
    assert set(re.findall(r"github\.io/management/docsite/(\w+)\.html", README)) >= guides


def test_readme_links_each_module():
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("adverity_*.py")}
    missing = modules - set(re.findall(r"github\.io/management/(\w+)_module\.html", README))
    assert missing == set(), "missing in the table of README.md"


def test_readme_has_no_link_that_only_works_in_the_repository():
    assert [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("https://")] == []


def test_playbook_of_the_collection_is_started_the_same_way_everywhere():
    """Without an inventory, Ansible warns."""
    wrong = [(name, line.strip()) for name, text in texts().items() for line in text.splitlines()
             if "ansible-playbook adverity.management." in line]  # fmt: skip
    assert wrong == []


def test_first_commands_of_a_page_install_requests():
    """requests is in no ansible-core, so whoever follows the first commands has to install it."""
    for page in (README, (PAGES / "quick_start.rst").read_text("utf-8")):
        assert re.search(r"pip install .*\brequests\b", page[: page.index("adverity.management.demo")])


def test_descriptions_of_the_role_agree():
    spec = yaml.safe_load((ROOT / "roles/deploy_destination/meta/argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]["short_description"]
    meta = yaml.safe_load((ROOT / "roles/deploy_destination/meta/main.yml").read_text("utf-8"))["galaxy_info"]["description"]
    assert spec.split(" - ")[1] == meta.split(" - ")[1]
    assert "create" in spec
    assert "create" in yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["description"]


def test_data_of_the_role_are_what_the_page_lists():
    source = (ROOT / "plugins/module_utils/_deploy/summary_data.py").read_text("utf-8")
    names = set(re.findall(r'"(\w+)": ', source)) - {"lines", "data"} | set(Counts._fields)
    text = (PAGES / "playbooks.rst").read_text("utf-8")
    assert len(names) > 15
    assert [name for name in names if f"`{name}`" not in text] == []


def test_question_stands_once_on_the_page_of_open_questions():
    page = (PAGES / "undocumented.rst").read_text("utf-8")
    table, rest = page.split("Questions without a switch")
    asked = [re.findall(r"^    \* - (.+\?)", table, re.M), re.findall(r"\*\*(.+?\?)\*\*", rest)]
    first, second = ([frozenset(re.findall(r"[a-z]+", question.lower())) for question in some] for some in asked)
    assert len(first) > 40
    assert [(one, two) for one in first for two in second if len(one & two) > 0.6 * len(one | two)] == []
