# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The lines that the role ``deploy_destination`` shows at its end. Pure.

They are short, without colons and indentation: so they stay one line each, unquoted, in every output format of Ansible.
"""

from __future__ import annotations

from .._api import text
from . import loads
from .results import RoleRun
from .summary_data import BindingSummary, Summary

NOT_PLANNED = "Nothing was done, because the deployment could not be planned. See the error above"
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
_SENT = [
    "Sent means dispatched. Adverity loads in the background. See Datastream > Activity",
    "for the state of each extract, and Issues for errors.",
]
_OPEN = "Something is left open, see the last task"
_REST = (
    ("skipped", "done before"),
    ("loaded_by_itself", "loaded automatically"),
    ("unknown", "unknown"),
    ("refused", "refused"),
    ("failed", "failed"),
    ("remaining", "not sent yet"),
)


def make(summary: Summary) -> list[str]:
    """The lines of a run."""
    run = summary.run
    lines = _title(summary)
    if run.made.changed:
        lines.append("destination - " + _MADE[run.made.created, run.check_mode])
    lines += [_binding(run, each) for each in summary.bindings]
    lines += _settings(run)
    lines += run.followed.lines()
    if summary.is_held_back:
        lines.append(
            f"{_datastreams(run.plan.datastream_count)} - not enabled, because something is left open"
        )
    if run.requeued.extract_count and not run.check_mode and run.followed.loads is None:
        lines += _SENT
    if summary.left_open:
        lines.append(_OPEN)
    if run.failed:
        lines.append("Correct the cause and run it again. What was done is not done twice")
    return lines


def _title(summary: Summary) -> list[str]:
    run = summary.run
    named = (binding.target_name for binding in run.plan.bindings if binding.target_name)
    name = run.plan.name or next(named, None)
    title = "Destination " + ", ".join(text.line(part) for part in (summary.target_id, name) if part)
    if not run.failed and not summary.left_open and not summary.changed:
        return [
            title + (" - nothing was done, see the warnings" if summary.leaves_out else " - nothing to do")
        ]
    pretended = ["Check mode, nothing was written. A real run would"] if run.check_mode else []
    return [title, *pretended, *_failed_step(run)]


def _failed_step(run: RoleRun) -> list[str]:
    if not run.failed:
        return []
    if run.failed == "follow":
        return [f"Failed while {_DOING[run.failed]}, after everything else was done"]
    return [f"Failed while {_DOING[run.failed]}, see the error. The later steps did not run"]


def _settings(run: RoleRun) -> list[str]:
    """What was set of datastreams."""
    words = dict(_SETTINGS, enabled=_SWITCHED[run.plan.datastream_enabled])
    written = {name: uuids for name, uuids in run.written_uuids.items() if uuids}
    return [
        f"{_datastreams(len(uuids))} - {words[name][0 if run.check_mode else 1]}"
        for name, uuids in written.items()
    ]


def _datastreams(count: int) -> str:
    return f"{text.counted(count, 'datastream')} by UUID"


def _binding(run: RoleRun, binding: BindingSummary) -> str:
    """Whether a binding is as it was asked for, and what became of its history."""
    planned = binding.planned
    name = f", {text.line(planned.name, longest=60)}" if planned.name else ""
    number = f", binding {planned.binding_id}" if planned.binding_id else ""
    words = [*_state(run, binding), *_history(run, binding), *loads.describe(binding.outcomes)]
    return f"datastream {planned.datastream_id}{name}{number} - {', '.join(words)}"


def _state(run: RoleRun, binding: BindingSummary) -> list[str]:
    """Whether a binding is as it was asked for, in words: what this run did, what was so before, and what a step that failed has left."""
    word = "enabled" if run.plan.enabled else "disabled"
    is_there, is_written = binding.planned.binding_id is not None, binding.is_written
    if run.check_mode and run.failed is None:
        before = f"{word} before" if is_there else f"leave {word}"
        return [*([] if is_there else ["assign"]), word[:-1] if is_written else before]
    if not is_there:
        is_assigned = run.is_new(binding.planned)
        return [
            "assigned, but its binding does not show yet. Run this again" if is_assigned else "not assigned"
        ]
    if is_written:
        return [word[:-1] if run.check_mode else f"{word} now"]
    may_be_otherwise = run.failed_before_sending or run.enabled.left_open is not None
    if may_be_otherwise and binding.planned.enabled is not run.plan.enabled:
        return [_not_written(run, binding, word)]
    return [f"{word} before"]


def _not_written(run: RoleRun, binding: BindingSummary, word: str) -> str:
    if binding.planned.binding_id in run.enabled.unknown_ids:
        return f"unknown whether it is {word}"
    return "not written" if binding.planned.enabled is None else f"not {word}"


def _history(run: RoleRun, binding: BindingSummary) -> list[str]:
    """What became of the history of a binding, in words."""
    action = binding.planned.action
    if action == "record":
        word = "record" if run.check_mode else "recorded"
        return [f"{word} {text.counted(binding.counts.recorded, 'extract')} as loaded"]
    if action == "backfill":
        return _backfill(run, binding)
    words = {"done": ["nothing to send"], "left_alone": ["history not sent, see the warning"]}
    return words.get(action, [])


def _backfill(run: RoleRun, binding: BindingSummary) -> list[str]:
    counts, binding_id = binding.counts, binding.planned.binding_id
    if run.failed_before_sending or (binding_id in run.enabled.not_written_ids and not counts.requeued):
        return ["history not sent"]
    if run.failed == "send" and run.requeued.counts is None:
        return ["sending failed, see the error"]
    if binding_id is None and not run.check_mode:
        return []
    requeued = text.counted(counts.requeued, "extract")
    sent = [f"send {requeued}" if run.check_mode else f"{requeued} sent"]
    if counts.settled:
        verb, participle = ("settle ", "") if run.check_mode else ("", " settled")
        sent.append(f"{verb}{counts.settled}{participle} as dispatched")
        counts = counts._replace(skipped=counts.skipped - counts.settled)
    if binding.outcomes:
        counts = counts._replace(failed=0)  # the outcomes name the failures
    rest = [(getattr(counts, name), words) for name, words in _REST]
    return [*sent, *(f"{count} {words}" for count, words in rest if count)]
