# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator of the Adverity Management API: bindings, datastreams, smart pulling, extracts, requeue.

It answers what three public guides of the vendor document (the bindings guide, the pulling guide and the requeue
guide). What the guides leave open is a switch (``SWITCHES``), never a fact. It needs no account and nothing but
the standard library, serves loopback addresses only, and holds everything in memory.

Read it from top to bottom: switches, world, rules (functions over the world), HTTP messages, faults, the
simulator itself with its control surface, command line.

As a program::

    adverity_simulator.py --port 0 --port-file /some/where/port

In Python::

    with Simulator(switches={"extract_page_size": 20}) as simulator:
        ...  # talk to simulator.url, then look at simulator.requests, .loads and .world
"""

from __future__ import annotations

import argparse
import bisect
import contextlib
import copy
import email.utils
import hmac
import http
import ipaddress
import itertools
import json
import os
import re
import signal
import socket
import socketserver
import ssl
import sys
import threading
import time
import traceback
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote, urlencode

Row = dict[str, Any]  # one JSON object
SCOPES = ("datastream:read", "datastream:write", "destination:read", "destination:write")
ACTIVE_MODES = ("smart", "smart-bundle", "schedule")
FREQUENCIES = ("daily", "weekly", "monthly")
UNITS = ("day", "week", "month")
WORKSPACE_SCOPES = ("ancestors", "descendants", "family")
DEFAULT_RANGE = {"value": 7, "unit": "day"}  # what smart_defaults=value shows; the real default is not published
PAGE_SIZE, MAX_PAGE_SIZE = 50, 100  # bindings guide, "Pagination"
MAX_IDS = 50  # extracts in one requeue (requeue guide), datastreams in one call (release notes)
LOAD_SECONDS = 0.3  # how long a load stays "queued"
HOLD_SECONDS = 120.0
CONTROL = "/_simulator/"


# ---------------------------------------------------------------------------------------------------------------
# Switches: what the guides leave open
# ---------------------------------------------------------------------------------------------------------------

# name: (allowed values, the first is the default; `int` stands for any number from 1), meaning
SWITCHES: dict[str, tuple[Any, str]] = {
    "binding_rows": (("full", "no_enabled", "ids"),
                     "rows of the bindings list: everything, all but `enabled`, or the three ids alone"),
    "unavailable_bindings": (("hidden", "listed"), "bindings with `available: false` in the bindings list"),
    "datastream_paging": (("pages", "all", "ignored"),
                          "the datastreams list: pages like the bindings, everything at once, or always the first 50"),
    "unknown_datastream": (("skip", "error"), "a datastream_id that matches nothing: passed over, or 422"),
    "get_datastream_cap": (("on", "off"), "whether GET also takes at most 50 datastream_id values"),
    "requeue_refusal": ((400, 404, 422), "status for unknown extracts and for bindings of other datastreams"),
    "requeue_invalid": ((422, 400), "status for a requeue body that is wrong or has more than 50 extracts"),
    "requeue_disabled_binding": (("load", "refuse"),
                                 "a named binding that is disabled: loaded all the same, or refused; `refuse` also "
                                 "refuses a datastream without any enabled binding, which `load` answers with 200"),
    "smart_defaults": (("null", "value"),
                       "a default range and no deadline read back as null, or as a value and as {\"time\": null}"),
    "smart_null": (("accept", "refuse"), "an explicit null for refresh_range or deadline: as if left out, or 422"),
    "smart_coupling": (("coupled", "independent"), "whether smart.is_active and pulling.active_mode move each other"),
    "extract_bounds": (("inclusive", "exclusive"), "whether created_from and created_to include their own moment"),
    "extract_bounds_format": (("any", "date"), "`date`: 400 for a bound that has a time part"),
    "extract_fields": (("full", "id"), "rows of the extracts list: everything, or the id alone"),
    "extract_count": (("on", "off"), "whether the extracts list carries `count`"),
    "extract_ordering": (("honoured", "ignored"), "`ordering` of the extracts list; ignored: newest first"),
    "extract_page_size": (int, "rows on one page of the extracts list; 100 to begin with"),
    "next_host": (("same", "other"), "the host in `next` and `previous` of the extracts list"),
    "error_bodies": (("detail", "message", "text"),
                     "how /api/v1/ words an error: {\"detail\": ...}, {\"message\": ...} or plain text"),
}


class Switches(dict[str, Any]):
    """The switches as a dictionary that refuses names and values it does not know (ValueError)."""

    def __init__(self, values: Row | None = None) -> None:
        super().__init__((name, 100 if allowed is int else allowed[0]) for name, (allowed, _why) in SWITCHES.items())
        self.update(values or {})

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, self._checked(name, value))

    def update(self, values: Row) -> None:  # type: ignore[override]
        """Set several switches, or none where one of them is wrong."""
        if not isinstance(values, dict):
            raise ValueError(f"an object of switches is due, not {values!r}")
        checked = {name: self._checked(name, value) for name, value in values.items()}
        super().update(checked)

    @staticmethod
    def _checked(name: str, value: Any) -> Any:
        if name not in SWITCHES:
            raise ValueError(f"there is no switch {name!r}; there are: {', '.join(SWITCHES)}")
        # On a command line all values are text, and YAML reads on, off and null as something else.
        text = {"True": "on", "False": "off", "None": "null"}.get(str(value), str(value))
        allowed = SWITCHES[name][0]
        if allowed is int:
            if re.fullmatch(r"[1-9]\d{0,8}", text):
                return int(text)
            raise ValueError(f"switch {name}: {value!r} is not a number from 1")
        for choice in allowed:
            if str(choice) == text:
                return choice
        raise ValueError(f"switch {name}: {value!r} is none of {', '.join(map(str, allowed))}")


# ---------------------------------------------------------------------------------------------------------------
# The world: what the service knows
# ---------------------------------------------------------------------------------------------------------------

def parse_time(value: str) -> datetime:
    """A moment in UTC from ISO 8601 text (`2024-01-15T10:00:00Z`, `2024-01-15`); ValueError for anything else."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d($|[T ])", value):
        raise ValueError(f"{value!r} is not a time like 2024-01-15T10:00:00Z")
    moment = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def format_time(moment: datetime) -> str:
    """The way the guides print a moment: UTC, whole seconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now() -> datetime:
    """The present moment in UTC, whole seconds."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def is_whole(value: Any) -> bool:
    """True for a JSON integer; `true` is none, although Python counts it as one."""
    return isinstance(value, int) and not isinstance(value, bool)


def _due(what: str, test: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """A check of a seed file's value: returns it, or raises ValueError saying what is due."""
    def check(value: Any) -> Any:
        if not test(value):
            raise ValueError(f"{what} is due, not {value!r}")
        return value
    return check


_whole = _due("a whole number from 1", lambda value: is_whole(value) and value >= 1)
_text = _due("text", lambda value: isinstance(value, str) and bool(value))
_flag = _due("true or false", lambda value: isinstance(value, bool))
_mode = _due(f"one of {', '.join(ACTIVE_MODES)} or null", lambda value: value is None or value in ACTIVE_MODES)
_scopes = _due(f"a list of {', '.join(SCOPES)}",
               lambda value: isinstance(value, list) and all(scope in SCOPES for scope in value))


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"a UUID is due, not {value!r}") from None


def _uuid_or_null(value: Any) -> str | None:
    return None if value is None else _uuid(value)


def _moment(value: Any) -> str:
    parse_time(value)
    return str(value)


def _smart(value: Any) -> Row | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f"an object is due, not {value!r}")
    setting, problems = read_smart(value)
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, row['loc'][1:]))}: {row['msg']}" for row in problems))
    return setting


def readable_uuid(prefix: str, number: int) -> str:
    """A UUID in which a person can read the number: `readable_uuid("d5", 456)` ends in ...000000000456."""
    return f"{prefix:0<8}-0000-4000-8000-{number:012d}"


