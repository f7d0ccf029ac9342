# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What all selections by id have in common: an empty one is a mistake and never "all", an id is named once."""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.errors import InputError

Id = t.TypeVar("Id", int, str)


def refuse_empty(params: dict[str, t.Any], *names: str) -> None:
    """Raises InputError where one of these options is given, but holds nothing."""
    for name in names:
        if params.get(name) is not None and not params[name]:
            raise InputError(
                f"{name} is empty. An empty list selects neither everything nor nothing. Omit the option or name the items."
                f" If the playbook computes the list, add a condition: when: {name} | length > 0."
            )


def require_one(params: dict[str, t.Any], *names: str) -> None:
    """Raises InputError where none of these options is given. An explicit null or an empty list gives nothing.

    ansible-core's ``required_one_of`` would take the null for given.
    """
    if all(params.get(name) in (None, []) for name in names):
        raise InputError("one of the following is required: {0}".format(", ".join(names)))


def once(ids: t.Iterable[Id]) -> list[Id]:
    """The ids in their order, each once."""
    return list(dict.fromkeys(ids))


def refuse_unknown(option: str, asked: t.Iterable[t.Any], known: t.Iterable[t.Any], where: str) -> None:
    """Raises InputError, naming every id in ``asked`` that is not in ``known``. ``where`` says where they were looked for."""
    known = set(known)
    unknown = [each for each in asked if each not in known]
    if unknown:
        shown = text.ids(sorted(unknown)) if isinstance(unknown[0], int) else text.several(unknown)
        raise InputError(f"{option}: not found {where}: {shown}. Nothing was changed.", unknown_ids=unknown)
