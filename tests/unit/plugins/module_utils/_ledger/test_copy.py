# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ledger knows of an instance, moved into another one: from each store into each."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from unittest import mock

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger import statements as sql
from ansible_collections.adverity.management.plugins.module_utils._ledger.baseline import Baseline
from ansible_collections.adverity.management.plugins.module_utils._ledger.copy import move
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry
from ansible_collections.adverity.management.plugins.module_utils._ledger.postgresql import PostgresqlStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind, Status
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins.places import HOST, PostgresPlace, SqlitePlace

OTHER = "other.example"
ROW = BindingFact(FactKind.ROW, "2026-01-01T00:00:00Z", enabled=True, updated="2026-01-01T00:00:00Z")
NOTHING = ([], {}, {}, {}, [], [])
BASELINE = Baseline(datetime(2026, 1, 1, tzinfo=timezone.utc), {1: "Collected"})
PENDING, UNKNOWN, DISPATCHED, REFUSED = Status.PENDING, Status.UNKNOWN, Status.DISPATCHED, Status.REFUSED


class Killed(BaseException):
    """Stands in for the end of the process."""


@pytest.fixture(params=["file to file", "file to database", "database to file", "database to database"])
def places(request, tmp_path, postgres):
    """Two places, the first of which has a ledger with all kinds of entries."""
    made = []
    for number, store in enumerate(request.param.split(" to ")):
        (tmp_path / str(number)).mkdir()
        made.append(SqlitePlace(tmp_path / str(number) / "requeue.sqlite3") if store == "file" else PostgresPlace(postgres))
    fill(made[0])
    yield made
    for place in made:
        if isinstance(place, PostgresPlace):
            postgres.give_back(place.database)


def fill(place, host=HOST):
    with place.open(host=host) as ledger:
        entries = [Entry(binding_id, extract_id, 456, f"2026-01-0{extract_id}T00:00:00Z") for binding_id in (5, 6) for extract_id in (1, 2, 3, 4)]
        ledger.note({5: [ROW], 6: [ROW], 7: [ROW]}, [BindingRow(7, 457, 789, 0)], entries)
        ledger.dispatched(ledger.intend([5, 6], [1], baseline=BASELINE))
        ledger.intend([5, 6], [2])
        ledger.record(EventKind.REFUSED, [Entry(5, 3, 456, None)], "404: gone")
        ledger.intend([6], [1])  # sent once more, and the outcome unknown


def known(place, host=HOST):
    """All that a run would read there."""
    with place.open(LOOK, host) as ledger:
        stopped = sorted((entry.binding_id, entry.extract_id, entry.status, entry.reason) for entry in ledger.open_entries())
        facts = {each: [fact._replace(id=None) for fact in history.facts] for each, history in ledger.histories().items()}
        shown = [(one[:3], [event[1:] for event in one.events]) for one in sent.read(ledger, [5, 6], [1, 2, 3, 4])]
        return list(ledger.entries()), facts, ledger.binding_rows(), ledger.pending_counts(), stopped, shown


def copy(source, target, check_mode=False, host=HOST, **options):
    options = dict(source=source.ledger, source_password=None, destination=target.ledger, destination_password=None, ledger_wait=0, **options)
    return move(options, host, check_mode)


def use(place, extract_id, host=HOST):
    """A run that sends an extract."""
    with place.open(host=host) as ledger:
        ledger.take_turn([5])
        ledger.note({}, entries=[Entry(5, extract_id, 456, f"2026-02-01T00:00:{extract_id % 60:02}Z")])
        ledger.dispatched(ledger.intend([5], [extract_id]))


def copy_killed_at(direction, source, target):
    """A move that is killed before it records this."""
    with contextlib.ExitStack() as patched:
        for store in (SqliteStore, PostgresqlStore):
            real = store.write

            def write(self, statement, values=(), real=real):
                if statement == sql.ADD_MOVE and values[1] == direction:
                    raise Killed
                return real(self, statement, values)

            patched.enter_context(mock.patch.object(store, "write", write))
        with pytest.raises(Killed):
            copy(source, target)


def test_the_other_ledger_knows_the_same_and_the_first_is_not_used_any_more(places):
    source, target = places
    before = known(source)
    result = copy(source, target)
    assert result == {"changed": True, "source": source.shown, "destination": target.shown, "binding_count": 3, "extract_count": 8}
    assert known(target) == before
    assert before[-1][0][1][0][-3:] == (BASELINE.clock, "Collected", True)
    assert [(entry.binding_id, entry.extract_id, entry.status) for entry in before[0]] == [
        (5, 1, DISPATCHED), (5, 2, UNKNOWN), (5, 3, REFUSED), (5, 4, PENDING),
        (6, 1, UNKNOWN), (6, 2, UNKNOWN), (6, 3, PENDING), (6, 4, PENDING),
    ]  # fmt: skip
    with pytest.raises(LedgerError, match="its content was moved to .* Set ledger to"), source.open():
        pass


