# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to a team's two destinations, step by step. What has to be true after each step stands in ``judgement``. Not tests.

A step is a method whose name and arguments are plain, so that what a failure prints can be run: ``history = History(...)``, then one line for each step, then
``history.end()``.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins.machine.history_run import NAMED, HistoryRun
from ansible_collections.adverity.management.tests.unit.plugins.machine.judgement import Judgement
from ansible_collections.adverity.management.tests.unit.plugins.machine.loads import Loads
from ansible_collections.adverity.management.tests.unit.plugins.machine.service import LABELS, TARGETS, Pair, Service
from ansible_collections.adverity.management.tests.unit.plugins.places import Place
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Time, held

Row = dict[str, Any]


class History:
    """Two places for a ledger, and a service (see Service for its options). ``pace``: seconds that a request takes."""

    def __init__(self, places: list[Place], pace: float = 0.1, **service: Any) -> None:
        self.places = list(places)
        self.pace = pace
        self.count: Counter[str] = Counter()
        self.active: list[HistoryRun] = []  # those that stand still
        self.last: HistoryRun | None = None
        self.service = Service(Time(), **service)
        self.loads = Loads(self.service)
        self.judgement = Judgement(self)
        self._held = contextlib.ExitStack()
        self._held.enter_context(held(self.service.time))

    @property
    def listed(self) -> set[int]:
        """The extracts that Adverity has."""
        return self.service.listed

    def extract_at(self, place: int) -> int | None:
        """One of the extracts that Adverity has, if there are any."""
        listed = sorted(self.listed)
        return listed[place % len(listed)] if listed else None

    # Runs. ``killed_at``: the point at which one is killed, if it has so many. ``faults``: what requests meet. ``rehearsed``: in check mode before.

    def deploy(self, target_id: int = 70, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False, **variables: Any) -> HistoryRun:
        """The role."""
        return self._run("deploy", dict(variables, target_id=target_id), killed_at, faults, rehearsed)

    def requeue(self, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False, **options: Any) -> HistoryRun:
        """``adverity_requeue``."""
        return self._run("requeue", options, killed_at, faults, rehearsed)

    def switch(self, target_id: int = 70, enabled: bool = True, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False) -> HistoryRun:
        """``adverity_binding``."""
        return self._run("switch", {"target_id": target_id, "enabled": enabled}, killed_at, faults, rehearsed)

    def look(self, killed_at: int | None = None, rehearsed: bool = False, **options: Any) -> HistoryRun:
        """``adverity_load_info``. With ``wait`` time passes."""
        return self._run("look", dict(options, state_labels=LABELS), killed_at, None, rehearsed)

    def begin(self, kind: str = "deploy", points: int = 0, until: str | None = None, **options: Any) -> HistoryRun:
        """A run that stands still after so many points, or at the point ``until``. ``kind``: deploy, requeue, switch, look."""
        run = self._begin(kind, options)
        run.alone = False
        self.active.append(run)
        self._go_on(run, points)
        if until:
            self.go_until(until, self.active.index(run))
        return run

    def go_on(self, number: int = 0, points: float = float("inf")) -> None:
        """The active run of that number goes on: so many points, or to its end."""
        if self.active:
            self._go_on(self.active[number % len(self.active)], points)

    def go_until(self, point: str, number: int = 0) -> None:
        """The active run of that number goes on until the name of its point ends so, as ``before POST /api/v1/extracts/requeue/``, or to its end."""
        run = self.active[number % len(self.active)]
        self.go_on(number, 1)
        while not run.ended and not run.points[-1].endswith(point):
            self.go_on(number, 1)

    def end_runs(self) -> None:
        """Runs that stand still go to their ends."""
        while self.active:
            self.go_on()

    def kill(self, number: int = 0) -> None:
        if self.active:
            self.count["killed"] += 1
            self.active.pop(number % len(self.active)).kill()

    def orphan(self, number: int = 0) -> None:
        """Ansible is killed, and the module that it has started goes on."""
        if self.active:
            self.count["orphaned"] += 1
            self.active[number % len(self.active)].orphan()

    def move_ledger(self, killed_at: int | None = None) -> HistoryRun:
        """``adverity_ledger_copy`` into the other place, which is used from then on. Killed, the first one is, or the move, which is begun, is finished."""
        run = self._begin("copy", {})
        if killed_at is not None:
            run.go_on(killed_at)
            if not run.ended:
                run.kill()
                with self.places[0].open(LOOK) as ledger:
                    is_begun = ledger.has_begun_move()
                if is_begun:
                    run = self._begin("copy", {})
        run.go_on()
        self.count["moved" if run.result else "not moved"] += 1
        if run.result:
            self.places.reverse()
        return run

    # Time, fetches, people, retention

    def wait(self, seconds: float) -> None:
        self.service.move_time(seconds)
        self.loads.take()

    def after(self, seconds: float) -> History:
        """The step that follows comes so much later, as in ``history.after(5.0).deploy()``."""
        self.wait(seconds)
        return self

    def set_clock(self, ahead: float = 0.0) -> None:
        """By how many seconds the clock of the machine that runs modules is before that of the service."""
        self.service.time.ahead = ahead

    def fetch(self, datastream_id: int = 4001, count: int = 1, processing: float = 0.0) -> list[int]:
        """New extracts of one fetch, which have one time. They load automatically where a binding is enabled: then, or, where Adverity processes them for some
        seconds, at the end of that."""
        self.count["fetched"] += count
        return [self._fetch(datastream_id, processing) for _time in range(count)]

    def _fetch(self, datastream_id: int, processing: float) -> int:
        extract_id = self.service.fetch(datastream_id, processing)
        for binding_id, row in self.service.world.bindings.items():
            if row["datastream_id"] == datastream_id and row["enabled"] and not row["available"]:
                self.loads.excused.add(Pair(extract_id, *self.service.table_of[binding_id]))  # it loads nothing while it is closed, and no row will tell that
        self.loads.take()
        return extract_id

    def switch_by_hand(self, binding_id: int = 5001) -> None:
        """Somebody enables or disables a binding in Adverity. Left out where nobody could ever see it: rows without ``updated``, and a time that the service
        writes like that at which a run has looked last; or a list that lags, where no response tells when a run wrote."""
        strange, switches = self.service.transport, self.service.simulator.switches
        if strange.lag and (strange.old_updated or switches["patch_updated"] != "present"):
            return
        row = self.service.world.bindings.get(binding_id)
        looked_at = self.loads.looked_at + max(0.0, strange.date_ahead)
        if row is not None and self._written(self.service.time.seconds) > self._written(looked_at):
            self.count["switched by hand"] += 1
            self.loads.switched.add(binding_id)
            self.service.simulator.switch_binding(binding_id, not row["enabled"])
            for run in self.active:
                self.loads.begin(run)  # it may read the binding only now
            if strange.date_ahead > 0:  # a write in the very second, or minute: its time is the one of before, and only ``Date`` is left, which is wrong
                self.wait(60.0 if strange.minutes else 1.0)

    def _written(self, seconds: float) -> float:
        """A time, to the precision with which the service writes when a binding was changed."""
        switches = self.service.simulator.switches
        if switches["binding_rows"] in ("no_updated", "ids"):
            return 0.0
        if self.service.transport.minutes:
            return seconds // 60
        return seconds if switches["updated_precision"] == "fraction" else seconds // 1

    def assign_again(self, binding_id: int = 5001) -> int:
        """Somebody deletes an assignment and makes it again: the same datastream, destination and table, and another id. Disabled."""
        if binding_id not in self.service.world.bindings:
            return binding_id
        number = self.service.assign_again(binding_id)
        for run in self.active:
            run.overtaken = True
            self.loads.begin(run)
        self.count["assigned again"] += 1
        return number

    def delete(self, place: int = 0) -> None:
        """Retention deletes an extract."""
        if self.listed:
            self.service.world.remove("extracts", self.extract_at(place))

    # What turns bad, until it is mended

    def refuse(self, place: int = 0) -> None:
        """No requeue takes an extract."""
        if self.listed:
            self.service.world.refused.add(self.extract_at(place))

    def fail(self, place: int = 0, binding_id: int | None = None) -> None:
        """Loads of an extract fail from now on, into all bindings or into this one."""
        if self.listed:
            self.count["failing"] += 1
            self.service.world.fail({"extract_id": self.extract_at(place), "binding_id": binding_id})

    def refuse_binding(self, binding_id: int = 5001) -> None:
        """No requeue into this binding is taken."""
        self.service.transport.refused_bindings.add(binding_id)

    def close_binding(self, binding_id: int = 5001) -> None:
        """A binding can no longer be written: 404."""
        if binding_id in self.service.world.bindings:
            self.service.world.bindings[binding_id]["available"] = False

    def hide_extracts(self, datastream_id: int = 4001) -> None:
        """The list of a datastream's extracts returns 500."""
        self.service.transport.unreadable.add(datastream_id)

    def break_requeues(self, datastream_id: int = 4001) -> None:
        """Requeues of this datastream return 500, and do nothing."""
        self.service.transport.broken.add(datastream_id)

    def unlist(self, datastream_id: int = 4001) -> None:
        """The unknown extracts of a datastream are not in the list for a while. A run that sends them into another table cannot miss what is not listed."""
        rows = [row for row in self.service.world.extracts.values() if row["datastream_id"] == datastream_id and row["id"] in self.judgement.unknown]
        for row in rows:
            self.service.world.remove("extracts", row["id"])
            pairs = {Pair(row["id"], *table) for table in self.service.table_of.values() if table[0] == datastream_id}
            self.judgement.unlisted.update(pair for pair in pairs if row["id"] not in self.judgement.recorded_as(pair.table, "unknown"))
        self.service.hidden += rows

    def list_again(self) -> None:
        for row in self.service.hidden:
            self.service.world.put("extracts", row)
        self.service.hidden = []

    def mend(self) -> None:
        """Everything that is refused, fails, is closed or unreadable works again."""
        world, strange = self.service.world, self.service.transport
        for bad in (world.failing, world.refused, strange.refused_bindings, strange.unreadable, strange.broken):
            bad.clear()
        self.list_again()
        for row in world.bindings.values():
            for run in self.active if not row["available"] else ():
                run.overtaken = True  # it may not have seen the binding
            row["available"] = True

    # Its end

    def settle(self, target_id: int = 70) -> HistoryRun:
        """The user runs the role until it is through: looks into Adverity at what is unknown, and says what is true, extract by extract. The last run."""
        more: Row = {}
        for _time in range(8):
            run = self.deploy(target_id, **more)
            unknown = run.unknown
            if run.error is None:
                if more.get("backfill") == "always" or not any(row["action"] == "left_alone" for row in run.planned):
                    return run
                more["backfill"] = "always"  # they were named: the user asks for them
            elif isinstance(run.error, LedgerError) and self.places[1].shown in run.text:
                self.places.reverse()  # a copy was killed after its work
            elif unknown:
                self._settle(target_id, unknown)
                if not unknown <= self.listed:
                    self.deploy(target_id, on_unknown="skip", **more)
            elif run.named("failed_extract_ids") and more.get("on_failed") != "requeue":
                more["on_failed"] = "requeue"  # the cause was corrected
            elif "batch_size: 1" in run.text:
                more.update(batch_size=1, on_refused="skip")
            elif "on_refused: skip" in run.text and self.service.world.refused:
                more["on_refused"] = "skip"
            else:
                return run
        raise AssertionError(f"{run}: it cannot be settled: {run.text}")

    def _settle(self, target_id: int, unknown: set[int]) -> None:
        self._await_processing()
        held = self.loads.held
        for binding_id in [one for one, row in self.service.world.bindings.items() if row["target_id"] == target_id]:
            pairs = [Pair(one, *self.service.table_of[binding_id]) for one in sorted(unknown & self.listed)]
            pairs = [pair for pair in pairs if self.service.datastream_of[pair.extract_id] == pair.datastream_id]
            self._decide("dispatched", binding_id, [pair.extract_id for pair in pairs if pair in held])
            self._decide("requeue", binding_id, [pair.extract_id for pair in pairs if pair not in held])

    def _decide(self, on_unknown: str, binding_id: int, extract_ids: list[int]) -> None:
        """The user says what is true of unknown extracts."""
        if not extract_ids:
            return
        self.count[f"settled, {on_unknown}"] += len(extract_ids)
        if on_unknown == "requeue" and not self.service.world.bindings[binding_id]["enabled"]:
            self._run("switch", {"binding_ids": [binding_id], "enabled": True})
        on_refused = "skip" if self.service.world.refused else "fail"  # what is no longer refused is to be sent
        options = {"extract_ids": extract_ids, "binding_ids": [binding_id], "on_unknown": on_unknown}
        run = self._begin("requeue", {**options, "on_refused": on_refused, "on_failed": "requeue", "batch_size": 1})
        run.truthful = True
        self._finish(run)

    def _await_processing(self) -> None:
        """Who looks into Adverity waits until it processes nothing any more."""
        ends = [(end - self.service.time.now()).total_seconds() for end in self.service.world.processed_at.values()]
        self.wait(max([0.0, *ends]))

    def end(self) -> None:
        """Everything comes to rest, and is settled truthfully: then nothing is missing that is not named, and another run has nothing to do."""
        self.end_runs()
        self.mend()
        self._await_processing()
        self.wait(5)
        self.service.transport.lag = 0
        self.service.transport.ties = False  # no number of runs has to suffice for a list that is complete only by luck
        for target_id in TARGETS:
            run = self.settle(target_id)
            missing = self.judgement.missing(run, self.service.selected(run.options, self.listed))
            assert not missing, f"{run} is the last run, all is settled, and these are missing: {missing}; it says: {run.text}"
        before = len(self.loads.all)
        for target_id in TARGETS:
            again = self.deploy(target_id)
            assert len(self.loads.all) == before, f"{again}, once more, loads {self.loads.all[before:]}"

    def close(self) -> None:
        """Gives everything back."""
        for run in self.active:
            run.kill()
        self._held.close()

    # Behind the steps

    def _begin(self, kind: str, options: Row, check_mode: bool = False) -> HistoryRun:
        self.count[kind] += 1
        run = HistoryRun(self, kind, dict(options), check_mode)
        self.loads.begin(run)
        if options.get("on_unknown") == "requeue" and not run.truthful and not check_mode:
            self.loads.ask_for(Pair(one, *table) for table in set(self.service.table_of.values()) for one in self.judgement.recorded_as(table, "unknown"))
        return run

    def _run(self, kind: str, options: Row, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False) -> HistoryRun:
        rehearsal = self._rehearse(kind, options) if rehearsed and killed_at is None and not faults else None
        run = self._begin(kind, options)
        run.faults = faults or {}
        if killed_at is not None:
            run.go_on(killed_at)
            if not run.ended:
                self.count["killed"] += 1
                run.kill()
                self.judgement.nothing_is_twice()
                return run
        self._finish(run)
        if rehearsal is not None:
            self._compare(rehearsal, run)
        return run

    def _rehearse(self, kind: str, options: Row) -> HistoryRun:
        """The run in check mode. It writes nothing, and takes no time: so what it says is about what the real run meets."""
        self.count["rehearsed"] += 1
        self.wait(120)  # what happens in the very second, or minute, of an enabling nobody can foresee
        lagging, loads, content = dict(self.service.transport.lagging), len(self.loads.all), self.places[0].content()
        run = self._begin(kind, options, check_mode=True)
        pace, self.pace = self.pace, 0.0
        run.go_on()
        self.pace = pace
        self.service.transport.lagging = lagging
        assert not run.writes, f"{run} in check mode writes {run.writes}"
        assert len(self.loads.all) == loads
        assert self.places[0].content() == content, f"{run} in check mode writes into the ledger"
        return run

    def _compare(self, rehearsal: HistoryRun, run: HistoryRun) -> None:
        """Check mode says what the real run does, but for what only the service can refuse."""
        strange = self.service.transport
        unforeseen = strange.lag or strange.ties or strange.old_updated or strange.date_ahead or self.service.simulator.switches["patch_updated"] != "present"
        unlisted = set(run.options.get("extract_ids") or ()) - run.listed  # with no binding named, only the API can tell that they are not there
        if run.kind == "look" or self.service.unhealthy or unforeseen or unlisted:
            return  # between two looks, time passes
        if isinstance(run.error, InputError) and "Not enabled" in run.text and "Not enabled" in rehearsal.text:
            return  # a warning in check mode, since an earlier task may only have pretended
        names = ("affected",) if run.kind == "switch" else ("requeued_extract_ids", "skipped_extract_ids", *NAMED)
        predicted, done = ((type(one.error), {name: one.facts[name] for name in names if one.facts.get(name)}) for one in (rehearsal, run))
        assert predicted == done, f"{run} in check mode says {predicted}, and the real run {done}; {rehearsal.text} / {run.text}"

    def _go_on(self, run: HistoryRun, points: float) -> None:
        if points:
            run.go_on(points)
            self.judgement.nothing_is_twice()
        if run.ended:
            self.active.remove(run)
            self._judge(run)

    def _finish(self, run: HistoryRun) -> None:
        run.go_on()
        self._judge(run)

    def _judge(self, run: HistoryRun) -> None:
        """A run has ended."""
        if run.killed:
            return
        # A run of extracts alone holds all locks, and what others only read is not recorded meanwhile.
        is_recorded = not any(each.names_extracts_alone for each in self.active)
        if is_recorded and not isinstance(run.error, (LedgerError, InputError)) and not run.check_mode and run.kind in ("deploy", "requeue", "switch"):
            self.loads.end(run)
        self.last = run
        self.judgement.judge(run)
