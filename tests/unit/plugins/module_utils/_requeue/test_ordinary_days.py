# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People switch by hand, clocks tick in seconds, windows change from run to run: what is due, what is not, and what nobody can know."""

from __future__ import annotations

import os
import tempfile
import types

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Unfinished
from ansible_collections.adverity.management.plugins.module_utils._resources import binding_state
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import (
    BINDING,
    DATASTREAM,
    TARGET,
    add_binding,
    counts,
    day,
    fails,
    ids_of,
    known,
    now,
    posted,
)


@pytest.fixture
def place(sqlite_place):
    return sqlite_place


@pytest.fixture
def set_enabled(make_client, place, monkeypatch):
    """Runs adverity_binding against a service, in no time by the clock of this machine."""
    monkeypatch.setattr(binding_state, "machine_clock", types.SimpleNamespace(monotonic=lambda: 0.0))

    def enable(service, enabled=True, check_mode=False, **options):
        chosen = dict({"binding_ids": None, "datastream_id": None, "target_id": TARGET}, **options)
        client = make_client(service.server)
        return binding_state.set_enabled(client, dict(chosen, enabled=enabled, ledger=place.ledger, ledger_password=None, ledger_wait=20), check_mode).as_dict()

    return enable


@pytest.fixture
def deployed(service, run, set_enabled):
    """A destination that was planned at second 0, enabled at 2, and got its history at 4."""
    service.bindings[0].update(enabled=False, updated=day(1))
    service.clock = 0
    run(service, target_id=TARGET, backfill="when_needed", state="planned")
    service.clock = 2
    set_enabled(service)
    service.clock = 4
    assert ids_of(run(service, target_id=TARGET, backfill="when_needed")) == {"requeued": [101, 102, 103]}
    service.posts.clear()
    service.reads.clear()
    return service


def fetch(service, extract_id, second, fraction=""):
    created = now(second)[:-1] + fraction + "Z"
    service.extracts[DATASTREAM].append({"id": extract_id, "created": created})


def again(run, service, **options):
    return run(service, **{"target_id": TARGET, "backfill": "when_needed", **options})


def test_a_second_run_reads_the_bindings_alone_and_changes_nothing(deployed, run):
    deployed.clock = 10
    fetch(deployed, 300, 8)
    result = again(run, deployed)
    assert (result["changed"], result["summary"], [row["action"] for row in result["bindings"]]) == (False, [], ["done"])
    assert (len(deployed.reads), deployed.posts) == (1, [])


# 1. The same second


@pytest.mark.parametrize(
    ("second", "fraction", "becomes"),
    [
        (-1, "", "requeued"),
        (-1, ".9", "requeued"),
        (0, "", "requeued"),
        (1, "", "requeued"),
        (2, "", "unknown"),
        (2, ".0", "unknown"),
        (2, ".999", "unknown"),
        (3, "", "loaded"),
        (3, ".0", "loaded"),
        (60, "", "loaded"),
    ],
)
def test_an_extract_around_the_enabling(deployed, run, second, fraction, becomes):
    fetch(deployed, 300, second, fraction)
    deployed.clock = 70
    if becomes == "unknown":
        result = fails(again, Unfinished, run, deployed, backfill="always")
        assert (ids_of(result), deployed.posts) == ({"skipped": [101, 102, 103], "unknown": [300]}, [])
        assert (
            "extracts 300 for binding 5 (possibly loaded automatically: they were created while a run was enabling or disabling the binding, between"
            f" {now(2)} and {now(3)})"
        ) in result["msg"]
        # Each way on settles it, and the rest goes on.
        assert ids_of(again(run, deployed, backfill="always", on_unknown="skip")) == {"skipped": [101, 102, 103], "unknown": [300]}
        assert ids_of(again(run, deployed, backfill="always", on_unknown="dispatched")) == {"skipped": [101, 102, 103, 300]}
        assert ids_of(again(run, deployed, backfill="always")) == {"skipped": [101, 102, 103, 300]}
        assert deployed.posts == []
    else:
        result = again(run, deployed, backfill="always")
        assert posted(deployed) == ([300] if becomes == "requeued" else [])
        [row] = result["summary"]
        assert row == dict(counts(skipped=3, **({"requeued": 1} if becomes == "requeued" else {"loaded_by_itself": 1})), datastream_id=456, binding_id=5)


