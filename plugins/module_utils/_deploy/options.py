# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The variables of the role ``deploy_destination``, as people type them: pure.

A survey of AWX sends everything as text, and an answer that was left empty as empty text: that means the same as leaving the variable out.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._api import text
from .._api.errors import InputError
from .._resources import fields
from .._resources.labels import Labels
from .._spec import selection, times
from .._spec.kinds import DICTIONARY, END, INTEGER_ID, START, UUID, dictionary, parse_text
from .._spec.options import (
    BACKFILL,
    REQUEUE_HOW,
    SMART_PULLING,
    TARGET_TYPE,
    WAIT,
    Spec,
    check_bounds,
    check_reset,
)

PREFIX = "deploy_destination_"
DATASTREAM_OPTIONS = ("datastream_enabled", "pulling_mode", "smart_pulling")
_OF_NAME = ("workspace", "connection", "settings")  # these describe a destination by name
_NAMES = ("name", "workspace", "connection")  # spaces may be part of a name
_TUPLES = ("datastream_ids", "datastreams", "datastream_uuids")
_STATE_LABELS = dictionary("{Importiert: loaded}")
_SCHEDULE = dictionary("{frequency: daily, deadline: '06:30'}")
_DATASTREAM = ("name", "workspace", "table_name", "settings")
_LISTS = ("- ", "[{", '["')  # how a list in YAML or JSON starts, and no name of a datastream
_EXCLUSIVE = [(PREFIX + "target_id", PREFIX + "name"), (PREFIX + "datastream_ids", PREFIX + "datastreams")]

VARIABLES: Spec = {
    "target_id": {"type": INTEGER_ID},
    "name": {"type": "str"},
    **TARGET_TYPE,
    "workspace": {"type": "str"},
    "connection": {"type": "str"},
    "settings": {"type": DICTIONARY},
    "create": {"type": "bool", "default": True},
    "datastream_ids": {"type": "list", "elements": INTEGER_ID},
    "datastreams": {"type": "list", "elements": "raw"},
    "enabled": {"type": "bool", "default": True},
    "backfill": {"type": "str", "choices": BACKFILL, "default": "when_needed"},
    "backfill_from": {"type": START},
    "backfill_to": {"type": END},
    **REQUEUE_HOW,
    "on_failed": {"type": "str", "choices": ["fail", "warn", "requeue"], "default": "fail"},
    "wait": WAIT["wait"],
    "state_labels": {"type": _STATE_LABELS},
    "datastream_uuids": {"type": "list", "elements": UUID},
    "datastream_enabled": {"type": "bool"},
    "pulling_mode": {"type": "str", "choices": ["smart", "schedule"]},
    "smart_pulling": {"type": _SCHEDULE, "options": SMART_PULLING},
}


@dataclasses.dataclass(frozen=True)
class WantedDatastream:
    """A datastream that goes by its name: an item of ``datastreams``. Without ``workspace`` it is looked for in all of them."""

    name: str | int
    workspace: str | None
    table_name: str | None
    settings: dict[str, t.Any] | None


