# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ledger records of an instance, moved into another one: from each store into each."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timezone
from unittest import mock

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import sent
from ansible_collections.adverity.management.plugins.module_utils._ledger import statements as sql
from ansible_collections.adverity.management.plugins.module_utils._ledger.baseline import Baseline
from ansible_collections.adverity.management.plugins.module_utils._ledger.copy import move
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow
from ansible_collections.adverity.management.plugins.module_utils._ledger.postgresql import PostgresqlStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind, Status
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE
from ansible_collections.adverity.management.tests.unit.plugins.places import HOST, PostgresPlace, SqlitePlace
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ROW, entry, facts
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import Killed

OTHER, NEW = "other.example", "new.example"
NOTHING = ([], {}, {}, {}, [], [])
BASELINE = Baseline(datetime(2026, 1, 1, tzinfo=timezone.utc), {1: "Collected"})
PENDING, UNKNOWN, DISPATCHED, REFUSED = Status.PENDING, Status.UNKNOWN, Status.DISPATCHED, Status.REFUSED


@pytest.fixture(params=["file to file", "file to database", "database to file", "database to database"])
def places(request, tmp_path, postgres):
    """Two places, the first of which has a ledger with all kinds of entries."""
    stores = request.param.split(" to ")
    made = [PostgresPlace(postgres) if store == "database" else file_place(tmp_path, str(number)) for number, store in enumerate(stores)]
    fill(made[0])
    yield made
    for place in made:
        if isinstance(place, PostgresPlace):
            postgres.give_back(place.database)


def file_place(folder, name):
    (folder / name).mkdir()
    return SqlitePlace(folder / name / "requeue.sqlite3")


def fill(place, host=HOST):
    with place.open(host=host) as ledger:
        entries = [entry(extract_id, binding_id, f"2026-01-0{extract_id}T00:00:00Z") for binding_id in (5, 6) for extract_id in (1, 2, 3, 4)]
        ledger.note({5: [ROW], 6: [ROW], 7: [ROW]}, [BindingRow(7, 457, 789, 0)], entries)
        ledger.dispatched(ledger.intend([5, 6], [1], baseline=BASELINE))
        ledger.intend([5, 6], [2])
        ledger.record(EventKind.REFUSED, [entry(3)], "404: gone")
        ledger.intend([6], [1])  # sent once more, and the outcome unknown


def records(place, host=HOST):
    """All that a run would read there."""
    with place.open(LOOK, host) as ledger:
        left = sorted((each.binding_id, each.extract_id, each.status, each.reason) for each in ledger.open_entries())
        shown = [(each[:3], [event[1:] for event in each.events]) for each in sent.read(ledger, [5, 6], [1, 2, 3, 4])]
        return list(ledger.entries()), facts(ledger), ledger.binding_rows(), ledger.pending_counts(), left, shown


def copy(source, target, check_mode=False, host=HOST, **options):
    options = dict(source=source.ledger, source_password=None, destination=target.ledger, destination_password=None, ledger_wait=0, **options)
    return move(options, host, check_mode)


def rename(source, target, check_mode=False):
    return copy(source, target, check_mode, NEW, source_instance=HOST)


def use(place, extract_id, host=HOST):
    """A run that sends an extract."""
    with place.open(host=host) as ledger:
        ledger.take_turn([5])
        ledger.note({}, entries=[entry(extract_id, created=f"2026-02-01T00:00:{extract_id % 60:02}Z")])
        ledger.dispatched(ledger.intend([5], [extract_id]))


STEPS = {"begun": lambda statement, values: statement == sql.ADD_MOVE and values[1] == "to",
         "copied": lambda statement, values: statement == sql.ADD_MOVE and values[1] == "from",  # the last of the transaction
         "finished": lambda statement, _values: statement == sql.FINISH_MOVE}  # fmt: skip


