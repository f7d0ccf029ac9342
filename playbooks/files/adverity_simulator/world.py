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
from .fields import REQUIRED, WORKSPACE, Kind, due, text
from .loading import Load, covered, record_issues, record_load
from .resources import DEPENDENTS, KINDS
from .resources.extracts import SERIES
from .values import SCOPES, Row, exact_time, is_whole, parse_time

_SCOPES = due(f"a list of {', '.join(SCOPES)}", lambda value: isinstance(value, list) and all(scope in SCOPES for scope in value))
_KEY = Kind("keys", {"key": (text, REQUIRED), "scopes": (_SCOPES, list(SCOPES)), **WORKSPACE})


class World:
    """Everything the service knows, as dictionaries of rows: by id, the keys by name, workspaces by UUID.

    Built from plain data (the seed file); `data()` gives that back. ValueError, in one line, names what is wrong.
    Rows may be changed in place; `put` and `remove` add and take away and keep the look-ups right. Times in rows are
    text with the fraction of a second that they have; what an answer shows of it is a switch.

    `loads` are the loads by requeue, `self_loads` those of extracts that were fetched while a binding was enabled:
    rows of extract_id, binding_id, datastream_id and at. `refused` are extracts that no requeue takes.

    `load_seconds` is how long a load takes, `process_seconds` how long an extract is processed after it was fetched. Loads of `failing` fail:
    rows of extract_id and, where it is only one, binding_id. `history` is every load with its times; what it holds up to now is `holds()`.
    """

    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"a world is an object, not {type(data).__name__}")
        names = ("now", "step", "ahead", "first_type_id", "keys", "refused", "failing", "load_seconds", "process_seconds", *KINDS)
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise ValueError(f"a world has no {', '.join(unknown)}; it has {', '.join(names)}")
        for kind in KINDS:
            setattr(self, kind, {})
        self.keys: dict[str, Row] = {}
        self.switches: Row = {}  # those of the simulator
        self.history: list[Load] = []
        self.shown_loads: dict[int, list[Load]] = {}  # extract: the loads that its state follows from
        self.processed_at: dict[int, datetime] = {}  # extract: when the processing after its fetch ends
        self._unsettled: list[int] = []  # extracts of which it is not decided yet where they load automatically
        self.failing: dict[int, set[int | None]] = {}  # extract: bindings into which it fails to load; None: all
        self.load_seconds, self.process_seconds = 0.0, 0.0
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
        self.set_loading({name: data[name] for name in ("load_seconds", "process_seconds") if name in data})
        self.fail(data.get("failing") or [])
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
            self.keys[name] = self._read(_KEY, row, f"key {name}")
            self._refer(self.workspaces, self.keys[name], "workspace", f"key {name}")
        for row in self.workspaces.values():
            if row["parent"] is not None:
                self._refer(self.workspaces, row, "parent", f"workspace {row['name']}")

    def data(self) -> Row:
        """The world as plain data, as a seed file holds it (without the record of loads)."""
        rows = {kind: list(getattr(self, kind).values()) for kind in KINDS}
        return copy.deepcopy({**self.clock.data(), "keys": self.keys, "refused": sorted(self.refused),
                              "failing": [{"extract_id": extract_id, "binding_id": binding_id} for extract_id, bindings in sorted(self.failing.items())
                                          for binding_id in sorted(bindings, key=lambda one: one or 0)],
                              "load_seconds": self.load_seconds, "process_seconds": self.process_seconds, **rows})

    def now(self) -> datetime:
        """The present moment of the service's clock."""
        return self.clock.now()

    def tick(self) -> datetime:
        """A write has come: a fixed clock moves on. Returns the moment of the write."""
        return self.clock.tick()

    def set_clock(self, data: Row) -> None:
        """Change the clock. Where it goes back, the bindings stay as they are: their changes since then count as made at its new time."""
        before = self.now()
        self.clock.set(data)
        now = self.now()
        for history in self._switched.values():
            history[:] = [(min(switched, now) if switched <= before else switched, state) for switched, state in history]

    def switch_binding(self, identity: int, enabled: bool, at: str | None = None) -> Row:
        """Switch a binding, by a caller or by hand, now or at a time, and refresh its `updated`. Returns its row."""
        if identity not in self.bindings:
            raise ValueError(f"there is no binding {identity}")
        row, history = self.bindings[identity], self._switched.setdefault(identity, [])
        if at is None:
            moment = self.tick()
            history[:] = [(min(switched, moment), state) for switched, state in history]  # also those made for a time to come
        else:
            moment = parse_time(at)
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

    def set_loading(self, data: Row) -> None:
        """Change how long a load takes (`load_seconds`) and how long an extract is processed (`process_seconds`)."""
        for name, value in data.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1e9:
                raise ValueError(f"{name}: a number of seconds is due, not {value!r}")
            setattr(self, name, float(value))

    def fail(self, rows: Any) -> None:
        """Loads of these extracts fail from now on: rows of extract_id and, where it is only one, binding_id."""
        for row in rows if isinstance(rows, list) else [rows]:
            if not isinstance(row, dict) or not set(row) <= {"extract_id", "binding_id"} or not is_whole(row.get("extract_id")) or not (
                    row.get("binding_id") is None or is_whole(row["binding_id"])):
                raise ValueError(f"failing: an object of extract_id and binding_id is due, not {row!r}")
            self.failing.setdefault(row["extract_id"], set()).add(row.get("binding_id"))

    def holds(self) -> set[tuple[int, int]]:
        """(extract, binding) of what has been loaded by now."""
        self.settle()
        return {(load.extract_id, load.binding_id) for load in self.history if not load.fails and load.end <= self.now()}

    def failed(self) -> set[tuple[int, int]]:
        """(extract, binding) of what has failed to load by now, at least once."""
        self.settle()
        return {(load.extract_id, load.binding_id) for load in self.history if load.fails and load.end <= self.now()}

    def _load_automatically(self, extract: Row, binding_id: int, moment: datetime) -> None:
        row = {"extract_id": extract["id"], "binding_id": binding_id, "datastream_id": extract["datastream_id"], "at": exact_time(moment)}
        self.self_loads.append(row)
        record_issues(self, [record_load(self, extract["id"], binding_id, moment)])

    def load_history(self, binding_id: int) -> None:
        """Load into a binding what it has not got, as for some types of destination enabling does (switch enable_loads_history)."""
        binding, moment = self.bindings[binding_id], self.now()
        loaded = {load.extract_id for load in self.history if load.binding_id == binding_id}
        for created, identity in self.timeline(binding["datastream_id"]):
            if identity not in loaded and created <= moment and identity not in self._unsettled:
                self._load_automatically(self.extracts[identity], binding_id, moment)

    def settle(self) -> None:
        """Decide where extracts load automatically whose processing has ended by now (switch processing_at_enable)."""
        now = self.now()
        for identity in [one for one in self._unsettled if self.processed_at[one] <= now]:
            self._unsettled.remove(identity)
            extract, end = self.extracts[identity], self.processed_at[identity]
            decides = end if self.switches.get("processing_at_enable") == "loaded" else parse_time(extract["created"])
            for number in self._enabled_at(extract["datastream_id"], decides):
                self._load_automatically(extract, number, end)

    def _enabled_at(self, datastream_id: int, moment: datetime) -> list[int]:
        return [number for number, binding in sorted(self.bindings.items())
                if binding["datastream_id"] == datastream_id and binding["available"] and self.enabled_at(number, moment)]

    def fetch(self, datastream_id: int, identity: int | None = None, at: str | None = None, fails: bool = False) -> Row:
        """The service fetches an extract, now or at a time; it loads by itself to the bindings that are enabled then.

        Without an identity it gets the next one. A fetch that fails makes no extract. Returns the extract's row, or that of the job.
        """
        identity = self.next_id("extracts") if identity is None else identity
        if identity in self.extracts:
            raise ValueError(f"extract {identity} is there already")
        if datastream_id not in self.datastreams:
            raise ValueError(f"there is no datastream {datastream_id}")
        moment = self.tick() if at is None else parse_time(at)
        created, end, job_id = exact_time(moment), moment + timedelta(seconds=self.process_seconds), self.next_id("jobs")
        first, last = covered(moment)
        span = {"range_start": first, "range_end": last}
        self.put("jobs", {"id": job_id, "datastream_id": datastream_id, "scheduled": created, "end": exact_time(end), "known": created,
                          "result": "failed" if fails else "success", **span})
        if fails:
            self.put("issues", {"id": self.next_id("issues"), "datastream_id": datastream_id, "job_id": job_id, "start": exact_time(end),
                                "stage": "fetch", "message": f"Job {job_id} failed to fetch.", **span})
            return self.jobs[job_id]
        self.put("extracts", {"id": identity, "datastream_id": datastream_id, "created": created, "job_id": job_id}, where="fetch")
        if end > moment:
            self.processed_at[identity] = end
            self._unsettled.append(identity)
        else:
            for number in self._enabled_at(datastream_id, moment):
                self._load_automatically(self.extracts[identity], number, moment)
        return self.extracts[identity]

    def next_id(self, kind: str) -> int:
        """The id of the next row of this kind."""
        return self._last.get(kind, 0) + 1

    def put(self, kind: str, row: Row, where: str = "row") -> None:
        """Add a row, or replace the one with its id. An extracts row may also be a series of extracts."""
        if kind not in KINDS:
            raise ValueError(f"{where}: there are no {kind}; there are: {', '.join(KINDS)}")
        if kind == "extracts" and isinstance(row, dict) and "first_id" in row:
            series = self._read(SERIES, row, where)
            start = parse_time(series["from"])
            for number in range(series["count"]):
                created = exact_time(start + timedelta(hours=series["every_hours"] * number))
                identity = series["first_id"] + number
                if identity in self.extracts:
                    raise ValueError(f"{where}: extract {identity} is there twice")
                self.put(kind, {"id": identity, "datastream_id": series["datastream_id"], "created": created, "state": series["state"]}, where)
            return
        row = self._read(KINDS[kind], row, where)
        for name, (other, key) in KINDS[kind].references.items():
            if row[name] is not None:
                rows = getattr(self, other)
                self._refer(rows if key == "id" else {one[key]: one for one in rows.values()}, row, name, where)
        for name in KINDS[kind].unique:
            if any(known[name] == row[name] and known["id"] != row["id"] for known in getattr(self, kind).values()):
                raise ValueError(f"{where}: the {name} {row[name]} is there twice")
        if kind == "targets" and not any(one["class"] == row["type"] for one in self.target_types.values()):
            name = row["type"][:-6] if row["type"].endswith("Target") and row["type"] != "Target" else row["type"]
            self.put("target_types", {"id": self.next_id("target_types"), "name": name, "class": row["type"]}, where)
        if isinstance(row["id"], int):
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
            self.shown_loads.pop(identity, None)
            if self.processed_at.pop(identity, None) and identity in self._unsettled:
                self._unsettled.remove(identity)
        for other, reference in DEPENDENTS[kind] if row else ():
            rows = getattr(self, other).values()
            for gone in [item["id"] for item in rows if item[reference] == identity]:
                self.remove(other, gone)

    def timeline(self, datastream_id: int) -> list[tuple[datetime, int]]:
        """(created, id) of the extracts of a datastream, oldest first."""
        return self._timeline.get(datastream_id, [])

    def _read(self, kind: Kind, row: Any, where: str) -> Row:
        if not isinstance(row, dict):
            raise ValueError(f"{where}: an object is due, not {row!r}")
        unknown = sorted(set(row) - set(kind.fields))
        if unknown:
            raise ValueError(f"{where}: unknown field {', '.join(unknown)}; known: {', '.join(kind.fields)}")
        result: Row = {}
        for name, (check, default) in kind.fields.items():
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
