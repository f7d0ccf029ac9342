# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to a team's two destinations, step by step, and what has to be true of it. Not tests.

Everything is seen from the outside: results and failures of modules, requests, and what the simulator's destinations hold. A step is a method whose name and
arguments are plain, so that what a failure prints can be run: ``history = History(...)``, then one line for each step, then ``history.end()``.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request, Response, Transport
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.machine.strange import BINDINGS as BINDINGS_PATH
from ansible_collections.adverity.management.tests.unit.plugins.machine.strange import REQUEUE as REQUEUE_PATH
from ansible_collections.adverity.management.tests.unit.plugins.machine.strange import StrangeTransport
from ansible_collections.adverity.management.tests.unit.plugins.places import Place
from ansible_collections.adverity.management.tests.unit.plugins.support import runs
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import FaultyTransport

Row = dict[str, Any]
WORKSPACE = "a0000000-0000-4000-8000-000000000001"
TYPE = "bigquery"
DATASTREAMS = (4001, 4002, 4003)
TARGETS = (70, 71)
BINDINGS = {5001: (4001, 70), 5002: (4002, 70), 5003: (4003, 70), 5004: (4001, 71)}  # datastream, destination
FIRST_EXTRACT = 901
ENABLED_SINCE = "2025-12-30T12:00:00Z"  # the bindings that are enabled at the beginning
DAY = 86400.0
NAMED = ("unknown_extract_ids", "refused_extract_ids", "failed_extract_ids", "remaining_extract_ids")
SWITCHES = {  # how the service answers: a word for a history, and the simulator's switch
    "no_enabled": {"binding_rows": "no_enabled"}, "no_updated": {"binding_rows": "no_updated"}, "no_date": {"date_header": "off"},
    "patch_untold": {"patch_updated": "absent"}, "fractions": {"updated_precision": "fraction", "created_precision": "fraction"},
    "updated_fractions": {"updated_precision": "fraction"}, "undated": {"extract_fields": "id"}, "closed_listed": {"unavailable_bindings": "listed"},
    "exclusive": {"extract_bounds": "exclusive"},
    "never_processing": {"requeue_processing": "never"}, "later_processing": {"requeue_processing": "later"}, "reload_keeps": {"failed_reload": "keeps"},
    "jobs_by_request": {"load_jobs": "request", "load_job_type": "Load"}, "jobs_by_binding": {"load_jobs": "binding", "load_job_datastream": "absent"},
    "issue_of_nothing": {"issue_extract": "null"}, "issues_hidden": {"acknowledged_issues": "hidden", "load_stage_label": "Load"},
    "issues_untold": {"issue_tags": "asked"}, "older_labels": {"state_labels": "older"}, "upper_labels": {"state_labels": "upper"},
    "foreign_labels": {"state_labels": "translated"}, "uncounted": {"extract_count": "off"}, "refusal_unnamed": {"requeue_refusal_names": "none"},
}  # fmt: skip
LABELS = {"Gesammelt": "collected", "In Verarbeitung": "loading", "Importiert": "loaded", "Importfehler": "failed"}
STRANGE = ("old_updated", "minutes", "ties", "lag", "date_ahead")


class Pair(NamedTuple):
    """An extract, and the table into which it is loaded: that of a datastream in a destination, whatever the id of the binding."""

    extract_id: int
    datastream_id: int
    target_id: int


class Load(NamedTuple):
    """A load into a destination. ``by`` is the run whose request it was, None where Adverity loaded by itself; ``failed_by_itself``: it did, and that failed,
    so that who sends the extract afterwards sends it once."""

    pair: Pair
    by: HistoryRun | None
    failed_by_itself: bool = False


class HistoryRun:
    """A run, what it was asked for, and what came of it."""

    def __init__(self, kind: str, options: Row, check_mode: bool = False) -> None:
        self.kind, self.options, self.check_mode = kind, options, check_mode
        self.run: runs.Run = None  # type: ignore[assignment]
        self.writes: list[Request] = []
        self.faults: dict[str, str] = {}
        self.requests: Counter[str] = Counter()  # by method
        self.overtaken = False  # what it works on was made anew meanwhile
        self.truthful = False  # what it is told to send again did not arrive
        self.alone = True  # nothing else happened while it was at work
        self.listed: set[int] = set()  # the extracts that could be chosen when it began
        self.saw: dict[int, bool] = {}  # bindings, and whether they were enabled when it read them last before it wrote any

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(f'{name}={value!r}' for name, value in self.options.items())})"

    @property
    def by_name(self) -> bool:
        """Whether it was asked to send what may have arrived."""
        return not self.truthful and (bool(self.options.get("force")) or self.options.get("on_unknown") == "requeue")

    @property
    def repeats_failed(self) -> bool:
        """Whether it was asked to send again what failed to load."""
        return self.options.get("on_failed") == "requeue"

    @property
    def asks_for_all(self) -> bool:
        """Whether it was asked to send the history also into a binding whose table got it before: by name, or because ``adverity_requeue`` does."""
        return self.options.get("backfill", "always" if self.kind == "requeue" else None) == "always"

    @property
    def facts(self) -> Row:
        """The result of what sends, also where it failed."""
        if self.run.error is not None:
            return self.run.error.facts
        if isinstance(self.run.result, role_in_process.Deployment):
            return self.run.result.requeued
        return self.run.result or {}

    @property
    def words(self) -> str:
        """What a user reads."""
        if self.run.error is not None:
            return str(self.run.error.result()["msg"]) + " ".join(self.run.error.facts.get("warnings", []))
        lines = self.run.result.lines if isinstance(self.run.result, role_in_process.Deployment) else []
        return " ".join([*self.warnings, *lines])

    @property
    def warnings(self) -> list[str]:
        if isinstance(self.run.result, role_in_process.Deployment):
            return [warning for result in self.run.result.results.values() for warning in result.get("warnings", [])]
        return list((self.run.result or {}).get("warnings", []))

    def named(self, *names: str) -> set[int]:
        return {one for name in names or NAMED for one in self.facts.get(name) or []}

    def tells(self, number: int) -> bool:
        return re.search(rf"\b{number}\b", self.words) is not None


