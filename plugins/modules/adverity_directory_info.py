#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_directory_info
short_description: Look up workspaces, datastreams and connections by name
version_added: 0.2.0
description:
  - Looks up workspaces, datastreams and connections by name, and returns their IDs.
  - A datastream has an integer ID and a UUID, and the API does not map one to the other. The module matches them by the names of the datastream and of its
    workspace. If these names are unique on both sides, the module returns both IDs. Otherwise, C(uuid) is null and C(note) says why.
  - If a name matches several objects, the module fails and lists them with their IDs. Names are compared exactly.
  - The module reads complete lists, so ten names usually take as many requests as one. It reads the list of workspaces; for datastreams also the list with
    integer IDs and the list with UUIDs; for connections the list of connection types, and of the connections of each type. If the list with integer IDs does
    not contain workspaces, each datastream that you name is also read on its own.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
options:
  workspaces:
    description: Workspaces by name, slug or integer ID, or V(*) for all that the key can see.
    type: list
    elements: str
  datastreams:
    description:
      - Datastreams by name, integer ID or UUID, or V(*) for all that the key can see.
      - A dictionary with C(name) and C(workspace) (name, slug or ID) selects one among datastreams with the same name.
      - A number is an integer ID. Text is looked up as a name first, and then as an ID.
    type: list
    elements: raw
  connections:
    description: Connections (authorizations) by name or integer ID, or V(*) for all that the key can see.
    type: list
    elements: str
  connection_types:
    description:
      - Limits O(connections) to these connection types, by slug or name. The API lists connections by type. If omitted, the module reads the list of each
        type, with one request or more for each.
    type: list
    elements: str
seealso:
  - module: adverity.management.adverity_datastream_info
  - module: adverity.management.adverity_destination
"""

EXAMPLES = r"""
- name: Look up the IDs of datastreams and of a connection
  adverity.management.adverity_directory_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastreams:
      - Google Ads
      - {name: Meta Ads, workspace: EMEA}
    connections: [BigQuery service account]
    connection_types: [bigquery]
  register: found

- name: Show the IDs
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.id }}, {{ item.uuid }}"
  loop: "{{ found.datastreams }}"
"""

RETURN = r"""
workspaces:
  description: The workspaces, in the order of O(workspaces), with the fields that the API returns. Empty if O(workspaces) is omitted.
  returned: success
  type: list
  elements: dict
  sample:
    - {id: 12, name: EMEA, slug: emea, parent_id: 1}
datastreams:
  description: The datastreams, in the order of O(datastreams). Empty if O(datastreams) is omitted.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 456
      uuid: 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10
      name: Google Ads
      workspace: EMEA
      workspace_id: 12
      enabled: true
      note: null
connections:
  description:
    - The connections, in the order of O(connections), with the fields that the API returns and the slug of the type as C(connection_type).
    - Secrets are hidden. Empty if O(connections) is omitted.
  returned: success
  type: list
  elements: dict
  sample:
    - {id: 34, name: BigQuery service account, stack: 12, is_authorized: true, connection_type: bigquery}
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import (
    datastreams,
    directory,
    objects,
)
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

NAMES = {"type": "list", "elements": "str"}


SPEC = dict(
    workspaces=NAMES, datastreams=dict(NAMES, elements="raw"), connections=NAMES, connection_types=NAMES
)
ASKED = ("workspaces", "datastreams", "connections")


def run(client, params, check_mode):
    asked = {name: params[name] for name in ASKED}
    selection.refuse_empty(params, *asked, "connection_types")
    selection.require_one(params, *asked)
    found: dict[str, list[dict[str, object]]] = {name: [] for name in asked}
    workspaces = directory.read_workspaces(client) if asked["workspaces"] or asked["datastreams"] else []
    if asked["workspaces"]:
        found["workspaces"] = [
            workspace.row
            for workspace in directory.pick(workspaces, asked["workspaces"], directory.find_workspace)
        ]
    if asked["datastreams"]:
        described = directory.describe(
            directory.read_datastreams(client, asked["datastreams"]),
            workspaces,
            datastreams.read(client),
        )
        found["datastreams"] = [
            datastream._asdict()
            for datastream in directory.pick(
                described,
                asked["datastreams"],
                lambda some, wanted: directory.find_datastream(some, wanted, workspaces),
            )
        ]
    if asked["connections"]:
        kinds = directory.read_types(client, directory.CONNECTION_TYPES)
        kinds = (
            [directory.find_type(kinds, one) for one in params["connection_types"]]
            if params["connection_types"]
            else kinds
        )
        connections = [
            directory.Connection.from_row(objects.mask(connection.row, (), {}))
            for connection in directory.read_connections(client, kinds)
        ]
        found["connections"] = [
            connection.row
            for connection in directory.pick(connections, asked["connections"], directory.find_connection)
        ]
    return Result(False, found)


def main():
    run_module(SPEC, run, required_one_of=[ASKED], required_by={"connection_types": "connections"})


if __name__ == "__main__":
    main()
