# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Moving what a ledger knows of one instance into another ledger: from a file to PostgreSQL, or back. Safe to kill and run again."""

from __future__ import annotations

import typing as t

from .._api.errors import InputError
from . import persistence
from .ledger import LOOK, PREDICT, WRITE, Ledger

_BINDINGS = "binding_id, datastream_id, total, record"
_LOADS = "binding_id, extract_id, datastream_id, created, post, before"


def move(params: dict[str, t.Any], host: str, check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_ledger_copy``. The other ledger gets everything in one transaction; then the first one is marked, so that no run uses it
    any more. A run that was killed in between is finished by the next one. Raises InputError where the other ledger knows the instance already."""
    source = Ledger(params["source"], params["source_password"], host, LOOK if check_mode else WRITE, params["ledger_wait"], moved=True)
    target = Ledger(params["destination"], params["destination_password"], host, PREDICT if check_mode else WRITE, params["ledger_wait"])
    if source.shown == target.shown:
        raise InputError(f"source and destination are the same ledger, {source.shown}. Nothing was changed.")
    lost = persistence.refusal(params["destination"])
    if lost:
        raise InputError(f"{lost} Nothing was changed.")
    with source, target:
        source.take_turn(None)
        target.take_turn(None)
        moved_to, _from = source.origin()
        if moved_to == target.shown:
            return _result(source, target, False)
        if moved_to:
            raise InputError(f"The content of {source.shown} was moved to {moved_to} before. Use that one as source. Nothing was changed.")
        if not source.totals():
            raise InputError(f"The ledger {source.shown} knows nothing of {host}, so there is nothing to copy. Check source and instance. Nothing was changed.")
        if target.origin()[1] != source.shown or target.totals() != source.totals():
            if target.totals():
                raise InputError(
                    f"The ledger {target.shown} knows {host} already, and two records of what was sent cannot be merged. Name a ledger that does not know"
                    " this instance. Nothing was changed."
                )
            if not check_mode:
                _copy(source, target)
        if not check_mode:
            source.set_origin("moved_to", target.shown)
        return _result(source, target, True)


def _copy(source: Ledger, target: Ledger) -> None:
    posts: dict[int | None, int | None] = {None: None}
    with target.store.transaction():
        statement = "INSERT INTO post (instance, status, at, reason, pairs) VALUES (?, ?, ?, ?, ?)"
        for number, *post in source.store.iterate("SELECT id, status, at, reason, pairs FROM post WHERE instance = ? ORDER BY id", (source.instance,)):
            posts[number] = target.store.insert(statement, (target.instance, *post))
        rows = source.store.iterate(f"SELECT {_BINDINGS} FROM binding WHERE instance = ?", (source.instance,))
        target.store.write_many(f"INSERT INTO binding (instance, {_BINDINGS}) VALUES (?, ?, ?, ?, ?)", ((target.instance, *row) for row in rows))
        loads = source.store.iterate(f"SELECT {_LOADS} FROM load WHERE instance = ? ORDER BY binding_id, extract_id", (source.instance,))
        # A post that is missing, after a repair by hand, leaves its extracts unknown: no post has the number 0.
        mapped = ((target.instance, *row[:4], posts.get(row[4], 0), posts.get(row[5], 0)) for row in loads)
        target.store.write_many(f"INSERT INTO load (instance, {_LOADS}) VALUES (?, ?, ?, ?, ?, ?, ?)", mapped)
        target.set_origin("copied_from", source.shown)


def _result(source: Ledger, target: Ledger, changed: bool) -> dict[str, t.Any]:
    return {
        "changed": changed,
        "source": source.shown,
        "destination": target.shown,
        "binding_count": len(source.totals()),
        "extract_count": sum(total for _datastream_id, total in source.totals().values()),
    }
