# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the summary of a deployment says of the loads that it followed. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from .._api import text
from .._api.paging import Row

_WORDS = {"loaded": "loaded", "failed": "failed", "loading": "still loading", "unconfirmed": "unconfirmed"}
_MAX_LINES = 10  # of one outcome
_LOADING = "Still loading when the time to wait was over. Run it again to look again"
_UNCONFIRMED = "Nothing that Adverity shows tells whether the unconfirmed extracts were loaded. Look into the table at the destination"
_WAYS_ON = {
    "fail": "Correct the cause in Adverity. Then set deploy_destination_on_failed: requeue to send them again, or warn to leave them out.",
    "requeue": "Correct the cause in Adverity and run it again: the next run sends them again.",
}


class Load(t.NamedTuple):
    """An extract that was followed, and what became of it."""

    extract_id: int
    binding_id: int | None
    outcome: str
    reason: str
    issue: t.Any

    @classmethod
    def from_row(cls, row: Row) -> Load:
        """An item of ``loads``."""
        return cls(row["extract_id"], row["binding_id"], row["outcome"], row["reason"], row.get("issue"))


@dataclass(frozen=True)
class LoadResult:
    """What ``adverity_load_info`` has returned.

    ``loads`` are None where it did not run, or could not look. ``outcomes``: how many extracts of each binding
    have which outcome. ``counts``: of all. ``waited``: seconds. ``message``: why it failed.
    """

    loads: list[Load] | None
    outcomes: dict[int | None, dict[str, int]]
    counts: dict[str, int]
    waited: float
    message: str

    @classmethod
    def of(cls, result: Row) -> LoadResult:
        """Of any result."""
        loads = result.get("loads")
        return cls(
            None if loads is None else [Load.from_row(row) for row in loads],
            {
                row["binding_id"]: {outcome: row[outcome] for outcome in _WORDS}
                for row in result.get("bindings", [])
            },
            result.get("counts", {}),
            result.get("waited", 0),
            str(result.get("msg")),
        )

    def data(self) -> Row:
        """For ``set_stats``: counts, each failure, and of the unconfirmed extracts the ids by reason."""
        unconfirmed: dict[str, list[int]] = {}
        for load in self._having("unconfirmed"):
            unconfirmed.setdefault(load.reason, []).append(load.extract_id)
        return {
            "counts": self.counts,
            "failed": [
                {
                    "extract_id": load.extract_id,
                    "binding_id": load.binding_id,
                    "reason": load.reason,
                    "issue": load.issue,
                }
                for load in self._having("failed")
            ],
            "loading": [load.extract_id for load in self._having("loading")],
            "unconfirmed": unconfirmed,
            "waited": self.waited,
        }

    def lines(self) -> list[str]:
        """For a person: the failures with their reasons, and why extracts are unconfirmed. Without colons, as all lines of the summary."""
        failures: dict[tuple[int | None, str], list[int]] = {}
        for load in self._having("failed"):
            failures.setdefault((load.binding_id, load.reason), []).append(load.extract_id)
        reasons = Counter(load.reason for load in self._having("unconfirmed"))
        failed = [
            f"failed - extract {text.ids(ids)}, binding {binding_id} - {_plain(reason)}"
            for (binding_id, reason), ids in failures.items()
        ]
        unconfirmed = [
            f"unconfirmed - {text.counted(count, 'extract')} - {_plain(reason)}"
            for reason, count in reasons.items()
        ]
        found = [*_first(failed), *_first(unconfirmed)]
        if self.counts.get("loading"):
            found.append(_LOADING)
        if unconfirmed:
            found.append(_UNCONFIRMED)
        return found

    def open_message(self, on_failed: str, named_ids: t.Collection[int]) -> str | None:
        """What is left open, None for nothing: the failures that are not named already."""
        failed = [load for load in self._having("failed") if load.extract_id not in named_ids]
        if not failed or on_failed == "warn":
            return None
        ids = list(dict.fromkeys(load.extract_id for load in failed))
        shown = failed[0]
        example = f"extract {shown.extract_id}, binding {shown.binding_id}: {shown.reason}"
        return f"The load of {text.counted(len(ids), 'extract')} failed: {text.ids(ids)} ({example}). {_WAYS_ON[on_failed]}"

    def _having(self, outcome: str) -> list[Load]:
        return [load for load in self.loads or () if load.outcome == outcome]


def describe(counts: t.Mapping[str, int]) -> list[str]:
    """The outcomes of a binding, in words."""
    return [f"{counts[outcome]} {words}" for outcome, words in _WORDS.items() if counts.get(outcome)]


def _first(found: list[str]) -> list[str]:
    rest = len(found) - _MAX_LINES
    return (
        found if rest <= 0 else [*found[:_MAX_LINES], f"and {rest} more, see the result of Follow the loads"]
    )


def _plain(reason: str) -> str:
    return text.line(reason).replace(": ", " - ").rstrip(".")
