# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The fields that a type of destinations takes, as OPTIONS describes them: which settings can be right, and how they are compared. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._api import secrets, text
from .._api.errors import InputError
from .._api.paging import Row
from .references import identity

# Set by options of their own, not by settings.
_OPTIONS = {"name": "name", "stack": "workspace", "auth": "connection"}


@dataclass(frozen=True)
class Field:
    """A field of a type. Without a description it takes anything. ``choices`` are the values that it takes; empty where it is free."""

    type: str | None = None
    is_required: bool = False
    is_read_only: bool = False
    is_secret: bool = False
    choices: tuple[t.Any, ...] = ()
    row: Row = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Row) -> Field:
        """The field that OPTIONS describes so."""
        choices = [each.get("value") if isinstance(each, dict) else each for each in row.get("choices") or []]
        return cls(
            type=row.get("type"),
            is_required=bool(row.get("required")),
            is_read_only=bool(row.get("read_only")),
            is_secret=row.get("write_only") is True or row.get("type") == "password",
            choices=tuple(choices),
            row=row,
        )


Fields = t.Mapping[str, Field]
UNDESCRIBED = Field()


def is_secret(name: str, fields: Fields) -> bool:
    """Whether the value of a field is never shown: the metadata says so, or its name."""
    return fields.get(name, UNDESCRIBED).is_secret or secrets.is_secret_name(name)


def check(settings: Row, identifying: Row, fields: Fields, is_new: bool) -> None:
    """Raises InputError, with what the type takes, for settings that are unknown, read-only, no choice, or missing.

    ``identifying`` are the fields that options of their own set.
    """
    wrong = _faults(settings, fields)
    if is_new:
        wrong += _missing({*settings, *identifying}, fields)
    if wrong:
        raise InputError(
            f"Settings of this destination type: {'; '.join(map(text.line, wrong))}. It takes: {describe(fields)}. Nothing was written."
        )


def _faults(settings: Row, fields: Fields) -> list[str]:
    """What is wrong with the settings that are given. Where the type tells no fields, any may be right."""
    by_option = [
        f"{name} is set by the option {option}" for name, option in _OPTIONS.items() if name in settings
    ]
    found = {name: _fault(value, fields.get(name)) for name, value in settings.items()} if fields else {}
    return by_option + [f"{name} {fault}" for name, fault in found.items() if fault]


def _missing(given: t.Container[str], fields: Fields) -> list[str]:
    """The fields that a new destination needs and that are not given."""
    required = [name for name, each in fields.items() if each.is_required and not each.is_read_only]
    return [f"{_OPTIONS.get(name, name)} is missing" for name in required if name not in given]


def _fault(value: t.Any, described: Field | None) -> str:
    """What is wrong with a setting; empty where nothing is known to be."""
    if described is None:
        return "is unknown"
    if described.is_read_only:
        return "is read-only"
    is_free = not described.choices or isinstance(value, (list, dict))
    return (
        "" if is_free or any(is_same(value, each) for each in described.choices) else "is none of its choices"
    )


def describe(fields: Fields) -> str:
    """The settings of a type, in words."""
    shown = []
    for name, each in fields.items():
        if not each.is_read_only and name not in _OPTIONS:
            one_of = "one of " + ", ".join(map(str, each.choices)) if each.choices else ""
            words = [str(each.type), "required" if each.is_required else "", one_of]
            shown.append(text.line(f"{name} ({', '.join(filter(None, words))})"))
    return "; ".join(shown) or "not known"


def typed(value: t.Any, described: Field) -> t.Any:
    """A value as the field's type has it: a template makes text of numbers and booleans."""
    if described.type == "integer" and isinstance(value, str) and re.fullmatch("-?[0-9]{1,18}", value):
        return int(value)
    known = described.choices or ((True, False) if described.type == "boolean" else ())
    return next((each for each in known if is_same(value, each)), value)


def is_same(wanted: t.Any, got: t.Any) -> bool:
    """Whether a setting is as it reads back: text from a template stands for a number or a boolean, too."""
    got = got if isinstance(wanted, dict) else identity(got)
    return bool(wanted == got) or (
        isinstance(wanted, str) and isinstance(got, (int, float)) and wanted.lower() == str(got).lower()
    )
