# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Objects of the older API, destinations and their assignments: reading and writing one, and comparing its settings with those that are asked for.

Some values cannot be read back: the API leaves them out, or masks them.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._api.errors import InputError, Refused, UnreadableAnswer
from .._api.paging import Row
from .._api.secrets import HIDDEN
from .fields import Fields, is_same, is_secret
from .references import identity, integer_id

if t.TYPE_CHECKING:
    from .._api.client import Client

_ANSWERED = ("id", "url", "logo_url", "is_schema_mapping_required")  # what a response has beside the fields
_MASK = re.compile(r"[*\u2022\u25cf]{3,}")


@dataclass(frozen=True)
class SettingsDiff:
    """What has to be written of settings, and the names of those that cannot be compared. These are written only where that is forced."""

    changes: Row
    unreadable: list[str]


def compare(row: Row, wanted: Row, force: bool, fields: Fields) -> SettingsDiff:
    """What of ``wanted`` an object does not have. ``force`` writes what cannot be compared."""
    unreadable = [name for name in wanted if is_unreadable(row, name, fields)]
    due = [
        name
        for name, value in wanted.items()
        if (force if name in unreadable else not is_same(value, row[name]))
    ]
    return SettingsDiff({name: wanted[name] for name in due}, unreadable)


def is_unreadable(row: Row, name: str, fields: Fields) -> bool:
    """Whether the API does not return this field's value: it is absent, masked, or empty and a secret."""
    value = row.get(name)
    is_masked = isinstance(value, str) and _MASK.fullmatch(value) is not None
    return name not in row or is_masked or (value in (None, "") and is_secret(name, fields))


def unreadable_names(written: Row, row: Row) -> set[str]:
    """What of ``written`` does not read back from the object. One that is still to be created, without an id, tells nothing about that."""
    return {name for name in written if "id" in row and is_unreadable(row, name, {})}


def mask(row: Row, hide: t.Collection[str], fields: Fields) -> Row:
    """The row without the values of secrets, and of the fields in ``hide``."""

    def shown(name: str, value: t.Any) -> t.Any:
        if value is not None and (name in hide or is_secret(name, fields)):
            return HIDDEN
        return mask(value, (), {}) if isinstance(value, dict) else value

    return {name: shown(name, value) for name, value in row.items()}


def read(client: Client, path: str) -> Row:
    """The object at a path."""
    return _checked("GET", path, client.get(path))


def create(client: Client, path: str, body: Row) -> Row:
    """One POST, and what the API keeps."""
    return _checked("POST", path, client.request("POST", path, body=body).data)


def change(client: Client, path: str, body: Row, fields: Fields) -> Row:
    """One PATCH; where the API does not take that, PUT of the whole object. Raises InputError where a PUT would lose what cannot be read."""
    try:
        return _checked("PATCH", path, client.request("PATCH", path, body=body).data)
    except Refused as error:
        if error.status != 405:
            raise
    whole = _whole(read(client, path), body, fields)
    return _checked("PUT", path, client.request("PUT", path, body=whole).data)


def delete(client: Client, path: str) -> None:
    """Deletes one object. Where an earlier try may have done it, 404 is success."""
    try:
        client.request("DELETE", path)
    except Refused as error:
        if error.status != 404 or error.tries == 1:
            raise


def _whole(row: Row, body: Row, fields: Fields) -> Row:
    """The body of a PUT that keeps all that ``body`` does not change."""
    writable = [name for name, each in fields.items() if not each.is_read_only] or [
        name for name in row if name not in _ANSWERED
    ]
    lost = [name for name in writable if name not in body and is_unreadable(row, name, fields)]
    if lost:
        raise InputError(
            f"The API takes no PATCH here, and PUT replaces the whole object: it would lose {', '.join(lost)}, whose values cannot be read."
            " Name them in settings, and set force_settings."
        )
    return {**{name: identity(row[name]) for name in writable if name in row}, **body}


def _checked(method: str, path: str, data: t.Any) -> Row:
    """The object in a response. Raises UnreadableAnswer where that has none with an integer ID."""
    found = integer_id(data) if isinstance(data, dict) else None
    if found is None or found < 1:
        raise UnreadableAnswer(
            f"{method} {path} returned success, but not an object and its id.",
            method=method,
            path=path,
        )
    return t.cast(Row, data)