@dataclasses.dataclass(frozen=True)
class RoleVariables:
    """The role's variables, without its prefix; None where one that has no default is not given. Times are texts of the API."""

    target_id: int | None
    name: str | None
    type: str | None
    workspace: str | None
    connection: str | None
    settings: dict[str, t.Any] | None
    create: bool
    datastream_ids: tuple[int, ...] | None
    datastreams: tuple[WantedDatastream, ...] | None
    enabled: bool
    backfill: str
    backfill_from: str | None
    backfill_to: str | None
    sequential: bool
    batch_size: int
    force: bool
    on_unknown: str
    on_refused: str
    on_failed: str
    wait: int
    state_labels: dict[str, str] | None
    datastream_uuids: tuple[str, ...] | None
    datastream_enabled: bool | None
    pulling_mode: str | None
    smart_pulling: dict[str, t.Any] | None

    @property
    def window(self) -> tuple[str | None, str | None]:
        """The period of the history, as the ledger records it."""
        return (times.readable(self.backfill_from), times.readable(self.backfill_to))

    def shown(self) -> dict[str, t.Any]:
        """The variables for the module's result. Settings may hold secrets, so they are left out."""
        values = dataclasses.asdict(self)
        del values["settings"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def read(given: dict[str, t.Any]) -> RoleVariables:
    """All variables, converted; what is not given, or an empty text, has its default. Raises InputError, which names the role's variable."""
    unknown = [PREFIX + name for name in given if name not in VARIABLES]
    if unknown:
        raise InputError(f"No such variable: {', '.join(unknown)}. Nothing was changed.")
    filled = {PREFIX + name: _convert(name, value) for name, value in given.items() if not _is_empty(value)}
    spec = {PREFIX + name: dict(option, required=False) for name, option in VARIABLES.items()}
    validated = ArgumentSpecValidator(
        spec, mutually_exclusive=_EXCLUSIVE, required_one_of=[_EXCLUSIVE[0]]
    ).validate(filled)
    if validated.error_messages:
        raise InputError(f"{'; '.join(validated.error_messages)}. Nothing was changed.")
    selection.refuse_empty(
        validated.validated_parameters,
        *(PREFIX + name for name in _TUPLES),
    )
    values = {name: validated.validated_parameters[PREFIX + name] for name in VARIABLES}
    check_bounds(values, "backfill_from", "backfill_to", PREFIX)
    values["datastreams"] = values["datastreams"] and map(_datastream, values["datastreams"])
    for name in _TUPLES:
        values[name] = None if values[name] is None else tuple(values[name])
    if values["smart_pulling"] is not None:
        values["smart_pulling"] = _schedule(values["smart_pulling"])
    variables = RoleVariables(**values)
    _check_together(variables)
    _check_labels(variables.state_labels)
    return variables


def misspelt(names: t.Iterable[str]) -> list[str]:
    """Warnings about names that begin like the role's variables, and are none of them."""
    known = (*VARIABLES, "ledger")
    warnings = []
    for name in sorted(set(names).difference(PREFIX + each for each in known)):
        similar = difflib.get_close_matches(name[len(PREFIX) :], known, 1, 0.7)
        meant = f" Did you mean {PREFIX}{similar[0]}?" if similar else ""
        warnings.append(f"{text.line(name, 80)} is no variable of the role, and has no effect.{meant}")
    return warnings


def _schedule(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """The options of a smart schedule that are given. What ``adverity_smart_pulling`` would refuse is refused here, before anything is written."""
    try:
        selection.require_one(given, *SMART_PULLING)
        check_reset(given)
    except InputError as error:
        raise InputError(f"{PREFIX}smart_pulling: {error} Nothing was changed.") from error
    return {name: value for name, value in given.items() if value is not None}


def _check_labels(given: dict[str, t.Any] | None) -> None:
    try:
        Labels(given)
    except InputError as error:
        raise InputError(f"{PREFIX}{error} Nothing was changed.") from error


def _check_together(variables: RoleVariables) -> None:
    """Raises InputError where variables are given without those that they need, or contradict each other."""
    missing = _missing(variables)
    if missing:
        raise InputError(
            f"{', '.join(missing)}: missing. A destination by name needs type and workspace,"
            " and datastreams by name need the type. Nothing was changed."
        )
    describing = _given(variables, _OF_NAME)
    if describing and variables.name is None:
        raise InputError(
            f"{', '.join(describing)}: these describe a destination by name, but {PREFIX}name is not given."
            " Nothing was changed."
        )
    alone = _given(variables, DATASTREAM_OPTIONS)
    if alone and variables.datastream_uuids is None and variables.datastreams is None:
        raise InputError(
            f"{', '.join(alone)}: these are for the datastreams in {PREFIX}datastreams or"
            f" {PREFIX}datastream_uuids, and neither is given. Nothing was changed."
        )
    if variables.backfill == "recorded" and not variables.enabled:
        raise InputError(
            f"{PREFIX}backfill: recorded needs {PREFIX}enabled: true. To disable the bindings, set {PREFIX}backfill: never. To record"
            " their history as loaded without enabling them, use adverity.management.adverity_requeue with state: recorded."
            " Nothing was changed."
        )


def _missing(variables: RoleVariables) -> list[str]:
    """The role's variables that a destination or datastreams by name need, and that are not given."""
    if variables.datastreams and variables.type is None:
        return [PREFIX + "type"]
    if variables.name is None:
        return []
    return [PREFIX + name for name in ("type", "workspace") if getattr(variables, name) is None]


def _given(variables: RoleVariables, names: t.Iterable[str]) -> list[str]:
    """Those of the role's variables that are given."""
    return [PREFIX + name for name in names if getattr(variables, name) is not None]


def _datastream(given: t.Any) -> WantedDatastream:
    """An item of ``datastreams``: a name, or a dict."""
    one = dict.fromkeys(_DATASTREAM) | (given if isinstance(given, dict) else {"name": given})
    wrong = [str(name) for name in one if name not in _DATASTREAM]
    if one["name"] in (None, "") or not isinstance(one["name"], (str, int)):
        wrong.append("name is missing")
    if wrong or not isinstance(one["settings"] or {}, dict):
        shown = text.line(", ".join(wrong) or "settings")
        raise InputError(
            f"{PREFIX}datastreams: each is a name, or a dict of {', '.join(_DATASTREAM)}. Wrong: {shown}. Nothing was changed."
        )
    if any(fields.is_secret(name, {}) for name in one["settings"] or {}):
        raise InputError(
            f"{PREFIX}datastreams: settings with secrets are not supported here. Use adverity.management.adverity_assignment. Nothing was changed."
        )
    return WantedDatastream(**one)


def _is_empty(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _convert(name: str, value: t.Any) -> t.Any:
    """The value of a variable that is not empty; a text as the kind of value that the variable takes. Raises
    InputError where it cannot be read.
    """
    try:
        if name in _CONVERSIONS:
            return _CONVERSIONS[name](value)
    except ValueError as error:
        raise InputError(f"{PREFIX}{name} cannot be read: {error}. Nothing was changed.") from None
    if not isinstance(value, str):
        return value
    if VARIABLES[name].get("type") == "list":
        return _items(value)
    return value if name in _NAMES else value.strip()


def _items(value: str) -> list[str]:
    """The items of a list as text: between them are line breaks or commas."""
    return _stripped(value.replace("\n", ",").split(","))


def _stripped(items: t.Iterable[str]) -> list[str]:
    return [item.strip() for item in items if item.strip(" ,\r")]


def _list_datastreams(value: t.Any) -> t.Any:
    """Datastreams as a list. As text they are a list in YAML or JSON, or names with line breaks between them,
    or else commas.
    """
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(_LISTS):
        return parse_text(value)
    return _stripped(value.split("\n")) if "\n" in value.strip() else _items(value)


def _read_schedule(value: t.Any) -> dict[str, t.Any]:
    """A smart schedule, which may be YAML or JSON as text. An empty option means the same as leaving it out."""
    return {name: option for name, option in _SCHEDULE(value).items() if not _is_empty(option)}


_CONVERSIONS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "settings": DICTIONARY,
    "state_labels": _STATE_LABELS,
    "smart_pulling": _read_schedule,
    "datastreams": _list_datastreams,
}
