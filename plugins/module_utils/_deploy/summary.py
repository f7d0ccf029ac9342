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
_MADE = {(True, True): "create", (True, False): "created now", (False, True): "change", (False, False): "changed now"}
_REST = (
    ("skipped", "sent before"),
    ("loaded_by_itself", "loaded by itself"),
    ("unknown", "unknown"),
    ("refused", "refused"),
    ("remaining", "not sent yet"),
)


def make(
    plan: dict[str, t.Any],
    made: dict[str, t.Any],
    enabled: dict[str, t.Any],
    requeued: dict[str, t.Any],
    datastreams: dict[str, dict[str, t.Any]],
) -> dict[str, t.Any]:
    """``lines`` and ``data``, from the results of ``adverity_deployment_info``, ``adverity_destination``, ``adverity_binding`` and ``adverity_requeue`` (empty
    where they did not run). ``datastreams`` has the results of what was set of datastreams: ``smart_pulling``, ``pulling_mode``, ``enabled``.
    """
    counts = {row["binding_id"]: row for row in requeued.get("summary", [])}
    written = enabled.get("affected", {}).get("binding_ids", [])
    names = {row["datastream_id"]: row["name"] for row in plan["bindings"] if row.get("name")}
    rows = []
    for row in _merged(plan["bindings"], requeued.get("bindings", [])):
        new = row["binding_id"] is None
        numbers = {name: counts.get(row["binding_id"], {}).get(name, 0) for name in _COUNTS}
        if new and row.get("extract_count"):
            numbers["requeued"] = row["extract_count"]
        rows.append(
            dict(
                numbers,
                binding_id=row["binding_id"],
                datastream_id=row["datastream_id"],
                name=names.get(row["datastream_id"]),
                written=new or row["binding_id"] in written,
                backfill=row["action"],
            )
        )
    data = {
        "target_id": made.get("destination", {}).get("id") or plan["target_id"],
        "name": plan["name"],
        "created": made.get("created", False),
        "enabled": plan["options"]["enabled"],
        "check_mode": plan["check_mode"],
        "written_binding_ids": written,
        "written_datastream_ids": {
            name: datastreams.get(name, {}).get("affected", {}).get("datastream_ids", []) for name in (*_SETTINGS, "enabled")
        },
        "extract_count": requeued.get("extract_count", 0),
        "bindings": rows,
    }
    # A changed assignment of a binding that is there shows in the plan alone.
    written_rows, written_datastreams = any(row["written"] for row in rows), any(data["written_datastream_ids"].values())
    data["changed"] = bool(made.get("changed") or plan.get("assign") or written_rows or written_datastreams or data["extract_count"])
    return {"lines": _lines(plan, data, made), "data": data}


def _merged(planned: list[dict[str, t.Any]], sent: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The planned bindings, with the ids of those that were created meanwhile."""
    known = {row["binding_id"] for row in planned}
    later: dict[int, list[dict[str, t.Any]]] = {}
    for row in sent:
        if row["binding_id"] not in known:
            later.setdefault(row["datastream_id"], []).append(row)
    return [later[row["datastream_id"]].pop(0) if row["binding_id"] is None and later.get(row["datastream_id"]) else row for row in planned]


def _lines(plan: dict[str, t.Any], data: dict[str, t.Any], made: dict[str, t.Any]) -> list[str]:
    """Short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible."""
    name = data["name"] or next((row["target_name"] for row in plan["bindings"] if row.get("target_name")), None)
    title = "Destination " + ", ".join(text.line(part) for part in (data["target_id"], name) if part)
    word = "enabled" if data["enabled"] else "disabled"
    settings = dict(_SETTINGS, enabled=_SWITCHED[bool(plan["options"]["datastream_enabled"])])
    written = {name: len(ids) for name, ids in data["written_datastream_ids"].items() if ids}
    lines = [title]
    if not data["changed"]:
        lines = [title + " - nothing to do"]
    elif data["check_mode"]:
        lines.append("Check mode, nothing was written. A real run would")
    if made.get("changed"):
        lines.append("destination - " + _MADE[data["created"], data["check_mode"]])
    lines += [f"{_label(row)} - {_what(row, word, data['check_mode'])}" for row in data["bindings"]]
    for name, count in written.items():
        would, did = settings[name]
        lines.append(f"{count} datastream{'s' if count > 1 else ''} by UUID - {would if data['check_mode'] else did}")
    if data["extract_count"] and not data["check_mode"]:
        lines += ["Sent means dispatched. Adverity loads in the background and does not", "report when it ends. Check the outcome there."]
    return lines


def _label(row: dict[str, t.Any]) -> str:
    name = f"datastream {row['datastream_id']}" + (f", {text.line(row['name'], longest=60)}" if row["name"] else "")
    return f"{name}, binding {row['binding_id']}" if row["binding_id"] else name


def _what(row: dict[str, t.Any], word: str, check_mode: bool) -> str:
    if row["binding_id"] is None and not check_mode:
        return "assigned, but its binding does not show yet. Run this again"
    parts = ["assign"] if row["binding_id"] is None else []
    parts.append((word[:-1] if check_mode else f"{word} now") if row["written"] else f"{word} before")
    if row["backfill"] == "backfill":
        parts.append(f"send {row['requeued']} extracts" if check_mode else f"{row['requeued']} extracts sent")
        parts += [f"{row[name]} {words}" for name, words in _REST if row[name]]
    elif row["backfill"] == "done":
        parts.append("history sent before")
    elif row["backfill"] == "left_alone":
        parts.append("history not loaded, see the warning")
    return ", ".join(parts)
