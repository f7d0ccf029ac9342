# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Sending the batches of a plan, one after the other. Each request is recorded in the ledger before it goes out, and its response afterwards.

A request that is refused is narrowed down to the bindings and extracts for which it is refused. What goes wrong in a datastream stops what comes after
it there, so that the order is kept; the other datastreams go on.
"""

from __future__ import annotations

import contextlib
import typing as t
from datetime import datetime

from .._api import text
from .._api.client import BODY, Client
from .._api.errors import AdverityError, LedgerError, Lost, Refused, UnreadableAnswer
from .._ledger.baseline import Baseline
from .._ledger.ledger import Ledger
from .._ledger.rows import Entry, Request
from .._ledger.status import EventKind
from .._resources.binding_state import stops_the_run
from .decision import Pair
from .plan import Batch

PATH = "/api/v1/extracts/requeue/"

# A refusal with one of these says nothing about the extracts: the right of the key, the time.
_NOT_THE_EXTRACTS = frozenset((403, 408, 423, 425))
_MAX_SINGLE_REFUSALS = 10  # so many extracts of a binding refused in succession: it is not the extracts
_MAX_FAILURES = 3  # so many datastreams stopped in succession: it is not the datastreams

Progress = t.Callable[[Batch, int], t.Any]


class Refusal(t.NamedTuple):
    """An extract that Adverity refuses, and its words."""

    batch: Batch
    reason: str


class Stop(t.NamedTuple):
    """Why the rest of a datastream, for these bindings, was not sent. ``unknown``: the extracts of the request whose outcome is unknown."""

    batch: Batch
    reason: str
    unknown: tuple[int, ...] = ()


class _RunStopped(Exception):
    """Carries the error that ends a run past those who would narrow a refusal down."""

    def __init__(self, error: AdverityError) -> None:
        super().__init__(str(error))
        self.error = error


class Sending:
    """Batches on their way, and what came of them so far.

    ``sent`` holds of each request that was confirmed its extracts, and the message; ``refused`` the extracts that Adverity refuses; ``stops`` the
    datastreams that were stopped. ``journal`` is what the ledger records; ``batch`` the request under way. ``resent`` are sent on the user's word that
    an earlier request did not arrive. ``labels``: of the extracts in the order of the batches, as the API listed them before.
    """

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        sequential: bool,
        progress: Progress | None = None,
        resent: t.Collection[Pair] = (),
        labels: t.Iterable[tuple[int, str | None]] = (),
    ) -> None:
        self.sent: list[tuple[Batch, str]] = []
        self.refused: list[Refusal] = []
        self.stops: list[Stop] = []
        self.warnings: list[str] = []
        self.journal = Journal(ledger)
        self._labels = iter(labels)
        self._client, self._ledger, self._sequential, self._progress = client, ledger, sequential, progress
        self._stopped: set[tuple[int | None, int]] = set()  # datastream and binding
        self._single_refusals: dict[tuple[int | None, int], int] = {}
        self._failed: set[int | None] = set()  # the datastreams that failed since the last success
        self._resent = frozenset(resent)

    @property
    def batch(self) -> Batch:
        return self.journal.batch

    def unknown_pairs(self) -> list[Pair]:
        """What has an unknown outcome since this run."""
        stops = [stop.batch._replace(extract_ids=list(stop.unknown)) for stop in self.stops]
        lost = [self.batch._replace(extract_ids=self.journal.outstanding)] if self.journal.outstanding else []
        return list(dict.fromkeys(pair for batch in (*stops, *lost) for pair in batch.pairs()))

    def run(self, batches: t.Iterable[Batch]) -> None:
        """Sends them all, as far as nothing stops them. An error that concerns all requests ends the sending."""
        try:
            for batch in batches:
                self.journal.labels = self._labels_of(batch)
                rest = self._without_stopped(batch)
                if rest is not None:
                    self._send_all(rest)
            self.journal.save()
        except _RunStopped as stopped:
            with contextlib.suppress(LedgerError):
                self.journal.save()
            raise stopped.error from None
        except BaseException:
            with contextlib.suppress(LedgerError):
                self.journal.save()
            raise

    def _labels_of(self, batch: Batch) -> dict[int, str | None] | None:
        """The labels of its extracts; None where no list was read of its datastream. There can be millions: each finds its label after that of the last."""
        if batch.datastream_id is None:
            return None
        wanted = set(batch.extract_ids)
        found: dict[int, str | None] = {}
        while len(found) < len(wanted):
            extract_id, label = next(self._labels, (None, None))
            if extract_id is None:
                return None
            if extract_id in wanted:
                found[extract_id] = label
        return found

    def _without_stopped(self, batch: Batch) -> Batch | None:
        """The batch for the bindings that are not stopped; None where there is none."""
        going = tuple(
            each for each in batch.ledger_bindings if (batch.datastream_id, each) not in self._stopped
        )
        if len(going) == len(batch.ledger_bindings):
            return batch
        return batch._replace(binding_ids=going) if going else None

    def _send_all(self, batch: Batch) -> None:
        refusals: list[tuple[Batch, Refused]] = []
        accepted: set[int] = set()
        self._narrow(batch, refusals, accepted)
        if refusals:
            self.journal.save()
        for binding_id in batch.ledger_bindings:
            of_binding = [(part, error) for part, error in refusals if binding_id in part.ledger_bindings]
            if binding_id in accepted:
                self._single_refusals[batch.datastream_id, binding_id] = 0
            if of_binding:
                self._take_refusals(batch, binding_id, of_binding, binding_id in accepted)

    def _take_refusals(
        self, batch: Batch, binding_id: int, refusals: list[tuple[Batch, Refused]], accepted: bool
    ) -> None:
        """Records extracts that were refused for a binding, unless all of them were: then the extracts are probably not the cause."""
        count, error = len(batch.extract_ids), refusals[0][1]
        all_refused = (
            not accepted and len(refusals) == count
        )  # else something stopped it before all were tried
        of_binding = batch.for_binding(binding_id)
        if all_refused and count > 1:
            what = f"each of {count} extracts, also alone"
            self._stop_at_refusals(of_binding, what, error, "set batch_size: 1 and on_refused: skip")
            return
        if all_refused and self._count_single_refusals(batch, binding_id) >= _MAX_SINGLE_REFUSALS:
            what = f"{_MAX_SINGLE_REFUSALS} extracts in succession"
            self._stop_at_refusals(of_binding, what, error, "set on_refused: skip and run it again")
        for part, refused in refusals:
            self._record_refusal(part.for_binding(binding_id), _words(refused))

    def _count_single_refusals(self, batch: Batch, binding_id: int) -> int:
        """How many extracts of the binding were refused in succession, with this one. One that was refused in
        an earlier run, too, does not count.
        """
        key = (batch.datastream_id, binding_id)
        if not batch.alone:
            self._single_refusals[key] = self._single_refusals.get(key, 0) + 1
        return self._single_refusals.get(key, 0)

    def _stop_at_refusals(self, batch: Batch, what: str, error: Refused, advice: str) -> None:
        cause = "The extracts are probably not the cause; if they are,"
        self._stop(batch, f"Adverity refused {what} ({_words(error)}). {cause} {advice}")

    def _record_refusal(self, batch: Batch, reason: str) -> None:
        """``batch``: one extract for one binding."""
        entries = [
            Entry(binding_id, extract_id, datastream_id, None, reason=reason)
            for datastream_id, binding_id, extract_id in batch.pairs()
        ]
        if self._resent.issuperset(batch.pairs()):
            self._ledger.record(EventKind.NOT_ARRIVED, [entry._replace(reason=None) for entry in entries])
        self._ledger.record(EventKind.REFUSED, entries)
        self.refused.append(Refusal(batch, reason))

    def _narrow(self, batch: Batch, refusals: list[tuple[Batch, Refused]], accepted: set[int]) -> None:
        """Sends a batch, and where it is refused its parts, down to single extracts for single bindings."""
        going = self._without_stopped(batch)
        if going is None:
            return
        refused = self._send(going, accepted)
        if refused is None:
            return
        if len(going.extract_ids) == 1 and len(going.binding_ids) <= 1:
            refusals.append((going, refused))
            return
        for part in going.parts():
            self._narrow(part, refusals, accepted)

    def _send(self, batch: Batch, accepted: set[int]) -> Refused | None:
        """Sends one request, and adds its bindings to ``accepted`` if Adverity takes it. Returns the refusal where it refuses what is in the request; a
        request that fails otherwise stops its datastream."""
        try:
            self._post(batch)
        except Refused as error:
            if (
                400 <= error.status < 500
                and error.status not in _NOT_THE_EXTRACTS
                and not stops_the_run(error)
            ):
                return error
            self._fail(batch, error, stops_the_run(error))
            return None
        except (Lost, UnreadableAnswer) as error:
            self._fail(batch, error, False)
            return None
        self._failed.clear()
        accepted.update(batch.ledger_bindings)
        if self._progress:
            self._progress(batch, sum(len(each.extract_ids) for each, _message in self.sent))
        return None

    def _fail(self, batch: Batch, error: AdverityError, stops_the_run: bool) -> None:
        """Stops the datastream of a request that failed; the run where it concerns all requests, or where several failed in succession."""
        self._failed.add(batch.datastream_id)
        if len(self._failed) >= _MAX_FAILURES:
            error.say(
                f"It is the same for {_MAX_FAILURES} datastreams in succession, so the others were not tried."
            )
        if stops_the_run or len(self._failed) >= _MAX_FAILURES:
            raise _RunStopped(error)
        self.journal.save()
        self._stop(batch, text.line(error).rstrip("."), tuple(self.journal.outstanding))
        self.journal.outstanding = []

    def _stop(self, batch: Batch, reason: str, unknown: tuple[int, ...] = ()) -> None:
        self._stopped.update((batch.datastream_id, each) for each in batch.ledger_bindings)
        self.stops.append(Stop(batch, reason, unknown))

    def _post(self, batch: Batch) -> None:
        journal = self.journal
        journal.batch, journal.clock = batch, self._client.date
        body: dict[str, t.Any] = {"extract_ids": batch.extract_ids, "sequential": self._sequential}
        if batch.binding_ids:
            body["binding_ids"] = list(batch.binding_ids)
        data = self._client.request(
            "POST", PATH, body=body, before=journal.intend, undo=journal.withdraw, rows_in=BODY
        ).data
        answered = data.get("extract_ids") if isinstance(data, dict) else None
        if not isinstance(answered, list):
            raise _unclear("it does not say which extracts it dispatched")
        confirmed = [each for each in batch.extract_ids if each in answered]
        journal.confirm(confirmed)
        self.sent.append((batch._replace(extract_ids=confirmed), text.foreign(data.get("message") or "")))
        if journal.outstanding:
            raise _unclear(f"it does not name extracts {text.ids(journal.outstanding)} as dispatched")
        more = [each for each in answered if each not in batch.extract_ids]
        if more:
            self.warnings.append(
                f"The API says that it also dispatched extracts that were not requested: {text.foreign(repr(more), 200)}. See Datastream > Activity."
            )


class Journal:
    """What the ledger records of the requests on their way.

    What was confirmed is recorded together with the next request, before that goes out: one commit for each request, not two.
    ``outstanding`` are the extracts of ``batch`` that may be on their way, ``unsaved`` is what is confirmed and not yet recorded. ``clock`` is that of the
    API before the request, ``labels`` are those of the extracts then.
    """

    batch: Batch
    _request: Request

    def __init__(self, ledger: Ledger) -> None:
        self.outstanding: list[int] = []
        self.unsaved: Request | None = None
        self.clock: datetime | None = None
        self.labels: dict[int, str | None] | None = None
        self._ledger = ledger

    def intend(self) -> None:
        baseline = Baseline(self.clock, self.labels).only(self.batch.extract_ids)
        self._request = self._ledger.intend(
            self.batch.ledger_bindings, self.batch.extract_ids, self.unsaved, baseline
        )
        self.unsaved = None
        self.outstanding = self.batch.extract_ids

    def withdraw(self) -> None:
        self._ledger.withdraw(self._request)
        self.outstanding = []

    def confirm(self, extract_ids: list[int]) -> None:
        taken = set(extract_ids)
        self.unsaved = self._request._replace(extract_ids=extract_ids) if extract_ids else None
        self.outstanding = [each for each in self.outstanding if each not in taken]

    def save(self) -> None:
        if self.unsaved is not None:
            self._ledger.dispatched(self.unsaved, self.outstanding)
            self.unsaved = None


def _words(error: Refused) -> str:
    return text.line(f"{error.status}: {error.text}")


def _unclear(what: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"POST {PATH} returned success, but {what}.", method="POST", path=PATH)