def copy_stopped_at(step, source, target, error=Killed):
    """A move that ends before it records this step."""
    with contextlib.ExitStack() as patched:
        for store in (SqliteStore, PostgresqlStore):

            def write(self, statement, values=(), real=store.write):
                if STEPS[step](statement, values):
                    raise error
                return real(self, statement, values)

            patched.enter_context(mock.patch.object(store, "write", write))
        with pytest.raises(error if isinstance(error, type) else type(error)) as caught:
            copy(source, target)
    return caught.value


def check_unusable(place, says):
    for purpose in (WRITE, PREDICT):
        with pytest.raises(LedgerError, match=re.escape(says)):
            place.open(purpose).__enter__()


def check_moved(source, target):
    """A run that still names the old place is told the new one."""
    check_unusable(source, f"its content was moved to {target.shown}. Set ledger to {target.shown}. Nothing was changed.")


def check_begun(source, target):
    check_unusable(source, f"a move to {target.shown} was begun and is not finished. Finish it: run adverity.management.adverity_ledger_copy again")


def refusal(work, source, target, host=HOST):
    """What a move is refused with, also in check mode; nothing was written."""
    before = records(source), records(target, host)
    for check_mode in (True, False):
        with pytest.raises(InputError, match="Nothing was changed.$") as caught:
            work(source, target, check_mode)
    assert (records(source), records(target, host)) == before
    return str(caught.value)


def test_other_ledger_has_the_same_records_and_the_first_is_not_used_any_more(places):
    source, target = places
    fill(source, OTHER)
    others = records(source, OTHER)
    before, contents = records(source), (source.content(), target.content())
    assert [each.status for each in before[0]] == [DISPATCHED, UNKNOWN, REFUSED, PENDING, UNKNOWN, UNKNOWN, PENDING, PENDING]
    assert before[-1][0][1][0][-3:] == (BASELINE.clock, "Collected", True)
    result = {"changed": True, "source": source.shown, "destination": target.shown, "binding_count": 3, "extract_count": 8}
    assert copy(source, target, check_mode=True) == result
    assert (source.content(), target.content()) == contents
    assert copy(source, target) == result
    for check_mode in (True, False):
        assert copy(source, target, check_mode) == {**result, "changed": False}
        assert records(source) == records(target) == before
    check_moved(source, target)
    # Another instance stays where it is, and is used there.
    assert (records(source, OTHER), records(target, OTHER), len(others[2])) == (others, NOTHING, 3)
    with source.open(host=OTHER):
        pass


@pytest.mark.parametrize(("killed_at", "used"), [("begun", None), ("begun", "source"), ("copied", None), ("finished", None), ("finished", "target")])
@pytest.mark.parametrize("moves_before", [0, 1, 3])
def test_move_that_is_killed_is_finished_and_leaves_one_ledger_to_use(places, moves_before, killed_at, used):
    """A16: the run after the kill uses one of the two ledgers, and never can both be used. Also where the content moves back."""
    source, target = places
    for number in range(moves_before):
        copy(source, target)
        source, target = target, source
        use(source, 100 + number)
    former = target  # where the content was before
    copy_stopped_at(killed_at, source, target)
    if killed_at != "begun":
        check_begun(source, target)
    if moves_before and killed_at != "finished":
        check_moved(former, source)
    if used:
        use({"source": source, "target": target}[used], 4 if used == "source" else 8)
    newest = records(target if killed_at == "finished" else source)
    if not moves_before:
        assert (records(target) == NOTHING) is (killed_at != "finished")
    assert copy(source, target, check_mode=True)["changed"] is True
    assert copy(source, target)["changed"] is True
    assert records(target) == newest
    check_moved(source, target)
    assert copy(source, target)["changed"] is False


