# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a run of the role ``deploy_destination`` has to do, before anything is written. It decides nothing itself: see ``_requeue/decision.py``."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.paging import Row
from .._ledger.ledger import LOOK, open_ledger
from .._requeue import decision, result, select
from .._resources import bindings
from .._spec import selection, times
from . import options as variables


def make(client: Client, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The result of ``adverity_deployment_info``, with ``warnings``: ``options`` as they are meant, ``bindings`` with what happens to each, and ``due``,
    whether there is anything to do. Raises InputError where the variables are wrong or name what is not there."""
    options = variables.read(params["variables"])
    target_id = options["target_id"]
    with open_ledger(params, client.host, LOOK) as ledger:
        rows = _choose(bindings.read(client, target_id=target_id), target_id, options["datastream_ids"])
        known = ledger.records([row["id"] for row in rows])
    records = {row["id"]: select.look_at(known.get(row["id"]), row, client) for row in rows}
    window = (times.readable(options["backfill_from"]), times.readable(options["backfill_to"]))
    backfill = options["backfill"] if options["enabled"] else "never"
    actions = {one: decision.action(record, backfill, window) for one, record in records.items()}
    shown = result.show_bindings(rows, records, actions)
    written = [row["binding_id"] for row in shown if row["enabled"] is not options["enabled"]]
    return {
        "changed": False,
        "options": dict(options, backfill=backfill),
        "target_id": target_id,
        "bindings": shown,
        "due": bool(written or options["datastream_uuids"] or decision.BACKFILL in actions.values()),
        "warnings": result.warnings_of(rows, records, actions, window),
    }


def _choose(rows: list[Row], target_id: int, datastream_ids: list[int] | None) -> list[Row]:
    bindings.refuse_none(rows, None, target_id)
    if datastream_ids is None:
        return rows
    where = f"among the datastreams that are bound to target_id {target_id}, as far as this key can see"
    selection.refuse_unknown(variables.PREFIX + "datastream_ids", datastream_ids, (row["datastream_id"] for row in rows), where)
    return [row for row in rows if row["datastream_id"] in datastream_ids]
