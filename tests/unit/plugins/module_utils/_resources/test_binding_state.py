# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enabling and disabling bindings: what is written, and what the ledger records before and after each write."""

from __future__ import annotations

from datetime import datetime

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    LedgerError,
    Lost,
    NotReached,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.periods import Reason, State, show
from ansible_collections.adverity.management.plugins.module_utils._resources.binding_state import stops_the_run
from ansible_collections.adverity.management.plugins.module_utils._resources.bindings import PATH
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import KEY, World, moment
from ansible_collections.adverity.management.tests.unit.plugins.support import runs
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

ENABLE = {"target_id": 789, "enabled": True}
LOST = {"drop": "before"}
CUT = {"status": {"code": 200, "body": "[", "content_type": "application/json"}}


def status(code):
    return {"status": {"code": code}}


def disabled(*binding_ids):
    """A world in which these bindings are disabled. Only what a request takes moves its clock."""
    world = World().datastream(456)
    world.data["step"] = 0
    for binding_id in binding_ids:
        world.binding(binding_id, 456)
    return world


def row(binding_id, **more):
    return {"id": binding_id, "datastream_id": 456, "target_id": 789, **more}


def written(scene):
    """The IDs of the bindings in the changes that were sent, in their order."""
    return [binding_id for binding_id, _body in scene.patches()]


def unknown_periods(history):
    return [(show(each.since), each.until and show(each.until), each.reason) for each in history.periods if each.state is State.UNKNOWN]


def test_binding_that_differs_is_written_and_each_write_is_recorded_before_and_after(begin):
    scene, pending = begin(disabled(4, 5).binding(6, 456, enabled=True)), []

    def record_pending(_world):
        pending.append([each for each, history in scene.histories().items() if history.is_write_pending])

    scene.service.script(method="PATCH", times=None, changes=record_pending)
    result = scene.run("binding", **ENABLE)
    assert scene.patches() == [(4, {"enabled": True}), (5, {"enabled": True})]
    assert pending == [[4], [5]]
    assert (result["changed"], result["affected"]) == (True, {"binding_ids": [4, 5]})
    assert [(each["enabled"], each["updated"]) for each in result["bindings"]] == [(True, moment())] * 2 + [(True, moment(days=400))]
    labels = [f"binding {each} (datastream 456 to Destination no. 789)" for each in (4, 5)]
    assert result["diff"] == {side: {label: {"enabled": side == "after"} for label in labels} for side in ("before", "after")}
    histories = scene.histories()
    assert list(histories) == [4, 5, 6]  # also of what was neither recorded before nor written
    assert (histories[5].enabled, histories[5].updated) == (True, moment())
    assert (histories[5].is_write_pending, histories[5].has_backfill) == (False, False)
    assert [fact.kind for fact in histories[5].facts] == [FactKind.ROW, FactKind.WRITE, FactKind.ANSWER]
    assert histories[5].periods[-1].state is State.ENABLED
    assert [reason for _since, _until, reason in unknown_periods(histories[5])] == [Reason.OWN]


@pytest.mark.parametrize("updated", ["absent", "number", "unreadable"])
def test_response_without_a_readable_updated_is_bounded_by_the_clock(begin, updated):
    """One that kept the old time would never be sent; one that cannot be read is no reason to fail after the write."""
    scene = begin(disabled(5), patch_updated=updated)
    scene.service.fault(method="PATCH", delay={"seconds": 3})
    assert scene.run("binding", **ENABLE)["changed"] is True
    [*_before, period] = scene.histories()[5].periods
    assert (show(period.since), period.until, period.state) == (moment(seconds=-4), None, State.ENABLED)


# How long a binding is unknown


@pytest.mark.parametrize(("seconds", "methods"), [(0.5, "GPPPPGPPPPGPPPPGPPP"), (0.05, "G" + 15 * "P")])
def test_bindings_are_read_again_where_the_last_reading_is_old(begin, seconds, methods):
    """Each is unknown for some seconds at most, however long the run takes."""
    scene = begin(disabled(*range(11, 26)))
    scene.service.latency = seconds
    assert scene.run("binding", **ENABLE)["affected"] == {"binding_ids": list(range(11, 26))}
    assert "".join(request["method"][0] for request in scene.requests()) == methods
    for history in scene.histories().values():
        [(since, until, reason)] = unknown_periods(history)
        assert reason is Reason.OWN
        assert history.facts[-1].kind is FactKind.ANSWER  # what is read again says nothing of those that are written
        assert 0 <= (datetime.fromisoformat(until[:19]) - datetime.fromisoformat(since[:19])).total_seconds() <= 4


def test_binding_that_somebody_else_enabled_meanwhile_is_not_written(begin):
    scene = begin(disabled(5, 6, 7))
    scene.service.fault(method="PATCH", delay={"seconds": 3})
    scene.service.script(method="PATCH", when="after", changes={"switch": {"binding_id": 6, "enabled": True}})
    result = scene.run("binding", **ENABLE)
    assert written(scene) == [5, 7]
    assert result["affected"] == {"binding_ids": [5, 7]}
    assert [each["enabled"] for each in result["bindings"]] == [True, True, True]


@pytest.mark.parametrize("fault", [status(500), CUT, {"html": {}}], ids=str)
def test_list_that_cannot_be_read_again_stops_nothing(begin, fault):
    scene = begin(disabled(5, 6))
    scene.service.fault(method="PATCH", delay={"seconds": 3})
    scene.service.fault(method="GET", skip=1, **fault)
    assert scene.run("binding", **ENABLE, retries=0)["affected"] == {"binding_ids": [5, 6]}
    assert [request["method"] for request in scene.requests()] == ["GET", "PATCH", "GET", "PATCH"]


