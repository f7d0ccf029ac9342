# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deployment that stopped half way is finished by running it again."""

from __future__ import annotations

from adverity_harness.worlds import READ_ONLY_KEY, World


def test_what_is_left_is_sent_by_the_next_run(begin):
    world = World().datastream(456, extracts=80).binding(123, 456)
    scene = begin(world)
    aged = world.aged(456)

    # A key that may not write: the plan stands, nothing is enabled and nothing is loaded.
    forbidden = scene.deploy(target_id=789, fails=True, env={"ADVERITY_API_KEY": READ_ONLY_KEY})
    assert "destination:write" in forbidden.failures[0]["msg"]
    assert scene.enabled() == []
    assert scene.posts() == []

    # The second request is refused: the first half is there, and the result says so.
    scene.service.fault(method="POST", skip=1, status={"code": 403, "body": {"detail": "Not today."}})
    half = scene.deploy(target_id=789, fails=True).left_open
    assert "Not today." in half["msg"]
    assert half["requeued_extract_ids"] == aged[:50]
    assert half["remaining_extract_ids"] == aged[50:]
    assert half["changed"] is True
    assert scene.loads(123) == aged[:50]

    # The binding is enabled now, but the ledger knows that its backfill is not finished.
    scene.forget()
    rest = scene.deploy(target_id=789)
    assert [row["method"] for row in scene.writes()] == ["POST"]
    assert scene.posts()[0]["extract_ids"] == aged[50:]
    assert rest.custom["deploy_destination"]["bindings"][0]["requeued"] == 30
    assert rest.custom["deploy_destination"]["bindings"][0]["skipped"] == 50
    assert scene.loads(123) == aged
