# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Extracts whose load is recorded as failed, before a requeue plans anything: the list that is read anyway shows whether somebody has sent them again in
Adverity since.
"""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._ledger import sent as ledger_sent
from .._ledger.ledger import Ledger
from .._ledger.rows import Entry
from .._ledger.sent import Sent
from .._ledger.status import EventKind, Status
from .._ledger.turns import ALL_ENABLED
from .._outcome import others
from .._outcome.recovery import WORDS, Recovery
from .._outcome.since_failure import of_failed
from .._resources import bindings
from .._resources.extracts import Extracts
from .._resources.labels import Labels, Meaning
from .select import Loads

Recoveries = t.Mapping[tuple[int, int], Recovery]  # by binding and extract
_TELLING = (Meaning.LOADING, Meaning.LOADED)


def look_at_failed(
    client: Client, ledger: Ledger, loads: t.Sequence[Loads], binding_ids: t.Collection[int], labels: Labels
) -> dict[tuple[int, int], Recovery]:
    """What became of the failed extracts of these bindings that are listed. Reads only, and asks the API only where a label says that one is loaded."""
    failed = [entry for entry in ledger.open_entries(binding_ids) if entry.status is Status.FAILED]
    shown = _labels_of(loads, {entry.extract_id for entry in failed})
    telling = [entry for entry in failed if labels.meaning(shown.get(entry.extract_id)) in _TELLING]
    if not telling:
        return {}
    ledger_and_api = _Context(client, ledger, telling)
    return {
        (sent.binding_id, sent.extract_id): of_failed(
            sent,
            shown[sent.extract_id],
            ledger_and_api.of_extract(sent),
            ledger_and_api.of_datastream(sent),
            labels,
        )
        for sent in ledger_and_api.sent
    }


def record(ledger: Ledger, loads: t.Sequence[Loads], recoveries: Recoveries) -> None:
    """Records what is loaded now. The lock of the bindings has to be held."""
    loaded = {pair for pair, found in recoveries.items() if found is Recovery.LOADED}
    entries = [
        Entry(binding_id, extract.id, of_datastream.datastream_id, extract.created, reason=WORDS)
        for of_datastream in loads if loaded
        for extract in of_datastream.extracts
        for binding_id in of_datastream.binding_ids
        if (binding_id, extract.id) in loaded
    ]  # fmt: skip
    ledger.record(EventKind.LOADED, entries)


class _Context:
    """What else there is of these entries, which are failed: what was sent of their extracts, and the bindings of their datastreams."""

    def __init__(self, client: Client, ledger: Ledger, failed: list[Entry]) -> None:
        listed = bindings.read(client)
        seen = ledger.binding_rows()
        self._bindings = others.merge_bindings(listed, seen, ledger.histories(list(seen)))
        self._sent: dict[int, list[Sent]] = {}
        pairs = {(entry.binding_id, entry.extract_id) for entry in failed}
        for datastream_id in {entry.datastream_id for entry in failed}:
            ids = [entry.extract_id for entry in failed if entry.datastream_id == datastream_id]
            binding_ids = [each.id for each in self._bindings.get(datastream_id or 0, ())]
            for sent in ledger_sent.read(ledger, [*binding_ids, ALL_ENABLED], sorted(set(ids))):
                self._sent.setdefault(sent.extract_id, []).append(sent)
        self.sent = [
            sent
            for of_extract in self._sent.values()
            for sent in of_extract
            if (sent.binding_id, sent.extract_id) in pairs
        ]

    def of_extract(self, sent: Sent) -> list[Sent]:
        """All that was sent of the same extract."""
        return self._sent[sent.extract_id]

    def of_datastream(self, sent: Sent) -> list[others.MergedBinding]:
        """The bindings of its datastream."""
        return self._bindings.get(sent.datastream_id or 0, [])


def _labels_of(loads: t.Sequence[Loads], extract_ids: t.Collection[int]) -> dict[int, str | None]:
    """The labels of those of these extracts that were listed."""
    found: dict[int, str | None] = {}
    for of_datastream in loads if extract_ids else ():
        extracts = of_datastream.extracts
        if isinstance(extracts, Extracts):
            labels: t.Iterable[tuple[int, str | None]] = extracts.labels()
        else:
            labels = ((extract.id, extract.label) for extract in extracts)
        found.update((each, label) for each, label in labels if each in extract_ids)
    return found
