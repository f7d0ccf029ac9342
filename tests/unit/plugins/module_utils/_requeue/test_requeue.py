# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a requeue sends, what its result says, and what the ledger has afterwards, also where responses or the ledger fail."""

from __future__ import annotations

import os
import tempfile

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import failed
from ansible_collections.adverity.management.plugins.module_utils._requeue.wording import WAYS_ON
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DEFAULT_LEDGER
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import (
    BINDING,
    DATASTREAM,
    TARGET,
    counts,
    day,
    ids_of,
    one_binding,
)

ALL = [101, 102, 103]
NAMED = {"extract_ids": [102], "binding_ids": [BINDING]}


def test_requeue_sends_in_batches_oldest_first_and_says_what_it_did(begin):
    scene, ids = begin(extracts=70), list(range(101, 171))
    result = scene.run()
    assert scene.posts == [
        {"extract_ids": ids[:50], "sequential": True, "binding_ids": [BINDING]},
        {"extract_ids": ids[50:], "sequential": True, "binding_ids": [BINDING]},
    ]
    assert result == {
        "changed": True,
        "requeued_extract_ids": ids, "skipped_extract_ids": [], "unknown_extract_ids": [], "refused_extract_ids": [],
        "failed_extract_ids": [], "remaining_extract_ids": [],
        "extract_count": 70,
        "batches": [
            {"datastream_id": DATASTREAM, "binding_ids": [BINDING], "extract_count": count, "message": f"Dispatched requeue for {count} extract(s)."}
            for count in (50, 20)
        ],
        "summary": [counts(requeued=70)],
        "bindings": [
            {"binding_id": BINDING, "datastream_id": DATASTREAM, "target_id": TARGET, "target_name": "DWH", "enabled": True, "action": "backfill"}
        ],
        "ledger": scene.ledger, "warnings": [],
        "diff": {"before": {"binding 5": {"dispatched": 0}}, "after": {"binding 5": {"dispatched": 70}}},
    }  # fmt: skip
    assert scene.statuses() == one_binding(dispatched=ids)
    assert len(scene.reads) == 2
    again = scene.run()
    assert (again["changed"], ids_of(again), again["batches"], len(scene.posts)) == (False, {"skipped": ids}, [], 2)
    assert again["diff"] == {"before": {"binding 5": {"dispatched": 70}}, "after": {"binding 5": {"dispatched": 70}}}


def test_requeue_with_nothing_to_do_sends_nothing(begin):
    scene = begin(extracts=0)
    result = scene.run()
    assert (result["changed"], result["summary"], result["diff"], scene.posts) == (False, [], {"before": {}, "after": {}}, [])


# What becomes of a request


@pytest.mark.parametrize(
    ("outcome", "sent"),
    [
        *((outcome, []) for outcome in (302, 500, 504, "lost", [], "text")),
        *(({"extract_ids": ids}, []) for ids in (None, "101", {"101": 1}, [], ["101", "102", "103"], [1, 2], [[101], None, {}])),
        ({"extract_ids": [101, 103]}, [101, 103]),
        ({"extract_ids": [103, 7, 102, 103]}, [102, 103]),
    ],
)  # fmt: skip
def test_what_a_response_does_not_confirm_is_unknown_and_not_sent_again(scene, outcome, sent):
    unknown = [each for each in ALL if each not in sent]
    scene.outcomes = [outcome]
    result = scene.fails()
    assert scene.statuses() == one_binding(unknown=unknown, dispatched=sent)
    assert (result["changed"], ids_of(result)) == (True, {**({"requeued": sent} if sent else {}), "unknown": unknown})
    assert result["msg"].startswith(f"Sent in this run: {len(sent)} extracts. Still open: Datastream 456, binding 5: POST /api/v1/extracts/requeue/ ")
    assert f" is unknown and recorded as such. {WAYS_ON}" in result["msg"]
    again = scene.fails()
    assert "It is unknown whether these extracts are loaded: extracts 10" in again["msg"]
    assert (again["changed"], again["unknown_extract_ids"], len(scene.posts)) == (False, unknown, 1)
    assert ids_of(scene.run(on_unknown="requeue"))["requeued"] == unknown


