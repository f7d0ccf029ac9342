# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that the guides do not rule out, and that no switch of the simulator gives. Not tests."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request, Response
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport, respond

Row = dict[str, Any]
LONGEST_LAG = timedelta(seconds=50)
BINDINGS, EXTRACTS, REQUEUE = "/api/v1/bindings/", "/api/extracts/", "/api/v1/extracts/requeue/"


class StrangeTransport:
    """A simulator whose answers are strange.

    ``old_updated``: the answer to a PATCH has the ``updated`` of before. ``lag``: so many lists of bindings show a binding as it was before the last PATCH,
    for less than the minute that periods.py allows for.
    ``minutes``: times of bindings are written to the minute. ``date_ahead``: seconds by which ``Date`` is before the service's clock.
    ``ties``: extracts with the same ``created`` come in another order on each page.
    ``refused_bindings``: no requeue takes them. ``unreadable``: datastreams whose list of extracts returns 500; ``broken``: whose requeues do.
    """

    def __init__(
        self, simulator: Any, old_updated: bool = False, minutes: bool = False, ties: bool = False, lag: int = 0, date_ahead: float = 0.0
    ) -> None:  # fmt: skip
        self.old_updated, self.minutes, self.ties, self.lag, self.date_ahead = old_updated, minutes, ties, lag, date_ahead
        self.refused_bindings: set[int] = set()
        self.unreadable: set[int] = set()
        self.broken: set[int] = set()
        self.lagging: dict[int, tuple[Row, int, datetime]] = {}  # binding: its row before the last change, how many lists still show it, and until when
        self._inner = SimulatorTransport(simulator)
        self._simulator = simulator
        self._lists = 0

    def send(self, request: Request) -> Response:
        response = self._refuse(request) or self._answer(request)
        date = response.headers.get("Date")
        if date and self.date_ahead:
            moment: datetime = parsedate_to_datetime(date) + timedelta(seconds=self.date_ahead)
            del response.headers["Date"]
            response.headers["Date"] = format_datetime(moment, usegmt=True)
        return response

    def _refuse(self, request: Request) -> Response | None:
        world = self._simulator.world
        if request.method == "POST" and request.path == REQUEUE:
            body = json.loads(request.body or b"{}")
            named = body.get("binding_ids") or [one for one, row in world.bindings.items() if row["enabled"]]
            if self.refused_bindings.intersection(named):
                return respond(400, b'{"detail": "The destination does not take this."}')
            if any(world.extracts[one]["datastream_id"] in self.broken for one in body["extract_ids"] if one in world.extracts):
                return respond(500)
        if request.method == "GET" and request.path == EXTRACTS and int(_single(request.params, "datastream_id")) in self.unreadable:
            return respond(500)
        return None

    def _answer(self, request: Request) -> Response:
        patched = re.fullmatch(BINDINGS + r"(\d+)/", request.path) if request.method == "PATCH" else None
        if patched:
            return self._patch(request, int(patched[1]))
        if request.method == "GET" and request.path == EXTRACTS and self.ties:
            return self._list_extracts(request)
        response = self._inner.send(request)
        if request.method == "GET" and request.path == BINDINGS and response.status == 200:
            return _change(response, self._show_before)
        return response

    def _row(self, binding_id: int) -> Row | None:
        """A binding's row as a list would show it now. The request leaves no trace."""
        key = next(iter(self._simulator.world.keys.values()))["key"]
        response = self._inner.send(Request("GET", BINDINGS, {"page_size": 100}, {"Authorization": "Bearer " + key}, None))
        self._simulator.requests.pop()
        return next((row for row in json.loads(response.content)["items"] if row["id"] == binding_id), None)

    def _patch(self, request: Request, binding_id: int) -> Response:
        before = self._row(binding_id)
        response = self._inner.send(request)
        if response.status != 200:
            return response
        if self.lag and before is not None:
            self.lagging[binding_id] = (before, self.lag, self._simulator.world.now() + LONGEST_LAG)

        def change(row: Row) -> None:
            if self.old_updated and before is not None and "updated" in row and "updated" in before:
                row["updated"] = before["updated"]
            self._coarse(row)

        return _change(response, change)

    def _show_before(self, data: Row) -> None:
        for index, row in enumerate(data["items"]):
            if row["id"] in self.lagging:
                before, left, until = self.lagging.pop(row["id"])
                if self._simulator.world.now() < until:
                    data["items"][index] = row = dict(before)
                    if left > 1:
                        self.lagging[row["id"]] = (before, left - 1, until)
            self._coarse(row)

    def _coarse(self, row: Row) -> None:
        for name in ("created", "updated"):
            if self.minutes and isinstance(row.get(name), str):
                row[name] = row[name][:16] + "Z"

    def _list_extracts(self, request: Request) -> Response:
        """A page of the list: the whole list, sorted anew for each page, cut."""
        switches = self._simulator.switches
        size, page = switches["extract_page_size"], int(_single(request.params, "page") or 1)
        everything = {name: value for name, value in (request.params or {}).items() if name != "page"}
        switches["extract_page_size"] = 10**6
        try:
            whole = self._inner.send(request._replace(params=everything))
        finally:
            switches["extract_page_size"] = size
        if whole.status != 200:
            return whole
        self._lists += 1
        order = random.Random(self._lists)

        def cut(data: Row) -> None:
            rows = data["results"]
            newest_first = len(rows) < 2 or rows[0].get("created", "") >= rows[-1].get("created", "")
            order.shuffle(rows)
            rows.sort(key=lambda row: row.get("created", ""), reverse=newest_first)
            more = page * size < len(rows)
            query = "&".join(f"{name}={_single(everything, name)}" for name in everything)
            data["next"] = f"https://elsewhere.example{EXTRACTS}?{query}&page={page + 1}" if more else None
            data["results"] = rows[(page - 1) * size : page * size]

        return _change(whole, cut)


def _change(response: Response, change: Callable[[Row], None]) -> Response:
    data = json.loads(response.content)
    change(data)
    return response._replace(content=json.dumps(data).encode())


def _single(params: Any, name: str) -> Any:
    value = (params or {}).get(name)
    return value[0] if isinstance(value, list) else value
