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
NOXFILE = {
    statement.targets[0].id: ast.literal_eval(statement.value)
    for statement in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body
    if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") in ("VERSIONED", "VERSION_PLACE")
}
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
RELEASES = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text("utf-8"))["releases"]
# Text in which a version is fixed, so that no release moves it: a sentence, and since when there is something.
FIXED = r"version_added: \S+|(?:[Vv]ersion|with|what|from|to|of|after) \d+\.\d+\.\d+\b"
SEMANTIC = r"\d+\.\d+\.\d+(?:-[\w.]+)?(?![\d.]*\d)"


def texts():
    """What users read or install: files by their names, with what does not change with a release taken out."""
    names = [str(path.relative_to(ROOT)) for path in ROOT.iterdir() if path.suffix in (".md", ".yml", ".txt")] + ["Makefile"]
    for folder in ("docs", "meta", "playbooks", "plugins", "roles", ".github"):
        suffixes = (".rst", ".md", ".yml", ".py", ".j2", ".svg", ".js", ".css")
        names += [str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    return {name: re.sub(FIXED, "", (ROOT / name).read_text("utf-8")) for name in names}


def numbers(version):
    """A version as a list of numbers; a pre-release counts as what it precedes."""
    return [int(number) for number in str(version).partition("-")[0].split(".")]


def test_each_place_that_is_written_names_the_version_of_the_checkout():
    for name in NOXFILE["VERSIONED"]:
        found = [match[0].lstrip(' "') for match in re.finditer(NOXFILE["VERSION_PLACE"].format(SEMANTIC), texts()[name])]
        ours = [version for version in found if version == VERSION or version in RELEASES]
        assert set(ours) == {VERSION}, name


def test_no_other_place_names_a_version_of_the_collection():
    """A version that stands somewhere else goes stale: name its file in VERSIONED, or leave it out."""
    place = re.compile(NOXFILE["VERSION_PLACE"].format(re.escape(VERSION)))
    stray = {}
    for name, text in texts().items():
        rest = place.sub("", text) if name in NOXFILE["VERSIONED"] else text
        found = [version for version in re.findall(rf"(?<![\d.]){SEMANTIC}", rest) if version in (VERSION, *RELEASES)]
        if found:
            stray[name] = found
    assert stray == {}


def test_what_is_new_names_the_version_of_the_checkout():
    """The changelog of a release lists the modules that name it, so a new one that names another would be missing there."""
    released = set(re.findall(r"^ +(?:- )?name: (\S+)$", (ROOT / "changelogs/changelog.yaml").read_text("utf-8"), re.M))
    paths = [*ROOT.glob("plugins/*/*.py"), *ROOT.glob("roles/*/meta/argument_specs.yml")]
    added = {path.stem: re.findall(r"^ *version_added: (\S+)$", path.read_text("utf-8"), re.M) for path in paths}
    new = {name: versions[0] for name, versions in added.items() if versions and name not in released}
    new.pop("argument_specs", None)  # the role is listed by its own name
    assert {name: version for name, version in new.items() if numbers(version) != numbers(VERSION)} == {}
    assert {name for name, versions in added.items() if any(numbers(one) > numbers(VERSION) for one in versions)} == set()
    assert sum(map(len, added.values())) > 10
