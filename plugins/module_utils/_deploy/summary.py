# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the role ``deploy_destination`` says at its end: lines for a person, and the same as data for ``set_stats``. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._api import text
from .._api.paging import Row
from . import loads

_COUNTS = ("requeued", "skipped", "recorded", "loaded_by_itself", "unknown", "refused", "failed", "remaining")
_SETTINGS = {
    "smart_pulling": ("set the smart schedule", "smart schedule set now"),
    "pulling_mode": ("set the pulling mode", "pulling mode set now"),
}
_SWITCHED = {True: ("enable", "enabled now"), False: ("disable", "disabled now")}
_MADE = {
    (True, True): "create",
    (True, False): "created now",
    (False, True): "change",
    (False, False): "changed now",
}
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
_UP_TO_ENABLE = (
    "create",
    "plan",
    "prepare",
    "enable",
)  # if one of these fails, bindings may not be as asked, and no history was sent
_SENT = [
    "Sent means dispatched. Adverity loads in the background. See Datastream > Activity",
    "for the state of each extract, and Issues for errors.",
]
_OPEN = "Something is left open, see the last task"
_NOT_PLANNED = "Nothing was done, because the deployment could not be planned. See the error above"
_REST = (
    ("skipped", "done before"),
    ("loaded_by_itself", "loaded automatically"),
    ("unknown", "unknown"),
    ("refused", "refused"),
    ("failed", "failed"),
    ("remaining", "not sent yet"),
)


@dataclass(frozen=True)
class RoleRun:
    """The results of the modules that a run of the role has called, empty where they did not run.

    ``datastreams`` has the results of what was set of datastreams: ``smart_pulling``, ``pulling_mode``, ``enabled``. ``failed`` is the step of the
    plan that failed, where the play goes on in spite of it (``ignore_errors``): the later steps did not run.
    """

    plan: Row
    made: Row
    enabled: Row
    requeued: Row
    datastreams: dict[str, Row]
    assigned: Row
    failed: str | None
    followed: Row

    @property
    def check_mode(self) -> bool:
        """Whether nothing was written."""
        return bool(self.plan["check_mode"])

    @property
    def is_to_be_enabled(self) -> bool:
        """The state that is asked for."""
        return bool(self.plan["options"]["enabled"])

    @property
    def written_ids(self) -> list[int]:
        """The bindings that were enabled or disabled."""
        return _affected(self.enabled, "binding_ids")

    @property
    def not_written_ids(self) -> list[int]:
        """The bindings that a run that went on in spite of that could not write."""
        return list(self.enabled["remaining"]["binding_ids"]) if self.enabled.get("unfinished") else []

    @property
    def failed_before_sending(self) -> bool:
        """Whether a step failed after which bindings may not be as asked, and no history was sent."""
        return self.failed in _UP_TO_ENABLE


class BindingSummary(t.NamedTuple):
    """A binding: ``row`` is its data, ``words`` say for a person whether it is as it was asked for, and what became of its history."""

    row: Row
    words: list[str]


def make(
    plan: Row,
    made: Row,
    enabled: Row,
    requeued: Row,
    datastreams: dict[str, Row],
    assigned: Row | None = None,
    failed: str | None = None,
    followed: Row | None = None,
) -> Row:
    """``lines`` and ``data``, from the results of ``adverity_deployment_info``, ``adverity_destination``, ``adverity_binding``, ``adverity_requeue``,
    those of the datastreams, ``adverity_assignment`` and ``adverity_load_info``: see ``RoleRun``."""
    if plan.get("failed"):
        return {"lines": [_NOT_PLANNED], "data": {"failed_step": "plan"}}
    run = RoleRun(plan, made, enabled, requeued, datastreams, assigned or {}, failed, followed or {})
    bindings = _bindings(run)
    left_open = [result["msg"] for result in (enabled, requeued) if result.get("unfinished")]
    data = _data(run, [each.row for each in bindings], left_open)
    is_held_back = bool(left_open) and "switch_on" in plan["steps"]
    return {"lines": _lines(run, data, bindings, is_held_back), "data": data}


def _bindings(run: RoleRun) -> list[BindingSummary]:
    counts = {row["binding_id"]: row for row in run.requeued.get("summary", [])}
    names = {row["datastream_id"]: row["name"] for row in run.plan["bindings"] if row.get("name")}
    outcomes = loads.count_by_binding(run.followed)
    merged = _merged(
        run.plan["bindings"], run.requeued.get("bindings", []), run.assigned.get("assignments", [])
    )
    return [
        _binding(run, row, names, counts.get(row["binding_id"], {}), outcomes.get(row["binding_id"], {}))
        for row in merged
    ]


