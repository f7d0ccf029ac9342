# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is claimed of a load, for each thing that may be seen of it."""

from __future__ import annotations

import pytest
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
# What the label meant before the request; None: it was not recorded.
WAS_COLLECTED, WAS_LOADED, WAS_FAILED = Meaning.COLLECTED, Meaning.LOADED, Meaning.FAILED
WAS_LOADING, WAS_OVERWRITTEN, WAS_UNKNOWN = Meaning.LOADING, Meaning.OVERWRITTEN, Meaning.UNKNOWN


def issue(**more):
    row = {"id": 71, "start": AFTER, "type_label": "Error", "extraction_stage_label": "Import", "message": "No such table.", "extract": {"id": 101},
           "url": "https://acme.example/issues/71/"}  # fmt: skip
    return issues.Issue.from_row({**row, **more})


def job(**more):
    return jobs.Job.from_row({"id": 9, "type": "Import", "state_label": "Running", "scheduled": AFTER, **more})


def judged(baseline, *labels, sent_at=SENT, meanings=None, **more):
    readings = tuple(Reading(label, f"2026-01-01T13:00:0{number}Z") for number, label in enumerate(labels))
    return judge(Evidence(sent_at, baseline, readings, 101, **more), Labels(meanings))


@pytest.mark.parametrize(
    ("baseline", "labels", "outcome", "reason"),
    [
        # Seen as not loaded, and loaded now.
        (WAS_COLLECTED, ["Loaded"], LOADED, "it was not loaded before the request, and is loaded now"),
        (WAS_COLLECTED, ["Collected", "IMPORTED"], LOADED, "not loaded before"),
        (WAS_FAILED, ["Loaded"], LOADED, "not loaded before"),
        (WAS_COLLECTED, ["Import Error", "Loaded"], LOADED, "not loaded before"),
        # Loaded before and now: only what was seen in between counts.
        (WAS_LOADED, ["Loaded"], UNCONFIRMED, "it was loaded before the request, and is loaded now"),
        (WAS_LOADED, ["Processing", "Loaded"], LOADED, "it was being processed after the request, and is loaded now"),
        (WAS_LOADED, ["Loaded", "Processing", "Loaded"], LOADED, "being processed after"),
        # Nobody looked before, or something else was under way: the first state of rest counts.
        (None, ["Loaded"], UNCONFIRMED, "its state before the request is not known"),
        (None, ["Processing", "Loaded"], UNCONFIRMED, "its state before the request is not known"),
        (None, ["Collected", "Loaded"], LOADED, "not loaded before"),
        (WAS_OVERWRITTEN, ["Loaded"], UNCONFIRMED, "its state before the request is not known"),
        (WAS_LOADING, ["Loaded"], UNCONFIRMED, "Adverity was already processing it when the request was sent"),
        (WAS_LOADING, ["Processing", "Loaded"], UNCONFIRMED, "already processing"),
        (WAS_LOADING, ["Loaded", "Loaded"], UNCONFIRMED, "loaded before"),
        (WAS_LOADING, ["Loaded", "Processing", "Loaded"], LOADED, "being processed after"),
        # An error label that was not there before.
        (WAS_COLLECTED, ["Import Error"], FAILED, "Adverity shows an error of the extract"),
        (WAS_LOADED, ["Processing", "Failed"], FAILED, "shows an error"),
        (WAS_FAILED, ["Failed"], UNCONFIRMED, "it had failed before the request, and Adverity shows no load since"),
        (WAS_FAILED, ["Processing", "Failed"], FAILED, "shows an error"),
        (None, ["Failed"], UNCONFIRMED, "it has failed, but its state before the request is not known"),
        (WAS_LOADING, ["Failed"], UNCONFIRMED, "already processing"),
        (None, ["Collected", "Failed"], FAILED, "shows an error"),
        # Under way.
        (WAS_COLLECTED, ["Processing"], LOADING, "Adverity is processing the extract"),
        # Nothing tells.
        (WAS_COLLECTED, ["Collected"], UNCONFIRMED, "Adverity has collected the extract, and shows no load of it"),
        (WAS_LOADED, ["Overwritten"], UNCONFIRMED, "a later extract has overwritten it"),
        (WAS_COLLECTED, ["Importiert"], UNCONFIRMED, "a state that the collection does not know; state_labels can add it"),
        (WAS_COLLECTED, [None], UNCONFIRMED, "does not know"),
        (WAS_COLLECTED, [], UNCONFIRMED, "Adverity does not list the extract any more"),
    ],
)
def test_labels_tell_the_outcome(baseline, labels, outcome, reason):
    found = judged(baseline, *labels)
    assert found.outcome is outcome
    assert reason in found.reason


