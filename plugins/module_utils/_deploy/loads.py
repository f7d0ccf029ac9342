# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the summary of a deployment says of the loads that it followed. Pure.

``followed`` is the result of ``adverity_load_info``, empty where it did not run.
"""

from __future__ import annotations

import typing as t

from .._api import text

Result = t.Mapping[str, t.Any]

_WORDS = {"loaded": "loaded", "failed": "failed", "loading": "still loading", "unconfirmed": "unconfirmed"}
_MAX_LINES = 10  # of one outcome
_LOADING = "Still loading when the time to wait was over. Run it again to look again"
_UNCONFIRMED = "Nothing that Adverity shows tells whether the unconfirmed extracts were loaded. Look into the table at the destination"
_WAYS_ON = {
    "fail": "Correct the cause in Adverity. Then set deploy_destination_on_failed: requeue to send them again, or warn to leave them out.",
    "requeue": "Correct the cause in Adverity and run it again: the next run sends them again.",
}


def count_by_binding(followed: Result) -> dict[int | None, dict[str, int]]:
    """How many extracts of each binding have which outcome."""
    return {
        row["binding_id"]: {outcome: row[outcome] for outcome in _WORDS}
        for row in followed.get("bindings", [])
    }


def describe(counts: t.Mapping[str, int]) -> list[str]:
    """The outcomes of a binding, in words."""
    return [f"{counts[outcome]} {words}" for outcome, words in _WORDS.items() if counts.get(outcome)]


def data(followed: Result) -> dict[str, t.Any]:
    """For ``set_stats``: counts, each failure, and of the unconfirmed extracts the ids by reason."""
    unconfirmed: dict[str, list[int]] = {}
    for row in _having(followed, "unconfirmed"):
        unconfirmed.setdefault(row["reason"], []).append(row["extract_id"])
    return {
        "counts": followed["counts"],
        "failed": [
            {name: row[name] for name in ("extract_id", "binding_id", "reason", "issue")}
            for row in _having(followed, "failed")
        ],
        "loading": [row["extract_id"] for row in _having(followed, "loading")],
        "unconfirmed": unconfirmed,
        "waited": followed["waited"],
    }


def lines(followed: Result) -> list[str]:
    """For a person: the failures with their reasons, and why extracts are unconfirmed. Without colons, as all lines of the summary."""
    failures: dict[tuple[t.Any, str], list[int]] = {}
    for row in _having(followed, "failed"):
        failures.setdefault((row["binding_id"], row["reason"]), []).append(row["extract_id"])
    reasons: dict[str, int] = {}
    for row in _having(followed, "unconfirmed"):
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    failed = [
        f"failed - extract {text.ids(ids)}, binding {binding_id} - {_plain(reason)}"
        for (binding_id, reason), ids in failures.items()
    ]
    unconfirmed = [
        f"unconfirmed - {count} extract{'s' if count > 1 else ''} - {_plain(reason)}"
        for reason, count in reasons.items()
    ]
    found = [*_first(failed), *_first(unconfirmed)]
    if followed.get("counts", {}).get("loading"):
        found.append(_LOADING)
    if unconfirmed:
        found.append(_UNCONFIRMED)
    return found


def open_message(followed: Result, on_failed: str, named_ids: t.Collection[int]) -> str | None:
    """What is left open, None for nothing: the failures that are not named already."""
    failed = [row for row in _having(followed, "failed") if row["extract_id"] not in named_ids]
    if not failed or on_failed == "warn":
        return None
    ids = list(dict.fromkeys(row["extract_id"] for row in failed))
    shown = failed[0]
    example = f"extract {shown['extract_id']}, binding {shown['binding_id']}: {shown['reason']}"
    return f"The load of {len(ids)} extract{'s' if len(ids) > 1 else ''} failed: {text.ids(ids)} ({example}). {_WAYS_ON[on_failed]}"


def _having(followed: Result, outcome: str) -> list[dict[str, t.Any]]:
    return [row for row in followed.get("loads", []) if row["outcome"] == outcome]


def _first(found: list[str]) -> list[str]:
    rest = len(found) - _MAX_LINES
    return (
        found if rest <= 0 else [*found[:_MAX_LINES], f"and {rest} more, see the result of Follow the loads"]
    )


def _plain(reason: str) -> str:
    return text.line(reason).replace(": ", " - ").rstrip(".")