@pytest.mark.parametrize(
    ("fraction", "becomes"), [(".249", "unknown"), (".250", "unknown"), (".251", "loaded"), ("", "unknown"), (".2", "unknown"), (".3", "loaded")]
)
def test_where_both_have_fractions_they_decide(service, run, fraction, becomes):
    """Enabled by hand at a time that the API shows with fractions."""
    service.bindings[0].update(enabled=False, updated=day(1))
    service.clock = 0
    run(service, state="planned", target_id=TARGET)
    service.bindings[0].update(enabled=True, updated=now(2)[:-1] + ".250Z")
    service.clock = 10
    fetch(service, 300, 2, fraction)
    result = run(service, on_unknown="skip")
    assert (result["requeued_extract_ids"], 300 in result["unknown_extract_ids"]) == ([101, 102, 103], becomes == "unknown")


# 2. Switched by hand


@pytest.mark.parametrize("enabled", [True, False])
def test_switched_by_hand(deployed, run, enabled):
    """Disabled at 20, and perhaps enabled again at 30: what was fetched since the last run at 4 is unknown, up to the last change."""
    for extract_id, second in [(300, 3), (301, 5), (302, 25), (303, 30), (304, 31)]:
        fetch(deployed, extract_id, second)
    deployed.bindings[0].update(enabled=enabled, updated=now(30))
    deployed.clock = 40
    for options in ({}, {"backfill": "always"}):
        result = fails(again, Unfinished, run, deployed, check_mode=True, **options)
        assert (result["unknown_extract_ids"], deployed.posts) == ([301, 302, 303], [])
        assert f"changed, but not by this ledger, and they were created before that change, between {now(4)} and {now(31)}" in result["msg"]
    if enabled:
        result = again(run, deployed, on_unknown="requeue")
        assert posted(deployed) == [301, 302, 303]
        # 304 was fetched while it was enabled again.
        assert result["summary"][0]["loaded_by_itself"] == 2
        assert ids_of(again(run, deployed)) == {}
        assert again(run, deployed)["bindings"][0]["action"] == "done"


def test_what_is_unknown_of_a_disabled_binding_can_be_settled_extract_by_extract(deployed, run, place):
    for extract_id in (301, 302, 303):
        fetch(deployed, extract_id, extract_id - 290)
    deployed.bindings[0].update(enabled=False, updated=now(30))
    deployed.clock = 40
    result = run(deployed, extract_ids=[301], binding_ids=[BINDING], on_unknown="dispatched")
    assert (result["changed"], ids_of(result)) == (True, {"skipped": [301]})
    assert fails(again, Unfinished, run, deployed)["unknown_extract_ids"] == [302, 303]
    run(deployed, extract_ids=[302], binding_ids=[BINDING], on_unknown="requeue", state="planned")
    assert deployed.posts == []
    assert "Not enabled: binding 5" in fails(run, InputError, deployed, extract_ids=[302], binding_ids=[BINDING], on_unknown="requeue")["msg"]


def test_two_destinations_of_one_datastream_have_their_own_times(deployed, run, set_enabled):
    add_binding(deployed, 6, target_id=790, enabled=False, updated=day(1))
    fetch(deployed, 300, 50)
    deployed.clock = 60
    run(deployed, target_id=790, backfill="when_needed", state="planned")
    set_enabled(deployed, target_id=790)
    deployed.clock = 62
    assert ids_of(run(deployed, target_id=790, backfill="when_needed")) == {"requeued": [101, 102, 103, 300]}
    assert [post["binding_ids"] for post in deployed.posts] == [[6]]
    assert ids_of(again(run, deployed)) == {}


# 3. Windows


def test_a_wider_window_sends_the_rest(service, run, place, set_enabled):
    options = {"target_id": TARGET, "backfill": "when_needed"}
    service.bindings[0].update(enabled=False, updated=day(1))
    service.clock = 0
    run(service, state="planned", created_from=day(2), **options)
    set_enabled(service)
    assert ids_of(run(service, created_from=day(2), **options)) == {"requeued": [102, 103]}
    assert ids_of(run(service, created_from=day(2), **options)) == {}
    assert ids_of(run(service, check_mode=True, **options)) == {"requeued": [101], "skipped": [102, 103]}
    assert ids_of(run(service, **options)) == {"requeued": [101], "skipped": [102, 103]}
    assert known(service, place)[BINDING].completed_window == (None, None)
    reads = len(service.reads)
    result = run(service, created_from=day(3), **options)
    assert (ids_of(result), len(service.reads)) == ({}, reads + 1)
    [warning] = result["warnings"]
    assert warning == (
        "The ledger records a wider backfill of binding 5 (datastream 456 to target 789): the whole history. This run selects from 2026-01-03T05:00:00Z."
        " Nothing is taken back."
    )
    assert run(service, check_mode=True, created_from=day(3), **options)["warnings"] == [warning]


