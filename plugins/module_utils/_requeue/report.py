# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the ledger knows, for ``adverity_requeue_info``. Reads only."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._ledger.history import BindingHistory
from .._ledger.ledger import Ledger, open_ledger
from .._ledger.periods import Period, State, show
from .._ledger.rows import BindingRow, Entry
from .._ledger.status import Status
from .._ledger.store import LOOK
from .._outcome import choose
from .wording import reason_words

Counts = dict[Status, int]


def report(client: Client, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's result. The API is asked for nothing but the bindings of ``target_id``."""
    chosen = choose.binding_ids(client, params)
    with open_ledger(params, client.host, LOOK) as ledger:
        recorded = _read(ledger, params, chosen)
        binding_ids = recorded.binding_ids(chosen, params["datastream_ids"])
        moved_to = ledger.moved_to()
        return {
            "changed": False,
            "extracts": [] if params["summary_only"] else [_row(entry) for entry in recorded.entries],
            "counts": recorded.total(binding_ids),
            "backfills": [recorded.backfill(binding_id) for binding_id in binding_ids],
            "in_progress": ledger.busy,
            "ledger": ledger.shown,
            "warnings": [
                f"The content of {ledger.shown} was moved to {moved_to}. This shows it as it was then."
            ]
            if moved_to
            else [],
        }


class _Recorded(t.NamedTuple):
    """What the ledger records. ``entries``: the selected extracts, not read where their counts are all that
    is asked for. ``counts`` of them, by binding; ``rows``: all bindings that the ledger has seen;
    ``histories`` of the chosen ones.
    """

    entries: list[Entry]
    counts: dict[int, Counts]
    rows: dict[int, BindingRow]
    histories: dict[int, BindingHistory]

    def binding_ids(self, chosen: list[int] | None, datastream_ids: list[int] | None) -> list[int]:
        """The selected bindings of which the ledger has extracts, or planned or sent a backfill. ``chosen``:
        by the options; None: all.
        """
        backfilled = {binding_id for binding_id, history in self.histories.items() if history.has_backfill}
        with_extracts = {row.binding_id for row in self.rows.values() if _has_extracts(row, chosen)}
        found = sorted({*self.counts, *backfilled, *with_extracts})
        return [binding_id for binding_id in found if _is_selected(self.rows.get(binding_id), datastream_ids)]

    def total(self, binding_ids: list[int]) -> dict[str, int]:
        """How many extracts of these bindings have which status."""
        counts = [self.counts[binding_id] for binding_id in binding_ids if binding_id in self.counts]
        return {status.value: sum(of_binding[status] for of_binding in counts) for status in Status}

    def backfill(self, binding_id: int) -> dict[str, t.Any]:
        """The history of a binding, for the result."""
        history = self.histories.get(binding_id, BindingHistory())
        return _backfill(binding_id, self.rows.get(binding_id), history, self.counts.get(binding_id, _none()))


def _read(ledger: Ledger, params: dict[str, t.Any], chosen: list[int] | None) -> _Recorded:
    if params["summary_only"] and not any(
        params[name] for name in ("extract_ids", "created_from", "created_to")
    ):
        entries, counts = [], _count_all(ledger, chosen)
    else:
        entries = list(choose.entries(ledger, params, chosen))
        counts = _count(entries)
    return _Recorded(entries, counts, ledger.binding_rows(), ledger.histories(chosen))


def _has_extracts(row: BindingRow, chosen: list[int] | None) -> bool:
    return bool(row.total) and (chosen is None or row.binding_id in chosen)


def _is_selected(row: BindingRow | None, datastream_ids: list[int] | None) -> bool:
    return datastream_ids is None or row is None or row.datastream_id in datastream_ids


def _none() -> Counts:
    return dict.fromkeys(Status, 0)


def _count(entries: t.Iterable[Entry]) -> dict[int, Counts]:
    counts: dict[int, Counts] = {}
    for entry in entries:
        counts.setdefault(entry.binding_id, _none())[entry.status] += 1
    return counts


def _count_all(ledger: Ledger, binding_ids: list[int] | None) -> dict[int, Counts]:
    """The counts without a look at what is dispatched: what there is in all, less what is not dispatched."""
    pending = ledger.pending_counts()
    counts = _count(ledger.open_entries(binding_ids))
    for row in ledger.binding_rows().values():
        if _has_extracts(row, binding_ids):
            of_binding = counts.setdefault(row.binding_id, _none())
            of_binding[Status.PENDING] += pending.get(row.binding_id, 0)
            of_binding[Status.DISPATCHED] = row.total - sum(of_binding.values())
    return counts


def _row(entry: Entry) -> dict[str, t.Any]:
    return {
        "extract_id": entry.extract_id,
        "datastream_id": entry.datastream_id,
        "binding_id": entry.binding_id or None,
        "created": entry.created,
        "status": entry.status.value,
        "dispatched_at": entry.at if entry.status is Status.DISPATCHED else None,
        "refused_at": entry.at if entry.status is Status.REFUSED else None,
        "failed_at": entry.at if entry.status is Status.FAILED else None,
        "loaded_at": entry.loaded_at,
        "reason": reason_words(entry.reason),
    }


def _backfill(
    binding_id: int, row: BindingRow | None, history: BindingHistory, counts: Counts
) -> dict[str, t.Any]:
    return dict(
        {status.value: count for status, count in counts.items()},
        binding_id=binding_id or None,
        datastream_id=row and row.datastream_id,
        enabled=history.enabled,
        updated=history.updated,
        planned_at=history.planned_at,
        finished=_is_finished(binding_id, history, counts),
        enabled_periods=[_shown(each) for each in history.periods if each.state is State.ENABLED],
        unknown_periods=[
            dict(_shown(each), reason=each.reason and each.reason.value)
            for each in history.periods
            if each.state is State.UNKNOWN
        ],
    )


def _is_finished(binding_id: int, history: BindingHistory, counts: Counts) -> bool:
    if counts[Status.PENDING] or counts[Status.UNKNOWN] or counts[Status.FAILED] or history.planned_window:
        return False
    has_sent = bool(counts[Status.DISPATCHED] or counts[Status.RECORDED])
    return not binding_id or not history.has_backfill or history.completed_window is not None or has_sent


def _shown(period: Period) -> dict[str, t.Any]:
    return {"since": show(period.since), "until": period.until and show(period.until)}
