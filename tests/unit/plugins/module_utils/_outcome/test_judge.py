# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is claimed of a load, for each thing that may be seen of it."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._outcome.judge import (
    Evidence,
    Other,
    Outcome,
    Reading,
    judge,
    may_overlap,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import issues, jobs
from ansible_collections.adverity.management.plugins.module_utils._resources.labels import Labels, Meaning
from ansible_collections.adverity.management.plugins.module_utils._spec import times

SENT = times.parse_precise("2026-01-01T12:00:00Z")
BEFORE, SAME, AFTER = "2026-01-01T11:59:59Z", "2026-01-01T12:00:00Z", "2026-01-01T12:00:01Z"
LOADED, FAILED, LOADING, UNCONFIRMED = Outcome.LOADED, Outcome.FAILED, Outcome.LOADING, Outcome.UNCONFIRMED


def issue(**more):
    row = {"id": 71, "start": AFTER, "type_label": "Error", "extraction_stage_label": "Import", "message": "No such table.", "extract": {"id": 101},
           "url": "https://acme.example/issues/71/"}  # fmt: skip
    return issues.Issue.from_row({**row, **more})


def job(**more):
    return jobs.Job.from_row({"id": 9, "type": "Import", "state_label": "Running", "scheduled": AFTER, **more})


def judged(baseline, *labels, sent_at=SENT, known=None, **more):
    readings = tuple(Reading(label, f"2026-01-01T13:00:0{number}Z") for number, label in enumerate(labels))
    return judge(Evidence(sent_at, baseline, readings, 101, **more), Labels(known))


C, L, F, P, O, U = Meaning.COLLECTED, Meaning.LOADED, Meaning.FAILED, Meaning.LOADING, Meaning.OVERWRITTEN, Meaning.UNKNOWN  # noqa: E741


@pytest.mark.parametrize(
    ("baseline", "labels", "outcome", "reason"),
    [
        # Seen as not loaded, and loaded now.
        (C, ["Loaded"], LOADED, "it was not loaded before the request, and is loaded now"),
        (C, ["Collected", "IMPORTED"], LOADED, "not loaded before"),
        (F, ["Loaded"], LOADED, "not loaded before"),
        (C, ["Import Error", "Loaded"], LOADED, "not loaded before"),
        # Loaded before and now: only what was seen in between counts.
        (L, ["Loaded"], UNCONFIRMED, "it was loaded before the request, and is loaded now"),
        (L, ["Processing", "Loaded"], LOADED, "it was being processed after the request, and is loaded now"),
        (L, ["Loaded", "Processing", "Loaded"], LOADED, "being processed after"),
        # Nobody looked before, or something else was under way: the first state of rest counts.
        (None, ["Loaded"], UNCONFIRMED, "its state before the request is not known"),
        (None, ["Processing", "Loaded"], UNCONFIRMED, "its state before the request is not known"),
        (None, ["Collected", "Loaded"], LOADED, "not loaded before"),
        (O, ["Loaded"], UNCONFIRMED, "its state before the request is not known"),
        (P, ["Loaded"], UNCONFIRMED, "Adverity was already processing it when the request was sent"),
        (P, ["Processing", "Loaded"], UNCONFIRMED, "already processing"),
        (P, ["Loaded", "Loaded"], UNCONFIRMED, "loaded before"),
        (P, ["Loaded", "Processing", "Loaded"], LOADED, "being processed after"),
        # An error label that was not there before.
        (C, ["Import Error"], FAILED, "Adverity shows an error of the extract"),
        (L, ["Processing", "Failed"], FAILED, "shows an error"),
        (F, ["Failed"], UNCONFIRMED, "it had failed before the request, and Adverity shows no load since"),
        (F, ["Processing", "Failed"], FAILED, "shows an error"),
        (None, ["Failed"], UNCONFIRMED, "it has failed, but its state before the request is not known"),
        (P, ["Failed"], UNCONFIRMED, "already processing"),
        (None, ["Collected", "Failed"], FAILED, "shows an error"),
        # Under way.
        (C, ["Processing"], LOADING, "Adverity is processing the extract"),
        # Nothing tells.
        (C, ["Collected"], UNCONFIRMED, "Adverity has collected the extract, and shows no load of it"),
        (L, ["Overwritten"], UNCONFIRMED, "a later extract has overwritten it"),
        (C, ["Importiert"], UNCONFIRMED, "a state that the collection does not know; state_labels can add it"),
        (C, [None], UNCONFIRMED, "does not know"),
        (C, [], UNCONFIRMED, "Adverity does not list the extract any more"),
    ],
)
def test_what_labels_tell(baseline, labels, outcome, reason):
    found = judged(baseline, *labels)
    assert found.outcome is outcome
    assert reason in found.reason


