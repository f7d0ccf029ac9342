# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scene: the simulator in the test's process, and modules and the role that run against it. Not tests.

A module runs from its ``main()``: options come as JSON, the result goes out as JSON. What holds for every run is checked with each of them: it ends, it prints
JSON, its result has the documented keys, nothing that it prints or logs shows a key, and what it sends names what it means. Time is held: it passes where
a module waits.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from ansible_collections.adverity.management.plugins.module_utils._api import clock, connection
from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingHistory
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.observed_api import ObservedApi
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import KEY, READ_ONLY_KEY, World
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.main import run_main
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SlowTransport

if TYPE_CHECKING:
    from ansible_collections.adverity.management.tests.unit.plugins import role_in_process

Row = dict[str, Any]
HOST = "acme.example"
# What differs between two runs that do the same.
_GIVEN = ("id", "binding_id", "table_name")  # by the service
_MOMENTS = ("updated", "created", "planned_at", "dispatched_at")

NOT_DOCUMENTED = {"changed", "diff", "failed", "invocation"}  # keys of results that no module documents
NOT_ALWAYS = {"remaining", "unknown", "unfinished", "check_mode"}  # documented keys that a result may have
UNFORESEEN = {"invocation", "check_mode", "created", "destination", "batches", "ledger", "warnings"}  # keys that check mode need not foresee


