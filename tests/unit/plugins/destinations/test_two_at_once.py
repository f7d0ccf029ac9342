# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs that create the same destination, or assign the same datastream, at once: one is created, whatever the second one finds the first one at."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.turns import name_key
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Run, Time, held
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

NAMED = {"type": "bigquery", "workspace": "EMEA", "connection": "BigQuery service account", "settings": {"project": "p", "dataset": "d"}}
MANY = 1000  # points: more than a run has


class Service:
    """The simulator, and the runs that use it with the ledger at ``place``."""

    def __init__(self, place, time):
        self.place = place
        self.simulator = in_process.import_simulator().Simulator(port=None)
        self._time = time

    def begin(self, work):
        """A run of ``work(call)``, in which the ledger is that of ADVERITY_LEDGER."""
        return Run(work, lambda: SimulatorTransport(self.simulator), self._time)

    def destination(self, name, check_mode=False, **options):
        return self.begin(lambda call: call("adverity_destination", check_mode, name=name, **{**NAMED, **options}))

    def assignment(self, target_id, *datastream_ids, check_mode=False, **options):
        wanted = [{"datastream_id": each, "table_name": "t"} for each in datastream_ids]
        return self.begin(lambda call: call("adverity_assignment", check_mode, type="bigquery", target_id=target_id, assignments=wanted, **options))

    def posts(self):
        """The bodies of the requests that create something, since this was asked last."""
        bodies = [request["body"] for request in self.simulator.requests if request["method"] == "POST"]
        self.simulator.requests.clear()
        return bodies


@pytest.fixture
def service(ledger_place, monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)
    monkeypatch.setenv("ADVERITY_LEDGER", ledger_place.ledger)
    time = Time()
    with held(time):
        yield Service(ledger_place, time)


def before_post(run):
    """The run, standing before its first POST."""
    while not run.points or not run.points[-1].startswith("before POST"):
        run.go_on(1)
        assert not run.ended, f"it sends nothing: {run.points}"
    return run


def finish(*waiting):
    """Each of the runs goes on to its end, without an error."""
    assert [run.go_on().error for run in waiting] == [None] * len(waiting)


def both_at_every_point(begin):
    """For each point of a run: the second one comes when the first one is there, and waits where it has to. ``begin`` gives the two runs; yields them when
    both have ended."""
    for points in itertools.count():
        first, second = begin(points)
        if points:
            first.go_on(points)
        ended = first.ended
        second.go_on(MANY)
        finish(first, second)
        yield first, second
        if ended:
            assert points > 10, "points of a run that creates something"
            return


def test_two_runs_create_one_destination_wherever_the_second_one_begins(service):
    for first, second in both_at_every_point(lambda points: [service.destination(f"DWH {points}") for _run in range(2)]):
        assert len(service.posts()) == 1
        assert first.result["destination"]["id"] == second.result["destination"]["id"]
        assert sorted(run.result["created"] for run in (first, second)) == [False, True]


def test_two_runs_create_one_assignment_of_each_datastream_wherever_the_second_one_begins(service):
    target_id = service.destination("DWH").go_on().result["destination"]["id"]
    service.posts()
    for first, second in both_at_every_point(lambda _points: (service.assignment(target_id, 456, 457), service.assignment(target_id, 457, 458))):
        assert sorted(body["datastream"] for body in service.posts()) == [456, 457, 458]
        assert sorted((first.result["assignments"][1]["action"], second.result["assignments"][0]["action"])) == ["created", "unchanged"]
        service.assignment(target_id, 456, 457, 458, state="absent").go_on()


def test_two_runs_of_the_role_create_one_destination_and_assign_each_datastream_once(service):
    name = {**NAMED, "name": "DWH", "ledger": service.place.ledger}
    datastreams = [{"name": "Google Ads | EMEA", "workspace": "EMEA"}]
    first, second = (service.begin(lambda call: role_in_process.deploy(call, datastreams=datastreams, **name)) for _run in range(2))
    before_post(first)
    second.go_on(MANY)
    assert second.waits
    finish(first, second)
    created = [request for request in service.simulator.requests if request["method"] == "POST" and request["path"].startswith("/api/target-types/")]
    assert [request["path"].rstrip("/").rsplit("/", 1)[1] for request in created] == ["targets", "mappings"]