def _default_mode(row: Row, _world: World) -> str | None:
    if row["smart"] and row["smart"]["is_active"]:
        return "smart"
    return "schedule" if row["has_schedule"] else None


def _first_workspace(_row: Row, world: World) -> str:
    return next(iter(world.workspaces), "")


REQUIRED = object()
# kind of row: {field: (check, default)}; a default may be worked out from the row as far as it is read, and the world
FIELDS: dict[str, dict[str, tuple[Callable[[Any], Any], Any]]] = {
    "workspaces": {
        "id": (_uuid, REQUIRED), "name": (_text, lambda row, world: f"Workspace {row['id']}"),
        "parent": (_uuid_or_null, None)},
    "datastreams": {
        "id": (_whole, REQUIRED), "uuid": (_uuid, lambda row, world: readable_uuid("d5", row["id"])),
        "name": (_text, lambda row, world: f"Datastream {row['id']}"), "workspace": (_uuid, _first_workspace),
        "enabled": (_flag, True), "has_schedule": (_flag, True), "smart": (_smart, None),
        "smart_bundle": (lambda value: value, None), "active_mode": (_mode, _default_mode)},
    "targets": {
        "id": (_whole, REQUIRED), "name": (_text, lambda row, world: f"Destination {row['id']}"),
        "type": (_text, "BigQueryTarget")},
    "bindings": {
        "id": (_whole, REQUIRED), "datastream_id": (_whole, REQUIRED), "target_id": (_whole, REQUIRED),
        "enabled": (_flag, True), "available": (_flag, True), "created": (_moment, "2024-01-15T10:00:00Z"),
        "updated": (_moment, lambda row, world: row["created"])},
    "extracts": {
        "id": (_whole, REQUIRED), "datastream_id": (_whole, REQUIRED), "created": (_moment, REQUIRED),
        "state": (_text, "finished")},
    "series": {
        "datastream_id": (_whole, REQUIRED), "first_id": (_whole, REQUIRED), "count": (_whole, REQUIRED),
        "from": (_moment, REQUIRED), "every_hours": (_whole, 24)},
    "keys": {"key": (_text, REQUIRED), "scopes": (_scopes, list(SCOPES)), "workspace": (_uuid, _first_workspace)},
}
KINDS = ("workspaces", "datastreams", "targets", "bindings", "extracts")
DEPENDENTS = {  # kind: (other kind, its field that refers to the first)
    "workspaces": (("datastreams", "workspace"),), "targets": (("bindings", "target_id"),),
    "datastreams": (("bindings", "datastream_id"), ("extracts", "datastream_id")),
}


class World:
    """Everything the service knows, as dictionaries of rows: by id, the keys by name, workspaces by UUID.

    Built from plain data (the seed file); `data()` gives that back. ValueError, in one line, names what is wrong.
    Rows may be changed in place; `put` and `remove` add and take away and keep the look-ups right.
    """

    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"a world is an object, not {type(data).__name__}")
        unknown = sorted(set(data) - {"now", "keys", *KINDS})
        if unknown:
            raise ValueError(f"a world has no {', '.join(unknown)}; it has now, keys, {', '.join(KINDS)}")
        self.workspaces: dict[str, Row] = {}
        self.datastreams: dict[int, Row] = {}
        self.targets: dict[int, Row] = {}
        self.bindings: dict[int, Row] = {}
        self.extracts: dict[int, Row] = {}
        self.keys: dict[str, Row] = {}
        self.loads: list[Row] = []
        self._timeline: dict[int, list[tuple[datetime, int]]] = {}  # datastream: its extracts, oldest first
        self._fixed: datetime | None = None  # of a fixed clock: its present moment
        if data.get("now") is not None:
            try:
                self._fixed = parse_time(data["now"])
            except ValueError as exc:
                raise ValueError(f"now: {exc}") from None
        for kind in KINDS:
            rows = data.get(kind, [])
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
        return copy.deepcopy({"now": format_time(self._fixed) if self._fixed else None, "keys": self.keys, **rows})

    def now(self) -> datetime:
        """The service's clock: real, or the fixed one."""
        return self._fixed or utc_now()

    def tick(self) -> datetime:
        """A write has come: a fixed clock moves on by a second. Returns the moment of the write."""
        if self._fixed:
            self._fixed += timedelta(seconds=1)
        return self.now()

    def put(self, kind: str, row: Row, where: str = "row") -> None:
        """Add a row, or replace the one with its id. An extracts row may also be a series of extracts."""
        if kind not in KINDS:
            raise ValueError(f"{where}: there are no {kind}; there are: {', '.join(KINDS)}")
        if kind == "extracts" and isinstance(row, dict) and "first_id" in row:
            series = self._read("series", row, where)
            start = parse_time(series["from"])
            for number in range(series["count"]):
                created = format_time(start + timedelta(hours=series["every_hours"] * number))
                identity = series["first_id"] + number
                if identity in self.extracts:
                    raise ValueError(f"{where}: extract {identity} is there twice")
                self.put(kind, {"id": identity, "datastream_id": series["datastream_id"], "created": created}, where)
            return
        row = self._read(kind, row, where)
        if kind == "datastreams":
            self._refer(self.workspaces, row, "workspace", where)
            if any(other["uuid"] == row["uuid"] and other["id"] != row["id"] for other in self.datastreams.values()):
                raise ValueError(f"{where}: the UUID {row['uuid']} is there twice")
        elif kind in ("bindings", "extracts"):
            self._refer(self.datastreams, row, "datastream_id", where)
        if kind == "bindings":
            self._refer(self.targets, row, "target_id", where)
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


