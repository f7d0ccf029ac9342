# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the role ``deploy_destination`` decides: pure, from the bindings and the ledger to what is enabled and backfilled.

The filters ``deployment_plan`` and ``deployment_backfill`` are these functions for the role's tasks.
"""

from __future__ import annotations

import typing as t

from .._api.paging import Row
from .._resources import bindings as _bindings
from .._spec import selection, times

Known = dict[str, t.Any]  # a row of adverity_requeue_info's backfills
Periods = list[dict[str, t.Any]]  # since and until, as in these rows


def make_plan(
    bindings: list[Row],
    backfills: list[Known],
    target_id: int,
    datastream_ids: list[int] | None,
    enabled: bool,
    backfill: str,
    in_facts: bool = False,
) -> dict[str, t.Any]:
    """What to do about the bindings of one destination.

    ``bindings`` are all its rows; ``backfills`` what the ledger knows of them; ``backfill`` is ``when_needed``, ``always`` or ``never``;
    ``in_facts`` says that the ledger may have been lost since it knew that.
    Returns ``bindings`` (those meant, each with ``deed``, one word on what happens to its history), ``write_ids`` (to be enabled or disabled),
    ``planned_ids`` (of these, to be backfilled), ``resumed_ids`` (enabled already, to be backfilled), ``new_ids`` (of both, those of which the
    ledger knows nothing), ``datastreams`` (their datastreams by binding id), ``self_loading`` (per binding id, periods as far as they are known
    before anything is enabled), ``warnings`` and ``refusal``.
    Raises InputError where a datastream is not bound to the destination.
    """
    meant = _meant(bindings, target_id, datastream_ids)
    known = {row["binding_id"]: row for row in backfills}
    plan = empty_plan(None)
    for row in meant:
        state, knows = _bindings.state(row), known.get(row["id"])
        written = state is not enabled
        deed, periods = _decide(row, state, knows, enabled, backfill, in_facts)
        if written:
            plan["write_ids"].append(row["id"])
        if deed == "backfill":
            plan["planned_ids" if written else "resumed_ids"].append(row["id"])
            plan["self_loading"][row["id"]] = periods
            plan["new_ids"] += [] if knows else [row["id"]]
        plan["bindings"].append(dict(row, deed=deed, written=written, dispatched=knows["dispatched"] if knows else 0))
    plan["datastreams"] = {row["id"]: row["datastream_id"] for row in meant}
    plan["warnings"] = _warnings(plan["bindings"], known, enabled)
    return plan


def empty_plan(refusal: str | None) -> dict[str, t.Any]:
    """A plan to do nothing, because of ``refusal`` where that is not None."""
    lists: dict[str, t.Any] = {name: [] for name in ("bindings", "write_ids", "planned_ids", "resumed_ids", "new_ids", "warnings")}
    return dict(lists, datastreams={}, self_loading={}, refusal=refusal)


def make_backfill(plan: dict[str, t.Any], written: list[Row], only_planned: bool, check_mode: bool) -> dict[str, t.Any]:
    """The options of ``adverity_requeue`` that choose: ``datastream_ids``, ``binding_ids``, ``self_loading``.

    With ``only_planned`` for what is going to be enabled, before it is; otherwise for everything, ``written`` being the bindings that were
    enabled, as the service answered: from their ``updated`` on they load by themselves (in check mode no such time is known).
    """
    binding_ids = plan["planned_ids"] + ([] if only_planned else plan["resumed_ids"])
    answers = {row["id"]: row for row in written}
    self_loading: Periods = []
    for binding_id in binding_ids:
        periods = list(plan["self_loading"][binding_id])
        if binding_id in plan["planned_ids"] and not only_planned and not check_mode and not _is_open(periods):
            periods.append({"since": answers.get(binding_id, {}).get("updated") or times.now(), "until": None})
        self_loading.extend(dict(period, binding_id=binding_id) for period in periods)
    return {
        "datastream_ids": selection.once(plan["datastreams"][binding_id] for binding_id in binding_ids),
        "binding_ids": binding_ids,
        "self_loading": self_loading,
    }


def _meant(bindings: list[Row], target_id: int, datastream_ids: list[int] | None) -> list[Row]:
    _bindings.refuse_none(bindings, None, target_id)
    if datastream_ids is None:
        return bindings
    where = f"among the datastreams that are bound to target_id {target_id}, as far as this key can see"
    selection.refuse_unknown("datastream_ids", datastream_ids, (row["datastream_id"] for row in bindings), where)
    return [row for row in bindings if row["datastream_id"] in datastream_ids]


def _decide(row: Row, state: bool | None, knows: Known | None, enabled: bool, backfill: str, in_facts: bool) -> tuple[str, Periods]:
    """What happens to a binding's history (``backfill``, ``done``, ``left alone``, ``none``), and the periods in which it loaded by itself."""
    if not enabled or backfill == "never":
        return "none", []
    periods: Periods = list(knows["self_loading"]) if knows else []
    changed = _changed_since(row, knows)
    if state is False or (state is None and not _is_open(periods) and not changed):
        doubtful = [{"since": knows["updated"], "until": row["updated"]}] if knows and changed else []
        return "backfill", _closed(periods, row) + doubtful
    if backfill == "when_needed" and knows is None:
        return "left alone", []
    if backfill == "when_needed" and knows and knows["finished"]:
        return "done", periods
    if not _is_open(periods):
        # Enabled by a run that was killed before it could note when, or by somebody else: the last change is the best that is known.
        # With a ledger in facts that run may have sent, too: then everything since the plan that is not in it counts as loaded.
        since = knows["updated"] if knows and changed and in_facts else row.get("updated") or (knows or {}).get("planned_at")
        periods += [{"since": since, "until": None}] if since else []
    return "backfill", periods


