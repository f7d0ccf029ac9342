# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source against the simulator: which events it puts, after a restart, too, and what ends it."""

from __future__ import annotations

import asyncio
import logging
import os
from unittest import mock

import pytest
import yaml
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

SOURCE = in_process.ROOT / "extensions" / "eda" / "plugins" / "event_source" / "adverity_events.py"
HOST, KEY = "acme.example", "s3cret-of-the-events"
WORLD = {
    "now": "2026-01-01T12:00:00Z", "keys": {"all": {"key": KEY}}, "workspaces": [{"id": "a0000000-0000-4000-8000-000000000001"}],
    "datastreams": [{"id": 1}, {"id": 2}], "targets": [{"id": 10}], "load_seconds": 20,
    "bindings": [{"id": 5, "datastream_id": 1, "target_id": 10}],
    "extracts": [{"datastream_id": 1, "first_id": 101, "count": 2, "from": "2025-06-01T05:00:00Z"}],
    "jobs": [{"id": 3, "datastream_id": 1, "scheduled": "2026-01-01T11:00:00Z", "end": "2026-01-01T11:05:00Z"},
             {"id": 4, "datastream_id": 1, "scheduled": "2026-01-01T11:59:00Z", "end": "2026-01-01T12:10:00Z"}],
    "issues": [{"id": 9, "datastream_id": 1, "start": "2026-01-01T11:00:00Z"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def source():
    """The source, as ansible-rulebook runs it: by its path."""
    namespace = {"__file__": str(SOURCE), "__name__": "adverity_events"}
    exec(compile(SOURCE.read_text("utf-8"), str(SOURCE), "exec"), namespace)  # runpy asks the importers of ansible-test, which do not know it
    return namespace


@pytest.fixture
def simulator(source):
    """The simulator, in this process, to which the source and the modules are connected."""
    simulator = in_process.import_simulator().Simulator(WORLD, port=None)

    def connect(params):
        return connection.connect(params, SimulatorTransport(simulator))

    with mock.patch.dict(source["main"].__globals__, connect=connect), in_process.connected(connect):
        yield simulator


@pytest.fixture
def run(source, simulator):
    """Runs the source until it ends."""
    return lambda queue=None, **args: asyncio.run(source["main"](queue or asyncio.Queue(), {"instance": HOST, "api_key": KEY, "retries": 0, **args}))


@pytest.fixture
def read_events(run, monkeypatch):
    """Runs the source through so many readings, each after what is done to the simulator before it; returns its events, reading by reading."""

    def read_events(*steps, **args):
        queue, brought, rest = asyncio.Queue(), [], list(steps)

        async def pause(_seconds):
            brought.append([queue.get_nowait() for _event in range(queue.qsize())])
            if not rest:
                raise asyncio.CancelledError
            rest.pop(0)()

        with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
            patch.setattr(asyncio, "sleep", pause)
            run(queue, **args)
        return brought

    return read_events


def summaries(events):
    """What each event is about."""
    return [f"{name} {row['id']} {row.get('state_label', row.get('ack'))}" for event in events for name, row in event.items()]


def later(simulator, seconds):
    return lambda: simulator.change({"clock": {"forward": seconds}})


def nothing():
    pass


def fetch(simulator, *datastream_ids, **options):
    return lambda: [simulator.fetch(one, **options) for one in datastream_ids]


def test_what_is_new_or_has_changed_is_an_event_once(read_events, simulator):
    def acknowledge():
        simulator.change({"edit": {"issues": [{"id": 10, "ack": True}]}})

    brought = read_events(later(simulator, 600), nothing, fetch(simulator, 2, fails=True), nothing, acknowledge, nothing)
    assert list(map(summaries, brought)) == [[], ["job 4 Success"], [], ["issue 10 False", "job 5 Failed"], [], ["issue 10 True"], []]
    (issue, job) = (row for event in brought[3] for row in event.values())
    assert (issue["datastream_id"], job["datastream_id"], issue["message"]) == (2, 2, "Job 5 failed to fetch.")


def test_an_event_never_holds_the_key(read_events, simulator):
    issue = {"id": 20, "datastream_id": 1, "start": "2026-01-01T12:00:00Z", "message": f"The key {KEY} was\nused."}
    brought = read_events(lambda: simulator.change({"add": {"issues": [issue]}}))
    assert brought[1][0]["issue"]["message"] == "The key ******** was used."


def test_only_the_datastreams_that_are_named(read_events, simulator):
    assert list(map(summaries, read_events(fetch(simulator, 1, 2), datastream_ids=[2]))) == [[], ["job 6 Success"]]
    assert list(map(summaries, read_events(fetch(simulator, 1, 2), datastream_id="1"))) == [[], ["job 7 Success"]]


def test_after_a_restart_nothing_is_lost_and_nothing_repeated(read_events, simulator, tmp_path):
    path = str(tmp_path / "events.json")
    assert read_events(fetch(simulator, 1), state_file=path)[1] != []
    simulator.fetch(2, fails=True)
    later(simulator, 600)()  # job 4 ends, too
    assert sorted(summaries(read_events(state_file=path)[0])) == ["issue 10 False", "job 4 Success", "job 6 Failed"]
    assert read_events(nothing, state_file=path) == [[], []]
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert KEY not in (tmp_path / "events.json").read_text("utf-8")
    assert os.listdir(tmp_path) == ["events.json"]


def test_a_job_that_ends_after_days_is_not_missed(read_events, simulator, tmp_path):
    path = str(tmp_path / "events.json")
    simulator.change({"edit": {"jobs": [{"id": 4, "end": "2026-01-09T12:00:00Z"}]}})
    assert read_events(later(simulator, 5 * 86400), later(simulator, 86400), state_file=path) == [[], [], []]
    later(simulator, 30 * 86400)()
    assert summaries(read_events(state_file=path)[0]) == ["job 4 Success"]
    assert read_events(state_file=path) == [[]]


def test_without_a_state_file_a_restart_begins_anew(read_events, simulator):
    read_events()
    simulator.fetch(1)
    assert read_events() == [[]]


def test_an_error_that_may_pass_is_logged_and_the_next_reading_has_it_all(read_events, simulator, caplog):
    def break_off():
        simulator.fetch(1)
        simulator.fault(path="/api/errors/", status={"code": 500})

    with caplog.at_level(logging.WARNING):
        brought = read_events(break_off, nothing, nothing, interval=7)
    assert list(map(summaries, brought)) == [[], [], ["job 5 Success"], []]
    assert "reads again in 7 s: GET /api/errors/ returned 500" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_error_that_stays_ends_it(run, simulator, status):
    simulator.fault(path="/api/jobs/", times=None, status={"code": status})
    with pytest.raises(AdverityError, match=f"returned {status}"):
        run()


BAD_OPTIONS = [
    ({"api_key": "Bearer " + KEY}, "begins with the word Bearer"),
    ({"instance": "http://acme.example"}, "loopback"),
    ({"interval": 10**10}, "not a whole number from 1 to 2592000"),
    ({"datastream_ids": []}, "datastream_ids is empty"),
    ({"interval": KEY}, "is not a whole number"),
    ({"state_file": "events.json"}, "not an absolute path"),
    ({"state_file": "/nowhere/at/all/events.json"}, "cannot be written"),
]


@pytest.mark.parametrize(("args", "message"), BAD_OPTIONS)
def test_bad_options_are_told_without_the_key(run, args, message):
    with pytest.raises(InputError) as caught:
        run(**args)
    assert message in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "read_at": "soon", "jobs": {}, "issues": {}}',
                                     '{"format": 1, "read_at": "2026-01-01T00:00:00Z", "jobs": {"x": "y"}, "issues": {}}', "\x00"])  # fmt: skip
def test_a_file_that_is_not_of_this_source_is_left_alone(run, simulator, tmp_path, content):
    path = tmp_path / "events.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match="not a file of this source"):
        run(state_file=str(path))
    assert path.read_text("utf-8") == content
    assert simulator.requests == []


def test_options_come_from_the_environment(source, monkeypatch):
    monkeypatch.setenv("ADVERITY_INSTANCE", HOST)
    monkeypatch.setenv("ADVERITY_API_KEY", KEY)
    params = source["read_options"]({})
    assert (params["instance"], params["api_key"], params["interval"], params["state_file"]) == (HOST, KEY, 60, None)


def test_its_documentation_has_its_options(source):
    options = yaml.safe_load(source["DOCUMENTATION"])["options"]
    assert set(options) == set(source["SPEC"])
    for name, option in options.items():
        spec = source["SPEC"][name]
        assert str(spec.get("type", "str")) == option["type"], name
        assert spec.get("default") == option.get("default"), name
        assert spec.get("required", False) == option.get("required", False), name
