# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to two destinations of a team: runs, also two at once, killed and cut off; people who switch bindings by hand; extracts that come, turn bad
and vanish. And what has to be true of it. Not tests.

A run is a thread that goes on only when it is told to, from one *point* to the next: before and after each request, before and after each transaction of
the ledger, and where it waits for a turn. So whatever happens between two points is in the history, and the history decides.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import types
from collections import Counter
from unittest import mock

from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, Lost, Refused
from ansible_collections.adverity.management.plugins.module_utils._ledger import ledger as _ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts as _extracts
from ansible_collections.adverity.management.plugins.module_utils._spec import times
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import CONNECTION, Model, ModelClient, moment, uuid
from hypothesis import strategies as st

TARGETS = [70, 71]
STREAMS = [1, 2]
BINDINGS = {5: (1, 70), 9: (2, 70), 12: (1, 71)}  # datastream, destination
CALLED = ["adverity_deployment_info", "adverity_requeue", "adverity_binding", "adverity_requeue_info"]
LAST_POINT = 60

# What happens beside the runs, between them and at their points.
EVENTS = st.one_of(
    st.tuples(st.just("fetch"), st.sampled_from(STREAMS)),
    st.tuples(st.just("fetch"), st.sampled_from(STREAMS)),
    st.tuples(st.just("hand"), st.sampled_from(list(BINDINGS))),
    st.tuples(st.just("hand"), st.sampled_from(list(BINDINGS))),
    st.tuples(st.just("wait"), st.sampled_from([0.3, 1.0, 2.5])),
    st.tuples(st.just("vanish"), st.integers(0, 7)),
    st.tuples(st.just("spoil"), st.integers(0, 7)),
    st.tuples(st.just("mend"), st.integers(0, 7)),
)
RUNS = st.fixed_dictionaries(
    {"target_id": st.sampled_from([70, 70, 71])},
    optional={
        "kind": st.sampled_from(["requeue", "enable", "disable", "role off"]),  # without: the role
        "backfill": st.just("always"),
        "created_from": st.sampled_from([-2, 0, 3]),
        "created_to": st.sampled_from([0, 3, 8]),
        "on_unknown": st.just("skip"),
        "on_refused": st.just("skip"),
        "batch_size": st.integers(1, 2),
        "limit": st.integers(1, 3),
        "events": st.dictionaries(st.integers(0, LAST_POINT), st.lists(EVENTS, min_size=1, max_size=3), max_size=4),
        "faults": st.dictionaries(st.integers(0, 16), st.sampled_from(["lost before", "lost after", "busy"]), max_size=2),
        "ends": st.tuples(st.sampled_from(["killed", "orphaned"]), st.integers(0, LAST_POINT)),
    },
)
PAIRS = st.tuples(st.just("pair"), RUNS, RUNS, st.lists(st.integers(0, 25), max_size=6))
STEPS = st.one_of(EVENTS, EVENTS, st.tuples(st.just("run"), RUNS), PAIRS, st.tuples(st.just("settle")))
WORLDS = st.fixed_dictionaries(
    {"pace": st.sampled_from([0.05, 0.3, 1.0])},
    optional={
        "fine": st.sampled_from([["updated"], ["created"], ["updated", "created"]]),
        "hidden": st.sampled_from([["enabled"], ["updated"], ["enabled", "updated"]]),
        "untold": st.just(["updated"]),
        "undated": st.just(True),
        "most_rows": st.just(1),
        "enabled": st.lists(st.sampled_from(list(BINDINGS)), unique=True, min_size=1),
    },
)


class Killed(BaseException):
    """The process ends here, and nothing of it goes on."""


