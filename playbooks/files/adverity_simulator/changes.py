# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the world that no caller asked for: what people, retention and the service's own fetches do.

A change is an object of one or several of these; a list of them is made one after the other:

- ``add``, ``edit``: `{kind: [row]}`; a row of `add` replaces the one with its id, `edit` changes its fields.
- ``remove``: `{kind: [id]}`, with what depends on the rows.
- ``switch``: `{binding_id, enabled, at}`: somebody switches a binding in the user interface.
- ``fetch``: `{datastream_id, id, at, fails}`: the service fetches an extract, which loads by itself where a binding is enabled.
- ``fail``, ``mend``: `[{extract_id, binding_id}]`, `[extract id]`: loads of these extracts fail, or no longer.
- ``loading``: `{load_seconds, process_seconds}`: how long a load takes, and the processing of a new extract.
- ``refuse``, ``accept``: `[extract id]`: a requeue that names one of these is refused as a whole, or no longer.
- ``clock``: `{now, step, ahead, forward}`, see Clock.

`at` is a time; without it the clock says when, and moves on as at a write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from .clock import Clock
from .matching import Matcher, only
from .resources import KINDS
from .values import Row, is_whole, parse_time
from .world import World


def _rows(what: str, data: Any) -> None:
    for rows in only(what, data, *KINDS).values():
        if not isinstance(rows, list):
            raise ValueError(f"{what}: a list is due, not {rows!r}")


def _ids(what: str, data: Any) -> None:
    if not isinstance(data, list) or not all(map(is_whole, data)):
        raise ValueError(f"{what}: a list of ids is due, not {data!r}")


def _event(number: str, flag: str | None, *names: str) -> Callable[[str, Any], None]:
    def check(what: str, data: Any) -> None:
        only(what, data, *names)
        if not is_whole(data.get(number)):
            raise ValueError(f"{what}: {number} is due, a whole number")
        if flag and not isinstance(data.get(flag), bool):
            raise ValueError(f"{what}: {flag} is due, true or false")
        if data.get("at") is not None:
            parse_time(data["at"])
    return check


def _clock(_what: str, data: Any) -> None:
    Clock(only("clock", data, "now", "step", "ahead", "forward"))


def _put(world: World, data: Row) -> None:
    for kind, rows in data.items():
        for row in rows:
            world.put(kind, row, where=f"add, {kind}")


def _edit(world: World, data: Row) -> None:
    for kind, rows in data.items():
        for row in rows:
            known = getattr(world, kind).get(row.get("id"))
            if known is None:
                raise ValueError(f"edit: there is no {row.get('id')!r} in {kind}")
            world.put(kind, {**known, **row}, where=f"edit, {kind}")


def _remove(world: World, data: Row) -> None:
    for kind, ids in data.items():
        for identity in ids:
            world.remove(kind, identity)


def _mend(world: World, data: list[int]) -> None:
    for identity in data:
        world.failing.pop(identity, None)


CHANGES: dict[str, tuple[Callable[[str, Any], None], Callable[[World, Any], Any]]] = {  # name: (check, action)
    "remove": (_rows, _remove),
    "add": (_rows, _put),
    "edit": (_rows, _edit),
    "switch": (_event("binding_id", "enabled", "binding_id", "enabled", "at"),
               lambda world, data: world.switch_binding(data["binding_id"], data["enabled"], data.get("at"))),
    "fetch": (_event("datastream_id", None, "datastream_id", "id", "at", "fails"),
              lambda world, data: world.fetch(data["datastream_id"], data.get("id"), data.get("at"), data.get("fails") is True)),
    "fail": (lambda what, data: World({}).fail(data), lambda world, data: world.fail(data)),
    "mend": (_ids, _mend),
    "loading": (lambda what, data: World({}).set_loading(only(what, data, "load_seconds", "process_seconds")),
                lambda world, data: world.set_loading(data)),
    "refuse": (_ids, lambda world, data: world.refused.update(data)),
    "accept": (_ids, lambda world, data: world.refused.difference_update(data)),
    "clock": (_clock, lambda world, data: world.set_clock(data)),
}


def read_changes(data: Any) -> list[Row]:
    """A list of changes from one or several; ValueError names what is wrong. Whether ids exist shows when they are made."""
    changes = data if isinstance(data, list) else [data]
    for change in changes:
        for name, value in only("change", change, *CHANGES).items():
            CHANGES[name][0](name, value)
    return changes


def make_changes(world: World, changes: list[Row]) -> list[Any]:
    """Make the changes one after the other; of each the row that came of it (`switch`, `fetch`), or null."""
    return [CHANGES[name][1](world, value) for change in changes for name, value in change.items()]


@dataclass
class Script(Matcher):
    """Changes of the world before a matching request is looked at, or after its work, before the answer goes out.

    Unlike a fault it leaves the answer alone, and all that are due fire. In Python `changes` may be a function of the world.
    """

    when: str = "before"
    changes: Any = field(default_factory=list)

    @classmethod
    def read(cls, data: Any) -> Script:
        """A script from its JSON form; ValueError names what is wrong."""
        if not isinstance(data, dict) or "changes" not in data:
            raise ValueError("a script is an object that has changes")
        cls.check("script", data, "when", "changes")
        if data.get("when", "before") not in ("before", "after"):
            raise ValueError(f"script when: before or after is due, not {data['when']!r}")
        changes = data["changes"] if callable(data["changes"]) else read_changes(data["changes"])
        return cls(**{**data, "changes": changes})

    def data(self) -> Row:
        """The script in its JSON form, with `matches` and `fired`."""
        return {**self.told("when"), "changes": "a function" if callable(self.changes) else self.changes}

    def run(self, world: World) -> None:
        """Make the changes."""
        self.fired += 1
        if callable(self.changes):
            self.changes(world)
        else:
            make_changes(world, self.changes)
