#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_binding_info
short_description: List the bindings of datastreams to destinations
version_added: 0.1.0
description:
  - Lists the bindings that match all given options, sorted by ID. Without options, lists all bindings that the key can see.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
options:
  binding_ids:
    description: Integer IDs of bindings. IDs that are not found are omitted from the result.
    type: list
    elements: int
    aliases: [binding_id]
  datastream_id:
    description: The integer ID of a datastream.
    type: int
  target_id:
    description: The integer ID of a destination.
    type: int
  enabled:
    description:
      - Lists enabled bindings if V(true), and disabled bindings if V(false).
      - If the API does not return whether a binding is enabled, the binding is in neither list.
    type: bool
seealso:
  - module: adverity.management.adverity_binding
"""

EXAMPLES = r"""
- name: List the bindings of destination 789
  adverity.management.adverity_binding_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    target_id: 789
  register: found

- name: Show the datastreams whose bindings are disabled
  ansible.builtin.debug:
    msg: "{{ found.bindings | rejectattr('enabled') | map(attribute='datastream_id') }}"
"""

RETURN = r"""
bindings:
  description: The bindings, sorted by ID. Only C(id), C(datastream_id) and C(target_id) are guaranteed. The other fields depend on the API.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 123
      datastream_id: 456
      target_id: 789
      target_name: BigQuery | Marketing DWH
      target_type: BigQueryTarget
      enabled: true
      created: "2024-01-15T10:00:00Z"
      updated: "2024-06-01T14:32:00Z"
count:
  description: The number of bindings.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import bindings
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import INTEGER_ID
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import BINDING_IDS, TARGET_ID
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(BINDING_IDS, **TARGET_ID, datastream_id={"type": INTEGER_ID}, enabled={"type": "bool"})


def run(client, params, check_mode):
    selection.refuse_empty(params, "binding_ids")
    found = bindings.read(client, params["datastream_id"], params["target_id"])
    if params["binding_ids"] is not None:
        found = [binding for binding in found if binding.id in params["binding_ids"]]
    if params["enabled"] is not None:
        found = [binding for binding in found if binding.enabled is params["enabled"]]
    return Result(False, {"bindings": [binding.row for binding in found], "count": len(found)})


def main():
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