def default_world(now: str | datetime | None = None) -> Row:
    """The world without a seed file, as plain data: a marketing team's datastreams over the two years up to now.

    With `now` the clock of that world is fixed there. The ids that the guides use in their examples exist here:
    datastream 456 has 130 extracts (101 to 230), a disabled binding 123 to destination 789, an enabled one 55.
    """
    moment = (parse_time(now) if isinstance(now, str) else now) or utc_now()
    root, emea, americas, dach = (readable_uuid("a0", number) for number in range(1, 5))
    daily = {"is_active": True, "frequency": "daily", "refresh_range": {"value": 7, "unit": "day"}, "deadline": None}
    weekly = {"is_active": True, "frequency": "weekly", "refresh_range": {"value": 2, "unit": "week"},
              "deadline": {"time": "06:30:00"}}
    names: list[tuple[int, str, str, Row]] = [  # id, name, workspace, what differs from "enabled, on a custom schedule"
        (456, "Google Ads | EMEA", emea, {}),
        (457, "Meta Ads | EMEA", emea, {"smart": daily}),
        (458, "TikTok Ads | EMEA", emea, {"smart": weekly, "active_mode": "schedule"}),
        (459, "LinkedIn Ads | DACH", dach, {"smart": weekly}),
        (460, "Google Ads | DACH", dach, {"enabled": False}),
        (461, "Google Ads | Americas", americas, {}),
        (462, "Meta Ads | Americas", americas, {"smart": daily}),
        (463, "Amazon Ads | Americas", americas, {"active_mode": "smart-bundle"}),
        (464, "Google Analytics 4 | Global", root, {"smart": daily}),
        (465, "Salesforce Campaigns | Global", root, {"has_schedule": False}),
        (466, "Pinterest Ads | EMEA", emea, {"enabled": False, "has_schedule": False}),
        (467, "Google Search Console | Global", root, {}),
    ]
    bindings = [  # id, datastream, destination, enabled
        (123, 456, 789, False), (55, 456, 790, True), (124, 457, 789, False), (125, 458, 789, False),
        (126, 461, 789, True), (127, 464, 789, False), (130, 457, 790, True), (131, 462, 790, True),
        (132, 463, 790, False), (133, 456, 791, True), (134, 464, 791, True), (135, 459, 792, True),
    ]
    # Datastream 456 fetches on Mondays at 5 and on the first of the month at 6: 106 weeks and 24 months.
    monday = (moment - timedelta(days=moment.weekday())).replace(hour=5, minute=0, second=0, microsecond=0)
    if monday > moment:
        monday -= timedelta(weeks=1)
    first = moment.replace(day=1, hour=6, minute=0, second=0, microsecond=0)
    months: list[datetime] = []
    while len(months) < 24:
        if first <= moment:
            months.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    moments = sorted([monday - timedelta(weeks=week) for week in range(106)] + months)
    extracts: list[Row] = [{"id": 101 + number, "datastream_id": 456, "created": format_time(created)}
                           for number, created in enumerate(moments)]
    for datastream, count, hours in ((457, 104, 168), (458, 24, 720), (459, 104, 168), (461, 104, 168),
                                     (462, 104, 168), (463, 24, 720), (464, 104, 168), (467, 24, 720)):
        start = monday + timedelta(minutes=datastream % 50) - timedelta(hours=hours * (count - 1))
        extracts.append({"datastream_id": datastream, "first_id": datastream * 1000 + 1, "count": count,
                         "from": format_time(start), "every_hours": hours})
    return {
        "now": format_time(moment) if now is not None else None,
        "keys": {
            "demo": {"key": "demo-key-0123456789", "scopes": list(SCOPES), "workspace": root},
            "read-only": {"key": "read-only-key-0123456789", "scopes": ["datastream:read", "destination:read"],
                          "workspace": root},
            "americas": {"key": "americas-key-0123456789", "workspace": americas,
                         "scopes": ["datastream:read", "datastream:write", "destination:read"]},
        },
        "workspaces": [
            {"id": root, "name": "Acme Marketing", "parent": None},
            {"id": emea, "name": "EMEA", "parent": root},
            {"id": americas, "name": "Americas", "parent": root},
            {"id": dach, "name": "DACH", "parent": emea},
        ],
        "datastreams": [{"id": number, "name": name, "workspace": workspace, **rest}
                        for number, name, workspace, rest in names],
        "targets": [
            {"id": 789, "name": "BigQuery | Marketing DWH", "type": "BigQueryTarget"},
            {"id": 790, "name": "Snowflake | Analytics", "type": "SnowflakeTarget"},
            {"id": 791, "name": "S3 | Data Lake", "type": "S3Target"},
            {"id": 792, "name": "PostgreSQL | Finance", "type": "PostgreSQLTarget"},
        ],
        "bindings": [{"id": number, "datastream_id": datastream, "target_id": target, "enabled": enabled}
                     for number, datastream, target, enabled in bindings]
        + [{"id": 140, "datastream_id": 465, "target_id": 792, "enabled": False, "available": False}],
        "extracts": extracts,
    }


# ---------------------------------------------------------------------------------------------------------------
# The rules: functions from a call and the world to an answer
# ---------------------------------------------------------------------------------------------------------------

class Refusal(Exception):
    """The service says no: a status, and a detail that is text or a list of validation errors."""

    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail


@dataclass
class Call:
    """One request as the rules see it; `argument` is the id in the path, `number` that of the request log."""

    world: World
    switches: Row
    key: Row
    path: str
    argument: str | None
    query: list[tuple[str, str]]
    body: bytes
    base_url: str
    number: int

    def every(self, name: str) -> list[str]:
        """All values of a query parameter."""
        return [value for given, value in self.query if given == name]

    def last(self, name: str) -> str | None:
        """The value of a query parameter that is to be given once."""
        values = self.every(name)
        return values[-1] if values else None

    def whole(self, name: str, high: int | None = None) -> int | None:
        """A query parameter that is a number from 1, on `/api/v1/`: 422 for anything else."""
        text = self.last(name)
        if text is None:
            return None
        if not re.fullmatch(r"\d{1,18}", text) or int(text) < 1 or (high is not None and int(text) > high):
            limit = f" to {high}" if high is not None else ""
            raise invalid("query", name, f"Input should be a whole number from 1{limit}")
        return int(text)

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """A query parameter with fixed values: 422 for any other."""
        text = self.last(name)
        if text is not None and text not in choices:
            raise invalid("query", name, f"Input should be one of {', '.join(choices)}")
        return text

    def uuids(self, name: str) -> list[str]:
        """A repeatable query parameter of UUIDs: 422 for anything else."""
        try:
            return [_uuid(value) for value in self.every(name)]
        except ValueError:
            raise invalid("query", name, "Input should be a valid UUID") from None

    def json(self) -> Row:
        """The body, which is to be an object: 400 where it is not JSON, 422 where it is empty or something else."""
        if not self.body.strip():
            raise invalid("body", None, "Field required", "missing")
        try:
            data = json.loads(self.body)
        except ValueError:
            raise Refusal(400, "Cannot parse request body") from None
        if not isinstance(data, dict):
            raise invalid("body", None, "Input should be an object")
        return data


def problem(place: str, name: str | None, message: str, kind: str = "value_error") -> Row:
    """One entry of a 422 answer; `name` may have dots."""
    return {"loc": [place, *(name.split(".") if name else [])], "msg": message, "type": kind}


def invalid(place: str, name: str | None, message: str, kind: str = "value_error") -> Refusal:
    """422 with one entry."""
    return Refusal(422, [problem(place, name, message, kind)])


# --- bindings (bindings guide) ---

def reached_datastreams(call: Call) -> dict[int, Row]:
    """The datastreams in the workspaces that the key reaches, by id."""
    reach = related(call.world, {call.key["workspace"]}, "descendants")
    return {number: row for number, row in call.world.datastreams.items() if row["workspace"] in reach}


def binding_row(world: World, row: Row) -> Row:
    """A binding as the guide prints it."""
    target = world.targets[row["target_id"]]
    return {"id": row["id"], "datastream_id": row["datastream_id"], "target_id": row["target_id"],
            "target_name": target["name"], "target_type": target["type"], "enabled": row["enabled"],
            "created": row["created"], "updated": row["updated"]}


def one_page(call: Call, rows: list[Row]) -> list[Row]:
    """The rows of the page that the query asks for; a page past the end is empty. 422 for a bad page or size."""
    size, page = call.whole("page_size", MAX_PAGE_SIZE) or PAGE_SIZE, call.whole("page") or 1
    start = (page - 1) * size
    return rows[start:start + size]


def list_bindings(call: Call) -> Row:
    """GET /api/v1/bindings/: `{items, count}`, filtered by datastream_id and target_id."""
    wanted = {name: call.whole(name) for name in ("datastream_id", "target_id")}
    datastreams = reached_datastreams(call)
    rows = [row for _id, row in sorted(call.world.bindings.items())
            if row["datastream_id"] in datastreams
            and (row["available"] or call.switches["unavailable_bindings"] == "listed")
            and all(value is None or row[name] == value for name, value in wanted.items())]
    items = [binding_row(call.world, row) for row in one_page(call, rows)]
    if call.switches["binding_rows"] == "no_enabled":
        items = [{name: value for name, value in item.items() if name != "enabled"} for item in items]
    elif call.switches["binding_rows"] == "ids":
        items = [{name: item[name] for name in ("id", "datastream_id", "target_id")} for item in items]
    return {"items": items, "count": len(rows)}


