# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The variables of the role ``deploy_destination``, as people type them: pure.

A survey of AWX sends everything as text, and an answer that was left empty as empty text: that means the same as leaving the variable out.
"""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._api.errors import InputError
from .._spec import selection
from .._spec.kinds import END, INTEGER_ID, START, UUID
from .._spec.options import BACKFILL, REQUEUE_HOW, Spec, check_bounds

PREFIX = "deploy_destination_"
DATASTREAM_OPTIONS = ("datastream_enabled", "pulling_mode", "smart_pulling")

VARIABLES: Spec = {
    "target_id": {"type": INTEGER_ID, "required": True},
    "datastream_ids": {"type": "list", "elements": INTEGER_ID},
    "enabled": {"type": "bool", "default": True},
    "backfill": {"type": "str", "choices": BACKFILL, "default": "when_needed"},
    "backfill_from": {"type": START},
    "backfill_to": {"type": END},
    **REQUEUE_HOW,
    "datastream_uuids": {"type": "list", "elements": UUID},
    "datastream_enabled": {"type": "bool"},
    "pulling_mode": {"type": "str", "choices": ["smart", "schedule"]},
    "smart_pulling": {"type": "dict"},
}


def read(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """All variables by name (without the role's prefix), converted; what is not given, or an empty text, has its default. Raises InputError, which names
    the role's variable."""
    unknown = [PREFIX + name for name in given if name not in VARIABLES]
    if unknown:
        raise InputError(f"No such variable: {', '.join(unknown)}. Nothing was changed.")
    filled = {PREFIX + name: _text(name, value) for name, value in given.items() if value is not None and not (isinstance(value, str) and not value.strip())}
    validated = ArgumentSpecValidator({PREFIX + name: option for name, option in VARIABLES.items()}).validate(filled)
    if validated.error_messages:
        raise InputError(f"{'; '.join(validated.error_messages)}. Nothing was changed.")
    selection.refuse_empty(validated.validated_parameters, PREFIX + "datastream_ids", PREFIX + "datastream_uuids")
    options = {name: validated.validated_parameters[PREFIX + name] for name in VARIABLES}
    check_bounds(options, "backfill_from", "backfill_to", PREFIX)
    alone = [PREFIX + name for name in DATASTREAM_OPTIONS if options[name] is not None]
    if alone and options["datastream_uuids"] is None:
        raise InputError(f"{', '.join(alone)}: these are for the datastreams in {PREFIX}datastream_uuids, which is not given. Nothing was changed.")
    return options


def _text(name: str, value: t.Any) -> t.Any:
    """A list may be text, with commas or line breaks between its items."""
    if isinstance(value, str) and VARIABLES.get(name, {}).get("type") == "list":
        return [item.strip() for item in re.split(r"[,\n]", value) if item.strip()]
    return value.strip() if isinstance(value, str) else value
