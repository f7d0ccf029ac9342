# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make release`` in a copy of the repository: what it writes, and that it changes nothing if it refuses or fails."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from adverity_harness.place import ROOT
from adverity_harness.shell import IDENTITY, copy_repository, git

GALAXY, CLIENT, CHANGELOG = Path("galaxy.yml"), Path("plugins/module_utils/_api/client.py"), Path("changelogs/changelog.yaml")
# Each place that names the version of the checkout, with the number of times.
PLACES = {"galaxy.yml": 1, str(CLIENT): 1, "execution-environment.yml": 3, "docs/docsite/rst/awx.rst": 4, "docs/docsite/rst/upgrading.rst": 5}
# The driver with a folder of tools that is there already: it would install its own ones from a package index.
DRIVER = """
import runpy, sys
from pathlib import Path
sys.path.insert(0, "tests/driver")
import pythons
tools = Path(sys.argv.pop(1))
pythons.development_tools = lambda: tools
runpy.run_path("tests/driver/__main__.py", run_name="__main__")
"""


def next_version():
    """The version that new modules name, or else the next minor version."""
    last = max((numbers(version) for version in yaml.safe_load((ROOT / CHANGELOG).read_text("utf-8"))["releases"]), default=[0, 0, 0])
    found = [re.search(r"^version_added: (\S+)$", path.read_text("utf-8"), re.M) for path in (ROOT / "plugins" / "modules").glob("*.py")]
    added = max(numbers(match[1]) for match in found if match)
    return ".".join(map(str, added if added > last else [last[0], last[1] + 1, 0]))


def numbers(version):
    """A version as a list of numbers; a pre-release counts as what it precedes."""
    return [int(number) for number in version.partition("-")[0].split(".")]


NEXT = next_version()


@pytest.fixture(name="start", scope="module")
def fixture_start(tmp_path_factory):
    """A copy of the repository with something to release, to make copies of."""
    folder = copy_repository(tmp_path_factory.mktemp("start") / "repository")
    (folder / "changelogs" / "fragments" / "for-this-test.yml").write_text("---\nbugfixes:\n  - A bug that this test has made up.\n", "utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Something to release")
    return folder


@pytest.fixture(name="repository")
def fixture_repository(start, tmp_path):
    """A copy to release."""
    return shutil.copytree(start, tmp_path / "repository", symlinks=True)


@pytest.fixture(name="tools")
def fixture_tools(tmp_path):
    """A folder with antsibull-changelog, as it runs here: ansible-test has variables of its own, which the driver does not pass on."""
    needed = {name: value for name, value in os.environ.items() if name == "PYTHONPATH" or name.startswith("ANSIBLE_TEST_")}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in needed.items()]
    return make_tools(tmp_path, *lines, f'PATH="$PATH":{Path(sys.executable).parent} exec {sys.executable} -m antsibull_changelog "$@"')


def make_tools(folder, *lines):
    """A folder of tools with an antsibull-changelog of these lines."""
    tool = folder / "tools" / "antsibull-changelog"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text("\n".join(["#!/bin/sh", *lines, ""]), "utf-8")
    tool.chmod(0o755)
    return tool.parent


def release(repository, tools, version):
    """Release the copy; return the exit status and what was printed."""
    command = [sys.executable, "-B", "-c", DRIVER, str(tools), "release", version]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(IDENTITY)
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=1800, check=False)
    return done.returncode, done.stdout + done.stderr


def state(repository):
    """All that a release changes: the files, the commits, the tags and the index."""
    files = {
        str(path.relative_to(repository)): path.read_bytes()
        for path in repository.rglob("*")
        if path.is_file() and not {".git", ".work"}.intersection(path.relative_to(repository).parts)
    }
    return files, git(repository, "log", "--format=%H %D", "--all"), git(repository, "tag"), git(repository, "status", "--porcelain")


def versions(repository):
    """The version in galaxy.yml, and the one that the client sends."""
    client = re.search(r'^VERSION = "(.+)"$', (repository / CLIENT).read_text("utf-8"), re.M)
    return yaml.safe_load((repository / GALAXY).read_text("utf-8"))["version"], client[1]


