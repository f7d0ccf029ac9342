# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the role ``deploy_destination`` says at its end: lines for a person, and the same as data for ``set_stats``. Pure."""

from __future__ import annotations

import typing as t

from .._api import text
from . import loads

_COUNTS = ("requeued", "skipped", "recorded", "loaded_by_itself", "unknown", "refused", "failed", "remaining")
_SETTINGS = {"smart_pulling": ("set the smart schedule", "smart schedule set now"), "pulling_mode": ("set the pulling mode", "pulling mode set now")}
_SWITCHED = {True: ("enable", "enabled now"), False: ("disable", "disabled now")}
_MADE = {(True, True): "create", (True, False): "created now", (False, True): "change", (False, False): "changed now"}
# What a step of the role that failed was doing.
_DOING = {
    "create": "creating the destination and its assignments",
    "plan": "writing the plan into the ledger",
    "prepare": "setting the datastreams",
    "enable": "writing the bindings",
    "send": "sending the history",
    "switch_on": "enabling the datastreams",
    "follow": "looking at what became of the loads",
}
_UP_TO_ENABLE = ("create", "plan", "prepare", "enable")  # if one of these fails, bindings may not be as asked, and no history was sent
_SENT = ["Sent means dispatched. Adverity loads in the background. See Datastream > Activity", "for the state of each extract, and Issues for errors."]
_OPEN = "Something is left open, see the last task"
_NOT_PLANNED = "Nothing was done, because the deployment could not be planned. See the error above"
_REST = (
    ("skipped", "sent before"),
    ("loaded_by_itself", "loaded by itself"),
    ("unknown", "unknown"),
    ("refused", "refused"),
    ("failed", "failed"),
    ("remaining", "not sent yet"),
)