def _changed_since(row: Row, knows: Known | None) -> bool:
    """Whether a binding changed after a plan that no run has taken up: a run that was killed may have enabled it, without a note of when."""
    then, now = knows["updated"] if knows and knows["planned_at"] else None, row.get("updated")
    return then is not None and now is not None and times.parse(now) > times.parse(then)


def _is_open(periods: Periods) -> bool:
    return any(period["until"] is None for period in periods)


def _closed(periods: Periods, row: Row) -> Periods:
    """The periods of a binding that is disabled now: it was disabled at its last change, at the latest."""
    end = row.get("updated") or times.now()
    return [period if period["until"] else dict(period, until=max(end, period["since"], key=times.parse)) for period in periods]


def _was_off(row: Row, knows: Known | None) -> bool:
    """Whether a binding that once loaded by itself was disabled since. Where the service does not say that it is, only the ledger can."""
    periods = knows["self_loading"] if knows else []
    return bool(periods) and not (_bindings.state(row) is None and _is_open(periods))


def _warnings(rows: list[Row], known: dict[int, Known], enabled: bool) -> list[str]:
    warnings = []
    alone = [row for row in rows if row["deed"] == "left alone"]
    if alone:
        warnings.append(
            f"Left alone: {_labels(alone)}. Enabled before this run, and the ledger knows nothing of a backfill, so whether the history was loaded cannot be told."
            " backfill: always (deploy_destination_backfill) loads it."
        )
    written = [row for row in rows if row["deed"] == "backfill" and row["written"]]
    again = [row for row in written if _was_off(row, known.get(row["id"]))]
    if again:
        warnings.append(
            "Enabled again: {0}. What was fetched from its first enabling until its last change ({1}) is taken as loaded by itself, and not sent.".format(
                _labels(again), ", ".join(str(row.get("updated", "not known")) for row in again)
            )
        )
    cut_off = [row for row in written if _bindings.state(row) is False and _changed_since(row, known.get(row["id"]))]
    if cut_off:
        warnings.append(
            "Planned by a run that was cut off, changed after that, and disabled now: {0}. What was fetched from its last change before that plan until"
            " its last change ({1}), and is not planned, is taken as loaded by itself, and not sent. Where it is missing at the destination,"
            " adverity.management.adverity_requeue with extract_ids and binding_ids sends it.".format(
                _labels(cut_off), ", ".join("{0} to {1}".format(known[row["id"]]["updated"], row["updated"]) for row in cut_off[:20])
            )
        )
    untold = [row for row in rows if _bindings.state(row) is None]
    if untold and enabled:
        warnings.append(f"The service does not say whether these are enabled, so they are enabled in any case: {_labels(untold)}.")
    return warnings


def _labels(rows: list[Row]) -> str:
    return ", ".join(_bindings.label(row) for row in rows[:20]) + (f" and {len(rows) - 20} more" if rows[20:] else "")
