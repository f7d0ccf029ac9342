# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the role ``deploy_destination`` says at its end: lines for a person, and the same as data for ``set_stats``. Pure."""

from __future__ import annotations

import typing as t

from .._api import text

_COUNTS = ("requeued", "skipped", "loaded_by_itself", "unknown", "refused", "remaining")
_SETTINGS = {"smart_pulling": ("set the smart schedule", "smart schedule set now"), "pulling_mode": ("set the pulling mode", "pulling mode set now")}
_SWITCHED = {True: ("enable", "enabled now"), False: ("disable", "disabled now")}
_REST = (
    ("skipped", "sent before"),
    ("loaded_by_itself", "loaded by itself"),
    ("unknown", "unknown"),
    ("refused", "refused"),
    ("remaining", "not sent yet"),
)


def make(
    plan: dict[str, t.Any], enabled: dict[str, t.Any], requeued: dict[str, t.Any], datastreams: dict[str, dict[str, t.Any]], check_mode: bool
) -> dict[str, t.Any]:
    """``lines`` and ``data``, from the results of ``adverity_deployment_info``, ``adverity_binding`` and ``adverity_requeue`` (empty where they did not run).

    ``datastreams`` has the results of what was set of datastreams: ``smart_pulling``, ``pulling_mode``, ``enabled``.
    """
    counts = {row["binding_id"]: row for row in requeued.get("summary", [])}
    written = enabled.get("affected", {}).get("binding_ids", [])
    rows = [
        dict(
            {name: counts.get(row["binding_id"], {}).get(name, 0) for name in _COUNTS},
            binding_id=row["binding_id"],
            datastream_id=row["datastream_id"],
            written=row["binding_id"] in written,
            backfill=row["action"],
        )
        for row in plan["bindings"]
    ]
    data = {
        "target_id": plan["target_id"],
        "enabled": plan["options"]["enabled"],
        "check_mode": check_mode,
        "written_binding_ids": written,
        "written_datastream_ids": {
            name: datastreams.get(name, {}).get("affected", {}).get("datastream_ids", []) for name in (*_SETTINGS, "enabled")
        },
        "extract_count": requeued.get("extract_count", 0),
        "bindings": rows,
    }
    return {"lines": _lines(plan, data), "data": data}


def _lines(plan: dict[str, t.Any], data: dict[str, t.Any]) -> list[str]:
    """Short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible."""
    name = next((row["target_name"] for row in plan["bindings"] if row.get("target_name")), None)
    title = f"Destination {data['target_id']}" + (f", {text.line(name)}" if name else "")
    word = "enabled" if data["enabled"] else "disabled"
    settings = dict(_SETTINGS, enabled=_SWITCHED[bool(plan["options"]["datastream_enabled"])])
    written = {name: len(ids) for name, ids in data["written_datastream_ids"].items() if ids}
    lines = [title]
    if not data["written_binding_ids"] and not data["extract_count"] and not written:
        lines = [title + " - nothing to do"]
    elif data["check_mode"]:
        lines.append("Check mode, nothing was written. A real run would")
    lines += [f"datastream {row['datastream_id']}, binding {row['binding_id']} - {_what(row, word, data['check_mode'])}" for row in data["bindings"]]
    for name, count in written.items():
        would, did = settings[name]
        lines.append(f"{count} datastream{'s' if count > 1 else ''} by UUID - {would if data['check_mode'] else did}")
    if data["extract_count"] and not data["check_mode"]:
        lines += ["Sent means dispatched. Adverity loads in the background and does not", "report the end of it. Look there for the outcome."]
    return lines


def _what(row: dict[str, t.Any], word: str, check_mode: bool) -> str:
    state = (word[:-1] if check_mode else f"{word} now") if row["written"] else f"{word} before"
    parts = [state]
    if row["backfill"] == "backfill":
        parts.append(f"send {row['requeued']} extracts" if check_mode else f"{row['requeued']} extracts sent")
        parts += [f"{row[name]} {words}" for name, words in _REST if row[name]]
    elif row["backfill"] == "done":
        parts.append("history sent before")
    elif row["backfill"] == "left_alone":
        parts.append("history not loaded, see the warning")
    return ", ".join(parts)
