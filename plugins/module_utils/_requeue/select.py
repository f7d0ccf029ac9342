# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which extracts shall go into which bindings: what the user chose, looked up at the service and checked. Reads only."""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import InputError
from .._api.paging import Row
from .._resources import bindings as _bindings
from .._resources import extracts as _extracts
from .._resources.extracts import Extract
from .._spec import selection


class Load(t.NamedTuple):
    """One extract and the bindings it shall go into; none of them stands for all that are enabled."""

    datastream_id: int | None
    extract: Extract
    binding_ids: tuple[int, ...]


class Choice(t.NamedTuple):
    """``loads`` in the order of sending: datastream by datastream, oldest extract first.

    ``bindings`` maps the chosen bindings to their datastreams, ``updated`` to their last change, where the service tells it; ``listed`` holds
    every extract the service listed for these, where it was asked; ``warnings`` are for the user.
    """

    loads: list[Load]
    bindings: dict[int, int | None]
    updated: dict[int, str | None]
    listed: set[int] | None
    warnings: list[str]


class Wish(t.NamedTuple):
    """The options that choose. ``only_enabled`` is false where bindings need not be enabled yet; ``pretending`` is check mode,
    ``assuming`` that in it an earlier task is known to have pretended to enable them.

    ``period_ids`` are the bindings for which ``self_loading`` says something.
    """

    extract_ids: list[int] | None
    datastream_ids: list[int] | None
    created_from: str | None
    created_to: str | None
    binding_ids: list[int] | None
    target_id: int | None
    period_ids: list[int]
    only_enabled: bool
    pretending: bool
    assuming: bool


def look_up(client: Client, wish: Wish) -> Choice:
    """What ``wish`` means at the service now. Raises InputError where it names what is not there, or does not belong together."""
    if wish.extract_ids is None:
        return _of_datastreams(client, wish)
    if wish.binding_ids is None and wish.target_id is None:
        _check_periods(wish, [])
        # No datastream is named and nothing public tells it: the ids themselves are all there is to order by.
        loads = [Load(None, Extract(one, None), ()) for one in sorted(selection.once(wish.extract_ids))]
        return Choice(loads, {}, {}, None, [])
    return _of_extracts(client, wish)


def _of_datastreams(client: Client, wish: Wish) -> Choice:
    datastream_ids = selection.once(wish.datastream_ids or [])
    only = datastream_ids[0] if len(datastream_ids) == 1 else None
    rows = _bindings.read(client, only, wish.target_id)
    by_datastream: dict[int, list[Row]] = {one: [] for one in datastream_ids}
    for row in rows:
        if row.get("datastream_id") in by_datastream:
            by_datastream[row["datastream_id"]].append(row)
    where = _bindings.place(only, wish.target_id)
    selection.refuse_unknown("datastream_ids", datastream_ids, (one for one in datastream_ids if by_datastream[one]), where)
    if wish.binding_ids is not None:
        _refuse_foreign(wish.binding_ids, rows, datastream_ids, where)
    chosen = {one: _of_these(one, by_datastream[one], wish) for one in datastream_ids}
    warnings = _check_enabled([row for some in chosen.values() for row in some], wish)
    _check_periods(wish, [row["id"] for some in chosen.values() for row in some])
    loads: list[Load] = []
    listed: set[int] = set()
    for datastream_id, some in chosen.items():
        extracts = _extracts.read(client, datastream_id, wish.created_from, wish.created_to)
        listed.update(extract.id for extract in extracts)
        binding_ids = tuple(row["id"] for row in some)
        loads.extend(Load(datastream_id, extract, binding_ids) for extract in extracts)
    return _choice_of(loads, [row for some in chosen.values() for row in some], listed, warnings)


def _of_extracts(client: Client, wish: Wish) -> Choice:
    rows = _bindings.read_chosen(client, wish.binding_ids, None, wish.target_id)
    _bindings.refuse_none(rows, None, wish.target_id)
    asked = selection.once(wish.extract_ids or [])
    missing = set(asked)
    loads: list[Load] = []
    used: list[Row] = []
    for datastream_id in selection.once(row["datastream_id"] for row in rows):
        if not missing and wish.binding_ids is None:
            break
        extracts = [extract for extract in _extracts.read(client, datastream_id) if extract.id in missing]
        missing.difference_update(extract.id for extract in extracts)
        some = [row for row in rows if row["datastream_id"] == datastream_id]
        if extracts:
            used.extend(some)
        elif wish.binding_ids is not None:
            raise InputError(
                "binding_ids: {0} load datastream {1}, but none of extract_ids is an extract of it. Nothing was sent.".format(
                    text.ids(row["id"] for row in some), datastream_id
                )
            )
        binding_ids = tuple(row["id"] for row in some)
        loads.extend(Load(datastream_id, extract, binding_ids) for extract in extracts)
    where = "among the extracts of the datastreams of these bindings"
    selection.refuse_unknown("extract_ids", asked, (one for one in asked if one not in missing), where)
    _check_periods(wish, [row["id"] for row in used])
    return _choice_of(loads, used, None, _check_enabled(used, wish))


def _choice_of(loads: list[Load], rows: list[Row], listed: set[int] | None, warnings: list[str]) -> Choice:
    datastreams, updated = ({row["id"]: row.get(name) for row in rows} for name in ("datastream_id", "updated"))
    return Choice(loads, datastreams, updated, listed, warnings)


def _refuse_foreign(binding_ids: list[int], rows: list[Row], datastream_ids: list[int], where: str) -> None:
    selection.refuse_unknown("binding_ids", binding_ids, (row["id"] for row in rows), where)
    foreign = [row for row in rows if row["id"] in binding_ids and row.get("datastream_id") not in datastream_ids]
    if foreign:
        shown = ", ".join("{0} (datastream {1})".format(row["id"], row.get("datastream_id")) for row in foreign)
        raise InputError(f"binding_ids: of another datastream than datastream_ids names: {shown}. Nothing was sent.")


def _of_these(datastream_id: int, rows: list[Row], wish: Wish) -> list[Row]:
    """The bindings of one datastream that are meant."""
    if wish.binding_ids is not None:
        rows = [row for row in rows if row["id"] in wish.binding_ids]
        if not rows:
            raise InputError(f"binding_ids: none of them is a binding of datastream {datastream_id}. Nothing was sent.")
    elif wish.target_id is None:
        if any(_bindings.state(row) is None for row in rows):
            raise InputError(
                f"The service does not say which bindings of datastream {datastream_id} are enabled: name them with binding_ids or target_id."
            )
        rows = [row for row in rows if _bindings.state(row)]
        if not rows:
            raise InputError(
                f"Datastream {datastream_id} has no enabled binding, so there is nothing to load into. Enable one with adverity.management.adverity_binding,"
                " or name one with binding_ids or target_id."
            )
    return rows


def _check_enabled(rows: list[Row], wish: Wish) -> list[str]:
    disabled = [row for row in rows if _bindings.state(row) is False]
    if not disabled or not wish.only_enabled or (wish.pretending and wish.assuming):
        return []
    shown = ", ".join(_bindings.label(row) for row in disabled[:20]) + (f" and {len(disabled) - 20} more" if disabled[20:] else "")
    if wish.pretending:
        return [f"Not enabled: {shown}. A real run refuses that, unless an earlier task, which in check mode only pretends, enables it first."]
    raise InputError(f"Not enabled: {shown}. Enable it with adverity.management.adverity_binding first. Nothing was sent.")


def _check_periods(wish: Wish, binding_ids: list[int]) -> None:
    selection.refuse_unknown("self_loading", wish.period_ids, binding_ids, "among the chosen bindings")
