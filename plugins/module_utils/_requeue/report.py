# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the ledger knows, for ``adverity_requeue_info``. Reads only."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._ledger.ledger import DISPATCHED, LOOK, PENDING, REFUSED, STATUSES, UNKNOWN, Entry, Ledger, open_ledger
from .._ledger.timeline import Record
from .._resources import bindings, extracts
from .._spec import times


def report(client: Client, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's result. The service is asked for nothing but the bindings of ``target_id``."""
    binding_ids = params["binding_ids"]
    if params["target_id"] is not None:
        rows = bindings.read(client, target_id=params["target_id"])
        bindings.refuse_none(rows, None, params["target_id"])
        binding_ids = [row["id"] for row in rows if binding_ids is None or row["id"] in binding_ids]
    with open_ledger(params, client.host, LOOK) as ledger:
        whole = not any(params[name] for name in ("extract_ids", "created_from", "created_to"))
        if params["summary_only"] and whole:
            entries, counts = [], _count_all(ledger, binding_ids)
        else:
            entries = list(_chosen(ledger, params, binding_ids))
            counts = _count(entries)
        totals = ledger.totals()
        datastream_ids = params["datastream_ids"]
        records = {
            one: record
            for one, record in ledger.records(binding_ids).items()
            if (record.known or totals[one][1]) and (datastream_ids is None or totals[one][0] in datastream_ids)
        }
        found = [one for one in sorted({*counts, *records}) if datastream_ids is None or one not in totals or totals[one][0] in datastream_ids]
        return {
            "changed": False,
            "extracts": [] if params["summary_only"] else [_row(entry) for entry in entries],
            "counts": {status: sum(counts[one][status] for one in found if one in counts) for status in STATUSES},
            "backfills": [_backfill(one, totals.get(one, (None, 0))[0], records.get(one, Record()), counts.get(one, _none())) for one in found],
            "in_progress": ledger.busy,
            "ledger": ledger.shown,
        }


def _chosen(ledger: Ledger, params: dict[str, t.Any], binding_ids: list[int] | None) -> t.Iterator[Entry]:
    inside = extracts.within(params["created_from"], params["created_to"])
    for entry in ledger.entries(binding_ids, params["extract_ids"]):
        if (params["datastream_ids"] is None or entry.datastream_id in params["datastream_ids"]) and inside(times.parse_or_none(entry.created)):
            yield entry


def _none() -> dict[str, int]:
    return dict.fromkeys(STATUSES, 0)


def _count(entries: t.Iterable[Entry]) -> dict[int, dict[str, int]]:
    counts: dict[int, dict[str, int]] = {}
    for entry in entries:
        counts.setdefault(entry.binding_id, _none())[entry.status] += 1
    return counts


def _count_all(ledger: Ledger, binding_ids: list[int] | None) -> dict[int, dict[str, int]]:
    """The counts without a look at what is dispatched: what there is in all, less what is not dispatched."""
    pending = ledger.pending()
    counts = _count(entry for entry in ledger.stopped_entries(binding_ids))
    for binding_id, (_datastream_id, total) in ledger.totals().items():
        if total and (binding_ids is None or binding_id in binding_ids):
            of_it = counts.setdefault(binding_id, _none())
            of_it[PENDING] = pending.get(binding_id, 0)
            of_it[DISPATCHED] = total - of_it[PENDING] - of_it[UNKNOWN] - of_it[REFUSED]
    return counts


def _row(entry: Entry) -> dict[str, t.Any]:
    return {
        "extract_id": entry.extract_id,
        "datastream_id": entry.datastream_id,
        "binding_id": entry.binding_id or None,
        "created": entry.created,
        "status": entry.status,
        "dispatched_at": entry.at if entry.status == DISPATCHED else None,
        "refused_at": entry.at if entry.status == REFUSED else None,
        "reason": entry.reason,
    }


def _backfill(binding_id: int, datastream_id: int | None, record: Record, counts: dict[str, int]) -> dict[str, t.Any]:
    complete = not (counts[PENDING] or counts[UNKNOWN] or record.plan)
    return dict(
        counts,
        binding_id=binding_id or None,
        datastream_id=datastream_id,
        enabled=record.enabled,
        updated=record.updated,
        planned_at=record.planned_at,
        finished=complete and (not binding_id or not record.known or record.covered is not None or counts[DISPATCHED] > 0),
        enabled_periods=[{"since": since, "until": until} for since, until in record.enabled_periods],
        unknown_periods=[{"since": since, "until": until, "reason": reason} for since, until, reason in record.unknown_periods],
    )
