# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For any world, selection and order of runs that change datastreams: a second run writes nothing, and check mode tells what the real run does.

The same of requeues, deployments and bindings, killed and interleaved, is held by the tests in ``machine``.
"""

from __future__ import annotations

import copy

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, Refused
from ansible_collections.adverity.management.tests.unit.plugins.in_process import SpecError
from ansible_collections.adverity.management.tests.unit.plugins.properties import drawing
from ansible_collections.adverity.management.tests.unit.plugins.properties.service import Service
from hypothesis import given
from hypothesis import strategies as st


def outcome(service, name, check_mode=False, **options):
    """A result, or the error; and what was written for it."""
    before = len(service.writes)
    try:
        result = service.call(name, check_mode, **options)
    except (AdverityError, SpecError) as error:
        result = error
    return result, service.writes[before:]


def told(result):
    """What can be compared of a result, or of an error."""
    return (type(result), str(result)) if isinstance(result, Exception) else result


def check_repeated(service, name, options):
    """Another run writes nothing."""
    result, writes = outcome(service, name, **options)
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
