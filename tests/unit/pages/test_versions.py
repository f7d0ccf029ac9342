# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version of the checkout: each place that names it, `make version` writes. And since which version there is something (``version_added``)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.adverity.management.tests.unit.plugins.support.documentation import read_documentation

ROOT = Path(__file__).resolve().parents[3]
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
RELEASES = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text("utf-8"))["releases"]
OWN_VERSIONS = {VERSION, *RELEASES}  # versions of the collection: others' do not count
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


def test_each_place_that_is_written_names_the_version_of_the_checkout():
    for name in VERSIONED:
        text = (ROOT / name).read_text("utf-8")
        found = {match[0].lstrip(' "') for match in re.finditer(VERSION_PLACE.format(SEMANTIC), text)}
        assert found & OWN_VERSIONS == {VERSION}, name


def test_no_other_place_names_a_version_of_the_collection():
    """A version that stands somewhere else goes stale: name its file in VERSIONED, or leave it out."""
    stray = {}
    for name, text in texts().items():
        rest = re.sub(VERSION_PLACE.format(re.escape(VERSION)), "", text) if name in VERSIONED else text
        found = OWN_VERSIONS.intersection(re.findall(rf"(?<![\d.]){SEMANTIC}", rest))
        if found:
            stray[name] = found
    assert stray == {}


CONNECTION = "instance api_key validate_certs ca_path timeout retries retry_max_delay"
FILTERS = "filters filters.active_pulling_mode filters.enabled filters.workspace_ids filters.workspace_scope"
LISTED = "active_pulling_mode datastream_ids enabled workspace_ids workspace_scope"
# The options that release 0.1.0 had. After a release, what it added goes here with its version_added in place.
FIRST = "0.1.0"
OPTIONS = {
    "adverity_binding": f"{CONNECTION} binding_ids datastream_id enabled target_id",
    "adverity_binding_info": f"{CONNECTION} binding_ids datastream_id enabled target_id",
    "adverity_datastream": f"{CONNECTION} all_datastreams datastream_ids enabled pulling_mode {FILTERS}",
    "adverity_datastream_info": f"{CONNECTION} {LISTED}",
    "adverity_extract_info": f"{CONNECTION} created_from created_to datastream_ids limit",
    "adverity_requeue": f"{CONNECTION} batch_size binding_ids created_from created_to datastream_ids extract_ids force ledger limit on_unknown sequential state"
    " target_id",
    "adverity_requeue_info": f"{CONNECTION} binding_ids created_from created_to datastream_ids extract_ids ledger summary_only target_id",
    "adverity_smart_pulling": f"{CONNECTION} all_datastreams datastream_ids deadline frequency is_active refresh_range refresh_range.unit"
    f" refresh_range.value reset {FILTERS}",
    "adverity_smart_pulling_info": f"{CONNECTION} {LISTED}",
    "deployment_summary": "_input",
    "deploy_destination": "backfill backfill_from backfill_to batch_size datastream_enabled datastream_ids datastream_uuids enabled force ledger on_unknown"
    " pulling_mode sequential smart_pulling target_id",  # smart_pulling takes text since, and its options are those of adverity_smart_pulling
}


def nested(options, path="", version=None):
    """The names of all options, those inside others with their path, each with the version that it or the option around it names."""
    for name, row in options.items():
        own = row.get("version_added", version)
        yield path + name, own
        yield from nested(row.get("suboptions", row.get("options")) or {}, f"{path}{name}.", own)


def read_documented():
    """Of each module, filter and role its own version_added, and that of each option."""
    kinds = {path.stem: kind for kind in ("modules", "filter") for path in sorted((ROOT / "plugins" / kind).glob("*.py"))}
    documentation = {name: read_documentation(name, kind) for name, kind in kinds.items()}
    found = {name: (row["options"], row["version_added"]) for name, row in documentation.items()}
    spec = yaml.safe_load((ROOT / "roles" / "deploy_destination" / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]
    options = {name.removeprefix("deploy_destination_"): row for name, row in spec["options"].items()}
    found["deploy_destination"] = options, spec["version_added"]
    return {name: (version, dict(nested(rows))) for name, (rows, version) in found.items()}


DOCUMENTED = read_documented()
RELEASED = {row["name"] for one in RELEASES.values() for row in [*one.get("modules", []), *one.get("plugins", {}).get("filter", [])]}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_option_that_came_after_the_first_release_names_its_version(name):
    version, options = DOCUMENTED[name]
    assert (version == FIRST) == (name in OPTIONS)
    if version == FIRST:
        first = OPTIONS[name].split()
        assert {option for option, added in options.items() if added is None} == set(first)
        assert set(first) <= set(options), "an option was removed: write it into a fragment, and remove it here"


def test_nothing_names_a_version_after_the_next_and_what_is_new_names_the_next():
    """The changelog of a release lists the plugins that name it: one that names another would be missing there."""
    named = {added for version, options in DOCUMENTED.values() for added in (version, *options.values()) if added}
    assert named <= OWN_VERSIONS
    assert {version for name, (version, _options) in DOCUMENTED.items() if name not in RELEASED} <= {VERSION.partition("-")[0], FIRST}


def test_version_of_the_checkout_is_released_next():
    """If this fails, run ``make version VERSION=...`` with the version that these changes will have."""
    fragments = list((ROOT / "changelogs" / "fragments").glob("*.y*ml"))
    assert VERSION not in RELEASES or not fragments


def test_removed_plugins_are_named_in_the_changelog():
    """Every module and filter of a release is there, or named as removed by a later one."""
    fragments = [yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / "changelogs" / "fragments").glob("*.y*ml")]
    removed = " ".join(text for one in [*fragments, *(row["changes"] for row in RELEASES.values())] for text in one.get("removed_features", []))
    undocumented = RELEASED - set(DOCUMENTED)
    assert {"deployment_backfill", "deployment_options", "deployment_plan", "adverity_ledger"} <= undocumented
    assert [name for name in undocumented if not re.search(rf"\b{name}\b", removed)] == []
