# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Following what was sent to its end: look, wait, look again, and record in the ledger what was seen. What Adverity has is never changed.

Only what was seen to be loaded, or to have failed, is recorded, under the lock of its binding. A run that holds it is not waited for.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._api import polling, text
from .._api.client import Client
from .._api.errors import LedgerError
from .._ledger import sent as ledger_sent
from .._ledger.ledger import Ledger, open_ledger
from .._ledger.rows import Entry
from .._ledger.status import UNLISTED, EventKind, Status
from .._ledger.store import LOOK, WRITE
from .._resources.labels import Labels
from . import choose
from .judge import Outcome
from .look import SETTLED, Load, Pair, Watch

_LOOKED_AT = (Status.DISPATCHED, Status.UNKNOWN, Status.FAILED)
_EVENTS = {Outcome.LOADED: EventKind.LOADED, Outcome.FAILED: EventKind.FAILED}


@dataclass(frozen=True)
class Followed:
    """What became of what was sent. ``jobs``: those of its datastreams, as the API returned them; ``waited``: seconds."""

    loads: list[Load]
    jobs: list[dict[str, t.Any]]
    waited: float
    warnings: list[str]

    def result(self, outcomes: t.Collection[str] | None = None) -> dict[str, t.Any]:
        """The keys of a module's result. ``outcomes``: which loads are listed, None for all; the counts are of all."""
        return {
            "loads": [
                _row(load)
                for load in self.loads
                if outcomes is None or load.judgement.outcome.value in outcomes
            ],
            "bindings": count_by_binding(self.loads),
            "counts": count(self.loads),
            "failed_extract_ids": _extract_ids(self.loads, Outcome.FAILED),
            "unconfirmed": _extract_ids(self.loads, Outcome.UNCONFIRMED),
            "jobs": self.jobs,
            "waited": round(self.waited, 1),
        }


