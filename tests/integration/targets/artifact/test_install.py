# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installing and upgrading from Galaxy, from git and from a file: what the page about it asks to type, with two versions of this collection."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import textwrap
import threading
from pathlib import Path

import pytest
from adverity_harness.place import ROOT
from adverity_harness.runs import LONGEST
from shell import shell, typed

# What is no part of the collection: the repository itself, and what tools leave in a checkout.
TOOLS = (".git", ".ansible", ".cache", ".hypothesis", ".*_cache", ".venv", ".work", "__pycache__", "collections", "output", "*.tar.gz")
PAGE = (ROOT / "docs" / "docsite" / "rst" / "upgrading.rst").read_text("utf-8")
(OLD,) = set(re.findall(r"management(?:-|:==|\.git,)([0-9.]+[0-9])", PAGE))  # the version that the page names
NEW, COMMIT = "99.0.0", "the-commit-of-the-old-version"
ADDRESS = "https://github.com/adverity/management.git"


def command(start, version=OLD):
    """The one command on the page that starts with this, after "ansible-galaxy collection install", for this version."""
    (found,) = [line for line in typed(PAGE) if line.startswith("ansible-galaxy collection install " + start)]
    return found.replace(OLD, version)


def pinned(requirements, version):
    """The command for a file of requirements on the page, with this version."""
    return f"cat > requirements.yml <<'END'\n{requirements.replace(OLD, version)}END\n{command('-r requirements.yml')}"


(DOWNLOAD,) = re.findall(r"``(ansible-galaxy collection download .+?)``", PAGE)
FROM_GALAXY, FROM_NEW_FILE = command("adverity.management "), command("adverity-management-", NEW)
GALAXY_FILE, GIT_FILE = (textwrap.dedent(text) for text in re.findall(r":: text\n\n((?:    [^\n]+\n)+)", PAGE))
# Commands that somebody types one after the other, and the version that is installed after each.
STEPS = {
    "Galaxy": [
        (FROM_GALAXY, NEW), (command("adverity.management:=="), OLD), (FROM_GALAXY.replace(" --upgrade", ""), OLD), (FROM_GALAXY, NEW),
    ],
    "git": [(command("git+", version), found) for version, found in ((OLD, OLD), (NEW, NEW), (COMMIT, OLD), ("main", NEW))],
    "a file": [(command("adverity-management-"), OLD), (FROM_NEW_FILE, NEW)],
    "a file from Galaxy": [(f"rm *.tar.gz\n{DOWNLOAD}\ncd collections\n{FROM_NEW_FILE}", NEW)],
    "a pinned version on Galaxy": [(pinned(GALAXY_FILE, version), version) for version in (OLD, NEW, OLD)],
    "a pinned version in git": [(pinned(GIT_FILE, version), version) for version in (OLD, NEW, OLD)],
}  # fmt: skip


def git(folder, *words):
    """Run git as somebody without settings, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull)
    somebody = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")
    return subprocess.run(["git", *somebody, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST, check=True).stdout


@pytest.fixture(name="repository", scope="module")
def fixture_repository(tmp_path_factory):
    """A git repository with both versions and their tags; on its branch is the new one."""
    folder = tmp_path_factory.mktemp("git") / "management.git"
    shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(*TOOLS))
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    for version in (OLD, NEW):
        path = folder / "galaxy.yml"
        path.write_text(re.sub(r"^version: .*$", f"version: {version}", path.read_text("utf-8"), flags=re.M), "utf-8")
        git(folder, "commit", "--quiet", "--all", "--message", f"Release {version}")
        git(folder, "tag", "--annotate", version, "--message", f"Release {version}")
    return folder


@pytest.fixture(name="files", scope="module")
def fixture_files(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for version in (OLD, NEW):
        git(repository, "checkout", "--quiet", version)
        shell(folder, f"ansible-galaxy collection build '{repository}' --output-path .")
    git(repository, "checkout", "--quiet", "main")
    assert {path.name for path in folder.glob("*.tar.gz")} == {f"adverity-management-{version}.tar.gz" for version in (OLD, NEW)}
    return folder


@pytest.fixture(name="galaxy", scope="module")
def fixture_galaxy(files, tmp_path_factory):
    """The address of a stand-in for Galaxy that has both versions: as many files as it takes to install a collection."""
    folder = tmp_path_factory.mktemp("galaxy")
    base = "/api/v3/collections/adverity/management/"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        answers = {
            "/api/": {"available_versions": {"v3": "v3/"}},
            base: {"highest_version": {"version": NEW}, "created_at": "", "updated_at": ""},
            f"{base}versions/": {"data": [{"version": version} for version in (NEW, OLD)], "links": {"next": None}},
        }
        for version in (OLD, NEW):
            file = Path(shutil.copy(files / f"adverity-management-{version}.tar.gz", folder))
            answers[f"{base}versions/{version}/"] = {
                "artifact": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
                "collection": {"name": "management"},
                "download_url": f"{address}/{file.name}",
                "href": f"{base}versions/{version}/",
                "metadata": {"dependencies": {}},
                "namespace": {"name": "adverity"},
                "signatures": [],
                "version": version,
            }
        for path, answer in answers.items():
            (folder / path[1:]).mkdir(parents=True, exist_ok=True)
            (folder / path[1:] / "index.html").write_text(json.dumps(answer), "utf-8")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{address}/api/"
        server.shutdown()


@pytest.mark.parametrize("source", STEPS)
def test_the_commands_of_the_page_install_a_version(tmp_path, galaxy, files, repository, source):
    for file in files.glob("*.tar.gz"):
        shutil.copy(file, tmp_path)
    commit = git(repository, "rev-parse", f"{OLD}^{{commit}}").strip()
    (listing,) = [line for line in typed(PAGE) if line.startswith("ansible-galaxy collection list")]
    for script, version in STEPS[source]:
        here = script.replace(ADDRESS, f"file://{repository}").replace(COMMIT, commit)
        shell(tmp_path, f"export ANSIBLE_GALAXY_SERVER={galaxy}\n{here}")
        assert re.findall(r"^adverity\.management +(\S+)", shell(tmp_path, listing), re.M) == [version]