class Run(threading.Thread):
    """A run on its way. It stands still at each point until ``go_on``."""

    def __init__(self, story, spec, work):
        super().__init__(daemon=True)
        self.story, self.spec, self._work = story, spec, work
        self.there = set(story.listed())  # what could be chosen when it began
        self.points = self.requests = 0
        self.killed = self.orphaned = self.waits = self.ended = self.judged = False
        self.outcome = self.error = self.bug = None
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)

    def run(self):
        _HERE.run = self
        self._go.acquire()
        try:
            self.outcome = self._work(self)
        except Killed:
            pass
        except AdverityError as error:
            self.error = error
        except BaseException as bug:
            self.bug = bug
        self.ended = True
        self._stands.release()

    def go_on(self):
        """To its next point, or its end."""
        if not self.is_alive():
            self.start()
        self._go.release()
        self._stands.acquire()
        if self.bug is not None:
            raise self.bug

    def point(self, waits=False):
        if self.killed:
            raise Killed
        self.waits = waits
        self._stands.release()
        self._go.acquire()
        how, when = self.spec.get("ends", (None, None))
        if when == self.points and how == "killed":
            self.killed = True
        self.orphaned = self.orphaned or (when == self.points and how == "orphaned")
        for what, *more in self.spec.get("events", {}).get(self.points, []):
            getattr(self.story, what)(*more)
        self.points += 1
        if self.killed:
            raise Killed

    def fault(self):
        """What goes wrong with the request that comes now."""
        self.requests += 1
        return self.spec.get("faults", {}).get(self.requests - 1)

    def call(self, name, **options):
        if self.orphaned:
            raise Killed  # the module before this one went to its end, and there is nobody to start this one
        return in_process.run(name, dict(CONNECTION, instance=Model.host, **dict({"ledger": self.story.ledger}, **options)))


_HERE = threading.local()  # .run: the run that this thread is, if it is one


def _point(waits=False):
    run = getattr(_HERE, "run", None)
    if run is not None:
        run.point(waits)


class Watched(ModelClient):
    """A client with points, and requests that go wrong."""

    def _send(self, method, path, params, body):
        fault = _HERE.run.fault() if getattr(_HERE, "run", None) else None
        _point()
        if fault == "busy":
            raise Refused(method, path, 429, "busy", 0)
        if fault == "lost before":
            raise Lost(method, path, "got no answer")
        data = super()._send(method, path, params, body)
        _point()
        if fault == "lost after":
            raise Lost(method, path, "got no answer")
        return data


class Service(Model):
    """The model, which knows in which second a run read or wrote a binding."""

    looked_at = -1

    def _answer(self, method, path, params, body):
        if path.startswith("/api/v1/bindings/"):
            self.looked_at = int(self.seconds)
        return super()._answer(method, path, params, body)


_transaction = SqliteStore.transaction


@contextlib.contextmanager
def _transaction_with_points(store):
    _point()
    with _transaction(store):
        yield
    _point()


