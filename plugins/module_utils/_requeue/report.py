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


def report(client: Client, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's result. The service is asked for nothing but the bindings of ``target_id``."""
    binding_ids = choose.binding_ids(client, params)
    with open_ledger(params, client.host, LOOK) as ledger:
        only_counts = params["summary_only"] and not any(params[name] for name in ("extract_ids", "created_from", "created_to"))
        entries = [] if only_counts else list(choose.entries(ledger, params, binding_ids))
        counts = _count_all(ledger, binding_ids) if only_counts else _count(entries)
        seen, histories = ledger.binding_rows(), ledger.histories(binding_ids)
        planned = {binding_id for binding_id, history in histories.items() if history.has_backfill}
        with_extracts = {row.binding_id for row in seen.values() if row.total and (binding_ids is None or row.binding_id in binding_ids)}
        found = [each for each in sorted({*counts, *planned, *with_extracts}) if _is_selected(seen.get(each), params["datastream_ids"])]
        return {
            "changed": False,
            "extracts": [] if params["summary_only"] else [_row(entry) for entry in entries],
            "counts": {status.value: sum(counts[each][status] for each in found if each in counts) for status in Status},
            "backfills": [_backfill(each, seen.get(each), histories.get(each, BindingHistory()), counts.get(each, _none())) for each in found],
            "in_progress": ledger.busy,
            "ledger": ledger.shown,
        }


Counts = dict[Status, int]


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
        if row.total and (binding_ids is None or row.binding_id in binding_ids):
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
        "reason": entry.reason,
    }


def _backfill(binding_id: int, row: BindingRow | None, history: BindingHistory, counts: Counts) -> dict[str, t.Any]:
    return dict(
        {status.value: count for status, count in counts.items()},
        binding_id=binding_id or None,
        datastream_id=row and row.datastream_id,
        enabled=history.enabled,
        updated=history.updated,
        planned_at=history.planned_at,
        finished=_is_finished(binding_id, history, counts),
        enabled_periods=[_shown(each) for each in history.periods if each.state is State.ENABLED],
        unknown_periods=[dict(_shown(each), reason=each.reason and each.reason.value) for each in history.periods if each.state is State.UNKNOWN],
    )


def _is_finished(binding_id: int, history: BindingHistory, counts: Counts) -> bool:
    if counts[Status.PENDING] or counts[Status.UNKNOWN] or counts[Status.FAILED] or history.planned_window:
        return False
    has_sent = bool(counts[Status.DISPATCHED] or counts[Status.RECORDED])
    return not binding_id or not history.has_backfill or history.completed_window is not None or has_sent


def _shown(period: Period) -> dict[str, t.Any]:
    return {"since": show(period.since), "until": period.until and show(period.until)}
