# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a destination by name, in process against the simulator: one that must exist, settings as text, and an AWX job whose ledger is lost."""

from __future__ import annotations

import re
import tempfile

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, InputError
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

EMEA, DACH = ("a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002")
CONNECTION = {"instance": "acme.example", "api_key": in_process.KEY}
SETTINGS = {"project": "acme-dwh", "dataset": "marketing"}


def world():
    return {
        "now": "2026-03-10T12:00:00Z",
        "keys": {"demo": {"key": in_process.KEY}},
        "workspaces": [{"id": EMEA, "name": "EMEA"}, {"id": DACH, "name": "DACH", "parent": EMEA}],
        "connections": [{"id": 30, "name": "Account", "type": "bigquery", "workspace": EMEA}],
        "datastreams": [{"id": 456, "name": "Google", "workspace": EMEA}, {"id": 457, "name": "Meta", "workspace": EMEA}],
        "targets": [
            {"id": number, "name": name, "workspace": workspace, "type": "BigQueryTarget", "settings": SETTINGS}
            for number, name, workspace in ((701, "Marketing DWH", EMEA), (702, "Marketing  dwh", DACH), (703, "Sales", EMEA), (704, "Only here", DACH))
        ],
        "bindings": [{"id": 123, "datastream_id": 456, "target_id": 701, "enabled": False, "updated": "2026-01-01T00:00:00Z"}],
        "extracts": [{"id": 1, "datastream_id": 456, "created": "2026-02-01T00:00:00Z"}],
    }


@pytest.fixture(name="service")
def fixture_service():
    service = in_process.import_simulator().Simulator(world(), port=None)
    with in_process.connected(lambda params: connection.connect(params, SimulatorTransport(service))):
        yield service


def deploy(check_mode=False, **variables):
    """A run of the role; what it is called with comes from the variables as they are."""

    def call(name, /, **options):
        pretends = options.pop("check_mode", False)
        return in_process.run(name, {**CONNECTION, "retries": 1, "retry_max_delay": 0, **options}, pretends)

    named = {"type": "bigquery", "workspace": "EMEA", "create": False}
    return role_in_process.deploy(call, check_mode, **{**named, **variables})


def writes(service):
    return [row for row in service.requests if row["method"] not in ("GET", "OPTIONS")]


def test_a_destination_that_must_exist_is_not_created_and_similar_names_are_listed(service, tmp_path):
    wanted = {"name": "Marketing DHW", "datastreams": "Google\nMeta", "ledger": str(tmp_path / "ledger")}
    for check_mode, create in ((True, False), (False, False), (False, "no")):
        with pytest.raises(InputError) as raised:
            deploy(check_mode, **wanted, create=create)
        assert str(raised.value) == (
            "deploy_destination_name: the destination 'Marketing DHW' does not exist in the workspace 'EMEA', and deploy_destination_create is false. Similar"
            " names of this type: 'Marketing DWH' (id 701, workspace 'EMEA'), 'Marketing dwh' (id 702, workspace 'DACH'). Nothing was changed."
        )
    for name, similar in (("Only here", "'Only here' (id 704, workspace 'DACH')"), ("sales", "'Sales' (id 703"), ("Brand new", "none")):
        with pytest.raises(InputError, match=re.escape(f"Similar names of this type: {similar}")):
            deploy(name=name)
    assert (writes(service), list(tmp_path.iterdir())) == ([], [])


def test_an_existing_one_is_deployed(service, tmp_path):
    done = deploy(name="Marketing DWH", datastreams="Google", ledger=str(tmp_path / "ledger"))
    assert [row["method"] for row in writes(service)] == ["PATCH", "POST"]
    assert done.data["extract_count"] == 1


@pytest.mark.parametrize("settings", ["project: acme-dwh\ndataset: marketing", '{"project": "acme-dwh", "dataset": "marketing"}', SETTINGS])
def test_settings_as_text_are_written_as_they_are_meant(service, settings, tmp_path):
    new = {"name": "New", "datastreams": "Google", "create": True, "connection": "30", "settings": settings, "ledger": str(tmp_path / "ledger")}
    deploy(**new)
    assert {name: writes(service)[0]["body"][name] for name in SETTINGS} == SETTINGS
    count = len(writes(service))
    deploy(**new)
    assert len(writes(service)) == count