def test_labels_of_ones_own_instance():
    known = {" importiert": "Loaded", "In Arbeit": "loading", "Imported": "failed"}
    assert judged(C, "IMPORTIERT", known=known).outcome is LOADED
    assert judged(C, "in  arbeit", known=known).outcome is LOADING
    assert judged(C, "imported", known=known).outcome is FAILED


@pytest.mark.parametrize("known", [{"Importiert": "done"}, {"Importiert": None}, {"a\nb": "x"}])
def test_a_meaning_that_there_is_not(known):
    with pytest.raises(InputError, match="must be one of: collected, loading, loaded, failed"):
        Labels(known)


def test_a_meaning_fits_into_a_byte_and_keeps_its_number():
    assert {one.name: one.value for one in Meaning} == {"UNKNOWN": 0, "COLLECTED": 1, "LOADING": 2, "LOADED": 3, "FAILED": 4, "OVERWRITTEN": 5}


CERTAIN = "Import: No such table. (https://acme.example/issues/71/)"
NO_LOAD, AGAIN = "shows no load of it", "this issue may be about it"
NOTHING = [{"extract": {"id": 102}}, {"start": BEFORE}, {"type_label": "Warning"}, {"extraction_stage_label": "FETCH"}]
PERHAPS = [{"extract": None}, {"start": SAME}, {"start": None}, {"extraction_stage_label": None}, {"extraction_stage_label": "Abruf"}, {"type_label": ""},
           {"type_label": "Fehler"}]  # fmt: skip


@pytest.mark.parametrize(
    ("baseline", "labels", "issues_", "outcome", "reason"),
    [
        # An issue that began after the request is a failure, unless the extract is loaded or under way.
        (C, ["Collected"], [{}], FAILED, CERTAIN),
        (C, ["Import Error"], [{}], FAILED, CERTAIN),
        (C, ["Unbekannt"], [{}], FAILED, CERTAIN),
        (C, ["Overwritten"], [{}], FAILED, CERTAIN),
        (C, ["Processing", "Collected"], [{}], FAILED, CERTAIN),
        (L, ["Loaded"], [{}], FAILED, CERTAIN),
        (L, ["Processing", "Loaded"], [{}], FAILED, CERTAIN),
        (C, ["Loaded"], [{}], UNCONFIRMED, f"it is loaded now, but an issue began after the request: {CERTAIN}"),
        (C, ["Processing"], [{}], LOADING, "Adverity is processing the extract"),
        # Something else may have been under way.
        *((baseline, [label], [{}], UNCONFIRMED, "") for baseline in (P, None, U) for label in ("Collected", "Loaded")),
        # Issues that tell nothing of the extract, and issues that may be about it.
        (C, ["Collected"], NOTHING, UNCONFIRMED, NO_LOAD),
        (L, ["Processing", "Loaded"], NOTHING, LOADED, "being processed after"),
        (C, ["Collected"], PERHAPS, UNCONFIRMED, NO_LOAD),
        (C, ["Loaded"], PERHAPS, LOADED, "not loaded before"),
        (L, ["Processing", "Loaded"], PERHAPS, UNCONFIRMED, AGAIN),
        # An error label takes its words from an issue of the extract.
        (C, ["Failed"], [{"extraction_stage_label": None}], FAILED, "No such table. (https://acme.example/issues/71/)"),
        (C, ["Failed"], [{"extract": None}], FAILED, "Adverity shows an error of the extract"),
        (C, ["Failed"], [{"message": "", "url": ""}], FAILED, "Import: no message"),
    ],
)
def test_what_an_issue_tells(baseline, labels, issues_, outcome, reason):
    for fields in issues_:
        found = judged(baseline, *labels, issues=(issue(**fields),))
        assert (found.outcome, reason in found.reason) == (outcome, True), (fields, found)
        assert (found.issue.id if found.issue else None) == (71 if outcome is FAILED and fields.get("extract", 1) else None), found
        assert found.can_change is (outcome is LOADING or reason == NO_LOAD or not reason), found


def test_without_the_time_of_the_request_no_issue_is_certain():
    assert judged(C, "Collected", issues=(issue(),), sent_at=None).outcome is UNCONFIRMED


