# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the playbook ``report`` says in its output, beside the page that it writes. Pure.

Lines are short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible.
"""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.paging import Row

_STATUSES = ("dispatched", "recorded", "pending", "unknown", "refused", "failed")
_OPEN = ("pending", "unknown", "refused", "failed")
_NO_RECORD = "This ledger is empty. If there was one with records, it is lost, or ledger names another one, see Look after the ledger"
_NOT_SEEN = "If the assignment or the destination was deleted, there is nothing to do. If not, run this with a key that can see the binding"
_OUTCOMES = {
    "loaded": "loaded",
    "failed": "failed to load",
    "loading": "loading",
    "unconfirmed": "unconfirmed",
}
_MAX_LINES = 100  # of each kind: the page has all
_MAX_ISSUES = 20
Counts = t.Mapping[str, int]  # by status, or by outcome


class Shown(t.NamedTuple):
    """What Adverity shows: the results of ``adverity_load_info``, ``adverity_issue_info`` and ``adverity_job_info``, also failed or skipped ones."""

    loads: Row
    issues: Row
    jobs: Row


_NOTHING = Shown({}, {}, {})


class _Binding(t.NamedTuple):
    id: int
    target_id: int
    target_name: str
    is_enabled: bool

    @classmethod
    def from_row(cls, row: Row) -> _Binding:
        return cls(row["id"], row["target_id"], row.get("target_name") or "", row.get("enabled") is True)

    @property
    def destination(self) -> str:
        name = text.line(self.target_name, longest=60)
        return f"destination {self.target_id}" + (f", {name}" if name else "")


class _Backfill(t.NamedTuple):
    """What the ledger records of a binding. ``binding_id`` is None for what was sent without naming one."""

    binding_id: int | None
    datastream_id: int | None
    counts: Counts
    is_planned: bool

    @classmethod
    def from_row(cls, row: Row) -> _Backfill:
        counts = _counts(row, _STATUSES)
        return cls(row["binding_id"], row.get("datastream_id"), counts, bool(row.get("planned_at")))

    @property
    def is_open(self) -> bool:
        return any(self.counts[name] for name in _OPEN)

    @property
    def is_unfinished(self) -> bool:
        return self.is_open or self.is_planned


class _Ledger(t.NamedTuple):
    """``backfills`` by binding."""

    place: str
    counts: Counts
    in_progress: bool
    backfills: dict[int | None, _Backfill]

    @classmethod
    def of(cls, result: Row) -> _Ledger:
        backfills = [_Backfill.from_row(row) for row in result["backfills"]]
        return cls(
            text.line(result.get("ledger") or ""),
            _counts(result["counts"], _STATUSES),
            bool(result.get("in_progress")),
            {backfill.binding_id: backfill for backfill in backfills},
        )


class _Loads(t.NamedTuple):
    """``counts`` are empty where the outcomes could not be read."""

    counts: Counts
    by_binding: dict[int | None, Counts]

    @classmethod
    def of(cls, result: Row) -> _Loads:
        rows = result.get("bindings") or []
        counts = result.get("counts")
        return cls(
            _counts(counts, _OUTCOMES) if counts else {},
            {row["binding_id"]: _counts(row, _OUTCOMES) for row in rows},
        )


class _Issue(t.NamedTuple):
    datastream_id: int | None
    stage: str
    message: str
    address: str

    @classmethod
    def from_row(cls, row: Row) -> _Issue:
        url = row.get("url")
        is_address = isinstance(url, str) and url.startswith(("https://", "http://"))
        stage, message = _plain(row.get("extraction_stage_label")), _plain(row.get("message"))
        return cls(row.get("datastream_id"), stage, message, text.line(url) if is_address else "")


class _Job(t.NamedTuple):
    id: int
    datastream_id: int | None
    type: str
    state: str

    @classmethod
    def from_row(cls, row: Row) -> _Job:
        type_, state = _plain(row.get("type")), _plain(row.get("state_label"))
        return cls(row["id"], row.get("datastream_id"), type_, state)


def make(bindings: list[Row], ledger: Row, shown: Shown = _NOTHING) -> list[str]:
    """Lines for a person: totals, what needs attention, what the key cannot see, open issues, what is under way, each destination.

    A binding that is not listed was deleted, or the key cannot see it: nothing here tells which, and no module can settle it with this key.
    ``bindings`` are those of ``adverity_binding_info``, ``ledger`` is the result of ``adverity_requeue_info``.
    """
    listed, recorded, loads = (
        [_Binding.from_row(row) for row in bindings],
        _Ledger.of(ledger),
        _Loads.of(shown.loads),
    )
    by_id: dict[int | None, _Binding] = {binding.id: binding for binding in listed}
    unfinished = [backfill for backfill in recorded.backfills.values() if backfill.is_unfinished]
    attention = [
        _attention(backfill, by_id.get(backfill.binding_id))
        for backfill in unfinished
        if backfill.binding_id in by_id or not backfill.binding_id
    ]
    not_seen = [
        f"Not seen by this key - {_open(backfill)}"
        for backfill in unfinished
        if backfill.binding_id and backfill.binding_id not in by_id
    ]
    return [
        f"{_many(len({binding.target_id for binding in listed}), 'destination')}, {_enabled(listed)}",
        *_ledger_lines(recorded, not unfinished, any(binding.is_enabled for binding in listed)),
        *_read_lines(loads, shown),
        *_first(attention, "bindings need attention"),
        *_first(not_seen, "bindings are not seen by this key"),
        *([_NOT_SEEN] if not_seen else []),
        *_first([_issue(issue) for issue in _open_issues(shown.issues)], "open issues", _MAX_ISSUES),
        *_first([_job(job) for job in _unfinished_jobs(shown.jobs)], "jobs under way", _MAX_ISSUES),
        *_first(_destinations(listed, recorded, loads), "destinations"),
    ]


def _ledger_lines(ledger: _Ledger, is_calm: bool, has_enabled: bool) -> list[str]:
    """What the ledger records in all. ``is_calm``: nothing is unfinished; ``has_enabled``: a binding is enabled."""
    counts = ", ".join(f"{count} {name}" for name, count in ledger.counts.items())
    lines = [" ".join(each for each in ("Ledger", ledger.place, "-", counts) if each)]
    if ledger.in_progress:
        lines.append("A run is in progress. What it is sending now counts as unknown")
    if has_enabled and not ledger.backfills:
        lines.append(_NO_RECORD)
    elif is_calm:
        lines.append("Nothing in the ledger is pending, unknown, refused or failed")
    return lines


def _read_lines(loads: _Loads, shown: Shown) -> list[str]:
    """What Adverity shows of everything that was sent, and what could not be read."""
    results = zip(("outcomes", "issues", "jobs"), shown)
    missing = [
        f"Not read - {what} - {_plain(result['msg'])}" for what, result in results if result.get("msg")
    ]
    if not loads.counts:
        return missing
    words = ", ".join(f"{loads.counts[name]} {outcome}" for name, outcome in _OUTCOMES.items())
    return [f"Of what was sent - {words}", *missing]


def _destinations(listed: list[_Binding], ledger: _Ledger, loads: _Loads) -> list[str]:
    by_target: dict[int, list[_Binding]] = {}
    for binding in listed:
        by_target.setdefault(binding.target_id, []).append(binding)
    return [_destination(by_target[target_id], ledger, loads) for target_id in sorted(by_target)]


def _open_issues(result: Row) -> list[_Issue]:
    """The issues that nobody has acknowledged, as far as the API tells, newest first."""
    rows = reversed(result.get("issues") or [])
    return [_Issue.from_row(row) for row in rows if row.get("ack") is not True]


def _unfinished_jobs(result: Row) -> list[_Job]:
    """The jobs that have not ended."""
    unfinished = set(result.get("unfinished") or ())
    return [_Job.from_row(row) for row in result.get("jobs") or [] if row["id"] in unfinished]


def _attention(backfill: _Backfill, binding: _Binding | None) -> str:
    return f"Needs attention - {_open(backfill, binding.destination if binding else 'in the ledger only')}"


def _open(backfill: _Backfill, where: str = "") -> str:
    """Which extracts are open, and how many."""
    who = f"binding {backfill.binding_id}" if backfill.binding_id else "all bindings that were enabled"
    what = _counted(backfill.counts) if backfill.is_open else "planned, not started"
    return f"{', '.join(filter(None, (who, _datastream(backfill.datastream_id), where)))} - {what}"


def _destination(bindings: list[_Binding], ledger: _Ledger, loads: _Loads) -> str:
    """One destination. ``bindings`` are its own."""
    backfills = [ledger.backfills[binding.id] for binding in bindings if binding.id in ledger.backfills]
    followed = [loads.by_binding[binding.id] for binding in bindings if binding.id in loads.by_binding]
    counts = {name: sum(backfill.counts[name] for backfill in backfills) for name in _STATUSES}
    seen = {name: sum(outcomes[name] for outcomes in followed) for name in _OUTCOMES}
    if seen["failed"] <= counts["failed"]:
        seen["failed"] = 0  # the ledger records it
    shown = "".join(f", {count} {_OUTCOMES[name]}" for name, count in seen.items() if count)
    planned = sum(backfill.is_planned and not backfill.is_open for backfill in backfills)
    planned_words = f"{_many(planned, 'backfill')} planned" if planned else ""
    recorded = ", ".join(filter(None, (_counted(counts), planned_words))) or "no backfill in the ledger"
    return f"D{bindings[0].destination[1:]} - {_enabled(bindings)}, {recorded}{shown}"


def _issue(issue: _Issue) -> str:
    words = ("Open issue", _datastream(issue.datastream_id), issue.stage, issue.message, issue.address)
    return " - ".join(filter(None, words))


def _job(job: _Job) -> str:
    what = ", ".join(filter(None, (job.type, job.state))) or f"job {job.id}"
    return " - ".join(filter(None, ("Under way", _datastream(job.datastream_id), what)))


def _datastream(datastream_id: int | None) -> str:
    return f"datastream {datastream_id}" if datastream_id else ""


def _plain(value: t.Any) -> str:
    return text.line(value, longest=200).replace(": ", " - ").rstrip(".") if isinstance(value, str) else ""


def _enabled(bindings: list[_Binding]) -> str:
    enabled = sum(binding.is_enabled for binding in bindings)
    return f"{enabled} of {_many(len(bindings), 'binding')} enabled"


def _counts(row: Row, names: t.Iterable[str]) -> Counts:
    return {name: row.get(name) or 0 for name in names}


def _counted(counts: Counts) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _first(lines: list[str], what: str, longest: int = _MAX_LINES) -> list[str]:
    return lines if len(lines) <= longest else [*lines[:longest], f"and {len(lines) - longest} more {what}"]
