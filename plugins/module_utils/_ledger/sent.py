# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What was sent, with everything that the ledger records of it: for those who look what became of it. Reads only."""

from __future__ import annotations

import typing as t

from . import baseline, rows
from . import statements as sql
from .ledger import Ledger
from .status import Event, Status, derive_status

_EventRow = tuple[t.Any, ...]  # id, kind, at, reason, clock, baseline


class Sent(t.NamedTuple):
    """An extract on its way into a binding. ``events``: all that is recorded, oldest first, and at least one."""

    binding_id: int
    extract_id: int
    datastream_id: int | None
    created: str | None
    events: tuple[Event, ...]

    @property
    def status(self) -> Status:
        """The status that follows from the events."""
        return derive_status(self.events)[0]


def read(ledger: Ledger, binding_ids: t.Iterable[int], extract_ids: t.Sequence[int]) -> list[Sent]:
    """What is recorded of these extracts for these bindings, without what is only planned."""
    if ledger.instance is None:
        return []
    found: list[Sent] = []
    for binding_id in binding_ids:
        labels = _Labels(ledger, binding_id)
        for ids in rows.chunks(extract_ids):
            found += _read_chunk(ledger, binding_id, ids, labels)
    return found


def _read_chunk(ledger: Ledger, binding_id: int, ids: t.Sequence[int], labels: _Labels) -> t.Iterator[Sent]:
    values = (ledger.instance, binding_id, *ids)
    events: dict[int, list[_EventRow]] = {}
    for extract_id, *event in ledger.store.read(sql.with_ids(sql.FURTHER_REQUESTS_OF, ids), values):
        events.setdefault(extract_id, []).append(tuple(event))
    for extract_id, datastream_id, created, *first in ledger.store.read(
        sql.with_ids(sql.REQUESTS_OF, ids), values
    ):
        read_ = [labels.event(extract_id, event) for event in (tuple(first), *events.get(extract_id, ()))]
        yield Sent(binding_id, extract_id, datastream_id, created, tuple(read_))


class _Labels:
    """The labels that were recorded with the requests for one binding. Each request is read once."""

    def __init__(self, ledger: Ledger, binding_id: int) -> None:
        self._ledger, self._binding_id = ledger, binding_id
        self._labels: dict[int, t.Mapping[int | None, baseline.Label]] = {}

    def event(self, extract_id: int, row: _EventRow) -> Event:
        """The event of a row, with what the API showed of this extract before."""
        number, kind, at, reason, seconds, stored = row
        event = rows.event_from(number, kind, at, reason)._replace(clock=baseline.moment(seconds))
        if stored is None:
            return event
        if number not in self._labels:
            self._labels[number] = self._read(number, stored)
        labels = self._labels[number]
        key = extract_id if extract_id in labels else None
        return event._replace(label=labels.get(key), has_label=key in labels)

    def _read(self, number: int, stored: str) -> t.Mapping[int | None, baseline.Label]:
        """The labels of the extracts of a request; by None the one that all have. What does not fit together after a repair by hand tells nothing."""
        try:
            span = baseline.span(stored)
            if span is None:
                return {None: baseline.decode(stored, [0])[0]}
            key = (self._ledger.instance, self._binding_id, *span, number)
            extract_ids = [row[0] for row in self._ledger.store.read(sql.EXTRACTS_OF_REQUEST, key * 2)]
            labels: dict[int | None, baseline.Label] = {}
            labels.update(baseline.decode(stored, extract_ids).items())
            return labels
        except (ValueError, TypeError, IndexError):
            return {}