def test_a_second_time_nothing_changes(places):
    source, target = places
    copy(source, target)
    before = known(source), known(target)
    assert copy(source, target) == {"changed": False, "source": source.shown, "destination": target.shown, "binding_count": 3, "extract_count": 8}
    assert (known(source), known(target)) == before


def test_check_mode_tells_the_same_and_writes_nothing(places):
    source, target = places
    contents = source.content(), target.content()
    predicted = copy(source, target, check_mode=True)
    assert (source.content(), target.content()) == contents
    assert copy(source, target) == predicted
    assert copy(source, target, check_mode=True)["changed"] is False


def test_other_instances_stay_where_they_are(places):
    source, target = places
    fill(source, OTHER)
    others = known(source, OTHER)
    copy(source, target)
    assert known(source, OTHER) == others
    assert known(target, OTHER) == NOTHING
    with source.open(host=OTHER) as ledger:
        assert len(ledger.binding_rows()) == 3


def test_killed_while_it_copies_nothing_has_moved(places):
    source, target = places
    before = known(source)
    copy_killed_at("from", source, target)  # the last step of the transaction
    assert known(target) == NOTHING
    with source.open():
        pass  # it is still the one to use
    assert copy(source, target)["changed"] is True
    assert known(target) == before


def test_killed_before_the_first_is_marked_the_next_run_marks_it(places):
    source, target = places
    before = known(source)
    copy_killed_at("to", source, target)
    assert copy(source, target, check_mode=True)["changed"] is True
    assert copy(source, target)["changed"] is True
    assert known(target) == before
    assert copy(source, target)["changed"] is False


def refusal(source, target):
    """What a move is refused with, also in check mode; nothing was written."""
    before = known(source), known(target)
    messages = set()
    for check_mode in (True, False):
        with pytest.raises(InputError) as caught:
            copy(source, target, check_mode)
        messages.add(str(caught.value))
    (message,) = messages
    assert message.endswith("Nothing was changed.")
    assert (known(source), known(target)) == before
    return message


def test_one_ledger_is_not_moved_into_itself(places):
    source, _target = places
    assert refusal(source, source) == f"source and destination are the same ledger, {source.shown}. Nothing was changed."


def test_two_records_are_not_merged(places):
    source, target = places
    with target.open() as ledger:
        ledger.note({}, entries=[Entry(9, 9, 456, None)])
    assert refusal(source, target).startswith(f"The ledger {target.shown} already has records of {HOST}, and two records of what was sent cannot be merged.")


def test_where_both_were_used_after_a_move_that_was_killed_they_are_not_merged(places):
    source, target = places
    copy_killed_at("to", source, target)
    use(target, 8)
    use(source, 9)
    assert "cannot be merged" in refusal(source, target)


def test_where_only_the_copy_was_used_after_a_move_that_was_killed_the_move_is_finished(places):
    source, target = places
    copy_killed_at("to", source, target)
    use(target, 8)
    used = known(target)
    assert copy(source, target)["changed"] is True
    assert known(target) == used
    with pytest.raises(LedgerError, match="its content was moved to"), source.open():
        pass


def test_a_copy_that_was_overtaken_is_made_again(places):
    """A16: the run after the kill used the first ledger."""
    source, target = places
    copy_killed_at("to", source, target)
    use(source, 4)
    newest = known(source)
    assert copy(source, target)["changed"] is True
    assert known(target) == newest
    assert copy(source, target)["changed"] is False


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_ledger_is_moved_there_and_back(places, rounds):
    source, target = places
    for number in range(rounds):
        copy(source, target)
        use(target, 100 + number)
        newest = known(target)
        assert copy(target, source, check_mode=True)["changed"] is True
        assert copy(target, source)["changed"] is True
        assert known(source) == newest
        with pytest.raises(LedgerError, match="its content was moved to"), target.open():
            pass
        assert copy(target, source)["changed"] is False


def test_a_move_back_that_was_killed_is_finished(places):
    source, target = places
    copy(source, target)
    copy_killed_at("to", target, source)
    use(target, 9)  # both can be used; the playbooks still name this one
    newest = known(target)
    copy(target, source)
    assert known(source) == newest


def test_a_ledger_comes_back_over_a_third_one(places, tmp_path):
    source, target = places
    (tmp_path / "third").mkdir()
    third = SqlitePlace(tmp_path / "third" / "requeue.sqlite3")
    copy(source, target)
    copy(target, third)
    use(third, 9)
    newest = known(third)
    assert copy(third, source)["changed"] is True
    assert known(source) == newest


