# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to two destinations of a team: runs, also two at once, killed and cut off; people who switch bindings by hand; extracts that come, turn bad
and vanish. And what has to be true of it. Not tests.

Runs have *points*: before and after each request, before and after each transaction of
the ledger, and where they wait for a turn. Whatever else happens, happens at a point; two runs at once are threads of which one stands at a point.
"""

from __future__ import annotations

import contextlib
import threading
import types
from collections import Counter
from unittest import mock

from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, LedgerError, Lost, Refused
from ansible_collections.adverity.management.plugins.module_utils._ledger import turns as _turns
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.sqlite import SqliteStore
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._resources import binding_state as _binding_state
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts as _extracts
from ansible_collections.adverity.management.plugins.module_utils._spec import times
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.properties.services import CONNECTION, Model, ModelClient, moment, uuid

TARGETS = [70, 71]
STREAMS = [1, 2]
BINDINGS = {5: (1, 70), 9: (2, 70), 12: (1, 71)}  # datastream, destination
CALLED = ["adverity_deployment_info", "adverity_requeue", "adverity_binding", "adverity_requeue_info"]
LAST_POINT = 40  # about so many points has a run


class Teller:
    """Makes up histories: a world, and steps. Everything comes from the numbers that ``pick`` gives, so a history is worth what they are worth."""

    def __init__(self, random):
        self._random = random

    def pick(self, *choices):
        return choices[self._random.randrange(len(choices))]

    def often(self, value, other=None):
        return self.pick(value, value, other)

    def rarely(self, value, other=None):
        return self.pick(value, other, other, other)

    def number(self, most):
        return self._random.randrange(most + 1)

    def world(self):
        world = {"pace": self.pick(0.05, 0.3, 0.3, 1.0)}
        for name, value in (
            ("fine", self.pick(["updated"], ["created"], ["updated", "created"])),
            ("hidden", self.rarely(self.pick(["enabled"], ["updated"], ["enabled", "updated"]))),
            ("untold", ["updated"]),
            ("undated", self.rarely(True)),
            ("most_rows", 1),
            ("enabled", self.pick([5], [5, 9], [12])),
        ):
            value = self.rarely(value)
            if value is not None:
                world[name] = value
        return world

    def event(self):
        return self.pick(
            ("fetch", self.pick(1, 1, 2)),
            ("hand", self.pick(5, 5, 9, 12)),
            ("hand", self.pick(5, 5, 9, 12)),
            ("wait", self.pick(0.3, 1.0, 2.5)),
            self.pick(("vanish", self.number(7)), ("spoil", self.number(7)), ("mend", self.number(2)), ("fetch", 1)),
        )

    def days(self):
        """Some events close to each other."""
        return self.pick(
            [self.event() for _time in range(1 + self.number(2))],
            [("fetch", 1), ("hand", 5)],
            [("hand", 5), ("fetch", 1), ("hand", 5)],
            [("wait", 1.0), ("hand", 5), ("fetch", 1), ("wait", 1.0), ("hand", 5)],
            [("fetch", 1), ("vanish", self.number(3))],
        )

    def spec(self, whole=False):
        spec = {"target_id": self.pick(70, 70, 71)}
        for name, value in (
            ("kind", self.rarely(self.pick("requeue", "enable", "disable", "role off"))),
            ("backfill", self.rarely("always")),
            ("created_from", self.rarely(self.pick(-2, 0, 3))),
            ("created_to", self.rarely(self.pick(0, 3, 8, 20))),
            ("on_unknown", self.pick("skip", None)),
            ("on_refused", self.pick("skip", None)),
            ("batch_size", self.pick(1, 2, None)),
            ("limit", self.rarely(1)),
            ("events", self.pick({self.number(LAST_POINT): self.days() for _time in range(1 + self.number(2))}, None)),
            ("faults", self.rarely({self.number(10): self.pick("lost before", "lost after", "lost after", "busy") for _time in range(2)})),
            ("ends", None if whole else self.pick((self.pick("killed", "killed", "orphaned"), self.number(LAST_POINT)), None)),
        ):
            if value is not None:
                spec[name] = value
        return spec

    def steps(self):
        steps = []
        for _time in range(2 + self.number(3)):
            if self.pick(True, False):
                steps += self.days()
            steps.append(self.pick(
                ("run", self.spec()),
                ("run", self.spec()),
                ("pair", self.spec(), self.spec(), [self.number(LAST_POINT // 2) for _time in range(self.number(5))]),
                ("pair", self.spec(), self.spec(whole=True), [self.number(LAST_POINT)]),
                self.rarely(("settle",), ("run", self.spec())),
            ))  # fmt: skip
        return steps + self.pick([], self.days())

    def history(self):
        return self.world(), self.steps()


class Killed(BaseException):
    """The process ends here, and nothing of it goes on."""


class Run:
    """A run on its way. With ``go_on`` it is a thread, and stands still after so many points, or where it waits; with ``execute`` it goes to its end."""

    def __init__(self, story, spec):
        self.story, self.spec = story, spec
        self.there = set(story.listed())  # what could be chosen when it began
        self.points = self.requests = 0
        self.killed = self.orphaned = self.waits = self.ended = False
        self.outcome = self.error = self.bug = None
        self._left, self._thread = None, None
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)

    def execute(self):
        """What it does, to its end."""
        _HERE.run = self
        try:
            self.outcome = _WORKS[self.spec.get("kind", "role")](self)
        except Killed:
            pass
        except AdverityError as error:
            self.error = error
        finally:
            _HERE.run = None
            self.ended = True

    def _live(self):
        self._go.acquire()
        try:
            self.execute()
        except BaseException as bug:
            self.bug = bug
        self._stands.release()

    def go_on(self, points):
        """So many points further, or until it waits, or to its end."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, daemon=True)
            self._thread.start()
        self._left = points
        self._go.release()
        self._stands.acquire()
        if self.bug is not None:
            raise self.bug

    def point(self, waits=False):
        if self.killed:
            raise Killed
        self.story.check()
        if self._left is not None:
            self._left = 0 if waits else self._left - 1
            if self._left <= 0:
                self._stands.release()
                self._go.acquire()
        how, when = self.spec.get("ends", (None, None))
        self.killed = when == self.points and how == "killed"
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

    def call(self, name, /, **options):
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

    def _send(self, method, path, params, body, again=False):
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
    """What happens to the destinations, and what has to be true of it.

    ``enabled`` are bindings that are enabled from the beginning; only where rows tell so, because nobody could know since when they load by themselves.
    """

    def __init__(self, folder, pace=1.0, enabled=(), **switches):
        enabled = () if switches.get("hidden") else enabled
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
        self.before = []  # the same, before the ledger could know
        self.once_bad = set()
        self.count = Counter()
        self.known = {row["id"]: row for row in self.service.extracts}

    @contextlib.contextmanager
    def told(self):
        """While it is told: modules speak to this service, time is this service's, and transactions have points."""
        clock = types.SimpleNamespace(sleep=self._sleep, monotonic=lambda: self.service.seconds)
        with contextlib.ExitStack() as stack:
            for name in CALLED:
                stack.enter_context(mock.patch.object(in_process.load(name), "connect", side_effect=lambda _params: Watched(self.service, retries=1)))
            stack.enter_context(mock.patch.object(_turns, "clock", clock))
            stack.enter_context(mock.patch.object(_binding_state, "machine_clock", clock))
            stack.enter_context(mock.patch.object(SqliteStore, "transaction", _transaction_with_points))
            yield self

    def _sleep(self, seconds):
        self.service.seconds += seconds
        _point(waits=True)

    # What happens

    def fetch(self, datastream_id):
        """One more extract. It loads by itself where a binding is enabled; before the ledger has a record of that binding, nobody can know of it."""
        number = 100 + len(self.known)
        self.known[number] = {"id": number, "datastream_id": datastream_id, "created": self.service.now("created")}
        self.service.extracts.append(self.known[number])
        of_it = [one for one, (stream, _target) in BINDINGS.items() if stream == datastream_id]
        for pair in [(number, one) for one in of_it if self.service.bindings[one]["enabled"]]:
            (self.by_itself if self.counts(pair[1]) else self.before).append(pair)

    def hand(self, binding_id):
        """Somebody switches a binding in Adverity.

        Left out where nobody could see it: rows without ``updated``; the very second in which a run reads or writes bindings; and a binding of
        which the ledger has noted nothing yet.
        """
        row = self.service.bindings[binding_id]
        if "updated" in self.service.hidden or self.service.looked_at == int(self.service.seconds) or self.history(binding_id) is None:
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
        """One run alone."""
        run = self._begin(spec)
        run.execute()
        self._note(run)

    def pair(self, first, second, bursts):
        """Two runs at once: so many points of the first, then of the second, and so on in turns; where one waits the other goes on."""
        runs = [self._begin(first), self._begin(second)]
        bursts, turn = list(bursts), 0
        while not all(one.ended for one in runs):
            mine, turn = runs[turn % 2], turn + 1
            points = bursts.pop(0) if bursts else 2
            if points and not mine.ended:
                mine.go_on(points)
                if mine.ended:
                    self._note(mine)

    def _note(self, run):
        """Counts what a run came to, and judges it."""
        self.count["late"] += any(point >= run.points for point in (*run.spec.get("events", {}), *run.spec.get("ends", ())[1:]))
        if run.error is not None:
            self.count[type(run.error).__name__] += 1
        self.judge(run)

    def _begin(self, spec):
        self.count[spec.get("ends", ("whole",))[0]] += 1
        return Run(self, spec)

    # What has to be true

    def arrived(self):
        return Counter(self.service.loads + self.by_itself)

    def check(self):
        """Nothing is loaded twice."""
        twice = [pair for pair, count in self.arrived().items() if count > 1]
        assert not twice, f"twice: {twice}"

    def judge(self, run):
        """Who says that there is nothing to do must be right: all that could be chosen has arrived, or is named."""
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
        # Where somebody else enabled a binding in the middle of the run, the task that sends is the one that warns.
        for row in result.get("bindings") or run.outcome.results["__deploy_destination_plan"]["bindings"]:
            if row["action"] == "left_alone":
                continue
            refused = {entry["extract_id"] for entry in self.entries(row["binding_id"]) if entry["status"] == "refused"}
            missing = [
                one
                for one in run.there.intersection(self.listed())
                if self.known[one]["datastream_id"] == row["datastream_id"] and inside(times.parse(self.known[one]["created"]))
                and not arrived[one, row["binding_id"]] and one not in named | refused and (one, row["binding_id"]) not in self.before
            ]
            assert not missing, f"nothing to do, but for binding {row['binding_id']} there are {missing}"

    def listed(self):
        return [row["id"] for row in self.service.extracts]

    def history(self, binding_id):
        """What the ledger records of the binding; None where it has not seen it."""
        with contextlib.suppress(LedgerError), Ledger(self.ledger, None, Model.host, LOOK) as ledger:
            return ledger.histories([binding_id]).get(binding_id)
        return None

    def counts(self, binding_id):
        """Whether what the binding loads automatically counts: of one that was enabled when the ledger first saw it not before a run sends into it, so that
        the user who asks for its history gets it."""
        history = self.history(binding_id)
        return history is not None and not history.is_initial

    def call(self, name, /, **options):
        return in_process.run(name, dict(CONNECTION, instance=Model.host, **dict({"ledger": self.ledger}, **options)))

    def entries(self, binding_id):
        return self.call("adverity_requeue_info", binding_ids=[binding_id])["extracts"]

    def settle(self):
        """The user looks into Adverity, and settles what is unknown: extract by extract and binding by binding, and truthfully."""
        self.count["settled"] += 1
        for target in TARGETS:
            last = self._settle(target)
            # Left alone was named: the user asks for it.
            if any(row["action"] == "left_alone" for row in last.results["__deploy_destination_plan"]["bindings"]):
                self._settle(target, backfill="always")

    def _settle(self, target, **more):
        """Runs the role until it is through, and returns that run."""
        for _time in range(6):
            try:
                last = self._deploy(target, **more)
                if self._has_vanished_unknown(target):
                    last = self._deploy(target, **dict(more, on_unknown="dispatched"))
                return last
            except AdverityError as error:
                stopped = error
            self.check()
            unknown, listed = stopped.facts.get("unknown_extract_ids"), set(self.listed())
            if not unknown and "batch_size: 1" in stopped.result()["msg"]:  # the only extracts of a datastream are bad
                more["batch_size"] = 1
                continue
            if not unknown:
                raise AssertionError("it fails, and not at what is unknown") from stopped
            for binding, (stream, of) in BINDINGS.items():
                if of == target:
                    self._settle_binding(binding, [one for one in unknown if one in listed and self.known[one]["datastream_id"] == stream])
        raise AssertionError("it cannot be settled") from stopped

    def _has_vanished_unknown(self, target):
        """What has vanished can be neither sent nor named: the user says that it is done."""
        listed = self.listed()
        entries = [entry for binding, (_stream, of) in BINDINGS.items() if of == target for entry in self.entries(binding)]
        return any(entry["status"] == "unknown" and entry["extract_id"] not in listed for entry in entries)

    def _settle_binding(self, binding, extracts):
        arrived = self.arrived()
        for how in ("dispatched", "requeue"):
            some = [one for one in extracts if bool(arrived[one, binding]) is (how == "dispatched")]
            if how == "requeue":
                self.service.bad.difference_update(some)  # as long as it is refused, it stays unknown: the user corrects the cause first
            self.count[how] += len(some)
            if some and how == "requeue" and not self.service.bindings[binding]["enabled"]:
                self.call("adverity_binding", binding_ids=[binding], enabled=True)
            if some:
                settled = dict(extract_ids=some, binding_ids=[binding], on_unknown=how, on_refused="skip")
                try:
                    self.call("adverity_requeue", **settled)
                except AdverityError as stopped:
                    if "batch_size: 1" not in stopped.result()["msg"]:
                        raise
                    self.call("adverity_requeue", batch_size=1, **settled)  # all of them are bad
                self.check()

    def _deploy(self, target, **more):
        return in_process.deploy(self.call, target_id=target, on_refused="skip", ledger=self.ledger, **more)

    def end(self):
        """When all is settled: each extract reached each binding once, or is named as refused, or has vanished."""
        self.wait(5)
        self.settle()
        self.check()
        arrived, listed = self.arrived(), set(self.listed())
        for binding, (stream, _target) in BINDINGS.items():
            assert self.service.bindings[binding]["enabled"]
            refused = {entry["extract_id"] for entry in self.entries(binding) if entry["status"] == "refused"}
            due = {one for one in listed if self.known[one]["datastream_id"] == stream and (one, binding) not in self.before}
            missing = {one for one in due - refused if not arrived[one, binding]}
            assert not missing, f"never reached binding {binding}: {missing}"
            assert not refused & listed - self.service.bad - self.once_bad, "refused, but never bad"
        # And again: nothing is left to do.
        before = (list(self.service.loads), len(self.service.writes))
        for target in TARGETS:
            again = self._deploy(target)
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
