# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Pieces of argument specs that more than one module has. Names and meaning: the interface; documentation: the modules and fragments."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

from .._api.errors import InputError
from . import times
from .kinds import DICTIONARY, END, HALF_HOUR, INTEGER_ID, START, UUID, place_of_ledger, seconds, whole_number

Spec = dict[str, dict[str, t.Any]]


def _ids(**more: t.Any) -> dict[str, t.Any]:
    return dict({"type": "list", "elements": INTEGER_ID}, **more)


BINDING_IDS: Spec = {"binding_ids": _ids(aliases=["binding_id"])}
DATASTREAM_IDS: Spec = {"datastream_ids": _ids(aliases=["datastream_id"])}
TARGET_ID: Spec = {"target_id": {"type": INTEGER_ID}}
CREATED: Spec = {"created_from": {"type": START}, "created_to": {"type": END}}
DEFAULT_LEDGER = "~/.ansible/adverity/requeue.sqlite3"
LEDGER: Spec = {
    "ledger": {
        "type": place_of_ledger(DEFAULT_LEDGER),
        "default": DEFAULT_LEDGER,
        "fallback": (env_fallback, ["ADVERITY_LEDGER"]),
    },
    "ledger_password": {
        "type": "str",
        "no_log": True,
        "fallback": (env_fallback, ["ADVERITY_LEDGER_PASSWORD"]),
    },
    "ledger_wait": {
        "type": seconds(0),
        "default": 300,
        "fallback": (env_fallback, ["ADVERITY_LEDGER_WAIT"]),
    },
}

# For how long a module waits, in seconds, and how long from one reading to the next.
WAIT: Spec = {
    "wait": {"type": seconds(0), "default": 0},
    "poll_interval": {"type": seconds(1), "default": 15},
}

# What labels of states mean in an instance of one's own; ``_resources/labels.py`` checks it.
STATE_LABELS: Spec = {"state_labels": {"type": "dict", "default": {}}}

# What a requeue does, beside what it selects.
BACKFILL = ["always", "when_needed", "never", "recorded"]
REQUEUE_HOW: Spec = {
    "sequential": {"type": "bool", "default": True},
    "batch_size": {"type": whole_number(1, 50), "default": 50},  # requeue guide
    "force": {"type": "bool", "default": False},
    "on_unknown": {
        "type": "str",
        "choices": ["fail", "check", "requeue", "skip", "dispatched"],
        "default": "fail",
    },
    "on_refused": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
    "on_failed": {"type": "str", "choices": ["skip", "fail", "requeue"], "default": "skip"},
}

# Which extracts, into which bindings: alike where they are requeued and where the ledger is asked about them.
REQUEUE_SELECTION: Spec = {
    "extract_ids": _ids(),
    **DATASTREAM_IDS,
    **CREATED,
    **BINDING_IDS,
    **TARGET_ID,
    **LEDGER,
}
REQUEUE_RULES: dict[str, t.Any] = {"mutually_exclusive": [("extract_ids", "datastream_ids")]}

# Which datastreams, where these go by UUID. The filters are alike for a list and for a change.
DATASTREAM_UUIDS: Spec = {"datastream_ids": {"type": "list", "elements": UUID, "aliases": ["datastream_id"]}}
FILTERS: Spec = {
    "workspace_ids": {"type": "list", "elements": UUID},
    "workspace_scope": {"type": "str", "choices": ["ancestors", "descendants", "family"]},
    "enabled": {"type": "bool"},
    "active_pulling_mode": {"type": "str", "choices": ["smart", "smart-bundle", "schedule"]},
}
FILTER_RULES: dict[str, t.Any] = {"required_by": {"workspace_scope": "workspace_ids"}}
DATASTREAM_SELECTION: Spec = {
    **DATASTREAM_UUIDS,
    "filters": {"type": "dict", "options": FILTERS, **FILTER_RULES},
    "all_datastreams": {"type": "bool"},
}
DATASTREAM_SELECTION_RULES: dict[str, t.Any] = {
    "mutually_exclusive": [("all_datastreams", "datastream_ids"), ("all_datastreams", "filters")],
}

# A smart schedule.
SMART_PULLING: Spec = {
    "is_active": {"type": "bool"},
    "frequency": {"type": "str", "choices": ["daily", "weekly", "monthly"]},
    "refresh_range": {
        "type": "dict",
        "options": {
            "value": {"type": whole_number(1), "required": True},
            "unit": {"type": "str", "choices": ["day", "week", "month"], "required": True},
        },
    },
    "deadline": {"type": HALF_HOUR},
    "reset": {"type": "list", "elements": "str", "choices": ["refresh_range", "deadline"]},
}

# A destination, by id, or by type, workspace and name. Some settings are secrets: see ``_spec/module.py``.
TARGET_TYPE: Spec = {"type": {"type": "str", "required": True}}
DESTINATION: Spec = {"name": {"type": "str"}, "workspace": {"type": "str"}, **TARGET_ID}
SETTINGS: Spec = {"settings": {"type": DICTIONARY}}
FORCE_SETTINGS: Spec = {"force_settings": {"type": "bool", "default": False}}
STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
ASSIGNMENTS: Spec = {
    "assignments": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "datastream_id": {"type": INTEGER_ID, "required": True},
            "table_name": {"type": "str"},
            **SETTINGS,
        },
    }
}


def check_bounds(
    params: dict[str, t.Any], first: str = "created_from", last: str = "created_to", prefix: str = ""
) -> None:
    """Raises InputError where the first bound is later than the last one."""
    start, end = params[first], params[last]
    if start and end and times.parse(start) > times.parse(end):
        raise InputError(
            f"{prefix}{first} ({start}) is later than {prefix}{last} ({end}). Nothing was changed."
        )


def check_reset(params: dict[str, t.Any]) -> None:
    """Raises InputError where an option of a smart schedule is to be set and reset at once."""
    both = [name for name in params["reset"] or [] if params[name] is not None]
    if both:
        raise InputError("{0}: set and also named in reset. Use one or the other.".format(", ".join(both)))
