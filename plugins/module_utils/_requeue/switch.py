# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Enabling and disabling bindings, noted in the ledger: when a binding was enabled decides what it loads by itself (bindings guide)."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.paging import Row
from .._ledger.ledger import PREDICT, WRITE, open_ledger
from .._ledger.timeline import see
from .._resources import bindings
from .select import look_at, service_clock


def switch(client: Client, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_binding`` with these parameters.

    The bindings are read in their turn, so that none is written that another run has written already. That there is going to be a write is noted before
    the first one, and the time of each when it is answered.
    """
    chosen_by = (params["datastream_id"], params["target_id"])
    with open_ledger(params, client.host, PREDICT if check_mode else WRITE) as ledger:
        while True:
            rows = bindings.read_selected(client, params["binding_ids"], *chosen_by)
            bindings.refuse_none(rows, *chosen_by)
            if not ledger.take_turn([row["id"] for row in rows]):
                break
        before = ledger.records([row["id"] for row in rows])
        records = {row["id"]: look_at(before.get(row["id"]), row, client) for row in rows}
        plan = bindings.EnabledPlan(rows, params["enabled"], {one: record.enabled for one, record in records.items()})
        if check_mode:
            return plan.result(plan.predicted())
        due = {row["id"] for row in plan.due}
        noted = {one: record for one, record in records.items() if one in due or one in before}
        ledger.note({one: record._replace(writing=params["enabled"]) if one in due else record for one, record in noted.items()})
        done: dict[int, Row] = {}

        def answered(binding_id: int, answer: Row) -> None:
            records[binding_id] = see(records[binding_id], params["enabled"], answer.get("updated"), service_clock(client), own=True)

        try:
            plan.apply(client, done, answered)
        finally:
            ledger.note({one: records[one] for one in done})
        return plan.result(done)