def test_an_issue_of_a_failure_that_was_recorded_before_is_no_news():
    known = frozenset(["Import: No such table. (https://acme.example/issues/71/)"])
    found = judged(C, "Collected", issues=(issue(),), fetched_since=False)
    assert found.outcome is FAILED
    for baseline, label in ((C, "Collected"), (F, "Import error"), (L, "Loaded")):
        assert judge(Evidence(SENT, baseline, (Reading(label),), 101, (issue(),), known=known), Labels()).outcome is UNCONFIRMED
    assert judge(Evidence(SENT, F, (Reading("Loaded"),), 101, (issue(),), known=known), Labels()).outcome is LOADED
    assert judge(Evidence(SENT, F, (Reading("Import error"),), 101, (issue(), issue(id=72, url="")), known=known), Labels()).outcome is FAILED


def test_a_load_again_where_an_issue_may_have_been_acknowledged():
    found = judged(L, "Processing", "Loaded", fetched_since=True)
    assert (found.outcome, found.reason) == (UNCONFIRMED, "it was loaded again, but a later fetch may have acknowledged an issue about it")
    assert judged(C, "Processing", "Loaded", fetched_since=True).outcome is LOADED


@pytest.mark.parametrize("label", ["Loaded", "Import Error", "Collected"])
@pytest.mark.parametrize("found", [(), (issue(),)])
def test_nothing_is_claimed_of_one_binding_where_another_was_under_way(label, found):
    verdict = judged(C, label, others=(Other(124),), issues=found)
    assert (verdict.outcome, verdict.can_change) == (UNCONFIRMED, False)
    assert verdict.reason == "another request for binding 124 may have changed the state of the extract, too"
    verdict = judged(C, label, others=(Other(124, automatic=True),), issues=found)
    assert verdict.reason.startswith("the automatic load into binding 124 may")
    assert judged(C, "Processing", others=(Other(124),)).outcome is LOADING


@pytest.mark.parametrize(
    ("row", "outcome", "can_change"),
    [
        ({}, LOADING, True),
        ({"state_label": "Scheduled"}, LOADING, True),
        ({"scheduled": SAME}, LOADING, True),
        ({"scheduled": None, "job_start": AFTER}, LOADING, True),
        ({"state_label": "Success"}, UNCONFIRMED, False),
        ({"state_label": "Failed"}, UNCONFIRMED, False),
        ({"type": "fetch"}, UNCONFIRMED, True),
        ({"scheduled": BEFORE}, UNCONFIRMED, True),
        ({"scheduled": None}, UNCONFIRMED, True),
    ],
)
def test_a_job_of_the_datastream(row, outcome, can_change):
    found = judged(L, "Loaded", jobs=(job(**row),))
    assert (found.outcome, found.can_change) == (outcome, can_change)
    assert judged(C, "Loaded", jobs=(job(**row),)).outcome is LOADED
    assert judged(C, "Failed", jobs=(job(**row),)).outcome is FAILED


@pytest.mark.parametrize(
    ("baseline", "label", "can_change"),
    [(C, "Collected", True), (L, "Loaded", True), (F, "Failed", True), (None, "Loaded", True), (C, "Unbekannt", True), (C, "Overwritten", False)],
)
def test_whether_waiting_can_tell_more(baseline, label, can_change):
    assert judged(baseline, label).can_change is can_change


def test_an_extract_that_is_no_longer_listed():
    readings = (Reading("Processing"), Reading(None, listed=False))
    found = judge(Evidence(SENT, C, readings, 101, jobs=(job(),)), Labels())
    assert (found.outcome, found.can_change) == (UNCONFIRMED, False)


def test_it_tells_the_label_and_since_when_it_was_read():
    found = judged(C, "Loaded", "Processing", "Loaded", "Loaded")
    assert (found.label, found.since) == ("Loaded", "2026-01-01T13:00:02Z")


@pytest.mark.parametrize(
    ("earlier", "later", "overlap"),
    [
        ("2026-01-01T12:00:00Z", "2026-01-03T12:00:00Z", True),
        ("2026-01-01T12:00:00Z", "2026-01-03T12:00:01Z", False),
        ("2026-01-01T12:00:00Z", None, True),
        (None, "2026-01-03T12:00:00Z", True),
    ],
)
def test_a_request_that_may_still_be_under_way(earlier, later, overlap):
    assert may_overlap(*(times.parse_precise(one) for one in (earlier, later))) is overlap


def test_the_same_label_twice_is_refused():
    with pytest.raises(InputError, match="state_labels has the same label twice: 'Processing' and 'PROCESSING'. Case and spaces do not matter"):
        Labels({"Processing": "loaded", "PROCESSING ": "loaded"})
