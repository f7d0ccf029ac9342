# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a requeue writes down and says, to the letter: here a wrong word sends somebody the wrong way."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, Lost, Refused
from ansible_collections.adverity.management.plugins.module_utils._ledger import file
from ansible_collections.adverity.management.plugins.module_utils._ledger.entries import Ledger
from ansible_collections.adverity.management.plugins.module_utils._requeue.run import PATH, WAYS_ON
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import Model, moment

OLD, MIDDLE, NEW = moment(0), moment(3600), moment(7200)
EXTRACTS = {100: NEW, 102: OLD, 104: MIDDLE}
ALL = {"datastream_ids": [1], "batch_size": 2}


class Service(Model):
    """One datastream with two bindings. A requeue comes to the first of ``failures``, else is answered with ``answer`` where there is one."""

    def __init__(self):
        super().__init__(
            {
                "datastreams": [],
                "bindings": [{"id": number, "datastream_id": 1, "target_id": 70 + number, "enabled": number == 5} for number in (5, 9)],
                "extracts": [{"id": number, "datastream_id": 1, "created": created} for number, created in EXTRACTS.items()],
            }
        )
        self.answer = None
        self.failures = []

    def _requeue(self, body):
        for failure in self.failures:
            raise failure
        data = super()._requeue(body)
        return data if self.answer is None else self.answer


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


@pytest.fixture(name="service")
def fixture_service():
    return Service()


@pytest.fixture(name="run")
def fixture_run(service, tmp_path):
    def run(check_mode=False, **options):
        chosen = {"batch_size": 2} if "extract_ids" in options else ALL
        return service.call("adverity_requeue", check_mode, ledger=str(tmp_path / "ledger"), **dict(chosen, **options))

    return run


@pytest.fixture(name="entries")
def fixture_entries(service, tmp_path):
    """Reads what the ledger holds: (binding, extract, datastream, created, status)."""

    def entries():
        with Ledger(str(tmp_path / "ledger"), service.host, file.LOOK) as ledger:
            return [entry[:5] for entry in ledger.entries()]

    return entries


def test_the_ledger_knows_datastream_and_time(run, entries):
    run(limit=2)
    assert entries() == [(5, 102, 1, OLD, "dispatched"), (5, 104, 1, MIDDLE, "dispatched"), (5, 100, 1, NEW, "pending")]


def test_a_plan_tells_where_it_stands_and_a_run_takes_it_up(service, run, tmp_path):
    def planned_at():
        (row,) = service.call("adverity_requeue_info", binding_ids=[5], ledger=str(tmp_path / "ledger"))["backfills"]
        return row["planned_at"]

    planned = run(state="planned")
    assert planned["ledger"] == str(tmp_path / "ledger")
    assert planned["diff"] == {"before": {}, "after": {}}
    assert planned_at()
    run()
    assert planned_at() is None


def test_planning_again_is_news_only_where_the_binding_was_changed(service, run):
    told = [run(state="planned")["changed"] for _time in range(2)]
    service.bindings[5]["updated"] = service.tick()
    told += [run(state="planned", check_mode=check_mode)["changed"] for check_mode in (True, False, False)]
    assert told == [True, False, True, True, False]


# Planned, and gone from the service since


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("bounds", "dropped"),
    [
        ({}, [100, 102, 104]),
        ({"created_from": MIDDLE}, [100, 104]),
        ({"created_to": MIDDLE}, [102, 104]),
        ({"created_from": MIDDLE, "created_to": MIDDLE}, [104]),
    ],
)
def test_what_is_gone_is_dropped_within_the_bounds(service, run, entries, bounds, dropped, check_mode):
    run(state="planned")
    run(state="planned", binding_ids=[9])
    service.extracts.clear()
    result = run(check_mode, **bounds)
    shown = ", ".join(map(str, dropped))
    assert result["warnings"] == [f"Planned earlier, but no longer in the service's list, and so dropped from the plan: extracts {shown}."]
    kept = {(5, one) for one in EXTRACTS if one not in dropped or check_mode} | {(9, one) for one in EXTRACTS}
    assert {entry[:2] for entry in entries()} == kept
    assert service.writes == []


@pytest.mark.parametrize(("bounds", "dropped"), [({}, True), ({"created_from": OLD}, False), ({"created_to": NEW}, False)])
def test_what_is_gone_and_of_no_known_time_is_dropped_only_without_bounds(service, run, entries, bounds, dropped):
    """It cannot be told whether it is within them."""
    for row in service.extracts:
        row["created"] = "9"  # no time, as far as anybody can read it
    run(state="planned")
    service.extracts.clear()
    run(**bounds)
    assert bool(entries()) is not dropped


def test_what_was_sent_is_not_forgotten_with_its_extract(service, run, entries):
    run()
    service.extracts.clear()
    assert run()["warnings"] == []
    assert len(entries()) == 3