@pytest.mark.parametrize(
    ("more", "message", "warnings"),
    [
        ({"message": "two\nlines"}, "two lines", 0),
        ({"message": None}, "", 0),
        ({"extract_ids": [103, 102, 101, 7, "x\n", None]}, "Dispatched.", 1),
    ],
)
def test_response_with_more_or_less_than_is_needed_is_a_success(scene, more, message, warnings):
    scene.outcomes = [more]
    result = scene.run()
    assert (ids_of(result), result["batches"][0]["message"], len(result["warnings"])) == ({"requeued": ALL}, message, warnings)
    assert not warnings or "also dispatched extracts that were not requested: [7, 'x\\n', None]" in result["warnings"][0]


def test_request_for_two_bindings_that_is_lost_is_unknown_for_both(scene):
    scene.add_binding(6)
    scene.outcomes = ["lost"]
    result = scene.fails()
    assert scene.by_status() == {"unknown": [101, 101, 102, 102, 103, 103]}
    assert (result["unknown_extract_ids"], [row["unknown"] for row in result["summary"]]) == (ALL, [3, 3])
    assert "Datastream 456, binding 5-6: POST" in result["msg"]


@pytest.mark.parametrize("chosen", [{}, {"extract_ids": [101]}])
def test_what_did_arrive_can_be_told_once(scene, chosen):
    scene.outcomes = ["lost"]
    scene.fails(**chosen)
    for changed in (True, False):
        result = scene.run(on_unknown="dispatched", **chosen)
        assert (result["changed"], ids_of(result)) == (changed, {"skipped": chosen.get("extract_ids", ALL)})
    assert len(scene.posts) == 1


