# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The ledger as a fact: what has to outlive a run whose files do not, small enough to be kept with a host.

A fact is ``{"version": 1, "instances": {host: {binding id: what is known of it}}}``, with ids as text, as JSON wants it. Of a binding it holds
``datastream_id``, ``planned_at``, ``updated`` and ``self_loading`` as the ledger has them, and under ``pending``, ``unknown`` and
``dispatched`` the extracts, see ``pack``. When an extract was created, and when it was dispatched, stays behind: for sending nothing needs it.
"""

from __future__ import annotations

import re
import typing as t

from .._api.errors import InputError
from .._spec import times
from .entries import DISPATCHED, PENDING, UNKNOWN, Backfill, Entry, Ledger, Period

FACT = "adverity_ledger"
VERSION = 1
_RUN = re.compile(r"([1-9][0-9]{0,18})(?:\+([1-9][0-9]{0,6}))?\Z", re.ASCII)  # ten million in a row are no ledger
_STATUS = (PENDING, UNKNOWN, DISPATCHED)  # the later ones know more

Part = dict[str, dict[str, t.Any]]  # of a fact, what it holds of one instance


class Knowledge(t.NamedTuple):
    """What one ledger, or one fact, knows of an instance."""

    entries: dict[tuple[int, int], Entry]
    backfills: dict[int, Backfill]


def pack(ids: t.Iterable[int]) -> str:
    """Ids as text: of each run of consecutive ones how far it is from the last id before, and how many follow its first: 7, 8, 9, 12 is ``7+2,3``."""
    runs: list[list[int]] = []
    last = 0
    for one in sorted(ids):
        if runs and one == last + 1:
            runs[-1][1] += 1
        else:
            runs.append([one - last, 0])
        last = one
    return ",".join("{0}+{1}".format(*run) if run[1] else str(run[0]) for run in runs)


def unpack(text: str) -> list[int]:
    """The ids of ``pack``, in ascending order. Raises ValueError."""
    ids: list[int] = []
    last = 0
    for run in text.split(",") if text else ():
        match = _RUN.match(run)
        first = last + int(match[1]) if match else 0
        last = first + int(match[2] or 0) if match else 0
        if not match or last >= 2**63:
            raise ValueError(f"{run!r:.40} is no run of ids")
        ids.extend(range(first, last + 1))
    return ids


def of_ledger(ledger: Ledger) -> Knowledge:
    """All that a ledger knows of its instance."""
    return Knowledge({(entry.binding_id, entry.extract_id): entry for entry in ledger.entries()}, ledger.backfills())


def make(known: Knowledge) -> Part:
    """The part of one instance."""
    ids: dict[int, dict[str, list[int]]] = {one: {} for one in known.backfills}
    for (binding_id, extract_id), entry in known.entries.items():
        ids.setdefault(binding_id, {}).setdefault(entry.status, []).append(extract_id)
    streams = {entry.binding_id: entry.datastream_id for entry in known.entries.values()}
    part: Part = {}
    for binding_id in sorted(ids):
        backfill = known.backfills.get(binding_id) or Backfill(binding_id, streams.get(binding_id), None, None, [])
        told = dict(backfill._asdict(), self_loading=[list(period) for period in backfill.self_loading])
        told.update({status: pack(some) for status, some in ids[binding_id].items()})
        part[str(binding_id)] = {name: value for name, value in told.items() if value not in (None, []) and name != "binding_id"}
    return part


def put(fact: dict[str, t.Any], host: str, part: Part) -> dict[str, t.Any]:
    """The fact with this part in it; what it holds of other instances stays."""
    return {"version": VERSION, "instances": dict(fact.get("instances") or {}, **{host: part})}


def read(fact: dict[str, t.Any], host: str) -> Knowledge | None:
    """What a fact knows of an instance; None where it has no part for it. Raises InputError."""
    if not fact:
        return None
    try:
        if fact["version"] != VERSION:
            raise ValueError("format {0!r:.40}, this version of the collection knows {1}".format(fact["version"], VERSION))
        if host not in fact["instances"]:
            return None
        rows = {int(one): row for one, row in fact["instances"][host].items()}
        backfills = {one: _read_backfill(one, row) for one, row in rows.items()}
        entries = {
            (one, extract_id): Entry(one, extract_id, row.get("datastream_id"), None, status, None)
            for one, row in rows.items()
            for status in _STATUS
            for extract_id in unpack(row.get(status, ""))
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"fact: this is no ledger that can be read ({repr(error) if isinstance(error, KeyError) else error}). Nothing was changed. Without it nothing is known of what was dispatched before."
        ) from error
    return Knowledge(entries, backfills)


def news(known: Knowledge, told: Knowledge) -> Knowledge:
    """What ``told`` adds to what is known, merged: of an extract what knows more counts, of periods all, of plans the later one."""
    entries = {}
    for pair, entry in told.entries.items():
        mine = known.entries.get(pair)
        if mine is None or _STATUS.index(entry.status) > _STATUS.index(mine.status):
            entries[pair] = entry
    merged = {one: _merge(known.backfills.get(one), backfill) for one, backfill in told.backfills.items()}
    return Knowledge(entries, {one: backfill for one, backfill in merged.items() if backfill != known.backfills.get(one)})


def _merge(mine: Backfill | None, told: Backfill) -> Backfill:
    if mine is None:
        return told
    until: dict[str, list[str]] = {}
    for since, end in mine.self_loading + told.self_loading:
        until.setdefault(since, []).extend([end] if end else [])
    periods: list[Period] = [(since, max(until[since], key=times.parse, default=None)) for since in sorted(until, key=times.parse)]
    planned = [one for one in (mine, told) if one.planned_at]
    plan = max(planned or (mine, told), key=lambda one: (one.planned_at or "", one.updated or ""))
    return Backfill(mine.binding_id, mine.datastream_id or told.datastream_id, plan.planned_at, plan.updated, periods)


def _read_backfill(binding_id: int, row: dict[str, t.Any]) -> Backfill:
    periods: list[Period] = []
    for since, until in row.get("self_loading", []):
        for moment in (since, until) if until is not None else (since,):
            times.parse(moment)
        periods.append((since, until))
    for name in ("planned_at", "updated"):
        if row.get(name) is not None:
            times.parse(row[name])
    return Backfill(binding_id, row.get("datastream_id"), row.get("planned_at"), row.get("updated"), periods)
