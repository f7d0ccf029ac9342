# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules for datastreams refuse, before they write anything: above all a choice that says nothing."""

from __future__ import annotations

import pytest
from adverity_harness.crowds import snapshot, uuid
from adverity_harness.refusals import try_all
from adverity_harness.runs import module, refused
from adverity_harness.worlds import READ_ONLY_KEY, World

STRANGER, OTHER_STRANGER = uuid(9999), uuid(8888)
OFF = dict(enabled=False)

# The module, its options, and what its message must say. Only the last ones need the service to find out.
REFUSALS = {
    "no selection": ("datastream", OFF, "Select datastreams with datastream_ids, filters or all_datastreams: true"),
    "only nulls": ("datastream", dict(OFF, datastream_ids=None, filters=None), "Select datastreams with datastream_ids, filters or all_datastreams: true"),
    "no ids": ("datastream", dict(OFF, datastream_ids=[]), "datastream_ids is empty", "neither everything nor nothing"),
    "no ids, by the alias": ("datastream", dict(OFF, datastream_id=[]), "datastream_ids is empty"),
    "no ids beside a filter": ("datastream", dict(OFF, datastream_ids=[], filters={"enabled": True}), "datastream_ids is empty"),
    "no filters": ("datastream", dict(OFF, filters={}), "filters is empty", "neither everything nor nothing"),
    "filters of nulls": ("datastream", dict(OFF, filters={"enabled": None, "workspace_ids": None}), "filters is empty"),
    "no workspaces": ("datastream", dict(OFF, filters={"workspace_ids": []}), "workspace_ids is empty", "neither everything nor nothing"),
    "no workspaces beside a state": ("datastream", dict(OFF, filters={"workspace_ids": [], "enabled": True}), "workspace_ids is empty"),
    "integer id": ("datastream", dict(OFF, datastream_ids=[uuid(1), 456]), "456 is an integer id", "takes a UUID", "adverity_binding"),
    "integer workspace": ("datastream", dict(OFF, filters={"workspace_ids": ["12"]}), "12 is an integer id", "takes a UUID"),
    "no UUID": ("datastream", dict(OFF, datastream_id="Google Ads"), "'Google Ads' is not a UUID"),
    "false alone": ("datastream", dict(OFF, all_datastreams=False), "Select datastreams with datastream_ids, filters or all_datastreams: true"),
    "all and ids": ("datastream", dict(OFF, all_datastreams=True, datastream_id=uuid(1)), "mutually exclusive", "datastream_ids"),
    "all and filters": ("datastream", dict(OFF, all_datastreams=True, filters={"enabled": True}), "mutually exclusive", "filters"),
    "scope alone": ("datastream", dict(OFF, filters={"workspace_scope": "family"}), "workspace_ids"),
    "no such filter": ("datastream", dict(OFF, filters={"name": "Ads"}), "Unsupported", "name"),
    "no change": ("datastream", dict(all_datastreams=True), "one of the following is required: enabled, pulling_mode"),
    "no such mode": ("datastream", dict(all_datastreams=True, pulling_mode="smart-bundle"), "smart-bundle", "smart, schedule"),
    "list of no ids": ("datastream_info", dict(datastream_ids=[]), "datastream_ids is empty"),
    "list of no workspaces": ("datastream_info", dict(workspace_ids=[]), "workspace_ids is empty"),
    "list with a scope alone": ("datastream_info", dict(workspace_scope="ancestors"), "workspace_ids"),
    "list with an integer id": ("datastream_info", dict(datastream_id=456), "456 is an integer id", "takes a UUID"),
}
UNKNOWN = {
    "unknown beside known": dict(OFF, datastream_ids=[uuid(1), STRANGER, uuid(2), OTHER_STRANGER]),
    "unknown beside known that no filter lets through": dict(OFF, datastream_ids=[uuid(1), STRANGER, OTHER_STRANGER], filters={"enabled": False}),
    "only unknown": dict(OFF, datastream_ids=[STRANGER, OTHER_STRANGER]),
}


@pytest.fixture(name="tried", scope="module")
def fixture_tried(tmp_path_factory):
    """One run with all that needs no look at the service."""
    cases = {title: (module(name, title, **options), *words) for title, (name, options, *words) in REFUSALS.items()}
    with try_all(tmp_path_factory.mktemp("refusals"), World().datastream(1).datastream(2), cases) as tried:
        yield tried


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused_and_says_why(tried, name):
    tried.check_told(name, *REFUSALS[name][2:])


def test_nothing_was_even_asked(tried):
    assert tried.scene.requests() == []


@pytest.mark.parametrize("unknown", ["skip", "error"])
def test_an_unknown_datastream_stops_the_module_before_it_writes(begin, unknown):
    scene = begin(World().datastream(1).datastream(2), switches={"unknown_datastream": unknown})
    before = snapshot(scene)
    run = scene.play([refused(module("datastream", title, **options)) for title, options in UNKNOWN.items()])
    assert len(run.failures) == len(UNKNOWN)
    for failure in run.failures:
        assert f"datastream_ids: not found among the datastreams this key can see: {STRANGER}, {OTHER_STRANGER}." in failure["msg"]
        assert "Nothing was changed" in failure["msg"]
        assert uuid(1) not in failure["msg"]
        assert failure["unknown_ids"] == [STRANGER, OTHER_STRANGER]
    assert scene.writes() == []
    assert snapshot(scene) == before


def test_a_key_that_may_only_read_is_told_what_it_lacks(begin):
    scene = begin(World().datastream(1).datastream(2))
    before = snapshot(scene)
    run = scene.play([module("datastream", all_datastreams=True, enabled=False)], fails=True, env={"ADVERITY_API_KEY": READ_ONLY_KEY})
    (failure,) = run.failures
    assert "datastream:write" in failure["msg"]
    assert failure["affected"]["datastream_ids"] == []
    assert failure["remaining"]["datastream_ids"] == [uuid(1), uuid(2)]
    assert failure["changed"] is False
    assert snapshot(scene) == before