@pytest.mark.parametrize(
    ("broken", "call", "outcomes", "posts", "ledger", "ids"),
    [
        ("note", 1, [], 0, {}, None),
        ("note", 2, [], 0, {}, None),
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
    scene.outcomes = list(outcomes)
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
        result = scene.fails(LedgerError, batch_size=1)
    assert f"The ledger {scene.ledger} cannot be used: disk I/O error" in result["msg"]
    assert (len(scene.posts), scene.statuses()) == (posts, one_binding(**ledger))
    assert (ids_of(result) if ids else None) == ids
    unknown = ledger.get("unknown", [])
    if later and unknown:  # this run knows better than the ledger it leaves behind
        assert f"The ledger could not record that extracts {unknown[0]} were dispatched" in result["msg"]
    if unknown:
        assert scene.fails()["unknown_extract_ids"] == unknown
        assert len(scene.posts) == posts
    else:
        scene.run()
        assert scene.loads == ALL


def test_waiting_long_for_another_run_is_told(scene, monkeypatch):
    enter = Ledger.__enter__

    def enter_late(ledger):
        opened = enter(ledger)
        monkeypatch.setattr(opened._turns, "waited", 7.4)
        return opened

    monkeypatch.setattr(Ledger, "__enter__", enter_late)
    [warning] = scene.run()["warnings"]
    assert warning.startswith("Waited 7 s for another run that had a lock in the ledger ")


# What is chosen


def test_extracts_that_are_named_alone_are_not_sent_where_the_backfill_is_never(scene):
    for check_mode in (True, False):
        assert ids_of(scene.run(check_mode, extract_ids=[101, 102], backfill="never")) == {}
    assert (scene.posts, scene.statuses()) == ([], {})


def test_what_went_to_one_binding_is_not_known_of_all(scene):
    scene.run(created_to=day(1))
    result = scene.fails(extract_ids=[101, 102])
    assert result["unknown_extract_ids"] == [101]
    assert "Still open: It is unknown whether these extracts are loaded: extracts 101 (an earlier run was interrupted" in result["msg"]
    assert ids_of(scene.run(extract_ids=[101, 102], on_unknown="skip")) == {"requeued": [102], "unknown": [101]}
    assert ids_of(scene.run(extract_ids=[101, 102], on_unknown="requeue")) == {"requeued": [101], "skipped": [102]}


def test_binding_that_is_not_enabled_is_refused_unless_an_earlier_task_would_enable_it(begin):
    scene = begin(enabled=False)
    enabled, other = ([{"id": number, "enabled": True}] for number in (BINDING, 6))
    assert scene.run(True, target_id=TARGET, enabled_bindings=enabled)["warnings"] == []
    [warning] = scene.run(True, target_id=TARGET, enabled_bindings=other)["warnings"]
    assert warning.startswith("Not enabled: binding 5 (datastream 456 to DWH). A real run fails")
    assert "Not enabled: binding 5" in scene.fails(InputError, target_id=TARGET, enabled_bindings=enabled)["msg"]
    assert (scene.posts, scene.statuses()) == ([], {})


def test_binding_of_which_nothing_is_known_is_left_alone_with_a_warning(scene):
    scene.world.targets[TARGET]["name"] = "DWH\n\x1b[2Jevil"
    for check_mode in (True, False):
        result = scene.run(check_mode, target_id=TARGET, backfill="when_needed")
        assert (result["changed"], scene.posts, [row["action"] for row in result["bindings"]]) == (False, [], ["left_alone"])
        [warning] = result["warnings"]
        assert warning.startswith("Already enabled, and the ledger has no record of whether the history was loaded: binding 5 (datastream 456 to DWH [2Jevil).")
        ways = ("deploy_destination_backfill: always sends it", "deploy_destination_backfill: recorded records")
        for advice in ("Look into the table at the destination", *ways):
            assert advice in warning
    # Also after a part of its history was sent.
    assert ids_of(scene.run(target_id=TARGET, created_from=day(2), backfill="always")) == {"requeued": [102, 103]}
    [warning] = scene.run(target_id=TARGET, backfill="when_needed")["warnings"]
    assert warning.startswith("Already enabled when the ledger saw them first, and it records only a part of the history: binding 5 (datastream 456 to DWH")
    assert ids_of(scene.run(target_id=TARGET, backfill="always")) == {"requeued": [101], "skipped": [102, 103]}


def test_wider_period_sends_the_rest_and_a_narrower_one_takes_nothing_back(begin):
    scene, options = begin(enabled=False), {"target_id": TARGET, "backfill": "when_needed"}
    scene.run(state="planned", created_from=day(2), **options)
    scene.call("adverity_binding", target_id=TARGET, enabled=True)
    assert ids_of(scene.run(created_from=day(2), **options)) == {"requeued": [102, 103]}
    assert ids_of(scene.run(created_from=day(2), **options)) == {}
    assert ids_of(scene.run(**options)) == {"requeued": [101], "skipped": [102, 103]}
    assert scene.histories()[BINDING].completed_window == (None, None)
    reads = len(scene.reads)
    for check_mode in (True, False):
        result = scene.run(check_mode, created_from=day(3), **options)
        assert (ids_of(result), result["bindings"][0]["action"], result["warnings"]) == ({}, "done", [
            "The ledger records a wider backfill of binding 5 (datastream 456 to DWH): the whole history. This run selects from 2026-01-03T05:00:00Z."
            " Nothing is taken back."
        ])  # fmt: skip
    assert scene.reads[reads:] == ["/api/v1/bindings/"] * 2


def test_what_becomes_unknown_after_everything_was_sent_is_named_by_the_next_run(scene):
    """The next run would not even list the history."""
    scene.run(target_id=TARGET)
    scene.outcomes = ["lost"]
    scene.fails(force=True, **NAMED)
    for check_mode in (True, False):
        assert scene.fails(check_mode=check_mode, target_id=TARGET, backfill="when_needed")["unknown_extract_ids"] == [102]
    assert ids_of(scene.run(target_id=TARGET, on_unknown="dispatched")) == {"skipped": [101, 103, 102]}
    assert scene.run(target_id=TARGET, backfill="when_needed")["bindings"][0]["action"] == "done"


# Plans


def test_plan_names_bindings_and_period_and_lists_nothing(begin):
    scene, planned = begin(enabled=False), {"state": "planned", "target_id": TARGET}
    result = scene.run(**planned)
    assert (scene.posts, scene.reads, ids_of(result), result["batches"]) == ([], ["/api/v1/bindings/"], {}, [])
    assert (result["changed"], result["bindings"][0]["action"]) == (True, "backfill")
    assert result["diff"] == {"before": {"binding 5": {"planned": None}}, "after": {"binding 5": {"planned": "the whole history"}}}
    history = scene.histories()[BINDING]
    assert (scene.statuses(), history.planned_window, history.has_backfill, history.enabled) == ({}, (None, None), True, False)
    assert scene.run(**planned)["changed"] is False
    scene.call("adverity_binding", target_id=TARGET, enabled=True)
    assert ids_of(scene.run(target_id=TARGET, backfill="when_needed")) == {"requeued": ALL}
    history = scene.histories()[BINDING]
    assert (history.planned_window, history.planned_at, history.completed_window) == (None, None, (None, None))


def test_plan_of_extracts_is_written_extract_by_extract(scene):
    options = {"extract_ids": [101, 103], "binding_ids": [BINDING]}
    result = scene.run(state="planned", **options)
    assert (result["changed"], ids_of(result), scene.posts) == (True, {"remaining": [101, 103]}, [])
    assert scene.statuses() == one_binding(pending=[101, 103])
    assert scene.run(state="planned", **options)["changed"] is False
    scene.outcomes = ["lost"]
    scene.fails(**options)
    assert scene.run(state="planned", **options)["changed"] is False
    assert scene.run(state="planned", on_unknown="dispatched", **options)["changed"] is True
    assert scene.statuses() == one_binding(dispatched=[101, 103])


def test_plan_names_what_is_unknown_in_its_period(scene):
    scene.outcomes = ["lost"]
    scene.fails()
    for options in ({}, {"target_id": TARGET}, {"extract_ids": ALL, "binding_ids": [BINDING]}):
        assert [scene.run(mode, state="planned", **options)["unknown_extract_ids"] for mode in (True, False)] == [ALL, ALL]
    assert scene.run(state="planned", created_to=day(2))["unknown_extract_ids"] == [101, 102]


@pytest.mark.parametrize("options", [{"state": "recorded"}, {"backfill": "recorded"}])
def test_history_that_is_recorded_as_loaded_is_not_sent(scene, options):
    predicted = scene.run(True, target_id=TARGET, **options)
    result = scene.run(target_id=TARGET, **options)
    assert result == predicted
    assert (result["changed"], ids_of(result), scene.posts) == (True, {"skipped": ALL}, [])
    assert result["summary"] == [counts(skipped=3, recorded=3)]
    assert scene.statuses() == one_binding(recorded=ALL)
    assert scene.run(target_id=TARGET, **options)["changed"] is False
    # The history counts as loaded, and what comes later is sent or loaded automatically as ever.
    assert scene.run(target_id=TARGET, backfill="when_needed")["bindings"][0]["action"] == "done"
    scene.add_extract(90, day(1))
    assert ids_of(scene.run(target_id=TARGET)) == {"requeued": [90], "skipped": ALL}


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
    ],
)  # fmt: skip
def test_what_is_open_and_not_listed_is_named_until_the_user_settles_it(scene, options, after, said):
    """Nothing is dropped because of one reading: a list that shifts while it is read may miss a row."""
    scene.outcomes = [200, "lost"]
    scene.fails(batch_size=1)
    for extract_id in (102, 103):
        scene.world.remove("extracts", extract_id)
    warnings = scene.run(**options)["warnings"]
    assert [warning.partition(" for binding 5. ")[2] for warning in warnings] == said
    assert warnings[0].startswith("Pending, but not in the API's list of extracts now: extracts 103 for binding 5.")
    assert scene.statuses() == one_binding(**after)
    # Listed again, what is pending is sent, and what is unknown is not.
    for extract_id in (102, 103):
        scene.add_extract(extract_id, day(9))
    scene.run(on_unknown="skip", on_refused="skip")
    assert scene.posted == [101, 102, *after.get("pending", [])]


