# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Smart-pulling settings: reading them from datastreams, and merging new ones into them (pulling guide). Pure: nothing is sent from here.

A PUT replaces the whole setting, so that what an option leaves out has to be sent along as the datastream has it. A setting is held as the API takes
it: ``{"is_active", "frequency", "refresh_range": {"value", "unit"} or None, "deadline": {"time": "HH:MM:SS"} or None}``, None being the default,
which a PUT gets by leaving the field out.
"""

from __future__ import annotations

import json
import re
import typing as t

from .._api import text
from .._api.errors import InputError, UnreadableAnswer
from .._api.paging import Row
from .datastream_writes import DatastreamChange
from .datastreams import PATH as DATASTREAMS
from .datastreams import Datastream

PATH = DATASTREAMS + "pulling/smart/"
MAY_BE_LEFT_OUT = ("refresh_range", "deadline")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


def plan(selected: list[Datastream], params: dict[str, t.Any]) -> list[DatastreamChange]:
    """The changes that are due, for the datastreams that differ, those with an equal result together. Raises InputError or UnreadableAnswer.

    Whether a value that is to be reset is the default already cannot be told from it (contract): such a write is due, but ``uncertain``.
    """
    wanted = {name: params[name] for name in SETTINGS if params[name] is not None}
    if "deadline" in wanted:
        wanted["deadline"] = {"time": wanted["deadline"]}
    reset = dict.fromkeys(params["reset"] or [])
    _refuse_unknown_setting(selected, {*wanted, *reset})
    groups: dict[str, list[_Difference]] = {}
    for datastream in selected:
        difference = _compare(datastream, wanted, reset)
        if difference is not None:
            groups.setdefault(json.dumps(difference.body, sort_keys=True), []).append(difference)
    return [_change(alike) for alike in groups.values()]


class Setting(t.NamedTuple):
    """A smart schedule, as the API takes it. A value in a shape that the guide does not show is as it came; None where there is none."""

    is_active: t.Any
    frequency: t.Any
    refresh_range: t.Any
    deadline: t.Any


SETTINGS = Setting._fields


class _Difference(t.NamedTuple):
    """What to write for a datastream: ``body`` is sent, ``patch`` is what it changes of the setting."""

    datastream_id: str
    body: Row
    patch: Row
    is_uncertain: bool


def _compare(datastream: Datastream, wanted: Row, reset: Row) -> _Difference | None:
    """What to write so that the setting of a datastream is as ``wanted``, with what is to be ``reset``; None
    where it is so already.
    """
    has = read(datastream)._asdict()
    merged = {**has, **wanted, **reset}
    differs = {name: value for name, value in merged.items() if value != has[name]}
    if not differs:
        return None
    body = {name: value for name, value in merged.items() if value is not None or name not in MAY_BE_LEFT_OUT}
    patch = differs if datastream.pulling["smart"] else merged
    return _Difference(datastream.id, body, patch, set(differs) <= set(reset))


def _change(alike: list[_Difference]) -> DatastreamChange:
    """One write for all datastreams that get the same setting."""
    patches = {each.datastream_id: each.patch for each in alike}
    uncertain = frozenset(each.datastream_id for each in alike if each.is_uncertain)
    return DatastreamChange("PUT", PATH, ("pulling", "smart"), alike[0].body, patches, uncertain)


def read(datastream: Datastream) -> Setting:
    """A datastream's setting; without one all its values are None."""
    smart = _smart(datastream) or {}
    return Setting(
        smart.get("is_active"),
        smart.get("frequency"),
        _read_range(smart.get("refresh_range")),
        _read_deadline(smart.get("deadline")),
    )


def show(datastream: Datastream) -> Row:
    """A datastream's setting as ``adverity_smart_pulling_info`` returns it, in the shapes of the options of ``adverity_smart_pulling``."""
    setting = read(datastream)
    if isinstance(setting.deadline, dict):
        setting = setting._replace(deadline=setting.deadline.get("time"))
    return {
        "datastream_id": datastream.id,
        "name": datastream.name,
        "active_mode": datastream.active_mode,
        **setting._asdict(),
    }


def _smart(datastream: Datastream) -> t.Any:
    """``pulling.smart``: a dict, None for no setting, False where the row does not say."""
    smart = datastream.pulling.get("smart", False)
    return smart if smart is None or isinstance(smart, dict) else False


def _read_range(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        if all(part is None for part in value.values()):
            return None
        if _is_range(value):
            return {"value": value["value"], "unit": value["unit"]}
    return value


def _read_deadline(value: t.Any) -> t.Any:
    time = value.get("time") if isinstance(value, dict) else value
    if time is None:
        return None
    return {"time": time if len(time) == 8 else time + ":00"} if _is_time(time) else value


def _is_range(value: t.Any) -> bool:
    number = value.get("value") if isinstance(value, dict) else None
    return isinstance(number, int) and not isinstance(number, bool) and isinstance(value.get("unit"), str)


def _is_time(value: t.Any) -> bool:
    return isinstance(value, str) and bool(_TIME.fullmatch(value))


def _can_be_sent(name: str, value: t.Any) -> bool:
    """Whether a value that was read can go into a PUT again. The API insists on the first two (pulling guide)."""
    if name == "is_active":
        return isinstance(value, bool)
    if name == "frequency":
        return isinstance(value, str)
    return value is None or (
        _is_range(value)
        if name == "refresh_range"
        else isinstance(value, dict) and _is_time(value.get("time"))
    )


def _refuse_unknown_setting(selected: list[Datastream], given: t.Container[str]) -> None:
    """Raises where an option that was left out cannot be kept, because a datastream has no value for it, or none that can be read."""
    silent = [datastream.label for datastream in selected if _smart(datastream) is False]
    if silent:
        raise UnreadableAnswer(
            f"The API does not return the smart schedule of these datastreams, so it cannot be kept: {text.several(silent, 20)}."
            " Nothing was changed.",
            method="GET",
            path=DATASTREAMS,
        )
    lacking: dict[str, list[str]] = {}
    for datastream in selected:
        has = read(datastream)._asdict()
        names = [name for name in SETTINGS if name not in given and not _can_be_sent(name, has[name])]
        if names:
            lacking.setdefault(", ".join(names), []).append(datastream.label)
    if lacking:
        raise InputError(
            "No current value to keep for {0}. Set these options explicitly. Nothing was changed.".format(
                "; for ".join(f"{names} of {text.several(labels, 20)}" for names, labels in lacking.items())
            )
        )
