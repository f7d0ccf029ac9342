# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installing and upgrading from Galaxy, from git and from a file: what the page about it asks to type, with two versions of this collection."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import re
import shutil
import textwrap
import threading
from pathlib import Path

import pytest
from adverity_harness.place import ROOT
from shell import copy_repository, git, shell, typed

PAGE = (ROOT / "docs" / "docsite" / "rst" / "upgrading.rst").read_text("utf-8")
FILES = [textwrap.dedent(text) for text in re.findall(r":: text\n\n((?:    [^\n]+\n)+)", PAGE)]
(OLD,) = set(re.findall(r"management(?:-|:==|\.git,)([0-9.]+[0-9])", PAGE))  # the version that the page names
NEW = "99.0.0"
ADDRESS = "https://github.com/adverity/management.git"


def command(start):
    """The one command on the page that starts with this, after "ansible-galaxy collection install"."""
    (found,) = [line for line in typed(PAGE) if line.startswith("ansible-galaxy collection install " + start)]
    return found


FROM_GALAXY, CERTAIN = command("adverity.management "), command("adverity.management:==")
FROM_GIT, FROM_FILE, FROM_REQUIREMENTS = command("git+"), command("adverity-management-"), command("-r requirements.yml")


@pytest.fixture(name="repository", scope="module")
def fixture_repository(tmp_path_factory):
    """A git repository with both versions and their tags; on its branch is the new one."""
    folder = copy_repository(tmp_path_factory.mktemp("git") / "management.git")
    for version in (OLD, NEW):
        path = folder / "galaxy.yml"
        path.write_text(re.sub(r"^version: .*$", f"version: {version}", path.read_text("utf-8"), flags=re.M), "utf-8")
        git(folder, "commit", "--quiet", "--all", "--allow-empty", "--message", f"Release {version}")
        git(folder, "tag", "--annotate", version, "--message", f"Release {version}")
    return folder


@pytest.fixture(name="files", scope="module")
def fixture_files(repository, tmp_path_factory):
    """A folder with the built files of both versions."""
    folder = tmp_path_factory.mktemp("files")
    for version in (OLD, NEW):
        git(repository, "checkout", "--quiet", version)
        shell(folder, f"ansible-galaxy collection build '{repository}' --output-path .")
    git(repository, "checkout", "--quiet", "main")
    assert {path.name for path in folder.glob("*.tar.gz")} == {f"adverity-management-{version}.tar.gz" for version in (OLD, NEW)}
    return folder


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves files."""

    def log_message(self, *_words):
        """Say nothing."""


@pytest.fixture(name="galaxy", scope="module")
def fixture_galaxy(files, tmp_path_factory):
    """The address of a stand-in for Galaxy that has both versions: as many files as it takes to install a collection."""
    folder = tmp_path_factory.mktemp("galaxy")
    base = "/api/v3/collections/adverity/management/"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=folder)) as server:
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


@pytest.fixture(name="home")
def fixture_home(tmp_path):
    """The home of somebody who has Ansible and nothing else."""
    return tmp_path


def installed(home):
    """The version that is installed in this home, as the command says that the page names for it."""
    (listing,) = [line for line in typed(PAGE) if line.startswith("ansible-galaxy collection list")]
    return re.findall(r"^adverity\.management +(\S+)", shell(home, listing), re.M)


def works(home):
    """Check that Ansible finds the modules and the playbooks."""
    assert "extract_ids" in shell(home, "ansible-doc adverity.management.adverity_requeue")
    playbook = home / ".ansible" / "collections" / "ansible_collections" / "adverity" / "management" / "playbooks" / "demo.yml"
    assert f"playbook: {playbook}\n" in shell(home, "ansible-playbook -i localhost, adverity.management.demo --syntax-check")


def from_git(text, repository, version=OLD):
    """What the page asks for, but from this repository, and with this version."""
    return text.replace(ADDRESS, f"file://{repository}").replace(OLD, version)


def test_from_galaxy_for_the_first_time_another_version_and_again(home, galaxy):
    server = f"export ANSIBLE_GALAXY_SERVER={galaxy}\n"
    shell(home, server + FROM_GALAXY)
    assert installed(home) == [NEW]
    shell(home, server + CERTAIN)
    assert installed(home) == [OLD]
    works(home)
    assert "Nothing to do" in shell(home, server + FROM_GALAXY.replace(" --upgrade", ""))
    assert installed(home) == [OLD]
    shell(home, server + FROM_GALAXY)
    assert installed(home) == [NEW]
    works(home)


def test_from_git(home, repository):
    assert ADDRESS in FROM_GIT
    shell(home, from_git(FROM_GIT, repository))
    assert installed(home) == [OLD]
    works(home)
    shell(home, from_git(FROM_GIT, repository, NEW))
    assert installed(home) == [NEW]
    works(home)
    commit = git(repository, "rev-parse", f"{OLD}^{{commit}}").strip()
    for version, expected in ((commit, OLD), ("main", NEW)):
        shell(home, from_git(FROM_GIT, repository, version))
        assert installed(home) == [expected]


def test_from_a_file(home, files):
    for file in files.glob("*.tar.gz"):
        shutil.copy(file, home)
    shell(home, FROM_FILE)
    assert installed(home) == [OLD]
    works(home)
    shell(home, FROM_FILE.replace(OLD, NEW))
    assert installed(home) == [NEW]
    works(home)


def test_a_file_from_galaxy(home, galaxy):
    (download,) = re.findall(r"``(ansible-galaxy collection download .+?)``", PAGE)
    output = shell(home, f"export ANSIBLE_GALAXY_SERVER={galaxy}\n{download}\ncd collections\n{FROM_FILE.replace(OLD, NEW)}")
    assert "was installed successfully" in output
    assert installed(home) == [NEW]


@pytest.mark.parametrize(("text", "is_git"), [*zip(FILES, (False, True))], ids=["galaxy", "git"])
def test_a_pinned_version(home, galaxy, repository, text, is_git):
    assert (len(FILES), ADDRESS in text) == (2, is_git)
    for version in (OLD, NEW, OLD):
        (home / "requirements.yml").write_text(from_git(text, repository, version), "utf-8")
        shell(home, f"export ANSIBLE_GALAXY_SERVER={galaxy}\n{FROM_REQUIREMENTS}")
        assert installed(home) == [version]
