# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be true of a history, seen from outside: results and messages of runs, requests, and what the destinations hold. Not tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError
from ansible_collections.adverity.management.tests.unit.plugins.machine.history_run import NAMED, HistoryRun
from ansible_collections.adverity.management.tests.unit.plugins.machine.service import BINDINGS, Pair
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Run

if TYPE_CHECKING:
    from ansible_collections.adverity.management.tests.unit.plugins.machine.history import History


class Judgement:
    """The invariants of a history."""

    def __init__(self, history: History) -> None:
        self.history, self.service, self.loads = history, history.service, history.loads
        self.count: Counter[str] = history.count
        self.unlisted: set[Pair] = set()  # not in the list for a while, and not unknown to the ledger
        self.unknown: set[int] = set()  # extracts that a run has named as unknown
        self._claims: dict[tuple[int, int], tuple[str, int]] = {}  # (extract, binding): what was claimed of it last, and of how many loads

    def judge(self, run: HistoryRun) -> None:
        """What has to be true at the end of a run."""
        self.unknown |= run.unknown
        self.nothing_is_twice()
        if run.check_mode or run.kind == "look":
            assert not run.writes, f"{run} writes {run.writes}"
            self.claims_are_true(run)
            return
        self.count[type(run.error).__name__ if run.error else "succeeded"] += 1
        if run.sends_all and run.kind in ("deploy", "requeue") and run.error is None and not run.overtaken:
            self.success_leaves_nothing_open(run)
        if run.sends_all and run.kind == "deploy" and run.alone and not run.faults:
            self.healthy_extracts_are_sent(run)

    def nothing_is_twice(self) -> None:
        assert not self.loads.twice, "; ".join(self.loads.twice)

    def claims_are_true(self, run: HistoryRun) -> None:
        """*Loaded* is only said of what the destination holds, *failed* only of what has failed, and no run contradicts an earlier one."""
        simulator = self.service.simulator
        for row in run.facts.get("loads") or []:
            pair, outcome = (row["extract_id"], row["binding_id"]), row["outcome"]
            self.count[f"{outcome}, claimed"] += 1
            if outcome not in ("loaded", "failed"):
                continue
            assert pair in (simulator.holds if outcome == "loaded" else simulator.failed), f"{run} claims {row}"
            loads = sum((load.extract_id, load.binding_id) == pair for load in self.service.world.history)
            before, count = self._claims.get(pair, (outcome, 0))
            assert before == outcome or loads > min(count, 1), f"{run} claims {row}, and a run before it {before}"
            self._claims[pair] = (outcome, loads)

    def success_leaves_nothing_open(self, run: HistoryRun) -> None:
        """Who ends well has nothing open: what it selected and Adverity still has is held, or named."""
        if run.kind == "requeue" and not run.names_bindings:
            return  # which bindings were enabled then, nothing records
        self.count["ended well"] += 1
        missing = self.missing(run, self.service.selected(run.options, run.listed & self.service.listed - self.service.processing))
        assert not missing, f"{run} ends well, and these are missing and not named: {missing}; it says: {run.text}"

    def missing(self, run: HistoryRun, pairs: Iterable[Pair]) -> list[Pair]:
        """What the destinations do not hold, and nobody names."""
        held = self.loads.held
        return [pair for pair in pairs if pair not in held and not self._is_named(run, pair)]

    def healthy_extracts_are_sent(self, run: HistoryRun) -> None:
        """What is healthy is done by the first run that reaches it: what is unknown, refused, closed or unreadable holds up only itself."""
        did_not_begin = isinstance(run.error, LedgerError) or (isinstance(run.error, InputError) and not run.facts.get("summary") and not run.writes)
        contradicted = self.service.transport.lag or (run.error is not None and not self.service.unhealthy and not run.named())
        if did_not_begin or contradicted:
            return
        self.count["judged for what is healthy"] += 1
        for pair in self.service.selected(run.options, run.listed & self.service.listed - self.service.processing):
            assert pair in self.loads.held or self._is_held_up(run, pair), (
                f"{run} does not send {pair}, which is healthy. It names {sorted(run.named())}, and says: {run.text}"
            )

    def _is_held_up(self, run: HistoryRun, pair: Pair) -> bool:
        """Whether something is wrong with an extract itself, or with what has to go before it."""
        service, world = self.service, self.service.world
        unknown, refused = run.unknown, run.named("refused_extract_ids", "failed_extract_ids")
        if pair.extract_id in unknown | refused or self._is_left_alone(run, pair) or pair in self.loads.excused | self.unlisted:
            return True
        if service.transport.refused_bindings.intersection(service.bindings_of(pair.table)):
            return True
        if pair.datastream_id in service.transport.unreadable | service.transport.broken:
            return True
        if service.transport.ties and run.tells(pair.datastream_id):
            return True  # no reading of its list was complete, and the run says so
        before = [one for one in unknown if service.datastream_of[one] == pair.datastream_id and service.created[one] <= service.created[pair.extract_id]]
        if before and run.options.get("on_unknown", "fail") in ("fail", "check"):
            return True
        if any(service.datastream_of.get(one) == pair.datastream_id for one in world.refused):
            return True
        return self._is_refused_or_failed(pair) or self._is_shown_as_not_loaded(run, pair)

    def _is_named(self, run: HistoryRun, pair: Pair) -> bool:
        if pair.extract_id in run.named(*NAMED) or self._is_left_alone(run, pair) or pair in self.loads.excused | self.unlisted:
            return True
        if run.error is not None and any(run.tells(one) for one in (pair.datastream_id, *self.service.bindings_of(pair.table))):
            return True
        return self._is_shown_as_not_loaded(run, pair) or self._is_refused_or_failed(pair)

    @staticmethod
    def _is_shown_as_not_loaded(run: HistoryRun, pair: Pair) -> bool:
        """Whether a run warns that an extract counts as loaded automatically, and Adverity shows that it is not: it says how to send it."""
        return any("does not show them as loaded" in warning and re.search(rf"\b{pair.extract_id}\b", warning) for warning in run.warnings)

    def _is_left_alone(self, run: HistoryRun, pair: Pair) -> bool:
        """Whether a run says that it leaves a table alone: by what it does with the binding, or, of an assignment that was made again, by a warning."""
        bindings = self.service.bindings_of(pair.table)
        if any(re.search(rf"\b{one}\b", warning) for one in bindings if one not in BINDINGS for warning in run.warnings):
            return True
        rows = [*(run.facts.get("bindings") or []), *run.planned]
        return any(row.get("action") == "left_alone" and row.get("binding_id") in bindings for row in rows)

    def _is_refused_or_failed(self, pair: Pair) -> bool:
        return pair.extract_id in self.recorded_as(pair.table, "refused", "failed")

    def recorded_as(self, table: tuple[int, int], *statuses: str) -> set[int]:
        """The extracts to which the ledger gives one of these states, for a table."""

        def read(call: Any) -> Any:
            bindings = [one for one in self.service.bindings_of(table) if one in self.service.world.bindings]
            return call("adverity_requeue_info", ledger=self.history.places[0].ledger, binding_ids=bindings)

        run = Run(read, lambda: self.service.transport, self.service.time).go_on()
        if run.error is not None:
            raise run.error
        return {row["extract_id"] for row in run.result["extracts"] if row["status"] in statuses}