class Story:
    """What happens to the destinations, and what has to be true of it."""

    def __init__(self, folder, pace=1.0, enabled=(), **switches):
        self.ledger = folder + "/ledger"
        self.service = Service(
            {
                "datastreams": [
                    {"id": one, "uuid": uuid(one), "name": "-", "workspace": "-", "enabled": True, "active_mode": None, "smart": None} for one in STREAMS
                ],
                "bindings": [
                    {"id": one, "datastream_id": stream, "target_id": target, "enabled": one in enabled} for one, (stream, target) in BINDINGS.items()
                ],
                "extracts": [{"id": 100 + number, "datastream_id": 1 + number % 2, "created": moment(number - 5)} for number in range(5)],
            }
        )
        self.service.pace = pace
        for name, value in switches.items():
            setattr(self.service, name, frozenset(value) if isinstance(value, list) else value)
        self.by_itself = []  # (extract, binding)
        self.once_bad = set()
        self.count = Counter()
        self.known = {row["id"]: row for row in self.service.extracts}

    @contextlib.contextmanager
    def told(self):
        """While it is told: modules speak to this service, time is this service's, and transactions have points."""
        clock = types.SimpleNamespace(sleep=self._sleep, monotonic=lambda: self.service.seconds)
        with contextlib.ExitStack() as stack:
            for name in CALLED:
                stack.enter_context(mock.patch.object(in_process.load(name), "connect", lambda _params: Watched(self.service, retries=1)))
            stack.enter_context(mock.patch.object(_ledger, "time", clock))
            stack.enter_context(mock.patch.object(SqliteStore, "transaction", _transaction_with_points))
            yield self

    def _sleep(self, seconds):
        self.service.seconds += seconds
        _point(waits=True)

    # What happens

    def fetch(self, datastream_id):
        """One more extract. It loads by itself where a binding is enabled."""
        number = 100 + len(self.known)
        self.known[number] = {"id": number, "datastream_id": datastream_id, "created": self.service.now("created")}
        self.service.extracts.append(self.known[number])
        of_it = [one for one, (stream, _target) in BINDINGS.items() if stream == datastream_id]
        self.by_itself += [(number, one) for one in of_it if self.service.bindings[one]["enabled"]]

    def hand(self, binding_id):
        """Somebody switches a binding in Adverity.

        Left out where nobody could see it: rows without ``updated``; the very second in which a run reads or writes bindings; and a binding of
        which the ledger has noted nothing yet.
        """
        row = self.service.bindings[binding_id]
        seen = any(record["seen"] or record["updated"] for record in self.records(binding_id))
        if "updated" in self.service.hidden or self.service.looked_at == int(self.service.seconds) or not seen:
            return
        self.count["hand"] += 1
        row.update(enabled=not row["enabled"], updated=self.service.now("updated"))

    def wait(self, seconds):
        self.service.seconds += seconds

    def vanish(self, place):
        """Retention, or somebody, deletes an extract."""
        if self.service.extracts:
            self.service.bad.discard(self.service.extracts.pop(place % len(self.service.extracts))["id"])

    def spoil(self, place):
        """An extract turns bad: the service lists it, and does not take it."""
        if self.service.extracts:
            number = self.service.extracts[place % len(self.service.extracts)]["id"]
            self.service.bad.add(number)
            self.once_bad.add(number)

    def mend(self, place):
        if self.service.bad:
            self.service.bad.discard(sorted(self.service.bad)[place % len(self.service.bad)])

    def run(self, spec):
        return self.pair(spec, None, [])[0]

    def pair(self, first, second, bursts):
        """Two runs at once: so many points of the first, then of the second, and so on in turns; where one waits the other goes on."""
        runs = [Run(self, spec, _WORKS[spec.get("kind", "role")]) for spec in (first, second) if spec is not None]
        self.count.update(one.spec.get("ends", ("whole",))[0] for one in runs)
        bursts, turn = list(bursts), 0
        while not all(one.ended for one in runs):
            mine = runs[turn % len(runs)]
            turn += 1
            left = bursts.pop(0) if bursts else 1
            while left and not mine.ended:
                mine.go_on()
                self.check()
                left = 0 if mine.waits else left - 1
            if mine.ended and not mine.judged:
                mine.judged = True
                self.judge(mine)
        return runs

    # What has to be true

    def arrived(self):
        return Counter(self.service.loads + self.by_itself)

    def check(self):
        """Nothing is loaded twice."""
        twice = [pair for pair, count in self.arrived().items() if count > 1]
        assert not twice, f"twice: {twice}"

    def judge(self, run):
        """Who says that there is nothing to do must be right: all that could be chosen has arrived, or is named."""
        if run.error is not None:
            self.count[type(run.error).__name__] += 1
        if run.spec.get("kind") or not run.outcome or not run.outcome.lines[0].endswith("nothing to do"):
            return
        self.count["nothing to do"] += 1
        window = [run.spec.get(name) for name in ("created_from", "created_to")]
        if self.service.undated and window != [None, None]:
            return
        inside = _extracts.within(*(None if one is None else moment(one) for one in window))
        result = run.outcome.requeued
        named = {one for name in ("unknown_extract_ids", "refused_extract_ids") for one in result.get(name, [])}
        arrived = self.arrived()
        for row in run.outcome.results["__deploy_destination_plan"]["bindings"]:
            if row["action"] == "left_alone":
                continue
            refused = {entry["extract_id"] for entry in self.entries(row["binding_id"]) if entry["status"] == "refused"}
            missing = [
                one
                for one in run.there.intersection(self.listed())
                if self.known[one]["datastream_id"] == row["datastream_id"] and inside(times.parse(self.known[one]["created"]))
                and not arrived[one, row["binding_id"]] and one not in named | refused
            ]
            assert not missing, f"nothing to do, but for binding {row['binding_id']} there are {missing}"

    def listed(self):
        return [row["id"] for row in self.service.extracts]

    def records(self, binding_id):
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as ledger:
            return [json.loads(row[0]) for row in ledger.execute("SELECT record FROM binding WHERE binding_id = ?", (binding_id,))]
        return []

    def call(self, name, **options):
        return in_process.run(name, dict(CONNECTION, instance=Model.host, **dict({"ledger": self.ledger}, **options)))

    def entries(self, binding_id):
        return self.call("adverity_requeue_info", binding_ids=[binding_id])["extracts"]

    def settle(self, target_id=None):
        """The user looks into Adverity, and settles what is unknown: one by one, and truthfully. Returns the last results of the role."""
        self.count["settled"] += 1
        last = []
        for target in TARGETS if target_id is None else [target_id]:
            for _time in range(6):
                try:
                    last.append(in_process.deploy(self.call, target_id=target, on_refused="skip", ledger=self.ledger))
                except AdverityError as error:
                    self.check()
                    unknown = error.facts.get("unknown_extract_ids")
                    assert unknown, str(error)
                    self.settle_pairs([(one, binding) for binding, (stream, of) in BINDINGS.items() if of == target for one in unknown if self.known[one]["datastream_id"] == stream])
                else:
                    break
            else:
                raise AssertionError("it cannot be settled: " + error.result()["msg"])
        return last

    def settle_pairs(self, pairs):
        for extract, binding in pairs:
            how = "dispatched" if self.arrived()[extract, binding] else "requeue"
            self.count[how] += 1
            if how == "requeue" and not self.service.bindings[binding]["enabled"]:
                self.call("adverity_binding", binding_ids=[binding], enabled=True)
            self.call("adverity_requeue", extract_ids=[extract], binding_ids=[binding], on_unknown=how, on_refused="skip")
            self.check()

    def end(self):
        """When all is settled: each extract reached each binding once, or is named as refused, or has vanished."""
        self.wait(5)
        last = self.settle()
        alone = [row["target_id"] for one in last for row in one.results["__deploy_destination_plan"]["bindings"] if row["action"] == "left_alone"]
        for target in set(alone):
            for _time in range(4):
                try:
                    in_process.deploy(self.call, target_id=target, backfill="always", on_refused="skip", ledger=self.ledger)
                    break
                except AdverityError as error:
                    self.settle_pairs(
                        (one, binding) for one in error.facts["unknown_extract_ids"] for binding, (stream, of) in BINDINGS.items()
                        if of == target and self.known[one]["datastream_id"] == stream
                    )
        self.check()
        arrived, listed = self.arrived(), set(self.listed())
        for binding, (stream, _target) in BINDINGS.items():
            assert self.service.bindings[binding]["enabled"]
            refused = {entry["extract_id"] for entry in self.entries(binding) if entry["status"] == "refused"}
            missing = [one for one in listed if self.known[one]["datastream_id"] == stream and not arrived[one, binding] and one not in refused]
            assert not missing, f"never reached binding {binding}: {missing}"
            assert not refused & listed - self.service.bad - self.once_bad, "refused, but never bad"
        # And again: nothing is left to do.
        before = (list(self.service.loads), len(self.service.writes))
        for target in TARGETS:
            again = in_process.deploy(self.call, target_id=target, on_refused="skip", ledger=self.ledger)
            hides = "enabled" in self.service.hidden
            assert hides or again.lines[0].endswith("nothing to do")
            assert hides or (self.service.loads, len(self.service.writes)) == before
            assert self.service.loads == before[0]


def _role(run, **more):
    spec = {name: value for name, value in run.spec.items() if name not in ("kind", "events", "faults", "ends", "limit", "created_from", "created_to")}
    window = {"backfill_" + name[8:]: moment(run.spec[name]) for name in ("created_from", "created_to") if name in run.spec}
    return in_process.deploy(run.call, ledger=run.story.ledger, **spec, **window, **more)


def _requeue(run):
    spec = {name: value for name, value in run.spec.items() if name not in ("kind", "events", "faults", "ends", "created_from", "created_to")}
    window = {name: moment(run.spec[name]) for name in ("created_from", "created_to") if name in run.spec}
    return run.call("adverity_requeue", **spec, **window)


def _switch(run, enabled):
    return run.call("adverity_binding", target_id=run.spec["target_id"], enabled=enabled)


_WORKS = {
    "role": _role,
    "role off": lambda run: _role(run, enabled=False),
    "requeue": _requeue,
    "enable": lambda run: _switch(run, True),
    "disable": lambda run: _switch(run, False),
}
