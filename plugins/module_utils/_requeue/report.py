# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the ledger knows, told: for ``adverity_requeue_info`` (interface)."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._ledger.entries import DISPATCHED, PENDING, UNKNOWN, Backfill, Entry, Ledger
from .._ledger.file import LOOK
from .._resources import bindings, extracts
from .._spec import times


def report(client: Client, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's result. The service is asked for nothing but the bindings of ``target_id``."""
    binding_ids = params["binding_ids"]
    if params["target_id"] is not None:
        rows = bindings.read(client, target_id=params["target_id"])
        bindings.refuse_none(rows, None, params["target_id"])
        binding_ids = [row["id"] for row in rows if binding_ids is None or row["id"] in binding_ids]
    inside = extracts.within(params["created_from"], params["created_to"])
    with Ledger(params["ledger"], client.host, LOOK) as ledger:
        found = ledger.entries(params["extract_ids"], binding_ids, params["datastream_ids"])
        entries = [entry for entry in found if inside(times.parse_or_none(entry.created))]
        loaded = ledger.binding_ids()
        known = {
            binding_id: backfill
            for binding_id, backfill in ledger.backfills().items()
            if (binding_id in loaded or backfill.planned_at or backfill.self_loading)  # else all that is noted is when it last changed
            and (binding_ids is None or binding_id in binding_ids)
            and (params["datastream_ids"] is None or backfill.datastream_id in params["datastream_ids"])
        }
    return {
        "changed": False,
        "extracts": [] if params["summary_only"] else [_row(entry) for entry in entries],
        "counts": _counts(entries),
        "backfills": _backfills(entries, known),
        "in_progress": ledger.busy,
        "ledger": ledger.path,
    }


def _row(entry: Entry) -> dict[str, t.Any]:
    return {
        "extract_id": entry.extract_id,
        "datastream_id": entry.datastream_id,
        "binding_id": entry.binding_id or None,
        "status": entry.status,
        "dispatched_at": entry.at if entry.status == DISPATCHED else None,
    }


def _counts(entries: t.Iterable[Entry]) -> dict[str, int]:
    counts = {PENDING: 0, DISPATCHED: 0, UNKNOWN: 0}
    for entry in entries:
        counts[entry.status] += 1
    return counts


def _backfills(entries: list[Entry], known: dict[int, Backfill]) -> list[dict[str, t.Any]]:
    by_binding: dict[int, list[Entry]] = {binding_id: [] for binding_id in known}
    for entry in entries:
        by_binding.setdefault(entry.binding_id, []).append(entry)
    rows = []
    for binding_id in sorted(by_binding):
        counts = _counts(by_binding[binding_id])
        backfill = known.get(binding_id) or Backfill(binding_id, by_binding[binding_id][0].datastream_id, None, None, [])
        rows.append(
            dict(
                counts,
                binding_id=binding_id or None,
                datastream_id=backfill.datastream_id,
                planned_at=backfill.planned_at,
                updated=backfill.updated,
                finished=not (counts[PENDING] or counts[UNKNOWN] or backfill.planned_at),
                self_loading=[{"since": since, "until": until} for since, until in backfill.self_loading],
            )
        )
    return rows