@pytest.mark.parametrize(("label", "outcome"), [("IMPORTIERT", LOADED), ("in  arbeit", LOADING), ("imported", FAILED)])
def test_label_that_the_user_explains_has_that_meaning_whatever_its_case_and_spaces(label, outcome):
    assert judged(WAS_COLLECTED, label, meanings={" importiert": "Loaded", "In Arbeit": "loading", "Imported": "failed"}).outcome is outcome


def test_meaning_keeps_the_number_that_ledgers_record():
    assert {each.name: each.value for each in Meaning} == {"UNKNOWN": 0, "COLLECTED": 1, "LOADING": 2, "LOADED": 3, "FAILED": 4, "OVERWRITTEN": 5}


WORDS = "Import: No such table. (https://acme.example/issues/71/)"
NO_LOAD = "shows no load of it"
# Issues that tell nothing of the extract, and issues that may be about it.
NOTHING = [{"extract": {"id": 102}}, {"start": BEFORE}, {"type_label": "Warning"}, {"extraction_stage_label": "FETCH"}]
PERHAPS = [{"extract": None}, {"start": SAME}, {"start": None}, {"extraction_stage_label": None}, {"extraction_stage_label": "Abruf"},
           {"type_label": ""}, {"type_label": "Fehler"}]  # fmt: skip


@pytest.mark.parametrize(
    ("baseline", "labels", "issues_", "outcome", "reason", "can_change"),
    [
        # An issue that began after the request is a failure, unless the extract is loaded or under way.
        *((WAS_COLLECTED, [label], [{}], FAILED, WORDS, False) for label in ("Collected", "Import Error", "Unbekannt", "Overwritten")),
        (WAS_COLLECTED, ["Processing", "Collected"], [{}], FAILED, WORDS, False),
        *((WAS_LOADED, labels, [{}], FAILED, WORDS, False) for labels in (["Loaded"], ["Processing", "Loaded"])),
        (WAS_COLLECTED, ["Loaded"], [{}], UNCONFIRMED, f"it is loaded now, but an issue began after the request: {WORDS}", False),
        (WAS_COLLECTED, ["Processing"], [{}], LOADING, "Adverity is processing the extract", True),
        # Something else may have been under way.
        *((baseline, labels, [{}], UNCONFIRMED, "", True) for baseline in (WAS_LOADING, None, WAS_UNKNOWN)
          for labels in (["Collected"], ["Loaded"], ["Loaded", "Loaded"])),
        (WAS_COLLECTED, ["Collected"], NOTHING, UNCONFIRMED, NO_LOAD, True),
        (WAS_LOADED, ["Processing", "Loaded"], NOTHING, LOADED, "being processed after", False),
        (WAS_COLLECTED, ["Collected"], PERHAPS, UNCONFIRMED, NO_LOAD, True),
        (WAS_COLLECTED, ["Loaded"], PERHAPS, LOADED, "not loaded before", False),
        (WAS_LOADED, ["Processing", "Loaded"], PERHAPS, UNCONFIRMED, "this issue may be about it", False),
        # An error label takes its words from an issue of the extract.
        (WAS_COLLECTED, ["Failed"], [{"extraction_stage_label": None}], FAILED, "No such table. (https://acme.example/issues/71/)", False),
        (WAS_COLLECTED, ["Failed"], [{"extract": None}], FAILED, "Adverity shows an error of the extract", False),
        (WAS_COLLECTED, ["Failed"], [{"message": "", "url": ""}], FAILED, "Import: no message", False),
    ],
)  # fmt: skip
def test_issue_tells_the_outcome(baseline, labels, issues_, outcome, reason, can_change):
    for fields in issues_:
        found = judged(baseline, *labels, issues=(issue(**fields),))
        assert (found.outcome, found.can_change, reason in found.reason) == (outcome, can_change, True), (fields, found)
        assert (found.issue.id if found.issue else None) == (71 if outcome is FAILED and fields.get("extract", 1) else None), found