def load_info(client: Client, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The result of ``adverity_load_info``. In check mode it is the same, and nothing is recorded."""
    labels = Labels(params["state_labels"])
    binding_ids = choose.binding_ids(client, params)
    with open_ledger(params, client.host, LOOK) as ledger:
        pairs = [
            (each.binding_id, each.extract_id)
            for each in choose.entries(ledger, params, binding_ids)
            if each.status in _LOOKED_AT and each.reason != UNLISTED
        ]
        recorder = None if check_mode else Recorder(params, client.host)
        followed = follow(
            client, ledger, pairs, labels, polling.Pace(params["wait"], params["poll_interval"]), recorder
        )
        return dict(
            followed.result(params["outcomes"]),
            changed=False,
            ledger=ledger.shown,
            warnings=followed.warnings,
        )


class Recorder:
    """Records outcomes in the ledger that ``params`` name, which is opened for that alone. ``warnings``: why something was not recorded."""

    def __init__(self, params: dict[str, t.Any], host: str) -> None:
        self._params, self._host = params, host
        self.warnings: list[str] = []

    def record(self, loads: t.Iterable[Load]) -> None:
        """Records what is settled and not recorded yet. Never raises LedgerError: what was seen is worth more than its record."""
        news = _news(loads)
        if not news:
            return
        try:
            with open_ledger(self._params, self._host, WRITE) as ledger:
                rest = self._record(ledger, news)
        except LedgerError as error:
            self.warnings.append(
                f"What was seen of {text.counted(len(news), 'extract')} was not recorded: {text.line(error)}"
            )
            return
        if rest:
            ids = text.ids(sorted({load.sent.binding_id for load in rest}))
            self.warnings.append(
                f"What was seen of {text.counted(len(rest), 'extract')} was not recorded, because another run holds the lock of binding {ids}."
                " Run this again when that run has ended."
            )

    @staticmethod
    def _record(ledger: Ledger, news: list[Load]) -> list[Load]:
        """Returns what could not be recorded, because another run holds the lock."""
        by_binding: dict[int, list[Load]] = {}
        for load in news:
            by_binding.setdefault(load.sent.binding_id, []).append(load)
        if ledger.try_turn(by_binding):
            record(ledger, news)
            return []
        rest = []
        for binding_id, of_binding in by_binding.items():
            if ledger.try_turn([binding_id]):
                record(ledger, of_binding)
            else:
                rest += of_binding
        return rest


def record(ledger: Ledger, loads: t.Iterable[Load]) -> None:
    """Records what is settled, as far as nothing was recorded of it since it was looked at. The lock of the bindings has to be held."""
    by_binding: dict[int, dict[int, Load]] = {}
    for load in _news(loads):
        by_binding.setdefault(load.sent.binding_id, {})[load.sent.extract_id] = load
    for binding_id, of_binding in by_binding.items():
        now = {sent.extract_id: sent for sent in ledger_sent.read(ledger, [binding_id], list(of_binding))}
        unchanged = [
            load
            for extract_id, load in of_binding.items()
            if extract_id in now and now[extract_id].events == load.sent.events
        ]
        for outcome, kind in _EVENTS.items():
            news = [load for load in unchanged if load.judgement.outcome is outcome]
            labels = {load.sent.extract_id: load.judgement.label for load in news}
            ledger.record(kind, map(entry, news), labels=labels if outcome is Outcome.FAILED else None)


def follow(
    client: Client,
    ledger: Ledger,
    pairs: t.Iterable[Pair],
    labels: Labels,
    pace: polling.Pace,
    recorder: Recorder | None = None,
) -> Followed:
    """Looks at what was sent until it is settled, or the time is over. ``pairs``: bindings and extracts. What was seen by then is recorded also if an error
    ends it."""
    watch = Watch(client, ledger, pairs, labels)
    try:
        loads, waited = polling.poll(pace, watch.read, _is_settled, describe)
    finally:
        if recorder is not None:
            recorder.record(watch.loads)
    return Followed(
        loads,
        [watch.jobs[number].row for number in sorted(watch.jobs)],
        waited,
        recorder.warnings if recorder else [],
    )


def count(loads: t.Iterable[Load]) -> dict[str, int]:
    """How many loads have which outcome."""
    counts = {outcome.value: 0 for outcome in Outcome}
    for load in loads:
        counts[load.judgement.outcome.value] += 1
    return counts


def count_by_binding(loads: t.Iterable[Load]) -> list[dict[str, t.Any]]:
    """How many loads of each binding have which outcome. What was sent without naming bindings has the binding None, and a row for each datastream."""
    by_binding: dict[tuple[int, int | None], list[Load]] = {}
    for load in loads:
        by_binding.setdefault((load.sent.binding_id, load.sent.datastream_id), []).append(load)
    return [
        dict(count(of_binding), binding_id=binding_id or None, datastream_id=datastream_id)
        for (binding_id, datastream_id), of_binding in by_binding.items()
    ]


def describe(loads: list[Load]) -> str:
    """How far it is, in a line."""
    counts = count(loads)
    return (
        f"{counts['loaded']} of {text.counted(len(loads), 'extract')} loaded, {counts['failed']} failed,"
        f" {counts['loading']} loading, {counts['unconfirmed']} unconfirmed"
    )


def _is_settled(loads: list[Load]) -> bool:
    return not any(load.is_open for load in loads)


def _news(loads: t.Iterable[Load]) -> list[Load]:
    return [load for load in loads if not load.is_recorded and load.judgement.outcome in SETTLED]


def entry(load: Load) -> Entry:
    """A load for the ledger, with the reason of its outcome."""
    sent = load.sent
    return Entry(
        sent.binding_id, sent.extract_id, sent.datastream_id, sent.created, reason=load.judgement.reason
    )


def _extract_ids(loads: t.Iterable[Load], outcome: Outcome) -> list[int]:
    return list(dict.fromkeys(load.sent.extract_id for load in loads if load.judgement.outcome is outcome))


def _row(load: Load) -> dict[str, t.Any]:
    sent, judgement = load.sent, load.judgement
    return {
        "extract_id": sent.extract_id,
        "datastream_id": sent.datastream_id,
        "binding_id": sent.binding_id or None,
        "created": sent.created,
        "outcome": judgement.outcome.value,
        "label": judgement.label and text.line(judgement.label),
        "since": judgement.since,
        "reason": judgement.reason,
        "issue": judgement.issue.url or None if judgement.issue else None,
    }
