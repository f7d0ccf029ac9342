# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The tables of a ledger, as numbered migrations. A migration that was released is never changed; a change of the tables is a new one.

``{id}`` is how a store numbers rows by itself, ``{by_key}`` how it keeps a table in the order of its key, ``{schema}`` what stands before names.

- ``instance``: an Adverity instance. ``host``: the names that it has, or had.
- ``move``: where the content of an instance was moved to (``to``) or came from (``from``). ``content`` is a summary of what was moved; a move that was begun
  and is not finished has none.
- ``binding``: the bindings that the ledger has seen. ``total``: how many extracts it records for it. Binding 0 stands for requests that named no binding:
  they went to all bindings that were enabled then.
- ``binding_fact``: what was seen of a binding, written to it and planned for it; see ``history.BindingFact``.
- ``event``: what happened to extracts, for all that went in one request; see ``status.EventKind``. ``pairs``: the bindings and extracts as JSON, until
  they are dispatched. ``clock`` and ``baseline``: what the API showed before the request, see ``baseline.Baseline``.
- ``load``: an extract that is to go, or went, into a binding, and its first event; null while it is pending. ``load_event``: its further events.
  ``load_pending`` holds ``event``, although it is null there: SQLite takes an index for this only if it has every column that is asked for.
- ``turn``: who held the lock of a binding last.
"""

from __future__ import annotations

import typing as t


class Migration(t.NamedTuple):
    """The statements that lead to format ``version`` from the one before it."""

    version: int
    statements: tuple[str, ...]


# Formats 1 and 2 were those of versions that were not published; they are refused.
MIGRATIONS = (
    Migration(
        3,
        (
            "CREATE TABLE {schema}instance (id {id})",
            "CREATE TABLE {schema}host (name TEXT PRIMARY KEY, instance BIGINT NOT NULL)",
            "CREATE TABLE {schema}move (id {id}, instance BIGINT NOT NULL, direction TEXT NOT NULL CHECK (direction IN ('to', 'from')), place TEXT NOT NULL,"
            " content TEXT NOT NULL, at TEXT NOT NULL)",
            "CREATE TABLE {schema}binding (instance BIGINT NOT NULL, binding_id BIGINT NOT NULL, datastream_id BIGINT, target_id BIGINT,"
            " total BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (instance, binding_id))",
            "CREATE TABLE {schema}binding_fact (id {id}, instance BIGINT NOT NULL, binding_id BIGINT NOT NULL, kind TEXT NOT NULL, at TEXT, clock TEXT,"
            " enabled INTEGER, updated TEXT, seconds REAL, created_from TEXT, created_to TEXT)",
            "CREATE INDEX binding_fact_of ON {schema}binding_fact (instance, binding_id)",
            "CREATE TABLE {schema}event (id {id}, instance BIGINT NOT NULL, kind TEXT NOT NULL, at TEXT, reason TEXT, pairs TEXT)",
            "CREATE INDEX event_open ON {schema}event (instance) WHERE kind <> 'dispatched'",
            "CREATE TABLE {schema}load (instance BIGINT NOT NULL, binding_id BIGINT NOT NULL, extract_id BIGINT NOT NULL, datastream_id BIGINT, created TEXT,"
            " event BIGINT, PRIMARY KEY (instance, binding_id, extract_id)){by_key}",
            "CREATE INDEX load_pending ON {schema}load (instance, binding_id, event) WHERE event IS NULL",
            "CREATE TABLE {schema}load_event (instance BIGINT NOT NULL, binding_id BIGINT NOT NULL, extract_id BIGINT NOT NULL, event BIGINT NOT NULL,"
            " PRIMARY KEY (instance, binding_id, extract_id, event)){by_key}",
            "CREATE TABLE {schema}turn (instance BIGINT NOT NULL, binding_id BIGINT NOT NULL, token TEXT NOT NULL, holder TEXT NOT NULL, since TEXT NOT NULL,"
            " PRIMARY KEY (instance, binding_id))",
        ),
    ),
    Migration(
        4,
        (
            "ALTER TABLE {schema}event ADD COLUMN clock BIGINT",
            "ALTER TABLE {schema}event ADD COLUMN baseline TEXT",
            "DROP INDEX {schema}event_open",
            "CREATE INDEX event_open ON {schema}event (instance) WHERE kind NOT IN ('dispatched', 'loaded')",
        ),
    ),
)
VERSION = MIGRATIONS[-1].version
OLDEST = MIGRATIONS[0].version


def statements_from(version: int | None, migrations: t.Sequence[Migration] = MIGRATIONS) -> list[str]:
    """The statements that bring a ledger of this format (None: an empty place) to the newest one, in order."""
    return [
        statement
        for migration in migrations
        if version is None or migration.version > version
        for statement in migration.statements
    ]
