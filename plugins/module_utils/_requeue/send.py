# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Sending the batches of a plan, one after the other, with a journal in the ledger (requeue guide; the ledger's promise)."""

from __future__ import annotations

import contextlib
import typing as t

from .._api import text
from .._api.client import Client
from .._api.errors import LedgerError, Refused, UnreadableAnswer
from .._ledger.ledger import Ledger, Post
from .plan import Batch

PATH = "/api/v1/extracts/requeue/"

# A refusal with one of these says nothing about the extracts: the key, the right, a proxy, the time.
_NOT_THE_EXTRACTS = frozenset((401, 403, 407, 408, 423, 425, 429))
_SINGLE_REFUSALS = 10  # so many requests of one extract refused one after the other: it is not the extracts

Progress = t.Callable[[Batch, int], t.Any]


class Refusal(t.NamedTuple):
    """An extract that the service does not take, and its words."""

    batch: Batch
    reason: str


class Sending:
    """Batches on their way, and what came of them so far.

    ``sent`` holds of each request that was answered the extracts that the service confirmed, and its message; ``refused`` the extracts that it does not
    take; ``in_doubt`` those of which nobody knows; ``journal`` what the ledger is told; ``batch`` is the request under way.
    """

    def __init__(self, client: Client, ledger: Ledger, sequential: bool, progress: Progress | None = None) -> None:
        self.sent: list[tuple[Batch, str]] = []
        self.refused: list[Refusal] = []
        self.warnings: list[str] = []
        self.journal = Journal(ledger)
        self._client, self._ledger, self._sequential, self._progress = client, ledger, sequential, progress
        self._singles = 0

    @property
    def batch(self) -> Batch:
        return self.journal.batch

    @property
    def in_doubt(self) -> list[int]:
        return self.journal.standing

    def run(self, batches: t.Iterable[Batch]) -> None:
        """Sends them all. What a batch is refused for is narrowed down to single extracts; any other error ends the sending."""
        try:
            for batch in batches:
                self._send_all(batch)
            self.journal.save()
        except BaseException:
            with contextlib.suppress(LedgerError):
                self.journal.save()
            raise

    def _send_all(self, batch: Batch) -> None:
        refusals: list[tuple[Batch, Refused]] = []
        accepted = self._narrow(batch, refusals)
        if accepted:
            self._singles = 0
        elif not batch.alone:
            self._singles += 1
        if not refusals:
            return
        if not accepted and (len(batch.extract_ids) > 1 or self._singles >= _SINGLE_REFUSALS):
            self.journal.batch = batch
            error = refusals[0][1]
            if len(batch.extract_ids) > 1:
                what, way_on = f"It refused each of the {len(batch.extract_ids)} extracts also alone", "set batch_size: 1 and on_refused: skip"
            else:
                what, way_on = f"It refused {self._singles} extracts in succession", "set on_refused: skip and run it again"
            error.say(f"{what}, which suggests that the extracts are not the cause. If they are, {way_on}.")
            raise error
        self.journal.save()
        for one, error in refusals:
            reason = text.line(f"{error.status}: {error.text}")
            self._ledger.refused(one.ledger_bindings, one.extract_ids[0], reason)
            self.refused.append(Refusal(one, reason))

    def _narrow(self, batch: Batch, refusals: list[tuple[Batch, Refused]]) -> bool:
        """Sends a batch, and where the service refuses it its halves, down to single extracts. Whether anything was taken."""
        try:
            self._send(batch)
        except Refused as error:
            if not (400 <= error.status < 500) or error.status in _NOT_THE_EXTRACTS:
                raise
            if len(batch.extract_ids) == 1:
                refusals.append((batch, error))
                return False
            taken = [self._narrow(half, refusals) for half in batch.halves()]
            return any(taken)
        if self._progress:
            self._progress(batch, sum(len(one.extract_ids) for one, _message in self.sent))
        return True

    def _send(self, batch: Batch) -> None:
        journal = self.journal
        journal.batch = batch
        body: dict[str, t.Any] = {"extract_ids": batch.extract_ids, "sequential": self._sequential}
        if batch.binding_ids:
            body["binding_ids"] = list(batch.binding_ids)
        data = self._client.request("POST", PATH, body=body, before=journal.intend, undo=journal.withdraw).data
        answered = data.get("extract_ids") if isinstance(data, dict) else None
        if not isinstance(answered, list):
            raise _doubt("it does not say which extracts it dispatched")
        confirmed = [one for one in batch.extract_ids if one in answered]
        journal.confirm(confirmed)
        self.sent.append((batch._replace(extract_ids=confirmed), text.foreign(data.get("message") or "")))
        if journal.standing:
            raise _doubt(f"it does not name extracts {text.ids(journal.standing)} as dispatched")
        more = [one for one in answered if one not in batch.extract_ids]
        if more:
            self.warnings.append(f"The service says that it also dispatched extracts that were not requested: {text.foreign(repr(more), 200)}.")


class Journal:
    """What the ledger is told of the POSTs on their way.

    What the service confirmed is written together with the next intention, before that goes out: one commit for each POST, not two.
    ``standing`` are the extracts of ``batch`` that may be on their way, ``unsaved`` is what is confirmed and not yet written.
    """

    batch: Batch
    _post: Post

    def __init__(self, ledger: Ledger) -> None:
        self.standing: list[int] = []
        self.unsaved: Post | None = None
        self._ledger = ledger

    def intend(self) -> None:
        self._post = self._ledger.intend(self.batch.ledger_bindings, self.batch.extract_ids, self.unsaved)
        self.unsaved = None
        self.standing = self.batch.extract_ids

    def withdraw(self) -> None:
        self._ledger.withdraw(self._post)
        self.standing = []

    def confirm(self, extract_ids: list[int]) -> None:
        taken = set(extract_ids)
        self.unsaved = self._post._replace(extract_ids=extract_ids) if extract_ids else None
        self.standing = [one for one in self.standing if one not in taken]

    def save(self) -> None:
        if self.unsaved is not None:
            self._ledger.dispatched(self.unsaved, self.standing)
            self.unsaved = None


def _doubt(what: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"POST {PATH} was answered with success, but {what}.", method="POST", path=PATH)