def test_what_becomes_unknown_after_everything_was_sent_is_named_by_the_next_run(deployed, run):
    """The history was sent, so that the next run would not even list it. Then one extract is sent again, and no answer comes."""
    deployed.outcomes = ["lost"]
    fails(run, Unfinished, deployed, extract_ids=[102], binding_ids=[BINDING], force=True)
    for check_mode in (True, False):
        stopped = fails(run, Unfinished, deployed, check_mode=check_mode, target_id=TARGET, backfill="when_needed")
        assert stopped["unknown_extract_ids"] == [102]
    assert ids_of(again(run, deployed, on_unknown="dispatched")) == {"skipped": [101, 103, 102]}
    assert again(run, deployed)["bindings"][0]["action"] == "done"


@pytest.mark.parametrize("options", [{"extract_ids": [102], "binding_ids": [BINDING], "target_id": None}, {"created_from": day(2), "created_to": day(2)}])
def test_what_was_covered_is_covered_after_some_of_it_was_sent_again(deployed, run, options):
    again(run, deployed, backfill="always", force=True, **options)
    assert len(deployed.posts) == 1
    assert again(run, deployed)["bindings"][0]["action"] == "done"


def test_a_binding_of_which_nothing_is_known_is_left_alone_with_a_warning(service, run, place):
    service.bindings[0].update(updated=day(1), target_name="DWH\n\x1b[2Jevil")
    for check_mode in (True, False):
        result = run(service, check_mode=check_mode, target_id=TARGET, backfill="when_needed")
        assert (result["changed"], service.posts, [row["action"] for row in result["bindings"]]) == (False, [], ["left_alone"])
        [warning] = result["warnings"]
        assert warning.startswith("Already enabled, and the ledger has no record of whether the history was loaded: binding 5 (datastream 456 to DWH [2Jevil).")
        assert "was not loaded" not in warning, "nobody told the ledger"
        for advice in ("Datastream > Activity", "Issues", "deploy_destination_backfill: always sends it", "deploy_destination_backfill: recorded writes down"):
            assert advice in warning
        assert result["bindings"][0]["target_name"] == "DWH [2Jevil"
    # Who asks for the history of a binding that was enabled when it was first seen gets all of it, however often it was looked at before.
    assert ids_of(run(service, target_id=TARGET, backfill="always")) == {"requeued": [101, 102, 103]}


@pytest.mark.parametrize("state", ["requeued", "planned"])
def test_never_sends_nothing_and_lists_nothing(service, run, place, state):
    service.bindings[0]["enabled"] = False
    result = run(service, target_id=TARGET, backfill="never", state=state)
    assert (result["changed"], service.posts, len(service.reads), result["bindings"][0]["action"]) == (False, [], 1, "none")


# 9, 10, 11. What the ledger knows counts for everybody


def test_a_plain_requeue_after_the_role_sends_nothing_that_loaded_by_itself(deployed, run):
    for extract_id, second in [(300, 8), (301, 9)]:
        fetch(deployed, extract_id, second)
    deployed.clock = 20
    for options in ({"binding_ids": [BINDING]}, {"datastream_ids": [DATASTREAM]}, {"extract_ids": [300, 301], "binding_ids": [BINDING]}):
        result = run(deployed, **options)
        assert result["summary"][0]["loaded_by_itself"] == 2
    assert deployed.posts == []
    assert ids_of(run(deployed, extract_ids=[300], binding_ids=[BINDING], force=True)) == {"requeued": [300]}


def test_of_a_binding_that_is_seen_for_the_first_time_everything_is_sent(service, run):
    """Its present state tells nothing of the time before. From then on it loads by itself."""
    service.bindings[0]["updated"] = now(0)
    service.clock = 50
    fetch(service, 300, 10)
    assert ids_of(run(service)) == {"requeued": [101, 102, 103, 300]}
    for extract_id, second in [(301, 49), (302, 51)]:
        fetch(service, extract_id, second)
    service.clock = 60
    result = run(service)
    assert (result["requeued_extract_ids"], result["summary"][0]["loaded_by_itself"]) == ([301], 1)


