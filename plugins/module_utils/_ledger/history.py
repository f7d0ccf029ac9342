# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the ledger records of a binding, as facts, and what they mean together. Pure."""

from __future__ import annotations

import enum
import typing as t

from .._spec import times
from .clocks import Reading
from .periods import Interval, Period, Reason, Uncertainty, was_loaded
from .timeline import Timeline

Window = tuple[t.Optional[str], t.Optional[str]]  # created_from and created_to, both included; None: no bound


class FactKind(str, enum.Enum):
    """One thing that happened to a binding."""

    ROW = "row"  # a row of the list showed it
    WRITE = "write"  # a run was about to enable or disable it
    ANSWER = "answer"  # the response to that write
    PLANNED = "planned"  # a backfill of a window was planned
    LISTED = "listed"  # every extract of a window was written down, to be sent
    SENDING = "sending"  # a run began to send extracts into it that were named by their ids
    FINISHED = "finished"  # everything of a window was sent or loaded automatically


class BindingFact(t.NamedTuple):
    """A fact of a binding. It is added and never changed.

    ``at``: when it was recorded. ``clock``: the time of the API's response (header ``Date``), or of the last one before a write. ``enabled`` and
    ``updated`` are what the API showed, or what was to be written. ``seconds``: how long before a response to a write, at most, the binding was read.
    ``window``: of PLANNED, LISTED and FINISHED. ``id``: the number in the ledger; None: not yet recorded.
    """

    kind: FactKind
    at: str | None = None
    clock: str | None = None
    enabled: bool | None = None
    updated: str | None = None
    seconds: float | None = None
    window: Window = (None, None)
    id: int | None = None


class BindingHistory:
    """What the facts of a binding mean, oldest first.

    ``enabled``: its state when it was last seen, None where it is unknown. ``updated``: its last change. ``periods``: when it was enabled, as far as
    that counts: of a binding that was enabled when it was first seen (``began_enabled``), nothing counts before a run sends into it or it changes
    (``is_initial``), so that the user who asks for its history gets it. ``was_changed``: a change was noticed since. ``has_backfill``: whether the ledger
    has planned or sent one. ``planned_window``: planned and not written down yet, since ``planned_at``. ``completed_window``: nothing of it is missing.
    ``earlier``: the histories of bindings that are no more, of the same datastream and destination.
    """

    def __init__(self, facts: t.Iterable[BindingFact] = (), earlier: t.Iterable[BindingHistory] = ()) -> None:
        self.facts, self.earlier = tuple(facts), tuple(earlier)
        self.planned_at: str | None = None
        self.planned_window: Window | None = None
        self._windows: list[Window] = []  # planned, listed or finished
        self._completed: tuple[Window, int] | None = None  # and after how many changes
        self._timeline = Timeline()
        for fact in self.facts:
            self._take(fact)
        self.has_backfill = bool(self._windows)
        timeline = self._timeline
        self.enabled, self.updated, self.is_write_pending = (
            timeline.enabled,
            timeline.updated,
            timeline.pending_write is not None,
        )
        self.is_initial = timeline.initial
        self.began_enabled, self.was_changed = timeline.began_enabled, timeline.change_count > 0
        self.periods: tuple[Period, ...] = () if timeline.initial else timeline.finished()
        complete = (
            self._completed is not None
            and self._completed[1] == timeline.change_count
            and not self.is_write_pending
        )
        self.completed_window: Window | None = self._completed[0] if complete and self._completed else None

    def with_fact(self, fact: BindingFact) -> BindingHistory:
        """The history with one more fact."""
        return BindingHistory((*self.facts, fact), self.earlier)

    def was_loaded(self, created: Interval | None, shown: str | None = None) -> bool | Uncertainty:
        """Whether the binding loaded an extract automatically that was created then (``shown``: as text); an Uncertainty where nobody can know."""
        loaded = was_loaded(self.periods, created, shown)
        is_older = bool(self.periods) and (created is None or created[0] < self.periods[0].since)
        if loaded is False and is_older and any(each.may_have_loaded(created) for each in self.earlier):
            return Uncertainty(Reason.REMADE)
        return loaded

    def may_have_loaded(self, created: Interval | None) -> bool:
        """Whether the binding, which is no more, may have loaded an extract automatically that was created then."""
        return was_loaded(self._timeline.removed(), created) is not False

    def plans(self, window: Window) -> bool:
        """Whether a backfill of this window, or of one that contains it, is planned."""
        return contains(self.planned_window, window)

    def was_asked_for(self, window: Window) -> bool:
        """Whether a backfill of this window, or of one that contains it, was planned or sent at any time."""
        return any(contains(each, window) for each in self._windows)

    def wider_window(self, window: Window) -> Window | None:
        """What was planned, sent or recorded, if it is more than this window."""
        return next(
            (each for each in reversed(self._windows) if each != window and contains(each, window)), None
        )

    def _take(self, fact: BindingFact) -> None:
        timeline = self._timeline
        if fact.kind is FactKind.ROW:
            timeline.observe(Reading(fact.enabled, fact.updated, fact.clock))
        elif fact.kind is FactKind.WRITE:
            timeline.begin_write(bool(fact.enabled), fact.clock)
        elif fact.kind is FactKind.ANSWER:
            timeline.confirm_write(bool(fact.enabled), fact.updated, fact.clock, fact.seconds)
        elif fact.kind is FactKind.SENDING:
            timeline.clip_initial(fact.clock)
        else:
            self._windows.append(fact.window)
            self._take_backfill(fact)

    def _take_backfill(self, fact: BindingFact) -> None:
        if fact.kind is FactKind.PLANNED:
            self.planned_at, self.planned_window = fact.at, fact.window
        elif fact.kind is FactKind.LISTED:
            self._timeline.clip_initial(fact.clock)
            if self.planned_window is not None and contains(fact.window, self.planned_window):
                self.planned_at = self.planned_window = None
        else:
            changes = self._timeline.change_count
            before = self._completed[0] if self._completed and self._completed[1] == changes else None
            self._completed = (before if before and contains(before, fact.window) else fact.window, changes)


def redundant_fact(facts: t.Sequence[BindingFact], new: BindingFact) -> BindingFact | None:
    """The recorded fact that ``new`` makes redundant, if there is one: of rows that show the same, the first and the last tell all."""
    if new.kind is not FactKind.ROW or len(facts) < 2:
        return None
    last, before = facts[-1], facts[-2]
    shows_the_same = all(
        (fact.enabled, fact.updated) == (new.enabled, new.updated) for fact in (last, before)
    )
    if (
        last.kind is FactKind.ROW
        and before.kind in (FactKind.ROW, FactKind.ANSWER)
        and shows_the_same
        and (new.clock or not last.clock)
    ):
        return last
    return None


def contains(outer: Window | None, inner: Window) -> bool:
    """Whether everything in the inner window is in the outer one."""
    if outer is None:
        return False
    starts = outer[0] is None or (inner[0] is not None and times.compare(outer[0], inner[0]) <= 0)
    ends = outer[1] is None or (inner[1] is not None and times.compare(inner[1], outer[1]) <= 0)
    return starts and ends