# Failures


def test_error_stops_the_run_where_it_concerns_every_request():
    refused = [Refused("PATCH", PATH, code, "x") for code in (400, 401, 403, 404, 407, 429, 500)]
    assert [error.status for error in refused if stops_the_run(error)] == [401, 407, 429]
    others = [NotReached("PATCH", PATH, "x"), Lost("PATCH", PATH, "x"), UnreadableAnswer("x", method="PATCH", path=PATH)]
    assert [stops_the_run(error) for error in others] == [True, False, False]


ALL = [5, 6, 7, 8, 9]
RUN_AGAIN = "Run it again: it reads first and writes only what differs."


@pytest.mark.parametrize(
    ("fault", "failing", "unknown", "tried", "says"),
    [
        # One that cannot be written does not hold up the others, nor do three that were certainly not written.
        (status(404), 3, [], ALL, None),
        (LOST, 2, [6, 7], ALL, None),
        ({"html": {}}, 1, [6], ALL, None),
        # What concerns every request ends the run, and so do three in succession without a certain outcome.
        (status(401), 1, [], [5, 6], "Not written: bindings 6-9."),
        (status(500), 3, [6, 7, 8], [5, 6, 7, 8], "Whether bindings 6-8 were written is unknown. Not written: binding 9."),
    ],
)
def test_failed_writes_end_the_run_only_where_others_cannot_succeed(begin, fault, failing, unknown, tried, says):
    scene = begin(disabled(*ALL))
    scene.service.fault(method="PATCH", skip=1, times=failing, **fault)
    result = scene.run("binding", **ENABLE, retries=0)
    assert written(scene) == tried
    enabled = scene.enabled()
    assert enabled == [5] if says else [5, *ALL[1 + failing :]]
    assert (result["failed"], result["changed"], result["affected"]) == (True, True, {"binding_ids": enabled})
    assert result["remaining"] == {"binding_ids": [each for each in ALL if each not in enabled]}
    assert result["unknown"] == {"binding_ids": unknown}
    assert [each["id"] for each in result["bindings"] if each["enabled"]] == enabled
    assert result.get("unfinished", False) is (says is None)
    if says:
        assert result["msg"].endswith(f"Written before that: binding 5. {says} {RUN_AGAIN}")
    else:
        assert result["msg"].startswith("Bindings enabled in this run: 5")
        assert ". Still open, not enabled: binding 6 (datastream 456 to Destination no. 789): PATCH /api/v1/bindings/6/ " in result["msg"]
        assert "deploy_destination_datastream_ids" in result["msg"]
    histories = scene.histories()
    assert [each for each in histories if histories[each].enabled] == enabled
    assert [each for each in histories if histories[each].is_write_pending] == unknown


@pytest.mark.parametrize(
    "response", [[], "ok", row(2, enabled=True), row("1", enabled=True), {"enabled": True}, row(1), row(1, enabled=False), row(1, enabled=1)], ids=str
)
def test_response_that_is_not_this_binding_in_this_state_leaves_it_unknown(begin, response):
    scene = begin(disabled(1))
    scene.service.fault(method="PATCH", json=response)
    result = scene.run("binding", **ENABLE)
    assert "but the response does not show the binding as enabled" in result["msg"]
    assert result["unknown"] == {"binding_ids": [1]}
    assert scene.histories()[1].is_write_pending is True


@pytest.mark.parametrize(
    ("fault", "list_fault", "switches", "methods"),
    [
        ({**status(500), "work": True}, {}, {}, ["PATCH", "GET"]),
        ({**status(504), "work": True}, {}, {}, ["PATCH", "GET"]),
        ({"drop": "after"}, {}, {}, ["PATCH", "GET"]),
        (LOST, {}, {}, ["PATCH", "GET", "PATCH"]),
        ({"drop": "after"}, {}, {"binding_rows": "no_enabled"}, ["PATCH", "GET", "PATCH"]),
        ({"drop": "after"}, status(403), {}, ["PATCH", "GET"]),
    ],
)
def test_after_a_lost_response_the_binding_is_read_and_written_again_only_where_it_shows_no_write(begin, fault, list_fault, switches, methods):
    scene = begin(disabled(1), **switches)
    scene.service.fault(method="PATCH", **fault)
    if list_fault:
        scene.service.fault(method="GET", skip=1, **list_fault)
    result = scene.run("binding", binding_ids=[1], enabled=True, retries=1)
    assert [request["method"] for request in scene.requests()[1:]] == methods
    assert ["datastream_id", "456"] in scene.requests()[2]["query"]
    if list_fault:
        assert result["unknown"] == {"binding_ids": [1]}
    else:
        assert (result["changed"], result["bindings"][0]["updated"]) == (True, scene.service.world.bindings[1]["updated"])


# Two runs at once


def test_run_that_waited_for_the_lock_reads_again_and_one_that_may_not_wait_writes_nothing(begin):
    scene, time = begin(disabled(5)), runs.Time()

    def enable(**options):
        def work(call):
            return call("adverity_binding", **ENABLE, api_key=KEY, ledger=str(scene.ledger), **options)

        return runs.Run(work, lambda: SimulatorTransport(scene.service), time)

    with runs.held(time):
        first, second, hasty = enable(), enable(), enable(ledger_wait=0)
        while not any(point.startswith("before PATCH") for point in first.points):
            first.go_on(1)
        second.go_on(1000)
        assert second.waits
        assert isinstance(hasty.go_on().error, LedgerError)
        assert first.go_on().result["changed"] is True
        assert (second.go_on().result["changed"], second.result["bindings"][0]["enabled"]) == (False, True)
    assert written(scene) == [5]
