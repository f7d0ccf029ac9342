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

Row = dict[str, t.Any]

_STATUSES = ("dispatched", "recorded", "pending", "unknown", "refused", "failed")
_OPEN = ("pending", "unknown", "refused", "failed")
_NO_RECORD = "This ledger is empty. If there was one with records, it is lost, or ledger names another one, see Look after the ledger"
_OUTCOMES = {
    "loaded": "loaded",
    "failed": "failed to load",
    "loading": "loading",
    "unconfirmed": "unconfirmed",
}
_MAX_LINES = 100  # of each kind: the page has all
_MAX_ISSUES = 20


class Shown(t.NamedTuple):
    """What Adverity shows: the results of ``adverity_load_info``, ``adverity_issue_info`` and ``adverity_job_info``, also failed or skipped ones."""

    loads: Row
    issues: Row
    jobs: Row


_NOTHING = Shown({}, {}, {})


def make(bindings: list[Row], ledger: Row, shown: Shown = _NOTHING) -> list[str]:
    """Lines for a person: totals, what needs attention, open issues, what is under way, each destination.

    ``bindings`` are those of ``adverity_binding_info``, ``ledger`` is the result of ``adverity_requeue_info``.
    """
    backfills = {row["binding_id"]: row for row in ledger["backfills"]}
    known = {row["id"]: row for row in bindings}
    attention = [_attention(each, row, known.get(each)) for each, row in backfills.items() if _open(row)]
    return [
        f"{_many(len({row['target_id'] for row in bindings}), 'destination')}, {_enabled(bindings)}",
        *_ledger_lines(ledger, not attention, any(row.get("enabled") is True for row in bindings)),
        *_read_lines(shown),
        *_first(attention, "bindings need attention"),
        *_first([_issue(row) for row in open_issues(shown.issues)], "open issues", _MAX_ISSUES),
        *_first([_job(row) for row in unfinished_jobs(shown.jobs)], "jobs under way", _MAX_ISSUES),
        *_first(_destinations(bindings, backfills, shown.loads), "destinations"),
    ]


def _ledger_lines(ledger: Row, is_calm: bool, has_enabled: bool) -> list[str]:
    """What the ledger records in all. ``is_calm``: nothing needs attention; ``has_enabled``: a binding is enabled."""
    counts = _counted({name: ledger["counts"].get(name, 0) for name in _STATUSES}, all_of_them=True)
    lines = [
        " ".join(each for each in ("Ledger", text.line(ledger.get("ledger") or ""), "-", counts) if each)
    ]
    if ledger.get("in_progress"):
        lines.append("A run is in progress. What it is sending now counts as unknown")
    if has_enabled and not ledger["backfills"]:
        lines.append(_NO_RECORD)
    elif is_calm:
        lines.append("Nothing in the ledger is pending, unknown, refused or failed")
    return lines


def _read_lines(shown: Shown) -> list[str]:
    """What Adverity shows of everything that was sent, and what could not be read."""
    counts = shown.loads.get("counts")
    words = ", ".join(f"{(counts or {}).get(name) or 0} {outcome}" for name, outcome in _OUTCOMES.items())
    results = zip(("outcomes", "issues", "jobs"), shown)
    missing = [
        f"Not read - {what} - {_plain(result['msg'])}" for what, result in results if result.get("msg")
    ]
    return [f"Of what was sent - {words}", *missing] if counts else missing


def _destinations(bindings: list[Row], backfills: dict[int, Row], loads: Row) -> list[str]:
    targets: dict[int, list[Row]] = {}
    for row in bindings:
        targets.setdefault(row["target_id"], []).append(row)
    outcomes = {row["binding_id"]: row for row in loads.get("bindings") or []}
    return [_destination(each, targets[each], backfills, outcomes) for each in sorted(targets)]


def open_issues(result: Row) -> list[Row]:
    """The issues that nobody has acknowledged, as far as the API tells, newest first."""
    return [row for row in reversed(result.get("issues") or []) if row.get("ack") is not True]


def unfinished_jobs(result: Row) -> list[Row]:
    """The jobs that have not ended."""
    unfinished = set(result.get("unfinished") or ())
    return [row for row in result.get("jobs") or [] if row["id"] in unfinished]


def _open(row: Row) -> bool:
    return any(row.get(name) for name in (*_OPEN, "planned_at"))


def _attention(binding_id: int, row: Row, binding: Row | None) -> str:
    what = _counted(row) if any(row.get(name) for name in _OPEN) else "planned, not started"
    where = f", {_named(binding['target_id'], binding)}" if binding else ", in the ledger only"
    who = f"binding {binding_id}" if binding_id else "all bindings that were enabled"
    datastream = f", datastream {row['datastream_id']}" if row.get("datastream_id") else ""
    return f"Needs attention - {who}{datastream}{where} - {what}"


def _destination(
    target_id: int, bindings: list[Row], backfills: dict[int, Row], outcomes: dict[int, Row]
) -> str:
    counts = {
        name: sum(backfills.get(row["id"], {}).get(name) or 0 for row in bindings) for name in _STATUSES
    }
    seen = {name: sum(outcomes.get(row["id"], {}).get(name) or 0 for row in bindings) for name in _OUTCOMES}
    if seen["failed"] <= counts["failed"]:
        seen["failed"] = 0  # the ledger records it
    shown = "".join(f", {count} {_OUTCOMES[name]}" for name, count in seen.items() if count)
    return f"D{_named(target_id, bindings[0])[1:]} - {_enabled(bindings)}, {_counted(counts) or 'no backfill in the ledger'}{shown}"


def _issue(row: Row) -> str:
    what = [_plain(row.get(name)) for name in ("extraction_stage_label", "message")]
    return " - ".join(["Open issue", *_where(row), *(each for each in what if each), *_address(row)])


def _job(row: Row) -> str:
    what = ", ".join(each for each in (_plain(row.get("type")), _plain(row.get("state_label"))) if each)
    return " - ".join(["Under way", *_where(row), what or f"job {row['id']}"])


def _where(row: Row) -> list[str]:
    return [f"datastream {row['datastream_id']}"] if row.get("datastream_id") else []


def _address(row: Row) -> list[str]:
    address = row.get("url")
    return (
        [text.line(address)]
        if isinstance(address, str) and address.startswith(("https://", "http://"))
        else []
    )


def _plain(value: t.Any) -> str:
    return text.line(value, longest=200).replace(": ", " - ").rstrip(".") if isinstance(value, str) else ""


def _named(target_id: int, binding: Row) -> str:
    name = text.line(binding.get("target_name") or "", longest=60)
    return f"destination {target_id}" + (f", {name}" if name else "")


def _enabled(bindings: list[Row]) -> str:
    return (
        f"{sum(row.get('enabled') is True for row in bindings)} of {_many(len(bindings), 'binding')} enabled"
    )


def _counted(counts: Row, all_of_them: bool = False) -> str:
    return ", ".join(
        f"{counts.get(name) or 0} {name}" for name in _STATUSES if counts.get(name) or all_of_them
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _first(lines: list[str], what: str, longest: int = _MAX_LINES) -> list[str]:
    return lines if len(lines) <= longest else [*lines[:longest], f"and {len(lines) - longest} more {what}"]