def make(
    plan: dict[str, t.Any],
    made: dict[str, t.Any],
    enabled: dict[str, t.Any],
    requeued: dict[str, t.Any],
    datastreams: dict[str, dict[str, t.Any]],
    assigned: dict[str, t.Any] | None = None,
    failed: str | None = None,
    followed: dict[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """``lines`` and ``data``, from the results of ``adverity_deployment_info``, ``adverity_destination``, ``adverity_binding`` and ``adverity_requeue`` (empty
    where they did not run). ``datastreams`` has the results of what was set of datastreams: ``smart_pulling``, ``pulling_mode``, ``enabled``.
    ``assigned`` is the result of ``adverity_assignment``. ``failed`` is the step of the plan that failed, where the play goes on in spite of it
    (``ignore_errors``): the later steps did not run. ``followed`` is the result of ``adverity_load_info``.
    """
    if plan.get("failed"):
        return {"lines": [_NOT_PLANNED], "data": {"failed_step": "plan"}}
    assigned, followed = assigned or {}, followed or {}
    counts = {row["binding_id"]: row for row in requeued.get("summary", [])}
    written = enabled.get("affected", {}).get("binding_ids", [])
    names = {row["datastream_id"]: row["name"] for row in plan["bindings"] if row.get("name")}
    left_ids = enabled["remaining"]["binding_ids"] if enabled.get("unfinished") else []
    outcomes = loads.count_by_binding(followed)
    rows, states = [], []
    for row in _merged(plan["bindings"], requeued.get("bindings", []), assigned.get("assignments", [])):
        numbers = {name: counts.get(row["binding_id"], {}).get(name, 0) for name in _COUNTS}
        if row["binding_id"] is None and row.get("extract_count"):
            numbers["requeued"] = row["extract_count"]
        new = row["binding_id"] is None and not (failed == "create" and row["datastream_id"] not in assigned.get("affected", {}).get("datastream_ids", []))
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
        counts_of = outcomes.get(row["binding_id"])
        if counts_of:
            rows[-1]["loads"] = counts_of
        shown = dict(rows[-1], failed=0) if counts_of else rows[-1]
        states.append(_state(row, shown, plan, enabled, failed) + _history(shown, plan["check_mode"], requeued, failed, left_ids))
        states[-1] += loads.describe(counts_of or {})
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
    if failed:
        data["failed_step"] = failed
    left_open = [result["msg"] for result in (enabled, requeued) if result.get("unfinished")]
    failure = loads.open_message(followed, plan["options"].get("on_failed", "fail"), requeued.get("failed_extract_ids") or ())
    if left_open or failure:
        data["open"] = [*left_open, *([failure] if failure else [])]
    if followed.get("loads") is not None:
        data["loads"] = loads.data(followed)
    # A changed assignment of a binding that is there shows in the plan alone.
    written_rows, written_datastreams = any(row["written"] for row in rows), any(data["written_datastream_ids"].values())
    recorded = any(row["recorded"] for row in rows)
    data["changed"] = bool(made.get("changed") or plan.get("assign") or written_rows or written_datastreams or data["extract_count"] or recorded)
    is_held_back = bool(left_open) and "switch_on" in plan["steps"]
    return {"lines": _lines(plan, data, made, states, loads.lines(followed), is_held_back), "data": data}


def _merged(planned: list[dict[str, t.Any]], sent: list[dict[str, t.Any]], assigned: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The planned bindings, with the ids of those that were created meanwhile, from the results of the requeue and of the assignment."""
    known = {row["binding_id"] for row in planned}
    later: dict[int, list[dict[str, t.Any]]] = {}
    requeued = {row["binding_id"] for row in sent}
    others = [{"datastream_id": row["datastream_id"], "binding_id": row["binding_id"]} for row in assigned if row["binding_id"] not in {None, *requeued}]
    for row in [*sent, *others]:
        if row["binding_id"] not in known:
            later.setdefault(row["datastream_id"], []).append(row)
    return [
        {**row, **later[row["datastream_id"]].pop(0)} if row["binding_id"] is None and later.get(row["datastream_id"]) else row for row in planned
    ]


def _lines(
    plan: dict[str, t.Any], data: dict[str, t.Any], made: dict[str, t.Any], states: list[list[str]], loaded: list[str], is_held_back: bool
) -> list[str]:
    """Short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible."""
    name = data["name"] or next((row["target_name"] for row in plan["bindings"] if row.get("target_name")), None)
    title = "Destination " + ", ".join(text.line(part) for part in (data["target_id"], name) if part)
    failed = data.get("failed_step")
    settings = dict(_SETTINGS, enabled=_SWITCHED[bool(plan["options"]["datastream_enabled"])])
    written = {name: len(ids) for name, ids in data["written_datastream_ids"].items() if ids}
    lines = [title]
    if not failed and not data.get("open") and not data["changed"]:
        lines = [title + " - nothing to do"]
    elif data["check_mode"]:
        lines.append("Check mode, nothing was written. A real run would")
    if failed:
        lines.append(f"Failed while {_DOING[failed]}, see the error. The later steps did not run")
    if made.get("changed"):
        lines.append("destination - " + _MADE[data["created"], data["check_mode"]])
    lines += [f"{_label(row)} - {', '.join(parts)}" for row, parts in zip(data["bindings"], states)]
    for name, count in written.items():
        would, did = settings[name]
        lines.append(f"{_datastreams(count)} - {would if data['check_mode'] else did}")
    lines += loaded
    if is_held_back:
        lines.append(f"{_datastreams(len(plan['options']['datastream_uuids']))} - not enabled, because something is left open")
    if data["extract_count"] and not data["check_mode"] and "loads" not in data:
        lines += _SENT
    if data.get("open"):
        lines.append(_OPEN)
    if failed:
        lines.append("Correct the cause and run it again. What was done is not done twice")
    return lines


def _datastreams(count: int) -> str:
    return f"{count} datastream{'s' if count > 1 else ''} by UUID"


def _label(row: dict[str, t.Any]) -> str:
    name = f"datastream {row['datastream_id']}" + (f", {text.line(row['name'], longest=60)}" if row["name"] else "")
    return f"{name}, binding {row['binding_id']}" if row["binding_id"] else name


def _state(row: dict[str, t.Any], shown: dict[str, t.Any], plan: dict[str, t.Any], enabled: dict[str, t.Any], failed: str | None) -> list[str]:
    """Whether a binding is as it was asked for, in words: what this run did, what was so before, and what a step that failed has left."""
    word = "enabled" if plan["options"]["enabled"] else "disabled"
    if plan["check_mode"] and failed is None:
        return (["assign"] if row["binding_id"] is None else []) + [word[:-1] if shown["written"] else f"{word} before"]
    if row["binding_id"] is None:
        return ["assigned, but its binding does not show yet. Run this again" if shown["written"] else "not assigned"]
    if shown["written"]:
        return [word[:-1] if plan["check_mode"] else f"{word} now"]
    if (failed in _UP_TO_ENABLE or enabled.get("unfinished")) and row.get("enabled") is not plan["options"]["enabled"]:
        lost = row["binding_id"] in enabled.get("unknown", {}).get("binding_ids", [])
        return [f"unknown whether it is {word}" if lost else "not written" if row.get("enabled") is None else f"not {word}"]
    return [f"{word} before"]


def _history(
    shown: dict[str, t.Any], check_mode: bool, requeued: dict[str, t.Any], failed: str | None, left_ids: t.Collection[int]
) -> list[str]:
    """What became of the history of a binding, in words."""
    if shown["backfill"] == "record":
        return [f"{'record' if check_mode else 'recorded'} {shown['recorded']} extracts as loaded"]
    if shown["backfill"] == "backfill":
        if failed in _UP_TO_ENABLE or (shown["binding_id"] in left_ids and not shown["requeued"]):
            return ["history not sent"]
        if failed == "send" and "summary" not in requeued:
            return ["sending failed, see the error"]
        if shown["binding_id"] is None and not check_mode:
            return []
        sent = f"send {shown['requeued']} extracts" if check_mode else f"{shown['requeued']} extracts sent"
        return [sent] + [f"{shown[name]} {words}" for name, words in _REST if shown[name]]
    return {"done": ["history sent before"], "left_alone": ["history not sent, see the warning"]}.get(shown["backfill"], [])