def test_move_that_is_begun_is_finished_or_taken_back(places, tmp_path):
    source, target, third = *places, file_place(tmp_path, "third")
    copy_stopped_at("copied", source, target)
    assert refusal(copy, source, third).startswith(f"A move of {source.shown} to {target.shown} was begun and is not finished. Finish it first: set dest")
    assert refusal(copy, target, source).startswith(f"The ledger {target.shown} has no records of {HOST}")
    use(target, 9)  # as a new ledger
    assert "cannot be merged" in refusal(copy, source, target)
    use(source, 4)  # it can be used again

    copy_stopped_at("finished", source, third)
    use(third, 8)
    newest = records(third)
    assert copy(third, source)["changed"] is True
    assert records(source) == newest


def test_move_whose_copy_fails_leaves_the_source_as_it_was(places):
    source, target = places
    before = records(source)
    assert copy_stopped_at("copied", source, target, LedgerError("the disk is full")).result()["msg"] == "the disk is full"
    use(source, 4)
    assert (records(target), len(records(source)[0])) == (NOTHING, len(before[0]))


def test_ledger_comes_back_over_a_third_one(places, tmp_path):
    source, target, third = *places, file_place(tmp_path, "third")
    copy(source, target)
    assert refusal(copy, source, third).startswith(f"The content of {source.shown} was moved to {target.shown} before. Set source to {target.shown}.")
    use(target, 8)  # else what the third one gets is what the first one had
    copy(target, third)
    use(third, 9)
    assert copy(third, source)["changed"] is True
    assert records(source) == records(third)


def test_ledger_of_which_a_run_holds_a_lock_is_not_moved(places):
    """A run that waits for its lock meanwhile: machine/test_examples.py, A15."""
    source, target = places
    with source.open() as at_work:
        at_work.take_turn([5])
        with pytest.raises(LedgerError, match="^Another run holds"):
            copy(source, target)
    assert records(target) == NOTHING


def test_move_that_would_lose_records_or_has_none_is_refused(places):
    source, target = places
    assert refusal(copy, source, source) == f"source and destination are the same ledger, {source.shown}. Nothing was changed."
    with target.open():
        pass
    assert refusal(copy, target, source).startswith(f"The ledger {target.shown} has no records of {HOST}, so there is nothing to move. Check source")
    use(target, 9)
    two = "and two records of what was sent cannot be merged."
    way = " Set destination to a ledger without records of this instance."
    says = f"The ledger {target.shown} already has records of {HOST}, {two}{way}"
    assert refusal(copy, source, target) == f"{says} Nothing was changed."
    assert refusal(rename, source, target).startswith(says)  # also where only the old name has records of its own
    use(source, 9, NEW)
    for destination, then in ((source, way), (target, "")):
        assert refusal(rename, source, destination, NEW) == f"The ledger {source.shown} already has records of {NEW}, {two}{then} Nothing was changed."


@pytest.mark.parametrize("extract_id", [7, 8])
def test_ledger_of_another_machine_at_the_same_path_does_not_replace_the_first(places, extract_id):
    """Also where it has as many records as the first one."""
    source, target = places
    use(source, 7)
    copy(source, target)
    moved = records(target)
    source.empty()
    with source.open() as ledger:
        ledger.note({5: [ROW]}, [BindingRow(5, 456, 789, 0)])
    use(source, extract_id)
    assert "cannot be merged" in refusal(copy, source, target)
    assert records(target) == moved


def test_ledger_that_was_put_back_does_not_replace_the_newer_one(tmp_path):
    source, target = file_place(tmp_path, "one"), file_place(tmp_path, "two")
    fill(source)
    older = source.path.read_bytes()
    use(source, 7)
    newest = source.path.read_bytes()
    copy(source, target)
    source.path.write_bytes(older)
    assert "cannot be merged" in refusal(copy, source, target)

    use(target, 8)
    source.path.write_bytes(newest)
    kept = records(target)
    assert copy(source, target)["changed"] is True  # what it has is there already
    assert records(target) == kept
    check_moved(source, target)


def test_copy_that_was_lost_and_replaced_is_not_made_again(places):
    source, target = places
    copy(source, target)
    target.empty()
    use(target, 8)
    says = f"The content of {source.shown} was moved to {target.shown} before, and {target.shown} does not have it any more. Restore its newest backup."
    assert refusal(copy, source, target).startswith(says)


