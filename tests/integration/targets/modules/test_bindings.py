# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""adverity_binding and adverity_binding_info."""

from __future__ import annotations

from adverity_harness.runs import module, refused
from adverity_harness.scenes import BINDINGS
from adverity_harness.worlds import World


def test_a_binding_step_by_step(begin):
    world = World().datastream(456).binding(123, 456).binding(55, 456, target=790, enabled=True).datastream(457).binding(124, 457)
    scene = begin(world)
    enable = module("binding", datastream_id=456, target_id=789, enabled=True)
    run = scene.play(
        [
            module("binding_info", "look", target_id=789),
            refused(module("binding", "refuse", binding_ids=[123, 55], target_id=789, enabled=True)),
            {**enable, "name": "check", "check_mode": True, "diff": True},
            {**enable, "name": "change", "diff": True},
            {**enable, "name": "again", "diff": True},
            module("binding_info", "enabled ones", enabled=True),
            module("binding", "change back", binding_id=123, enabled=False),
            module("binding", "and again", binding_id=123, enabled=False),
            module("binding_info", "look at two", binding_ids=[124, 123, 4711]),
        ]
    )
    look, refuse, check, change, again, on, back, once_more, two = run.told_by(
        "look", "refuse", "check", "change", "again", "enabled ones", "change back", "and again", "look at two"
    )
    reads = ["GET"]
    assert scene.talks() == [reads, reads, reads, ["GET", "PATCH"], reads, reads, ["GET", "PATCH"], reads, reads]
    assert scene.patches() == [(123, {"enabled": True}), (123, {"enabled": False})]

    assert [row["id"] for row in look["bindings"]] == [123, 124]
    assert look["count"] == 2
    assert look["changed"] is False
    assert "55" in refuse["msg"]
    assert "target_id 789" in refuse["msg"]

    # Check mode tells exactly what the real run does.
    for result in (check, change):
        assert result["changed"] is True
        assert result["affected"] == {"binding_ids": [123]}
        assert [(row["id"], row["enabled"]) for row in result["bindings"]] == [(123, True)]
        assert result["diff"] == {
            "before": {"binding 123 (datastream 456 to Destination no. 789)": {"enabled": False}},
            "after": {"binding 123 (datastream 456 to Destination no. 789)": {"enabled": True}},
        }
    assert change["bindings"][0]["updated"] > check["bindings"][0]["updated"]
    assert again["changed"] is False
    assert again["affected"] == {"binding_ids": []}
    assert again["diff"] == {"before": {}, "after": {}}

    assert [row["id"] for row in on["bindings"]] == [55, 123]
    assert back["changed"] is True
    assert back["affected"] == {"binding_ids": [123]}
    assert once_more["changed"] is False
    assert [(row["id"], row["enabled"]) for row in two["bindings"]] == [(123, False), (124, False)]


def test_230_bindings_over_three_pages(begin):
    world = World()
    for number in range(230):
        world.datastream(1000 + number).binding(1 + number, 1000 + number, enabled=number % 2 == 0)
    world.datastream(5).binding(999, 5, target=790)
    scene = begin(world)
    drifted = list(range(2, 231, 2))
    everything = module("binding", target_id=789, enabled=True)
    run = scene.play(
        [
            module("binding_info", "look", target_id=789),
            {**everything, "name": "check", "check_mode": True},
            {**everything, "name": "change"},
            {**everything, "name": "again"},
        ]
    )
    look, check, change, again = run.told_by("look", "check", "change", "again")
    pages = ["GET"] * 3
    looked, checked, changed, repeated = scene.talks()
    assert looked == checked == repeated == changed[:3] == pages
    # A list that is older than two seconds is read again before the next write: how often depends on the machine.
    assert changed.count("PATCH") == 115
    assert set(changed) == {"GET", "PATCH"}
    assert changed.count("GET") % 3 == 0
    assert [dict(row["query"])["page"] for row in scene.requests("GET", BINDINGS)][:3] == ["1", "2", "3"]
    assert [row["id"] for row in look["bindings"]] == list(range(1, 231))
    assert sorted(scene.patches()) == [(identity, {"enabled": True}) for identity in drifted]
    assert check["affected"] == change["affected"] == {"binding_ids": drifted}
    assert len(change["bindings"]) == 230
    assert again["changed"] is False
    assert 999 not in scene.enabled()


def test_the_result_of_a_failure_half_way_tells_what_was_done(begin):
    world = World()
    for number in range(1, 5):
        world.datastream(number).binding(number, number)
    scene = begin(world)
    scene.service.fault(method="PATCH", skip=2, status={"code": 404, "body": {"detail": "Gone away."}})
    run = scene.play([module("binding", target_id=789, enabled=True)], fails=True)
    failed = run.one("adverity_binding")
    assert "Gone away." in failed["msg"]
    assert failed["changed"] is True
    assert failed["affected"] == {"binding_ids": [1, 2, 4]}
    assert failed["remaining"] == {"binding_ids": [3]}
    assert scene.enabled() == [1, 2, 4]

    scene.forget()
    scene.play([module("binding", target_id=789, enabled=True)])
    assert [identity for identity, _body in scene.patches()] == [3]