def patch_binding(call: Call) -> Row:
    """PATCH /api/v1/bindings/{id}/: sets `enabled`, refreshes `updated` each time, answers the binding."""
    body = call.json()
    if "enabled" not in body:
        raise invalid("body", "enabled", "Field required", "missing")
    if not isinstance(body["enabled"], bool):
        raise invalid("body", "enabled", "Input should be a valid boolean", "bool_type")
    row = call.world.bindings.get(int(call.argument or 0))
    if row is None or not row["available"] or row["datastream_id"] not in reached_datastreams(call):
        raise Refusal(404, "Not Found")
    row["enabled"] = body["enabled"]
    row["updated"] = format_time(call.world.tick())
    return binding_row(call.world, row)


# --- datastreams and smart pulling (pulling guide) ---

def read_smart(data: Row, accept_null: bool = True) -> tuple[Row, list[Row]]:
    """A smart-pulling setting from a body or seed, and what is wrong with it; what is left out is null: the default."""
    problems: list[Row] = []

    def wrong(name: str, message: str) -> None:
        problems.append(problem("body", name, message))

    if not isinstance(data.get("is_active"), bool):
        wrong("is_active", "Input should be a valid boolean")
    if data.get("frequency") not in FREQUENCIES:
        wrong("frequency", f"Input should be one of {', '.join(FREQUENCIES)}")
    for name in ("refresh_range", "deadline"):
        if not isinstance(data.get(name), (dict, type(None))) or (
                name in data and data[name] is None and not accept_null):
            wrong(name, "Input should be an object")
    refresh_range, deadline = (data[name] if isinstance(data.get(name), dict) else None
                               for name in ("refresh_range", "deadline"))
    if refresh_range is not None:
        if not is_whole(refresh_range.get("value")) or refresh_range["value"] < 1:
            wrong("refresh_range.value", "Input should be a whole number from 1")
        if refresh_range.get("unit") not in UNITS:
            wrong("refresh_range.unit", f"Input should be one of {', '.join(UNITS)}")
    if deadline is not None:
        if deadline.get("time", "") is None and accept_null:
            deadline = None
        elif not re.fullmatch(r"([01]\d|2[0-3]):(00|30):00", str(deadline.get("time"))):
            wrong("deadline.time", "Input should be HH:MM:SS on the half hour")
    setting = {
        "is_active": data.get("is_active"), "frequency": data.get("frequency"),
        "refresh_range": refresh_range and {name: refresh_range.get(name) for name in ("value", "unit")},
        "deadline": deadline and {"time": deadline.get("time")},
    }
    return setting, problems


def smart_row(smart: Row | None, switches: Row) -> Row | None:
    """A smart-pulling setting as it reads back: the switch smart_defaults says how defaults show."""
    if smart is None or switches["smart_defaults"] == "null":
        return smart
    return {**smart, "refresh_range": smart["refresh_range"] or dict(DEFAULT_RANGE),
            "deadline": smart["deadline"] or {"time": None}}


def datastream_row(call: Call, row: Row) -> Row:
    """A datastream as the guide prints it: its id is the UUID."""
    workspace = call.world.workspaces[row["workspace"]]
    return {"id": row["uuid"], "name": row["name"], "enabled": row["enabled"],
            "workspace": {"id": workspace["id"], "name": workspace["name"]},
            "pulling": {"active_mode": row["active_mode"], "smart": smart_row(row["smart"], call.switches),
                        "smart_bundle": row["smart_bundle"]}}


def targeted(call: Call, capped: bool) -> list[Row]:
    """The datastreams that the query chooses: all that the key reaches where it has no filter.

    422 for bad values, for more than 50 datastream_id values where `capped`, and by switch for unknown ones.
    """
    wanted, named = call.uuids("datastream_id"), call.uuids("workspace_id")
    scope = call.choice("workspace_scope", WORKSPACE_SCOPES)
    enabled = call.choice("enabled", ("true", "false"))
    mode = call.choice("active_pulling_mode", ACTIVE_MODES)
    if capped and len(wanted) > MAX_IDS:
        raise invalid("query", "datastream_id", f"List should have at most {MAX_IDS} items", "too_long")
    rows = list(reached_datastreams(call).values())
    if call.switches["unknown_datastream"] == "error":
        unknown = sorted(set(wanted) - {row["uuid"] for row in rows})
        if unknown:
            raise Refusal(422, f"Unknown datastreams: {', '.join(unknown)}")
    workspaces = related(call.world, set(named), scope)
    chosen = set(wanted)
    return [row for row in rows
            if (not wanted or row["uuid"] in chosen)
            and (not named or row["workspace"] in workspaces)
            and (enabled is None or row["enabled"] == (enabled == "true"))
            and (mode is None or row["active_mode"] == mode)]


def list_datastreams(call: Call) -> Row:
    """GET /api/v1/datastreams/: `{count, items}`; how it pages is a switch."""
    rows = targeted(call, capped=call.switches["get_datastream_cap"] == "on")
    paging = call.switches["datastream_paging"]
    shown = one_page(call, rows) if paging == "pages" else rows if paging == "all" else rows[:PAGE_SIZE]
    return {"count": len(rows), "items": [datastream_row(call, row) for row in shown]}


def apply_to(call: Call, rows: list[Row], change: Callable[[Row], None]) -> Row:
    """Change each row; answer the UUIDs of those that read back differently than before."""
    call.world.tick()
    affected = []
    for row in rows:
        before = copy.deepcopy(datastream_row(call, row))
        change(row)
        if datastream_row(call, row) != before:
            affected.append(row["uuid"])
    return {"affected": {"datastream_ids": affected}}


def patch_datastreams(call: Call) -> Row:
    """PATCH /api/v1/datastreams/: `enabled` and/or `pulling.active_mode`; 400 and nothing done without a schedule."""
    body = call.json()
    if "enabled" not in body and "pulling" not in body:
        raise invalid("body", None, "enabled or pulling is required", "missing")
    if "enabled" in body and not isinstance(body["enabled"], bool):
        raise invalid("body", "enabled", "Input should be a valid boolean", "bool_type")
    mode = None
    if "pulling" in body:
        mode = body["pulling"].get("active_mode") if isinstance(body["pulling"], dict) else None
        if mode not in ("smart", "schedule"):
            raise invalid("body", "pulling.active_mode", "Input should be smart or schedule")
    rows = targeted(call, capped=True)
    unscheduled = [row["uuid"] for row in rows if not row["has_schedule"]]
    if mode == "schedule" and unscheduled:
        raise Refusal(400, f"Datastreams without a fetch schedule: {', '.join(unscheduled)}")
    coupled = call.switches["smart_coupling"] == "coupled"

    def change(row: Row) -> None:
        if "enabled" in body:
            row["enabled"] = body["enabled"]
        if mode:
            row["active_mode"] = mode
        if coupled and mode == "smart":
            row["smart"] = {**(row["smart"] or {"frequency": "daily", "refresh_range": None, "deadline": None}),
                            "is_active": True}
        elif coupled and mode == "schedule" and row["smart"]:
            row["smart"] = {**row["smart"], "is_active": False}

    return apply_to(call, rows, change)


def put_smart(call: Call) -> Row:
    """PUT /api/v1/datastreams/pulling/smart/: replaces the whole setting; what is left out falls to its default."""
    setting, problems = read_smart(call.json(), accept_null=call.switches["smart_null"] == "accept")
    if problems:
        raise Refusal(422, problems)
    coupled = call.switches["smart_coupling"] == "coupled"

    def change(row: Row) -> None:
        row["smart"] = copy.deepcopy(setting)
        if coupled and setting["is_active"]:
            row["active_mode"] = "smart"
        elif coupled and row["active_mode"] == "smart":
            row["active_mode"] = "schedule" if row["has_schedule"] else None

    return apply_to(call, targeted(call, capped=True), change)


# --- extracts (the older surface) and requeue (requeue guide) ---

