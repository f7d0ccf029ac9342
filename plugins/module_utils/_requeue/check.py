# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""``on_unknown: check``: what Adverity shows of extracts with an unknown outcome settles some of them, before a requeue plans anything.

Evidence that the lost request was carried out makes an extract dispatched, or failed. Without evidence it stays unknown: that nothing is seen does not prove
that nothing arrived. A job proves nothing, because it names neither an extract nor a binding.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._api import text
from .._api.client import Client
from .._api.errors import RequestError, UnreadableAnswer
from .._ledger.ledger import Ledger
from .._ledger.rows import Entry
from .._ledger.status import EventKind, Status
from .._outcome import loads
from .._outcome.judge import Outcome
from .._outcome.look import Load, Watch
from .._resources.binding_state import stops_the_run
from .._resources.labels import Labels
from .decision import Statuses

Failed = tuple[t.Optional[int], int, int]  # datastream, binding, extract
_STATUS = {Outcome.FAILED: Status.FAILED}  # any other evidence: dispatched


@dataclass(frozen=True)
class Checked:
    """What was checked. ``settled``: the loads that what Adverity shows settles. ``reasons``: of the others, by binding and extract, why not. ``warnings``:
    why nothing could be checked."""

    settled: list[Load] = field(default_factory=list)
    reasons: dict[tuple[int, int], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def over(self, statuses: Statuses) -> Statuses:
        """The statuses as they will be when this is recorded."""
        settled_statuses = {
            load.pair: _STATUS.get(load.judgement.outcome, Status.DISPATCHED) for load in self.settled
        }
        if not settled_statuses:
            return statuses

        def with_settled(binding_id: int, extract_ids: t.Sequence[int]) -> t.Mapping[int, Status]:
            found = dict(statuses(binding_id, extract_ids))
            found.update(
                (extract_id, status)
                for (of_binding, extract_id), status in settled_statuses.items()
                if of_binding == binding_id and extract_id in found
            )
            return found

        return with_settled

    def record(self, ledger: Ledger) -> None:
        """Records it. The lock of the bindings has to be held."""
        loads.record(ledger, self.settled)
        moved = [load for load in self.settled if load.judgement.outcome is Outcome.LOADING]
        ledger.record(EventKind.DISPATCHED, [loads.entry(load) for load in moved])


def reasons_of_failures(
    ledger: Ledger, failed: t.Iterable[Failed], checked: Checked
) -> dict[tuple[int, int], str]:
    """Why the loads of these extracts failed, by binding and extract."""
    reasons: dict[tuple[int, int], str] = {
        (binding_id, extract_id): "" for _datastream_id, binding_id, extract_id in failed
    }
    for each in ledger.open_entries({binding_id for binding_id, _extract_id in reasons}):
        if (each.binding_id, each.extract_id) in reasons:
            reasons[each.binding_id, each.extract_id] = each.reason or ""
    reasons.update((load.pair, load.judgement.reason) for load in checked.settled if load.pair in reasons)
    return reasons


def check(client: Client, ledger: Ledger, entries: t.Iterable[Entry], labels: Labels) -> Checked:
    """Looks once at these entries, which are of unknown outcome. Reads only."""
    pairs = [(entry.binding_id, entry.extract_id) for entry in entries]
    if not pairs:
        return Checked()
    try:
        found = Watch(client, ledger, pairs, labels).read()
    except (RequestError, UnreadableAnswer) as error:
        if stops_the_run(error):
            raise
        return Checked(
            warnings=[
                f"What Adverity shows of {text.counted(len(pairs), 'extract')} with an unknown outcome cannot be read: {text.line(error)}"
            ]
        )
    settled = [load for load in found if load.judgement.shows_request]
    return Checked(
        settled, {load.pair: load.judgement.reason for load in found if not load.judgement.shows_request}
    )
