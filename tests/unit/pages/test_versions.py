# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each place that names the version of the checkout names the same, and `make version` writes all of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
CHANGELOG = (ROOT / "changelogs" / "changelog.yaml").read_text("utf-8")
OURS = {VERSION, *yaml.safe_load(CHANGELOG)["releases"]}  # versions of the collection: others' do not count
# Text in which a version is fixed, so that no release moves it: sentences, and since when something is there.
FIXED = r"version_added: \S+|(?:[Vv]ersion|with|what|from|to|of|after) \d+\.\d+\.\d+\b"
SEMANTIC = r"\d+\.\d+\.\d+(?:-[\w.]+)?(?![\d.]*\d)"
SUFFIXES = (".rst", ".md", ".yml", ".py", ".j2", ".svg", ".js", ".css")


def of_noxfile(name):
    """A constant of noxfile.py, which cannot be imported without nox."""
    for statement in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name:
            return ast.literal_eval(statement.value)
    raise LookupError(name)


VERSIONED, VERSION_PLACE = of_noxfile("VERSIONED"), of_noxfile("VERSION_PLACE")


def texts():
    """What users read or install: files by their names, without text in which a version is fixed."""
    paths = [ROOT / "Makefile", *(path for path in ROOT.iterdir() if path.suffix in (".md", ".yml", ".txt"))]
    for folder in ("docs", "meta", "playbooks", "plugins", "roles", ".github"):
        paths += [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return {str(path.relative_to(ROOT)): re.sub(FIXED, "", path.read_text("utf-8")) for path in paths}


def numbers(version):
    """A version as a list of numbers; a pre-release counts as what it precedes."""
    return [int(number) for number in version.partition("-")[0].split(".")]


def test_each_place_that_is_written_names_the_version_of_the_checkout():
    for name in VERSIONED:
        text = (ROOT / name).read_text("utf-8")
        found = {match[0].lstrip(' "') for match in re.finditer(VERSION_PLACE.format(SEMANTIC), text)}
        assert found & OURS == {VERSION}, name


def test_no_other_place_names_a_version_of_the_collection():
    """A version that stands somewhere else goes stale: name its file in VERSIONED, or leave it out."""
    stray = {}
    for name, text in texts().items():
        rest = re.sub(VERSION_PLACE.format(re.escape(VERSION)), "", text) if name in VERSIONED else text
        found = OURS.intersection(re.findall(rf"(?<![\d.]){SEMANTIC}", rest))
        if found:
            stray[name] = found
    assert stray == {}


def test_a_plugin_in_no_release_yet_names_the_version_of_the_checkout():
    """The changelog of a release lists those that name it: one that names another would be missing there."""
    released = re.findall(r"^ +(?:- )?name: (\S+)$", CHANGELOG, re.M)
    paths = [path for path in ROOT.glob("plugins/*/*.py") if path.stem not in released]
    new = {path: re.findall(r"^version_added: (\S+)$", path.read_text("utf-8"), re.M) for path in paths}
    wrong = {path: found for path, found in new.items() if any(numbers(v) != numbers(VERSION) for v in found)}
    assert wrong == {}
