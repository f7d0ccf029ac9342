# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deployment that is killed around the enabling is finished by running it again, and no extract is loaded twice."""

from __future__ import annotations

import pytest
from adverity_harness.scenes import BINDINGS, EXTRACTS
from adverity_harness.worlds import World

# When everything is killed: where the simulator holds a request, and whether the binding is enabled by then.
MOMENTS = {
    "before the plan is written": (dict(method="GET", path=BINDINGS, skip=1, hold="before"), False),
    "before the enabling arrives": (dict(method="PATCH", hold="before"), False),
    "while the enabling is answered": (dict(method="PATCH", hold="after"), True),
    "between the enabling and the first POST": (dict(method="GET", path=EXTRACTS, hold="before"), True),
}


@pytest.fixture(name="world")
def fixture_world():
    """Datastream 456 with 60 extracts, that destination 789 shall get."""
    return World().datastream(456, extracts=60).binding(123, 456)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_around_the_enabling(begin, world, moment):
    hold, enabled = MOMENTS[moment]
    scene = begin(world)
    scene.service.fault(**hold)
    scene.deploy(target_id=789, kill_when=lambda: scene.service.held)
    assert scene.enabled() == ([123] if enabled else [])
    assert scene.posts() == []
    answered = [row for row in scene.requests("PATCH") if row["status"] == 200]
    assert len(answered) == (1 if "first POST" in moment else 0)

    # The service is still at that request; where it was the PATCH, it did not get any further.
    row = dict(scene.service.world.bindings[123])
    scene.release()
    scene.service.world.bindings[123].update(row)
    scene.forget()
    scene.deploy(target_id=789)
    assert scene.patches() == ([] if enabled else [(123, {"enabled": True})])
    assert [len(body["extract_ids"]) for body in scene.posts()] == [50, 10]
    assert scene.loads(123) == world.aged(456)


def test_killed_during_a_post_the_role_stops_and_goes_on_as_it_is_told(begin, world):
    scene = begin(world)
    scene.service.fault(method="POST", skip=1, hold="after")
    scene.deploy(target_id=789, kill_when=lambda: scene.service.held)
    scene.release()
    scene.forget()

    stopped = scene.deploy(target_id=789, fails=True).left_open
    assert sorted(stopped["unknown_extract_ids"]) == sorted(world.aged(456)[50:])
    assert "on_unknown: requeue" in stopped["msg"]
    assert scene.writes() == []

    # It did arrive, as the user found out.
    done = scene.deploy(target_id=789, on_unknown="skip", warnings=("Left out, because it is unknown",))
    assert scene.writes() == []
    assert done.changed == 0
    assert done.custom["deploy_destination"]["bindings"][0]["unknown"] == 10
    assert scene.loads(123) == world.aged(456)


def test_disabled_by_somebody_after_the_kill_it_does_not_get_again_what_it_had_loaded_itself(begin, world):
    scene = begin(world)
    scene.service.fault(method="GET", path=EXTRACTS, hold="before")
    scene.deploy(target_id=789, kill_when=lambda: scene.service.held)
    scene.release()
    scene.fetch(7, 456)  # the binding is enabled: this one it loads itself
    scene.service.switch_binding(123, False)  # by hand
    scene.fetch(8, 456)  # and this one it missed
    scene.forget()
    stopped = scene.deploy(target_id=789, fails=True).left_open
    assert scene.patches() == [(123, {"enabled": True})]
    assert stopped["unknown_extract_ids"] == [7]
    assert stopped["remaining_extract_ids"] == [8], "it comes after the unknown one"
    assert scene.loads(123) == world.aged(456)
    scene.deploy(target_id=789, on_unknown="dispatched")
    assert scene.loads(123) == [*world.aged(456), 8]
