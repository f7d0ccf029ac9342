# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of rows of a world: their fields, as a seed file has them, each with its check and its default."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable

from .values import Row, is_whole, parse_time, read_uuid, slug

if TYPE_CHECKING:
    from .world import World

REQUIRED = object()
Fields = dict[str, tuple[Callable[[Any], Any], Any]]  # the check, and the default, which may be worked out from the row as far as it is read, and the world


@dataclass(frozen=True)
class Kind:
    """A kind of row. Its file declares it (``KINDS`` there)."""

    name: str
    fields: Fields
    references: dict[str, tuple[str, str]] = field(default_factory=dict)  # field: the kind that it refers to, and the field there
    removed_with: tuple[str, ...] = ()  # those of the references with which a row is removed
    unique: tuple[str, ...] = ()  # fields other than the id of which no two rows have the same
    demo: Callable[[datetime], list[Row]] | None = None  # its rows in the world without a seed file, which is at this moment; the others stand in demo.py


def due(what: str, test: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """A check of a seed file's value: returns it, or raises ValueError saying what is due."""
    def check(value: Any) -> Any:
        if not test(value):
            raise ValueError(f"{what} is due, not {value!r}")
        return value
    return check


def or_null(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A check that takes null, too."""
    return lambda value: None if value is None else check(value)


def one_of(*names: str) -> Callable[[Any], Any]:
    """A check that takes these values."""
    return due(f"one of {', '.join(names)}", lambda value: value in names)


whole = due("a whole number from 1", lambda value: is_whole(value) and value >= 1)
text = due("text", lambda value: isinstance(value, str) and bool(value))
flag = due("true or false", lambda value: isinstance(value, bool))
an_object = due("an object", lambda value: isinstance(value, dict))


def anything(value: Any) -> Any:
    """A check that takes every value."""
    return value


def moment(value: Any) -> str:
    """A check of a time."""
    parse_time(value)
    return str(value)


def day(value: Any) -> str:
    """A check of a time of which the day counts."""
    return str(parse_time(value).date())


def default_slug(row: Row, _world: World) -> str:
    """The default of a slug."""
    return slug(row["name"], f"x-{row['id']}")


def numbered(what: str) -> Callable[[Row, World], str]:
    """The default of a name: what the row is, and its id."""
    return lambda row, world: f"{what} {row['id']}"


def first_of(kind: str) -> Callable[[Row, World], str]:
    """The default of a reference to a type: the slug of the first one."""
    return lambda row, world: next((one["slug"] for one in getattr(world, kind).values()), "")


def first_workspace(_row: Row, world: World) -> str:
    """The default of a reference to a workspace."""
    return next(iter(world.workspaces), "")


TYPE: Fields = {"id": (whole, REQUIRED), "name": (text, REQUIRED), "slug": (text, default_slug)}
WORKSPACE: Fields = {"workspace": (read_uuid, first_workspace)}