class Scene(ObservedApi):
    """A service that began with this world, and a ledger. Use it as a context manager."""

    def __init__(self, folder: Path, world: World, **switches: Any) -> None:
        super().__init__(world, in_process.import_simulator().Simulator(world.data, switches, port=None))
        self.ledger = folder / "requeue.sqlite3"
        self.options: Row = {"instance": HOST, "api_key": KEY}  # of every module
        self.ledger_password: str | None = None
        self.late: list[Any] = []  # work that the service does although nobody waits for it any more
        self.seconds = 0.0  # that have passed on the clock of this machine
        self.waits: list[float] = []  # of modules, in seconds
        self.secret = [KEY, READ_ONLY_KEY]  # what no output may show
        self.said = ""  # all that modules have printed and logged
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Scene:
        for name, function in (("sleep", self._wait), ("monotonic", lambda: self.seconds), ("now", self.service.world.now)):
            self._held.enter_context(mock.patch.object(clock, name, function))
        self._held.enter_context(mock.patch.object(connection, "RequestsTransport", self._open))
        return self

    def __exit__(self, *exception: Any) -> None:
        self._held.close()
        if exception[0] is None:
            self.check_manners()

    def _open(self, _base_url: str, _verify: Any, timeout: float) -> SlowTransport:
        return SlowTransport(self.service, timeout, self.pass_time, lambda: self.seconds, self.late)

    @property
    def client(self) -> Client:
        """A client of the service, for what no module does alone. It repeats no request."""
        return Client("https://" + HOST, KEY, self._open("", True, 30.0), retries=0)

    def show(self, path: str, *rows: Row, second_page: Sequence[Row] = ()) -> None:
        """The next list at this path has these rows, whatever the service holds; with a ``second_page``, in two requests."""
        pages = [rows, second_page] if second_page else [rows]
        for page in pages:
            following = None if page is pages[-1] else f"https://{HOST}{path}?page=2"
            body = {"items": page, "results": page, "count": sum(map(len, pages)), "next": following}
            self.service.fault(method="GET", path=f"^{path}$", json=body)

    def histories(self) -> dict[int, BindingHistory]:
        """What the ledger records of bindings."""
        with Ledger(str(self.ledger), None, HOST, LOOK) as ledger:
            return ledger.histories()

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        """Time passes for everybody."""
        self.seconds += seconds
        world_clock = self.service.world.clock
        world_clock.fixed += timedelta(seconds=seconds)

    def settle(self) -> None:
        """The service ends what it does although nobody waits for it."""
        self.pass_time(3600)
        SlowTransport(self.service, 1.0, self.pass_time, lambda: self.seconds, self.late).catch_up()

    def run(self, module: str, /, check_mode: bool = False, **options: Any) -> Row:
        """The result of a module, whose name goes without ``adverity_``. ``failed`` and ``warnings`` are always there."""
        module = "adverity_" + module
        options = {**self.options, **options}
        if "ledger" in in_process.spec_of(module)[0]:
            options = {"ledger": str(self.ledger), "ledger_password": self.ledger_password, **options}
        ended = run_main(module, options, check_mode)
        self.said += ended.said
        assert not [secret for secret in self.secret if secret in ended.said], ended.said
        if not ended.result.get("failed"):
            keys, documented = set(ended.result), set(re.findall(r"^(\w+):", in_process.load(module).RETURN, re.M))
            assert keys - documented <= NOT_DOCUMENTED, f"missing in RETURN of {module}"
            assert documented - keys <= NOT_ALWAYS, f"RETURN of {module} has keys that the result has not"
        return {"failed": False, **ended.result, "warnings": ended.warnings}

    def deploy(self, check_mode: bool = False, ignore_errors: bool = False, **variables: Any) -> role_in_process.Deployment:
        """A run of the role. Raises RoleFailed."""
        # It needs Jinja, which is not there where the tests of modules run on the oldest Python.
        from ansible_collections.adverity.management.tests.unit.plugins import role_in_process

        self.results: list[tuple[str, Row]] = []

        def call(name: str, /, check_mode: bool = False, **options: Any) -> Row:
            result = self.run(name.removeprefix("adverity_"), check_mode, **options)
            self.results.append((name, result))
            if result.pop("failed"):
                raise RoleFailed(result.pop("msg"), **result)
            return result

        ledger = {"ledger": str(self.ledger)}
        return role_in_process.deploy(call, check_mode, ignore_errors, **{**ledger, **variables})

    def role_failure(self, **variables: Any) -> Row:
        """What the role fails with: the result of the task."""
        try:
            self.deploy(**variables)
        except AdverityError as error:
            return error.result()
        raise AssertionError("the role did not fail")

    def rehearse(self, module: str, /, foreseen: bool = True, **options: Any) -> tuple[Row, Row, Row]:
        """Results of a module in check mode, of the real run, and of another one. Checks what holds for every module that changes something.

        Check mode reads, writes nothing, not even a ledger, and tells what the real run does, if that can be ``foreseen``; the second run reads and changes
        nothing.
        """
        with self.no_write():
            predicted = self.run(module, True, **options)
        done = self.run(module, **options)
        written = len(self.writes())
        for part in set() if not foreseen else set(predicted) & set(done) - UNFORESEEN:
            assert _agrees(predicted[part], done[part]), (part, predicted[part], done[part])
        again = self.run(module, **options)
        if not done["failed"]:
            assert done["changed"] is True or not written
            assert (again["failed"], again["changed"], self.writes()[written:]) == (False, False, []), "the second run wrote"
        return predicted, done, again

    @contextlib.contextmanager
    def no_write(self) -> Iterator[None]:
        """Checks that nothing is written in it, neither to the service nor to a ledger; requests from before it are forgotten."""
        before, ledger = self.state(), self.ledger.read_bytes() if self.ledger.exists() else None
        self.forget()
        yield
        assert self.writes() == []
        assert self.state() == before
        assert (self.ledger.read_bytes() if self.ledger.exists() else None) == ledger

    def state(self) -> Row:
        """What the service holds and what it has loaded, but for times, and for what it makes by itself: extracts, jobs and issues."""
        kinds = set(in_process.import_simulator().KINDS) - {"extracts", "jobs", "issues"}
        rows = {kind: {one: dict(row) for one, row in getattr(self.service.world, kind).items()} for kind in sorted(kinds)}
        return json.loads(json.dumps([_timeless(rows), sorted(self.service.arrivals)], default=str))  # type: ignore[no-any-return]


class RoleFailed(AdverityError):
    """A module that the role calls has failed; ``result()`` is its result."""


def _agrees(predicted: Any, done: Any) -> bool:
    """Whether what was predicted came: times and what the service gives are not known before, and a row of a list may have fewer fields than a response."""
    if isinstance(predicted, dict) and isinstance(done, dict):
        known = set(predicted) & set(done) - {name for name in _MOMENTS if name in predicted}
        return all(_agrees(predicted[name], done[name]) for name in known if name not in _GIVEN or predicted[name] is not None)
    if isinstance(predicted, list) and isinstance(done, list):
        return len(predicted) == len(done) and all(_agrees(*pair) for pair in zip(predicted, done))
    return bool(predicted == (done["id"] if isinstance(done, dict) and isinstance(predicted, int) else done))


def _timeless(value: Any) -> Any:
    """A value without the times that are in it."""
    if isinstance(value, dict):
        return {name: None if name in _MOMENTS else _timeless(one) for name, one in value.items()}
    return [_timeless(one) for one in value] if isinstance(value, list) else value
