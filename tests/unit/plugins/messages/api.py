# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the messages about the connection, and about what the API returned. Not tests."""

from __future__ import annotations

import itertools
import socket
import time
from typing import Any
from unittest import mock

from ansible_collections.adverity.management.plugins.module_utils._api import connection, time_limit, transport
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import BIGQUERY, acme
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import uuids
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import Given, Row, Stage, answers, status, task

LOAD = {"datastream_id": 456, "target_id": 790}
NEW = {"type": "bigquery", "name": "New", "workspace": "Acme", "connection": "31", "settings": BIGQUERY}
EXTRACTS, BINDINGS, REQUEUE = "api/extracts", "v1/bindings", "extracts/requeue"
FETCHED = "2026-03-01T00:00:00Z"


def bindings(count: int, *ids: int) -> Row:
    """A page of the list of bindings."""
    return {"items": [{"id": each, "datastream_id": 456, "target_id": 789, "enabled": True} for each in ids], "count": count}


def page(count: int, *ids: int, more: Any = "https://acme.example/api/extracts/?page=2", created: str = FETCHED) -> Row:
    """A page of the list of extracts."""
    rows = [{"id": each, "datastream": {"id": 456}, "created": created, "state_label": "Collected"} for each in ids]
    return {"count": count, "next": more, "previous": None, "results": rows}


def listing(*pages: Row, **more: Any) -> Given:
    """The extracts are listed, with these pages again and again."""
    return task("extract_info", datastream_id=456, faults=answers(EXTRACTS, *pages), **more)


def shrinking(stage: Stage) -> Any:
    """A list without a count, of which each reading lacks what the one before had."""
    pages = ({**page(0, each, more=more), "count": None} for number in itertools.count(1) for each, more in ((number * 10, "/api/extracts/?page=2"), (1, None)))
    return task("extract_info", datastream_id=456, faults=answers(EXTRACTS, *itertools.islice(pages, 40), times=1))(stage)


def over_http(scene: Any, address: str, **options: Any) -> Any:
    """A task that speaks to an address over the real transport."""
    with mock.patch.object(connection, "RequestsTransport", transport.RequestsTransport):
        return scene.run("binding_info", instance=address, retries=0, **options)


def no_connection(stage: Stage) -> Any:
    """Nobody answers while a connection is made."""
    scene = stage.open(acme())
    stage.patch.setattr(socket.socket, "connect", mock.Mock(side_effect=socket.timeout("timed out")))
    return over_http(scene, "http://127.0.0.1:9")


def slow_response(stage: Stage) -> Any:
    """A response that comes byte by byte, for longer than a whole one may take."""
    stage.patch.setattr(time_limit, "of_whole_answer", lambda _timeout: 0.2)
    stage.patch.setattr(time_limit, "clock", time)
    scene = stage.open(acme())
    with in_process.import_simulator().Simulator(acme().data) as service:
        service.fault(drip={"seconds": 0.1, "limit": 900})
        return over_http(scene, service.url, timeout=300)


def sent(body: Any) -> Given:
    """The response to a request that sends extracts."""
    return task("requeue", **LOAD, faults=[{"method": "POST", "path": REQUEUE, "json": body}])


ROWS: dict[str | tuple[str, ...], Given] = {
    # The connection
    "did not reach ...: no connection within": no_connection,
    "got no complete response from": slow_response,
    "but the response is cut short": task(
        "binding_info", retries=0, faults=[{"status": {"code": 200, "body": "{", "content_type": "application/json"}, "path": BINDINGS}],
    ),
    # Lists
    "count changed from": task("binding_info", faults=answers(BINDINGS, bindings(3, 1, 2), bindings(4, 3))),
    "but up to page ... there are": task("binding_info", faults=answers(BINDINGS, bindings(3, 1, 2), bindings(3))),
    "different rows among": task("binding_info", faults=answers(BINDINGS, bindings(3, 1, 2), bindings(3, 1, 2))),
    "count fell from": listing(page(3, 3, 2), page(2, 1, more=None)),
    "a page has only rows that came before": listing(page(3, 3, 2), page(3, 3, 2)),
    "a page has no rows, but names a next page": listing(page(3, 3, 2), page(3)),
    "rows of one reading are missing in the next": shrinking,
    "the next page does not exist": task("extract_info", datastream_id=456, faults=[*answers(EXTRACTS, page(3, 3, 2), times=1), status(404, EXTRACTS)] * 20),
    "a list '...' of objects with an id": task("binding_info", faults=answers(BINDINGS, {"count": 0})),
    "a whole number 'count'": task("binding_info", faults=answers(BINDINGS, {"items": []})),
    "an integer ID '...' in each row": task("binding_info", faults=answers(BINDINGS, {"items": [{"id": "x"}], "count": 1})),
    "returned a next page that is not a URL": listing(page(3, 3, 2, more="//")),
    "If the API never returns more of this list": task("datastream_info", faults=answers("v1/datastreams", {"items": [], "count": 1})),
    ("If it stays, select a shorter period", "but there are ... rows"): listing(page(3, 1, more=None)),
    "returned a datastream whose id is not a UUID": task("datastream_info", faults=answers("v1/datastreams", {"items": [{"id": "x"}], "count": 1})),
    # Responses
    "but not that job": task(
        "job_info", wait=60, faults=[
            *answers("api/jobs/$", {"count": 1, "next": None, "results": [{"id": 9, "state_label": "Running", "scheduled": FETCHED}]}, times=1),
            *answers("api/jobs/9/", {"id": 8}), *answers("api/jobs/$", {"count": 0, "next": None, "results": []}, times=1),
        ],
    ),
    "but the response does not show the binding as": task("binding", binding_ids=[55], enabled=False, faults=[{"method": "PATCH", "json": {"id": 54}}]),
    "but the response does not say which datastreams changed": task(
        "datastream", datastream_ids=uuids([456]), enabled=False, faults=[{"method": "PATCH", "path": "datastreams", "json": {}}],
    ),
    "but not an object and its id": task("destination", **NEW, faults=[{"method": "POST", "path": "targets", "json": {}}]),
    "it does not say which extracts it dispatched": sent({}),
    "it does not name extracts": sent({"extract_ids": [], "message": ""}),
    "The API says that it also dispatched extracts": sent({"extract_ids": [*range(4560001, 4560008), 1], "message": ""}),
    "Nothing was written.": task("destination", **NEW, faults=[status(400, "targets", "POST")]),
    "Whether ... written is unknown": task(
        "datastream", datastream_ids=uuids([456]), enabled=False, retries=0, faults=[{"method": "PATCH", "path": "datastreams", "drop": "after"}],
    ),
}  # fmt: skip
