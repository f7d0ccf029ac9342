# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For any world, selection and order of runs: a second run writes nothing, check mode tells what the real run does, nothing is loaded twice.

What runs promise that are killed, interleaved, or meet faults is held by the tests in ``machine``.
"""

from __future__ import annotations

import copy
import tempfile
from collections import Counter

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError, Refused, Unfinished
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.in_process import SpecError
from ansible_collections.adverity.management.tests.unit.plugins.properties import drawing
from ansible_collections.adverity.management.tests.unit.plugins.properties.service import Service
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(autouse=True)
def _fast_ledgers(monkeypatch):
    in_process.spare_the_disk(monkeypatch.setattr)


def outcome(service, name, check_mode=False, **options):
    """A result, or the error; and what was written for it."""
    before = len(service.writes)
    try:
        result = service.call(name, check_mode, **options)
    except (AdverityError, SpecError) as error:
        result = error
    return result, service.writes[before:]


def told(result, *without):
    """What can be compared of a result, without these keys, or of an error."""
    if isinstance(result, Exception):
        return type(result), str(result)
    return {name: value for name, value in result.items() if name not in without}


def state_of(service):
    return copy.deepcopy((service.bindings, service.loads))


def check_repeated(service, name, options):
    """Another run writes nothing."""
    result, writes = outcome(service, name, **options)
    assert writes == []
    assert isinstance(result, Exception) or result["changed"] is False


ONLY_REAL = ("ledger", "warnings", "batches")


def check_nothing_is_left_out(rows, options, result):
    """Every extract of these datastreams, within the bounds, has its place in the result."""
    bounds = (options.get("created_from", ""), options.get("created_to", "9"))
    meant = {row["id"] for row in rows if row["datastream_id"] in options["datastream_ids"] and bounds[0] <= row["created"] <= bounds[1]}
    assert {one for name in result if name.endswith("_extract_ids") for one in result[name]} == meant


def check_batches(rows, options, result, posts):
    """The requests partition what was sent, in order, each of one datastream and not over its size."""
    created = {row["id"]: (row["created"], row["id"]) for row in rows}
    of = {row["id"]: row["datastream_id"] for row in rows}
    assert [len(body["extract_ids"]) for body in posts] == [batch["extract_count"] for batch in result["batches"]]
    assert [body.get("binding_ids", []) for body in posts] == [batch["binding_ids"] for batch in result["batches"]]
    sent = [one for body in posts for one in body["extract_ids"]]
    assert sent == result["requeued_extract_ids"]
    assert len(sent) == len(set(sent)) == result["extract_count"]
    assert len(sent) <= options.get("limit", len(sent))
    datastreams = list(dict.fromkeys(of[one] for one in sent))
    if "datastream_ids" in options:
        assert datastreams == [one for one in dict.fromkeys(options["datastream_ids"]) if one in datastreams]
    bare = not {"binding_ids", "target_id"} & set(options) and "extract_ids" in options
    for datastream in datastreams:
        ages = [created[one] for one in sent if of[one] == datastream]
        assert bare or ages == sorted(ages)
    for body in posts:
        assert 1 <= len(body["extract_ids"]) <= options.get("batch_size", 50)
        assert bare or len({of[one] for one in body["extract_ids"]}) == 1
        assert ("binding_ids" in body) is not bare
        assert body["sequential"] is options.get("sequential", True)


def was_refused(result):
    """Whether a run ended with extracts that the service does not take, or with a refusal of all of a request."""
    return isinstance(result, Refused) or (isinstance(result, Unfinished) and "Adverity refused" in str(result))


@drawing.prove(300)
@given(drawing.worlds(), drawing.extract_lists(), st.lists(drawing.requeues() | st.sampled_from(drawing.BINDINGS), min_size=1, max_size=5))
def test_requeues(world, listed, steps):
    rows, switches = listed
    there = {row["id"] for row in rows}
    service = Service({**world, "extracts": rows}, **switches)
    with tempfile.TemporaryDirectory() as folder:
        for step in steps:
            if isinstance(step, int):  # somebody else enables or disables a binding
                if step in service.bindings:
                    service.bindings[step]["enabled"] = not service.bindings[step]["enabled"]
                continue
            options = dict(step, ledger=folder + "/ledger")
            before = state_of(service)
            predicted, writes = outcome(service, "adverity_requeue", check_mode=True, **options)
            assert writes == []
            result, writes = outcome(service, "adverity_requeue", **options)
            posts = [body for _method, _path, _params, body in writes]
            # Nothing is loaded twice, whatever the order of runs: nobody asked for it.
            assert set(Counter(service.loads).values()) <= {1}
            if was_refused(result):  # the ids alone were given: only the service can know that there is no such extract
                assert all("binding_ids" not in body for body in posts)
                assert not set(result.facts["refused_extract_ids"]) & there
                assert set(result.facts["requeued_extract_ids"]) <= there
                continue
            if isinstance(result, Exception) and not isinstance(result, Unfinished):
                assert state_of(service) == before
                assert posts == []
                if isinstance(predicted, Exception):
                    assert told(predicted) == told(result)
                else:
                    assert any(warning.startswith("Not enabled") for warning in predicted["warnings"])
                    assert isinstance(result, InputError)
                continue
            # What is left open is named, and everything else is done: in check mode and in a real run alike.
            assert type(predicted) is type(result)
            if isinstance(result, Unfinished):
                predicted, result = predicted.facts, result.facts
            assert told(predicted, *ONLY_REAL) == told(result, *ONLY_REAL)
            if "datastream_ids" in options and options.get("state") != "planned":  # a plan for a window does not list what is in it
                check_nothing_is_left_out(rows, options, result)
            assert [dict(one, message="") for one in result["batches"]] == predicted["batches"]
            if options.get("state") == "planned":
                assert posts == []
            else:
                assert result["changed"] is bool(posts)
                check_batches(rows, options, result, posts)
            # With a limit it takes some runs; then nothing is left to do.
            for _run in range(len(result["remaining_extract_ids"]) if "limit" in options else 0):
                outcome(service, "adverity_requeue", **options)
            loads = list(service.loads)
            result, writes = outcome(service, "adverity_requeue", **options)
            if was_refused(result):  # as above, but only with a later one of these runs
                assert service.loads == loads
            else:
                assert writes == []
                assert isinstance(result, Exception) or result["changed"] is False


def predicts(service, name, options, unless):
    """Check mode writes nothing and says what the real run then says; but for a refusal that only the service can know of."""
    before = copy.deepcopy(service.datastreams)
    predicted, writes = outcome(service, name, check_mode=True, **options)
    assert writes == []
    assert service.datastreams == before
    result, writes = outcome(service, name, **options)
    for _method, _path, query, _body in writes:
        assert {name for name, _value in query} == {"datastream_id"}
    if isinstance(result, Refused):
        assert unless
        assert result.status == 400
        return before, None, writes
    assert told(predicted) == told(result)
    return before, None if isinstance(result, Exception) else result, writes


@pytest.mark.parametrize("coupling", ["coupled", "independent"])
@drawing.prove(60)
@given(drawing.worlds(), st.lists(st.tuples(drawing.chosen_datastreams(), drawing.DATASTREAM_CHANGES), min_size=1, max_size=3))
def test_datastreams(coupling, world, steps):
    service, name = Service(world, smart_coupling=coupling), "adverity_datastream"
    for chosen, change in steps:
        options = dict(chosen, **change)
        before, result, writes = predicts(service, name, options, unless=change.get("pulling_mode") == "schedule")
        if result is None:
            continue
        meant = {row["id"] for row in result["datastreams"]}
        for one, row in service.datastreams.items():
            if one not in meant:
                assert row == before[one]
                continue
            assert row["enabled"] is change.get("enabled", before[one]["enabled"])
            assert row["active_mode"] == change.get("pulling_mode", before[one]["active_mode"])
        assert result["changed"] is bool(writes)
        check_repeated(service, name, options)


@pytest.mark.parametrize("defaults", ["value", "null"])
@drawing.prove(60)
@given(drawing.worlds(), st.lists(st.tuples(drawing.chosen_datastreams(), drawing.SMART_CHANGES), min_size=1, max_size=3))
def test_smart_pulling(defaults, world, steps):
    service, name = Service(world, smart_defaults=defaults), "adverity_smart_pulling"
    for chosen, change in steps:
        options = dict(chosen, **change)
        if defaults == "value" and change.get("reset"):
            # Whether what it shows is the default already cannot be told, so that check mode can name too many.
            before = copy.deepcopy(service.datastreams)
            predicted, writes = outcome(service, name, check_mode=True, **options)
            assert writes == []
            result, writes = outcome(service, name, **options)
            if isinstance(result, Exception):
                assert told(predicted) == told(result)
                continue
            assert set(result["affected"]["datastream_ids"]) <= set(predicted["affected"]["datastream_ids"])
            again, _writes = outcome(service, name, **options)
            assert again["changed"] is False
        else:
            before, result, _writes = predicts(service, name, options, unless=False)
            if result is None:
                continue
            check_repeated(service, name, options)
        check_merged(service, before, result, change, {"value": 7, "unit": "day"} if defaults == "value" else None)


def check_merged(service, before, result, change, default_range):
    """What was named is set, what was reset is the default, and what was not named stays as it was."""
    meant = {row["id"] for row in result["datastreams"]}
    for one, row in service.datastreams.items():
        if one not in meant:
            assert row == before[one]
            continue
        for setting in ("is_active", "frequency", "refresh_range", "deadline"):
            has, had = row["smart"][setting], (before[one]["smart"] or {}).get(setting)
            if setting in change:
                assert has == ({"time": change[setting]} if setting == "deadline" else change[setting])
            elif setting in change.get("reset", []):
                assert has is None
            elif setting == "refresh_range":
                assert (has or default_range) == (had or default_range)
            else:
                assert has == had
