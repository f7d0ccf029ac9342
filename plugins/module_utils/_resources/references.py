# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a row refers to: another object, by its id or with the object itself in place of the id."""

from __future__ import annotations

import typing as t


def identity(value: t.Any) -> t.Any:
    """The id of another object, also where the API nests that object. What is neither stays as it came."""
    return value["id"] if isinstance(value, dict) and "id" in value else value


def integer_id(value: t.Any) -> int | None:
    """The integer ID in what a row refers to; None where it refers to nothing, or not by an integer."""
    found = identity(value)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
