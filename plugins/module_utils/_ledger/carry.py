# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ledger brought from one job to the next, for ``adverity_ledger``: what it learns from a fact, and the fact it becomes.

A fact may be lost with a job: then the next one finds that of the job before. What gives this away is the bindings' ``updated``, which every PATCH
refreshes (bindings guide): who sends, writes to the binding first. So where a binding changed after what the ledger knows, what was pending may
have been sent.
"""

from __future__ import annotations

import typing as t

from .._api.errors import InputError
from .._api.paging import Row
from .._spec import times
from . import fact as _fact
from .entries import PENDING, UNKNOWN, Backfill, Ledger
from .fact import Knowledge
from .file import LOOK, PREDICT, WRITE


def carry(host: str, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_ledger`` with these parameters. In check mode the fact is that of a ledger which has learned."""
    given = params["fact"] or {}
    told = _fact.read(given, host)
    with Ledger(params["ledger"], host, LOOK) as ledger:
        is_known = ledger.instance >= 0 or told is not None
    rows = params["bindings"] or []
    if not all(isinstance(row.get("id"), int) for row in rows):
        raise InputError("bindings: each needs its integer id, as adverity_binding_info returns it.")
    moved: list[int] = []
    warnings: list[str] = []
    with Ledger(params["ledger"], host, PREDICT if check_mode else WRITE) as ledger:
        known = _fact.of_ledger(ledger)
        if params["learn"]:
            new = _fact.news(known, told) if told else Knowledge({}, {})
            merged = _add(known, new)
            moved = [row["id"] for row in rows if row["id"] in merged.backfills and _moved(merged.backfills[row["id"]].updated, row.get("updated"))]
            new = _add(new, _doubts(merged, moved))
            warnings = _warn(moved, merged, rows)
        else:
            new = Knowledge({}, _seen(known, rows))
        if any(new) and not check_mode:
            ledger.learn(new.entries.values(), new.backfills.values())
    fact = _fact.put(given, host, _fact.make(_add(known, new)))
    result = {"changed": any(new), "fact": fact, "known": is_known, "moved": moved, "ledger": ledger.path, "diff": _diff(new), "warnings": warnings}
    # What is not new is not set: others may write to the same facts, and the cache is rewritten as a whole.
    return dict(result, ansible_facts={fact.FACT: fact}) if params["as_fact"] and fact != given else result


def _add(known: Knowledge, new: Knowledge) -> Knowledge:
    return Knowledge({**known.entries, **new.entries}, {**known.backfills, **new.backfills})


def _seen(known: Knowledge, rows: list[Row]) -> dict[int, Backfill]:
    """What is noted of bindings: their last change, where that is another one than is known."""
    noted = {}
    for row in rows:
        backfill = known.backfills.get(row["id"]) or Backfill(row["id"], row.get("datastream_id"), None, None, [])
        noted[row["id"]] = backfill._replace(updated=row.get("updated"))
    return {one: backfill for one, backfill in noted.items() if backfill != known.backfills.get(one)}


def _doubts(known: Knowledge, moved: list[int]) -> Knowledge:
    """What is pending for bindings that changed since, as unknown."""
    pending = {pair: entry for pair, entry in known.entries.items() if entry.status == PENDING and pair[0] in moved}
    return Knowledge({pair: entry._replace(status=UNKNOWN) for pair, entry in pending.items()}, {})


def _warn(moved: list[int], known: Knowledge, rows: list[Row]) -> list[str]:
    if not moved:
        return []
    now = {row["id"]: row.get("updated") for row in rows}
    shown = ", ".join(f"binding {one} ({known.backfills[one].updated}, then {now[one]})" for one in moved[:20])
    more = f" and {len(moved) - 20} more" if moved[20:] else ""
    text = f"Changed since the ledger last saw it: {shown}{more}. By somebody, or by a job whose facts were lost with what it sent."
    doubtful = {extract_id for _binding_id, extract_id in _doubts(known, moved).entries}
    if doubtful:
        text += f" So of what was still to be sent it is not known whether it was: extracts {text.ids(sorted(doubtful))}."
    return [text]


def _moved(then: str | None, now: str | None) -> bool:
    """Whether a binding changed; where that is not told, it may have."""
    before, after = times.parse_or_none(then), times.parse_or_none(now)
    return before is None or after is None or after > before


def _diff(new: Knowledge) -> dict[str, t.Any]:
    """How many extracts of each binding the ledger learns about."""
    counts: dict[str, int] = {}
    for binding_id, _extract_id in new.entries:
        name = f"binding {binding_id}" if binding_id else "all enabled bindings"
        counts[name] = counts.get(name, 0) + 1
    return {"before": {}, "after": {name: {"learned": count} for name, count in sorted(counts.items())}}