def test_a_release(repository, tools):
    before = yaml.safe_load((repository / CHANGELOG).read_text("utf-8"))["releases"]
    modules = {path.stem for path in (repository / "plugins" / "modules").glob("adverity_*.py")}
    count = int(git(repository, "rev-list", "--count", "HEAD"))
    status, output = release(repository, tools, NEXT)
    assert status == 0, output
    assert versions(repository) == (NEXT, NEXT)
    after = yaml.safe_load((repository / CHANGELOG).read_text("utf-8"))["releases"]
    assert set(after) == {*before, NEXT}
    assert "A bug that this test has made up." in after[NEXT]["changes"]["bugfixes"]
    assert modules <= {module["name"] for one in after.values() for module in one.get("modules", [])}
    assert f"\nv{NEXT}\n===" in (repository / "CHANGELOG.rst").read_text("utf-8")
    assert list((repository / "changelogs" / "fragments").glob("*.y*ml")) == []
    assert int(git(repository, "rev-list", "--count", "HEAD")) == count + 1
    assert git(repository, "log", "-1", "--format=%s") == f"Release {NEXT}\n"
    assert git(repository, "cat-file", "-t", NEXT) == "tag\n"  # not a lightweight one, which git push --follow-tags leaves behind
    assert git(repository, "rev-parse", f"{NEXT}^{{commit}}") == git(repository, "rev-parse", "HEAD")
    assert git(repository, "status", "--porcelain", "--ignored=no") == ""
    assert "git push --follow-tags" in output
    assert f"adverity-management-{NEXT}.tar.gz" in output


def test_every_place_that_names_the_version_is_written(repository, tools):
    before = yaml.safe_load((repository / GALAXY).read_text("utf-8"))["version"]
    text = {name: (repository / name).read_text("utf-8") for name in PLACES}
    assert {name: one.count(before) for name, one in text.items()} == PLACES
    status, output = release(repository, tools, "7.8.9-rc.1")
    assert (status, "version_added to 7.8.9" in output) == (1, True)  # modules that no release contains name the next version
    for path in [*repository.glob("plugins/modules/*.py"), *repository.glob("plugins/*/*.py")]:
        path.write_text(path.read_text("utf-8").replace(f"\nversion_added: {NEXT}\n", "\nversion_added: 7.8.9\n"), "utf-8")
    git(repository, "commit", "--quiet", "--all", "--message", "Another version")
    status, output = release(repository, tools, "7.8.9-rc.1")
    assert status == 0, output
    for name, one in text.items():
        assert (repository / name).read_text("utf-8") == one.replace(before, "7.8.9-rc.1"), name


def test_a_version_once_only(repository, tools):
    status, output = release(repository, tools, NEXT)
    assert status == 0, output
    refused(repository, tools, NEXT, "is not newer than")


def refused(repository, tools, version, says):
    """Check that this is refused in one line, and that nothing changes."""
    before = state(repository)
    status, output = release(repository, tools, version)
    assert status in (1, 2)
    assert says in output
    assert output.endswith(" Nothing was changed.\n")
    assert output.count("\n") == 1
    assert state(repository) == before


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3.4", "1.02.3", "1.2.3-", "1.2.3-rc.01", "1.2.3\n", "1.2.x", "٣.0.0"])
def test_no_version(repository, tools, version):
    refused(repository, tools, version, "is not a semantic version such as 1.2.3")


@pytest.mark.parametrize("version", ["0.0.9", "0.1.0", "0.1.0-rc.1"])
def test_an_old_version(repository, tools, version):
    refused(repository, tools, version, "is not newer than")


