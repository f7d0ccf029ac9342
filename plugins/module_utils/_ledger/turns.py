# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Turns: two runs never work on the same binding at the same time, and each knows whether another one came first. Written once for every store."""

from __future__ import annotations

import hashlib
import json
import typing as t
import uuid

from .._api import clock
from .._api.errors import LedgerError
from .._spec import times
from . import statements as sql
from .holder import this_run
from .store import LOOK, WRITE, Store

# Stands for the binding where none was named: all that were enabled then.
ALL_ENABLED = 0
# Stands for the instance in a lock of a name. No instance has this number, so that a lock of a whole instance does not hold up one of a name.
NAMES = 0

_POLL = 0.25  # seconds between two looks at a turn that somebody else has


class Turns:
    """The turns of one run in an instance. ``wait``: seconds to wait for one that another run has; ``waited``: seconds that this run waited.

    ``what`` says in a message what another run holds.
    """

    def __init__(
        self, store: Store, instance: int, purpose: str, wait: float, what: str = "a lock that this run needs"
    ) -> None:
        self._store, self._instance, self._writes, self._wait, self._what = (
            store,
            instance,
            purpose == WRITE,
            wait,
            what,
        )
        self.waited = 0.0
        self._held: tuple[int, ...] | None = ()  # None: the whole instance
        self._tokens = self._read_tokens()
        self._others_at_work = purpose != LOOK and store.is_busy(
            instance
        )  # since this was opened, and without a token that is new

    def take(self, binding_ids: t.Collection[int] | None) -> bool:
        """See ``Ledger.take_turn``."""
        wanted = None if binding_ids is None else tuple(sorted(set(binding_ids)))
        if wanted == self._held:
            return False
        started = clock.monotonic()
        if self._held != ():
            self._store.give_turn_back()
        others_at_work, self._others_at_work = self._others_at_work, False
        while not self._store.try_turn(self._instance, wanted):
            others_at_work = True
            if clock.monotonic() - started > self._wait:
                raise self._occupied(wanted)
            clock.sleep(min(_POLL, max(0.01, self._wait / 10)))
        self.waited += clock.monotonic() - started
        self._held = wanted
        before, self._tokens = self._tokens, self._read_tokens()
        # Who held a turn when this was opened has signed before, and may have written while this run read.
        signed = self._tokens.items() if others_at_work else self._tokens.items() - before.items()
        others = [
            binding_id
            for binding_id, _token in signed
            if wanted is None or binding_id == ALL_ENABLED or binding_id in wanted
        ]
        if self._writes:
            self._sign(wanted)
        return bool(others)

    def try_take(self, binding_ids: t.Collection[int]) -> bool:
        """Takes the turn of these bindings, in place of the one that this run has, if nobody holds any of it."""
        wanted = tuple(sorted(set(binding_ids)))
        if self._held != ():
            self._store.give_turn_back()
            self._held = ()
        if not self._store.try_turn(self._instance, wanted):
            return False
        self._held = wanted
        if self._writes:
            self._sign(wanted)
        return True

    def _read_tokens(self) -> dict[int, str]:
        return dict(self._store.read(sql.TOKENS, (self._instance,)))

    def _sign(self, wanted: tuple[int, ...] | None) -> None:
        """Notes that the turn was taken, for those who read before, and by whom."""
        token, holder, now = uuid.uuid4().hex, this_run().words, times.now()
        with self._store.transaction():
            self._store.write_many(
                sql.SIGN,
                [(self._instance, binding_id, token, holder, now) for binding_id in wanted or (ALL_ENABLED,)],
            )
        self._tokens.update(dict.fromkeys(wanted or (ALL_ENABLED,), token))

    def _occupied(self, wanted: tuple[int, ...] | None) -> LedgerError:
        holders = self._store.holders(self._instance, wanted)
        who = "; ".join(dict.fromkeys(holder.who for holder in holders)) or "the ledger does not show which"
        ways = "".join(dict.fromkeys(f" {holder.way_to_end}" for holder in holders if holder.way_to_end))
        shown = self._store.shown
        return LedgerError(
            f"Another run holds {self._what} in the ledger {shown}: {who}. This run waited {self._wait:g} s (ledger_wait). Nothing was changed."
            f" Let that run finish, or end it, then run this again.{ways}",
            ledger=shown,
        )


def name_key(instance: int, *words: str | int) -> int:
    """The key of the lock of a name, in place of a binding: 63 bits, never 0. Two names that share one only wait for each other."""
    digest = hashlib.sha256(json.dumps([instance, *words]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1 or 1
