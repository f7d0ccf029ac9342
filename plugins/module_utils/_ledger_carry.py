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

from . import _ledger_fact, _quote, _times
from ._errors import InputError
from ._ledger import PENDING, UNKNOWN, Backfill, Ledger
from ._ledger_fact import Knowledge
from ._ledger_file import LOOK, PREDICT, WRITE
from ._paging import Row


def carry(host: str, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_ledger`` with these parameters. In check mode the fact is that of a ledger which has learned."""
    given = params["fact"] or {}
    told = _ledger_fact.read(given, host)
    with Ledger(params["ledger"], host, LOOK) as ledger:
        is_known = ledger.instance >= 0 or told is not None
    rows = params["bindings"] or []
    if not all(isinstance(row.get("id"), int) for row in rows):
        raise InputError("bindings: each needs its integer id, as adverity_binding_info returns it.")
    moved: list[int] = []
    warnings: list[str] = []
    with Ledger(params["ledger"], host, PREDICT if check_mode else WRITE) as ledger:
        known = _ledger_fact.of_ledger(ledger)
        if params["learn"]:
            new = _ledger_fact.news(known, told) if told else Knowledge({}, {})
            merged = _add(known, new)
            moved = [row["id"] for row in rows if row["id"] in merged.backfills and _moved(merged.backfills[row["id"]].updated, row.get("updated"))]
            new = _add(new, _doubts(merged, moved))
            warnings = _warn(moved, merged, rows)
        else:
            new = Knowledge({}, _seen(known, rows))
        if any(new) and not check_mode:
            ledger.learn(new.entries.values(), new.backfills.values())
    fact = _ledger_fact.put(given, host, _ledger_fact.make(_add(known, new)))
    result = {"changed": any(new), "fact": fact, "known": is_known, "moved": moved, "ledger": ledger.path, "diff": _diff(new), "warnings": warnings}
    # What is not new is not set: others may write to the same facts, and the cache is rewritten as a whole.
    return dict(result, ansible_facts={_ledger_fact.FACT: fact}) if params["as_fact"] and fact != given else result


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
    shown = ", ".join("binding {0} ({1}, then {2})".format(one, known.backfills[one].updated, now[one]) for one in moved[:20])
    more = " and {0} more".format(len(moved) - 20) if moved[20:] else ""
    text = "Changed since the ledger last saw it: {0}{1}. By somebody, or by a job whose facts were lost with what it sent.".format(shown, more)
    doubtful = {extract_id for _binding_id, extract_id in _doubts(known, moved).entries}
    if doubtful:
        text += " So of what was still to be sent it is not known whether it was: extracts {0}.".format(_quote.ids(sorted(doubtful)))
    return [text]


def _moved(then: str | None, now: str | None) -> bool:
    """Whether a binding changed; where that is not told, it may have."""
    before, after = _times.parse_or_none(then), _times.parse_or_none(now)
    return before is None or after is None or after > before


def _diff(new: Knowledge) -> dict[str, t.Any]:
    """How many extracts of each binding the ledger learns about."""
    counts: dict[str, int] = {}
    for binding_id, _extract_id in new.entries:
        name = "binding {0}".format(binding_id) if binding_id else "all enabled bindings"
        counts[name] = counts.get(name, 0) + 1
    return {"before": {}, "after": {name: {"learned": count} for name, count in sorted(counts.items())}}
