# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the role ``deploy_destination`` says at its end: lines for a person, and the same as data for ``set_stats``."""

from __future__ import annotations

import typing as t

_COUNTS = ("requeued", "skipped", "unknown", "remaining")
_SETTINGS = {"smart_pulling": ("set the smart schedule", "smart schedule set now"), "pulling_mode": ("set the pulling mode", "pulling mode set now")}
_SWITCHED = {True: ("switch on", "switched on now"), False: ("switch off", "switched off now")}
_REST = (("skipped", "sent before"), ("unknown", "of unknown outcome"), ("remaining", "left"))


def make_summary(
    plan: dict[str, t.Any],
    requeue: dict[str, t.Any],
    target_id: int,
    enabled: bool,
    check_mode: bool,
    datastreams: dict[str, dict[str, t.Any]],
    datastream_enabled: bool | None,
) -> dict[str, t.Any]:
    """``lines`` and ``data``, from the plan and from the result of ``adverity_requeue`` (empty where it did not run).

    ``datastreams`` has the results of what was set of datastreams: ``smart_pulling``, ``pulling_mode``, ``enabled``.
    """
    counts = {row["binding_id"]: row for row in requeue.get("summary", [])}
    bindings = []
    for row in plan["bindings"]:
        of_this = counts.get(row["id"], {})
        bindings.append(
            dict(
                {name: of_this.get(name, 0) for name in _COUNTS},
                binding_id=row["id"],
                datastream_id=row["datastream_id"],
                written=row["written"],
                backfill=row["deed"],
                dispatched_before=row["dispatched"],
            )
        )
    data = {
        "target_id": int(target_id),
        "enabled": enabled,
        "check_mode": check_mode,
        "written_binding_ids": plan["write_ids"],
        "written_datastream_ids": {
            name: datastreams.get(name, {}).get("affected", {}).get("datastream_ids", []) for name in (*_SETTINGS, "enabled")
        },
        "extract_count": requeue.get("extract_count", 0),
        "bindings": bindings,
    }
    return {"lines": _lines(plan, data, dict(_SETTINGS, enabled=_SWITCHED[bool(datastream_enabled)])), "data": data}


def _lines(plan: dict[str, t.Any], data: dict[str, t.Any], settings: dict[str, tuple[str, str]]) -> list[str]:
    """Short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible."""
    name = next((row["target_name"] for row in plan["bindings"] if row.get("target_name")), None)
    title = "Destination {0}{1}".format(data["target_id"], f", {name}" if name else "")
    word = "enabled" if data["enabled"] else "disabled"
    lines = [title]
    written = {name: len(ids) for name, ids in data["written_datastream_ids"].items() if ids}
    if not data["written_binding_ids"] and not data["extract_count"] and not written:
        lines = [title + " - nothing " + ("to do" if data["check_mode"] else "had to be done")]
    elif data["check_mode"]:
        lines.append("Check mode, nothing was written. A real run would")
    lines.extend("datastream {datastream_id}, binding {binding_id} - {0}".format(_what(row, word, data["check_mode"]), **row) for row in data["bindings"])
    for name, count in written.items():
        would, did = settings[name]
        lines.append("{0} datastream{1} by UUID - {2}".format(count, "s" if count > 1 else "", would if data["check_mode"] else did))
    if data["extract_count"] and not data["check_mode"]:
        lines.append("Sent means dispatched. Adverity loads in the background and does not")
        lines.append("report the end of it. Look there for the outcome.")
    return lines


def _what(row: dict[str, t.Any], word: str, check_mode: bool) -> str:
    if row["written"]:
        parts = [word[:-1] if check_mode else word + " now"]
    else:
        parts = [word + " before"]
    if row["backfill"] == "backfill":
        parts.append(("send {requeued} extracts" if check_mode else "{requeued} extracts sent").format(**row))
        parts.extend(f"{row[name]} {text}" for name, text in _REST if row[name])
    elif row["backfill"] == "done":
        parts.append("{dispatched_before} extracts sent before, none left".format(**row))
    elif row["backfill"] == "left alone":
        parts.append("history left alone, see the warning")
    return ", ".join(parts)