def extract_row(world: World, extract: Row, created: datetime) -> Row:
    """An extract with the fields that other clients have seen; only its id is certain. The numbers are made up."""
    datastream = world.datastreams[extract["datastream_id"]]
    day = created.date()
    rows = 1000 + extract["id"] * 37 % 9000
    return {
        "id": extract["id"], "created": extract["created"], "name": f"{datastream['name']} {day}",
        "scheduled": extract["created"], "nrows": rows, "ncols": 18, "filesize": rows * 18 * 9,
        "state_label": extract["state"].capitalize(),
        "datastream": {"id": datastream["id"], "name": datastream["name"]},
        "metadata": {"datastream_extract_range_start": str(day - timedelta(days=7)),
                     "datastream_extract_range_end": str(day - timedelta(days=1))},
    }


def bound(call: Call, name: str) -> Callable[[datetime], bool]:
    """A test on `created` for created_from or created_to. A bound without a time of day compares whole days."""
    text = call.last(name) or ""
    try:
        limit: Any = parse_time(text)
    except ValueError:
        raise Refusal(400, {name: ["Enter a valid date/time."]}) from None
    days = len(text) == 10
    if not days and call.switches["extract_bounds_format"] == "date":
        raise Refusal(400, {name: ["Enter a valid date."]})
    limit = limit.date() if days else limit
    inclusive = call.switches["extract_bounds"] == "inclusive"

    def within(created: datetime) -> bool:
        value: Any = created.date() if days else created
        return bool((inclusive and value == limit) or (value > limit if name == "created_from" else value < limit))

    return within