# Another name of the instance


def test_renamed_host_is_moved_under_both_names(places):
    source, target = places
    before = records(source)
    result = rename(source, target)
    assert (result["changed"], result["extract_count"]) == (True, 8)
    assert records(target, NEW) == records(target) == before
    assert rename(source, target)["changed"] is False
    for host in (HOST, NEW):
        with pytest.raises(LedgerError, match="its content was moved"), source.open(host=host):
            pass
    use(target, 8, NEW)
    newest = records(target)
    assert copy(target, source, host=NEW)["changed"] is True  # and back
    assert records(source) == records(source, NEW) == newest


def test_ledger_of_a_host_that_was_renamed_after_the_move_is_moved_back_under_the_old_name(places):
    source, target = places
    copy(source, target)
    rename(target, target)
    assert "To move it back there, set instance to " + HOST in refusal(lambda *move: copy(*move, host=NEW), target, source, NEW)
    assert copy(target, source)["changed"] is True
    assert records(source) == records(source, NEW) == records(target)


def test_renamed_host_in_the_same_ledger_is_another_name_of_the_instance(places):
    source, target = places
    before = records(source)
    assert rename(source, source, check_mode=True)["changed"] is True
    assert records(source, NEW) == NOTHING
    assert [rename(source, source)["changed"] for _time in range(2)] == [True, False]
    use(source, 9, NEW)
    assert records(source) == records(source, NEW) != before
    assert copy(source, target, host=NEW)["changed"] is True  # with all its names
    assert records(target) == records(target, NEW) == records(source)


def test_awx_job_moves_nothing_to_where_it_is_lost(tmp_path, monkeypatch):
    source = SqlitePlace(tmp_path / "requeue.sqlite3")
    fill(source)
    for name, value in {"JOB_ID": "7", "AWX_HOST": "https://awx.example.com", "AWX_PRIVATE_DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    for check_mode in (True, False):
        with pytest.raises(InputError, match=r"^This is AWX job 7, .* would be lost with the job: .* Nothing was changed\.$"):
            copy(source, SqlitePlace(tmp_path / "missing" / "there.sqlite3"), check_mode)
    assert list(tmp_path.iterdir()) == [source.path]
    with source.open(LOOK) as ledger:
        assert ledger.moved_to() is None


NO_SERVER = "postgresql://me@127.0.0.1:9/ledger"


@pytest.mark.parametrize(
    ("place", "password", "says"),
    [
        (NO_SERVER, None, "Check the URL, {0}_password and the server"),
        (NO_SERVER, "x\0y", "{0} or {0}_password has a character that PostgreSQL does not accept"),
        ("postgresql://me:hidden@127.0.0.1:9/ledger", None, "{0} is a URL with a password in it (not shown). Set {0}_password"),
        ("host=127.0.0.1 dbname=ledger", None, "{0} is neither an absolute path nor a URL"),
        ("ledger.sqlite3", None, "Set {0} to an absolute path"),
        ("~nobody-here/ledger.sqlite3", None, "or set {0} to an absolute path"),
        ("/dev/null", None, "or set {0} to another one"),
    ],
)
@pytest.mark.parametrize("option", ["source", "destination"])
def test_what_is_wrong_with_a_place_is_said_with_the_option_of_that_place(tmp_path, option, place, password, says):
    places = dict.fromkeys(("source", "destination"), str(tmp_path / "ledger.sqlite3"))
    passwords = {"source_password": None, "destination_password": None, f"{option}_password": password}
    with pytest.raises(AdverityError) as caught:
        move({**places, option: place, **passwords, "ledger_wait": 0}, HOST, False)
    assert says.format(option) in str(caught.value)
    assert ("ADVERITY_LEDGER_PASSWORD" in str(caught.value)) is ("or ADVERITY" in str(caught.value) and option == "destination")
