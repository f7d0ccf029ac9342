# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a destination by name: one that must exist, another table, and an AWX job whose ledger is lost."""

from __future__ import annotations

import re
import tempfile

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.unit.plugins.destinations.scene import BIGQUERY

GOOGLE, META = {"name": "Google", "workspace": "EMEA"}, {"name": "Meta"}
THERE = {"name": "Marketing DWH"}


def test_a_destination_that_must_exist_is_not_created_and_similar_names_are_listed(begin):
    it = begin()
    wanted = {"name": "Marketing DHW", "datastreams": "Google\nMeta"}
    for check_mode, create in ((True, False), (False, False), (False, "no")):
        with pytest.raises(AdverityError) as raised:
            it.deploy(check_mode, **wanted, create=create)
        assert str(raised.value) == (
            "deploy_destination_name: the destination 'Marketing DHW' does not exist in the workspace 'EMEA', and deploy_destination_create is false. Similar"
            " names of this type: 'Marketing DWH' (id 701, workspace 'EMEA'), 'Marketing dwh' (id 702, workspace 'DACH'). Nothing was changed."
        )
    for name, similar in (("Only here", "'Only here' (id 704, workspace 'DACH')"), ("sales", "'Sales' (id 703"), ("Brand new", "none")):
        with pytest.raises(AdverityError, match=re.escape(f"Similar names of this type: {similar}")):
            it.deploy(name=name)
    assert (it.writes(), it.ledger.exists()) == ([], False)


@pytest.mark.parametrize("settings", ["project: acme-dwh\ndataset: marketing", '{"project": "acme-dwh", "dataset": "marketing"}', BIGQUERY], ids=str)
def test_settings_as_text_are_written_as_they_are_meant(begin, settings):
    it = begin()
    new = {"name": "New", "datastreams": "Meta", "create": True, "connection": "30", "settings": settings}
    it.deploy(**new)
    assert {name: it.writes()[0]["body"][name] for name in BIGQUERY} == BIGQUERY
    it.forget()
    it.deploy(**new)
    assert it.writes() == []


NEW = {"name": "New", "create": True, "connection": "Account", "settings": BIGQUERY}
LOST = r"^This is AWX job 7, .* would be lost with the job: .* set deploy_destination_backfill: never\. Nothing was changed\.$"


@pytest.mark.parametrize("variables", [NEW, THERE], ids=["new", "there"])
def test_an_awx_job_whose_ledger_is_lost_creates_and_enables_nothing(begin, monkeypatch, variables, tmp_path):
    it = begin()
    for name, value in {"JOB_ID": "7", "AWX_HOST": "https://awx.example.com", "AWX_PRIVATE_DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)  # on whichever file system the tests run, this folder ends with the job
    deployment = {"datastreams": [GOOGLE, META], **variables}
    for check_mode in (True, False):
        for ledger in (str(it.ledger), "/ledgr/requeue.sqlite3", None):
            with pytest.raises(AdverityError, match=LOST):
                it.deploy(check_mode, ledger=ledger, **deployment)
    assert (it.writes(), it.ledger.exists()) == ([], False)
    it.deploy(backfill="never", **deployment)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as volume:
        it.deploy(ledger=f"{volume}/requeue.sqlite3", **deployment)
    assert [row["method"] for row in it.writes()].count("PATCH") == 2


def test_whether_a_plan_changes_anything(begin):
    it = begin()
    wanted = {**THERE, "datastreams": [GOOGLE]}
    assert it.deploy(True, **wanted).data["changed"] is True
    assert it.deploy(**wanted).data["extract_count"] == 1
    assert it.deploy(True, **wanted).data["changed"] is False
    renamed = it.deploy(True, **{**wanted, "datastreams": [{**GOOGLE, "table_name": "another"}]})
    assert (renamed.data["changed"], "nothing to do" in renamed.lines[0]) == (True, False)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({}, "assign, enable, send 2 extracts"),
        ({"backfill": "recorded"}, "assign, enable, record 2 extracts as loaded"),
        ({"backfill": "never"}, "assign, enable"),
        ({"enabled": False}, "assign, leave disabled"),
    ],
)
@pytest.mark.parametrize("wanted", [NEW, THERE], ids=["new", "there"])
def test_check_mode_predicts_what_becomes_of_a_binding_that_does_not_exist_yet(begin, wanted, variables, line):
    it = begin()
    for number in (2, 3):
        it.service.fetch(457, at=f"2026-02-0{number}T00:00:00Z")
    planned, done = (it.deploy(check_mode, **{**wanted, **variables, "datastreams": ["Meta"]}) for check_mode in (True, False))
    assert planned.lines[-1] == f"datastream 457, Meta - {line}"
    [binding], [made] = planned.data["bindings"], done.data["bindings"]
    assert {**binding, "binding_id": made["binding_id"]} == made
    assert [planned.data[key] for key in ("changed", "extract_count")] == [done.data[key] for key in ("changed", "extract_count")]