CREATIONS = {
    "destination": lambda service, **options: service.destination("DWH", **options),
    "assignment": lambda service, **options: service.assignment(789, 458, **options),
}
creations = pytest.mark.parametrize("create", CREATIONS.values(), ids=CREATIONS)


@creations
def test_check_mode_waits_and_predicts_what_a_run_would_do(service, create):
    first, second = before_post(create(service)), create(service, check_mode=True)
    second.go_on(MANY)
    assert second.waits
    finish(first, second)
    assert (second.result["changed"], second.result.get("created", False)) == (False, False)
    assert len(service.posts()) == 1


def test_another_destination_does_not_wait(service):
    first = before_post(service.destination("DWH"))
    for other in ({"name": "DWH 2"}, {"name": "DWH", "workspace": "DACH"}):
        second = service.destination(**other).go_on(MANY)
        assert (second.ended, second.result["created"]) == (True, True)
    finish(first)
    assert len(service.posts()) == 3


def test_requeue_that_holds_the_lock_of_the_whole_instance_does_not_hold_up_a_new_destination(service):
    requeue = before_post(service.begin(lambda call: call("adverity_requeue", extract_ids=[101, 102])))
    assert service.destination("DWH").go_on(MANY).result["created"] is True
    requeue.go_on()
    assert (requeue.error, requeue.result["requeued_extract_ids"]) == (None, [101, 102])


def test_killed_anywhere_and_run_again_nothing_is_there_twice(service):
    """A destination and its assignments: killed before and after each request and each transaction, it leaves no lock, and the next run does the rest."""

    def begin(name):
        wanted = [{"datastream_id": 456, "table_name": "a"}, {"datastream_id": 457, "settings": {"write_disposition": 2}}, {"datastream_id": 458}]

        def work(call):
            target_id = call("adverity_destination", name=name, **NAMED)["destination"]["id"]
            return call("adverity_assignment", type="bigquery", target_id=target_id, assignments=wanted)["changed"]

        return service.begin(work)

    world = service.simulator.world
    for number in itertools.count(1):
        killed = begin(f"DWH {number}").go_on(number)
        if killed.ended:
            break
        killed.kill()
        again = [begin(f"DWH {number}").go_on() for _time in range(2)]
        assert ([run.error for run in again], again[1].result) == ([None, None], False)
        targets = [row["id"] for row in world.targets.values() if row["name"] == f"DWH {number}"]
        rows = [row for row in world.bindings.values() if row["target_id"] in targets]
        assert (len(targets), sorted(row["datastream_id"] for row in rows), {row["enabled"] for row in rows}) == (1, [456, 457, 458], {False})
    assert number > 32, "points of a run that creates a destination and its assignments"


def test_ledger_is_used_only_where_something_is_created(service):
    change = {"type": "bigquery", "target_id": 789, "name": "BigQuery | Renamed", "ledger": "/proc/no/ledger"}
    assert service.begin(lambda call: call("adverity_destination", **change)).go_on().result["created"] is False
    there = {"type": "bigquery", "target_id": 789, "assignments": [{"datastream_id": 456}], "ledger": "/proc/no/ledger"}
    assert service.begin(lambda call: call("adverity_assignment", **there)).go_on().result["changed"] is False


@creations
def test_ledger_that_cannot_be_used_is_an_error_before_anything_is_created(service, create, tmp_path):
    (tmp_path / "other").write_text("no ledger")
    for check_mode in (False, True):
        assert isinstance(create(service, check_mode=check_mode, ledger=str(tmp_path / "other")).go_on().error, LedgerError)
    assert service.posts() == []


def test_key_of_a_name_fits_the_ledger_and_depends_on_every_word():
    keys = {name_key(1, "destination", 70, 12, "DWH"), name_key(2, "destination", 70, 12, "DWH"), name_key(1, "destination", 70, 12, "dwh")}
    keys |= {name_key(1, "assignment", 70, 12), name_key(1, "destination", 701, 2, "DWH"), name_key(1, "destination", 70, 12, "\ud800")}
    assert len(keys) == 6
    assert all(0 < key < 2**63 for key in keys)
