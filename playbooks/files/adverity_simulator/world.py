# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world: what the service knows."""

from __future__ import annotations

import bisect
import copy
from datetime import datetime, timedelta
from typing import Any

from .catalogue import catalogue
from .clock import Clock
from .fields import DEPENDENTS, FIELDS, KINDS, REFERENCES, REQUIRED, UNIQUE
from .values import Row, exact_time, is_whole, parse_time


class World:
    """Everything the service knows, as dictionaries of rows: by id, the keys by name, workspaces by UUID.

    Built from plain data (the seed file); `data()` gives that back. ValueError, in one line, names what is wrong.
    Rows may be changed in place; `put` and `remove` add and take away and keep the look-ups right. Times in rows are
    text with the fraction of a second that they have; what an answer shows of it is a switch.

    `loads` are the loads by requeue, `self_loads` those of extracts that were fetched while a binding was enabled:
    rows of extract_id, binding_id, datastream_id and at. `refused` are extracts that no requeue takes.
    """

    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"a world is an object, not {type(data).__name__}")
        names = ("now", "step", "ahead", "first_type_id", "keys", "refused", *KINDS)
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise ValueError(f"a world has no {', '.join(unknown)}; it has {', '.join(names)}")
        self.workspaces: dict[str, Row] = {}
        self.target_types: dict[int, Row] = {}
        self.connection_types: dict[int, Row] = {}
        self.datastream_types: dict[int, Row] = {}
        self.connections: dict[int, Row] = {}
        self.datastreams: dict[int, Row] = {}
        self.targets: dict[int, Row] = {}
        self.bindings: dict[int, Row] = {}
        self.extracts: dict[int, Row] = {}
        self.keys: dict[str, Row] = {}
        self.loads: list[Row] = []
        self.self_loads: list[Row] = []
        self._timeline: dict[int, list[tuple[datetime, int]]] = {}  # datastream: its extracts, oldest first
        self.unseen: dict[int, int | None] = {}  # new binding: how many reads of the bindings list do not show it; None: all
        self._last: dict[str, int] = {}  # kind: the highest id that there was; none is given twice
        self._switched: dict[int, list[tuple[datetime, bool]]] = {}  # binding: its changes, each with the state before it
        self.clock = Clock({name: data[name] for name in ("now", "step", "ahead") if name in data})
        refused = data.get("refused") or []
        if not isinstance(refused, list) or not all(map(is_whole, refused)):
            raise ValueError("refused: a list of extract ids is due")
        self.refused = set(refused)
        first_type_id = data.get("first_type_id", 21)
        if not is_whole(first_type_id) or first_type_id < 1:
            raise ValueError("first_type_id: a whole number from 1 is due")
        types = catalogue(first_type_id)
        for kind in KINDS:
            rows = data.get(kind, types.get(kind, []))
            if not isinstance(rows, list):
                raise ValueError(f"{kind}: a list is due")
            for number, row in enumerate(rows, 1):
                before = len(getattr(self, kind))
                self.put(kind, row, where=f"{kind}, row {number}")
                if len(getattr(self, kind)) == before:
                    raise ValueError(f"{kind}, row {number}: the id is there twice")
        keys = data.get("keys") or {}
        if not isinstance(keys, dict):
            raise ValueError("keys: an object of names and keys is due")
        for name, row in keys.items():
            self.keys[name] = self._read("keys", row, f"key {name}")
            self._refer(self.workspaces, self.keys[name], "workspace", f"key {name}")
        for row in self.workspaces.values():
            if row["parent"] is not None:
                self._refer(self.workspaces, row, "parent", f"workspace {row['name']}")

    def data(self) -> Row:
        """The world as plain data, as a seed file holds it (without the record of loads)."""
        rows = {kind: list(getattr(self, kind).values()) for kind in KINDS}
        return copy.deepcopy({**self.clock.data(), "keys": self.keys, "refused": sorted(self.refused), **rows})

    def now(self) -> datetime:
        """The present moment of the service's clock."""
        return self.clock.now()

    def tick(self) -> datetime:
        """A write has come: a fixed clock moves on. Returns the moment of the write."""
        return self.clock.tick()

    def switch_binding(self, identity: int, enabled: bool, at: str | None = None) -> Row:
        """Switch a binding, by a caller or by hand, now or at a time, and refresh its `updated`. Returns its row."""
        if identity not in self.bindings:
            raise ValueError(f"there is no binding {identity}")
        row, history = self.bindings[identity], self._switched.setdefault(identity, [])
        moment = self.tick() if at is None else parse_time(at)
        if history and moment < history[-1][0]:
            raise ValueError(f"binding {identity} has been switched after {at}")
        history.append((moment, row["enabled"]))
        row.update(enabled=enabled, updated=exact_time(moment))
        return row

    def enabled_at(self, identity: int, moment: datetime) -> bool:
        """Whether a binding was enabled then. At the very moment of a change it counts as made."""
        enabled = self.bindings[identity]["enabled"]
        for switched, before in reversed(self._switched.get(identity, [])):
            if moment >= switched:
                break
            enabled = before
        return bool(enabled)

    def fetch(self, datastream_id: int, identity: int | None = None, at: str | None = None) -> Row:
        """The service fetches an extract, now or at a time; it loads by itself to the bindings that are enabled then.

        Without an identity it gets the next one. Returns its row.
        """
        identity = self.next_id("extracts") if identity is None else identity
        if identity in self.extracts:
            raise ValueError(f"extract {identity} is there already")
        if datastream_id not in self.datastreams:
            raise ValueError(f"there is no datastream {datastream_id}")
        moment = self.tick() if at is None else parse_time(at)
        row = {"id": identity, "datastream_id": datastream_id, "created": exact_time(moment)}
        self.put("extracts", row, where="fetch")
        for number, binding in sorted(self.bindings.items()):
            if binding["datastream_id"] == datastream_id and binding["available"] and self.enabled_at(number, moment):
                self.self_loads.append({"extract_id": identity, "binding_id": number, "datastream_id": datastream_id,
                                        "at": row["created"]})
        return self.extracts[identity]

    def next_id(self, kind: str) -> int:
        """The id of the next row of this kind."""
        return self._last.get(kind, 0) + 1

    def put(self, kind: str, row: Row, where: str = "row") -> None:
        """Add a row, or replace the one with its id. An extracts row may also be a series of extracts."""
        if kind not in KINDS:
            raise ValueError(f"{where}: there are no {kind}; there are: {', '.join(KINDS)}")
        if kind == "extracts" and isinstance(row, dict) and "first_id" in row:
            series = self._read("series", row, where)
            start = parse_time(series["from"])
            for number in range(series["count"]):
                created = exact_time(start + timedelta(hours=series["every_hours"] * number))
                identity = series["first_id"] + number
                if identity in self.extracts:
                    raise ValueError(f"{where}: extract {identity} is there twice")
                self.put(kind, {"id": identity, "datastream_id": series["datastream_id"], "created": created}, where)
            return
        row = self._read(kind, row, where)
        for name, (other, key) in REFERENCES.get(kind, {}).items():
            if row[name] is not None:
                rows = getattr(self, other)
                self._refer(rows if key == "id" else {one[key]: one for one in rows.values()}, row, name, where)
        for name in UNIQUE.get(kind, ()):
            if any(known[name] == row[name] and known["id"] != row["id"] for known in getattr(self, kind).values()):
                raise ValueError(f"{where}: the {name} {row[name]} is there twice")
        if kind == "targets" and not any(one["class"] == row["type"] for one in self.target_types.values()):
            name = row["type"][:-6] if row["type"].endswith("Target") and row["type"] != "Target" else row["type"]
            self.put("target_types", {"id": self.next_id("target_types"), "name": name, "class": row["type"]}, where)
        if kind != "workspaces":
            self._last[kind] = max(self._last.get(kind, 0), row["id"])
        if kind == "extracts":
            self.remove(kind, row["id"])
            entry = (parse_time(row["created"]), row["id"])
            bisect.insort(self._timeline.setdefault(row["datastream_id"], []), entry)
        getattr(self, kind)[row["id"]] = row

    def remove(self, kind: str, identity: Any) -> None:
        """Take a row away by its id, if it is there, and with it what depends on it (DEPENDENTS)."""
        if kind not in KINDS:
            raise ValueError(f"there are no {kind}; there are: {', '.join(KINDS)}")
        row = getattr(self, kind).pop(identity, None)
        if kind == "bindings":
            self._switched.pop(identity, None)
        if row and kind == "extracts":
            self._timeline[row["datastream_id"]].remove((parse_time(row["created"]), identity))
        for other, reference in DEPENDENTS.get(kind, ()) if row else ():
            rows = getattr(self, other).values()
            for gone in [item["id"] for item in rows if item[reference] == identity]:
                self.remove(other, gone)

    def timeline(self, datastream_id: int) -> list[tuple[datetime, int]]:
        """(created, id) of the extracts of a datastream, oldest first."""
        return self._timeline.get(datastream_id, [])

    def _read(self, kind: str, row: Any, where: str) -> Row:
        if not isinstance(row, dict):
            raise ValueError(f"{where}: an object is due, not {row!r}")
        unknown = sorted(set(row) - set(FIELDS[kind]))
        if unknown:
            raise ValueError(f"{where}: unknown field {', '.join(unknown)}; known: {', '.join(FIELDS[kind])}")
        result: Row = {}
        for name, (check, default) in FIELDS[kind].items():
            if name not in row and default is REQUIRED:
                raise ValueError(f"{where}: {name} is missing")
            try:
                if name in row:
                    result[name] = check(row[name])
                else:
                    result[name] = default(result, self) if callable(default) else copy.copy(default)
            except ValueError as exc:
                raise ValueError(f"{where}: {name}: {exc}") from None
        return result

    @staticmethod
    def _refer(rows: dict[Any, Row], row: Row, name: str, where: str) -> None:
        if row[name] not in rows:
            raise ValueError(f"{where}: {name} {row[name]!r} does not exist")


def related(world: World, named: set[str], scope: str | None) -> set[str]:
    """The named workspaces and, by scope, those above them, those below them, or both (`family`)."""
    found = set(named)
    if scope in ("ancestors", "family"):
        for workspace in named:
            while workspace in world.workspaces and world.workspaces[workspace]["parent"] not in found | {None}:
                workspace = world.workspaces[workspace]["parent"]
                found.add(workspace)
    if scope in ("descendants", "family"):
        below = set(named)
        while below:
            below = {row["id"] for row in world.workspaces.values() if row["parent"] in below} - found
            found |= below
    return found