def _binding(
    run: RoleRun, planned: Row, names: t.Mapping[int, str], counts: Row, outcomes: dict[str, int]
) -> BindingSummary:
    """One binding. ``counts`` is what was sent of its history, ``outcomes`` what became of it."""
    numbers = {name: counts.get(name, 0) for name in _COUNTS}
    if planned["binding_id"] is None and planned.get("extract_count"):
        numbers["requeued"] = planned["extract_count"]
    row = {
        **numbers,
        "binding_id": planned["binding_id"],
        "datastream_id": planned["datastream_id"],
        "name": names.get(planned["datastream_id"]),
        "written": _is_new(run, planned) or planned["binding_id"] in run.written_ids,
        "backfill": planned["action"],
        **({"loads": outcomes} if outcomes else {}),
    }
    shown = dict(row, failed=0) if outcomes else row  # the outcomes name the failures
    return BindingSummary(
        row, [*_state(run, planned, shown), *_history(run, shown), *loads.describe(outcomes)]
    )


def _is_new(run: RoleRun, planned: Row) -> bool:
    """Whether the binding was created in this run."""
    is_assigned = run.failed != "create" or planned["datastream_id"] in _affected(
        run.assigned, "datastream_ids"
    )
    return planned["binding_id"] is None and is_assigned


def _data(run: RoleRun, rows: list[Row], left_open: list[str]) -> Row:
    plan = run.plan
    written_datastreams = {
        name: _affected(run.datastreams.get(name, {}), "datastream_ids") for name in (*_SETTINGS, "enabled")
    }
    data = {
        "target_id": run.made.get("destination", {}).get("id") or plan["target_id"],
        "name": plan["name"],
        "created": run.made.get("created", False),
        "enabled": plan["options"]["enabled"],
        "check_mode": plan["check_mode"],
        "written_binding_ids": run.written_ids,
        "written_datastream_ids": written_datastreams,
        "extract_count": run.requeued.get("extract_count", 0),
        "bindings": rows,
    }
    if run.failed:
        data["failed_step"] = run.failed
    failure = _failure_of_loads(run)
    if left_open or failure:
        data["open"] = [*left_open, *([failure] if failure else [])]
    if run.followed.get("loads") is not None:
        data["loads"] = loads.data(run.followed)
    # A changed assignment of a binding that is there shows in the plan alone.
    changes = [
        run.made.get("changed"),
        plan.get("assign"),
        data["extract_count"],
        *written_datastreams.values(),
    ]
    data["changed"] = any(changes) or any(row["written"] or row["recorded"] for row in rows)
    return data


def _failure_of_loads(run: RoleRun) -> str | None:
    """What the last step leaves open: loads that failed, or that it could not look at. None for nothing."""
    if run.failed == "follow":
        return str(run.followed["msg"])
    return loads.open_message(
        run.followed,
        run.plan["options"].get("on_failed", "fail"),
        run.requeued.get("failed_extract_ids") or (),
    )


def _affected(result: Row, key: str) -> list[t.Any]:
    return list(result.get("affected", {}).get(key, []))


def _merged(planned: list[Row], sent: list[Row], assigned: list[Row]) -> list[Row]:
    """The planned bindings, with the ids of those that were created meanwhile, from the results of the requeue and of the assignment."""
    known = {row["binding_id"] for row in planned}
    later: dict[int, list[Row]] = {}
    requeued = {row["binding_id"] for row in sent}
    others = [
        {"datastream_id": row["datastream_id"], "binding_id": row["binding_id"]}
        for row in assigned
        if row["binding_id"] not in {None, *requeued}
    ]
    for row in [*sent, *others]:
        if row["binding_id"] not in known:
            later.setdefault(row["datastream_id"], []).append(row)
    return [
        {**row, **later[row["datastream_id"]].pop(0)}
        if row["binding_id"] is None and later.get(row["datastream_id"])
        else row
        for row in planned
    ]


