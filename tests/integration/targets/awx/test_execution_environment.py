# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: ansible-builder takes its definition, and finds in the built collection what that needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from adverity_harness.place import NAME, NAMESPACE, ROOT
from adverity_harness.runs import ansible_playbook

DEFINITION = "execution-environment.yml"


def run(folder, *command):
    """Run a tool; return its standard output."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": str(folder / "nothing")}
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(name="built", scope="module")
def fixture_built(tmp_path_factory):
    """A folder with the built collection and the definition."""
    folder = tmp_path_factory.mktemp("built")
    galaxy = Path(ansible_playbook()).with_name("ansible-galaxy")
    run(folder, str(galaxy), "collection", "build", str(ROOT), "--output-path", str(folder))
    shutil.copy(ROOT / DEFINITION, folder)
    return folder


def version():
    """The version of the collection."""
    return yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]


def test_definition_takes_the_collection_as_it_is_built(built):
    run(built, sys.executable, "-m", "ansible_builder", "create", "--file", DEFINITION, "--output-filename", "Containerfile")
    archive = f"{NAMESPACE}-{NAME}-{version()}.tar.gz"
    made = built / "context" / "_build"
    assert (made / "collection" / archive).read_bytes() == (built / archive).read_bytes()
    wanted = yaml.safe_load((made / "requirements.yml").read_text("utf-8"))
    assert wanted == {"collections": [{"name": f"collection/{archive}", "type": "file"}]}
    container = (built / "context" / "Containerfile").read_text("utf-8")
    assert 'ARG PYCMD="/usr/bin/python3.12"' in container
    # Where the archive is looked for from.
    assert "_build /build\nWORKDIR /build\n" in container


def test_collection_says_what_it_needs(built):
    galaxy = Path(ansible_playbook()).with_name("ansible-galaxy")
    archive = built / f"{NAMESPACE}-{NAME}-{version()}.tar.gz"
    run(built, str(galaxy), "collection", "install", str(archive), "--collections-path", str(built / "installed"), "--offline")
    found = run(built, sys.executable, "-m", "ansible_builder", "introspect", "--sanitize", str(built / "installed"))
    needed = yaml.safe_load(found)
    source = f"  # from collection {NAMESPACE}.{NAME}"
    assert [requirement.split("  #")[0] for requirement in needed["python"]] == ["requests", "psycopg[binary]"]
    assert all(requirement.endswith(source) for requirement in needed["python"])
    assert not needed.get("system")
