#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_destination_info
short_description: List destinations, and the settings that their types take
version_added: 0.2.0
description:
  - Lists the destinations that match all given options, sorted by ID. Without options, lists all destinations that the key can see.
  - The API lists destinations by type. Without O(type), the module reads the list of each type.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
options:
  type:
    description: The destination type, by slug or name, for example V(bigquery).
    type: str
  name:
    description: The exact name of the destination.
    type: str
  workspace:
    description: The workspace of the destination, by name, slug or ID.
    type: str
  target_id:
    description: The integer ID of a destination.
    type: int
  schema:
    description: Also returns the settings of the type. Requires O(type).
    type: bool
    default: false
seealso:
  - module: adverity.management.adverity_destination
"""

EXAMPLES = r"""
- name: List the destinations in the workspace EMEA
  adverity.management.adverity_destination_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    workspace: EMEA
  register: found

- name: List the settings of a BigQuery destination
  adverity.management.adverity_destination_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    type: bigquery
    schema: true
  register: bigquery
"""

RETURN = r"""
destinations:
  description:
    - The destinations, sorted by ID, each with the slug of its type as C(type_slug). The other fields depend on the API.
    - Secrets are hidden.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 789
      name: Marketing DWH
      type_slug: bigquery
      stack: 12
      auth: 34
      project: acme-dwh
      dataset: marketing
count:
  description: The number of destinations.
  returned: success
  type: int
  sample: 1
schemas:
  description:
    - With O(schema=true), the fields of the type as the API describes them, by the slug of the type and the name of the field. Empty if the API does not
      describe them.
  returned: success
  type: dict
  sample:
    bigquery:
      project: {type: string, required: true, read_only: false, label: Project}
      schema_mapping: {type: boolean, required: false, read_only: false, label: Schema mapping}
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import (
    destinations,
    directory,
    objects,
)
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DESTINATION
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(DESTINATION, type={"type": "str"}, schema={"type": "bool", "default": False})


def run(client, params, check_mode):
    selection.refuse_empty(params, "name", "type", "workspace")
    kinds = directory.read_types(client, destinations.TYPES)
    kinds = kinds if params["type"] is None else [directory.find_type(kinds, params["type"])]
    workspace_id = None
    if params["workspace"] is not None:
        workspace_id = directory.find_workspace(directory.read_workspaces(client), params["workspace"]).id
    choice = destinations.Choice(params["target_id"], params["name"], workspace_id)
    rows, schemas = [], {}
    for kind in kinds:
        listed = destinations.read(client, kind.id, params["target_id"])
        found = destinations.fetch_missing_fields(client, kind.id, listed, choice, ["stack"])
        fields = destinations.read_fields(client, kind.id) if found or params["schema"] else {}
        rows += [dict(objects.mask(each.row, (), fields), type_slug=kind.slug) for each in found]
        if params["schema"]:
            schemas[kind.slug] = {name: field.row for name, field in fields.items()}
    return Result(
        False,
        {"destinations": sorted(rows, key=lambda row: row["id"]), "count": len(rows), "schemas": schemas},
    )


def main():
    run_module(SPEC, run, required_if=[("schema", True, ("type",))])


if __name__ == "__main__":
    main()
