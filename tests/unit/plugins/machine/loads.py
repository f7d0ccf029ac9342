# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the destinations of a history got, and what they may get twice: what a run was asked to send again, and what no ledger could know. Not tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request
from ansible_collections.adverity.management.tests.unit.plugins.machine.history_run import HistoryRun
from ansible_collections.adverity.management.tests.unit.plugins.machine.service import BINDINGS, ENABLED_SINCE, Pair, Service
from ansible_collections.adverity.management.tests.unit.plugins.machine.strange import BINDINGS as BINDINGS_PATH
from ansible_collections.adverity.management.tests.unit.plugins.machine.strange import REQUEUE as REQUEUE_PATH

Row = dict[str, Any]


class Load(NamedTuple):
    """A load into a destination. ``run`` is the run whose request it was, None where Adverity loaded automatically; ``failed_automatically``: it did, and that
    failed, so that who sends the extract afterwards sends it once."""

    pair: Pair
    run: HistoryRun | None
    failed_automatically: bool = False


class Loads:
    """All loads, in their order. A second load of a pair goes to ``twice``, if nothing excuses it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.all: list[Load] = []
        self.twice: list[str] = []
        self.excused: set[Pair] = set()  # whatever becomes of these, somebody asked for it, or no ledger could know
        self.recorded: set[int] = set()  # bindings that a run has read or written: from now on the ledger can know what they load
        self.looked_at = -86400.0  # when a run has read or written bindings
        self.switched: set[int] = set()  # bindings that somebody switched since a run has read them
        # Of the recorded bindings, those that a run found enabled: what they load does not count before a run sends into them, and a run that asks for all
        # sends it again.
        self._found_enabled: set[int] = set()
        self._uncounted: set[Pair] = set()  # loaded automatically into these
        self._asked_for: set[Pair] = set()  # sent once more by whoever finishes what a run was asked for
        self._asked_tables: set[tuple[int, int]] = set()  # tables into which a run was asked to send all
        self._first_sent_at: dict[int, float] = {}  # when the first run sent into a binding
        self._seen = self._seen_automatic = 0
        for binding_id, row in service.world.bindings.items():
            extracts = [one for one, datastream in service.datastream_of.items() if datastream == row["datastream_id"] and row["enabled"]]
            self.excused.update(Pair(one, *service.table_of[binding_id]) for one in extracts if service.created[one] > ENABLED_SINCE)
        self.all += [Load(pair, None) for pair in self.excused]

    @property
    def held(self) -> set[Pair]:
        """What the destinations hold."""
        return {load.pair for load in self.all}

    def begin(self, run: HistoryRun) -> None:
        """A run begins, or a binding is switched or made again while it is at work, so that it may read that only now."""
        if "recorded" in (run.options.get("state"), run.options.get("backfill")):
            self.excused.update(self.service.selected(run.options, run.listed))  # somebody says that it is loaded
        if not run.sends_all_again or run.check_mode or run.kind not in ("deploy", "requeue"):
            return
        selected = [pair for pair in self.service.selected(run.options, run.listed) if self._is_meant(run, pair.table)]
        self._asked_for.update(pair for pair in selected if pair in self._uncounted or self._is_assigned_again(pair))
        self._asked_tables.update(pair.table for pair in selected)
        # Also where there is no extract yet:
        self._asked_tables.update(table for table in self.service.table_of.values() if table[1] == run.options.get("target_id"))

    def ask_for(self, pairs: Iterable[Pair]) -> None:
        """Somebody says that these did not arrive: also a later run may send what this one does not get through."""
        self._asked_for.update(pairs)

    def end(self, run: HistoryRun) -> None:
        """A run has come to its end: the ledger has a record of what it has read."""
        read = {one for one, row in self.service.world.bindings.items() if run.reads(row)}
        self._found_enabled -= read & self.recorded & self.switched
        self._found_enabled |= {one for one in read - self.recorded if run.saw.get(one)}
        self.switched -= read
        self.recorded |= read

    def take(self, run: HistoryRun | None = None) -> None:
        """Takes what the destinations got since the last time: automatically, or by a request of this run."""
        world = self.service.world
        for row in world.self_loads[self._seen_automatic :]:
            self._take(row, None)
        for row in world.loads[self._seen :]:
            self._take(row, run)
        self._seen_automatic, self._seen = len(world.self_loads), len(world.loads)

    def take_request(self, run: HistoryRun, request: Request, did_nothing: bool) -> None:
        if request.path.startswith(BINDINGS_PATH):
            self.looked_at = self.service.time.seconds
            binding_id = request.path[len(BINDINGS_PATH) :].strip("/")
            if binding_id:
                self._record_write(run, int(binding_id), did_nothing)
        if request.path == REQUEUE_PATH:
            for one in json.loads(request.body or b"{}").get("binding_ids", []):
                self._first_sent_at.setdefault(one, self.service.time.seconds)

    def _record_write(self, run: HistoryRun, binding_id: int, did_nothing: bool) -> None:
        """The ledger has what was read of a binding before it is written; a write that was refused leaves nothing."""
        if not did_nothing:
            self._found_enabled.discard(binding_id)
        elif binding_id not in self.recorded and run.saw.get(binding_id):
            self._found_enabled.add(binding_id)
        self.recorded.add(binding_id)

    def _is_meant(self, run: HistoryRun, table: tuple[int, int]) -> bool:
        """Whether a run that names neither bindings nor a destination means the binding of a table: only where it is enabled."""
        if run.names_bindings:
            return True
        bindings = self.service.world.bindings
        return any(bindings[one]["enabled"] for one in self.service.bindings_of(table) if one in bindings)

    def _is_assigned_again(self, pair: Pair) -> bool:
        return any(one not in BINDINGS and one in self.service.world.bindings for one in self.service.bindings_of(pair.table))

    def _take(self, row: Row, run: HistoryRun | None) -> None:
        binding_id = row["binding_id"]
        pair = Pair(row["extract_id"], *self.service.table_of[binding_id])
        if run is None and binding_id not in self.recorded:
            self.excused.add(pair)
        elif run is None and binding_id in self._found_enabled:
            self._take_uncounted(pair, self._first_sent_at.get(binding_id))
        is_asked = run is not None and self._is_asked(run, pair, row)
        if any(load.pair == pair and not load.failed_automatically for load in self.all) and not is_asked and pair not in self.excused:
            earlier = [load.run or "Adverity" for load in self.all if load.pair == pair]
            self.twice.append(f"twice: {pair}, by {earlier}, then by {run or 'Adverity'}")
        if is_asked:
            self.excused.add(pair)
        self.all.append(Load(pair, run, run is None and self._history_of(row)[-1].fails))

    def _take_uncounted(self, pair: Pair, first_sent_at: float | None) -> None:
        if first_sent_at is None:
            self._uncounted.add(pair)
            if pair.table in self._asked_tables:
                self._asked_for.add(pair)  # the extracts of a plan are listed by the run that finishes it
        elif self.service.time.seconds <= first_sent_at + max(0.0, self.service.transport.date_ahead):
            self.excused.add(pair)  # nothing but ``Date`` says when the run began, and no write has shown that it is ahead

    def _is_asked(self, run: HistoryRun, pair: Pair, row: Row) -> bool:
        """Whether a run was asked to send what it sends here, wherever it is already."""
        if run.sends_what_may_have_arrived or pair in self._asked_for or (run.sends_all_again and pair in self._uncounted):
            return True
        earlier = [load for load in self._history_of(row) if load is not row["load"]]
        return run.sends_what_failed and any(load.fails and load.end <= self.service.world.now() for load in earlier)

    def _history_of(self, row: Row) -> list[Any]:
        """The simulator's loads of the same extract into the same binding."""
        key = row["extract_id"], row["binding_id"]
        return [load for load in self.service.world.history if (load.extract_id, load.binding_id) == key]
