# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""adverity_requeue and adverity_requeue_info."""

from __future__ import annotations

from adverity_harness.runs import module, refused
from adverity_harness.worlds import World, moment

TOLD = ("changed", "requeued_extract_ids", "skipped_extract_ids", "unknown_extract_ids", "remaining_extract_ids", "extract_count", "summary", "diff")


def told(result):
    """What check mode has to predict of a result: all but the service's words."""
    batches = [(batch["datastream_id"], batch["extract_count"], batch["binding_ids"]) for batch in result["batches"]]
    return {**{name: result[name] for name in TOLD}, "batches": batches}


def checked(name, **options):
    """A requeue in check mode, and the same for real, both with a diff."""
    task = module("requeue", name, **options)
    return [{**task, "name": f"{name}, check", "check_mode": True, "diff": True}, {**task, "diff": True}]


def test_a_requeue_step_by_step(begin):
    world = World().datastream(456, extracts=60).binding(123, 456, enabled=True).binding(55, 456, target=790, enabled=True)
    world.datastream(457, extracts=3).binding(124, 457).binding(125, 457, target=790, enabled=True)
    scene = begin(world)
    aged = world.aged(456)
    whole = dict(datastream_id=456, target_id=789)
    run = scene.play(
        [
            refused(module("requeue", "disabled", datastream_id=457, target_id=789)),
            refused(module("requeue", "foreign", datastream_id=456, binding_ids=[125])),
            module("requeue_info", "before", **whole),
            *checked("change", **whole),
            *checked("again", **whole),
            module("requeue_info", "after", **whole),
            *checked("by force", **whole, created_from=moment(days=2), force=True),
            *checked("by extract", extract_ids=[aged[5], aged[1], aged[5]], binding_ids=[55]),
            *checked("all enabled", datastream_ids=[456, 457], sequential=False),
            module("requeue_info", "of one binding", binding_ids=[125]),
            module("requeue_info", "of two extracts", extract_ids=[aged[0], aged[59]], binding_ids=[55], created_to=moment(days=30)),
        ],
        warnings=("a wider backfill of binding 123",),
    )
    disabled, foreign, before, after, one, two = run.told_by("disabled", "foreign", "before", "after", "of one binding", "of two extracts")
    assert "Not enabled" in disabled["msg"]
    assert "124" in disabled["msg"]
    assert "125" in foreign["msg"]
    for name in ("change", "again", "by force", "by extract", "all enabled"):
        predicted, real = run.told_by(f"{name}, check", name)
        assert told(predicted) == told(real), name
    change, again, force, extract, everything = run.told_by("change", "again", "by force", "by extract", "all enabled")

    bodies = [(body["extract_ids"], body["binding_ids"], body["sequential"]) for body in scene.posts()]
    rest = [number for number in aged if number not in (aged[1], aged[5])]
    assert bodies == [
        (aged[:50], [123], True),
        (aged[50:], [123], True),
        (aged[58:], [123], True),
        ([aged[1], aged[5]], [55], True),
        (rest[:50], [55], False),
        (rest[50:], [55], False),
        (world.aged(457), [125], False),
    ]
    assert len(scene.writes()) == len(bodies)

    assert change["changed"] is True
    assert change["requeued_extract_ids"] == aged
    assert change["diff"] == {"before": {"binding 123": {"dispatched": 0}}, "after": {"binding 123": {"dispatched": 60}}}
    assert change["batches"][0]["message"] == "Dispatched requeue for 50 extract(s)."
    assert again["changed"] is False
    assert again["requeued_extract_ids"] == []
    assert again["skipped_extract_ids"] == aged
    assert force["changed"] is True
    assert extract["requeued_extract_ids"] == [aged[1], aged[5]]
    assert everything["extract_count"] == 58 + 3
    # Those two were in both bindings already; the others were missing from the second one.
    assert everything["skipped_extract_ids"] == [aged[1], aged[5]]

    assert before["counts"] == {"pending": 0, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
    assert before["extracts"] == []
    assert after["counts"] == {"pending": 0, "dispatched": 60, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
    assert [row["extract_id"] for row in after["extracts"]] == aged
    assert {(row["binding_id"], row["datastream_id"], row["status"]) for row in after["extracts"]} == {(123, 456, "dispatched")}
    assert all(row["dispatched_at"].endswith("Z") for row in after["extracts"])
    assert after["backfills"][0]["finished"] is True
    assert after["in_progress"] is False
    assert [row["extract_id"] for row in one["extracts"]] == world.aged(457)
    assert [row["extract_id"] for row in two["extracts"]] == [aged[0]]


def test_a_plan_is_kept_and_sent_later_bit_by_bit(begin):
    world = World().datastream(456, extracts=25).binding(123, 456).binding(55, 456, target=790)
    scene = begin(world)
    aged = world.aged(456)
    both = dict(datastream_id=456, binding_ids=[123, 55])
    bits = [module("requeue", f"bit {number}", **both, limit=10, batch_size=4) for number in range(4)]
    run = scene.play(
        [
            *checked("plan", **both, state="planned"),
            *checked("plan again", **both, state="planned"),
            module("requeue_info", "planned", **both),
            module("binding", binding_ids=[123, 55], enabled=True),
            *bits,
            module("requeue_info", "done", **both, summary_only=True),
        ]
    )
    plan, plan_again, planned, done = run.told_by("plan", "plan again", "planned", "done")
    assert told(run.one("plan, check")) == told(plan)
    assert told(run.one("plan again, check")) == told(plan_again)
    assert plan["changed"] is True
    assert plan["remaining_extract_ids"] == []  # what is in it is listed when it is sent
    assert plan["requeued_extract_ids"] == []
    assert plan_again["changed"] is False
    assert planned["counts"] == {"pending": 0, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
    assert [(row["binding_id"], row["pending"], row["finished"]) for row in planned["backfills"]] == [(55, 0, False), (123, 0, False)]
    assert all(row["planned_at"] for row in planned["backfills"])

    parts = [aged[start : start + 10] for start in (0, 10, 20)]
    expected = [part[start : start + 4] for part in parts for start in range(0, len(part), 4)]
    assert [body["extract_ids"] for body in scene.posts()] == expected
    assert {tuple(sorted(body["binding_ids"])) for body in scene.posts()} == {(55, 123)}
    results = run.told_by("bit 0", "bit 1", "bit 2", "bit 3")
    assert [result["extract_count"] for result in results] == [10, 10, 5, 0]
    assert [result["remaining_extract_ids"] for result in results] == [aged[10:], aged[20:], [], []]
    assert [result["changed"] for result in results] == [True, True, True, False]
    assert scene.loads(123) == scene.loads(55) == aged
    assert done["counts"] == {"pending": 0, "dispatched": 50, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
    assert done["extracts"] == []
    assert all(row["finished"] for row in done["backfills"])


def test_bare_extract_ids_go_to_all_enabled_bindings_and_are_remembered_as_that(begin):
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True).binding(55, 456, target=790, enabled=True)
    scene = begin(world)
    aged = world.aged(456)
    run = scene.play(
        [
            *checked("bare", extract_ids=aged),
            *checked("bare again", extract_ids=aged),
            module("requeue_info", "known", extract_ids=aged),
            refused(module("requeue", "named", extract_ids=aged, binding_ids=[123])),
            *checked("named and decided", extract_ids=aged, binding_ids=[123], on_unknown="skip"),
        ],
        warnings=("Left out, because it is unknown",),
    )
    for name in ("bare", "bare again", "named and decided"):
        assert told(run.one(f"{name}, check")) == told(run.one(name)), name
    assert scene.posts() == [{"extract_ids": sorted(aged), "sequential": True}]
    assert sorted(scene.loads(123)) == sorted(scene.loads(55)) == sorted(aged)
    assert run.one("bare again")["changed"] is False
    assert run.one("known")["counts"] == {"pending": 0, "dispatched": 3, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
    assert {row["binding_id"] for row in run.one("known")["extracts"]} == {None}
    # They may have gone to binding 123 as well: that is for the user to know.
    assert "on_unknown" in run.one("named")["msg"]
    assert run.one("named and decided")["unknown_extract_ids"] == aged
    assert run.one("named and decided")["changed"] is False


def test_the_order_in_which_the_service_lists_makes_no_difference(begin):
    world = World().datastream(456, extracts=70).binding(123, 456, enabled=True)
    scene = begin(world, switches={"extract_ordering": "ignored", "extract_page_size": 20, "extract_count": "off"})
    scene.play([module("requeue", datastream_id=456, target_id=789)])
    assert scene.loads(123) == world.aged(456)


def test_the_service_refuses(begin):
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True)
    scene = begin(world)
    scene.service.fault(method="POST", status={"code": 403, "body": {"detail": "Not these."}})
    scene.service.fault(method="POST", status={"code": 200, "body": {"message": "Dispatched.", "extract_ids": [], "extract_count": 0}})
    task = module("requeue", datastream_id=456, target_id=789)
    run = scene.play([refused(task), refused(task), refused(task)])
    denied, doubtful, stopped = run.failures
    # A refusal is certain: nothing is unknown, and the next run may simply send it.
    assert "Not these." in denied["msg"]
    assert denied["changed"] is False
    assert denied["unknown_extract_ids"] == []
    assert denied["remaining_extract_ids"] == world.aged(456)
    # A success that leaves them out is not certain at all.
    assert doubtful["unknown_extract_ids"] == world.aged(456)
    assert "on_unknown" in doubtful["msg"]
    assert stopped["unknown_extract_ids"] == world.aged(456)
    assert len(scene.posts()) == 2