# What is said where it fails half way


def failed(run, **options):
    with pytest.raises(AdverityError) as raised:
        run(**options)
    facts = raised.value.result()
    return facts.pop("msg"), facts


RUN_AGAIN = "Run it again when the cause is mended: what was dispatched is not sent again."


def test_refused(service, run, tmp_path):
    service.failures = [Refused("POST", PATH, 422, "no")]
    said, facts = failed(run)
    assert said == (
        "POST /api/v1/extracts/requeue/ was answered with 422: no. Asked for: to load extracts 102, 104 of datastream 1 into binding 5."
        " Dispatched in this run: 0 extracts; left: 3. " + RUN_AGAIN
    )
    assert (facts["method"], facts["path"], facts["status"], facts["response"]) == ("POST", PATH, 422, "no")
    assert facts["remaining_extract_ids"] == [102, 104, 100]


def test_refused_without_a_named_binding(service, run):
    service.failures = [Refused("POST", PATH, 404, "no")]
    said, _facts = failed(run, extract_ids=[100, 102])
    assert said == (
        "POST /api/v1/extracts/requeue/ was answered with 404: no. Asked for: to load extracts 100, 102 into all enabled bindings."
        " Dispatched in this run: 0 extracts; left: 2. " + RUN_AGAIN
    )


def in_doubt(ids, ledger):
    return f"Whether extracts {ids} are being loaded is not known; the ledger {ledger} remembers that. {WAYS_ON}"


def test_lost_and_stopped_after_that(service, run, tmp_path):
    ledger = tmp_path / "ledger"
    service.failures = [Lost("POST", PATH, "got no answer")]
    said, facts = failed(run)
    assert said == (
        "POST /api/v1/extracts/requeue/ got no answer. Asked for: to load extracts 102, 104 of datastream 1 into binding 5."
        " Dispatched in this run: 0 extracts; left: 1. " + in_doubt("102, 104", ledger)
    )
    assert facts["unknown_extract_ids"] == [102, 104]
    said, facts = failed(run)
    assert said == (
        "It is not known whether extracts 102, 104 were loaded into binding 5: an earlier run was cut off before the service answered, or sent them"
        f" without naming bindings. The ledger {ledger} remembers that. Nothing was sent now. {WAYS_ON}"
    )
    assert facts["remaining_extract_ids"] == [100]


def test_stopped_without_a_named_binding(service, run, tmp_path):
    service.failures = [Lost("POST", PATH, "got no answer")]
    failed(run, extract_ids=[100])
    said, _facts = failed(run, extract_ids=[100])
    assert said.startswith("It is not known whether extracts 100 were loaded: an earlier run")


@pytest.mark.parametrize(
    ("answer", "what", "doubtful", "done"),
    [
        ([], "it does not say which extracts", "102, 104", 0),
        ({"message": "ok"}, "it does not say which extracts", "102, 104", 0),
        ({"extract_ids": [104]}, "it leaves out 102 of those", "102", 1),
    ],
)
def test_an_answer_that_does_not_say_enough(service, run, tmp_path, answer, what, doubtful, done):
    service.answer = answer
    said, facts = failed(run)
    assert said == (
        "POST /api/v1/extracts/requeue/ was answered with success, but {0} it dispatched. Asked for: to load extracts 102, 104 of datastream 1 into"
        " binding 5. Dispatched in this run: {1} extracts; left: 1. {2}".format(what, done, in_doubt(doubtful, tmp_path / "ledger"))
    )
    assert (facts["method"], facts["path"]) == ("POST", PATH)
    assert len(service.writes) == 1


def test_an_answer_that_says_more(service, run):
    service.answer = {"extract_ids": [100, 102, 104, 7], "message": "Done."}
    result = run(batch_size=50)
    assert result["warnings"] == ["The service says that it also dispatched extracts which were not asked for: [7]."]
    assert result["batches"] == [{"extract_ids": [102, 104, 100], "binding_ids": [5], "message": "Done."}]


def test_a_wait_is_told_where_it_was_one(run, monkeypatch, tmp_path):
    waited = {"seconds": 0.9}
    take_turn = Ledger._take_turn

    def wait(ledger):
        take_turn(ledger)
        ledger.waited = waited["seconds"]

    monkeypatch.setattr(Ledger, "_take_turn", wait)
    assert run()["warnings"] == []
    waited["seconds"] = 1.4
    assert run()["warnings"] == ["Waited 1 s for another run that held the ledger {0}.".format(tmp_path / "ledger")]


def test_what_may_have_loaded_by_itself_is_told(service, run):
    service.extracts[0]["created"] = "9"
    result = run(self_loading=[{"binding_id": 5, "since": NEW}])
    assert result["requeued_extract_ids"] == [102, 104]
    assert result["warnings"] == ["The service does not say when these were created, so they may have loaded by themselves, and were left out: extracts 100."]