@pytest.mark.parametrize("was_enabled", [True, False])
def test_another_table_is_another_assignment_and_the_one_before_it_is_left_as_it_is(begin, was_enabled):
    """The plan tells it, one run does it, and the next one has nothing to do."""
    it = begin()
    it.deploy(**THERE, datastreams=[{**META, "table_name": "a"}])
    if not was_enabled:
        it.service.switch_binding(it.bindings[0]["id"], False)
    it.service.fetch(457, at="2026-02-02T00:00:00Z")
    again = {**THERE, "datastreams": [{**META, "table_name": "b"}]}
    for check_mode in (True, False):
        [line] = [line for line in it.deploy(check_mode, **again).lines if line.startswith("datastream 457")]
        assert ("1 extract sent" in line or "send 1 extract" in line, "before" in line) == (True, False)
    assert {row["table_name"]: row["enabled"] for row in it.bindings} == {"a": was_enabled, "b": True}
    assert it.service.world.bindings[123]["enabled"] is False
    it.forget()
    assert it.deploy(**again).lines[0].endswith("nothing to do")
    assert it.writes() == []


@pytest.mark.parametrize("with_module", [False, True])
@pytest.mark.parametrize("is_disabled_first", [True, False])
def test_what_was_fetched_between_two_assignments_is_sent_after_the_rest_was_recorded_up_to_a_time(begin, is_disabled_first, with_module):
    """As the warning advises: record up to the time when the assignment was deleted, then send the rest."""
    it, wanted = begin(), {**THERE, "datastreams": [META]}
    it.service.fetch(457, at="2026-02-02T00:00:00Z")
    it.deploy(**wanted)
    it.pass_time(3600)
    it.service.fetch(457)  # loaded automatically
    it.pass_time(3600)
    [binding] = it.bindings
    deleted_at = it.service.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    if is_disabled_first:
        it.run("binding", binding_ids=[binding["id"]], enabled=False)
        it.assign(701, {"datastream_id": 457}, state="absent")
    else:
        it.service.change({"remove": {"bindings": [binding["id"]]}})
    it.pass_time(3600)
    missing = it.service.fetch(457)["id"]
    it.pass_time(7200)
    plan = it.deploy(**wanted).results["__deploy_destination_plan"]
    assert "Then run with deploy_destination_backfill: always, which sends the rest" in plan["warnings"][0]
    it.pass_time(3600)
    it.service.fetch(457)  # loaded automatically again
    it.pass_time(3600)
    it.forget()
    if with_module:
        selected = {"datastream_id": 457, "target_id": 701}
        it.run("requeue", **selected, created_to=deleted_at, state="recorded")
        assert it.posts() == []
        it.run("requeue", **selected, backfill="always")
    else:
        assert ", recorded 2 extracts as loaded" in it.deploy(**wanted, backfill="recorded", backfill_to=deleted_at).lines[1]
        assert it.posts() == []
        assert ", 1 extract sent, " in it.deploy(**wanted, backfill="always").lines[1]
    assert [body["extract_ids"] for body in it.posts()] == [[missing]]
    for backfill in ("always", "when_needed"):
        assert it.deploy(**wanted, backfill=backfill).lines[0].endswith("nothing to do")
    assert len(it.posts()) == 1


def test_recording_everything_after_another_assignment_records_also_what_was_fetched_in_between(begin):
    """The pages warn of it."""
    it, wanted = begin(), {**THERE, "datastreams": [META]}
    it.service.fetch(457, at="2026-02-02T00:00:00Z")
    it.deploy(**wanted)
    it.pass_time(3600)
    it.service.change({"remove": {"bindings": [it.bindings[0]["id"]]}})
    it.pass_time(3600)
    it.service.fetch(457)
    it.pass_time(7200)
    it.deploy(**wanted)
    it.forget()
    assert ", recorded 2 extracts as loaded" in it.deploy(**wanted, backfill="recorded").lines[1]
    assert it.deploy(**wanted, backfill="always").lines[0].endswith("nothing to do")
    assert it.posts() == []


def test_a_new_binding_that_cannot_be_enabled_is_not_called_missing(begin):
    it = begin()
    it.service.fault(method="PATCH", skip=1, status={"code": 403, "body": {"detail": "Forbidden."}})
    assert "Still open, not enabled: binding" in it.role_failure(**THERE, datastreams=[GOOGLE, META])["msg"]