def list_extracts(call: Call) -> Row:
    """GET /api/extracts/: `{count, next, previous, results}`; 404 past the last page."""
    world, switches = call.world, call.switches
    datastream_id, state = call.last("datastream_id"), call.last("state")
    if datastream_id is not None and not re.fullmatch(r"\d{1,18}", datastream_id):
        raise Refusal(400, {"datastream_id": ["Enter a number."]})
    tests = [bound(call, name) for name in ("created_from", "created_to") if call.last(name) is not None]
    lists = [world.timeline(number) for number in reached_datastreams(call)
             if datastream_id is None or number == int(datastream_id)]
    # Oldest first. The usual call, for one whole datastream, copies nothing: a long list is asked for page by page.
    found = lists[0] if len(lists) == 1 else sorted(itertools.chain.from_iterable(lists))
    if tests or state is not None:
        found = [entry for entry in found if all(test(entry[0]) for test in tests)
                 and (state is None or world.extracts[entry[1]]["state"] == state.lower())]
    oldest_first = switches["extract_ordering"] == "honoured" and call.last("ordering") == "created"
    size, page_text = switches["extract_page_size"], call.last("page") or "1"
    pages = max(1, -(-len(found) // size))
    if not re.fullmatch(r"\d{1,9}", page_text) or not 1 <= int(page_text) <= pages:
        raise Refusal(404, "Invalid page.")
    page = int(page_text)

    def link(number: int) -> str | None:
        if not 1 <= number <= pages:
            return None
        scheme, host = call.base_url.split("://")
        host = "elsewhere.example" if switches["next_host"] == "other" else host
        query = [pair for pair in call.query if pair[0] != "page"] + ([("page", str(number))] if number > 1 else [])
        return f"{scheme}://{host}{call.path}" + (f"?{urlencode(query)}" if query else "")

    start, end = (page - 1) * size, min(page * size, len(found))
    shown = found[start:end] if oldest_first else found[len(found) - end:len(found) - start][::-1]
    results = [extract_row(world, world.extracts[identity], created) for created, identity in shown]
    if switches["extract_fields"] == "id":
        results = [{"id": row["id"]} for row in results]
    count = {"count": len(found)} if switches["extract_count"] == "on" else {}
    return {**count, "next": link(page + 1), "previous": link(page - 1), "results": results}


def requeue_problem(body: Row) -> Row | None:
    """What is wrong with the body of a requeue, as an entry of a validation error."""
    if "extract_ids" not in body:
        return problem("body", "extract_ids", "Field required", "missing")
    for name in ("extract_ids", "binding_ids"):
        # An empty list or null for binding_ids is not documented; to read it as "all" would be the dangerous guess.
        ids = body.get(name, [1])
        if not isinstance(ids, list) or not ids or not all(map(is_whole, ids)):
            return problem("body", name, "Input should be a list of at least one integer")
    if len(body["extract_ids"]) > MAX_IDS:
        return problem("body", "extract_ids", f"List should have at most {MAX_IDS} items", "too_long")
    if not isinstance(body.get("sequential", True), bool):
        return problem("body", "sequential", "Input should be a valid boolean", "bool_type")
    return None


def requeue(call: Call) -> Row:
    """POST /api/v1/extracts/requeue/: records a load for each extract and binding, at every call anew."""
    body, world, switches = call.json(), call.world, call.switches
    wrong = requeue_problem(body)
    if wrong:
        raise Refusal(switches["requeue_invalid"], [wrong])
    refusal, reached = switches["requeue_refusal"], reached_datastreams(call)
    unknown = [identity for identity in body["extract_ids"]
               if identity not in world.extracts or world.extracts[identity]["datastream_id"] not in reached]
    if unknown:
        raise Refusal(refusal, f"Extracts not found: {', '.join(map(str, unknown))}")
    # An id that is there twice is loaded twice: the worst that a caller has to reckon with.
    extracts = sorted((world.extracts[identity] for identity in body["extract_ids"]),
                      key=lambda row: (parse_time(row["created"]), row["id"]))
    datastreams = {row["datastream_id"] for row in extracts}
    on_them = {row["id"]: row for _id, row in sorted(world.bindings.items())
               if row["available"] and row["datastream_id"] in datastreams}
    named = body.get("binding_ids")
    if named is not None:
        foreign = [identity for identity in named if identity not in on_them]
        if foreign:
            raise Refusal(refusal, f"Bindings not associated with the datastreams of the extracts: {foreign}")
        bindings = [on_them[identity] for identity in dict.fromkeys(named)]
    else:
        bindings = [row for row in on_them.values() if row["enabled"]]
    if switches["requeue_disabled_binding"] == "refuse":
        disabled = [row["id"] for row in bindings if not row["enabled"]]
        if disabled or datastreams - {row["datastream_id"] for row in bindings}:
            raise Refusal(refusal, f"No enabled binding to load to; disabled: {disabled}")
    at, due = format_time(world.tick()), time.monotonic() + LOAD_SECONDS
    for extract, binding in itertools.product(extracts, bindings):
        if extract["datastream_id"] == binding["datastream_id"]:
            world.loads.append({"extract_id": extract["id"], "binding_id": binding["id"], "request": call.number,
                                "datastream_id": extract["datastream_id"], "at": at, "due": due})
    ids = [row["id"] for row in extracts]
    return {"message": f"Dispatched requeue for {len(ids)} extract(s).", "extract_ids": ids, "extract_count": len(ids)}


# method, path, needed scope (None: any valid key), rule
ROUTES: list[tuple[str, Any, str | None, Callable[[Call], Row]]] = [
    ("GET", re.compile(r"/api/v1/bindings/"), "destination:read", list_bindings),
    ("PATCH", re.compile(r"/api/v1/bindings/(\d{1,18})/"), "destination:write", patch_binding),
    ("GET", re.compile(r"/api/v1/datastreams/"), "datastream:read", list_datastreams),
    ("PATCH", re.compile(r"/api/v1/datastreams/"), "datastream:write", patch_datastreams),
    ("PUT", re.compile(r"/api/v1/datastreams/pulling/smart/"), "datastream:write", put_smart),
    ("GET", re.compile(r"/api/extracts/"), None, list_extracts),
    ("POST", re.compile(r"/api/v1/extracts/requeue/"), "destination:write", requeue),
]


# ---------------------------------------------------------------------------------------------------------------
# HTTP messages
# ---------------------------------------------------------------------------------------------------------------

@dataclass
class Request:
    """A request off the wire; header names are in lower case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    keep_alive: bool

    def payload(self) -> Any:
        """The body for the log: JSON where it is JSON, else text; None where there is none."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return self.body.decode("utf-8", "replace")


@dataclass
class Answer:
    """An answer to be; a body that is text goes out as it is, anything else as JSON."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, keep_alive: bool) -> bytes:
        """The bytes of status line, headers and body."""
        is_text = isinstance(self.body, str)
        content = (self.body if is_text else json.dumps(self.body)).encode()
        headers = {"Content-Type": "text/plain; charset=utf-8" if is_text else "application/json", **self.headers,
                   "Content-Length": str(len(content)), "Connection": "keep-alive" if keep_alive else "close"}
        try:
            phrase = http.HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content


def read_request(stream: Any, send: Callable[[bytes], None]) -> Request | None:
    """The next request of a connection; None at its end. ValueError where the bytes are no HTTP/1.x request."""
    line = stream.readline(65537)
    if not line.strip():
        return None
    method, target, version = line.decode("latin-1").split()
    if not version.startswith("HTTP/1."):
        raise ValueError(f"{version} is not served")
    headers: dict[str, str] = {}
    while True:
        line = stream.readline(65537)
        if line in (b"\r\n", b"\n"):
            break
        if not line or len(headers) > 200:
            raise ValueError("the headers do not end")
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ValueError("a header has no colon")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise ValueError("Transfer-Encoding is not served; send Content-Length")
    if headers.get("expect", "").lower() == "100-continue":
        send(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = int(headers.get("content-length", "0"))
    body = stream.read(length) if length else b""
    if len(body) < length:
        return None
    if "://" in target.partition("?")[0]:  # the absolute form, as it goes to a proxy
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _mark, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True) if query else []
    # Every answer has its body, which nobody reads after HEAD; so the connection ends there.
    close = version != "HTTP/1.1" or method == "HEAD" or headers.get("connection", "").lower() == "close"
    return Request(method, unquote(path), pairs, headers, body, keep_alive=not close)


# ---------------------------------------------------------------------------------------------------------------
# Faults: scripted misbehaviour
# ---------------------------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[Callable[[Any], bool], str]] = {  # kind: (check of its value, meaning)
    "status": (lambda do: isinstance(do, dict) and is_whole(do.get("code")), "answer that status instead"),
    "drop": (lambda do: do in ("before", "after"), "close without an answer, before or after the work"),
    "delay": (lambda do: isinstance(do, dict) and do.get("when", "before") in ("before", "after")
              and isinstance(do.get("seconds"), (int, float)), "wait before or after the work, then answer"),
    "hold": (lambda do: do in ("before", "after"), "wait for POST /_simulator/release, before or after the work"),
    "cut": (is_whole, "do the work, send so many bytes of the body, close; with more than it has the answer is whole "
                      "and the connection closes unannounced"),
    "html": (lambda do: isinstance(do, dict), "answer an HTML page instead"),
    "json": (lambda do: True, "answer 200 with this body instead"),
    "redirect": (lambda do: isinstance(do, dict) and isinstance(do.get("to"), str), "answer a redirect instead"),
    "count": (is_whole, "add this to `count` in the answer"),
    "mutate": (lambda do: isinstance(do, dict) and set(do) <= {"remove", "add"} and all(
        isinstance(rows, dict) and set(rows) <= set(KINDS) and all(isinstance(row, list) for row in rows.values())
        for rows in do.values()), "change the world just before: {remove: {kind: [id]}, add: {kind: [row]}}"),
}


@dataclass
class Fault:
    """One scripted misbehaviour: what it matches, how often, and what it does (`kind` and `do`, see FAULTS).

    Every fault counts the requests that match it; it is due after the first `skip` of them, and fires `times`
    times (None: always). Of those that are due the first fires.
    """

    kind: str
    do: Any
    method: str | None = None
    path: str | None = None
    skip: int = 0
    times: int | None = 1
    work: bool = False
    matches: int = 0
    fired: int = 0

    @classmethod
    def read(cls, data: Any) -> Fault:
        """A fault from its JSON form; ValueError names what is wrong."""
        if not isinstance(data, dict):
            raise ValueError("a fault is an object")
        rest = dict(data)
        kinds = [name for name in rest if name in FAULTS]
        if len(kinds) != 1:
            raise ValueError(f"a fault has exactly one of {', '.join(FAULTS)}; this has {kinds or 'none'}")
        kind = kinds[0]
        do = rest.pop(kind)
        unknown = sorted(set(rest) - {"method", "path", "skip", "times", "work"})
        if unknown:
            raise ValueError(f"a fault has no {', '.join(unknown)}")
        if not FAULTS[kind][0](do):
            raise ValueError(f"fault {kind}: {do!r} will not do")
        for name, lowest in (("skip", 0), ("times", 1)):
            value = rest.get(name, lowest)
            if (not is_whole(value) or value < lowest) and not (name == "times" and value is None):
                raise ValueError(f"fault {name}: a whole number from {lowest} is due, not {value!r}")
        if kind in ("status", "html"):
            rest.setdefault("work", do.get("work", False))
        try:
            re.compile(rest.get("path") or "")
        except (re.error, TypeError) as exc:
            raise ValueError(f"fault path: {exc}") from None
        return cls(kind=kind, do=do, **rest)

    def data(self) -> Row:
        """The fault in its JSON form, with `matches` and `fired`."""
        names = ("method", "path", "skip", "times", "work", "matches", "fired")
        return {self.kind: self.do, **{name: getattr(self, name) for name in names}}

    def due(self, method: str, path: str) -> bool:
        """Count the request where it matches; True where the fault may fire on it."""
        if (self.method and self.method.upper() != method) or (self.path and not re.search(self.path, path)):
            return False
        self.matches += 1
        return self.matches > self.skip and (self.times is None or self.fired < self.times)

    def instead(self) -> Answer:
        """The answer of the kinds that replace the real one."""
        if self.kind == "json":
            return Answer(200, copy.deepcopy(self.do)) if not isinstance(self.do, str) else Answer(
                200, json.dumps(self.do), {"Content-Type": "application/json"})
        if self.kind == "html":
            page = "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body><h1>Sign in</h1></body></html>\n"
            return Answer(self.do.get("code", 200), page, {"Content-Type": "text/html; charset=utf-8"})
        if self.kind == "redirect":
            return Answer(self.do.get("code", 302), "", {"Location": self.do["to"]})
        headers = {}
        for name, value in (self.do.get("headers") or {}).items():
            date = re.fullmatch(r"http-date([+-]\d+)", str(value))
            headers[name] = email.utils.formatdate(time.time() + int(date[1]), usegmt=True) if date else str(value)
        if "content_type" in self.do:
            headers["Content-Type"] = self.do["content_type"]
        return Answer(self.do["code"], self.do.get("body", {"detail": "Scripted fault."}), headers)


# ---------------------------------------------------------------------------------------------------------------
# The simulator: server, work, control
# ---------------------------------------------------------------------------------------------------------------

class Simulator:
    """The service on a loopback port, served by threads. Use it as a context manager, or `start` and `stop` it.

    `requests` is the log of requests (not those for control), `loads` what requeues loaded, `world` the live World,
    `switches` and `faults` may be changed at any time. `latency` is seconds before each answer, `log` a file to
    which each request is appended as a line of JSON before it is answered. ValueError for a bad world or switch, or a
    host that is not loopback.

    Rows of `requests`: n, connection (a number for each TCP connection), method, path, query (pairs), key (its name,
    never its text; null for a wrong one), headers (names in lower case, without Authorization), body (JSON or text),
    status (null while it is not answered, and where it never was), at (real time). Rows of `loads`: extract_id,
    binding_id, datastream_id, request (the n of the POST), state (queued, then done), at (the world's clock).
    """

    def __init__(self, world: Row | None = None, switches: Row | None = None, latency: float = 0.0,
                 certfile: str | None = None, keyfile: str | None = None, log: str | None = None,
                 host: str = "127.0.0.1", port: int = 0) -> None:
        self._first_world, self._first_switches = copy.deepcopy(world), dict(switches or {})
        self._lock = threading.RLock()
        self._released = threading.Condition()
        self._held = self._releases = self._connections = 0
        self._open: set[socket.socket] = set()
        self._log_path = log
        self.latency = latency
        self.stopping = False
        self.stopped = threading.Event()
        self.reset()
        self._server = Server(self, host, port, certfile, keyfile)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if certfile else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> Simulator:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop serving and close all connections; harmless when repeated."""
        if self.stopped.is_set():
            return
        self.stopped.set()
        self.release()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # gone already
                connection.shutdown(socket.SHUT_RDWR)

    def reset(self, world: Row | None = None) -> None:
        """Begin anew: this world (or the first one), the first switches, no faults, nothing logged."""
        with self._lock:
            data = world if world is not None else self._first_world
            self.world = World(data if data is not None else default_world())
            self.switches = Switches(self._first_switches)
            self.faults: list[Fault] = []
            self.requests: list[Row] = []
            self._number = 0

    def fault(self, **data: Any) -> Fault:
        """Add a fault: `fault(method="POST", path="requeue", drop="after")`, in the words of its JSON form."""
        fault = Fault.read(data)
        self.faults.append(fault)
        return fault

    @property
    def loads(self) -> list[Row]:
        """What has been loaded, in order, as rows; `state` turns from queued to done by itself."""
        now = time.monotonic()
        with self._lock:
            return [{**{name: value for name, value in row.items() if name != "due"},
                     "state": "done" if row["due"] <= now else "queued"} for row in self.world.loads]

    @property
    def held(self) -> int:
        """How many requests a `hold` fault holds now."""
        return self._held

    def release(self) -> int:
        """Let all held requests go on; returns how many there were."""
        with self._released:
            held, self._releases = self._held, self._releases + 1
            self._released.notify_all()
            return held

    # --- one connection, one request ---

    def opened(self, connection: socket.socket) -> int:
        """A new connection: returns its number."""
        with self._lock:
            self._open.add(connection)
            self._connections += 1
            return self._connections

    def closed(self, connection: socket.socket) -> None:
        """A connection has ended."""
        with self._lock:
            self._open.discard(connection)

    def respond(self, request: Request, connection: int) -> tuple[bytes, bool]:
        """The bytes that answer a request, and whether the connection stays open."""
        if request.path.startswith(CONTROL):
            return control(self, request).encode(request.keep_alive), request.keep_alive
        with self._lock:
            row = self._arrived(request, connection)
            due = [fault for fault in self.faults if fault.due(request.method, request.path)]
            fault = due[0] if due else None
            if fault:
                fault.fired += 1
        if self.latency:
            time.sleep(self.latency)
        answer = self._misbehave(request, row, fault) if fault else self._work(request, row)
        row["status"] = answer.status if answer else None
        self._write_log(row)
        if answer is None:
            return b"", False
        if fault and fault.kind == "cut":
            whole = answer.encode(request.keep_alive)
            return whole[:whole.index(b"\r\n\r\n") + 4 + fault.do], False
        return answer.encode(request.keep_alive), request.keep_alive

    def _arrived(self, request: Request, connection: int) -> Row:
        self._number += 1
        key = self._key(request)
        row = {"n": self._number, "connection": connection, "method": request.method, "path": request.path,
               "query": [list(pair) for pair in request.query], "key": key[0] if key else None,
               "headers": {name: value for name, value in request.headers.items() if name != "authorization"},
               "body": request.payload(), "status": None,
               "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        self.requests.append(row)
        return row

    def _write_log(self, row: Row) -> None:
        if self._log_path:
            with self._lock, open(self._log_path, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")

    def _misbehave(self, request: Request, row: Row, fault: Fault) -> Answer | None:
        """The answer under a fault; None: close the connection instead."""
        kind, do = fault.kind, fault.do

        def pause(moment: str) -> bool:
            if kind == "delay" and do.get("when", "before") == moment:
                time.sleep(do["seconds"])
            if kind == "hold" and do == moment:
                self._hold()
            return kind == "drop" and do == moment

        if pause("before"):
            return None
        replaced = kind in ("status", "html", "json", "redirect")
        answer = None
        if fault.work or not replaced:
            answer = self._work(request, row, do if kind == "mutate" else None)
        if pause("after"):
            return None
        if replaced or answer is None:
            return fault.instead()
        if kind == "count" and isinstance(answer.body, dict) and "count" in answer.body:
            answer.body["count"] += do
        return answer

    def _hold(self) -> None:
        with self._released:
            self._held += 1
            seen = self._releases
            self._released.wait_for(lambda: self._releases != seen, timeout=HOLD_SECONDS)
            self._held -= 1

    def _key(self, request: Request) -> tuple[str, Row] | None:
        scheme, _space, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            for name, row in self.world.keys.items():
                if hmac.compare_digest(row["key"].encode(), text.encode("latin-1")):
                    return name, row
        return None

    def _work(self, request: Request, row: Row, mutation: Row | None = None) -> Answer:
        """What the service itself answers: route, key, scope, rule."""
        with self._lock:
            if mutation:
                self._mutate(mutation)
            try:
                return Answer(200, self._apply(request, row))
            except Refusal as refusal:
                return self._refuse(request.path, refusal)

    def _apply(self, request: Request, row: Row) -> Any:
        paths = [(route, match) for route in ROUTES for match in [route[1].fullmatch(request.path)] if match]
        if not paths:
            if request.method == "GET" and any(route[1].fullmatch(request.path + "/") for route in ROUTES):
                raise Refusal(301, request.path + "/")
            raise Refusal(404, "Not Found")
        routes = [entry for entry in paths if entry[0][0] == request.method]
        if not routes:
            raise Refusal(405, "Method Not Allowed")
        (_method, _pattern, scope, rule), match = routes[0]
        key = self._key(request)
        if key is None:
            raise Refusal(401, "Unauthorized")
        if scope is not None and scope not in key[1]["scopes"]:
            raise Refusal(403, "Forbidden.")
        scheme, _mark, own_host = self.url.partition("://")
        base_url = f"{scheme}://{request.headers.get('host') or own_host}"
        argument = match[1] if match.lastindex else None
        return rule(Call(self.world, self.switches, key[1], request.path, argument, request.query, request.body,
                         base_url, row["n"]))

    def _refuse(self, path: str, refusal: Refusal) -> Answer:
        status, detail = refusal.status, refusal.detail
        if status == 301:
            return Answer(301, "", {"Location": detail})
        form = self.switches["error_bodies"] if path.startswith("/api/v1/") else "detail"
        if form == "detail":
            return Answer(status, detail if isinstance(detail, dict) else {"detail": detail})
        if not isinstance(detail, str):
            detail = "; ".join(f"{'.'.join(row['loc'])}: {row['msg']}" for row in detail)
        return Answer(status, {"message": detail} if form == "message" else detail)

    def _mutate(self, changes: Row) -> None:
        for kind, ids in (changes.get("remove") or {}).items():
            for identity in ids:
                self.world.remove(kind, identity)
        for kind, rows in (changes.get("add") or {}).items():
            for row in rows:
                self.world.put(kind, row, where=f"mutate, {kind}")


def control(simulator: Simulator, request: Request) -> Answer:
    """The control surface, `/_simulator/...`: for tests and the demonstration; it needs no key and is not logged."""
    name = request.path[len(CONTROL):].rstrip("/")
    try:
        action = CONTROLS.get((request.method, name))
        if action is None:
            known = ", ".join(f"{method} {CONTROL}{what}" for method, what in CONTROLS)
            return Answer(404, {"detail": f"There are: {known}"})
        with simulator._lock:
            return Answer(200, action(simulator, request.payload()))
    except (ValueError, TypeError, KeyError) as exc:
        return Answer(400, {"detail": str(exc)})


def _status(simulator: Simulator, _body: Any) -> Row:
    return {"name": "adverity simulator", "url": simulator.url, "requests": len(simulator.requests),
            "loads": len(simulator.world.loads), "faults": len(simulator.faults), "held": simulator.held,
            **{kind: len(getattr(simulator.world, kind)) for kind in KINDS}}


def _forget_requests(simulator: Simulator, _body: Any) -> Row:
    forgotten = len(simulator.requests)
    simulator.requests.clear()
    return {"forgotten": forgotten}


def _put_world(simulator: Simulator, body: Any) -> Row:
    simulator.world = World(body)
    return simulator.world.data()


def _reset(simulator: Simulator, _body: Any) -> Row:
    simulator.reset()
    return _status(simulator, None)


def _set_switches(simulator: Simulator, body: Any) -> Row:
    simulator.switches.update(body)
    return simulator.switches


def _add_faults(simulator: Simulator, body: Any) -> list[Row]:
    simulator.faults.extend([Fault.read(row) for row in (body if isinstance(body, list) else [body])])
    return [fault.data() for fault in simulator.faults]


def _clear_faults(simulator: Simulator, _body: Any) -> list[Row]:
    simulator.faults.clear()
    return []


def _stop(simulator: Simulator, _body: Any) -> Row:
    simulator.stopping = True  # the handler stops the server once this answer is out
    return {"stopping": True}


CONTROLS: dict[tuple[str, str], Callable[[Simulator, Any], Any]] = {
    ("GET", ""): _status,
    ("GET", "requests"): lambda simulator, body: list(simulator.requests),
    ("DELETE", "requests"): _forget_requests,
    ("GET", "loads"): lambda simulator, body: simulator.loads,
    ("GET", "world"): lambda simulator, body: simulator.world.data(),
    ("PUT", "world"): _put_world,
    ("POST", "reset"): _reset,
    ("GET", "switches"): lambda simulator, body: simulator.switches,
    ("PATCH", "switches"): _set_switches,
    ("GET", "faults"): lambda simulator, body: [fault.data() for fault in simulator.faults],
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "held"): lambda simulator, body: {"held": simulator.held},
    ("POST", "release"): lambda simulator, body: {"released": simulator.release()},
    ("POST", "stop"): _stop,
}


class Server(socketserver.ThreadingTCPServer):
    """Accepts connections on a loopback address; a thread for each."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, simulator: Simulator, host: str, port: int, certfile: str | None, keyfile: str | None) -> None:
        if host != "localhost" and not _is_loopback(host):
            raise ValueError(f"{host} is not a loopback address; the simulator serves no others")
        self.simulator = simulator
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.tls: ssl.SSLContext | None = None
        if certfile:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                self.tls.load_cert_chain(certfile, keyfile)
            except OSError as exc:
                raise ValueError(f"certificate {certfile}: {exc}") from None
        super().__init__((host, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that vanish are everyday; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Handler(socketserver.StreamRequestHandler):
    """One connection: requests one after the other, each answered in one write."""

    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        """Number the connection and, with a certificate, shake hands (here, so that nobody else waits for it)."""
        if self.server.tls:
            self.request.settimeout(10)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.request.settimeout(None)
        self.number = self.server.simulator.opened(self.request)
        super().setup()

    def handle(self) -> None:
        """Answer requests until the client, a fault or the end of the simulator closes the connection."""
        simulator = self.server.simulator
        stay = True
        while stay and not simulator.stopped.is_set():
            try:
                request = read_request(self.rfile, self.request.sendall)
            except ValueError as exc:
                self.request.sendall(Answer(400, {"detail": f"Bad request: {exc}"}).encode(keep_alive=False))
                return
            if request is None:
                return
            try:
                content, stay = simulator.respond(request, self.number)
            except Exception:  # a bug here must not pass for a lost connection
                traceback.print_exc()
                content, stay = Answer(500, {"detail": "The simulator has a bug."}).encode(keep_alive=False), False
            if content:
                self.request.sendall(content)
            if simulator.stopping:
                threading.Thread(target=simulator.stop, daemon=True).start()

    def finish(self) -> None:
        """Forget the connection."""
        self.server.simulator.closed(self.request)
        super().finish()
        if self.server.tls:  # the server knows only the socket beneath
            with contextlib.suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)
            self.request.close()


# ---------------------------------------------------------------------------------------------------------------
# Command line
# ---------------------------------------------------------------------------------------------------------------

def _options(arguments: list[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    switches = "\n".join(f"  {name}: {meaning}\n    {'a number' if allowed is int else ', '.join(map(str, allowed))}"
                         for name, (allowed, meaning) in SWITCHES.items())
    parser = argparse.ArgumentParser(
        description="Simulates the Adverity Management API on a loopback address.",
        epilog=f"switches, each with its default first:\n{switches}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (%(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="0 picks a free one (%(default)s)")
    parser.add_argument("--port-file", metavar="F", help="the port is written there once the simulator listens")
    parser.add_argument("--seed", metavar="WORLD.json", help="the world to begin with")
    parser.add_argument("--log", metavar="REQUESTS.jsonl", help="append each request as a line of JSON")
    parser.add_argument("--switch", metavar="NAME=VALUE", action="append", default=[], help="see below; repeatable")
    parser.add_argument("--latency-ms", metavar="N", type=float, default=0.0, help="wait before each answer")
    parser.add_argument("--stop-after", metavar="SECONDS", type=float, default=3600.0, help="(%(default)s)")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when the parent process is gone")
    parser.add_argument("--certfile", metavar="F", help="serve https with this certificate (PEM)")
    parser.add_argument("--keyfile", metavar="F", help="its key, where the certificate file has none")
    return parser, parser.parse_args(arguments)


def _read_seed(path: str) -> Any:
    """The world of a seed file; ValueError names the file and what is wrong with it."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        World(data)
    except ValueError as exc:
        raise ValueError(f"{path}: {exc}") from None
    return data


def _write_port(path: str, port: int) -> None:
    """Write the port so that a reader sees all of it or nothing."""
    draft = f"{path}.{os.getpid()}.tmp"
    with open(draft, "w", encoding="ascii") as stream:
        stream.write(str(port))
    os.replace(draft, path)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop (signal, time, control surface, parent gone). Wrong arguments leave with status 2."""
    parser, options = _options(arguments)
    parent = os.getppid()
    try:
        if any("=" not in text for text in options.switch):
            raise ValueError("--switch takes NAME=VALUE")
        world = _read_seed(options.seed) if options.seed else None
        if options.port_file and os.path.exists(options.port_file):
            os.remove(options.port_file)  # left by an earlier run: nobody should read that port
        simulator = Simulator(world, dict(text.split("=", 1) for text in options.switch), options.latency_ms / 1000,
                              options.certfile, options.keyfile, options.log, options.host, options.port)
    except (OSError, ValueError) as exc:
        parser.error(str(exc))
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_ignored: done.set())
    end = time.monotonic() + options.stop_after
    with simulator:
        if options.port_file:
            _write_port(options.port_file, simulator.port)
        name, key = next(iter(simulator.world.keys.items()), ("none", {"key": "-"}))
        print(f"Adverity simulator at {simulator.url}, key '{name}': {key['key']}", flush=True)
        while not done.wait(0.2) and not simulator.stopped.is_set() and time.monotonic() < end:
            if options.stop_with_parent and os.getppid() != parent:
                break
    if options.port_file and os.path.exists(options.port_file):
        os.remove(options.port_file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
