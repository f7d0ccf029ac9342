# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request as the rules see it, and how they refuse it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .values import MAX_PAGE_SIZE, PAGE_SIZE, Row, problem, read_uuid

if TYPE_CHECKING:
    from .world import World

ID = r"(\d{1,18})/"  # an integer ID in a path


class Refusal(Exception):
    """The service says no: a status, and a detail that is text or a list of validation errors."""

    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail


@dataclass
class Call:
    """One request as the rules see it; `arguments` are the ids in the path, `number` that of the request log."""

    world: World
    switches: Row
    key: Row
    method: str
    path: str
    arguments: tuple[str, ...]
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
            return [read_uuid(value) for value in self.every(name)]
        except ValueError:
            raise invalid("query", name, "Input should be a valid UUID") from None

    def json(self) -> Row:
        """The body, which is to be an object: 400 where it is not JSON, 422 (on the older API 400) where it is empty or something else."""
        older = not self.path.startswith("/api/v1/")
        if not self.body.strip():
            if older:
                return {}  # so each required field is missing
            raise invalid("body", None, "Field required", "missing")
        try:
            data = json.loads(self.body)
        except ValueError:
            raise Refusal(400, "JSON parse error" if older else "Cannot parse request body") from None
        if not isinstance(data, dict):
            if older:
                raise Refusal(400, {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(data).__name__}."]})
            raise invalid("body", None, "Input should be an object")
        return data


def invalid(place: str, name: str | None, message: str, kind: str = "value_error") -> Refusal:
    """422 with one entry."""
    return Refusal(422, [problem(place, name, message, kind)])


def reached_workspaces(call: Call) -> dict[str, Row]:
    """The workspaces that the key reaches, by UUID: its own and those below."""
    reach = related(call.world, {call.key["workspace"]}, "descendants")
    return {identity: row for identity, row in call.world.workspaces.items() if identity in reach}


def reached_datastreams(call: Call) -> dict[int, Row]:
    """The datastreams in the workspaces that the key reaches, by id."""
    reach = reached_workspaces(call)
    return {number: row for number, row in call.world.datastreams.items() if row["workspace"] in reach}


def one_page(call: Call, rows: list[Row]) -> list[Row]:
    """The rows of the page that the query asks for; a page past the end is empty. 422 for a bad page or size."""
    size, page = call.whole("page_size", MAX_PAGE_SIZE) or PAGE_SIZE, call.whole("page") or 1
    start = (page - 1) * size
    return rows[start:start + size]


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