@pytest.mark.parametrize(("bounds", "outside"), [({"created_from": day(2)}, "101"), ({"created_to": day(1)}, "102")])
def test_what_is_pending_outside_of_the_period_is_told(begin, bounds, outside):
    scene = begin(extracts=2)
    scene.run(state="planned", extract_ids=[101, 102], binding_ids=[BINDING])
    assert scene.run(**bounds)["warnings"] == [
        f"Still pending, but outside of what this run selects: 1 extract, extracts {outside} for binding 5."
    ]
    assert scene.run()["warnings"] == []


# Check mode


def lose_the_second(scene):
    scene.outcomes = [200, "lost"]
    scene.fails(batch_size=1)


def plan_and_lose_one(scene):
    scene.run(state="planned")
    scene.run(limit=1)
    scene.world.remove("extracts", 102)


def refuse_one(scene):
    scene.world.refused = {102}
    scene.fails()
    scene.world.refused = set()


BEFORE = {
    "nothing": lambda scene: None,
    "one unknown": lose_the_second,
    "planned": plan_and_lose_one,
    "two bindings": lambda scene: (scene.run(created_to=day(1)), scene.add_binding(6)),
    "one refused": refuse_one,
    "all sent": lambda scene: scene.run(),
}
OPTIONS = [
    {}, {"limit": 1}, {"batch_size": 1, "force": True}, {"on_unknown": "skip", "on_refused": "skip"}, {"on_unknown": "requeue"},
    {"on_unknown": "dispatched", "backfill": "when_needed"}, {"state": "planned"}, {"state": "planned", "on_unknown": "dispatched", "created_to": day(2)},
    {"extract_ids": [101, 7], "on_unknown": "skip"}, {"extract_ids": [101], "binding_ids": [5]}, {"created_from": day(2), "backfill": "when_needed"},
    {"target_id": TARGET, "backfill": "when_needed", "state": "planned"}, {"target_id": TARGET, "backfill": "never"}, {"state": "recorded"},
]  # fmt: skip


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_check_mode_predicts_the_same_and_writes_nothing(scene, before, options):
    scene.add_extract(7, day(8))
    BEFORE[before](scene)
    posts, statuses, histories = len(scene.posts), scene.statuses(), scene.histories()

    def outcome(check_mode):
        try:
            result = scene.run(check_mode, **options)
        except AdverityError as error:
            result = error.result()
            result["msg"] = result["msg"].replace("A real run would send", "Sent in this run:")
        for batch in result.get("batches", []):
            assert bool(batch.pop("message")) is not check_mode
        return result

    predicted = outcome(True)
    assert (len(scene.posts), scene.statuses()) == (posts, statuses)
    assert [str(history.facts) for history in scene.histories().values()] == [str(history.facts) for history in histories.values()]
    assert outcome(False) == predicted
    assert len([each for batch in scene.batches[posts:] for each in batch]) == len(predicted.get("requeued_extract_ids", []))


