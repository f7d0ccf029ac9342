# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes in which destinations and assignments are named. Not tests."""

from __future__ import annotations

from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import WORKSPACE, World, moment
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import Scene

EMEA, DACH = (f"a0000000-0000-4000-8000-00000000000{number}" for number in (2, 3))
BIGQUERY = {"project": "acme-dwh", "dataset": "marketing"}


def world():
    """Four destinations in the workspaces EMEA and DACH below it, two datastreams named Google, and one named Meta. The first destination has a binding."""
    result = World()
    result.data["workspaces"] += [{"id": EMEA, "name": "EMEA", "parent": WORKSPACE}, {"id": DACH, "name": "DACH", "parent": EMEA}]
    result.data["connections"] = [{"id": 30, "name": "Account", "type": "bigquery", "workspace": EMEA}]
    for number, name, workspace in ((456, "Google", EMEA), (457, "Meta", EMEA), (458, "Google", DACH)):
        result.datastream(number, name=name, workspace=workspace)
    result.data["targets"] = [
        {"id": number, "name": name, "workspace": workspace, "type": "BigQueryTarget", "settings": BIGQUERY}
        for number, name, workspace in ((701, "Marketing DWH", EMEA), (702, "Marketing  dwh", DACH), (703, "Sales", EMEA), (704, "Only here", DACH))
    ]
    return result.binding(123, 456, 701).extract(1, 456, moment(days=30))


class NamedScene(Scene):
    """What it does to a destination is named "DWH" in EMEA, unless a test says otherwise."""

    def destination(self, **options):
        named = {} if "target_id" in options else {"name": "DWH", "workspace": "EMEA"}
        return self.run("destination", **{"type": "bigquery", "connection": "Account", "settings": BIGQUERY, **named, **options})

    def assign(self, target_id, *assignments, **options):
        return self.run("assignment", type="bigquery", target_id=target_id, assignments=list(assignments), **options)

    def deploy(self, check_mode=False, **variables):
        return super().deploy(check_mode, **{"type": "bigquery", "workspace": "EMEA", "create": False, **variables})

    @property
    def targets(self):
        """The destinations that were created."""
        return [row for row in self.service.world.targets.values() if not 701 <= row["id"] <= 704]

    @property
    def bindings(self):
        """The bindings that were created."""
        return [row for row in self.service.world.bindings.values() if row["id"] != 123]

    def written(self):
        """The writes since this was asked last, as method and kind."""
        rows = [(row["method"], row["path"].split("/")[-2 if row["method"] == "POST" else -3]) for row in self.writes()]
        self.forget()
        return rows
