# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Turns: two runs never work on the same binding at the same time, and each knows whether another one came first. Written once for every store."""

from __future__ import annotations

import os
import socket
import typing as t
import uuid

from .._api import clock
from .._api.errors import LedgerError
from .._spec import times
from .store import LOOK, WRITE, Store

# Stands for the binding where none was named: all that were enabled then.
ALL_ENABLED = 0

_POLL = 0.25  # seconds between two looks at a turn that somebody else has


class Turns:
    """The turns of one run in an instance. ``wait``: seconds to wait for one that another run has; ``waited``: seconds that this run waited."""

    def __init__(self, store: Store, instance: int, purpose: str, wait: float) -> None:
        self._store, self._instance, self._writes, self._wait = store, instance, purpose == WRITE, wait
        self.waited = 0.0
        self._held: tuple[int, ...] | None = ()  # None: the whole instance
        self._tokens = self._read_tokens()
        self._others_at_work = purpose != LOOK and store.is_busy(instance)  # since this was opened, and without a token that is new

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
        others = [one for one, _token in signed if wanted is None or one == ALL_ENABLED or one in wanted]
        if self._writes:
            self._sign(wanted)
        return bool(others)

    def _read_tokens(self) -> dict[int, str]:
        return dict(self._store.read("SELECT binding_id, token FROM turn WHERE instance = ?", (self._instance,)))

    def _sign(self, wanted: tuple[int, ...] | None) -> None:
        """Notes who has the turn, for those who wait."""
        token, holder, now = uuid.uuid4().hex, _this_run(), times.now()
        statement = (
            "INSERT INTO turn (instance, binding_id, token, holder, since) VALUES (?, ?, ?, ?, ?) ON CONFLICT (instance, binding_id)"
            " DO UPDATE SET token = excluded.token, holder = excluded.holder, since = excluded.since"
        )
        with self._store.transaction():
            self._store.write_many(statement, [(self._instance, one, token, holder, now) for one in wanted or (ALL_ENABLED,)])
        self._tokens.update(dict.fromkeys(wanted or (ALL_ENABLED,), token))

    def _occupied(self, wanted: tuple[int, ...] | None) -> LedgerError:
        rows = self._store.read("SELECT binding_id, holder, since FROM turn WHERE instance = ? ORDER BY since DESC", (self._instance,))
        rows = [row for row in rows if wanted is None or row[0] == ALL_ENABLED or row[0] in wanted]
        holder = f"{rows[0][1]}, since {rows[0][2]}" if rows else "a run in check mode"
        shown = self._store.shown
        return LedgerError(
            f"Another run holds what this one needs in the ledger {shown}: {holder}. This run waited {self._wait:g} s (ledger_wait). Nothing was changed."
            " Let that run finish, or end it, then run this again.",
            ledger=shown,
        )


def awx_job() -> str | None:
    """The number of the AWX job that this process belongs to, None outside of AWX."""
    return os.environ.get("JOB_ID") if "AWX_HOST" in os.environ else None


def _this_run() -> str:
    """Who holds a turn, in words a person can place: host, process, AWX job where there is one."""
    job = awx_job()
    return f"host {socket.gethostname()}, process {os.getpid()}" + (f", AWX job {job}" if job else "")
