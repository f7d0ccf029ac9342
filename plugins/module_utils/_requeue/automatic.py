# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Extracts that Adverity may load, or have loaded, automatically, although they were created before their
binding was enabled. What the periods of the bindings tell of the others is in ``_ledger/periods.py``.
"""

from __future__ import annotations

import itertools
import typing as t
from datetime import datetime

from .._api import clock
from .._api.client import Client
from .._ledger import sent
from .._ledger.history import BindingHistory
from .._ledger.ledger import Ledger
from .._ledger.periods import SECOND, Moment, Reason, State, Uncertainty, interval
from .._ledger.status import Event, Status, derive_status, loaded_at
from .._ledger.turns import ALL_ENABLED
from .._resources import bindings
from .._resources.bindings import Binding
from .._resources.extracts import Extract, Extracts
from .._resources.jobs import LONGEST_QUEUE
from .._resources.labels import Labels, Meaning
from .._spec import times
from .decision import Pair
from .select import Request, Selection

LONGEST_PROCESSING = 3600 * SECOND  # how long Adverity may take from the creation of an extract to its load


def may_be_loaded(
    client: Client,
    ledger: Ledger,
    request: Request,
    selected: Selection,
    datastream_id: int,
    found: t.Sequence[Extract],
) -> dict[int, Uncertainty]:
    """Of the extracts of a datastream those that may be loaded automatically, and why."""
    reasons = under_way(ledger, request.labels, datastream_id, found)
    of_datastream = [each.id for each in selected.bindings if each.datastream_id == datastream_id]
    starts = {each: list(_enabled_at(selected.histories[each])) for each in of_datastream}
    enabled_in_check_mode = [
        each for each in of_datastream if each in request.enabled_ids and not selected.histories[each].enabled
    ]
    for binding_id in enabled_in_check_mode:
        starts[binding_id].append(_moment(client.date or clock.now()))
    fresh = _fresh(found, sorted(itertools.chain.from_iterable(starts.values())))
    loaded_ids = _loaded_ids(ledger, request.labels, datastream_id, [each[0] for each in fresh])
    loaded = [(extract, start) for extract, start in fresh if extract.id in loaded_ids]
    reasons.update(_loaded_meanwhile(client, starts, datastream_id, loaded))
    reasons.update(_unexplained(fresh))
    if enabled_in_check_mode:
        reasons.update(_undated(found))
    return reasons


def under_way(
    ledger: Ledger, labels: Labels, datastream_id: int, found: t.Sequence[Extract]
) -> dict[int, Uncertainty]:
    """The extracts that Adverity is processing, and no request of this ledger explains it: it may load them
    into a binding that was enabled meanwhile.
    """
    loading = {extract.id: extract for extract in _having(found, Meaning.LOADING)}
    if not loading:
        return {}
    recorded = sent.read(ledger, _ledger_bindings(ledger, datastream_id), list(loading))
    own = {each.extract_id for each in recorded if _is_own_load(each, loading[each.extract_id], labels)}
    return {each: Uncertainty(Reason.UNDER_WAY) for each in loading if each not in own}


def _is_own_load(recorded: sent.Sent, extract: Extract, labels: Labels) -> bool:
    """Whether a request of this ledger explains that Adverity is processing an extract."""
    status, event = derive_status(recorded.events)
    if status is not Status.DISPATCHED or loaded_at(recorded.events) is not None:
        return False
    requests = [each for each in recorded.events if each.is_request]
    return (
        event is not None
        and _is_recent(event.at)
        and any(_came_later(request, extract, labels) for request in requests)
    )


def _came_later(request: Event, extract: Extract, labels: Labels) -> bool:
    """Whether Adverity had finished its own processing of an extract when a request was sent."""
    if request.has_label and labels.meaning(request.label) not in (Meaning.LOADING, Meaning.UNKNOWN):
        return True
    sent_at = request.clock or times.parse_or_none(request.at)
    if extract.interval is None or sent_at is None:
        return False
    return extract.interval[1] + LONGEST_PROCESSING < _moment(sent_at)


def _loaded_meanwhile(
    client: Client,
    starts: t.Mapping[int, list[Moment]],
    datastream_id: int,
    loaded: t.Sequence[tuple[Extract, Moment]],
) -> dict[int, Uncertainty]:
    """Of the extracts that were created shortly before a binding was enabled, and were loaded since, those that no other
    binding explains. A request for another binding explains nothing: the load may be older. ``starts``: when each
    binding was enabled.
    """
    listed = bindings.read(client, datastream_id) if loaded else []
    others = [binding for binding in listed if not starts.get(binding.id)]
    unexplained = [
        extract for extract, start in loaded if not any(_explains(each, extract, start) for each in others)
    ]
    return {extract.id: Uncertainty(Reason.MEANWHILE) for extract in unexplained}


def _fresh(found: t.Sequence[Extract], starts: t.Sequence[Moment]) -> list[tuple[Extract, Moment]]:
    """The extracts that Adverity may still have been processing at one of these moments, with the first such moment."""
    if not starts:
        return []
    since = starts[0] - LONGEST_PROCESSING - SECOND
    recent = found.created_since(since) if isinstance(found, Extracts) else found
    moments = ((extract, _first_fresh(extract, starts)) for extract in recent)
    return [(extract, start) for extract, start in moments if start is not None]


def _loaded_ids(ledger: Ledger, labels: Labels, datastream_id: int, fresh: t.Sequence[Extract]) -> set[int]:
    """Those of the extracts that are loaded, or were when a request of this ledger was sent: what has become of the request
    since then does not tell who loaded them before. What Adverity showed as collected when the first request was sent, that
    request has loaded.
    """
    if not fresh:
        return set()
    loaded = {extract.id for extract in fresh if extract.meaning is Meaning.LOADED}
    requests: dict[int, list[Event]] = {}
    of_datastream = _ledger_bindings(ledger, datastream_id)
    for each in sent.read(ledger, of_datastream, [extract.id for extract in fresh]):
        requests.setdefault(each.extract_id, []).extend(event for event in each.events if event.is_request)
    for extract_id, events in requests.items():
        meanings = [labels.meaning(event.label) for event in sorted(events, key=lambda event: event.id)]
        if meanings and meanings[0] is Meaning.COLLECTED:
            loaded.discard(extract_id)
        elif Meaning.LOADED in meanings:
            loaded.add(extract_id)
    return loaded


def _having(found: t.Sequence[Extract], meaning: Meaning) -> t.Iterable[Extract]:
    """The extracts whose label means this."""
    if isinstance(found, Extracts):
        return found.having(meaning)
    return (extract for extract in found if extract.meaning is meaning)


def _enabled_at(history: BindingHistory) -> t.Iterator[Moment]:
    """When a binding was enabled, or may have been."""
    if history.periods and history.periods[0].state is State.UNKNOWN:
        yield history.periods[0].since  # it was disabled before, for less than times are told
    for before, period in zip(history.periods, history.periods[1:]):
        if before.state is State.DISABLED and period.state is not State.DISABLED:
            yield period.since


def _first_fresh(extract: Extract, starts: t.Iterable[Moment]) -> Moment | None:
    """The first of these moments at which Adverity may still have been processing the extract."""
    created = extract.interval
    if created is None:
        return None
    return next((start for start in starts if created[0] < start <= created[1] + LONGEST_PROCESSING), None)


def _explains(binding: Binding, extract: Extract, start: Moment) -> bool:
    """Whether another binding has loaded an extract: it is enabled since before the extract was created, or was disabled
    between that and ``start``, as far as times are told.
    """
    updated = binding.updated
    is_enabled = binding.enabled is not False
    if updated is None or extract.interval is None:
        return is_enabled
    if not is_enabled and binding.created == updated:
        return False  # it was never changed since it was made: it has loaded nothing
    changed, created = interval(updated), extract.interval
    if is_enabled:
        return changed[1] <= created[0]
    return created[1] <= changed[0] and changed[1] <= start


def _unexplained(fresh: t.Sequence[tuple[Extract, Moment]]) -> dict[int, Uncertainty]:
    """Of the extracts that were created shortly before a binding was enabled, those whose state is shown in words that nobody
    has explained: Adverity may be processing them.
    """
    return {
        extract.id: Uncertainty(Reason.UNKNOWN_LABEL)
        for extract, _start in fresh
        if extract.label and extract.meaning is Meaning.UNKNOWN
    }


def _undated(found: t.Sequence[Extract]) -> dict[int, Uncertainty]:
    """The extracts without a time: an enabled binding may have loaded them. In check mode, the binding is
    only said to be enabled.
    """
    return {extract.id: Uncertainty(Reason.UNDATED) for extract in found if extract.interval is None}


def not_loaded(
    doubtful: t.Mapping[Pair, Extract], histories: t.Mapping[int, BindingHistory], now: datetime
) -> dict[tuple[int, int], str]:
    """Of the extracts that count as loaded automatically, but that Adverity shows as not loaded, those that
    are not on their way: by binding and extract the label. ``now``: by the API's clock.
    """
    until = _moment(now) - LONGEST_PROCESSING
    return {
        (binding_id, extract.id): extract.label or ""
        for (_datastream_id, binding_id, _extract_id), extract in doubtful.items()
        if not _is_on_its_way(extract, histories.get(binding_id), until)
    }


def _is_on_its_way(extract: Extract, history: BindingHistory | None, until: Moment) -> bool:
    """Whether an extract that is not loaded yet may still be loaded automatically: it was created after ``until``, and its binding was
    enabled all the time since.
    """
    created = extract.interval
    if extract.meaning is Meaning.FAILED or created is None or created[1] < until:
        return False
    periods = history.periods if history else ()
    return all(
        period.state is State.ENABLED
        for period in periods
        if period.until is None or period.until > created[0]
    )


def _ledger_bindings(ledger: Ledger, datastream_id: int) -> list[int]:
    """The bindings of a datastream that the ledger has seen, and what was sent without naming any."""
    return [
        row.binding_id
        for row in ledger.binding_rows().values()
        if row.datastream_id == datastream_id or row.binding_id == ALL_ENABLED
    ]


def _moment(time: datetime) -> Moment:
    return interval(times.show(time.replace(microsecond=0)))[0]


def _is_recent(at: str | None) -> bool:
    """Whether a request that was sent then may still be under way."""
    moment = times.parse_or_none(at)
    now = times.parse_or_none(times.now())
    return moment is None or now is None or now - moment <= LONGEST_QUEUE
