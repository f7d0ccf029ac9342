# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Moving what a ledger records of one instance into another ledger, or to another name of the instance. Safe to kill and run again.

A move has three steps, each a transaction: the source records that it is begun, the target gets the content and records where it came from, and the source
records that it is finished. From the first step on no run uses the source, and before the second none uses the target, so that two are never used at once. If a
run is killed in between, the next move goes on from there.
"""

from __future__ import annotations

import typing as t

from .._api.errors import InputError, LedgerError
from .._spec import times
from . import persistence
from . import statements as sql
from .ledger import Ledger
from .store import LOOK, PREDICT, WRITE


def move(params: dict[str, t.Any], host: str, check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_ledger_copy``. Raises InputError where there is nothing to move, or where both ledgers have records of the instance."""
    source_host = params.get("source_instance") or host
    source = Ledger(
        params["source"],
        params["source_password"],
        source_host,
        LOOK if check_mode else WRITE,
        params["ledger_wait"],
        moved=True,
        option="source",
    )
    target = Ledger(
        params["destination"],
        params["destination_password"],
        host,
        PREDICT if check_mode else WRITE,
        params["ledger_wait"],
        moved=True,
        option="destination",
    )
    same_place = source.shown == target.shown
    if same_place and source_host == host:
        raise InputError(f"source and destination are the same ledger, {source.shown}. Nothing was changed.")
    lost = persistence.refusal(params["destination"])
    if lost:
        raise InputError(f"{lost} Nothing was changed.")
    with source, target:
        source.take_turn(None)
        if same_place and source.instance is not None and source.instance == target.instance:
            return _result(source, source, False)
        target.take_turn(None)
        changed = _rename(source, target) if same_place else _move(source, target)
        return _result(source, target, changed)


def _rename(source: Ledger, target: Ledger) -> bool:
    """Makes the new host a name of the instance that the ledger records under the old one."""
    _refuse_empty(source)
    if _has_content(target):
        raise _two_records(target)
    if target.writes:
        _write(target, sql.SET_HOST, (target.host, source.instance))
    return True


def _move(source: Ledger, target: Ledger) -> bool:
    moved_to, is_begun = source.moved_to(), source.has_begun_move()
    if moved_to and moved_to != target.shown:
        raise _moved_elsewhere(source, moved_to, is_begun)
    _refuse_empty(source)
    content = source.content()
    if moved_to and not is_begun:
        _refuse_lost(source, target, content)
        return False
    _refuse_other_names(source, target)
    try:
        needs_copy = _needs_copy(source, target, content)
    except InputError:
        if is_begun and source.writes:  # the target was used instead, and has no copy
            _write(source, sql.CANCEL_MOVE, (source.instance,))
        raise
    if not source.writes:
        return True
    if not is_begun:
        _begin(source, target)
    if needs_copy:
        _copy_or_cancel(source, target, content)
    _write(source, sql.FINISH_MOVE, (content, source.instance))
    return True


def _begin(source: Ledger, target: Ledger) -> None:
    """From here on no run uses the source, under none of the names of its instance."""
    with source.store.transaction():
        source.store.write(sql.SET_HOST, (target.host, source.instance))
        source.store.write(sql.ADD_MOVE, (source.instance, "to", target.shown, "", times.now()))


def _write(ledger: Ledger, statement: str, values: tuple[t.Any, ...]) -> None:
    with ledger.store.transaction():
        ledger.store.write(statement, values)


def _moved_elsewhere(source: Ledger, moved_to: str, is_begun: bool) -> InputError:
    if is_begun:
        words = f"A move of {source.shown} to {moved_to} was begun and is not finished. Finish it first: set destination to {moved_to}."
    else:
        words = f"The content of {source.shown} was moved to {moved_to} before. Set source to {moved_to}."
    return InputError(f"{words} Nothing was changed.")


def _copy_or_cancel(source: Ledger, target: Ledger, content: str) -> None:
    """Copies. Where that fails and certainly left nothing in the target, the source can be used as before."""
    try:
        _copy(source, target, content)
    except LedgerError as error:
        if not _cancel(source, target, content):
            error.say(
                f"The move is begun, and no run can use {source.shown} until it is finished. Run it again."
            )
        raise


def _cancel(source: Ledger, target: Ledger, content: str) -> bool:
    """Takes a move back that certainly left nothing in the target. False where that cannot be told, or not be recorded."""
    try:
        if not _needs_copy(source, target, content):
            return False
        _write(source, sql.CANCEL_MOVE, (source.instance,))
    except LedgerError:
        return False
    return True


