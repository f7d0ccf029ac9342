# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The error at the end of a requeue that leaves something open: what was done, what is open and why, and what
settles it. Pure.
"""

from __future__ import annotations

import typing as t

from .._api import text
from .._api.errors import Unfinished
from .._ledger.ledger import Ledger
from .._ledger.periods import Reason, Uncertainty
from .._ledger.turns import ALL_ENABLED
from .decision import LOST, Choices, Pair
from .result import Outcome, ids
from .select import Unreadable
from .send import Refusal, Stop
from .wording import (
    WAYS_ON,
    WAYS_ON_AFTER_CHECK,
    WAYS_ON_REFUSED,
    WAYS_ON_WITHOUT_CHECK,
    describe_unknown,
    with_reasons,
)


def unfinished_error(
    outcome: Outcome, ledger: Ledger, choices: Choices, check_mode: bool
) -> Unfinished | None:
    """The error, with the keys of a result; None where nothing that is selected is left open."""
    unknown = outcome.plan.unknown if choices.on_unknown != "skip" else {}
    items = _open_items(outcome, choices, unknown)
    if not items:
        return None
    error = Unfinished(f"{_done(outcome, check_mode)}. Still open: {' '.join(items)}", **outcome.result())
    stopped = _stopped_ids(outcome)
    if stopped:
        error.say(f"Not sent for this reason: extracts {text.ids(stopped)}.")
    waiting = ids(outcome.plan.waiting)
    if unknown and waiting:
        error.say(
            f"Not sent, because they come after these in the same binding: extracts {text.ids(waiting)}."
        )
    error.say(f"Everything else that is selected is done. The ledger is {ledger.shown}.")
    return error


def _open_items(outcome: Outcome, choices: Choices, unknown: t.Mapping[Pair, Uncertainty]) -> list[str]:
    """What is left open, each with its reason and with what settles it."""
    items = [
        _unknown_item(outcome, unknown, choices.on_unknown),
        *map(_stop_item, outcome.stops),
        *map(_unreadable_item, outcome.unreadable),
        *dict.fromkeys(_hint(unreadable) for unreadable in outcome.unreadable),
        _refused_item(outcome.refused if choices.on_refused == "fail" else []),
        _failed_item(ids(outcome.plan.failed) if choices.on_failed == "fail" else []),
    ]
    return [item for item in items if item]


def _done(outcome: Outcome, check_mode: bool) -> str:
    """What the run did, or would do, and how much was done before."""
    result = outcome.result()
    recorded = len(ids(outcome.plan.recorded))
    if recorded:
        done = (
            f"{'A real run would record as loaded' if check_mode else 'Recorded as loaded in this run:'}"
            f" {text.counted(recorded, 'extract')}"
        )
    else:
        done = (
            f"{'A real run would send' if check_mode else 'Sent in this run:'}"
            f" {text.counted(result['extract_count'], 'extract')}"
        )
    before = len(result["skipped_extract_ids"]) - recorded
    return f"{done}; done before: {before}" if before > 0 else done


def _stopped_ids(outcome: Outcome) -> list[int]:
    """What was to be sent in this run, and was not."""
    plan = outcome.plan
    later = {pair for batch in plan.later for pair in batch.pairs()}.union(plan.waiting, plan.over_limit)
    return ids(pair for pair in outcome.rest()[2] if pair not in later)


def _unknown_item(outcome: Outcome, unknown: t.Mapping[Pair, Uncertainty], on_unknown: str) -> str:
    if not unknown:
        return ""
    sentence = f"It is unknown whether these extracts are loaded: {describe_unknown(unknown)}."
    by_itself = _loads_history_itself(outcome, unknown)
    if by_itself:
        sentence += (
            f" Everything is being processed for binding {text.ids(by_itself)}: this destination seems to"
            " load its history automatically."
        )
    checked = {pair[1:]: outcome.checked[pair[1:]] for pair in unknown if pair[1:] in outcome.checked}
    if checked:
        sentence += f" What Adverity shows does not settle it: {with_reasons(checked)}."
    return f"{sentence} {_ways_on(unknown, on_unknown)}"


def _ways_on(unknown: t.Mapping[Pair, Uncertainty], on_unknown: str) -> str:
    """What settles unknown extracts. A check settles only those of a lost request."""
    if on_unknown == "check":
        return WAYS_ON_AFTER_CHECK
    has_lost = any(uncertainty.reason == LOST for uncertainty in unknown.values())
    return WAYS_ON if has_lost else WAYS_ON_WITHOUT_CHECK


def _loads_history_itself(outcome: Outcome, unknown: t.Mapping[Pair, Uncertainty]) -> list[int]:
    """The bindings of which every extract is under way without a request: the destination seems to load its
    history automatically.
    """
    counts = {row["binding_id"]: row for row in outcome.result()["summary"]}
    under_way: dict[int, int] = {}
    for (_datastream_id, binding_id, _extract_id), uncertainty in unknown.items():
        if binding_id == ALL_ENABLED:
            continue  # nobody knows which bindings these were
        under_way[binding_id] = under_way.get(binding_id, 0) + (uncertainty.reason == Reason.UNDER_WAY)
    return [
        each
        for each, count in under_way.items()
        if count > 1 and counts[each]["unknown"] == count and not counts[each]["requeued"]
    ]


def _stop_item(stop: Stop) -> str:
    where = (
        ""
        if stop.batch.datastream_id is None
        else f"Datastream {stop.batch.datastream_id}, binding {text.ids(stop.batch.binding_ids)}: "
    )
    sentence = f"{where}{stop.reason}."
    if stop.unknown:
        return (
            f"{sentence} The outcome for extracts {text.ids(stop.unknown)} is unknown and recorded as such."
            f" {WAYS_ON}"
        )
    return f"{sentence} The rest of it was not sent; run it again when the cause is corrected."


def _unreadable_item(unreadable: Unreadable) -> str:
    words = unreadable.error.result()["msg"].replace(_hint(unreadable), "").replace("  ", " ")
    missing = (
        f" Extracts {text.ids(unreadable.extract_ids)} are in none of the other lists, and were not sent."
        if unreadable.extract_ids
        else ""
    )
    return (
        f"Datastream {unreadable.datastream_id}, binding {text.ids(unreadable.binding_ids)}: {words}{missing}"
    )


def _hint(unreadable: Unreadable) -> str:
    """What the error says besides, about all requests: it is said once."""
    return getattr(unreadable.error, "hint", "")


def _refused_item(refused: t.Sequence[Refusal]) -> str:
    if not refused:
        return ""
    return (
        f"Adverity refused {text.counted(len(refused), 'extract')}, as the ledger records now: {describe_refused(refused)}."
        f" {WAYS_ON_REFUSED}"
    )


def _failed_item(failed: t.Sequence[int]) -> str:
    """The warning says why, and what to do."""
    return f"The load of extracts {text.ids(failed)} failed." if failed else ""


def describe_refused(refused: t.Sequence[Refusal]) -> str:
    """Refused extracts with the API's words."""
    groups: dict[str, list[int]] = {}
    for refusal in refused:
        groups.setdefault(refusal.reason, []).extend(refusal.batch.extract_ids)
    return text.several(
        [f"extracts {text.ids(extract_ids)} with {reason}" for reason, extract_ids in groups.items()], 20
    )