class HistoryTransport:
    """The service, for one run: each request takes its time, and what it loads is noted as loaded by this run."""

    def __init__(self, history: History, run: HistoryRun) -> None:
        self._history, self._run = history, run
        self._faulty: Transport = FaultyTransport(history.service, self._find_fault)

    def _find_fault(self, request: Request) -> str | None:
        self._run.requests[request.method] += 1
        return self._run.faults.get(f"{request.method} {self._run.requests[request.method]}")

    def send(self, request: Request) -> Response:
        history = self._history
        history.move_time(history.pace / 2)
        refused = False
        try:
            if request.method not in ("GET", "OPTIONS"):
                self._run.writes.append(request)
            elif request.path == BINDINGS_PATH and not self._run.writes:
                self._run.saw.update((one, row["enabled"]) for one, row in history.simulator.world.bindings.items())
            response = self._faulty.send(request)
            refused = response.status == 503 or 400 <= response.status < 500  # then it did nothing
            return response
        finally:
            history.take_loads(self._run, request, refused)
            history.move_time(history.pace / 2)


class History:
    """A world at its beginning: two destinations, three datastreams, extracts of four days. Bindings are disabled but for those in ``enabled``, which have
    loaded by themselves what is newer than ENABLED_SINCE.

    ``places`` are two places for a ledger. ``pace``: seconds that a request takes, ``load_seconds``: that a load takes. ``extracts``: how many each
    datastream has. ``page_size``: of extracts.
    Everything else is how the service answers: see SWITCHES and StrangeTransport.
    """

    def __init__(
        self, places: list[Place], pace: float = 0.1, enabled: list[int] | None = None, extracts: int = 2, page_size: int = 100, same_time: bool = False,
        load_seconds: float = 0.0, answers: list[str] | None = None, **strange: Any,
    ) -> None:  # fmt: skip
        self.places = list(places)
        self.pace = pace
        self.time = runs.Time()
        count = extracts * len(DATASTREAMS)
        created = ["2025-12-28T05:00:00Z" if same_time else f"2025-12-{28 + number // len(DATASTREAMS) % 4}T05:00:00Z" for number in range(count)]
        rows = [
            {"id": FIRST_EXTRACT + number, "datastream_id": DATASTREAMS[number % len(DATASTREAMS)], "created": created[number]}
            for number in range(count)
        ]  # fmt: skip
        world = {
            "now": "2026-01-01T00:00:00Z",
            "step": 0,
            "load_seconds": load_seconds,
            "keys": {"demo": {"key": in_process.KEY, "workspace": WORKSPACE}},
            "workspaces": [{"id": WORKSPACE, "name": "Acme", "parent": None}],
            "datastreams": [{"id": one, "name": f"Stream {one}"} for one in DATASTREAMS],
            "targets": [{"id": one, "name": f"Destination {one}"} for one in TARGETS],
            "bindings": [
                {"id": one, "datastream_id": datastream, "target_id": target, "enabled": one in (enabled or []), "table_name": f"table_{datastream}"}
                | ({"updated": ENABLED_SINCE} if one in (enabled or []) else {})
                for one, (datastream, target) in BINDINGS.items()
            ],
            "extracts": rows,
        }
        switches: Row = {"extract_page_size": page_size, "processing_at_enable": "loaded"}
        for answer in answers or []:
            switches.update(SWITCHES[answer])
        self.simulator = in_process.import_simulator().Simulator(world, switches, port=None)
        self.service = StrangeTransport(self.simulator)
        for name, value in strange.items():
            if name not in STRANGE:
                raise TypeError(name)
            setattr(self.service, name, value)
        self.count: Counter[str] = Counter()
        self.table_of = {one: (row["datastream_id"], row["target_id"]) for one, row in self.simulator.world.bindings.items()}
        self.created = {row["id"]: row["created"] for row in rows}
        self.datastream_of = {row["id"]: row["datastream_id"] for row in rows}
        self.loads: list[Load] = []
        self.twice: list[str] = []
        self.by_name: set[Pair] = set()  # whatever becomes of these, somebody asked for it, or nobody could know
        self.recorded: set[int] = set()  # bindings that a run has seen or written: from now on the ledger can know what they load
        self.initial: set[int] = set()  # of these, enabled when a run saw them first: what they load does not count before a run sends into them
        self.uncounted: set[Pair] = set()  # loaded by itself into these: a run that asks for all loads it again
        self.asked_for: set[Pair] = set()  # of these, sent once more by whoever finishes what a run was asked for
        self.planned_for_all: set[tuple[int, int]] = set()  # tables for which a run was asked that
        self._switched: set[int] = set()  # by hand, since a run has looked
        self._counts_from: dict[int, float] = {}  # when the first run sent into them
        self.active: list[HistoryRun] = []
        self.last: HistoryRun | None = None
        self._by_request = self._by_itself = 0
        self._unlisted: list[Row] = []
        self.unlisted: set[Pair] = set()  # not in the list for a while, and unknown to the ledger
        self._looked_at = -DAY  # when a run has read or written bindings
        self._unknown: set[int] = set()  # extracts that a run has named as unknown
        self.claims: dict[tuple[int, int], tuple[str, int]] = {}  # (binding, extract): what was claimed of it last, and of how many loads
        for row in rows:
            own = [target for one, (datastream, target) in BINDINGS.items() if one in (enabled or []) and datastream == row["datastream_id"]]
            tables = [(row["datastream_id"], target) for target in own]
            pairs = [Pair(row["id"], *table) for table in tables if row["created"] > ENABLED_SINCE]
            self.loads += [Load(pair, None) for pair in pairs]
            self.by_name.update(pairs)
        self._held = contextlib.ExitStack()
        self._held.enter_context(runs.held(self.time))

    # What happens: runs

    def deploy(self, target_id: int = 70, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False, **variables: Any) -> HistoryRun:
        """The role, to its end or to a point at which it is killed. ``faults``: what the requests meet, as ``{"POST 1": "lost after"}`` for the
        first POST. ``rehearsed``: in check mode before."""
        return self._whole("deploy", dict(variables, target_id=target_id), killed_at, faults, rehearsed)

    def requeue(self, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False, **options: Any) -> HistoryRun:
        """``adverity_requeue``, likewise."""
        return self._whole("requeue", options, killed_at, faults, rehearsed)

    def switch(self, target_id: int = 70, enabled: bool = True, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False) -> HistoryRun:
        """``adverity_binding``, likewise."""
        return self._whole("switch", {"target_id": target_id, "enabled": enabled}, killed_at, faults, rehearsed)

    def look(self, killed_at: int | None = None, rehearsed: bool = False, **options: Any) -> HistoryRun:
        """``adverity_load_info``, likewise. With ``wait`` time passes."""
        return self._whole("look", dict(options, state_labels=LABELS), killed_at, None, rehearsed)

    def begin(self, kind: str = "deploy", points: int = 0, **options: Any) -> HistoryRun:
        """A run that stands still after so many points. ``kind``: deploy, requeue, switch, look."""
        for other in self.active:
            other.alone = False
        run = self._start(kind, options)
        run.alone = False
        self.active.append(run)
        self._let(run, points)
        return run

    def go_on(self, number: int = 0, points: float = float("inf")) -> None:
        """The active run of that number goes on: so many points, or to its end."""
        if self.active:
            self._let(self.active[number % len(self.active)], points)

    def go_until(self, point: str, number: int = 0) -> None:
        """The active run of that number goes on until the name of its point ends so, as ``before POST /api/v1/extracts/requeue/``, or to its end."""
        run = self.active[number % len(self.active)]
        self.go_on(number, 1)
        while not run.run.ended and not run.run.points[-1].endswith(point):
            self.go_on(number, 1)

    def kill(self, number: int = 0) -> None:
        if self.active:
            run = self.active.pop(number % len(self.active))
            self.count["killed"] += 1
            run.run.kill()

    def orphan(self, number: int = 0) -> None:
        """Ansible is killed, and the module that it has started goes on."""
        if self.active:
            self.count["orphaned"] += 1
            self.active[number % len(self.active)].run.orphan()

    def move_ledger(self, killed_at: int | None = None) -> HistoryRun:
        """``adverity_ledger_copy`` into the other place, which is used from then on; killed, the first one is."""
        run = self._start("copy", {})
        if killed_at is not None:
            run.run.go_on(killed_at)
        if killed_at is not None and not run.run.ended:
            run.run.kill()
        run.run.go_on()
        self.count["moved" if run.run.result else "not moved"] += 1
        if run.run.result:
            self.places.reverse()
        return run

    # What happens: people, retention, fetches, time

    def wait(self, seconds: float) -> None:
        self.move_time(seconds)

    def fetch(self, datastream_id: int = 4001, count: int = 1, processing: float = 0.0) -> list[int]:
        """New extracts of one fetch, which have one time. They load by themselves where a binding is enabled: then, or, where the service is busy with
        them for some seconds, at the end of that."""
        self.count["fetched"] += count
        return [self._fetch(datastream_id, processing) for _time in range(count)]

    def switch_by_hand(self, binding_id: int = 5001) -> None:
        """Somebody enables or disables a binding in Adverity. Left out where nobody could ever see it: rows without ``updated``, and a time that the service
        writes like that at which a run has looked last; or a list that lags, where no response tells when a run wrote."""
        untold = self.service.old_updated or self.simulator.switches["patch_updated"] != "present"
        if self.service.lag and untold:
            return
        row = self.simulator.world.bindings.get(binding_id)
        if row is not None and self._written(self.time.seconds) > self._written(self._looked_at + max(0.0, self.service.date_ahead)):
            self.count["switched by hand"] += 1
            self._switched.add(binding_id)
            self.simulator.switch_binding(binding_id, not row["enabled"])
            for run in self.active:
                self._note_asked(run)  # it may read the binding only now
            if self.service.date_ahead > 0:  # a write in the very second, or minute: its time is the one of before, and only ``Date`` is left, which is wrong
                self.wait(60.0 if self.service.minutes else 1.0)

    def _written(self, seconds: float) -> float:
        """A time, to the precision with which the service writes when a binding was changed."""
        switches = self.simulator.switches
        if switches["binding_rows"] in ("no_updated", "ids"):
            return 0.0
        return seconds // 60 if self.service.minutes else seconds if switches["updated_precision"] == "fraction" else seconds // 1

    def assign_again(self, binding_id: int = 5001) -> int:
        """Somebody deletes an assignment and makes it again: the same datastream, destination and table, and another id. Disabled."""
        if binding_id not in self.simulator.world.bindings:
            return binding_id
        for run in self.active:
            run.overtaken = True
        row = self.simulator.world.bindings[binding_id]
        number = self.simulator.world.next_id("bindings")
        now = self.time.now().isoformat().replace("+00:00", "Z")
        self.simulator.world.remove("bindings", binding_id)
        self.simulator.world.put("bindings", dict(row, id=number, enabled=False, created=now, updated=now))
        self.table_of[number] = self.table_of[binding_id]
        for run in self.active:
            self._note_asked(run)  # it may read the new binding
        self.count["assigned again"] += 1
        return number

    def delete(self, place: int = 0) -> None:
        """Retention deletes an extract."""
        listed = sorted(self.listed)
        if listed:
            self.simulator.world.remove("extracts", listed[place % len(listed)])

    def refuse(self, place: int = 0) -> None:
        """An extract turns bad: no requeue takes it."""
        listed = sorted(self.listed)
        if listed:
            self.simulator.world.refused.add(listed[place % len(listed)])

    def fail(self, place: int = 0, binding_id: int | None = None) -> None:
        """Loads of an extract fail from now on, into all bindings or into this one."""
        listed = sorted(self.listed)
        if listed:
            self.count["failing"] += 1
            self.simulator.world.fail({"extract_id": listed[place % len(listed)], "binding_id": binding_id})

    def refuse_binding(self, binding_id: int = 5001) -> None:
        """No requeue into this binding is taken."""
        self.service.refused_bindings.add(binding_id)

    def close_binding(self, binding_id: int = 5001) -> None:
        """A binding can no longer be written: 404."""
        if binding_id in self.simulator.world.bindings:
            self.simulator.world.bindings[binding_id]["available"] = False

    def hide_extracts(self, datastream_id: int = 4001) -> None:
        """The list of a datastream's extracts is answered with 500."""
        self.service.unreadable.add(datastream_id)

    def break_requeues(self, datastream_id: int = 4001) -> None:
        """Requeues of this datastream are answered with 500, and do nothing."""
        self.service.broken.add(datastream_id)

    def unlist(self, datastream_id: int = 4001) -> None:
        """The extracts of a datastream that are known as unknown are not in the list for a while. A run that sends them into another table cannot miss
        what is not listed."""
        rows = [row for row in self.simulator.world.extracts.values() if row["datastream_id"] == datastream_id and row["id"] in self._unknown]
        for row in rows:
            self.simulator.world.remove("extracts", row["id"])
            pairs = {Pair(row["id"], *table) for table in self.table_of.values() if table[0] == datastream_id}
            self.unlisted.update(pair for pair in pairs if row["id"] not in self._recorded_as(pair, "unknown"))
        self._unlisted += rows

    def list_again(self) -> None:
        for row in self._unlisted:
            self.simulator.world.put("extracts", row)
        self._unlisted = []

    def mend(self) -> None:
        """Everything that is refused, fails, is closed or unreadable works again."""
        self.simulator.world.failing.clear()
        self.simulator.world.refused.clear()
        self.service.refused_bindings.clear()
        self.service.unreadable.clear()
        self.service.broken.clear()
        self.list_again()
        for row in self.simulator.world.bindings.values():
            for run in self.active if not row["available"] else ():
                run.overtaken = True  # it may not have seen the binding
            row["available"] = True

    def set_clock(self, ahead: float = 0.0) -> None:
        """By how many seconds the clock of the machine that runs modules is before that of the service."""
        self.time.ahead = ahead

    def settle(self, target_id: int = 70) -> HistoryRun:
        """The user runs the role until it is through: looks into Adverity at what is unknown, and says what is true, extract by extract. The last run."""
        more: Row = {}
        for _time in range(8):
            run = self.deploy(target_id, **more)
            if run.run.error is None:
                left = [row for row in run.run.result.results["__deploy_destination_plan"]["bindings"] if row["action"] == "left_alone"]
                if not left or more.get("backfill") == "always":
                    return run
                more["backfill"] = "always"  # they were named: the user asks for them
                continue
            unknown = run.named("unknown_extract_ids")
            if isinstance(run.run.error, LedgerError) and self.places[1].shown in run.words:
                self.places.reverse()  # a copy was killed after its work
            elif unknown:
                self._settle(target_id, unknown)
                if not unknown <= self.listed:
                    self.deploy(target_id, on_unknown="skip", **more)
            elif run.named("failed_extract_ids") and more.get("on_failed") != "requeue":
                more.update(on_failed="requeue")  # the cause was corrected
            elif "batch_size: 1" in run.words:
                more.update(batch_size=1, on_refused="skip")
            elif "on_refused: skip" in run.words and self.simulator.world.refused:
                more.update(on_refused="skip")
            else:
                return run
        raise AssertionError(f"{run}: it cannot be settled: {run.words}")

    def _processing(self) -> set[int]:
        """The extracts that Adverity is processing."""
        return {number for number, end in self.simulator.world.processed_at.items() if self.time.now() < end}

    def _await_processing(self) -> None:
        """Who looks into Adverity waits until it processes nothing any more."""
        ends = [(end - self.time.now()).total_seconds() for end in self.simulator.world.processed_at.values()]
        self.move_time(max([0.0, *ends]))

    def _settle(self, target_id: int, unknown: set[int]) -> None:
        self._await_processing()
        held = self.held
        for binding_id, (datastream_id, target) in self.table_of.items():
            if target != target_id or binding_id not in self.simulator.world.bindings:
                continue
            mine = [one for one in sorted(unknown & self.listed) if self.datastream_of[one] == datastream_id]
            for how in ("dispatched", "requeue"):
                some = [one for one in mine if (Pair(one, datastream_id, target) in held) is (how == "dispatched")]
                if not some:
                    continue
                self.count[f"settled, {how}"] += len(some)
                if how == "requeue" and not self.simulator.world.bindings[binding_id]["enabled"]:
                    self._whole("switch", {"binding_ids": [binding_id], "enabled": True})
                on_refused = "skip" if self.simulator.world.refused else "fail"  # what is no longer refused is to be sent
                found = {"extract_ids": some, "binding_ids": [binding_id], "on_unknown": how}
                run = self._start("requeue", {**found, "on_refused": on_refused, "on_failed": "requeue", "batch_size": 1})
                run.truthful = True
                self._finish(run)

    # What has to be true

    @property
    def held(self) -> set[Pair]:
        """What the destinations hold."""
        return {load.pair for load in self.loads}

    @property
    def listed(self) -> set[int]:
        """The extracts that Adverity has."""
        return set(self.simulator.world.extracts)

    def check(self) -> None:
        """Nothing is loaded twice."""
        assert not self.twice, "; ".join(self.twice)

    def end(self) -> None:
        """Everything comes to rest, and is settled truthfully: then nothing is missing that is not named, and another run has nothing to do."""
        self.end_runs()
        self.mend()
        self._await_processing()
        self.move_time(5)
        self.service.lag = 0
        self.service.ties = False  # no number of runs has to suffice for a list that is complete only by luck
        for target_id in TARGETS:
            run = self.settle(target_id)
            self.check()
            missing = [pair for pair in self.selected(run, self.listed) if pair not in self.held and not self._is_named(run, pair)]
            assert not missing, f"{run} is the last run, all is settled, and these are missing: {missing}; it says: {run.words}"
        before = len(self.loads)
        for target_id in TARGETS:
            again = self.deploy(target_id)
            self.check()
            assert len(self.loads) == before, f"{again}, once more, loads {self.loads[before:]}"

    def close(self) -> None:
        """Gives everything back."""
        for run in self.active:
            if not run.run.ended:
                run.run.kill()
        self._held.close()

    def end_runs(self) -> None:
        """Runs that stand still go to their ends."""
        while self.active:
            self.go_on()

    def selected(self, run: HistoryRun, listed: set[int]) -> Iterator[Pair]:
        """What a run of the role or of a requeue by destination or datastream selects of these extracts, but for bindings that are gone."""
        window = [run.options.get("backfill_" + name) or run.options.get("created_" + name) for name in ("from", "to")]
        for binding_id, row in self.simulator.world.bindings.items():
            datastream_id, target_id = self.table_of[binding_id]
            if run.options.get("target_id") not in (None, target_id) or binding_id not in (run.options.get("binding_ids") or [binding_id]):
                continue
            if datastream_id not in (run.options.get("datastream_ids") or [datastream_id]) or not row["available"]:
                continue
            for one in sorted(listed):
                inside = (window[0] or "") <= self.created[one] <= (window[1] or "9")
                if self.datastream_of[one] == datastream_id and inside and one in (run.options.get("extract_ids") or [one]):
                    yield Pair(one, datastream_id, target_id)

    def judge(self, run: HistoryRun) -> None:
        """What has to be true at the end of a run."""
        self.last = run
        self._unknown |= run.named("unknown_extract_ids")
        self.check()
        if run.check_mode or run.kind == "look":
            assert not run.writes, f"{run} writes {run.writes}"
            self._judge_claims(run)
            return
        if run.run.error is None:
            self.count["succeeded"] += 1
        else:
            self.count[type(run.run.error).__name__] += 1
        if run.kind in ("deploy", "requeue") and run.run.error is None and self._sends_all(run) and not run.overtaken:
            self._judge_success(run)
        if run.kind == "deploy" and run.alone and self._sends_all(run) and not run.faults:
            self._judge_healthy(run)

    def _judge_claims(self, run: HistoryRun) -> None:
        """*Loaded* is only said of what the destination holds, *failed* only of what has failed, and no run contradicts an earlier one."""
        for row in run.facts.get("loads") or []:
            pair, outcome = (row["extract_id"], row["binding_id"]), row["outcome"]
            self.count[f"{outcome}, claimed"] += 1
            if outcome not in ("loaded", "failed"):
                continue
            assert pair in (self.simulator.holds if outcome == "loaded" else self.simulator.failed), f"{run} claims {row}"
            loads = sum((load.extract_id, load.binding_id) == pair for load in self.simulator.world.history)
            before, count = self.claims.get(pair, (outcome, 0))
            assert before == outcome or loads > min(count, 1), f"{run} claims {row}, and a run before it {before}"
            self.claims[pair] = (outcome, loads)

    @staticmethod
    def _sends_all(run: HistoryRun) -> bool:
        return not run.options.get("limit") and run.options.get("backfill") != "never" and run.options.get("enabled") is not False \
            and run.options.get("state") != "planned"  # fmt: skip

    def _judge_success(self, run: HistoryRun) -> None:
        """Who ends well has nothing open: what it selected and Adverity still has is held, or named."""
        if run.kind == "requeue" and not run.options.get("target_id") and not run.options.get("binding_ids"):
            return  # which bindings were enabled then, nothing records
        self.count["ended well"] += 1
        due = (pair for pair in self.selected(run, run.listed & self.listed) if pair not in self.held and pair.extract_id not in self._processing())
        missing = [pair for pair in due if not self._is_named(run, pair)]
        assert not missing, f"{run} ends well, and these are missing and not named: {missing}; it says: {run.words}"

    def _is_named(self, run: HistoryRun, pair: Pair) -> bool:
        if pair.extract_id in run.named() or self._left_alone(run, pair) or pair in self.by_name or pair in self.unlisted:
            return True
        if self._is_shown_as_not_loaded(run, pair):
            return True
        if run.run.error is not None and (run.tells(pair.datastream_id) or any(run.tells(one) for one, table in self.table_of.items() if table == pair[1:])):
            return True
        return pair.extract_id in self._recorded_as(pair, "refused", "failed")

    @staticmethod
    def _is_shown_as_not_loaded(run: HistoryRun, pair: Pair) -> bool:
        """Whether a run warns that an extract counts as loaded automatically, and Adverity shows that it is not: it says how to send it."""
        return any("does not show them as loaded" in warning and re.search(rf"\b{pair.extract_id}\b", warning) for warning in run.warnings)

    def _left_alone(self, run: HistoryRun, pair: Pair) -> bool:
        """Whether a run says that it leaves a table alone: by what it does with the binding, or, of an assignment that was made again, by a warning."""
        new = [one for one, table in self.table_of.items() if table == pair[1:] and one not in BINDINGS]
        if any(re.search(rf"\b{one}\b", warning) for one in new for warning in run.warnings):
            return True
        rows = run.facts.get("bindings") or []
        if isinstance(run.run.result, role_in_process.Deployment):
            rows = [*rows, *run.run.result.results["__deploy_destination_plan"]["bindings"]]
        return any(row.get("action") == "left_alone" for row in rows if self.table_of.get(row.get("binding_id", 0)) == pair[1:])

    def _recorded_as(self, pair: Pair, *statuses: str) -> set[int]:
        """The extracts to which the ledger gives one of these states, for a table."""
        ids = [one for one, table in self.table_of.items() if table == pair[1:] and one in self.simulator.world.bindings]
        run = runs.Run(lambda call: call("adverity_requeue_info", ledger=self.places[0].ledger, binding_ids=ids), lambda: self.service, self.time).go_on()
        if run.error is not None:
            raise run.error
        return {row["extract_id"] for row in run.result["extracts"] if row["status"] in statuses}

    def _judge_healthy(self, run: HistoryRun) -> None:
        """What is healthy is done by the first run that reaches it: what is unknown, refused, closed or unreadable holds up only itself."""
        error = run.run.error
        if isinstance(error, LedgerError) or (isinstance(error, InputError) and not run.facts.get("summary") and not run.writes):
            return  # it did not begin
        if self.service.lag or (error is not None and not self.unhealthy and not run.named()):
            return  # the service contradicts itself
        self.count["judged for what is healthy"] += 1
        unknown, stopped = run.named("unknown_extract_ids"), run.named("refused_extract_ids", "failed_extract_ids")
        stops = run.options.get("on_unknown", "fail") in ("fail", "check")
        for pair in self.selected(run, run.listed & self.listed - self._processing()):
            binding_ids = [one for one, table in self.table_of.items() if table == pair[1:]]
            if pair in self.held or pair.extract_id in unknown | stopped or pair in self.by_name | self.unlisted or self._left_alone(run, pair):
                continue
            if self.service.refused_bindings.intersection(binding_ids) or pair.datastream_id in self.service.unreadable | self.service.broken:
                continue
            if self.service.ties and run.tells(pair.datastream_id):
                continue  # no reading of its list was complete, and the run says so
            before = [one for one in unknown if self.datastream_of[one] == pair.datastream_id and self.created[one] <= self.created[pair.extract_id]]
            bad = [one for one in self.simulator.world.refused if self.datastream_of.get(one) == pair.datastream_id]
            if (before and stops) or bad or pair.extract_id in self._recorded_as(pair, "refused", "failed") or self._is_shown_as_not_loaded(run, pair):
                continue
            raise AssertionError(
                f"{run} does not send {pair}, which is healthy. Named as unknown: {sorted(unknown)}, refused: {sorted(stopped)}. It says: {run.words}"
            )

    @property
    def unhealthy(self) -> bool:
        """Whether something is refused, closed or unreadable."""
        closed = any(not row["available"] for row in self.simulator.world.bindings.values())
        strange = self.service
        return bool(self.simulator.world.refused or strange.refused_bindings or strange.unreadable or strange.broken or self._unlisted or closed)

    # Behind the steps

    def _whole(self, kind: str, options: Row, killed_at: int | None = None, faults: Row | None = None, rehearsed: bool = False) -> HistoryRun:
        rehearsal = self._rehearse(kind, options) if rehearsed and killed_at is None and not faults else None
        for other in self.active:
            other.alone = False
        run = self._start(kind, options)
        run.alone = not self.active
        run.faults = faults or {}
        if killed_at is not None:
            run.run.go_on(killed_at)
        if killed_at is not None and not run.run.ended:
            self.count["killed"] += 1
            run.run.kill()
            self.check()
            return run
        self._finish(run)
        if rehearsal is not None:
            self._compare(rehearsal, run)
        return run

    def _rehearse(self, kind: str, options: Row) -> HistoryRun:
        """The run in check mode. It writes nothing, and takes no time: so what it says is about what the real run meets."""
        self.count["rehearsed"] += 1
        self.move_time(120)  # what happens in the very second, or minute, of an enabling nobody can foresee
        lagging, loads, content = dict(self.service._before), len(self.loads), self.places[0].content()
        run = self._start(kind, options, check_mode=True)
        pace, self.pace = self.pace, 0.0
        run.run.go_on()
        self.pace = pace
        self.service._before = lagging
        assert not run.writes, f"{run} in check mode writes {run.writes}"
        assert len(self.loads) == loads
        assert self.places[0].content() == content, f"{run} in check mode writes into the ledger"
        return run

    def _compare(self, rehearsal: HistoryRun, run: HistoryRun) -> None:
        """Check mode says what the real run does, but for what only the service can refuse."""
        unforeseen = self.service.lag or self.service.ties or self.service.old_updated or self.service.date_ahead
        unlisted = set(run.options.get("extract_ids") or ()) - run.listed  # with no binding named, only the API can tell that they are not there
        if self.unhealthy or unforeseen or unlisted or self.simulator.switches["patch_updated"] != "present":
            return
        names = ("requeued_extract_ids", "skipped_extract_ids", *NAMED)
        if run.kind == "look":
            return  # between the two, time passes
        if run.kind == "switch":
            said = [r.run.result and r.run.result["affected"] for r in (rehearsal, run)]
        else:
            said = [(type(r.run.error), {name: r.facts.get(name) for name in names if r.facts.get(name)}) for r in (rehearsal, run)]
        if isinstance(run.run.error, InputError) and "Not enabled" in run.words and "Not enabled" in rehearsal.words:
            return  # a warning in check mode, since an earlier task may only have pretended
        assert said[0] == said[1], f"{run} in check mode says {said[0]}, and the real run {said[1]}; {rehearsal.words} / {run.words}"

    def _start(self, kind: str, options: Row, check_mode: bool = False) -> HistoryRun:
        self.count[kind] += 1
        run = HistoryRun(kind, dict(options), check_mode)
        run.listed = self.listed
        self._note_asked(run)
        run.run = runs.Run(lambda call: self._work(run, call), lambda: HistoryTransport(self, run), self.time)
        return run

    def _work(self, run: HistoryRun, call: Any) -> Any:
        options = dict(run.options)
        if run.kind == "copy":
            return call("adverity_ledger_copy", source=self.places[0].ledger, destination=self.places[1].ledger, ledger_wait=2)
        if run.kind == "deploy":
            def call_with_wait(name: str, /, **more: Any) -> Row:
                if name in ("adverity_requeue", "adverity_binding"):
                    more["ledger_wait"] = 2
                return call(name, **more)  # type: ignore[no-any-return]

            return role_in_process.deploy(call_with_wait, check_mode=run.check_mode, ledger=self.places[0].ledger, **options)
        name = {"requeue": "adverity_requeue", "switch": "adverity_binding", "look": "adverity_load_info"}[run.kind]
        if run.kind == "requeue":
            options.setdefault("state_labels", LABELS)
        return call(name, check_mode=run.check_mode, ledger=self.places[0].ledger, ledger_wait=2, **options)

    def _let(self, run: HistoryRun, points: float) -> None:
        if points:
            run.run.go_on(points)
            self.check()
        if run.run.ended:
            self.active.remove(run)
            self._ended(run)

    def _finish(self, run: HistoryRun) -> None:
        run.run.go_on()
        self._ended(run)

    def _ended(self, run: HistoryRun) -> None:
        if run.run.killed:
            return
        whole = run.run.error is None or not isinstance(run.run.error, (LedgerError, InputError))
        if whole and not run.check_mode and run.kind in ("deploy", "requeue", "switch"):
            seen = {one for one, row in self.simulator.world.bindings.items() if self._looks_at(run, row)}
            self.initial -= seen & self.recorded & self._switched
            self.initial |= {one for one in seen - self.recorded if run.saw.get(one)}
            self._switched -= seen
            self.recorded |= seen
        self.judge(run)

    @staticmethod
    def _looks_at(run: HistoryRun, binding: Row) -> bool:
        """Whether a run that came to its end has seen a binding for sure."""
        options = run.options
        narrowed = "extract_ids" in options or binding["datastream_id"] not in (options.get("datastream_ids") or [binding["datastream_id"]])
        return options.get("target_id") == binding["target_id"] and not narrowed

    def _note_asked(self, run: HistoryRun) -> None:
        """At its beginning, and when an assignment is made again meanwhile."""
        if "recorded" in (run.options.get("state"), run.options.get("backfill")):
            self.by_name.update(self.selected(run, run.listed))  # somebody says that it is loaded
        if run.asks_for_all and not run.check_mode and run.kind in ("deploy", "requeue"):
            selected = [pair for pair in self.selected(run, run.listed) if self._is_meant(run, pair[1:])]
            self.asked_for.update(pair for pair in selected if pair in self.uncounted or self._is_new_table(pair))
            self.planned_for_all.update(pair[1:] for pair in selected)
            if run.options.get("target_id"):  # also where there is no extract yet
                self.planned_for_all.update(table for table in self.table_of.values() if table[1] == run.options["target_id"])

    def _is_meant(self, run: HistoryRun, table: tuple[int, int]) -> bool:
        """Whether a run that names neither bindings nor a destination means the binding of a table: only where it is enabled."""
        named = run.options.get("target_id") or run.options.get("binding_ids")
        return bool(named) or any(row["enabled"] for one, row in self.simulator.world.bindings.items() if self.table_of[one] == table)

    def _is_new_table(self, pair: Pair) -> bool:
        """Whether the assignment of a table was made again."""
        return any(self.table_of[one] == pair[1:] and one not in BINDINGS for one in self.simulator.world.bindings)

    def _fetch(self, datastream_id: int, processing: float) -> int:
        self.simulator.world.set_loading({"process_seconds": processing})
        row = self.simulator.fetch(datastream_id)
        number: int = row["id"]
        for one, binding in self.simulator.world.bindings.items():
            if binding["datastream_id"] == datastream_id and binding["enabled"] and not binding["available"]:
                self.by_name.add(Pair(number, *self.table_of[one]))  # it loads nothing while it is closed, and no row will ever tell that
        created = row["created"]
        self.created[number] = created if "." in created else created[:-1] + ".000000Z"  # so that texts are in the order of times
        self.datastream_of[number] = datastream_id
        self.take_loads(None)
        return number

    def move_time(self, seconds: float) -> None:
        """Time passes; what is being processed ends by itself."""
        self.time.move(seconds)
        self.simulator.world.clock.fixed = self.time.now()
        self.simulator.world.settle()
        self.take_loads(None)

    def take_loads(self, run: HistoryRun | None, request: Request | None = None, refused: bool = False) -> None:
        """Notes what the destinations got since the last time: by a request of this run, or by itself. ``refused``: the service did nothing for it."""
        world = self.simulator.world
        for row in world.self_loads[self._by_itself :]:
            self._take(row, None)
        for row in world.loads[self._by_request :]:
            self._take(row, run)
        self._by_itself, self._by_request = len(world.self_loads), len(world.loads)
        if request is not None and request.path.startswith(BINDINGS_PATH):
            self._looked_at = self.time.seconds
            written = request.path[len(BINDINGS_PATH) :].strip("/")
            if run is not None and written:
                self._note_write(run, int(written), refused)
        if request is not None and request.path == REQUEUE_PATH and request.body:
            for one in json.loads(request.body).get("binding_ids", []):
                self._counts_from.setdefault(one, self.time.seconds)

    def _note_write(self, run: HistoryRun, binding_id: int, refused: bool) -> None:
        """The ledger has what was read of a binding before it is written; a write that was refused leaves nothing."""
        if not refused:
            self.initial.discard(binding_id)
        elif binding_id not in self.recorded and run.saw.get(binding_id):
            self.initial.add(binding_id)
        self.recorded.add(binding_id)
        for other in self.active:
            self._note_asked(other)  # it may read the binding only now

    def _has_failed(self, row: Row) -> bool:
        """Whether an earlier load than this one has failed."""
        now, key = self.simulator.world.now(), (row["extract_id"], row["binding_id"])
        earlier = [load for load in self.simulator.world.history if (load.extract_id, load.binding_id) == key and load is not row["load"]]
        return any(load.fails and load.end <= now for load in earlier)

    def _fails(self, row: Row) -> bool:
        """Whether a load that was just begun fails."""
        key = (row["extract_id"], row["binding_id"])
        return next(load.fails for load in reversed(self.simulator.world.history) if (load.extract_id, load.binding_id) == key)

    def _take(self, row: Row, run: HistoryRun | None) -> None:
        pair = Pair(row["extract_id"], *self.table_of[row["binding_id"]])
        if run is None and row["binding_id"] not in self.recorded:
            self.by_name.add(pair)
        elif run is None and row["binding_id"] in self.initial:
            counts_from = self._counts_from.get(row["binding_id"])
            if counts_from is None:
                self.uncounted.add(pair)
                if pair[1:] in self.planned_for_all:
                    self.asked_for.add(pair)  # the extracts of a plan are listed by the run that finishes it
            elif self.time.seconds <= counts_from + max(0.0, self.service.date_ahead):
                self.by_name.add(pair)  # nothing but ``Date`` says when the run began, and no write has shown that it is ahead
        again = any(load.pair == pair and not load.failed_by_itself for load in self.loads)
        asked = run is not None and (
            run.by_name or pair in self.asked_for or (run.asks_for_all and pair in self.uncounted) or (run.repeats_failed and self._has_failed(row))
        )
        if again and not asked:
            if pair not in self.by_name:
                earlier = [load.by or "by itself" for load in self.loads if load.pair == pair]
                self.twice.append(f"twice: {pair}, by {earlier}, then by {run or 'itself'}")
        elif asked:
            self.by_name.add(pair)
        self.loads.append(Load(pair, run, run is None and self._fails(row)))
