# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a requeue sends, what its result says, and what the ledger has afterwards, also where responses or the ledger fail."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import WRITE, failed
from ansible_collections.adverity.management.plugins.module_utils._requeue.wording import WAYS_ON
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DEFAULT_LEDGER
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import BINDINGS, EXTRACTS
from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import created, ids_of, world

ALL = [101, 102, 103]


@pytest.fixture(name="scene")
def fixture_scene(begin_requeues):
    return begin_requeues()


def test_requeue_sends_in_batches_oldest_first_and_returns_what_it_did(begin_requeues):
    scene, ids = begin_requeues(world(extracts=70)), list(range(101, 171))
    result = scene.send()
    assert scene.posts() == [{"extract_ids": some, "sequential": True, "binding_ids": [12]} for some in (ids[:50], ids[50:])]
    assert result == {
        "changed": True, "failed": False, "extract_count": 70,
        "requeued_extract_ids": ids, "skipped_extract_ids": [], "unknown_extract_ids": [], "refused_extract_ids": [],
        "failed_extract_ids": [], "remaining_extract_ids": [],
        "batches": [
            {"datastream_id": 1, "binding_ids": [12], "extract_count": count, "message": f"Dispatched requeue for {count} extract(s)."}
            for count in (50, 20)
        ],
        "summary": [
            {"datastream_id": 1, "binding_id": 12, "requeued": 70, "skipped": 0, "recorded": 0, "settled": 0, "loaded_by_itself": 0, "unknown": 0,
             "refused": 0, "failed": 0, "remaining": 0},
        ],
        "bindings": [
            {"binding_id": 12, "datastream_id": 1, "target_id": 2, "target_name": "Destination no. 2", "enabled": True, "action": "backfill"},
        ],
        "ledger": str(scene.ledger), "warnings": [],
        "diff": {"before": {"binding 12": {"dispatched": 0}}, "after": {"binding 12": {"dispatched": 70}}},
    }  # fmt: skip
    assert scene.by_status() == {"dispatched": ids}
    assert [row["path"] for row in scene.requests("GET")] == [BINDINGS, EXTRACTS]
    again = scene.send()
    assert (again["changed"], ids_of(again), again["batches"], len(scene.posts())) == (False, {"skipped": ids}, [], 2)
    assert again["diff"] == {"before": {"binding 12": {"dispatched": 70}}, "after": {"binding 12": {"dispatched": 70}}}


# What becomes of a request; the statuses: matrix/expected.py


@pytest.mark.parametrize(
    ("outcome", "sent"),
    [
        ("lost", []), (500, []), (302, []), ([], []), ("text", []),
        *(({"extract_ids": ids}, []) for ids in (None, "101", {"101": 1}, [], ["101", "102", "103"], [1, 2], [[101], None, {}])),
        ({"extract_ids": [101, 103]}, [101, 103]), ({"extract_ids": [103, 7, 102, 103]}, [102, 103]),
    ],
)  # fmt: skip
def test_extract_that_a_response_does_not_confirm_is_unknown_and_not_sent_again(scene, outcome, sent):
    unknown = [each for each in ALL if each not in sent]
    scene.respond(outcome)
    result = scene.send_and_fail()
    assert scene.by_status() == {"unknown": unknown, **({"dispatched": sent} if sent else {})}
    assert (result["changed"], ids_of(result)) == (True, {**({"requeued": sent} if sent else {}), "unknown": unknown})
    assert result["msg"].startswith(f"Sent in this run: {len(sent)} extracts. Still open: Datastream 1, binding 12: POST /api/v1/extracts/requeue/ ")
    assert f" is unknown and recorded as such. {WAYS_ON}" in result["msg"]
    again = scene.send_and_fail()
    assert "It is unknown whether these extracts are loaded: extracts 10" in again["msg"]
    assert (again["changed"], again["unknown_extract_ids"], len(scene.posts())) == (False, unknown, 1)
    assert ids_of(scene.send(on_unknown="requeue"))["requeued"] == unknown


