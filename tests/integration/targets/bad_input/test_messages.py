# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: each with its own message that says what is wrong, and nothing written. The role's is in deploy_role."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.scenes import open_scene
from adverity_harness.worlds import KEY, World

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
LOAD = dict(datastream_id=456, target_id=789)


def binding(**options):
    """A task that would enable bindings."""
    return module("binding", enabled=True, **options)


def requeue(**options):
    """A task that would load extracts."""
    return module("requeue", **options)


def connected(**options):
    """A task that would only look, with other connection options."""
    return module("binding_info", **options)


# A task, and words of its message.
CHOICES = {
    "nothing chosen": (binding(), "one of the following is required", "binding_ids, datastream_id, target_id"),
    "chosen by null": (binding(binding_ids=None, target_id=None), "one of the following is required"),
    "an empty list of bindings": (binding(binding_ids=[]), "binding_ids is empty"),
    "an empty list beside something": (binding(binding_ids=[], target_id=789), "binding_ids is empty"),
    "an unknown binding": (binding(binding_ids=[4711]), "binding_ids", "4711"),
    "an unknown binding beside known ones": (binding(binding_ids=[123, 4711, 124]), "binding_ids", "4711"),
    "a binding that is not available": (binding(binding_id=140), "binding_ids", "140"),
    "a binding of another destination": (binding(binding_ids=[123, 55], target_id=789), "target_id 789", "55"),
    "a binding of another datastream": (binding(binding_id=124, datastream_id=456), "datastream_id 456", "124"),
    "an unknown destination": (binding(target_id=4711), "No binding found", "4711"),
    "an unknown datastream": (binding(datastream_id=4711), "No binding found", "4711"),
    "a UUID for a binding": (binding(binding_ids=[UUID]), UUID, "is a UUID", "integer id"),
    "a UUID for a datastream": (binding(datastream_id=UUID), UUID, "is a UUID", "datastream_id"),
    "a UUID for a destination": (binding(target_id=UUID), UUID, "is a UUID", "target_id"),
    "a name for a destination": (binding(target_id="BigQuery"), "target_id", "BigQuery", "positive whole number"),
    "zero for a binding": (binding(binding_ids=[0]), "binding_ids", "positive whole number"),
    "a negative id": (binding(binding_ids=[123, -5]), "binding_ids", "-5", "positive whole number"),
    "a fraction for an id": (binding(target_id=789.5), "target_id", "789.5", "positive whole number"),
    "true for an id": (binding(target_id=True), "target_id", "positive whole number"),
    "an id beyond all bounds": (binding(target_id=10**30), "target_id", "positive whole number"),
    "neither enabled nor disabled": (module("binding", target_id=789), "missing required arguments", "enabled"),
    "enabled by a word": (module("binding", target_id=789, enabled="perhaps"), "enabled", "perhaps"),
    "a misspelt option": (binding(target_id=789, target_ids=[789]), "target_ids", "Unsupported parameters"),
    "extracts of nothing": (module("extract_info"), "missing required arguments", "datastream_ids"),
    "extracts of an empty list": (module("extract_info", datastream_ids=[]), "datastream_ids is empty"),
    "extracts of a UUID": (module("extract_info", datastream_id=UUID), UUID, "is a UUID"),
    "the newest none": (module("extract_info", datastream_id=456, limit=0), "limit", "at least 1"),
    "extracts from no date": (module("extract_info", datastream_id=456, created_from="yesterday"), "created_from", "yesterday", "2024-01-15"),
    "extracts of no day": (module("extract_info", datastream_id=456, created_to="2024-02-30"), "created_to", "day is out of range"),
    "bounds the wrong way round": (
        module("extract_info", datastream_id=456, created_from="2025-02-01", created_to="2025-01-31"),
        "created_from",
        "later than",
    ),
    "bindings of an empty list": (module("binding_info", binding_ids=[]), "binding_ids is empty"),
    "a ledger's empty list": (module("requeue_info", datastream_ids=[]), "datastream_ids is empty"),
    "a ledger by two ways": (module("requeue_info", extract_ids=[1], datastream_ids=[456]), "mutually exclusive", "extract_ids", "datastream_ids"),
    "a ledger's unknown destination": (module("requeue_info", target_id=4711), "No binding found", "4711"),
}
LOADS = {
    "nothing to load": (requeue(target_id=789), "one of the following is required", "extract_ids, datastream_ids"),
    "nothing to load, by null": (requeue(datastream_ids=None, target_id=789), "one of the following is required"),
    "no extracts": (requeue(extract_ids=[]), "extract_ids is empty"),
    "no datastreams": (requeue(datastream_ids=[]), "datastream_ids is empty"),
    "no bindings": (requeue(datastream_id=456, binding_ids=[]), "binding_ids is empty"),
    "extracts and datastreams": (requeue(extract_ids=[1], datastream_id=456), "mutually exclusive", "extract_ids", "datastream_ids"),
    "a binding of another destination to load into": (requeue(datastream_id=456, binding_ids=[123, 55], target_id=789), "target_id 789", "55"),
    "an unknown datastream to load": (requeue(datastream_ids=[4711], target_id=789), "datastream_ids", "4711"),
    "an unknown one beside a known one": (requeue(datastream_ids=[456, 4711]), "datastream_ids", "4711"),
    "an unknown extract": (requeue(extract_ids=[4711], binding_ids=[123]), "none of extract_ids"),
    "an unknown extract beside a known one": (requeue(extract_ids=[4560001, 4711], target_id=789), "extract_ids", "4711"),
    "an extract of another datastream": (requeue(extract_ids=[4570001], binding_ids=[123]), "none of extract_ids", "456"),
    "unknown bindings to load into": (requeue(datastream_id=456, binding_ids=[123, 4711]), "binding_ids", "4711"),
    "bindings of another datastream": (requeue(datastream_id=456, binding_ids=[123, 56]), "binding_ids", "datastream_id 456", "56"),
    "a binding for none of the extracts": (requeue(extract_ids=[4560001], binding_ids=[123, 56]), "binding_ids", "56"),
    "a disabled binding": (requeue(datastream_id=457, target_id=789), "Not enabled", "binding 124"),
    "no enabled binding": (requeue(datastream_id=458), "no enabled binding", "458"),
    "a datastream without that destination": (requeue(datastream_ids=[456, 458], target_id=790), "458", "target_id 790"),
    "a UUID for an extract": (requeue(extract_ids=[UUID]), UUID, "is a UUID"),
    "a UUID for a datastream to load": (requeue(datastream_ids=[456, UUID], target_id=789), UUID, "is a UUID"),
    "no extracts at a time": (requeue(**LOAD, batch_size=0), "batch_size", "1 to 50"),
    "too many extracts at a time": (requeue(**LOAD, batch_size=51), "batch_size", "1 to 50"),
    "no extracts at all": (requeue(**LOAD, limit=0), "limit", "at least 1"),
    "a limit that is no number": (requeue(**LOAD, limit="all"), "limit", "all"),
    "an unknown way on": (requeue(**LOAD, on_unknown="retry"), "on_unknown", "fail, requeue, skip", "retry"),
    "an unknown state": (requeue(**LOAD, state="present"), "state", "requeued, planned", "present"),
    "bounds for extracts": (requeue(extract_ids=[4560001], created_from="2025-01-01"), "created_from", "datastream_ids"),
    "bounds for a load the wrong way round": (requeue(**LOAD, created_from="2025-02-01", created_to="2025-01-31"), "later than"),
    "a bound that is no time": (requeue(**LOAD, created_from="2025-01-01T25:00:00Z"), "created_from", "hour must be in"),
    "periods of another binding": (
        requeue(**LOAD, self_loading=[{"binding_id": 124, "since": "2025-01-01"}]),
        "self_loading",
        "124",
    ),
    "periods without a beginning": (requeue(**LOAD, self_loading=[{"binding_id": 123}]), "since", "self_loading"),
}
SECRET = "hunter2-in-the-address"
CONNECTIONS = {
    "no instance": (connected(instance=""), "instance"),
    "http to another host": (connected(instance="http://acme.datatap.adverity.com"), "http://", "loopback"),
    "http to a name that only looks like loopback": (connected(instance="http://127.0.0.1.example.com"), "http://", "loopback"),
    "http to a host of the local network": (connected(instance="http://192.168.1.5:8080"), "http://", "loopback"),
    "http to all addresses": (connected(instance="http://0.0.0.0:8080"), "http://", "loopback"),
    "a path": (connected(instance="https://acme.datatap.adverity.com/api/v1/"), "instance", "path"),
    "a slash": (connected(instance="https://acme.datatap.adverity.com/"), "instance", "path"),
    "a query": (connected(instance="acme.datatap.adverity.com?workspace=1"), "instance", "query"),
    "user and password": (connected(instance=f"https://me:{SECRET}@acme.datatap.adverity.com"), "instance", "password"),
    "another scheme": (connected(instance="ftp://acme.datatap.adverity.com"), "instance", "https://"),
    "a space": (connected(instance="acme .datatap.adverity.com"), "instance", "white space"),
    "a line break": (connected(instance="acme.datatap.adverity.com\nHost: elsewhere.example"), "instance", "control characters"),
    "no such port": (connected(instance="https://acme.datatap.adverity.com:99999"), "instance"),
    "a letter for a port": (connected(instance="https://acme.datatap.adverity.com:https"), "instance"),
    "a wildcard": (connected(instance="*.datatap.adverity.com"), "instance", "not a host name"),
    "an empty key": (connected(api_key=""), "api_key is empty"),
    "a key with a line break": (connected(api_key=KEY + "\n"), "api_key", "line break"),
    "a key with a header in it": (connected(api_key=KEY + "\r\nX-Other: 1"), "api_key", "line break"),
    "a key with a space": (connected(api_key=KEY + " x"), "api_key", "white space"),
    "a key with an umlaut": (connected(api_key=KEY + "ä"), "api_key", "ASCII"),
    "a key with its scheme": (connected(api_key="Bearer " + KEY), "api_key", "Bearer"),
    "no time at all": (connected(timeout=0), "timeout", "more than 0"),
    "negative time": (connected(timeout=-1), "timeout", "more than 0"),
    "time without end": (connected(timeout="inf"), "timeout"),
    "no number for time": (connected(timeout="soon"), "timeout", "float"),
    "negative tries": (connected(retries=-1), "retries", "0 to 100"),
    "a negative wait": (connected(retry_max_delay=-0.5), "retry_max_delay"),
    "no certificates": (connected(ca_path="/does/not/exist.pem"), "ca_path", "/does/not/exist.pem"),
    "no certificates in the file": (connected(ca_path="/dev/null"), "ca_path", "/dev/null"),
}
CASES = {**CHOICES, **LOADS, **CONNECTIONS}


