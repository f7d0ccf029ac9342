# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What else may have changed the state of an extract since it was sent to a binding: other requests in the ledger, and loads of Adverity's own accord into
other bindings. Pure.

An extract has one state for all bindings, so each of these takes away what the state tells of one binding. What people do in Adverity is not known.
"""

from __future__ import annotations

import typing as t

from .._ledger.history import BindingHistory
from .._ledger.rows import BindingRow
from .._ledger.sent import Sent
from .._ledger.status import Event, EventKind
from .._resources.bindings import Binding
from .._spec import times
from .judge import Other, may_overlap

_OUTCOMES = (EventKind.LOADED, EventKind.FAILED)


class MergedBinding(t.NamedTuple):
    """A binding from the API and the ledger, and its last change as far as it is known. ``enabled``: None where that is not known."""

    id: int
    enabled: bool | None
    updated: times.Time | None


def last_request(sent: Sent) -> Event | None:
    """The last request for an extract and a binding; None where the ledger has none, as after a repair by hand."""
    requests = [event for event in sent.events if event.is_request]
    return requests[-1] if requests else None


def sent_at(request: Event) -> times.Time | None:
    """The API's clock before a request."""
    return None if request.clock is None else times.Time(request.clock)


def other_requests(sent: Sent, request: Event, of_extract: t.Iterable[Sent]) -> list[Other]:
    """The requests that may have had the extract under way since ``request``. ``of_extract``: everything that was sent of it, for all bindings."""
    found = []
    for each in of_extract:
        for event in each.events:
            is_this = event.id == request.id and each.binding_id == sent.binding_id
            if event.is_request and not is_this and _is_beside(event, request, each):
                found.append(Other(each.binding_id))
    return found


def _is_beside(event: Event, request: Event, sent: Sent) -> bool:
    if event.id >= request.id:
        return True
    ended = any(each.kind in _OUTCOMES and event.id < each.id < request.id for each in sent.events)
    return not ended and may_overlap(sent_at(event), sent_at(request))


def automatic_loads(sent: Sent, request: Event, of_datastream: t.Iterable[MergedBinding]) -> list[Other]:
    """The other bindings of the datastream into which Adverity may have loaded the extract automatically since ``request``."""
    created, moment = times.parse_precise(sent.created), sent_at(request)
    return [
        Other(each.id, automatic=True)
        for each in of_datastream
        if each.id != sent.binding_id and _may_load(each, created, moment)
    ]


def _may_load(binding: MergedBinding, created: times.Time | None, moment: times.Time | None) -> bool:
    """A binding that was changed may have been enabled then: it loads what is fetched since, and for some types of destination what was there before."""
    if binding.updated is None or may_overlap(binding.updated, moment):
        return True
    return binding.enabled is not False and may_overlap(created, moment)


def merge_bindings(
    listed: t.Iterable[Binding], seen: t.Mapping[int, BindingRow], histories: t.Mapping[int, BindingHistory]
) -> dict[int, list[MergedBinding]]:
    """The bindings of each datastream, from what the API listed and what the ledger records of them, also of those that are no more."""
    found: dict[int, list[MergedBinding]] = {}
    by_id = {binding.id: binding for binding in listed}
    for binding_id in sorted({*by_id, *seen}):
        binding, history = by_id.get(binding_id), histories.get(binding_id)
        datastream_id = seen[binding_id].datastream_id if binding is None else binding.datastream_id
        if datastream_id is not None:
            found.setdefault(datastream_id, []).append(_merge(binding_id, binding, history))
    return found


def _merge(binding_id: int, binding: Binding | None, history: BindingHistory | None) -> MergedBinding:
    enabled, updated = (None, None) if binding is None else (binding.enabled, binding.updated)
    if history is None:
        return MergedBinding(binding_id, enabled, times.parse_precise(updated))
    if history.is_write_pending:
        return MergedBinding(binding_id, None, None)
    shown = times.readable(updated)
    if binding is not None and shown is None:
        return MergedBinding(binding_id, enabled, None)
    changed = times.parse_precise(times.latest(shown, history.updated))
    return MergedBinding(binding_id, history.enabled if binding is None else enabled, changed)
