# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in a history: what it was asked for, its requests, and what a user reads of it. Not tests."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from ansible_collections.adverity.management.plugins.module_utils._api.transport import Request, Response
from ansible_collections.adverity.management.tests.unit.plugins import role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.machine.service import LABELS
from ansible_collections.adverity.management.tests.unit.plugins.machine.strange import BINDINGS
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Run
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import FaultyTransport

if TYPE_CHECKING:
    from ansible_collections.adverity.management.tests.unit.plugins.machine.history import History

Row = dict[str, Any]
NAMED = ("unknown_extract_ids", "refused_extract_ids", "failed_extract_ids", "remaining_extract_ids")
MODULES = {"requeue": "adverity_requeue", "switch": "adverity_binding", "look": "adverity_load_info"}


class HistoryRun(Run):
    """A run of the role (``deploy``), of a module of MODULES, or of ``adverity_ledger_copy`` (``copy``)."""

    def __init__(self, history: History, kind: str, options: Row, check_mode: bool = False) -> None:
        super().__init__(self._run, lambda: HistoryTransport(history, self), history.service.time)
        self.kind, self.options, self.check_mode = kind, options, check_mode
        self._places = history.places
        self.faults: dict[str, str] = {}  # of requests, as {"POST 1": "lost after"} for the first POST
        self.requests: Counter[str] = Counter()  # by method
        self.writes: list[Request] = []
        self.overtaken = False  # what it works on was made anew meanwhile
        self.truthful = False  # what it is told to send again did not arrive
        self.alone = not history.active  # nothing else happens while it is at work
        self.listed = history.listed  # the extracts that could be chosen when it began
        self.saw: dict[int, bool] = {}  # bindings, and whether they were enabled when it read them last before it wrote any

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(f'{name}={value!r}' for name, value in self.options.items())})"

    def _run(self, call: Any) -> Any:
        place, other_place = self._places
        if self.kind == "copy":
            return call("adverity_ledger_copy", source=place.ledger, destination=other_place.ledger, ledger_wait=2)
        if self.kind in MODULES:
            labels = {"state_labels": LABELS} if self.kind == "requeue" else {}
            return call(MODULES[self.kind], check_mode=self.check_mode, ledger=place.ledger, ledger_wait=2, **{**labels, **self.options})

        def call_with_wait(name: str, /, **options: Any) -> Row:
            wait = {"ledger_wait": 2} if name in ("adverity_requeue", "adverity_binding") else {}
            return call(name, **{**options, **wait})

        return role_in_process.deploy(call_with_wait, check_mode=self.check_mode, ledger=place.ledger, **self.options)

    # What it was asked for

    @property
    def sends_what_may_have_arrived(self) -> bool:
        """Whether it was asked to."""
        return not self.truthful and (bool(self.options.get("force")) or self.options.get("on_unknown") == "requeue")

    @property
    def names_bindings(self) -> bool:
        """Whether it names bindings, or their destination."""
        return bool(self.options.get("target_id") or self.options.get("binding_ids"))

    @property
    def names_extracts_alone(self) -> bool:
        """Whether it sends extracts, and names no binding."""
        return "extract_ids" in self.options and not self.names_bindings

    @property
    def sends_what_failed(self) -> bool:
        """Whether it was asked to send again what failed to load."""
        return self.options.get("on_failed") == "requeue"

    @property
    def sends_all_again(self) -> bool:
        """Whether it was asked to send the history also into a binding whose table got it before: by name, or because ``adverity_requeue`` does."""
        return self.options.get("backfill", "always" if self.kind == "requeue" else None) == "always"

    @property
    def sends_all(self) -> bool:
        """Whether it sends all that it selects."""
        options = self.options
        held_back = options.get("limit") or options.get("backfill") == "never" or options.get("state") == "planned"
        return not held_back and options.get("enabled") is not False

    def reads(self, binding: Row) -> bool:
        """Whether a run that comes to its end has read a binding for sure."""
        narrowed = "extract_ids" in self.options or binding["datastream_id"] not in (self.options.get("datastream_ids") or [binding["datastream_id"]])
        return self.options.get("target_id") == binding["target_id"] and not narrowed

    # What came of it

    @property
    def _deployment(self) -> role_in_process.Deployment | None:
        return self.result if isinstance(self.result, role_in_process.Deployment) else None

    @property
    def facts(self) -> Row:
        """The result of what sends, also where it failed."""
        if self.error is not None:
            return self.error.facts
        return self._deployment.requeued if self._deployment else self.result or {}

    @property
    def planned(self) -> list[Row]:
        """What the plan of the role says of bindings."""
        return self._deployment.results["__deploy_destination_plan"]["bindings"] if self._deployment else []

    @property
    def warnings(self) -> list[str]:
        results = self._deployment.results.values() if self._deployment else [self.result or {}]
        return [warning for result in results for warning in result.get("warnings", [])]

    @property
    def text(self) -> str:
        """What a user reads."""
        if self.error is not None:
            return str(self.error.result()["msg"]) + " ".join(self.error.facts.get("warnings", []))
        return " ".join([*self.warnings, *(self._deployment.lines if self._deployment else [])])

    def named(self, *names: str) -> set[int]:
        """The extracts that it names as unknown, refused, failed or remaining, or as these."""
        return {one for name in names or NAMED for one in self.facts.get(name) or []}

    @property
    def unknown(self) -> set[int]:
        return self.named("unknown_extract_ids")

    def tells(self, number: int) -> bool:
        return re.search(rf"\b{number}\b", self.text) is not None


class HistoryTransport:
    """The service, for one run: each request takes its time, and what it loads counts as loaded by this run."""

    def __init__(self, history: History, run: HistoryRun) -> None:
        self._history, self._run = history, run
        self._faulty = FaultyTransport(history.service.transport, self._find_fault)

    def _find_fault(self, request: Request) -> str | None:
        self._run.requests[request.method] += 1
        return self._run.faults.get(f"{request.method} {self._run.requests[request.method]}")

    def send(self, request: Request) -> Response:
        history, run = self._history, self._run
        history.wait(history.pace / 2)
        did_nothing = False
        try:
            if request.method not in ("GET", "OPTIONS"):
                run.writes.append(request)
            elif request.path == BINDINGS and not run.writes:
                run.saw.update((one, row["enabled"]) for one, row in history.service.world.bindings.items())
            response = self._faulty.send(request)
            did_nothing = response.status == 503 or 400 <= response.status < 500
            return response
        finally:
            history.loads.take(run)
            history.loads.take_request(run, request, did_nothing)
            for other in history.active if request.method == "PATCH" else ():
                history.loads.begin(other)  # it may read the binding only now
            history.wait(history.pace / 2)
