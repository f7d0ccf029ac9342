# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the playbook ``report`` says in its output, beside the page that it writes. Pure."""

from __future__ import annotations

import typing as t

from .._api import text

Row = dict[str, t.Any]

_STATUSES = ("dispatched", "pending", "unknown", "refused", "failed")
_MAX_LINES = 100  # of each kind: the page has all


def make(bindings: list[Row], ledger: Row) -> list[str]:
    """Lines for a person, from the results of ``adverity_binding_info`` and ``adverity_requeue_info``: totals, what needs attention, each destination.

    Short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible.
    """
    backfills = {row["binding_id"]: row for row in ledger["backfills"]}
    targets: dict[int, list[Row]] = {}
    for row in bindings:
        targets.setdefault(row["target_id"], []).append(row)
    known = {row["id"]: row for row in bindings}
    attention = [_attention(binding_id, row, known.get(binding_id)) for binding_id, row in backfills.items() if _open(row)]
    destinations = [_destination(target_id, targets[target_id], backfills) for target_id in sorted(targets)]
    lines = [
        f"{_many(len(targets), 'destination')}, {_enabled(bindings)}",
        "Ledger - " + _counted({name: ledger["counts"].get(name, 0) for name in _STATUSES}, all_of_them=True),
    ]
    if ledger.get("in_progress"):
        lines.append("A run is in progress. What it is sending now counts as unknown")
    if not attention:
        lines.append("Nothing in the ledger is pending, unknown, refused or failed")
    return lines + _first(attention, "bindings need attention") + _first(destinations, "destinations")


def _open(row: Row) -> bool:
    return any(row.get(name) for name in (*_STATUSES[1:], "planned_at"))


def _attention(binding_id: int, row: Row, binding: Row | None) -> str:
    what = _counted(row) if any(row.get(name) for name in _STATUSES[1:]) else "planned, not started"
    where = f", {_named(binding['target_id'], binding)}" if binding else ", in the ledger only"
    who = f"binding {binding_id}" if binding_id else "all bindings that were enabled"
    datastream = f", datastream {row['datastream_id']}" if row.get("datastream_id") else ""
    return f"Needs attention - {who}{datastream}{where} - {what}"


def _destination(target_id: int, bindings: list[Row], backfills: dict[int, Row]) -> str:
    counts = {name: sum(backfills.get(row["id"], {}).get(name) or 0 for row in bindings) for name in _STATUSES}
    return f"D{_named(target_id, bindings[0])[1:]} - {_enabled(bindings)}, {_counted(counts) or 'no backfill in the ledger'}"


def _named(target_id: int, binding: Row) -> str:
    name = text.line(binding.get("target_name") or "", longest=60)
    return f"destination {target_id}" + (f", {name}" if name else "")


def _enabled(bindings: list[Row]) -> str:
    return f"{sum(row.get('enabled') is True for row in bindings)} of {_many(len(bindings), 'binding')} enabled"


def _counted(counts: Row, all_of_them: bool = False) -> str:
    return ", ".join(f"{counts.get(name) or 0} {name}" for name in _STATUSES if counts.get(name) or all_of_them)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _first(lines: list[str], what: str) -> list[str]:
    return lines if len(lines) <= _MAX_LINES else [*lines[:_MAX_LINES], f"and {len(lines) - _MAX_LINES} more {what}"]
