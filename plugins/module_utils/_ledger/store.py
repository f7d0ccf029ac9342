# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where a ledger is kept: what a store has to do. Which one the option ``ledger`` names: ``stores.py``.

A store keeps rows and hands out turns. What the rows mean is written once, in ``ledger.py``. Statements are written as SQLite and PostgreSQL both
understand them, with ``?`` for values. A store keeps any text, whatever its database holds by itself.
"""

from __future__ import annotations

import contextlib
import typing as t

from .._api.errors import LedgerError
from .holder import Holder

WRITE, PREDICT, LOOK = "write", "predict", "look"

DAMAGED = "Restore a current copy, or name another ledger; a new one has no record of past sends."

Values = t.Sequence[t.Any]


class Store(t.Protocol):
    """What a ledger needs of the place where it is kept. Every method raises LedgerError where the place fails."""

    shown: str  # the place, for messages and results; never with a secret

    def open(self, purpose: str) -> bool:
        """Opens it, and makes it where it does not exist and the purpose is WRITE. False: there is none to read."""

    def close(self) -> None:
        """Gives everything back, turns as well. Never raises."""

    def read(self, statement: str, values: Values = ()) -> list[tuple[t.Any, ...]]:
        """All rows."""

    def iterate(self, statement: str, values: Values = ()) -> t.Iterator[tuple[t.Any, ...]]:
        """Row by row, without holding all of them."""

    def transaction(self) -> contextlib.AbstractContextManager[t.Any]:
        """All or nothing, and on disk when it ends."""

    def write(self, statement: str, values: Values = ()) -> int:
        """Runs a statement and returns how many rows it changed."""

    def write_many(self, statement: str, rows: t.Iterable[Values]) -> int:
        """The same for many rows."""

    def insert(self, statement: str, values: Values) -> int:
        """Inserts a row that is numbered by the store, and returns its number."""

    def try_turn(self, instance: int, binding_ids: t.Sequence[int] | None) -> bool:
        """Takes the turn of these bindings, or of the whole instance with None, if nobody holds any of it; all or nothing.

        Runs that write exclude everybody; runs that predict exclude those that write. A turn ends with the process or the connection that holds it,
        however that ends.
        """

    def give_turn_back(self) -> None:
        """Ends the turn that was taken."""

    def is_busy(self, instance: int) -> bool:
        """Whether another run holds any turn of this instance."""

    def holders(self, instance: int, binding_ids: t.Sequence[int] | None) -> list[Holder]:
        """The runs that keep this one from the turn of these bindings, at this moment. Empty: nobody does, or they cannot be told."""


def failed(shown: str, reason: str, next_step: str) -> LedgerError:
    """The error for a place that cannot be used."""
    return LedgerError(f"The ledger {shown} cannot be used: {reason}. {next_step}", ledger=shown)