@pytest.fixture(name="tried", scope="module")
def fixture_tried(tmp_path_factory):
    """All of them tried in one run; gives the scene, the run, and the failed results by name."""
    world = World().datastream(456, extracts=3).binding(123, 456, enabled=True).binding(55, 456, target=790, enabled=True)
    world.datastream(457, extracts=3).binding(124, 457).binding(56, 457, target=790, enabled=True)
    world.datastream(458, extracts=3).binding(125, 458).datastream(459).binding(140, 459, available=False)
    with open_scene(tmp_path_factory.mktemp("bad_input"), world) as scene:
        run = scene.play([refused({**task, "name": name}) for name, (task, *_words) in CASES.items()])
        failures = {one["task"]: one["result"] for one in run.outcomes if one["status"] == "failed"}
        yield scene, run, failures


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_and_the_message_says_why(tried, name):
    _scene, _run, failures = tried
    assert name in failures, "it was not refused"
    for word in CASES[name][1:]:
        assert word in failures[name]["msg"]
    assert len(failures[name]["msg"]) < 800
    assert failures[name].get("changed", False) is False


def test_nothing_was_written(tried):
    scene, run, failures = tried
    assert len(failures) == len(CASES)
    assert scene.writes() == []
    assert scene.enabled() == [55, 56, 123]
    assert SECRET not in run.output
