# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version of the checkout is the same in each place that names it, and there are no other places."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
# Text in which a version is fixed, so that no release moves it: a sentence about a certain version, and since when there is something.
FIXED = r"version_added: \S+|(?:[Vv]ersion|with|what|from|to|of|after) \d+\.\d+\.\d+\b"


@pytest.fixture(name="release")
def fixture_release(monkeypatch):
    """The driver's module of that name, which imports others beside it."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "driver"))
    before = set(sys.modules)
    import release

    yield release
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", "") or "").startswith(str(ROOT / "tests" / "driver")):
            del sys.modules[name]


@pytest.fixture(name="version")
def fixture_version():
    return yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]


def texts():
    """What users read or install: files by their paths, with what does not change with a release taken out."""
    names = ["README.md", "galaxy.yml", "execution-environment.yml", "SECURITY.md", "CONTRIBUTING.md", "Makefile", "requirements.txt"]
    paths = [ROOT / name for name in names]
    for folder in ("docs", "meta", "playbooks", "plugins", "roles", ".github"):
        paths += [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".rst", ".md", ".yml", ".py", ".j2", ".svg", ".js", ".css")]
    for path in paths:
        name = str(path.relative_to(ROOT))
        if path.is_file():
            yield name, re.sub(FIXED, "", path.read_text("utf-8"))


def test_each_place_names_the_version_of_the_checkout(release, version):
    for name, starts in release.WRITTEN.items():
        text = (ROOT / name).read_text("utf-8")
        for start in starts:
            found = re.findall(rf"(?<![\w.-]){re.escape(start)}({release.VERSION.pattern})", text)
            assert set(found) == {version}, (name, start)


def test_no_other_place_names_a_version_of_the_collection(release, version):
    """A version that stands somewhere else goes stale: name its place in WRITTEN, or leave it out."""
    released = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text("utf-8"))["releases"]
    stray = {}
    for name, text in texts():
        for start in release.WRITTEN.get(name, ()):
            text = re.sub(rf"(?<![\w.-]){re.escape(start)}{release.VERSION.pattern}", "", text)
        found = [one for one in re.findall(r"(?<![\d.])\d+\.\d+\.\d+(?![\d.]*\d)", text) if one in (version, *released)]
        if found:
            stray[name] = found
    assert stray == {}


def test_no_version_is_written_that_is_none(release):
    with pytest.raises(release.ReleaseError, match="not a semantic version"):
        release.write_version("1.2")


def test_what_is_newer_than_a_release_is_found(release):
    assert release._later("0.0.1") != []
    assert release._later("999.0.0") == []
