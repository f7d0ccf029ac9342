# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which extracts go into the bindings that are selected: the lists of their datastreams, and what is looked
for there. Reads only.
"""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import InputError, Refused, RequestError, UnreadableAnswer
from .._ledger.history import BindingHistory
from .._ledger.ledger import Ledger
from .._ledger.periods import Reason, Uncertainty
from .._resources import extracts
from .._resources.binding_state import stops_the_run
from .._resources.extracts import Extract
from .._spec import selection
from . import automatic
from .select import Loads, Request, Selection, Unreadable, group_by_datastream


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
        datastream_id: tuple(binding.id for binding in some) for datastream_id, some in due.items()
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
    are the bindings of each datastream.
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
    """Extracts that are named alone. Nothing public tells their datastream: the IDs themselves are all there
    is to order by. They are looked for in the datastreams of which the ledger has an enabled binding, since
    that may have loaded them automatically.
    """
    missing = set(extract_ids)
    may_be_loaded: dict[int, Uncertainty] = {}
    all_listed = True
    for datastream_id, histories in sorted(_with_periods(ledger).items()):
        if not missing:
            break
        listed = _read_or_none(client, request, datastream_id)
        all_listed = all_listed and listed is not None
        found = [extract for extract in listed or () if extract.id in missing]
        missing.difference_update(extract.id for extract in found)
        may_be_loaded.update(_loaded_by_any(histories, found))
        may_be_loaded.update(automatic.under_way(ledger, request.labels, datastream_id, found))
    if not all_listed:
        may_be_loaded.update(dict.fromkeys(missing, Uncertainty(Reason.UNREADABLE)))
    return Loads(None, (), [Extract(each, None) for each in sorted(extract_ids)], may_be_loaded)


def _loaded_by_any(
    histories: list[BindingHistory], found: list[Extract]
) -> t.Iterator[tuple[int, Uncertainty]]:
    """The extracts that one of the bindings has loaded automatically, or may have."""
    for extract in found:
        loaded = [history.was_loaded(extract.interval, extract.created) for history in histories]
        if any(each is not False for each in loaded):
            yield (
                extract.id,
                next((each for each in loaded if isinstance(each, Uncertainty)), Uncertainty(Reason.ENABLED)),
            )


def _with_periods(ledger: Ledger) -> dict[int, list[BindingHistory]]:
    """By datastream, the histories of the bindings that were enabled at some time."""
    rows = ledger.binding_rows()
    found: dict[int, list[BindingHistory]] = {}
    for binding_id, history in ledger.histories().items():
        datastream_id = rows[binding_id].datastream_id if binding_id in rows else None
        if history.periods and datastream_id is not None:
            found.setdefault(datastream_id, []).append(history)
    return found


def _read_or_none(client: Client, request: Request, datastream_id: int) -> t.Sequence[Extract] | None:
    """The extracts of a datastream that the ledger knows: none where it was deleted, None where they cannot
    be listed.
    """
    try:
        return extracts.read(client, datastream_id, meanings=request.labels)
    except (RequestError, UnreadableAnswer) as error:
        if isinstance(error, Refused) and error.status == 404:
            return ()
        if stops_the_run(error):
            raise
        return None