def test_rows_that_lack_everything_and_a_run_that_was_killed_after_its_write(service, run, set_enabled, place):
    """The list tells neither enabled nor updated, and no answer was noted: what is between the two writes is unknown, before and after are not."""
    row = service.bindings[0]
    del row["enabled"]
    service.clock = 0
    run(service, target_id=TARGET, backfill="when_needed", state="planned")
    service.clock = 2
    with pytest.MonkeyPatch.context() as patched:
        real = binding_state._patch

        def killed(*arguments):
            real(*arguments)
            raise KeyboardInterrupt

        patched.setattr(binding_state, "_patch", killed)
        with pytest.raises(KeyboardInterrupt):
            set_enabled(service)
    assert known(service, place)[BINDING].is_write_pending is True
    service.bindings[0] = {name: value for name, value in row.items() if name not in ("enabled", "updated")}
    service.clock = 10
    set_enabled(service)
    service.bindings[0] = {name: value for name, value in row.items() if name not in ("enabled", "updated")}
    for extract_id, second in [(300, -5), (301, 5), (302, 12)]:
        fetch(service, extract_id, second)
    service.clock = 20
    result = fails(again, Unfinished, run, service)
    assert ids_of(result) == {"requeued": [101, 102, 103, 300], "skipped": [302], "unknown": [301]}
    assert ids_of(again(run, service, on_unknown="requeue")) == {"requeued": [301], "skipped": [101, 102, 103, 300, 302]}


# Other tasks of the same play


def test_in_check_mode_what_an_earlier_task_would_enable_counts_as_enabled(service, run):
    service.bindings[0]["enabled"] = False
    enabled = [{"id": BINDING, "enabled": True}]
    assert run(service, check_mode=True, target_id=TARGET, enabled_bindings=enabled)["warnings"] == []
    [warning] = run(service, check_mode=True, target_id=TARGET, enabled_bindings=[{"id": 6, "enabled": True}])["warnings"]
    assert warning.startswith("Not enabled: binding 5 (datastream 456 to target 789). A real run refuses this")
    assert "Not enabled: binding 5" in fails(run, InputError, service, target_id=TARGET, enabled_bindings=enabled)["msg"]
    assert service.posts == []


def test_an_awx_job_whose_ledger_is_lost_sends_nothing(service, run, monkeypatch, tmp_path):
    from ansible_collections.adverity.management.plugins.module_utils._spec.options import DEFAULT_LEDGER

    monkeypatch.setenv("JOB_ID", "42")
    assert ids_of(run(service, ledger=DEFAULT_LEDGER, created_to=day(1))) == {"requeued": [101]}  # no AWX: any program may have a JOB_ID
    monkeypatch.setenv("AWX_HOST", "https://awx.example")
    for options in ({}, {"check_mode": True}, {"state": "planned"}, {"state": "planned", "target_id": TARGET}):
        message = fails(run, InputError, service, ledger=DEFAULT_LEDGER, **options)["msg"]
        assert message.startswith(f"This is AWX job 42, and its ledger {tmp_path}/home/.ansible/adverity/requeue.sqlite3 would be lost with the job: ")
        assert message.endswith("Nothing was changed.")
    assert len(service.posts) == 1
    assert ids_of(run(service, ledger=DEFAULT_LEDGER, created_to=day(1))) == {"skipped": [101]}


def test_an_awx_job_makes_no_folder_for_a_ledger_and_sends_with_one_on_a_volume(service, run, monkeypatch):
    monkeypatch.setenv("JOB_ID", "42")
    monkeypatch.setenv("AWX_HOST", "https://awx.example")
    # A file system of its own, as a volume is.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as volume:
        for _again in range(2):  # a relaunch finds what the first job found
            message = fails(run, InputError, service, ledger=f"{volume}/ledgr/requeue.sqlite3")["msg"]
            assert f"the folder {volume}/ledgr does not exist in the job" in message
        assert (os.listdir(volume), service.posts) == ([], [])
        assert ids_of(run(service, ledger=f"{volume}/requeue.sqlite3")) == {"requeued": [101, 102, 103]}


def test_a_403_names_the_scope(service, run):
    service.outcomes = [403]
    assert "This request needs destination:write" in fails(run, Unfinished, service)["msg"]


def test_one_line_from_the_service_everywhere(service, run):
    service.bindings[0].update(enabled=False, target_name="evil\r\nTASK [x] \x1b[31m\u202e")
    message = fails(run, InputError, service, target_id=TARGET)["msg"]
    assert "Not enabled: binding 5 (datastream 456 to evil TASK [x] [31m)" in message
