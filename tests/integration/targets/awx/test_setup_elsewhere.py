# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup where something is there already, or missing, or wrong."""

from __future__ import annotations

import json
import shutil

import pytest
from awx_setups import VARIABLES, Setup, awx_collection


def test_what_is_there_already_is_used_and_ansible_controller_too(tmp_path, awx):
    awx.add("projects", {"name": "Ours", "organization": 1, "scm_type": "git", "scm_url": "https://git.example.com/ours.git"})
    awx.add("execution_environments", {"name": "Our image", "image": "registry.example.com/ours"})
    awx.add("instance_groups", {"name": "one at a time"})
    setup = Setup(tmp_path, awx, collection=False)
    copy = setup.collections / "ansible_collections" / "ansible" / "controller"
    shutil.copytree(awx_collection(), copy)
    for path in (copy / "plugins" / "lookup").glob("*.py"):
        path.write_text(path.read_text("utf-8").replace("awx.awx", "ansible.controller"), "utf-8")  # as they are there: they name their own collection
    manifest = json.loads((copy / "MANIFEST.json").read_text("utf-8"))
    manifest["collection_info"].update(namespace="ansible", name="controller")
    (copy / "MANIFEST.json").write_text(json.dumps(manifest), "utf-8")
    setup.run(
        awx_setup_project="Ours",
        awx_setup_execution_environment="Our image",
        awx_setup_instance_group="one at a time",
        awx_setup_prefix="Staging",
    )
    assert [row["name"] for row in awx.store["projects"].values()] == ["Ours"]
    assert [row["name"] for row in awx.store["execution_environments"].values()] == ["Our image"]
    assert awx.named("credentials", "Staging")
    template = awx.named("job_templates", "Staging: deploy destination")
    for row in awx.store["job_templates"].values():
        assert awx.related[row["id"], "instance_groups"] == [awx.named("instance_groups", "one at a time")["id"]]
        assert row["prevent_instance_group_fallback"]
    assert template["project"] == awx.named("projects", "Ours")["id"]
    assert template["execution_environment"] == awx.named("execution_environments", "Our image")["id"]


def test_without_any_collection_it_says_which_to_install(tmp_path, awx):
    run = Setup(tmp_path, awx, collection=False).run(fails=True)
    (failure,) = run.failures
    assert "Neither awx.awx nor ansible.controller is installed" in failure["msg"]
    assert "ansible-galaxy collection install awx.awx" in failure["msg"]
    assert awx.requests == []


@pytest.mark.parametrize("missing", VARIABLES)
def test_without_a_project_or_an_image_nothing_is_guessed(setup, awx, missing):
    run = setup.run(fails=True, **{missing: ""})
    (failure,) = run.failures
    assert missing in failure["msg"]
    assert awx.requests == []


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"awx_setup_image": "Not an image"}, "container image name"),
        ({"awx_setup_playbook_folder": "elsewhere/"}, "Playbook not found for project"),
    ],
)
def test_what_awx_refuses_fails(setup, wrong, complaint):
    run = setup.run(fails=True, **wrong)
    assert complaint in run.output
