# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service of a history: what it holds at the beginning, how it answers, and who selects what of it. Not tests."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.machine.strange import StrangeTransport
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Time

Row = dict[str, Any]
WORKSPACE = "a0000000-0000-4000-8000-000000000001"
DATASTREAMS = (4001, 4002, 4003)
TARGETS = (70, 71)
BINDINGS = {5001: (4001, 70), 5002: (4002, 70), 5003: (4003, 70), 5004: (4001, 71)}  # datastream, destination
FIRST_EXTRACT = 901
ENABLED_SINCE = "2025-12-30T12:00:00Z"  # the bindings that are enabled at the beginning
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


class Pair(NamedTuple):
    """An extract, and the table into which it is loaded: that of a datastream in a destination, whatever the id of the binding."""

    extract_id: int
    datastream_id: int
    target_id: int

    @property
    def table(self) -> tuple[int, int]:
        return self.datastream_id, self.target_id


class Service:
    """A simulator with two destinations, three datastreams, and extracts of four days.

    Bindings are disabled but for those in ``enabled``, which have loaded automatically what is newer than ENABLED_SINCE. ``extracts``: how many each datastream
    has. ``page_size``: of extracts. ``load_seconds``: that a load takes. How it answers: words of SWITCHES in ``answers``, and options of StrangeTransport.
    """

    def __init__(
        self, time: Time, enabled: Collection[int] = (), extracts: int = 2, page_size: int = 100, same_time: bool = False, load_seconds: float = 0.0,
        answers: Collection[str] = (), **strange: Any,
    ) -> None:  # fmt: skip
        self.time = time
        self.table_of = dict(BINDINGS)  # also of bindings that are gone
        self.datastream_of: dict[int, int] = {}  # of extracts, also of those that are gone
        self.created: dict[int, str] = {}
        self.hidden: list[Row] = []  # extracts that no list shows for a while
        for number in range(extracts * len(DATASTREAMS)):
            day = 28 if same_time else 28 + number // len(DATASTREAMS) % 4
            self.datastream_of[FIRST_EXTRACT + number] = DATASTREAMS[number % len(DATASTREAMS)]
            self.created[FIRST_EXTRACT + number] = f"2025-12-{day}T05:00:00Z"
        switches: Row = {"extract_page_size": page_size, "processing_at_enable": "loaded"}
        for answer in answers:
            switches.update(SWITCHES[answer])
        self.simulator = in_process.import_simulator().Simulator(self._beginning(enabled, load_seconds), switches, port=None)
        self.world = self.simulator.world
        self.transport = StrangeTransport(self.simulator, **strange)

    def _beginning(self, enabled: Collection[int], load_seconds: float) -> Row:
        bindings = [
            {"id": one, "datastream_id": datastream, "target_id": target, "enabled": one in enabled, "table_name": f"table_{datastream}"}
            | ({"updated": ENABLED_SINCE} if one in enabled else {})
            for one, (datastream, target) in BINDINGS.items()
        ]
        return {
            "now": "2026-01-01T00:00:00Z",
            "step": 0,
            "load_seconds": load_seconds,
            "keys": {"demo": {"key": in_process.KEY, "workspace": WORKSPACE}},
            "workspaces": [{"id": WORKSPACE, "name": "Acme", "parent": None}],
            "datastreams": [{"id": one, "name": f"Stream {one}"} for one in DATASTREAMS],
            "targets": [{"id": one, "name": f"Destination {one}"} for one in TARGETS],
            "bindings": bindings,
            "extracts": [{"id": one, "datastream_id": datastream, "created": self.created[one]} for one, datastream in self.datastream_of.items()],
        }

    @property
    def listed(self) -> set[int]:
        """The extracts that Adverity has."""
        return set(self.world.extracts)

    @property
    def processing(self) -> set[int]:
        """The extracts that Adverity is processing."""
        return {number for number, end in self.world.processed_at.items() if self.time.now() < end}

    @property
    def unhealthy(self) -> bool:
        """Whether something is refused, closed, unreadable or hidden."""
        closed = any(not row["available"] for row in self.world.bindings.values())
        strange = self.transport
        return bool(self.world.refused or strange.refused_bindings or strange.unreadable or strange.broken or self.hidden or closed)

    def bindings_of(self, table: tuple[int, int]) -> list[int]:
        """The bindings of a table, also those that are gone."""
        return [one for one, its_table in self.table_of.items() if its_table == table]

    def move_time(self, seconds: float) -> None:
        """Time passes; what is being processed ends by itself."""
        self.time.move(seconds)
        self.world.clock.fixed = self.time.now()
        self.world.settle()

    def fetch(self, datastream_id: int, processing: float) -> int:
        """A new extract, which loads automatically where a binding is enabled: now, or at the end of its processing."""
        self.world.set_loading({"process_seconds": processing})
        row = self.simulator.fetch(datastream_id)
        number: int = row["id"]
        created = row["created"]
        self.created[number] = created if "." in created else created[:-1] + ".000000Z"  # so that texts are in the order of times
        self.datastream_of[number] = datastream_id
        return number

    def assign_again(self, binding_id: int) -> int:
        """An assignment is deleted and made again: the same datastream, destination and table, disabled, with another id, which is returned."""
        row, number = self.world.bindings[binding_id], self.world.next_id("bindings")
        now = self.time.now().isoformat().replace("+00:00", "Z")
        self.world.remove("bindings", binding_id)
        self.world.put("bindings", dict(row, id=number, enabled=False, created=now, updated=now))
        self.table_of[number] = self.table_of[binding_id]
        return number

    def selected(self, options: Row, listed: set[int]) -> Iterator[Pair]:
        """What the options of a run select of these extracts, but for bindings that are gone."""
        since, until = (options.get("backfill_" + name) or options.get("created_" + name) for name in ("from", "to"))
        for binding_id, row in self.world.bindings.items():
            datastream_id, target_id = self.table_of[binding_id]
            if options.get("target_id") not in (None, target_id) or binding_id not in (options.get("binding_ids") or [binding_id]):
                continue
            if datastream_id not in (options.get("datastream_ids") or [datastream_id]) or not row["available"]:
                continue
            for one in sorted(listed):
                inside = (since or "") <= self.created[one] <= (until or "9")
                if self.datastream_of[one] == datastream_id and inside and one in (options.get("extract_ids") or [one]):
                    yield Pair(one, datastream_id, target_id)
