# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two services to hold properties against: a small model, plain dicts in this process, and the simulator over HTTP.

Both take the world of a seed file (see the simulator), answer modules by ``call``, and record what was written and what was loaded.
"""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import datetime, timedelta, timezone
from importlib import import_module
from typing import Any, cast

from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Refused
from ansible_collections.adverity.management.tests.unit.plugins import in_process

Row = dict[str, Any]
_Request = import_module(in_process.import_simulator().__name__ + ".messages").Request
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
CONNECTION = {"api_key": in_process.KEY, "retries": 0, "timeout": 300}


def moment(seconds: float) -> str:
    """So many seconds after the beginning, the way the service writes it: with fractions only where there are any to be written."""
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ" if isinstance(seconds, int) else "%Y-%m-%dT%H:%M:%S.%fZ")


def uuid(number: int) -> str:
    return f"d5000000-0000-4000-8000-{number:012d}"


class Model:
    """What the guides say, in a few dicts.

    Its clock stands still but for ``tick``, and for ``pace``: seconds that pass with each request. Times are written to the second, and to the
    microsecond where ``fine`` names the field. ``hidden`` are fields that the list of bindings does not tell, ``untold`` those that the answer to a
    PATCH does not tell; ``undated`` means that extracts do not tell their time. ``bad`` are extracts that no requeue takes. ``ties`` (see the simulator's
    switch) is the order of extracts of the same time; with ``by_id`` the service lists extracts in the order of their ids where it is asked to.
    """

    host = "model.example"
    page_size = 3  # of extracts
    most_rows = 100  # of everything else, on a page

    def __init__(self, world: Row, coupled: bool = True, shows_defaults: bool = False) -> None:
        world = copy.deepcopy(world)
        self.bindings: dict[int, Row] = {row["id"]: dict(row, created=moment(0), updated=moment(0)) for row in world["bindings"]}
        self.datastreams: dict[str, Row] = {row["uuid"]: row for row in world["datastreams"]}
        self.extracts: list[Row] = world["extracts"]
        self.ties, self.by_id = world.get("ties", "stable"), world.get("by_id", False)
        self._lists = 0
        self.coupled, self.shows_defaults = coupled, shows_defaults
        self.seconds = 0.0
        self.pace = 0.0
        self.fine: frozenset[str] = frozenset()
        self.hidden: frozenset[str] = frozenset()
        self.untold: frozenset[str] = frozenset()
        self.undated = False
        self.bad: set[int] = set()
        self.loads: list[tuple[int, int]] = []
        self.writes: list[tuple[str, str, Any, Any]] = []

    def call(self, name: str, /, check_mode: bool = False, **options: Any) -> Row:
        with in_process.connected(lambda _params: ModelClient(self)):
            return in_process.run(name, dict(CONNECTION, instance=self.host, **options), check_mode)

    @property
    def seconds(self) -> float:
        return self._seconds

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self._seconds = round(seconds, 6)  # what is written to the microsecond would otherwise be in a later second than what is written to the second

    def tick(self) -> str:
        """A second passes. The time after it, as it is written."""
        self.seconds += 1
        return moment(int(self.seconds))

    def now(self, field: str) -> str:
        """The time as that field has it."""
        return moment(self.seconds) if field in self.fine else moment(int(self.seconds))

    def date(self) -> datetime:
        """The time as the header of an answer has it."""
        return START + timedelta(seconds=int(self.seconds))

    def answer(self, method: str, path: str, params: Any, body: Any) -> Any:
        """What the service makes of a request. Raises Refused."""
        self.seconds += self.pace
        return copy.deepcopy(self._answer(method, path, params or {}, copy.deepcopy(body)))

    def _answer(self, method: str, path: str, params: Row, body: Any) -> Any:
        if method != "GET":
            self.writes.append((method, path, copy.deepcopy(params), copy.deepcopy(body)))
        if path == "/api/v1/bindings/":
            filters = ("datastream_id", "target_id")
            rows = [row for _id, row in sorted(self.bindings.items()) if all(row[name] == params.get(name, row[name]) for name in filters)]
            return self._page([{name: value for name, value in row.items() if name not in self.hidden} for row in rows], params)
        if path.startswith("/api/v1/bindings/"):
            row = self.bindings[int(path.split("/")[4])]
            if not self.pace:
                self.tick()
            row.update(enabled=body["enabled"], updated=self.now("updated"))
            return {name: value for name, value in row.items() if name not in self.untold}
        if path == "/api/extracts/":
            return self._extracts(params)
        if path == "/api/v1/extracts/requeue/":
            return self._requeue(body)
        rows = self._targeted(params)
        if method == "GET":
            return self._page(rows=[self._shown(row) for row in rows], params=params)
        return self._change(method, rows, body)

    def _page(self, rows: list[Row], params: Row) -> Row:
        size, page = min(params.get("page_size", 50), self.most_rows), params.get("page", 1)
        return {"items": rows[size * (page - 1) : size * page], "count": len(rows)}

    def _extracts(self, params: Row) -> Row:
        page, by_id = int(_one(params.get("page", 1))), self.by_id and _one(params["ordering"]) == "-id"
        self._lists += 1
        tie = {"stable": lambda one: one, "by_page": shuffled(page), "random": shuffled(self._lists)}[self.ties]
        rows = sorted(
            (row for row in self.extracts if row["datastream_id"] == int(_one(params["datastream_id"]))),
            key=lambda row: (0, row["id"]) if by_id else (row["created"], tie(row["id"])),
            reverse=True,
        )
        first, last = (_read(_one(params[name])) if name in params else None for name in ("created_from", "created_to"))
        rows = [row for row in rows if (first is None or first <= _read(row["created"])) and (last is None or _read(row["created"]) <= last)]
        more = page * self.page_size < len(rows)
        query = "&".join(f"{name}={_one(value)}" for name, value in dict(params, page=page + 1).items())
        return {
            "count": len(rows),
            "next": "https://elsewhere.example/api/extracts/?" + query if more else None,
            "previous": None,
            "results": [
                {name: value for name, value in row.items() if name != "created" or not self.undated}
                for row in rows[self.page_size * (page - 1) : self.page_size * page]
            ],
        }

    def _requeue(self, body: Row) -> Row:
        by_id = {row["id"]: row for row in self.extracts}
        if not 1 <= len(body["extract_ids"]) <= 50 or not set(body["extract_ids"]) <= set(by_id) - self.bad:
            raise Refused("POST", "/api/v1/extracts/requeue/", 422, "no such extracts, or too many")
        rows = sorted((by_id[one] for one in body["extract_ids"]), key=lambda row: (row["created"], row["id"]))
        for row in rows:
            of_it = [one for one in self.bindings.values() if one["datastream_id"] == row["datastream_id"]]
            chosen = [one["id"] for one in of_it if (one["id"] in body["binding_ids"] if "binding_ids" in body else one["enabled"])]
            self.loads.extend((row["id"], one) for one in sorted(chosen))
        if not self.pace:
            self.tick()
        return {"message": "Dispatched.", "extract_ids": [row["id"] for row in rows], "extract_count": len(rows)}

    def _targeted(self, params: Row) -> list[Row]:
        enabled = {"true": True, "false": False}.get(params.get("enabled", ""))
        return [
            row
            for row in self.datastreams.values()
            if row["uuid"] in params.get("datastream_id", [row["uuid"]])
            and row["workspace"] in params.get("workspace_id", [row["workspace"]])
            and enabled in (None, row["enabled"])
            and params.get("active_pulling_mode", row["active_mode"]) == row["active_mode"]
        ]

    def _shown(self, row: Row) -> Row:
        smart = row["smart"]
        if smart and self.shows_defaults:
            smart = dict(smart, refresh_range=smart["refresh_range"] or {"value": 7, "unit": "day"}, deadline=smart["deadline"] or {"time": None})
        pulling = {"active_mode": row["active_mode"], "smart": smart, "smart_bundle": None}
        return {"id": row["uuid"], "name": row["name"], "enabled": row["enabled"], "workspace": {"id": row["workspace"], "name": "-"}, "pulling": pulling}

    def _change(self, method: str, rows: list[Row], body: Row) -> Row:
        mode = body.get("pulling", {}).get("active_mode")
        if mode == "schedule" and not all(row["has_schedule"] for row in rows):
            raise Refused("PATCH", "/api/v1/datastreams/", 400, "no fetch schedule")
        affected = []
        for row in rows:
            before = copy.deepcopy(self._shown(row))
            row["enabled"] = body.get("enabled", row["enabled"])
            row["active_mode"] = mode or row["active_mode"]
            if method == "PUT":
                row["smart"] = {name: body.get(name) for name in ("is_active", "frequency", "refresh_range", "deadline")}
                if self.coupled and body["is_active"]:
                    row["active_mode"] = "smart"
            elif mode and self.coupled and row["smart"]:
                row["smart"]["is_active"] = mode == "smart"
            if self._shown(row) != before:
                affected.append(row["uuid"])
        return {"affected": {"datastream_ids": affected}}


def _read(text: str) -> datetime:
    """A time as it stands in an address or a row; one that is no time is in every window."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return START