def test_a_run_that_waited_for_its_lock_finds_the_ledger_moved(places):
    """A15."""
    source, target = places
    with source.open() as waiting:
        copy(source, target)
        with pytest.raises(LedgerError, match="its content was moved to .* Nothing was changed"):
            waiting.take_turn([5])


# Another name of the instance


def test_a_renamed_host_is_moved_under_its_new_name(places):
    source, target = places
    before = known(source)
    result = copy(source, target, host="new.example", source_instance=HOST)
    assert (result["changed"], result["extract_count"]) == (True, 8)
    assert known(target, "new.example") == known(target) == before
    use(target, 9)
    assert known(target) == known(target, "new.example") != before
    assert copy(source, target, host="new.example", source_instance=HOST)["changed"] is False
    with pytest.raises(LedgerError, match="its content was moved to"), source.open():
        pass


def test_a_renamed_host_in_the_same_ledger_is_another_name_of_the_instance(places):
    place, _other = places
    before = known(place)
    assert copy(place, place, check_mode=True, host="new.example", source_instance=HOST)["changed"] is True
    assert known(place, "new.example") == NOTHING
    assert copy(place, place, host="new.example", source_instance=HOST)["changed"] is True
    assert known(place, "new.example") == known(place) == before
    use(place, 9, "new.example")
    assert known(place) == known(place, "new.example") != before
    assert copy(place, place, host="new.example", source_instance=HOST)["changed"] is False


def test_all_names_of_an_instance_are_moved(places):
    source, target = places
    copy(source, source, host="new.example", source_instance=HOST)
    assert copy(source, target, host="new.example")["changed"] is True
    assert known(target) == known(target, "new.example") != NOTHING


def test_a_move_that_left_out_a_name_is_completed(places):
    source, target = places
    copy(source, target, host="new.example", source_instance=HOST)
    with target.open(host="new.example") as ledger, ledger.store.transaction():
        ledger.store.write("DELETE FROM host WHERE name = ?", (HOST,))
    for check_mode, changed in ((True, True), (False, True), (False, False)):
        assert copy(source, target, check_mode=check_mode, host="new.example", source_instance=HOST)["changed"] is changed
    assert known(target) == known(target, "new.example") != NOTHING


def test_an_old_name_that_has_records_of_its_own_in_the_other_ledger_is_refused(places):
    source, target = places
    use(target, 9)
    with pytest.raises(InputError, match=f"already has records of {HOST}, and two records of what was sent cannot be merged"):
        copy(source, target, host="new.example", source_instance=HOST)
    assert known(target, "new.example") == NOTHING


def test_a_new_name_that_has_records_of_its_own_is_refused(places):
    place, _other = places
    use(place, 9, "new.example")
    with pytest.raises(InputError, match="already has records of new.example, and two records of what was sent cannot be merged"):
        copy(place, place, host="new.example", source_instance=HOST)


def test_a_ledger_that_knows_nothing_has_nothing_to_move(places):
    full, empty = places
    with empty.open():
        pass
    assert refusal(empty, full).startswith(f"The ledger {empty.shown} has no records of {HOST}, so there is nothing to move.")


def test_what_was_moved_is_not_moved_again(places, tmp_path):
    source, target = places
    copy(source, target)
    (tmp_path / "third").mkdir()
    third = SqlitePlace(tmp_path / "third" / "requeue.sqlite3")
    assert refusal(source, third) == f"The content of {source.shown} was moved to {target.shown} before. Set source to {target.shown}. Nothing was changed."
    assert copy(target, third)["changed"] is True


def test_nothing_moves_while_another_run_is_at_work(places):
    source, target = places
    with source.open() as ledger:
        ledger.take_turn([5])
        with pytest.raises(LedgerError, match="^Another run holds"):
            copy(source, target)
    assert known(target) == NOTHING


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_awx_job_moves_nothing_to_where_it_is_lost(tmp_path, monkeypatch, check_mode):
    source = SqlitePlace(tmp_path / "requeue.sqlite3")
    fill(source)
    monkeypatch.setenv("JOB_ID", "7")
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    monkeypatch.setenv("AWX_PRIVATE_DATA_DIR", str(tmp_path))  # on whichever file system the tests run, this folder ends with the job
    params = {"source": source.ledger, "source_password": None, "destination_password": None, "ledger_wait": 0}
    for place in (tmp_path / "there.sqlite3", tmp_path / "missing" / "there.sqlite3"):
        with pytest.raises(InputError, match=r"^This is AWX job 7, .* would be lost with the job: .* Nothing was changed\.$"):
            move({**params, "destination": str(place)}, HOST, check_mode)
        assert not place.exists()
        assert not (tmp_path / "missing").exists()
    with source.open(purpose=LOOK) as ledger:
        assert ledger.moved_to() is None