def test_issue_is_not_certain_where_the_time_of_the_request_is_not_known():
    assert judged(WAS_COLLECTED, "Collected", issues=(issue(),), sent_at=None).outcome is UNCONFIRMED


@pytest.mark.parametrize(
    ("baseline", "label", "issues_", "outcome"),
    [
        (WAS_COLLECTED, "Collected", [issue()], UNCONFIRMED),
        (WAS_FAILED, "Import error", [issue()], UNCONFIRMED),
        (WAS_LOADED, "Loaded", [issue()], UNCONFIRMED),
        (WAS_FAILED, "Loaded", [issue()], LOADED),
        (WAS_FAILED, "Import error", [issue(), issue(id=72, url="")], FAILED),
    ],
)
def test_issue_of_a_failure_that_was_recorded_before_the_request_is_no_failure_of_it(baseline, label, issues_, outcome):
    assert judged(baseline, label, issues=tuple(issues_), known=frozenset([WORDS])).outcome is outcome


@pytest.mark.parametrize(("baseline", "outcome"), [(WAS_LOADED, UNCONFIRMED), (WAS_COLLECTED, LOADED)])
def test_later_fetch_may_have_acknowledged_an_issue_of_what_was_loaded_again(baseline, outcome):
    found = judged(baseline, "Processing", "Loaded", fetched_since=True)
    assert found.outcome is outcome
    assert ("a later fetch may have acknowledged an issue about it" in found.reason) is (outcome is UNCONFIRMED)


@pytest.mark.parametrize("label", ["Loaded", "Import Error", "Collected"])
@pytest.mark.parametrize("found", [(), (issue(),)])
@pytest.mark.parametrize(("automatic", "what"), [(False, "another request for"), (True, "the automatic load into")])
def test_nothing_is_claimed_of_one_binding_where_another_was_under_way(label, found, automatic, what):
    judgement = judged(WAS_COLLECTED, label, others=(Other(124, automatic),), issues=found)
    assert (judgement.outcome, judgement.can_change) == (UNCONFIRMED, False)
    assert judgement.reason == f"{what} binding 124 may have changed the state of the extract, too"


def test_extract_that_is_being_processed_is_loading_also_where_another_binding_was_under_way():
    assert judged(WAS_COLLECTED, "Processing", others=(Other(124),)).outcome is LOADING


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
def test_job_of_the_datastream_tells_whether_something_comes(row, outcome, can_change):
    found = judged(WAS_LOADED, "Loaded", jobs=(job(**row),))
    assert (found.outcome, found.can_change) == (outcome, can_change)
    assert [judged(WAS_COLLECTED, label, jobs=(job(**row),)).outcome for label in ("Loaded", "Failed")] == [LOADED, FAILED]


@pytest.mark.parametrize(
    ("baseline", "label", "can_change"),
    [
        *((WAS_COLLECTED, label, can_change) for label, can_change in (("Collected", True), ("Unbekannt", True), ("Overwritten", False))),
        *((baseline, label, True) for baseline, label in ((WAS_LOADED, "Loaded"), (WAS_FAILED, "Failed"), (None, "Loaded"))),
    ],
)
def test_later_reading_may_tell_more(baseline, label, can_change):
    assert judged(baseline, label).can_change is can_change


def test_extract_that_is_no_longer_listed_is_unconfirmed_also_while_a_job_runs():
    readings = (Reading("Processing"), Reading(None, listed=False))
    found = judge(Evidence(SENT, WAS_COLLECTED, readings, 101, jobs=(job(),)), Labels())
    assert (found.outcome, found.can_change) == (UNCONFIRMED, False)


def test_judgement_has_the_label_and_since_when_it_was_read():
    found = judged(WAS_COLLECTED, "Loaded", "Processing", "Loaded", "Loaded")
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
def test_earlier_request_may_overlap_for_two_days(earlier, later, overlap):
    assert may_overlap(times.parse_precise(earlier), times.parse_precise(later)) is overlap