def _lines(run: RoleRun, data: Row, bindings: list[BindingSummary], is_held_back: bool) -> list[str]:
    """Short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible."""
    lines = _title(run, data)
    if run.made.get("changed"):
        lines.append("destination - " + _MADE[data["created"], run.check_mode])
    lines += [f"{_label(each.row)} - {', '.join(each.words)}" for each in bindings]
    lines += _settings(run, data)
    lines += loads.lines(run.followed)
    if is_held_back:
        lines.append(
            f"{_datastreams(len(run.plan['options']['datastream_uuids']))} - not enabled, because something is left open"
        )
    if data["extract_count"] and not run.check_mode and "loads" not in data:
        lines += _SENT
    if data.get("open"):
        lines.append(_OPEN)
    if run.failed:
        lines.append("Correct the cause and run it again. What was done is not done twice")
    return lines


def _title(run: RoleRun, data: Row) -> list[str]:
    name = data["name"] or next(
        (row["target_name"] for row in run.plan["bindings"] if row.get("target_name")), None
    )
    title = "Destination " + ", ".join(text.line(part) for part in (data["target_id"], name) if part)
    if not run.failed and not data.get("open") and not data["changed"]:
        return [title + " - nothing to do"]
    pretended = ["Check mode, nothing was written. A real run would"] if run.check_mode else []
    return [title, *pretended, *_failed_step(run)]


def _failed_step(run: RoleRun) -> list[str]:
    if not run.failed:
        return []
    if run.failed == "follow":
        return [f"Failed while {_DOING[run.failed]}, after everything else was done"]
    return [f"Failed while {_DOING[run.failed]}, see the error. The later steps did not run"]


def _settings(run: RoleRun, data: Row) -> list[str]:
    """What was set of datastreams."""
    words = dict(_SETTINGS, enabled=_SWITCHED[bool(run.plan["options"]["datastream_enabled"])])
    written = {name: ids for name, ids in data["written_datastream_ids"].items() if ids}
    return [
        f"{_datastreams(len(ids))} - {words[name][0 if run.check_mode else 1]}"
        for name, ids in written.items()
    ]


def _datastreams(count: int) -> str:
    return f"{count} datastream{'s' if count > 1 else ''} by UUID"


def _label(row: Row) -> str:
    name = f"datastream {row['datastream_id']}" + (
        f", {text.line(row['name'], longest=60)}" if row["name"] else ""
    )
    return f"{name}, binding {row['binding_id']}" if row["binding_id"] else name


def _state(run: RoleRun, planned: Row, shown: Row) -> list[str]:
    """Whether a binding is as it was asked for, in words: what this run did, what was so before, and what a step that failed has left."""
    word = "enabled" if run.is_to_be_enabled else "disabled"
    if run.check_mode and run.failed is None:
        return (["assign"] if planned["binding_id"] is None else []) + [
            word[:-1] if shown["written"] else f"{word} before"
        ]
    if planned["binding_id"] is None:
        return [
            "assigned, but its binding does not show yet. Run this again"
            if shown["written"]
            else "not assigned"
        ]
    if shown["written"]:
        return [word[:-1] if run.check_mode else f"{word} now"]
    may_be_otherwise = run.failed_before_sending or run.enabled.get("unfinished")
    if may_be_otherwise and planned.get("enabled") is not run.plan["options"]["enabled"]:
        return [_not_written(run, planned, word)]
    return [f"{word} before"]


def _not_written(run: RoleRun, planned: Row, word: str) -> str:
    if planned["binding_id"] in run.enabled.get("unknown", {}).get("binding_ids", []):
        return f"unknown whether it is {word}"
    return "not written" if planned.get("enabled") is None else f"not {word}"


def _history(run: RoleRun, shown: Row) -> list[str]:
    """What became of the history of a binding, in words."""
    if shown["backfill"] == "record":
        return [f"{'record' if run.check_mode else 'recorded'} {shown['recorded']} extracts as loaded"]
    if shown["backfill"] == "backfill":
        return _backfill(run, shown)
    return {"done": ["nothing to send"], "left_alone": ["history not sent, see the warning"]}.get(
        shown["backfill"], []
    )


def _backfill(run: RoleRun, shown: Row) -> list[str]:
    if run.failed_before_sending or (shown["binding_id"] in run.not_written_ids and not shown["requeued"]):
        return ["history not sent"]
    if run.failed == "send" and "summary" not in run.requeued:
        return ["sending failed, see the error"]
    if shown["binding_id"] is None and not run.check_mode:
        return []
    sent = f"send {shown['requeued']} extracts" if run.check_mode else f"{shown['requeued']} extracts sent"
    return [sent] + [f"{shown[name]} {words}" for name, words in _REST if shown[name]]