# Jobs of AWX


@pytest.fixture
def job(monkeypatch):
    monkeypatch.setenv("JOB_ID", "42")
    monkeypatch.setenv("AWX_HOST", "https://awx.example")


def test_awx_job_whose_ledger_is_lost_sends_nothing(scene, job, tmp_path, monkeypatch):
    scene.ledger = DEFAULT_LEDGER
    for options in ({}, {"check_mode": True}, {"state": "planned"}, {"state": "planned", "target_id": TARGET, "backfill": "always"}):
        message = scene.fails(InputError, **options)["msg"]
        assert message.startswith(f"This is AWX job 42, and its ledger {tmp_path}/home/.ansible/adverity/requeue.sqlite3 would be lost with the job: ")
        assert message.endswith("Nothing was changed.")
    assert scene.posts == []
    monkeypatch.delenv("AWX_HOST")
    assert ids_of(scene.run()) == {"requeued": ALL}  # no AWX: any program may have a JOB_ID


def test_awx_job_makes_no_folder_for_a_ledger_and_sends_with_one_on_a_volume(scene, job):
    # A file system of its own, as a volume is.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as volume:
        scene.ledger = f"{volume}/ledgr/requeue.sqlite3"
        for _again in range(2):  # a relaunch finds what the first job found
            assert f"the folder {volume}/ledgr does not exist in the job" in scene.fails(InputError)["msg"]
        assert (os.listdir(volume), scene.posts) == ([], [])
        scene.ledger = f"{volume}/requeue.sqlite3"
        assert ids_of(scene.run()) == {"requeued": ALL}