def test_versions_are_compared_by_number(repository, tools):
    path = repository / CHANGELOG
    path.write_text(path.read_text("utf-8") + "  9.10.0-rc.2:\n    release_date: '2026-01-01'\n", "utf-8")
    git(repository, "commit", "--quiet", "--all", "--message", "A later release")
    for version in ("9.9.0", "9.10.0-beta.3", "9.10.0-rc.1", "9.10.0-rc.2"):
        refused(repository, tools, version, "is not newer than 9.10.0-rc.2")
    git(repository, "tag", "9.10.0-rc.10")
    git(repository, "tag", "9.10.0")
    refused(repository, tools, "9.10.0-rc.10", "tag 9.10.0-rc.10 already exists")  # so it is newer
    refused(repository, tools, "9.10.0", "tag 9.10.0 already exists")


@pytest.mark.parametrize("name", ["README.md", "new.txt"])
def test_uncommitted_changes(repository, tools, name):
    (repository / name).write_text("changed\n", "utf-8")
    refused(repository, tools, NEXT, f"uncommitted changes ({name})")


def test_nothing_to_release(repository, tools):
    for path in (repository / "changelogs" / "fragments").glob("*.y*ml"):
        path.unlink()
    git(repository, "commit", "--quiet", "--all", "--message", "No fragments")
    refused(repository, tools, NEXT, "nothing to release")


def test_a_module_that_would_be_missing_in_the_changelog(repository, tools):
    path = repository / "plugins" / "modules" / "adverity_new.py"
    path.write_text('DOCUMENTATION = r"""\nmodule: adverity_new\nversion_added: 0.1.0\n"""\n', "utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "A new module")
    refused(repository, tools, NEXT, f"No release contains adverity_new yet. Set version_added to {NEXT} there.")


def failed(repository, tools, says):
    """Check that a release fails with this text, and that everything is as before."""
    before = state(repository)
    status, output = release(repository, tools, NEXT)
    assert status == 1
    assert says in output
    assert output.endswith("There is no release. All files, the branch and the tags are as before.\n")
    assert state(repository) == before


def test_a_changelog_that_fails_halfway(repository, tmp_path):
    spoil = "rm changelogs/fragments/*.yml; echo x >CHANGELOG.rst; echo x >changelogs/new; rm changelogs/changelog.yaml"
    failed(repository, make_tools(tmp_path, spoil, "exit 5"), f"antsibull-changelog release --version {NEXT} failed")


def test_no_changelog_tool(repository, tmp_path):
    failed(repository, tmp_path, "antsibull-changelog")


def test_a_signal(repository, tmp_path):
    failed(repository, make_tools(tmp_path, "rm changelogs/fragments/*.yml", "kill -TERM $PPID", "sleep 60"), "Stopped by SIGTERM.")


@pytest.mark.parametrize(("hook", "says"), [("pre-commit", "git commit failed"), ("reference-transaction", "git tag failed")])
def test_a_commit_or_a_tag_that_fails(repository, tmp_path, hook, says):
    path = repository / ".git" / "hooks" / hook
    only_new_tags = 'test "$1" = prepared && grep -Eq " [0-9a-f]*[1-9a-f][0-9a-f]* refs/tags/" || exit 0'
    path.write_text("\n".join(["#!/bin/sh", *([only_new_tags] if hook != "pre-commit" else []), "echo refused by a hook >&2", "exit 1", ""]), "utf-8")
    path.chmod(0o755)
    failed(repository, make_tools(tmp_path, "rm changelogs/fragments/*.yml"), says)


def test_a_version_that_is_not_found(repository, tools):
    path = repository / CLIENT
    path.write_text(path.read_text("utf-8").replace('\nVERSION = "', '\nRELEASE = "'), "utf-8")
    git(repository, "commit", "--quiet", "--all", "--message", "Another name")
    failed(repository, tools, f"{CLIENT} has no version after 'VERSION = ")


def test_make_wants_a_version(repository):
    environment = {name: value for name, value in os.environ.items() if name not in ("VERSION", "MAKEFLAGS", "MAKELEVEL")}
    before = state(repository)
    for words, says in (((), "make release VERSION=1.2.3"), (("VERSION=1.x",), "'1.x' is not a semantic version")):
        done = subprocess.run(["make", "release", *words], cwd=repository, env=environment, capture_output=True, text=True, timeout=1800, check=False)
        assert done.returncode != 0
        assert says in done.stderr
    assert state(repository) == before