def test_settings_that_cannot_be_read_change_nothing(service):
    with pytest.raises(InputError, match=r"^deploy_destination_settings cannot be read: it is neither YAML nor JSON \(see line 1\)"):
        deploy(name="New", datastreams="Google", create=True, settings="project: [a")
    assert service.requests == []


NEW = {"name": "New", "create": True, "connection": "Account", "settings": SETTINGS}
LOST = r"^This is AWX job 7, .* would be lost with the job: .* set deploy_destination_backfill: never\. Nothing was changed\.$"


@pytest.mark.parametrize("variables", [NEW, {"name": "Marketing DWH"}], ids=["new", "there"])
def test_an_awx_job_whose_ledger_is_lost_creates_and_enables_nothing(service, monkeypatch, variables, tmp_path):
    monkeypatch.setenv("JOB_ID", "7")
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    monkeypatch.setenv("AWX_PRIVATE_DATA_DIR", str(tmp_path))  # on whichever file system the tests run, this folder ends with the job
    deployment = {"datastreams": "Google\nMeta", **variables}
    for check_mode in (True, False):
        for ledger in (str(tmp_path / "requeue.sqlite3"), "/ledgr/requeue.sqlite3", None):
            with pytest.raises(InputError, match=LOST):
                deploy(check_mode, ledger=ledger, **deployment)
    assert (writes(service), list(tmp_path.iterdir())) == ([], [])
    deploy(ledger=str(tmp_path / "requeue.sqlite3"), backfill="never", **deployment)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as volume:
        deploy(ledger=f"{volume}/requeue.sqlite3", **deployment)
    assert [row["method"] for row in writes(service)].count("PATCH") == 2


def test_whether_a_plan_changes_anything(service, tmp_path):
    wanted = {"name": "Marketing DWH", "ledger": str(tmp_path / "ledger"), "datastreams": [{"name": "Google"}]}
    assert deploy(True, **wanted).data["changed"] is True
    deploy(**wanted)
    assert deploy(True, **wanted).data["changed"] is False
    renamed = {**wanted, "datastreams": [{"name": "Google", "table_name": "another"}]}
    assert deploy(True, **renamed).data["changed"] is True
    assert "nothing to do" not in deploy(True, **renamed).lines[0]


def bound(service):
    """The table of each binding of the destination, and whether it is enabled."""
    tables = {row["id"]: row["table_name"] for row in service.world.bindings.values() if row["target_id"] == 701}
    return {table: service.world.bindings[number]["enabled"] for number, table in tables.items()}


@pytest.mark.parametrize("was_enabled", [True, False])
def test_another_table_is_another_assignment_and_the_one_before_it_is_left_as_it_is(service, tmp_path, was_enabled):
    """The plan tells it, one run does it, and the next one has nothing to do."""
    wanted = {"name": "Marketing DWH", "ledger": str(tmp_path / "ledger")}
    deploy(**wanted, datastreams=[{"name": "Meta", "table_name": "a"}])
    first = max(service.world.bindings)
    if not was_enabled:
        service.switch_binding(first, False)
    service.fetch(457, at="2026-02-02T00:00:00Z")
    again = {**wanted, "datastreams": [{"name": "Meta", "table_name": "b"}]}
    planned = deploy(True, **again)
    done = deploy(**again)
    for run in (planned, done):
        [line] = [line for line in run.lines if line.startswith("datastream 457")]
        assert "1 extracts" in line
        assert "before" not in line
    assert bound(service) == {None: False, "a": was_enabled, "b": True}
    count = len(writes(service))
    assert deploy(**again).lines[0].endswith("nothing to do")
    assert len(writes(service)) == count


def test_a_new_binding_that_cannot_be_enabled_is_not_called_missing(service, tmp_path):
    service.fault(method="PATCH", skip=1, status={"code": 403, "body": {"detail": "Forbidden."}})
    with pytest.raises(AdverityError) as raised:
        deploy(name="Marketing DWH", datastreams="Google\nMeta", ledger=str(tmp_path / "ledger"))
    assert "Still open, not enabled: binding" in str(raised.value)
