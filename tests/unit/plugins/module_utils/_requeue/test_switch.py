# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of adverity_binding: in the turn of its bindings, and noted in the ledger before and after."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError, Lost, Refused
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._ledger.timeline import OWN
from ansible_collections.adverity.management.plugins.module_utils._resources.binding_state import set_enabled as switch
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import PATH

OLD, NEW, SEEN = "2026-01-01T00:00:00Z", "2026-02-01T00:00:05Z", "2026-02-01T00:00:00Z"


def row(binding_id, **more):
    return dict({"id": binding_id, "datastream_id": 456, "target_id": 789}, **more)


@pytest.fixture
def service(scripted):
    """What is asked of it, and what it answers, with its clock at SEEN."""
    scripted.date = datetime(2026, 2, 1, tzinfo=timezone.utc)

    class Scripted:
        def lists(self, *rows):
            scripted.expect("GET", PATH, {"target_id": 789, "page_size": 100, "page": 1}, answer={"items": list(rows), "count": len(rows)})

        def patch(self, binding_id, enabled=True, answer=None, **more):
            scripted.expect("PATCH", f"{PATH}{binding_id}/", body={"enabled": enabled}, answer=answer or row(binding_id, enabled=enabled, **more))

    return Scripted()


@pytest.fixture
def run(scripted, ledger_place):
    def run(enabled=True, check_mode=False, wait=20, **options):
        chosen = {"binding_ids": None, "datastream_id": None, "target_id": 789, **options}
        return switch(scripted, dict(chosen, enabled=enabled, ledger=ledger_place.ledger, ledger_password=None, ledger_wait=wait), check_mode)

    return run


@pytest.fixture
def records(ledger_place):
    def records():
        with ledger_place.open(LOOK) as ledger:
            return ledger.records()

    return records


def test_what_differs_is_written_and_noted(service, run, records):
    service.lists(row(5, enabled=False, updated=OLD), row(6, enabled=True, updated=OLD))
    service.patch(5, updated=NEW)
    result = run()
    assert (result["changed"], result["affected"]) == (True, {"binding_ids": [5]})
    assert [one["enabled"] for one in result["bindings"]] == [True, True]
    [(binding_id, record)] = records().items()  # of what was neither known nor written nothing is noted
    assert (binding_id, record.enabled, record.updated, record.seen, record.writing, record.known) == (5, True, NEW, SEEN, None, False)
    assert (record.enabled_periods, record.unknown_periods) == (((NEW, None),), ((SEEN, NEW, OWN),))


@pytest.mark.parametrize("rows", [[row(5, enabled=True, updated=OLD)], [row(5, enabled=False, updated=OLD), row(6, enabled=True)]])
def test_check_mode_predicts_and_writes_nothing(service, run, ledger_place, rows):
    before = ledger_place.content()
    service.lists(*rows)
    predicted = run(check_mode=True)
    assert ledger_place.content() == before
    service.lists(*rows)
    if rows[0]["enabled"] is False:
        service.patch(5, updated=NEW)
    result = run()
    for one in predicted["bindings"] + result["bindings"]:
        one.pop("updated", None)
    assert result == predicted


def test_that_there_is_a_write_is_noted_before_it_goes_out(service, run, scripted, records):
    noted = []
    real = scripted.request

    def request(method, *arguments, **more):
        if method == "PATCH":
            noted.append({one: record.writing for one, record in records().items()})
        return real(method, *arguments, **more)

    scripted.request = request
    service.lists(row(5, enabled=False, updated=OLD), row(6, enabled=False, updated=OLD))
    service.patch(5, updated=NEW)
    service.patch(6, updated=NEW)
    run()
    assert noted == [{5: True, 6: True}] * 2
    assert {record.writing for record in records().values()} == {None}


@pytest.mark.parametrize("kind", [Refused, Lost])
def test_a_failure_half_way_keeps_what_is_certain(service, run, records, kind):
    error = Refused("PATCH", PATH, 403, "no") if kind is Refused else Lost("PATCH", PATH, "gone")
    service.lists(*(row(one, enabled=False, updated=OLD) for one in (5, 6, 7)))
    service.patch(5, updated=NEW)
    service.patch(6, answer=error)
    with pytest.raises(kind) as caught:
        run()
    assert caught.value.result()["remaining"] == {"binding_ids": [6, 7]}
    assert {one: (record.enabled, record.writing) for one, record in records().items()} == {5: (True, None), 6: (False, True), 7: (False, True)}


@pytest.mark.parametrize("updated", [None, 1700000000, "2026-02-01T00:00:60Z", "soon"])
def test_an_answer_without_a_readable_updated_has_the_time_of_the_answer(service, run, records, updated):
    """One that kept the old time would never be sent; one that cannot be read is no reason to fail after the write."""
    service.lists(row(5, enabled=False, updated=OLD))
    service.patch(5, **({} if updated is None else {"updated": updated}))
    assert run()["changed"] is True
    assert records()[5].enabled_periods == ((SEEN, None),)


def test_what_the_list_does_not_tell_is_known_from_the_write_before(service, run, records):
    service.lists(row(5))
    service.patch(5, updated=NEW)
    assert run()["changed"] is True
    service.lists(row(5))
    assert run()["changed"] is False
    service.lists(row(5))
    service.patch(5, enabled=False)
    assert run(enabled=False)["changed"] is True
    assert records()[5].enabled is False


def test_a_binding_that_another_run_has_enabled_meanwhile_is_not_written_again(service, run, monkeypatch):
    """Both read it as disabled; the second one reads again in its turn, and the first time of enabling stays."""
    turns = iter([True, False])
    monkeypatch.setattr(Ledger, "take_turn", lambda _ledger, _ids: next(turns))
    service.lists(row(5, enabled=False, updated=OLD))
    service.lists(row(5, enabled=True, updated=NEW))
    result = run()
    assert (result["changed"], result["bindings"][0]["updated"]) == (False, NEW)


def test_while_another_run_holds_the_binding_nothing_is_written(service, run, fork, ledger_place):
    def work(child):
        with ledger_place.open() as ledger:
            ledger.take_turn([5])
            child.say("held")
            child.wait()

    child = fork(work)
    assert child.hear() == "held"
    for check_mode in (False, True):
        service.lists(row(5, enabled=False, updated=OLD))
        with pytest.raises(LedgerError, match="Another run holds what this one needs"):
            run(wait=0, check_mode=check_mode)


def test_without_a_ledger_nothing_is_asked_and_nothing_written(scripted, tmp_path):
    (tmp_path / "file").write_text("")
    params = {"ledger": str(tmp_path / "file" / "ledger"), "ledger_password": None, "ledger_wait": 0, "enabled": True}
    for check_mode in (False, True):
        with pytest.raises(LedgerError):
            switch(scripted, dict(params, binding_ids=[5], datastream_id=None, target_id=None), check_mode)


def test_an_unknown_binding_is_refused(service, run):
    service.lists(row(5, enabled=False))
    with pytest.raises(InputError, match="binding_ids: not found among the bindings this key can see with target_id 789: 7"):
        run(binding_ids=[5, 7])
