# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What came of a run of the role ``deploy_destination``, binding by binding, and as data for ``set_stats``. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._api.paging import Row
from .results import Counts, PlannedBinding, RoleRun


class BindingSummary(t.NamedTuple):
    """What became of a binding. ``outcomes``: how many of its loads that were followed have which outcome; empty where none were."""

    planned: PlannedBinding
    is_written: bool
    counts: Counts
    outcomes: dict[str, int]

    def data(self) -> Row:
        """For ``set_stats``."""
        return {
            **self.counts._asdict(),
            "binding_id": self.planned.binding_id,
            "datastream_id": self.planned.datastream_id,
            "name": self.planned.name,
            "written": self.is_written,
            "backfill": self.planned.action,
            **({"loads": self.outcomes} if self.outcomes else {}),
        }


@dataclass(frozen=True)
class Summary:
    """What came of a run of the role."""

    run: RoleRun
    bindings: list[BindingSummary]

    @property
    def target_id(self) -> int | None:
        """The destination; None where it does not exist yet."""
        return self.run.made.target_id or self.run.plan.target_id

    @property
    def changed(self) -> bool:
        """Whether something was written, or in check mode would be."""
        # A changed assignment of a binding that is there shows in the plan alone.
        run = self.run
        changes = (
            run.made.changed,
            run.plan.assigns,
            run.requeued.changed,
            *run.written_uuids.values(),
        )
        return any(changes) or any(each.is_written or each.counts.recorded for each in self.bindings)

    @property
    def extract_count(self) -> int:
        """How many extracts were sent, or in check mode would be: also into bindings that are still to be made, each extract once."""
        missing = (each for each in self.bindings if each.planned.binding_id is None)
        by_datastream = {each.planned.datastream_id: each.counts.requeued for each in missing}
        return self.run.requeued.extract_count + sum(by_datastream.values())

    @property
    def leaves_out(self) -> bool:
        """Whether the history of a binding was not sent, or not all of it, and a warning says why."""
        return any(
            each.planned.action == "left_alone"
            or each.counts.refused
            or each.counts.failed
            or each.counts.unknown
            for each in self.bindings
        )

    @property
    def is_held_back(self) -> bool:
        """Whether datastreams were not enabled because something is left open."""
        return bool(self.run.left_open) and "switch_on" in self.run.plan.steps

    @property
    def left_open(self) -> list[str]:
        """Messages about all that is left open."""
        failure = self._failure_of_loads()
        return self.run.left_open + ([failure] if failure else [])

    def _failure_of_loads(self) -> str | None:
        """What the last step leaves open: loads that failed, or that it could not look at. None for nothing."""
        run = self.run
        if run.failed == "follow":
            return run.followed.message
        return run.followed.open_message(run.plan.on_failed, run.requeued.failed_extract_ids)

    def data(self) -> Row:
        """For ``set_stats``."""
        run, left_open = self.run, self.left_open
        return {
            "target_id": self.target_id,
            "name": run.plan.name,
            "created": run.made.created,
            "enabled": run.plan.enabled,
            "check_mode": run.check_mode,
            "written_binding_ids": run.enabled.written_ids,
            "written_datastream_ids": run.written_uuids,
            "extract_count": self.extract_count,
            "bindings": [each.data() for each in self.bindings],
            **({"failed_step": run.failed} if run.failed else {}),
            **({"open": left_open} if left_open else {}),
            **({} if run.followed.loads is None else {"loads": run.followed.data()}),
            "changed": self.changed,
        }


def summarize(run: RoleRun) -> Summary:
    """What came of this run."""
    written_ids = frozenset(run.enabled.written_ids)
    return Summary(run, [_summarize(run, binding, written_ids) for binding in run.bindings()])


def _summarize(
    run: RoleRun, binding: PlannedBinding, written_ids: t.Collection[int | None]
) -> BindingSummary:
    binding_id = binding.binding_id
    counts = (run.requeued.counts or {}).get(binding_id, Counts())
    would_enable = run.check_mode and run.plan.enabled and not run.failed_before_sending
    if binding_id is None and binding.action == "record":
        counts = Counts(skipped=binding.extract_count, recorded=binding.extract_count)
    elif binding_id is None:
        counts = Counts(requeued=binding.extract_count)
    # A new assignment is disabled.
    is_written = would_enable if binding_id is None else binding_id in written_ids
    return BindingSummary(binding, is_written, counts, run.followed.outcomes.get(binding_id, {}))