def shuffled(seed: int) -> Any:
    """A key for an order that is another one for each seed."""
    return lambda number: hashlib.sha256(f"{seed} {number}".encode()).digest()


def _one(value: Any) -> Any:
    """A query parameter that is given once; out of a followed link it comes as a list."""
    return value[0] if isinstance(value, list) else value


class Simulated(Model):
    """The simulator without its network, for what the model does not know: destinations, assignments, names."""

    def __init__(self, simulator: Any) -> None:
        super().__init__({"bindings": [], "datastreams": [], "extracts": []})
        simulator.reset()
        self._simulator = simulator

    def _answer(self, method: str, path: str, params: Row, body: Any) -> Any:
        query = [(name, str(one)) for name, value in params.items() for one in (value if isinstance(value, list) else [value])]
        headers = {"authorization": "Bearer " + in_process.KEY, "host": self.host, "content-type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        request = _Request(method, path, query, headers, content, True)
        head, _empty, answer = self._simulator.respond(request, 0).content.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        if status >= 300:
            raise Refused(method, path, status, answer.decode())
        return json.loads(answer) if answer else None


class ModelClient(Client):
    """The real client, with its repeating and asking, and the model in place of the network."""

    def __init__(self, model: Model, retries: int = 0) -> None:
        super().__init__("https://" + model.host, in_process.KEY, cast("Any", None), retries, 0.0)
        self._model = model

    def _send(self, method: str, path: str, params: Any, body: Any, again: bool = False) -> Any:
        data = self._model.answer(method, path, params, body)
        self.date = self._model.date()
        return data


class Real:
    """The same for the simulator."""

    def __init__(self, world: Row) -> None:
        workspaces = [{"id": one, "name": one[:2], "parent": None} for one in sorted({row["workspace"] for row in world["datastreams"]})]
        keys = {"demo": {"key": in_process.KEY, "workspace": workspaces[0]["id"]}}
        for row in workspaces[1:]:
            row["parent"] = workspaces[0]["id"]
        targets = [{"id": one} for one in sorted({row["target_id"] for row in world["bindings"]})]
        listing = {"extract_ties": world["ties"], "extract_ordering": "with_id" if world["by_id"] else "ignored"}
        data = {name: copy.deepcopy(rows) for name, rows in world.items() if name not in ("ties", "by_id")}
        self.simulator = in_process.import_simulator().Simulator(
            dict(data, now=moment(0), keys=keys, workspaces=workspaces, targets=targets), {"extract_page_size": Model.page_size, **listing}
        )

    def __enter__(self) -> Real:
        self.simulator.start()
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.simulator.stop()

    def call(self, name: str, /, check_mode: bool = False, **options: Any) -> Row:
        return in_process.run(name, dict(CONNECTION, instance=self.simulator.url, **options), check_mode)

    @property
    def bindings(self) -> dict[int, Row]:
        return self.simulator.world.bindings

    @property
    def datastreams(self) -> dict[str, Row]:
        return {row["uuid"]: row for row in self.simulator.world.datastreams.values()}

    @property
    def loads(self) -> list[tuple[int, int]]:
        return [(row["extract_id"], row["binding_id"]) for row in self.simulator.loads]

    @property
    def writes(self) -> list[tuple[str, str, Any, Any]]:
        written = []
        for row in self.simulator.requests:
            if row["method"] != "GET":
                params: dict[str, list[str]] = {}
                for name, value in row["query"]:
                    params.setdefault(name, []).append(value)
                written.append((row["method"], row["path"], params, row["body"]))
        return written
