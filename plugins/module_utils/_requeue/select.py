# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which extracts go into which bindings: what the user chose, looked up at the service, in the turn of the bindings. Reads only."""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import InputError
from .._api.paging import Row
from .._ledger.ledger import Ledger
from .._ledger.timeline import Record, Window, see
from .._resources import bindings, extracts
from .._resources.extracts import Extract
from .._spec import selection, times


class Request(t.NamedTuple):
    """The options that choose. ``enabled_ids`` are bindings that an earlier task would enable in a real run; it only pretends to, in check mode."""

    extract_ids: list[int] | None
    datastream_ids: list[int] | None
    created_from: str | None
    created_to: str | None
    binding_ids: list[int] | None
    target_id: int | None
    enabled_ids: frozenset[int] = frozenset()

    @property
    def window(self) -> Window:
        return (times.readable(self.created_from), times.readable(self.created_to))

    @property
    def names_bindings(self) -> bool:
        return self.binding_ids is not None or self.target_id is not None


class Selection(t.NamedTuple):
    """The bindings that are chosen, as the service shows them and as they are known now, both in one order; none stands for all that are enabled.
    ``new_ids`` are those of which the ledger had no record."""

    rows: list[Row]
    records: dict[int, Record]
    new_ids: frozenset[int] = frozenset()


class Loads(t.NamedTuple):
    """Extracts of one datastream, oldest first, and the bindings they go into; none of them stands for all that are enabled."""

    datastream_id: int | None
    binding_ids: tuple[int, ...]
    extracts: t.Sequence[Extract]


def read_request(params: dict[str, t.Any], check_mode: bool) -> Request:
    """The request that a module's options make."""
    names = ("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id")
    pretended = params.get("enabled_bindings") or [] if check_mode else []
    enabled_ids = frozenset(row["id"] for row in pretended if row.get("enabled") is True)
    return Request(**{name: params[name] for name in names}, enabled_ids=enabled_ids)


def choose_bindings(client: Client, ledger: Ledger, request: Request) -> Selection:
    """The bindings that are chosen, held by this run from now on. Raises InputError where the request names what is not there."""
    if request.extract_ids is not None and not request.names_bindings:
        ledger.take_turn(None)
        return Selection([], {})
    while True:
        rows = _read_rows(client, request)
        if not ledger.take_turn([row["id"] for row in rows]):
            break
    known = ledger.records([row["id"] for row in rows])
    records = {row["id"]: look_at(known.get(row["id"]), row, client) for row in rows}
    if not request.names_bindings:
        rows = _only_enabled(rows, records, request)
    return Selection(rows, records, frozenset(records).difference(known))


def look_at(known: Record | None, row: Row, client: Client) -> Record:
    """What is known of a binding after the service showed this row."""
    record = (known or Record())._replace(datastream_id=row["datastream_id"])
    return see(record, bindings.state(row), row.get("updated"), service_clock(client))


def service_clock(client: Client) -> str | None:
    """The time that the service's last answer carries."""
    return None if client.date is None else times.show(client.date)


def list_extracts(client: Client, request: Request, selected: Selection, binding_ids: t.Collection[int]) -> list[Loads]:
    """The chosen extracts of the datastreams of these bindings. Raises InputError where one of ``extract_ids`` is not among them."""
    if not selected.rows:
        # No datastream is named and nothing public tells it: the ids themselves are all there is to order by.
        return [Loads(None, (), [Extract(one, None) for one in sorted(selection.once(request.extract_ids or []))])]
    loads = []
    wanted = None if request.extract_ids is None else set(request.extract_ids)
    for datastream_id, some in _by_datastream(selected.rows).items():
        ids = tuple(row["id"] for row in some if row["id"] in binding_ids)
        if not ids or (wanted is not None and not wanted and request.binding_ids is None):
            continue
        found: t.Sequence[Extract] = extracts.read(client, datastream_id, request.created_from, request.created_to)
        if wanted is not None:
            found = [extract for extract in found if extract.id in wanted]
            wanted.difference_update(extract.id for extract in found)
            if not found and request.binding_ids is not None:
                raise InputError(
                    f"binding_ids: {text.ids(ids)} load datastream {datastream_id}, but none of extract_ids is an extract of it. Nothing was sent."
                )
        loads.append(Loads(datastream_id, ids, found))
    if wanted:
        known = [one for one in request.extract_ids or [] if one not in wanted]
        selection.refuse_unknown("extract_ids", request.extract_ids or [], known, "among the extracts of the datastreams of these bindings")
    return loads


def _read_rows(client: Client, request: Request) -> list[Row]:
    if request.datastream_ids is None:
        rows = bindings.read_selected(client, request.binding_ids, None, request.target_id)
        bindings.refuse_none(rows, None, request.target_id)
        return rows
    datastream_ids = selection.once(request.datastream_ids)
    only = datastream_ids[0] if len(datastream_ids) == 1 else None
    rows = bindings.read(client, only, request.target_id)
    by_datastream = {one: [row for row in rows if row["datastream_id"] == one] for one in datastream_ids}
    where = bindings.place(only, request.target_id)
    selection.refuse_unknown("datastream_ids", datastream_ids, (one for one in datastream_ids if by_datastream[one]), where)
    if request.binding_ids is not None:
        by_datastream = _named(request.binding_ids, by_datastream, rows, where)
    return [row for some in by_datastream.values() for row in some]


def _named(binding_ids: list[int], by_datastream: dict[int, list[Row]], rows: list[Row], where: str) -> dict[int, list[Row]]:
    """Of each datastream the bindings that are named, at least one."""
    selection.refuse_unknown("binding_ids", binding_ids, (row["id"] for row in rows), where)
    foreign = [row for row in rows if row["id"] in binding_ids and row["datastream_id"] not in by_datastream]
    if foreign:
        shown = ", ".join(f"{row['id']} (datastream {row['datastream_id']})" for row in foreign)
        raise InputError(f"binding_ids: of another datastream than datastream_ids names: {shown}. Nothing was sent.")
    named = {one: [row for row in some if row["id"] in binding_ids] for one, some in by_datastream.items()}
    for datastream_id, some in named.items():
        if not some:
            raise InputError(f"binding_ids: none of them is a binding of datastream {datastream_id}. Nothing was sent.")
    return named


def _only_enabled(rows: list[Row], records: dict[int, Record], request: Request) -> list[Row]:
    """Of each datastream the bindings that are enabled: those into which a request without names would load."""
    for datastream_id, some in _by_datastream(rows).items():
        if any(records[row["id"]].enabled is None for row in some):
            raise InputError(
                f"The service does not say which bindings of datastream {datastream_id} are enabled. Name them with binding_ids or target_id. Nothing was sent."
            )
        if not any(records[row["id"]].enabled for row in some):
            raise InputError(
                f"Datastream {datastream_id} has no enabled binding, so there is nothing to load into. Enable one with"
                " adverity.management.adverity_binding, or name one with binding_ids or target_id. Nothing was sent."
            )
    return [row for row in rows if records[row["id"]].enabled]


def _by_datastream(rows: list[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["datastream_id"], []).append(row)
    return found
