# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Whether an extract that was sent to a binding has been loaded, from what Adverity shows. Pure, and in the strictest reading: never more is claimed
than was seen.

An extract has one state, however many bindings it went to. So its state tells something of a binding only where nothing else had the extract under way.
"""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

from .._resources.issues import Issue
from .._resources.jobs import LONGEST_QUEUE, Job
from .._resources.labels import Labels, Meaning
from .._spec import times

_FETCH_STAGES = frozenset(("fetch", "fetching"))
_LOAD_STAGES = frozenset(("import", "importing", "load", "loading", "transform", "transformation"))
_RESTING = frozenset((Meaning.COLLECTED, Meaning.LOADED, Meaning.FAILED))


class Outcome(str, enum.Enum):
    """What became of an extract for a binding."""

    LOADED = "loaded"
    FAILED = "failed"
    LOADING = "loading"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class Reading:
    """A row of the extract as it was read. ``label`` is None where it has none, ``at`` the API's clock then."""

    label: str | None
    at: str | None = None
    listed: bool = True


@dataclass(frozen=True)
class Other:
    """Something else that may have had the extract under way since the request was sent: another request of ours, for this binding or another one, or
    a load of its own into a binding that was enabled when the extract was fetched."""

    binding_id: int
    automatic: bool = False


@dataclass(frozen=True)
class Evidence:
    """What is known of one extract that was sent to one binding.

    ``sent_at`` is the API's clock before the last request for it, None where it is not known. ``baseline`` is what its label meant in the list that
    was read before that; None where it was not recorded. ``readings`` came after the request, oldest first; the last one is the present.
    ``issues`` and ``jobs`` are those of its datastream, read after the last of them. ``fetched_since`` says whether the datastream has fetched since
    the request: then issues may have been acknowledged, and may be listed no more. ``known``: what was recorded of failures before the request, in the
    words of their issues.
    """

    sent_at: times.Time | None
    baseline: Meaning | None
    readings: tuple[Reading, ...]
    extract_id: int
    issues: tuple[Issue, ...] = ()
    jobs: tuple[Job, ...] = ()
    others: tuple[Other, ...] = ()
    fetched_since: bool = False
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Judgement:
    """What can be claimed, and why. ``can_change`` is false where a later reading would not tell more. ``label`` is the present one, ``since`` when it
    was first read after the request. ``shows_request``: it tells that the request was carried out, even if no response to it came."""

    outcome: Outcome
    reason: str
    can_change: bool = False
    label: str | None = None
    since: str | None = None
    issue: Issue | None = None
    shows_request: bool = False


def may_overlap(earlier: times.Time | None, sent_at: times.Time | None) -> bool:
    """Whether a request that was sent earlier, and of which nobody saw the end, may still be under way when another one is sent."""
    return earlier is None or sent_at is None or sent_at.moment - earlier.moment <= LONGEST_QUEUE


def judge(evidence: Evidence, labels: Labels) -> Judgement:
    """What became of the extract for this binding."""
    if not evidence.readings or not evidence.readings[-1].listed:
        return Judgement(Outcome.UNCONFIRMED, "Adverity does not list the extract any more")
    history = [labels.meaning(reading.label) for reading in evidence.readings]
    found = _claim(evidence, history)
    if found.outcome is Outcome.UNCONFIRMED:
        found = _while_jobs_run(evidence, found)
    label, since = evidence.readings[-1].label, None
    for reading in reversed(evidence.readings):
        if reading.label != label:
            break
        since = reading.at
    moved = history[-1] is Meaning.LOADING and evidence.baseline in _RESTING and not evidence.others
    shows_request = moved or found.outcome in (Outcome.LOADED, Outcome.FAILED)
    return Judgement(found.outcome, found.reason, found.can_change, label, since, found.issue, shows_request)


def _claim(evidence: Evidence, history: list[Meaning]) -> Judgement:
    present = history[-1]
    if present is Meaning.LOADING:
        return Judgement(Outcome.LOADING, "Adverity is processing the extract", True)
    if evidence.others:
        return _unconfirmed(_contested(evidence.others), can_change=False)
    before, since = _resting_before(evidence.baseline, history)
    issue = next((issue for issue in evidence.issues if _bearing(issue, evidence) is _Bearing.FAILURE), None)
    if present is Meaning.LOADED:
        return _judge_loaded(evidence, before, Meaning.LOADING in since, issue)
    if issue is not None and evidence.baseline in _RESTING:
        return Judgement(Outcome.FAILED, words(issue), issue=issue)
    if present is Meaning.FAILED:
        return _judge_failed(evidence, before, Meaning.LOADING in since)
    if present is Meaning.COLLECTED:
        return _unconfirmed("Adverity has collected the extract, and shows no load of it")
    if present is Meaning.OVERWRITTEN:
        return _unconfirmed("a later extract has overwritten it", can_change=False)
    return _unconfirmed("Adverity shows a state that the collection does not know; state_labels can add it")


