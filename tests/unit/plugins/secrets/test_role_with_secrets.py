# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role writes what was asked for, whatever the password and the key are: parts of names, of ids, of steps, of booleans.

The modules run from their ``main()``: before 2.22, ansible-core replaces secrets in the JSON of a result.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World
from ansible_collections.adverity.management.tests.unit.plugins import in_process

EMEA = "a0000000-0000-4000-8000-000000000002"
PARTS = [
    "acme", "DWH", "55", "5", "send", "plan", "create", "fail", "changed", "true", "True", "false", "null", "e", "bigquery", "backfill",
    "EMEA", EMEA[-4:],
]  # fmt: skip
SETTINGS = {"project": "acme-dwh", "dataset": "marketing"}
VARIABLES = {
    "name": "acme DWH", "type": "bigquery", "workspace": "acme EMEA", "connection": "acme Account", "settings": SETTINGS,
    "datastreams": [{"name": "acme Ads", "table_name": "acme_send"}, {"name": "true", "table_name": "plan"}], "datastream_enabled": True,
}  # fmt: skip


def world(key):
    result = World().datastream(455, name="acme Ads", workspace=EMEA).datastream(456, name="true", workspace=EMEA)
    for number in range(1, 6):
        result.extract(5550 + number, 455, f"2026-03-0{number}T10:00:00Z")
    result.data["keys"] = {"demo": {"key": key}}
    result.data["workspaces"] = [{"id": EMEA, "name": "acme EMEA"}]
    result.data["connections"] = [{"id": 55, "name": "acme Account", "type": "bigquery", "workspace": EMEA}]
    return result


@pytest.fixture(name="deploy")
def fixture_deploy(begin):
    """Runs the role against a service of its own: deploy(password, key) gives all that was written, and the lines of the summary."""

    def deploy(password="neutral-password-0815", key=in_process.KEY):
        scene = begin(world(key))
        scene.options["api_key"], scene.ledger_password, scene.secret = key, password, []  # the secret is a part of what has to be shown
        first = scene.deploy(**VARIABLES)
        written = [(row["method"], row["path"], row["query"], row["body"]) for row in scene.writes()]
        scene.forget()
        second = scene.deploy(**VARIABLES)
        assert scene.writes() == []
        return written, first.lines, second.lines

    return deploy


@pytest.mark.parametrize("secret", PARTS)
@pytest.mark.parametrize("option", ["password", "key"])
def test_the_same_is_written_and_said_whatever_the_secret_is(deploy, option, secret):
    assert deploy(**{option: secret}) == deploy()
