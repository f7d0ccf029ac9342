# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Every statement of the ledger, by name. SQLite and PostgreSQL understand each of them; ``?`` stands for a value, ``{ids}`` for the marks of a list."""

from __future__ import annotations

import typing as t

MAX_VALUES = 500  # in one statement

FIND_INSTANCE = "SELECT instance FROM host WHERE name = ?"
ADD_INSTANCE = "INSERT INTO instance DEFAULT VALUES"
ADD_HOST = "INSERT INTO host (name, instance) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
HOSTS = "SELECT name FROM host WHERE instance = ? ORDER BY name"

MOVES = "SELECT direction, place, content FROM move WHERE instance = ? ORDER BY id"
ADD_MOVE = "INSERT INTO move (instance, direction, place, content, at) VALUES (?, ?, ?, ?, ?)"
FINISH_MOVE = "UPDATE move SET content = ? WHERE instance = ? AND direction = 'to' AND content = ''"
CANCEL_MOVE = "DELETE FROM move WHERE instance = ? AND direction = 'to' AND content = ''"

BINDINGS = "SELECT binding_id, datastream_id, target_id, total FROM binding WHERE instance = ?"
SAVE_BINDING = (
    "INSERT INTO binding (instance, binding_id, datastream_id, target_id, total) VALUES (?, ?, ?, ?, ?) ON CONFLICT (instance, binding_id)"
    " DO UPDATE SET total = binding.total + excluded.total, datastream_id = COALESCE(excluded.datastream_id, binding.datastream_id),"
    " target_id = COALESCE(excluded.target_id, binding.target_id)"
)

_FACT = "kind, at, clock, enabled, updated, seconds, created_from, created_to"
FACTS = f"SELECT binding_id, id, {_FACT} FROM binding_fact WHERE instance = ? {{bindings}} ORDER BY id"
ADD_FACT = f"INSERT INTO binding_fact (instance, binding_id, {_FACT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
DROP_FACT = "DELETE FROM binding_fact WHERE id = ?"