def _needs_copy(source: Ledger, target: Ledger, content: str) -> bool:
    """Whether the content is still to be copied, in place of an older copy where there is one. Raises InputError where that would lose records."""
    if not _has_content(target):
        return True
    if target.moved_to():
        if target.content() in _origins(source):
            return True  # a move back
    elif content in _origins(target):
        return False  # a move that was interrupted after the copy
    raise _two_records(target)


def _origins(ledger: Ledger) -> list[str]:
    """The contents that were moved into this ledger, or into one that it came from."""
    return [content for direction, _place, content in ledger.moves() if direction == "from"]


def _refuse_lost(source: Ledger, target: Ledger, content: str) -> None:
    """Raises InputError where the ledger to which the content was moved does not have it: a second copy would lack what was recorded since."""
    if content not in _origins(target) or not _has_content(target):
        raise InputError(
            f"The content of {source.shown} was moved to {target.shown} before, and {target.shown} does not have it any more."
            " Restore its newest backup. Nothing was changed."
        )


def _copy(source: Ledger, target: Ledger, content: str) -> None:
    """Replaces what the target has of the instance, in one transaction."""
    read, write = source.store.iterate, target.store.write_many
    this, other = (source.instance,), target.instance
    numbers: dict[int | None, int | None] = {None: None}
    with target.store.transaction():
        for statement in sql.DROP_CONTENT:
            target.store.write(statement, (other,))
        for number, *event in read(sql.READ_EVENTS, this):
            numbers[number] = target.store.insert(sql.ADD_EVENT, (other, *event))
        write(sql.SAVE_BINDING, ((other, *row) for row in read(sql.BINDINGS, this)))
        for row in read(sql.READ_FACTS, this):
            target.store.insert(sql.ADD_FACT, (other, *row))
        # An event that is missing, after a repair by hand, leaves its extracts unknown: no event has the number 0.
        write(
            sql.WRITE_LOAD, ((other, *row[:4], numbers.get(row[4], 0)) for row in read(sql.READ_LOADS, this))
        )
        write(
            sql.WRITE_LOAD_EVENT,
            ((other, *row[:2], numbers.get(row[2], 0)) for row in read(sql.READ_LOAD_EVENTS, this)),
        )
        for direction, place, recorded in source.moves():
            if direction == "from":
                target.store.write(sql.ADD_MOVE, (other, direction, place, recorded, times.now()))
        for name in _names(source):
            target.store.write(sql.SET_HOST, (name, other))
        target.store.write(sql.ADD_MOVE, (other, "from", source.shown, content, times.now()))


def _names(source: Ledger) -> list[str]:
    """The host names of the source's instance: all of them are names of it in the target, too, so that nothing is sent again under an old one."""
    return [row[0] for row in source.store.read(sql.HOSTS, (source.instance,))]


def _instance_of(ledger: Ledger, name: str) -> int | None:
    rows = ledger.store.read(sql.FIND_INSTANCE, (name,)) if ledger.exists else []
    return int(rows[0][0]) if rows else None


def _refuse_other_names(source: Ledger, target: Ledger) -> None:
    """Raises InputError where one of the two has records of its own under a name of the instance that the other one knows."""
    for ledger, names in ((source, [target.host]), (target, _names(source))):
        for name in names:
            instance = _instance_of(ledger, name)
            if instance not in (None, ledger.instance) and ledger.store.read(sql.BINDINGS, (instance,)):
                raise _two_records(ledger, name)


def _has_content(ledger: Ledger) -> bool:
    return bool(ledger.binding_rows())


def _refuse_empty(source: Ledger) -> None:
    if not _has_content(source):
        raise InputError(
            f"The ledger {source.shown} has no records of {source.host}, so there is nothing to move. Check source, and instance or source_instance."
            " Nothing was changed."
        )


def _two_records(ledger: Ledger, host: str | None = None) -> InputError:
    way = (
        "" if ledger.option == "source" else " Set destination to a ledger without records of this instance."
    )
    if way and host not in (None, ledger.host):
        way += f" To move it back there, set instance to {host}."
    return InputError(
        f"The ledger {ledger.shown} already has records of {host or ledger.host}, and two records of what was sent cannot be merged.{way}"
        " Nothing was changed."
    )


def _result(source: Ledger, target: Ledger, changed: bool) -> dict[str, t.Any]:
    rows = source.binding_rows().values()
    return {
        "changed": changed,
        "source": source.shown,
        "destination": target.shown,
        "binding_count": len(rows),
        "extract_count": sum(row.total for row in rows),
    }
