# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options, from wherever they come."""

from __future__ import annotations

from adverity_harness.runs import module
from adverity_harness.worlds import KEY, World

NOWHERE = {"ADVERITY_INSTANCE": None, "ADVERITY_API_KEY": None, "ADVERITY_LEDGER": None}


def test_one_action_group_serves_every_module(begin):
    world = World().datastream(456, extracts=3).binding(123, 456)
    scene = begin(world)
    run = scene.play(
        [
            module("binding_info", target_id=789),
            module("binding", target_id=789, enabled=True),
            module("extract_info", datastream_id=456),
            module("requeue", datastream_id=456, target_id=789),
            module("requeue_info", target_id=789),
        ],
        module_defaults={"group/adverity.management.adverity": {"instance": scene.url, "api_key": KEY, "retries": 0}},
        env=NOWHERE,
    )
    assert scene.loads(123) == world.aged(456)
    # The ledger's default is in the home of who runs it.
    ledger = scene.home / ".ansible" / "adverity" / "requeue.sqlite3"
    assert run.one("adverity_requeue")["ledger"] == str(ledger)
    assert ledger.is_file()
    assert {row["key"] for row in scene.requests()} == {"tester"}


def test_without_an_instance_or_a_key_the_environment_is_named(begin):
    scene = begin(World().datastream(456).binding(123, 456))
    run = scene.play([module("binding_info")], fails=True, env=NOWHERE)
    assert "missing required arguments" in run.failures[0]["msg"]
    assert "instance" in run.failures[0]["msg"]
    assert "api_key" in run.failures[0]["msg"]
    assert scene.requests() == []
