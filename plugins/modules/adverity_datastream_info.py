#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_datastream_info
short_description: List datastreams
version_added: 0.1.0
description:
  - Lists datastreams with their state, workspace and pulling mode. Lists those that match all given options, and without any option every datastream that
    the key can see.
  - This module identifies datastreams by UUID. The modules for bindings and extracts use integer IDs for the same datastreams. To find both IDs of a
    datastream, use M(adverity.management.adverity_directory_info).
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
  - adverity.management.datastream_selection.info
seealso:
  - module: adverity.management.adverity_datastream
  - module: adverity.management.adverity_smart_pulling_info
"""

EXAMPLES = r"""
- name: List the disabled datastreams of a workspace and its descendants
  adverity.management.adverity_datastream_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    workspace_ids: [5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11]
    workspace_scope: descendants
    enabled: false
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.datastreams | map(attribute='name') }}"
"""

RETURN = r"""
datastreams:
  description:
    - The datastreams, in the order of O(datastream_ids), otherwise in the order of the API.
    - Only C(id) is guaranteed. The other fields depend on the API.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10
      name: Google Ads | EMEA
      enabled: true
      workspace:
        id: 5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11
        name: EMEA
      pulling:
        active_mode: smart
        smart: {is_active: true, frequency: daily, refresh_range: {value: 7, unit: day}, deadline: null}
        smart_bundle: null
count:
  description: The number of datastreams.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    DATASTREAM_UUIDS,
    FILTER_RULES,
    FILTERS,
)
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(DATASTREAM_UUIDS, **FILTERS)


def run(client, params, check_mode):
    selection.refuse_empty(params, "datastream_ids", "workspace_ids")
    found = datastreams.read(client, params["datastream_ids"], datastreams.Filters.of(params))
    return Result(False, {"datastreams": [datastream.row for datastream in found], "count": len(found)})


def main():
    run_module(SPEC, run, **FILTER_RULES)


if __name__ == "__main__":
    main()
