# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Kinds of values for argument specs: ids that are told apart, times, times of day.

An integer where a UUID is due, or the reverse, is the mistake this service invites (contract, "Ids: the trap"); ansible-core's own conversions
would only say that it is no integer, and take ``true`` for 1.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
import uuid

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load

from . import times

_INTEGER_IDS = "bindings, destinations (targets), extracts, and datastreams in adverity_binding, adverity_extract_info and adverity_requeue"
_UUIDS = "datastreams and workspaces in adverity_datastream and adverity_smart_pulling"

_UUID = re.compile(
    r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"-?[0-9]{1,40}")


class Kind(str):
    """A type of an argument spec: to ansible-core a callable that converts, to everything that reads specs the plain type's name."""

    __name__: str
    _convert: t.Callable[[t.Any], t.Any]

    def __new__(cls, plain: str, name: str, convert: t.Callable[[t.Any], t.Any]) -> Kind:
        kind = super().__new__(cls, plain)
        kind.__name__ = name
        kind._convert = convert
        return kind

    def __call__(self, value: t.Any) -> t.Any:
        return self._convert(value)


def _text(value: t.Any) -> str:
    return "" if isinstance(value, bool) else str(value).strip()


def to_integer_id(value: t.Any) -> int:
    """A positive whole number, also as text. Raises ValueError with what is wrong."""
    text = _text(value)
    if _NUMBER.fullmatch(text) and 0 < int(text) < 2**63:
        return int(text)
    if _UUID.fullmatch(text):
        raise ValueError(
            f"{text} is a UUID, but this option takes an integer ID. Integer IDs identify {_INTEGER_IDS}; UUIDs identify {_UUIDS}"
        )
    raise ValueError(f"{value!r:.80} is not a positive whole number")


def to_uuid(value: t.Any) -> str:
    """A UUID in lower case with hyphens. Raises ValueError with what is wrong."""
    text = _text(value)
    if text.isascii() and text.isdigit() and len(text) < 32:
        raise ValueError(
            f"{text} is an integer ID, but this option takes a UUID. UUIDs identify {_UUIDS}; integer IDs identify {_INTEGER_IDS}"
        )
    if not _UUID.fullmatch(text):
        raise ValueError(f"{value!r:.80} is not a UUID like 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10")
    return str(uuid.UUID(text))


def _whole_number(lowest: int, highest: int | None = None) -> t.Callable[[t.Any], int]:
    def convert(value: t.Any) -> int:
        text = _text(value)
        if _NUMBER.fullmatch(text) and lowest <= int(text) and (highest is None or int(text) <= highest):
            return int(text)
        bounds = f"of at least {lowest}" if highest is None else f"from {lowest} to {highest}"
        raise ValueError(f"{value!r:.80} is not a whole number {bounds}")

    return convert


def _to_start(value: t.Any) -> str:
    return times.show(times.parse(str(value)))


def _to_end(value: t.Any) -> str:
    return times.show(times.parse(str(value), end_of_day=True))


def to_half_hour(value: t.Any) -> str:
    """A time of day on the half hour, as ``HH:MM:00`` (pulling guide). Raises ValueError with what is wrong."""
    text = "" if isinstance(value, bool) else str(value).strip()
    if text.isascii() and text.isdigit():
        raise ValueError(
            f"{text} is a number. YAML reads a time like 10:30 without quotes as a number. Quote it: '10:30'"
        )
    if not re.match(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", text, re.ASCII):
        raise ValueError(f"{value!r:.80} is not a time of day like 06:30 or 06:30:00, from 00:00 to 23:30")
    if not re.match(r"..:(00|30)(:00)?$", text):
        raise ValueError(
            f"{text!r} is not on the half hour, which Adverity requires: the minutes must be 00 or 30, and the seconds 00"
        )
    return text[:5] + ":00"


def parse_text(text: str) -> t.Any:
    """What a text in YAML or JSON holds, as JSON has it: dates become text. Raises ValueError, which quotes nothing of the text: it may hold a secret."""
    try:
        return json.loads(text)
    except ValueError:
        if not HAS_YAML:
            raise ValueError("it is not JSON, and PyYAML is not installed") from None
    where = ""
    try:
        return json.loads(json.dumps(yaml_load(text), default=_date_as_text))
    except Exception as error:  # the classes of PyYAML's errors are not known where it is missing
        mark = getattr(error, "problem_mark", None)
        where = f" (see line {min(mark.line + 1, len(text.splitlines()))})" if mark else ""
    raise ValueError(f"it is neither YAML nor JSON{where}")


def _date_as_text(value: t.Any) -> str:
    return str(value.isoformat())


def dictionary(example: str) -> Kind:
    """A dictionary, also as text in YAML or JSON."""

    def convert(value: t.Any) -> dict[str, t.Any]:
        found = (parse_text(value) if value.strip() else {}) if isinstance(value, str) else value
        if not isinstance(found, dict):
            raise ValueError(f"it must be a dictionary such as {example}")
        return found

    return Kind("dict", "a dictionary", convert)


INTEGER_ID = Kind("int", "an integer ID", to_integer_id)
UUID = Kind("str", "a UUID", to_uuid)
START = Kind("str", "a time", _to_start)
END = Kind("str", "a time", _to_end)
HALF_HOUR = Kind("str", "a time of day", to_half_hour)
DICTIONARY = dictionary("{project: acme-dwh, dataset: marketing}")


def whole_number(lowest: int, highest: int | None = None) -> Kind:
    """A whole number within bounds, both included."""
    return Kind("int", "a whole number", _whole_number(lowest, highest))


LONGEST_WAIT = 30 * 24 * 60 * 60  # clocks cannot hold any number


def seconds(shortest: int) -> Kind:
    """A time to wait, in whole seconds, of at most 30 days."""
    return whole_number(shortest, LONGEST_WAIT)


def is_url(place: str) -> bool:
    """Whether this names a database, and no file."""
    return "://" in place.split("?", 1)[0]


def place_of_ledger(default: str) -> Kind:
    """A path, with ``~`` and variables of the environment put in, or a URL. Empty text, as an unset field of an AWX credential gives it, is the default."""

    def convert(value: t.Any) -> str:
        place = str(value).strip() or default
        if is_url(place):
            return place
        place = os.path.expandvars(place)
        # With a HOME that is empty or relative, "~" would become another folder. The ledger says so.
        return os.path.expanduser(place) if os.path.isabs(os.environ.get("HOME", "/")) else place

    return Kind("path", "a path or a URL", convert)
