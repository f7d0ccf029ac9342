# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The variables of the role ``deploy_destination``, as people type them: pure.

A survey of AWX sends everything as text, and an answer that was left empty as empty text: that means the same as leaving the variable out.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean

from .._api.errors import InputError
from .._spec.kinds import BATCH_SIZE, END, START, to_integer_id, to_uuid

PREFIX = "deploy_destination_"


def _boolean(value: t.Any) -> bool:
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise ValueError(f"{value!r:.80} is neither yes nor no") from error


def _one_of(*choices: str) -> t.Callable[[t.Any], str]:
    def convert(value: t.Any) -> str:
        if value not in choices:
            raise ValueError("{0!r:.80} is none of {1}".format(value, ", ".join(choices)))
        return str(value)

    return convert


def _list_of(kind: t.Callable[[t.Any], t.Any]) -> t.Callable[[t.Any], list[t.Any]]:
    def convert(value: t.Any) -> list[t.Any]:
        listed = [one for one in value.replace("\n", ",").split(",") if one.strip()] if isinstance(value, str) else value
        if not isinstance(listed, list):
            listed = [listed]
        if not listed:
            raise ValueError("the list is empty, and that is never taken for all")
        return [kind(one) for one in listed]

    return convert


_KINDS: dict[str, tuple[t.Any, t.Callable[[t.Any], t.Any]]] = {
    "target_id": (None, to_integer_id),
    "datastream_ids": (None, _list_of(to_integer_id)),
    "enabled": (True, _boolean),
    "backfill": ("when_needed", _one_of("when_needed", "always", "never")),
    "backfill_from": (None, START),
    "backfill_to": (None, END),
    "sequential": (True, _boolean),
    "batch_size": (50, BATCH_SIZE),
    "ledger": (None, str),
    "ledger_in_facts": (False, _boolean),
    "force": (False, _boolean),
    "on_unknown": ("fail", _one_of("fail", "requeue", "skip", "dispatched")),
    "datastream_uuids": (None, _list_of(to_uuid)),
    "datastream_enabled": (None, _boolean),
    "pulling_mode": (None, _one_of("smart", "schedule")),
    "smart_pulling": (None, dict),
}


def read(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """All variables by name (without the role's prefix), converted; what is not given, or an empty text, has its default. Raises InputError."""
    unknown = sorted(set(given) - set(_KINDS))
    if unknown:
        raise InputError("No such variable: {0}.".format(", ".join(PREFIX + name for name in unknown)))
    options = {}
    for name, (default, convert) in _KINDS.items():
        value = given.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            options[name] = default
            continue
        try:
            options[name] = convert(value.strip() if isinstance(value, str) else value)
        except (TypeError, ValueError) as error:
            raise InputError(f"{PREFIX}{name}: {error}. Nothing was changed.") from error
    if options["target_id"] is None:
        raise InputError(f"{PREFIX}target_id is empty: it names the destination, by its integer id. Nothing was changed.")
    _check_together(options)
    return options


def _check_together(options: dict[str, t.Any]) -> None:
    alone = [PREFIX + name for name in ("datastream_enabled", "pulling_mode", "smart_pulling") if options[name] is not None]
    if alone and options["datastream_uuids"] is None:
        raise InputError(
            "{0}: these are for the datastreams in {1}datastream_uuids, and that is not given. Nothing was changed.".format(", ".join(alone), PREFIX)
        )


def defaults() -> dict[str, t.Any]:
    """What the variables are where they cannot be read: for tasks that are there to say so."""
    return {name: default for name, (default, _convert) in _KINDS.items()}