@pytest.mark.parametrize(
    ("body", "message", "warnings"),
    [
        ({"extract_ids": ALL, "message": "two\nlines"}, "two lines", 0),
        ({"extract_ids": ALL, "message": None}, "", 0),
        ({"extract_ids": [103, 102, 101, 7, "x\n", None], "message": "Dispatched."}, "Dispatched.", 1),
    ],
)
def test_response_with_more_or_less_than_is_needed_is_a_success(scene, body, message, warnings):
    scene.respond(body)
    result = scene.send()
    assert (ids_of(result), result["batches"][0]["message"], len(result["warnings"])) == ({"requeued": ALL}, message, warnings)
    assert not warnings or "also dispatched extracts that were not requested: [7, 'x\\n', None]" in result["warnings"][0]


def test_lost_request_without_bindings_that_the_user_says_arrived_is_dispatched(scene):
    scene.respond("lost")
    scene.send_and_fail(extract_ids=[101])
    for changed in (True, False):
        result = scene.send(on_unknown="dispatched", extract_ids=[101])
        assert (result["changed"], ids_of(result)) == (changed, {"skipped": [101]})
    assert len(scene.posts()) == 1


@pytest.mark.parametrize(
    ("broken", "call", "outcomes", "posts", "ledger", "ids"),
    [
        ("note", 1, [], 0, {}, {}),
        ("note", 2, [], 0, {}, {}),
        ("note", 3, [], 3, {"dispatched": ALL}, {"requeued": ALL}),  # that everything is done
        ("intend", 1, [], 0, {"pending": ALL}, {"remaining": ALL}),
        ("intend", 2, [], 1, {"dispatched": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("withdraw", 1, [403], 1, {"unknown": [101], "pending": [102, 103]}, {"unknown": [101], "remaining": [102, 103]}),
        ("dispatched", 1, [], 3, {"dispatched": ALL}, {"requeued": ALL}),  # it is tried twice
        ("dispatched and later", 1, [], 3, {"dispatched": [101, 102], "unknown": [103]}, {"requeued": ALL}),
        ("intend and later", 2, [], 1, {"unknown": [101], "pending": [102, 103]}, {"requeued": [101], "remaining": [102, 103]}),
        ("intend and later", 3, [], 2, {"dispatched": [101], "unknown": [102], "pending": [103]}, {"requeued": [101, 102], "remaining": [103]}),
    ],
)
def test_ledger_that_fails_stops_everything_and_nothing_is_sent_twice(scene, monkeypatch, broken, call, outcomes, posts, ledger, ids):
    scene.respond(*outcomes)
    broken, _and, later = broken.partition(" and ")
    calls = []

    def fail_at(name):
        real = getattr(Ledger, name)

        def failing(self, *args, **more):
            calls.append(name)
            if (later and calls.count(broken) >= call) or (name == broken and calls.count(broken) == call):
                raise failed(self.shown, "disk I/O error", "Mend it.")
            return real(self, *args, **more)

        return failing

    with monkeypatch.context() as patched:
        for name in ("note", "intend", "withdraw", "dispatched"):
            patched.setattr(Ledger, name, fail_at(name))
        result = scene.send_and_fail(unfinished=False, batch_size=1)
    assert f"The ledger {scene.ledger} cannot be used: disk I/O error" in result["msg"]
    assert (len(scene.posts()), scene.by_status()) == (posts, ledger)
    assert (ids_of(result) if "requeued_extract_ids" in result else {}) == ids
    unknown = ledger.get("unknown", [])
    if later and unknown:  # this run knows better than the ledger that it leaves behind
        assert f"The ledger could not record that extracts {unknown[0]} were dispatched" in result["msg"]
    if unknown:
        assert scene.send_and_fail()["unknown_extract_ids"] == unknown
        assert len(scene.posts()) == posts
    else:
        scene.send()
        assert scene.loads(12) == ALL


def test_run_that_waited_for_another_one_reads_the_bindings_again_and_locks_what_is_new(scene, monkeypatch):
    with scene.open_ledger(WRITE) as other:
        other.take_turn([12])

        def let_the_other_end(_seconds):
            scene.pass_time(7.4)
            scene.add_binding(15)
            other.take_turn([99])

        monkeypatch.setattr(clock, "sleep", let_the_other_end)
        [warning] = scene.send()["warnings"]
    assert warning.startswith("Waited 7 s for another run that had a lock in the ledger ")
    assert [body["binding_ids"] for body in scene.posts()] == [[12, 15]]


# What is chosen


def test_extracts_that_are_named_alone_are_unknown_where_they_went_to_one_binding(scene):
    scene.send(created_to=created(1))
    result = scene.send_and_fail(extract_ids=[101, 102])
    assert result["unknown_extract_ids"] == [101]
    assert "Still open: It is unknown whether these extracts are loaded: extracts 101 (an earlier run was interrupted" in result["msg"]
    assert ids_of(scene.send(extract_ids=[101, 102], on_unknown="skip")) == {"requeued": [102], "unknown": [101]}
    assert ids_of(scene.send(extract_ids=[101, 102], on_unknown="requeue")) == {"requeued": [101], "skipped": [102]}


def test_binding_that_is_not_enabled_is_refused_unless_an_earlier_task_would_enable_it(begin_requeues):
    scene = begin_requeues(world(enabled=(), disabled=(2,)))
    enabled = [{"id": 12, "enabled": True}]
    others = [{"id": 13, "enabled": True}, {"id": 12, "enabled": False}, {"id": 12}]
    predicted = scene.send(True, target_id=2, enabled_bindings=enabled)
    assert (ids_of(predicted), predicted["warnings"]) == ({"requeued": ALL}, [])
    [warning] = scene.send(True, target_id=2, enabled_bindings=others)["warnings"]
    assert warning.startswith("Not enabled: binding 12 (datastream 1 to Destination no. 2). A real run fails")
    assert "Not enabled: binding 12" in scene.send_and_fail(unfinished=False, target_id=2, enabled_bindings=enabled)["msg"]
    assert (scene.posts(), scene.statuses()) == ([], {})


def test_wider_period_sends_the_rest_and_a_narrower_one_takes_nothing_back(begin_requeues):
    scene, options = begin_requeues(world(enabled=(), disabled=(2,))), {"target_id": 2, "backfill": "when_needed"}
    scene.send(state="planned", created_from=created(2), **options)
    scene.run("binding", target_id=2, enabled=True)
    assert ids_of(scene.send(created_from=created(2), **options)) == {"requeued": [102, 103]}
    assert ids_of(scene.send(created_from=created(2), **options)) == {}
    assert ids_of(scene.send(**options)) == {"requeued": [101], "skipped": [102, 103]}
    scene.forget()
    for check_mode in (True, False):
        result = scene.send(check_mode, created_from=created(3), **options)
        assert (ids_of(result), result["bindings"][0]["action"], result["warnings"]) == ({}, "done", [
            "The ledger records a wider backfill of binding 12 (datastream 1 to Destination no. 2): the whole history. This run selects from"
            " 2025-06-01T00:03:00Z. Nothing is taken back."
        ])  # fmt: skip
    assert [row["path"] for row in scene.requests()] == [BINDINGS] * 2


# Plans; a history that is planned and sent later: contract/test_requeues.py


def test_plan_of_a_history_lists_no_extracts(begin_requeues):
    scene, planned = begin_requeues(world(enabled=(), disabled=(2,))), {"state": "planned", "target_id": 2}
    result = scene.send(**planned)
    assert [row["path"] for row in scene.requests()] == [BINDINGS]
    assert (result["changed"], result["bindings"][0]["action"], ids_of(result)) == (True, "backfill", {})
    assert result["diff"] == {"before": {"binding 12": {"planned": None}}, "after": {"binding 12": {"planned": "the whole history"}}}
    history = scene.histories()[12]
    assert (history.planned_window, history.has_backfill, history.enabled) == ((None, None), True, False)


def test_plan_of_extracts_is_recorded_extract_by_extract(scene):
    options = {"extract_ids": [101, 103], "binding_ids": [12]}
    result = scene.send(state="planned", **options)
    assert (result["changed"], ids_of(result), scene.posts()) == (True, {"remaining": [101, 103]}, [])
    assert scene.by_status() == {"pending": [101, 103]}
    assert scene.send(state="planned", **options)["changed"] is False
    scene.respond("lost")
    scene.send_and_fail(**options)
    planned = scene.send(state="planned", **options)
    assert (planned["changed"], ids_of(planned)) == (False, {"unknown": [101, 103]})
    assert scene.send(state="planned", on_unknown="dispatched", **options)["changed"] is True
    assert scene.by_status() == {"dispatched": [101, 103]}


@pytest.mark.parametrize("options", [{"state": "recorded", "backfill": "never"}, {"state": "recorded"}, {"backfill": "recorded"}], ids=str)
def test_history_that_is_recorded_as_loaded_is_not_sent(scene, options):
    result = scene.send(target_id=2, **options)
    assert (result["changed"], ids_of(result), scene.posts()) == (True, {"skipped": ALL}, [])
    assert (result["summary"][0]["skipped"], result["summary"][0]["recorded"]) == (3, 3)
    assert scene.by_status() == {"recorded": ALL}
    assert scene.send(target_id=2, **options)["changed"] is False
    assert scene.send(target_id=2, backfill="when_needed")["bindings"][0]["action"] == "done"
    scene.add_extract(190, created(1))
    assert ids_of(scene.send(target_id=2)) == {"requeued": [190], "skipped": ALL}


# What the API does not list


STILL_PENDING = "They stay pending until they are listed. If they were deleted, set on_refused: skip."
STILL_UNKNOWN = "They stay unknown until they are listed, or until on_unknown: dispatched records that they were loaded."


@pytest.mark.parametrize(
    ("options", "after", "said"),
    [
        ({"on_unknown": "skip"}, {"dispatched": [101], "unknown": [102], "pending": [103]}, [STILL_PENDING, STILL_UNKNOWN]),
        ({"on_unknown": "skip", "on_refused": "skip"}, {"dispatched": [101], "unknown": [102], "refused": [103]},
         ["They are recorded as refused.", STILL_UNKNOWN]),
        ({"on_unknown": "dispatched"}, {"dispatched": [101, 102], "pending": [103]}, [STILL_PENDING]),
        ({"on_unknown": "skip", "state": "recorded"}, {"dispatched": [101], "unknown": [102], "pending": [103]}, [STILL_PENDING, STILL_UNKNOWN]),
    ],
)  # fmt: skip
def test_extract_that_is_open_and_not_listed_is_named_until_the_user_settles_it(scene, options, after, said):
    """Nothing is dropped because of one reading: a list that shifts while it is read may miss a row."""
    scene.respond(200, "lost")
    scene.send_and_fail(batch_size=1)
    scene.service.change({"remove": {"extracts": [102, 103]}})
    result = scene.send(**options)
    warnings = result["warnings"]
    assert [warning.partition(" for binding 12. ")[2] for warning in warnings] == said
    assert result["changed"] is (after != {"dispatched": [101], "unknown": [102], "pending": [103]})  # by what is settled
    assert warnings[0].startswith("Pending, but not in the API's list of extracts now: extracts 103 for binding 12.")
    assert scene.by_status() == after
    # Listed again, what is pending is sent, and what is unknown is not.
    for extract_id in (102, 103):
        scene.add_extract(extract_id, created(9))
    scene.send(on_unknown="skip", on_refused="skip")
    assert scene.sent() == [[101], [102], *([after["pending"]] if "pending" in after else [])]


@pytest.mark.parametrize(
    ("first", "bounds", "status", "outside", "inside"),
    [
        ({"state": "planned", "extract_ids": [101, 102]}, {"created_from": created(2)}, "pending", 101, 102),
        ({"state": "planned", "extract_ids": [101, 102]}, {"created_to": created(1)}, "pending", 102, 101),
        ({"extract_ids": [101]}, {"created_from": created(2), "on_unknown": "check"}, "unknown", 101, 102),
    ],
)
def test_extract_that_is_open_outside_of_the_period_is_named(begin_requeues, first, bounds, status, outside, inside):
    scene = begin_requeues(world(extracts=2))
    if status == "unknown":
        scene.respond("lost")
    scene.send(**first, binding_ids=[12])
    scene.forget()
    assert scene.send(**bounds)["warnings"] == [
        f"Still {status}, but outside of what this run selects: 1 extract, extracts {outside} for binding 12."
    ]
    assert scene.sent() == [[inside]]


# Check mode


BEFORE = {
    "nothing": lambda scene: None,
    "one unknown": lambda scene: (scene.respond(200, "lost"), scene.send_and_fail(batch_size=1)),
    "planned": lambda scene: (scene.send(state="planned"), scene.send(limit=1), scene.service.change({"remove": {"extracts": [102]}})),
    "two bindings": lambda scene: (scene.send(created_to=created(1)), scene.add_binding(15)),
    "one refused": lambda scene: (scene.service.change({"refuse": [102]}), scene.send_and_fail(), scene.service.change({"accept": [102]})),
    "all sent": lambda scene: scene.send(),
}
OPTIONS = [
    {}, {"limit": 1}, {"batch_size": 1, "force": True}, {"on_unknown": "skip", "on_refused": "skip"}, {"on_unknown": "requeue"},
    {"on_unknown": "dispatched", "backfill": "when_needed"}, {"created_from": created(2), "backfill": "when_needed"},
    {"extract_ids": [101, 7], "on_unknown": "skip"}, {"extract_ids": [101], "binding_ids": [12]},
    {"state": "planned"}, {"state": "planned", "on_unknown": "dispatched", "created_to": created(2)},
    {"target_id": 2, "backfill": "when_needed", "state": "planned"}, {"target_id": 2, "backfill": "never"}, {"state": "recorded"},
]  # fmt: skip


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_check_mode_predicts_the_same_and_writes_nothing(scene, before, options):
    scene.add_extract(7, created(8))
    BEFORE[before](scene)

    def run(check_mode):
        result = scene.send(check_mode, **options)
        result["msg"] = result.get("msg", "").replace("A real run would send", "Sent in this run:")
        for batch in result.get("batches", []):
            assert bool(batch.pop("message")) is not check_mode
        return result

    with scene.no_write():
        predicted = run(True)
    assert run(False) == predicted
    assert sum(len(batch) for batch in scene.sent()) == len(predicted.get("requeued_extract_ids", []))


def test_awx_job_whose_ledger_is_lost_sends_nothing_and_makes_no_folder(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("JOB_ID", "42")
    monkeypatch.setenv("AWX_HOST", "https://awx.example")
    scene.ledger = DEFAULT_LEDGER
    for options in ({}, {"state": "recorded"}, {"state": "planned"}, {"state": "planned", "target_id": 2, "backfill": "always"}):
        message = scene.send_and_fail(unfinished=False, **options)["msg"]
        assert scene.send_and_fail(True, unfinished=False, **options)["msg"] == message
        assert message.startswith(f"This is AWX job 42, and its ledger {tmp_path}/home/.ansible/adverity/requeue.sqlite3 would be lost ")
        assert message.endswith("Nothing was changed.")
    assert (scene.posts(), (tmp_path / "home").exists()) == ([], False)
