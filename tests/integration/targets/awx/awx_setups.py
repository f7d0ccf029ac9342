# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the playbook awx_setup, with the real modules of awx.awx or with none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from adverity_harness.place import NAME, NAMESPACE, ROOT
from adverity_harness.runs import Controller
from awx_stand_in import TOKEN, StandIn

Row = dict[str, Any]
FILES = ROOT / "playbooks" / "files" / "awx"
VARIABLES = {"awx_setup_scm_url": "https://git.example.com/adverity/management.git", "awx_setup_image": "registry.example.com/ee-adverity:1"}


def data(name: str) -> Any:
    """Return what one of the files holds that the playbook reads."""
    return yaml.safe_load((FILES / f"{name}.yml").read_text("utf-8"))


def awx_collection() -> Path:
    """Return the collection awx.awx. `noxfile.py` puts it beside this one, where ansible-test tells Ansible to look for collections."""
    for folder in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep):
        found = Path(folder) / "ansible_collections" / "awx" / "awx"
        if (found / "plugins" / "modules").is_dir():
            return found.resolve()
    raise AssertionError("awx.awx is not there: run `make test STAGES=integration`, which fetches it, or name its folder in ANSIBLE_COLLECTIONS_PATH")


class Setup(Controller):
    """A controller from which AWX is set up."""

    def __init__(self, folder: Path, awx: StandIn, collection: bool = True) -> None:
        collections = folder / "collections"
        linked = {(NAMESPACE, NAME): ROOT, **({("awx", "awx"): awx_collection()} if collection else {})}
        for names, target in linked.items():
            link = collections.joinpath("ansible_collections", *names)
            link.parent.mkdir(parents=True)
            link.symlink_to(target, target_is_directory=True)
        super().__init__(folder, collections, awx.url)
        self.awx = awx

    def environment(self) -> dict[str, str]:
        """Return the environment of a run: AWX's address and token, and nothing of Adverity."""
        kept = {name: value for name, value in super().environment().items() if not name.startswith("ADVERITY_")}
        return {**kept, "CONTROLLER_HOST": self.awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "CONTROLLER_VERIFY_SSL": "false"}

    def act(self, play: list[Row] | str, fails: bool = False, **variables: Any) -> Any:
        """Run tasks with AWX's modules, or a playbook, and return the run. Warnings, as of what awx.awx still uses, are none of our business."""
        run = self.start(play, quick=True, extra_vars=variables)
        run.wait()
        assert (run.process.returncode != 0) is fails, run.output[-6000:]
        return run

    def run(self, fails: bool = False, **variables: Any) -> Any:
        """Run the playbook awx_setup and return the run."""
        return self.act(f"{NAMESPACE}.{NAME}.awx_setup", fails, **{**VARIABLES, **variables})
