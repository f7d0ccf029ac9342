# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Empty text, as a survey sends it, has the same effect as an omitted variable: for each variable, also where Ansible checks the role's arguments."""

from __future__ import annotations

import yaml
from adverity_harness.place import ROOT
from adverity_harness.runs import role
from adverity_harness.worlds import World

SPEC = yaml.safe_load((ROOT / "roles" / "deploy_destination" / "meta" / "argument_specs.yml").read_text("utf-8"))
VARIABLES = [name.removeprefix("deploy_destination_") for name in SPEC["argument_specs"]["main"]["options"]]


def test_every_variable_may_be_empty(begin):
    scene = begin(World().datastream(456, extracts=3).binding(123, 456))
    scene.play([role(**{**dict.fromkeys(VARIABLES, ""), "target_id": 789})])
    assert len(scene.loads(123)) == 3