def _judge_loaded(
    evidence: Evidence, before: Meaning | None, seen_loading: bool, issue: Issue | None
) -> Judgement:
    """The label says loaded: is that of this request?"""
    if before is None:
        return _unconfirmed(f"it is loaded now, but {_no_start(evidence.baseline)}")
    if before is not Meaning.LOADED:
        if issue is not None:
            return _unconfirmed(
                f"it is loaded now, but an issue began after the request: {words(issue)}", can_change=False
            )
        return Judgement(Outcome.LOADED, "it was not loaded before the request, and is loaded now")
    # It was loaded before. Whether a failed load changes that label is not known, so that an issue, or one that may be gone, decides.
    if issue is not None and evidence.baseline in _RESTING:
        return Judgement(Outcome.FAILED, words(issue), issue=issue)
    if not seen_loading:
        return _unconfirmed("it was loaded before the request, and is loaded now")
    doubtful = next(
        (issue for issue in evidence.issues if _bearing(issue, evidence) is not _Bearing.NONE), None
    )
    if doubtful is not None:
        return _unconfirmed(
            f"it was loaded again, but this issue may be about it: {words(doubtful)}", can_change=False
        )
    if evidence.fetched_since:
        return _unconfirmed(
            "it was loaded again, but a later fetch may have acknowledged an issue about it", can_change=False
        )
    return Judgement(Outcome.LOADED, "it was being processed after the request, and is loaded now")


def _judge_failed(evidence: Evidence, before: Meaning | None, seen_loading: bool) -> Judgement:
    """The label says that something failed: was that this request?"""
    if before is None:
        return _unconfirmed(f"it has failed, but {_no_start(evidence.baseline)}")
    if before is Meaning.FAILED and not seen_loading:
        return _unconfirmed("it had failed before the request, and Adverity shows no load since")
    issue = next(
        (
            issue
            for issue in evidence.issues
            if issue.extract_id == evidence.extract_id and _bearing(issue, evidence) is not _Bearing.NONE
        ),
        None,
    )
    return Judgement(
        Outcome.FAILED, words(issue) if issue else "Adverity shows an error of the extract", issue=issue
    )


def _resting_before(baseline: Meaning | None, history: list[Meaning]) -> tuple[Meaning | None, list[Meaning]]:
    """The state from which the request's own load begins, and what was read since. While something else was being done with the extract, or where
    nobody looked, that is the first state after the request in which nothing was being done; None where none was read but the present one."""
    if baseline in _RESTING:
        return baseline, history
    for number, meaning in enumerate(history[:-1]):
        if meaning in _RESTING:
            return meaning, history[number + 1 :]
    return None, []


class _Bearing(enum.Enum):
    """What an issue says of the extract: nothing, perhaps something, or that it failed after the request."""

    NONE = 0
    DOUBTFUL = 1
    FAILURE = 2


def _bearing(issue: Issue, evidence: Evidence) -> _Bearing:
    if issue.extract_id not in (None, evidence.extract_id):
        return _Bearing.NONE
    stage, kind = issue.stage_label.casefold(), issue.type_label.casefold()
    if stage in _FETCH_STAGES or kind == "warning":
        return _Bearing.NONE
    if words(issue) in evidence.known:
        return (
            _Bearing.DOUBTFUL
        )  # it was there before the request, whatever the clocks say, or is one more in the same words
    order = times.compare(issue.start, evidence.sent_at) if issue.start and evidence.sent_at else 0
    if order < 0:
        return _Bearing.NONE
    certain = order > 0 and issue.extract_id is not None and stage in _LOAD_STAGES and kind == "error"
    return _Bearing.FAILURE if certain else _Bearing.DOUBTFUL


def _while_jobs_run(evidence: Evidence, found: Judgement) -> Judgement:
    """What nothing tells may still be told by a job that has not ended. When the jobs that came after the request have ended, nothing more comes."""
    later = [job for job in evidence.jobs if not job.is_fetch and _is_later(job, evidence.sent_at)]
    running = [job for job in later if not job.finished]
    if running:
        return Judgement(Outcome.LOADING, f"job {running[0].id} of its datastream has not ended", True)
    if later:
        return Judgement(found.outcome, found.reason, False, issue=found.issue)
    return found


def _is_later(job: Job, sent_at: times.Time | None) -> bool:
    moment = job.scheduled or job.start
    if moment is None or sent_at is None:
        return False
    return moment >= sent_at.moment


def _unconfirmed(reason: str, can_change: bool = True) -> Judgement:
    return Judgement(Outcome.UNCONFIRMED, reason, can_change)


def _contested(others: t.Sequence[Other]) -> str:
    other = others[0]
    what = (
        f"the automatic load into binding {other.binding_id}"
        if other.automatic
        else f"another request for binding {other.binding_id}"
    )
    return f"{what} may have changed the state of the extract, too"


def _no_start(baseline: Meaning | None) -> str:
    if baseline is Meaning.LOADING:
        return "Adverity was already processing it when the request was sent"
    return "its state before the request is not known"


def words(issue: Issue) -> str:
    """An issue, as it is recorded with a failure."""
    stage = f"{issue.stage_label}: " if issue.stage_label else ""
    return f"{stage}{issue.message or 'no message'}" + (f" ({issue.url})" if issue.url else "")
