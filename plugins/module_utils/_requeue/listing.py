# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which extracts go into the bindings that are selected: the lists of their datastreams, and what is looked
for there. Reads only, and records which bindings it saw.
"""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import InputError, Refused, RequestError, UnreadableAnswer
from .._ledger.history import BindingHistory
from .._ledger.ledger import Ledger
from .._ledger.periods import Reason, Uncertainty
from .._resources import bindings, extracts
from .._resources.binding_state import read_timed, stops_the_run
from .._resources.extracts import Extract
from .._spec import selection
from . import automatic
from .recording import note_seen
from .select import Loads, Request, Selection, Unreadable, group_by_datastream, look_at


def list_extracts(
    client: Client, ledger: Ledger, request: Request, selected: Selection, binding_ids: t.Collection[int]
) -> tuple[list[Loads], list[Unreadable]]:
    """The selected extracts of the datastreams of these bindings, and the datastreams whose list cannot be
    read. Raises InputError where one of ``extract_ids`` is not among them.
    """
    if request.names_extracts_alone:
        return [_without_bindings(client, ledger, request, selection.once(request.extract_ids or []))], []
    due = group_by_datastream([binding for binding in selected.bindings if binding.id in binding_ids])
    binding_ids_of = {
        datastream_id: tuple(binding.id for binding in its_bindings)
        for datastream_id, its_bindings in due.items()
    }
    if request.extract_ids is not None:
        return _list_named(client, ledger, request, selected, binding_ids_of, request.extract_ids)
    return _split([_read_loads(client, ledger, request, selected, *item) for item in binding_ids_of.items()])


def _split(lists: list[Loads | Unreadable]) -> tuple[list[Loads], list[Unreadable]]:
    """The extracts of the datastreams whose list can be read, and the others."""
    loads = [each for each in lists if isinstance(each, Loads)]
    return loads, [each for each in lists if isinstance(each, Unreadable)]


def _read_loads(
    client: Client,
    ledger: Ledger,
    request: Request,
    selected: Selection,
    datastream_id: int,
    binding_ids: tuple[int, ...],
    wanted: set[int] | None = None,
) -> Loads | Unreadable:
    """The extracts of a datastream in the window; of these only those that are ``wanted``, where that is
    given. An error that concerns all requests is raised.
    """
    try:
        listed = extracts.read(
            client, datastream_id, request.created_from, request.created_to, request.labels
        )
    except (RequestError, UnreadableAnswer) as error:
        if stops_the_run(error):
            raise
        return Unreadable(datastream_id, binding_ids, error)
    found = listed if wanted is None else [extract for extract in listed if extract.id in wanted]
    may_be_loaded = automatic.may_be_loaded(client, ledger, request, selected, datastream_id, found)
    return Loads(datastream_id, binding_ids, found, may_be_loaded)


def _list_named(
    client: Client,
    ledger: Ledger,
    request: Request,
    selected: Selection,
    binding_ids_of: t.Mapping[int, tuple[int, ...]],
    extract_ids: list[int],
) -> tuple[list[Loads], list[Unreadable]]:
    """The extracts with these ids, and the lists in which they may be that cannot be read. ``binding_ids_of``
    are the bindings of each datastream that are due.
    """
    missing = set(extract_ids)
    lists: list[Loads | Unreadable] = []
    for datastream_id, binding_ids in binding_ids_of.items():
        if not missing and request.binding_ids is None:
            break
        listed = _read_loads(client, ledger, request, selected, datastream_id, binding_ids, missing)
        lists.append(listed)
        if isinstance(listed, Loads):
            _refuse_foreign_bindings(listed, request)
            missing.difference_update(extract.id for extract in listed.extracts)
    # Extracts of bindings that are done, or left alone: there is nothing to do about them.
    for datastream_id, of_datastream in group_by_datastream(selected.bindings).items():
        if missing and datastream_id not in binding_ids_of:
            binding_ids = tuple(binding.id for binding in of_datastream)
            listed = _read_loads(client, ledger, request, selected, datastream_id, binding_ids, missing)
            if isinstance(listed, Loads):
                missing.difference_update(extract.id for extract in listed.extracts)
            else:
                lists.append(listed)
    loads, unreadable = _split(lists)
    if unreadable:
        return loads, [
            each._replace(extract_ids=tuple(sorted(missing))) for each in unreadable
        ] if missing else []
    found = [extract_id for extract_id in extract_ids if extract_id not in missing]
    where = "among the extracts of the datastreams of these bindings"
    selection.refuse_unknown("extract_ids", extract_ids, found, where)
    return loads, []


def _refuse_foreign_bindings(loads: Loads, request: Request) -> None:
    """Raises InputError where bindings are named that none of the named extracts can go into."""
    if not loads.extracts and request.binding_ids is not None:
        raise InputError(
            f"binding_ids: {text.ids(loads.binding_ids)} load datastream {loads.datastream_id}, but none of"
            " extract_ids is an"
            " extract of it. Nothing was sent."
        )


def _without_bindings(client: Client, ledger: Ledger, request: Request, extract_ids: list[int]) -> Loads:
    """Extracts that are named alone. Nothing public tells their datastream: the IDs themselves are all there is to order by. They
    are looked for in the datastreams of which the ledger has a binding, since any binding of these may have loaded them automatically.
    """
    missing = set(extract_ids)
    may_be_loaded: dict[int, Uncertainty] = {}
    all_listed = True
    for datastream_id in _datastream_ids(ledger):
        if not missing:
            break
        loads = _look_in(client, ledger, request, datastream_id, missing)
        if loads is None:
            all_listed = False
        else:
            missing.difference_update(extract.id for extract in loads.extracts)
            may_be_loaded.update(loads.may_be_loaded)
    if not all_listed:
        may_be_loaded.update(dict.fromkeys(missing, Uncertainty(Reason.UNREADABLE)))
    return Loads(None, (), [Extract(each, None) for each in sorted(extract_ids)], may_be_loaded)


def _datastream_ids(ledger: Ledger) -> list[int]:
    """The datastreams of which the ledger has a binding."""
    return sorted(
        {row.datastream_id for row in ledger.binding_rows().values() if row.datastream_id is not None}
    )


def _look_in(
    client: Client, ledger: Ledger, request: Request, datastream_id: int, wanted: set[int]
) -> Loads | None:
    """The ``wanted`` extracts of a datastream that the ledger knows: none where it was deleted, None where it cannot be read."""
    try:
        listed = extracts.read(client, datastream_id, meanings=request.labels)
        found = [extract for extract in listed if extract.id in wanted]
        if not found:
            return Loads(datastream_id, (), found)
        reading = read_timed(client, lambda: bindings.read(client, datastream_id))
    except (RequestError, UnreadableAnswer) as error:
        if isinstance(error, Refused) and error.status == 404:
            return Loads(datastream_id, (), [])
        if stops_the_run(error):
            raise
        return None
    selected = look_at(ledger, reading.found, reading.found, reading.clock)
    note_seen(ledger, selected)
    may_be_loaded = dict(_loaded_by_any(selected.histories.values(), found))
    may_be_loaded.update(automatic.may_be_loaded(client, ledger, request, selected, datastream_id, found))
    return Loads(datastream_id, (), found, may_be_loaded)


def _loaded_by_any(
    histories: t.Iterable[BindingHistory], found: list[Extract]
) -> t.Iterator[tuple[int, Uncertainty]]:
    """The extracts that one of the bindings has loaded automatically, or may have."""
    for extract in found:
        loaded = [history.was_loaded(extract.interval, extract.created) for history in histories]
        if any(each is not False for each in loaded):
            yield (
                extract.id,
                next((each for each in loaded if isinstance(each, Uncertainty)), Uncertainty(Reason.ENABLED)),
            )
