# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role writes what was asked for, whatever the password and the key are: parts of names, of ids, of steps, of booleans.

The modules run from their ``main()``: before 2.22, ansible-core replaces secrets in the JSON of a result.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._resources import assignments
from ansible_collections.adverity.management.tests.unit.plugins import in_process, role_in_process
from ansible_collections.adverity.management.tests.unit.plugins.support.main import run_main
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import SimulatorTransport

EMEA = "a0000000-0000-4000-8000-000000000002"
PARTS = [
    "acme", "DWH", "55", "5", "send", "plan", "create", "fail", "changed", "true", "True", "false", "null", "e", "bigquery", "backfill",
    "EMEA", EMEA[-4:],
]  # fmt: skip
SETTINGS = {"project": "acme-dwh", "dataset": "marketing"}


def world(key):
    return {
        "now": "2026-03-10T12:00:00Z",
        "keys": {"demo": {"key": key}},
        "workspaces": [{"id": EMEA, "name": "acme EMEA"}],
        "connections": [{"id": 55, "name": "acme Account", "type": "bigquery", "workspace": EMEA}],
        "datastreams": [{"id": 455, "name": "acme Ads", "workspace": EMEA}, {"id": 456, "name": "true", "workspace": EMEA}],
        "extracts": [{"id": 5550 + n, "datastream_id": 455, "created": f"2026-03-0{n}T10:00:00Z"} for n in range(1, 6)],
    }


@pytest.fixture(name="deploy")
def fixture_deploy(monkeypatch, tmp_path):
    """Runs the role against a service of its own: deploy(password, key) gives all that was written, and the lines of the summary."""
    monkeypatch.setattr(assignments, "_PAUSES", (0.0,) * 4)
    in_process.spare_the_disk(monkeypatch.setattr)

    def deploy(password="neutral-password-0815", key=in_process.KEY):
        ledger = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite3"
        simulator = in_process.import_simulator().Simulator(world(key), port=None)
        monkeypatch.setattr(connection, "RequestsTransport", lambda *_options: SimulatorTransport(simulator))

        def call(module, /, check_mode=False, **options):
            options.update(instance="acme.example", api_key=key)
            if "ledger" in in_process.spec_of(module)[0]:
                options.update(ledger=str(ledger), ledger_password=password)
            result = run_main(module, options, check_mode).result
            assert not result.get("failed"), result
            return result

        def writes():
            return [(row["method"], row["path"], row["query"], row["body"]) for row in simulator.requests if row["method"] not in ("GET", "OPTIONS")]

        variables = {
            "name": "acme DWH", "type": "bigquery", "workspace": "acme EMEA", "connection": "acme Account", "settings": SETTINGS,
            "datastreams": [{"name": "acme Ads", "table_name": "acme_send"}, {"name": "true", "table_name": "plan"}], "datastream_enabled": True,
        }  # fmt: skip
        first, written = role_in_process.deploy(call, **variables), writes()
        second = role_in_process.deploy(call, **variables)
        assert writes() == written
        return written, first.lines, second.lines

    return deploy


def test_what_is_written_with_secrets_that_are_part_of_nothing(deploy):
    written, lines, again = deploy()
    assert written[0][3] == {"name": "acme DWH", "stack": written[0][3]["stack"], "auth": 55, **SETTINGS}
    assert [body["extract_ids"] for method, path, _query, body in written if "requeue" in path] == [[5551, 5552, 5553, 5554, 5555]]
    assert "acme DWH" in lines[0]
    assert again[0].endswith("nothing to do")


@pytest.mark.parametrize("secret", PARTS)
@pytest.mark.parametrize("option", ["password", "key"])
def test_the_same_is_written_and_said_whatever_the_secret_is(deploy, option, secret):
    assert deploy(**{option: secret}) == deploy()
