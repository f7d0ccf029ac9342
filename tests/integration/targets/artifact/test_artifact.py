# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people download: what is in it, that it gets somebody who has nothing else through the quick start, and into an execution environment."""

from __future__ import annotations

import re
import shutil
import socket
import sys
import tarfile
import textwrap
from pathlib import Path

import pytest
import yaml
from adverity_harness.place import ROOT
from shell import shell, typed

# What a user needs: at the top, and wholly (but for what Python leaves behind). Whatever else comes to the top needs a line in galaxy.yml's build_ignore.
TOP = {"CHANGELOG.rst", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "requirements.txt"}
WHOLE = ("docs", "extensions", "meta", "playbooks", "plugins", "roles")
INSTALLED = Path(".ansible/collections/ansible_collections/adverity/management")


@pytest.fixture(name="home", scope="module")
def fixture_home(tmp_path_factory):
    """The home of somebody who has Ansible and nothing else, with the artifact in it."""
    home = tmp_path_factory.mktemp("home")
    shell(home, f"ansible-galaxy collection build '{ROOT}' --output-path .")
    return home


@pytest.fixture(name="artifact")
def fixture_artifact(home):
    (path,) = home.glob("adverity-management-*.tar.gz")
    return path


def in_repository(folder):
    """The files of a folder, as they would stand in the artifact."""
    paths = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {str(path) for path in paths if path.parts[:2] not in (("docs", "site"), ("docs", "words.txt"))}


def test_it_holds_what_a_user_needs_and_nothing_else(artifact):
    with tarfile.open(artifact) as stream:
        sizes = {member.name: member.size for member in stream if member.isfile()}
    assert set(sizes) == TOP.union({"changelogs/changelog.yaml"}, *(in_repository(folder) for folder in WHOLE))
    assert not [name for name in sizes if re.search(r"(^|/)\.|\.pyc$|~$|\.orig$|sqlite3", name)]
    assert max(sizes.values()) < 200_000
    assert sum(sizes.values()) < 2_000_000


def test_the_quick_start_word_for_word(home, artifact):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    script = []
    page = (ROOT / "docs" / "docsite" / "rst" / "quick_start.rst").read_text("utf-8")
    file = re.search(r"``(\w+\.yml)``.*?:: yaml\n\n((?:    [^\n]+\n)+)", page, re.S)
    (home / file[1]).write_text(textwrap.dedent(file[2]), "utf-8")
    commands = typed(page)
    for command in commands:
        if command.startswith("ansible-galaxy"):
            command = command.replace("adverity.management", f"--offline {artifact.name}")
        elif "pip install" in command or "acme.datatap" in command or command.startswith("read ") or "site.yml" in command:
            continue  # what a machine without a network and an account cannot do
        command = command.replace("--stop-after 600", "--stop-after 7200")  # on a machine that has much else to do, the rest may take longer
        script += [f"echo '### {len(script)}'", command.replace("8765", str(port))]
    output = shell(home, "\n".join(script))
    told = output.split("### ")[1:]
    assert len(told) == len(commands) - 4
    install, demo, _simulator, _export, foretold, done, by_id, report = told
    assert "installed successfully" in install
    assert "each loaded once" in demo
    assert "A real run would" in foretold
    assert "destination - create" in foretold
    assert "destination - created now" in done
    assert "130 extracts sent" in done
    assert "104 extracts sent" in done
    for output_of in (done, by_id):
        assert re.search(r"changed=[1-9]\d* .*failed=0 +skipped=0", output_of)
    assert "[WARNING]" not in done
    assert "[WARNING]: Already enabled" in by_id, "destination 789 has one binding that was enabled before: the note on the page is about it"
    assert "DEPRECATION" not in output
    assert set(re.findall(r"\[WARNING\]: (.{15})", output)) == {"Already enabled"}
    assert (home / INSTALLED / "MANIFEST.json").is_file()
    assert (home / "adverity-try" / "requeue.sqlite3").is_file()
    assert "adverity-report.html - written" in report
    assert "bindings enabled" in (home / "adverity-report.html").read_text("utf-8")


def test_the_execution_environment_is_built_from_it(home, artifact):
    shutil.copy(ROOT / "execution-environment.yml", home)
    builder = f"'{sys.executable}' -m ansible_builder"
    shell(home, f"{builder} create --file execution-environment.yml --output-filename Containerfile")
    context = home / "context"
    assert (context / "_build" / "collection" / artifact.name).read_bytes() == artifact.read_bytes()
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text("utf-8"))
    assert wanted == {"collections": [{"name": f"collection/{artifact.name}", "type": "file"}]}
    container = (context / "Containerfile").read_text("utf-8")
    assert 'ARG PYCMD="/usr/bin/python3.12"' in container
    assert "_build /build\nWORKDIR /build\n" in container, "the artifact is looked for from there"

    shell(home, f"ansible-galaxy collection install {artifact.name} --collections-path installed --offline --force")
    needed = yaml.safe_load(shell(home, f'{builder} introspect --sanitize "$PWD/installed" 2>/dev/null'))
    source = "# from collection adverity.management"
    assert [requirement.split("  ") for requirement in needed["python"]] == [["requests", source], ["psycopg[binary]", source]]
    assert not needed.get("system")