ADD_EVENT = (
    "INSERT INTO event (instance, kind, at, reason, pairs, clock, baseline) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
SET_BASELINE = "UPDATE event SET baseline = ? WHERE id = ?"
CONFIRM_EVENT = "UPDATE event SET kind = 'dispatched', at = ?, pairs = NULL WHERE id = ?"
DROP_EVENT = "DELETE FROM event WHERE id = ?"
OPEN_EVENTS = "SELECT pairs FROM event WHERE instance = ? AND kind NOT IN ('dispatched', 'loaded')"

_OF_LOADS = "WHERE instance = ? AND binding_id = ? AND extract_id IN ({ids})"
ADD_LOAD = (
    "INSERT INTO load (instance, binding_id, extract_id, datastream_id, created) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (instance, binding_id, extract_id) DO NOTHING"
)
SET_FIRST_EVENT = f"UPDATE load SET event = ? {_OF_LOADS} AND event IS NULL"
ADD_FURTHER_EVENT = (
    "INSERT INTO load_event (instance, binding_id, extract_id, event)"
    f" SELECT instance, binding_id, extract_id, ? FROM load {_OF_LOADS} AND event <> ?"
)
DROP_FIRST_EVENT = f"UPDATE load SET event = NULL {_OF_LOADS} AND event = ?"
DROP_FURTHER_EVENT = f"DELETE FROM load_event {_OF_LOADS} AND event = ?"
MOVE_FIRST_EVENT = f"UPDATE load SET event = ? {_OF_LOADS} AND event = ?"
MOVE_FURTHER_EVENT = f"UPDATE load_event SET event = ? {_OF_LOADS} AND event = ?"

_LOAD = "load.extract_id, load.datastream_id, load.created, load.event, event.kind, event.at, event.reason"
LOADS = f"SELECT {_LOAD} FROM load LEFT JOIN event ON event.id = load.event WHERE load.instance = ? AND load.binding_id = ?"
LOADS_BY_AGE = LOADS + " ORDER BY load.created, load.extract_id"
LOADS_OF = LOADS + " AND load.extract_id IN ({ids}) ORDER BY load.created, load.extract_id"
STATUSES_OF = (
    "SELECT load.extract_id, load.event, event.kind FROM load LEFT JOIN event ON event.id = load.event"
    " WHERE load.instance = ? AND load.binding_id = ? AND load.extract_id IN ({ids})"
)
HAS_FURTHER_EVENTS = "SELECT 1 FROM load_event WHERE instance = ? AND binding_id = ? LIMIT 1"
FURTHER_EVENTS = (
    "SELECT load_event.extract_id, load_event.event, event.kind, event.at, event.reason FROM load_event LEFT JOIN event ON event.id = load_event.event"
    " WHERE load_event.instance = ? AND load_event.binding_id = ? ORDER BY load_event.extract_id, load_event.event"
)
FURTHER_EVENTS_OF = FURTHER_EVENTS.replace(" ORDER BY", " AND load_event.extract_id IN ({ids}) ORDER BY")
_REQUEST = "event.kind, event.at, event.reason, event.clock, event.baseline"
REQUESTS_OF = (
    f"SELECT load.extract_id, load.datastream_id, load.created, load.event, {_REQUEST} FROM load LEFT JOIN event ON event.id = load.event"
    " WHERE load.instance = ? AND load.binding_id = ? AND load.extract_id IN ({ids}) AND load.event IS NOT NULL"
)
FURTHER_REQUESTS_OF = (
    f"SELECT load_event.extract_id, load_event.event, {_REQUEST} FROM load_event LEFT JOIN event ON event.id = load_event.event"
    " WHERE load_event.instance = ? AND load_event.binding_id = ? AND load_event.extract_id IN ({ids}) ORDER BY load_event.extract_id, load_event.event"
)
_OF_REQUEST = "WHERE instance = ? AND binding_id = ? AND extract_id BETWEEN ? AND ? AND event = ?"
EXTRACTS_OF_REQUEST = (
    f"SELECT extract_id FROM load {_OF_REQUEST} UNION SELECT extract_id FROM load_event {_OF_REQUEST}"
)
PENDING_LOADS = "SELECT binding_id, extract_id, datastream_id, created FROM load WHERE instance = ? AND event IS NULL {bindings} ORDER BY created, extract_id"
PENDING_COUNTS = (
    "SELECT binding_id, count(*) FROM load WHERE instance = ? AND event IS NULL GROUP BY binding_id"
)

# Moving the content of an instance. The columns stand in the order of the tables that they are read from and written to.
SET_HOST = "INSERT INTO host (name, instance) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET instance = excluded.instance"
_EVENT = "kind, at, reason, pairs, clock, baseline"
_LOAD_KEY = "binding_id, extract_id"
READ_FACTS = f"SELECT binding_id, {_FACT} FROM binding_fact WHERE instance = ? ORDER BY id"
READ_EVENTS = f"SELECT id, {_EVENT} FROM event WHERE instance = ? ORDER BY id"
READ_LOADS = f"SELECT {_LOAD_KEY}, datastream_id, created, event FROM load WHERE instance = ? ORDER BY binding_id, extract_id"
WRITE_LOAD = (
    f"INSERT INTO load (instance, {_LOAD_KEY}, datastream_id, created, event) VALUES (?, ?, ?, ?, ?, ?)"
)
READ_LOAD_EVENTS = (
    f"SELECT {_LOAD_KEY}, event FROM load_event WHERE instance = ? ORDER BY binding_id, extract_id, event"
)
WRITE_LOAD_EVENT = f"INSERT INTO load_event (instance, {_LOAD_KEY}, event) VALUES (?, ?, ?, ?)"
DROP_CONTENT = tuple(
    f"DELETE FROM {table} WHERE instance = ?"
    for table in ("load_event", "load", "event", "binding_fact", "binding")
)

TOKENS = "SELECT binding_id, token FROM turn WHERE instance = ?"
SIGN = (
    "INSERT INTO turn (instance, binding_id, token, holder, since) VALUES (?, ?, ?, ?, ?) ON CONFLICT (instance, binding_id)"
    " DO UPDATE SET token = excluded.token, holder = excluded.holder, since = excluded.since"
)


def with_ids(statement: str, ids: t.Collection[int]) -> str:
    """The statement with a mark for each of these values."""
    return statement.format(ids=", ".join("?" * len(ids)))


def of_bindings(statement: str, binding_ids: t.Collection[int] | None) -> tuple[str, tuple[int, ...]]:
    """The statement narrowed to these bindings, and its further values. With None, or more than a statement takes, it reads all."""
    if binding_ids is None or len(binding_ids) > MAX_VALUES:
        return statement.format(bindings=""), ()
    if not binding_ids:
        return statement.format(bindings="AND 1 = 0"), ()  # PostgreSQL refuses an empty list
    return statement.format(bindings=f"AND binding_id IN ({', '.join('?' * len(binding_ids))})"), tuple(
        binding_ids
    )
